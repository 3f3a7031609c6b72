"""What to fetch: out of what is listed and what is held, before a single filing is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from thirteenf.listings import Listed

FIRST_XML = date(2013, 5, 1)
"""From May 2013 on information tables come as XML; what was filed before is text, which is not read."""


@dataclass(frozen=True)
class Plan:
    """The filings to fetch, oldest first; those listed that are held; those listed but left out, by why."""

    wanted: tuple[Listed, ...] = ()
    held: tuple[Listed, ...] = ()
    too_old: int = 0
    beyond_limit: int = 0

    @property
    def requests(self) -> int:
        """What it costs: a filing a request."""
        return len(self.wanted)

    def seconds(self, rate: float) -> float:
        """How long that takes at so many requests a second."""
        return self.requests / rate


def plan(
    listed: Iterable[Listed], held: Collection[str], *, since: date | None = None, limit: int | None = None
) -> Plan:
    """Decide what to fetch.

    Args:
        listed: filings as EDGAR lists them, in any order; one may stand there more than once.
        held: accession numbers of filings that are here: an accepted one never changes, so these are never asked for.
        since: only filings for this period or later; where a listing has no period, only those filed then or later.
        limit: fetch no more than so many, the newest ones.
    """
    ordered = sorted(listed, key=lambda one: (one.filing_date, one.accession_number, one.cik))
    every: dict[str, Listed] = {}
    for one in ordered:
        every.setdefault(one.accession_number, one)
    ordered = list(every.values())
    kept = [one for one in ordered if one.accession_number in held]
    missing = [one for one in ordered if one.accession_number not in held]
    wanted = [one for one in missing if _is_wanted(one, since)]
    chosen = wanted if limit is None else wanted[max(0, len(wanted) - limit) :]
    return Plan(tuple(chosen), tuple(kept), len(missing) - len(wanted), len(wanted) - len(chosen))


def _is_wanted(one: Listed, since: date | None) -> bool:
    if one.filing_date < FIRST_XML:
        return False
    return since is None or (one.period or one.filing_date) >= since
