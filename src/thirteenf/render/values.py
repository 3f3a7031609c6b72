"""Values as other programs read them: dates ISO, a blank put/call null, no NaN; filings and oddities as objects."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def row(cells: Mapping[str, Any]) -> dict[str, Any]:
    """One row: a blank put/call, which is '' in keys, is null outside."""
    return {name: None if name == "put_call" and value == "" else plain(value) for name, value in cells.items()}


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """All rows of a frame."""
    return [row(cells) for cells in frame.iter_rows(named=True)]
