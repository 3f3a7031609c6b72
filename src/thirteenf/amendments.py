"""What is in force: all filings of one manager for one period, folded in order of acceptance (rule R6).

A RESTATEMENT replaces what came before, NEW HOLDINGS add to it. The rest is what filers do otherwise; each case that
is resolved by a rule of ours is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.filing import CODES, COMBINATION_REPORT, NEW_HOLDINGS, NOTICE, RESTATEMENT, Oddity
from thirteenf.tables import HOLDINGS, POSITION_KEY, is_stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

REPEATS_THE_BOOK = 0.9
"""Share of the base's positions which, repeated with equal amounts, make NEW HOLDINGS a restatement."""
MOSTLY_EQUAL = 0.5
"""Share of them that must have equal amounts where as many are listed again: it corrects some of a whole book."""
KEEPS_THE_BOOK = 0.5
"""Share of the base's value that an amendment without a type must keep to replace it, and that one which does replace
it is odd not to keep."""

NO_BOOK = ("base-missing", "refused")
"""The states in which nothing of what is known makes a book: no scan over all holdings has their rows."""


@dataclass(frozen=True)
class Book:
    """What a manager's filings for a period come to.

    `state` is one of holdings, empty, emptied (by a restatement), withheld (nothing but withheld rows), notice (all is
    in others' reports), attributed (the rows of others' reports that a notice leaves it to), base-missing (only NEW
    HOLDINGS are known), refused (none counts). `withholds`: a filing in force says that rows are withheld; NEW HOLDINGS
    that do not say so speak for their own rows only.
    """

    state: str
    in_force: tuple[str, ...]
    states: Mapping[str, str]
    oddities: tuple[Oddity, ...]
    withholds: bool = False
    combination: bool = False


@dataclass
class _Fold:
    """The fold so far."""

    positions: Mapping[str, pl.DataFrame]
    in_force: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)
    base_missing: bool = False
    """Whether all that is in force are NEW HOLDINGS without the report they add to."""

    def flag(self, code: str, filing: Mapping[str, Any], detail: str = "") -> None:
        self.oddities.append(Oddity(code, detail or CODES[code], filing["accession_number"]))

    def replace(self, filing: dict[str, Any], old: str = "restated") -> None:
        for gone in self.in_force:
            self.states[gone["accession_number"]] = old
        self.in_force = [filing]
        self.base_missing = False

    def book(self, *filings: Mapping[str, Any]) -> pl.DataFrame:
        """Positions of some filings, summed: key, amount, value in dollars."""
        frames = [self.positions[f["accession_number"]] for f in filings if f["accession_number"] in self.positions]
        return summed(pl.concat(frames)) if frames else _NOTHING.clone()


_NOTHING = pl.DataFrame(schema={**dict.fromkeys(POSITION_KEY, pl.String), "amount": pl.Int64, "value": pl.Int64})


def summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Key, amount and value of each position in some rows; rows of nothing but zeros are none."""
    sums = rows.group_by(POSITION_KEY).agg(pl.col("amount", "value").sum())
    return sums.filter((pl.col("amount") != 0) | (pl.col("value") != 0))


def order(filing: Mapping[str, Any]) -> tuple[Any, ...]:
    """A key that puts filings of one manager and period in order of acceptance: filing date, then acceptance time.

    Data sets give no times. An original without one is taken to be accepted before all others of its day and an
    amendment after them, amendments by their own numbers, what is still equal by accession number: an amendment
    changes what is there, and may not come before it.
    """
    accepted, amends = filing["accepted"], bool(filing["is_amendment"])
    slot = 1 if accepted else 2 * amends
    number = (filing["amendment_number"] or 0) if amends else 0
    return filing["filing_date"], slot, accepted or 0, amends, number, filing["accession_number"]


def adds() -> pl.Expr:
    """Filings, rows of tables.FILINGS, that only add to a report, and are no book by themselves."""
    return (pl.col("is_amendment") & (pl.col("amendment_type") == NEW_HOLDINGS)).fill_null(value=False)


def fold(filings: Sequence[dict[str, Any]], rows: pl.DataFrame, refused: Iterable[str] = ()) -> Book:
    """Fold one manager's filings of one period.

    Args:
        filings: rows of tables.FILINGS as dictionaries, all of one manager and period, all known on the date asked
            about, in any order.
        rows: their rows, with accession_number, the position key, amount, and value in dollars.
        refused: accession numbers of filings beside them that do not count.

    Returns:
        Which filings are in force, what became of each, and what was odd.
    """
    wanted = rows.select("accession_number", *POSITION_KEY, "amount", "value")
    if len(filings) == 1:  # as of most managers for most periods
        number = filings[0]["accession_number"]
        parts = {number: wanted.filter(pl.col("accession_number") == number)}
    else:
        parts = {one: part for (one,), part in wanted.partition_by("accession_number", as_dict=True).items()}
    state = _Fold(parts)
    state.states |= dict.fromkeys(refused, "refused")
    if not filings:
        return Book("refused", (), state.states, ())
    for filing in sorted(filings, key=order):
        _take(state, filing)
    return _book(state)


def _take(state: _Fold, filing: dict[str, Any]) -> None:
    base = state.in_force
    if filing["report_type"] == NOTICE:
        if base and base[-1]["report_type"] != NOTICE:
            state.flag("notice-after-holdings", filing)
        state.replace(filing, old="superseded-by-notice")
    elif base and base[-1]["report_type"] == NOTICE:
        state.flag("holdings-after-notice", filing)
        state.replace(filing)
        if filing["amendment_type"] == NEW_HOLDINGS:
            state.flag("new-holdings-without-base", filing)
            state.base_missing = True
    elif not filing["is_amendment"]:
        _take_original(state, filing)
    elif filing["amendment_type"] == NEW_HOLDINGS:
        _add(state, filing)
    elif filing["amendment_type"] == RESTATEMENT or _untyped_replaces(state, filing):
        if state.book(*base).height and not state.book(filing).height:
            state.flag("restated-to-empty", filing)
        _flag_if_less(state, filing)
        state.replace(filing)
    else:
        state.states[filing["accession_number"]] = "refused"
        state.flag("amendment-ignored", filing)


def _take_original(state: _Fold, filing: dict[str, Any]) -> None:
    if state.base_missing:
        early = state.in_force
        state.flag("original-after-new-holdings", filing)
        state.in_force, state.base_missing = [filing], False
        for amendment in early:
            _add(state, amendment)
        return
    if state.in_force:
        state.flag("second-original", filing)
        _flag_if_less(state, filing)
    state.replace(filing)


def _values(state: _Fold, filing: dict[str, Any]) -> tuple[int, int]:
    """Dollars of a filing, and of what is in force before it."""
    return int(state.book(filing)["value"].sum()), int(state.book(*state.in_force)["value"].sum())


def _flag_if_less(state: _Fold, filing: dict[str, Any]) -> None:
    """Flag a filing that replaces a book and lists less than half of its value."""
    value, before = _values(state, filing)
    if 0 < value < KEEPS_THE_BOOK * before:
        state.flag("restated-to-less", filing, f"{CODES['restated-to-less']} (${before:,} and then ${value:,})")


def _untyped_replaces(state: _Fold, filing: dict[str, Any]) -> bool:
    value, base_value = _values(state, filing)
    if value >= KEEPS_THE_BOOK * base_value:
        state.flag("amendment-without-type", filing)
        return True
    return False


def _add(state: _Fold, filing: dict[str, Any]) -> None:
    if not state.in_force or state.base_missing:
        state.flag("new-holdings-without-base", filing)
        state.in_force.append(filing)
        state.base_missing = True
        return
    base, added = state.book(*state.in_force), state.book(filing)
    repeated = base.join(added, on=[*POSITION_KEY, "amount"], how="semi").height
    named = base.join(added, on=POSITION_KEY, how="semi").height
    lists_it_all = named >= REPEATS_THE_BOOK * base.height and repeated >= MOSTLY_EQUAL * base.height
    if base.height and (repeated >= REPEATS_THE_BOOK * base.height or lists_it_all):
        detail = f"{CODES['new-holdings-repeats-base']} ({repeated} of {base.height} positions with equal amounts)"
        state.flag("new-holdings-repeats-base", filing, detail)
        state.replace(filing)
        return
    if repeated:
        state.flag("new-holdings-repeats-row", filing, f"{CODES['new-holdings-repeats-row']} ({repeated} positions)")
    state.in_force.append(filing)


def _book(state: _Fold) -> Book:
    last, book = state.in_force[-1], state.book(*state.in_force)
    withholds = any(filing["is_confidential_omitted"] for filing in state.in_force)
    if last["report_type"] == NOTICE:
        verdict = "notice"
    elif state.base_missing:
        verdict = "base-missing"
    elif book.height:
        verdict = "holdings"
    else:
        was_emptied = any(oddity.code == "restated-to-empty" for oddity in state.oddities)
        verdict = "withheld" if withholds else "emptied" if was_emptied else "empty"
    if verdict in ("empty", "emptied"):
        state.flag("empty-book", last)
    standing = {"withheld": "withheld", "empty": "empty", "emptied": "empty"}.get(verdict, "in-force")
    states = {f["accession_number"]: standing for f in state.in_force}
    return Book(
        state=verdict,
        in_force=tuple(f["accession_number"] for f in state.in_force),
        states=state.states | states,
        oddities=tuple(state.oddities),
        withholds=withholds,
        combination=any(f["report_type"] == COMBINATION_REPORT for f in state.in_force),
    )


def positions(
    rows: pl.LazyFrame, in_force: pl.LazyFrame, *, traced: bool = False, apart: Sequence[str] = ()
) -> pl.LazyFrame:
    """Positions in force out of rows as filed, of one manager or of many.

    Args:
        rows: rows of tables.INFORMATION_TABLE of one period, values in dollars.
        in_force: accession_number, and the place of each filing in its manager's order of acceptance.
        traced: whether to give `filed` too: accession number and row of all that was summed.
        apart: columns of `in_force` that keep books of one manager apart, such as what it was on several days; then
            they and `figi`, the first that is given, stand in the result too.

    Returns:
        cik, and the columns of tables.HOLDINGS that come from the filing: key, issuer and title of class (of the
        first row in order of acceptance), amount, value, weight, rows, accession_numbers; sorted by manager, value
        and key.
    """
    total = pl.col("value").filter(is_stock()).sum().over("cik", *apart)
    trace = [pl.struct("accession_number", "row").alias("filed")] if traced else []
    trace += [pl.col("figi").drop_nulls().first()] if apart else []
    return (
        rows.join(in_force.select("accession_number", "place", *apart), on="accession_number")
        .sort("cik", *apart, "place", "row")
        .group_by("cik", *apart, *POSITION_KEY, maintain_order=True)
        .agg(
            pl.col("issuer", "title_of_class").first(),
            pl.col("amount", "value").sum(),
            pl.len().cast(pl.Int64).alias("rows"),
            pl.col("accession_number").unique(maintain_order=True).alias("accession_numbers"),
            *trace,
        )
        .filter((pl.col("amount") != 0) | (pl.col("value") != 0))
        .with_columns(weight=pl.when(is_stock() & (total > 0)).then(pl.col("value") * 100.0 / total))
        .sort(
            "cik",
            *apart,
            "value",
            *POSITION_KEY,
            descending=[False, *[False] * len(apart), True, *[False] * len(POSITION_KEY)],
        )
        .select(
            "cik",
            *(name for name in HOLDINGS.names if name in _HELD),
            *(["filed"] if traced else []),
            *apart,
            *(["figi"] if apart else []),
        )
    )


_HELD = frozenset((*POSITION_KEY, "issuer", "title_of_class", "amount", "value", "weight", "rows", "accession_numbers"))
