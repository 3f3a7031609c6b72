from __future__ import annotations

from datetime import date

import pytest

from tests.builders import cover
from thirteenf.errors import MalformedFilingError
from thirteenf.filing import OtherManager
from thirteenf.form13f import read_cover

REVEALED = """<isAmendment>true</isAmendment><amendmentNo>1</amendmentNo><amendmentInfo>
<amendmentType>NEW HOLDINGS</amendmentType><confDeniedExpired>true</confDeniedExpired>
<dateDeniedExpired>08-14-2025</dateDeniedExpired><dateReported>05-15-2025</dateReported>
<reasonForNonConfidentiality>Confidential Treatment Expired</reasonForNonConfidentiality></amendmentInfo>"""


def test_a_cover_page_gives_what_the_filer_wrote():
    page = read_cover(cover(rows=110, total=258701144516, omitted="true"))
    assert (page.form_type, page.report_type) == ("13F-HR", "13F HOLDINGS REPORT")
    assert (page.cik, page.manager) == ("0001067983", "BERKSHIRE HATHAWAY INC")
    assert page.header_period == page.cover_period == date(2025, 9, 30)
    assert (page.table_entry_total, page.table_value_total) == (110, 258701144516)
    assert page.is_confidential_omitted
    assert page.is_amendment is None
    assert page.amendment_number is page.amendment_type is None
    assert page.provide_info_for_instruction5 is False
    assert page.schema_version == "X0202"
    assert not page.is_test
    assert page.address == "3555 FARNAM STREET, OMAHA, NE, 68131"
    assert "Marc D. Hamburg" in page.signature
    assert "Senior Vice President" in page.signature
    assert "11-14-2025" not in page.signature
    assert page.signature_date == date(2025, 11, 14)


def test_numbers_of_the_manager_and_free_text_are_kept():
    more = (
        "<form13FFileNumber>028-04545</form13FFileNumber><crdNumber>000123456</crdNumber>"
        "<secFileNumber>801-12345</secFileNumber><additionalInformation>Confidential information\n  has been omitted."
        "</additionalInformation>"
    )
    page = read_cover(cover(more=more))
    assert (page.form13f_file_number, page.crd_number, page.sec_file_number) == ("028-04545", "000123456", "801-12345")
    assert page.additional_information == "Confidential information has been omitted."


def test_an_amendment_that_reveals_tells_when_and_why():
    page = read_cover(cover("13F-HR/A", amends=REVEALED, rows=4, total=1106550356))
    assert page.is_amendment is True
    assert page.amendment_number == 1
    assert page.amendment_type == "NEW HOLDINGS"
    assert page.confidentiality_ended
    assert page.date_denied_expired == date(2025, 8, 14)
    assert page.date_reported == date(2025, 5, 15)
    assert page.reason_for_non_confidentiality == "Confidential Treatment Expired"


def test_both_lists_of_other_managers_are_kept_apart():
    others = "<otherManager><cik>1053013</cik><form13FFileNumber>028-04129</form13FFileNumber><name>New England Asset Management</name></otherManager>"  # noqa: E501
    included = "".join(
        f"<otherManager2><sequenceNumber>{n}</sequenceNumber><otherManager><cik>000000000{n}</cik>"
        f"<crdNumber>00000000{n}</crdNumber><secFileNumber>801-{n}</secFileNumber><name>Manager {n}</name>"
        "</otherManager></otherManager2>"
        for n in (1, 14)
    ).replace("00000000014", "0000000014")
    page = read_cover(cover(others=others, included=included, rows=1, total=1))
    assert page.other_managers == (
        OtherManager("New England Asset Management", None, "0001053013", "028-04129", None, None),
    )
    assert [(m.sequence_number, m.name) for m in page.other_included_managers] == [(1, "Manager 1"), (14, "Manager 14")]
    assert page.other_included_managers[0].crd_number == "000000001"
    assert page.other_included_managers[0].sec_file_number == "801-1"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("true", True), ("1", True), ("Y", True), ("y", True), ("false", False), ("0", False), ("N", False), ("", None)],
)
def test_flags_are_written_in_several_ways(text, meant):
    page = read_cover(cover(amends=f"<isAmendment>{text}</isAmendment>", rows=1, total=1, omitted=text))
    assert page.is_amendment is meant
    assert page.is_confidential_omitted is bool(meant)


@pytest.mark.parametrize("name", ["provideInfoForInstruction5", "provideInfoForInstruction"])
def test_both_spellings_of_instruction_five_are_known(name):
    assert read_cover(cover(instruction5=name)).provide_info_for_instruction5 is False


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("RESTATEMENT", "RESTATEMENT"),
        ("Restatement", "RESTATEMENT"),
        ("NEW HOLDINGS", "NEW HOLDINGS"),
        (" new holdings ", "NEW HOLDINGS"),
        ("", None),
    ],
)
def test_an_amendments_type_is_told_in_any_case(text, meant):
    amends = f"<amendmentInfo><amendmentType>{text}</amendmentType></amendmentInfo>"
    assert read_cover(cover(amends=amends)).amendment_type == meant


@pytest.mark.parametrize("text", ["09-30-2025", "2025-09-30", "09/30/2025"])
def test_days_are_read_in_the_forms_that_occur(text):
    assert read_cover(cover(period=text)).header_period == date(2025, 9, 30)


@pytest.mark.parametrize("text", ["", "13-45-2025", "2025Q3"])
def test_what_is_no_day_is_none(text):
    page = read_cover(cover(period=text, cover_period="09-30-2025"))
    assert (page.header_period, page.cover_period) == (None, date(2025, 9, 30))


@pytest.mark.parametrize(("text", "number"), [("1,234", 1234), ("", None), ("many", None), ("9" * 30, None)])
def test_totals_are_whole_numbers_or_not_told(text, number):
    assert read_cover(cover(rows=1, total=text)).table_value_total == number


def test_a_test_filing_is_marked():
    assert read_cover(cover(live="TEST")).is_test


def test_before_2023_there_is_no_schema_version():
    assert read_cover(cover(schema="")).schema_version is None


def test_a_notice_has_no_summary_page():
    page = read_cover(cover("13F-NT", report_type="13F NOTICE"))
    assert page.report_type == "13F NOTICE"
    assert page.table_entry_total is page.table_value_total is None
    assert not page.is_confidential_omitted


def test_any_prefix_will_do():
    plain = cover(rows=3, total=7)
    prefixed = plain.replace(b"<com:", b"<ns1:").replace(b"</com:", b"</ns1:").replace(b"xmlns:com", b"xmlns:ns1")
    assert read_cover(prefixed) == read_cover(plain)
    bare = plain.replace(b' xmlns="http://www.sec.gov/edgar/thirteenffiler"', b"")
    assert read_cover(bare) == read_cover(plain)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "is empty"),
        (b"<html></html>", "HTML page"),
        (b"<informationTable/>", "its root is informationTable"),
        (b"<edgarSubmission/>", "no filing manager"),
        (cover()[:-20], "no well-formed XML"),
        (cover(name=""), "no filing manager"),
    ],
)
def test_what_is_no_cover_page_is_refused_by_name(source, said):
    with pytest.raises(MalformedFilingError) as caught:
        read_cover(source, "primary_doc.xml")
    assert said in caught.value.message
    assert "primary_doc.xml" in caught.value.message


def test_a_cover_page_cut_short_anywhere_is_refused():
    whole = cover(rows=1, total=1)
    for length in range(0, len(whole) - 1, 11):
        with pytest.raises(MalformedFilingError):
            read_cover(whole[:length])


def cover_of(real, folder):
    return read_cover((real / "filings" / folder / "primary_doc.xml").read_bytes())


@pytest.mark.parametrize(
    ("folder", "rows", "total"),
    [
        ("berkshire_2022-09-30_cover_before_X0202", 179, 296096640),
        ("berkshire_2025-03-31_new_holdings_cover", 4, 1106550356),
        ("cover_confidential_omitted-0000897423-26-000120", 0, 0),
    ],
)
def test_real_cover_pages_count_what_is_known_of_them(real, folder, rows, total):
    page = cover_of(real, folder)
    assert (page.table_entry_total, page.table_value_total) == (rows, total)


def test_real_cover_pages_of_every_kind_say_what_they_are(real):
    assert cover_of(real, "berkshire_2022-09-30_cover_before_X0202").report_type == "13F COMBINATION REPORT"
    assert cover_of(real, "berkshire_2022-09-30_cover_before_X0202").schema_version is None
    revealed = cover_of(real, "berkshire_2025-03-31_new_holdings_cover")
    assert (revealed.amendment_type, revealed.amendment_number) == ("NEW HOLDINGS", 1)
    assert len(cover_of(real, "cover_combination-0001990467-26-000004").other_managers) == 2
    withheld = cover_of(real, "cover_confidential_omitted-0000897423-26-000120")
    assert withheld.is_confidential_omitted
    assert withheld.amendment_type == "RESTATEMENT"
    assert cover_of(real, "cover_hr_a_new_holdings-0001259261-26-000014").table_entry_total == 120
    assert cover_of(real, "cover_hr_a_new_holdings-0001259261-26-000014").amendment_type == "NEW HOLDINGS"
    assert cover_of(real, "cover_hr_a_restatement-0001908612-26-000004").amendment_type == "RESTATEMENT"
    assert len(cover_of(real, "cover_nt-0001451086-26-000003").other_managers) == 20
    assert cover_of(real, "cover_nt_a-0001193125-26-379727").form_type == "13F-NT/A"
    old_spelling = cover_of(real, "cover_instruction_old_spelling-0001214659-26-011668")
    assert old_spelling.provide_info_for_instruction5 is not None


@pytest.mark.parametrize(
    ("sample", "form_type", "rows"),
    [
        ("13F-HR", "13F-HR", None),
        ("13F-HRA", "13F-HR/A", 1222),
        ("13F-NT", "13F-NT", None),
        ("13F-NTA", "13F-NT/A", None),
    ],
)
def test_the_secs_own_samples_are_read(real, sample, form_type, rows):
    page = read_cover((real / "sec_schemas" / f"Sample_{sample}.xml").read_bytes())
    assert page.form_type == form_type
    assert page.manager.upper() == "BIG FUND TRUST INC"
    assert page.cik == "0123456789"
    if rows:
        assert page.table_entry_total == rows
    if sample.startswith("13F-NT"):
        assert page.report_type == "13F NOTICE"
        assert [manager.name for manager in page.other_managers] == ["BIG FUND TRUST inc"]
