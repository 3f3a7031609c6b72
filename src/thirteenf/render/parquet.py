"""Parquet: the report's rows with their types, for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thirteenf import files

if TYPE_CHECKING:
    from pathlib import Path

    from thirteenf.report import Report


def write(report: Report, path: Path) -> None:
    """Write the rows, or leave what was there.

    Raises:
        StoreError: if the file cannot be written.
    """
    with files.replacing(path) as beside:
        report.rows.write_parquet(beside, compression="zstd")
