from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HEADER, cover, document, info_table, row, submission
from thirteenf.errors import MalformedFilingError
from thirteenf.form13f import is_submission, read_submission
from thirteenf.form13f.submission import split

COVER = cover(rows=1, total=2546300)
TABLE = info_table([row()])
NC = (
    "<SUBMISSION>\n<ACCESSION-NUMBER>0001951757-25-000093<TYPE>13F-HR<PUBLIC-DOCUMENT-COUNT>2<PERIOD>20241231"
    "<FILING-DATE>20250122<FILER><COMPANY-DATA><CONFORMED-NAME>ACORN CREEK CAPITAL LLC<CIK>0001994827</COMPANY-DATA>"
    "<FILING-VALUES><FORM-TYPE>13F-HR<ACT>34</FILING-VALUES>"
    "<FORMER-COMPANY><FORMER-CONFORMED-NAME>OAK LLC<DATE-CHANGED>20200101</FORMER-COMPANY></FILER>"
)


def header_of(source):
    return split(source, "It").header


def accepted(time):
    return header_of(submission(COVER, TABLE, header=HEADER.replace("20251114160512", time))).accepted


def test_the_header_of_a_text_file_is_read():
    header = header_of(submission(COVER, TABLE))
    assert header.accession_number == "0001193125-25-282901"
    assert header.form_type == "13F-HR"
    assert header.period == date(2025, 9, 30)
    assert header.filing_date == date(2025, 11, 14)
    assert header.cik == "0001067983"
    assert header.name == "BERKSHIRE HATHAWAY INC"


def test_the_header_of_the_dissemination_form_is_read_from_one_line():
    source = (NC + document("13F-HR", COVER).decode()).encode() + document("INFORMATION TABLE", TABLE)
    header = header_of(source + b"</SUBMISSION>")
    assert header.accession_number == "0001951757-25-000093"
    assert header.form_type == "13F-HR"
    assert (header.period, header.filing_date) == (date(2024, 12, 31), date(2025, 1, 22))
    assert (header.cik, header.name) == ("0001994827", "ACORN CREEK CAPITAL LLC")
    assert header.accepted is None


def test_the_first_filer_counts_not_former_names_or_filers_behind_it():
    again = HEADER.replace(
        "</SEC-HEADER>",
        "FILER:\n\tCOMPANY DATA:\n\t\tCOMPANY CONFORMED NAME:\tSECOND FILER LLC\n\t\tCENTRAL INDEX KEY:\t0000000999\n"
        "</SEC-HEADER>",
    )
    header = header_of(submission(COVER, TABLE, header=again))
    assert (header.cik, header.name) == ("0001067983", "BERKSHIRE HATHAWAY INC")


def test_acceptance_is_new_york_time_in_winter_and_in_summer():
    winter, summer = accepted("20251114160512"), accepted("20250814160512")
    assert winter.isoformat() == "2025-11-14T16:05:12-05:00"
    assert summer.isoformat() == "2025-08-14T16:05:12-04:00"
    assert winter.utcoffset() == timedelta(hours=-5)


def test_the_header_of_an_acceptance_in_may_is_utc_less_four_hours():
    utc = accepted("20260515160605").astimezone(datetime.fromisoformat("2026-05-15T00:00:00+00:00").tzinfo)
    assert utc.isoformat() == "2026-05-15T20:06:05+00:00"


@pytest.mark.parametrize("time", ["20251399999999", "00000000000000", "2025111416", "unknown"])
def test_an_acceptance_time_that_is_none_is_left_out_or_refused_by_name(time):
    try:
        assert accepted(time) is None
    except MalformedFilingError as error:
        assert error.message.startswith("It")  # noqa: PT017 - either answer will do


def test_both_documents_are_taken_out_whole():
    found = split(submission(COVER, TABLE), "It")
    assert found.cover.strip() == COVER
    assert found.table.strip() == TABLE


def test_a_submission_without_a_table_has_none():
    assert split(submission(COVER), "It").table is None


def test_the_documents_type_decides_not_its_place_nor_its_file_name():
    source = HEADER.encode() + document("INFORMATION TABLE", TABLE) + document("13F-HR", COVER)
    found = split(source, "It")
    assert b"informationTable" in found.table
    assert b"edgarSubmission" in found.cover


def test_letters_that_are_no_xml_are_passed_over():
    letter = document("COVER", b"Dear Sirs,\nwe ask for confidential treatment.")
    source = HEADER.encode() + document("13F-HR", COVER) + letter + document("INFORMATION TABLE", TABLE)
    assert split(source, "It").table.strip() == TABLE


def test_two_information_tables_are_refused_and_counted():
    source = submission(COVER, TABLE) + document("INFORMATION TABLE", TABLE)
    with pytest.raises(MalformedFilingError, match="2 information tables"):
        split(source, "It")


def test_a_submission_without_a_cover_page_is_refused():
    source = HEADER.encode() + document("INFORMATION TABLE", TABLE)
    with pytest.raises(MalformedFilingError, match="It has no cover page"):
        split(source, "It")


def test_a_submission_cut_short_anywhere_behind_its_cover_is_refused():
    whole = submission(COVER, TABLE)
    end = whole.rindex(b"</DOCUMENT>") + len(b"</DOCUMENT>")
    for length in range(whole.index(b"<TYPE>INFORMATION TABLE"), end - 1, 7):
        with pytest.raises(MalformedFilingError):
            read_submission(whole[:length], "It")


def test_a_document_whose_xml_has_no_end_is_refused():
    with pytest.raises(MalformedFilingError, match="It is cut short"):
        split(submission(COVER, TABLE).replace(b"\n</XML>\n</TEXT>", b"", 1), "It")


def test_a_submission_cut_between_its_documents_is_refused_because_the_cover_counts_rows():
    whole = submission(COVER, TABLE)
    with pytest.raises(MalformedFilingError, match="counts 1 row"):
        read_submission(whole[: whole.index(b"<DOCUMENT>\n<TYPE>INFORMATION TABLE")], "It")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ACCESSION NUMBER:\t\t0001193125-25-282901\n", "no accession number"),
        ("FILED AS OF DATE:\t\t20251114\n", "no filing date"),
    ],
)
def test_what_the_header_lacks_is_never_invented(line, said):
    with pytest.raises(MalformedFilingError) as caught:
        read_submission(submission(COVER, TABLE, header=HEADER.replace(line, "")), "It")
    assert said in caught.value.message
    assert "one by one" in caught.value.hint


def test_a_filing_date_that_is_no_day_is_refused():
    with pytest.raises(MalformedFilingError, match="no filing date"):
        read_submission(submission(COVER, TABLE, header=HEADER.replace("\t20251114\n", "\t20251399\n")), "It")


def test_documents_without_any_header_are_refused():
    with pytest.raises(MalformedFilingError, match="no accession number"):
        read_submission(document("13F-HR", COVER) + document("INFORMATION TABLE", TABLE), "It")


TEXT_TABLE = b"""CONFORMED PERIOD OF REPORT:\t20120331
FILED AS OF DATE:\t20120515
NAME OF ISSUER        TITLE OF CLASS   CUSIP         VALUE
<S>                   <C>              <C>           <C>
AMERICAN EXPRESS CO   COM              025816 10 9   455
"""


def test_a_text_table_of_before_2013_is_refused_and_the_way_on_named():
    for source in (TEXT_TABLE, HEADER.encode() + document("13F-HR", TEXT_TABLE)):
        with pytest.raises(MalformedFilingError, match=r"text table, as filed before mid-2013") as caught:
            split(source, "It")
        assert "docs/limits.md" in caught.value.hint


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "is empty"),
        (b"<html>SEC.gov | Request Rate Threshold Exceeded</html>", "turns a request away"),
        (b"<!DOCTYPE html><html></html>", "HTML page"),
        (b"Dear Sirs", "no submission of a Form 13F"),
    ],
)
def test_what_is_no_submission_is_refused_by_name(source, said):
    with pytest.raises(MalformedFilingError, match=said):
        split(source, "It")


def test_the_page_of_a_header_alone_is_refused_as_html():
    page = b"<html><body><pre>" + HEADER.replace("<", "&lt;").replace(">", "&gt;").encode() + b"</pre></body></html>"
    with pytest.raises(MalformedFilingError, match="HTML page"):
        split(page, "It")


def test_a_byte_order_mark_before_a_documents_prolog_is_passed_over():
    marked = b"\xef\xbb\xbf"
    reading = read_submission(submission(marked + COVER, marked + TABLE), "It")
    assert reading.rows["cusip"].to_list() == ["037833100"]


def test_carriage_returns_at_line_ends_change_nothing():
    dos = submission(COVER, TABLE).replace(b"\n", b"\r\n")
    plain, read = read_submission(submission(COVER, TABLE), "It"), read_submission(dos, "It")
    assert read.filing == plain.filing
    assert read.rows.equals(plain.rows)


@given(st.data())
def test_a_damaged_submission_is_read_or_refused_and_nothing_else(data):
    source = bytearray(submission(COVER, TABLE))
    for _ in range(data.draw(st.integers(1, 4))):
        source[data.draw(st.integers(0, len(source) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_submission(bytes(source), "It")
    except MalformedFilingError as refusal:
        told = bool(refusal.hint)
    else:
        told = found.rows.height == 1
    assert told


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (HEADER.encode(), True),
        (NC.encode(), True),
        (TEXT_TABLE, True),
        (COVER, False),
        (TABLE, False),
        (b"", False),
    ],
)
def test_a_submission_is_told_by_its_first_bytes(head, is_one):
    assert is_submission(head) is is_one
