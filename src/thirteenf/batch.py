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
from thirteenf.store import Tabled, Unreadable
from thirteenf.tables import FILINGS, IMPORTED, INFORMATION_TABLE, ODDITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
            store.add(tabled(list(self.entries.values())), list(self.unreadable.values()))
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
    """Filings as they stand in the tables, a period each, with each one's oddities and its unit by itself."""
    named = [entry.rows.with_columns(accession_number=pl.lit(entry.filing.accession_number)) for entry in entries]
    rows = pl.concat([INFORMATION_TABLE.schema(_ROWS).to_frame(), *(rows.select(_ROWS) for rows in named)])
    read = [
        one.as_dict() | {"accession_number": entry.filing.accession_number}
        for entry in entries for one in entry.oddities
    ]  # fmt: skip
    filings = [entry.filing for entry in entries]
    found = pl.concat([
        pl.DataFrame(read, schema=ODDITIES.schema(_ODDITY)), checks.check_all(filings, rows).select(_ODDITY)
    ])  # fmt: skip
    told = of_filings(filings, rows, {entry.filing.accession_number: entry.document for entry in entries})
    return [
        Tabled(of_period, *(_in_order(frame, of_period, names) for frame, names in (
            (rows, INFORMATION_TABLE.names), (found, ODDITIES.names)
        )))
        for of_period in told.partition_by("period", maintain_order=True)
    ]  # fmt: skip


def _in_order(frame: pl.DataFrame, filings: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """What a frame has of some filings, by manager, filing and row."""
    joined = frame.join(filings.select("accession_number", "cik"), on="accession_number", maintain_order="left")
    return joined.select(names).sort("cik", "accession_number", "row", maintain_order=True)


_ROWS = tuple(name for name in INFORMATION_TABLE.names if name != "cik")
_ODDITY = tuple(name for name in ODDITIES.names if name != "cik")


def of_filings(filings: Iterable[Filing], rows: pl.DataFrame, documents: Mapping[str, str]) -> pl.DataFrame:
    """Filings as they stand in the table of filings, each with its own unit.

    Args:
        filings: what their headers and cover pages say.
        rows: their rows: accession_number and what units.own_of looks at.
        documents: where the bytes of each lie, by accession number.
    """
    told = [_as_row(filing) | {"document": documents[filing.accession_number]} for filing in filings]
    frame = pl.DataFrame(told, schema=FILINGS.schema(_AS_READ))
    sums = rows.group_by("accession_number").agg(row_count=pl.len().cast(pl.Int64), value_sum=pl.col("value").sum())
    sums = sums.with_columns(pl.col("accession_number").cast(pl.String))
    own = units.own_of(frame.select("accession_number", "filing_date"), rows)
    settled = {f"value_{name}": f"own_{name}" for name in ("unit", "unit_reason", "unit_certainty")}
    return (
        frame.join(sums, on="accession_number", how="left", maintain_order="left")
        .with_columns(pl.col("row_count", "value_sum").fill_null(0))
        .join(own, on="accession_number", how="left", maintain_order="left")
        .with_columns(**{name: pl.col(of) for name, of in settled.items()})
        .select(FILINGS.names)
    )


_AS_READ = (*Filing.__dataclass_fields__, "document")


def _as_row(filing: Filing) -> dict[str, Any]:
    lists = {name: [vars(one) for one in getattr(filing, name)] for name in _LISTS}
    return vars(filing) | lists


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
