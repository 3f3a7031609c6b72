"""What a reader should know beside the tables, as it reads below them: totals, causes, refusals, oddities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import polars as pl

from thirteenf.render import baskets, steps, surveyed, words
from thirteenf.tables import is_option
from thirteenf.vocabulary import CHANGES, OF_SECURITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thirteenf.report import Report

_CLOCK_SLACK = 300
_MOST_ACTIONS = 12
_LEGEND = (
    "Causes: ? likely, ?? possible, +1 one more that is possible; `thirteenf explain MANAGER SECURITY` tells them all, "
    "with evidence."
)
_TELL = {
    "reporting_floor": "may be below the reporting floor (10,000 shares and $200,000), where a row may be left out",
    "off_list": "may be off the SEC's list of the securities to report",
    "withheld": "may be among rows that a filing withholds",
    "moved_manager": "may be, or {are}, in another manager's filing",
    "filer_error": "{are} in doubt by what was filed",
}


def notes(report: Report) -> list[str]:
    """Totals, what was refused, what is odd."""
    lines = _NOTES.get(report.question, lambda _: [])(report)
    if not report.rows.height and report.name not in ("cache", "import", "ingest", "rebuild", "refresh", "verify"):
        lines.append("No manager here holds it." if report.name == "security" else "Nothing to show.")
    return [
        *lines,
        *_notional(report),
        *_actions(report),
        *_causes(report),
        *_symbols(report),
        *words.oddities(report.oddities),
        *_rows_oddities(report),
        *(baskets.flowed(report) if report.head.get("baskets") else ()),
    ]


def _notional(report: Report) -> list[str]:
    """What the values of options are, where they stand in one table with stock."""
    is_mixed = report.name in ("history", "security") and "put_call" in report.rows.columns
    if not is_mixed or report.rows.filter(is_option()).is_empty():
        return []
    return ["Options: amounts and values are the notional of the underlying, no money at risk."]


def _symbols(report: Report) -> list[str]:
    """How many securities have no known symbol, and how many one of another time; the sample says so for itself."""
    lines = []
    if number := report.head.get("unknown_tickers"):
        lines.append(f"{words.plural(number, 'security')} without a known symbol.")
    if report.source == "sample" or not {"ticker_certainty", "ticker_asof"} <= set(report.rows.columns):
        return lines
    unsure = report.rows.filter(pl.col("ticker_certainty") != "confirmed")["ticker_asof"].unique().sort().to_list()
    if unsure:
        seen = unsure[0] if len(unsure) == 1 else f"{unsure[0]} to {unsure[-1]}"
        lines.append(f"Some symbols are not sure for this period: they were seen {seen} (ticker_certainty).")
    return lines


def _actions(report: Report) -> list[str]:
    """What was done to a security, and how sure that is."""
    if report.name == "security":
        return [
            f"{row['kind'].replace('_', ' ')}, {row['certainty']}: {_action(row)}. {'; '.join(row['evidence'])}"
            for row in report.head["actions"].iter_rows(named=True)
        ]
    return []


def _causes(report: Report) -> list[str]:
    """Why positions moved, as far as it is more than a trade: corporate actions and errors singly, the rest counted."""
    if not {"cause", "cusip"} <= set(report.rows.columns):
        return []
    lines: list[str] = []
    counted: Counter[str] = Counter()
    revealed: dict[str, list[str]] = {}
    for row in report.rows.filter(pl.col("cause").list.len() > 0).iter_rows(named=True):
        name = row.get("ticker") or row["cusip"]
        for cause in row["cause"]:
            word, sure = cause["cause"], cause["confidence"]
            if word in OF_SECURITY or (word == "filer_error" and sure != "possible"):
                followed = ", not followed" if word in OF_SECURITY and sure == "possible" else ""
                said = "; ".join(one["detail"] for one in cause["evidence"] if not one["rows"])
                lines.append(f"{name}: {word.replace('_', ' ')}, {sure}{followed}: {said}.")
            elif word == "revealed":
                for one in cause["evidence"]:
                    revealed.setdefault(f"{one['detail']}{words.where(one)}", []).append(name)
            elif word in _TELL:
                counted[word] += 1
    lines = list(dict.fromkeys(lines))
    more = [f"{len(lines) - _MOST_ACTIONS} more such notes: --json has them all."] if len(lines) > _MOST_ACTIONS else []
    hidden = [f"REVEALED, {said}: {', '.join(dict.fromkeys(names))}." for said, names in revealed.items()]
    others = [
        f"{words.plural(number, 'position')} {_TELL[word].format(are='is' if number == 1 else 'are')} ({word})."
        for word, number in counted.items()
    ]
    is_marked = any(words.UNKNOWN in words.causes(causes) for causes in report.rows["cause"])
    legend = [_LEGEND] if is_marked else []
    return [*hidden, *lines[:_MOST_ACTIONS], *more, *others, *legend]


def _action(row: Mapping[str, Any]) -> str:
    rate = f"{row['shares']:,} for {row['shares_before']:,}"
    numbers = f"{row['cusip_before']} to {row['cusip']}" if row["cusip"] != row["cusip_before"] else row["cusip"]
    return f"{numbers}, {rate}, {row['date'] or 'between ' + str(row['against']) + ' and ' + str(row['period'])}"


def _rows_oddities(report: Report) -> list[str]:
    """How many oddities of single rows there are, unless they have been told already."""
    if "oddities" not in report.rows.columns or report.name == "filings":
        return []
    number = int(report.rows["oddities"].list.len().sum() or 0)
    told = any(oddity.row is not None for oddity in report.oddities)
    return (
        [f"{words.plural(number, 'oddity')} of single positions: --oddities tells them."] if number and not told else []
    )


def _totals(report: Report) -> list[str]:
    books = {name: report.head["summary"][name] for name in _LABELS}
    lines = [_total(name, book) for name, book in books.items() if book["positions"] or book["positions_before"]]
    every = sum(book[change] for book in books.values() for change in CHANGES)
    if report.rows.height < every and not report.is_by_issuer:
        lines.append(f"{report.rows.height:,} of {every:,} moves are shown; the totals are of all.")
    return [*lines, *_measured(report.head["summary"].get("measures"))]


def _measured(told: Mapping[str, Any] | None) -> list[str]:
    """Turnover, concentration and how long securities are held, in two lines at most."""
    if told is None:
        return []
    turnover, before, after, held = (told[name] for name in ("turnover", "before", "after", "held"))
    lines = []
    if turnover and turnover["half_sum_pct"] is not None:
        lesser, half = f"{turnover['lesser_pct']:.1f} %", f"{turnover['half_sum_pct']:.1f} %"
        lines.append(f"Turnover: {lesser} by the lesser of purchases and sales, {half} by half of both.")
    said = []
    if after and after["herfindahl"] is not None:
        was = before if before and before["herfindahl"] is not None else None
        top, index = f"{after['top_ten_weight']:.1f} %", f"{after['herfindahl']:.3f}"
        said.append(f"Top ten: {top}" + (f" (before {was['top_ten_weight']:.1f} %)" if was else ""))
        said.append(f"Herfindahl {index}" + (f" ({was['herfindahl']:.3f})" if was else ""))
    if held and (held["mean_quarters"] > 1 or not held["at_least"]):  # of a first report nothing can be told
        least = "at least " if held["at_least"] else ""
        said.append(f"held for {least}{held['mean_quarters']:.1f} quarters in the mean")
    return [*lines, *([", ".join(said) + "."] if said else [])]


_PERIODS_TOLD = 8


def _measured_through(report: Report) -> list[str]:
    """The whole book's measures, a line a period, the newest first."""
    lines = []
    for one in reversed(report.head["periods"]):
        turnover, book = one["turnover"], one["concentration"]
        if book is None or book["herfindahl"] is None:
            continue
        said = f"{words.quarter(one['period'])}, the whole book: {words.plural(book['positions'], 'position')}, "
        said += f"top ten {book['top_ten_weight']:.1f} %, Herfindahl {book['herfindahl']:.3f}"
        if turnover and turnover["half_sum_pct"] is not None:
            lesser, half = (f"{turnover[name]:.1f} %" for name in ("lesser_pct", "half_sum_pct"))
            said += f"; turnover {lesser} (lesser) and {half} (half of both)"
        lines.append(f"{said}.")
    more = [f"{len(lines) - _PERIODS_TOLD} more: --json has them."] if len(lines) > _PERIODS_TOLD else []
    return [*lines[:_PERIODS_TOLD], *more]


def _totals_of_all(report: Report) -> list[str]:
    return [*_totals(report), *surveyed.causes(report)]


def _total_held(report: Report) -> list[str]:
    told = report.head["summary"]
    lines = [f"{words.plural(told['positions'], 'position')}, {words.money(told['value_total'])} in all"]
    if told["options_notional"]:
        notional = words.money(told["options_notional"])
        lines.append(f"Of that {notional} is the notional of options, no money at risk; weights leave it out.")
    return lines


def _refused(report: Report) -> list[str]:
    if not {"outcome", "path", "message"} <= set(report.rows.columns):
        return []
    refused = report.rows.filter(pl.col("outcome") == "refused").select("path", "message")
    return [f"Refused: {path}: {message}" for path, message in refused.iter_rows()]


def _run(report: Report) -> list[str]:
    head = report.head
    told = [
        f"{name or cik}: {message}"
        for name, cik, message in report.rows.select("manager", "cik", "message").iter_rows() if message
    ] if {"manager", "cik", "message"} <= set(report.rows.columns) else []  # fmt: skip
    known = " ".join(told)
    told += [f"{one['message']} {one['hint']}" for one in head["errors"] if one["message"].rstrip(".") not in known]
    planned, kept = head["planned"], head["references"]
    if planned["beyond_limit"]:
        told.append(f"{planned['beyond_limit']:,} more are missing, beyond --limit: run it again.")
    if head["resumed"]:
        told.append(
            f"{words.plural(head['resumed'], 'filing')} that a killed run had fetched {_was(head['resumed'])} read."
        )
    if kept:
        absent = f"; not there: {', '.join(urlsplit(url).path for url in kept['absent'])}" if kept["absent"] else ""
        failed = f"; failed: {'; '.join(kept['failed'])}" if kept["failed"] else ""
        told.append(f"Reference files: {kept['here']} here, {kept['fetched']} new{absent}{failed}")
    if head["notices"] and head["notices"]["waiting"]:
        told.append(
            f"{words.plural(head['notices']['waiting'], 'notice')} could not be sent: the next run tries again."
        )
    if abs(head["clock_is_off"]) > _CLOCK_SLACK:
        where = "ahead of" if head["clock_is_off"] > 0 else "behind"
        told.append(
            f"This machine's clock is {abs(head['clock_is_off']):,} s {where} EDGAR's: set it, since deadlines and "
            "daily limits go by it."
        )
    if head["requests"]["all"]:
        told.append(
            f"{words.plural(head['requests']['all'], 'request')} in {head['seconds']:,.1f} s"
            f" ({head['requests']['references']:,} of them for reference files)"
        )
    if head["events"]:
        told.append(f"Events {head['events']['first']} to {head['events']['last']}: thirteenf events")
    return told


def _ingested(report: Report) -> list[str]:
    head, kept, told = report.head, report.head["planned"]["held"], []
    if {"name", "outcome", "message"} <= set(report.rows.columns):
        for name, outcome, message in report.rows.select("name", "outcome", "message").drop_nulls().iter_rows():
            said = {"refused": "Refused", "wanted": "Not had"}.get(outcome, "Note")
            told.append(f"{said}: {name}: {message}")
    known = " ".join(told)
    told += [f"{one['message']} {one['hint']}" for one in head["errors"] if one["message"].rstrip(".") not in known]
    if kept:
        told.append(f"{words.plural(kept, 'data set')} {_was(kept)} here before, and {_was(kept)} not fetched.")
    if head["requests"]:
        size = "" if head["dry_run"] else f", {words.megabytes(head['bytes'])} MB"
        told.append(f"{words.plural(head['requests'], 'request')} in {head['seconds']:,.1f} s{size}")
    if head["added"] or head["unchanged"]:
        period = f" --period {words.quarter(head['periods'][-1])}" if head["periods"] else ""
        told.append("Late reports and amendments of a quarter are in the sets that come after it.")
        told.append(f"Next: thirteenf moves --all{period}")
    return told


def _asked(report: Report) -> list[str]:
    asked = report.head["refreshed"]
    return [f"EDGAR was last asked at {asked}." if asked else "EDGAR was not asked yet: thirteenf refresh"]


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _found(report: Report) -> list[str]:
    found = [f"{path}: {problem}. {mend}" for path, problem, mend in report.rows.iter_rows()]
    count, sets = report.head["filings"], report.head["data_sets"]
    held = "1 filing" if count == 1 else f"{count:,} filings"
    if sets:
        held += f" in {sets:,} data set{'s' if sets > 1 else ''} and by themselves"
    return [*(found or ["No problem found."]), f"{held}; settings in {report.head['config']}"]


def _moved(report: Report) -> list[str]:
    return list(baskets.notes(report)) if report.head["basket"] else _totals(report)


def _listed(report: Report) -> list[str]:
    told = []
    for one in report.rows.iter_rows(named=True) if set(report.table.names) == set(report.rows.columns) else ():
        own = " (yours, in place of the program's)" if one["replaces"] else " (yours)" if one["is_own"] else ""
        source = f" Source: {one['source'].rstrip('.')}." if one["source"] else ""
        told.append(f"{one['name']}{own}: {one['sentence'] or one['title']}{source}")
    return [*told, f"Your own go into {report.head['config']}."]


_NOTES = {
    "diff": _totals, "moves": _moved, "baskets": _listed,
    "holdings": _total_held, "import": _refused, "rebuild": _refused,
    "cache": _found, "refresh": _run, "ingest": _ingested, "status": _asked, "explain": steps.below,
    "history": _measured_through, "holders": surveyed.held, "flows": surveyed.flowed, "crowding": surveyed.crowded,
    "moves-all": _totals_of_all,
}  # fmt: skip


_LABELS = {"shares": "Shares", "principal": "Principal", "options": "Options, notional"}


def _total(name: str, book: dict[str, Any]) -> str:
    counts = ", ".join(f"{book[change]:,} {change}" for change in CHANGES if book[change])
    label = _LABELS[name]
    if book["value_before"] is None or book["value"] is None:
        return f"{label}: {counts}"
    told = f"{label}: {words.money(book['value_before'])} to {words.money(book['value'])}"
    if book["trade_effect"] is None:
        return f"{told}; {counts}"
    traded, priced = words.signed_money(book["trade_effect"]), words.signed_money(book["price_effect"])
    return f"{told} (traded {traded}, prices {priced}); {counts}"
