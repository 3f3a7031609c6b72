"""Baskets in what all managers did: which securities are meant, and what came into them and went out of them.

Stock, principal, calls and puts apart (R3), by trade effect and not by price, over managers whose books compare. What
the others held or hold bounds what they may have sold or bought; it is in no sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from thirteenf import baskets, market, tallies
from thirteenf import cusip as cusips
from thirteenf.tables import BASKET_FLOWS, POSITION_KEY, is_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thirteenf.baskets import Basket, Outstanding, Resolved
    from thirteenf.survey import Survey
    from thirteenf.tracker import Tracker

_NAMES = ("cik", *POSITION_KEY, "change", "unknown_reason", "amount_before_adjusted", "amount", "amount_change",
          "value_before", "value", "trade_effect")  # fmt: skip
_TEXTS = ("name", "title", "sentence", "source", "is_own", "replaces")
_COUNTS = {"opened": "new", "added": "added", "unchanged": "unchanged", "reduced": "reduced", "exited": "exited"}


class Meant(NamedTuple):
    """A basket with the CUSIPs that its names mean; `labels` also of the SEC list's own numbers for options on them.

    `underlying`: the security of each such number.
    """

    of: Resolved
    labels: dict[str, str]
    underlying: dict[str, str]

    def is_in(self) -> pl.Expr:
        """Rows of the basket; under a number for options only what says that it is one, lest it pass for stock (R3)."""
        return pl.col("cusip").is_in(list(self.of.labels)) | (
            pl.col("cusip").is_in(list(self.labels)) & (pl.col("put_call") != "")
        )


def resolved(tracker: Tracker, wanted: Sequence[Basket], period: date, as_of: date | None) -> list[Meant]:
    """Baskets with the CUSIPs that their names mean, each basket once.

    A number for options that two securities of a basket could have is left out, as it says of neither.
    """
    found = []
    for basket in {one.name: one for one in wanted}.values():
        one = tracker.basket(basket, period, as_of)
        options: dict[str, list[str]] = {}
        for number in one.labels:
            for option in cusips.option_numbers(number):
                options.setdefault(option, []).append(number)
        sure = {
            option: numbers[0]
            for option, numbers in options.items()
            if len({one.labels[number] for number in numbers}) == 1 and option not in one.labels
        }
        labels = {option: one.labels[number] for option, number in sure.items()}
        found.append(Meant(one, labels | one.labels, sure))
    return found


def told(
    tracker: Tracker, survey: Survey, found: Sequence[Meant], outstanding: Sequence[Outstanding] = (),
    options: str | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """What each basket is and what was bought and sold of it, as it stands in the head of a survey.

    Args:
        tracker: of the cache.
        survey: of the baskets' securities.
        found: the baskets (resolved).
        outstanding: how many shares there are, as the user's settings say.
        options: sums of `only` options, or of `no` options.
    """
    if not found:
        return []
    asked = pl.lit(value=True) if options is None else is_option() == (options == "only")
    nothing = {name: pl.lit(None, pl.Int64) for name in ("amount_change", "trade_effect")}
    sides = [without_odd(survey.priced()).select(_NAMES), survey.not_compared.with_columns(**nothing).select(_NAMES)]
    rows = pl.concat(sides).collect(engine="streaming")
    held = _held(survey, rows) if outstanding else None
    issuers = dict(survey.named(rows.select("cusip").unique()).select("cusip", "issuer").iter_rows())
    return [
        {
            **{name: getattr(one.of.basket, name) for name in _TEXTS},
            "securities": [
                {"label": member.label, "cusips": list(member.cusips),
                 "issuer": next((issuers[number] for number in member.cusips if issuers.get(number)), None),
                 "message": member.message}
                for member in one.of.members
            ],
            "managers_compared": survey.panel.compared.height,
            "sums": flows(one.of.basket.name, _labelled(rows, one).filter(asked), one.of.basket.tickers),
            "left_over": [] if held is None else _left(tracker, survey, one, _labelled(held, one), outstanding),
        }
        for one in found
    ]  # fmt: skip


def without_odd(moves: pl.LazyFrame) -> pl.LazyFrame:
    """Moves without the dollars of those at a price that cannot be (`is_odd`); their amounts stay.

    Args:
        moves: Survey.priced.
    """
    odd, names = pl.col("is_odd"), ("trade_effect", "price_effect", "value_change")
    return moves.with_columns(
        *(pl.when(odd & pl.col(name).is_not_null()).then(0).otherwise(name).alias(name) for name in names),
        # a value without an amount is all that says that something is held
        *(pl.when(odd & (pl.col(f"amount{side}") != 0)).then(0).otherwise(f"value{side}").alias(f"value{side}")
          for side in ("", "_before")),
    )  # fmt: skip


def flows(name: str, rows: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    """What was bought and sold, by security and in all: tables.BASKET_FLOWS, the basket's order, all of it last.

    Args:
        name: the basket's.
        rows: moves with their `label`; those whose change is not known bound what may have been traded.
        labels: in the basket's order.
    """
    is_figure = pl.col("trade_effect").abs() <= market.ABSURD
    rows = rows.with_columns(
        book=tallies.book(),
        known=pl.col("change") != "unknown",
        traded=pl.when(is_figure).then("trade_effect").otherwise(0),
    )
    places = {label: place for place, label in enumerate(labels)}
    parts = [_summed(rows, ("label", "book")), _summed(rows, ("book",))]
    schema = BASKET_FLOWS.schema()
    summed = pl.concat(parts).with_columns(basket=pl.lit(name)).select(
        pl.col(column).cast(kind) for column, kind in schema.items()
    )  # fmt: skip
    place = pl.col("label").replace_strict(places, default=None, return_dtype=pl.Int64)
    return summed.sort(tallies.book_place(), place, nulls_last=True, maintain_order=True)


def _summed(rows: pl.DataFrame, group: tuple[str, ...]) -> pl.DataFrame:
    known, reason = pl.col("known"), pl.col("unknown_reason")
    is_one = pl.col("cusip").n_unique() == 1
    amount, traded = pl.col("amount_change").filter(known), pl.col("traded").filter(known)
    dollars = {"value_before": pl.col("value_before").filter(known), "value": pl.col("value").filter(known)}
    of_each = rows.filter("known").group_by(*group, "cik").agg(pl.col("traded").sum())
    sides = of_each.group_by(group).agg(
        buyers=(pl.col("traded") > 0).sum(), sellers=(pl.col("traded") < 0).sum()
    )  # fmt: skip
    told = rows.group_by(group, maintain_order=True).agg(
        managers=pl.col("cik").filter(known).n_unique(),
        **{name: (pl.col("change") == change).sum() for name, change in _COUNTS.items()},
        **{
            name: pl.when(is_one).then(figure.sum())
            for name, figure in {
                "amount_before": pl.col("amount_before_adjusted").filter(known),
                "amount": pl.col("amount").filter(known),
                "amount_bought": amount.filter(amount > 0), "amount_sold": -amount.filter(amount < 0),
                "amount_change": amount,
                "may_have_sold": pl.col("amount_before_adjusted").filter(~known),
                "may_have_bought": pl.col("amount").filter(~known),
            }.items()
        },
        **{name: figure.sum() for name, figure in dollars.items()},
        bought=traded.filter(traded > 0).sum(), sold=-traded.filter(traded < 0).sum(), trade_effect=traded.sum(),
        late_holders=pl.col("cik").filter((reason == "late") & (pl.col("amount_before_adjusted") > 0)).n_unique(),
        may_have_sold_value=pl.col("value_before").filter(~known).sum(),
        may_have_bought_value=pl.col("value").filter(~known).sum(),
    ).join(sides, on=group, how="left")  # fmt: skip
    more = () if "label" in group else (pl.lit(None, pl.String).alias("label"),)
    return told.with_columns(
        pl.col("buyers", "sellers").fill_null(0),
        *more,
        price_effect=pl.col("value") - pl.col("value_before") - pl.col("trade_effect"),
    ).select(name for name in BASKET_FLOWS.names if name != "basket")


def _labelled(rows: pl.DataFrame, one: Meant) -> pl.DataFrame:
    label = pl.col("cusip").replace_strict(one.labels, default=None, return_dtype=pl.String)
    return rows.filter(one.is_in()).with_columns(label=label, cusip=pl.col("cusip").replace(one.underlying))


def _held(survey: Survey, rows: pl.DataFrame) -> pl.DataFrame:
    """All that is held now, with a null amount for what a manager held of which it is not known whether it still does.

    Args:
        survey: of the securities.
        rows: moves of all managers, compared or not.
    """
    held = survey.all_held().collect(engine="streaming")
    late = rows.filter(pl.col("amount").is_null() & (pl.col("amount_before_adjusted") > 0))
    late = late.filter(pl.col("cik").is_in(survey.panel.unknown("")))
    return pl.concat([held, late.select(*POSITION_KEY, "amount", "value")], how="diagonal")


def _left(
    tracker: Tracker, survey: Survey, one: Meant, held: pl.DataFrame, outstanding: Sequence[Outstanding]
) -> list[dict[str, Any]]:
    """Shares outstanding less what all managers report, compared or not; none is told where one's is not known."""
    day, as_of = survey.period, survey.panel.as_of
    known = [(member.label, baskets.nearest(outstanding, member.label, day)) for member in one.of.members]
    split = {member.label: tracker.split_in(member.cusips, as_of) for member in one.of.members}
    return tallies.left_over(held, known, day, split, as_of)
