"""Sitting on EDGAR's current feed: filings are taken in as they are accepted, one request a poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thirteenf import listings, refresh
from thirteenf.edgar import judgement
from thirteenf.errors import BlockedError, BusyError, EdgarError
from thirteenf.outcome import Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date

    from thirteenf.edgar import Edgar
    from thirteenf.listings import Listed
    from thirteenf.places import Places

PAGE = 100


def follow(
    places: Places,
    edgar: Edgar,
    ciks: Collection[str] | None,
    *,
    today: date,
    every: float = 60,
    times: int | None = None,
    wait: float = 10,
    tell: Callable[[Step], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Poll the current feed, and take in what is new of some managers.

    Args:
        places: the cache.
        edgar: the door.
        ciks: whose filings; None for everyone's.
        today: the day to take for today.
        every: seconds between two polls.
        times: how many polls; None to go on until interrupted.
        wait: seconds to wait for another writer to end.
        tell: told each step.

    Yields:
        What was done, each time that something was or went wrong. What could not be had is tried at the next poll.

    Raises:
        BlockedError: if EDGAR turns us away.
        StoreError: if the cache is busy, full or cannot be written.
    """
    seen: set[str] = set()
    waiting: dict[str, Listed] = {}
    poll, is_failing = 0, False
    while times is None or poll < times:
        if poll:
            edgar.pause(every)
        poll += 1
        try:
            newest = _newest(edgar, seen, today if ciks is None else None)
        except BlockedError:
            raise
        except EdgarError as error:
            tell(Step(0, 0, f"{error.message} {error.hint}"))
            if not is_failing:
                yield Outcome(errors=[error])
            is_failing = True
            continue
        is_failing = False
        seen |= {one.accession_number for one in newest}
        tell(Step(0, 0, f"poll {poll}: {len(newest)} new on the feed"))
        waiting |= {one.accession_number: one for one in newest if ciks is None or one.cik in ciks}
        try:
            outcome = Outcome()
            if waiting:
                outcome = refresh.take(places, edgar, list(waiting.values()), today=today, wait=wait, tell=tell)
        except BusyError as error:  # the nightly run, say: what was seen is not forgotten
            tell(Step(0, 0, error.message))
            continue
        waiting = {accession: one for accession, one in waiting.items() if accession in outcome.missed}
        if outcome.total("fetched") or outcome.resumed or outcome.errors:
            yield outcome
        _raise_if_blocked(outcome)


def _raise_if_blocked(outcome: Outcome) -> None:
    for told in outcome.errors:
        if isinstance(told, BlockedError):
            raise told


def _newest(edgar: Edgar, seen: set[str], since: date | None) -> list[Listed]:
    """What the feed has that it had not at the last poll: further pages only while all of a page is new.

    At the first poll that is the first page, or, with `since`, all of that day: nothing else brings those in.
    """
    found: dict[str, Listed] = {}
    start = 0
    while True:
        answer = edgar.get(edgar.addresses.current(start, PAGE), judgement.feed)
        page = listings.current(answer.body) if answer else []
        # filings accepted meanwhile push those of the page before onto this one: what was new at this poll is new
        found |= {one.accession_number: one for one in page if one.accession_number not in seen}
        is_full = answer is not None and answer.body.count(b"<entry>") >= PAGE
        is_new = not any(one.accession_number in seen for one in page)
        of_today = all(since is not None and one.filing_date >= since for one in page)
        if not is_full or not (is_new if seen else of_today):
            return list(found.values())
        start += PAGE
