"""Why a position changed: every move has its causes, and no trade is one before the rest is excluded."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import book, filed
from tests.securities_files import list_text, listed
from tests.test_moves import portfolios
from tests.trees import THREE_STOCKS, amendment, imported, manager, notice, put, quarter, stock
from thirteenf import Tracker, moves, notices
from thirteenf.causes import redemptions
from thirteenf.causes.accounts import Account
from thirteenf.causes.assigning import Sides, assign
from thirteenf.vocabulary import CAUSES, CONFIDENCES, EVIDENCE

LENNAR_A, LENNAR_B, HORTON, NUCOR = "526057104", "526057302", "23331A109", "670346105"
HIDDEN = {LENNAR_A, LENNAR_B, HORTON, NUCOR}
SIX = ("ark", "berkshire", "bridgewater", "scion", "softbank", "thiel")
DONE = {"split", "cusip_change", "merger", "spin_off"}
A = THREE_STOCKS[0]
FIVE = [*THREE_STOCKS, stock(1, 20_000), stock(2, 30_000)]
CAME = "FIRM9 INC", stock(9, 1)[1]


def words(row):
    return [one["cause"] for one in row["cause"]]


def sure(row):
    """Causes by name, each with how sure it is."""
    return {one["cause"]: one["confidence"] for one in row["cause"]}


def said(row, word):
    """The kinds of evidence of one of a move's causes."""
    return [one["kind"] for cause in row["cause"] if cause["cause"] == word for one in cause["evidence"]]


def by_cusip(frame):
    return {row["cusip"]: row for row in frame.iter_rows(named=True)}


def tracked(tmp_path, *contents, **more):
    """A tracker of filings, and of the SEC's lists, which are paths."""
    files = [one for one in contents if isinstance(one, bytes)]
    paths = [one for one in contents if not isinstance(one, bytes)]
    assert set(imported(tmp_path / "cache", put(tmp_path / "in", *files), *paths)["outcome"]) == {"added"}
    return Tracker(tmp_path / "cache", curated=False, **more)


def moved(tracker, period="2025Q2", **more):
    return by_cusip(tracker.moves("0009999991", period, **more))


# On the six managers' filings.


class Real(NamedTuple):
    tracker: Tracker
    compared: list
    """Of every quarter of every manager."""

    @property
    def rows(self):
        """Every move of quarters that compare, with its comparison."""
        every = ((row, one) for one in self.compared if not one.reason for row in one.moves.iter_rows(named=True))
        return ((row, one) for row, one in every)


@pytest.fixture(scope="module")
def real_moves(edgar_cache):
    tracker = Tracker(edgar_cache)
    return Real(tracker, [tracker.compare(who, day) for who in SIX for day in tracker.periods(who)])


def test_every_move_of_the_six_managers_has_a_cause_and_none_that_compares_is_unknown(real_moves):
    told = [words(row) for row, _ in real_moves.rows]
    assert len(told) > 12_000
    assert all(told)
    assert sum("unknown" in one for one in told) == 0
    rest = [words(row) for one in real_moves.compared if one.reason for row in one.moves.iter_rows(named=True)]
    assert {tuple(one) for one in rest} == {("unknown",)}  # first reports, and SoftBank's year of none


def test_causes_how_sure_they_are_and_their_evidence_are_words_of_the_vocabulary(real_moves):
    causes = [cause for one in real_moves.compared for told in one.moves["cause"].to_list() for cause in told]
    assert {one["cause"] for one in causes} <= set(CAUSES)
    assert {one["confidence"] for one in causes} <= set(CONFIDENCES)
    assert {said["kind"] for one in causes for said in one["evidence"]} <= set(EVIDENCE)
    assert all(one["evidence"] for one in causes)
    assert all(said["detail"] for one in causes for said in one["evidence"])


def test_no_trade_stands_without_what_excludes_the_rest(real_moves):
    number = 0
    for row, _ in real_moves.rows:
        kinds = said(row, "trade")
        if not kinds:
            continue
        number += 1
        is_stock = not row["put_call"] and row["amount_type"] == "SH"
        mine = [one for cause in row["cause"] if cause["cause"] == "trade" for one in cause["evidence"]]
        days = {one["detail"][-10:] for one in mine if one["kind"] in ("filed", "absent")}
        assert days == {str(row["period"]), str(row["against"])}, row
        assert kinds.count("report") == 2
        assert "lineage" in kinds or DONE & set(words(row)), row
        if row["change"] in ("new", "exited") and not DONE & set(words(row)):
            assert {"list", "others"} & set(kinds), row
        if row["change"] == "exited":
            assert "floor" in kinds or "reporting_floor" in words(row)
        if is_stock:
            assert "book" in kinds
    assert number > 11_000


def test_what_evidence_states_is_the_sum_of_the_rows_it_names(real_moves):
    tracker = real_moves.tracker
    books = {(one.asked.cik, side.period): side for one in real_moves.compared for side in (one.before, one.after)
             if side}  # fmt: skip
    rows = {
        (row["accession_number"], row["row"]): row
        for side in books.values() for row in tracker.books.rows_as_filed(side).iter_rows(named=True)
    }  # fmt: skip
    number = 0
    for row, _ in real_moves.rows:
        seen = {}
        for one in (one for cause in row["cause"] for one in cause["evidence"] if one["rows"]):
            named = [rows[one["accession_number"], at] for at in one["rows"]]
            assert {(at["put_call"], at["amount_type"]) for at in named} == {(row["put_call"], row["amount_type"])}
            if match := re.fullmatch(r"(?:part of )?([\d,]+) at (\S+)", one["detail"]):
                stated = int(match[1].replace(",", "")), match[2]
                seen.setdefault(stated, {})[one["accession_number"]] = sum(at["amount"] for at in named)
        for (amount, _), of_filings in seen.items():
            assert sum(of_filings.values()) == amount, row
            number += 1
    assert number > 20_000


def test_of_an_amount_out_of_two_filings_each_is_said_to_have_a_part(real_moves):
    row = by_cusip(real_moves.tracker.moves("berkshire", "2025Q1"))[LENNAR_B]
    told = [one["detail"] for cause in row["cause"] for one in cause["evidence"] if one["kind"] == "filed"]
    assert told == ["152,572 at 2024-12-31", *["part of 152,774 at 2025-03-31"] * 2]


def test_berkshires_hidden_positions_are_revealed_and_no_news_of_the_quarter_after(real_moves):
    told = by_cusip(real_moves.tracker.moves("berkshire", "2025Q1"))
    for number in HIDDEN:
        assert (sure(told[number])["revealed"], told[number]["hidden_days"]) == ("confirmed", 91)
    assert {number for number, row in told.items() if "revealed" in words(row)} == HIDDEN
    after = by_cusip(real_moves.tracker.moves("berkshire", "2025Q2"))
    assert {number: after[number]["change"] for number in HIDDEN} == {
        HORTON: "reduced", LENNAR_A: "added", LENNAR_B: "added", NUCOR: "added",
    }  # fmt: skip
    assert [sure(after[number]) for number in HIDDEN] == [{"trade": "confirmed"}] * 4


def test_before_the_amendment_nothing_is_known_of_them(real_moves):
    told = by_cusip(real_moves.tracker.moves("berkshire", "2025Q1", as_of="2025-08-13"))
    assert set(told) & HIDDEN == {LENNAR_B}
    assert (words(told[LENNAR_B]), told[LENNAR_B]["hidden_days"]) == (["held"], None)
    assert HIDDEN & set(by_cusip(real_moves.tracker.moves("berkshire", "2025Q1", as_of="2025-08-14"))) == HIDDEN


def test_what_is_gone_from_a_report_that_withholds_rows_may_be_one_of_them(real_moves):
    told = real_moves.tracker.moves("berkshire", "2025Q1").filter(pl.col("unknown_reason") == "withheld")
    assert told["change"].to_list() == ["unknown", "unknown"]
    assert [sure(row) for row in told.iter_rows(named=True)] == [{"withheld": "possible"}] * 2


def test_thiels_empty_books_are_books(real_moves):
    tracker = real_moves.tracker
    told = tracker.compare("thiel", "2025Q4")
    assert (told.reason, told.after.book.state) == (None, "empty")
    assert [(row["change"], sure(row)) for row in told.moves.iter_rows(named=True)] == [
        ("exited", {"trade": "confirmed"})
    ] * 3
    told = tracker.compare("thiel", "2026Q1")
    assert (told.reason, told.before.book.state, told.after.book.state, told.moves.height) == (
        None,
        "empty",
        "empty",
        0,
    )
    assert set(tracker.moves("thiel", "2026Q2")["change"]) == {"new"}


@pytest.mark.parametrize("command", ["diff", "holdings"])
def test_scion_has_stopped_and_sold_nothing(run, edgar_cache, command):
    code, out, err = run("--cache", edgar_cache, command, "scion", "--period", "2025Q4")
    assert (code, out) == (3, "")
    assert "2025Q3" in err
    assert "exited" not in err
    code, out, _ = run("--cache", edgar_cache, "holdings", "scion", "--text")
    assert code == 0
    assert "2025Q3" in out


# One ratio.

BOOK = [stock(place, 10_007 + 1_234 * place) for place in range(27)]


def times(positions, ratio, **others):
    """Positions that moved by one ratio, but for those whose amounts are given by place."""
    told = [(*one[:2], one[2], round(one[3] * ratio)) for one in positions]
    for name, amount in others.items():
        place = int(name.removeprefix("at_"))
        told[place] = (*positions[place][:2], 0, amount)
    return [(issuer, number, round(amount * 52.31), amount) for issuer, number, _, amount in told if amount]


@pytest.mark.parametrize("ratio", [0.5, 0.046, 1.1, 1 / 3, 0.97])
def test_a_redemption_is_one_and_no_27_trades(tmp_path, ratio):
    told = tracked(tmp_path, quarter(1, BOOK), quarter(2, times(BOOK, ratio))).compare("0009999991", "2025Q2")
    assert (told.redemption.positions, told.redemption.of, told.redemption.confidence) == (27, 27, "confirmed")
    assert told.redemption.ratio == pytest.approx(ratio, rel=1e-4)
    assert [words(row) for row in told.moves.iter_rows(named=True)] == [["redemption"]] * 27
    assert told.moves["residual"].abs().max() <= 1


def test_two_true_trades_stand_out_of_a_redemption(tmp_path):
    after = times(BOOK, 0.5, at_3=20_000, at_20=9_000)
    told = tracked(tmp_path, quarter(1, BOOK), quarter(2, after)).compare("0009999991", "2025Q2")
    assert (told.redemption.positions, told.redemption.of) == (25, 27)
    traded = {row["cusip"]: row["residual"] for row in told.moves.iter_rows(named=True) if "trade" in words(row)}
    assert traded == {
        BOOK[3][1]: 20_000 - round(BOOK[3][3] * told.redemption.ratio),
        BOOK[20][1]: 9_000 - round(BOOK[20][3] * told.redemption.ratio),
    }
    rows = by_cusip(told.moves)
    assert rows[BOOK[3][1]]["residual"] == pytest.approx(20_000 - BOOK[3][3] / 2, abs=2)
    assert set(words(rows[BOOK[3][1]])) == {"redemption", "trade"}
    assert "more than the book's one ratio" in str(rows[BOOK[3][1]]["cause"])
    rest = [row["residual"] for row in rows.values() if "trade" not in words(row)]
    assert len(rest) == 25
    assert max(map(abs, rest)) <= 1


def test_cantillons_22_of_27_positions_were_cut_by_one_ratio(tmp_path):
    """2026-06-30: 22 of 27 positions by 95.4 percent; here the other five are sold out of or cut otherwise."""
    after = times(BOOK, 0.046, at_1=5_000, at_2=400, at_3=9_999, at_4=2_000, at_5=14_000)
    told = tracked(tmp_path, quarter(1, BOOK), quarter(2, after)).compare("0009999991", "2025Q2")
    assert (told.redemption.positions, told.redemption.of, told.redemption.confidence) == (22, 27, "confirmed")
    assert told.redemption.ratio == pytest.approx(0.046, rel=1e-3)
    traded = {row["cusip"] for row in told.moves.iter_rows(named=True) if "trade" in words(row)}
    assert traded == {BOOK[place][1] for place in range(1, 6)}


def test_what_came_and_went_beside_a_redemption_was_traded(tmp_path):
    after = [*times(BOOK, 0.5, at_0=0), (*CAME, 501_700, 10_000)]
    told = moved(tracked(tmp_path, quarter(1, BOOK[:9] + BOOK[10:]), quarter(2, after[:8] + after[9:])))
    gone, came = told[BOOK[0][1]], told[CAME[1]]
    assert (gone["change"], words(gone)[0], gone["residual"]) == ("exited", "trade", None)
    assert (came["change"], words(came)[0], came["residual"]) == ("new", "trade", None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BOOK[:4], times(BOOK[:4], 0.5)),  # too few
        (BOOK, BOOK),  # nothing moved
        (BOOK, times(BOOK, 0.99)),  # by next to nothing
        (BOOK, [*times(BOOK[:13], 0.5), *BOOK[13:]]),  # half of the book only
    ],
)
def test_few_positions_a_part_of_the_book_or_next_to_nothing_make_no_redemption(before, after):
    sides = [book(*((number, amount, value) for _, number, value, amount in side)) for side in (before, after)]
    assert redemptions.found(moves.diff(*sides)) is None


def test_options_that_moved_by_the_ratio_of_the_stock_are_of_the_redemption_too(tmp_path):
    puts = [(*one, "Put") for one in BOOK[:2]]
    halved = [(*one, "Put") for one in times(BOOK[:2], 0.5)]
    frame = tracked(tmp_path, quarter(1, [*BOOK, *puts]), quarter(2, [*times(BOOK, 0.5), *halved])).moves("0009999991")
    told = [row for row in frame.iter_rows(named=True) if row["put_call"]]
    assert [sure(row) for row in told] == [{"redemption": "confirmed"}] * 2
    assert all(abs(row["residual"]) <= 1 for row in told)


# Each cause.


def test_a_first_report_is_unknown_and_no_cause_is_made_up(tmp_path):
    told = moved(tracked(tmp_path, quarter(1)), "2025Q1")
    assert [(row["change"], sure(row)) for row in told.values()] == [("unknown", {"unknown": "possible"})] * 3


def test_what_kept_its_amount_was_held(tmp_path):
    told = moved(tracked(tmp_path, quarter(1), quarter(2)))
    assert [sure(row) for row in told.values()] == [{"held": "confirmed"}] * 3
    assert said(told[A[1]], "held") == ["filed", "filed"]


SMALL = "FIRM9 INC", CAME[1], 100_340, 2_000
SMALL_ONES = [stock(place, 1_000) for place in range(10, 13)]


def test_a_small_position_that_is_gone_may_be_held_all_the_same(tmp_path):
    told = moved(tracked(tmp_path, quarter(1, [*THREE_STOCKS, SMALL]), quarter(2)))[SMALL[1]]
    assert (told["change"], sure(told)) == ("exited", {"trade": "possible", "reporting_floor": "possible"})
    assert said(told, "reporting_floor") == ["floor", "report"]


def test_a_small_position_that_is_new_may_have_been_held(tmp_path):
    told = moved(tracked(tmp_path, quarter(1), quarter(2, [*THREE_STOCKS, SMALL])))[SMALL[1]]
    assert (told["change"], sure(told)) == ("new", {"trade": "possible", "reporting_floor": "possible"})


def test_of_one_who_lists_small_positions_a_small_one_was_likely_sold(tmp_path):
    both = [*THREE_STOCKS, *SMALL_ONES]
    told = moved(tracked(tmp_path, quarter(1, [*both, SMALL]), quarter(2, both)))[SMALL[1]]
    assert sure(told) == {"trade": "likely", "reporting_floor": "possible"}


@pytest.mark.parametrize(("amount", "value"), [(9_999, 200_000), (10_000, 150_000), (12_000, 300_000)])
def test_at_either_bound_a_position_must_be_listed(tmp_path, amount, value):
    told = moved(tracked(tmp_path, quarter(1, [*THREE_STOCKS, (*CAME, value, amount)]), quarter(2)))[CAME[1]]
    assert "reporting_floor" not in words(told)
    assert "floor" in said(told, "trade")


def on_list(tmp_path, place, *numbers, status=""):
    """An Official List of a quarter of 2025."""
    path = tmp_path / f"13flist2025q{place}.txt"
    path.write_bytes(list_text(*(listed(number, "SOME INC", status=status) for number in numbers)))
    return path


def test_what_is_no_longer_on_the_secs_list_need_not_be_reported(tmp_path):
    others = [one[1] for one in THREE_STOCKS]
    filings = quarter(1, [*THREE_STOCKS, (*CAME, 501_700, 10_000)]), quarter(2)
    told = moved(tracked(tmp_path, *filings, on_list(tmp_path, 2, *others)))[CAME[1]]
    assert (told["change"], sure(told)) == ("exited", {"trade": "possible", "off_list": "likely"})
    assert said(told, "off_list") == ["list"]


def test_what_the_list_has_was_sold(tmp_path):
    filings = quarter(1, [*THREE_STOCKS, (*CAME, 501_700, 10_000)]), quarter(2)
    told = moved(tracked(tmp_path, *filings, on_list(tmp_path, 2, CAME[1])))[CAME[1]]
    assert sure(told) == {"trade": "confirmed"}
    assert {"list", "floor", "book", "lineage"} <= set(said(told, "trade"))


def test_without_a_list_and_without_others_an_exit_is_likely_at_most(tmp_path):
    filings = quarter(1, [*THREE_STOCKS, (*CAME, 501_700, 10_000)]), quarter(2)
    told = moved(tracked(tmp_path, *filings))[CAME[1]]
    assert sure(told) == {"trade": "likely"}


def test_what_the_list_added_may_have_been_held_before(tmp_path):
    added = on_list(tmp_path, 2, CAME[1], status="*A*")
    filings = quarter(1), quarter(2, [*THREE_STOCKS, (*CAME, 501_700, 10_000)])
    told = moved(tracked(tmp_path, *filings, added))[CAME[1]]
    assert (told["change"], sure(told)) == ("new", {"trade": "possible", "off_list": "possible"})


def test_rows_that_were_withheld_may_be_what_is_gone_or_what_came(tmp_path):
    few = THREE_STOCKS[:2]
    tracker = tracked(tmp_path, quarter(1), quarter(2, few, omitted="true"), quarter(3))
    gone = moved(tracker)[THREE_STOCKS[2][1]]
    assert (gone["change"], sure(gone)) == ("unknown", {"withheld": "possible"})
    came = moved(tracker, "2025Q3")[THREE_STOCKS[2][1]]
    assert (came["change"], sure(came)) == ("new", {"trade": "possible", "withheld": "possible"})


def test_a_report_of_nothing_but_withheld_rows_explains_all_that_is_gone(tmp_path):
    told = moved(tracked(tmp_path, quarter(1), quarter(2, (), rows=0, omitted="true")))
    assert [(row["change"], sure(row)) for row in told.values()] == [("unknown", {"withheld": "confirmed"})] * 3


@pytest.mark.parametrize(
    ("more", "confidence"), [({"ended": "Confidential Treatment Expired"}, "confirmed"), ({}, "likely")]
)
def test_what_new_holdings_add_was_revealed(tmp_path, more, confidence):
    late = amendment(2, [(*CAME, 501_700, 10_000)], filed=date(2025, 11, 14), **more)
    tracker = tracked(tmp_path, quarter(1), quarter(2), late, quarter(3, [*THREE_STOCKS, (*CAME, 501_700, 10_000)]))
    told = moved(tracker)[CAME[1]]
    assert (told["change"], sure(told)["revealed"], told["hidden_days"]) == ("new", confidence, 92)
    assert said(told, "revealed") == ["amendment"]
    assert sure(moved(tracker, "2025Q3")[CAME[1]]) == {"held": "confirmed"}
    assert CAME[1] not in moved(tracker, as_of="2025-11-13")


def four_holders(place, price=254.63, mine=A[3]):
    """Three who hold the first stock at its price, and one whose row of it is another."""
    others = [quarter(place, [A], cik=f"000999999{number}") for number in (2, 3, 4)]
    return [*others, quarter(place, [(*A[:2], round(mine * price), mine), *FIVE[1:]])]


def test_a_value_a_thousand_times_others_is_the_filers_slip_and_no_trade(tmp_path):
    told = moved(tracked(tmp_path, *four_holders(1), *four_holders(2, 254_630)))[A[1]]
    assert (told["change"], sure(told)) == ("unchanged", {"filer_error": "likely"})
    assert "the value: $254,630 a share" in str(told["cause"])
    assert "price-off-others" in [one["code"] for one in told["oddities"]]


def test_beside_a_wrong_value_a_change_of_amount_is_a_trade(tmp_path):
    told = moved(tracked(tmp_path, *four_holders(1), *four_holders(2, 254_630, mine=8_000)))[A[1]]
    assert (told["change"], sure(told)) == ("reduced", {"filer_error": "likely", "trade": "confirmed"})


def test_a_price_three_times_others_is_told_and_changes_nothing(tmp_path):
    told = moved(tracked(tmp_path, *four_holders(1), *four_holders(2, 900)))[A[1]]
    assert (told["change"], sure(told)) == ("unchanged", {"held": "confirmed"})
    (odd,) = [one for one in told["oddities"] if one["code"] == "price-off-others"]
    assert odd["message"] == "$900.00 a share at 2025-06-30, where the median of 4 reports is $254.63"


def test_of_two_reports_neither_is_the_odd_one(tmp_path):
    filings = [quarter(1), quarter(2), quarter(2, [(*A[:2], A[2] * 4, A[3]), *THREE_STOCKS[1:]], cik="0009999992")]
    tracker = tracked(tmp_path, *filings)
    assert tracker.moves("0009999991", "2025Q2")["oddities"].list.len().sum() == 0


def test_amount_and_value_in_each_others_column_make_no_purchase(tmp_path):
    """T05, T06: the price of a share would be a 250th of a dollar where others have $254.63."""
    swapped = [(*A[:2], A[3], A[2]), *FIVE[1:]]
    others = [quarter(place, [A], cik=f"000999999{number}") for place in (1, 2) for number in (2, 3, 4)]
    told = moved(tracked(tmp_path, *others, quarter(1, FIVE), quarter(2, swapped)))[A[1]]
    assert (told["change"], sure(told)) == ("added", {"filer_error": "likely", "trade": "possible"})
    assert "amount and value seem swapped" in str(told["cause"])


def test_a_column_of_values_that_repeats_the_amounts_is_the_filers_slip(tmp_path):
    copied = [(*one[:2], one[3], one[3]) for one in FIVE[:4]] + [(*FIVE[4][:2], 25_000, 25_000)]
    tracker = tracked(tmp_path, quarter(1, FIVE), quarter(2, copied))
    told = moved(tracker)
    assert [sure(row)["filer_error"] for row in told.values()] == ["likely"] * 5
    assert [row["change"] for row in told.values() if "trade" in words(row)] == ["reduced"]
    assert "value-equals-amount" in {one.code for one in tracker.compare("0009999991", "2025Q2").after.oddities()}


def test_a_value_without_an_amount_is_no_sale(tmp_path):
    nothing = [(*A[:2], A[2], 0), *THREE_STOCKS[1:]]
    told = moved(tracked(tmp_path, quarter(1), quarter(2, nothing)))[A[1]]
    assert (told["change"], sure(told)) == ("reduced", {"filer_error": "likely", "trade": "possible"})


def test_a_person_is_told_what_cannot_well_be_true(tmp_path, run):
    nothing = [(*A[:2], A[2], 0), *THREE_STOCKS[1:]]
    tracked(tmp_path, quarter(1), quarter(2, nothing))
    code, out, _ = run("--cache", tmp_path / "cache", "diff", "0009999991", "--text")
    assert code == 0
    assert "filer error, likely: $2,546,300 at 2025-06-30 without an amount." in out


def test_a_row_that_stands_twice_may_be_no_purchase(tmp_path):
    told = moved(tracked(tmp_path, quarter(1), quarter(2, [A, *THREE_STOCKS])))[A[1]]
    assert (told["change"], sure(told)) == ("added", {"trade": "possible", "filer_error": "possible"})


@pytest.mark.parametrize("number", ["037833109", "000000000"])
def test_under_a_damaged_number_or_a_placeholder_nothing_surely_came(tmp_path, number):
    told = moved(tracked(tmp_path, quarter(1), quarter(2, [*THREE_STOCKS, ("SOME INC", number, 501_700, 10_000)])))
    assert (told[number]["change"], sure(told[number])) == ("new", {"trade": "possible", "filer_error": "possible"})


def test_a_restatement_that_empties_the_book_sold_nothing(tmp_path):
    """T41: Westfuller's restatement left one row of zeros of $83 million."""
    emptied = amendment(2, [("NONE", "000000000", 0, 0)], amends="RESTATEMENT", filed=date(2025, 9, 1))
    told = moved(tracked(tmp_path, quarter(1), quarter(2), emptied))
    assert [(row["change"], row["unknown_reason"], sure(row)) for row in told.values()] == [
        ("unknown", "emptied", {"filer_error": "possible"})
    ] * 3


def test_of_an_emptied_book_notices_tell_no_sales(tmp_path):
    emptied = amendment(2, [("NONE", "000000000", 0, 0)], amends="RESTATEMENT", filed=date(2025, 9, 1))
    tracker = tracked(tmp_path, quarter(1), quarter(2), emptied)
    (line,) = notices._largest(tracker, "0009999991", date(2025, 6, 30))
    assert line.startswith("cannot be compared (emptied)")


def test_a_notice_sold_nothing_and_names_who_reports_now(tmp_path):
    told = moved(tracked(tmp_path, quarter(1), notice(2, others=[manager("Parent LLC", cik="0009999992")])))
    assert [(row["change"], sure(row)) for row in told.values()] == [("unknown", {"moved_manager": "likely"})] * 3
    assert "left to the reports of Parent LLC; no rows" in str(told[A[1]]["cause"])


def combination(place, positions):
    return quarter(place, positions, report_type="13F COMBINATION REPORT", others=[manager("Parent LLC")])


def test_what_is_gone_from_a_combination_report_may_be_in_anothers(tmp_path):
    few = THREE_STOCKS[:2]
    tracker = tracked(tmp_path, quarter(1, [*THREE_STOCKS, SMALL]), combination(2, THREE_STOCKS), combination(3, few))
    first = moved(tracker)[SMALL[1]]
    assert (first["change"], sure(first)) == ("unknown", {"moved_manager": "possible"})
    second = moved(tracker, "2025Q3")[THREE_STOCKS[2][1]]
    assert (second["change"], sure(second)) == ("exited", {"trade": "possible", "moved_manager": "possible"})


def test_what_comes_after_a_combination_report_may_have_been_in_anothers(tmp_path):
    told = moved(tracked(tmp_path, combination(1, THREE_STOCKS[:2]), quarter(2)))[THREE_STOCKS[2][1]]
    assert (told["change"], sure(told)) == ("new", {"trade": "possible", "moved_manager": "possible"})


OLD, NEW = ("FIRM50 INC", "750ABC104"), ("FIRM60 INC", "760ABC103")


@pytest.mark.parametrize(
    ("kind", "ratio", "same", "before", "after", "change"),
    [
        ("split", "10:1", True, 1_003, 10_030, "unchanged"),
        ("reverse_split", "1:10", True, 10_030, 1_003, "unchanged"),
        ("cusip_change", "1:1", False, 10_030, 10_030, "unchanged"),
        ("merger", "0.5:1", False, 10_030, 5_015, "unchanged"),
    ],
)
def test_what_the_users_own_table_says_was_done_is_the_cause(tmp_path, kind, ratio, same, before, after, change):
    old, new = stock(50, 1), stock(50 if same else 60, 1)
    action = {"kind": kind, "date": date(2025, 5, 2), "cusip_before": old[1], "cusip": new[1], "ratio": ratio,
              "source": "me"}  # fmt: skip
    rows = [
        [*THREE_STOCKS, (*old[:2], 5_031_000, before)],
        [*THREE_STOCKS, (*new[:2], 5_031_000, after)],
    ]
    told = moved(tracked(tmp_path, quarter(1, rows[0]), quarter(2, rows[1]), actions=[action]))[new[1]]
    word = "split" if kind == "reverse_split" else kind
    assert (told["change"], sure(told)) == (change, {word: "confirmed"})
    assert "own" in said(told, word)


def test_what_was_spun_off_was_not_bought(tmp_path):
    action = {"kind": "spin_off", "date": date(2025, 5, 2), "cusip_before": A[1], "cusip": CAME[1], "ratio": "0.25:1",
              "source": "me"}  # fmt: skip
    after = [*THREE_STOCKS, (*CAME, 50_170, 2_500)]
    told = moved(tracked(tmp_path, quarter(1), quarter(2, after), actions=[action]))[CAME[1]]
    assert (told["change"], sure(told)) == ("new", {"spin_off": "confirmed"})


def test_a_split_and_a_trade_are_two_causes_of_one_move(tmp_path):
    action = {"kind": "split", "date": date(2025, 5, 2), "cusip": A[1], "ratio": "10:1", "source": "me"}
    after = [(*A[:2], A[2], 90_000), *THREE_STOCKS[1:]]
    told = moved(tracked(tmp_path, quarter(1), quarter(2, after), actions=[action]))[A[1]]
    assert (told["change"], told["amount_change"]) == ("reduced", -10_000)
    assert sure(told) == {"split": "confirmed", "trade": "confirmed"}
    assert "lineage" not in said(told, "trade")


@pytest.mark.parametrize("put_call", ["Put", "Call"])
def test_options_that_are_gone_may_have_expired(tmp_path, put_call):
    option = (*A, put_call)
    tracker = tracked(tmp_path, quarter(1, [*THREE_STOCKS, option]), quarter(2), quarter(3, [*THREE_STOCKS, option]))
    gone = next(row for row in tracker.moves("0009999991", "2025Q2").iter_rows(named=True) if row["put_call"])
    assert (gone["change"], sure(gone)) == ("exited", {"trade": "likely"})
    assert "it may have expired or been exercised: the form does not say" in str(gone["cause"])
    assert "form" in said(gone, "trade")
    came = next(row for row in tracker.moves("0009999991", "2025Q3").iter_rows(named=True) if row["put_call"])
    assert (came["change"], sure(came)) == ("new", {"trade": "confirmed"})


# An exit that may be believed.


@pytest.mark.parametrize(
    "after",
    [
        [quarter(2, THREE_STOCKS[:2], omitted="true")],
        [quarter(2, (), rows=0, omitted="true")],
        [notice(2)],
        [combination(2, THREE_STOCKS[:2])],
        [quarter(2), amendment(2, [("NONE", "000000000", 0, 0)], amends="RESTATEMENT")],
        [amendment(2, [(*CAME, 501_700, 10_000)])],
    ],
    ids=["withheld", "all withheld", "notice", "combination", "emptied", "base missing"],
)
def test_nothing_is_exited_into_a_report_that_is_not_the_whole_book(tmp_path, after):
    told = moved(tracked(tmp_path, quarter(1), *after))
    assert {row["change"] for row in told.values()} <= {"unknown", "unchanged"}
    assert "exited" not in {row["change"] for row in told.values()}
    assert all(row["cause"] for row in told.values())
    assert "trade" not in [word for row in told.values() for word in words(row)]


def account(day, **more):
    number = int(f"{day:%y%m}")
    return Account(day, [filed(number, on=day)], "holdings", **more)


PARTS = st.builds(dict, withholds=st.booleans(), combination=st.booleans())


@given(portfolios(), portfolios(), PARTS, PARTS, st.booleans())
def test_whatever_two_books_are_every_row_has_a_cause_and_no_exit_out_of_a_part_is_sure(
    before, after, of_then, of_now, is_in_doubt
):
    then, now = account(date(2025, 3, 31), **of_then), account(date(2025, 6, 30), **of_now)
    found = moves.diff(before, after)
    gone = "withheld" if now.withholds else "combination" if now.combination and not then.combination else None
    frame = moves.in_doubt(found, gone=gone) if is_in_doubt else found
    told = assign(frame, Sides(then, now, redemptions.found(found)))
    assert told.schema == frame.schema
    for row in told.iter_rows(named=True):
        assert row["cause"]
        assert set(words(row)) <= set(CAUSES) - {"unknown"}
        in_part = {"exited": now, "unknown": now, "new": then}.get(row["change"])
        if in_part and (in_part.withholds or in_part.combination):
            assert sure(row).get("trade") != "confirmed"


@given(portfolios())
def test_a_book_beside_itself_is_held(held):
    told = assign(moves.diff(held, held), Sides(account(date(2025, 3, 31)), account(date(2025, 6, 30))))
    assert {word for row in told.iter_rows(named=True) for word in words(row)} <= {"held", "filer_error"}
