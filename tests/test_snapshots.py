"""What users see, whole: compared with what was looked at and found good. Renew with `pytest --snapshot-update`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from tests.trees import TODAY
from thirteenf import Tracker, baskets, reports
from thirteenf.render import render

WIDTHS = (160, 100, 80, 60)
NUMBER_CUT = re.compile(r"(?:^|  )[-+$]{0,2}[\d,.]+…", re.MULTILINE)


class _Text(SingleFileSnapshotExtension):
    """Bytes as they are printed, one file a snapshot, in tests/snapshots."""

    file_extension = "txt"

    @classmethod
    def dirname(cls, *, test_location):
        return str(Path(test_location.filepath).parent / "snapshots" / test_location.basename)


@pytest.fixture
def shown(snapshot):
    return snapshot.use_extension(_Text)


ASKED = {
    "diff-scion": lambda t: reports.diff(t, "scion", "2025Q3"),
    "diff-thiel": lambda t: reports.diff(t, "thiel", "2025Q3"),
    "diff-thiel-top": lambda t: reports.diff(t, "thiel", "2025Q3", filters=reports.Filters(top=2)),
    "diff-berkshire-amended": lambda t: reports.diff(t, "berkshire", "2025Q2"),
    "diff-scion-first": lambda t: reports.diff(t, "scion", "2025Q1"),
    "diff-softbank-missing": lambda t: reports.diff(t, "softbank", "2025Q4"),
    "holdings-thiel": lambda t: reports.holdings(t, "thiel", "2025Q3"),
    "holdings-thiel-empty": lambda t: reports.holdings(t, "thiel", "2025Q4"),
    "holdings-scion": lambda t: reports.holdings(t, "scion", "2025Q3"),
    "filings-berkshire": lambda t: reports.filings(t, "berkshire"),
    "history-scion-nvda": lambda t: reports.history(t, "scion", "NVDA"),
    "managers": reports.managers,
    "security-nvda": lambda t: reports.security(t, "NVDA"),
    "status": lambda t: reports.status(t, list(t.managers())),
    "moves-basket": lambda t: reports.moves(
        t, ["bridgewater", "thiel", "ark", "berkshire", "scion"], "2025Q3", basket=baskets.bundled()["circular-ai"]
    ),
    "moves-two": lambda t: reports.moves(t, ["thiel", "scion"], "2025Q3"),
}


@cache
def asked(name):
    told = ASKED[name](Tracker(sample=True, today=TODAY))
    return replace(told, head={**told.head, "cache": "CACHE"}) if "cache" in told.head else told


@pytest.fixture
def report(request):
    return asked(request.param)


every_report = pytest.mark.parametrize("report", ASKED, indirect=True)


@every_report
@pytest.mark.parametrize("width", WIDTHS)
def test_text(shown, report, width):
    text = render(report, "text", width=width)
    assert not NUMBER_CUT.search(text)
    assert shown == text.encode()


@every_report
@pytest.mark.parametrize("form", ["markdown", "plain", "csv"])
def test_other_formats(shown, report, form):
    assert shown == render(report, form).encode()


@pytest.mark.parametrize("report", ["diff-scion"], indirect=True)
def test_colour(shown, report):
    assert shown == render(report, "text", width=160, color=True).encode()


@pytest.mark.parametrize("report", ["diff-scion"], indirect=True)
def test_quiet(shown, report):
    assert shown == render(report, "text", width=160, quiet=True).encode()


@pytest.mark.parametrize("manager", ["ark", "berkshire", "bridgewater", "scion", "softbank", "thiel"])
@pytest.mark.parametrize("width", [*WIDTHS, 70])
def test_no_number_is_ever_cut_and_none_is_missing(manager, width):
    """What is shown of a move is whole: its change, amount and percent stand in its line at every width."""
    tracker = Tracker(sample=True, today=TODAY)
    period, against = {"softbank": ("2025Q4", "2024Q4")}.get(manager, ("2025Q3", None))
    told = reports.diff(tracker, manager, period, against, filters=reports.Filters(top=60))
    text = render(told, "text", width=width, quiet=True)
    assert not NUMBER_CUT.search(text)
    lines = [set(line.split()) for line in text.splitlines()]
    unseen = [
        move for move in told.rows.iter_rows(named=True)
        if not any({move["change"], f"{move['amount']:,}"} <= line for line in lines)
    ]  # fmt: skip
    assert unseen == []


@every_report
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(report, width):
    """A line that is too wide would be folded by the terminal, and the columns lost."""
    lines = render(report, "text", width=width, quiet=True).splitlines()
    assert [line for line in lines if len(line) > width] == []
