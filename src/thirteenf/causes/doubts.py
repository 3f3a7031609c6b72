"""What a move may be instead of a trade: left out, off the list, below the floor, another manager's, a split untold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf import cusip as cusips
from thirteenf.causes.accounts import is_below_floor, key_of
from thirteenf.causes.evidence import LIKELY, POSSIBLE, cause, evidence
from thirteenf.vocabulary import OF_SECURITY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from thirteenf.causes.accounts import Account
    from thirteenf.causes.evidence import Cause, Evidence

_JUMP, _ABOUT, _WOULD_SHOW = 1.7, 1.5, 3
"""A price that moved by so much in a quarter is looked at twice, if the amount did by about as much; so many holders
would have shown a split."""


def doubts(row: Mapping[str, Any], before: Account | None, after: Account, *, is_priced: bool = True) -> list[Cause]:
    """What a change of amount may be instead of a trade, as far as it cannot be excluded.

    Args:
        row: a row of moves.diff whose amount changed.
        before: the earlier side, None where it is not known.
        after: the later side.
        is_priced: whether its figures are such that prices can be told by them.
    """
    if before is None:
        return []
    found = []
    is_gone, is_new = row["change"] == "exited", row["change"] == "new" and not row["amount_before_adjusted"]
    if (is_gone or is_new) and (lists := _below_floor(row, before, after, is_gone=is_gone)):
        found.append(cause("reporting_floor", POSSIBLE, lists))
    if is_gone:
        is_on, said = after.is_on_list(row["cusip"])
        if is_on is False:
            found.append(cause("off_list", LIKELY, [said]))
    if is_new:
        is_on, said = before.is_on_list(row["cusip"])
        came = after.listed is not None and after.listed.get(row["cusip"]) == "added"
        if is_on is False or came:
            added = evidence("list", f"added to the SEC's list for {after.day}") if came else said
            found.append(cause("off_list", POSSIBLE, [added]))
    if not is_new:
        found += _left_out_of(after, row, is_end=is_gone)
    if not is_gone:
        found += _left_out_of(before, row, is_end=is_new)
    return [*found, *(_perhaps_split(row, before, after) if is_priced else ())]


def _below_floor(row: Mapping[str, Any], before: Account, after: Account, *, is_gone: bool) -> list[Evidence]:
    """What says that a position may be, on the day that no report has it, too small to be listed."""
    other = after if is_gone else before
    amount, value = (row["amount_before_adjusted"], row["value_before"]) if is_gone else (row["amount"], row["value"])
    theirs = other.others.get(row["cusip"])
    at_least = min(value, round(amount * theirs.price)) if theirs and theirs.price else value
    if not is_below_floor(amount, at_least, row["amount_type"]):
        return []
    when = "then" if is_gone else "before"
    told = f"{amount:,} worth ${at_least:,}: as little may be left out, and may be held {when} all the same"
    return [
        evidence("floor", told), evidence("report", f"{other.lists_small} such positions are listed for {other.day}"),
    ]  # fmt: skip


def _left_out_of(account: Account, row: Mapping[str, Any], *, is_end: bool) -> Iterator[Cause]:
    """What else a position may be of which a report that is not the whole book has nothing, or less."""
    key, value = key_of(row), max(row["value_before"] or 0, row["value"] or 0)
    if account.withholds and not (account.has_disclosed and not is_end):
        yield cause("withheld", POSSIBLE, [withholding(account)])
    if account.combination:
        yield cause("moved_manager", POSSIBLE, [parted(account)])
    if account.link and account.link.kind == "notice":
        told = f"of another manager's report for {account.day} only the rows count that name this one"
        shared = ", and this position's rows name further managers" if key in account.link.shared else ""
        yield cause("moved_manager", POSSIBLE, [evidence("manager", f"{told}{shared}")])
    for said, missing in account.lacking:
        if missing is None or missing >= value / 2:  # else it is too large to be what is missing
            yield cause("filer_error", POSSIBLE, [said])
    if account.shrunk:
        told = f"a restatement for {account.day} keeps less than half of the value that was there"
        yield cause("filer_error", POSSIBLE, [evidence("amendment", told, account.shrunk)])


def _perhaps_split(row: Mapping[str, Any], before: Account, after: Account) -> Iterator[Cause]:
    """A split that nothing tells of: price and amount jumped by about as much, and few here would have shown it."""
    adjusted, now = row["amount_before_adjusted"], row["amount"]
    if row["amount_type"] != "SH" or not (adjusted and now and row["value_before"] and row["value"]):
        return
    times = (row["value_before"] / adjusted) / (row["value"] / now)
    if max(times, 1 / times) < _JUMP or not 1 / _ABOUT <= now / adjusted / times <= _ABOUT:
        return
    held, held_before = after.others.get(row["cusip"]), before.others.get(row["cusip_before"] or row["cusip"])
    is_shown = held is not None and held_before is not None and min(held.holders, held_before.holders) >= _WOULD_SHOW
    is_security = cusips.kind(row["cusip"]) == "security"
    if is_security and not is_shown and not any(one["cause"] in OF_SECURITY for one in row["cause"]):
        told = f"a dollar of its price became {1 / times:.4g}: so may a split have done, of which nothing here tells"
        yield cause("split", POSSIBLE, [evidence("price", told)])


def withholding(*accounts: Account | None) -> Evidence:
    """The filing that says that rows are withheld."""
    for account in (one for one in accounts if one):
        for filing in account.filings:
            if filing["is_confidential_omitted"]:
                told = f"the report for {account.day} says that rows are withheld"
                return evidence("report", told, filing["accession_number"])
    return evidence("report", "rows are withheld")


def parted(account: Account) -> Evidence:
    """That a report is not the whole book."""
    told = f"the report for {account.day} leaves some holdings to other managers' reports"
    return evidence("report", told, account.last)
