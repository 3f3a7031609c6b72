"""Fails-to-deliver files of the SEC: which symbol a CUSIP went by, on which days, at what price.

A half-month's file has a line a CUSIP and settlement day, separated by pipes, of which a description may hold some;
its bytes are Latin-1; two trailer lines end it, of which one counts the others. It comes as a zip of one member.
XXXX after a symbol marks a CUSIP that was retired, ZZZZ one that is to come
(https://www.sec.gov/data-research/sec-markets-data/fails-deliver-data).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.errors import MalformedFilingError
from thirteenf.tables import SIGHTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 64 << 20
"""No half-month comes near it: the largest have 5 MiB."""
JUMP = 1.45
"""A price that changes by this factor from one sighting to the next begins a new stretch."""
POSTED_AFTER = timedelta(days=42)
"""A file is taken for known so long after its last settlement day. The SEC posts it within two to six weeks."""

_HEADER = "SETTLEMENT DATE|CUSIP|SYMBOL|"
_FIELDS = ("day", "cusip", "symbol", "quantity")
_DAY = r"^\d{8}$"
_COUNT = re.compile(r"trailer record count\s+(\d+)", re.IGNORECASE)
_MARKED = r"^(.+?)(XXXX|ZZZZ)$"
_SYMBOL = r"^[A-Z0-9.\-/]+$"
_NO_SYMBOL = ("XXXX", "ZZZZ")
_MARKS = {"XXXX": "retired", "ZZZZ": "to-come"}
_PLACES = 10_000


@dataclass(frozen=True)
class Fails:
    """What a file says: its sightings (tables.SIGHTINGS), its lines, those that say nothing, its last day."""

    sightings: pl.DataFrame
    lines: int
    passed_over: int
    last: date


def read(content: bytes, name: str) -> Fails:
    """Read a fails-to-deliver file.

    Args:
        content: the zip, or the text in it.
        name: what to call it in messages.

    Returns:
        Its sightings, by CUSIP and day. Lines whose CUSIP fails its check digit, or whose symbol is none, are
        passed over and counted.

    Raises:
        MalformedFilingError: if it is damaged, cut short, or something else.
    """
    lines = _lines(unpacked(content, name).decode("latin-1"), name)
    rows = _rows(lines, name)
    numbers = rows["cusip"].unique()
    valid = numbers.filter(
        pl.Series([cusips.is_valid(n) and n not in cusips.PLACEHOLDERS for n in numbers], dtype=pl.Boolean)
    )
    good = rows.filter(
        pl.col("cusip").is_in(valid.implode())
        & pl.col("symbol").str.contains(_SYMBOL)
        & ~pl.col("symbol").is_in(_NO_SYMBOL)
    )
    last = rows["day"].max()
    assert isinstance(last, date)  # noqa: S101 - there are rows, and each has a day
    return Fails(stretches(good), rows.height, rows.height - good.height, last)


def unpacked(content: bytes, name: str) -> bytes:
    """The text inside a zip of one member, or what is given if it is no zip.

    Raises:
        MalformedFilingError: if the zip is damaged, has no or several members, or unpacks to more than any is.
    """
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = [one for one in packed.infolist() if not one.is_dir()]
            if len(members) != 1:
                raise MalformedFilingError(f"{name} holds {len(members)} files, not one.", "Get it from the SEC again.")
            with packed.open(members[0]) as stream:
                text = stream.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise MalformedFilingError(f"{name} is a damaged zip file.", "Get it from the SEC again.") from error
    if len(text) > MAX_BYTES:
        raise MalformedFilingError(f"{name} unpacks to more than {MAX_BYTES >> 20} MiB.", "No such file does.")
    return text


def joined(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Sightings of several files as one table; the same file given twice, under two names, counts once.

    Where files overlap, as those of 2009 of half-months and quarters do, days may be counted twice.
    """
    return (
        pl.concat([SIGHTINGS.schema().to_frame(), *parts]).unique(maintain_order=True).sort("cusip", "first", "symbol")
    )


def known_on(day: date) -> date:
    """The last settlement day of which files were surely posted by the end of a day (rule R10).

    >>> known_on(date(2023, 3, 31))
    datetime.date(2023, 2, 14)
    """
    last = day - POSTED_AFTER
    middle = date(last.year, last.month, 14)
    following = date(last.year + last.month // 12, last.month % 12 + 1, 1) - timedelta(days=1)
    return (
        following
        if last >= following
        else middle
        if last >= middle
        else date(last.year, last.month, 1) - timedelta(days=1)
    )


def stretches(rows: pl.DataFrame) -> pl.DataFrame:
    """Days as stretches: one ends where the symbol or its mark changes, or where the price jumps.

    Args:
        rows: cusip, symbol (as filed), day, price (null where there is none), issuer.
    """
    marked = pl.col("symbol").str.extract_groups(_MARKED).struct
    price = pl.col("known price")
    told = (
        rows.lazy()
        .with_columns(
            symbol=pl.coalesce(marked.field("1"), "symbol"),
            mark=marked.field("2").replace_strict(_MARKS, default="").fill_null(""),
        )
        .sort("cusip", "day", maintain_order=True)
        .with_columns(pl.col("price").forward_fill().over("cusip").alias("known price"))
        .with_columns(
            begins=(pl.col("cusip") != pl.col("cusip").shift())
            | (pl.col("symbol") != pl.col("symbol").shift())
            | (pl.col("mark") != pl.col("mark").shift())
            | ((price > price.shift() * JUMP) | (price * JUMP < price.shift())).fill_null(value=False)
        )
        .with_columns(stretch=pl.col("begins").fill_null(value=True).cum_sum())
        .group_by("stretch", maintain_order=True)
        .agg(
            pl.col("cusip", "symbol", "mark").first(),
            pl.col("issuer").last(),
            first=pl.col("day").first(),
            last=pl.col("day").last(),
            days=pl.col("day").n_unique().cast(pl.Int64),
            first_price=pl.col("price").drop_nulls().first(),
            last_price=pl.col("price").drop_nulls().last(),
        )
        .select(SIGHTINGS.names)
    )
    return told.collect()


def _lines(text: str, name: str) -> pl.Series:
    """The lines that count, once header and trailer say that all are there."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # a description may hold other line ends
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or not lines[0].upper().startswith(_HEADER):
        raise MalformedFilingError(
            f"{name} is no fails-to-deliver file: it does not begin with {_HEADER}…", "Look at it."
        )
    body = [line for line in lines[1:] if not line.lower().startswith("trailer")]
    counted = next((match for line in lines[-3:] if (match := _COUNT.match(line))), None)
    if not counted:
        raise MalformedFilingError(f"{name} is cut short: its trailer is missing.", "Get it from the SEC again.")
    if counted[1].lstrip("0") != str(len(body)).lstrip("0"):
        told = f"{name} has {len(body):,} lines where its trailer counts {int(counted[1][:18]):,}."
        raise MalformedFilingError(told, "Get it from the SEC again.")
    return pl.Series("line", body, dtype=pl.String)


def _rows(lines: pl.Series, name: str) -> pl.DataFrame:
    """Lines as cusip, symbol, day, price in hundredths of a cent, issuer."""
    # a description may hold pipes: four fields from the left, one from the right
    fields = lines.str.splitn("|", len(_FIELDS) + 1).struct.rename_fields([*_FIELDS, "rest"]).struct.unnest()
    rest = pl.col("rest")
    price = rest.str.split("|").list.last()
    is_whole = rest.str.contains("|", literal=True) & pl.col("day").str.contains(_DAY)
    parts = fields.with_columns(
        day=pl.when(is_whole).then("day"), price=price,
        issuer=rest.str.head(rest.str.len_chars() - price.str.len_chars() - 1),
    )  # fmt: skip
    rows = parts.select(
        pl.col("cusip").str.strip_chars().str.to_uppercase(),
        pl.col("symbol").str.strip_chars().str.to_uppercase(),
        pl.col("day").str.to_date("%Y%m%d", strict=False),
        (pl.col("price").str.strip_chars().cast(pl.Float64, strict=False) * _PLACES)
        .round()
        .cast(pl.Int64, strict=False),
        pl.col("issuer").str.strip_chars(),
    )
    broken = rows["day"].null_count()
    if broken or rows.is_empty():
        told = f"{broken:,} of its {rows.height:,} lines are of another shape" if rows.height else "no line"
        raise MalformedFilingError(f"{name} cannot be read: {told}.", "Get it from the SEC again.")
    return rows.with_columns(pl.when(pl.col("price") > 0).then("price"))
