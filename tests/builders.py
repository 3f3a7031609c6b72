"""Small Form 13F documents and frames, written by hand for the tests."""

from __future__ import annotations

from datetime import date
from xml.sax.saxutils import escape

import polars as pl

TABLE_NAMESPACE = "http://www.sec.gov/edgar/document/thirteenf/informationtable"
PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'
_WITHIN = {"sshPrnamt": "shrsOrPrnAmt", "sshPrnamtType": "shrsOrPrnAmt"} | dict.fromkeys(
    ("Sole", "Shared", "None"), "votingAuthority"
)


def row(issuer="APPLE INC", cusip="037833100", value=2546300, amount=10000, **more):
    """One infoTable: its elements by name, in the schema's order; None leaves one out."""
    votes = more.get("votes", (amount, 0, 0))
    elements = {
        "nameOfIssuer": issuer,
        "titleOfClass": more.get("title", "COM"),
        "cusip": cusip,
        "figi": more.get("figi"),
        "value": value,
        "sshPrnamt": amount,
        "sshPrnamtType": more.get("kind", "SH"),
        "putCall": more.get("put_call"),
        "investmentDiscretion": more.get("discretion", "SOLE"),
        "otherManager": more.get("managers"),
        **dict(zip(("Sole", "Shared", "None"), votes or (None, None, None), strict=True)),
    }
    return {name: str(text) for name, text in elements.items() if text is not None}


def info_table(rows, *, prefix="", declare=None, prolog=PROLOG, indent=None, encoding="utf-8", raw=False):
    """An information table in XML.

    Args:
        rows: dictionaries as `row` makes them.
        prefix: of the elements, with its colon.
        declare: the root's attributes; by default the form's namespace under the prefix.
        prolog: what stands before the root.
        indent: blanks a level; None: all on one line.
        encoding: of the bytes.
        raw: whether texts are markup already.
    """
    if declare is None:
        declare = f'xmlns{":" if prefix else ""}{prefix.rstrip(":")}="{TABLE_NAMESPACE}"'
    lines = [f"<{prefix}informationTable {declare}>".replace(" >", ">")]
    for one in rows:
        lines.append(f"\t<{prefix}infoTable>")
        open_group = None
        for name, text in one.items():
            group = _WITHIN.get(name)
            if group != open_group:
                if open_group:
                    lines.append(f"\t\t</{prefix}{open_group}>")
                if group:
                    lines.append(f"\t\t<{prefix}{group}>")
                open_group = group
            depth = "\t\t\t" if group else "\t\t"
            lines.append(f"{depth}<{prefix}{name}>{text if raw else escape(text)}</{prefix}{name}>")
        if open_group:
            lines.append(f"\t\t</{prefix}{open_group}>")
        lines.append(f"\t</{prefix}infoTable>")
    lines.append(f"</{prefix}informationTable>")
    laid = "".join(line.lstrip("\t") for line in lines) if indent is None else "\n".join(
        line.replace("\t", indent) for line in lines
    )  # fmt: skip
    return (prolog + laid).encode(encoding)


def cover(
    form_type="13F-HR", *, period="09-30-2025", cover_period=None, cik="0001067983", name="BERKSHIRE HATHAWAY INC",
    report_type="13F HOLDINGS REPORT", amends="", rows=None, total=None, omitted=None, others="", included="",
    more="", live="LIVE", schema="<schemaVersion>X0202</schemaVersion>", instruction5="provideInfoForInstruction5",
):  # fmt: skip
    """A `primary_doc.xml`.

    Args:
        form_type: submissionType.
        period: periodOfReport of the header data, as the form writes it.
        cover_period: reportCalendarOrQuarter; the same unless given.
        cik: of the filer.
        name: of the filing manager.
        report_type: as on the cover.
        amends: the elements isAmendment, amendmentNo and amendmentInfo.
        rows: tableEntryTotal; None: no summary page.
        total: tableValueTotal.
        omitted: isConfidentialOmitted.
        others: otherManager elements of the cover page.
        included: otherManager2 elements of the summary page.
        more: further elements of the cover page.
        live: liveTestFlag.
        schema: the schemaVersion element.
        instruction5: the name of that element.
    """
    summary = "" if rows is None else (
        "<summaryPage><otherIncludedManagersCount>0</otherIncludedManagersCount>"
        f"<tableEntryTotal>{rows}</tableEntryTotal><tableValueTotal>{total}</tableValueTotal>"
        + ("" if omitted is None else f"<isConfidentialOmitted>{omitted}</isConfidentialOmitted>")
        + (f"<otherManagers2Info>{included}</otherManagers2Info>" if included else "")
        + "</summaryPage>"
    )  # fmt: skip
    return f"""{PROLOG}
<edgarSubmission xmlns="http://www.sec.gov/edgar/thirteenffiler" xmlns:com="http://www.sec.gov/edgar/common">{schema}
 <headerData><submissionType>{form_type}</submissionType><filerInfo><liveTestFlag>{live}</liveTestFlag>
  <filer><credentials><cik>{cik}</cik><ccc>XXXXXXXX</ccc></credentials></filer>
  <periodOfReport>{period}</periodOfReport></filerInfo></headerData>
 <formData><coverPage><reportCalendarOrQuarter>{cover_period or period}</reportCalendarOrQuarter>{amends}
   <filingManager><name>{name}</name><address><com:street1>3555 FARNAM STREET</com:street1><com:city>OMAHA</com:city>
    <com:stateOrCountry>NE</com:stateOrCountry><com:zipCode>68131</com:zipCode></address></filingManager>
   <reportType>{report_type}</reportType>
   {f"<otherManagersInfo>{others}</otherManagersInfo>" if others else ""}
   <{instruction5}>N</{instruction5}>{more}</coverPage>
  <signatureBlock><name>Marc D. Hamburg</name><title>Senior Vice President</title><phone>402-346-1400</phone>
   <signature>/s/ Marc D. Hamburg</signature><city>Omaha</city><stateOrCountry>NE</stateOrCountry>
   <signatureDate>11-14-2025</signatureDate></signatureBlock>{summary}</formData></edgarSubmission>""".encode()


def document(kind, body):
    """One document of a submission text file."""
    wrapped = b"<XML>\n" + body + b"\n</XML>" if body.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") else body
    return b"<DOCUMENT>\n<TYPE>" + kind.encode() + b"\n<SEQUENCE>1\n<TEXT>\n" + wrapped + b"\n</TEXT>\n</DOCUMENT>\n"


HEADER = """<SEC-DOCUMENT>0001193125-25-282901.txt : 20251114
<SEC-HEADER>0001193125-25-282901.hdr.sgml : 20251114
<ACCEPTANCE-DATETIME>20251114160512
ACCESSION NUMBER:\t\t0001193125-25-282901
CONFORMED SUBMISSION TYPE:\t13F-HR
PUBLIC DOCUMENT COUNT:\t\t2
CONFORMED PERIOD OF REPORT:\t20250930
FILED AS OF DATE:\t\t20251114

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tBERKSHIRE HATHAWAY INC
\t\tCENTRAL INDEX KEY:\t\t\t0001067983

\tFORMER COMPANY:\t
\t\tFORMER CONFORMED NAME:\tNBH INC
\t\tDATE OF NAME CHANGE:\t19990105
</SEC-HEADER>
"""


def submission(cover_page, table=None, *, header=HEADER, kind="13F-HR"):
    """A full submission text file."""
    documents = document(kind, cover_page) + (b"" if table is None else document("INFORMATION TABLE", table))
    return header.encode() + documents + b"</SEC-DOCUMENT>\n"


def book(*positions):
    """Positions as amendments.positions gives them, from (cusip, amount, value[, put_call[, amount_type]])."""
    text, whole = pl.String, pl.Int64
    schema = {"cusip": text, "amount": whole, "value": whole, "put_call": text, "amount_type": text}
    full = [(*position, *("", "SH")[len(position) - 3 :]) for position in positions]
    weighed = (pl.col("put_call") == "") & (pl.col("amount_type") == "SH")
    frame = pl.DataFrame(full, schema=schema, orient="row").with_columns(
        issuer=pl.lit("ISSUER ") + pl.col("cusip"), title_of_class=pl.lit("COM")
    )
    total = frame.filter(weighed)["value"].sum()
    weight = pl.when(weighed).then(pl.col("value") * 100.0 / total) if total else pl.lit(None, pl.Float64)
    return frame.with_columns(weight=weight)


def as_filed(*rows):
    """Rows as units.own wants them, from (cusip, amount, value[, put_call[, amount_type]])."""
    return book(*rows).select("cusip", "put_call", "amount_type", "amount", "value")


def filed(number, *, on=date(2025, 5, 15), at=None, **words):
    """A row of tables.FILINGS as far as amendments.fold reads it: an original holdings report unless told otherwise."""
    plain = {
        "accession_number": f"0000950123-25-{number:06}",
        "cik": "0001067983",
        "filing_date": on,
        "accepted": at,
        "report_type": "13F HOLDINGS REPORT",
        "is_amendment": "amendment_type" in words,
        "amendment_type": None,
        "amendment_number": None,
        "is_confidential_omitted": False,
    }
    return plain | words
