"""Each manager's book for each period as known on a day: filings, units, what is in force, positions, oddities.

What was filed after the day changes nothing here (rule R10): neither which filings count nor, as other filers' prices
are evidence for units, how their values are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import amendments, plausibility, units
from thirteenf.filing import COMBINATION_REPORT, NOTICE, Oddity, folder
from thirteenf.measures import Listed
from thirteenf.tables import FILINGS_REPORT, HOLDINGS, ODDITIES, POSITION_KEY, POSITIONS, STANDING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from thirteenf.amendments import Book
    from thirteenf.causes.accounts import Link
    from thirteenf.plausibility import Refusal
    from thirteenf.store import Store

_NEEDED = ("cik", "accession_number", "row", *POSITION_KEY, "issuer", "title_of_class", "amount", "value")
_INCOMPARABLE = ("notice", "withheld", "emptied", "base-missing", "refused")
_KEPT, _FEW_KEPT = 64, 4
_ALL_DAYS = 10**6
_ODDITY = ("code", "message", "accession_number", "row")
_LISTED = ("cusip", "put_call", "amount", "value")
_DOLLARS = units.dollars(pl.col("value_unit"), pl.col("value"))
_IS_LISTED = (pl.col("put_call") == "") & ((pl.col("amount") != 0) | (pl.col("value") != 0))


@dataclass(frozen=True)
class Side:
    """One manager's book for one period: its filings, what they come to, its positions, and all that is odd."""

    period: date
    filings: pl.DataFrame
    book: Book
    holdings: pl.DataFrame
    found: pl.DataFrame
    link: Link | None = None
    """What ties it to another manager's filings, where it was taken from them (continuity)."""

    @property
    def in_force(self) -> list[dict[str, Any]]:
        """Its filings in force, rows of tables.FILINGS, in order of acceptance."""
        kept = self.filings.filter(pl.col("accession_number").is_in(self.book.in_force)).to_dicts()
        return sorted(kept, key=amendments.order)

    @property
    def incomparable(self) -> str | None:
        """Why nothing can be compared with it, a word of vocabulary.REASONS; None where something can."""
        return self.book.state if self.book.state in _INCOMPARABLE else None

    def oddities(self) -> list[Oddity]:
        """What is odd about the filings as wholes, how they fold, their units; single rows' stands with positions."""
        whole = self.found.filter(pl.col("row").is_null()).select(_ODDITY)
        return [
            *(Oddity(**one) for one in whole.iter_rows(named=True)), *self.book.oddities, *unit_oddities(self.filings),
        ]  # fmt: skip

    def report(self) -> pl.DataFrame:
        """Its filings and what became of each, columns of tables.FILINGS_REPORT, in order of acceptance."""
        told: dict[str | None, list[dict[str, Any]]] = {}
        for oddity in self.oddities():
            told.setdefault(oddity.accession_number, []).append(oddity.as_dict())
        filings = sorted(self.filings.to_dicts(), key=amendments.order)
        for filing in filings:
            accession = filing["accession_number"]
            filing["state"] = self.book.states[accession]
            filing["url"] = folder(filing["cik"], accession)
            filing["oddities"] = told.get(accession, [])
        rows = [{name: filing[name] for name in FILINGS_REPORT.names} for filing in filings]
        return pl.DataFrame(rows, schema=FILINGS_REPORT.schema())


class Books:
    """All books of a store."""

    def __init__(self, store: Store, accepted: Collection[str] = (), filings: pl.DataFrame | None = None) -> None:
        """Read which filings there are; rows are read when asked for.

        Args:
            store: the tables.
            accepted: accession numbers that the user has confirmed, however implausible.
            filings: the filings to know of instead of all, as rows of tables.FILINGS.

        Raises:
            StoreError: if the table of filings is missing or damaged.
        """
        self._store = store
        self._accepted = frozenset(accepted)
        self._filings = store.filings() if filings is None else filings
        # history asks for each side twice, a report for the side that its rows came from
        self._kept = lru_cache(maxsize=_KEPT)(self._side)
        self.refusals = lru_cache(maxsize=_KEPT)(self._refusals)
        self.securities = lru_cache(maxsize=_KEPT)(self._securities)
        self.standing = lru_cache(maxsize=_KEPT)(self._standing)
        self.in_force = lru_cache(maxsize=_KEPT)(self._in_force)
        self.newcomers = lru_cache(maxsize=_KEPT)(self._newcomers)
        self.names = lru_cache(maxsize=_KEPT)(self._names)
        self.of_period = lru_cache(maxsize=_FEW_KEPT)(self._of_period)
        self._all_counted = lru_cache(maxsize=_FEW_KEPT)(self._counted)

    def filings(self, as_of: date | None = None, cik: str | None = None) -> pl.DataFrame:
        """Filings known at the end of a day in New York, columns of tables.FILINGS."""
        known = self._filings if cik is None else self._of_manager(cik)
        return known if as_of is None else known.filter(pl.col("filing_date") <= as_of)

    def _of_period(self, period: date, as_of: date | None = None) -> pl.DataFrame:
        """The filings for a period that are known on a day, of all managers, units as they could be known then."""
        return self.settled(self.filings(as_of).filter(pl.col("period") == period), as_of)

    def _names(self, as_of: date | None = None) -> pl.DataFrame:
        """Every manager's name, as on the newest cover page known on a day: cik, manager.

        A cover that contradicts EDGAR's listing names nobody who has another.
        """
        covers = self.filings(as_of).select("cik", "manager", "listed_cik", "filing_date", "accession_number")
        # one number by both, of days; the accession number only tells covers of one day apart
        place = pl.col("listed_cik").is_null().cast(pl.Int64) * _ALL_DAYS + pl.col("filing_date").to_physical()
        newest = covers.with_columns(place=place).filter(pl.col("place") == pl.col("place").max().over("cik"))
        return newest.sort("cik", "accession_number").group_by("cik", maintain_order=True).agg(pl.col("manager").last())

    def counted(self, as_of: date | None = None, cik: str | None = None) -> pl.DataFrame:
        """The same without those that are refused as implausible."""
        return self._all_counted(as_of) if cik is None else self._counted(as_of, cik)

    def _counted(self, as_of: date | None = None, cik: str | None = None) -> pl.DataFrame:
        known, refused = self.filings(as_of, cik), self.refusals(as_of, cik)
        return known.filter(~pl.col("accession_number").is_in(list(refused))) if refused else known

    def _of_manager(self, cik: str) -> pl.DataFrame:
        """One manager's filings: a stretch of the table, which is sorted by them; so many others cost nothing."""
        at, count = self._stretches.get(cik, (0, 0))
        return self._filings.slice(at, count)

    @cached_property
    def _stretches(self) -> dict[str, tuple[int, int]]:
        """Where each manager's filings begin, and how many there are."""
        if not self._filings["cik"].is_sorted():
            self._filings = self._filings.sort("cik", maintain_order=True)
        runs = self._filings["cik"].rle().struct.unnest()
        begins = runs["len"].cast(pl.Int64).cum_sum() - runs["len"].cast(pl.Int64)
        return dict(zip(runs["value"], zip(begins, runs["len"], strict=True), strict=True))

    def _refusals(self, as_of: date | None = None, cik: str | None = None) -> dict[str, Refusal]:
        """The filings refused as implausible, of one manager or of all, by accession number."""
        suspects = self.settled(plausibility.suspects(self.filings(as_of, cik)), as_of)
        found: dict[str, Refusal] = {}
        for part in suspects.partition_by("cik", maintain_order=True):
            found |= plausibility.refused(part.to_dicts(), self._accepted, amendments.order)
        return found

    def side(self, cik: str, period: date, as_of: date | None = None) -> Side | None:
        """One manager's book for one period; None if nothing was filed for it by then."""
        return self._kept(cik, period, as_of)

    def _side(self, cik: str, period: date, as_of: date | None) -> Side | None:
        filings = self.filings(as_of, cik).filter(pl.col("period") == period)
        if filings.is_empty():
            return None
        filings = self.settled(filings, as_of)
        refused = [one for one in filings["accession_number"] if one in self.refusals(as_of, cik)]
        counted = filings.filter(~pl.col("accession_number").is_in(refused))
        rows = self._store.rows(period, counted, _NEEDED)
        book = amendments.fold(counted.to_dicts(), rows, refused)
        return assembled(period, filings, book, rows, self._store.oddities(period, filings))

    def rows(self, side: Side, columns: Sequence[str] = ()) -> pl.DataFrame:
        """The rows of a book's filings in force, values in dollars: what positions are summed of, and more columns."""
        in_force = side.filings.filter(pl.col("accession_number").is_in(side.book.in_force))
        return self._store.rows(side.period, in_force, (*_NEEDED, *columns))

    def rows_of(self, period: date, filings: pl.DataFrame) -> pl.DataFrame:
        """The rows of some filings of a period in dollars, whatever became of them: what a fold needs."""
        return self._store.rows(period, filings, _NEEDED)

    def scan_rows(self, period: date, filings: pl.DataFrame) -> pl.LazyFrame:
        """The same with all columns, read when collected; `filings` has accession_number and value_unit."""
        return self._store.scan(period, filings)

    def listed_in(self, period: date, filings: pl.DataFrame) -> pl.LazyFrame:
        """What some filings of a period list of each security, in dollars, read when collected.

        Returns:
            cik, and tables.POSITIONS; some securities of many are read at little cost, since they are sorted by them.
        """
        told = filings.select("cik", "accession_number", "value_unit", "document")
        return self._store.positions(period, told).with_columns(value=_DOLLARS).drop("value_unit")

    def listed_of(self, period: date, filings: pl.DataFrame, cusips: Iterable[str]) -> pl.DataFrame:
        """The same of some securities, read at once."""
        told = filings.select("cik", "accession_number", "value_unit", "document")
        return self._store.positions_in(period, told, cusips).with_columns(value=_DOLLARS).drop("value_unit")

    def rows_as_filed(self, side: Side) -> pl.DataFrame:
        """All rows of a book's filings, whatever became of them, with all columns and values as filed."""
        return self._store.rows_as_filed(side.period, side.filings)

    def seen(self, cusips: Sequence[str], as_of: date | None = None) -> pl.DataFrame:
        """Where some CUSIPs stand in filings: cik, period, cusip, issuer, title_of_class as filed."""
        return self._store.collected(self._all_rows(as_of).filter(pl.col("cusip").is_in(cusips)))

    def listed(self, cik: str, quarters: Collection[date], as_of: date | None = None) -> dict[date, Listed]:
        """The securities that a manager's own filings list, options apart, of those quarters that holdings are here of.

        A quarter of one filing is read for its CUSIPs alone; one that was amended is folded.
        """
        found: dict[date, Listed] = {}
        if not quarters:
            return found
        refused, known = self.refusals(as_of, cik), self.filings(as_of, cik).filter(pl.col("period").is_in(quarters))
        is_refused = pl.col("accession_number").is_in(list(refused))
        counted, lost = known.filter(~is_refused), set(known.filter(is_refused)["period"])
        for (period,), filings in counted.partition_by("period", as_dict=True).items():
            if filings.height == 1 and not filings["is_amendment"][0]:
                in_force = filings.row(0, named=True)
                if in_force["report_type"] != NOTICE:
                    rows = self._store.rows_as_filed(period, filings, _LISTED).filter(_IS_LISTED)
                    found[period] = Listed(frozenset(rows["cusip"]), period not in lost and _is_whole(in_force))
                continue
            side = self.side(cik, period, as_of)
            if side and side.book.state in ("holdings", "empty"):
                held = side.holdings.filter(pl.col("put_call") == "")["cusip"]
                odd = any(one.code in ("second-original", "restated-to-less") for one in side.book.oddities)
                is_whole = period not in lost and not odd and all(map(_is_whole, side.in_force))
                found[period] = Listed(frozenset(held), is_whole)
        return found

    def _securities(self, as_of: date | None = None) -> pl.DataFrame:
        """The CUSIPs of filings known on a day, with each name of issuer they were filed under: cusip, issuer."""
        return self._store.collected(self._all_rows(as_of).select("cusip", "issuer").unique())

    def everyone(self, period: date, as_of: date | None = None) -> pl.LazyFrame:
        """Every manager's positions in one period that filings count for, lazily, in no order.

        Returns:
            cik, the position key, issuer, title_of_class (as the first of its filings has them), amount, value in
            dollars, rows. What is named with a predicate on `cusip` is read from a few row groups.
        """
        in_force = self.in_force(period, as_of)
        names = ("cik", *POSITION_KEY, "issuer", "title_of_class", "amount", "value", "rows")
        is_alone = pl.len().over("cik") == 1
        alone, several = (in_force.filter(where) for where in (is_alone, ~is_alone))
        parts = [self.listed_in(period, alone).select(names)]
        if several.height:
            places = several.lazy().select("accession_number", "place")
            sums = self.listed_in(period, several).join(places, on="accession_number").sort("place")
            sums = sums.group_by("cik", *POSITION_KEY).agg(
                pl.col("issuer", "title_of_class").first(), pl.col("amount", "value", "rows").sum()
            )
            parts.append(sums.select(names))
        return pl.concat(parts).filter((pl.col("amount") != 0) | (pl.col("value") != 0))

    def positions_of(self, period: date, filings: pl.DataFrame, cusips: pl.Series) -> pl.DataFrame:
        """Positions of some securities in some filings of one period, all of a manager's added up.

        Returns:
            cik, the position key, amount, value in dollars, accession_numbers.
        """
        sums = (
            self.listed_of(period, filings, cusips)
            .group_by("cik", *POSITION_KEY)
            .agg(pl.col("amount", "value").sum(), accession_numbers=pl.col("accession_number").unique().sort())
        )
        return sums.filter((pl.col("amount") != 0) | (pl.col("value") != 0)).sort("cik", *POSITION_KEY)

    def _newcomers(self, period: date, as_of: date | None = None) -> pl.DataFrame:
        """The filings that count of managers who report for the first time for a period, rows of tables.FILINGS."""
        known = self.counted(as_of)
        first = known.group_by("cik").agg(pl.col("period").min()).filter(pl.col("period") == period)
        return known.filter(pl.col("period") == period).join(first, on="cik", how="semi", maintain_order="left")

    def _all_rows(self, as_of: date | None) -> pl.LazyFrame:
        names = ("cik", "cusip", "issuer", "title_of_class")
        parts = [
            self._store.scan(period, known).select(names).unique().with_columns(period=pl.lit(period))
            for (period,), known in self.counted(as_of).partition_by("period", as_dict=True).items()
        ]
        return pl.concat([HOLDINGS.schema((*names, "period")).to_frame().lazy(), *parts])

    def settled(self, filings: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
        """Filings with the units that could be known on a day: later filings are no evidence."""
        if as_of is None:
            return filings
        of_periods = self._filings.filter(pl.col("period").is_in(filings["period"].unique().to_list()))
        if not (of_periods["filing_date"] > as_of).any():
            return filings
        told = self._store.settled(of_periods.filter(pl.col("filing_date") <= as_of))
        return told.join(filings.select("accession_number"), on="accession_number", how="semi")

    def _in_force(self, period: date, as_of: date | None = None) -> pl.DataFrame:
        """Filings in force of all managers of a period: accession_number, cik, value_unit, document, place.

        Of managers of whom only additions are known, or nothing that counts, there are none.
        """
        told = self.standing(period, as_of).filter(~pl.col("state").is_in(amendments.NO_BOOK))
        places = pl.int_ranges(0, pl.col("accession_numbers").list.len(), dtype=pl.Int64)
        each = told.select(accession_number="accession_numbers", place=places).explode("accession_number", "place")
        units_of = self.of_period(period, as_of).select("accession_number", "cik", "value_unit", "document")
        return units_of.join(each, on="accession_number", maintain_order="left")

    def _standing(self, period: date, as_of: date | None = None) -> pl.DataFrame:
        """What each manager's filings for a period come to, as known on a day: columns of tables.STANDING, by CIK.

        What the stock comes to is not asked here: that takes all rows (Catalog.standing).

        Only the rows of managers with amendments, or without values, are read and folded; one report, or one
        restatement, stands for itself.
        """
        filings = self.of_period(period, as_of)
        refused = pl.Series(list(self.refusals(as_of)), dtype=pl.String)
        counted = filings.filter(~pl.col("accession_number").is_in(refused.implode()))
        is_notice = pl.col("report_type") == NOTICE
        is_plain = (pl.len().over("cik") == 1) & ~amendments.adds() & (is_notice | (pl.col("value_sum") != 0))
        plain = counted.filter(is_plain).select(
            "cik", state=pl.when(is_notice).then(pl.lit("notice")).otherwise(pl.lit("holdings")),
            filing_date="filing_date", withholds="is_confidential_omitted",
            combination=pl.col("report_type") == COMBINATION_REPORT,
            accession_numbers=pl.concat_list("accession_number"), stock=pl.lit(None, pl.Int64),
        )  # fmt: skip
        rest = counted.filter(~is_plain)
        listed = self._store.collected(self.listed_in(period, rest)) if rest.height else pl.DataFrame()
        rows = listed.partition_by("cik", as_dict=True) if rest.height else {}
        nothing = POSITIONS.schema().to_frame()
        told: list[dict[str, Any]] = []
        for (cik,), part in rest.partition_by("cik", as_dict=True, maintain_order=True).items():
            book = amendments.fold(part.to_dicts(), rows.get((cik,), nothing))
            told.append(_as_standing(str(cik), part, book))
        gone = filings.join(counted, on="cik", how="anti").unique("cik")
        told += [_as_standing(cik, filings.clear(), amendments.fold([], nothing)) for cik in gone["cik"]]
        return pl.concat([plain, pl.DataFrame(told, schema=STANDING.schema())]).sort("cik")


def assembled(
    period: date, filings: pl.DataFrame, book: Book, rows: pl.DataFrame, found: pl.DataFrame, link: Link | None = None
) -> Side:
    """A side out of its parts: rows in dollars of one manager, those in force summed to positions."""
    held = amendments.positions(rows.lazy(), _places(book).lazy(), traced=True).drop("cik").collect(engine="in-memory")
    in_force = found.filter(pl.col("accession_number").is_in(book.in_force) & pl.col("row").is_not_null())
    return Side(period, filings, book, _with_oddities(held, rows, in_force), found, link)


def _is_whole(filing: Mapping[str, Any]) -> bool:
    """Whether what a filing does not list was not held: nothing withheld, left to others, or short of its totals."""
    rows, value = filing["table_entry_total"], filing["table_value_total"]
    is_short = (rows or 0) > filing["row_count"] or (value or 0) - filing["value_sum"] > max(1, filing["row_count"])
    return not (filing["is_confidential_omitted"] or filing["report_type"] == COMBINATION_REPORT or is_short)


def _as_standing(cik: str, filings: pl.DataFrame, book: Book) -> dict[str, Any]:
    """A folded book as a row of tables.STANDING."""
    in_force = filings.filter(pl.col("accession_number").is_in(book.in_force))
    return {
        "cik": cik, "state": book.state, "filing_date": in_force["filing_date"].max(), "withholds": book.withholds,
        "combination": book.combination, "accession_numbers": list(book.in_force), "stock": None,
    }  # fmt: skip


def _places(book: Book) -> pl.DataFrame:
    """Filings in force with their place in the order of acceptance."""
    schema = {"accession_number": pl.String, "place": pl.Int64}
    return pl.DataFrame({"accession_number": list(book.in_force), "place": range(len(book.in_force))}, schema)


def _with_oddities(held: pl.DataFrame, rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Positions with the oddities of their rows."""
    empty = pl.lit([], dtype=HOLDINGS.schema(("oddities",))["oddities"])
    if found.is_empty():
        return held.with_columns(oddities=empty)
    at = ["accession_number", "row"]
    keyed = found.select(_ODDITY).cast({"row": ODDITIES.schema()["row"]}).join(rows.select(*at, *POSITION_KEY), on=at)
    told = keyed.group_by(POSITION_KEY, maintain_order=True).agg(oddities=pl.struct(_ODDITY))
    joined = held.join(told, on=POSITION_KEY, how="left", maintain_order="left")
    return joined.with_columns(pl.col("oddities").fill_null(empty))


def unit_oddities(filings: pl.DataFrame) -> list[Oddity]:
    """Units that are not the filing date's, or not sure."""
    found = []
    names = ("accession_number", "filing_date", "value_unit", "value_unit_reason", "value_unit_certainty")
    for accession, filed, unit, reason, certainty in filings.select(names).iter_rows():
        told = f"values read as {unit}: {reason}"
        if unit != units.by_date(filed):
            found.append(Oddity("unit-overridden", told, accession))
        if certainty == units.UNCERTAIN:
            found.append(Oddity("unit-uncertain", told, accession))
    return found
