from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.lineage.builders import NVIDIA, followed, seen, steps
from thirteenf import fails
from thirteenf.lineage import sightings
from thirteenf.tables import LINEAGE

OLD, NEW = "378973408", "378973507"
STAR = "GLOBALSTAR INC"
BROOKFIELD, MANAGER = "BROOKFIELD ASSET MANAGEMENT IN", "BROOKFILED ASSET MGMT LTD CL A"
ALSET, ALSET_NEW = "ALSET INC COM(TX)", "ALSET INC COM NEW"


def one(told):
    (found,) = told.to_dicts()
    return found


def change(old_price=27.5, new_price=27.5, *, old="GSAT", new="GSAT", later=1, issuer=STAR):
    """One symbol under two CUSIPs, so many days after one another; `old` and `new` are symbols as filed."""
    first = date(2023, 2, 10) + timedelta(days=later)
    return seen(
        ("2023-02-08", OLD, "GSAT", old_price, STAR),
        ("2023-02-10", OLD, old, old_price, STAR),
        (str(first), NEW, new, new_price, issuer),
        (str(first + timedelta(days=1)), NEW, "GSAT", new_price, issuer),
    )


def test_one_symbol_under_two_cusips_on_consecutive_days_is_likely():
    found = one(sightings.told(change()))
    assert (found["cusip_before"], found["cusip"], found["kind"]) == (OLD, NEW, "cusip_change")
    assert (found["shares_before"], found["shares"], found["certainty"]) == (1, 1, "likely")
    assert found["date"] == date(2023, 2, 11)
    assert (found["against"], found["period"]) == (date(2022, 12, 31), date(2023, 3, 31))
    assert found["holders"] is found["votes"] is found["price_ratio"] is None
    (line,) = found["evidence"]
    assert line.startswith("fails: ")
    for word in ("GSAT", OLD, NEW, "2023-02-10", "2023-02-11", "27.50"):
        assert word in line


@pytest.mark.parametrize(
    ("marks", "marked"), [(("GSATXXXX", "GSAT"), [OLD]), (("GSAT", "GSATZZZZ"), [NEW]),
                          (("GSATXXXX", "GSATZZZZ"), [OLD, NEW])],
)  # fmt: skip
def test_a_change_that_the_files_mark_is_confirmed(marks, marked):
    found = one(sightings.told(change(old=marks[0], new=marks[1])))
    assert (found["shares_before"], found["shares"], found["certainty"]) == (1, 1, "confirmed")
    told = [line for line in found["evidence"] if line.startswith("mark: ")]
    assert len(told) == len(marked)
    assert all(number in line for number, line in zip(marked, told, strict=True))


def test_a_few_days_of_trading_between_are_no_ratio():
    found = one(sightings.told(change(27.5, 28.6, later=4)))
    assert (found["shares_before"], found["shares"], found["certainty"]) == (1, 1, "likely")


@pytest.mark.parametrize("later", [30, 200])
def test_a_symbol_seen_again_long_after_is_not_followed(later):
    assert followed(sightings.told(change(later=later))).is_empty()


def test_a_symbol_that_another_company_took_over_is_no_change():
    assert followed(sightings.told(change(issuer="GREENLAND ACQUISITION"))).height == 1  # of one issuer by its number
    taken = seen(
        ("2023-02-10", OLD, "GSAT", 27.5, STAR), ("2023-02-11", "883556102", "GSAT", 27.5, "THERMO FISHER SCIENTIFIC")
    )
    assert sightings.told(taken).is_empty()


def test_another_issuers_number_with_the_same_leading_word_is_a_change():
    told = sightings.told(
        seen(
            ("2023-02-10", "531229722", "LLYVK", 96.9, "LIBERTY MEDIA CORP DEL"),
            ("2023-02-13", "530909308", "LLYVK", 96.2, "LIBERTY LIVE HOLDINGS INC"),
        )
    )
    assert steps(told) == [("531229722", "530909308", 1, 1, "likely")]


def test_two_cusips_on_the_same_days_are_two_securities():
    told = sightings.told(
        seen(*[(f"2023-02-{day:02}", number, "GSAT", 27.5, STAR) for day in (8, 9, 10) for number in (OLD, NEW)])
    )
    assert followed(told).is_empty()


def test_brookfields_asset_manager_is_not_brookfield():
    """BAM on 2022-12-13: the parent became BN under another CUSIP, a quarter of its manager took the symbol."""
    told = sightings.told(
        seen(
            ("2022-12-08", "112585104", "BAM", 44.36, BROOKFIELD),
            ("2022-12-09", "112585104", "BAM", 43.61, BROOKFIELD),
            ("2022-12-12", "112585104", "BAM", 43.15, BROOKFIELD),
            ("2022-12-14", "113004105", "BAM", 30.76, MANAGER),
            ("2022-12-15", "113004105", "BAM", 29.50, MANAGER),
        )
    )
    assert followed(told).is_empty()


def test_brookfield_is_not_followed_though_its_number_is_marked_retired():
    told = sightings.told(
        seen(
            ("2022-12-12", "112585104", "BAM", 43.15, BROOKFIELD),
            ("2022-12-13", "112585104", "BAMXXXX", 43.15, BROOKFIELD),
            ("2022-12-14", "112585104", "BAMXXXX", 43.15, BROOKFIELD),
            ("2022-12-14", "113004105", "BAM", 30.76, MANAGER),
            ("2022-12-15", "112585104", "BAMXXXX", 43.15, BROOKFIELD),
            ("2022-12-15", "113004105", "BAM", 29.50, MANAGER),
        )
    )
    assert followed(told).is_empty()


def test_alsets_reverse_split_is_one_for_twenty():
    """2022-12-28; the old number was seen once more, marked, a day after the new one was."""
    found = one(
        sightings.told(
            seen(
                ("2022-12-23", "02115D109", "AEI", 0.17, ALSET),
                ("2022-12-27", "02115D109", "AEI", 0.17, ALSET),
                ("2022-12-28", "02115D208", "AEIZZZZ", 3.00, ALSET_NEW),
                ("2022-12-29", "02115D109", "AEIXXXX", 0.15, ALSET),
                ("2022-12-29", "02115D208", "AEI", 2.52, ALSET_NEW),
            )
        )
    )
    assert (found["cusip_before"], found["cusip"]) == ("02115D109", "02115D208")
    assert (found["shares_before"], found["shares"], found["certainty"]) == (20, 1, "confirmed")
    assert found["period"] == date(2022, 12, 31)


def test_real_files_tell_alset_and_not_brookfield(real):
    parts = [fails.read(path.read_bytes(), path.name).sightings for path in sorted((real / "ftd").glob("*.zip"))]
    told = followed(sightings.told(fails.joined(parts)))
    by_old = {row["cusip_before"]: row for row in told.to_dicts()}
    assert "112585104" not in by_old
    assert (by_old["02115D109"]["shares_before"], by_old["02115D109"]["shares"]) == (20, 1)
    assert by_old["02115D109"]["cusip"] == "02115D208"
    assert not told["cusip_before"].is_duplicated().any()


# Prices that jump.


@pytest.mark.parametrize(
    ("before", "after", "kind", "shares_before", "shares"),
    [(1208.88, 120.91, "split", 1, 10), (400.0, 200.5, "split", 1, 2), (0.5, 10.0, "reverse_split", 20, 1)],
)
def test_a_price_that_jumps_by_a_simple_ratio_overnight_is_possible(before, after, kind, shares_before, shares):
    told = sightings.told(
        seen(
            ("2024-06-07", NVIDIA, "NVDA", before, "NVIDIA CORP"), ("2024-06-10", NVIDIA, "NVDA", after, "NVIDIA CORP")
        )
    )
    found = one(told)
    assert (found["kind"], found["certainty"]) == (kind, "possible")
    assert (found["cusip_before"], found["cusip"]) == (NVIDIA, NVIDIA)
    assert (found["shares_before"], found["shares"]) == (shares_before, shares)
    assert found["date"] == date(2024, 6, 10)


def test_a_jump_after_weeks_unseen_is_nothing():
    told = sightings.told(
        seen(("2024-05-01", NVIDIA, "NVDA", 900.0, "NVIDIA CORP"), ("2024-06-10", NVIDIA, "NVDA", 90.0, "NVIDIA CORP"))
    )
    assert told.is_empty()


def test_no_sightings_say_nothing():
    told = sightings.told(seen())
    assert told.is_empty()
    assert told.schema == LINEAGE.schema()


def test_sightings_without_prices_are_not_followed():
    assert followed(sightings.told(change(None, None))).is_empty()


# Laws.

prices = st.integers(1, 500_000).map(lambda cents: cents / 100)


@given(prices, prices, st.integers(1, 12))
def test_an_unmarked_change_is_followed_one_for_one_or_not_at_all(old, new, later):
    for row in followed(sightings.told(change(old, new, later=later))).to_dicts():
        assert (row["shares_before"], row["shares"]) == (1, 1)
        assert row["certainty"] == "likely"
        assert 0.8 < old / new < 1.25


@given(st.lists(prices, min_size=1, max_size=8))
def test_prices_of_one_cusip_are_never_more_than_possible(course):
    first = date(2024, 5, 1)
    told = sightings.told(
        seen(*[(str(first + timedelta(days=day)), NVIDIA, "NVDA", price, "NVIDIA") for day, price in enumerate(course)])
    )
    assert set(told["certainty"]) <= {"possible"}


days = st.tuples(
    st.integers(0, 90).map(lambda day: str(date(2023, 1, 2) + timedelta(days=day))),
    st.sampled_from([OLD, NEW, "02115D109", "02115D208"]),
    st.sampled_from(["GSAT", "GSATXXXX", "GSATZZZZ", "AEI"]),
    st.one_of(st.none(), prices),
    st.sampled_from([STAR, ALSET]),
)


@given(st.lists(days, max_size=12, unique_by=lambda day: day[:3]), st.randoms(use_true_random=False))
def test_what_is_told_is_a_lineage_whatever_the_order_of_sightings(rows, random):
    known = seen(*rows)
    told = sightings.told(known)
    assert told.schema == LINEAGE.schema()
    assert (told["against"] < told["date"]).all()
    assert (told["date"] <= told["period"]).all()
    assert_frame_equal(
        sightings.told(known[random.sample(range(known.height), known.height)]), told, check_row_order=False
    )
