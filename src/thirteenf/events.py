"""Events: what happened to a cache, one JSON object a line, only ever appended, with ids that are never used again.

Each reader keeps its own place: it asks for what came after the last id it has seen.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import files
from thirteenf.errors import StoreError
from thirteenf.tables import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Event:
    """Something that happened; `kind` is one of vocabulary.EVENT_KINDS."""

    kind: str
    message: str
    cik: str | None = None
    manager: str | None = None
    period: date | None = None
    accession_number: str | None = None
    form_type: str | None = None


class Events:
    """The events of a cache, in one file."""

    def __init__(self, file: Path) -> None:
        """Events in `file`, which need not exist yet."""
        self._file = file

    def since(self, last: int = 0) -> pl.DataFrame:
        """Events after an id, columns of tables.EVENTS, oldest first.

        Raises:
            StoreError: if a line is damaged; one that a killed run left half written, at the end, is none.
        """
        rows = [row for row in self._rows() if row["id"] > last]
        return pl.DataFrame(rows, schema=EVENTS.schema())

    @property
    def last(self) -> int:
        """The newest event's id; 0 where there is none."""
        return max((row["id"] for row in self._rows()), default=0)

    def noted(self, *kinds: str) -> set[str]:
        """The accession numbers that events of some kinds are about."""
        return {row["accession_number"] for row in self._rows() if row["kind"] in kinds and row["accession_number"]}

    def append(self, events: Iterable[Event]) -> list[int]:
        """Append events; the caller holds the writer's lock. Their ids.

        Raises:
            StoreError: if the disk refuses; what was there stays.
        """
        events = list(events)
        if not events:
            return []
        whole = self._lines()[1]
        at = datetime.now(UTC).isoformat(timespec="seconds")
        first = self.last + 1
        lines = [
            json.dumps(self._told(event, first + place, at), ensure_ascii=False) for place, event in enumerate(events)
        ]
        with files.explained(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as stream:
                stream.truncate(whole)  # what a killed run left of a line
                try:
                    stream.write("".join(f"{line}\n" for line in lines).encode())
                    stream.flush()
                    os.fsync(stream.fileno())
                except OSError:
                    stream.truncate(whole)
                    raise
        return list(range(first, first + len(lines)))

    @staticmethod
    def _told(event: Event, number: int, at: str) -> dict[str, Any]:
        told = {"id": number, "at": at, **vars(event)}
        return told | {"period": str(event.period) if event.period else None}

    def _lines(self) -> tuple[list[bytes], int]:
        """Whole lines, and how many bytes they are."""
        content = files.read(self._file) or b""
        whole = content[: content.rfind(b"\n") + 1]
        return whole.splitlines(), len(whole)

    def _rows(self) -> list[dict[str, Any]]:
        try:
            rows = [json.loads(line) for line in self._lines()[0]]
            for row in rows:
                row["id"] = int(row["id"])
                row["period"] = date.fromisoformat(row["period"]) if row["period"] else None
        except (ValueError, KeyError, TypeError):
            raise StoreError(f"{self._file} is damaged.", "Mend or move that file; nothing else rests on it.") from None
        return rows
