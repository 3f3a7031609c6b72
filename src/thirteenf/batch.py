"""Filings on their way from the archive, or from a user, into the tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import checks, form13f, offers, units
from thirteenf.archive import cik_of
from thirteenf.errors import MalformedFilingError, ThirteenfError
from thirteenf.filing import Filing
from thirteenf.tabled import Tabled, Unreadable, is_of_set, positions_of
from thirteenf.tables import FILINGS, IMPORTED, INFORMATION_TABLE, ODDITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thirteenf.archive import Archive, Item
    from thirteenf.filing import Oddity
    from thirteenf.store import Store


@dataclass(frozen=True)
class Entry:
    """A filing on its way into the tables: all that was read of it, and where its bytes lie."""

    filing: Filing
    rows: pl.DataFrame
    oddities: Sequence[Oddity]
    document: str


class Batch:
    """Filings on their way into the tables, by accession number: each stands in it once."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.entries: dict[str, Entry] = {}
        self.unreadable: dict[str, Unreadable] = {}

    def write(self, store: Store, at_least: int = 0) -> None:
        """Write it all into the tables and begin anew, if it has so many rows.

        Raises:
            StoreError: if the disk refuses.
        """
        if sum(entry.rows.height for entry in self.entries.values()) >= at_least:
            found = self.unreadable
            of_sets = _read_from_sets(store) if found else set()
            unreadable = [one for number, one in found.items() if number not in of_sets]
            store.add(tabled(list(self.entries.values())), unreadable)
            store.note_read(one.document for one in found.values())
            self.entries.clear()
            self.unreadable.clear()

    def read(self, archive: Archive, item: Item) -> dict[str, Any]:
        """Take a filing of the archive in, or why it cannot be read; a row of tables.IMPORTED."""
        accession = item.accession_number
        try:
            told = read(archive, item)
        except ThirteenfError as error:  # a damaged file: it may be mended
            return refused(item.path, error)
        if isinstance(told, Unreadable):
            self.entries.pop(accession, None)
            self.unreadable[accession] = told
            return refused(item.path, MalformedFilingError(told.message))
        self.unreadable.pop(accession, None)
        self.entries[accession] = told
        return outcome(item.path, "added", told.filing, told.rows.height)


def _read_from_sets(store: Store) -> set[str]:
    """The filings that a data set's copy counts of: one that can be read goes before one that cannot."""
    return set(store.filings().filter(is_of_set())["accession_number"])


def read(archive: Archive, item: Item) -> Entry | Unreadable:
    """A filing of the archive with all that is worked out from it alone, or why it cannot be read.

    Raises:
        StoreError: if a file is damaged.
    """
    try:
        told = _read(archive, item)
    except MalformedFilingError as error:
        return _unreadable(archive, item, error)
    listed = archive.listing(item)
    if listed:
        filing = replace(told.filing, listed_cik=listed.get("cik"), listed_period=_day(listed.get("period")))
        told = replace(told, filing=filing)
    return entry(told, item.path)


def entry(reading: form13f.Reading, document: str) -> Entry:
    """A filing as read, and where its bytes lie."""
    return Entry(reading.filing, reading.rows, reading.oddities, document)


def tabled(entries: Sequence[Entry]) -> list[Tabled]:
    """Filings that came one by one as they stand in the tables (see `arranged`)."""
    named = [entry.rows.with_columns(accession_number=pl.lit(entry.filing.accession_number)) for entry in entries]
    rows = pl.concat([INFORMATION_TABLE.schema(_ROWS).to_frame(), *(rows.select(_ROWS) for rows in named)])
    found = [
        one.as_dict() | {"accession_number": entry.filing.accession_number}
        for entry in entries for one in entry.oddities
    ]  # fmt: skip
    documents = {entry.filing.accession_number: entry.document for entry in entries}
    odd = pl.DataFrame(found, schema=ODDITIES.schema(_ODDITY))
    return arranged([entry.filing for entry in entries], documents, rows, odd)


_ROWS = tuple(name for name in INFORMATION_TABLE.names if name != "cik")
_ODDITY = tuple(name for name in ODDITIES.names if name != "cik")


def arranged(
    filings: Sequence[Filing],
    documents: Mapping[str, str],
    rows: pl.DataFrame,
    odd: pl.DataFrame,
    *,
    timed: bool = True,
) -> list[Tabled]:
    """Filings as they stand in the tables, a period each, with each one's oddities and its unit by itself.

    Args:
        filings: what their headers and cover pages say.
        documents: where the bytes of each lie, by accession number.
        rows: tables.INFORMATION_TABLE without cik, the rows of one filing together and in order; texts may be
            categories.
        odd: what was odd in reading them: accession_number, row, code, message.
        timed: whether they came in a way that gives their acceptance times.
    """
    told = pl.DataFrame([_as_row(filing, documents) for filing in filings], schema=FILINGS.schema(_AS_READ))
    told = told.sort("period", "cik", "accession_number")
    rows = _in_order(rows, told)
    listed = positions_of(rows)
    told = _with_sums(told, listed)
    several = listed.filter(pl.col("rows") > 1)["accession_number"].unique()
    found = pl.concat([odd.select(_ODDITY), checks.check_all(filings, rows, several, timed=timed).select(_ODDITY)])
    found = found.join(told.select("accession_number", "cik", "period"), on="accession_number", maintain_order="left")
    found = found.sort("period", "cik", "accession_number", "row", maintain_order=True)
    parts = (_by_period(frame, told) for frame in (rows, listed, found))
    return [
        Tabled(of_period, *frames)
        for of_period, *frames in zip(told.partition_by("period", maintain_order=True), *parts, strict=True)
    ]


def _in_order(rows: pl.DataFrame, filings: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of some filings, with each filing's manager and period."""
    kind = rows.schema["accession_number"]
    runs = rows["accession_number"].rle().struct.unnest().select(
        pl.col("value").alias("accession_number"), end=pl.col("len").cast(pl.Int64).cum_sum(), count=pl.col("len")
    )  # fmt: skip
    order = filings.select(pl.col("accession_number").cast(kind), "cik", "period")
    runs = order.join(runs, on="accession_number", maintain_order="left")
    places = runs.select(pl.int_ranges(pl.col("end") - pl.col("count"), pl.col("end")).explode()).to_series()
    whose = runs.select(
        pl.col("cik").cast(pl.Categorical).repeat_by("count").explode(), pl.col("period").repeat_by("count").explode()
    )
    return rows.lazy().select(pl.all().gather(places)).collect().with_columns(whose)


def _by_period(frame: pl.DataFrame, filings: pl.DataFrame) -> list[pl.DataFrame]:
    """The stretch of a frame, which is by period, for each period of some filings."""
    lengths = dict(frame["period"].rle().struct.unnest().select("value", "len").iter_rows())
    found, at = [], 0
    for period in filings["period"].unique(maintain_order=True):
        found.append(frame.slice(at, lengths.get(period, 0)).drop("period"))
        at += lengths.get(period, 0)
    return found


def _with_sums(filings: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Filings with what their rows come to and the unit of each by itself, as tables.FILINGS has them."""
    sums = listed.group_by("accession_number").agg(row_count=pl.col("rows").sum(), value_sum=pl.col("value").sum())
    sums = sums.with_columns(pl.col("accession_number").cast(pl.String))
    own = units.own_of(filings.select("accession_number", "filing_date"), listed)
    settled = {f"value_{name}": f"own_{name}" for name in ("unit", "unit_reason", "unit_certainty")}
    return (
        filings.join(sums, on="accession_number", how="left", maintain_order="left")
        .with_columns(pl.col("row_count", "value_sum").fill_null(0))
        .join(own, on="accession_number", how="left", maintain_order="left")
        .with_columns(**{name: pl.col(of) for name, of in settled.items()})
        .select(FILINGS.names)
    )


_AS_READ = (*Filing.__dataclass_fields__, "document")


def _as_row(filing: Filing, documents: Mapping[str, str]) -> dict[str, Any]:
    lists = {name: [vars(one) for one in getattr(filing, name)] for name in _LISTS}
    return vars(filing) | lists | {"document": documents[filing.accession_number]}


_LISTS = ("other_managers", "other_included_managers")


def _unreadable(archive: Archive, item: Item, error: MalformedFilingError) -> Unreadable:
    header = form13f.Header() if item.is_folder else form13f.read_header(archive.read(item.path))
    return Unreadable(
        item.accession_number, header.cik or cik_of(item.path), error.message, item.path, header.name,
        header.form_type, header.period, header.filing_date,
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _read(archive: Archive, item: Item) -> form13f.Reading:
    """A filing of the archive."""
    if not item.is_folder:
        return form13f.read_submission(archive.read(item.path), item.path)
    documents, accession, filed = archive.read_documents(item.path)
    return read_documents(documents, item.path, accession, filed)


def read_documents(
    documents: Mapping[str, bytes], what: str, accession: str | None, filed: date | None
) -> form13f.Reading:
    """A filing whose documents came one by one, with the accession number and filing date they came with.

    Raises:
        MalformedFilingError: if they are not one cover page and at most one table, or no readable Form 13F.
    """
    covers = [content for content in documents.values() if offers.is_cover(content)]
    tables = [(content, name) for name, content in documents.items() if not offers.is_cover(content)]
    if len(covers) != 1 or len(tables) > 1:
        raise MalformedFilingError(
            f"{what} holds {len(covers)} cover pages and {len(tables)} information tables.",
            "A Form 13F has one of each.",
        )
    header = form13f.Header(accession_number=accession, filing_date=filed)
    table, name = tables[0] if tables else (None, None)
    reading = form13f.read_documents(covers[0], table, header=header, what=what)
    return replace(reading, filing=replace(reading.filing, table_document=name))


def outcome(path: str, became: str, filing: Filing, rows: int) -> dict[str, Any]:
    """A row of tables.IMPORTED: what became of a filing that was read."""
    return {
        "path": path, "outcome": became, "accession_number": filing.accession_number, "cik": filing.cik,
        "manager": filing.manager, "form_type": filing.form_type, "period": filing.period, "rows": rows,
        "message": None,
    }  # fmt: skip


def refused(path: str, error: Exception) -> dict[str, Any]:
    """A row of tables.IMPORTED: why a filing was not taken in."""
    told = f"{error.message} {error.hint}" if isinstance(error, ThirteenfError) else str(error)
    return dict.fromkeys(IMPORTED.names) | {"path": path, "outcome": "refused", "message": told.strip()}
