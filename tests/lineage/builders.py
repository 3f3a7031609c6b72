"""Holders' quarters and lineages, written by hand for the tests."""

from __future__ import annotations

from datetime import date

import polars as pl

from thirteenf import fails, periods
from thirteenf.tables import LINEAGE

FOLLOWED = ("confirmed", "likely")
NVIDIA, LAM, LAM_NEW = "67066G104", "512807108", "512807306"
GLOBALSTAR, GLOBALSTAR_NEW = "378973408", "378973507"


def quarter(*rows):
    """A quarter of holders' books, from (manager, cusip, amount, price in dollars[, issuer])."""
    full = [
        (f"{manager:010}", cusip, (*more, f"ISSUER{cusip[:6]}")[0], amount, round(amount * price))
        for manager, cusip, amount, price, *more in rows
    ]
    schema = {"cik": pl.String, "cusip": pl.String, "issuer": pl.String, "amount": pl.Int64, "value": pl.Int64}
    return pl.DataFrame(full, schema=schema, orient="row")


def action(kind="split", cusip=NVIDIA, ratio=(10, 1), *, on=None, period=date(2024, 6, 30), **more):
    """A row of tables.LINEAGE: by default confirmed by a table; `ratio` is new shares for old ones."""
    period = periods.containing(on) if on else period
    plain = {
        "kind": kind, "against": periods.before(period), "period": period, "date": on, "cusip_before": cusip,
        "cusip": cusip, "shares_before": ratio[1], "shares": ratio[0], "certainty": "confirmed",
        "evidence": ["table: it was announced"], "holders": None, "votes": None, "price_ratio": None,
    }  # fmt: skip
    return plain | more


def lineage(*rows):
    """A table of actions."""
    return pl.DataFrame(list(rows), schema=LINEAGE.schema())


def seen(*days):
    """Sightings, from (day, cusip, symbol as filed, price in dollars or None, issuer)."""
    rows = [
        (cusip, symbol, date.fromisoformat(day), None if price is None else round(price * 10_000), issuer)
        for day, cusip, symbol, price, issuer in days
    ]
    schema = {"cusip": pl.String, "symbol": pl.String, "day": pl.Date, "price": pl.Int64, "issuer": pl.String}
    return fails.stretches(pl.DataFrame(rows, schema=schema, orient="row"))


def followed(told):
    """Of actions those that change figures."""
    return told.filter(pl.col("certainty").is_in(FOLLOWED))


def steps(told):
    """Actions as (cusip before, cusip, shares before, shares, certainty)."""
    return told.select("cusip_before", "cusip", "shares_before", "shares", "certainty").rows()
