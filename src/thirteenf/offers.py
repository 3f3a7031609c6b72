"""What there is to import: files and folders that may be filings, and what their paths or the user say of them.

Accession number and filing date of documents that came one by one are taken from the path or from the user, never
from anywhere else.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from thirteenf import form13f
from thirteenf.errors import MalformedFilingError, UsageError
from thirteenf.form13f.xml import MAX_BYTES, SNIFF
from thirteenf.shelf import reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_ACCESSION = re.compile(r"(?<!\d)(\d{10})-(\d{2})-(\d{6})(?!\d)|(?<!\d)(\d{10})(\d{2})(\d{6})(?!\d)")
_FILED = re.compile(r"filed[-_ =]?(\d{4})-?(\d{2})-?(\d{2})(?!\d)", re.IGNORECASE)
_COVER, _TABLE = b"edgarSubmission", b"informationTable"
_SUFFIXES = (".txt", ".nc", ".xml", ".gz")


@dataclass(frozen=True)
class Offer:
    """What may be a filing: one file, or a cover page with its table; and what its path or the user said of it.

    `reference` is what a file is called on the shelf that is no filing, but one of the SEC's files on securities.
    """

    path: Path
    documents: Mapping[str, Path] = field(default_factory=dict)
    reference: str | None = None
    accession_number: str | None = None
    filing_date: date | None = None
    said_accession: str | None = None
    said_filed: date | None = None
    problem: str = ""
    hint: str = ""


def found(paths: Iterable[Path], accession: str | None = None, filed: date | None = None) -> Iterator[Offer]:
    """What there is to import under some paths.

    Args:
        paths: files and folders; folders are walked, and what is plainly no filing is passed over there.
        accession: the accession number, for documents that came without one.
        filed: the filing date, likewise.

    Raises:
        UsageError: if an accession number is none, or what is said of one filing is offered for several.
    """
    if accession:
        number = _ACCESSION.fullmatch(accession.strip())
        if not number:
            raise UsageError(f"'{accession}' is no accession number.", "They look like 0000950123-25-008361.")
        accession = _dashed(number)
    offered: Iterable[Offer] = (offer for path in paths for offer in _under(path))
    if accession or filed:
        offered = list(offered)
        if sum(not offer.problem for offer in offered) > 1:
            raise UsageError(
                "--accession and --filed are one filing's; several were offered.", "Import them one by one."
            )
    return (_with_what_is_known(offer, accession, filed) for offer in offered)


def _dashed(number: re.Match[str]) -> str:
    return "-".join(part for part in number.groups() if part)


def _under(path: Path) -> list[Offer]:
    """What may be a filing at a path, or why nothing there can be one."""
    try:
        here = list(_walk(path) if path.is_dir() else _single(path))
    except OSError as error:
        return [Offer(path, problem=f"{path} cannot be read: {error.strerror}.", hint="Look at its permissions.")]
    if here or not path.is_dir():
        return here
    hint = "Name a folder with {accession}.txt or primary_doc.xml."
    return [Offer(path, problem=f"{path} holds no filing.", hint=hint)]


def _walk(folder: Path) -> Iterator[Offer]:
    """Filings below a folder: full submissions first, else a cover page with the table beside it."""
    try:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        yield Offer(folder, problem=f"{folder} cannot be read: {error.strerror}.", hint="Look at its permissions.")
        return
    references = {path: name for path in inside if path.is_file() and (name := reference(path.name))}
    yield from (Offer(path, reference=name) for path, name in references.items())
    kinds = {path: _kind(path) for path in inside if path.is_file() and path not in references}
    submissions = [path for path, kind in kinds.items() if kind == "submission"]
    yield from (Offer(path) for path in submissions)
    documents = {path: kind for path, kind in kinds.items() if kind in ("cover", "table", "html")}
    if submissions and documents:
        parts = _parts(documents, submissions)
        documents = {path: kind for path, kind in documents.items() if path not in parts}
    if documents:
        yield from _beside_each_other(folder, documents)
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _parts(documents: Iterable[Path], submissions: Iterable[Path]) -> set[Path]:
    """Documents that are parts of the full submissions beside them, as in EDGAR's own folders."""
    whole = [_readable(path) for path in submissions]
    bodies = {path: _readable(path).strip() for path in documents}
    return {path for path, body in bodies.items() if body and any(body in content for content in whole)}


def _readable(path: Path) -> bytes:
    """A file's content, or nothing where it cannot be read; reading it as a filing says why."""
    try:
        return read(path)
    except (OSError, MalformedFilingError):
        return b""


def _single(path: Path) -> Iterator[Offer]:
    """A file that was named: itself, or with the cover page or table beside it."""
    if not path.exists():
        yield Offer(path, problem=f"{path} is not there.", hint="Look at the path.")
        return
    path.open("rb").close()  # says why, if it cannot be read
    if name := reference(path.name):
        yield Offer(path, reference=name)
    elif (kind := _kind(path, named=True)) in ("cover", "table"):
        others = {
            p: _kind(p)
            for p in sorted(path.parent.iterdir())
            if p.is_file() and p != path and p.suffixes[-2:] == path.suffixes[-2:]
        }
        wanted = "table" if kind == "cover" else "cover"
        beside = {p: k for p, k in others.items() if k == wanted}
        yield from _beside_each_other(path, {path: kind, **beside})
    elif kind == "document":
        yield Offer(
            path, problem=f"{path.name} is no document of a Form 13F.", hint="Name {accession}.txt or primary_doc.xml."
        )
    else:
        yield Offer(path)


def _beside_each_other(path: Path, documents: Mapping[Path, str]) -> Iterator[Offer]:
    of_kind = {kind: [p for p, k in documents.items() if k == kind] for kind in ("cover", "table", "html")}
    for page in of_kind["html"]:
        yield Offer(page)  # to be refused by name
    covers, tables = of_kind["cover"], of_kind["table"]
    if not covers and tables:
        hint = "Put primary_doc.xml beside it: without it neither manager nor period is known."
        yield Offer(path, problem=f"{tables[0].name} has no cover page beside it.", hint=hint)
    elif len(covers) > 1 or len(tables) > 1:
        counts = f"{len(covers)} cover pages and {len(tables)} tables"
        yield Offer(
            path,
            problem=f"{path} holds {counts}.",
            hint="Which belong together is not ours to guess: a folder a filing.",
        )
    elif covers:
        yield Offer(path, documents={p.name: p for p in (*covers, *tables)})


def _kind(path: Path, *, named: bool = False) -> str:
    """What a file seems to be by its first bytes: submission, cover, table, html, document (something else)."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES and not named:
        return "document"
    if suffix != ".xml" and _ACCESSION.match(path.name):
        return "submission"  # by its name; reading it says whether it is one
    try:
        return _kind_of(read(path, SNIFF))
    except (OSError, MalformedFilingError):
        return "submission"  # so that reading it says what is wrong


def _kind_of(head: bytes) -> str:
    lowered = head.lower()
    if form13f.is_submission(head) or not head.strip():
        return "submission"
    if b"<html" in lowered or b"<!doctype html" in lowered:
        return "html"
    return "cover" if is_cover(head) else "table" if _TABLE in head else "document"


def is_cover(content: bytes) -> bool:
    """Whether a document is a cover page, by its first bytes."""
    return _COVER in content[:SNIFF]


def read(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A file's first bytes, unpacked if it is gzipped; all of them unless it is larger than any filing.

    Raises:
        MalformedFilingError: if the gzip is damaged, or the whole is asked for and too large.
    """
    try:
        with path.open("rb") as stream, gzip.open(stream) if path.suffix.lower() == ".gz" else stream as unpacked:
            content = unpacked.read(limit + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise MalformedFilingError(f"{path.name} is a damaged gzip file.", "Get it again.") from None
    if limit == MAX_BYTES and len(content) > limit:
        raise MalformedFilingError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB.", "No Form 13F is.")
    return content[:limit]


def _with_what_is_known(offer: Offer, accession: str | None, filed: date | None) -> Offer:
    """An offer with accession number and filing date, from the user or else from the path; never from elsewhere."""
    said = accession, filed
    path = str(offer.path.resolve())
    numbers = list(_ACCESSION.finditer(path))
    if not accession and numbers:
        accession = _dashed(numbers[-1])
    dates = list(_FILED.finditer(path))
    if filed is None and dates:
        try:
            filed = date(*(int(part) for part in dates[-1].groups()))
        except ValueError:
            filed = None
    return replace(offer, accession_number=accession, filing_date=filed, said_accession=said[0], said_filed=said[1])
