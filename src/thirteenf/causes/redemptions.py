"""A whole book that moved by one ratio: money was paid out or in, or the book was parted; none was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from thirteenf.causes.evidence import CONFIRMED, LIKELY
from thirteenf.tables import is_stock

if TYPE_CHECKING:
    import polars as pl

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
        return _is_by(self.ratio, before, after, ALIKE)


def found(moves: pl.DataFrame) -> Redemption | None:
    """The one ratio by which a book's stock moved, if it did.

    Args:
        moves: rows of moves.diff; amounts before in the later day's shares.
    """
    held = moves.filter(is_stock()).select("amount_before_adjusted", "amount")
    pairs = [(before, after) for before, after in held.iter_rows() if (before or 0) > 0 and (after or 0) > 0]
    if len(pairs) < FEWEST:
        return None
    median = sorted(after / before for before, after in pairs)[len(pairs) // 2]
    alike = [(before, after) for before, after in pairs if _is_by(median, before, after, ALIKE)]
    if len(alike) < max(FEWEST, MOST * len(pairs)) or abs(median - 1) < LEAST:
        return None
    close = [(before, after) for before, after in alike if _is_by(median, before, after, _CLOSE)]
    ratio = sum(after for _, after in close) / sum(before for before, _ in close)
    is_sure = len(alike) >= SURE and len(alike) >= NEARLY_ALL * len(pairs)
    return Redemption(ratio, len(alike), len(pairs), CONFIRMED if is_sure else LIKELY)


def _is_by(ratio: float, before: int, after: int, most: float) -> bool:
    """Whether an amount moved by a ratio, to within a share or a part of it."""
    return abs(after - before * ratio) <= max(1, most * before * ratio)
