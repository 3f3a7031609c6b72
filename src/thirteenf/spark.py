"""All managers' moves on Spark, where one machine is not enough: the same kernel over the same Parquet.

The tables of a cache lie on storage that all workers see (`s3a://…`, `hdfs://…`, a mounted folder). What is small
(which filings count, what was done to securities) is worked out here (`survey.Survey.sides`) and handed over;
positions never leave the cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from thirteenf import market
from thirteenf.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    import polars as pl
    from pyspark.sql import DataFrame, SparkSession

_TYPES = {"String": "string", "Int64": "bigint"}


class Sides(NamedTuple):
    """The small frames that a comparison needs beside positions, of polars.

    `in_force` and `in_force_before` have accession_number, cik, factor and part (market.books), of managers whose two
    books compare; `steps` and `gifts` are those of lineage.steps; `doubtful` has the `cik` of books that withhold rows
    or now leave some to others: what is gone from them is not known to be sold.
    """

    in_force_before: pl.DataFrame
    in_force: pl.DataFrame
    steps: pl.DataFrame
    gifts: pl.DataFrame
    doubtful: pl.DataFrame


def session(master: str = "local[*]", **settings: str) -> SparkSession:
    """A Spark session for this program; a program that has one already hands that in instead.

    Args:
        master: where Spark runs.
        settings: Spark's own, with `__` for a point: `spark__sql__shuffle__partitions="8"`.

    Raises:
        UsageError: if pyspark is not installed.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError("Spark is not installed.", "pip install 'thirteenf[spark]', and Java 17") from error
    builder = SparkSession.builder.master(master).appName("thirteenf").config("spark.ui.enabled", "false")
    for name, value in settings.items():
        builder = builder.config(name.replace("__", "."), value)
    made: SparkSession = builder.getOrCreate()
    return made


def moves(spark: SparkSession, tables: str, period: date, against: date, sides: Sides) -> DataFrame:
    """What all managers did between two quarters.

    Args:
        spark: a session.
        tables: the folder of the tables, as the workers see it; they are those that the sides were worked out from.
        period: the later quarter.
        against: the earlier one.
        sides: which filings count, and what is followed (`survey.Survey.sides`).

    Returns:
        market.MOVES, not worked out yet: `market.flows` takes it as it is. What is gone from doubtful books, of which
        a survey says `unknown`, is left out.
    """
    from pyspark.sql.functions import lit  # noqa: PLC0415 - an extra

    in_force_before, in_force, steps, gifts, doubtful = (_handed_over(spark, frame) for frame in sides)
    before = market.books(_positions(spark, tables, against), in_force_before)
    after = market.books(_positions(spark, tables, period), in_force)
    found: DataFrame = market.compared(before, after, steps, gifts)
    gone = doubtful.withColumn("change", lit("exited"))
    return found.join(gone, on=["cik", "change"], how="left_anti").select(*market.MOVES)


def _positions(spark: SparkSession, tables: str, period: date) -> DataFrame:
    """What all filings of a quarter list, in every file that lies there, each row with the file that it is in."""
    from pyspark.sql.functions import col, regexp_replace  # noqa: PLC0415 - an extra

    listed = spark.read.parquet(f"{tables.rstrip('/')}/positions/period={period}")
    return listed.withColumn("part", regexp_replace(col("_metadata.file_name"), r"\.parquet$", ""))


def _handed_over(spark: SparkSession, frame: pl.DataFrame) -> DataFrame:
    """A small frame of polars as one of Spark's, row by row: neither pandas nor pyarrow is needed for that."""
    schema = ", ".join(f"{name} {_TYPES[str(kind)]}" for name, kind in frame.schema.items())
    return spark.createDataFrame(frame.rows(), schema)
