"""Doors to a small EDGAR: with its addresses, at once instead of patiently, closed again when the test is over."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.small_edgar import CONTACT
from thirteenf.edgar import Edgar
from thirteenf.edgar.addresses import Addresses
from thirteenf.edgar.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.small_edgar import SmallEdgar

FAST = 100_000
SHORT = (2.0, 0.4)
"""Seconds to wait for a connection, and for each piece of an answer."""


class Hurried(Pace):
    """A pace whose pauses are a fiftieth of what they should be."""

    def pause(self, seconds: float) -> None:
        super().pause(seconds / 50)


def addresses(served: SmallEdgar) -> Addresses:
    """A small EDGAR's hosts."""
    return Addresses(served.www, served.data, served.efts)


@contextmanager
def door(served: SmallEdgar | None, folder: Path, **more) -> Iterator[Edgar]:
    """A door to a small EDGAR; `more` as Edgar has it."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {"rate": FAST, "pace": Hurried(folder / "pace.json", FAST), "timeout": SHORT}
    if served:
        given["addresses"] = addresses(served)
    edgar = Edgar(more.pop("contact", CONTACT), **given | more)
    try:
        yield edgar
    finally:
        edgar.close()
