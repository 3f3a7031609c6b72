"""Whole filings as EDGAR would serve them, and what a cache looks like byte by byte."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING

from tests.builders import cover, info_table, row, submission
from thirteenf import intake, offers, places

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 21)
BERKSHIRE, SCION = "0001067983", "0001649339"

_HEADER = """<SEC-DOCUMENT>{accession}.txt : {filed:%Y%m%d}
<SEC-HEADER>{accession}.hdr.sgml : {filed:%Y%m%d}
<ACCEPTANCE-DATETIME>{filed:%Y%m%d}160512
ACCESSION NUMBER:\t\t{accession}
CONFORMED SUBMISSION TYPE:\t{form}
PUBLIC DOCUMENT COUNT:\t\t2
CONFORMED PERIOD OF REPORT:\t{period:%Y%m%d}
FILED AS OF DATE:\t\t{filed:%Y%m%d}

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\t{name}
\t\tCENTRAL INDEX KEY:\t\t\t{cik}
</SEC-HEADER>
"""
_AMENDS = (
    "<isAmendment>true</isAmendment><amendmentNo>1</amendmentNo><amendmentInfo>"
    "<amendmentType>{}</amendmentType></amendmentInfo>"
)
THREE_STOCKS = (
    ("APPLE INC", "037833100", 2546300, 10000),
    ("BANK AMERICA CORP", "060505104", 515900, 10000),
    ("COCA COLA CO", "191216100", 663200, 10000),
)


def parts(positions=THREE_STOCKS, *, cik="0009999991", name="Example Advisors LLC", period=date(2025, 9, 30), **more):
    """Cover page and information table of a filing; `more`: form, amends, report_type, rows, total, omitted."""
    rows = [row(*position[:4], put_call=position[4] if position[4:] else None) for position in positions]
    total = sum(int(position[2]) for position in positions)
    page = cover(
        more.get("form", "13F-HR"), period=f"{period:%m-%d-%Y}", cik=cik, name=name,
        report_type=more.get("report_type", "13F HOLDINGS REPORT"),
        amends=_AMENDS.format(more["amends"]) if "amends" in more else "",
        rows=more.get("rows", len(rows)), total=more.get("total", total), omitted=more.get("omitted"),
    )  # fmt: skip
    return page, info_table(rows)


def filing(accession="0009999991-25-000001", positions=THREE_STOCKS, *, filed=date(2025, 11, 14), **more):
    """A full submission text file; `more` as in `parts`."""
    page, table = parts(positions, **more)
    header = _HEADER.format(
        accession=accession, filed=filed, form=more.get("form", "13F-HR"), period=more.get("period", date(2025, 9, 30)),
        name=more.get("name", "Example Advisors LLC").upper(), cik=more.get("cik", "0009999991"),
    )  # fmt: skip
    notice = more.get("report_type") == "13F NOTICE"
    return submission(page, None if notice else table, header=header, kind=more.get("form", "13F-HR"))


def put(folder: Path, *contents: bytes) -> Path:
    """Write submissions into a folder, each named for its accession number."""
    folder.mkdir(parents=True, exist_ok=True)
    for content in contents:
        name = content.split(b"<SEC-DOCUMENT>", 1)[1].split(b" ", 1)[0].decode()
        (folder / name).write_bytes(content)
    return folder


def imported(cache: Path, *paths: Path):
    """Take paths into a cache; tables.IMPORTED."""
    return intake.take(places.at(cache), offers.found(paths))


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder by a hash of its bytes, less what says when: the mark of a run, and the events."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in (".taking-in", "events.ndjson")
    }  # fmt: skip


def submissions(edgar: Path) -> list[Path]:
    """Full submission text files of a tree as EDGAR serves it."""
    return sorted(edgar.rglob("*.txt"))


def first_document(out: str) -> dict:
    """The first JSON document of what was printed."""
    return json.JSONDecoder().raw_decode(out)[0]
