"""Causes as one polars column: laid out flat, then folded, since polars takes lists of lists of records one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.tables import MOVES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from thirteenf.causes.evidence import Cause

_AT = pl.UInt32
_FEW = 40
_CAUSE = MOVES.schema(("cause",))["cause"]


def column(causes: Sequence[Sequence[Cause]]) -> pl.Series:
    """The causes of rows, in their order, as the column `cause` of tables.MOVES."""
    if len(causes) < _FEW:
        return pl.Series("cause", causes, dtype=_CAUSE)  # one by one, which is sooner done than all the steps below
    every = [(at, one) for at, of_row in enumerate(causes) for one in of_row]
    said = [(at, one) for at, (_, cause) in enumerate(every) for one in cause["evidence"]]
    numbers = [(at, number) for at, (_, one) in enumerate(said) for number in one["rows"]]
    rows = pl.DataFrame({"at": _places(numbers), "rows": pl.Series([number for _, number in numbers], dtype=pl.Int64)})
    evidence = pl.DataFrame({
        "of": _places(said),
        **{name: _texts(one[name] for _, one in said) for name in ("kind", "detail", "accession_number")},
    })  # fmt: skip
    evidence = _folded(evidence, rows.group_by("at").agg("rows"), "rows")
    evidence = evidence.group_by("of").agg(evidence=pl.struct("kind", "detail", "accession_number", "rows"))
    told = pl.DataFrame(
        {"of": _places(every), **{name: _texts(one[name] for _, one in every) for name in ("cause", "confidence")}}
    )
    told = _folded(told, evidence.rename({"of": "at"}), "evidence")
    told = told.group_by("of").agg(cause=pl.struct("cause", "confidence", "evidence")).rename({"of": "at"})
    return _folded(pl.DataFrame({"of": pl.Series(range(len(causes)), dtype=_AT)}), told, "cause")["cause"].cast(_CAUSE)


def _folded(frame: pl.DataFrame, lists: pl.DataFrame, name: str) -> pl.DataFrame:
    """A frame with a list for each of its rows, an empty one where there is none."""
    joined = frame.with_row_index("at").join(lists, on="at", how="left", maintain_order="left").drop("at")
    return joined.with_columns(pl.col(name).fill_null(pl.lit([], dtype=lists.schema[name])))


def _places(numbered: Iterable[tuple[int, Any]]) -> pl.Series:
    return pl.Series([at for at, _ in numbered], dtype=_AT)


def _texts(texts: Iterable[str | None]) -> pl.Series:
    return pl.Series(list(texts), dtype=pl.String)
