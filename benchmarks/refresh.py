"""`refresh --all` of a quarter of 8,000 filings, and fetching 500 of them with 1,000 rows each: pace and memory.

The real command, as a process of its own, against the small EDGAR of the tests in another. Everything about pace is
measured there, when requests arrive; the server holds its documents packed, so that it has next to nothing to do.
Memory is the peak of the whole process. The server also makes the filings: a child's peak starts at its parent's, so
the process that starts `refresh` stays small.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple, Self

from benchmarks.measure import Line, quick, show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from benchmarks.generate import Row, Security

LISTED, ROWS, SECURITIES = 8_000, 1_000, 5_000
PERIOD, FIRST, DUE, LAST = "2025Q3", date(2025, 10, 1), date(2025, 11, 14), date(2025, 12, 31)
OTHER_FORMS = 3_000  # lines a day: an index has every form, and most are none of ours
DELAY = 0.15  # seconds, about what EDGAR takes to answer
RATE = 8  # the default
_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
_SATURDAY = 5
_FOLDER = "www.sec.gov/Archives/edgar"
_HEADER = """<SEC-DOCUMENT>{accession}.txt : {filed:%Y%m%d}
<SEC-HEADER>{accession}.hdr.sgml : {filed:%Y%m%d}
<ACCEPTANCE-DATETIME>{filed:%Y%m%d}160512
ACCESSION NUMBER:\t\t{accession}
CONFORMED SUBMISSION TYPE:\t13F-HR
PUBLIC DOCUMENT COUNT:\t\t2
CONFORMED PERIOD OF REPORT:\t20250930
FILED AS OF DATE:\t\t{filed:%Y%m%d}

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\t{name}
\t\tCENTRAL INDEX KEY:\t\t\t{cik:010}
</SEC-HEADER>
"""


class Request(NamedTuple):
    """A request as it arrived at the server."""

    at: float
    path: str

    @property
    def is_filing(self) -> bool:
        return self.path.startswith(f"{_FOLDER}/data/")


class Run(NamedTuple):
    """A command that has ended: what it printed, seconds from start to exit and of work, peak of resident bytes."""

    told: dict
    seconds: float
    work: float
    peak: int


def main() -> None:
    small = quick()
    documents = 120 if small else 500
    with TemporaryDirectory() as home, _Server(documents) as server:
        running = _Processes(Path(home), server.environment)
        lines = [*_polite(server, running), *_full_speed(server, running, documents, (50,) if small else (50, 100))]
        lines += _together(server, running, 10 if small else 40)
    show(f"Refreshing a quarter: {LISTED:,} filings listed, {documents} of them of {ROWS:,} rows fetched", lines)


def _polite(server: _Server, running: _Processes) -> list[Line]:
    """As against the SEC: the default rate, and answers that take their time."""
    fetched, what = 120, f"at {RATE} a second, answers after {DELAY * 1000:.0f} ms"
    server.serve(LISTED, DELAY)
    planned = running.run("planned", "--dry-run")
    requests = server.seen()
    wanted = planned.told["planned"]["filings"]
    if wanted != LISTED:
        raise RuntimeError(f"{wanted} filings planned")
    lines = [
        Line(f"{wanted:,} filings planned, {what}", f"{planned.seconds:.2f} s", f"{len(requests)} requests"),
        _pace("the same: requests a second", requests, RATE),
    ]
    server.serve(LISTED, DELAY)
    running.run("polite", "--limit", str(fetched))
    return [*lines, _pace(f"{fetched} filings fetched, {what}", _filings(server.seen(), fetched), RATE)]


def _full_speed(server: _Server, running: _Processes, documents: int, rates: tuple[int, ...]) -> list[Line]:
    """Rates that only a server of one's own allows; and memory, the same at any of them."""
    lines, peaks = [], []
    for rate in rates:
        server.serve(LISTED)
        run = running.run(f"at {rate}", "--limit", str(documents), "--rate", str(rate))
        requests = _filings(server.seen(), documents)
        peaks.append(run.peak)
        lines.append(_pace(f"{documents} filings fetched, at {rate} a second", requests, rate))
        lines.append(Line("the same: from start to exit", f"{run.seconds:.2f} s", f"{run.work:.2f} s of a processor"))
    server.serve(documents)  # a quarter of which everything can be had
    running.run("whole", "--rate", "1000")
    server.seen()
    again = running.run("whole", "--rate", "1000")
    if again.told["fetched"]:
        raise RuntimeError("the second run fetched something")
    return [
        *lines,
        Line("again, with nothing to do", f"{again.seconds:.2f} s", f"{len(server.seen())} requests"),
        Line("peak of a process that imports polars, requests", _megabytes(running.floor())),
        Line("peak of one that plans", _megabytes(running.run("whole", "--dry-run").peak)),
        Line("peak of one that fetches", _megabytes(max(peaks)), "", "under 400 MB"),
    ]


def _together(server: _Server, running: _Processes, limit: int) -> list[Line]:
    """Two at once, each with a cache of its own, at the rate they have by default."""
    server.serve(LISTED)
    both = [running.start(name, "--limit", str(limit)) for name in ("one", "other")]
    for process in both:
        running.end(process)
    requests = sorted(server.seen())
    seconds = requests[-1].at - requests[0].at
    return [
        Line(f"two processes at {RATE} a second, {len(requests)} requests in {seconds:.0f} s: in the busiest second",
             f"{_busiest(requests)}", "", "at most 10"),
        _pace("the same: both together", requests, RATE),
    ]  # fmt: skip


def _filings(requests: list[Request], expected: int) -> list[Request]:
    found = [request for request in requests if request.is_filing]
    if len(found) != expected:
        raise RuntimeError(f"{len(found)} filings were asked for, not {expected}")
    return found


def _pace(what: str, requests: list[Request], rate: float) -> Line:
    """Requests a second between the first and the last, beside the rate that was asked for."""
    times = sorted(request.at for request in requests)
    achieved = (len(times) - 1) / (times[-1] - times[0])
    return Line(what, f"{achieved:.2f} a second", f"{achieved / rate:.1%} of {rate}", "at least 90%")


def _busiest(requests: list[Request]) -> int:
    """The largest number of requests within any second."""
    times = sorted(request.at for request in requests)
    first = most = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"


class _Processes:
    """`refresh --all`, each time a process of its own, in a home that is nobody's."""

    def __init__(self, home: Path, edgar: dict[str, str]) -> None:
        self._home = home
        left_out = ("THIRTEENF_", "PYTHONDONTWRITEBYTECODE")
        mine = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        places = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(home))
        self._environment = mine | places | edgar
        self._environment.pop("THIRTEENF_EDGAR_RATE", None)  # the program's own is what is measured

    def run(self, cache: str, *options: str) -> Run:
        return self.end(self.start(cache, *options))

    def start(self, cache: str, *options: str) -> tuple[subprocess.Popen, float]:
        command = [sys.executable, "-m", "thirteenf", "--cache", str(self._home / cache), "refresh", "--all",
                   "--period", PERIOD, "--no-references", "--json", *options]  # fmt: skip
        return self._started(command)

    def end(self, started: tuple[subprocess.Popen, float]) -> Run:
        process, began = started
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode:
            raise RuntimeError(f"{' '.join(process.args)} ended with {process.returncode}")
        return Run(json.loads(out or "{}"), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _UNIT)

    def floor(self) -> int:
        return self.end(self._started([sys.executable, "-c", "import polars, requests"])).peak

    def _started(self, command: list[str]) -> tuple[subprocess.Popen, float]:
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE), time.perf_counter()


class _Server:
    """The small EDGAR in a process of its own."""

    def __init__(self, documents: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, documents), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.environment = self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send(None)
        self._process.join()

    def serve(self, listed: int, delay: float = 0.0) -> None:
        """List so many filings, the newest, from now on; answer after so many seconds."""
        self._pipe.send((listed, delay))
        self._pipe.recv()

    def seen(self) -> list[Request]:
        """What was asked for since the last call of this or `serve`."""
        self._pipe.send(())
        return [Request(*one) for one in self._pipe.recv()]


class _Filed(NamedTuple):
    number: int
    on: date

    @property
    def cik(self) -> int:
        return 1_000_000 + self.number

    @property
    def name(self) -> str:
        return f"EXAMPLE ADVISORS {self.number} LLC"

    @property
    def accession(self) -> str:
        return f"{self.cik:010}-{self.on:%y}-000001"

    @property
    def path(self) -> str:
        return f"{_FOLDER}/data/{self.cik}/{self.accession.replace('-', '')}/{self.accession}.txt"


def _serve(pipe: Connection, documents: int) -> None:
    """The server's process; the newest filings are those that have documents."""
    from tests.small_edgar import CONTACT, SmallEdgar

    from benchmarks.generate import securities

    until_due = [day for day in _weekdays() if day <= DUE]
    filed = [_Filed(number, until_due[number * len(until_due) // LISTED]) for number in range(LISTED)]
    listed = securities(SECURITIES)
    headers = {"user-agent": CONTACT, "accept-encoding": "gzip"}
    with TemporaryDirectory() as empty, SmallEdgar(Path(empty)) as edgar:
        for one in filed[-documents:]:
            edgar.put(one.path, _submission(one, listed))
            edgar.meet("GET", f"/{one.path}", headers, 0.0)  # packed once, beforehand
        pipe.send(edgar.environment)
        while (asked := pipe.recv()) is not None:
            answer = [(request.at, request.path) for request in edgar.seen]
            if asked:
                count, edgar.delay = asked
                for path, content in _indexes(filed[-count:]):
                    edgar.put(path, content)
                    edgar.meet("GET", f"/{path}", headers, 0.0)
            edgar.forget()
            pipe.send(answer)


def _weekdays() -> list[date]:
    days = (FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1))
    return [day for day in days if day.weekday() < _SATURDAY]


def _indexes(filed: list[_Filed]) -> Iterator[tuple[str, bytes]]:
    """A quarter's daily indexes, and which there are."""
    folder = f"{_FOLDER}/daily-index/{FIRST.year}/QTR4"
    names = [f"master.{day:%Y%m%d}.idx" for day in _weekdays()]
    items = [{"name": name, "type": "file", "href": name, "size": "512 KB"} for name in names]
    yield f"{folder}/index.json", json.dumps({"directory": {"item": items, "name": "daily-index/"}}).encode()
    for day, name in zip(_weekdays(), names, strict=True):
        lines = ["Description:           Master Index of EDGAR Dissemination Feed", "",
                 "CIK|Company Name|Form Type|Date Filed|File Name", "-" * 80]  # fmt: skip
        lines += [f"{one.cik}|{one.name}|13F-HR|{day:%Y%m%d}|edgar/data/{one.cik}/{one.accession}.txt"
                  for one in filed if one.on == day]  # fmt: skip
        lines += [f"{number}|SOMEBODY {number} INC|4|{day:%Y%m%d}|edgar/data/{number}/{number:010}-25-{number:06}.txt"
                  for number in range(2_000, 2_000 + OTHER_FORMS)]  # fmt: skip
        yield f"{folder}/{name}", ("\n".join(lines) + "\n").encode()


def _submission(one: _Filed, listed: list[Security]) -> bytes:
    from tests.builders import cover, submission

    from benchmarks.generate import told

    held = list(_held(one.number, listed))
    page = cover(cik=f"{one.cik:010}", name=one.name, rows=len(held), total=sum(row.value for row in held))
    header = _HEADER.format(accession=one.accession, filed=one.on, name=one.name, cik=one.cik)
    return submission(page, "".join(told(held)).encode(), header=header)


def _held(number: int, listed: list[Security]) -> Iterator[Row]:
    """A manager's rows: some of all securities, one row in ten an option."""
    from benchmarks.generate import Row

    chance = Random(number)
    for security in sorted(chance.sample(listed, ROWS)):
        put_call = chance.choice(("Put", "Call")) if chance.random() < 0.1 else ""
        amount_type = "PRN" if security.title.startswith("NOTE") and not put_call else "SH"
        amount = round(chance.lognormvariate(9, 2)) + 1
        yield Row(security, amount, amount_type, put_call, "", chance.choice((0, 0, 0, amount // 3)))


if __name__ == "__main__":
    main()
