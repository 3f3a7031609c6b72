"""The object a Python user holds: filings, holdings and moves of a cache, as polars frames, known on any day.

`as_of` is a first-class argument everywhere (rules R6, R10): what was filed later changes nothing, neither holdings
nor units. Reading is offline; nothing here downloads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import amendments, intake, moves, periods, places, sample, securities, units
from thirteenf import managers as who
from thirteenf.errors import NotFoundError
from thirteenf.filing import Oddity
from thirteenf.store import Store
from thirteenf.tables import FILINGS_REPORT, HISTORY, HOLDINGS, MOVES, POSITION_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from thirteenf.amendments import Book
    from thirteenf.places import Places

_NEEDED = ("accession_number", "row", *POSITION_KEY, "issuer", "title_of_class", "amount", "value")
_FOLDERS = "https://www.sec.gov/Archives/edgar/data"
_LISTING = "https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&type=13F-HR&CIK="
_NOT_COMPARABLE = {"notice": "notice", "withheld": "withheld", "base-missing": "base-missing"}


@dataclass(frozen=True)
class Side:
    """One manager's report on one period as known on a day: the filings, what they come to, the positions."""

    period: date
    filings: pl.DataFrame
    book: Book
    holdings: pl.DataFrame

    @property
    def incomparable(self) -> str | None:
        """Why nothing can be compared with it: one of tables.REASONS, or None."""
        return _NOT_COMPARABLE.get(self.book.state)


@dataclass(frozen=True)
class Comparison:
    """Two sides of one manager, whether they can be compared, and the moves between them (tables.MOVES)."""

    cik: str
    manager: str
    period: date
    against: date
    before: Side | None
    after: Side
    reason: str | None
    moves: pl.DataFrame


class Tracker:
    """Questions to a cache of filings.

    Args:
        cache: the cache's folder; without one THIRTEENF_CACHE, else the platform's data folder, else, where that is
            empty, the bundled sample.
        sample: answer from the bundled sample.
        today: the day to take for today, when telling what is due.

    Raises:
        NotFoundError: if a cache was named and nothing is in it.
        StoreError: if its tables must be made anew and cannot.
    """

    def __init__(self, cache: str | Path | None = None, *, sample: bool = False, today: date | None = None) -> None:
        """Open a cache; its tables are made anew first if they are missing or of other rules."""
        self.places: Places = places.cache(cache, sample=sample)
        if self.places.is_empty:
            raise NotFoundError(
                f"The cache {self.places.root} is empty.",
                "Fill it: thirteenf import PATH…, or look at thirteenf --sample.",
            )
        self.today = today or datetime.now().astimezone().date()
        self._store = Store(self.places.tables)
        if not self._store.is_current:
            with self.places.locked(wait=60):
                intake.bring_up(self.places)
        self._filings = self._store.filings()

    @property
    def source(self) -> str:
        """`sample` for the bundled sample, else `cache`."""
        return self.places.source

    def managers(self) -> dict[str, str]:
        """CIK to name, as on the newest cover page, of all managers of the cache."""
        newest = self._filings.sort("filing_date", "accession_number").group_by("cik").agg(pl.col("manager").last())
        return dict(newest.sort("manager").iter_rows())

    def resolve(self, manager: str) -> tuple[str, str]:
        """CIK and name of the manager meant by a CIK, an alias or enough of a name.

        Raises:
            NotFoundError: if none or several are meant.
        """
        known = self.managers()
        cik = who.resolve(manager, known)
        return cik, known[cik]

    def cusips(self, security: str) -> list[str]:
        """The CUSIPs meant by a ticker or CUSIP.

        Raises:
            NotFoundError: if it is not known here.
        """
        held = pl.concat(
            [self._store.rows_as_filed(p, self._filings.filter(pl.col("period") == p), ("cusip", "issuer")).unique()
             for p in self._filings["period"].unique().sort()]
        )  # fmt: skip
        return securities.meant(security, sample.securities(), held)

    def known(self, as_of: date | str | None = None, cik: str | None = None) -> pl.DataFrame:
        """Filings known at the end of a day in New York, columns of tables.FILINGS."""
        day = _day(as_of)
        keep = pl.lit(value=True) if day is None else pl.col("filing_date") <= day
        return self._filings.filter(keep if cik is None else keep & (pl.col("cik") == cik))

    def periods(self, manager: str, as_of: date | str | None = None) -> list[date]:
        """Periods that a manager has filed for, oldest first."""
        return self.known(as_of, self.resolve(manager)[0])["period"].unique().sort().to_list()

    def filings(self, manager: str | None = None, *, as_of: date | str | None = None) -> pl.DataFrame:
        """Filings and what became of each, columns of tables.FILINGS_REPORT, newest period first.

        Raises:
            NotFoundError: if no such manager is in the cache.
        """
        cik = self.resolve(manager)[0] if manager else None
        known = self.known(as_of, cik)
        parts = [FILINGS_REPORT.schema().to_frame()]
        for of, period in known.select("cik", "period").unique(maintain_order=True).iter_rows():
            parts.append(self.filings_of(self.side(of, period, as_of)))
        order = ["cik", "period", "filing_date", "accession_number"]
        return pl.concat(parts).sort(order, descending=[False, True, True, True])

    def filings_of(self, side: Side) -> pl.DataFrame:
        """The filings that a side rests on, columns of tables.FILINGS_REPORT, in order of acceptance."""
        told: dict[str | None, list[dict[str, Any]]] = {}
        for oddity in self.oddities(side):
            told.setdefault(oddity.accession_number, []).append(oddity.as_dict())
        accessions = side.filings["accession_number"].to_list()
        folder = pl.concat_str(
            pl.lit(_FOLDERS + "/"),
            pl.col("cik").str.strip_chars_start("0"),
            pl.lit("/"),
            pl.col("accession_number").str.replace_all("-", ""),
            pl.lit("/"),
        )
        states = [side.book.states[accession] for accession in accessions]
        found = [told.get(accession, []) for accession in accessions]
        return (
            side.filings.with_columns(
                pl.Series("state", states, dtype=pl.String),
                pl.Series("oddities", found, dtype=FILINGS_REPORT.schema()["oddities"]),
                url=folder,
            )
            .sort("filing_date", "accepted", "accession_number", nulls_last=False)
            .select(FILINGS_REPORT.names)
        )

    def seen(self, cusips: Sequence[str], as_of: date | str | None = None) -> pl.DataFrame:
        """Where some CUSIPs stand in filings: cik, period, cusip, issuer, title_of_class as filed."""
        names = ("cik", "cusip", "issuer", "title_of_class")
        parts = [
            self._store.rows_as_filed(period, known, names)
            .filter(pl.col("cusip").is_in(cusips))
            .with_columns(period=pl.lit(period))
            for (period,), known in self.known(as_of).partition_by("period", as_dict=True).items()
        ]
        return pl.concat(parts)

    def holdings(self, manager: str, period: date | str = "latest", *, as_of: date | str | None = None) -> pl.DataFrame:
        """Positions in force, columns of tables.HOLDINGS, largest value first; values in dollars.

        Args:
            manager: CIK, alias or enough of a name.
            period: `2025Q3`, `2025-09-30`, a date, or `latest`.
            as_of: only what was filed by then.

        Raises:
            NotFoundError: if the manager, or that period of it, is not in the cache.
        """
        cik, name = self.resolve(manager)
        side = self.side(cik, self.period(cik, period, as_of), as_of)
        return self._reported(side.holdings, HOLDINGS.names, cik=cik, manager=name, period=side.period)

    def moves(
        self,
        manager: str,
        period: date | str = "latest",
        *,
        against: date | str | None = None,
        as_of: date | str | None = None,
    ) -> pl.DataFrame:
        """What a manager changed, columns of tables.MOVES; shares first, then options, by the size of the trade.

        Args:
            manager: CIK, alias or enough of a name.
            period: the later period.
            against: the earlier one; by default the quarter before.
            as_of: only what was filed by then.

        Raises:
            NotFoundError: if the manager, or the later period of it, is not in the cache.
        """
        return self.compare(manager, period, against=against, as_of=as_of).moves

    def compare(
        self,
        manager: str,
        period: date | str = "latest",
        *,
        against: date | str | None = None,
        as_of: date | str | None = None,
    ) -> Comparison:
        """The moves with the two sides they rest on; arguments and errors as `moves`.

        Raises:
            UsageError: if `against` is not earlier than the period.
        """
        cik, name = self.resolve(manager)
        later = self.period(cik, period, as_of)
        earlier = periods.earlier(against, later)
        after, before = self.side(cik, later, as_of), self._side(cik, earlier, as_of)
        reason = after.incomparable or (before.incomparable if before else self._why_missing(cik, earlier, as_of))
        told = self._moves(before, after, reason)
        reported = self._reported(told, MOVES.names, cik=cik, manager=name, period=later, against=earlier)
        return Comparison(cik, name, later, earlier, before, after, reason, reported)

    def history(self, manager: str, security: str, *, as_of: date | str | None = None) -> pl.DataFrame:
        """A security's positions through a manager's reports, columns of tables.HISTORY, oldest period first.

        Raises:
            NotFoundError: if the manager or security is not known here.
        """
        wanted = self.cusips(security)
        parts = [self.moves(manager, p, as_of=as_of) for p in self.periods(manager, as_of)]
        rows = pl.concat(parts).filter(pl.col("cusip").is_in(wanted)).sort("period", *POSITION_KEY)
        held_before = pl.col("amount_before").fill_null(0) + pl.col("amount").fill_null(0) > 0
        earlier = held_before.cum_sum().over(POSITION_KEY) > 1
        return rows.with_columns(reentered=(pl.col("change") == "new") & earlier).select(HISTORY.names)

    def scan_holdings(self, *, as_of: date | str | None = None) -> pl.LazyFrame:
        """Every manager's positions in every period, amendments folded: cik, period and what holdings come from.

        Returns:
            A lazy frame with cik, period, the position key, issuer, title_of_class, amount, value, weight, rows,
            accession_numbers; nothing is read before it is collected, but the rows of amended periods.
        """
        frames = []
        for (period,), known in self.known(as_of).partition_by("period", as_dict=True).items():
            in_force = self._in_force(known, period, as_of)
            rows = self._store.scan(period, in_force)
            frames.append(amendments.positions(rows, in_force.lazy()).with_columns(period=pl.lit(period)))
        return pl.concat(frames)

    def period(self, cik: str, period: date | str, as_of: date | str | None = None) -> date:
        """The period meant, if the manager has filed for it.

        Raises:
            NotFoundError: naming the periods there are.
            UsageError: if it is no quarter.
        """
        held = self.known(as_of, cik)["period"].unique().sort().to_list()
        wanted = period if isinstance(period, date) else None if period == "latest" else periods.parse(period)
        if held and (wanted is None or wanted in held):
            return wanted or held[-1]
        name = self.managers()[cik]
        when = f" known on {as_of}" if as_of else ""
        listed = ", ".join(periods.label(p) for p in held) or "none"
        alias = (who.aliases_of(cik) or [cik])[0]
        asked = periods.label(wanted) if wanted else "any period"
        since = f" --since {periods.label(wanted)}" if wanted else ""
        raise NotFoundError(
            f"No report of {name} for {asked}{when} is here; there are: {listed}.",
            f"To fetch it: thirteenf refresh {alias}{since} (in a version that fetches); "
            f"or get its {{accession}}.txt from {_LISTING}{cik} and: thirteenf import FILE",
        )

    def side(self, cik: str, period: date, as_of: date | str | None = None) -> Side:
        """One manager's report on one period, which must be there (see `period`)."""
        found = self._side(cik, period, as_of)
        if found is None:
            raise NotFoundError(f"No report for {periods.label(period)} is here.", "Ask for a period that is.")
        return found

    def oddities(self, *sides: Side | None) -> list[Oddity]:
        """What is odd about the filings behind some sides: the filings as wholes, their units, how they fold."""
        found: list[Oddity] = []
        for side in sides:
            if side is None:
                continue
            whole = self._oddities(side, whole=True).iter_rows(named=True)
            found += [Oddity(**oddity) for oddity in whole] + list(side.book.oddities) + _unit_oddities(side.filings)
        return found

    def row_oddities(self, side: Side) -> pl.DataFrame:
        """What is odd about single rows of a side's filings in force: code, message, accession_number, row."""
        return self._oddities(side, whole=False)

    def _side(self, cik: str, period: date, as_of: date | str | None) -> Side | None:
        filings = self.known(as_of, cik).filter(pl.col("period") == period)
        if filings.is_empty():
            return None
        filings = self._settled(filings, as_of)
        rows = self._store.rows(period, filings, ("cik", *_NEEDED))
        book = amendments.fold(filings.to_dicts(), rows)
        in_force = _in_force(book)
        held = amendments.positions(rows.lazy(), in_force.lazy()).collect()
        side = Side(period, filings, book, held.drop("cik"))
        return Side(period, filings, book, self._with_oddities(side, rows))

    def _with_oddities(self, side: Side, rows: pl.DataFrame) -> pl.DataFrame:
        """Positions with the oddities of their rows."""
        kind = HOLDINGS.schema()["oddities"]
        found = self._oddities(side, whole=False)
        if found.is_empty():
            return side.holdings.with_columns(oddities=pl.lit([], dtype=kind))
        keyed = found.join(rows.select("accession_number", "row", *POSITION_KEY), on=["accession_number", "row"])
        told = keyed.group_by(POSITION_KEY, maintain_order=True).agg(
            oddities=pl.struct("code", "message", "accession_number", "row")
        )
        joined = side.holdings.join(told, on=POSITION_KEY, how="left", maintain_order="left")
        return joined.with_columns(pl.col("oddities").fill_null(pl.lit([], dtype=kind)))

    def _oddities(self, side: Side, *, whole: bool) -> pl.DataFrame:
        wanted = side.filings if whole else side.filings.filter(pl.col("accession_number").is_in(side.book.in_force))
        found = self._store.oddities(side.period, wanted)
        found = found.filter(pl.col("row").is_null() if whole else pl.col("row").is_not_null())
        return found.select("code", "message", "accession_number", "row")

    def _settled(self, filings: pl.DataFrame, as_of: date | str | None) -> pl.DataFrame:
        """Filings with the units that could be known on a day: later filings are no evidence (rule R10)."""
        day = _day(as_of)
        of_periods = self._filings.filter(pl.col("period").is_in(filings["period"].unique().to_list()))
        if day is None or not (of_periods["filing_date"] > day).any():
            return filings
        told = self._store.settled(of_periods.filter(pl.col("filing_date") <= day))
        return told.join(filings.select("accession_number"), on="accession_number", how="semi")

    def _in_force(self, known: pl.DataFrame, period: date, as_of: date | str | None) -> pl.DataFrame:
        """Filings in force of all managers of a period: accession_number, place, cik, value_unit."""
        known = self._settled(known, as_of)
        alone = pl.len().over("cik") == 1
        single = known.filter(
            alone & ~(pl.col("is_amendment") & (pl.col("amendment_type") == "NEW HOLDINGS").fill_null(value=False))
        )
        parts = [single.select("accession_number", "cik", "value_unit", place=pl.lit(0, pl.Int64))]
        for (cik,), part in (
            known.join(single, on="accession_number", how="anti").partition_by("cik", as_dict=True).items()
        ):
            book = amendments.fold(part.to_dicts(), self._store.rows(period, part, ("cik", *_NEEDED)))
            if book.state != "base-missing":
                told = part.select("accession_number", "cik", "value_unit").filter(pl.col("cik") == cik)
                parts.append(told.join(_in_force(book), on="accession_number"))
        return pl.concat(parts)

    def _moves(self, before: Side | None, after: Side, reason: str | None) -> pl.DataFrame:
        if reason is None and before is not None:
            told = moves.diff(before.holdings, after.holdings)
            told = self._odd(told, before, after)
            return moves.withheld(told, before=before.book.withholds, after=after.book.withholds)
        then = before.holdings if before and not before.incomparable else None
        now = None if after.incomparable else after.holdings
        return self._odd(moves.unknown(then, now, str(reason)), *(side for side in (before, after) if side))

    def _odd(self, told: pl.DataFrame, *sides: Side) -> pl.DataFrame:
        """Moves with the oddities of the positions on both sides."""
        each = pl.concat([side.holdings.select(*POSITION_KEY, "oddities") for side in sides])
        each = each.filter(pl.col("oddities").list.len() > 0)
        if each.is_empty():
            return told
        joined = each.explode("oddities").group_by(POSITION_KEY, maintain_order=True).agg("oddities")
        told = told.drop("oddities").join(joined, on=POSITION_KEY, how="left", maintain_order="left")
        told = told.with_columns(pl.col("oddities").fill_null(pl.lit([], dtype=MOVES.schema()["oddities"])))
        return told.select(moves.COLUMNS)

    def _why_missing(self, cik: str, period: date, as_of: date | str | None) -> str:
        earlier = self.known(as_of, cik).filter(pl.col("period") < period)
        return "first-report" if earlier.is_empty() else "quarter-missing"

    def _reported(self, frame: pl.DataFrame, names: Sequence[str], **constants: Any) -> pl.DataFrame:  # noqa: ANN401
        """A frame with manager, period and tickers, columns in their declared order."""
        known = frame.with_columns(**{name: pl.lit(value) for name, value in constants.items()})
        return securities.with_tickers(known, sample.securities()).select(names)


def _in_force(book: Book) -> pl.DataFrame:
    schema = {"accession_number": pl.String, "place": pl.Int64}
    return pl.DataFrame({"accession_number": list(book.in_force), "place": range(len(book.in_force))}, schema)


def _unit_oddities(filings: pl.DataFrame) -> list[Oddity]:
    """Units that are not the filing date's, or not sure."""
    found = []
    for filing in filings.iter_rows(named=True):
        accession, told = (
            filing["accession_number"],
            f"values read as {filing['value_unit']}: {filing['value_unit_reason']}",
        )
        if filing["value_unit"] != units.by_date(filing["filing_date"]):
            found.append(Oddity("unit-overridden", told, accession))
        if filing["value_unit_certainty"] == units.UNCERTAIN:
            found.append(Oddity("unit-uncertain", told, accession))
    return found


def _day(as_of: date | str | None) -> date | None:
    return periods.day(as_of) if isinstance(as_of, str) else as_of
