"""How a report reads to a person: title, what it rests on, tables, notes. Text and Markdown draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.render import words
from thirteenf.report import SAMPLE_NOTE
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from thirteenf.report import Report


@dataclass(frozen=True)
class Shown:
    """One column of a table as a person sees it; `rank` says which go first where there is little room (1 stays)."""

    name: str
    title: str
    text: Callable[[Any], str] = words.text
    right: bool = False
    rank: int = 1


@dataclass(frozen=True)
class Block:
    """One table: a title, its columns, its cells as text, and the change of each row where it has one."""

    title: str
    columns: Sequence[Shown]
    rows: Sequence[Sequence[str]]
    changes: Sequence[str | None]


_POSITION = (
    Shown("ticker", "Ticker", words.blank),
    Shown("issuer", "Issuer"),
    Shown("title_of_class", "Class", rank=4),
    Shown("cusip", "CUSIP", rank=3),
)
_MOVES = (
    *_POSITION,
    Shown("put_call", "Put/Call", words.blank),
    Shown("change", "Change"),
    Shown("amount_before", "Before", words.amount, right=True, rank=2),
    Shown("amount", "Amount", words.amount, right=True),
    Shown("amount_change_pct", "%", words.percent, right=True),
    Shown("value_before", "$ before", words.money, right=True, rank=4),
    Shown("value", "$ value", words.money, right=True, rank=2),
    Shown("trade_effect", "$ traded", words.signed_money, right=True, rank=3),
    Shown("weight", "Weight %", words.weight, right=True, rank=2),
    Shown("weight_change", "±", words.points, right=True, rank=3),
)
_COLUMNS: dict[str, tuple[Shown, ...]] = {
    "diff": _MOVES,
    "moves": (Shown("manager", "Manager"), *_MOVES),
    "history": (
        Shown("period", "Period", words.quarter), *_MOVES, Shown("reentered", "Re-entered", words.flag, rank=3),
    ),
    "holdings": (
        *_POSITION,
        Shown("put_call", "Put/Call", words.blank),
        Shown("amount", "Amount", words.amount, right=True),
        Shown("value", "$ value", words.money, right=True),
        Shown("weight", "Weight %", words.weight, right=True),
        Shown("rows", "Rows", words.amount, right=True, rank=3),
    ),
    "security": (
        Shown("manager", "Manager"),
        Shown("period", "Period", words.quarter),
        Shown("cusip", "CUSIP", rank=3),
        Shown("put_call", "Put/Call", words.blank),
        Shown("amount", "Amount", words.amount, right=True),
        Shown("value", "$ value", words.money, right=True),
        Shown("weight", "Weight %", words.weight, right=True),
    ),
    "filings": (
        Shown("manager", "Manager", rank=2),
        Shown("period", "Period", words.quarter),
        Shown("form_type", "Form"),
        Shown("filing_date", "Filed"),
        Shown("accession_number", "Accession number"),
        Shown("amendment_type", "Amends", words.blank, rank=3),
        Shown("table_entry_total", "Rows", words.amount, right=True, rank=3),
        Shown("value_unit", "Unit", rank=4),
        Shown("state", "State"),
        Shown("oddities", "Odd", words.count, right=True, rank=2),
    ),
    "managers": (
        Shown("cik", "CIK"), Shown("manager", "Manager"), Shown("aliases", "Alias", words.listed, rank=2),
        Shown("filings", "Filings", words.amount, right=True, rank=2),
        Shown("first_period", "From", words.quarter, rank=3), Shown("latest_period", "To", words.quarter),
    ),
    "status": (
        Shown("manager", "Manager"), Shown("latest_period", "Newest", words.quarter),
        Shown("latest_filing_date", "Filed", words.blank, rank=2), Shown("latest_state", "State", words.blank, rank=3),
        Shown("expected_period", "Expected", words.quarter, rank=2), Shown("due", "Due", rank=2),
        Shown("standing", "Standing"),
    ),
    "watchlist": (Shown("entry", "Entry"), Shown("cik", "CIK", words.blank), Shown("manager", "Manager", words.blank)),
    "import": (
        Shown("outcome", "Outcome"), Shown("manager", "Manager", words.blank, rank=2),
        Shown("period", "Period", words.quarter, rank=2), Shown("form_type", "Form", words.blank, rank=3),
        Shown("rows", "Rows", words.amount, right=True, rank=3), Shown("path", "Path"),
        Shown("message", "Why", words.blank),
    ),
    "cache": (Shown("path", "Path"), Shown("problem", "Problem"), Shown("mend", "What to do")),
}  # fmt: skip
_COLUMNS["rebuild"] = _COLUMNS["import"]


def shown(report: Report) -> list[str]:
    """Names of the columns to show: those asked for, or the report's usual ones."""
    return list(report.columns or [column.name for column in _columns(report)])


def _columns(report: Report) -> tuple[Shown, ...]:
    if report.columns is None:
        return _COLUMNS[report.name]
    usual = {column.name: column for column in _COLUMNS[report.name]}
    return tuple(usual.get(name) or _by_type(report, name) for name in report.columns)


def _by_type(report: Report, name: str) -> Shown:
    kind = report.table.column(name).type
    by_type: dict[str, Callable[[Any], str]] = {"int": words.amount, "float": words.weight, "oddities": words.count}
    text = by_type.get(kind, words.blank)
    return Shown(name, name, words.listed if kind.startswith("list") else text, right=kind in ("int", "float"))


def title(report: Report) -> str:
    """One line: whose report it is, and of when."""
    head = report.head
    who = f"{head['manager']['name']} (CIK {head['manager']['cik']})" if head.get("manager") else ""
    known = f", as known on {head['as_of']}" if head.get("as_of") else ""
    said = {
        "diff": lambda: f"{who}: {words.quarter(head['period'])} against {words.quarter(head['against'])}{known}",
        "moves": lambda: f"Moves of {words.plural(len(head['managers']), 'manager')}{known}",
        "holdings": lambda: f"{who}: holdings at {head['period']}{known}",
        "filings": lambda: f"Filings of {who or 'all managers'}{known}",
        "history": lambda: (
            f"{who}: {head['security']['query'].upper()} ({', '.join(head['security']['cusips'])}){known}"
        ),
        "managers": lambda: f"{words.plural(report.rows.height, 'manager')}{known}",
        "security": lambda: f"{head['query'].upper()}{known}",
        "status": lambda: f"{words.quarter(head['expected_period'])} is due on {head['due']}{known}",
        "watchlist": lambda: f"Watchlist in {head['config']}",
        "import": lambda: "Import: " + _outcomes(report),
        "rebuild": lambda: "Rebuild: " + _outcomes(report),
        "cache": lambda: f"Cache {head['root']}",
    }
    return said[report.name]()


def _outcomes(report: Report) -> str:
    return ", ".join(f"{report.head[name]:,} {name}" for name in ("added", "unchanged", "refused"))


def grounds(report: Report) -> list[str]:
    """What the report rests on: filings and when they were filed, comparability, what is newer, what is missing."""
    head, lines = report.head, []
    if report.source == "sample":
        lines.append(SAMPLE_NOTE)
    lines += _GROUNDS.get(report.name, lambda _: [])(head)
    if head.get("filed") is False:
        newer = f"{words.quarter(head['expected_period'])} has ended (reports due {head['due']})"
        lines.append(f"Not the newest quarter: {newer}; this manager's report is not in this cache.")
    lines += [f"Missing: {one['message']} {one['hint']}" for one in head.get("missing", [])]
    return lines


def _diff(head: Mapping[str, Any]) -> list[str]:
    lines = [
        *_filings(words.quarter(head["period"]), head["filings"]["after"]),
        *_filings(words.quarter(head["against"]), head["filings"]["before"]),
    ]
    if not head["comparable"]:
        lines.append(f"Cannot be compared ({head['reason']}): {words.REASONS[head['reason']]}")
    return lines


def _moves(head: Mapping[str, Any]) -> list[str]:
    lines = []
    for manager in head["managers"]:
        known = "" if manager["comparable"] else f": cannot be compared ({manager['reason']})"
        periods = f"{words.quarter(manager['period'])} against {words.quarter(manager['against'])}"
        lines.append(f"{manager['name']}: {periods}{known}")
    return lines


def _holdings(head: Mapping[str, Any]) -> list[str]:
    lines = list(_filings(words.quarter(head["period"]), head["filings"]))
    if head["state"] != "holdings":
        lines.append(f"{head['state'].capitalize()}: {words.STATES[head['state']]}")
    return lines


def _security(head: Mapping[str, Any]) -> list[str]:
    lines = []
    for one in head["securities"]:
        names = "; ".join(one["names_as_filed"]) or "not in this cache"
        classes = f" ({', '.join(one['titles_as_filed'])})" if one["titles_as_filed"] else ""
        first, last = words.quarter(one["first_period"]), words.quarter(one["last_period"])
        seen = f", in filings for {first} to {last}" if first else ""
        check = "" if one["valid"] else ", fails its check digit"
        lines.append(f"{one['cusip']} {one['ticker'] or '(no ticker)'}: {names}{classes}{seen}{check}")
    return lines


_GROUNDS = {"diff": _diff, "moves": _moves, "holdings": _holdings, "security": _security}


def _filings(label: str, filings: pl.DataFrame) -> Iterator[str]:
    for filing in filings.iter_rows(named=True):
        kind = f"{filing['form_type']} {filing['amendment_type'] or ''}".strip()
        state = "" if filing["state"] == "in-force" else f" [{filing['state']}]"
        yield f"{label}: {kind} {filing['accession_number']}, filed {filing['filing_date']}{state}"


def blocks(report: Report) -> list[Block]:
    """The report's tables: shares, principal and options apart where the rows are positions."""
    frame = report.rows
    if report.name in ("diff", "moves", "holdings") and {"put_call", "amount_type"} <= set(frame.columns):
        option, share = pl.col("put_call") != "", pl.col("amount_type") == "SH"
        parts = (
            ("Shares", frame.filter(~option & share)),
            ("Principal amounts (dollars of principal)", frame.filter(~option & ~share)),
            ("Options (amounts and values of the underlying: notional, no money at risk)", frame.filter(option)),
        )
        found = [_block(report, title, part) for title, part in parts if part.height]
        return found if len(found) != 1 or found[0].title != "Shares" else [_block(report, "", frame)]
    return [_block(report, "", frame)] if frame.height else []


def _block(report: Report, title: str, frame: pl.DataFrame) -> Block:
    columns = _columns(report)
    if title in ("", "Shares") and report.columns is None and "put_call" in frame.columns:
        columns = tuple(c for c in columns if c.name != "put_call" or (frame["put_call"] != "").any())
    if title.startswith("Options") and report.columns is None:
        columns = tuple(c for c in columns if c.name not in ("weight", "weight_change"))
    cells = frame.select([column.name for column in columns]).iter_rows()
    rows = [[column.text(value) for column, value in zip(columns, row, strict=True)] for row in cells]
    changes = frame["change"].to_list() if "change" in frame.columns else [None] * frame.height
    return Block(title, columns, rows, changes)


def notes(report: Report) -> list[str]:
    """Totals, and what is odd."""
    head, lines = report.head, []
    if report.name in ("diff", "moves"):
        for name, book in head["summary"].items():
            if isinstance(book, dict) and (book["positions"] or book["positions_before"]):
                lines.append(_total(name, book))
        every = sum(book[change] for book in head["summary"].values() if isinstance(book, dict) for change in CHANGES)
        if report.rows.height < every:
            lines.append(f"{report.rows.height:,} of {every:,} moves are shown; the totals are of all.")
    if report.name == "holdings":
        told = head["summary"]
        lines.append(
            f"{words.plural(told['positions'], 'position')}, {words.money(told['value_total'])} in all as filed"
        )
        if told["options_notional"]:
            lines.append(
                f"Of that {words.money(told['options_notional'])} is the notional of options; weights leave it out."
            )
    if report.name == "cache":
        lines.append(f"{head['filings']:,} filings; settings in {head['config']}")
        if not report.rows.height:
            lines.append("No problem found.")
    if not report.rows.height and report.name not in ("cache", "import", "rebuild"):
        lines.append("Nothing to show.")
    lines += words.oddities(report.oddities)
    return lines


def _total(name: str, book: dict[str, Any]) -> str:
    counts = ", ".join(f"{book[change]:,} {change}" for change in CHANGES if book[change])
    label = {"shares": "Shares", "principal": "Principal", "options": "Options, notional"}[name]
    if book["value_before"] is None or book["value"] is None:
        return f"{label}: {counts}"
    told = f"{label}: {words.money(book['value_before'])} to {words.money(book['value'])}"
    traded, priced = words.signed_money(book["trade_effect"]), words.signed_money(book["price_effect"])
    return f"{told} (traded {traded}, prices {priced}); {counts}"
