"""A small EDGAR on loopback: serves a tree in EDGAR's own paths through a real socket, and misbehaves when told to.

What a fetcher must withstand happens between it and the socket, so nothing of it is replaced in the tests: it is
pointed at this server by its environment. By hand: `python -m tests.small_edgar TREE --share 0.2`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.utils import formatdate, parsedate_to_datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAULTS = (
    "rate-block", "undeclared", "block-200", "429", "429-retry-after", "503", "503-retry-after", "500",
    "slow", "stall", "cut", "cut-chunked", "silently-cut", "reset", "reset-body", "bad-gzip", "truncated-gzip",
    "html-200", "empty-200", "absent", "wrong-document", "redirect-loop",
)  # fmt: skip
CONTACT = "Example Tester tester@example.com"
DATA_SETS = ("files/structureddata/data/form-13f-data-sets", "files/datastandardsinnovation/data/form-13f-data-sets")
"""The folders that the SEC's data sets are in, the newer one last."""
DATA_SETS_PAGE = "data-research/sec-markets-data/form-13f-data-sets"
NEW_YORK = ZoneInfo("America/New_York")
_BREAKING = {"stall", "cut", "cut-chunked", "reset", "reset-body"}  # the connection is of no more use
_TYPES = {".json": "application/json", ".xml": "application/xml", ".txt": "text/plain", ".htm": "text/html",
          ".html": "text/html", ".idx": "text/plain", ".zip": "application/zip"}  # fmt: skip
_PADDED = re.compile(r"(www\.sec\.gov/Archives/edgar/data/)0+(\d.*)")
_FLAT = re.compile(r"(www\.sec\.gov/Archives/edgar/data/\d+/)((\d{10})-(\d\d)-(\d{6})\.txt)")


@dataclass(frozen=True)
class Request:
    """A request as it arrived, and what it met; `status` 0: no answer at all."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    status: int
    fault: str | None


@dataclass(frozen=True)
class Answer:
    """What is sent, or would be were there no fault."""

    status: int
    body: bytes = b""
    kind: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self, clock: float = 0.0) -> bytes:
        now = formatdate(time.time() + clock, usegmt=True)
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Date: {now}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass(frozen=True)
class Document:
    """A document as it stands now."""

    body: bytes
    modified: float

    @property
    def validators(self) -> dict[str, str]:
        return {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True)}

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    def unchanged(self, headers: Mapping[str, str]) -> bool:
        """Whether the client holds it already, by what it asks; a tag counts before a date."""
        if "if-none-match" in headers:
            tags = {tag.strip().removeprefix("W/") for tag in headers["if-none-match"].split(",")}
            return bool(tags & {self.etag, "*"})
        with suppress(KeyError, ValueError, TypeError):
            return int(self.modified) <= parsedate_to_datetime(headers["if-modified-since"]).timestamp()
        return False


class Listed(NamedTuple):
    """An entry of the feed of latest filings; a time without a zone is New York's."""

    form: str
    name: str
    cik: int | str
    accession: str
    updated: datetime

    @property
    def moment(self) -> datetime:
        return self.updated.astimezone(NEW_YORK) if self.updated.tzinfo else self.updated.replace(tzinfo=NEW_YORK)


class Hit(NamedTuple):
    """A hit of the full text search."""

    name: str
    cik: int | str
    accession: str
    form: str
    file_date: date | str


def _page(title: str, *paragraphs: str, heading: str = "") -> bytes:
    text = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n</head>\n'
        f"<body>\n<h1>{escape(heading or title)}</h1>\n{text}\n</body>\n</html>\n"
    ).encode()


def _store_error(code: str, message: str, more: str = "") -> bytes:
    """What the object store behind EDGAR says by itself."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}'
        "<RequestId>SMALLEDGAR000001</RequestId><HostId>c21hbGwgZWRnYXI=</HostId></Error>"
    ).encode()


_RATE_TITLE = "SEC.gov | Request Rate Threshold Exceeded"
_RATE = _page(
    _RATE_TITLE,
    "Your request rate has exceeded the maximum allowed; access is limited for ten minutes.",
    heading="Request Rate Threshold Exceeded",
)
# Reported of the real page: its title is that of the rate block, and only the heading tells the two apart.
_UNDECLARED = _page(
    _RATE_TITLE,
    "Please declare your traffic by a user agent that names your company and a contact.",
    "Reference ID: 0.51a10002.1763712000.1a2b3c4d",
    heading="Your Request Originates from an Undeclared Automated Tool",
)
_DENIED = Answer(403, _store_error("AccessDenied", "Access Denied"), "application/xml")
_BUSY = _page("Service Unavailable", "The service is temporarily unavailable.")
_PAGES = {
    "rate-block": Answer(403, _RATE),
    "undeclared": Answer(403, _UNDECLARED),
    "block-200": Answer(200, _RATE),
    "429": Answer(429, _RATE),
    "429-retry-after": Answer(429, _RATE, headers={"Retry-After": "1"}),
    "503": Answer(503, _BUSY),
    "503-retry-after": Answer(503, _BUSY, headers={"Retry-After": "1"}),
    "500": Answer(500, _page("Internal Server Error", "An error occurred.")),
    "html-200": Answer(200, _page("SEC.gov | Maintenance", "Parts of this site are being worked on.")),
    "absent": _DENIED,
}


def _absent(path: str) -> Answer:
    host, _, rest = path.partition("/")
    if host == "data.sec.gov":
        key = f"<Key>{escape(rest)}</Key>"
        return Answer(404, _store_error("NoSuchKey", "The specified key does not exist.", key), "application/xml")
    if path.startswith("www.sec.gov/Archives"):
        return _DENIED
    return Answer(404, _page("SEC.gov | Page Not Found", "The page you requested is not here."))


@lru_cache(maxsize=1024)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _canonical(path: str) -> str:
    """A path without its leading slash; of the two a submission is served at, the one in the filing's folder."""
    path = path.lstrip("/")
    flat = _FLAT.fullmatch(path)
    return f"{flat[1]}{flat[3]}{flat[4]}{flat[5]}/{flat[2]}" if flat else path


class SmallEdgar:
    """EDGAR's three hosts below one address, for as long as the context lasts.

    Paths are `host/path`, without a leading slash and with the query: `www.sec.gov/files/company_tickers.json`.

    Attributes:
        www: base address of www.sec.gov; `data` and `efts` likewise.
        environment: what points the program here.
        seen: every request in the order it was answered.
        current: entries of the feed of latest filings, as `Listed`.
        hits: what the full text search knows, as `Hit`.
        validators: whether documents bear ETag and Last-Modified and are answered with 304.
        ranges: whether a part of a document is given where one is asked for.
        delay: seconds before each answer.
        stall: seconds that the fault of that name lasts.
        clock: seconds by which its clock is ahead.
    """

    def __init__(self, root: Path, *, seed: int = 0, needs_contact: bool = True, port: int = 0) -> None:
        self.root, self.seed, self.needs_contact = Path(root).resolve(), seed, needs_contact
        self.seen: list[Request] = []
        self.current: list[Listed | tuple] = []
        self.hits: list[Hit | tuple] = []
        self.validators, self.ranges, self.delay, self.stall, self.clock = True, True, 0.0, 3.0, 0.0
        self._lock = threading.Lock()
        self.over = threading.Event()  # ends every wait
        self._memory: dict[str, Document | None] = {}
        self._rules: list[tuple[str, list[str], bool]] = []
        self._share, self._among = 0.0, FAULTS
        self._times: Counter[str] = Counter()
        self._sets: list[str] = []
        self._server = _Server(self, port)
        base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.www, self.data, self.efts = (f"{base}/{host}.sec.gov" for host in ("www", "data", "efts"))
        self.environment = {
            "THIRTEENF_EDGAR_WWW": self.www,
            "THIRTEENF_EDGAR_DATA": self.data,
            "THIRTEENF_EDGAR_EFTS": self.efts,
            "THIRTEENF_CONTACT": CONTACT,
            "THIRTEENF_EDGAR_RATE": "100000",
        }

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.hang_up()  # before waits end, lest what was held back is sent after all
        self.over.set()
        self._server.server_close()

    def paths(self) -> list[str]:
        return [request.path for request in list(self.seen)]

    def forget(self) -> None:
        self.seen.clear()

    def busiest_second(self) -> int:
        """The largest number of arrivals within any second."""
        times = sorted(request.at for request in list(self.seen))
        first = most = 0
        for last, at in enumerate(times):
            while at - times[first] >= 1:
                first += 1
            most = max(most, last - first + 1)
        return most

    def put(self, path: str, content: bytes, *, modified: float | None = None) -> None:
        """Add or replace a document; its date differs from the one before even within a second."""
        path = _canonical(path)
        if modified is None:
            before = self._document(path)
            modified = max(time.time(), before.modified + 1) if before else time.time()
        with self._lock:
            self._memory[path] = Document(content, modified)

    def put_data_sets(self, sets: Mapping[str, bytes], folder: str = DATA_SETS[0]) -> None:
        """Add some of the SEC's data sets, and its page that lists them: these and all that were added before."""
        for name, content in sets.items():
            self.put(f"www.sec.gov/{folder}/{name}", content)
            self._sets.append(f"/{folder}/{name}")
        rows = "".join(
            f'<tr><td><a href="{link}">{link.rpartition("/")[2]}</a></td><td>1 MB</td></tr>\n' for link in self._sets
        )
        body = f'<h1>Form 13F Data Sets</h1>\n<a href="/files/form_13f_readme.pdf">Readme</a>\n<table>{rows}</table>'
        page = f'<!DOCTYPE html>\n<html lang="en"><head><title>SEC.gov</title></head><body>{body}</body></html>\n'
        self.put(f"www.sec.gov/{DATA_SETS_PAGE}", page.encode())

    def remove(self, path: str) -> None:
        with self._lock:
            self._memory[_canonical(path)] = None

    def fail(self, pattern: str, *faults: str, always: bool = False) -> None:
        """The next requests whose path matches meet these faults, one each; `always`: the first one forever."""
        _known(faults)
        with self._lock:
            self._rules.append((pattern.lstrip("/"), list(faults), always))

    def fail_randomly(self, share: float, faults: Sequence[str] = FAULTS) -> None:
        """Each request meets some fault with this probability, by seed, path and how often it was asked for.

        So that the same run meets the same faults, whatever order its connections come in.
        """
        _known(faults)
        with self._lock:
            self._share, self._among = share, tuple(faults)

    def heal(self) -> None:
        with self._lock:
            self._rules, self._share = [], 0.0

    def meet(self, method: str, target: str, headers: Mapping[str, str], at: float) -> tuple[Answer, str | None]:
        """What a request is answered with, encoded, and the fault it meets on its way."""
        path, _, query = target.partition("?")
        path = unquote(path).lstrip("/")
        whole = path + ("?" + query if query else "")
        fault = None
        if self.needs_contact and "@" not in headers.get("user-agent", ""):
            answer = _PAGES["undeclared"]
        elif "/redirect-loop/" in path:
            fault, answer = "redirect-loop", self._faulty("redirect-loop", path, Answer(200))
        elif fault := self._fault(whole):
            asked = {name: value for name, value in headers.items() if name in ("range", "if-range")}
            answer = self._faulty(fault, path, self._normal(path, query, asked))
        else:
            answer = self._normal(path, query, headers)
        answer = _encoded(answer, fault, gzips="gzip" in headers.get("accept-encoding", ""))
        status = 0 if fault == "reset" else answer.status
        with self._lock:
            self.seen.append(Request(at, method, whole, dict(headers), status, fault))
        return answer, fault

    def _fault(self, path: str) -> str | None:
        with self._lock:
            nth = self._times[path]
            self._times[path] += 1
            for pattern, faults, always in self._rules:
                if faults and fnmatchcase(path, pattern):
                    return faults[0] if always else faults.pop(0)
            if not self._share:
                return None
            chance = random.Random(f"{self.seed} {nth} {path}")  # noqa: S311 # repeatable is the point
            return chance.choice(self._among) if chance.random() < self._share else None

    def _faulty(self, fault: str, path: str, answer: Answer) -> Answer:
        if fault in _PAGES:
            return _PAGES[fault]
        if fault == "silently-cut":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        if fault == "empty-200":
            return replace(answer, status=200, body=b"")
        if fault == "wrong-document":
            return self._wrong(path)
        if fault == "redirect-loop":
            turn = "there" if path.endswith("/back") else "back"
            return Answer(302, headers={"Location": f"/{path.partition('/')[0]}/redirect-loop/{turn}"})
        return answer

    def _wrong(self, path: str) -> Answer:
        """The submission after this one, as a cache gone astray would give."""
        path = _canonical(path)
        here = self.root.glob("www.sec.gov/Archives/edgar/data/**/*.txt")
        names = {_canonical(file.relative_to(self.root).as_posix()) for file in here} | {*self._memory}
        others = sorted(name for name in names - {path} if name.endswith(".txt") and self._memory.get(name, True))
        if not path.endswith(".txt") or not others:
            return _PAGES["html-200"]
        return self._normal(next((name for name in others if name > path), others[0]), "", {})

    def _document(self, path: str) -> Document | None:
        path = _canonical(path)
        if path in self._memory:
            return self._memory[path]
        head, _, name = path.rpartition("/")
        for place in (path, f"{head.rpartition('/')[0]}/{name}"):
            file = self.root / place
            if _canonical(place) == path and ".." not in file.parts and file.is_file():
                return Document(file.read_bytes(), file.stat().st_mtime)
        return None

    def _normal(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        if padded := _PADDED.fullmatch(path):
            return Answer(301, headers={"Location": f"/{padded[1]}{padded[2]}"})
        document = self._document(path)
        if document is None:
            asked = {name: values[0] for name, values in parse_qs(query).items()}
            if path == "www.sec.gov/cgi-bin/browse-edgar" and asked.get("action") == "getcurrent":
                return self._feed(asked)
            return self._search(asked) if path == "efts.sec.gov/LATEST/search-index" else _absent(path)
        kind, marks = _TYPES.get(Path(path).suffix, "application/octet-stream"), {}
        if self.validators:
            marks = document.validators
            if document.unchanged(headers):
                return Answer(304, kind=kind, headers=marks)
        return self._part(Answer(200, document.body, kind, marks), headers)

    def _part(self, answer: Answer, headers: Mapping[str, str]) -> Answer:
        """What is asked for of a document from some byte on, if the client's copy is of the same; else all of it."""
        asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        marks = (answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        if not self.ranges or not asked or ("if-range" in headers and headers["if-range"] not in marks):
            return answer
        first, size = int(asked[1]), len(answer.body)
        if first >= size:
            return Answer(416, headers={"Content-Range": f"bytes */{size}"})
        said = {"Content-Range": f"bytes {first}-{size - 1}/{size}"}
        return replace(answer, status=206, body=answer.body[first:], headers={**answer.headers, **said})

    def _feed(self, asked: Mapping[str, str]) -> Answer:
        """The latest filings: forms that begin with `type`, from `start`, as many as `count`."""
        listed = [entry for entry in (Listed(*entry) for entry in self.current)
                  if entry.form.startswith(asked.get("type", ""))]  # fmt: skip
        listed.sort(key=lambda entry: entry.moment, reverse=True)
        now = listed[0].moment if listed else datetime.now(NEW_YORK)
        start, count = int(asked.get("start", 0)), min(int(asked.get("count", 40)), 100)
        link = "/cgi-bin/browse-edgar?action=getcurrent"
        text = f"""<?xml version="1.0" encoding="ISO-8859-1" ?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>Latest Filings - {now:%a, %d %b %Y %H:%M:%S %Z}</title>
<link rel="alternate" href="{link}"/>
<link rel="self" href="{link}"/>
<id>https://www.sec.gov{link}</id>
<author><name>Webmaster</name><email>webmaster@sec.gov</email></author>
<updated>{now.isoformat(timespec="seconds")}</updated>
{"".join(map(_entry, listed[start : start + count]))}</feed>
"""
        return Answer(200, text.encode("iso-8859-1", "xmlcharrefreplace"), "application/atom+xml")

    def _search(self, asked: Mapping[str, str]) -> Answer:
        """Hits whose name has every word asked for, a hundred a page."""
        words = asked.get("q", "").replace('"', " ").casefold().split()
        forms = {form for form in asked.get("forms", "").split(",") if form}
        found = [
            hit for hit in (Hit(*hit) for hit in self.hits)
            if all(word in hit.name.casefold() for word in words)
            and (not forms or forms & {hit.form, hit.form.removesuffix("/A")})
            and asked.get("startdt", "") <= str(hit.file_date) <= asked.get("enddt", "9")
        ]  # fmt: skip
        start = int(asked.get("from", 0))
        total = {"value": min(len(found), 10000), "relation": "eq" if len(found) <= 10000 else "gte"}
        told = {
            "took": 3,
            "timed_out": False,
            "_shards": {"total": 50, "successful": 50, "skipped": 0, "failed": 0},
            "hits": {"total": total, "max_score": 1.0, "hits": [_source(hit) for hit in found[start : start + 100]]},
            "aggregations": {},
            "query": dict(asked),
        }
        return Answer(200, json.dumps(told).encode(), "application/json")


def _entry(entry: Listed) -> str:
    cik, moment = int(entry.cik), entry.moment
    folder = f"https://www.sec.gov/Archives/edgar/data/{cik}/{entry.accession.replace('-', '')}"
    return f"""<entry>
<title>{entry.form} - {escape(entry.name)} ({cik:010}) (Filer)</title>
<link rel="alternate" type="text/html" href="{folder}/{entry.accession}-index.htm"/>
<summary type="html">
 &lt;b&gt;Filed:&lt;/b&gt; {moment:%Y-%m-%d} &lt;b&gt;AccNo:&lt;/b&gt; {entry.accession} &lt;b&gt;Size:&lt;/b&gt; 14 KB
</summary>
<updated>{moment.isoformat(timespec="seconds")}</updated>
<category scheme="https://www.sec.gov/" label="form type" term="{entry.form}"/>
<id>urn:tag:sec.gov,2008:accession-number={entry.accession}</id>
</entry>
"""


def _source(hit: Hit) -> dict:
    return {
        "_index": "edgar_file",
        "_id": f"{hit.accession}:primary_doc.xml",
        "_score": 1.0,
        "_source": {
            "ciks": [f"{int(hit.cik):010}"],
            "display_names": [f"{hit.name}  (CIK {int(hit.cik):010})"],
            "adsh": hit.accession,
            "form": hit.form,
            "root_forms": [hit.form.removesuffix("/A")],
            "file_type": hit.form,
            "file_date": str(hit.file_date),
        },
    }


def _encoded(answer: Answer, fault: str | None, *, gzips: bool) -> Answer:
    """With its length and encoding, for a client that reads gzip or not; some faults lie here."""
    headers, body = dict(answer.headers), answer.body
    if answer.status == 304:
        return answer
    if fault == "bad-gzip":
        body = b"this was never compressed " * 20
    elif fault == "truncated-gzip":
        body = _gzipped(body)[: len(_gzipped(body)) // 2]
    elif gzips and body:
        body = _gzipped(body)
    if body is not answer.body:
        headers["Content-Encoding"] = "gzip"
    if fault == "cut-chunked":
        headers["Transfer-Encoding"] = "chunked"
    else:
        headers["Content-Length"] = str(len(body))
    return replace(answer, body=body, headers=headers | {"Content-Type": answer.kind, "Vary": "Accept-Encoding"})


def _known(faults: Sequence[str]) -> None:
    if not faults or not set(faults) <= set(FAULTS):
        raise ValueError(f"no such fault among {', '.join(FAULTS)}: {faults}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        at, edgar = time.monotonic(), self.server.edgar
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, fault = edgar.meet(self.command, self.path, headers, at)
        edgar.over.wait(edgar.delay)
        head, body = answer.head(edgar.clock), b"" if self.command == "HEAD" else answer.body
        part = body[: len(body) // 2]
        self.close_connection |= fault in _BREAKING
        if fault == "slow":
            self.wfile.write(head)
            size = len(body) // 5 + 1
            for start in range(0, 5 * size, size):
                edgar.over.wait(0.06)
                self.wfile.write(body[start : start + size])
        elif fault == "cut-chunked":
            self.wfile.write(head + (f"{len(part):x}\r\n".encode() + part + b"\r\n" if part else b""))
        elif fault != "reset":
            self.wfile.write(head + (part if fault in _BREAKING else body))
        if fault == "stall":
            edgar.over.wait(edgar.stall)
        if fault == "reset-body":
            edgar.over.wait(0.05)  # what was sent arrives first
        if fault in {"reset", "reset-body"}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())

    do_HEAD = do_GET  # noqa: N815 # the name it is looked up by

    def log_message(self, *_: object) -> None:
        pass


class _Server(socketserver.ThreadingTCPServer):
    """A thread a connection; all of them are over when it closes."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, edgar: SmallEdgar, port: int) -> None:
        self.edgar = edgar
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: socket.socket, client_address: tuple) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for request in list(self._open):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: socket.socket, client_address: tuple) -> None:
        """A client that is gone is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Header(NamedTuple):
    """What the head of a submission says, as far as indexes repeat it."""

    cik: str
    name: str
    form: str
    filed: date
    accession: str
    period: str
    accepted: str
    size: int


def _header(content: bytes, size: int) -> _Header:
    head = content.split(b"</SEC-HEADER>", 1)[0]
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")

    def said(label: str, pattern: str = r"\S+") -> str:
        found = re.search(rf"{label}[:>]\s*({pattern})", text)
        return found[1].strip() if found else ""

    accepted = said("ACCEPTANCE-DATETIME", r"\d{14}")
    if accepted:
        moment = datetime.strptime(accepted, "%Y%m%d%H%M%S").replace(tzinfo=NEW_YORK).astimezone(UTC)
        accepted = f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
    period = said("CONFORMED PERIOD OF REPORT", r"\d{8}")
    return _Header(
        cik=said("CENTRAL INDEX KEY", r"\d+").zfill(10),
        name=said("COMPANY CONFORMED NAME", r"[^\r\n]+"),
        form=said("CONFORMED SUBMISSION TYPE"),
        filed=date.fromisoformat(said("FILED AS OF DATE", r"\d{8}")),
        accession=said("ACCESSION NUMBER"),
        period=date.fromisoformat(period).isoformat() if period else "",
        accepted=accepted,
        size=size,
    )


def lay_out(root: Path, submissions: Iterable[bytes], *, index: bool = True) -> Path:
    """Lay submissions out as EDGAR does, with their managers' lists and, unless told otherwise, the indexes.

    A second call adds to the first: lists and indexes are written anew from all that is there.
    """
    archives = root / "www.sec.gov" / "Archives" / "edgar"
    for content in submissions:
        header = _header(content, 0)
        folder = archives / "data" / str(int(header.cik)) / header.accession.replace("-", "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{header.accession}.txt").write_bytes(content)
    managers, indexes = defaultdict(list), defaultdict(list)
    for file in archives.glob("data/*/*/*.txt"):
        with file.open("rb") as opened:
            header = _header(opened.read(1 << 16), file.stat().st_size)
        managers[header.cik].append(header)
        quarter = f"{header.filed:%Y}/QTR{(header.filed.month + 2) // 3}"
        indexes[f"full-index/{quarter}/master.idx"].append(header)
        indexes[f"daily-index/{quarter}/master.{header.filed:%Y%m%d}.idx"].append(header)
    lists = root / "data.sec.gov" / "submissions"
    lists.mkdir(parents=True, exist_ok=True)
    for cik, headers in managers.items():
        headers.sort(key=lambda one: (one.filed, one.accepted, one.accession), reverse=True)
        (lists / f"CIK{cik}.json").write_text(json.dumps(_submissions(headers)), encoding="utf-8")
    for name, headers in indexes.items() if index else ():
        file = archives / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_master(headers, daily=name.startswith("daily")))
    return root


def _submissions(headers: Sequence[_Header]) -> dict:
    """A manager's list of filings, from headers that come newest first."""
    count = len(headers)
    recent = {
        "accessionNumber": [one.accession for one in headers],
        "filingDate": [one.filed.isoformat() for one in headers],
        "reportDate": [one.period for one in headers],
        "acceptanceDateTime": [one.accepted for one in headers],
        "act": ["34"] * count,
        "form": [one.form for one in headers],
        "fileNumber": [""] * count,
        "filmNumber": [""] * count,
        "items": [""] * count,
        "core_type": [one.form for one in headers],
        "size": [one.size for one in headers],
        "isXBRL": [0] * count,
        "isInlineXBRL": [0] * count,
        "primaryDocument": ["xslForm13F_X02/primary_doc.xml"] * count,
        "primaryDocDescription": [""] * count,
    }
    return {
        "cik": headers[0].cik,
        "entityType": "other",
        "name": headers[0].name,
        "tickers": [],
        "exchanges": [],
        "formerNames": [],
        "filings": {"recent": recent, "files": []},
    }


def _master(headers: Sequence[_Header], *, daily: bool) -> bytes:
    shape, last = ("%Y%m%d", "File Name") if daily else ("%Y-%m-%d", "Filename")
    lines = [
        "Description:           Master Index of EDGAR Dissemination Feed",
        "",
        f"CIK|Company Name|Form Type|Date Filed|{last}",
        "-" * 80,
    ]
    lines += [
        f"{int(one.cik)}|{one.name}|{one.form}|{one.filed:{shape}}|edgar/data/{int(one.cik)}/{one.accession}.txt"
        for one in sorted(headers, key=lambda one: (one.cik, one.form, one.accession))
    ]
    return ("\n".join(lines) + "\n").encode("latin-1", "replace")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.small_edgar", description="Serve a tree as EDGAR would.")
    parser.add_argument("tree", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.0, help="of requests that meet some fault")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts what runs behind it deaf to the first
        signal.signal(number, signal.default_int_handler)
    with SmallEdgar(given.tree, seed=given.seed, port=given.port) as edgar, suppress(KeyboardInterrupt):
        edgar.fail_randomly(given.share)
        for name, value in edgar.environment.items():  # a rate set by hand would hide the program's own
            sys.stdout.write(f"{'# ' if name.endswith('RATE') else ''}export {name}='{value}'\n")
        sys.stdout.flush()
        threading.Event().wait()
    statuses = Counter(str(request.status) for request in edgar.seen)
    faults = Counter(request.fault for request in edgar.seen if request.fault)
    sys.stdout.write(f"\n{len(edgar.seen)} requests, at most {edgar.busiest_second()} within a second\n")
    for told in (statuses, faults):
        sys.stdout.write(", ".join(f"{name}: {count}" for name, count in sorted(told.items())) + "\n")


if __name__ == "__main__":
    main()
