"""Commands that ask all managers at once: each turns its options into one report and prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from thirteenf.cli import options
from thirteenf.cli.output import emit
from thirteenf.cli.questions import in_baskets
from thirteenf.errors import UsageError
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from datetime import date

    from thirteenf.cli.options import Output, Where

_PERIOD = click.option(
    "--period", default="latest", show_default=True, metavar="QUARTER", help="2025Q3, 2025-09-30 or latest."
)
_BASKETS = click.option(
    "--basket", "baskets", multiple=True, metavar="NAME",
    help="Only its securities, with what came in and went out; may be given again: `thirteenf baskets`.",
)  # fmt: skip
_OPTIONS = click.option("--options", "book", type=click.Choice(["only", "no"]), help="Only options, or none.")


@click.command()
@click.argument("security")
@_PERIOD
@options.as_of
@click.option("--change", metavar="WHAT,…", help=f"Only these changes: {', '.join(CHANGES)}.")
@_OPTIONS
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N largest.")
@click.option("--min-value", type=int, metavar="DOLLARS", help="Only positions worth as much on either side.")
@options.output
@options.where
def holders(
    security: str, period: str, as_of: date | None, change: str | None, book: str | None, top: int | None,
    min_value: int | None, out: Output, where: Where,
) -> None:  # fmt: skip
    """Who holds SECURITY, a ticker or CUSIP; who came, left, added and reduced."""
    from thirteenf import surveys  # noqa: PLC0415 - loads polars
    from thirteenf.reports import Filters  # noqa: PLC0415 - likewise

    filters = Filters(options.changes_of(change), None, book, top, min_value)
    emit(surveys.holders(where.tracker(), security, period, as_of, filters), out)


@click.command()
@click.argument("security", required=False)
@_PERIOD
@options.as_of
@_BASKETS
@_OPTIONS
@click.option("--top", type=click.IntRange(min=1), metavar="N",
              help="N buyers and sellers of SECURITY (10), or N securities (50).")  # fmt: skip
@options.output
@options.where
def flows(
    security: str | None, period: str, as_of: date | None, baskets: tuple[str, ...], book: str | None, top: int | None,
    out: Output, where: Where,
) -> None:  # fmt: skip
    """What managers bought and sold, net, by shares and dollars; of SECURITY also who.

    Of managers whose reports for both quarters compare. What others held bounds what they may have traded.
    """
    from thirteenf import surveys  # noqa: PLC0415 - loads polars

    if security and baskets:
        raise UsageError("SECURITY and --basket exclude each other.", "Give one of them.")
    listed, shares = in_baskets(where, baskets)
    tracker = where.tracker()
    emit(surveys.flows(tracker, security, period, as_of, book, top, baskets=listed, outstanding=shares), out)


@click.command()
@_PERIOD
@options.as_of
@_BASKETS
@_OPTIONS
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="N securities of each kind (50).")
@options.output
@options.where
def crowding(
    period: str, as_of: date | None, baskets: tuple[str, ...], book: str | None, top: int | None, out: Output,
    where: Where,
) -> None:  # fmt: skip
    """How many hold each security, how much the ten largest have; new favourites and the abandoned."""
    from thirteenf import surveys  # noqa: PLC0415 - loads polars

    listed, shares = in_baskets(where, baskets)
    emit(surveys.crowding(where.tracker(), period, as_of, book, top, baskets=listed, outstanding=shares), out)


@click.command()
@click.argument("managers", nargs=-1, required=True, metavar="MANAGER MANAGER...")
@_PERIOD
@options.as_of
@options.output
@options.where
def overlap(managers: tuple[str, ...], period: str, as_of: date | None, out: Output, where: Where) -> None:
    """What the books of two or more managers have in common: positions, Jaccard's index, and by weight."""
    from thirteenf import surveys  # noqa: PLC0415 - loads polars

    emit(surveys.overlap(where.tracker(), managers, period, as_of), out)


COMMANDS = {command.name: command for command in (crowding, flows, holders, overlap)}
