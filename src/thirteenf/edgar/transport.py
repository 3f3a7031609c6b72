"""How requests travel: connections that are kept, repetitions that keep the pace, failures told in a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from thirteenf.edgar import judgement
from thirteenf.errors import BlockedError, EdgarError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from urllib3 import BaseHTTPResponse
    from urllib3.connectionpool import ConnectionPool

    from thirteenf.edgar.pace import Pace

ATTEMPTS = 4
_LONGEST_WAIT = 30.0
"""Seconds that a server may ask to wait before it is asked again; for longer, the run ends instead."""
_STUMBLED = (429, 500, 502, 503, 504)


class Transport(HTTPAdapter):
    """Connections that are kept, and repetitions that keep the pace as first requests do."""

    def __init__(self, pace: Pace, before_each: Callable[[], None]) -> None:
        """Call `before_each` before every request, repeated and redirected ones too."""
        self.before_each = before_each
        super().__init__(pool_maxsize=32, max_retries=_Patience.made(pace, before_each))

    def send(self, request: requests.PreparedRequest, *arguments: Any, **more: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """Send one request when its moment has come."""
        self.before_each()
        return super().send(request, *arguments, **more)


class _Patience(Retry):
    """urllib3's repetitions on resets, timeouts and 5xx: each waits for its moment, none for longer than is sane."""

    pace: Pace
    before_each: Callable[[], None]

    @classmethod
    def made(cls, pace: Pace, before_each: Callable[[], None]) -> _Patience:
        patience = cls(
            total=ATTEMPTS - 1, status_forcelist=_STUMBLED, backoff_factor=0.25, backoff_jitter=0.1,
            allowed_methods=("GET", "HEAD"), raise_on_status=False, respect_retry_after_header=True,
        )  # fmt: skip
        patience.pace, patience.before_each = pace, before_each
        return patience

    def new(self, **more: Any) -> Self:  # noqa: ANN401 - as urllib3 has it
        patience = super().new(**more)
        patience.pace, patience.before_each = self.pace, self.before_each
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
        if response is not None and asked is not None and asked > _LONGEST_WAIT:
            response.close()
            raise BlockedError(
                f"EDGAR asks to wait for {BlockedError.told(asked)}.", "Run it again after that.", seconds=asked
            )
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        asked = judgement.retry_after(response.headers) if response is not None else None
        if asked is None:
            self.pace.pause(self.get_backoff_time())
        else:
            self.pace.hold(asked)  # it asks all of us
        self.before_each()


def explained(url: str, error: requests.RequestException) -> EdgarError:
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
