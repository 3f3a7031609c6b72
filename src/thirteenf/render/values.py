"""Values as other programs read them: dates ISO, a blank put/call null, no NaN; filings and oddities as objects."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars as pl


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    """A value in JSON's own types."""
    if isinstance(value, date):  # datetimes are dates too
        return value.isoformat()
    if isinstance(value, float):
        return None if math.isnan(value) or math.isinf(value) else value
    if isinstance(value, pl.DataFrame):
        return rows(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """All rows of a frame; a blank put/call, which is '' in keys, is null outside."""
    names = frame.columns
    return [dict(zip(names, cells, strict=True)) for cells in zip(*map(_column, frame), strict=True)]


def _column(series: pl.Series) -> list[Any]:
    """A column's cells, worked out at once where their type is simple."""
    if series.name == "put_call":
        return [value or None for value in series]
    kind = series.dtype
    if kind in (pl.String, pl.Boolean) or kind.is_integer():
        return series.to_list()
    if kind == pl.Date:
        return series.cast(pl.String).to_list()
    if kind.is_float():
        return series.set(~series.is_finite(), None).to_list()
    return [plain(value) for value in series.to_list()]
