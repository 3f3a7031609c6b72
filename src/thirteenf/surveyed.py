"""Rows of a survey as its reports give them: with managers, quarters, names of securities, weights, symbols, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf import securities
from thirteenf.lineage import following
from thirteenf.tables import MOVES, POSITION_KEY, is_option, is_stock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thirteenf.basketed import Meant
    from thirteenf.catalog import Catalog
    from thirteenf.survey import Survey
    from thirteenf.tables import Table


def whole(catalog: Catalog, survey: Survey, rows: pl.DataFrame, table: Table = MOVES) -> pl.DataFrame:
    """Lean rows with manager, quarters, names, weights and symbols; what was not worked out is null or empty.

    Args:
        catalog: what books come to, and what securities are called.
        survey: whose rows they are.
        rows: market.MOVES, or Survey.not_compared.
        table: whose columns they are to have.
    """
    who = survey.panel
    held = [("weight_before", who.against, "value_before"), ("weight", who.period, "value")]
    told = rows.join(who.managers.select("cik", "manager"), on="cik", how="left", maintain_order="left")
    for name, day, value in held:
        stock = catalog.standing(day, who.as_of).select("cik", "stock")
        books = who.managers.select("cik", of=pl.coalesce("book", "cik"))
        total = stock.join(books, on="cik").group_by(cik="of").agg(total=pl.col("stock").sum())
        told = told.join(total, on="cik", how="left", maintain_order="left")
        weight = pl.when(is_stock() & (pl.col("total") > 0)).then(pl.col(value) * 100.0 / pl.col("total"))
        told = told.with_columns(weight.alias(name)).drop("total")
    told = told.with_columns(
        period=pl.lit(who.period), against=pl.lit(who.against),
        weight_change=pl.col("weight") - pl.col("weight_before"),
        cusip_before=pl.when(pl.col("change") != "new").then("cusip"),
    )  # fmt: skip
    told = securities.with_tickers(survey.named(told), catalog.securities(who.as_of))
    schema = table.schema()
    empty = {name: pl.lit([], schema[name]) for name in ("cause", "oddities") if name in schema}
    lacking = [empty.get(name, pl.lit(None, schema[name])).alias(name) for name in schema if name not in told.columns]
    return told.with_columns(lacking).select(pl.col(name).cast(kind) for name, kind in schema.items())


def named(
    catalog: Catalog, survey: Survey, rows: pl.DataFrame, names: Sequence[str], only: Mapping[str, str] | None,
    meant: Sequence[Meant] = (),
) -> pl.DataFrame:  # fmt: skip
    """Rows of securities with quarters, names, symbols, labels and the baskets that they are in.

    Args:
        catalog: what securities are called.
        survey: whose rows they are.
        rows: the position key and more.
        names: the columns to give.
        only: CUSIPs and what each stands under.
        meant: the baskets asked about.
    """
    who, labels = survey.panel, dict(only or {})
    if not meant:  # a basket is followed already
        labels = {n: labels[one] for one in labels for n in following.chain([one], survey.lineage)} | labels
    none = pl.lit(None, pl.String)
    of = (pl.when(one.is_in()).then(pl.lit(one.of.basket.name)) for one in meant)
    told = survey.named(rows).with_columns(
        period=pl.lit(who.period), against=pl.lit(who.against),
        label=pl.col("cusip").replace_strict(labels, default=None, return_dtype=pl.String),
        baskets=pl.concat_list(*of, none).list.drop_nulls(),
    )  # fmt: skip
    return securities.with_tickers(told, catalog.securities(who.as_of)).select(names)


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of managers by what they hold: shares first; who holds nothing now, last; the largest first."""
    largest = -pl.max_horizontal(pl.coalesce("value", "value_before"), 0)
    return rows.sort(place(), pl.col("value").fill_null(0) == 0, largest, "cik", *POSITION_KEY)


def place() -> pl.Expr:
    """Shares first, then principal, then options."""
    zero, one, two = (pl.lit(number, pl.Int32) for number in range(3))
    return pl.when(is_option()).then(two).when(is_stock()).then(zero).otherwise(one)
