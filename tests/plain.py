"""From raw XML to positions in the plainest way: a second implementation, for the tests to hold the first one against.

It imports nothing of the package. It reads full submission text files as EDGAR serves them, and knows no more than
what a careful reader of the form knows: rows of one CUSIP, put/call and type of amount are one position, a restatement
replaces what was filed before it, new holdings add to it, and values are thousands in filings of before 2023-01-03.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DOLLARS_FROM = "20230103"
Key = tuple[str, str, str]


class Row(NamedTuple):
    """A row as filed, numbered from 1, its value in dollars."""

    number: int
    key: Key
    amount: int
    value: int


class Filing(NamedTuple):
    """What of a submission decides on positions; days as `YYYY-MM-DD`."""

    cik: str
    period: str
    filed: str
    accepted: str
    accession: str
    amends: str
    table: str
    rows: list[Row]


class Position(NamedTuple):
    """What rows come to, and which they are: accession numbers and row numbers."""

    amount: int
    value: int
    rows: set[tuple[str, int]]


def read(path: Path) -> Filing:
    """One full submission text file."""
    text = path.read_text("utf-8")
    head = dict(re.findall(r"^\s*<?([A-Z -]+)[:>]\s*(\S+)", text.split("<DOCUMENT>")[0], re.MULTILINE))
    parts = re.findall(r"<XML>(.*?)</XML>", text, re.DOTALL)
    documents = [_without_names(ET.fromstring(part.strip())) for part in parts]  # noqa: S314 - from EDGAR
    cover = documents[0]
    month, day, year = cover.findtext(".//reportCalendarOrQuarter").split("-")
    filed = head["FILED AS OF DATE"]
    unit = 1 if filed >= DOLLARS_FROM else 1000
    rows = [_row(number, row, unit) for table in documents[1:] for number, row in enumerate(table.iter("infoTable"), 1)]
    return Filing(
        head["CENTRAL INDEX KEY"], f"{year}-{month}-{day}", f"{filed[:4]}-{filed[4:6]}-{filed[6:]}",
        head["ACCEPTANCE-DATETIME"], head["ACCESSION NUMBER"], cover.findtext(".//amendmentType") or "",
        re.findall(r"<FILENAME>(\S+)", text)[-1], rows,
    )  # fmt: skip


def in_force(filings: Iterable[Filing]) -> dict[tuple[str, str], list[Filing]]:
    """The filings that count, for each manager and period."""
    found: dict[tuple[str, str], list[Filing]] = {}
    for filing in sorted(filings, key=lambda one: (one.filed, one.accepted, one.accession)):
        before = found.get((filing.cik, filing.period), []) if filing.amends == "NEW HOLDINGS" else []
        found[filing.cik, filing.period] = [*before, filing]
    return found


def positions(filings: Iterable[Filing]) -> dict[Key, Position]:
    """Rows summed by CUSIP, put/call and type of amount; what comes to nothing is no position."""
    found: dict[Key, Position] = {}
    for filing in filings:
        for row in filing.rows:
            amount, value, rows = found.get(row.key, (0, 0, set()))
            found[row.key] = Position(amount + row.amount, value + row.value, rows | {(filing.accession, row.number)})
    return {key: one for key, one in found.items() if one.amount or one.value}


def _row(number: int, row: ET.Element, unit: int) -> Row:
    of = {one.tag: (one.text or "").strip() for one in row.iter()}
    key = of["cusip"].upper(), of.get("putCall", "").capitalize(), of["sshPrnamtType"].upper()
    return Row(number, key, int(of["sshPrnamt"]), int(of["value"]) * unit)


def _without_names(root: ET.Element) -> ET.Element:
    """The same tree without namespaces."""
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    return root
