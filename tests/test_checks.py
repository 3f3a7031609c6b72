from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from tests.builders import info_table, row
from thirteenf.checks import check
from thirteenf.filing import Filing, OtherManager
from thirteenf.form13f import read_information_table, read_submission

CLEAN = [row(), row("BANK AMERICA CORP", "060505104", 515900, 10000, put_call="Put", managers="1,2")]
FILING = Filing(
    accession_number="0001193125-25-282901",
    cik="0001067983",
    manager="BERKSHIRE HATHAWAY INC",
    form_type="13F-HR",
    report_type="13F HOLDINGS REPORT",
    period=date(2025, 9, 30),
    filing_date=date(2025, 11, 14),
    accepted=datetime.fromisoformat("2025-11-14T16:05:12-05:00"),
    table_entry_total=2,
    table_value_total=3062200,
)


def found(rows=CLEAN, **words):
    """(code, row) of each oddity of some rows, on a filing whose totals are left out unless given."""
    filing = replace(FILING, **{"table_entry_total": None, "table_value_total": None} | words)
    return [(oddity.code, oddity.row) for oddity in check(filing, read_information_table(info_table(rows)).rows)]


def test_a_clean_filing_has_no_oddity():
    assert check(FILING, read_information_table(info_table(CLEAN)).rows) == []


def test_a_clean_empty_report_has_none_either():
    assert found([], table_entry_total=0, table_value_total=0) == []


def test_another_number_of_rows_than_the_summary_page_counts():
    (oddity,) = check(replace(FILING, table_entry_total=1234), read_information_table(info_table(CLEAN)).rows)
    assert oddity.code == "row-count-mismatch"
    assert "2 rows" in oddity.message
    assert "1,234" in oddity.message


@pytest.mark.parametrize(
    ("rows", "off", "code"),
    [
        (2, 1, "value-total-rounding"),
        (2, -1, "value-total-rounding"),
        (2, 2, "value-total-mismatch"),
        (20, 10, "value-total-rounding"),
        (20, 11, "value-total-mismatch"),
        (20, -3_000_000, "value-total-mismatch"),
    ],
)
def test_a_total_may_be_off_by_half_a_unit_a_row(rows, off, code):
    many = [row(value=100 + n) for n in range(rows)]
    total = sum(100 + n for n in range(rows)) + off
    assert found(many, table_value_total=total) == [(code, None)]


def test_a_total_that_agrees_is_nothing_odd():
    assert found(table_value_total=3062200, table_entry_total=2) == []


@pytest.mark.parametrize(
    ("cusip", "codes"),
    [
        ("43283x105", ["cusip-lower-case"]),
        ("025816 10 9", ["cusip-blanks"]),
        ("84670702", ["cusip-zero-restored"]),
        ("B1CL524", ["cusip-shape"]),
        ("037833101", ["cusip-check-digit"]),
        ("78462F953", ["cusip-option-number"]),
        ("000000000", ["cusip-placeholder"]),
        ("67066G104", []),
        ("N07059210", []),
    ],
)
def test_damage_to_a_cusip_is_found_in_its_row(cusip, codes):
    assert found([*CLEAN, row(cusip=cusip)]) == [(code, 3) for code in codes]


def test_what_was_filed_is_told_with_the_cusip():
    (oddity,) = check(FILING, read_information_table(info_table([CLEAN[0], CLEAN[1] | {"cusip": "60505104"}])).rows)
    assert oddity.row == 2
    assert "'60505104'" in oddity.message


@pytest.mark.parametrize("spelled", ["PUT", "P", "put", "CALL", "Calls"])
def test_other_spellings_of_put_and_call(spelled):
    assert found([CLEAN[0], row(put_call=spelled, amount=7)]) == [("put-call-spelling", 2)]


@pytest.mark.parametrize("spelled", ["Long", "N/A", "-"])
def test_an_unreadable_put_call(spelled):
    assert found([CLEAN[0], row(put_call=spelled, amount=7)]) == [("put-call-unreadable", 2)]


@pytest.mark.parametrize("spelled", [None, "", " ", "Put", "Call"])
def test_put_call_as_the_form_has_it_is_nothing_odd(spelled):
    assert found([CLEAN[0], row(put_call=spelled, amount=7)]) == []


@pytest.mark.parametrize("title", ["PUT", "CALL", "Put", "CALLS", "PUT OPTION", "call 01/26"])
def test_an_option_that_only_the_title_names(title):
    assert found([CLEAN[0], row(title=title, amount=7)]) == [("option-in-title", 2)]


@pytest.mark.parametrize(
    "title", ["COM", "CL A CALLABLE", "COVERED CALL ETF", "PUTNAM MUN OPPT", "CALLAWAY COM", "NOTE"]
)
def test_titles_that_merely_sound_like_options_are_nothing_odd(title):
    assert found([CLEAN[0], row(title=title, amount=7)]) == []


def test_an_option_named_in_both_places_is_nothing_odd():
    assert found([CLEAN[0], row(title="PUT", put_call="Put")]) == []


UNREADABLE = ["amount-type-unreadable"]


@pytest.mark.parametrize(("kind", "codes"), [("SHRS", UNREADABLE), (None, UNREADABLE), ("PRN", [])])
def test_an_unreadable_amount_type(kind, codes):
    assert found([CLEAN[0], row(kind=kind, amount=7)]) == [(code, 2) for code in codes]


@pytest.mark.parametrize(
    ("managers", "codes"),
    [("A and B", ["other-managers-unreadable"]), ("0", []), ("", []), ("NONE", []), ("1, 2", []), ("0, 0", [])],
)
def test_other_managers_that_are_no_list_of_numbers(managers, codes):
    assert found([CLEAN[0], row(managers=managers, amount=7)]) == [(code, 2) for code in codes]


def test_rows_that_stand_more_than_once_are_counted_and_told():
    assert found([CLEAN[0], CLEAN[1], CLEAN[0], CLEAN[0]]) == [("row-repeated", 3), ("row-repeated", 4)]


@pytest.mark.parametrize(
    "other", [{"managers": "1"}, {"votes": (0, 10000, 0)}, {"discretion": "DFND"}, {"kind": "PRN"}]
)
def test_rows_that_differ_in_anything_are_no_repetition(other):
    assert found([row(), row(**other)]) == []


def test_zero_rows_and_values_without_an_amount_are_told_apart():
    rows = [row(value=0, amount=0), row(value=5, amount=0), row(value=0, amount=5)]
    assert found(rows) == [("zero-row", 1), ("amount-zero", 2)]


def test_a_row_without_an_issuer():
    assert found([CLEAN[0], row(issuer=None, amount=7), row(issuer=" ", amount=8)]) == [
        ("issuer-missing", 2),
        ("issuer-missing", 3),
    ]


def test_withheld_rows_are_told():
    assert found(is_confidential_omitted=True) == [("rows-withheld", None)]


def test_a_combination_report_names_who_reports_the_rest():
    filing = replace(
        FILING, report_type="13F COMBINATION REPORT", other_managers=(OtherManager("New England Asset Management"),)
    )
    (oddity,) = check(filing, read_information_table(info_table(CLEAN)).rows)
    assert oddity.code == "combination-report"
    assert "New England Asset Management" in oddity.message
    assert found(report_type="13F COMBINATION REPORT") == [("combination-report", None)]


def test_a_filing_without_acceptance_time_says_so():
    assert found(accepted=None) == [("accepted-unknown", None)]


def test_oddities_of_the_filing_come_first_then_those_of_rows_in_order():
    rows = [row(cusip="037833101"), row(title="PUT"), row(cusip="43283x105")]
    assert found(rows, accepted=None) == [
        ("accepted-unknown", None),
        ("cusip-check-digit", 1),
        ("option-in-title", 2),
        ("cusip-lower-case", 3),
    ]


def test_one_row_may_have_several_oddities():
    rows = [row(cusip="60505104", put_call="P", managers="x"), row()]
    assert sorted(found(rows)) == [
        ("cusip-zero-restored", 1),
        ("other-managers-unreadable", 1),
        ("put-call-spelling", 1),
    ]


def test_nothing_is_changed_or_dropped():
    rows = read_information_table(info_table([row(value=0, amount=0), row(), row()])).rows
    before = rows.clone()
    check(FILING, rows)
    assert rows.equals(before)


def test_mivtachims_and_wellingtons_totals_are_rounding(real):
    for folder, name in (
        ("mivtachim_2018-03-31_total_off_by_2", "submission.txt"),
        ("wellington_2019-09-30_7561_rows", "0000902219-19-000479.txt"),
    ):
        reading = read_submission((real / "filings" / folder / name).read_bytes())
        codes = {oddity.code for oddity in check(reading.filing, reading.rows) if oddity.row is None}
        assert "value-total-rounding" in codes
        assert not codes & {"value-total-mismatch", "row-count-mismatch"}
        assert ("rows-withheld" in codes) is folder.startswith("mivtachim")


def test_an_ordinary_real_filing_is_clean(real):
    source = (real / "filings" / "lts_one_2023-09-30_full_submission" / "0001894188-23-000007.txt").read_bytes()
    reading = read_submission(source)
    assert check(reading.filing, reading.rows) == []
