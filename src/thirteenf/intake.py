"""Taking filings in: files and folders into the archive, the archive into the tables.

The archive comes first and the tables follow, a batch at a time. Whatever a killed run left between the two is taken
up by the next one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import checks, files, form13f, offers, units
from thirteenf.archive import Archive
from thirteenf.errors import ConflictError, MalformedFilingError, StoreError, ThirteenfError
from thirteenf.store import Entry, Store
from thirteenf.tables import IMPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from thirteenf.archive import Item
    from thirteenf.filing import Filing
    from thirteenf.offers import Offer
    from thirteenf.places import Places

ROWS_A_BATCH = 250_000


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
        offered: what offers.found gave.
        wait: seconds to wait for another writer to end.
        progress: told the path of each filing when it is begun.

    Returns:
        tables.IMPORTED, a row an offer; a bad one is refused by name and stops no other.

    Raises:
        StoreError: if the cache is busy, full or cannot be written; what was taken in by then stays.
    """
    with places.locked(wait):
        bring_up(places)
        files.write(places.mark, b"")
        taken = _Intake(places).run(offered, progress)
        places.mark.unlink(missing_ok=True)
        return taken


def take_up(places: Places) -> None:
    """Finish what a killed run left between archive and tables, unless a run is at it or nothing can be written."""
    with contextlib.suppress(StoreError), places.locked(wait=0):
        _Intake(places).run((), lambda _: None)
        places.mark.unlink(missing_ok=True)


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
        batch: dict[str, Entry] = {}
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
        self.store = Store(places.tables, places.mend)
        held = self.store.filings()
        self.documents = dict(zip(held["accession_number"], held["document"], strict=True))
        self.items = self.archive.items()
        self.batch: dict[str, Entry] = {}  # by accession number: a filing stands in it once

    def run(self, offered: Iterable[Offer], progress: Callable[[str], None]) -> pl.DataFrame:
        left = [item for accession, item in self.items.items() if self.documents.get(accession) != item.path]
        results = [_from_archive(self.archive, item, self.batch) for item in left]  # by a run that was killed
        self.documents |= {item.accession_number: item.path for item in left}
        for offer in offered:
            progress(str(offer.path))
            try:
                results.append(self._take(offer))
            except (MalformedFilingError, ConflictError, OSError) as error:
                results.append(_refused(str(offer.path), error))
            _flush(self.store, self.batch, ROWS_A_BATCH)
        _flush(self.store, self.batch)
        return pl.DataFrame(results, schema=IMPORTED.schema())

    def _take(self, offer: Offer) -> dict[str, Any]:
        if offer.problem:
            raise MalformedFilingError(offer.problem, offer.hint)
        if offer.documents:
            documents = {name.removesuffix(".gz"): offers.read(path) for name, path in offer.documents.items()}
            reading = _read_documents(
                documents, offer.path.name or str(offer.path), offer.accession_number, offer.filing_date
            )
            filing = reading.filing
            added = self.archive.add_documents(filing.cik, filing.accession_number, filing.filing_date, documents)
            suffix = "/"
        else:
            content = offers.read(offer.path)
            reading = form13f.read_submission(content, offer.path.name)
            filing = reading.filing
            _refuse_contradiction(offer, filing)
            suffix = ".nc" if ".nc" in offer.path.name.lower() else ".txt"
            added = self.archive.add_submission(filing.cik, filing.accession_number, content, suffix)
            suffix += ".gz"
        accession = filing.accession_number
        if added:
            self.items[accession] = self.archive.best(filing.cik, accession)
        item = self.items[accession]
        if self.documents.get(accession) == item.path:
            return _outcome(str(offer.path), "unchanged", reading)
        self.documents[accession] = item.path
        if item.path.endswith(suffix):
            self.batch[accession] = entry(reading, item.path)
        else:  # it came in a better way before
            _from_archive(self.archive, item, self.batch)
        return _outcome(str(offer.path), "added", reading)


def _refuse_contradiction(offer: Offer, filing: Filing) -> None:
    """Refuse what the user says of a filing if its own header says otherwise."""
    said = (
        (offer.said_accession, filing.accession_number, "--accession"),
        (offer.said_filed, filing.filing_date, "--filed"),
    )
    for given, told, option in said:
        if given and given != told:
            raise MalformedFilingError(f"{offer.path.name} says {told} itself, not {given}.", f"Leave {option} out.")


def _from_archive(archive: Archive, item: Item, batch: dict[str, Entry]) -> dict[str, Any]:
    """Read a filing of the archive into the batch."""
    try:
        reading = read(archive, item)
    except ThirteenfError as error:
        return _refused(item.path, error)
    batch[item.accession_number] = entry(reading, item.path)
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
    covers = [content for content in documents.values() if offers.is_cover(content)]
    tables = [content for content in documents.values() if not offers.is_cover(content)]
    if len(covers) != 1 or len(tables) > 1:
        raise MalformedFilingError(
            f"{what} holds {len(covers)} cover pages and {len(tables)} information tables.",
            "A Form 13F has one of each.",
        )
    header = form13f.Header(accession_number=accession, filing_date=filed)
    return form13f.read_documents(covers[0], tables[0] if tables else None, header=header, what=what)


def _flush(store: Store, batch: dict[str, Entry], at_least: int = 0) -> None:
    if batch and sum(entry.rows.height for entry in batch.values()) >= at_least:
        store.add(list(batch.values()))
        batch.clear()


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
