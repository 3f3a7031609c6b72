"""Figures as filed that cannot well be true: a price that nobody else has, columns swapped, a row that stands twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf import cusip as cusips
from thirteenf.causes.evidence import LIKELY, POSSIBLE, cause, evidence
from thirteenf.filing import Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from thirteenf.causes.accounts import Account
    from thirteenf.causes.evidence import Cause

ODD = 3
"""A price so many times another is odd: quarters rarely do that, and other managers' reports of one day never."""
WRONG = 300
"""A price or amount so many times another is a slip: thousands, or a column taken for its neighbour."""
FEWEST_HOLDERS = 3
"""So many reports must agree before one of them is odd."""
MANY_HOLDERS = 10
"""So many reports must hold a stock before options on more than they do are odd."""
_TOLD_APART, _NEARLY = 2, 1.5
"""Swapped columns show where a share costs so much, to within such a factor."""
_NUMBERS = {
    "damaged": "the number fails its check digit, so that it may stand for another that is here too",
    "placeholder": "a placeholder instead of a CUSIP may stand for several securities",
    "option-number": "the SEC list's number for options was filed, and which security it stands for is not known",
}


def odd(row: Mapping[str, Any], before: Account | None, after: Account) -> Iterator[Oddity]:
    """Values that are no price of that day, by other managers' reports; and options on more than all of them hold.

    Args:
        row: a row of moves.diff.
        before: the earlier side, None where it is not known.
        after: the later side.
    """
    for account, side in ((before, "_before"), (after, "")):
        price, theirs = _price(row, side), _theirs(row, account, side)
        if account and price and theirs and _is_off(price / theirs, ODD):
            number = account.others[_number(row, side)].holders
            told = f"${price:,.2f} a share at {account.day}, where the median of {number} reports is ${theirs:,.2f}"
            yield Oddity("price-off-others", told)
        held = account.others.get(_number(row, side)) if account and row["put_call"] else None
        if account and held and held.holders >= MANY_HOLDERS and (row[f"amount{side}"] or 0) > held.amount:
            together = f"{held.holders} reports hold {held.amount:,} together"
            yield Oddity("option-oversize", f"on {row[f'amount{side}']:,} shares at {account.day}, where {together}")


def found(row: Mapping[str, Any], before: Account | None, after: Account) -> Iterator[tuple[Cause, bool]]:
    """What cannot well be true of a move, and whether its amounts are in doubt by that.

    Args:
        row: a row of moves.diff with both sides comparable.
        before: the earlier side.
        after: the later side.
    """
    adjusted, amount = row["amount_before_adjusted"], row["amount"]
    grew = amount / adjusted if adjusted and amount else None
    for account, side, price, reference in _prices(row, before, after):
        off = price / reference
        is_swapped = reference >= _TOLD_APART and _is_off(off, ODD) and not _is_off(price * reference, _NEARLY)
        if not is_swapped and not _is_off(off, WRONG):
            continue
        # an amount that jumped while its value did not is the wrong one of the two
        jump = (grew if side == "" else 1 / grew) if grew else None
        is_amount = is_swapped or bool(jump and _is_off(jump, WRONG) and not _is_off(jump * off, ODD))
        what = "amount and value seem swapped" if is_swapped else "the amount" if is_amount else "the value"
        told = f"{what}: ${price:,.6g} a share at {account.day}, where about ${reference:,.2f} is to be expected"
        yield cause("filer_error", LIKELY, [evidence("price", told), *_rows(row, account, side)]), is_amount
    for one, suffix in ((before, "_before"), (after, "")):
        if one and one.copied and one.is_copied(_key(row)):
            told = f"the filing for {one.day} has the amounts in its column of values too"
            yield cause("filer_error", LIKELY, [evidence("filed", told), *_rows(row, one, suffix)]), False
    for one, suffix in ((before, "_before"), (after, "")):
        if one and not row[f"amount{suffix}"] and row[f"value{suffix}"]:
            told = f"${row[f'value{suffix}']:,} at {one.day} without an amount"
            yield cause("filer_error", LIKELY, [evidence("filed", told), *one.filed(_key(row), 0)]), True
    if row["change"] in ("new", "exited") and (number := _NUMBERS.get(cusips.kind(row["cusip"]))):
        yield cause("filer_error", POSSIBLE, [evidence("filed", f"{row['cusip']}: {number}")]), True
    is_twice = any(oddity["code"] == "row-repeated" for oddity in row["oddities"])
    if is_twice and adjusted and amount and max(adjusted, amount) == 2 * min(adjusted, amount):
        yield (
            cause("filer_error", POSSIBLE, [evidence("filed", "a row stands twice, and without it nothing moved")]),
            True,
        )


def _prices(
    row: Mapping[str, Any], before: Account | None, after: Account
) -> Iterator[tuple[Account, str, float, float]]:
    """Each side's price beside other managers', or, where nobody tells, the later beside the earlier one's."""
    is_told = False
    for account, side in ((before, "_before"), (after, "")):
        price, theirs = _price(row, side), _theirs(row, account, side)
        if account and price and theirs:
            is_told = True
            yield account, side, price, theirs
    price, adjusted = _price(row, ""), row["amount_before_adjusted"]
    if not is_told and price and adjusted and row["value_before"]:
        yield after, "", price, row["value_before"] / adjusted


def _number(row: Mapping[str, Any], side: str) -> str:
    return str(row["cusip_before"] or row["cusip"]) if side else str(row["cusip"])


def _price(row: Mapping[str, Any], side: str) -> float | None:
    """Dollars a share (of the underlying), as the row implies; None for principal and where there is none."""
    amount, value = row[f"amount{side}"], row[f"value{side}"]
    return value / amount if amount and value and row["amount_type"] == "SH" else None


def _theirs(row: Mapping[str, Any], account: Account | None, side: str) -> float | None:
    held = account.others.get(_number(row, side)) if account else None
    return held.price if held and held.holders >= FEWEST_HOLDERS and row["amount_type"] == "SH" else None


def _is_off(ratio: float, times: float) -> bool:
    return ratio > times or ratio < 1 / times


def _rows(row: Mapping[str, Any], account: Account, side: str) -> list[dict[str, Any]]:
    return account.filed(_key(row), row[f"amount{side}"] or 0)


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["cusip"], row["put_call"], row["amount_type"]
