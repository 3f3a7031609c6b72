"""A manager's own measures: against figures worked out by hand, and against plain computations over the filings."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import plain
from tests.test_continuity import ME, MINE, MY_PARENT, parents, tracked
from tests.trees import amendment, notice, quarter, stock
from thirteenf import Tracker, measures, periods, reports
from thirteenf.measures import Held, Listed
from thirteenf.moves import diff
from thirteenf.render import render

A, B, C, D = (stock(place, 10_000) for place in range(4))
STOCK = {"put_call": "", "amount_type": "SH"}


def book(*rows):
    """Positions by hand: CUSIP, amount, dollars, and perhaps other than plain shares."""
    return pl.DataFrame([
        {"cusip": cusip, **STOCK, "issuer": cusip, "title_of_class": "COM", "amount": amount, "value": value,
         "weight": None, **dict(*more)}
        for cusip, amount, value, *more in rows
    ], schema_overrides={"weight": pl.Float64})  # fmt: skip


# Turnover.


def test_turnover_by_both_definitions():
    # 100 of A at $10 become 300 at $10: $2,000 bought; B, $1,000, sold; C, $500, bought; D is held.
    before = book(("A", 100, 1_000), ("B", 10, 1_000), ("D", 10, 2_000))
    after = book(("A", 300, 3_000), ("C", 5, 500), ("D", 10, 2_500))
    told = measures.turnover(diff(before, after))
    assert (told["purchases"], told["sales"], told["mean_value"]) == (2_500, 1_000, 5_000)
    assert (told["lesser_pct"], told["half_sum_pct"]) == (20.0, 35.0)


def test_prices_turn_nothing_over_and_options_and_principal_are_no_part_of_it():
    before = book(("A", 100, 1_000), ("A", 100, 1_000, {"put_call": "Put"}), ("N", 100, 90, {"amount_type": "PRN"}))
    after = book(("A", 100, 3_000), ("B", 900, 9_000, {"put_call": "Call"}))
    told = measures.turnover(diff(before, after))
    assert told == {"purchases": 0, "sales": 0, "mean_value": 2_000, "lesser_pct": 0.0, "half_sum_pct": 0.0}


def test_a_book_that_is_sold_out():
    told = measures.turnover(diff(book(("A", 10, 500), ("B", 10, 300)), book(("A", 1, 1, {"put_call": "Put"}))))
    assert (told["lesser_pct"], told["half_sum_pct"], told["sales"]) == (0.0, 100.0, 800)
    assert measures.turnover(diff(book(("A", 10, 0)), book(("A", 10, 0))))["lesser_pct"] is None


def test_thiel_sold_more_than_it_bought():
    # by hand off its two filings: MSFT and AAPL bought; NVDA and VST sold, and most of TSLA
    told = Tracker(sample=True).compare("thiel", "2025Q3").turnover
    assert told["purchases"] == 25_379_550 + 20_161_858
    assert told["sales"] == 84_957_859 + 40_457_256 + 79_140_000
    assert told["lesser_pct"] == pytest.approx(31.796, abs=1e-3)
    assert told["half_sum_pct"] == pytest.approx(87.306, abs=1e-3)


@pytest.mark.parametrize("cik", ["0001697748", "0001067983", "0001350694"])
def test_turnover_and_concentration_as_worked_out_plainly(edgar, edgar_cache, cik):
    # a quarter in which nothing was done to what they hold
    paths = sorted((edgar / "www.sec.gov").rglob(f"{int(cik)}/**/*.txt"))
    filings = plain.in_force(map(plain.read, paths))
    then, now = ({key[0]: one for key, one in plain.positions(filings[cik, day]).items() if key[1:] == ("", "SH")}
                 for day in ("2025-06-30", "2025-09-30"))  # fmt: skip
    bought = sold = 0.0
    for number in then.keys() | now.keys():
        old, new = then.get(number), now.get(number)
        if old and new:
            traded = (new.amount - old.amount) * (new.value / new.amount + old.value / old.amount) / 2
        else:
            traded = new.value if new else -old.value
        bought, sold = bought + max(traded, 0), sold + max(-traded, 0)
    value = sum(one.value for one in now.values())
    mean = (sum(one.value for one in then.values()) + value) / 2
    report = reports.diff(Tracker(edgar_cache), cik, "2025Q3")
    told = report.head["summary"]["measures"]
    assert told["turnover"]["purchases"] == pytest.approx(bought, abs=len(now))
    assert told["turnover"]["sales"] == pytest.approx(sold, abs=len(then))
    assert told["turnover"]["lesser_pct"] == pytest.approx(min(bought, sold) / mean * 100, rel=1e-6)
    assert told["turnover"]["half_sum_pct"] == pytest.approx((bought + sold) / 2 / mean * 100, rel=1e-6)
    largest = sorted((one.value for one in now.values()), reverse=True)[:10]
    assert told["after"]["positions"] == len(now)
    assert told["after"]["top_ten_weight"] == pytest.approx(sum(largest) / value * 100)
    assert told["after"]["herfindahl"] == pytest.approx(sum((one.value / value) ** 2 for one in now.values()))


def test_books_that_do_not_compare_have_no_turnover(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A, B]), quarter(3, [A]), notice(4))
    for period, reason in (("2025Q1", "first-report"), ("2025Q3", "quarter-missing"), ("2025Q4", "notice")):
        told = tracker.compare(MINE, period)
        assert (told.reason, told.turnover) == (reason, None)
    told = reports.diff(tracker, MINE, "2025Q4").head["summary"]["measures"]
    assert (told["before"]["positions"], told["after"], told["held"]) == (1, None, None)


def test_what_may_only_be_withheld_is_no_sale(tmp_path):
    told = tracked(tmp_path, quarter(1, [A, B]), quarter(2, [A], omitted="true")).compare(MINE, "2025Q2")
    assert (told.reason, told.turnover) == (None, None)


def test_turnover_is_of_one_quarter_never_of_more(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A, B]), quarter(2, [A, B]), quarter(3, [A]))
    assert tracker.compare(MINE, "2025Q3").turnover["sales"] > 0
    told = tracker.compare(MINE, "2025Q3", against="2025Q1")
    assert (told.reason, told.turnover) == (None, None)
    assert told.moves["change"].to_list().count("exited") == 1


def test_nobody_trades_between_two_days_of_one_quarter(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A]), amendment(1, [B], filed=date(2025, 7, 1)))
    assert tracker.compare(MINE, "2025Q1", against_as_of="2025-05-31").turnover is None


amounts = st.tuples(st.integers(1, 10**6), st.integers(1, 10**9))
made = st.dictionaries(st.sampled_from("ABCDEFGHIJKLMNOP"), amounts).map(
    lambda held: book(*((number, *of) for number, of in held.items()), ("Z", 1, 1, {"put_call": "Put"}))
)


@given(made, made)
def test_laws_of_turnover(before, after):
    told, back = measures.turnover(diff(before, after)), measures.turnover(diff(after, before))
    assert (told["purchases"], told["sales"]) == (back["sales"], back["purchases"])
    if told["lesser_pct"] is not None:
        assert 0 <= told["lesser_pct"] <= told["half_sum_pct"] + 1e-9
    assert measures.turnover(diff(after, after))["half_sum_pct"] in (0.0, None)


# Concentration.


def test_concentration_by_hand():
    told = measures.concentration(
        book(*((f"C{place}", 1, 5) for place in range(20)), ("X", 1, 900, {"put_call": "Put"}))
    )
    assert told == {"positions": 20, "top_ten_weight": 50.0, "herfindahl": pytest.approx(0.05)}
    told = measures.concentration(book(("A", 1, 60), ("B", 1, 30), ("C", 1, 10)))
    assert told == {"positions": 3, "top_ten_weight": 100.0, "herfindahl": pytest.approx(0.46)}


def test_an_empty_book_is_not_concentrated():
    nothing = {"positions": 0, "top_ten_weight": None, "herfindahl": None}
    assert measures.concentration(book(("A", 1, 60, {"put_call": "Put"}))) == nothing


@given(made)
def test_laws_of_concentration(held):
    told = measures.concentration(held)
    if told["positions"]:
        assert 1 / told["positions"] - 1e-9 <= told["herfindahl"] <= 1 + 1e-9
        assert min(10 / told["positions"], 1) * 100 - 1e-9 <= told["top_ten_weight"] <= 100 + 1e-9


# How long a security is held.


def held(tracker, period, manager=MINE, **more):
    side = tracker.side(manager, periods.parse(period))
    return tracker.quarters_held(side, manager, None, **more)


def test_quarters_in_a_row_are_counted_and_the_oldest_report_ends_what_is_known(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A, B, C]), quarter(2, [A, B]), quarter(3, [A, B, C]), quarter(4, [A, C, D]))
    assert held(tracker, "2025Q4") == {
        A[1]: Held(4, at_least=True), C[1]: Held(2, at_least=False), D[1]: Held(1, at_least=False),
    }  # fmt: skip
    assert held(tracker, "2025Q4", most=1) == {
        A[1]: Held(2, at_least=True), C[1]: Held(2, at_least=True), D[1]: Held(1, at_least=False),
    }  # fmt: skip
    assert held(tracker, "2025Q1") == dict.fromkeys((A[1], B[1], C[1]), Held(1, at_least=True))


@pytest.mark.parametrize(
    "second",
    [
        [],
        [notice(2, others=[MY_PARENT])],
        [quarter(2, [B], omitted="true")],
        [quarter(2, [B], report_type="13F COMBINATION REPORT", others=[ME])],
        [quarter(2, [B], rows=2)],
        [amendment(2, [B])],
    ],
    ids=["missing", "notice", "withheld", "combination", "short of its own count", "base missing"],
)  # fmt: skip
def test_a_quarter_that_is_not_all_there_ends_what_is_known_and_not_the_holding(tmp_path, second):
    tracker = tracked(tmp_path, quarter(1, [A, B]), *second, quarter(3, [A, B]), quarter(4, [A]))
    assert held(tracker, "2025Q4")[A[1]] == Held(2, at_least=True)


def test_what_withheld_rows_do_list_was_held(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [B]), quarter(2, [A, B], omitted="true"), quarter(3, [A, C]))
    assert held(tracker, "2025Q3") == {A[1]: Held(2, at_least=False), C[1]: Held(1, at_least=True)}


def test_what_an_amendment_adds_was_held(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [B]), quarter(2, [B]), amendment(2, [A]), quarter(3, [A]))
    assert held(tracker, "2025Q3") == {A[1]: Held(2, at_least=False)}
    side = tracker.side(MINE, date(2025, 9, 30), date(2026, 1, 1))
    assert tracker.quarters_held(side, MINE, date(2026, 1, 1)) == {A[1]: Held(2, at_least=False)}


def test_only_what_was_known_on_the_day_counts(tmp_path):
    late = amendment(2, [A], filed=date(2026, 1, 5))
    tracker = tracked(tmp_path, quarter(1, [B]), quarter(2, [B]), late, quarter(3, [A]))
    day = date(2025, 12, 31)
    assert tracker.quarters_held(tracker.side(MINE, date(2025, 9, 30), day), MINE, day) == {A[1]: Held(1, False)}


def test_options_are_no_holding_of_the_stock(tmp_path):
    put = (*A, "Put")
    tracker = tracked(tmp_path, quarter(1, [put, B]), quarter(2, [A, B]), quarter(3, [A, put, B]))
    assert held(tracker, "2025Q3") == {A[1]: Held(2, at_least=False), B[1]: Held(3, at_least=True)}


def test_a_book_that_is_in_others_reports_is_not_counted(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A]), notice(2, others=[MY_PARENT]), parents(2, [A]))
    side = tracker.book(MINE, date(2025, 6, 30))
    assert side.link
    assert tracker.quarters_held(side, MINE, None) == {}


def test_a_new_cusip_is_the_same_holding(edgar_cache):
    # Lam Research split in October 2024; its CUSIP changed from 512807108 to 512807306
    tracker = Tracker(edgar_cache)
    told = tracker.history("bridgewater", "512807306")
    assert told["quarters_held"].to_list() == list(range(1, told.height + 1))
    assert told["held_at_least"].all()


def test_history_counts_anew_after_an_exit_and_not_for_options(tmp_path):
    quarters = [[A, B], [B], [A, (*A, "Put")], [A, B]]
    tracker = tracked(tmp_path, *(quarter(place, rows) for place, rows in enumerate(quarters, 1)))
    told = tracker.history(MINE, A[1]).filter(pl.col("put_call") == "")
    assert told["quarters_held"].to_list() == [1, None, 1, 2]
    assert told["held_at_least"].to_list() == [True, None, False, False]
    options = tracker.history(MINE, A[1]).filter(pl.col("put_call") == "Put")
    assert options["quarters_held"].null_count() == options.height > 0
    head = reports.history(tracker, MINE, A[1]).head["periods"]
    assert [one["concentration"]["positions"] for one in head] == [2, 1, 1, 2]
    assert [one["turnover"] and one["turnover"]["sales"] for one in head] == [None, A[2], B[2], 0]


def test_the_mean_and_the_median_of_a_book():
    told = measures.held({"A": Held(4, True), "B": Held(1, False), "C": Held(1, False), "D": Held(3, True)}, 8)
    assert told == {"mean_quarters": 2.25, "median_quarters": 2.0, "securities": 4, "at_least": 2, "looked_back": 8}
    assert measures.held({}, None) is None


numbers = st.sampled_from("ABCDEF")
quarters = st.lists(st.none() | st.tuples(st.frozensets(numbers), st.booleans()), max_size=7)


@given(
    st.frozensets(numbers), quarters, st.dictionaries(numbers, st.frozensets(numbers)), st.none() | st.integers(0, 4)
)
def test_quarters_held_as_counted_one_security_at_a_time(now, earlier, others, most):
    period, day = date(2025, 9, 30), date(2025, 9, 30)
    books = {}
    for one in earlier:
        day = periods.before(day)
        if one:
            books[day] = Listed(*one)
    names = {number: of | {number} for number, of in others.items()}
    told = measures.quarters_held(period, now, books, names, most)
    assert told.keys() == now
    for number in now:
        count, at_least = 1, True
        for place, one in enumerate(earlier):
            if one is None or place == most:
                break
            if not one[0] & names.get(number, {number}):
                at_least = not one[1]
                break
            count += 1
        assert told[number] == (count, at_least)


# As it is told.


def test_two_quiet_lines_tell_it():
    shown = render(reports.diff(Tracker(sample=True), "thiel", "2025Q3"), "text", width=100)
    assert "Turnover: 31.8 % by the lesser of purchases and sales, 87.3 % by half of both." in shown
    assert "Top ten: 100.0 % (before 100.0 %), Herfindahl 0.340 (0.364), held for at least 1.7 quarters" in shown


def test_nothing_is_said_of_what_is_not_known():
    shown = render(reports.diff(Tracker(sample=True), "scion", "2025Q1"), "text", width=100)
    assert "Turnover" not in shown
    assert "held for" not in shown
    assert "before" not in next(line for line in shown.splitlines() if line.startswith("Top ten"))


def test_a_report_of_changes_looks_at_no_more_than_so_many_quarters(tmp_path):
    day, contents = date(2025, 9, 30), []
    for place in range(measures.LOOKS_BACK + 3):
        number = f"{MINE}-25-{900 - place:06}"
        contents.append(quarter(3, [A], period=day, filed=day + timedelta(days=40)).replace(
            f"{MINE}-25-000300".encode(), number.encode()))  # fmt: skip
        day = periods.before(day)
    told = reports.diff(tracked(tmp_path, *contents), MINE, "2025Q3").head["summary"]["measures"]["held"]
    assert told == {"mean_quarters": 9.0, "median_quarters": 9.0, "securities": 1, "at_least": 1, "looked_back": 8}
