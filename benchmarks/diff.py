"""The differ on two books of 15,000 positions, against edgartools' `compare_holdings`.

The peer's own method runs, on a stand-in that has nothing but the two tables and the names it asks for: no network,
no summing of rows on either side. It joins on the CUSIP alone, so that an option beside its stock gives it rows
that thirteenf does not have; it works out fewer columns.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from benchmarks.generate import books
from benchmarks.measure import Line, in_turns, installed, milliseconds, quick, ratio, show
from thirteenf import diff

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


def main() -> None:
    small = quick()
    positions = 15_000
    before, after = books(positions)
    cases: dict[str, Callable[[], object]] = {"thirteenf": lambda: diff(before, after)}
    if installed("edgartools"):
        cases["edgartools"] = _compare_holdings(before, after)
    times = in_turns(cases, 5 if small else 21, calls=20)
    lines = [Line("thirteenf.diff", milliseconds(times["thirteenf"]))]
    if "edgartools" in times:
        faster = f"thirteenf {ratio(times, 'edgartools', 'thirteenf'):.1f} x faster"
        lines.append(Line("edgartools, compare_holdings", milliseconds(times["edgartools"]), faster,
                          "at least 10 x faster"))  # fmt: skip
    show(f"What changed between two books of {positions:,} positions", lines)


def _compare_holdings(before: pl.DataFrame, after: pl.DataFrame) -> Callable[[], object]:
    import pandas as pd
    from edgar.thirteenf.models import ThirteenF

    def report(book: pl.DataFrame, previous: object) -> SimpleNamespace:
        columns = {"cusip": "Cusip", "issuer": "Issuer", "amount": "SharesPrnAmount", "value": "Value"}
        holdings = pd.DataFrame({theirs: book[ours].to_list() for ours, theirs in columns.items()})
        holdings["Ticker"] = holdings["Cusip"].str[:4]
        return SimpleNamespace(
            holdings=holdings,
            previous_holding_report=lambda: previous,
            report_period="",
            management_company_name="",
        )

    now = report(after, report(before, None))
    return lambda: ThirteenF.compare_holdings(now)


if __name__ == "__main__":
    main()
