"""Every table once: its columns, their types and meaning, its key. Formats, schemas and the docs are read off here.

Types are words (`str`, `int`, `float`, `bool`, `date`, `datetime`, `list[str]`, `list[int]`, `oddities`, `managers`,
`causes`); `schema` turns them into polars types, so that this page costs nothing to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thirteenf.vocabulary import CHANGES, EVENT_KINDS, REASONS, STANDINGS, STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

POSITION_KEY = ("cusip", "put_call", "amount_type")
"""What makes two rows the same position (rule R2). None of the three is ever null: a blank put/call is ''."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its type as a word, what it means, whether it may be null."""

    name: str
    type: str
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its name, what a row is, what identifies a row, its columns in order."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return next(column for column in self.columns if column.name == name)

    def schema(self, names: Iterable[str] | None = None) -> pl.Schema:
        """The polars schema of all columns, or of those named."""
        import polars as pl  # noqa: PLC0415 - so that --help need not load it

        text, whole, flag = pl.String(), pl.Int64(), pl.Boolean()
        oddity = pl.Struct({"code": text, "message": text, "accession_number": text, "row": whole})
        manager = pl.Struct(
            {"sequence_number": whole, "cik": text, "form13f_file_number": text, "crd_number": text,
             "sec_file_number": text, "name": text}
        )  # fmt: skip
        cause = pl.Struct({"cause": text, "confidence": text, "evidence": pl.List(text)})
        types: dict[str, pl.DataType] = {
            "str": text, "int": whole, "float": pl.Float64(), "bool": flag, "date": pl.Date(),
            "datetime": pl.Datetime("us", "America/New_York"), "list[str]": pl.List(text), "list[int]": pl.List(whole),
            "oddities": pl.List(oddity), "managers": pl.List(manager), "causes": pl.List(cause),
        }  # fmt: skip
        return pl.Schema({name: types[self.column(name).type] for name in (names or self.names)})


_ACCESSION = Column("accession_number", "str", "EDGAR's number of the filing, with dashes")
_CIK = Column("cik", "str", "the manager's Central Index Key, ten digits")
_MANAGER = Column("manager", "str", "the filing manager's name as on the newest cover page")
_PERIOD = Column("period", "date", "period of report: the quarter's last day")
_ODDITIES = Column("oddities", "oddities", "what is odd about the data behind this row")
_POSITION = (
    Column("issuer", "str", "name of issuer as filed"),
    Column("title_of_class", "str", "title of class as filed"),
    Column("cusip", "str", "CUSIP, capitals, lost zeros restored"),
)
_TICKER = Column("ticker", "str", "symbol of the security, for reading only; never a key", nullable=True)
_PUT_CALL = Column("put_call", "str", "Put, Call, or blank for the security itself (null in JSON)", nullable=True)
_AMOUNT_TYPE = Column("amount_type", "str", "SH for shares, PRN for principal amount")
_TICKER_FROM = (
    Column("ticker_source", "str", "where the symbol is from", nullable=True),
    Column("ticker_asof", "str", "the day or month that the symbol is known for", nullable=True),
)

FILINGS = Table(
    "filings",
    "a filing",
    ("accession_number",),
    (
        _ACCESSION,
        _CIK,
        Column("manager", "str", "the filing manager's name as on this cover page"),
        Column("form_type", "str", "13F-HR, 13F-HR/A, 13F-NT or 13F-NT/A"),
        Column("report_type", "str", "holdings, notice or combination, as the cover page says"),
        _PERIOD,
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
        Column("state", "str", "; ".join(STATES)),
        Column("url", "str", "the filing's folder on EDGAR"),
        _ODDITIES,
    ),
)  # fmt: skip

UNREADABLE = Table(
    "unreadable",
    "a filing of the archive that cannot be read as a Form 13F",
    ("accession_number",),
    (
        _ACCESSION,
        Column("cik", "str", "the manager that EDGAR lists it under"),
        Column("form_type", "str", "form type, where the header can be read", nullable=True),
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
        _CIK,
        _ACCESSION,
        Column("row", "int", "number of the row in its table, from 1"),
        *_POSITION,
        Column("cusip_as_filed", "str", "the CUSIP column as filed"),
        Column("figi", "str", "FIGI, where given", nullable=True),
        Column("value", "int", "value as filed, in the filing's unit"),
        Column("amount", "int", "shares or principal amount"),
        _AMOUNT_TYPE,
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
        _CIK,
        _ACCESSION,
        Column("row", "int", "number of the row as filed; null where the whole filing is meant", nullable=True),
        Column("code", "str", "what kind, in kebab case; docs/tables.md lists them"),
        Column("message", "str", "what was found"),
    ),
)

HOLDINGS = Table(
    "holdings",
    "a position in force",
    ("cik", "period", *POSITION_KEY),
    (
        _CIK,
        _MANAGER,
        _PERIOD,
        *_POSITION,
        _TICKER,
        _PUT_CALL,
        _AMOUNT_TYPE,
        Column("amount", "int", "shares, or principal in dollars; for options shares of the underlying"),
        Column("value", "int", "dollars; for options the notional of the underlying"),
        Column("weight", "float", "percent of all share rows that are no options; null for others", nullable=True),
        Column("rows", "int", "rows as filed that were summed"),
        Column("accession_numbers", "list[str]", "the filings those rows are in"),
        _ODDITIES,
        *_TICKER_FROM,
    ),
)

MOVES = Table(
    "moves",
    "a position in either period",
    ("cik", "period", "against", *POSITION_KEY),
    (
        _CIK,
        _MANAGER,
        _PERIOD,
        Column("against", "date", "the earlier period it is compared with"),
        *_POSITION,
        Column("cusip_before", "str", "CUSIP in the earlier period; null if not held then", nullable=True),
        _TICKER,
        _PUT_CALL,
        _AMOUNT_TYPE,
        Column("change", "str", ", ".join(CHANGES)),
        Column("unknown_reason", "str", "why the change is unknown: " + ", ".join(REASONS), nullable=True),
        Column("amount_before", "int", "amount in the earlier period as filed; 0 if not held", nullable=True),
        Column("amount_before_adjusted", "int", "the same in today's shares (splits)", nullable=True),
        Column("amount", "int", "amount in the later period; 0 if not held", nullable=True),
        Column("amount_change", "int", "amount less adjusted amount before", nullable=True),
        Column("amount_change_pct", "float", "the same in percent; null for new positions", nullable=True),
        Column("value_before", "int", "dollars in the earlier period", nullable=True),
        Column("value", "int", "dollars in the later period", nullable=True),
        Column("value_change", "int", "their difference", nullable=True),
        Column("weight_before", "float", "percent of share rows that are no options", nullable=True),
        Column("weight", "float", "percent of share rows that are no options", nullable=True),
        Column("weight_change", "float", "in percentage points", nullable=True),
        Column("trade_effect", "int", "dollars: change in amount at the mean of both prices", nullable=True),
        Column("price_effect", "int", "dollars: the rest of the change in value", nullable=True),
        Column("cause", "causes", "cause, confidence, evidence; empty until causes are told"),
        _ODDITIES,
        *_TICKER_FROM,
    ),
)

HISTORY = Table(
    "history",
    "a position in a period, with its change since the period before",
    MOVES.key,
    (*MOVES.columns, Column("reentered", "bool", "new now, and held in a period before the one compared with")),
)

SECURITIES = Table(
    "securities",
    "a CUSIP and what it is between two dates",
    ("cusip", "first"),
    (
        Column("cusip", "str", "CUSIP"),
        Column("ticker", "str", "symbol; classes after a point (BRK.B)", nullable=True),
        Column("issuer", "str", "name of issuer"),
        Column("title_of_class", "str", "title of class"),
        Column("first", "date", "first day it is known for; null: not known", nullable=True),
        Column("last", "date", "last day it is known for; null: not known", nullable=True),
        *_TICKER_FROM,
    ),
)

HOLDERS = Table(
    "holders",
    "a manager's newest position in a security",
    HOLDINGS.key,
    HOLDINGS.columns,
)

MANAGERS = Table(
    "managers",
    "a manager of the cache",
    ("cik",),
    (
        _CIK,
        _MANAGER,
        Column("aliases", "list[str]", "short names that stand for it"),
        Column("filings", "int", "filings held"),
        Column("first_period", "date", "earliest period held"),
        Column("latest_period", "date", "newest period held"),
    ),
)

STATUS = Table(
    "status",
    "a manager and whether it has filed",
    ("cik",),
    (
        _CIK,
        _MANAGER,
        Column("latest_period", "date", "newest period held; null: none", nullable=True),
        Column("latest_filing_date", "date", "when that was filed", nullable=True),
        Column("latest_state", "str", "holdings, empty, withheld, notice or base-missing", nullable=True),
        Column("expected_period", "date", "newest quarter that has ended"),
        Column("due", "date", "when its report is due"),
        Column("filed", "bool", "whether a filing for it is held"),
        Column("standing", "str", "; ".join(f"{word}: {meaning}" for word, meaning in STANDINGS.items())),
        Column("refused", "int", "its filings that do not count: unreadable, or implausible until confirmed"),
        Column("refreshed", "str", "when EDGAR was last asked about it, UTC; null: never", nullable=True),
    ),
)

WATCHLIST = Table(
    "watchlist",
    "a manager on the watchlist",
    ("entry",),
    (
        Column("entry", "str", "as it stands in the configuration file"),
        Column("cik", "str", "the manager it names; null: none in this cache", nullable=True),
        Column("manager", "str", "its name", nullable=True),
    ),
)

REFRESHED = Table(
    "refreshed",
    "a manager that was refreshed",
    ("cik",),
    (
        _CIK,
        Column("manager", "str", "its name", nullable=True),
        Column("listed", "int", "its Forms 13F that EDGAR lists"),
        Column("wanted", "int", "those that were missing here"),
        Column("fetched", "int", "those that were fetched"),
        Column("parsed", "int", "those that were read into the tables"),
        Column("refused", "int", "those that were refused: unreadable, or implausible until confirmed"),
        Column("latest_period", "date", "its newest period that is here; null: none", nullable=True),
        *(
            Column(change, "int", f"moves of its newest period, if that was touched: {change}", nullable=True)
            for change in CHANGES
        ),
        Column("message", "str", "what went wrong, or what a reader should know", nullable=True),
    ),
)

REFUSED = Table(
    "refused",
    "a filing that does not count",
    ("accession_number",),
    (
        _ACCESSION,
        _CIK,
        Column("form_type", "str", "form type", nullable=True),
        Column("period", "date", "period of report", nullable=True),
        Column("filing_date", "date", "the day EDGAR filed it under", nullable=True),
        Column("code", "str", "unreadable, or why it is implausible: other-than-listed, rows-missing, "
               "total-thousandfold"),
        Column("message", "str", "the figures"),
        Column("hint", "str", "what to do"),
        Column("url", "str", "the filing's folder on EDGAR"),
    ),
)  # fmt: skip

EVENTS = Table(
    "events",
    "something that happened to the cache",
    ("id",),
    (
        Column("id", "int", "number, from 1, never used again"),
        Column("at", "str", "when it was noted, UTC"),
        Column("kind", "str", "; ".join(f"{kind}: {meaning}" for kind, meaning in EVENT_KINDS.items())),
        Column("cik", "str", "the manager's Central Index Key", nullable=True),
        Column("manager", "str", "its name", nullable=True),
        Column("period", "date", "period of report", nullable=True),
        Column("accession_number", "str", "EDGAR's number of the filing", nullable=True),
        Column("form_type", "str", "13F-HR, …", nullable=True),
        Column("message", "str", "what happened, in a line"),
    ),
)

IMPORTED = Table(
    "imported",
    "a filing or file that was offered",
    ("path",),
    (
        Column("path", "str", "where it was found"),
        Column("outcome", "str", "added, unchanged or refused"),
        Column("accession_number", "str", "EDGAR's number of the filing", nullable=True),
        Column("cik", "str", "the manager's Central Index Key", nullable=True),
        Column("manager", "str", "its name", nullable=True),
        Column("form_type", "str", "13F-HR, …", nullable=True),
        Column("period", "date", "period of report", nullable=True),
        Column("rows", "int", "rows of its information table", nullable=True),
        Column("message", "str", "why it was refused", nullable=True),
    ),
)

PROBLEMS = Table(
    "problems",
    "something wrong with the cache",
    ("path", "problem"),
    (
        Column("path", "str", "file or folder"),
        Column("problem", "str", "what is wrong with it"),
        Column("mend", "str", "what to do"),
    ),
)


def is_option() -> pl.Expr:
    """Rows of options, which are never added to, netted with or weighed against anything else (rule R3)."""
    import polars as pl  # noqa: PLC0415 - so that --help need not load it

    return pl.col("put_call") != ""


def is_stock() -> pl.Expr:
    """Rows of shares that are no options; what is neither these nor options is principal."""
    import polars as pl  # noqa: PLC0415 - so that --help need not load it

    return (pl.col("put_call") == "") & (pl.col("amount_type") == "SH")


ALL = (
    FILINGS, INFORMATION_TABLE, ODDITIES, HOLDINGS, MOVES, HISTORY, SECURITIES, MANAGERS, STATUS, WATCHLIST,
    FILINGS_REPORT, UNREADABLE, REFRESHED, REFUSED, EVENTS, IMPORTED, PROBLEMS,
)  # fmt: skip
