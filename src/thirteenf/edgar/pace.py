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
_LONGEST_BLOCK = 24 * 3600
_STEP = 60.0
"""Seconds that a clock may be set by before a machine is taken to have been started anew."""


class Pace:
    """Evenly spaced moments, at most `rate` a second, over everyone who names the same file."""

    def __init__(self, file: Path, rate: float = RATE) -> None:
        """Keep the next free moment in `file`, whose folder must be there."""
        self.rate = rate
        self._file = file
        self._block = file.with_suffix(".blocked")
        self._thread_lock = threading.Lock()
        self._file_lock = FileLock(f"{file}.lock", poll_interval=0.002)
        self._stopped = threading.Event()
        self._reason: BlockedError | None = None

    def wait(self) -> None:
        """Wait for a moment of one's own.

        Raises:
            BlockedError: if the SEC turned this machine away a short while ago, or `stop` was called.
            StoreError: if the file cannot be written.
        """
        self._refuse_if_blocked()
        moment = None
        while moment is None or self._held() > moment:  # EDGAR may have asked for patience meanwhile
            with self._locked():
                told, now = self._read(), time.monotonic()
                moment = max(now, told["free"], told["held"])
                self._write(told | {"free": moment + 1 / self.rate})
            self.pause(moment - time.monotonic())

    def hold(self, seconds: float) -> None:
        """Let nobody of this user make a request for so many seconds, as EDGAR asks; then all goes on."""
        with self._locked():
            told = self._read()
            self._write(told | {"held": max(told["held"], time.monotonic() + seconds)})

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
        """Let no process of this user make a request for so many seconds; a longer block stays."""
        until = max(self._blocked_until(), time.time() + min(seconds, _LONGEST_BLOCK))
        files.write(self._block, json.dumps({"until": until}).encode())

    def _refuse_if_blocked(self) -> None:
        until = self._blocked_until()
        left = until - time.time()
        if left > 0:
            when = time.strftime("%H:%M", time.localtime(until))
            raise BlockedError(
                "The SEC turned this machine away a short while ago; asking again would prolong that.",
                f"Run it again after {when} (in {BlockedError.told(left)}).",
                seconds=left,
            )

    def _blocked_until(self) -> float:
        """The moment that a block ends; one more than a day ahead was noted by a clock that was wrong."""
        try:
            until = float(json.loads(self._block.read_bytes())["until"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0
        return until if until - time.time() <= _LONGEST_BLOCK + _STEP else 0.0

    def _held(self) -> float:
        with self._locked():
            return self._read()["held"]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with files.explained(self._file), self._thread_lock, self._file_lock:
            yield

    def _read(self) -> dict[str, float]:
        """The next free moment, and until when all wait, by this machine's clock since it was started.

        How far that clock is from the wall's says whether the machine was started anew since: then nothing holds.
        """
        started = time.time() - time.monotonic()
        try:
            told = json.loads(self._file.read_bytes())
            if abs(float(told["started"]) - started) <= _STEP:
                return {"free": float(told["free"]), "held": float(told["held"]), "started": started}
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return {"free": 0.0, "held": 0.0, "started": started}

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
