"""Markdown: the same table as on a terminal, for a note or an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thirteenf.render import layout
from thirteenf.render.grounds import grounds
from thirteenf.render.notes import notes

if TYPE_CHECKING:
    from thirteenf.report import Report


def render(report: Report) -> str:
    """Title, what it rests on, a table a book, notes."""
    parts = [f"## {layout.title(report)}", "\n".join(f"- {line}" for line in grounds(report))]
    for block in layout.blocks(report):
        if block.lines:
            parts.append("\n".join(f"- {line}" for line in block.lines))
            continue
        header = "| " + " | ".join(column.title for column in block.columns) + " |"
        rule = "|" + "|".join("---:" if column.right else "---" for column in block.columns) + "|"
        lines = ["| " + " | ".join(_escaped(text) for text in row) + " |" for row in block.rows]
        parts.append(
            "\n".join([f"### {block.title}", "", header, rule, *lines] if block.title else [header, rule, *lines])
        )
    parts.append("\n".join(f"- {line}" for line in notes(report)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
