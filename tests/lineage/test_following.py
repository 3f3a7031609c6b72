from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.builders import book
from tests.lineage.builders import GLOBALSTAR, GLOBALSTAR_NEW, LAM, LAM_NEW, NVIDIA, action, lineage
from thirteenf import moves
from thirteenf.lineage import actions, following
from thirteenf.tables import MOVES, POSITION_KEY

Q4, Q1, Q2, Q3 = date(2023, 12, 31), date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)
FIGURES = ("amount_before", "amount_before_adjusted", "amount", "amount_change", "value_before", "value",
           "value_change", "trade_effect", "price_effect")  # fmt: skip


def diff(before, after, told, against=Q1):
    """Moves along a lineage, with what is possible told too."""
    found = moves.diff(following.follow(before, after, told, against), after)
    return following.with_possible(found, told, against)


def one(before, after, told, against=Q1):
    """The only move between two books."""
    (found,) = diff(before, after, told, against).to_dicts()
    return found


def by_key(frame):
    return {tuple(row[name] for name in POSITION_KEY): row for row in frame.to_dicts()}


def change(old=LAM, new=LAM_NEW, ratio=(1, 1), **more):
    return action("cusip_change", new, ratio, cusip_before=old, **more)


SPLIT = lineage(action(on=date(2024, 6, 10)))


# Splits as they were.


@pytest.mark.parametrize(
    ("old", "new", "against", "before", "after", "adjusted", "percent"),
    [
        (NVIDIA, NVIDIA, Q1, 704_599, 6_556_193, 7_045_990, -6.95),
        ("11135F101", "11135F101", Q2, 24_464, 955_433, 244_640, 290.5),
        (LAM, LAM_NEW, Q3, 276_052, 2_533_399, 2_760_520, -8.2),
        ("64110L106", "64110L106", date(2025, 9, 30), 26_112, 18_027, 261_120, -93.1),
        ("81762P102", "81762P102", date(2025, 9, 30), 301_993, 1_338_885, 1_509_965, -11.3),
    ],
)
def test_bridgewaters_splits_come_out_as_they_were(old, new, against, before, after, adjusted, percent):
    found = one(book((old, before, 10**8)), book((new, after, 10**8)), actions.curated(), against)
    assert found["amount_change_pct"] == pytest.approx(percent, abs=0.05)
    assert (found["amount_before"], found["amount_before_adjusted"], found["amount"]) == (before, adjusted, after)
    assert (found["cusip_before"], found["cusip"]) == (old, new)
    assert found["amount_change"] == after - adjusted
    (cause,) = found["cause"]
    assert cause["confidence"] == "confirmed"
    assert "table" in [one["kind"] for one in cause["evidence"]]


def test_a_split_with_its_values_is_no_trade_of_ten_times():
    """Bridgewater, NVIDIA, 2024Q1 to Q2: 489,797 shares sold, at about 107 dollars."""
    found = one(book((NVIDIA, 704_599, 636_647_472)), book((NVIDIA, 6_556_193, 809_952_083)), SPLIT)
    assert found["change"] == "reduced"
    assert found["amount_change"] == -489_797
    assert found["trade_effect"] == pytest.approx(-489_797 * (90.356 + 123.54) / 2, rel=1e-4)
    assert found["trade_effect"] + found["price_effect"] == 809_952_083 - 636_647_472
    (cause,) = found["cause"]
    assert (cause["cause"], cause["confidence"]) == ("split", "confirmed")


def test_globalstars_reverse_split_changes_nothing_over_four_quarters():
    before, after = book((GLOBALSTAR, 4_815_045, 9_967_143)), book((GLOBALSTAR_NEW, 321_003, 19_594_023))
    found = one(before, after, actions.curated(), date(2024, 12, 31))
    assert (found["change"], found["amount_change"], found["trade_effect"]) == ("unchanged", 0, 0)
    assert found["price_effect"] == 19_594_023 - 9_967_143
    assert (found["amount_before"], found["amount_before_adjusted"]) == (4_815_045, 321_003)


# Fractions.


def fractions(before, after, rows=1, ratio=(1, 15)):
    old = book((GLOBALSTAR, before, 1_000)).with_columns(rows=pl.lit(rows, pl.Int64))
    told = lineage(action("reverse_split", GLOBALSTAR_NEW, ratio, cusip_before=GLOBALSTAR))
    return one(old, book((GLOBALSTAR_NEW, after, 1_000)), told)


@pytest.mark.parametrize("after", [6, 7])
def test_a_fraction_paid_out_in_cash_or_rounded_up_is_no_trade(after):
    """100 shares at one for fifteen are six and two thirds."""
    found = fractions(100, after)
    assert (found["change"], found["amount_change"], found["trade_effect"]) == ("unchanged", 0, 0)
    assert (found["amount_before"], found["amount"]) == (100, after)


def test_a_share_less_than_the_fraction_was_sold():
    assert fractions(100, 5)["change"] == "reduced"


def test_a_share_more_than_the_fraction_was_bought():
    assert fractions(100, 8)["change"] == "added"


@pytest.mark.parametrize(("after", "change"), [(1_000, "unchanged"), (999, "reduced"), (1_001, "added")])
def test_where_no_fractions_are_every_share_counts(after, change):
    found = one(book((NVIDIA, 100, 9_000)), book((NVIDIA, after, 9_000)), SPLIT)
    assert found["change"] == change
    assert found["amount_change"] == after - 1_000


def test_each_row_may_lose_a_fraction():
    """Three rows of 5,009, 5,024 and 5,039 shares, of each of which fourteen fifteenths of a share were paid out."""
    assert fractions(15_072, 333 + 334 + 335, rows=3)["change"] == "unchanged"
    assert fractions(15_072, 333 + 334 + 335 - 1, rows=3)["change"] == "reduced"


# Books that do not mix.


def test_options_are_adjusted_and_never_meet_stock():
    before = book((NVIDIA, 704_599, 636_647_472), (NVIDIA, 900_000, 97_542_000, "Put"), (NVIDIA, 10, 9_000, "Call"))
    after = book((NVIDIA, 7_045_990, 809_952_083), (NVIDIA, 9_000_000, 186_580_000, "Put"), (NVIDIA, 50, 6_000, "Call"))
    found = by_key(diff(before, after, SPLIT))
    assert {key: row["change"] for key, row in found.items()} == {
        (NVIDIA, "", "SH"): "unchanged", (NVIDIA, "Put", "SH"): "unchanged", (NVIDIA, "Call", "SH"): "reduced",
    }  # fmt: skip
    assert found[NVIDIA, "Put", "SH"]["amount_before_adjusted"] == 9_000_000
    assert found[NVIDIA, "Put", "SH"]["value_before"] == 97_542_000


def test_principal_is_not_multiplied():
    found = one(book((NVIDIA, 5_000, 5_100, "", "PRN")), book((NVIDIA, 5_000, 5_200, "", "PRN")), SPLIT)
    assert (found["change"], found["amount_before_adjusted"]) == ("unchanged", 5_000)


def test_principal_goes_with_another_cusip():
    found = one(book((LAM, 5_000, 5_100, "", "PRN")), book((LAM_NEW, 5_000, 5_200, "", "PRN")), lineage(change()))
    assert (found["change"], found["cusip_before"], found["cusip"]) == ("unchanged", LAM, LAM_NEW)


# Several that become one.

SERIES_A, SERIES_C, SIRIUS, SIRIUS_NEW = "531229813", "531229789", "82968B103", "829933100"


def test_three_securities_that_became_one_are_one_row():
    """Berkshire, Liberty SiriusXM and Sirius XM, 2024Q2 to Q3."""
    before = book(
        (SERIES_A, 35_182_219, 779_286_152), (SERIES_C, 70_002_897, 1_551_264_198), (SIRIUS, 132_878_213, 376_045_343)
    )
    found = one(before, book((SIRIUS_NEW, 105_155_029, 2_486_916_437)), actions.curated(), Q2)
    assert found["change"] == "added"
    assert found["amount_before_adjusted"] == pytest.approx(101_380_355.97, abs=2)
    assert found["amount_change_pct"] == pytest.approx(3.7233, abs=0.001)
    assert found["value_before"] == 779_286_152 + 1_551_264_198 + 376_045_343
    assert found["amount_before"] == 35_182_219 + 70_002_897 + 132_878_213
    assert found["cusip"] == SIRIUS_NEW
    assert len(found["cause"]) == 3
    assert found["weight_before"] == pytest.approx(100.0)


def test_shares_of_a_merger_are_added_to_those_that_were_held():
    told = lineage(action("merger", NVIDIA, (1, 2), cusip_before=LAM))
    found = one(book((NVIDIA, 1_000, 10), (LAM, 500, 20)), book((NVIDIA, 1_250, 40)), told)
    assert (found["change"], found["amount_before_adjusted"], found["value_before"]) == ("unchanged", 1_250, 30)


# Over several quarters, and late.


def test_steps_of_several_quarters_compose():
    told = lineage(
        action(ratio=(10, 1), period=Q2), change(NVIDIA, LAM, (3, 2), period=Q3), action(ratio=(7, 1), period=Q1)
    )
    found = one(book((NVIDIA, 200, 1_000)), book((LAM, 3_000, 1_000)), told)
    assert (found["change"], found["amount_before_adjusted"]) == ("unchanged", 3_000)
    assert (found["cusip_before"], found["cusip"]) == (NVIDIA, LAM)
    assert len(found["cause"]) == 2


def test_what_happened_by_the_earlier_period_is_not_done_again():
    """Bridgewater, NVIDIA, 2024Q2 to Q3."""
    found = one(book((NVIDIA, 6_556_193, 809_952_083)), book((NVIDIA, 4_754_271, 577_358_670)), SPLIT, Q2)
    assert (found["amount_before_adjusted"], found["cause"]) == (6_556_193, [])
    assert found["amount_change_pct"] == pytest.approx(-27.48, abs=0.01)


def test_a_number_retired_before_is_followed_one_for_one():
    """The holder filed the old number a quarter too long; the shares were the new ones already."""
    told = lineage(change(ratio=(10, 1), period=Q2))
    found = one(book((LAM, 54_320, 100)), book((LAM_NEW, 54_320, 110)), told, Q2)
    assert (found["change"], found["amount_before_adjusted"]) == ("unchanged", 54_320)
    assert (found["cusip_before"], found["cusip"]) == (LAM, LAM_NEW)


def test_who_files_the_old_number_on_both_sides_has_one_row():
    found = one(book((LAM, 5_432, 100)), book((LAM, 5_000, 110)), lineage(change()))
    assert (found["change"], found["cusip_before"], found["cusip"]) == ("reduced", LAM, LAM)
    later = one(book((LAM, 5_432, 100)), book((LAM, 5_432, 110)), lineage(change()), Q2)
    assert (later["change"], later["cusip"]) == ("unchanged", LAM)


def test_shares_split_though_the_old_number_is_filed_on():
    found = one(book((LAM, 5_432, 100)), book((LAM, 54_320, 110)), lineage(change(ratio=(10, 1))))
    assert (found["change"], found["amount_before_adjusted"]) == ("unchanged", 54_320)
    assert (found["cusip_before"], found["cusip"]) == (LAM, LAM)


def test_a_holder_of_both_numbers_has_one_row_when_both_went_together():
    before, after = book((LAM, 5_432, 100), (LAM_NEW, 1_000, 20)), book((LAM_NEW, 6_432, 130))
    found = one(before, after, lineage(change()))
    assert (found["change"], found["amount_before_adjusted"], found["value_before"]) == ("unchanged", 6_432, 120)


def test_a_position_that_was_sold_is_exited_under_either_number():
    found = one(book((LAM, 5_432, 100)), book(), lineage(change()))
    assert (found["change"], found["amount"], found["value_before"]) == ("exited", 0, 100)
    assert found["cusip_before"] == LAM


# Spin-offs.

CHILD = "69608A108"
SPUN = lineage(action("spin_off", CHILD, (1, 4), cusip_before=NVIDIA, period=Q2))


@pytest.mark.parametrize(("kept", "sign"), [(250, 0), (200, -1), (300, 1)])
def test_what_was_spun_off_is_new_and_was_not_bought(kept, sign):
    before, after = book((NVIDIA, 1_000, 100_000)), book((NVIDIA, 1_000, 90_000), (CHILD, kept, kept * 40))
    found = by_key(diff(before, after, SPUN))
    child, parent = found[CHILD, "", "SH"], found[NVIDIA, "", "SH"]
    assert (child["change"], child["cusip_before"]) == ("new", None)
    assert (child["amount_before"], child["amount_before_adjusted"], child["value_before"]) == (0, 250, 0)
    assert child["amount_change"] == kept - 250
    assert (child["trade_effect"] > 0) - (child["trade_effect"] < 0) == sign
    assert [cause["cause"] for cause in child["cause"]] == ["spin_off"]
    assert (parent["change"], parent["amount_before_adjusted"]) == ("unchanged", 1_000)
    assert child["trade_effect"] == (kept - 250) * 40  # at its one price: it had none before


def test_a_child_that_was_sold_at_once_has_no_row():
    assert by_key(diff(book((NVIDIA, 1_000, 100)), book((NVIDIA, 1_000, 90)), SPUN)).keys() == {(NVIDIA, "", "SH")}


def test_a_child_of_a_parent_never_held_was_bought():
    found = one(book(), book((CHILD, 250, 10_000)), SPUN)
    assert (found["change"], found["amount_before_adjusted"], found["trade_effect"]) == ("new", 0, 10_000)


def test_a_spin_off_before_the_earlier_period_gives_nothing():
    found = by_key(diff(book((NVIDIA, 1_000, 100)), book((NVIDIA, 1_000, 90), (CHILD, 250, 10)), SPUN, Q2))
    assert found[CHILD, "", "SH"]["amount_before_adjusted"] == 0


def test_a_put_on_the_parent_is_given_no_shares():
    before, after = book((NVIDIA, 1_000, 100, "Put")), book((CHILD, 250, 10_000))
    assert by_key(diff(before, after, SPUN))[CHILD, "", "SH"]["amount_before_adjusted"] == 0


def test_two_classes_are_given_one_child():
    told = lineage(
        action("spin_off", CHILD, (1, 4), cusip_before=NVIDIA), action("spin_off", CHILD, (1, 4), cusip_before=LAM)
    )
    before = book((NVIDIA, 1_000, 100), (LAM, 400, 100))
    after = book((NVIDIA, 1_000, 90), (LAM, 400, 90), (CHILD, 350, 20))
    child = by_key(diff(before, after, told))[CHILD, "", "SH"]
    assert (child["change"], child["amount_before_adjusted"], child["trade_effect"]) == ("new", 350, 0)


# What is possible.


def test_a_possible_change_is_told_with_both_rows_and_changes_no_figure():
    before, after = book((LAM, 5_400, 100)), book((LAM_NEW, 5_400, 110))
    told = lineage(change(certainty="possible", evidence=["holders: one", "votes: 1"]))
    found = by_key(diff(before, after, told))
    assert found[LAM, "", "SH"]["change"] == "exited"
    assert found[LAM_NEW, "", "SH"]["change"] == "new"
    for row in found.values():
        (cause,) = row["cause"]
        assert (cause["cause"], cause["confidence"]) == ("cusip_change", "possible")
        assert ("holders", "one") in [(one["kind"], one["detail"]) for one in cause["evidence"]]


def test_a_possible_split_is_told_and_not_followed():
    told = lineage(action(certainty="possible"))
    found = one(book((NVIDIA, 100, 9_000)), book((NVIDIA, 1_000, 9_100)), told)
    assert (found["change"], found["amount_before_adjusted"]) == ("added", 100)
    assert [cause["confidence"] for cause in found["cause"]] == ["possible"]


def test_possible_actions_by_the_earlier_period_are_not_told():
    told = lineage(action(certainty="possible", period=Q2))
    assert one(book((NVIDIA, 100, 9_000)), book((NVIDIA, 1_000, 9_100)), told, Q2)["cause"] == []


# Laws.

NUMBERS = [NVIDIA, LAM, LAM_NEW, GLOBALSTAR, GLOBALSTAR_NEW]


@st.composite
def books(draw):
    keys = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["", "", "Put"]), st.sampled_from(["SH", "SH", "PRN"]))
    figures = st.tuples(st.integers(1, 10**7), st.integers(0, 10**10))
    held = draw(st.dictionaries(keys, figures, max_size=8))
    return book(*[(number, *numbers, put_call, kind) for (number, put_call, kind), numbers in held.items()])


@st.composite
def lineages(draw, certainties=("confirmed", "likely", "possible"), numbers=tuple(NUMBERS)):
    """Actions of three quarters; of one CUSIP and quarter at most one but for spin-offs."""
    steps = st.dictionaries(
        st.tuples(st.sampled_from([Q1, Q2, Q3]), st.sampled_from(numbers)), st.sampled_from(numbers)
    )
    rows = []
    for (period, before), after in draw(steps).items():
        ratio = draw(st.sampled_from([(10, 1), (3, 2), (1, 15), (67, 80)] + [(1, 1)] * 4 * (before != after)))
        kinds = ["cusip_change", "merger", "spin_off"] if before != after else [
            "split" if ratio[0] > ratio[1] else "reverse_split"
        ]  # fmt: skip
        more = {"cusip_before": before, "period": period, "certainty": draw(st.sampled_from(certainties))}
        rows.append(action(draw(st.sampled_from(kinds)), after, ratio, **more))
    return lineage(*rows)


@given(books(), books(), lineages(), st.sampled_from([Q4, Q1, Q2, Q3]))
def test_values_add_up_to_both_books_whatever_was_done(before, after, told, against):
    found = diff(before, after, told, against)
    assert found.schema == MOVES.schema(moves.COLUMNS)
    assert found["value"].sum() == after["value"].sum()
    assert found["value_before"].sum() == before["value"].sum()
    assert found["value_change"].sum() == after["value"].sum() - before["value"].sum()
    assert (found["trade_effect"] + found["price_effect"]).sum() == found["value_change"].sum()


@given(books(), books(), lineages(), st.sampled_from([Q4, Q1, Q2, Q3]))
def test_each_position_is_in_one_row(before, after, told, against):
    found = diff(before, after, told, against)
    keys = found.select(POSITION_KEY).rows()
    assert len(keys) == len(set(keys))
    assert set(after.select(POSITION_KEY).rows()) <= set(keys)
    books_of = ["put_call", "amount_type"]
    for side, frame in (("amount", after), ("amount_before", before)):
        sums = found.group_by(books_of).agg(pl.col(side).sum()).filter(pl.col(side) > 0)
        filed = frame.group_by(books_of).agg(pl.col("amount").sum().alias(side))
        assert_frame_equal(sums, filed, check_row_order=False)
    assert found["cusip_before"].drop_nulls().is_in(before["cusip"].implode()).all()
    assert (found["cusip_before"].is_null() == (found["change"] == "new")).all()


@given(books(), books(), lineages(certainties=("possible",)), st.sampled_from([Q4, Q1, Q2, Q3]))
def test_possible_actions_change_no_figure(before, after, told, against):
    plain = moves.diff(before, after)
    assert_frame_equal(diff(before, after, told, against).drop("cause"), plain.drop("cause"))


@given(books(), books(), lineages(numbers=("11135F101", "883556102")))
def test_what_was_done_to_others_changes_nothing(before, after, told):
    for one_told in (lineage(), told):
        followed = following.follow(before, after, one_told, Q4)
        assert_frame_equal(followed.select(before.columns), before)
        assert followed["amount_adjusted"].to_list() == before["amount"].to_list()
        assert followed["cusip_before"].to_list() == before["cusip"].to_list()
        assert_frame_equal(diff(before, after, one_told), moves.diff(before, after))


RENAMED = {number: f"{number[:6]}7{place}0" for place, number in enumerate(NUMBERS)}


@given(books(), books())
def test_other_numbers_for_everything_make_the_same_moves(before, after):
    told = lineage(*(change(old, new) for old, new in RENAMED.items()))
    renamed = after.with_columns(pl.col("cusip").replace(RENAMED))
    found = diff(before, renamed, told).with_columns(
        pl.col("cusip").replace({new: old for old, new in RENAMED.items()})
    )
    columns = [*POSITION_KEY, "change", *FIGURES, "amount_change_pct", "weight", "weight_before", "cusip_before"]
    assert_frame_equal(
        found.select(columns), moves.diff(before, after).select(columns), check_row_order=False, check_exact=True
    )


@given(books(), books(), lineages(), st.randoms(use_true_random=False))
def test_the_order_of_positions_and_actions_of_a_quarter_does_not_matter(before, after, told, random):
    def shuffled(frame):
        return frame[random.sample(range(frame.height), frame.height)]

    again = diff(shuffled(before), shuffled(after), shuffled(told).sort("period", maintain_order=True))
    plain = diff(before, after, told.sort("period", maintain_order=True))
    named = [name for name in plain.columns if name != "cause"]
    assert_frame_equal(again.select(named), plain.select(named), check_row_order=False)


# Options under numbers of their own.

APPLE, APPLE_PUT = "037833100", "037833950"
KNOWN = pl.Series([APPLE, NVIDIA, LAM])


def test_a_put_under_the_lists_own_number_is_one_on_the_underlying():
    found = following.underlying(book((APPLE_PUT, 1_000, 200_000, "Put")), KNOWN)
    assert found.select(POSITION_KEY).rows() == [(APPLE, "Put", "SH")]
    assert found.select("amount", "value").rows() == [(1_000, 200_000)]


def test_a_call_too():
    found = following.underlying(book(("037833900", 1_000, 200_000, "Call")), KNOWN)
    assert found.select(POSITION_KEY).rows() == [(APPLE, "Call", "SH")]


@pytest.mark.parametrize(
    ("held", "known"),
    [
        (book((APPLE_PUT, 1_000, 200_000)), KNOWN),  # no mark: it would be taken for stock
        (book((APPLE_PUT, 1_000, 200_000, "Put")), pl.Series([APPLE, "037833530"])),  # two with the same check digit
        (book((APPLE_PUT, 1_000, 200_000, "Put")), pl.Series([NVIDIA])),
        (book((APPLE_PUT, 1_000, 200_000, "Put")), pl.Series([], dtype=pl.String)),
        (book((NVIDIA, 1_000, 200_000, "Put")), KNOWN),
        (book(), KNOWN),
    ],
)
def test_numbers_that_cannot_be_told_stay(held, known):
    assert_frame_equal(following.underlying(held, known), held)


def test_puts_under_both_numbers_are_one_position_and_stock_another():
    found = by_key(
        following.underlying(
            book((APPLE_PUT, 1_000, 200_000, "Put"), (APPLE, 500, 100_000, "Put"), (APPLE, 70, 14_000)), KNOWN
        )
    )
    assert {key: (row["amount"], row["value"]) for key, row in found.items()} == {
        (APPLE, "Put", "SH"): (1_500, 300_000), (APPLE, "", "SH"): (70, 14_000),
    }  # fmt: skip
    assert found[APPLE, "Put", "SH"]["weight"] is None
    assert found[APPLE, "", "SH"]["weight"] == pytest.approx(100.0)


# Chains.


def test_a_chain_runs_both_ways_along_what_is_followed():
    told = lineage(
        change(LAM, LAM_NEW, (10, 1), period=Q1),
        change(LAM_NEW, NVIDIA, period=Q2, certainty="likely"),
        change(NVIDIA, CHILD, period=Q3, certainty="possible"),
        action("spin_off", GLOBALSTAR, (1, 4), cusip_before=NVIDIA, period=Q3),
    )
    for number in (LAM, LAM_NEW, NVIDIA):
        assert following.chain([number], told) == sorted([LAM, LAM_NEW, NVIDIA])
    assert following.chain([CHILD], told) == [CHILD]
    assert following.chain([], told) == []


def test_what_became_one_is_not_what_the_others_were():
    told = lineage(change(LAM, NVIDIA), change(GLOBALSTAR, NVIDIA))
    assert following.chain([NVIDIA], told) == sorted([LAM, GLOBALSTAR, NVIDIA])
    assert following.chain([LAM], told) == sorted([LAM, NVIDIA])


def test_numbers_that_became_each_other_end_somewhere():
    assert following.chain([LAM], lineage(change(LAM, NVIDIA), change(NVIDIA, LAM, period=Q3))) == sorted([LAM, NVIDIA])


@pytest.mark.parametrize("later", [LAM, LAM_NEW])
def test_a_split_that_some_show_under_the_old_number_is_one_split(later):
    """By the table one number takes the place of the other; by votes of those who lag the old one was split."""
    table = action("split", LAM_NEW, cusip_before=LAM, on=date(2024, 5, 3))
    lagging = action("split", LAM, certainty="likely", evidence=["holders: 1"])
    found = one(book((LAM, 1_017, 10**6)), book((later, 10_170, 10**6)), lineage(table, lagging))
    assert (found["change"], found["amount_before_adjusted"]) == ("unchanged", 10_170)


def test_two_steps_of_one_quarter_are_taken_in_the_order_of_their_days():
    first = action("split", "11111A209", (2, 1), cusip_before="11111A100", on=date(2024, 5, 1))
    second = action("split", "11111A308", (3, 1), cusip_before="11111A209", on=date(2024, 6, 15))
    for told in (lineage(first, second), lineage(second, first)):
        found = one(book(("11111A100", 1_017, 10**6)), book(("11111A308", 6_102, 10**6)), told)
        assert (found["change"], found["cusip_before"], found["amount_before_adjusted"]) == (
            "unchanged", "11111A100", 6_102,
        )  # fmt: skip


def test_fractions_of_several_positions_that_became_one_are_paid_in_cash():
    """1,006 and 1,006 at 0.8375 are 842.525 each: 842 and 842 shares, and cash."""
    merged = [action("merger", "829933100", (67, 80), cusip_before=old, on=date(2024, 5, 9)) for old in (LAM, LAM_NEW)]
    before = book((LAM, 1_006, 10**5), (LAM_NEW, 1_006, 10**5))
    found = one(before, book(("829933100", 1_684, 2 * 10**5)), lineage(*merged))
    assert (found["change"], found["amount_before_adjusted"], found["trade_effect"]) == ("unchanged", 1_684, 0)


def test_what_a_spin_off_gave_goes_on_through_later_steps():
    """100 shares given in the second quarter; the parent is split in the third, then so is the child."""
    gift = action("spin_off", "22222A103", (1, 10), cusip_before=NVIDIA, on=date(2024, 5, 1))
    later = [action("split", cusip, (2, 1), on=date(2024, 8, 15)) for cusip in (NVIDIA, "22222A103")]
    after = book((NVIDIA, 2_000, 10**6), ("22222A103", 200, 10**4))
    told = by_key(diff(book((NVIDIA, 1_000, 10**6)), after, lineage(gift, *later)))
    assert told["22222A103", "", "SH"]["amount_before_adjusted"] == 200
    assert [row["trade_effect"] for row in told.values()] == [0, 0]


def test_the_same_row_filed_again_after_a_split_is_left_as_it_is():
    found = one(book((NVIDIA, 1_017, 918_900)), book((NVIDIA, 1_017, 918_900)), SPLIT)
    assert (found["change"], found["amount_before_adjusted"]) == ("unchanged", 1_017)
    assert [cause["confidence"] for cause in found["cause"]] == ["possible"]


A, B, C = "11111A100", "11111A209", "11111A308"


def test_a_holder_who_uses_numbers_late_is_followed_along_the_chain():
    """A became B a quarter before, and B became C in this one; the holder filed A on, and files C now."""
    chain = lineage(change(A, B, period=Q1), change(B, C))
    found = one(book((A, 7_777, 10**6)), book((C, 7_777, 10**6)), chain)
    assert (found["change"], found["cusip_before"]) == ("unchanged", A)


def test_two_steps_of_one_day_are_both_taken():
    told = lineage(change(A, B, on=date(2024, 5, 1)), change(B, C, on=date(2024, 5, 1)))
    found = one(book((A, 7_777, 10**6)), book((C, 7_777, 10**6)), told)
    assert (found["change"], found["cusip_before"]) == ("unchanged", A)


def test_an_old_row_filed_again_is_not_added_to_the_new_shares():
    """One became the other at one for two; the old row stands there again, unconverted, beside shares held before."""
    merged = lineage(action("merger", B, (1, 2), cusip_before=A, on=date(2024, 5, 1)))
    before = book((A, 1_001, 10**5), (B, 401, 10**5))
    after = book((A, 1_001, 10**5), (B, 401, 10**5))
    held = following.renumbered(before, after, merged, Q1)
    assert set(diff(before, held, merged)["change"]) == {"unchanged"}


def test_notes_under_an_old_number_stay_where_they_were():
    """Shares went to a new number at two for one; an amount of dollars does not, though the book has that number."""
    told = lineage(action("merger", B, (2, 1), cusip_before=A, on=date(2024, 5, 1)))
    before = book((A, 100, 5_000), (A, 70_000, 70_000, "", "PRN"))
    after = book((B, 200, 5_500), (A, 70_000, 69_000, "", "PRN"))
    held = following.renumbered(before, after, told, Q1)
    found = by_key(diff(before, held, told))
    assert {key: row["change"] for key, row in found.items()} == {
        (B, "", "SH"): "unchanged", (A, "", "PRN"): "unchanged",
    }  # fmt: skip


def test_notes_go_to_a_new_number_one_for_one():
    told = lineage(change(A, B))
    before, after = book((A, 100, 5_000), (A, 700, 700, "", "PRN")), book((B, 100, 5_500), (A, 700, 690, "", "PRN"))
    held = following.renumbered(before, after, told, Q1)
    assert {key[0] for key in by_key(diff(before, held, told))} == {B}


def test_an_old_row_filed_again_one_for_one_is_the_new_one():
    """It stands there beside shares that were bought under the new number: nothing left."""
    told = lineage(change(A, B))
    before, after = book((A, 1_001, 10**5)), book((A, 1_001, 10**5), (B, 401, 10**5))
    found = one(before, following.renumbered(before, after, told, Q1), told)
    assert (found["cusip"], found["change"], found["amount_change"]) == (B, "added", 401)


def test_what_stands_under_two_numbers_on_the_way_is_one_position():
    """A became B, and B became C, which this holder does not use yet."""
    told = lineage(change(A, B, on=date(2024, 4, 15)), change(B, C, on=date(2024, 5, 15)))
    before, after = book((A, 1_001, 10**5)), book((A, 600, 10**4), (B, 401, 10**4))
    found = one(before, following.renumbered(before, after, told, Q1), told)
    assert (found["cusip"], found["change"]) == (B, "unchanged")


def test_a_gift_is_found_though_parent_and_child_have_other_numbers_by_then():
    gift = action("spin_off", "22222A103", (1, 1), cusip_before=A, on=date(2024, 5, 1))
    renumbered = [change(A, B, on=date(2024, 4, 15)), change("22222A103", "33333A106", period=Q3, on=date(2024, 8, 1))]
    after = book((B, 7_777, 10**6), ("33333A106", 7_777, 10**4))
    told = by_key(diff(book((A, 7_777, 10**6)), after, lineage(gift, *renumbered)))
    child = told["33333A106", "", "SH"]
    assert (child["change"], child["amount_before_adjusted"], child["trade_effect"]) == ("new", 7_777, 0)
