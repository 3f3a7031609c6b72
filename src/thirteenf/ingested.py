"""Which data sets an ingest was asked for, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from thirteenf.errors import ThirteenfError


@dataclass(frozen=True)
class Asked:
    """Which data sets: those with the reports of some periods, every one that the SEC lists, some files.

    With `latest` those of the newest period whose reports are all there, as far as they came in time.
    """

    periods: tuple[date, ...] = ()
    latest: bool = False
    everything: bool = False
    files: tuple[Path, ...] = ()


@dataclass
class Ingested:
    """What a run came to: `rows` as in tables.INGESTED; `missing`: names of the sets that were not here."""

    dry_run: bool = False
    periods: list[date] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    held: int = 0
    listed: int | None = None
    """How many sets the SEC lists; None if it was not asked."""
    fetched: int = 0
    bytes: int = 0
    """Bytes that came, what a killed run had fetched before left out."""
    unreadable: int = 0
    """How many filings of the sets that were read now cannot be."""
    requests: int = 0
    seconds: float = 0.0
    rate: float | None = None
    errors: list[ThirteenfError] = field(default_factory=list)
