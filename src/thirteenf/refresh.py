"""Bringing a cache up to date: decide what is missing, fetch it, read it, tell what happened.

Each filing is in the archive before it is read, and read before anything is told of it. So a run that is killed loses
nothing that was fetched, and the next one goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, TypeVar

from thirteenf import acceptances, catalog, chronicle, intake, plan, references
from thirteenf import figi as openfigi
from thirteenf import managers as who
from thirteenf.books import Books
from thirteenf.catalog import Catalog
from thirteenf.edgar import crew, judgement
from thirteenf.errors import (
    AbsentError,
    BlockedError,
    ConflictError,
    EdgarError,
    ImplausibleError,
    MalformedFilingError,
    NotFoundError,
    StoreError,
    ThirteenfError,
    UsageError,
)
from thirteenf.finding import Finder
from thirteenf.intake import Intake
from thirteenf.outcome import Asked, Manager, Outcome, Step
from thirteenf.places import ANSWERS
from thirteenf.shelf import Shelf
from thirteenf.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from datetime import date

    from thirteenf.edgar import Edgar
    from thirteenf.figi import Figi
    from thirteenf.listings import Listed, Listing
    from thirteenf.places import Places

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
HANDS = 8
_ROWS_A_BATCH = 100_000
"""Fewer than an import takes: eight hands hold answers in memory beside them."""
_TOO_MANY_FAILURES = 3


def run(
    places: Places,
    edgar: Edgar,
    asked: Asked,
    *,
    today: date,
    dry_run: bool = False,
    with_references: bool = True,
    figi: Figi | None = None,
    wait: float = 10,
    tell: Callable[[Step], None] = lambda _: None,
) -> Outcome:
    """Bring a cache up to date.

    Args:
        places: the cache.
        edgar: the door.
        asked: whose filings.
        today: the day to take for today.
        dry_run: only look what is missing and what it would cost.
        with_references: whether to keep the SEC's other files too.
        figi: OpenFIGI, if it is to be asked for the symbols that no file tells.
        wait: seconds to wait for another writer to end.
        tell: told each step.

    Returns:
        What was done, and every error met on the way; what was fetched before one is kept.

    Raises:
        StoreError: if the cache is busy, full or cannot be written.
    """
    began = time.monotonic()
    with places.locked(wait):
        intake.bring_up(places)
        outcome = Outcome(rate=edgar.rate, dry_run=dry_run)
        work = _Run(places, edgar, asked, today, tell, outcome)
        try:
            work.look()
            if not dry_run:
                work.fetch(with_references=with_references, figi=figi)
        finally:
            outcome.requests = edgar.requested
            outcome.clock_is_off = edgar.clock_is_off
            outcome.seconds = time.monotonic() - began
    return outcome


def take(
    places: Places, edgar: Edgar, listed: Sequence[Listed], *, today: date, wait: float = 10,
    tell: Callable[[Step], None] = lambda _: None,
) -> Outcome:  # fmt: skip
    """Fetch some filings that EDGAR has just listed, and take them in; errors as `run`."""
    before, began = edgar.requested, time.monotonic()
    with places.locked(wait):
        intake.bring_up(places)
        outcome = Outcome(rate=edgar.rate)
        work = _Run(places, edgar, Asked(), today, tell, outcome)
        work.decide(listed)
        work.fetch(with_references=False)
        outcome.requests, outcome.seconds = edgar.requested - before, time.monotonic() - began
    return outcome


def accept(places: Places, accession_number: str, *, wait: float = 10) -> Outcome:
    """Confirm a filing that was refused as implausible; it counts from now on, after `rebuild` too.

    Raises:
        NotFoundError: if no such filing is here.
        MalformedFilingError: if it cannot be read: then there is nothing to confirm.
        UsageError: if it is not refused.
        StoreError: if the cache is busy, full or cannot be written.
    """
    digits = accession_number.replace("-", "")
    accession_number = f"{digits[:10]}-{digits[10:12]}-{digits[12:]}"
    with places.locked(wait):
        intake.bring_up(places)
        store = Store(places.tables, places.mend)
        books = Books(store, acceptances.read(places.state))
        known = books.filings().filter(books.filings()["accession_number"] == accession_number)
        unreadable = store.unreadable()
        if accession_number in set(unreadable["accession_number"]):
            raise MalformedFilingError(f"{accession_number} cannot be read, so it cannot count.", "Wait for another.")
        if known.is_empty():
            raise NotFoundError(f"No filing {accession_number} is here.", "`thirteenf status` lists what was refused.")
        cik, period = known.select("cik", "period").row(0)
        if accession_number not in books.refusals(None, cik):
            raise UsageError(f"{accession_number} is not refused.", "It counts already.")
        acceptances.add(places.state, accession_number)
        row = known.row(0, named=True)
        outcome = Outcome(accepted=accession_number, touched={(cik, period)})
        outcome.managers[cik] = Manager(cik, row["manager"])
        catalog.derive(places, store)
        outcome.events = chronicle.note(places, store)
        return outcome


class _Run:
    """One run under the writer's lock."""

    def __init__(
        self, places: Places, edgar: Edgar, asked: Asked, today: date, tell: Callable[[Step], None], outcome: Outcome
    ) -> None:
        self.places, self.edgar, self.asked = places, edgar, asked
        self.today, self.tell, self.outcome = today, tell, outcome
        self.shelf = Shelf(places.listings)
        self.finder = Finder(edgar, self.shelf)
        self.taken: dict[str, Manager] = {}

    def look(self) -> None:
        """See what EDGAR lists, and decide what to fetch."""
        look = self._look_by_days if self.asked.every_filer_of else self._look_by_managers
        listed = look()
        self.outcome.listing_requests = self.edgar.requested
        self.decide(listed)

    def decide(self, listed: Iterable[Listed]) -> None:
        """Take up what a killed run left, and decide what to fetch of what is listed."""
        listed = list(listed)
        with self._intake() as taking:
            for told in taking.take_up():
                self._note_resumed(told)
        since = None if self.asked.every_filer_of else self.asked.since
        self.outcome.plan = plan.plan(listed, taking.held, since=since, limit=self.asked.limit)
        for one in listed:
            self._manager(one).listed += 1
        for one in self.outcome.plan.wanted:
            self._manager(one).wanted += 1
        self.outcome.missed = {one.accession_number for one in self.outcome.plan.wanted}

    def fetch(self, *, with_references: bool, figi: Figi | None = None) -> None:
        """Fetch what is missing, read it, and keep the SEC's other files; tell what happened."""
        with self._intake() as taking:
            for one in taking.compare(self.outcome.plan.held):
                self.taken[one.accession_number] = self._manager(one)
            self._fetch_filings(taking)
        try:
            if with_references and not self.is_over:
                self._keep_references(taking)
        finally:
            taking.store.settle()  # what a data set owes that a killed run had left
            catalog.derive(self.places, taking.store)
            if figi:
                self._ask_figi(taking.store, figi)
            self.outcome.events = chronicle.note(self.places, taking.store)
        self._count_refusals(taking.store)

    @property
    def is_over(self) -> bool:
        """Whether nothing further is asked: EDGAR turns us away, or does not answer."""
        return self.outcome.given_up or any(isinstance(error, BlockedError) for error in self.outcome.errors)

    def _intake(self) -> Intake:
        return Intake(self.places, _ROWS_A_BATCH, self.shelf.listing)

    def _each(
        self, work: Callable[[_Job], _Result], jobs: Iterable[_Job]
    ) -> Generator[tuple[int, _Job, _Result | ThirteenfError]]:
        """Jobs done by several hands, numbered as they end, until EDGAR turns us away or does not answer any more.

        That something is not there is an answer; three failures in a row are none.
        """
        failures = number = 0
        with contextlib.closing(crew.each(work, jobs, HANDS, lambda: not self.is_over)) as results:
            for job, result in results:
                if isinstance(result, BlockedError):
                    if not self.is_over:
                        self.outcome.errors.append(result)
                    continue
                failed = isinstance(result, EdgarError) and not isinstance(result, AbsentError)
                failures = failures + 1 if failed else 0
                self.outcome.given_up = self.outcome.given_up or failures >= _TOO_MANY_FAILURES
                number += 1
                yield number, job, result

    def _look_by_days(self) -> list[Listed]:
        listed: list[Listed] = []
        try:
            days = self.finder.days_for(self.asked.every_filer_of or self.today, self.today)
        except EdgarError as error:
            self.outcome.errors.append(error)
            return listed
        with contextlib.closing(self._each(self.finder.filed_on, days)) as results:
            for done, day, found in results:
                if isinstance(found, ThirteenfError):
                    self.outcome.errors.append(found)
                    continue
                self.tell(Step(done, len(days), f"index of {day}: {len(found)} filings"))
                listed += found
        return listed

    def _look_by_managers(self) -> list[Listed]:
        listed: list[Listed] = []
        ciks: dict[str, None] = {}
        for query in self.asked.managers:
            if self.is_over:
                break
            try:
                ciks[self._whom(query)] = None
            except ThirteenfError as error:
                self.outcome.errors.append(error)
        self.outcome.meant = tuple(ciks)
        with contextlib.closing(self._each(lambda cik: self.finder.listing(cik, self.asked.since), ciks)) as results:
            for done, cik, found in results:
                manager = self.outcome.managers.setdefault(cik, Manager(cik))
                if isinstance(found, ThirteenfError):
                    manager.problems.append(found.message)
                    self.outcome.errors.append(found)
                    continue
                self.tell(Step(done, len(ciks), f"listing of {found.name or cik}"))
                listed += found.filings
                self._take_listing(manager, found)
        return listed

    def _take_listing(self, manager: Manager, found: Listing) -> None:
        manager.name = found.name
        if not found.filings:
            error = NotFoundError(
                f"{found.name or 'The filer'} (CIK {manager.cik}) has filed no Form 13F.",
                "Its holdings may be in another manager's report, or under another CIK.",
            )
            manager.problems.append(error.message)
            self.outcome.errors.append(error)
        if found.unreadable:
            noun = "entry" if found.unreadable == 1 else "entries"
            manager.problems.append(f"{found.unreadable} {noun} of its listing cannot be read")
        for message in found.missing:
            manager.problems.append(f"Older filings are missing: {message}")
            self.outcome.errors.append(EdgarError(message, "The next run asks again."))

    def _whom(self, query: str) -> str:
        """The CIK meant: a number, an alias, a manager of the cache; else by the SEC's own lists."""
        cik = who.number(query)
        if cik is None:
            known = dict(Store(self.places.tables).filings().select("cik", "manager").iter_rows())
            matches = who.named(query, known)
            cik = matches[0] if len(matches) == 1 else None
        return cik or self.finder.whom(query, self.today)[0]

    def _fetch_filings(self, taking: Intake) -> None:
        def fetched(one: Listed) -> None:
            url = self.edgar.addresses.submission(one.cik, one.accession_number)
            answer = self.edgar.get(url, judgement.submission(one.accession_number))
            if answer is None:
                raise EdgarError(f"EDGAR gives nothing for {url}.", "Run it again later.")
            taking.archive_submission(one, answer.body)

        wanted, full = self.outcome.plan.wanted, None
        with contextlib.closing(self._each(fetched, wanted)) as results:
            for done, one, error in results:
                manager = self._manager(one)
                if isinstance(error, StoreError) and not isinstance(error, ConflictError):
                    full, self.outcome.given_up = error, True  # those on their way end first, while the lock is held
                elif error is not None:
                    self._note_failure(manager, one, error)
                elif full is None:
                    self.outcome.missed.discard(one.accession_number)
                    self.tell(Step(done, len(wanted), f"{one.form} {one.accession_number} {manager.name or one.cik}"))
                    self._read(taking, manager, one)
        if full:
            raise full

    def _read(self, taking: Intake, manager: Manager, one: Listed) -> None:
        manager.fetched += 1
        told = taking.read_archived(one)
        if told["outcome"] == "refused":
            self._note_unreadable(manager, told)
        else:
            manager.parsed += 1
            manager.name = manager.name or told["manager"]
            self.outcome.touched.add((told["cik"], told["period"]))
            self.taken[one.accession_number] = manager

    def _note_resumed(self, told: Mapping[str, Any]) -> None:
        """Tell of a filing that a killed run had fetched as that run would have."""
        self.outcome.resumed += 1
        cik = told["cik"] or told["path"].split("/")[1].zfill(10)
        manager = self.outcome.managers.setdefault(cik, Manager(cik, told["manager"] or ""))
        if told["outcome"] == "refused":
            self._note_unreadable(manager, told)
        else:
            manager.parsed += 1
            self.outcome.touched.add((cik, told["period"]))
            self.taken[told["accession_number"]] = manager

    def _note_unreadable(self, manager: Manager, told: Mapping[str, Any]) -> None:
        manager.refused += 1
        manager.problems.append(told["message"])
        hint = "It is kept as served, and does not count."
        self.outcome.errors.append(MalformedFilingError(told["message"], hint))

    def _note_failure(self, manager: Manager, one: Listed, error: ThirteenfError) -> None:
        if isinstance(error, AbsentError):
            error = EdgarError(f"{one.accession_number} is listed but not there yet.", "The next run asks again.")
        if isinstance(error, ConflictError):
            self.outcome.missed.discard(one.accession_number)  # asking again would change nothing
        manager.problems.append(error.message)
        self.outcome.errors.append(error)

    def _keep_references(self, taking: Intake) -> None:
        before = self.edgar.requested
        held = taking.store.filings()["period"].unique().to_list()
        try:
            self.outcome.references = references.refresh(
                self.finder, held, lambda name: self.tell(Step(0, 0, f"reference {name}"))
            )
        except BlockedError as error:
            self.outcome.errors.append(error)
        self.outcome.reference_requests = self.edgar.requested - before

    def _ask_figi(self, store: Store, figi: Figi) -> None:
        """Ask OpenFIGI for the securities held whose symbol no file tells; what it answers is kept."""
        books = Books(store, acceptances.read(self.places.state))
        known = Catalog(self.places, books).securities().drop_nulls("ticker")["cusip"]
        path = self.places.state / ANSWERS
        held = books.securities()["cusip"].unique()
        wanted = openfigi.wanted(set(held) - set(known), openfigi.read(path), self.today)
        try:
            openfigi.keep(path, figi.ask(wanted, lambda done, of: self.tell(Step(done, of, "OpenFIGI"))))
        except EdgarError as error:  # what was answered before is kept
            self.outcome.errors.append(error)

    def _count_refusals(self, store: Store) -> None:
        """The filings of this run that do not count until they are confirmed."""
        books = Books(store, acceptances.read(self.places.state))
        for accession, refusal in books.refusals().items():
            if accession in self.taken:
                manager = self.taken[accession]
                manager.refused += 1
                manager.problems.append(f"{accession} is refused: {refusal.message}")
                self.outcome.errors.append(
                    ImplausibleError(
                        f"{accession} of {manager.name or manager.cik} is refused: {refusal.message}.",
                        f"If it is right all the same: thirteenf refresh --accept {accession}",
                    )
                )

    def _manager(self, one: Listed) -> Manager:
        manager = self.outcome.managers.setdefault(one.cik, Manager(one.cik))
        manager.name = manager.name or one.name
        return manager
