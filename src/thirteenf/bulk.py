"""A data set on its way into the tables: thousands of filings of a window at once.

Of a filing's copies one that can be read counts before one that cannot. Then one that is here by itself does, since it
has its acceptance time, and then the one of the latest set (rule R9: whatever came first).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import batch, datasets, windows
from thirteenf.errors import MalformedFilingError
from thirteenf.tabled import DATA_SETS, Tabled, Unreadable

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
        What became of it: columns of tables.INGESTED but bytes; and `unreadable`, how many filings count as that.

    Raises:
        StoreError: if the disk refuses; the tables are then as before, or as after.
    """
    first, last = windows.window(name) or (None, None)
    row: dict[str, Any] = {"name": name, "first": first, "last": last, "outcome": "unchanged", "filings": 0, "rows": 0,
                           "skipped": 0, "message": None, "unreadable": 0}  # fmt: skip
    document = DATA_SETS + name
    readable, others = (_documents(table) for table in (store.filings(), store.unreadable()))
    if document in store.was_read() or document in readable.values():  # of a run that was killed only the latter
        store.note_read([document])
        return row | {"skipped": _readable(archive, name, readable, others)}
    try:
        read = datasets.read(archive.data_set(name), name, _progress(name, tell))
    except MalformedFilingError as error:
        return row | {"outcome": "refused", "filings": None, "rows": None, "skipped": None,
                      "message": f"{error.message} {error.hint}".strip()}  # fmt: skip
    better = {number for number, other in readable.items() if ranked(other) > ranked(document)}
    no_worse = {*readable, *(number for number, other in others.items() if ranked(other) > ranked(document))}
    tell(f"writing {name}")
    count = len(read.filings)  # before they are given away
    unreadable = _unreadable(read, document, no_worse)
    taken = tabled(read, document, better)
    store.add(taken, unreadable, settles=False)
    store.note_read([document])
    added = sum(part.filings.height for part in taken)
    return row | {
        "outcome": "added" if added else "unchanged", "filings": added, "rows": sum(part.rows.height for part in taken),
        "skipped": count - added, "message": _told_of(unreadable), "unreadable": len(unreadable),
    }  # fmt: skip


def ranked(document: str) -> tuple[bool, str, tuple[int, str], str]:
    """How good a way a filing has come in, by where its bytes lie: by itself before any set, a later set before one.

    Of copies that can be read, or of those that cannot, the highest counts.
    """
    name = document.removeprefix(DATA_SETS)
    covered = windows.window(name)
    is_by_itself = not document.startswith(DATA_SETS)
    return is_by_itself, str(covered[1]) if covered else "", (0, "") if is_by_itself else windows.upload(name), name


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


def _readable(archive: Archive, name: str, readable: Collection[str], others: Collection[str]) -> int:
    """How many filings of a set that was read are in the tables, as they are in it or in a better way."""
    try:
        numbers = set(datasets.listed(archive.data_set(name), name))
    except MalformedFilingError:  # damaged since: `cache check` tells
        return 0
    return len(numbers & set(readable) - set(others))


def _documents(table: pl.DataFrame) -> dict[str, str]:
    """Where the bytes of each filing of a table lie, by accession number."""
    return dict(table.select("accession_number", "document").iter_rows())


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
    which = "1 of its filings" if len(unreadable) == 1 else f"{len(unreadable):,} of its filings"
    first = unreadable[0].message.rstrip(".")
    return (
        f"{which} cannot be read: {first}. `thirteenf verify` lists them, and `thirteenf filings --json` under refused."
    )


def _progress(name: str, tell: Callable[[str], None]) -> Callable[[int], None]:
    """Told rows read, tell of each million."""
    told = 0

    def progress(rows: int) -> None:
        nonlocal told
        if rows - told >= _A_MILLION // 4:
            told = rows
            tell(f"{name}: {rows:,} rows read")

    return progress
