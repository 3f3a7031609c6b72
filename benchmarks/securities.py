"""How many real securities seven half-months of fails-to-deliver files know, and how long symbols take.

    python -m benchmarks.securities [--quick]

Coverage is of the files and the list of overrides alone, without the map that is bundled with the sample. A year is
the seven half-months read over and over, to 24; two years for a look-up are the seven in turns, each time later, with
made-up securities besides, as two real years have more than four months do. What is asked for are positions of
Bridgewater's, two quarters of them.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from benchmarks import generate
from benchmarks.measure import Line, in_turns, milliseconds, quick, ratio, show
from thirteenf import diff, fails, read_information_table, securities
from thirteenf.tables import SECURITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

REAL = Path(__file__).parents[2] / "shared/real"
BERKSHIRE = {date(2022, 12, 31): "2023-02-14", date(2023, 3, 31): "2023-05-15"}
BRIDGEWATER, LAST_YEAR = "1350694", date(2023, 12, 31)
RENAMED = {"ALCC": "OKLO", "AXL": "DCH", "BK": "BNY", "BLDE": "SRTA", "KIND": "NXDR", "PSTG": "P", "SQ": "XYZ"}
TODAY = date(2026, 8, 31)
YEAR = 24  # half-months
SECURITIES_OF_TWO_YEARS = 25_000


def main() -> None:
    if not REAL.is_dir():
        print("no real files beside the repository, left out")
        return
    small = quick()
    zips = {path.stem: path.read_bytes() for path in sorted((REAL / "ftd").glob("*.zip"))}
    read = [fails.read(content, name) for name, content in zips.items()]
    joined = fails.joined(file.sightings for file in read)
    known = pl.concat([securities.dated(joined), securities.overridden()])
    print(
        f"{len(read)} half-months, {sum(file.lines for file in read):,} lines, {joined.height:,} stretches, "
        f"{known['cusip'].n_unique():,} securities"
    )
    figures = pl.read_csv(REAL / "seed_figures.csv", infer_schema=False).filter(pl.col("cik") == BRIDGEWATER)
    show("Symbols of real holdings, by fails-to-deliver files alone", [*_filed(known), *_valued(known, figures)])
    show("Symbols of 2026-08 beside those of the files", _compared(known))
    show("Fails-to-deliver files", _reading(zips, read, 3 if small else 11))
    show("Symbols in a diff", _looked_up(read, figures, 11 if small else 51))


def _filed(known: pl.DataFrame) -> Iterable[Line]:
    for period, filed in BERKSHIRE.items():
        table = read_information_table((REAL / f"filings/berkshire_filed_{filed}/infotable.xml").read_bytes())
        told = securities.with_tickers(table.rows.select("cusip", "issuer").unique("cusip"), known, period)
        yield _covered(f"Berkshire, {period}", told, "all")


def _valued(known: pl.DataFrame, figures: pl.DataFrame) -> Iterable[Line]:
    rows = figures.filter(pl.col("period") == str(LAST_YEAR))
    held = rows.group_by("cusip").agg(pl.col("issuer").first(), pl.col("value").cast(pl.Int64).sum())
    told = securities.with_tickers(held, known, LAST_YEAR)
    yield _covered(f"Bridgewater, {LAST_YEAR}", told, "736 of 742")
    part = told.drop_nulls("ticker")["value"].sum() / told["value"].sum()
    yield Line("the same, of its value", f"{part:.2%}", "", "99.7%")


def _covered(what: str, told: pl.DataFrame, target: str) -> Line:
    """A line; what is unknown is printed before."""
    unknown = told.filter(pl.col("ticker").is_null()).sort("issuer")
    for cusip, issuer in unknown.select("cusip", "issuer").iter_rows():
        print(f"unknown: {what}: {cusip} {issuer}")
    return Line(what, f"{told.height - unknown.height} of {told.height}", _how_sure(told), target)


def _how_sure(told: pl.DataFrame) -> str:
    counts = told.drop_nulls("ticker_certainty").group_by("ticker_certainty").len().sort("ticker_certainty")
    return ", ".join(f"{count} {word}" for word, count in counts.iter_rows())


def _compared(known: pl.DataFrame) -> list[Line]:
    listed = pl.read_csv(REAL / "sample_tickers.csv", infer_schema=False).drop_nulls("ticker")
    told = securities.with_tickers(listed.rename({"ticker": "today"}), known, TODAY)
    seen = told.drop_nulls("ticker").with_columns(pl.col("today", "ticker").str.replace_all(r"[.\-/]", ""))
    other = dict(seen.filter(pl.col("ticker") != pl.col("today")).select("ticker", "today").sort("ticker").iter_rows())
    unknown = told.filter(pl.col("ticker").is_null()).sort("today")
    print("unknown: " + ", ".join(f"{today} {cusip}" for today, cusip in unknown.select("today", "cusip").iter_rows()))
    renamed = {old: new for old, new in other.items() if RENAMED.get(old) == new}
    wrong = {old: new for old, new in other.items() if old not in renamed}
    return [
        Line("known to the files", f"{seen.height} of {told.height}", _how_sure(seen), "363 of 435"),
        Line("the same symbol", str(seen.height - len(other)), "", str(363 - len(RENAMED))),
        Line("renamed since", str(len(renamed)), ", ".join(f"{old} to {new}" for old, new in renamed.items()), "7"),
        Line("another symbol", str(len(wrong)), ", ".join(f"{old} for {new}" for old, new in wrong.items()), "none"),
    ]


def _reading(zips: dict[str, bytes], read: list[fails.Fails], rounds: int) -> list[Line]:
    name, lines = max(((name, file.lines) for name, file in zip(zips, read, strict=True)), key=lambda pair: pair[1])
    floor, one, dated = "unzipped only", "read", "dated"
    year, made = "a year", _years(read, YEAR)
    contents = [list(zips.items())[at % len(zips)] for at in range(YEAR)]
    times = in_turns({floor: lambda: _unzipped(zips[name]), one: lambda: fails.read(zips[name], name)}, rounds)
    longer = in_turns(
        {
            year: lambda: [fails.read(content, name) for name, content in contents],
            dated: lambda: securities.dated(fails.joined(made)),
        },
        max(3, rounds // 3),
    )
    what, stretches = f"{name}, {lines:,} lines", sum(part.height for part in made)
    both = [a + b for a, b in zip(longer[year], longer[dated], strict=True)]
    return [
        Line(f"{what}: {floor}", milliseconds(times[floor])),
        Line(f"{what}: {one}", milliseconds(times[one]), f"{ratio(times, one, floor):.1f} x {floor}", "under 200 ms"),
        Line(f"{year}, {YEAR} of them: {one}", _seconds(longer[year])),
        Line(f"{year}, {stretches:,} stretches: joined, {dated}", milliseconds(longer[dated]),
             f"{ratio(longer, dated, year):.2f} x the reading"),
        Line(f"{year}, altogether", _seconds(both), "", "under 5 s"),
    ]  # fmt: skip


def _unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return packed.read(packed.infolist()[0])


def _seconds(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s"


def _years(read: list[fails.Fails], half_months: int) -> list[pl.DataFrame]:
    """As many half-months of sightings: those that there are, over and over, each time later."""
    lasts = max(file.last for file in read) - min(file.sightings["first"].min() for file in read)
    for_each = lasts + timedelta(days=1)
    return [
        read[at % len(read)].sightings.with_columns(pl.col("first", "last") + for_each * (at // len(read)))
        for at in range(half_months)
    ]


def _looked_up(read: list[fails.Fails], figures: pl.DataFrame, rounds: int) -> list[Line]:
    before, after = (_book(figures, day) for day in _latest(figures))
    period = date.fromisoformat(_latest(figures)[1])
    known = _two_years(read)
    alone, found, kept = "diff", "diff, with symbols", "diff, with symbols out of a Parquet file"
    with TemporaryDirectory() as folder:
        path = Path(folder, "securities.parquet")
        known.write_parquet(path, compression="zstd", compression_level=3)
        cases = {
            alone: lambda: diff(before, after),
            found: lambda: securities.with_tickers(diff(before, after), known, period),
            kept: lambda: securities.with_tickers(diff(before, after), pl.read_parquet(path), period),
        }
        times = in_turns(cases, rounds)
    told = securities.with_tickers(diff(before, after), known, period)
    print(f"{told['ticker'].count():,} of {told.height:,} rows of the diff have a symbol")
    lines = [Line(f"{alone}: {before.height:,} positions and {after.height:,}", milliseconds(times[alone]))]
    lines += [
        Line(name, milliseconds(times[name]), f"{ratio(times, name, alone):.2f} x {alone}") for name in (found, kept)
    ]
    for name in (found, kept):
        more = [with_symbols - without for with_symbols, without in zip(times[name], times[alone], strict=True)]
        lines.append(Line(f"{name}: more than {alone}", milliseconds(more), "", "under 20 ms"))
    return lines


def _two_years(read: list[fails.Fails]) -> pl.DataFrame:
    """Securities as two years know them: those of the files, symbols of the last day, and made-up ones."""
    seen = securities.dated(fails.joined(_years(read, 2 * YEAR)))
    first, last = seen["first"].min(), seen["last"].max()
    made = [
        {
            "cusip": one.cusip, "ticker": f"Q{at}", "issuer": one.issuer, "title_of_class": "", "first": first,
            "last": last, "ticker_source": securities.FAILS, "ticker_asof": str(last),
        }
        for at, one in enumerate(generate.securities(SECURITIES_OF_TWO_YEARS - seen["cusip"].n_unique()))
    ]  # fmt: skip
    return pl.concat([securities.overridden(), seen, pl.DataFrame(made, schema=SECURITIES.schema())])


def _latest(figures: pl.DataFrame) -> list[str]:
    """The two latest quarters."""
    return figures["period"].unique().sort().to_list()[-2:]


def _book(figures: pl.DataFrame, period: str) -> pl.DataFrame:
    """Positions as a diff takes them."""
    rows = figures.filter(pl.col("period") == period).select(
        "cusip", "issuer", pl.col("putcall").fill_null("").alias("put_call"), pl.col("type").alias("amount_type"),
        pl.col("class").alias("title_of_class"), pl.col("shares").cast(pl.Int64).alias("amount"),
        pl.col("value").cast(pl.Int64),
    )  # fmt: skip
    held = rows.group_by("cusip", "put_call", "amount_type", maintain_order=True).agg(
        pl.col("issuer", "title_of_class").first(), pl.col("amount", "value").sum()
    )
    return held.with_columns(weight=pl.col("value") * 100.0 / pl.col("value").sum())


if __name__ == "__main__":
    main()
