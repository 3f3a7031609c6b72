"""Which managers' books of two quarters are one book: by notices, by who reports for whom, by who took over.

Where the way of reporting changes between the two quarters, shares move from one manager's report to another's without
a trade. Those managers are compared together, as one book, so that what leaves one report and comes up in the other is
neither sold nor bought. Ties are read off filings alone: whom a notice or a combination report leaves holdings to, whom
a summary page includes, a 13F file number under which one CIK files no more and another for the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

WHOLE = ("holdings", "empty")
"""The states of a book that can be compared."""
_EDGES = {"cik": pl.String, "other": pl.String}


class Ties(NamedTuple):
    """Pairs of managers tied to each other, and what each side's reports say of whom they leave holdings to.

    `edges`: cik, other. `covered`: cik, side; managers without a report of that side which another's report covers.
    `leaves`: cik, side, other; null where a manager that is named is not here, or may be several.
    """

    edges: pl.DataFrame
    covered: pl.DataFrame
    leaves: pl.DataFrame


def between(before: pl.DataFrame, after: pl.DataFrame, first: Iterable[str]) -> Ties:
    """The ties between managers whose way of reporting is not the same for two quarters.

    Args:
        before: filings in force for the earlier quarter: cik, state (tables.STANDING), manager, form13f_file_number,
            other_managers, other_included_managers (or null, where nobody is named).
        after: the same for the later quarter.
        first: CIKs that reported for the first time for the later quarter.
    """
    sides = pl.concat([before.with_columns(side=pl.lit("before")), after.with_columns(side=pl.lit("after"))])
    known = sides.select("cik", "manager", "form13f_file_number").unique()
    leaves = _leaves(sides, known)
    included = _named(sides, "other_included_managers", known).drop_nulls("other").unique()
    reporting = sides.filter(pl.col("state") != "notice").select("cik", "side").unique()
    covered = (
        included.join(reporting, left_on=["other", "side"], right_on=["cik", "side"], how="anti")
        .join(reporting.select("cik").unique(), left_on="other", right_on="cik", how="semi")
    )  # fmt: skip
    taken_over = _taken_over(before, after, list(first))
    edges = pl.concat([_changed(sides, leaves), covered.select("cik", "other"), taken_over.select("cik", "other")])
    gone = [covered.select("side", cik="other"), taken_over.select(pl.lit("after").alias("side"), cik="other")]
    edges = edges.filter(pl.col("cik") != pl.col("other")).unique().sort("cik", "other")
    return Ties(edges, pl.concat(gone).select("cik", "side").unique(), leaves)


def groups(edges: pl.DataFrame) -> dict[str, str]:
    """Each tied manager's group, named for the first of its CIKs."""
    parent: dict[str, str] = {}

    def root(cik: str) -> str:
        while parent.setdefault(cik, cik) != cik:
            cik = parent[cik]
        return cik

    for one, other in edges.iter_rows():
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {cik: root(cik) for cik in sorted(parent)}


def _leaves(sides: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Whom reports leave holdings to: cik, side, other; a notice that names nobody, to those who include it."""
    named = _named(sides, "other_managers", known)
    silent = sides.filter((pl.col("state") == "notice") & (pl.col("other_managers").list.len().fill_null(0) == 0))
    including = _named(sides, "other_included_managers", known).drop_nulls("other")
    by_others = silent.select("cik", "side").join(
        including.select("side", cik="other", other="cik"), on=["cik", "side"], how="left"
    )
    return pl.concat([named, by_others.select(named.columns)]).unique()


def _named(sides: pl.DataFrame, column: str, known: pl.DataFrame) -> pl.DataFrame:
    """The managers that reports name, by CIK, 13F file number or, without a CIK, name: cik, side, other or null."""
    each = sides.select("cik", "side", one=column).explode("one").drop_nulls("one").select(
        "cik", "side", *(pl.col("one").struct.field(field).alias(f"named_{field}")
                         for field in ("cik", "form13f_file_number", "name"))
    ).with_row_index("place")  # fmt: skip
    ciks = known.select(named_cik="cik", by_cik="cik").unique()
    numbers = _only(known.select(named_form13f_file_number="form13f_file_number", by_number="cik"))
    names = _only(known.select(named=pl.col("manager").str.to_uppercase(), by_name="cik"))
    found = (
        each.with_columns(named=pl.col("named_name").str.to_uppercase())
        .join(ciks, on="named_cik", how="left")
        .join(numbers, on="named_form13f_file_number", how="left")
        .join(names, on="named", how="left")
    )
    by_name = pl.when(pl.col("named_cik").is_null()).then("by_name")
    found = found.with_columns(other=pl.coalesce("by_cik", "by_number", by_name))
    return found.select("cik", "side", "other").filter((pl.col("cik") != pl.col("other")).fill_null(value=True))


def _only(pairs: pl.DataFrame) -> pl.DataFrame:
    """Those of some pairs whose first part is of one manager only."""
    key = pairs.columns[0]
    return pairs.unique().filter(pl.col(key).is_not_null() & (pl.len().over(key) == 1))


def _changed(sides: pl.DataFrame, leaves: pl.DataFrame) -> pl.DataFrame:
    """Managers who filed for both quarters and leave holdings to others than before, with all whom they name."""
    both = sides.select("cik", "side").unique().filter(pl.len().over("cik") == 2).select("cik").unique()  # noqa: PLR2004
    told = leaves.drop_nulls("other").join(both, on="cik", how="semi")
    moved = told.filter(pl.len().over("cik", "other") == 1).select("cik").unique()
    return told.join(moved, on="cik", how="semi").select("cik", "other").cast(_EDGES)  # type: ignore[arg-type]


def _taken_over(before: pl.DataFrame, after: pl.DataFrame, first: list[str]) -> pl.DataFrame:
    """CIKs that report for the first time under the 13F file number of another that files no more: cik, other."""
    new = after.filter(pl.col("cik").is_in(first)).select("cik", "form13f_file_number").drop_nulls().unique()
    gone = before.join(after, on="cik", how="anti").select("form13f_file_number", other="cik").drop_nulls().unique()
    return new.join(gone, on="form13f_file_number").select("cik", "other")
