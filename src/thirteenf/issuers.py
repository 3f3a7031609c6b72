"""Positions and moves added up by issuer, for those who ask: what was added up stands in the row, CUSIP by CUSIP.

An issuer is the first six characters of its CUSIPs, not a name. Shares of several classes are no one amount, so values
are added up and amounts are not. Puts, calls and principal stay apart from shares (rule R3).
"""

from __future__ import annotations

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.tables import ISSUER_HOLDINGS, ISSUER_MOVES

_KEY = ["cik", "manager", "period", "issuer_number", "put_call", "amount_type"]
_SHARED = ("new", "exited", "unchanged")


def holdings(positions: pl.DataFrame) -> pl.DataFrame:
    """Positions (tables.HOLDINGS) by issuer (tables.ISSUER_HOLDINGS), in the order of their values."""
    told = _grouped(positions, _KEY, ["value", "weight"])
    return told.sort("cik", "value", descending=[False, True], maintain_order=True).select(ISSUER_HOLDINGS.names)


def moves(every: pl.DataFrame) -> pl.DataFrame:
    """Moves (tables.MOVES) by issuer (tables.ISSUER_MOVES), in the order of the moves.

    The change is what all its rows share, else `added` or `reduced` by what was traded in dollars, or, of one period
    known on two days, by what was listed; `unknown` if one of them is.
    """
    sums = ["value_before", "value", "value_change", "weight_before", "weight", "weight_change", "trade_effect",
            "price_effect"]  # fmt: skip
    traded, all_of = pl.coalesce("trade_effect", "value_change").fill_null(0), pl.col("changes").list
    words = [pl.when(all_of.contains("unknown")).then(pl.lit("unknown"))]
    words += [pl.when(all_of.unique().list.join(",") == word).then(pl.lit(word)) for word in _SHARED]
    words += [pl.when(traded > 0).then(pl.lit("added")), pl.when(traded < 0).then(pl.lit("reduced"))]
    summed = _grouped(every, [*_KEY, "against"], sums, changes=pl.col("change"))
    return summed.with_columns(change=pl.coalesce(*words, pl.lit("unchanged"))).select(ISSUER_MOVES.names)


def _grouped(rows: pl.DataFrame, key: list[str], sums: list[str], **more: pl.Expr) -> pl.DataFrame:
    """Rows by issuer: sums that are null if one of theirs is not known, and which CUSIPs they are of."""
    # what is no CUSIP tells no issuer: such a number stands for itself
    odd = [number for number in rows["cusip"].unique() if cusips.kind(number) in ("placeholder", "damaged")]
    number = pl.when(pl.col("cusip").is_in(odd)).then("cusip").otherwise(pl.col("cusip").str.head(6))
    numbered = rows.with_columns(issuer_number=number)
    return numbered.group_by(key, maintain_order=True).agg(
        pl.col("issuer").first(), pl.col("cusip").alias("cusips"), pl.col("ticker").drop_nulls().alias("tickers"),
        *(pl.when(~pl.col(name).has_nulls()).then(pl.col(name).sum()).alias(name) for name in sums),
        **more,
    )  # fmt: skip
