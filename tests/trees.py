"""Whole filings as EDGAR would serve them, and what a cache looks like byte by byte."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING

from tests.builders import cover, info_table, row, submission
from thirteenf import cusip, intake, offers, places

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
    "<amendmentType>{}</amendmentType>{}</amendmentInfo>"
)
_ENDED = "<confDeniedExpired>true</confDeniedExpired><reasonForNonConfidentiality>{}</reasonForNonConfidentiality>"
_DAYS = (date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31))
_DUE = (date(2025, 5, 15), date(2025, 8, 14), date(2025, 11, 14), date(2026, 2, 17))
THREE_STOCKS = (
    ("APPLE INC", "037833100", 2546300, 10000),
    ("BANK AMERICA CORP", "060505104", 515900, 10000),
    ("COCA COLA CO", "191216100", 663200, 10000),
)


def parts(positions=THREE_STOCKS, *, cik="0009999991", name="Example Advisors LLC", period=date(2025, 9, 30), **more):
    """Cover page and information table of a filing.

    Args:
        positions: issuer, CUSIP, value, amount, and perhaps put or call, and the numbers of other managers.
        cik: of the filer.
        name: of the filing manager.
        period: of report.
        more: form, amends, report_type, rows, total, omitted; `ended`: why rows are confidential no more;
            `file_number`: the manager's own; `others`, `included`: managers as `manager` makes them.
    """
    rows = [
        row(
            *position[:4],
            put_call=position[4] if position[4:] else None,
            managers=position[5] if position[5:] else None,
        )
        for position in positions
    ]
    total = sum(int(position[2]) for position in positions)
    ended = _ENDED.format(more["ended"]) if "ended" in more else ""
    page = cover(
        more.get("form", "13F-HR"), period=f"{period:%m-%d-%Y}", cik=cik, name=name,
        report_type=more.get("report_type", "13F HOLDINGS REPORT"),
        amends=_AMENDS.format(more["amends"], ended) if "amends" in more else "",
        rows=more.get("rows", len(rows)), total=more.get("total", total), omitted=more.get("omitted"),
        more=f"<form13FFileNumber>{more['file_number']}</form13FFileNumber>" if "file_number" in more else "",
        others="".join(more.get("others", ())),
        included="".join(
            f"<otherManager2><sequenceNumber>{number}</sequenceNumber>{one}</otherManager2>"
            for number, one in enumerate(more.get("included", ()), 1)
        ),
    )  # fmt: skip
    return page, info_table(rows)


def manager(name, *, cik=None, file_number=None):
    """A manager as another one's cover or summary page names it."""
    told = {"cik": cik, "form13FFileNumber": file_number, "name": name}
    elements = (f"<{key}>{value}</{key}>" for key, value in told.items() if value)
    return f"<otherManager>{''.join(elements)}</otherManager>"


def filing(accession="0009999991-25-000001", positions=THREE_STOCKS, *, filed=date(2025, 11, 14), **more):
    """A full submission text file; arguments as in `parts`."""
    page, table = parts(positions, **more)
    header = _HEADER.format(
        accession=accession, filed=filed, form=more.get("form", "13F-HR"), period=more.get("period", date(2025, 9, 30)),
        name=more.get("name", "Example Advisors LLC").upper(), cik=more.get("cik", "0009999991"),
    )  # fmt: skip
    notice = more.get("report_type") == "13F NOTICE"
    return submission(page, None if notice else table, header=header, kind=more.get("form", "13F-HR"))


def quarter(place, positions=THREE_STOCKS, *, cik="0009999991", nth=0, **more):
    """The `nth` filing of a manager for a quarter of 2025, by number, filed when it was due; `more` as in `filing`."""
    told = {"filed": _DUE[place - 1], "period": _DAYS[place - 1], "name": f"Manager {cik[-1]} LLC"} | more
    return filing(f"{cik}-25-{100 * place + nth:06}", positions, cik=cik, **told)


def amendment(place, positions=THREE_STOCKS, *, amends="NEW HOLDINGS", nth=1, **more):
    """An amendment of a quarter's report."""
    return quarter(place, positions, nth=nth, **{"form": "13F-HR/A", "amends": amends} | more)


def notice(place, *, others=(), **more):
    """A notice that leaves a quarter's holdings to others' reports."""
    told = {"form": "13F-NT", "report_type": "13F NOTICE", "positions": (), "rows": 0, "others": others}
    return quarter(place, **told | more)


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


def stock(place, amount, price=50.17):
    """A position of a made-up company, by number, which has nothing in common with any other."""
    eight = f"{700 + place}ABC10"
    return f"FIRM{place} INC", eight + cusip.check_digit(eight), round(amount * price), amount
