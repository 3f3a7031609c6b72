"""What only all managers together can answer, beside plain computations over the same figures."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import stock
from thirteenf import Tracker, crowding, overlap, surveys
from thirteenf.errors import NotFoundError, UsageError
from thirteenf.reports import Filters
from thirteenf.survey import Survey

NVDA, APPLE = "67066G104", "037833100"
THEN, NOW = "2025-12-31", "2026-03-31"


@pytest.fixture(scope="module")
def six(edgar_cache):
    return Tracker(edgar_cache)


@pytest.fixture(scope="module")
def figures(real):
    """The same quarters as plain rows, by quarter: manager, CUSIP, put or call, amount, value."""
    told = {}
    for day in (THEN, NOW):
        frame = pl.read_parquet(real / "universe" / f"{day}.parquet")
        text = frame.select("cik", "cusip", "put_call", "sh_prn", "shares", "value").write_csv()
        told[day] = list(csv.DictReader(io.StringIO(text)))
    return told


def held(rows, cusip, put_call="", kind="SH"):
    amounts = defaultdict(int)
    for row in rows:
        if (row["cusip"], row["put_call"] or "", row["sh_prn"]) == (cusip, put_call, kind):
            amounts[row["cik"]] += int(row["shares"])
    return {cik: amount for cik, amount in amounts.items() if amount}


def refused(real_market):
    return set(real_market.refused()["cik"])


def test_totals_of_each_manager_are_the_sums_of_the_figures(real_market, figures):
    scanned = real_market.scan_holdings().group_by("cik", "period").agg(pl.col("value").sum()).collect()
    told = {(cik, str(period)): value for cik, period, value in scanned.iter_rows()}
    plain = defaultdict(int)
    for day, rows in figures.items():
        for row in rows:
            plain[row["cik"], day] += int(row["value"])
    odd = {(cik, str(period)) for cik, period in real_market.refused().select("cik", "period").iter_rows()}
    assert len(plain) == 734
    assert len(odd) == 1
    assert told == {key: value for key, value in plain.items() if value and key not in odd}


def test_the_ten_largest_buyers_and_sellers_of_nvidia_are_those_of_a_plain_computation(real_market, figures):
    told = surveys.flows(real_market, NVDA, "2026Q1")
    both = {row["cik"] for row in figures[THEN]} & {row["cik"] for row in figures[NOW]} - refused(real_market)
    assert told.head["coverage"]["compared"] == len(both) == 347
    assert (told.head["coverage"]["managers_filed"], told.head["coverage"]["expected"]) == (370, 386)
    before, after = held(figures[THEN], NVDA), held(figures[NOW], NVDA)
    changes = {cik: after.get(cik, 0) - before.get(cik, 0) for cik in both}
    ordered = sorted(changes.items(), key=lambda one: (-one[1], one[0]))
    for side, plain in (
        ("buyers", ordered[:10]),
        ("sellers", sorted(changes.items(), key=lambda o: (o[1], o[0]))[:10]),
    ):
        shares = told.head[side].filter(pl.col("put_call") == "", pl.col("cusip") == NVDA)
        assert shares.select("cik", "amount_change").rows() == plain
    row = told.rows.filter(cusip=NVDA, put_call="", amount_type="SH").row(0, named=True)
    assert row["amount_bought"] == sum(change for change in changes.values() if change > 0)
    assert row["amount_sold"] == -sum(change for change in changes.values() if change < 0)
    assert row["opened"] == sum(cik not in before for cik in after if cik in both)
    assert row["exited"] == sum(cik not in after for cik in before if cik in both)
    gone, come = set(before) - both, set(after) - both
    assert row["may_have_sold"] == sum(before[cik] for cik in gone - refused(real_market))
    assert row["may_have_bought"] >= sum(after[cik] for cik in come - refused(real_market))


def test_puts_of_nvidia_stand_apart(real_market, figures):
    rows = surveys.holders(real_market, NVDA, "2026Q1").rows
    puts = rows.filter((pl.col("put_call") == "Put") & (pl.col("cusip") == NVDA) & (pl.col("amount") > 0))
    plain = {cik: amount for cik, amount in held(figures[NOW], NVDA, "Put").items() if cik not in refused(real_market)}
    assert dict(puts.select("cik", "amount").iter_rows()) == plain
    assert puts["weight"].null_count() == puts.height


def test_holders_of_nvidia_are_those_of_a_plain_computation(real_market, figures):
    told = surveys.holders(real_market, NVDA, "2026Q1")
    rows = told.rows.filter((pl.col("put_call") == "") & (pl.col("amount_type") == "SH"))
    plain = held(figures[NOW], NVDA)
    now = rows.filter(pl.col("amount") > 0)
    assert dict(now.select("cik", "amount").iter_rows()) == {
        c: a for c, a in plain.items() if c not in refused(real_market)
    }
    totals = defaultdict(int)
    for row in figures[NOW]:
        if not row["put_call"] and row["sh_prn"] == "SH":
            totals[row["cik"]] += int(row["value"])
    for cik, value, weight in now.select("cik", "value", "weight").iter_rows():
        assert weight == pytest.approx(100 * value / totals[cik])
    late = rows.filter(pl.col("unknown_reason") == "late")
    assert late["amount"].null_count() == late.height
    assert set(late["cik"]) == set(held(figures[THEN], NVDA)) - {row["cik"] for row in figures[NOW]}


def test_crowding_is_that_of_a_plain_computation(real_market, figures):
    report = surveys.crowding(real_market, "2026Q1", top=300)
    row = report.rows.filter(cusip=APPLE, put_call="").row(0, named=True)
    amounts = sorted((a for c, a in held(figures[NOW], APPLE).items() if c not in refused(real_market)), reverse=True)
    assert (row["holders"], row["amount"]) == (len(amounts), sum(amounts))
    assert row["top_ten_share"] == pytest.approx(100 * sum(amounts[:10]) / sum(amounts))
    assert row["herfindahl"] == pytest.approx(sum((amount / sum(amounts)) ** 2 for amount in amounts))
    assert report.rows["holders"].to_list()[:300] == sorted(report.rows["holders"].to_list()[:300], reverse=True)
    assert report.head["favourites"]["holders_change"].min() > 0 > report.head["abandoned"]["holders_change"].max()
    assert (report.rows["holders_change"] == report.rows["came"] - report.rows["left"]).all()


def test_moves_of_all_are_each_managers_own(real_market):
    told = surveys.moves(real_market, "2026Q1", filters=Filters(top=12))
    assert told.rows.height == 12
    assert told.rows["trade_effect"].abs().to_list() == sorted(told.rows["trade_effect"].abs().to_list(), reverse=True)
    assert told.head["has_causes"]
    for row in told.rows.head(3).iter_rows(named=True):
        own = real_market.moves(row["cik"], "2026Q1").filter(cusip=row["cusip"], put_call=row["put_call"])
        assert own.row(0, named=True) == row


def test_too_many_managers_are_not_compared_closely(six, monkeypatch):
    monkeypatch.setattr(surveys, "MOST_COMPARED", 1)
    told = surveys.moves(six, "2025Q3")
    assert not told.head["has_causes"]
    assert told.rows["cause"].list.len().sum() == 0
    assert told.rows["issuer"].null_count() == 0


@pytest.mark.parametrize("period", ["2024Q1", "2024Q3", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2"])
def test_lean_moves_are_those_of_each_manager(six, period, monkeypatch):
    """The six managers' quarters, splits and new CUSIPs among them: all of both sides, compared one by one."""
    monkeypatch.setattr(surveys, "MOST_COMPARED", 0)
    told = surveys.moves(six, period, filters=Filters(top=10**6))
    names = ["cik", "cusip", "put_call", "change", "amount", "amount_before_adjusted", "value", "trade_effect"]
    compared = set(told.rows["cik"])
    own = [six.moves(cik, period).filter(pl.col("change") != "unchanged") for cik in compared]
    apart = pl.concat([one.select(names) for one in own])
    lean = told.rows.select(names)
    assert sorted(apart.rows(), key=str) == sorted(lean.rows(), key=str)


def test_flows_of_the_six_are_the_sums_of_their_moves(six):
    told = surveys.flows(six, "NVDA", "2025Q3")
    changes = {
        row["cik"]: row["amount_change"]
        for row in pl.concat([told.head["buyers"], told.head["sellers"]]).iter_rows(named=True) if not row["put_call"]
    }  # fmt: skip
    assert changes == {"0001350694": 2_509_751 - 7_229_134, "0001697748": 152_607, "0001562087": -537_742}
    stock, put = told.rows.rows(named=True)
    assert (stock["opened"], stock["added"], stock["reduced"], stock["exited"]) == (0, 1, 1, 1)
    assert (put["put_call"], put["opened"], put["amount_bought"]) == ("Put", 1, 1_000_000)


def test_who_is_late_is_named_and_bounds_what_may_have_been_sold(six):
    """SoftBank's reports are of three quarters only: where it has none, nothing is known to be sold."""
    told = surveys.flows(six, "NVDA", "2025Q1")
    assert told.head["late"]["cik"].to_list() == ["0001065521"]
    assert told.rows.row(0, named=True)["may_have_sold"] == 10_512_320
    rows = surveys.holders(six, "NVDA", "2025Q1").rows
    softbank = rows.filter(cik="0001065521").row(0, named=True)
    assert (softbank["change"], softbank["unknown_reason"], softbank["amount"]) == ("unknown", "late", None)


def test_some_securities_with_their_labels(six):
    told = surveys.flows(six, None, "2025Q3", only={NVDA: "chips", "68389X105": "clouds"})
    assert set(told.rows.select("cusip", "label").iter_rows()) == {(NVDA, "chips"), ("68389X105", "clouds")}
    crowd = surveys.crowding(six, "2025Q3", only={NVDA: "chips"})
    assert set(crowd.rows["cusip"]) == {NVDA}
    moved = surveys.moves(six, "2025Q3", only={NVDA: "chips"})
    assert set(moved.rows["cusip"]) == {NVDA}
    assert moved.head["labels"] == {NVDA: "chips"}


def test_a_security_or_quarter_that_is_not_here_is_said_to_be(six):
    for ask in (lambda: surveys.holders(six, "NOSUCH"), lambda: surveys.flows(six, NVDA, "2013Q2"),
                lambda: surveys.holders(six, stock(1, 1)[1])):  # fmt: skip
        with pytest.raises(NotFoundError):
            ask()
    with pytest.raises(UsageError):
        surveys.overlap(six, ["ark"])


def test_overlap_of_two_real_books(six):
    told = surveys.overlap(six, ["bridgewater", "ark"], "2025Q3")
    held = [six.holdings(name, "2025Q3").filter(pl.col("put_call") == "") for name in ("bridgewater", "ark")]
    books = [dict(rows.select("cusip", "weight").iter_rows()) for rows in held]
    both = books[0].keys() & books[1].keys()
    (pair,) = told.head["pairs"]
    assert pair["common"] == len(both) == told.rows.height
    assert pair["jaccard"] == pytest.approx(len(both) / len(books[0].keys() | books[1].keys()))
    assert pair["overlap"] == pytest.approx(sum(min(books[0][cusip], books[1][cusip]) for cusip in both))


def book(weights):
    total = sum(weights.values())
    return pl.DataFrame(
        [(cusip, "", "SH", 100.0 * value / total) for cusip, value in weights.items()], orient="row",
        schema={"cusip": pl.String, "put_call": pl.String, "amount_type": pl.String, "weight": pl.Float64},
    )  # fmt: skip


BOOKS = st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(1, 1000), min_size=1)


@given(BOOKS, BOOKS)
def test_overlap_is_the_same_both_ways_and_whole_with_itself(one, other):
    (pair,) = overlap.pairs({"1": book(one), "2": book(other)})
    (turned,) = overlap.pairs({"2": book(other), "1": book(one)})
    (same,) = overlap.pairs({"1": book(one), "2": book(one)})
    assert (pair.jaccard, pair.common) == (turned.jaccard, turned.common)
    assert pair.overlap == pytest.approx(turned.overlap)
    assert 0 <= pair.overlap <= 100.000001
    assert (same.jaccard, round(same.overlap, 6)) == (1.0, 100.0)


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40))
def test_concentration_lies_between_even_and_one(amounts):
    held = pl.LazyFrame({"cik": [str(n) for n in range(len(amounts))], "amount": amounts, "value": amounts})
    told = crowding.concentration(
        held.with_columns(cusip=pl.lit("A"), put_call=pl.lit(""), amount_type=pl.lit("SH"))
    ).collect().row(0, named=True)  # fmt: skip
    assert told["holders"] == len(amounts)
    assert 1 / len(amounts) <= told["herfindahl"] * (1 + 1e-9)
    assert told["herfindahl"] <= 1 + 1e-9
    assert told["top_ten_share"] == pytest.approx(100 * sum(sorted(amounts)[-10:]) / sum(amounts))


def test_the_newest_quarter_is_taken_where_none_is_named(six):
    assert surveys.crowding(six).head["period"] == date(2026, 6, 30)


@pytest.mark.parametrize("period", [date(2025, 3, 31), date(2025, 9, 30), date(2025, 12, 31)])
def test_of_one_security_and_of_all_in_slices_the_moves_are_the_same(six, period):
    """Those that something was done to above all: splits, new numbers, spin-offs."""
    keys = ["cik", "cusip", "put_call", "amount_type"]
    survey = Survey(six.books, six.catalog, period)
    whole = survey.moves.collect().sort(keys)
    assert pl.concat([part.moves.collect() for part in survey.slices()]).sort(keys).equals(whole)
    lineage = six.catalog.lineage()
    for cusip in sorted({NVDA, *lineage["cusip"], *lineage["cusip_before"]})[::4]:
        one = Survey(six.books, six.catalog, period, None, [cusip])
        assert one.moves.collect().sort(keys).equals(whole.filter(pl.col("cusip").is_in(one.cusips))), cusip
