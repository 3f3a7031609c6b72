"""How much managers' books have in common: positions, Jaccard's index, and by weight. Options stand apart (R3)."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from thirteenf.tables import POSITION_KEY, is_stock

if TYPE_CHECKING:
    from collections.abc import Mapping


class Pair(NamedTuple):
    """Two managers' books beside each other; of shares that are no options.

    `jaccard`: of all securities in either, the part in both. `overlap`: the sum over securities of the smaller of the
    two weights, in percent: how much of either book the other one holds too. None where neither holds any.
    """

    cik: str
    other: str
    positions: int
    other_positions: int
    common: int
    jaccard: float | None
    overlap: float | None


def pairs(held: Mapping[str, pl.DataFrame]) -> list[Pair]:
    """Every two of some books.

    Args:
        held: positions by CIK: the position key, weight in percent of share rows.
    """
    books = {cik: dict(book.filter(is_stock()).select("cusip", "weight").iter_rows()) for cik, book in held.items()}
    found = []
    for one, other in combinations(books, 2):
        mine, theirs = books[one], books[other]
        both, every = sorted(mine.keys() & theirs.keys()), mine.keys() | theirs.keys()
        alike = sum((min(mine[number] or 0.0, theirs[number] or 0.0) for number in both), 0.0)
        jaccard = len(both) / len(every) if every else None
        found.append(Pair(one, other, len(mine), len(theirs), len(both), jaccard, alike if mine and theirs else None))
    return found


def common(held: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The positions that two or more of some books list, options beside but apart.

    Args:
        held: positions by CIK: the position key, issuer, title_of_class, amount, value, weight.

    Returns:
        The position key, names, `holders`, and in one order, largest weight first, `ciks`, `amounts`, `values`;
        `weight_least` and `weight_most` of them (null for what has none); sorted by holders and weight in common.
    """
    parts = [book.with_columns(cik=pl.lit(cik)) for cik, book in held.items()]
    every = pl.concat([part.select("cik", *POSITION_KEY, "issuer", "title_of_class", "amount", "value", "weight")
                       for part in parts])  # fmt: skip
    ordered = every.sort("weight", "value", "cik", descending=[True, True, False], nulls_last=True)
    told = ordered.group_by(POSITION_KEY, maintain_order=True).agg(
        pl.col("issuer", "title_of_class").first(), pl.len().cast(pl.Int64).alias("holders"), ciks=pl.col("cik"),
        amounts=pl.col("amount"), values=pl.col("value"), weight_least=pl.col("weight").min(),
        weight_most=pl.col("weight").max(),
    )  # fmt: skip
    return told.filter(pl.col("holders") > 1).sort(
        "put_call", "holders", "weight_least", *POSITION_KEY, nulls_last=True,
        descending=[False, True, True, *[False] * len(POSITION_KEY)],
    )  # fmt: skip
