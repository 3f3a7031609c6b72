"""What a report rests on, as it reads above the tables: filings, comparability, what is newer, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.render import baskets, steps, surveyed, words
from thirteenf.report import SAMPLE_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from thirteenf.report import Report


def grounds(report: Report) -> list[str]:
    """What the report rests on: filings and when they were filed, comparability, what is newer, what is missing."""
    head, lines = report.head, []
    if report.source == "sample":
        lines.append(SAMPLE_NOTE)
    if "refused" in head and isinstance(head["refused"], pl.DataFrame):
        lines += [_refused_filing(row) for row in head["refused"].iter_rows(named=True)]
    lines += [line for one in head.get("baskets") or () for line in baskets.grounds(one)]
    lines += _GROUNDS.get(report.question, lambda _: [])(head)
    if head.get("filed") is False:
        newer = f"{words.quarter(head['expected_period'])} has ended (reports due {head['due']})"
        lines.append(f"Not the newest quarter: {newer}; this manager's report is not in this cache.")
    lines += [f"Missing: {one['message']} {one['hint']}" for one in head.get("missing", [])]
    return lines


def _refused_filing(row: Mapping[str, Any]) -> str:
    of = f" for {words.quarter(row['period'])}" if row["period"] else ""
    filed = f", filed {row['filing_date']}" if row["filing_date"] else ""
    return (
        f"REFUSED: {row['form_type'] or 'a filing'} {row['accession_number']}{of}{filed}: "
        f"{words.text(row['message']).rstrip('.')}. {row['hint']} ({row['url']})"
    )


def _diff(head: Mapping[str, Any]) -> list[str]:
    lines = [
        *_filings(words.quarter(head["period"]), head["filings"]["after"]),
        *_filings(_earlier(head), head["filings"]["before"]),
    ]
    lines += _continuity(head["continuity"])
    if not head["comparable"]:
        lines.append(f"Cannot be compared ({head['reason']}): {words.REASONS[head['reason']]}")
    if head["redemption"]:
        lines.append(_redemption(head["redemption"]))
    if head["reason"] == "quarter-missing":
        label = words.quarter(head["held_before"])
        lines.append(f"The newest one held before is {label}: --against {label} compares with it.")
    return lines


def _earlier(head: Mapping[str, Any]) -> str:
    known = f" as known on {head['against_as_of']}" if head["against_as_of"] else ""
    return f"{words.quarter(head['against'])}{known}"


def _continuity(links: Mapping[str, Any]) -> list[str]:
    """Which book is from another manager's filings, and what ties the two."""
    told = {"before": "The book before", "after": "The book"}
    return [f"{told[side]} is from the filings of {_tied(link)}" for side, link in links.items() if link]


def _tied(link: Mapping[str, Any]) -> str:
    said = "; ".join(f"{one['detail']}{words.where(one)}" for one in link["evidence"])
    return f"{link['manager']} (CIK {link['cik']}), {link['confidence']}: {said}."


def _redemption(found: Mapping[str, Any]) -> str:
    moved = f"{found['positions']:,} of {found['of']:,} positions moved by the ratio {found['ratio']:.6g}"
    paid = "as when money is paid in or out; what is left of a move is its residual"
    return f"The book moved as one, {found['confidence']}: {moved}, {paid}."


def _moves(head: Mapping[str, Any]) -> list[str]:
    lines = list(baskets.grounds(head["basket"])) if head["basket"] else []
    for manager in head["managers"]:
        known = "" if manager["comparable"] else f": cannot be compared ({manager['reason']})"
        filed = f", filed {manager['filing_date']}" if manager["filing_date"] else ""
        periods = f"{words.quarter(manager['period'])} against {words.quarter(manager['against'])}{filed}"
        newer = (
            ""
            if manager["filed"]
            else f" (not the newest quarter: {words.quarter(manager['expected_period'])} is not here)"
        )
        lines.append(f"{manager['name']}: {periods}{known}{newer}")
        lines += _continuity(manager["continuity"])
        lines += [_redemption(manager["redemption"])] if manager["redemption"] else []
    if len({(manager["period"], manager["against"]) for manager in head["managers"]}) > 1:
        lines.append("The managers' quarters differ: nothing is added up over them. --period names one for all.")
    return lines


def _holdings(head: Mapping[str, Any]) -> list[str]:
    lines = list(_filings(words.quarter(head["period"]), head["filings"]))
    if head["state"] != "holdings":
        lines.append(f"{head['state'].capitalize()}: {words.STATES[head['state']]}")
    if head["continuity"]:
        lines.append(f"Taken from the filings of {_tied(head['continuity'])}")
    return lines


def _security(head: Mapping[str, Any]) -> list[str]:
    lines = []
    for one in head["securities"]:
        names = "; ".join(one["names_as_filed"]) or "not in this cache"
        classes = f" ({', '.join(one['titles_as_filed'])})" if one["titles_as_filed"] else ""
        first, last = words.quarter(one["first_period"]), words.quarter(one["last_period"])
        seen = f", in filings for {first} to {last}" if first else ""
        ticker = one["ticker"] or "(no known symbol)"
        lines.append(f"{one['cusip']} {ticker}: {names}{classes}{seen}{_number(one)}")
        spans = [
            f"{symbol} ({source}, {first}{f' to {last}' if last != first else ''})" if first else f"{symbol} ({source})"
            for symbol, first, last, source in (one.values() for one in one["symbols"])
        ]
        lines += [f"  symbols: {'; '.join(spans)}"] if spans else []
        lines += [f"  company: {one['company']['name']} (CIK {one['company']['cik']})"] if one["company"] else []
        if one["listed"]:
            options = ", with listed options" if one["listed"]["has_options"] else ""
            status = f", {one['listed']['status']} then" if one["listed"]["status"] else ""
            lines.append(f"  on the SEC's list of {words.quarter(one['listed']['quarter'])}{status}{options}")
    return lines


def _number(one: Mapping[str, Any]) -> str:
    """What is special about a CUSIP."""
    of = f" of {one['underlying']}" if one["underlying"] else ""
    told = {
        "security": "", "option-number": f", the SEC list's own number for options{of}",
        "placeholder": ", a placeholder, no security", "damaged": ", fails its check digit",
    }  # fmt: skip
    return told[one["kind"]]


def _verify(head: Mapping[str, Any]) -> list[str]:
    totals = head["totals"]
    agree = f"{totals['agree']:,} agree, {totals['rounding']:,} but for rounding"
    catalogue = "made anew too." if head["catalogue"] else "not checked; `thirteenf verify` without a manager does."
    return [
        f"Read again: {words.plural(head['filings'], 'filing')}, {words.plural(head['rows'], 'row')}",
        f"Filings' own totals: {agree}, {totals['differ']:,} differ, {totals['not_given']:,} give none",
        f"{words.plural(head['refusals'], 'filing')} refused; {words.plural(head['odd'], 'oddity')}",
        f"The catalogue that causes rest on (votes, consensus, lineage): {catalogue}",
    ]


_GROUNDS = {
    "diff": _diff, "moves": _moves, "holdings": _holdings, "security": _security, "explain": steps.backwards,
    "verify": _verify, **dict.fromkeys(surveyed.SURVEYS, surveyed.grounds), "overlap": surveyed.overlapping,
}  # fmt: skip


def _filings(label: str, filings: pl.DataFrame) -> Iterator[str]:
    for filing in filings.iter_rows(named=True):
        kind = f"{filing['form_type']} {filing['amendment_type'] or ''}".strip()
        state = "" if filing["state"] == "in-force" else f" [{filing['state']}]"
        yield f"{label}: {kind} {filing['accession_number']}, filed {filing['filing_date']}{state}"
