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
from typing import NamedTuple

import polars as pl

from thirteenf.tables import is_stock

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
    """The unit by a filing alone.

    Args:
        filing_date: which unit is due.
        rows: rows as filed with cusip, put_call, amount_type, amount and value.

    Returns:
        The unit, the reason, and its certainty: `uncertain` where the filing alone cannot tell.
    """
    due = by_date(filing_date)
    plain = rows.filter(plain_shares())
    per_security = plain.group_by("cusip").agg(pl.col("value").sum() / pl.col("amount").sum())["value"]
    median = per_security.median()
    if not isinstance(median, float):
        valued = (rows["value"] > 0).any()
        return Unit(due, "filing date; no plain-share rows to test it on", UNCERTAIN if valued else CERTAIN)
    told = f"median value per share as filed {median:.4g}"
    if (plain["value"] == plain["amount"]).mean() >= _COPIED:  # type: ignore[operator]
        return Unit(due, f"filing date; {told}: the values repeat the share column", UNCERTAIN)
    few = len(per_security) < MIN_SECURITIES
    if median >= _CLEARLY_DOLLARS and not few:
        return Unit(DOLLARS, told, CERTAIN)
    at_prices = _at_quotable_prices(plain, FACTOR[DOLLARS], at_least=1 if few else MIN_SECURITIES)
    if few:
        fits = at_prices is True and median >= _DOLLARS if due == DOLLARS else at_prices is False and median < _DOLLARS
        reason = f"filing date; {told}, too few securities to decide otherwise"
        return Unit(due, reason, LIKELY if fits else UNCERTAIN)
    if at_prices:
        return _at_prices_in_dollars(due, median, told)
    return _by_median(due, median, told, plain, many=len(per_security) >= _MANY)


def _at_prices_in_dollars(due: str, median: float, told: str) -> Unit:
    told = f"{told}; values per share fall on prices that are quoted in dollars"
    if due == THOUSANDS and median < _CLEARLY_THOUSANDS:
        return Unit(due, f"filing date; {told}", UNCERTAIN)
    return Unit(DOLLARS, told, CERTAIN)


def _by_median(due: str, median: float, told: str, plain: pl.DataFrame, *, many: bool) -> Unit:
    """The verdict where values per share are no prices in dollars, or cannot tell.

    Between dear stocks in thousands and cheap ones in dollars the median alone cannot decide; prices in thousands can.
    """
    if median >= _DOLLARS:
        return Unit(due, f"filing date; {told}", UNCERTAIN)
    if _at_quotable_prices(plain, FACTOR[THOUSANDS], at_least=MIN_SECURITIES):
        return Unit(THOUSANDS, f"{told}; values per share fall on prices that are quoted in thousands", CERTAIN)
    if not many:
        return Unit(THOUSANDS, told, UNCERTAIN)
    return Unit(THOUSANDS, told, CERTAIN if due == THOUSANDS or median < _CLEARLY_THOUSANDS else LIKELY)


def _at_quotable_prices(plain: pl.DataFrame, factor: int, *, at_least: int) -> bool | None:
    """Whether value per share falls on multiples of a tick, as closing prices do; None where too few rows can tell.

    A value rounded to its unit fixes the price to half a unit over the amount, so that only rows with enough shares
    can tell. A chance hit is one in ten at most (of round lots of shares at prices in whole dimes).
    """
    price = pl.col("value") * factor / pl.col("amount")
    prices = plain.select(price=price, slack=0.5 * factor / pl.col("amount"))
    verdicts = []
    for tick in _TICKS:
        telling = prices.filter(pl.col("slack") <= tick / _FINE)
        if telling.height >= at_least:
            off = (pl.col("price") / tick - (pl.col("price") / tick).round()).abs() * tick
            hits: float = telling.select((off <= pl.col("slack") * 1.001 + 1e-9).mean()).item()
            verdicts.append(hits >= _AT_PRICES)
    return any(verdicts) if verdicts else None


_ROWS_AT_ONCE = 50_000
"""Rows whose prices are compared at a time: memory does not grow with a period's filings."""


def settle(filings: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The second step: each filing's unit in the light of all others' of its period.

    Args:
        filings: accession_number, cik, own_unit, own_unit_reason, own_unit_certainty of one period's filings.
        rows: accession_number, cusip, put_call, amount_type, amount and value (as filed) of their rows.

    Returns:
        accession_number, value_unit, value_unit_reason, value_unit_certainty, in the order of `filings`.
    """
    parts = -(-rows.height // _ROWS_AT_ONCE) or 1
    part = pl.col("cusip").hash() % parts  # all peers of a security are in one part, so that each stands by itself
    found = pl.concat(
        _with_peer_prices(_prices(filings, rows.filter(part == number))).select(
            "accession_number", "peers", ratio=pl.col("price") / pl.col("peer_price")
        )
        for number in range(parts)
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


def _prices(filings: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Each filing's price of each security, in its own unit."""
    known = filings.lazy().select("accession_number", "cik", "own_unit", "own_unit_certainty")
    by_security = rows.lazy().filter(plain_shares()).group_by("accession_number", "cusip")
    prices = by_security.agg(price=pl.col("value").sum() / pl.col("amount").sum())
    return prices.join(known, on="accession_number").collect()


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
