"""Every state that each manager's book of each period has been in, and the days between which it was known.

What is known on a day is what was filed by its end (rule R10). So a book changes on filing dates only, and what was
known on a day are the rows with `known_from` on that day or before and `known_to` after it, or none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import amendments, plausibility
from thirteenf.lineage import identity
from thirteenf.tables import HOLDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from thirteenf.books import Books
    from thirteenf.catalog import Catalog

_SPAN = ("known_from", "known_to")
_SCHEMA = {"cik": pl.String, "accession_number": pl.String, "value_unit": pl.String, "document": pl.String,
           "place": pl.Int64, "known_from": pl.Date, "known_to": pl.Date}  # fmt: skip
_OF_FILING = ("accession_number", "value_unit", "document")


def scan(books: Books, catalog: Catalog, as_of: date | None = None, *, versions: bool = False) -> pl.LazyFrame:
    """Every manager's positions in every period, lazily, with the days between which each state was known.

    Args:
        books: all books.
        catalog: what filings come to and what was done to securities.
        as_of: only what was filed by then.
        versions: every state by then, not only those that still stand.

    Returns:
        What amendments.positions gives, with period, known_from, known_to, figi and security_id.
    """
    names = identity.oldest(catalog.lineage(as_of))
    suspects = plausibility.suspects(books.filings(as_of))["cik"].unique()
    parts = []
    for period in sorted(set(books.filings(as_of)["period"])):
        found = _spans(books, catalog, period, as_of, suspects, versions=versions)
        if not versions:
            found = found.filter(pl.col("known_to").is_null())
        rows = books.scan_rows(period, found.unique("accession_number"))
        held = amendments.positions(rows, found.lazy(), apart=_SPAN)
        parts.append(held.with_columns(period=pl.lit(period), security_id=pl.col("cusip").replace(names)))
    nothing = HOLDINGS.schema(("cik", "period")).to_frame().lazy()
    return pl.concat([nothing, *parts], how="diagonal") if parts else _empty()


def _empty() -> pl.LazyFrame:
    kept = ("cik", "period", "cusip", "put_call", "amount_type", "issuer", "title_of_class", "amount", "value",
            "weight", "rows", "accession_numbers")  # fmt: skip
    more = {**dict.fromkeys(_SPAN, pl.Date), "figi": pl.String, "security_id": pl.String}
    return pl.LazyFrame(schema={**HOLDINGS.schema(kept), **more})


def _spans(
    books: Books, catalog: Catalog, period: date, as_of: date | None, suspects: pl.Series, *, versions: bool
) -> pl.DataFrame:
    """Filings in force and when each was, of one period: cik, accession_number, value_unit, place, the span."""
    filings = books.of_period(period, as_of)
    is_suspect = pl.col("cik").is_in(suspects.implode())
    parts = [pl.DataFrame(schema=_SCHEMA)]
    if versions:
        is_plain = (pl.len().over("cik") == 1) & ~amendments.adds() & ~is_suspect
        plain = filings.filter(is_plain)
        parts.append(
            plain.select("cik", "accession_number", "value_unit", "document", pl.lit(0, pl.Int64).alias("place"),
                         known_from="filing_date", known_to=pl.lit(None, pl.Date))
        )  # fmt: skip
        close = filings.filter(~is_plain)
    else:
        told = catalog.standing(period, as_of).filter(~is_suspect & ~pl.col("state").is_in(amendments.NO_BOOK))
        places = pl.int_ranges(0, pl.col("accession_numbers").list.len(), dtype=pl.Int64)
        each = told.select(
            known_from="filing_date", known_to=pl.lit(None, pl.Date), accession_number="accession_numbers", place=places
        ).explode("accession_number", "place")
        parts.append(
            filings.select("cik", "accession_number", "value_unit", "document")
            .join(each, on="accession_number")
            .select(list(_SCHEMA))
        )
        close = filings.filter(is_suspect)
    if close.height:
        parts.append(pl.DataFrame(list(_followed(books, period, close, as_of, set(suspects))), schema=_SCHEMA))
    return pl.concat(parts)


def _followed(
    books: Books, period: date, filings: pl.DataFrame, as_of: date | None, suspects: set[str]
) -> Iterator[dict[str, Any]]:
    """The spans of managers with several filings, or with some that may be refused, day by day."""
    rows = books.rows_of(period, filings)
    nothing = rows.clear()
    of_manager = rows.partition_by("cik", as_dict=True)
    told = {number: (unit, at) for number, unit, at in filings.select(*_OF_FILING).iter_rows()}
    for (cik,), part in filings.partition_by("cik", as_dict=True, maintain_order=True).items():
        one = str(cik)
        own, held = part.to_dicts(), of_manager.get((cik,), nothing)
        days = sorted({filing["filing_date"] for filing in own})
        if one in suspects:  # what is refused may change with a filing for another period
            every = books.filings(as_of, one)["filing_date"]
            days = sorted({day for day in every if day >= days[0]})
        stood: list[tuple[date, tuple[str, ...]]] = []
        for day in days:
            refused = books.refusals(day, one) if one in suspects else {}
            known = [filing for filing in own if filing["filing_date"] <= day]
            book = amendments.fold([f for f in known if f["accession_number"] not in refused], held)
            in_force = () if book.state in amendments.NO_BOOK else book.in_force
            if not stood or stood[-1][1] != in_force:
                stood.append((day, in_force))
        for place, (day, in_force) in enumerate(stood):
            end = stood[place + 1][0] if place + 1 < len(stood) else None
            for at, number in enumerate(in_force):
                unit, document = told[number]
                yield {"cik": one, "accession_number": number, "value_unit": unit, "document": document, "place": at,
                       "known_from": day, "known_to": end}  # fmt: skip
