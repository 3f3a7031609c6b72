"""Figures as filed that cannot well be true: a price that nobody else has, columns swapped, a row that stands twice."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from thirteenf import cusip as cusips
from thirteenf.causes.accounts import key_of
from thirteenf.causes.evidence import LIKELY, POSSIBLE, cause, evidence
from thirteenf.filing import Oddity
from thirteenf.tables import POSITION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

    from thirteenf.causes.accounts import Account, Key
    from thirteenf.causes.evidence import Cause

ODD = 3
"""A price so many times another is odd: quarters rarely do that, and other managers' reports of one day never."""
WRONG = 300
"""A price or amount so many times another is a slip: thousands, or a column taken for its neighbour."""
FEWEST_HOLDERS = 3
"""So many reports must agree before one of them is odd."""
MANY_HOLDERS = 10
"""So many reports must hold a stock before options on more than they do are odd."""
_TOLD_APART, _NEARLY, _CLOSELY, _THOUSAND = 2, 1.5, 1.2, 0.02
"""Swapped columns show where a share costs so much, to within such a factor."""
_FOUR = ("amount_before_adjusted", "amount", "value_before", "value")
_FEWEST_SWAPPED = 3
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


class Slips(NamedTuple):
    """Positions that look like slips of the pen beside the rest of the book.

    `twins`: what else stands, by as much, in the other day's place; `swapped`: amount and value changed places.
    """

    twins: Mapping[Key, str] = MappingProxyType({})
    swapped: frozenset[Key] = frozenset()


def slips(moves: pl.DataFrame) -> Slips:
    """What of a whole book looks like slips.

    Args:
        moves: rows of moves.diff, all of a book.
    """
    names = ("change", *POSITION_KEY, "issuer", "title_of_class", "amount_before", *_FOUR)
    rows = list(moves.select(names).iter_rows(named=True))
    return Slips(_twins(rows), _swapped(rows))


def _twins(rows: Iterable[Mapping[str, Any]]) -> dict[Key, str]:
    """Positions that are gone, or new, while as much is new, or gone, at about the same price.

    Of the issuer's class by another number, or by the same number as another type; and only where one alone is like
    it, since many prove nothing.
    """
    gone: dict[Any, list[Mapping[str, Any]]] = {}
    came: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["change"] in ("exited", "new"):
            ends, amount = (gone, row["amount_before"]) if row["change"] == "exited" else (came, row["amount"])
            name = row["put_call"], row["amount_type"], row["issuer"].upper(), row["title_of_class"].upper()
            for like in ((amount, *name), (amount, row["cusip"])):
                ends.setdefault(like, []).append(row)
    found: dict[Key, str] = {}
    for like in gone.keys() & came.keys():
        if len(gone[like]) == len(came[like]) == 1 and _is_one_price(gone[like][0], came[like][0]):
            for one, other in ((gone[like][0], came[like][0]), (came[like][0], gone[like][0])):
                found[key_of(one)] = " ".join(part for part in key_of(other) if part)
    return found


def _is_one_price(gone: Mapping[str, Any], came: Mapping[str, Any]) -> bool:
    """Whether as much was worth about the same on both days."""
    return bool(gone["value_before"] and came["value"]) and not _is_off(came["value"] / gone["value_before"], _NEARLY)


def _swapped(rows: Iterable[Mapping[str, Any]]) -> frozenset[Key]:
    """Positions whose amount is about the other day's value, and whose value, in dollars or thousands, its amount.

    Where a share costs about the root of a thousand dollars, a purchase may look like that: then, of a book that does
    so otherwise seldom, only those count whose price moved too.
    """
    held = [row for row in rows if row["amount_type"] == "SH" and all((row[name] or 0) > 0 for name in _FOUR)]
    alike = [row for row in held if _looks_swapped(*(row[name] for name in _FOUR))]
    if len(alike) < max(_FEWEST_SWAPPED, len(held) / 2):
        alike = [row for row in alike if _is_off(_times_of_price(row), _NEARLY)]
    return frozenset(key_of(row) for row in alike)


def _looks_swapped(adjusted: int, amount: int, was: int, is_now: int) -> bool:
    if was / adjusted < _TOLD_APART or _is_off(amount / was, _NEARLY):
        return False
    return any(not _is_off(is_now / unit / adjusted, _NEARLY) for unit in (1, 1_000))


def _times_of_price(row: Mapping[str, Any]) -> float:
    adjusted, amount, was, is_now = (row[name] for name in _FOUR)
    return float((is_now / amount) / (was / adjusted))


def found(
    row: Mapping[str, Any],
    before: Account | None,
    after: Account,
    slips: Slips,
) -> Iterator[tuple[Cause, bool]]:
    """What cannot well be true of a move, and whether its amounts are in doubt by that.

    Args:
        row: a row of moves.diff with both sides comparable.
        before: the earlier side.
        after: the later side.
        slips: what of the whole book looks like one.
    """
    yield from _of_prices(row, before, after)
    for account, side in ((before, "_before"), (after, "")):
        if account:
            yield from _as_filed(row, account, side)
    yield from _of_amounts(row, is_swapped=key_of(row) in slips.swapped)
    yield from _of_repeated(row, before, after)
    if row["change"] in ("new", "exited") and (number := _NUMBERS.get(cusips.kind(row["cusip"]))):
        yield cause("filer_error", POSSIBLE, [evidence("filed", f"{row['cusip']}: {number}")]), True
    if twin := slips.twins.get(key_of(row)):
        said = f"as much stands as {twin} on the other day: one of the two may be a slip"
        yield cause("filer_error", POSSIBLE, [evidence("filed", said)]), True


def _of_prices(row: Mapping[str, Any], before: Account | None, after: Account) -> Iterator[tuple[Cause, bool]]:
    """A price that is none: amount and value swapped, a column or a row in thousands, a slip of digits."""
    adjusted, amount = row["amount_before_adjusted"], row["amount"]
    grew = amount / adjusted if adjusted and amount else None
    for account, side, price, reference, is_of_others in _prices(row, before, after):
        off = price / reference
        is_swapped = reference >= _TOLD_APART and _is_off(off, ODD) and not _is_off(price * reference, _NEARLY)
        # an amount that jumped while its value did not is the wrong one of the two
        jump = (grew if side == "" else 1 / grew) if grew else None
        is_slip = bool(jump and is_of_others and _is_off(off, _NEARLY) and not _is_off(jump * off, _CLOSELY))
        if not (is_swapped or is_slip or _is_off(off, WRONG)):
            continue
        is_amount = is_swapped or is_slip or bool(jump and _is_off(jump, WRONG) and not _is_off(jump * off, ODD))
        what = "amount and value seem swapped" if is_swapped else "the amount" if is_amount else "the value"
        told = f"{what}: ${price:,.6g} a share at {account.day}, where about ${reference:,.2f} is to be expected"
        yield cause("filer_error", LIKELY, [evidence("price", told), *_rows(row, account, side)]), is_amount


def _as_filed(row: Mapping[str, Any], account: Account, side: str) -> Iterator[tuple[Cause, bool]]:
    """What the rows of one side show by themselves."""
    amount, value, key = row[f"amount{side}"], row[f"value{side}"], key_of(row)
    if account.copied and account.is_copied(key):
        told = f"the filing for {account.day} has the amounts in its column of values too"
        yield cause("filer_error", LIKELY, [evidence("filed", told), *_rows(row, account, side)]), False
    if (not amount and value) or (amount or 0) < 0:
        told = f"${value:,} at {account.day} without an amount" if not amount else f"{amount:,} at {account.day}"
        yield cause("filer_error", LIKELY, [evidence("filed", told), *account.filed(key, amount or 0)]), True
    if key in account.again:
        told = f"an amendment for {account.day} adds an amount that was there already"
        yield cause("filer_error", POSSIBLE, [evidence("amendment", told), *account.filed(key, amount or 0)]), True


def _of_amounts(row: Mapping[str, Any], *, is_swapped: bool) -> Iterator[tuple[Cause, bool]]:
    """What the two amounts show beside each other."""
    adjusted, amount, was, is_now = (row[n] for n in ("amount_before_adjusted", "amount", "value_before", "value"))
    if not (adjusted and amount and was and is_now) or min(adjusted, amount, was, is_now) < 0:
        return
    times = max(adjusted, amount) / min(adjusted, amount)
    if is_swapped:
        told = f"amount and value seem swapped: {amount:,} where ${was:,} was the value before"
        yield cause("filer_error", LIKELY, [evidence("filed", told)]), True
    elif abs(times / 1_000 - 1) < _THOUSAND:
        yield (
            cause("filer_error", POSSIBLE, [evidence("filed", "the amount is a thousand times the other day's")]),
            True,
        )


def _of_repeated(row: Mapping[str, Any], before: Account | None, after: Account) -> Iterator[tuple[Cause, bool]]:
    """A row that stands twice on one of the two days and not as often on the other, where the amount moved too."""
    at = [one for one in row["oddities"] if one["code"] == "row-repeated"]
    if not at or not row["amount_change"]:
        return
    sides = [{one["accession_number"] for one in account.filings} if account else set() for account in (before, after)]
    then, now = ([one for one in at if one["accession_number"] in side] for side in sides)
    if len(then) != len(now):
        told = "a row stands twice, and not as often on the other day"
        said = [evidence("filed", told, one["accession_number"], [one["row"]]) for one in at]
        yield cause("filer_error", POSSIBLE, said), True


def _prices(
    row: Mapping[str, Any], before: Account | None, after: Account
) -> Iterator[tuple[Account, str, float, float, bool]]:
    """Each side's price beside other managers', or, where nobody tells, the later beside the earlier one's."""
    is_told = False
    for account, side in ((before, "_before"), (after, "")):
        price, theirs = _price(row, side), _theirs(row, account, side)
        if account and price and theirs:
            is_told = True
            yield account, side, price, theirs, True
    price, adjusted = _price(row, ""), row["amount_before_adjusted"]
    if not is_told and price and adjusted and row["value_before"]:
        yield after, "", price, row["value_before"] / adjusted, False


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
    return account.filed(key_of(row), row[f"amount{side}"] or 0)
