"""The one door for XML: expat, told to refuse what a filing never needs.

expat reads and forgets, so one reader serves a table of ten rows and one of 250,000; it was also the fastest of
those measured (benchmarks/parse.py). Entities declared by a document are refused, nothing outside it is ever
opened, depth and size are bounded. Elements go by their local names: prefixes differ from filer to filer.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from thirteenf.errors import MalformedFilingError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1 << 30
MAX_SMALL = 1 << 25
MAX_DEPTH = 32
_CHUNK = 1 << 18
SNIFF = 4096
_BLOCK_PAGES = (b"Request Rate Threshold Exceeded", b"Undeclared Automated Tool")


def parser(what: str = "The document") -> expat.XMLParserType:
    """An expat parser that refuses declared entities; text comes whole between two tags."""

    def refuse(*_: object) -> None:
        raise MalformedFilingError(
            f"{what} declares or uses XML entities, which no filing needs.", "It was not opened further: get it again."
        )

    made = expat.ParserCreate()
    made.buffer_text = True
    made.EntityDeclHandler = refuse
    made.SkippedEntityHandler = refuse
    return made


def feed(made: expat.XMLParserType, source: bytes | BinaryIO, what: str) -> Iterator[None]:
    """Run a document through a parser, a piece at a time, with a pause after each for the caller to take its fill.

    Raises:
        MalformedFilingError: if it is no XML, is cut short, declares entities or is larger than any filing.
    """
    refuse_other_than_xml(source, what)
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        read = 0
        for chunk in _without_blanks_in_front(stream):
            read += len(chunk)
            if read > MAX_BYTES:
                raise MalformedFilingError(
                    f"{what} is larger than {MAX_BYTES >> 20} MiB.", "No Form 13F is; it was left."
                )
            made.Parse(chunk, False)
            yield
        made.Parse(b"", True)
    except expat.ExpatError as error:
        raise MalformedFilingError(
            f"{what} is no well-formed XML (line {error.lineno}: {expat.errors.messages[error.code]}).",
            "It may have been cut short on the way: get it again.",
        ) from None
    except (LookupError, ValueError) as error:  # how expat says that it cannot read an encoding
        raise MalformedFilingError(f"{what} has an encoding that is not read ({error}).", "Get it again.") from None


def refuse_other_than_xml(source: bytes | BinaryIO, what: str) -> None:
    """Refuse by name what is offered as XML and is something else: nothing, an HTML page, a block page.

    Raises:
        MalformedFilingError: naming what it is.
    """
    head = source[:SNIFF] if isinstance(source, bytes) else _peek(source)
    lowered = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not lowered:
        raise MalformedFilingError(f"{what} is empty.", "Get it again.")
    if any(title in head for title in _BLOCK_PAGES):
        raise MalformedFilingError(
            f"{what} is a page by which the SEC turns a request away, no filing.",
            "Wait ten minutes, then get it again.",
        )
    if lowered.startswith((b"<!doctype html", b"<html")) or b"<html" in lowered:
        kind = "the SEC's HTML rendering of a table" if b"thirteenf/informationtable" in lowered else "an HTML page"
        raise MalformedFilingError(
            f"{what} is {kind}, not the XML as filed.", "Get the file itself: its address has no xslForm13F folder."
        )


def tree(source: bytes, what: str) -> Element:
    """A small document as a tree of local names.

    Raises:
        MalformedFilingError: as `feed`, and for nesting deeper than any form's.
    """
    if len(source) > MAX_SMALL:
        raise MalformedFilingError(f"{what} is larger than {MAX_SMALL >> 20} MiB.", "No cover page is: get it again.")
    builder, depth = TreeBuilder(), 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise MalformedFilingError(f"{what} is nested deeper than {MAX_DEPTH} elements.", "It is no Form 13F.")
        builder.start(local(name), {})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(local(name))

    made = parser(what)
    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = start, end, builder.data
    for _ in feed(made, source, what):
        pass
    return builder.close()


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def _peek(stream: BinaryIO) -> bytes:
    head = stream.read(SNIFF)
    stream.seek(-len(head), io.SEEK_CUR)
    return head


def _without_blanks_in_front(stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of a stream, less a byte order mark and blanks before the prolog, which expat would refuse."""
    chunk = stream.read(_CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip()
    while chunk:
        yield chunk
        chunk = stream.read(_CHUNK)
