"""Everything worked out anew from the archive, and compared with the tables and with what each filing says of itself.

The archive is read a batch, and a data set, at a time, so that memory does not grow with it.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import batch, bulk, datasets
from thirteenf.archive import Archive, cik_of
from thirteenf.books import unit_oddities
from thirteenf.errors import MalformedFilingError, StoreError
from thirteenf.filing import RESTATEMENT
from thirteenf.report import Report
from thirteenf.store import Store
from thirteenf.tabled import DATA_SETS, PARTITIONED, Unreadable, as_kept
from thirteenf.tables import FILINGS, FINDINGS, POSITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from thirteenf.archive import Item
    from thirteenf.batch import Entry
    from thirteenf.datasets import DataSet
    from thirteenf.tabled import Tabled
    from thirteenf.tracker import Tracker

ROWS_AT_ONCE = 250_000
_UNITS = ("value_unit", "value_unit_reason", "value_unit_certainty")
_OWN = tuple(name for name in FILINGS.names if name not in _UNITS)
_TOTALS = {"row-count-mismatch": "differ", "value-total-mismatch": "differ", "value-total-rounding": "rounding"}
_COME = {"agree": "come", "rounding": "come but for rounding", "differ": "do not come"}
_EITHER = ("filings", "information_table")
"""Where the tables may be right and the archive wrong: its file may be another, or gone."""
_FEW = 3
_AT = ("cik", "accession_number", "row")
_PLACE = ("document", "period")
_ODDITY = ("accession_number", "row", "code", "message")
Finding = dict[str, Any]


def verify(tracker: Tracker, manager: str | None = None) -> Report:
    """Work out anew all that rests on one manager's filings, or on all of the cache's, and compare.

    Args:
        tracker: the cache.
        manager: CIK, alias or enough of a name; all of them without one.

    Raises:
        NotFoundError: if no such manager is in the cache.
        StoreError: if the tables themselves cannot be read.
    """
    cik, name = tracker.resolve(manager) if manager else (None, None)
    found = _Verification(tracker, cik)
    findings = list(found.findings())
    rows = pl.DataFrame(findings, schema=FINDINGS.schema())
    counts = Counter(finding["kind"] for finding in findings)
    head = {
        "manager": {"cik": cik, "name": name} if cik else None,
        "root": str(tracker.places.root),
        "sound": not (counts["difference"] or counts["damaged"]),
        "catalogue": cik is None,
        **{name: found.counted[name] for name in ("filings", "rows")},
        "differences": counts["difference"],
        "damaged": counts["damaged"],
        "refusals": counts["refused"],
        "odd": counts["oddity"],
        "totals": {name: found.totals[name] for name in ("agree", "rounding", "differ", "not_given")},
        "hint": found.hint(findings),
    }
    return Report("verify", head, "findings", FINDINGS, rows, tracker.source)


class _Verification:
    """One run over the archive: what was counted on the way."""

    def __init__(self, tracker: Tracker, cik: str | None) -> None:
        self._tracker, self._cik = tracker, cik
        self._archive = Archive(tracker.places.archive)
        self._store = Store(tracker.places.tables, tracker.places.mend)
        self._filings = self._store.filings()
        self._unreadable = {row["accession_number"]: row for row in self._store.unreadable().iter_rows(named=True)}
        self._told = {row["accession_number"]: row for row in self._filings.iter_rows(named=True)}
        self._vain: set[str] = set()
        """Filings that are here by themselves, and cannot be read as they are."""
        self.counted: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()

    def findings(self) -> Iterator[Finding]:
        """All that is found, what is wrong first."""
        odd: list[Finding] = []
        with ThreadPoolExecutor(1) as beside:  # frames are worked out while documents are read
            catalogue = beside.submit(self._of_catalogue)
            yield from self._of_archive(odd)
            yield from self._of_sets(odd)
            yield from self._of_units()
            yield from catalogue.result()
        for refused in self._tracker.refused(self._cik).iter_rows(named=True):
            number = refused["accession_number"]
            yield _finding("refused", refused["code"], refused["message"], self._known(number) or refused)
        yield from sorted(
            odd, key=lambda one: (one["cik"] or "", str(one["period"]), one["accession_number"], one["row"] or 0)
        )
        yield from self._of_folds()
        for fault in self._tracker.catalog.faults if self._cik is None else ():
            yield _finding("oddity", "reference-unusable", fault)

    def _of_catalogue(self) -> list[Finding]:
        """What the catalogue would be made of otherwise now; all managers' books are in it."""
        if self._cik is not None:
            return []
        told = "securities/{} would be made otherwise now"
        files = self._tracker.catalog.differing(self._tracker.places)
        return [_finding("difference", "securities", told.format(file)) for file in files]

    def hint(self, findings: Sequence[Finding]) -> str | None:
        """What to do next; nothing where all is sound.

        A rebuild believes the archive. So it comes first only where the archive cannot be the side that is wrong.
        """
        wrong = [one for one in findings if one["kind"] in ("difference", "damaged")]
        if not wrong:
            return None
        if any(one["kind"] == "damaged" for one in wrong):
            return "The report names them: import those filings again."
        mend = self._tracker.places.mend
        doubtful = any(one["code"] in _EITHER and self._known(one["accession_number"]) for one in wrong)
        if not doubtful or self._tracker.source == "sample":
            return mend
        return (
            "Which side is wrong cannot be told here: hold the filings that are named against their own totals, and "
            "get them again (refresh or import; a file of the archive that is the wrong one must be removed first). "
            f"Where the archive is right: {mend[0].lower()}{mend[1:]}"
        )

    def _of_archive(self, odd: list[Finding]) -> Iterator[Finding]:
        """Each filing read again, and held against the tables."""
        items = {number: item for number, item in self._archive.items().items() if self._is_meant(item)}
        tabled = {*self._told, *self._unreadable}
        of_sets = {number for number in tabled - set(items) if bulk.name_of(self._known(number)["document"])}
        for number in sorted(set(items) - tabled):
            about = {"cik": cik_of(items[number].path), "accession_number": number}
            yield _finding("difference", "filings", f"{number} is in the archive, not in the tables", about)
        for number in sorted(number for number in tabled - set(items) - of_sets if self._is_of(number)):
            told = f"{number} is in the tables, not in the archive"
            yield _finding("difference", "filings", told, self._known(number))
        entries: list[Entry] = []
        rows = 0
        for item in sorted((items[number] for number in set(items) & tabled), key=self._place):
            try:
                read = batch.read(self._archive, item)
            except StoreError as error:
                yield _finding("damaged", "archive", error.message, self._known(item.accession_number))
                continue
            if isinstance(read, Unreadable) or item.accession_number in self._unreadable:
                yield from self._of_unreadable(item, read)
                continue
            if read.filing.accession_number != item.accession_number:
                said = f"its file in the archive is of {read.filing.accession_number}"
                yield _finding("difference", "filings", said, self._known(item.accession_number))
                continue
            entries.append(read)
            rows += read.rows.height
            if rows >= ROWS_AT_ONCE:
                for read_now in batch.tabled(entries):
                    yield from self._of_filings(read_now, odd)
                entries, rows = [], 0
        for read_now in batch.tabled(entries):
            yield from self._of_filings(read_now, odd)

    def _of_sets(self, odd: list[Finding]) -> Iterator[Finding]:
        """Each data set read again, without the filings that are here in a better way, and held against the tables."""
        vain = set(self._archive.items())
        better = vain - self._vain
        paths = sorted(self._archive.data_sets(), key=lambda path: bulk.ranked(DATA_SETS + path.name), reverse=True)
        for path in paths:
            try:
                named = datasets.listed(path, path.name)
                if self._cik is None or self._cik in named.values() or any(map(self._is_told_in(path), named)):
                    read = datasets.read(path, path.name)
                    named = dict.fromkeys((one.accession_number for one in read.filings), "")
                    yield from self._of_set(path, read, better, vain, odd)
                    vain |= {one.header.accession_number or "" for one in read.refused}
            except MalformedFilingError as error:
                yield _finding("damaged", "archive", f"{path}: {error.message} {error.hint}")
                named = dict.fromkeys(self._of_document(DATA_SETS + path.name), "")
            better |= set(named)
        gone = {path.name for path in paths}
        documents = {str(row["document"]) for row in (*self._told.values(), *self._unreadable.values())}
        for name in sorted(name for one in documents if (name := bulk.name_of(one)) and name not in gone):
            if numbers := [one for one in self._of_document(DATA_SETS + name) if self._is_of(one)]:
                told = f"{len(numbers):,} filings in the tables are of {name}, which is not in the archive"
                yield _finding("difference", "filings", told, self._known(numbers[0]) if len(numbers) == 1 else None)

    def _of_set(
        self, path: Path, read: DataSet, better: Collection[str], vain: Collection[str], odd: list[Finding]
    ) -> Iterator[Finding]:
        """One data set.

        `better`: the filings that can be read as they are elsewhere, and count so; `vain`: those that are here in a way
        that counts before this set's, if this set's cannot be read either.
        """
        document, told = DATA_SETS + path.name, self._told
        here = {one.accession_number: one.cik for one in read.filings if one.accession_number not in better}
        unreadable = {one.header.accession_number or "": one for one in read.refused}
        unreadable = {number: one for number, one in unreadable.items() if number not in {*better, *vain, *told}}
        held = self._of_document(document)
        meant = {number for number, cik in here.items() if self._cik in (None, cik) or self._is_told_in(path)(number)}
        if not held and (here or unreadable):
            yield _finding("difference", "filings", f"{path.name} is in the archive, none of it in the tables")
            return
        for number in sorted(meant - set(told)):
            about = {"cik": here[number], "accession_number": number}
            yield _finding("difference", "filings", f"{number} is in {path.name}, not in the tables", about)
        for number in sorted(one for one in held - set(here) - set(unreadable) if self._is_of(one)):
            said = f"{number} is in the tables as of {path.name}, and is not to be read from there"
            yield _finding("difference", "filings", said, self._known(number))
        for number, one in sorted(unreadable.items()):
            row = self._unreadable.get(number)
            if self._cik in (None, one.header.cik) and (row is None or row["message"] != one.message):
                yield _finding("difference", "filings", f"it cannot be read: {one.message}", self._known(number))
        elsewhere = {number for number in meant & set(told) if told[number]["document"] != document}
        for number in sorted(elsewhere):
            said = _beside("document", told[number], {"document": document}, "in the archive")
            yield _finding("difference", "filings", said, told[number])
        compared = (meant & set(told)) - elsewhere
        for part in bulk.tabled(read, document, set(here) - compared | set(better)):
            yield from self._of_filings(part, odd)

    def _of_document(self, document: str) -> set[str]:
        """The filings that the tables have from one place of the archive."""
        rows = (*self._told.values(), *self._unreadable.values())
        return {row["accession_number"] for row in rows if row["document"] == document}

    def _is_told_in(self, path: Path) -> Callable[[str], bool]:
        """Whether the tables have a filing from a data set, of the managers that are asked for."""
        return lambda number: self._known(number).get("document") == DATA_SETS + path.name and self._is_of(number)

    def _of_unreadable(self, item: Item, told: Entry | Unreadable) -> Iterator[Finding]:
        held = self._unreadable.get(item.accession_number)
        if isinstance(told, Unreadable):
            self._vain.add(item.accession_number)
            if bulk.name_of(self._known(item.accession_number)["document"]) and not held:
                return  # a data set's copy counts, if it can be read there
        if not isinstance(told, Unreadable):
            yield _finding("difference", "filings", "it can be read, where the tables say that it cannot", held or {})
        elif held is None:
            yield _finding("difference", "filings", told.message, self._told[item.accession_number])
        elif held["message"] != told.message:
            yield _finding("difference", "filings", f"unreadable otherwise than told: {told.message}", held)

    def _of_filings(self, read: Tabled, odd: list[Finding]) -> Iterator[Finding]:
        """Filings of a period as read now beside the tables."""
        codes: dict[str, set[str]] = {}
        for number, code in read.oddities.select("accession_number", "code").iter_rows():
            codes.setdefault(number, set()).add(code)
        agreements: dict[str, str] = {}
        for filing in read.filings.iter_rows(named=True):
            number = filing["accession_number"]
            agreements[number] = _agreement(filing, codes.get(number, set()))
            held = self._told[number]
            others = [name for name in _OWN if filing[name] != held[name]]
            if others:
                told = "; ".join(_beside(name, held, filing, "in the archive") for name in others[:_FEW])
                more = f"; and {', '.join(others[_FEW:])}" if others[_FEW:] else ""
                yield _finding("difference", "filings", told + more, held)
        moved = [f["accession_number"] for f in read.filings.iter_rows(named=True)
                 if any(f[name] != self._told[f["accession_number"]][name] for name in _PLACE)]  # fmt: skip
        filings = read.filings.filter(~pl.col("accession_number").is_in(moved))
        period = read.filings["period"][0]
        held_of = {"information_table": self._store.rows_as_filed, "positions": self._positions,
                   "oddities": self._store.oddities}  # fmt: skip
        rows_differ: set[str] = set()  # of these positions, which are made of rows, differ too
        for table, made in as_kept(read).items() if filings.height else ():
            schema = PARTITIONED[table].schema()
            anew = made.select(schema.names()).cast(dict(schema))  # type: ignore[arg-type]
            if moved:
                anew = anew.filter(~pl.col("accession_number").is_in(moved))
            others = _differing(held_of[table](period, filings), anew)
            differing = others if table != "positions" else [one for one in others if one not in rows_differ]
            rows_differ = set(others) if table == "information_table" else rows_differ
            for number in differing:
                told = "not the rows that the archive gives"
                told += _own_totals(agreements[number]) if table == "information_table" else ""
                yield _finding("difference", table, told, self._told[number])
        self.counted += Counter(filings=read.filings.height, rows=read.rows.height)
        self.totals += Counter(agreements.values())
        odd += [
            _finding("oddity", code, message, self._told[number], row)
            for number, row, code, message in read.oddities.select(_ODDITY).iter_rows()
        ]

    def _positions(self, period: date, filings: pl.DataFrame) -> pl.DataFrame:
        listed = self._store.positions(period, filings.select("accession_number", "document"))
        return self._store.collected(listed).select(POSITIONS.names).sort(POSITIONS.key)

    def _of_units(self) -> Iterator[Finding]:
        """The units that are used, settled anew among all filings of a period."""
        mine = self._filings.filter(pl.col("cik") == self._cik) if self._cik else self._filings
        for period in mine["period"].unique().sort():
            settled = self._store.settled(self._filings.filter(pl.col("period") == period))
            for filing in settled.iter_rows(named=True):
                held = self._told[filing["accession_number"]]
                others = [name for name in _UNITS if filing[name] != held[name]]
                if others and self._cik in (None, filing["cik"]):
                    told = "; ".join(_beside(name, held, filing, "anew") for name in others)
                    yield _finding("difference", "units", told, held)

    def _of_folds(self) -> Iterator[Finding]:
        """What is odd in how filings fold, and about their units; a single report of some value folds by itself."""
        books = self._tracker.books
        mine = books.filings(cik=self._cik)
        is_whole = ~pl.col("is_amendment") | (pl.col("amendment_type") == RESTATEMENT).fill_null(value=False)
        plain = (pl.len().over("cik", "period") == 1) & is_whole & (pl.col("value_sum") > 0)
        told = unit_oddities(mine)
        for cik, period in mine.filter(~plain).select("cik", "period").unique(maintain_order=True).iter_rows():
            side = books.side(cik, period)
            told += side.book.oddities if side else ()
        for one in told:
            yield _finding("oddity", one.code, one.message, self._told[one.accession_number or ""], one.row)

    def _place(self, item: Item) -> tuple[str, str, str]:
        """Filings are read in the order in which the tables have their rows."""
        known = self._known(item.accession_number)
        return str(known["period"]), known["cik"], item.accession_number

    def _is_meant(self, item: Item) -> bool:
        return self._cik is None or cik_of(item.path) == self._cik or self._is_of(item.accession_number)

    def _is_of(self, accession_number: str) -> bool:
        row = self._known(accession_number)
        return self._cik is None or self._cik in (row.get("cik"), row.get("listed_cik"))

    def _known(self, accession_number: str) -> Mapping[str, Any]:
        """What the tables say of a filing; nothing if it is not in them."""
        return self._told.get(accession_number) or self._unreadable.get(accession_number) or {}


def _agreement(filing: Mapping[str, Any], codes: Collection[str]) -> str:
    """Whether a filing's rows come to its own totals, as a word."""
    is_given = filing["table_entry_total"] is not None or filing["table_value_total"] is not None
    told = [_TOTALS[code] for code in codes if code in _TOTALS]
    return min(told) if told else "agree" if is_given else "not_given"


def _own_totals(agreement: str) -> str:
    """Whether the archive's rows come to the filing's own totals: a hint at which side was changed."""
    if agreement not in _COME:
        return ", which has no totals of its own"
    return f", which {_COME[agreement]} to the filing's own totals"


def _beside(name: str, held: Mapping[str, Any], anew: Mapping[str, Any], where: str) -> str:
    """One field on both sides."""
    return f"{name}: {_plainly(held[name])} in the table, {_plainly(anew[name])} {where}"


def _plainly(value: Any) -> str:  # noqa: ANN401 - whatever a field holds
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return f'"{value}"' if isinstance(value, str) and " " in value else str(value)


def _differing(held: pl.DataFrame, anew: pl.DataFrame) -> list[str]:
    """The filings whose rows are not the same in two tables."""
    if held.equals(anew):  # as both are in the partition's order already, unless something is wrong
        return []
    key = _AT if "row" in held.columns else POSITIONS.key
    held, anew = (frame.sort(key, maintain_order=True) for frame in (held, anew))
    if held.equals(anew):
        return []
    parts = [frame.partition_by("accession_number", as_dict=True, maintain_order=True) for frame in (held, anew)]
    return sorted(
        str(key[0]) for key in {*parts[0], *parts[1]}
        if key not in parts[0] or key not in parts[1] or not parts[0][key].equals(parts[1][key])
    )  # fmt: skip


def _finding(
    kind: str, code: str, message: str, about: Mapping[str, Any] | None = None, row: int | None = None
) -> Finding:
    names = ("cik", "manager", "period", "accession_number")
    of = {name: (about or {}).get(name) for name in names}
    return {"kind": kind, "code": code, **of, "row": row, "message": message}
