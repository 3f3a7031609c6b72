"""How a report reads to a person: title, what it rests on, tables, notes. Text and Markdown draw it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import polars as pl

from thirteenf.render import columns, steps, words
from thirteenf.report import SAMPLE_NOTE
from thirteenf.tables import is_option, is_stock
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from thirteenf.render.columns import Shown
    from thirteenf.report import Report


_CLOCK_SLACK = 300
_MOST_ACTIONS = 12
_BY_ISSUER = "-by-issuer"
_BOOKS = ("stock_", "calls_", "puts_")
_ACTIONS = ("split", "cusip_change", "merger", "spin_off")
_TELL = {
    "reporting_floor": "may be below the reporting floor (10,000 shares and $200,000), where a row may be left out",
    "off_list": "may be off the SEC's list of the securities to report",
    "withheld": "may be among rows that a filing withholds",
    "moved_manager": "may be, or are, in another manager's filing",
    "filer_error": "are in doubt by what was filed",
}


@dataclass(frozen=True)
class Block:
    """One table: a title, its columns, its cells as text, and the change of each row where it has one."""

    title: str
    columns: Sequence[Shown]
    rows: Sequence[Sequence[str]]
    changes: Sequence[str | None]


def title(report: Report) -> str:
    """One line: whose report it is, and of when."""
    head = report.head
    who = f"{head['manager']['name']} (CIK {head['manager']['cik']})" if head.get("manager") else ""
    known = f", as known on {head['as_of']}" if head.get("as_of") else ""
    said = {
        "diff": lambda: f"{who}: {words.quarter(head['period'])}{_against(head)}{known}",
        "moves": lambda: f"Moves of {words.plural(len(head['managers']), 'manager')}{known}",
        "holdings": lambda: f"{who}: holdings at {head['period']}{known}",
        "filings": lambda: f"Filings of {who or 'all managers'}{known}",
        "history": lambda: (
            f"{who}: {head['security']['query'].upper()} ({', '.join(head['security']['cusips'])}){known}"
        ),
        "managers": lambda: f"{words.plural(report.rows.height, 'manager')}{known}",
        "security": lambda: f"{head['query'].upper()}{known}",
        "status": lambda: f"{words.quarter(head['expected_period'])}: reports due {head['due']}{known}",
        "watchlist": lambda: f"Watchlist in {head['config']}",
        "import": lambda: "Import: " + _outcomes(report),
        "rebuild": lambda: "Rebuild: " + _outcomes(report),
        "refresh": lambda: _refresh_title(head),
        "events": lambda: f"{words.plural(report.rows.height, 'event')} after number {head['since']}",
        "cache": lambda: f"Cache {head['root']}",
        "explain": lambda: f"{who}: {head['security']['query'].upper()} in {words.quarter(head['period'])}{known}",
        "verify": lambda: f"Verification of {who or head['root']}: {_verdict(head)}",
    }
    by = ", by issuer" if report.name.endswith(_BY_ISSUER) else ""
    return said[_question(report)]() + by


def _against(head: Mapping[str, Any]) -> str:
    if head["against_as_of"]:
        return f" against itself as known on {head['against_as_of']}"
    return f" against {words.quarter(head['against'])}"


def _verdict(head: Mapping[str, Any]) -> str:
    if head["sound"]:
        return "all figures are what the archive gives"
    wrong = [words.plural(head["differences"], "difference")] if head["differences"] else []
    wrong += [words.plural(head["damaged"], "damaged file")] if head["damaged"] else []
    return ", ".join(wrong).upper()


def _question(report: Report) -> str:
    """The report's name, without how it is added up."""
    return report.name.removesuffix(_BY_ISSUER)


def _refresh_title(head: Mapping[str, Any]) -> str:
    if head["accepted"]:
        return f"{head['accepted']} is confirmed and counts from now on"
    planned = head["planned"]
    if head["dry_run"]:
        asked = words.plural(planned["filings"], "filing")
        cost = words.plural(planned["filings"], "request")
        return f"Missing: {asked}, which would take {cost} and {planned['seconds']:,g} s"
    done = f"{head['fetched']:,} of {words.plural(planned['filings'], 'missing filing')} fetched"
    return f"Refresh: {done}, {head['parsed']:,} read, {head['refused']:,} refused"


def _outcomes(report: Report) -> str:
    return ", ".join(f"{report.head[name]:,} {name}" for name in ("added", "unchanged", "refused"))


def grounds(report: Report) -> list[str]:
    """What the report rests on: filings and when they were filed, comparability, what is newer, what is missing."""
    head, lines = report.head, []
    if report.source == "sample":
        lines.append(SAMPLE_NOTE)
    if "refused" in head and isinstance(head["refused"], pl.DataFrame):
        lines += [_refused_filing(row) for row in head["refused"].iter_rows(named=True)]
    lines += _GROUNDS.get(_question(report), lambda _: [])(head)
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
        *_filings(words.quarter(head["against"]), head["filings"]["before"]),
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


def _continuity(links: Mapping[str, Any]) -> list[str]:
    """Which book is from another manager's filings, and what ties the two."""
    told = {"before": "The book before", "after": "The book"}
    return [f"{told[side]} is from the filings of {_tied(link)}" for side, link in links.items() if link]


def _tied(link: Mapping[str, Any]) -> str:
    said = "; ".join(f"{one['detail']}{_where(one)}" for one in link["evidence"])
    return f"{link['manager']} (CIK {link['cik']}), {link['confidence']}: {said}."


def _where(one: Mapping[str, Any]) -> str:
    return f" ({one['accession_number']})" if one["accession_number"] else ""


def _redemption(found: Mapping[str, Any]) -> str:
    moved = f"{found['positions']:,} of {found['of']:,} positions moved by the ratio {found['ratio']:.6g}"
    return f"The book moved as one, {found['confidence']}: {moved}, as when money is paid in or out; see Residual."


def _moves(head: Mapping[str, Any]) -> list[str]:
    lines = []
    for manager in head["managers"]:
        known = "" if manager["comparable"] else f": cannot be compared ({manager['reason']})"
        periods = f"{words.quarter(manager['period'])} against {words.quarter(manager['against'])}"
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
    return [
        f"Read again: {words.plural(head['filings'], 'filing')}, {words.plural(head['rows'], 'row')}",
        f"Filings' own totals: {agree}, {totals['differ']:,} differ, {totals['not_given']:,} give none",
        f"{words.plural(head['refusals'], 'filing')} refused; {words.plural(head['odd'], 'oddity')}",
    ]


_GROUNDS = {
    "diff": _diff, "moves": _moves, "holdings": _holdings, "security": _security, "explain": steps.backwards,
    "verify": _verify,
}  # fmt: skip


def _filings(label: str, filings: pl.DataFrame) -> Iterator[str]:
    for filing in filings.iter_rows(named=True):
        kind = f"{filing['form_type']} {filing['amendment_type'] or ''}".strip()
        state = "" if filing["state"] == "in-force" else f" [{filing['state']}]"
        yield f"{label}: {kind} {filing['accession_number']}, filed {filing['filing_date']}{state}"


def blocks(report: Report) -> list[Block]:
    """The report's tables: shares, principal and options apart where the rows are positions."""
    frame = report.rows
    if _question(report) in ("diff", "moves", "holdings") and {"put_call", "amount_type"} <= set(frame.columns):
        parts = (
            ("Shares", frame.filter(is_stock())),
            ("Principal amounts (dollars of principal)", frame.filter(~is_stock() & ~is_option())),
            ("Options (amounts and values of the underlying: notional, no money at risk)", frame.filter(is_option())),
        )
        found = [_block(report, title, part) for title, part in parts if part.height]
        found = found if len(found) != 1 or found[0].title != "Shares" else [_block(report, "", frame)]
        return [*found, *_stances(report)]
    if not columns.of(report):
        return []
    if "outcome" in frame.columns:
        frame = frame.filter(pl.col("outcome") != "refused")  # these are told in full, below
    return [_block(report, "", frame)] if frame.height else []


def _stances(report: Report) -> list[Block]:
    """Stock, calls and puts of issuers beside each other, where options are shown."""
    frame = report.head.get("options")
    if report.columns is not None or frame is None or not frame.height:
        return []
    is_of_one = frame["cik"].n_unique() == 1
    shown = tuple(column for column in columns.STANCES if column.name != "manager" or not is_of_one)
    shown = tuple(c for c in shown if not c.name.startswith(_BOOKS) or (frame[c.name].fill_null(1) != 0).any())
    cells = frame.select([column.name for column in shown]).iter_rows()
    rows = [[column.text(value) for column, value in zip(shown, row, strict=True)] for row in cells]
    title = "Issuers with options: what is listed (calls and puts: notional of the underlying)"
    return [Block(title, shown, rows, [None] * frame.height)]


def _block(report: Report, title: str, frame: pl.DataFrame) -> Block:
    shown = columns.of(report)
    if report.columns is None and "put_call" in frame.columns:
        shown = tuple(c for c in shown if c.name != "put_call" or (frame["put_call"] != "").any())
    if report.columns is None and {"cusip", "cusip_before"} <= set(frame.columns):
        is_renumbered = (frame["cusip"] != frame["cusip_before"]).any()
        shown = tuple(c for c in shown if c.name != "cusip_before" or is_renumbered)
    if report.columns is None and {"amount_before", "amount_before_adjusted"} <= set(frame.columns):
        is_adjusted = (frame["amount_before"] != frame["amount_before_adjusted"]).any()
        shown = tuple(c for c in shown if c.name != "amount_before_adjusted" or is_adjusted)
    if report.columns is None and "residual" in frame.columns and frame["residual"].null_count() == frame.height:
        shown = tuple(c for c in shown if c.name != "residual")
    if report.name == "moves" and report.columns is None and frame["period"].n_unique() == 1:
        shown = tuple(c for c in shown if c.name != "period")
    if title.startswith("Options") and report.columns is None:
        shown = tuple(c for c in shown if c.name not in ("weight", "weight_change"))
    cells = frame.select([column.name for column in shown]).iter_rows()
    rows = [[column.text(value) for column, value in zip(shown, row, strict=True)] for row in cells]
    changes = frame["change"].to_list() if "change" in frame.columns else [None] * frame.height
    return Block(title, shown, rows, changes)


def notes(report: Report) -> list[str]:
    """Totals, what was refused, what is odd."""
    lines = _NOTES.get(_question(report), lambda _: [])(report)
    if not report.rows.height and report.name not in ("cache", "import", "rebuild", "refresh", "verify"):
        lines.append("No manager here holds it." if report.name == "security" else "Nothing to show.")
    return [
        *lines,
        *_notional(report),
        *_actions(report),
        *_causes(report),
        *_symbols(report),
        *words.oddities(report.oddities),
        *_rows_oddities(report),
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
            if word in _ACTIONS or (word == "filer_error" and sure != "possible"):
                followed = ", not followed" if word in _ACTIONS and sure == "possible" else ""
                said = "; ".join(one["detail"] for one in cause["evidence"] if not one["rows"])
                lines.append(f"{name}: {word.replace('_', ' ')}, {sure}{followed}: {said}.")
            elif word == "revealed":
                for one in cause["evidence"]:
                    revealed.setdefault(f"{one['detail']}{_where(one)}", []).append(name)
            elif word in _TELL:
                counted[word] += 1
    lines = list(dict.fromkeys(lines))
    more = [f"{len(lines) - _MOST_ACTIONS} more such notes: --json has them all."] if len(lines) > _MOST_ACTIONS else []
    hidden = [f"REVEALED, {said}: {', '.join(dict.fromkeys(names))}." for said, names in revealed.items()]
    others = [f"{words.plural(number, 'position')} {_TELL[word]} ({word})." for word, number in counted.items()]
    marks = {cause["confidence"] for causes in report.rows["cause"] for cause in causes} & {"likely", "possible"}
    legend = ["Cause: ? likely, ?? possible; `thirteenf explain` shows the evidence."] if marks else []
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
    books = {name: book for name, book in report.head["summary"].items() if isinstance(book, dict)}
    lines = [_total(name, book) for name, book in books.items() if book["positions"] or book["positions_before"]]
    every = sum(book[change] for book in books.values() for change in CHANGES)
    if report.rows.height < every and not report.name.endswith(_BY_ISSUER):
        lines.append(f"{report.rows.height:,} of {every:,} moves are shown; the totals are of all.")
    return lines


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


def _asked(report: Report) -> list[str]:
    asked = report.head["refreshed"]
    return [f"EDGAR was last asked at {asked}." if asked else "EDGAR was not asked yet: thirteenf refresh"]


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _found(report: Report) -> list[str]:
    found = [f"{path}: {problem}. {mend}" for path, problem, mend in report.rows.iter_rows()]
    held = f"{report.head['filings']:,} filings; settings in {report.head['config']}"
    return [*(found or ["No problem found."]), held]


_NOTES = {
    "diff": _totals, "moves": _totals, "holdings": _total_held, "import": _refused, "rebuild": _refused,
    "cache": _found, "refresh": _run, "status": _asked, "explain": steps.below,
}  # fmt: skip


def _total(name: str, book: dict[str, Any]) -> str:
    counts = ", ".join(f"{book[change]:,} {change}" for change in CHANGES if book[change])
    label = {"shares": "Shares", "principal": "Principal", "options": "Options, notional"}[name]
    if book["value_before"] is None or book["value"] is None:
        return f"{label}: {counts}"
    told = f"{label}: {words.money(book['value_before'])} to {words.money(book['value'])}"
    traded, priced = words.signed_money(book["trade_effect"]), words.signed_money(book["price_effect"])
    return f"{told} (traded {traded}, prices {priced}); {counts}"
