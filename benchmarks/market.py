"""All managers' books of two quarters compared, over Parquet: thirteenf, the same in DuckDB's SQL, and in pandas.

    python -m benchmarks.market [--quick] [--quarters N] [--tables FOLDER]

Each case is a process of its own, so that its peak of memory is its own; they take turns. Every case reads the
positions of both quarters, sums the filings of a manager, tells what became of each position with its trade and price
effects, and adds that up per security. Of 20 quarters each is compared with the one before, one pair after another.
FOLDER has tables as a cache keeps them; without it some are made up: 8,000 filers, 3.3 million rows a quarter.
"""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import Line, installed, ratio, show

if TYPE_CHECKING:
    import polars as pl  # loaded by the children only: a child's peak of memory starts at its parent's

QUICK = {"filers": 800, "listed": 5_000, "rows": 330_000}
WHOLE = {"filers": 8_000, "listed": 20_000, "rows": 3_300_000}
_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
_GROUP = 128 * 1024  # rows of a group in a file


class Told(NamedTuple):
    """What a process says of its work: seconds, peak bytes, and figures that must be the same for all."""

    seconds: float
    peak: int
    figures: list[list[int]]


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, fewer rounds and quarters")
    parser.add_argument("--quarters", type=int, help="how many quarters the long run has")
    parser.add_argument("--tables", type=Path, help="compare what is in this folder instead")
    parser.add_argument("--case", choices=CASES, help="run one case over the tables, once, and print what it came to")
    parser.add_argument("--write", action="store_true", help="write made-up tables into the folder, and no more")
    options = parser.parse_args()
    quarters = options.quarters or (6 if options.quick else 20)
    if options.write:
        write(options.tables, quarters=quarters, **(QUICK if options.quick else WHOLE))
        return
    if options.case:
        print(json.dumps(_once(options.case, options.tables, quarters)))
        return
    if options.tables:
        _compare(options.tables, len(_periods(options.tables)), 2 if options.quick else 5)
        return
    with TemporaryDirectory() as folder:
        size = ["--quick"] if options.quick else []
        _child("--write", "--tables", folder, "--quarters", str(quarters), *size)
        _compare(Path(folder), quarters, 2 if options.quick else 5)


# Tables of the shape that a cache keeps.


def write(folder: Path, *, filers: int, listed: int, rows: int, quarters: int) -> None:
    """Positions of some quarters, sorted by CUSIP, and the filings in force, made up; the same each time."""
    import polars as pl

    wide = int(rows * 1.25)
    held = pl.select(
        place=pl.int_range(wide),
        # a few filers and a few securities have most of the rows
        filer=(_chance(wide, 1).pow(2.2) * filers).cast(pl.Int64),
        security=(_chance(wide, 2).pow(2.5) * listed).cast(pl.Int64),
        kind=_chance(wide, 3),
        size=(-_chance(wide, 4).log()).pow(2) * 20_000 + 1,
    ).with_columns(
        put_call=pl.when(pl.col("kind") < 0.02).then(pl.lit("Put"))
        .when(pl.col("kind") < 0.05).then(pl.lit("Call")).otherwise(pl.lit("")),
        amount_type=pl.when(pl.col("kind") > 0.99).then(pl.lit("PRN")).otherwise(pl.lit("SH")),
    ).unique(["filer", "security", "put_call", "amount_type"], keep="first", maintain_order=True)  # fmt: skip
    for quarter in range(quarters):
        _write_quarter(folder, held, quarter, rows)


def _write_quarter(folder: Path, held: pl.DataFrame, quarter: int, rows: int) -> None:
    import polars as pl

    period = date(2020 + quarter // 4, 3 * (quarter % 4) + 3, 30 if quarter % 4 in (1, 2) else 31)
    here = pl.col("place").hash(quarter // 4 + 100) % 1000 < 850 if quarter else pl.col("place") >= 0
    traded, price = pl.col("place").hash(quarter + 200) % 1000, 5 + pl.col("security").hash(7) % 500
    rate = 1 + (traded.cast(pl.Float64) - 600) / 2000 * (traded > 300)
    moved = 0.8 + (pl.col("security").hash(quarter + 300) % 400).cast(pl.Float64) / 1000
    number = pl.col("filer").cast(pl.String).str.zfill(10)
    amended = (pl.col("place").hash(quarter + 400) % 50 == 0) & (pl.col("filer") % 30 == 0)
    parts = held.filter(here).head(rows).select(
        "put_call", "amount_type", "filer",
        cusip=pl.col("security").hash(5).cast(pl.String).str.head(3) + pl.col("security").cast(pl.String).str.zfill(6),
        accession_number=number + pl.lit(f"-{period:%y}-") + pl.lit(quarter).cast(pl.String).str.zfill(4)
        + pl.when(amended).then(pl.lit("01")).otherwise(pl.lit("00")),
        issuer=pl.lit("ISSUER ") + pl.col("security").cast(pl.String), title_of_class=pl.lit("COM"),
        amount=(pl.col("size") * rate).cast(pl.Int64) + 1,
        value=((pl.col("size") * rate).cast(pl.Int64) + 1) * price * moved,
        rows=pl.lit(1, pl.Int64),
    ).with_columns(
        value=pl.when(pl.col("filer") % 20 == 0).then(pl.col("value") / 1000).otherwise("value").cast(pl.Int64)
    )  # fmt: skip
    at = folder / "positions" / f"period={period}"
    at.mkdir(parents=True)
    order = ["cusip", "put_call", "amount_type", "accession_number"]
    parts = parts.sort(order)
    parts.select(*order, "issuer", "title_of_class", "amount", "value", "rows").write_parquet(
        at / "0.parquet", row_group_size=_GROUP
    )
    counted = parts.select("accession_number", "filer").unique().sort("accession_number")
    in_force = folder / "in_force"
    in_force.mkdir(exist_ok=True)
    counted.select(
        "accession_number", cik=pl.col("filer").cast(pl.String).str.zfill(10),
        factor=pl.when(pl.col("filer") % 20 == 0).then(1000).otherwise(1).cast(pl.Int64),
    ).write_parquet(in_force / f"{period}.parquet")  # fmt: skip


def _chance(n: int, seed: int) -> pl.Expr:
    """Between 0 and 1, neither of them."""
    import polars as pl

    return ((pl.int_range(n).hash(seed) // 2**11).cast(pl.Float64) + 0.5) / 2**53


# The same work, four times.

_SQL = """
WITH earlier AS (
  SELECT cik, cusip, put_call, amount_type, sum(amount)::BIGINT AS amount, sum(value * factor)::BIGINT AS value
  FROM read_parquet('{before}') JOIN read_parquet('{in_force_before}') USING (accession_number) GROUP BY ALL
), later AS (
  SELECT cik, cusip, put_call, amount_type, sum(amount)::BIGINT AS amount, sum(value * factor)::BIGINT AS value
  FROM read_parquet('{after}') JOIN read_parquet('{in_force}') USING (accession_number) GROUP BY ALL
), both_sides AS (
  SELECT cik, cusip, put_call, amount_type,
    coalesce(t.amount, 0) AS amount_before, coalesce(n.amount, 0) AS amount,
    coalesce(t.value, 0) AS value_before, coalesce(n.value, 0) AS value,
    (t.amount != 0 OR t.value != 0) IS TRUE AS held_before, (n.amount != 0 OR n.value != 0) IS TRUE AS held
  FROM earlier AS t FULL JOIN later AS n USING (cik, cusip, put_call, amount_type)
), moves AS (
  SELECT *, amount - amount_before AS amount_change,
    CASE WHEN NOT held_before THEN 'new' WHEN NOT held THEN 'exited' WHEN amount > amount_before THEN 'added'
      WHEN amount < amount_before THEN 'reduced' ELSE 'unchanged' END AS change,
    CASE WHEN NOT held_before THEN value WHEN NOT held THEN -value_before
      WHEN amount_before != 0 AND value_before != 0 AND amount != 0 AND value != 0
        THEN round_even((amount - amount_before) * ((value_before / amount_before + value / amount) / 2), 0)
      WHEN amount_before != 0 AND value_before != 0
        THEN round_even((amount - amount_before) * (value_before / amount_before), 0)
      WHEN amount != 0 AND value != 0 THEN round_even((amount - amount_before) * (value / amount), 0)
      ELSE 0 END::BIGINT AS trade_effect
  FROM both_sides WHERE held_before OR held
), flows AS (
  SELECT cusip, put_call, amount_type,
    count(*) FILTER (change != 'new') AS holders_before, count(*) FILTER (change != 'exited') AS holders,
    count(*) FILTER (change = 'new') AS opened, count(*) FILTER (change = 'added') AS added,
    count(*) FILTER (change = 'unchanged') AS unchanged, count(*) FILTER (change = 'reduced') AS reduced,
    count(*) FILTER (change = 'exited') AS exited,
    sum(amount_before) AS amount_before, sum(amount) AS amount,
    sum(greatest(amount_change, 0)) AS amount_bought, sum(greatest(-amount_change, 0)) AS amount_sold,
    sum(amount_change) AS amount_change, sum(value_before) AS value_before, sum(value) AS value,
    sum(greatest(trade_effect, 0)) AS bought, sum(greatest(-trade_effect, 0)) AS sold,
    sum(trade_effect) AS trade_effect, sum(value - value_before - trade_effect) AS price_effect
  FROM moves GROUP BY ALL
)
SELECT count(*), sum(holders), sum(added), sum(bought)::HUGEINT, sum(sold)::HUGEINT, sum(price_effect)::HUGEINT
FROM flows
"""


def _thirteenf(folder: Path, before: str, after: str) -> list[int]:
    import polars as pl

    from thirteenf import market

    def book(period: str) -> pl.LazyFrame:
        positions = pl.scan_parquet(folder / "positions" / f"period={period}" / "*.parquet", hive_partitioning=False)
        return market.books(positions, pl.scan_parquet(folder / "in_force" / f"{period}.parquet"))

    positions = pl.scan_parquet(folder / "positions" / f"period={after}" / "*.parquet", hive_partitioning=False)
    parts = market.in_slices(book(before), book(after), market.cuts(positions))
    flows = pl.concat([market.flows(part).collect(engine="streaming") for part in parts])
    return _figures(flows)


def _native(folder: Path, before: str, after: str) -> list[int]:
    """The same plan written by hand in polars, in one piece: what Narwhals costs, and what slices save."""
    import polars as pl

    sides = []
    for period, suffix in ((before, "_before"), (after, "")):
        positions = pl.scan_parquet(folder / "positions" / f"period={period}" / "*.parquet", hive_partitioning=False)
        in_force = pl.scan_parquet(folder / "in_force" / f"{period}.parquet")
        value = pl.col("value") * pl.col("factor")
        figures = {
            f"amount{one}": pl.col("amount") if one == suffix else pl.lit(0, pl.Int64) for one in ("_before", "")
        }
        figures |= {f"value{one}": value if one == suffix else pl.lit(0, pl.Int64) for one in ("_before", "")}
        joined = positions.join(in_force, on="accession_number")
        sides.append(joined.select("cik", "cusip", "put_call", "amount_type", **figures))
    amount, was, value, value_was = (pl.col(one) for one in ("amount", "amount_before", "value", "value_before"))
    both = pl.concat(sides).group_by("cik", "cusip", "put_call", "amount_type").agg(pl.all().sum())
    held, held_before = (amount != 0) | (value != 0), (was != 0) | (value_was != 0)
    price_before, price = (
        pl.when((was != 0) & (value_was != 0)).then(value_was / was),
        pl.when((amount != 0) & (value != 0)).then(value / amount),
    )
    traded = ((amount - was) * pl.mean_horizontal(price_before, price)).round().fill_null(0).cast(pl.Int64)
    moved = both.filter(held | held_before).with_columns(
        new=~held_before, exited=~held, kept=held & held_before, amount_change=amount - was,
        trade_effect=pl.when(~held_before).then(value).when(~held).then(-value_was).otherwise(traded),
    )  # fmt: skip
    change, effect, kept = pl.col("amount_change"), pl.col("trade_effect"), pl.col("kept")
    flows = moved.group_by("cusip", "put_call", "amount_type").agg(
        holders_before=pl.col("new").not_().sum(), holders=pl.col("exited").not_().sum(),
        opened=pl.col("new").sum(), added=(kept & (change > 0)).sum(),
        unchanged=(kept & (change == 0)).sum(), reduced=(kept & (change < 0)).sum(), exited=pl.col("exited").sum(),
        amount_before=was.sum(), amount=amount.sum(), amount_bought=change.clip(0).sum(),
        amount_sold=(-change).clip(0).sum(), amount_change=change.sum(), value_before=value_was.sum(),
        value=value.sum(), bought=effect.clip(0).sum(), sold=(-effect).clip(0).sum(), trade_effect=effect.sum(),
        price_effect=(value - value_was - effect).sum(),
    ).collect(engine="streaming")  # fmt: skip
    return _figures(flows)


def _duckdb(folder: Path, before: str, after: str) -> list[int]:
    import duckdb

    names = {
        "before": folder / "positions" / f"period={before}" / "*.parquet",
        "after": folder / "positions" / f"period={after}" / "*.parquet",
        "in_force_before": folder / "in_force" / f"{before}.parquet",
        "in_force": folder / "in_force" / f"{after}.parquet",
    }
    (row,) = duckdb.sql(_SQL.format(**names)).fetchall()
    return [int(one) for one in row]


def _pandas(folder: Path, before: str, after: str) -> list[int]:
    import numpy as np
    import pandas as pd

    key = ["cik", "cusip", "put_call", "amount_type"]

    def book(period: str) -> pd.DataFrame:
        columns = ["cusip", "put_call", "amount_type", "accession_number", "amount", "value"]
        paths = sorted((folder / "positions" / f"period={period}").glob("*.parquet"))
        rows = pd.concat([pd.read_parquet(path, columns=columns, partitioning=None) for path in paths])
        rows = rows.merge(pd.read_parquet(folder / "in_force" / f"{period}.parquet"), on="accession_number")
        rows["value"] *= rows["factor"]
        return rows.groupby(key, as_index=False, sort=False)[["amount", "value"]].sum()

    both = book(before).merge(book(after), on=key, how="outer", suffixes=("_before", ""))
    figures = ["amount_before", "value_before", "amount", "value"]
    both[figures] = both[figures].fillna(0).astype("int64")
    held_before, held = (
        (both["amount_before"] != 0) | (both["value_before"] != 0),
        (both["amount"] != 0) | (both["value"] != 0),
    )
    both["amount_change"] = change = both["amount"] - both["amount_before"]
    price_before = both["value_before"].replace(0, np.nan) / both["amount_before"].replace(0, np.nan)
    price = both["value"].replace(0, np.nan) / both["amount"].replace(0, np.nan)
    mean = ((price_before + price) / 2).fillna(price_before).fillna(price)
    traded = (change * mean).round().fillna(0).astype("int64")
    both["trade_effect"] = np.where(~held_before, both["value"], np.where(~held, -both["value_before"], traded))
    both["price_effect"] = both["value"] - both["value_before"] - both["trade_effect"]
    kept = held & held_before
    both["opened"], both["exited"], both["holders_before"], both["holders"] = ~held_before, ~held, held_before, held
    both["added"], both["reduced"], both["unchanged"] = kept & (change > 0), kept & (change < 0), kept & (change == 0)
    for name, of, sign in (
        ("amount_bought", "amount_change", 1), ("amount_sold", "amount_change", -1),
        ("bought", "trade_effect", 1), ("sold", "trade_effect", -1),
    ):  # fmt: skip
        both[name] = (both[of] * sign).clip(lower=0)
    flows = both[held_before | held].groupby(key[1:], sort=False)[[*both.columns[4:]]].sum()
    return [len(flows), *(int(flows[name].sum()) for name in _TOLD)]


_TOLD = ("holders", "added", "bought", "sold", "price_effect")
CASES = {"thirteenf": _thirteenf, "polars by hand": _native, "DuckDB": _duckdb, "pandas": _pandas}


def _figures(flows: pl.DataFrame) -> list[int]:
    return [flows.height, *(int(flows[name].sum()) for name in _TOLD)]


def _periods(folder: Path) -> list[str]:
    return sorted(path.name.removeprefix("period=") for path in (folder / "positions").iterdir())


def _once(case: str, folder: Path, quarters: int) -> Told:
    import resource
    from time import perf_counter

    periods = _periods(folder)[:quarters]
    if case in ("DuckDB", "pandas"):
        __import__(case.lower())
    else:
        from thirteenf import market  # noqa: F401 - not in its time: nobody's imports are
    start = perf_counter()
    figures = [CASES[case](folder, *pair) for pair in pairwise(periods)]
    seconds = perf_counter() - start
    return Told(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT, figures)


def _compare(folder: Path, quarters: int, rounds: int) -> None:
    needs = {"DuckDB": ("duckdb",), "pandas": ("pandas", "pyarrow")}
    cases = [case for case in CASES if installed(*needs.get(case, ()))]
    two = _in_turns(cases, folder, 2, rounds)
    many = _in_turns(
        ["thirteenf", *(case for case in cases if case == "DuckDB")], folder, quarters, max(1, rounds // 3)
    )
    targets = {"DuckDB": "at least 1.7 x faster", "pandas": "at least 6 x faster"}
    for title, runs in ((f"{2} quarters", two), (f"{quarters} quarters, {quarters - 1} pairs", many)):
        times = {case: [one.seconds for one in told] for case, told in runs.items()}
        lines = []
        for case, told in runs.items():
            peak = median(one.peak for one in told) / 2**20
            is_ours = case == "thirteenf"
            faster = "" if is_ours else f"thirteenf {ratio(times, case, 'thirteenf'):.1f} x faster"
            lines += [
                Line(case, f"{median(times[case]):,.2f} s", faster, targets.get(case, "")),
                Line(f"{case}, peak", f"{peak:,.0f} MB", "", "at most 450 MB" if is_ours else ""),
            ]
        show(f"All managers' books compared, {title}", lines)


def _in_turns(cases: list[str], folder: Path, quarters: int, rounds: int) -> dict[str, list[Told]]:
    runs: dict[str, list[Told]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            told = _child("--case", case, "--tables", str(folder), "--quarters", str(quarters))
            runs[case].append(Told(*json.loads(told)))
    (first, *others) = [one.figures for told in runs.values() for one in told]
    assert all(one == first for one in others), "not all say the same"
    return runs


def _child(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.market", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
