"""Each move's causes: what is known to have been done, what the filings show, and what else it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from thirteenf.causes import errors
from thirteenf.causes.accounts import is_below_floor
from thirteenf.causes.column import column
from thirteenf.causes.evidence import CONFIRMED, LIKELY, POSSIBLE, cause, evidence, lowest, surest_first
from thirteenf.tables import MOVES
from thirteenf.vocabulary import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from thirteenf.causes.accounts import Account, Link
    from thirteenf.causes.evidence import Cause, Evidence
    from thirteenf.causes.redemptions import Redemption

_DONE = ("split", "cusip_change", "merger", "spin_off")
_NOTHING_DONE = "no split, change of CUSIP, merger or spin-off is known between the two days"


class Sides(NamedTuple):
    """The two sides of a comparison, and what the whole book did; `before` is None where nothing is known of it.

    `is_same_period`: one period as known on two days, between which nobody traded.
    """

    before: Account | None
    after: Account
    redemption: Redemption | None = None
    is_same_period: bool = False


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
        return sides.after.late(_key(row))
    return sides.after.late(_key(row), sides.before) if row["amount_change"] > 0 else None


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["cusip"], row["put_call"], row["amount_type"]


def _residual(row: Mapping[str, Any], redemption: Redemption | None) -> int | None:
    """Shares traded beside a redemption, of stock held on both days."""
    before, after = row["amount_before_adjusted"], row["amount"]
    is_stock = not row["put_call"] and row["amount_type"] == "SH"
    return redemption.residual(before, after) if redemption and is_stock and before and after else None


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
        notice = side.filings[-1]["accession_number"] if side.filings else None
        return cause("moved_manager", LIKELY, [evidence("manager", f"reported by {whose}, not found here", notice)])
    if reason == "withheld":
        is_all = "withheld" in (after.state, sides.before.state if sides.before else "")
        return cause("withheld", CONFIRMED if is_all else POSSIBLE, [_withholding(after, sides.before)])
    if reason == "emptied":
        account = after if after.state == "emptied" else sides.before or after
        last = account.filings[-1]["accession_number"] if account.filings else None
        told = f"a restatement for {account.day} leaves no position of a report that had some"
        return cause("filer_error", POSSIBLE, [evidence("amendment", told, last)])
    if reason == "combination":
        return cause("moved_manager", POSSIBLE, [_parted(after)])
    if reason == "refused":
        return cause("filer_error", POSSIBLE, [evidence("report", "what was filed cannot well be true and is refused")])
    return cause("unknown", POSSIBLE, [evidence("report", _NOT_HERE[reason])])


_NOT_HERE = {
    "first-report": "the first report that is here",
    "quarter-missing": "the quarter before is not here",
    "base-missing": "the report that an amendment adds to is not here",
}


def _withholding(*accounts: Account | None) -> Evidence:
    """The filing that says that rows are withheld."""
    for account in (one for one in accounts if one):
        for filing in account.filings:
            if filing["is_confidential_omitted"]:
                told = f"the report for {account.day} says that rows are withheld"
                return evidence("report", told, filing["accession_number"])
    return evidence("report", "rows are withheld")


def _parted(account: Account) -> Evidence:
    """That a report is not the whole book."""
    told = f"the report for {account.day} leaves some holdings to other managers' reports"
    return evidence("report", told, account.filings[-1]["accession_number"] if account.filings else None)


def _causes(
    row: Mapping[str, Any], sides: Sides, late: tuple[list[Evidence], int, bool] | None, residual: int | None
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
    wrong = list(errors.found(row, sides.before, sides.after))
    yield from (one for one, _ in wrong if one["confidence"] != POSSIBLE)
    is_redeemed = residual is not None and row["change"] != "unchanged"
    if sides.redemption and is_redeemed:
        yield _redemption(sides.redemption, residual or 0)
    moved = row["amount_change"] != 0
    others = [*doubted, *(one for one, _ in wrong if one["confidence"] == POSSIBLE)]
    if sides.redemption and is_redeemed and sides.redemption.is_of_it(row["amount_before_adjusted"], row["amount"]):
        moved = False
    if moved:
        others += _instead(row, sides)
        amounts_are_sure = not any(is_amount for _, is_amount in wrong)
        yield _trade(row, sides, others if amounts_are_sure else [*others, wrong[0][0]])
    elif not (done or late or link or is_redeemed or wrong):
        yield cause("held", LIKELY if doubted else CONFIRMED, _rows(row, sides))
    yield from others


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


def _redemption(redemption: Redemption, residual: int) -> Cause:
    told = f"{redemption.positions} of {redemption.of} positions moved by the ratio {redemption.ratio:.6g}"
    said = evidence("book", f"{told}; beside it {residual:+,} of this one")
    return cause("redemption", redemption.confidence, [said])


def _instead(row: Mapping[str, Any], sides: Sides) -> list[Cause]:
    """What a change of amount may be instead of a trade, as far as it cannot be excluded."""
    before, after = sides.before, sides.after
    if before is None:
        return []
    found = []
    size = ("amount_before", "value_before") if row["change"] == "exited" else ("amount", "value")
    is_gone, is_new = row["change"] == "exited", row["change"] == "new" and not row["amount_before_adjusted"]
    if (is_gone or is_new) and is_below_floor(row[size[0]], row[size[1]], row["amount_type"]):
        day, when = (after, "then") if is_gone else (before, "before")
        told = (
            f"{row[size[0]]:,} worth ${row[size[1]]:,}: as little may be left out, and may be held {when} all the same"
        )
        lists = evidence("report", f"{day.lists_small} such positions are listed for {day.day}")
        found.append(cause("reporting_floor", POSSIBLE, [evidence("floor", told), lists]))
    if is_gone:
        is_on, said = after.is_on_list(row["cusip"])
        if is_on is False:
            found.append(cause("off_list", LIKELY, [said]))
        found += _left_out_of(after)
    if is_new:
        is_on, said = before.is_on_list(row["cusip"])
        came = after.listed is not None and after.listed.get(row["cusip"]) == "added"
        if is_on is False or came:
            added = evidence("list", f"added to the SEC's list for {after.day}") if came else said
            found.append(cause("off_list", POSSIBLE, [added]))
        found += _left_out_of(before)
    return found


def _left_out_of(account: Account) -> Iterator[Cause]:
    """What else a position may be that is missing in a report which is not the whole book."""
    if account.withholds:
        yield cause("withheld", POSSIBLE, [_withholding(account)])
    if account.combination:
        yield cause("moved_manager", POSSIBLE, [_parted(account)])


def _trade(row: Mapping[str, Any], sides: Sides, others: Sequence[Cause]) -> Cause:
    """A trade, as sure as what else it may be leaves it, with what was looked at."""
    checked = list(_checks(row, sides, others))
    return cause(
        "trade", lowest(_left_by(row, sides, others), *(most for _, most in checked)), [one for one, _ in checked]
    )


def _left_by(row: Mapping[str, Any], sides: Sides, others: Sequence[Cause]) -> str:
    """How sure a trade can be beside what else the move may be."""
    if any(one["cause"] == "filer_error" and one["confidence"] == LIKELY for one in others):
        return POSSIBLE
    if (link := _moved(sides)) and link.confidence != CONFIRMED:
        others = [*others, cause("moved_manager", link.confidence)]
    if not others:
        return CONFIRMED
    if row["change"] not in ("new", "exited"):
        return LIKELY
    other_day = sides.after if row["change"] == "exited" else sides.before
    excluded = {
        "reporting_floor": other_day is not None and other_day.lists_small >= _LISTS_SMALL,
        "withheld": other_day is not None and other_day.has_disclosed,
    }
    return LIKELY if all(excluded.get(one["cause"]) for one in others) else POSSIBLE


def _checks(row: Mapping[str, Any], sides: Sides, others: Sequence[Cause]) -> Iterator[tuple[Evidence, str]]:
    """What was looked at before a move is called a trade, each with the most that it leaves a trade to be."""
    is_stock = not row["put_call"] and row["amount_type"] == "SH"
    yield from ((one, CONFIRMED) for one in _rows(row, sides))
    for account in (sides.before, sides.after):
        if account:
            last = account.filings[-1]["accession_number"] if account.filings else None
            whole = "leaves rows or holdings out" if account.withholds or account.combination else "is the whole book"
            yield evidence("report", f"what is in force for {account.day} {whole}", last), CONFIRMED
    if not any(one["cause"] in _DONE for one in [*row["cause"], *others]):
        yield evidence("lineage", _NOTHING_DONE), CONFIRMED
    other_day = {"exited": sides.after, "new": sides.before}.get(row["change"])
    if other_day:
        is_on, told = other_day.is_on_list(row["cusip"])
        yield told, LIKELY if is_on is None else CONFIRMED
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


def _rows(row: Mapping[str, Any], sides: Sides) -> list[Evidence]:
    """The rows as filed that the two amounts are from, or the reports that have none."""
    said: list[Evidence] = []
    for account, amount in ((sides.before, row["amount_before"]), (sides.after, row["amount"])):
        if account:
            filed = account.filed(_key(row), amount or 0) if amount else []
            said += filed or [account.absent()]
    return said
