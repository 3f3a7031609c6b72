"""Securities exchanged for others: mergers in a ratio of any kind, and what holders were given in spin-offs.

No name says what goes with what, so it is looked which security the holders of one came to hold, in which ratio. A few
managers say which pairs come into question, more of them in what ratio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from thirteenf.lineage.ratios import WIDEST
from thirteenf.lineage.sides import COUNTED, ENOUGH, KEY, price

_SAMPLE, _FEW = 40, 6
"""Of so many holders of each security it is looked what else they have: a few first, then more."""
_LARGE = 4_000
"""A manager who has more holds nearly everything, which says nothing of what goes with what."""
_TELLING, _GIVEN = 300, 20
"""Amounts below say too little of an odd ratio, or of a simple one: many pass for it, rounded."""
_TRIED = 12
"""Of so many holders, the largest, the ratio is tried on all: as a whole number either way, or with four decimals."""
_WIDTH = 0.002
_BESIDE = 0.01
_SHARE = 8
_DRIFT = 0.5
"""How far a price may be off an exchange ratio, in logarithms: the market's part of a quarter; more if many agree."""
_SMALL = 20
_UNROUND, _MANY = 100, 10


@dataclass(frozen=True)
class _Exchange:
    """How rows of one security and rows of another go together, for mergers and spin-offs."""

    kind: str
    share: float
    telling: int
    is_priced: bool


def mergers(rows: pl.DataFrame, securities: pl.DataFrame, explained: pl.DataFrame) -> pl.DataFrame:
    """Securities that went from nearly all books, whose holders came to hold another in one odd ratio."""
    gone = securities.filter((pl.col("left") >= ENOUGH) & (pl.col("holders") * 10 <= pl.col("left")))
    gone = gone.join(explained, left_on="cusip", right_on="gone", how="anti")
    exits = rows.filter(pl.col("amount_after").is_null() & (pl.col("amount") >= _TELLING))
    exits = exits.join(gone.select("cusip"), on="cusip", how="semi")
    exits = exits.select("manager", "amount", "value", cusip_before="cusip")
    # what was added to a position that was there came by the merger too, if nothing else was traded
    before, after = pl.col("amount").fill_null(0), pl.col("amount_after")
    more = rows.filter(after - before >= _GIVEN).select(
        "manager", "cusip", amount_after=after - before,
        value_after=(pl.col("value_after") * ((after - before) / after)).round().cast(pl.Int64),
    )  # fmt: skip
    return _exchanged(exits, more, "cusip_before", _Exchange("merger", 0.4, _TELLING, is_priced=True))


def spin_offs(rows: pl.DataFrame, securities: pl.DataFrame, explained: pl.Series) -> pl.DataFrame:
    """Securities that nobody held, given to holders of another in a simple ratio."""
    new = securities.filter((pl.col("came") >= ENOUGH) & (pl.col("holders") == 0) & (pl.col("left") == 0))
    new = new.filter(~pl.col("cusip").is_in(explained.implode()))
    stays = securities.filter(pl.col("holders") >= pl.col("left")).select("cusip")
    parents = (
        rows.filter(pl.col("amount") >= _GIVEN)
        .join(stays, on="cusip", how="semi")
        .select("manager", "amount", "value", cusip_before="cusip")
    )
    entries = rows.filter(pl.col("amount").is_null() & (pl.col("amount_after") >= _GIVEN))
    entries = entries.join(new.select("cusip"), on="cusip", how="semi")
    entries = entries.select("manager", "cusip", "amount_after", "value_after")
    return _exchanged(parents, entries, "cusip", _Exchange("spin_off", 0.4, _GIVEN, is_priced=False))


def _smallest(rows: pl.DataFrame, others: pl.DataFrame, by: str, size: int) -> pl.DataFrame:
    """Of each security the rows of the managers with the fewest others: they are enough, and pair with the least."""
    sizes = others.group_by("manager").agg(size=pl.len()).filter(pl.col("size") <= _LARGE)
    ordered = rows.join(sizes, on="manager").sort("size", "manager")
    kept = ordered.filter(pl.int_range(pl.len()).over(by) < size)
    return kept.with_columns(asked=pl.len().over(by).cast(pl.Int64)).drop("size")


def _joint(left: pl.DataFrame, right: pl.DataFrame, by: str, how: _Exchange, size: int) -> pl.DataFrame:
    """Rows of both of a few managers, of the pairs of securities that most of these have: with `joint`."""
    if by == "cusip_before":
        left = _smallest(left, right, by, size)
    else:
        right = _smallest(right, left, by, size)
    pairs = left.join(right, on="manager")
    joint = pairs.group_by(KEY).agg(joint=pl.len().cast(pl.Int64), asked=pl.col("asked").first())
    joint = joint.filter((pl.col("joint") >= ENOUGH) & (pl.col("joint") >= pl.col("asked") * how.share))
    return pairs.join(joint.drop("asked"), on=KEY)


def _exchanged(left: pl.DataFrame, right: pl.DataFrame, by: str, how: _Exchange) -> pl.DataFrame:
    """Pairs whose amounts stand in one ratio for several holders.

    A few managers say which pairs come into question, more of them in what ratio.
    """
    if left.is_empty() or right.is_empty():
        return pl.DataFrame(schema=COUNTED)
    other = "cusip" if by == "cusip_before" else "cusip_before"
    few = _joint(left, right, by, how, _FEW).select(KEY).unique()
    left = left.join(few.select("cusip_before").unique(), on="cusip_before", how="semi")
    right = right.join(few.select("cusip").unique(), on="cusip", how="semi")
    pairs = _joint(left, right, by, how, _SAMPLE).join(few, on=KEY, how="semi")
    pairs = pairs.with_columns(ratio=pl.col("amount_after") / pl.col("amount"), price=price())
    telling = pl.min_horizontal("amount", "amount_after") >= how.telling
    pairs = pairs.filter(telling)
    binned = pl.concat(
        [pairs.with_columns(bin=(pl.col("ratio").log() / _WIDTH + shift).floor().cast(pl.Int64) * 2 + place)
         for place, shift in enumerate((0.0, 0.5))]
    )  # fmt: skip
    found = (
        binned.group_by(*KEY, "bin")
        .agg(
            pl.len().cast(pl.Int64).alias("size"), pl.col("amount", "amount_after"), holders=pl.col("joint").first(),
            price=pl.col("price").median(),
        )
        .filter((pl.col("size") >= ENOUGH) & (pl.col("size") * _SHARE >= pl.col("holders")))
        .sort(*KEY, "size", "bin", descending=[False, False, True, False])
        .unique(KEY, keep="first", maintain_order=True)
    )  # fmt: skip
    rows = [row for one in found.iter_rows(named=True) if (row := _told(one, how))]
    best = pl.DataFrame(rows, schema=COUNTED).sort(by, "votes", "holders", other, descending=[False, True, True, False])
    return best.unique(by, keep="first", maintain_order=True)


def _told(pair: dict[str, Any], how: _Exchange) -> dict[str, Any] | None:
    """A pair as a row of COUNTED, if its ratio is borne out by enough amounts, and by the price or by being simple."""
    amounts = list(zip(pair["amount"], pair["amount_after"], strict=True))
    ratio, votes = _agreed(amounts)
    drift = _DRIFT if votes < _MANY else math.log(WIDEST)
    is_priced = bool(pair["price"]) and abs(math.log(pair["price"] / ratio)) <= drift
    is_simple = 1 in ratio.as_integer_ratio() or max(ratio.as_integer_ratio()) <= _SMALL
    # round amounts are bought of several securities alike: those of a simple ratio say nothing
    unround = sum(a % _UNROUND != 0 and abs(b - a * ratio) <= 1 for a, b in amounts)
    is_told = unround >= ENOUGH or (unround > 1 and votes * 2 >= _MANY) or votes >= _MANY or not is_simple
    if votes < ENOUGH or not is_told or not (is_priced if how.is_priced else is_simple):
        return None
    return {name: pair[name] for name in (*KEY, "holders", "price")} | {
        "kind": "cusip_change" if how.kind == "merger" and ratio == 1 else how.kind, "certainty": "confirmed",
        "shares_before": ratio.denominator, "shares": ratio.numerator, "votes": votes, "near": pair["size"],
        "ratio": float(ratio),
    }  # fmt: skip


def _agreed(amounts: list[tuple[int, int]]) -> tuple[Fraction, int]:
    """The ratio that most amounts show to a share, the simplest of several, and how many do."""
    tried: set[Fraction] = set()
    for before, after in sorted(amounts, reverse=True)[:_TRIED]:
        ratio = Fraction(after, before)
        tried |= {Fraction(max(1, round(ratio))), Fraction(1, max(1, round(1 / ratio)))}
        tried |= {Fraction(round(ratio * 10**places), 10**places) for places in range(1, 5)}
    votes = {
        one: sum(abs(b * one.denominator - a * one.numerator) <= one.denominator for a, b in amounts)
        for one in tried if one
    }  # fmt: skip
    best = max(votes, key=lambda one: (votes[one], -one.denominator * one.numerator))
    # who traded a little beside a simple ratio makes an odd one of it
    near = [one for one in votes if 1 in one.as_integer_ratio() and abs(one / best - 1) <= _BESIDE]
    plain = max(near, key=votes.__getitem__, default=best)
    best = plain if votes[plain] * 2 >= votes[best] else best
    return best, votes[best]
