"""The SEC's Form 13F data sets: all filings of a filing window in one zip of tab-separated tables.

    windows   which data sets there are, and the days that each is of
    members   the zip
    tsv       the tables' text
    covers    what is said of each filing
    rows      the table of all holdings

A data set has the words of each filing but no header: the acceptance time is not known, nor the order of filings within
a day (amendments.order). Rows of one filing are numbered by the data set's own key.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from thirteenf import form13f
from thirteenf.datasets import covers, rows
from thirteenf.datasets.members import opened
from thirteenf.errors import MalformedFilingError
from thirteenf.tables import ODDITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from thirteenf.filing import Filing
    from thirteenf.form13f import Header
    from thirteenf.form13f.cover import Cover

__all__ = ["DataSet", "Refused", "listed", "opened", "read"]

_FOUND = ("accession_number", "row", "code", "message")


class Refused(NamedTuple):
    """A filing of a data set that cannot be read, and why."""

    header: Header
    message: str


@dataclass
class DataSet:
    """All that a data set holds.

    `rows` are those of `filings`, as rows.Rows has them; `oddities` have accession_number, row, code, message.
    """

    filings: list[Filing]
    rows: pl.DataFrame
    oddities: pl.DataFrame
    refused: list[Refused]

    def given(self) -> pl.DataFrame:
        """The rows, given away: held on to beside what is made of them, they would be a quarter of the memory."""
        rows, self.rows = self.rows, self.rows.clear()
        return rows


def read(path: Path, what: str, progress: Callable[[int], None] = lambda _: None) -> DataSet:
    """Read a data set.

    Args:
        path: the zip.
        what: how to call it in messages.
        progress: told how many rows have been read so far.

    Raises:
        MalformedFilingError: if it is no Form 13F data set, damaged, or holds no filing.
    """
    with opened(path, what) as members, ThreadPoolExecutor(1) as beside:  # polars leaves the interpreter free
        pages = beside.submit(lambda: list(covers.read(members)))
        table = rows.read(members, progress)
        listed = pages.result()
    if not listed:
        raise MalformedFilingError(f"{what} lists no filing.", "Get it again from the SEC's page of data sets.")
    sums = _sums(table.rows)
    filings: dict[str, Filing] = {}
    refused: list[Refused] = []
    odd: list[tuple[str, int | None, str, str]] = []
    for header, page in listed:
        number = header.accession_number or ""
        try:
            filings[number] = _filing(header, page, table, sums.get(number), odd)
        except MalformedFilingError as error:
            refused.append(Refused(header, error.message))
    named = {header.accession_number for header, _ in listed}
    strays = sorted(number for number in (*sums, *table.unreadable) if number not in named)
    refused += [Refused(form13f.Header(number), f"{what} has rows of {number}, and no cover") for number in strays]
    told = pl.DataFrame(odd, schema=ODDITIES.schema(_FOUND), orient="row")
    return DataSet(list(filings.values()), *_of(filings, table, told), refused)


def listed(path: Path, what: str) -> dict[str, str]:
    """The filings that a data set names, by accession number, each with its filer's CIK; rows are not looked at.

    Raises:
        MalformedFilingError: if it is no Form 13F data set, or damaged where they stand.
    """
    with opened(path, what) as members:
        return {header.accession_number or "": header.cik or "" for header, _ in covers.read(members)}


def _of(filings: dict[str, Filing], table: rows.Rows, odd: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and oddities of the filings that count."""
    found = pl.concat([odd, table.oddities.cast(dict(odd.schema))])  # type: ignore[arg-type]
    if not table.rows["accession_number"].is_in(list(filings)).all():
        kept = pl.col("accession_number").is_in(list(filings))
        return table.rows.filter(kept), found.filter(kept)
    return table.rows, found


def _sums(table: pl.DataFrame) -> dict[str, tuple[int, float, float]]:
    """Rows of each filing, and the sizes of values and amounts added up."""
    sums = table.group_by("accession_number").agg(
        pl.len(), *(pl.col(name).cast(pl.Float64).abs().sum() for name in ("value", "amount"))
    )
    return {str(number): (count, value, amount) for number, count, value, amount in sums.iter_rows()}


def _filing(
    header: Header,
    page: Cover,
    table: rows.Rows,
    sums: tuple[int, float, float] | None,
    odd: list[tuple[str, int | None, str, str]],
) -> Filing:
    number = header.accession_number or ""
    if number in table.unreadable:
        raise MalformedFilingError(f"{number}: {table.unreadable[number]}.")
    if not page.manager:
        raise MalformedFilingError(f"{number} names no filing manager.")
    count, value, amount = sums or (0, 0.0, 0.0)
    filing, found = form13f.assembled(
        page, header, number, rows=count, sums={"value": value, "amount": amount}, has_table=bool(count)
    )
    odd += [(number, one.row, one.code, one.message) for one in found]
    return filing
