from __future__ import annotations

import csv
from datetime import date

import pytest

from tests.builders import cover, info_table, row, submission
from thirteenf.errors import MalformedFilingError
from thirteenf.form13f import Header, read_cover, read_documents, read_information_table, read_submission

HEADER = Header(accession_number="0001193125-25-282901", filing_date=date(2025, 11, 14))
TABLE = info_table([row(), row("BANK AMERICA CORP", "060505104", 515900, 10000)])
COVER = cover(rows=2, total=3062200)


def reading(page=COVER, table=TABLE, **header):
    return read_documents(page, table, header=Header(**vars(HEADER) | header), what="It")


def codes(found):
    return [oddity.code for oddity in found.oddities]


def test_a_clean_filing_is_read_without_an_oddity():
    found = reading()
    assert found.oddities == ()
    assert found.rows["value"].sum() == 3062200
    filing = found.filing
    assert (filing.accession_number, filing.filing_date) == ("0001193125-25-282901", date(2025, 11, 14))
    assert (filing.cik, filing.manager) == ("0001067983", "BERKSHIRE HATHAWAY INC")
    assert (filing.form_type, filing.report_type) == ("13F-HR", "13F HOLDINGS REPORT")
    assert filing.period == filing.source_period == filing.cover_period == date(2025, 9, 30)
    assert not filing.is_amendment
    assert not filing.is_notice
    assert filing.accepted is None


def test_a_folder_and_the_whole_submission_tell_the_same():
    apart, whole = reading(), read_submission(submission(COVER, TABLE), "It")
    assert whole.rows.equals(apart.rows)
    assert whole.filing.accepted is not None
    differing = {name for name, value in vars(whole.filing).items() if value != vars(apart.filing)[name]}
    assert differing == {"accepted"}


@pytest.mark.parametrize(
    ("lacking", "said"), [("accession_number", "It has no accession number"), ("filing_date", "It has no filing date")]
)
def test_accession_number_and_filing_date_are_never_invented(lacking, said):
    with pytest.raises(MalformedFilingError, match=said):
        reading(**{lacking: None})


def test_a_filing_without_a_filer_is_refused():
    with pytest.raises(MalformedFilingError, match="names no filer"):
        reading(cover(cik="", rows=2, total=1))


def test_the_header_counts_where_two_filers_are_named():
    found = reading(cik="0000000007")
    assert found.filing.cik == "0000000007"
    assert codes(found) == ["cik-disagrees"]


@pytest.mark.parametrize("form_type", ["13F-CTR", "SC 13G", "10-K", ""])
def test_other_forms_are_refused_by_name(form_type):
    with pytest.raises(MalformedFilingError, match=f"type '{form_type}'"):
        reading(cover(form_type, rows=2, total=1))


# An empty table is an error, never an empty portfolio.


@pytest.mark.parametrize("table", [None, info_table([])])
def test_a_table_of_nothing_is_an_error_where_the_cover_counts_rows(table):
    with pytest.raises(MalformedFilingError, match="though its cover page counts 2 rows"):
        reading(table=table)


def test_an_empty_file_for_a_table_is_refused_even_where_the_cover_counts_no_rows():
    with pytest.raises(MalformedFilingError, match="empty"):
        reading(cover(rows=0, total=0), b"")


def test_a_holdings_report_with_neither_summary_page_nor_table_is_no_empty_portfolio():
    with pytest.raises(MalformedFilingError, match="no information table"):
        reading(cover(), None)


@pytest.mark.parametrize(("form_type", "said"), [("13F-HR", "13F NOTICE"), ("13F-NT", "13F HOLDINGS REPORT")])
def test_a_contradiction_between_form_and_cover_hides_no_lost_table(form_type, said):
    with pytest.raises(MalformedFilingError, match="counts 2 rows"):
        reading(cover(form_type, report_type=said, rows=2, total=3062200), None)


def test_rows_are_counted_though_the_number_is_unreadable_and_the_total_is_not():
    with pytest.raises(MalformedFilingError, match="no information table"):
        reading(cover(rows="two", total=3062200), None)


def test_zero_rows_are_what_they_are_where_the_cover_says_so():
    found = reading(cover(rows=0, total=0, omitted="true"), None)
    assert found.rows.height == 0
    assert found.filing.is_confidential_omitted


def test_a_book_of_more_than_the_world_is_worth_is_refused():
    rows = [row(value=10**16 - 1)] * 2
    with pytest.raises(MalformedFilingError, match="value"):
        reading(cover(rows=2, total=1), info_table(rows))


# Form type and report type.


def test_a_notice_is_read_without_a_table():
    found = reading(cover("13F-NT", report_type="13F NOTICE"), None)
    assert found.filing.is_notice
    assert found.oddities == ()
    assert found.rows.height == 0


def test_a_combination_report_is_known_by_its_cover():
    assert reading(cover(report_type="13F COMBINATION REPORT", rows=2, total=1)).filing.report_type == (
        "13F COMBINATION REPORT"
    )


def test_a_holdings_form_that_calls_itself_a_notice_and_has_rows_is_no_notice():
    found = reading(cover(report_type="13F NOTICE", rows=2, total=3062200))
    assert not found.filing.is_notice
    assert codes(found) == ["form-against-report"]


def test_rows_that_are_there_make_a_report_even_where_no_summary_page_counts_them():
    found = reading(cover(report_type="13F NOTICE"))
    assert found.rows.height == 2
    assert not found.filing.is_notice
    assert codes(found) == ["form-against-report"]


def test_a_notice_form_without_a_table_is_a_notice_whatever_its_cover_says():
    found = reading(cover("13F-NT", report_type="13F HOLDINGS REPORT"), None)
    assert codes(found) == ["form-against-report"]
    assert found.filing.is_notice


def test_a_notice_that_brings_rows_is_flagged():
    found = reading(cover("13F-NT", report_type="13F NOTICE"))
    assert found.rows.height == 2
    assert codes(found) == ["form-against-report"]


def test_a_holdings_form_that_calls_itself_a_notice_and_has_no_rows_is_one_and_flagged():
    found = reading(cover(report_type="13F NOTICE"), None)
    assert found.filing.is_notice
    assert codes(found) == ["form-against-report"]


def test_the_form_type_decides_where_the_cover_has_no_report_type():
    assert reading(cover("13F-NT", report_type=""), None).filing.is_notice
    assert not reading(cover(report_type="", rows=2, total=1)).filing.is_notice


@pytest.mark.parametrize(
    ("form_type", "flag", "odd"),
    [
        ("13F-HR", "false", []),
        ("13F-HR", "true", ["amendment-unmarked"]),
        ("13F-HR/A", "true", []),
        ("13F-HR/A", "false", ["amendment-unmarked"]),
    ],
)
def test_form_type_and_cover_page_must_agree_that_it_amends(form_type, flag, odd):
    found = reading(cover(form_type, amends=f"<isAmendment>{flag}</isAmendment>", rows=2, total=1))
    assert codes(found) == odd
    assert found.filing.is_amendment is (form_type.endswith("/A") or flag == "true")


def test_an_amendment_need_not_be_marked_on_the_cover():
    found = reading(cover("13F-HR/A", rows=2, total=1))
    assert found.filing.is_amendment
    assert found.oddities == ()


def test_a_test_filing_says_so():
    assert codes(reading(cover(live="TEST", rows=2, total=1))) == ["test-filing"]


def test_an_amended_notice_may_call_itself_a_restatement():
    amends = (
        "<isAmendment>true</isAmendment><amendmentNo>1</amendmentNo>"
        "<amendmentInfo><amendmentType>RESTATEMENT</amendmentType></amendmentInfo>"
    )
    filing = reading(cover("13F-NT/A", report_type="13F NOTICE", amends=amends), None).filing
    assert filing.is_notice
    assert (filing.is_amendment, filing.amendment_type, filing.amendment_number) == (True, "RESTATEMENT", 1)


# The period of report: a quarter's end that two of three agree on.


@pytest.mark.parametrize(
    ("header", "head", "page", "period"),
    [
        (date(2025, 9, 30), "09-30-2025", "06-30-2025", date(2025, 9, 30)),
        (date(2025, 9, 30), "06-30-2025", "09-30-2025", date(2025, 9, 30)),
        (date(2025, 6, 30), "09-30-2025", "09-30-2025", date(2025, 9, 30)),
        (date(2025, 3, 31), "03-31-2025", "09-30-2025", date(2025, 3, 31)),
        (date(2025, 9, 29), "09-29-2025", "09-30-2025", date(2025, 9, 30)),
        (None, "09-30-2025", "09-30-2015", date(2025, 9, 30)),
        (None, "09-30-2052", "09-30-2025", date(2025, 9, 30)),
        (date(2025, 9, 30), "09-30-2024", "09-30-2026", date(2025, 9, 30)),
    ],
)
def test_of_several_periods_the_likely_quarter_counts_and_the_others_are_told(header, head, page, period):
    found = reading(cover(period=head, cover_period=page, rows=2, total=1), period=header)
    assert found.filing.period == period
    assert codes(found) == ["period-disagrees"]


def test_a_period_that_is_no_quarter_end_is_kept_and_flagged():
    found = reading(cover(period="09-15-2025", rows=2, total=1))
    assert found.filing.period == date(2025, 9, 15)
    assert codes(found) == ["period-not-quarter-end"]


def test_one_place_that_gives_the_period_is_enough_and_none_is_refused():
    assert reading(cover(period="", cover_period="09-30-2025", rows=2, total=1)).filing.period == date(2025, 9, 30)
    with pytest.raises(MalformedFilingError, match="no period of report"):
        reading(cover(period="unknown", rows=2, total=1))


# The real filings.


@pytest.fixture(scope="module")
def expected(real):
    with (real / "filings" / "expected.csv").open() as lines:
        return {one["folder"]: one for one in csv.DictReader(lines)}


FOLDERS = [
    "acorn_creek_2024-12-31_dissemination", "bard_2021-09-30_ns1_thousands", "baupost_0001061768_2026-03-31_thousands",
    "berkshire_2022-09-30_cover_before_X0202", "berkshire_2025-03-31_new_holdings_cover", "berkshire_filed_2023-02-14",
    "berkshire_filed_2023-05-15", "berkshire_filed_2024-05-15", "berkshire_filed_2025-02-14",
    "cover_combination-0001990467-26-000004", "cover_confidential_omitted-0000897423-26-000120",
    "cover_hr_a_new_holdings-0001259261-26-000014", "cover_hr_a_restatement-0001908612-26-000004",
    "cover_instruction_old_spelling-0001214659-26-011668", "cover_nt-0001451086-26-000003",
    "cover_nt_a-0001193125-26-379727", "edgar_submission_0001140361-23-013281",
    "edgar_submission_0001619124-21-000002", "edgar_submission_0001790837-23-000002", "html_rendering_not_xml",
    "lts_one_2023-09-30_full_submission", "mivtachim_2018-03-31_total_off_by_2", "private_255_rows",
    "scion_2025-06-30", "scion_2025-09-30", "text_era_2012", "wellington_2019-09-30_7561_rows",
]  # fmt: skip


def test_every_real_folder_is_tried(expected):
    assert sorted(expected) == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_real_document_gives_what_is_known_of_it(real, expected, folder):
    known = expected[folder]
    documents = [(real / "filings" / folder / name).read_bytes() for name in known["document"].split(" + ")]
    outcome = known["outcome"]
    if outcome == "refused":
        for read in (read_submission, read_information_table):
            with pytest.raises(MalformedFilingError):
                read(documents[0])
        return
    if outcome == "cover only":
        page = read_cover(documents[0])
        assert page.table_entry_total > 0
        with pytest.raises(MalformedFilingError, match="no information table"):
            read_documents(documents[0], None, header=HEADER)
        return
    if outcome == "table only":
        rows = read_information_table(documents[0]).rows
    elif known["document"].endswith((".txt", ".nc")):
        found = read_submission(documents[0])
        rows = found.rows
        assert outcome.upper() in found.filing.report_type
        assert codes(found) == []
    else:
        table, page = documents if len(documents) == 2 else (None, documents[0])
        found = read_documents(page, table, header=HEADER)
        rows = found.rows
        assert outcome.upper() in found.filing.report_type or outcome == "empty and withheld"
    assert rows.height == int(known["rows"] or 0)
    assert rows["value"].sum() == int(known["sum_as_filed"] or 0)


def test_the_text_table_and_the_html_rendering_are_refused_by_name(real):
    text = (real / "filings" / "text_era_2012" / "0000909012-12-000274.txt").read_bytes()
    with pytest.raises(MalformedFilingError, match="text table"):
        read_submission(text)
    page = (real / "filings" / "html_rendering_not_xml" / "form.13FHR.xml").read_bytes()
    with pytest.raises(MalformedFilingError, match="HTML"):
        read_information_table(page)


def test_the_withheld_restatement_is_read_as_withheld(real):
    page = (real / "filings" / "cover_confidential_omitted-0000897423-26-000120" / "primary_doc.xml").read_bytes()
    filing = read_documents(page, None, header=HEADER).filing
    assert filing.is_confidential_omitted
    assert filing.amendment_type == "RESTATEMENT"


def test_scions_options_and_stock_on_one_cusip_stay_apart(real):
    table = (real / "filings" / "scion_2025-06-30" / "infotable.xml").read_bytes()
    rows = read_information_table(table).rows.filter(issuer="LAUDER ESTEE COS INC")
    assert sorted(rows.select("put_call", "amount").rows()) == [("", 150000), ("Call", 500000)]


def test_the_header_of_a_real_submission_is_read(real):
    folder = real / "filings" / "lts_one_2023-09-30_full_submission"
    filing = read_submission((folder / "0001894188-23-000007.txt").read_bytes()).filing
    assert (filing.accession_number, filing.cik) == ("0001894188-23-000007", "0001894188")
    assert filing.accepted.isoformat() == "2023-11-14T09:38:54-05:00"
    assert (filing.period, filing.filing_date) == (date(2023, 9, 30), date(2023, 11, 14))


def test_the_secs_own_table_is_read_whole(real):
    found = read_information_table((real / "sec_schemas" / "information_table.xml").read_bytes())
    first = found.rows.row(0, named=True)
    assert (first["issuer"], first["cusip"], first["figi"]) == ("AT&T INC", "02079K107", "02079K107743")
    assert (first["value"], first["amount"], first["voting_none"]) == (7454547777, 79296, 79296)
    assert found.rows.height == (real / "sec_schemas" / "information_table.xml").read_bytes().count(b"</ns1:infoTable>")


def test_a_confidential_treatment_request_is_no_holdings_report(real):
    page = (real / "sec_schemas" / "Sample_13F-CTR.xml").read_bytes()
    with pytest.raises(MalformedFilingError, match="13F-CTR"):
        read_documents(page, None, header=HEADER)


def test_a_period_that_had_not_ended_when_it_was_filed_is_flagged():
    found = reading(cover(rows=2, total=3062200, period="12-31-2030"))
    assert "period-in-future" in codes(found)
