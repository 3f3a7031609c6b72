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
from thirteenf.tables.held import BOOKS, MOVES
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

_SECURITY = (
    *POSITION_COLUMNS,
    TICKER_COLUMN,
    Column("label", "str", "what the security stands under in the list that was asked for", nullable=True),
    Column("baskets", "list[str]", "the baskets that it is in, of those asked for"),
    PUT_CALL_COLUMN,
    AMOUNT_TYPE_COLUMN,
)
_PERIODS = (PERIOD_COLUMN, MOVES.column("against"))
_BOUND = "of managers that do not compare"
_SECURITY_KEY = ("period", "against", *POSITION_KEY)

HELD_BY = Table(
    "held_by",
    "a manager's position in a security, in either of two quarters",
    ("cik", "period", "against", *POSITION_KEY),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        *_PERIODS,
        *POSITION_COLUMNS,
        TICKER_COLUMN,
        PUT_CALL_COLUMN,
        AMOUNT_TYPE_COLUMN,
        Column("change", "str", ", ".join(CHANGES), words=CHANGES),
        Column("unknown_reason", "str", "why the change is unknown: combination; " + "; ".join(UNCOMPARED),
               nullable=True),
        *(MOVES.column(name) for name in (
            "amount_before", "amount_before_adjusted", "amount", "amount_change", "amount_change_pct", "value_before",
            "value", "value_change", "weight_before", "weight", "trade_effect", "price_effect",
        )),
        *TICKER_FROM_COLUMNS,
    ),
)  # fmt: skip

FLOWS = Table(
    "flows",
    "a security, its puts or its calls: what managers that compare bought and sold of it",
    _SECURITY_KEY,
    (
        *_PERIODS,
        *_SECURITY,
        Column("holders_before", "int", "managers that held it, of those that compare"),
        Column("holders", "int", "managers that hold it, likewise"),
        Column("opened", "int", "managers that hold it anew"),
        Column("added", "int", "managers that hold more of it"),
        Column("unchanged", "int", "managers that hold as much of it"),
        Column("reduced", "int", "managers that hold less of it"),
        Column("exited", "int", "managers that hold none any more"),
        Column("amount_before", "int", "what they held, in today's shares"),
        Column("amount", "int", "what they hold"),
        Column("amount_bought", "int", "shares, or principal, bought"),
        Column("amount_sold", "int", "shares, or principal, sold"),
        Column("amount_change", "int", "bought less sold"),
        Column("value_before", "int", "dollars in the earlier period; for options the notional of the underlying"),
        Column("value", "int", "dollars in the later period; likewise"),
        Column("bought", "int", "dollars bought: by change in amount at the mean of both prices"),
        Column("sold", "int", "dollars sold, likewise"),
        Column("trade_effect", "int", "dollars bought less sold"),
        Column("price_effect", "int", "dollars: the rest of the change in value"),
        Column("late_holders", "int", "managers that held it and have not filed yet"),
        Column("first_holders", "int", "managers that hold it in the first report that is held of them"),
        Column(
            "may_have_sold",
            "int",
            f"shares {_BOUND}, or withhold rows, held before: those known to have held them "
            "can have sold no more; of others it is not known",
        ),
        Column("may_have_sold_value", "int", "those in dollars, at the earlier quarter's end"),
        Column(
            "may_have_bought",
            "int",
            f"shares {_BOUND}, or withhold rows, held now: those known to hold them can "
            "have bought and kept no more; of late filers and others it is not known",
        ),
        Column("may_have_bought_value", "int", "those in dollars, at the later quarter's end"),
        *TICKER_FROM_COLUMNS,
    ),
)

_OF_ONE = "null: of several CUSIPs"
BASKET_FLOWS = Table(
    "basket_flows",
    "what managers that compare bought and sold of one security of a basket, or of all of them",
    ("basket", "label", "book"),
    (
        Column("basket", "str", "the basket's name"),
        Column("label", "str", "the security, as it is named in the basket; null: all of them", nullable=True),
        Column("book", "str", "stock, principal, calls or puts, which are never added to each other", words=BOOKS),
        Column("managers", "int", "managers that held or hold it, of those that compare"),
        Column("buyers", "int", "managers that bought more than they sold, in dollars"),
        Column("sellers", "int", "managers that sold more than they bought, in dollars"),
        Column("opened", "int", "positions that are new"),
        Column("added", "int", "positions with more"),
        Column("unchanged", "int", "positions with as much"),
        Column("reduced", "int", "positions with less"),
        Column("exited", "int", "positions that are gone"),
        *(
            Column(name, "int", f"{FLOWS.column(name).meaning}; {_OF_ONE}", nullable=True)
            for name in ("amount_before", "amount", "amount_bought", "amount_sold", "amount_change")
        ),
        *(
            FLOWS.column(name)
            for name in ("value_before", "value", "bought", "sold", "trade_effect", "price_effect", "late_holders")
        ),
        Column("may_have_sold", "int", f"{FLOWS.column('may_have_sold').meaning}; {_OF_ONE}", nullable=True),
        FLOWS.column("may_have_sold_value"),
        Column("may_have_bought", "int", f"{FLOWS.column('may_have_bought').meaning}; {_OF_ONE}", nullable=True),
        FLOWS.column("may_have_bought_value"),
    ),
)

CROWDING = Table(
    "crowding",
    "a security, its puts or its calls: how many hold it, and how much of it the largest have",
    _SECURITY_KEY,
    (
        *_PERIODS,
        *_SECURITY,
        Column("holders", "int", "managers that report it"),
        Column("holders_change", "int", "came less left"),
        Column("came", "int", "managers that hold it anew, of those that compare"),
        Column("left", "int", "managers that hold none any more, likewise"),
        Column("amount", "int", "shares, or principal, that all report"),
        Column("value", "int", "dollars that all report; for options the notional of the underlying"),
        Column("top_ten_share", "float", "percent of that amount which the ten largest holders have", nullable=True),
        Column("top_ten_share_change", "float", "in percentage points, over managers that compare", nullable=True),
        Column("herfindahl", "float", "sum of the squared shares of all holders, 0 to 1", nullable=True),
        Column("herfindahl_change", "float", "its change over managers that compare", nullable=True),
        *TICKER_FROM_COLUMNS,
    ),
)

OVERLAP = Table(
    "overlap",
    "a position that two or more of some managers hold",
    ("period", *POSITION_KEY),
    (
        PERIOD_COLUMN,
        *POSITION_COLUMNS,
        TICKER_COLUMN,
        PUT_CALL_COLUMN,
        AMOUNT_TYPE_COLUMN,
        Column("holders", "int", "how many of them hold it"),
        Column("ciks", "list[str]", "who, the largest weight first"),
        Column("managers", "list[str]", "their names, in that order"),
        Column("amounts", "list[int]", "their amounts, in that order"),
        Column("values", "list[int]", "their dollars, in that order; for options the notional of the underlying"),
        Column("weight_least", "float", "the smallest of their weights, percent; null for options", nullable=True),
        Column("weight_most", "float", "the largest of their weights, percent; null for options", nullable=True),
        *TICKER_FROM_COLUMNS,
    ),
)
