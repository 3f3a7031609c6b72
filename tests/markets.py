"""Caches of many managers' positions, written straight into the tables: what a test of the whole market needs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import places, units
from thirteenf.store import Store
from thirteenf.tabled import Tabled, positions_of
from thirteenf.tables import FILINGS, INFORMATION_TABLE, ODDITIES

if TYPE_CHECKING:
    from pathlib import Path

HOLDINGS = "13F HOLDINGS REPORT"


def filing(cik, number, period, filed, **more):
    """A row of tables.FILINGS; `more` replaces what it says."""
    empty = dict.fromkeys(FILINGS.names)
    told = {
        "accession_number": number, "cik": cik, "manager": f"Manager {cik}", "form_type": "13F-HR",
        "report_type": HOLDINGS, "period": period, "filing_date": filed, "is_amendment": False,
        "confidentiality_ended": False, "is_confidential_omitted": False, "other_managers": [],
        "other_included_managers": [], "is_test": False, "row_count": 0, "value_sum": 0,
        **dict.fromkeys(("own_unit", "value_unit"), units.DOLLARS),
        **dict.fromkeys(("own_unit_reason", "value_unit_reason"), "by filing date"),
        **dict.fromkeys(("own_unit_certainty", "value_unit_certainty"), units.CERTAIN), "document": f"data/{number}",
    }  # fmt: skip
    return empty | told | more


def written(cache: Path, filings: list[dict], rows: pl.DataFrame) -> Path:
    """A cache of some filings and their rows: accession_number, cik, issuer, cusip, put_call, amount_type, amount,
    value, and perhaps more columns of tables.INFORMATION_TABLE."""
    sums = dict(rows.group_by("accession_number").agg(pl.col("value").sum()).iter_rows())
    counts = dict(rows.group_by("accession_number").len().iter_rows())
    for one in filings:
        number = one["accession_number"]
        one |= {"value_sum": sums.get(number, 0), "row_count": counts.get(number, 0)}
    schema = INFORMATION_TABLE.schema()
    lacking = {
        name: pl.lit([], kind) if isinstance(kind, pl.List) else pl.lit(None, kind)
        for name, kind in schema.items() if name not in (*rows.columns, "row")
    }  # fmt: skip
    lacking |= {name: pl.lit("COM") for name in ("title_of_class",) if name in lacking}
    numbered = rows.with_columns(row=pl.int_range(1, pl.len() + 1).over("accession_number")).with_columns(**lacking)
    at = places.at(cache)
    (at.archive / "data" / "0000000000").mkdir(parents=True)
    (at.archive / "data" / "0000000000" / "made-up").write_bytes(b"")
    store = Store(at.tables)
    store.write_empty()
    frame = pl.DataFrame(filings, schema=FILINGS.schema())
    told = numbered.select(pl.col(name).cast(kind) for name, kind in schema.items())
    told, nothing = told.sort("cik", "accession_number", "row"), ODDITIES.schema().to_frame()
    parts = frame.partition_by("period", maintain_order=True)
    for part in parts:
        of_period = told.join(part, on="accession_number", how="semi", maintain_order="left")
        listed = positions_of(of_period.with_columns(period=pl.lit(part["period"][0]))).drop("period")
        store.add([Tabled(part, of_period, listed, nothing)], settles=False)
    (at.tables / "unsettled.json").unlink()  # units are as said
    return cache


def universe(cache: Path, folder: Path) -> Path:
    """The two real quarters of some hundred managers (../shared/real/universe)."""
    filings, parts = [], []
    for path in sorted(folder.glob("*.parquet")):
        frame = pl.read_parquet(path)
        heads = frame.group_by("accession", "cik", "period").agg(pl.col("manager", "accepted").first()).sort("cik")
        filings += [
            filing(cik, number, date.fromisoformat(period), date.fromisoformat(accepted[:10]), manager=manager)
            for number, cik, period, manager, accepted in heads.iter_rows()
        ]
        parts.append(frame.select(
            "cik", "issuer", "cusip", "value", accession_number="accession", title_of_class="class", amount="shares",
            amount_type="sh_prn", put_call=pl.col("put_call").fill_null(""),
        ))  # fmt: skip
    return written(cache, filings, pl.concat(parts))
