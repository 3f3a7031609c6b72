"""CUSIP numbers: six characters of issuer, two of issue, a check digit (ANSI X9.6); what damage to one looks like."""

from __future__ import annotations

import re
from functools import lru_cache

LENGTH = 9
PLACEHOLDERS = frozenset({"000000000", "999999999"})
"""Numbers that mean "none"; the first passes the check digit by arithmetic."""

_SHAPE = re.compile(r"[0-9A-Z]{9}")
_VALUES = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#")}
_OPTION = re.compile(r"[0-9A-Z]{6}9[05][0-9]")


def check_digit(first_eight: str) -> str:
    """The ninth character of a CUSIP.

    >>> check_digit("03783310")
    '0'
    """
    total = 0
    for position, character in enumerate(first_eight):
        product = _VALUES[character] * (2 if position % 2 else 1)
        total += product // 10 + product % 10
    return str(-total % 10)


@lru_cache(maxsize=65_536)
def is_valid(cusip: str) -> bool:
    """Whether a CUSIP has nine characters, digits and capitals, and the check digit that goes with them."""
    return bool(_SHAPE.fullmatch(cusip)) and check_digit(cusip[:8]) == cusip[8]


def is_option_number(cusip: str) -> bool:
    """Whether a CUSIP is the SEC list's own number for an issuer's calls (…90x) or puts (…95x).

    The list gives each optionable issuer two such numbers, with the check digit of the underlying, so that nearly
    all of them fail the check. A number that passes is taken for a real security.
    """
    return bool(_OPTION.fullmatch(cusip)) and not is_valid(cusip)


def option_numbers(cusip: str) -> tuple[str, str]:
    """The SEC list's own numbers for a security's calls and puts, which should not be filed.

    >>> option_numbers("037833100")
    ('037833900', '037833950')
    """
    return f"{cusip[:6]}90{cusip[-1:]}", f"{cusip[:6]}95{cusip[-1:]}"


def kind(cusip: str) -> str:
    """What a number is by itself: security, option-number, placeholder, or damaged.

    >>> kind("037833100"), kind("037833950")
    ('security', 'option-number')
    """
    if cusip in PLACEHOLDERS:
        return "placeholder"
    if is_option_number(cusip):
        return "option-number"
    return "security" if is_valid(cusip) else "damaged"


def normal(as_filed: str) -> str:
    """The CUSIP meant by what was filed: capitals, no blanks, lost leading zeros restored.

    Zeros are restored only when the longer number passes the check digit. Nothing else is changed: a number that
    fails stays as it was filed, and `faults` says so.

    >>> normal("60505104")
    '060505104'
    """
    cusip = as_filed.strip().upper()
    if len(cusip) == LENGTH and cusip.isalnum():
        return cusip
    cusip = "".join(cusip.split())
    padded = cusip.zfill(LENGTH)
    # One character short, or a number that a spreadsheet shortened; a SEDOL of seven would pass one time in ten.
    shortened = len(cusip) == LENGTH - 1 or (cusip.isdigit() and LENGTH - 4 < len(cusip) < LENGTH)
    return padded if shortened and padded not in PLACEHOLDERS and is_valid(padded) else cusip


@lru_cache(maxsize=65_536)
def faults(as_filed: str) -> tuple[str, ...]:
    """Codes of all that is odd about a CUSIP as filed, as in filing.CODES.

    >>> faults("43283x105")
    ('cusip-lower-case',)
    """
    codes, text, cusip = [], as_filed.strip(), normal(as_filed)
    if text != text.upper():
        codes.append("cusip-lower-case")
    if len(text.split()) > 1:
        codes.append("cusip-blanks")
    if len(cusip) > len("".join(text.split())):
        codes.append("cusip-zero-restored")
    elif cusip in PLACEHOLDERS or not cusip.strip("0"):
        codes.append("cusip-placeholder")
    elif not _SHAPE.fullmatch(cusip):
        codes.append("cusip-shape")
    elif is_option_number(cusip):
        codes.append("cusip-option-number")
    elif not is_valid(cusip):
        codes.append("cusip-check-digit")
    return tuple(codes)
