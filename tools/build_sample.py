"""Write the bundled sample from tables of figures, in the archive's own layout.

    python tools/build_sample.py FIGURES.csv TICKERS.csv [OUT]

FIGURES.csv has one information-table row a line (manager, cik, period, accession, filed, form, amendment_no,
amendment_type, issuer, class, cusip, value, shares, type, putcall, confidential), values in dollars; TICKERS.csv has
cusip, ticker, issuer, class. OUT is src/thirteenf/sample. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import shutil
import sys
from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

FIRST, LAST = "2025-03-31", "2025-12-31"
MANAGERS = {"1065521", "1350694", "1562087", "1697748", "1067983", "1649339"}
ALSO = {("1065521", "2024-12-31"), ("1562087", "2026-06-30")}
NOTE = "Sample of thirteenf: figures as filed; discretion, votes, other managers, address and times are placeholders."
Row = dict[str, str]


def main() -> None:
    """Write the sample."""
    figures, tickers, *rest = (Path(argument) for argument in sys.argv[1:])
    out = rest[0] if rest else Path(__file__).parents[1] / "src/thirteenf/sample"
    filings: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(figures):
        if row["cik"] in MANAGERS and (FIRST <= row["period"] <= LAST or (row["cik"], row["period"]) in ALSO):
            filings[row["accession"]].append(row)
    shutil.rmtree(out / "edgar", ignore_errors=True)
    for accession, rows in sorted(filings.items()):
        path = out / "edgar/data" / rows[0]["cik"] / f"{accession}.txt.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(_submission(accession, rows).encode(), 9, mtime=0))
    held = {row["cusip"] for rows in filings.values() for row in rows}
    known = [row for row in _rows(tickers) if row["cusip"] in held]
    with (out / "securities.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["cusip", "ticker", "issuer", "title_of_class"])
        writer.writerows(sorted([row["cusip"], row["ticker"], row["issuer"], row["class"]] for row in known))
    size = sum(path.stat().st_size for path in out.rglob("*.gz"))
    print(
        f"{len(filings)} filings, {sum(map(len, filings.values()))} rows, {size // 1024} KiB; {len(known)} securities"
    )


def _rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _submission(accession: str, rows: list[Row]) -> str:
    """A full submission text file."""
    first = rows[0]
    day = first["filed"].replace("-", "")
    return (
        f"<SEC-DOCUMENT>{accession}.txt : {day}\n<SEC-HEADER>{accession}.hdr.sgml : {day}\n"
        f"<ACCEPTANCE-DATETIME>{day}160000\nACCESSION NUMBER:\t\t{accession}\n"
        f"CONFORMED SUBMISSION TYPE:\t{first['form']}\nPUBLIC DOCUMENT COUNT:\t\t2\n"
        f"CONFORMED PERIOD OF REPORT:\t{first['period'].replace('-', '')}\nFILED AS OF DATE:\t\t{day}\n\n"
        f"FILER:\n\n\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\t{first['manager'].upper()}\n"
        f"\t\tCENTRAL INDEX KEY:\t\t\t{first['cik']:0>10}\n</SEC-HEADER>\n"
        + _document(first["form"], 1, "primary_doc.xml", _cover(rows))
        + _document("INFORMATION TABLE", 2, "infotable.xml", _table(rows))
        + "</SEC-DOCUMENT>\n"
    )


def _document(kind: str, number: int, name: str, body: str) -> str:
    head = f"<DOCUMENT>\n<TYPE>{kind}\n<SEQUENCE>{number}\n<FILENAME>{name}\n<TEXT>\n<XML>\n"
    return f"{head}{body}\n</XML>\n</TEXT>\n</DOCUMENT>\n"


def _cover(rows: list[Row]) -> str:
    first = rows[0]
    year, month, day = first["period"].split("-")
    period = f"{month}-{day}-{year}"
    amendment = (
        f"<isAmendment>true</isAmendment><amendmentNo>{first['amendment_no']}</amendmentNo><amendmentInfo>"
        f"<amendmentType>{first['amendment_type']}</amendmentType></amendmentInfo>"
        if first["form"].endswith("/A")
        else "<isAmendment>false</isAmendment>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<edgarSubmission xmlns="http://www.sec.gov/edgar/thirteenffiler">'
        f"<schemaVersion>X0202</schemaVersion><headerData><submissionType>{first['form']}</submissionType><filerInfo>"
        f"<liveTestFlag>LIVE</liveTestFlag><filer><credentials><cik>{first['cik']:0>10}</cik></credentials></filer>"
        f"<periodOfReport>{period}</periodOfReport></filerInfo></headerData><formData><coverPage>"
        f"<reportCalendarOrQuarter>{period}</reportCalendarOrQuarter>{amendment}<filingManager>"
        f"<name>{escape(first['manager'])}</name></filingManager><reportType>13F HOLDINGS REPORT</reportType>"
        f"<additionalInformation>{NOTE}</additionalInformation></coverPage><summaryPage>"
        f"<tableEntryTotal>{len(rows)}</tableEntryTotal><tableValueTotal>{sum(int(r['value']) for r in rows)}"
        f"</tableValueTotal><isConfidentialOmitted>{first['confidential'] or 'false'}</isConfidentialOmitted>"
        "</summaryPage></formData></edgarSubmission>"
    )


def _table(rows: list[Row]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<informationTable xmlns="http://www.sec.gov/edgar/document/thirteenf/informationtable">',
    ]
    for row in rows:
        put_call = f"<putCall>{row['putcall']}</putCall>" if row["putcall"] else ""
        lines.append(
            f"<infoTable><nameOfIssuer>{escape(row['issuer'])}</nameOfIssuer>"
            f"<titleOfClass>{escape(row['class'] or 'COM')}</titleOfClass><cusip>{row['cusip']}</cusip>"
            f"<value>{row['value']}</value><shrsOrPrnAmt><sshPrnamt>{row['shares']}</sshPrnamt>"
            f"<sshPrnamtType>{row['type'] or 'SH'}</sshPrnamtType></shrsOrPrnAmt>{put_call}"
            "<investmentDiscretion>SOLE</investmentDiscretion></infoTable>"
        )
    return "\n".join([*lines, "</informationTable>"])


if __name__ == "__main__":
    main()
