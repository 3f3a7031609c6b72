"""What a pipe gets: tab-separated, untruncated, with the columns that the table on a terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thirteenf.render import columns, values, words
from thirteenf.render.csv import cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from thirteenf.report import Report


def render(report: Report) -> str:
    """The report's rows: a line of column names, then a line a row; tabs and line ends in texts become blanks."""
    shown = columns.of(report)
    frame = report.rows.select([column.name for column in shown])
    told: dict[str, Callable[[Any], Any]] = {column.name: column.piped for column in shown if column.piped}
    cells = ([told.get(name, cell)(value) for name, value in row.items()] for row in values.rows(frame))
    lines = [frame.columns, *([str(value) for value in row] for row in cells)]
    return "".join("\t".join(words.text(part) for part in line) + "\n" for line in lines)
