"""The table on a terminal: colour for the change, fewer columns where there is less room, never a folded number."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thirteenf.render import layout

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from thirteenf.render.layout import Block
    from thirteenf.report import Report

STYLES = {
    "new": "bold green", "added": "green", "unchanged": "dim",
    "reduced": "yellow", "exited": "bold red", "unknown": "magenta",
}  # fmt: skip
_GAP = 2
_NARROWEST, _ENOUGH = 8, 26


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
    widths = _widths(block, width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim", show_edge=False)
    for place, room in widths.items():
        column = block.columns[place]
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=room)
    for row, change in zip(block.rows, block.changes, strict=True):
        style = STYLES.get(change or "", "")
        colored = ("change", "amount_change_pct")
        table.add_row(*(Text(row[p], style=style if block.columns[p].name in colored else "") for p in widths))
    return table


def _widths(block: Block, width: int) -> dict[int, int]:
    """The columns to draw and their widths: the least important go first, then names are cut; numbers never are."""
    natural = {
        place: max([len(column.title), *(len(row[place]) for row in block.rows)])
        for place, column in enumerate(block.columns)
    }
    names = {place for place, column in enumerate(block.columns) if column.is_name}
    kept = list(natural)
    least = {place: min(natural[place], _ENOUGH) if place in names else natural[place] for place in natural}
    for place in sorted(kept, key=lambda place: (-block.columns[place].rank, -place)):
        fits = sum(least[p] + _GAP for p in kept) - _GAP <= width
        if block.columns[place].rank == 1:  # these go only if cutting names as short as can be makes no room
            shortest = (min(least[p], _NARROWEST) if p in names else least[p] for p in kept)
            fits = sum(shortest) + _GAP * (len(kept) - 1) <= width
        if fits:
            break
        kept.remove(place)
    room = width - _GAP * (len(kept) - 1) - sum(natural[p] for p in kept if p not in names)
    widths = {}
    for left, place in enumerate(sorted((p for p in kept if p in names), key=natural.__getitem__)):
        share = room // (len(names & set(kept)) - left)
        widths[place] = max(min(natural[place], share), min(natural[place], _NARROWEST))
        room -= widths[place]
    return {place: widths.get(place, natural[place]) for place in kept}
