"""What can go wrong, and the exit code each kind ends with.

    ThirteenfError            1  a bug, if it is ever seen bare
    ├── UsageError            2  the question cannot be asked that way
    ├── NotFoundError         3  no such manager, security, period or cache
    ├── MalformedFilingError  5  a document that is no readable Form 13F
    ├── PartlyDoneError       7  some of it worked; what did not is listed
    └── StoreError            8  the store is busy, full, damaged or unwritable
        └── ConflictError     8  the archive holds other bytes under that accession number

Codes 4 (EDGAR unreachable or blocked), 6 (refused as implausible) and 9 (verify found a difference) belong to
commands that raise them. Every error carries a message (what happened) and a hint (what to do next).
"""

from __future__ import annotations


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


class MalformedFilingError(ThirteenfError):
    """A document that is no readable Form 13F: truncated, HTML, a text table of before 2013, no cover page."""

    exit_code = 5
    code = "malformed-filing"


class PartlyDoneError(ThirteenfError):
    """Some of what was asked was done; the report lists what was not."""

    exit_code = 7
    code = "partly-done"


class StoreError(ThirteenfError):
    """The store is busy, full, damaged or unwritable; what it held is still there."""

    exit_code = 8
    code = "store"


class ConflictError(StoreError):
    """The archive holds other bytes under that accession number; they were kept."""
