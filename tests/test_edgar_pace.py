"""The pace of requests: below the law's ten a second at the server, over threads, processes and repetitions."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from tests.small_edgar import SmallEdgar, lay_out
from tests.trees import filing
from thirteenf.edgar import crew
from thirteenf.edgar.pace import RATE, Pace
from thirteenf.errors import AbsentError, BlockedError, StoreError

ACCESSIONS = [f"0009999991-25-{number:06}" for number in range(1, 13)]
ASKING = """
import sys
from thirteenf.edgar import Edgar, crew, judgement
edgar = Edgar("Example Tester tester@example.com")
url = edgar.addresses.submission
done = list(crew.each(
    lambda one: edgar.get(url("0009999991", one), judgement.submission(one)).body, sys.argv[1:], 4
))
assert all(isinstance(body, bytes) and one.encode() in body for one, body in done), done
print(len(done), edgar.requested)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    contents = [filing(one, period=date(2025, 9, 30)) for one in ACCESSIONS]
    return lay_out(tmp_path_factory.mktemp("tree"), contents, index=False)


def test_two_processes_that_stumble_stay_below_ten_a_second(tree, tmp_path):
    """As a user runs them: the default rate, repetitions among it, measured where the requests arrive."""
    with SmallEdgar(tree, seed=3) as served:
        served.fail_randomly(0.2, ("503", "500", "reset", "cut", "html-200"))
        env = os.environ | served.environment | {"XDG_CACHE_HOME": str(tmp_path)}
        asked = [ACCESSIONS[:6], ACCESSIONS[6:]]
        runs = [
            subprocess.Popen([sys.executable, "-c", ASKING, *some], env=env, stdout=subprocess.PIPE) for some in asked
        ]
        told = [run.communicate(timeout=60)[0].split() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert [int(done) for done, _ in told] == [6, 6]
    assert sum(int(requested) for _, requested in told) == len(served.seen) > 12
    assert served.busiest_second() < 10
    gaps = [after.at - before.at for before, after in pairwise(sorted(served.seen, key=lambda one: one.at))]
    assert sorted(gaps)[len(gaps) // 2] > 0.08


def test_moments_are_evenly_spaced_over_threads_and_objects(tmp_path):
    paces = [Pace(tmp_path / "pace.json", 100) for _ in range(3)]
    times = []

    def wait(number):
        paces[number % 3].wait()
        times.append(time.monotonic())

    began = time.monotonic()
    with ThreadPoolExecutor(6) as hands:
        list(hands.map(wait, range(60)))
    took = time.monotonic() - began
    assert took >= 59 / 100
    assert took < 59 / 100 / 0.5  # and not much slower than that
    for start in range(0, 50, 10):
        assert sorted(times)[start + 10] - sorted(times)[start] > 0.05


def test_the_default_leaves_room_below_the_law():
    assert RATE == 8


@pytest.mark.parametrize("content", [b"", b"half a n", b"[]", b"{}", b'{"free": "x", "blocked": 0}', b"\xff\xfe", b'{"free": null, "blocked": null}'])  # fmt: skip # noqa: E501
def test_a_damaged_file_is_begun_anew(tmp_path, content):
    file = tmp_path / "pace.json"
    file.write_bytes(content)
    pace = Pace(file, 1000)
    pace.wait()
    assert json.loads(file.read_bytes())["free"] > time.monotonic() - 1


@pytest.mark.parametrize("free", [1e12, float("inf"), -5.0])
def test_a_clock_that_began_again_delays_nobody(tmp_path, free):
    file = tmp_path / "pace.json"
    file.write_text(json.dumps({"free": free, "blocked": 0}))
    began = time.monotonic()
    Pace(file, 1000).wait()
    assert time.monotonic() - began < 1


def test_a_block_holds_for_everyone_until_it_is_over(tmp_path):
    one, other = (Pace(tmp_path / "pace.json", 1000) for _ in range(2))
    one.block(120)
    one.block(30)  # a shorter one does not end it
    with pytest.raises(BlockedError) as told:
        other.wait()
    assert 110 < told.value.seconds <= 120
    assert "in 2 minutes" in told.value.hint
    (tmp_path / "pace.blocked").write_text(json.dumps({"until": time.time() - 1}))
    other.wait()


def test_a_block_without_reason_ends(tmp_path):
    """A clock that was years ahead when the block was written stops nobody for years."""
    (tmp_path / "pace.blocked").write_text(json.dumps({"until": time.time() + 400 * 24 * 3600}))
    Pace(tmp_path / "pace.json", 1000).wait()


def test_stopping_wakes_those_who_wait(tmp_path):
    pace = Pace(tmp_path / "pace.json", 0.1)
    pace.wait()
    threading.Timer(0.05, pace.stop).start()
    began = time.monotonic()
    with pytest.raises(BlockedError):
        pace.wait()
    with pytest.raises(BlockedError):
        pace.pause(0)
    assert time.monotonic() - began < 5


def test_a_disk_that_is_full_is_told_as_one(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    pace = Pace(tmp_path / "pace.json", 1000)
    monkeypatch.setattr(Path, "write_text", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="No space left"):
        pace.wait()


# Hands


def test_hands_do_every_job_once_and_give_its_result():
    done = dict(crew.each(lambda number: number * number, range(50), 8))
    assert done == {number: number * number for number in range(50)}
    assert list(crew.each(str, [], 8)) == []


def test_hands_give_errors_of_ours_and_go_on():
    def work(number):
        if number % 3 == 0:
            raise AbsentError(f"no {number}")
        return number

    done = dict(crew.each(work, range(9), 4))
    assert [number for number, result in sorted(done.items()) if isinstance(result, AbsentError)] == [0, 3, 6]
    assert [result for result in done.values() if isinstance(result, int)]


def test_hands_hand_on_a_bug_and_begin_nothing_more():
    begun = []

    def work(number):
        begun.append(number)
        if number == 2:
            raise ZeroDivisionError
        time.sleep(0.001)
        return number

    with pytest.raises(ZeroDivisionError):
        list(crew.each(work, range(1000), 2))
    time.sleep(0.05)
    assert len(begun) < 100


def test_hands_are_free_again_when_nobody_takes_their_results():
    before = threading.active_count()
    results = crew.each(lambda number: number, range(100), 4)
    next(results)
    time.sleep(0.05)
    results.close()
    until = time.monotonic() + 1
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_slow_pace_is_kept_however_long_the_queue(tmp_path):
    """Moments far ahead are no sign of a clock that began again."""
    pace = Pace(tmp_path / "pace.json", 0.01)
    pace.wait()
    threading.Timer(0.2, pace.stop).start()
    with pytest.raises(BlockedError):
        pace.wait()
    told = json.loads((tmp_path / "pace.json").read_text())
    assert told["free"] - time.monotonic() > 190


def test_when_edgar_asks_for_patience_all_have_it(tmp_path):
    one, other = (Pace(tmp_path / "pace.json", 1000) for _ in range(2))
    one.hold(0.3)
    began = time.monotonic()
    other.wait()
    assert time.monotonic() - began >= 0.29


def test_a_torn_pace_forgets_no_block(tmp_path):
    pace = Pace(tmp_path / "pace.json", 1000)
    pace.block(60)
    (tmp_path / "pace.json").write_text("")
    with pytest.raises(BlockedError):
        pace.wait()
