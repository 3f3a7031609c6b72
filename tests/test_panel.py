"""Whose books of two quarters compare, and whose book moved to another manager's report."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.markets import filing, written
from tests.test_baskets import own
from thirteenf import Tracker, panel, surveys
from thirteenf.render import render, surveyed

THEN, NOW = date(2025, 6, 30), date(2025, 9, 30)
DUE = {THEN: date(2025, 8, 14), NOW: date(2025, 11, 14)}
A, B, C, D = (f"000000000{n}" for n in range(1, 5))
ABC, XYZ = "037833100", "594918104"
NOTICE, COMBINATION = "13F NOTICE", "13F COMBINATION REPORT"


def named(cik, number=None, name="SOMEBODY"):
    return {"sequence_number": 1, "cik": cik, "form13f_file_number": number, "crd_number": None,
            "sec_file_number": None, "name": name}  # fmt: skip


@pytest.fixture
def market(tmp_path):
    """A tracker of what managers filed: (cik, period, {cusip: amount}, more of the filing)."""

    def make(*told):
        filings, rows = [], []
        for nth, (cik, period, held, more) in enumerate(told):
            number = f"{cik}-25-{nth:06}"
            times = {ABC: more.get("times", 10)}
            filings.append(filing(cik, number, period, **{"filed": DUE.get(period, period), **more, "times": None}))
            rows += [(number, cik, cusip, amount, amount * times.get(cusip, 10)) for cusip, amount in held.items()]
        frame = pl.DataFrame(
            rows, schema={"accession_number": pl.String, "cik": pl.String, "cusip": pl.String, "amount": pl.Int64,
                          "value": pl.Int64}, orient="row",
        ).with_columns(issuer=pl.lit("SOME CO"), put_call=pl.lit(""), amount_type=pl.lit("SH"))  # fmt: skip
        return Tracker(written(tmp_path / "cache", filings, frame))

    return make


def of(tracker, **more):
    found = panel.panel(tracker.books, tracker.catalog, NOW, **more)
    return {row["cik"]: row for row in found.managers.iter_rows(named=True)}, found.coverage()


def traded(tracker):
    rows = surveys.flows(tracker, None, "2025Q3").rows
    return {row["cusip"]: (row["amount_bought"], row["amount_sold"]) for row in rows.iter_rows(named=True)}


def test_each_that_does_not_compare_says_why(market):
    tracker = market(
        (A, THEN, {ABC: 100}, {}), (A, NOW, {ABC: 70}, {}),
        (B, THEN, {ABC: 50}, {}),
        (C, NOW, {ABC: 30}, {}),
        (D, date(2025, 3, 31), {ABC: 5}, {"filed": date(2025, 5, 15)}), (D, NOW, {ABC: 9}, {}),
    )  # fmt: skip
    managers, coverage = of(tracker)
    assert {cik: row["reason"] for cik, row in managers.items()} == {
        A: None, B: "late", C: "first-report", D: "quarter-missing"
    }  # fmt: skip
    assert (coverage["managers_filed"], coverage["expected"], coverage["late"], coverage["compared"]) == (3, 4, 1, 1)
    assert coverage["is_thin"]
    assert traded(tracker) == {ABC: (0, 30)}
    row = surveys.flows(tracker, ABC, "2025Q3").rows.row(0, named=True)
    assert (row["may_have_sold"], row["may_have_bought"], row["late_holders"], row["first_holders"]) == (50, 39, 1, 1)
    late = surveys.flows(tracker, ABC, "2025Q3").head["late"]
    assert late.select("cik", "amount_before", "value_before").rows() == [(B, 50, 500)]


@pytest.mark.parametrize("state", ["withheld", "notice", "emptied", "base-missing"])
def test_a_book_that_is_not_whole_is_neither_sold_nor_bought(market, state):
    later = {
        "withheld": [(A, NOW, {}, {"is_confidential_omitted": True})],
        "notice": [(A, NOW, {}, {"report_type": NOTICE, "other_managers": [named("0000009999")]})],
        "emptied": [(A, NOW, {ABC: 70}, {}),
                    (A, NOW, {}, {"is_amendment": True, "amendment_type": "RESTATEMENT", "filed": date(2025, 12, 1)})],
        "base-missing": [(A, NOW, {ABC: 70}, {"is_amendment": True, "amendment_type": "NEW HOLDINGS"})],
    }[state]  # fmt: skip
    tracker = market((A, THEN, {ABC: 100}, {}), *later, (B, THEN, {XYZ: 1}, {}), (B, NOW, {XYZ: 1}, {}))
    managers, _ = of(tracker)
    assert managers[A]["reason"] == state
    assert traded(tracker)[XYZ] == (0, 0)
    assert traded(tracker).get(ABC, (0, 0)) == (0, 0)


def test_an_honest_empty_book_sold_what_it_held(market):
    tracker = market((A, THEN, {ABC: 100}, {}), (A, NOW, {}, {}))
    assert of(tracker)[0][A]["reason"] is None
    assert traded(tracker) == {ABC: (0, 100)}


MOVED = {
    "a notice that begins": (
        [(A, THEN, {ABC: 100}, {}), (B, THEN, {ABC: 40}, {})],
        [(A, NOW, {}, {"report_type": NOTICE, "other_managers": [named(B)]}), (B, NOW, {ABC: 130}, {})],
    ),
    "a notice that ends": (
        [(A, THEN, {}, {"report_type": NOTICE, "other_managers": [named(None, name="manager 0000000002")]}),
         (B, THEN, {ABC: 140}, {})],
        [(A, NOW, {ABC: 100}, {}), (B, NOW, {ABC: 30}, {})],
    ),
    "a notice that names nobody": (
        [(A, THEN, {ABC: 100}, {}), (B, THEN, {ABC: 40}, {})],
        [(A, NOW, {}, {"report_type": NOTICE}), (B, NOW, {ABC: 130}, {"other_included_managers": [named(A)]})],
    ),
    "another CIK under the same file number": (
        [(A, THEN, {ABC: 140}, {"form13f_file_number": "028-1"})],
        [(B, NOW, {ABC: 130}, {"form13f_file_number": "028-1"})],
    ),
    "included in another's report from now on": (
        [(A, THEN, {ABC: 100}, {}), (B, THEN, {ABC: 40}, {})],
        [(B, NOW, {ABC: 130}, {"other_included_managers": [named(A)]})],
    ),
    "a part left to another": (
        [(A, THEN, {ABC: 100}, {}), (B, THEN, {ABC: 40}, {})],
        [(A, NOW, {ABC: 60}, {"report_type": COMBINATION, "other_managers": [named(B)]}), (B, NOW, {ABC: 70}, {})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MOVED)
def test_a_book_that_moved_is_compared_as_one_with_where_it_went(market, what):
    before, after = MOVED[what]
    tracker = market(*before, *after)
    managers, coverage = of(tracker)
    assert [row["comparable"] for row in managers.values()] == [True, True]
    assert len({row["book"] for row in managers.values()}) == 1
    assert [len(group["managers"]) for group in coverage["together"]] == [2]
    assert traded(tracker) == {ABC: (0, 10)}  # 140 before and 130 now, however they are told
    rows = surveys.flows(tracker, None, "2025Q3").rows
    assert rows["may_have_sold"].sum() == rows["may_have_bought"].sum() == 0


def test_a_group_of_which_a_book_is_missing_is_left_out_whole(market):
    tracker = market(
        (A, THEN, {ABC: 100}, {}), (A, NOW, {}, {"report_type": NOTICE, "other_managers": [named(B)]}),
        (B, THEN, {ABC: 40}, {}),
        (C, THEN, {XYZ: 3}, {}), (C, NOW, {XYZ: 4}, {}),
    )  # fmt: skip
    managers, _ = of(tracker)
    assert {cik: row["reason"] for cik, row in managers.items()} == {A: "notice", B: "late", C: None}
    assert traded(tracker)[XYZ] == (1, 0)
    assert traded(tracker)[ABC] == (0, 0)


def test_two_who_always_file_beside_each_other_are_two(market):
    beside = {"other_included_managers": [named(B)]}
    tracker = market(
        (A, THEN, {ABC: 100}, beside), (A, NOW, {ABC: 90}, beside), (B, THEN, {ABC: 40}, {}), (B, NOW, {ABC: 41}, {})
    )
    managers, coverage = of(tracker)
    assert [row["book"] for row in managers.values()] == [A, B]
    assert coverage["together"] == []
    assert traded(tracker) == {ABC: (1, 10)}


def test_what_is_gone_from_a_book_that_withholds_is_no_sale(market):
    tracker = market((A, THEN, {ABC: 100, XYZ: 5}, {}), (A, NOW, {XYZ: 3}, {"is_confidential_omitted": True}))
    assert traded(tracker) == {ABC: (0, 0), XYZ: (0, 2)}
    row = surveys.holders(tracker, ABC, "2025Q3").rows.row(0, named=True)
    assert (row["change"], row["unknown_reason"], row["amount"]) == ("unknown", "withheld", None)
    assert surveys.flows(tracker, ABC, "2025Q3").rows["may_have_sold"].to_list() == [100]
    every = surveys.moves(tracker, "2025Q3").rows
    assert dict(every.select("cusip", "change").iter_rows()) == {ABC: "unknown", XYZ: "reduced"}


def test_what_was_filed_later_is_not_known_before(market):
    tracker = market((A, THEN, {ABC: 100}, {}), (A, NOW, {ABC: 70}, {}), (B, THEN, {ABC: 50}, {}),
                     (B, NOW, {ABC: 20}, {"filed": date(2026, 1, 20)}))  # fmt: skip
    assert of(tracker)[1]["late"] == 0
    assert of(tracker, as_of=date(2026, 1, 19))[1]["late"] == 1
    told = surveys.flows(tracker, ABC, "2025Q3", date(2026, 1, 19)).rows.row(0, named=True)
    assert (told["amount_sold"], told["may_have_sold"]) == (30, 50)


def shown(report):
    return render(report, "text", width=200)


def test_nothing_bounds_what_a_late_filer_bought(market):
    tracker = market((A, THEN, {ABC: 100}, {}), (A, NOW, {ABC: 70}, {}), (B, THEN, {ABC: 50}, {}))
    report = surveys.flows(tracker, ABC, "2025Q3")
    assert (report.head["coverage"]["unknown_before"], report.head["coverage"]["unknown"]) == (0, 1)
    said = shown(report)
    assert "who is not compared, or withholds rows, may have sold $500, no more." in said
    assert "bought $0, no more" not in said
    assert "Not known: what the 1 late filer bought since." in said
    assert report.head["coverage"]["late_filers"] == [{"cik": B, "manager": f"Manager {B}"}]
    for other in (surveys.crowding(tracker, "2025Q3"), surveys.moves(tracker, "2025Q3")):
        assert f"Late: Manager {B}." in shown(other)


def test_nothing_bounds_what_a_first_filer_held_before(market):
    tracker = market((A, THEN, {ABC: 100}, {}), (A, NOW, {ABC: 70}, {}), (C, NOW, {ABC: 30}, {}))
    said = shown(surveys.flows(tracker, ABC, "2025Q3"))
    assert "may have bought $300, no more." in said
    assert "Not known: what 1 other held before." in said


def test_who_withholds_rows_may_hold_anything(market):
    tracker = market((A, THEN, {ABC: 100}, {}), (A, NOW, {ABC: 70}, {"is_confidential_omitted": True}))
    assert surveys.flows(tracker, ABC, "2025Q3").head["coverage"]["unknown"] == 1


def test_late_filers_are_told_with_stock_only_and_counted_once(market):
    held = {f"00000000{n}": 10 + n for n in range(10, 17)}
    tracker = market((A, THEN, {ABC: 100}, {}), (A, NOW, {ABC: 70}, {}),
                     *((cik, THEN, {ABC: amount, XYZ: 1}, {}) for cik, amount in held.items()))  # fmt: skip
    said = shown(surveys.flows(tracker, ABC, "2025Q3"))
    assert "before: Manager 0000000016 (26), " in said
    assert said.count("and 2 more.") == 2  # the late, and the late that held it
    basket = surveys.flows(tracker, None, "2025Q3", baskets=[own(ABC, XYZ)])
    assert "before: Manager 0000000016 ($270), " in shown(basket)
    assert shown(basket).count("and 2 more.") == 2


def test_options_of_late_filers_are_told_apart():
    rows = [
        (A, "ONE", ABC, "", "SH", 5, 50),
        (A, "ONE", ABC, "Put", "SH", 900, 9_000),
        (B, "TWO", ABC, "Call", "SH", 7, 70),
    ]
    names = ("cik", "manager", "cusip", "put_call", "amount_type", "amount_before", "value_before")
    assert surveyed._held_before(pl.DataFrame(rows, schema=names, orient="row")) == [
        "Late, with the stock that they held before: ONE (5).", "Late, with options or principal before: ONE, TWO.",
    ]  # fmt: skip


@pytest.mark.parametrize("what", MOVED)
def test_counts_of_coverage_add_up_where_books_moved(market, what):
    before, after = MOVED[what]
    told = of(market(*before, *after))[1]
    assert told["late"] == 0
    assert told["managers_filed"] + told["late"] + told["reported_elsewhere"] == told["expected"] == 2
    assert told["compared"] + sum(told["left_out"].values()) == told["expected"]
    assert (told["unknown_before"], told["unknown"]) == (0, 0) or what == "a part left to another"


def test_dollars_of_a_price_that_cannot_be_are_in_no_sum(market):
    """Every share is worth $10 and A's is told to be worth $10,000, as a value in thousands taken for dollars is."""
    six = [f"000000002{n}" for n in range(6)]
    tracker = market(*((cik, day, {ABC: 100 if day == THEN else 90}, {}) for cik in six for day in (THEN, NOW)),
                     (A, THEN, {ABC: 200, XYZ: 9_000_007}, {}),
                     (A, NOW, {ABC: 300, XYZ: 9_000_000}, {"times": 10_000}))  # fmt: skip
    report = surveys.flows(tracker, None, "2025Q3")
    rows = {row["cusip"]: row for row in report.rows.iter_rows(named=True)}
    assert report.head["odd_prices"] == 1
    assert (rows[ABC]["bought"], rows[ABC]["sold"], rows[ABC]["trade_effect"]) == (0, 600, -600)
    assert (rows[ABC]["value_before"], rows[ABC]["value"], rows[ABC]["price_effect"]) == (6_000, 5_400, 0)
    assert (rows[ABC]["amount_bought"], rows[ABC]["amount_sold"], rows[ABC]["added"]) == (100, 60, 1)
    assert rows[XYZ]["sold"] == 70  # nobody else tells a price of it
    basket = surveys.flows(tracker, None, "2025Q3", baskets=[own(ABC)])
    told = basket.head["baskets"][0]["sums"].row(0, named=True)
    assert (basket.head["odd_prices"], told["bought"], told["sold"], told["amount_bought"]) == (1, 0, 600, 100)
    assert "In no sum of dollars, but of shares: 1 position at a price" in shown(report)
    assert "In no sum of dollars, but of shares: 1 position at a price" in shown(basket)
    assert surveys.flows(tracker, XYZ, "2025Q3").head["odd_prices"] == 0
