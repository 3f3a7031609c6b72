"""Two books of one manager beside each other: whether they compare, what moved, and why.

Either two quarters as known on one day, or one quarter as known on two days (what an amendment changed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from thirteenf import continuity, measures, moves
from thirteenf.causes import assigning, errors, redemptions
from thirteenf.causes.accounts import Account, is_below_floor, others
from thirteenf.causes.evidence import evidence
from thirteenf.lineage import following
from thirteenf.tables import MOVES, POSITION_KEY
from thirteenf.units import FACTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from thirteenf.books import Books, Side
    from thirteenf.catalog import Catalog
    from thirteenf.causes.accounts import Elsewhere, Key
    from thirteenf.causes.evidence import Evidence
    from thirteenf.causes.redemptions import Redemption

_NOT_TRADED = ("trade_effect", "price_effect")


class Question(NamedTuple):
    """Which books are compared: of whom, for which period, beside which, known on which days (None: all there is).

    `against_as_of` is set where one period is compared with itself, as it was known then.
    """

    cik: str
    manager: str
    period: date
    against: date
    as_of: date | None = None
    against_as_of: date | None = None

    @property
    def is_of_one_period(self) -> bool:
        """Whether nobody can have traded between the two."""
        return self.period == self.against


class Comparison(NamedTuple):
    """Two books of one manager, whether they can be compared, and the moves between them.

    `reason` is a word of vocabulary.REASONS where they do not compare. `held_before` is the newest earlier period that
    is here, whether or not it is the one compared with. `moves` has the columns of moves.COLUMNS, or of tables.MOVES.
    `turnover` is of the whole book (measures.turnover), whichever moves are wanted; None where books do not compare.
    """

    asked: Question
    held_before: date | None
    before: Side | None
    after: Side
    reason: str | None
    moves: pl.DataFrame
    redemption: Redemption | None
    turnover: dict[str, Any] | None = None

    @property
    def continuity(self) -> dict[str, dict[str, Any] | None]:
        """For each side, what ties it to another manager's filings, as it stands in JSON; None where nothing does."""
        sides = {"before": self.before, "after": self.after}
        return {name: side.link.as_dict() if side and side.link else None for name, side in sides.items()}


class Moved(NamedTuple):
    """Two whole books of one manager and all that moved between them, before causes are told.

    `reached`: the books as they were compared, earlier and later, where they were. The rest is what causes are told by.
    """

    asked: Question
    held_before: date | None
    before: Side | None
    after: Side
    reason: str | None
    told: pl.DataFrame
    reached: tuple[pl.DataFrame, pl.DataFrame] | None
    redemption: Redemption | None
    turnover: dict[str, Any] | None
    apart: Mapping[Key, Elsewhere]
    slips: errors.Slips
    lineage: pl.DataFrame


def moved(books: Books, catalog: Catalog, asked: Question, *, follows: bool = True) -> Moved:
    """What moved between two books, whichever of it is wanted.

    Args:
        books: all books.
        catalog: what is known of securities.
        asked: which two; the later one must be there.
        follows: whether to follow a book into other managers' filings (continuity).
    """
    earlier = _held_before(books, asked)
    after, before = _sides(books, asked, is_first=earlier is None, follows=follows)
    missing = "quarter-missing" if earlier else "first-report"
    reason = after.incomparable or (before.incomparable if before else missing)
    lineage = catalog.lineage(asked.as_of).filter(pl.col("period") <= asked.period)
    reached = None
    if reason is None and before is not None:
        told, reached = _compared(before, after, catalog.securities(asked.as_of)["cusip"], lineage, asked)
        redemption = None if asked.is_of_one_period else redemptions.found(told)
    else:
        told, redemption = _not_compared(before, after, str(reason)), None
    is_own = before is not None and not (before.link or after.link or asked.is_of_one_period or reason)
    apart = continuity.elsewhere(books, before, after, told, asked.as_of) if before and is_own and follows else {}
    slips = errors.slips(told) if reason is None and not asked.is_of_one_period else errors.Slips()
    is_traded = before is not None and reason is None and not asked.is_of_one_period
    turnover = measures.turnover(told, after.period, before.period) if before and is_traded else None
    return Moved(asked, earlier, before, after, reason, told, reached, redemption, turnover, apart, slips, lineage)


def compare(
    books: Books, catalog: Catalog, found: Moved, only: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame
) -> Comparison:
    """The moves between two books that are wanted, and why they were.

    Args:
        books: all books.
        catalog: what is known of securities.
        found: what moved between the two (`moved`).
        only: which of the moves are wanted; the rest serves only to tell what the whole book did.
    """
    asked, before, after, lineage = found.asked, found.before, found.after, found.lineage
    told = only(found.told)
    numbers = {*told["cusip"], *told["cusip_before"].drop_nulls()}
    held_before, held = found.reached or (None, None)
    then_known = asked.against_as_of or asked.as_of
    then = _account(before, held_before, books, catalog, then_known, numbers) if before else None
    now = _account(after, held, books, catalog, asked.as_of, numbers)
    acted = lineage.filter((pl.col("against") >= asked.against) & pl.col("cusip").is_in(list(numbers)))["cusip"]
    sides = assigning.Sides(
        then, now, found.redemption, asked.is_of_one_period, found.apart, found.slips, frozenset(acted)
    )
    return Comparison(
        asked, found.held_before, before, after, found.reason, assigning.assign(told, sides), found.redemption,
        found.turnover,
    )  # fmt: skip


def _sides(books: Books, asked: Question, *, is_first: bool, follows: bool) -> tuple[Side, Side | None]:
    """The later and the earlier book; where they stand in others' filings, from there."""
    after = books.side(asked.cik, asked.period, asked.as_of)
    before = books.side(asked.cik, asked.against, asked.against_as_of or asked.as_of)
    assert after is not None  # noqa: S101 - the caller has looked
    if follows:
        after = continuity.attributed(books, after, asked.cik, asked.as_of) or after
        if before:
            before = continuity.attributed(books, before, asked.cik, asked.against_as_of or asked.as_of) or before
        elif is_first and not asked.is_of_one_period:
            before = continuity.predecessor(books, after, asked.against, asked.as_of)
    return after, before


def _held_before(books: Books, asked: Question) -> date | None:
    """The manager's newest period before the later one."""
    return max((day for day in books.counted(asked.as_of, asked.cik)["period"] if day < asked.period), default=None)


def _compared(
    before: Side, after: Side, known: pl.Series, lineage: pl.DataFrame, asked: Question
) -> tuple[pl.DataFrame, tuple[pl.DataFrame, pl.DataFrame]]:
    """The moves between two books that compare, and the books as they were compared: what was done is followed."""
    if asked.is_of_one_period:
        told = moves.diff(before.holdings, after.holdings)
        told = told.with_columns(pl.lit(None, told.schema[name]).alias(name) for name in _NOT_TRADED)
        reached = (before.holdings, after.holdings)
        return _with_oddities(told, reached), reached
    numbers = pl.concat([known, before.holdings["cusip"], after.holdings["cusip"]])
    held_before, held = (following.underlying(side.holdings, numbers) for side in (before, after))
    held = following.renumbered(held_before, held, lineage, before.period)
    held_before = following.follow(held_before, held, lineage, before.period)
    told = following.with_possible(moves.diff(held_before, held), lineage, before.period)
    told = _with_oddities(told, (held_before, held))
    parted = after.book.combination
    first_parted = parted and not before.book.combination
    gone = "withheld" if after.book.withholds else "combination" if first_parted else None
    told = moves.in_doubt(told, gone=gone, may_be_elsewhere=parted, came=before.book.withholds)
    return told, (held_before, held)


def _not_compared(before: Side | None, after: Side, reason: str) -> pl.DataFrame:
    """What is known where two books do not compare."""
    then = before.holdings if before and not before.incomparable else None
    now = None if after.incomparable else after.holdings
    sides = [held for held in (then, now) if held is not None]
    return _with_oddities(moves.unknown(then, now, reason), sides)


def _account(
    side: Side,
    reached: pl.DataFrame | None,
    books: Books,
    catalog: Catalog,
    as_of: date | None,
    numbers: set[str],
) -> Account:
    """What a side's filings tell, of the securities that are asked about."""
    held = side.holdings if reached is None else reached
    places = held.select(*POSITION_KEY, "filed") if "filed" in held.columns else held.clear()
    listed = catalog.listed(as_of)
    listed = listed.filter(pl.col("quarter") == side.period) if listed.height else listed
    meant = pl.col("cusip").is_in(list(numbers))
    codes = zip(side.found["code"], side.found["accession_number"], strict=True)
    copied = frozenset(number for code, number in codes if code == "value-equals-amount")
    sizes = side.holdings.select("amount", "value", "amount_type").iter_rows()
    return Account(
        day=side.period,
        filings=side.in_force,
        state=side.book.state,
        withholds=side.book.withholds,
        combination=side.book.combination,
        places={(cusip, put_call, kind): filed or () for cusip, put_call, kind, filed in places.iter_rows()},
        others=others(catalog.consensus(side.period, as_of).filter(meant)),
        listed=dict(listed.filter(meant).select("cusip", "status").iter_rows()) if listed.height else None,
        lists_small=sum(is_below_floor(*size) for size in sizes),
        copied=copied,
        lacking=_lacking(side),
        again=_again(books, side),
        shrunk=_shrunk(side),
        link=side.link,
    )


def _lacking(side: Side) -> list[tuple[Evidence, int | None]]:
    """What of a period's filings does not count, or is not all there by its own summary; and the dollars missing."""
    refused = [number for number, state in side.book.states.items() if state == "refused"]
    found: list[tuple[Evidence, int | None]] = [
        (evidence("report", f"a filing for {side.period} does not count: what it lists may be held", number), None)
        for number in refused
    ]
    told = f"a second original for {side.period} replaced the first"
    found += [(evidence("report", told, number), None) for number in _flagged(side, "second-original")]
    for one in side.in_force:
        rows, value = one["table_entry_total"], one["table_value_total"]
        short = ((value or 0) - one["value_sum"]) * FACTOR[one["value_unit"]]
        if rows is not None and one["row_count"] < rows:
            said = f"{one['row_count']:,} of the {rows:,} rows that its summary page counts are there"
            found.append((evidence("report", said, one["accession_number"]), None))
        elif short > max(1, one["row_count"]) * FACTOR[one["value_unit"]]:
            said = f"its rows are ${short:,} short of the total that its summary page gives"
            found.append((evidence("report", said, one["accession_number"]), short))
    return found


def _shrunk(side: Side) -> str | None:
    """A filing in force that replaced one of more than twice its value."""
    return next(iter(_flagged(side, "restated-to-less")), None)


def _flagged(side: Side, code: str) -> list[str]:
    """The filings in force that an oddity of the fold is of."""
    flagged = [one.accession_number for one in side.book.oddities if one.code == code]
    return [number for number in side.book.in_force if number in flagged]


def _again(books: Books, side: Side) -> frozenset[Key]:
    """Positions to which an amendment in force adds an amount that was there already, in another filing or in all."""
    if len(side.book.in_force) == 1:
        return frozenset()
    rows = books.rows(side).group_by(*POSITION_KEY, "accession_number").agg(pl.col("amount").sum())
    twice = rows.filter((pl.len().over(*POSITION_KEY, "amount") > 1) & (pl.col("amount") != 0))
    return frozenset(twice.select(POSITION_KEY).unique().iter_rows())


def _with_oddities(told: pl.DataFrame, sides: Iterable[pl.DataFrame]) -> pl.DataFrame:
    each = pl.concat(
        [
            MOVES.schema((*POSITION_KEY, "oddities")).to_frame(),
            *(side.select(*POSITION_KEY, "oddities").drop_nulls() for side in sides),
        ]
    )
    each = each.filter(pl.col("oddities").list.len() > 0)
    if each.is_empty():
        return told
    each = each.explode("oddities").unique(maintain_order=True)  # of one period both sides may be one filing's
    joined = each.group_by(POSITION_KEY, maintain_order=True).agg("oddities")
    told = told.drop("oddities").join(joined, on=POSITION_KEY, how="left", maintain_order="left")
    empty = pl.lit([], dtype=MOVES.schema(("oddities",))["oddities"])
    return told.with_columns(pl.col("oddities").fill_null(empty)).select(moves.COLUMNS)
