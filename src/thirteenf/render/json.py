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
        report.rows_key: values.rows(report.rows),
        "oddities": [oddity.as_dict() for oddity in report.oddities],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def render_lines(report: Report) -> str:
    """A row a line; the preamble's keys stand in each."""
    rows = ({**report.preamble, **row} for row in values.rows(report.rows))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
