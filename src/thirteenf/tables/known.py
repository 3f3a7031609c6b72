"""Tables of what is known of securities: their symbols, what became of them, and where both are from."""

from __future__ import annotations

from thirteenf.tables.column import TICKER_FROM_COLUMNS, Column, Table
from thirteenf.vocabulary import ACTIONS, CERTAINTIES

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
        *TICKER_FROM_COLUMNS,
    ),
)

SIGHTINGS = Table(
    "sightings",
    "a stretch of days on which fails-to-deliver files show a CUSIP under one symbol, without a jump in price",
    ("cusip", "first", "symbol"),
    (
        Column("cusip", "str", "CUSIP"),
        Column("symbol", "str", "symbol as in the file, without the marks XXXX and ZZZZ"),
        Column("mark", "str", "retired (XXXX), to-come (ZZZZ), or blank", nullable=True),
        Column("issuer", "str", "description as in the file, cut there at 30 characters"),
        Column("first", "date", "first settlement day"),
        Column("last", "date", "last settlement day"),
        Column("days", "int", "settlement days on which it is seen"),
        Column("first_price", "int", "first price of the stretch, hundredths of a cent; null: none", nullable=True),
        Column("last_price", "int", "last price of the stretch, hundredths of a cent; null: none", nullable=True),
    ),
)

LISTED = Table(
    "listed",
    "a security on the SEC's Official List of 13(f) securities of a quarter",
    ("quarter", "cusip"),
    (
        Column("quarter", "date", "the quarter's last day"),
        Column("cusip", "str", "CUSIP"),
        Column("issuer", "str", "name of issuer"),
        Column("title_of_class", "str", "description, cut in the list at 27 characters"),
        Column("has_options", "bool", "whether options on it are listed"),
        Column("status", "str", "added or deleted in this quarter, or blank", nullable=True),
    ),
)

CONSENSUS = Table(
    "consensus",
    "a security on a quarter's last day, by all reports of this cache",
    ("cusip",),
    (
        Column("cusip", "str", "CUSIP"),
        Column("holders", "int", "managers who list shares of it"),
        Column("amount", "int", "shares that they list together"),
        Column("price", "float", "median over them of value for each share, in dollars"),
    ),
)

LINEAGE = Table(
    "lineage",
    "something that was done to a security: a split, another CUSIP, a merger, a spin-off",
    ("period", "cusip_before", "cusip"),
    (
        Column(
            "kind", "str", "; ".join(f"{kind}: {meaning}" for kind, meaning in ACTIONS.items()), words=tuple(ACTIONS)
        ),
        Column("against", "date", "it happened after this quarter's end"),
        Column("period", "date", "and by this one's"),
        Column("date", "date", "the day that it took effect; null: not known", nullable=True),
        Column("cusip_before", "str", "CUSIP before"),
        Column("cusip", "str", "CUSIP after; of a spin-off, that of what was spun off"),
        Column("shares_before", "int", "so many shares before …"),
        Column("shares", "int", "… became so many after"),
        Column(
            "certainty",
            "str",
            "; ".join(f"{word}: {meaning}" for word, meaning in CERTAINTIES.items()),
            words=tuple(CERTAINTIES),
        ),
        Column("evidence", "list[str]", "what says so, best first"),
        Column("holders", "int", "managers who held it on both days; null: not asked", nullable=True),
        Column("votes", "int", "those of them whose amounts say so; null: not asked", nullable=True),
        Column("price_ratio", "float", "implied price before, for each dollar of that after", nullable=True),
    ),
)
