"""Reports: one function each, from a tracker's frames to a Report that any renderer can show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import issuers, measures, periods
from thirteenf import managers as who
from thirteenf import moves as differ
from thirteenf.description import described
from thirteenf.errors import ImplausibleError, MalformedFilingError, NotFoundError, ThirteenfError
from thirteenf.filing import Oddity
from thirteenf.lineage import following
from thirteenf.report import Report
from thirteenf.stances import stances
from thirteenf.tables import (
    BASKETS,
    FILINGS_REPORT,
    HISTORY,
    HOLDERS,
    HOLDINGS,
    ISSUER_HOLDINGS,
    ISSUER_MOVES,
    MANAGERS,
    MOVES,
    STATUS,
    WATCHLIST,
    is_option,
    is_stock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from thirteenf.baskets import Basket, Outstanding, Resolved
    from thirteenf.books import Side
    from thirteenf.comparisons import Comparison
    from thirteenf.tracker import Tracker


@dataclass(frozen=True)
class Filters:
    """Which moves to show; the summary is always of all of them."""

    change: tuple[str, ...] = ()
    security: str | None = None
    options: str | None = None
    top: int | None = None
    min_value: int | None = None

    def by_issuer(
        self, tracker: Tracker, frame: pl.DataFrame, as_of: date | None, added: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> pl.DataFrame:
        """What passes, added up by issuer: all but options is asked of the sums, so that none is a part of one."""
        rows = added(Filters(options=self.options).apply(tracker, frame, as_of))
        if self.security:
            wanted = tracker.cusips(self.security, as_of)
            rows = rows.filter(pl.col("cusips").list.eval(pl.element().is_in(wanted)).list.any())
        return replace(self, security=None, options=None).apply(tracker, rows, as_of)

    def apply(self, tracker: Tracker, frame: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
        """The moves, or positions, that pass.

        Raises:
            NotFoundError: if the security is not known.
        """
        if self.change:
            frame = frame.filter(pl.col("change").is_in(self.change))
        if self.security:
            wanted = tracker.cusips(self.security, as_of)
            numbers = [name for name in ("cusip", "cusip_before") if name in frame.columns]
            frame = frame.filter(pl.any_horizontal(pl.col(numbers).is_in(wanted)))
        if self.options:
            frame = frame.filter(is_option() == (self.options == "only"))
        if self.min_value is not None:
            sides = [name for name in ("value", "value_before") if name in frame.columns]
            frame = frame.filter(pl.max_horizontal(sides) >= self.min_value)
        return frame if self.top is None else frame.head(self.top)


def diff(
    tracker: Tracker,
    manager: str,
    period: str = "latest",
    against: str | None = None,
    as_of: date | None = None,
    filters: Filters = Filters(),
    *,
    by_issuer: bool = False,
    against_as_of: date | None = None,
) -> Report:
    """What one manager changed between two periods; position by position, or added up by issuer.

    With `against_as_of` one period beside itself as it was known on that earlier day.
    """
    told = tracker.compare(manager, period, against=against, as_of=as_of, against_as_of=against_as_of)
    before = told.before.report() if told.before else FILINGS_REPORT.schema().to_frame()
    if by_issuer:
        rows = filters.by_issuer(tracker, told.moves, as_of, issuers.moves)
        name, table, shown = "diff-by-issuer", ISSUER_MOVES, rows["cusips"].explode().drop_nulls()
    else:
        rows = filters.apply(tracker, told.moves, as_of)
        name, table, shown = "diff", MOVES, rows["cusip"]
    head = {
        "manager": {"cik": told.asked.cik, "name": told.asked.manager},
        "period": told.asked.period,
        "against": told.asked.against,
        "held_before": told.held_before,
        "as_of": as_of,
        "against_as_of": told.asked.against_as_of,
        **_due(tracker, told.asked.cik, as_of),
        "filings": {"before": before, "after": told.after.report()},
        "comparable": told.reason is None,
        "reason": told.reason,
        "continuity": told.continuity,
        "redemption": told.redemption._asdict() if told.redemption else None,
        "summary": differ.summary(told.moves) | {"measures": _measures(tracker, told)},
        "options": stances(told.moves, shown.to_list()),
        "unknown_tickers": _unknown_tickers(told.moves),
        "refused": tracker.refused(told.asked.cik, as_of=as_of),
    }
    odd = _oddities(tracker, told.before, told.after)
    leaves_out_held = told.asked.is_of_one_period and not (filters.change or filters.security)
    return Report(name, head, "moves", table, rows, tracker.source, odd, leaves_out_held=leaves_out_held)


def moves(
    tracker: Tracker,
    managers: Sequence[str],
    period: str = "latest",
    against: str | None = None,
    as_of: date | None = None,
    filters: Filters = Filters(),
    *,
    basket: Basket | None = None,
    outstanding: Sequence[Outstanding] = (),
) -> Report:
    """What many managers changed, in one table; who has no such report is listed, not dropped.

    With a basket only its securities, in its order and with their sums; `outstanding`: how many shares there are.
    """
    told: dict[str, Comparison] = {}
    missing = []
    for manager in managers:
        try:
            comparison = tracker.compare(manager, period, against=against, as_of=as_of)
        except (NotFoundError, ImplausibleError, MalformedFilingError) as error:
            missing.append({"manager": manager, "message": error.message, "hint": error.hint})
        else:
            told[comparison.asked.cik] = comparison
    for cik in _told_twice(told):
        told[cik] = tracker.compare(cik, period, against=against, as_of=as_of, follows=False)
    if not told and missing:
        raise NotFoundError(missing[0]["message"], missing[0]["hint"])
    every = pl.concat([MOVES.schema().to_frame(), *(c.moves for c in told.values())])
    rows = differ.in_order(every)
    alike = len({(c.asked.period, c.asked.against) for c in told.values()}) <= 1
    listed, told_of = rows, None
    if basket is not None:
        from thirteenf import tallies  # noqa: PLC0415 - only where a basket is asked for

        found = tracker.basket(basket, max(one.asked.period for one in told.values()), as_of)
        listed = tallies.labelled(rows, found.labels)
        told_of = _basket(tracker, found, listed, list(told.values()), outstanding, alike=alike)
        listed = listed.drop("label")
    shown = filters.apply(tracker, listed, as_of)
    head = {
        "as_of": as_of,
        "managers": [
            {"cik": c.asked.cik, "name": c.asked.manager, "period": c.asked.period, "against": c.asked.against,
             "filing_date": max((one["filing_date"] for one in c.after.in_force), default=None),
             **_due(tracker, c.asked.cik, as_of), "comparable": c.reason is None, "reason": c.reason,
             "continuity": c.continuity,
             "redemption": c.redemption._asdict() if c.redemption else None}
            for c in told.values()
        ],
        "missing": missing,
        "summary": differ.summary(rows, sums=alike),
        "basket": told_of,
        "options": stances(rows, shown["cusip"].to_list()),
        "unknown_tickers": _unknown_tickers(listed),
        "refused": tracker.refused(as_of=as_of).filter(pl.col("cik").is_in(list(told))),
    }  # fmt: skip
    oddities = _oddities(tracker, *(side for c in told.values() for side in (c.before, c.after)))
    return Report("moves", head, "moves", MOVES, shown, tracker.source, oddities)


def _basket(
    tracker: Tracker, found: Resolved, rows: pl.DataFrame, told: Sequence[Comparison],
    outstanding: Sequence[Outstanding], *, alike: bool,
) -> dict[str, Any]:  # fmt: skip
    """What a basket is and what its securities' moves come to, as it stands in the head of `moves`."""
    from thirteenf import baskets, tallies  # noqa: PLC0415 - only where a basket is asked for

    names = dict(rows.group_by("label", maintain_order=True).agg(pl.col("issuer").first()).iter_rows())
    days = {one.asked.period for one in told}
    counts = [(one.label, baskets.nearest(outstanding, one.label, max(days))) for one in found.members]
    split = {one.label: tracker.split_in(one.cusips, told[0].asked.as_of) for one in found.members if outstanding}
    left = tallies.left_over(rows, counts, max(days), split, told[0].asked.as_of) if len(days) == 1 else []
    return {
        **{name: getattr(found.basket, name) for name in ("name", "title", "sentence", "source", "is_own", "replaces")},
        "securities": [
            {"label": one.label, "cusips": list(one.cusips), "issuer": names.get(one.label), "message": one.message}
            for one in found.members
        ],
        "compared": sum(one.reason is None for one in told),
        "not_compared": [
            {"cik": one.asked.cik, "name": one.asked.manager, "reason": one.reason} for one in told if one.reason
        ],
        "sums": tallies.tally(rows, alike=alike),
        "left_over": left,
    }


def _measures(tracker: Tracker, told: Comparison) -> dict[str, Any]:
    """A manager's own measures, of two books beside each other; how long securities are held, of the later one."""
    found = tracker.quarters_held(told.after, told.asked.cik, told.asked.as_of, measures.LOOKS_BACK)
    return {
        "turnover": told.turnover,
        "before": _concentration(told.before),
        "after": _concentration(told.after),
        "held": measures.held(found, measures.LOOKS_BACK),
    }


def _concentration(side: Side | None) -> dict[str, Any] | None:
    return None if side is None or side.incomparable else measures.concentration(side.holdings)


def _told_twice(told: Mapping[str, Comparison]) -> list[str]:
    """The managers whose rows, of others' filings, another one of a table reports itself or is told with before."""
    found: list[str] = []
    rows_told: set[tuple[str, int]] = set()
    for cik, one in told.items():
        linked = [side for side in (one.before, one.after) if side and side.link and side.link.kind == "notice"]
        whose = {filing["cik"] for side in linked for filing in side.in_force}
        rows = {
            (at["accession_number"], at["row"]) for side in linked for filed in side.holdings["filed"] for at in filed
        }
        if whose & told.keys() or rows & rows_told:
            found.append(cik)
        else:
            rows_told |= rows
    return found


def holdings(
    tracker: Tracker, manager: str, period: str = "latest", as_of: date | None = None, filters: Filters = Filters(),
    *, by_issuer: bool = False,
) -> Report:  # fmt: skip
    """What one manager held; position by position, or added up by issuer."""
    cik, name = tracker.resolve(manager, as_of)
    side = tracker.book(cik, tracker.period(cik, period, as_of), as_of)
    rows = tracker.reported(side, cik, name, as_of)
    head = {
        "manager": {"cik": cik, "name": name},
        "period": side.period,
        "as_of": as_of,
        **_due(tracker, cik, as_of),
        "filings": side.report(),
        "state": side.book.state,
        "continuity": side.link.as_dict() if side.link else None,
        "summary": {
            "positions": rows.height,
            "value_total": rows["value"].sum(),
            "shares_value": rows.filter(is_stock())["value"].sum(),
            "principal_value": rows.filter(~is_stock() & ~is_option())["value"].sum(),
            "options_notional": rows.filter(is_option())["value"].sum(),
        },
        "unknown_tickers": _unknown_tickers(rows),
        "refused": tracker.refused(cik, as_of=as_of),
    }
    odd = _oddities(tracker, side)
    if by_issuer:
        added = filters.by_issuer(tracker, rows, as_of, issuers.holdings)
        return Report("holdings-by-issuer", head, "holdings", ISSUER_HOLDINGS, added, tracker.source, odd)
    shown = filters.apply(tracker, rows, as_of)
    return Report("holdings", head, "holdings", HOLDINGS, shown, tracker.source, odd)


def filings(tracker: Tracker, manager: str | None = None, as_of: date | None = None) -> Report:
    """The filings held, and what became of each."""
    cik, name = tracker.resolve(manager, as_of) if manager else (None, None)
    head = {
        "manager": {"cik": cik, "name": name} if cik else None,
        "as_of": as_of,
        "refused": tracker.refused(cik, as_of=as_of),
    }
    return Report("filings", head, "filings", FILINGS_REPORT, tracker.filings(cik, as_of=as_of), tracker.source)


def history(tracker: Tracker, manager: str, security: str, as_of: date | None = None) -> Report:
    """One security through a manager's reports."""
    cik, name = tracker.resolve(manager, as_of)
    sides = [tracker.side(cik, period, as_of) for period in tracker.periods(cik, as_of)]
    found = tracker.through(cik, security, as_of)
    turnover = {one.asked.period: one.turnover for one in found}
    head = {
        "manager": {"cik": cik, "name": name},
        "security": {"query": security, "cusips": tracker.cusips(security, as_of)},
        "as_of": as_of,
        "periods": [
            {
                "period": side.period,
                "state": side.book.state,
                "turnover": turnover.get(side.period),
                "concentration": _concentration(side),
            }
            for side in sides
        ],
        "refused": tracker.refused(cik, as_of=as_of),
    }
    rows = tracker.retold(found, as_of)
    return Report("history", head, "history", HISTORY, rows, tracker.source, _oddities(tracker, *sides))


def managers(tracker: Tracker, query: str | None = None, as_of: date | None = None) -> Report:
    """The managers held, all or those whose name or CIK holds some text."""
    names = tracker.managers(as_of)
    rows = (
        tracker.books.filings(as_of)
        .group_by("cik")
        .agg(
            pl.len().cast(pl.Int64).alias("filings"),
            first_period=pl.col("period").min(),
            latest_period=pl.col("period").max(),
        )
        .with_columns(
            manager=pl.col("cik").replace_strict(names, return_dtype=pl.String),
            aliases=pl.col("cik").map_elements(who.aliases_of, return_dtype=pl.List(pl.String)),
        )
        .sort("manager", "cik")
        .select(MANAGERS.names)
    )
    if query:
        text = query.casefold()
        aliased = [cik for alias, cik in who.ALIASES.items() if text in alias]
        rows = rows.filter(
            pl.col("manager").str.to_lowercase().str.contains(text, literal=True)
            | pl.col("cik").str.contains(text, literal=True)
            | pl.col("cik").is_in(aliased)
        )
    if query and rows.is_empty():
        who.resolve(query, names)  # says who comes near
    return Report("managers", {"query": query, "as_of": as_of}, "managers", MANAGERS, rows, tracker.source)


def security(tracker: Tracker, query: str, as_of: date | None = None) -> Report:
    """What a CUSIP or ticker is, was and became, and who of the cache holds it in its newest report."""
    meant = tracker.meant(query, as_of)
    lineage = tracker.catalog.lineage(as_of)
    numbers = following.chain(meant, lineage)
    seen = tracker.books.seen(numbers, as_of)
    head = {
        "query": query,
        "as_of": as_of,
        "meant": meant,
        "securities": described(tracker.catalog, numbers, seen, as_of or tracker.today, as_of),
        "actions": lineage.filter(pl.col("cusip").is_in(numbers) | pl.col("cusip_before").is_in(numbers)),
    }
    parts = [
        tracker.holdings(cik, "latest", as_of=as_of, follows=False).filter(pl.col("cusip").is_in(numbers))
        for cik in seen["cik"].unique().sort()
    ]
    rows = pl.concat([HOLDERS.schema().to_frame(), *parts]).sort(
        "put_call", "value", "cik", descending=[False, True, False]
    )
    return Report("security", head, "holders", HOLDERS, rows, tracker.source, _oddities(tracker))


def listed_baskets(known: Iterable[Basket], path: Path) -> Report:
    """The named lists of securities, those that come with the program and the user's own."""
    rows = [{name: getattr(one, name) for name in BASKETS.names} | {"tickers": list(one.tickers)} for one in known]
    frame = pl.DataFrame(rows, schema=BASKETS.schema())
    return Report("baskets", {"config": str(path)}, "baskets", BASKETS, frame)


def status(tracker: Tracker, entries: Sequence[str], as_of: date | None = None) -> Report:
    """Who has filed for the newest quarter that has ended, who is due, who has stopped; what was refused."""
    rows: list[dict[str, Any]] = []
    missing = []
    day = as_of or tracker.today
    expected = periods.last_ended(day)
    due = periods.deadline(expected)
    refused = tracker.refused(as_of=as_of)
    for entry in entries:
        try:
            cik, name = tracker.resolve(entry, as_of)
        except NotFoundError as error:
            missing.append({"manager": entry, "message": error.message, "hint": error.hint})
            continue
        if any(row["cik"] == cik for row in rows):
            continue
        rows.append({
            "cik": cik, "manager": name, **_newest(tracker, cik, as_of),
            "expected_period": expected, "due": due, "filed": expected in tracker.periods(cik, as_of),
            "standing": _standing(tracker, cik, expected, day, as_of),
            "refused": refused.filter(pl.col("cik") == cik).height,
            "refreshed": _moment(tracker.refreshed(cik)),
        })  # fmt: skip
    moments = [row["refreshed"] for row in rows if row["refreshed"]]
    head = {
        "as_of": as_of, "expected_period": expected, "due": due, "cache": str(tracker.places.root),
        "filings": tracker.books.filings(as_of).height, "refreshed": max(moments, default=None),
        "refused": refused.filter(pl.col("cik").is_in([row["cik"] for row in rows])), "missing": missing,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=STATUS.schema()).sort("filed", "manager")
    return Report("status", head, "status", STATUS, frame, tracker.source)


def _newest(tracker: Tracker, cik: str, as_of: date | None) -> dict[str, Any]:
    """A manager's newest period that counts, when it was filed and what it came to."""
    try:
        side = tracker.side(cik, tracker.period(cik, "latest", as_of), as_of)
    except (ImplausibleError, MalformedFilingError, NotFoundError):  # nothing of it counts
        return dict.fromkeys(("latest_period", "latest_filing_date", "latest_state"))
    return {
        "latest_period": side.period, "latest_filing_date": side.filings["filing_date"].max(),
        "latest_state": side.book.state,
    }  # fmt: skip


def _standing(tracker: Tracker, cik: str, expected: date, day: date, as_of: date | None) -> str:
    """A word of vocabulary.STANDINGS; what EDGAR lists is known up to when it was last asked."""
    unreadable = tracker.refused(cik, as_of=as_of)["period"].drop_nulls().to_list()
    before = periods.before(expected)
    due, due_before, asked = periods.deadline(expected), periods.deadline(before), tracker.refreshed(cik)
    if expected in (*tracker.periods(cik, as_of), *unreadable):
        return "filed"
    newest = max((*tracker.periods(cik, as_of), *tracker.listed_periods(cik, as_of), *unreadable), default=None)
    if newest is None:
        return "due" if day <= due else "not-held"
    if asked and newest < before and day > due_before and asked.date() > due_before:
        return "stopped"
    if day <= due:
        return "due"
    return "late" if asked and asked.date() > due and newest < expected else "not-held"


def _moment(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def watchlist(entries: Iterable[str], path: Path, tracker: Tracker | None) -> Report:
    """The watchlist, and which manager of the cache each entry names."""
    rows = []
    for entry in entries:
        try:
            cik, name = tracker.resolve(entry) if tracker else (None, None)
        except ThirteenfError:
            cik, name = None, None
        rows.append({"entry": entry, "cik": cik, "manager": name})
    frame = pl.DataFrame(rows, schema=WATCHLIST.schema())
    source = tracker.source if tracker else "cache"
    return Report("watchlist", {"config": str(path)}, "watchlist", WATCHLIST, frame, source)


def _due(tracker: Tracker, cik: str, as_of: date | None) -> dict[str, Any]:
    """The newest quarter that has ended, when it is due, whether it is here: old news must not pass for new."""
    expected = periods.last_ended(as_of or tracker.today)
    filed = expected in tracker.books.filings(as_of, cik)["period"].to_list()
    return {"expected_period": expected, "due": periods.deadline(expected), "filed": filed}


def _oddities(tracker: Tracker, *sides: Side | None) -> list[Oddity]:
    """What is odd about the filings of some books, and about what is known of securities."""
    unusable = [Oddity("reference-unusable", fault) for fault in tracker.catalog.faults]
    every = (oddity for side in sides if side for oddity in side.oddities())
    return [*dict.fromkeys(every), *unusable]  # two sides may rest on one filing


def _unknown_tickers(frame: pl.DataFrame) -> int:
    """How many securities have no known symbol: they are counted, and never guessed."""
    return int(frame.filter(pl.col("ticker").is_null())["cusip"].n_unique())
