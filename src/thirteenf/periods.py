"""Quarters: `2025Q3` is the period of report that ended on 2025-09-30, due 45 days later.

Deadlines follow rule 13f-1 (45 days after the quarter's end) and Exchange Act rule 0-3 (the next business day when
that is a weekend or a federal holiday). Of the federal holidays only Washington's Birthday can fall on a deadline.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from thirteenf.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAYS_TO_FILE = 45
SATURDAY = 5
_FIRST_YEAR, _LAST_YEAR = 1978, 2999  # the form began in 1978
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")
_QUARTER_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))


@cache
def new_york() -> ZoneInfo:
    """EDGAR's clock."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - so that --help need not load it

    return ZoneInfo("America/New_York")


def quarter_end(year: int, quarter: int) -> date:
    """The last day of a quarter: `quarter_end(2025, 3)` is 2025-09-30."""
    month, day = _QUARTER_ENDS[quarter - 1]
    return date(year, month, day)


def parse(text: str) -> date:
    """The quarter's last day, from `2025Q3` or `2025-09-30`.

    Raises:
        UsageError: for anything that is not a quarter.
    """
    hint = "Write a quarter as 2025Q3 or by its last day, 2025-09-30; 'latest' is the newest that was filed."
    try:
        match = _QUARTER.fullmatch(text.strip())
        day = quarter_end(int(match[1]), int(match[2])) if match else date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"'{text}' is not a quarter.", hint) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UsageError(f"'{text}' is not a quarter that a Form 13F can be about.", hint)
    if not is_quarter_end(day):
        raise UsageError(f"{day} is not the last day of a quarter; {label(day)} ended on {containing(day)}.", hint)
    return day


def earlier(named: date | None, than: date) -> date:
    """The period to compare with: the one named, or the quarter before.

    Raises:
        UsageError: if it is not earlier.
    """
    period = named or before(than)
    if period >= than:
        raise UsageError(f"{label(period)} is not earlier than {label(than)}.", "Give --against an earlier quarter.")
    return period


def day(text: str) -> date:
    """A day written as 2025-11-14.

    Raises:
        UsageError: for anything else.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"'{text}' is not a day.", "Write a day as 2025-11-14.") from None


def label(day: date) -> str:
    """The quarter that a day lies in, as `2025Q3`."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def told(day: date) -> str:
    """A period as it is named to people: 2025Q3, or the day itself where no quarter ends on it."""
    return label(day) if is_quarter_end(day) else str(day)


def containing(day: date) -> date:
    """The last day of the quarter that a day lies in."""
    return quarter_end(day.year, (day.month + 2) // 3)


def is_quarter_end(day: date) -> bool:
    """Whether a quarter ends on that day."""
    return (day.month, day.day) in _QUARTER_ENDS


def before(day: date) -> date:
    """The end of the quarter before the one that a day lies in."""
    first_month = 3 * ((day.month - 1) // 3) + 1
    return date(day.year, first_month, 1) - timedelta(days=1)


def today() -> date:
    """The day it is where this machine stands."""
    return datetime.now().astimezone().date()


def last_ended(today: date) -> date:
    """The newest quarter that is over on a day; on a quarter's last day that is the quarter before."""
    return before(today)


def deadline(period: date) -> date:
    """The day by which a period's Form 13F is due.

    >>> deadline(date(2025, 12, 31))
    datetime.date(2026, 2, 17)
    """
    due = period + timedelta(days=DAYS_TO_FILE)
    while due.weekday() >= SATURDAY or due == _washingtons_birthday(due.year):
        due += timedelta(days=1)
    return due


def _washingtons_birthday(year: int) -> date:
    first = date(year, 2, 1)
    return first + timedelta(days=-first.weekday() % 7 + 14)
