"""What docs/tables.md says of reading the Parquet runs as it stands there, and every way gives the same rows."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.data_sets import SECOND, THIRD, data_set, holding, ingested, listed, put
from tests.trees import filing, imported
from tests.trees import put as put_filings

PAGE = (Path(__file__).parents[1] / "docs" / "tables.md").read_text(encoding="utf-8")
NVIDIA = ("NVIDIA CORP", "67066G104", 186_580_000, 1_000_000)


def snippet(language, mark):
    """The block of a language that has a mark in it."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if mark in text]
    return found


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Two sets and a filing by itself; one in thousands, one with a put, some amended."""
    folder = tmp_path_factory.mktemp("docs")
    others = [("APPLE INC", "037833100", 2_546_300, 10_000), ("BANK AMERICA CORP", "060505104", 515_900, 10_000)]
    thousands = [(name, cusip, value // 1000, amount) for name, cusip, value, amount in (NVIDIA, *others)]
    paths = put(folder / "sets", {
        SECOND: data_set(
            listed("0000000001-25-000201", [NVIDIA, *others], cik="0000000001", period=date(2025, 6, 30),
                   filed=date(2025, 8, 14)),
            listed("0000000002-25-000201", [holding(*NVIDIA), holding(*NVIDIA), *others], cik="0000000002",
                   period=date(2025, 6, 30), filed=date(2025, 8, 14)),
        ),
        THIRD: data_set(
            listed("0000000001-25-000301", thousands, cik="0000000001"),
            listed("0000000002-25-000301", [(*NVIDIA, "Put"), NVIDIA, *others], cik="0000000002"),
        ),
    })  # fmt: skip
    ingested(folder / "cache", *paths)
    single = filing("0000000003-25-000301", [NVIDIA, *others], cik="0000000003")
    imported(folder / "cache", put_filings(folder / "in", single))
    left_by_a_killed_run(folder / "cache" / "tables" / "positions" / "period=2025-09-30")
    return folder / "cache"


def left_by_a_killed_run(period):
    """What came in a set stands among the filings that came by themselves too, and so does one that came nowhere."""
    of_set = pl.read_parquet(period / THIRD.replace(".zip", ".parquet"), hive_partitioning=False)
    lost = of_set.with_columns(accession_number=pl.lit("0000000009-25-000301"))
    alone = pl.read_parquet(period / "rows.parquet", hive_partitioning=False)
    both = pl.concat([alone, of_set, lost]).sort("cusip", "accession_number")
    assert both.height > alone.height
    both.write_parquet(period / "rows.parquet")


EXPECTED = [
    (date(2025, 6, 30), "0000000001", "0000000001-25-000201", 1_000_000, 186_580_000),
    (date(2025, 6, 30), "0000000002", "0000000002-25-000201", 2_000_000, 373_160_000),
    (date(2025, 9, 30), "0000000001", "0000000001-25-000301", 1_000_000, 186_580_000),
    (date(2025, 9, 30), "0000000002", "0000000002-25-000301", 1_000_000, 186_580_000),
    (date(2025, 9, 30), "0000000003", "0000000003-25-000301", 1_000_000, 186_580_000),
]


def without_name(rows):
    return [(period, cik, number, amount, dollars) for period, cik, _, number, amount, dollars in rows]


def ran(text, cache):
    names = {}
    exec(text.replace("CACHE", cache.as_posix()), names)  # noqa: S102 - what the docs tell to run
    return names["nvidia"]


def test_with_polars(cache):
    assert without_name(ran(snippet("python", "import polars"), cache).rows()) == EXPECTED


def test_with_duckdb(cache):
    duckdb = pytest.importorskip("duckdb")
    told = duckdb.sql(snippet("sql", "67066G104").replace("CACHE", cache.as_posix())).fetchall()
    assert without_name(told) == EXPECTED


def test_with_pandas(cache):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    told = ran(snippet("python", "import pandas"), cache)
    assert without_name(told.itertuples(index=False, name=None)) == EXPECTED


def test_files_of_a_period_lie_where_the_page_says(cache):
    found = sorted(path.name for path in (cache / "tables" / "positions" / "period=2025-09-30").iterdir())
    assert found == [THIRD.replace(".zip", ".parquet"), "rows.parquet"]
