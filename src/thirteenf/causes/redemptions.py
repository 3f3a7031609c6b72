"""A whole book that moved by one ratio: money was paid out or in, or the book was parted; none was chosen."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from thirteenf.causes.evidence import CONFIRMED, LIKELY
from thirteenf.tables import is_stock

FEWEST, SURE = 5, 10
"""So many positions must move alike; with so many it is sure."""
MOST, NEARLY_ALL = 2 / 3, 0.8
"""Share of the positions held on both days that must move alike; with so many of them it is sure."""
ALIKE = 0.01
"""How far from the ratio an amount may be and still be of it."""
LEAST = 0.02
"""A book that moved by less has not moved."""
_CLOSE = 0.001


class Redemption(NamedTuple):
    """The ratio that the book moved by, how many positions did, of how many held on both days, and how sure it is."""

    ratio: float
    positions: int
    of: int
    confidence: str

    def residual(self, before: int, after: int) -> int:
        """Shares traded beside it."""
        return after - round(before * self.ratio)

    def is_of_it(self, before: int, after: int) -> bool:
        """Whether a position moved by nothing else: to within a share, or a hundredth."""
        return abs(self.residual(before, after)) <= max(1, ALIKE * before * self.ratio)


def found(moves: pl.DataFrame) -> Redemption | None:
    """The one ratio by which a book's stock moved, if it did.

    Args:
        moves: rows of moves.diff; amounts before in the later day's shares.
    """
    held = moves.filter(is_stock() & (pl.col("amount_before_adjusted") > 0) & (pl.col("amount") > 0))
    before, after = (held[name].cast(pl.Float64) for name in ("amount_before_adjusted", "amount"))
    if held.height < FEWEST:
        return None
    median = _median(after / before)
    alike = (after - before * median).abs() <= (ALIKE * before * median).clip(lower_bound=1)
    number = int(alike.sum())
    if number < max(FEWEST, MOST * held.height) or abs(median - 1) < LEAST:
        return None
    close = alike & ((after - before * median).abs() <= (_CLOSE * before * median).clip(lower_bound=1))
    ratio = float(after.filter(close).sum()) / float(before.filter(close).sum())
    is_sure = number >= SURE and number >= NEARLY_ALL * held.height
    return Redemption(ratio, number, held.height, CONFIRMED if is_sure else LIKELY)


def _median(ratios: pl.Series) -> float:
    """The middle ratio, one that a position has."""
    ordered = ratios.sort()
    return float(ordered[len(ordered) // 2])
