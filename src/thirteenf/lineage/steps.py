"""What was done to securities between two days, as one small table that all managers' books are joined with.

`following.follow` takes one holder's book along the actions day by day, and asks that book which number it uses by
now. For all holders at once every number is taken along once, and both books are put under what it became, so that
nobody's use of an old number is a trade.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from thirteenf.vocabulary import FOLLOWED

if TYPE_CHECKING:
    from datetime import date

STEPS = pl.Schema({"cusip": pl.String, "became": pl.String, "became_principal": pl.String, "shares": pl.Int64,
                   "shares_before": pl.Int64})  # fmt: skip
GIFTS = pl.Schema({"cusip": pl.String, "child": pl.String, "shares": pl.Int64, "shares_before": pl.Int64})
_LARGE = 1_000_000_000  # rest of a division times this is still a 64-bit number


class _Day(NamedTuple):
    """What happened on one day: what each number became, in two rounds, and what its holders were given."""

    rounds: tuple[dict[str, tuple[str, int, int]], ...]
    gifts: tuple[tuple[str, str, int, int], ...]


class _Part(NamedTuple):
    """Where a share of the earlier day is by now, and how many of it there are for how many then."""

    number: str
    shares: int = 1
    shares_before: int = 1

    def by(self, number: str, shares: int, shares_before: int) -> _Part:
        shares, shares_before = self.shares * shares, self.shares_before * shares_before
        # kept as it is where it can be: what was no whole number on the way left fractions
        common = gcd(shares, shares_before) if max(shares, shares_before) > _LARGE else 1
        return _Part(number, shares // common, shares_before // common)


def steps(lineage: pl.DataFrame, against: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The actions after a day, collapsed along their chains, for `market.followed` and `market.renumbered`.

    Args:
        lineage: tables.LINEAGE of all quarters up to the later period. Only what is confirmed or likely counts.
        against: the earlier period. What was done by then is no ratio any more, but a number that was retired by
            then may still be filed, and is followed one for one.

    Returns:
        STEPS, a row a number that became another or whose shares became more or fewer: `became` the newest number,
        `became_principal` that of a principal amount, which goes along one for one or not at all, so many `shares`
        for `shares_before`. And GIFTS: for so many shares before of `cusip`, as filed in the earlier book, so many
        shares of `child`, its newest number, came by a spin-off.
    """
    days = _days(lineage.filter(pl.col("certainty").is_in(FOLLOWED)), against)
    numbers = sorted(
        {old for day in days for one in day.rounds for old in one}
        | {parent for day in days for parent, *_ in day.gifts}
    )
    went = {number: _walk(number, days) for number in numbers}
    whole = {number: _walk(number, days, principal=True)[0].number for number in numbers}
    newest = {number: parts[0].number for number, parts in went.items()}
    found = [
        (number, _last(number, newest), _last(number, whole), parts[0].shares, parts[0].shares_before)
        for number, parts in went.items()
    ]
    moved = [one for one in found if not one[0] == one[1] == one[2] or one[3] != one[4]]
    given = [
        (number, _last(part.number, newest), part.shares, part.shares_before)
        for number, parts in went.items() for part in parts[1:]
    ]  # fmt: skip
    return pl.DataFrame(moved, STEPS, orient="row"), pl.DataFrame(given, GIFTS, orient="row")


def _days(lineage: pl.DataFrame, against: date) -> list[_Day]:
    """What is followed, day by day, as `following.follow` takes it."""
    is_same, is_gift = pl.col("cusip") == pl.col("cusip_before"), pl.col("kind") == "spin_off"
    wanted = lineage.filter((pl.col("against") >= against) | ~(is_gift | is_same))
    # those who file the old number on show the same split under it: that is one action, not two
    both = wanted.filter(~is_gift & ~is_same).select("period", "cusip_before", "shares", "shares_before")
    twice = wanted.filter(~is_gift & is_same).join(both, on=both.columns, how="semi")
    wanted = wanted.join(twice, on=["period", "cusip_before", "cusip"], how="anti", maintain_order="left")
    events = wanted.sort("period", "date", nulls_last=False, maintain_order=True)
    days = []
    for event in events.partition_by("period", "date", maintain_order=True):
        is_past = event["period"][0] <= against
        done = event.filter(~is_gift).select("cusip_before", "cusip", "shares", "shares_before").rows()
        moved = [one for one in done if one[0] != one[1]]
        first: dict[str, tuple[str, int, int]] = {}
        for old, new, shares, shares_before in moved if is_past else [*moved, *done]:
            first.setdefault(old, (new, 1, 1) if is_past else (new, shares, shares_before))
        becoming = {new for _, new, _, _ in moved}
        onward = {old: first[old] for old, *_ in moved if old in becoming}  # two on one day
        spun = event.filter(is_gift).select("cusip_before", "cusip", "shares", "shares_before").rows()
        days.append(_Day((first, onward), tuple(spun)))
    return days


def _walk(number: str, days: list[_Day], *, principal: bool = False) -> list[_Part]:
    """Where a share of a number is in the end, first; then what was given to its holder on the way."""
    parts = [_Part(number)]
    for day in days:
        for one in day.rounds:
            steps = [one.get(part.number) for part in parts]
            parts = [
                part if step is None or (principal and step[1] != step[2]) else part.by(*step)
                for part, step in zip(parts, steps, strict=True)
            ]
        if principal:
            continue
        for place, part in enumerate(tuple(parts)):
            # the parent may have another number by then, or not yet
            names = {part.number, number} if place == 0 else {part.number}
            given = {child: (shares, before) for parent, child, shares, before in day.gifts if parent in names}
            parts += [part.by(child, *ratio) for child, ratio in given.items()]
    return parts


def _last(number: str, became: dict[str, str]) -> str:
    """The end of a chain; of one that runs in a circle, always the same number of it."""
    seen = [number]
    while (following := became.get(seen[-1], seen[-1])) not in seen:
        seen.append(following)
    return min(seen[seen.index(following) :])
