"""What EDGAR lists: a filer's submissions, a day's or quarter's index, the current feed, symbols, links on a page.

Bytes in, records out; nothing here knows the network. Only Forms 13F are taken from a listing. What a listing has that
cannot be read is counted, never guessed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from html.parser import HTMLParser
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from thirteenf.errors import EdgarError, MalformedFilingError
from thirteenf.form13f import xml
from thirteenf.periods import new_york

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FORMS = ("13F-HR", "13F-HR/A", "13F-NT", "13F-NT/A")
_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
_PAGE = re.compile(r"[\w-]+\.json")
_TAIL = re.compile(r"edgar/data/(\d+)/(?:\d{18}/)?(\d{10}-\d{2}-\d{6})\.txt\s*$")
_TITLE = re.compile(r"(?P<form>\S+) - (?P<name>.*) \((?P<cik>\d{10})\) \(.*\)", re.DOTALL)
_SHOWN = re.compile(r"(?P<name>.*?)\s*(?:\([^()]*\)\s*)*\(CIK (?P<cik>\d{10})\)")


@dataclass(frozen=True)
class Listed:
    """A filing as a listing has it. `period` is what EDGAR took from its header, where the listing has that."""

    accession_number: str
    cik: str
    form: str
    filing_date: date
    period: date | None = None
    name: str = ""
    accepted: datetime | None = None


@dataclass(frozen=True)
class OlderPage:
    """A page of a filer's older filings: its name, how many it has, of which days."""

    name: str
    count: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Listing:
    """A filer and its Forms 13F, newest first.

    `unreadable` entries had no number, form or date; `missing` says why older pages could not be had.
    """

    cik: str
    name: str
    filings: tuple[Listed, ...]
    older: tuple[OlderPage, ...] = ()
    unreadable: int = 0
    missing: tuple[str, ...] = ()

    def with_older(self, pages: Iterable[Listing], missing: Iterable[str] = ()) -> Listing:
        """The same with older pages put in; what stands in two of them is one filing."""
        pages = tuple(pages)
        every = {filing.accession_number: filing for part in (*pages[::-1], self) for filing in part.filings}
        ordered = sorted(every.values(), key=lambda one: (one.filing_date, one.accession_number), reverse=True)
        unreadable = self.unreadable + sum(page.unreadable for page in pages)
        return Listing(self.cik, self.name, tuple(ordered), (), unreadable, tuple(missing))


def submissions(content: bytes, cik: str) -> Listing:
    """A filer's submissions JSON, or a page of older ones, which is the bare arrays.

    Args:
        content: the JSON.
        cik: whose it is, ten digits; an older page does not say.

    Raises:
        EdgarError: if it is of another shape, or another filer's.
    """
    told = _object(content, "The submissions")
    said = str(told.get("cik") or cik)
    if said.lstrip("0") != cik.lstrip("0"):
        raise EdgarError(f"EDGAR gave the submissions of {said} for those of {cik}.", "Run it again later.")
    held = told.get("filings", told)
    recent = held.get("recent", held) if isinstance(held, dict) else None
    if not isinstance(recent, dict) or not isinstance(recent.get("accessionNumber"), list):
        raise EdgarError(f"The submissions of {cik} have no list of filings.", "Run it again later.")
    name = str(told.get("name") or "")
    filings, unreadable = _from_arrays(recent, cik, name)
    pages = held.get("files") if "recent" in held else None
    pages = pages if isinstance(pages, list) else []
    older = tuple(_older(page) for page in pages if isinstance(page, dict) and _PAGE.fullmatch(str(page.get("name"))))
    return Listing(cik, name, tuple(filings), older, unreadable)


def _from_arrays(arrays: Mapping[str, Any], cik: str, name: str) -> tuple[list[Listed], int]:
    """Parallel arrays by index; one that is too short ends early for itself alone."""
    keys = ("accessionNumber", "form", "filingDate", "reportDate", "acceptanceDateTime")
    columns = [arrays.get(key) or [] for key in keys]
    if not all(isinstance(column, list) for column in columns):
        raise EdgarError(f"The submissions of {cik} have another shape than they had.", "Run it again later.")
    filings, unreadable, seen = [], 0, set()
    for number, form, filed, period, accepted in zip_longest(*columns):
        if form is not None and form not in FORMS:
            continue
        day = _day(filed)
        if form is None or day is None or not _ACCESSION.fullmatch(str(number)):
            unreadable += 1
        elif number not in seen:
            seen.add(number)
            filings.append(Listed(number, cik, form, day, _day(period), name, _moment(accepted)))
    return filings, unreadable


def _older(page: Mapping[str, Any]) -> OlderPage:
    count = page.get("filingCount")
    return OlderPage(
        str(page["name"]), count if isinstance(count, int) else 0, _day(page.get("filingFrom")),
        _day(page.get("filingTo")),
    )  # fmt: skip


def index(content: bytes) -> list[Listed]:
    """Forms 13F of a daily or full master index, in its order, each once.

    Lines are read from both ends: names may hold anything, and bytes that are no UTF-8.
    """
    found: dict[str, Listed] = {}
    for line in content.decode("latin-1").split("\n"):  # splitlines would end lines at bytes that names may hold
        tail = _TAIL.search(line)
        fields = line.split("|")
        if not tail or len(fields) < 5 or fields[-3] not in FORMS:  # noqa: PLR2004 - the index has five columns
            continue
        filed = _day(fields[-2])
        if filed:
            cik, number = tail[1].zfill(10), tail[2]
            found.setdefault(number, Listed(number, cik, fields[-3], filed, name="|".join(fields[1:-3]).strip()))
    return list(found.values())


def days(content: bytes) -> set[date]:
    """The days that a quarter's folder of daily indexes has an index of.

    Raises:
        EdgarError: if it is no folder's index.
    """
    folder = _object(content, "The folder of daily indexes").get("directory")
    items = folder.get("item") if isinstance(folder, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise EdgarError("The folder of daily indexes has no list.", "Run it again later.")
    said = (str(item.get("name")) for item in items)
    names = (re.fullmatch(r"master\.(\d{8})\.idx(?:\.gz)?", name) for name in said)
    return {day for name in names if name and (day := _day(name[1]))}


def current(content: bytes) -> list[Listed]:
    """The current feed's Forms 13F, newest first, filed under the New York day they were accepted on.

    A feed names a filing once for each of its filers; who files and whose subject it is are the same for a 13F.

    Raises:
        EdgarError: if it is no feed.
    """
    try:
        feed = xml.tree(content, "The current feed")
    except MalformedFilingError as error:
        raise EdgarError(error.message, "Run it again later.") from None
    found: dict[str, Listed] = {}
    for entry in feed.iter("entry"):
        title = _TITLE.fullmatch(" ".join((entry.findtext("title") or "").split()))
        number = _ACCESSION.search(entry.findtext("id") or "")
        accepted = _moment(entry.findtext("updated"))
        if title and number and accepted and title["form"] in FORMS:
            day = accepted.astimezone(new_york()).date()
            one = Listed(number[0], title["cik"], title["form"], day, name=title["name"], accepted=accepted)
            found.setdefault(one.accession_number, one)
    return list(found.values())


def symbols(content: bytes) -> dict[str, str]:
    """Symbol to CIK, of the SEC's company_tickers.json.

    Raises:
        EdgarError: if it is of another shape.
    """
    rows = _object(content, "The list of symbols").values()
    try:
        return {str(row["ticker"]).upper(): str(row["cik_str"]).zfill(10) for row in rows}
    except (TypeError, KeyError):
        raise EdgarError("The SEC's list of symbols has another shape than it had.", "Name a CIK.") from None


def companies(content: bytes) -> dict[str, tuple[str, str]]:
    """CIK and name by symbol, as the SEC writes it, of its company_tickers.json; empty if it is of another shape."""
    try:
        rows = _object(content, "The list of symbols").values()
        return {str(row["ticker"]).upper(): (str(row["cik_str"]).zfill(10), str(row["title"])) for row in rows}
    except (TypeError, KeyError, EdgarError):
        return {}


def hits(content: bytes) -> dict[str, str]:
    """CIK to name of the filers that a full-text search found.

    Raises:
        EdgarError: if it is of another shape.
    """
    listed = _object(content, "The search's answer").get("hits", {})
    listed = listed.get("hits") if isinstance(listed, dict) else None
    if not isinstance(listed, list):
        raise EdgarError("The SEC's search has another shape than it had.", "Name a CIK.")
    found = {}
    for hit in listed:
        source = hit.get("_source") if isinstance(hit, dict) else None
        if isinstance(source, dict) and str(source.get("form", source.get("file_type"))) in FORMS:
            for shown in source.get("display_names") or ():
                if match := _SHOWN.match(shown):
                    found[match["cik"]] = match["name"]
    return found


def links(content: bytes) -> list[str]:
    """Where the links of a page lead, in its order, each once."""
    return list(dict.fromkeys(_Links.of(content.decode("utf-8", "replace"))))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, text: str) -> Iterator[str]:
        reader = cls()
        reader.feed(text)
        yield from reader.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value.strip() for name, value in attrs if name == "href" and value]


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise EdgarError(f"{what} are no JSON object.", "Run it again later.")
    return told


def _day(text: object) -> date | None:
    """`2025-11-14` or `20251114` as a day; None for anything else."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _moment(text: object) -> datetime | None:
    """A time with its zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
