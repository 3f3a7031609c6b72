from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lineage.builders import LAM, LAM_NEW, NVIDIA
from thirteenf import cusip
from thirteenf.lineage import actions
from thirteenf.tables import LINEAGE

GOOD = {"kind": "split", "date": date(2024, 6, 10), "cusip": NVIDIA, "ratio": "10:1", "source": "NVIDIA, 2024-05-22"}


def read(*entries):
    return actions.read(entries, "own")


def but(**words):
    """A good entry with other words; None leaves one out."""
    return {name: value for name, value in (GOOD | words).items() if value is not None}


def test_an_action_says_what_was_done_and_where_that_is_from():
    found = read(GOOD)
    assert found.faults == ()
    assert found.rows.schema == LINEAGE.schema()
    (row,) = found.rows.to_dicts()
    assert row == {
        "kind": "split", "against": date(2024, 3, 31), "period": date(2024, 6, 30), "date": date(2024, 6, 10),
        "cusip_before": NVIDIA, "cusip": NVIDIA, "shares_before": 1, "shares": 10, "certainty": "confirmed",
        "evidence": ["own: NVIDIA, 2024-05-22"], "holders": None, "votes": None, "price_ratio": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "shares_before", "shares"),
    [
        ({"ratio": "10:1"}, 1, 10),
        ({"ratio": "3:2"}, 2, 3),
        ({"ratio": "10 for 1"}, 1, 10),
        ({"ratio": "20:2"}, 1, 10),
        ({"kind": "reverse_split", "ratio": "1:15"}, 15, 1),
        ({"kind": "merger", "cusip_before": LAM, "ratio": "0.8375:1"}, 80, 67),
        ({"kind": "spin_off", "cusip_before": LAM, "ratio": "1:4"}, 4, 1),
        ({"kind": "cusip_change", "cusip_before": LAM, "ratio": None}, 1, 1),
    ],
)
def test_ratios_are_new_shares_for_old_ones(words, shares_before, shares):
    found = read(but(**words))
    assert found.faults == ()
    (row,) = found.rows.to_dicts()
    assert (row["shares_before"], row["shares"]) == (shares_before, shares)


def test_the_first_and_last_day_of_a_quarter_are_in_it():
    for day in (date(2024, 4, 1), date(2024, 6, 30)):
        assert read(but(date=day)).rows["period"].to_list() == [date(2024, 6, 30)]


def test_a_cusip_that_lost_its_zero_is_read():
    found = read(but(cusip="9857L108", cusip_before=None))
    assert found.rows["cusip"].to_list() == ["09857L108"]


FAULTS = [
    ("10:1", "table"),
    (but(cusip=None), "cusip"),
    (but(cusip="67066G105"), "67066G105"),
    (but(cusip=670), "670"),
    (but(cusip_before="nothing"), "cusip_before"),
    (but(factor=10), "factor"),
    (but(kind="dividend"), "dividend"),
    (but(kind=None), "kind"),
    (but(date="2024-06-10"), "date"),
    (but(date=None), "date"),
    (but(kind="merger"), "cusip_before"),
    (but(ratio="ten"), "ten"),
    (but(ratio=10), "10"),
    (but(ratio="0:1"), "0:1"),
    (but(ratio="1:0"), "1:0"),
    (but(ratio="20000:1"), "20000:1"),
    (but(ratio="1:10"), "split"),
    (but(ratio="1:1"), "split"),
    (but(kind="reverse_split"), "reverse_split"),
    (but(source=None), "source"),
    (but(source="  "), "source"),
    (but(source=7), "source"),
]


@pytest.mark.parametrize(("entry", "word"), FAULTS)
def test_a_fault_is_named_and_stops_no_other(entry, word):
    found = read(GOOD, entry, but(cusip=LAM))
    (fault,) = found.faults
    assert fault.startswith("action 2: ")
    assert word in fault
    assert found.rows["cusip"].to_list() == [NVIDIA, LAM]


def test_faults_are_told_in_the_order_of_the_entries():
    found = read(*(entry for entry, _ in FAULTS))
    assert found.rows.is_empty()
    assert found.rows.schema == LINEAGE.schema()
    numbers = [fault.partition(":")[0] for fault in found.faults]
    assert numbers == [f"action {number}" for number in range(1, len(FAULTS) + 1)]


@pytest.mark.parametrize(
    "words",
    [
        {"kind": ["split"]},
        {"kind": {"of": "split"}},
        {"date": datetime(2024, 6, 10, 16, 0, tzinfo=UTC)},
        {"date": datetime(2024, 6, 10, 16, 0)},  # noqa: DTZ001 - TOML knows times without a zone
        {"date": date(1, 1, 1)},
        {"date": date(9999, 12, 31)},
    ],
)
def test_values_of_other_shapes_are_faults_at_worst(words):
    found = read(GOOD, but(**words))
    assert found.rows.height + len(found.faults) == 2


# Whatever a user's file holds.

plain = st.one_of(
    st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(),
    st.sampled_from([NVIDIA, LAM, LAM_NEW, "10:1", "1:15", "0.8375:1", "split", "merger", date(2024, 6, 10)]),
)  # fmt: skip
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
entries = st.one_of(
    values,
    st.dictionaries(st.sampled_from([*GOOD, "cusip_before", "issuer", "other"]), values),
    st.dictionaries(st.sampled_from([*GOOD, "cusip_before", "issuer"]), values, max_size=2).map(lambda one: GOOD | one),
)


@given(st.lists(entries, max_size=4))
def test_every_entry_is_a_row_or_a_fault(given_entries):
    found = read(*given_entries)
    assert found.rows.height + len(found.faults) == len(given_entries)
    assert found.rows.schema == LINEAGE.schema()


# The table that comes with the program.


def test_every_curated_action_has_a_source_and_valid_cusips():
    found = actions.curated()
    assert found.height >= 32
    for row in found.to_dicts():
        (line,) = row["evidence"]
        assert len(line.removeprefix("table: ")) > 10
        assert line.startswith("table: ")
        assert cusip.is_valid(row["cusip"])
        assert cusip.is_valid(row["cusip_before"])
        assert row["against"] < row["date"] <= row["period"]
        assert row["certainty"] == "confirmed"
    assert not found.select("period", "cusip_before", "cusip").is_duplicated().any()


KNOWN = [
    (NVIDIA, NVIDIA, date(2024, 6, 10), 1, 10),
    ("11135F101", "11135F101", date(2024, 7, 15), 1, 10),
    (LAM, LAM_NEW, date(2024, 10, 3), 1, 10),
    ("378973408", "378973507", date(2025, 2, 11), 15, 1),
    ("64110L106", "64110L106", date(2025, 11, 17), 1, 10),
    ("81762P102", "81762P102", date(2025, 12, 18), 1, 5),
    ("969904101", "969904101", date(2024, 7, 9), 1, 2),
    ("243537107", "243537107", date(2024, 9, 17), 1, 6),
    ("040413106", "040413205", date(2024, 12, 4), 1, 4),
    ("191098102", "191098102", date(2025, 5, 27), 1, 10),
    ("040919102", "040919102", date(2025, 6, 16), 1, 3),
    ("369604301", "36828A101", date(2024, 4, 2), 4, 1),
]


@pytest.mark.parametrize("row", KNOWN)
def test_well_known_actions_are_curated(row):
    names = ("cusip_before", "cusip", "date", "shares_before", "shares")
    assert row in actions.curated().select(names).rows()


def test_prices_of_real_filings_bear_out_the_curated_ratios(real):
    path = real / "seed_figures.csv"
    if not path.is_file():
        pytest.skip("../shared/real/seed_figures.csv is not here")
    filed = pl.read_csv(path, schema_overrides={"cusip": pl.String, "period": pl.Date}, infer_schema_length=None)
    stock = filed.filter(
        (pl.col("type") == "SH") & pl.col("putcall").is_null() & (pl.min_horizontal("value", "shares") > 0)
    )
    sums = stock.group_by("cusip", "period").agg(pl.col("value").sum(), pl.col("shares").sum())
    price = {(number, period): value / shares for number, period, value, shares in sums.iter_rows()}
    seen = 0
    for row in actions.curated().to_dicts():
        before, after = price.get((row["cusip_before"], row["against"])), price.get((row["cusip"], row["period"]))
        if before and after and row["kind"] != "spin_off":
            seen += 1
            # makers of chips doubled in the second quarter of 2026, and so KLA did
            assert 0.48 < before / after / (row["shares"] / row["shares_before"]) < 2, row
    assert seen >= 20
