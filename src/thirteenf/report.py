"""A report: the envelope that says what was asked and what it rests on, and the rows. Renderers know nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from thirteenf import RULES, __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from thirteenf.filing import Oddity
    from thirteenf.tables import Table

SCHEMA_NUMBERS = {
    "diff": 1, "diff-by-issuer": 1, "moves": 1, "holdings": 1, "holdings-by-issuer": 1,
    "filings": 1, "history": 1, "managers": 1, "security": 1, "watchlist": 1,
    "status": 1, "import": 1, "rebuild": 1, "cache": 1, "refresh": 1, "ingest": 1, "events": 1,
    "explain": 1, "verify": 1, "baskets": 1,
    "holders": 1, "flows": 1, "crowding": 1, "overlap": 1, "moves-all": 1,
}  # fmt: skip
"""Each report's number; a change that breaks a reader raises it."""


_BY_ISSUER = "-by-issuer"
SAMPLE_NOTE = "SAMPLE: the bundled sample of six managers' filings, not your data. Tickers are those of 2026-08."


@dataclass(frozen=True)
class Report:
    """What every renderer takes.

    `head` holds the envelope's own keys in order; `rows` is a frame with (some of) the columns of `table`, and stands
    in the envelope under `rows_key`. `columns`: those that the user asked for, None for all.
    `leaves_out_held`: whether rows that nothing happened to are for programs alone, and only counted for people.
    """

    name: str
    head: Mapping[str, Any]
    rows_key: str
    table: Table
    rows: pl.DataFrame
    source: str = "cache"
    oddities: Sequence[Oddity] = field(default=())
    columns: tuple[str, ...] | None = None
    leaves_out_held: bool = False

    @property
    def is_by_issuer(self) -> bool:
        """Whether its rows are added up by issuer."""
        return self.name.endswith(_BY_ISSUER)

    @property
    def question(self) -> str:
        """Its name without how its rows are added up."""
        return self.name.removesuffix(_BY_ISSUER)

    @property
    def preamble(self) -> dict[str, Any]:
        """The keys that every JSON document of ours begins with."""
        return {
            "schema": f"thirteenf.{self.name}/{SCHEMA_NUMBERS[self.name]}",
            "tool_version": __version__,
            "rules": RULES,
            "source": self.source,
        }

    def with_columns(self, names: Sequence[str]) -> Report:
        """The same report with only some columns of its rows, in the order asked for.

        Raises:
            UsageError: for a column that the table has not.
        """
        self.table.refuse_others(names)
        return replace(self, rows=self.rows.select(list(dict.fromkeys(names))), columns=tuple(dict.fromkeys(names)))
