"""What holders' books say was done to a security between two quarter ends: they vote with their amounts.

A split multiplies the amount of everybody who did not trade by the same simple ratio while the price does the
opposite; a CUSIP that is changed goes from all books at once while another comes with the same amounts. One holder may
trade by such a ratio, or leave one security and enter another by chance; three do not. So what is asked for is
agreement, a price that bears it out, and that nothing speaks against it: holders whose amounts did not change, others
who hold the old CUSIP still or held the new one before. The grades are those of docs/method.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from thirteenf.lineage import ratios
from thirteenf.tables import LINEAGE

COLUMNS = tuple(name for name in LINEAGE.names if name not in ("against", "period", "date"))
ENOUGH = 3
"""So many holders who agree confirm an action."""
_SMALL = 20
"""An amount below says little by being a multiple: small numbers often are."""
_UNROUND = 100
_NEAR, _CLOSE = 0.2, 0.1
_EQUAL_PRICE = 2.5
_FALL = 1.22
"""Below this, a price says nothing of a split: the smallest looked for is 5 for 4, mostly 3 for 2."""
_SAMPLE, _FEW = 40, 8
"""Of so many holders of each security it is looked what else they have: a few first, then more."""
_LARGE = 1_000
"""A manager who has more holds nearly everything, which says nothing of what goes with what."""
_TELLING = 300
"""Amounts below say too little of an odd ratio: many pass for it, rounded."""
_WIDTH = 0.002
_DRIFT = 0.5
"""How far a price may be off an exchange ratio, in logarithms: the market's part of a quarter."""
_KEY = ["cusip_before", "cusip"]
_NUMBER = pl.UInt32()
"""CUSIPs are looked at millions of times: as numbers inside, as text outside."""


def cast(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What was done to securities between two quarter ends, by the books of those who filed for both.

    Args:
        before: shares that are no options at the earlier quarter's end: cik, cusip, issuer, amount, value in dollars;
            a row a manager and CUSIP.
        after: the same a quarter later.

    Returns:
        Columns of tables.LINEAGE without its dates, a row an action, graded by this evidence alone.
    """
    names = _names(before, after)
    rows = _rows(before, after, names)
    securities = _securities(rows)
    splits = _splits(rows, securities)
    changed = _changes(rows, securities, names)
    explained = pl.concat([changed.filter(_is_followed()).select(gone="cusip_before", came="cusip")])
    merged = _mergers(rows, securities, explained)
    came = pl.concat([explained["came"], merged["cusip"]])
    spun = _spin_offs(rows, securities, came)
    told = pl.concat([splits, changed, merged, spun]).with_columns(evidence=pl.concat_list(_evidence()))
    texts = names.select("cusip", "text")
    for side in _KEY:
        told = told.join(texts, left_on=side, right_on="cusip").drop(side).rename({"text": side})
    return told.select(LINEAGE.schema(COLUMNS).names()).cast(dict(LINEAGE.schema(COLUMNS))).sort(*_KEY)  # type: ignore[arg-type]


def _is_followed() -> pl.Expr:
    return pl.col("certainty") != "possible"


def _rows(before: pl.DataFrame, after: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Both quarters side by side, of managers with both: cik, cusip, amount and value of each, null where not held."""
    ciks = before.select("cik").unique().join(after.select("cik").unique(), on="cik", how="semi")
    ciks = ciks.sort("cik").with_row_index("manager")

    def side(frame: pl.DataFrame) -> pl.LazyFrame:
        held = frame.lazy().filter(pl.col("amount") > 0).join(ciks.lazy(), on="cik")
        numbered = held.join(names.lazy().select("text", number="cusip"), left_on="cusip", right_on="text")
        return numbered.select("manager", "amount", "value", cusip="number")

    joined = side(before).join(side(after), on=["manager", "cusip"], how="full", coalesce=True, suffix="_after")
    return joined.collect(engine="streaming")


def _names(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Every CUSIP with its number, issuer's six characters, and the first word of a name."""
    both = pl.concat([frame.lazy().group_by("cusip").agg(pl.col("issuer").first()) for frame in (before, after)])
    word = pl.col("issuer").str.to_uppercase().str.extract(r"^(?:THE\s+)?([A-Z0-9&'.-]{2,})")
    known = both.unique("cusip", keep="first", maintain_order=True).sort("cusip").with_row_index("number")
    return known.select(
        cusip=pl.col("number").cast(_NUMBER), text="cusip", issue=pl.col("cusip").str.head(6), word=word
    ).collect()


def _price() -> pl.Expr:
    """Implied price before, for each dollar of that after."""
    known = (pl.col("value") > 0) & (pl.col("value_after") > 0)
    return pl.when(known).then(pl.col("value") / pl.col("amount") * pl.col("amount_after") / pl.col("value_after"))


def _securities(rows: pl.DataFrame) -> pl.DataFrame:
    """Each CUSIP: how many held it on both days, left it, came to it; its price, and the median ratio of amounts."""
    ratio = pl.col("amount_after") / pl.col("amount")
    told = (
        rows.lazy()
        .with_columns(price=_price(), ratio=ratio)
        .group_by("cusip")
        .agg(
            holders=pl.col("ratio").count().cast(pl.Int64),
            left=pl.col("amount_after").null_count().cast(pl.Int64),
            came=pl.col("amount").null_count().cast(pl.Int64),
            price=pl.col("price").median(),
            ratio=pl.col("ratio").median(),
            price_before=(pl.col("value") / pl.col("amount")).median(),
            price_after=(pl.col("value_after") / pl.col("amount_after")).median(),
        )
    )
    return told.collect(engine="streaming")


def _voters(pairs: pl.DataFrame) -> pl.DataFrame:
    """Amounts before and after as votes: exact simple ratios, shares after for each before, as numerator over denominator."""
    a, b = pl.col("amount"), pl.col("amount_after")
    forward = (b % a == 0) & (a >= _SMALL)
    several = (a / b).round().cast(pl.Int64)
    # fractions are paid out in cash, by account: a share less than the ratio gives
    backward = (a > b) & (b >= _SMALL) & ((a // several - b).abs() <= 1) & (several >= 2)
    simple = [int(one) for one in ratios.SIMPLE if one.denominator == 1]
    up = pl.when(forward & (b // a).is_in(simple)).then(b // a)
    down = pl.when(backward & several.is_in(simple)).then(several)
    votes = pairs.with_columns(up=up, down=down)
    fractions = [one for one in ratios.SIMPLE if one.denominator > 1]
    top, bottom = pl.col("up"), pl.when(pl.col("up").is_not_null()).then(1)
    for one in fractions:
        fits = (b * one.denominator == a * one.numerator) & (a >= _SMALL)
        top, bottom = (pl.when(fits).then(pl.lit(value)).otherwise(kept)
                       for value, kept in ((one.numerator, top), (one.denominator, bottom)))  # fmt: skip
    top = pl.when(pl.col("down").is_not_null()).then(1).otherwise(top)
    bottom = pl.when(pl.col("down").is_not_null()).then(pl.col("down")).otherwise(bottom)
    same = a == b
    return votes.select(
        pl.exclude("up", "down"),
        shares=pl.when(same).then(1).otherwise(top).cast(pl.Int64),
        shares_before=pl.when(same).then(1).otherwise(bottom).cast(pl.Int64),
    )


def _hypotheses(voted: pl.DataFrame, stats: pl.DataFrame) -> pl.DataFrame:
    """Ratios to try for each pair of CUSIPs: those voted for, and the simple ones nearest to amounts and price."""
    by_vote = voted.filter(pl.col("shares").is_not_null()).select(*_KEY, "shares_before", "shares").unique()
    guesses = stats.select(
        *_KEY, pl.concat_list("ratio", "price", (pl.col("ratio") * pl.col("price")).sqrt()).alias("guess")
    )
    guesses = guesses.explode("guess").drop_nulls().filter(pl.col("guess").is_finite() & (pl.col("guess") > 0))
    guessed = ratios.nearest(guesses, "guess").select(by_vote.columns)
    return pl.concat([by_vote, guessed]).unique()


def _tried(voted: pl.DataFrame, stats: pl.DataFrame) -> pl.DataFrame:
    """For each pair the ratio that its holders' amounts and its price bear out best, with all that is counted for it."""
    tried = _hypotheses(voted, stats).with_columns(rate=pl.col("shares") / pl.col("shares_before"))
    off = (pl.col("amount_after") / pl.col("amount") / pl.col("rate")).log().abs()
    ballot = voted.select(*_KEY, "amount", "amount_after", voted="shares", voted_before="shares_before")
    is_vote = (pl.col("voted") == pl.col("shares")) & (pl.col("voted_before") == pl.col("shares_before"))
    counted = (
        tried.join(ballot, on=_KEY)
        .group_by(*_KEY, "shares_before", "shares", "rate")
        .agg(
            votes=is_vote.fill_null(value=False).sum().cast(pl.Int64),
            unround=(is_vote.fill_null(value=False) & (pl.col("amount") % _UNROUND != 0)
                     & (pl.col("amount") > _UNROUND)).sum().cast(pl.Int64),
            near=(off <= _NEAR).sum().cast(pl.Int64),
            close=(off <= _CLOSE).sum().cast(pl.Int64),
            against=((pl.col("amount_after") / pl.col("amount")).log().abs() <= 0.005).sum().cast(pl.Int64),  # noqa: PLR2004
        )
        .join(stats, on=_KEY)
    )  # fmt: skip
    price_off = (pl.col("price") / pl.col("rate")).log().abs().fill_null(0.0)
    ratio_off = (pl.col("ratio") / pl.col("rate")).log().abs()
    weight = pl.min_horizontal(pl.col("holders"), 20) ** 0.5
    # a vote weighs most; then how far amounts and price are off, in their usual spread over a quarter
    odds = pl.col("votes") * 4.0 - (ratio_off * weight / 0.3) ** 2 / 2 - (price_off / 0.3) ** 2 / 2
    scored = counted.with_columns(odds=odds, price_off=price_off, ratio_off=ratio_off)
    ordered = scored.sort(*_KEY, "odds", "rate", descending=[False, False, True, False])
    best = ordered.with_columns(next=pl.col("odds").shift(-1).over(_KEY)).unique(
        _KEY, keep="first", maintain_order=True
    )
    return best.with_columns(is_clear=(pl.col("odds") - pl.col("next") >= 2.0).fill_null(value=True))  # noqa: PLR2004


def _grade(is_pair: pl.Expr) -> pl.Expr:
    """How sure a ratio is by its votes; null where there is nothing to say.

    Args:
        is_pair: whether the CUSIP changed: then equal amounts are a vote too.
    """
    rate, price, votes, holders = pl.col("rate"), pl.col("price"), pl.col("votes"), pl.col("holders")
    is_one = rate == 1.0
    borne_out = pl.when(is_one).then(
        (price.log().abs() <= pl.lit(_EQUAL_PRICE).log()).fill_null(value=True)
    ).otherwise(ratios.agrees(price, rate).fill_null(value=False)
                | (is_pair & pl.col("is_issue") & (votes >= ENOUGH) & (price.log() * rate.log() > 0)))  # fmt: skip
    most = (pl.col("near") * 2 >= holders) & (pl.col("near") >= ENOUGH)
    enough = (votes >= ENOUGH) & (is_one | (votes > pl.col("against")))
    tight = (pl.col("price_off") <= 0.5) & (pl.col("ratio_off") <= 0.2) & pl.col("is_clear")  # noqa: PLR2004
    at_least_two = (rate >= 2.0) | (rate <= 0.5)  # noqa: PLR2004
    confirmed = borne_out & pl.when(is_one).then(
        is_pair & (enough | (most & tight))
    ).otherwise((enough & (pl.col("near") * 4 >= holders)) | (most & tight & at_least_two))  # fmt: skip
    few = (votes >= 1) & (is_one | (pl.col("against") == 0))
    likely = borne_out & pl.when(is_one).then(
        is_pair & pl.col("is_related") & (pl.col("unround") >= 1)
    ).otherwise(few & at_least_two & (pl.col("near") * 2 >= holders))  # fmt: skip
    return pl.when(confirmed).then(pl.lit("confirmed")).when(likely).then(pl.lit("likely"))


def _splits(rows: pl.DataFrame, securities: pl.DataFrame) -> pl.DataFrame:
    """Splits that keep their CUSIP."""
    moved = securities.filter(
        (pl.col("holders") > 0) & ((pl.col("price") >= _FALL) | (pl.col("price") <= 1 / _FALL**2))
    )
    stats = moved.select(
        "cusip", "holders", "price", "ratio", cusip_before="cusip", is_related=pl.lit(True), is_issue=pl.lit(True)
    )  # noqa: FBT003
    held = rows.drop_nulls().join(moved.select("cusip"), on="cusip", how="semi").with_columns(cusip_before="cusip")
    best = _tried(_voters(held), stats).filter(pl.col("rate") != 1.0)
    price, ratio = pl.col("price"), pl.col("ratio")
    both = ((price / ratio).log().abs() <= 0.7) & (price.log().abs() >= 0.64) & (ratio.log().abs() >= 0.4)  # noqa: PLR2004
    alone = (price.log().abs() >= 1.25) & (pl.col("holders") < ENOUGH)  # noqa: PLR2004
    is_possible = (both | alone) & (pl.col("against") * 2 < pl.col("holders"))
    kind = pl.when(pl.col("rate") > 1).then(pl.lit("split")).otherwise(pl.lit("reverse_split"))
    graded = best.with_columns(
        certainty=_grade(pl.lit(False)).fill_null(pl.when(is_possible).then(pl.lit("possible"))), kind=kind
    )  # noqa: FBT003
    return _finished(graded)


def _finished(graded: pl.DataFrame) -> pl.DataFrame:
    return graded.filter(pl.col("certainty").is_not_null()).select(
        "kind", *_KEY, "shares_before", "shares", "certainty", "holders", "votes", "near", price_ratio="price"
    )


def _changes(rows: pl.DataFrame, securities: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """CUSIPs that were changed, with a ratio or without."""
    sides = securities.join(names, on="cusip")
    left = sides.filter(pl.col("left") > 0).with_columns(is_gone=pl.col("holders") <= pl.col("left") // 4)
    came = sides.filter(pl.col("came") > 0).with_columns(is_new=pl.col("holders") <= pl.col("came") // 4)
    exits = (
        rows.filter(pl.col("amount_after").is_null())
        .select("manager", "cusip", "amount", "value")
        .join(left, on="cusip")
    )
    exits = exits.rename({"cusip": "cusip_before"}).select(
        "manager", "cusip_before", "amount", "value", "left", "is_gone", "issue", "word", "price_before", "price_after"
    )
    entries = (
        rows.filter(pl.col("amount").is_null())
        .select("manager", "cusip", "amount_after", "value_after")
        .join(came, on="cusip")
    )
    entries = entries.select(
        "manager",
        "cusip",
        "amount_after",
        "value_after",
        "came",
        "is_new",
        "issue",
        "word",
        "price_before",
        "price_after",
    )
    gone, new = exits.filter("is_gone"), entries.filter("is_new")
    wanted = ["manager", *_KEY, "amount", "value", "amount_after", "value_after", "left", "came"]
    related = [
        gone.filter(pl.col(by).is_not_null()).join(new, on=["manager", by]).select(wanted) for by in ("issue", "word")
    ]
    related.append(_late(exits, entries).select(wanted))
    pairs = pl.concat(related).unique(["manager", *_KEY]).with_columns(is_related=pl.lit(True))  # noqa: FBT003
    equal = gone.join(new, left_on=["manager", "amount"], right_on=["manager", "amount_after"], suffix="_new")
    others = equal.with_columns(amount_after="amount").select(wanted).join(pairs, on=["manager", *_KEY], how="anti")
    pairs = pl.concat([pairs, others.with_columns(is_related=pl.lit(False))])  # noqa: FBT003
    if pairs.is_empty():
        return _finished(
            pl.DataFrame(
                schema={
                    **dict.fromkeys(("kind", "certainty"), pl.String),
                    **dict.fromkeys(_KEY, _NUMBER),
                    **dict.fromkeys(("shares_before", "shares", "holders", "votes", "near"), pl.Int64),
                    "price": pl.Float64,
                }
            )
        )
    issues = names.select("cusip", "issue")
    pairs = pairs.join(issues, on="cusip").join(issues, left_on="cusip_before", right_on="cusip", suffix="_before")
    pairs = pairs.with_columns(price=_price(), is_issue=pl.col("issue") == pl.col("issue_before"))
    stats = pairs.group_by(_KEY).agg(
        pl.col("left", "came", "is_related", "is_issue").first(), holders=pl.len().cast(pl.Int64), price=pl.col("price").median(),
        ratio=(pl.col("amount_after") / pl.col("amount")).median(),
    )  # fmt: skip
    best = _tried(_voters(pairs), stats)
    # of unrelated issuers only equal amounts were looked at: those say nothing unless many holders agree
    most = (pl.col("votes") * 2 >= pl.col("left")) & (pl.col("unround") >= ENOUGH)
    grade = _grade(pl.lit(True))  # noqa: FBT003
    certainty = (
        pl.when(pl.col("is_related")).then(grade)
        .when(most & (grade == "confirmed")).then(pl.lit("confirmed"))
    )  # fmt: skip
    is_possible = (
        pl.when(pl.col("is_issue")).then((pl.col("votes") >= 1) | _close_to_simple()).otherwise(pl.col("unround") >= 1)
    )
    graded = best.with_columns(
        certainty=certainty.fill_null(pl.when(is_possible).then(pl.lit("possible"))), kind=pl.lit("cusip_change")
    )
    graded = graded.filter(pl.col("certainty").is_not_null())
    return _finished(_one_each(graded))


def _late(exits: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Exits and entries of one issuer with equal amounts, where others changed the CUSIP before, or have not yet.

    Then both CUSIPs have one price on the day on which both are held: they are the same security.
    """
    is_telling = (pl.col("amount") > _UNROUND) & (pl.col("amount") % _UNROUND != 0)
    pairs = exits.filter(is_telling).join(
        entries, left_on=["manager", "issue", "amount"], right_on=["manager", "issue", "amount_after"], suffix="_new"
    )

    def is_one(day: str) -> pl.Expr:
        return ((pl.col(f"price_{day}") / pl.col(f"price_{day}_new")).log().abs() <= 0.01).fill_null(value=False)  # noqa: PLR2004

    same = (pl.col("is_gone") | is_one("after")) & (pl.col("is_new") | is_one("before"))
    return pairs.filter(same).with_columns(amount_after="amount")


def _close_to_simple() -> pl.Expr:
    """Whether amounts and price point at a ratio, though nobody's amounts show it exactly."""
    return (pl.col("price_off") <= 0.5) & ((pl.col("ratio") / pl.col("price")).log().abs() <= 0.7)  # noqa: PLR2004


def _one_each(graded: pl.DataFrame) -> pl.DataFrame:
    """What went became one thing, and what came was one: of several the best, and none of equals is followed."""
    rank = pl.col("certainty").replace_strict({"confirmed": 2, "likely": 1, "possible": 0}, return_dtype=pl.Int64)
    score = rank * 1_000_000 + pl.col("is_related").cast(pl.Int64) * 100_000 + pl.col("votes") * 10 + pl.col("near")
    graded = graded.with_columns(score=score)
    for side in _KEY:
        best = pl.col("score").max().over(side)
        tied = (pl.col("score") == best).sum().over(side) > 1
        graded = graded.filter((pl.col("score") == best) | (pl.col("certainty") == "possible")).with_columns(
            certainty=pl.when(tied & (pl.col("score") == best)).then(pl.lit("possible")).otherwise("certainty")
        )
    followed = graded.filter(_is_followed())
    taken = pl.col("cusip_before").is_in(followed["cusip_before"].implode()) | pl.col("cusip").is_in(
        followed["cusip"].implode()
    )
    return graded.filter(_is_followed() | ~taken)


@dataclass(frozen=True)
class _Exchange:
    """How rows of one security and rows of another go together, for mergers and spin-offs."""

    kind: str
    share: float
    is_priced: bool


def _mergers(rows: pl.DataFrame, securities: pl.DataFrame, explained: pl.DataFrame) -> pl.DataFrame:
    """Securities that went from nearly all books, whose holders came to hold another in one odd ratio."""
    gone = securities.filter((pl.col("left") >= ENOUGH) & (pl.col("holders") * 10 <= pl.col("left")))
    gone = gone.join(explained, left_on="cusip", right_on="gone", how="anti")
    exits = rows.filter(pl.col("amount_after").is_null() & (pl.col("amount") >= _TELLING))
    exits = exits.join(gone.select("cusip"), on="cusip", how="semi")
    exits = exits.select("manager", "amount", "value", cusip_before="cusip")
    entries = rows.filter(pl.col("amount").is_null() & (pl.col("amount_after") >= _TELLING))
    entries = entries.select("manager", "cusip", "amount_after", "value_after")
    return _exchanged(exits, entries, "cusip_before", _Exchange("merger", 0.4, is_priced=True))


def _spin_offs(rows: pl.DataFrame, securities: pl.DataFrame, explained: pl.Series) -> pl.DataFrame:
    """Securities that nobody held, given to holders of another in a simple ratio."""
    new = securities.filter((pl.col("came") >= ENOUGH) & (pl.col("holders") == 0) & (pl.col("left") == 0))
    new = new.filter(~pl.col("cusip").is_in(explained.implode()))
    stays = securities.filter(pl.col("holders") >= pl.col("left")).select("cusip")
    parents = (
        rows.filter(pl.col("amount") >= _TELLING)
        .join(stays, on="cusip", how="semi")
        .select("manager", "amount", "value", cusip_before="cusip")
    )
    entries = rows.filter(pl.col("amount").is_null() & (pl.col("amount_after") >= _TELLING))
    entries = entries.join(new.select("cusip"), on="cusip", how="semi")
    entries = entries.select("manager", "cusip", "amount_after", "value_after")
    return _exchanged(parents, entries, "cusip", _Exchange("spin_off", 0.6, is_priced=False))


def _smallest(rows: pl.DataFrame, others: pl.DataFrame, by: str, size: int) -> pl.DataFrame:
    """Of each security the rows of the managers with the fewest others: they are enough, and pair with the least."""
    sizes = others.group_by("manager").agg(size=pl.len()).filter(pl.col("size") <= _LARGE)
    ordered = rows.join(sizes, on="manager").sort("size", "manager")
    kept = ordered.filter(pl.int_range(pl.len()).over(by) < size)
    return kept.with_columns(asked=pl.len().over(by).cast(pl.Int64)).drop("size")


def _joint(left: pl.DataFrame, right: pl.DataFrame, by: str, how: _Exchange, size: int) -> pl.DataFrame:
    """Rows of both of a few managers, of the pairs of securities that most of these have: with `joint`."""
    if by == "cusip_before":
        left = _smallest(left, right, by, size)
    else:
        right = _smallest(right, left, by, size)
    pairs = left.join(right, on="manager")
    joint = pairs.group_by(_KEY).agg(joint=pl.len().cast(pl.Int64), asked=pl.col("asked").first())
    joint = joint.filter((pl.col("joint") >= ENOUGH) & (pl.col("joint") >= pl.col("asked") * how.share))
    return pairs.join(joint.drop("asked"), on=_KEY)


def _exchanged(left: pl.DataFrame, right: pl.DataFrame, by: str, how: _Exchange) -> pl.DataFrame:
    """Pairs whose amounts stand in one ratio for several holders.

    A few managers say which pairs come into question, more of them in what ratio.
    """
    other = "cusip" if by == "cusip_before" else "cusip_before"
    few = _joint(left, right, by, how, _FEW).select(_KEY).unique()
    left = left.join(few.select("cusip_before").unique(), on="cusip_before", how="semi")
    right = right.join(few.select("cusip").unique(), on="cusip", how="semi")
    pairs = _joint(left, right, by, how, _SAMPLE).join(few, on=_KEY, how="semi")
    pairs = pairs.with_columns(ratio=pl.col("amount_after") / pl.col("amount"), price=_price())
    binned = pl.concat(
        [pairs.with_columns(bin=(pl.col("ratio").log() / _WIDTH + shift).floor().cast(pl.Int64) * 2 + place)
         for place, shift in enumerate((0.0, 0.5))]
    )  # fmt: skip
    found = (
        binned.group_by(*_KEY, "bin")
        .agg(
            pl.len().alias("size"), pl.col("amount", "amount_after"), holders=pl.col("joint").first(),
            price=pl.col("price").median(),
        )
        .filter((pl.col("size") >= ENOUGH) & (pl.col("size") * 6 >= pl.col("holders")))
        .sort(*_KEY, "size", "bin", descending=[False, False, True, False])
        .unique(_KEY, keep="first", maintain_order=True)
    )  # fmt: skip
    rows = []
    for row in found.iter_rows(named=True):
        ratio = _written(row["amount"], row["amount_after"])
        votes = sum(abs(b - a * ratio) <= 1 for a, b in zip(row["amount"], row["amount_after"], strict=True))
        is_priced = abs(math.log(row["price"] / ratio)) <= _DRIFT if row["price"] else False
        is_simple = ratio.numerator == 1 or ratio.denominator == 1 or max(ratio.numerator, ratio.denominator) <= 20  # noqa: PLR2004
        if votes >= ENOUGH and (is_priced if how.is_priced else is_simple):
            told = {name: row[name] for name in (*_KEY, "holders", "price")}
            rows.append(told | {"votes": votes, "shares_before": ratio.denominator, "shares": ratio.numerator})
    schema = {
        **dict.fromkeys(_KEY, _NUMBER),
        **dict.fromkeys(("holders", "votes"), pl.Int64),
        "price": pl.Float64,
        "shares_before": pl.Int64,
        "shares": pl.Int64,
    }
    best = pl.DataFrame(rows, schema=schema).sort(by, "votes", "holders", other, descending=[False, True, True, False])
    best = best.unique(by, keep="first", maintain_order=True)
    graded = best.with_columns(kind=pl.lit(how.kind), certainty=pl.lit("confirmed"), near=pl.col("votes"))
    return _finished(graded)


def _written(before: list[int], after: list[int]) -> Fraction:
    """The simplest ratio that amounts bear out: a whole number either way, else the shortest decimal fraction."""
    middle = Fraction(sum(after), sum(before))
    guesses = [Fraction(max(1, round(middle))), Fraction(1, max(1, round(1 / middle)))]
    guesses += [Fraction(round(middle * 10**places), 10**places) for places in range(1, 7)]
    most = max(before)
    return next((one for one in guesses if one and abs(one - middle) * most <= len(before) + 1), middle)


def _evidence() -> pl.Expr:
    """The votes in words."""
    holders, votes = pl.col("holders").cast(pl.String), pl.col("votes").cast(pl.String)
    rate = pl.format("{} for {}", "shares", "shares_before")
    price = pl.when(pl.col("price_ratio").is_not_null()).then(
        pl.format(", while a dollar of its price became {}", (1 / pl.col("price_ratio")).round(3))
    ).otherwise(pl.lit(""))  # fmt: skip
    noun = pl.when(pl.col("holders") == 1).then(pl.lit("holder")).otherwise(pl.lit("holders"))
    return pl.format("holders: {} of {} {} show {} exactly, {} nearly{}", votes, holders, noun, rate, "near", price)
