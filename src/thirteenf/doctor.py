"""Whether a cache is sound: every file is read once, and what is wrong is listed with its mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf import acceptances, bulk, chronicle, datasets, files
from thirteenf.archive import Archive
from thirteenf.edgar import judgement
from thirteenf.errors import MalformedFilingError, StoreError
from thirteenf.report import Report
from thirteenf.shelf import Shelf
from thirteenf.store import Store
from thirteenf.tabled import DATA_SETS, is_of_set
from thirteenf.tables import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from thirteenf.places import Places


def check(places: Places, config: Path) -> Report:
    """Read the archive and the tables, and compare the one with the other."""
    found = [(path, what.rstrip("."), mend) for path, what, mend in _problems(places)]
    by_itself = set(Archive(places.archive).items())
    sets = len(Archive(places.archive).data_sets())
    head = {
        "root": str(places.root), "archive": str(places.archive), "tables": str(places.tables),
        "state": str(places.state),
        "config": str(config), "filings": len(by_itself | _of_all_sets(places)), "data_sets": sets,
    }  # fmt: skip
    rows = pl.DataFrame(found, schema=PROBLEMS.schema(), orient="row")
    return Report("cache", head, "problems", PROBLEMS, rows, places.source)


def _of_all_sets(places: Places) -> set[str]:
    """The filings that the tables have from data sets, as far as they can be looked at."""
    store = Store(places.tables, places.mend)
    try:
        tables = [store.filings(), store.unreadable()] if store.is_current else []
    except StoreError:  # told as a problem
        return set()
    return {number for table in tables for number in table.filter(is_of_set())["accession_number"]}


def _problems(places: Places) -> Iterator[tuple[str, str, str]]:
    archive, store = Archive(places.archive), Store(places.tables, places.mend)
    items = archive.items()
    for item in items.values():
        try:
            archive.read_documents(item.path) if item.is_folder else archive.read(item.path)
        except StoreError as error:
            yield str(places.archive / item.path), error.message, error.hint
    damaged = {path.name: what for path in archive.data_sets() if (what := _damage(path))}
    for name, what in damaged.items():
        yield str(archive.data_set(name)), what, f"Remove it and take it in again: {_AGAIN}."
    yield from _of_state(places)
    for path in sorted(places.root.rglob(".*.unfinished")):
        yield str(path), "left unfinished by a run that was killed", "The next run that writes sweeps it away."
    if not places.is_empty and not store.is_current:
        yield str(places.tables), "missing, or made under other rules", places.mend
        return
    if places.is_empty:
        return
    try:
        filings = store.filings()
        tabled = {*filings["accession_number"], *store.unreadable()["accession_number"]}
        for accession in sorted(set(items) - tabled):
            yield str(places.archive / items[accession].path), "in the archive, not in the tables", places.mend
        documents = pl.concat([t.select("accession_number", "document") for t in (filings, store.unreadable())])
        of_sets = documents.filter(is_of_set())
        for accession in sorted(tabled - set(items) - set(of_sets["accession_number"])):
            yield str(places.tables), f"{accession} is in the tables, not in the archive", places.mend
        yield from _of_sets(places, archive, of_sets, tabled, damaged)
        yield from _rows_missing(places, store, filings)
    except StoreError as error:
        yield str(places.tables), error.message, error.hint


_AGAIN = "thirteenf ingest with its quarter, or with the file itself"


def _damage(path: Path) -> str:
    """What is wrong with a data set's zip; '' if nothing is."""
    with files.explained(path):
        return judgement.zip_at(path)


def _of_sets(
    places: Places, archive: Archive, of_sets: pl.DataFrame, tabled: Collection[str], damaged: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Data sets of the archive that are not in the tables, and filings of sets that are not in the archive."""
    held = set(of_sets["document"])
    there = [path for path in archive.data_sets() if path.name not in damaged]
    for path in there:
        if DATA_SETS + path.name in held:
            continue
        try:
            if set(datasets.listed(path, path.name)) <= set(tabled):
                continue  # all of its filings are here in a better way
        except MalformedFilingError as error:
            yield str(path), error.message, f"Remove it, and take in the right one: {_AGAIN}."
        else:
            yield str(path), "in the archive, not in the tables", places.mend
    for document, filings in of_sets.group_by("document").len().sort("document").iter_rows():
        name = bulk.name_of(document) or ""
        if not archive.data_set(name).exists():
            told = f"{filings:,} filings of {name} are in the tables, and it is not in the archive"
            yield str(places.tables), told, f"Take it in again: {_AGAIN}. Or without it: {places.mend}"


def _of_state(places: Places) -> Iterator[tuple[str, str, str]]:
    """What is wrong with listings and files that were fetched, and with what the user decided and was told."""
    shelf = Shelf(places.listings)
    for name in shelf.names():
        note = shelf.note(name)
        if note is None or (note.checksum is not None and shelf.read(name) is None):
            yield str(shelf.root / f"{name}.gz"), "damaged", "Remove it: the next refresh asks for it again."
    for look in (lambda: acceptances.read(places.state), lambda: chronicle.events(places).since()):
        try:
            look()
        except StoreError as error:
            yield str(places.state), error.message, error.hint


def _rows_missing(places: Places, store: Store, filings: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    for (period,), known in filings.partition_by("period", as_dict=True, maintain_order=True).items():
        store.oddities(period, known)  # that they can be read
        rows = store.rows_as_filed(period, known, ("accession_number", "value"))
        counted = rows.group_by("accession_number").agg(pl.len().alias("rows"), pl.col("value").sum())
        told = known.join(counted, on="accession_number", how="left").with_columns(pl.col("rows", "value").fill_null(0))
        wrong = told.filter((pl.col("rows") != pl.col("row_count")) | (pl.col("value") != pl.col("value_sum")))
        for accession in wrong["accession_number"].sort():
            yield str(places.tables), f"rows of {accession} are not those that were read", places.mend
