"""Tables of what that comes to: positions in force, moves, securities."""

from __future__ import annotations

from thirteenf.tables.column import (
    AMOUNT_TYPE_COLUMN,
    CIK_COLUMN,
    MANAGER_COLUMN,
    ODDITIES_COLUMN,
    PERIOD_COLUMN,
    POSITION_COLUMNS,
    POSITION_KEY,
    PUT_CALL_COLUMN,
    TICKER_COLUMN,
    TICKER_FROM_COLUMNS,
    Column,
    Table,
)
from thirteenf.vocabulary import CHANGES, REASONS
from thirteenf.vocabulary import STANCES as STANCE_WORDS

HOLDINGS = Table(
    "holdings",
    "a position in force",
    ("cik", "period", *POSITION_KEY),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        PERIOD_COLUMN,
        *POSITION_COLUMNS,
        TICKER_COLUMN,
        PUT_CALL_COLUMN,
        AMOUNT_TYPE_COLUMN,
        Column("amount", "int", "shares, or principal in dollars; for options shares of the underlying"),
        Column("value", "int", "dollars; for options the notional of the underlying"),
        Column("weight", "float", "percent of all share rows that are no options; null for others", nullable=True),
        Column("rows", "int", "rows as filed that were summed"),
        Column("accession_numbers", "list[str]", "the filings those rows are in"),
        ODDITIES_COLUMN,
        *TICKER_FROM_COLUMNS,
    ),
)

MOVES = Table(
    "moves",
    "a position in either period",
    ("cik", "period", "against", *POSITION_KEY),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        PERIOD_COLUMN,
        Column("against", "date", "the earlier period it is compared with"),
        *POSITION_COLUMNS,
        Column("cusip_before", "str", "CUSIP in the earlier period; null if not held then", nullable=True),
        TICKER_COLUMN,
        PUT_CALL_COLUMN,
        AMOUNT_TYPE_COLUMN,
        Column("change", "str", ", ".join(CHANGES), words=CHANGES),
        Column("unknown_reason", "str", "why the change is unknown: " + ", ".join(REASONS), nullable=True),
        Column("amount_before", "int", "amount in the earlier period as filed; 0 if not held", nullable=True),
        Column("amount_before_adjusted", "int", "the same in today's shares (splits)", nullable=True),
        Column("amount", "int", "amount in the later period; 0 if not held", nullable=True),
        Column("amount_change", "int", "amount less adjusted amount before", nullable=True),
        Column("amount_change_pct", "float", "the same in percent; null for new positions", nullable=True),
        Column(
            "value_before",
            "int",
            "dollars in the earlier period; for options the notional of the underlying",
            nullable=True,
        ),
        Column("value", "int", "dollars in the later period; likewise", nullable=True),
        Column("value_change", "int", "their difference", nullable=True),
        Column("weight_before", "float", "percent of share rows that are no options", nullable=True),
        Column("weight", "float", "percent of share rows that are no options", nullable=True),
        Column("weight_change", "float", "in percentage points", nullable=True),
        Column("trade_effect", "int", "dollars: change in amount at the mean of both prices", nullable=True),
        Column("price_effect", "int", "dollars: the rest of the change in value", nullable=True),
        Column("cause", "causes", "why: cause, confidence (below), and evidence: kind, detail, the filing, its rows"),
        Column("residual", "int", "shares traded beside the one ratio that the whole book moved by", nullable=True),
        Column("hidden_days", "int", "days from the first report to the amendment that disclosed it", nullable=True),
        ODDITIES_COLUMN,
        *TICKER_FROM_COLUMNS,
    ),
)

STANCES = Table(
    "stances",
    "an issuer on which options are listed: stock, calls and puts beside each other, never added up",
    ("cik", "period", "against", "issuer_number"),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        PERIOD_COLUMN,
        MOVES.column("against"),
        Column("issuer_number", "str", "the issuer's six characters, with which its CUSIPs begin"),
        Column("issuer", "str", "name of issuer as filed, of the first of its rows"),
        Column("tickers", "list[str]", "symbols of its rows, those that are known"),
        Column("stance_before", "str", "what is listed of it in the earlier period", words=STANCE_WORDS),
        Column("stance", "str", "what is listed of it in the later period", words=STANCE_WORDS),
        *(
            Column(f"{book}_{what}{side}", "int", f"{book}, {period} period: {meaning}", nullable=True)
            for book, amounts, values in (
                ("stock", "shares", "dollars"),
                ("calls", "shares of the underlying", "dollars, the notional of the underlying"),
                ("puts", "shares of the underlying", "dollars, the notional of the underlying"),
            )
            for what, meaning in (("amount", f"{amounts}; null: unknown, or of several classes"), ("value", values))
            for side, period in (("_before", "earlier"), ("", "later"))
        ),
    ),
)

BOOKS = ("stock", "principal", "calls", "puts")

TALLIES = Table(
    "tallies",
    "moves of some securities added up; what is added up over securities has no label, over managers no CIK",
    ("label", "cik", "book"),
    (
        Column("label", "str", "the security, as it is named in the basket; null: all of them", nullable=True),
        Column("cik", "str", "the manager's Central Index Key; null: all of them", nullable=True),
        Column("manager", "str", "its name; null: all of them", nullable=True),
        Column("book", "str", "stock, principal, calls or puts, which are never added to each other", words=BOOKS),
        Column("managers", "int", "managers with such a row"),
        *(Column(change, "int", f"rows that are {change}") for change in CHANGES),
        *(Column(name, "int", f"sum of {name}, of what is known; null: of several CUSIPs, or of different quarters",
                 nullable=True) for name in ("amount_before_adjusted", "amount", "amount_change")),
        *(Column(name, "int", f"sum of {name}, of what is known; null: nothing is, or it is of different quarters",
                 nullable=True)
          for name in ("value_before", "value", "value_change", "trade_effect", "price_effect")),
        Column("not_summed", "list[str]", "CIKs of the managers of whom a change is unknown: it is in no sum"),
    ),
)  # fmt: skip

HISTORY = Table(
    "history",
    "a position in a period, with its change since the period before",
    MOVES.key,
    (
        *MOVES.columns,
        Column("reentered", "bool", "new now, and held in a period before the one compared with"),
        Column(
            "quarters_held",
            "int",
            "quarters in a row that it is in the reports here, this one counted; null for "
            "options, and where it is not held",
            nullable=True,
        ),
        Column(
            "held_at_least",
            "bool",
            "whether it may be more: the quarter before is not here, or not in full",
            nullable=True,
        ),
    ),
)

HOLDERS = Table(
    "holders",
    "a manager's newest position in a security",
    HOLDINGS.key,
    HOLDINGS.columns,
)

_ISSUER = (
    Column("issuer_number", "str", "the issuer's six characters, with which its CUSIPs begin"),
    Column("issuer", "str", "name of issuer as filed, of the first of its rows"),
    Column("cusips", "list[str]", "the CUSIPs added up, a row each"),
    Column("tickers", "list[str]", "their symbols, those that are known"),
)

ISSUER_HOLDINGS = Table(
    "issuer_holdings",
    "an issuer's positions added up; amounts are not, since classes differ",
    ("cik", "period", "issuer_number", "put_call", "amount_type"),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        PERIOD_COLUMN,
        *_ISSUER,
        PUT_CALL_COLUMN,
        AMOUNT_TYPE_COLUMN,
        HOLDINGS.column("value"),
        HOLDINGS.column("weight"),
    ),
)

ISSUER_MOVES = Table(
    "issuer_moves",
    "an issuer's moves added up; amounts are not, since classes differ",
    ("cik", "period", "against", "issuer_number", "put_call", "amount_type"),
    (
        CIK_COLUMN,
        MANAGER_COLUMN,
        PERIOD_COLUMN,
        MOVES.column("against"),
        *_ISSUER,
        PUT_CALL_COLUMN,
        AMOUNT_TYPE_COLUMN,
        Column("change", "str", "what all rows share, else added or reduced by dollars traded; unknown if one is",
               words=CHANGES),
        Column("changes", "list[str]", "the change of each CUSIP, in the order of cusips"),
        *(
            MOVES.column(name)
            for name in ("value_before", "value", "value_change", "weight_before", "weight", "weight_change",
                         "trade_effect", "price_effect")
        ),
    ),
)  # fmt: skip
