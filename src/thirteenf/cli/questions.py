"""Commands that ask: each turns its options into one report and prints it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from thirteenf.cli import options
from thirteenf.cli.output import after_report, emit
from thirteenf.errors import PartlyDoneError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thirteenf.baskets import Basket, Outstanding
    from thirteenf.cli.options import Output, Where
    from thirteenf.report import Report
    from thirteenf.reports import Filters

_PERIOD = click.option(
    "--period", default="latest", show_default=True, metavar="QUARTER", help="2025Q3, 2025-09-30 or latest."
)
_AGAINST = click.option("--against", metavar="QUARTER", help="An earlier quarter; by default the one before.")
_BY = click.option(
    "--by", type=click.Choice(["issuer"]), help="Add up what is of one issuer; each row names its CUSIPs."
)
_BASKETS = click.option(
    "--basket", "baskets", multiple=True, metavar="NAME",
    help="Only these securities, in sum too: `thirteenf baskets`. With --all it may be given again.",
)  # fmt: skip
_EXIT_CODE = click.option("--exit-code", is_flag=True, help="End with 10 if anything shown has moved.")


@click.command()
@click.argument("manager")
@_PERIOD
@_AGAINST
@options.as_of
@options.against_as_of
@options.filters
@_BY
@_EXIT_CODE
@options.output
@options.where
def diff(
    manager: str, period: str, against: str | None, as_of: date | None, against_as_of: date | None, filters: Filters,
    by: str | None, exit_code: bool, out: Output, where: Where,
) -> None:  # fmt: skip
    """What MANAGER changed since the quarter before.

    MANAGER is a CIK, an alias (ark, berkshire, bridgewater, scion, softbank, thiel) or enough of a name.
    """
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    report = reports.diff(
        where.tracker(), manager, period, against, as_of, filters, by_issuer=bool(by), against_as_of=against_as_of
    )
    emit(report, out)
    _exit_if_moved(report, exit_code)


@click.command()
@click.argument("managers", nargs=-1, metavar="[MANAGER]...")
@click.option("--all", "everyone", is_flag=True, help="Of all managers whose reports compare, the 50 largest trades.")
@_PERIOD
@_AGAINST
@options.as_of
@options.filters
@_BASKETS
@_EXIT_CODE
@options.output
@options.where
def moves(
    managers: tuple[str, ...], everyone: bool, period: str, against: str | None, as_of: date | None, filters: Filters,
    baskets: tuple[str, ...], exit_code: bool, out: Output, where: Where,
) -> None:  # fmt: skip
    """Every move of many managers; without names, of the watchlist.

    A manager that has no report for the period is listed as missing, and the exit code is then 7.
    """
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    listed, shares = in_baskets(where, baskets)
    if len(listed) > 1 and not everyone:
        raise UsageError("Several baskets are for all managers.", "Name one, or give --all.")
    tracker = where.tracker()
    if everyone:
        from thirteenf import surveys  # noqa: PLC0415 - loads polars

        if managers or against:
            raise UsageError("--all is of all managers, and against the quarter before.", "Leave the rest out.")
        report = surveys.moves(tracker, period, as_of, filters, baskets=listed, outstanding=shares)
        emit(report, out)
        _exit_if_moved(report, exit_code)
        return
    report = reports.moves(
        tracker, managers or _watched(where), period, against, as_of, filters,
        basket=next(iter(listed), None), outstanding=shares,
    )  # fmt: skip
    emit(report, out)
    if report.head["missing"]:
        known = tracker.managers()
        names = ", ".join(known.get(one["manager"], one["manager"]) for one in report.head["missing"])
        hint = "The report says why; the other managers are in it."
        raise after_report(PartlyDoneError(f"No such report of {names}.", hint))
    _exit_if_moved(report, exit_code)


@click.command()
@click.argument("manager")
@_PERIOD
@options.as_of
@click.option("--security", metavar="TICKER|CUSIP", help="Only this security.")
@click.option("--options", "book", type=click.Choice(["only", "no"]), help="Only options, or none.")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N largest.")
@click.option("--min-value", type=int, metavar="DOLLARS", help="Only positions worth as much.")
@_BY
@options.output
@options.where
def holdings(
    manager: str, period: str, as_of: date | None, security: str | None, book: str | None, top: int | None,
    min_value: int | None, by: str | None, out: Output, where: Where,
) -> None:  # fmt: skip
    """What MANAGER held on a quarter's last day."""
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    filters = reports.Filters((), security, book, top, min_value)
    emit(reports.holdings(where.tracker(), manager, period, as_of, filters, by_issuer=bool(by)), out)


@click.command()
@click.argument("manager", required=False)
@options.as_of
@options.output
@options.where
def filings(manager: str | None, as_of: date | None, out: Output, where: Where) -> None:
    """The filings held, and what became of each."""
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    emit(reports.filings(where.tracker(), manager, as_of), out)


@click.command()
@click.argument("manager")
@click.argument("security")
@options.as_of
@options.output
@options.where
def history(manager: str, security: str, as_of: date | None, out: Output, where: Where) -> None:
    """SECURITY, a ticker or CUSIP, through MANAGER's reports."""
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    emit(reports.history(where.tracker(), manager, security, as_of), out)


@click.command()
@click.argument("manager")
@click.argument("security")
@_PERIOD
@_AGAINST
@options.as_of
@options.output
@options.where
def explain(
    manager: str, security: str, period: str, against: str | None, as_of: date | None, out: Output, where: Where
) -> None:
    """Where MANAGER's figures of SECURITY are from, step by step.

    Backwards: the move and its causes, the holdings, the filings and how they fold, the rows as filed, and the address
    of each document on EDGAR; with the rules that were applied.
    """
    from thirteenf import explanation  # noqa: PLC0415 - loads polars

    emit(explanation.explain(where.tracker(), manager, security, period, against, as_of), out)


@click.command()
@click.argument("query", required=False)
@options.as_of
@options.output
@options.where
def managers(query: str | None, as_of: date | None, out: Output, where: Where) -> None:
    """The managers held, all or those whose name or CIK holds QUERY."""
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    emit(reports.managers(where.tracker(), query, as_of), out)


@click.command()
@click.argument("security")
@options.as_of
@options.output
@options.where
def security(security: str, as_of: date | None, out: Output, where: Where) -> None:
    """What SECURITY, a ticker or CUSIP, is, and who of the cache holds it."""
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    emit(reports.security(where.tracker(), security, as_of), out)


@click.command()
@options.as_of
@options.output
@options.where
def status(as_of: date | None, out: Output, where: Where) -> None:
    """Who has filed, who is due: the watchlist, or else every manager held."""
    from thirteenf import reports  # noqa: PLC0415 - loads polars

    tracker = where.tracker()
    entries = watchlist_entries(where) or tuple(tracker.managers(as_of))
    emit(reports.status(tracker, entries, as_of), out)


@click.command()
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """The JSON Schema of a report; without NAME, which there are."""
    from thirteenf import schemas  # noqa: PLC0415 - only here

    click.echo(json.dumps(schemas.schema(name), indent=2) if name else "\n".join(schemas.names()))


def in_baskets(where: Where, names: Sequence[str]) -> tuple[list[Basket], list[Outstanding]]:
    """The baskets of some names, each once, and the shares outstanding that the settings tell of."""
    if not names:
        return [], []
    from thirteenf import baskets  # noqa: PLC0415 - only where one is asked for

    known = where.baskets()
    found = {one.name: one for one in (baskets.named(name, known) for name in names)}
    return list(found.values()), where.shares_outstanding()


def watchlist_entries(where: Where) -> tuple[str, ...]:
    """The watchlist as the settings file has it."""
    from thirteenf import places  # noqa: PLC0415 - reads files

    return tuple(places.watchlist(places.config(where.config)))


def _watched(where: Where) -> tuple[str, ...]:
    entries = watchlist_entries(where)
    if entries:
        return entries
    tracker = where.tracker()
    if tracker.source == "sample":
        return tuple(tracker.managers())
    hint = "Name managers, ask --all that are here, or fill it: thirteenf watchlist add berkshire scion"
    raise UsageError("The watchlist is empty.", hint)


def _exit_if_moved(report: Report, wanted: bool) -> None:
    moved = set(report.rows["change"]) - {"unchanged", "unknown"} if "change" in report.rows.columns else set()
    if wanted and moved:
        click.get_current_context().exit(10)


COMMANDS = {
    command.name: command
    for command in (diff, explain, filings, history, holdings, managers, moves, schema, security, status)
}
