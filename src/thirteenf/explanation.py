"""Where a figure is from, step by step backwards: move, holdings, filings, rows as filed, documents on EDGAR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import RULES, moves, units
from thirteenf.filing import folder
from thirteenf.lineage import following
from thirteenf.report import Report
from thirteenf.tables import FILINGS_REPORT, HOLDINGS, TRACED, is_option
from thirteenf.vocabulary import RULES_APPLIED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from thirteenf.books import Side
    from thirteenf.comparisons import Comparison
    from thirteenf.tracker import Tracker


def explain(
    tracker: Tracker,
    manager: str,
    security: str,
    period: str = "latest",
    against: str | None = None,
    as_of: date | None = None,
) -> Report:
    """A manager's figures of a security in two periods, down to the rows as filed.

    Args:
        tracker: the cache.
        manager: CIK, alias or enough of a name.
        security: a ticker or CUSIP; with what it was and became.
        period: the later period.
        against: the earlier one; by default the quarter before.
        as_of: only what was filed by then.

    Raises:
        NotFoundError: if the manager, its period, or the security is not known here.
    """
    wanted = tracker.cusips(security, as_of)
    told = tracker.compare(
        manager, period, against=against, as_of=as_of, only=lambda frame: frame.filter(moves.is_of(wanted))
    )
    meant = sorted({*wanted, *told.moves["cusip"], *told.moves["cusip_before"].drop_nulls()})
    sides = [side for side in (told.after, told.before) if side]
    rows = pl.concat([TRACED.schema().to_frame(), *(_traced(tracker, side, meant) for side in sides)])
    actions = _actions(tracker, told, meant)
    head: dict[str, Any] = {
        "manager": {"cik": told.asked.cik, "name": told.asked.manager},
        "security": {"query": security, "cusips": meant},
        "period": told.asked.period,
        "against": told.asked.against,
        "as_of": as_of,
        "comparable": told.reason is None,
        "reason": told.reason,
        "continuity": told.continuity,
        "moves": told.moves,
        "holdings": {
            "before": _held(tracker, told, told.before, meant),
            "after": _held(tracker, told, told.after, meant),
        },
        "filings": {
            "before": told.before.report() if told.before else FILINGS_REPORT.schema().to_frame(),
            "after": told.after.report(),
        },
        "actions": actions,
        "rules_applied": list(_rules(told, rows, actions)),
    }  # fmt: skip
    odd = [oddity for side in sides for oddity in side.oddities()]
    return Report("explain", head, "rows", TRACED, rows, tracker.source, odd)


def _traced(tracker: Tracker, side: Side, numbers: Sequence[str]) -> pl.DataFrame:
    """The rows as filed of some securities in one book's filings, those that count and those that do not."""
    rows = tracker.books.rows_as_filed(side).filter(pl.col("cusip").is_in(numbers))
    rows = rows.with_columns(pl.col("cusip_as_filed").fill_null(pl.col("cusip")))
    counted = side.holdings["filed"].explode().struct.unnest().select("accession_number", "row").drop_nulls()
    filings = side.filings.select("accession_number", "cik", "value_unit", "document", "table_document")
    states = pl.DataFrame(
        list(side.book.states.items()), schema={"accession_number": pl.String, "state": pl.String}, orient="row"
    )
    told = rows.drop("cik").join(filings, on="accession_number").join(states, on="accession_number")
    told = told.join(counted.with_columns(counts=pl.lit(value=True)), on=["accession_number", "row"], how="left")
    if side.book.state == "attributed":
        told = told.filter(pl.col("counts"))  # the rest of another manager's report is another's
    addresses = [_address(*one) for one in told.select("cik", "accession_number", "table_document").iter_rows()]
    return told.with_columns(
        pl.col("counts").fill_null(value=False), period=pl.lit(side.period), url=pl.Series(addresses, dtype=pl.String),
        value_dollars=units.dollars(pl.col("value_unit"), pl.col("value")),
    ).sort("accession_number", "row").select(TRACED.names)  # fmt: skip


def _address(cik: str, accession_number: str, document: str | None) -> str:
    return f"{folder(cik, accession_number)}{document or ''}"


def _held(tracker: Tracker, told: Comparison, side: Side | None, numbers: Sequence[str]) -> pl.DataFrame:
    """Positions of some securities in one book, columns of tables.HOLDINGS."""
    return (
        tracker.reported(side, told.asked.cik, told.asked.manager, told.asked.as_of).filter(
            pl.col("cusip").is_in(numbers)
        )
        if side
        else HOLDINGS.schema().to_frame()
    )


def _actions(tracker: Tracker, told: Comparison, numbers: Sequence[str]) -> pl.DataFrame:
    """What is known to have been done to the securities between the two days (tables.LINEAGE), and where unsure."""
    lineage = tracker.catalog.lineage(told.asked.as_of)
    chain = following.chain(numbers, lineage)
    here = pl.col("cusip").is_in(chain) | pl.col("cusip_before").is_in(chain)
    return lineage.filter(here & (pl.col("period") <= told.asked.period) & (pl.col("against") >= told.asked.against))


def _rules(told: Comparison, rows: pl.DataFrame, actions: pl.DataFrame) -> Iterator[dict[str, str]]:
    """The rules that the figures rest on: name, version, what it says."""
    sides = [side for side in (told.before, told.after) if side]
    used = {
        "position": True,
        "unit": not rows.is_empty(),
        "amendments": any(len(side.book.states) > 1 for side in sides),
        "options": not rows.filter(is_option()).is_empty(),
        "lineage": not actions.is_empty(),
        "continuity": any(side.link for side in sides),
        "move": told.reason is None,
        "causes": not told.moves.is_empty(),
    }
    yield from (
        {"name": name, "version": RULES, "says": RULES_APPLIED[name]} for name, is_used in used.items() if is_used
    )
