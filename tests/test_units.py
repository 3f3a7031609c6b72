from __future__ import annotations

import csv
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import as_filed
from thirteenf import units
from thirteenf.form13f import read_information_table, read_submission
from thirteenf.units import CERTAIN, DOLLARS, LIKELY, THOUSANDS, UNCERTAIN, Unit

BEFORE, AFTER = date(2022, 11, 14), date(2024, 5, 15)
APPLE, MICROSOFT, NVIDIA, BANK = "037833100", "594918104", "67066G104", "060505104"
BERKSHIRE_A, PALANTIR = "084670108", "69608A108"

# Prices and shares of a day at the end of 2025; the value is shares times price.
BOOK = as_filed(
    (APPLE, 20_000, 5_437_200),
    (MICROSOFT, 5_000, 2_418_100),
    (NVIDIA, 30_000, 5_595_000),
    (BANK, 41_000, 2_255_000),
)
PENNIES = as_filed(
    ("00165C203", 250_000, 30_000),  # 0.12
    ("98400H102", 1_400_000, 490_000),  # 0.35
    ("12648L601", 600_000, 51_000),  # 0.085
    ("45790W108", 333_000, 316_350),  # 0.95
    ("29272B105", 120_500, 49_405),  # 0.41
)
CONVERTED = as_filed(  # penny stocks of another exchange, at prices that its currency makes odd
    ("Q3394D101", 2_500_000, 4_137),
    ("Q2818G104", 1_730_000, 103_819),
    ("Q7795A106", 3_100_000, 642_377),
)


def in_thousands(rows):
    return rows.with_columns(pl.col("value") // 1000)


def right_or_uncertain(unit, filed, rows):
    got = units.own(filed, rows)
    return got.unit == unit or got.certainty == UNCERTAIN


def settled(*filings):
    """Both steps over filings of (name, cik, filing date or a Unit already told, rows)."""
    told, parts = [], []
    for name, cik, filed, rows in filings:
        own = filed if isinstance(filed, Unit) else units.own(filed, rows)
        told.append((name, cik, *own))
        parts.append(rows.with_columns(accession_number=pl.lit(name)))
    names = ("accession_number", "cik", "own_unit", "own_unit_reason", "own_unit_certainty")
    frame = pl.DataFrame(told, schema=dict.fromkeys(names, pl.String), orient="row")
    found = units.settle(frame, pl.concat(parts))
    return {row[0]: Unit(*row[1:]) for row in found.rows()}


# By date.


@pytest.mark.parametrize(
    ("filed", "unit"),
    [(date(2023, 1, 2), THOUSANDS), (date(2023, 1, 3), DOLLARS), (date(2014, 5, 1), THOUSANDS), (AFTER, DOLLARS)],
)
def test_the_form_prescribes_dollars_from_the_third_of_january_2023(filed, unit):
    assert units.by_date(filed) == unit


def test_values_as_filed_become_dollars():
    frame = pl.DataFrame({"value_unit": [THOUSANDS, DOLLARS], "value": [5115380, 5115380]})
    assert frame.select(units.dollars(pl.col("value_unit"), pl.col("value"))).to_series().to_list() == [
        5115380000,
        5115380,
    ]


# A filing alone.


@pytest.mark.parametrize("filed", [BEFORE, AFTER])
def test_an_ordinary_book_tells_its_unit_whatever_is_due(filed):
    assert units.own(filed, BOOK)[::2] == (DOLLARS, CERTAIN)
    assert units.own(filed, in_thousands(BOOK))[0] == THOUSANDS


def test_adjacent_filings_in_different_units_are_told_apart():
    """Lountzis filed dollars in 0001821168-21-000002 and thousands in -000003: nothing is carried forward."""
    assert units.own(date(2021, 2, 12), BOOK).unit == DOLLARS
    assert units.own(date(2021, 2, 12), in_thousands(BOOK)).unit == THOUSANDS


@pytest.mark.parametrize(
    ("filed", "rows", "unit"),
    [
        (date(2014, 5, 1), as_filed((BANK, 2_300_000, 35_811_000)), DOLLARS),  # Daily Journal, dollars before 2023
        (date(2026, 2, 13), as_filed((MICROSOFT, 1_141_578, 551_996)), THOUSANDS),  # Vulcan Value
        (date(2025, 5, 15), as_filed((PALANTIR, 39_538, 5_390)), THOUSANDS),  # 0000891943-25-000009
    ],
)
def test_one_security_never_decides_against_the_filing_date_but_is_flagged(filed, rows, unit):
    got = units.own(filed, rows)
    assert got.unit == units.by_date(filed) != unit
    assert got.certainty == UNCERTAIN


def test_several_rows_of_one_security_are_one_security():
    rows = as_filed(*[(MICROSOFT, 1_141_578, 551_996)] * 5)
    assert units.own(date(2026, 2, 13), rows)[::2] == (DOLLARS, UNCERTAIN)


SMALL = {
    "one": as_filed((APPLE, 20_000, 5_437_200)),
    "two": as_filed((APPLE, 20_000, 5_437_200), (BANK, 41_000, 2_255_000)),
    "BRK.A alone": as_filed((BERKSHIRE_A, 100, 75_480_000)),
    "one dear share": as_filed(("62944T105", 400, 2_900_000)),  # NVR at 7,250
    "one penny stock": as_filed(("00165C203", 250_000, 30_000)),
    "two penny stocks": PENNIES.head(2),
    "one cheap stock": as_filed(("345370860", 100_000, 950_000)),  # 9.50 a share
    "options only": as_filed((APPLE, 20_000, 5_437_200, "Put"), (NVIDIA, 30_000, 5_595_000, "Call"),
                             (BANK, 41_000, 2_255_000, "Put")),
}  # fmt: skip


@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
@pytest.mark.parametrize("name", SMALL)
def test_a_book_too_small_to_tell_is_right_when_it_is_filed_as_prescribed(name, filed):
    rows = SMALL[name] if filed == AFTER else in_thousands(SMALL[name])
    assert units.own(filed, rows).unit == units.by_date(filed)


@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
@pytest.mark.parametrize("name", SMALL)
def test_a_book_too_small_to_tell_is_flagged_when_it_is_filed_otherwise(name, filed):
    unit, rows = (DOLLARS, SMALL[name]) if filed == BEFORE else (THOUSANDS, in_thousands(SMALL[name]))
    assert right_or_uncertain(unit, filed, rows), units.own(filed, rows)


def test_penny_stocks_in_dollars_stay_in_dollars():
    assert units.own(AFTER, PENNIES).unit == DOLLARS


def test_penny_stocks_in_thousands_before_2023_stay_in_thousands():
    assert units.own(BEFORE, in_thousands(PENNIES)).unit == THOUSANDS


@pytest.mark.parametrize("rows", [PENNIES, CONVERTED], ids=["quotable", "converted"])
@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
@pytest.mark.parametrize("unit", [DOLLARS, THOUSANDS])
def test_penny_stocks_are_right_or_flagged(rows, filed, unit):
    shown = rows if unit == DOLLARS else in_thousands(rows)
    assert right_or_uncertain(unit, filed, shown), units.own(filed, shown)


@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
def test_brk_a_among_others_decides_nothing(filed):
    rows = pl.concat([BOOK, as_filed((BERKSHIRE_A, 100, 75_480_000))])
    assert units.own(filed, rows).unit == DOLLARS
    assert units.own(filed, in_thousands(rows)).unit == THOUSANDS


@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
@pytest.mark.parametrize("unit", [DOLLARS, THOUSANDS])
def test_a_book_of_dear_shares_is_right_or_flagged(filed, unit):
    dear = as_filed(  # all above 1,000 dollars a share
        (BERKSHIRE_A, 100, 75_480_000),
        ("62944T105", 411, 2_997_128),
        ("09857L108", 57, 305_227),
        ("05334D107", 1_207, 4_093_636),
        ("58733R102", 513, 1_033_298),
    )
    shown = dear if unit == DOLLARS else in_thousands(dear)
    assert right_or_uncertain(unit, filed, shown), units.own(filed, shown)


def test_options_and_principal_do_not_count_among_the_securities_that_tell():
    rows = pl.concat([BOOK.with_columns(put_call=pl.lit("Put")), BOOK.with_columns(amount_type=pl.lit("PRN"))])
    got = units.own(AFTER, in_thousands(rows))
    assert got.unit == DOLLARS
    assert got.certainty != CERTAIN


def test_zero_rows_tell_nothing():
    got = units.own(AFTER, as_filed((APPLE, 0, 0), (BANK, 0, 5), (NVIDIA, 7, 0)))
    assert got.unit == DOLLARS
    assert got.certainty != CERTAIN


@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
def test_a_value_column_that_repeats_the_share_column_cannot_tell(filed):
    rows = as_filed((APPLE, 20_000, 20_000), (BANK, 50_000, 50_000), (NVIDIA, 7_000, 7_000), (MICROSOFT, 3_000, 3_000))
    assert units.own(filed, rows)[::2] == (units.by_date(filed), UNCERTAIN)


@given(st.permutations(range(9)))
def test_the_order_of_rows_does_not_matter(order):
    rows = pl.concat([PENNIES, BOOK])
    assert units.own(AFTER, rows[list(order)]) == units.own(AFTER, rows)


# Real tables, and the same scaled.


@pytest.fixture(scope="module")
def real_tables(real):
    """Rows as filed and their unit, by folder or accession number."""
    found = {}
    with (real / "filings" / "expected.csv").open() as lines:
        for one in csv.DictReader(lines):
            if int(one["rows"] or 0):
                source = (real / "filings" / one["folder"] / one["document"].split(" + ")[0]).read_bytes()
                whole = one["document"].endswith((".txt", ".nc"))
                rows = read_submission(source).rows if whole else read_information_table(source).rows
                found[one["folder"]] = rows.select("cusip", "put_call", "amount_type", "amount", "value"), one["unit"]
    figures = pl.read_csv(real / "seed_figures.csv", infer_schema_length=0)
    for (accession,), part in figures.group_by("accession"):
        rows = part.select(
            "cusip", pl.col("putcall").fill_null("").str.to_titlecase().alias("put_call"),
            pl.col("type").alias("amount_type"), pl.col("shares").cast(pl.Int64).alias("amount"),
            pl.col("value").cast(pl.Int64),
        )  # fmt: skip
        found[accession] = rows, DOLLARS
    return found


@pytest.fixture(scope="module")
def variants(real_tables):
    """(name, unit, filing date, rows): each real table in either unit, filed before and after the change."""
    made = []
    for name, (rows, unit) in sorted(real_tables.items()):
        if not rows["value"].sum():
            continue  # nothing has no unit
        dollars = rows if unit != THOUSANDS else rows.with_columns(pl.col("value") * 1000)
        thousands = rows if unit == THOUSANDS else in_thousands(rows)
        made += [
            (name, told, filed, shown)
            for told, shown in ((DOLLARS, dollars), (THOUSANDS, thousands))
            for filed in (BEFORE, AFTER)
        ]
    return made


@pytest.mark.parametrize("unit", [DOLLARS, THOUSANDS])
@pytest.mark.parametrize("filed", [BEFORE, AFTER], ids=["before 2023", "after"])
def test_every_real_table_in_either_unit_is_right_or_flagged(variants, unit, filed):
    tried = [one for one in variants if one[1:3] == (unit, filed)]
    assert len(tried) >= 50
    wrong = [(name, units.own(filed, rows)) for name, _, _, rows in tried if not right_or_uncertain(unit, filed, rows)]
    assert wrong == []


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_every_small_piece_of_a_real_table_is_right_or_flagged(variants, count):
    """Three pieces of each: its first securities, its last ones, and some in between."""
    wrong, tried = [], 0
    for name, unit, filed, rows in variants:
        for start in (0, rows.height // 2, max(0, rows.height - count)):
            piece = rows[start : start + count]
            tried += 1
            if piece["value"].sum() and not right_or_uncertain(unit, filed, piece):
                wrong.append((name, unit, filed.year, start, units.own(filed, piece)))
    assert tried > 600
    assert wrong == []


def test_nine_tenths_of_the_real_tables_with_three_securities_are_right_and_not_merely_flagged(variants):
    large = [one for one in variants if one[3].filter(units.plain_shares())["cusip"].n_unique() >= 3]
    right = [units.own(filed, rows).unit == unit for _, unit, filed, rows in large]
    assert len(variants) >= 200
    assert sum(right) >= 0.9 * len(right)


def test_real_tables_of_ten_securities_filed_as_prescribed_are_right_and_not_flagged(variants):
    flagged = [
        (name, unit, units.own(filed, rows))
        for name, unit, filed, rows in variants
        if unit == units.by_date(filed)
        and rows.filter(units.plain_shares())["cusip"].n_unique() >= 10
        and (units.own(filed, rows).certainty == UNCERTAIN or units.own(filed, rows).unit != unit)
    ]
    assert flagged == []


def test_baupost_filed_thousands_in_2026(real_tables):
    rows, unit = real_tables["baupost_0001061768_2026-03-31_thousands"]
    assert unit == THOUSANDS
    assert units.own(date(2026, 5, 15), rows)[::2] == (THOUSANDS, CERTAIN)


def test_real_tables_as_they_were_filed_are_right(real_tables):
    filed_on = {
        "edgar_submission_0001619124-21-000002": date(2021, 2, 16),
        "edgar_submission_0001790837-23-000002": date(2023, 2, 14),
        "edgar_submission_0001140361-23-013281": date(2023, 3, 22),
        "mivtachim_2018-03-31_total_off_by_2": date(2018, 4, 24),
        "wellington_2019-09-30_7561_rows": date(2019, 11, 14),
        "bard_2021-09-30_ns1_thousands": date(2021, 11, 12),
        "berkshire_filed_2023-02-14": date(2023, 2, 14),
        "scion_2025-06-30": date(2025, 8, 14),
    }
    assert {name: units.own(on, real_tables[name][0]).unit for name, on in filed_on.items()} == {
        name: real_tables[name][1] for name in filed_on
    }


# The second step: what other managers' filings imply.

PEER = pl.concat([BOOK, as_filed((PALANTIR, 1_000, 182_420), ("191216100", 90_000, 5_969_700))])
TWO_IN_THOUSANDS = in_thousands(as_filed((APPLE, 10_000, 2_718_600), (BANK, 100_000, 5_500_000)))


def test_a_two_row_filing_in_thousands_is_put_right_by_its_peers():
    assert units.own(AFTER, TWO_IN_THOUSANDS)[::2] == (DOLLARS, UNCERTAIN)
    found = settled(("small", "1", AFTER, TWO_IN_THOUSANDS), ("a", "2", AFTER, PEER), ("b", "3", AFTER, BOOK))
    assert found["small"].unit == THOUSANDS
    assert found["small"].certainty == LIKELY
    assert found["a"][::2] == found["b"][::2] == (DOLLARS, CERTAIN)


def test_vulcans_one_quarter_in_thousands_is_put_right_by_its_peers():
    rows = as_filed((MICROSOFT, 1_141_578, 551_996))
    found = settled(("vulcan", "1", date(2026, 2, 13), rows), ("a", "2", AFTER, PEER))
    assert found["vulcan"].unit == THOUSANDS


def test_daily_journals_one_row_in_dollars_is_put_right_by_its_peers():
    rows = as_filed((BANK, 2_300_000, 35_811_000))
    peer = as_filed(  # prices of the last day of 2013, in thousands as was due
        (BANK, 1_000_000, 15_570), (APPLE, 40_000, 22_441), (MICROSOFT, 90_000, 3_367), ("949746101", 77_000, 3_496),
        ("191216100", 51_300, 2_119), ("369604103", 210_000, 5_886), ("30231G102", 33_000, 3_340),
        ("46625H100", 64_500, 3_772), ("478160104", 41_000, 3_755), ("742718109", 29_900, 2_434),
        ("931142103", 18_200, 1_432), ("717081103", 120_700, 3_697),
    )  # fmt: skip
    found = settled(("daily journal", "1", date(2014, 1, 10), rows), ("a", "2", date(2014, 2, 14), peer))
    assert found["daily journal"].unit == DOLLARS
    assert found["a"].unit == THOUSANDS


def test_a_filing_that_others_cannot_be_asked_about_keeps_its_own_verdict():
    own = units.own(AFTER, TWO_IN_THOUSANDS)
    stranger = as_filed(("191216100", 90_000, 5_969_700), ("69608A108", 10, 1824), ("023135106", 10, 2195))
    assert settled(("small", "1", AFTER, TWO_IN_THOUSANDS), ("a", "2", AFTER, stranger))["small"] == own
    assert settled(("small", "1", AFTER, TWO_IN_THOUSANDS))["small"] == own


@pytest.mark.parametrize(("number", "told"), [(1, "median of 1 security"), (2, "median of 2 securities")])
def test_how_many_securities_others_tell_of_reads_well(number, told):
    found = settled(("small", "1", AFTER, PEER.head(number)), ("a", "2", AFTER, PEER))
    assert told in found["small"].reason


def test_penny_stocks_are_confirmed_by_peers():
    broad = pl.concat([PENNIES, BOOK, PEER.tail(2), as_filed(("023135106", 10, 2195), ("02079K305", 10, 2431))])
    found = settled(("pennies", "1", AFTER, PENNIES), ("broad", "2", AFTER, broad))
    assert found["pennies"][::2] == (DOLLARS, CERTAIN)
    assert found["broad"][::2] == (DOLLARS, CERTAIN)


BROAD = pl.concat([CONVERTED, PEER, as_filed(("023135106", 10, 2195), ("02079K305", 10, 2431))])


def test_penny_stocks_at_odd_prices_are_right_or_flagged_beside_a_broad_book_that_is_right():
    found = settled(("pennies", "1", AFTER, CONVERTED), ("broad", "2", AFTER, BROAD))
    assert found["pennies"].unit == DOLLARS or found["pennies"].certainty == UNCERTAIN


def test_a_wrong_peer_does_not_flip_a_broad_book_that_is_certain_by_itself():
    assert units.own(AFTER, BROAD)[::2] == (DOLLARS, CERTAIN)
    found = settled(("pennies", "1", AFTER, CONVERTED), ("broad", "2", AFTER, BROAD))
    assert found["broad"].unit == DOLLARS


def test_a_wrong_peer_that_is_only_likely_does_not_flip_what_is_certain():
    wrong = Unit(THOUSANDS, "told wrong", LIKELY)
    found = settled(("right", "1", AFTER, BOOK), ("wrong", "2", wrong, BOOK))
    assert found["right"].unit == DOLLARS


def test_an_uncertain_peer_is_not_asked():
    wrong = Unit(THOUSANDS, "told wrong", UNCERTAIN)
    found = settled(("right", "1", AFTER, BOOK), ("wrong", "2", wrong, BOOK))
    assert found["right"] == units.own(AFTER, BOOK)
    assert found["wrong"].unit == DOLLARS


def test_one_wrong_peer_among_many_changes_nothing():
    wrong = Unit(THOUSANDS, "told wrong", CERTAIN)
    many = [(f"right {n}", str(n), AFTER, BOOK) for n in range(3)]
    found = settled(*many, ("wrong", "9", wrong, BOOK))
    assert {name: unit.unit for name, unit in found.items()} == dict.fromkeys(found, DOLLARS)


def test_a_managers_own_other_filing_is_no_peer():
    found = settled(("original", "1", AFTER, BOOK), ("amended", "1", AFTER, TWO_IN_THOUSANDS))
    assert found["amended"] == units.own(AFTER, TWO_IN_THOUSANDS)
    assert found["original"] == units.own(AFTER, BOOK)


def test_a_managers_filings_do_not_outvote_others_by_their_number():
    rows = as_filed((APPLE, 10_000, 2_718_600), (BANK, 100_000, 5_500_000), (NVIDIA, 10, 1865))
    wrong = Unit(THOUSANDS, "told wrong", CERTAIN)
    again = [(f"wrong {n}", "7", wrong, BOOK) for n in range(5)]
    found = settled(("right", "1", AFTER, rows), ("a", "2", AFTER, BOOK), ("b", "3", AFTER, BOOK), *again)
    assert found["right"].unit == DOLLARS


def test_prices_that_fit_neither_unit_leave_the_unit_and_say_so():
    odd = BOOK.with_columns(pl.col("value") // 20)
    found = settled(("odd", "1", Unit(DOLLARS, "filing date", LIKELY), odd), ("a", "2", AFTER, PEER))
    assert found["odd"][::2] == (DOLLARS, UNCERTAIN)
    assert "neither" in found["odd"].reason


def test_late_filings_in_dollars_and_timely_ones_in_thousands_agree():
    """Jefferies restated 2021-03-31 in dollars in 2023."""
    found = settled(
        ("late", "1", date(2023, 9, 21), BOOK),
        ("timely", "2", date(2021, 5, 14), in_thousands(BOOK)),
        ("other", "3", date(2021, 5, 14), in_thousands(PEER)),
    )
    assert {name: unit.unit for name, unit in found.items()} == {
        "late": DOLLARS,
        "timely": THOUSANDS,
        "other": THOUSANDS,
    }


MIXED = [
    ("small", "1", AFTER, TWO_IN_THOUSANDS),
    ("a", "2", AFTER, PEER),
    ("b", "3", AFTER, BOOK),
    ("c", "3", BEFORE, in_thousands(BOOK)),
    ("pennies", "4", AFTER, PENNIES),
    ("empty", "5", AFTER, BOOK.clear()),
]


@given(st.permutations(MIXED), st.randoms(use_true_random=False))
def test_neither_the_order_of_filings_nor_of_rows_matters(filings, random):
    shuffled = [
        (name, cik, filed, rows[random.sample(range(rows.height), rows.height)]) for name, cik, filed, rows in filings
    ]
    assert settled(*shuffled) == settled(*MIXED)


def test_the_answer_is_in_the_order_of_the_filings():
    assert list(settled(*MIXED)) == [one[0] for one in MIXED]


def test_the_reason_is_always_told():
    assert all(unit.reason for unit in settled(*MIXED).values())
