from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from thirteenf import cusip as cusips

VALID = [
    "037833100", "594918104", "67066G104", "02079K305", "02079K107", "69608A108", "88160R101", "084670702",
    "H1467J104", "N07059210", "G0403H108", "30303M102", "21873S108",
]  # fmt: skip
OPTION_NUMBERS = ["037833900", "037833950", "78462F953"]
first_eights = st.text(string.digits + string.ascii_uppercase, min_size=8, max_size=8)


@pytest.mark.parametrize("cusip", VALID)
def test_genuine_cusips_pass_the_check_digit_and_are_left_alone(cusip):
    assert cusips.is_valid(cusip)
    assert cusips.check_digit(cusip[:8]) == cusip[8]
    assert cusips.normal(cusip) == cusip
    assert cusips.faults(cusip) == ()
    assert not cusips.is_option_number(cusip)


@pytest.mark.parametrize("cusip", OPTION_NUMBERS)
def test_the_lists_own_option_numbers_fail_and_are_named(cusip):
    assert not cusips.is_valid(cusip)
    assert cusips.is_option_number(cusip)
    assert cusips.faults(cusip) == ("cusip-option-number",)


@pytest.mark.parametrize("cusip", ["02079K305", "037833100", "84670702", "", "037833101"])
def test_real_securities_damaged_numbers_and_nothing_are_no_option_numbers(cusip):
    assert not cusips.is_option_number(cusip)


@pytest.mark.parametrize(
    ("filed", "meant"), [("43283x105", "43283X105"), ("48251w104", "48251W104"), ("67066g104", "67066G104")]
)
def test_lower_case_is_read_as_capitals_and_no_letter_is_lost(filed, meant):
    assert cusips.normal(filed) == meant
    assert cusips.faults(filed) == ("cusip-lower-case",)


@pytest.mark.parametrize(
    ("filed", "meant"),
    [
        ("60505104", "060505104"),
        ("84670702", "084670702"),
        ("31100100", "031100100"),
        ("17175100", "017175100"),
        (" 60505104\n", "060505104"),
    ],
)
def test_lost_leading_zeros_are_restored_and_said(filed, meant):
    assert cusips.normal(filed) == meant
    assert cusips.faults(filed) == ("cusip-zero-restored",)


def test_two_lost_zeros_are_restored_too():
    assert cusips.is_valid("002824100")  # Abbott
    assert cusips.normal("2824100") == "002824100"


def test_zeros_are_not_restored_where_the_longer_number_fails():
    assert cusips.normal("60505105") == "60505105"
    assert cusips.faults("60505105") == ("cusip-shape",)


@pytest.mark.parametrize("filed", ["18", "8", "12351"])
def test_a_few_digits_are_not_blown_up_to_a_cusip(filed):
    assert cusips.normal(filed) == filed
    assert cusips.faults(filed) == ("cusip-shape",)


def test_a_number_like_an_options_that_passes_the_check_digit_is_taken_for_a_security():
    assert cusips.is_valid("037833902")  # 0+6+7+(1+6)+3+6+9+0 = 38, so the check digit is 2
    assert not cusips.is_option_number("037833902")
    assert cusips.faults("037833902") == ()


def test_a_sedol_stays_a_sedol():
    assert cusips.normal("B1CL524") == "B1CL524"
    assert cusips.faults("B1CL524") == ("cusip-shape",)


def test_blanks_inside_are_taken_out_and_said():
    assert cusips.normal("025816 10 9") == "025816109"
    assert cusips.faults("025816 10 9") == ("cusip-blanks",)


def test_blanks_around_are_nothing_odd():
    assert cusips.normal(" 037833100 ") == "037833100"
    assert cusips.faults(" 037833100 ") == ()


@pytest.mark.parametrize("filed", ["000000000", "0", "00000000", "999999999"])
def test_placeholders_are_no_security_although_zeros_pass_the_arithmetic(filed):
    assert cusips.faults(filed) == ("cusip-placeholder",)


def test_a_wrong_check_digit_is_kept_as_filed_and_said():
    assert cusips.normal("037833101") == "037833101"
    assert cusips.faults("037833101") == ("cusip-check-digit",)


@pytest.mark.parametrize("filed", ["0378331000", "03783310*", "0378-3310", "1.2345E+107"])
def test_what_has_not_the_shape_is_kept_as_filed_and_said(filed):
    assert cusips.normal(filed) == filed
    assert "cusip-shape" in cusips.faults(filed)


def test_letters_beyond_ascii_do_not_pass_for_a_cusip():
    assert not cusips.is_valid("03783310\u0660")
    assert cusips.faults("03783310\u0660") == ("cusip-shape",)


@given(first_eights)
def test_eight_characters_and_their_check_digit_are_valid(first_eight):
    assert cusips.is_valid(first_eight + cusips.check_digit(first_eight))


@given(st.sampled_from(VALID), st.integers(0, 8), st.sampled_from(string.digits))
def test_one_digit_changed_makes_a_valid_cusip_invalid(cusip, place, digit):
    assume(cusip[place].isdigit() and cusip[place] != digit)
    assert not cusips.is_valid(cusip[:place] + digit + cusip[place + 1 :])


@given(st.text(max_size=12))
def test_any_text_has_a_normal_form_that_stays_itself(text):
    once = cusips.normal(text)
    assert cusips.normal(once) == once
    assert once == once.strip()
