"""The door to EDGAR, through a real socket: what comes good, what ends in which error, and that a block stops all."""

from __future__ import annotations

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from tests import small_edgar
from tests.doors import FAST, Hurried, addresses, door
from tests.small_edgar import CONTACT, FAULTS, Answer, SmallEdgar, lay_out
from tests.trees import filing
from thirteenf.edgar import Edgar, Validators, judgement, transport
from thirteenf.edgar.addresses import Addresses
from thirteenf.edgar.pace import Pace
from thirteenf.errors import AbsentError, BlockedError, EdgarError, UsageError

CIK, FIRST, SECOND = "0009999991", "0009999991-25-000001", "0009999991-25-000002"
BODY = filing(FIRST)
PATH = f"www.sec.gov/Archives/edgar/data/9999991/000999999125000001/{FIRST}.txt"
LIST = f"data.sec.gov/submissions/CIK{CIK}.json"

STOPS = ("rate-block", "undeclared", "block-200", "429")
"""Faults that are a block, however often they come."""
PASSING = ("503", "503-retry-after", "500", "slow", "stall", "cut", "cut-chunked", "silently-cut", "reset",
           "reset-body", "bad-gzip", "truncated-gzip", "html-200", "empty-200", "wrong-document",
           "429-retry-after")  # fmt: skip
"""Faults that a repetition gets over."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    later = filing(SECOND, period=date(2025, 6, 30), filed=date(2025, 11, 17), form="13F-HR/A", amends="RESTATEMENT")
    return lay_out(tmp_path_factory.mktemp("tree"), [BODY, later])


@pytest.fixture
def served(tree):
    with SmallEdgar(tree) as edgar:
        edgar.stall = 1.5
        yield edgar


@pytest.fixture
def at_once(monkeypatch):
    """Repetitions without their pauses, and servers that ask for none."""
    monkeypatch.setattr(transport._Patience, "get_backoff_time", lambda _: 0.0)
    for name in ("429-retry-after", "503-retry-after"):
        told = replace(small_edgar._PAGES[name], headers={"Retry-After": "0"})
        monkeypatch.setitem(small_edgar._PAGES, name, told)


@pytest.fixture
def asking(served, tmp_path):
    with door(served, tmp_path) as edgar:
        yield edgar


def the_filing(edgar):
    return edgar.get(edgar.addresses.submission(CIK, FIRST), judgement.submission(FIRST))


def the_list(edgar, *more):
    return edgar.get(edgar.addresses.submissions(CIK), judgement.json_object, *more)


def answering(monkeypatch, fault, status, body=b"", **headers):
    """Let a fault be an answer of the test's own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    monkeypatch.setitem(small_edgar._PAGES, fault, Answer(status, body, headers=named))


def test_every_fault_is_looked_at_here():
    assert {*STOPS, *PASSING, "absent", "redirect-loop"} == set(FAULTS)


def test_what_is_served_comes_through_whole(asking, served):
    assert the_filing(asking).body == BODY
    assert json.loads(the_list(asking).body)["cik"] == CIK
    assert (asking.requested, len(served.seen)) == (2, 2)


def test_each_request_says_who_asks_and_takes_gzip(asking, served):
    the_filing(asking)
    (request,) = served.seen
    assert request.headers["user-agent"].startswith("thirteenf/")
    assert request.headers["user-agent"].endswith(f" {CONTACT}")
    assert request.headers["accept-encoding"] == "gzip"


def test_one_connection_serves_many_requests(asking, served):
    for _ in range(5):
        the_filing(asking)
    pools = asking._session.get_adapter(served.www).poolmanager.pools
    assert [(pools[key].num_connections, pools[key].num_requests) for key in pools.keys()] == [(1, 5)]  # noqa: SIM118


# Faults, one at a time


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_leaves_the_right_body(asking, served, fault):
    served.fail(PATH, fault)
    assert the_filing(asking).body == BODY
    assert [request.fault for request in served.seen] == [fault] + [None] * (fault != "slow")
    assert asking.requested == len(served.seen)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("fault", [fault for fault in PASSING if fault not in ("slow", "429-retry-after")])
def test_a_fault_that_stays_is_an_error_after_four_attempts(asking, served, fault):
    served.stall = 1.0
    served.fail(PATH, fault, always=True)
    with pytest.raises(EdgarError) as told:
        the_filing(asking)
    assert type(told.value) is EdgarError
    assert told.value.hint
    assert "\n" not in told.value.message
    assert len(served.seen) == asking.requested == 4


@pytest.mark.usefixtures("at_once")
def test_a_list_or_filing_is_never_anything_unsound(asking, served):
    """Whatever the fault, a body that is returned is the whole right one."""
    for url, is_sound, whole, path in (
        (asking.addresses.submission(CIK, FIRST), judgement.submission(FIRST), BODY, PATH),
        (asking.addresses.submissions(CIK), judgement.json_object, the_list(asking).body, LIST),
    ):
        for fault in [fault for fault in PASSING if fault not in ("slow", "stall")]:
            served.heal()
            served.fail(path, fault, fault, fault)
            assert asking.get(url, is_sound).body == whole


@pytest.mark.parametrize("fault", STOPS)
def test_a_block_is_told_at_once_and_not_asked_again(asking, served, fault):
    served.fail(PATH, fault, always=True)
    with pytest.raises(BlockedError) as told:
        the_filing(asking)
    assert told.value.seconds == 600
    assert "10 minutes" in told.value.hint
    assert ("--contact" in told.value.hint) == (fault == "undeclared")
    assert len(served.seen) == 1


def test_a_block_that_says_for_how_long_is_believed(asking, served, monkeypatch):
    answering(monkeypatch, "429", 403, small_edgar._RATE, Retry_After="2700")
    served.fail(PATH, "429")
    with pytest.raises(BlockedError) as told:
        the_filing(asking)
    assert told.value.seconds == 2700
    assert "45 minutes" in told.value.hint


@pytest.mark.usefixtures("at_once")
def test_too_many_requests_again_and_again_is_a_block(asking, served):
    served.fail(PATH, "429-retry-after", always=True)
    with pytest.raises(BlockedError):
        the_filing(asking)
    assert len(served.seen) == 4


def test_a_refusal_that_says_nothing_is_a_block(asking, served, monkeypatch):
    """403 without the store's XML: a firewall's page, or none."""
    answering(monkeypatch, "absent", 403, b"<html><body>Forbidden</body></html>")
    served.fail(PATH, "absent", always=True)
    with pytest.raises(BlockedError):
        the_filing(asking)
    assert len(served.seen) == 1


def test_after_a_block_nothing_more_is_asked(asking, served):
    served.fail(PATH, "rate-block")
    with pytest.raises(BlockedError):
        the_filing(asking)
    for ask in (the_filing, the_list):
        with pytest.raises(BlockedError):
            ask(asking)
    assert len(served.seen) == 1


def blocked_in_threads(served, edgar):
    """What each of 40 requests by 8 threads ends with, when the third request at EDGAR is turned away."""
    served.delay = 0.02
    served.fail("*", "slow", "slow", "rate-block")

    def ask(number):
        try:
            the_list(edgar) if number % 2 else the_filing(edgar)
        except BlockedError as error:
            return error
        return None

    with ThreadPoolExecutor(8) as hands:
        return [error for error in hands.map(ask, range(40)) if error]


def test_a_block_stops_every_thread(served, tmp_path):
    with door(served, tmp_path, pace=Pace(tmp_path / "pace.json", 100)) as edgar:
        errors = blocked_in_threads(served, edgar)
    asked = len(served.seen)
    assert asked <= 3 + 8  # the block, and what was on its way by then
    assert len(errors) == 40 - asked + sum(request.status == 403 for request in served.seen)


def test_whoever_a_block_stops_is_told_for_how_long(served, tmp_path):
    """Which thread's error a run ends with is chance: each must say it."""
    with door(served, tmp_path, pace=Pace(tmp_path / "pace.json", 100)) as edgar:
        errors = blocked_in_threads(served, edgar)
    assert [error.message for error in errors if error.seconds <= 0] == []


def test_a_block_by_the_sec_stops_other_processes_too(served, tmp_path):
    file = tmp_path / "pace.json"
    served.fail(PATH, "rate-block")
    secs = Addresses(served.www, served.data, "https://efts.sec.gov")
    secs_door = door(served, tmp_path, rate=8, addresses=secs, pace=Hurried(file, FAST))
    with secs_door as edgar, pytest.raises(BlockedError):
        the_filing(edgar)
    with door(served, tmp_path, pace=Hurried(file, FAST)) as another, pytest.raises(BlockedError) as told:
        the_filing(another)
    assert 590 < told.value.seconds <= 600
    assert "10 minutes" in told.value.hint
    assert len(served.seen) == 1


def test_a_block_by_another_server_stops_nobody_else(served, tmp_path):
    served.fail(PATH, "rate-block")
    with door(served, tmp_path) as edgar, pytest.raises(BlockedError):
        the_filing(edgar)
    with door(served, tmp_path) as another:
        assert the_filing(another).body == BODY


@pytest.mark.parametrize("where", ["archives", "data"])
def test_what_is_not_there_is_absent_and_no_block(asking, served, where):
    url = {
        "archives": asking.addresses.daily_index(date(2025, 11, 15)),
        "data": asking.addresses.submissions("0000000001"),
    }[where]
    with pytest.raises(AbsentError):
        asking.get(url, judgement.json_object)
    assert [request.status for request in served.seen] == [{"archives": 403, "data": 404}[where]]
    assert the_filing(asking).body == BODY


def test_a_redirect_without_end_is_an_error_in_few_requests(asking, served):
    served.fail(PATH, "redirect-loop")
    with pytest.raises(EdgarError, match="redirected without end") as told:
        the_filing(asking)
    assert told.value.hint
    assert len(served.seen) == asking.requested
    assert len(served.seen) <= 10


# Bodies


def test_an_error_page_in_gzip_that_nobody_asked_for(asking, served, monkeypatch):
    """The store packs its pages and does not say so."""
    packed = Answer(403, gzip.compress(small_edgar._RATE))
    monkeypatch.setattr(small_edgar, "_encoded", lambda answer, *_, **__: replace(
        answer, headers=dict(answer.headers) | {"Content-Length": str(len(answer.body))}
    ))  # fmt: skip
    monkeypatch.setitem(small_edgar._PAGES, "rate-block", packed)
    served.fail(PATH, "rate-block")
    with pytest.raises(BlockedError, match="too many requests"):
        the_filing(asking)


def test_more_than_the_limit_is_refused_packed_or_not(asking, served):
    served.put("www.sec.gov/files/large.txt", b"x" * 3_000_000)
    with pytest.raises(EdgarError, match="more than 1 MiB"):
        asking.get(asking.addresses.file("files/large.txt"), judgement.file("large.txt"), limit=1 << 20)


def test_the_newest_is_told_from_the_old_by_what_it_said_of_its_age(asking, served):
    first = the_list(asking)
    assert first.validators.etag
    assert first.validators.last_modified
    assert the_list(asking, first.validators) is None
    assert the_list(asking, Validators(last_modified=first.validators.last_modified)) is None
    served.put(LIST, b'{"cik": "new"}')
    again = the_list(asking, first.validators)
    assert again.body == b'{"cik": "new"}'
    assert again.validators != first.validators
    assert [request.status for request in served.seen] == [200, 304, 304, 200]


@pytest.mark.usefixtures("at_once")
def test_a_conditional_request_that_fails_is_repeated_as_one(asking, served):
    first = the_list(asking)
    served.fail(LIST, "503", "html-200")
    assert the_list(asking, first.validators) is None
    assert [request.status for request in served.seen] == [200, 503, 200, 304]


# Patience


def test_a_short_wait_that_is_asked_for_is_kept(served, tmp_path):
    served.fail(PATH, "503-retry-after")
    with door(served, tmp_path, pace=Pace(tmp_path / "pace.json", FAST)) as asking:
        assert the_filing(asking).body == BODY
    first, second = served.seen
    assert second.at - first.at >= 1


def test_a_long_wait_that_is_asked_for_ends_the_run(asking, served, monkeypatch):
    answering(monkeypatch, "503-retry-after", 503, b"busy", Retry_After="3600")
    served.fail(PATH, "503-retry-after", always=True)
    with pytest.raises(BlockedError, match="60 minutes") as told:
        the_filing(asking)
    assert told.value.seconds == 3600
    with pytest.raises(BlockedError):
        the_list(asking)
    assert len(served.seen) == 1


def test_a_long_wait_given_as_a_time_of_day_ends_the_run_too(asking, served, monkeypatch):
    """Retry-After may be a date; waiting for it would hang the run for an hour."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    answering(monkeypatch, "503-retry-after", 503, b"busy", Retry_After=until)
    served.fail(PATH, "503-retry-after")
    with pytest.raises(BlockedError) as told:
        the_filing(asking)
    assert 3500 < told.value.seconds <= 3600
    assert max(slept, default=0) < 60


def test_repetitions_wait_longer_each_time(served, tmp_path):
    served.fail(PATH, "503", "503", "503")
    with door(served, tmp_path, pace=Pace(tmp_path / "pace.json", FAST)) as asking:
        assert the_filing(asking).body == BODY
    times = [request.at for request in served.seen]
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[0] < gaps[1] < gaps[2] < 3
    assert gaps[1] >= 0.5


@pytest.mark.usefixtures("at_once")
def test_repetitions_are_counted(asking, served):
    served.fail(PATH, "503", "reset", "html-200", "500", "cut")
    the_filing(asking)
    the_list(asking)
    assert asking.requested == len(served.seen) == 7


def test_the_clock_that_is_off_is_noticed(asking, monkeypatch):
    the_filing(asking)
    assert abs(asking.clock_is_off) < 5
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 7200)
    late = format_datetime(datetime.fromtimestamp(now(), UTC), usegmt=True)
    asking._compare_clocks(late)
    assert 7190 < asking.clock_is_off < 7210
    asking._compare_clocks("no date")
    assert asking.clock_is_off > 7190


def test_one_who_waits_for_a_moment_is_woken_when_all_stop(served, tmp_path):
    with door(served, tmp_path, pace=Pace(tmp_path / "pace.json", 0.05)) as edgar:
        the_filing(edgar)
        threading.Timer(0.1, edgar._pace.stop).start()
        began = time.monotonic()
        with pytest.raises(BlockedError):
            the_filing(edgar)
        assert time.monotonic() - began < 5
    assert len(served.seen) == 1


# Addresses


def test_padded_numbers_are_never_asked_for(asking, served):
    the_filing(asking)
    assert [request.status for request in served.seen] == [200]
    assert "/data/9999991/" in served.paths()[0]
    assert "/data/0" not in asking.addresses.folder("0000001234", FIRST)


def test_addresses_are_those_of_the_environment(monkeypatch):
    monkeypatch.setenv("THIRTEENF_EDGAR_WWW", "http://127.0.0.1:8000/www/")
    chosen = Addresses.chosen()
    assert chosen == Addresses(www="http://127.0.0.1:8000/www")
    assert chosen.are_the_secs  # data and efts still are
    monkeypatch.setenv("THIRTEENF_EDGAR_WWW", "no address")
    with pytest.raises(UsageError, match="THIRTEENF_EDGAR_WWW"):
        Addresses.chosen()


LINKS = ("/files/a.zip", "files/a.zip", "https://www.sec.gov/files/a.zip", "http://sec.gov/files/a.zip")


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_the_host_that_we_use(link):
    assert Addresses(www="http://127.0.0.1:1/www").file(link) == "http://127.0.0.1:1/www/files/a.zip"


def test_quarters_of_addresses():
    places = Addresses()
    assert places.daily_index(date(2026, 2, 17)).endswith("/daily-index/2026/QTR1/master.20260217.idx")
    assert places.full_index(date(2025, 12, 31)).endswith("/full-index/2025/QTR4/master.idx")
    assert places.daily_directory(date(2025, 4, 1)).endswith("/daily-index/2025/QTR2/index.json")
    assert places.search("A & B").startswith("https://efts.sec.gov/LATEST/search-index?q=A+%26+B")


# What the user gives


@pytest.mark.parametrize("contact", [None, "", "  ", "Jane Doe", "jane@", "@example.com", "jane at example.com"])
def test_without_a_contact_nothing_begins(contact):
    with pytest.raises(UsageError) as told:
        Edgar(contact)
    for way in ("--contact", "THIRTEENF_CONTACT", "thirteenf.toml"):
        assert way in told.value.hint


@pytest.mark.parametrize("contact", ["Jörg jorg@example.com", "Jane\0 jane@example.com", "Jane jane@exämple.com"])
def test_a_contact_that_a_request_cannot_carry(contact):
    with pytest.raises(UsageError):
        Edgar(contact)


@pytest.mark.parametrize("contact", ["Jane Doe\njane@example.com", " Jane  Doe\r\n jane@example.com\n"])
def test_a_contact_over_several_lines_becomes_one(served, tmp_path, contact):
    with door(served, tmp_path, contact=contact) as edgar:
        the_filing(edgar)
    assert served.seen[0].headers["user-agent"].endswith(" Jane Doe jane@example.com")
    assert set(served.seen[0].headers) <= {"host", "user-agent", "accept-encoding", "accept", "connection"}


@pytest.mark.parametrize("rate", [0, -1, float("nan"), 10, 50])
def test_a_rate_that_the_sec_does_not_allow(tmp_path, rate):
    with pytest.raises(UsageError, match="requests a second"):
        Edgar(CONTACT, rate=rate, pace=Pace(tmp_path / "pace.json"))
    mixed = Addresses(www="http://127.0.0.1:1", data="http://127.0.0.1:1", efts="https://efts.sec.gov")
    with pytest.raises(UsageError):
        Edgar(CONTACT, rate=rate, addresses=mixed)


def test_other_servers_may_be_asked_faster(served, tmp_path):
    with door(served, tmp_path, rate=5000.0) as edgar:
        assert edgar.rate == 5000


# The way there


def one_line(edgar, url=None):
    with pytest.raises(EdgarError) as told:
        edgar.get(url or edgar.addresses.submissions(CIK), judgement.json_object)
    error = told.value
    assert type(error) is EdgarError
    assert "\n" not in error.message + error.hint
    assert error.hint
    for noise in ("object at 0x", "HTTPConnection", "urllib3", "Max retries", "Errno"):
        assert noise not in error.message
    return error.message


@pytest.fixture
def towards(tmp_path, at_once):
    """A door to some base address."""
    opened = []

    def to(base, **more):
        with door(None, tmp_path, addresses=Addresses(base, base, base), rate=5, **more) as edgar:
            opened.append(edgar)
            return one_line(edgar)

    assert at_once is None
    return to


def test_a_connection_that_is_refused(towards):
    assert towards("http://127.0.0.1:1") == "127.0.0.1:1 cannot be reached: Connection refused."


def test_a_name_that_is_not_found(towards):
    assert towards("http://name.invalid") == "name.invalid is not found (DNS)."


def test_a_proxy_that_is_dead(towards, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert "proxy" in towards("https://name.invalid")


def test_a_server_that_speaks_no_tls(towards, served):
    told = towards(addresses(served).www.replace("http://", "https://"))
    assert "(TLS)" in told
    assert served.seen == []


def test_a_server_that_does_not_answer(served, asking):
    served.delay, served.stall = 1.5, 0
    asking._timeout = (1.0, 0.1)
    assert "in time" in one_line(asking)
    assert asking.requested <= 4


def test_a_page_of_many_kinds_of_failure_is_one_line(asking, served, monkeypatch):
    for status in (400, 401, 418, 501):
        answering(monkeypatch, "500", status, b"<html>no</html>")
        served.fail(PATH, "500")
        with pytest.raises(EdgarError, match=f"status {status}"):
            the_filing(asking)
