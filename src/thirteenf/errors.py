"""What can go wrong, and the exit code each kind ends with.

    ThirteenfError            1  a bug, if it is ever seen bare
    ├── UsageError            2  the question cannot be asked that way
    ├── NotFoundError         3  no such manager, security, period or cache
    ├── EdgarError            4  EDGAR cannot be reached, or does not give what was asked
    │   ├── BlockedError      4  it turns us away: stop, and wait
    │   └── AbsentError       4  it has no such object
    ├── MalformedFilingError  5  a document that is no readable Form 13F
    ├── ImplausibleError      6  a filing refused until it is confirmed
    ├── PartlyDoneError       7  some of it worked; what did not is listed
    ├── StoreError            8  the store is busy, full, damaged or unwritable
    │   ├── BusyError         8  another run is writing
    │   └── ConflictError     8  the archive holds other bytes under that accession number
    └── DifferenceError       9  figures are not what the archive gives

Every error carries a message (what happened) and a hint (what to do next). Where several things went wrong the most
severe is told, in the order of `SEVEREST_FIRST`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ThirteenfError(Exception):
    """Base of all errors raised on purpose: `str(error)` says what happened, `hint` what to do next."""

    exit_code = 1
    code = "bug"

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep what happened and what to do next, each one line."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reported = False
        """Whether a report that says as much has been printed: then no second document is."""


class UsageError(ThirteenfError):
    """The question cannot be asked that way: a period that is no quarter, an unknown column."""

    exit_code = 2
    code = "usage"


class NotFoundError(ThirteenfError):
    """No such manager, security or period in this cache; the hint names what there is."""

    exit_code = 3
    code = "not-found"


class EdgarError(ThirteenfError):
    """EDGAR cannot be reached, or its answer is not what was asked for; what had been fetched by then is kept."""

    exit_code = 4
    code = "edgar"


class BlockedError(EdgarError):
    """EDGAR turns this machine away; every further request prolongs that, so none is made for `seconds`."""

    code = "blocked"

    def __init__(self, message: str, hint: str = "", seconds: float = 0) -> None:
        """Keep for how many seconds no request may be made."""
        super().__init__(message, hint)
        self.seconds = seconds

    @staticmethod
    def told(seconds: float) -> str:
        """How long that is, for a message: `10 minutes`."""
        minutes = max(1, round(seconds / 60))
        number, unit = (minutes, "minute") if minutes <= 120 else (round(minutes / 60), "hour")  # noqa: PLR2004
        return f"{number} {unit}{'s' if number > 1 else ''}"


class AbsentError(EdgarError):
    """EDGAR has no such object: a day without an index, a number nobody has."""

    code = "absent"


class MalformedFilingError(ThirteenfError):
    """A document that is no readable Form 13F: truncated, HTML, a text table of before 2013, no cover page."""

    exit_code = 5
    code = "malformed-filing"


class ImplausibleError(ThirteenfError):
    """A filing that cannot well be true is refused until its user confirms it (`refresh --accept`)."""

    exit_code = 6
    code = "implausible"


class PartlyDoneError(ThirteenfError):
    """Some of what was asked was done; the report lists what was not."""

    exit_code = 7
    code = "partly-done"


class StoreError(ThirteenfError):
    """The store is busy, full, damaged or unwritable; what it held is still there."""

    exit_code = 8
    code = "store"


class BusyError(StoreError):
    """Another run is writing."""


class ConflictError(StoreError):
    """The archive holds other bytes under that accession number; they were kept."""


class DifferenceError(ThirteenfError):
    """Figures of the tables are not what the archive gives when it is read again."""

    exit_code = 9
    code = "difference"


SEVEREST_FIRST = (8, 4, 5, 6, 7)
"""Which exit code a run ends with that several things went wrong in."""


def severest(errors: Iterable[ThirteenfError]) -> ThirteenfError | None:
    """The error to end with; None if there is none."""

    def rank(error: ThirteenfError) -> int:
        code = error.exit_code
        return SEVEREST_FIRST.index(code) if code in SEVEREST_FIRST else len(SEVEREST_FIRST)

    return min(errors, key=rank, default=None)
