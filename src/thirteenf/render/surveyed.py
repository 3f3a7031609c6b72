"""How reports on all managers at once read to a person: what they rest on, their further tables, totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf.render import words
from thirteenf.tables import is_stock
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
    elsewhere = f", {told['reported_elsewhere']:,} in others' reports" if told["reported_elsewhere"] else ""
    filed += f" for {words.quarter(head['period'])}, {told['late']:,} late{elsewhere}"
    lines = [f"{filed}; {told['compared']:,} are compared"]
    if told["is_thin"]:
        lines.append("Thin data: too few managers are here, or have filed, to speak of the market.")
    lines += [
        f"Not compared, {number:,} {reason}: {UNCOMPARED[reason]}." for reason, number in told["left_out"].items()
    ]
    if told["late_filers"]:
        lines.append(f"Late: {_few([words.text(one['manager']) for one in told['late_filers']])}.")
    for group in told["together"][:_MOST]:
        names = ", ".join(words.text(one["name"]) for one in group["managers"])
        lines.append(f"Compared as one book, since one's holdings moved to another's report: {names}.")
    if more := told["together"][_MOST:]:
        lines.append(f"{len(more):,} more such groups: --json has them all.")
    return lines


def _few(names: list[str]) -> str:
    rest = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{rest}"


def bounds(sold: int, bought: int, coverage: Mapping[str, Any]) -> str:
    """What those may have sold and bought at most that are in no sum: "no more" only where all of a side is known."""
    told = []
    for did, dollars, unknown in (("sold", sold, "unknown_before"), ("bought", bought, "unknown")):
        if dollars or not coverage[unknown]:
            more = " of what is known" if coverage[unknown] else ", no more"
            told.append(f"{did} {words.money(dollars)}{more}")
    return f"who is not compared, or withholds rows, may have {'; and '.join(told)}."


def unbounded(coverage: Mapping[str, Any]) -> list[str]:
    """Whose other side is not known, so that nothing bounds what they did."""
    late, now, before = coverage["late"], coverage["unknown"] - coverage["late"], coverage["unknown_before"]
    told = [f"what the {words.plural(late, 'late filer')} bought since"] if late else []
    told += [f"what {words.plural(now, 'other')} may hold besides"] if now else []
    told += [f"what {words.plural(before, 'other')} held before"] if before else []
    return [f"Not known: {'; '.join(told)}."] if told else []


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
    if odd := report.head["odd_prices"]:
        told.append(
            f"In no sum of dollars, but of shares: {words.plural(odd, 'position')} at a price some hundred times off "
            "what others report."
        )
    if report.head["baskets"]:  # each basket's own sums say it
        return [*told, *_held_before(report.head["late"])]
    for name, one in report.head["sums"].items():
        if not any(one.values()):
            continue
        traded = f"bought {words.money(one['bought'])}, sold {words.money(one['sold'])}"
        told.append(f"{_KINDS[name]}: {traded}, net {words.signed_money(one['trade_effect'])}")
        if one["may_have_sold_value"] or one["may_have_bought_value"]:
            said = bounds(one["may_have_sold_value"], one["may_have_bought_value"], report.head["coverage"])
            told.append(f"{_KINDS[name]}: {said}")
    return [*told, *unbounded(report.head["coverage"]), *_held_before(report.head["late"]), *_shown(report)]


def _held_before(late: pl.DataFrame | None) -> list[str]:
    """Late filers with the stock that they held, the largest first, and apart those with options or principal."""
    if late is None or late.is_empty():
        return []
    stock, is_one = late.filter(is_stock()), late.filter(is_stock())["cusip"].n_unique() == 1
    figure = "amount_before" if is_one else "value_before"  # of several securities shares do not add up (R3)
    of_each: dict[tuple[str, str], int] = {}
    for *who, amount in stock.select("cik", "manager", figure).iter_rows():
        of_each[who[0], who[1]] = of_each.get((who[0], who[1]), 0) + amount
    each = sorted(of_each.items(), key=lambda one: (-one[1], one[0]))
    told = [f"{words.text(name)} ({f'{held:,}' if is_one else words.money(held)})" for (_, name), held in each]
    rest = dict(late.filter(~is_stock()).select("cik", "manager").iter_rows())
    lines = [f"Late, with the stock that they held before: {_few(told)}."] if told else []
    return [*lines, *([f"Late, with options or principal before: {_few([*map(words.text, rest.values())])}."]
                      if rest else [])]  # fmt: skip


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
