"""The SEC's door: one client for all of EDGAR's hosts, with the manners that the SEC asks for.

A contact in every request, an even pace below 10 requests a second for everything this user runs on this machine,
gzip, connections that are kept, a few patient repetitions where a server stumbles, and none at all where it says stop.

    edgar = Edgar("Jane Doe jane@example.com")
    answer = edgar.get(edgar.addresses.submissions("0001067983"), judgement.json_object)
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from thirteenf import __version__
from thirteenf.edgar import downloads, judgement
from thirteenf.edgar.addresses import Addresses
from thirteenf.edgar.contact import told
from thirteenf.edgar.judgement import Response, UnusableError
from thirteenf.edgar.pace import RATE, Pace, shared_folder
from thirteenf.edgar.transport import ATTEMPTS, Transport, explained
from thirteenf.errors import BlockedError, EdgarError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

MOST = 10.0
"""Requests a second that the SEC allows."""
_TIMEOUT = (10.0, 30.0)
_LONGEST_BODY = 300.0
_LIMIT = 1 << 30
_LARGEST = 2 << 30
"""Bytes of a file that is streamed to disk."""
_AS_IT_IS = {"Accept-Encoding": "identity"}
_CHUNK = 1 << 18
_REDIRECTS = 3


@dataclass(frozen=True)
class Validators:
    """What a conditional request is made with: what an earlier answer said of its age."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Answer:
    """A body that was judged to be what was asked for, and what it said of its age."""

    body: bytes
    validators: Validators


class Edgar:
    """EDGAR, asked politely; one object for a whole run, for as many threads as like.

    Args:
        contact: who asks: a name and an e-mail address, which the SEC wants in every request.
        rate: requests a second, all hosts together; below 10 at the SEC.
        addresses: the hosts.
        session: what requests are made through, instead of our own: its adapters are used as they are.
        pace: the clock to share; by default one a user.
        timeout: seconds to wait for a connection, and for each piece of an answer.

    Raises:
        UsageError: if there is no contact, or the rate is more than the SEC allows.
    """

    def __init__(
        self,
        contact: str | None,
        *,
        rate: float = RATE,
        addresses: Addresses | None = None,
        session: requests.Session | None = None,
        pace: Pace | None = None,
        timeout: tuple[float, float] = _TIMEOUT,
    ) -> None:
        """Be ready to ask; nothing is asked yet."""
        self.addresses = addresses or Addresses.chosen()
        if not rate > 0 or (rate >= MOST and self.addresses.are_the_secs):
            raise UsageError(f"{rate:g} requests a second are not allowed.", f"The SEC's limit is {MOST:g}: give less.")
        self.rate = rate
        self.clock_is_off: float = 0.0
        """Seconds by which this machine's clock differs from EDGAR's, as the last answer showed."""
        self._pace = pace or Pace(shared_folder() / "pace.json", rate)
        self._count_lock = threading.Lock()
        self._requested = 0
        self._timeout = timeout
        self._session = session or requests.Session()
        self._session.headers.update(
            {"User-Agent": f"thirteenf/{__version__} {told(contact)}", "Accept-Encoding": "gzip", "Accept": "*/*"}
        )
        self._session.max_redirects = _REDIRECTS
        self._is_foreign = session is not None
        if not self._is_foreign:
            transport = Transport(self._pace, self._before_each)
            for scheme in ("https://", "http://"):
                self._session.mount(scheme, transport)

    @property
    def requested(self) -> int:
        """Requests made so far, repeated ones among them."""
        return self._requested

    def get(
        self,
        url: str,
        is_sound: Callable[[bytes], str],
        validators: Validators | None = None,
        limit: int = _LIMIT,
        *,
        forbidden_is_absent: bool = False,
    ) -> Answer | None:
        """Ask for one object.

        Args:
            url: its address.
            is_sound: one of `judgement`'s: what the body is, if it is not what was asked for.
            validators: what is known of a body that we have; then the answer may be None: that is the newest.
            limit: bytes that the body may have at most.
            forbidden_is_absent: whether a plain 403, no page that turns us away, means that it is not there now.

        Raises:
            AbsentError: if EDGAR has no such object.
            BlockedError: if it turns us away; from then on nobody in this process asks anything.
            EdgarError: if it cannot be reached, or gives something else each time.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._ask(url, validators or Validators(), limit)
                if not judgement.judge(response, is_sound, forbidden_is_absent=forbidden_is_absent):
                    return None
            except UnusableError as error:
                if attempt == ATTEMPTS:
                    raise _unusable(url, error, attempt) from None
                self._pace.pause(0.25 * 2**attempt)
            except BlockedError as error:
                self._heed(error)
                raise
            else:
                headers = response.headers
                return Answer(response.body, Validators(headers.get("ETag"), headers.get("Last-Modified")))
        raise AssertionError  # the last attempt returns or raises

    def download(
        self,
        url: str,
        to: Path,
        is_sound: Callable[[Path], str],
        tell: Callable[[int, int | None], None] = lambda _, __: None,
        limit: int = _LARGEST,
    ) -> int:
        """Fetch a large file to disk, going on with what an earlier attempt or a killed run left beside its place.

        Each attempt that brings a good deal more than all before it counts as none that failed.

        Args:
            url: its address.
            to: where it goes once it is whole and sound.
            is_sound: what the file at a path is, if it is not what was asked for.
            tell: told how many bytes are here, and of how many if that was said.
            limit: bytes that it may have at most.

        Returns:
            Bytes that came now: what was here before is left out.

        Raises:
            AbsentError: if EDGAR has no such object.
            BlockedError: if it turns us away; from then on nobody in this process asks anything.
            EdgarError: if it cannot be reached, or gives something else each time.
            StoreError: if the disk refuses.
        """
        part = downloads.Part(url, to)
        failures, most = 0, part.size
        while True:
            try:
                if not part.is_whole:
                    with self._answered(url, _AS_IT_IS | part.conditions) as answer:
                        downloads.keep(answer, part, limit, tell)
                part.settle(is_sound)
            except UnusableError as error:
                failures = 1 if part.size >= most + downloads.HEADWAY else failures + 1
                most = max(most, part.size)
                if failures == ATTEMPTS:
                    raise _unusable(url, error, failures) from None
                self._pace.pause(0.25 * 2**failures)
            except BlockedError as error:
                self._heed(error)
                raise
            else:
                return part.came

    def size(self, url: str) -> int | None:
        """The bytes of a file, without fetching it; None if that is not said.

        Raises:
            AbsentError: if EDGAR has no such object.
            BlockedError: if it turns us away; from then on nobody in this process asks anything.
            EdgarError: if it cannot be reached.
        """
        with self._answered(url, _AS_IT_IS, "HEAD") as answer:
            status, headers = answer.status_code, answer.headers
        if status == requests.codes.ok:
            return downloads.length(status, headers)
        try:
            judgement.judge(Response(url, status, headers, b""), lambda _: "")
        except BlockedError as error:
            self._heed(error)
            raise
        return None

    def pause(self, seconds: float) -> None:
        """Wait between two polls.

        Raises:
            BlockedError: if EDGAR has turned us away.
        """
        self._pace.pause(seconds)

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    def _ask(self, url: str, validators: Validators, limit: int) -> Response:
        conditions = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
        headers = {name: value for name, value in conditions.items() if value}
        with self._answered(url, headers) as answer:
            packed = self._body(answer, limit)
        body = judgement.unpacked(packed, answer.headers.get("Content-Encoding", ""), limit)
        return Response(url, answer.status_code, answer.headers, body)

    @contextmanager
    def _answered(self, url: str, headers: dict[str, str], method: str = "GET") -> Iterator[requests.Response]:
        """One answer, its body unread, when its moment has come; what goes wrong on the way in a line."""
        if self._is_foreign:
            self._before_each()
        try:
            with self._session.request(
                method, url, headers=headers, timeout=self._timeout, stream=True, allow_redirects=True
            ) as answer:
                yield answer
                self._compare_clocks(answer.headers.get("Date"))
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            raise UnusableError("an answer cut short") from None
        except requests.RequestException as error:
            raise explained(url, error) from None

    def _body(self, answer: requests.Response, limit: int) -> bytes:
        """The body as sent, still packed: so that a stream without an end is noticed."""
        pieces, size, began = [], 0, time.monotonic()
        try:
            for piece in answer.raw.stream(_CHUNK, decode_content=False):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise UnusableError(f"more than {limit >> 20} MiB")
                if time.monotonic() - began > _LONGEST_BODY:
                    raise UnusableError("an answer that does not end")
        except ReadTimeoutError:
            raise UnusableError("an answer that stalls") from None
        except (HTTPError, OSError):
            raise UnusableError("an answer cut short") from None
        return b"".join(pieces)

    def _before_each(self) -> None:
        self._pace.wait()
        with self._count_lock:
            self._requested += 1

    def _heed(self, error: BlockedError) -> None:
        """Stop everyone here, and whoever else runs on this machine if it is the SEC that turns us away."""
        if error.seconds and self.addresses.are_the_secs:
            self._pace.block(error.seconds)
        self._pace.stop(error)

    def _compare_clocks(self, said: str | None) -> None:
        try:
            theirs: datetime = parsedate_to_datetime(said or "")
        except (TypeError, ValueError):
            return
        self.clock_is_off = time.time() - theirs.timestamp()


def _unusable(url: str, error: UnusableError, attempts: int) -> EdgarError:
    return EdgarError(f"EDGAR answers {url} with {error.message}, {attempts} times.", "Run it again later.")
