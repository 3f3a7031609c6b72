"""Stock, calls and puts of each issuer beside each other: what is listed, and nothing that the form does not say.

The form has the notional of the underlying, neither premium nor strike nor the short side: an option's value is no
money at risk, and a put may cover stock that is listed, or is not (rule R3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf.tables import STANCES, is_option, is_stock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BOOKS: dict[str, Callable[[], pl.Expr]] = {
    "stock": is_stock,
    "calls": lambda: pl.col("put_call") == "Call",
    "puts": lambda: pl.col("put_call") == "Put",
}
_OF_ONE = ("cik", "manager", "period", "against")
_SIDES = ("_before", "")


def stances(moves: pl.DataFrame, among: Sequence[str] | None = None) -> pl.DataFrame:
    """The stance on each issuer of whom options are listed on either side.

    Args:
        moves: rows of tables.MOVES, all of each manager.
        among: CUSIPs; only issuers of these are told.

    Returns:
        Rows of tables.STANCES, the largest notional first.
    """
    if not (moves["put_call"] != "").any():
        return STANCES.schema().to_frame()
    number = pl.col("cusip").str.head(6)
    rows = moves.with_columns(issuer_number=number)
    keys = (*_OF_ONE, "issuer_number")
    rows = rows.join(rows.filter(is_option()).select(keys).unique(), on=keys, how="semi", maintain_order="left")
    if among is not None:
        rows = rows.filter(pl.col("issuer_number").is_in([one[:6] for one in among]))
    told = rows.group_by(keys, maintain_order=True).agg(
        pl.col("issuer").first(),
        pl.col("ticker").drop_nulls().unique(maintain_order=True).alias("tickers"),
        *(_sum(book, "amount", side) for book in _BOOKS for side in _SIDES),
        *(_sum(book, "value", side) for book in _BOOKS for side in _SIDES),
        *(pl.col(f"amount{side}").is_null().any().alias(f"unknown{side}") for side in _SIDES),
    )
    told = told.with_columns(_stance(side).alias(f"stance{side}") for side in _SIDES)
    notional = pl.max_horizontal(f"{book}_value{side}" for book in ("calls", "puts") for side in _SIDES)
    return told.sort(notional, descending=True, nulls_last=True, maintain_order=True).select(STANCES.names)


def _sum(book: str, what: str, side: str) -> pl.Expr:
    """A book's amounts or values of one side; amounts only where they are of one class."""
    of_book = pl.col(f"{what}{side}").filter(_BOOKS[book]())
    several = (pl.col("cusip").filter(_BOOKS[book]() & (pl.col(f"amount{side}") != 0)).n_unique() > 1) & (
        what == "amount"
    )
    return pl.when(~(of_book.has_nulls() | several)).then(of_book.sum()).alias(f"{book}_{what}{side}")


def _stance(side: str) -> pl.Expr:
    """A word of vocabulary.STANCES."""
    held = {book: pl.col(f"{book}_value{side}") > 0 for book in _BOOKS}
    words = pl.concat_list(pl.when(is_held).then(pl.lit(book)) for book, is_held in held.items()).list.drop_nulls()
    joined = (
        pl.when(words.list.len() == len(_BOOKS))
        .then(pl.lit("stock, calls and puts"))
        .otherwise(words.list.join(" and "))
    )
    told = pl.when(pl.col(f"unknown{side}")).then(pl.lit("unknown")).when(words.list.len() == 0).then(pl.lit("none"))
    return told.otherwise(joined)
