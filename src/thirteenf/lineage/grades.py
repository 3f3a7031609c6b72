"""How sure a ratio is by holders' votes alone: the thresholds, and why each is there (docs/method.md#lineage).

All is said of a frame with a row a pair of CUSIPs and the ratio tried, as votes counts it: `rate` shares after for each
before; `votes` exact to the share, `unround` of them in no multiples of 100, `fine` of them telling by themselves;
`near` the ratio, `against` it by an unchanged amount, out of `holders`; `price` before for each dollar after.
"""

from __future__ import annotations

import polars as pl

from thirteenf.lineage import ratios
from thirteenf.lineage.sides import ENOUGH

NEAR = 0.2
"""Amounts within so much of a ratio, in logarithms, are near it: a quarter's ordinary trading."""
RARE = 4
"""A CUSIP goes from all books, or comes as a new one, if for each so many who show it only one speaks against it."""
_MANY = 10
_TWICE, _HALF_MORE = 2.0, 0.4
"""Ratios of at least 2, and (in logarithms) of 3 for 2: those below are ordinary trading unless many show them."""
_EQUAL_PRICE = 2.5
"""How far a price may move, as a factor, where shares only changed their number."""
_TURNED = 0.33
"""A price that moved the other way by this share of the ratio, in logarithms, bears out many who agree."""
_CLOSE_PRICE = 0.5
_FEW_SHARE = 0.35
"""As _TURNED, how far a price may be off a ratio that one or two holders show."""
_TIGHT = 0.3
_FAMILY = 12
"""An issuer with more CUSIPs is a family of funds, among which one moves."""


def grade(*, is_pair: bool) -> pl.Expr:
    """`confirmed`, `likely`, or null where votes say too little.

    Args:
        is_pair: whether the CUSIP changed: then equal amounts are a vote too.
    """
    is_told = pl.lit(value=True) if is_pair else ~_is_one()
    return (
        pl.when(is_told & (_is_agreed(is_pair=is_pair) | _is_about()) & _is_named()).then(pl.lit("confirmed"))
        .when(is_told & pl.when(_is_one()).then(_is_equal()).otherwise(_is_exact())).then(pl.lit("likely"))
    )  # fmt: skip


def _is_one() -> pl.Expr:
    return pl.col("rate") == 1.0


def _is_named() -> pl.Expr:
    """One issuer by its number; else a leading word, which is little, and equal amounts or votes of enough."""
    return pl.col("is_issue") | _is_one() | (pl.col("votes") >= ENOUGH)


def _is_like() -> pl.Expr:
    """Whether the price did what the ratio asks for."""
    equal = (pl.col("price").log().abs() <= pl.lit(_EQUAL_PRICE).log()).fill_null(value=True)
    return (
        pl.when(_is_one()).then(equal).otherwise(ratios.agrees(pl.col("price"), pl.col("rate")).fill_null(value=False))
    )


def _is_agreed(*, is_pair: bool) -> pl.Expr:
    """Three holders or more show one ratio exactly; for four of them one left its amount as it was, at most.

    Where most of all holders are near the ratio the price may say less; where very many show it, hardly anything:
    markets crash and soar too.
    """
    votes, against, near = pl.col("votes"), pl.col("against"), pl.col("near")
    agreed = (votes >= ENOUGH) & (
        _is_one() | ((votes >= against * RARE) & (pl.col("is_clear") | (votes >= ENOUGH * 2)))
    )
    strong = agreed & (near * 2 >= pl.col("holders"))
    least = pl.when(votes >= _MANY * 3).then(0.0).when(votes >= _MANY).then(_TURNED / 2).otherwise(_TURNED)
    turned = ((pl.col("price").log() / pl.col("rate").log()) >= least).fill_null(value=False)
    is_near = pl.col("price_off") <= pl.lit(ratios.WIDEST).log()
    bounded = is_near | (votes >= _MANY) | (pl.col("is_issue") if is_pair else pl.lit(value=False))
    return (agreed & _is_like() & (near * RARE >= pl.col("holders"))) | (strong & (_is_one() | turned) & bounded)


def _is_about() -> pl.Expr:
    """Most holders are near a ratio that none other comes close to, and so is the price; few show it exactly."""
    votes, far = pl.col("votes"), pl.col("rate").log().abs()
    large = _is_one() | (_is_twice()) | ((far >= _HALF_MORE) & (votes >= 1) & (pl.col("holders") > ENOUGH))
    most = (pl.col("near") * 2 >= pl.col("holders")) & (pl.col("near") >= ENOUGH)
    tight = (pl.col("price_off") <= _CLOSE_PRICE) & (pl.col("ratio_off") <= NEAR)
    return (
        most
        & (votes >= 1)
        & (_is_one() | (votes >= pl.col("against") * RARE))
        & large
        & tight
        & _is_like()
        & pl.col("is_clear")
    )


def _is_twice() -> pl.Expr:
    return (pl.col("rate") >= _TWICE) | (pl.col("rate") <= 1 / _TWICE)


def _is_exact() -> pl.Expr:
    """One or two holders show a simple ratio: a trade may too, more easily in round amounts."""
    off = (pl.col("price") / pl.col("rate")).log().abs()
    bound = pl.min_horizontal(pl.col("rate").log().abs() * _FEW_SHARE, pl.lit(ratios.WIDEST).log())
    whole = (pl.col("shares") == 1) | (pl.col("shares_before") == 1)
    told = (pl.col("fine") >= 1) & (pl.col("against") == 0) & pl.col("is_issue") & pl.col("is_clear")
    most = pl.when(pl.col("holders") < ENOUGH).then(pl.col("near") == pl.col("holders")).otherwise(
        pl.col("near") * 2 >= pl.col("holders")
    )  # fmt: skip
    unround = (pl.col("unround") >= 1) | (off <= _TIGHT)
    return told & whole & _is_twice() & most & unround & (off <= bound).fill_null(value=False)


def _is_equal() -> pl.Expr:
    """An equal and unround amount of one issuer, at much the same price; in a family of funds more than one of them."""
    alike = (pl.col("price").log().abs() <= _TIGHT).fill_null(value=True)
    single = (pl.col("family") <= _FAMILY) | (pl.col("votes") > 1)
    return pl.col("is_related") & (pl.col("unround") >= 1) & alike & single
