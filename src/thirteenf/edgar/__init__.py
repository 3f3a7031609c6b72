"""The SEC's door: one client for all of EDGAR's hosts, with the manners that the SEC asks for.

A contact in every request, an even pace below 10 requests a second for everything this user runs on this machine,
gzip, connections that are kept, a few patient repetitions where a server stumbles, and none at all where it says stop.

    edgar = Edgar("Jane Doe jane@example.com")
    answer = edgar.get(edgar.addresses.submissions("0001067983"), judgement.json_object)
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from thirteenf import __version__
from thirteenf.edgar import judgement
from thirteenf.edgar.addresses import Addresses
from thirteenf.edgar.judgement import Response, UnusableError
from thirteenf.edgar.pace import RATE, Pace
from thirteenf.errors import BlockedError, EdgarError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from urllib3 import BaseHTTPResponse
    from urllib3.connectionpool import ConnectionPool

MOST = 10.0
"""Requests a second that the SEC allows."""
_ATTEMPTS = 4
_PATIENCE = 30.0
_TIMEOUT = (10.0, 30.0)
_LONGEST_BODY = 300.0
_LIMIT = 1 << 30
_CHUNK = 1 << 18
_CONTACT = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[A-Za-z]{2,}")


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
        session: what requests are made through; tests hand in their own.
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
        self._pace = pace or Pace(_shared_folder() / "pace.json", rate)
        self._count_lock = threading.Lock()
        self._requested = 0
        self._timeout = timeout
        self._session = session or requests.Session()
        self._session.headers.update(
            {"User-Agent": f"thirteenf/{__version__} {told(contact)}", "Accept-Encoding": "gzip", "Accept": "*/*"}
        )
        adapter = _Adapter(self._before_each)
        for scheme in ("https://", "http://"):
            if session is None:
                self._session.mount(scheme, adapter)

    @property
    def requested(self) -> int:
        """Requests made so far, repeated ones among them."""
        return self._requested

    def get(
        self, url: str, is_sound: Callable[[bytes], str], validators: Validators | None = None, limit: int = _LIMIT
    ) -> Answer | None:
        """Ask for one object.

        Args:
            url: its address.
            is_sound: one of `judgement`'s: what the body is, if it is not what was asked for.
            validators: what is known of a body that we have; then the answer may be None: that is the newest.
            limit: bytes that the body may have at most.

        Raises:
            AbsentError: if EDGAR has no such object.
            BlockedError: if it turns us away; from then on nobody in this process asks anything.
            EdgarError: if it cannot be reached, or gives something else each time.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._ask(url, validators or Validators(), limit)
                if not judgement.judge(response, is_sound):
                    return None
            except UnusableError as error:
                if attempt == _ATTEMPTS:
                    raise EdgarError(
                        f"EDGAR answers {url} with {error.message}, {attempt} times.", "Run it again later."
                    ) from None
                self._pace.pause(0.25 * 2**attempt)
            except BlockedError as error:
                self._heed(error)
                raise
            else:
                headers = response.headers
                return Answer(response.body, Validators(headers.get("ETag"), headers.get("Last-Modified")))
        raise AssertionError  # the last attempt returns or raises

    def stop(self) -> None:
        """Let no thread make a further request."""
        self._pace.stop()

    def pause(self, seconds: float) -> None:
        """Wait between two polls.

        Raises:
            BlockedError: if `stop` was called.
        """
        self._pace.pause(seconds)

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    def _ask(self, url: str, validators: Validators, limit: int) -> Response:
        conditions = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
        headers = {name: value for name, value in conditions.items() if value}
        try:
            with self._session.get(url, headers=headers, timeout=self._timeout, stream=True) as answer:
                packed = self._body(answer, limit)
                self._compare_clocks(answer.headers.get("Date"))
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            raise UnusableError("an answer cut short") from None
        except requests.RequestException as error:
            raise _explained(url, error) from None
        body = judgement.unpacked(packed, answer.headers.get("Content-Encoding", ""), limit)
        return Response(url, answer.status_code, answer.headers, body)

    def _body(self, answer: requests.Response, limit: int) -> bytes:
        """The body as sent, still packed: so that a stream without an end is noticed."""
        from urllib3.exceptions import HTTPError, ReadTimeoutError  # noqa: PLC0415

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
        self._pace.stop()

    def _compare_clocks(self, said: str | None) -> None:
        try:
            theirs: datetime = parsedate_to_datetime(said or "")
        except (TypeError, ValueError):
            return
        self.clock_is_off = time.time() - theirs.timestamp()


def told(contact: str | None) -> str:
    """A contact as it goes into each request.

    Raises:
        UsageError: if there is none, or no e-mail address in it.
    """
    how = 'Give one, as the SEC asks: --contact "Jane Doe jane@example.com", or THIRTEENF_CONTACT, or contact = "…" in '
    how += "thirteenf.toml."
    said = " ".join((contact or "").split())
    if not said:
        raise UsageError("There is no contact to give to the SEC.", how)
    if not _CONTACT.search(said):
        raise UsageError(f"The contact '{said}' has no e-mail address in it.", how)
    if not said.isprintable() or not said.isascii():
        raise UsageError(f"The contact '{said}' has letters that a request cannot carry.", "Write it in ASCII.")
    return said


class _Adapter(HTTPAdapter):
    """Connections that are kept, and repetitions that keep the pace as first requests do."""

    def __init__(self, before_each: Callable[[], None]) -> None:
        self.before_each = before_each
        super().__init__(pool_maxsize=32, max_retries=_Patience.made(before_each))

    def send(self, request: requests.PreparedRequest, *arguments: Any, **more: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        self.before_each()
        return super().send(request, *arguments, **more)


class _Patience(Retry):
    """urllib3's repetitions on resets, timeouts and 5xx: each waits for its moment, none for longer than is sane."""

    before_each: Callable[[], None]

    @classmethod
    def made(cls, before_each: Callable[[], None]) -> _Patience:
        patience = cls(
            total=_ATTEMPTS - 1, status_forcelist=(429, 500, 502, 503, 504), backoff_factor=0.25, backoff_jitter=0.1,
            allowed_methods=("GET", "HEAD"), raise_on_status=False, respect_retry_after_header=True,
        )  # fmt: skip
        patience.before_each = before_each
        return patience

    def new(self, **more: Any) -> Self:  # noqa: ANN401 - as urllib3 has it
        patience = super().new(**more)
        patience.before_each = self.before_each
        return patience

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        if status_code == 429 and not has_retry_after:  # noqa: PLR2004 - too many requests, without end: a block
            return False
        return super().is_retry(method, status_code, has_retry_after)

    def increment(  # as urllib3 has it
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        asked = judgement.retry_after(response.headers) if response is not None else None
        if asked is not None and asked > _PATIENCE:
            raise BlockedError(
                f"EDGAR asks to wait for {asked / 60:.0f} minutes.", "Run it again after that.", seconds=asked
            )
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        super().sleep(response)
        self.before_each()


def _explained(url: str, error: requests.RequestException) -> EdgarError:
    """What went wrong on the way, in a line that says what to do."""
    host, kinds = url.split("/")[2], requests.exceptions
    said = (
        (isinstance(error, kinds.ProxyError), f"The proxy on the way to {host} does not let us through.",
         "Look at HTTPS_PROXY and HTTP_PROXY."),
        (isinstance(error, kinds.SSLError), f"The connection to {host} is not secure (TLS): {_reason(error)}.",
         "Look at this machine's clock and certificates; REQUESTS_CA_BUNDLE names others."),
        ("NameResolutionError" in repr(error), f"{host} is not found (DNS).",
         "Is this machine on the network? Then run it again."),
        (isinstance(error, kinds.Timeout) or "timed out" in str(error).lower(), f"{host} does not answer in time.",
         "Run it again later; what was fetched is kept."),
        (isinstance(error, kinds.TooManyRedirects), f"{url} is redirected without end.", "Run it again later."),
        (isinstance(error, kinds.ConnectionError), f"{host} cannot be reached: {_reason(error)}.",
         "Is this machine on the network? Then run it again."),
        (True, f"{url} cannot be fetched: {_reason(error)}.", "Run it again later."),
    )  # fmt: skip
    return next(EdgarError(message, hint) for holds, message, hint in said if holds)


def _reason(error: BaseException) -> str:
    """The innermost reason, as the system says it."""
    while True:
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).rpartition(": ")[2]
    return re.sub(r"\[[^]]*\] ?| ?\(_ssl[^)]*\)", "", said).strip(" .'()") or type(error).__name__


def _shared_folder() -> Path:
    """Where all of a user's processes look for the pace; the temporary folder if that cannot be written."""
    from platformdirs import user_cache_path  # noqa: PLC0415

    folder = user_cache_path("thirteenf", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = Path(tempfile.gettempdir()) / f"thirteenf-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
