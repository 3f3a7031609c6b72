"""The table on a terminal: colour for the change, fewer columns where there is less room, never a folded number."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thirteenf.render import layout

if TYPE_CHECKING:
    from thirteenf.render.layout import Block, Shown
    from thirteenf.report import Report

STYLES = {
    "new": "bold green", "added": "green", "unchanged": "dim",
    "reduced": "yellow", "exited": "bold red", "unknown": "magenta",
}  # fmt: skip
_GAP = 2
_NARROWEST = 10
_TEXTS = ("Issuer", "Manager", "Class", "Path", "Why", "Problem", "What to do")


def render(report: Report, width: int = 100, color: bool = False, quiet: bool = False) -> str:
    """A report drawn for a terminal.

    Args:
        report: what to draw.
        width: columns of the terminal.
        color: whether to use colour.
        quiet: whether to draw nothing but the tables.
    """
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False, soft_wrap=False)
    if not quiet:
        console.print(Text(layout.title(report), style="bold"))
    for line in [] if quiet else layout.grounds(report):
        console.print(
            Text(line, style="bold yellow" if line.startswith(("SAMPLE", "Cannot", "Not the newest")) else "dim")
        )
    for block in layout.blocks(report):
        console.print()
        if block.title:
            console.print(Text(block.title, style="bold"))
        console.print(_table(block, width))
    notes = [] if quiet else layout.notes(report)
    if notes:
        console.print()
    for line in notes:
        console.print(Text(line))
    lines = out.getvalue().split("\n")
    return "\n".join(line.rstrip() for line in lines)


def _table(block: Block, width: int) -> Table:
    kept = _that_fit(block, width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim", show_edge=False)
    for place in kept:
        column = block.columns[place]
        texts = column.title in _TEXTS
        table.add_column(
            column.title, justify="right" if column.right else "left", no_wrap=True, overflow="ellipsis",
            min_width=_NARROWEST if texts else _width(block, place),
        )  # fmt: skip
    for row, change in zip(block.rows, block.changes, strict=True):
        style = STYLES.get(change or "", "")
        cells = [
            Text(row[place], style=style if block.columns[place].name in ("change", "amount_change_pct") else "")
            for place in kept
        ]
        table.add_row(*cells)
    return table


def _that_fit(block: Block, width: int) -> list[int]:
    """Places of the columns to draw: the least important go first until the rest fits."""
    kept = list(range(len(block.columns)))
    for rank in (4, 3, 2):
        if sum(_needed(block, place) + _GAP for place in kept) <= width + _GAP:
            break
        kept = [place for place in kept if block.columns[place].rank < rank]
    return kept


def _needed(block: Block, place: int) -> int:
    column: Shown = block.columns[place]
    widest = _width(block, place)
    return min(widest, 28) if column.title in _TEXTS else widest


def _width(block: Block, place: int) -> int:
    return max([len(block.columns[place].title), *(len(row[place]) for row in block.rows)])
