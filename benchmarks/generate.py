"""Information tables and books of real shape, the same ones each time.

A table has n / 1.6 distinct securities, at most 20,000, so that a larger one has more rows a security, as one row for
each other manager makes them; one row in ten is an option. Nothing in it is anybody's holding.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from thirteenf.cusip import check_digit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import polars as pl

ROWS_A_SECURITY = 1.6
MOST_SECURITIES = 20_000
NAMESPACE = "http://www.sec.gov/edgar/document/thirteenf/informationtable"
_FIRST = """
ADVANCED AMERICAN ARGENT ATLAS BEACON BLUE BRIGHT CANYON CEDAR CITY COASTAL CRESCENT DELTA EAGLE
EASTERN FIRST FRONTIER GENERAL GLOBAL GRANITE GREAT HARBOR HIGHLAND HORIZON IMPERIAL INDEPENDENCE
IRON KEYSTONE LAKELAND LIBERTY MERIDIAN METRO MIDWEST MOUNTAIN NATIONAL NORTHERN OAK OMEGA PACIFIC
PIONEER PRAIRIE PREMIER RED RIVER ROYAL SIERRA SILVER SOUTHERN STANDARD SUMMIT TITAN UNITED
UNIVERSAL VALLEY VANTAGE VISTA WEST WHITE ZENITH
""".split()  # noqa: SIM905 - read more easily than a hundred quotes
_SECOND = """
AEROSPACE ALLIANCE BANCORP BEVERAGE BIOSCIENCES BRANDS CAPITAL CHEMICAL DATA DYNAMICS ELECTRIC
ENERGY ENTERTAINMENT FINANCIAL FOODS GAS GOLD HEALTHCARE HOLDINGS INDUSTRIES INSURANCE LOGISTICS
MATERIALS MEDICAL MOTORS NETWORKS OIL PHARMACEUTICALS POWER PROPERTIES RAIL RESOURCES RETAIL
ROBOTICS SEMICONDUCTOR SOFTWARE STEEL SYSTEMS TECHNOLOGIES THERAPEUTICS TRUST WATER
""".split()  # noqa: SIM905 - read more easily than a hundred quotes
_LAST = ("INC", "INC", "CORP", "CO", "LTD", "PLC", "GROUP INC", "& CO INC", "N V", "L P")
_CLASSES = ("COM", "COM", "COM", "COM", "COM", "CL A", "CL B NEW", "SHS", "SPONSORED ADS", "UNIT", "NOTE 1.500% 6/1")
_CUSIP = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Security(NamedTuple):
    """A security and its price in dollars."""

    issuer: str
    title: str
    cusip: str
    price: float


class Row(NamedTuple):
    """A row of an information table."""

    security: Security
    amount: int
    amount_type: str
    put_call: str
    managers: str
    shared: int

    @property
    def value(self) -> int:
        return round(self.amount * self.security.price)


def securities(n: int) -> list[Security]:
    """Distinct securities, in order of issuer as most filers list them."""
    chance = Random(13)
    found: dict[str, Security] = {}
    while len(found) < n:
        first_eight = "".join(chance.choices(_CUSIP, k=6)) + chance.choice(("10", "10", "20", "30"))
        issuer = " ".join(chance.choice(words) for words in (_FIRST, _SECOND, _LAST))
        price = round(chance.lognormvariate(3.5, 1), 2)
        cusip = first_eight + check_digit(first_eight)
        found[cusip] = Security(issuer, chance.choice(_CLASSES), cusip, price)
    return sorted(found.values())


def rows(n: int) -> Iterator[Row]:
    """The n rows of a table: each security as often as it takes, a row for another manager or an option each."""
    chance = Random(26)
    listed = securities(min(MOST_SECURITIES, max(1, round(n / ROWS_A_SECURITY))))
    for index, security in enumerate(listed):
        for _ in range(n * index // len(listed), n * (index + 1) // len(listed)):
            put_call = chance.choice(("Put", "Call")) if chance.random() < 0.1 else ""
            amount_type = "PRN" if security.title.startswith("NOTE") and not put_call else "SH"
            amount = 100 * round(chance.lognormvariate(5, 2)) if put_call else round(chance.lognormvariate(9, 2)) + 1
            managers = chance.choice(("", "", "1", "2", "1,2", "4,8,11", "7"))
            yield Row(security, amount, amount_type, put_call, managers, chance.choice((0, 0, 0, amount // 3)))


def pieces(n: int, prefix: str = "") -> Iterator[str]:
    """The text of a table of n rows; `prefix` as in `ns1`."""
    return told(rows(n), prefix)


def told(listed: Iterable[Row], prefix: str = "") -> Iterator[str]:
    """The text of an information table, indented as EDGAR's filers do it."""
    p, bound = (f"{prefix}:", f"xmlns:{prefix}") if prefix else ("", "xmlns")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{p}informationTable {bound}="{NAMESPACE}">\n'
    for row in listed:
        security = row.security
        put_call = f"    <{p}putCall>{row.put_call}</{p}putCall>\n" if row.put_call else ""
        managers = f"    <{p}otherManager>{row.managers}</{p}otherManager>\n" if row.managers else ""
        yield (
            f"  <{p}infoTable>\n"
            f"    <{p}nameOfIssuer>{escape(security.issuer)}</{p}nameOfIssuer>\n"
            f"    <{p}titleOfClass>{security.title}</{p}titleOfClass>\n"
            f"    <{p}cusip>{security.cusip}</{p}cusip>\n"
            f"    <{p}value>{row.value}</{p}value>\n"
            f"    <{p}shrsOrPrnAmt>\n"
            f"      <{p}sshPrnamt>{row.amount}</{p}sshPrnamt>\n"
            f"      <{p}sshPrnamtType>{row.amount_type}</{p}sshPrnamtType>\n"
            f"    </{p}shrsOrPrnAmt>\n"
            f"{put_call}"
            f"    <{p}investmentDiscretion>{'DFND' if row.managers else 'SOLE'}</{p}investmentDiscretion>\n"
            f"{managers}"
            f"    <{p}votingAuthority>\n"
            f"      <{p}Sole>{row.amount - row.shared}</{p}Sole>\n"
            f"      <{p}Shared>{row.shared}</{p}Shared>\n"
            f"      <{p}None>0</{p}None>\n"
            f"    </{p}votingAuthority>\n"
            f"  </{p}infoTable>\n"
        )
    yield f"</{p}informationTable>\n"


def information_table(n: int, prefix: str = "") -> bytes:
    return "".join(pieces(n, prefix)).encode()


def write_information_table(path: Path, n: int) -> None:
    """The same into a file, in little memory."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(pieces(n))


def books(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two books of n positions: a tenth gone, a tenth new, half of the rest traded, every price up."""
    gone = n // 10
    listed = securities(n + gone)
    return _book(listed, range(n), traded=0, price=1.0), _book(listed, range(gone, n + gone), traded=1, price=1.07)


def _book(listed: list[Security], held: range, *, traded: int, price: float) -> pl.DataFrame:
    """Positions in the securities at these places; each tenth is an option on the security before it."""
    import polars as pl

    positions = []
    for at in held:
        security, put_call = (listed[at - 1], "Put" if at % 20 else "Call") if at % 10 == 0 else (listed[at], "")
        amount = 1000 + 7919 * at % 1_000_003 + traded * (100, -100, 0, 0)[at % 4]
        positions.append((security, put_call, amount, round(amount * security.price * price)))
    total = sum(value for _, put_call, _, value in positions if not put_call)
    return pl.DataFrame(
        {
            "cusip": [security.cusip for security, *_ in positions],
            "put_call": [put_call for _, put_call, *_ in positions],
            "amount_type": ["SH"] * len(positions),
            "issuer": [security.issuer for security, *_ in positions],
            "title_of_class": [security.title for security, *_ in positions],
            "amount": [amount for *_, amount, _ in positions],
            "value": [value for *_, value in positions],
            "weight": [None if put_call else value * 100 / total for _, put_call, _, value in positions],
        },
        schema_overrides={"weight": pl.Float64},
    )
