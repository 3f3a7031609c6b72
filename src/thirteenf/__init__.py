"""What changed in a manager's Form 13F, and whether the change is real.

    >>> import thirteenf as tf
    >>> tracker = tf.Tracker("cache")                # doctest: +SKIP
    >>> tracker.moves("berkshire", "2025Q3")         # doctest: +SKIP
    >>> tf.diff(before, after)                       # doctest: +SKIP

Names are looked up when first used, so that importing the package loads neither polars nor anything else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thirteenf.amendments import fold
    from thirteenf.errors import ThirteenfError
    from thirteenf.form13f import read_documents, read_information_table, read_submission, scan_information_table
    from thirteenf.moves import diff
    from thirteenf.tracker import Tracker

__version__ = "0.1.0"
RULES = "5"
"""Version of the rules that derived figures depend on: tables made under another are made anew (rule R9)."""

__all__ = [
    "RULES",
    "ThirteenfError",
    "Tracker",
    "__version__",
    "diff",
    "fold",
    "read_documents",
    "read_information_table",
    "read_submission",
    "scan_information_table",
]

_HOMES = {
    "ThirteenfError": "errors",
    "Tracker": "tracker",
    "diff": "moves",
    "fold": "amendments",
    "read_documents": "form13f",
    "read_information_table": "form13f",
    "read_submission": "form13f",
    "scan_information_table": "form13f",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
