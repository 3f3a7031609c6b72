"""The command line: options to one call to one report; errors to exit codes (design, section 5).

Only this package knows click, the terminal and exit codes.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from typing import TYPE_CHECKING

import click

from thirteenf import __version__
from thirteenf.cli import keeping, options, questions
from thirteenf.errors import ThirteenfError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thirteenf.cli.options import Where

INTERRUPTED = 130
_BUG = "Run again with THIRTEENF_DEBUG=1 for the traceback, and report it."


class _Group(click.Group):
    """A group that says which command was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.commands, n=1)
            hint = f"Did you mean `thirteenf {near[0]}`?" if near else "`thirteenf --help` lists the commands."
            raise UsageError(f"There is no command '{name}'.", hint)
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="thirteenf %(version)s")
@options.where
@click.pass_context
def cli(context: click.Context, where: Where) -> None:
    r"""What changed in a manager's Form 13F, and whether the change is real.

    Reports go to stdout, all else to stderr. Piped, a table is tab-separated; --json, --csv and others give the same
    rows. Without a cache of your own the bundled sample answers, and says so.

    \b
    Exit codes: 0 done · 1 a bug · 2 usage · 3 not found · 5 malformed filing
    7 done in part · 8 store busy, full or damaged · 10 with --exit-code: moved
    """
    context.obj = where


for _command in (
    questions.diff, questions.moves, questions.holdings, questions.filings, questions.history, questions.managers,
    questions.security, questions.status, questions.schema, keeping.import_, keeping.rebuild, keeping.cache,
    keeping.watchlist,
):  # fmt: skip
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str], where: Where | None = None) -> int:
    """Run one command and give its exit code; errors are one line on stderr, and a JSON object with --json."""
    try:
        code = cli.main(arguments, "thirteenf", standalone_mode=False, obj=where)
    except ThirteenfError as error:
        return _failed(error, arguments)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "thirteenf"
        return _failed(UsageError(error.format_message(), f"See `{command} --help`."), arguments)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; nothing that was kept is lost.", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("THIRTEENF_DEBUG"):
            raise
        return _failed(ThirteenfError(f"A bug: {type(error).__name__}: {str(error).splitlines()[:1]}", _BUG), arguments)
    return code if isinstance(code, int) else 0


def _failed(error: ThirteenfError, arguments: Sequence[str]) -> int:
    click.echo(f"Error: {error.message}", err=True)
    if error.hint:
        click.echo(error.hint, err=True)
    partly = error.code == "partly-done"  # the report itself has been printed: one document is enough
    if "--json" in arguments and not partly:
        told = {"schema": "thirteenf.error/1", "code": error.code, "message": error.message, "hint": error.hint}
        click.echo(json.dumps(told, indent=2))
    return error.exit_code
