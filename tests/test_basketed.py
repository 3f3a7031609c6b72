"""Baskets over all managers: what came in and went out, beside plain sums over the same figures."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl
import pytest
from jsonschema import Draft202012Validator

from tests.test_baskets import NVIDIA as SETTING
from tests.test_baskets import own, settings
from tests.test_continuity import tracked
from tests.trees import quarter, stock
from thirteenf import Tracker, basketed, baskets, market, reports, schemas, surveys
from thirteenf import cusip as cusips
from thirteenf.baskets import Outstanding
from thirteenf.render import render
from thirteenf.reports import Filters

NVDA = "67066G104"
CIRCLE = baskets.bundled()["circular-ai"]
FIGURES = ("buyers", "sellers", "opened", "added", "unchanged", "reduced", "exited", "bought", "sold", "trade_effect")
BOOKS = {"stock": "", "calls": "Call", "puts": "Put"}
A, B, C = (stock(place, 10_000) for place in range(3))
OTHERS = [f"000999999{number}" for number in range(2, 6)]


@pytest.fixture(scope="module")
def six(edgar_cache):
    return Tracker(edgar_cache)


def sums(report, place=0):
    return {(one["label"], one["book"]): one for one in report.head["baskets"][place]["sums"].to_dicts()}


def plainly(rows):
    """What some moves come to, one by one."""
    told, net = dict.fromkeys(FIGURES, 0), defaultdict(int)
    for row in rows:
        told["opened" if row["change"] == "new" else row["change"]] += 1
        told["bought" if row["trade_effect"] > 0 else "sold"] += abs(row["trade_effect"])
        told["trade_effect"] += row["trade_effect"]
        net[row["cik"]] += row["trade_effect"]
    return told | {"buyers": sum(one > 0 for one in net.values()), "sellers": sum(one < 0 for one in net.values())}


@pytest.mark.parametrize("period", ["2025Q2", "2025Q3", "2025Q4"])
@pytest.mark.parametrize("name", list(baskets.bundled()))
def test_what_the_six_bought_and_sold_is_the_sum_of_their_moves(six, name, period):
    report = surveys.flows(six, None, period, baskets=[baskets.bundled()[name]])
    (basket,) = report.head["baskets"]
    of = {number: one["label"] for one in basket["securities"] for number in one["cusips"]}
    compared = [one for one in six.managers() if six.periods(one) and _compares(six, one, period)]
    assert basket["managers_compared"] == len(compared)
    rows = [row for cik in compared for row in six.moves(cik, period).iter_rows(named=True) if row["cusip"] in of]
    told = sums(report)
    listed = {
        (label, book) for row in rows for book, put_call in BOOKS.items() if row["put_call"] == put_call
        for label in (of[row["cusip"]], None)
    }  # fmt: skip
    assert listed == {key for key, one in told.items() if one["managers"]}
    for (label, book), one in told.items():
        part = [r for r in rows if r["put_call"] == BOOKS[book] and (label is None or of[r["cusip"]] == label)]
        assert {name: one[name] for name in FIGURES} == plainly(part)


def _compares(tracker, cik, period):
    return date(2025, 3 * int(period[-1]), {1: 31, 2: 30, 3: 30, 4: 31}[int(period[-1])]) in tracker.periods(cik) and (
        tracker.compare(cik, period).reason is None
    )


def test_money_left_nvidias_circle_in_the_third_quarter(six):
    """By hand off the six filings: Bridgewater and Thiel sold Nvidia, ARK bought; Oracle and CoreWeave were bought."""
    told = sums(surveys.flows(six, None, "2025Q3", baskets=[CIRCLE]))
    nvidia = told["NVDA", "stock"]
    assert nvidia["amount_change"] == (2_509_751 - 7_229_134) - 537_742 + (1_165_661 - 1_013_054)
    assert nvidia["trade_effect"] == -813_078_901 - 84_957_859 + 26_291_894
    assert (nvidia["buyers"], nvidia["sellers"], nvidia["opened"], nvidia["exited"]) == (1, 2, 0, 1)
    others = 18_136_533 + 37_025_589 + 19_226_180 + 6_224_810
    assert told[None, "stock"]["trade_effect"] == nvidia["trade_effect"] + others
    assert told[None, "puts"]["trade_effect"] == 186_580_000
    assert told[None, "stock"]["amount_change"] is None  # shares of different securities


def test_one_basket_says_the_same_everywhere(six):
    asked = [surveys.flows(six, None, "2025Q3", baskets=[CIRCLE]), surveys.crowding(six, "2025Q3", baskets=[CIRCLE]),
             surveys.moves(six, "2025Q3", baskets=[CIRCLE])]  # fmt: skip
    first = asked[0].head["baskets"][0]
    for report in asked[1:]:
        other = report.head["baskets"][0]
        assert other["sums"].equals(first["sums"])
        assert {name: other[name] for name in other if name != "sums"} == {n: first[n] for n in first if n != "sums"}
    own_way = reports.moves(six, list(six.managers()), "2025Q3", basket=CIRCLE)
    assert (
        own_way.rows.select("cik", "cusip", "put_call", "trade_effect")
        .sort("trade_effect")
        .equals(asked[2].rows.select("cik", "cusip", "put_call", "trade_effect").sort("trade_effect"))
    )
    whole = own_way.head["basket"]["sums"].filter(
        pl.col("cik").is_null() & pl.col("label").is_null() & (pl.col("book") == "stock")
    )
    assert whole["trade_effect"].to_list() == [sums(asked[0])[None, "stock"]["trade_effect"]]
    assert asked[2].head["summary"]["shares"]["trade_effect"] == whole["trade_effect"][0]


def test_several_baskets_stand_beside_each_other(six):
    wanted = list(baskets.bundled().values())
    report = surveys.flows(six, None, "2025Q3", baskets=[*wanted, wanted[0]])
    assert [one["name"] for one in report.head["baskets"]] == [one.name for one in wanted]
    assert {tuple(one) for one in report.rows["baskets"]} == {(one.name,) for one in wanted}
    for place, one in enumerate(wanted):
        alone = surveys.flows(six, None, "2025Q3", baskets=[one])
        assert alone.head["baskets"][0]["sums"].equals(report.head["baskets"][place]["sums"])


def test_a_security_of_two_baskets_is_one_row(six):
    report = surveys.flows(six, None, "2025Q3", baskets=[CIRCLE, own(NVDA)])
    row = report.rows.filter(cusip=NVDA, put_call="").row(0, named=True)
    assert (row["label"], row["baskets"]) == ("NVDA", ["circular-ai", "mine"])
    assert sums(report, 1)[NVDA, "stock"]["trade_effect"] == row["trade_effect"]


def test_late_filers_bound_what_may_have_been_sold_and_are_in_no_sum(six):
    """SoftBank has no report of the first quarter of 2025; it held 10,512,320 shares of Nvidia before."""
    told = sums(surveys.flows(six, None, "2025Q1", baskets=[CIRCLE]))["NVDA", "stock"]
    assert (told["late_holders"], told["may_have_sold"]) == (1, 10_512_320)
    assert told["managers"] < surveys.holders(six, "NVDA", "2025Q1").rows.filter(put_call="").height


@pytest.mark.parametrize("others", [{"late": True}, {"omitted": True}])
def test_left_over_is_not_told_where_somebody_may_still_hold_some(tmp_path, others):
    """As of one manager's basket: late, or its rows may be withheld."""
    their = [quarter(1, [A], cik=OTHERS[1])]
    if "omitted" in others:
        their.append(quarter(2, [B], cik=OTHERS[1], omitted="true"))
    tracker = tracked(tmp_path, quarter(1, [A]), quarter(2, [A]), *their)
    known = [Outstanding(A[1], date(2025, 6, 30), 100_000, "made up")]
    (told,) = surveys.flows(tracker, None, "2025Q2", baskets=[own(A[1])], outstanding=known).head["baskets"]
    assert [(one["held"], one["left"], one["message"]) for one in told["left_over"]] == [
        (None, None, "what is held is not known of every manager")
    ]


def test_left_over_is_what_no_manager_reports_compared_or_not(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A]), quarter(2, [A]), quarter(2, [A, B], cik=OTHERS[0]),
                      quarter(1, [B], cik=OTHERS[1]))  # fmt: skip
    known = [Outstanding(A[1], date(2025, 6, 30), 100_000, "made up")]
    (told,) = surveys.flows(tracker, None, "2025Q2", baskets=[own(A[1], B[1])], outstanding=known).head["baskets"]
    assert told["managers_compared"] == 1
    assert [(one["held"], one["left"], one["message"]) for one in told["left_over"]] == [(20_000, 80_000, None)]
    shown = render(surveys.flows(tracker, None, "2025Q2", baskets=[own(A[1])], outstanding=known), "text", width=120)
    assert "20,000 listed here, 80,000 left over (80.00 %)." in shown


def test_options_under_the_numbers_of_the_secs_list_count_with_their_security(tmp_path):
    call, put = cusips.option_numbers(A[1])
    more = [(A[0], call, 5_000, 100, "Call"), (A[0], A[1], 7_000, 140, "Call"), (A[0], put, 9_000, 180)]
    tracker = tracked(tmp_path, quarter(1, [A, B]), quarter(2, [A, B, *more]))
    report = surveys.flows(tracker, None, "2025Q2", baskets=[own(A[1])])
    told = sums(report)
    assert (told[A[1], "calls"]["trade_effect"], told[A[1], "calls"]["amount_change"]) == (12_000, 240)
    assert told[A[1], "stock"]["trade_effect"] == 0  # what does not say that it is an option is none of the shares
    assert put not in set(report.rows["cusip"])


def test_latest_is_the_newest_quarter(six):
    assert surveys.flows(six, baskets=[CIRCLE]).head["period"] == date(2026, 6, 30)


def test_what_is_known_of_none_is_named_and_nothing_shown(six):
    report = surveys.flows(six, None, "2025Q3", baskets=[own("NOSUCH")])
    assert report.rows.is_empty()
    assert report.head["baskets"][0]["sums"].is_empty()
    shown = render(report, "text")
    assert "Missing from the basket, NOSUCH: No security 'NOSUCH' is known here." in shown
    assert surveys.moves(six, "2025Q3", baskets=[own("NOSUCH")]).rows.is_empty()
    assert surveys.crowding(six, "2025Q3", baskets=[own("NOSUCH")]).rows.is_empty()


def test_filters_choose_moves_and_not_sums(six):
    whole = surveys.moves(six, "2025Q3", baskets=[CIRCLE])
    part = surveys.moves(six, "2025Q3", filters=Filters(change=("exited",)), baskets=[CIRCLE])
    assert part.rows.select("ticker", "change").rows() == [("NVDA", "exited")]
    assert part.head["baskets"][0]["sums"].equals(whole.head["baskets"][0]["sums"])
    one = surveys.moves(six, "2025Q3", filters=Filters(security="ORCL"), baskets=[CIRCLE])
    assert set(one.rows["ticker"]) == {"ORCL"}
    stock_only = surveys.flows(six, None, "2025Q3", options="no", baskets=[CIRCLE])
    assert {book for _, book in sums(stock_only)} == {"stock"}


def test_real_quarters_flow_as_in_plain_sums(real_market, real):
    """Nvidia over the managers whose two reports are here, off the figures themselves."""
    held = {}
    for day in ("2025-12-31", "2026-03-31"):
        frame = pl.read_parquet(real / "universe" / f"{day}.parquet")
        of = frame.filter(
            (pl.col("cusip") == NVDA) & (pl.col("put_call").fill_null("") == "") & (pl.col("sh_prn") == "SH")
        )
        amounts = dict(of.group_by("cik").agg(pl.col("shares").sum()).iter_rows())
        values = dict(of.group_by("cik").agg(pl.col("value").sum()).iter_rows())
        held[day] = set(frame["cik"]), amounts, values
    (every, had, was), (all_now, has, worth) = held.values()
    net = bought = sold = buyers = sellers = 0
    for cik in (every & all_now) - set(real_market.refused()["cik"]):
        change = has.get(cik, 0) - had.get(cik, 0)
        prices = [side[cik] / count[cik] for side, count in ((was, had), (worth, has)) if side.get(cik)]
        on_both = had.get(cik) and has.get(cik)
        traded = round(change * sum(prices) / len(prices)) if on_both else worth.get(cik, 0) - was.get(cik, 0)
        net, buyers, sellers = net + change, buyers + (traded > 0), sellers + (traded < 0)
        bought, sold = bought + max(traded, 0), sold + max(-traded, 0)
    report = surveys.flows(real_market, None, "2026Q1", baskets=[own(NVDA)])
    told = sums(report)[NVDA, "stock"]
    assert report.head["baskets"][0]["managers_compared"] == 347
    assert (told["amount_change"], told["buyers"], told["sellers"]) == (net, buyers, sellers)
    assert told["bought"] == pytest.approx(bought, abs=buyers)  # halves of a dollar
    assert told["sold"] == pytest.approx(sold, abs=sellers)


def test_a_figure_that_cannot_be_true_is_in_no_sum_of_trades():
    row = {"cik": "1", "cusip": NVDA, "put_call": "", "amount_type": "SH", "change": "new", "unknown_reason": None,
           **dict.fromkeys(("amount_before", "amount_before_adjusted", "value_before"), 0),
           "amount": 1, "amount_change": 1, "value": 10**16,
           "trade_effect": 10**16, "label": "NVDA"}  # fmt: skip
    frame = pl.DataFrame([row], schema_overrides={"unknown_reason": pl.String})
    told = basketed.flows("mine", frame, ["NVDA"]).row(0, named=True)
    flowed = market.flows(frame).row(0, named=True)
    assert (told["trade_effect"], told["price_effect"]) == (flowed["trade_effect"], flowed["price_effect"])
    assert told["trade_effect"] == 0


# As a user sees it.


@pytest.mark.parametrize("asked", [("flows",), ("crowding",), ("moves", "--all")])
def test_documents_are_valid_by_their_schemas(document, asked):
    told = document(*asked, "--basket", "circular-ai", "--basket", "memory", "--period", "2025Q3", "--sample")
    name = told["schema"].split(".")[1].split("/")[0]
    Draft202012Validator(schemas.schema(name)).validate(told)
    assert [one["name"] for one in told["baskets"]] == ["circular-ai", "memory"]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("ask", [surveys.flows, surveys.crowding, surveys.moves])
def test_it_fits_and_ends_with_the_sum_of_the_stock(ask, width):
    shown = render(ask(Tracker(sample=True), period="2025Q3", baskets=[CIRCLE]), "text", width=width)
    assert max(map(len, shown.splitlines())) <= width
    flat = " ".join(shown.split())
    assert flat.endswith("1 buyer, 2 sellers of 5 managers compared.")
    assert "circular-ai, stock in sum: net $791,131,754 out (bought $106,905,006, sold $898,036,760;" in flat
    assert "puts (notional" in flat


def test_what_excludes_each_other(run):
    assert run("flows", "NVDA", "--basket", "memory", "--sample")[0] == 2
    assert run("moves", "ark", "--basket", "memory", "--basket", "platforms", "--sample")[0] == 2
    code, _, err = run("crowding", "--basket", "memry", "--sample")
    assert code == 3
    assert "Did you mean memory?" in err


def test_an_own_basket_and_what_is_left_over(document, tmp_path):
    config = settings(tmp_path, '[baskets.mine]\ntickers = ["NVDA"]\n' + SETTING.format("2025-08-22", 10_000_000))
    told = document(*config, "flows", "--basket", "mine", "--period", "2025Q3", "--sample")["baskets"][0]
    assert told["is_own"]
    assert told["left_over"][0]["left"] == 10_000_000 - 3_675_412


def test_who_is_missing_is_told_by_name(run):
    code, _, err = run("moves", "--basket", "circular-ai", "--period", "2025Q3", "--sample")
    assert code == 7
    assert "No such report of SoftBank" in err
