"""Baskets: named lists of securities, some that come with the program and a user's own.

[baskets.my-list]
tickers = ["NVDA", "21873S108"]   # symbols or CUSIPs
title = "…"                       # these three may be left out
sentence = "…"
source = "…"

[[shares_outstanding]]            # only where you know them
security = "NVDA"                 # as in the basket
date = 2025-08-22
shares = 24_300_000_000
source = "Form 10-Q, cover page"

An own basket of the name of one that comes with the program takes its place. What a symbol means is looked up when a
question is asked; a symbol that is not known here is named as such and never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from thirteenf.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

BUNDLED = Path(__file__).with_name("baskets.toml")
_SHAPE = 'Write: [baskets.my-list] and below it: tickers = ["NVDA", "ORCL"]'
_SHARES = (
    'Write: [[shares_outstanding]] and below it: security = "NVDA", date = 2025-08-22, shares = 24300000000, source'
)
_TEXTS = ("title", "sentence", "source")


@dataclass(frozen=True)
class Basket:
    """A named list of securities; `replaces`: whether it stands in place of one that comes with the program."""

    name: str
    tickers: tuple[str, ...]
    title: str
    sentence: str | None = None
    source: str | None = None
    is_own: bool = False
    replaces: bool = False
    cusips: Mapping[str, str] = field(default_factory=dict)
    """CUSIPs of some of them, for where no file here tells the symbol."""


class Outstanding(NamedTuple):
    """How many shares of a security there were on a day, as the user's settings say, and where that is from."""

    security: str
    date: date
    shares: int
    source: str


class Member(NamedTuple):
    """A security of a basket: as it is named there, the CUSIPs it has or had, and why none is known if none is."""

    label: str
    cusips: tuple[str, ...]
    message: str | None = None


class Resolved(NamedTuple):
    """A basket with the CUSIPs that its names mean."""

    basket: Basket
    members: tuple[Member, ...]

    @property
    def labels(self) -> dict[str, str]:
        """For each CUSIP, the name that it goes by in the basket."""
        return {number: member.label for member in self.members for number in member.cusips}

    @property
    def unknown(self) -> list[Member]:
        """What is not known here."""
        return [member for member in self.members if not member.cusips]


@cache
def bundled() -> dict[str, Basket]:
    """The baskets that come with the program, by name."""
    import tomllib  # noqa: PLC0415 - only where a basket is asked for

    return _read(tomllib.loads(BUNDLED.read_text("utf-8"))["baskets"], str(BUNDLED), is_own=False)


def every(own: object, where: str) -> dict[str, Basket]:
    """The baskets that come with the program and the user's own, by name, own ones last.

    Args:
        own: the settings' `baskets`, as TOML gives it.
        where: the settings file's name, for what is said of it.

    Raises:
        UsageError: if one of them is no list of symbols.
    """
    mine = _read(own, where, is_own=True)
    return {name: one for name, one in bundled().items() if name not in mine} | mine


def named(name: str, known: Mapping[str, Basket]) -> Basket:
    """The basket of a name, in whatever case it is written.

    Raises:
        NotFoundError: if there is none; the hint names those there are.
    """
    found = known.get(name.strip().casefold())
    if found is None:
        import difflib  # noqa: PLC0415 - only who errs needs it

        near = difflib.get_close_matches(name.casefold(), known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise NotFoundError(f"No basket is called '{name}'.", f"{hint}There are: {', '.join(known)}.")
    return found


def resolve(basket: Basket, meant: Callable[[str], list[str]], chain: Callable[[list[str]], list[str]]) -> Resolved:
    """A basket with the CUSIPs that its names mean, each under one name only.

    Args:
        basket: the basket.
        meant: gives the CUSIPs that a symbol or CUSIP means; NotFoundError where it is not known.
        chain: gives CUSIPs with all that they were before and became since.
    """
    direct: dict[str, list[str] | str] = {}
    for label in basket.tickers:
        try:
            direct[label] = meant(label)
        except NotFoundError as error:
            number = basket.cusips.get(label)
            direct[label] = [number] if number else error.message
    # what a name means itself goes before what it was or became: two may have been one, or have become one
    taken = {number for found in direct.values() if not isinstance(found, str) for number in found}
    given: set[str] = set()
    members = []
    for label, found in direct.items():
        if isinstance(found, str):
            members.append(Member(label, (), found))
            continue
        linked = [number for number in chain(found) if number not in taken | given]
        own = [number for number in found if number not in given]
        numbers = tuple(dict.fromkeys((*own, *linked)))
        given |= set(numbers)
        message = None if numbers else "it is the same security as another one of the basket"
        members.append(Member(label, numbers, message))
    return Resolved(basket, tuple(members))


def outstanding(entries: object, where: str) -> list[Outstanding]:
    """Shares outstanding as the user's settings give them.

    Raises:
        UsageError: if an entry lacks something, or is not what it should be.
    """
    if not isinstance(entries, list):
        raise UsageError(f"`shares_outstanding` in {where} is no list of tables.", _SHARES)
    return [_outstanding(number, entry, where) for number, entry in enumerate(entries, 1)]


def _outstanding(number: int, entry: object, where: str) -> Outstanding:
    told = f"Entry {number} of `shares_outstanding` in {where}"
    if not isinstance(entry, dict) or set(entry) != set(Outstanding._fields):
        raise UsageError(f"{told} has not just {', '.join(Outstanding._fields)}.", _SHARES)
    security, day, shares, source = (entry[name] for name in Outstanding._fields)
    if not isinstance(security, str) or not isinstance(source, str) or not source.strip() or not security.strip():
        raise UsageError(f"{told}: security and source are texts, and not empty.", _SHARES)
    if not isinstance(day, date) or isinstance(day, datetime):
        raise UsageError(f"{told}: date is no day.", _SHARES)
    if not isinstance(shares, int) or isinstance(shares, bool) or shares <= 0:
        raise UsageError(f"{told}: shares is no whole number above 0.", _SHARES)
    return Outstanding(_label(security), day, shares, source.strip())


def _read(entries: object, where: str, *, is_own: bool) -> dict[str, Basket]:
    if not isinstance(entries, dict):
        raise UsageError(f"`baskets` in {where} is no table.", _SHAPE)
    found: dict[str, Basket] = {}
    for name, entry in entries.items():
        one = _basket(name, entry, where, is_own=is_own)
        if one.name in found:
            raise UsageError(f"The basket '{one.name}' is in {where} twice, written differently.", "Keep one of them.")
        found[one.name] = one
    return found


def _basket(name: str, entry: object, where: str, *, is_own: bool) -> Basket:
    told = f"The basket '{name}' in {where}"
    if not isinstance(entry, dict):
        raise UsageError(f"{told} is no table.", _SHAPE)
    if others := sorted(set(entry) - {"tickers", *_TEXTS}):
        raise UsageError(
            f"{told} has '{others[0]}', which means nothing here.", f"There are: tickers, {', '.join(_TEXTS)}."
        )
    tickers = entry.get("tickers")
    if not _are_texts(tickers) or not tickers:
        raise UsageError(f"{told} has no list of symbols or CUSIPs.", _SHAPE)
    if wrong := [key for key in _TEXTS if key in entry and not isinstance(entry[key], str)]:
        raise UsageError(f"{told}: {wrong[0]} is no text.", _SHAPE)
    texts = {key: " ".join(entry[key].split()) or None for key in _TEXTS if key in entry}
    key = name.strip().casefold()
    return Basket(
        key, tuple(dict.fromkeys(_label(one) for one in tickers)), texts.pop("title", None) or key, **texts,
        is_own=is_own, replaces=is_own and key in bundled(), cusips={} if is_own else _CUSIPS,
    )  # fmt: skip


_CUSIPS = {
    "APLD": "038169207",  # fails-to-deliver files of 2022 and 2023
    "NBIS": "N97284108",  # Nebius Group N.V. in Form 13F 0001172661-25-004777
    "SNDK": "80004C200",  # Sandisk Corp in Form 13F 0001350694-26-000002
}
"""Numbers of bundled securities that are too new, or too seldom short, for many caches to know their symbol."""


def _are_texts(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and all(isinstance(one, str) and one.strip() for one in found)


def _label(text: str) -> str:
    return " ".join(text.upper().split())


def nearest(entries: Iterable[Outstanding], label: str, day: date) -> Outstanding | None:
    """Of what is known of a security's shares what is of the day nearest to another, the earlier one of two."""
    of = (one for one in entries if one.security == label)
    return min(of, key=lambda one: (abs((one.date - day).days), one.date), default=None)
