"""The same rows from Spark, over the same Parquet."""

from __future__ import annotations

import importlib.util
import os
import shutil
from datetime import date

import polars as pl
import pytest
from benchmarks import data_sets

from tests import trees
from tests.data_sets import ingested
from tests.lineage.builders import GLOBALSTAR, GLOBALSTAR_NEW, LAM, LAM_NEW, NVIDIA, action, lineage
from tests.lineage.test_following import CHILD, Q1, Q2, change
from thirteenf import Tracker, errors, market
from thirteenf.lineage.steps import steps
from thirteenf.survey import Survey

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of pyspark's own

TOLD = lineage(
    action(),
    change(ratio=(10, 1)),
    action("reverse_split", GLOBALSTAR_NEW, (1, 15), cusip_before=GLOBALSTAR),
    action("spin_off", CHILD, (1, 4), cusip_before="037833100", period=Q2),
)
THEN, NOW = date(2024, 12, 31), date(2025, 3, 31)
NUMBERS = (NVIDIA, LAM, LAM_NEW, GLOBALSTAR, GLOBALSTAR_NEW, CHILD, "037833100", "060505104")


@pytest.fixture(scope="module")
def spark():
    """A small session of Spark in this process's Java, ended after the tests."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("Java is not here")
    from thirteenf import spark as on_spark

    small = {"spark__sql__shuffle__partitions": "2", "spark__default__parallelism": "2"}
    quiet = {"spark__ui__showConsoleProgress": "false", "spark__log__level": "ERROR", "spark__driver__memory": "600m"}
    quiet |= {"spark__driver__bindAddress": "127.0.0.1", "spark__driver__host": "127.0.0.1"}
    # much code that runs once: compiled quickly, planned once
    quiet |= {"spark__driver__extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    quiet |= {"spark__sql__adaptive__enabled": "false"}
    running = on_spark.session("local[2]", **small, **quiet)
    yield running
    running.stop()


def rows(quarter):
    """What two hundred filings of a quarter list: every amount and kind of position there is, by rule."""
    for filing in range(200):
        for place, number in enumerate(NUMBERS):
            seed = filing * 7 + place * 13 + quarter * (filing % 3)
            if (seed + quarter) % 4 == 0:
                continue
            put_call, kind = ("", "Put", "")[seed % 3], "PRN" if seed % 11 == 0 else "SH"
            amount = seed % 5 * 100 * (10 if quarter and filing % 2 else 1) + seed % 3
            yield f"{filing:010}-24-{quarter:06}", number, put_call, kind, amount, amount * (seed % 9) + seed % 2, 1


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Tables as a cache keeps them."""
    folder = tmp_path_factory.mktemp("tables")
    names = ("accession_number", "cusip", "put_call", "amount_type", "amount", "value", "rows")
    for quarter, period in enumerate((Q1, Q2)):
        at = folder / "positions" / f"period={period}"
        at.mkdir(parents=True)
        listed = pl.DataFrame(list(rows(quarter)), names, orient="row").sort("cusip")
        listed.write_parquet(at / "0.parquet")
    return folder


def in_force(quarter):
    """A manager has two filings; one in ten counts in thousands, and one in nine is not in force."""
    filings = [filing for filing in range(200) if filing % 9]
    return pl.DataFrame(
        {
            "accession_number": [f"{filing:010}-24-{quarter:06}" for filing in filings],
            "cik": [f"{filing // 2:010}" for filing in filings],
            "factor": [1_000 if filing % 10 == 0 else 1 for filing in filings],
        }
    )


def test_spark_gives_the_same_moves_and_flows_as_polars(spark, tables):
    from thirteenf import spark as on_spark

    done, gifts = steps(TOLD, Q1)
    sides = on_spark.Sides(in_force(0), in_force(1), done, gifts, pl.DataFrame(schema={"cik": pl.String}))
    found = on_spark.moves(spark, str(tables), Q2, Q1, sides).persist()
    books = [
        market.books(pl.scan_parquet(tables / "positions" / f"period={period}" / "*.parquet"), side.lazy())
        for period, side in ((Q1, sides.in_force_before), (Q2, sides.in_force))
    ]
    here = market.compared(*books, done.lazy(), gifts.lazy()).collect()
    assert here.height > 1_000
    assert set(here["change"]) == {"new", "added", "unchanged", "reduced", "exited"}
    assert tuple(found.columns) == market.MOVES
    assert sorted(map(tuple, found.collect()), key=str) == sorted(here.rows(), key=str)
    told = market.flows(found)
    assert tuple(told.columns) == market.FLOWS
    assert {kind for name, kind in told.dtypes if name not in market.KEY} == {"bigint"}
    assert sorted(map(tuple, told.collect())) == sorted(market.flows(here).rows())


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Three sets, a manager's two filings by themselves, and what a run that was killed has left."""
    folder = tmp_path_factory.mktemp("sets")
    sets = data_sets.write(folder / "sets", data_sets.Shape(40, 3_000, 500), 3, THEN)
    ingested(folder / "cache", *sets)
    others = [*trees.THREE_STOCKS[1:], ("NVIDIA CORP", NVIDIA, 186_580, 1_000)]
    alone = trees.put(
        folder / "in",
        trees.filing("0009999991-25-000001", period=THEN, filed=date(2025, 2, 14)),
        trees.filing("0009999991-25-000002", others, period=NOW, filed=date(2025, 5, 15)),
    )
    trees.imported(folder / "cache", alone)
    at = folder / "cache" / "tables" / "positions" / f"period={NOW}"
    every = [pl.read_parquet(path, hive_partitioning=False) for path in sorted(at.iterdir())]
    assert len(every) == 3  # two sets, and what came by itself
    pl.concat(every).sort("cusip", "accession_number").write_parquet(at / "rows.parquet")
    return folder / "cache"


def test_spark_gives_the_moves_and_flows_of_a_survey_over_the_tables_of_a_cache(spark, cache):
    from thirteenf import spark as on_spark

    tracker = Tracker(cache)
    survey = Survey(tracker.books, tracker.catalog, NOW)
    sides = survey.sides()
    # tied managers, files, securities that something was done to, and a book that withholds rows are all there
    coverage = survey.panel.coverage()
    assert coverage["together"]
    assert coverage["left_out"]
    assert sides.in_force["part"].n_unique() == 3
    assert sides.in_force["cik"].n_unique() < coverage["compared"]
    assert sides.steps.height > 5
    every = survey.moves.collect()
    known = every.filter(pl.col("change") != "unknown").select(market.MOVES)
    assert 1_000 < known.height < every.height
    found = on_spark.moves(spark, f"{cache}/tables", survey.period, survey.panel.against, sides).persist()
    assert tuple(found.columns) == market.MOVES
    assert sorted(map(tuple, found.collect()), key=str) == sorted(known.rows(), key=str)
    flows = market.flows(survey.moves.filter(pl.col("change") != "unknown")).collect()
    assert sorted(map(tuple, market.flows(found).collect())) == sorted(flows.rows())
    alone = found.filter("cik = '0009999991'").select("cusip", "change").collect()
    numbers = [cusip for _, cusip, *_ in trees.THREE_STOCKS]
    assert dict(map(tuple, alone)) == {
        **dict(zip(numbers, ("exited", "unchanged", "unchanged"), strict=True)), NVIDIA: "new",
    }  # fmt: skip


def test_a_survey_of_one_security_gives_the_sides_of_all(cache):
    tracker = Tracker(cache)
    whole, one = (Survey(tracker.books, tracker.catalog, NOW, None, only) for only in (None, [NVIDIA]))
    for mine, its in zip(whole.sides(), one.sides(), strict=True):
        assert sorted(mine.rows(), key=str) == sorted(its.rows(), key=str)


def test_spark_gives_nothing_for_a_trade_that_64_bits_do_not_hold(spark):
    side = ("1", NVIDIA, "", "SH")
    names = ["cik", "cusip", "put_call", "amount_type", "amount", "value"]
    before, after = (
        spark.createDataFrame([(*side, 1, 10**13)], names),
        spark.createDataFrame([(*side, 10**16, 1)], names),
    )
    (row,) = market.moves(before, after).collect()
    assert (row["change"], row["trade_effect"], row["price_effect"]) == ("added", None, None)


def test_without_spark_it_is_told_how_to_get_it(monkeypatch):
    from thirteenf import spark as on_spark

    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(errors.UsageError, match="Spark is not installed") as told:
        on_spark.session()
    assert "thirteenf[spark]" in told.value.hint
