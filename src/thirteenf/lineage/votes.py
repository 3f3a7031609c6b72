"""What holders' books say was done to a security between two quarter ends: they vote with their amounts.

A split multiplies the amount of everybody who did not trade by the same simple ratio while the price does the
opposite; a CUSIP that is changed goes from all books at once while another comes with the same amounts. One holder may
trade by such a ratio, or leave one security and enter another by chance; three do not. So what is asked for is
agreement, a price that bears it out, and that nothing speaks against it: holders whose amounts did not change, others
who hold the old CUSIP still or held the new one before. The grades are those of docs/method.md.
"""

from __future__ import annotations

import polars as pl

from thirteenf.lineage import exchanges, grades, ratios, sides
from thirteenf.lineage.sides import COUNTED, ENOUGH, KEY, price
from thirteenf.tables import LINEAGE

COLUMNS = tuple(name for name in LINEAGE.names if name not in ("against", "period", "date"))
_SMALL = 20
"""An amount below says little by being a multiple: small numbers often are."""
_UNROUND = 100
_FINE = 500
"""An amount after a reverse split below says too little by itself: a share more or less makes it another ratio."""
_SAME = 0.005
_FALL = 1.22
"""Below this, a price or a median amount says nothing of a split: the smallest looked for is 3 for 2."""
_VOTE, _SPREAD, _CLEAR = 4.0, 0.3, 2.0
"""What a vote weighs at most, the usual spread of amounts and prices, and by how much a ratio must be the best."""
_ONE_PRICE = 0.0005
"""Two CUSIPs of one security have one price; two classes of an issuer hardly ever."""
_TRIED = 4
_SHARE = 6
"""Of those who left a security one in so many, at least, must show what became of it, if no name does."""


def cast(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What was done to securities between two quarter ends, by the books of those who filed for both.

    Args:
        before: shares that are no options at the earlier quarter's end: cik, cusip, issuer, amount, value in dollars;
            a row a manager and CUSIP.
        after: the same a quarter later.

    Returns:
        Columns of tables.LINEAGE without its dates, a row an action, graded by this evidence alone.
    """
    names = sides.names(before, after)
    rows = sides.rows(before, after, names)
    securities = sides.securities(rows)
    own = _own_doing(rows)
    splits = _splits(rows, securities, own)
    changed = _changes(rows, securities, names, own)
    explained = changed.filter(_is_followed() & ~pl.col("is_weak")).select(gone="cusip_before", came="cusip")
    merged = exchanges.mergers(rows, securities, explained)
    # a leading word and a simple ratio that few show exactly: what holders came to have to the share says more
    changed = changed.filter(~pl.col("is_weak") | ~pl.col("cusip_before").is_in(merged["cusip_before"].implode()))
    changed = changed.drop("is_weak")
    came = pl.concat([explained["came"], merged["cusip"]])
    spun = exchanges.spin_offs(rows, securities, came)
    told = pl.concat([splits, changed, merged, spun]).with_columns(evidence=_evidence())
    told = told.rename({"price": "price_ratio"})
    texts = names.select("cusip", "text")
    for side in KEY:
        told = told.join(texts, left_on=side, right_on="cusip").drop(side).rename({"text": side})
    return told.select(LINEAGE.schema(COLUMNS).names()).cast(dict(LINEAGE.schema(COLUMNS))).sort(*KEY)  # type: ignore[arg-type]


def _is_followed() -> pl.Expr:
    return pl.col("certainty") != "possible"


def _own_doing(rows: pl.DataFrame) -> pl.DataFrame:
    """Ratios that are a manager's own doing: manager, shares_before, shares.

    Whoever files a quarter's amounts in thousands, with values as ever, shows a reverse split of the whole book, and
    the prices implied bear it out. A ratio that one manager shows for several securities is taken for that where
    nobody else shows it for any of them: of true splits of one quarter others would tell too.
    """
    held = rows.drop_nulls().with_columns(price=price())
    votes = _voters(held.filter((pl.col("price") >= _FALL) | (pl.col("price") <= 1 / _FALL))).drop_nulls("shares")
    borne_out = ratios.agrees(pl.col("price"), pl.col("shares") / pl.col("shares_before"))
    votes = votes.filter((pl.col("shares") != pl.col("shares_before")) & borne_out)
    ratio = ["shares_before", "shares"]
    alone = votes.filter(pl.len().over("cusip", *ratio) == 1)
    return alone.group_by("manager", *ratio).len().filter(pl.col("len") >= ENOUGH).drop("len")


def _ballot(pairs: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Amounts as votes (see _voters) without those for a ratio that is the manager's own doing."""
    told = own.with_columns(is_own=pl.lit(value=True))
    voted = _voters(pairs).join(told, on=["manager", "shares_before", "shares"], how="left", maintain_order="left")
    counts = pl.when(pl.col("is_own").is_null())
    return voted.with_columns(counts.then(pl.col("shares", "shares_before"))).drop("is_own")


def _voters(pairs: pl.DataFrame) -> pl.DataFrame:
    """Amounts as votes for an exact simple ratio: `shares` after for `shares_before`; null where they show none."""
    a, b = pl.col("amount"), pl.col("amount_after")
    forward = (b % a == 0) & (a >= _SMALL)
    several = (a / b).round().cast(pl.Int64)
    # fractions are paid out in cash, by account: a share less than the ratio gives
    backward = (a > b) & (b >= _SMALL) & ((a // several - b).abs() <= 1)
    simple = [int(one) for one in ratios.SIMPLE if one.denominator == 1]
    up = pl.when(forward & (b // a).is_in(simple)).then(b // a)
    down = pl.when(backward & several.is_in(simple)).then(several)
    votes = pairs.with_columns(up=up, down=down)
    fractions = [one for one in ratios.SIMPLE if one.denominator > 1]
    shown: list[tuple[pl.Expr, pl.Expr | int, pl.Expr | int]] = [
        (a == b, 1, 1),
        (pl.col("down").is_not_null(), 1, pl.col("down")),
    ]
    shown += [
        (((b * one.denominator - a * one.numerator).abs() < one.denominator) & (a >= _SMALL), *one.as_integer_ratio())
        for one in fractions
    ]
    shown += [(pl.col("up").is_not_null(), pl.col("up"), 1)]
    return votes.select(
        pl.exclude("up", "down"),
        shares=pl.coalesce(pl.when(fits).then(top) for fits, top, _ in shown).cast(pl.Int64),
        shares_before=pl.coalesce(pl.when(fits).then(bottom) for fits, _, bottom in shown).cast(pl.Int64),
    )


def _hypotheses(voted: pl.DataFrame, stats: pl.DataFrame) -> pl.DataFrame:
    """Ratios to try for each pair of CUSIPs: those voted for, and the simple ones nearest to amounts and price."""
    counted = voted.drop_nulls("shares").group_by(*KEY, "shares_before", "shares").agg(votes=pl.len())
    ranked = counted.sort(*KEY, "votes", "shares", "shares_before", descending=[False, False, True, False, False])
    by_vote = ranked.group_by(KEY, maintain_order=True).head(_TRIED).drop("votes")
    guesses = stats.select(
        *KEY, pl.concat_list("ratio", "price", (pl.col("ratio") * pl.col("price")).sqrt()).alias("guess")
    )
    guesses = guesses.explode("guess").drop_nulls().filter(pl.col("guess").is_finite() & (pl.col("guess") > 0))
    guessed = ratios.nearest(guesses, "guess").select(by_vote.columns)
    return pl.concat([by_vote, guessed]).unique()


def _tried(voted: pl.DataFrame, stats: pl.DataFrame) -> pl.DataFrame:
    """For each pair the ratio that amounts and price bear out best, with all that is counted for it (see grades)."""
    tried = _hypotheses(voted, stats).with_columns(rate=pl.col("shares") / pl.col("shares_before"))
    before, after, rate = pl.col("amount"), pl.col("amount_after"), pl.col("rate")
    ratio = (after / before).log()
    ballot = voted.select(*KEY, "amount", "amount_after", voted="shares", voted_before="shares_before")
    is_vote = (pl.col("voted") == pl.col("shares")) & (pl.col("voted_before") == pl.col("shares_before"))
    is_vote = is_vote.fill_null(value=False)
    # a small amount is some ratio's by chance; shares are whole, and fractions paid in cash
    tells = (pl.min_horizontal(before, after) / _SMALL * 2).log().clip(0, _VOTE)
    fine = (rate > 1) | ((after >= _FINE) & (after == before // pl.col("shares_before")))
    counted = (
        tried.join(ballot, on=KEY)
        .group_by(*KEY, "shares_before", "shares", "rate")
        .agg(
            votes=is_vote.sum().cast(pl.Int64),
            unround=(is_vote & (before % _UNROUND != 0) & (before > _UNROUND)).sum().cast(pl.Int64),
            fine=(is_vote & fine).sum().cast(pl.Int64),
            told=(pl.when(is_vote).then(tells).otherwise(0.0)).sum(),
            near=((ratio - rate.log()).abs() <= grades.NEAR).sum().cast(pl.Int64),
            against=(ratio.abs() <= _SAME).sum().cast(pl.Int64),
        )
        .join(stats, on=KEY)
    )
    price_off = (pl.col("price") / rate).log().abs()
    ratio_off = (pl.col("ratio") / rate).log().abs()
    weight = pl.min_horizontal(pl.col("holders"), 20) ** 0.5
    # votes weigh most; then how far amounts and price are off, in their usual spread over a quarter
    odds = pl.col("told") - (ratio_off * weight / _SPREAD) ** 2 / 2 - (price_off.fill_null(0.0) / _SPREAD) ** 2 / 2
    scored = counted.with_columns(odds=odds, price_off=price_off, ratio_off=ratio_off)
    ordered = scored.sort(*KEY, "odds", "rate", descending=[False, False, True, False])
    best = ordered.with_columns(next=pl.col("odds").shift(-1).over(KEY)).unique(KEY, keep="first", maintain_order=True)
    return best.with_columns(is_clear=(pl.col("odds") - pl.col("next") >= _CLEAR).fill_null(value=True))


def _splits(rows: pl.DataFrame, securities: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Splits that keep their CUSIP."""
    price, ratio = pl.col("price"), pl.col("ratio")
    by_price = (price >= _FALL) | (price <= 1 / _FALL**2)
    by_amounts = (pl.col("holders") >= ENOUGH) & ((ratio >= _FALL) | (ratio <= 1 / _FALL))
    moved = securities.filter((pl.col("holders") > 0) & (by_price | by_amounts))
    stats = moved.select(
        "cusip",
        "holders",
        "price",
        "ratio",
        cusip_before="cusip",
        family=pl.lit(0),
        is_related=pl.lit(value=True),
        is_issue=pl.lit(value=True),
    )
    held = rows.drop_nulls().join(moved.select("cusip"), on="cusip", how="semi").with_columns(cusip_before="cusip")
    best = _tried(_ballot(held, own), stats).filter(pl.col("rate") != 1.0)
    both = ((price / ratio).log().abs() <= 0.7) & (price.log().abs() >= 0.64) & (ratio.log().abs() >= 0.4)  # noqa: PLR2004
    alone = (price.log().abs() >= 1.25) & (pl.col("holders") < ENOUGH)  # noqa: PLR2004
    unpriced = price.is_null() & (pl.col("votes") >= 1)
    is_possible = (both | alone | unpriced).fill_null(value=False) & (pl.col("against") * 2 < pl.col("holders"))
    kind = pl.when(pl.col("rate") > 1).then(pl.lit("split")).otherwise(pl.lit("reverse_split"))
    graded = best.with_columns(
        certainty=grades.grade(is_pair=False).fill_null(pl.when(is_possible).then(pl.lit("possible"))), kind=kind
    )
    return _finished(graded)


def _finished(graded: pl.DataFrame) -> pl.DataFrame:
    return graded.filter(pl.col("certainty").is_not_null()).select(pl.col(n).cast(t) for n, t in COUNTED.items())


def _pairs(rows: pl.DataFrame, securities: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """What went from a book and what came to it, as pairs that may be one security under two CUSIPs.

    Pairs of one issuer, by its six characters or the first word of its name, where the old one goes from nearly all
    books and the new one was in hardly any; and of others those with equal amounts.
    """
    known = securities.join(names, on="cusip")
    told = ("issue", "word", "price_before", "price_after")
    left = known.filter(pl.col("left") > 0)
    left = left.select("left", *told, cusip_before="cusip", is_gone=pl.col("holders") <= pl.col("left") // grades.RARE)
    came = known.filter(pl.col("came") > 0)
    came = came.select("came", *told, "cusip", is_new=pl.col("holders") <= pl.col("came") // grades.RARE)
    exits = rows.filter(pl.col("amount_after").is_null()).select("manager", "amount", "value", cusip_before="cusip")
    entries = rows.filter(pl.col("amount").is_null()).select("manager", "amount_after", "value_after", "cusip")
    exits, entries = exits.join(left, on="cusip_before"), entries.join(came, on="cusip")
    gone, new = exits.filter("is_gone"), entries.filter("is_new")
    wanted = ["manager", *KEY, "amount", "value", "amount_after", "value_after", "left", "came"]
    related = [gone.drop_nulls(by).join(new, on=["manager", by]).select(wanted) for by in ("issue", "word")]
    related.append(_late(exits, entries).select(wanted))
    pairs = pl.concat(related).unique(["manager", *KEY]).with_columns(is_related=pl.lit(value=True))
    equal = gone.join(new, left_on=["manager", "amount"], right_on=["manager", "amount_after"], suffix="_new")
    others = equal.with_columns(amount_after="amount").select(wanted).join(pairs, on=["manager", *KEY], how="anti")
    pairs = pl.concat([pairs, others.with_columns(is_related=pl.lit(value=False))])
    issues = names.select("cusip", "issue")
    family = issues.group_by("issue").agg(family=pl.len().cast(pl.Int64))
    issues = issues.join(family, on="issue")
    pairs = pairs.join(issues, on="cusip").join(issues, left_on="cusip_before", right_on="cusip", suffix="_before")
    return pairs.with_columns(price=price(), is_issue=pl.col("issue") == pl.col("issue_before"))


def _changes(rows: pl.DataFrame, securities: pl.DataFrame, names: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """CUSIPs that were changed, with a ratio or without."""
    pairs = _pairs(rows, securities, names)
    if pairs.is_empty():
        return pl.DataFrame(schema={**COUNTED, "is_weak": pl.Boolean()})
    stats = pairs.group_by(KEY).agg(
        pl.col("left", "came", "is_related", "is_issue", "family").first(), holders=pl.len().cast(pl.Int64),
        price=pl.col("price").median(), ratio=(pl.col("amount_after") / pl.col("amount")).median(),
    )  # fmt: skip
    best = _tried(_ballot(pairs, own), stats)
    # of unrelated issuers only equal amounts were looked at: those say nothing unless holders agree in unround ones
    votes, unround = pl.col("votes"), pl.col("unround")
    half = (unround >= 1) & ((votes * 2 >= pl.col("left")) | (votes >= ENOUGH * 2))
    is_told = (unround >= ENOUGH) | ((unround > 1) & (votes > ENOUGH)) | half
    most = (pl.col("votes") * _SHARE >= pl.col("left")) & is_told
    grade = grades.grade(is_pair=True)
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
    best = _one_each(graded.filter(pl.col("certainty").is_not_null()))
    is_weak = ~pl.col("is_issue") & (pl.col("rate") != 1.0) & (pl.col("votes") * grades.RARE < pl.col("near"))
    return pl.concat([_finished(best), best.select(is_weak=is_weak)], how="horizontal")


def _late(exits: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Exits and entries of one issuer with equal amounts, where others changed the CUSIP before, or have not yet.

    Then both CUSIPs have one price on the day on which both are held: they are the same security.
    """
    is_telling = (pl.col("amount") > _UNROUND) & (pl.col("amount") % _UNROUND != 0)
    pairs = exits.filter(is_telling).join(
        entries, left_on=["manager", "issue", "amount"], right_on=["manager", "issue", "amount_after"], suffix="_new"
    )

    def is_one(day: str) -> pl.Expr:
        return ((pl.col(f"price_{day}") / pl.col(f"price_{day}_new")).log().abs() <= _ONE_PRICE).fill_null(value=False)

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
    for side in KEY:
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


def _evidence() -> pl.Expr:
    """What was counted, and the votes for the ratio, as two lines."""
    price = pl.when(pl.col("price").is_not_null()).then(
        pl.format("; a dollar of its price became {}", (1 / pl.col("price")).round(3))
    ).otherwise(pl.lit(""))  # fmt: skip
    noun = pl.when(pl.col("holders") == 1).then(pl.lit("manager")).otherwise(pl.lit("managers"))
    held = pl.format("holders: {} {} held it before and after, amounts times {} at the median{}", "holders", noun,
                     pl.col("ratio").round(3), price)  # fmt: skip
    voted = pl.format("votes: {} show {} for {} exactly, {} about", "votes", "shares", "shares_before", "near")
    return pl.concat_list(held, voted)
