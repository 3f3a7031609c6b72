"""Taking filings in: files and folders into the archive, the archive into the tables.

The archive comes first and the tables follow, a batch at a time. Whatever a killed run left between the two is taken
up by the next one.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import checks, form13f, units
from thirteenf.archive import Archive
from thirteenf.errors import MalformedFilingError, StoreError, ThirteenfError, UsageError
from thirteenf.form13f.xml import MAX_BYTES
from thirteenf.store import Entry, Store
from thirteenf.tables import IMPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from thirteenf.archive import Item
    from thirteenf.places import Places

ROWS_A_BATCH = 250_000
_ACCESSION = re.compile(r"(?<!\d)(\d{10})-(\d{2})-(\d{6})(?!\d)|(?<!\d)(\d{10})(\d{2})(\d{6})(?!\d)")
_FILED = re.compile(r"filed[-_ =]?(\d{4})-?(\d{2})-?(\d{2})(?!\d)", re.IGNORECASE)
_SNIFF = 4096
_COVER, _TABLE = b"edgarSubmission", b"informationTable"


@dataclass(frozen=True)
class Offer:
    """What may be a filing: one file, or a cover page with its table; and what its path or the user said of it."""

    path: Path
    documents: Mapping[str, Path] = field(default_factory=dict)
    accession_number: str | None = None
    filing_date: date | None = None
    problem: str = ""
    hint: str = ""


def offers(paths: Iterable[Path], accession: str | None = None, filed: date | None = None) -> Iterator[Offer]:
    """What there is to import under some paths.

    Args:
        paths: files and folders; folders are walked, and what is plainly no filing is passed over there.
        accession: the accession number, for documents that came without one.
        filed: the filing date, likewise.

    Raises:
        UsageError: if an accession number is none.
    """
    if accession and not _ACCESSION.fullmatch(accession):
        raise UsageError(f"'{accession}' is no accession number.", "They look like 0000950123-25-008361.")
    for path in paths:
        try:
            found = list(_walk(path) if path.is_dir() else _single(path))
        except OSError as error:
            found = [Offer(path, problem=f"{path} cannot be read: {error.strerror}.", hint="Look at its permissions.")]
        if path.is_dir() and not found:
            found = [
                Offer(
                    path,
                    problem=f"{path} holds no filing.",
                    hint="Name a folder with {accession}.txt or primary_doc.xml.",
                )
            ]
        for offer in found:
            yield _with_what_is_known(offer, accession, filed)


def take(
    places: Places,
    offered: Iterable[Offer],
    *,
    wait: float = 10,
    progress: Callable[[str], None] = lambda _: None,
) -> pl.DataFrame:
    """Take filings into the archive and the tables.

    Args:
        places: the cache.
        offered: what `offers` found.
        wait: seconds to wait for another writer to end.
        progress: told the path of each filing when it is begun.

    Returns:
        tables.IMPORTED, a row an offer; a bad one is refused by name and stops no other.

    Raises:
        StoreError: if the cache is busy, full or cannot be written; what was taken in by then stays.
    """
    with places.locked(wait):
        bring_up(places)
        return _Intake(places).run(offered, progress)


def bring_up(places: Places) -> None:
    """Make the tables anew if they are missing or made under other rules; the caller holds the lock."""
    store = Store(places.tables)
    if not store.is_current:
        _fill_anew(places)


def rebuild(places: Places, *, wait: float = 10) -> pl.DataFrame:
    """Make the tables anew from the archive alone.

    Returns:
        tables.IMPORTED, a row a filing of the archive.

    Raises:
        StoreError: if the cache is busy, full or cannot be written; the tables are then as before.
    """
    with places.locked(wait):
        return _fill_anew(places)


def _fill_anew(places: Places) -> pl.DataFrame:
    with Store(places.tables).replaced() as fresh:
        fresh.write_empty()
        archive, results = Archive(places.archive), []
        batch: list[Entry] = []
        for item in archive:
            results.append(_from_archive(archive, item, batch))
            _flush(fresh, batch, ROWS_A_BATCH)
        _flush(fresh, batch)
    return pl.DataFrame(results, schema=IMPORTED.schema())


def entry(reading: form13f.Reading, document: str) -> Entry:
    """A filing with all that is worked out from it alone: oddities and unit."""
    found = [*reading.oddities, *checks.check(reading.filing, reading.rows)]
    return Entry(reading.filing, reading.rows, found, units.own(reading.filing.filing_date, reading.rows), document)


class _Intake:
    """One run: what is held, and the batch that is on its way into the tables."""

    def __init__(self, places: Places) -> None:
        self.archive = Archive(places.archive)
        self.store = Store(places.tables)
        held = self.store.filings()
        self.documents = dict(zip(held["accession_number"], held["document"], strict=True))
        self.items = self.archive.items()
        self.batch: list[Entry] = []

    def run(self, offered: Iterable[Offer], progress: Callable[[str], None]) -> pl.DataFrame:
        results = [
            _from_archive(self.archive, item, self.batch)
            for accession, item in self.items.items()
            if accession not in self.documents
        ]
        for offer in offered:
            progress(str(offer.path))
            try:
                results.append(self._take(offer))
            except (MalformedFilingError, OSError) as error:
                results.append(_refused(str(offer.path), error))
            except StoreError as error:
                if "other bytes" not in error.message:  # one filing's trouble, not the disk's
                    raise
                results.append(_refused(str(offer.path), error))
            _flush(self.store, self.batch, ROWS_A_BATCH)
        _flush(self.store, self.batch)
        return pl.DataFrame(results, schema=IMPORTED.schema())

    def _take(self, offer: Offer) -> dict[str, Any]:
        if offer.problem:
            raise MalformedFilingError(offer.problem, offer.hint)
        if offer.documents:
            documents = {name: path.read_bytes() for name, path in offer.documents.items()}
            reading = _read_documents(
                documents, offer.path.name or str(offer.path), offer.accession_number, offer.filing_date
            )
            filing = reading.filing
            added = self.archive.add_documents(filing.cik, filing.accession_number, filing.filing_date, documents)
        else:
            content = _ungzipped(offer.path)
            reading = form13f.read_submission(content, offer.path.name)
            filing = reading.filing
            suffix = ".nc" if ".nc" in offer.path.suffixes else ".txt"
            added = self.archive.add_submission(filing.cik, filing.accession_number, content, suffix)
        accession = filing.accession_number
        if added:
            self.items[accession] = self.archive.best(filing.cik, accession)
        item = self.items[accession]
        if self.documents.get(accession) == item.path:
            return _outcome(str(offer.path), "unchanged", reading)
        self.documents[accession] = item.path
        _from_archive(self.archive, item, self.batch)
        return _outcome(str(offer.path), "added", reading)


def _from_archive(archive: Archive, item: Item, batch: list[Entry]) -> dict[str, Any]:
    """Read a filing of the archive into the batch."""
    try:
        reading = read(archive, item)
    except ThirteenfError as error:
        return _refused(item.path, error)
    batch.append(entry(reading, item.path))
    return _outcome(item.path, "added", reading)


def read(archive: Archive, item: Item) -> form13f.Reading:
    """A filing of the archive.

    Raises:
        MalformedFilingError: if it is no readable Form 13F.
        StoreError: if its file is damaged.
    """
    if not item.is_folder:
        return form13f.read_submission(archive.read(item.path), item.path)
    documents, accession, filed = archive.read_documents(item.path)
    return _read_documents(documents, item.path, accession, filed)


def _read_documents(
    documents: Mapping[str, bytes], what: str, accession: str | None, filed: date | None
) -> form13f.Reading:
    covers = [content for content in documents.values() if _COVER in content[:_SNIFF]]
    tables = [content for content in documents.values() if _COVER not in content[:_SNIFF]]
    if len(covers) != 1 or len(tables) > 1:
        raise MalformedFilingError(
            f"{what} holds {len(covers)} cover pages and {len(tables)} information tables.",
            "A Form 13F has one of each.",
        )
    header = form13f.Header(accession_number=accession, filing_date=filed)
    return form13f.read_documents(covers[0], tables[0] if tables else None, header=header, what=what)


def _flush(store: Store, batch: list[Entry], at_least: int = 0) -> None:
    if batch and sum(entry.rows.height for entry in batch) >= at_least:
        store.add(batch)
        batch.clear()


def _walk(folder: Path) -> Iterator[Offer]:
    """Filings below a folder: full submissions first, else a cover page with the table beside it."""
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    kinds = {path: _kind(path) for path in inside if path.is_file()}
    submissions = [path for path, kind in kinds.items() if kind == "submission"]
    yield from (Offer(path) for path in submissions)
    documents = {path: kind for path, kind in kinds.items() if kind in ("cover", "table", "html")}
    if documents and not submissions:
        yield from _beside_each_other(folder, documents)
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _single(path: Path) -> Iterator[Offer]:
    """A file that was named: itself, or with the cover page or table beside it."""
    if not path.exists():
        yield Offer(path, problem=f"{path} is not there.", hint="Look at the path.")
        return
    path.open("rb").close()  # says why, if it cannot be read
    if (kind := _kind(path)) in ("cover", "table"):
        others = {
            p: _kind(p) for p in sorted(path.parent.iterdir()) if p.is_file() and p != path and p.suffix == path.suffix
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


def _kind(path: Path) -> str:
    """What a file seems to be by its first bytes: submission, cover, table, html, document (something else)."""
    if path.suffix not in (".txt", ".nc", ".xml", ".gz"):
        return "document"
    if path.suffix != ".xml" and _ACCESSION.match(path.name):
        return "submission"  # by its name; reading it says whether it is one
    try:
        head = _ungzipped(path, _SNIFF)
    except (OSError, MalformedFilingError):
        return "submission"  # so that reading it says what is wrong
    if form13f.is_submission(head):
        return "submission"
    if _COVER in head and b"<html" not in head.lower():
        return "cover"
    if b"<html" in head.lower() or b"<!doctype html" in head.lower():
        return "html"
    return "table" if _TABLE in head else "document"


def _ungzipped(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A file's first bytes, unpacked if it is gzipped; all of them unless it is larger than any filing.

    Raises:
        MalformedFilingError: if the gzip is damaged, or the whole is asked for and too large.
    """
    try:
        with path.open("rb") as stream, gzip.open(stream) if path.suffix == ".gz" else stream as unpacked:
            content = unpacked.read(limit + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise MalformedFilingError(f"{path.name} is a damaged gzip file.", "Get it again.") from None
    if limit == MAX_BYTES and len(content) > limit:
        raise MalformedFilingError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB.", "No Form 13F is.")
    return content[:limit]


def _with_what_is_known(offer: Offer, accession: str | None, filed: date | None) -> Offer:
    """An offer with accession number and filing date, from the user or else from the path; never from elsewhere."""
    path = str(offer.path.resolve())
    numbers = list(_ACCESSION.finditer(path))
    if not accession and numbers:
        accession = "-".join(part for part in numbers[-1].groups() if part)
    dates = list(_FILED.finditer(path))
    if filed is None and dates:
        try:
            filed = date(*(int(part) for part in dates[-1].groups()))
        except ValueError:
            filed = None
    return Offer(offer.path, offer.documents, accession, filed, offer.problem, offer.hint)


def _outcome(path: str, outcome: str, reading: form13f.Reading) -> dict[str, Any]:
    filing = reading.filing
    return {
        "path": path, "outcome": outcome, "accession_number": filing.accession_number, "cik": filing.cik,
        "manager": filing.manager, "form_type": filing.form_type, "period": filing.period, "rows": reading.rows.height,
        "message": None,
    }  # fmt: skip


def _refused(path: str, error: Exception) -> dict[str, Any]:
    told = f"{error.message} {error.hint}" if isinstance(error, ThirteenfError) else str(error)
    return dict.fromkeys(IMPORTED.names) | {"path": path, "outcome": "refused", "message": told.strip()}
