"""The SEC's files that are no filings: symbols, the Official List of 13(f) securities, fails to deliver.

Securities are told by them. They are kept as served; each is asked for once a day at most, and what does not change
not again at all.
The addresses of the list and of the fails files follow no rule (they have moved folders and been uploaded anew under
other names), so they are read off the SEC's own pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from thirteenf import listings, periods
from thirteenf.edgar import judgement
from thirteenf.errors import AbsentError, BlockedError, EdgarError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from thirteenf.finding import Finder

LIST_PAGE = "rules-regulations/staff-guidance/official-list-section-13f-securities"
FAILS_PAGE = "data-research/sec-markets-data/fails-deliver-data"
SYMBOLS = ("company_tickers.json", "company_tickers_exchange.json")
_LIST = re.compile(r"13flist(\d{4})q([1-4])", re.IGNORECASE)
_FAILS = re.compile(r"cnsfails(\d{4})(\d{2})([ab])", re.IGNORECASE)
_FAILS_OF_QUARTER = re.compile(r"cnsp_sec_fails_(\d{4})q([1-4])", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """A file to keep: its name on the shelf, its address, how it is judged, and how often it changes."""

    name: str
    url: str
    is_sound: Callable[[bytes], str]
    changes: bool = False


@dataclass
class Kept:
    """What became of the reference files: how many are here, were fetched just now, and what is not there."""

    here: int = 0
    fetched: int = 0
    absent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def refresh(finder: Finder, held: Iterable[date], tell: Callable[[str], None] = lambda _: None) -> Kept:
    """Keep the reference files for some periods.

    Args:
        finder: how they are asked for.
        held: the periods of the cache.
        tell: told the name of each file before it is asked for.

    Returns:
        What became of them: what is absent or cannot be had is told and stops nothing.

    Raises:
        BlockedError: if EDGAR turns us away.
    """
    kept, wanted = Kept(), set(held)
    symbols = [
        Reference(name, finder.addresses.file(f"files/{name}"), judgement.json_object, changes=True) for name in SYMBOLS
    ]
    for reference in symbols:
        _keep(finder, reference, kept, tell)
    for page, folder, of_page in ((LIST_PAGE, "13f-list", _lists), (FAILS_PAGE, "fails", _fails)):
        url = finder.addresses.file(page)
        name = f"pages/{page.rpartition('/')[2]}.html"
        listing = Reference(name, url, judgement.page, changes=True)
        content = _keep(finder, listing, kept, tell)
        if content is None:
            continue
        found = of_page(listings.links(content))
        if not found:
            kept.failed.append(f"{url} names no such file any more: has its shape changed? What is here stays in use.")
        for day, link in sorted(found, reverse=True):
            if periods.containing(day) in wanted:
                _keep(finder, _reference(finder, folder, link), kept, tell)
    return kept


def _keep(finder: Finder, reference: Reference, kept: Kept, tell: Callable[[str], None]) -> bytes | None:
    """Keep one file; the body of one that changes, or None if it cannot be had."""
    tell(reference.name)
    content = None
    try:
        if reference.changes:
            content, is_new = finder.daily(reference.name, reference.url, reference.is_sound)
        else:
            is_new = finder.once(reference.name, reference.url, reference.is_sound)
    except AbsentError:
        kept.absent.append(reference.url)
        return None
    except BlockedError:
        raise
    except EdgarError as error:
        kept.failed.append(error.message)
        finder.put_off(reference.name, reference.url, error.message)
        return None
    kept.here += 1
    kept.fetched += is_new
    return content


def _lists(links: list[str]) -> list[tuple[date, str]]:
    """The Official List of each quarter, by the quarter's last day: its text where there is one, else its PDF."""
    found: dict[date, str] = {}
    for link in links:
        if match := _LIST.search(_file_name(link)):
            quarter = periods.quarter_end(int(match[1]), int(match[2]))
            if quarter not in found or ".txt" in link.lower() or "-txt" in link.lower():
                found[quarter] = link
    return list(found.items())


def _fails(links: list[str]) -> list[tuple[date, str]]:
    """The fails-to-deliver files, by a day within each."""
    found = {}
    for link in links:
        name = _file_name(link)
        if half := _FAILS.search(name):
            month, part = int(half[2]), half[3].lower()
            if 1 <= month <= 12:  # noqa: PLR2004 - months
                found[date(int(half[1]), month, 1 if part == "a" else 15), name] = link
        elif whole := _FAILS_OF_QUARTER.search(name):
            found[periods.quarter_end(int(whole[1]), int(whole[2])), name] = link
    return [(day, link) for (day, _), link in found.items()]


def _reference(finder: Finder, folder: str, link: str) -> Reference:
    return Reference(f"{folder}/{_file_name(link)}", finder.addresses.file(link), judgement.file(_file_name(link)))


def _file_name(link: str) -> str:
    """The last part of a link's path, as a name that is safe on any disk."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(link).path.rpartition("/")[2])
