"""Share ratios: which are simple, how a price agrees with one, how one is written."""

from __future__ import annotations

import math
from fractions import Fraction

import polars as pl

_WHOLE = (
    *range(2, 11), 12, 15, 20, 25, 30, 35, 40, 50, 60, 75, 80, 100, 125, 150, 200, 250, 300, 400, 500,
    1000,
)  # fmt: skip
SIMPLE = tuple(sorted({Fraction(n) for n in _WHOLE} | {Fraction(n, n - 1) for n in (3, 4, 5, 6)} | {Fraction(5, 2)}))
"""What one share is split into; the other way round in reverse splits."""

SIMPLE_BOTH_WAYS = (*SIMPLE, *(1 / one for one in SIMPLE))
WIDEST = 3.0
"""How far a price may stray from a ratio, at most: what the market makes of a quarter comes on top of a split."""
_SHARE_OF_RATIO = 0.45


def agrees(price: pl.Expr, ratio: pl.Expr, share: float = _SHARE_OF_RATIO) -> pl.Expr:
    """Whether a price fell as much as shares multiplied: nearer to the ratio than to no change at all.

    Args:
        price: price before for each dollar after.
        ratio: shares after for each share before.
        share: how far it may be off, as a share of the ratio itself (in logarithms); a factor of three at most.
    """
    off = (price / ratio).log().abs()
    return off <= pl.min_horizontal(ratio.log().abs() * share, pl.lit(WIDEST).log())


def nearest(values: pl.DataFrame, name: str) -> pl.DataFrame:
    """A frame with the simple ratio that comes nearest to a column's (1 among them): shares_before, shares."""
    every = (Fraction(1), *SIMPLE_BOTH_WAYS)
    known = pl.DataFrame(
        [(math.log(one), one.denominator, one.numerator) for one in sorted(every)],
        {"log": pl.Float64, "shares_before": pl.Int64, "shares": pl.Int64}, orient="row",
    )  # fmt: skip
    asked = values.with_columns(log=pl.col(name).log()).sort("log")
    return asked.join_asof(known.set_sorted("log"), on="log", strategy="nearest").drop("log")


def told(shares_before: int, shares: int) -> str:
    """A ratio in words.

    >>> told(1, 10), told(15, 1)
    ('10 for 1', '1 for 15')
    """
    return f"{shares:,} for {shares_before:,}"
