"""What happened since the last run ended, told as events: filings taken in, refused, and past figures that changed.

What had been told before stands in state/told.parquet: which filings there were, in which unit each was read, and
whether it counted. So a run that was killed anywhere leaves it to the next one to tell what it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf import RULES, acceptances, files, periods
from thirteenf.books import Books
from thirteenf.events import Event, Events
from thirteenf.tabled import DATA_SETS, is_of_set
from thirteenf.tables import HOLDINGS, POSITION_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from thirteenf.places import Places
    from thirteenf.store import Store

_MOST = 50
"""Managers of whose revised figures for one period each is told alone; of more their number."""
_TOLD = {"accession_number": pl.String, "value_unit": pl.String, "counts": pl.Boolean}


def events(places: Places) -> Events:
    """A cache's events."""
    return Events(places.state / "events.ndjson")


def note(places: Places, store: Store) -> list[int]:
    """Append what happened since the last call; the caller holds the writer's lock.

    Returns:
        The ids of the new events.

    Raises:
        StoreError: if the disk refuses; the next call tells it all.
    """
    kept, path = events(places), places.state / "told.parquet"
    confirmed = acceptances.read(places.state)
    books = Books(store, confirmed)
    now = books.filings().select("accession_number", "value_unit")
    refused = books.refusals()
    now = now.with_columns(counts=~pl.col("accession_number").is_in(list(refused)))
    before, rules, last = _read(path)
    is_told = before is not None and before.equals(now) and rules == RULES
    if is_told and not confirmed and not store.unreadable().height:
        return []
    known = {} if before is None else dict(before.select("accession_number", "counts").iter_rows())
    sets, of_sets = _of_sets(books, store, known, refused)
    told = [
        *sets, *_filings(books, {*kept.noted("filed", "amended"), *known, *of_sets}),
        *_refused(books, store, {*kept.noted("refused"), *of_sets, *(n for n, counts in known.items() if not counts)}),
        *_accepted(books, set(confirmed) - kept.noted("accepted")),
        *(_revised(books, store, before) if before is not None else ()),
    ]  # fmt: skip
    if before is not None and rules != RULES:
        told.insert(0, Event("rebuilt", f"figures made under rules {rules} were made anew under rules {RULES}"))
    by_a_killed_run = {(row["kind"], row["message"]) for row in kept.since(last).iter_rows(named=True)}
    ids = kept.append(one for one in told if (one.kind, one.message) not in by_a_killed_run)
    _write(path, now, kept.last)
    return ids


def _of_sets(
    books: Books, store: Store, known: Collection[str], refused: Collection[str]
) -> tuple[list[Event], set[str]]:
    """An event for each data set that is new in the tables, and the filings that it stands for.

    Those are the filings of new sets, all that cannot be read of sets, and what of older sets came to the tables when
    a better copy was removed: a set is told once.
    """
    filings = books.filings().filter(is_of_set())
    unreadable = store.unreadable().filter(is_of_set())
    told = filings.with_columns(
        is_told=pl.col("accession_number").is_in(list(known)),
        is_refused=pl.col("accession_number").is_in(list(refused)),
    )
    sums = told.group_by("document").agg(
        pl.len(), pl.col("row_count").sum(), pl.col("is_refused").sum(), pl.col("is_told").any()
    )
    lost = dict(unreadable.group_by("document").len().iter_rows())
    events = []
    for document, count, rows, odd, is_told in sums.sort("document").iter_rows():
        if not is_told:
            message = f"{document.removeprefix(DATA_SETS)}: {count:,} filings, {rows:,} rows"
            more = ((odd, "refused until confirmed"), (lost.get(document, 0), "cannot be read"))
            events.append(Event("ingested", ", ".join([message, *(f"{n:,} {what}" for n, what in more if n)])))
    new = sums.filter(~pl.col("is_told"))["document"].to_list()
    covered = told.filter(pl.col("document").is_in(new))["accession_number"]
    return events, {*covered, *unreadable["accession_number"]}


def _accepted(books: Books, fresh: set[str]) -> Iterator[Event]:
    """Filings that the user has confirmed."""
    for row in books.filings().filter(pl.col("accession_number").is_in(sorted(fresh))).iter_rows(named=True):
        yield _event("accepted", f"{row['manager']}: {row['accession_number']} was confirmed", row)


def _filings(books: Books, noted: set[str]) -> Iterator[Event]:
    """Filings that are new in the tables."""
    names = ("cik", "manager", "period", "accession_number", "form_type", "amendment_type", "filing_date", "row_count")
    fresh = books.filings().filter(~pl.col("accession_number").is_in(list(noted))).sort("filing_date", "cik")
    for row in fresh.select(*names, "is_amendment").iter_rows(named=True):
        kind = "amended" if row["is_amendment"] else "filed"
        what = f"{row['form_type']} {row['amendment_type'] or ''}".strip()
        message = f"{row['manager']}: {what} for {periods.told(row['period'])}, {row['row_count']:,} rows"
        yield _event(kind, message, row)


def _refused(books: Books, store: Store, noted: set[str]) -> Iterator[Event]:
    """Filings that do not count, and were not told of before."""
    refusals = {accession: one for accession, one in books.refusals().items() if accession not in noted}
    for row in books.filings().filter(pl.col("accession_number").is_in(list(refusals))).iter_rows(named=True):
        yield _event("refused", f"{row['manager']}: {refusals[row['accession_number']].message}", row)
    for row in store.unreadable().iter_rows(named=True):
        if row["accession_number"] not in noted:
            yield _event("refused", f"{row['manager'] or row['cik']}: {row['message']}", row)


def _revised(books: Books, store: Store, before: pl.DataFrame) -> Iterator[Event]:
    """Periods of which something had been told, and whose figures are others now."""
    known = books.filings()
    then = known.drop("value_unit").join(before.filter("counts"), on="accession_number").select(known.columns)
    keys = ["cik", "period"]
    marks = pl.concat_str("accession_number", "value_unit", separator=" ").sort().alias("marks")
    old, new = (frame.group_by(keys).agg(marks) for frame in (then, books.counted().select(known.columns)))
    both = old.join(new, on=keys, how="left", suffix="_now").sort(keys)
    changed = both.filter(pl.col("marks").ne_missing(pl.col("marks_now")))
    past = Books(store, then["accession_number"].to_list(), then)
    are_many = pl.len().over("period") > _MOST
    for (period,), of_period in changed.filter(are_many).sort("period").partition_by("period", as_dict=True).items():
        if number := _revised_managers(past, books, period, of_period["cik"].to_list()):
            told = f"the figures of {number:,} managers for {periods.told(period)} are revised"
            yield Event("revised", told, period=period)
    for cik, period in changed.filter(~are_many).select(keys).iter_rows():
        one, other = _figures(past, cik, period), _figures(books, cik, period)
        if not one.equals(other):
            name = known.filter(pl.col("cik") == cik).sort("filing_date")["manager"][-1]
            yield Event("revised", _difference(name, period, one, other), cik, name, period)


def _revised_managers(past: Books, now: Books, period: date, ciks: list[str]) -> int:
    """How many of some managers have other figures for a period than before."""
    names = ["cik", *POSITION_KEY, "amount", "value"]
    one, other = (
        books.everyone(period).filter(pl.col("cik").is_in(ciks)).select(names).collect() for books in (past, now)
    )
    changed = [a.join(b, on=names, how="anti")["cik"] for a, b in ((one, other), (other, one))]
    return pl.concat(changed).n_unique()


def _figures(books: Books, cik: str, period: date) -> pl.DataFrame:
    """A manager's positions, to compare."""
    side = books.side(cik, period)
    names = [*POSITION_KEY, "amount", "value"]
    return side.holdings.select(names).sort(POSITION_KEY) if side else HOLDINGS.schema(names).to_frame()


def _difference(name: str, period: date, before: pl.DataFrame, after: pl.DataFrame) -> str:
    same = before.join(after, on=before.columns, how="semi").height
    known = before.join(after, on=list(POSITION_KEY), how="semi").height
    parts = (
        (after.height - known, "came in"), (before.height - known, "went"), (known - same, "changed"),
    )  # fmt: skip
    told = ", ".join(f"{number} {what}" for number, what in parts if number)
    return (
        f"{name}: the figures for {periods.told(period)} are revised: of {before.height} positions {told}; "
        f"total ${before['value'].sum():,} before, ${after['value'].sum():,} now"
    )


def _event(kind: str, message: str, row: Mapping[str, object]) -> Event:
    names = ("cik", "manager", "period", "accession_number", "form_type")
    return Event(kind, message, **{name: row[name] for name in names})  # type: ignore[arg-type]


def _read(path: Path) -> tuple[pl.DataFrame | None, str, int]:
    """What had been told when the last run ended, under which rules, and the last event then.

    None if nothing was, or the file is damaged.
    """
    try:
        known = pl.read_parquet_metadata(path)
        return pl.read_parquet(path), known.get("rules", ""), int(known.get("last", 0))
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return None, "", 0


def _write(path: Path, told: pl.DataFrame, last: int) -> None:
    with files.replacing(path) as beside:
        told.select(list(_TOLD)).write_parquet(beside, metadata={"rules": RULES, "last": str(last)})
