"""Form 13F from bytes: the header that EDGAR adds, the cover page, the information table (rule R7).

    read_submission   a full submission text file, `{accession}.txt` or `.nc`
    read_documents    a cover page and, unless it is a notice, its information table
    read_information_table, scan_information_table   a table alone

Nothing here knows files, the network or tickers. What is odd travels with the result; only what cannot be read is
an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import periods
from thirteenf.errors import MalformedFilingError
from thirteenf.filing import COMBINATION_REPORT, HOLDINGS_REPORT, NOTICE, Filing, Oddity
from thirteenf.form13f.cover import Cover, read_cover
from thirteenf.form13f.infotable import InformationTable, read_information_table, scan_information_table
from thirteenf.form13f.submission import Header, is_submission, read_header, split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = [
    "Header",
    "InformationTable",
    "Reading",
    "assembled",
    "is_submission",
    "read_cover",
    "read_documents",
    "read_header",
    "read_information_table",
    "read_submission",
    "scan_information_table",
]

_ACCESSION, _CIK = re.compile(r"[0-9]{10}-[0-9]{2}-[0-9]{6}"), re.compile(r"[0-9]{10}")
_FORM_TYPES = ("13F-HR", "13F-HR/A", "13F-NT", "13F-NT/A")
_LARGEST_SUM = 9e15
"""Nine quadrillion: in thousands it still fits 64 bits, in dollars it is more than all the world's securities."""
_LONGEST_WAIT = 150
"""Days after a quarter in which nearly all reports on it are filed: used where two periods are claimed."""


@dataclass(frozen=True)
class Reading:
    """A filing, its rows as filed, and what was odd in reading them."""

    filing: Filing
    rows: pl.DataFrame
    oddities: tuple[Oddity, ...]


def read_submission(source: bytes, what: str = "The submission") -> Reading:
    """A full submission text file.

    Args:
        source: the file's bytes, header and documents.
        what: how to call it in messages.

    Returns:
        The filing; rows with the columns of tables.INFORMATION_TABLE, values in the filing's unit; oddities.

    Raises:
        MalformedFilingError: whatever makes it unreadable, by name.
    """
    submission = split(source, what)
    header = submission.header
    if not header.accession_number or not header.filing_date:
        missing = "accession number" if not header.accession_number else "filing date"
        raise MalformedFilingError(
            f"The header of {what} has no {missing}.", "Get the submission whole, or import its documents one by one."
        )
    reading = read_documents(submission.cover, submission.table, header=header, what=what)
    return replace(reading, filing=replace(reading.filing, table_document=submission.table_document))


def read_documents(cover: bytes, table: bytes | None, *, header: Header, what: str = "The filing") -> Reading:
    """A cover page and its information table, with what is known from outside them.

    Args:
        cover: `primary_doc.xml`.
        table: the information table, or None where there is none.
        header: accession number and filing date at least; they are never invented.
        what: how to call it in messages.

    Raises:
        MalformedFilingError: as read_submission; also if accession number or filing date are not given, or if the
            table is missing or empty though the cover page counts rows.
    """
    page = read_cover(cover, f"The cover page of {what}")
    read = read_information_table(_NO_TABLE if table is None else table, f"The information table of {what}")
    sums = {name: float(read.rows[name].cast(pl.Float64).abs().sum()) for name in ("value", "amount")}
    filing, found = assembled(page, header, what, rows=read.rows.height, sums=sums, has_table=table is not None)
    return Reading(filing, read.rows, (*found, *read.oddities))


_NO_TABLE = b"<informationTable/>"


def assembled(
    page: Cover, header: Header, what: str, *, rows: int, sums: Mapping[str, float], has_table: bool
) -> tuple[Filing, list[Oddity]]:
    """A filing out of what its header, its cover page and its table say, and what is odd about that.

    Args:
        page: the cover page.
        header: what is known from outside it.
        what: how to call the filing in messages.
        rows: rows of its table.
        sums: the sizes of their values, and of their amounts, added up.
        has_table: whether there is one.

    Raises:
        MalformedFilingError: as read_documents.
    """
    found: list[Oddity] = []
    filing = _filing(page, header, what, found, rows=rows)
    counted = page.table_entry_total or page.table_value_total
    if not rows and (counted or (page.table_entry_total is None and not filing.is_notice)):
        missing = "has an information table without rows" if has_table else "has no information table"
        raise MalformedFilingError(
            f"{what} {missing}, though its cover page counts {page.table_entry_total or 'no number of'} rows.",
            "An empty portfolio would be an invention: get the filing whole.",
        )
    for name, size in sums.items():
        if size > _LARGEST_SUM:
            raise MalformedFilingError(f"{what} adds up to more than any portfolio's {name}.", "Get it again.")
    return filing, found


def _filing(page: Cover, header: Header, what: str, found: list[Oddity], *, rows: int) -> Filing:
    accession, filed = header.accession_number, header.filing_date
    if not accession:
        raise MalformedFilingError(f"{what} has no accession number.", "Give it: --accession 0001234567-25-000001.")
    if not _ACCESSION.fullmatch(accession):
        raise MalformedFilingError(
            f"{what} has '{accession[:40]}' for an accession number.",
            "They look like 0000950123-25-008361: get it again.",
        )
    if filed is None:
        raise MalformedFilingError(f"{what} has no filing date.", "Give it: --filed 2025-11-14.")
    cik = header.cik or page.cik
    if cik is None or not _CIK.fullmatch(cik) or not cik.strip("0"):
        raise MalformedFilingError(f"{what} names no filer (CIK).", "Get it again.")
    if page.cik and page.cik != cik:
        found.append(Oddity("cik-disagrees", f"EDGAR's header says {cik}, the document {page.cik}; the header counts"))
    form_type = header.form_type or page.form_type or ""
    if form_type not in _FORM_TYPES:
        raise MalformedFilingError(
            f"{what} is a form of type '{form_type}', not a 13F-HR or 13F-NT.",
            "Only holdings reports and notices are read.",
        )
    amends = form_type.endswith("/A")
    if page.is_amendment is not None and page.is_amendment != amends:
        word = "an amendment" if page.is_amendment else "no amendment"
        found.append(Oddity("amendment-unmarked", f"form type {form_type}, but the cover page says {word}"))
    if page.is_test:
        found.append(Oddity("test-filing", "liveTestFlag says TEST"))
    return Filing(
        accession_number=accession,
        cik=cik,
        manager=page.manager,
        form_type=form_type,
        report_type=_report_type(page, form_type, rows, found),
        period=_period(page, header, filed, what, found),
        filing_date=filed,
        accepted=header.accepted,
        is_amendment=amends or bool(page.is_amendment),
        source_period=header.period or page.header_period,
        cover_cik=page.cik,
        **{name: getattr(page, name) for name in _AS_WRITTEN},
    )


_AS_WRITTEN = tuple(
    name for name in Filing.__dataclass_fields__ if name in Cover.__dataclass_fields__
    and name not in ("cik", "manager", "form_type", "report_type", "is_amendment")
)  # fmt: skip


def _report_type(page: Cover, form_type: str, rows: int, found: list[Oddity]) -> str:
    """The cover page's report type, or the form type's where it has none.

    Where they contradict each other, or the table, on whether this is a notice, the table decides: rows were filed,
    or not.
    """
    by_form = NOTICE if form_type.startswith("13F-NT") else HOLDINGS_REPORT
    said = page.report_type or by_form
    if (said == NOTICE) == (by_form == NOTICE) and not (rows and said == NOTICE):
        return said
    taken = NOTICE if not rows else COMBINATION_REPORT if page.other_managers else HOLDINGS_REPORT
    found.append(Oddity("form-against-report", f"form type {form_type}, cover page '{said}'; taken as {taken}"))
    return taken


def _period(page: Cover, header: Header, filed: date, what: str, found: list[Oddity]) -> date:
    """The period of report that most of the three places agree on."""
    claims = [day for day in (header.period, page.header_period, page.cover_period) if day]
    if not claims:
        raise MalformedFilingError(f"{what} gives no period of report.", "Get it again.")
    if len(set(claims)) > 1:
        told = ", ".join(str(day) for day in sorted(set(claims)))
        found.append(Oddity("period-disagrees", f"header and cover page give {told}"))

    def standing(day: date) -> tuple[bool, int, bool]:
        in_time = 0 <= (filed - day).days <= _LONGEST_WAIT
        return periods.is_quarter_end(day), claims.count(day), in_time

    period = max(claims, key=standing)
    if period > filed:
        found.append(Oddity("period-in-future", f"period of report is {period}, filed {filed}"))
    if not periods.is_quarter_end(period):
        found.append(Oddity("period-not-quarter-end", f"period of report is {period}"))
    return period
