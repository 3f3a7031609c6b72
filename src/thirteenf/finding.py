"""Finding filings on EDGAR: by manager, by name or symbol, of a day, of a quarter; with as few requests as can be.

What changes is asked for conditionally, what never does not at all: both are kept on the shelf.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from thirteenf import listings, periods, shelf
from thirteenf import managers as who
from thirteenf.edgar import Validators, judgement
from thirteenf.errors import AbsentError, BlockedError, EdgarError, NotFoundError
from thirteenf.periods import new_york
from thirteenf.plan import FIRST_XML
from thirteenf.shelf import OFFERED, REFERENCE, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thirteenf.edgar import Edgar
    from thirteenf.listings import Listed, Listing, OlderPage
    from thirteenf.shelf import Shelf

DAY = timedelta(days=1)
_FINAL = timedelta(hours=30)
"""How long after a day has begun its index is final: at six in the morning of the next."""
_SETTLED = timedelta(days=14)
"""How long after a quarter's end its index is final: it is rebuilt weekly at least."""


class Finder:
    """Listings of EDGAR's, asked for through the one door and kept on a shelf.

    Args:
        edgar: the door.
        shelf: where listings are kept.
        now: the time to take for now.
    """

    def __init__(self, edgar: Edgar, shelf: Shelf, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Be ready to ask."""
        self._edgar = edgar
        self._shelf = shelf
        self._now = now
        self.addresses = edgar.addresses

    def listing(self, cik: str, since: date | None = None) -> Listing:
        """A manager's Forms 13F: its submissions, and their older pages if `since` reaches into them.

        Raises:
            NotFoundError: if EDGAR knows no such filer.
            EdgarError: if EDGAR cannot be reached, turns us away, or gives something else.
        """
        try:
            content, _ = self.fetched(shelf.submissions(cik), self.addresses.submissions(cik), _submissions_of(cik))
        except AbsentError:
            raise NotFoundError(f"EDGAR knows no filer with the CIK {cik}.", "Look at the number.") from None
        found = listings.submissions(content, cik)
        first = max(since or FIRST_XML, FIRST_XML)
        pages, missing = [], []
        for page in found.older:
            if page.last is None or page.last >= first:
                try:
                    pages.append(self._older(page, cik))
                except BlockedError:
                    raise
                except EdgarError as error:  # the newest filings are in the first page
                    missing.append(error.message)
        return found.with_older(pages, missing)

    def filed_on(self, day: date) -> list[Listed]:
        """Every manager's Forms 13F of a day; none on weekends, holidays, and days whose index is not there yet."""
        if day.weekday() >= periods.SATURDAY:
            return []
        name = f"daily-index/{day:%Y}/master.{day:%Y%m%d}.idx"
        final = datetime(day.year, day.month, day.day, tzinfo=new_york()) + _FINAL
        try:
            return listings.index(
                self._final(name, self.addresses.daily_index(day), judgement.master_index, final=final)
            )
        except AbsentError:
            return []

    def days_for(self, period: date, today: date) -> list[date]:
        """The days, of the quarter in which Forms 13F for a period are due, that may have an index."""
        first = period + DAY
        last, there = min(periods.containing(first), today), self._days(first)
        days = (first + number * DAY for number in range((last - first).days + 1))
        return [day for day in days if day.weekday() < periods.SATURDAY and (there is None or day in there)]

    def filers(self, today: date) -> dict[str, str]:
        """CIK and name of those who filed Forms 13F in the quarters of the last two deadlines, by the full indexes."""
        period = periods.last_ended(today)
        while periods.deadline(period) >= today:
            period = periods.before(period)
        found: dict[str, str] = {}
        for filed in (periods.deadline(periods.before(period)), periods.deadline(period)):
            name, url = f"full-index/{periods.label(filed)}.idx", self.addresses.full_index(filed)
            try:
                content = self._final(name, url, judgement.master_index, final=_settled(filed))
            except AbsentError:
                continue
            found |= {one.cik: one.name for one in listings.index(content)}
        return found

    def whom(self, query: str, today: date) -> tuple[str, str]:
        """CIK and name of the one filer of Forms 13F that a symbol, or enough of a name, stands for.

        Raises:
            NotFoundError: if none or several are meant; the hint names candidates.
            EdgarError: if EDGAR cannot be reached, turns us away, or gives something else.
        """
        filers = self.filers(today)
        by_symbol = self._by_symbol(query)
        if by_symbol in filers:
            return by_symbol, filers[by_symbol]
        if not who.named(query, filers) and (found := self._searched(query)):
            cik = who.resolve(query, found, where="among the filers that EDGAR's search finds")
            return cik, found[cik]
        cik = who.resolve(query, filers, where="among the filers of the last two deadlines")
        return cik, filers[cik]

    def fetched(self, name: str, url: str, is_sound: Callable[[bytes], str], mark: str = "") -> tuple[bytes, bool]:
        """The newest body of something that changes: ours, if EDGAR says that it is.

        Returns:
            The body, and whether it is another than the one that was here.

        Raises:
            AbsentError: if EDGAR has none (any more); that is noted.
            EdgarError: if EDGAR cannot be reached, turns us away, or gives something else.
        """
        note, kept = self._shelf.note(name), self._shelf.read(name)
        known = Validators(note.etag, note.last_modified) if note and kept is not None and note.url == url else None
        try:
            answer = self._edgar.get(url, is_sound, known)
        except AbsentError:
            self._shelf.put_absent(name, url, self._now())
            raise
        if answer is None and kept is not None:
            self._shelf.touch(name, self._now())
            return kept, False
        if answer is None:
            raise EdgarError(f"EDGAR says of {url} that ours is the newest, and there is none.", "Run it again.")
        said = answer.validators
        self._shelf.put(name, answer.body, Note(url, self._now(), None, said.etag, said.last_modified, mark))
        return answer.body, answer.body != kept

    def _unless(
        self, name: str, url: str, is_sound: Callable[[bytes], str], is_settled: Callable[[Note], bool]
    ) -> tuple[bytes, bool]:
        """The same, but what was asked for at a time that settles it, there or not, is not asked for again."""
        note = self._shelf.note(name)
        if note and note.url == url and is_settled(note):
            _refuse_if_absent(note)
            kept = self._shelf.read(name)
            if kept is not None:
                return kept, False
        return self.fetched(name, url, is_sound)

    def _final(self, name: str, url: str, is_sound: Callable[[bytes], str], final: datetime) -> bytes:
        """Something that does not change once it is final: not asked for again if it was asked for then.

        Raises:
            AbsentError: if it is not there.
            EdgarError: if EDGAR cannot be reached, turns us away, or gives something else.
        """
        return self._unless(name, url, is_sound, lambda note: final <= note.asked <= self._now())[0]

    def _older(self, page: OlderPage, cik: str) -> Listing:
        """A page of older filings; asked for again only when it is said to have others."""
        name, mark = f"submissions/{page.name}", f"{page.count} {page.first} {page.last}"
        note = self._shelf.note(name)
        content = self._shelf.read(name) if note and note.mark == mark else None
        if content is None:
            url = self.addresses.submissions_page(page.name)
            content, _ = self.fetched(name, url, _submissions_of(cik), mark)
            note = self._shelf.note(name)
            if note and note.mark != mark:
                self._shelf.put(name, content, replace(note, mark=mark))
        return listings.submissions(content, cik)

    def _days(self, day: date) -> set[date] | None:
        """Which days of a quarter have an index; None if that is not told."""
        name, url = f"daily-index/{periods.label(day)}.json", self.addresses.daily_directory(day)
        try:
            return listings.days(self._final(name, url, _shaped(listings.days), final=_settled(day)))
        except AbsentError:
            return None

    def _by_symbol(self, query: str) -> str | None:
        if not query.strip().replace("-", "").replace(".", "").isalpha() or " " in query.strip():
            return None
        try:
            name = "company_tickers.json"
            content, _ = self.daily(name, self.addresses.file(f"files/{name}"), _shaped(listings.symbols))
        except BlockedError:
            raise
        except EdgarError:
            return None
        return listings.symbols(content).get(query.strip().upper().replace(".", "-"))

    def daily(self, name: str, url: str, is_sound: Callable[[bytes], str]) -> tuple[bytes, bool]:
        """A file of the SEC's site that changes, asked for once a day at most, there or not.

        Returns:
            Its body, and whether that is new.

        Raises:
            AbsentError: if it is not there, or was not when last asked for.
            EdgarError: if EDGAR cannot be reached, turns us away, or gives something else.
        """
        return self._unless(f"{REFERENCE}/{name}", url, is_sound, lambda note: note.was_asked_on(self._now()))

    def once(self, name: str, url: str, is_sound: Callable[[bytes], str]) -> bool:
        """Have a file of the SEC's site that does not change, which is asked for no more once it is here.

        Returns:
            Whether it is new.

        Raises:
            AbsentError: if it is not there, or was not when last asked for, within a day.
            EdgarError: if EDGAR cannot be reached, turns us away, or gives something else.
        """
        name = f"{REFERENCE}/{name}"
        note = self._shelf.note(name)
        if note and note.url in (url, OFFERED):
            if note.checksum is not None:
                return False
            if note.was_asked_on(self._now()):
                _refuse_if_absent(note)
        self.fetched(name, url, is_sound)
        return True

    def put_off(self, name: str, url: str, failure: str) -> None:
        """Ask no more today for a file of the SEC's site that cannot be had; what is here of it stays in use."""
        self._shelf.put_failed(f"{REFERENCE}/{name}", url, self._now(), failure)

    def _searched(self, query: str) -> Mapping[str, str]:
        try:
            # the search refuses at weekends, while it is indexed anew: that is no block
            answer = self._edgar.get(self.addresses.search(query), _shaped(listings.hits), forbidden_is_absent=True)
        except AbsentError:
            return {}
        return listings.hits(answer.body) if answer else {}


def _refuse_if_absent(note: Note) -> None:
    """Say of an object that could not be had what was said when it was last asked for."""
    if note.checksum is None and note.failure:
        raise EdgarError(note.failure, "It is asked for again tomorrow.")
    if note.checksum is None:
        raise AbsentError(f"EDGAR has no {note.url}.", "It is asked for again tomorrow.")


def _submissions_of(cik: str) -> Callable[[bytes], str]:
    return _shaped(lambda body: listings.submissions(body, cik))


def _shaped(read: Callable[[bytes], object]) -> Callable[[bytes], str]:
    """JSON that a reader of listings can read: only such is kept, since a later 304 would confirm it for good."""

    def what(body: bytes) -> str:
        said = judgement.json_object(body)
        if said:
            return said
        try:
            read(body)
        except EdgarError as error:
            return f"JSON of another shape ({error.message})"
        return ""

    return what


def _settled(day: date) -> datetime:
    """When the listings of a day's quarter are final."""
    last = periods.containing(day) + _SETTLED
    return datetime(last.year, last.month, last.day, tzinfo=new_york())
