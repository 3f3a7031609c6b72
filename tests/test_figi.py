"""The door to OpenFIGI, through a real socket: which CUSIPs are sent, how answers are read, what ends in an error."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirteenf import cusip as cusips
from thirteenf import figi
from thirteenf.errors import EdgarError, UsageError
from thirteenf.figi import Answer, Figi, FigiError
from thirteenf.securities import with_tickers
from thirteenf.tables import SECURITIES

KEY = "11111111-2222-3333-4444-555555555555"
TODAY = date(2025, 11, 20)
APPLE, BERKSHIRE, CHUBB, NOBODY = "037833100", "084670702", "H1467J104", "67066G104"
UNKNOWN = {"warning": "No identifier found."}
first_eights = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8)
valid = first_eights.map(lambda eight: eight + cusips.check_digit(eight)).filter(lambda c: c not in cusips.PLACEHOLDERS)
like_options = st.from_regex(r"[0-9A-Z]{6}9[05][0-9]", fullmatch=True)
odd = st.sampled_from(["000000000", "999999999", "", " 037833100", "037833900", "037833950", "h1467j104"])


def numbered(count):
    """So many valid CUSIPs."""
    eights = [f"{number:06}10" for number in range(1, count + 1)]
    return [eight + cusips.check_digit(eight) for eight in eights]


def entry(ticker, exchange="US", name="SOME CORP"):
    return {"figi": "BBG000000001", "ticker": ticker, "name": name, "exchCode": exchange, "marketSector": "Equity",
            "compositeFIGI": "BBG000000001", "shareClassFIGI": "BBG001000001", "securityType": "Common Stock",
            "securityType2": "Common Stock", "securityDescription": ticker}  # fmt: skip


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    headers: dict = {}  # noqa: RUF012 - of a tuple


class Asked(NamedTuple):
    at: float
    headers: dict
    jobs: list

    @property
    def cusips(self):
        return [job["idValue"] for job in self.jobs]


TOO_MANY = Reply(429, b"Too many requests, please try again later.", {"Retry-After": "7", "ratelimit-remaining": "0"})
FAILED = Reply(500, b'{"message": "Internal Server Error"}')
CUT = Reply(0)


class SmallFigi:
    """OpenFIGI on loopback: says what `items` has of a CUSIP, else that it is unknown; `replies` come before that."""

    def __init__(self):
        self.now, self.slept = 1000.0, []
        self.items, self.replies, self.seen = {}, [], []

    def sleep(self, seconds):
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds

    def door(self, key=None):
        return Figi(key, url=self.url, clock=lambda: self.now, sleep=self.sleep, today=lambda: TODAY)

    def ask(self, asked, key=None):
        return {answer.cusip: answer for answer in self.door(key).ask(asked)}

    def answer(self, headers, body):
        request = Asked(self.now, {name.lower(): value for name, value in headers.items()}, json.loads(body))
        self.seen.append(request)
        if self.replies:
            reply = self.replies.pop(0)
            if reply is not None:
                return reply
        return Reply(200, json.dumps([self.items.get(cusip, UNKNOWN) for cusip in request.cusips]).encode())


@contextmanager
def serving():
    small = SmallFigi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            reply = small.answer(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            if reply.status == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in (reply.headers | {"Content-Length": str(len(reply.body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        small.url = f"http://127.0.0.1:{server.server_address[1]}/v3/mapping"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield small
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def small():
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def shared():
    """One for many examples, each of which clears it."""
    with serving() as served:
        yield served


def refused(small, asked, key=None):
    """The error that asking ends in, and what was answered before."""
    answers = []
    with pytest.raises(FigiError) as caught:
        answers.extend(small.door(key).ask(asked))  # extend keeps what came before an error
    assert isinstance(caught.value, EdgarError)
    assert caught.value.exit_code == 4
    assert caught.value.code == "openfigi"
    assert "OpenFIGI" in caught.value.message
    assert caught.value.hint
    return caught.value, answers


def test_a_request_is_as_openfigi_wants_it(small):
    small.items = {APPLE: {"data": [entry("AAPL", name="APPLE INC")]}}
    assert small.ask([APPLE]) == {APPLE: Answer(APPLE, "AAPL", "APPLE INC", "mapped", TODAY)}
    (request,) = small.seen
    assert request.jobs == [{"idType": "ID_CUSIP", "idValue": APPLE, "exchCode": "US"}]
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("thirteenf/")
    assert "x-openfigi-apikey" not in request.headers


def test_numbers_that_begin_with_a_letter_are_asked_as_cins(small):
    small.ask([CHUBB, APPLE])
    assert [job["idType"] for job in small.seen[0].jobs] == ["ID_CINS", "ID_CUSIP"]


@pytest.mark.parametrize(("key", "sizes"), [(None, [5, 5, 2]), ("", [5, 5, 2]), (KEY, [12])])
def test_five_cusips_a_request_without_a_key(small, key, sizes):
    small.ask(numbered(12), key)
    assert [len(request.jobs) for request in small.seen] == sizes


def test_a_hundred_cusips_a_request_with_a_key_which_goes_along(small):
    small.ask(numbered(230), f" {KEY}\n")
    assert [len(request.jobs) for request in small.seen] == [100, 100, 30]
    assert {request.headers["x-openfigi-apikey"] for request in small.seen} == {KEY}


def test_answers_are_told_apart_by_their_place_alone(small):
    asked = numbered(12)
    small.items = {cusip: {"data": [entry(f"T{place}")]} for place, cusip in enumerate(asked)}
    told = []
    answers = list(small.door().ask([*asked, asked[0]], lambda done, of: told.append((done, of))))
    assert [(one.cusip, one.ticker) for one in answers] == [(cusip, f"T{place}") for place, cusip in enumerate(asked)]
    assert told == [(5, 12), (10, 12), (12, 12)]


@pytest.mark.parametrize(
    ("item", "ticker", "outcome"),
    [
        (UNKNOWN, None, "unknown"),
        ({"warning": "No identifier found"}, None, "unknown"),
        ({"error": "Invalid idValue format"}, None, "refused"),
        ({"error": "Invalid idValue format."}, None, "refused"),
        ({"data": []}, None, "unknown"),
        ({"data": [entry("BRK/B")]}, "BRK.B", "mapped"),
        ({"data": [entry("AAPL"), entry("AAPL")]}, "AAPL", "mapped"),
        ({"data": [entry("APC", "GY"), entry("AAPL"), entry("AAPLW", "UN")]}, "AAPL", "mapped"),
        ({"data": [entry("AAPL"), entry("AAPL1")]}, None, "ambiguous"),
        ({"data": [entry("AAPL", "UW"), entry("AAPL", "GY")]}, None, "unknown"),
        ({"data": [entry(None)]}, None, "unknown"),
        ({"data": [entry("1448062D")]}, None, "unknown"),
        ({"data": [entry("T 4 1/4 03/01/26")]}, None, "unknown"),
    ],
)
def test_what_an_item_says(small, item, ticker, outcome):
    small.items = {APPLE: item}
    answer = small.ask([APPLE])[APPLE]
    assert (answer.ticker, answer.outcome, answer.asked) == (ticker, outcome, TODAY)
    assert bool(answer.name) == (outcome == "mapped")


def test_a_name_that_is_missing_is_blank(small):
    small.items = {APPLE: {"data": [{"ticker": "AAPL", "exchCode": "US"}]}}
    assert small.ask([APPLE])[APPLE] == Answer(APPLE, "AAPL", "", "mapped", TODAY)


def test_a_failure_of_single_cusips_is_told_when_all_others_are_answered(small):
    asked = numbered(12)
    small.items = {asked[1]: {"error": f"Something broke for {KEY}"}}
    error, answers = refused(small, asked, KEY)
    assert [one.cusip for one in answers] == [asked[0], *asked[2:]]
    assert f"1 of 12 CUSIPs, the first {asked[1]}" in error.message
    assert KEY not in error.message


@given(st.lists(st.one_of(valid, first_eights, st.text(max_size=10), like_options, odd)))
def test_only_valid_cusips_are_ever_sent_and_each_once(shared, texts):
    shared.seen.clear()
    shared.items.clear()
    answers = shared.ask(texts)
    sent = [cusip for request in shared.seen for cusip in request.cusips]
    assert sent == list(dict.fromkeys(c for c in texts if cusips.is_valid(c) and c not in cusips.PLACEHOLDERS))
    assert not any(cusips.is_option_number(cusip) or cusips.faults(cusip) for cusip in sent)
    assert list(answers) == sent
    assert figi.wanted(texts, {}, TODAY) == sorted(sent)


def test_where_nothing_can_be_asked_nothing_is(small):
    assert small.ask(["037833900", "000000000", "nonsense"]) == {}
    assert small.seen == []


@pytest.mark.parametrize(("key", "jobs", "seconds", "apart"), [(None, 5, 60, 2.4), (KEY, 100, 6, 0.24)])
def test_requests_are_spaced_evenly_below_the_limit(small, key, jobs, seconds, apart):
    door = small.door(key)
    small.replies = [None] * 3 + [FAILED]  # a repetition takes its moment too
    for part in (numbered(jobs * 14), numbered(jobs * 14)):  # two questions share one pace
        list(door.ask(part))
    moments = [request.at for request in small.seen]
    assert len(moments) == 29
    assert all(later - sooner == pytest.approx(apart) for sooner, later in pairwise(moments))
    assert all(sum(start <= at < start + seconds - 1e-6 for at in moments) <= 25 for start in moments)
    assert moments[0] == 1000.0


def test_too_many_requests_are_waited_for_once_and_then_it_goes_on(small):
    small.replies = [None, TOO_MANY]
    assert len(small.ask(numbered(12))) == 12
    assert small.slept.count(7.0) == 1
    assert [len(request.jobs) for request in small.seen] == [5, 5, 5, 2]


def test_patience_asked_for_now_and_then_is_given_each_time(small):
    small.replies = [TOO_MANY, None, TOO_MANY, None, TOO_MANY]
    assert len(small.ask(numbered(15))) == 15
    assert small.slept.count(7.0) == 3


@pytest.mark.parametrize(("said", "waited"), [({}, 60), ({"Retry-After": "soon"}, 60), ({"Retry-After": "86400"}, 120)])
def test_what_is_waited_has_a_default_and_a_limit(small, said, waited):
    small.replies = [TOO_MANY._replace(headers=said)]
    small.ask([APPLE])
    assert small.slept.count(waited) == 1


def test_too_many_requests_twice_in_a_row_end_it_and_answers_stay(small):
    small.replies = [None, TOO_MANY, TOO_MANY]
    error, answers = refused(small, numbered(12))
    assert "429" in error.message
    assert len(answers) == 5
    assert len(small.seen) == 3


def test_too_many_cusips_a_request_are_halved_until_it_goes(small):
    asked = numbered(120)
    small.replies = [Reply(413), Reply(413)]
    assert list(small.ask(asked, KEY)) == asked
    assert [len(request.jobs) for request in small.seen] == [100, 50, 25, 25, 25, 25, 20]


def test_a_single_cusip_that_is_too_many_is_an_error(small):
    small.replies = [Reply(413)] * 9
    error, answers = refused(small, numbered(5))
    assert "413" in error.message
    assert answers == []
    assert [len(request.jobs) for request in small.seen] == [5, 2, 1]


@pytest.mark.parametrize("fault", [FAILED, Reply(503), CUT])
def test_a_stumble_is_got_over_by_one_repetition(small, fault):
    small.replies = [None, fault, None, fault]
    assert len(small.ask(numbered(15))) == 15
    assert len(small.seen) == 5


@pytest.mark.parametrize("faults", [[FAILED, FAILED], [CUT, CUT], [CUT, FAILED], [FAILED, CUT]])
def test_two_stumbles_in_a_row_end_it_and_answers_stay(small, faults):
    small.replies = [None, *faults]
    _, answers = refused(small, numbered(12))
    assert len(answers) == 5
    assert len(small.seen) == 3


def test_a_server_that_is_not_there_is_an_error():
    with serving() as small:
        pass
    error, _ = refused(small, [APPLE], KEY)
    assert "cannot be reached" in error.message
    assert KEY not in repr(error) + error.hint


@pytest.mark.parametrize(
    "reply",
    [Reply(400), Reply(403, b"<html>"), Reply(404), Reply(204), Reply(302, b"", {"Location": "http://127.0.0.1:9/"})],
)
def test_other_statuses_end_it_at_once_and_no_redirection_takes_the_key_along(small, reply):
    small.replies = [reply]
    error, _ = refused(small, [APPLE], KEY)
    assert str(reply.status) in error.message
    assert len(small.seen) == 1


def test_a_key_that_is_not_taken_is_said_so_and_not_told(small):
    small.replies = [Reply(401, f"Invalid API key {KEY}".encode())]
    error, _ = refused(small, [APPLE], KEY)
    assert "key" in error.message
    assert KEY not in error.message + error.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><html>Maintenance</html>", "no JSON"),
        (b"", "no JSON"),
        (b'[{"data": [', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"error": "Request body must be an array"}', "no list"),
        (b"null", "no list"),
        (json.dumps([UNKNOWN]).encode(), "2 CUSIPs with 1 items"),
        (json.dumps([UNKNOWN] * 3).encode(), "2 CUSIPs with 3 items"),
        (json.dumps([UNKNOWN, None]).encode(), f"{APPLE} with an item of another shape"),
        (json.dumps([UNKNOWN, {}]).encode(), "another shape"),
        (json.dumps([UNKNOWN, {"data": None}]).encode(), "another shape"),
        (json.dumps([UNKNOWN, {"data": ["AAPL"]}]).encode(), "another shape"),
        (json.dumps([UNKNOWN, {"data": [entry(17)]}]).encode(), "another shape"),
        (json.dumps([UNKNOWN, {"warning": 1}]).encode(), "another shape"),
    ],
)
def test_an_answer_out_of_shape_is_an_error_and_none_of_it_is_taken(small, body, said):
    small.replies = [None, Reply(200, body)]
    error, answers = refused(small, [*numbered(5), NOBODY, APPLE])
    assert said in error.message
    assert len(answers) == 5


@pytest.mark.parametrize("key", ["sécret", "se\ncret", "se\0cret"])
def test_a_key_that_cannot_be_one_is_refused_and_not_told(key):
    with pytest.raises(UsageError) as caught:
        Figi(key)
    assert "cret" not in caught.value.message + caught.value.hint


def test_a_question_that_is_given_up_leaves_no_connection(small, recwarn):
    answers = small.door().ask(numbered(12))
    next(answers)
    answers.close()
    assert len(small.seen) == 1
    assert not recwarn.list


def test_what_is_settled_is_not_asked_for_again():
    def known(outcome, days):
        ticker = "AAPL" if outcome == "mapped" else None
        return figi.wanted([APPLE], {APPLE: Answer(APPLE, ticker, "", outcome, TODAY - timedelta(days))}, TODAY)

    assert figi.wanted([CHUBB, APPLE, CHUBB], {}, TODAY) == [APPLE, CHUBB]
    for outcome in ("mapped", "refused"):
        assert known(outcome, 0) == known(outcome, 9999) == []
    for outcome in ("unknown", "ambiguous"):
        assert known(outcome, 0) == known(outcome, 29) == []
        assert known(outcome, 30) == known(outcome, -1) == [APPLE]


ANSWERS = [
    Answer(CHUBB, None, "", "ambiguous", TODAY),
    Answer(BERKSHIRE, "BRK.B", "BERKSHIRE HATHAWAY é 😀", "mapped", TODAY),
    Answer(NOBODY, None, "", "refused", TODAY),
    Answer(APPLE, None, "", "unknown", TODAY),
]


def test_answers_are_kept_sorted_and_come_back_as_they_were(tmp_path):
    path, problems = tmp_path / "state" / "figi.json", []
    assert figi.read(path, problems.append) == {}
    figi.keep(path, ANSWERS[2:])
    held = figi.keep(path, ANSWERS[:2])
    assert held == figi.read(path, problems.append) == {answer.cusip: answer for answer in ANSWERS}
    assert list(held) == list(figi.read(path)) == sorted(held)
    content = path.read_bytes()
    figi.keep(path, reversed(ANSWERS))
    assert path.read_bytes() == content
    assert list(json.loads(content)) == sorted(held)
    assert problems == []


def test_newer_answers_take_the_place_of_older_ones_but_a_symbol_is_not_given_up(tmp_path):
    path, later = tmp_path / "figi.json", TODAY + timedelta(30)
    found, lost = Answer(APPLE, "AAPL", "APPLE INC", "mapped", later), Answer(BERKSHIRE, None, "", "unknown", later)
    figi.keep(path, ANSWERS)
    held = figi.keep(path, [found, lost])
    assert held[APPLE] == found
    assert held[BERKSHIRE] == ANSWERS[1]
    assert figi.keep(path, [ANSWERS[3]])[APPLE] == found


def test_what_was_answered_before_an_error_is_kept(small, tmp_path):
    small.replies = [None, FAILED, FAILED]
    path = tmp_path / "figi.json"
    with pytest.raises(FigiError):
        figi.keep(path, small.door().ask(numbered(12)))
    assert list(figi.read(path)) == numbered(5)


@pytest.mark.parametrize("content", [b"", b'{"0378', b"\xff\xfe", b"[]", b"null", b'"x"', b"[" * 100_000])
def test_a_damaged_file_is_named_and_taken_for_empty(tmp_path, content):
    path, problems = tmp_path / "figi.json", []
    path.write_bytes(content)
    assert figi.read(path, problems.append) == {}
    assert len(problems) == 1
    assert str(path) in problems[0]
    assert figi.keep(path, ANSWERS[:1]) == figi.read(path) == {CHUBB: ANSWERS[0]}


@pytest.mark.parametrize(
    "damage",
    [
        {"outcome": "perhaps"}, {"outcome": None}, {"outcome": "unknown"}, {"ticker": None}, {"ticker": ""},
        {"ticker": 7}, {"name": None}, {"asked": "yesterday"}, {"asked": 20251120},
    ],
)  # fmt: skip
def test_a_damaged_answer_is_left_out_and_named_and_the_others_are_read(tmp_path, damage):
    path, problems = tmp_path / "figi.json", []
    figi.keep(path, ANSWERS)
    told = json.loads(path.read_bytes())
    told[BERKSHIRE] |= damage
    path.write_text(json.dumps(told))
    assert set(figi.read(path, problems.append)) == {APPLE, CHUBB, NOBODY}
    assert len(problems) == 1
    assert str(path) in problems[0]
    assert BERKSHIRE in problems[0]


@pytest.mark.parametrize("fields", [None, [], "mapped", {}])
def test_what_is_no_answer_at_all_is_left_out(tmp_path, fields):
    path = tmp_path / "figi.json"
    path.write_text(json.dumps({APPLE: fields, "no cusip": {"outcome": "unknown"}}))
    assert figi.read(path) == {}


def test_symbols_are_securities_of_the_day_that_they_were_asked():
    frame = figi.securities(ANSWERS)
    assert frame.schema == SECURITIES.schema()
    assert frame.to_dicts() == [
        {"cusip": BERKSHIRE, "ticker": "BRK.B", "issuer": ANSWERS[1].name, "title_of_class": "", "first": TODAY,
         "last": TODAY, "ticker_source": "openfigi", "ticker_asof": "2025-11-20", "ticker_certainty": None}
    ]  # fmt: skip
    assert figi.securities([]).schema == SECURITIES.schema()


def test_a_name_that_is_no_text_makes_no_trouble(small, tmp_path):
    small.items = {APPLE: {"data": [entry("AAPL", name="A\ud800")]}}
    figi.keep(tmp_path / "figi.json", small.ask([APPLE]).values())
    assert figi.securities(figi.read(tmp_path / "figi.json").values())["issuer"].to_list() == ["A?"]


def test_a_symbol_of_openfigis_is_never_confirmed():
    positions = pl.DataFrame({"cusip": [BERKSHIRE, APPLE]})
    told = with_tickers(positions, figi.securities(ANSWERS), TODAY)
    assert told["ticker"].to_list() == ["BRK.B", None]
    assert told["ticker_certainty"].to_list() == ["likely", None]


def test_the_module_loads_no_requests():
    code = "import sys, thirteenf.figi; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
