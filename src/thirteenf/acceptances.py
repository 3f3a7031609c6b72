"""The refused filings that a user has confirmed: kept in the cache's state, beside the archive, for good."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from thirteenf import files
from thirteenf.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "accepted.json"


def read(state: Path) -> dict[str, str]:
    """Accession numbers that were confirmed, and when.

    Raises:
        StoreError: if the file is damaged.
    """
    path = state / _NAME
    content = files.read(path)
    if content is None:
        return {}
    try:
        return {str(accession): str(at) for accession, at in json.loads(content).items()}
    except (ValueError, AttributeError):
        raise StoreError(f"{path} is damaged.", "Mend or remove it, and accept those filings again.") from None


def add(state: Path, accession_number: str) -> bool:
    """Confirm a filing; False if it was confirmed before. The caller holds the writer's lock.

    Raises:
        StoreError: if the disk refuses.
    """
    held = read(state)
    if accession_number in held:
        return False
    held[accession_number] = datetime.now(UTC).isoformat(timespec="seconds")
    files.write(state / _NAME, json.dumps(held, indent=1).encode())
    return True
