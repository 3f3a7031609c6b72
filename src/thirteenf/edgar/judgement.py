"""What an answer of EDGAR's is, judged by its body as well as its status.

403 means four things there: too many requests, no contact, no such object, a firewall. A block page can come with
status 200, and a body that was cut on the way can look whole. Only what passes here is kept.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
import zlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from thirteenf.errors import AbsentError, BlockedError, EdgarError, ThirteenfError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

PAUSE = 600.0
"""Seconds for which a block lasts if nothing is said; each request during it begins them anew."""
_HEAD = 20_000
_DASHES = 80
_MOST_UNPACKED = 8 << 30
"""Bytes that a zip may hold: several times a quarter of all managers."""
_RATE = b"request rate threshold exceeded"
_UNDECLARED = b"undeclared automated tool"
_BLOCKS = (_RATE, _UNDECLARED)
_OK, _NOT_MODIFIED, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY = 200, 304, 403, 404, 410, 429


class UnusableError(ThirteenfError):
    """A body that is not what was asked for, and may be better next time: cut short, HTML in its place."""


@dataclass(frozen=True)
class Response:
    """An answer as it came, its body unpacked."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """A body freed of its gzip, which must have an end.

    Raises:
        UnusableError: if it is cut short, corrupt, or larger than the limit when unpacked.
    """
    if encoding.strip().lower() not in ("gzip", "x-gzip") and not _is_error_in_gzip(body):
        if len(body) > limit:
            raise UnusableError(f"more than {limit >> 20} MiB")
        return body
    whole = b""
    while body:
        stream = zlib.decompressobj(wbits=31)
        try:
            whole += stream.decompress(body, limit + 1 - len(whole))
        except zlib.error:
            raise UnusableError("a corrupt gzip stream") from None
        if len(whole) > limit:
            raise UnusableError(f"more than {limit >> 20} MiB")
        if not stream.eof:
            raise UnusableError("a gzip stream cut short")
        body = stream.unused_data.lstrip(b"\0")
    return whole


def _is_error_in_gzip(body: bytes) -> bool:
    """Whether a page of the SEC's is packed though nobody said so, as its error pages may be."""
    if body[:3] != b"\x1f\x8b\x08":
        return False
    try:
        return b"<" in zlib.decompressobj(wbits=31).decompress(body, 512)[:64]
    except zlib.error:
        return False


def judge(response: Response, is_sound: Callable[[bytes], str], *, forbidden_is_absent: bool = False) -> bool:
    """Whether there is a new body; False if what we have is still the newest.

    Args:
        response: the answer.
        is_sound: says what a body is if it is not what was asked for, and '' if it is.
        forbidden_is_absent: whether a plain 403, no page that turns us away, means that it is not there now.

    Raises:
        BlockedError: if we are turned away.
        AbsentError: if there is no such object.
        EdgarError: if the server has failed.
        UnusableError: if the body is something else, or cut short.
    """
    head = response.body[:_HEAD].lower()
    if _looks_like_html(head) and any(page in head for page in _BLOCKS):
        raise _blocked(response, undeclared=_UNDECLARED in head)
    if response.status == _TOO_MANY:
        raise _blocked(response)
    if response.status == _NOT_MODIFIED:
        return False
    if response.status == _OK:
        what = "nothing" if not response.body else is_sound(response.body)
        if what:
            raise UnusableError(what)
        return True
    is_absent = forbidden_is_absent or _is_of_the_store(head)
    if response.status in (_NOT_FOUND, _GONE) or (response.status == _FORBIDDEN and is_absent):
        raise AbsentError(f"EDGAR has no {response.url}.", "It may be there later.")
    if response.status == _FORBIDDEN:
        raise _blocked(response)
    raise EdgarError(f"EDGAR answers {response.url} with status {response.status}.", "Run it again later.")


def _blocked(response: Response, *, undeclared: bool = False) -> BlockedError:
    seconds = max(retry_after(response.headers) or 0.0, PAUSE)
    if undeclared:
        return BlockedError(
            "The SEC turns us away as an undeclared automated tool.",
            "Give a contact that is yours, a name and an e-mail address (--contact), and run it again "
            f"in {BlockedError.told(seconds)}.",
            seconds=seconds,
        )
    return BlockedError(
        "The SEC turns us away for too many requests from this address, by whatever program.",
        f"Nothing more is asked. Run it again in {BlockedError.told(seconds)}; sooner would prolong it.",
        seconds=seconds,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks to wait, whether it gives their number or a moment."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def submission(accession_number: str) -> Callable[[bytes], str]:
    """A full submission text file, whole, of that accession number."""
    number = accession_number.encode()

    def what(body: bytes) -> str:
        start, end = body[:_HEAD].lstrip(), body[-200:].rstrip()
        if _looks_like_html(start.lower()):
            return "an HTML page"
        if not start.startswith((b"<SEC-DOCUMENT>", b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----")):
            return "no submission"
        if not end.endswith((b"</SEC-DOCUMENT>", b"-----END PRIVACY-ENHANCED MESSAGE-----")):
            return "a submission cut short"
        if number not in start:
            return "another submission"
        return ""

    return what


def json_object(body: bytes) -> str:
    """A JSON object, whole."""
    try:
        return "" if isinstance(json.loads(body), dict) else "JSON of another shape"
    except ValueError:
        return "an HTML page" if _looks_like_html(body[:_HEAD].lower()) else "no JSON, or JSON cut short"


def master_index(body: bytes) -> str:
    """An index of filings, `CIK|Company Name|Form Type|Date Filed|Filename`, whose last line is whole."""
    if _looks_like_html(body[:_HEAD].lower()):
        return "an HTML page"
    if b"\nCIK|" not in body[:_HEAD] or b"\n-----" not in body[:_HEAD]:
        return "no index"
    last = body.rstrip().rpartition(b"\n")[2]
    is_empty = len(last) >= _DASHES and set(last) == {ord("-")}
    return "" if is_empty or last.endswith(b".txt") else "an index cut short"


def feed(body: bytes) -> str:
    """An Atom feed, whole."""
    if b"<feed" not in body[:_HEAD]:
        return "an HTML page" if _looks_like_html(body[:_HEAD].lower()) else "no feed"
    return "" if body.rstrip().endswith(b"</feed>") else "a feed cut short"


def page(body: bytes) -> str:
    """An HTML page, whole."""
    if not _looks_like_html(body[:_HEAD].lower()):
        return "no HTML page"
    return "" if b"</html>" in body[-2000:].lower() else "a page cut short"


def file(name: str) -> Callable[[bytes], str]:
    """A file of the SEC's site, by what its name says it is: a zip, a PDF, or a text."""
    suffix = name.lower().rpartition(".")[2]

    def what(body: bytes) -> str:
        if suffix == "zip":
            return _zip(io.BytesIO(body))
        if suffix == "pdf":
            return "" if body.startswith(b"%PDF") and b"%%EOF" in body[-2048:] else "no PDF, or one cut short"
        return "an HTML page" if _looks_like_html(body[:_HEAD].lower()) else ""

    return what


def zip_at(path: Path) -> str:
    """A zip on disk, whole, each of its members as its checksum says; read in little memory.

    Raises:
        OSError: if the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        if is_html(head):
            return "an HTML page"
        return _zip(stream) if head else "nothing"


def is_html(body: bytes) -> bool:
    """Whether a body is an HTML page, by its beginning."""
    return _looks_like_html(body[:_HEAD].lower())


def _zip(stream: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(stream) as packed:
            if sum(member.file_size for member in packed.infolist()) > _MOST_UNPACKED:
                return f"a zip of more than {_MOST_UNPACKED >> 30} GiB"
            damaged = packed.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return "a zip cut short or damaged"
    return "a damaged zip" if damaged else ""


def _looks_like_html(lowered: bytes) -> bool:
    start = lowered.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    return start.startswith((b"<!doctype html", b"<html")) or b"<html" in start


def _is_of_the_store(lowered: bytes) -> bool:
    """Whether a body is the object store's own XML by which it says that there is no such object."""
    return b"<error>" in lowered and (b"<code>accessdenied" in lowered or b"<code>nosuchkey" in lowered)
