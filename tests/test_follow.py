"""Sitting on the current feed: one request a poll, moves as filings are accepted."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import date, datetime

import pytest

from tests.small_edgar import SmallEdgar, lay_out
from tests.trees import filing
from thirteenf import follow, places
from thirteenf.edgar import Edgar
from thirteenf.edgar.addresses import Addresses
from thirteenf.edgar.pace import Pace
from thirteenf.errors import BlockedError

TODAY = date(2025, 11, 14)
CIK = "0009999991"
BEFORE = filing("0009999991-25-000001", period=date(2025, 6, 30), filed=date(2025, 8, 14))
NEW = "0009999991-25-000002"
AFTER = filing(NEW, positions=(("APPLE INC", "037833100", 5092600, 20000),))


@pytest.fixture
def server(tmp_path):
    with SmallEdgar(lay_out(tmp_path / "tree", [BEFORE])) as running:
        yield running


@pytest.fixture
def door(server, tmp_path):
    addresses = Addresses(server.www, server.data, server.efts)
    return Edgar("T t@example.com", addresses=addresses, pace=Pace(tmp_path / "pace.json", 100_000), rate=100_000)


def accept(server, accession=NEW, content=AFTER, *, cik=CIK, form="13F-HR", there=True, hour=16):
    """Have EDGAR accept a filing: it is on the feed, and (unless it is slow) in its folder."""
    server.current.append((form, "Example Advisors LLC", cik, accession, datetime(2025, 11, 14, hour, 5)))  # noqa: DTZ001 - New York's
    if there:
        server.put(
            f"www.sec.gov/Archives/edgar/data/{cik.lstrip('0')}/{accession.replace('-', '')}/{accession}.txt", content
        )


def polls(server):
    return [path for path in server.paths() if "browse-edgar" in path]


def followed(door, cache, ciks=(CIK,), times=1):
    return list(follow.follow(places.at(cache), door, ciks, today=TODAY, every=0.01, times=times))


def test_a_filing_that_is_accepted_is_taken_in(server, door, tmp_path):
    accept(server)
    (outcome,) = followed(door, tmp_path / "cache")
    assert outcome.touched == {(CIK, date(2025, 9, 30))}
    assert (outcome.total("fetched"), outcome.total("parsed")) == (1, 1)


def test_a_poll_is_one_request_and_what_is_here_is_not_asked_for_again(server, door, tmp_path):
    accept(server)
    assert len(followed(door, tmp_path / "cache", times=4)) == 1
    assert len(polls(server)) == 4
    assert len(server.paths()) == 5


def test_others_are_left_alone_unless_everyone_is_followed(server, door, tmp_path):
    accept(
        server,
        cik="0009999992",
        accession="0009999992-25-000001",
        content=filing("0009999992-25-000001", cik="0009999992"),
    )
    assert followed(door, tmp_path / "cache") == []
    (outcome,) = followed(door, tmp_path / "cache", ciks=None)
    assert set(outcome.managers) == {"0009999992"}


def test_a_filing_that_is_not_there_yet_is_asked_for_at_the_next_poll(server, door, tmp_path):
    accept(server, there=False)
    following = follow.follow(places.at(tmp_path / "cache"), door, (CIK,), today=TODAY, every=0.01, times=3)
    server.fail("*getcurrent*", "slow")
    told = []

    def tell(step):
        told.append(step.what)
        if len(told) == 2:
            accept(server)

    following = follow.follow(places.at(tmp_path / "cache"), door, (CIK,), today=TODAY, every=0.01, times=3, tell=tell)
    missing, there = list(following)
    assert "not there yet" in missing.errors[0].message
    assert there.total("fetched") == 1


def test_further_pages_are_asked_for_only_while_all_is_new(server, door, tmp_path):
    for number in range(150):
        accept(server, accession=f"0009999993-25-{number:06}", cik="0009999993", there=False)
    followed(door, tmp_path / "cache")
    assert len(polls(server)) == 1  # the first poll: what was before is the listing's to tell
    server.forget()
    following = follow.follow(
        places.at(tmp_path / "cache"), door, (CIK,), today=TODAY, every=0.01, times=2, tell=more(server)
    )
    assert list(following) == []
    assert len(polls(server)) == 4  # one; then three pages, the last of which has something known


def more(server):
    def tell(step):
        if step.what.startswith("poll 1:"):
            for number in range(200, 420):
                accept(server, accession=f"0009999993-25-{number:06}", cik="0009999993", there=False, hour=17)

    return tell


def test_a_poll_that_fails_is_told_and_the_next_goes_on(server, door, tmp_path):
    accept(server)
    server.fail("*getcurrent*", *["html-200"] * 4)
    told = []
    following = follow.follow(
        places.at(tmp_path / "cache"),
        door,
        (CIK,),
        today=TODAY,
        every=0.01,
        times=2,
        tell=lambda step: told.append(step.what),
    )
    failed, done = list(following)
    assert "HTML page" in failed.errors[0].message
    assert done.total("fetched") == 1
    assert any("HTML page" in line for line in told)


def test_a_block_ends_it(server, door, tmp_path):
    server.fail("*getcurrent*", "rate-block")
    with pytest.raises(BlockedError, match="too many requests"):
        followed(door, tmp_path / "cache", times=3)
    assert len(server.paths()) == 1


def test_the_command_prints_moves_as_they_come(server, run, tmp_path, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    cache = tmp_path / "cache"
    assert run("--cache", cache, "refresh", CIK, "--no-references", "-q")[0] == 0
    accept(server)
    code, out, err = run("--cache", cache, "refresh", CIK, "--no-references", "--follow", "--times", 1, "--text")
    assert code == 0, err
    assert "Example Advisors LLC (CIK 0009999991): 2025Q3 against 2025Q2" in out
    assert "added" in out
    assert "exited" in out


def test_times_without_follow_is_no_question(run):
    code, _, err = run("refresh", "scion", "--times", 2)
    assert code == 2
    assert "--follow" in err


def test_three_that_are_not_there_yet_do_not_end_it(server, door, tmp_path):
    numbers = [f"0009999991-25-00001{place}" for place in range(3)]
    for number in numbers:
        accept(server, accession=number, there=False)
    told = []

    def tell(step):
        told.append(step.what)
        if step.what.startswith("poll 2:"):
            for number in numbers:
                path = f"www.sec.gov/Archives/edgar/data/9999991/{number.replace('-', '')}/{number}.txt"
                server.put(path, filing(number))

    following = follow.follow(places.at(tmp_path / "cache"), door, (CIK,), today=TODAY, every=0.01, times=3, tell=tell)
    assert sum(outcome.total("fetched") for outcome in following) == 3


def test_a_cache_that_is_busy_is_tried_at_the_next_poll(server, door, tmp_path):
    accept(server)
    cache = places.at(tmp_path / "cache")
    busy = ExitStack()
    busy.enter_context(cache.locked())

    def tell(step):
        if step.what.startswith("poll 2:"):
            busy.close()

    following = follow.follow(cache, door, (CIK,), today=TODAY, every=0.01, times=3, wait=0, tell=tell)
    assert [outcome.total("fetched") for outcome in following] == [1]


def test_everyone_of_today_is_taken_in_beyond_the_first_page(server, door, tmp_path):
    for number in range(130):
        cik = f"00088{number:05}"
        accept(server, accession=f"{cik}-25-000001", cik=cik, content=filing(f"{cik}-25-000001", cik=cik))
    outcomes = followed(door, tmp_path / "cache", ciks=None)
    assert sum(outcome.total("fetched") for outcome in outcomes) == 130


def test_what_the_first_refresh_has_to_tell_does_not_keep_it_from_following(server, run, tmp_path, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    command = ("--cache", tmp_path / "cache", "refresh", CIK, "0000000999", "--no-references", "--follow", "--times", 1)
    code, _, err = run(*command)
    assert code == 7
    assert "0000000999" in err
    assert len(polls(server)) == 1


def test_moves_a_line_for_other_programs(server, run, tmp_path, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    command = ("--cache", tmp_path / "cache", "refresh", CIK, "--no-references", "-q", "--follow", "--times", 1)
    accept(server)
    code, out, _ = run(*command, "--ndjson")
    assert code == 0
    assert {json.loads(line)["schema"] for line in out.splitlines()} == {"thirteenf.diff/1"}
    assert run(*command, "--json")[0] == run(*command, "-o", tmp_path / "x.json")[0] == 2


def test_a_further_page_that_fails_loses_nothing(server, door, tmp_path):
    followed(door, tmp_path / "cache")  # an empty feed: what comes now is new
    accept(server)
    for number in range(140):
        accept(server, accession=f"0009999993-25-{number:06}", cik="0009999993", there=False, hour=15)
    following = follow.follow(
        places.at(tmp_path / "cache"), door, (CIK,), today=TODAY, every=0.01, times=3, tell=upset(server)
    )
    assert sum(outcome.total("fetched") for outcome in following) == 1


def upset(server):
    """The second poll's second page fails."""

    def tell(step):
        if step.what.startswith("poll 1:"):
            server.fail("*start=100*", *["500"] * 4)

    return tell


def test_what_is_accepted_while_pages_are_read_does_not_end_the_reading(server, door, tmp_path):
    for number in range(5):
        accept(server, accession=f"0009999993-25-9{number:05}", cik="0009999993", there=False, hour=9)
    pages = []
    get = door.get

    def shifting(url, *more, **named):
        if "getcurrent" in url:
            pages.append(url)
            if len(pages) == 3:
                accept(server, accession="0009999993-25-999999", cik="0009999993", there=False, hour=18)
        return get(url, *more, **named)

    door.get = shifting

    def tell(step):
        if step.what.startswith("poll 1:"):
            for number in range(250):
                accept(server, accession=f"0009999993-25-{number:06}", cik="0009999993", there=False, hour=15)
        seen.append(step.what)

    seen = []
    list(follow.follow(places.at(tmp_path / "cache"), door, (CIK,), today=TODAY, every=0.01, times=2, tell=tell))
    assert "poll 2: 250 new on the feed" in seen or "poll 2: 251 new on the feed" in seen


def test_a_feed_that_fails_throughout_is_told_once_and_ends_with_4(server, run, tmp_path, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.fail("*getcurrent*", "500", always=True)
    monkeypatch.setattr(Pace, "pause", lambda *_: None)
    code, _, err = run("--cache", tmp_path / "cache", "refresh", "--all", "--follow", "--times", 3)
    assert code == 4
    assert err.count("status 500") == 2  # when it began, and at the end


def test_one_name_that_is_none_keeps_no_other_from_being_followed(server, run, tmp_path, monkeypatch):
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    command = ("--cache", tmp_path / "cache", "refresh", CIK, "nosuchname", "--no-references", "--follow", "--times", 1)
    assert run(*command)[0] == 7
    assert len(polls(server)) == 1
