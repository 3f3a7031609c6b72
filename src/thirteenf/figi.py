"""OpenFIGI's door: symbols of CUSIPs that no file of the SEC's names, asked for only if a user wants that.

It tells today's symbols, so each holds for the day that it was asked. An answer is positional and names no CUSIP: one
of another length is no answer. A symbol is taken only where all of a CUSIP's entries for the US agree on it.

    known = figi.read(path)
    door = figi.Figi(key)
    known = figi.keep(path, door.ask(figi.wanted(cusips, known, today)))

Source: https://www.openfigi.com/api/documentation (v3, `POST /v3/mapping`).
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import __version__, files
from thirteenf import cusip as cusips
from thirteenf.errors import EdgarError, UsageError
from thirteenf.tables import SECURITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    import requests

URL = "https://api.openfigi.com/v3/mapping"
SOURCE = "openfigi"
"""The source of its symbols, in tables.SECURITIES."""
OUTCOMES = ("mapped", "unknown", "ambiguous", "refused")
"""One symbol; none, or none of a US symbol's form; several; a number that OpenFIGI says is no CUSIP."""
AGAIN = 30
"""Days after which a CUSIP that was unknown or ambiguous is asked for again."""

_INTERVAL, _INTERVAL_WITH_KEY = 60 / 25, 6 / 25
"""Seconds between two requests: 25 a minute are allowed, or 25 in six seconds."""
_JOBS, _JOBS_WITH_KEY = 5, 100
_AT_ONCE = 25
"""So many answers are kept at a time: five requests without a key, which take twelve seconds."""
_TIMEOUT = (10.0, 30.0)
_WAIT, _LONGEST_WAIT = 60.0, 120.0
"""Seconds to wait when OpenFIGI asks for patience and does not say how much, and the most that are waited."""
_OK, _UNAUTHORIZED, _TOO_LARGE, _TOO_MANY, _FAILED = 200, 401, 413, 429, 500
_LATER = "Run it again later; what was answered is kept."
_REASONS = {
    _TOO_MANY: (": it asks for patience, twice in a row", _LATER),
    _UNAUTHORIZED: (": it does not take the API key", "Mend the key, or ask without one."),
}
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(?:[.-][A-Z0-9]+)*")


class FigiError(EdgarError):
    """OpenFIGI cannot be reached, turns us away, or answers something else; what was answered before is kept."""

    code = SOURCE


@dataclass(frozen=True)
class Answer:
    """What OpenFIGI says of a CUSIP on a day; there is a ticker if the outcome, one of OUTCOMES, is `mapped`."""

    cusip: str
    ticker: str | None
    name: str
    outcome: str
    asked: date


class Figi:
    """OpenFIGI, asked politely; one object for a whole run, used by one thread.

    Args:
        key: an API key, for more requests and more CUSIPs in each; none is needed.
        url: where to ask.
        clock: seconds by a clock that never goes back.
        sleep: waits for so many seconds.
        today: the day to date answers with.

    Raises:
        UsageError: if the key cannot be one.
    """

    def __init__(
        self, key: str | None = None, *, url: str = URL, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        today: Callable[[], date] = lambda: datetime.now().astimezone().date(),
    ) -> None:  # fmt: skip
        """Nothing is asked yet."""
        self._key = (key or "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise UsageError("The OpenFIGI key holds characters that no key has.", "Copy it anew from openfigi.com.")
        self._url, self._clock, self._sleep, self._today = url, clock, sleep, today
        self._interval = _INTERVAL_WITH_KEY if self._key else _INTERVAL
        self._jobs = _JOBS_WITH_KEY if self._key else _JOBS
        self._free = clock()

    def ask(self, asked: Iterable[str], tell: Callable[[int, int], None] = lambda _done, _of: None) -> Iterator[Answer]:
        """Ask for CUSIPs, each once; those that are none, placeholders and numbers of options are passed over.

        Args:
            asked: the CUSIPs.
            tell: told after each request how many CUSIPs are done, and of how many.

        Raises:
            FigiError: if OpenFIGI cannot be reached, turns us away or answers something else; or, when all is done,
                if it failed for single CUSIPs. What was answered before has been yielded.
        """
        import requests  # noqa: PLC0415 - only who asks needs it

        left = [cusip for cusip in dict.fromkeys(asked) if _can_be_asked(cusip)]
        of, failed = len(left), list[str]()
        with requests.Session() as session:
            session.headers["User-Agent"] = f"thirteenf/{__version__}"
            if self._key:
                session.headers["X-OPENFIGI-APIKEY"] = self._key
            while left:
                batch = left[: self._jobs]
                items = self._post(session, batch)
                if items is None:
                    self._jobs = len(batch) // 2
                    continue
                day, left = self._today(), left[len(batch) :]
                answers = {cusip: _read_item(cusip, item, day) for cusip, item in zip(batch, items, strict=True)}
                tell(of - len(left), of)
                yield from (answer for answer in answers.values() if answer)
                failed += [cusip for cusip, answer in answers.items() if not answer]
        if failed:
            raise FigiError(f"OpenFIGI fails for {len(failed)} of {of} CUSIPs, the first {failed[0]}.", _LATER)

    def _post(self, session: requests.Session, batch: list[str]) -> list[Any] | None:
        """As many items as CUSIPs; None if those were too many for one request."""
        from requests import RequestException  # noqa: PLC0415

        from thirteenf.edgar.judgement import retry_after  # noqa: PLC0415 - loads requests
        from thirteenf.edgar.transport import explained  # noqa: PLC0415

        types = {cusip: "ID_CINS" if cusip[0].isalpha() else "ID_CUSIP" for cusip in batch}
        jobs = [{"idType": kind, "idValue": cusip, "exchCode": "US"} for cusip, kind in types.items()]
        has_waited = has_failed = False
        while True:
            self._take_a_moment()
            try:  # a redirection would carry the key elsewhere
                response = session.post(self._url, json=jobs, timeout=_TIMEOUT, allow_redirects=False)
            except RequestException as error:
                if has_failed:
                    told = explained(self._url, error)
                    raise FigiError(f"OpenFIGI: {told.message}", told.hint) from None
                has_failed = True
                continue
            status = response.status_code
            if status == _OK:
                return _items(response, len(batch))
            if status == _TOO_LARGE and len(batch) > 1:
                return None
            if status == _TOO_MANY and not has_waited:
                said = retry_after(response.headers)
                self._sleep(min(_WAIT if said is None else said, _LONGEST_WAIT))
                has_waited = True
            elif status >= _FAILED and not has_failed:
                has_failed = True
            else:
                reason, hint = _REASONS.get(status, ("", _LATER))
                raise FigiError(f"OpenFIGI answers with status {status}{reason}.", hint)

    def _take_a_moment(self) -> None:
        """Wait for the next of evenly spaced moments."""
        self._sleep(max(0.0, self._free - self._clock()))
        self._free = self._clock() + self._interval


def wanted(asked: Iterable[str], known: Mapping[str, Answer], today: date) -> list[str]:
    """CUSIPs to ask for, sorted: not what is mapped or refused already, nor what was asked within AGAIN days.

    An answer of the future was dated by a clock that was wrong, and settles nothing.
    """
    settled = {
        cusip for cusip, answer in known.items()
        if answer.outcome in ("mapped", "refused") or 0 <= (today - answer.asked).days < AGAIN
    }  # fmt: skip
    return sorted(cusip for cusip in set(asked) - settled if _can_be_asked(cusip))


def read(path: Path, tell: Callable[[str], None] = lambda _problem: None) -> dict[str, Answer]:
    """Answers that were kept, by CUSIP; damaged ones are left out, so that they are asked for again.

    Args:
        path: the file; nothing is known if it is not there.
        tell: told in a line what is damaged.

    Raises:
        StoreError: if the file is there and the system does not let it be read.
    """
    try:
        content = files.read(path)
        told = {} if content is None else json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        tell(f"{path} is damaged; OpenFIGI's answers in it are not used.")
        return {}
    found = {cusip: _kept(cusip, fields) for cusip, fields in told.items()}
    damaged = sorted(cusip for cusip, answer in found.items() if answer is None)
    if damaged:
        tell(f"{path} is damaged; {len(damaged)} of {len(found)} answers are not used, the first of {damaged[0]!r}.")
    return {cusip: answer for cusip, answer in sorted(found.items()) if answer is not None}


def keep(path: Path, answers: Iterable[Answer]) -> dict[str, Answer]:
    """Add answers to those kept, and return all; if they end in an error, what came before is kept all the same.

    Newer answers take the place of older ones; a symbol is not given up for none. What is damaged in the file is
    dropped. The caller holds the writer's lock.

    Raises:
        StoreError: if the disk refuses.
    """
    held = read(path)
    fresh = 0
    try:
        for answer in answers:
            both = (answer, held.get(answer.cusip, answer))
            held[answer.cusip] = max(both, key=lambda one: (one.outcome == "mapped", one.asked))
            fresh += 1
            if fresh % _AT_ONCE == 0:
                _write(path, held)
    finally:
        _write(path, held)
    return dict(sorted(held.items()))


def _write(path: Path, held: Mapping[str, Answer]) -> None:
    told = {c: {name: value for name, value in vars(one).items() if name != "cusip"} for c, one in held.items()}
    files.write(path, json.dumps(told, indent=1, sort_keys=True, default=date.isoformat).encode())


def securities(answers: Iterable[Answer]) -> pl.DataFrame:
    """The symbols among answers, each known for the day that it was asked; tables.SECURITIES, by CUSIP."""
    rows = [
        {"cusip": one.cusip, "ticker": one.ticker, "issuer": one.name.encode(errors="replace").decode(),
         "title_of_class": "", "first": one.asked, "last": one.asked, "ticker_source": SOURCE,
         "ticker_asof": one.asked.isoformat(), "ticker_certainty": None}
        for one in answers if one.outcome == "mapped"
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SECURITIES.schema()).sort("cusip", "first")


def _can_be_asked(cusip: str) -> bool:
    """Whether a number is a CUSIP; the list's own numbers for options fail the check digit."""
    return cusips.is_valid(cusip) and cusip not in cusips.PLACEHOLDERS


def _items(response: requests.Response, count: int) -> list[Any]:
    try:
        items = response.json()
    except (ValueError, RecursionError):
        raise FigiError("OpenFIGI answers with something that is no JSON.", _LATER) from None
    if not isinstance(items, list):
        raise FigiError("OpenFIGI answers with JSON that is no list.", _LATER)
    if len(items) != count:
        raise FigiError(f"OpenFIGI answers {count} CUSIPs with {len(items)} items; which is whose is lost.", _LATER)
    return items


def _read_item(cusip: str, item: object, day: date) -> Answer | None:
    """What an item says of a CUSIP; None if OpenFIGI failed for it, which says nothing of the CUSIP."""
    match item:
        case {"data": list(entries)} if all(_is_entry(entry) for entry in entries):
            names = {
                entry["ticker"].strip().replace("/", "."): entry.get("name") or ""
                for entry in entries if entry.get("exchCode") == "US" and entry.get("ticker")
            }  # fmt: skip
            if len(names) > 1:
                return Answer(cusip, None, "", "ambiguous", day)
            for ticker in filter(_SYMBOL.fullmatch, names):  # what is listed no more has a number of Bloomberg's
                return Answer(cusip, ticker, names[ticker], "mapped", day)
            return Answer(cusip, None, "", "unknown", day)
        case {"warning": str()}:
            return Answer(cusip, None, "", "unknown", day)
        case {"error": str(said)}:
            is_refused = said.casefold().startswith("invalid idvalue")
            return Answer(cusip, None, "", "refused", day) if is_refused else None
    raise FigiError(f"OpenFIGI answers {cusip} with an item of another shape.", _LATER)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(name), str | None) for name in ("ticker", "name"))


def _kept(cusip: str, fields: Any) -> Answer | None:  # noqa: ANN401 - whatever the file holds
    """An answer as it was kept; None if it is damaged."""
    try:
        asked = date.fromisoformat(fields["asked"])
        answer = Answer(cusip, fields["ticker"], fields["name"], fields["outcome"], asked)
    except (KeyError, TypeError, ValueError):
        return None
    has_ticker = isinstance(answer.ticker, str) and bool(answer.ticker)
    is_told = has_ticker if answer.outcome == "mapped" else answer.ticker is None
    is_sound = _can_be_asked(cusip) and answer.outcome in OUTCOMES and isinstance(answer.name, str)
    return answer if is_sound and is_told else None
