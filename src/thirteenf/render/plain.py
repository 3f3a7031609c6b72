"""What a pipe gets: tab-separated, untruncated, with the columns that the table on a terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thirteenf.render import columns, values, words
from thirteenf.render.csv import cell

if TYPE_CHECKING:
    from thirteenf.report import Report


def render(report: Report) -> str:
    """The report's rows: a line of column names, then a line a row; tabs and line ends in texts become blanks."""
    frame = report.rows.select(columns.names(report))
    lines = [frame.columns, *([str(cell(value)) for value in row.values()] for row in values.rows(frame))]
    return "".join("\t".join(words.text(part) for part in line) + "\n" for line in lines)
