"""A book of the past in the securities and shares of today, along what was done to them since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.tables import MOVES, POSITION_KEY
from thirteenf.vocabulary import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_CAUSES = {"split": "split", "reverse_split": "split", "cusip_change": "cusip_change", "merger": "merger",
           "spin_off": "spin_off"}  # fmt: skip
_AGAIN = "; not applied here: the same amount and value were filed again"
_OPTION = r"^.{6}9[05].$"
_KIND = r"^([a-z]+): "
_CAUSE = MOVES.schema(("cause",))["cause"]


def follow(before: pl.DataFrame, after: pl.DataFrame, lineage: pl.DataFrame, against: date) -> pl.DataFrame:
    """A book of the past as it would stand at the later day had nobody traded.

    Args:
        before: positions of the earlier period: the position key, issuer, title_of_class, amount, value, weight, and
            rows if known.
        after: the same of the later period: a holder's own book says whether it uses the new CUSIP already.
        lineage: tables.LINEAGE of all quarters up to the later period; what happened by `against` is no ratio any
            more, but a CUSIP that has been retired may still be filed.
        against: the earlier period.

    Returns:
        `before` by the later period's position keys, with `cusip_before` and `amount` as filed, `amount_adjusted` in
        the later period's shares, and `cause`. Positions that became one are one, their amounts as filed added up.
        A fraction that was paid out in cash is no trade: an amount that is off the ratio by less than one share
        for each row is as held. A row that is filed again with the same amount and value is left as it is.
    """
    book = before.with_columns(cusip_before="cusip", amount_adjusted="amount", cause=pl.lit([], dtype=_CAUSE))
    if lineage.is_empty():
        return book
    followed = lineage.filter(pl.col("certainty").is_in(FOLLOWED))
    spun = followed.filter((pl.col("kind") == "spin_off") & (pl.col("against") >= against))
    steps = followed.filter(
        (pl.col("kind") != "spin_off") & ((pl.col("against") >= against) | (pl.col("cusip") != pl.col("cusip_before")))
    )
    # those who file the old number on show the same split under it: that is one action, not two
    is_same = pl.col("cusip") == pl.col("cusip_before")
    of_both = steps.filter(~is_same).select("period", "cusip_before", "shares", "shares_before")
    twice = steps.filter(is_same).join(of_both, on=of_both.columns, how="semi")
    steps = steps.join(twice, on=["period", "cusip_before", "cusip"], how="anti", maintain_order="left")
    reached = pl.concat([book["cusip"], steps["cusip"], spun["cusip"]])
    steps = steps.filter(steps["cusip_before"].is_in(reached.implode()))
    if steps.is_empty() and spun.is_empty():
        return book
    parts = pl.col("rows").fill_null(1) if "rows" in book.columns else pl.lit(1, pl.Int64)
    # the very same row filed again says nothing of its shares: whoever files it has not looked
    book = book.with_columns(
        exact=pl.col("amount").cast(pl.Float64),
        has_fractions=pl.lit(value=False),
        parts=parts,
        is_again=_filed_again(after),
    )
    held = set(after["cusip"])
    leading = _leading(held, steps)
    events = pl.concat([steps, spun]).sort("period", "date", nulls_last=False, maintain_order=True)
    for event in events.partition_by("period", "date", maintain_order=True):
        is_gift = event["kind"] == "spin_off"
        done, is_past = event.filter(~is_gift), event["period"][0] <= against
        book = _day(book, done, held, leading, is_past=is_past)
        book = pl.concat([book, _given(book, event.filter(is_gift))], how="diagonal_relaxed")
    book = _in_whole_shares(_as_one(book.drop("is_again")), after).drop("exact", "has_fractions", "parts")
    gone = book.filter(pl.col("cusip_before").is_null()).join(after, on=POSITION_KEY, how="anti")  # given, not kept
    return (
        book.join(gone.select(POSITION_KEY), on=POSITION_KEY, how="anti", maintain_order="left")
        if gone.height
        else book
    )


def underlying(book: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """A book whose options stand under their underlying's CUSIP, where the SEC's own number for options was filed.

    Only rows marked as puts or calls: without that mark they would be taken for stock (rule R3). The underlying is
    the one security known of that issuer with the same check digit; if there are several, the number is left.
    """
    if not book["cusip"].str.contains(_OPTION).any():
        return book
    numbers = [n for n in book.filter(pl.col("put_call") != "")["cusip"].unique() if cusips.is_option_number(n)]
    meant = {number: found[0] for number in numbers if len(found := underlyings(number, known)) == 1}
    if not meant:
        return book
    moved = (pl.col("put_call") != "") & pl.col("cusip").is_in(list(meant))
    return _as_one(
        book.with_columns(pl.when(moved).then(pl.col("cusip").replace(meant)).otherwise("cusip").alias("cusip"))
    )


def chain(numbers: Iterable[str], lineage: pl.DataFrame) -> list[str]:
    """CUSIPs with all that they were before and became after, along what is followed."""
    steps = lineage.filter(pl.col("certainty").is_in(FOLLOWED) & (pl.col("kind") != "spin_off"))
    pairs = [(old, new) for old, new in steps.select("cusip_before", "cusip").iter_rows() if old != new]
    numbers = list(numbers)
    return sorted(_reached(numbers, pairs) | _reached(numbers, [(new, old) for old, new in pairs]))


def names(numbers: Iterable[str], lineage: pl.DataFrame) -> dict[str, list[str]]:
    """Of some CUSIPs those that had another one before, or have another since: each with all of its numbers."""
    is_meant = pl.col("certainty").is_in(FOLLOWED) & (pl.col("kind") != "spin_off")
    steps = lineage.filter(is_meant & (pl.col("cusip") != pl.col("cusip_before")))
    became: dict[str, list[str]] = {}
    was: dict[str, list[str]] = {}
    for old, new in steps.select("cusip_before", "cusip").iter_rows():
        became.setdefault(old, []).append(new)
        was.setdefault(new, []).append(old)
    of = (became.keys() | was.keys()).intersection(numbers)
    return {number: sorted(_walked(number, became) | _walked(number, was)) for number in of}


def _walked(number: str, ways: dict[str, list[str]]) -> set[str]:
    found, fresh = {number}, {number}
    while fresh:
        fresh = {one for at in fresh for one in ways.get(at, ())} - found
        found |= fresh
    return found


def _reached(numbers: list[str], pairs: list[tuple[str, str]]) -> set[str]:
    found, fresh = set(numbers), set(numbers)
    while fresh:
        fresh = {new for old, new in pairs if old in fresh} - found
        found |= fresh
    return found


def underlyings(number: str, known: pl.Series) -> list[str]:
    """The securities that the SEC list's own number for options may stand for, of those known."""
    if not cusips.is_option_number(number):
        return []
    of_issuer = known.filter(known.str.starts_with(number[:6]) & known.str.ends_with(number[8]) & (known != number))
    return [one for one in of_issuer.unique().sort() if cusips.is_valid(one)]


def renumbered(before: pl.DataFrame, after: pl.DataFrame, lineage: pl.DataFrame, against: date) -> pl.DataFrame:
    """The later book, what stands in it under an old number and under the new one being one position.

    Args:
        before: positions of the earlier period; what was filed again unchanged keeps its number.
        after: positions of the later period.
        lineage: tables.LINEAGE up to the later period.
        against: the earlier period: a number that was retired since may be filed on for a while.
    """
    steps = lineage.filter(
        pl.col("certainty").is_in(FOLLOWED) & (pl.col("kind") != "spin_off") & (pl.col("against") >= against)
        & (pl.col("cusip") != pl.col("cusip_before"))
    )  # fmt: skip
    held, is_again = set(after["cusip"]), _filed_again(before)
    if not steps["cusip_before"].is_in(list(held)).any():
        return after
    # by the very steps that `follow` takes, so that each row goes as far as it would have come from the book before
    names = ("cusip", "amount_type", "is_again")
    rows = after.select("cusip", "amount_type", is_again=is_again).unique(maintain_order=True)
    walked = rows.with_columns(
        was="cusip", amount_adjusted=pl.lit(0, pl.Int64), exact=pl.lit(0.0), has_fractions=pl.lit(value=False),
        cause=pl.lit([], dtype=_CAUSE),
    )  # fmt: skip
    leading = _leading(held, steps)
    for event in steps.sort("period", "date", nulls_last=False, maintain_order=True).partition_by(
        "period", "date", maintain_order=True
    ):
        walked = _day(walked, event, held, leading, is_past=False)
    moved = walked.filter(pl.col("was") != pl.col("cusip")).select(
        pl.col("was").alias("cusip"), *names[1:], newest="cusip"
    )
    if moved.is_empty():
        return after
    joined = after.with_columns(is_again=is_again).join(moved, on=names, how="left", maintain_order="left")
    return _as_one(joined.with_columns(cusip=pl.coalesce("newest", "cusip")).select(after.columns))


def _leading(held: set[str], steps: pl.DataFrame) -> set[str]:
    """The numbers that became, at last, one of those held."""
    pairs = steps.select("cusip_before", "cusip").iter_rows()
    return _reached(list(held), [(new, old) for old, new in pairs if old != new])


def _day(book: pl.DataFrame, done: pl.DataFrame, held: set[str], leading: set[str], *, is_past: bool) -> pl.DataFrame:
    """What was done on one day, also where two things were done to one security."""
    book = _step(book, done, held, leading, is_past=is_past)
    is_new = done["cusip"] != done["cusip_before"]
    onward = done.filter(is_new & done["cusip_before"].is_in(done.filter(is_new)["cusip"].implode()))
    return _step(book, onward, held, leading, is_past=is_past)


def _filed_again(other: pl.DataFrame) -> pl.Expr:
    """Rows that stand in another book with the same amount and value: nobody has looked at them."""
    row = pl.struct(*POSITION_KEY, "amount", "value")
    return row.is_in(other.select(row).to_series().implode())


def _step(
    book: pl.DataFrame, quarter: pl.DataFrame, held: set[str], leading: set[str], *, is_past: bool
) -> pl.DataFrame:
    """One day's steps taken; `leading` are the numbers that became, at last, one of those held."""
    is_new = pl.col("cusip") != pl.col("cusip_before")
    files_old, files_new = pl.col("cusip_before").is_in(list(held)), pl.col("cusip").is_in(list(leading))
    if is_past:  # the holder went on filing a number that was retired before: shares are today's, the number is not
        one = pl.lit(1, pl.Int64)
        steps = quarter.filter(is_new & ~files_old & files_new).with_columns(shares=one, shares_before=one)
    else:
        quarter = quarter.sort(is_new, descending=True, maintain_order=True)
        steps = quarter.unique("cusip_before", keep="first", maintain_order=True)
    if not steps["cusip_before"].is_in(book["cusip"].implode()).any():
        return book
    told = steps.select(
        "shares", "shares_before", cusip="cusip_before",
        # who files the old number still keeps it, and has the shares of the new one
        became=pl.when(files_old & ~files_new).then("cusip_before").otherwise("cusip"),
        told=_cause(pl.col("kind"), pl.col("certainty")), unsure=_cause(pl.col("kind"), pl.lit("possible"), _AGAIN),
    )  # fmt: skip
    joined = book.join(told, on="cusip", how="left", maintain_order="left")
    is_share, is_one = pl.col("amount_type") == "SH", pl.col("shares") == pl.col("shares_before")
    is_meant = pl.col("became").is_not_null() & (is_share | is_one)
    goes = is_meant & (is_one | ~pl.col("is_again").fill_null(value=False))
    multiplied = goes & is_share
    whole = pl.col("amount_adjusted") // pl.col("shares_before")
    rest = pl.col("amount_adjusted") % pl.col("shares_before")
    # in two parts, which no amount of shares makes too large; fractions are paid in cash
    product = whole * pl.col("shares") + rest * pl.col("shares") // pl.col("shares_before")
    exact = pl.col("exact") * pl.col("shares") / pl.col("shares_before")
    cause = pl.when(goes).then("told").when(is_meant).then("unsure")
    return joined.with_columns(
        cusip=pl.when(goes).then("became").otherwise("cusip"),
        amount_adjusted=pl.when(multiplied).then(product).otherwise("amount_adjusted"),
        exact=pl.when(multiplied).then(exact).otherwise("exact"),
        has_fractions=pl.col("has_fractions") | (multiplied & (pl.col("shares_before") > 1)),
        cause=pl.when(is_meant).then(pl.col("cause").list.concat(cause)).otherwise("cause"),
    ).drop("became", "told", "unsure", "shares", "shares_before")


def _cause(kind: pl.Expr, certainty: pl.Expr, remark: str = "") -> pl.Expr:
    """An action as a cause, with what it did in words and its evidence; with a remark before that, if any."""
    rate = pl.format("{} for {}", "shares", "shares_before")
    numbers = pl.when(pl.col("cusip") != pl.col("cusip_before")).then(
        pl.format(", {} became {}", "cusip_before", "cusip")
    ).otherwise(pl.lit(""))  # fmt: skip
    day = (
        pl.when(pl.col("date").is_not_null())
        .then(pl.format(", {}", pl.col("date").cast(pl.String)))
        .otherwise(pl.lit(""))
    )
    did = pl.concat_list(pl.format("action: {}{}{}{}", rate, numbers, day, pl.lit(remark)))
    line = pl.element()
    evidence = did.list.concat(pl.col("evidence")).list.eval(
        pl.struct(
            kind=line.str.extract(_KIND), detail=line.str.replace(_KIND, ""),
            accession_number=pl.lit(None, pl.String), rows=pl.lit([], pl.List(pl.Int64)),
        )
    )  # fmt: skip
    cause = pl.struct(
        cause=kind.replace_strict(_CAUSES, return_dtype=pl.String), confidence=certainty, evidence=evidence
    )
    return pl.concat_list(cause).cast(_CAUSE)


def _given(book: pl.DataFrame, spun: pl.DataFrame) -> pl.DataFrame:
    """What holders of shares were given in spin-offs: nothing as filed before, in shares what they received."""
    held = book.filter((pl.col("put_call") == "") & (pl.col("amount_type") == "SH")).with_row_index("place")
    held = held.select("place", "amount_adjusted", "parts", now="cusip", then="cusip_before")
    # the parent may have another number by then, or not yet
    rows = pl.concat(
        [
            spun.join(held, left_on="cusip_before", right_on=name).select(
                *spun.columns, "place", "amount_adjusted", "parts"
            )
            for name in ("now", "then")
        ]
    )
    rows = rows.unique(["place", "cusip"], keep="first", maintain_order=True)
    received = pl.col("amount_adjusted") * pl.col("shares") // pl.col("shares_before")
    return rows.select(
        "cusip", "parts", put_call=pl.lit(""), amount_type=pl.lit("SH"), amount=pl.lit(0, pl.Int64),
        value=pl.lit(0, pl.Int64), amount_adjusted=received, cusip_before=pl.lit(None, pl.String),
        exact=pl.col("amount_adjusted") * pl.col("shares") / pl.col("shares_before"), has_fractions=pl.lit(value=True),
        is_again=pl.lit(value=False), cause=_cause(pl.col("kind"), pl.col("certainty")),
    )  # fmt: skip


def _in_whole_shares(book: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Adjusted amounts that differ from those held by nothing but fractions paid out in cash, as those held."""
    if not book["has_fractions"].any():
        return book
    joined = book.join(after.select(*POSITION_KEY, now="amount"), on=POSITION_KEY, how="left", maintain_order="left")
    off = (pl.col("now") - pl.col("exact")).abs()
    fits = (pl.col("has_fractions") & (off < pl.col("parts"))).fill_null(value=False)
    return joined.with_columns(amount_adjusted=pl.when(fits).then("now").otherwise("amount_adjusted")).drop("now")


def _as_one(book: pl.DataFrame) -> pl.DataFrame:
    """Positions that came to have one key, as one: the names and CUSIP of the largest, the rest added up."""
    if not book.select(POSITION_KEY).is_duplicated().any():
        return book
    sums = [
        name
        for name in ("amount", "value", "weight", "rows", "amount_adjusted", "exact", "parts")
        if name in book.columns
    ]
    lists = [name for name in ("accession_numbers", "filed", "oddities", "cause") if name in book.columns]
    flags = [name for name in ("has_fractions",) if name in book.columns]
    firsts = [name for name in book.columns if name not in (*POSITION_KEY, *sums, *lists, *flags)]
    ordered = book.sort("value", descending=True, nulls_last=True, maintain_order=True)
    added = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in sums]
    together = ordered.group_by(POSITION_KEY, maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first() for name in firsts), *added, *(pl.col(name).any() for name in flags),
        *(pl.col(name).explode() for name in lists),
    )  # fmt: skip
    return together.with_columns(*(pl.col(name).list.drop_nulls() for name in lists)).select(book.columns)


def with_possible(moves: pl.DataFrame, lineage: pl.DataFrame, against: date) -> pl.DataFrame:
    """Moves with what may have been done to their securities as causes that are `possible`: told, never followed.

    Args:
        moves: tables.MOVES.
        lineage: tables.LINEAGE up to the later period.
        against: the earlier period.
    """
    here = pl.concat([moves["cusip"], moves["cusip_before"]]).implode()
    possible = lineage.filter(
        (pl.col("certainty") == "possible") & (pl.col("against") >= against)
        & (lineage["cusip_before"].is_in(here) | lineage["cusip"].is_in(here))
    )  # fmt: skip
    if possible.is_empty():
        return moves
    told = possible.with_columns(may=_cause(pl.col("kind"), pl.col("certainty")))
    by_old = told.group_by(number="cusip_before", maintain_order=True).agg(pl.col("may").explode())
    other = told.filter(pl.col("cusip") != pl.col("cusip_before"))
    by_new = other.group_by(number="cusip", maintain_order=True).agg(came=pl.col("may").explode())
    joined = moves.join(by_old, left_on="cusip_before", right_on="number", how="left", maintain_order="left")
    joined = joined.join(by_new, left_on="cusip", right_on="number", how="left", maintain_order="left")
    is_share, is_new = pl.col("amount_type") == "SH", pl.col("change") == "new"
    more = pl.when(is_share & pl.col("may").is_not_null()).then("may").when(is_share & is_new).then("came")
    told_too = more.fill_null(pl.lit([], dtype=_CAUSE))
    return joined.with_columns(cause=pl.col("cause").list.concat(told_too)).select(moves.columns)
