from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.builders import as_filed, filed
from thirteenf.amendments import fold, positions, summed

NEW_YORK = ZoneInfo("America/New_York")
NUCOR, LENNAR_A, LENNAR_B, HORTON, APPLE = "670346105", "526057104", "526057302", "23331A109", "037833100"
TEN = [(f"0000000{n}0", 100 + n, 1000 + n) for n in range(10)]
RESTATES, ADDS = {"amendment_type": "RESTATEMENT"}, {"amendment_type": "NEW HOLDINGS"}
UNTYPED = {"is_amendment": True}


def at(hour, minute=0, day=15):
    return {"on": date(2025, 5, day), "at": datetime(2025, 5, day, hour, minute, tzinfo=NEW_YORK)}


def rows_of(*filings):
    """Rows of all filings, from (filing, positions)."""
    frames = [
        as_filed(*held).with_columns(accession_number=pl.lit(filing["accession_number"])) for filing, held in filings
    ]
    return pl.concat(frames)


def folded(*filings):
    return fold([filing for filing, _ in filings], rows_of(*filings))


def in_force(*filings):
    """What the fold leaves: cusip, put/call and type to amount and value."""
    book = folded(*filings)
    rows = rows_of(*filings).filter(pl.col("accession_number").is_in(book.in_force))
    return {row[0]: row[3:] for row in summed(rows).rows()}


def codes(book):
    return [oddity.code for oddity in book.oddities]


def number(filing):
    return filing["accession_number"]


def test_an_original_stands_alone():
    original = filed(1)
    book = folded((original, TEN))
    assert (book.state, book.in_force, codes(book)) == ("holdings", (number(original),), [])
    assert book.states == {number(original): "in-force"}
    assert not book.withholds
    assert not book.combination


def test_a_restatement_replaces_what_came_before():
    original, restated = filed(1), filed(2, **RESTATES, on=date(2025, 6, 1))
    book = folded((original, TEN), (restated, TEN[:4]))
    assert (book.state, book.in_force) == ("holdings", (number(restated),))
    assert book.states == {number(original): "restated", number(restated): "in-force"}
    assert codes(book) == ["restated-to-less"]


def test_a_restatement_that_keeps_most_is_nothing_odd():
    book = folded((filed(1), TEN), (filed(2, **RESTATES, on=date(2025, 6, 1)), TEN[1:]))
    assert codes(book) == []


def test_new_holdings_add_also_to_a_position_that_is_listed():
    """Berkshire 2025-03-31: Lennar B was listed, the amendment's 202 shares bring it to 152,572."""
    original = filed(5701, is_confidential_omitted=True)
    revealed = filed(8361, **ADDS, on=date(2025, 8, 14))
    base = [(LENNAR_B, 152370, 16617472), (APPLE, 300000000, 66639000000)]
    added = [
        (NUCOR, 5756510, 692738413),
        (LENNAR_A, 1929972, 221522186),
        (HORTON, 1512371, 192267725),
        (LENNAR_B, 202, 22032),
    ]
    book = folded((original, base), (revealed, added))
    assert book.state == "holdings"
    assert book.in_force == (number(original), number(revealed))
    assert codes(book) == []
    assert book.withholds  # the amendment speaks for its own rows only
    held = in_force((original, base), (revealed, added))
    assert held[LENNAR_B][0] == 152572
    assert held[NUCOR] == (5756510, 692738413)
    assert sum(value for _, value in held.values()) == 66639000000 + 16617472 + 1106550356


def test_berkshires_real_first_quarter_of_2025_adds_up(real):
    figures = pl.read_csv(real / "seed_figures.csv", infer_schema_length=0)
    figures = figures.filter(cik="1067983", period="2025-03-31")
    filings = [
        filed(0, on=date.fromisoformat(day)) | {"accession_number": accession}
        | ({"amendment_type": "NEW HOLDINGS", "is_amendment": True} if kind == "NEW HOLDINGS" else {})
        for accession, day, kind in figures.select("accession", "filed", "amendment_type").unique().rows()
    ]  # fmt: skip
    rows = figures.select(
        accession_number="accession", cusip="cusip", put_call=pl.col("putcall").fill_null(""), amount_type="type",
        amount=pl.col("shares").cast(pl.Int64), value=pl.col("value").cast(pl.Int64),
    )  # fmt: skip

    def total(known):
        book = fold(known, rows)
        return rows.filter(pl.col("accession_number").is_in(book.in_force))["value"].sum()

    assert total(filings) == 259_807_694_872
    assert total([one for one in filings if one["filing_date"] <= date(2025, 8, 13)]) == 258_701_144_516


def test_filings_of_one_day_are_taken_in_order_of_acceptance_not_of_number():
    """Heritage Wealth Advisors and Cantillon restated twice and three times on one day."""
    original = filed(1)
    first = filed(9, **RESTATES, **at(10), amendment_number=1)
    second = filed(3, **RESTATES, **at(16, 30), amendment_number=1)
    book = folded((original, TEN), (second, TEN[:2]), (first, TEN[:1]))
    assert book.in_force == (number(second),)
    assert book.states[number(first)] == "restated"


def test_without_acceptance_times_the_accession_number_orders_a_day():
    first, second = filed(220, **RESTATES), filed(221, **RESTATES)
    assert folded((second, TEN[:2]), (first, TEN[:1]), (filed(1), TEN)).in_force == (number(second),)


def test_a_chain_of_new_holdings_is_added_up():
    """Davidson Kempner: three NEW HOLDINGS on one day."""
    chain = [filed(n, **ADDS, on=date(2025, 2, 14)) for n in (17, 18, 19)]
    original = filed(1, on=date(2024, 8, 14))
    filings = [(original, TEN), *[(one, [(f"99999{n}109", n, n * 7)]) for n, one in enumerate(chain, 1)]]
    book = folded(*filings)
    assert book.in_force == (number(original), *map(number, chain))
    assert len(in_force(*filings)) == 13


def test_new_holdings_older_than_a_restatement_go_with_it_and_later_ones_add_to_it():
    """DZ Bank: No. 1 restates, No. 2 adds."""
    original, early = filed(1), filed(2, **ADDS, on=date(2025, 6, 1))
    restated, late = filed(3, **RESTATES, on=date(2026, 5, 4)), filed(4, **ADDS, on=date(2026, 5, 5))
    filings = [
        (original, TEN), (early, [(NUCOR, 1, 1)]), (restated, [(APPLE, 5, 50)]), (late, [(HORTON, 2, 20)]),
    ]  # fmt: skip
    assert in_force(*filings) == {APPLE: (5, 50), HORTON: (2, 20)}
    assert folded(*filings).states == {
        number(original): "restated", number(early): "restated", number(restated): "in-force", number(late): "in-force",
    }  # fmt: skip


# Amendments without a type.


@pytest.mark.parametrize(("value", "replaces"), [(1000, True), (5000, True), (500, True), (499, False), (0, False)])
def test_an_amendment_without_a_type_replaces_only_if_it_keeps_half_of_the_value(value, replaces):
    original, amendment = filed(1), filed(2, **UNTYPED, on=date(2025, 6, 1))
    book = folded((original, [(APPLE, 10, 1000)]), (amendment, [(APPLE, 10, value)]))
    assert book.state == "holdings"
    if replaces:
        assert book.in_force == (number(amendment),)
        assert codes(book) == ["amendment-without-type"]
    else:
        assert book.in_force == (number(original),)
        assert codes(book) == ["amendment-ignored"]
        assert book.states == {number(original): "in-force", number(amendment): "refused"}


def test_an_amendment_of_an_unknown_type_is_one_without_a_type():
    amendment = filed(2, amendment_type="CORRECTION", on=date(2025, 6, 1))
    assert codes(folded((filed(1), TEN), (amendment, TEN))) == ["amendment-without-type"]


def test_an_amendment_without_a_type_or_a_base_is_the_report():
    book = folded((filed(2, **UNTYPED), TEN))
    assert book.state == "holdings"
    assert book.in_force == (number(filed(2)),)


# Reports that are there twice, or empty.


def test_of_two_originals_the_later_counts_and_it_is_said():
    first, second = filed(7, **at(9)), filed(2, **at(17))
    book = folded((second, TEN[:5]), (first, TEN))
    assert book.in_force == (number(second),)
    assert book.states[number(first)] == "restated"
    assert codes(book) == ["second-original", "restated-to-less"]
    assert book.oddities[0].accession_number == number(second)


def test_a_restatement_to_nothing_is_taken_and_said():
    """Westfuller 0001085146-25-001757: 83,377,179 to one placeholder row."""
    restated = filed(2, **RESTATES, on=date(2025, 6, 1))
    book = folded((filed(1), TEN), (restated, [("000000000", 0, 0)]))
    assert book.state == "emptied"
    assert set(codes(book)) == {"restated-to-empty", "empty-book"}
    assert book.states[number(restated)] == "empty"


@pytest.mark.parametrize("held", [[], [("000000000", 0, 0)]])
def test_a_report_of_nothing_is_an_empty_book(held):
    """Thiel Macro 2025-12-31: a holdings report with one row of zeros."""
    book = folded((filed(1), held))
    assert (book.state, codes(book)) == ("empty", ["empty-book"])
    assert book.states == {number(filed(1)): "empty"}


def test_nothing_but_withheld_rows_is_withheld_not_empty():
    """Premier Wealth Management 0001104659-26-018019."""
    book = folded((filed(1, is_confidential_omitted=True), []))
    assert (book.state, codes(book)) == ("withheld", [])
    assert book.withholds
    assert book.states == {number(filed(1)): "withheld"}


def test_a_report_that_withholds_some_rows_says_so():
    book = folded((filed(1, is_confidential_omitted=True), TEN))
    assert (book.state, book.withholds) == ("holdings", True)


def test_a_restatement_to_withheld_rows_is_withheld():
    restated = filed(2, **RESTATES, is_confidential_omitted=True, on=date(2025, 6, 1))
    book = folded((filed(1), TEN), (restated, []))
    assert (book.state, book.withholds) == ("withheld", True)
    assert "restated-to-empty" in codes(book)


def test_an_original_that_was_empty_may_be_restated_to_holdings():
    restated = filed(2, **RESTATES, on=date(2025, 6, 1))
    book = folded((filed(1), [("000000000", 0, 0)]), (restated, TEN))
    assert (book.state, codes(book)) == ("holdings", [])


# Notices.

NOTICE = {"report_type": "13F NOTICE"}


def test_a_notice_after_a_holdings_report_ends_it():
    original, notice = filed(1), filed(2, **NOTICE, on=date(2025, 6, 1))
    book = folded((original, TEN), (notice, []))
    assert (book.state, book.in_force) == ("notice", (number(notice),))
    assert book.states[number(original)] == "superseded-by-notice"
    assert codes(book) == ["notice-after-holdings"]


def test_a_notice_alone_and_an_amended_notice_are_notices_and_nothing_odd():
    amended = filed(2, **NOTICE, is_amendment=True, on=date(2025, 6, 1))
    book = folded((filed(1, **NOTICE), []), (amended, []))
    assert (book.state, book.in_force, codes(book)) == ("notice", (number(amended),), [])


def test_an_amended_notice_that_calls_itself_a_restatement_is_a_notice():
    amended = filed(2, **NOTICE, **RESTATES, on=date(2025, 6, 1))
    assert folded((filed(1), TEN), (amended, [])).state == "notice"


def test_a_holdings_report_after_a_notice_counts_and_it_is_said():
    report = filed(2, on=date(2025, 6, 1))
    book = folded((filed(1, **NOTICE), []), (report, TEN))
    assert (book.state, book.in_force) == ("holdings", (number(report),))
    assert codes(book) == ["holdings-after-notice"]


def test_new_holdings_after_a_notice_lack_their_base():
    assert folded((filed(1, **NOTICE), []), (filed(2, **ADDS, on=date(2025, 6, 1)), TEN)).state == "base-missing"


# New holdings that are none.


def test_new_holdings_without_the_report_they_add_to_are_no_book():
    """Berkshire was once shown with four positions because only the amendment was known."""
    book = folded((filed(8361, **ADDS), TEN[:4]))
    assert (book.state, codes(book)) == ("base-missing", ["new-holdings-without-base"])
    assert book.in_force == (number(filed(8361)),)


def test_new_holdings_without_a_base_stay_so_when_more_are_added():
    book = folded((filed(1, **ADDS), TEN[:4]), (filed(2, **ADDS, on=date(2025, 6, 1)), TEN[5:]))
    assert book.state == "base-missing"


def test_a_restatement_makes_up_for_a_missing_base():
    book = folded((filed(1, **ADDS), TEN[:4]), (filed(2, **RESTATES, on=date(2025, 6, 1)), TEN))
    assert (book.state, book.in_force) == ("holdings", (number(filed(2)),))


@pytest.mark.parametrize(("repeated", "replaces"), [(10, True), (9, True), (8, False), (1, False)])
def test_new_holdings_that_repeat_nine_tenths_of_the_book_are_a_restatement(repeated, replaces):
    """Filing 0001259261-26-000014 is labelled NEW HOLDINGS and counts a whole book of 120 rows."""
    amendment = filed(2, **ADDS, on=date(2025, 6, 1))
    added = [*TEN[:repeated], (NUCOR, 5, 55)]
    filings = (filed(1), TEN), (amendment, added)
    book = folded(*filings)
    assert book.state == "holdings"
    if replaces:
        assert (book.in_force, codes(book)) == ((number(amendment),), ["new-holdings-repeats-base"])
        assert in_force(*filings)[TEN[0][0]] == (100, 1000)
    else:
        assert (book.in_force, codes(book)) == ((number(filed(1)), number(amendment)), ["new-holdings-repeats-row"])
        assert in_force(*filings)[TEN[0][0]] == (200, 2000)


def test_positions_with_other_amounts_are_no_repetition():
    amendment = filed(2, **ADDS, on=date(2025, 6, 1))
    more = [(cusip, amount + 1, value) for cusip, amount, value in TEN]
    filings = (filed(1), TEN), (amendment, more)
    assert codes(folded(*filings)) == []
    assert in_force(*filings)[TEN[0][0]] == (201, 2000)


def test_an_option_on_a_listed_stock_is_no_repetition():
    amendment = filed(2, **ADDS, on=date(2025, 6, 1))
    puts = [(*one, "Put") for one in TEN]
    assert codes(folded((filed(1), TEN), (amendment, puts))) == []


def test_further_new_holdings_add_to_the_repeated_book():
    repeats, adds = filed(2, **ADDS, on=date(2025, 6, 1)), filed(3, **ADDS, on=date(2025, 7, 1))
    book = folded((filed(1), TEN), (repeats, TEN), (adds, [(NUCOR, 1, 1)]))
    assert (book.state, book.in_force) == ("holdings", (number(repeats), number(adds)))


def test_a_combination_report_in_force_says_so():
    combination = {"report_type": "13F COMBINATION REPORT"}
    assert folded((filed(1, **combination), TEN)).combination
    restated = filed(2, **RESTATES, on=date(2025, 6, 1))
    assert not folded((filed(1, **combination), TEN), (restated, TEN)).combination


# Laws.

KINDS = [{}, RESTATES, ADDS, UNTYPED, NOTICE]
HELD = st.lists(
    st.tuples(
        st.sampled_from([APPLE, NUCOR, HORTON]), st.integers(0, 50), st.integers(0, 500), st.sampled_from(["", "Put"])
    ),
    max_size=4,
)


@st.composite
def histories(draw):
    """Filings of one period: any kinds on a few days, with and without acceptance times."""
    made = []
    for serial in range(draw(st.integers(1, 5))):
        time = at(draw(st.integers(9, 17)), day=draw(st.integers(12, 15)))
        kind = draw(st.sampled_from(KINDS))
        words = kind | {"on": time["on"], "is_confidential_omitted": draw(st.booleans())}
        one = filed(serial, **words, at=time["at"] if draw(st.booleans()) else None)
        made.append((one, [] if kind is NOTICE else draw(HELD)))
    return made


@given(histories(), st.randoms(use_true_random=False))
def test_neither_the_order_of_filings_nor_of_rows_matters(history, random):
    filings, rows = [filing for filing, _ in history], rows_of(*history)
    shuffled = random.sample(filings, len(filings))
    assert fold(shuffled, rows[random.sample(range(rows.height), rows.height)]) == fold(filings, rows)


@given(histories(), st.integers(2, 5))
def test_splitting_rows_changes_nothing(history, parts):
    def split(held):
        for cusip, amount, value, put_call in held:
            yield from [(cusip, amount // parts, value // parts, put_call)] * (parts - 1)
            rest = parts - 1
            yield cusip, amount - amount // parts * rest, value - value // parts * rest, put_call

    torn = [(filing, list(split(held))) for filing, held in history]
    assert folded(*torn) == folded(*history)


@given(histories())
def test_every_filing_has_a_state_and_those_in_force_are_some_of_them(history):
    book = folded(*history)
    assert set(book.states) == {number(filing) for filing, _ in history}
    assert set(book.in_force) <= set(book.states)
    gone = {"restated", "superseded-by-notice", "refused"}
    assert {one for one, state in book.states.items() if state not in gone} == set(book.in_force)


# Positions.

COLUMNS = (
    "cik",
    "accession_number",
    "row",
    "issuer",
    "title_of_class",
    "cusip",
    "put_call",
    "amount_type",
    "amount",
    "value",
)
ROWS = [
    ("1", "a", 1, "APPLE INC", "COM", APPLE, "", "SH", 100, 6000),
    ("1", "a", 2, "APPLE INC", "COM", APPLE, "", "SH", 50, 3000),
    ("1", "a", 3, "APPLE INC", "COM", APPLE, "Put", "SH", 900, 54000),
    ("1", "a", 4, "NUCOR CORP", "NOTE", NUCOR, "", "PRN", 7000, 7100),
    ("1", "a", 5, "NOTHING", "COM", "000000000", "", "SH", 0, 0),
    ("1", "b", 1, "LENNAR CORP NEW NAME", "CL B", LENNAR_B, "", "SH", 10, 1000),
    ("1", "b", 2, "APPLE COMPUTER", "COM", APPLE, "", "SH", 1, 0),
    ("2", "c", 1, "NUCOR CORP", "COM", NUCOR, "Call", "SH", 10, 100),
]


def positions_of(rows=ROWS, places=(("a", 1), ("b", 2), ("c", 1))):
    frame = pl.LazyFrame(rows, schema=COLUMNS, orient="row")
    return positions(frame, pl.LazyFrame(places, schema=("accession_number", "place"), orient="row")).collect()


def test_positions_are_sums_over_rows_and_filings():
    apple, lennar = (
        positions_of().filter(cik="1", cusip=cusip, put_call="").row(0, named=True) for cusip in (APPLE, LENNAR_B)
    )
    assert (apple["amount"], apple["value"], apple["rows"]) == (151, 9000, 3)
    assert apple["issuer"] == "APPLE INC"
    assert apple["accession_numbers"] == ["a", "b"]
    assert lennar["accession_numbers"] == ["b"]


def test_the_same_row_filed_twice_counts_twice():
    """Cantillon splits its book: 76 rows for 38 securities, and the cover's total is that of all rows."""
    row = ("1", "a", 1, "APPLE INC", "COM", APPLE, "", "SH", 100, 6000)
    (found,) = positions_of([row, (*row[:2], 2, *row[3:])]).to_dicts()
    assert (found["amount"], found["value"], found["rows"]) == (200, 12000, 2)


@pytest.mark.parametrize(
    ("issuer", "title"), [("APPLE COMPUTER", "COM"), ("APPLE INC", "CL A"), ("APPLE INC", ""), ("", "NOTE")]
)
def test_names_and_titles_of_class_are_for_reading_and_make_no_other_position(issuer, title):
    """Berkshire filed Lennar's class B under the title of class A."""
    rows = [("1", "a", 1, "APPLE INC", "COM", APPLE, "", "SH", 100, 6000)]
    rows += [("1", "a", 2, issuer, title, APPLE, "", "SH", 50, 3000)]
    (found,) = positions_of(rows).to_dicts()
    assert (found["cusip"], found["amount"], found["issuer"], found["title_of_class"]) == (
        APPLE, 150, "APPLE INC", "COM",
    )  # fmt: skip


def test_shares_and_principal_under_one_cusip_are_two_positions():
    row = ("1", "a", 1, "APPLE INC", "COM", APPLE, "", "SH", 100, 6000)
    found = positions_of([row, (*row[:2], 2, *row[3:7], "PRN", 7000, 7100)]).select("amount_type", "amount", "rows")
    assert sorted(found.rows()) == [("PRN", 7000, 1), ("SH", 100, 1)]


def test_weights_are_of_shares_without_options_or_principal():
    found = {row["cusip"] + row["put_call"]: row["weight"] for row in positions_of().filter(cik="1").to_dicts()}
    assert found == {APPLE: 90.0, LENNAR_B: 10.0, APPLE + "Put": None, NUCOR: None}


def test_rows_of_zeros_are_no_position():
    assert "000000000" not in positions_of()["cusip"].to_list()


def test_a_position_with_a_value_or_an_amount_alone_stays():
    rows = [("1", "a", 1, "X", "COM", APPLE, "", "SH", 5, 0), ("1", "a", 2, "Y", "COM", NUCOR, "", "SH", 0, 9)]
    found = positions_of(rows)
    assert found.select("cusip", "amount", "value").rows() == [(NUCOR, 0, 9), (APPLE, 5, 0)]


def test_managers_are_weighed_apart_and_options_alone_have_no_weight():
    assert positions_of().filter(cik="2")["weight"].to_list() == [None]


def test_a_book_without_value_has_no_weights():
    found = positions_of([("1", "a", 1, "X", "COM", APPLE, "", "SH", 5, 0)])
    assert found["weight"].to_list() == [None]


def test_the_largest_position_comes_first():
    assert positions_of().filter(cik="1")["value"].to_list() == [54000, 9000, 7100, 1000]


def test_the_order_in_which_rows_arrive_does_not_matter():
    assert_frame_equal(positions_of(ROWS[::-1], [("c", 1), ("b", 2), ("a", 1)]), positions_of())


def test_filings_out_of_force_count_for_nothing():
    found = positions_of(places=[("a", 1)])
    assert LENNAR_B not in found["cusip"].to_list()
    assert found.filter(cusip=APPLE, put_call="")["amount"].to_list() == [150]


def test_new_holdings_accepted_before_the_report_they_add_to_are_not_lost():
    early, original = filed(1, **ADDS, on=date(2025, 5, 14)), filed(2, on=date(2025, 5, 15))
    book = folded((early, [(NUCOR, 5, 500)]), (original, TEN))
    assert book.state == "holdings"
    assert set(book.in_force) == {number(early), number(original)}
    assert codes(book) == ["new-holdings-without-base", "original-after-new-holdings"]
    assert set(book.states.values()) == {"in-force"}


def test_new_holdings_filed_twice_before_their_report_lose_nothing_and_double_nothing():
    early, again = filed(1, **ADDS, on=date(2025, 5, 13)), filed(2, **ADDS, on=date(2025, 5, 14))
    original = filed(3, on=date(2025, 5, 15))
    book = folded((early, [(NUCOR, 5, 500)]), (again, [(NUCOR, 5, 500)]), (original, TEN))
    assert book.state == "holdings"
    assert number(early) in book.in_force
    assert number(original) in book.in_force
    assert "new-holdings-repeats-row" in codes(book)


def test_new_holdings_before_a_report_with_the_same_positions_are_that_report():
    early, original = filed(1, **ADDS, on=date(2025, 5, 14)), filed(2, on=date(2025, 5, 15))
    assert in_force((early, TEN), (original, TEN)) == {cusip: (amount, value) for cusip, amount, value in TEN}


def test_new_holdings_alone_are_no_book_however_many():
    early, again = filed(1, **ADDS, on=date(2025, 5, 13)), filed(2, **ADDS, on=date(2025, 5, 14))
    assert folded((early, TEN), (again, TEN)).state == "base-missing"
