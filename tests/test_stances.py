"""Options told straight: stock, calls and puts of an issuer beside each other, and no more than the form says."""

from __future__ import annotations

import json
import re
from datetime import date

import polars as pl
import pytest

from tests.builders import book
from tests.trees import THREE_STOCKS, imported, notice, put, quarter, stock
from thirteenf import Tracker, moves
from thirteenf.stances import stances
from thirteenf.tables import MOVES
from thirteenf.vocabulary import STANCES

A, B, C = "037833100", "060505104", "191216100"
GOOGL, GOOG = "02079K305", "02079K107"


def stanced(before, after, among=None):
    """Stances by issuer, of two books as `book` has them."""
    constants = {"cik": "0009999991", "manager": "Example", "ticker": None, "ticker_source": None, "ticker_asof": None,
                 "ticker_certainty": None, "period": date(2025, 6, 30), "against": date(2025, 3, 31)}  # fmt: skip
    frame = moves.diff(book(*before), book(*after)).with_columns(**{k: pl.lit(v) for k, v in constants.items()})
    told = stances(frame.select(MOVES.names), among)
    return {row["issuer_number"]: row for row in told.iter_rows(named=True)}


def test_scions_third_quarter_of_2025(document):
    told = document("diff", "scion", "--period", "2025Q3", "--sample")
    assert "notional of the underlying" in told["summary"]["value_is"]
    rows = {row["tickers"][0]: row for row in told["options"]}
    changed = {ticker: (row["stance_before"], row["stance"]) for ticker, row in rows.items()}
    assert changed == {
        "PLTR": ("none", "puts"), "NVDA": ("none", "puts"), "PFE": ("none", "calls"), "HAL": ("none", "calls"),
        "UNH": ("stock and calls", "none"), "REGN": ("stock and calls", "none"), "EL": ("stock and calls", "none"),
        "LULU": ("stock and calls", "stock"), "META": ("calls", "none"), "JD": ("calls", "none"),
        "BABA": ("calls", "none"), "ASML": ("calls", "none"), "VFC": ("calls", "none"),
    }  # fmt: skip
    assert (rows["PLTR"]["puts_value"], rows["PLTR"]["puts_amount"]) == (912_100_000, 5_000_000)
    assert (rows["NVDA"]["puts_value"], rows["NVDA"]["puts_amount"]) == (186_580_000, 1_000_000)
    unh = rows["UNH"]
    assert (unh["stock_amount_before"], unh["calls_amount_before"]) == (20_000, 350_000)
    assert (unh["stock_value_before"], unh["calls_value_before"], unh["calls_value"]) == (6_239_400, 109_189_500, 0)
    assert [row["tickers"][0] for row in told["options"]][:3] == ["PLTR", "NVDA", "PFE"]  # the largest first


def test_a_stance_is_not_weighed_and_stock_and_options_are_not_added_up(document):
    told = document("diff", "scion", "--period", "2025Q3", "--sample")
    assert {row["weight"] for row in told["moves"] if row["put_call"]} == {None}
    assert not any("total" in key or "net" in key or "delta" in key for row in told["options"] for key in row)


@pytest.mark.parametrize(
    ("held", "stance"),
    [
        (["", "Put"], "stock and puts"), (["Put", "Call"], "calls and puts"), (["Put"], "puts"), (["Call"], "calls"),
        (["", "Call"], "stock and calls"), (["", "Put", "Call"], "stock, calls and puts"), ([], "none"),
    ],
)  # fmt: skip
def test_every_stance_has_its_word(held, stance):
    after = [(A, 100, 1_000, put_call) for put_call in held]
    told = stanced([(A, 10, 100, "Put")], after)[A[:6]]
    assert (told["stance_before"], told["stance"]) == ("puts", stance)
    assert stance in STANCES


def test_only_issuers_with_options_have_a_stance():
    told = stanced([(A, 10, 100), (B, 10, 100, "Call")], [(A, 10, 100), (B, 10, 100, "Call"), (C, 10, 100)])
    assert set(told) == {B[:6]}


def test_of_two_classes_values_are_added_up_and_shares_are_not():
    both = [(GOOGL, 100, 1_000), (GOOG, 50, 600), (GOOG, 10, 120, "Put")]
    told = stanced([], both)["02079K"]
    assert (told["stance"], told["stock_value"], told["stock_amount"]) == ("stock and puts", 1_600, None)
    assert (told["puts_value"], told["puts_amount"]) == (120, 10)
    one = stanced(both, [(GOOGL, 100, 1_000), (GOOG, 10, 120, "Put")])["02079K"]
    assert (one["stock_amount_before"], one["stock_amount"]) == (None, 100)


def test_principal_is_no_stock():
    told = stanced([], [(A, 100, 1_000, "", "PRN"), (A, 10, 100, "Call")])[A[:6]]
    assert (told["stance"], told["stock_value"]) == ("calls", 0)


def test_only_issuers_that_are_asked_for_are_told():
    both = [(A, 10, 100, "Put"), (B, 10, 100, "Put")]
    assert set(stanced([], both, [A])) == {A[:6]}
    assert stanced([], both, []) == {}


def test_a_side_that_is_not_known_has_no_known_stance(tmp_path, document):
    options = [*THREE_STOCKS, (*THREE_STOCKS[0], "Put")]
    imported(tmp_path / "cache", put(tmp_path / "in", quarter(1, options), notice(2)))
    (told,) = document("--cache", tmp_path / "cache", "diff", "0009999991")["options"]
    assert (told["stance_before"], told["stance"]) == ("stock and puts", "unknown")
    assert (told["puts_value_before"], told["puts_value"], told["stock_value"]) == (2_546_300, None, None)
    (told,) = document("--cache", tmp_path / "cache", "diff", "0009999991", "--period", "2025Q1")["options"]
    assert (told["stance_before"], told["stance"]) == ("unknown", "stock and puts")


def test_a_filter_leaves_the_stance_whole(document):
    told = document("diff", "scion", "--period", "2025Q3", "--sample", "--security", "UNH", "--options", "only")
    assert [row["put_call"] for row in told["moves"]] == ["Call"]
    assert [row["stance_before"] for row in told["options"]] == ["stock and calls"]


# Words.

_CLAIMS = re.compile(
    r"\b(bets?|betting|wager\w*|bearish|bullish|shorts?|shorted|shorting|stakes?|exposure|invested|conviction)\b",
    re.IGNORECASE,
)
QUESTIONS = [
    ("diff", "scion", "--period", "2025Q3"), ("diff", "scion", "--period", "2025Q3", "--by", "issuer"),
    ("moves", "scion", "thiel", "--period", "2025Q3"), ("holdings", "scion", "--period", "2025Q3"),
    ("history", "scion", "PLTR"), ("security", "PLTR"), ("explain", "scion", "PLTR", "--period", "2025Q3"),
]  # fmt: skip


@pytest.mark.parametrize("form", ["--text", "--markdown", "--json", "--csv"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one[0]}{len(one)}")
def test_no_report_calls_notional_money_at_risk_or_an_option_a_bet(run, question, form):
    code, out, err = run(*question, "--sample", form)
    assert code == 0
    told = " ".join((out + err).split())
    assert _CLAIMS.findall(told) == []
    assert [told[found.start() - 3 : found.start()] for found in re.finditer("money at risk", told)] == [
        "no "
    ] * told.count("money at risk")


@pytest.mark.parametrize("form", ["--text", "--markdown"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one[0]}{len(one)}")
def test_whoever_shows_an_option_says_that_its_value_is_the_notional(run, question, form):
    told = " ".join(run(*question, "--sample", form)[1].split())
    assert "notional" in told
    assert "underlying" in told or "issuer" in question


def test_what_is_shown_of_two_columns_needs_no_put_or_call(run):
    code, out, _ = run("history", "scion", "PLTR", "--columns", "period,amount", "--text", "--sample")
    assert (code, "notional" in out) == (0, False)


def test_the_schema_says_what_an_options_value_is(run):
    for name in ("diff", "moves", "holdings", "history", "security"):
        code, out, _ = run("schema", name)
        assert code == 0
        assert "notional of the underlying" in json.dumps(json.loads(out))


# Options on more than all others hold.


def held_by(number, amount=10_000, *, first=10):
    """As many managers who hold the first stock."""
    one = (*THREE_STOCKS[0][:2], round(amount * 254.63), amount)
    return [quarter(1, [one], cik=f"{9999990000 + first + place}") for place in range(number)]


@pytest.mark.parametrize(("holders", "amount", "is_flagged"), [
    (10, 110_001, True), (10, 99_999, False), (9, 1_000_000, False),
])  # fmt: skip
def test_options_on_more_shares_than_all_others_hold_are_flagged(tmp_path, holders, amount, is_flagged):
    option = (*THREE_STOCKS[0][:2], round(amount * 254.63), amount, "Put")
    mine = quarter(1, [stock(1, 50_000), *THREE_STOCKS[1:], option])
    imported(tmp_path / "cache", put(tmp_path / "in", mine, *held_by(holders)))
    told = Tracker(tmp_path / "cache").moves("0009999991", "2025Q1").filter(pl.col("put_call") == "Put")
    codes = [odd["code"] for row in told["oddities"].to_list() for odd in row]
    assert ("option-oversize" in codes) is is_flagged
    if is_flagged:
        (said,) = [odd["message"] for odd in told["oddities"][0] if odd["code"] == "option-oversize"]
        assert said == "on 110,001 shares at 2025-03-31, where 10 reports hold 100,000 together"
