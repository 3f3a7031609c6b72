"""Options that commands share, and what they come to. Light on purpose: `--help` loads nothing else of ours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from thirteenf import periods
from thirteenf.errors import UsageError
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from thirteenf.baskets import Basket, Outstanding
    from thirteenf.places import Places
    from thirteenf.tracker import Tracker


@dataclass(frozen=True)
class Where:
    """Which cache and which settings file; `today` is set by tests."""

    cache: Path | None = None
    config: Path | None = None
    sample: bool = False
    today: date | None = None

    @classmethod
    def chosen(cls, above: object, cache: str | None, config: str | None, sample: bool) -> Where:
        """What is named here, and for the rest what was named before.

        Raises:
            UsageError: if both a cache and the sample are named.
        """
        before = above if isinstance(above, cls) else cls()
        where = cls(
            cache=Path(cache) if cache else before.cache,
            config=Path(config) if config else before.config,
            sample=sample or before.sample,
            today=before.today,
        )
        if where.sample and where.cache:
            raise UsageError("--sample and --cache exclude each other.", "Give one of them.")
        return where

    def tracker(self) -> Tracker:
        """The cache opened, or the bundled sample."""
        return self.tracker_of(self.cache)

    def baskets(self) -> dict[str, Basket]:
        """The baskets that come with the program and the user's own, by name."""
        from thirteenf import baskets, places  # noqa: PLC0415 - finds folders

        path = places.config(self.config)
        return baskets.every(places.baskets(path), str(path))

    def shares_outstanding(self) -> list[Outstanding]:
        """How many shares of securities there are, as the user's settings say."""
        from thirteenf import baskets, places  # noqa: PLC0415 - finds folders

        path = places.config(self.config)
        return baskets.outstanding(places.shares_outstanding(path), str(path))

    def tracker_of(self, cache: Path | None) -> Tracker:
        """Another cache opened, with the same settings."""
        from thirteenf import places  # noqa: PLC0415 - finds folders
        from thirteenf.tracker import Tracker  # noqa: PLC0415 - loads polars

        own = places.actions(places.config(self.config))
        return Tracker(cache, sample=self.sample, today=self.today, actions=own)


@dataclass(frozen=True)
class Output:
    """How a report is wanted."""

    form: str | None = None
    file: Path | None = None
    columns: tuple[str, ...] = ()
    oddities: bool = False
    quiet: bool = False


def where(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--cache`, `--config`, `--sample`, which may stand before the command's name or after it."""

    @click.option("--cache", metavar="DIR", help="The cache to use.")
    @click.option("--config", metavar="FILE", help="The settings file to use.")
    @click.option("--sample", is_flag=True, help="Answer from the bundled sample.")
    @click.pass_context
    @wraps(command)
    def wrapped(context: click.Context, /, cache: str | None, config: str | None, sample: bool, **rest: Any) -> Any:
        return context.invoke(command, where=Where.chosen(context.obj, cache, config, sample), **rest)

    return wrapped


def own_cache(where: Where) -> Places:
    """The user's own cache; the sample is not to be written to.

    Raises:
        UsageError: if the sample was named.
    """
    from thirteenf import places  # noqa: PLC0415 - finds folders

    if where.sample:
        raise UsageError("The bundled sample cannot be changed.", "Leave --sample out, or name a --cache of your own.")
    return places.own(where.cache)


def wait(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--wait SECONDS`."""
    return click.option(
        "--wait", type=click.FloatRange(min=0), default=10, show_default=True, metavar="SECONDS",
        help="How long to wait for another run that is writing; 0 leaves at once.",
    )(command)  # fmt: skip


def output(command: Callable[..., Any]) -> Callable[..., Any]:
    """The formats and where they go."""

    @click.option("--text", is_flag=True, help="The table as drawn on a terminal, into a pipe too.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document (see `thirteenf schema`).")
    @click.option("--ndjson", is_flag=True, help="A JSON object a row.")
    @click.option("--csv", is_flag=True, help="CSV; lists are JSON text.")
    @click.option("--markdown", is_flag=True, help="A Markdown table.")
    @click.option("--parquet", type=click.Path(path_type=Path), metavar="FILE", help="Write the rows as Parquet.")
    @click.option("-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file.")
    @click.option("--columns", metavar="A,B,…", help="Only these columns (docs/tables.md lists them).")
    @click.option("--oddities", is_flag=True, help="Show oddities of single rows too.")
    @click.option("-q", "--quiet", is_flag=True, help="Nothing but the data.")
    @wraps(command)
    def wrapped(
        text: bool,
        as_json: bool,
        ndjson: bool,
        csv: bool,
        markdown: bool,
        parquet: Path | None,
        file: Path | None,
        columns: str | None,
        oddities: bool,
        quiet: bool,
        **rest: Any,
    ) -> Any:
        asked = {
            "text": text,
            "json": as_json,
            "ndjson": ndjson,
            "csv": csv,
            "markdown": markdown,
            "parquet": bool(parquet),
        }
        forms = [form for form, wanted in asked.items() if wanted]
        if len(forms) > 1:
            raise UsageError(f"--{forms[0]} and --{forms[1]} exclude each other.", "Ask for one format.")
        if parquet and file:
            raise UsageError("--parquet already names the file to write.", "Leave -o out.")
        names = tuple(name.strip() for name in (columns or "").split(",") if name.strip())
        if columns is not None and not names:
            raise UsageError(
                "--columns names no column.", "Such as --columns cusip,change,amount; docs/tables.md lists them."
            )
        form = forms[0] if forms else None
        return command(out=Output(form, parquet or file, names, oddities, quiet), **rest)

    return wrapped  # fmt: skip


def as_of(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--as-of DATE`."""
    return click.option("--as-of", metavar="DATE", callback=_day, help="Only what was filed by then.")(command)


def against_as_of(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--against-as-of DATE`."""
    told = "The quarter beside itself as it was known on this earlier day: what amendments changed."
    return click.option("--against-as-of", metavar="DATE", callback=_day, help=told)(command)


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Filters of moves; they never touch the summary."""

    @click.option("--change", metavar="WHAT,…", help=f"Only these changes: {', '.join(CHANGES)}.")
    @click.option("--security", metavar="TICKER|CUSIP", help="Only this security.")
    @click.option("--options", type=click.Choice(["only", "no"]), help="Only options, or none.")
    @click.option("--top", type=click.IntRange(min=1), metavar="N", help="Only the N that matter most.")
    @click.option("--min-value", type=int, metavar="DOLLARS", help="Only positions worth as much on either side.")
    @wraps(command)
    def wrapped(
        change: str | None,
        security: str | None,
        options: str | None,
        top: int | None,
        min_value: int | None,
        **rest: Any,
    ) -> Any:
        changes = changes_of(change)
        from thirteenf.reports import Filters  # noqa: PLC0415 - loads polars

        return command(filters=Filters(changes, security, options, top, min_value), **rest)

    return wrapped  # fmt: skip


def changes_of(text: str | None) -> tuple[str, ...]:
    """The changes that a comma-separated list names.

    Raises:
        UsageError: for a word that is none.
    """
    changes = tuple(word.strip().lower() for word in (text or "").split(",") if word.strip())
    wrong = [word for word in changes if word not in CHANGES]
    if wrong:
        raise UsageError(f"'{wrong[0]}' is no change.", f"There are: {', '.join(CHANGES)}.")
    return changes


def _day(_: click.Context, __: click.Parameter, text: str | None) -> date | None:
    return periods.day(text) if text else None
