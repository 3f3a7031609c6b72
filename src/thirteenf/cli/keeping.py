"""Commands that keep: import, rebuild, the cache, the watchlist."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thirteenf import periods
from thirteenf.cli import options
from thirteenf.cli.groups import SuggestingGroup
from thirteenf.cli.output import after_report, emit
from thirteenf.cli.questions import watchlist_entries
from thirteenf.errors import DifferenceError, MalformedFilingError, NotFoundError, PartlyDoneError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import polars as pl

    from thirteenf.cli.options import Output, Where
    from thirteenf.report import Report


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--accession", metavar="NUMBER", help="Accession number, for documents that came without one.")
@click.option("--filed", metavar="DATE", callback=lambda _, __, text: periods.day(text) if text else None,
              help="Filing date, for documents that came without one.")  # fmt: skip
@options.wait
@options.output
@options.where
def import_(
    paths: tuple[Path, ...], accession: str | None, filed: date | None, wait: float, out: Output, where: Where
) -> None:
    """Take filings in: files, folders, a tree laid out as EDGAR serves it.

    A filing is a full submission text file ({accession}.txt or .nc), or primary_doc.xml with its information table.
    Importing a second time changes nothing; a bad file is named and stops no other.
    """
    from thirteenf import intake, offers  # noqa: PLC0415 - loads polars

    gc.enable()  # this may run for long
    own = options.own_cache(where)
    if not any(path.exists() or path.is_symlink() for path in paths):
        raise NotFoundError(f"{paths[0]} is not there.", "Look at the path.")
    found = offers.found(paths, accession, filed)
    taken = intake.take(own, found, wait=wait, progress=_progress())
    _tell("import", taken, out)


@click.command()
@options.wait
@options.output
@options.where
def rebuild(wait: float, out: Output, where: Where) -> None:
    """Make the tables anew from the archive alone, offline."""
    from thirteenf import intake  # noqa: PLC0415 - loads polars

    own = options.own_cache(where)
    if own.is_empty:
        raise NotFoundError(f"The cache {own.root} is empty.", "Fill it: thirteenf refresh MANAGER…")
    gc.enable()  # this may run for long
    _tell("rebuild", intake.rebuild(own, wait=wait), out)


@click.group(cls=SuggestingGroup)
def cache() -> None:
    """Where the cache is, and whether it is sound."""


@cache.command()
@options.where
def path(where: Where) -> None:
    """Print the cache's folder."""
    from thirteenf import places  # noqa: PLC0415 - finds folders

    click.echo(places.own(where.cache).root if not where.sample else places.cache(sample=True).root)


@cache.command()
@options.output
@options.where
def check(out: Output, where: Where) -> None:
    """Read every file of the archive and the tables, and list what is wrong with them."""
    from thirteenf import doctor, places  # noqa: PLC0415 - loads polars

    chosen = places.cache(where.cache, sample=where.sample)
    if chosen.is_empty:
        raise NotFoundError(f"The cache {chosen.root} is empty.", "Fill it: thirteenf refresh MANAGER…")
    if chosen.source == "sample":
        where.tracker()  # its tables are made when it is first asked
    report = doctor.check(chosen, places.config(where.config))
    emit(report, out)
    if report.rows.height:
        found = f"{report.rows.height} problem(s) in {report.head['root']}."
        raise after_report(StoreError(found, "The report says what to do about each."))


@click.command()
@click.argument("manager", required=False)
@options.output
@options.where
def verify(manager: str | None, out: Output, where: Where) -> None:
    """Work all figures out anew from the archive, and compare.

    Of MANAGER's filings, or of all: with the tables, and with the totals that each filing gives of itself. Every
    refusal and every oddity is listed. The catalogue of securities rests on all managers: it is checked without MANAGER
    only. Ends with 9 if a figure differs, with 8 if a file of the archive is damaged.
    """
    from thirteenf import verification  # noqa: PLC0415 - loads polars

    tracker = where.tracker()
    gc.enable()  # this may run for long
    report = verification.verify(tracker, manager)
    emit(report, out)
    head = report.head
    if head["damaged"]:
        found = f"{head['damaged']} damaged file(s) in the archive of {head['root']}."
        raise after_report(StoreError(found, head["hint"]))
    if head["differences"]:
        found = f"{head['differences']} difference(s) between the archive and the tables of {head['root']}."
        raise after_report(DifferenceError(found, head["hint"]))


@click.group(cls=SuggestingGroup)
def watchlist() -> None:
    """The managers that `refresh`, `moves` and `status` cover by themselves."""


@watchlist.command()
@click.argument("managers", nargs=-1, required=True, metavar="MANAGER...")
@options.output
@options.where
def add(managers: tuple[str, ...], out: Output, where: Where) -> None:
    """Put managers on the watchlist: CIKs, aliases, or names that the cache knows."""
    from thirteenf.managers import number  # noqa: PLC0415 - not for --help

    entries = list(watchlist_entries(where))
    for manager in managers:
        cik = number(manager) or where.tracker().resolve(manager)[0]
        if cik not in [number(known) for known in entries]:
            text = manager.strip().casefold()
            entries.append(text if number(text) == cik and not text.isdigit() else cik)
    _write_watchlist(where, entries, out)


@watchlist.command()
@click.argument("managers", nargs=-1, required=True, metavar="MANAGER...")
@options.output
@options.where
def remove(managers: tuple[str, ...], out: Output, where: Where) -> None:
    """Take managers off the watchlist, named as `watchlist show` has them."""
    entries = list(watchlist_entries(where))
    from thirteenf.managers import number  # noqa: PLC0415 - not for --help

    named = {row["entry"]: row for row in _watchlist_report(where, entries).rows.iter_rows(named=True)}
    for manager in managers:
        text, cik = manager.strip().casefold(), number(manager)
        hits = [
            entry
            for entry, row in named.items()
            if text in (entry.casefold(), (row["manager"] or "").casefold())
            or (cik is not None and cik in (row["cik"], number(entry)))
        ]
        if not hits:
            raise NotFoundError(f"'{manager}' is not on the watchlist.", f"It has: {', '.join(entries) or 'nothing'}.")
        entries = [entry for entry in entries if entry not in hits]
    _write_watchlist(where, entries, out)


@watchlist.command()
@options.output
@options.where
def show(out: Output, where: Where) -> None:
    """Show the watchlist."""
    emit(_watchlist_report(where, list(watchlist_entries(where))), out)


def _write_watchlist(where: Where, entries: list[str], out: Output) -> None:
    from thirteenf import places  # noqa: PLC0415 - writes files

    places.change_watchlist(places.config(where.config), entries)
    emit(_watchlist_report(where, entries), out)


def _watchlist_report(where: Where, entries: list[str]) -> Report:
    from thirteenf import places, reports  # noqa: PLC0415 - loads polars

    try:
        tracker = where.tracker()
    except NotFoundError:
        tracker = None  # a watchlist may be written before there is a cache
    return reports.watchlist(entries, places.config(where.config), tracker)


def _tell(name: str, taken: pl.DataFrame, out: Output) -> None:
    from thirteenf import runs  # noqa: PLC0415 - loads polars

    report = runs.imported(name, taken)
    emit(report, out)
    refused = report.head["refused"]
    if refused:
        told = f"{refused} refused"
        if refused == taken.height:
            first = taken["message"][0]
            hint = first if refused == 1 else "The report says why."
            raise after_report(MalformedFilingError(f"Nothing was taken in ({told}).", hint))
        raise after_report(PartlyDoneError(f"{told}; the rest was taken in.", "The report says why."))


def _progress() -> Callable[[str], None]:
    """A counter on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None
    seen = 0

    def tell(path: str) -> None:
        nonlocal seen
        seen += 1
        click.echo(f"\r\x1b[K{seen} {path[-70:]}", nl=False, err=True)

    click.get_current_context().call_on_close(lambda: click.echo("\r\x1b[K", nl=False, err=True))
    return tell


COMMANDS = {command.name: command for command in (import_, rebuild, cache, verify, watchlist)}
