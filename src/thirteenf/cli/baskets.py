"""The command that lists baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from thirteenf.cli import options
from thirteenf.cli.output import emit

if TYPE_CHECKING:
    from thirteenf.cli.options import Output, Where


@click.command()
@options.output
@options.where
def baskets(out: Output, where: Where) -> None:
    """The named lists of securities that --basket knows.

    Some come with the program; your own stand in the settings file, each as a table [baskets.NAME] with its tickers.
    """
    from thirteenf import places, reports  # noqa: PLC0415 - loads polars

    emit(reports.listed_baskets(where.baskets().values(), places.config(where.config)), out)


COMMANDS = {"baskets": baskets}
