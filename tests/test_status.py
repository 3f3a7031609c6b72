"""`thirteenf status`: who has filed, is due, is late or has stopped, by what EDGAR lists and when it was asked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from tests.refreshing import EXAMPLE, NEWEST, OTHER, QUARTERS, history, number, report
from tests.trees import imported
from thirteenf import Tracker, reports
from thirteenf.shelf import Shelf


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def status(cache):
    """The rows of `status` on a day, by CIK."""

    def on(day, *entries):
        told = reports.status(Tracker(cache, today=day), entries or (EXAMPLE, OTHER))
        return {row["cik"]: row for row in told.rows.iter_rows(named=True)}

    return on


@pytest.fixture
def asked(cache):
    """Let EDGAR have been asked about a manager at noon of a day."""

    def on(day, cik=EXAMPLE):
        Shelf(cache / "edgar" / "listings").touch(
            f"submissions/CIK{cik}.json", datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        )

    return on


@pytest.mark.parametrize(
    ("quarters", "day", "asked_on", "standing"),
    [
        (QUARTERS, date(2026, 11, 21), date(2026, 11, 20), "filed"),
        (QUARTERS[:-1], date(2026, 11, 10), date(2026, 11, 10), "due"),
        (QUARTERS[:-1], date(2026, 11, 16), date(2026, 11, 16), "due"),  # the deadline itself: the 14th is a Saturday
        (QUARTERS[:-1], date(2026, 11, 17), date(2026, 11, 17), "late"),
        (QUARTERS[:-1], date(2026, 11, 17), date(2026, 11, 10), "not-held"),
        (QUARTERS[:2], date(2026, 11, 21), date(2026, 11, 20), "stopped"),
        (QUARTERS[:2], date(2026, 11, 10), date(2026, 11, 9), "stopped"),
        (QUARTERS[:2], date(2026, 11, 21), date(2026, 6, 30), "not-held"),
    ],
)
def test_standings(serve, refresh, status, asked, quarters, day, asked_on, standing):
    serve(history(EXAMPLE, quarters))
    assert refresh(EXAMPLE)[0] == 0
    asked(asked_on)
    row = status(day, EXAMPLE)[EXAMPLE]
    assert row["standing"] == standing
    assert row["filed"] == (standing == "filed")
    assert row["refreshed"].startswith(str(asked_on))
    assert row["expected_period"] == NEWEST


def test_what_was_only_imported_is_not_known_to_be_late(status, cache, tmp_path):
    from tests.trees import put

    imported(cache, put(tmp_path / "in", *history(EXAMPLE, QUARTERS[:2])))
    row = status(date(2026, 11, 21), EXAMPLE)[EXAMPLE]
    assert (row["standing"], row["refreshed"]) == ("not-held", None)


def test_a_manager_that_stopped_filing_is_fetched_and_said_to_have_stopped(serve, refresh, run, cache, asked):
    """Run today: the note of when EDGAR was asked is this machine's."""
    today = datetime.now().astimezone().date()
    serve(history(EXAMPLE, [date(2020, 3, 31), date(2020, 6, 30)]) + history(OTHER))
    code, told, err = refresh(EXAMPLE, OTHER)
    assert code == 0, err
    assert told["fetched"] == 6
    rows = reports.status(Tracker(cache, today=today), (EXAMPLE,)).rows
    assert rows["standing"].to_list() == ["stopped"]
    asked(date(2026, 11, 20))
    code, out, err = run("--cache", cache, "status", "--text")
    assert code == 0, err
    assert "stopped" in out


@pytest.mark.parametrize("why", ["not-there-yet", "dry-run", "unreadable", "implausible"])
def test_late_is_only_who_edgar_lists_none_of(serve, refresh, status, asked, why):
    """A report that is listed and could not be had, was not asked for, or cannot be read, is no late one."""
    made = {
        "unreadable": lambda: report(EXAMPLE, 4, NEWEST).replace(b"<edgarSubmission", b"<ownershipDocument"),
        "implausible": lambda: report(EXAMPLE, 4, NEWEST, rows=7),
    }
    newest = made.get(why, lambda: report(EXAMPLE, 4, NEWEST))()
    served = serve([*history(EXAMPLE, QUARTERS[:-1]), newest])
    if why == "not-there-yet":
        served.fail(f"*{number(EXAMPLE, 4)}.txt", "absent", always=True)
    if why == "dry-run":
        served.fail(f"*{number(EXAMPLE, 4)}.txt", "absent", always=True)
        refresh(EXAMPLE)
        served.heal()
        refresh(EXAMPLE, "--dry-run")
    refresh(EXAMPLE, *(["--dry-run"] if why == "dry-run" else []))
    asked(date(2026, 11, 20))
    assert status(date(2026, 11, 21), EXAMPLE)[EXAMPLE]["standing"] not in ("late", "stopped")


def test_a_notice_counts_as_filed(serve, refresh, status, asked):
    notice = report(EXAMPLE, 4, NEWEST, positions=(), form="13F-NT", report_type="13F NOTICE")
    serve([*history(EXAMPLE, QUARTERS[:-1]), notice])
    assert refresh(EXAMPLE)[0] == 0
    asked(date(2026, 11, 20))
    assert status(date(2026, 11, 21), EXAMPLE)[EXAMPLE]["standing"] == "filed"


def test_when_it_was_last_asked_is_told(serve, refresh, run, cache, tmp_path):
    serve([*history(EXAMPLE), *history(OTHER)])
    settings = tmp_path / "settings.toml"
    settings.write_text(f'watchlist = ["{EXAMPLE}", "{OTHER}", "nobody"]\n')
    refresh(EXAMPLE)
    code, out, err = run("--cache", cache, "--config", settings, "status", "--json", "--quiet")
    assert code in (0, 7), err
    told = json.loads(out)
    assert [row["cik"] for row in told["status"]] == [EXAMPLE]
    assert told["refreshed"] == told["status"][0]["refreshed"]
    assert datetime.fromisoformat(told["refreshed"]).tzinfo
    assert {one["manager"] for one in told["missing"]} == {OTHER, "nobody"}
