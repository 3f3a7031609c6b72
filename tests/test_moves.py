from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.builders import book
from thirteenf import moves
from thirteenf.tables import MOVES, POSITION_KEY

CUSIPS = ["037833100", "060505104", "67066G104", "518439104"]


@st.composite
def portfolios(draw):
    """A portfolio: few securities, so that both sides often hold the same ones, in every book."""
    keys = st.tuples(st.sampled_from(CUSIPS), st.sampled_from(["", "Put", "Call"]), st.sampled_from(["SH", "PRN"]))
    numbers = st.tuples(st.integers(1, 10**8), st.integers(0, 10**10))
    held = draw(st.dictionaries(keys, numbers, max_size=10))
    return book(*[(cusip, *numbers, put_call, kind) for (cusip, put_call, kind), numbers in held.items()])


def by_key(frame):
    return {tuple(one[name] for name in POSITION_KEY): one for one in frame.to_dicts()}


def one(before, after):
    """The only move between two portfolios."""
    (found,) = moves.diff(before, after).to_dicts()
    return found


# Known moves.


@pytest.mark.parametrize(
    ("cusip", "before", "after", "change", "percent"),
    [
        ("67066G104", (7229134, 1142130881), (2509751, 468269342), "reduced", -65.28),  # Bridgewater, NVDA, 2025Q3
        ("67066G104", (1013054, 160052324), (1165661, 217489074), "added", 15.06),  # ARK, NVDA, 2025Q3
        ("88160R101", (272613, 86598246), (65000, 28906800), "reduced", -76.16),  # Thiel, TSLA, 2025Q3
        ("02079K305", (17846142, 4338397121), (17846142, 5585842446), "unchanged", 0.0),  # Berkshire, GOOGL, 2025Q4
        ("02079K305", (17846142, 5585842446), (54249798, 15600071913), "added", 203.99),  # Berkshire, GOOGL, 2026Q1
    ],
)
def test_known_moves_come_out_as_published(cusip, before, after, change, percent):
    found = one(book((cusip, *before)), book((cusip, *after)))
    assert found["change"] == change
    assert round(found["amount_change_pct"], 2) == percent
    assert (found["amount_before"], found["amount"]) == (before[0], after[0])
    assert (found["value_before"], found["value"]) == (before[1], after[1])
    assert found["value_change"] == after[1] - before[1]
    assert found["unknown_reason"] is None


def test_a_new_position_has_nothing_before_and_no_percent():
    found = one(book(), book(("02079K305", 17846142, 4338397121)))
    assert found["change"] == "new"
    assert found["amount_before"] == found["value_before"] == found["weight_before"] == 0
    assert found["cusip_before"] is found["amount_change_pct"] is None
    assert found["amount_change"] == 17846142
    assert found["trade_effect"] == found["value_change"] == 4338397121
    assert found["price_effect"] == 0
    assert (found["weight"], found["weight_change"]) == (100.0, 100.0)


def test_an_exited_position_has_nothing_after():
    found = one(book(("67066G104", 537742, 84957859)), book())
    assert found["change"] == "exited"
    assert found["amount"] == found["value"] == found["weight"] == 0
    assert found["cusip_before"] == "67066G104"
    assert (found["amount_change"], found["amount_change_pct"]) == (-537742, -100.0)
    assert found["trade_effect"] == found["value_change"] == -84957859
    assert found["price_effect"] == 0
    assert found["issuer"] == "ISSUER 67066G104"


def test_a_price_alone_makes_no_trade():
    found = one(book(("02079K305", 17846142, 4338397121)), book(("02079K305", 17846142, 5585842446)))
    assert found["change"] == "unchanged"
    assert found["amount_change"] == found["trade_effect"] == 0
    assert found["price_effect"] == found["value_change"] == 1247445325


def test_a_trade_is_worth_its_shares_at_the_mean_of_both_prices():
    found = one(book(("037833100", 100, 1000)), book(("037833100", 150, 3000)))  # 10 dollars, then 20
    assert found["trade_effect"] == 50 * 15
    assert found["price_effect"] == 2000 - 750


def test_an_amount_of_zero_with_a_value_divides_nothing_by_zero():
    found = one(book(("037833100", 0, 1000)), book(("037833100", 10, 3000)))
    assert found["change"] == "added"
    assert found["amount_change_pct"] is None
    assert found["trade_effect"] + found["price_effect"] == 2000
    stayed = one(book(("037833100", 0, 1000)), book(("037833100", 0, 500)))
    assert (stayed["change"], stayed["trade_effect"], stayed["price_effect"]) == ("unchanged", 0, -500)


def test_an_absurd_price_is_compared_like_any_other():
    """A placeholder of one share with the value of hundreds of millions: odd, but legal, and no crash."""
    found = one(book(("060505104", 600_000_000, 24_000_000_000)), book(("060505104", 1, 31_000_000_000)))
    assert found["change"] == "reduced"
    assert found["value_change"] == 7_000_000_000


def test_scions_third_quarter_of_2025_keeps_stock_options_and_classes_apart():
    before = book(
        ("518439104", 150000, 12120000),
        ("518439104", 500000, 40400000, "Call"),
        ("116794108", 250000, 10300000),
        ("91324P102", 20000, 6239400),
        ("91324P102", 350000, 109189500, "Call"),
    )
    after = book(
        ("116794207", 48334, 13122681),
        ("69608A108", 5000000, 912100000, "Put"),
        ("67066G104", 1000000, 186580000, "Put"),
        ("717081103", 6000000, 152880000, "Call"),
    )
    found = by_key(moves.diff(before, after))
    assert {key: move["change"] for key, move in found.items()} == {
        ("518439104", "", "SH"): "exited",
        ("518439104", "Call", "SH"): "exited",
        ("116794108", "", "SH"): "exited",
        ("116794207", "", "SH"): "new",
        ("91324P102", "", "SH"): "exited",
        ("91324P102", "Call", "SH"): "exited",
        ("69608A108", "Put", "SH"): "new",
        ("67066G104", "Put", "SH"): "new",
        ("717081103", "Call", "SH"): "new",
    }
    assert found["518439104", "", "SH"]["amount_before"] == 150000
    assert found["518439104", "Call", "SH"]["amount_before"] == 500000
    assert found["116794207", "", "SH"]["weight"] == 100.0
    assert found["69608A108", "Put", "SH"]["weight"] is found["69608A108", "Put", "SH"]["weight_before"] is None


def test_stock_and_puts_on_one_cusip_never_meet():
    """The stub on which edgartools gave four rows, "100 → 1000 INCREASED" among them."""
    before = book(("67066G104", 100, 100), ("67066G104", 1000, 1000, "Put"))
    found = by_key(moves.diff(before, before))
    assert {key: move["change"] for key, move in found.items()} == {
        ("67066G104", "", "SH"): "unchanged",
        ("67066G104", "Put", "SH"): "unchanged",
    }


def test_principal_is_a_book_of_its_own_and_has_no_weight():
    before = book(("037833100", 100, 1000), ("037833100", 5000, 5100, "", "PRN"))
    after = book(("037833100", 200, 2000))
    found = by_key(moves.diff(before, after))
    assert found["037833100", "", "SH"]["change"] == "added"
    assert found["037833100", "", "SH"]["weight_before"] == 100.0
    assert found["037833100", "", "PRN"]["change"] == "exited"
    assert found["037833100", "", "PRN"]["weight_before"] is found["037833100", "", "PRN"]["weight_change"] is None


def test_the_name_shown_is_the_later_reports():
    before = book(("060505104", 1, 1)).with_columns(issuer=pl.lit("BANK AMER CORP"))
    after = book(("060505104", 1, 1)).with_columns(issuer=pl.lit("BANK OF AMER CORP"))
    assert one(before, after)["issuer"] == "BANK OF AMER CORP"


def test_a_key_that_stands_twice_on_one_side_is_an_error():
    twice = pl.concat([book(("037833100", 1, 1)), book(("037833100", 2, 2))])
    with pytest.raises(pl.exceptions.ComputeError):
        moves.diff(twice, book(("037833100", 3, 3)))


def test_the_columns_are_the_tables():
    found = moves.diff(book(("037833100", 1, 1)), book(("67066G104", 1, 1)))
    assert found.schema == MOVES.schema(moves.COLUMNS)
    assert moves.diff(book(), book()).schema == MOVES.schema(moves.COLUMNS)
    assert found["cause"].to_list() == found["oddities"].to_list() == [[], []]


def test_shares_come_first_then_principal_then_options_each_by_the_size_of_the_trade():
    after = book(
        ("037833100", 1, 9_000_000, "Put"),
        ("060505104", 1, 10),
        ("67066G104", 1, 5_000, "", "PRN"),
        ("518439104", 1, 99),
        ("88160R101", 1, 8_000_000, "Call"),
    )
    assert moves.diff(book(), after)["cusip"].to_list() == [
        "518439104", "060505104", "67066G104", "037833100", "88160R101",
    ]  # fmt: skip


def test_no_dollars_for_some_shares_are_no_price_on_either_side():
    worth, worthless = book(("037833100", 100, 700)), book(("037833100", 40, 0))
    fell, rose = moves.diff(worth, worthless), moves.diff(worthless, worth)
    assert [(one["trade_effect"][0], one["price_effect"][0]) for one in (fell, rose)] == [(-420, -280), (420, 280)]


# Laws.


@given(portfolios(), portfolios())
def test_there_is_one_row_for_each_position_of_either_side(before, after):
    found = moves.diff(before, after)
    keys = found.select(POSITION_KEY).rows()
    assert len(keys) == len(set(keys))
    assert set(keys) == {*before.select(POSITION_KEY).rows(), *after.select(POSITION_KEY).rows()}
    assert set(found["change"]) <= {"new", "added", "unchanged", "reduced", "exited"}


@given(portfolios(), portfolios())
def test_amounts_and_values_add_up_to_both_totals(before, after):
    found = moves.diff(before, after)
    for name in ("amount", "value"):
        assert found[name].sum() == after[name].sum()
        assert found[f"{name}_before"].sum() == before[name].sum()
        assert found[f"{name}_change"].sum() == after[name].sum() - before[name].sum()


@given(portfolios())
def test_a_portfolio_against_itself_is_unchanged(portfolio):
    found = moves.diff(portfolio, portfolio)
    assert set(found["change"]) <= {"unchanged"}
    for name in ("amount_change", "value_change", "trade_effect", "price_effect"):
        assert set(found[name]) <= {0}
    assert set(found["weight_change"]) <= {0.0, None}


@given(portfolios(), portfolios())
def test_swapping_the_sides_swaps_the_moves(before, after):
    forth, back = by_key(moves.diff(before, after)), by_key(moves.diff(after, before))
    opposite = {"new": "exited", "exited": "new", "added": "reduced", "reduced": "added", "unchanged": "unchanged"}
    assert forth.keys() == back.keys()
    for key, move in forth.items():
        other = back[key]
        assert other["change"] == opposite[move["change"]]
        for name in ("amount_change", "value_change", "trade_effect", "price_effect"):
            assert other[name] == -move[name]
        for name in ("amount", "value", "weight"):
            assert other[f"{name}_before"] == move[name]


@given(portfolios(), portfolios())
def test_trade_and_price_make_up_the_change_in_value(before, after):
    for move in moves.diff(before, after).to_dicts():
        assert move["trade_effect"] + move["price_effect"] == move["value_change"]
        if move["change"] in ("added", "new"):
            assert move["trade_effect"] >= 0
        elif move["change"] in ("reduced", "exited"):
            assert move["trade_effect"] <= 0
        else:
            assert move["trade_effect"] == 0


@given(portfolios(), portfolios(), portfolios(), portfolios())
def test_options_never_touch_stock(before, after, other_before, other_after):
    def stock(frame):
        return frame.filter(pl.col("put_call") == "")

    def options(frame):
        return frame.filter(pl.col("put_call") != "")

    with_options = moves.diff(
        pl.concat([stock(before), options(other_before)]), pl.concat([stock(after), options(other_after)])
    )
    assert_frame_equal(stock(with_options), moves.diff(stock(before), stock(after)))
    assert options(with_options)["weight"].null_count() == options(with_options).height


@given(portfolios(), portfolios(), st.randoms(use_true_random=False))
def test_the_order_of_positions_does_not_matter(before, after, random):
    def shuffled(frame):
        return frame[random.sample(range(frame.height), frame.height)]

    assert_frame_equal(moves.diff(shuffled(before), shuffled(after)), moves.diff(before, after))


@given(portfolios(), portfolios())
def test_a_second_differ_made_of_dictionaries_finds_the_same(before, after):
    old, new = by_key(before), by_key(after)
    nothing = {"amount": 0, "value": 0}
    plain = {}
    for key in old.keys() | new.keys():
        was, now = old.get(key, nothing), new.get(key, nothing)
        if key not in old:
            change = "new"
        elif key not in new:
            change = "exited"
        else:
            sign = (now["amount"] > was["amount"]) - (now["amount"] < was["amount"])
            change = {1: "added", 0: "unchanged", -1: "reduced"}[sign]
        plain[key] = (change, was["amount"], now["amount"], was["value"], now["value"])
    found = {
        key: (move["change"], move["amount_before"], move["amount"], move["value_before"], move["value"])
        for key, move in by_key(moves.diff(before, after)).items()
    }
    assert found == plain


# What cannot be compared.


def test_a_first_report_is_known_and_its_moves_are_not():
    (found,) = moves.unknown(None, book(("037833100", 10, 100)), "first-report").to_dicts()
    assert (found["change"], found["unknown_reason"]) == ("unknown", "first-report")
    assert (found["amount"], found["value"], found["weight"]) == (10, 100, 100.0)
    assert found["amount_before"] is found["value_before"] is found["amount_change"] is found["trade_effect"] is None
    assert found["cusip_before"] is None
    assert found["cause"] == found["oddities"] == []


def test_what_a_notice_ends_is_no_exit():
    (found,) = moves.unknown(book(("037833100", 10, 100)), None, "notice").to_dicts()
    assert (found["change"], found["unknown_reason"]) == ("unknown", "notice")
    assert (found["amount_before"], found["value_before"]) == (10, 100)
    assert found["amount"] is found["value"] is found["value_change"] is None
    assert found["cusip_before"] == "037833100"


def test_two_known_sides_that_cannot_be_compared_give_one_row_a_position():
    before = book(("037833100", 10, 100), ("060505104", 7, 70))
    after = book(("037833100", 20, 400), ("67066G104", 1, 5))
    found = by_key(moves.unknown(before, after, "base-missing"))
    assert {key[0] for key in found} == {"037833100", "060505104", "67066G104"}
    both = found["037833100", "", "SH"]
    assert (both["amount_before"], both["amount"], both["change"]) == (10, 20, "unknown")
    assert found["060505104", "", "SH"]["amount"] is None
    assert found["67066G104", "", "SH"]["amount_before"] is None


def test_nothing_on_either_side_gives_no_moves_with_all_columns():
    for before, after in ((None, None), (book(), None), (None, book()), (book(), book())):
        found = moves.unknown(before, after, "quarter-missing")
        assert found.height == 0
        assert found.schema == MOVES.schema(moves.COLUMNS)


@given(portfolios(), portfolios())
def test_an_unknown_move_never_claims_a_change(before, after):
    found = moves.unknown(before, after, "quarter-missing")
    assert set(found["change"]) <= {"unknown"}
    for name in ("amount_change", "value_change", "weight_change", "trade_effect", "price_effect"):
        assert found[name].null_count() == found.height


BEFORE = book(("037833100", 10, 100), ("060505104", 7, 70))
AFTER = book(("037833100", 20, 400), ("67066G104", 1, 5))


def test_what_is_gone_from_a_report_that_withholds_rows_is_no_exit():
    found = by_key(moves.in_doubt(moves.diff(BEFORE, AFTER), gone="withheld"))
    gone = found["060505104", "", "SH"]
    assert (gone["change"], gone["unknown_reason"]) == ("unknown", "withheld")
    assert (gone["amount_before"], gone["value_before"]) == (7, 70)
    for name in ("amount", "value", "weight", "amount_change", "amount_change_pct", "value_change", "trade_effect"):
        assert gone[name] is None
    assert [oddity["code"] for oddity in gone["oddities"]] == ["not-an-exit"]
    assert found["037833100", "", "SH"]["change"] == "added"
    assert found["67066G104", "", "SH"]["change"] == "new"
    assert found["67066G104", "", "SH"]["oddities"] == []


def test_what_is_new_after_a_report_that_withheld_rows_may_have_been_held():
    found = by_key(moves.in_doubt(moves.diff(BEFORE, AFTER), came=True))
    new = found["67066G104", "", "SH"]
    assert (new["change"], new["amount"]) == ("new", 1)
    assert [oddity["code"] for oddity in new["oddities"]] == ["may-be-revealed"]
    assert found["060505104", "", "SH"]["change"] == "exited"
    assert found["060505104", "", "SH"]["oddities"] == []


def test_nothing_withheld_changes_nothing():
    found = moves.diff(BEFORE, AFTER)
    assert_frame_equal(moves.in_doubt(found), found)


def test_both_sides_may_withhold():
    found = moves.in_doubt(moves.diff(BEFORE, AFTER), gone="withheld", came=True)
    assert sorted(oddity["code"] for move in found["oddities"] for oddity in move) == ["may-be-revealed", "not-an-exit"]
    assert found.schema == MOVES.schema(moves.COLUMNS)
