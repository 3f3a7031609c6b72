"""`thirteenf refresh` when EDGAR misbehaves, or the user: a clear end, nothing lost, and the next run goes on."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from datetime import date

import pytest
from urllib3.util import Retry

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
    path_of,
    report,
    tables,
)
from tests.small_edgar import FAULTS, SmallEdgar, lay_out
from tests.trees import filing, imported, put
from thirteenf.edgar.pace import Pace
from thirteenf.shelf import Shelf

BLOCKS = ("rate-block", "undeclared", "block-200", "429")
STAY = (*BLOCKS, "429-retry-after")
"""Blocks, when the fault stays."""
LISTING = f"data.sec.gov/submissions/CIK{EXAMPLE}.json"
SECOND = number(EXAMPLE, 2)
PAUSE = Pace.pause


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Pauses between repetitions are as long as they are elsewhere."""
    monkeypatch.setattr(Retry, "sleep", lambda *_: None)
    monkeypatch.setattr(Pace, "pause", lambda self, seconds: PAUSE(self, seconds / 50))


@pytest.fixture(scope="module")
def contents():
    return [one for cik in (EXAMPLE, OTHER, THIRD) for one in history(cik)]


@pytest.fixture(scope="module")
def tree(contents, tmp_path_factory):
    return lay_out(tmp_path_factory.mktemp("served"), contents)


@pytest.fixture(scope="module")
def undisturbed(tree, tmp_path_factory):
    """The tables that three managers' filings come to."""
    cache = tmp_path_factory.mktemp("undisturbed")
    imported(cache, tree)
    return tables(cache)


def assert_shelf_is_sound(cache):
    shelf = Shelf(cache / "edgar" / "listings")
    for name in shelf.names():
        if name.endswith(".json") and (body := shelf.read(name)) is not None:
            assert isinstance(json.loads(body), dict)


# EDGAR


@pytest.mark.parametrize("seed", range(12))
def test_one_answer_in_five_a_fault(serve, refresh, cache, tree, undisturbed, seed):
    served = serve(tree, seed=seed)
    served.stall = 0.05
    served.fail_randomly(0.2)
    held = []
    for _ in range(15):
        code, told, err = refresh(EXAMPLE, OTHER, THIRD)
        assert code in (0, 3, 4, 7), err
        assert_sound(cache)
        assert_shelf_is_sound(cache)
        assert set(held) <= set(archived(cache))
        assert len(archived(cache)) == len(held) + told.get("fetched", 0)
        held = archived(cache)
        if code == 0:
            break
        assert_one_line(err)
        assert told.get("errors") or told["code"]
    assert code == 0
    assert tables(cache) == undisturbed
    assert_told_once(cache)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes(serve, refresh, cache, tree, fault):
    """Once, on a filing: the same run gets over it, or says so and the next one does."""
    served = serve(tree)
    served.stall = 0.05
    served.fail(f"*{SECOND}.txt", fault)
    code, _, err = refresh(EXAMPLE)
    expected = 4 if fault in BLOCKS else 7 if fault in ("absent", "redirect-loop") else 0
    assert code == expected, err
    if code:
        assert_one_line(err)
        assert refresh(EXAMPLE)[0] == 0
    assert len(archived(cache)) == 4
    assert_sound(cache)
    assert_told_once(cache)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "slow"])
def test_a_fault_that_stays_on_a_filing(serve, refresh, cache, tree, fault):
    served = serve(tree)
    served.stall = 0.05
    served.fail(f"*{SECOND}.txt", fault, always=True)
    code, told, err = refresh(EXAMPLE)
    assert code == (4 if fault in STAY else 7), err
    assert_one_line(err)
    assert SECOND not in archived(cache)
    assert told["fetched"] == len(archived(cache)) == told["parsed"]
    if fault not in STAY:
        assert told["fetched"] == 3
    assert_sound(cache)
    served.heal()
    served.forget()
    assert refresh(EXAMPLE)[0] == 0
    assert len(fetched(served)) == 4 - told["fetched"]
    assert len(archived(cache)) == 4
    assert_told_once(cache)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "slow"])
def test_a_fault_that_stays_on_a_listing(serve, refresh, cache, tree, fault):
    served = serve(tree)
    served.stall = 0.05
    refresh(EXAMPLE)
    before = tables(cache)
    served.fail(LISTING, fault, always=True)
    code, _, err = refresh(EXAMPLE)
    assert code == (3 if fault == "absent" else 4), err
    assert_one_line(err)
    assert_shelf_is_sound(cache)
    assert tables(cache) == before
    if fault not in STAY:
        code, told, err = refresh(EXAMPLE, OTHER)
        assert code == 7, err
        assert told["fetched"] == 4
    served.heal()
    assert refresh(EXAMPLE, OTHER)[0] == 0
    assert len(archived(cache)) == 8


@pytest.mark.parametrize("fault", BLOCKS)
def test_a_block_stops_everything_and_says_for_how_long(serve, refresh, cache, tree, fault):
    served = serve(tree)
    served.fail("data.sec.gov/*", fault, always=True)
    code, told, err = refresh(EXAMPLE, OTHER, THIRD)
    assert code == 4
    assert "minutes" in assert_one_line(err)
    assert told["code"] == "blocked"
    assert fetched(served) == []
    assert len(served.seen) <= 3  # those that were on their way
    assert archived(cache) == []


def test_those_who_wait_for_their_turn_do_not_hide_why_it_was_stopped(serve, refresh, tree, tmp_path, monkeypatch):
    """Hands that wait are woken when one is turned away: if they speak first, its reason is told all the same."""
    served = serve(tree)
    refresh(EXAMPLE, "--since", "2030Q1")
    served.fail("www.sec.gov/Archives/*", "rate-block", always=True)
    stop = Pace.stop

    def unlucky(self, *reason):
        stop(self, *reason)
        time.sleep(0.2)

    monkeypatch.setattr(Pace, "pause", PAUSE)
    monkeypatch.setattr(Pace, "stop", unlucky)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own-pace"))
    code, _, err = refresh(EXAMPLE, "--rate", 2)
    assert code == 4
    assert "minutes" in assert_one_line(err)


def test_no_reference_is_asked_for_after_a_block(serve, refresh, tree):
    served = serve(tree)
    served.fail(f"*{SECOND}.txt", "rate-block")
    assert refresh(EXAMPLE, "--references")[0] == 4
    assert not [path for path in served.paths() if "/files/" in path or "data-research" in path]


def test_a_fault_on_another_file_of_the_secs_is_told_and_no_failure(serve, refresh, cache, tree):
    served = serve(tree)
    served.put("www.sec.gov/files/company_tickers.json", b"{}")
    served.fail("www.sec.gov/files/company_tickers.json", "html-200", always=True)
    code, told, err = refresh(EXAMPLE, "--references")
    assert code == 0, err
    assert len(told["references"]["failed"]) == 1
    assert len(archived(cache)) == 4


def test_nothing_at_all_can_be_had(serve, refresh, cache):
    """After a few failures and no success it is given up; the next run has it all."""
    ciks = [f"{9_990_000 + n:010}" for n in range(40)]
    served = serve([report(cik, 1, NEWEST) for cik in ciks])
    served.fail("www.sec.gov/Archives/edgar/data/*", "503", always=True)
    code, told, err = refresh("--all", "--period", "2026Q3")
    assert code in (4, 7)
    assert_one_line(err)
    assert told["fetched"] == 0
    assert len(set(fetched(served))) < 30
    served.heal()
    assert refresh("--all", "--period", "2026Q3")[0] == 0
    assert len(archived(cache)) == 40


def test_after_a_few_failures_the_reason_is_told_and_not_that_the_run_was_stopped(serve, refresh):
    ciks = [f"{9_990_000 + n:010}" for n in range(20)]
    served = serve([report(cik, 1, NEWEST) for cik in ciks])
    served.fail("www.sec.gov/Archives/edgar/data/*", "503", always=True)
    code, told, err = refresh("--all", "--period", "2026Q3", "--references")
    assert code in (4, 7)
    assert "was stopped" not in assert_one_line(err)
    assert "blocked" not in {one["code"] for one in told["errors"]}


@pytest.mark.parametrize("fault", ["rate-block", "429"])
def test_what_was_served_whole_before_a_block_is_kept(serve, refresh, cache, fault):
    ciks = [f"{9_990_000 + n:010}" for n in range(30)]
    served = serve([report(cik, 1, NEWEST) for cik in ciks])
    served.fail(f"*{number(ciks[12], 1)}.txt", fault)
    assert refresh("--all", "--period", "2026Q3")[0] == 4
    whole = {request.path for request in served.seen if request.status == 200 and "/data/" in request.path}
    assert archived(cache) == sorted(path.rpartition("/")[2].removesuffix(".txt") for path in whole)
    served.forget()
    assert refresh("--all", "--period", "2026Q3")[0] == 0
    assert len(archived(cache)) == 30
    assert len(fetched(served)) == 30 - len(whole)


def test_the_daily_indexes_misbehave(serve, refresh, cache, tree):
    served = serve(tree)
    served.fail("*/master.20261116.idx", "silently-cut", "html-200")
    code, _, err = refresh("--all", "--period", "2026Q3")
    assert code == 0, err
    assert archived(cache) == [number(cik, 4) for cik in (EXAMPLE, OTHER, THIRD)]


@pytest.mark.parametrize("fault", ["html-200", "503", "cut", "429"])
def test_a_daily_index_that_cannot_be_had(serve, refresh, cache, tree, fault):
    """Whatever the other days have is told; the run ends with a clear code and the next one goes on."""
    served = serve(tree)
    served.fail("*/master.20261117.idx", fault, always=True)
    code, _, err = refresh("--all", "--period", "2026Q3")
    assert code in (4, 7), err
    assert_one_line(err)
    served.heal()
    assert refresh("--all", "--period", "2026Q3")[0] == 0
    assert len(archived(cache)) == 3


def test_the_same_number_with_other_bytes(serve, refresh, cache, tmp_path):
    served = serve(history(EXAMPLE))
    imported(cache, put(tmp_path / "in", report(EXAMPLE, 4, NEWEST)))
    before = tables(cache)
    served.put(path_of(EXAMPLE, number(EXAMPLE, 4)), report(EXAMPLE, 4, NEWEST, name="Someone Else"))
    code, _, err = refresh(EXAMPLE)
    assert code == 0, err  # it is held, so it is not asked for
    assert set(before) <= set(tables(cache))


# text tables, and what cannot be read


def text_era(place=1, **more):
    """A filing whose table is text, as filed in the first months of XML."""
    from tests.builders import document
    from tests.trees import _HEADER

    accession = number(EXAMPLE, place)
    told = {"accession": accession, "form": "13F-HR", "cik": EXAMPLE, "name": "EXAMPLE ADVISORS LLC",
            "filed": date(2013, 5, 14), "period": date(2013, 3, 31)} | more  # fmt: skip
    body = b"FORM 13F INFORMATION TABLE\nAPPLE INC  COM  037833100  25463  10000 SH SOLE\n"
    return _HEADER.format(**told).encode() + document("13F-HR", body) + b"</SEC-DOCUMENT>\n"


def test_a_text_table_is_kept_and_told_once(serve, refresh, run, cache):
    served = serve([text_era(), report(EXAMPLE, 2, QUARTERS[0])])
    code, told, err = refresh(EXAMPLE)
    assert code == 5, err
    assert number(EXAMPLE, 1) in assert_one_line(err)
    assert (told["fetched"], told["parsed"], told["refused"]) == (2, 1, 1)
    assert archived(cache) == [number(EXAMPLE, 1), number(EXAMPLE, 2)]
    before = tables(cache), events(cache)
    assert sorted(one["kind"] for one in before[1]) == ["filed", "refused"]
    served.forget()
    code, told, err = refresh(EXAMPLE)
    assert (code, told["refused"], told["events"], err) == (0, 0, None, "")
    assert fetched(served) == []
    assert (tables(cache), events(cache)) == before
    assert run("--cache", cache, "rebuild")[0] in (0, 7)
    assert tables(cache) == before[0]
    assert refresh(EXAMPLE)[0] == 0
    assert events(cache) == before[1]


def test_a_manager_of_whom_nothing_can_be_read(serve, refresh, run, cache):
    serve([text_era()])
    assert refresh(EXAMPLE)[0] == 5
    assert refresh(EXAMPLE)[0] == 0
    for command in ("holdings", "diff", "filings"):
        code, _, err = run("--cache", cache, command, EXAMPLE)
        assert code != 1, err
        if code:
            assert_one_line(err)
    assert run("--cache", cache, "status")[0] != 1


def test_what_was_filed_before_xml_is_not_asked_for(serve, refresh, cache):
    served = serve([text_era(filed=date(2012, 5, 14)), report(EXAMPLE, 2, NEWEST)])
    code, told, _ = refresh(EXAMPLE)
    assert (code, told["planned"]["too_old"]) == (0, 1)
    assert fetched(served) == [number(EXAMPLE, 2)] == archived(cache)


def test_a_filing_of_another_form_under_a_13f_number(serve, refresh, cache):
    body = filing(number(EXAMPLE, 1), cik=EXAMPLE, form="13F-HR").replace(b"<edgarSubmission", b"<ownershipDocument")
    served = serve([body, report(EXAMPLE, 2, NEWEST)])
    code, _, err = refresh(EXAMPLE)
    assert code == 5
    assert_one_line(err)
    assert len(archived(cache)) == 2
    served.forget()
    assert refresh(EXAMPLE)[0] == 0
    assert fetched(served) == []


# the user, and the way to EDGAR


def test_no_contact(serve, run, cache, tree, monkeypatch):
    served = serve(tree)
    monkeypatch.delenv("THIRTEENF_CONTACT")
    code, _, err = run("--cache", cache, "refresh", EXAMPLE)
    assert code == 2
    for how in ("--contact", "THIRTEENF_CONTACT", "thirteenf.toml"):
        assert how in assert_one_line(err)
    assert served.seen == []


@pytest.mark.parametrize("contact", ["Jane Doe", "jane@", "@example.com", "jane@localhost", "Jürgen j@example.com"])
def test_a_contact_without_an_address(serve, run, cache, tree, contact):
    served = serve(tree)
    code, _, err = run("--cache", cache, "refresh", EXAMPLE, "--contact", contact)
    assert code == 2
    assert contact in assert_one_line(err)
    assert served.seen == []


def test_a_contact_from_the_settings(serve, run, cache, tree, tmp_path, monkeypatch):
    served = serve(tree)
    monkeypatch.delenv("THIRTEENF_CONTACT")
    settings = tmp_path / "settings.toml"
    settings.write_text('contact = "Jane Doe jane@example.com"\n')
    asked = ["--cache", cache, "--config", settings, "refresh", EXAMPLE, "--no-references"]
    assert run(*asked)[0] == 0
    assert {request.headers["user-agent"].split(" ", 1)[1] for request in served.seen} == {"Jane Doe jane@example.com"}
    served.forget()
    assert run(*asked, "--contact", "Other o@example.com")[0] == 0
    assert served.seen[0].headers["user-agent"].endswith("Other o@example.com")
    settings.write_text("contact = 3\n")
    code, _, err = run(*asked)
    assert code == 2
    assert "contact" in assert_one_line(err)


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def held(serve, refresh, tree):
    """A cache with one manager, and the server it came from."""
    served = serve(tree)
    assert refresh(EXAMPLE)[0] == 0
    return served


def point(monkeypatch, base):
    for host in ("www", "data", "efts"):
        monkeypatch.setenv(f"THIRTEENF_EDGAR_{host.upper()}", f"{base}/{host}.sec.gov")


def assert_told_and_kept(refresh, cache, *words):
    before = tables(cache), archived(cache)
    code, told, err = refresh(EXAMPLE, OTHER)
    assert code == 4, err
    line = assert_one_line(err)
    for word in words:
        assert word in line, line
    assert told.get("fetched", 0) == 0
    assert (tables(cache), archived(cache)) == before


@pytest.mark.usefixtures("held")
def test_no_network(refresh, cache, monkeypatch):
    point(monkeypatch, f"http://127.0.0.1:{closed_port()}")
    assert_told_and_kept(refresh, cache, "cannot be reached", "network")


@pytest.mark.usefixtures("held")
def test_no_dns(refresh, cache, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    point(monkeypatch, "http://edgar.invalid")
    assert_told_and_kept(refresh, cache, "edgar.invalid", "DNS")


@pytest.mark.usefixtures("held")
def test_a_proxy_that_is_not_there(refresh, cache, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    point(monkeypatch, "http://edgar.invalid")
    assert_told_and_kept(refresh, cache, "proxy", "HTTP_PROXY")


def test_no_tls(held, refresh, cache, monkeypatch):
    point(monkeypatch, held.www.replace("http://", "https://").removesuffix("/www.sec.gov"))
    assert_told_and_kept(refresh, cache, "TLS", "certificates")


def test_an_address_that_is_none(serve, run, cache, tree, monkeypatch):
    serve(tree)
    monkeypatch.setenv("THIRTEENF_EDGAR_WWW", "not an address")
    code, _, err = run("--cache", cache, "refresh", EXAMPLE)
    assert code == 2
    assert "THIRTEENF_EDGAR_WWW" in assert_one_line(err)


@pytest.mark.parametrize("name", ["https://www.sec.gov", "https://data.sec.gov"])
def test_the_secs_limit_holds_at_the_secs_addresses(run, cache, monkeypatch, name):
    monkeypatch.setenv("THIRTEENF_CONTACT", "Jane Doe jane@example.com")
    point(monkeypatch, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv(f"THIRTEENF_EDGAR_{name[8:].partition('.')[0].upper()}", name)
    code, _, err = run("--cache", cache, "refresh", EXAMPLE, "--rate", "10")
    assert code == 2
    assert "10" in assert_one_line(err)


@pytest.mark.parametrize("ahead", [-3 * 86400, 400 * 86400])
def test_a_clock_that_is_wrong(serve, refresh, run, cache, tree, undisturbed, ahead):
    served = serve(tree)
    served.clock = ahead
    code, told, err = refresh(EXAMPLE, OTHER, THIRD)
    assert code == 0, err
    assert abs(told["clock_is_off"] + ahead) < 60
    assert tables(cache) == undisturbed
    _, out, err = run("--cache", cache, "refresh", EXAMPLE, "--no-references", "--text")
    assert "clock" in out + err
    served.clock = 0
    _, out, err = run("--cache", cache, "refresh", EXAMPLE, "--no-references", "--text")
    assert "clock" not in out + err


def test_a_cache_of_an_older_version_is_made_anew_and_goes_on(serve, refresh, cache, tree, undisturbed):
    serve(tree)
    assert refresh(EXAMPLE)[0] == 0
    (cache / "tables" / "rules.json").write_text('{"rules": "1"}')
    (cache / "tables" / "unreadable.parquet").unlink()
    code, told, err = refresh(EXAMPLE, OTHER, THIRD)
    assert code == 0, err
    assert told["fetched"] == 8
    assert tables(cache) == undisturbed
    assert_told_once(cache)


def test_a_damaged_list_of_what_was_accepted(serve, refresh, run, cache, tree):
    serve(tree)
    refresh(EXAMPLE)
    (cache / "state" / "accepted.json").write_text("{")
    code, _, err = run("--cache", cache, "refresh", EXAMPLE, "--no-references")
    assert code == 8
    assert "accepted.json" in assert_one_line(err)


def test_damaged_notes_of_listings_cost_a_request_and_nothing_else(serve, refresh, cache, tree):
    served = serve(tree)
    refresh(EXAMPLE)
    before = tables(cache)
    for path in (cache / "edgar" / "listings").rglob("*"):
        if path.is_file():
            path.write_bytes(b"{")
    served.forget()
    assert refresh(EXAMPLE)[0] == 0
    assert [request.status for request in served.seen] == [200]
    assert tables(cache) == before


def test_the_bundled_sample_is_not_brought_up_to_date(serve, run, tree):
    serve(tree)
    code, _, err = run("--sample", "refresh", EXAMPLE)
    assert code == 2
    assert_one_line(err)


# a disk that is full


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 12, 20])
def test_a_full_disk(serve, refresh, run, cache, tree, undisturbed, monkeypatch, nth):
    import errno
    import os
    from pathlib import Path

    serve(tree)
    calls, replace = [0], Path.replace

    def full(self, target):
        if self.is_relative_to(cache):
            calls[0] += 1
            if calls[0] >= nth:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    code, _, err = run("--cache", cache, "refresh", EXAMPLE, OTHER, THIRD, "--no-references")
    assert code == 8, err
    assert "No space left" in assert_one_line(err)
    monkeypatch.setattr(Path, "replace", replace)
    assert_sound(cache)
    with suppress(FileNotFoundError):
        assert not list(cache.rglob("*.unfinished"))
    assert refresh(EXAMPLE, OTHER, THIRD)[0] == 0
    assert tables(cache) == undisturbed
    assert_told_once(cache)


def test_two_servers_are_never_mixed_up(serve, refresh, tree, tmp_path):
    """What one server said of a listing's age is not asked of another."""
    serve(tree)
    refresh(EXAMPLE)
    with SmallEdgar(lay_out(tmp_path / "other", history(EXAMPLE))) as other:
        code, _, err = refresh_at(other, refresh)
        assert code == 0, err
        assert "if-none-match" not in other.seen[0].headers


def refresh_at(other, refresh):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in other.environment.items():
            patch.setenv(name, value)
        return refresh(EXAMPLE)
