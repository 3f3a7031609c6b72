"""Caches brought up to date from a small EDGAR: trees to serve, and what a cache must be whatever happened to it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from tests.trees import THREE_STOCKS, filing, fingerprint
from thirteenf import periods

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

EXAMPLE, OTHER, THIRD = "0009999991", "0009999992", "0009999993"
NAMES = {EXAMPLE: "Example Advisors LLC", OTHER: "Other Capital LP", THIRD: "Third Street Partners"}
QUARTERS = tuple(date.fromisoformat(day) for day in ("2025-12-31", "2026-03-31", "2026-06-30", "2026-09-30"))
NEWEST = QUARTERS[-1]


def number(cik: str, place: int) -> str:
    """The accession number of a manager's filing."""
    return f"{cik}-26-{place:06}"


def report(cik: str, place: int, period: date, **more) -> bytes:
    """A manager's filing for a period, filed on the deadline, its positions a little larger each time."""
    positions = more.pop("positions", tuple(
        (issuer, cusip, value + 1000 * place, amount + 10 * place) for issuer, cusip, value, amount in THREE_STOCKS
    ))  # fmt: skip
    more = {"filed": periods.deadline(period), "period": period, "cik": cik, "name": NAMES.get(cik, "Some LLC")} | more
    return filing(more.pop("accession", number(cik, place)), positions, **more)


def history(cik: str, quarters: Iterable[date] = QUARTERS) -> list[bytes]:
    """A manager's filings of some quarters, numbered from 1."""
    return [report(cik, place, period) for place, period in enumerate(quarters, 1)]


def path_of(cik: str, accession: str) -> str:
    """Where the small EDGAR has a filing."""
    return f"www.sec.gov/Archives/edgar/data/{int(cik)}/{accession.replace('-', '')}/{accession}.txt"


def fetched(edgar) -> list[str]:
    """The accession numbers asked for since it last forgot, as they came: several hands ask at a time."""
    return [path.rpartition("/")[2].removesuffix(".txt") for path in edgar.paths() if path.endswith(".txt")]


def tables(cache: Path) -> dict[str, str]:
    """The tables byte for byte; not the note of what some were made of, the user's confirmations among it."""
    return {name: mark for name, mark in fingerprint(cache / "tables").items() if not name.endswith("made.json")}


def archived(cache: Path) -> list[str]:
    """The accession numbers in the archive."""
    return sorted(path.name.removesuffix(".txt.gz") for path in (cache / "edgar" / "data").rglob("*.txt.gz"))


def assert_sound(cache: Path) -> None:
    """Nothing but whole submissions of their own numbers is in the archive."""
    for path in (cache / "edgar" / "data").rglob("*.txt.gz"):
        if path.name.startswith("."):
            continue  # what a killed run left unfinished
        body = gzip.decompress(path.read_bytes())
        assert body.startswith(b"<SEC-DOCUMENT>" + path.name.removesuffix(".gz").encode()), path
        assert body.rstrip().endswith(b"</SEC-DOCUMENT>"), path


def events(cache: Path) -> list[dict]:
    """What the cache tells of."""
    file = cache / "state" / "events.ndjson"
    return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def assert_told_once(cache: Path, *accessions: str) -> None:
    """Every filing is told of as filed or amended exactly once, and ids only grow."""
    told = events(cache)
    assert [one["id"] for one in told] == list(range(1, len(told) + 1))
    counts = Counter(one["accession_number"] for one in told if one["kind"] in ("filed", "amended"))
    assert counts == Counter(accessions or archived(cache))


def assert_one_line(err: str) -> str:
    """One error, with what to do: the line."""
    assert "Traceback" not in err
    assert "A bug" not in err, err
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, err
    assert ". " in lines[0].rstrip("."), f"no hint: {lines[0]}"
    return lines[0]


def started(*arguments: object, code: str | None = None, **more: str) -> subprocess.Popen[str]:
    """The program as a process of its own, or `code` with the program's arguments; `more` is of its environment."""
    line = [sys.executable, *(("-c", code) if code else ("-m", "thirteenf")), *map(str, arguments)]
    environment = os.environ | more
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
