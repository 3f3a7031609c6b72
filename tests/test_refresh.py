"""`thirteenf refresh` from end to end: what it asks for, what it keeps, what it tells."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import suppress
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from tests.refreshing import (
    EXAMPLE,
    NAMES,
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
from tests.small_edgar import Hit, SmallEdgar, lay_out
from tests.trees import THREE_STOCKS, fingerprint, imported
from thirteenf import Tracker

SIX = ("berkshire", "scion", "softbank", "thiel", "bridgewater", "ark")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def served(serve):
    """Two managers, four quarters each."""
    return serve([*history(EXAMPLE), *history(OTHER)])


@pytest.fixture
def schema_of(run):
    def of(command):
        code, out, err = run("schema", command)
        assert code == 0, err
        return Draft202012Validator(json.loads(out))

    return of


# the six managers


@pytest.fixture(scope="module")
def six(edgar, tmp_path_factory):
    """A cache that `refresh` filled with the six, what was asked for, and what it cost."""
    from tests.trees import TODAY
    from thirteenf import places, refresh
    from thirteenf.edgar import Edgar
    from thirteenf.edgar.addresses import Addresses
    from thirteenf.edgar.pace import Pace

    folder = tmp_path_factory.mktemp("six")
    with SmallEdgar(edgar) as small:
        outcomes = []
        for _ in range(2):
            where = Addresses(small.www, small.data, small.efts)
            door = Edgar("Six Tester six@example.com", addresses=where, pace=Pace(folder / "pace", 1e5), rate=1e5)
            outcomes.append(refresh.run(places.at(folder / "cache"), door, refresh.Asked(SIX), today=TODAY))
            outcomes.append((small.paths(), tables(folder / "cache")))
            small.forget()
    return folder / "cache", outcomes


def test_six_managers_in_58_requests(six):
    _, (outcome, (paths, _), *_) = six
    asked = [path for path in paths if "/submissions/" in path or "/Archives/" in path]
    assert len(asked) == len(set(asked)) == 58
    assert (outcome.total("fetched"), outcome.total("parsed"), outcome.total("refused")) == (52, 52, 0)
    assert outcome.errors == []
    assert outcome.requests == len(paths) == 58 + outcome.reference_requests


def test_six_managers_again_in_six_requests_and_nothing_parsed(six):
    _, (_, (_, before), outcome, (paths, after)) = six
    assert len(paths) == outcome.requests == 6
    assert (outcome.total("fetched"), outcome.total("parsed"), outcome.resumed, outcome.events) == (0, 0, 0, [])
    assert before == after


def test_six_managers_come_to_the_tables_that_an_import_makes(six, edgar_cache):
    assert tables(six[0]) == tables(edgar_cache)
    assert_sound(six[0])
    assert_told_once(six[0])


@pytest.mark.parametrize(
    ("manager", "period", "ticker", "put_call", "change", "before", "amount"),
    [
        ("thiel", "2025Q3", "NVDA", "", "exited", 537_742, 0),
        ("berkshire", "2025Q3", "GOOGL", "", "new", 0, 17_846_142),
        ("berkshire", "2025Q2", "UNH", "", "new", 0, 5_039_564),
        ("scion", "2025Q3", "LULU", "Call", "exited", 400_000, 0),
        ("bridgewater", "2025Q4", "NVDA", "", "added", 2_509_751, 3_865_205),
        ("ark", "2025Q4", "NVDA", "", "added", 1_165_661, 1_254_577),
    ],
)
def test_six_managers_moves(six, run, manager, period, ticker, put_call, change, before, amount):
    code, out, err = run("--cache", six[0], "diff", manager, "--period", period, "--json", "--quiet")
    assert code == 0, err
    (row,) = [
        one for one in json.loads(out)["moves"] if (one["ticker"], one["put_call"] or "") == (ticker, put_call)
    ]  # fmt: skip
    assert (row["change"], row["amount_before"], row["amount"]) == (change, before, amount)


# what is asked for


def test_everything_once_then_a_request_a_manager(served, refresh, cache):
    code, told, _ = refresh(EXAMPLE, OTHER)
    assert code == 0
    assert (told["fetched"], told["parsed"], told["refused"]) == (8, 8, 0)
    assert told["requests"] == {"all": 10, "listings": 2, "references": 0}
    assert sorted(fetched(served)) == archived(cache)
    before = fingerprint(cache / "tables"), events(cache)
    served.forget()
    code, told, _ = refresh(EXAMPLE, OTHER)
    assert (code, told["fetched"], told["events"]) == (0, 0, None)
    assert [request.status for request in served.seen] == [304, 304]
    assert (fingerprint(cache / "tables"), events(cache)) == before


def test_the_tables_are_those_of_an_import(served, refresh, cache, tmp_path):
    refresh(EXAMPLE, OTHER)
    imported(tmp_path / "by-hand", served.root)
    assert tables(cache) == tables(tmp_path / "by-hand")


def test_without_validators_a_listing_is_fetched_whole_and_no_more(served, refresh):
    served.validators = False
    refresh(EXAMPLE)
    served.forget()
    assert refresh(EXAMPLE)[0] == 0
    assert [request.status for request in served.seen] == [200]


def test_a_new_filing_is_fetched_alone(serve, refresh, cache, tmp_path):
    served = serve(history(EXAMPLE, QUARTERS[:-1]))
    refresh(EXAMPLE)
    served.forget()
    lay_out(tmp_path / "tree", [report(EXAMPLE, 4, NEWEST)])
    code, told, _ = refresh(EXAMPLE)
    assert (code, told["fetched"], told["managers"][0]["latest_period"]) == (0, 1, str(NEWEST))
    assert fetched(served) == [number(EXAMPLE, 4)]
    assert len(served.seen) == 2
    assert [one["kind"] for one in events(cache)] == ["filed"] * 4


def test_moves_are_counted_for_the_newest_period_only_when_it_came(serve, refresh, tmp_path):
    serve([report(EXAMPLE, 1, QUARTERS[2])])
    (row,) = refresh(EXAMPLE)[1]["managers"]
    assert (row["unknown"], row["new"]) == (3, 0)  # a first report
    fewer = [("NUCOR CORP", "670346105", 135350, 1000), THREE_STOCKS[0]]
    lay_out(tmp_path / "tree", [report(EXAMPLE, 2, NEWEST, positions=fewer)])
    (row,) = refresh(EXAMPLE)[1]["managers"]
    assert [row[change] for change in ("new", "added", "unchanged", "reduced", "exited", "unknown")] == [
        1, 0, 0, 1, 2, 0
    ]  # fmt: skip
    (row,) = refresh(EXAMPLE)[1]["managers"]
    assert row["new"] is None


def test_an_amendment_is_told_and_what_it_revises(serve, refresh, cache, tmp_path):
    serve(history(EXAMPLE))
    refresh(EXAMPLE)
    more = (*THREE_STOCKS, ("NUCOR CORP", "670346105", 135350, 1000))
    day = date(2026, 11, 18)
    amendment = report(EXAMPLE, 9, NEWEST, positions=more, form="13F-HR/A", amends="RESTATEMENT", filed=day)
    lay_out(tmp_path / "tree", [amendment])
    code, told, _ = refresh(EXAMPLE)
    assert (code, told["fetched"], told["events"]) == (0, 1, {"first": 5, "last": 6})
    amended, revised = events(cache)[4:]
    assert (amended["kind"], amended["accession_number"]) == ("amended", number(EXAMPLE, 9))
    assert (revised["kind"], revised["period"]) == ("revised", str(NEWEST))
    assert "of 3 positions 1 came in, 3 changed" in revised["message"]
    assert refresh(EXAMPLE)[1]["events"] is None


def test_since_bounds_history(served, refresh, cache):
    code, told, _ = refresh(EXAMPLE, "--since", "2026Q2")
    assert (code, told["fetched"], told["planned"]["too_old"]) == (0, 2, 2)
    assert sorted(fetched(served)) == [number(EXAMPLE, 3), number(EXAMPLE, 4)]
    assert refresh(EXAMPLE)[1]["fetched"] == 2
    assert len(archived(cache)) == 4


@pytest.mark.usefixtures("served")
def test_a_limit_takes_the_newest_and_the_next_run_goes_on(refresh, cache):
    for newest, left in ((2, 2), (4, 0)):
        code, told, _ = refresh(EXAMPLE, "--limit", 2)
        assert (code, told["fetched"], told["planned"]["beyond_limit"]) == (0, 2, left)
        assert archived(cache) == [number(EXAMPLE, place) for place in range(5 - newest, 5)]


def test_a_dry_run_changes_nothing_and_tells_the_cost(served, refresh, cache):
    code, told, _ = refresh(EXAMPLE, "--dry-run", "--rate", 4)
    assert (code, told["dry_run"], told["fetched"]) == (0, True, 0)
    assert (told["planned"]["filings"], told["planned"]["seconds"]) == (4, 1.0)
    assert archived(cache) == []
    assert fetched(served) == []
    assert events(cache) == []
    refresh(OTHER)
    before = fingerprint(cache / "edgar" / "data") | tables(cache) | fingerprint(cache / "state")
    told = refresh(EXAMPLE, OTHER, "--dry-run")[1]
    assert (told["planned"]["filings"], told["planned"]["held"]) == (4, 4)
    after = fingerprint(cache / "edgar" / "data") | tables(cache) | fingerprint(cache / "state")
    assert after | {"refresh.log": ""} == before | {"refresh.log": ""}


def test_a_dry_run_as_text_names_requests_and_seconds(served, run, cache):
    code, out, err = run("--cache", cache, "refresh", EXAMPLE, "--dry-run", "--text", "--no-references", "--rate", 2)
    assert code == 0, err
    assert "4 requests and 2 s" in out
    assert len(served.seen) == 1


def test_every_filer_of_a_quarter_from_the_daily_indexes(serve, refresh, cache):
    contents = [*history(EXAMPLE), *history(OTHER), report(THIRD, 1, NEWEST, filed=date(2026, 10, 20))]
    served = serve(contents)
    code, told, _ = refresh("--all", "--period", "2026Q3")
    assert code == 0
    assert archived(cache) == [number(EXAMPLE, 4), number(OTHER, 4), number(THIRD, 1)]
    assert {row["cik"] for row in told["managers"]} == {EXAMPLE, OTHER, THIRD}
    assert not [path for path in served.paths() if "submissions" in path]
    days = {path[-12:-4] for path in served.paths() if "daily-index" in path and path.endswith(".idx")}
    weekend = {day for day in days if date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}").weekday() >= 5}
    assert weekend == set()
    assert max(days) <= "20261121"
    served.forget()
    assert refresh("--all", "--period", "2026Q3")[1]["fetched"] == 0
    assert fetched(served) == []


def test_every_filer_of_a_quarter_that_has_no_folder_listing(serve, refresh, cache):
    """A quarter with its listing of days asks for those days alone."""
    served = serve(history(EXAMPLE))
    days = {"directory": {"item": [{"name": "master.20261116.idx", "type": "file"}], "name": "daily-index/2026/QTR4/"}}
    served.put("www.sec.gov/Archives/edgar/daily-index/2026/QTR4/index.json", json.dumps(days).encode())
    assert refresh("--all", "--period", "2026Q3")[0] == 0
    assert len([path for path in served.paths() if path.endswith(".idx")]) == 1
    assert archived(cache) == [number(EXAMPLE, 4)]


def test_a_quarter_that_has_not_ended_and_options_that_do_not_go_together(served, run, cache):
    for options in (
        ("--all", "--period", "2026Q4"), ("--all", EXAMPLE), (EXAMPLE, "--period", "2026Q3"),
        ("--accept", number(EXAMPLE, 1), EXAMPLE), (EXAMPLE, "--since", "yesterday"), (EXAMPLE, "--rate", "0"),
        (EXAMPLE, "--limit", "0"),
    ):  # fmt: skip
        code, _, err = run("--cache", cache, "refresh", *options)
        assert code == 2, (options, err)
        assert_one_line(err)
    assert served.seen == []


# who is meant


def watched(tmp_path, *entries):
    settings = tmp_path / "settings.toml"
    settings.write_text(f"watchlist = {json.dumps(entries)}\n", encoding="utf-8")
    return settings


def test_the_watchlist_without_names(served, run, cache, tmp_path):
    settings = watched(tmp_path, EXAMPLE, OTHER)
    asked = ["--cache", cache, "--config", settings, "refresh", "--no-references"]
    code, out, err = run(*asked, "--json", "--quiet")
    assert (code, json.loads(out)["fetched"]) == (0, 8), err
    assert len(served.seen) == 10


def test_an_empty_watchlist(served, run, cache):
    code, _, err = run("--cache", cache, "refresh")
    assert code == 2
    assert "watchlist" in assert_one_line(err)
    assert served.seen == []


def test_a_name_is_looked_up_among_the_filers_of_the_last_deadline(served, refresh, cache):
    code, told, _ = refresh("other capital")
    assert (code, told["fetched"]) == (0, 4)
    assert archived(cache) == [number(OTHER, place) for place in range(1, 5)]
    served.forget()
    assert refresh("other capital")[0] == 0
    assert len(served.seen) == 1  # it is known here now


@pytest.mark.usefixtures("served")
def test_an_unknown_name(refresh, cache):
    code, told, err = refresh("nobody of that name")
    assert code == 3
    assert "nobody of that name" in assert_one_line(err)
    assert (told["schema"], told["code"]) == ("thirteenf.error/1", "not-found")
    assert archived(cache) == []


@pytest.mark.usefixtures("served")
def test_an_unknown_name_stops_no_other(refresh):
    code, told, err = refresh("nobody of that name", OTHER)
    assert code == 7
    assert_one_line(err)
    assert (told["fetched"], len(told["errors"])) == (4, 1)


def test_a_name_with_several_candidates(serve, refresh):
    names = {EXAMPLE: "North Sea Capital LP", OTHER: "North Sea Partners LLC"}
    serve([report(cik, place, period, name=name) for cik, name in names.items()
           for place, period in enumerate(QUARTERS, 1)])  # fmt: skip
    code, _, err = refresh("north sea")
    assert code == 3
    for cik in names:
        assert cik in assert_one_line(err)
    assert refresh("north sea partners")[0] == 0


def test_a_ticker(served, refresh, cache):
    symbols = {"0": {"cik_str": int(OTHER), "ticker": "OTHR", "title": "Other Capital LP"},
               "1": {"cik_str": 320193, "ticker": "AAPL", "title": "Apple Inc."}}  # fmt: skip
    served.put("www.sec.gov/files/company_tickers.json", json.dumps(symbols).encode())
    assert refresh("othr")[0] == 0
    assert archived(cache) == [number(OTHER, place) for place in range(1, 5)]
    code, _, err = refresh("AAPL")  # no filer of Form 13F
    assert code == 3
    assert_one_line(err)


def test_a_name_that_only_the_search_finds(served, refresh, cache):
    served.hits.append(
        Hit("Example Advisors LLC Formerly Quondam", EXAMPLE, number(EXAMPLE, 1), "13F-HR", "2026-02-17")
    )
    assert refresh("quondam")[0] == 0
    assert len(archived(cache)) == 4


@pytest.mark.usefixtures("served")
def test_a_cik_that_edgar_does_not_know(refresh, cache):
    code, told, err = refresh("1234567")
    assert code == 3
    assert "0001234567" in assert_one_line(err)
    assert "1234567" in told["message"]
    assert refresh("1234567", EXAMPLE)[0] == 7
    assert len(archived(cache)) == 4


def test_a_filer_that_never_filed_a_13f(served, refresh, cache):
    listing = json.loads((served.root / f"data.sec.gov/submissions/CIK{EXAMPLE}.json").read_text())
    listing["cik"], listing["name"] = "0000320193", "Apple Inc."
    listing["filings"]["recent"]["form"] = ["10-K"] * 4
    served.put("data.sec.gov/submissions/CIK0000320193.json", json.dumps(listing).encode())
    code, told, err = refresh("320193")
    assert code == 3
    assert "Apple Inc." in assert_one_line(err)
    assert "no Form 13F" in told["message"]
    code, told, _ = refresh("320193", EXAMPLE)
    assert code == 7
    assert len(archived(cache)) == 4
    assert [row["message"] is None for row in told["managers"]] == [False, True]


# what it says


@pytest.mark.usefixtures("served")
def test_the_summary_and_the_events_follow_their_schemas(refresh, document, cache, schema_of):
    schema = schema_of("refresh")
    for arguments in ((EXAMPLE, "--dry-run"), (EXAMPLE, OTHER), ("nobody", OTHER), (EXAMPLE, "--references")):
        schema.validate(refresh(*arguments)[1])
    told = document("--cache", cache, "events")
    schema_of("events").validate(told)
    assert (len(told["events"]), told["last"]) == (8, 8)


@pytest.mark.usefixtures("served")
def test_events_since_an_id(refresh, document, cache):
    refresh(EXAMPLE, OTHER)
    told = document("--cache", cache, "events", "--since", 6)
    assert [one["id"] for one in told["events"]] == [7, 8]
    assert document("--cache", cache, "events", "--since", 8) | {"last": 0} == told | {
        "since": 8, "last": 0, "events": []
    }  # fmt: skip


def test_json_with_a_failure_is_one_document(served, run, cache):
    served.fail(f"*{number(EXAMPLE, 2)}.txt", "absent", always=True)
    code, out, err = run("--cache", cache, "refresh", EXAMPLE, "--no-references", "--json")
    assert code == 7, err
    told = json.loads(out)  # all of it
    assert told["schema"].startswith("thirteenf.refresh/")
    assert number(EXAMPLE, 2) in told["errors"][0]["message"]
    code, out, _ = run("--cache", cache, "refresh", "--accept", number(EXAMPLE, 7), "--json")
    assert (code, json.loads(out)["schema"]) == (3, "thirteenf.error/1")


@pytest.mark.usefixtures("served")
def test_lines_in_a_log_where_there_is_no_terminal(run, cache, tmp_path):
    assert run("--cache", cache, "refresh", EXAMPLE, "--no-references")[0] == 0
    lines = (cache / "state" / "refresh.log").read_text().splitlines()
    assert len(lines) >= 5
    assert [line for line in lines if " 4/4 " in line]
    for place in range(1, 5):
        assert [line for line in lines if number(EXAMPLE, place) in line]
    run("--cache", cache, "refresh", OTHER, "--no-references", "--log", tmp_path / "logs" / "night.log")
    assert number(OTHER, 4) in (tmp_path / "logs" / "night.log").read_text()
    assert number(OTHER, 4) not in (cache / "state" / "refresh.log").read_text()


@pytest.mark.usefixtures("served")
def test_a_bar_on_a_terminal(cache):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "thirteenf", "--cache", str(cache), "refresh", EXAMPLE, "--no-references"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        with suppress(OSError):  # the end, as Linux says it
            while part := os.read(ours, 65536):
                drawn += part
        told = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0
    assert b"] 4/4 " in drawn
    assert b"\r" in drawn
    assert "\x1b" not in told
    assert not (cache / "state" / "refresh.log").exists()


@pytest.mark.usefixtures("served")
def test_no_control_sequences_where_there_is_no_terminal(run, cache):
    _, out, err = run("--cache", cache, "refresh", EXAMPLE, "--no-references")
    assert "\x1b" not in out + err
    assert "\r" not in out + err


def test_the_other_files_are_asked_for_once_a_day_and_their_absence_is_told(served, refresh):
    code, told, _ = refresh(EXAMPLE, "--references")
    assert code == 0
    assert len(told["references"]["absent"]) == told["requests"]["references"] == 4
    served.forget()
    code, told, _ = refresh(EXAMPLE, "--references")
    assert (code, told["requests"]["references"], len(served.seen)) == (0, 0, 1)


def test_the_other_files_are_kept_as_served(served, refresh, cache):
    symbols = json.dumps({"0": {"cik_str": 1, "ticker": "A", "title": "A"}}).encode()
    served.put("www.sec.gov/files/company_tickers.json", symbols)
    fails = '<html><body><a href="/files/data/fails/cnsfails202609b.zip">September</a>'
    fails += '<a href="/files/data/fails/cnsfails201101a.zip">Long ago</a></body></html>'
    served.put("www.sec.gov/data-research/sec-markets-data/fails-deliver-data", fails.encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as inside:
        inside.writestr("cnsfails202609b.txt", "SETTLEMENT DATE|CUSIP\n")
    served.put("www.sec.gov/files/data/fails/cnsfails202609b.zip", packed.getvalue())
    told = refresh(EXAMPLE, "--references")[1]
    assert told["references"]["fetched"] == told["references"]["here"] == 3
    kept = {path.name for path in (cache / "edgar").rglob("*.gz") if "data" not in path.relative_to(cache).parts}
    assert {"company_tickers.json.gz", "cnsfails202609b.zip.gz"} <= kept


@pytest.mark.usefixtures("served")
def test_a_tree_whose_archive_is_removed_is_fetched_anew(refresh, cache):
    refresh(EXAMPLE)
    before = tables(cache)
    shutil.rmtree(cache)
    assert refresh(EXAMPLE)[0] == 0
    assert tables(cache) == before


def test_a_list_that_changes_between_requests(served, refresh, cache):
    """A filing that is listed before it can be had is told, and comes with the next run."""
    served.remove(path_of(EXAMPLE, number(EXAMPLE, 4)))
    code, told, err = refresh(EXAMPLE)
    assert (code, told["fetched"]) == (7, 3)
    assert "not there yet" in assert_one_line(err)
    served.put(path_of(EXAMPLE, number(EXAMPLE, 4)), report(EXAMPLE, 4, NEWEST))
    code, told, _ = refresh(EXAMPLE)
    assert (code, told["fetched"]) == (0, 1)
    assert_told_once(cache)


@pytest.mark.usefixtures("served")
def test_reports_read_what_was_fetched(refresh, cache):
    refresh(EXAMPLE)
    tracker = Tracker(cache)
    assert tracker.periods(EXAMPLE) == list(QUARTERS)
    assert tracker.managers() == {EXAMPLE: NAMES[EXAMPLE]}
    assert tracker.moves(EXAMPLE)["change"].to_list() == ["added"] * 3
