"""Notices: a person is told who filed, the largest moves, and where to look; through Apprise, by way of an outbox.

A notice is in the outbox before it is sent, in one write with the last event that it tells of: it is not lost when a
run is killed, and is tried again when a service is down. Nothing here holds up a refresh.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import chronicle, files, periods
from thirteenf.errors import BusyError, ImplausibleError, NotFoundError, StoreError, UsageError
from thirteenf.filing import folder
from thirteenf.render import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from thirteenf.errors import ThirteenfError
    from thirteenf.tracker import Tracker

LARGEST = 5
LONGEST = 40
"""Managers that one digest tells of; how many more there are it says."""
MANY = 4
"""From so many managers at once on, one digest tells of all."""
_KEPT = timedelta(days=7)
_RECENT = timedelta(days=14)
_QUIET = timedelta(hours=20)
Deliver = Callable[[str, str, str], bool]
"""Sends title and body to an address; whether it got there."""


@dataclass
class Notice:
    """A message on its way; `done` are the marks of the addresses that have it."""

    title: str
    body: str
    made: str
    done: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Sent:
    """What came of an outbox: notices that went out just now, and those that wait for the next time."""

    sent: int
    waiting: int


class Outbox:
    """Notices that wait, and the last event that was told of; one file in a cache's state."""

    def __init__(self, state: Path) -> None:
        """The outbox in a state folder; nothing need be there yet. `last` is None until news was gathered once."""
        self._path = state / "notices.json"
        told = self._read()
        try:
            self.last: int | None = told.get("last")
            self._failure: str = told.get("failure", "")
            self._failed: str = told.get("failed", "")
            self.waiting = [Notice(**notice) for notice in told.get("waiting", [])]
        except TypeError:
            raise self._damaged() from None

    def put(self, notices: Iterable[Notice], last: int | None) -> None:
        """Keep notices to send, with the last event that they tell of."""
        self.waiting += notices
        self.last = last
        self._write()

    def put_failure(self, error: ThirteenfError) -> None:
        """Keep that a run failed; the same failure is told once a day."""
        now = datetime.now(UTC)
        is_new = error.message != self._failure
        if is_new or not self._failed or now - datetime.fromisoformat(self._failed) > _QUIET:
            self._failure, self._failed = error.message, now.isoformat(timespec="seconds")
            title = f"thirteenf: the refresh failed ({error.code})"
            self.put([notice(title, f"{error.message}\n{error.hint}".strip())], self.last)

    def forget_failure(self) -> None:
        """A run has ended well: the next failure is news, even if it is the same."""
        if self._failure:
            self._failure = self._failed = ""
            self._write()

    def send(self, addresses: Sequence[str], deliver: Deliver) -> Sent:
        """Send what waits. Whatever does not get there waits for the next time, for a week at most."""
        sent, now = 0, datetime.now(UTC)
        marks = {address: zlib.crc32(address.encode()) for address in addresses}
        for one in list(self.waiting):
            for address, mark in marks.items():
                if mark not in one.done and deliver(address, one.title, one.body):
                    one.done.append(mark)
            if set(marks.values()) <= set(one.done):
                self.waiting.remove(one)
                sent += 1
            elif now - datetime.fromisoformat(one.made) > _KEPT:
                self.waiting.remove(one)
            self._write()
        return Sent(sent, len(self.waiting))

    def _damaged(self) -> StoreError:
        return StoreError(f"{self._path} is damaged.", "Remove it: what was not sent is lost, and nothing else.")

    def _read(self) -> dict[str, Any]:
        content = files.read(self._path)
        try:
            told = {} if content is None else json.loads(content)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise self._damaged()
        return told

    def _write(self) -> None:
        told = {
            "last": self.last, "failure": self._failure, "failed": self._failed,
            "waiting": [asdict(one) for one in self.waiting],
        }  # fmt: skip
        files.write(self._path, json.dumps(told, indent=1).encode())


@contextmanager
def alone(state: Path) -> Iterator[bool]:
    """Whether this run is the one that sends: two at once would send everything twice."""
    with ExitStack() as stack:
        try:
            busy = BusyError("Another run sends notices.", "It sends these too.")
            stack.enter_context(files.locked(state / "notices.lock", 0, busy))
        except BusyError:
            yield False
            return
        yield True


def notice(title: str, body: str) -> Notice:
    """A notice made now."""
    return Notice(title, body, datetime.now(UTC).isoformat(timespec="seconds"))


def gather(tracker: Tracker, outbox: Outbox) -> None:
    """Put what happened since the last time into the outbox: a notice a manager, or one digest of many.

    On the first run there is one line that says so, not the news of years.
    """
    events = chronicle.events(tracker.places).since(outbox.last or 0)
    if events.is_empty():
        return
    last = int(events["id"][-1])
    if outbox.last is None:
        managers, filings = len(tracker.managers()), tracker.books.filings().height
        held = f"{words.plural(managers, 'manager')}, {words.plural(filings, 'filing')} held."
        outbox.put([notice("thirteenf: notices begin", f"{held} News is told from now on.")], last)
        return
    outbox.put(compose(tracker, events), last)


def compose(tracker: Tracker, events: pl.DataFrame) -> list[Notice]:
    """The notices that tell of some events (tables.EVENTS)."""
    sets = events.filter(pl.col("kind") == "ingested")["message"].to_list()
    many = events.filter((pl.col("kind") == "revised") & pl.col("cik").is_null())["message"].to_list()
    whole = [notice("13F: data sets taken in", "\n".join([*sets, *many]))] if sets or many else []
    told: dict[str, list[str]] = {}
    for (cik,), of_manager in events.partition_by("cik", as_dict=True, maintain_order=True).items():
        if cik is not None and (lines := _of_manager(tracker, cik, of_manager)):
            told[cik] = lines
    names = tracker.managers()
    titles = {cik: f"13F: {names.get(cik, cik)}" for cik in told}
    if len(told) >= MANY or (len(told) > 1 and _of_a_deadline(tracker, events)):
        sections = [f"{titles[cik].removeprefix('13F: ')}\n" + "\n".join(lines) for cik, lines in told.items()]
        if len(sections) > LONGEST:
            more = len(sections) - LONGEST
            sections[LONGEST:] = [f"and {more} more: thirteenf events --since {int(events['id'][0]) - 1}"]
        return [*whole, notice(f"13F: news of {len(told)} managers", "\n\n".join(sections))]
    return whole + [notice(titles[cik], "\n".join(lines)) for cik, lines in told.items()]


def _of_a_deadline(tracker: Tracker, events: pl.DataFrame) -> bool:
    """Whether any of the filings was filed on the day it was due, as a third of all are."""
    numbers = events["accession_number"].drop_nulls().to_list()
    filed = tracker.books.filings().filter(pl.col("accession_number").is_in(numbers))
    return any(on == periods.deadline(period) for on, period in filed.select("filing_date", "period").iter_rows())


def _of_manager(tracker: Tracker, cik: str, events: pl.DataFrame) -> list[str]:
    """What a person wants to know of one manager's events: the new, not the history that was fetched with it."""
    refused = tracker.books.refusals()
    lines = []
    for event in events.filter(pl.col("kind").is_in(["refused", "revised"])).iter_rows(named=True):
        number = f" {event['accession_number']}" if event["accession_number"] else ""
        lines.append(f"{event['kind'].capitalize()}{number}: {event['message']}")
    filed = events.filter(pl.col("kind").is_in(["filed", "amended"]))
    known = {row["accession_number"]: row for row in tracker.books.filings(cik=cik).iter_rows(named=True)}
    newest = max((row["period"] for row in known.values()), default=None)
    older = 0
    for event in filed.iter_rows(named=True):
        row = known.get(event["accession_number"])
        if row is None or (row["period"] != newest and row["filing_date"] < tracker.today - _RECENT):
            older += 1
            continue
        lines.append(f"{event['form_type']} for {words.quarter(row['period'])}, filed {row['filing_date']}")
        is_late = row["period"] != newest and not row["is_amendment"]  # a report that is years late is no fresh news
        if event["accession_number"] not in refused and not is_late:  # its moves would be another filing's
            lines += _largest(tracker, cik, row["period"])
        lines.append(folder(cik, event["accession_number"]))
    if older:
        lines.append(f"{words.plural(older, 'older filing')} taken in")
    return lines


def _largest(tracker: Tracker, cik: str, period: date) -> list[str]:
    """The largest moves of a period, stock and options alike, a line each."""
    try:
        told = tracker.compare(cik, period)
    except (NotFoundError, ImplausibleError) as error:
        return [error.message]
    if told.reason:
        return [f"cannot be compared ({told.reason}): {words.REASONS[told.reason]}"]
    moved = told.moves.filter(~pl.col("change").is_in(["unchanged", "unknown"]))
    largest = moved.sort(pl.col("trade_effect").abs(), descending=True, nulls_last=True, maintain_order=True)
    return [_line(row) for row in largest.head(LARGEST).iter_rows(named=True)] or ["no position changed"]


def _line(row: dict[str, Any]) -> str:
    what = f"{row['ticker'] or words.text(row['issuer'])} {row['put_call']}".strip()
    amounts = f"{words.amount(row['amount_before'])} to {words.amount(row['amount'])}"
    notional = ", notional" if row["put_call"] else ""
    why = words.causes(row["cause"])
    told = f"; {why}" if why not in ("", "trade") else ""
    return f"{what} {row['change']}: {amounts} ({words.signed_money(row['trade_effect'])}{notional}){told}"


def deliverer(addresses: Sequence[str]) -> Deliver:
    """How notices are sent.

    Raises:
        UsageError: if Apprise is not installed, there is nobody to send to, or it does not know an address.
    """
    if not addresses:
        raise UsageError(
            "There is nobody to notify.",
            'Write notify = ["mailto://…"] into thirteenf.toml, or set THIRTEENF_NOTIFY; Apprise says which addresses.',
        )
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("Notices need Apprise.", "Install it: pip install 'thirteenf[notify]'") from None
    for address in addresses:
        if not apprise.Apprise.instantiate(address, suppress_exceptions=True):
            kind = address.split("://")[0] if "://" in address else "one without ://"
            raise UsageError(f"Apprise does not know an address of {kind}.", "Look it up in Apprise's list.")

    def deliver(address: str, title: str, body: str) -> bool:
        one = apprise.Apprise()
        service = apprise.Apprise.instantiate(address)
        if service is None:
            return False
        service.overflow_mode = apprise.OverflowMode.SPLIT  # several messages, where a service takes short ones only
        one.add(service)
        plain = apprise.NotifyFormat.TEXT  # without it a mail is sent as HTML, whose lines run together
        return bool(one.notify(title=title, body=body, body_format=plain))

    return deliver
