"""What a refresh was asked for, how far it is, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thirteenf.edgar.pace import RATE
from thirteenf.plan import Plan

if TYPE_CHECKING:
    from datetime import date

    from thirteenf.errors import ThirteenfError
    from thirteenf.references import Kept


@dataclass(frozen=True)
class Asked:
    """What is to be brought up to date.

    `managers` as a user names them; or, with `every_filer_of`, every manager that filed in the quarter after a period.
    `since` bounds history, `limit` the number of filings of one run.
    """

    managers: tuple[str, ...] = ()
    since: date | None = None
    every_filer_of: date | None = None
    limit: int | None = None


@dataclass
class Manager:
    """One manager in a run, and what was done for it."""

    cik: str
    name: str = ""
    listed: int = 0
    wanted: int = 0
    fetched: int = 0
    parsed: int = 0
    refused: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What a run came to. `touched`: managers and periods whose filings it changed."""

    plan: Plan = field(default_factory=Plan)
    managers: dict[str, Manager] = field(default_factory=dict)
    touched: set[tuple[str, date]] = field(default_factory=set)
    accepted: str | None = None
    references: Kept | None = None
    requests: int = 0
    listing_requests: int = 0
    reference_requests: int = 0
    seconds: float = 0.0
    rate: float = RATE
    dry_run: bool = False
    events: list[int] = field(default_factory=list)
    errors: list[ThirteenfError] = field(default_factory=list)
    clock_is_off: float = 0.0
    resumed: int = 0
    """Filings that a killed run had left in the archive and that were read now."""
    meant: tuple[str, ...] = ()
    """The CIKs that the names asked for stand for."""
    given_up: bool = False
    """Whether EDGAR did not answer three times in a row, and nothing more was asked."""
    missed: set[str] = field(default_factory=set)
    """Accession numbers that were wanted and could not be had."""

    def total(self, name: str) -> int:
        """A count over all managers."""
        return sum(getattr(manager, name) for manager in self.managers.values())


@dataclass(frozen=True)
class Step:
    """How far a run has come, for whoever watches it."""

    done: int
    of: int
    what: str
