r"""The full submission text file, as EDGAR serves and disseminates it: an SGML header and the documents behind it.

Two spellings: `{accession}.txt`, whose header has lines such as `ACCESSION NUMBER:\t…`, and the `.nc` dissemination
form, whose header has tags such as `<ACCESSION-NUMBER>` and may stand on one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from thirteenf.errors import MalformedFilingError
from thirteenf.form13f import xml
from thirteenf.periods import new_york

_HEADER_LIMIT = 1 << 20
_LINES = {
    "ACCESSION NUMBER": "accession_number",
    "CONFORMED SUBMISSION TYPE": "form_type",
    "CONFORMED PERIOD OF REPORT": "period",
    "FILED AS OF DATE": "filing_date",
    "CENTRAL INDEX KEY": "cik",
    "COMPANY CONFORMED NAME": "name",
}
_TAGS = {
    "ACCESSION-NUMBER": "accession_number",
    "TYPE": "form_type",
    "PERIOD": "period",
    "FILING-DATE": "filing_date",
    "CIK": "cik",
    "CONFORMED-NAME": "name",
    "ACCEPTANCE-DATETIME": "accepted",
}
_TEXT_TABLE = re.compile(rb"<C>|\bCUSIP\b", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """What EDGAR itself says of a submission; a field that the header lacks is None."""

    accession_number: str | None = None
    form_type: str | None = None
    period: date | None = None
    filing_date: date | None = None
    accepted: datetime | None = None
    cik: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Submission:
    """A submission's header and the two documents a Form 13F is made of, with the table's file name on EDGAR.

    A notice has no table.
    """

    header: Header
    cover: bytes
    table: bytes | None
    table_document: str | None = None


def split(source: bytes, what: str) -> Submission:
    """Take a full submission text file apart.

    Raises:
        MalformedFilingError: for an HTML or block page, a text table of before mid-2013, a file cut short, or a
            submission without a cover page in XML.
    """
    start = source.find(b"<DOCUMENT>")
    if start < 0 or not re.search(rb"<XML>", source, re.IGNORECASE):
        _refuse_what_has_no_xml(source, what)
    documents = list(_documents(source, start, what))
    covers = [body for kind, _, body in documents if kind.startswith("13F")]
    tables = [(body, name) for kind, name, body in documents if kind == "INFORMATION TABLE"]
    if not covers:
        raise MalformedFilingError(f"{what} has no cover page of a Form 13F.", "Get the submission whole.")
    if len(tables) > 1:
        raise MalformedFilingError(f"{what} has {len(tables)} information tables.", "A Form 13F has one: get it again.")
    return Submission(read_header(source), covers[0], *(tables[0] if tables else (None, None)))


def is_submission(head: bytes) -> bool:
    """Whether a file's first bytes are those of a full submission text file, readable or not."""
    return bool(
        re.search(rb"<SEC-DOCUMENT>|<SEC-HEADER>|<SUBMISSION>|ACCESSION NUMBER:|FILED AS OF DATE:", head[:4096])
    )


def _refuse_what_has_no_xml(source: bytes, what: str) -> None:
    xml.refuse_other_than_xml(source, what)
    if _TEXT_TABLE.search(source):
        raise MalformedFilingError(
            f"{what} is a text table, as filed before mid-2013; only XML is read.",
            "docs/limits.md says why; later filings of this manager can be imported.",
        )
    raise MalformedFilingError(f"{what} is no submission of a Form 13F in XML.", "Get the {accession}.txt of a 13F.")


def _documents(source: bytes, start: int, what: str) -> list[tuple[str, str | None, bytes]]:
    """Type, file name and XML body of each document; documents that are not XML (letters) are left out."""
    found = []
    while start >= 0:
        end = source.find(b"</DOCUMENT>", start)
        if end < 0:
            raise MalformedFilingError(f"{what} is cut short: a document has no end.", "Get it again.")
        opened = re.compile(rb"<XML>", re.IGNORECASE).search(source, start, end)
        kind = re.compile(rb"<TYPE>\s*([^<\r\n]*)", re.IGNORECASE).search(source, start, end)
        if opened:
            closed = source.rfind(b"</XML>", opened.end(), end)
            if closed < 0:
                raise MalformedFilingError(f"{what} is cut short: a document's XML has no end.", "Get it again.")
            name = re.compile(rb"<FILENAME>\s*([^<\s]+)", re.IGNORECASE).search(source, start, opened.start())
            told = kind[1].decode("latin-1").strip().upper() if kind else ""
            found.append((told, name[1].decode("latin-1") if name else None, source[opened.end() : closed]))
        start = source.find(b"<DOCUMENT>", end)
    return found


def read_header(source: bytes) -> Header:
    """What EDGAR's own header says of a submission, of one too that cannot be read further."""
    start = source.find(b"<DOCUMENT>")
    text = source[: start if start >= 0 else _HEADER_LIMIT].decode("latin-1")
    fields: dict[str, str] = {}
    for key, value in re.findall(r"^[ \t]*([A-Z][A-Z ]+):[ \t]*(\S[^\r\n]*)", text, re.MULTILINE):
        if key in _LINES:
            fields.setdefault(_LINES[key], value.strip())  # the first FILER; former names come later
    for key, value in re.findall(r"<([A-Z][A-Z-]+)>([^<\r\n]+)", text):
        if key in _TAGS:
            fields.setdefault(_TAGS[key], value.strip())
    return Header(
        accession_number=fields.get("accession_number"),
        form_type=fields.get("form_type"),
        period=_day(fields.get("period")),
        filing_date=_day(fields.get("filing_date")),
        accepted=_moment(fields.get("accepted")),
        cik=fields["cik"].zfill(10) if fields.get("cik", "").isdigit() else None,
        name=fields.get("name"),
    )


def _moment(text: str | None) -> datetime | None:
    """`20251114160512` as a time in New York; None for anything else."""
    try:
        moment = datetime.strptime(text or "", "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone is New York's, as the header means
    except ValueError:
        return None
    return moment.replace(tzinfo=new_york()) if len(text or "") == len("YYYYMMDDHHMMSS") else None


def _day(text: str | None) -> date | None:
    """`20251114` as a day; None for anything else, since the header is not ours to invent."""
    try:
        return datetime.strptime(text or "", "%Y%m%d").replace(tzinfo=new_york()).date()
    except ValueError:
        return None
