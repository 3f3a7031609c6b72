"""What a person is told, and that nothing of it is lost, doubled or a flood."""

from __future__ import annotations

import http.server
import json
import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.small_edgar import SmallEdgar, lay_out
from tests.trees import filing, imported, put
from thirteenf import notices
from thirteenf.errors import EdgarError, StoreError, UsageError
from thirteenf.notices import Outbox
from thirteenf.tracker import Tracker

TODAY = date(2025, 11, 14)
CIK = "0009999991"
BEFORE = filing("0009999991-25-000001", period=date(2025, 6, 30), filed=date(2025, 8, 14))
AFTER = filing("0009999991-25-000002", positions=(("APPLE INC", "037833100", 5092600, 20000),))


@pytest.fixture
def inbox():
    """A local endpoint as Apprise's json:// has it: what it got, and a switch to make it fail."""
    got: list[dict] = []
    state = {"fails": False}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not state["fails"]:
                got.append(told)
            self.send_response(500 if state["fails"] else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/", got, state
    server.shutdown()
    server.server_close()


def tracker(cache, *contents, today=TODAY):
    folder = put(cache.with_name(f"{cache.name}-{len(contents)}-{hash(contents)}"), *contents)
    imported(cache, folder)
    return Tracker(cache, today=today)


def gathered(tracking) -> Outbox:
    outbox = Outbox(tracking.places.state)
    notices.gather(tracking, outbox)
    return Outbox(tracking.places.state)


def test_the_first_run_is_one_line_and_no_flood(tmp_path):
    outbox = gathered(tracker(tmp_path / "cache", BEFORE, AFTER))
    assert [one.title for one in outbox.waiting] == ["thirteenf: notices begin"]
    assert "1 manager, 2 filings held" in outbox.waiting[0].body


def test_a_new_report_is_told_with_its_largest_moves_and_where_to_look(tmp_path):
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE))
    told = gathered(tracker(cache, AFTER)).waiting[-1]
    assert told.title == "13F: Example Advisors LLC"
    lines = told.body.splitlines()
    assert lines[0] == "13F-HR for 2025Q3, filed 2025-11-14"
    assert lines[1] == "AAPL added: 10,000 to 20,000 (+$2,546,300)"
    assert any(line.startswith("COCA COLA CO exited: 10,000 to 0 (-$663,200)") or "KO exited" in line for line in lines)
    assert lines[-1] == "https://www.sec.gov/Archives/edgar/data/9999991/000999999125000002/"


def test_what_has_been_told_is_not_told_again(tmp_path):
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE))
    gathered(tracker(cache, AFTER))
    assert len(gathered(Tracker(cache, today=TODAY)).waiting) == 2


def test_history_that_comes_in_late_is_counted_not_listed(tmp_path):
    cache = tmp_path / "cache"
    gathered(tracker(cache, AFTER))
    years = [
        filing(f"0009999991-2{year}-000009", period=date(2020 + year, 3, 31), filed=date(2020 + year, 5, 15))
        for year in range(1, 5)
    ]
    (told,) = gathered(tracker(cache, *years)).waiting[1:]
    assert told.body == "4 older filings taken in"


def test_a_report_for_an_old_quarter_filed_now_is_told_without_moves(tmp_path):
    """HughesLittle filed quarters since 2013 in 2026: none of that is news of today."""
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE, AFTER))
    late = filing("0009999991-25-000003", period=date(2024, 12, 31), filed=date(2025, 11, 14))
    (told,) = gathered(tracker(cache, late)).waiting[1:]
    assert told.body.splitlines() == [
        "13F-HR for 2024Q4, filed 2025-11-14",
        "https://www.sec.gov/Archives/edgar/data/9999991/000999999125000003/",
    ]


def of_managers(number, filed=date(2025, 11, 13)):
    for place in range(number):
        cik = f"00099999{place:02}"
        yield filing(f"{cik}-25-000001", cik=cik, name=f"Number {place} LLC", filed=filed)


def test_many_managers_at_once_are_one_digest(tmp_path):
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE))
    (told,) = gathered(tracker(cache, *of_managers(5), today=date(2025, 11, 20))).waiting[1:]
    assert told.title == "13F: news of 5 managers"
    assert told.body.count("https://") == 5


@pytest.mark.parametrize(("filed", "number"), [(date(2025, 11, 13), 2), (date(2025, 11, 14), 1)])
def test_of_a_deadline_day_there_is_one_digest(tmp_path, filed, number):
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE))
    the_night_after = tracker(cache, *of_managers(2, filed), today=date(2025, 11, 15))
    assert len(gathered(the_night_after).waiting) == 1 + number


def test_a_refusal_is_told(tmp_path):
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE))
    wrong = filing("0009999991-25-000002", positions=(("APPLE INC", "037833100", 2_546_300_000_000, 10000),))
    told = gathered(tracker(cache, wrong)).waiting[-1]
    assert told.body.startswith("Refused 0009999991-25-000002: Example Advisors LLC: its total is a thousand times")
    assert "AAPL" not in told.body  # no moves of what does not count, nor of another filing


def test_news_begins_though_the_first_run_failed(tmp_path):
    Outbox(tmp_path / "cache" / "state").put_failure(EdgarError("EDGAR does not answer.", "Later."))
    outbox = gathered(tracker(tmp_path / "cache", BEFORE, AFTER))
    assert [one.title for one in outbox.waiting][1:] == ["thirteenf: notices begin"]


def test_a_refusal_is_news_and_no_failed_job(tmp_path, inbox, run, monkeypatch):
    address, got, _ = inbox
    wrong = filing("0009999991-25-000002", positions=(("APPLE INC", "037833100", 2_546_300_000_000, 10000),))
    with SmallEdgar(lay_out(tmp_path / "tree", [BEFORE])) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("THIRTEENF_NOTIFY", address)
        command = ("--cache", tmp_path / "cache", "refresh", CIK, "--no-references", "--notify")
        assert run(*command)[0] == 0
        lay_out(tmp_path / "tree", [wrong])
        assert run(*command)[0] == 6
    assert [one["title"] for one in got] == ["thirteenf: notices begin", "13F: Example Advisors LLC"]


def test_a_job_that_cannot_begin_is_told_too(tmp_path, inbox, run, monkeypatch):
    address, got, _ = inbox
    monkeypatch.setenv("THIRTEENF_NOTIFY", address)
    monkeypatch.delenv("THIRTEENF_CONTACT", raising=False)
    assert run("--cache", tmp_path / "cache", "refresh", CIK, "--notify")[0] == 2
    assert got[0]["message"].startswith("There is no contact")


def test_a_service_that_is_down_gets_it_later_and_once(tmp_path, inbox):
    address, got, state = inbox
    outbox = gathered(tracker(tmp_path / "cache", BEFORE))
    deliver = notices.deliverer([address])
    state["fails"] = True
    assert outbox.send([address], deliver) == notices.Sent(0, 1)
    state["fails"] = False
    later = Outbox(tmp_path / "cache" / "state")
    assert later.send([address], deliver) == notices.Sent(1, 0)
    assert Outbox(tmp_path / "cache" / "state").send([address], deliver) == notices.Sent(0, 0)
    assert [one["title"] for one in got] == ["thirteenf: notices begin"]


def test_of_two_services_the_one_that_has_it_is_not_told_again(tmp_path):
    outbox = gathered(tracker(tmp_path / "cache", BEFORE))
    asked = []

    def deliver(address, *_):
        asked.append(address)
        return address == "a://" or len(asked) > 2

    outbox.send(["a://", "b://"], deliver)
    Outbox(tmp_path / "cache" / "state").send(["a://", "b://"], deliver)
    assert asked == ["a://", "b://", "b://"]


def test_after_a_week_a_notice_is_given_up(tmp_path):
    outbox = Outbox(tmp_path)
    old = notices.notice("t", "b")
    old.made = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    outbox.put([old], 1)
    assert outbox.send(["a://"], lambda *_: False) == notices.Sent(0, 0)


def test_the_same_failure_is_told_once_a_day(tmp_path):
    for _ in range(3):
        Outbox(tmp_path).put_failure(EdgarError("EDGAR does not answer.", "Later."))
    assert [one.body for one in Outbox(tmp_path).waiting] == ["EDGAR does not answer.\nLater."]
    Outbox(tmp_path).put_failure(EdgarError("Another.", "Later."))
    assert len(Outbox(tmp_path).waiting) == 2


def test_a_damaged_outbox_says_so(tmp_path):
    (tmp_path / "notices.json").write_bytes(b"{")
    with pytest.raises(StoreError, match="damaged"):
        Outbox(tmp_path)


def test_nobody_to_tell_and_addresses_that_are_none():
    with pytest.raises(UsageError, match="nobody to notify"):
        notices.deliverer([])
    with pytest.raises(UsageError, match="does not know an address of nonsense"):
        notices.deliverer(["nonsense://x"])


def test_the_command_tells_what_came_and_that_it_failed(tmp_path, inbox, run, monkeypatch):
    address, got, _ = inbox
    cache = tmp_path / "cache"
    with SmallEdgar(lay_out(tmp_path / "tree", [BEFORE])) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("THIRTEENF_NOTIFY", address)
        command = ("--cache", cache, "refresh", CIK, "--no-references", "--notify", "--json")
        code, out, _ = run(*command)
        assert code == 0
        assert json.loads(out)["notices"] == {"sent": 1, "waiting": 0}
        lay_out(tmp_path / "tree", [AFTER])
        assert run(*command)[0] == 0
        assert [one["title"] for one in got] == ["thirteenf: notices begin", "13F: Example Advisors LLC"]
        server.fail("*submissions*", "rate-block", always=True)
        assert run(*command)[0] == 4
        assert got[-1]["title"] == "thirteenf: the refresh failed (blocked)"


def test_a_dry_run_has_no_news(run):
    code, _, err = run("refresh", CIK, "--notify", "--dry-run")
    assert (code, err.split(". ")[0]) == (2, "Error: --dry-run does not go with --notify")


def test_a_failure_after_a_success_is_told_again(tmp_path):
    error = EdgarError("EDGAR does not answer.", "Later.")
    Outbox(tmp_path).put_failure(error)
    Outbox(tmp_path).forget_failure()
    Outbox(tmp_path).put_failure(error)
    assert len(Outbox(tmp_path).waiting) == 2


def test_only_one_of_two_runs_sends(tmp_path):
    with notices.alone(tmp_path) as first, notices.alone(tmp_path) as second:
        assert (first, second) == (True, False)


def test_a_digest_has_an_end(tmp_path):
    cache = tmp_path / "cache"
    gathered(tracker(cache, BEFORE))
    (told,) = gathered(tracker(cache, *of_managers(45))).waiting[1:]
    assert told.title == "13F: news of 45 managers"
    assert told.body.endswith("and 5 more: thirteenf events --since 1")


def test_an_outbox_that_is_damaged_holds_up_no_refresh(tmp_path, inbox, run, monkeypatch):
    address, _, _ = inbox
    cache = tmp_path / "cache"
    with SmallEdgar(lay_out(tmp_path / "tree", [BEFORE])) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("THIRTEENF_NOTIFY", address)
        (cache / "state").mkdir(parents=True)
        (cache / "state" / "notices.json").write_bytes(b"{")
        code, out, err = run("--cache", cache, "refresh", CIK, "--no-references", "--notify", "--json")
        assert (code, json.loads(out)["fetched"]) == (0, 1)
        assert "Notices: " in err
        assert "is damaged" in err
