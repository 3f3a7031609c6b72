"""Fails-to-deliver files: what a line says, and what is no such file."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.securities_files import APPLE, BRK_B, FAILS_HEADER, GOOG, GOOGL, NVDA, fail, fails_text, packed
from thirteenf import cusip, fails
from thirteenf.errors import MalformedFilingError
from thirteenf.tables import SIGHTINGS

NAME = "cnsfails202212a.zip"
VXX, US_STEEL = "06747R477", "912909108"


def seen(*lines, **more):
    """Sightings of a file of these lines."""
    return fails.read(fails_text(*lines, **more), NAME).sightings


def refused(content):
    """Why something is refused."""
    with pytest.raises(MalformedFilingError) as caught:
        fails.read(content, NAME)
    assert NAME in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_what_a_line_says():
    told = fails.read(fails_text(fail(price="150.25")), NAME)
    assert told.sightings.schema == SIGHTINGS.schema()
    assert told.sightings.rows() == [
        (APPLE, "AAPL", "", "APPLE INC", date(2022, 12, 1), date(2022, 12, 1), 1, 1_502_500, 1_502_500)
    ]
    assert (told.lines, told.passed_over, told.last) == (1, 0, date(2022, 12, 1))


@pytest.mark.parametrize("member", ["cnsfails202212a__TXT", "cnsfails202301a__txt", "cnsfails201012b"])
def test_a_zip_of_one_member_whatever_it_is_called(member):
    text = fails_text(fail(), fail(NVDA, "NVDA"))
    assert fails.read(packed(**{member: text}), NAME) is not None
    assert fails.read(packed(**{member: text}), NAME).sightings.equals(fails.read(text, NAME).sightings)


def test_a_folder_in_a_zip_is_no_member():
    assert fails.read(packed(**{"fails/": b"", "fails/a__txt": fails_text(fail())}), NAME).lines == 1


@pytest.mark.parametrize("issuer", [
    "BERKSHIRE HATHAWAY INC|A", "|", "A||B", "|LEADING", "TRAILING|", "SOCI\xc9T\xc9 G\xc9N\xc9RALE", "\xa0", "",
    "BARCLAYS\x85PLC", "A\x1cB", "A\x0bB\x0cC", "20221201", "Trailer record count 7", '"QUOTED',
])  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_any_description_stays_one(issuer, newline):
    rows = seen(fail(BRK_B, "BRKB", issuer=issuer), fail(NVDA, "NVDA"), newline=newline)
    told = rows.filter(pl.col("cusip") == BRK_B).select("symbol", "issuer", "first_price", "days").rows()
    assert told == [("BRKB", issuer.strip(), 1_500_000, 1)]
    assert rows.height == 2


def test_blank_lines_and_blanks_around_values_are_nothing():
    padded = " | ".join(fail(symbol=" aapl ").split("|")).replace(" | ", "|", 1)
    text = fails_text(padded).replace(b"\n", b"\r\n") + b"\r\n\r\n"
    assert fails.read(text, NAME).sightings.equals(seen(fail()))


@pytest.mark.parametrize("price", [".", "", "0", "0.00", "-1.00", "N/A", "1e400", "nan", "inf", "1e30"])
def test_what_is_no_price_is_none(price):
    assert seen(fail(price=price)).select("first_price", "last_price").rows() == [(None, None)]


@pytest.mark.parametrize(("price", "told"), [("0.0001", 1), (".5", 5000), ("523,450", None), ("523450.01", 5234500100)])
def test_prices_are_in_hundredths_of_a_cent(price, told):
    assert seen(fail(price=price))["first_price"].to_list() == [told]


def test_a_stretch_has_its_first_and_last_price_though_other_days_have_none():
    days = [("20221201", "."), ("20221202", "10.00"), ("20221205", "."), ("20221206", "11.00"), ("20221207", ".")]
    rows = seen(*(fail(day=day, price=price) for day, price in days))
    assert rows.select("first", "last", "days", "first_price", "last_price").rows() == [
        (date(2022, 12, 1), date(2022, 12, 7), 5, 100_000, 110_000)
    ]


@pytest.mark.parametrize(("symbol", "told"), [
    ("AAPL", ("AAPL", "")), ("AAPLXXXX", ("AAPL", "retired")), ("LINZZZZ", ("LIN", "to-come")),
    ("VXXXXXX", ("VXX", "retired")), ("XXXXX", ("X", "retired")), ("ZZZZZ", ("Z", "to-come")),
    ("BRK.B", ("BRK.B", "")), ("BF-B", ("BF-B", "")), ("ABCXXX", ("ABCXXX", "")), ("XXXXA", ("XXXXA", "")),
])  # fmt: skip
def test_marks_are_taken_off_a_symbol(symbol, told):
    assert seen(fail(VXX, symbol)).select("symbol", "mark").rows() == [told]


def test_a_mark_that_comes_or_goes_begins_a_stretch():
    rows = seen(
        fail(VXX, "VXX", "20221201"), fail(VXX, "VXXXXXX", "20221202"), fail(US_STEEL, "XZZZZ", "20221201"),
        fail(US_STEEL, "X", "20221202"),
    )  # fmt: skip
    told = rows.select("cusip", "symbol", "mark", pl.col("first").dt.day()).rows()
    assert told == [
        (VXX, "VXX", "", 1),
        (VXX, "VXX", "retired", 2),
        (US_STEEL, "X", "to-come", 1),
        (US_STEEL, "X", "", 2),
    ]


@pytest.mark.parametrize("symbol", ["**********", "", "   ", "A B", "?", "\xc9"])
def test_what_is_no_symbol_is_passed_over_and_counted(symbol):
    told = fails.read(fails_text(fail(), fail(NVDA, symbol)), NAME)
    assert (told.lines, told.passed_over, told.sightings["cusip"].to_list()) == (2, 1, [APPLE])


@pytest.mark.parametrize("number", ["037833101", "000000000", "999999999", "03783310", "", "0378331000", "*********"])
def test_what_is_no_cusip_is_passed_over_and_counted(number):
    told = fails.read(fails_text(fail(number), fail(number, day="20221202"), fail(NVDA, "NVDA")), NAME)
    assert (told.lines, told.passed_over, told.sightings["cusip"].to_list()) == (3, 2, [NVDA])


def test_a_file_of_nothing_but_what_is_passed_over_has_no_sightings():
    told = fails.read(fails_text(fail("037833101", day="20221214")), NAME)
    assert (told.lines, told.passed_over, told.last, told.sightings.height) == (1, 1, date(2022, 12, 14), 0)
    assert told.sightings.schema == SIGHTINGS.schema()


def test_a_cusip_in_lower_case_is_the_same():
    assert seen(fail(GOOGL.lower(), "googl")).select("cusip", "symbol").rows() == [(GOOGL, "GOOGL")]


def test_lines_may_come_in_any_order():
    lines = [fail(day=f"202212{day:02}") for day in (1, 2, 5, 6)] + [fail(NVDA, "NVDA")]
    assert seen(*lines[::-1]).equals(seen(*lines))


@pytest.mark.parametrize(("prices", "stretches"), [
    (("10.00", "14.50"), 1), (("10.00", "14.51"), 2), (("14.50", "10.00"), 1), (("14.51", "10.00"), 2),
    (("100.00", "25.00", "25.10"), 2), (("1.00", "10.00", "1.00"), 3), (("10.00", ".", "20.00"), 2),
    (("10.00", ".", "10.50"), 1), ((".", "10.00"), 1), ((".", "."), 1), (("10.00", "12.00", "15.00", "19.00"), 1),
])  # fmt: skip
def test_a_price_that_jumps_begins_a_stretch(prices, stretches):
    rows = seen(*(fail(day=f"2022120{at}", price=price) for at, price in enumerate(prices, 1)))
    assert rows.height == stretches
    assert rows["days"].sum() == len(prices)


def test_the_price_of_one_security_is_no_jump_of_the_next():
    assert seen(fail(price="150.00"), fail(NVDA, "NVDA", price="1.00")).height == 2


def test_a_symbol_that_changes_begins_a_stretch():
    symbols = ["FB", "FB", "META", "META", "FB"]
    rows = seen(*(fail("30303M102", symbol, f"2022060{at}") for at, symbol in enumerate(symbols, 1)))
    assert rows.select("symbol", pl.col("first").dt.day(), pl.col("last").dt.day().alias("last"), "days").rows() == [
        ("FB", 1, 2, 2), ("META", 3, 4, 2), ("FB", 5, 5, 1),
    ]  # fmt: skip


def test_the_same_symbol_under_two_cusips_is_two_stretches():
    rows = seen(fail(GOOG, "GOOG"), fail(GOOGL, "GOOG", "20221202"))
    assert rows.select("cusip", "symbol").rows() == [(GOOG, "GOOG"), (GOOGL, "GOOG")]


def test_the_name_is_the_last_one_of_a_stretch():
    assert seen(fail(issuer="OLD INC"), fail(day="20221202", issuer="NEW INC"))["issuer"].to_list() == ["NEW INC"]


# what is no such file


@pytest.mark.parametrize("content", [
    b"", b"\n\n", b"PK", b"PK\x03\x04", b"\0" * 100, b"%PDF-1.7", b"Not Found",
    b"<!DOCTYPE html>\n<html><body>Your Request Originates from an Undeclared Automated Tool</body></html>",
    b"CUSIP|SYMBOL\n", packed(a__txt=b""), packed(a__txt=b"<html></html>"),
])  # fmt: skip
def test_something_else_is_refused_by_name(content):
    refused(content)


def test_a_header_alone_is_cut_short():
    assert "cut short" in refused(FAILS_HEADER.encode())
    assert "no line" in refused(fails_text())


@pytest.mark.parametrize("end", range(70, 175, 7))
def test_text_that_is_cut_short_is_refused(end):
    text = fails_text(fail(), fail(NVDA, "NVDA"))
    assert end < text.index(b"Trailer record count 2") + len("Trailer record count 2")
    assert "cut short" in refused(text[:end])


def test_only_the_last_line_of_the_trailer_may_be_lost():
    text = fails_text(fail())
    assert fails.read(text[: text.index(b"Trailer total")], NAME).lines == 1


@pytest.mark.parametrize("count", [0, 1, 3, 57942, 10**9])
def test_a_trailer_that_counts_other_lines_is_named(count):
    assert f"2 lines where its trailer counts {count:,}" in refused(fails_text(fail(), fail(NVDA, "NVDA"), count=count))


def test_a_count_beyond_all_measure_is_refused():
    refused(fails_text(fail(), count="9" * 5000))


@pytest.mark.parametrize("line", [
    "", "20221201", "20221201|037833100|AAPL|100", "2022-12-01|037833100|AAPL|100|APPLE INC|1.00",
    "20221301|037833100|AAPL|100|APPLE INC|1.00", "20230229|037833100|AAPL|100|APPLE INC|1.00",
    "00000000|037833100|AAPL|100|APPLE INC|1.00", " 20221201|037833100|AAPL|100|APPLE INC|1.00",
])  # fmt: skip
def test_a_line_of_another_shape_is_refused(line):
    assert "1 of its 2 lines are of another shape" in refused(fails_text(fail(), line))


def test_two_files_in_a_zip_are_refused():
    assert "2 files" in refused(packed(a__txt=fails_text(fail()), b__txt=fails_text(fail())))
    assert "0 files" in refused(packed())


def test_a_zip_that_would_fill_the_memory_is_refused_before_it_does(monkeypatch):
    zeros = packed(a__txt=b"\0" * (fails.MAX_BYTES + 1))
    assert len(zeros) < 1 << 20
    assert "64 MiB" in refused(zeros)
    monkeypatch.setattr(fails, "MAX_BYTES", 500)
    text = fails_text(fail())
    assert fails.read(packed(a__txt=text + b"\n" * (500 - len(text))), NAME).lines == 1
    refused(packed(a__txt=text + b"\n" * (501 - len(text))))


def test_a_zip_cut_short_anywhere_is_refused():
    whole = packed(a__txt=fails_text(fail(), fail(NVDA, "NVDA")))
    for end in range(len(whole)):
        refused(whole[:end])


@pytest.mark.parametrize("damage", [*(1 << bit for bit in range(8)), 0x06, 0xFF])
def test_a_zip_damaged_anywhere_is_read_as_it_was_or_refused(damage):
    text = fails_text(fail())
    whole = packed(a__txt=text)
    for at in range(2, len(whole)):  # without the PK it is no zip
        damaged = whole[:at] + bytes([whole[at] ^ damage]) + whole[at + 1 :]
        try:
            assert fails.unpacked(damaged, NAME) == text
        except MalformedFilingError as error:
            assert NAME in error.message  # noqa: PT017 - either will do


# what is known on a day


@pytest.mark.parametrize(("day", "last"), [
    ("2023-01-24", "2022-11-30"), ("2023-01-25", "2022-12-14"), ("2023-02-10", "2022-12-14"),
    ("2023-02-11", "2022-12-31"), ("2023-03-31", "2023-02-14"), ("2024-04-11", "2024-02-29"),
    ("2024-04-10", "2024-02-14"), ("2023-02-14", "2022-12-31"), ("2026-01-01", "2025-11-14"),
])  # fmt: skip
def test_half_months_are_known_42_days_after_their_last_possible_day(day, last):
    assert fails.known_on(date.fromisoformat(day)) == date.fromisoformat(last)


@given(st.dates(date(2004, 3, 1), date(2099, 12, 31)))
@example(date(2024, 2, 29) + timedelta(days=42))
@example(date(2023, 12, 31) + timedelta(days=42))
def test_what_is_known_on_a_day_is_a_whole_half_month_and_grows(day):
    last = fails.known_on(day)
    assert last <= day - fails.POSTED_AFTER
    assert last.day in (14, monthrange(last.year, last.month)[1])
    assert (day - fails.POSTED_AFTER - last).days < 17  # the next half-month is not known yet
    assert fails.known_on(day - timedelta(days=1)) <= last


# several files


def test_the_same_file_twice_counts_once():
    one, other = seen(fail(), fail(NVDA, "NVDA")), seen(fail(day="20221215"))
    assert fails.joined([one, other, one]).equals(fails.joined([other, one]))
    assert fails.joined([one, other, one]).height == 3


def test_no_files_make_an_empty_table():
    assert fails.joined([]).schema == SIGHTINGS.schema()


# laws

BYTES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
CUSIPS = st.one_of(
    st.text("0123456789ABCDEFGHJK", min_size=8, max_size=8).map(lambda eight: eight + cusip.check_digit(eight)),
    st.sampled_from([APPLE, NVDA, GOOGL, "037833101", "000000000", "*********"]),
)
DAYS = st.dates(date(2022, 12, 1), date(2022, 12, 14))
SYMBOLS = st.sampled_from(["A", "B", "AXXXX", "AZZZZ", "VXXXXXX", "**********", "", "BRK.B"])
PRICES = st.one_of(st.sampled_from([".", "", "0.00"]), st.decimals(0, 500_000, places=2).map(str))
LINES = st.lists(st.tuples(CUSIPS, DAYS, SYMBOLS, BYTES, PRICES), unique_by=lambda line: line[:2], max_size=30)


def lines_of(rows):
    return [
        fail(number, symbol, f"{day:%Y%m%d}", issuer=issuer, price=price) for number, day, symbol, issuer, price in rows
    ]


@given(st.lists(BYTES, max_size=8), st.one_of(st.none(), st.integers(0, 8)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_whatever_the_lines_it_is_read_or_refused(lines, count, newline):
    content = fails_text(*lines, count=count, newline=newline)
    try:
        assert fails.read(content, NAME).lines > 0
    except MalformedFilingError as error:
        assert NAME in error.message  # noqa: PT017 - either will do


@given(st.binary(max_size=200))
def test_whatever_the_bytes_they_are_read_or_refused(content):
    for whole in (content, b"PK\x03\x04" + content, FAILS_HEADER.encode() + b"\n" + content):
        with pytest.raises(MalformedFilingError):
            fails.read(whole, NAME)


@given(LINES.filter(bool), st.sampled_from(["\n", "\r\n"]))
def test_days_and_dates_add_up(rows, newline):
    told = fails.read(fails_text(*lines_of(rows), newline=newline), NAME)
    sightings = told.sightings
    valid = [row for row in rows if cusip.is_valid(row[0]) and row[0] not in cusip.PLACEHOLDERS and row[2].strip("*")]
    assert (told.lines, told.passed_over) == (len(rows), len(rows) - len(valid))
    assert told.last == max(row[1] for row in rows)
    assert sightings["days"].sum() == len(valid)
    assert set(sightings["cusip"]) == {row[0] for row in valid}
    assert sightings.filter(pl.col("first") > pl.col("last")).is_empty()
    for (number,), stretches in sightings.group_by("cusip"):
        spans = stretches.sort("first").select("first", "last").rows()
        assert all(earlier < later for (_, earlier), (later, _) in pairwise(spans))
        ours = [row[1] for row in valid if row[0] == number]
        assert (spans[0][0], spans[-1][1]) == (min(ours), max(ours))


@given(LINES.filter(bool), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(rows, chance):
    mixed = chance.sample(rows, len(rows))
    assert seen(*lines_of(rows)).equals(seen(*lines_of(mixed)))
