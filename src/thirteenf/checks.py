"""What is odd about filings as filed: checks against their own cover page, their own rows and the form's vocabulary.

Nothing is changed or dropped here; every finding is an oddity that travels with the result (rule R7). Rows of many
filings are looked at together: of most kinds there is none, and a look at all of them takes as long as at one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.filing import CODES, COMBINATION_REPORT, Filing, Oddity
from thirteenf.tables import ODDITIES, is_stock
from thirteenf.vocabulary import AMOUNT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_OPTION_TITLE = re.compile(r"(PUT|CALL)S?\b", re.IGNORECASE)
_PUT_CALLS = ("", "Put", "Call")
_ROWS_TO_TELL, _COPIED = 5, 0.8
_FIGURES = ("accession_number", "cusip_as_filed", "amount", "value")
_SUSPICIONS = {
    "others": (pl.col("other_managers").list.len() == 0) & pl.col("other_managers_as_filed").is_not_null(),
    "spelled": pl.col("put_call_as_filed").cast(pl.String) != pl.col("put_call").cast(pl.String),
    "neither": ~pl.col("put_call").is_in(_PUT_CALLS),
    "kinds": ~pl.col("amount_type").is_in(AMOUNT_TYPES),
    "nothing": pl.col("amount") == 0,
    "nameless": pl.col("issuer") == "",
}
"""Rows that may be odd in a way."""
_FOUND = ("accession_number", "row", "code", "message")


def check(filing: Filing, rows: pl.DataFrame) -> list[Oddity]:
    """All oddities of one filing: of it as a whole first, then of its rows in their order (see `check_all`)."""
    named = rows.with_columns(accession_number=pl.lit(filing.accession_number))
    told = check_all([filing], named).drop("accession_number").iter_rows(named=True)
    return [Oddity(**one) for one in told]


def check_all(filings: Iterable[Filing], rows: pl.DataFrame) -> pl.DataFrame:
    """All oddities of some filings and of their rows.

    Args:
        filings: the cover pages' words.
        rows: their rows as filed, columns as in tables.INFORMATION_TABLE without cik, values in the filings' units.
            Texts may be categories.

    Returns:
        accession_number, row (null where a whole filing is meant), code, message: filings as wholes first, then rows
        by filing and number.
    """
    figures = {str(one["accession_number"]): one for one in _sums(rows).iter_rows(named=True)}
    whole = [
        (filing.accession_number, one.row, one.code, one.message)
        for filing in filings for one in _whole(filing, figures.get(filing.accession_number, _NO_ROWS))
    ]  # fmt: skip
    found = [pl.DataFrame(whole, schema=ODDITIES.schema(_FOUND), orient="row")]
    if rows.height:
        of_rows = pl.concat([found[0].clear(), *_rows(rows)])
        found.append(of_rows.sort("accession_number", "row", maintain_order=True))
    return pl.concat(found)


_NO_ROWS: Mapping[str, Any] = {"rows": 0, "value": 0, "stock": 0, "same": 0}


def _sums(rows: pl.DataFrame) -> pl.DataFrame:
    """What is compared with the cover pages, a row a filing."""
    is_same = pl.col("value") == pl.col("amount")  # of principal the two are often the same
    return rows.group_by("accession_number").agg(
        rows=pl.len(), value=pl.col("value").sum(), stock=is_stock().sum(), same=(is_same & is_stock()).sum()
    )


def _whole(filing: Filing, rows: Mapping[str, Any]) -> Iterator[Oddity]:
    counted, total = filing.table_entry_total, filing.table_value_total
    if counted is not None and counted != rows["rows"]:
        yield Oddity("row-count-mismatch", f"{rows['rows']:,} rows, where the summary page counts {counted:,}")
    value = rows["value"]
    if total is not None and total != value:
        # each row may be rounded by half a unit, in thousands or in dollars
        code = "value-total-rounding" if abs(total - value) <= max(1, rows["rows"] / 2) else "value-total-mismatch"
        yield Oddity(code, f"values add up to {value:,}, where the summary page gives {total:,} (as filed)")
    stock, same = rows["stock"], rows["same"]
    if stock >= _ROWS_TO_TELL and same >= _COPIED * stock:
        yield Oddity("value-equals-amount", f"{same:,} of {stock:,} rows of shares have one number as both")
    if filing.is_confidential_omitted:
        yield _plain("rows-withheld")
    if filing.report_type == COMBINATION_REPORT:
        names = ", ".join(manager.name for manager in filing.other_managers) or "managers it does not name"
        yield Oddity("combination-report", f"part of the holdings is in the reports of {names}")
    if filing.accepted is None:
        yield _plain("accepted-unknown")


def _rows(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """What is odd about single rows, a frame a kind."""
    is_there = rows.lazy().select(**{name: where.any() for name, where in _SUSPICIONS.items()}).collect()
    may_be = is_there.row(0, named=True)
    yield from _of_cusips(rows)
    if may_be["others"]:
        yield from _of_others(rows.filter(_SUSPICIONS["others"]))
    yield from _of_books(rows, may_be)
    if may_be["nothing"]:
        nothing = rows.filter(_SUSPICIONS["nothing"])
        for code, where in (("zero-row", pl.col("value") == 0), ("amount-zero", pl.col("value") != 0)):
            yield _told(nothing.filter(where), code, pl.lit(CODES[code]))
    if may_be["nameless"]:
        yield _told(rows.filter(_SUSPICIONS["nameless"]), "issuer-missing", pl.lit(CODES["issuer-missing"]))
    yield from _repeated(rows)


def _repeated(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Rows that stand in a table more than once."""
    alike = rows.filter(pl.struct(_FIGURES).hash().is_duplicated())
    if alike.is_empty():
        return
    as_filed = [name for name in rows.columns if name not in ("row", "other_managers")]
    first = pl.col("row").min().over(as_filed)
    again = alike.with_columns(first=first).filter(pl.col("row") > pl.col("first"))
    yield _told(again, "row-repeated", pl.format("the same as row {}; both are counted", "first"))


def _of_cusips(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """CUSIPs that are not as the form has them."""
    faults = {str(one): cusips.faults(str(one)) for one in rows["cusip_as_filed"].drop_nulls().unique()}
    odd = [as_filed for as_filed, codes in faults.items() if codes]
    if odd:
        meant = rows.filter(pl.col("cusip_as_filed").is_in(odd))
        for code in (code for code in CODES if any(code in faults[as_filed] for as_filed in odd)):
            numbers = [as_filed for as_filed in odd if code in faults[as_filed]]
            message = pl.format(f"CUSIP '{{}}': {CODES[code]}", "cusip_as_filed")
            yield _told(meant.filter(pl.col("cusip_as_filed").is_in(numbers)), code, message)


def _of_others(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Other managers' columns that are no list of numbers."""
    texts = [str(text) for text in rows["other_managers_as_filed"].unique()]
    odd = [text for text in texts if text.strip(" 0,") and text.upper() not in ("NONE", "N/A")]
    message = pl.format("other managers: '{}'", "other_managers_as_filed")
    yield _told(rows.filter(pl.col("other_managers_as_filed").is_in(odd)), "other-managers-unreadable", message)


def _of_books(rows: pl.DataFrame, may_be: Mapping[str, bool]) -> Iterator[pl.DataFrame]:
    """Rows of which it is not plain whether they are stock, principal or options."""
    if may_be["spelled"]:
        meant = pl.when(pl.col("put_call") == "").then(pl.lit("none")).otherwise(pl.col("put_call").cast(pl.String))
        message = pl.format("put/call is '{}', read as {}", "put_call_as_filed", meant)
        yield _told(rows.filter(_SUSPICIONS["spelled"]), "put-call-spelling", message)
    if may_be["neither"]:
        message = pl.format("put/call is '{}'", "put_call")
        yield _told(rows.filter(_SUSPICIONS["neither"]), "put-call-unreadable", message)
    if may_be["kinds"]:
        message = pl.format("amount type is '{}'", "amount_type")
        yield _told(rows.filter(_SUSPICIONS["kinds"]), "amount-type-unreadable", message)
    titles = [str(title) for title in rows["title_of_class"].unique()]
    optional = [title for title in titles if _OPTION_TITLE.match(title)]
    if optional:
        named = rows.filter((pl.col("put_call") == "") & pl.col("title_of_class").is_in(optional))
        yield _told(named, "option-in-title", pl.format("title of class is '{}'", "title_of_class"))


def _told(rows: pl.DataFrame, code: str, message: pl.Expr) -> pl.DataFrame:
    told = rows.select("accession_number", "row", code=pl.lit(code), message=message)
    return told.cast(dict(ODDITIES.schema(_FOUND)))  # type: ignore[arg-type]


def _plain(code: str) -> Oddity:
    return Oddity(code, CODES[code])
