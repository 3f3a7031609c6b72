"""The tables' text: tab-separated, a header line, no quoting; so that a name may hold a quotation mark.

Every piece is read at once by polars. Only where that cannot be (a line with too many fields, bytes that are no UTF-8,
a number that is none) its lines are looked at one by one.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl

from thirteenf.errors import MalformedFilingError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from thirteenf.datasets.members import Members


def read(members: Members, table: str, columns: Iterable[str]) -> pl.DataFrame:
    """A small table whole, all of it text.

    Raises:
        MalformedFilingError: if it is damaged, or lacks a column.
    """
    return pl.concat([frame for frame, _ in scan(members, table, dict.fromkeys(columns, pl.String()))])


def columns(members: Members, table: str) -> list[str]:
    """The names of a table's columns."""
    return _names(members.head(table).rstrip(b"\n"))


def scan(
    members: Members, table: str, columns: dict[str, pl.DataType]
) -> Generator[tuple[pl.DataFrame, list[list[str]]]]:
    """A table piece by piece.

    Args:
        members: the data set.
        table: its name.
        columns: those wanted, and their types; others are left.

    Yields:
        The rows of a piece, in order, texts as they stand, what is blank null; numbers that are none stay text. And
        the fields of lines that have too many or too few.

    Raises:
        MalformedFilingError: if it is damaged, or lacks a column.
    """
    with closing(members.pieces(table)) as pieces:
        first = next(pieces, b"")
        header, _, first = first.partition(b"\n")
        names = _names(header)
        missing = [name for name in columns if name not in names]
        if missing:
            raise MalformedFilingError(
                f"{table} in {members.what} has no column {missing[0]}: has the format changed?", "It was left."
            )
        schema = {name: columns.get(name, pl.String()) for name in names}
        yield _parsed(first, schema, list(columns))
        for piece in pieces:
            yield _parsed(piece, schema, list(columns))


def _names(header: bytes) -> list[str]:
    return header.decode("utf-8-sig", "replace").rstrip("\r").upper().split("\t")


def _parsed(piece: bytes, schema: dict[str, pl.DataType], wanted: list[str]) -> tuple[pl.DataFrame, list[list[str]]]:
    if not piece or piece.isspace():
        return pl.DataFrame(schema={name: schema[name] for name in wanted}), []
    piece = piece.replace(b"\r\n", b"\n") if b"\r" in piece else piece
    try:
        frame = _read(piece, schema)
    except pl.exceptions.PolarsError:
        pass
    else:
        # polars fills up a line that was cut: then there are too few tabs
        if not frame[:, -1].null_count() or piece.count(b"\t") == frame.height * (len(schema) - 1):
            return frame.select(wanted), []
    texts: dict[str, pl.DataType] = dict.fromkeys(schema, pl.String())
    lines = [_decoded(line).split("\t") for line in piece.split(b"\n") if line.strip()]
    odd = [line for line in lines if len(line) != len(schema)]
    whole = "\n".join("\t".join(line) for line in lines if len(line) == len(schema)).encode()
    if not whole:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String())), odd
    return _read(whole, texts).select(wanted), odd


def _read(piece: bytes, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.read_csv(piece, separator="\t", quote_char=None, has_header=False, schema=schema)


def _decoded(line: bytes) -> str:
    """A line's text; bytes that are no UTF-8 are those of western Europe, as in the SEC's other files."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
