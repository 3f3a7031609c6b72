"""JSON: one document a report; NDJSON: one row a line, each complete with manager and periods."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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
    encode = json.JSONEncoder(ensure_ascii=False).encode  # a row a line: without indents it is ten times as fast
    rows = ",".join(f"\n    {encode(row)}" for row in values.rows(report.rows))
    told = json.dumps(document, indent=2, ensure_ascii=False)
    before, after = told.split(json.dumps(_ROWS), 1)
    return f"{before}[{rows}\n  ]{after}\n" if rows else f"{before}[]{after}\n"


_ROWS = "\0rows"
"""What stands for the rows until they are put in: no text of a report holds it."""


def render_lines(report: Report) -> str:
    """A row a line; the preamble's keys stand in each."""
    rows = ({**report.preamble, **row} for row in values.rows(report.rows))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
