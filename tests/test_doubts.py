"""What looks like a trade and need be none: another manager's rows, slips of the pen, odd amendments, splits untold."""

from __future__ import annotations

import polars as pl
import pytest

from tests.test_causes import by_cusip, moved, sure, tracked
from tests.test_continuity import BOOK, ME, MINE, MY_PARENT, PARENT, SISTER, naming, parents
from tests.trees import amendment, manager, notice, quarter, stock
from thirteenf.explanation import explain

OTHERS = ("0009999995", "0009999996", "0009999997")
PERIODS = ((1, BOOK), (2, BOOK))


def peers(*periods):
    """Three managers whose reports agree on the prices of the day."""
    return [quarter(place, held, cik=cik) for place, held in periods for cik in OTHERS]


def priced(place, dollars, amount):
    """A position of BOOK at another price or amount."""
    return (*BOOK[place][:2], round(dollars * amount), amount)


def exited(told):
    return {number: sure(row) for number, row in told.items() if row["change"] == "exited"}


# Another manager's rows.


def test_rows_that_a_parent_reports_for_a_manager_from_now_on_are_no_purchases_of_its_own(tmp_path):
    own = quarter(1, BOOK[10:], cik=PARENT)
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), own, notice(2, others=[MY_PARENT]), parents(2))
    told = by_cusip(tracker.moves(PARENT, "2025Q2"))
    assert [sure(told[one[1]]) for one in BOOK[:10]] == [{"moved_manager": "confirmed"}] * 10
    assert [sure(told[one[1]]) for one in BOOK[10:]] == [{"held": "confirmed"}] * 10


def test_rows_that_a_manager_reports_for_itself_from_now_on_are_no_sales_of_its_parent(tmp_path):
    filings = [notice(1, others=[MY_PARENT]), parents(1), quarter(2, BOOK[:10]), quarter(2, BOOK[10:], cik=PARENT)]
    tracker = tracked(tmp_path, *filings)
    assert exited(by_cusip(tracker.moves(PARENT, "2025Q2"))) == {
        one[1]: {"moved_manager": "confirmed"} for one in BOOK[:10]
    }
    assert {tuple(sure(row)) for row in moved(tracker).values()} == {("moved_manager",)}


def test_a_parent_who_trades_beside_rows_that_came_to_it_may_have_traded(tmp_path):
    now = [stock(0, 90_000), *BOOK[1:10]]
    tracker = tracked(
        tmp_path, quarter(1, BOOK[:10]), quarter(1, [stock(0, 500), *BOOK[10:]], cik=PARENT),
        notice(2, others=[MY_PARENT]), quarter(2, [*naming(now), stock(0, 700), *BOOK[10:]], cik=PARENT, included=[ME]),
    )  # fmt: skip
    told = by_cusip(tracker.moves(PARENT, "2025Q2"))[BOOK[0][1]]
    assert sure(told) == {"moved_manager": "confirmed", "trade": "possible"}


def test_a_row_that_loses_its_managers_number_is_no_exit_to_be_sure_of(tmp_path):
    filings = [notice(place, others=[MY_PARENT]) for place in (1, 2)]
    tracker = tracked(tmp_path, *filings, parents(1), parents(2, BOOK[:9], BOOK[9:]))
    (causes,) = exited(moved(tracker)).values()
    assert causes == {"trade": "possible", "moved_manager": "possible"}


def test_a_row_of_two_managers_is_no_purchase_to_be_sure_of(tmp_path):
    shared = [*naming([stock(0, 90_000)], "1,2"), *naming(BOOK[1:10])]
    included = [ME, manager("Sister LLC", cik=SISTER)]
    both = quarter(2, [*shared, *BOOK[10:]], cik=PARENT, included=included)
    told = moved(tracked(tmp_path, quarter(1, BOOK[:10]), notice(2, others=[MY_PARENT]), both))
    assert sure(told[BOOK[0][1]]) == {"moved_manager": "confirmed", "trade": "possible"}


@pytest.mark.parametrize("included", [[], [ME]])
def test_what_a_new_manager_holds_to_the_share_was_not_sold(tmp_path, included):
    filings = [quarter(1, BOOK), quarter(2, BOOK[:10]), quarter(2, BOOK[10:], cik=PARENT, included=included)]
    gone = exited(moved(tracked(tmp_path, *filings)))
    assert list(gone.values()) == [{"moved_manager": "likely", "trade": "possible"}] * 10


def test_the_one_heir_of_a_notice_takes_the_whole_book_over_without_numbers(tmp_path):
    tracker = tracked(tmp_path, quarter(1, BOOK), notice(2, others=[MY_PARENT]), quarter(2, BOOK, cik=PARENT))
    told = tracker.compare(MINE, "2025Q2")
    assert (told.after.link.kind, told.after.link.cik) == ("successor", PARENT)
    assert {tuple(sure(row).items()) for row in told.moves.iter_rows(named=True)} == {(("moved_manager", "confirmed"),)}


# Slips of the pen.


@pytest.mark.parametrize("number", ["12345A999", "999999AB1"])
def test_as_much_of_one_issuer_under_another_number_may_be_a_slip(tmp_path, number):
    wrong = (BOOK[0][0], number, *BOOK[0][2:])
    told = moved(tracked(tmp_path, quarter(1, BOOK), quarter(2, [wrong, *BOOK[1:]]), *peers(*PERIODS)))
    for row in (told[BOOK[0][1]], told[number]):
        assert (sure(row)["trade"], sure(row)["filer_error"]) == ("possible", "possible")


@pytest.mark.parametrize("times", [10, 100])
def test_an_amount_too_large_beside_the_value_of_old_is_a_slip(tmp_path, times):
    slip = (*BOOK[0][:3], BOOK[0][3] * times)
    told = moved(tracked(tmp_path, quarter(1, BOOK), quarter(2, [slip, *BOOK[1:]]), *peers(*PERIODS)))
    assert sure(told[BOOK[0][1]]) == {"filer_error": "likely", "trade": "possible"}


def test_an_amount_a_thousandth_of_the_last_may_be_a_slip(tmp_path):
    before, slip = [stock(0, 12_345_000), *BOOK[1:]], stock(0, 12_345)
    told = moved(tracked(tmp_path, quarter(1, before), quarter(2, [slip, *BOOK[1:]])))
    assert sure(told[BOOK[0][1]]) == {"filer_error": "possible", "trade": "possible"}


def test_a_book_whose_two_columns_changed_places_bought_nothing(tmp_path):
    prices = [20 + 6 * place for place in range(20)]
    before = [priced(place, prices[place], 40_000 + 977 * place) for place in range(20)]
    changed = [(issuer, number, amount, value) for issuer, number, value, amount in before]
    told = moved(tracked(tmp_path, quarter(1, before), quarter(2, changed)))
    assert {sure(row).get("filer_error") for row in told.values()} == {"likely"}
    assert {sure(row)["trade"] for row in told.values()} == {"possible"}


def test_a_purchase_of_a_share_of_about_thirty_dollars_is_no_swap(tmp_path):
    """HP Inc, Bridgewater 2024Q3: its price squared is about a thousand."""
    before, after = [priced(0, 35.02, 47_957), *BOOK[1:]], [priced(0, 35.87, 1_318_599), *BOOK[1:]]
    told = moved(tracked(tmp_path, quarter(1, before), quarter(2, after)))
    assert sure(told[BOOK[0][1]]) == {"trade": "confirmed"}


def test_a_negative_amount_is_no_sale(tmp_path):
    slip = (*BOOK[0][:3], -BOOK[0][3])
    told = moved(tracked(tmp_path, quarter(1, BOOK), quarter(2, [slip, *BOOK[1:]])))[BOOK[0][1]]
    assert (sure(told)["filer_error"], sure(told)["trade"]) == ("likely", "possible")


def test_a_book_that_stands_twice_is_no_money_paid_in(tmp_path):
    told = moved(tracked(tmp_path, quarter(1, BOOK), quarter(2, [*BOOK, *BOOK])))
    assert {tuple(sure(row).items()) for row in told.values()} == {
        (("filer_error", "possible"), ("redemption", "possible"))
    }


def test_a_mark_or_type_that_slipped_is_no_sale_and_no_purchase(tmp_path):
    now = [(*BOOK[0], "Put"), *BOOK[1:]]
    rows = tracked(tmp_path, quarter(1, BOOK), quarter(2, now), *peers(*PERIODS)).moves(MINE, "2025Q2")
    told = [sure(row) for row in rows.iter_rows(named=True) if row["cusip"] == BOOK[0][1]]
    assert [(one["filer_error"], one["trade"]) for one in told] == [("possible", "possible")] * 2


def test_as_much_of_several_of_one_family_proves_nothing(tmp_path):
    gone, came = ([("ISHARES TR", number, 500_000, 5_000) for number in numbers] for numbers in (
        ("464287200", "464287622"), ("464287655", "464287614")))  # fmt: skip
    told = moved(tracked(tmp_path, quarter(1, [*BOOK, *gone]), quarter(2, [*BOOK, *came])))
    assert "filer_error" not in {word for row in told.values() for word in sure(row)}


@pytest.mark.parametrize("then", [1, 2])
def test_a_row_that_stands_as_often_on_both_days_is_no_slip(tmp_path, then):
    lots = [stock(0, 50_000)]
    before, after = [*lots * then, *BOOK[1:]], [*lots * 2, stock(0, 7), *BOOK[1:]]
    told = sure(moved(tracked(tmp_path, quarter(1, before), quarter(2, after)))[BOOK[0][1]])
    assert told == ({"trade": "confirmed"} if then == 2 else {"filer_error": "possible", "trade": "possible"})


def test_what_is_told_of_a_whole_book_is_told_of_one_security_too(tmp_path):
    filings = [quarter(1, BOOK), quarter(2, BOOK[:10]), quarter(2, BOOK[10:], cik=PARENT), *peers(*PERIODS)]
    tracker, number = tracked(tmp_path, *filings), BOOK[12][1]
    asked = [
        tracker.moves(MINE, "2025Q2").row(by_predicate=pl.col("cusip") == number, named=True),
        explain(tracker, MINE, number, "2025Q2").head["moves"].row(0, named=True),
        tracker.history(MINE, number).row(1, named=True),
    ]
    assert [sure(row) for row in asked] == [{"moved_manager": "likely", "trade": "possible"}] * 3


# Reports that are not all there.

TOTAL = sum(one[2] for one in BOOK)


@pytest.mark.parametrize(
    "after",
    [
        [quarter(2, BOOK[:15], rows=20, total=TOTAL)],
        [quarter(2, BOOK[:15], total=TOTAL)],
        [quarter(2, BOOK[:17]), amendment(2, BOOK[17:], amends="")],
        [quarter(2, BOOK[:15]), amendment(2, BOOK[17:18], rows=5)],
        [quarter(2, [*BOOK[1:]]), quarter(2, BOOK[:17], nth=5)],
    ],
    ids=["rows are lacking", "dollars are lacking", "an amendment is ignored", "a filing is refused", "two originals"],
)
def test_out_of_a_report_that_is_not_all_there_nothing_is_sold_for_sure(tmp_path, after):
    told = moved(tracked(tmp_path, quarter(1, BOOK), *after, *peers(*PERIODS)))[BOOK[18][1]]
    assert (told["change"], sure(told)) == ("exited", {"trade": "possible", "filer_error": "possible"})


def test_a_total_that_is_a_little_short_hides_no_large_position(tmp_path):
    """ARK's report for 2026-06-30 is $344 short of its cover."""
    short = quarter(2, BOOK[:19], total=TOTAL - BOOK[19][2] + 3_440)
    told = moved(tracked(tmp_path, quarter(1, BOOK), short, *peers(*PERIODS)))[BOOK[19][1]]
    assert sure(told) == {"trade": "confirmed"}


# Amendments.


def test_new_holdings_that_list_the_book_again_with_corrections_replace_it(tmp_path):
    corrected = [*[stock(place, 5_000) for place in range(5)], *BOOK[5:]]
    told = moved(tracked(tmp_path, quarter(1, BOOK), quarter(2, BOOK), amendment(2, corrected)))
    assert {row["amount"] for row in told.values()} == {one[3] for one in corrected}


def test_an_amount_that_an_amendment_adds_again_is_doubted(tmp_path):
    told = moved(tracked(tmp_path, quarter(1, BOOK), quarter(2, BOOK), amendment(2, [BOOK[0]])))[BOOK[0][1]]
    assert sure(told) == {"revealed": "likely", "filer_error": "possible", "trade": "possible"}


def test_exits_by_a_restatement_of_a_few_rows_are_doubted_and_said(tmp_path):
    filings = [quarter(1, BOOK), quarter(2, BOOK), amendment(2, BOOK[:1], amends="RESTATEMENT")]
    tracker = tracked(tmp_path, *filings, *peers(*PERIODS))
    gone = exited(moved(tracker))
    assert list(gone.values()) == [{"trade": "possible", "filer_error": "possible"}] * 19
    odd = [one.code for one in tracker.compare(MINE, "2025Q2").after.oddities()]
    assert "restated-to-less" in odd


# What a report leaves out.


@pytest.mark.parametrize(
    ("before", "after", "amounts"),
    [
        ({"omitted": "true"}, {}, (5_000, 9_000)),
        ({}, {"omitted": "true"}, (9_000, 5_000)),
        (*[{"report_type": "13F COMBINATION REPORT", "others": [manager("Parent LLC")]}] * 2, (9_000, 5_000)),
    ],
    ids=["withheld before", "withheld after", "a combination report"],
)
def test_a_part_of_a_position_may_be_left_out_too(tmp_path, before, after, amounts):
    then, now = (
        quarter(place, [stock(0, amounts[place - 1]), *BOOK[1:]], **more)
        for place, more in enumerate((before, after), 1)
    )
    told = sure(moved(tracked(tmp_path, then, now))[BOOK[0][1]])
    assert told.pop("trade") == "likely"
    assert set(told.values()) == {"possible"}


def test_a_position_may_have_fallen_below_the_floor_at_the_price_of_the_day(tmp_path):
    before, now = [priced(0, 30, 9_000), *BOOK[1:]], [priced(0, 20, 500_000), *BOOK[1:]]
    theirs = peers((1, [priced(0, 30, 500_000), *BOOK[1:]]), (2, now))
    gone = exited(moved(tracked(tmp_path, quarter(1, before), quarter(2, BOOK[1:]), *theirs)))
    assert gone == {BOOK[0][1]: {"trade": "possible", "reporting_floor": "possible"}}


# Splits that nothing tells of.


def test_a_purchase_at_a_price_as_after_a_split_may_be_one(tmp_path):
    """At Williams-Sonoma's prices of 2024-06-30 and 2024-09-30, two for one between them."""
    before, after = [priced(0, 282.37, 36_457), *BOOK[1:]], [priced(0, 154.92, 74_527), *BOOK[1:]]
    told = moved(tracked(tmp_path, quarter(1, before), quarter(2, after)))[BOOK[0][1]]
    assert sure(told) == {"split": "possible", "trade": "possible"}


def test_an_option_is_split_with_its_stock(tmp_path):
    before, after = (*priced(0, 400.13, 10_000), "Call"), (*priced(0, 101.07, 40_000), "Call")
    told = moved(tracked(tmp_path, quarter(1, [*BOOK[1:], before]), quarter(2, [*BOOK[1:], after])))[BOOK[0][1]]
    assert sure(told) == {"split": "possible", "trade": "possible"}


def test_where_five_would_have_shown_a_split_a_fall_in_price_is_none(tmp_path):
    before, after = [priced(0, 282.37, 36_457), *BOOK[1:]], [priced(0, 154.92, 145_527), *BOOK[1:]]
    held = [(1, before), (2, [priced(0, 154.92, 36_457), *BOOK[1:]])]
    more = [quarter(place, book, cik=f"000999998{n}") for place, book in held for n in range(5)]
    told = moved(tracked(tmp_path, quarter(1, before), quarter(2, after), *more))[BOOK[0][1]]
    assert sure(told) == {"trade": "confirmed"}
