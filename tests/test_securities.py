from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from thirteenf import securities
from thirteenf.errors import NotFoundError
from thirteenf.tables import SECURITIES

GOOGL, GOOG, BRK_B, META, NVDA = "02079K305", "02079K107", "084670702", "30303M102", "67066G104"
OLD_SPCX, NEW_SPCX = "78464A870", "84859T105"


def known(*rows):
    full = [
        (cusip, ticker, issuer, "COM", first, last, "test", "2026-08") for cusip, ticker, issuer, first, last in rows
    ]
    return pl.DataFrame(full, schema=SECURITIES.schema(), orient="row")


KNOWN = known(
    (GOOGL, "GOOGL", "ALPHABET INC", None, None),
    (GOOG, "GOOG", "ALPHABET INC", None, None),
    (BRK_B, "BRK.B", "BERKSHIRE HATHAWAY INC DEL", None, None),
    (META, "FB", "FACEBOOK INC", None, date(2022, 6, 8)),
    (META, "META", "META PLATFORMS INC", date(2022, 6, 9), None),
    ("116794207", None, "BRUKER CORP", None, None),
)
HELD = pl.DataFrame(
    {"cusip": [GOOGL, NVDA, "116794108"], "issuer": ["ALPHABET INC", "NVIDIA CORPORATION", "BRUKER CORP"]}
)


def tickers(frame, period=None):
    return securities.with_tickers(frame, KNOWN, period)["ticker"].to_list()


def test_alphabets_classes_are_not_swapped():
    assert tickers(pl.DataFrame({"cusip": [GOOGL, GOOG]}), date(2025, 9, 30)) == ["GOOGL", "GOOG"]


def test_a_symbol_is_that_of_the_period():
    frame = pl.DataFrame({"cusip": [META] * 2, "period": [date(2022, 3, 31), date(2022, 6, 30)]})
    assert tickers(frame) == ["FB", "META"]
    assert tickers(frame.select("cusip"), date(2021, 12, 31)) == ["FB", "FB"]


def test_the_last_and_first_days_belong_to_a_symbol():
    frame = pl.DataFrame({"cusip": [META] * 2, "period": [date(2022, 6, 8), date(2022, 6, 9)]})
    assert tickers(frame) == ["FB", "META"]


def test_what_is_not_known_stays_blank_and_no_row_is_lost_or_moved():
    frame = pl.DataFrame({"cusip": [NVDA, GOOGL, "116794207", NVDA], "amount": [1, 2, 3, 4]})
    found = securities.with_tickers(frame, KNOWN, date(2025, 9, 30))
    assert found["amount"].to_list() == [1, 2, 3, 4]
    assert found["ticker"].to_list() == [None, "GOOGL", None, None]
    assert found["ticker_source"].to_list() == [None, "test", "test", None]
    assert found["ticker_asof"].to_list()[1] == "2026-08"


def test_a_symbol_outside_its_dates_is_not_given():
    assert securities.with_tickers(
        pl.DataFrame({"cusip": [NEW_SPCX]}),
        known((NEW_SPCX, "SPCX", "SPACE", date(2026, 6, 15), None)),
        date(2026, 3, 31),
    )["ticker"].to_list() == [None]


def test_symbols_that_a_frame_had_are_made_anew():
    frame = pl.DataFrame({"cusip": [GOOGL], "ticker": ["OLD"], "ticker_source": ["x"], "ticker_asof": ["y"]})
    assert tickers(frame, date(2025, 9, 30)) == ["GOOGL"]


def test_a_frame_of_nothing_stays_one_with_the_columns():
    found = securities.with_tickers(pl.DataFrame(schema={"cusip": pl.String}), KNOWN, date(2025, 9, 30))
    assert found.columns == ["cusip", "ticker", "ticker_source", "ticker_asof"]
    assert found.height == 0


@pytest.mark.parametrize("query", ["BRK.B", "BRK-B", "BRKB", "brk/b", " brk.b ", BRK_B, "84670702", "084670702 "])
def test_a_security_goes_by_any_spelling_of_its_symbol_or_number(query):
    assert securities.meant(query, KNOWN, HELD) == [BRK_B]


def test_a_cusip_that_is_held_is_known_though_it_has_no_symbol():
    assert securities.meant("67066g104", KNOWN, HELD) == [NVDA]
    assert securities.meant("116794207", KNOWN, HELD) == ["116794207"]


def test_old_and_new_symbols_mean_the_same_cusip_once():
    assert securities.meant("FB", KNOWN, HELD) == securities.meant("META", KNOWN, HELD) == [META]


def test_a_symbol_that_was_used_again_means_both():
    reused = known(
        (OLD_SPCX, "SPCX", "ETF", None, date(2026, 4, 7)), (NEW_SPCX, "SPCX", "SPACE", date(2026, 6, 15), None)
    )
    assert securities.meant("SPCX", reused, HELD) == sorted([OLD_SPCX, NEW_SPCX])


def test_one_class_is_never_taken_for_another():
    assert securities.meant("GOOG", KNOWN, HELD) == [GOOG]


def test_an_issuers_name_is_no_security_but_its_cusips_are_named():
    with pytest.raises(NotFoundError) as caught:
        securities.meant("bruker", KNOWN, HELD)
    assert "'bruker'" in caught.value.message
    assert "BRUKER CORP (116794108)" in caught.value.hint


def test_a_mistyped_symbol_is_answered_with_near_ones():
    with pytest.raises(NotFoundError) as caught:
        securities.meant("GOGL", KNOWN, HELD)
    assert "GOOGL" in caught.value.hint


@pytest.mark.parametrize("query", ["ZZZZZ", "123456789", "?", "(", ""])
def test_what_nobody_knows_is_not_found(query):
    with pytest.raises(NotFoundError) as caught:
        securities.meant(query, KNOWN, HELD)
    assert caught.value.hint
