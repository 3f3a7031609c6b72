"""What `explain` takes beside `diff`, and `verify` beside parsing alone.

    python -m benchmarks.answers [--quick]

`explain` and `diff` are whole processes, of one manager and period: on the bundled sample, and on the made-up universe
of `universe.py`, of its largest manager. `verify` reads the whole archive of that universe again and compares it all
with the tables; parsing alone is `read_submission` over the same bytes, unzipping included. Both in one process.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.generate import Row, Security, told
from benchmarks.measure import Line, in_turns, milliseconds, quick, ratio, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from thirteenf.places import Places

EDGAR = Path(__file__).parents[2] / "shared/edgar/www.sec.gov"
WHOLE = {"filers": 400, "listed": 8_000, "rows": 160_000}
QUICK = {"filers": 250, "listed": 8_000, "rows": 100_000}
QUARTERS = {date(2025, 6, 30): date(2025, 8, 14), date(2025, 9, 30): date(2025, 11, 14)}
TOOL = [sys.executable, "-m", "thirteenf"]
_HEADER = """<SEC-DOCUMENT>{number}.txt : {filed:%Y%m%d}
<SEC-HEADER>{number}.hdr.sgml : {filed:%Y%m%d}
<ACCEPTANCE-DATETIME>{filed:%Y%m%d}160512
ACCESSION NUMBER:\t\t{number}
CONFORMED SUBMISSION TYPE:\t13F-HR
CONFORMED PERIOD OF REPORT:\t{period:%Y%m%d}
FILED AS OF DATE:\t\t{filed:%Y%m%d}

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tMANAGER {cik}
\t\tCENTRAL INDEX KEY:\t\t\t{cik}
</SEC-HEADER>
"""


def main() -> None:
    small = quick()
    with TemporaryDirectory() as folder:
        from benchmarks.universe import universe
        from thirteenf import places

        cache = places.at(Path(folder) / "cache")
        made = universe(**(QUICK if small else WHOLE))
        filled(cache, _submissions(dict(zip(QUARTERS, made[:2], strict=True))))
        asked = {
            "sample": ["--sample", *_of("bridgewater", "NFLX", "2025Q4")],
            "universe": ["--cache", str(cache.root), *_of(*_most(made.after), "2025Q3")],
        }
        show("explain beside diff, whole processes", list(_explained(asked, folder, 5 if small else 21)))
        lines = list(_verified(cache, 3 if small else 7))
        if EDGAR.is_dir():
            of_six = places.at(Path(folder) / "six")
            filled(of_six, ((path.stem, path.parent.parent.name, path.read_bytes()) for path in EDGAR.rglob("*.txt")))
            lines += _verified(of_six, 3 if small else 7, "the six managers' own, which are few: ", target="")
        show("verify beside parsing alone", lines)


def _of(manager: str, security: str, period: str) -> list[str]:
    return [manager, security, "--period", period]


def _most(book: pl.DataFrame) -> tuple[str, str]:
    """The manager with the most rows, and the security that it has the most of."""
    cik = book.group_by("cik").len().sort("len", "cik")["cik"][-1]
    return cik, book.filter(cik=cik).sort("value")["cusip"][-1]


def _submissions(books: dict[date, pl.DataFrame]) -> Iterator[tuple[str, str, bytes]]:
    """A submission a manager and quarter: accession number, manager, bytes."""
    from tests.builders import cover, submission

    for place, (period, book) in enumerate(books.items(), 1):
        for (cik,), held in book.partition_by("cik", as_dict=True, maintain_order=True).items():
            number = f"{cik}-25-{place:06}"
            rows = [
                Row(Security(issuer, "COM", cusip, value / amount), amount, "SH", "", "", 0)
                for cusip, issuer, amount, value in held.select("cusip", "issuer", "amount", "value").iter_rows()
            ]
            page = cover(
                cik=cik, name=f"Manager {cik}", rows=len(rows), total=sum(row.value for row in rows),
                period=f"{period:%m-%d-%Y}",
            )  # fmt: skip
            header = _HEADER.format(number=number, filed=QUARTERS[period], period=period, cik=cik)
            yield number, cik, submission(page, "".join(told(rows)).encode(), header=header)


def filled(cache: Places, submissions: Iterator[tuple[str, str, bytes]]) -> None:
    """Put submissions into a cache's archive, and make its tables."""
    from thirteenf import intake
    from thirteenf.archive import Archive

    archive = Archive(cache.archive)
    for number, cik, content in submissions:
        archive.add_submission(cik, number, content)
    intake.rebuild(cache)


def _explained(asked: dict[str, list[str]], home: str, rounds: int) -> Iterator[Line]:
    settings = {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
    left_out = ("THIRTEENF_", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)} | settings
    for where, (*source, manager, security, _, period) in asked.items():
        commands = {
            "diff": [*TOOL, *source, "diff", manager, "--period", period, "--json"],
            "explain": [*TOOL, *source, "explain", manager, security, "--period", period, "--json"],
        }
        times = in_turns({name: _runs(command, env) for name, command in commands.items()}, rounds)
        yield Line(f"{where}: diff --json", milliseconds(times["diff"]))
        told = f"{ratio(times, 'explain', 'diff'):.2f} x diff"
        yield Line(f"{where}: explain --json", milliseconds(times["explain"]), told, "under 1.5 x")


def _runs(command: list[str], env: dict[str, str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, env=env, check=True, capture_output=True)


def _verified(cache: Places, rounds: int, what: str = "", target: str = "at least 50%") -> Iterator[Line]:
    from thirteenf import Tracker, read_submission
    from thirteenf.verification import verify

    paths = sorted(cache.archive.rglob("*.gz"))

    def parse() -> int:
        return sum(read_submission(gzip.decompress(path.read_bytes()), path.name).rows.height for path in paths)

    def again() -> int:
        report = verify(Tracker(cache.root))
        assert report.head["sound"]
        return report.head["rows"]

    rows = parse()
    assert again() == rows
    times = in_turns({"parse": parse, "verify": again}, rounds)
    speeds = {name: f"{rows / median(seconds):,.0f} rows a second" for name, seconds in times.items()}
    yield Line(f"{what}{len(paths):,} filings of {rows:,} rows: parsing alone", speeds["parse"])
    yield Line(f"{what}verify", speeds["verify"], f"{ratio(times, 'parse', 'verify'):.0%} of that", target)


if __name__ == "__main__":
    main()
