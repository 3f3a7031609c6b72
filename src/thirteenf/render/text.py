"""The table on a terminal: colour for the change, fewer columns where there is less room, never a cut number.

Drawn by hand: the widths must be worked out here anyway, and a table drawer takes half a minute for 60,000 rows.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from thirteenf.render import layout
from thirteenf.render.grounds import grounds
from thirteenf.render.notes import notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from thirteenf.render.layout import Block
    from thirteenf.report import Report

_BOLD, _DIM, _PLAIN, _WARNING = "1", "2", "", "1;33"
_STYLES = {"new": "1;32", "added": "32", "unchanged": _DIM, "reduced": "33", "exited": "1;31", "unknown": "35"}
_COLORED = ("change", "amount_change_pct")
_WARNINGS = ("SAMPLE", "Cannot", "Not the newest", "The managers' quarters differ", "Missing")
_WRONG = ("Difference", "Damaged", "Refused")
_GAP = 2
_NARROWEST, _NARROW, _ENOUGH = 8, 14, 26


def render(report: Report, width: int = 100, color: bool = False, quiet: bool = False) -> str:
    """A report drawn for a terminal.

    Args:
        report: what to draw.
        width: columns of the terminal.
        color: whether to use colour.
        quiet: whether to draw nothing but the tables.
    """
    lines: list[str] = []

    def say(text: str, style: str) -> None:
        lines.extend(_styled(line, style if color else "") for line in _wrapped(text, width))

    if not quiet:
        say(layout.title(report), _BOLD)
        for line in grounds(report):
            say(line, _WARNING if line.startswith(_WARNINGS) else _DIM)
    for number, block in enumerate(layout.blocks(report)):
        if lines or number:
            lines.append("")
        for text, style in _above(block):
            say(text, style)
        lines.extend(_table(block, width, color=color))
    below = [] if quiet else notes(report)
    if below:
        lines.append("")
    for line in below:
        say(line, _PLAIN)
    return "".join(f"{line}\n" for line in lines)


def _above(block: Block) -> Iterator[tuple[str, str]]:
    """What stands above, or in place of, a table: texts and their styles."""
    if block.title:
        yield block.title, _BOLD
    for line in block.lines:
        yield line, _WARNING if line.startswith(_WRONG) else _PLAIN


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines, addresses and options whole."""
    indent = " " * (len(text) - len(text.lstrip()))
    below = f"{indent}  " if indent else ""
    lines = textwrap.wrap(text, width, subsequent_indent=below, break_on_hyphens=False, break_long_words=False)
    return lines or [""]


def _styled(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and text.strip() else text


def _table(block: Block, width: int, *, color: bool) -> Iterator[str]:
    if not block.columns:
        return
    widths = _widths(block, width)
    header = _line([column.title for column in block.columns], block, widths, {})
    yield _styled(header, _DIM if color else "")
    for row, change in zip(block.rows, block.changes, strict=True):
        style = _STYLES.get(change or "", "") if color else ""
        yield _line(row, block, widths, {p: style for p in widths if block.columns[p].name in _COLORED})


def _line(cells: Sequence[str], block: Block, widths: Mapping[int, int], styles: Mapping[int, str]) -> str:
    drawn = []
    for place, room in widths.items():
        text = cells[place]
        text = text if len(text) <= room else text[: room - 1] + "…"
        padded = text.rjust(room) if block.columns[place].right else text.ljust(room)
        drawn.append(padded.replace(text, _styled(text, styles.get(place, "")), 1) if text else padded)
    return (" " * _GAP).join(drawn).rstrip()


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
        column = block.columns[place]
        cut_to = _NARROWEST if column.rank == 1 else _NARROW if column.is_telling else _ENOUGH
        shortest = (min(least[p], cut_to) if p in names else least[p] for p in kept)
        if sum(shortest) + _GAP * (len(kept) - 1) <= width:
            break
        kept.remove(place)
    room = width - _GAP * (len(kept) - 1) - sum(natural[p] for p in kept if p not in names)
    widths = {}
    for left, place in enumerate(sorted((p for p in kept if p in names), key=natural.__getitem__)):
        share = room // (len(names & set(kept)) - left)
        widths[place] = max(min(natural[place], share), min(natural[place], _NARROWEST))
        room -= widths[place]
    return {place: widths.get(place, natural[place]) for place in kept}
