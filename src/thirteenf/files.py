"""Writing a file so that a killed run leaves the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from thirteenf.errors import BusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUFFIX = ".unfinished"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; when the block ends well it takes the place of `path`, synced, in one step.

    A link keeps pointing where it does: what it points to is replaced. A device or pipe is written to as it is.

    Raises:
        StoreError: if the disk is full or the folder cannot be written; `path` is as it was.
    """
    if _is_stream(path):
        with explained(path):
            yield path
        return
    with explained(path):
        path = _behind_links(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}{_SUFFIX}")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            settle(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def settle(beside: Path, path: Path) -> None:
    """Let a file that is whole take the place of another, synced, in one step.

    Raises:
        OSError: if the disk refuses.
    """
    _sync(beside)
    beside.replace(path)
    _sync(path.parent)


def _behind_links(path: Path) -> Path:
    """What a link points to in the end; a path that is no link as it is."""
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def _is_stream(path: Path) -> bool:
    """Whether a path is no place for a file of ours: a device, a pipe, /dev/stdout."""
    if path.is_relative_to("/dev") or path.is_relative_to("/proc"):
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def write(path: Path, content: bytes) -> None:
    """Write a whole file, or leave what was there.

    Raises:
        StoreError: as `replacing`.
    """
    with replacing(path) as beside:
        beside.write_bytes(content)


def read(path: Path) -> bytes | None:
    """A whole file; None if it is not there.

    Raises:
        StoreError: if it cannot be read.
    """
    with explained(path):
        return path.read_bytes() if path.exists() else None


@contextmanager
def locked(path: Path, wait: float, busy: BusyError) -> Iterator[None]:
    """Hold a lock file; no reader needs one.

    Args:
        path: the lock file; its folder is made.
        wait: seconds to wait for whoever holds it.
        busy: what to say if that is not enough.

    Raises:
        BusyError: if somebody else holds it all that time.
        StoreError: if the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - readers need no lock

    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise busy from None
    try:
        yield
    finally:
        lock.release()


def sweep(folder: Path) -> list[Path]:
    """Remove what killed runs left unfinished below a folder; the caller holds the writer's lock."""
    left = sorted(folder.rglob(f".*{_SUFFIX}")) if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return left


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into a StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        raise _store_error(path, error) from error


def _store_error(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"No space left to write {path}.", "Free some, then run the same command again; nothing was lost."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(
            f"{path} cannot be written or read (permission).", "Mend its permissions or name another place."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return StoreError(
            f"{path} is in the way: a file where a folder belongs, or the other way round.", "Name another place."
        )
    return StoreError(f"{path}: {error.strerror or error}.", "Look at the disk, then run the same command again.")


def _sync(path: Path) -> None:
    """Make a file or folder's content last through a power cut, where the system can."""
    with contextlib.suppress(PermissionError):  # Windows cannot open folders
        handle = os.open(path, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError) if path.is_dir() else contextlib.nullcontext():
                os.fsync(handle)
        finally:
            os.close(handle)
