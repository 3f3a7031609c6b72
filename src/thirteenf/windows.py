"""The SEC's Form 13F data sets, by name: the window of filing dates that each covers, and which one a quarter is in.

A set holds what was filed in its window, whatever period it is about: a quarter of filing until 2023q4, then two months
and after that three months each, from the first of March, June, September and December. So the reports that are due
for a period lie in one set, and its late reports and amendments in later ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from thirteenf import periods
from thirteenf.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

Window = tuple[date, date]
"""The first and the last filing date that a set covers."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_END = r"_form13f(?P<again>.*)\.zip"
_OF_QUARTER = re.compile(r"(?P<year>\d{4})q(?P<quarter>[1-4])" + _END)
_OF_DAYS = re.compile(r"(\d{2})([a-z]{3})(\d{4})-(\d{2})([a-z]{3})(\d{4})" + _END)
_COPY = re.compile(r"(?:\s*\(\d+\))+(?=\.zip$)")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DataSet:
    """A data set as the SEC lists it: its file name, where it is, the first and last filing date that it covers."""

    name: str
    link: str
    first: date
    last: date


def safe(file_name: str) -> str:
    """A data set's file name as it is kept: small letters, safe on any disk, without what browsers add to a copy.

    >>> safe("01JUN2025-31AUG2025_form13f (1).zip")
    '01jun2025-31aug2025_form13f.zip'
    """
    return re.sub(r"[^a-z0-9._-]", "_", _COPY.sub("", file_name.lower())).lstrip(".") or "_.zip"


def window(file_name: str) -> Window | None:
    """The filing dates that a data set covers, by its name alone; None if that is no data set's.

    >>> window("2013q2_form13f.zip")
    (datetime.date(2013, 4, 1), datetime.date(2013, 6, 30))
    """
    name = safe(file_name)
    if quarter := _OF_QUARTER.fullmatch(name):
        last = periods.quarter_end(int(quarter["year"]), int(quarter["quarter"]))
        return periods.before(last) + _DAY, last
    days = _OF_DAYS.fullmatch(name)
    first, last_or_none = (_day(*days.groups()[:3]), _day(*days.groups()[3:6])) if days else (None, None)
    return (first, last_or_none) if first and last_or_none and first <= last_or_none else None


def listed(links: Iterable[str]) -> list[DataSet]:
    """The data sets that a page links to, oldest first; of one that was uploaded again, the newest upload.

    Args:
        links: where the page's links lead, in its order; what is no data set is passed over.
    """
    found: dict[Window, DataSet] = {}
    for link in links:
        name = safe(unquote(urlsplit(link).path).rpartition("/")[2])
        covered = window(name)
        if covered and (covered not in found or upload(name) > upload(found[covered].name)):
            found[covered] = DataSet(name, link, *covered)
    return [found[covered] for covered in sorted(found)]


def holds(covered: Window, period: date) -> bool:
    """Whether some of the days on which reports for a period are due lie in a window: those after it, to the deadline.

    >>> holds((date(2025, 9, 1), date(2025, 11, 30)), date(2025, 9, 30))
    True
    """
    first, last = covered
    return first <= periods.deadline(period) and last > period


def cover(windows: Iterable[Window], period: date) -> bool:
    """Whether some windows together leave out none of those days."""
    reached = period
    for first, last in sorted(windows):
        if first <= reached + _DAY:
            reached = max(reached, last)
    return reached >= periods.deadline(period)


def covered_periods(windows: Iterable[Window]) -> list[date]:
    """The periods whose reports, as far as they came in time, are all in some windows; oldest first."""
    windows = list(windows)
    if not windows:
        return []
    oldest, newest = min(windows)[0], max(last for _, last in windows)
    period, found = periods.before(newest), []
    while period >= periods.before(oldest):
        if cover(windows, period):
            found.append(period)
        period = periods.before(period)
    return found[::-1]


def wanted(sets: Iterable[DataSet], period: date) -> list[DataSet]:
    """The sets in which the reports for a period are, as far as they came in time; oldest first.

    Raises:
        NotFoundError: if none of them is; the hint names what there is.
    """
    sets = list(sets)
    found = [one for one in sets if holds((one.first, one.last), period)]
    if found:
        return found
    there = covered_periods((one.first, one.last) for one in sets)
    told = f"It lists those of {_through(there)}. " if there else ""
    raise NotFoundError(
        f"The SEC lists no data set for {periods.label(period)}.",
        f"{told}A set is published some days after its last filing date.",
    )


def _through(there: list[date]) -> str:
    first, last = periods.label(there[0]), periods.label(there[-1])
    return first if first == last else f"{first} to {last}"


def _day(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None


def upload(name: str) -> tuple[int, str]:
    """How often a set was uploaded again, by what stands behind its name: `_0` is the first time.

    >>> upload("2013q2_form13f_10.zip") > upload("2013q2_form13f_9.zip") > upload("2013q2_form13f.zip")
    True
    """
    again = re.search(r"_form13f(.*)\.zip", name)
    said = again[1] if again else ""
    number = re.search(r"\d+", said)
    return (int(number[0]) + 1 if number else int(bool(said))), said
