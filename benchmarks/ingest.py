"""A data set from zip to tables: `thirteenf ingest` beside unzipping it, and beside pandas doing the same.

    python -m benchmarks.ingest [--quick] [--sets FOLDER]

Each case is a process of its own, so that its peak of memory is its own; they take turns. `ingest` is the whole command
on an empty cache, until it ends: the zip checked and copied into the archive, rows and positions written, units judged
and settled, oddities told, the catalogue made. `tables` is what pandas does too: zip to two sorted, typed Parquet
tables (rows by manager, sums by security) and a table of filings; ours also has units judged and oddities told.
FOLDER keeps the made-up sets for the next run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import Line, installed, ratio, show

_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, fewer rounds")
    parser.add_argument("--sets", type=Path, help="where made-up sets are kept, for more runs than one")
    parser.add_argument("--case", choices=CASES, help="run one case, once")
    parser.add_argument("--zip", type=Path)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(_once(options.case, options.zip, options.to)))
        return
    with TemporaryDirectory() as folder:
        sets = options.sets or Path(folder) / "sets"
        _compare(_written(sets, quick=options.quick), Path(folder), 3 if options.quick else 5)


def _written(sets: Path, *, quick: bool) -> Path:
    """One made-up set, as the SEC would publish it."""
    size = ["--quick"] if quick else []
    command = [sys.executable, "-m", "benchmarks.data_sets", str(sets), "--quarters", "1", *size]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return min(sets.glob("*.zip"))


def _compare(packed: Path, folder: Path, rounds: int) -> None:
    cases = [case for case in CASES if case != "pandas" or installed("pandas", "pyarrow")]
    runs: dict[str, list[tuple[float, int]]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            to = folder / "to"
            shutil.rmtree(to, ignore_errors=True)
            arguments = ["--case", case, "--zip", str(packed), "--to", str(to)]
            command = [sys.executable, "-m", "benchmarks.ingest", *arguments]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            runs[case].append(tuple(json.loads(told.splitlines()[-1])))
            if case == "ingest":
                disk = _disk(to)
    times = {case: [seconds for seconds, _ in told] for case, told in runs.items()}
    targets = {"tables": "at most 4.6 x", "ingest": "", "pandas": "thirteenf at least 2 x faster", "unzip": ""}
    lines = []
    for case in cases:
        of = "" if case == "unzip" else f"{ratio(times, case, 'unzip'):.1f} x unzip"
        if case == "pandas":
            of += f"; tables {ratio(times, 'pandas', 'tables'):.1f} x faster"
        lines.append(Line(case, f"{median(times[case]):,.2f} s", of, targets[case]))
        if case != "unzip":
            peak = median(peak for _, peak in runs[case]) / 2**20
            lines.append(Line(f"{case}, peak", f"{peak:,.0f} MB", "", "" if case == "pandas" else "under 2,000 MB"))
    lines += [Line(f"on disk: {name}", f"{size / 2**20:,.1f} MB", "", goal) for name, size, goal in disk]
    show(f"A data set of {packed.stat().st_size / 2**20:,.0f} MB from zip to tables", lines)


def _disk(cache: Path) -> list[tuple[str, int, str]]:
    tables = cache / "tables"
    sizes = {
        name: sum(path.stat().st_size for path in (tables / name).rglob("*.parquet"))
        for name in ("information_table", "positions", "oddities")
    }
    whole = ("all sort orders together", sizes["information_table"] + sizes["positions"], "about 75 MB")
    return [*((name, size, "") for name, size in sizes.items()), whole]


def _once(case: str, packed: Path, to: Path) -> tuple[float, int]:
    import resource
    from time import perf_counter

    ready = CASES[case](packed, to)
    start = perf_counter()
    ready()
    return perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def _unzip(packed: Path, to: Path):
    return lambda: zipfile.ZipFile(packed).extractall(to)


def _ingest(packed: Path, to: Path):
    """The whole command, as its user would run it; its peak is this process's, since it runs in it."""
    from thirteenf.cli import run

    return lambda: run(["--cache", str(to), "ingest", str(packed)])


def _tables(packed: Path, to: Path):
    """What stands between the archive and the tables: all but the copy of the zip and the catalogue."""
    from thirteenf import bulk, places
    from thirteenf.archive import Archive
    from thirteenf.store import Store

    at = places.at(to)
    archive, store = Archive(at.archive), Store(at.tables)
    archive.add_data_set(packed.name, packed)
    store.write_empty()

    def work() -> None:
        bulk.take(archive, store, packed.name)
        store.settle()

    return work


_COLUMNS = {
    "ACCESSION_NUMBER": "string", "INFOTABLE_SK": "int64", "NAMEOFISSUER": "string", "TITLEOFCLASS": "string",
    "CUSIP": "string", "FIGI": "string", "VALUE": "int64", "SSHPRNAMT": "int64", "SSHPRNAMTTYPE": "string",
    "PUTCALL": "string", "INVESTMENTDISCRETION": "string", "OTHERMANAGER": "string", "VOTING_AUTH_SOLE": "int64",
    "VOTING_AUTH_SHARED": "int64", "VOTING_AUTH_NONE": "int64",
}  # fmt: skip


def _pandas(packed: Path, to: Path):
    """As one would write it: each table read, joined, sorted both ways, written; no unit judged, nothing odd told."""
    import csv

    import pandas as pd

    def work() -> None:
        to.mkdir()
        with zipfile.ZipFile(packed) as members:
            names = {Path(name).stem.upper(): name for name in members.namelist()}

            def read(table: str, types: object) -> pd.DataFrame:
                with members.open(names[table]) as stream:
                    return pd.read_csv(stream, sep="\t", quoting=csv.QUOTE_NONE, dtype=types, keep_default_na=False,
                                       na_values=[""], engine="c")  # fmt: skip

            rows = read("INFOTABLE", _COLUMNS)
            filings = read("SUBMISSION", "string").merge(read("COVERPAGE", "string"), on="ACCESSION_NUMBER")
            filings = filings.merge(read("SUMMARYPAGE", "string"), on="ACCESSION_NUMBER", how="left")
        for name in ("FILING_DATE", "PERIODOFREPORT"):
            filings[name] = pd.to_datetime(filings[name], format="%d-%b-%Y")
        filings.to_parquet(to / "filings.parquet", compression="zstd")
        rows = rows.merge(filings[["ACCESSION_NUMBER", "CIK", "PERIODOFREPORT"]], on="ACCESSION_NUMBER")
        rows["CUSIP"] = rows["CUSIP"].str.upper()
        rows = rows.sort_values(["PERIODOFREPORT", "CIK", "ACCESSION_NUMBER", "INFOTABLE_SK"])
        for period, part in rows.groupby("PERIODOFREPORT"):
            part.to_parquet(to / f"rows-{period:%Y-%m-%d}.parquet", compression="zstd", index=False)
            key = ["CUSIP", "PUTCALL", "SSHPRNAMTTYPE", "ACCESSION_NUMBER"]
            sums = part.fillna({"PUTCALL": ""}).groupby(key, as_index=False, sort=True).agg(
                {"NAMEOFISSUER": "first", "TITLEOFCLASS": "first", "VALUE": "sum", "SSHPRNAMT": "sum"}
            )  # fmt: skip
            sums.to_parquet(to / f"positions-{period:%Y-%m-%d}.parquet", compression="zstd", index=False)

    return work


CASES = {"unzip": _unzip, "tables": _tables, "ingest": _ingest, "pandas": _pandas}


if __name__ == "__main__":
    main()
