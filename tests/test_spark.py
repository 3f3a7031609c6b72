"""The same rows from Spark, over the same Parquet."""

from __future__ import annotations

import importlib.util
import os
import shutil

import polars as pl
import pytest

from tests.lineage.builders import GLOBALSTAR, GLOBALSTAR_NEW, LAM, LAM_NEW, NVIDIA, action, lineage
from tests.lineage.test_following import CHILD, Q1, Q2, change
from thirteenf import errors, market
from thirteenf.lineage.steps import steps

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of pyspark's own

TOLD = lineage(
    action(),
    change(ratio=(10, 1)),
    action("reverse_split", GLOBALSTAR_NEW, (1, 15), cusip_before=GLOBALSTAR),
    action("spin_off", CHILD, (1, 4), cusip_before="037833100", period=Q2),
)
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
    sides = on_spark.Sides(in_force(0), in_force(1), done, gifts)
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
