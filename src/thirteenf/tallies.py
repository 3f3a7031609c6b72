"""Moves of some securities added up: by security, by manager, and in all; stock, principal, calls and puts apart (R3).

By trade effect: what prices did stands beside it. A row whose change is not known is counted, and its manager named;
it is in no sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.tables import TALLIES, is_stock
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from thirteenf.baskets import Outstanding

_AMOUNTS = ("amount_before_adjusted", "amount", "amount_change")
_DOLLARS = ("value_before", "value", "value_change", "trade_effect", "price_effect")
_GROUPS = (("label",), ("cik", "manager"), ("cik", "manager", "label"), ())
_NEAR = 100
"""Days between a count of shares outstanding and the day that it is used for: next to each other, quarters are."""


def labelled(moves: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """The moves of some securities, each with the name that it goes by (`label`), in the order of these names.

    Args:
        moves: rows of tables.MOVES.
        labels: the name of each CUSIP, of either day.
    """
    mapped = [pl.col(name).replace_strict(labels, default=None, return_dtype=pl.String) for name in _NUMBERS]
    places = {label: place for place, label in enumerate(dict.fromkeys(labels.values()))}
    place = pl.col("label").replace_strict(places, default=None, return_dtype=pl.Int64)
    named = moves.with_columns(label=pl.coalesce(mapped)).filter(pl.col("label").is_not_null())
    return named.sort(place, maintain_order=True)


_NUMBERS = ("cusip", "cusip_before")


def book() -> pl.Expr:
    """Which of a basket's books a row is in; none is ever added to another (R3)."""
    return (
        pl.when(pl.col("put_call") == "Call").then(pl.lit("calls"))
        .when(pl.col("put_call") == "Put").then(pl.lit("puts"))
        .when(is_stock()).then(pl.lit("stock")).otherwise(pl.lit("principal"))
    )  # fmt: skip


def book_place() -> pl.Expr:
    """The order in which books are told."""
    return pl.col("book").replace_strict({"stock": 0, "principal": 1, "calls": 2, "puts": 3}, return_dtype=pl.Int64)


def tally(rows: pl.DataFrame, *, alike: bool = True) -> pl.DataFrame:
    """Moves added up: by security, by manager, by both, and all of them; a row for each book.

    Args:
        rows: moves with their `label` (labelled).
        alike: whether all are of the same two quarters; otherwise nothing is added up over managers.

    Returns:
        Rows of tables.TALLIES: what is added up over securities has no `label`, over managers no `cik`. Amounts are
        added up where all rows of it are one CUSIP's.
    """
    if rows.is_empty():
        return TALLIES.schema().to_frame()
    known = (pl.col("change") != "unknown") & pl.col("trade_effect").is_not_null()
    rows = rows.with_columns(book=book(), known=known)
    parts = [_added(rows, group, sums=alike or "cik" in group) for group in _GROUPS]
    order = {name: place for place, name in enumerate(dict.fromkeys([*rows["label"]]))}
    place = pl.col("label").replace_strict(order, default=None, return_dtype=pl.Int64)
    return (
        pl.concat([TALLIES.schema().to_frame(), *parts])
        .sort(pl.col("cik").is_not_null(), "manager", "cik", place, book_place(), nulls_last=True, maintain_order=True)
    )  # fmt: skip


def _added(rows: pl.DataFrame, group: tuple[str, ...], *, sums: bool) -> pl.DataFrame:
    is_one = pl.col("cusip").n_unique() == 1
    in_sum = pl.lit(sums) & pl.col("known").any()
    told = rows.group_by(*group, "book", maintain_order=True).agg(
        pl.col("cik").n_unique().cast(pl.Int64).alias("managers"),
        *(
            pl.when(in_sum & (is_one if name in _AMOUNTS else pl.lit(value=True)))
            .then(pl.col(name).filter("known").sum()).alias(name)
            for name in (*_AMOUNTS, *_DOLLARS)
        ),
        *((pl.col("change") == change).sum().cast(pl.Int64).alias(change) for change in CHANGES),
        pl.col("cik").filter(~pl.col("known")).unique(maintain_order=True).alias("not_summed"),
    )  # fmt: skip
    missing = {name: pl.lit(None, kind) for name, kind in TALLIES.schema().items() if name not in told.columns}
    return told.with_columns(**missing).select(TALLIES.names).cast(dict(TALLIES.schema()))  # type: ignore[arg-type]


def left_over(
    rows: pl.DataFrame,
    known: Iterable[tuple[str, Outstanding | None]],
    day: date,
    split: Mapping[str, Iterable[tuple[date, date]]],
    as_of: date | None = None,
) -> list[dict[str, Any]]:
    """Shares outstanding less what the managers here hold, where somebody has said how many there are.

    Args:
        rows: moves with their `label`, of all managers that are to count.
        known: of each security what is known of its shares.
        day: the period's last day.
        split: of each security the quarters (last day before, last day) in which its shares were split.
        as_of: what is of a later day is not known.

    Returns:
        For each security of which it is known: label, date, shares, source, held, left, and `message`: why there is
        no figure, where there is none.
    """
    told = []
    for label, one in known:
        if one is None:
            continue
        of = rows.filter(
            is_stock() & (pl.col("label") == label) & (pl.col("amount").is_null() | (pl.col("amount") > 0))
        )
        held = None if of["amount"].has_nulls() else int(of["amount"].sum())
        first, last = sorted((one.date, day))
        was_split = any(before < last and first < after for before, after in split.get(label, ()))
        message = (
            "that day is not known yet" if as_of and one.date > as_of
            else f"more than {_NEAR} days from {day}" if (last - first).days > _NEAR
            else f"shares were split between then and {day}, or may have been" if was_split and first != last
            else "what is held is not known of every manager" if held is None
            else "the managers report more than that" if held > one.shares
            else None
        )  # fmt: skip
        left = None if message or held is None else one.shares - held
        told.append({"label": label, "date": one.date, "shares": one.shares, "source": one.source, "held": held,
                     "left": left, "message": message})  # fmt: skip
    return told
