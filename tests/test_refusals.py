"""What cannot well be true is kept and refused until its user confirms it, and every report of its manager says so."""

from __future__ import annotations

import json
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from tests.refreshing import (
    EXAMPLE,
    NEWEST,
    OTHER,
    QUARTERS,
    archived,
    assert_one_line,
    assert_sound,
    events,
    fetched,
    history,
    number,
    path_of,
    report,
    tables,
)
from tests.small_edgar import lay_out
from tests.trees import THREE_STOCKS, imported
from thirteenf import Tracker

BAD = number(EXAMPLE, 4)
BEFORE = str(QUARTERS[2])
THOUSANDFOLD = tuple((issuer, cusip, value * 1000, amount) for issuer, cusip, value, amount in THREE_STOCKS)


def of_another_manager():
    return report(EXAMPLE, 4, NEWEST).replace(f"<cik>{EXAMPLE}</cik>".encode(), f"<cik>{OTHER}</cik>".encode())


def of_another_period():
    said, other = (f"<reportCalendarOrQuarter>{day}".encode() for day in ("09-30-2026", "06-30-2025"))
    whole = report(EXAMPLE, 4, NEWEST)
    assert said in whole
    return whole.replace(said, other)


IMPLAUSIBLE = {
    "thousandfold": (lambda: report(EXAMPLE, 4, NEWEST, positions=THOUSANDFOLD), "total-thousandfold"),
    "rows-missing": (lambda: report(EXAMPLE, 4, NEWEST, rows=7), "rows-missing"),
    "another-manager": (of_another_manager, "other-than-listed"),
    "another-period": (of_another_period, "other-than-listed"),
}


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture(params=IMPLAUSIBLE)
def implausible(request):
    """A newest filing that cannot well be true, and by which code it is refused."""
    make, code = IMPLAUSIBLE[request.param]
    return make(), code


@pytest.fixture
def served(serve, implausible):
    return serve([*history(EXAMPLE, QUARTERS[:-1]), implausible[0]])


@pytest.fixture
def ask(run, cache):
    """A question to the cache: exit code, document."""

    def command(*arguments):
        code, out, err = run("--cache", cache, *arguments, "--json", "--quiet")
        return code, json.loads(out), err

    return command


@pytest.mark.usefixtures("served")
def test_it_is_kept_refused_and_said(refresh, run, ask, cache, implausible):
    code, told, err = refresh(EXAMPLE)
    assert code == 6, err
    line = assert_one_line(err)
    assert BAD in line
    assert f"--accept {BAD}" in line
    assert (told["fetched"], told["refused"]) == (4, 1)
    assert told["errors"][0]["code"] == "implausible"
    assert BAD in archived(cache)
    assert_sound(cache)
    (event,) = [one for one in events(cache) if one["kind"] == "refused"]
    assert event["accession_number"] == BAD
    for command in ("diff", "holdings", "filings"):
        code, told, err = ask(command, EXAMPLE)
        assert code == 0, err
        assert [(one["accession_number"], one["code"]) for one in told["refused"]] == [(BAD, implausible[1])], command
        assert f"--accept {BAD}" in told["refused"][0]["hint"]
        _, out, _ = run("--cache", cache, command, EXAMPLE, "--text")
        assert any(line.startswith("REFUSED: 13F-HR " + BAD) for line in out.splitlines()[:4]), out
    code, told, err = ask("status")
    assert code == 0, err
    assert [one["accession_number"] for one in told["refused"]] == [BAD]
    assert told["status"][0]["refused"] == 1
    _, out, _ = run("--cache", cache, "status", "--text")
    assert any(line.startswith("REFUSED: ") for line in out.splitlines()[:4]), out


@pytest.mark.usefixtures("served")
def test_reports_fall_back_to_the_newest_period_that_counts(refresh, ask):
    refresh(EXAMPLE)
    for command in ("diff", "holdings"):
        code, told, err = ask(command, EXAMPLE)
        assert (code, told["period"]) == (0, BEFORE), err
        assert len(told["holdings" if command == "holdings" else "moves"]) == 3
    states = {row["accession_number"]: row["state"] for row in ask("filings", EXAMPLE)[1]["filings"]}
    assert states == {number(EXAMPLE, place): "in-force" for place in (1, 2, 3)} | {BAD: "refused"}


@pytest.mark.usefixtures("served")
def test_to_ask_for_the_refused_period_itself_is_an_error(refresh, run, cache):
    refresh(EXAMPLE)
    for command in ("diff", "holdings"):
        code, _, err = run("--cache", cache, command, EXAMPLE, "--period", str(NEWEST))
        assert code == 6, err
        assert f"--accept {BAD}" in assert_one_line(err)


def test_the_next_run_neither_fetches_nor_tells_it_again(served, refresh, cache):
    refresh(EXAMPLE)
    before = tables(cache), events(cache)
    served.forget()
    code, told, _ = refresh(EXAMPLE)
    assert (code, told["events"]) == (0, None)
    assert fetched(served) == []
    assert (tables(cache), events(cache)) == before


def filed(cache):
    """The tables of what was filed; what follows from what counts, such as holders' votes, is beside them."""
    return {name: mark for name, mark in tables(cache).items() if not name.startswith("securities/")}


def test_once_accepted_it_counts_and_a_rebuild_keeps_that(served, refresh, run, ask, cache):
    refresh(EXAMPLE)
    before, held = filed(cache), archived(cache)
    served.forget()
    code, told, err = refresh("--accept", BAD)
    assert code == 0, err
    assert told["accepted"] == BAD
    assert served.seen == []
    assert "accepted" in [one["kind"] for one in events(cache)]
    _, told, _ = ask("filings", EXAMPLE)
    assert told["refused"] == []
    assert {row["accession_number"]: row["state"] for row in told["filings"]}[BAD] == "in-force"
    figures = ask("diff", EXAMPLE)[1]
    count = len(events(cache))
    assert run("--cache", cache, "rebuild")[0] == 0
    assert (filed(cache), archived(cache)) == (before, held)
    assert ask("diff", EXAMPLE)[1] == figures
    assert refresh(EXAMPLE)[0] == 0
    assert len(events(cache)) == count
    code, _, err = refresh("--accept", BAD)
    assert code == 2
    assert "not refused" in assert_one_line(err)


def test_import_first_and_refresh_after_come_to_the_same(served, refresh, cache, tmp_path):
    refresh(EXAMPLE)
    other = tmp_path / "other"
    imported(other, served.root)
    refresh(EXAMPLE, cache=other)
    assert tables(other) == tables(cache)
    refused = [Tracker(one).refused()["accession_number"].to_list() for one in (cache, other)]
    assert refused == [[BAD], [BAD]]


def test_refresh_first_and_import_after_come_to_the_same(served, refresh, cache):
    refresh(EXAMPLE)
    before = tables(cache)
    imported(cache, served.root)
    assert tables(cache) == before


def left_by_a_killed_run(cache, body, *kept):
    """An archive with filings that are not in the tables yet."""
    from thirteenf import places
    from thirteenf.archive import Archive

    for place, content in enumerate((*kept, body), 1):
        Archive(places.at(cache).archive).add_submission(EXAMPLE, number(EXAMPLE, place), content)


@pytest.mark.parametrize("implausible", ["thousandfold", "rows-missing"], indirect=True)
def test_one_that_a_killed_run_had_fetched_is_told_by_the_next(served, refresh, cache, implausible):
    refresh(EXAMPLE, "--since", "2030Q1")  # nothing is fetched; the tables are there
    left_by_a_killed_run(cache, implausible[0], *history(EXAMPLE, QUARTERS[:-1]))
    code, told, err = refresh(EXAMPLE)
    assert (told["resumed"], fetched(served)) == (4, [])
    assert code == 6, err
    assert told["refused"] == 1
    assert BAD in assert_one_line(err)
    assert refresh(EXAMPLE)[0] == 0


def test_one_that_a_killed_run_had_fetched_and_cannot_be_read_is_told_by_the_next(serve, refresh, cache):
    bad = report(EXAMPLE, 4, NEWEST).replace(b"<edgarSubmission", b"<ownershipDocument")
    serve([*history(EXAMPLE, QUARTERS[:-1]), bad])
    refresh(EXAMPLE, "--since", "2030Q1")
    left_by_a_killed_run(cache, bad, *history(EXAMPLE, QUARTERS[:-1]))
    code, told, err = refresh(EXAMPLE)
    assert told["resumed"] == 4
    assert code == 5, err
    assert BAD in assert_one_line(err)


def test_reports_with_a_refused_filing_follow_their_schemas(serve, refresh, run, ask):
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, rows=7)])

    def valid(command, told):
        code, out, err = run("schema", command)
        assert code == 0, err
        Draft202012Validator(json.loads(out)).validate(told)

    valid("refresh", refresh(EXAMPLE)[1])
    for command in ("diff", "holdings", "filings"):
        valid(command, ask(command, EXAMPLE)[1])
    for command in ("status", "events", "moves"):
        valid(command, ask(command, *([EXAMPLE] if command == "moves" else []))[1])
    valid("refresh", refresh("--accept", BAD)[1])


def test_a_filing_whose_header_too_is_another_managers(serve, refresh, ask, cache):
    """Listed under one manager, header and cover another's: it counts for neither, and that is said."""
    served = serve([*history(EXAMPLE), *history(OTHER, QUARTERS[:-1])])
    served.put(path_of(EXAMPLE, BAD), report(OTHER, 4, NEWEST, accession=BAD))
    code, _, err = refresh(EXAMPLE, OTHER)
    assert code == 6, err
    assert BAD in assert_one_line(err)
    assert BAD in archived(cache)
    assert ask("diff", EXAMPLE)[1]["period"] == BEFORE
    assert ask("diff", OTHER)[1]["period"] == BEFORE
    told = [one["accession_number"] for manager in (EXAMPLE, OTHER) for one in ask("filings", manager)[1]["refused"]]
    assert BAD in told


@pytest.mark.parametrize("implausible", ["thousandfold"], indirect=True)
@pytest.mark.usefixtures("served")
def test_what_a_good_amendment_makes_good(refresh, ask, tmp_path):
    refresh(EXAMPLE)
    mended = report(EXAMPLE, 5, NEWEST, form="13F-HR/A", amends="RESTATEMENT", filed=date(2026, 11, 18))
    lay_out(tmp_path / "tree", [mended])
    code, told, err = refresh(EXAMPLE)
    assert (code, told["fetched"]) == (0, 1), err
    code, told, _ = ask("diff", EXAMPLE)
    assert (code, told["period"]) == (0, str(NEWEST))
    assert {row["change"] for row in told["moves"]} == {"added"}


@pytest.mark.parametrize("implausible", ["thousandfold"], indirect=True)
@pytest.mark.usefixtures("served")
def test_a_later_report_is_measured_by_the_last_that_counts(refresh, cache, tmp_path):
    refresh(EXAMPLE)
    more = [report(EXAMPLE, 6, date(2026, 9, 30), form="13F-HR/A", amends="NEW HOLDINGS", filed=date(2026, 11, 18),
                   positions=[("NUCOR CORP", "670346105", 135350, 1000)])]  # fmt: skip
    lay_out(tmp_path / "tree", more)
    refresh(EXAMPLE)
    assert Tracker(cache).refused()["accession_number"].to_list() == [BAD]


def test_all_that_a_manager_filed_is_refused(serve, refresh, ask, run, cache):
    serve([report(EXAMPLE, 4, NEWEST, rows=7)])
    assert refresh(EXAMPLE)[0] == 6
    for command in ("diff", "holdings"):
        code, _, err = run("--cache", cache, command, EXAMPLE)
        assert code == 6, err
        assert_one_line(err)
    for command in (("filings", EXAMPLE), ("status",)):
        code, told, err = ask(*command)
        assert code == 0, err
        assert [one["accession_number"] for one in told["refused"]] == [BAD]
    assert run("--cache", cache, "managers")[0] == 0
    assert run("--cache", cache, "moves", EXAMPLE)[0] != 1


def test_what_cannot_be_accepted(serve, refresh, cache):
    body = report(EXAMPLE, 1, QUARTERS[0]).replace(b"<edgarSubmission", b"<ownershipDocument")
    serve([body, report(EXAMPLE, 2, NEWEST)])
    refresh(EXAMPLE)
    before = tables(cache), events(cache)
    for accession, expected in ((number(EXAMPLE, 9), 3), (number(EXAMPLE, 2), 2), (number(EXAMPLE, 1), 5), ("x", 3)):
        code, told, err = refresh("--accept", accession)
        assert code == expected, err
        assert accession in assert_one_line(err)
        assert told["schema"] == "thirteenf.error/1"
    assert (tables(cache), events(cache)) == before
    assert not (cache / "state" / "accepted.json").exists()


def test_nothing_can_be_accepted_into_an_empty_cache(refresh):
    code, _, err = refresh("--accept", BAD)
    assert code == 3
    assert_one_line(err)


def test_an_empty_book_that_agrees_with_its_cover_is_accepted_and_flagged(serve, refresh, ask):
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, positions=())])
    code, told, err = refresh(EXAMPLE)
    assert (code, told["refused"]) == (0, 0), err
    code, told, err = ask("diff", EXAMPLE)
    assert (code, told["period"]) == (0, str(NEWEST)), err
    assert told["refused"] == []
    assert [row["change"] for row in told["moves"]] == ["exited"] * 3
    assert [one["accession_number"] for one in told["oddities"]].count(BAD) >= 1


def test_an_empty_table_whose_cover_counts_rows_is_refused(serve, refresh, ask):
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, positions=(), rows=3, total=3_725_400)])
    code, told, err = refresh(EXAMPLE)
    assert code in (5, 6), err  # nothing of it could be confirmed: it is as good as cut short
    assert told["refused"] == 1
    told = ask("diff", EXAMPLE)[1]
    assert (told["period"], [one["accession_number"] for one in told["refused"]]) == (BEFORE, [BAD])


@pytest.mark.parametrize("off", [-2, 1, 3])
def test_a_total_off_by_rounding_is_an_oddity_only(serve, refresh, ask, off):
    total = sum(position[2] for position in THREE_STOCKS)
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, positions=THREE_STOCKS, total=total + off)])
    code, told, err = refresh(EXAMPLE)
    assert (code, told["refused"]) == (0, 0), err
    told = ask("diff", EXAMPLE)[1]
    assert (told["period"], told["refused"]) == (str(NEWEST), [])


def test_half_of_the_rows_is_no_refusal(serve, refresh):
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, rows=6)])
    assert refresh(EXAMPLE)[0] == 0


def test_a_total_in_thousands_where_dollars_belong(serve, refresh, ask):
    """Read as what it is, or refused; never as a position that shrank a thousandfold."""
    small = tuple((issuer, cusip, value // 1000, amount) for issuer, cusip, value, amount in THREE_STOCKS)
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, positions=small)])
    code = refresh(EXAMPLE)[0]
    told = ask("diff", EXAMPLE)[1]
    if code == 0:
        assert all(row["value"] > 100_000 for row in told["moves"])
    else:
        assert (code, told["period"]) == (6, BEFORE)


def test_the_refused_are_as_known_on_a_day(serve, refresh, ask):
    serve([*history(EXAMPLE, QUARTERS[:-1]), report(EXAMPLE, 4, NEWEST, rows=7)])
    refresh(EXAMPLE)
    assert ask("filings", EXAMPLE, "--as-of", "2026-09-01")[1]["refused"] == []
    assert ask("status", "--as-of", "2026-09-01")[1]["refused"] == []
    assert len(ask("status", "--as-of", "2026-11-20")[1]["refused"]) == 1
