"""Whether a cache is sound: every file is read once, and what is wrong is listed with its mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf import acceptances, chronicle
from thirteenf.archive import Archive
from thirteenf.errors import StoreError
from thirteenf.report import Report
from thirteenf.shelf import Shelf
from thirteenf.store import Store
from thirteenf.tables import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thirteenf.places import Places


def check(places: Places, config: Path) -> Report:
    """Read the archive and the tables, and compare the one with the other."""
    found = list(_problems(places))
    head = {
        "root": str(places.root), "archive": str(places.archive), "tables": str(places.tables),
        "state": str(places.state),
        "config": str(config), "filings": len(Archive(places.archive).items()),
    }  # fmt: skip
    rows = pl.DataFrame(found, schema=PROBLEMS.schema(), orient="row")
    return Report("cache", head, "problems", PROBLEMS, rows, places.source)


def _problems(places: Places) -> Iterator[tuple[str, str, str]]:
    archive, store = Archive(places.archive), Store(places.tables, places.mend)
    items = archive.items()
    for item in items.values():
        try:
            archive.read_documents(item.path) if item.is_folder else archive.read(item.path)
        except StoreError as error:
            yield str(places.archive / item.path), error.message, error.hint
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
        for accession in sorted(tabled - set(items)):
            yield str(places.tables), f"{accession} is in the tables, not in the archive", places.mend
        yield from _rows_missing(places, store, filings)
    except StoreError as error:
        yield str(places.tables), error.message, error.hint


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
