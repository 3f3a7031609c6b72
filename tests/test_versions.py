"""Every state that a book has been in: what `scan_holdings` gives of each day."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.trees import BERKSHIRE, amendment, imported, put, quarter
from thirteenf import Tracker, amendments
from thirteenf.lineage import identity
from thirteenf.tables import LINEAGE

KEY = ["cik", "period", "known_from", "cusip", "put_call", "amount_type"]


@pytest.fixture(scope="module")
def tracker(edgar_cache):
    return Tracker(edgar_cache)


def on(versions, day):
    stood = (pl.col("known_from") <= day) & (pl.col("known_to") > day).fill_null(value=True)
    return versions.filter(stood)


def same(one, other):
    left_out = ("known_to", "security_id")  # what became of a book, and of a security, is known later
    frames = [frame.drop(left_out).sort(KEY) for frame in (one, other)]
    return frames[0].equals(frames[1])


def test_berkshires_first_quarter_stood_in_two_states(tracker):
    mine = (pl.col("cik") == BERKSHIRE) & (pl.col("period") == date(2025, 3, 31))
    versions = tracker.scan_holdings(versions=True).filter(mine).collect()
    spans = versions.group_by("known_from", "known_to").len().sort("known_from").rows()
    first, last = tracker.holdings("berkshire", "2025Q1", as_of="2025-08-13"), tracker.holdings("berkshire", "2025Q1")
    assert spans == [
        (date(2025, 5, 15), date(2025, 8, 14), first.height), (date(2025, 8, 14), None, last.height)
    ]  # fmt: skip
    stands = tracker.scan_holdings().filter(mine).collect()
    assert stands["known_to"].null_count() == stands.height == last.height
    assert set(stands["known_from"]) == {date(2025, 8, 14)}


def test_sums_are_those_of_each_managers_holdings(tracker):
    sums = tracker.scan_holdings().group_by("cik", "period").agg(pl.col("value").sum(), pl.len()).collect()
    assert sums.height == 49  # 52 filings: one amends, two hold nothing
    for cik, period, value, rows in sums.iter_rows():
        held = tracker.holdings(cik, period, follows=False)
        assert (held["value"].sum(), held.height) == (value, rows)


def test_of_every_day_the_versions_are_what_was_known(tracker):
    versions = tracker.scan_holdings(versions=True).collect()
    filed = sorted(set(tracker.books.filings()["filing_date"]))
    for day in [*filed[::6], date(2025, 8, 13), date(2025, 8, 14)]:
        assert same(tracker.scan_holdings(as_of=day).collect(), on(versions, day)), day


def test_versions_of_every_kind_of_amendment(tmp_path):
    one = (("APPLE INC", "037833100", 2546300, 10000),)
    two = (*one, ("COCA COLA CO", "191216100", 663200, 10000))
    three = (("BANK AMERICA CORP", "060505104", 515900, 10000),)
    days = [date(2025, 11, 14), date(2025, 12, 1), date(2025, 12, 15), date(2026, 1, 10), date(2026, 1, 20)]
    put(
        tmp_path / "in",
        quarter(3, one, cik="0009999991", filed=days[0]),
        amendment(3, three, cik="0009999991", nth=1, filed=days[1]),  # new holdings
        amendment(3, two, cik="0009999991", nth=2, amends="RESTATEMENT", filed=days[2]),
        amendment(3, one, cik="0009999992", nth=1, filed=days[1]),  # the report it adds to comes later
        quarter(3, two, cik="0009999992", filed=days[3]),
        quarter(3, two, cik="0009999993", filed=days[4]),
    )
    imported(tmp_path / "cache", tmp_path / "in")
    tracker = Tracker(tmp_path / "cache")
    versions = tracker.scan_holdings(versions=True).collect()
    spans = versions.group_by("cik", "known_from", "known_to").len().sort("cik", "known_from").rows()
    assert spans == [
        ("0009999991", days[0], days[1], 1), ("0009999991", days[1], days[2], 2), ("0009999991", days[2], None, 2),
        ("0009999992", days[3], None, 2), ("0009999993", days[4], None, 2),
    ]  # fmt: skip
    for day in days:
        assert same(tracker.scan_holdings(as_of=day).collect(), on(versions, day)), day
    by_then = tracker.scan_holdings(as_of=days[1], versions=True).collect()
    assert set(by_then["known_to"]) == {days[1], None}


def test_a_security_that_changed_its_cusip_is_one(tracker):
    held = tracker.scan_holdings().collect()
    lam = held.filter(pl.col("security_id") == "512807108")
    assert set(lam["cusip"]) == {"512807108", "512807306"}
    assert held["security_id"].null_count() == 0


STEP = {
    "kind": "cusip_change", "against": date(2025, 6, 30), "period": date(2025, 9, 30), "date": None,
    "cusip_before": "A", "cusip": "B", "shares_before": 1, "shares": 1, "certainty": "confirmed", "evidence": [],
    "holders": None, "votes": None, "price_ratio": None,
}  # fmt: skip


@pytest.mark.parametrize(("steps", "names"), [
    ([{}], {"A": "A", "B": "A"}),
    ([{}, {"cusip_before": "B", "cusip": "C", "kind": "split"}], {"A": "A", "B": "A", "C": "A"}),
    ([{"kind": "merger"}], {}),
    ([{"kind": "spin_off"}], {}),
    ([{"certainty": "possible"}], {}),
    ([{"cusip": "A", "kind": "split"}], {}),
    ([{}, {"cusip_before": "Z", "period": date(2025, 6, 30)}], {"A": "Z", "B": "Z", "Z": "Z"}),
    ([{}, {"cusip_before": "B", "cusip": "A", "period": date(2025, 12, 31)}], {"A": "A", "B": "A"}),
])  # fmt: skip
def test_the_oldest_number_names_a_security(steps, names):
    lineage = pl.DataFrame([STEP | step for step in steps], schema=LINEAGE.schema())
    assert identity.oldest(lineage) == names
    assert identity.oldest(lineage.reverse()) == names


def told(number, **more):
    return {"filing_date": date(2025, 11, 14), "accepted": None, "is_amendment": False, "amendment_number": None,
            "accession_number": number} | more  # fmt: skip


def test_filings_without_times_come_original_first_and_amendments_by_their_numbers():
    first = told("0000000009-25-000009")
    second = told("0000000005-25-000005", is_amendment=True, amendment_number=1)
    third = told("0000000001-25-000001", is_amendment=True, amendment_number=2)
    fourth = told("0000000002-25-000002", is_amendment=True, amendment_number=2)
    earlier = told("0000000099-25-000099", filing_date=date(2025, 11, 13), is_amendment=True, amendment_number=9)
    for some in ([fourth, third, second, first, earlier], [second, earlier, fourth, first, third]):
        assert sorted(some, key=amendments.order) == [earlier, first, second, third, fourth]
