"""Tables of what only all managers together can answer: who compares, who holds, what flows, where all are."""

from __future__ import annotations

from thirteenf.tables.column import (
    AMOUNT_TYPE_COLUMN,
    CIK_COLUMN,
    MANAGER_COLUMN,
    PERIOD_COLUMN,
    POSITION_COLUMNS,
    POSITION_KEY,
    PUT_CALL_COLUMN,
    TICKER_COLUMN,
    TICKER_FROM_COLUMNS,
    Column,
    Table,
)
from thirteenf.tables.held import HOLDINGS, MOVES
from thirteenf.vocabulary import CHANGES, UNCOMPARED

STANDING = Table(
    "standing",
    "what a manager's filings for a period come to",
    ("cik",),
    (
        CIK_COLUMN,
        Column("state", "str", "holdings, empty, emptied, withheld, notice, base-missing or refused"),
        Column("filing_date", "date", "of the newest filing in force; null: none is", nullable=True),
        Column("withholds", "bool", "whether a filing in force says that rows are withheld"),
        Column("combination", "bool", "whether other managers report a part of the holdings"),
        Column("accession_numbers", "list[str]", "the filings in force, in order of acceptance"),
        Column("stock", "int", "dollars of its shares that are no options: what weights are percent of; null: none",
               nullable=True),
    ),
)  # fmt: skip

PANEL = Table(
    "panel",
    "a manager that filed for one of two quarters, and whether its books of the two compare",
    ("cik",),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        Column("comparable", "bool", "whether both books are there and whole"),
        Column("reason", "str", "why they do not compare: " + "; ".join(UNCOMPARED), nullable=True,
               words=tuple(UNCOMPARED)),
        Column("book", "str", "the CIK under which its book is compared: its own, or the first of those it is tied to",
               nullable=True),
        *(
            Column(f"{name}{side}", kind, f"{meaning}, {day} quarter", nullable=True)
            for side, day in (("_before", "earlier"), ("", "later"))
            for name, kind, meaning in (
                ("state", "str", "what its filings come to"),
                ("filing_date", "date", "when the newest filing in force was filed"),
                ("withholds", "bool", "whether rows are withheld"),
                ("combination", "bool", "whether others report a part"),
            )
        ),
    ),
)  # fmt: skip
