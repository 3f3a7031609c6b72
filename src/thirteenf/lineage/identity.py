"""One name for a security through splits and changes of its CUSIP: the oldest CUSIP that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf.vocabulary import FOLLOWED

if TYPE_CHECKING:
    from datetime import date

_SAME = ("split", "reverse_split", "cusip_change")
"""What leaves a security what it was; a merger makes it another one, a spin-off a second one."""


def oldest(lineage: pl.DataFrame) -> dict[str, str]:
    """For each CUSIP that a followed split or change of CUSIP is known of, the oldest of its chain.

    Args:
        lineage: tables.LINEAGE. Of CUSIPs that became one, the one that changed first counts, then the smallest.

    Returns:
        By CUSIP, itself for the oldest; a CUSIP that is not in it is its own.
    """
    steps = lineage.filter(
        pl.col("certainty").is_in(FOLLOWED) & pl.col("kind").is_in(_SAME) & (pl.col("cusip") != pl.col("cusip_before"))
    ).sort("period", pl.col("date"), "cusip_before", "cusip", nulls_last=True)
    parent: dict[str, str] = {}

    def root(number: str) -> str:
        while parent.setdefault(number, number) != number:
            number = parent[number]
        return number

    changed: dict[str, date] = {}
    for old, new, period in steps.select("cusip_before", "cusip", "period").iter_rows():
        changed.setdefault(old, period)
        one, other = root(old), root(new)
        parent[other] = one
    chains: dict[str, list[str]] = {}
    for number in parent:
        chains.setdefault(root(number), []).append(number)
    became = set(steps["cusip"])
    told: dict[str, str] = {}
    for chain in chains.values():
        # where a chain runs in a circle nothing is oldest: then the one that changed first is
        firsts = [number for number in chain if number not in became] or [one for one in chain if one in changed]
        name = min(firsts, key=lambda number: (changed[number], number))
        told |= dict.fromkeys(chain, name)
    return told
