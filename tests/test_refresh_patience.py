"""What does not end a run, and what does; what stands in the way of nothing else."""

from __future__ import annotations

import json

import pytest

from tests.refreshing import (
    EXAMPLE,
    NEWEST,
    OTHER,
    QUARTERS,
    THIRD,
    archived,
    assert_one_line,
    fetched,
    history,
    number,
    path_of,
    report,
    tables,
)

LISTING = f"data.sec.gov/submissions/CIK{EXAMPLE}.json"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def listing(served) -> dict:
    return json.loads(served._document(LISTING).body)


def relist(served, told: dict) -> None:
    served.put(LISTING, json.dumps(told).encode())


def test_what_is_listed_and_not_there_keeps_nothing_else_from_being_fetched(serve, refresh, cache):
    served = serve(history(EXAMPLE) + [report(EXAMPLE, place, NEWEST) for place in range(5, 9)])
    for place in (1, 2, 3, 4):
        served.remove(path_of(EXAMPLE, number(EXAMPLE, place)))
    code, told, _ = refresh(EXAMPLE)
    assert code == 7
    assert told["fetched"] == 4
    assert archived(cache) == [number(EXAMPLE, place) for place in range(5, 9)]


@pytest.mark.parametrize("arguments", [(EXAMPLE, OTHER, THIRD), ("--all", "--period", "2026Q2")])
def test_a_server_that_has_failed_is_asked_few_times(serve, refresh, arguments):
    served = serve([*history(EXAMPLE), *history(OTHER), *history(THIRD)])
    served.fail("*", "503", always=True)
    code, told, err = refresh(*arguments, "--references")
    assert code == 4
    assert "503" in assert_one_line(err)
    assert told["schema"] in ("thirteenf.refresh/1", "thirteenf.error/1")
    assert len(served.seen) <= 4 * 20  # three failures in a row, and those on their way by then, four requests each


def test_many_managers_are_not_asked_for_when_three_fail(serve, refresh):
    served = serve(history(EXAMPLE))
    served.fail("*", "503", always=True)
    code, _, _ = refresh(*(f"00012345{place:02}" for place in range(40)))
    assert code == 4
    assert len(served.seen) <= 4 * 20  # of 4 * 40


@pytest.mark.parametrize("page", [None, b"[]", b'{"accessionNumber": 5}'])
def test_an_older_page_that_cannot_be_had_takes_nothing_else_away(serve, refresh, cache, page):
    served = serve(history(EXAMPLE))
    told = listing(served)
    name = f"CIK{EXAMPLE}-submissions-001.json"
    told["filings"]["files"] = [{"name": name, "filingCount": 9, "filingFrom": "2014-01-01", "filingTo": "2019-01-01"}]
    relist(served, told)
    if page:
        served.put(f"data.sec.gov/submissions/{name}", page)
    code, told, _ = refresh(EXAMPLE)
    assert (code, told["fetched"]) == (7, 4)
    assert "Older filings are missing" in told["managers"][0]["message"]
    assert len(archived(cache)) == 4


def test_a_listing_that_is_corrected_lifts_its_refusal(serve, refresh, cache, document):
    served = serve(history(EXAMPLE))
    right = listing(served)
    wrong = json.loads(json.dumps(right))
    wrong["filings"]["recent"]["reportDate"][0] = "2025-06-30"
    relist(served, wrong)
    assert refresh(EXAMPLE)[0] == 6
    relist(served, right)
    code, _, _ = refresh(EXAMPLE)
    assert code == 0
    assert document("--cache", cache, "diff", EXAMPLE)["refused"] == []
    assert document("--cache", cache, "diff", EXAMPLE)["period"] == str(NEWEST)


@pytest.mark.parametrize("order", [(EXAMPLE, OTHER), (OTHER, EXAMPLE)])
def test_a_filing_that_another_lists_too_is_its_own_managers(serve, refresh, cache, document, order):
    served = serve([*history(EXAMPLE), *history(OTHER, QUARTERS[-1:])])
    told = listing(served)
    recent, other = told["filings"]["recent"], json.loads(served._document(LISTING.replace(EXAMPLE, OTHER)).body)
    for key, values in recent.items():
        values.append(other["filings"]["recent"][key][0])
    relist(served, told)
    served.put(path_of(EXAMPLE, number(OTHER, 1)), report(OTHER, 1, NEWEST))
    for manager in order:
        refresh(manager)
    assert document("--cache", cache, "holdings", OTHER)["refused"] == []
    assert len(document("--cache", cache, "holdings", OTHER)["holdings"]) == 3


def test_a_manager_of_whom_nothing_counts_can_be_asked_for(serve, refresh, cache, run):
    broken = report(EXAMPLE, 1, NEWEST).replace(b"</infoTable>", b"<oops>", 1)
    serve([broken])
    code, _, err = refresh(EXAMPLE)
    assert code == 5
    assert_one_line(err)
    code, out, _ = run("--cache", cache, "filings", EXAMPLE, "--json")
    assert code == 0
    assert [one["code"] for one in json.loads(out)["refused"]] == ["unreadable"]
    code, out, _ = run("--cache", cache, "status", "--json")
    told = json.loads(out)
    assert (told["status"][0]["cik"], told["status"][0]["refused"]) == (EXAMPLE, 1)
    assert told["refreshed"]
    code, _, err = run("--cache", cache, "diff", EXAMPLE)
    assert code == 5
    assert number(EXAMPLE, 1) in assert_one_line(err)


def test_what_edgar_lists_under_a_manager_heads_its_reports_whoever_the_cover_names(serve, refresh, cache, document):
    served = serve(history(EXAMPLE))
    served.put(path_of(EXAMPLE, number(EXAMPLE, 4)), report(OTHER, 4, NEWEST, accession=number(EXAMPLE, 4)))
    assert refresh(EXAMPLE)[0] == 6
    assert [one["accession_number"] for one in document("--cache", cache, "diff", EXAMPLE)["refused"]] == [
        number(EXAMPLE, 4)
    ]


def test_status_as_of_a_day_knows_nothing_of_what_was_filed_later(serve, refresh, cache, document):
    from tests.small_edgar import lay_out

    served = serve(history(EXAMPLE, QUARTERS[:1]))
    refresh(EXAMPLE)
    before = document("--cache", cache, "status", "--as-of", "2026-09-01")["status"][0]["standing"]
    lay_out(served.root, [report(EXAMPLE, 9, NEWEST)])
    refresh(EXAMPLE)
    assert document("--cache", cache, "status", "--as-of", "2026-09-01")["status"][0]["standing"] == before == "stopped"


@pytest.mark.parametrize("wrong", [("--columns", "nope"), ("-o", "x.pdf"), ("--oddities",)])
def test_how_a_report_is_wanted_is_looked_at_before_anything_is_asked(serve, run, cache, wrong):
    served = serve(history(EXAMPLE))
    code, out, err = run("--cache", cache, "refresh", EXAMPLE, *wrong)
    assert (code, out, served.seen) == (2, "", [])
    assert_one_line(err)


@pytest.mark.parametrize("arguments", [
    ("--accept", "0009999991-26-000001", "--since", "2025Q1"), ("--accept", "0009999991-26-000001", EXAMPLE),
    (EXAMPLE, "--every", "5"), (EXAMPLE, "--period", "2025Q1"), (EXAMPLE, "--dry-run", "--follow"),
    ("--all", "--since", "2025Q1"), ("--all", EXAMPLE), ("--all", "--follow", "--limit", "3"),
    (EXAMPLE, "--follow", "--csv"), (EXAMPLE, "--follow", "-o", "x"),
])  # fmt: skip
def test_an_option_that_would_do_nothing_is_refused(serve, run, cache, arguments):
    served = serve(history(EXAMPLE))
    code, out, err = run("--cache", cache, "refresh", *arguments)
    assert (code, out, served.seen) == (2, "", []), err
    assert_one_line(err)


def test_what_edgar_asks_of_one_hand_it_asks_of_all(serve, refresh):
    served = serve([*history(EXAMPLE), *history(OTHER), *history(THIRD)])
    served.fail(f"*{number(EXAMPLE, 1)}.txt", "429-retry-after")
    assert refresh(EXAMPLE, OTHER, THIRD, "--rate", 20)[0] == 0
    asked = next(request for request in served.seen if request.fault == "429-retry-after")
    meanwhile = [r for r in served.seen if 0.2 < r.at - asked.at < 0.95]
    assert meanwhile == []
    assert len(fetched(served)) == 13


def test_the_same_tables_whatever_was_in_the_way(serve, refresh, cache, tmp_path):
    served = serve(history(EXAMPLE))
    refresh(EXAMPLE, cache=tmp_path / "undisturbed")
    served.fail(LISTING, "503", "503", "503", "503")
    assert refresh(EXAMPLE)[0] == 4
    assert refresh(EXAMPLE)[0] == 0
    assert tables(cache) == tables(tmp_path / "undisturbed")
