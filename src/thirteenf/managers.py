"""Who is who: a manager by CIK, by alias, or by enough of its name. The CIK is the identity."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from thirteenf.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES = {
    "ark": "0001697748",
    "berkshire": "0001067983",
    "bridgewater": "0001350694",
    "scion": "0001649339",
    "softbank": "0001065521",
    "thiel": "0001562087",
}
"""Short names of managers that many people ask for. Each was read off that manager's own filings."""

HERE = "in this cache"
_SHOWN = 8


def number(text: str) -> str | None:
    """The CIK that a number or an alias stands for, whether or not it is in a cache; None for a name."""
    text = text.strip()
    return text.zfill(10) if text.isascii() and text.isdigit() else ALIASES.get(text.casefold())


def named(query: str, known: Mapping[str, str]) -> list[str]:
    """The CIKs of managers whose name has words that begin with each word of the query; one exact name alone."""
    words = _words(query)
    matches = [
        cik for cik, name in known.items()
        if words and all(any(part.startswith(word) for part in _words(name)) for word in words)
    ]  # fmt: skip
    exact = [cik for cik in matches if _words(known[cik]) == words]
    return exact if len(exact) == 1 else matches


def resolve(query: str, known: Mapping[str, str], when: str = "", where: str = HERE) -> str:
    """The CIK that is meant.

    Args:
        query: a CIK with or without zeros, an alias, or words that begin words of the name.
        known: CIK to name of all managers of the cache.
        when: how to say in messages of what day that is.
        where: how to say in messages where they are known from.

    Raises:
        NotFoundError: if no manager of the cache is meant, or more than one; the hint names candidates.
    """
    text, cik = query.strip(), number(query)
    if cik is not None and cik in known:
        return cik
    if cik is not None:
        raise NotFoundError(f"No filing of '{query}' (CIK {cik}){when} is {where}.", _hint(known, "", where))
    matches = named(text, known)
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise NotFoundError(
            f"'{query}' may be {len(matches)} managers.", f"Name one by its CIK: {_listed(matches, known)}."
        )
    raise NotFoundError(f"No manager called '{query}'{when} is {where}.", _hint(known, text, where))


def aliases_of(cik: str) -> list[str]:
    """The aliases that stand for a CIK."""
    return sorted(alias for alias, meant in ALIASES.items() if meant == cik)


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.casefold())


def _hint(known: Mapping[str, str], text: str, where: str) -> str:
    by_word = {word: cik for cik, name in known.items() for word in [name.casefold(), *_words(name)]}
    by_word |= {alias: cik for alias, cik in ALIASES.items() if cik in known}
    near = [by_word[word] for word in difflib.get_close_matches(text.casefold(), by_word, n=3, cutoff=0.6)]
    if near:
        more = "`thirteenf managers` lists all." if where == HERE else "Name one by its CIK."
        return f"Did you mean {_listed(list(dict.fromkeys(near)), known)}? {more}"
    if where != HERE:
        return "Name it by its CIK, or as its own filings do: only filers of Form 13F are looked among."
    return (
        f"It holds {_listed(list(known), known)}. `thirteenf managers` lists all."
        if known
        else "It holds none; `thirteenf filings` lists all filings."
    )


def _listed(ciks: list[str], known: Mapping[str, str]) -> str:
    shown = "; ".join(f"{known[cik]} ({cik})" for cik in ciks[:_SHOWN])
    return shown if len(ciks) <= _SHOWN else f"{shown}; and {len(ciks) - _SHOWN} more"
