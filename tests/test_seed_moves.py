"""Known moves of the six managers, cross-checked by others: a table by hand, and all of ../shared/real."""

from __future__ import annotations

import csv
import re
from datetime import date

import pytest

from thirteenf import Tracker

WORDS = {"NEW": "new", "ADD": "added", "REDUCE": "reduced", "EXIT": "exited", "HOLD": "unchanged"}

# manager, period, ticker, put/call, change, amount before, amount, value: what the sample covers of the list
KNOWN = [
    ("bridgewater", "2025Q2", "NVDA", "", "added", 2_841_980, 7_229_134, 1_142_130_881),
    ("bridgewater", "2025Q4", "NVDA", "", "added", 2_509_751, 3_865_205, 720_860_733),
    ("ark", "2025Q2", "NVDA", "", "added", 353_847, 1_013_054, 160_052_324),
    ("ark", "2025Q4", "NVDA", "", "added", 1_165_661, 1_254_577, 233_978_549),
    ("thiel", "2025Q2", "TSLA", "", "added", 57_180, 272_613, 86_598_246),
    ("thiel", "2025Q2", "NVDA", "", "added", 358_055, 537_742, 84_957_859),
    ("thiel", "2025Q2", "VST", "", "unchanged", 208_747, 208_747, 40_457_256),
    ("thiel", "2025Q2", "MSFT", "", "exited", 78_720, 0, 0),
    ("berkshire", "2025Q4", "GOOGL", "", "unchanged", 17_846_142, 17_846_142, 5_585_842_446),
    ("berkshire", "2025Q2", "AAPL", "", "reduced", 300_000_000, 280_000_000, 57_447_600_000),
    ("berkshire", "2025Q2", "UNH", "", "new", 0, 5_039_564, 1_572_192_781),
    ("berkshire", "2025Q4", "AMZN", "", "reduced", 10_000_000, 2_276_000, 525_346_320),
    ("scion", "2025Q3", "LULU", "", "added", 50_000, 100_000, 17_793_000),
    ("scion", "2025Q3", "LULU", "Call", "exited", 400_000, 0, 0),
    ("scion", "2025Q3", "PFE", "Call", "new", 0, 6_000_000, 152_880_000),
    ("scion", "2025Q3", "HAL", "Call", "new", 0, 2_500_000, 61_500_000),
]


@pytest.fixture(scope="module")
def moves(edgar_cache):
    """All moves between two periods of one manager, by CUSIP and put/call."""
    tracker, told = Tracker(edgar_cache), {}

    def between(cik, period, against):
        if (cik, period, against) not in told:
            frame = tracker.moves(cik, period, against=against)
            rows = frame.to_dicts()
            told[cik, period, against] = {(row["cusip_before"], row["put_call"]): row for row in rows}
            told[cik, period, against] |= {(row["cusip"], row["put_call"]): row for row in rows}
        return told[cik, period, against]

    between.held = set(tracker.filings().select("cik", "period").iter_rows())
    return between


@pytest.fixture(scope="module")
def covered(real, moves):
    """Rows of the list whose two periods are both held."""
    with (real / "seed_moves.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 304
    found = [
        row for row in rows
        if {(row["cik"].zfill(10), date.fromisoformat(row[side])) for side in ("period", "prev_period")} <= moves.held
    ]  # fmt: skip
    assert {row["cik"] for row in rows if row not in found} == {"1065521"}
    assert len(found) >= 286
    return found


def found(moves, row):
    period, against = date.fromisoformat(row["period"]), date.fromisoformat(row["prev_period"])
    return moves(row["cik"].zfill(10), period, against)[row["cusip"], row["putcall"]]


def plainly(row):
    """What the list says of a row, a change of CUSIP being one row here and two there."""
    if row["move"].startswith("CUSIP CHANGE"):
        return "HOLD", ""
    word, _, rest = row["move"].partition(" ")
    return word, rest


@pytest.mark.parametrize(("manager", "period", "ticker", "put_call", "change", "before", "amount", "value"), KNOWN)
def test_known_moves_of_the_sample(manager, period, ticker, put_call, change, before, amount, value):
    frame = Tracker(sample=True).moves(manager, period)
    rows = frame.filter((frame["ticker"] == ticker) & (frame["put_call"] == put_call))
    assert rows.select("change", "amount_before", "amount", "value").rows() == [(change, before, amount, value)]


def test_amounts_and_values_of_all_known_moves(moves, covered):
    wrong = []
    for row in covered:
        move = found(moves, row)
        told = [str(move[name]) for name in ("amount_before", "amount", "value")]
        said = [row["shares_prev"], row["shares"], row["value"]]
        if row["move"].startswith("CUSIP CHANGE"):  # two rows there, each with one side
            told, said = told[0 if said[1] == "0" else 1 :][:1], said[0 if said[1] == "0" else 1 :][:1]
        if told != said:
            wrong.append((row, told))
    assert wrong == []


def test_changes_of_all_known_moves(moves, covered):
    wrong = set()
    for row in covered:
        move, (word, rest) = found(moves, row), plainly(row)
        percent = re.match(r"[-+]\d+\.\d+(?=%)", rest)
        right = move["change"] == WORDS.get(word)
        if right and percent:
            right = f"{move['amount_change_pct']:+.2f}" == percent[0]
        if not right:
            wrong.add((row["cik"], row["period"], row["cusip"]))
    assert wrong == set()
