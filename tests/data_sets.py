"""Data sets in the SEC's own form, written by hand for the tests: small zips of tab-separated tables."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from benchmarks.data_sets import TABLES

from tests.trees import THREE_STOCKS
from thirteenf import intake, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import polars as pl

    from thirteenf.form13f import Reading

WINDOWS = ("01mar2025-31may2025", "01jun2025-31aug2025", "01sep2025-30nov2025", "01dec2025-28feb2026")
FIRST, SECOND, THIRD, FOURTH = (f"{days}_form13f.zip" for days in WINDOWS)
COLUMNS = {table: names.split() for table, names in TABLES.items()}
_NUMBERS = {"CIK": "cik", "FORM13FFILENUMBER": "form13f_file_number", "CRDNUMBER": "crd_number",
            "SECFILENUMBER": "sec_file_number", "NAME": "name"}  # fmt: skip


@dataclass
class Listed:
    """One filing's lines in each table, each a mapping of column to text; columns left out are blank."""

    accession: str
    lines: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @property
    def rows(self) -> list[dict[str, object]]:
        """Its lines in the table of holdings."""
        return self.lines["INFOTABLE"]


def holding(issuer="APPLE INC", cusip="037833100", value=2546300, amount=10000, **more):
    """A line of the table of holdings; `more` by column."""
    plain = {
        "NAMEOFISSUER": issuer, "TITLEOFCLASS": "COM", "CUSIP": cusip, "VALUE": value, "SSHPRNAMT": amount,
        "SSHPRNAMTTYPE": "SH", "INVESTMENTDISCRETION": "SOLE", "VOTING_AUTH_SOLE": amount, "VOTING_AUTH_SHARED": 0,
        "VOTING_AUTH_NONE": 0,
    }  # fmt: skip
    return plain | more


def listed(
    accession="0009999991-25-000001", positions=THREE_STOCKS, *, filed=date(2025, 11, 14), period=date(2025, 9, 30),
    cik="0009999991", name="Example Advisors LLC", form="13F-HR", cover=None, summary=None, **more,
):  # fmt: skip
    """A filing as a data set has it.

    Args:
        accession: its number.
        positions: issuer, CUSIP, value, amount, and perhaps put or call; or lines as `holding` makes them.
        filed: filing date.
        period: of report.
        cik: of the filer.
        name: of the filing manager.
        form: type of submission.
        cover: columns of its cover page that differ.
        summary: columns of its summary page that differ; {}: none of them does.
        more: `amends`: type of amendment; `report_type`.
    """
    rows = [
        dict(one) if isinstance(one, dict)
        else holding(*one[:4], **({"PUTCALL": one[4]} if one[4:] and one[4] else {})) for one in positions
    ]  # fmt: skip
    page = {
        "REPORTCALENDARORQUARTER": stamp(period), "FILINGMANAGER_NAME": name, "FILINGMANAGER_STREET1": "3555 FARNAM ST",
        "REPORTTYPE": more.get("report_type", "13F HOLDINGS REPORT"), "FORM13FFILENUMBER": "028-00001",
        "ISAMENDMENT": "Y" if "amends" in more else None, "AMENDMENTNO": 1 if "amends" in more else None,
        "AMENDMENTTYPE": more.get("amends"), "PROVIDEINFOFORINSTRUCTION5": "N",
    }  # fmt: skip
    total = sum(row["VALUE"] for row in rows if isinstance(row["VALUE"], int)) if summary is None else 0
    told = {"OTHERINCLUDEDMANAGERSCOUNT": 0, "TABLEENTRYTOTAL": len(rows), "TABLEVALUETOTAL": total}
    lines = {
        "SUBMISSION": [{"FILING_DATE": stamp(filed), "SUBMISSIONTYPE": form, "CIK": cik,
                        "PERIODOFREPORT": stamp(period)}],
        "COVERPAGE": [page | (cover or {})],
        "SIGNATURE": [{"NAME": "Marc D. Hamburg", "SIGNATUREDATE": stamp(filed)}],
        "SUMMARYPAGE": [] if form.startswith("13F-NT") else [told | (summary or {})],
        "INFOTABLE": rows,
    }  # fmt: skip
    return Listed(accession, lines)


def of_reading(reading: Reading) -> Listed:
    """A filing that was read from its own documents, as a data set would have it."""
    one = reading.filing
    page = {
        "REPORTCALENDARORQUARTER": stamp(one.cover_period), "ISAMENDMENT": "Y" if one.is_amendment else "N",
        "AMENDMENTNO": one.amendment_number, "AMENDMENTTYPE": one.amendment_type,
        "CONFDENIEDEXPIRED": "Y" if one.confidentiality_ended else "N",
        "DATEDENIEDEXPIRED": stamp(one.date_denied_expired), "DATEREPORTED": stamp(one.date_reported),
        "REASONFORNONCONFIDENTIALITY": one.reason_for_non_confidentiality, "FILINGMANAGER_NAME": one.manager,
        "FILINGMANAGER_STREET1": one.address, "REPORTTYPE": one.report_type,
        "FORM13FFILENUMBER": one.form13f_file_number, "CRDNUMBER": one.crd_number, "SECFILENUMBER": one.sec_file_number,
        "PROVIDEINFOFORINSTRUCTION5": {True: "Y", False: "N", None: None}[one.provide_info_for_instruction5],
        "ADDITIONALINFORMATION": one.additional_information,
    }  # fmt: skip
    summary = {
        "OTHERINCLUDEDMANAGERSCOUNT": one.other_included_managers_count, "TABLEENTRYTOTAL": one.table_entry_total,
        "TABLEVALUETOTAL": one.table_value_total,
        "ISCONFIDENTIALOMITTED": "true" if one.is_confidential_omitted else "",
    }  # fmt: skip

    def named(manager, **more):
        return {column: getattr(manager, name) for column, name in _NUMBERS.items()} | more

    rows = [
        {
            "NAMEOFISSUER": row["issuer"], "TITLEOFCLASS": row["title_of_class"], "CUSIP": row["cusip_as_filed"],
            "FIGI": row["figi"], "VALUE": row["value"], "SSHPRNAMT": row["amount"], "SSHPRNAMTTYPE": row["amount_type"],
            "PUTCALL": row["put_call_as_filed"], "INVESTMENTDISCRETION": row["investment_discretion"],
            "OTHERMANAGER": row["other_managers_as_filed"], "VOTING_AUTH_SOLE": row["voting_sole"],
            "VOTING_AUTH_SHARED": row["voting_shared"], "VOTING_AUTH_NONE": row["voting_none"],
        }
        for row in reading.rows.iter_rows(named=True)
    ]  # fmt: skip
    lines = {
        "SUBMISSION": [{"FILING_DATE": stamp(one.filing_date), "SUBMISSIONTYPE": one.form_type, "CIK": one.cik,
                        "PERIODOFREPORT": stamp(one.source_period)}],
        "COVERPAGE": [page],
        "SIGNATURE": [{"NAME": one.signature, "SIGNATUREDATE": stamp(one.signature_date)}],
        "SUMMARYPAGE": [summary],
        "OTHERMANAGER": [named(other) for other in one.other_managers],
        "OTHERMANAGER2": [named(o, SEQUENCENUMBER=o.sequence_number) for o in one.other_included_managers],
        "INFOTABLE": rows,
    }  # fmt: skip
    return Listed(one.accession_number, lines)


def stamp(day: date | None) -> str | None:
    """A day as the tables write it."""
    return None if day is None else f"{day:%d-%b-%Y}".upper()


def tables(filings: Iterable[Listed], columns: Mapping[str, list[str]] = COLUMNS) -> dict[str, list[list[str]]]:
    """Each table's lines, its header first; rows are numbered in the order in which they come."""
    found = {table: [list(names)] for table, names in columns.items()}
    key = 1000
    for one in filings:
        for table, lines in one.lines.items():
            for line in lines:
                key += 1
                numbered = {"ACCESSION_NUMBER": one.accession, "INFOTABLE_SK": key, "OTHERMANAGER_SK": key} | line
                texts = (numbered.get(name) for name in columns[table])
                found[table].append(["" if text is None else str(text) for text in texts])
    return found


def packed(
    found: Mapping[str, list[list[str]]], *, folder: str = "", newline: str = "\n", encoding: str = "utf-8",
    bom: bool = False, more: Mapping[str, bytes] | None = None,
) -> bytes:  # fmt: skip
    """A data set's zip.

    Args:
        found: what `tables` gives, perhaps changed.
        folder: that its members are in.
        newline: of its lines.
        encoding: of its texts.
        bom: whether each table begins with a byte order mark.
        more: members beside them.
    """
    with io.BytesIO() as into:
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
            for table, lines in found.items():
                text = newline.join("\t".join(line) for line in lines) + newline
                content = (b"\xef\xbb\xbf" if bom else b"") + text.encode(encoding)
                made.writestr(zipfile.ZipInfo(f"{folder}{table}.tsv"), content, zipfile.ZIP_DEFLATED)
            for name, content in (more or {}).items():
                made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return into.getvalue()


def data_set(*filings: Listed, **how) -> bytes:
    """Some filings as a data set; `how` as in `packed`."""
    return packed(tables(filings), **how)


def put(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write zips into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def ingested(cache: Path, *paths: Path) -> list[dict]:
    """Take data sets into a cache, as `ingest FILE…` does; what became of each."""
    from thirteenf import ingest
    from thirteenf.ingested import Asked

    def nobody():
        raise AssertionError("nobody is asked")

    return ingest.run(places.at(cache), Asked(files=tuple(paths)), nobody).rows


def rebuilt(cache: Path) -> pl.DataFrame:
    """Make a cache's tables anew; tables.IMPORTED."""
    return intake.rebuild(places.at(cache))
