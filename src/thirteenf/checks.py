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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_OPTION_TITLE = re.compile(r"(PUT|CALL)S?\b", re.IGNORECASE)
_NUMBERS = re.compile(r"[\d,; ]+")
_PUT_CALLS = ("", "Put", "Call")
_ROWS_TO_TELL, _COPIED = 5, 0.8
_FIGURES = {
    "accession_number": 0x9E3779B97F4A7C15, "cusip_as_filed": 0xBF58476D1CE4E5B9, "amount": 0x94D049BB133111EB,
    "value": 0xD6E8FEB86659FD93,
}  # fmt: skip
"""What two rows that are the same have in common, each with a large odd number to mix it by."""
_FOUND = ("accession_number", "row", "code", "message")


def check(filing: Filing, rows: pl.DataFrame) -> list[Oddity]:
    """All oddities of one filing: of it as a whole first, then of its rows in their order (see `check_all`)."""
    named = rows.with_columns(accession_number=pl.lit(filing.accession_number))
    told = check_all([filing], named).drop("accession_number").iter_rows(named=True)
    return [Oddity(**one) for one in told]


def check_all(
    filings: Iterable[Filing], rows: pl.DataFrame, several: pl.Series | None = None, *, timed: bool = True
) -> pl.DataFrame:
    """All oddities of some filings and of their rows.

    Args:
        filings: the cover pages' words.
        rows: their rows as filed, columns as in tables.INFORMATION_TABLE without cik, values in the filings' units;
            those of one filing together. Texts may be categories.
        several: accession numbers of the filings that have several rows of a security, if that is known: a row that is
            repeated is in one of them.
        timed: whether they came in a way that gives an acceptance time, so that one without is odd.

    Returns:
        accession_number, row (null where a whole filing is meant), code, message: filings as wholes first, then rows
        by filing and number.
    """
    figures = {str(one["accession_number"]): one for one in _sums(rows).iter_rows(named=True)}
    whole = [
        (filing.accession_number, one.row, one.code, one.message)
        for filing in filings for one in _whole(filing, figures.get(filing.accession_number, _NO_ROWS), timed=timed)
    ]  # fmt: skip
    found = [pl.DataFrame(whole, schema=ODDITIES.schema(_FOUND), orient="row")]
    if rows.height:
        of_rows = pl.concat([found[0].clear(), *_rows(rows, several)])
        found.append(of_rows.sort("accession_number", "row", maintain_order=True))
    return pl.concat(found)


_NO_ROWS: Mapping[str, Any] = {"rows": 0, "value": 0, "stock": 0, "same": 0}


def _sums(rows: pl.DataFrame) -> pl.DataFrame:
    """What is compared with the cover pages, a row a filing: sums up to its last row less those up to its first."""
    is_same = pl.col("value") == pl.col("amount")  # of principal the two are often the same
    runs = rows["accession_number"].rle().struct.unnest()
    so_far = rows.lazy().select(
        pl.col("value").cum_sum(), stock=is_stock().cast(pl.Int64).cum_sum(),
        same=(is_same & is_stock()).cast(pl.Int64).cum_sum(),
    )  # fmt: skip
    ends = runs.select(pl.col("len").cast(pl.Int64).cum_sum() - 1).to_series()
    sums = so_far.select(pl.all().gather(ends)).collect()
    return sums.select(pl.all() - pl.all().shift(1, fill_value=0)).with_columns(
        rows=runs["len"].cast(pl.Int64), accession_number=runs["value"]
    )


def _whole(filing: Filing, rows: Mapping[str, Any], *, timed: bool) -> Iterator[Oddity]:
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
    if timed and filing.accepted is None:
        yield _plain("accepted-unknown")


def _rows(rows: pl.DataFrame, several: pl.Series | None) -> Iterator[pl.DataFrame]:
    """What is odd about single rows, a frame a kind. Texts repeat: each distinct one is looked at once."""
    yield from _of_texts(rows)
    nothing = rows.lazy().filter(pl.col("amount") == 0).select("accession_number", "row", "value").collect()
    for code, where in (("zero-row", pl.col("value") == 0), ("amount-zero", pl.col("value") != 0)):
        yield _told(nothing.filter(where), code, pl.lit(CODES[code]))
    yield from _repeated(rows, several)


def _repeated(rows: pl.DataFrame, several: pl.Series | None) -> Iterator[pl.DataFrame]:
    """Rows that stand in a table more than once."""
    figures = rows.lazy().select(*_FIGURES).with_row_index("at")
    if several is not None:
        kind = rows.schema["accession_number"]
        figures = figures.filter(pl.col("accession_number").is_in(several.cast(pl.String).cast(kind).implode()))
    mark = pl.lit(0, pl.UInt64)  # of all that could be the same; what has one mark in common is compared below
    for name, factor in _FIGURES.items():
        number = pl.col(name) if name in ("amount", "value") else pl.col(name).cast(pl.Categorical).to_physical()
        mark = mark + number.cast(pl.UInt64, wrap_numerical=True) * factor
    marks = figures.select("at", mark=mark).collect()
    alike = rows[marks.filter(marks["mark"].is_duplicated())["at"]]
    if alike.is_empty():
        return
    as_filed = [name for name in rows.columns if name not in ("row", "other_managers")]
    first = pl.col("row").min().over(as_filed)
    again = alike.with_columns(first=first).filter(pl.col("row") > pl.col("first"))
    yield _told(again, "row-repeated", pl.format("the same as row {}; both are counted", "first"))


def _of_texts(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    faults = {text: cusips.faults(text) for text in _texts(rows, "cusip_as_filed")}
    for code in (code for code in CODES if any(code in codes for codes in faults.values())):
        meant = [text for text, codes in faults.items() if code in codes]
        yield _where(rows, "cusip_as_filed", meant, code, f"CUSIP '{{}}': {CODES[code]}")
    others = [text for text in _texts(rows, "other_managers_as_filed") if _is_odd(text)]
    numberless = rows.filter(pl.col("other_managers").list.len() == 0) if others else rows
    yield _where(numberless, "other_managers_as_filed", others, "other-managers-unreadable", "other managers: '{}'")
    spelled = rows.select("put_call_as_filed", "put_call").drop_nulls().unique()
    for as_filed, meant_by_it in sorted((str(text), str(word)) for text, word in spelled.iter_rows()):
        if meant_by_it != as_filed:
            told = f"put/call is '{{}}', read as {meant_by_it or 'none'}"
            yield _where(rows, "put_call_as_filed", [as_filed], "put-call-spelling", told)
    neither = [text for text in _texts(rows, "put_call") if text not in _PUT_CALLS]
    yield _where(rows, "put_call", neither, "put-call-unreadable", "put/call is '{}'")
    kinds = [text for text in _texts(rows, "amount_type") if text not in AMOUNT_TYPES]
    yield _where(rows, "amount_type", kinds, "amount-type-unreadable", "amount type is '{}'")
    titles = [text for text in _texts(rows, "title_of_class") if _OPTION_TITLE.match(text)]
    unmarked = rows.filter(pl.col("title_of_class").is_in(titles) & (pl.col("put_call") == "")) if titles else rows
    yield _where(unmarked, "title_of_class", titles, "option-in-title", "title of class is '{}'")
    nameless = [text for text in _texts(rows, "issuer") if not text]
    yield _where(rows, "issuer", nameless, "issuer-missing", CODES["issuer-missing"])


def _texts(rows: pl.DataFrame, column: str) -> list[str]:
    return sorted(str(text) for text in rows[column].unique().drop_nulls())


def _is_odd(others: str) -> bool:
    """Whether an other managers' column says anything but numbers, and that there is none."""
    return not _NUMBERS.fullmatch(others) and bool(others.strip(" 0,")) and others.upper() not in ("NONE", "N/A")


def _where(rows: pl.DataFrame, column: str, texts: Sequence[str], code: str, message: str) -> pl.DataFrame:
    """The rows with one of some texts in a column; the message may quote the text."""
    found = rows.filter(pl.col(column).is_in(texts)) if texts else rows.clear()
    return _told(found, code, pl.format(message, column) if "{}" in message else pl.lit(message))


def _told(rows: pl.DataFrame, code: str, message: pl.Expr) -> pl.DataFrame:
    told = rows.select("accession_number", "row", code=pl.lit(code), message=message)
    return told.cast(dict(ODDITIES.schema(_FOUND)))  # type: ignore[arg-type]


def _plain(code: str) -> Oddity:
    return Oddity(code, CODES[code])
