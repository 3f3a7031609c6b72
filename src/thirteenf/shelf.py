"""The shelf: answers of EDGAR's that change, and the SEC's files that are no filings, kept as they were served.

Beside each body stands what it said of its age, so that the next request can be a conditional one. The note is written
after the body and names its checksum: a run killed between the two asks for the whole body again.

    {name}.gz            the body
    {name}.kept.json     its address, validators and checksum, and when EDGAR was last asked
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import zlib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from thirteenf import files
from thirteenf.periods import new_york, quarter_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thirteenf.listings import Listing

_NOTE = ".kept.json"
REFERENCE = "reference"
"""The folder of files that are no listings: what the SEC publishes of securities."""
FAILS, LISTS = f"{REFERENCE}/fails", f"{REFERENCE}/13f-list"
COMPANIES = f"{REFERENCE}/company_tickers.json"
OFFERED = ""
"""The address of what a user brought."""
_FAILS = re.compile(r"(cnsfails\d{4}(?:0[1-9]|1[0-2])[ab]|cnsp_sec_fails_\d{4}q[1-4]).*\.(zip|txt)", re.IGNORECASE)
_LIST = re.compile(r"13flist(\d{4})q([1-4]).*\.(txt|pdf)", re.IGNORECASE)


def reference(file_name: str) -> str | None:
    """What one of the SEC's files of securities is called here, by the name that the SEC gave it; None: it is none.

    >>> reference("cnsfails202212a.zip")
    'reference/fails/cnsfails202212a.zip'
    """
    if _FAILS.fullmatch(file_name):
        return f"{FAILS}/{file_name}"
    if _LIST.fullmatch(file_name):
        return f"{LISTS}/{file_name}"
    return COMPANIES if file_name == "company_tickers.json" else None


def list_quarter(name: str) -> date | None:
    """The quarter that an Official List is of, by its name; None if that is no list's."""
    match = _LIST.search(name)
    return quarter_end(int(match[1]), int(match[2])) if match else None


def submissions(cik: str) -> str:
    """What a manager's submissions are called here."""
    return f"submissions/CIK{cik}.json"


@dataclass(frozen=True)
class Note:
    """What is known of a body that is kept, or of an object that is not there (`checksum` is None).

    `size` is the packed body's: a look at it finds one that was cut short, without reading all of it. `failure` says
    why an object could not be had when it was last asked for.
    """

    url: str
    asked: datetime
    checksum: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    mark: str = ""
    size: int | None = None
    failure: str = ""

    def was_asked_on(self, now: datetime) -> bool:
        """Whether EDGAR was asked on the same day in New York; so a nightly run asks each night."""
        return self.asked.astimezone(new_york()).date() == now.astimezone(new_york()).date()


class Shelf:
    """Bodies under a folder, by name."""

    def __init__(self, root: Path) -> None:
        """A shelf in `root`, which need not exist yet."""
        self.root = root

    def note(self, name: str) -> Note | None:
        """What is known of a body; None if it was never asked for, or what is here is damaged."""
        try:
            told = json.loads(self._note(name).read_bytes())
            note = Note(**told | {"asked": datetime.fromisoformat(told["asked"])})
            is_whole = note.checksum is None or self._body(name).stat().st_size == note.size
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return note if is_whole and note.asked.tzinfo else None

    def read(self, name: str) -> bytes | None:
        """A body; None if it is not here whole."""
        note = self.note(name)
        if note is None or note.checksum is None:
            return None
        try:
            body = gzip.decompress(self._body(name).read_bytes())
        except (OSError, EOFError, zlib.error):
            return None
        return body if zlib.crc32(body) == note.checksum else None

    def listing(self, cik: str) -> Listing | None:
        """A manager's submissions as EDGAR gave them when it was last asked; None if they are not here."""
        from thirteenf import listings  # noqa: PLC0415 - a diff needs no readers of them

        content = self.read(submissions(cik))
        return listings.submissions(content, cik) if content else None

    def put(self, name: str, body: bytes, note: Note) -> None:
        """Keep a body in place of the one before.

        Raises:
            StoreError: if the disk refuses.
        """
        packed = gzip.compress(body, mtime=0)
        files.write(self._body(name), packed)
        self._write(name, replace(note, checksum=zlib.crc32(body), size=len(packed)))

    def put_absent(self, name: str, url: str, asked: datetime) -> None:
        """Keep that there is no such object at an address, what was here of that address staying.

        Raises:
            StoreError: if the disk refuses.
        """
        before = self.note(name)
        is_same = before is not None and before.url == url
        self._write(name, replace(before, asked=asked) if before and is_same else Note(url, asked))

    def put_failed(self, name: str, url: str, asked: datetime, failure: str) -> None:
        """Keep that an object could not be had, and why; a body that is here stays in use.

        Raises:
            StoreError: if the disk refuses.
        """
        before = self.note(name)
        if before is None or before.checksum is None:
            self._write(name, Note(url, asked, failure=failure))
        elif before.url == url:
            self._write(name, replace(before, asked=asked))

    def touch(self, name: str, asked: datetime) -> None:
        """Keep that EDGAR was asked again and what is here is the newest."""
        note = self.note(name)
        if note:
            self._write(name, replace(note, asked=asked))

    def kept(self, folder: str) -> dict[str, int]:
        """The bodies in a folder, by name, and how large each is as it is packed: cheap to ask for."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / folder) as entries:
            sizes = {e.name: e.stat().st_size for e in entries if e.name.endswith(".gz")}
            return {f"{folder}/{name.removesuffix('.gz')}": size for name, size in sorted(sizes.items())}
        return {}

    def names(self) -> Iterator[str]:
        """All that was ever asked for, in order."""
        for path in sorted(self.root.rglob(f"*{_NOTE}")) if self.root.is_dir() else ():
            yield path.relative_to(self.root).as_posix().removesuffix(_NOTE)

    def _write(self, name: str, note: Note) -> None:
        told = asdict(note) | {"asked": note.asked.astimezone(UTC).isoformat(timespec="seconds")}
        files.write(self._note(name), json.dumps(told).encode())

    def _body(self, name: str) -> Path:
        return self.root / f"{name}.gz"

    def _note(self, name: str) -> Path:
        return self.root / f"{name}{_NOTE}"
