"""The SEC's data sets, read: what a set lists is what the filings list, and what is no set is refused in one line."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date

import polars as pl
import pytest

from tests.data_sets import COLUMNS, FIRST, THIRD, Listed, data_set, holding, listed, packed, put, tables
from thirteenf import datasets
from thirteenf.errors import MalformedFilingError
from thirteenf.tables import INFORMATION_TABLE

A, B, C = (f"000999999{place}-25-000001" for place in (1, 2, 3))
OTHER = (("ALPHABET INC", "02079K305", 1809800, 10000), ("AMAZON COM INC", "023135106", 2195700, 10000))


@pytest.fixture
def read(tmp_path):
    """Read a zip of these bytes."""

    def data_set_of(content, name=THIRD):
        (path,) = put(tmp_path / "sets", {name: content})
        return datasets.read(path, name)

    return data_set_of


@pytest.fixture
def refused(read):
    """The line with which a zip is refused."""

    def line(content):
        with pytest.raises(MalformedFilingError) as error:
            read(content)
        told = f"{error.value.message} {error.value.hint}"
        assert "\n" not in told
        assert THIRD in error.value.message
        return told

    return line


def two(**how):
    return data_set(listed(A), listed(B, OTHER, cik="0009999992", name="Other Capital LP"), **how)


def rows_of(found, accession=A):
    named = found.rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return named.filter(pl.col("accession_number") == accession).sort("row")


def codes(found):
    return sorted(found.oddities.select("accession_number", "row", "code").rows(), key=str)


# what a set may look like


@pytest.mark.parametrize(
    "how",
    [
        {}, {"folder": "2025q3_form13f/"}, {"folder": "a\\b\\"}, {"newline": "\r\n"}, {"bom": True},
        {"bom": True, "newline": "\r\n", "folder": "x/y/"}, {"more": {"FORM13F_readme.htm": b"<html>"}},
        {"more": {"metadata.json": b"{}", "other/NOTES.tsv": b"A\tB\n"}},
    ],
    ids=str,
)  # fmt: skip
def test_however_it_is_packed_it_says_the_same(read, how):
    found, plain = read(two(**how)), read(two())
    assert found.filings == plain.filings
    assert found.rows.equals(plain.rows)
    assert found.refused == []
    assert rows_of(found).select("row", "cusip", "value", "amount").rows() == [
        (1, "037833100", 2546300, 10000), (2, "060505104", 515900, 10000), (3, "191216100", 663200, 10000),
    ]  # fmt: skip
    first = found.filings[0]
    assert (first.cik, first.period, first.filing_date) == ("0009999991", date(2025, 9, 30), date(2025, 11, 14))
    assert (first.accepted, first.manager, first.is_amendment) == (None, "Example Advisors LLC", False)


def test_rows_have_the_columns_of_the_table(read):
    assert set(read(two()).rows.columns) == set(INFORMATION_TABLE.names) - {"cik"}


def test_names_with_raw_quotes_and_odd_bytes_stay_as_they_are(read):
    names = ('"QUOTED" INC', 'HALF " A QUOTE', "'S & <CO>", "SOCIÉTÉ GÉNÉRALE", "BACK\\SLASH", "N/A", "NULL")
    content = data_set(listed(A, [holding(issuer=name) for name in names]))
    assert rows_of(read(content))["issuer"].to_list() == list(names)


def test_bytes_that_are_no_utf8_are_those_of_western_europe(read):
    rows = [holding(issuer="SOCIÉTÉ «X» €"), holding(issuer="PLAIN")]
    content = data_set(listed(A, rows, name="ZÜRICH AG"), encoding="cp1252")
    found = read(content)
    assert rows_of(found)["issuer"].to_list() == ["SOCIÉTÉ «X» €", "PLAIN"]
    assert found.filings[0].manager == "ZÜRICH AG"


def test_more_columns_and_another_order_are_no_matter(read):
    columns = {t: [*names[:1], "COMMENT", *names[:0:-1]] for t, names in COLUMNS.items()}
    filings = [listed(A), listed(B, OTHER, cik="0009999992", name="Other Capital LP")]
    found = read(packed(tables(filings, columns)))
    assert found.filings == read(two()).filings
    assert found.rows.equals(read(two()).rows)


def test_small_letters_in_the_header_are_no_matter(read):
    made = tables([listed(A)])
    made = {table: [[name.lower() for name in lines[0]], *lines[1:]] for table, lines in made.items()}
    assert read(packed(made)).rows.equals(read(data_set(listed(A))).rows)


def test_an_older_set_has_no_figi_and_no_crd_number(read):
    later = {"FIGI", "CRDNUMBER", "SECFILENUMBER"}
    columns = {table: [name for name in names if name not in later] for table, names in COLUMNS.items()}
    found = read(packed(tables([listed(A)], columns)), FIRST)
    assert rows_of(found)["figi"].to_list() == [None] * 3
    assert found.filings[0].crd_number is None
    assert rows_of(found)["amount"].to_list() == [10000] * 3


@pytest.mark.parametrize("lacking", [("INFOTABLE", "CUSIP"), ("SUBMISSION", "CIK"), ("COVERPAGE", "REPORTTYPE")])
def test_a_set_without_a_column_that_counts_is_refused(refused, lacking):
    table, column = lacking
    columns = COLUMNS | {table: [name for name in COLUMNS[table] if name != column]}
    assert f"{table} in {THIRD} has no column {column}" in refused(packed(tables([listed(A)], columns)))


@pytest.mark.parametrize(
    ("said", "day"),
    [("14-NOV-2025", date(2025, 11, 14)), ("14-Nov-2025", date(2025, 11, 14)), ("2025-11-14", date(2025, 11, 14)),
     ("11-14-2025", date(2025, 11, 14))],
)  # fmt: skip
def test_days(read, said, day):
    made = tables([listed(A)])
    made["SUBMISSION"][1][1] = said
    assert read(packed(made)).filings[0].filing_date == day


def test_a_filing_without_a_filing_date_is_not_given_one(read):
    made = tables([listed(A), listed(B, OTHER, cik="0009999992")])
    made["SUBMISSION"][1][1] = "31-FEB-2025"
    found = read(packed(made))
    assert [one.accession_number for one in found.filings] == [B]
    assert "no filing date" in found.refused[0].message
    assert set(found.rows["accession_number"]) == {B}


@pytest.mark.parametrize(("mark", "form", "amends"), [
    (None, "13F-HR", False), ("N", "13F-HR", False), ("", "13F-HR/A", True), ("Y", "13F-HR/A", True),
    ("false", "13F-HR", False), ("true", "13F-HR/A", True),
])  # fmt: skip
def test_isamendment(read, mark, form, amends):
    filing = listed(A, form=form, cover={"ISAMENDMENT": mark, "AMENDMENTTYPE": "RESTATEMENT" if amends else None})
    (one,) = read(data_set(filing)).filings
    assert one.is_amendment == amends
    assert one.amendment_type == ("RESTATEMENT" if amends else None)


def test_rows_are_numbered_by_the_sets_own_key_whatever_their_order(read):
    made = tables([listed(A), listed(B, OTHER, cik="0009999992", name="Other Capital LP")])
    head, *lines = made["INFOTABLE"]
    expected = read(packed(made))
    for order in ((4, 0, 3, 2, 1), (2, 4, 1, 3, 0), (1, 0, 2, 4, 3)):
        found = read(packed(made | {"INFOTABLE": [head, *(lines[place] for place in order)]}))
        for accession in (A, B):
            assert rows_of(found, accession).equals(rows_of(expected, accession).select(found.rows.columns))


def test_blank_keys_keep_the_order_of_the_file(read):
    filing = listed(A, [holding(CUSIP=c, INFOTABLE_SK="") for c in ("037833100", "060505104", "191216100")])
    assert rows_of(read(data_set(filing)))["cusip"].to_list() == ["037833100", "060505104", "191216100"]


# what is odd, and what cannot be read


def test_a_filing_whose_rows_are_missing_is_no_empty_portfolio(read):
    found = read(data_set(listed(A, [], summary={"TABLEENTRYTOTAL": 3, "TABLEVALUETOTAL": 99}), listed(B, OTHER)))
    assert [one.accession_number for one in found.filings] == [B]
    assert "counts 3 rows" in found.refused[0].message


def test_a_report_that_counts_no_rows_is_empty(read):
    found = read(data_set(listed(A, [], summary={}), listed(B, OTHER)))
    assert [one.accession_number for one in found.filings] == [A, B]
    assert found.refused == []


def test_a_report_that_says_no_number_of_rows_and_has_none_is_not_read(read):
    found = read(data_set(listed(A, [], summary={"TABLEENTRYTOTAL": None, "TABLEVALUETOTAL": None}), listed(B, OTHER)))
    assert [one.header.accession_number for one in found.refused] == [A]


def test_a_notice_has_no_rows(read):
    found = read(data_set(listed(A, [], form="13F-NT", report_type="13F NOTICE"), listed(B, OTHER)))
    assert [one.is_notice for one in found.filings] == [True, False]


def test_numbers_with_separators_are_read_and_told(read):
    rows = [holding(VALUE="2,546,300"), holding(SSHPRNAMT="10000.0"), holding(CUSIP="060505104", VALUE=" 77 ")]
    found = read(data_set(listed(A, rows)))
    assert rows_of(found).select("value", "amount").rows() == [(2546300, 10000), (2546300, 10000), (77, 10000)]
    assert codes(found) == [(A, 1, "number-format"), (A, 2, "number-format")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"VALUE": "many"}, "'many' for its value"), ({"VALUE": ""}, "no value"), ({"SSHPRNAMT": ""}, "no amount"),
        ({"CUSIP": ""}, "no cusip"), ({"VALUE": "9" * 25}, "value"), ({"SSHPRNAMT": "1e3x"}, "amount"),
    ],
    ids=str,
)  # fmt: skip
def test_a_row_that_no_position_can_be_made_of_leaves_its_filing_unread(read, line, why):
    found = read(data_set(listed(A, [holding(), holding(**line)]), listed(B, OTHER)))
    assert [one.accession_number for one in found.filings] == [B]
    assert why in found.refused[0].message
    assert set(found.rows["accession_number"]) == {B}
    assert set(found.oddities["accession_number"]) <= {B}


@pytest.mark.parametrize("change", [lambda line: [*line, "more"], lambda line: line[:-3]])
def test_a_line_with_other_fields_leaves_its_filing_unread_and_no_other(read, change):
    made = tables([listed(A), listed(B, OTHER, cik="0009999992")])
    made["INFOTABLE"][2] = change(made["INFOTABLE"][2])
    found = read(packed(made))
    assert [one.accession_number for one in found.filings] == [B]
    assert "fields" in found.refused[0].message


def test_rows_without_a_cover_are_told(read):
    made = tables([listed(A), listed(B, OTHER)])
    made["SUBMISSION"] = made["SUBMISSION"][:-1]
    found = read(packed(made))
    assert [one.accession_number for one in found.filings] == [A]
    assert [(one.header.accession_number, "no cover" in one.message) for one in found.refused] == [(B, True)]


def test_a_filing_named_twice_counts_once(read):
    made = tables([listed(A)])
    made["SUBMISSION"].append(made["SUBMISSION"][1])
    found = read(packed(made))
    assert len(found.filings) == 1
    assert rows_of(found).height == 3


def test_negative_numbers_are_told(read):
    found = read(data_set(listed(A, [holding(VALUE=-5), holding()])))
    assert codes(found) == [(A, 1, "number-negative")]


def test_managers_and_numbers_of_managers(read):
    filing = listed(A, [holding(OTHERMANAGER="1, 2"), holding()])
    filing.lines["OTHERMANAGER2"] = [
        {"SEQUENCENUMBER": 1, "CIK": "12345", "NAME": "ONE LLC"}, {"SEQUENCENUMBER": "2", "NAME": "TWO LLC"}
    ]  # fmt: skip
    found = read(data_set(filing))
    assert rows_of(found)["other_managers"].to_list() == [[1, 2], []]
    told = found.filings[0].other_included_managers
    assert [(one.sequence_number, one.cik, one.name) for one in told] == [
        (1, "0000012345", "ONE LLC"), (2, None, "TWO LLC"),
    ]  # fmt: skip


def test_a_table_in_several_pieces_reads_as_one(read, monkeypatch):
    whole = read(two())
    monkeypatch.setattr("thirteenf.datasets.members._PIECE", 70)
    pieces = read(two())
    assert pieces.filings == whole.filings
    assert rows_of(pieces).equals(rows_of(whole))


# what is no data set


def test_no_zip(refused):
    assert "is no zip" in refused(b"nothing of the kind")


@pytest.mark.parametrize("keep", [10, 200, -1, -30])
def test_a_zip_cut_short(refused, keep):
    assert "cut short" in refused(two()[:keep])


def test_a_zip_whose_bytes_are_damaged(refused):
    content = bytearray(two())
    at = content.find(b"INFOTABLE.tsv") + len("INFOTABLE.tsv") + 10
    content[at : at + 8] = b"\xff" * 8
    assert "damaged" in refused(bytes(content))


def test_another_zip(refused):
    assert "has no SUBMISSION.tsv" in refused(packed({}, more={"a.txt": b"a"}))


@pytest.mark.parametrize("table", ["INFOTABLE", "COVERPAGE", "SUMMARYPAGE", "SUBMISSION"])
def test_a_table_is_missing(refused, table):
    made = {name: lines for name, lines in tables([listed(A)]).items() if name != table}
    assert f"has no {table}.tsv" in refused(packed(made))


def test_a_table_is_there_twice(refused):
    assert "twice" in refused(two(more={"again/INFOTABLE.tsv": b"A\tB\n"}))


def test_a_set_that_lists_nothing(refused):
    assert "lists no filing" in refused(packed(tables([])))


def test_a_bomb_is_not_unpacked(refused, monkeypatch):
    found = {name: lines for name, lines in tables([listed(A)]).items() if name != "OTHERMANAGER"}
    content = _bomb(found)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("it was unpacked"))
    assert "that is no data set" in refused(content)


def _bomb(found):
    with io.BytesIO() as into:
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
            for table in found:
                made.writestr(zipfile.ZipInfo(f"{table}.tsv"), b"\0" * 20_000_000, zipfile.ZIP_DEFLATED)
        return into.getvalue()


def test_more_than_any_set_has_is_not_unpacked(refused, monkeypatch):
    monkeypatch.setattr("thirteenf.datasets.members._MOST_BYTES", 100)
    assert "would unpack to" in refused(two())


def test_a_member_that_is_larger_than_it_says(refused):
    """The zip's own list says less than what is packed."""
    content = bytearray(two())
    size = zipfile.ZipFile(io.BytesIO(content)).getinfo("INFOTABLE.tsv").file_size
    changed = bytes(content).replace(struct.pack("<L", size), struct.pack("<L", size - 40))
    assert changed != bytes(content)
    assert "damaged" in refused(changed)


def test_a_locked_zip(refused):
    content = bytearray(two())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := content.find(mark, start + 1)) >= 0:
            content[start + at] |= 1
    assert "locked with a password" in refused(bytes(content))


def test_the_builder_writes_what_it_is_told():
    one = Listed("x", {"SUBMISSION": [{"CIK": 5}]})
    assert tables([one])["SUBMISSION"][1] == ["x", "", "", "5", ""]
