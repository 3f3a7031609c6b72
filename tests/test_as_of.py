"""What was published after a day changes nothing in a report as of that day (rule R10)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.trees import BERKSHIRE, filing, imported, put, submissions
from thirteenf import Tracker

DAYS = ["2025-05-14", "2025-05-15", "2025-08-13", "2025-08-14", "2025-11-13", "2025-11-14", "2026-03-01"]


@pytest.fixture(scope="module")
def caches(edgar, tmp_path_factory):
    """All of Berkshire's filings and Scion's, and for a day those that were filed by then."""
    files = [
        path for path in submissions(edgar) if f"/{int(BERKSHIRE)}/" in path.as_posix() or "/1649339/" in str(path)
    ]
    whole = tmp_path_factory.mktemp("whole") / "cache"
    imported(whole, *files)
    filed = dict(Tracker(whole).filings().select("accession_number", "filing_date").iter_rows())
    made = {}

    def until(day):
        if day not in made:
            made[day] = tmp_path_factory.mktemp("until") / "cache"
            imported(made[day], *(path for path in files if filed[path.stem] <= date.fromisoformat(day)))
        return made[day]

    return whole, until


@pytest.fixture
def both(run):
    """Ask two caches the same: exit code and document, less the cache's own path."""

    def ask(whole, part, *arguments):
        told = []
        for cache in (whole, part):
            code, out, _ = run("--cache", cache, *arguments, "--json", "--quiet")
            told.append((code, out.replace(str(cache), "CACHE")))
        return told

    return ask


ASKED = [
    "diff berkshire", "diff berkshire --period 2025Q1", "diff berkshire --period 2025Q2", "holdings berkshire",
    "holdings berkshire --period 2025Q1", "filings", "filings berkshire", "history berkshire GOOGL",
    "managers", "security GOOGL", "status", "moves berkshire scion", "holders GOOGL",
    "flows", "flows GOOGL", "crowding", "moves --all", "overlap berkshire scion",
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("day", DAYS)
def test_a_report_as_of_a_day_is_that_of_a_cache_of_that_day(both, caches, day, asked):
    whole, until = caches
    known, then = both(whole, until(day), *asked.split(), "--as-of", day)
    assert known == then


def test_reports_do_change_when_something_is_filed(both, caches):
    """The test above would pass if --as-of did nothing to both."""
    whole, until = caches
    known, then = both(whole, until("2025-08-13"), "holdings", "berkshire", "--period", "2025Q1")
    assert known != then


# Two filers: the second one's prices tell the first one's unit.
DEAR = (
    ("BOOKING HOLDINGS INC", "09857L108", 5400, 1000),
    ("NVR INC", "62944T105", 8000, 1000),
    ("AUTOZONE INC", "053332102", 4200, 1000),
)
PEER = (
    ("AUTOZONE INC", "053332102", 4_200_000, 1000),
    ("BOOKING HOLDINGS INC", "09857L108", 5_400_000, 1000),
    ("NVR INC", "62944T105", 8_000_000, 1000),
    ("APPLE INC", "037833100", 2_546_300, 10000),
)


@pytest.fixture
def two_filers(tmp_path):
    """A filer of three rows in thousands, 2025-11-03; a peer in dollars, 2025-11-14; the first one's later name."""
    first = filing("0009999991-25-000001", DEAR, filed=date(2025, 11, 3), name="Small Book LLC")
    second = filing("0009999992-25-000001", PEER, filed=date(2025, 11, 14), cik="0009999992", name="Peer Capital LP")
    third = filing(
        "0009999991-26-000001", PEER, filed=date(2026, 2, 10), period=date(2025, 12, 31), name="Renamed Book LLC"
    )
    newcomer = filing(
        "0009999993-26-000001", (("NUCOR CORP", "670346105", 1353500, 10000),), filed=date(2026, 2, 11),
        period=date(2025, 12, 31), cik="0009999993", name="Newcomer LP",
    )  # fmt: skip
    whole, part = tmp_path / "whole", tmp_path / "part"
    imported(whole, put(tmp_path / "all", first, second, third, newcomer))
    imported(part, put(tmp_path / "first", first))
    return whole, part


def test_a_peers_later_filing_is_no_evidence_before_it_was_filed(two_filers):
    whole, part = two_filers
    then = Tracker(part).holdings("0009999991", "2025Q3")
    before = Tracker(whole).holdings("0009999991", "2025Q3", as_of="2025-11-03")
    after = Tracker(whole).holdings("0009999991", "2025Q3", as_of="2025-11-14")
    assert then["value"].sum() == 17_600
    assert before["value"].to_list() == then["value"].to_list()
    assert after["value"].sum() == 17_600_000, "thousands, as the peer's prices tell"
    assert Tracker(whole).holdings("0009999991", "2025Q3")["value"].sum() == 17_600_000


@pytest.mark.parametrize(
    "asked",
    ["holdings 9999991 --period 2025Q3", "filings 9999991", "filings", "diff 9999991", "history 9999991 09857L108",
     "security 09857L108", "managers", "status", "moves 9999991"],
)  # fmt: skip
def test_neither_units_nor_names_nor_managers_leak_from_the_future(both, two_filers, asked):
    known, then = both(*two_filers, *asked.split(), "--as-of", "2025-11-03")
    assert known == then


@pytest.mark.parametrize("asked", ["security NUCOR", "diff 9999993", "diff newcomer", "history 9999991 NUCOR"])
def test_what_was_not_known_then_is_not_found(run, two_filers, asked):
    for cache in two_filers:
        code, _, _ = run("--cache", cache, *asked.split(), "--as-of", "2025-11-03")
        assert code == 3, cache


def test_a_notice_counts_from_the_day_it_was_filed(tmp_path):
    tree = put(
        tmp_path / "in",
        filing("0009999991-25-000001", filed=date(2025, 11, 3)),
        filing("0009999991-25-000002", filed=date(2025, 11, 14), form="13F-NT", report_type="13F NOTICE", rows=None),
    )
    imported(tmp_path / "cache", tree)
    tracker = Tracker(tmp_path / "cache")
    assert tracker.holdings("example", as_of="2025-11-13").height == 3
    assert tracker.holdings("example", as_of="2025-11-14").height == 0
    states = {day: tracker.filings("example", as_of=day)["state"].to_list() for day in ("2025-11-13", "2025-11-14")}
    assert states == {"2025-11-13": ["in-force"], "2025-11-14": ["in-force", "superseded-by-notice"]}
