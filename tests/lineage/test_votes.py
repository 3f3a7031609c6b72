from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.lineage.builders import GLOBALSTAR, GLOBALSTAR_NEW, LAM, NVIDIA, followed, quarter, steps
from thirteenf.lineage import votes
from thirteenf.tables import LINEAGE

THERMO, BROADCOM = "883556102", "11135F101"
LIBERTY, LIBERTY_NEW = "531229722", "530909308"
FUND, SIBLING = "464287200", "464287622"


def held(cusip, price, *amounts, issuer=None, first=1):
    """Rows of `quarter`: managers by number, each with an amount of one security; None: does not hold it."""
    name = () if issuer is None else (issuer,)
    return [(first + place, cusip, amount, price, *name) for place, amount in enumerate(amounts) if amount]


def others(first=1, count=5):
    """What makes managers file for both quarters: a security in which nothing happens."""
    return [(first + place, "594918104", 1_234 + place, 400.0, "MICROSOFT CORP") for place in range(count)]


def one(told):
    (found,) = told.to_dicts()
    return found


def cast(before, after):
    """What votes say, with a quiet security in every book of five managers."""
    return votes.cast(quarter(*before, *others()), quarter(*after, *others()))


# Splits that keep their CUSIP.


def test_three_of_five_holders_show_a_split_exactly():
    """NVIDIA over 2024-06-10, ten for one, at 903.56 and 123.54 dollars; the first two traded."""
    told = cast(
        held(NVIDIA, 903.56, 704_599, 88_200, 1_213, 45_678, 902),
        held(NVIDIA, 123.54, 6_556_193, 901_477, 12_130, 456_780, 9_020),
    )
    found = one(told)
    assert (found["kind"], found["cusip_before"], found["cusip"]) == ("split", NVIDIA, NVIDIA)
    assert (found["shares_before"], found["shares"]) == (1, 10)
    assert (found["certainty"], found["holders"], found["votes"]) == ("confirmed", 5, 3)
    assert found["price_ratio"] == pytest.approx(903.56 / 123.54, rel=0.01)
    assert [line.partition(":")[0] for line in found["evidence"]] == ["holders", "votes"]


def test_three_for_two_is_found_where_three_holders_show_it():
    told = cast(held(NVIDIA, 90.0, 1_202, 34_568, 788), held(NVIDIA, 61.0, 1_803, 51_852, 1_182))
    assert steps(followed(told)) == [(NVIDIA, NVIDIA, 2, 3, "confirmed")]


def test_a_reverse_split_that_keeps_its_cusip_pays_fractions_in_cash():
    told = cast(held(NVIDIA, 0.9, 12_345, 100_007, 48_999), held(NVIDIA, 8.5, 1_234, 10_000, 4_899))
    assert steps(told) == [(NVIDIA, NVIDIA, 10, 1, "confirmed")]
    assert told["kind"].to_list() == ["reverse_split"]


def test_one_exact_holder_and_a_quartered_price_are_likely():
    told = cast(held(NVIDIA, 400.0, 12_345), held(NVIDIA, 101.0, 49_380))
    assert steps(told) == [(NVIDIA, NVIDIA, 1, 4, "likely")]
    assert one(told)["holders"] == 1


@pytest.mark.parametrize("price", [100.0, 90.0, 112.0])
@pytest.mark.parametrize("factor", [2, 3, 10])
def test_a_buyer_who_bought_as_much_again_is_no_split(price, factor):
    told = cast(held(NVIDIA, 100.0, 12_345), held(NVIDIA, price, 12_345 * factor))
    assert followed(told).is_empty()


def test_one_who_doubled_among_others_who_did_not_is_no_split_though_the_price_halved():
    told = cast(
        held(NVIDIA, 100.0, 12_345, 8_700, 4_321, 967, 15_015), held(NVIDIA, 50.0, 24_690, 8_700, 4_321, 967, 15_015)
    )
    assert followed(told).is_empty()


@pytest.mark.parametrize("price", [50.0, 33.0, 10.0, 200.0])
@pytest.mark.parametrize("amounts", [(12_345,), (12_345, 8_700), (12_345, 8_700, 4_321, 967, 15_015)])
def test_a_price_that_fell_by_half_with_unchanged_holders_says_nothing(price, amounts):
    told = cast(held(NVIDIA, 100.0, *amounts), held(NVIDIA, price, *amounts))
    assert told.is_empty()


def test_a_sole_buyer_who_doubled_while_the_price_halved_is_never_confirmed():
    told = cast(held(NVIDIA, 100.0, 12_345), held(NVIDIA, 50.0, 24_690))
    assert set(told["certainty"]) <= {"likely", "possible"}


def test_two_holders_who_agree_are_not_confirmed_either():
    told = cast(held(NVIDIA, 100.0, 12_345, 777), held(NVIDIA, 25.0, 49_380, 3_108))
    assert steps(told) == [(NVIDIA, NVIDIA, 1, 4, "likely")]


def test_a_split_is_told_at_least_though_all_holders_traded():
    """Eight holders, none exact, all about ten times; the price a tenth."""
    before = [12_345, 8_709, 4_321, 967, 15_015, 22_222, 31_313, 5_150]
    after = [123_951, 87_188, 43_307, 9_711, 148_002, 223_900, 311_007, 51_600]
    rest = others(count=8)
    told = votes.cast(
        quarter(*held(NVIDIA, 900.0, *before), *rest), quarter(*held(NVIDIA, 91.0, *after), *rest)
    )  # fmt: skip
    assert (one(told)["shares_before"], one(told)["shares"]) == (1, 10)


def test_a_price_without_amounts_that_follow_is_a_company_in_trouble():
    told = cast(
        held(NVIDIA, 100.0, 12_345, 8_700, 4_321, 967, 15_015), held(NVIDIA, 10.0, 9_000, 8_700, 5_000, 100, 15_015)
    )
    assert told.is_empty()


@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize(("factor", "price"), [(2, 100.0), (2, 104.0), (2, 180.0), (3, 95.0)])
def test_several_who_bought_as_much_again_are_no_split_while_the_price_stayed(count, factor, price):
    amounts = [12_345, 8_700, 4_321, 967, 15_015][:count]
    told = cast(held(NVIDIA, 100.0, *amounts), held(NVIDIA, price, *[factor * amount for amount in amounts]))
    assert followed(told).is_empty()


BOOK = (NVIDIA, BROADCOM, THERMO, LAM, FUND)


def in_thousands(price, *amounts, first=1, cusips=BOOK):
    """One manager's book on two days, by the second of which amounts are filed in thousands, values as ever."""
    before = [row for cusip, amount in zip(cusips, amounts, strict=False) for row in held(cusip, price, amount)]
    return (
        [(first, *rest) for _, *rest in before],
        [(first, cusip, amount // 1000, price * 1000) for _, cusip, amount, _ in before],
    )


@pytest.mark.parametrize("count", [3, 5])
def test_a_book_filed_in_thousands_is_no_reverse_split_of_all_in_it(count):
    """Nor where others hold some of it, and file as ever."""
    before, after = in_thousands(100.0, *[54_321_000, 4_567_000, 7_011_000, 912_000, 33_444_000][:count])
    assert followed(cast(before, after)).is_empty()
    stay = held(BROADCOM, 100.0, 8_700, first=2)
    assert followed(cast([*before, *stay], [*after, *stay])).is_empty()


def test_two_ratios_of_one_manager_alone_may_be_two_splits():
    told = cast(*in_thousands(100.0, 54_321_000, 4_567_000))
    assert [row[2:] for row in steps(followed(told))] == [(1000, 1, "likely")] * 2


def test_a_vote_for_ones_own_doing_is_none_where_another_shows_it_too():
    """Of two holders of one security one files all amounts in thousands: the other's vote stays, and is one."""
    before, after = in_thousands(100.0, 54_321_000, 4_567_000, 7_011_000, 912_000)
    also = held(NVIDIA, 100.0, 8_701_000, first=2), held(NVIDIA, 100_000.0, 8_701, first=2)
    told = followed(cast([*before, *also[0]], [*after, *also[1]]))
    assert told.select("cusip", "votes", "certainty").rows() == [(NVIDIA, 1, "likely")]


def test_three_true_splits_of_one_ratio_in_one_book_are_followed_where_others_show_them():
    """Each by others: the one who holds all three votes for each too."""
    splits = {NVIDIA: (12_345, 87_011, 967), BROADCOM: (4_321, 5_678, 15_015), LAM: (777, 2_221, 31_313)}
    before = [row for cusip, amounts in splits.items() for row in held(cusip, 900.0, *amounts)]
    after = [row for cusip, amounts in splits.items() for row in held(cusip, 95.0, *[10 * a for a in amounts])]
    told = followed(cast(before, after))
    assert sorted(told.select("cusip", "shares", "votes", "certainty").rows()) == sorted(
        (cusip, 10, 3, "confirmed") for cusip in splits
    )
    # and one other who shows each is enough for what one other can tell
    two = [[row for row in rows if row[0] < 3] for rows in (before, after)]
    told = followed(cast(*two))
    assert sorted(told.select("cusip", "shares", "votes", "certainty").rows()) == sorted(
        (cusip, 10, 2, "likely") for cusip in splits
    )


# Other CUSIPs.


def test_a_reverse_split_with_another_cusip_of_the_issuer():
    """Globalstar on 2025-02-11, one for fifteen: fractions of a share were not given."""
    told = cast(
        held(GLOBALSTAR, 2.07, 4_815_045, 100_007, 33_333, issuer="GLOBALSTAR INC"),
        held(GLOBALSTAR_NEW, 25.8, 321_003, 6_667, 2_222, issuer="GLOBALSTAR INC"),
    )
    assert steps(told) == [(GLOBALSTAR, GLOBALSTAR_NEW, 15, 1, "confirmed")]
    assert told["votes"].to_list() == [3]


def test_a_reverse_split_with_another_cusip_of_one_holder_is_likely():
    """SoftBank alone."""
    told = cast(
        held(GLOBALSTAR, 2.07, 4_815_045, issuer="GLOBALSTAR INC"),
        held(GLOBALSTAR_NEW, 25.8, 321_003, issuer="GLOBALSTAR INC"),
    )
    assert steps(told) == [(GLOBALSTAR, GLOBALSTAR_NEW, 15, 1, "likely")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((GLOBALSTAR, "GLOBALSTAR INC"), (GLOBALSTAR_NEW, "GLBL STAR")),
        ((LIBERTY, "LIBERTY MEDIA CORP DEL"), (LIBERTY_NEW, "LIBERTY LIVE HOLDINGS INC")),
        ((LIBERTY, "The Liberty Media Corp"), (LIBERTY_NEW, "LIBERTY LIVE HOLDINGS INC")),
    ],
)
def test_an_equal_unround_amount_of_one_issuer_is_likely_another_cusip(old, new):
    told = cast(held(old[0], 96.9, 10_917_661, issuer=old[1]), held(new[0], 83.2, 10_917_661, issuer=new[1]))
    assert steps(told) == [(old[0], new[0], 1, 1, "likely")]
    assert told["kind"].to_list() == ["cusip_change"]


def test_an_equal_round_amount_is_only_possible():
    told = cast(
        held(LIBERTY, 96.9, 10_900, issuer="LIBERTY MEDIA CORP DEL"),
        held(LIBERTY_NEW, 83.2, 10_900, issuer="LIBERTY LIVE HOLDINGS INC"),
    )
    assert followed(told).is_empty()
    same = cast(held(GLOBALSTAR, 2.0, 10_900), held(GLOBALSTAR_NEW, 2.1, 10_900))
    assert steps(same) == [(GLOBALSTAR, GLOBALSTAR_NEW, 1, 1, "possible")]


@pytest.mark.parametrize("amount", [50_000, 50_123])
def test_equal_amounts_of_unrelated_issuers_are_possible_at_most(amount):
    """Thermo Fisher out, Broadcom in."""
    told = cast(
        held(THERMO, 480.0, amount, issuer="THERMO FISHER SCIENTIFIC INC"),
        held(BROADCOM, 330.0, amount, issuer="BROADCOM INC"),
    )
    assert followed(told).is_empty()


def test_two_who_swapped_unrelated_issuers_prove_nothing():
    told = cast(
        held(THERMO, 480.0, 50_123, 7_011, issuer="THERMO FISHER SCIENTIFIC INC"),
        held(BROADCOM, 470.0, 50_123, 7_011, issuer="BROADCOM INC"),
    )
    assert followed(told).is_empty()


@pytest.mark.parametrize("by_others", [(FUND,), (SIBLING,), (FUND, SIBLING)])
def test_one_fund_for_its_sibling_is_a_trade_where_others_hold_them_on(by_others):
    before, after = held(FUND, 500.0, 5_432, issuer="ISHARES TR"), held(SIBLING, 300.0, 5_432, issuer="ISHARES TR")
    stay = [
        row
        for cusip, price in ((FUND, 500.0), (SIBLING, 300.0))
        if cusip in by_others
        for row in held(cusip, price, 811, 1_293, 4_007, 656, issuer="ISHARES TR", first=2)
    ]
    told = cast([*before, *stay], [*after, *stay])
    assert followed(told).is_empty()


@pytest.mark.parametrize("ratio", [1, 2])
def test_receipts_and_shares_of_one_company_are_two_securities(ratio):
    """One holder goes from Unilever's New York shares to its receipts; others hold both on."""
    lines = {"904784709": ("UNILEVER N V", 50.0), "904767704": ("UNILEVER PLC", 50.0 / ratio)}
    (old, (name, price)), (new, (other, other_price)) = lines.items()
    stay = [
        row for cusip, (issuer, dollars) in lines.items()
        for row in held(cusip, dollars, 811, 1_293, 4_007, 656, 9_021, issuer=issuer, first=2)
    ]  # fmt: skip
    told = cast(
        [*held(old, price, 12_345, issuer=name), *stay], [*held(new, other_price, 12_345 * ratio, issuer=other), *stay]
    )
    assert followed(told).is_empty()


def test_a_retired_cusip_that_one_still_filed_is_followed():
    """The others changed a quarter before: on that day both numbers have one price."""
    stay = held(GLOBALSTAR_NEW, 31.0, 811, 1_293, 4_007, 656, first=2)
    told = cast([*held(GLOBALSTAR, 31.0, 5_432), *stay], [*held(GLOBALSTAR_NEW, 28.0, 5_432), *[
        (manager, cusip, amount, 28.0) for manager, cusip, amount, _ in stay
    ]])  # fmt: skip
    assert steps(told) == [(GLOBALSTAR, GLOBALSTAR_NEW, 1, 1, "likely")]


def test_three_holders_follow_an_issuer_of_another_name():
    told = cast(
        held("852234103", 60.1, 12_345, 8_701, 4_321, issuer="SQUARE CO"),
        held("090043100", 58.7, 12_345, 8_701, 4_321, issuer="BLOCK INC"),
    )
    assert steps(told) == [("852234103", "090043100", 1, 1, "confirmed")]


def test_three_who_swapped_what_others_hold_on_are_not_followed():
    stay = [(manager, THERMO, 900 + manager, 480.0) for manager in range(4, 14)]
    stay += [(manager, BROADCOM, 300 + manager, 470.0) for manager in range(4, 14)]
    told = votes.cast(
        quarter(*held(THERMO, 480.0, 12_345, 8_701, 4_321), *stay, *others()),
        quarter(*held(BROADCOM, 470.0, 12_345, 8_701, 4_321), *stay, *others()),
    )
    assert followed(told).is_empty()


# Mergers and spin-offs.


def merged(*amounts, ratio=0.5473):
    """Holders of one security who are given another that three others hold all the while."""
    stay = held(BROADCOM, 104.0, 5_011, 70_707, 3_333, first=11)
    after = [int(amount * ratio + 1e-6) for amount in amounts]
    return votes.cast(
        quarter(*held(THERMO, 55.0, *amounts), *stay, *others()),
        quarter(*held(BROADCOM, 100.0, *after), *stay, *others()),
    )


def test_a_merger_at_an_odd_ratio():
    found = one(merged(1_234_567, 345_678, 98_765, 45_001))
    assert (found["kind"], found["certainty"]) == ("merger", "confirmed")
    assert (found["cusip_before"], found["cusip"]) == (THERMO, BROADCOM)
    assert (found["shares"], found["shares_before"]) == (5473, 10000)
    assert found["votes"] == 4


def test_two_holders_make_no_merger():
    assert followed(merged(1_234_567, 345_678)).is_empty()


def test_a_spin_off_in_a_simple_ratio():
    parent = held(THERMO, 200.0, 12_345, 8_704, 40_001, 2_222)
    told = cast(parent, [*held(THERMO, 160.0, 12_345, 8_704, 40_001, 2_222), *held(
        "69608A108", 150.0, 3_086, 2_176, 10_000, 555
    )])  # fmt: skip
    found = one(told)
    assert (found["kind"], found["certainty"]) == ("spin_off", "confirmed")
    assert (found["cusip_before"], found["cusip"]) == (THERMO, "69608A108")
    assert (found["shares"], found["shares_before"]) == (1, 4)


# What is no evidence.


def test_managers_of_one_side_are_no_holders():
    """Three filed for the earlier quarter alone, three for the later: one holder is left."""
    told = votes.cast(
        quarter(*held(NVIDIA, 900.0, 1_213, 45_678, 902, 777), *others(count=1)),
        quarter(*held(NVIDIA, 90.0, 12_130), *held(NVIDIA, 90.0, 456_780, 9_020, first=20), *others(count=1)),
    )
    assert steps(told) == [(NVIDIA, NVIDIA, 1, 10, "likely")]
    assert told["holders"].to_list() == [1]


@pytest.mark.parametrize("books", [((), ()), ((1,), ()), ((), (1,)), ((1,), (2,))])
def test_nothing_to_compare_says_nothing_with_all_columns(books):
    before, after = (quarter(*[(manager, NVIDIA, 1_234, 9.0) for manager in side]) for side in books)
    told = votes.cast(before, after)
    assert told.is_empty()
    assert told.schema == LINEAGE.schema(votes.COLUMNS)


def test_without_values_no_split_is_followed():
    told = cast(held(NVIDIA, 0.0, 12_345, 8_700, 4_321), held(NVIDIA, 0.0, 123_450, 87_000, 43_210))
    assert followed(told).is_empty()


def test_a_ratio_without_a_price_is_shown_as_possible():
    told = cast(held(NVIDIA, 0.0, 12_345, 8_700, 4_321), held(NVIDIA, 0.0, 123_450, 87_000, 43_210))
    assert steps(told) == [(NVIDIA, NVIDIA, 1, 10, "possible")]


def test_values_of_zero_among_others_stop_nothing():
    told = cast(
        [*held(NVIDIA, 900.0, 12_345, 8_700, 4_321), (4, NVIDIA, 967, 0.0)],
        [*held(NVIDIA, 90.0, 123_450, 87_000, 43_210), (4, NVIDIA, 9_670, 0.0)],
    )
    assert steps(told) == [(NVIDIA, NVIDIA, 1, 10, "confirmed")]
    assert told["votes"].to_list() == [4]


def test_amounts_of_zero_are_no_holdings():
    told = cast(held(NVIDIA, 900.0, 12_345), held(NVIDIA, 90.0, 12_345))
    with_none = votes.cast(
        quarter(*held(NVIDIA, 900.0, 12_345), (2, NVIDIA, 0, 1.0), *others()),
        quarter(*held(NVIDIA, 90.0, 12_345), (3, NVIDIA, 0, 1.0), *others()),
    )
    assert_frame_equal(told, with_none)


def test_planted_actions_do_not_disturb_one_another():
    before = [
        *held(NVIDIA, 900.0, 12_345, 8_700, 4_321),
        *held(GLOBALSTAR, 2.07, 4_815_045, 100_007, 33_333),
        *held(LIBERTY, 96.9, 10_917_661, issuer="LIBERTY MEDIA CORP DEL"),
        *held(THERMO, 480.0, 50_123, issuer="THERMO FISHER SCIENTIFIC INC", first=4),
    ]
    after = [
        *held(NVIDIA, 90.0, 123_450, 87_000, 43_210),
        *held(GLOBALSTAR_NEW, 25.8, 321_003, 6_667, 2_222),
        *held(LIBERTY_NEW, 83.2, 10_917_661, issuer="LIBERTY LIVE HOLDINGS INC"),
        *held(BROADCOM, 330.0, 50_123, issuer="BROADCOM INC", first=4),
    ]
    assert steps(followed(cast(before, after))) == [
        (GLOBALSTAR, GLOBALSTAR_NEW, 15, 1, "confirmed"),
        (LIBERTY, LIBERTY_NEW, 1, 1, "likely"),
        (NVIDIA, NVIDIA, 1, 10, "confirmed"),
    ]


# Laws.

NUMBERS = [NVIDIA, GLOBALSTAR, GLOBALSTAR_NEW, LIBERTY, LIBERTY_NEW, THERMO, BROADCOM]
NAMES = {LIBERTY: "LIBERTY MEDIA CORP DEL", LIBERTY_NEW: "LIBERTY LIVE HOLDINGS INC"}


@st.composite
def two_quarters(draw):
    """Two quarters of up to eight managers in which anything may happen, splits and other CUSIPs by preference."""
    price = {cusip: draw(st.sampled_from([8.0, 64.5, 903.56])) for cusip in NUMBERS}
    factor = {cusip: draw(st.sampled_from([1, 1, 2, 10])) for cusip in NUMBERS}
    became = {cusip: cusip for cusip in NUMBERS}
    if draw(st.booleans()):
        became |= {GLOBALSTAR: GLOBALSTAR_NEW, LIBERTY: LIBERTY_NEW, THERMO: BROADCOM}
    before, after = {}, {}
    for manager in range(1, draw(st.integers(1, 8)) + 1):
        for cusip in draw(st.lists(st.sampled_from(NUMBERS), unique=True, max_size=4)):
            amount = draw(st.integers(1, 10**6))
            before[manager, cusip] = (amount, price[cusip])
            now = draw(st.one_of(st.just(amount * factor[cusip]), st.integers(0, 10**6)))
            if now:
                after[manager, became[cusip]] = (now, price[cusip] / factor[cusip])
    return tuple(
        quarter(*[(manager, cusip, *held, NAMES.get(cusip, "X")) for (manager, cusip), held in side.items()])
        for side in (before, after)
    )


@given(two_quarters(), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_numbers_of_managers_matter(quarters, random):
    numbers = [f"{number:010}" for number in range(1, 9)]
    renamed = dict(zip(numbers, random.sample(numbers, 8), strict=True))
    shuffled = [
        frame[random.sample(range(frame.height), frame.height)].with_columns(pl.col("cik").replace(renamed))
        for frame in quarters
    ]
    assert_frame_equal(votes.cast(*shuffled), votes.cast(*quarters))


@given(two_quarters(), st.sampled_from([2, 8, 1024]))
def test_another_currency_changes_nothing(quarters, factor):
    scaled = [frame.with_columns(pl.col("value") * factor) for frame in quarters]
    assert_frame_equal(votes.cast(*scaled), votes.cast(*quarters))


@given(two_quarters(), st.sampled_from([0, 1]), st.integers(1, 10**6))
def test_a_manager_who_filed_for_one_quarter_has_no_say(quarters, side, amount):
    more = list(quarters)
    alone = quarter(*[(99, cusip, amount, 10.0, NAMES.get(cusip, "X")) for cusip in NUMBERS])
    more[side] = pl.concat([more[side], alone])
    assert_frame_equal(votes.cast(*more), votes.cast(*quarters))


@given(two_quarters())
def test_what_is_told_has_its_columns_and_each_step_once(quarters):
    told = votes.cast(*quarters)
    assert told.schema == LINEAGE.schema(votes.COLUMNS)
    assert not told.select("cusip_before", "cusip").is_duplicated().any()
    sure = followed(told).filter(pl.col("kind") != "spin_off")
    assert not sure["cusip_before"].is_duplicated().any()
    numbers = {*quarters[0]["cusip"], *quarters[1]["cusip"]}
    assert {*told["cusip_before"], *told["cusip"]} <= numbers
    assert (told["votes"] <= told["holders"]).all()
    assert (told["shares"] > 0).all()
    assert (told["shares_before"] > 0).all()


@given(st.data())
def test_ordinary_trading_is_never_a_split(data):
    rows = []
    for cusip in NUMBERS[:3]:
        price = data.draw(st.floats(10, 1000), label="price")
        drift = data.draw(st.floats(0.8, 1.2), label="drift")
        for manager in range(1, data.draw(st.integers(1, 8), label="holders") + 1):
            amount = data.draw(st.integers(20, 10**6), label="amount")
            after = data.draw(st.one_of(st.just(amount), st.just(2 * amount), st.integers(20, 10**6)), label="after")
            rows.append((manager, cusip, amount, after, price, price * drift))
    before = quarter(*[(manager, cusip, amount, price) for manager, cusip, amount, _, price, _ in rows])
    after = quarter(*[(manager, cusip, amount, price) for manager, cusip, _, amount, _, price in rows])
    kept = followed(votes.cast(before, after)).filter(pl.col("cusip") == pl.col("cusip_before"))
    assert kept.is_empty()


def test_a_majority_of_rebalancers_does_not_speak_for_those_who_did_nothing():
    """The price doubled; three halved exactly, two did nothing: no reverse split leaves an amount as it was."""
    amounts = [(2_034, 1_017), (4_066, 2_033), (8_222, 4_111), (7_017, 7_017), (5_003, 5_003)]
    before = quarter(*[(n, NVIDIA, a, 100.0) for n, (a, _) in enumerate(amounts, 1)])
    after = quarter(*[(n, NVIDIA, b, 195.0) for n, (_, b) in enumerate(amounts, 1)])
    assert followed(votes.cast(before, after)).is_empty()


def test_what_nobody_shows_exactly_is_possible_however_many_come_near():
    before = quarter(*[(n, NVIDIA, 1_000 * n + 17, 100.0) for n in range(1, 13)])
    after = quarter(*[(n, NVIDIA, round((1_000 * n + 17) * (1.81 + n / 31)), 52.0) for n in range(1, 13)])
    assert followed(votes.cast(before, after)).is_empty()


def test_round_amounts_of_a_new_security_are_bought_not_given():
    """Three funds hold W and buy newly listed V, in the same round amounts."""
    amounts = (1_000, 2_000, 5_000)
    before = quarter(*[(n, LAM, a, 20.0) for n, a in enumerate(amounts, 1)])
    after = quarter(
        *[(n, LAM, a, 20.0) for n, a in enumerate(amounts, 1)],
        *[(n, NVIDIA, a, 15.0) for n, a in enumerate(amounts, 1)],
    )
    assert followed(votes.cast(before, after)).is_empty()


def test_a_word_that_half_the_market_begins_with_says_nothing():
    before = quarter((1, "336433107", 5_017, 50.0, "FIRST SOLAR INC"))
    after = quarter((1, "320517105", 5_017, 51.0, "FIRST HORIZON CORP"))
    assert followed(votes.cast(before, after)).is_empty()
