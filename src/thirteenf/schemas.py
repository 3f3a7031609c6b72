"""The JSON Schema of each report, put together from the tables and the keys of its envelope (draft 2020-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf import tables, vocabulary
from thirteenf.errors import NotFoundError
from thirteenf.report import SCHEMA_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thirteenf.tables import Column, Table

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_DAY: Schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_CIK: Schema = {"type": "string", "pattern": r"^\d{10}$"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _words(words: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


_ODDITY = _object(
    {"code": {"type": "string", "pattern": "^[a-z0-9-]+$"}, "message": _TEXT, "accession_number": _or_null(_TEXT),
     "row": _or_null(_WHOLE)}
)  # fmt: skip
_EVIDENCE = _object(
    {"kind": _words(vocabulary.EVIDENCE), "detail": _TEXT, "accession_number": _or_null(_TEXT), "rows": _list(_WHOLE)}
)
_TYPES: dict[str, Schema] = {
    "str": _TEXT, "int": _WHOLE, "float": {"type": "number"}, "bool": _FLAG, "date": _DAY,
    "datetime": {"type": "string", "format": "date-time"}, "list[str]": _list(_TEXT), "list[int]": _list(_WHOLE),
    "oddities": _list(_ODDITY),
    "causes": _list(_object({"cause": _words(vocabulary.CAUSES), "confidence": _words(vocabulary.CONFIDENCES),
                             "evidence": _list(_EVIDENCE)})),
}  # fmt: skip


def _column(column: Column) -> Schema:
    schema = dict(_CIK if column.name == "cik" else _TYPES[column.type])
    if column.words:
        schema["enum"] = list(column.words)
    told = {"description": column.meaning}
    return {**_or_null(schema), **told} if column.nullable else {**schema, **told}


def _rows(table: Table) -> Schema:
    """Rows of a table; which columns are required is for the document to say."""
    return _list(
        {"type": "object", "properties": {c.name: _column(c) for c in table.columns}, "additionalProperties": False}
    )


def _all_columns(rows_key: str, table: Table) -> Schema:
    """Every column is there unless the user asked for some; `columns` then names those."""
    rows = {"items": {"required": list(table.names)}}
    return {"if": {"properties": {"columns": {"type": "null"}}}, "then": {"properties": {rows_key: rows}}}


_FILINGS = _rows(tables.FILINGS_REPORT)
_MANAGER = _object({"cik": _CIK, "name": _TEXT})
_BOOK = _object(
    {**dict.fromkeys(("positions_before", "positions", *vocabulary.CHANGES), _WHOLE),
     **{name: _or_null(_WHOLE) for name in ("value_before", "value", "value_change", "trade_effect", "price_effect")}}
)  # fmt: skip
_SUMMARY = _object({"shares": _BOOK, "principal": _BOOK, "options": _BOOK, "value_is": _TEXT})
_TURNOVER = _or_null(
    _object(
        {
            **dict.fromkeys(("purchases", "sales", "mean_value"), _WHOLE),
            **dict.fromkeys(("lesser_pct", "half_sum_pct"), _or_null(_NUMBER)),
        }
    )
)
_CONCENTRATION = _or_null(
    _object({"positions": _WHOLE, **dict.fromkeys(("top_ten_weight", "herfindahl"), _or_null(_NUMBER))})
)
_HELD = _or_null(
    _object(
        {
            "mean_quarters": _NUMBER,
            "median_quarters": _NUMBER,
            "securities": _WHOLE,
            "at_least": _WHOLE,
            "looked_back": _or_null(_WHOLE),
        }
    )
)
_MEASURED = _object({**_SUMMARY["properties"],
                     "measures": _object({"turnover": _TURNOVER, "before": _CONCENTRATION, "after": _CONCENTRATION,
                                          "held": _HELD})})  # fmt: skip
_DUE = {"expected_period": _DAY, "due": _DAY, "filed": _FLAG}
_PERIODS = {"period": _DAY, "against": _DAY}
_LINK = _or_null(_object({"kind": _words(("notice", "predecessor", "successor")), "cik": _CIK, "manager": _TEXT,
                          "confidence": _words(vocabulary.CONFIDENCES), "evidence": _list(_EVIDENCE)}))  # fmt: skip
_COMPARED = {
    "comparable": _FLAG, "reason": _or_null(_words(vocabulary.REASONS)),
    "continuity": _object({"before": _LINK, "after": _LINK}),
    "redemption": _or_null(_object({"ratio": _NUMBER, "positions": _WHOLE, "of": _WHOLE,
                                    "confidence": _words(vocabulary.CONFIDENCES)})),
}  # fmt: skip
_OPTIONS = {"options": _rows(tables.STANCES)}
_AS_OF = {"as_of": _or_null(_DAY)}
_REFUSED = {"refused": _rows(tables.REFUSED)}
_ERROR = {"code": _TEXT, "message": _TEXT, "hint": _TEXT}
_IMPORT = {"added": _WHOLE, "unchanged": _WHOLE, "refused": _WHOLE}

_OF_BASKET = {
    "name": _TEXT, "title": _TEXT, "sentence": _or_null(_TEXT), "source": _or_null(_TEXT), "is_own": _FLAG,
    "replaces": _FLAG,
    "securities": _list(_object({"label": _TEXT, "cusips": _list(_TEXT), "issuer": _or_null(_TEXT),
                                 "message": _or_null(_TEXT)})),
}  # fmt: skip
_LEFT_OVER = {
    "left_over": _list(_object({"label": _TEXT, "date": _DAY, "shares": _WHOLE, "source": _TEXT,
                                "held": _or_null(_WHOLE), "left": _or_null(_WHOLE), "message": _or_null(_TEXT)})),
}  # fmt: skip
_BASKET = _object(
    {**_OF_BASKET,
     "compared": _WHOLE, "not_compared": _list(_object({**_MANAGER["properties"],
                                                         "reason": _words(vocabulary.REASONS)})),
     "sums": _rows(tables.TALLIES), **_LEFT_OVER}
)  # fmt: skip
_COVERAGE = _object(
    {**dict.fromkeys(("managers_filed", "expected", "late", "reported_elsewhere"), _WHOLE), "is_thin": _FLAG,
     "compared": _WHOLE, **dict.fromkeys(("unknown_before", "unknown"), _WHOLE),
     "late_filers": _list(_object({"cik": _CIK, "manager": _TEXT})),
     "left_out": {"type": "object", "propertyNames": _words(vocabulary.UNCOMPARED), "additionalProperties": _WHOLE},
     "together": _list(_object({"book": _CIK, "managers": _list(_MANAGER)}))}
)  # fmt: skip
_SURVEYED = {**_PERIODS, **_AS_OF, "coverage": _COVERAGE}
_LABELS = {
    "labels": _or_null({"type": "object", "additionalProperties": _TEXT}),
    "baskets": _list(_object({**_OF_BASKET, "managers_compared": _WHOLE, "sums": _rows(tables.BASKET_FLOWS),
                              **_LEFT_OVER})),
}  # fmt: skip
_ASKED = _object({"query": _TEXT, "cusips": _list(_TEXT)})
_KINDS = ("shares", "principal", "puts", "calls")
_SHARED = {name: _column(tables.OVERLAP.column(name)) for name in ("cusip", "put_call", "amount_type")}

_ENVELOPES: dict[str, tuple[dict[str, Schema], str, Table]] = {
    "diff": (
        {"manager": _MANAGER, **_PERIODS, "held_before": _or_null(_DAY), **_AS_OF, "against_as_of": _or_null(_DAY),
         **_DUE, "filings": _object({"before": _FILINGS, "after": _FILINGS}), **_COMPARED, "summary": _MEASURED,
         **_OPTIONS,
         "unknown_tickers": _WHOLE, **_REFUSED},
        "moves", tables.MOVES,
    ),
    "moves": (
        {**_AS_OF,
         "managers": _list(_object({**_MANAGER["properties"], **_PERIODS, "filing_date": _or_null(_DAY), **_DUE,
                                    **_COMPARED})),
         "missing": _list(_object({"manager": _TEXT, "message": _TEXT, "hint": _TEXT})), "summary": _SUMMARY,
         "basket": _or_null(_BASKET),
         **_OPTIONS,
         "unknown_tickers": _WHOLE, **_REFUSED},
        "moves", tables.MOVES,
    ),
    "holdings": (
        {"manager": _MANAGER, "period": _DAY, **_AS_OF, **_DUE, "filings": _FILINGS,
         "state": _TEXT, "continuity": _LINK,
         "summary": _object({"positions": _WHOLE, "value_total": _WHOLE, "shares_value": _WHOLE,
                             "principal_value": _WHOLE, "options_notional": _WHOLE}),
         "unknown_tickers": _WHOLE, **_REFUSED},
        "holdings", tables.HOLDINGS,
    ),
    "filings": ({"manager": _or_null(_MANAGER), **_AS_OF, **_REFUSED}, "filings", tables.FILINGS_REPORT),
    "history": (
        {"manager": _MANAGER, "security": _object({"query": _TEXT, "cusips": _list(_TEXT)}), **_AS_OF,
         "periods": _list(_object({"period": _DAY, "state": _TEXT, "turnover": _TURNOVER,
                                   "concentration": _CONCENTRATION})), **_REFUSED},
        "history", tables.HISTORY,
    ),
    "managers": ({"query": _or_null(_TEXT), **_AS_OF}, "managers", tables.MANAGERS),
    "security": (
        {"query": _TEXT, **_AS_OF, "meant": _list(_TEXT),
         "securities": _list(_object({
             "cusip": _TEXT, **dict.fromkeys(("ticker", "ticker_source", "ticker_asof", "ticker_certainty"),
                                             _or_null(_TEXT)),
             "kind": _words(("security", "option-number", "placeholder", "damaged")),
             "is_foreign": _FLAG, "underlying": _or_null(_TEXT), "company": _or_null(_MANAGER),
             "symbols": _list(_object({"ticker": _TEXT, "first": _or_null(_DAY), "last": _or_null(_DAY),
                                       "ticker_source": _TEXT})),
             **dict.fromkeys(("names_as_filed", "titles_as_filed", "names_of_the_sec"), _list(_TEXT)),
             "listed": _or_null(_object({c.name: _column(c) for c in tables.LISTED.columns})),
             "first_period": _or_null(_DAY), "last_period": _or_null(_DAY)})),
         "actions": _rows(tables.LINEAGE)},
        "holders", tables.HOLDERS,
    ),
    "baskets": ({"config": _TEXT}, "baskets", tables.BASKETS),
    "watchlist": ({"config": _TEXT}, "watchlist", tables.WATCHLIST),
    "status": (
        {**_AS_OF, "expected_period": _DAY, "due": _DAY, "cache": _TEXT, "filings": _WHOLE,
         "refreshed": _or_null(_TEXT), **_REFUSED,
         "missing": _list(_object({"manager": _TEXT, "message": _TEXT, "hint": _TEXT}))},
        "status", tables.STATUS,
    ),
    "import": (_IMPORT, "imported", tables.IMPORTED),
    "rebuild": (_IMPORT, "imported", tables.IMPORTED),
    "refresh": (
        {"dry_run": _FLAG, "accepted": _or_null(_TEXT),
         "planned": _object({"filings": _WHOLE, "seconds": _NUMBER, "held": _WHOLE, "too_old": _WHOLE,
                             "beyond_limit": _WHOLE}),
         **dict.fromkeys(("fetched", "parsed", "refused", "resumed"), _WHOLE),
         "requests": _object(dict.fromkeys(("all", "listings", "references"), _WHOLE)),
         "seconds": _NUMBER, "rate": _NUMBER,
         "references": _or_null(_object({"here": _WHOLE, "fetched": _WHOLE, "absent": _list(_TEXT),
                                         "failed": _list(_TEXT)})),
         "events": _or_null(_object({"first": _WHOLE, "last": _WHOLE})), "clock_is_off": _WHOLE,
         "notices": _or_null(_object({"sent": _WHOLE, "waiting": _WHOLE})),
         "errors": _list(_object(_ERROR))},
        "managers", tables.REFRESHED,
    ),
    "ingest": (
        {"dry_run": _FLAG, "periods": _list(_DAY), "listed": _or_null(_WHOLE),
         "planned": _object({"data_sets": _WHOLE, "bytes": _or_null(_WHOLE), "requests": _WHOLE, "held": _WHOLE}),
         **dict.fromkeys(("added", "unchanged", "refused", "fetched", "bytes", "requests"), _WHOLE),
         "seconds": _NUMBER, "rate": _or_null(_NUMBER), "errors": _list(_object(_ERROR))},
        "data_sets", tables.INGESTED,
    ),
    "events": ({"since": _WHOLE, "last": _WHOLE}, "events", tables.EVENTS),
    "explain": (
        {"manager": _MANAGER, "security": _object({"query": _TEXT, "cusips": _list(_TEXT)}), **_PERIODS, **_AS_OF,
         "comparable": _FLAG, "reason": _or_null(_words(vocabulary.REASONS)),
         "continuity": _object({"before": _LINK, "after": _LINK}), "moves": _rows(tables.MOVES),
         "holdings": _object(dict.fromkeys(("before", "after"), _rows(tables.HOLDINGS))),
         "filings": _object(dict.fromkeys(("before", "after"), _FILINGS)), "actions": _rows(tables.LINEAGE),
         "rules_applied": _list(_object({"name": _words(vocabulary.RULES_APPLIED), "version": _TEXT, "says": _TEXT}))},
        "rows", tables.TRACED,
    ),
    "verify": (
        {"manager": _or_null(_MANAGER), "root": _TEXT, "sound": _FLAG, "catalogue": _FLAG,
         **dict.fromkeys(("filings", "rows", "differences", "damaged", "refusals", "odd"), _WHOLE),
         "totals": _object(dict.fromkeys(("agree", "rounding", "differ", "not_given"), _WHOLE)),
         "hint": _or_null(_TEXT)},
        "findings", tables.FINDINGS,
    ),
    "holders": (
        {**_SURVEYED, "security": _ASKED,
         "summary": _object(dict.fromkeys(_KINDS, _object(dict.fromkeys(
             ("holders_before", "holders", *vocabulary.CHANGES, "amount", "value", "amount_change", "trade_effect"),
             _WHOLE))))},
        "holders", tables.HELD_BY,
    ),
    "flows": (
        {**_SURVEYED, "security": _or_null(_ASKED), **_LABELS, "securities": _WHOLE, "odd_prices": _WHOLE,
         "sums": _object(dict.fromkeys(_KINDS, _object(dict.fromkeys(
             ("bought", "sold", "trade_effect", "price_effect", "may_have_sold_value", "may_have_bought_value"),
             _WHOLE)))),
         **dict.fromkeys(("buyers", "sellers"), _or_null(_rows(tables.HELD_BY))),
         "late": _or_null(_list(_object({"cik": _CIK, "manager": _TEXT, **_SHARED, "amount_before": _WHOLE,
                                         "value_before": _WHOLE})))},
        "flows", tables.FLOWS,
    ),
    "crowding": (
        {**_SURVEYED, **_LABELS, "securities": _WHOLE,
         **dict.fromkeys(("favourites", "abandoned"), _rows(tables.CROWDING))},
        "crowding", tables.CROWDING,
    ),
    "overlap": (
        {"period": _DAY, **_AS_OF,
         "managers": _list(_object({**_MANAGER["properties"], "state": _TEXT, "positions": _WHOLE,
                                    "filing_date": _or_null(_DAY)})),
         "pairs": _list(_object({"cik": _CIK, "other": _CIK,
                                 **dict.fromkeys(("positions", "other_positions", "common"), _WHOLE),
                                 **dict.fromkeys(("jaccard", "overlap"), _or_null(_NUMBER))})),
         "unknown_tickers": _WHOLE},
        "positions", tables.OVERLAP,
    ),
    "moves-all": (
        {**_SURVEYED, **_LABELS, "summary": _SUMMARY, "has_causes": _FLAG, "unknown_tickers": _WHOLE},
        "moves", tables.MOVES,
    ),
    "cache": (
        {"root": _TEXT, "archive": _TEXT, "tables": _TEXT, "state": _TEXT, "config": _TEXT, "filings": _WHOLE,
         "data_sets": _WHOLE},
        "problems", tables.PROBLEMS,
    ),
}  # fmt: skip


for _report, _table in (("diff", tables.ISSUER_MOVES), ("holdings", tables.ISSUER_HOLDINGS)):
    _ENVELOPES[f"{_report}-by-issuer"] = (*_ENVELOPES[_report][:2], _table)


def names() -> list[str]:
    """Reports that have a schema, and `error`."""
    return [*_ENVELOPES, "error"]


def schema(name: str) -> Schema:
    """The JSON Schema of a report's document.

    Raises:
        NotFoundError: if there is no report of that name.
    """
    if name == "error":
        return _document("thirteenf.error/1", _ERROR)
    if name not in _ENVELOPES:
        raise NotFoundError(f"No report is called '{name}'.", f"There are: {', '.join(names())}.")
    envelope, rows_key, table = _ENVELOPES[name]
    source: Schema = {"type": "string", "enum": ["cache", "sample"]}
    properties = {
        "tool_version": _TEXT, "rules": _TEXT, "source": source, **envelope, "columns": _or_null(_list(_TEXT)),
        rows_key: _rows(table), "oddities": _list(_ODDITY),
    }  # fmt: skip
    return _document(f"thirteenf.{name}/{SCHEMA_NUMBERS[name]}", properties) | _all_columns(rows_key, table)


def _document(mark: str, properties: dict[str, Schema]) -> Schema:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": mark}
    return head | _object({"schema": {"const": mark}, **properties})
