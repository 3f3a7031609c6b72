"""A data set on its way into the tables: thousands of filings of a window at once.

A filing that is here by itself as well counts as that, since it has its acceptance time; one that stands in two sets
counts as in the later (rule R9: whatever came first).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import batch, datasets, windows
from thirteenf.errors import MalformedFilingError
from thirteenf.store import DATA_SETS, Tabled, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from thirteenf.archive import Archive
    from thirteenf.datasets import DataSet
    from thirteenf.store import Store

_A_MILLION = 10**6


def take(archive: Archive, store: Store, name: str, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Take one data set of the archive into the tables; units are owed then (`Store.settle`).

    Args:
        archive: where it lies.
        store: the tables; the caller holds the writer's lock.
        name: its file name.
        tell: told each step.

    Returns:
        What became of it: columns of tables.INGESTED but bytes.

    Raises:
        StoreError: if the disk refuses; the tables are then as before, or as after.
    """
    first, last = windows.window(name) or (None, None)
    row: dict[str, Any] = {"name": name, "first": first, "last": last, "outcome": "unchanged", "filings": 0, "rows": 0,
                           "skipped": 0, "message": None}  # fmt: skip
    document = DATA_SETS + name
    tables = (store.unreadable(), store.filings())
    held = {number: d for table in tables for number, d in table.select("accession_number", "document").iter_rows()}
    if document in set(tables[1]["document"]):
        return row | {"skipped": sum(one == document for one in held.values())}
    try:
        read = datasets.read(archive.data_set(name), name, _progress(name, tell))
    except MalformedFilingError as error:
        return row | {"outcome": "refused", "filings": None, "rows": None, "skipped": None,
                      "message": f"{error.message} {error.hint}".strip()}  # fmt: skip
    better = {number for number, other in held.items() if ranked(other) > ranked(document)}
    tell(f"writing {name}")
    unreadable = _unreadable(read, document, better)
    taken = tabled(read, document, better)
    store.add(taken, unreadable, settles=False)
    added = sum(part.filings.height for part in taken)
    return row | {
        "outcome": "added" if added else "unchanged", "filings": added, "rows": sum(part.rows.height for part in taken),
        "skipped": len(read.filings) - added, "message": _told_of(unreadable),
    }  # fmt: skip


def ranked(document: str) -> tuple[bool, str, str]:
    """How good a way a filing has come in, by where its bytes lie: by itself before any set, a later set before one."""
    name = document.removeprefix(DATA_SETS)
    covered = windows.window(name)
    return not document.startswith(DATA_SETS), str(covered[1]) if covered else "", name


def name_of(document: str) -> str | None:
    """The data set that a filing is in, by where its bytes lie in the archive; None: it came by itself."""
    return document.removeprefix(DATA_SETS) if document.startswith(DATA_SETS) else None


def tabled(read: DataSet, document: str, without: Collection[str] = ()) -> list[Tabled]:
    """A data set's filings as they stand in the tables, a period each.

    Args:
        read: the data set.
        document: where it lies in the archive.
        without: accession numbers of filings to leave out.

    The data set's rows are given away with this.
    """
    filings = [filing for filing in read.filings if filing.accession_number not in without]
    if not filings:
        return []
    documents = {one.accession_number: document for one in filings}
    if len(filings) < len(read.filings):
        is_meant = pl.col("accession_number").is_in(list(documents))
        return batch.arranged(
            filings, documents, read.given().filter(is_meant), read.oddities.filter(is_meant), timed=False
        )
    return batch.arranged(filings, documents, read.given(), read.oddities, timed=False)


def _unreadable(read: DataSet, document: str, without: Collection[str]) -> list[Unreadable]:
    """The filings of a data set that cannot be read, and are not here in a better way."""
    return [
        Unreadable(
            header.accession_number or "", header.cik or "", message, document, header.name, header.form_type,
            header.period, header.filing_date,
        )
        for header, message in read.refused if header.accession_number not in without
    ]  # fmt: skip


def _told_of(unreadable: list[Unreadable]) -> str | None:
    if not unreadable:
        return None
    return f"{len(unreadable)} of its filings cannot be read: {unreadable[0].message}; `thirteenf filings` lists them."


def _progress(name: str, tell: Callable[[str], None]) -> Callable[[int], None]:
    """Told rows read, tell of each million."""
    told = 0

    def progress(rows: int) -> None:
        nonlocal told
        if rows - told >= _A_MILLION // 4:
            told = rows
            tell(f"{name}: {rows:,} rows read")

    return progress
