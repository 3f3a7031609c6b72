"""Tables of what was filed: filings, their rows as filed, what is odd about them."""

from __future__ import annotations

from thirteenf.tables.column import (
    ACCESSION_COLUMN,
    AMOUNT_TYPE_COLUMN,
    CIK_COLUMN,
    ODDITIES_COLUMN,
    PERIOD_COLUMN,
    POSITION_COLUMNS,
    POSITION_KEY,
    Column,
    Table,
)
from thirteenf.vocabulary import STATES

FILINGS = Table(
    "filings",
    "a filing",
    ("accession_number",),
    (
        ACCESSION_COLUMN,
        CIK_COLUMN,
        Column("manager", "str", "the filing manager's name as on this cover page"),
        Column("form_type", "str", "13F-HR, 13F-HR/A, 13F-NT or 13F-NT/A"),
        Column("report_type", "str", "holdings, notice or combination, as the cover page says"),
        PERIOD_COLUMN,
        Column("filing_date", "date", "the day EDGAR filed it under"),
        Column("accepted", "datetime", "acceptance time in New York, from the header", nullable=True),
        Column("amendment_number", "int", "number of the amendment as on the cover page", nullable=True),
        Column("amendment_type", "str", "RESTATEMENT or NEW HOLDINGS", nullable=True),
        Column("is_amendment", "bool", "whether the form type or the cover page says that it amends"),
        Column("confidentiality_ended", "bool", "whether the rows were withheld before (denied or expired)"),
        Column("date_denied_expired", "date", "when confidential treatment was denied or expired", nullable=True),
        Column("date_reported", "date", "when the withheld rows were first reported to the SEC", nullable=True),
        Column("reason_for_non_confidentiality", "str", "Denied, or Confidential Treatment Expired", nullable=True),
        Column("table_entry_total", "int", "rows that the summary page counts", nullable=True),
        Column("table_value_total", "int", "total that the summary page gives, in the filing's unit", nullable=True),
        Column("is_confidential_omitted", "bool", "whether the summary page says that rows are withheld"),
        Column("other_included_managers_count", "int", "managers that the summary page counts", nullable=True),
        Column("other_managers", "managers", "managers that report for this one (cover page)"),
        Column("other_included_managers", "managers", "managers included in this report, with their numbers"),
        Column("form13f_file_number", "str", "the manager's 13F file number (028-…)", nullable=True),
        Column("crd_number", "str", "the manager's CRD number", nullable=True),
        Column("sec_file_number", "str", "the manager's other SEC file number", nullable=True),
        Column("provide_info_for_instruction5", "bool", "the cover page's mark of that name", nullable=True),
        Column("additional_information", "str", "free text of the cover page", nullable=True),
        Column("address", "str", "the filing manager's address, one line", nullable=True),
        Column("signature", "str", "who signed, with title, phone and place, one line", nullable=True),
        Column("signature_date", "date", "when it was signed", nullable=True),
        Column("schema_version", "str", "the schema's version; none before 2023", nullable=True),
        Column("is_test", "bool", "whether the submission is marked as a test"),
        Column("source_period", "date", "the period as the EDGAR header gives it", nullable=True),
        Column("cover_period", "date", "the period as the cover page gives it", nullable=True),
        Column("cover_cik", "str", "the filer as the cover document gives it", nullable=True),
        Column("table_document", "str", "the information table's file name on EDGAR", nullable=True),
        Column("listed_cik", "str", "the manager that EDGAR lists it under, where it says otherwise", nullable=True),
        Column("listed_period", "date", "the period that EDGAR lists it under, where it says otherwise", nullable=True),
        Column("row_count", "int", "rows of the information table as filed"),
        Column("value_sum", "int", "sum of the values as filed"),
        Column("own_unit", "str", "dollars or thousands, by this filing alone"),
        Column("own_unit_reason", "str", "how that was decided"),
        Column("own_unit_certainty", "str", "certain, likely or uncertain"),
        Column("value_unit", "str", "dollars or thousands, the unit that is used"),
        Column("value_unit_reason", "str", "how the unit was decided"),
        Column("value_unit_certainty", "str", "certain, likely or uncertain"),
        Column("document", "str", "where the bytes lie in the archive"),
    ),
)

FILINGS_REPORT = Table(
    "filings-report",
    "a filing and what became of it",
    ("accession_number",),
    (
        *(FILINGS.column(name) for name in (
            "accession_number", "cik", "manager", "form_type", "report_type", "period", "filing_date", "accepted",
            "amendment_number", "amendment_type", "table_entry_total", "table_value_total", "is_confidential_omitted",
            "value_unit", "value_unit_reason", "value_unit_certainty",
        )),
        Column("state", "str", "; ".join(STATES), words=STATES),
        Column("url", "str", "the filing's folder on EDGAR"),
        ODDITIES_COLUMN,
    ),
)  # fmt: skip

UNREADABLE = Table(
    "unreadable",
    "a filing of the archive that cannot be read as a Form 13F",
    ("accession_number",),
    (
        ACCESSION_COLUMN,
        Column("cik", "str", "the manager that EDGAR lists it under"),
        Column("manager", "str", "the filer's name, where the header can be read", nullable=True),
        Column("form_type", "str", "form type, likewise", nullable=True),
        Column("period", "date", "period of report, likewise", nullable=True),
        Column("filing_date", "date", "the day EDGAR filed it under, likewise", nullable=True),
        Column("message", "str", "why it cannot be read"),
        Column("document", "str", "where the bytes lie in the archive"),
    ),
)

INFORMATION_TABLE = Table(
    "information_table",
    "a row as filed",
    ("accession_number", "row"),
    (
        CIK_COLUMN,
        ACCESSION_COLUMN,
        Column("row", "int", "number of the row in its table, from 1"),
        *POSITION_COLUMNS,
        Column("cusip_as_filed", "str", "the CUSIP column as filed"),
        Column("figi", "str", "FIGI, where given", nullable=True),
        Column("value", "int", "value as filed, in the filing's unit"),
        Column("amount", "int", "shares or principal amount"),
        AMOUNT_TYPE_COLUMN,
        Column("put_call", "str", "Put, Call, or '' for the security itself"),
        Column("put_call_as_filed", "str", "the put/call column as filed", nullable=True),
        Column("investment_discretion", "str", "SOLE, DFND or OTR", nullable=True),
        Column("other_managers", "list[int]", "numbers of the included managers that share discretion"),
        Column("other_managers_as_filed", "str", "that column as filed", nullable=True),
        Column("voting_sole", "int", "shares with sole voting authority", nullable=True),
        Column("voting_shared", "int", "shares with shared voting authority", nullable=True),
        Column("voting_none", "int", "shares with no voting authority", nullable=True),
    ),
)

ODDITIES = Table(
    "oddities",
    "something odd about a filing or a row of it",
    ("accession_number", "row", "code"),
    (
        CIK_COLUMN,
        ACCESSION_COLUMN,
        Column("row", "int", "number of the row as filed; null where the whole filing is meant", nullable=True),
        Column("code", "str", "what kind, in kebab case; docs/tables.md lists them"),
        Column("message", "str", "what was found"),
    ),
)

POSITIONS = Table(
    "positions",
    "what a filing lists of a security, its rows added up",
    (*POSITION_KEY, "accession_number"),
    (
        Column("cusip", "str", "CUSIP, capitals, lost zeros restored"),
        Column("put_call", "str", "Put, Call, or '' for the security itself"),
        AMOUNT_TYPE_COLUMN,
        ACCESSION_COLUMN,
        Column("issuer", "str", "name of issuer as filed, of the first of its rows"),
        Column("title_of_class", "str", "title of class as filed, of the first of its rows"),
        Column("amount", "int", "shares or principal amount"),
        Column("value", "int", "value as filed, in the filing's unit"),
        Column("rows", "int", "rows as filed that were added up"),
    ),
)

FILERS = Table(
    "filers",
    "a manager, by its filings",
    ("cik",),
    (
        CIK_COLUMN,
        Column("manager", "str", "the filing manager's name as on the newest cover page"),
        Column("form13f_file_number", "str", "the manager's 13F file number (028-…), the newest", nullable=True),
        Column("filings", "int", "filings held"),
        Column("first_period", "date", "the oldest period filed for"),
        Column("latest_period", "date", "the newest period filed for"),
    ),
)
