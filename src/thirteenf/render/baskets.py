"""How a basket's moves read: a table a security, stock and options apart, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import tallies
from thirteenf.render import columns, words
from thirteenf.render import surveyed as surveys
from thirteenf.render.layout import Block, cells
from thirteenf.tables import is_stock
from thirteenf.vocabulary import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from thirteenf.report import Report

_BOOKS = {
    "stock": ("", is_stock),
    "principal": ("principal, in dollars", lambda: (pl.col("put_call") == "") & ~is_stock()),
    "calls": ("calls (notional of the underlying, no money at risk)", lambda: pl.col("put_call") == "Call"),
    "puts": ("puts (notional of the underlying, no money at risk)", lambda: pl.col("put_call") == "Put"),
}
_ALL = "All"


def blocks(report: Report) -> list[Block]:
    """The tables: each security's moves by book, then the sums of the basket by security and by manager."""
    told = report.head["basket"]
    sums = told["sums"]
    labels = {number: one["label"] for one in told["securities"] for number in one["cusips"]}
    every = tallies.labelled(report.rows, labels)
    found = []
    for member in told["securities"]:
        rows = every.filter(pl.col("label") == member["label"])
        for book, (said, is_of) in _BOOKS.items():
            part = rows.filter(is_of())
            if part.height:
                name = f"{member['label']}  {words.text(member['issuer'])}" + (f": {said}" if said else "")
                found.append(_moves(name, part, _sum_of(report, sums, member["label"], book)))
    for book, (said, _) in _BOOKS.items():
        of_book = sums.filter(pl.col("book") == book)
        by_security = of_book.filter(pl.col("cik").is_null())
        by_manager = of_book.filter(pl.col("cik").is_not_null() & pl.col("label").is_null())
        heading = f"The basket, {said or 'stock'}"
        if by_security["label"].drop_nulls().len() > 1:
            found.append(_tally(f"{heading}, by security", "manager", by_security))
        if by_manager.height > 1:
            whole = by_security.filter(pl.col("label").is_null())
            found.append(_tally(f"{heading}, by manager", "label", pl.concat([by_manager, whole])))
    return found


def surveyed(report: Report) -> list[Block]:
    """What came into each basket of a survey and went out: a table a book, the whole basket last."""
    found = []
    for told in report.head["baskets"]:
        names = {one["label"]: one["issuer"] for one in told["securities"]}
        for book, (said, _) in _BOOKS.items():
            part = told["sums"].filter(pl.col("book") == book)
            if part.height == 0:
                continue
            heading = f"{words.text(told['title'])} ({told['name']}), {said or 'stock'}"
            if part["label"].drop_nulls().len() == 1:
                part = part.head(1)
            issuer = pl.col("label").replace_strict(names, default=None, return_dtype=pl.String)
            part = part.with_columns(pl.col("label").fill_null(_ALL), issuer=issuer)
            empty = [c.name for c in columns.BASKET_FLOWS if c.is_telling and not (part[c.name] != 0).any()]
            shown = tuple(c for c in columns.BASKET_FLOWS if c.name not in empty)
            found.append(Block(heading, shown, cells(shown, part), [None] * part.height))
    return found


def flowed(report: Report) -> Iterator[str]:
    """Of each basket of a survey: who of it nobody lists, what may have moved besides, what is left over, the sum."""
    several = len(report.head["baskets"]) > 1
    for told in report.head["baskets"]:
        name = f"{told['name']}: " if several else ""
        nobody = [one["label"] for one in told["securities"] if one["cusips"] and not one["issuer"]]
        if nobody:
            yield f"{name}Listed by none: {', '.join(nobody)}."
        yield from (f"{name}{line}" for line in _left(told))
        whole = told["sums"].filter(pl.col("label").is_null() & (pl.col("book") == "stock"))
        for row in whole.iter_rows(named=True):
            if row["may_have_sold_value"] or row["may_have_bought_value"]:
                said = surveys.bounds(row["may_have_sold_value"], row["may_have_bought_value"], report.head["coverage"])
                yield f"{name}stock: {said}"
    yield from surveys.unbounded(report.head["coverage"])
    for told in report.head["baskets"]:
        yield _in_sum(told)


def _in_sum(told: Mapping[str, Any]) -> str:
    """The last line: what came into a basket's stock, or went out."""
    whole = told["sums"].filter(pl.col("label").is_null() & (pl.col("book") == "stock"))
    if whole.is_empty():
        return f"{told['name']}, stock in sum: none is told."
    row = whole.row(0, named=True)
    net, way = row["trade_effect"], "in" if row["trade_effect"] > 0 else "out"
    went = f"{words.money(abs(net))} {way}" if net else "$0"
    sides = f"{words.plural(row['buyers'], 'buyer')}, {words.plural(row['sellers'], 'seller')}"
    among = words.plural(told["managers_compared"], "manager")
    traded = f"bought {words.money(row['bought'])}, sold {words.money(row['sold'])}"
    priced = words.signed_money(row["price_effect"])
    return f"{told['name']}, stock in sum: net {went} ({traded}; prices {priced}); {sides} of {among} compared."


def _sum_of(report: Report, sums: pl.DataFrame, label: str, book: str) -> Mapping[str, Any] | None:
    """A security's own sum, where all of it is shown and there is something to add up."""
    of = sums.filter(pl.col("cik").is_null() & (pl.col("label") == label) & (pl.col("book") == book))
    row = next(of.iter_rows(named=True), None)
    is_whole = report.rows.height == _height(sums)
    return row if row and is_whole and row["managers"] - len(row["not_summed"]) > 1 else None


def _height(sums: pl.DataFrame) -> int:
    """How many rows were added up."""
    of_all = sums.filter(pl.col("cik").is_null() & pl.col("label").is_null())
    return sum(int(of_all[change].sum()) for change in CHANGES if of_all.height)


def _moves(title: str, part: pl.DataFrame, added: Mapping[str, Any] | None) -> Block:
    shown = tuple(c for c in columns.OF_BASKET if c.name != "period" or part["period"].n_unique() > 1)
    if not any(map(words.surest, part["cause"])):
        shown = tuple(c for c in shown if c.name != "cause")
    rows, changes = cells(shown, part), part["change"].to_list()
    if added:
        before, traded = added["amount_before_adjusted"], added["amount_change"]
        told = {**added, "manager": "In sum", "amount_change_pct": traded * 100 / before if before else None}
        rows.append([c.text(told[c.name]) if c.name in told else "" for c in shown])
        changes.append(None)
    return Block(title, shown, rows, changes)


def _tally(title: str, without: str, part: pl.DataFrame) -> Block:
    counts = (
        pl.when(pl.col(change) > 0).then(pl.format("{} {}", pl.col(change), pl.lit(change))) for change in CHANGES
    )
    part = part.with_columns(
        pl.col("label", "manager").fill_null(_ALL), moved=pl.concat_str(*counts, separator=", ", ignore_nulls=True)
    )
    shown = tuple(c for c in columns.TALLIES if c.name != without)
    if without == "label":
        shown = tuple(c for c in shown if c.name != "managers")
    return Block(title, shown, cells(shown, part), [None] * part.height)


def grounds(told: Mapping[str, Any]) -> Iterator[str]:
    """What the basket is, where that is from, and what of it is not known here."""
    own = ", your own" + (" in place of the program's" if told["replaces"] else "") if told["is_own"] else ""
    yield f"Basket {told['name']}{own}: {told['sentence'] or told['title']}"
    if told["source"]:
        yield f"Source: {told['source'].rstrip('.')}."
    for one in told["securities"]:
        if not one["cusips"]:
            yield f"Missing from the basket, {one['label']}: {one['message']}"
    if told.get("not_compared"):
        names = ", ".join(f"{one['name']} ({one['reason']})" for one in told["not_compared"])
        yield f"Not compared, and in no sum: {names}."


def notes(report: Report) -> Iterator[str]:
    """What the basket's books come to, who has none of it, what nobody lists, and what is left over."""
    told = report.head["basket"]
    sums = told["sums"]
    for row in sums.filter(pl.col("cik").is_null() & pl.col("label").is_null()).iter_rows(named=True):
        counts = ", ".join(f"{row[change]:,} {change}" for change in CHANGES if row[change])
        name = "Shares" if row["book"] == "stock" else row["book"].capitalize()
        notional = ", notional" if row["book"] in ("calls", "puts") else ""
        if row["trade_effect"] is None:
            yield f"{name}{notional}: {counts}"
            continue
        traded, priced = words.signed_money(row["trade_effect"]), words.signed_money(row["price_effect"])
        yield (
            f"{name}{notional}: {words.money(row['value_before'])} to {words.money(row['value'])} "
            f"(traded {traded}, prices {priced}); {counts}"
        )
    if report.rows.height < _height(sums):
        yield f"{report.rows.height:,} of {_height(sums):,} moves of the basket are shown; the sums are of all."
    has = set(sums["cik"].drop_nulls())
    none = [one["name"] for one in report.head["managers"] if one["comparable"] and one["cik"] not in has]
    if none:
        yield f"With none of it in either quarter: {', '.join(none)}."
    nobody = [one["label"] for one in told["securities"] if one["cusips"] and not one["issuer"]]
    if nobody:
        yield f"Listed by none of them: {', '.join(nobody)}."
    yield from _left(told)


def _left(told: Mapping[str, Any]) -> Iterator[str]:
    """What is left over, where somebody has said how many shares there are."""
    for one in told["left_over"]:
        count = f"{one['label']}: {one['shares']:,} shares outstanding at {one['date']} ({one['source'].rstrip('.')})"
        if one["message"]:
            yield f"{count}; what is left over is not told: {one['message']}."
        else:
            part = one["left"] * 100 / one["shares"]
            yield f"{count}; {one['held']:,} listed here, {one['left']:,} left over ({part:.2f} %)."
