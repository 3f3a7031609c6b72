"""One side of a comparison as its filings tell it, beside its positions: what the causes are worked out from."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from thirteenf.causes.evidence import evidence
from thirteenf.filing import NEW_HOLDINGS, RESTATEMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl

    from thirteenf.causes.evidence import Cause, Evidence

Key = tuple[str, str, str]
"""A position: tables.POSITION_KEY."""


def key_of(row: Mapping[str, Any]) -> Key:
    """The position that a row of moves is of."""
    return row["cusip"], row["put_call"], row["amount_type"]


FLOOR_AMOUNT, FLOOR_VALUE = 10_000, 200_000
"""Shares, and dollars of value or principal, below both of which a position need not be listed (Form 13F, special
instruction 9)."""


class Others(NamedTuple):
    """What all reports of a cache say of a security on one day (tables.CONSENSUS)."""

    holders: int
    amount: int
    price: float | None


class Link(NamedTuple):
    """That a manager's book stands in another manager's filings: whose, how sure that is, and what says so.

    `kind`: `notice` where a notice leaves it to them, `predecessor` where another CIK reported it before, `successor`
    where another CIK reports it now.
    """

    kind: str
    cik: str
    manager: str
    confidence: str
    evidence: Sequence[Evidence]
    shared: frozenset[Key] = frozenset()
    """Positions whose rows name further managers too: whose of them how much is, they do not say."""

    def as_dict(self) -> dict[str, Any]:
        """The same as it stands in JSON."""
        told = {name: value for name, value in self._asdict().items() if name != "shared"}
        return {**told, "evidence": list(self.evidence)}


class Elsewhere(NamedTuple):
    """What of a change of amount is another manager's filing on one of the two days, and how that is told.

    `amount`: shares that came in (or, negative, went out) by that.
    """

    amount: int
    cause: Cause


class Account(NamedTuple):
    """What one side's filings tell.

    Args:
        day: the quarter's last day.
        filings: rows of tables.FILINGS that are in force, in order of acceptance.
        state: a state of amendments.Book.
        withholds: whether a filing in force says that rows are withheld.
        combination: whether a filing in force leaves some holdings to other managers' reports.
        places: where each position stands as filed, as `accession_number` and `row`.
        others: what all reports say, by CUSIP.
        listed: status by CUSIP of the SEC's list for the day; None where no list is here.
        lists_small: how many positions it lists that it need not.
        copied: accession numbers of filings whose values repeat their amounts.
        lacking: what of the period's filings does not count, or is not all there, and the dollars that are missing by
            that; None where they are not known.
        again: positions that an amendment adds to with an amount that was there already.
        shrunk: accession number of a restatement in force that keeps less than half of the value; None if none does.
        link: what ties the book to another manager's filings, where it is in them.
    """

    day: date
    filings: Sequence[Mapping[str, Any]]
    state: str
    withholds: bool = False
    combination: bool = False
    places: Mapping[Key, Sequence[Mapping[str, Any]]] = MappingProxyType({})
    others: Mapping[str, Others] = MappingProxyType({})
    listed: Mapping[str, str | None] | None = None
    lists_small: int = 0
    copied: frozenset[str] = frozenset()
    lacking: Sequence[tuple[Evidence, int | None]] = ()
    again: frozenset[Key] = frozenset()
    shrunk: str | None = None
    link: Link | None = None

    def filed(self, key: Key, amount: int) -> list[Evidence]:
        """The rows that an amount is the sum of, a piece of evidence each filing."""
        rows = self._rows(key)
        told = f"{'part of ' if len(rows) > 1 else ''}{amount:,} at {self.day}"
        return [evidence("filed", told, accession, numbers) for accession, numbers in rows.items()]

    @property
    def has_disclosed(self) -> bool:
        """Whether an amendment has disclosed rows that had been withheld, and says of no others that they still are."""
        adds = [one for one in self.filings[1:] if one["amendment_type"] == NEW_HOLDINGS]
        if not adds or any(one["is_confidential_omitted"] for one in adds):
            return False
        return any(one["is_confidential_omitted"] or one["confidentiality_ended"] for one in self.filings)

    def is_copied(self, key: Key) -> bool:
        """Whether a position's value is nothing but its amount again."""
        return any(place["accession_number"] in self.copied for place in self.places.get(key) or ())

    def absent(self) -> Evidence:
        """That the reports in force have no such row."""
        return evidence("absent", f"no position in what is in force for {self.day}", self.last)

    @property
    def last(self) -> str | None:
        """The accession number of the newest filing in force; None where none is."""
        return str(self.filings[-1]["accession_number"]) if self.filings else None

    def _rows(self, key: Key) -> dict[str, list[int]]:
        """The rows of a position, by filing."""
        rows: dict[str, list[int]] = {}
        for place in self.places.get(key) or ():
            rows.setdefault(place["accession_number"], []).append(place["row"])
        return rows

    def late(self, key: Key, known: Account | None = None) -> tuple[list[Evidence], int, bool] | None:
        """What amendments that add rows say of a position; None where the first report has it all.

        Args:
            key: the position.
            known: the same period as known on an earlier day. Amendments that were known then say nothing new; and
                what a restatement adds to a report that withheld rows was withheld too.

        Returns:
            The evidence, the days since the first report, and whether filings say that its rows had been withheld.
        """
        first = next(iter(known.filings if known else self.filings), None)
        before = [one["accession_number"] for one in (known.filings if known else self.filings[:1])]
        kinds = (NEW_HOLDINGS, RESTATEMENT) if known and known.withholds else (NEW_HOLDINGS,)
        adds = {
            one["accession_number"]: one for one in self.filings
            if one["amendment_type"] in kinds and one["accession_number"] not in before
        }  # fmt: skip
        rows = {number: at for number, at in self._rows(key).items() if number in adds} if adds else {}
        if not rows or first is None:
            return None
        told, hidden, withheld = [], 0, False
        for accession, numbers in rows.items():
            amendment = adds[accession]
            days = (amendment["filing_date"] - first["filing_date"]).days
            is_of_withheld = first["is_confidential_omitted"] and amendment["amendment_type"] == NEW_HOLDINGS
            hidden, withheld = max(hidden, days), withheld or is_of_withheld or amendment["confidentiality_ended"]
            why = f" ({amendment['reason_for_non_confidentiality']})" if amendment["confidentiality_ended"] else ""
            said = f"disclosed on {amendment['filing_date']}, {days} days after the report{why}"
            told.append(evidence("amendment", said, accession, numbers))
        return told, hidden, bool(withheld)

    def is_on_list(self, cusip: str) -> tuple[bool | None, Evidence]:
        """Whether a security is one that must be reported for the day, None where nothing tells; and what says so."""
        if self.listed is not None and cusip in self.listed:
            is_on = self.listed[cusip] != "deleted"
            said = "on the SEC's list" if is_on else "deleted from the SEC's list"
            return is_on, evidence("list", f"{said} for {self.day}")
        held = self.others.get(cusip)
        if held and held.holders:
            whose = "one manager here reports" if held.holders == 1 else f"{held.holders} managers here report"
            return True, evidence("others", f"{whose} it for {self.day}")
        if self.listed is not None:
            return False, evidence("list", f"not on the SEC's list for {self.day}")
        return None, evidence("list", f"no list of the SEC's for {self.day} is here, and nobody else here reports it")


def is_below_floor(amount: int, value: int, amount_type: str) -> bool:
    """Whether a position of that size need not be listed."""
    most = FLOOR_AMOUNT if amount_type == "SH" else FLOOR_VALUE
    return amount < most and value < FLOOR_VALUE


def others(consensus: pl.DataFrame) -> dict[str, Others]:
    """tables.CONSENSUS by CUSIP."""
    rows = consensus.select("cusip", "holders", "amount", "price").iter_rows()
    return {cusip: Others(holders, amount, price) for cusip, holders, amount, price in rows}
