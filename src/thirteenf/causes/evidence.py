"""Causes and their evidence as they stand in tables and JSON: plain dictionaries, since a book has thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Evidence = dict[str, Any]
Cause = dict[str, Any]

CONFIRMED, LIKELY, POSSIBLE = "confirmed", "likely", "possible"


def evidence(kind: str, detail: str, accession_number: str | None = None, rows: Sequence[int] = ()) -> Evidence:
    """One piece of evidence: a word of vocabulary.EVIDENCE, what it says, and where that stands as filed."""
    return {"kind": kind, "detail": detail, "accession_number": accession_number, "rows": list(rows)}


def cause(word: str, confidence: str, said: Iterable[Evidence] = ()) -> Cause:
    """A cause: a word of vocabulary.CAUSES, one of vocabulary.CONFIDENCES, and its evidence."""
    return {"cause": word, "confidence": confidence, "evidence": list(said)}


_SUREST_FIRST = (CONFIRMED, LIKELY, POSSIBLE)


def surest_first(causes: Iterable[Cause]) -> list[Cause]:
    """Causes by how sure they are; else in their order."""
    return sorted(causes, key=lambda one: _SUREST_FIRST.index(one["confidence"]))


def lowest(*confidences: str) -> str:
    """The least sure of some confidences."""
    return max(confidences, key=_SUREST_FIRST.index, default=CONFIRMED)
