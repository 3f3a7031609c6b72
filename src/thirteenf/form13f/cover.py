"""`primary_doc.xml`: cover page, signature block and summary page, by the SEC's eis_13F_Filer.xsd."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from thirteenf.errors import MalformedFilingError
from thirteenf.filing import COMBINATION_REPORT, HOLDINGS_REPORT, NEW_HOLDINGS, NOTICE, RESTATEMENT, OtherManager
from thirteenf.form13f import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_REPORT_TYPES = {"HOLDINGS": HOLDINGS_REPORT, "NOTICE": NOTICE, "COMBINATION": COMBINATION_REPORT}
YES = frozenset({"true", "1", "y", "yes"})
"""How a mark is made, in small letters."""


@dataclass(frozen=True)
class Cover:
    """What the filer wrote; None where the document says nothing."""

    form_type: str | None
    cik: str | None
    header_period: date | None
    cover_period: date | None
    manager: str
    report_type: str | None
    is_amendment: bool | None
    amendment_number: int | None
    amendment_type: str | None
    confidentiality_ended: bool
    date_denied_expired: date | None
    date_reported: date | None
    reason_for_non_confidentiality: str | None
    table_entry_total: int | None
    table_value_total: int | None
    is_confidential_omitted: bool
    other_included_managers_count: int | None
    other_managers: tuple[OtherManager, ...]
    other_included_managers: tuple[OtherManager, ...]
    form13f_file_number: str | None
    crd_number: str | None
    sec_file_number: str | None
    provide_info_for_instruction5: bool | None
    additional_information: str | None
    address: str | None
    signature: str | None
    signature_date: date | None
    schema_version: str | None
    is_test: bool


def read_cover(source: bytes, what: str = "The cover page") -> Cover:
    """A cover page from its bytes.

    Raises:
        MalformedFilingError: if it is cut short, no XML, or no `edgarSubmission` with a filing manager.
    """
    root = xml.tree(source, what)
    if root.tag != "edgarSubmission":
        raise MalformedFilingError(
            f"{what} is no cover page of a Form 13F (its root is {root.tag}).", "Offer primary_doc.xml."
        )
    page = _Part(root.find("formData/coverPage"))
    head = _Part(root.find("headerData"))
    summary = _Part(root.find("formData/summaryPage"))
    signed = _Part(root.find("formData/signatureBlock"))
    manager = page.text("filingManager/name")
    if manager is None:
        raise MalformedFilingError(f"{what} names no filing manager.", "It is no Form 13F: get primary_doc.xml again.")
    cik = head.text("filerInfo/filer/credentials/cik")
    return Cover(
        form_type=head.text("submissionType"),
        cik=cik.zfill(10) if cik and cik.isdigit() else None,
        header_period=head.day("filerInfo/periodOfReport"),
        cover_period=page.day("reportCalendarOrQuarter"),
        manager=manager,
        report_type=report_type(page.text("reportType")),
        is_amendment=page.flag("isAmendment"),
        amendment_number=page.number("amendmentNo"),
        amendment_type=amendment_type(page.text("amendmentInfo/amendmentType")),
        confidentiality_ended=bool(page.flag("amendmentInfo/confDeniedExpired")),
        date_denied_expired=page.day("amendmentInfo/dateDeniedExpired"),
        date_reported=page.day("amendmentInfo/dateReported"),
        reason_for_non_confidentiality=page.text("amendmentInfo/reasonForNonConfidentiality"),
        table_entry_total=summary.number("tableEntryTotal"),
        table_value_total=summary.number("tableValueTotal"),
        is_confidential_omitted=bool(summary.flag("isConfidentialOmitted")),
        other_included_managers_count=summary.number("otherIncludedManagersCount"),
        other_managers=tuple(_manager(part) for part in page.all("otherManagersInfo/otherManager")),
        other_included_managers=tuple(
            _manager(_Part(part.element.find("otherManager")), part.number("sequenceNumber"))
            for part in summary.all("otherManagers2Info/otherManager2")
            if part.element is not None
        ),
        form13f_file_number=page.text("form13FFileNumber"),
        crd_number=page.text("crdNumber"),
        sec_file_number=page.text("secFileNumber"),
        # the spelling without the 5 is that of the cover page's first years
        provide_info_for_instruction5=page.flag("provideInfoForInstruction5", "provideInfoForInstruction"),
        additional_information=page.text("additionalInformation"),
        address=page.line("filingManager/address"),
        signature=signed.line(".", "signatureDate"),
        signature_date=signed.day("signatureDate"),
        schema_version=_Part(root).text("schemaVersion"),
        is_test=(head.text("filerInfo/liveTestFlag") or "LIVE").upper() == "TEST",
    )


class _Part:
    """A part of the document that may be missing, read without asking at every step whether it is."""

    def __init__(self, element: Element | None) -> None:
        self.element = element

    def text(self, *paths: str) -> str | None:
        """The first text found, blanks folded."""
        for path in paths:
            text = None if self.element is None else self.element.findtext(path)
            if text and text.strip():
                return " ".join(text.split())
        return None

    def number(self, path: str) -> int | None:
        text = (self.text(path) or "").replace(",", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - Int64

    def flag(self, *paths: str) -> bool | None:
        text = self.text(*paths)
        return None if text is None else text.lower() in YES

    def day(self, path: str) -> date | None:
        """`09-30-2025`, as the form writes it, or `2025-09-30`."""
        text = self.text(path)
        for form in ("%m-%d-%Y", "%Y-%m-%d", "%m/%d/%Y"):
            try:
                return datetime.strptime(text or "", form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
        return None

    def all(self, path: str) -> list[_Part]:
        return [] if self.element is None else [_Part(found) for found in self.element.findall(path)]

    def line(self, path: str, *leave_out: str) -> str | None:
        """All texts below, in one line."""
        found = None if self.element is None else self.element.find(path)
        texts = [] if found is None else [e.text for e in found.iter() if e.tag not in leave_out and e.text]
        return ", ".join(" ".join(text.split()) for text in texts if text.strip()) or None


def _manager(part: _Part, sequence_number: int | None = None) -> OtherManager:
    cik = part.text("cik")
    return OtherManager(
        name=part.text("name") or "",
        sequence_number=sequence_number,
        cik=cik.zfill(10) if cik and cik.isdigit() else cik,
        form13f_file_number=part.text("form13FFileNumber"),
        crd_number=part.text("crdNumber"),
        sec_file_number=part.text("secFileNumber"),
    )


def report_type(text: str | None) -> str | None:
    """The report type that a cover page's words mean; None where they mean none."""
    return next((meant for word, meant in _REPORT_TYPES.items() if word in (text or "").upper()), None)


def amendment_type(text: str | None) -> str | None:
    """RESTATEMENT or NEW HOLDINGS, however it is spelled; anything else as it stands."""
    upper = (text or "").upper().strip()
    if upper.startswith("RESTATE"):
        return RESTATEMENT
    return NEW_HOLDINGS if upper.startswith(("NEW", "ADD")) else (upper or None)
