"""Memory and time of `scan_information_table` over the largest table the form allows, 250,000 rows on disk.

Memory is the peak of a fresh process that scans, less that of one that only imports the same libraries.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from xml.parsers import expat

from benchmarks.generate import write_information_table
from benchmarks.measure import Line, in_turns, milliseconds, quick, ratio, show

_IMPORTS = """
import resource, sys
import polars as pl
from thirteenf.form13f import scan_information_table
"""
_SCAN = """
rows = 0
with open(sys.argv[1], "rb") as file:
    for batch in scan_information_table(file):
        rows += batch.rows.height
assert rows == int(sys.argv[2])
"""
_PEAK = """
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
_CHUNK = 1 << 18


def main() -> None:
    small = quick()
    rows, rounds = (50_000, 2) if small else (250_000, 5)
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.xml")
        write_information_table(path, rows)
        peaks = [(_peak("", path, rows), _peak(_SCAN, path, rows)) for _ in range(rounds)]
        from thirteenf.form13f import scan_information_table  # only now: a child's peak starts at its parent's

        def scan() -> None:
            with path.open("rb") as file:
                for _ in scan_information_table(file):
                    pass

        times = in_turns({"expat": lambda: _expat(path), "thirteenf": scan}, rounds)
    more = median(after - before for before, after in peaks) / 2**20
    show(
        f"Information table of {rows:,} rows, from disk in batches",
        [
            Line("peak of a process that imports", f"{median(before for before, _ in peaks) / 2**20:,.0f} MB"),
            Line("peak of one that scans", f"{median(after for _, after in peaks) / 2**20:,.0f} MB"),
            Line("more", f"{more:,.0f} MB", "", "at most 60 MB"),
            Line("expat, no handlers, same stream", milliseconds(times["expat"])),
            Line("thirteenf, scan", milliseconds(times["thirteenf"]), f"{ratio(times, 'thirteenf', 'expat'):.2f} x",
                 "at most 5.5 x"),
        ],
    )  # fmt: skip


def _peak(work: str, path: Path, rows: int) -> int:
    """Peak resident bytes of a fresh process."""
    command = [sys.executable, "-c", _IMPORTS + work + _PEAK, str(path), str(rows)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * _UNIT


def _expat(path: Path) -> None:
    parser = expat.ParserCreate()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


if __name__ == "__main__":
    main()
