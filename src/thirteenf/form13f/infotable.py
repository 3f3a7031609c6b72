"""The information table: XML in, rows as filed out (tables.INFORMATION_TABLE less manager and accession number).

The schema is the SEC's eis_13FDocument.xsd. It fixes an order; this reader does not need one.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

import polars as pl

from thirteenf import cusip as cusips
from thirteenf import tables
from thirteenf.errors import MalformedFilingError
from thirteenf.filing import Oddity
from thirteenf.form13f import xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MAX_ROWS = 250_000
"""Rows that the SEC's schema allows in one table."""

_FIELDS = {
    "nameOfIssuer": "issuer",
    "titleOfClass": "title_of_class",
    "cusip": "cusip_as_filed",
    "figi": "figi",
    "value": "value",
    "sshPrnamt": "amount",
    "sshPrnamtType": "amount_type",
    "putCall": "put_call_as_filed",
    "investmentDiscretion": "investment_discretion",
    "otherManager": "other_managers_as_filed",
    "Sole": "voting_sole",
    "Shared": "voting_shared",
    "None": "voting_none",
}
NUMBERS = {
    "value": "value",
    "amount": "sshPrnamt",
    "voting_sole": "Sole",
    "voting_shared": "Shared",
    "voting_none": "None",
}
"""Columns of whole numbers, with the schema's elements."""
_REQUIRED = ("value", "sshPrnamt")
_OPTIONAL = ("figi", "put_call_as_filed", "investment_discretion", "other_managers_as_filed")
_LONGEST = 1 << 16
_MOST_DIGITS = 40  # Python refuses to read thousands of them
LARGEST = 10**16 - 1
"""Sixteen digits, as many as the schema allows; a sum of 250,000 such values in thousands is checked by `units`."""
_COLUMNS = tuple(name for name in tables.INFORMATION_TABLE.names if name not in ("cik", "accession_number"))
_M = TypeVar("_M")
_PUT_CALLS = {"": "", "PUT": "Put", "PUTS": "Put", "P": "Put", "CALL": "Call", "CALLS": "Call", "C": "Call"}
_SEPARATED = re.compile(r"-?([0-9]+|[0-9]{1,3}([, _][0-9]{3})+)(\.[0-9]+)?")
_AMOUNT_TYPES = {"SH": "SH", "PRN": "PRN", "SHARES": "SH", "PRINCIPAL": "PRN"}


class InformationTable(NamedTuple):
    """Rows as filed, and what was odd in reading them."""

    rows: pl.DataFrame
    oddities: list[Oddity]


def read_information_table(source: bytes | BinaryIO, what: str = "The information table") -> InformationTable:
    """All rows of an information table.

    Args:
        source: the document's bytes, or a binary stream that can seek.
        what: how to call it in messages.

    Returns:
        A frame with the columns of tables.INFORMATION_TABLE but `cik` and `accession_number`, a row a row as filed,
        values in the filing's unit; and the oddities met on the way.

    Raises:
        MalformedFilingError: if it is cut short, no XML, no information table, lacks a CUSIP, value or amount, or
            has more rows than the form allows.
    """
    batches = list(scan_information_table(source, what))
    if not batches:
        return InformationTable(tables.INFORMATION_TABLE.schema(_COLUMNS).to_frame(), [])
    if len(batches) == 1:
        return batches[0]
    return InformationTable(pl.concat([b.rows for b in batches]), [o for b in batches for o in b.oddities])


def scan_information_table(
    source: bytes | BinaryIO, what: str = "The information table", *, batch_rows: int = 4_000
) -> Iterator[InformationTable]:
    """The same rows in batches, in memory that does not grow with the table.

    Raises:
        MalformedFilingError: as `read_information_table`; batches before the fault have been handed out by then, so
            keep none of them unless all came.
    """
    first_row = 1
    for texts in _batches(source, what, batch_rows):
        table = _typed(texts, first_row, what)
        first_row += table.rows.height
        if first_row > MAX_ROWS + 1:
            raise MalformedFilingError(
                f"{what} has more than {MAX_ROWS:,} rows, which is all the form allows.", "It was left."
            )
        yield table


def _place(name: str) -> int:
    """The place of an element's text in a row, by its name with any prefix; -1 for the row's own end."""
    fields, local = list(_FIELDS), xml.local(name)
    if local == "infoTable":
        return -1
    return fields.index(local) if local in _FIELDS else len(fields)  # one spare place for all that is no field


def _batches(  # noqa: C901 - the handlers share their state
    source: bytes | BinaryIO, what: str, batch_rows: int
) -> Iterator[dict[str, list[str | None]]]:
    """Columns of texts by name, a batch of rows at a time.

    Rows are laid end to end in one list: a list a row would keep Python's garbage collector busy for a tenth of the
    time.
    """
    width = len(_FIELDS) + 1
    blank: list[str | None] = [None] * width
    laid: list[str | None] = []
    row, text = blank[:], ""
    places: dict[str, int] = {}  # a plain dictionary: its look-ups are the quickest there are

    def data(piece: str) -> None:
        nonlocal text
        if not text:
            text = piece
        elif len(text) < _LONGEST:
            text += piece
        else:
            raise MalformedFilingError(f"{what} has a text longer than any field.", "It is no Form 13F: get it again.")

    def end(name: str) -> None:
        nonlocal laid, text
        try:
            place = places[name]
        except KeyError:
            place = places[name] = _place(name)
        if place >= 0:
            row[place] = text
        else:
            laid += row
            row[:] = blank
        text = ""

    def taken(count: int) -> dict[str, list[str | None]]:
        part = laid[: count * width]
        del laid[: count * width]
        return {name: part[place::width] for place, name in enumerate(_FIELDS.values())}

    def root(name: str, _: dict[str, str]) -> None:
        _refuse_another_root(name, what)
        made.StartElementHandler = None

    made = xml.parser(what)
    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = root, end, data
    for _ in xml.feed(made, source, what):
        if len(laid) >= batch_rows * width:
            yield taken(batch_rows)
    while laid:
        yield taken(batch_rows)


def _refuse_another_root(name: str, what: str) -> None:
    if xml.local(name) != "informationTable":
        kind = "a cover page" if xml.local(name) == "edgarSubmission" else f"a document of another kind ({name})"
        raise MalformedFilingError(f"{what} is {kind}, no information table.", "Offer the table's own file.")


def _typed(texts: dict[str, list[str | None]], first_row: int, what: str) -> InformationTable:
    """A batch of texts as typed columns.

    Plain Python on purpose: texts repeat, so that each distinct one is worked out once, and a table of fifty rows
    would spend more time in planning polars queries than in answering them.
    """
    found: list[Oddity] = []
    managers = _told(texts["other_managers_as_filed"], manager_numbers)
    place = {text: index for index, text in enumerate(managers)}
    columns = {
        "row": pl.Series(range(first_row, first_row + len(texts["value"])), dtype=pl.Int64),
        "issuer": _column(texts["issuer"], str.strip),
        "title_of_class": _column(texts["title_of_class"], str.strip),
        **_cusips(_present(texts["cusip_as_filed"], "cusip", first_row, what)),
        "amount_type": _column(texts["amount_type"], amount_type),
        "put_call": _column(texts["put_call_as_filed"], put_call),
        "other_managers": pl.Series(list(managers.values()), dtype=pl.List(pl.Int64)).gather(
            [place[text] for text in texts["other_managers_as_filed"]]
        ),
    }
    for name in _OPTIONAL:
        columns[name] = _column(texts[name], lambda text: text.strip() or None)
    for name, element in NUMBERS.items():
        columns[name] = _integers(texts[name], element, first_row, what, found)
    return InformationTable(pl.DataFrame({name: columns[name] for name in _COLUMNS}), found)


def put_call(as_filed: str) -> str:
    """Put, Call or '', in any case, in the plural or as a letter.

    Anything else is kept as filed, so that it is taken neither for stock nor for an option of either kind.
    """
    text = as_filed.strip()
    return _PUT_CALLS.get(text.upper().rstrip("."), text)


def amount_type(as_filed: str) -> str:
    """SH or PRN; anything else is kept as filed, so that it is never added to either."""
    text = as_filed.strip()
    return _AMOUNT_TYPES.get(text.upper(), text)


def manager_numbers(as_filed: str) -> list[int]:
    """`1, 2,4` as [1, 2, 4]; the placeholder 0 is no manager.

    >>> manager_numbers("2,4,11")
    [2, 4, 11]
    """
    parts = as_filed.replace(",", " ").replace(";", " ").split()
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 10 and int(part)]  # noqa: PLR2004 - no list is longer


def _told(column: Iterable[str | None], meaning: Callable[[str], _M]) -> dict[str | None, _M]:
    """What each distinct text of a column means."""
    return {text: meaning(text or "") for text in dict.fromkeys(column)}


def _column(column: Sequence[str | None], meaning: Callable[[str], str | None]) -> pl.Series:
    told = _told(column, meaning)
    if len(told) == 1:  # as of amount types, and of puts and calls in most tables
        return pl.Series(list(told.values()), dtype=pl.String).new_from_index(0, len(column))
    return pl.Series([told[text] for text in column], dtype=pl.String)


def _cusips(as_filed: list[str]) -> dict[str, pl.Series]:
    """CUSIPs as filed and as meant: the same column in a table where each is nine capitals and digits."""
    filed = pl.Series(as_filed, dtype=pl.String)
    together = "".join(as_filed)
    if set(map(len, as_filed)) == {cusips.LENGTH} and together.isalnum() and together == together.upper():
        return {"cusip_as_filed": filed, "cusip": filed}
    return {"cusip_as_filed": filed, "cusip": _column(as_filed, cusips.normal)}


def _present(column: Sequence[str | None], element: str, first_row: int, what: str) -> list[str]:
    """The column's texts without blanks around them, or a refusal that names the first row that lacks one."""
    stripped = [(text or "").strip() for text in column]
    if not all(stripped):
        raise MalformedFilingError(
            f"{what} has no {element} in row {first_row + stripped.index('')}.",
            "EDGAR accepts no such table: get it again.",
        )
    return stripped


def _integers(column: Sequence[str | None], element: str, first_row: int, what: str, found: list[Oddity]) -> pl.Series:
    """A column of whole numbers; separators and decimals, as third-party copies have them, are read and flagged."""
    try:
        joined = "".join(column)  # type: ignore[arg-type] # a missing text is a TypeError, told below
        if "_" in joined or not joined.isascii():
            raise ValueError  # noqa: TRY301 - Python would read 1_000, and digits of other scripts
        numbers = pl.Series(list(map(int, column)), dtype=pl.Int64)  # type: ignore[arg-type]
        if max(numbers.max() or 0, -(numbers.min() or 0)) > LARGEST:  # type: ignore[operator]
            raise ValueError  # noqa: TRY301 - told below, with its row
    except (TypeError, ValueError, OverflowError):
        if element in _REQUIRED:
            _present(column, element, first_row, what)
        loose = [_loosely(text, element, first_row + i, what, found) for i, text in enumerate(column)]
        too_long = next((i for i, number in enumerate(loose) if number is not None and abs(number) > LARGEST), None)
        if too_long is not None:
            number, row = loose[too_long], first_row + too_long
            raise MalformedFilingError(
                f"{what} has {number} for {element} in row {row}: more digits than the form has.",
                "EDGAR accepts no such table: get it again.",
            ) from None
        numbers = pl.Series(loose, dtype=pl.Int64)
    if (numbers.min() or 0) < 0:  # type: ignore[operator]
        told = "number-negative"
        found += [Oddity(told, f"{element} is {numbers[i]}", row=first_row + i) for i in (numbers < 0).arg_true()]
    return numbers


def _loosely(text: str | None, element: str, row: int, what: str, found: list[Oddity]) -> int | None:
    if text is None or not text.strip():
        return None
    number, is_loose = whole_number(text)
    if number is None:
        raise MalformedFilingError(
            f"{what} has '{text.strip()[:40]}' for {element} in row {row}.",
            "EDGAR accepts no such table: get it again.",
        )
    if is_loose:
        found.append(Oddity("number-format", f"{element} is written '{text.strip()}'", row=row))
    return number


def whole_number(text: str) -> tuple[int | None, bool]:
    """A number as third-party copies write it, rounded to a whole one, and whether it is written otherwise than due.

    None where it is no number, or longer than any that the form has room for.

    >>> whole_number("1,234.6")
    (1235, True)
    """
    bare = text.strip()
    if bare.isascii() and bare.removeprefix("-").isdigit() and len(bare) <= _MOST_DIGITS:
        return int(bare), False
    if not _SEPARATED.fullmatch(bare) or len(bare) > _MOST_DIGITS:
        return None, True
    return round(Decimal(re.sub("[, _]", "", bare))), True
