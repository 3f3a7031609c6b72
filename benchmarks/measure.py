"""Timing in turns: A B A B, so that a slow spell of the machine falls on all alike; ratios are taken turn by turn."""

from __future__ import annotations

import gc
from argparse import ArgumentParser
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Line(NamedTuple):
    """A line of a report: what was measured, the figure, what it is a ratio to, and what is aimed at."""

    what: str
    figure: str
    ratio: str = ""
    target: str = ""


def quick() -> bool:
    """Whether --quick was given: fewer sizes and rounds."""
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    return parser.parse_args().quick


def in_turns(cases: Mapping[str, Callable[[], object]], rounds: int, calls: int = 1) -> dict[str, list[float]]:
    """Seconds a call of each case in each round, after one round that does not count; `calls` for what is short."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for run in cases.values():
        run()
    gc.collect()
    gc.freeze()  # what the peers have imported is not to be looked through in everybody's time
    for _ in range(rounds):
        for name, run in cases.items():
            start = perf_counter()
            for _ in range(calls):
                run()
            times[name].append((perf_counter() - start) / calls)
    return times


def ratio(times: Mapping[str, list[float]], name: str, to: str) -> float:
    return median(a / b for a, b in zip(times[name], times[to], strict=True))


def milliseconds(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:,.2f} ms"


def installed(*names: str) -> bool:
    """Whether all these packages are there; if not, says so."""
    missing = [name for name in names if _version(name) is None]
    if missing:
        print(f"not installed, left out: {', '.join(missing)}")
    return not missing


def show(title: str, lines: list[Line]) -> None:
    """Print a report as a table in Markdown."""
    rows = [Line("what", "median", "ratio", "target"), *lines]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    rows.insert(1, Line(*("-" * width for width in widths)))
    print(f"\n### {title}\n")
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
