"""Dollars or thousands: the unit of a filing's values (rule R4).

The unit belongs to the filing, never to a row and never to the filing before. Whole dollars are due in filings made
on or after 2023-01-03, thousands before; filers break that both ways. So the filing date's unit is tested

1. on the filing's own plain-share rows (`own`): the median of value per share, and whether values per share fall on
   prices that an exchange can quote (cents, or hundredths of a cent);
2. over the whole archive (`settle`): on what other managers' filings of the same period imply for the same CUSIPs.
   Only the first step's units go into the second, so that the order of filings does not matter (rule R9).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from thirteenf.tables import POSITION_KEY, is_stock

if TYPE_CHECKING:
    from collections.abc import Mapping

DOLLARS, THOUSANDS = "dollars", "thousands"
CERTAIN, LIKELY, UNCERTAIN = "certain", "likely", "uncertain"
FACTOR = {DOLLARS: 1, THOUSANDS: 1000}
DOLLARS_FROM = date(2023, 1, 3)
"""EDGAR release 22.4.1: whole dollars from here on, whatever the period."""

MIN_SECURITIES = 3
"""Fewer are too few to decide on against the filing date."""
MIN_PEERS = 2
"""Other managers it takes to overrule a filing that is sure of its own unit."""
_MANY = 10
_TICKS = (0.01, 0.0001)
_FINE, _AT_PRICES = 50, 0.8
_CLEARLY_DOLLARS, _DOLLARS, _CLEARLY_THOUSANDS = 10.0, 1.0, 0.3
_NEAR = 3.0
_COPIED = 0.8


class Unit(NamedTuple):
    """A unit, why, and how sure: certain, likely or uncertain."""

    unit: str
    reason: str
    certainty: str


def plain_shares() -> pl.Expr:
    """Rows that have a price per share: shares, no options, neither amount nor value zero."""
    return is_stock() & (pl.col("amount") > 0) & (pl.col("value") > 0)


def dollars(unit: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Values as filed in dollars."""
    return value * pl.when(unit == THOUSANDS).then(FACTOR[THOUSANDS]).otherwise(1)


def by_date(filing_date: date) -> str:
    """The unit that the form prescribes on a day."""
    return DOLLARS if filing_date >= DOLLARS_FROM else THOUSANDS


def own(filing_date: date, rows: pl.DataFrame) -> Unit:
    """The unit by one filing alone, its rows as filed: cusip, put_call, amount_type, amount, value (see `own_of`)."""
    filing = pl.DataFrame({"accession_number": [""], "filing_date": [filing_date]})
    sums = rows.group_by(POSITION_KEY, maintain_order=True).agg(pl.col("amount", "value").sum(), rows=pl.len())
    return Unit(*own_of(filing, sums.with_columns(accession_number=pl.lit(""))).row(0)[1:])


def own_of(filings: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """The unit of each of some filings by itself alone.

    Args:
        filings: accession_number, and filing_date, which says which unit is due.
        listed: what they list of each security: accession_number, cusip, put_call, amount_type, amount, value as
            filed, and rows, the number that was added up. Texts may be categories.

    Returns:
        accession_number, own_unit, own_unit_reason and own_unit_certainty: `uncertain` where the filing alone cannot
        tell; in the order of `filings`.
    """
    alike = filings.select(pl.col("accession_number").cast(listed.schema["accession_number"], strict=False))
    figures = [*_figures(alike, listed).iter_rows(named=True)]
    units = [_told(by_date(filed), told) for filed, told in zip(filings["filing_date"], figures, strict=True)]
    columns = (
        pl.Series(name, [unit[place] for unit in units], pl.String)
        for place, name in enumerate(("own_unit", "own_unit_reason", "own_unit_certainty"))
    )
    return filings.select("accession_number").with_columns(*columns)


def _figures(filings: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """What the rule looks at, a row a filing; whether values are prices only of filings whose median cannot tell."""
    of_filing = "accession_number"
    plain = listed.lazy().filter(plain_shares()).select(of_filing, "amount", "value", "rows")
    valued = listed.lazy().group_by(of_filing).agg(valued=(pl.col("value") > 0).any())
    medians = plain.group_by(of_filing).agg(
        median=(pl.col("value") / pl.col("amount")).median(), securities=pl.len().cast(pl.Int64),
        copied=(pl.col("value") == pl.col("amount")).mean() >= _COPIED,
    )  # fmt: skip
    known = filings.lazy()
    for told in (valued, medians):
        known = known.join(told, on=of_filing, how="left", maintain_order="left")
    found = known.collect()
    is_open = (pl.col("median") < _CLEARLY_DOLLARS) | (pl.col("securities") < MIN_SECURITIES)
    doubtful = found.filter(is_open).select(of_filing, at_least=_fewest())
    if doubtful.is_empty():
        return found
    telling = plain.join(doubtful.lazy(), on=of_filing)
    for prices in pl.collect_all([_at_prices(telling, factor, name) for name, factor in FACTOR.items()]):
        found = found.join(prices, on=of_filing, how="left", maintain_order="left")
    return found


def _fewest() -> pl.Expr:
    """How many rows must tell: of a filing with few securities any that can."""
    return pl.when(pl.col("securities") < MIN_SECURITIES).then(1).otherwise(MIN_SECURITIES)


def _told(due: str, figures: Mapping[str, Any]) -> Unit:
    """The verdict on one filing."""
    median = figures["median"]
    if median is None:
        return Unit(due, "filing date; no plain-share rows to test it on", UNCERTAIN if figures["valued"] else CERTAIN)
    told = f"median value per share as filed {median:.4g}"
    if figures["copied"]:
        return Unit(due, f"filing date; {told}: the values repeat the share column", UNCERTAIN)
    few = figures["securities"] < MIN_SECURITIES
    if median >= _CLEARLY_DOLLARS and not few:
        return Unit(DOLLARS, told, CERTAIN)
    at_prices = figures[DOLLARS]
    if few:
        fits = at_prices is True and median >= _DOLLARS if due == DOLLARS else at_prices is False and median < _DOLLARS
        reason = f"filing date; {told}, too few securities to decide otherwise"
        return Unit(due, reason, LIKELY if fits else UNCERTAIN)
    if at_prices:
        return _at_prices_in_dollars(due, median, told)
    return _by_median(due, median, told, in_thousands=figures[THOUSANDS], many=figures["securities"] >= _MANY)


def _at_prices_in_dollars(due: str, median: float, told: str) -> Unit:
    told = f"{told}; values per share fall on prices that are quoted in dollars"
    if due == THOUSANDS and median < _CLEARLY_THOUSANDS:
        return Unit(due, f"filing date; {told}", UNCERTAIN)
    return Unit(DOLLARS, told, CERTAIN)


def _by_median(due: str, median: float, told: str, *, in_thousands: bool | None, many: bool) -> Unit:
    """The verdict where values per share are no prices in dollars, or cannot tell.

    Between dear stocks in thousands and cheap ones in dollars the median alone cannot decide; prices in thousands can.
    """
    if median >= _DOLLARS:
        return Unit(due, f"filing date; {told}", UNCERTAIN)
    if in_thousands:
        return Unit(THOUSANDS, f"{told}; values per share fall on prices that are quoted in thousands", CERTAIN)
    if not many:
        return Unit(THOUSANDS, told, UNCERTAIN)
    return Unit(THOUSANDS, told, CERTAIN if due == THOUSANDS or median < _CLEARLY_THOUSANDS else LIKELY)


def _at_prices(plain: pl.LazyFrame, factor: int, name: str) -> pl.LazyFrame:
    """Whether value per share falls on multiples of a tick, as closing prices do; null where too few rows can tell.

    A value rounded to its unit fixes the price to half a unit, for each row, over the amount, so that only positions
    with enough shares can tell. A chance hit is one in ten at most (of round lots at prices in whole dimes).

    Args:
        plain: positions in plain shares, with how many must tell (`at_least`).
        factor: dollars to the unit.
        name: of the verdict's column.
    """
    price, slack = pl.col("value") * factor / pl.col("amount"), 0.5 * factor * pl.col("rows") / pl.col("amount")
    verdicts = []
    for tick in _TICKS:
        is_telling = slack <= tick / _FINE
        off = (price / tick - (price / tick).round()).abs() * tick
        is_hit = (off <= slack * 1.001 + 1e-9).filter(is_telling)
        is_enough = is_telling.sum() >= pl.col("at_least").first()
        verdicts.append(pl.when(is_enough).then(is_hit.mean() >= _AT_PRICES))
    any_of_them = pl.any_horizontal(verdicts)  # null beside false is null here
    known = pl.any_horizontal(*(verdict.is_not_null() for verdict in verdicts))
    told = pl.when(known).then(any_of_them.fill_null(value=False))
    return plain.group_by("accession_number").agg(told.alias(name))


_TELLING = 50
"""How many of a filing's positions, the largest, its prices are compared in: as many tell as well as all would."""


def settle(filings: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """The second step: each filing's unit in the light of all others' of its period.

    Args:
        filings: accession_number, cik, own_unit, own_unit_reason, own_unit_certainty of one period's filings.
        listed: what they list: accession_number, cusip, put_call, amount_type, amount and value (as filed).

    Returns:
        accession_number, value_unit, value_unit_reason, value_unit_certainty, in the order of `filings`.
    """
    found = _with_peer_prices(_prices(filings, _largest(filings, listed))).select(
        "accession_number", "peers", ratio=pl.col("price") / pl.col("peer_price")
    )
    ratios = found.group_by("accession_number").agg(
        pl.col("ratio").median(), securities=pl.len(), peers=pl.col("peers").median()
    )
    told = filings.join(ratios, on="accession_number", how="left", maintain_order="left")
    settled = [
        _in_the_light_of_others(Unit(*own_unit), ratio, securities or 0, peers or 0)
        for *own_unit, ratio, securities, peers in told.select(
            "own_unit", "own_unit_reason", "own_unit_certainty", "ratio", "securities", "peers"
        ).iter_rows()
    ]
    names = ("value_unit", "value_unit_reason", "value_unit_certainty")
    columns = [pl.Series(name, [unit[i] for unit in settled], dtype=pl.String) for i, name in enumerate(names)]
    return told.select("accession_number").with_columns(columns)


def _largest(filings: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Each filing's largest positions in plain shares: filing (its place in `filings`), cusip, amount, value."""
    numbers = filings.select("accession_number").with_row_index("filing")
    plain = listed.lazy().filter(plain_shares()).join(numbers.lazy(), on="accession_number", maintain_order="left")
    size = pl.col("value").clip(0, _MOST).cast(pl.UInt64)
    place = pl.col("filing").cast(pl.UInt64) * (_MOST + 1) + (_MOST - size)  # one number, by filing and size
    ordered = (
        plain.select("filing", "cusip", "amount", "value", place=place).sort("place", maintain_order=True).collect()
    )
    lengths = ordered["filing"].rle().struct.unnest()
    rank = lengths.select(pl.int_ranges(0, pl.col("len").cast(pl.Int64)).explode()).to_series()
    return ordered.filter(rank < _TELLING).drop("place")


_MOST = 2**48 - 1
"""Dollars up to which positions are told apart by size: more than any has."""


def _prices(filings: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Each filing's price of each security, in its own unit."""
    of_managers = filings["cik"].cast(pl.Categorical).to_physical()
    known = filings.lazy().select("accession_number", "own_unit", "own_unit_certainty").with_columns(cik=of_managers)
    securities = rows["cusip"].cast(pl.Categorical).to_physical()  # numbers are compared in a fraction of the time
    by_security = rows.lazy().with_columns(cusip=securities).group_by("filing", "cusip")
    prices = by_security.agg(price=pl.col("value").sum() / pl.col("amount").sum())
    return prices.join(known.with_row_index("filing"), on="filing").collect()


def _with_peer_prices(prices: pl.DataFrame) -> pl.DataFrame:
    """Each filing's price of a security beside the (lower) median of other managers' prices in dollars."""
    peers = (
        prices.filter(pl.col("own_unit_certainty") != UNCERTAIN)
        .with_columns(price=pl.col("price") * pl.when(pl.col("own_unit") == THOUSANDS).then(1000.0).otherwise(1.0))
        .group_by("cusip", "cik")
        .agg(pl.col("price").median())
        .sort("cusip", "price", "cik")
        .with_columns(rank=pl.int_range(pl.len()).over("cusip"), of=pl.len().over("cusip"))
    )
    counts = peers.group_by("cusip").agg(pl.col("of").first())
    others = prices.join(counts, on="cusip").join(peers.select("cusip", "cik", "rank"), on=["cusip", "cik"], how="left")
    without_self = pl.col("of").cast(pl.Int64) - pl.col("rank").is_not_null().cast(pl.Int64)
    middle = (without_self - 1) // 2
    # leaving oneself out moves all that ranks above one place down
    place = middle + (pl.col("rank").fill_null(2**40) <= middle).cast(pl.Int64)
    ranked = peers.select("cusip", place="rank", peer_price="price")
    return (
        others.filter(without_self > 0)
        .with_columns(place=place, peers=without_self)
        .join(ranked, on=["cusip", "place"])
    )


def _in_the_light_of_others(own_unit: Unit, ratio: float | None, securities: int, peers: float) -> Unit:
    if ratio is None:
        return own_unit
    of = "security" if securities == 1 else "securities"
    told = f"value per share is {ratio:.4g} times other filers' price, median of {securities} {of}"
    if 1 / _NEAR <= ratio <= _NEAR:
        meant = DOLLARS
    elif 1 / _NEAR <= ratio * 1000 <= _NEAR:
        meant = THOUSANDS
    else:
        return Unit(own_unit.unit, f"{own_unit.reason}; {told}: neither unit fits", UNCERTAIN)
    enough = securities >= MIN_SECURITIES
    if meant == own_unit.unit:
        better = own_unit.certainty == UNCERTAIN and not enough
        return Unit(meant, f"{own_unit.reason}; {told}", LIKELY if better else CERTAIN)
    overruled = {UNCERTAIN: True, LIKELY: enough, CERTAIN: enough and peers >= MIN_PEERS}[own_unit.certainty]
    if overruled:
        return Unit(meant, told, CERTAIN if enough else LIKELY)
    return Unit(own_unit.unit, f"{own_unit.reason}; but {told}", UNCERTAIN)
