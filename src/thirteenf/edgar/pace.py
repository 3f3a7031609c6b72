"""The pace of requests: one clock for all threads and processes of a user on a machine.

The SEC allows 10 requests a second for all its hosts together, and counts by address, not by program. So each request
takes the next free moment out of a small file that all of a user's processes share.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from thirteenf import files
from thirteenf.errors import BlockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 8.0
"""Requests a second, by default: below the law's 10, so that what a network bunches up stays below it too."""
_FAR = 60.0


class Pace:
    """Evenly spaced moments, at most `rate` a second, over everyone who names the same file."""

    def __init__(self, file: Path, rate: float = RATE) -> None:
        """Keep the next free moment in `file`, whose folder must be there."""
        self.rate = rate
        self._file = file
        self._thread_lock = threading.Lock()
        self._file_lock = FileLock(f"{file}.lock", poll_interval=0.002)
        self._stopped = threading.Event()
        self._reason: BlockedError | None = None

    def wait(self) -> None:
        """Wait for a moment of one's own.

        Raises:
            BlockedError: if the SEC turned this machine away a short while ago, or `stop` was called.
        """
        with self._locked():
            told = self._read()
            self._refuse_if_blocked(told)
            now = time.monotonic()
            # a moment far ahead is of before the machine was started anew: that clock begins again then
            free = told["free"] if told["free"] <= now + _FAR else now
            mine = max(now, free)
            self._write(told | {"free": mine + 1 / self.rate})
        self.pause(mine - now)

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until `stop` is called.

        Raises:
            BlockedError: if `stop` was called.
        """
        if self._stopped.wait(max(0.0, seconds)):
            raise self._reason or BlockedError("No further request is made.", "This run was stopped.")

    def stop(self, reason: BlockedError | None = None) -> None:
        """Let nobody in this process make a further request; whoever waits for a moment is told the reason."""
        self._reason = self._reason or reason
        self._stopped.set()

    def block(self, seconds: float) -> None:
        """Let nobody on this machine make a request for so many seconds."""
        with self._locked():
            told = self._read()
            self._write(told | {"blocked": max(told["blocked"], time.time() + seconds)})

    def _refuse_if_blocked(self, told: dict[str, float]) -> None:
        left = told["blocked"] - time.time()
        if 0 < left <= 24 * 3600:  # more is a clock that was wrong
            until = time.strftime("%H:%M", time.localtime(told["blocked"]))
            raise BlockedError(
                "The SEC turned this machine away a short while ago; asking again would prolong that.",
                f"Run it again after {until} (in {left / 60:.0f} minutes).",
                seconds=left,
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with files.explained(self._file), self._thread_lock, self._file_lock:
            yield

    def _read(self) -> dict[str, float]:
        try:
            told = json.loads(self._file.read_bytes())
            return {"free": float(told["free"]), "blocked": float(told["blocked"])}
        except (OSError, ValueError, KeyError, TypeError):
            return {"free": 0.0, "blocked": 0.0}

    def _write(self, told: dict[str, float]) -> None:
        self._file.write_text(json.dumps(told))


def shared_folder() -> Path:
    """Where all of a user's processes look for the pace; the temporary folder if that cannot be written."""
    from platformdirs import user_cache_path  # noqa: PLC0415

    folder = user_cache_path("thirteenf", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = Path(tempfile.gettempdir()) / f"thirteenf-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
