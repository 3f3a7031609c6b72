"""The table of all holdings in a data set: rows as filed, in columns that are worked out a distinct text at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.datasets import tsv
from thirteenf.form13f.infotable import LARGEST, NUMBERS, amount_type, manager_numbers, put_call, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thirteenf.datasets.members import Members

_TEXTS = {
    "ACCESSION_NUMBER": "accession_number",
    "NAMEOFISSUER": "issuer",
    "TITLEOFCLASS": "title_of_class",
    "CUSIP": "cusip_as_filed",
    "FIGI": "figi",
    "SSHPRNAMTTYPE": "amount_type",
    "PUTCALL": "put_call_as_filed",
    "INVESTMENTDISCRETION": "investment_discretion",
    "OTHERMANAGER": "other_managers_as_filed",
}
_NUMBERS = {
    "INFOTABLE_SK": "place",
    "VALUE": "value",
    "SSHPRNAMT": "amount",
    "VOTING_AUTH_SOLE": "voting_sole",
    "VOTING_AUTH_SHARED": "voting_shared",
    "VOTING_AUTH_NONE": "voting_none",
}
_LATER = ("FIGI",)
"""Columns that older data sets have not."""
_REQUIRED = ("value", "amount")
_NAMED = ("issuer", "title_of_class", "amount_type")
"""Texts that are '' where the others are null."""


class Rows(NamedTuple):
    """Rows as filed, what was odd in reading them, and the filings that cannot be read, with the reason.

    `rows` has the columns of tables.INFORMATION_TABLE but cik, texts as categories; the rows of a filing stand
    together, by number. `oddities` has accession_number, row, code, message.
    """

    rows: pl.DataFrame
    oddities: pl.DataFrame
    unreadable: dict[str, str]


def read(members: Members, progress: Callable[[int], None] = lambda _: None) -> Rows:
    """All rows of a data set.

    Args:
        members: the data set.
        progress: told how many rows have been read so far.

    Raises:
        MalformedFilingError: if the table is damaged, or lacks a column.
    """
    there = tsv.columns(members, "INFOTABLE")
    texts = {name: pl.String() for name in _TEXTS if name in there or name not in _LATER}
    schema: dict[str, pl.DataType] = {**texts, **{name: pl.Int64() for name in _NUMBERS}}
    frames: list[pl.DataFrame] = []
    loose: list[tuple[str, int, str]] = []
    unreadable: dict[str, str] = {}
    so_far = 0
    texts_here = [_TEXTS[name] for name in texts]
    for frame, odd in tsv.scan(members, "INFOTABLE", schema):
        for line in odd:
            unreadable[line[0].strip()] = f"a row has {len(line)} fields instead of {len(there)}"
        ours = {name: our for name, our in (_TEXTS | _NUMBERS).items() if name in frame.columns}
        named = frame.rename(ours).with_columns(pl.col(texts_here).cast(pl.Categorical))
        frames.append(_with_numbers(named, loose, unreadable))
        so_far += frame.height
        progress(so_far)
    rows = _numbered(pl.concat(frames))
    frames.clear()
    told = _loose(loose, rows)
    rows = _typed(rows.drop("place"))
    unreadable |= {number: why for number, why in _unreadable(rows) if number not in unreadable}
    found = pl.concat([told, *_negative(rows)])
    if unreadable:
        readable = ~pl.col("accession_number").is_in(list(unreadable))
        rows, found = rows.filter(readable), found.filter(readable)
    return Rows(rows, found, unreadable)


def _with_numbers(frame: pl.DataFrame, loose: list[tuple[str, int, str]], unreadable: dict[str, str]) -> pl.DataFrame:
    """A piece whose numbers are numbers; texts that are none make their filing unreadable, or are read and noted.

    Only of a piece that polars could not read as numbers.
    """
    for name in _NUMBERS.values():
        if frame.schema[name] != pl.String:
            continue
        texts = frame[name].str.strip_chars()
        is_odd = texts.cast(pl.Int64, strict=False).is_null() & (texts != "")
        meant: dict[str, str | None] = {}
        odd = frame.select("accession_number", "place", text=texts).filter(is_odd)
        for accession, place, text in odd.iter_rows():
            number, is_loose = whole_number(text)
            if number is None or abs(number) > LARGEST or name == "place":
                unreadable.setdefault(accession, f"a row has '{text[:40]}' for its {name}")
                meant[text] = None
            else:
                meant[text] = str(number)
                if is_loose:
                    loose.append((accession, -1 if place is None else int(place), f"{name} is written '{text}'"))
        told = texts.replace(meant) if meant else texts
        frame = frame.with_columns(told.cast(pl.Int64, strict=False).alias(name))
    return frame


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their number in their filing: filings as they come, rows by the data set's own key."""
    rows = rows.with_columns(pl.col("place").fill_null(-1))
    runs = rows["accession_number"].rle().struct.unnest()
    if runs["value"].n_unique() != runs.height or not rows["place"].is_sorted():
        first = rows.with_row_index("first").group_by("accession_number").agg(pl.col("first").min())
        rows = rows.join(first, on="accession_number", how="left", maintain_order="left")
        rows = rows.sort("first", "place", maintain_order=True).drop("first")
        runs = rows["accession_number"].rle().struct.unnest()
    numbers = runs.select(pl.int_ranges(1, pl.col("len").cast(pl.Int64) + 1).explode().alias("row"))
    return rows.with_columns(numbers["row"])


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as tables.INFORMATION_TABLE has them, each distinct text worked out once."""
    columns: dict[str, pl.Series] = {}
    for name in _TEXTS.values():
        if name not in rows.columns:
            columns[name] = pl.Series(name, [None], pl.Categorical).new_from_index(0, rows.height)
            continue
        meaning = _MEANINGS.get(name, str.strip if name in _NAMED else lambda text: text.strip() or None)
        columns[name] = _meant(rows[name], meaning)
    columns["put_call"] = _meant(rows["put_call_as_filed"], put_call)
    columns["cusip"] = _meant(columns["cusip_as_filed"], cusips.normal)
    columns["other_managers"] = _lists(rows["other_managers_as_filed"])
    return rows.with_columns(**columns)


_MEANINGS: dict[str, Callable[[str], str | None]] = {"amount_type": amount_type}


def _meant(column: pl.Series, meaning: Callable[[str], str | None]) -> pl.Series:
    """A column of what each distinct text means."""
    texts = [None if text is None else str(text) for text in column.unique()]
    told = [meaning(text or "") for text in texts]
    if told == texts:
        return column
    blank = meaning("")
    changed = {text: mean for text, mean in zip(texts, told, strict=True) if text is not None and text != mean}
    if changed:
        column = column.cast(pl.String).replace(changed).cast(column.dtype)
    return column if blank is None else column.fill_null(blank)


def _lists(column: pl.Series) -> pl.Series:
    """Other managers' numbers, a list a row."""
    texts = column.unique()
    lists = pl.DataFrame({"text": texts, "numbers": [manager_numbers(str(text or "")) for text in texts]},
                         schema_overrides={"numbers": pl.List(pl.Int64)})  # fmt: skip
    frame = column.alias("text").to_frame()
    return frame.join(lists, on="text", how="left", maintain_order="left", nulls_equal=True)["numbers"]


def _unreadable(rows: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Filings with a row that no position can be made of, and why."""
    for name in ("cusip_as_filed", *_REQUIRED):
        lacking = rows.filter(pl.col(name).is_null())
        for accession, row in lacking.group_by("accession_number").agg(pl.col("row").min()).iter_rows():
            yield str(accession), f"row {row} has no {name.removesuffix('_as_filed')}"
    numbers = [name for name in _NUMBERS.values() if name != "place"]
    for accession in rows.filter(pl.any_horizontal(pl.col(numbers).abs() > LARGEST))["accession_number"].unique():
        yield str(accession), "a number has more digits than the form has"


def _loose(loose: list[tuple[str, int, str]], rows: pl.DataFrame) -> pl.DataFrame:
    """Numbers that were written with separators or decimals, as oddities."""
    told = pl.DataFrame(loose, schema={"accession_number": pl.String, "place": pl.Int64, "message": pl.String},
                        orient="row")  # fmt: skip
    places = rows.select(pl.col("accession_number").cast(pl.String), "place", "row") if loose else _NO_PLACES
    found = told.join(places, on=["accession_number", "place"], maintain_order="left")
    return found.select("accession_number", "row", code=pl.lit("number-format"), message="message")


_NO_PLACES = pl.DataFrame(schema={"accession_number": pl.String, "place": pl.Int64, "row": pl.Int64})


def _negative(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Negative numbers, as oddities."""
    for name in (name for name in _NUMBERS.values() if name != "place"):
        if (rows[name].min() or 0) < 0:  # type: ignore[operator]
            odd = rows.filter(pl.col(name) < 0)
            yield odd.select(
                pl.col("accession_number").cast(pl.String), "row", code=pl.lit("number-negative"),
                message=pl.format(f"{NUMBERS[name]} is {{}}", name),
            )  # fmt: skip
