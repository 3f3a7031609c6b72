"""Corporate actions as tables that people keep: the well-known ones that come with the program, and a user's own.

[[actions]]
kind = "split"              # split, reverse_split, cusip_change, merger, spin_off
date = 2024-06-10           # the first day on which the new shares trade
cusip = "67066G104"
cusip_before = "…"          # where the CUSIP changed, or shares became those of another security
ratio = "10:1"              # new shares for old ones; 1:1 if left out
source = "where this is from"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import cusip as cusips
from thirteenf import periods
from thirteenf.tables import LINEAGE
from thirteenf.vocabulary import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

CURATED = Path(__file__).with_name("actions.toml")
_RATIO = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*(?::|for)\s*(\d{1,9})\s*")
_LARGEST = 10_000
_NEAR_BY = 100
"""Days between quarters that are next to each other: one action is not to be followed twice."""
_EARLIEST, _LATEST = 1978, 2200
_WITH_OTHER = ("cusip_change", "merger", "spin_off")


@dataclass(frozen=True)
class Actions:
    """Actions that can be used (tables.LINEAGE), which entries they are, what is wrong with the others, a line each."""

    rows: pl.DataFrame
    numbers: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()


@cache
def curated() -> pl.DataFrame:
    """The well-known actions that come with the program, as tables.LINEAGE, each with its source."""
    import tomllib  # noqa: PLC0415 - only where tables are made

    found = read(tomllib.loads(CURATED.read_text("utf-8"))["actions"], "table")
    if found.faults:
        raise AssertionError(found.faults)
    return found.rows


def read(entries: Sequence[object], kind_of_evidence: str) -> Actions:
    """Read entries of a table of actions; what is wrong with one stops no other.

    Args:
        entries: as TOML gives them.
        kind_of_evidence: `table` for the program's own, `own` for the user's.
    """
    rows, numbers, faults = [], [], []
    for number, entry in enumerate(entries, 1):
        try:
            rows.append(_row(entry, kind_of_evidence))
            numbers.append(number)
        except ValueError as error:
            faults.append(f"action {number}: {error}")
        except (TypeError, OverflowError):
            faults.append(f"action {number}: one of its values is of no use here")
    return Actions(pl.DataFrame(rows, schema=LINEAGE.schema()), tuple(numbers), tuple(faults))


def usable(own: Actions, confirmed: pl.DataFrame, held: Collection[str], last: date | None) -> Actions:
    """The actions of a user's table that can be followed here, and what is wrong with the others.

    Args:
        own: what the table says.
        confirmed: tables.LINEAGE that is confirmed without it.
        held: the CUSIPs in filings.
        last: the day of the newest filing.
    """
    rows: list[dict[str, Any]] = []
    numbers, faults = [], []
    entries = list(zip(own.numbers, own.rows.iter_rows(named=True), strict=True))
    steps = {(row["period"], row["cusip_before"], row["cusip"]) for _, row in entries}
    known = confirmed.filter(pl.col("kind") != "spin_off").to_dicts()
    for number, row in entries:
        pair = (row["cusip_before"], row["cusip"])
        same = [one for one in known if _is_about(one, row)] if row["kind"] != "spin_off" else []
        other = next((one for one in same if not _is_same(one, row)), None)
        twice = next((one for one in rows if _is_about(one, row) and one["date"] == row["date"]), None)
        if not set(pair) & set(held):
            faults.append(f"action {number}: no filing here has {' or '.join(dict.fromkeys(pair))}")
        elif last is not None and row["date"] > last:
            faults.append(f"action {number}: {row['date']} is after the newest filing here, of {last}")
        elif pair[0] != pair[1] and (row["period"], *pair[::-1]) in steps:
            faults.append(f"action {number}: {pair[0]} becomes {pair[1]} and the other way round in one quarter")
        elif other or twice:
            faults.append(f"action {number}: {_told(row)} where it is known as {_told(other or twice or row)}")
        else:
            rows.append(row | ({"date": same[0]["date"] or row["date"]} if same else {}))
            numbers.append(number)
    return Actions(pl.DataFrame(rows, schema=LINEAGE.schema()), tuple(numbers), tuple(faults))


def _is_about(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two actions are about what became of one CUSIP at about the same time."""
    origin = one["cusip_before"] == other["cusip_before"]
    # a split under the new number, where the number was changed by it
    itself = other["cusip_before"] == other["cusip"] == one["cusip"]
    return bool(origin or itself) and bool(abs((one["period"] - other["period"]).days) <= _NEAR_BY)


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("period", "cusip_before", "cusip", "shares_before", "shares"))


def _told(row: dict[str, Any]) -> str:
    number = f", {row['cusip_before']} becoming {row['cusip']}" if row["cusip"] != row["cusip_before"] else ""
    return f"{row['shares']:,} for {row['shares_before']:,}{number}, by {row['period']}"


def _row(entry: object, kind_of_evidence: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError("it is no table")  # noqa: TRY004 - a fault in a user's file like any other
    unknown = set(entry) - {"kind", "date", "cusip", "cusip_before", "ratio", "source", "issuer"}
    kind, day = entry.get("kind"), entry.get("date")
    after = _cusip(entry.get("cusip"), "cusip")
    before = _cusip(entry.get("cusip_before", after), "cusip_before")
    if unknown:
        raise ValueError(f"'{min(unknown)}' is no key of an action")
    if not isinstance(kind, str) or kind not in ACTIONS:
        raise ValueError(f"kind is one of {', '.join(ACTIONS)}, not {kind!r}")
    if not isinstance(day, date) or isinstance(day, datetime) or not _EARLIEST <= day.year <= _LATEST:
        raise ValueError(f"date is a day, like 2024-06-10, not {day!r}")
    if kind in _WITH_OTHER and before == after:
        raise ValueError(f"a {kind} needs cusip_before, another than cusip")
    shares_before, shares = _ratio(entry.get("ratio", "1:1"))
    is_up = shares > shares_before
    if kind in ("split", "reverse_split") and (shares == shares_before or is_up != (kind == "split")):
        raise ValueError(f"the ratio {entry.get('ratio')!r} is that of no {kind}")
    source = entry.get("source")
    if not isinstance(source, str) or not source.strip():
        raise ValueError("source is missing: say where this is from")
    period = periods.containing(day)
    return {
        "kind": kind, "against": periods.before(period), "period": period, "date": day, "cusip_before": before,
        "cusip": after, "shares_before": shares_before, "shares": shares, "certainty": "confirmed",
        "evidence": [f"{kind_of_evidence}: {source.strip()}"],
    }  # fmt: skip


def _cusip(value: object, name: str) -> str:
    number = cusips.normal(value) if isinstance(value, str) else ""
    if not cusips.is_valid(number):
        raise ValueError(f"{name} is no CUSIP: {value!r}")
    return number


def _ratio(value: object) -> tuple[int, int]:
    """Shares before, shares after, of `10:1`, `1:15` or `0.8375:1`."""
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"ratio is new shares for old ones, like 10:1 or 1:15, not {value!r}")
    from fractions import Fraction  # noqa: PLC0415 - a slow module, for the few who need it

    new, old = Fraction(match[1]), Fraction(match[2])
    if not new or not old or not 1 / Fraction(_LARGEST) <= new / old <= _LARGEST:
        raise ValueError(f"the ratio {value!r} is no ratio of shares")
    return (new / old).denominator, (new / old).numerator
