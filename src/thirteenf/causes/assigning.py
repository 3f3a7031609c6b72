"""Each move's causes: what is known to have been done, what the filings show, and what else it may be."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from thirteenf.causes import errors
from thirteenf.causes.accounts import key_of
from thirteenf.causes.column import column
from thirteenf.causes.doubts import doubts, parted, withholding
from thirteenf.causes.evidence import CONFIRMED, LIKELY, POSSIBLE, cause, evidence, lowest, surest_first
from thirteenf.tables import MOVES
from thirteenf.vocabulary import FOLLOWED, OF_SECURITY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from thirteenf.causes.accounts import Account, Elsewhere, Key, Link
    from thirteenf.causes.evidence import Cause, Evidence
    from thirteenf.causes.redemptions import Redemption

_DONE_TO_NOBODY = "what was done to it between the two days did nothing to this position"
_NOTHING_DONE = "no split, change of CUSIP, merger or spin-off is known between the two days"


class Sides(NamedTuple):
    """The two sides of a comparison, and what the whole book did; `before` is None where nothing is known of it.

    `is_same_period`: one period as known on two days, between which nobody traded. `elsewhere`: positions of which
    a part came from, or went to, another manager's filing. `slips`: what of the whole book looks like one. `acted`: the
    securities that something is known to have been done to, or may have been, between the two days.
    """

    before: Account | None
    after: Account
    redemption: Redemption | None = None
    is_same_period: bool = False
    elsewhere: Mapping[Key, Elsewhere] = MappingProxyType({})
    slips: errors.Slips = errors.Slips()
    acted: frozenset[str] = frozenset()


def assign(moves: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """Moves with their causes.

    Args:
        moves: rows of moves.diff or moves.unknown; `cause` has what was done to the securities.
        sides: what the filings tell.

    Returns:
        The same rows; `cause` is never empty, `residual` and `hidden_days` where they apply, odd prices among the
        oddities.
    """
    schema = MOVES.schema(("residual", "hidden_days", "oddities"))
    told = [_told(row, sides) for row in moves.iter_rows(named=True)]
    moves = moves.with_columns(
        column([one["cause"] for one in told]).alias("cause"),
        *(pl.Series(name, [one[name] for one in told], dtype=schema[name]) for name in ("residual", "hidden_days")),
    )
    if not any(one["odd"] for one in told):
        return moves
    odd = pl.Series([one["odd"] for one in told], dtype=schema["oddities"])
    return moves.with_columns(pl.col("oddities").list.concat(odd))


def _told(row: Mapping[str, Any], sides: Sides) -> dict[str, Any]:
    late = _late(row, sides)
    is_known = row["change"] != "unknown"
    residual = _residual(row, sides.redemption) if is_known else None
    causes = _causes(row, sides, late, residual) if is_known else _of_unknown(row, sides, late)
    return {
        "cause": surest_first(causes),
        "residual": residual,
        "hidden_days": late[1] if late else None,
        "odd": [one.as_dict() for one in errors.odd(row, sides.before, sides.after)],
    }


def _late(row: Mapping[str, Any], sides: Sides) -> tuple[list[Evidence], int, bool] | None:
    """What Account.late says of a position; between two days only by what was filed in between, and if it grew."""
    if not row["amount"]:
        return None
    if not sides.is_same_period or row["change"] == "unknown":
        return sides.after.late(key_of(row))
    return sides.after.late(key_of(row), sides.before) if row["amount_change"] > 0 else None


def _residual(row: Mapping[str, Any], redemption: Redemption | None) -> int | None:
    """What was traded beside a redemption of a position held on both days."""
    before, after = row["amount_before_adjusted"], row["amount"]
    return redemption.residual(before, after) if redemption and before and after else None


def _of_unknown(row: Mapping[str, Any], sides: Sides, late: tuple[list[Evidence], int, bool] | None) -> Iterator[Cause]:
    """What is known of a position that is not compared."""
    if late:
        yield _revealed(late)
    yield _not_compared(row, sides)


def _revealed(late: tuple[list[Evidence], int, bool]) -> Cause:
    said, _, was_withheld = late
    return cause("revealed", CONFIRMED if was_withheld else LIKELY, said)


def _not_compared(row: Mapping[str, Any], sides: Sides) -> Cause:
    """Why a position is not compared."""
    reason, after = row["unknown_reason"], sides.after
    if reason == "notice":
        side = after if after.state == "notice" else sides.before or after
        named = [str(one["name"]) for filing in side.filings for one in filing["other_managers"]]
        whose = ", ".join(named) or "managers whom the notice does not name"
        told = f"left to the reports of {whose}; no rows of theirs are told as its own here"
        return cause("moved_manager", LIKELY, [evidence("manager", told, side.last)])
    if reason == "withheld":
        is_all = "withheld" in (after.state, sides.before.state if sides.before else "")
        return cause("withheld", CONFIRMED if is_all else POSSIBLE, [withholding(after, sides.before)])
    if reason == "emptied":
        account = after if after.state == "emptied" else sides.before or after
        told = f"a restatement for {account.day} leaves no position of a report that had some"
        return cause("filer_error", POSSIBLE, [evidence("amendment", told, account.last)])
    if reason == "combination":
        return cause("moved_manager", POSSIBLE, [parted(after)])
    if reason == "refused":
        return cause("filer_error", POSSIBLE, [evidence("report", "what was filed cannot well be true and is refused")])
    return cause("unknown", POSSIBLE, [evidence("report", _NOT_HERE[reason])])


_NOT_HERE = {
    "first-report": "the first report that is here",
    "quarter-missing": "the quarter before is not here",
    "base-missing": "the report that an amendment adds to is not here",
}


def _causes(
    row: Mapping[str, Any],
    sides: Sides,
    late: tuple[list[Evidence], int, bool] | None,
    residual: int | None,
) -> Iterator[Cause]:
    """A compared position's causes, the surest first, then what else it may be."""
    done = [one for one in row["cause"] if one["confidence"] in FOLLOWED]
    doubted = [one for one in row["cause"] if one["confidence"] not in FOLLOWED]
    yield from done
    if late:
        yield _revealed(late)
    link = _moved(sides)
    if link:
        yield cause("moved_manager", link.confidence, link.evidence)
    if sides.is_same_period:
        yield from _of_one_period(row, sides, late=bool(late))
        return
    elsewhere = sides.elsewhere.get(key_of(row))
    if elsewhere:
        yield elsewhere.cause
    wrong = list(errors.found(row, sides.before, sides.after, sides.slips))
    yield from (one for one, _ in wrong)
    is_redeemed = residual is not None and row["change"] != "unchanged"
    if sides.redemption and is_redeemed:
        yield _redemption(sides.redemption, residual or 0, is_doubted=bool(wrong))
    if row["amount_change"] != 0 and not _is_explained(row, sides, elsewhere, is_redeemed=is_redeemed):
        others = [*doubted, *doubts(row, sides.before, sides.after, is_priced=not wrong)]
        is_doubted = elsewhere is not None or any(is_amount for _, is_amount in wrong)
        yield _trade(row, sides, others, is_doubted=is_doubted)
        yield from (one for one in others if not (link and one["cause"] == "moved_manager"))
        return
    if not (done or late or link or elsewhere or is_redeemed or wrong):
        yield cause("held", LIKELY if doubted else CONFIRMED, _rows(row, sides))
    yield from doubted


def _is_explained(row: Mapping[str, Any], sides: Sides, elsewhere: Elsewhere | None, *, is_redeemed: bool) -> bool:
    """Whether a change of amount is all another manager's filing, or the redemption of the whole book."""
    is_moved = bool(elsewhere and elsewhere.amount == row["amount_change"])
    if elsewhere and is_moved and elsewhere.cause["confidence"] == CONFIRMED:
        return True
    before, after = row["amount_before_adjusted"], row["amount"]
    return bool(is_redeemed and sides.redemption and sides.redemption.is_of_it(before, after))


def _moved(sides: Sides) -> Link | None:
    """What ties the one side's book to another manager's filings than the other side's."""
    before, after = sides.before.link if sides.before else None, sides.after.link
    return None if before and after and before.cik == after.cik else after or before


def _of_one_period(row: Mapping[str, Any], sides: Sides, *, late: bool) -> Iterator[Cause]:
    """Why a period reads otherwise on two days: nobody traded in between."""
    if late:
        return
    if row["amount_change"] == 0 and row["value_change"] == 0:
        yield cause("held", CONFIRMED, _rows(row, sides))
        return
    newest = sides.after.filings[-1]
    kind = newest["amendment_type"] or newest["form_type"]
    told = (
        f"{kind} of {newest['filing_date']} says otherwise" if row["amount_change"] else "its value is read otherwise"
    )
    yield cause("filer_error", CONFIRMED, [evidence("amendment", told, newest["accession_number"]), *_rows(row, sides)])


def _redemption(redemption: Redemption, residual: int, *, is_doubted: bool) -> Cause:
    told = f"{redemption.positions} of {redemption.of} positions moved by the ratio {redemption.ratio:.6g}"
    said = evidence("book", f"{told}; beside it {residual:+,} of this one")
    return cause("redemption", POSSIBLE if is_doubted else redemption.confidence, [said])


def _trade(row: Mapping[str, Any], sides: Sides, others: Sequence[Cause], *, is_doubted: bool) -> Cause:
    """A trade, as sure as what else it may be leaves it, with what was looked at."""
    checked = list(_checks(row, sides, others))
    most = POSSIBLE if is_doubted else _left_by(row, sides, others)
    return cause("trade", lowest(most, *(at_most for _, at_most in checked)), [one for one, _ in checked])


def _left_by(row: Mapping[str, Any], sides: Sides, others: Sequence[Cause]) -> str:
    """How sure a trade can be beside what else the move may be."""
    if (link := _moved(sides)) and link.confidence != CONFIRMED:
        others = [*others, cause("moved_manager", link.confidence)]
    if not others:
        return CONFIRMED
    is_end = row["change"] in ("new", "exited")
    other_day = sides.after if row["change"] == "exited" else sides.before
    leaves = {
        "reporting_floor": other_day is not None and other_day.lists_small >= _LISTS_SMALL,
        "withheld": not is_end or (other_day is not None and other_day.has_disclosed),
        "moved_manager": not is_end and not _is_shared(row, sides),
        "filer_error": not is_end,
        "off_list": not is_end,
    }
    return LIKELY if all(leaves.get(one["cause"]) for one in others) else POSSIBLE


def _is_shared(row: Mapping[str, Any], sides: Sides) -> bool:
    """Whether a position's rows name further managers, in a book that is a part of another's report."""
    links = [account.link for account in (sides.before, sides.after) if account and account.link]
    return any(key_of(row) in link.shared for link in links)


def _checks(row: Mapping[str, Any], sides: Sides, others: Sequence[Cause]) -> Iterator[tuple[Evidence, str]]:
    """What was looked at before a move is called a trade, each with the most that it leaves a trade to be."""
    is_stock = not row["put_call"] and row["amount_type"] == "SH"
    yield from ((one, CONFIRMED) for one in _rows(row, sides))
    for account in (sides.before, sides.after):
        if account:
            told = f"what is in force for {account.day} {_extent(account)}"
            yield evidence("report", told, account.last), CONFIRMED
    if not any(one["cause"] in OF_SECURITY for one in [*row["cause"], *others]):
        yield evidence("lineage", _DONE_TO_NOBODY if row["cusip"] in sides.acted else _NOTHING_DONE), CONFIRMED
    other_day = {"exited": sides.after, "new": sides.before}.get(row["change"])
    if other_day:
        is_on, listed = other_day.is_on_list(row["cusip"])
        yield listed, LIKELY if is_on is None else CONFIRMED
    if row["change"] == "exited" and not any(one["cause"] == "reporting_floor" for one in others):
        floor = "less than 10,000 shares worth less than $200,000 may be left, and not listed"
        yield evidence("floor", floor), CONFIRMED
    if not is_stock and row["change"] in ("reduced", "exited"):
        ended = "expired or been exercised" if row["put_call"] else "been repaid or converted"
        yield evidence("form", f"it may have {ended}: the form does not say"), LIKELY
    if is_stock and (price := _price_then_and_now(row)):
        yield evidence("price", price), CONFIRMED
    if is_stock:
        one_ratio = "the book did not move by one ratio" if not sides.redemption else "more than the book's one ratio"
        yield evidence("book", one_ratio), CONFIRMED


_LISTS_SMALL = 3
"""Who lists so many positions that need not be listed is taken to list them all."""


def _price_then_and_now(row: Mapping[str, Any]) -> str | None:
    before, after = row["amount_before_adjusted"], row["amount"]
    if not (before and after):
        return None
    return f"${row['value_before'] / before:,.2f} a share before, ${row['value'] / after:,.2f} after"


def _extent(account: Account) -> str:
    """How much of a book its filings are."""
    if account.link and account.link.kind == "notice":
        return "is a part of another manager's report"
    is_whole = not (account.withholds or account.combination or account.lacking or account.shrunk)
    return "is the whole book" if is_whole else "leaves rows or holdings out, or may do so"


def _rows(row: Mapping[str, Any], sides: Sides) -> list[Evidence]:
    """The rows as filed that the two amounts are from, or the reports that have none."""
    said: list[Evidence] = []
    for account, amount in ((sides.before, row["amount_before"]), (sides.after, row["amount"])):
        if account:
            filed = account.filed(key_of(row), amount or 0) if amount else []
            said += filed or [account.absent()]
    return said
