"""What a data set says of its filings: header, cover page, signature and summary page, each a line in a table.

They are read into the same records as the documents themselves, and put together by the same rules (form13f).
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from thirteenf.datasets import tsv
from thirteenf.filing import OtherManager
from thirteenf.form13f import Header
from thirteenf.form13f.cover import YES, Cover, amendment_type, report_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thirteenf.datasets.members import Members

_COLUMNS = {
    "SUBMISSION": ("FILING_DATE", "SUBMISSIONTYPE", "CIK", "PERIODOFREPORT"),
    "COVERPAGE": (
        "REPORTCALENDARORQUARTER", "ISAMENDMENT", "AMENDMENTNO", "AMENDMENTTYPE", "CONFDENIEDEXPIRED",
        "DATEDENIEDEXPIRED", "DATEREPORTED", "REASONFORNONCONFIDENTIALITY", "FILINGMANAGER_NAME",
        "FILINGMANAGER_STREET1", "FILINGMANAGER_STREET2", "FILINGMANAGER_CITY", "FILINGMANAGER_STATEORCOUNTRY",
        "FILINGMANAGER_ZIPCODE", "REPORTTYPE", "FORM13FFILENUMBER", "CRDNUMBER", "SECFILENUMBER",
        "PROVIDEINFOFORINSTRUCTION5", "ADDITIONALINFORMATION",
    ),
    "SUMMARYPAGE": ("OTHERINCLUDEDMANAGERSCOUNT", "TABLEENTRYTOTAL", "TABLEVALUETOTAL", "ISCONFIDENTIALOMITTED"),
    "SIGNATURE": ("NAME", "TITLE", "PHONE", "SIGNATURE", "CITY", "STATEORCOUNTRY", "SIGNATUREDATE"),
    "OTHERMANAGER": ("CIK", "FORM13FFILENUMBER", "CRDNUMBER", "SECFILENUMBER", "NAME"),
    "OTHERMANAGER2": ("SEQUENCENUMBER", "CIK", "FORM13FFILENUMBER", "CRDNUMBER", "SECFILENUMBER", "NAME"),
}  # fmt: skip
_LATER = {"CRDNUMBER", "SECFILENUMBER"}
"""Columns that older data sets have not."""
_ADDRESS = _COLUMNS["COVERPAGE"][9:14]
_ACCESSION = "ACCESSION_NUMBER"
_Line = dict[str, str | None]


def read(members: Members) -> Iterator[tuple[Header, Cover]]:
    """Each filing's header and cover page, as far as a data set has them: there is no acceptance time.

    Raises:
        MalformedFilingError: if a table is damaged, or lacks a column.
    """
    one = {name: dict(_lines(members, name)) for name in ("COVERPAGE", "SUMMARYPAGE", "SIGNATURE")}
    several = {name: _grouped(members, name) for name in ("OTHERMANAGER", "OTHERMANAGER2")}
    for accession, line in _lines(members, "SUBMISSION"):
        page = one["COVERPAGE"].get(accession, {})
        summary, signed = one["SUMMARYPAGE"].get(accession, {}), one["SIGNATURE"].get(accession, {})
        managers = {name: tuple(map(_manager, lines.get(accession, ()))) for name, lines in several.items()}
        header = Header(
            accession_number=accession, form_type=line["SUBMISSIONTYPE"], period=_day(line["PERIODOFREPORT"]),
            filing_date=_day(line["FILING_DATE"]), cik=_cik(line["CIK"]), name=page.get("FILINGMANAGER_NAME"),
        )  # fmt: skip
        yield header, _cover(header, page, summary, signed, managers)


def _cover(
    header: Header, page: _Line, summary: _Line, signed: _Line, managers: dict[str, tuple[OtherManager, ...]]
) -> Cover:
    amends = page.get("ISAMENDMENT")
    return Cover(
        form_type=header.form_type,
        cik=header.cik,
        header_period=None,
        cover_period=_day(page.get("REPORTCALENDARORQUARTER")),
        manager=page.get("FILINGMANAGER_NAME") or "",
        report_type=report_type(page.get("REPORTTYPE")),
        is_amendment=None if amends is None else _is_yes(amends),
        amendment_number=_number(page.get("AMENDMENTNO")),
        amendment_type=amendment_type(page.get("AMENDMENTTYPE")),
        confidentiality_ended=_is_yes(page.get("CONFDENIEDEXPIRED")),
        date_denied_expired=_day(page.get("DATEDENIEDEXPIRED")),
        date_reported=_day(page.get("DATEREPORTED")),
        reason_for_non_confidentiality=page.get("REASONFORNONCONFIDENTIALITY"),
        table_entry_total=_number(summary.get("TABLEENTRYTOTAL")),
        table_value_total=_number(summary.get("TABLEVALUETOTAL")),
        is_confidential_omitted=_is_yes(summary.get("ISCONFIDENTIALOMITTED")),
        other_included_managers_count=_number(summary.get("OTHERINCLUDEDMANAGERSCOUNT")),
        other_managers=managers["OTHERMANAGER"],
        other_included_managers=managers["OTHERMANAGER2"],
        form13f_file_number=page.get("FORM13FFILENUMBER"),
        crd_number=page.get("CRDNUMBER"),
        sec_file_number=page.get("SECFILENUMBER"),
        provide_info_for_instruction5=(
            None if page.get("PROVIDEINFOFORINSTRUCTION5") is None else _is_yes(page["PROVIDEINFOFORINSTRUCTION5"])
        ),
        additional_information=page.get("ADDITIONALINFORMATION"),
        address=_joined(page, _ADDRESS),
        signature=_joined(signed, _COLUMNS["SIGNATURE"][:-1]),
        signature_date=_day(signed.get("SIGNATUREDATE")),
        schema_version=None,
        is_test=False,
    )


def _lines(members: Members, table: str) -> Iterator[tuple[str, _Line]]:
    """Each line of a table with its accession number; blanks folded, what is blank None."""
    if table not in members:
        return
    there = tsv.columns(members, table)
    names = [name for name in _COLUMNS[table] if name in there or name not in _LATER]
    frame = tsv.read(members, table, (_ACCESSION, *names))
    for accession, *texts in frame.iter_rows():
        if accession:
            folded = (" ".join(text.split()) or None if text else None for text in texts)
            yield accession.strip(), dict(zip(names, folded, strict=True))


def _grouped(members: Members, table: str) -> dict[str, list[_Line]]:
    found: dict[str, list[_Line]] = {}
    for accession, line in _lines(members, table):
        found.setdefault(accession, []).append(line)
    return found


def _manager(line: _Line) -> OtherManager:
    return OtherManager(
        name=line.get("NAME") or "",
        sequence_number=_number(line.get("SEQUENCENUMBER")),
        cik=_cik(line.get("CIK")),
        form13f_file_number=line.get("FORM13FFILENUMBER"),
        crd_number=line.get("CRDNUMBER"),
        sec_file_number=line.get("SECFILENUMBER"),
    )


def _cik(text: str | None) -> str | None:
    return text.zfill(10) if text and text.isascii() and text.isdigit() else text


def _joined(line: _Line, names: tuple[str, ...]) -> str | None:
    return ", ".join(text for name in names if (text := line.get(name))) or None


def _is_yes(text: str | None) -> bool:
    return (text or "").lower() in YES


def _number(text: str | None) -> int | None:
    bare = (text or "").replace(",", "").removesuffix(".0")
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 18 else None  # noqa: PLR2004 - Int64


@lru_cache(maxsize=4096)
def _day(text: str | None) -> date | None:
    """`14-NOV-2025`, as the tables write it; there are few of them, and many filings."""
    if text is None:
        return None
    for form in ("%d-%b-%Y", "%Y-%m-%d", "%m-%d-%Y"):
        try:
            return datetime.strptime(text.title(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
