"""The SEC's Official List of 13(f) securities, as text: names, classes, which have options, what came and went.

A line has 80 columns: CUSIP in 1 to 9, an asterisk in 10 if options on it are listed, the issuer in 11 to 40, the
description in 41 to 67, the status in 68 to 70: *A* added, *D* deleted
(https://www.sec.gov/rules-regulations/staff-guidance/official-list-section-13f-securities).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.errors import MalformedFilingError
from thirteenf.tables import LISTED

if TYPE_CHECKING:
    from datetime import date

_OPTIONS = ("CALL", "PUT")
_STATUS = {"*A*": "added", "*D*": "deleted"}
_SHORTEST = 42
_MOST = 0.9


def read(content: bytes, quarter: date, name: str) -> pl.DataFrame:
    """Read a list; columns of tables.LISTED, a row a security that is no option, by CUSIP.

    A security may stand in it twice; one that is both added and deleted is neither.

    Raises:
        MalformedFilingError: if it is a PDF, or most of its lines are of another shape.
    """
    if content.startswith(b"%PDF"):
        raise MalformedFilingError(
            f"{name} is a PDF, which is not read.", "Look for the list as text; names are taken from elsewhere."
        )
    lines = [line for line in content.decode("latin-1").replace("\r", "").split("\n") if line.strip()]
    rows = [row for line in lines if (row := _row(line, quarter))]
    if len(rows) < len(lines) * _MOST or not rows:
        told = f"{len(rows):,} of its {len(lines):,} lines have the shape of the list"
        raise MalformedFilingError(f"{name} cannot be read: {told}.", "Get it from the SEC again.")
    listed = pl.DataFrame(rows, schema=LISTED.schema(), orient="row")
    listed = listed.filter(~pl.col("title_of_class").is_in(_OPTIONS))
    status = pl.col("status").filter(pl.col("status") != "").unique()
    return (
        listed.group_by("quarter", "cusip")
        .agg(
            pl.col("issuer", "title_of_class").first(), pl.col("has_options").any(),
            status=pl.when(status.len() == 1).then(status.first()).otherwise(pl.lit("")),
        )
        .sort("cusip")
        .select(LISTED.names)
    )  # fmt: skip


def _row(line: str, quarter: date) -> tuple[date, str, str, str, bool, str] | None:
    cusip = line[:9].upper()
    option = line[40:67].strip() in _OPTIONS
    if len(line) < _SHORTEST or line[9] not in " *" or not (cusips.is_valid(cusip) or option):
        return None
    return quarter, cusip, line[10:40].strip(), line[40:67].strip(), line[9] == "*", _STATUS.get(line[67:70], "")
