"""Official Lists of 13(f) securities: what a line says, and what is no such list."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.securities_files import APPLE, BRK_B, GOOG, GOOGL, META, NVDA, list_text, listed
from thirteenf import official_list
from thirteenf.errors import MalformedFilingError
from thirteenf.tables import LISTED

NAME, QUARTER = "13flist2026q2.txt", date(2026, 6, 30)
BMO = "06367V105"
APPLE_CALL, APPLE_PUT = "037833900", "037833950"


def read(*lines, **more):
    """The list of these lines, as rows by CUSIP."""
    frame = official_list.read(list_text(*lines, **more), QUARTER, NAME)
    assert frame.schema == LISTED.schema()
    assert frame["quarter"].to_list() == [QUARTER] * frame.height
    return {row[1]: row[2:] for row in frame.rows()}


def refused(content):
    """Why something is refused."""
    with pytest.raises(MalformedFilingError) as caught:
        official_list.read(content, QUARTER, NAME)
    assert NAME in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_a_line_has_eighty_columns():
    line = listed(APPLE, "APPLE INC", "COM", "*A*", options=True)
    assert len(line) == 80
    assert (line[:9], line[9], line[10:19], line[40:43], line[67:70]) == (APPLE, "*", "APPLE INC", "COM", "*A*")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_a_line_says(newline):
    told = read(listed(NVDA, "NVIDIA CORPORATION"), listed(APPLE, options=True), newline=newline)
    assert told == {APPLE: ("APPLE INC", "COM", True, ""), NVDA: ("NVIDIA CORPORATION", "COM", False, "")}
    assert list(told) == sorted(told)


@pytest.mark.parametrize(("status", "told"), [("*A*", "added"), ("*D*", "deleted"), ("", ""), ("   ", ""), ("?", "")])
def test_what_came_and_went(status, told):
    assert read(listed(APPLE, status=status))[APPLE][3] == told


def test_texts_fill_their_columns_and_no_more():
    issuer, title = "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234", "ABCDEFGHIJKLMNOPQRSTUVWXYZ1"
    line = listed(APPLE, issuer + "OVER", title + "OVER", "*D*", options=True)
    assert len(line) == 80
    assert read(line) == {APPLE: (issuer, title, True, "deleted")}


def test_blanks_at_the_end_of_a_line_may_be_lost():
    assert read(listed(APPLE, options=True).rstrip()) == {APPLE: ("APPLE INC", "COM", True, "")}
    assert read(listed(APPLE, status="*A*").rstrip())[APPLE][3] == "added"


def test_numbers_of_options_are_left_out_and_those_of_the_underlying_stay():
    told = read(listed(APPLE, options=True), listed(APPLE_CALL, title="CALL"), listed(APPLE_PUT, title="PUT"))
    assert list(told) == [APPLE]


def test_a_note_whose_description_ends_in_call_is_a_security():
    told = read(listed(BMO, "BANK MONTREAL MEDIUM", "MICROSECTORS GOLD CALL"), listed(NVDA, title="PUT TRUST"))
    assert sorted(told) == sorted([BMO, NVDA])
    assert told[BMO][1] == "MICROSECTORS GOLD CALL"


def test_options_of_a_number_that_passes_its_check_digit_are_left_out_too():
    assert list(read(listed(APPLE), listed(GOOG, title="CALL"))) == [APPLE]


def test_a_security_that_stands_twice_is_one():
    assert read(listed(APPLE), listed(APPLE, options=True)) == {APPLE: ("APPLE INC", "COM", True, "")}
    assert read(listed(APPLE, status="*A*"), listed(APPLE))[APPLE][3] == "added"
    assert read(listed(APPLE, status="*D*"), listed(APPLE, status="*D*"))[APPLE][3] == "deleted"


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_both_added_and_deleted_is_neither(order):
    lines = [listed(APPLE, status="*A*"), listed(APPLE, status="*D*"), listed(BRK_B, status="*D*")]
    told = read(*lines[::order])
    assert (told[APPLE][3], told[BRK_B][3]) == ("", "deleted")


def test_the_first_name_counts_where_it_stands_twice():
    assert read(listed(APPLE, "APPLE INC"), listed(APPLE, "APPLE COMPUTER INC"))[APPLE][0] == "APPLE INC"


def test_bytes_that_are_no_ascii_and_numbers_in_lower_case():
    assert read(listed(APPLE.lower(), "SOCI\xc9T\xc9\x85")) == {APPLE: ("SOCI\xc9T\xc9", "COM", False, "")}


def test_some_lines_of_another_shape_are_passed_over():
    lines = [listed(number) for number in (APPLE, BRK_B, GOOG, GOOGL, META, NVDA, BMO)]
    assert len(read(*lines, *lines, "Total Count: 14", "")) == 7


def test_a_pdf_is_refused_by_name():
    assert "PDF" in refused(b"%PDF-1.6\n" + list_text(listed(APPLE)))


@pytest.mark.parametrize("content", [
    b"", b"\r\n\r\n", b"<!DOCTYPE html>\n<html><body>Not found</body></html>", b"\0" * 200,
    b"CUSIP NO|ISSUER NAME|ISSUER DESCRIPTION|STATUS\n037833100|APPLE INC|COM|\n",
    list_text(*(f" {listed(APPLE)}" for _ in range(10))), list_text(listed("037833101")),
    list_text("037833100,APPLE INC,COM,ADDED,AND MORE COLUMNS THAN THIS"),
    list_text(listed(APPLE), "<html>"), list_text(listed(APPLE)[:41]),
])  # fmt: skip
def test_a_list_of_another_shape_is_refused_by_name(content):
    refused(content)


def test_lines_are_counted_in_what_is_said():
    assert "1 of its 2 lines" in refused(list_text(listed(APPLE), "What we do", ""))


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=90), max_size=6))
def test_whatever_the_lines_it_is_read_or_refused(lines):
    try:
        official_list.read(list_text(*lines), QUARTER, NAME)
    except MalformedFilingError as error:
        assert NAME in error.message  # noqa: PT017 - either will do


NUMBERS = st.sampled_from([APPLE, BRK_B, GOOG, GOOGL, META, NVDA, BMO])
LINES = st.tuples(NUMBERS, st.sampled_from(["COM", "CALL", "PUT"]), st.sampled_from(["", "*A*", "*D*"]), st.booleans())


@given(st.lists(LINES, min_size=1))
def test_every_security_of_a_list_is_in_it_once(lines):
    told = read(*(listed(number, title=title, status=status, options=any_) for number, title, status, any_ in lines))
    stays = [line for line in lines if line[1] == "COM"]
    assert list(told) == sorted({number for number, *_ in stays})
    for number, (*_, has_options, status) in told.items():
        marks = {line[2] for line in stays if line[0] == number} - {""}
        assert has_options == any(line[3] for line in stays if line[0] == number)
        assert status == ({"*A*": "added", "*D*": "deleted"}[marks.pop()] if len(marks) == 1 else "")
