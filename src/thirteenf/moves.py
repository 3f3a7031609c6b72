"""The differ: holdings before, holdings after, one row a position of either side (rules R2, R3).

Changes are in amounts; what prices did stands apart. What was done to a security between the two days is followed
before (lineage.following): its amount as filed and in the later day's shares both stand in the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.filing import CODES
from thirteenf.tables import MOVES, POSITION_KEY, is_option, is_stock
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = tuple(
    name for name in MOVES.names
    if name not in ("cik", "manager", "period", "against", "ticker", "ticker_source", "ticker_asof")
)  # fmt: skip
NOTIONAL = "dollars; for options the notional of the underlying, which is no money at risk"
_SIDE = ("amount", "value", "weight")
_NAMES = ("issuer", "title_of_class")
_CAUSE = MOVES.schema(("cause",))["cause"]


def diff(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What changed between two complete portfolios.

    Args:
        before: positions of the earlier period: the position key, issuer, title_of_class, amount, value in dollars,
            weight in percent; a row a position (amendments.holdings). Where securities were followed also
            `cusip_before` and `amount_adjusted`, the amount in the later period's shares, and `cause`.
        after: the same of the later period.

    Returns:
        The columns of tables.MOVES but manager, periods and ticker; a row a position of either side; `change` is
        never `unknown`. Sorted: shares first, then principal, then options; within each by the size of the trade.

    Raises:
        polars.exceptions.ComputeError: if a key stands twice on one side.
    """
    # joined at once, the rest in one lazy pass: the same join inside that pass takes twice as long
    followed: dict[str, Any] = {"cusip_before": "cusip", "amount_adjusted": "amount", "cause": pl.lit([], dtype=_CAUSE)}
    before = before.with_columns(**{name: value for name, value in followed.items() if name not in before.columns})
    sides = _side(before, "_before", tuple(followed)).join(
        _side(after, ""), on=POSITION_KEY, how="full", coalesce=True, validate="1:1"
    )
    held_before, held = pl.col("cusip_before").is_not_null(), pl.col("amount").is_not_null()
    change = (
        pl.when(~held_before).then(pl.lit("new")).when(~held).then(pl.lit("exited"))
        .when(pl.col("amount") > pl.col("amount_adjusted")).then(pl.lit("added"))
        .when(pl.col("amount") < pl.col("amount_adjusted")).then(pl.lit("reduced"))
        .otherwise(pl.lit("unchanged"))
    )  # fmt: skip
    moved = (
        sides.lazy()
        .with_columns(
            change=change,
            issuer=pl.coalesce("issuer", "issuer_before"),
            title_of_class=pl.coalesce("title_of_class", "title_of_class_before"),
        )
        .with_columns(
            pl.col("amount", "amount_before", "amount_adjusted", "value", "value_before").fill_null(0),
            pl.col("cause").fill_null(pl.lit([], dtype=_CAUSE)),
            _weight("weight", "weight_before"),
            _weight("weight_before", "weight"),
        )
    )
    moved = _effects(moved.rename({"amount_adjusted": "amount_before_adjusted"}))
    return in_order(_complete(moved).collect(engine="in-memory"))


def unknown(before: pl.DataFrame | None, after: pl.DataFrame | None, reason: str) -> pl.DataFrame:
    """Moves where one side, or both, cannot be compared: what is known stands, the rest is null, the change unknown.

    Args:
        before: positions of the earlier period, None where that side is not known.
        after: positions of the later period, None where that side is not known.
        reason: one of vocabulary.REASONS.
    """
    parts = []
    for side, frame in (("_before", before), ("", after)):
        if frame is not None:
            renamed = {name: name + side for name in _SIDE}
            named = frame.select(*POSITION_KEY, *_NAMES, *_SIDE).rename(renamed)
            parts.append(named.with_columns(cusip_before=pl.col("cusip")) if side else named)
    rows = pl.concat(parts, how="diagonal") if parts else MOVES.schema(COLUMNS).to_frame()
    if len(parts) == 2:  # noqa: PLR2004 - both sides are there: one row a position all the same
        held = [name for name in rows.columns if name not in POSITION_KEY]
        rows = rows.group_by(POSITION_KEY, maintain_order=True).agg(pl.col(held).drop_nulls().first())
    told = rows.lazy().with_columns(change=pl.lit("unknown"), unknown_reason=pl.lit(reason))
    return in_order(_complete(told).collect(engine="in-memory"))


def in_doubt(
    moves: pl.DataFrame, *, gone: str | None = None, may_be_elsewhere: bool = False, came: bool = False
) -> pl.DataFrame:
    """Moves where a side is not the whole book: what is gone is no exit, what is new may have been there.

    Args:
        moves: rows of `diff`.
        gone: why what is gone is no exit: `withheld` or `combination`; None where it is one.
        may_be_elsewhere: whether an exit is to be flagged because both sides are combination reports.
        came: whether the earlier report withholds rows, so that what is new may have been held.
    """
    if gone:
        left = pl.col("change") == "exited"
        unknowns = ("amount", "amount_change", "amount_change_pct", "value", "value_change", "weight", "weight_change",
                    "trade_effect", "price_effect")  # fmt: skip
        moves = moves.with_columns(
            *(pl.when(~left).then(name).alias(name) for name in unknowns),
            unknown_reason=pl.when(left).then(pl.lit(gone)),
            oddities=_flagged(left, {"withheld": "not-an-exit", "combination": "may-be-elsewhere"}[gone]),
        ).with_columns(change=pl.when(left).then(pl.lit("unknown")).otherwise("change"))
        moves = in_order(moves)  # by what is left of their figures
    if may_be_elsewhere:
        moves = moves.with_columns(oddities=_flagged(pl.col("change") == "exited", "may-be-elsewhere"))
    if came:
        moves = moves.with_columns(oddities=_flagged(pl.col("change") == "new", "may-be-revealed"))
    return moves


def is_of(cusips: Sequence[str]) -> pl.Expr:
    """Moves of some securities, by the number of either day."""
    return pl.col("cusip").is_in(cusips) | pl.col("cusip_before").is_in(cusips)


def in_order(moves: pl.DataFrame) -> pl.DataFrame:
    """Moves by what matters: shares, principal, options; then size of trade, change in value, and value."""
    book = pl.when(is_option()).then(2).otherwise((~is_stock()).cast(pl.Int32))
    size = [-pl.col(name).abs().fill_null(0) for name in ("trade_effect", "value_change")]
    largest = -pl.max_horizontal("value", "value_before").fill_null(0)
    # Rows in one piece are sorted in a quarter of the time; the places are, and the wide rows then fetched once.
    moves = moves.rechunk()
    places = moves.select(pl.arg_sort_by(book, *size, largest, *POSITION_KEY)).to_series()
    return moves[places]


def _side(holdings: pl.DataFrame, suffix: str, followed: tuple[str, ...] = ()) -> pl.DataFrame:
    named = (pl.col(name).alias(name + suffix) for name in (*_NAMES, *_SIDE))
    return holdings.select(*POSITION_KEY, *named, *followed)


def _weight(name: str, other: str) -> pl.Expr:
    """A weight, or 0 where the position is not held on that side and has a weight on the other."""
    absent = pl.col(name).is_null() & pl.col(other).is_not_null()
    return pl.when(absent).then(0.0).otherwise(name).alias(name)


def _effects(moves: pl.LazyFrame) -> pl.LazyFrame:
    """Differences, and the change in value told apart into trade and price (they add up, to the dollar)."""
    prices = pl.mean_horizontal(_price("value_before", "amount_before_adjusted"), _price("value", "amount"))
    traded = (pl.col("amount_change") * prices).round().fill_null(0.0)
    return moves.with_columns(
        amount_change=pl.col("amount") - pl.col("amount_before_adjusted"),
        value_change=pl.col("value") - pl.col("value_before"),
        weight_change=pl.col("weight") - pl.col("weight_before"),
    ).with_columns(
        amount_change_pct=pl.when(pl.col("amount_before_adjusted") != 0).then(
            pl.col("amount_change") * 100.0 / pl.col("amount_before_adjusted")
        ),
        # what was given by a spin-off was not bought
        trade_effect=pl.when((pl.col("change") == "new") & (pl.col("amount_before_adjusted") == 0)).then("value")
        .when(pl.col("change") == "exited").then(-pl.col("value_before"))
        .otherwise(traded.cast(pl.Int64, strict=False)),
    ).with_columns(price_effect=pl.col("value_change") - pl.col("trade_effect"))  # fmt: skip


def _price(value: str, amount: str) -> pl.Expr:
    """Dollars a share; no dollars for some shares are no price of them: what a spin-off gave has none before."""
    return pl.when((pl.col(value) != 0) & (pl.col(amount) != 0)).then(pl.col(value) / pl.col(amount))


def _complete(moves: pl.LazyFrame) -> pl.LazyFrame:
    """All columns of COLUMNS in order, those not worked out null or empty."""
    schema = MOVES.schema(COLUMNS)
    empty = {"cause": pl.lit([], dtype=schema["cause"]), "oddities": pl.lit([], dtype=schema["oddities"])}
    there = set(moves.collect_schema().names())
    missing = {name: empty.get(name, pl.lit(None)) for name in COLUMNS if name not in there}
    return moves.with_columns(**missing).select(pl.col(name).cast(kind) for name, kind in schema.items())


def _flagged(where: pl.Expr, code: str) -> pl.Expr:
    oddity = pl.struct(
        code=pl.lit(code),
        message=pl.lit(CODES[code]),
        accession_number=pl.lit(None, pl.String),
        row=pl.lit(None, pl.Int64),
    )
    return pl.when(where).then(pl.col("oddities").list.concat(pl.concat_list(oddity))).otherwise("oddities")


_SUMS = ("value_before", "value", "value_change", "trade_effect", "price_effect")


def summary(frame: pl.DataFrame | pl.LazyFrame, *, sums: bool = True) -> dict[str, Any]:
    """Counts and sums of each book: shares, principal, options.

    A sum that rests on an unknown figure is None, not smaller than it is; so are all where `sums` is false, because
    the moves are of different quarters. Each book has positions_before, positions, a count for each change, and
    value_before, value, value_change, trade_effect, price_effect in dollars.
    """
    book = pl.when(is_option()).then(pl.lit("options")).when(is_stock()).then(pl.lit("shares"))
    counted = (
        frame.lazy()
        .with_columns(book=book.otherwise(pl.lit("principal")))
        .group_by("book", "change")
        .agg(
            pl.len(),
            pl.col("cusip_before").is_not_null().sum().alias("before"),
            pl.col("amount").is_null().sum().alias("not known"),
            *(pl.when(~pl.col(name).has_nulls()).then(pl.col(name).sum()).alias(name) for name in _SUMS),
        )
        .collect(engine="in-memory" if isinstance(frame, pl.DataFrame) else "streaming")
        .to_dicts()
    )
    books = {
        name: _book_summary([row for row in counted if row["book"] == name], sums=sums)
        for name in ("shares", "principal", "options")
    }
    return {**books, "value_is": NOTIONAL}


def _book_summary(rows: list[dict[str, Any]], *, sums: bool) -> dict[str, int | None]:
    counts = {change: sum(row["len"] for row in rows if row["change"] == change) for change in CHANGES}
    gone = counts["exited"] + sum(row["not known"] for row in rows)
    known = {name: sums and all(row[name] is not None for row in rows) for name in _SUMS}
    return {
        "positions_before": sum(row["before"] for row in rows),
        "positions": sum(row["len"] for row in rows) - gone,
        **counts,
        **{name: sum(row[name] for row in rows) if known[name] else None for name in _SUMS},
    }
