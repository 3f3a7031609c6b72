"""All managers' books of two quarters compared: what `moves.diff` says of one, of all of them, on any engine.

Written once in Narwhals' expressions, which hand themselves on to polars here, to Spark on shared storage, or to
DuckDB (docs/architecture.md says why not in SQL). Nothing is collected: lazy frames go in, lazy frames come out. Whole
numbers are added up, and what is worked out in floats is worked out row by row in one order and rounded by hand, so
that every engine gives the same rows to the dollar.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import narwhals as nw
import polars as pl

from thirteenf.lineage.steps import GIFTS, STEPS
from thirteenf.tables import POSITION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = ("cik", *POSITION_KEY)
BOOK = (*KEY, "amount", "value", "rows")
MOVES = (
    *KEY, "change", "amount_before", "amount_before_adjusted", "amount", "amount_change", "amount_change_pct",
    "value_before", "value", "value_change", "trade_effect", "price_effect",
)  # fmt: skip
FLOWS = (
    *POSITION_KEY, "holders_before", "holders", "opened", "added", "unchanged", "reduced", "exited",
    "amount_before", "amount", "amount_bought", "amount_sold", "amount_change",
    "value_before", "value", "bought", "sold", "trade_effect", "price_effect",
)  # fmt: skip
SLICE = 220_000
"""Rows of a quarter that are compared at a time where it is done in slices."""
ABSURD = 10**15
"""A trade of more dollars than this is a figure that cannot be true, and in no sum of trades."""
BILLION = 1_000_000_000
"""Parts of a share that `fraction` counts in."""
_LARGEST = float(2**63)
_EVERY = 1_000
_ADJUSTED = ("amount_adjusted", "fraction", "has_fractions", "is_given")


def books(positions: Any, in_force: Any) -> Any:  # noqa: ANN401 - of any engine
    """The books of many managers: what their filings in force list, in dollars.

    Args:
        positions: what filings list: accession_number, the position key, amount, value as filed, rows.
        in_force: accession_number, cik, factor: 1 where a filing's values are dollars, 1000 where they are thousands;
            a row a filing that counts, none twice. With `part`, the file that a filing's rows are in (`store.part_of`),
            positions have it too, and rows of it in other files are left out: while filings are taken in, and after a
            run that was killed, one stands in two.

    Returns:
        The columns of BOOK. A key may stand more than once: a book is in several filings.
    """
    counted = nw.from_native(in_force)
    on = [name for name in ("accession_number", "part") if name in counted.collect_schema().names()]
    joined = nw.from_native(positions).join(counted.select(*on, "cik", "factor"), on=on, how="inner")
    return joined.select(*KEY, "amount", nw.col("value") * nw.col("factor"), "rows").to_native()


def moves(before: Any, after: Any) -> Any:  # noqa: ANN401 - of any engine
    """What changed between two quarters, of all managers whose two books compare.

    Args:
        before: KEY, amount, value in dollars, of the earlier quarter; rows of one key are added up. Where securities
            were followed, also what `followed` adds.
        after: the same of the later quarter.

    Returns:
        A frame of the same kind as those given, lazy where they are: the columns of MOVES; a row a position of either
        side, in no order. The figures are those of `moves.diff`. A trade effect that no 64 bits hold is null.
    """
    earlier, later = nw.from_native(before), nw.from_native(after)
    names = earlier.collect_schema().names()
    more = [name for name in _ADJUSTED if name in names]
    stacked = nw.concat([_side(earlier, "_before", more), _side(later, "", more)], how="vertical")
    sums = [name for name in stacked.collect_schema().names() if name not in KEY]
    # the two sides one under the other and grouped once: a join takes longer, and more memory
    both = stacked.group_by(*KEY).agg(nw.col(name).sum().cast(nw.Int64) for name in sums)
    both = both.with_columns(
        _held("_before").alias("held_before"),
        _held("").alias("held"),
        _adjusted(more).alias("amount_before_adjusted"),
    ).filter(nw.col("held_before") | nw.col("held"))
    return _worked_out(both).to_native()


def flows(moves: Any) -> Any:  # noqa: ANN401 - of any engine
    """Per security, put or call, and kind of amount: who came and went, and what was bought and sold.

    Args:
        moves: MOVES, of managers that filed for both quarters.

    Returns:
        The columns of FLOWS, all whole numbers: managers that held before and now, and what became of each;
        amounts before in the later quarter's shares, and those bought and sold (both positive) beside their
        difference; dollars by trade effect. A trade of more than a quadrillion dollars is a figure that cannot be
        true: its value is counted as price_effect, so that both effects add up to the change in value.
    """
    amount, before, change = nw.col("amount"), nw.col("amount_before_adjusted"), nw.col("amount_change")
    traded = nw.col("trade_effect")
    is_figure = (traded >= -ABSURD) & (traded <= ABSURD)
    # asked of numbers, since comparing words takes longer
    opened, exited = ~_held("_before"), ~_held("")
    stayed = ~opened & ~exited
    told = nw.from_native(moves).select(
        *POSITION_KEY,
        _where(opened).alias("opened"),
        _where(stayed & (amount > before)).alias("added"),
        _where(stayed & (amount == before)).alias("unchanged"),
        _where(stayed & (amount < before)).alias("reduced"),
        _where(exited).alias("exited"),
        before.alias("amount_before"),
        amount.alias("amount"),
        _where(change > 0, change).alias("amount_bought"),
        "value_before",
        "value",
        _where(is_figure & (traded > 0), traded).alias("bought"),
        _where(is_figure & (traded < 0), -traded).alias("sold"),
    )
    names = [name for name in told.collect_schema().names() if name not in POSITION_KEY]
    summed = told.group_by(*POSITION_KEY).agg(nw.col(name).sum().cast(nw.Int64) for name in names)
    stayed_too = nw.col("added") + nw.col("unchanged") + nw.col("reduced")
    return (
        summed.with_columns(
            (stayed_too + nw.col("exited")).alias("holders_before"),
            (stayed_too + nw.col("opened")).alias("holders"),
            (nw.col("amount") - nw.col("amount_before")).alias("amount_change"),
            (nw.col("bought") - nw.col("sold")).alias("trade_effect"),
        )
        .with_columns(
            (nw.col("amount_bought") - nw.col("amount_change")).alias("amount_sold"),
            (nw.col("value") - nw.col("value_before") - nw.col("trade_effect")).alias("price_effect"),
        )
        .select(*FLOWS)
        .to_native()
    )


def compared(before: Any, after: Any, steps: Any, gifts: Any) -> Any:  # noqa: ANN401 - of any engine
    """`moves` with what was done to securities followed: no split is a trade, nor is another number.

    Args:
        before: BOOK, of the earlier quarter, by the numbers as filed.
        after: BOOK, of the later quarter, by the numbers as filed.
        steps: what became of each number (lineage.steps.STEPS), a frame of the books' engine.
        gifts: what was spun off to whom (lineage.steps.GIFTS), likewise.
    """
    return moves(followed(before, steps, gifts, after), renumbered(after, steps))


def followed(before: Any, steps: Any, gifts: Any = None, after: Any = None) -> Any:  # noqa: ANN401 - of any engine
    """Books of the past by the numbers and in the shares of the later quarter, had nobody traded.

    Args:
        before: BOOK, of the earlier quarter.
        steps: lineage.steps.STEPS: at most one row a number.
        gifts: lineage.steps.GIFTS, if any.
        after: BOOK, of the later quarter, by the numbers as filed: who files the very same amount and value again
            has not looked, and its shares are left as they are. Without it that is not asked.

    Returns:
        BOOK by the later numbers, with `amount_adjusted`, the amount in the later shares, `fraction`, billionths of
        a share that are left over, `has_fractions`, whether there may be some, and `is_given`, for what a spin-off
        gave: no amount, no value, and what was received as `amount_adjusted`.
    """
    book, done = _book(before), nw.from_native(steps)
    nothing, no = nw.lit(0, nw.Int64), nw.lit(value=False)
    left = book.join(done.select("cusip"), on="cusip", how="anti").with_columns(
        nw.col("amount").alias("amount_adjusted"), nothing.alias("fraction"), no.alias("has_fractions"),
        no.alias("is_given"),
    )  # fmt: skip
    parts = [left, _stepped(book, done, None if after is None else _book(after))]
    if gifts is not None:
        parts.append(_given(book, nw.from_native(gifts)))
    return nw.concat([one.select(*BOOK, *_ADJUSTED) for one in parts], how="vertical").to_native()


def renumbered(after: Any, steps: Any) -> Any:  # noqa: ANN401 - of any engine
    """Books by the newest number of each security, whichever their holders still use: BOOK in, BOOK out."""
    became = nw.from_native(steps).select("cusip", "became", "became_principal")
    joined = _book(after).join(became, on="cusip", how="left")
    newest = nw.when(nw.col("became").is_null()).then(nw.col("cusip")).otherwise(_became())
    return joined.with_columns(newest.alias("cusip")).select(*BOOK).to_native()


def cuts(positions: pl.LazyFrame, rows: int = SLICE) -> list[str]:
    """Where to cut a quarter that is sorted by CUSIP, so that about so many rows are in each slice.

    Args:
        positions: any frame with the column cusip.
        rows: how many rows of one quarter a slice is to have.

    Returns:
        The first CUSIP of each slice but the first; none where it all is one slice.
    """
    seen = positions.select("cusip").with_row_index("place").filter(pl.col("place") % _EVERY == _EVERY - 1)
    sample = seen.collect(engine="streaming")["cusip"].sort()
    step = max(1, rows // _EVERY)
    return sample.head(-1).gather_every(step, step - 1).unique(maintain_order=True).to_list()


def in_slices(
    before: pl.LazyFrame,
    after: pl.LazyFrame,
    cuts: list[str],
    steps: pl.DataFrame | None = None,
    gifts: pl.DataFrame | None = None,
) -> Iterator[pl.LazyFrame]:
    """`compared`, one range of CUSIPs after another: memory is that of one slice, however many rows there are.

    Args:
        before: BOOK of the earlier quarter, over files sorted by CUSIP, of which a range is all that is read.
        after: the same of the later quarter.
        cuts: the first CUSIP of each slice but the first.
        steps: lineage.steps.STEPS, if anything was done.
        gifts: lineage.steps.GIFTS, if anything was given.

    Yields:
        MOVES, not collected. Every security is in one of them; those that something was done to are in the last.
    """
    steps = STEPS.to_frame() if steps is None else steps
    gifts = GIFTS.to_frame() if gifts is None else gifts
    done = {*steps["cusip"], *steps["became"], *steps["became_principal"], *gifts["cusip"], *gifts["child"]}
    cusip = pl.col("cusip")
    for low, high in pairwise((None, *cuts, None)):
        here = sorted(one for one in done if (low is None or low <= one) and (high is None or one < high))
        bounds = [] if low is None else [cusip >= low]
        bounds += [] if high is None else [cusip < high]
        bounds += [~cusip.is_in(here)] if here else []
        yield moves(*(book.filter(*bounds) if bounds else book for book in (before, after)))
    if done:
        sides = (book.filter(cusip.is_in(sorted(done))) for book in (before, after))
        yield compared(next(sides), next(sides), steps.lazy(), gifts.lazy())


def _book(frame: Any) -> nw.LazyFrame[Any]:  # noqa: ANN401 - of any engine
    """A book's columns; where rows were not counted, each is one."""
    book: nw.LazyFrame[Any] = nw.from_native(frame)
    if "rows" not in book.collect_schema().names():
        book = book.with_columns(nw.lit(1, nw.Int64).alias("rows"))
    return book.select(*BOOK)


def _summed(book: nw.LazyFrame[Any], among: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The positions of some numbers, each one row: a ratio is applied to what a holder had in all."""
    meant = book.join(among.select("cusip").unique(), on="cusip", how="semi")
    return meant.group_by(*KEY).agg(nw.col(name).sum().cast(nw.Int64) for name in ("amount", "value", "rows"))


def _stepped(book: nw.LazyFrame[Any], steps: nw.LazyFrame[Any], after: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    """The positions that something was done to, as they would stand later."""
    held = _summed(book, steps)
    if after is None:
        held = held.with_columns(nw.lit(value=False).alias("is_again"))
    else:
        renamed = {"amount": "amount_again", "value": "value_again"}
        again = _summed(after, steps).select(*KEY, *renamed).rename(renamed)
        same = (nw.col("amount") == nw.col("amount_again")) & (nw.col("value") == nw.col("value_again"))
        is_again = nw.when(same).then(nw.lit(value=True)).otherwise(nw.lit(value=False))
        held = held.join(again, on=list(KEY), how="left").with_columns(is_again.alias("is_again"))
    held = held.join(steps, on="cusip", how="inner")
    is_one = nw.col("shares") == nw.col("shares_before")
    # an amount of dollars is not split; the same amount and value filed again say nothing of today's shares
    moved = (nw.col("amount_type") == "SH") & ~nw.col("is_again") & ~is_one
    shares, fraction = _times(nw.col("amount"))
    return held.with_columns(
        nw.when(moved).then(shares).otherwise(nw.col("amount")).alias("amount_adjusted"),
        nw.when(moved).then(fraction).otherwise(nw.lit(0, nw.Int64)).alias("fraction"),
        (moved & (nw.col("shares_before") > 1)).alias("has_fractions"),
        nw.lit(value=False).alias("is_given"),
        _became().alias("cusip"),
    )


def _given(book: nw.LazyFrame[Any], gifts: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """What holders of shares were given in spin-offs: nothing as filed before, in shares what they received."""
    shares = book.filter((nw.col("put_call") == "") & (nw.col("amount_type") == "SH"))
    held = _summed(shares, gifts).join(gifts, on="cusip", how="inner")
    received, fraction = _times(nw.col("amount"))
    nothing, yes = nw.lit(0, nw.Int64), nw.lit(value=True)
    return held.with_columns(
        received.alias("amount_adjusted"), fraction.alias("fraction"), nothing.alias("amount"),
        nothing.alias("value"), yes.alias("has_fractions"), yes.alias("is_given"), nw.col("child").alias("cusip"),
    )  # fmt: skip


def _became() -> nw.Expr:
    return nw.when(nw.col("amount_type") == "SH").then(nw.col("became")).otherwise(nw.col("became_principal"))


def _times(amount: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    """An amount by a ratio, in parts that no amount makes too large: whole shares, and billionths of one left over."""
    shares, before = nw.col("shares"), nw.col("shares_before")
    rest = amount % before * shares
    whole = (amount - amount % before) // before * shares + (rest - rest % before) // before
    return whole.cast(nw.Int64), (rest % before * BILLION // before).cast(nw.Int64)


def _side(book: nw.LazyFrame[Any], suffix: str, more: list[str]) -> nw.LazyFrame[Any]:
    """One side with the other's figures nought, as it stands in the stack."""
    names, nothing = book.collect_schema().names(), nw.lit(0, nw.Int64)
    rows = nw.col("rows") if "rows" in names else nw.lit(1, nw.Int64)
    extra = {
        "amount_adjusted": nw.col("amount"), "fraction": nothing, "has_fractions": nothing, "is_given": nothing
    }  # fmt: skip
    if suffix:
        is_flag = ("has_fractions", "is_given")
        extra = {
            name: nw.col(name).cast(nw.Int64) if name in is_flag else nw.col(name) for name in extra if name in more
        }
    figures = {
        "amount_before": nw.col("amount") if suffix else nothing,
        "value_before": nw.col("value") if suffix else nothing,
        "amount": nothing if suffix else nw.col("amount"),
        "value": nothing if suffix else nw.col("value"),
    }
    if more:
        figures |= {name: extra[name] if suffix else nothing for name in more if name != "is_given"}
        figures |= {"parts": rows if suffix else nothing}
    return book.select(*KEY, *(value.cast(nw.Int64).alias(name) for name, value in figures.items()))


def _held(suffix: str) -> nw.Expr:
    return (nw.col(f"amount{suffix}") != 0) | (nw.col(f"value{suffix}") != 0)


def _adjusted(more: list[str]) -> nw.Expr:
    """The earlier amount in the later shares; as held, where nothing but fractions paid out in cash are between."""
    if "amount_adjusted" not in more:
        return nw.col("amount_before")
    adjusted = nw.col("amount_adjusted")
    if "has_fractions" not in more:
        return adjusted
    off = nw.col("amount") - adjusted
    off = off - nw.col("fraction") / BILLION if "fraction" in more else off * 1.0
    # sums of parts of a share may be off by some billionths
    fits = (nw.col("has_fractions") > 0) & _held("") & (off.abs() < nw.col("parts") - 1e-6)
    return nw.when(fits).then(nw.col("amount")).otherwise(adjusted)


def _worked_out(both: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    amount, before, adjusted = nw.col("amount"), nw.col("amount_before"), nw.col("amount_before_adjusted")
    held_before, held = nw.col("held_before"), nw.col("held")
    change = (
        nw.when(~held_before).then(nw.lit("new"))
        .otherwise(nw.when(~held).then(nw.lit("exited"))
        .otherwise(nw.when(amount > adjusted).then(nw.lit("added"))
        .otherwise(nw.when(amount < adjusted).then(nw.lit("reduced"))
        .otherwise(nw.lit("unchanged")))))
    )  # fmt: skip
    then, now = nw.col("value_before") / adjusted, nw.col("value") / amount
    difference = nw.col("amount_change")
    # no dollars for some shares are no price of them: what a spin-off gave has none before
    has_then, has_now = (adjusted != 0) & (nw.col("value_before") != 0), (amount != 0) & (nw.col("value") != 0)
    at_mean = (
        nw.when(has_then & has_now).then(difference * ((then + now) / 2))
        .otherwise(nw.when(has_then).then(difference * then)
        .otherwise(nw.when(has_now).then(difference * now)
        .otherwise(nw.lit(0.0))))
    )  # fmt: skip
    traded = _whole(nw.col("at_mean"))
    return (
        both.with_columns(
            change.alias("change"),
            (amount - adjusted).alias("amount_change"),
            (nw.col("value") - nw.col("value_before")).alias("value_change"),
        )
        .with_columns(
            nw.when(adjusted != 0).then(difference * 100.0 / adjusted).alias("amount_change_pct"),
            at_mean.alias("at_mean"),
        )
        .with_columns(
            # what was given by a spin-off was not bought
            nw.when(~held_before & (adjusted == 0)).then(nw.col("value"))
            .otherwise(nw.when(~held).then(-nw.col("value_before"))
            .otherwise(traded))
            .alias("trade_effect"),
        )
        .with_columns((nw.col("value_change") - nw.col("trade_effect")).alias("price_effect"))
        .with_columns(before.alias("amount_before"))
        .select(*MOVES)
    )  # fmt: skip


def _whole(number: nw.Expr) -> nw.Expr:
    """A float as a whole number, halves to the even one as `moves.diff` has it: engines round each in their own way."""
    # bounded first, since an engine may refuse to floor what 64 bits do not hold
    bounded = nw.when((number > -_LARGEST) & (number < _LARGEST)).then(number)
    down = bounded.floor()
    rest, is_odd = bounded - down, (down / 2).floor() != down / 2
    up = (rest > 0.5) | ((rest == 0.5) & is_odd)  # noqa: PLR2004 - a half
    return nw.when(up).then(down + 1).otherwise(down).cast(nw.Int64)


def _where(condition: nw.Expr, figure: nw.Expr | None = None) -> nw.Expr:
    """A figure, or one, where something is so, and nought elsewhere."""
    return nw.when(condition).then(nw.lit(1, nw.Int64) if figure is None else figure).otherwise(nw.lit(0, nw.Int64))
