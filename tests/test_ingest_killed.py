"""`thirteenf ingest` killed at any moment and run to its end: the same tables, and answers in between."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from datetime import date

import pytest
from benchmarks import data_sets

from tests.data_sets import ingested
from tests.refreshing import started, tables
from tests.test_refresh_killed import CUT
from thirteenf import Tracker, intake, places, verification

TIMEOUT = 60


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Three sets of a made-up world: thirty managers, three quarters."""
    return data_sets.write(tmp_path_factory.mktemp("sets"), data_sets.Shape(30, 1_500, 300), 3, date(2024, 12, 31))


@pytest.fixture(scope="module")
def undisturbed(sets, tmp_path_factory):
    """A cache that nothing disturbed, one step for each of them."""
    cache = tmp_path_factory.mktemp("undisturbed") / "cache"
    assert [row["outcome"] for row in ingested(cache, *sets)] == ["added"] * 3
    return cache


@pytest.fixture(scope="module")
def answers(undisturbed):
    """What is held of each manager and period."""
    return {
        (cik, period): Tracker(undisturbed).holdings(cik, period)
        for cik in Tracker(undisturbed).managers() for period in Tracker(undisturbed).periods(cik)
    }  # fmt: skip


def finished(run, cache, sets, undisturbed):
    """Run to the end it is as if nothing had been."""
    code, out, err = run("--cache", cache, "ingest", *sets, "--json", "--quiet")
    assert code == 0, err
    assert {row["outcome"] for row in json.loads(out)["data_sets"]} <= {"added", "unchanged"}
    assert tables(cache) == tables(undisturbed)
    assert not list(cache.rglob("*.unfinished"))
    left = ("tables.new", "tables.old", ".taking-in", "tables/unsettled.json", "tables/moved.json")
    assert [name for name in left if (cache / name).exists()] == []
    told = [json.loads(line) for line in (cache / "state" / "events.ndjson").read_bytes().splitlines()]
    assert sorted(one["message"].partition(":")[0] for one in told if one["kind"] == "ingested") == sorted(
        path.name for path in sets
    )


def test_killed_at_random_moments(run, sets, undisturbed, answers, tmp_path):
    """Twenty times, each time in the cache that the last one left or in a new one; a reader looks in between."""
    chance = random.Random(6)  # noqa: S311 - moments, no secrets
    cache, began = tmp_path / "cache", time.monotonic()
    whole = started("--cache", tmp_path / "timed", "ingest", *sets)
    assert whole.wait(TIMEOUT) == 0
    whole.communicate()
    length = time.monotonic() - began
    for nth in range(20):
        if nth % 4 == 0:
            shutil.rmtree(cache, ignore_errors=True)
        process = started("--cache", cache, "ingest", *sets)
        try:
            process.wait(chance.uniform(0.3, 1.0) * length)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if nth % 2:
            answers_right(cache, answers, chance)
        if nth % 4 == 3:
            finished(run, cache, sets, undisturbed)


def answers_right(cache, answers, chance):
    """A reader answers as the whole would or says that it is not here, and takes up what is."""
    if places.at(cache).is_empty:
        return
    tracker = Tracker(cache)
    for cik, period in chance.sample(sorted(answers), 8):
        if cik in tracker.managers() and period in tracker.periods(cik):
            here = tracker.books.filings(cik=cik)
            whole = answers[cik, period]
            if set(whole["accession_numbers"].explode()) <= set(here["accession_number"]):
                held = tracker.holdings(cik, period)
                assert held["cusip"].to_list() == whole["cusip"].to_list()
                assert held["amount"].to_list() == whole["amount"].to_list()


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8, 12, 17, 23, 30, 38, 46, 55, 64])
def test_cut_off_between_two_steps_of_a_write(run, sets, undisturbed, answers, tmp_path, step):
    cache = tmp_path / "cache"
    process = started("--cache", cache, "ingest", *sets, code=CUT, CUT_AT=str(step))
    _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode in (137, 0), err
    answers_right(cache, answers, random.Random(step))  # noqa: S311 - a choice, no secret
    finished(run, cache, sets, undisturbed)


@pytest.mark.parametrize("step", [2, 6, 11, 19, 28])
def test_cut_off_while_all_is_made_anew(sets, undisturbed, tmp_path, step):
    cache = tmp_path / "cache"
    shutil.copytree(undisturbed, cache)
    process = started("--cache", cache, "rebuild", code=CUT, CUT_AT=str(step))
    _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode in (137, 0), err
    intake.rebuild(places.at(cache))
    assert tables(cache) == tables(undisturbed)
    assert len(sets) == 3


def test_what_came_of_it_is_sound(undisturbed):
    told = verification.verify(Tracker(undisturbed))
    assert told.head["sound"]
    assert told.head["filings"] == Tracker(undisturbed).books.filings().height > 90
