"""Taking in the SEC's data sets: find the sets that are wanted, fetch those that are not here, read each at once.

Each set is in the archive, whole, before it is read. So a run that is killed loses no more than what has come of one
set since the disk was last written to, and the next one goes on from there.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from thirteenf import files, intake, listings, windows
from thirteenf.archive import Archive
from thirteenf.edgar import judgement
from thirteenf.edgar.downloads import Part
from thirteenf.errors import (
    AbsentError,
    BlockedError,
    BusyError,
    ConflictError,
    EdgarError,
    NotFoundError,
    ThirteenfError,
)
from thirteenf.finding import Finder
from thirteenf.ingested import Ingested
from thirteenf.outcome import Step
from thirteenf.shelf import Shelf
from thirteenf.tables import INGESTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from thirteenf.edgar import Edgar
    from thirteenf.ingested import Asked
    from thirteenf.places import Places
    from thirteenf.windows import DataSet

PAGE = "data-research/sec-markets-data/form-13f-data-sets"
"""The SEC's page that lists them; they have been in two folders, so nothing but the page says where each is."""
_SHELVED = "pages/form-13f-data-sets.html"
_TOO_MANY_FAILURES = 3
_STEPS = 20
"""How often a download is told of."""


def run(
    places: Places,
    asked: Asked,
    edgar_of: Callable[[], Edgar],
    *,
    dry_run: bool = False,
    wait: float = 10,
    tell: Callable[[Step], None] = lambda _: None,
) -> Ingested:
    """Have some data sets in the archive, and in the tables.

    Args:
        places: the cache.
        asked: which sets.
        edgar_of: gives the door; called only if something must be asked, so that files need no contact.
        dry_run: only look what is missing, and how large it is.
        wait: seconds to wait for another run that writes.
        tell: told each step.

    Returns:
        What was done, and every error met on the way; what was fetched before one is kept.

    Raises:
        UsageError: if something must be asked and there is no contact.
        StoreError: if the cache is busy, full or cannot be written.
    """
    began = time.monotonic()
    busy = BusyError(f"Another ingest runs in {places.root}.", "Wait for it to end, or give --wait more seconds.")
    with files.locked(places.root / ".ingesting.lock", wait, busy), closing(_Door(edgar_of)) as door:
        work = _Run(places, asked, door, Ingested(dry_run=dry_run), wait, tell)
        try:
            work.look()
            if dry_run:
                work.price()
            else:
                work.take()
        finally:
            work.outcome.requests, work.outcome.rate = door.requested, door.rate
            work.outcome.seconds = time.monotonic() - began
    return work.outcome


class _Door:
    """The door, opened when it is first needed."""

    def __init__(self, edgar_of: Callable[[], Edgar]) -> None:
        self._edgar_of = edgar_of
        self._edgar: Edgar | None = None

    @property
    def edgar(self) -> Edgar:
        self._edgar = self._edgar or self._edgar_of()
        return self._edgar

    @property
    def requested(self) -> int:
        return self._edgar.requested if self._edgar else 0

    @property
    def rate(self) -> float | None:
        return self._edgar.rate if self._edgar else None

    def close(self) -> None:
        if self._edgar:
            self._edgar.close()


class _Run:
    """One run, alone of its kind in this cache; it holds the writer's lock only where it writes."""

    def __init__(
        self, places: Places, asked: Asked, door: _Door, outcome: Ingested, wait: float, tell: Callable[[Step], None]
    ) -> None:
        self.places, self.asked, self.door, self.outcome = places, asked, door, outcome
        self.wait, self.tell = wait, tell
        self.archive = Archive(places.archive)
        self.sets: dict[str, DataSet] = {}
        self.here: dict[str, None] = {}

    def look(self) -> None:
        """Take the files that are offered into the archive, and see which sets are wanted and not here."""
        try:
            self._look_for_sets()
        except EdgarError as error:
            self.outcome.errors.append(error)
        for path in self.asked.files:
            try:
                self._offer(path)
            except NotFoundError as error:
                self.outcome.errors.append(error)
        self.outcome.missing = [name for name in self.sets if not self.archive.data_set(name).exists()]
        self.outcome.held = len(self.sets) - len(self.outcome.missing)
        for name in {*self.here, *self.sets} - {*self.outcome.missing}:
            Part("", self.archive.data_set(name)).drop()  # what is left of a download that this one took the place of

    def price(self) -> None:
        """Tell of each set whether it is here, and how large it would be."""
        self.outcome.rows += [self._row(name, "held") for name in self.here if name not in self.sets]
        failed: ThirteenfError | None = None
        for place, (name, one) in enumerate(self.sets.items(), 1):
            if name not in self.outcome.missing:
                self.outcome.rows.append(self._row(name, "held"))
                continue
            row = self._row(name, "wanted")
            try:
                if not failed:
                    row["bytes"] = self.door.edgar.size(self.door.edgar.addresses.file(one.link))
            except AbsentError as error:
                row["message"] = error.message
                self.outcome.errors.append(error)
            except EdgarError as error:
                failed = error
                self.outcome.errors.append(error)
            self.outcome.rows.append(row)
            self.tell(Step(place, len(self.sets), f"size of {name}"))

    def take(self) -> None:
        """Read what is here and fetch what is not, newest first, each set read as soon as it is here."""
        names = self._names()
        for told in intake.take_data_sets(
            self.places, names, wait=self.wait, tell=lambda what: self.tell(Step(0, 0, what))
        ):
            known = {key: value for key, value in told.items() if key in INGESTED.names and value is not None}
            row = self._row(told["name"], told["outcome"]) | known
            if told["outcome"] == "refused":  # else it would stand in the way of the right one
                with self.places.locked(self.wait):
                    self.archive.remove_data_set(told["name"])
                row["message"] = f"{told['message']} It is not kept, so that it can be fetched or brought anew."
            self.outcome.rows.append(row)
            self.outcome.unreadable += told.get("unreadable", 0)

    def _look_for_sets(self) -> None:
        """The sets that are wanted, newest first; the SEC is asked only if those here are not enough."""
        here = {path.name: covered for path in self.archive.data_sets() if (covered := windows.window(path.name))}
        not_here = [one for one in self.asked.periods if not windows.cover(here.values(), one)]
        self.outcome.periods = sorted(self.asked.periods)
        wanted = {
            windows.DataSet(name, "", *covered)
            for name, covered in here.items() for period in self.asked.periods if windows.holds(covered, period)
        }  # fmt: skip
        try:
            if not_here or self.asked.latest or self.asked.everything:
                wanted |= self._listed(not_here)
        finally:
            newest_first = sorted(wanted, key=lambda one: (one.last, one.name), reverse=True)
            self.sets = {one.name: one for one in newest_first}

    def _listed(self, not_here: list[date]) -> set[DataSet]:
        """The sets that the SEC lists of what is asked for.

        Raises:
            EdgarError: if EDGAR cannot be reached, turns us away, or lists none at all.
        """
        finder = Finder(self.door.edgar, Shelf(self.places.listings))
        url = finder.addresses.file(PAGE)
        self.tell(Step(0, 0, "list of data sets"))
        with self.places.locked(self.wait):
            content, _ = finder.daily(_SHELVED, url, judgement.page)
        listed = windows.listed(listings.links(content))
        self.outcome.listed = len(listed)
        if not listed:
            raise EdgarError(f"{url} lists no data set any more.", "Has its shape changed? Name files that you have.")
        if self.asked.everything:
            return set(listed)
        latest = windows.covered_periods((one.first, one.last) for one in listed)[-1:] if self.asked.latest else []
        self.outcome.periods = sorted({*self.outcome.periods, *latest})
        found = set()
        for period in {*not_here, *latest}:
            try:
                found |= set(windows.wanted(listed, period))
            except NotFoundError as error:
                self.outcome.errors.append(error)
        return found

    def _offer(self, path: Path) -> None:
        """Put a file that the user brings into the archive, if it is a zip.

        Raises:
            NotFoundError: if it is not there.
            StoreError: if it cannot be read, or the disk refuses.
        """
        if not path.is_file():
            hint = "Name its zips." if path.is_dir() else "Look at the path."
            raise NotFoundError(f"{path} is {'a folder' if path.is_dir() else 'not there'}.", hint)
        name = windows.safe(path.name)
        self.tell(Step(0, 0, f"looking at {path.name}"))
        with files.explained(path):
            what, size = judgement.zip_at(path), path.stat().st_size
        problem = f"{path} is {what}." if what else ""
        if not problem and not self.outcome.dry_run:
            try:
                with self.places.locked(self.wait):
                    self.archive.add_data_set(name, path)
            except ConflictError as error:
                problem = f"{error.message} {error.hint}"
        if problem or (self.outcome.dry_run and not self.archive.data_set(name).exists()):
            row = self._row(name, "refused" if problem else "wanted")
            self.outcome.rows.append(row | {"bytes": size, "message": problem or None})
        else:
            self.here[name] = None

    def _names(self) -> Iterator[str]:
        """The sets in the order in which they are read: what was offered, then newest first, fetched when its turn is.

        A set that cannot be had stops no other, unless EDGAR turns us away or fails three times in a row.
        """
        yield from self.here
        failures = 0
        for name, one in self.sets.items():
            if name in self.here:
                continue
            is_here = self.archive.data_set(name).exists()
            if not is_here:
                if failures >= _TOO_MANY_FAILURES:
                    self.outcome.rows.append(self._row(name, "wanted"))
                    continue
                try:
                    self._fetch(one)
                    failures, is_here = 0, True
                except EdgarError as error:
                    is_over = isinstance(error, BlockedError)
                    failures = _TOO_MANY_FAILURES if is_over else failures + (not isinstance(error, AbsentError))
                    self.outcome.errors.append(error)
                    self.outcome.rows.append(self._row(name, "wanted") | {"message": error.message})
            if is_here:
                yield name

    def _fetch(self, one: DataSet) -> None:
        """Have one set in the archive.

        Raises:
            EdgarError: if it cannot be had.
            StoreError: if the disk refuses.
        """
        to, edgar = self.archive.data_set(one.name), self.door.edgar
        url = edgar.addresses.file(one.link)
        place = f"{self.outcome.missing.index(one.name) + 1} of {len(self.outcome.missing)}"
        told = -1

        def tell(size: int, of: int | None) -> None:
            nonlocal told
            step = size * _STEPS // of if of else size // (1 << 22)
            if step != told:
                told = step
                self.tell(Step(size // 10**6, -(-(of or 0) // 10**6), f"MB of {one.name} ({place})"))

        self.outcome.bytes += edgar.download(url, to, judgement.zip_at, tell)
        self.outcome.fetched += 1

    def _row(self, name: str, outcome: str) -> dict[str, Any]:
        """A row of tables.INGESTED, as far as the name and the archive tell it."""
        first, last = windows.window(name) or (None, None)
        path = self.archive.data_set(name)
        size = path.stat().st_size if path.exists() else None
        told = {"name": name, "first": first, "last": last, "outcome": outcome, "bytes": size}
        return dict.fromkeys(INGESTED.names) | told
