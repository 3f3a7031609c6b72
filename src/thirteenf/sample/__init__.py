"""The bundled sample: filings of six managers in the archive's own layout, and the symbols of what they hold.

The figures are as filed; discretion, votes, other managers, addresses and acceptance times are placeholders. It is
written by tools/build_sample.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).parent
TICKERS_AS_OF = "2026-08"


@cache
def securities() -> pl.DataFrame:
    """What the sample's CUSIPs are: tables.SECURITIES, symbols of TICKERS_AS_OF whatever the period."""
    import polars as pl  # noqa: PLC0415 - so that the package can be imported without it

    from thirteenf.tables import SECURITIES  # noqa: PLC0415

    read = pl.read_csv(ROOT / "securities.csv", schema_overrides=dict.fromkeys(("cusip", "ticker"), pl.String))
    known = pl.lit("sample"), pl.lit(TICKERS_AS_OF)
    return (
        read.with_columns(
            ticker_source=known[0], ticker_asof=known[1], first=pl.lit(None, pl.Date), last=pl.lit(None, pl.Date)
        )
        .with_columns(ticker_source=pl.when(pl.col("ticker").is_not_null()).then("ticker_source"))
        .with_columns(ticker_asof=pl.when(pl.col("ticker").is_not_null()).then("ticker_asof"))
        .select(SECURITIES.names)
        .cast(dict(SECURITIES.schema()))  # type: ignore[arg-type]
    )
