"""The tables: Parquet, one folder a period, named as Hive names them; each file replaced whole.

    information_table/period=2025-09-30/rows.parquet   rows as filed, sorted by manager, filing, row
    positions/period=2025-09-30/rows.parquet           what each filing lists of a security, sorted by security
    oddities/period=2025-09-30/rows.parquet            what is odd about filings and rows
    unreadable.parquet                                 a row a filing of the archive that cannot be read
    filings.parquet                                    a row a filing; written last: what is not in it does not count
    managers.parquet                                   a row a manager
    read.json                                          which data sets were read, and which filings in vain
    rules.json                                         which rules made them

Filings that came one by one are in `rows.parquet`. Those of a data set are in a file of its name beside that, which is
written once: taking in a quarter does not write the quarter before anew. `filings` says where each is (`document`).

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
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from thirteenf import RULES, files, units
from thirteenf.errors import StoreError
from thirteenf.tabled import OF_POSITIONS, PARTITIONED, as_kept, by_part, is_of_set, managers_of, part_column, part_of
from thirteenf.tables import FILINGS, INFORMATION_TABLE, ODDITIES, POSITIONS, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from thirteenf.tabled import Tabled, Unreadable

_T = TypeVar("_T")
_ATTEMPTS, _PAUSE = 20, 0.05
_FILING = ("cik", "accession_number")
_UNIT_COLUMNS = ("accession_number", "cusip", "put_call", "amount_type", "amount", "value")
_GROUP = 131_072
"""Rows that are packed, and read, together; half as many where a question is after a few hundred rows."""
_ONE_PART = 2  # with the empty one before it


class Store:
    """The tables under a folder."""

    def __init__(self, root: Path, mend: str = "Run: thirteenf rebuild") -> None:
        """Tables in `root`, which need not exist yet; `mend` says what to do if they are damaged."""
        self.root = root
        self.mend = mend
        self._read_at: int | None = None
        self._now: tuple[int, pl.DataFrame] | None = None
        self._of_files: dict[tuple[Callable[[Path], Any], Path], tuple[tuple[int, ...], Any]] = {}

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
        self._read_at = self._stamp() if self._read_at is None else self._read_at
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
            filings: accession_number, cik, value_unit and document of the filings wanted.
            columns: of tables.INFORMATION_TABLE; all by default.

        Raises:
            StoreError: if the partition is damaged.
        """
        return _in_dollars(self.rows_as_filed(period, filings, columns), filings)

    def scan(self, period: date, filings: pl.DataFrame) -> pl.LazyFrame:
        """The same rows, in dollars, read when collected."""
        parts = [
            _scanned(self._checked("information_table", period, name)).join(
                part.lazy().select("accession_number", "value_unit"), on="accession_number"
            )
            for name, part in by_part(self._current(filings))
        ]
        rows = pl.concat(parts) if parts else INFORMATION_TABLE.schema().to_frame().lazy()
        return rows.with_columns(value=units.dollars(pl.col("value_unit"), pl.col("value"))) if parts else rows

    def positions(self, period: date, filings: pl.DataFrame) -> pl.LazyFrame:
        """What some filings of one period list of each security, read when collected.

        Args:
            period: which partition.
            filings: accession_number and document of the filings wanted, and what else each row is to have of its
                filing.

        Returns:
            tables.POSITIONS, values as filed, with the columns of `filings` but the document.
        """
        parts = [
            _scanned(self._checked("positions", period, name)).join(part.lazy().drop("document"), on="accession_number")
            for name, part in by_part(self._current(filings))
        ]
        return pl.concat(parts) if parts else POSITIONS.schema().to_frame().lazy().join(
            filings.lazy().drop("document"), on="accession_number"
        )  # fmt: skip

    def positions_in(self, period: date, filings: pl.DataFrame, cusips: Iterable[str]) -> pl.DataFrame:
        """The same of some securities, read at once and at little cost: they are sorted by them.

        Raises:
            StoreError: if a partition is missing or damaged.
        """
        meant, parts = pl.col("cusip").is_in(list(cusips)), []
        for name, part in by_part(self._current(filings)):
            path = self._path("positions", period, name)
            rows = self._at_once(path, partial(_picked, keep=meant, columns=POSITIONS.names))
            parts.append(rows.join(part.drop("document"), on="accession_number"))
        nothing = POSITIONS.schema().to_frame().join(filings.drop("document").clear(), on="accession_number")
        return pl.concat([nothing, *parts])

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
        parts = [self._path("oddities", period, name) for name, _ in by_part(self._current(filings))]
        if all(self._of_file(path, _numbers).isdisjoint(filings["accession_number"]) for path in parts):
            return ODDITIES.schema().to_frame()
        return self._partition("oddities", period, filings)

    def settled(self, filings: pl.DataFrame) -> pl.DataFrame:
        """Filings with their units settled among themselves: what would be known if there were no others.

        Args:
            filings: rows of tables.FILINGS; for each period all those that count as evidence.
        """
        parts = []
        for (period,), part in filings.partition_by("period", as_dict=True, maintain_order=True).items():
            listed = self.positions(period, part.select("accession_number", "document")).select(_UNIT_COLUMNS)
            told = units.settle(part, self.collected(listed))
            parts.append(part.drop(told.columns[1:]).join(told, on="accession_number", maintain_order="left"))
        return pl.concat(parts).select(FILINGS.names) if parts else filings

    def add(self, tabled: Iterable[Tabled], unreadable: Sequence[Unreadable] = (), *, settles: bool = True) -> None:
        """Take filings in, replacing those of the same accession numbers; units are settled anew where it matters.

        The tables must be there (`write_empty`).

        Args:
            tabled: the filings, those of one period together; all of one part: of one data set, or all that came one
                by one.
            unreadable: filings that cannot be read.
            settles: whether units are settled now; else with the next call of `settle`, which is owed from now on.

        Raises:
            StoreError: if the disk is full or cannot be written; the tables are then as before, or as after.
        """
        parts: list[pl.DataFrame] = []
        before = self.filings()
        for part in tabled:
            (name,) = {part_of(document) for document in part.filings["document"].unique()}
            if not parts and name != "rows":
                self._drop_part(name)  # a set is written once: what is there is what a killed run left
            self._write_period(part.filings["period"][0], name, part)
            parts.append(part.filings)
        if not parts and not unreadable:
            return
        new = pl.concat([before.clear(), *parts])
        self._note_unreadable(new["accession_number"])
        numbers = [*new["accession_number"], *(one.accession_number for one in unreadable)]
        kept, gone = (before.filter(pl.col("accession_number").is_in(numbers) == is_in) for is_in in (False, True))
        if not parts and gone.is_empty():
            self._note_unreadable((), unreadable)
            return
        filings = pl.concat([kept, new])
        periods = {*new["period"], *gone["period"]}
        if settles:
            filings = self._with_settled(filings, periods)
        else:
            self._owe(periods)
        moved = gone.join(new.select("accession_number", "period", part=part_column()),
                          left_on=["accession_number", "period", part_column()],
                          right_on=["accession_number", "period", "part"], how="anti")  # fmt: skip
        if moved.height:
            self._write_left(moved)
        self._write_filings(filings)
        self._note_unreadable((), unreadable)
        self._tidy()

    @property
    def owes(self) -> set[date]:
        """The periods whose units are to be settled: what a run that was killed left."""
        told = files.read(self.root / "unsettled.json")
        return {date.fromisoformat(day) for day in json.loads(told)} if told else set()

    def settle(self) -> None:
        """Settle the units of all periods that it is owed of (`add`).

        Raises:
            StoreError: as `add`.
        """
        self._tidy()
        if periods := self.owes:
            self._write_filings(self._with_settled(self.filings(), periods))
            (self.root / "unsettled.json").unlink()

    def _owe(self, periods: set[date]) -> None:
        days = sorted(str(day) for day in self.owes | periods)
        files.write(self.root / "unsettled.json", json.dumps(days).encode())

    def _with_settled(self, filings: pl.DataFrame, periods: set[date]) -> pl.DataFrame:
        affected = pl.col("period").is_in(list(periods))
        return pl.concat([filings.filter(~affected), self.settled(filings.filter(affected))])

    def _write_filings(self, filings: pl.DataFrame) -> None:
        filings = filings.sort("cik", "period", "filing_date", "accession_number")
        self._write(self.root / "managers.parquet", managers_of(filings))
        self._write(self.root / "filings.parquet", filings)

    def _write_period(self, period: date, name: str, tabled: Tabled) -> None:
        """Write what some filings, all of one period and part, have in each table."""
        for table, rows in as_kept(tabled).items():
            self._write_partition(table, period, name, tabled.filings.select("accession_number"), rows)

    def _write_left(self, moved: pl.DataFrame) -> None:
        """Note which parts have rows of filings that will be elsewhere, so that a killed run's are tidied up too."""
        told = moved.select(pl.col("period").cast(pl.String), part_column()).unique().rows()
        left = files.read(self.root / "moved.json")
        files.write(self.root / "moved.json", json.dumps(sorted({*told, *map(tuple, _json(left))})).encode())

    def _tidy(self) -> None:
        """Take rows of filings that are elsewhere out of parts; of one that no filing is left in nothing stays."""
        left = files.read(self.root / "moved.json")
        if left is None:
            return
        filings = self.filings()
        for day, name in _json(left):
            period = date.fromisoformat(day)
            mine = filings.filter((pl.col("period") == period) & (part_column() == name))["accession_number"].to_list()
            for table in PARTITIONED:
                path = self._path(table, period, name)
                if mine and path.is_file():
                    held = pl.scan_parquet(path, hive_partitioning=False)
                    self._write(path, held.filter(pl.col("accession_number").is_in(mine)))
                elif not mine:
                    path.unlink(missing_ok=True)
                    if path.parent.is_dir() and not any(path.parent.iterdir()):
                        path.parent.rmdir()
        (self.root / "moved.json").unlink()

    def _drop_part(self, name: str) -> None:
        """Take a data set's files out of all periods: none of its filings counts yet."""
        for path in self.root.glob(f"*/period=*/{name}.parquet"):
            path.unlink()

    def _note_unreadable(self, readable: Iterable[str], found: Sequence[Unreadable] = ()) -> None:
        """Take filings out of the table of unreadable ones, or put some in."""
        told = pl.DataFrame([asdict(one) for one in found], schema=UNREADABLE.schema())
        before = self.unreadable()
        kept = before.filter(~pl.col("accession_number").is_in([*readable, *told["accession_number"]]))
        after = pl.concat([kept, told]).sort("accession_number")
        if not after.equals(before):
            self._write(self.root / "unreadable.parquet", after)

    def was_read(self) -> set[str]:
        """Where in the archive that lies which was read and need not be in the tables.

        That is each data set, of which all may be here in a better way, and each filing by itself that cannot be read.
        """
        told = files.read(self.root / "read.json")
        return set(json.loads(told)) if told else set()

    def note_read(self, documents: Iterable[str]) -> None:
        """Add to `was_read`; what came of them must be in the tables.

        Raises:
            StoreError: if the disk refuses.
        """
        before = self.was_read()
        if (after := before.union(documents)) != before:
            files.write(self.root / "read.json", json.dumps(sorted(after)).encode())

    def write_empty(self) -> None:
        """Tables that hold nothing."""
        self._write(self.root / "unreadable.parquet", UNREADABLE.schema().to_frame())
        self._write_filings(FILINGS.schema().to_frame())
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
        declared = PARTITIONED[table]
        wanted = tuple(columns) if columns else declared.names
        parts = [declared.schema(wanted).to_frame()]
        for name, part in by_part(self._current(filings)):
            path = self._path(table, period, name)
            numbers, ciks = part["accession_number"].to_list(), part["cik"].unique().to_list()
            keep = pl.col("accession_number").is_in(numbers)
            if len(ciks) == 1:
                keep &= pl.col("cik") == ciks[0]  # the sort order: row groups of other managers are skipped
            parts.append(self._at_once(path, partial(_picked, keep=keep, columns=wanted)))
        return pl.concat(parts) if len(parts) != _ONE_PART else parts[1]

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

    def _stamp(self) -> int:
        """When the table of filings was written; 0 if it is not there."""
        path = self.root / "filings.parquet"
        return path.stat().st_mtime_ns if path.exists() else 0

    def _current(self, filings: pl.DataFrame) -> pl.DataFrame:
        """Filings as they lie now: one of a data set may have come by itself since they were looked up."""
        if (stamp := self._stamp()) == self._read_at or not filings.select(is_of_set().any()).item():
            return filings
        if self._now is None or self._now[0] != stamp:
            self._now = stamp, self._read(self.root / "filings.parquet").select("accession_number", now="document")
        told = filings.join(self._now[1], on="accession_number", how="left", maintain_order="left")
        lies_at = pl.when(is_of_set()).then(pl.coalesce("now", "document")).otherwise("document")
        return told.with_columns(document=lies_at).drop("now")

    def _path(self, table: str, period: date, name: str) -> Path:
        return self.root / table / f"period={period}" / f"{name}.parquet"

    def _checked(self, table: str, period: date, name: str) -> Path:
        """The same, once it is there (see `_patiently`)."""
        path = self._path(table, period, name)
        self._patiently(path, path.stat)
        return path

    def _at_once(self, path: Path, asked: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
        """What is asked of one file, and comes to few rows: by its footer as it is known, while that is the file's."""

        def read() -> pl.DataFrame:
            rows = self._of_file(path, _scanned)
            before = self._of_files[_scanned, path][0]
            try:  # what the streaming engine does for many rows costs more than few do
                found = asked(rows).collect(engine="in-memory")
            except (pl.exceptions.PolarsError, OSError):
                if _identity(path.stat()) == before:
                    raise
            else:
                if _identity(path.stat()) == before:
                    return found
            raise FileNotFoundError(path)  # replaced meanwhile: again

        return self._patiently(path, read)

    def _of_file(self, path: Path, made: Callable[[Path], _T]) -> _T:
        """What is made of a file, once it is there (see `_patiently`): kept for as long as it is the same file."""
        stamp = _identity(self._patiently(path, path.stat))
        known = self._of_files.get((made, path))
        if known is None or known[0] != stamp:
            known = self._of_files[made, path] = stamp, self._patiently(path, lambda: made(path))
        made_of_it: _T = known[1]
        return made_of_it

    def _write_partition(self, table: str, period: date, name: str, replaced: pl.DataFrame, rows: pl.DataFrame) -> None:
        """Put rows into a part of a partition in place of all that it has of some filings.

        It is sorted, so the new one is stretches of the old one and of the new rows by turns: they are streamed from
        file to file, and memory does not grow with the partition.
        """
        path = self._path(table, period, name)
        schema = PARTITIONED[table].schema()
        if not path.is_file():
            self._write(path, rows.select(schema.names()), schema)
            return
        rows = rows.select(schema.names()).cast(dict(schema))  # type: ignore[arg-type]
        held = pl.scan_parquet(path, hive_partitioning=False)
        if table == "positions":  # a filing's rows lie all over it
            kept = held.join(replaced.lazy(), on="accession_number", how="anti")
            self._write(path, self._patiently(path, pl.concat([kept, rows.lazy()]).sort(OF_POSITIONS).collect))
            return
        stretches = self._patiently(path, lambda: _stretches(held, from_new=False))
        kept_stretches = stretches.join(replaced, on="accession_number", how="anti")
        sources = {False: held, True: rows.lazy()}
        runs = _runs(pl.concat([kept_stretches, _stretches(rows.lazy(), from_new=True)]))
        parts = [sources[from_new].slice(at, length) for from_new, at, length in runs.iter_rows()]
        self._write(path, pl.concat(parts) if parts else rows)

    def _write(self, path: Path, frame: pl.DataFrame | pl.LazyFrame, schema: pl.Schema | None = None) -> None:
        # as texts: categories would be quicker to write, but the bytes would tell what the process had read before
        lazy = frame.lazy().cast(dict(schema)) if schema else frame.lazy()  # type: ignore[arg-type]
        with files.replacing(path) as beside:
            try:
                is_by_manager = path.parent.parent.name == "information_table"
                group = _GROUP // 2 if is_by_manager else _GROUP
                lazy.sink_parquet(beside, compression="zstd", compression_level=3, row_group_size=group)
            except pl.exceptions.ComputeError as error:
                raise _as_the_system_says(error) from error

    def _read(self, path: Path) -> pl.DataFrame:
        return self._patiently(path, lambda: pl.read_parquet(path, hive_partitioning=False))


def _identity(file: os.stat_result) -> tuple[int, int, int]:
    """By which a file is the same as before: files are replaced whole."""
    return file.st_mtime_ns, file.st_ino, file.st_size


def _scanned(path: Path) -> pl.LazyFrame:
    """A file to be read from. Its footer is read with the first rows, and then known as long as the frame is kept."""
    return pl.scan_parquet(path, hive_partitioning=False)


def _picked(scan: pl.LazyFrame, keep: pl.Expr, columns: Sequence[str]) -> pl.LazyFrame:
    return scan.filter(keep).select(columns)


def _numbers(path: Path) -> frozenset[str]:
    """The filings that a file has rows of."""
    return frozenset(_scanned(path).select(pl.col("accession_number").unique()).collect().to_series())


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


def _json(content: bytes | None) -> list[list[str]]:
    told: list[list[str]] = json.loads(content) if content else []
    return told


def _in_dollars(rows: pl.DataFrame, filings: pl.DataFrame) -> pl.DataFrame:
    if filings.height == 1:  # as of most managers for most periods
        return rows.with_columns(value=units.dollars(pl.lit(filings["value_unit"][0]), pl.col("value")))
    units_of = filings.select("accession_number", "value_unit")
    told = rows.join(units_of, on="accession_number", maintain_order="left")
    return told.with_columns(value=units.dollars(pl.col("value_unit"), pl.col("value"))).drop("value_unit")
