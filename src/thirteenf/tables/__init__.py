"""Every table once: its columns, their types and meaning, its key. Formats, schemas and the docs are read off here."""

from __future__ import annotations

from thirteenf.tables.column import POSITION_KEY, Column, Table, is_option, is_stock
from thirteenf.tables.filed import (
    FILERS,
    FILINGS,
    FILINGS_REPORT,
    INFORMATION_TABLE,
    ODDITIES,
    POSITIONS,
    UNREADABLE,
)
from thirteenf.tables.held import HISTORY, HOLDERS, HOLDINGS, ISSUER_HOLDINGS, ISSUER_MOVES, MOVES, STANCES, TALLIES
from thirteenf.tables.known import CONSENSUS, LINEAGE, LISTED, SECURITIES, SIGHTINGS
from thirteenf.tables.surveyed import BASKET_FLOWS, CROWDING, FLOWS, HELD_BY, OVERLAP, PANEL, STANDING
from thirteenf.tables.told import (
    BASKETS,
    EVENTS,
    FINDINGS,
    IMPORTED,
    INGESTED,
    MANAGERS,
    PROBLEMS,
    REFRESHED,
    REFUSED,
    STATUS,
    TRACED,
    WATCHLIST,
)

__all__ = [
    "ALL",
    "BASKETS",
    "BASKET_FLOWS",
    "CONSENSUS",
    "CROWDING",
    "EVENTS",
    "FILERS",
    "FILINGS",
    "FILINGS_REPORT",
    "FINDINGS",
    "FLOWS",
    "HELD_BY",
    "HISTORY",
    "HOLDERS",
    "HOLDINGS",
    "IMPORTED",
    "INFORMATION_TABLE",
    "INGESTED",
    "ISSUER_HOLDINGS",
    "ISSUER_MOVES",
    "LINEAGE",
    "LISTED",
    "MANAGERS",
    "MOVES",
    "ODDITIES",
    "OVERLAP",
    "PANEL",
    "POSITIONS",
    "POSITION_KEY",
    "PROBLEMS",
    "REFRESHED",
    "REFUSED",
    "SECURITIES",
    "SIGHTINGS",
    "STANCES",
    "STANDING",
    "STATUS",
    "TALLIES",
    "TRACED",
    "UNREADABLE",
    "WATCHLIST",
    "Column",
    "Table",
    "is_option",
    "is_stock",
]

ALL = (
    FILINGS, INFORMATION_TABLE, POSITIONS, ODDITIES, FILERS,
    HOLDINGS, MOVES, HISTORY, STANCES, TALLIES, ISSUER_HOLDINGS, ISSUER_MOVES,
    SECURITIES, LINEAGE, SIGHTINGS, LISTED, CONSENSUS,
    STANDING, PANEL, HELD_BY, FLOWS, BASKET_FLOWS, CROWDING, OVERLAP,
    MANAGERS, STATUS, WATCHLIST, BASKETS,
    FILINGS_REPORT, UNREADABLE, REFRESHED, REFUSED, EVENTS, IMPORTED, INGESTED, PROBLEMS, TRACED, FINDINGS,
)  # fmt: skip
