"""Reading a store of many quarters: one manager's diff, one security's holders, all managers' moves.

    python -m benchmarks.store [--quick] [--quarters N] [--cache FOLDER] [--sets FOLDER]

Made-up data sets (data_sets.py) are ingested into a cache of N quarters, and the last two of them into one of two, so
that it can be seen whether more quarters make a question slower. What is asked warm is asked of another manager or
security each time: nothing is answered from memory. FOLDERs keep sets and caches for the next run.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.measure import Line, installed, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIMES = 60


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, fewer quarters")
    parser.add_argument("--quarters", type=int)
    parser.add_argument("--sets", type=Path, help="where made-up sets are kept")
    parser.add_argument("--cache", type=Path, help="where the caches are kept")
    parser.add_argument("--warm", type=Path, help="ask one cache, and print what it took")
    options = parser.parse_args()
    if options.warm:
        for name, milliseconds in _warm(options.warm):
            print(f"{name}\t{milliseconds}")
        return
    quarters = options.quarters or (4 if options.quick else 20)
    with TemporaryDirectory() as folder:
        sets, caches = options.sets or Path(folder) / "sets", options.cache or Path(folder) / "caches"
        found = _written(sets, quarters, quick=options.quick)
        many = _ingested(caches / f"{quarters}", found)
        two = _ingested(caches / "2", found[-2:])
        _report(many, two, quarters)
        _whole_commands(many, 3 if options.quick else 7)
        _all_managers(many, quick=options.quick)


def _written(sets: Path, quarters: int, *, quick: bool) -> list[Path]:
    size = ["--quick"] if quick else []
    command = [sys.executable, "-m", "benchmarks.data_sets", str(sets), "--quarters", str(quarters), *size]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    from thirteenf import windows

    return sorted(sets.glob("*.zip"), key=lambda path: windows.window(path.name) or ())


def _ingested(cache: Path, sets: list[Path]) -> Path:
    """A cache of some sets; what is there is not taken in again."""
    _run(cache, "ingest", *map(str, sets))
    return cache


def _run(cache: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "thirteenf", "--cache", str(cache), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _report(many: Path, two: Path, quarters: int) -> None:
    told = {cache: _asked(cache) for cache in (many, two)}
    lines = []
    for name, milliseconds in told[many].items():
        beside = told[two][name]
        is_asked = not name.startswith("with causes")
        beside_two = f"{milliseconds / beside:.2f} x two quarters ({beside:.1f} ms)"
        lines.append(Line(name, f"{milliseconds:.1f} ms", beside_two, "under 10 ms" if is_asked else ""))
    show(f"Asked of a store of {quarters} quarters, warm, in one process", lines)


def _asked(cache: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.store", "--warm", str(cache)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: float(figure) for name, figure in (line.split("\t") for line in told.splitlines())}


def _warm(cache: Path) -> Iterator[tuple[str, float]]:
    """Milliseconds each question takes, in the middle."""
    import polars as pl

    import thirteenf as tf
    from thirteenf import periods

    tracker = tf.Tracker(cache)
    books = tracker.books
    known = books.counted()
    period = max(day for day in known["period"].unique() if known.filter(pl.col("period") == day).height > 1000)
    against = periods.before(period)
    of_both = [set(books.standing(day).filter(pl.col("state") == "holdings")["cik"]) for day in (against, period)]
    managers = cycle(sorted(set.intersection(*of_both))[:: max(1, len(of_both[0]) // 200)])
    consensus = tracker.catalog.consensus(period).sort("holders", descending=True)["cusip"]
    securities = cycle([*consensus[:20], *consensus[100:4000:100]])

    in_force = books.in_force(period)

    def diff() -> object:
        cik = next(managers)
        before, after = books.side(cik, against), books.side(cik, period)
        assert before
        assert after
        return tf.diff(before.holdings, after.holdings)

    def holders() -> object:
        return books.positions_of(period, in_force, pl.Series([next(securities)]))

    yield "one manager's diff of two quarters", _median(diff)
    yield "one security's holders in a quarter", _median(holders)
    yield "with causes: tracker.moves of one manager", _median(lambda: tracker.moves(next(managers), period))


def _median(ask: Callable[[], object]) -> float:
    for _ in range(5):
        ask()
    times = []
    for _ in range(_TIMES):
        start = perf_counter()
        ask()
        times.append((perf_counter() - start) * 1000)
    return median(times)


def _whole_commands(cache: Path, rounds: int) -> None:
    import polars as pl

    newest = max((cache / "tables/securities/consensus").glob("*.parquet"), key=lambda path: path.stat().st_size)
    most_held = pl.read_parquet(newest, hive_partitioning=False).sort("holders")["cusip"][-1]
    period, lines = newest.stem, []
    commands = {
        f"holders of the most-held security ({most_held})": ("holders", most_held, "--period", period, "--json"),
        "flows of it": ("flows", most_held, "--period", period, "--json"),
        "moves --all --top 50": ("moves", "--all", "--period", period, "--json"),
        "crowding": ("crowding", "--period", period, "--json"),
    }
    floor = _median_of(lambda: subprocess.run([sys.executable, "-c", "import polars"], check=True), rounds)
    lines.append(Line("import polars", f"{floor:.2f} s"))
    for name, arguments in commands.items():
        seconds = _median_of(lambda arguments=arguments: _run(cache, *arguments), 1 if "all" in arguments else rounds)
        lines.append(
            Line(name, f"{seconds:.2f} s", f"{seconds / floor:.1f} x", "under 0.5 s" if "holders" in name else "")
        )
    show("Whole commands over one quarter of it", lines)


def _median_of(run: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times)


def _all_managers(cache: Path, *, quick: bool) -> None:
    """What market.py measures, over this cache's own Parquet."""
    if not installed("duckdb", "pandas", "pyarrow"):
        return
    import thirteenf as tf

    books = tf.Tracker(cache).books
    folder = cache / "as-market"
    (folder / "in_force").mkdir(parents=True, exist_ok=True)
    if not (folder / "positions").exists():
        (folder / "positions").mkdir()
        for at in (cache / "tables/positions").iterdir():
            day = at.name.removeprefix("period=")
            frame = _in_force(books, day)
            if frame.height > 100:  # a quarter whose reports are here, not an old one's late ones
                (folder / "positions" / at.name).symlink_to(at.resolve())
                frame.write_parquet(folder / "in_force" / f"{day}.parquet")
    command = [sys.executable, "-m", "benchmarks.market", "--tables", str(folder), *(["--quick"] if quick else [])]
    subprocess.run(command, check=True)


def _in_force(books, day: str):
    from datetime import date

    import polars as pl

    from thirteenf.units import FACTOR

    told = books.in_force(date.fromisoformat(day))
    factor = pl.col("value_unit").replace_strict(FACTOR, return_dtype=pl.Int64)
    return told.select("accession_number", "cik", factor=factor)


if __name__ == "__main__":
    main()
