"""Large files, streamed to disk, and gone on with where a cut connection or a killed run left them.

    {file}.part           what has come so far
    {file}.part.json      whose bytes they are: address, validators, length

A part is gone on with only while the server says that the object is still the same (If-Range). The note is written
before the first byte; where it is torn, or not there, the file is fetched from its beginning.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError, ReadTimeoutError

from thirteenf import files
from thirteenf.edgar import judgement
from thirteenf.edgar.judgement import Response, UnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import requests

HEADWAY = 1 << 16
"""Bytes that an attempt must have brought, beyond all before, to count as none that failed."""
_CHUNK = 1 << 16
_PAGE = 1 << 20
"""Bytes of a page in a file's place that are looked at."""
_GRACE, _SLOWEST = 300.0, 1 << 10
"""After so many seconds an answer must have brought so many bytes a second: else it may never end."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_WHOLE, _PARTIAL = 200, 206


class Part:
    """What is here of a file that is on its way to a place."""

    def __init__(self, url: str, to: Path) -> None:
        """The part of what is at `url`, on its way to `to`."""
        self.url, self.to = url, to
        self.body = to.with_name(f"{to.name}.part")
        self._note = to.with_name(f"{to.name}.part.json")
        self.told: dict[str, Any] = self._told()
        self.came = 0
        """Bytes of it that came since this object was made."""

    @property
    def size(self) -> int:
        """Bytes that are here and can be gone on with."""
        with files.explained(self.body):
            return self.body.stat().st_size if self.told and self.body.exists() else 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here, by the length that was said."""
        return bool(self.size) and self.size == self.told["length"]

    @property
    def conditions(self) -> dict[str, str]:
        """What a request is made with, to be given only what is missing."""
        mark = self.told.get("mark")
        return {"Range": f"bytes={self.size}-", "If-Range": mark} if self.size and mark else {}

    def begin(self, headers: Mapping[str, str], length: int | None) -> None:
        """Begin anew with an object that says this of itself."""
        self.drop()
        etag = headers.get("ETag", "")
        mark = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
        self.told = {"url": self.url, "mark": mark, "etag": etag, "length": length}
        with files.explained(self.body):
            self.body.parent.mkdir(parents=True, exist_ok=True)
            self._note.write_text(json.dumps(self.told), encoding="utf-8")
            self.body.touch()

    def settle(self, is_sound: Callable[[Path], str]) -> None:
        """Put the file in its place, if it is what was asked for; drop it if not.

        Raises:
            UnusableError: if it is something else, or damaged.
            StoreError: if the disk refuses.
        """
        with files.explained(self.body):
            what = is_sound(self.body)
            if what:
                self.drop()
                raise UnusableError(what)
            files.settle(self.body, self.to)
        self.drop()

    def drop(self) -> None:
        """Forget what is here of it."""
        self.told = {}
        with files.explained(self.body):
            self.body.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def _told(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(self._note.read_bytes())
            if told["url"] == self.url and told["mark"] and {"etag", "length"} <= set(told):
                return dict(told)
        return {}


def keep(answer: requests.Response, part: Part, limit: int, tell: Callable[[int, int | None], None]) -> None:
    """Write the body of an answer to disk as it comes.

    Args:
        answer: what was answered to a request with the part's conditions, its body unread.
        part: where it goes.
        limit: bytes that the file may have at most.
        tell: told how many bytes are here, and of how many if that was said.

    Raises:
        UnusableError: if it is not what was asked for, or ends too early; what has come of it stays.
        BlockedError: if we are turned away.
        EdgarError: if there is no such object, or the server has failed.
        StoreError: if the disk refuses.
    """
    pieces = _pieces(answer)
    first = next(pieces, b"")
    encoding = answer.headers.get("Content-Encoding", "")
    is_packed = encoding.strip().lower() not in ("", "identity")
    if answer.status_code not in (_WHOLE, _PARTIAL) or is_packed or judgement.is_html(first):
        _refuse(answer, first, pieces, part)
    length = _length(answer.headers)
    if answer.status_code == _PARTIAL:
        length = _continued(answer.headers, part)
    else:
        part.begin(answer.headers, length)
    if length is not None and length > limit:
        part.drop()
        raise UnusableError(f"more than {limit >> 20} MiB")
    size, before, began = part.size, part.size, time.monotonic()
    with files.explained(part.body), part.body.open("ab") as stream:
        while first:
            stream.write(first)
            size += len(first)
            part.came += len(first)
            if size > limit:
                part.drop()
                raise UnusableError(f"more than {limit >> 20} MiB")
            tell(size, length)
            seconds = time.monotonic() - began
            if seconds > _GRACE and size - before < seconds * _SLOWEST:
                raise UnusableError("an answer that stalls")
            first = next(pieces, b"")
    if length is not None and size != length:
        if size > length:
            part.drop()
        raise UnusableError("an answer cut short" if size < length else "more than it said it would be")


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body as sent; what goes wrong on the way is no fault of the disk's."""
    stream = answer.raw.stream(_CHUNK, decode_content=False)
    while True:
        try:
            piece = next(stream, None)
        except ReadTimeoutError:
            raise UnusableError("an answer that stalls") from None
        except (HTTPError, OSError):
            raise UnusableError("an answer cut short") from None
        if piece is None:
            return
        if piece:
            yield piece


def _refuse(answer: requests.Response, first: bytes, pieces: Iterator[bytes], part: Part) -> None:
    """Say what came in a file's place: a page, another status, a packed body that nobody asked for.

    Raises:
        ThirteenfError: always, and the one that it is.
    """
    body = first
    for piece in pieces:
        if len(body) > _PAGE:
            break
        body += piece
    if answer.status_code == 416:  # noqa: PLR2004 - what is asked for begins beyond the object's end: it is another
        part.drop()
        raise UnusableError("an object that is another now")
    encoding = answer.headers.get("Content-Encoding", "")
    with contextlib.suppress(UnusableError):
        body = judgement.unpacked(body, encoding, _PAGE)
    status = _WHOLE if answer.status_code == _PARTIAL else answer.status_code
    what = "an HTML page" if judgement.is_html(body) else "a packed body"
    judgement.judge(Response(part.url, status, answer.headers, body), lambda _: what)
    raise UnusableError(what)


def _continued(headers: Mapping[str, str], part: Part) -> int | None:
    """The length of the whole, of an answer that goes on with a part.

    Raises:
        UnusableError: if it goes on with something else.
    """
    said = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    total = int(said[2]) if said and said[2] != "*" else None
    etag, known = headers.get("ETag"), part.told.get("length")
    is_same = not (etag and part.told.get("etag")) or etag == part.told["etag"]
    if not said or int(said[1]) != part.size or not is_same or (known and total and known != total):
        part.drop()
        raise UnusableError("another part than was asked for")
    return total or known


def _length(headers: Mapping[str, str]) -> int | None:
    said = headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() else None


def length(status: int, headers: Mapping[str, str]) -> int | None:
    """The length that an answer to a HEAD request says; None if it does not, or is of a page in the file's place."""
    is_page = "html" in headers.get("Content-Type", "").lower()
    return None if status != _WHOLE or is_page else _length(headers)
