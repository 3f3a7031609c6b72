"""How single values read to a person."""

from __future__ import annotations

from collections import Counter
from html import unescape
from typing import TYPE_CHECKING, Any

from thirteenf import periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from thirteenf.filing import Oddity

REASONS = {
    "first-report": "it is the first report that is held, so nothing in it is known to be new.",
    "quarter-missing": "the earlier quarter is not held, so nothing is known to be new or gone.",
    "notice": "a notice says that the holdings are in other managers' reports; nothing was sold by that.",
    "withheld": "the report withholds its rows (confidential treatment); nothing was sold by that.",
    "emptied": "a restatement left no position of a report that had some; nothing was sold by that.",
    "combination": "the report leaves part of the holdings to other managers' reports; nothing was sold by that.",
    "refused": "the report was refused as implausible until it is confirmed.",
    "base-missing": "only an amendment that adds rows is held, not the report it adds to.",
}
STATES = {
    "empty": "the report lists no position; a row of zeros is none.",
    "withheld": REASONS["withheld"],
    "notice": REASONS["notice"],
    "emptied": REASONS["emptied"],
    "attributed": "the manager filed a notice; these are the rows of another manager's report that name it.",
    "base-missing": REASONS["base-missing"],
}
UNKNOWN = "?"
_MARKS = {"confirmed": "", "likely": UNKNOWN, "possible": UNKNOWN * 2}
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")  # a terminal would obey them
_EXAMPLES = 3


def text(value: Any) -> str:  # noqa: ANN401 - whatever a cell holds
    """Any value; what is unknown shows as such. Names that were escaped twice when filed are shown plain."""
    if value is None:
        return UNKNOWN
    told = " ".join(str(value).translate(_CONTROLS).split())
    return unescape(told) if "&" in told else told


def blank(value: Any) -> str:  # noqa: ANN401 - whatever a cell holds
    """Any value; what is not there is left blank."""
    return "" if value is None else text(value)


def amount(value: int | None) -> str:
    """A whole number with separators."""
    return UNKNOWN if value is None else f"{value:,}"


def some(value: int | None) -> str:
    """A whole number; none is left blank."""
    return amount(value) if value else ""


def megabytes(value: int | None) -> str:
    """Millions of bytes."""
    return "?" if value is None else f"{value / 1e6:,.1f}"


def money(value: int | None) -> str:
    """Dollars, to the dollar."""
    if value is None:
        return UNKNOWN
    return f"-${-value:,}" if value < 0 else f"${value:,}"


def signed_money(value: int | None) -> str:
    """Dollars with their sign."""
    return f"+{money(value)}" if value is not None and value > 0 else money(value)


def signed(value: int | None) -> str:
    """A signed whole number; none is left blank."""
    return "" if value is None else f"{value:+,}"


def nonzero(value: int | None) -> str:
    """Dollars; nothing is left blank."""
    return "" if value == 0 else money(value)


def where(said: Mapping[str, Any]) -> str:
    """The filing that a piece of evidence is in."""
    return f" ({said['accession_number']})" if said["accession_number"] else ""


def causes(found: Sequence[Mapping[str, Any]]) -> str:
    """Causes in a cell, with a question mark for a likely one and two for one that is only possible."""
    return ", ".join(_caused(found))


def surest(found: Sequence[Mapping[str, Any]]) -> str:
    """The same, but of causes that are only possible no more than the first, and how many more there are."""
    every = _caused(found)
    sure = [word for word in every if not word.endswith(_MARKS["possible"])] or every[:1]
    return ", ".join(sure) + (f" +{len(every) - len(sure)}" if len(every) > len(sure) else "")


def _caused(found: Sequence[Mapping[str, Any]]) -> list[str]:
    told = (one for one in found if one["cause"] not in ("held", "unknown"))
    return list(dict.fromkeys(one["cause"].replace("_", " ") + _MARKS[one["confidence"]] for one in told))


def percent(value: float | None) -> str:
    """A signed percent; a new position has none."""
    return "" if value is None else _without_sign_of_nothing(f"{value:+,.2f}")


def weight(value: float | None) -> str:
    """A share in percent."""
    return "" if value is None else f"{value:,.2f}"


def index(value: float | None) -> str:
    """A number from 0 to 1."""
    return "" if value is None else f"{value:.4f}"


def points(value: float | None) -> str:
    """Signed percentage points."""
    return "" if value is None else _without_sign_of_nothing(f"{value:+.2f}")


def _without_sign_of_nothing(number: str) -> str:
    return "0.00" if number in ("+0.00", "-0.00") else number


def quarter(value: date | None) -> str:
    """2025Q3, or the day itself where it is no quarter's end."""
    if value is None:
        return ""
    return periods.told(value)


def flag(value: bool | None) -> str:
    """Yes, or nothing."""
    return "yes" if value else ""


def listed(value: Sequence[object] | None) -> str:
    """A list in one cell."""
    return ", ".join(str(item) for item in value or ())


def count(value: Sequence[object] | None) -> str:
    """How many, or nothing."""
    return str(len(value)) if value else ""


def plural(number: int, noun: str) -> str:
    """`1 manager`, `2 managers`."""
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("ty") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"


def oddities(found: Sequence[Oddity]) -> list[str]:
    """Oddities by kind: the first few in full, then how many more."""
    kinds = Counter(oddity.code for oddity in found)
    lines = []
    for code, number in kinds.items():
        few = [oddity for oddity in found if oddity.code == code][:_EXAMPLES]
        where = [
            o.message + (f" ({o.accession_number}{f', row {o.row}' if o.row else ''})" if o.accession_number else "")
            for o in few
        ]
        more = f"; and {number - len(few)} more" if number > len(few) else ""
        lines.append(f"Odd, {code}: {'; '.join(where)}{more}")
    return lines
