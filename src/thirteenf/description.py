"""What a CUSIP is, in all that is known of it: its kind, symbols, names, company, and whether it must be reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import cusip as cusips
from thirteenf import securities
from thirteenf.lineage import following

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thirteenf.catalog import Catalog


def described(
    catalog: Catalog, numbers: Sequence[str], seen: pl.DataFrame, day: date, as_of: date | None
) -> list[dict[str, Any]]:
    """What is known of some CUSIPs, a record each, for reports.

    Args:
        catalog: what is known.
        numbers: CUSIPs.
        seen: where they stand in filings: cusip, period, issuer, title_of_class.
        day: the day that symbols are wanted for.
        as_of: the day that all must be known on.
    """
    known, listed = catalog.securities(as_of), catalog.listed(as_of)
    symbols = securities.with_tickers(pl.DataFrame({"cusip": numbers}), known, day)
    every = pl.concat([known["cusip"], seen["cusip"], listed["cusip"]])
    companies, told = catalog.companies(as_of), []
    for row in symbols.iter_rows(named=True):
        number = row["cusip"]
        rows, mine = seen.filter(pl.col("cusip") == number), known.filter(pl.col("cusip") == number)
        on_list = listed.filter(pl.col("cusip") == number).sort("quarter").tail(1).to_dicts()
        names = sorted({*rows["issuer"], *mine["issuer"]} - {""})
        told.append({
            **row, "kind": cusips.kind(number), "is_foreign": number[:1].isalpha(),
            "underlying": found[0] if len(found := following.underlyings(number, every)) == 1 else None,
            "company": securities.company(row["ticker"], names, companies),
            "symbols": mine.drop_nulls("ticker").sort("first", nulls_last=False).select(
                "ticker", "first", "last", "ticker_source").to_dicts(),
            "names_as_filed": rows["issuer"].unique().sort().to_list(),
            "titles_as_filed": rows["title_of_class"].unique().sort().to_list(),
            "names_of_the_sec": sorted({*mine["issuer"], *(one["issuer"] for one in on_list)} - {""}),
            "listed": on_list[0] if on_list else None,
            "first_period": rows["period"].min(), "last_period": rows["period"].max(),
        })  # fmt: skip
    return told
