"""Who asks: the SEC wants a name and an e-mail address in every request."""

from __future__ import annotations

import re

from thirteenf.errors import UsageError

_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[A-Za-z]{2,}")


def told(contact: str | None) -> str:
    """A contact as it goes into each request.

    Raises:
        UsageError: if there is none, or no e-mail address in it.
    """
    how = 'Give one, as the SEC asks: --contact "Jane Doe jane@example.com", or THIRTEENF_CONTACT, or contact = "…" in '
    how += "thirteenf.toml."
    said = " ".join((contact or "").split())
    if not said:
        raise UsageError("There is no contact to give to the SEC.", how)
    if not _ADDRESS.search(said):
        raise UsageError(f"The contact '{said}' has no e-mail address in it.", how)
    if not said.isprintable() or not said.isascii():
        raise UsageError(f"The contact '{said}' has letters that a request cannot carry.", "Write it in ASCII.")
    return said
