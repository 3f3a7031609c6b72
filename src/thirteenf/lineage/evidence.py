"""All evidence together: one row an action, the best ratio for it, and how sure it is.

The kinds of evidence are the first words of its lines: `holders` (and their `votes`), `fails`, `mark`, `list`,
`table`, `own`. A table says so with its source; else two kinds that agree confirm what either would leave open
(docs/method.md).
"""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf.lineage.sides import first_word
from thirteenf.tables import LINEAGE
from thirteenf.vocabulary import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

_TABLES = ("own", "table")
_RANK = {"confirmed": 2, "likely": 1, "possible": 0}
_JUMP = math.log(2.5)
"""A price that jumps by less from one day to the next, and nothing else, is news, not a split."""
_NEAR = 0.5
_STRAGGLING = timedelta(days=14)
"""For so long a symbol may be seen beside the one that takes its place."""
_SAME_EVENT = timedelta(days=14)
"""Tables that give a step so many days apart mean the same one."""


def weighed(parts: Iterable[pl.DataFrame], listed: pl.DataFrame | None = None) -> pl.DataFrame:
    """What was done to securities, by all evidence.

    Args:
        parts: tables.LINEAGE, a frame a kind of evidence.
        listed: tables.LISTED, for what came on the SEC's list and went from it.

    Returns:
        tables.LINEAGE, a row an action; of two that contradict each other the better one, the other named in its
        evidence.
    """
    rows = pl.concat([LINEAGE.schema().to_frame(), *parts]).sort("period", "cusip_before", "cusip").to_dicts()
    marks = _marks(listed) if listed is not None else set()
    found = []
    steps = groupby(rows, key=lambda row: (row["period"], row["cusip_before"], row["cusip"]))
    for row in (_one(event) for _, same in steps for event in _events(list(same))):
        if (row["period"], row["cusip_before"], row["cusip"]) in marks:
            row["evidence"].append(
                "list: the old CUSIP was deleted from the SEC's list in this quarter, the new one added"
            )
            row["certainty"] = "confirmed" if row["certainty"] in FOLLOWED else row["certainty"]
        if not _is_news(row):
            found.append(row)
    kept = [
        row
        for _, same in groupby(found, key=lambda row: (row["period"], row["cusip_before"]))
        for row in _ways(list(same))
    ]
    return pl.DataFrame(kept, schema=LINEAGE.schema()).sort(*LINEAGE.key, "date")


def unless_two(told: pl.DataFrame, securities: pl.DataFrame) -> pl.DataFrame:
    """Actions without those changes of CUSIP whose two numbers have symbols of their own on the same days.

    Classes of an issuer cost much the same, and a holder may leave one for the other with as many shares.

    Args:
        told: tables.LINEAGE.
        securities: tables.SECURITIES.
    """
    by_votes = (
        pl.col("evidence").list.eval(pl.element().str.contains("^(table|own|fails|mark|list):")).list.any().not_()
    )
    asked = told.filter((pl.col("kind") == "cusip_change") & by_votes & (pl.col("certainty") == "likely"))
    if asked.is_empty():
        return told
    known = securities.drop_nulls(["ticker", "first", "last"]).select("cusip", "ticker", "first", "last")
    pairs = asked.select("period", "cusip_before", "cusip").join(known, left_on="cusip_before", right_on="cusip")
    pairs = pairs.join(known, on="cusip", suffix="_new")
    together = pl.min_horizontal("last", "last_new") - pl.max_horizontal("first", "first_new")
    of_one_day = (pl.col("first") == pl.col("last")) & (pl.col("first_new") == pl.col("last_new"))  # a list of one day
    is_two = (together > _STRAGGLING) | (of_one_day & (pl.col("first") == pl.col("first_new")))
    two = pairs.filter((pl.col("ticker") != pl.col("ticker_new")) & is_two)
    said = pl.format("against: they are {} and {} on the same days", "ticker", "ticker_new")
    two = two.select("period", "cusip_before", "cusip", said.alias("said"))
    two = two.unique(["period", "cusip_before", "cusip"], keep="first", maintain_order=True)
    joined = told.join(two, on=["period", "cusip_before", "cusip"], how="left", maintain_order="left")
    is_two = pl.col("said").is_not_null()
    return joined.with_columns(
        certainty=pl.when(is_two).then(pl.lit("possible")).otherwise("certainty"),
        evidence=pl.when(is_two).then(pl.col("evidence").list.concat(pl.concat_list("said"))).otherwise("evidence"),
    ).drop("said")


def kinds(row: dict[str, Any]) -> set[str]:
    """The kinds of evidence that an action has."""
    return {line.partition(":")[0] for line in row["evidence"]}


def _events(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows about one step, apart where tables have it on days of their own: a security may be split twice."""
    dated = sorted((row for row in rows if kinds(row) & set(_TABLES)), key=_day)
    events: list[list[dict[str, Any]]] = []
    for row in dated:
        if events and _day(row) - _day(events[-1][-1]) <= _SAME_EVENT:
            events[-1].append(row)
        else:
            events.append([row])
    others = [row for row in rows if not kinds(row) & set(_TABLES)]
    return [events[0] + others, *events[1:]] if events else [others]


def _day(row: dict[str, Any]) -> date:
    day: date = row["date"] or row["period"]
    return day


def _one(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Rows about one step from one CUSIP to another in one quarter, as one row."""
    ordered = sorted(rows, key=_order)
    best = ordered[0]
    for other in ordered[1:]:
        is_same = _ratio(other) == _ratio(best)
        if not is_same and not _is_unsure(other, best):
            said = f"{other['shares']:,} for {other['shares_before']:,} by {other['evidence'][0]}"
            best["evidence"].append(f"against: {said}")
            continue
        told = {"holders", "fails"} <= kinds(best) | kinds(other) and _agree(best, other)
        best["evidence"] += [line for line in other["evidence"] if is_same or not line.startswith("votes:")]
        for name in ("date", "holders", "votes", "price_ratio"):
            best[name] = other[name] if best[name] is None else best[name]
        if told and {"holders", "fails"} <= kinds(best):
            best["certainty"] = "confirmed"
    return best


def _order(row: dict[str, Any]) -> tuple[int, ...]:
    """Own tables first, then the program's, then by certainty; exact votes before prices, marks before none."""
    kind = kinds(row)
    table = next((place for place, name in enumerate(_TABLES) if name in kind), len(_TABLES))
    return table, -_RANK[row["certainty"]], -(row["votes"] or 0), "mark" not in kind, "fails" not in kind


def _ratio(row: dict[str, Any]) -> tuple[int, int]:
    return row["shares_before"], row["shares"]


def _is_unsure(row: dict[str, Any], best: dict[str, Any]) -> bool:
    """Whether a row's ratio is a guess, by prices or by amounts that nobody shows exactly, near the better one's."""
    guess = row["certainty"] == "possible" and not row["votes"]
    price = row["price_ratio"] or row["shares"] / row["shares_before"]
    rate = best["shares"] / best["shares_before"]
    return guess and abs(math.log(price / rate)) <= max(_NEAR, abs(math.log(rate)) * _NEAR)


def _agree(best: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether holders and prices are two kinds of evidence: only if most holders show the ratio exactly.

    What holders' values imply is a price too; a price that jumps and amounts that merely changed are one kind.
    """
    shown = next(row for row in (best, other) if row["votes"] is not None)
    return _ratio(shown) == _ratio(best) and shown["votes"] * 2 >= shown["holders"] and bool(shown["votes"])


def _is_news(row: dict[str, Any]) -> bool:
    return (
        kinds(row) == {"fails"}
        and row["cusip"] == row["cusip_before"]
        and abs(math.log(row["shares"] / row["shares_before"])) < _JUMP
    )


def _ways(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of one CUSIP in a quarter: of several steps that exclude each other the best is followed."""
    spun = [row for row in rows if row["kind"] == "spin_off"]
    steps = sorted((row for row in rows if row["kind"] != "spin_off"), key=_order)
    if not steps or steps[0]["certainty"] not in FOLLOWED:
        return [*steps, *spun]
    first = steps[0]
    for row in steps[1:]:
        if kinds(row) & kinds(first) & set(_TABLES) and abs(_day(row) - _day(first)) > _SAME_EVENT:
            continue  # one after the other
        # some go on filing the old number after a split that came with a new one: that is no contradiction
        is_same = _ratio(row) == _ratio(first) and row["cusip_before"] in (row["cusip"], first["cusip"])
        if row["certainty"] in FOLLOWED and not is_same:
            row["certainty"] = "possible"
            rate = f"{first['shares']:,} for {first['shares_before']:,}"
            row["evidence"].append(f"against: {first['cusip']} instead, {rate}")
    return [*steps, *spun]


def _marks(listed: pl.DataFrame) -> set[tuple[Any, str, str]]:
    """Quarter, CUSIP deleted and CUSIP added, of one issuer."""
    issue = pl.col("cusip").str.head(6)
    told = listed.select("quarter", "cusip", "status", issue=issue, word=first_word())
    gone, new = (told.filter(pl.col("status") == status) for status in ("deleted", "added"))
    pairs = [gone.filter(pl.col(by).is_not_null()).join(new, on=["quarter", by]) for by in ("issue", "word")]
    return {row for frame in pairs for row in frame.select("quarter", "cusip", "cusip_right").iter_rows()}
