"""The object a Python user holds: filings, holdings and moves of a cache, as polars frames, known on any day.

`as_of` is a first-class argument everywhere (rules R6, R10). Reading is offline; nothing here downloads.
"""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import acceptances, comparisons, continuity, measures, moves, periods, places, securities, shelf
from thirteenf import cusip as cusips
from thirteenf import managers as who
from thirteenf import versions as versioned
from thirteenf.books import Books
from thirteenf.catalog import Catalog
from thirteenf.comparisons import Question
from thirteenf.errors import EdgarError, ImplausibleError, MalformedFilingError, NotFoundError, StoreError, UsageError
from thirteenf.filing import folder
from thirteenf.lineage import following
from thirteenf.shelf import Shelf
from thirteenf.store import Store
from thirteenf.tables import FILINGS_REPORT, HISTORY, HOLDINGS, MOVES, POSITION_KEY, REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from thirteenf.baskets import Basket, Resolved
    from thirteenf.books import Side
    from thirteenf.comparisons import Comparison
    from thirteenf.measures import Held
    from thirteenf.places import Places

_FEW_KEPT = 4


class Tracker:
    """Questions to a cache of filings.

    Args:
        cache: the cache's folder; without one THIRTEENF_CACHE, else the platform's data folder, else, where that is
            empty, the bundled sample.
        sample: answer from the bundled sample.
        today: the day to take for today, when telling what is due.
        actions: the user's own corporate actions, as TOML gives them (docs/method.md).
        curated: whether the program's own table of corporate actions counts.

    Raises:
        NotFoundError: if a cache was named and nothing is in it.
        StoreError: if its tables must be made anew and cannot, or are damaged.
    """

    def __init__(
        self, cache: str | Path | None = None, *, sample: bool = False, today: date | None = None,
        actions: Sequence[object] = (), curated: bool = True,
    ) -> None:  # fmt: skip
        """Open a cache; its tables are made anew first if they are missing or of other rules."""
        self.places: Places = places.cache(cache, sample=sample)
        if self.places.is_empty:
            raise NotFoundError(
                f"The cache {self.places.root} is empty.",
                "Fill it: thirteenf refresh MANAGER…, or look at the sample: thirteenf --sample managers",
            )
        self.today = today or periods.today()
        store = Store(self.places.tables, self.places.mend)
        if not store.is_current:
            from thirteenf import intake  # noqa: PLC0415 - only then is a reader of XML needed

            try:
                with self.places.locked(wait=60):
                    intake.bring_up(self.places)
            except StoreError as error:
                told = f"The tables of {self.places.root} must be made anew for this version, and cannot be."
                raise StoreError(f"{told} {error.message}", error.hint) from error
        elif self.places.was_interrupted:
            from thirteenf import intake  # noqa: PLC0415 - likewise

            intake.take_up(self.places)
        self._unreadable = store.unreadable()
        self.books = Books(store, acceptances.read(self.places.state))
        self._managers = lru_cache(maxsize=_FEW_KEPT)(self._named)
        self.catalog = Catalog(self.places, self.books, actions, curated=curated)
        # one report is asked about position by position
        self._moved = lru_cache(maxsize=_FEW_KEPT)(partial(comparisons.moved, self.books, self.catalog))
        if not self.catalog.is_made:
            with contextlib.suppress(StoreError), self.places.locked(wait=0):
                self.catalog.derive(self.places)

    @property
    def source(self) -> str:
        """`sample` for the bundled sample, else `cache`."""
        return self.places.source

    def managers(self, as_of: date | str | None = None) -> dict[str, str]:
        """CIK to name, as on the newest cover page, of all managers of the cache.

        A manager of whom nothing counts is one too, by the name in EDGAR's header, or by its number alone.
        """
        return dict(self._managers(_day(as_of)))

    def _named(self, day: date | None) -> dict[str, str]:
        others = {cik: cik for cik in self.books.filings(day)["listed_cik"].drop_nulls()}
        others |= {row["cik"]: row["manager"] or row["cik"] for row in self._unreadable_by(day).iter_rows(named=True)}
        named = others | dict(self.books.names(day).iter_rows())
        return dict(sorted(named.items(), key=lambda one: (one[1], one[0])))

    def resolve(self, manager: str, as_of: date | str | None = None) -> tuple[str, str]:
        """CIK and name, as known on a day, of the manager meant by a CIK, an alias or enough of a name.

        Raises:
            NotFoundError: if none or several are meant.
        """
        known = self._managers(_day(as_of))
        cik = who.resolve(manager, known, f" known on {as_of}" if as_of else "")
        return cik, known[cik]

    def cusips(self, security: str, as_of: date | str | None = None) -> list[str]:
        """The CUSIPs meant by a ticker or CUSIP, with what they were and became, of those in filings known on a day.

        Raises:
            NotFoundError: if it is not known here.
        """
        meant = self.meant(security, as_of)
        every = following.chain(meant, self.catalog.lineage(_day(as_of)))
        options = [number for one in every for number in cusips.option_numbers(one)]
        held = set(self.books.seen([*every, *options], _day(as_of))["cusip"])
        found = [cusip for cusip in (*every, *options) if cusip in held]
        if not found:
            raise NotFoundError(
                f"No filing here has '{security}' ({', '.join(meant)}).",
                "`thirteenf holdings` shows what a manager holds.",
            )
        return found

    def meant(self, security: str, as_of: date | str | None = None) -> list[str]:
        """The CUSIPs that a ticker or CUSIP means on a day, held here or not.

        Raises:
            NotFoundError: if it is not known here.
        """
        day = _day(as_of)
        return securities.meant(security, self.catalog.securities(day), lambda: self.books.securities(day), day)

    def basket(self, basket: Basket, period: date, as_of: date | str | None = None) -> Resolved:
        """A basket with the CUSIPs that its securities have, or had, in a period's books; what is not known is named.

        A symbol means what it means now, or meant on the day: lists name companies by today's symbols, and another
        company may have used one before. From there it is followed back along what was done to the security; what
        became of it by a merger after the period is not the same yet.
        """
        from thirteenf import baskets  # noqa: PLC0415 - only where one is asked for

        day = _day(as_of)
        lineage = self.catalog.lineage(day)
        is_same = pl.col("kind").is_in(["split", "reverse_split", "cusip_change"])
        lineage = lineage.filter((pl.col("period") <= period) | is_same)
        return baskets.resolve(
            basket, lambda label: self.meant(label, day), lambda numbers: following.chain(numbers, lineage)
        )

    def split_in(self, cusips: Sequence[str], as_of: date | str | None = None) -> list[tuple[date, date]]:
        """The quarters, last day before and last day, in which some securities were split, or may have been."""
        told = self.catalog.lineage(_day(as_of)).filter(moves.is_of(cusips) & (pl.col("kind") != "spin_off"))
        return list(told.filter(pl.col("shares") != pl.col("shares_before")).select("against", "period").iter_rows())

    def periods(self, manager: str, as_of: date | str | None = None) -> list[date]:
        """Periods that a manager has filed for, oldest first."""
        return self.books.filings(_day(as_of), self.resolve(manager, as_of)[0])["period"].unique().sort().to_list()

    def refused(self, manager: str | None = None, *, as_of: date | str | None = None) -> pl.DataFrame:
        """The filings that do not count, and what to do about each; columns of tables.REFUSED, newest first.

        Raises:
            NotFoundError: if no such manager is in the cache.
        """
        cik, day = self.resolve(manager, as_of)[0] if manager else None, _day(as_of)
        implausible = self.books.refusals(day, cik)
        if cik:  # what EDGAR lists under a manager is its own too, whoever the cover names
            listed = self.books.filings(day).filter(pl.col("listed_cik") == cik)
            for accession, other in listed.select("accession_number", "cik").iter_rows():
                refusal = self.books.refusals(day, other).get(accession)
                implausible = implausible | ({accession: refusal} if refusal else {})
        filings = self.books.filings(day).filter(pl.col("accession_number").is_in(list(implausible)))
        unreadable = self._unreadable_by(day)
        if cik:
            unreadable = unreadable.filter(pl.col("cik") == cik)
        rows = [
            _refused(row, refusal.code, refusal.message, refusal.hint)
            for row in filings.iter_rows(named=True) for refusal in (implausible[row["accession_number"]],)
        ] + [
            _refused(row, "unreadable", row["message"], "It is kept as served; it does not count.")
            for row in unreadable.iter_rows(named=True)
        ]  # fmt: skip
        told = pl.DataFrame(rows, schema=REFUSED.schema())
        return told.sort("filing_date", "accession_number", descending=True, nulls_last=True)

    def _unreadable_by(self, day: date | None) -> pl.DataFrame:
        """Filings of the archive that cannot be read, as known on a day."""
        known = self._unreadable
        return known.filter(pl.col("filing_date").is_null() | (pl.col("filing_date") <= day)) if day else known

    def refreshed(self, cik: str) -> datetime | None:
        """When EDGAR was last asked for a manager's filings; None if it never was."""
        note = self._shelf.note(shelf.submissions(cik))
        return note.asked if note else None

    def listed_periods(self, cik: str, as_of: date | None = None) -> set[date]:
        """The periods that EDGAR listed filings of a manager for when it was last asked, of those filed by a day."""
        try:
            listing = self._shelf.listing(cik)
        except EdgarError:
            listing = None
        filings = listing.filings if listing else ()
        return {one.period for one in filings if one.period and (as_of is None or one.filing_date <= as_of)}

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.places.listings)

    def filings(self, manager: str | None = None, *, as_of: date | str | None = None) -> pl.DataFrame:
        """Filings and what became of each, columns of tables.FILINGS_REPORT, newest period first.

        Raises:
            NotFoundError: if no such manager is in the cache.
        """
        cik = self.resolve(manager, as_of)[0] if manager else None
        known = self.books.filings(_day(as_of), cik).select("cik", "period").unique(maintain_order=True)
        sides = [self.side(of, period, as_of) for of, period in known.iter_rows()]
        order = ["cik", "period", "filing_date", "accession_number"]
        told = pl.concat([FILINGS_REPORT.schema().to_frame(), *(side.report() for side in sides)])
        return told.sort(order, descending=[False, True, True, True])

    def holdings(
        self, manager: str, period: date | str = "latest", *, as_of: date | str | None = None, follows: bool = True
    ) -> pl.DataFrame:
        """Positions in force, columns of tables.HOLDINGS, largest value first; values in dollars.

        Args:
            manager: CIK, alias or enough of a name.
            period: `2025Q3`, `2025-09-30`, a date, or `latest`.
            as_of: only what was filed by then.
            follows: whether a notice is followed into the reports that it leaves the holdings to.

        Raises:
            NotFoundError: if the manager, or that period of it, is not in the cache.
        """
        cik, name = self.resolve(manager, as_of)
        side = (self.book if follows else self.side)(cik, self.period(cik, period, as_of), as_of)
        return self.reported(side, cik, name, _day(as_of))

    def reported(self, side: Side, cik: str, manager: str, as_of: date | None) -> pl.DataFrame:
        """A book's positions with manager, period and symbols, columns of tables.HOLDINGS."""
        known = self.catalog.securities(as_of)
        return _reported(side.holdings, HOLDINGS.names, known, cik=cik, manager=manager, period=side.period)

    def moves(
        self,
        manager: str,
        period: date | str = "latest",
        *,
        against: date | str | None = None,
        as_of: date | str | None = None,
        against_as_of: date | str | None = None,
    ) -> pl.DataFrame:
        """What a manager changed, columns of tables.MOVES; shares first, then options, by the size of the trade.

        Args:
            manager: CIK, alias or enough of a name.
            period: the later period.
            against: the earlier one; by default the quarter before.
            as_of: only what was filed by then.
            against_as_of: compare the period with itself as it was known on this earlier day: what amendments did.

        Raises:
            NotFoundError: if the manager, or the later period of it, is not in the cache.
        """
        return self.compare(manager, period, against=against, as_of=as_of, against_as_of=against_as_of).moves

    def compare(
        self,
        manager: str,
        period: date | str = "latest",
        *,
        against: date | str | None = None,
        as_of: date | str | None = None,
        against_as_of: date | str | None = None,
        follows: bool = True,
        only: Callable[[pl.DataFrame], pl.DataFrame] = lambda moves: moves,
    ) -> Comparison:
        """The moves with the two books they rest on; arguments and errors as `moves`.

        `follows`: whether to follow a book into other managers' filings (continuity). `only`: which moves are wanted.

        Raises:
            UsageError: if `against`, or `against_as_of`, is not earlier.
        """
        cik, name = self.resolve(manager, as_of)
        later, day = self.period(cik, period, as_of), _day(as_of)
        if against_as_of is None:
            held = self.books.counted(day, cik)["period"].unique().to_list()
            earlier, then = periods.earlier(None if against is None else _period(against, held), later), None
        else:
            earlier, then = later, self._earlier_day(cik, later, against, as_of, against_as_of)
        asked = Question(cik, name, later, earlier, day, then)
        return self._told(comparisons.compare(self.books, self.catalog, self._moved(asked, follows=follows), only))

    def _earlier_day(
        self, cik: str, period: date, against: date | str | None, as_of: date | str | None, then: date | str
    ) -> date:
        """The earlier of two days on which one period is compared with itself.

        Raises:
            NotFoundError: if nothing was filed for it by then.
            UsageError: if the days are the wrong way round, or another period is named too.
        """
        earlier, later = periods.day(then) if isinstance(then, str) else then, _day(as_of) or self.today
        if against is not None:
            raise UsageError("--against-as-of compares a quarter with itself on two days.", "Leave --against out.")
        if earlier >= later:
            raise UsageError(f"{earlier} is not earlier than {later}.", "Give --against-as-of the earlier day.")
        if self.books.side(cik, period, earlier) is None:
            first = self.books.filings(_day(as_of), cik).filter(pl.col("period") == period)["filing_date"].to_list()
            told = f"{self._managers(_day(as_of))[cik]} had filed nothing for {periods.told(period)} by {earlier}."
            raise NotFoundError(told, f"The first filing for it is of {min(first)}.")
        return earlier

    def _told(self, found: Comparison) -> Comparison:
        """A comparison whose moves have manager, periods and symbols."""
        asked = found.asked
        constants = {"cik": asked.cik, "manager": asked.manager, "period": asked.period, "against": asked.against}
        known = self.catalog.securities(asked.as_of)
        return found._replace(moves=_reported(found.moves, MOVES.names, known, **constants))

    def history(self, manager: str, security: str, *, as_of: date | str | None = None) -> pl.DataFrame:
        """A security's positions through a manager's reports, columns of tables.HISTORY, oldest period first.

        Raises:
            NotFoundError: if the manager or security is not known here.
        """
        return self.retold(self.through(manager, security, as_of), as_of)

    def through(self, manager: str, security: str, as_of: date | str | None = None) -> list[Comparison]:
        """Each of a manager's reports beside that of the quarter before, the moves those of one security.

        Raises:
            NotFoundError: if the manager or security is not known here.
        """
        wanted, day = self.cusips(security, as_of), _day(as_of)
        cik, name = self.resolve(manager, as_of)
        is_wanted, found = moves.is_of(wanted), []
        for period in self.books.counted(day, cik)["period"].unique().sort():
            asked = Question(cik, name, period, periods.before(period), day)
            whole = self._moved(asked, follows=True)
            found.append(
                self._told(comparisons.compare(self.books, self.catalog, whole, lambda one: one.filter(is_wanted)))
            )
        return found

    def retold(self, found: Sequence[Comparison], as_of: date | str | None = None) -> pl.DataFrame:
        """A security's moves through a manager's reports as its history, columns of tables.HISTORY."""
        rows = pl.concat([MOVES.schema().to_frame(), *(one.moves for one in found)])
        held = (pl.col("amount_before").fill_null(0) > 0) | (pl.col("amount").fill_null(0) > 0)
        before = held.cast(pl.Int64).cum_sum().over("put_call", "amount_type") > 1
        return (
            rows.sort("period", *POSITION_KEY)
            .with_columns(reentered=(pl.col("change") == "new") & before)
            .join(self._held_through(found, _day(as_of)), on=["period", "cusip"], how="left", maintain_order="left")
            .with_columns(
                pl.when((pl.col("put_call") == "") & (pl.col("amount") > 0)).then(name).alias(name)
                for name in ("quarters_held", "held_at_least")
            )
            .select(HISTORY.names)
        )

    def _held_through(self, found: Sequence[Comparison], day: date | None) -> pl.DataFrame:
        """How long the securities of some moves had been held at each period: period, cusip, and two of HISTORY."""
        rows = []
        for cik in {one.asked.cik for one in found}:
            listed = self.books.listed(cik, [one.asked.period for one in found], day)
            for asked, now in ((one.asked, set(one.moves["cusip"])) for one in found if one.asked.cik == cik):
                names = following.names(now, self._lineage_by(asked.period, day))
                told = measures.quarters_held(asked.period, now, listed, names) if asked.period in listed else {}
                rows += [(asked.period, number, *one) for number, one in told.items()]
        schema = HISTORY.schema(("period", "cusip", "quarters_held", "held_at_least"))
        return pl.DataFrame(rows, schema=schema, orient="row")

    def quarters_held(self, side: Side, cik: str, as_of: date | None, most: int | None = None) -> dict[str, Held]:
        """How long each security of a manager's own book has been in its reports; empty where nothing is listed.

        Args:
            side: the book.
            cik: whose it is.
            as_of: only what was filed by then.
            most: how many earlier quarters to look at; None: all that follow on each other.
        """
        if side.incomparable or side.link:
            return {}
        here = set(self.books.counted(as_of, cik)["period"])
        earlier: list[date] = []
        day = periods.before(side.period)
        while day in here and (most is None or len(earlier) < most):
            earlier.append(day)
            day = periods.before(day)
        now = side.holdings.filter(pl.col("put_call") == "")["cusip"].to_list()
        names = following.names(now, self._lineage_by(side.period, as_of))
        return measures.quarters_held(side.period, now, self.books.listed(cik, earlier, as_of), names, most)

    def _lineage_by(self, period: date, as_of: date | None) -> pl.DataFrame:
        """What was done to securities by a period's end, as known on a day."""
        return self.catalog.lineage(as_of).filter(pl.col("period") <= period)

    def scan_holdings(self, *, as_of: date | str | None = None, versions: bool = False) -> pl.LazyFrame:
        """Every manager's positions in every period, amendments folded.

        Args:
            as_of: only what was filed by then.
            versions: every state that a book has been in by then, not only the one that stands; what was known on a
                day are the rows with `known_from <= day`, and `known_to > day` or null.

        Returns:
            A lazy frame with cik, period, the position key, issuer, title_of_class, amount, value in dollars, weight,
            rows, accession_numbers; `known_from`, the filing date since which the book stood like this; `known_to`,
            the filing date on which that ended, null where it still stands; `figi`, where one was filed;
            `security_id`, the oldest CUSIP that is known of the security (lineage.identity). Nothing is read before
            it is collected, but the rows of amended periods.
        """
        return versioned.scan(self.books, self.catalog, _day(as_of), versions=versions)

    def period(self, cik: str, period: date | str, as_of: date | str | None = None) -> date:
        """The period meant, if the manager has filed for it.

        Raises:
            ImplausibleError, MalformedFilingError: if all that it has filed for it is refused, or unreadable.
            NotFoundError: naming the periods there are.
            UsageError: if it is no quarter.
        """
        known = self.books.counted(_day(as_of), cik)
        held = known["period"].unique().sort().to_list()
        if isinstance(period, str) and period.strip().lower() == "latest":
            # a period that had not ended when it was filed is a slip of the pen, not the newest
            ended = known.filter(pl.col("period") <= pl.col("filing_date"))["period"].max()
            wanted = ended if isinstance(ended, date) else held[-1] if held else None
        else:
            wanted = _period(period, held)
        if wanted is not None and wanted in held:
            return wanted
        self._refuse_if_refused(cik, wanted, as_of)
        name, alias = self._managers(_day(as_of))[cik], (who.aliases_of(cik) or [cik])[0]
        when = f" known on {as_of}" if as_of else ""
        listed = ", ".join(periods.told(p) for p in held) or "none"
        asked, since = (periods.told(wanted), f" --since {periods.told(wanted)}") if wanted else ("any period", "")
        is_later = wanted is not None and bool(held) and wanted > held[-1]
        last = f" What it held at {periods.told(held[-1])} is not known to be sold." if is_later else ""
        raise NotFoundError(
            f"No report of {name} for {asked}{when} is here; there are: {listed}.{last}",
            f"To fetch it: thirteenf refresh {alias}{since}",
        )

    def _refuse_if_refused(self, cik: str, period: date | None, as_of: date | str | None) -> None:
        """Say that a period's filings are refused, where there are no others of it, or of any period."""
        refused = self.refused(cik, as_of=as_of)
        about = refused if period is None else refused.filter(pl.col("period") == period)
        for row in about.head(1).iter_rows(named=True):
            kind = MalformedFilingError if row["code"] == "unreadable" else ImplausibleError
            raise kind(f"{row['accession_number']} is refused: {row['message'].rstrip('.')}.", row["hint"])

    def book(self, cik: str, period: date, as_of: date | str | None = None) -> Side:
        """The same; where a notice leaves it to other managers' reports, what they report of it."""
        side = self.side(cik, period, as_of)
        return continuity.attributed(self.books, side, cik, _day(as_of)) or side

    def side(self, cik: str, period: date, as_of: date | str | None = None) -> Side:
        """One manager's book for one period, which must be there (see `period`)."""
        found = self.books.side(cik, period, _day(as_of))
        if found is None:
            raise NotFoundError(f"No report for {periods.told(period)} is here.", "Ask for a period that is.")
        return found


def _refused(filing: dict[str, Any], code: str, message: str, hint: str) -> dict[str, Any]:
    names = ("accession_number", "cik", "form_type", "period", "filing_date")
    url = folder(filing["cik"], filing["accession_number"])
    return {name: filing[name] for name in names} | {"code": code, "message": message, "hint": hint, "url": url}


def _reported(
    frame: pl.DataFrame,
    names: Sequence[str],
    known: pl.DataFrame,
    **constants: Any,  # noqa: ANN401 - cells
) -> pl.DataFrame:
    """A frame with manager, period and tickers, columns in their declared order."""
    told = frame.with_columns(**{name: pl.lit(value) for name, value in constants.items()})
    return securities.with_tickers(told, known).select(names)


def _period(period: date | str, held: Sequence[date]) -> date:
    """A period by its quarter, or by the day that it was filed for even if no quarter ends on it."""
    if isinstance(period, date):
        return period
    return next((day for day in held if str(day) == period.strip()), None) or periods.parse(period)


def _day(as_of: date | str | None) -> date | None:
    return periods.day(as_of) if isinstance(as_of, str) else as_of
