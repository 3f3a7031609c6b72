"""How crowded securities are: who many holders are, and how much of it the largest of them have.

Shares and options are rows of their own and never add up. Concentration is of amounts that are reported on Form 13F,
not of all shares there are.
"""

from __future__ import annotations

import polars as pl

from thirteenf.tables import POSITION_KEY

LARGEST = 10
"""So many holders are the largest."""


def concentration(held: pl.LazyFrame) -> pl.LazyFrame:
    """Per security, put or call, and kind of amount: holders, and how much the largest of them have.

    Args:
        held: cik, the position key, amount, value; a row a manager and position.

    Returns:
        The position key, holders, amount, value, `top_ten_share` in percent of the amount, and `herfindahl`: the sum
        of the squared shares of all holders, from 0 to 1, where 1 is a single holder.
    """
    # squares in whole numbers, so that the sum is the same in whatever order they come
    amount, total = pl.col("amount").cast(pl.Int128), pl.col("amount").sum().cast(pl.Float64)
    squares = (amount * amount).sum()
    largest = pl.col("amount").top_k(LARGEST).sum() * 100.0 / pl.col("amount").sum()
    some = pl.col("amount").sum() > 0
    return (
        held.filter((pl.col("amount") > 0) | (pl.col("value") > 0))
        .group_by(POSITION_KEY)
        .agg(
            pl.len().cast(pl.Int64).alias("holders"), pl.col("amount", "value").sum(),
            top_ten_share=pl.when(some).then(largest),
            herfindahl=pl.when(some).then(squares.cast(pl.Float64) / total / total),
        )
    )  # fmt: skip


def changes(moves: pl.LazyFrame) -> pl.LazyFrame:
    """How holders and concentration changed over managers whose two books compare.

    Args:
        moves: market.MOVES: cik, the position key, change, amount_before_adjusted, amount, value_before, value.

    Returns:
        The position key, `came`, `left`, `holders_change`, `top_ten_share_change` in percentage points, and
        `herfindahl_change`; the last two null where there were no holders on one of the two days.
    """
    change = pl.col("change")
    counted = moves.group_by(POSITION_KEY).agg(
        came=(change == "new").sum().cast(pl.Int64), left=(change == "exited").sum().cast(pl.Int64)
    )
    before = moves.select("cik", *POSITION_KEY, amount="amount_before_adjusted", value="value_before")
    after = moves.select("cik", *POSITION_KEY, "amount", "value")
    names = ("top_ten_share", "herfindahl")
    told = counted
    for side, suffix in ((before, "_before"), (after, "")):
        measured = concentration(side).select(*POSITION_KEY, *(pl.col(n).alias(f"{n}{suffix} of both") for n in names))
        told = told.join(measured, on=POSITION_KEY, how="left")
    return told.select(
        *POSITION_KEY, "came", "left", holders_change=pl.col("came") - pl.col("left"),
        **{f"{name}_change": pl.col(f"{name} of both") - pl.col(f"{name}_before of both") for name in names},
    )  # fmt: skip
