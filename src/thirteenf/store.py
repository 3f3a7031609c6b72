"""The tables: Parquet, one partition a period, each file replaced whole.

    information_table/period=2025-09-30/rows.parquet   rows as filed, sorted by manager, filing, row
    oddities/period=2025-09-30/rows.parquet            what is odd about them
    unreadable.parquet                                 a row a filing of the archive that cannot be read
    filings.parquet                                    a row a filing; written last: what is not in it does not count
    rules.json                                         which rules made them

A reader takes `filings` first and rows after. A writer writes rows first and `filings` after. So a reader never sees
a filing without its rows, whenever a writer is killed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from thirteenf import RULES, files, units
from thirteenf.errors import StoreError
from thirteenf.tables import FILINGS, INFORMATION_TABLE, ODDITIES, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from thirteenf.filing import Filing, Oddity
    from thirteenf.units import Unit

_T = TypeVar("_T")
_ATTEMPTS, _PAUSE = 20, 0.05
_FILING = ("cik", "accession_number")
_UNIT_COLUMNS = ("accession_number", "cusip", "put_call", "amount_type", "amount", "value")


@dataclass(frozen=True)
class Entry:
    """A filing on its way into the tables: all that was read of it, and where its bytes lie."""

    filing: Filing
    rows: pl.DataFrame
    oddities: Sequence[Oddity]
    unit: Unit
    document: str


@dataclass(frozen=True)
class Unreadable:
    """A filing of the archive that cannot be read as a Form 13F, and why; columns of tables.UNREADABLE."""

    accession_number: str
    cik: str
    message: str
    document: str
    manager: str | None = None
    form_type: str | None = None
    period: date | None = None
    filing_date: date | None = None


class Store:
    """The tables under a folder."""

    def __init__(self, root: Path, mend: str = "Run: thirteenf rebuild") -> None:
        """Tables in `root`, which need not exist yet; `mend` says what to do if they are damaged."""
        self.root = root
        self.mend = mend

    @property
    def is_current(self) -> bool:
        """Whether the tables are there and were made by this version's rules."""
        try:
            said: object = json.loads((self.root / "rules.json").read_bytes())
        except (OSError, ValueError):
            return False
        return said == {"rules": RULES} and (self.root / "filings.parquet").is_file()

    def filings(self) -> pl.DataFrame:
        """All filings, columns of tables.FILINGS, sorted by manager, period, filing date and accession number.

        Raises:
            StoreError: if the table is missing or damaged.
        """
        return self._read(self.root / "filings.parquet")

    def unreadable(self) -> pl.DataFrame:
        """Filings of the archive that cannot be read, columns of tables.UNREADABLE.

        Raises:
            StoreError: if the table is missing or damaged.
        """
        return self._read(self.root / "unreadable.parquet")

    def rows(self, period: date, filings: pl.DataFrame, columns: Iterable[str] | None = None) -> pl.DataFrame:
        """Rows as filed of some filings of one period, with their values in dollars instead of the filing's unit.

        Args:
            period: which partition.
            filings: accession_number, cik and value_unit of the filings wanted.
            columns: of tables.INFORMATION_TABLE; all by default.

        Raises:
            StoreError: if the partition is damaged.
        """
        rows = self._partition("information_table", period, filings, columns)
        units_of = filings.select("accession_number", "value_unit")
        return rows.join(units_of, on="accession_number", maintain_order="left").with_columns(
            value=units.dollars(pl.col("value_unit"), pl.col("value"))
        )

    def scan(self, period: date, filings: pl.DataFrame) -> pl.LazyFrame:
        """The same rows, in dollars, read when collected."""
        path = self._path("information_table", period)
        self._patiently(path, path.stat)
        wanted = filings.lazy().select("accession_number", "value_unit")
        rows = pl.scan_parquet(path).join(wanted, on="accession_number")
        return rows.with_columns(value=units.dollars(pl.col("value_unit"), pl.col("value")))

    def collected(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """What a frame over `scan` comes to.

        Raises:
            StoreError: if a partition is missing or damaged.
        """
        return self._patiently(self.root, frame.collect)

    def rows_as_filed(self, period: date, filings: pl.DataFrame, columns: Iterable[str] | None = None) -> pl.DataFrame:
        """The same with values as filed, in each filing's own unit."""
        return self._partition("information_table", period, filings, columns)

    def oddities(self, period: date, filings: pl.DataFrame) -> pl.DataFrame:
        """Oddities of some filings of one period, columns of tables.ODDITIES."""
        return self._partition("oddities", period, filings)

    def settled(self, filings: pl.DataFrame) -> pl.DataFrame:
        """Filings with their units settled among themselves: what would be known if there were no others.

        Args:
            filings: rows of tables.FILINGS; for each period all those that count as evidence.
        """
        parts = []
        for (period,), part in filings.partition_by("period", as_dict=True, maintain_order=True).items():
            told = units.settle(part, self.rows_as_filed(period, part, _UNIT_COLUMNS))
            parts.append(part.drop(told.columns[1:]).join(told, on="accession_number", maintain_order="left"))
        return pl.concat(parts).select(FILINGS.names) if parts else filings

    def add(self, entries: Sequence[Entry], unreadable: Sequence[Unreadable] = ()) -> None:
        """Take filings in, replacing those of the same accession numbers; units are settled anew where it matters.

        The tables must be there (`write_empty`).

        Raises:
            StoreError: if the disk is full or cannot be written; the tables are then as before, or as after.
        """
        if not entries and not unreadable:
            return
        new = filings_of(entries)
        held = self.filings().join(new, on="accession_number", how="anti")
        affected = sorted(set(new["period"]))
        for period in affected:
            of_period = [entry for entry in entries if entry.filing.period == period]
            for table, made in (("information_table", rows_of), ("oddities", oddities_of)):
                self._write_partition(table, period, new, made(of_period))
        self._add_unreadable(new, unreadable)
        if not entries:
            return
        filings = pl.concat([held, new])
        settled = self.settled(filings.filter(pl.col("period").is_in(affected)))
        filings = pl.concat([filings.filter(~pl.col("period").is_in(affected)), settled])
        filings = filings.sort("cik", "period", "filing_date", "accession_number")
        self._write(self.root / "filings.parquet", filings)

    def _add_unreadable(self, readable: pl.DataFrame, found: Sequence[Unreadable]) -> None:
        told = pl.DataFrame([asdict(one) for one in found], schema=UNREADABLE.schema())
        before = self.unreadable()
        after = pl.concat([before.join(pl.concat([f.select("accession_number") for f in (readable, told)]),
                                       on="accession_number", how="anti"), told]).sort("accession_number")  # fmt: skip
        if not after.equals(before):
            self._write(self.root / "unreadable.parquet", after)

    def write_empty(self) -> None:
        """Tables that hold nothing."""
        self._write(self.root / "unreadable.parquet", UNREADABLE.schema().to_frame())
        self._write(self.root / "filings.parquet", FILINGS.schema().to_frame())
        files.write(self.root / "rules.json", json.dumps({"rules": RULES}).encode())

    @contextmanager
    def replaced(self) -> Iterator[Store]:
        """A store to fill from nothing; when the block ends well it takes this one's place, whole.

        Raises:
            StoreError: if the disk refuses; this store is then as it was.
        """
        beside, old = self.root.with_name(f"{self.root.name}.new"), self.root.with_name(f"{self.root.name}.old")
        with files.explained(self.root):
            for leftover in (beside, old):
                shutil.rmtree(leftover, ignore_errors=True)
            beside.mkdir(parents=True)
            yield Store(beside)
            if self.root.exists():
                self.root.rename(old)
            beside.rename(self.root)
            shutil.rmtree(old, ignore_errors=True)

    def _partition(
        self, table: str, period: date, filings: pl.DataFrame, columns: Iterable[str] | None = None
    ) -> pl.DataFrame:
        declared = {"information_table": INFORMATION_TABLE, "oddities": ODDITIES}[table]
        wanted = tuple(columns) if columns else declared.names
        path = self._path(table, period)
        if filings.is_empty():
            return declared.schema(wanted).to_frame()
        numbers, ciks = filings["accession_number"].to_list(), filings["cik"].unique().to_list()
        keep = pl.col("accession_number").is_in(numbers)
        if len(ciks) == 1:
            keep &= pl.col("cik") == ciks[0]  # the sort order: row groups of other managers are skipped
        return self._patiently(path, lambda: pl.scan_parquet(path).filter(keep).select(wanted).collect())

    def _patiently(self, path: Path, read: Callable[[], _T]) -> _T:
        """Read, and wait a moment for files that a rebuild is changing over; a period with filings has all of its own.

        Looking first and reading then would leave a moment between the two.
        """
        for _ in range(_ATTEMPTS):
            try:
                return read()
            except FileNotFoundError:
                time.sleep(_PAUSE)
            except (pl.exceptions.PolarsError, OSError) as error:
                told = f"{path} is damaged or unreadable ({type(error).__name__})."
                raise StoreError(told, self.mend) from error
        raise StoreError(f"{path} is missing.", self.mend)

    def _path(self, table: str, period: date) -> Path:
        return self.root / table / f"period={period}" / "rows.parquet"

    def _write_partition(self, table: str, period: date, replaced: pl.DataFrame, rows: pl.DataFrame) -> None:
        """Put rows into a partition in place of all that it has of some filings.

        The partition is sorted, so the new one is stretches of the old one and of the new rows by turns: they are
        streamed from file to file, and memory does not grow with the partition.
        """
        path = self._path(table, period)
        rows = rows.sort("cik", "accession_number", "row", maintain_order=True)
        if not path.is_file():
            self._write(path, rows)
            return
        held = pl.scan_parquet(path, hive_partitioning=False)
        stretches = self._patiently(path, lambda: _stretches(held, from_new=False))
        kept = stretches.join(replaced, on="accession_number", how="anti")
        sources = {False: held, True: rows.lazy()}
        runs = _runs(pl.concat([kept, _stretches(rows.lazy(), from_new=True)]))
        parts = [sources[from_new].slice(at, length) for from_new, at, length in runs.iter_rows()]
        self._write(path, pl.concat(parts) if parts else rows)

    def _write(self, path: Path, frame: pl.DataFrame | pl.LazyFrame) -> None:
        with files.replacing(path) as beside:
            try:
                frame.lazy().sink_parquet(beside, compression="zstd", compression_level=3, row_group_size=65_536)
            except pl.exceptions.ComputeError as error:
                raise _as_the_system_says(error) from error

    def _read(self, path: Path) -> pl.DataFrame:
        return self._patiently(path, lambda: pl.read_parquet(path, hive_partitioning=False))


def _stretches(rows: pl.LazyFrame, *, from_new: bool) -> pl.DataFrame:
    """Where each filing's rows begin in sorted rows, and how many there are: filing, at, length, from_new."""
    numbered = rows.select(*_FILING).with_row_index("at")
    found = numbered.group_by(_FILING).agg(pl.col("at").min().cast(pl.Int64), length=pl.len().cast(pl.Int64))
    return found.collect(engine="streaming").with_columns(from_new=pl.lit(from_new))


def _runs(stretches: pl.DataFrame) -> pl.DataFrame:
    """Stretches in the order of filings, those that follow each other in one source as one: from_new, at, length."""
    ordered = stretches.sort(_FILING)
    before = ordered.select("from_new", end=pl.col("at") + pl.col("length")).shift()
    goes_on = (ordered["from_new"] == before["from_new"]) & (ordered["at"] == before["end"])
    run = (~goes_on.fill_null(value=False)).cum_sum()
    sums = ordered.group_by(run.alias("run"), maintain_order=True).agg(
        pl.col("from_new").first(), pl.col("at").first(), pl.col("length").sum()
    )
    return sums.drop("run")


def _as_the_system_says(error: pl.exceptions.ComputeError) -> OSError:
    """What polars says of a failed write as the system's own error, whose number is in the message."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error))


def filings_of(entries: Iterable[Entry]) -> pl.DataFrame:
    """Filings as they stand in the table of filings, each with its own unit."""
    return pl.DataFrame([_as_row(entry) for entry in entries], schema=FILINGS.schema())


def rows_of(entries: Iterable[Entry]) -> pl.DataFrame:
    """Their rows as they stand in a partition."""
    return pl.concat([INFORMATION_TABLE.schema().to_frame(), *(_rows(entry) for entry in entries)])


def oddities_of(entries: Iterable[Entry]) -> pl.DataFrame:
    """What is odd about them, as it stands in a partition."""
    return pl.concat([ODDITIES.schema().to_frame(), *(_oddities(entry) for entry in entries)])


def _as_row(entry: Entry) -> dict[str, object]:
    unit = entry.unit
    filing = asdict(entry.filing)
    managers = {
        name: [asdict(m) for m in getattr(entry.filing, name)] for name in ("other_managers", "other_included_managers")
    }
    return filing | managers | {
        "row_count": entry.rows.height,
        "value_sum": entry.rows["value"].sum(),
        "own_unit": unit.unit, "own_unit_reason": unit.reason, "own_unit_certainty": unit.certainty,
        "value_unit": unit.unit, "value_unit_reason": unit.reason, "value_unit_certainty": unit.certainty,
        "document": entry.document,
    }  # fmt: skip


def _rows(entry: Entry) -> pl.DataFrame:
    filing = entry.filing
    return entry.rows.with_columns(cik=pl.lit(filing.cik), accession_number=pl.lit(filing.accession_number)).select(
        INFORMATION_TABLE.names
    )


def _oddities(entry: Entry) -> pl.DataFrame:
    filing = entry.filing
    told = [
        oddity.as_dict() | {"cik": filing.cik, "accession_number": filing.accession_number} for oddity in entry.oddities
    ]
    return pl.DataFrame(told, schema=ODDITIES.schema())
