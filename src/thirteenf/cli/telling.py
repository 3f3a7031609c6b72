"""How a long run tells how far it is, and whom it tells of news."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

import click

from thirteenf import files
from thirteenf.errors import StoreError, ThirteenfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thirteenf.cli.options import Where
    from thirteenf.notices import Deliver, Outbox
    from thirteenf.outcome import Step
    from thirteenf.places import Places

_LOG_BYTES, _LOGS = 1 << 20, 3
_BAR = 24
_NEWS = (5, 6, 7)
"""Exit codes of runs that did their work: what was refused is told as news, not as a failed job."""


def progress(own: Places, log: Path | None) -> Callable[[Step], None]:
    """A progress bar on a terminal, lines in a log file elsewhere."""
    if sys.stderr.isatty() and log is None:
        return _bar()
    path = log or own.state / "refresh.log"
    with files.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOGS, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    lines = logging.getLogger("thirteenf.refresh")
    lines.setLevel(logging.INFO)
    lines.propagate = False
    lines.addHandler(handler)

    def close() -> None:
        lines.removeHandler(handler)
        handler.close()

    click.get_current_context().call_on_close(close)

    def tell(step: Step) -> None:
        lines.info("%s%s", f"{step.done}/{step.of} " if step.of else "", step.what)

    return tell


def _bar() -> Callable[[Step], None]:
    def tell(step: Step) -> None:
        full = _BAR * step.done // step.of if step.of else 0
        bar = f"[{'#' * full}{'.' * (_BAR - full)}] {step.done}/{step.of} " if step.of else ""
        room = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\x1b[K{f'{bar}{step.what}'[:room]}", nl=False, err=True)

    click.get_current_context().call_on_close(lambda: click.echo("\r\x1b[K", nl=False, err=True))
    return tell


class News:
    """Whom to tell of news, and how; nobody unless it is asked for."""

    def __init__(self, own: Places, where: Where, addresses: list[str], deliver: Deliver | None) -> None:
        """Tell `addresses` of a cache's news by `deliver`; nobody without it."""
        self._own, self._where, self._addresses, self._deliver = own, where, addresses, deliver

    def tell(self) -> dict[str, int] | None:
        """Send what is new, and what waited; how many went out and how many wait."""
        from thirteenf import notices  # noqa: PLC0415 - loads polars

        def gather(outbox: Outbox) -> None:
            if not self._own.is_empty:
                notices.gather(self._where.tracker_of(self._own.root), outbox)

        return self._send(gather)

    def tell_failure(self, error: ThirteenfError) -> None:
        """Send that a run failed."""
        self._send(lambda outbox: outbox.put_failure(error))

    def tell_success(self) -> None:
        """Forget the last failure: the next one is told, even if it is the same."""
        self._send(lambda outbox: outbox.forget_failure())

    def _send(self, prepare: Callable[[Outbox], None]) -> dict[str, int] | None:
        """Prepare notices and send them, unless another run is at it; trouble with them holds up nothing."""
        from thirteenf import notices  # noqa: PLC0415 - loads polars

        if self._deliver is None:
            return None
        try:
            with notices.alone(self._own.state) as is_alone:
                if not is_alone:
                    return {"sent": 0, "waiting": 0}  # the other run sends them
                outbox = notices.Outbox(self._own.state)
                prepare(outbox)
                return vars(outbox.send(self._addresses, self._deliver))
        except StoreError as error:
            click.echo(f"Notices: {error.message} {error.hint}", err=True)
            return None


@contextmanager
def notifying(own: Places, where: Where, *, wanted: bool) -> Iterator[News]:
    """Have someone told of news, and of a failure too."""
    if not wanted:
        yield News(own, where, [], None)
        return
    from thirteenf import notices, places  # noqa: PLC0415 - loads polars

    named = os.environ.get("THIRTEENF_NOTIFY")
    addresses = named.split() if named else places.notify(places.config(where.config))
    news = News(own, where, addresses, notices.deliverer(addresses))
    try:
        yield news
        news.tell_success()
    except ThirteenfError as error:
        if error.exit_code not in _NEWS:
            news.tell_failure(error)
        raise
    except Exception as error:
        news.tell_failure(ThirteenfError(f"A bug: {type(error).__name__}: {error}"))
        raise
