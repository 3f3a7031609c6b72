"""Commands that ask EDGAR: refresh; and events, which tells what came of it."""

from __future__ import annotations

import gc
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from thirteenf import periods
from thirteenf.cli import asking, options
from thirteenf.cli.output import check, emit, say
from thirteenf.cli.questions import watchlist_entries
from thirteenf.cli.telling import News, notifying, progress
from thirteenf.errors import EdgarError, NotFoundError, PartlyDoneError, ThirteenfError, UsageError, severest
from thirteenf.tables import REFRESHED

if TYPE_CHECKING:
    from thirteenf.cli.options import Output, Where
    from thirteenf.edgar import Edgar
    from thirteenf.figi import Figi
    from thirteenf.outcome import Asked, Outcome
    from thirteenf.places import Places

_OF_FETCHING = frozenset((
    "managers", "since", "everyone", "period", "limit", "dry_run", "contact", "rate", "no_references", "follow",
    "every", "times", "notify", "log", "figi",
))  # fmt: skip
_INSTEAD = {"period": "For single managers: --since QUARTER."}


@click.command()
@click.argument("managers", nargs=-1, metavar="[MANAGER]...")
@click.option("--since", metavar="QUARTER", help="Only filings for this quarter or later.")
@click.option("--all", "everyone", is_flag=True, help="Every manager that filed in the quarter after --period.")
@click.option("--period", metavar="QUARTER", help="With --all: the quarter that was reported on.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Fetch N filings at most, the newest.")
@click.option("--dry-run", is_flag=True, help="Only look what is missing, and what it would cost.")
@click.option("--accept", metavar="NUMBER", help="Confirm a filing that was refused as implausible.")
@asking.contact
@asking.rate
@click.option("--no-references", is_flag=True, help="Leave out symbols, 13(f) lists and fails to deliver.")
@click.option("--figi", is_flag=True, help="Ask OpenFIGI for symbols that no file of the SEC tells.")
@click.option("--follow", is_flag=True, help="Then sit on the current feed, and print moves as filings are accepted.")
@click.option("--every", type=click.FloatRange(min=1), default=60, show_default=True, metavar="SECONDS",
              help="With --follow: between two polls.")  # fmt: skip
@click.option("--times", type=click.IntRange(min=1), metavar="N", help="With --follow: end after N polls.")
@click.option(
    "--notify", is_flag=True, help="Tell the addresses in THIRTEENF_NOTIFY, or `notify` in thirteenf.toml, of news."
)
@click.option("--log", type=click.Path(path_type=Path), metavar="FILE",
              help="Where lines go when there is no terminal; by default state/refresh.log in the cache.")  # fmt: skip
@options.wait
@options.output
@options.where
def refresh(
    managers: tuple[str, ...], since: str | None, everyone: bool, period: str | None, limit: int | None,
    dry_run: bool, accept: str | None, contact: str | None, rate: float, no_references: bool, figi: bool,
    follow: bool, every: float, times: int | None, notify: bool, log: Path | None, wait: float, out: Output,
    where: Where,
) -> None:  # fmt: skip
    """Bring managers up to date from EDGAR: those named, or else the watchlist.

    Fetches what is missing and nothing twice; killed, it goes on where it stopped. A filing that cannot well be true
    is kept and refused until you confirm it with --accept.
    """
    from thirteenf import refresh as work  # noqa: PLC0415 - loads polars and requests

    gc.enable()  # this may run for long
    own = options.own_cache(where)
    _refuse_contradictions(out)
    check(out, REFRESHED)
    if accept:
        outcome = work.accept(own, accept.strip(), wait=wait)
        _report(own, outcome, out, where)
        asking.end_with(_worst(outcome))
        return
    with notifying(own, where, wanted=notify and not dry_run) as news:
        asked = _asked(managers, since, period, limit, everyone=everyone, where=where)
        with closing(asking.edgar(contact, rate, where)) as edgar:
            today, tell, ciks = asking.today(where), progress(own, log), None
            errors: list[ThirteenfError] = []
            if not (follow and everyone):
                outcome = work.run(
                    own, edgar, asked, today=today, dry_run=dry_run, with_references=not no_references,
                    figi=_figi() if figi else None, wait=wait, tell=tell,
                )  # fmt: skip
                errors, ciks = outcome.errors, outcome.meant
                if not follow and len(errors) == 1 and not outcome.total("listed") and not outcome.resumed:
                    raise errors[0]  # the one thing that was asked for cannot be had at all
                _report(own, outcome, out, where, news)
            worst = [error for error in (_worst(outcome),) if error] if errors else []
            if follow and not any(error.code == "blocked" for error in errors):
                how = {"every": every, "times": times, "wait": wait, "tell": tell}
                worst += _follow(own, edgar, ciks, out, where, news, today=today, **how)
            asking.end_with(severest(worst))


@click.command()
@click.option("--since", type=click.IntRange(min=0), default=0, metavar="ID", help="Only what came after this event.")
@options.output
@options.where
def events(since: int, out: Output, where: Where) -> None:
    """What happened to the cache: filings taken in, amended, refused, and past figures that were revised.

    Ids only grow and are never used again: keep the last one you saw, and ask for what came --since.
    """
    from thirteenf import chronicle, runs  # noqa: PLC0415 - loads polars

    emit(runs.events(chronicle.events(options.own_cache(where)).since(since), since), out)


def _figi() -> Figi:
    """OpenFIGI, with the key that the environment has, if any."""
    from thirteenf.figi import URL, Figi  # noqa: PLC0415 - asked for by name only

    return Figi(os.environ.get("THIRTEENF_OPENFIGI_KEY"), url=os.environ.get("THIRTEENF_OPENFIGI", URL))


def _follow(
    own: Places, edgar: Edgar, ciks: tuple[str, ...] | None, out: Output, where: Where, news: News, **how: Any
) -> list[ThirteenfError]:
    """Print what each manager changed as its filing is accepted; what went wrong, each thing once."""
    from thirteenf import follow, reports  # noqa: PLC0415 - loads polars

    worst, said = [], set()
    for outcome in follow.follow(own, edgar, ciks, **how):
        for cik, period in sorted(outcome.touched):
            try:
                emit(reports.diff(where.tracker_of(own.root), cik, str(period)), out)
            except ThirteenfError as error:  # a notice, or refused: told, and the feed goes on
                said.add(error.message)
                click.echo(f"{error.message} {error.hint}", err=True)
        for told in outcome.errors:
            if told.message not in said:
                said.add(told.message)
                click.echo(f"{told.message} {told.hint}", err=True)
        worst += [error for error in (_worst(outcome),) if error]
        news.tell()
    return worst


def _refuse_contradictions(out: Output) -> None:
    """Options that would be ignored are refused: nobody is left to believe that they did something.

    Raises:
        UsageError: naming the first.
    """
    context = click.get_current_context()
    told = {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    needs = {"period": "everyone", "every": "follow", "times": "follow"}
    excludes = {
        "accept": _OF_FETCHING,
        "everyone": {"managers", "since"},
        "dry_run": {"follow", "notify"},
    }
    flags = {parameter.name: parameter.opts[0] for parameter in context.command.params} | {"managers": "MANAGER"}
    for name, needed in needs.items():
        if name in told and needed not in told:
            raise UsageError(f"{flags[name]} goes with {flags[needed]}.", _INSTEAD.get(name, "Leave it out."))
    for name, excluded in excludes.items():
        both = sorted(told & excluded) if name in told else []
        if both:
            hint = "Run them one after the other."
            raise UsageError(f"{flags[name]} does not go with {flags[both[0]]}.", hint)
    if "follow" in told and "everyone" in told and told & {"period", "limit"}:
        raise UsageError("--follow --all takes what is accepted from now on.", "Leave --period and --limit out.")
    if "follow" in told and (out.file or out.form not in (None, "text", "ndjson")):
        raise UsageError("--follow prints as filings are accepted: a table each, or --ndjson.", "Leave the rest out.")


def _asked(
    managers: tuple[str, ...], since: str | None, period: str | None, limit: int | None, *, everyone: bool, where: Where
) -> Asked:
    from thirteenf.outcome import Asked  # noqa: PLC0415 - loads polars and requests

    first = periods.parse(since) if since else None
    if everyone:
        today = asking.today(where)
        chosen = periods.parse(period) if period and period != "latest" else periods.last_ended(today)
        if chosen >= today:
            raise UsageError(f"{periods.label(chosen)} has not ended.", "Name a quarter that has.")
        return Asked((), None, chosen, limit)
    named = managers or watchlist_entries(where)
    if not named:
        raise UsageError(
            "The watchlist is empty.", "Name managers, or fill it: thirteenf watchlist add berkshire scion"
        )
    return Asked(named, first, None, limit)


def _report(own: Places, outcome: Outcome, out: Output, where: Where, news: News | None = None) -> None:
    """Print what was done."""
    from thirteenf import runs  # noqa: PLC0415 - loads polars

    told = news.tell() if news else None
    tells_nothing = outcome.dry_run or own.is_empty
    tracker = None if tells_nothing else where.tracker_of(own.root)
    report = runs.refreshed(outcome, tracker, told)
    if click.get_current_context().params.get("follow") and out.form == "ndjson":
        say(report, full=True)  # moves alone are lines
    else:
        emit(report, out)


def _worst(outcome: Outcome) -> ThirteenfError | None:
    """The error to end with: one of several managers that cannot be had is part of the work, not all of it."""
    worked = outcome.total("listed") > 0
    partly = (EdgarError, NotFoundError)

    def told(error: ThirteenfError) -> ThirteenfError:
        is_all = not worked or outcome.given_up or error.code == "blocked" or not isinstance(error, partly)
        return error if is_all else PartlyDoneError(error.message, error.hint)

    return severest([told(error) for error in outcome.errors])


COMMANDS = {command.name: command for command in (refresh, events)}
