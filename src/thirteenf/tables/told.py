"""Tables of what reports tell beside: managers, their standing, what runs did, what happened."""

from __future__ import annotations

from thirteenf.tables.column import (
    ACCESSION_COLUMN,
    CIK_COLUMN,
    MANAGER_COLUMN,
    PERIOD_COLUMN,
    PUT_CALL_COLUMN,
    Column,
    Table,
)
from thirteenf.tables.filed import INFORMATION_TABLE
from thirteenf.vocabulary import CHANGES, DATA_SET_OUTCOMES, EVENT_KINDS, FINDING_KINDS, STANDINGS, STATES

MANAGERS = Table(
    "managers",
    "a manager of the cache",
    ("cik",),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
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
        CIK_COLUMN,
        MANAGER_COLUMN,
        Column("latest_period", "date", "newest period held; null: none", nullable=True),
        Column("latest_filing_date", "date", "when that was filed", nullable=True),
        Column("latest_state", "str", "holdings, empty, withheld, notice or base-missing", nullable=True),
        Column("expected_period", "date", "newest quarter that has ended"),
        Column("due", "date", "when its report is due"),
        Column("filed", "bool", "whether a filing for it is held"),
        Column(
            "standing",
            "str",
            "; ".join(f"{word}: {meaning}" for word, meaning in STANDINGS.items()),
            words=tuple(STANDINGS),
        ),
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
        CIK_COLUMN,
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

TRACED = Table(
    "traced",
    "a row as filed that a figure rests on, or that was filed and does not count",
    ("accession_number", "row"),
    (
        PERIOD_COLUMN,
        Column("counts", "bool", "whether it is summed: its filing is in force, and its position is not nothing"),
        ACCESSION_COLUMN,
        Column("state", "str", "what became of its filing: " + "; ".join(STATES), words=STATES),
        *(
            PUT_CALL_COLUMN if name == "put_call" else INFORMATION_TABLE.column(name)
            for name in (
                "row", "issuer", "title_of_class", "cusip_as_filed", "cusip", "value", "amount", "amount_type",
                "put_call", "put_call_as_filed", "investment_discretion", "other_managers_as_filed", "figi",
            )
        ),
        Column("value_unit", "str", "dollars or thousands: the unit of `value`, which stands here as filed"),
        Column("value_dollars", "int", "the value in dollars"),
        Column("document", "str", "where the bytes lie in the archive"),
        Column("url", "str", "the information table's address on EDGAR, or its folder's where its name is not known"),
    ),
)  # fmt: skip

FINDINGS = Table(
    "findings",
    "something that a recomputation found: a difference, damage, a refusal, an oddity",
    ("kind", "code", "accession_number", "row"),
    (
        Column("kind", "str", "; ".join(f"{kind}: {meaning}" for kind, meaning in FINDING_KINDS.items()),
               words=tuple(FINDING_KINDS)),
        Column("code", "str", "what kind of oddity or refusal (docs/tables.md), or which table differs"),
        Column("cik", "str", "the manager's Central Index Key", nullable=True),
        Column("manager", "str", "its name", nullable=True),
        Column("period", "date", "period of report", nullable=True),
        Column("accession_number", "str", "EDGAR's number of the filing", nullable=True),
        Column("row", "int", "number of the row as filed; null where more than one row is meant", nullable=True),
        Column("message", "str", "what was found"),
    ),
)  # fmt: skip

REFUSED = Table(
    "refused",
    "a filing that does not count",
    ("accession_number",),
    (
        ACCESSION_COLUMN,
        CIK_COLUMN,
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
        Column(
            "kind",
            "str",
            "; ".join(f"{kind}: {meaning}" for kind, meaning in EVENT_KINDS.items()),
            words=tuple(EVENT_KINDS),
        ),
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

INGESTED = Table(
    "ingested",
    "a data set of the SEC's that was asked for or offered",
    ("name",),
    (
        Column("name", "str", "its file name, as it is kept in the archive"),
        Column("first", "date", "first filing date that it covers; null: its name does not tell", nullable=True),
        Column("last", "date", "last filing date that it covers", nullable=True),
        Column(
            "outcome",
            "str",
            "; ".join(f"{word}: {meaning}" for word, meaning in DATA_SET_OUTCOMES.items()),
            words=tuple(DATA_SET_OUTCOMES),
        ),
        Column("bytes", "int", "size of the zip; null: not known", nullable=True),
        Column("filings", "int", "filings of it that were taken into the tables; null: it was not read", nullable=True),
        Column("rows", "int", "rows of their information tables", nullable=True),
        Column("skipped", "int", "filings of it that are here in a better way already", nullable=True),
        Column("message", "str", "why it was refused or could not be had", nullable=True),
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
