"""Formats: each module has `render(report) -> str` (parquet: `write(report, path)`), and knows only reports.

A format is loaded when it is asked for: what prints JSON need not load a table drawer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thirteenf.report import Report

FORMATS = ("text", "plain", "json", "ndjson", "csv", "markdown")


def render(report: Report, form: str, **options: object) -> str:
    """A report as text in one of FORMATS; `options` are that format's own."""
    home = "json" if form == "ndjson" else form
    module = import_module(f"{__name__}.{home}")
    text: str = module.render_lines(report) if form == "ndjson" else module.render(report, **options)
    return text
