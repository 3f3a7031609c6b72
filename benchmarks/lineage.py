"""Inferred actions over all filers of two quarters, made up: what is found, what is false, and how long it takes.

    python -m benchmarks.lineage [--quick] [--seed N] [--misses] [--no-speed]
    python -m benchmarks.lineage --real

A link is followed when it is confirmed or likely. It is true when both numbers are those of a planted action and the
ratio is within a tenth of a per cent; a spin-off must be called one. Holders are managers who file at both ends, held
the one before and hold the other after; "exactly" are those of them whose amount is the one before times the ratio,
fractions dropped. A reverse split that is found for those too who still file the old number is true and not asked for.
What nobody holds at both ends is not counted.
"""

from __future__ import annotations

import gc
import resource
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.measure import Line, in_turns, milliseconds, ratio, show
from benchmarks.universe import QUICK, WHOLE, universe
from thirteenf.lineage.votes import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.universe import Universe

REAL = Path(__file__).parents[2] / "shared/real/universe"
PERIODS = ("2025-12-31", "2026-03-31")
JOIN, STACK, CAST = "full join of both", "both stacked, grouped once", "cast"
EXACTLY = 3  # holders who show a ratio: fewer are not agreement
BANDS = {"5 or more": 5, "3 or 4": 3, "1 or 2": 1}
_FOLLOWED = ("confirmed", "likely")
_LINK = ["cusip_before", "cusip"]
_RATIO = ["shares_before", "shares"]
_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


def main() -> None:
    options = _options()
    if options.real:
        _real()
        return
    made = universe(**(QUICK if options.quick else WHOLE), seed=options.seed)
    before, after = made.before, made.after
    filers, securities = before["cik"].n_unique(), before["cusip"].n_unique()
    print(f"{before.height:,} rows and {after.height:,}, {filers:,} filers, {securities:,} securities")
    print("planted: " + ", ".join(f"{count} {name}" for name, count in made.counts.items()))
    start = perf_counter()
    found = cast(before, after)
    print(f"cast, the first time: {perf_counter() - start:.2f} s, {found.height:,} links", flush=True)
    truth, judged = _judged(made, found)
    if options.misses:
        _told(truth, judged)
    lines = [] if options.no_speed else _speed(before, after, 3 if options.quick else 5)
    show("Planted actions by holders at both ends: what was found", list(_recall(truth)))
    show("Links followed by holders at both ends: what is true", list(_precision(judged)))
    if lines:
        show(f"Two quarters of {before.height:,} rows", lines)


def _options() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the filers, fewer rounds")
    parser.add_argument("--seed", type=int, default=13, help="another universe")
    parser.add_argument("--misses", action="store_true", help="list all false links, and of each kind twenty missed")
    parser.add_argument("--no-speed", action="store_true", help="leave out times and memory")
    parser.add_argument("--real", action="store_true", help="list what is found in real books beside the repository")
    return parser.parse_args()


def _judged(made: Universe, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The planted actions with whether each was found, and the links followed with whether each is true."""
    followed = found.filter(pl.col("certainty").is_in(_FOLLOWED))
    pairs = pl.concat([frame.select(*_LINK, *_RATIO) for frame in (made.truth, followed)]).unique()
    seen = _seen(made, pairs)
    truth = made.truth.join(seen, on=[*_LINK, *_RATIO], how="left").with_columns(
        pl.col("holders", "exactly").fill_null(0)
    )
    traps = made.traps.group_by("cusip_before").agg(pl.col("trap").unique(maintain_order=True).str.join(" + "))
    told = followed.rename({"holders": "holders_told"}).join(seen, on=[*_LINK, *_RATIO], how="left")
    told = told.with_columns(pl.col("holders", "exactly").fill_null(0))
    told = told.join(
        truth.select(*_LINK, "planted", true_before="shares_before", true_after="shares", true_kind="kind"),
        on=_LINK, how="left", maintain_order="left",
    ).join(traps, on="cusip_before", how="left", maintain_order="left")  # fmt: skip
    off = pl.col("shares") / pl.col("shares_before") * pl.col("true_before") / pl.col("true_after") - 1
    same_kind = (pl.col("kind") == "spin_off") == (pl.col("true_kind") == "spin_off")
    told = told.with_columns(true=((off.abs() <= 0.001) & same_kind).fill_null(value=False))
    told = told.with_columns(true=pl.col("true") & pl.struct(*_LINK, "true").is_first_distinct())
    said = found.group_by(_LINK).agg(
        said=pl.format("{} {} {} for {}", "certainty", "kind", "shares", "shares_before").str.join("; ")
    )
    truth = truth.join(told.filter("true").select(*_LINK, found=pl.lit(True)), on=_LINK, how="left")
    truth = truth.with_columns(pl.col("found").fill_null(value=False)).join(said, on=_LINK, how="left")
    return truth.filter(~pl.col("is_late")), told


def _seen(made: Universe, pairs: pl.DataFrame) -> pl.DataFrame:
    """For each link and ratio: holders at both ends, how many of them show it exactly, price before over after."""
    numbers = pl.concat([pairs["cusip_before"], pairs["cusip"]]).unique().implode()
    before, after = (frame.select("cik", "cusip", "amount", "value").filter(pl.col("cusip").is_in(numbers))
                     for frame in (made.before, made.after))  # fmt: skip
    is_pair = pl.col("cusip_before") != pl.col("cusip")
    had = pl.when(is_pair).then(pl.col("had")).fill_null(0)
    exact = pl.col("amount_after") - had == pl.col("amount") * pl.col("shares") // pl.col("shares_before")
    price = pl.col("value") / pl.col("amount") * pl.col("amount_after") / pl.col("value_after")
    return (
        pairs.lazy()
        .join(before.lazy().rename({"cusip": "cusip_before"}), on="cusip_before")
        .join(after.lazy().rename({"amount": "amount_after", "value": "value_after"}), on=["cik", "cusip"])
        .join(before.lazy().select("cik", "cusip", had="amount"), on=["cik", "cusip"], how="left")
        .group_by(*_LINK, *_RATIO)
        .agg(holders=pl.len().cast(pl.Int64), exactly=exact.sum().cast(pl.Int64), price=price.median())
        .collect()
    )


def _bands(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    most = sys.maxsize
    for band, least in BANDS.items():
        yield f"{band} holders", frame.filter(pl.col("holders").is_between(least, most))
        most = least - 1


def _recall(truth: pl.DataFrame) -> Iterator[Line]:
    kinds = {
        "splits and CUSIP changes": ("split", "reverse_split", "cusip_change"),
        "mergers": ("merger",),
        "spin-offs": ("spin_off",),
        "all": ("split", "reverse_split", "cusip_change", "merger", "spin_off"),
    }
    for band, of in _bands(truth):
        enough = band.startswith("5")
        for name, wanted in kinds.items():
            these = of.filter(pl.col("kind").is_in(wanted))
            target = "at least 98%" if enough and name in {"splits and CUSIP changes", "all"} else ""
            yield Line(f"{band}: {name}", *_share(these["found"]), target)
            if enough:
                shown = these.filter(pl.col("exactly") >= EXACTLY)
                yield Line(f"{band}: {name}, {EXACTLY} or more exactly", *_share(shown["found"]))
    for (planted,), of in truth.filter(pl.col("holders") > 0).group_by("planted", maintain_order=True):
        told = (f"{these['found'].sum()} of {these.height}" for _, these in _bands(of))
        yield Line(f"{planted}", " / ".join(told), " / ".join(BANDS))


def _precision(judged: pl.DataFrame) -> Iterator[Line]:
    for band, of in _bands(judged):
        yield Line(f"{band}: followed", *_share(of["true"]), "at least 99.5%" if band.startswith("5") else "")
        for grade in _FOLLOWED:
            these, target = of.filter(pl.col("certainty") == grade)["true"], ""
            if band.startswith("1"):
                target = "none false" if grade == "confirmed" else "at least 98%"
            yield Line(f"{band}: {grade}", *_share(these), target)
    nowhere = judged.filter(pl.col("holders") == 0)
    yield Line("no holder at both ends: followed", *_share(nowhere["true"]))
    for (kind,), of in judged.group_by("kind", maintain_order=True):
        told = (f"{these['true'].sum()} of {these.height}" for _, these in _bands(of))
        yield Line(f"{kind}", " / ".join(told), " / ".join(BANDS))
    false = judged.filter(~pl.col("true"))
    looks = false.filter(pl.col("trap").fill_null("").str.contains("multiplied and price moved"))
    yield Line("false, where amount and price agree by chance", f"{looks.height} of {false.height}")


def _share(true: pl.Series) -> tuple[str, str]:
    right = true.sum()
    return f"{right} of {len(true)}", f"{right / len(true):.2%}" if len(true) else "-"


def _told(truth: pl.DataFrame, judged: pl.DataFrame) -> None:
    """Every false link and, of each kind, the first twenty that were missed."""
    false = judged.filter(~pl.col("true")).select(
        pl.col("certainty").alias("grade"), "kind", *_LINK, *_RATIO, "holders_told", "holders", "votes", "exactly",
        pl.col("price_ratio").round(3),
        true_ratio=pl.format("{} {}:{}", "planted", "true_after", "true_before"), trap="trap",
    )  # fmt: skip
    missed = truth.filter(~pl.col("found") & (pl.col("holders") > 0))
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=230, fmt_str_lengths=60, tbl_hide_dataframe_shape=True,
                   tbl_hide_column_data_types=True, tbl_formatting="ASCII_MARKDOWN"):  # fmt: skip
        print(f"\n{false.height} false links\n{false.sort('holders', descending=True)}")
        for (planted,), of in missed.group_by("planted", maintain_order=True):
            shown = of.sort("holders", descending=True).head(20).select(
                *_LINK, *_RATIO, "holders", "exactly", pl.col("price").round(3), "said"
            )  # fmt: skip
            print(f"\n{of.height} missed: {planted}\n{shown}")


def _speed(before: pl.DataFrame, after: pl.DataFrame, rounds: int) -> list[Line]:
    cases = {
        JOIN: lambda: _joined(before, after),
        STACK: lambda: _stacked(before, after),
        CAST: lambda: cast(before, after),
    }
    resting = _peak(lambda: None)
    peaks = {name: _peak(run) for name, run in cases.items()}
    times = in_turns(cases, rounds)
    faster = min((JOIN, STACK), key=lambda name: median(times[name]))
    lines = [Line(f"diff, {name}", milliseconds(times[name])) for name in (JOIN, STACK)]
    lines.append(Line(CAST, milliseconds(times[CAST]), f"{ratio(times, CAST, faster):.2f} x {faster}", "at most 3 x"))
    lines.append(Line("resident before, with both quarters", f"{resting / 2**20:,.0f} MB"))
    lines += [Line(f"peak of {name}", f"{peak / 2**20:,.0f} MB") for name, peak in peaks.items()]
    return lines


def _joined(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    keys = ["cik", "cusip"]
    both = before.lazy().join(after.lazy(), on=keys, how="full", coalesce=True, suffix="_after")
    told = both.with_columns(
        pl.coalesce("issuer_after", "issuer").alias("issuer"),
        pl.col("amount", "value", "amount_after", "value_after").fill_null(0),
    ).drop("issuer_after")
    return _compared(told).collect(engine="streaming")


def _stacked(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    names, later = ("amount", "value"), ("amount_after", "value_after")
    sides = [
        before.lazy().with_columns(pl.lit(0, dtype=pl.Int64).alias(name) for name in later),
        after.lazy().select(
            "cik",
            "cusip",
            "issuer",
            *(pl.lit(0, dtype=pl.Int64).alias(name) for name in names),
            *(pl.col(name).alias(told) for name, told in zip(names, later, strict=True)),
        ),
    ]
    both = pl.concat(sides).group_by("cik", "cusip").agg(pl.col("issuer").last(), pl.col(*names, *later).sum())
    return _compared(both).collect(engine="streaming")


def _compared(both: pl.LazyFrame) -> pl.LazyFrame:
    """What a diff says of each row: what kind of change, and by how much."""
    less, more = pl.col("amount"), pl.col("amount_after")
    change = (
        pl.when(less == 0)
        .then(pl.lit("new"))
        .when(more == 0)
        .then(pl.lit("exited"))
        .when(more > less)
        .then(pl.lit("increased"))
        .when(more < less)
        .then(pl.lit("decreased"))
        .otherwise(pl.lit("unchanged"))
    )
    return both.with_columns(
        change=change, amount_change=more - less, value_change=pl.col("value_after") - pl.col("value")
    )


def _peak(run: object) -> int:
    """The most that is resident while something runs; where it cannot be set back, of the process so far."""
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        run()
        told = Path("/proc/self/status").read_text(encoding="ascii")
        return int(told.split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        run()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def _real() -> None:
    """Everything inferred between two real quarters, to be judged by hand."""
    paths = [REAL / f"{period}.parquet" for period in PERIODS]
    if not all(path.is_file() for path in paths):
        print("no real quarters beside the repository, left out")
        return
    before, after = (_book(path) for path in paths)
    found = cast(before, after)
    print(f"{before.height:,} rows and {after.height:,}, {found.height:,} links")
    names = [frame.group_by("cusip").agg(pl.col("issuer").mode().sort().first()) for frame in (before, after)]
    told = found.join(names[0].rename({"cusip": "cusip_before", "issuer": "was"}), on="cusip_before", how="left")
    told = told.join(names[1].rename({"issuer": "is"}), on="cusip", how="left").with_columns(
        grade=pl.col("certainty"),
        ratio=pl.format("{} for {}", "shares", "shares_before"),
        price=pl.col("price_ratio").round(3),
    )
    order = pl.col("certainty").replace_strict({"confirmed": 0, "likely": 1, "possible": 2}, return_dtype=pl.Int8)
    told = told.sort(order, "kind", "holders", descending=[False, False, True])
    shown = told.select("grade", "kind", *_LINK, "ratio", "holders", "votes", "price", "was", "is")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, fmt_str_lengths=40, tbl_hide_dataframe_shape=True,
                   tbl_hide_column_data_types=True, tbl_formatting="ASCII_MARKDOWN"):  # fmt: skip
        print(shown)
    print(found.group_by("kind", "certainty").len("links").sort("kind", "certainty"))


def _book(path: Path) -> pl.DataFrame:
    """Stock rows, one a manager and security."""
    is_stock = (pl.col("sh_prn") == "SH") & (pl.col("put_call").fill_null("").str.strip_chars() == "")
    return (
        pl.scan_parquet(path)
        .filter(is_stock)
        .group_by("cik", "cusip", maintain_order=True)
        .agg(pl.col("issuer").first(), pl.col("shares").sum().alias("amount"), pl.col("value").sum())
        .collect()
    )


if __name__ == "__main__":
    main()
