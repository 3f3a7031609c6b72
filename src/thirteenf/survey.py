"""A survey: what all managers' books of two quarters come to, of all securities or of some.

The moves of managers whose books compare, with what was done to securities followed (market); and, apart, what the
others held, which bounds what they may have bought and sold.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import market, panel
from thirteenf.amendments import NO_BOOK
from thirteenf.causes import errors
from thirteenf.lineage import following
from thirteenf.lineage.steps import steps
from thirteenf.spark import Sides
from thirteenf.tabled import part_of
from thirteenf.tables import POSITION_KEY
from thirteenf.units import FACTOR, THOUSANDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from thirteenf.books import Books
    from thirteenf.catalog import Catalog
    from thirteenf.panel import Panel

_KEY = ("cik", *POSITION_KEY)


class Survey:
    """All managers' books of a quarter and the one before, as known on a day; frames are lazy.

    Of some securities what managers list is read with the first frame; of all, when frames are collected.

    Args:
        books: all books.
        catalog: what filings come to, and what was done to securities.
        period: the later quarter.
        as_of: the day.
        cusips: the securities asked about, with all that they were and became; all by default.
    """

    def __init__(
        self, books: Books, catalog: Catalog, period: date, as_of: date | None = None,
        cusips: Iterable[str] | None = None,
    ) -> None:  # fmt: skip
        """Find out who compares; rows are read when asked for."""
        self._books, self._catalog = books, catalog
        self.panel: Panel = panel.panel(books, catalog, period, as_of)
        self.lineage = catalog.lineage(as_of).filter(pl.col("period") <= period)
        self.cusips = None if cusips is None else following.chain(cusips, self.lineage)
        acted = self.lineage if self.cusips is None else _about(self.cusips, self.lineage)
        self._steps, self._gifts = steps(acted, self.panel.against)
        self._part: pl.Expr | None = None
        self._few: dict[date, pl.DataFrame] = {}

    @property
    def period(self) -> date:
        """The later quarter."""
        return self.panel.period

    def held(self, period: date) -> pl.LazyFrame:
        """What managers list at one of the two quarters' ends, dollars: cik, the position key, amount, value, rows.

        A key may stand more than once: a book is in several filings.
        """
        listed = self._listed(period).select(*_KEY, "amount", "value", "rows")
        return listed if self._part is None else listed.filter(self._part)

    def slices(self) -> Iterator[Survey]:
        """The same survey a range of CUSIPs at a time: memory is that of one, however many rows there are.

        Every security is in one of them; those that something was done to are in one of their own.
        """
        if self.cusips is not None:
            yield self
            return
        cusip, cuts = pl.col("cusip"), market.cuts(self.held(self.period))
        done = {*self._steps["cusip"], *self._steps["became"], *self._steps["became_principal"]}
        done |= {*self._gifts["cusip"], *self._gifts["child"]}
        for low, high in pairwise((None, *cuts, None)):
            part = pl.lit(value=True) if low is None else cusip >= low
            part = part if high is None else part & (cusip < high)
            here = sorted(one for one in done if (low is None or low <= one) and (high is None or one < high))
            yield self._sliced(part & ~cusip.is_in(here) if here else part, is_done=False)
        if done:
            yield self._sliced(cusip.is_in(sorted(done)), is_done=True)

    def _sliced(self, part: pl.Expr, *, is_done: bool) -> Survey:
        found = copy(self)
        for name in ("_before", "_after", "moves", "not_compared"):
            found.__dict__.pop(name, None)
        none = {} if is_done else {"_steps": self._steps.clear(), "_gifts": self._gifts.clear()}
        found.__dict__.update(none, _part=part)
        return found

    def sides(self) -> Sides:
        """The small frames by which the same moves are worked out on Spark (`spark.moves`), of all securities.

        Whichever securities the survey asks about: `moves` of one that asks about all has these rows.
        """
        books = self.panel.compared.select("cik", "book")
        before, after = (
            self._counted(period).join(books, on="cik").select(
                "accession_number", cik="book",
                factor=pl.when(pl.col("value_unit") == THOUSANDS).then(FACTOR[THOUSANDS]).otherwise(1).cast(pl.Int64),
                part=pl.col("document").map_elements(part_of, pl.String),
            )
            for period in (self.panel.against, self.panel.period)
        )  # fmt: skip
        return Sides(before, after, *steps(self.lineage, self.panel.against), self.panel.doubtful().select("cik"))

    def _listed(self, period: date) -> pl.LazyFrame:
        """What managers list of the securities asked about; of some it is read once, however often it is asked."""
        if self.cusips is None:
            return self._books.listed_in(period, self._counted(period))
        if period not in self._few:
            parents = self._gifts.filter(pl.col("child").is_in(self.cusips))["cusip"]  # of what was spun off
            self._few[period] = self._books.listed_of(period, self._counted(period), [*self.cusips, *parents])
        return self._few[period].lazy()

    def _counted(self, period: date) -> pl.DataFrame:
        """The filings of a quarter that books are made of, with the units that could be known on the day."""
        as_of = self.panel.as_of
        filings, standing = self._books.of_period(period, as_of), self._catalog.standing(period, as_of)
        counted = standing.filter(~pl.col("state").is_in(NO_BOOK))
        numbers = counted["accession_numbers"].explode().drop_nulls()
        return filings.filter(pl.col("accession_number").is_in(numbers.implode()))

    @cached_property
    def _before(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        return self.panel.parted(self.held(self.panel.against))

    @cached_property
    def _after(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        return self.panel.parted(self.held(self.panel.period))

    @cached_property
    def moves(self) -> pl.LazyFrame:
        """What moved between books that compare: market.MOVES and `unknown_reason`; `cik` is the book's.

        What is gone from a book that withholds rows, or now leaves some to others, is no exit: its change is unknown,
        and what came of it is null.
        """
        before, after = self._before[0], self._after[0]
        told: pl.LazyFrame = (
            market.moves(before, after) if self._steps.is_empty() and self._gifts.is_empty()
            else market.compared(before, after, self._steps.lazy(), self._gifts.lazy())
        )  # fmt: skip
        told = self._of_asked(told).join(self.panel.doubtful().lazy(), on="cik", how="left")
        left = (pl.col("change") == "exited") & pl.col("why").is_not_null()
        unknown = ("amount", "amount_change", "amount_change_pct", "value", "value_change", "trade_effect",
                   "price_effect")  # fmt: skip
        return told.with_columns(
            *(pl.when(~left).then(name).alias(name) for name in unknown),
            unknown_reason=pl.when(left).then("why"),
            change=pl.when(left).then(pl.lit("unknown")).otherwise("change"),
        ).drop("why")

    def priced(self) -> pl.LazyFrame:
        """`moves` with `is_odd`: a price for each share hundreds of times off what others report for that day.

        By the factor and the number of reports that make it a filer's error (causes.errors).
        """
        catalog, who = self._catalog, self.panel
        told: pl.LazyFrame = self.moves
        is_odd = pl.lit(value=False)
        became = dict(self._steps.select("cusip", "became").iter_rows())
        for side, day in (("_before", who.against), ("", who.period)):
            others = catalog.consensus(day, who.as_of).filter(pl.col("holders") >= errors.FEWEST_HOLDERS)
            # of numbers that became one the price that most reports tell
            others = others.sort("holders", "cusip", descending=[True, False]).select(
                pl.col("cusip").replace(became), pl.col("price").alias(f"price{side}")
            ).unique("cusip", keep="first", maintain_order=True)  # fmt: skip
            told = told.join(others.lazy(), on="cusip", how="left")
            amount, value = pl.col(f"amount{side}"), pl.col(f"value{side}")
            times = value / (amount * pl.col(f"price{side}"))
            is_price = (pl.col("amount_type") == "SH") & (amount > 0) & (value > 0) & (pl.col(f"price{side}") > 0)
            is_odd |= (is_price & ((times > errors.WRONG) | (times < 1 / errors.WRONG))).fill_null(value=False)
        return told.with_columns(is_odd=is_odd).drop("price", "price_before")

    @cached_property
    def not_compared(self) -> pl.LazyFrame:
        """What managers hold whose books do not compare: cik, the key, amount_before in today's shares, amount, values.

        A side that is not known is null; both are where a position is known of neither.
        """
        before = market.followed(self._before[1], self._steps.lazy(), None, self._after[1])
        then = before.group_by(_KEY).agg(
            amount_before=pl.col("amount").sum(), amount_before_adjusted=pl.col("amount_adjusted").sum(),
            value_before=pl.col("value").sum(),
        )  # fmt: skip
        now = market.renumbered(self._after[1], self._steps.lazy()).group_by(_KEY).agg(pl.col("amount", "value").sum())
        told = then.join(now, on=_KEY, how="full", coalesce=True)
        reasons = self.panel.left_out.lazy().select("cik", unknown_reason="reason")
        return self._of_asked(told).join(reasons, on="cik").with_columns(change=pl.lit("unknown"))

    def all_held(self) -> pl.LazyFrame:
        """Every position of the later quarter by the newest number of its security, whoever compares."""
        now = market.renumbered(self.held(self.panel.period), self._steps.lazy())
        return self._of_asked(now.group_by(_KEY).agg(pl.col("amount", "value").sum()))

    def bounds(self) -> pl.LazyFrame:
        """Per position key what nobody here can tell to be held on, bought or sold.

        Returns:
            The key, `late_holders`, `first_holders`; `may_have_sold`, `may_have_bought` in shares, each with its
            dollars `…_value`: what managers held before of whom the later book is not known, and hold now of whom
            the earlier one is not. They bound what those did whose book of that side is known; of the others
            (Panel.unknown) nothing does.
        """
        names = (*POSITION_KEY, "unknown_reason", "amount_before_adjusted", "amount", "value_before", "value")
        doubted = self.moves.filter(pl.col("change") == "unknown").select(names)
        every = pl.concat([self.not_compared.select(names), doubted])
        reason = pl.col("unknown_reason")
        return every.group_by(POSITION_KEY).agg(
            late_holders=((reason == "late") & (pl.col("amount_before_adjusted") > 0)).sum().cast(pl.Int64),
            first_holders=((reason == "first-report") & (pl.col("amount") > 0)).sum().cast(pl.Int64),
            may_have_sold=pl.col("amount_before_adjusted").sum(), may_have_sold_value=pl.col("value_before").sum(),
            may_have_bought=pl.col("amount").sum(), may_have_bought_value=pl.col("value").sum(),
        )  # fmt: skip

    def named(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Rows with issuer and title of class, as the manager with the largest position names them: later day first."""
        numbers = keys["cusip"].unique().to_list()
        parts = [
            self._listed(period).filter(pl.col("cusip").is_in(numbers)).select(
                "cusip", "issuer", "title_of_class", "value", nth=pl.lit(nth)
            ).collect(engine="in-memory")
            for nth, period in enumerate((self.panel.period, self.panel.against))
        ]  # fmt: skip
        names = pl.concat(parts).sort("nth", "value", "issuer", descending=[False, True, False]).unique(
            "cusip", keep="first", maintain_order=True
        )  # fmt: skip
        return keys.join(names.drop("value", "nth"), on="cusip", how="left", maintain_order="left")

    def _of_asked(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame if self.cusips is None else frame.filter(pl.col("cusip").is_in(self.cusips))


def _about(cusips: Iterable[str], lineage: pl.DataFrame) -> pl.DataFrame:
    """What was done to some securities, and to all that they are tied to by it: the rest need not be worked out."""
    known, wanted = -1, lineage.clear()
    numbers = pl.Series(sorted(set(cusips)), dtype=pl.String)
    while wanted.height > known:
        known = wanted.height
        of_them = (pl.col(name).is_in(numbers.implode()) for name in ("cusip", "cusip_before"))
        wanted = lineage.filter(pl.any_horizontal(of_them))
        numbers = pl.concat([numbers, wanted["cusip"], wanted["cusip_before"]]).unique()
    return wanted
