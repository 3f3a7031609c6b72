"""Which filings are refused until their user confirms them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirteenf.amendments import order
from thirteenf.filing import NEW_HOLDINGS, NOTICE
from thirteenf.plausibility import CODES, refused, suspects
from thirteenf.tables import FILINGS

CIK = "0009999991"
REPORT, COMBINATION = "13F HOLDINGS REPORT", "13F COMBINATION REPORT"
QUARTERS = [date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31),
            date(2025, 6, 30), date(2025, 9, 30)]  # fmt: skip
MILLION = 1_000_000
NEW_YORK = ZoneInfo("America/New_York")


def a_filing(place=0, total=100 * MILLION, **more):
    """A row of tables.FILINGS as far as refusals read it: the report for the quarter of that place."""
    period = more.pop("period", QUARTERS[place])
    unit = more.pop("value_unit", "dollars")
    plain = {
        "accession_number": f"{CIK}-25-{place + 1:06}", "cik": CIK, "manager": "EXAMPLE", "form_type": "13F-HR",
        "report_type": REPORT, "period": period, "cover_cik": None, "cover_period": None,
        "filing_date": date(2025, 11, 14),
        "accepted": None, "is_amendment": "amendment_type" in more, "amendment_number": None, "amendment_type": None,
        "table_entry_total": 50,
        "row_count": 50, "value_sum": total, "own_unit": unit, "value_unit": unit, "listed_cik": None,
        "listed_period": None,
    }  # fmt: skip
    return plain | more


def codes(*filings, accepted=()):
    """The refused ones by place, from 1, with the code."""
    found = refused(filings, accepted, order)
    assert all(one.code in CODES and one.message.startswith(CODES[one.code]) for one in found.values())
    assert all(accession == one.accession_number for accession, one in found.items())
    return {int(accession[-6:]): one.code for accession, one in found.items()}


def chain(*totals):
    return [a_filing(place, total) for place, total in enumerate(totals)]


def test_what_grows_and_shrinks_as_funds_do_is_fine():
    assert codes(*chain(100 * MILLION, 5000 * MILLION, 11 * MILLION, 5 * MILLION, 400 * MILLION)) == {}


@pytest.mark.parametrize("times", [1000, 500, 20_000])
def test_a_thousandfold_is_refused_both_ways(times):
    assert codes(*chain(MILLION, times * MILLION)) == {2: "total-thousandfold"}
    assert codes(*chain(times * MILLION, MILLION)) == {2: "total-thousandfold"}


def test_just_less_than_the_bound_is_not():
    assert codes(*chain(MILLION, 500 * MILLION - 1)) == codes(*chain(500 * MILLION - 1, MILLION)) == {}


def test_the_figures_are_told():
    (one,) = refused(chain(2 * MILLION, 2000 * MILLION), (), order).values()
    assert one.message.endswith("$2,000,000 and now $2,000,000,000")


def test_totals_are_weighed_in_dollars():
    before = a_filing(0, 100_000, value_unit="thousands")
    assert codes(before, a_filing(1, 100 * MILLION)) == {}
    assert codes(before, a_filing(1, 100_000)) == {2: "total-thousandfold"}


def test_an_empty_book_is_no_measure_and_is_never_measured():
    empty = a_filing(1, 0, row_count=0, table_entry_total=0)
    assert codes(a_filing(0), empty, a_filing(2)) == {}
    assert codes(a_filing(0), empty, a_filing(2, 100_000 * MILLION)) == {3: "total-thousandfold"}
    assert codes(a_filing(0, 0, row_count=0, table_entry_total=0), a_filing(1, 9)) == {}


def test_a_first_filing_is_measured_by_nothing():
    assert codes(a_filing(0, 3)) == {}


def test_a_second_wrong_one_is_no_better_for_the_first():
    assert codes(*chain(MILLION, 1000 * MILLION, 1100 * MILLION, 2 * MILLION)) == {
        2: "total-thousandfold", 3: "total-thousandfold",
    }  # fmt: skip


def test_an_accepted_one_is_the_measure_from_then_on():
    filings = chain(MILLION, 1000 * MILLION, 1100 * MILLION, 2 * MILLION)
    second = filings[1]["accession_number"]
    assert codes(*filings, accepted={second}) == {4: "total-thousandfold"}
    assert codes(*filings, accepted={second, filings[3]["accession_number"]}) == {}


def test_accepting_one_accepts_no_other():
    filings = chain(MILLION, 1000 * MILLION, 3 * MILLION, 3000 * MILLION)
    assert codes(*filings, accepted={filings[3]["accession_number"]}) == {2: "total-thousandfold"}


def test_what_is_refused_for_another_reason_is_no_measure_either():
    short = a_filing(1, 1000 * MILLION, row_count=10)
    assert codes(a_filing(0, MILLION), short, a_filing(2, 2 * MILLION)) == {2: "rows-missing"}


# Amendments


def test_few_new_holdings_are_fine_and_no_measure():
    adds = a_filing(1, 1000, amendment_type=NEW_HOLDINGS, row_count=1, table_entry_total=1)
    assert codes(a_filing(0), adds, a_filing(2)) == {}


def test_huge_new_holdings_are_refused():
    adds = a_filing(1, 50_000 * MILLION, amendment_type=NEW_HOLDINGS)
    assert codes(a_filing(0), adds, a_filing(2)) == {2: "total-thousandfold"}


@pytest.mark.parametrize("total", [100_000 * MILLION, 100_000])
def test_a_restatement_is_measured_like_a_report(total):
    again = a_filing(1, total, period=QUARTERS[0], amendment_type="RESTATEMENT", filing_date=date(2025, 11, 20))
    assert codes(a_filing(0), again) == {2: "total-thousandfold"}


def test_a_restatement_that_mends_a_wrong_total_counts():
    wrong = a_filing(1, 100_000 * MILLION)
    right = a_filing(2, 101 * MILLION, period=QUARTERS[1], amendment_type="RESTATEMENT", filing_date=date(2025, 11, 20))
    assert codes(a_filing(0), wrong, right) == {2: "total-thousandfold"}


def test_a_late_filing_is_measured_in_the_order_of_periods():
    late = a_filing(1, 90_000 * MILLION, filing_date=date(2026, 3, 1))
    after = a_filing(2, filing_date=date(2025, 12, 1))
    assert codes(a_filing(0), after, late) == {2: "total-thousandfold"}


# Notices, rows, listings


def test_a_notice_is_never_refused_and_no_measure():
    notice = a_filing(1, 0, report_type=NOTICE, row_count=0, table_entry_total=None, listed_cik="0000000005")
    assert codes(a_filing(0), notice, a_filing(2)) == {}


@pytest.mark.parametrize(("rows", "counted", "is_refused"), [
    (49, 100, True), (50, 100, False), (0, 1, True), (0, 0, False), (1, 1, False), (3, None, False), (0, None, False),
    (1, 3, True), (200, 100, False),
])  # fmt: skip
def test_fewer_than_half_of_the_rows_are_refused(rows, counted, is_refused):
    filing = a_filing(0, row_count=rows, table_entry_total=counted)
    assert codes(filing) == ({1: "rows-missing"} if is_refused else {})


def test_the_rows_are_told():
    (one,) = refused([a_filing(0, row_count=1200, table_entry_total=4321)], (), order).values()
    assert one.message.endswith("1,200 of 4,321")


@pytest.mark.parametrize("listed", [{"listed_cik": "0000000005"}, {"listed_period": date(2024, 12, 31)},
                                    {"listed_cik": "0000000005", "listed_period": date(2024, 12, 31)}])  # fmt: skip
def test_a_cover_of_another_manager_or_period_is_refused(listed):
    (one,) = refused([a_filing(0, **listed)], (), order).values()
    assert one.code == "other-than-listed"
    for part in listed.values():
        assert str(part) in one.message
    assert CIK in one.message
    assert codes(a_filing(0, **listed), accepted={a_filing(0)["accession_number"]}) == {}


# Laws


@st.composite
def histories(draw):
    """A manager's filings, some of them odd in each of the ways that matter."""
    totals = st.sampled_from([0, 1, 999, MILLION, 500 * MILLION, 1000 * MILLION]) | st.integers(0, 10**12)
    filings = []
    for place in range(draw(st.integers(0, 7))):
        amends = draw(st.sampled_from([None, None, "RESTATEMENT", NEW_HOLDINGS]))
        rows = draw(st.integers(0, 100))
        more = {"amendment_type": amends} if amends else {}
        filings.append(a_filing(
            place, draw(totals), period=draw(st.sampled_from(QUARTERS)),
            report_type=draw(st.sampled_from([REPORT, REPORT, REPORT, COMBINATION, NOTICE])), row_count=rows,
            table_entry_total=draw(st.none() | st.just(rows) | st.integers(0, 300)),
            value_unit=draw(st.sampled_from(["dollars", "thousands"])),
            own_unit=draw(st.sampled_from(["dollars", "thousands"])),
            listed_cik=draw(st.none() | st.none() | st.just("0000000005")),
            filing_date=draw(st.dates(date(2025, 1, 1), date(2025, 2, 1))),
            accepted=draw(st.none() | st.just(datetime(2025, 11, 14, 16, tzinfo=NEW_YORK))), **more,
        ))  # fmt: skip
    return filings


ACCEPTED = st.sets(st.integers(1, 7).map(lambda place: f"{CIK}-25-{place:06}"))


def framed(*filings):
    schema = {name: kind for name, kind in FILINGS.schema().items() if name in a_filing()}
    return pl.DataFrame(list(filings), schema=schema, orient="row")


@given(histories(), ACCEPTED)
def test_no_manager_that_has_a_refused_filing_is_left_out(filings, accepted):
    found = refused(filings, accepted, order)
    told = suspects(framed(*filings))
    assert told.height in (0, len(filings))
    if found:
        assert told.height == len(filings)


@given(histories(), ACCEPTED, st.randoms())
def test_the_order_of_rows_does_not_matter(filings, accepted, random):
    shuffled = random.sample(filings, len(filings))
    assert refused(filings, accepted, order) == refused(shuffled, accepted, order)
    assert set(suspects(framed(*filings))["accession_number"]) == set(suspects(framed(*shuffled))["accession_number"])


@given(histories(), ACCEPTED)
def test_what_is_accepted_is_not_refused_and_notices_never(filings, accepted):
    found = refused(filings, accepted, order)
    assert not set(found) & accepted
    assert not any(one["report_type"] == NOTICE for one in filings if one["accession_number"] in found)
    assert refused(filings, {one["accession_number"] for one in filings}, order) == {}


@given(histories())
def test_each_of_many_managers_is_looked_at_for_itself(filings):
    """Another manager's totals, a thousandfold off, make nobody a suspect."""
    others = [a_filing(0, 10**15, cik="0009999992", accession_number="0009999992-25-000001")]
    told = suspects(framed(*filings, *others))
    assert told.filter(pl.col("cik") == CIK).equals(suspects(framed(*filings)))
    assert told.filter(pl.col("cik") != CIK).is_empty()


def test_most_managers_are_no_suspects():
    assert suspects(framed(*chain(MILLION, 2 * MILLION, 400 * MILLION))).is_empty()
    assert suspects(framed()).is_empty()
