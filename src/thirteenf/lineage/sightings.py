"""What fails-to-deliver files say was done to a security: one symbol under two CUSIPs, a price that jumps by a ratio.

Symbols are used again by others, and prices fall by half on bad news: so the names must go together, the prices must
fit a simple ratio, and a jump in price alone is never more than possible. The files' own marks, XXXX for a CUSIP that
was retired and ZZZZ for one to come, are evidence of another kind than symbols and prices.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import periods
from thirteenf.lineage import ratios
from thirteenf.lineage.sides import first_word
from thirteenf.tables import LINEAGE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_SOON, _MARKED_SOON = 10, 60
"""Days between the last sight of one CUSIP and the first of the other; more where the files mark them."""
_EQUAL = 0.12
"""How far a price may move from the last sight of one CUSIP to the first of the other."""
_JUMPED = 0.04
_LEAST_JUMP = 1.9
_HALF_CENT = 50
_OVERNIGHT = timedelta(days=7)
_PLACES = 10_000
_ORDER = ("first", "last", "symbol", "mark", "first_price", "last_price", "issuer")
"""Of one security's sightings; two of one day, such as one under a mark and one without, have an order too."""


def told(sightings: pl.DataFrame) -> pl.DataFrame:
    """Actions that sightings speak of.

    Args:
        sightings: tables.SIGHTINGS, of all files known.

    Returns:
        tables.LINEAGE; changes of CUSIP are `confirmed` where the files mark them, else `likely`; those whose ratio
        prices do not tell for sure, and jumps in price, are `possible`.
    """
    rows = [*_changes(sightings), *_jumps(sightings)]
    return pl.DataFrame(rows, schema=LINEAGE.schema()).sort("period", "cusip_before", "cusip")


def _changes(sightings: pl.DataFrame) -> Iterable[dict[str, object]]:
    """One symbol under one CUSIP, and soon after under another."""
    plain, price = pl.col("mark") == "", pl.col("last_price").is_not_null()
    spans = sightings.sort(_ORDER).group_by("symbol", "cusip").agg(
        first=pl.coalesce(pl.col("first").filter(plain).min(), pl.col("first").min()),
        last=pl.coalesce(pl.col("last").filter(plain).max(), pl.col("last").max()),
        is_retired=(pl.col("mark") == "retired").any(), is_to_come=(pl.col("mark") == "to-come").any(),
        first_price=pl.col("first_price").filter(price).first(), last_price=pl.col("last_price").filter(price).last(),
        issuer=pl.col("issuer").last(),
    )  # fmt: skip
    spans = spans.filter(pl.len().over("symbol") > 1).sort("symbol", "first", "last", "cusip")
    following = spans.with_columns(
        *(pl.col(name).shift(-1).over("symbol").alias(f"{name}_next") for name in
          ("cusip", "first", "is_to_come", "first_price", "issuer"))
    ).filter(pl.col("cusip_next").is_not_null() & (pl.col("first_next") > pl.col("last")))  # fmt: skip
    word = {side: first_word(f"issuer{side}") for side in ("", "_next")}
    related = following.filter(
        (pl.col("cusip").str.head(6) == pl.col("cusip_next").str.head(6)) | (word[""] == word["_next"])
    )
    priced = related.filter(pl.col("last_price").is_not_null() & pl.col("first_price_next").is_not_null())
    priced = ratios.nearest(priced.with_columns(price=pl.col("last_price") / pl.col("first_price_next")), "price")
    for row in priced.iter_rows(named=True):
        is_marked = row["is_retired"] or row["is_to_come_next"]
        gap = (row["first_next"] - row["last"]).days
        if gap > (_MARKED_SOON if is_marked else _SOON):
            continue
        is_clear = _is_equal(row) or (row["is_to_come_next"] and _is_exact(row))
        certainty = "possible" if not is_clear else "confirmed" if is_marked else "likely"
        old = f"{row['cusip']} up to {row['last']} at {_dollars(row['last_price'])}"
        new = f"{row['cusip_next']} from {row['first_next']} at {_dollars(row['first_price_next'])}"
        evidence = [f"fails: {row['symbol']} is {old}, and {new}"]
        evidence += [f"mark: {row['cusip']} is marked retired"] if row["is_retired"] else []
        evidence += [f"mark: {row['cusip_next']} is marked as to come"] if row["is_to_come_next"] else []
        yield _row("cusip_change", row["cusip"], row["cusip_next"], row["first_next"], row, certainty, evidence)


def _jumps(sightings: pl.DataFrame) -> Iterable[dict[str, object]]:
    """A price that changes by a simple ratio from one sighting to the next, under one CUSIP and symbol."""
    ordered = sightings.sort("cusip", *_ORDER)
    before = {name: pl.col(name).shift().over("cusip") for name in ("last", "last_price", "symbol")}
    jumped = ordered.with_columns(**{f"{name}_before": expression for name, expression in before.items()}).filter(
        (pl.col("symbol") == pl.col("symbol_before"))
        & (pl.col("first") - pl.col("last_before") <= _OVERNIGHT)
        & (pl.col("first_price") > 0)
    )
    jumped = jumped.with_columns(price=pl.col("last_price_before") / pl.col("first_price"))
    jumped = ratios.nearest(
        jumped.filter((pl.col("price") >= _LEAST_JUMP) | (pl.col("price") <= 1 / _LEAST_JUMP)), "price"
    )
    for row in jumped.iter_rows(named=True):
        if abs(row["price"] * row["shares_before"] / row["shares"] - 1) <= _JUMPED:
            kind = "split" if row["shares"] > row["shares_before"] else "reverse_split"
            old = f"{_dollars(row['last_price_before'])} on {row['last_before']}"
            evidence = f"fails: {row['symbol']} went from {old} to {_dollars(row['first_price'])} on {row['first']}"
            yield _row(kind, row["cusip"], row["cusip"], row["first"], row, "possible", [evidence])


def _is_equal(row: dict[str, Any]) -> bool:
    """Whether the price went on, but for a few days' trading."""
    return bool(row["shares"] == row["shares_before"]) and abs(row["price"] - 1) <= _EQUAL


def _is_exact(row: dict[str, Any]) -> bool:
    """Whether one simple ratio, and no other, is between the two prices as far as cents tell.

    The first price of a CUSIP to come is the last of the old one times the ratio; later ones have been traded.
    """
    low, high = (row["first_price_next"] / (row["last_price"] + cent) for cent in (_HALF_CENT, -_HALF_CENT))
    return bool(high > 0) and sum(low <= 1 / ratio <= high for ratio in ratios.SIMPLE_BOTH_WAYS) == 1


def _row(
    kind: str, before: str, after: str, day: date, ratio: dict[str, int], certainty: str, evidence: list[str]
) -> dict[str, object]:
    period = periods.containing(day)
    return {
        "kind": kind, "against": periods.before(period), "period": period, "date": day, "cusip_before": before,
        "cusip": after, "shares_before": ratio["shares_before"], "shares": ratio["shares"], "certainty": certainty,
        "evidence": evidence,
    }  # fmt: skip


def _dollars(price: int) -> str:
    return f"${price / _PLACES:,.2f}"
