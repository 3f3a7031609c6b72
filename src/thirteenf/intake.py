"""Taking filings in: files and folders into the archive, the archive into the tables.

The archive comes first and the tables follow, a batch at a time. Whatever a killed run left between the two is taken
up by the next one.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from thirteenf import bulk, catalog, chronicle, files, form13f, offers
from thirteenf.archive import Archive
from thirteenf.batch import Batch, entry, outcome, read_documents, refused
from thirteenf.errors import ConflictError, MalformedFilingError, StoreError
from thirteenf.shelf import OFFERED, Note, Shelf
from thirteenf.store import Store
from thirteenf.tabled import DATA_SETS, is_of_set
from thirteenf.tables import IMPORTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from thirteenf.filing import Filing
    from thirteenf.listings import Listed, Listing
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
        results = []
        with Intake(places) as intake:
            results += intake.take_up()
            for offer in offered:
                progress(str(offer.path))
                results.append(intake.take(offer))
        finish(places, intake.store)
        return pl.DataFrame(results, schema=IMPORTED.schema())


def finish(places: Places, store: Store) -> None:
    """Work out what all filings tell together, and note what happened; the caller holds the lock.

    Raises:
        StoreError: if the disk refuses.
    """
    store.settle()
    catalog.derive(places, store)
    chronicle.note(places, store)


def take_up(places: Places) -> None:
    """Finish what a killed run left between archive and tables, unless a run is at it or nothing can be written."""
    with contextlib.suppress(StoreError), places.locked(wait=0):
        with Intake(places) as intake:
            intake.take_up()
        finish(places, intake.store)


def bring_up(places: Places, *, with_sets: bool = True) -> None:
    """Make the tables anew if they are missing or made under other rules; the caller holds the lock.

    `with_sets`: whether with the data sets, which else are about to be taken in.
    """
    store = Store(places.tables)
    if not store.is_current:
        _fill_anew(places, with_sets=with_sets)
    else:
        store.settle()  # what a run that was killed owes


def rebuild(places: Places, *, wait: float = 10) -> pl.DataFrame:
    """Make the tables anew from the archive alone.

    Returns:
        tables.IMPORTED, a row a filing of the archive.

    Raises:
        StoreError: if the cache is busy, full or cannot be written; the tables are then as before.
    """
    with places.locked(wait):
        return _fill_anew(places)


def _fill_anew(places: Places, *, with_sets: bool = True) -> pl.DataFrame:
    with Store(places.tables).replaced() as fresh:
        fresh.write_empty()
        archive, results = Archive(places.archive), []
        batch = Batch()
        for item in archive:
            results.append(batch.read(archive, item))
            batch.write(fresh, ROWS_A_BATCH)
        batch.write(fresh)
        sets = (path.name for path in archive.data_sets() if with_sets)
        results += [_ingested(archive, bulk.take(archive, fresh, name)) for name in sets]
        fresh.settle()
        catalog.derive(replace(places, tables=fresh.root), fresh)  # so that both change over at once
    return pl.DataFrame(results, schema=IMPORTED.schema())


def _ingested(archive: Archive, told: dict[str, Any]) -> dict[str, Any]:
    """What became of a data set, as a row of tables.IMPORTED."""
    row = {name: told[name] for name in ("outcome", "rows", "message")}
    return dict.fromkeys(IMPORTED.names) | row | {"path": str(archive.data_set(told["name"]))}


def take_data_sets(
    places: Places, names: Iterable[str], *, wait: float = 10, tell: Callable[[str], None] = lambda _: None
) -> Iterator[dict[str, Any]]:
    """Take data sets of the archive into the tables, each as soon as it is named.

    What all filings of a quarter decide together, units and what is known of securities, is worked out after the last
    one; a run that is killed before leaves that to the next.

    Args:
        places: the cache.
        names: of the data sets; the next one is asked for when one is done, so that it may be fetched by then.
        wait: seconds to wait for another writer to end.
        tell: told each step.

    Yields:
        What became of each: columns of tables.INGESTED but bytes.

    Raises:
        StoreError: if the cache is busy, full or cannot be written; what was taken in by then stays.
    """
    archive, store, is_first = Archive(places.archive), Store(places.tables, places.mend), True
    for name in names:
        with places.locked(wait):
            with files.explained(places.mark):
                places.mark.touch()
            if is_first:
                bring_up(places, with_sets=False)
                is_first = False
            told = bulk.take(archive, store, name, tell)
        yield told
    if not is_first:
        with places.locked(wait):
            for path in _untabled(archive, store):  # of a run that was killed, or of tables under other rules
                bulk.take(archive, store, path.name, tell)
            tell("what all of them tell together")
            finish(places, store)
            places.mark.unlink(missing_ok=True)


def _untabled(archive: Archive, store: Store) -> list[Path]:
    """The data sets of the archive that were not read into the tables."""
    was_read = store.was_read()
    return [path for path in archive.data_sets() if DATA_SETS + path.name not in was_read]


class Intake:
    """One run: what is held, and the batch that is on its way into the tables. The caller holds the writer's lock.

    A mark stands in the cache while it runs, for readers to take up what a killed run left.
    """

    def __init__(
        self,
        places: Places,
        rows_a_batch: int = ROWS_A_BATCH,
        listing_of: Callable[[str], Listing | None] = lambda _: None,
    ) -> None:
        """Look at what is held; the tables must be there (`bring_up`).

        Args:
            places: the cache.
            rows_a_batch: after how many rows a batch is written.
            listing_of: what EDGAR is known to list of a manager.
        """
        self._listing_of = listing_of
        self.places = places
        self.archive = Archive(places.archive)
        self.shelf = Shelf(places.listings)
        self.store = Store(places.tables, places.mend)
        self.items = self.archive.items()
        self.batch = Batch()
        self._rows_a_batch = rows_a_batch
        held = [self.store.filings(), self.store.unreadable()]
        self.documents = {a: d for table in held for a, d in table.select("accession_number", "document").iter_rows()}

    def __enter__(self) -> Self:
        """Set the mark."""
        with files.explained(self.places.mark):
            self.places.mark.touch()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is in the batch, whatever stopped the run: it is in the archive already."""
        try:
            self.flush()
        except StoreError:
            if kind is None:
                raise
            return  # what stopped the run is told; the next one takes up the rest
        self.places.mark.unlink(missing_ok=True)

    @property
    def held(self) -> set[str]:
        """The filings that are here: by themselves, or in a data set where they can be read."""
        filings = self.store.filings()
        of_sets = filings.filter(is_of_set())["accession_number"]
        return {*self.items, *of_sets}

    def take_up(self) -> list[dict[str, Any]]:
        """Read what is in the archive and not in the tables, as a run that was killed leaves it; a row each."""
        was_read = self.store.was_read()  # and cannot be: a data set's copy counts
        left = [
            item for accession, item in self.items.items()
            if (document := self.documents.get(accession)) != item.path and not (document and item.path in was_read)
        ]  # fmt: skip
        self.documents |= {item.accession_number: item.path for item in left}
        told = [self.batch.read(self.archive, item) for item in left]
        for path in _untabled(self.archive, self.store):
            self.flush()
            bulk.take(self.archive, self.store, path.name)
        return told

    def take(self, offer: Offer) -> dict[str, Any]:
        """Take in what a user offers; a row of tables.IMPORTED. What cannot be read is not kept.

        Raises:
            StoreError: if the disk refuses.
        """
        try:
            told = self._keep(offer) if offer.reference else self._take(offer)
        except (MalformedFilingError, ConflictError, OSError) as error:
            told = refused(str(offer.path), error)
        self.flush(self._rows_a_batch)
        return told

    def _keep(self, offer: Offer) -> dict[str, Any]:
        """Keep one of the SEC's files on securities, if it can be read."""
        content, name = offer.path.read_bytes(), offer.reference or ""
        said = catalog.check(content, name)
        if self.shelf.read(name) == content:
            return self._kept(offer, "unchanged", said)
        self.shelf.put(name, content, Note(OFFERED, datetime.now(UTC)))
        return self._kept(offer, "added", said)

    def _kept(self, offer: Offer, what: str, said: str) -> dict[str, Any]:
        return dict.fromkeys(IMPORTED.names) | {"path": str(offer.path), "outcome": what, "message": said}

    def archive_submission(self, listed: Listed, content: bytes) -> None:
        """Put what EDGAR served into the archive, where it is safe; several threads may, each with its own filings.

        Raises:
            ConflictError: if the archive holds other bytes under that number.
            StoreError: if the disk refuses.
        """
        self.archive.add_submission(listed.cik, listed.accession_number, content)

    def read_archived(self, listed: Listed) -> dict[str, Any]:
        """Read what was put there into the tables; it stays even if it cannot be read, and is not asked for again.

        Returns:
            A row of tables.IMPORTED.

        Raises:
            StoreError: if the disk refuses.
        """
        accession = listed.accession_number
        item = self.items[accession] = self.archive.best(listed.cik, accession)
        self.documents[accession] = item.path
        told = self.batch.read(self.archive, item)
        if accession in self.batch.entries:
            filing = self.batch.entries[accession].filing
            if self._note_listing(listed, filing.cik, filing.cover_cik, filing.cover_period or filing.period):
                told = self.batch.read(self.archive, item)
        self.flush(self._rows_a_batch)
        return told

    def compare(self, listed: Iterable[Listed]) -> list[Listed]:
        """Hold filings that are here against what EDGAR lists them under; those that it now lists otherwise."""
        every = {one.accession_number: one for one in listed if one.accession_number in self.items}
        held = self.store.filings().filter(pl.col("accession_number").is_in(list(every)))
        marked: list[Listed] = []
        names = ("accession_number", "cik", "cover_cik", "period", "cover_period")
        for accession, cik, cover_cik, period, cover_period in held.select(names).iter_rows():
            if self._note_listing(every[accession], cik, cover_cik, cover_period or period):
                self.batch.read(self.archive, self.items[accession])
                marked.append(every[accession])
        return marked

    def _note_listing(self, listed: Listed, cik: str, cover_cik: str | None, period: date) -> bool:
        """Keep beside a filing what EDGAR lists it under, if it says otherwise itself; or take that away again.

        A filing that its own manager's listing agrees with is right, whoever else lists it too. Whether that changed.
        """

        def agrees(one: Listed) -> bool:
            return {one.cik} == {cik, cover_cik or cik} and one.period in (None, period)

        is_right = agrees(listed)
        if not is_right and (own := self._listing_of(cik)):
            is_right = any(agrees(one) for one in own.filings if one.accession_number == listed.accession_number)
        item = self.items[listed.accession_number]
        if is_right and listed.period is None:
            return False  # an index does not say for which period: it takes nothing away
        said = {"cik": listed.cik} | ({"period": str(listed.period)} if listed.period else {})
        return self.archive.mark_listing(item, {} if is_right else said)

    def flush(self, at_least: int = 0) -> None:
        """Write the batch into the tables, if it has so many rows.

        Raises:
            StoreError: if the disk refuses; the archive has it all, and the next run takes it up.
        """
        self.batch.write(self.store, at_least)

    def _take(self, offer: Offer) -> dict[str, Any]:
        if offer.problem:
            raise MalformedFilingError(offer.problem, offer.hint)
        if offer.documents:
            documents = {name.removesuffix(".gz"): offers.read(path) for name, path in offer.documents.items()}
            reading = read_documents(
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
            return outcome(str(offer.path), "unchanged", filing, reading.rows.height)
        self.documents[accession] = item.path
        if item.path.endswith(suffix) and not self.archive.listing(item):
            self.batch.entries[accession] = entry(reading, item.path)
        else:  # it came in a better way before
            self.batch.read(self.archive, item)
        return outcome(str(offer.path), "added", filing, reading.rows.height)


def _refuse_contradiction(offer: Offer, filing: Filing) -> None:
    """Refuse what the user says of a filing if its own header says otherwise."""
    said = (
        (offer.said_accession, filing.accession_number, "--accession"),
        (offer.said_filed, filing.filing_date, "--filed"),
    )
    for given, told, option in said:
        if given and given != told:
            raise MalformedFilingError(f"{offer.path.name} says {told} itself, not {given}.", f"Leave {option} out.")
