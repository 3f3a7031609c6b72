"""Which filings are refused until their user confirms them: what cannot well be true.

Worked out at read, from the filings known on a day and what the user has accepted (rule R9): never from the order in
which they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.filing import NEW_HOLDINGS, NOTICE
from thirteenf.units import FACTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

THOUSANDFOLD = 500
"""How many times a total must move for the filing to be refused: a thousand, less what a quarter's trading makes of
it. Totals in the wrong unit are a thousandfold off."""
FEWEST_ROWS = 0.5
"""Share of the rows that its cover counts which a table must have."""
_FIRST = "other-than-listed"
CODES = {
    _FIRST: "its cover names another manager or period than EDGAR's listing",
    "rows-missing": "its table has fewer than half of the rows that its cover counts",
    "total-thousandfold": "its total is a thousand times, or a thousandth of, the report's before",
}


@dataclass(frozen=True)
class Refusal:
    """Why a filing is refused: a code of CODES, and the figures."""

    accession_number: str
    code: str
    message: str

    @property
    def hint(self) -> str:
        """What to do about it."""
        return f"If it is right all the same: thirteenf refresh --accept {self.accession_number}"


def suspects(filings: pl.DataFrame) -> pl.DataFrame:
    """The managers that might have a refused filing, quickly and for all at once.

    Args:
        filings: rows of tables.FILINGS.

    Returns:
        Their rows; all of one manager's, or none.
    """
    units = ("own_unit", "value_unit")
    factors = [pl.col(unit).replace_strict(FACTOR, default=1, return_dtype=pl.Float64) for unit in units]
    totals = [pl.when(pl.col("value_sum") > 0).then(pl.col("value_sum") * factor) for factor in factors]
    listed_otherwise = pl.col("listed_cik").is_not_null() | pl.col("listed_period").is_not_null()
    moved = pl.max_horizontal(totals).max() >= THOUSANDFOLD * pl.min_horizontal(totals).min()
    doubtful = (listed_otherwise | _too_few_rows()).any() | moved
    found = filings.group_by("cik").agg(doubtful=doubtful.fill_null(value=False)).filter("doubtful")
    return filings.join(found, on="cik", how="semi", maintain_order="left")


def _too_few_rows() -> pl.Expr:
    return (pl.col("row_count") < FEWEST_ROWS * pl.col("table_entry_total")).fill_null(value=False)


def refused(
    filings: Iterable[Mapping[str, Any]], accepted: Collection[str], order: Callable[[Mapping[str, Any]], Any]
) -> dict[str, Refusal]:
    """The refused ones among one manager's filings.

    Args:
        filings: rows of tables.FILINGS, all of one manager that are known on a day, units settled as of that day.
        accepted: accession numbers that the user has confirmed.
        order: by which filings of one period follow each other (amendments.order).

    Returns:
        By accession number. A refused filing is no measure for those after it.
    """
    found: dict[str, Refusal] = {}
    total_before = 0
    for filing in sorted(filings, key=lambda one: (one["period"], order(one))):
        if filing["report_type"] == NOTICE:
            continue
        total = filing["value_sum"] * FACTOR[filing["value_unit"]]
        adds = filing["is_amendment"] and filing["amendment_type"] == NEW_HOLDINGS
        verdict = _intrinsic(filing) or _of_total(filing, total, total_before, adds=adds)
        if verdict and filing["accession_number"] not in accepted:
            found[filing["accession_number"]] = verdict
        elif total and not adds:
            total_before = total
    return found


def _intrinsic(filing: Mapping[str, Any]) -> Refusal | None:
    """What a filing and its listing alone show."""
    accession = filing["accession_number"]
    if filing["listed_cik"] or filing["listed_period"]:
        listed = ", ".join(str(part) for part in (filing["listed_cik"], filing["listed_period"]) if part)
        said = f"{filing['cover_cik'] or filing['cik']}, {filing['cover_period'] or filing['period']}"
        return Refusal(accession, _FIRST, f"{CODES[_FIRST]}: listed as {listed}; it says {said}")
    counted, rows = filing["table_entry_total"], filing["row_count"]
    if counted is not None and rows < FEWEST_ROWS * counted:
        return Refusal(accession, "rows-missing", f"{CODES['rows-missing']}: {rows:,} of {counted:,}")
    return None


def _of_total(filing: Mapping[str, Any], total: int, before: int, *, adds: bool) -> Refusal | None:
    """What the total shows beside the report's before. An empty book is no measure, and may well be true."""
    if not total or not before:
        return None
    if total < THOUSANDFOLD * before and (adds or before < THOUSANDFOLD * total):
        return None
    code = "total-thousandfold"
    return Refusal(filing["accession_number"], code, f"{CODES[code]}: ${before:,} and now ${total:,}")
