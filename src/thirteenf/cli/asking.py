"""What commands share that ask EDGAR: who asks, how fast, on which day, and how they end."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

import click

from thirteenf.cli.output import after_report

if TYPE_CHECKING:
    from datetime import date

    from thirteenf.cli.options import Where
    from thirteenf.edgar import Edgar
    from thirteenf.errors import ThirteenfError

contact = click.option(
    "--contact", metavar="TEXT",
    help="Name and e-mail address, for the SEC; else THIRTEENF_CONTACT, or thirteenf.toml.",
)  # fmt: skip
rate = click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), default=8, show_default=True, metavar="N",
    envvar="THIRTEENF_EDGAR_RATE", show_envvar=True, help="Requests a second; the SEC allows fewer than 10.",
)  # fmt: skip


def edgar(contact: str | None, rate: float, where: Where) -> Edgar:
    """The door, with the contact that is given, or else set.

    Raises:
        UsageError: if there is none, or the rate is more than the SEC allows.
    """
    from thirteenf import places  # noqa: PLC0415 - reads files
    from thirteenf.edgar import Edgar  # noqa: PLC0415 - loads requests

    given = contact or os.environ.get("THIRTEENF_CONTACT") or places.contact(places.config(where.config))
    return Edgar(given, rate=rate)


def today(where: Where) -> date:
    """The day to take for today."""
    return where.today or datetime.now().astimezone().date()


def end_with(error: ThirteenfError | None) -> None:
    """End with what went wrong, which the report has told."""
    if error:
        raise after_report(error)
