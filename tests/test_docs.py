"""The docs name every command, option, oddity and column that there is."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from thirteenf import tables
from thirteenf.cli import cli
from thirteenf.filing import CODES

DOCS = Path(__file__).parents[1] / "docs"


def page(name):
    path = DOCS / name
    return path.read_text(encoding="utf-8")


def commands(group=cli, names=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*names, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))


COMMANDS = dict(commands())
ISSUE = (
    "diff", "holdings", "filings", "history", "managers", "security", "moves", "watchlist", "status", "import",
    "rebuild", "schema", "cache", "refresh", "ingest", "events", "explain", "verify", "baskets",
    "holders", "flows", "crowding", "overlap",
)  # fmt: skip


def test_the_commands_are_those_that_were_asked_for():
    assert sorted(name for name, *rest in COMMANDS if not rest) == sorted(ISSUE)


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_is_documented(names):
    assert f"thirteenf {' '.join(names)}" in page("cli.md")


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_option_is_documented(names):
    text = page("cli.md")
    options = [one.opts[-1] for one in COMMANDS[names].params if isinstance(one, click.Option)]
    assert [option for option in options if option not in text] == []


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_so_does_each_option(names):
    command = COMMANDS[names]
    assert command.help
    assert [one.name for one in command.params if isinstance(one, click.Option) and not one.help] == []


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_help_of_every_command_prints(run, names):
    code, out, _ = run(*names, "--help")
    assert code == 0
    assert out.startswith(f"Usage: thirteenf {' '.join(names)}")
    assert run(*names, "-h")[1] == out


def test_every_oddity_is_documented():
    text = page("tables.md")
    assert [code for code in CODES if f"`{code}`" not in text] == []


def test_every_column_is_documented():
    text = page("tables.md")
    assert [column.name for table in tables.ALL for column in table.columns if f"`{column.name}`" not in text] == []


@pytest.mark.parametrize("word", ["short", "cost", "45 days", "CUSIP", "SEC", "confidential"])
def test_the_limits_are_said_plainly(word):
    assert word in page("limits.md")


def test_the_version_is_that_of_the_package(run):
    import thirteenf

    assert run("--version")[:2] == (0, f"thirteenf {thirteenf.__version__}\n")


@pytest.mark.parametrize("names", [names for names in COMMANDS if len(names) == 1], ids=" ".join)
def test_the_list_of_commands_says_what_the_command_says(run, names):
    """The list is kept apart so that `thirteenf --help` loads nothing."""
    (name,) = names
    listed = next(line for line in run("--help")[1].splitlines() if line.split()[:1] == [name])
    told = listed.split(name, 1)[1].strip().rstrip(".").split()
    own = " ".join(COMMANDS[names].help.split("\n\n")[0].split())
    assert told[0].strip(":,") in own
    assert own.split()[0].strip(":,") == told[0]
