"""`thirteenf ingest` up to the reading: through a real socket, against a small EDGAR that misbehaves when told to."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests import small_edgar
from tests.doors import door
from tests.ingesting import AS_PROGRAM, LAST, NEWEST, OLDER, PERIODS, data_set, kept, take_data_sets, taken
from tests.refreshing import assert_one_line, started
from tests.small_edgar import DATA_SETS, DATA_SETS_PAGE, Answer, SmallEdgar
from tests.test_refresh_killed import CUT
from thirteenf import intake, places
from thirteenf.edgar import downloads, judgement, transport
from thirteenf.errors import AbsentError, BlockedError, EdgarError, StoreError

SETS = {OLDER: data_set(1), LAST: data_set(2), NEWEST: data_set(3, 600_000)}
PATHS = {name: f"www.sec.gov/{DATA_SETS[0]}/{name}" for name in (OLDER, LAST)}
PATHS[NEWEST] = f"www.sec.gov/{DATA_SETS[1]}/{NEWEST}"
PAGE = f"www.sec.gov/{DATA_SETS_PAGE}"
STOPS = ("rate-block", "undeclared", "block-200", "429")
PASSING = ("503", "503-retry-after", "500", "slow", "stall", "cut", "cut-chunked", "silently-cut", "reset",
           "reset-body", "html-200", "empty-200", "bad-gzip", "truncated-gzip", "429-retry-after")  # fmt: skip
LOSING_NOTHING = ("cut", "cut-chunked", "stall")
"""Faults of which what came before them stays; the system may drop what came before a reset."""


@pytest.fixture
def served(serve, tmp_path):
    edgar = serve(tmp_path / "tree")
    edgar.stall = 1.5
    edgar.put_data_sets({name: SETS[name] for name in (LAST, OLDER)})
    edgar.put_data_sets({NEWEST: SETS[NEWEST]}, DATA_SETS[1])
    return edgar


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def reader(monkeypatch):
    monkeypatch.setattr(intake, "take_data_sets", take_data_sets, raising=False)


@pytest.fixture
def at_once(monkeypatch):
    """Repetitions without their pauses, and servers that ask for none."""
    monkeypatch.setattr(transport._Patience, "get_backoff_time", lambda _: 0.0)
    monkeypatch.setattr("thirteenf.edgar.pace.Pace.pause", lambda *_: None)
    monkeypatch.setattr("thirteenf.edgar._TIMEOUT", (2.0, 0.4))
    for name in ("429-retry-after", "503-retry-after"):
        told = Answer(small_edgar._PAGES[name].status, small_edgar._BUSY, headers={"Retry-After": "0"})
        monkeypatch.setitem(small_edgar._PAGES, name, told)


@pytest.fixture
def ingest(run, cache):
    """Exit code, document, stderr."""

    def command(*arguments):
        code, out, err = run("--cache", cache, "ingest", *arguments, "--json", "--quiet")
        return code, json.loads(out), err

    return command


@pytest.fixture
def asking(served, tmp_path):
    with door(served, tmp_path / "door") as edgar:
        yield edgar


def outcomes(told):
    return {row["name"]: row["outcome"] for row in told["data_sets"]}


def fetched(served):
    """The data sets that were asked for by GET."""
    got = [request.path for request in served.seen if request.method == "GET" and request.path.endswith(".zip")]
    return [path.rpartition("/")[2] for path in got]


def file_of(edgar, name):
    return edgar.addresses.file(PATHS[name].removeprefix("www.sec.gov/"))


# the door: one large file


def test_a_download_arrives_as_served_and_leaves_nothing_beside_it(asking, tmp_path):
    to, told = tmp_path / "a" / NEWEST, []
    came = asking.download(file_of(asking, NEWEST), to, judgement.zip_at, lambda size, of: told.append((size, of)))
    assert to.read_bytes() == SETS[NEWEST]
    assert came == len(SETS[NEWEST])
    assert [path.name for path in to.parent.iterdir()] == [NEWEST]
    assert told == sorted(told)
    assert told[-1] == (came, came)
    assert asking.requested == 1


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.usefixtures("at_once")
def test_a_fault_that_passes(served, asking, tmp_path, fault):
    served.fail("*.zip", fault)
    asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert (tmp_path / LAST).read_bytes() == SETS[LAST]


@pytest.mark.parametrize("fault", LOSING_NOTHING)
def test_after_a_cut_only_what_is_missing_is_asked_for(served, asking, tmp_path, fault):
    served.fail("*.zip", fault)
    came = asking.download(file_of(asking, NEWEST), tmp_path / NEWEST, judgement.zip_at)
    first, second = served.seen
    assert "range" not in first.headers
    asked = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < asked <= len(SETS[NEWEST]) // 2
    assert second.headers["if-range"].startswith('"')
    assert second.status == 206
    assert asked > 200_000
    assert came == len(SETS[NEWEST])
    assert (tmp_path / NEWEST).read_bytes() == SETS[NEWEST]


def test_a_line_that_is_cut_again_and_again_gets_there_as_long_as_it_brings_something(served, asking, tmp_path):
    served.put(PATHS[LAST], data_set(7, 4_000_000))
    served.fail("*.zip", "cut", "cut", "cut", "cut", "cut", "cut")  # half of what is left each time
    asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert (tmp_path / LAST).read_bytes() == data_set(7, 4_000_000)
    assert len(served.seen) == 7


def test_one_that_brings_nothing_new_ends(served, asking, tmp_path):
    served.ranges = False
    served.fail("*.zip", "cut", always=True)
    with pytest.raises(EdgarError, match="cut short"):
        asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert len(served.seen) <= 5
    assert not (tmp_path / LAST).exists()


@pytest.mark.parametrize(
    "how", ["another object", "no ranges", "no validators", "no note", "torn note", "other address"]
)
def test_a_part_that_cannot_be_gone_on_with_is_fetched_anew(served, asking, tmp_path, how):
    to, url = tmp_path / LAST, file_of(asking, LAST)
    part = downloads.Part(url, to)
    part.begin(served._document(PATHS[LAST]).validators, len(SETS[LAST]))
    part.body.write_bytes(SETS[LAST][:200_000])
    note = to.with_name(f"{LAST}.part.json")
    wanted = SETS[LAST]
    if how == "another object":
        wanted = data_set(9)
        served.put(PATHS[LAST], wanted)
    elif how == "no ranges":
        served.ranges = False
    elif how == "no validators":
        served.validators = False
    elif how == "no note":
        note.unlink()
    elif how == "torn note":
        note.write_bytes(note.read_bytes()[:30])
    else:
        url = file_of(asking, OLDER)
        wanted = SETS[OLDER]
    asking.download(url, to, judgement.zip_at)
    assert to.read_bytes() == wanted
    assert [path.name for path in tmp_path.glob("*.part*")] == []


@pytest.mark.parametrize("lie", ["another start", "another total", "another tag", "no range"])
def test_a_server_that_goes_on_with_something_else_is_not_believed(served, asking, tmp_path, monkeypatch, lie):
    part = downloads.Part(file_of(asking, LAST), tmp_path / LAST)
    marks = served._document(PATHS[LAST]).validators
    part.begin(marks, len(SETS[LAST]))
    part.body.write_bytes(SETS[LAST][:100_000])
    size = len(SETS[LAST])
    said = {
        "another start": {"Content-Range": f"bytes 5-{size - 1}/{size}", **marks},
        "another total": {"Content-Range": f"bytes 100000-{size}/{size + 1}", **marks},
        "another tag": {"Content-Range": f"bytes 100000-{size - 1}/{size}", "ETag": '"other"'},
        "no range": marks,
    }[lie]
    wrong = Answer(206, b"x" * (size - 100_000), "application/zip", said)
    normal, answers = SmallEdgar._part, [wrong]
    monkeypatch.setattr(SmallEdgar, "_part", lambda self, *more: answers.pop() if answers else normal(self, *more))
    asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert (tmp_path / LAST).read_bytes() == SETS[LAST]
    assert [("range" in one.headers) for one in served.seen] == [True, False]


def test_a_part_that_is_longer_than_the_object_is_now(served, asking, tmp_path):
    part = downloads.Part(file_of(asking, LAST), tmp_path / LAST)
    part.begin(served._document(PATHS[LAST]).validators, 9_999_999)
    part.body.write_bytes(b"x" * 400_000)
    asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert (tmp_path / LAST).read_bytes() == SETS[LAST]


def test_a_part_that_is_whole_needs_no_request(served, asking, tmp_path):
    part = downloads.Part(file_of(asking, LAST), tmp_path / LAST)
    part.begin(served._document(PATHS[LAST]).validators, len(SETS[LAST]))
    part.body.write_bytes(SETS[LAST])
    assert asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at) == 0
    assert served.seen == []


def test_a_part_whose_bytes_are_damaged_is_noticed_at_the_end_and_fetched_anew(served, asking, tmp_path):
    part = downloads.Part(file_of(asking, LAST), tmp_path / LAST)
    part.begin(served._document(PATHS[LAST]).validators, len(SETS[LAST]))
    part.body.write_bytes(bytes(100_000))
    asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert (tmp_path / LAST).read_bytes() == SETS[LAST]
    assert [("range" in one.headers) for one in served.seen] == [True, False]


@pytest.mark.parametrize("fault", STOPS)
def test_a_block_stops_at_the_first_answer(served, asking, tmp_path, fault):
    served.fail("*.zip", fault, always=True)
    with pytest.raises(BlockedError):
        asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    with pytest.raises(BlockedError):
        asking.download(file_of(asking, OLDER), tmp_path / OLDER, judgement.zip_at)
    assert len(served.seen) == 1
    assert list(tmp_path.glob("*.zip*")) == []


def test_a_block_in_the_middle_leaves_the_part(served, asking, tmp_path):
    served.fail("*.zip", "cut", "rate-block")
    with pytest.raises(BlockedError):
        asking.download(file_of(asking, LAST), tmp_path / LAST, judgement.zip_at)
    assert downloads.Part(file_of(asking, LAST), tmp_path / LAST).size > 100_000


def test_what_is_not_there(asking, tmp_path):
    with pytest.raises(AbsentError):
        asking.download(asking.addresses.file("files/nothing.zip"), tmp_path / "a.zip", judgement.zip_at)
    with pytest.raises(AbsentError):
        asking.size(asking.addresses.file("files/nothing.zip"))


@pytest.mark.parametrize(("body", "what"), [
    (b"<!DOCTYPE html><html><body>Soon</body></html>", "HTML"), (b"PK\x03\x04 and no more", "cut short"),
    (SETS[OLDER][:-30], "cut short"), (SETS[OLDER][:150_000] + b"??" + SETS[OLDER][150_002:], "damaged"),
    (b"", "nothing"),
])  # fmt: skip
def test_what_is_no_whole_zip_is_not_kept(served, asking, tmp_path, body, what):
    served.put(PATHS[OLDER], body)
    with pytest.raises(EdgarError, match=what):
        asking.download(file_of(asking, OLDER), tmp_path / OLDER, judgement.zip_at)
    assert not (tmp_path / OLDER).exists()


def test_more_than_may_be(asking, tmp_path):
    with pytest.raises(EdgarError, match="more than"):
        asking.download(file_of(asking, OLDER), tmp_path / OLDER, judgement.zip_at, limit=1000)
    assert list(tmp_path.glob("*.zip*")) == []


def test_more_than_may_be_where_no_length_is_said(asking, tmp_path, monkeypatch):
    def without_length(answer, *_, **__):
        return Answer(
            answer.status, b"1F\r\n" + b"x" * 31 + b"\r\n0\r\n\r\n", answer.kind, {"Transfer-Encoding": "chunked"}
        )

    monkeypatch.setattr(small_edgar, "_encoded", without_length)
    with pytest.raises(EdgarError, match="more than"):
        asking.download(file_of(asking, OLDER), tmp_path / OLDER, judgement.zip_at, limit=20)
    with pytest.raises(EdgarError, match="damaged"):
        asking.download(file_of(asking, OLDER), tmp_path / OLDER, judgement.zip_at)
    assert list(tmp_path.glob("*.zip*")) == []


def test_an_answer_that_comes_too_slowly_to_end(served, asking, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_GRACE", 0.1)
    monkeypatch.setattr(downloads, "_SLOWEST", 1 << 40)
    served.fail("*.zip", "slow", always=True)
    served.put(PATHS[LAST], data_set(7, 2_000_000))
    with pytest.raises(EdgarError, match="stalls"):
        asking.download(file_of(asking, LAST), tmp_path / LAST, lambda _: "never")


def test_a_disk_that_refuses(asking, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        asking.download(file_of(asking, OLDER), tmp_path / "file" / OLDER, judgement.zip_at)


def test_the_size_of_a_file_without_its_bytes(served, asking):
    assert asking.size(file_of(asking, NEWEST)) == len(SETS[NEWEST])
    assert [request.method for request in served.seen] == ["HEAD"]
    assert asking.requested == 1
    served.put("www.sec.gov/files/page.html", b"<html></html>")
    assert asking.size(asking.addresses.file("files/page.html")) is None


@pytest.mark.parametrize("fault", ["rate-block", "429"])
def test_a_block_where_a_size_was_asked_for(served, asking, fault):
    served.fail("*.zip", fault, always=True)
    for _ in range(2):
        with pytest.raises(BlockedError):
            asking.size(file_of(asking, NEWEST))
    assert len(served.seen) == 1


# the command


def test_a_quarter_is_one_page_and_one_zip_and_then_nothing(served, ingest, cache):
    code, told, err = ingest("2026Q2")
    assert code == 0, err
    assert outcomes(told) == {LAST: "added"}
    assert served.paths() == [PAGE, PATHS[LAST]]
    assert kept(cache) == {LAST: SETS[LAST]}
    (row,) = told["data_sets"]
    assert (row["first"], row["last"], row["bytes"]) == ("2026-06-01", "2026-08-31", len(SETS[LAST]))
    assert (row["filings"], row["rows"], row["skipped"]) == (3, 9, 1)
    assert (told["fetched"], told["bytes"], told["requests"], told["listed"]) == (1, len(SETS[LAST]), 2, 3)
    served.forget()
    code, told, _ = ingest("2026Q2")
    assert (code, outcomes(told), served.seen) == (0, {LAST: "unchanged"}, [])
    assert (told["fetched"], told["planned"]["held"], told["requests"]) == (0, 1, 0)


@pytest.mark.usefixtures("served")
def test_what_is_here_needs_no_contact(ingest, monkeypatch):
    assert ingest("2026Q2")[0] == 0
    monkeypatch.delenv("THIRTEENF_CONTACT")
    assert ingest("2026Q2")[0] == 0
    code, told, _ = ingest("2026Q1")
    assert (code, told["schema"], told["code"]) == (2, "thirteenf.error/1", "usage")


def test_all_of_them_newest_first_out_of_both_folders(served, ingest, cache):
    code, told, err = ingest("--all")
    assert code == 0, err
    assert taken(cache) == [NEWEST, LAST, OLDER]
    assert [row["name"] for row in told["data_sets"]] == [NEWEST, LAST, OLDER]
    assert served.paths() == [PAGE, PATHS[NEWEST], PATHS[LAST], PATHS[OLDER]]
    assert kept(cache) == dict(sorted(SETS.items()))
    served.forget()
    assert ingest("--all")[1]["requests"] == 0  # the page is asked for once a day
    served.put_data_sets({"01dec2026-28feb2027_form13f.zip": data_set(4)}, DATA_SETS[1])
    assert ingest("--all")[1]["fetched"] == 0


def test_several_quarters_one_of_which_is_here(served, ingest):
    ingest("2026Q1")
    served.forget()
    code, told, _ = ingest("2026Q1", "2026-06-30")
    assert (code, outcomes(told)) == (0, {LAST: "added", OLDER: "unchanged"})
    assert served.paths() == [PATHS[LAST]]
    assert told["periods"] == ["2026-03-31", "2026-06-30"]


@pytest.mark.usefixtures("served")
def test_the_latest(ingest):
    code, told, _ = ingest("latest")
    assert (code, outcomes(told), told["periods"]) == (0, {NEWEST: "added"}, ["2026-09-30"])


def test_each_is_read_as_soon_as_it_is_here(served, ingest, cache):
    served.fail(PATHS[OLDER], "absent", always=True)
    code, told, _ = ingest("--all")
    assert code == 7
    assert taken(cache) == [NEWEST, LAST]
    assert outcomes(told) == {NEWEST: "added", LAST: "added", OLDER: "wanted"}
    assert OLDER in told["errors"][0]["message"]
    served.heal()
    served.forget()
    assert outcomes(ingest("--all")[1]) == {NEWEST: "unchanged", LAST: "unchanged", OLDER: "added"}
    assert fetched(served) == [OLDER]


@pytest.mark.usefixtures("at_once")
def test_one_that_cannot_be_had_stops_no_other(served, ingest, cache):
    served.fail(PATHS[NEWEST], "html-200", always=True)
    code, told, _ = ingest("--all")
    assert code == 7
    assert taken(cache) == [LAST, OLDER]
    assert outcomes(told)[NEWEST] == "wanted"


def test_a_block_stops_the_rest(served, ingest):
    served.fail(PATHS[LAST], "block-200", always=True)
    code, told, err = ingest("--all")
    assert code == 4
    assert outcomes(told) == {NEWEST: "added", LAST: "wanted", OLDER: "wanted"}
    assert fetched(served) == [NEWEST, LAST]
    assert "turns us away" in assert_one_line(err)


@pytest.mark.usefixtures("at_once")
def test_three_failures_in_a_row_end_it(serve, ingest, tmp_path):
    names = [f"2016q{quarter}_form13f.zip" for quarter in (1, 2, 3, 4)]
    served = serve(tmp_path / "tree")
    served.put_data_sets(dict.fromkeys(names, SETS[OLDER]))
    served.fail("*.zip", "html-200", always=True)
    code, told, _ = ingest("--all")
    assert code == 4
    assert set(fetched(served)) == set(names[1:])
    assert outcomes(told) == dict.fromkeys(names[::-1], "wanted")


def test_a_page_that_lists_none(served, ingest):
    served.put(PAGE, b"<!DOCTYPE html><html><body><a href='/files/other.zip'>x</a></body></html>")
    code, told, err = ingest("2026Q2")
    assert (code, told["code"]) == (4, "edgar")
    assert "lists no data set" in assert_one_line(err)


@pytest.mark.parametrize(("fault", "code"), [("absent", 4), ("rate-block", 4), ("404", 4)])
def test_a_page_that_cannot_be_had(served, ingest, fault, code):
    if fault == "404":
        served.remove(PAGE)
    else:
        served.fail(PAGE, fault, always=True)
    found, _, err = ingest("2026Q2")
    assert found == code
    assert_one_line(err)


@pytest.mark.usefixtures("served")
def test_a_quarter_that_is_not_listed_names_what_is(ingest, cache):
    code, told, err = ingest("2019Q2")
    assert (code, told["code"]) == (3, "not-found")
    assert "2026Q1 to 2026Q3" in assert_one_line(err)
    assert kept(cache) == {}
    code, told, err = ingest("2019Q2", "2026Q2")
    assert (code, outcomes(told)) == (7, {LAST: "added"})
    assert "2019Q2" in told["errors"][0]["message"]


# killed, cut, at once


@pytest.mark.usefixtures("at_once")
def test_a_download_that_was_cut_is_gone_on_with_by_the_next_run(served, ingest, cache):
    served.fail(PATHS[NEWEST], "cut", "html-200", "html-200", "html-200")
    assert ingest("2026Q3")[0] == 4
    assert sorted(kept(cache)) == [f"{NEWEST}.part", f"{NEWEST}.part.json"]
    served.forget()
    code, told, err = ingest("2026Q3")
    assert code == 0, err
    assert [request.status for request in served.seen] == [206]
    assert told["bytes"] < len(SETS[NEWEST]) * 0.6
    assert kept(cache) == {NEWEST: SETS[NEWEST]}


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_the_next_run_has_it_all(served, cache, ingest, seed):
    served.fail("*.zip", "slow", "slow", "slow")
    process = started("--cache", cache, "ingest", "--all", code=AS_PROGRAM)
    until = time.monotonic() + 60
    while not served.seen and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(random.Random(seed).uniform(0, 1.2))  # noqa: S311 # repeatable is the point
    process.send_signal(signal.SIGKILL)
    process.communicate()
    held = {name for name in kept(cache) if name.endswith(".zip")}
    assert all(kept(cache)[name] == SETS[name] for name in held)
    served.heal()
    served.forget()
    code, told, err = ingest("--all")
    assert code == 0, err
    assert not held & set(fetched(served))  # nothing twice
    assert kept(cache) == dict(sorted(SETS.items()))
    assert sorted(taken(cache)) == sorted(SETS)
    assert set(outcomes(told)) == set(SETS)


@pytest.mark.parametrize("step", range(1, 13))
def test_cut_off_between_two_steps_of_a_write(served, cache, ingest, brought, step):
    reader = AS_PROGRAM.partition("from thirteenf.cli")[0]
    code = CUT.replace("from thirteenf.cli import main", f"{reader}from thirteenf.cli import main")
    process = started("--cache", cache, "ingest", brought / OLDER, "2026Q2", code=code, CUT_AT=str(step))
    _, err = process.communicate(timeout=60)
    assert process.returncode in (137, 0), err
    for name, content in kept(cache).items():
        assert not name.endswith(".zip") or name.startswith(".") or content == SETS[name]
    code, _, err = ingest(brought / OLDER, "2026Q2")
    assert code == 0, err
    assert kept(cache) == {name: SETS[name] for name in sorted((OLDER, LAST))}
    assert fetched(served).count(LAST) <= 2  # once more only where the note of a whole part was lost with it


def test_interrupted_it_says_so(served, cache):
    served.fail("*.zip", "stall")
    served.stall = 20
    process = started("--cache", cache, "ingest", "2026Q3", code=AS_PROGRAM)
    until = time.monotonic() + 60
    while PATHS[NEWEST] not in served.paths() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Interrupted" in err
    assert "Traceback" not in err


def test_two_at_once_and_the_second_leaves(served, cache, run):
    served.fail("*.zip", "stall")
    served.stall = 3
    process = started("--cache", cache, "ingest", "2026Q3", code=AS_PROGRAM)
    until = time.monotonic() + 60
    while PATHS[NEWEST] not in served.paths() and time.monotonic() < until:
        time.sleep(0.01)
    code, _, err = run("--cache", cache, "ingest", "2026Q3", "--wait", 0)
    assert code == 8
    assert "Another ingest" in assert_one_line(err)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert kept(cache) == {NEWEST: SETS[NEWEST]}


# files


@pytest.fixture
def brought(tmp_path):
    """Files that a user has, under names as browsers give them."""
    folder = tmp_path / "Downloads"
    folder.mkdir()
    for name in (LAST, OLDER):
        (folder / name).write_bytes(SETS[name])
    return folder


def test_files_are_taken_without_any_network_or_contact(served, ingest, cache, brought, monkeypatch):
    monkeypatch.delenv("THIRTEENF_CONTACT")
    code, told, err = ingest(brought / LAST, brought / OLDER)
    assert code == 0, err
    assert outcomes(told) == {LAST: "added", OLDER: "added"}
    assert (told["requests"], told["rate"], told["listed"]) == (0, None, None)
    assert kept(cache) == {name: SETS[name] for name in sorted((LAST, OLDER))}
    assert (brought / LAST).read_bytes() == SETS[LAST]
    assert outcomes(ingest(brought / LAST)[1]) == {LAST: "unchanged"}
    assert served.seen == []


def test_a_file_that_was_brought_is_not_fetched(served, ingest, brought):
    ingest(brought / LAST)
    assert outcomes(ingest("2026Q2")[1]) == {LAST: "unchanged"}
    assert served.seen == []
    code, told, _ = ingest("--all", brought / OLDER)
    assert (code, outcomes(told)) == (0, {OLDER: "added", NEWEST: "added", LAST: "unchanged"})
    assert served.paths() == [PAGE, PATHS[NEWEST]]


@pytest.mark.usefixtures("at_once")
def test_a_file_takes_the_place_of_what_was_fetched_in_part(served, ingest, cache, brought):
    served.fail(PATHS[LAST], "cut", "html-200", "html-200", "html-200")
    assert ingest("2026Q2")[0] == 4
    assert f"{LAST}.part" in kept(cache)
    assert ingest(brought / LAST)[0] == 0
    assert kept(cache) == {LAST: SETS[LAST]}


@pytest.mark.parametrize(("file", "name"), [
    ("01JUN2026-31AUG2026_form13f (2).ZIP", LAST), ("mine & yours.zip", "mine___yours.zip"),
])  # fmt: skip
def test_a_name_is_kept_safe(ingest, cache, tmp_path, file, name):
    (tmp_path / file).write_bytes(SETS[LAST])
    code, told, err = ingest(tmp_path / file)
    assert code == 0, err
    assert kept(cache) == {name: SETS[LAST]}
    assert told["data_sets"][0]["first"] == ("2026-06-01" if name == LAST else None)


@pytest.mark.parametrize(("content", "what"), [
    (b"<html><body>Please wait</body></html>", "HTML"), (b"PK\x03\x04", "damaged"), (b"", "nothing"),
    (SETS[LAST][:200_000], "cut short"),
])  # fmt: skip
def test_a_file_that_is_no_zip_is_refused_and_not_kept(ingest, cache, tmp_path, brought, content, what):
    (tmp_path / "a.zip").write_bytes(content)
    code, told, err = ingest(tmp_path / "a.zip")
    assert (code, outcomes(told)) == (5, {"a.zip": "refused"})
    assert what in assert_one_line(err)
    assert kept(cache) == {}
    code, told, _ = ingest(tmp_path / "a.zip", brought / LAST)
    assert (code, outcomes(told)) == (7, {"a.zip": "refused", LAST: "added"})
    assert kept(cache) == {LAST: SETS[LAST]}


def wrong_zip():
    return data_set(5).replace(b"SUBMISSION.tsv", b"SOMETHING_.txt")


def test_a_file_that_the_reader_refuses_is_not_kept(ingest, cache, tmp_path):
    (tmp_path / LAST).write_bytes(wrong_zip())
    code, _, err = ingest(tmp_path / LAST)
    assert code == 5
    assert "SUBMISSION" in assert_one_line(err)
    assert kept(cache) == {}


def test_a_fetched_set_that_the_reader_refuses_is_not_kept_and_is_asked_for_anew(served, ingest, cache, brought):
    served.put(PATHS[LAST], wrong_zip())
    for _ in range(2):
        served.forget()
        code, told, err = ingest("2026Q2")
        assert (code, outcomes(told), fetched(served)) == (5, {LAST: "refused"}, [LAST])
        assert "It is not kept" in err
        assert kept(cache) == {}
    served.put(PATHS[LAST], SETS[LAST])
    assert outcomes(ingest("2026Q2")[1]) == {LAST: "added"}
    assert outcomes(ingest(brought / LAST)[1]) == {LAST: "unchanged"}


@pytest.mark.usefixtures("served")
def test_a_refused_set_that_a_killed_run_left_does_not_stand_in_the_way(ingest, cache):
    at = cache / "edgar" / "datasets" / LAST
    at.parent.mkdir(parents=True)
    at.write_bytes(wrong_zip())
    assert ingest("2026Q2")[0] == 5
    assert outcomes(ingest("2026Q2")[1]) == {LAST: "added"}
    assert kept(cache) == {LAST: SETS[LAST]}


def test_other_bytes_under_a_name_that_is_here_are_refused(ingest, cache, brought):
    ingest(brought / LAST)
    (brought / LAST).write_bytes(SETS[NEWEST])
    code, told, err = ingest(brought / LAST)
    assert (code, outcomes(told)) == (5, {LAST: "refused"})
    assert "other bytes" in assert_one_line(err)
    assert kept(cache) == {LAST: SETS[LAST]}


def test_a_file_that_is_not_there(ingest, brought):
    code, told, err = ingest(brought / "no.zip")
    assert (code, told["code"]) == (3, "not-found")
    assert "no.zip" in assert_one_line(err)
    assert ingest(brought)[0] == 3
    code, told, _ = ingest(brought / "no.zip", brought / LAST)
    assert (code, outcomes(told)) == (7, {LAST: "added"})


def test_the_archive_holds_data_sets_oldest_first(ingest, cache, brought, tmp_path):
    (tmp_path / "mine.zip").write_bytes(data_set(8))
    (tmp_path / "2023q4_form13f.zip").write_bytes(data_set(9))
    ingest(tmp_path / "mine.zip", brought / LAST, brought / OLDER, tmp_path / "2023q4_form13f.zip")
    from thirteenf.archive import Archive

    found = [path.name for path in Archive(cache / "edgar").data_sets()]
    assert found == ["2023q4_form13f.zip", OLDER, LAST, "mine.zip"]
    assert not places.at(cache).is_empty
    assert places.at(tmp_path / "other").is_empty


# the dry run


def test_a_dry_run_tells_sizes_and_requests_and_downloads_nothing(served, ingest, cache):
    ingest("2026Q1")
    before = kept(cache)
    served.forget()
    code, told, err = ingest("--all", "--dry-run")
    assert code == 0, err
    assert outcomes(told) == {NEWEST: "wanted", LAST: "wanted", OLDER: "held"}
    missing = len(SETS[NEWEST]) + len(SETS[LAST])
    assert told["planned"] == {"data_sets": 2, "bytes": missing, "requests": 2, "held": 1}
    assert [row["bytes"] for row in told["data_sets"]] == [len(SETS[name]) for name in (NEWEST, LAST, OLDER)]
    assert [(request.method, request.path) for request in served.seen] == [
        ("HEAD", PATHS[NEWEST]), ("HEAD", PATHS[LAST])
    ]  # fmt: skip
    assert (told["requests"], told["fetched"], told["bytes"]) == (2, 0, 0)
    assert kept(cache) == before
    served.forget()
    assert ingest("--all")[1]["requests"] == 2  # as it said


def test_a_dry_run_where_a_size_is_not_told(served, ingest):
    served.fail(PATHS[LAST], "absent", always=True)
    code, told, _ = ingest("--all", "--dry-run")
    assert code in (4, 7)
    assert told["planned"]["bytes"] is None
    served.heal()
    served.put(PATHS[LAST], b"")
    assert ingest("2026Q1", "--dry-run")[1]["planned"]["bytes"] == len(SETS[OLDER])


def test_a_dry_run_of_files(ingest, cache, brought, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"no")
    ingest(brought / OLDER)
    code, told, _ = ingest(brought / LAST, brought / OLDER, tmp_path / "a.zip", "--dry-run")
    assert code == 7
    assert outcomes(told) == {LAST: "wanted", OLDER: "held", "a.zip": "refused"}
    assert list(kept(cache)) == [OLDER]
    assert taken(cache) == [OLDER]


# what it says


@pytest.mark.parametrize("wrong", [
    (), ("--all", "2026Q2"), ("2026Q5",), ("yesterday",), ("2026Q4",), ("2026Q2", "--rate", "0"),
    ("2026Q2", "--rate", "x"),
    ("2026Q2", "--columns", "nosuch"), ("2026Q2", "--sample"), ("FILE", "--contact", "A b@example.com"),
])  # fmt: skip
def test_wrong_commands(served, run, cache, brought, wrong):
    given = [brought / LAST if one == "FILE" else one for one in wrong]
    before = [] if "--sample" in wrong else ["--cache", cache]
    code, _, err = run(*before, "ingest", *given)
    assert code == 2, err
    assert_one_line(err)
    assert served.seen == []


def test_with_nothing_asked_for_it_says_what_to_type(run, cache):
    _, _, err = run("--cache", cache, "ingest")
    assert "thirteenf ingest 2025Q3" in err
    assert "--all" in err


def test_its_document_follows_its_schema(served, run, ingest, brought):
    schema = json.loads(run("schema", "ingest")[1])
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema, format_checker=FormatChecker())
    served.fail(PATHS[OLDER], "absent", always=True)
    for arguments in (("2026Q2", "--dry-run"), ("2026Q2", brought / OLDER), ("--all",), ("--all", "--dry-run")):
        told = ingest(*arguments)[1]
        valid.validate(told)
        assert told["schema"] == "thirteenf.ingest/1"


@pytest.mark.usefixtures("served")
def test_as_people_read_it(run, cache):
    code, out, err = run("--cache", cache, "ingest", "2026Q2", "--dry-run", "--text")
    assert code == 0, err
    assert out.startswith("Missing: 1 data set, which would take 1 request and 0.3 MB")
    code, out, err = run("--cache", cache, "ingest", "2026Q2", "--text")
    assert out.startswith("Ingest: 1 data set fetched, 1 added, 0 unchanged, 0 refused")
    assert LAST in out
    assert "Next: thirteenf moves --all --period 2026Q2" in out
    assert "Late reports and amendments" in out
    lines = (cache / "state" / "ingest.log").read_text().splitlines()
    assert [line for line in lines if f"MB of {LAST} (1 of 1)" in line]


def test_a_bar_on_a_terminal(served, cache):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    served.fail("*.zip", "slow")
    ours, theirs = pty.openpty()
    line = [sys.executable, "-c", AS_PROGRAM, "--cache", str(cache), "ingest", "2026Q3"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        with suppress(OSError):  # the end, as Linux says it
            while part := os.read(ours, 65536):
                drawn += part
        told = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0, drawn
    assert b"] 1/1 MB of " in drawn or b"] 0/1 MB of " in drawn
    assert "\x1b" not in told
    assert not (cache / "state" / "ingest.log").exists()


def test_the_periods_of_these_tests_are_those_of_the_windows():
    from thirteenf import periods, windows

    for name, period in PERIODS.items():
        assert windows.holds(windows.window(name), periods.parse(period))
    assert windows.window(NEWEST)[1] == date(2026, 11, 30)
