"""Data sets to ingest, as zips of any content, and a reader in the place of the one that fills the tables."""

from __future__ import annotations

import io
import json
import random
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from thirteenf.places import Places

OLDER, LAST, NEWEST = (
    "01mar2026-31may2026_form13f.zip", "01jun2026-31aug2026_form13f.zip", "01sep2026-30nov2026_form13f.zip"
)  # fmt: skip
PERIODS = {OLDER: "2026Q1", LAST: "2026Q2", NEWEST: "2026Q3"}


def data_set(seed: int = 1, size: int = 300_000) -> bytes:
    """A zip of about so many bytes."""
    noise = random.Random(seed).randbytes(size)  # noqa: S311 # repeatable is the point
    with io.BytesIO() as into:
        with zipfile.ZipFile(into, "w") as packed:
            packed.writestr(zipfile.ZipInfo("SUBMISSION.tsv"), b"ACCESSION_NUMBER\tFILING_DATE\n")
            packed.writestr(zipfile.ZipInfo("INFOTABLE.tsv"), noise)
        return into.getvalue()


def take_data_sets(places: Places, names: Iterable[str], *, wait: float, tell: object) -> Iterator[dict]:  # noqa: ARG001
    """Read data sets as far as the door can tell: each is in the archive, whole, and is taken once."""
    for name in names:
        file = places.root / "taken.json"
        taken = json.loads(file.read_text()) if file.exists() else []
        with zipfile.ZipFile(places.archive / "datasets" / name) as packed:
            assert packed.testzip() is None
            members = packed.namelist()
        if "SUBMISSION.tsv" not in members:
            yield {"name": name, "outcome": "refused", "message": f"{name} has no SUBMISSION.tsv."}
            continue
        outcome = "unchanged" if name in taken else "added"
        if outcome == "added":
            file.write_text(json.dumps([*taken, name]))
        yield {"name": name, "outcome": outcome, "filings": 3, "rows": 9, "skipped": 1, "message": None}


AS_PROGRAM = """
import sys
from tests.ingesting import take_data_sets
from thirteenf import intake
intake.take_data_sets = take_data_sets
from thirteenf.cli import main
main(sys.argv[1:])
"""
"""The program with that reader, as a process of its own."""


def taken(cache: Path) -> list[str]:
    """The data sets that were read, in their order."""
    file = cache / "taken.json"
    return json.loads(file.read_text()) if file.exists() else []


def kept(cache: Path) -> dict[str, bytes]:
    """What is in the archive's folder of data sets, parts too."""
    return {path.name: path.read_bytes() for path in sorted((cache / "edgar" / "datasets").glob("*"))}
