"""One book under two numbers: a notice whose rows are in another's report, a CIK that takes over another's book.

A book is followed only along what filings say (a CIK, a 13F file number, a list of managers) or along two books that
are nearly the same; and nothing is counted twice, since only the reporting manager's own table counts for totals.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from thirteenf import periods
from thirteenf.amendments import Book
from thirteenf.books import assembled
from thirteenf.causes.accounts import Elsewhere, Link
from thirteenf.causes.evidence import CONFIRMED, LIKELY, cause, evidence, lowest
from thirteenf.filing import NOTICE
from thirteenf.tables import POSITION_KEY, is_stock
from thirteenf.units import FACTOR, dollars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from thirteenf.books import Books, Side
    from thirteenf.causes.accounts import Key
    from thirteenf.causes.evidence import Evidence

SAME_BOOK, FEWEST = 0.9, 10
"""Two books that are so much alike, with so many securities in common, are one, whoever says so."""
TIED, FAINTLY = 0.5, 0.1
"""How much alike two books must be that filings tie to each other; less is followed as likely, still less not."""
_MOST_TRIED, _TOTALS_APART = 25, 2.0


def attributed(books: Books, side: Side, cik: str, as_of: date | None) -> Side | None:
    """The book that a notice leaves to other managers' reports: their rows that name the notice's manager.

    Args:
        books: all books.
        side: the manager's book for the period.
        cik: the manager.
        as_of: the day that all must be known on.

    Returns:
        A book in state `attributed`, with filings of both and what ties them; None if the side is no notice, if a
        manager that the notice names has no report here, or if no row names the manager.
    """
    if side.book.state != "notice":
        return None
    notice = side.in_force[-1]
    filings = books.counted(as_of).filter((pl.col("period") == side.period) & (pl.col("cik") != cik))
    named = [_found(one, filings) for one in notice["other_managers"]]
    parents = {parent for parent in named if parent} if named else _who_include(notice, filings)
    if not parents or None in named:
        return None
    parts, said, sure = [], [], CONFIRMED
    for parent in sorted(parents):
        other = books.side(parent, side.period, as_of)
        if other is None or other.book.state != "holdings":
            return None
        rows, told, how_sure = _rows_naming(notice, other, books.rows(other, ("other_managers",)))
        parts.append((other, rows))
        said += told
        sure = lowest(sure, how_sure)
    rows = pl.concat([rows for _, rows in parts])
    others = [other for other, _ in parts]
    if rows.is_empty():
        return _taken_over(books, others, cik, as_of)
    in_force = tuple(number for other in others for number in other.book.in_force)
    book = Book(
        "attributed", in_force, dict(side.book.states) | dict.fromkeys(in_force, "in-force"),
        (*side.book.oddities, *(oddity for other in others for oddity in other.book.oddities)),
        withholds=any(other.book.withholds for other in others),
        combination=any(other.book.combination for other in others),
    )  # fmt: skip
    of_force = [other.filings.filter(pl.col("accession_number").is_in(other.book.in_force)) for other in others]
    left = evidence("manager", f"a notice leaves the holdings to {_names(others)}", notice["accession_number"])
    several = rows.filter(pl.col("other_managers").list.len() > 1).select(POSITION_KEY).unique()
    shared = frozenset(several.iter_rows())
    link = Link("notice", others[0].in_force[0]["cik"], _names(others), sure, [left, *said], shared)
    found = pl.concat([side.found, *(other.found for other in others)])
    every = pl.concat([side.filings, *of_force])
    return assembled(side.period, every, book, rows.drop("other_managers").with_columns(cik=pl.lit(cik)), found, link)


def _taken_over(books: Books, others: Sequence[Side], cik: str, as_of: date | None) -> Side | None:
    """The whole book of the one manager that a notice names, where its first report takes this one's book over."""
    if len(others) != 1:
        return None
    heir = others[0]
    before = predecessor(books, heir, periods.before(heir.period), as_of)
    if before is None or before.link is None or before.link.cik != cik:
        return None
    if likeness(before.holdings, heir.holdings)[0] < SAME_BOOK:
        return None  # what else stands in that report may never have been in this book
    mine = heir.in_force[-1]
    link = before.link._replace(kind="successor", cik=mine["cik"], manager=mine["manager"])
    return replace(heir, link=link)


def predecessor(books: Books, after: Side, against: date, as_of: date | None) -> Side | None:
    """The book that a manager's first report takes over: another CIK's, which reports it no more.

    Args:
        books: all books.
        after: the manager's first book.
        against: the period before.
        as_of: the day that all must be known on.

    Returns:
        The other CIK's book of the period before, with what ties the two; None where nothing does.
    """
    known = books.counted(as_of)
    reporting = known.filter((pl.col("period") == after.period) & (pl.col("report_type") != NOTICE))["cik"]
    before = known.filter(
        (pl.col("period") == against) & (pl.col("report_type") != NOTICE) & ~pl.col("cik").is_in(reporting.implode())
    )
    if before.is_empty() or after.holdings.is_empty() or not after.in_force:
        return None
    mine = after.in_force[0]
    few = _perhaps_tied(mine, known)
    olds = before["cik"].unique().sort().to_list()
    ties = {old: list(_ties(mine, old, known, after.period)) if old in few else [] for old in olds}
    found = []
    for old in _nearest(before, [one for one, tied in ties.items() if tied], _total(after.in_force)):
        side = books.side(old, against, as_of)
        if side is None or side.book.state != "holdings":
            continue
        alike, common = likeness(side.holdings, after.holdings)
        is_parted = any(parted for _, parted in ties[old]) or (ties[old] and _has_other_heirs(mine, old, known))
        if (sure := _sure(alike, common, is_tied=bool(ties[old]) and not is_parted)) is None:
            continue
        said = evidence("book", f"{alike:.0%} of the two books is the same, {common:,} securities stand in both")
        name = side.in_force[-1]["manager"]
        link = Link("predecessor", old, name, sure, [*(told for told, _ in ties[old]), said])
        found.append((sure == CONFIRMED, alike, replace(side, link=link)))
    return max(found, key=lambda one: one[:2])[2] if found else None


def elsewhere(books: Books, before: Side, after: Side, moves: pl.DataFrame, as_of: date | None) -> dict[Key, Elsewhere]:
    """What of a manager's moves is another manager's filing on one of the two days.

    Rows that name a manager of its own, included here on the one day and reporting for itself on the other; and
    positions that are gone, while a manager who reports for the first time has just as many.

    Args:
        books: all books.
        before: the manager's own book of the earlier period.
        after: the same of the later period.
        moves: rows of moves.diff between them.
        as_of: the day that all must be known on.

    Returns:
        By position.
    """
    found: dict[Key, Elsewhere] = {}
    if any(filing["other_included_managers"] for side in (before, after) for filing in side.in_force):
        known = books.counted(as_of).filter(pl.col("period").is_in([before.period, after.period]))
        reporting = known.filter(pl.col("report_type") != NOTICE).select("cik", "form13f_file_number", "period")
        found = _included(books, before, after.period, reporting, -1)
        found |= _included(books, after, before.period, reporting, 1)
    if moves["change"].to_list().count("exited") < _FEWEST_GONE:
        return found
    gone = moves.filter((pl.col("change") == "exited") & (pl.col("amount_before_adjusted") > 0))
    return _inherited(books, after, gone, as_of) | found


_FEWEST_GONE, _ROUND = 3, 100
"""So many positions must have gone to another manager, to the share and not in round lots, to be no chance."""


def _included(books: Books, side: Side, other: date, reporting: pl.DataFrame, sign: int) -> dict[Key, Elsewhere]:
    """The rows of a report that are of managers who report for themselves in the other period, and not in this one."""
    of_other = reporting.filter(pl.col("period") == other)
    own, numbers = set(of_other["cik"]), dict(of_other.select("form13f_file_number", "cik").iter_rows())
    of_this = set(reporting.filter(pl.col("period") == side.period)["cik"])
    sums: dict[Key, int] = {}
    said: dict[Key, list[Evidence]] = {}
    for filing in side.in_force:
        named = {}
        for one in filing["other_included_managers"]:
            cik = one["cik"] if one["cik"] in own else numbers.get(one["form13f_file_number"] or "")
            if cik and cik not in of_this and cik != filing["cik"] and one["sequence_number"] is not None:
                named[one["sequence_number"]] = one["name"]
        if not named:
            continue
        of_filing = pl.col("accession_number") == filing["accession_number"]
        rows = books.rows(side, ("other_managers",)).filter(of_filing & _names_any(list(named)))
        whose = ", ".join(sorted(set(named.values())))
        told = f"rows of {whose}, who reports for itself at {other}"
        for *key, amount, at in rows.group_by(POSITION_KEY).agg(pl.col("amount").sum(), "row").iter_rows():
            place: Key = (key[0], key[1], key[2])
            sums[place] = sums.get(place, 0) + sign * amount
            said.setdefault(place, []).append(evidence("manager", told, filing["accession_number"], at))
    return {key: Elsewhere(amount, cause("moved_manager", CONFIRMED, said[key])) for key, amount in sums.items()}


def _inherited(books: Books, after: Side, gone: pl.DataFrame, as_of: date | None) -> dict[Key, Elsewhere]:
    """Positions that are gone and that a manager who reports for the first time holds to the share."""
    first = books.newcomers(after.period, as_of)
    first = first.filter((pl.col("report_type") != NOTICE) & ~pl.col("cik").is_in(after.filings["cik"].implode()))
    if first.is_empty():
        return {}
    held = books.positions_of(after.period, first, gone["cusip"])
    same = gone.select(*POSITION_KEY, amount="amount_before_adjusted").join(held, on=[*POSITION_KEY, "amount"])
    is_telling = pl.col("amount") % _ROUND != 0
    heirs = same.filter(is_telling.sum().over("cik") >= _FEWEST_GONE).sort(*POSITION_KEY, "cik")
    names = dict(first.select("cik", "manager").iter_rows())
    found: dict[Key, Elsewhere] = {}
    for cusip, put_call, kind, amount, cik, numbers in heirs.select(
        *POSITION_KEY, "amount", "cik", "accession_numbers"
    ).iter_rows():
        told = f"{names[cik]} reports for the first time, and holds {amount:,} of it too"
        said = evidence("manager", told, numbers[0])
        found[cusip, put_call, kind] = Elsewhere(-amount, cause("moved_manager", LIKELY, [said]))
    return found


def likeness(before: pl.DataFrame, after: pl.DataFrame) -> tuple[float, int]:
    """How much two books are the same: of all the shares in either, at their prices, the part in both.

    Args:
        before: positions: the position key, amount, value.
        after: the same.

    Returns:
        That part, from 0 to 1, and how many securities stand in both.
    """
    books = [
        book.filter(is_stock() & (pl.col("amount") > 0)).select("cusip", "amount", "value") for book in (before, after)
    ]
    both = books[0].join(books[1], on="cusip", how="full", coalesce=True, suffix="_after")
    price = pl.coalesce(pl.col("value") / pl.col("amount"), pl.col("value_after") / pl.col("amount_after"))
    then, now = pl.col("amount").fill_null(0), pl.col("amount_after").fill_null(0)
    sums = both.select(
        same=(pl.min_horizontal(then, now) * price).sum(), every=(pl.max_horizontal(then, now) * price).sum(),
        common=((then > 0) & (now > 0)).sum(),
    ).row(0)  # fmt: skip
    return (sums[0] / sums[1] if sums[1] else 0.0), int(sums[2])


def _sure(alike: float, common: int, *, is_tied: bool) -> str | None:
    """How sure it is that one book is the other's; None if it is not to be followed."""
    if is_tied and alike >= TIED:
        return CONFIRMED
    is_same = alike >= SAME_BOOK and common >= FEWEST
    return LIKELY if is_same or (is_tied and alike >= FAINTLY) else None


def _perhaps_tied(mine: Mapping[str, Any], known: pl.DataFrame) -> set[str]:
    """Who may be tied to a manager, at a glance: of a market's thousands only these are looked at closely."""
    number, listed = mine["form13f_file_number"], mine["other_included_managers"]
    numbers = [one for one in (number, *(other["form13f_file_number"] for other in listed)) if one]
    of_number = known.filter(pl.col("form13f_file_number").is_in(numbers))["cik"]
    cik, of_heir = (pl.element().struct.field(name) for name in ("cik", "form13f_file_number"))
    is_heir = pl.col("other_managers").list.eval((cik == mine["cik"]) | of_heir.is_in(numbers)).list.any()
    naming = known.filter((pl.col("report_type") == NOTICE) & is_heir)["cik"]
    return {*of_number, *naming, *(other["cik"] for other in listed if other["cik"])}


def _ties(mine: Mapping[str, Any], old: str, known: pl.DataFrame, period: date) -> Iterator[tuple[Evidence, bool]]:
    """What filings say of a CIK and another that came after it, and whether by that the book went to several."""
    of_old = known.filter(pl.col("cik") == old)
    number = mine["form13f_file_number"]
    if number and number in of_old["form13f_file_number"].to_list():
        filing = of_old.filter(pl.col("form13f_file_number") == number)["accession_number"][-1]
        yield evidence("manager", f"both file under the 13F file number {number}", filing), False
    notices = of_old.filter((pl.col("period") >= period) & (pl.col("report_type") == NOTICE))
    for notice in notices.select("accession_number", "other_managers").iter_rows(named=True):
        named = notice["other_managers"]
        if any(_is(one, mine["cik"], number) for one in named):
            told = "its notice leaves the holdings to this manager"
            yield evidence("manager", told, notice["accession_number"]), len(named) > 1
    last = of_old.row(-1, named=True)
    if any(_is(one, old, last["form13f_file_number"]) for one in mine["other_included_managers"]):
        yield evidence("manager", "this manager's report lists it as included", mine["accession_number"]), False


def _has_other_heirs(mine: Mapping[str, Any], old: str, known: pl.DataFrame) -> bool:
    """Whether another manager's first report ties to a CIK too: its book was parted, and is no one's."""
    reports = known.filter((pl.col("report_type") != NOTICE) & ~pl.col("cik").is_in([mine["cik"], old]))
    first = reports.filter(pl.col("period").min().over("cik") == mine["period"])
    numbers = known.filter(pl.col("cik") == old)["form13f_file_number"].drop_nulls().unique().to_list()
    included = (one for named in first["other_included_managers"] for one in named)
    is_listed = any(one["cik"] == old or one["form13f_file_number"] in numbers for one in included)
    return is_listed or bool(first["form13f_file_number"].is_in(numbers).any())


def _nearest(before: pl.DataFrame, tied: Sequence[str], total: int) -> list[str]:
    """The managers to compare with: those that filings tie, and those whose total was about the same."""
    totals = before.group_by("cik").agg(total=dollars(pl.col("value_unit"), pl.col("value_sum")).sum())
    apart = (pl.col("total") / max(total, 1)).log().abs()
    near = totals.filter(apart <= pl.lit(_TOTALS_APART).log()).sort(apart, "cik").head(_MOST_TRIED)["cik"]
    return list(dict.fromkeys([*tied, *near]))


def _total(filings: Sequence[Mapping[str, Any]]) -> int:
    return sum(one["value_sum"] * FACTOR[one["value_unit"]] for one in filings)


def _found(named: Mapping[str, Any], filings: pl.DataFrame) -> str | None:
    """The CIK of the manager that a notice names, if it has filed."""
    for column, value in (("cik", named["cik"]), ("form13f_file_number", named["form13f_file_number"])):
        if value and (hits := filings.filter(pl.col(column) == value)["cik"].unique().to_list()):
            return str(hits[0]) if len(hits) == 1 else None
    alike = filings.filter(pl.col("manager").str.to_uppercase() == named["name"].upper())["cik"].unique().to_list()
    return str(alike[0]) if len(alike) == 1 and not named["cik"] else None


def _who_include(notice: Mapping[str, Any], filings: pl.DataFrame) -> set[str]:
    """Who lists a notice's manager among those included in their reports."""
    return {
        cik for cik, included in filings.select("cik", "other_included_managers").iter_rows()
        if any(_is(one, notice["cik"], notice["form13f_file_number"]) for one in included or ())
    }  # fmt: skip


def _rows_naming(
    notice: Mapping[str, Any], other: Side, rows: pl.DataFrame
) -> tuple[pl.DataFrame, list[Evidence], str]:
    """Another manager's rows that name a notice's manager by its number there, filing by filing; and how sure."""
    parts, said, sure = [rows.clear()], [], CONFIRMED
    for filing in other.in_force:
        numbers, how_sure = _numbers(notice, filing["other_included_managers"])
        if not numbers:
            continue
        of_filing = rows.filter(pl.col("accession_number") == filing["accession_number"])
        named = of_filing.filter(_names_any(numbers))
        listed = ", ".join(str(number) for number in numbers)
        told = (
            f"{filing['manager']} lists it as number {listed}; {named.height:,} of {of_filing.height:,} rows name that"
        )
        said.append(evidence("manager", told, filing["accession_number"], named["row"].to_list()))
        sure = lowest(sure, how_sure)
        parts.append(named)
    return pl.concat(parts), said, sure


def _names_any(numbers: Sequence[int]) -> pl.Expr:
    """Rows that name any of some included managers."""
    return pl.col("other_managers").list.set_intersection(list(numbers)).list.len() > 0


def _numbers(notice: Mapping[str, Any], included: Sequence[Mapping[str, Any]]) -> tuple[list[int], str]:
    """The numbers by which rows name a notice's manager, and how sure they are its own."""
    known = [one for one in included if one["sequence_number"] is not None]
    sure = [one["sequence_number"] for one in known if _is(one, notice["cik"], notice["form13f_file_number"])]
    if sure:
        return sure, CONFIRMED
    return [one["sequence_number"] for one in known if one["name"].upper() == notice["manager"].upper()], LIKELY


def _is(named: Mapping[str, Any], cik: str, file_number: str | None) -> bool:
    """Whether a manager named in a filing is the one of a CIK or 13F file number."""
    return named["cik"] == cik or bool(file_number and named["form13f_file_number"] == file_number)


def _names(sides: Sequence[Side]) -> str:
    return ", ".join(side.in_force[-1]["manager"] for side in sides)
