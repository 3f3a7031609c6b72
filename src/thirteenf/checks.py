"""What is odd about a filing as filed: checks against its own cover page, its own rows and the form's vocabulary.

Nothing is changed or dropped here; every finding is an oddity that travels with the result (rule R7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.filing import CODES, COMBINATION_REPORT, Filing, Oddity
from thirteenf.tables import is_stock
from thirteenf.vocabulary import AMOUNT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPTION_TITLE = re.compile(r"(PUT|CALL)S?\b", re.IGNORECASE)
_PUT_CALLS = ("", "Put", "Call")
_ROWS_TO_TELL, _COPIED = 5, 0.8
_FIGURES = pl.struct("cusip_as_filed", "amount", "value")
_TITLED = (pl.col("put_call") == "") & pl.col("title_of_class").str.contains("(?i)^(PUT|CALL)")
_SUSPICIONS = {
    "others": ((pl.col("other_managers").list.len() == 0) & pl.col("other_managers_as_filed").is_not_null()).any(),
    "spelled": (pl.col("put_call_as_filed") != pl.col("put_call")).any(),
    "neither": (~pl.col("put_call").is_in(_PUT_CALLS)).any(),
    "kinds": (~pl.col("amount_type").is_in(AMOUNT_TYPES)).any(),
    "titled": _TITLED.any(),
    "nothing": (pl.col("amount") == 0).any(),
    "nameless": (pl.col("issuer") == "").any(),
    "alike": _FIGURES.is_duplicated().any(),
}
"""Whether any row may be odd in a way; a look at all of them at once takes a tenth of one at each."""


def check(filing: Filing, rows: pl.DataFrame) -> list[Oddity]:
    """All oddities of a filing and its rows.

    Args:
        filing: the cover page's words.
        rows: the rows as filed, columns as in tables.INFORMATION_TABLE, values in the filing's unit.

    Returns:
        Oddities of the filing as a whole first, then of rows in their order.
    """
    found = list(_whole(filing, rows))
    if rows.height:
        found.extend(sorted(_rows(rows), key=lambda oddity: oddity.row or 0))
    return found


def _whole(filing: Filing, rows: pl.DataFrame) -> Iterator[Oddity]:
    counted, total = filing.table_entry_total, filing.table_value_total
    if counted is not None and counted != rows.height:
        yield Oddity("row-count-mismatch", f"{rows.height:,} rows, where the summary page counts {counted:,}")
    value = int(rows["value"].sum())
    if total is not None and total != value:
        # each row may be rounded by half a unit, in thousands or in dollars
        code = "value-total-rounding" if abs(total - value) <= max(1, rows.height / 2) else "value-total-mismatch"
        yield Oddity(code, f"values add up to {value:,}, where the summary page gives {total:,} (as filed)")
    stock = rows.filter(is_stock())  # of principal the two are often the same
    same = int((stock["value"] == stock["amount"]).sum())
    if stock.height >= _ROWS_TO_TELL and same >= _COPIED * stock.height:
        yield Oddity("value-equals-amount", f"{same:,} of {stock.height:,} rows of shares have one number as both")
    if filing.is_confidential_omitted:
        yield _plain("rows-withheld")
    if filing.report_type == COMBINATION_REPORT:
        names = ", ".join(manager.name for manager in filing.other_managers) or "managers it does not name"
        yield Oddity("combination-report", f"part of the holdings is in the reports of {names}")
    if filing.accepted is None:
        yield _plain("accepted-unknown")


def _rows(rows: pl.DataFrame) -> Iterator[Oddity]:
    """What is odd about single rows; most filings have nothing of a kind, and are looked at once for all kinds."""
    is_there = rows.select(**_SUSPICIONS).row(0, named=True)
    yield from _numbers(rows, has_others=is_there["others"])
    yield from _book(rows, is_there)
    if is_there["nothing"]:
        empty = (pl.col("amount") == 0) & (pl.col("value") == 0)
        valued = (pl.col("amount") == 0) & (pl.col("value") != 0)
        for code, where in (("zero-row", empty), ("amount-zero", valued)):
            yield from (_plain(code, row) for row in rows.filter(where)["row"])
    if is_there["nameless"]:
        yield from (_plain("issuer-missing", row) for row in rows.filter(pl.col("issuer") == "")["row"])
    if is_there["alike"]:
        as_filed = [name for name in rows.columns if name not in ("row", "other_managers")]
        alike = rows.filter(_FIGURES.is_duplicated())
        for at in alike.group_by(as_filed).agg("row").filter(pl.col("row").list.len() > 1)["row"]:
            first, *again = sorted(at.to_list())
            yield from (Oddity("row-repeated", f"the same as row {first}; both are counted", row=row) for row in again)


def _numbers(rows: pl.DataFrame, *, has_others: bool) -> Iterator[Oddity]:
    """CUSIPs and other managers' numbers that are not as the form has them."""
    odd = [as_filed for as_filed in rows["cusip_as_filed"].drop_nulls().unique() if cusips.faults(as_filed)]
    for as_filed, at in _places(rows.filter(pl.col("cusip_as_filed").is_in(odd)), "cusip_as_filed") if odd else ():
        for code in cusips.faults(as_filed):
            yield from (Oddity(code, f"CUSIP '{as_filed}': {CODES[code]}", row=row) for row in at)
    if not has_others:
        return
    for numbers, at in _places(rows.filter(pl.col("other_managers").list.len() == 0), "other_managers_as_filed"):
        if numbers.strip(" 0,") and numbers.upper() not in ("NONE", "N/A"):
            yield from (Oddity("other-managers-unreadable", f"other managers: '{numbers}'", row=row) for row in at)


def _book(rows: pl.DataFrame, is_there: Mapping[str, bool]) -> Iterator[Oddity]:
    """Rows of which it is not plain whether they are stock, principal or options."""
    if is_there["spelled"]:
        spelled = rows.filter(pl.col("put_call_as_filed") != pl.col("put_call"))
        for row, said, meant in spelled.select("row", "put_call_as_filed", "put_call").iter_rows():
            yield Oddity("put-call-spelling", f"put/call is '{said}', read as {meant or 'none'}", row=row)
    if is_there["neither"]:
        for said, at in _places(rows.filter(~pl.col("put_call").is_in(_PUT_CALLS)), "put_call"):
            yield from (Oddity("put-call-unreadable", f"put/call is '{said}'", row=row) for row in at)
    if is_there["kinds"]:
        for kind, at in _places(rows.filter(~pl.col("amount_type").is_in(AMOUNT_TYPES)), "amount_type"):
            yield from (Oddity("amount-type-unreadable", f"amount type is '{kind}'", row=row) for row in at)
    if is_there["titled"]:
        for title, at in _places(rows.filter(_TITLED), "title_of_class"):
            if _OPTION_TITLE.match(title):
                yield from (Oddity("option-in-title", f"title of class is '{title}'", row=row) for row in at)


def _places(rows: pl.DataFrame, column: str) -> Iterator[tuple[str, list[int]]]:
    """Each distinct text of a column with the numbers of its rows."""
    grouped = rows.filter(pl.col(column).is_not_null()).group_by(column, maintain_order=True).agg("row")
    yield from zip(grouped[column].to_list(), grouped["row"].to_list(), strict=True)


def _plain(code: str, row: int | None = None) -> Oddity:
    return Oddity(code, CODES[code], row=row)
