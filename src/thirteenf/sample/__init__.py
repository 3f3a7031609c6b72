"""The bundled sample: filings of six managers in the archive's own layout, and the symbols of what they hold.

The figures are as filed; discretion, votes, other managers, addresses and acceptance times are placeholders. It is
written by tools/build_sample.py.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).parent
TICKERS_AS_OF = "2026-08"
_SEEN = date(2026, 8, 31)


@cache
def securities() -> pl.DataFrame:
    """What the sample's CUSIPs are: tables.SECURITIES, symbols of TICKERS_AS_OF whatever the period."""
    import polars as pl  # noqa: PLC0415 - so that the package can be imported without it

    from thirteenf.tables import SECURITIES  # noqa: PLC0415

    read = pl.read_csv(ROOT / "securities.csv", schema_overrides=dict.fromkeys(("cusip", "ticker"), pl.String))
    is_known = pl.col("ticker").is_not_null()
    return (
        read.with_columns(
            first=pl.lit(_SEEN), last=pl.lit(_SEEN),
            ticker_source=pl.when(is_known).then(pl.lit("sample")),
            ticker_asof=pl.when(is_known).then(pl.lit(TICKERS_AS_OF)), ticker_certainty=pl.lit(None, pl.String),
        )
        .select(SECURITIES.names)
        .cast(dict(SECURITIES.schema()))  # type: ignore[arg-type]
    )  # fmt: skip
