"""Filings as they stand in the tables: in which file of a period's folder each is, and what their rows come to.

Pure: `store` writes and reads what is laid out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from thirteenf.tables import FILERS, INFORMATION_TABLE, ODDITIES, POSITION_KEY, POSITIONS

if TYPE_CHECKING:
    from datetime import date

DATA_SETS = "datasets/"
"""Where the archive has data sets."""
PARTITIONED = {"information_table": INFORMATION_TABLE, "positions": POSITIONS, "oddities": ODDITIES}
"""The tables with a folder a period."""
OF_POSITIONS = (*POSITION_KEY, "accession_number")
"""What identifies a row of positions, and the order of rows."""


class Tabled(NamedTuple):
    """Filings of one period on their way into the tables.

    tables.FILINGS; tables.INFORMATION_TABLE and tables.ODDITIES by manager, accession number and row;
    tables.POSITIONS by security. Texts may be categories.
    """

    filings: pl.DataFrame
    rows: pl.DataFrame
    positions: pl.DataFrame
    oddities: pl.DataFrame


@dataclass(frozen=True)
class Unreadable:
    """A filing of the archive that cannot be read as a Form 13F, and why; columns of tables.UNREADABLE."""

    accession_number: str
    cik: str
    message: str
    document: str
    manager: str | None = None
    form_type: str | None = None
    period: date | None = None
    filing_date: date | None = None


def as_kept(tabled: Tabled) -> dict[str, pl.DataFrame]:
    """What some filings have in each partitioned table, by its name, before texts are texts."""
    as_filed = pl.col("cusip_as_filed")
    rows = tabled.rows.with_columns(pl.when(as_filed != pl.col("cusip")).then(as_filed).alias("cusip_as_filed"))
    return {"information_table": rows, "positions": tabled.positions, "oddities": tabled.oddities}


def part_of(document: str) -> str:
    """The file of a partition that a filing's rows are in, by where its bytes lie in the archive."""
    return document.removeprefix(DATA_SETS).removesuffix(".zip") if document.startswith(DATA_SETS) else "rows"


def is_of_set() -> pl.Expr:
    """Filings that came in a data set; of a table that says where their bytes lie."""
    return pl.col("document").str.starts_with(DATA_SETS)


def part_column() -> pl.Expr:
    """The same as `part_of`, of a table of filings."""
    of_set = pl.col("document").str.strip_prefix(DATA_SETS).str.strip_suffix(".zip")
    return pl.when(is_of_set()).then(of_set).otherwise(pl.lit("rows"))


def by_part(filings: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Filings by the file that their rows are in; those that came one by one first."""
    if filings.height == 1:  # as of most managers for most periods
        return [(part_of(filings["document"][0]), filings)]
    parts = filings.with_columns(part=part_column()).partition_by(
        "part", as_dict=True, include_key=False, maintain_order=True
    )
    return sorted(((str(part), frame) for (part,), frame in parts.items()), key=lambda one: one[0] != "rows")


def positions_of(rows: pl.DataFrame) -> pl.DataFrame:
    """What filings list of each security: rows as filed added up (rule R2).

    Args:
        rows: tables.INFORMATION_TABLE with each filing's period, by period; the rows of one filing in order. Texts may
            be categories.

    Returns:
        The columns of tables.POSITIONS and the period, by period and security; texts as enumerations.
    """
    names = (*OF_POSITIONS, "issuer", "title_of_class")
    kinds = {name: pl.Enum(rows[name].unique().cast(pl.String).sort()) for name in names}
    place, days = rows["period"].rle_id().cast(pl.UInt64), rows["period"].unique(maintain_order=True)
    codes = rows.lazy().select(place.alias("place"), "amount", "value", *(_code(n, kind) for n, kind in kinds.items()))
    key = pl.col("place")
    for name in OF_POSITIONS:  # one number for five texts is sorted and compared in a fraction of the time
        key = key * len(kinds[name].categories) + pl.col(name)
    ordered = codes.with_columns(place=key).drop(OF_POSITIONS).sort("place", maintain_order=True).collect()
    sums = _added_up(ordered)
    rest, texts = pl.col("place"), {}
    for name in reversed(OF_POSITIONS):
        texts[name] = (rest % len(kinds[name].categories)).cast(pl.UInt32)
        rest = rest // len(kinds[name].categories)
    decoded = sums.lazy().with_columns(**texts, period=rest)
    told = decoded.with_columns(pl.col(name).cast(pl.UInt32).cat.to(kind) for name, kind in kinds.items()).collect()
    return told.with_columns(days.gather(told["period"]).alias("period")).select("period", *POSITIONS.names)


def _added_up(ordered: pl.DataFrame) -> pl.DataFrame:
    """Rows of one place as one: amounts and values added up, of the rest the first; they follow each other."""
    place = ordered["place"]
    is_first = (place != place.shift(1)).fill_null(value=True)
    if is_first.all():
        return ordered.with_columns(rows=pl.lit(1, pl.Int64))
    # sums up to each one's last row, less those up to the one before: no group is made
    is_last = (place != place.shift(-1)).fill_null(value=True)
    ends = ordered.select(
        pl.col("amount", "value").cum_sum(), rows=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    ).filter(is_last)  # fmt: skip
    sums = ends.select(pl.all() - pl.all().shift(1, fill_value=0))
    return ordered.filter(is_first).with_columns(sums)


def _code(name: str, kind: pl.Enum) -> pl.Expr:
    """The place of a text in the order of all texts of its column."""
    return pl.col(name).cast(kind).to_physical().cast(pl.UInt64).alias(name)


def managers_of(filings: pl.DataFrame) -> pl.DataFrame:
    """The managers of some filings, columns of tables.FILERS: by the newest that each has filed."""
    newest = filings.sort("cik", "filing_date", "accession_number")
    return (
        newest.group_by("cik", maintain_order=True)
        .agg(
            pl.col("manager").last(), pl.col("form13f_file_number").drop_nulls().last(),
            filings=pl.len().cast(pl.Int64), first_period=pl.col("period").min(), latest_period=pl.col("period").max(),
        )
        .select(FILERS.names)
    )  # fmt: skip
