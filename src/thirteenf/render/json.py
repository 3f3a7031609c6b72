"""JSON: one document a report; NDJSON: one row a line, each complete with manager and periods."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from thirteenf.render import values

if TYPE_CHECKING:
    from thirteenf.report import Report


def render(report: Report) -> str:
    """The whole report as one JSON document, keys in a fixed order."""
    document = {
        **report.preamble,
        **values.plain(dict(report.head)),
        "columns": report.columns,
        report.rows_key: _ROWS,
        "oddities": [oddity.as_dict() for oddity in report.oddities],
    }
    told = json.dumps(document, indent=2, ensure_ascii=False)
    before, after = told.split(json.dumps(_ROWS), 1)
    return f"{before}{_a_row_a_line(values.rows(report.rows))}{after}\n"


_ROWS, _NEXT = "\0rows", "\0next"
"""What stands for the rows until they are put in, and for the end of a line: no text of a report holds it."""


def _a_row_a_line(rows: list[dict[str, Any]]) -> str:
    """An array without further indents, written in one go: row by row takes twice as long, indents ten times."""
    if not rows:
        return "[]"
    marked = [one for row in rows for one in (row, _NEXT)][:-1]
    return (
        "[\n    "
        + json.dumps(marked, ensure_ascii=False)[1:-1].replace(f", {json.dumps(_NEXT)}, ", ",\n    ")
        + "\n  ]"
    )


def render_lines(report: Report) -> str:
    """A row a line; the preamble's keys stand in each."""
    rows = ({**report.preamble, **row} for row in values.rows(report.rows))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
