"""The command that takes in the SEC's data sets: every manager at once."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from thirteenf import periods
from thirteenf.cli import asking, options
from thirteenf.cli.output import check, emit
from thirteenf.cli.telling import progress
from thirteenf.errors import (
    EdgarError,
    MalformedFilingError,
    NotFoundError,
    PartlyDoneError,
    ThirteenfError,
    UsageError,
    severest,
)
from thirteenf.tables import INGESTED

if TYPE_CHECKING:
    from thirteenf.cli.options import Output, Where
    from thirteenf.ingested import Asked, Ingested


@click.command()
@click.argument("asked", nargs=-1, metavar="[QUARTER|FILE.zip]...")
@click.option("--all", "everything", is_flag=True, help="Every data set that the SEC lists, since 2013.")
@click.option("--dry-run", is_flag=True, help="Only look what is missing, how large it is, and what is here.")
@asking.contact
@asking.rate
@options.wait
@options.output
@options.where
def ingest(
    asked: tuple[str, ...], everything: bool, dry_run: bool, contact: str | None, rate: float, wait: float,
    out: Output, where: Where,
) -> None:  # fmt: skip
    """Take in the SEC's Form 13F data sets: every manager of a quarter, or of all.

    For a QUARTER (2025Q3, or latest) the set in whose window its reports were due is found on the SEC's page, fetched
    unless it is here, and read. A FILE.zip that you have is taken as it is, without asking anyone. Filings that are
    here already are not taken twice. Killed, it goes on where it stopped.
    """
    own = options.own_cache(where)
    wanted = _asked(asked, where, everything=everything)
    check(out, INGESTED)
    from thirteenf import ingest as work  # noqa: PLC0415 - loads polars and requests
    from thirteenf import runs  # noqa: PLC0415

    gc.enable()  # this may run for long
    tell = progress(own, None if sys.stderr.isatty() else own.state / "ingest.log")
    outcome = work.run(
        own, wanted, lambda: asking.edgar(contact, rate, where), dry_run=dry_run, wait=wait, tell=tell
    )  # fmt: skip
    if len(outcome.errors) == 1 and not outcome.rows:
        raise outcome.errors[0]  # the one thing that was asked for cannot be had at all
    emit(runs.ingested(outcome), out)
    asking.end_with(_worst(outcome))


def _asked(told: tuple[str, ...], where: Where, *, everything: bool) -> Asked:
    """Quarters and files told apart: a file has a suffix, or is there.

    Raises:
        UsageError: if nothing is asked for, a quarter has not ended, or options do not go together.
    """
    from thirteenf.ingested import Asked  # noqa: PLC0415 - not for --help

    if not told and not everything:
        raise UsageError(
            "Nothing is asked for.", "Name a quarter (thirteenf ingest 2025Q3), files that you have, or --all."
        )
    named = [text for text in told if not _is_file(text)]
    latest = [text for text in named if text.strip().lower() == "latest"]
    quarters = {periods.parse(text) for text in named if text not in latest}
    for quarter in sorted(quarters):
        if quarter >= asking.today(where):
            raise UsageError(f"{periods.label(quarter)} has not ended.", "Name a quarter that has.")
    if everything and named:
        raise UsageError(f"--all takes every data set, that for {named[0]} too.", "Leave the one or the other out.")
    context = click.get_current_context()
    given = [name for name in ("contact", "rate") if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given and not (everything or named):
        raise UsageError(f"--{given[0]} is for asking the SEC; files are read without.", "Leave it out.")
    files = tuple(Path(text).expanduser() for text in told if _is_file(text))
    return Asked(tuple(sorted(quarters)), bool(latest), everything, files)


def _is_file(text: str) -> bool:
    return text.lower().endswith(".zip") or Path(text).suffix != "" or "/" in text or Path(text).exists()


def _worst(outcome: Ingested) -> ThirteenfError | None:
    """The error to end with: what is refused or cannot be had is part of the work, if other sets were done."""
    refused = sum(row["outcome"] == "refused" for row in outcome.rows)
    done = ("added", "unchanged", "held", *(("wanted",) if outcome.dry_run else ()))
    worked = any(row["outcome"] in done for row in outcome.rows)

    def told(error: ThirteenfError) -> ThirteenfError:
        is_all = not worked or error.code == "blocked" or not isinstance(error, EdgarError | NotFoundError)
        return error if is_all else PartlyDoneError(error.message, error.hint)

    errors = [told(error) for error in outcome.errors]
    if refused and worked:
        errors.append(PartlyDoneError(f"{refused} refused; the rest was taken in.", "The report says why."))
    elif refused:
        first = next(row["message"] for row in outcome.rows if row["outcome"] == "refused")
        hint = first if refused == 1 and first else "The report says why."
        errors.append(MalformedFilingError(f"Nothing was taken in ({refused} refused).", hint))
    if outcome.unreadable:
        which = "1 filing" if outcome.unreadable == 1 else f"{outcome.unreadable:,} filings"
        errors.append(PartlyDoneError(f"{which} cannot be read; the rest was taken in.", "The report says why."))
    return severest(errors)


COMMANDS = {command.name: command for command in (ingest,)}
