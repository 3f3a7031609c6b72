"""The panel: all managers' books of two quarters beside each other, and which of them compare.

A manager compares if what it filed for both quarters is a whole report: positions, or an honest empty book. Managers
whose books moved between them are compared as one book (ties), or left out together where a part of it is missing. All
others are named with the reason, never taken for buyers or sellers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import periods, ties
from thirteenf.tables import PANEL, POSITION_KEY

if TYPE_CHECKING:
    from datetime import date

    from thirteenf.books import Books
    from thirteenf.catalog import Catalog
    from thirteenf.ties import Ties

FEW_MANAGERS, FILED = 100, 0.9
"""Data on the market is thin where fewer managers are held, or where a smaller part of those expected has filed."""
_TOLD = ("state", "filing_date", "withholds", "combination")
_UNWHOLE = ("notice", "withheld", "emptied", "base-missing", "refused")
_KEY = ("cik", *POSITION_KEY)
_LISTS = ("other_managers", "other_included_managers")


@dataclass(frozen=True)
class Panel:
    """Who filed for two quarters, as known on a day; `managers` has the columns of tables.PANEL, by CIK."""

    period: date
    against: date
    as_of: date | None
    managers: pl.DataFrame

    @property
    def compared(self) -> pl.DataFrame:
        """The managers whose books compare."""
        return self.managers.filter("comparable")

    @property
    def left_out(self) -> pl.DataFrame:
        """The managers whose books do not."""
        return self.managers.filter(~pl.col("comparable"))

    @property
    def late(self) -> pl.DataFrame:
        """Who has not filed, and is in no report of another that it is compared with: cik, manager."""
        return self.managers.filter(pl.col("reason") == "late").select("cik", "manager")

    def unknown(self, side: str) -> list[str]:
        """Managers that may have held, or hold, more than is here: nothing bounds what they sold, or bought.

        Args:
            side: "_before" of the earlier quarter's end, "" of the later one's.

        Returns:
            The CIKs of those without a whole book of that day, but for those that another's report covers; of those
            that withhold rows; and, of the later day, of those that now leave a part to others.
        """
        whole = pl.col(f"state{side}").is_in(ties.WHOLE).fill_null(value=False)
        is_unknown = (~pl.col("comparable") & ~whole) | pl.col(f"withholds{side}").fill_null(value=False)
        if not side:
            is_unknown |= pl.col("book").is_in(self.doubtful()["cik"].implode()).fill_null(value=False)
        return self.managers.filter(is_unknown)["cik"].to_list()

    def coverage(self) -> dict[str, Any]:
        """How much of the market a report on it rests on, as it stands in JSON.

        All that are expected have filed, are late, or are told by others' reports; all compare, or are left out.
        """
        is_here = pl.col("state").is_not_null()
        filed = self.managers.filter(is_here).height
        reasons = dict(self.left_out.group_by("reason").len().sort("reason").iter_rows())
        together: dict[str, list[dict[str, str]]] = {}
        for book, cik, name in (
            self.compared.filter(pl.len().over("book") > 1)
            .sort("book", "cik")
            .select("book", "cik", "manager")
            .iter_rows()
        ):
            together.setdefault(book, []).append({"cik": cik, "name": name})
        expected = self.managers.height
        late = self.late
        elsewhere = expected - filed - late.height
        return {
            "managers_filed": filed, "expected": expected, "late": late.height, "reported_elsewhere": elsewhere,
            "is_thin": filed < FEW_MANAGERS or filed + elsewhere < FILED * expected,
            "compared": self.compared.height, "left_out": reasons, "late_filers": late.to_dicts(),
            "unknown_before": len(self.unknown("_before")), "unknown": len(self.unknown("")),
            "together": [{"book": book, "managers": managers} for book, managers in together.items()],
        }  # fmt: skip

    def doubtful(self) -> pl.DataFrame:
        """Books of which what is gone may be withheld, or in others' reports, as comparisons of one manager have it.

        Returns:
            cik (of the book), and why: withheld or combination.
        """
        said = self.compared.with_columns(
            why=pl.when("withholds").then(pl.lit("withheld")).when(
                pl.col("combination").fill_null(value=False) & ~pl.col("combination_before").fill_null(value=False)
            ).then(pl.lit("combination"))
        )  # fmt: skip
        return said.drop_nulls("why").group_by(cik="book").agg(pl.col("why").max()).sort("cik")

    def parted(self, held: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """One side's positions: those of books that compare, a row a book and position, and those of all others.

        Args:
            held: cik, the position key, amount, value, and more columns, which are kept as they are or as first seen.
        """
        alone = self.compared.filter(pl.len().over("book") == 1).lazy().select("cik")
        tied = self.compared.filter(pl.len().over("book") > 1).lazy().select("cik", "book")
        together = held.join(tied, on="cik").with_columns(cik="book").drop("book")
        added = [name for name in ("amount", "value", "rows") if name in held.collect_schema().names()]
        more = pl.all().exclude(*_KEY, *added).first()
        together = together.group_by(_KEY).agg(pl.col(added).sum(), more)
        own = held.join(alone, on="cik", how="semi")
        rest = held.join(self.left_out.lazy().select("cik"), on="cik", how="semi")
        names = held.collect_schema().names()
        return pl.concat([own.select(names), together.select(names)]), rest


def newest(books: Books, as_of: date | None = None) -> date | None:
    """The newest period that had ended when something that counts was filed for it."""
    known = books.counted(as_of)
    return max(known.filter(pl.col("period") <= pl.col("filing_date"))["period"], default=None)


def panel(books: Books, catalog: Catalog, period: date, as_of: date | None = None) -> Panel:
    """The panel of a quarter and the one before, as known on a day.

    Args:
        books: all books.
        catalog: keeps what filings come to, where it was worked out already.
        period: the later quarter.
        as_of: the day.
    """
    against = periods.before(period)
    before, after = (catalog.standing(day, as_of) for day in (against, period))
    sides = [_reports(books.of_period(day, as_of), standing) for day, standing in ((against, before), (period, after))]
    filed = books.filings(as_of).select("cik", "period")
    earlier = filed.filter(pl.col("period") < period)["cik"].unique()
    every = before.select("cik", *_TOLD).rename({name: f"{name}_before" for name in _TOLD}).join(
        after.select("cik", *_TOLD), on="cik", how="full", coalesce=True
    )  # fmt: skip
    first = every.filter(pl.col("state_before").is_null() & ~pl.col("cik").is_in(earlier.implode()))["cik"]
    told = every.with_columns(reason=_reason(first))
    told = _together(told, ties.between(sides[0], sides[1], first), set(first))
    told = told.join(books.names(as_of), on="cik", how="left").with_columns(comparable=pl.col("reason").is_null())
    return Panel(period, against, as_of, told.sort("cik").select(PANEL.names))


def _reports(filings: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Filings in force of a period, with what they come to; lists of other managers are null where they are empty."""
    names = ("accession_number", "manager", "form13f_file_number")
    each = standing.select("cik", "state", accession_number="accession_numbers").explode("accession_number")
    every = each.drop_nulls().join(filings.select(names), on="accession_number")
    # joined where there is something: few filings name others, and lists take longer than all the rest
    lists = filings.select("accession_number", *_LISTS).filter(pl.any_horizontal(pl.col(_LISTS).list.len() > 0))
    naming = every.join(lists, on="accession_number")
    return pl.concat([naming, every.join(lists, on="accession_number", how="anti")], how="diagonal")


def _reason(first: pl.Series) -> pl.Expr:
    """Why a manager's own two books do not compare; null where they do."""
    return (
        pl.when(pl.col("state").is_null()).then(pl.lit("late"))
        .when(pl.col("state").is_in(_UNWHOLE)).then("state")
        .when(pl.col("cik").is_in(first.implode())).then(pl.lit("first-report"))
        .when(pl.col("state_before").is_null()).then(pl.lit("quarter-missing"))
        .when(pl.col("state_before").is_in(_UNWHOLE)).then("state_before")
    )  # fmt: skip


def _together(told: pl.DataFrame, tied: Ties, first: set[str]) -> pl.DataFrame:
    """The panel with managers that are tied as one book, or left out together; adds `book`."""
    of_group = ties.groups(tied.edges)
    if not of_group:
        return told.with_columns(book=pl.when(pl.col("reason").is_null()).then("cik"))
    members = {row["cik"]: row for row in told.filter(pl.col("cik").is_in(list(of_group))).iter_rows(named=True)}
    covered = set(tied.covered.iter_rows())
    leaves: dict[tuple[str, str], list[str | None]] = {}
    for cik, side, other in tied.leaves.filter(pl.col("cik").is_in(list(of_group))).iter_rows():
        leaves.setdefault((cik, side), []).append(other)
    groups: dict[str, list[str]] = {}
    for cik, name in of_group.items():
        groups.setdefault(name, []).append(cik)
    books: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for group in groups.values():
        states = {"before": {cik: members[cik]["state_before"] for cik in group},
                  "after": {cik: members[cik]["state"] for cik in group}}  # fmt: skip
        is_whole = all(
            any(state in ties.WHOLE for state in side.values()) for side in states.values()
        ) and all(
            _is_told(cik, state, side, leaves, states[side], covered, first)
            for side in states for cik, state in states[side].items()
        )  # fmt: skip
        if is_whole:
            own = [cik for cik in group if states["after"][cik] in ties.WHOLE]
            books |= dict.fromkeys(group, own[0])
        else:
            reasons |= {cik: members[cik]["reason"] or "tied" for cik in group}
    ciks = pl.col("cik")
    return told.with_columns(
        reason=pl.when(ciks.is_in(list(books))).then(None)
        .otherwise(pl.coalesce(ciks.replace_strict(reasons, default=None, return_dtype=pl.String), "reason")),
    ).with_columns(
        book=pl.when(pl.col("reason").is_null()).then(
            pl.coalesce(ciks.replace_strict(books, default=None, return_dtype=pl.String), ciks)
        )
    )  # fmt: skip


def _is_told(
    cik: str, state: str | None, side: str, leaves: dict[tuple[str, str], list[str | None]],
    states: dict[str, str | None], covered: set[tuple[str, str]], first: set[str],
) -> bool:  # fmt: skip
    """Whether a member of a group has its part of a side's book: a whole report, or one that another's covers."""
    if state in ties.WHOLE:
        return True
    if state == "notice":
        named = leaves.get((cik, side), [])
        return bool(named) and all(other is not None and states.get(other) in ties.WHOLE for other in named)
    if state is None:
        return (cik, side) in covered or (side == "before" and cik in first)
    return False
