"""What a CUSIP is: its symbol for reading, and the CUSIPs that a symbol or number in a question means (rule R5).

Symbols are joined when a report is made, never stored with a holding, never a key. What is known is a frame of
tables.SECURITIES; what is not known stays blank.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import date

_TICKER_COLUMNS = ("ticker", "ticker_source", "ticker_asof")


def with_tickers(frame: pl.DataFrame, securities: pl.DataFrame, period: date | None = None) -> pl.DataFrame:
    """A frame of positions with ticker, ticker_source and ticker_asof for each CUSIP, null where none is known.

    Args:
        frame: any frame with `cusip`, and with `period` unless one is given.
        securities: tables.SECURITIES.
        period: the day that symbols are wanted for.
    """
    day = pl.lit(period) if period else pl.col("period")
    positions = frame.lazy().drop(*_TICKER_COLUMNS, strict=False).with_columns(day.alias("symbol day"))
    known = (
        positions.select("cusip", "symbol day")
        .unique()
        .join(securities.lazy().select("cusip", "first", "last", *_TICKER_COLUMNS), on="cusip")
        .filter(pl.col("first").is_null() | (pl.col("first") <= pl.col("symbol day")))
        .filter(pl.col("last").is_null() | (pl.col("last") >= pl.col("symbol day")))
        .sort("first", nulls_last=False)
        .unique(["cusip", "symbol day"], keep="last", maintain_order=True)
        .drop("first", "last")
    )
    joined = positions.join(known, on=["cusip", "symbol day"], how="left", maintain_order="left")
    return joined.drop("symbol day").collect()


def meant(query: str, securities: pl.DataFrame, held: pl.DataFrame) -> list[str]:
    """The CUSIPs that a ticker or CUSIP means.

    Args:
        query: a ticker (BRK.B, BRK-B and BRKB are the same) or a CUSIP, in any case.
        securities: tables.SECURITIES.
        held: cusip and issuer of what the cache holds.

    Raises:
        NotFoundError: if neither is known; the hint names what comes near, or lists issuers of that name.
    """
    text = query.strip().upper()
    number, symbol = cusips.normal(text), _symbol(text)
    symbols = pl.col("ticker").str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    listed = securities.filter((symbols == symbol) | (pl.col("cusip") == number))["cusip"].unique().sort().to_list()
    if listed or number in set(held["cusip"]):
        return listed or [number]
    named = (
        held.filter(pl.col("issuer").str.to_uppercase().str.contains(text, literal=True)).unique("cusip").sort("issuer")
    )
    if named.height:
        some = "; ".join(
            f"{issuer} ({number})" for number, issuer in named.select("cusip", "issuer").head(6).iter_rows()
        )
        raise NotFoundError(f"'{query}' is no ticker known here and no CUSIP.", f"By CUSIP: {some}.")
    near = difflib.get_close_matches(symbol, securities["ticker"].drop_nulls().to_list(), n=3, cutoff=0.6)
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    raise NotFoundError(
        f"No security '{query}' is known here.", f"{hint}Name it by its CUSIP, as `thirteenf holdings` shows it."
    )


def _symbol(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text)
