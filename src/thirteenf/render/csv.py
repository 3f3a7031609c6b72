"""CSV by RFC 4180: the rows and their column names; lists are JSON text, what is unknown is empty."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from thirteenf.render import values

if TYPE_CHECKING:
    from thirteenf.report import Report


def render(report: Report) -> str:
    """The report's rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(report.rows.columns)
    writer.writerows([cell(value) for value in row.values()] for row in values.rows(report.rows))
    return out.getvalue()


def cell(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    """A value as one cell of text."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value
