"""Reports that only all managers together can answer: who holds a security, what flows, where all are, what is common.

Each says how many managers have filed of those expected, and whom it leaves out. `only` restricts the answers to some
securities, each with the label that it stands under in a list of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import basketed, market, panel, periods, securities, surveyed
from thirteenf import crowding as crowds
from thirteenf import cusip as cusips
from thirteenf import moves as differ
from thirteenf import overlap as overlaps
from thirteenf.errors import NotFoundError, UsageError
from thirteenf.filing import Oddity
from thirteenf.lineage import following
from thirteenf.report import Report
from thirteenf.survey import Survey
from thirteenf.tables import CROWDING, FLOWS, HELD_BY, MOVES, OVERLAP, POSITION_KEY, is_option
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from thirteenf.basketed import Meant
    from thirteenf.baskets import Basket, Outstanding
    from thirteenf.reports import Filters
    from thirteenf.tracker import Tracker

SHOWN = 50
"""So many securities, or moves, are given where the user does not say how many."""
TRADERS = 10
"""So many buyers and sellers of a security are, likewise."""
MOST_COMPARED = 200
"""Of so many managers at most the causes of their moves are worked out; of more than that, of none."""
_BOOKS = {"shares": ("", "SH"), "principal": ("", "PRN"), "puts": ("Put", None), "calls": ("Call", None)}


def holders(
    tracker: Tracker, query: str, period: str = "latest", as_of: date | None = None, filters: Filters | None = None
) -> Report:
    """Who holds a security, and who came, left, added and reduced; options apart.

    Raises:
        NotFoundError: if the security, or a report for the period, is not known here.
    """
    survey, numbers = _of_security(tracker, query, period, as_of)
    rows = _holders(tracker, survey)
    if rows.is_empty():
        tracker.cusips(query, as_of)  # says what is wrong with the query, if anything
    shown = filters.apply(tracker, rows, as_of) if filters else rows
    head = {
        **_head(survey), "security": {"query": query, "cusips": numbers},
        "summary": {name: _counted(rows.filter(_is_of(*of))) for name, of in _BOOKS.items()},
    }  # fmt: skip
    return Report("holders", head, "holders", HELD_BY, shown, tracker.source, _faults(tracker))


def flows(
    tracker: Tracker, query: str | None = None, period: str = "latest", as_of: date | None = None,
    options: str | None = None, top: int | None = None, only: Mapping[str, str] | None = None, *,
    baskets: Sequence[Basket] = (), outstanding: Sequence[Outstanding] = (),
) -> Report:  # fmt: skip
    """What managers that compare bought and sold, security by security; of one security, also who.

    Args:
        tracker: of the cache.
        query: a ticker or CUSIP; all securities by default.
        period: the later quarter.
        as_of: only what was filed by then.
        options: `only` options, or `no` options.
        top: so many buyers and sellers of one security, or so many securities by dollars traded.
        only: CUSIPs and what each stands under; instead of a query.
        baskets: the securities of some baskets, with what came into each and went out; instead of both.
        outstanding: how many shares there are, for what is left over.

    Raises:
        NotFoundError: if the security, or a report for the period, is not known here.
    """
    meant, only = _meant(tracker, baskets, period, as_of, only)
    if query:
        survey, numbers = _of_security(tracker, query, period, as_of)
    else:
        survey, numbers = _survey(tracker, period, as_of, only), []
    parts = [_flowed(part, _wanted(options) & _is_in(meant)) for part in survey.slices()]
    every, odd = pl.concat([frame for frame, _ in parts]), sum(number for _, number in parts)
    if query and every.is_empty():
        tracker.cusips(query, as_of)
    size = [-pl.col("trade_effect").abs(), -pl.col("value")]
    rows = every.sort(surveyed.place(), *size, *POSITION_KEY)
    if not query and only is None:
        rows = rows.head(top or SHOWN)
    traders = _traders(tracker, survey, options, top or TRADERS) if query else None
    head = {
        **_head(survey), "security": {"query": query, "cusips": numbers} if query else None,
        **_listed(tracker, survey, only, meant, outstanding, options), "securities": every.height,
        "odd_prices": odd,
        "sums": {
            name: every.filter(_is_of(*of)).select(
                pl.col("bought", "sold", "trade_effect", "price_effect", "may_have_sold_value", "may_have_bought_value")
                .sum()
            ).row(0, named=True)
            for name, of in _BOOKS.items()
        },
        "buyers": traders[0] if traders else None, "sellers": traders[1] if traders else None,
        "late": _late(survey, meant) if query or meant else None,
    }  # fmt: skip
    told = surveyed.named(tracker.catalog, survey, rows, FLOWS.names, only, meant)
    return Report("flows", head, "flows", FLOWS, told, tracker.source, _faults(tracker))


def crowding(
    tracker: Tracker, period: str = "latest", as_of: date | None = None, options: str | None = None,
    top: int | None = None, only: Mapping[str, str] | None = None, *,
    baskets: Sequence[Basket] = (), outstanding: Sequence[Outstanding] = (),
) -> Report:  # fmt: skip
    """How many hold each security and how much the largest have; where managers came to, and what they left.

    Args:
        tracker: of the cache.
        period: the later quarter.
        as_of: only what was filed by then.
        options: `only` options, or `no` options.
        top: so many securities of each kind.
        only: CUSIPs and what each stands under.
        baskets: the securities of some baskets instead, with what came into each and went out.
        outstanding: how many shares there are, for what is left over.

    Raises:
        NotFoundError: if no report for the period is here.
    """
    meant, only = _meant(tracker, baskets, period, as_of, only)
    survey = _survey(tracker, period, as_of, only)
    every = pl.concat([_crowded(part).filter(_wanted(options) & _is_in(meant)) for part in survey.slices()])
    many = top or SHOWN
    ties = [pl.col("value"), pl.col("holders")]

    def most(by: str, frame: pl.DataFrame, *, falling: bool = True) -> pl.DataFrame:
        order = [surveyed.place(), -pl.col(by) if falling else pl.col(by), *(-tie for tie in ties), *POSITION_KEY]
        return surveyed.named(tracker.catalog, survey, frame.sort(order).head(many), CROWDING.names, only, meant)

    rows = every.sort(surveyed.place(), -pl.col("holders"), -pl.col("value"), *POSITION_KEY)
    shown = rows.head(many) if only is None else rows
    head = {
        **_head(survey), **_listed(tracker, survey, only, meant, outstanding, options), "securities": every.height,
        "favourites": most("holders_change", every.filter(pl.col("holders_change") > 0)),
        "abandoned": most("holders_change", every.filter(pl.col("holders_change") < 0), falling=False),
    }  # fmt: skip
    told = surveyed.named(tracker.catalog, survey, shown, CROWDING.names, only, meant)
    return Report("crowding", head, "crowding", CROWDING, told, tracker.source, _faults(tracker))


def overlap(tracker: Tracker, managers: Sequence[str], period: str = "latest", as_of: date | None = None) -> Report:
    """What managers' books of one quarter have in common, two by two and position by position.

    Raises:
        NotFoundError: if a manager, or its report for the period, is not known here.
        UsageError: if fewer than two managers are named.
    """
    known = dict(tracker.resolve(manager, as_of) for manager in managers)
    if len(known) < 2:  # noqa: PLR2004 - it takes two
        raise UsageError("It takes two managers to compare.", "Such as thirteenf overlap berkshire scion.")
    of_all = [set(tracker.periods(cik, as_of)) for cik in known]
    both = set.intersection(*of_all)
    day = max(both) if period == "latest" and both else tracker.period(next(iter(known)), period, as_of)
    sides = {cik: tracker.book(cik, tracker.period(cik, day, as_of), as_of) for cik in known}
    # what is only a part of a book, or empty for want of one, is compared with nothing
    held = {cik: side.holdings.clear() if side.incomparable else side.holdings for cik, side in sides.items()}
    rows = overlaps.common(held).with_columns(
        period=pl.lit(day), managers=pl.col("ciks").list.eval(pl.element().replace(known))
    )
    head = {
        "period": day, "as_of": as_of,
        "managers": [
            {"cik": cik, "name": name, "state": sides[cik].book.state, "positions": held[cik].height,
             "filing_date": max((one["filing_date"] for one in sides[cik].in_force), default=None)}
            for cik, name in known.items()
        ],
        "pairs": [one._asdict() for one in overlaps.pairs(held)],
        "unknown_tickers": 0,
    }  # fmt: skip
    told = securities.with_tickers(rows, tracker.catalog.securities(as_of))
    head["unknown_tickers"] = int(told.filter(pl.col("ticker").is_null())["cusip"].n_unique())
    return Report("overlap", head, "positions", OVERLAP, told.select(OVERLAP.names), tracker.source, _faults(tracker))


def moves(
    tracker: Tracker, period: str = "latest", as_of: date | None = None, filters: Filters | None = None,
    only: Mapping[str, str] | None = None, *, baskets: Sequence[Basket] = (), outstanding: Sequence[Outstanding] = (),
) -> Report:  # fmt: skip
    """The moves of all managers that compare, the largest trades first, with their causes where there are not too many.

    Args:
        tracker: of the cache.
        period: the later quarter.
        as_of: only what was filed by then.
        filters: which to show; without `top` or a security no more than SHOWN.
        only: CUSIPs and what each stands under.
        baskets: the securities of some baskets, with what came into each and went out: no more than SHOWN moves.
        outstanding: how many shares there are, for what is left over.

    Raises:
        NotFoundError: if the security, or a report for the period, is not known here.
    """
    query = filters.security if filters else None
    meant, only = _meant(tracker, baskets, period, as_of, only)
    wanted = _passes(filters) & _is_in(meant)
    if query and only is None:
        survey = _of_security(tracker, query, period, as_of)[0]
    else:
        survey = _survey(tracker, period, as_of, only)
        wanted &= pl.col("cusip").is_in(tracker.cusips(query, as_of)) if query else pl.lit(value=True)
    size = [-pl.col(name).abs().fill_null(0) for name in ("trade_effect", "value_change")]
    order = [surveyed.place(), *size, -pl.max_horizontal("value", "value_before").fill_null(0), *POSITION_KEY, "cik"]
    top = (filters.top if filters else None) or (None if query or (only and not meant) else SHOWN)
    parts, summaries = [], []
    for part in survey.slices():
        lean = part.moves.filter(_is_in(meant))
        lean = lean.with_columns(cusip_before=pl.when(pl.col("change") != "new").then("cusip"))
        chosen = lean.filter(wanted).sort(order)
        parts.append((chosen if top is None else chosen.head(top)).collect(engine="streaming"))
        summaries.append(differ.summary(lean))
    rows = pl.concat(parts).sort(order)
    rows = rows if top is None else rows.head(top)
    rows, is_close = _caused(tracker, survey, surveyed.whole(tracker.catalog, survey, rows), as_of)
    head = {
        **_head(survey), **_listed(tracker, survey, only, meant, outstanding, None), "summary": _added(summaries),
        "has_causes": is_close,
        "unknown_tickers": int(rows.filter(pl.col("ticker").is_null())["cusip"].n_unique()),
    }  # fmt: skip
    return Report("moves-all", head, "moves", MOVES, rows, tracker.source, _faults(tracker))


def _meant(
    tracker: Tracker, wanted: Sequence[Basket], period: str, as_of: date | None, only: Mapping[str, str] | None
) -> tuple[list[Meant], Mapping[str, str] | None]:
    """What the baskets that are asked for mean in a quarter, and all of their CUSIPs with what each stands under.

    Raises:
        NotFoundError: if no report for the quarter is here.
    """
    if not wanted:
        return [], only
    found = basketed.resolved(tracker, wanted, _day(tracker, period, as_of), as_of)
    labels: dict[str, str] = {}
    for one in reversed(found):  # of a security in two baskets the first one's label
        labels |= one.labels
    return found, labels


def _is_in(meant: Sequence[Meant]) -> pl.Expr:
    return pl.any_horizontal(one.is_in() for one in meant) if meant else pl.lit(value=True)


def _listed(
    tracker: Tracker, survey: Survey, only: Mapping[str, str] | None, meant: Sequence[Meant],
    outstanding: Sequence[Outstanding], options: str | None,
) -> dict[str, Any]:  # fmt: skip
    """The head's keys on what the securities are a list of."""
    told = basketed.told(tracker, survey, meant, outstanding, options)
    return {"labels": None if meant or only is None else dict(only), "baskets": told}


def _day(tracker: Tracker, period: str, as_of: date | None) -> date:
    """The quarter's last day.

    Raises:
        NotFoundError: if no report for it is here.
    """
    day = panel.newest(tracker.books, as_of) if period.strip().lower() == "latest" else periods.parse(period)
    if day is None or tracker.books.filings(as_of).filter(pl.col("period") == day).is_empty():
        when = f" known on {as_of}" if as_of else ""
        told = periods.told(day) if day else "any quarter"
        raise NotFoundError(f"No report for {told}{when} is here.", "`thirteenf managers` shows what there is.")
    return day


def _survey(tracker: Tracker, period: str, as_of: date | None, only: Iterable[str] | None = None) -> Survey:
    """The survey of a quarter.

    Raises:
        NotFoundError: if no report for it is here.
    """
    day = _day(tracker, period, as_of)
    return Survey(tracker.books, tracker.catalog, day, as_of, None if only is None else list(only))


def _of_security(tracker: Tracker, query: str, period: str, as_of: date | None) -> tuple[Survey, list[str]]:
    """The survey of one security, with all that it was and became, and the CUSIPs that are meant."""
    number = cusips.normal(query.strip().upper())
    meant = [number] if cusips.is_valid(number) else tracker.meant(query, as_of)
    lineage = tracker.catalog.lineage(as_of)
    every = following.chain(meant, lineage)
    options = [one for named in every for one in cusips.option_numbers(named)]
    survey = _survey(tracker, period, as_of, [*every, *options])
    return survey, every


def _head(survey: Survey) -> dict[str, Any]:
    who = survey.panel
    return {"period": who.period, "against": who.against, "as_of": who.as_of, "coverage": who.coverage()}


def _faults(tracker: Tracker) -> list[Oddity]:
    return [Oddity("reference-unusable", fault) for fault in tracker.catalog.faults]


def _flowed(survey: Survey, wanted: pl.Expr) -> tuple[pl.DataFrame, int]:
    """What was bought and sold, and what may have been: the figures of tables.FLOWS by position key.

    Of the securities that are wanted; and how many positions have a price that cannot be, whose dollars are in no sum.
    """
    moved = survey.priced().filter((pl.col("change") != "unknown") & wanted)
    odd = moved.select(pl.col("is_odd").sum()).collect(engine="streaming").item()
    told = market.flows(basketed.without_odd(moved))
    figures = [name for name in FLOWS.names if FLOWS.column(name).type == "int"]
    flowed: pl.LazyFrame = told.join(survey.bounds(), on=POSITION_KEY, how="full", coalesce=True)
    return flowed.filter(wanted).with_columns(pl.col(figures).fill_null(0)).collect(engine="streaming"), int(odd)


def _crowded(survey: Survey) -> pl.DataFrame:
    """Holders and concentration, and how they changed: the figures of tables.CROWDING by position key."""
    changed = crowds.changes(survey.moves.filter(pl.col("change") != "unknown")).collect(engine="streaming")
    now = crowds.concentration(survey.all_held()).collect(engine="streaming")
    counts = ("holders", "came", "left", "holders_change", "amount", "value")
    every = now.join(changed, on=POSITION_KEY, how="full", coalesce=True)
    return every.with_columns(pl.col(counts).fill_null(0))


def _added(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summaries of slices as one: a sum of which a part is not known is not."""
    told = dict(summaries[0])
    for book in (name for name, one in told.items() if isinstance(one, dict)):
        figures = {name: [one[book][name] for one in summaries] for name in told[book]}
        told[book] = {name: None if None in each else sum(each) for name, each in figures.items()}
    return told


def _late(survey: Survey, meant: Sequence[Meant]) -> pl.DataFrame:
    """The late filers that held the securities asked about, with what they held: more they cannot have sold."""
    held = survey.not_compared.filter(
        (pl.col("unknown_reason") == "late") & (pl.col("amount_before_adjusted") > 0) & _is_in(meant)
    ).collect()
    rows = held.join(survey.panel.managers.select("cik", "manager"), on="cik", how="left")
    rows = rows.sort("put_call", "value_before", "cik", descending=[False, True, False])
    names = ("cik", "manager", *POSITION_KEY)
    return rows.select(*names, "value_before", amount_before="amount_before_adjusted").select(
        *names, "amount_before", "value_before"
    )


def _holders(tracker: Tracker, survey: Survey) -> pl.DataFrame:
    """All positions of either day as tables.HELD_BY: shares first, the largest first."""
    return surveyed.in_order(surveyed.whole(tracker.catalog, survey, _stacked(survey).collect(), HELD_BY))


def _stacked(survey: Survey) -> pl.LazyFrame:
    return pl.concat([survey.moves, survey.not_compared], how="diagonal")


def _traders(tracker: Tracker, survey: Survey, options: str | None, top: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The largest buyers and sellers of a security, of each of its books: tables.HELD_BY, by shares traded."""
    book = ("put_call", "amount_type")
    rows = survey.moves.filter((pl.col("amount_change") != 0) & _wanted(options)).collect()
    found = []
    for sign in (1, -1):
        part = rows.filter(pl.col("amount_change") * sign > 0)
        part = part.sort(surveyed.place(), -pl.col("amount_change") * sign, "cik", *POSITION_KEY)
        part = part.filter(pl.int_range(pl.len()).over(book) < top)
        found.append(surveyed.whole(tracker.catalog, survey, part, HELD_BY))
    return found[0], found[1]


def _caused(tracker: Tracker, survey: Survey, rows: pl.DataFrame, as_of: date | None) -> tuple[pl.DataFrame, bool]:
    """Moves as each manager's own comparison tells them, causes included; and whether that was done.

    Not of those whose books are compared as one with others', nor if there are too many of them.
    """
    alone = survey.panel.compared.filter(pl.len().over("book") == 1)["cik"]
    asked = rows.filter(pl.col("cik").is_in(alone.implode()))
    if asked["cik"].n_unique() > MOST_COMPARED:
        return rows, False
    parts = []
    for (cik,), part in asked.partition_by("cik", as_dict=True).items():
        numbers = part["cusip"].to_list()
        try:
            told = tracker.compare(str(cik), survey.period, as_of=as_of, only=partial(_of, numbers))
        except NotFoundError:  # told as it is without
            continue
        parts.append(told.moves.filter(pl.col("cusip").is_in(numbers)))
    if not parts:
        return rows, True
    keys = ["cik", *POSITION_KEY]
    place = rows.with_row_index("place").select(*keys, "place")
    close = pl.concat(parts).join(place, on=keys)
    rest = rows.with_row_index("place").join(close, on=keys, how="anti").select(close.columns)
    return pl.concat([close, rest]).sort("place").drop("place").select(MOVES.names), True


def _of(numbers: Sequence[str], frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(differ.is_of(numbers))


def _passes(filters: Filters | None) -> pl.Expr:
    """Moves that are wanted, without those where nothing happened, unless they are asked for."""
    if filters is None:
        return pl.col("change") != "unchanged"
    wanted = pl.col("change").is_in(filters.change) if filters.change else pl.col("change") != "unchanged"
    wanted &= _wanted(filters.options)
    if filters.min_value is not None:
        wanted &= pl.max_horizontal("value", "value_before") >= filters.min_value
    return wanted


def _wanted(options: str | None) -> pl.Expr:
    return is_option() == (options == "only") if options else pl.lit(value=True)


def _is_of(put_call: str, kind: str | None) -> pl.Expr:
    is_book = pl.col("put_call") == put_call
    return is_book if kind is None else is_book & (pl.col("amount_type") == kind)


def _counted(rows: pl.DataFrame) -> dict[str, Any]:
    """Who holds one book of a security: counts of managers, and what they have together."""
    change = pl.col("change")
    held_before, held = pl.col("amount_before").fill_null(0) > 0, pl.col("amount").fill_null(0) > 0
    compared = change != "unknown"
    return rows.select(
        holders_before=pl.col("cik").filter(held_before).n_unique(), holders=pl.col("cik").filter(held).n_unique(),
        **{name: (change == name).sum() for name in CHANGES},
        amount=pl.col("amount").sum(), value=pl.col("value").sum(),
        amount_change=pl.col("amount_change").filter(compared).sum(),
        trade_effect=pl.col("trade_effect").filter(compared).sum(),
    ).row(0, named=True)  # fmt: skip
