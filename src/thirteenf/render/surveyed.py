"""How reports on all managers at once read to a person: what they rest on, their further tables, totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf.render import words
from thirteenf.vocabulary import CHANGES, UNCOMPARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from thirteenf.report import Report

SURVEYS = ("holders", "flows", "crowding", "moves-all")
_MOST = 5
_KINDS = {"shares": "Shares", "principal": "Principal", "puts": "Puts, notional", "calls": "Calls, notional"}


def title(report: Report) -> str:
    """One line: of what, and of when."""
    head = report.head
    quarters = f"{words.quarter(head['period'])} against {words.quarter(head['against'])}" if "against" in head else ""
    asked = head.get("security")
    listed = ", ".join(one["name"] for one in head.get("baskets") or ())
    of = f"{asked['query'].upper()} ({', '.join(asked['cusips'])})" if asked else listed or "All securities"
    within = f" in {listed}" if listed else ""
    told = {
        "holders": lambda: f"Holders of {of}: {quarters}",
        "flows": lambda: f"Flows, {of}: {quarters}",
        "crowding": lambda: f"Crowding{within}: {quarters}",
        "moves-all": lambda: f"Moves of all managers{within}: {quarters}",
        "overlap": lambda: f"Overlap at {head['period']}: {', '.join(one['name'] for one in head['managers'])}",
    }
    return told[report.name]()


def grounds(head: Mapping[str, Any]) -> list[str]:
    """How much of the market it rests on, and who is left out or told together."""
    told = head["coverage"]
    filed = f"{told['managers_filed']:,} of {words.plural(told['expected'], 'expected manager')} filed"
    lines = [f"{filed} for {words.quarter(head['period'])}, {told['late']:,} late; {told['compared']:,} are compared"]
    if told["is_thin"]:
        lines.append("Thin data: too few managers are here, or have filed, to speak of the market.")
    lines += [
        f"Not compared, {number:,} {reason}: {UNCOMPARED[reason]}." for reason, number in told["left_out"].items()
    ]
    for group in told["together"][:_MOST]:
        names = ", ".join(words.text(one["name"]) for one in group["managers"])
        lines.append(f"Compared as one book, since one's holdings moved to another's report: {names}.")
    if more := told["together"][_MOST:]:
        lines.append(f"{len(more):,} more such groups: --json has them all.")
    return lines


def overlapping(head: Mapping[str, Any]) -> list[str]:
    """What the books rest on."""
    return [
        f"{words.text(one['name'])}: {words.plural(one['positions'], 'position')}, filed {one['filing_date']}"
        + ("" if one["state"] == "holdings" else f" [{one['state']}]")
        for one in head["managers"]
    ]


def more(report: Report) -> dict[str, pl.DataFrame]:
    """Further tables of a report, by title."""
    head = report.head
    found = {
        "flows": {"Largest buyers": head.get("buyers"), "Largest sellers": head.get("sellers")},
        "crowding": {"New favourites": head.get("favourites"), "Abandoned": head.get("abandoned")},
    }.get(report.name, {})
    return {name: frame for name, frame in found.items() if frame is not None and frame.height}


def lines(report: Report) -> list[str]:
    """Tables that are told in lines: two managers' books beside each other."""
    if report.name != "overlap":
        return []
    names = {one["cik"]: words.text(one["name"]) for one in report.head["managers"]}
    return [
        f"{names[one['cik']]} and {names[one['other']]}: {words.plural(one['common'], 'security')} in common of "
        f"{one['positions']:,} and {one['other_positions']:,}; Jaccard {_number(one['jaccard'])}, by weight "
        f"{_number(one['overlap'], 2)} %"
        for one in report.head["pairs"]
    ]


def _number(value: float | None, places: int = 3) -> str:
    return words.UNKNOWN if value is None else f"{value:.{places}f}"


def held(report: Report) -> list[str]:
    """Who holds a security, counted."""
    told = []
    for name, one in report.head["summary"].items():
        counts = ", ".join(f"{one[change]:,} {change}" for change in CHANGES if one[change])
        if counts:
            now = f"{words.plural(one['holders'], 'holder')} of {one['amount']:,}, {words.money(one['value'])}"
            traded = f"{one['amount_change']:+,} ({words.signed_money(one['trade_effect'])}) of those that compare"
            told.append(f"{_KINDS[name]}: {now}; {traded}; {counts}")
    return told


def flowed(report: Report) -> list[str]:
    """What was bought and sold in sum, and what nobody here can tell."""
    told: list[str] = []
    if report.head["baskets"]:  # each basket's own sums say it
        return told
    for name, one in report.head["sums"].items():
        if not any(one.values()):
            continue
        traded = f"bought {words.money(one['bought'])}, sold {words.money(one['sold'])}"
        told.append(f"{_KINDS[name]}: {traded}, net {words.signed_money(one['trade_effect'])}")
        if one["may_have_sold_value"] or one["may_have_bought_value"]:
            sold, bought = words.money(one["may_have_sold_value"]), words.money(one["may_have_bought_value"])
            told.append(f"{_KINDS[name]}: who is not compared may have sold {sold} and bought {bought}, no more.")
    late = report.head["late"]
    if late is not None and late.height:
        few = [
            f"{words.text(name)} ({amount:,})" for name, amount in late.select("manager", "amount_before").iter_rows()
        ]
        rest = f" and {len(few) - _MOST:,} more" if len(few) > _MOST else ""
        told.append(f"Late, with what they held before: {', '.join(few[:_MOST])}{rest}.")
    return [*told, *_shown(report)]


def _shown(report: Report) -> list[str]:
    every = report.head["securities"]
    return [f"{report.rows.height:,} of {words.plural(every, 'row')} are shown: --top has more."] if (
        report.rows.height < every
    ) else []  # fmt: skip


def crowded(report: Report) -> list[str]:
    """How many securities there are."""
    return [
        "Concentration is of what is reported on Form 13F; changes are of managers that compare.", *_shown(report),
    ]  # fmt: skip


def causes(report: Report) -> list[str]:
    """That causes were not worked out."""
    told = "Causes are not worked out for so many managers: fewer rows (--top) or one manager's diff have them."
    return [] if report.head["has_causes"] else [told]
