"""The catalogue: what securities are and what was done to them, out of the SEC's files and of all holders' books.

It is made when filings or the SEC's files come in, so that a report need not work it out:

    securities/sightings/{file}.parquet      fails-to-deliver files in stretches
    securities/listed.parquet                Official Lists
    securities/securities.parquet            a CUSIP and symbol a row
    securities/votes/{period}.parquet        what holders' books say was done in the quarter
    securities/consensus/{period}.parquet    how many hold a security on the quarter's last day, and at what price
    securities/standing/{period}.parquet     what each manager's filings for a period come to
    securities/lineage.parquet               what was done, by all evidence
    securities/made.json                     what these were made of; written last

What was made of other filings than are there now, or of filings that were not known on a day that is asked about,
is worked out anew for that question (rules R9, R10). A file that cannot be read is named; what others say stays.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
import zlib
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import RULES, __version__, acceptances, files, periods, sample, securities
from thirteenf import cusip as cusips
from thirteenf.books import Books
from thirteenf.errors import MalformedFilingError, StoreError
from thirteenf.lineage import actions, evidence
from thirteenf.places import ANSWERS
from thirteenf.shelf import COMPANIES, FAILS, LISTS, Shelf, list_quarter
from thirteenf.tables import CONSENSUS, LINEAGE, LISTED, SECURITIES, SIGHTINGS, STANDING, is_stock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thirteenf.places import Places
    from thirteenf.store import Store

_FOLDER = "securities"
_PROGRAM = [__version__, RULES, zlib.crc32(actions.CURATED.read_bytes())]
"""What it is made by: another version, or another table of actions, makes it anew."""
_KEPT = 64
_ATTEMPTS, _PAUSE = 10, 0.05
_STOCK = ("cik", "cusip", "issuer", "amount", "value")


class Catalog:
    """What is known of the securities of a cache.

    Args:
        places: the cache.
        books: its books.
        own: entries of the user's own table of actions, as TOML gives them.
        curated: whether the program's own table counts.
    """

    def __init__(self, places: Places, books: Books, own: Sequence[object] = (), *, curated: bool = True) -> None:
        """Look at what was made; nothing is read before it is asked for."""
        self._curated = actions.curated if curated else LINEAGE.schema().to_frame
        self._root = places.tables / _FOLDER
        self._mend = places.mend
        self._answers = places.state / ANSWERS
        self._shelf = Shelf(places.listings)
        self._books = books
        self._own = actions.read(own, "own")
        self._made = _made(self._root)
        self._is_current = self._made.get("books") == _books_key(places) and self._made.get("by") == _PROGRAM
        self.securities = lru_cache(maxsize=_KEPT)(self._securities)
        self.lineage = lru_cache(maxsize=_KEPT)(self._lineage)
        self.listed = lru_cache(maxsize=_KEPT)(self._listed)
        self.consensus = lru_cache(maxsize=_KEPT)(self._consensus)
        self.standing = lru_cache(maxsize=_KEPT)(self._standing)

    @property
    def is_made(self) -> bool:
        """Whether it was made by this program, of the SEC's files that are here."""
        return self._made.get("by") == _PROGRAM and bool(self._made.get("references") == _references(self._shelf))

    @property
    def faults(self) -> tuple[str, ...]:
        """What could not be used, a line each: files of the SEC's, and entries of the user's own table."""
        return (*self._made.get("faults", ()), *self._own.faults, *self._usable.faults)

    @cached_property
    def _usable(self) -> actions.Actions:
        """The user's own actions that are of a security here, and that nothing confirmed contradicts."""
        if self._own.rows.is_empty():
            return self._own
        base = self._base_lineage(None).filter(pl.col("certainty") == "confirmed")
        held, filed = set(self._books.securities()["cusip"]), self._books.filings()["filing_date"].to_list()
        return actions.usable(self._own, base, held, max(filed, default=None))

    def derive(self, places: Places) -> None:
        """Make what is missing or stale; the caller holds the writer's lock.

        Raises:
            StoreError: if the disk refuses.
        """
        if self.is_made and self._is_current:
            return
        references = _references(self._shelf)
        faults = [] if not self.is_made else list(self._made["faults"])
        if not self.is_made:
            self._derive_references(references, faults)
        of_books = {"votes": self._vote, "consensus": self._agree, "standing": self._stand}
        known_periods = sorted(set(self._books.filings()["period"]))
        counted = sorted(set(self._books.counted()["period"]))
        periods_of = {"votes": self._pairs(), "consensus": counted, "standing": known_periods}
        keys: dict[str, dict[str, int]] = {name: {} for name in of_books}
        for name, make in of_books.items():
            known = self._made.get(name, {}) if self._made.get("by") == _PROGRAM else {}
            for period in periods_of[name]:
                keys[name][str(period)] = key = self._key(period)
                if known.get(str(period)) != key or not self._of_books(name, period).is_file():
                    self._write(self._of_books(name, period), make(period, None))
        told = self._weighed([self._read(self._of_books("votes", period), LINEAGE) for period in self._pairs()], None)
        self._write(self._root / "lineage.parquet", told)
        kept = {self._of_books(name, period) for name in of_books for period in periods_of[name]}
        self._sweep(kept | {self._sightings_path(n) for n in references})
        made = {"by": _PROGRAM, "references": references, "books": _books_key(places), **keys, "faults": faults}
        files.write(self._root / "made.json", json.dumps(made).encode())
        self._made, self._is_current = made, True

    def differing(self, places: Places) -> list[str]:
        """The files of the catalogue that would be made otherwise now, of what is in the archive and in the tables.

        Raises:
            StoreError: if one of them is damaged, or nothing can be written for the comparison.
        """
        with tempfile.TemporaryDirectory() as folder:
            anew = Catalog(replace(places, tables=Path(folder)), self._books)
            anew.derive(places)
            made = {path.relative_to(root): path for root in (anew._root,) for path in root.rglob("*.parquet")}
            held = {path.relative_to(self._root) for path in self._root.rglob("*.parquet")}
            return sorted(
                str(name) for name in {*made, *held}
                if name not in made or name not in held or not self._is_same(self._root / name, made[name])
            )  # fmt: skip

    def _is_same(self, held: Path, made: Path) -> bool:
        try:
            return pl.read_parquet(held, hive_partitioning=False).equals(pl.read_parquet(made, hive_partitioning=False))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(f"{held} is damaged or unreadable ({type(error).__name__}).", self._mend) from error

    def sightings(self, as_of: date | None = None) -> pl.DataFrame:
        """What fails-to-deliver files known on a day show (tables.SIGHTINGS)."""
        from thirteenf import fails  # noqa: PLC0415 - most questions need none

        names = [name for name in self._made.get("references", {}) if name.startswith(FAILS)]
        parts = [self._read(self._sightings_path(name), SIGHTINGS) for name in names]
        known = fails.joined(parts)
        return known if as_of is None else known.filter(pl.col("last") <= fails.known_on(as_of))

    def _listed(self, as_of: date | None = None) -> pl.DataFrame:
        """What Official Lists say that are known on a day (tables.LISTED): one is, by its quarter's deadline."""
        known = self._read(self._root / "listed.parquet", LISTED)
        late = [day for day in known["quarter"].unique() if as_of and periods.deadline(day) > as_of]
        return known.filter(~pl.col("quarter").is_in(late))

    def _consensus(self, period: date, as_of: date | None = None) -> pl.DataFrame:
        """How many hold each security at a period's end, and at what price (tables.CONSENSUS), as known on a day."""
        of_period = self._books.of_period(period, None)
        is_whole = as_of is None or not (of_period["filing_date"] > as_of).any()
        if self._is_current and is_whole and self._of_books("consensus", period).is_file():
            return self._read(self._of_books("consensus", period), CONSENSUS)
        return self._agree(period, as_of)

    def _standing(self, period: date, as_of: date | None = None) -> pl.DataFrame:
        """What each manager's filings for a period come to, with its stock in dollars (tables.STANDING), on a day."""
        of_period = self._books.of_period(period, None)
        is_whole = as_of is None or not (of_period["filing_date"] > as_of).any()
        if self._is_current and is_whole and self._of_books("standing", period).is_file():
            return self._read(self._of_books("standing", period), STANDING)
        return self._stand(period, as_of)

    def companies(self, as_of: date | None = None) -> dict[str, tuple[str, str]]:
        """CIK and name by symbol, of the SEC's list of today's symbols; none if it was asked for after a day."""
        from thirteenf import listings  # noqa: PLC0415 - as above

        note = self._shelf.note(COMPANIES)
        if note is None or (as_of and note.asked.date() > as_of):
            return {}
        content = self._shelf.read(COMPANIES)
        return listings.companies(content) if content else {}

    def _securities(self, as_of: date | None = None) -> pl.DataFrame:
        """What CUSIPs are, as known on a day (tables.SECURITIES)."""
        if as_of is None:
            made = self._read(self._root / "securities.parquet", SECURITIES)
        else:
            made = securities.dated(self.sightings(as_of), self.companies(as_of))
        known = securities.pointed(pl.concat([made, sample.securities()]), self.companies(as_of) if as_of else ())
        return pl.concat([securities.overridden(), known, self._figi(as_of)])

    def _figi(self, as_of: date | None) -> pl.DataFrame:
        """Symbols that OpenFIGI was asked for, each known since it was."""
        if not self._answers.is_file():
            return SECURITIES.schema().to_frame()
        from thirteenf import figi  # noqa: PLC0415 - off unless asked for

        return self._known(figi.securities(figi.read(self._answers).values()), as_of, "first")

    def _lineage(self, as_of: date | None = None) -> pl.DataFrame:
        """What was done to securities, as known on a day (tables.LINEAGE)."""
        own = self._known(self._usable.rows, as_of)
        told = self._base_lineage(as_of)
        return evidence.weighed([told, own]) if own.height else told

    def _base_lineage(self, as_of: date | None) -> pl.DataFrame:
        """The same without the user's own table."""
        if as_of is None and self._is_current and self._curated is actions.curated:
            return self._read(self._root / "lineage.parquet", LINEAGE)
        return self._weighed([self._votes(period, as_of) for period in self._pairs(as_of)], as_of)

    def _weighed(self, parts: Sequence[pl.DataFrame], as_of: date | None) -> pl.DataFrame:
        from thirteenf.lineage import sightings  # noqa: PLC0415 - only where it is worked out

        curated = self._known(self._curated(), as_of)
        told = evidence.weighed([*parts, sightings.told(self.sightings(as_of)), curated], self.listed(as_of))
        return evidence.unless_two(told, self.securities(as_of))

    def _votes(self, period: date, as_of: date | None) -> pl.DataFrame:
        """What holders say was done in a quarter, as made if all they filed for it was known on the day."""
        of_both = self._books.filings().filter(pl.col("period").is_in([periods.before(period), period]))
        is_whole = as_of is None or not (of_both["filing_date"] > as_of).any()
        if self._is_current and is_whole:
            return self._read(self._of_books("votes", period), LINEAGE)
        return self._vote(period, as_of)

    def _agree(self, period: date, as_of: date | None) -> pl.DataFrame:
        """What all reports for a period say of each security's price (tables.CONSENSUS)."""
        held = self._books.everyone(period, as_of).filter(is_stock() & (pl.col("amount") > 0))
        counted = held.group_by("cusip").agg(
            holders=pl.len().cast(pl.Int64), amount=pl.col("amount").sum(),
            price=(pl.col("value") / pl.col("amount")).median(),
        )  # fmt: skip
        return counted.sort("cusip").collect().select(CONSENSUS.names)

    def _stand(self, period: date, as_of: date | None) -> pl.DataFrame:
        standing = self._books.standing(period, as_of)
        if standing.is_empty():
            return standing
        stock = self._books.everyone(period, as_of).filter(is_stock()).group_by("cik").agg(stock=pl.col("value").sum())
        return (
            standing.drop("stock")
            .join(stock.collect(), on="cik", how="left", maintain_order="left")
            .select(STANDING.names)
        )

    def _vote(self, period: date, as_of: date | None) -> pl.DataFrame:
        from thirteenf.lineage import votes  # noqa: PLC0415 - as above

        against = periods.before(period)
        sides = [
            self._books.everyone(day, as_of).filter(is_stock()).select(_STOCK).collect() for day in (against, period)
        ]
        told = votes.cast(*(side.filter(_is_real(side["cusip"])) for side in sides))
        dates = {"against": pl.lit(against), "period": pl.lit(period), "date": pl.lit(None, pl.Date)}
        return told.with_columns(**dates).select(LINEAGE.names)

    def _pairs(self, as_of: date | None = None) -> list[date]:
        """The periods that have the quarter before beside them."""
        held = set(self._books.counted(as_of)["period"])
        return sorted(day for day in held if periods.before(day) in held)

    def _key(self, period: date) -> int:
        """What a quarter's votes rest on, as a number."""
        is_of_both = pl.col("period").is_in([periods.before(period), period])
        counts = pl.col("accession_number").is_in(
            self._books.counted().filter(is_of_both)["accession_number"].implode()
        )
        told = (
            self._books.filings().filter(is_of_both).select("accession_number", "value_unit", "document", counts=counts)
        )
        told = told.sort("accession_number")
        return zlib.crc32(repr(told.rows()).encode())

    def _derive_references(self, references: dict[str, int], faults: list[str]) -> None:
        """Read the SEC's files into tables; those that were read before are not read again."""
        from thirteenf import fails, official_list  # noqa: PLC0415 - as above

        known = self._made.get("references", {})
        listed = []
        for name, size in references.items():
            path, quarter = self._sightings_path(name), list_quarter(name)
            if name.startswith(FAILS) and known.get(name) == size and path.is_file():
                faults += [fault for fault in self._made["faults"] if fault.startswith(f"{_base(name)} ")]
                continue
            try:
                if name.startswith(FAILS):
                    self._write(path, SIGHTINGS.schema().to_frame())  # of a file that cannot be read
                content = self._content(name)
                if name.startswith(FAILS):
                    self._write(path, fails.read(content, _base(name)).sightings)
                elif quarter:
                    listed.append(official_list.read(content, quarter, _base(name)))
            except MalformedFilingError as error:
                faults.append(error.message)
        self._write(self._root / "listed.parquet", pl.concat([LISTED.schema().to_frame(), *listed]))
        self._made = self._made | {"references": references}
        self._write(self._root / "securities.parquet", securities.dated(self.sightings(), self.companies()))

    def _sweep(self, kept: set[Path]) -> None:
        """Remove what was made of filings and files that are here no more."""
        with files.explained(self._root):
            for folder in ("votes", "consensus", "standing", "sightings"):
                for path in set((self._root / folder).glob("*.parquet")) - kept:
                    path.unlink()

    def _content(self, name: str) -> bytes:
        content = self._shelf.read(name)
        if content is None:
            raise MalformedFilingError(f"{_base(name)} is damaged on disk.", "The next refresh gets it again.")
        return content

    def _known(self, told: pl.DataFrame, as_of: date | None, since: str = "date") -> pl.DataFrame:
        return told if as_of is None else told.filter(pl.col(since) <= as_of)

    def _sightings_path(self, name: str) -> Path:
        return self._root / "sightings" / f"{_base(name)}.parquet"

    def _of_books(self, name: str, period: date) -> Path:
        return self._root / name / f"{period}.parquet"

    def _read(self, path: Path, table: Any) -> pl.DataFrame:  # noqa: ANN401 - a table
        """A table that was made; empty where it was not."""
        try:
            for _ in range(_ATTEMPTS):
                with contextlib.suppress(FileNotFoundError):
                    return pl.read_parquet(path, hive_partitioning=False)
                if not self._made:
                    return table.schema().to_frame()  # type: ignore[no-any-return]
                time.sleep(_PAUSE)  # a rebuild may be changing the tables over
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(f"{path} is damaged or unreadable ({type(error).__name__}).", self._mend) from error
        raise StoreError(f"{path} is missing.", self._mend)

    def _write(self, path: Path, frame: pl.DataFrame) -> None:
        with files.replacing(path) as beside:
            frame.write_parquet(beside, compression="zstd", compression_level=3)


def check(content: bytes, name: str) -> str:
    """What one of the SEC's files on securities holds, in words, once it was read.

    Raises:
        MalformedFilingError: if it cannot be read.
    """
    from thirteenf import fails, listings, official_list  # noqa: PLC0415 - as above

    if name.startswith(FAILS):
        found = fails.read(content, _base(name))
        passed = f", {found.passed_over:,} of them passed over" if found.passed_over else ""
        return f"fails to deliver up to {found.last}: {found.lines:,} lines{passed}"
    if quarter := list_quarter(name):
        listed = official_list.read(content, quarter, _base(name))
        return f"Official List of {periods.label(quarter)}: {listed.height:,} securities"
    companies = listings.companies(content)
    if not companies:
        raise MalformedFilingError(f"{_base(name)} is no list of companies and symbols.", "Get it from the SEC again.")
    return f"{len(companies):,} symbols of companies"


def derive(places: Places, store: Store) -> None:
    """Make the catalogue of a cache up to date; the caller holds the writer's lock.

    Raises:
        StoreError: if the disk refuses.
    """
    Catalog(places, Books(store, acceptances.read(places.state))).derive(places)


def _is_real(numbers: pl.Series) -> pl.Series:
    """Which CUSIPs are of a security: a placeholder, or a number that is damaged, may stand for several."""
    real = [number for number in numbers.unique() if cusips.kind(number) == "security"]
    return numbers.is_in(pl.Series(real, dtype=pl.String).implode())


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _made(root: Path) -> dict[str, Any]:
    content = files.read(root / "made.json")
    try:
        made = json.loads(content or b"{}")
    except ValueError:
        made = {}
    shape = {"by": list, "references": dict, "books": list, "votes": dict, "consensus": dict, "standing": dict,
             "faults": list}  # fmt: skip
    is_sound = isinstance(made, dict) and all(isinstance(made.get(name), kind) for name, kind in shape.items())
    return made if is_sound else {}


def _references(shelf: Shelf) -> dict[str, int]:
    """The SEC's files of securities that are here, and how large they are."""
    found = shelf.kept(FAILS) | shelf.kept(LISTS)
    return found | {name: size for name, size in shelf.kept(COMPANIES.rpartition("/")[0]).items() if name == COMPANIES}


def _books_key(places: Places) -> list[int]:
    """What the books rest on, as numbers: the table of filings, and those that the user has confirmed."""
    return [
        zlib.crc32(files.read(path) or b"")
        for path in (places.tables / "filings.parquet", places.state / "accepted.json")
    ]
