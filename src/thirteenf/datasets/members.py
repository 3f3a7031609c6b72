"""A data set's zip: its tables by name, and refusal of what is no data set.

The SEC's zips hold seven tab-separated tables, sometimes inside a folder, beside a read-me and metadata. Sizes are
looked at before anything is unpacked, and checksums are checked while it is.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import closing, contextmanager, suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from thirteenf.errors import MalformedFilingError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

TABLES = ("SUBMISSION", "COVERPAGE", "OTHERMANAGER", "OTHERMANAGER2", "SIGNATURE", "SUMMARYPAGE", "INFOTABLE")
_OPTIONAL = ("OTHERMANAGER", "OTHERMANAGER2", "SIGNATURE")
_MOST_BYTES = 8 << 30
"""Of all tables together: twenty times those of the largest data set so far."""
_MOST_TIMES = 200
"""How many times its packed size a table may have; real ones have four to twenty times."""
_SMALL = 1 << 20
_PIECE, _AHEAD = 1 << 24, 2
_AGAIN = "Get it again from the SEC's page of Form 13F data sets."


class Members:
    """The tables of an open data set."""

    def __init__(self, packed: zipfile.ZipFile, what: str) -> None:
        """Look at what the zip holds.

        Raises:
            MalformedFilingError: if a table is missing, there twice, locked, or too large to be one.
        """
        self._packed = packed
        self.what = what
        self._found = _tables(packed, what)

    def __contains__(self, table: str) -> bool:
        """Whether a table is there."""
        return table in self._found

    @property
    def size(self) -> int:
        """Bytes of the table of holdings, unpacked: what takes the time."""
        return self._found["INFOTABLE"].file_size

    def pieces(self, table: str) -> Generator[bytes]:
        """A table in pieces that end where a line ends; the next ones are unpacked while one is worked on.

        Raises:
            MalformedFilingError: if it is damaged or cut short.
        """
        waiting: Queue[bytes | BaseException | None] = Queue(_AHEAD)
        is_over = Event()

        def unpack() -> None:
            try:
                with closing(self._pieces(table)) as pieces:
                    for piece in pieces:
                        waiting.put(piece)
                        if is_over.is_set():
                            return
                waiting.put(None)
            except BaseException as error:  # noqa: BLE001 - told to whoever reads
                waiting.put(error)

        beside = Thread(target=unpack, daemon=True)
        beside.start()
        try:
            while (piece := waiting.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:  # whoever stops reading leaves nobody waiting, and no file open
            is_over.set()
            while beside.is_alive():
                with suppress(Empty):
                    waiting.get(timeout=0.01)

    def head(self, table: str) -> bytes:
        """The first line of a table.

        Raises:
            MalformedFilingError: if it is damaged.
        """
        try:
            with self._packed.open(self._found[table]) as stream:
                return stream.readline(_SMALL)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise MalformedFilingError(f"{table} in {self.what} is damaged or cut short.", _AGAIN) from error

    def _pieces(self, table: str) -> Generator[bytes]:
        try:
            with self._packed.open(self._found[table]) as stream:
                while piece := stream.read(_PIECE):
                    rest = b"" if piece.endswith(b"\n") else stream.readline() or b"\n"
                    yield piece + rest
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise MalformedFilingError(f"{table} in {self.what} is damaged or cut short.", _AGAIN) from error


@contextmanager
def opened(path: Path, what: str) -> Iterator[Members]:
    """A data set's tables.

    Raises:
        MalformedFilingError: if it is no zip, cut short, or not a Form 13F data set.
    """
    try:
        packed = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise MalformedFilingError(f"{what} is no zip, or one cut short.", _AGAIN) from error
    with packed:
        yield Members(packed, what)


def _tables(packed: zipfile.ZipFile, what: str) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in packed.infolist():
        name = member.filename.replace("\\", "/").rpartition("/")[2].upper()
        if not name.endswith(".TSV") or name.removesuffix(".TSV") not in TABLES:
            continue
        table = name.removesuffix(".TSV")
        if table in found:
            raise MalformedFilingError(f"{what} holds {table}.tsv twice.", _AGAIN)
        if member.flag_bits & 1:
            raise MalformedFilingError(f"{table}.tsv in {what} is locked with a password.", _AGAIN)
        if member.file_size > _SMALL and member.file_size > _MOST_TIMES * member.compress_size:
            raise MalformedFilingError(
                f"{table}.tsv in {what} would unpack to {member.file_size >> 20:,} MiB out of "
                f"{member.compress_size >> 10:,} KiB: that is no data set.", "It was left.",
            )  # fmt: skip
        found[table] = member
    missing = [table for table in TABLES if table not in found and table not in _OPTIONAL]
    if missing:
        raise MalformedFilingError(f"{what} has no {missing[0]}.tsv: it is no Form 13F data set.", _AGAIN)
    total = sum(member.file_size for member in found.values())
    if total > _MOST_BYTES:
        raise MalformedFilingError(f"{what} would unpack to {total >> 30} GiB: no data set does.", "It was left.")
    return found
