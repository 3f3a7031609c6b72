"""Finding filings on EDGAR, with as few requests as can be, through a real socket."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote_plus

import pytest

from tests.doors import door
from tests.small_edgar import Hit, SmallEdgar, lay_out
from tests.trees import filing
from thirteenf.errors import AbsentError, BlockedError, EdgarError, NotFoundError
from thirteenf.finding import Finder
from thirteenf.shelf import Shelf

EXAMPLE, NORTH, SOUTH = "0009999991", "0009999992", "0009999993"
NAMES = {EXAMPLE: "EXAMPLE ADVISORS LLC", NORTH: "NORTHERN STAR CAPITAL LP", SOUTH: "NORTHERN LIGHT PARTNERS"}
LIST = f"data.sec.gov/submissions/CIK{EXAMPLE}.json"
OLDER = f"CIK{EXAMPLE}-submissions-001.json"
FRIDAY, SATURDAY = date(2025, 11, 14), date(2025, 11, 15)
DAILY = "www.sec.gov/Archives/edgar/daily-index/2025/QTR4"
INDEX = f"{DAILY}/master.20251114.idx"
TICKERS = "www.sec.gov/files/company_tickers.json"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    contents = [filing(f"{cik}-25-000001", cik=cik, name=name) for cik, name in NAMES.items()]
    return lay_out(tmp_path_factory.mktemp("tree"), contents)


@pytest.fixture
def served(tree):
    with SmallEdgar(tree) as edgar:
        yield edgar


class Clock:
    """Now, as the test says."""

    def __init__(self):
        self.now = datetime(2025, 12, 1, 17, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def finder(served, clock, tmp_path):
    with door(served, tmp_path) as edgar:
        yield Finder(edgar, Shelf(tmp_path / "listings"), clock)


def asked(served):
    """Paths asked for since the last look, with what came of each."""
    told = [(request.path, request.status) for request in served.seen]
    served.forget()
    return told


def listed(*numbers, older=(), cik=EXAMPLE):
    recent = {
        "accessionNumber": list(numbers), "filingDate": ["2025-11-14"] * len(numbers),
        "reportDate": ["2025-09-30"] * len(numbers), "form": ["13F-HR"] * len(numbers),
    }  # fmt: skip
    files = [{"name": name, "filingCount": count, "filingFrom": first, "filingTo": last}
             for name, count, first, last in older]  # fmt: skip
    return json.dumps({"cik": cik, "name": "EXAMPLE", "filings": {"recent": recent, "files": files}}).encode()


def bare(*numbers):
    return json.dumps(json.loads(listed(*numbers))["filings"]["recent"]).encode()


def number(place):
    return f"{EXAMPLE}-25-{place:06}"


def numbers(listing):
    return sorted(int(one.accession_number[-6:]) for one in listing.filings)


# A manager's list


def test_a_list_costs_one_request_and_the_next_time_a_short_one(finder, served):
    first = finder.listing(EXAMPLE)
    assert numbers(first) == [1]
    assert finder.listing(EXAMPLE) == first
    assert asked(served) == [(LIST, 200), (LIST, 304)]


def test_a_list_that_changes_is_had_anew(finder, served):
    finder.listing(EXAMPLE)
    served.put(LIST, listed(number(1), number(2)))
    assert numbers(finder.listing(EXAMPLE)) == [1, 2]


def test_a_damaged_list_is_asked_for_whole(finder, served, tmp_path):
    first = finder.listing(EXAMPLE)
    (tmp_path / "listings" / "submissions" / f"CIK{EXAMPLE}.json.gz").write_bytes(b"half")
    assert finder.listing(EXAMPLE) == first
    assert [status for _, status in asked(served)] == [200, 200]


def test_a_filer_that_nobody_knows(finder, served):
    with pytest.raises(NotFoundError, match="0000000001"):
        finder.listing("0000000001")
    assert len(asked(served)) == 1


def test_the_list_of_another_manager_is_an_error_and_is_not_kept(finder, served):
    served.put(LIST, listed(number(1), cik=NORTH))
    with pytest.raises(EdgarError):
        finder.listing(EXAMPLE)
    assert finder._shelf.read(f"submissions/CIK{EXAMPLE}.json") is None


def with_pages(served, count=2):
    served.put(LIST, listed(number(3), older=[(OLDER, count, "2009-01-01", "2014-08-14")]))
    served.put(f"data.sec.gov/submissions/{OLDER}", bare(number(1), number(2), number(3)))


def test_older_pages_are_asked_for_once(finder, served):
    with_pages(served)
    for _ in range(2):
        assert numbers(finder.listing(EXAMPLE)) == [1, 2, 3]
    page = f"data.sec.gov/submissions/{OLDER}"
    assert asked(served) == [(LIST, 200), (page, 200), (LIST, 304)]


def test_older_pages_that_are_said_to_hold_others_are_asked_for_again_and_then_no_more(finder, served):
    with_pages(served)
    finder.listing(EXAMPLE)
    with_pages(served, count=5)
    for _ in range(2):
        finder.listing(EXAMPLE)
    assert [path for path, _ in asked(served)].count(f"data.sec.gov/submissions/{OLDER}") == 2


@pytest.mark.parametrize(("since", "is_needed"), [
    (date(2014, 8, 14), True), (date(2014, 9, 30), False), (date(2025, 1, 1), False), (date(2001, 1, 1), True),
    (None, True),
])  # fmt: skip
def test_older_pages_are_asked_for_only_if_they_reach_so_far(finder, served, since, is_needed):
    with_pages(served)
    assert numbers(finder.listing(EXAMPLE, since)) == ([1, 2, 3] if is_needed else [3])
    assert len(served.seen) == 1 + is_needed


def test_older_pages_of_before_there_was_xml_are_never_asked_for(finder, served):
    served.put(LIST, listed(number(3), older=[(OLDER, 2, "1999-01-01", "2013-04-30")]))
    assert numbers(finder.listing(EXAMPLE, date(1999, 1, 1))) == [3]
    assert len(served.seen) == 1


def test_a_block_is_handed_on(finder, served):
    served.fail(LIST, "rate-block")
    with pytest.raises(BlockedError) as told:
        finder.listing(EXAMPLE)
    assert told.value.seconds == 600


# Days


def test_the_filings_of_a_day_are_asked_for_once(finder, served):
    for _ in range(3):
        assert {one.cik for one in finder.filed_on(FRIDAY)} == set(NAMES)
    assert asked(served) == [(INDEX, 200)]


def test_weekends_are_never_asked_for(finder, served):
    assert finder.filed_on(SATURDAY) == finder.filed_on(date(2025, 11, 16)) == []
    assert asked(served) == []


def test_a_holiday_is_asked_for_once(finder, served):
    for _ in range(2):
        assert finder.filed_on(date(2025, 11, 27)) == []
    assert [status for _, status in asked(served)] == [403]


def test_a_day_that_is_not_over_is_asked_for_until_it_is(finder, served, clock):
    """An index is final at six in the morning of the next day in New York, eleven by universal time."""
    body = finder._edgar.get(finder.addresses.daily_index(FRIDAY), lambda _: "").body
    served.remove(INDEX)
    served.forget()
    for day, hour, found, told in (
        (14, 20, 0, [(INDEX, 403)]), (15, 3, 0, [(INDEX, 403)]), (15, 4, 3, [(INDEX, 200)]),
        (15, 10, 3, [(INDEX, 304)]), (15, 11, 3, [(INDEX, 304)]), (15, 12, 3, []), (20, 0, 3, []),
    ):  # fmt: skip
        clock.now = datetime(2025, 11, day, hour, 30, tzinfo=UTC)
        if (day, hour) == (15, 4):
            served.put(INDEX, body)
        assert len(finder.filed_on(FRIDAY)) == found
        assert asked(served) == told, (day, hour)


def test_a_clock_that_was_years_ahead_spoils_nothing(finder, served, clock):
    clock.now += timedelta(days=1000)
    finder.filed_on(FRIDAY)
    clock.now -= timedelta(days=1000)
    finder.filed_on(FRIDAY)
    assert [status for _, status in asked(served)] == [200, 304]


def directory(served, *days):
    items = [{"name": f"master.{day:%Y%m%d}.idx"} for day in days]
    served.put(f"{DAILY}/index.json", json.dumps({"directory": {"item": items}}).encode())


def test_of_a_quarter_only_days_with_an_index_are_asked_for(finder, served):
    directory(served, FRIDAY)
    assert finder.days_for(date(2025, 9, 30), date(2025, 12, 1)) == [FRIDAY]
    assert asked(served) == [(f"{DAILY}/index.json", 200)]


def test_the_folder_of_a_quarter_that_goes_on_is_asked_for_again(finder, served, clock):
    directory(served, FRIDAY)
    for _ in range(2):
        finder.days_for(date(2025, 9, 30), date(2025, 12, 1))
    assert asked(served) == [(f"{DAILY}/index.json", 200), (f"{DAILY}/index.json", 304)]
    clock.now = datetime(2026, 2, 1, tzinfo=UTC)
    for _ in range(2):
        finder.days_for(date(2025, 9, 30), date(2026, 2, 1))
    assert asked(served) == [(f"{DAILY}/index.json", 304)]


def test_without_the_folder_each_business_day_may_have_an_index(finder, served):
    days = finder.days_for(date(2025, 9, 30), date(2025, 10, 8))
    assert days == [date(2025, 10, day) for day in (1, 2, 3, 6, 7, 8)]
    assert len(asked(served)) == 1


def test_a_quarter_that_has_not_begun_has_no_days(finder):
    assert finder.days_for(date(2025, 12, 31), date(2025, 12, 1)) == []


# Names and symbols


TODAY = date(2025, 12, 1)


def symbols(served, **known):
    rows = {str(i): {"cik_str": int(cik), "ticker": ticker.replace("_", "-"), "title": "x"}
            for i, (ticker, cik) in enumerate(known.items())}  # fmt: skip
    served.put(TICKERS, json.dumps(rows).encode())


@pytest.mark.parametrize("query", ["northern star", "Northern Star Capital LP", "NORTH star"])
def test_enough_of_a_name(finder, query):
    assert finder.whom(query, TODAY) == (NORTH, NAMES[NORTH])


def test_a_name_that_several_have_shows_them_and_searches_no_further(finder, served):
    with pytest.raises(NotFoundError) as told:
        finder.whom("northern", TODAY)
    for cik in (NORTH, SOUTH):
        assert f"{NAMES[cik]} ({cik})" in told.value.hint
    assert not any("search-index" in path for path, _ in asked(served))


@pytest.mark.parametrize("query", ["NST.B", "nst-b", "NST-B"])
def test_a_symbol_of_a_filer(finder, served, query):
    symbols(served, NST_B=NORTH)
    assert finder.whom(query, TODAY)[0] == NORTH


def test_a_symbol_of_one_that_files_no_13f_is_not_offered(finder, served):
    symbols(served, AAPL="0000320193")
    with pytest.raises(NotFoundError):
        finder.whom("AAPL", TODAY)


def test_one_that_files_no_longer_is_found_by_search(finder, served):
    served.hits = [
        Hit("Old Oak Management LLC", 9999777, "0009999777-20-000001", "13F-HR", "2020-02-14"),
        Hit("Old Oak Brewing Inc", 9999778, "0009999778-20-000001", "10-K", "2020-02-14"),
    ]  # fmt: skip
    assert finder.whom("old oak", TODAY) == ("0009999777", "Old Oak Management LLC")
    path = asked(served)[-1][0]
    assert path.startswith("efts.sec.gov/")
    assert "q=old oak" in unquote_plus(path)


def test_a_name_that_nobody_has(finder):
    with pytest.raises(NotFoundError, match="nobody at all"):
        finder.whom("nobody at all", TODAY)


def test_symbols_and_filers_are_asked_for_once_a_day_at_most(finder, served):
    symbols(served, NST=NORTH)
    for _ in range(3):
        finder.whom("NST", TODAY)
    told = asked(served)
    assert [path for path, _ in told].count(TICKERS) == 1
    indexes = [status for path, status in told if path.endswith("/2025/QTR4/master.idx")]
    assert indexes == [200, 304, 304]


def test_without_symbols_names_are_found_all_the_same(finder):
    assert finder.whom("example", TODAY)[0] == EXAMPLE


def test_a_block_while_symbols_are_asked_for_is_told_as_one(finder, served):
    served.fail(TICKERS, "rate-block", always=True)
    with pytest.raises(BlockedError) as told:
        finder.whom("example", TODAY)
    assert told.value.seconds == 600


# Files that change daily, and files that never do


def test_a_file_is_asked_for_once_a_day(finder, served, clock):
    symbols(served, A=NORTH)
    url = finder.addresses.file("files/company_tickers.json")
    news = []
    for hours in (0, 1, 22, 2, 30):
        clock.now += timedelta(hours=hours)
        news.append(finder.daily("t.json", url, lambda _: "")[1])
    assert news == [True, False, False, False, False]
    assert [status for _, status in asked(served)] == [200, 304, 304]


def test_an_absent_file_is_asked_for_once_a_day(finder, served, clock):
    url = finder.addresses.file("files/none.zip")
    for hours in (0, 5, 18, 2):
        clock.now += timedelta(hours=hours)
        with pytest.raises(AbsentError):
            finder.once("none.zip", url, lambda _: "")
    assert [status for _, status in asked(served)] == [404, 404]


def test_an_absent_file_that_was_elsewhere_before_is_asked_for_once_a_day_too(finder, served):
    served.put("www.sec.gov/files/a.zip", b"x")
    finder.once("a.zip", finder.addresses.file("files/a.zip"), lambda _: "")
    served.forget()
    for _ in range(2):
        with pytest.raises(AbsentError):
            finder.once("a.zip", finder.addresses.file("files/moved/a.zip"), lambda _: "")
    assert len(served.seen) == 1


def test_a_file_that_never_changes_is_asked_for_once_at_all(finder, served, clock):
    served.put("www.sec.gov/files/a.zip", b"x")
    url = finder.addresses.file("files/a.zip")
    news = []
    for days in (0, 1, 400, -900):
        clock.now += timedelta(days=days)
        news.append(finder.once("a.zip", url, lambda _: ""))
    assert news == [True, False, False, False]
    assert len(served.seen) == 1


def test_a_file_that_was_damaged_here_is_asked_for_again(finder, served, tmp_path):
    """As `cache check` promises."""
    served.put("www.sec.gov/files/a.zip", b"x")
    url = finder.addresses.file("files/a.zip")
    finder.once("a.zip", url, lambda _: "")
    (tmp_path / "listings" / "reference" / "a.zip.gz").write_bytes(b"half")
    finder.once("a.zip", url, lambda _: "")
    assert finder._shelf.read("reference/a.zip") == b"x"
