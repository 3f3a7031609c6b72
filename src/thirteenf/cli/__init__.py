"""The command line: options to one call to one report; errors to exit codes.

Only this package knows click, the terminal and exit codes.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from thirteenf import __version__
from thirteenf.cli.groups import SuggestingGroup
from thirteenf.errors import StoreError, ThirteenfError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thirteenf.cli.options import Where

COMMANDS = {
    "baskets": ("baskets", "The named lists of securities that --basket knows."),
    "cache": ("keeping", "Where the cache is, and whether it is sound."),
    "crowding": ("surveying", "How many hold each security; new favourites and the abandoned."),
    "diff": ("questions", "What MANAGER changed since the quarter before."),
    "explain": ("questions", "Where MANAGER's figures of SECURITY are from, step by step."),
    "events": ("fetching", "What happened to the cache: filings taken in, refused, revised."),
    "filings": ("questions", "The filings held, and what became of each."),
    "flows": ("surveying", "What managers bought and sold, net; of SECURITY also who."),
    "history": ("questions", "SECURITY through MANAGER's reports."),
    "holders": ("surveying", "Who holds SECURITY; who came, left, added and reduced."),
    "holdings": ("questions", "What MANAGER held on a quarter's last day."),
    "import": ("keeping", "Take filings in from files and folders."),
    "ingest": ("ingesting", "Take in the SEC's data sets: every manager of a quarter."),
    "managers": ("questions", "The managers held, or those that QUERY names."),
    "moves": ("questions", "Every move of many managers, or of the watchlist."),
    "overlap": ("surveying", "What managers' books have in common."),
    "rebuild": ("keeping", "Make the tables anew from the archive, offline."),
    "refresh": ("fetching", "Bring managers, or the watchlist, up to date from EDGAR."),
    "schema": ("questions", "The JSON Schema of a report."),
    "security": ("questions", "What SECURITY is, and who of the cache holds it."),
    "status": ("questions", "Who has filed, and who is due."),
    "verify": ("keeping", "Work all figures out anew from the archive, and compare."),
    "watchlist": ("keeping", "The managers that `refresh`, `moves` and `status` cover."),
}
"""Each command's home and its line in the list: options are built only for the command that is run, so that
`thirteenf --help` is instant. A test holds these lines against the commands' own."""

INTERRUPTED = 130
_BUG = "Run again with THIRTEENF_DEBUG=1 for the traceback, and report it."


class _Group(SuggestingGroup):
    """Commands loaded when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        home = import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = home.COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(COMMANDS.items())])


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="thirteenf %(version)s")
@click.option("--cache", metavar="DIR", help="The cache to use.")
@click.option("--config", metavar="FILE", help="The settings file to use.")
@click.option("--sample", is_flag=True, help="Answer from the bundled sample.")
@click.pass_context
def cli(context: click.Context, cache: str | None, config: str | None, sample: bool) -> None:
    """What changed in a manager's Form 13F, and whether the change is real.

    Reports go to stdout, all else to stderr. Piped, a table is tab-separated; --json, --csv and others give the same
    rows. Without a cache of your own the bundled sample answers, and says so.

    \b
    Exit codes: 0 done · 1 a bug · 2 usage · 3 not found · 4 EDGAR unreachable or
    blocked · 5 malformed filing · 6 refused as implausible · 7 done in part
    8 store busy, full or damaged · 9 with verify: figures differ
    10 with --exit-code: moved · 130 interrupted
    """  # noqa: D301 - the \b keeps click from folding the lines below it
    from thirteenf.cli.options import Where  # noqa: PLC0415 - not for --help

    context.obj = Where.chosen(context.obj, cache, config, sample)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    gc.disable()  # a question lives a fifth of a second, of which looking for garbage would take a twentieth
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str], where: Where | None = None) -> int:
    """Run one command and give its exit code; errors are one line on stderr, and a JSON object with --json."""
    try:
        code = cli.main(arguments, "thirteenf", standalone_mode=False, obj=where)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; nothing that was kept is lost.", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("THIRTEENF_DEBUG") and not isinstance(error, ThirteenfError | click.UsageError):
            raise
        return _failed(_explained(error), arguments)
    return code if isinstance(code, int) else 0


def _explained(error: Exception) -> ThirteenfError:
    """Any error as one of ours."""
    if isinstance(error, ThirteenfError):
        return error
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "thirteenf"
        return UsageError(error.format_message(), f"See `{command} --help`.")
    if isinstance(error, OSError):
        return StoreError(f"Reading or writing failed: {error}.", "Look at the disk and run it again.")
    first_line = (str(error).splitlines() or [""])[0]
    return ThirteenfError(f"A bug: {type(error).__name__}: {first_line}", _BUG)


def _failed(error: ThirteenfError, arguments: Sequence[str]) -> int:
    click.echo(" ".join(f"Error: {error.message} {error.hint}".split()), err=True)
    if "--json" in arguments and not error.reported:
        import json  # noqa: PLC0415 - not for --help

        told = {"schema": "thirteenf.error/1", "code": error.code, "message": error.message, "hint": error.hint}
        click.echo(json.dumps(told, indent=2))
    return error.exit_code
