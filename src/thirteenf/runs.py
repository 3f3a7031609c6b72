"""Reports of what runs did: import, rebuild, refresh, ingest; and of what happened to the cache by them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.report import Report
from thirteenf.tables import EVENTS, IMPORTED, INGESTED, REFRESHED
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from thirteenf.errors import ThirteenfError
    from thirteenf.ingested import Ingested
    from thirteenf.outcome import Manager, Outcome
    from thirteenf.tracker import Tracker


def imported(name: str, taken: pl.DataFrame) -> Report:
    """What became of files that were offered, or of the archive's filings in a rebuild; what was refused first."""
    counts = {
        outcome: taken.filter(pl.col("outcome") == outcome).height for outcome in ("added", "unchanged", "refused")
    }
    rows = taken.sort(pl.col("outcome") != "refused", maintain_order=True)
    return Report(name, counts, "imported", IMPORTED, rows)


def refreshed(outcome: Outcome, tracker: Tracker | None = None, notices: Mapping[str, int] | None = None) -> Report:
    """What a refresh did, a row a manager, with the moves of each newest period that it touched.

    Args:
        outcome: what it did.
        tracker: the cache as it is now; None if it tells nothing new: after a dry run, or where nothing is held.
        notices: how many went out, and how many wait; None if nobody is told.
    """
    newest: dict[str, date] = {}
    if tracker:
        newest = dict(tracker.books.counted().group_by("cik").agg(pl.col("period").max()).iter_rows())
    managers = sorted(outcome.managers.values(), key=lambda one: (one.name.casefold(), one.cik))
    rows = []
    for one in managers:
        latest = newest.get(one.cik)
        changes: Mapping[str, int] | None = None
        if tracker and latest and (one.cik, latest) in outcome.touched:
            changes = Counter(tracker.moves(one.cik, latest)["change"].to_list())
        rows.append(_row(one, latest, changes))
    frame = pl.DataFrame(rows, schema=REFRESHED.schema())
    return Report("refresh", _head(outcome, notices), "managers", REFRESHED, frame)


def ingested(outcome: Ingested) -> Report:
    """What an ingest did, a row a data set, in the order in which they were taken."""
    sizes = [row["bytes"] for row in outcome.rows if row["name"] in outcome.missing]
    is_known = outcome.dry_run and None not in sizes
    counts = {word: sum(row["outcome"] == word for row in outcome.rows) for word in ("added", "unchanged", "refused")}
    head = {
        "dry_run": outcome.dry_run,
        "periods": list(outcome.periods),
        "listed": outcome.listed,
        "planned": {
            "data_sets": len(outcome.missing), "bytes": sum(sizes) if is_known else None,
            "requests": len(outcome.missing), "held": outcome.held,
        },
        **counts,
        "fetched": outcome.fetched,
        "bytes": outcome.bytes,
        "requests": outcome.requests,
        "seconds": round(outcome.seconds, 3),
        "rate": outcome.rate,
        "errors": _errors(outcome.errors),
    }  # fmt: skip
    return Report("ingest", head, "data_sets", INGESTED, pl.DataFrame(outcome.rows, schema=INGESTED.schema()))


def _errors(errors: Iterable[ThirteenfError]) -> list[dict[str, str]]:
    return [{"code": error.code, "message": error.message, "hint": error.hint} for error in errors]


def _row(one: Manager, latest: date | None, changes: Mapping[str, int] | None) -> dict[str, Any]:
    counts = {name: getattr(one, name) for name in ("listed", "wanted", "fetched", "parsed", "refused")}
    moves = {change: None if changes is None else changes[change] for change in CHANGES}
    message = "; ".join(dict.fromkeys(one.problems)) or None
    return {"cik": one.cik, "manager": one.name or None, **counts, "latest_period": latest, **moves, "message": message}


def _head(outcome: Outcome, notices: Mapping[str, int] | None) -> dict[str, Any]:
    plan, kept = outcome.plan, outcome.references
    return {
        "dry_run": outcome.dry_run,
        "accepted": outcome.accepted,
        "planned": {
            "filings": plan.requests, "seconds": round(plan.seconds(outcome.rate), 1), "held": len(plan.held),
            "too_old": plan.too_old, "beyond_limit": plan.beyond_limit,
        },
        **{name: outcome.total(name) for name in ("fetched", "parsed", "refused")},
        "resumed": outcome.resumed,
        "requests": {
            "all": outcome.requests, "listings": outcome.listing_requests, "references": outcome.reference_requests,
        },
        "seconds": round(outcome.seconds, 3),
        "rate": outcome.rate,
        "references": {
            "here": kept.here, "fetched": kept.fetched, "absent": kept.absent, "failed": kept.failed
        } if kept else None,
        "events": {"first": outcome.events[0], "last": outcome.events[-1]} if outcome.events else None,
        "notices": notices,
        "clock_is_off": round(outcome.clock_is_off),
        "errors": _errors(outcome.errors),
    }  # fmt: skip


def events(told: pl.DataFrame, since: int) -> Report:
    """What happened to a cache after an id; `last` is the id to ask after next time."""
    last = told["id"].max() if told.height else since
    return Report("events", {"since": since, "last": last}, "events", EVENTS, told)
