"""`thirteenf refresh` killed at any moment, by a signal or between any two steps of a write; two at once; readers."""

from __future__ import annotations

import json
import random
import resource
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from tests.refreshing import (
    EXAMPLE,
    NEWEST,
    OTHER,
    QUARTERS,
    THIRD,
    archived,
    assert_one_line,
    assert_sound,
    assert_told_once,
    events,
    fetched,
    history,
    number,
    report,
    started,
    tables,
)
from tests.small_edgar import SmallEdgar, lay_out

MANAGERS = (EXAMPLE, OTHER, THIRD)
TIMEOUT = 60
# An in-between process: it ends at the n-th step of a write, as if the power were cut there.
CUT = """
import os, sys
from pathlib import Path
left = int(os.environ["CUT_AT"])
def cut(step):
    def at(*arguments, **more):
        global left
        left -= 1
        if left == 0:
            os._exit(137)
        return step(*arguments, **more)
    return at
def torn(path, content):
    global left
    left -= 1
    if left == 0:
        with open(path, "wb") as stream:
            stream.write(content[: len(content) // 2])
        os._exit(137)
    return write_bytes(path, content)
write_bytes = Path.write_bytes
Path.write_bytes = torn
Path.replace, Path.rename, Path.unlink = cut(Path.replace), cut(Path.rename), cut(Path.unlink)
os.fsync = cut(os.fsync)
from thirteenf.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Three managers, four quarters each, with an amendment and one that cannot be read."""
    amendment = report(EXAMPLE, 9, QUARTERS[1], form="13F-HR/A", amends="RESTATEMENT", filed=date(2026, 8, 20))
    damaged = report(OTHER, 9, NEWEST, filed=date(2026, 11, 13)).replace(b"<edgarSubmission", b"<ownershipDocument")
    contents = [one for cik in MANAGERS for one in history(cik)]
    return lay_out(tmp_path_factory.mktemp("tree"), [*contents, amendment, damaged])


@pytest.fixture(scope="module")
def undisturbed(tree, tmp_path_factory):
    """The tables of a run that nothing disturbs."""
    from tests.trees import TODAY
    from thirteenf import places, refresh
    from thirteenf.edgar import Edgar
    from thirteenf.edgar.addresses import Addresses
    from thirteenf.edgar.pace import Pace

    folder = tmp_path_factory.mktemp("undisturbed")
    with SmallEdgar(tree) as small:
        where = Addresses(small.www, small.data, small.efts)
        door = Edgar("A Tester a@example.com", addresses=where, pace=Pace(folder / "pace", 1e5), rate=1e5)
        refresh.run(places.at(folder / "cache"), door, refresh.Asked(MANAGERS), today=TODAY, with_references=False)
    return tables(folder / "cache")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def start(cache):
    """Start `refresh` of the three as a process of its own."""
    running = []

    def process(*more, code=None, **environment):
        asked = ("--cache", cache, "refresh", *MANAGERS, "--no-references", *more)
        running.append(started(*asked, code=code, **environment))
        return running[-1]

    yield process
    for one in running:
        if one.poll() is None:
            one.kill()
        one.communicate()


def ended(process):
    """Exit code and stderr of a process."""
    _, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, err


def finished(refresh, cache, undisturbed):
    """Run it until it is done, in this process, and look at what came of it."""
    assert_sound(cache)
    code, _, err = refresh(*MANAGERS)
    assert code in (0, 5), err
    assert_sound(cache)
    assert tables(cache) == undisturbed
    assert_told_once(cache, *(one for one in archived(cache) if one != number(OTHER, 9)))
    assert [one["accession_number"] for one in events(cache) if one["kind"] == "refused"] == [number(OTHER, 9)]
    assert not list(cache.rglob("*.unfinished"))
    assert not [one for one in (cache / "tables.new", cache / "tables.old", cache / ".taking-in") if one.exists()]
    assert refresh(*MANAGERS)[0] == 0


@pytest.mark.parametrize("seed", range(50))
def test_killed_at_a_random_moment(serve, start, refresh, cache, tree, undisturbed, seed):
    served = serve(tree)
    served.delay = 0.02
    pause = random.Random(seed).uniform(0, 0.3)  # noqa: S311 # repeatable is the point
    process = start()
    until = time.monotonic() + TIMEOUT
    while not served.seen and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)  # it has begun to work
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = archived(cache)
    served.delay = 0
    served.forget()
    finished(refresh, cache, undisturbed)
    assert not set(before) & set(fetched(served))  # nothing twice


@pytest.mark.parametrize("step", [1, 2, 4, 7, 12, 21, 34, 51, 61, 78, 91, 100])
def test_cut_off_between_two_steps_of_a_write(serve, start, refresh, cache, tree, undisturbed, step):
    serve(tree)
    code, err = ended(start(code=CUT, CUT_AT=str(step)))
    assert code in (137, 0, 5), err
    finished(refresh, cache, undisturbed)


@pytest.mark.parametrize("step", [1, 4, 8, 14, 20, 28])
def test_cut_off_while_an_old_cache_is_made_anew(serve, start, refresh, cache, tree, undisturbed, step):
    serve(tree)
    refresh(*MANAGERS)
    (cache / "tables" / "rules.json").write_text('{"rules": "1"}')
    code, err = ended(start(code=CUT, CUT_AT=str(step)))
    assert code in (137, 0), err
    assert refresh(*MANAGERS)[0] == 0
    assert tables(cache) == undisturbed
    assert_told_once(cache, *(one for one in archived(cache) if one != number(OTHER, 9)))


@pytest.mark.parametrize("step", [2, 4, 5, 6, 8])
def test_cut_off_while_a_filing_is_accepted(serve, refresh, cache, step):
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, rows=7)])
    refresh(EXAMPLE)
    process = started("--cache", cache, "refresh", "--accept", number(EXAMPLE, 4), code=CUT, CUT_AT=str(step))
    code, err = ended(process)
    assert code in (137, 0), err
    code, _, err = refresh("--accept", number(EXAMPLE, 4))
    assert code in (0, 2), err  # 2: it was confirmed before the cut
    assert refresh(EXAMPLE)[0] == 0
    kinds = [one["kind"] for one in events(cache)]
    assert kinds.count("filed") == 4
    assert kinds.count("accepted") == 1


def test_a_reader_takes_up_what_a_killed_run_left(serve, start, run, refresh, cache, tree, undisturbed):
    served = serve(tree)
    served.delay = 0.05
    process = start()
    until = time.monotonic() + TIMEOUT
    while len(archived(cache)) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    code, out, err = run("--cache", cache, "filings", "--json", "--quiet")
    assert code == 0, err
    told = {one["accession_number"] for one in json.loads(out)["filings"]}
    assert told == set(archived(cache)) - {number(OTHER, 9)}
    served.delay = 0
    finished(refresh, cache, undisturbed)


def test_interrupted_it_says_so_and_keeps_what_it_has(serve, start, refresh, cache, tree, undisturbed):
    served = serve(tree)
    served.delay = 0.05
    process = start()
    until = time.monotonic() + TIMEOUT
    while len(archived(cache)) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == 130, err
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert len(archived(cache)) >= 3
    served.delay = 0
    finished(refresh, cache, undisturbed)


# two at once


def test_two_at_once_and_the_second_leaves(serve, start, refresh, cache, tree, undisturbed):
    served = serve(tree)
    served.delay = 0.15
    first = start()
    until = time.monotonic() + TIMEOUT
    while not served.seen and time.monotonic() < until:
        time.sleep(0.005)
    code, err = ended(start("--wait", "0"))
    assert code == 8, err
    assert "Another run" in assert_one_line(err)
    assert first.poll() is None
    code, err = ended(first)
    assert code == 5, err
    assert tables(cache) == undisturbed
    assert len(served.seen) == len(set(served.paths()))
    served.delay = 0
    finished(refresh, cache, undisturbed)


def test_two_at_once_and_the_second_waits(serve, start, refresh, cache, tree, undisturbed):
    served = serve(tree)
    served.delay = 0.02
    both = [start("--wait", "30"), start("--wait", "30")]
    told = [ended(process) for process in both]
    assert sorted(code for code, _ in told) == [0, 5], told
    assert tables(cache) == undisturbed
    filings = fetched(served)
    assert len(filings) == len(set(filings)) == 14
    finished(refresh, cache, undisturbed)


def test_readers_always_answer(serve, start, thirteenf, run, refresh, cache, tree, tmp_path):
    """A whole answer each time: the newest period that is there, never half of one."""
    later = [report(EXAMPLE, 20 + n, NEWEST, form="13F-HR/A", amends="RESTATEMENT", filed=date(2026, 11, 17))
             for n in range(6)]  # fmt: skip
    serve(tree)
    refresh(*MANAGERS)
    lay_out(tmp_path / "more", [*(path.read_bytes() for path in tree.rglob("*.txt")), *later])
    served = serve(tmp_path / "more")
    served.delay = 0.05
    process, answers = start(), 0
    while process.poll() is None or answers < 5:
        code, out, err = run("--cache", cache, "holdings", EXAMPLE, "--json", "--quiet")
        assert code == 0, err
        assert len(json.loads(out)["holdings"]) == 3
        answers += 1
    assert ended(process)[0] == 0
    assert answers >= 5
    done = thirteenf("--cache", cache, "holdings", EXAMPLE, "--json")
    assert done.returncode == 0, done.stderr


def test_readers_of_an_empty_cache_that_fills(serve, start, run, cache, tree):
    """Nothing yet, or whole filings."""
    served = serve(tree)
    served.delay = 0.05
    process = start()
    while process.poll() is None:
        code, _, err = run("--cache", cache, "filings")
        assert code in (0, 3), err
    assert ended(process)[0] == 5
    assert run("--cache", cache, "filings")[0] == 0


# no room


def test_no_room_for_files_beyond_a_size(serve, refresh, cache, tree, undisturbed):
    """A quota, as the system enforces it: the write fails, the run ends, and nothing that was there is gone."""
    serve(tree)

    def quota():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))

    asked = [sys.executable, "-m", "thirteenf", "--cache", cache, "refresh", *MANAGERS, "--no-references"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=TIMEOUT, check=False, preexec_fn=quota)
    assert done.returncode == 8, done.stderr
    assert_one_line(done.stderr)
    finished(refresh, cache, undisturbed)


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for little."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=False)


def test_a_disk_that_is_full(serve, run, small_disk, tree, undisturbed):
    serve(tree)
    cache = small_disk / "cache"
    asked = ["--cache", cache, "refresh", *MANAGERS, "--no-references"]
    code, _, err = run(*asked)
    assert code == 8, err
    assert "No space left" in assert_one_line(err)
    assert_sound(cache)
    held = archived(cache)
    assert run(*asked)[0] == 8
    assert set(held) <= set(archived(cache))
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    code, _, err = run(*asked)
    assert code in (0, 5), err
    assert tables(cache) == undisturbed


# the pace


def test_two_processes_keep_one_pace(serve, tmp_path):
    """At the default rate, each with a cache of its own: the SEC counts by address."""
    ciks = [f"{9_990_000 + n:010}" for n in range(12)]
    served = serve([report(cik, 1, NEWEST) for cik in ciks])
    more = {"THIRTEENF_EDGAR_RATE": "8", "XDG_CACHE_HOME": str(tmp_path / "shared")}
    both = [
        started("--cache", tmp_path / name, "refresh", *some, "--no-references", **more)
        for name, some in (("one", ciks[:6]), ("two", ciks[6:]))
    ]
    for process in both:
        code, err = ended(process)
        assert code == 0, err
    assert len(served.seen) == 24
    assert served.busiest_second() <= 10
    times = sorted(request.at for request in served.seen)
    assert times[-1] - times[0] < 24 / 8 * 1.25 + 1  # and no slower than it may be
