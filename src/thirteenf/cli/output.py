"""A report on its way out: data on stdout or into a file, all else on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from thirteenf.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from thirteenf.cli.options import Output
    from thirteenf.errors import ThirteenfError
    from thirteenf.report import Report
    from thirteenf.tables import Table

_BY_SUFFIX = {
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".md": "markdown",
    ".parquet": "parquet",
}


def after_report(error: ThirteenfError) -> ThirteenfError:
    """An error to end with when the report that has been printed says what went wrong."""
    error.reported = True
    return error


def check(out: Output, table: Table) -> None:
    """Say what is wrong with how a report is wanted before a long run, not after it.

    Raises:
        UsageError: for columns that its table has not, or a file name of no known format.
    """
    table.refuse_others(out.columns)
    if out.oddities and "oddities" not in table.names:
        raise UsageError("This report has no column of oddities.", "Leave --oddities out.")
    if out.file and out.form is None:
        _by_suffix(out.file)


def emit(report: Report, out: Output) -> None:
    """Print or write a report as asked.

    Raises:
        UsageError: for columns that the report has not.
        StoreError: if the file cannot be written.
    """
    from thirteenf import files  # noqa: PLC0415 - with polars, when there is a report
    from thirteenf.render import render  # noqa: PLC0415

    if out.columns:
        report = report.with_columns(out.columns)
    if out.oddities:
        report = replace(report, oddities=[*report.oddities, *_of_rows(report)])
    form = out.form or (_by_suffix(out.file) if out.file else None)
    terminal = sys.stdout.isatty() and not out.file
    if form == "parquet" and out.file:
        from thirteenf.render import parquet  # noqa: PLC0415

        parquet.write(report, out.file)
        return
    form = form or ("text" if terminal or out.file else "plain")
    if form == "text":
        size = shutil.get_terminal_size().columns if terminal else 160
        text = render(report, form, width=size, color=terminal and _wants_color(), quiet=out.quiet)
    else:
        text = render(report, form)
    if out.file:
        files.write(out.file, text.encode())
    else:
        click.echo(text, nl=False)
    if form in ("plain", "csv", "ndjson", "json") and not out.quiet:
        say(report, full=form == "plain")


def _by_suffix(file: Path) -> str | None:
    """The format that a file's name asks for; None for a plain text."""
    suffix = file.suffix.lower()
    if suffix not in (*_BY_SUFFIX, "", ".txt") and not file.is_relative_to("/dev"):
        raise UsageError(
            f"No format is known for {file.name}.", f"There are {' '.join(_BY_SUFFIX)} .txt, or say --csv."
        )
    return _BY_SUFFIX.get(suffix)


def say(report: Report, *, full: bool) -> None:
    """What a person should know beside the data: on stderr, so that no pipe gets it."""
    if full:
        from thirteenf.render import layout  # noqa: PLC0415 - JSON needs none
        from thirteenf.render.grounds import grounds  # noqa: PLC0415
        from thirteenf.render.notes import notes  # noqa: PLC0415

        for line in (layout.title(report), *grounds(report), *notes(report)):
            click.echo(line, err=True)
    elif report.source == "sample":
        from thirteenf.report import SAMPLE_NOTE  # noqa: PLC0415 - with the report

        click.echo(SAMPLE_NOTE, err=True)


def _of_rows(report: Report) -> list:  # type: ignore[type-arg]
    from thirteenf.filing import Oddity  # noqa: PLC0415

    if "oddities" not in report.rows.columns:
        raise UsageError("--oddities needs the oddities column.", "Name it among --columns, or leave --columns out.")
    return [Oddity(**one) for row in report.rows["oddities"].to_list() for one in row or []]


def _wants_color() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
