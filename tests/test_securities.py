"""What a CUSIP is: symbols with their dates, how sure they are, and what a symbol means."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.securities_files import (
    APPLE,
    BRK_A,
    BRK_B,
    GOOG,
    GOOGL,
    META,
    NEW_SPCX,
    NVDA,
    OLD_SPCX,
    days,
    fail,
    fails_text,
    known,
)
from thirteenf import fails, sample, securities
from thirteenf.errors import NotFoundError
from thirteenf.filing import CODES
from thirteenf.tables import MOVES, SECURITIES, SIGHTINGS

LENNAR_B, BRUKER, BRUKER_PREFERRED = "526057302", "116794108", "116794207"
FROM = ["ticker", "ticker_source", "ticker_asof", "ticker_certainty"]
FAILS, DISPUTED, CURATED = "fails-to-deliver", "fails-to-deliver, disputed", "curated"

KNOWN = known(
    (GOOGL, "GOOGL", *days("2022-01-03", "2025-12-31")),
    (GOOG, "GOOG", *days("2022-01-03", "2025-12-31")),
    (BRK_B, "BRK.B", *days("2022-01-03", "2025-12-31")),
    (META, "FB", *days("2022-01-03", "2022-06-08")),
    (META, "META", *days("2022-06-09", "2025-12-31")),
    (BRUKER_PREFERRED, None, None, None),
)
HELD = pl.DataFrame({"cusip": [GOOGL, NVDA, BRUKER], "issuer": ["ALPHABET INC", "NVIDIA CORPORATION", "BRUKER CORP"]})
SPCX = known(
    (OLD_SPCX, "SPCX", *days("2023-01-03", "2026-04-07")), (NEW_SPCX, "SPCX", *days("2026-06-15", "2026-08-31"))
)


def dated(*lines, companies=()):
    """Securities out of a fails-to-deliver file of these lines."""
    return securities.dated(fails.read(fails_text(*lines), "cnsfails202212a.zip").sightings, companies)


def asked(cusips, day, among=KNOWN):
    """What is said of CUSIPs on a day."""
    period = date.fromisoformat(day) if isinstance(day, str) else day
    return securities.with_tickers(pl.DataFrame({"cusip": cusips}, schema={"cusip": pl.String}), among, period)


def tickers(cusips, day, among=KNOWN):
    return asked(cusips, day, among)["ticker"].to_list()


# from fails-to-deliver files


def test_symbols_with_the_days_between_which_they_were_seen():
    told = dated(fail(APPLE, "AAPL", "20221201"), fail(APPLE, "AAPL", "20221214", price="10.00"), fail(NVDA, "NVDA"))
    assert told.schema == SECURITIES.schema()
    first, last = days("2022-12-01", "2022-12-14")
    assert told.rows() == [
        (APPLE, "AAPL", "APPLE INC", "", first, last, FAILS, "2022-12-14", None),
        (NVDA, "NVDA", "APPLE INC", "", first, first, FAILS, "2022-12-01", None),
    ]


def test_no_sightings_make_an_empty_table():
    told = securities.dated(SIGHTINGS.schema().to_frame())
    assert (told.height, told.schema) == (0, SECURITIES.schema())
    assert tickers([APPLE], "2022-12-31", told) == [None]


def test_a_rename_is_two_symbols_one_after_the_other():
    told = dated(
        fail(META, "FB", "20220607"), fail(META, "FB", "20220608"), fail(META, "META", "20220609"),
        fail(META, "META", "20220613"),
    )  # fmt: skip
    assert told.select("ticker", "ticker_source", "first", "last").rows() == [
        ("FB", FAILS, *days("2022-06-07", "2022-06-08")), ("META", FAILS, *days("2022-06-09", "2022-06-13")),
    ]  # fmt: skip


def test_two_symbols_by_turns_are_disputed():
    told = dated(*(fail(META, symbol, f"2022060{at}") for at, symbol in enumerate(["FB", "META", "FB", "META"], 1)))
    assert told.select("ticker", "ticker_source").rows() == [("FB", DISPUTED), ("META", DISPUTED)]
    assert asked([META], "2022-06-02", told).select(*FROM).rows() == [("FB", DISPUTED, "2022-06-02", "possible")]


def test_two_symbols_on_one_day_are_disputed():
    assert dated(fail(META, "FB"), fail(META, "META"))["ticker_source"].to_list() == [DISPUTED, DISPUTED]


def test_every_symbol_within_anothers_time_is_disputed():
    symbols = [("A", 1), ("B", 2), ("C", 5), ("A", 9)]
    told = dated(*(fail(META, symbol, f"2022060{day}") for symbol, day in symbols))
    assert told.select("ticker", "ticker_source").rows() == [("A", DISPUTED), ("B", DISPUTED), ("C", DISPUTED)]


def test_a_dispute_of_one_security_is_not_the_next_ones():
    told = dated(fail(META, "FB"), fail(META, "META"), fail(NVDA, "NVDA"), fail(GOOG, "GOOG", "20221202"))
    assert dict(told.filter(~pl.col("cusip").is_in([META])).select("cusip", "ticker_source").rows()) == {
        NVDA: FAILS, GOOG: FAILS,
    }  # fmt: skip


def test_a_symbol_that_was_retired_is_known_and_one_to_come_is_no_other():
    linde = "G54950103"
    told = dated(fail(linde, "LINZZZZ", "20221201"), fail(linde, "LIN", "20221202"), fail("06747R477", "VXXXXXX"))
    assert told.select("cusip", "ticker", "ticker_source", "last").rows() == [
        ("06747R477", "VXX", FAILS, date(2022, 12, 1)), (linde, "LIN", FAILS, date(2022, 12, 2)),
    ]  # fmt: skip


@pytest.mark.parametrize(("symbol", "companies", "told"), [
    ("BRKB", (), "BRK.B"), ("BRK.B", (), "BRK.B"), ("BRKB", ("BRK-B",), "BRK.B"), ("LENB", (), "LEN.B"),
    ("TPGC", ("TPG-C",), "TPG.C"), ("TPGC", (), "TPGC"), ("TPC", ("T-PC",), "T.PC"), ("TPC", ("T-PC", "TPC"), "TPC"),
    ("GOOGL", ("GOOGL", "GOOG"), "GOOGL"), ("AAPL", (), "AAPL"),
])  # fmt: skip
def test_a_class_stands_after_a_point(symbol, companies, told):
    assert dated(fail(APPLE, symbol), companies=companies)["ticker"].to_list() == [told]


def test_a_dash_in_a_symbol_becomes_the_point():
    listed = known((BRK_B, "BRK-B", *days("2025-12-31")), (APPLE, None, None, None))
    assert securities.pointed(listed)["ticker"].to_list() == ["BRK.B", None]


def test_symbols_of_the_sample_are_those_of_its_day():
    told = securities.pointed(sample.securities())
    assert told.filter(pl.col("ticker").is_not_null())["first"].unique().to_list() == [date(2026, 8, 31)]
    assert told["last"].equals(told["first"].alias("last"))
    assert tickers([LENNAR_B], "2026-06-30", told) == ["LEN.B"]
    assert asked([LENNAR_B], "2026-08-31", told)["ticker_certainty"].to_list() == ["likely"]
    assert asked([LENNAR_B], "2023-12-31", told)["ticker_certainty"].to_list() == ["possible"]


def test_what_no_file_tells_stands_in_a_list_with_reasons():
    assert securities.OVERRIDES[BRK_A][0] == "BRK.A"
    assert all(reason for _, reason in securities.OVERRIDES.values())
    among = pl.concat([KNOWN, securities.overridden()])
    assert asked([BRK_A], "1999-12-31", among).select(*FROM).rows() == [("BRK.A", CURATED, None, "confirmed")]
    assert securities.meant("brk-a", among, lambda: HELD) == securities.meant("BRKA", among, lambda: HELD) == [BRK_A]
    assert securities.meant("BRK.A", among, lambda: HELD, date(2023, 3, 31)) == [BRK_A]


def test_what_people_set_comes_before_what_files_show():
    among = pl.concat([known((BRK_A, "BRKX", *days("2022-12-01", "2022-12-31"))), securities.overridden()])
    assert tickers([BRK_A], "2022-12-15", among) == ["BRK.A"]


# the symbol on a day


def test_alphabets_classes_are_not_swapped():
    assert tickers([GOOGL, GOOG], "2025-09-30") == ["GOOGL", "GOOG"]


def test_a_symbol_is_that_of_the_period():
    frame = pl.DataFrame({"cusip": [META] * 2, "period": [date(2022, 3, 31), date(2022, 6, 30)]})
    assert securities.with_tickers(frame, KNOWN)["ticker"].to_list() == ["FB", "META"]
    assert tickers([META], "2021-12-31") == ["FB"]
    assert tickers([META], "2029-12-31") == ["META"]


def test_the_last_and_first_days_belong_to_a_symbol():
    assert tickers([META], "2022-06-08") == ["FB"]
    assert tickers([META], "2022-06-09") == ["META"]


@pytest.mark.parametrize(("day", "told"), [
    ("2022-12-31", "OLD"), ("2023-01-10", "OLD"), ("2023-01-15", "OLD"), ("2023-01-16", "NEW"), ("2023-01-20", "NEW"),
])  # fmt: skip
def test_between_two_symbols_the_nearer_counts_and_the_earlier_of_equals(day, told):
    renamed = known((META, "NEW", *days("2023-01-31", "2023-03-31")), (META, "OLD", *days("2022-11-30", "2022-12-30")))
    assert tickers([META], day, renamed) == [told]


@pytest.mark.parametrize(("off", "certainty"), [
    (0, "confirmed"), (1, "confirmed"), (45, "confirmed"), (46, "likely"), (366, "likely"), (367, "possible"),
    (5000, "possible"),
])  # fmt: skip
@pytest.mark.parametrize("before", [True, False])
def test_a_symbol_is_less_sure_the_further_from_its_days(off, certainty, before):
    first, last = days("2022-12-01", "2023-03-14")
    day = first - timedelta(days=off) if before else last + timedelta(days=off)
    (told,) = asked([APPLE], day, known((APPLE, "AAPL", first, last))).select(*FROM).rows()
    assert told == ("AAPL", FAILS, str(first if before else last), certainty)


@pytest.mark.parametrize(("source", "off", "certainty"), [
    (CURATED, 5000, "confirmed"), ("sample", 0, "likely"), ("sample", 366, "likely"), ("sample", 367, "possible"),
    ("openfigi", 0, "likely"), (DISPUTED, 0, "possible"),
])  # fmt: skip
def test_sources_are_not_equally_sure(source, off, certainty):
    first, last = days("2026-08-31")
    told = asked([APPLE], last - timedelta(days=off), known((APPLE, "AAPL", first, last, source)))
    assert told.select("ticker_source", "ticker_certainty").rows() == [(source, certainty)]


def test_a_day_among_those_of_a_symbol_is_what_it_is_known_for():
    assert asked([GOOGL], "2023-03-31")["ticker_asof"].to_list() == ["2023-03-31"]
    assert asked([GOOGL], "2025-12-31")["ticker_asof"].to_list() == ["2025-12-31"]


def test_the_nearer_source_counts():
    both = pl.concat([
        known((APPLE, "OLD", *days("2023-03-14"))), known((APPLE, "NEW", *days("2026-08-31"), "sample")),
    ])  # fmt: skip
    assert tickers([APPLE], "2023-12-31", both) == ["OLD"]
    assert tickers([APPLE], "2025-12-31", both) == ["NEW"]


def test_what_is_not_known_stays_blank_and_no_row_is_lost_or_moved():
    frame = pl.DataFrame({"cusip": [NVDA, GOOGL, BRUKER_PREFERRED, NVDA, GOOGL], "amount": [1, 2, 3, 4, 5]})
    found = securities.with_tickers(frame, KNOWN, date(2025, 9, 30))
    blank, google = (None,) * 4, ("GOOGL", FAILS, "2025-09-30", "confirmed")
    assert found["amount"].to_list() == [1, 2, 3, 4, 5]
    assert found.select(*FROM).rows() == [blank, google, blank, blank, google]


def test_what_was_used_by_no_such_security_is_never_taken_from_a_name():
    frame = pl.DataFrame({"cusip": [NVDA], "issuer": [f"ISSUER {GOOGL}"]})
    assert securities.with_tickers(frame, KNOWN, date(2025, 9, 30))["ticker"].to_list() == [None]


def test_preferred_shares_and_warrants_of_an_issuer_do_not_go_by_its_shares_symbol():
    among = known((BRUKER, "BRKR", *days("2022-01-03", "2025-12-31")), ("674599105", "OXY", *days("2025-09-02")))
    assert tickers([BRUKER, BRUKER_PREFERRED], "2025-09-30", among) == ["BRKR", None]
    assert tickers(["674599105", "674599162"], "2025-09-30", among) == ["OXY", None]


def test_symbols_that_a_frame_had_are_made_anew():
    frame = pl.DataFrame({"cusip": [GOOGL], **{name: ["old"] for name in FROM}})
    told = securities.with_tickers(frame, KNOWN, date(2025, 9, 30))
    assert told.rows() == [(GOOGL, "GOOGL", FAILS, "2025-09-30", "confirmed")]


def test_a_frame_of_nothing_stays_one_with_the_columns():
    told = asked([], "2025-09-30")
    assert (told.columns, told.height) == (["cusip", *FROM], 0)


def oddities(frame):
    return [[one["code"] for one in row] for row in frame["oddities"].to_list()]


def test_a_disputed_symbol_is_odd_where_rows_have_oddities():
    among = pl.concat([dated(fail(META, "FB"), fail(META, "META")), KNOWN.filter(pl.col("cusip") == GOOGL)])
    before = {"code": "zero-row", "message": "x", "accession_number": None, "row": 3}
    frame = pl.DataFrame(
        {"cusip": [META, GOOGL, META, NVDA], "oddities": [[], [], [before], []]},
        schema_overrides=dict(MOVES.schema(("oddities",))),
    )
    told = securities.with_tickers(frame, among, date(2022, 12, 1))
    assert oddities(told) == [["ticker-disputed"], [], ["zero-row", "ticker-disputed"], []]
    assert told["oddities"][0].to_list()[0]["message"] == CODES["ticker-disputed"]
    assert told.schema["oddities"] == frame.schema["oddities"]
    assert oddities(securities.with_tickers(frame, KNOWN, date(2022, 12, 1))) == [[], [], ["zero-row"], []]


def test_a_security_with_two_symbols_at_once_is_one_row():
    among = dated(fail(META, "FB"), fail(META, "META"))
    assert asked([META, META], "2022-12-01", among)["ticker"].to_list() == ["FB", "FB"]


@given(
    st.lists(
        st.tuples(st.sampled_from([APPLE, META]), st.sampled_from("ABC"), st.integers(0, 900), st.integers(0, 90))
    ),
    st.lists(st.tuples(st.sampled_from([APPLE, META, NVDA]), st.integers(-900, 1800)), max_size=8),
)
def test_the_nearest_symbol_is_found_for_every_row(rows, questions):
    start = date(2022, 1, 1)
    spans = [(c, t, start + timedelta(days=at), start + timedelta(days=at + length)) for c, t, at, length in rows]
    frame = pl.DataFrame(
        [(cusip, start + timedelta(days=at)) for cusip, at in questions],
        schema={"cusip": pl.String, "period": pl.Date}, orient="row",
    )  # fmt: skip
    told = securities.with_tickers(frame, known(*spans))
    assert told.select("cusip", "period").equals(frame)
    for cusip, day, ticker, source, _, certainty in told.rows():
        off = {t: min(_off(day, span) for span in spans if span[:2] == (cusip, t)) for c, t, *_ in spans if c == cusip}
        if not off:
            assert (ticker, source, certainty) == (None, None, None)
            continue
        assert off[ticker] == min(off.values())
        assert certainty == ("confirmed" if off[ticker] <= 45 else "likely" if off[ticker] <= 366 else "possible")


def _off(day, span):
    return max((span[2] - day).days, (day - span[3]).days, 0)


# what a symbol means


@pytest.mark.parametrize("query", ["BRK.B", "BRK-B", "BRKB", "brk/b", " brk.b ", BRK_B, "84670702", "084670702 "])
def test_a_security_goes_by_any_spelling_of_its_symbol_or_number(query):
    assert securities.meant(query, KNOWN, lambda: HELD) == [BRK_B]


def test_a_cusip_that_is_held_is_known_though_it_has_no_symbol():
    assert securities.meant("67066g104", KNOWN, lambda: HELD) == [NVDA]
    assert securities.meant(BRUKER_PREFERRED, KNOWN, lambda: HELD) == [BRUKER_PREFERRED]


def test_old_and_new_symbols_mean_the_same_cusip_once():
    assert securities.meant("FB", KNOWN, lambda: HELD) == securities.meant("META", KNOWN, lambda: HELD) == [META]


@pytest.mark.parametrize(("day", "told"), [
    (None, NEW_SPCX), ("2026-06-15", NEW_SPCX), ("2026-06-14", OLD_SPCX), ("2026-03-01", OLD_SPCX),
    ("2027-01-01", NEW_SPCX),
])  # fmt: skip
def test_a_symbol_that_another_company_took_means_that_one_from_then_on(day, told):
    assert securities.meant("SPCX", SPCX, lambda: HELD, day and date.fromisoformat(day)) == [told]


def test_a_symbol_that_another_company_took_stays_the_old_securitys_for_its_time():
    assert tickers([OLD_SPCX, NEW_SPCX], "2026-03-31", SPCX) == ["SPCX", "SPCX"]
    assert asked([OLD_SPCX, NEW_SPCX], "2026-03-31", SPCX)["ticker_certainty"].to_list() == ["confirmed", "likely"]


@pytest.mark.parametrize("order", [1, -1])
def test_todays_symbol_of_the_sample_is_not_that_of_another_company_before(order):
    taken = [
        known((OLD_SPCX, "SPCX", *days("2023-01-03", "2026-02-13"))),
        known((NEW_SPCX, "SPCX", *days("2026-08-31"), "sample")),
    ]
    among = pl.concat(taken[::order])
    assert securities.meant("SPCX", among, lambda: HELD) == [NEW_SPCX]
    assert securities.meant("SPCX", among, lambda: HELD, date(2026, 3, 1)) == [OLD_SPCX]


def test_a_symbol_of_the_sample_is_known_before_its_day_where_nothing_else_is():
    among = known((APPLE, "AAPL", *days("2026-08-31"), "sample"))
    assert securities.meant("AAPL", among, lambda: HELD, date(2023, 3, 31)) == [APPLE]


def test_a_number_that_was_retired_uses_its_symbol_no_more():
    old, new = "06747R477", "06748F324"
    among = dated(
        fail(old, "VXX", "20230307"), fail(old, "VXXXXXX", "20230308"), fail(old, "VXXXXXX", "20230310"),
        fail(new, "VXX", "20230309"), fail(new, "VXX", "20230310"),
    )  # fmt: skip
    assert tickers([old, new], "2023-03-31", among) == ["VXX", "VXX"]
    assert securities.meant("VXX", among, lambda: HELD) == [new]
    assert securities.meant("VXX", among, lambda: HELD, date(2023, 3, 8)) == [old]


def test_a_number_that_is_to_come_does_not_use_its_symbol_yet():
    old, new = "02115D109", "02115D208"
    among = dated(fail(old, "AEI", "20221229"), fail(new, "AEIZZZZ", "20221228"), fail(new, "AEI", "20221230"))
    assert securities.meant("AEI", among, lambda: HELD) == [new]


def test_a_symbol_that_nobody_used_by_the_day_is_not_found():
    with pytest.raises(NotFoundError):
        securities.meant("SPCX", SPCX, lambda: HELD, date(2022, 12, 31))


@pytest.mark.parametrize("day", [None, date(2023, 2, 1), date(2024, 1, 1)])
def test_a_symbol_under_two_numbers_at_once_means_both(day):
    both = known((GOOG, "GOOG", *days("2022-01-03", "2025-12-31")), (GOOGL, "GOOG", *days("2023-01-03", "2023-03-31")))
    assert securities.meant("GOOG", both, lambda: HELD, day) == sorted([GOOG, GOOGL])


def test_one_class_is_never_taken_for_another():
    assert securities.meant("GOOG", KNOWN, lambda: HELD) == [GOOG]
    assert securities.meant("GOOGL", KNOWN, lambda: HELD) == [GOOGL]


def test_an_issuers_name_is_no_security_but_its_cusips_are_named():
    with pytest.raises(NotFoundError) as caught:
        securities.meant("bruker", KNOWN, lambda: HELD)
    assert "'bruker'" in caught.value.message
    assert f"BRUKER CORP ({BRUKER})" in caught.value.hint


def test_a_mistyped_symbol_is_answered_with_near_ones():
    with pytest.raises(NotFoundError) as caught:
        securities.meant("GOGL", KNOWN, lambda: HELD)
    assert "GOOGL" in caught.value.hint


@pytest.mark.parametrize("query", ["ZZZZZ", "123456789", "?", "(", ""])
def test_what_nobody_knows_is_not_found(query):
    with pytest.raises(NotFoundError) as caught:
        securities.meant(query, KNOWN, lambda: HELD)
    assert caught.value.hint
