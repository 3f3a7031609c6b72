"""Which columns a person sees of each report, what they are called there, and how their values read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thirteenf.render import words
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from thirteenf.report import Report


@dataclass(frozen=True)
class Shown:
    """One column of a table as a person sees it.

    `rank` says which go first where there is little room (1 stays); a name may be cut short, nothing else may, and is
    cut shorter for what `is_telling`. A pipe gets values as they are, where `piped` does not say how else.
    """

    name: str
    title: str
    text: Callable[[Any], str] = words.text
    right: bool = False
    rank: int = 1
    is_name: bool = False
    piped: Callable[[Any], str] | None = None
    is_telling: bool = False


_POSITION = (
    Shown("ticker", "Ticker", words.blank),
    Shown("issuer", "Issuer", is_name=True),
    Shown("title_of_class", "Class", rank=5, is_name=True),
    Shown("cusip", "CUSIP", rank=4),
)
_MOVES = (
    *_POSITION,
    Shown("put_call", "Put/Call", words.blank),
    Shown("change", "Change"),
    Shown("cusip_before", "CUSIP before", words.blank, rank=5),
    Shown("amount_before", "Before", words.amount, right=True, rank=3),
    Shown("amount_before_adjusted", "Adjusted", words.amount, right=True, rank=3),
    Shown("amount", "Amount", words.amount, right=True),
    Shown("amount_change_pct", "%", words.percent, right=True),
    Shown("cause", "Cause", words.surest, rank=2, is_name=True, piped=words.causes, is_telling=True),
    Shown("residual", "Residual", words.signed, right=True, rank=2, is_telling=True),
    Shown("value_before", "$ before", words.money, right=True, rank=5),
    Shown("value", "$ value", words.money, right=True, rank=3),
    Shown("trade_effect", "$ traded", words.signed_money, right=True, rank=4),
    Shown("weight", "Weight %", words.weight, right=True, rank=3),
    Shown("weight_change", "±", words.points, right=True, rank=4),
    Shown("hidden_days", "Hidden days", words.some, right=True, rank=2, is_telling=True),
)
_COLUMNS: dict[str, tuple[Shown, ...]] = {
    "diff": _MOVES,
    "moves": (Shown("manager", "Manager", is_name=True), Shown("period", "Period", words.quarter), *_MOVES),
    "history": (
        Shown("period", "Period", words.quarter), *_MOVES, Shown("reentered", "Re-entered", words.flag, rank=4),
        Shown("quarters_held", "Quarters", words.some, right=True, rank=4),
        Shown("held_at_least", "Or more", words.flag, rank=4),
    ),
    "holdings": (
        *_POSITION,
        Shown("put_call", "Put/Call", words.blank),
        Shown("amount", "Amount", words.amount, right=True),
        Shown("value", "$ value", words.money, right=True),
        Shown("weight", "Weight %", words.weight, right=True),
        Shown("rows", "Rows", words.amount, right=True, rank=4),
    ),
    "security": (
        Shown("manager", "Manager", is_name=True),
        Shown("period", "Period", words.quarter),
        Shown("cusip", "CUSIP", rank=3),
        Shown("put_call", "Put/Call", words.blank),
        Shown("amount", "Amount", words.amount, right=True),
        Shown("value", "$ value", words.money, right=True),
        Shown("weight", "Weight %", words.weight, right=True),
    ),
    "filings": (
        Shown("manager", "Manager", rank=2, is_name=True),
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
        Shown("cik", "CIK"), Shown("manager", "Manager", is_name=True), Shown("aliases", "Alias", words.listed, rank=2),
        Shown("filings", "Filings", words.amount, right=True, rank=2),
        Shown("first_period", "From", words.quarter, rank=3), Shown("latest_period", "To", words.quarter),
    ),
    "status": (
        Shown("manager", "Manager", is_name=True), Shown("latest_period", "Newest", words.quarter),
        Shown("latest_filing_date", "Filed", words.blank, rank=2), Shown("latest_state", "State", words.blank, rank=3),
        Shown("expected_period", "Expected", words.quarter, rank=2), Shown("due", "Due", rank=2),
        Shown("standing", "Standing"), Shown("refused", "Refused", words.some, right=True, rank=2),
        Shown("refreshed", "Last asked", words.blank, rank=4),
    ),
    "baskets": (
        Shown("name", "Basket"), Shown("title", "Title", is_name=True), Shown("tickers", "Securities", words.listed),
    ),
    "watchlist": (
        Shown("entry", "Entry"), Shown("cik", "CIK", words.blank),
        Shown("manager", "Manager", words.blank, is_name=True),
    ),
    "import": (
        Shown("outcome", "Outcome"), Shown("manager", "Manager", words.blank, rank=2, is_name=True),
        Shown("period", "Period", words.quarter, rank=2), Shown("form_type", "Form", words.blank, rank=3),
        Shown("rows", "Rows", words.amount, right=True, rank=3), Shown("path", "Path", is_name=True),
    ),
    "refresh": (
        Shown("manager", "Manager", words.blank, is_name=True), Shown("cik", "CIK", rank=3),
        Shown("listed", "Listed", words.amount, right=True, rank=2),
        Shown("wanted", "Missing", words.amount, right=True, rank=2),
        Shown("fetched", "Fetched", words.amount, right=True),
        Shown("refused", "Refused", words.some, right=True),
        Shown("latest_period", "Newest", words.quarter),
        *(Shown(change, change.capitalize(), words.some, right=True, rank=3) for change in CHANGES),
    ),
    "ingest": (
        Shown("name", "Data set"), Shown("first", "Filed from", words.blank, rank=3),
        Shown("last", "To", words.blank, rank=3), Shown("outcome", "Outcome"),
        Shown("bytes", "MB", words.megabytes, right=True, rank=2),
        Shown("filings", "Filings", words.amount, right=True), Shown("rows", "Rows", words.amount, right=True),
        Shown("skipped", "Here before", words.some, right=True, rank=3),
    ),
    "events": (
        Shown("id", "Id", words.amount, right=True), Shown("at", "At", rank=2), Shown("kind", "Kind"),
        Shown("period", "Period", words.quarter, rank=2),
        Shown("accession_number", "Accession number", words.blank, rank=3), Shown("message", "What", is_name=True),
    ),
    "explain": (
        Shown("period", "Period", words.quarter), Shown("counts", "Counts", words.flag),
        Shown("accession_number", "Accession number"), Shown("row", "Row", words.amount, right=True),
        Shown("issuer", "Issuer as filed", rank=3, is_name=True), Shown("cusip_as_filed", "CUSIP as filed", rank=2),
        Shown("put_call_as_filed", "Put/Call", words.blank), Shown("amount", "Amount", words.amount, right=True),
        Shown("value", "Value as filed", words.amount, right=True), Shown("value_unit", "Unit", rank=2),
        Shown("state", "State", rank=3),
    ),
    "verify": (
        Shown("kind", "Found"), Shown("code", "Code"), Shown("manager", "Manager", words.blank, rank=3, is_name=True),
        Shown("period", "Period", words.quarter, rank=2),
        Shown("accession_number", "Accession number", words.blank, rank=2),
        Shown("row", "Row", words.some, right=True, rank=3), Shown("message", "What", is_name=True),
    ),
    "cache": (),
}  # fmt: skip
_ISSUER = (Shown("issuer", "Issuer", is_name=True), Shown("cusips", "CUSIPs", words.listed, rank=4),
           Shown("tickers", "Tickers", words.listed), Shown("put_call", "Put/Call", words.blank))  # fmt: skip
_OF_ISSUER = ("change", "value_before", "value", "trade_effect", "weight", "weight_change")
_COLUMNS["diff-by-issuer"] = (*_ISSUER, *(column for column in _MOVES if column.name in _OF_ISSUER))
_COLUMNS["holdings-by-issuer"] = (
    *_ISSUER, *(column for column in _COLUMNS["holdings"] if column.name in ("value", "weight")),
)  # fmt: skip
_COLUMNS["rebuild"] = _COLUMNS["import"]
_COLUMNS["moves-all"] = _COLUMNS["moves"]
_COLUMNS["holders"] = (
    Shown("manager", "Manager", is_name=True),
    Shown("cusip", "CUSIP", rank=4),
    Shown("put_call", "Put/Call", words.blank),
    Shown("change", "Change"),
    Shown("unknown_reason", "Why", words.blank, rank=2),
    Shown("amount_before_adjusted", "Before", words.amount, right=True, rank=3),
    Shown("amount", "Amount", words.amount, right=True),
    Shown("amount_change_pct", "%", words.percent, right=True),
    Shown("value", "$ value", words.money, right=True, rank=2),
    Shown("trade_effect", "$ traded", words.signed_money, right=True, rank=3),
    Shown("weight", "Weight %", words.weight, right=True, rank=2),
)
_OF_LIST = Shown("label", "Of", words.blank)
_COLUMNS["flows"] = (
    *_POSITION,
    _OF_LIST,
    Shown("put_call", "Put/Call", words.blank),
    Shown("trade_effect", "$ net", words.signed_money, right=True),
    Shown("amount_change", "Net", words.signed, right=True),
    Shown("bought", "$ bought", words.money, right=True, rank=3),
    Shown("sold", "$ sold", words.money, right=True, rank=3),
    *(
        Shown(name, name.capitalize(), words.some, right=True, rank=2)
        for name in ("opened", "added", "reduced", "exited")
    ),
    Shown("holders", "Holders", words.amount, right=True, rank=3),
    Shown("may_have_sold", "May have sold", words.some, right=True, rank=4),
    Shown("may_have_bought", "May have bought", words.some, right=True, rank=4),
)
_COLUMNS["crowding"] = (
    *_POSITION,
    _OF_LIST,
    Shown("put_call", "Put/Call", words.blank),
    Shown("holders", "Holders", words.amount, right=True),
    Shown("holders_change", "±", words.signed, right=True),
    Shown("came", "Came", words.some, right=True, rank=3),
    Shown("left", "Left", words.some, right=True, rank=3),
    Shown("value", "$ value", words.money, right=True, rank=3),
    Shown("top_ten_share", "Top ten %", words.weight, right=True),
    Shown("top_ten_share_change", "± points", words.points, right=True, rank=2),
    Shown("herfindahl", "Herfindahl", words.index, right=True, rank=2),
)
_COLUMNS["overlap"] = (
    *_POSITION,
    Shown("put_call", "Put/Call", words.blank),
    Shown("holders", "Holders", words.amount, right=True),
    Shown("managers", "Managers", words.listed, is_name=True),
    Shown("weight_least", "Least weight %", words.weight, right=True, rank=2),
    Shown("weight_most", "Most %", words.weight, right=True, rank=3),
)
SURVEYED = {"flows": _COLUMNS["holders"]}
"""How further tables of surveys are shown, where not as the report's own rows."""


OF_BASKET = (
    Shown("manager", "Manager", is_name=True),
    Shown("period", "Period", words.quarter, rank=2),
    Shown("change", "Change"),
    Shown("amount_before_adjusted", "Before", words.amount, right=True, rank=2),
    Shown("amount", "Amount", words.amount, right=True),
    Shown("amount_change_pct", "%", words.percent, right=True),
    Shown("cause", "Cause", words.surest, rank=3, is_name=True, is_telling=True),
    Shown("value_before", "$ before", words.money, right=True, rank=5),
    Shown("value", "$ value", words.money, right=True, rank=4),
    Shown("trade_effect", "$ traded", words.signed_money, right=True),
)
"""How the moves of one security of a basket are shown."""

TALLIES = (
    Shown("label", "Security"),
    Shown("manager", "Manager", is_name=True),
    Shown("managers", "Managers", words.amount, right=True, rank=3),
    Shown("moved", "Moves", rank=4),
    Shown("value_before", "$ before", words.money, right=True, rank=2),
    Shown("value", "$ value", words.money, right=True),
    Shown("price_effect", "$ by price", words.signed_money, right=True, rank=4),
    Shown("trade_effect", "$ traded", words.signed_money, right=True),
)
"""How what they come to is shown."""

BASKET_FLOWS = (
    Shown("label", "Security"),
    Shown("issuer", "Issuer", words.blank, rank=4, is_name=True),
    Shown("trade_effect", "$ net", words.signed_money, right=True),
    Shown("amount_change", "Net", words.signed, right=True, rank=2),
    Shown("price_effect", "$ by price", words.signed_money, right=True, rank=5),
    Shown("buyers", "Buyers", words.amount, right=True),
    Shown("sellers", "Sellers", words.amount, right=True),
    Shown("opened", "Opened", words.amount, right=True, rank=2),
    Shown("exited", "Exited", words.amount, right=True, rank=2),
    Shown("late_holders", "Late", words.some, right=True, rank=3, is_telling=True),
    Shown("may_have_sold_value", "$ may have sold", words.nonzero, right=True, rank=3, is_telling=True),
    Shown("may_have_bought_value", "$ may have bought", words.nonzero, right=True, rank=4, is_telling=True),
)
"""How what came into a basket, and went out, is shown; the telling ones only where there is something."""

STANCES = (
    Shown("manager", "Manager", is_name=True), Shown("issuer", "Issuer", is_name=True),
    Shown("tickers", "Tickers", words.listed), Shown("stance_before", "Before"), Shown("stance", "Now"),
    *(
        Shown(f"{book}_value{side}", f"$ {book}{when}", words.nonzero, right=True, rank=rank)
        for book in ("stock", "calls", "puts") for side, when, rank in (("_before", " before", 3), ("", "", 2))
    ),
)  # fmt: skip
"""How stances are shown below a report's own table."""


def names(report: Report) -> list[str]:
    """Their names."""
    return [column.name for column in of(report)]


def of(report: Report) -> tuple[Shown, ...]:
    """The columns to show: those asked for, or the report's usual ones."""
    if report.columns is None:
        return _COLUMNS[report.name]
    usual = {column.name: column for column in _COLUMNS[report.name]}
    return tuple(usual.get(name) or _by_type(report, name) for name in report.columns)


def _by_type(report: Report, name: str) -> Shown:
    kind = report.table.column(name).type
    by_type: dict[str, Callable[[Any], str]] = {"int": words.amount, "float": words.weight, "oddities": words.count}
    text = by_type.get(kind, words.blank)
    return Shown(name, name, words.listed if kind.startswith("list") else text, right=kind in ("int", "float"))
