"""How a report reads to a person: title and tables. Text and Markdown draw it, with grounds above and notes below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.render import columns, surveyed, words
from thirteenf.tables import is_option, is_stock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thirteenf.render.columns import Shown
    from thirteenf.report import Report


_RARE = ("residual", "hidden_days", "label", "unknown_reason")
"""Columns that are shown only where a row has them."""
_BLANK = ("put_call", "label", "unknown_reason")
"""Likewise, in the further tables of a survey."""
_BOOKS = ("stock_", "calls_", "puts_")


@dataclass(frozen=True)
class Block:
    """One table: a title, its columns, its cells as text, and the change of each row where it has one.

    Or `lines` in place of a table, where what a row says is too long for a cell.
    """

    title: str
    columns: Sequence[Shown]
    rows: Sequence[Sequence[str]]
    changes: Sequence[str | None]
    lines: Sequence[str] = ()


def title(report: Report) -> str:
    """One line: whose report it is, and of when."""
    head = report.head
    who = f"{head['manager']['name']} (CIK {head['manager']['cik']})" if head.get("manager") else ""
    known = f", as known on {head['as_of']}" if head.get("as_of") else ""
    said = {
        "diff": lambda: f"{who}: {words.quarter(head['period'])}{_against(head)}{known}",
        "moves": lambda: f"Moves of {words.plural(len(head['managers']), 'manager')}{_in_basket(head)}{known}",
        "baskets": lambda: words.plural(report.rows.height, "basket"),
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
        "ingest": lambda: _ingest_title(report),
        "events": lambda: f"{words.plural(report.rows.height, 'event')} after number {head['since']}",
        "cache": lambda: f"Cache {head['root']}",
        "explain": lambda: f"{who}: {head['security']['query'].upper()} in {words.quarter(head['period'])}{known}",
        "verify": lambda: f"Verification of {who or head['root']}: {_verdict(head)}",
        **dict.fromkeys((*surveyed.SURVEYS, "overlap"), lambda: f"{surveyed.title(report)}{known}"),
    }
    by = ", by issuer" if report.is_by_issuer else ""
    return said[report.question]() + by


def _in_basket(head: Mapping[str, Any]) -> str:
    return f" in the basket {head['basket']['name']}" if head["basket"] else ""


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


def _ingest_title(report: Report) -> str:
    head = report.head
    planned = head["planned"]
    if head["dry_run"]:
        size = "an unknown size" if planned["bytes"] is None else f"{words.megabytes(planned['bytes'])} MB"
        cost = words.plural(planned["requests"], "request")
        return f"Missing: {words.plural(planned['data_sets'], 'data set')}, which would take {cost} and {size}"
    return f"Ingest: {words.plural(head['fetched'], 'data set')} fetched, {_outcomes(report)}"


def _outcomes(report: Report) -> str:
    return ", ".join(f"{report.head[name]:,} {name}" for name in ("added", "unchanged", "refused"))


def blocks(report: Report) -> list[Block]:
    """The report's tables: shares, principal and options apart where the rows are positions."""
    if report.head.get("basket") and report.columns is None:
        from thirteenf.render import baskets  # noqa: PLC0415 - it makes its blocks of what is here

        return baskets.blocks(report)
    if report.head.get("baskets") and report.columns is None:
        from thirteenf.render import baskets  # noqa: PLC0415 - likewise

        own = [] if report.name == "flows" else _blocks(report, report.rows)
        return [*own, *baskets.surveyed(report)]
    frame = _happened(report)
    left_out = report.rows.height - frame.height
    if left_out:
        noun = "issuer" if report.is_by_issuer else "position"
        said = f"{words.plural(left_out, f'unchanged {noun}')} left out: --change unchanged has them."
        return [*_blocks(report, frame), Block("", (), (), (), [said])]
    return _blocks(report, frame)


def _happened(report: Report) -> pl.DataFrame:
    """The rows that people see: of one quarter on two days not those that nothing happened to, unless asked for."""
    frame = report.rows
    told = "cause" if "cause" in frame.columns else "value_change"
    if not report.leaves_out_held or not {"change", told} <= set(frame.columns):
        return frame
    of = pl.col("value_change") == 0
    if told == "cause":
        of = pl.col("cause").list.first().struct.field("cause") == "held"
    return frame.filter(~((pl.col("change") == "unchanged") & of).fill_null(value=False))


def _blocks(report: Report, frame: pl.DataFrame) -> list[Block]:
    if report.question in (*surveyed.SURVEYS, "diff", "moves", "holdings", "overlap") and {
        "put_call",
        "amount_type",
    } <= set(frame.columns):
        parts = (
            ("Shares", frame.filter(is_stock())),
            ("Principal amounts (dollars of principal)", frame.filter(~is_stock() & ~is_option())),
            ("Options (amounts and values of the underlying: notional, no money at risk)", frame.filter(is_option())),
        )
        found = [_block(report, title, part) for title, part in parts if part.height]
        found = found if len(found) != 1 or found[0].title != "Shares" else [_block(report, "", frame)]
        told = surveyed.lines(report) if report.columns is None else []
        return [*([Block("", (), (), (), told)] if told else []), *found, *_more(report), *_stances(report)]
    if not columns.of(report):
        return []
    if report.name == "verify" and report.columns is None:
        return [Block("", (), (), (), [_found(one) for one in frame.iter_rows(named=True)])] if frame.height else []
    if "outcome" in frame.columns:
        frame = frame.filter(pl.col("outcome") != "refused")  # these are told in full, below
    return [_block(report, "", frame)] if frame.height else []


def _more(report: Report) -> list[Block]:
    """Further tables of a survey, with the columns that people see of it."""
    found = []
    is_listed = report.columns is not None or report.head.get("baskets")  # of a list all are in its one table
    for title, frame in () if is_listed else surveyed.more(report).items():
        shown = columns.SURVEYED.get(report.name) or columns.of(report)
        shown = tuple(c for c in shown if c.name not in _BLANK or (frame[c.name].fill_null("") != "").any())
        found.append(Block(title, shown, cells(shown, frame), [None] * frame.height))
    return found


def _found(one: Mapping[str, Any]) -> str:
    """A finding in full."""
    said = words.text(one["message"])
    number = None if one["accession_number"] and one["accession_number"] in said else one["accession_number"]
    row = f"row {one['row']}" if one["row"] else None
    where = [words.text(part) for part in (one["manager"], words.quarter(one["period"]), number, row) if part]
    return f"{one['kind'].capitalize()}, {one['code']}: {said}" + (f" ({', '.join(where)})" if where else "")


def _stances(report: Report) -> list[Block]:
    """Stock, calls and puts of issuers beside each other, where options are shown."""
    frame = report.head.get("options")
    if report.columns is not None or frame is None or not frame.height:
        return []
    is_of_one = frame["cik"].n_unique() == 1
    shown = tuple(column for column in columns.STANCES if column.name != "manager" or not is_of_one)
    shown = tuple(c for c in shown if not c.name.startswith(_BOOKS) or (frame[c.name].fill_null(1) != 0).any())
    title = "Issuers with options: what is listed (calls and puts: notional of the underlying)"
    return [Block(title, shown, cells(shown, frame), [None] * frame.height)]


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
    if report.columns is None:
        empty = {name for name in _RARE if name in frame.columns and frame[name].null_count() == frame.height}
        shown = tuple(c for c in shown if c.name not in empty)
    if report.columns is None and report.head.get("against_as_of"):
        shown = tuple(c for c in shown if c.name != "trade_effect")  # nobody traded in between
    if report.name in ("moves", "moves-all") and report.columns is None and frame["period"].n_unique() == 1:
        shown = tuple(c for c in shown if c.name != "period")
    if title.startswith("Options") and report.columns is None:
        shown = tuple(c for c in shown if c.name not in ("weight", "weight_change", "weight_least"))
    if report.columns is None and "cause" in frame.columns and not any(map(words.surest, frame["cause"])):
        shown = tuple(c for c in shown if c.name != "cause")  # of what is held, or not compared, there is none to tell
    changes = frame["change"].to_list() if "change" in frame.columns else [None] * frame.height
    return Block(title, shown, cells(shown, frame), changes)


def cells(shown: Sequence[Shown], frame: pl.DataFrame) -> list[list[str]]:
    """The values of some columns as people read them."""
    rows = frame.select([column.name for column in shown]).iter_rows()
    return [[column.text(value) for column, value in zip(shown, row, strict=True)] for row in rows]
