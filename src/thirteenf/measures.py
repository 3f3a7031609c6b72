"""What a manager's book is like as a whole: turnover, concentration, how long its securities are held.

All of it is of plain shares: options are no part of a book's value, principal has no place beside shares (rule R3).
Dollars are whole; what is in per cent, or an index, is a float. Nothing that is not known is taken for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from thirteenf import periods
from thirteenf.tables import is_stock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

TOP = 10
LOOKS_BACK = 8
"""Quarters before a book that a report of changes looks at, so that it takes no longer the more there are."""


class Listed(NamedTuple):
    """The securities that a manager's filings for one quarter list; whether what they do not list was not held.

    `is_whole` is false where rows are withheld or left to other managers' reports, where a filing for the quarter does
    not count, or where it lacks rows that its own summary page has.
    """

    cusips: frozenset[str]
    is_whole: bool


class Held(NamedTuple):
    """For how many quarters in a row a security is listed, the last one counted; `at_least`: or for more."""

    quarters: int
    at_least: bool


def turnover(moves: pl.DataFrame, period: date | None = None, against: date | None = None) -> dict[str, Any] | None:
    """How much of a book of shares was traded between two dates, by the two usual definitions.

    `lesser_pct` is the lesser of purchases and sales over the mean value: as mutual funds report it (Form N-1A, Item
    13, on the portfolio turnover rate: there of a year over the mean of its months, here of what two reports show), and
    as Yan and Zhang do of Forms 13F (Review of Financial Studies 22, 2009). It leaves out what money paid in or out
    moves.
    `half_sum_pct` is half of purchases and sales together over the mean value: half of the churn rate of Gaspar, Massa
    and Matos (Journal of Financial Economics 76, 2005). It counts all that was traded, paid in and out too.

    Both are of one quarter, not of a year. What was bought and sold again between the two dates is in no report.

    Args:
        moves: all moves of one manager; the columns of moves.COLUMNS.
        period: the later quarter's last day.
        against: the earlier one's. Where both are given and do not follow on each other there is no turnover.

    Returns:
        `purchases` and `sales`, dollars, the positive and the negative trade effects; `mean_value`, dollars, rounded
        down; `lesser_pct` and `half_sum_pct`, per cent of the mean value, None where that is nothing. None in place of
        all where one trade effect is not known: the two books do not compare, or not in full; and of more
        than a quarter.
    """
    if period and against and periods.before(period) != against:
        return None
    effect = pl.col("trade_effect")
    known, bought, sold, value = (
        moves.filter(is_stock())
        .select(
            ~(effect.has_nulls() | (pl.col("change") == "unknown").any()),
            bought=effect.clip(lower_bound=0).sum(),
            sold=-effect.clip(upper_bound=0).sum(),
            value=pl.col("value_before").sum() + pl.col("value").sum(),
        )
        .row(0)
    )
    if not known:
        return None
    return {
        "purchases": bought, "sales": sold, "mean_value": value // 2,
        "lesser_pct": min(bought, sold) * 200 / value if value else None,
        "half_sum_pct": (bought + sold) * 100 / value if value else None,
    }  # fmt: skip


def concentration(holdings: pl.DataFrame) -> dict[str, Any]:
    """How much of a book of shares stands in few of its positions.

    Args:
        holdings: positions: put_call, amount_type, value in dollars.

    Returns:
        `positions`: how many there are; `top_ten_weight`: per cent of their value in the ten largest; `herfindahl`:
        the sum of the squares of all weights, from near 0 to 1 for a single one (Herfindahl and Hirschman's index on
        the scale of 0 to 1). The last two are None where the positions are worth nothing.
    """
    values = holdings.filter(is_stock())["value"].sort(descending=True)
    total = int(values.sum())
    return {
        "positions": values.len(),
        "top_ten_weight": int(values.head(TOP).sum()) * 100 / total if total else None,
        "herfindahl": float(((values.cast(pl.Float64) / total) ** 2).sum()) if total else None,
    }


def quarters_held(
    period: date,
    now: Iterable[str],
    books: Mapping[date, Listed],
    names: Mapping[str, Collection[str]],
    most: int | None = None,
) -> dict[str, Held]:
    """For how many quarters in a row each security has been in a manager's reports.

    A quarter that is not here, or that a notice leaves to other managers, ends what is known, not the holding: the
    count is then of at least as many. So is one that does not list the security, but is not the whole book.

    Args:
        period: the last quarter, which counts as one.
        now: the CUSIPs that it lists.
        books: what earlier quarters list; those that are not here, or notices, are left out.
        names: for each CUSIP that had another one before, or has another since, all of them.
        most: how many earlier quarters to look at.
    """
    found: dict[str, Held] = {}
    still, renamed = frozenset(now), frozenset(names)
    count, day = 1, periods.before(period)
    while still:
        if day not in books or count - 1 == most:
            return found | dict.fromkeys(still, Held(count, at_least=True))
        listed = books[day].cusips
        stays = (still & listed) | {one for one in still & renamed if not listed.isdisjoint(names[one])}
        found |= dict.fromkeys(still - stays, Held(count, at_least=not books[day].is_whole))
        still, count, day = stays, count + 1, periods.before(day)
    return found


def held(found: Mapping[str, Held], looked_back: int | None) -> dict[str, Any] | None:
    """How long the securities of a book have been held, in the mean; None of a book without any.

    Args:
        found: of each security (quarters_held).
        looked_back: how many earlier quarters were looked at, None: all that follow on each other.

    Returns:
        `mean_quarters` and `median_quarters`; `securities`: of how many; `at_least`: of how many of these the count is
        the least that it can be, so that the mean is too; and `looked_back`.
    """
    if not found:
        return None
    quarters = sorted(one.quarters for one in found.values())
    number, middle = len(quarters), len(quarters) // 2
    return {
        "mean_quarters": sum(quarters) / number,
        "median_quarters": (quarters[middle] + quarters[~middle]) / 2,
        "securities": number,
        "at_least": sum(one.at_least for one in found.values()), "looked_back": looked_back,
    }  # fmt: skip
