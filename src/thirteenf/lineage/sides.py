"""Two quarter ends side by side: what each manager held of each security on both, and what that comes to."""

from __future__ import annotations

import polars as pl

KEY = ["cusip_before", "cusip"]
NUMBER = pl.UInt32()
"""CUSIPs are looked at millions of times: as numbers inside, as text outside."""
ENOUGH = 3
"""So many holders who agree confirm an action."""
COUNTED = {
    "kind": pl.String(), "cusip_before": NUMBER, "cusip": NUMBER, "shares_before": pl.Int64(), "shares": pl.Int64(),
    "certainty": pl.String(), "holders": pl.Int64(), "votes": pl.Int64(), "near": pl.Int64(), "ratio": pl.Float64(),
    "price": pl.Float64(),
}  # fmt: skip
"""What is told of an action by counting: how many held both, show the ratio exactly, and about; medians."""


_COMMON = (
    "FIRST", "AMERICAN", "AMERICA", "GLOBAL", "UNITED", "NATIONAL", "GENERAL", "INTERNATIONAL", "NEW", "US", "U.S.",
    "NORTH", "SOUTH", "WEST", "EAST", "CENTRAL", "PACIFIC", "ATLANTIC", "CANADIAN", "CHINA", "CAPITAL", "COMMUNITY",
    "ADVANCED", "APPLIED", "DIGITAL", "ISHARES", "VANGUARD", "SPDR", "INVESCO", "PROSHARES", "DIREXION", "WISDOMTREE",
    "BLACKROCK", "NUVEEN", "GOLDMAN", "JPMORGAN", "FIDELITY", "SCHWAB", "DIMENSIONAL",
)  # fmt: skip


def first_word(name: str = "issuer") -> pl.Expr:
    """The leading word of an issuer's name, by which its securities may be known where the CUSIP's issuer changed.

    Null for words with which many names begin.
    """
    word = pl.col(name).str.to_uppercase().str.extract(r"^(?:THE\s+)?([A-Z0-9&'.-]{2,})")
    return pl.when(~word.is_in(_COMMON)).then(word)


def names(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Every CUSIP with its number, issuer's six characters, and the first word of a name."""
    both = pl.concat([frame.lazy().group_by("cusip").agg(pl.col("issuer").first()) for frame in (before, after)])
    known = both.unique("cusip", keep="first", maintain_order=True).sort("cusip").with_row_index("number")
    return known.select(
        cusip=pl.col("number").cast(NUMBER), text="cusip", issue=pl.col("cusip").str.head(6), word=first_word()
    ).collect()


def rows(before: pl.DataFrame, after: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Both quarters side by side, of managers with both: cik, cusip, amount and value of each, null where not held."""
    ciks = before.select("cik").unique().join(after.select("cik").unique(), on="cik", how="semi")
    ciks = ciks.sort("cik").with_row_index("manager")

    def side(frame: pl.DataFrame) -> pl.LazyFrame:
        held = frame.lazy().filter(pl.col("amount") > 0).join(ciks.lazy(), on="cik")
        numbered = held.join(names.lazy().select("text", number="cusip"), left_on="cusip", right_on="text")
        return numbered.select("manager", "amount", "value", cusip="number")

    joined = side(before).join(side(after), on=["manager", "cusip"], how="full", coalesce=True, suffix="_after")
    return joined.collect(engine="streaming")


def price() -> pl.Expr:
    """Implied price before, for each dollar of that after."""
    known = (pl.col("value") > 0) & (pl.col("value_after") > 0)
    return pl.when(known).then(pl.col("value") / pl.col("amount") * pl.col("amount_after") / pl.col("value_after"))


def securities(rows: pl.DataFrame) -> pl.DataFrame:
    """Each CUSIP: how many held it on both days, left it, came to it; its price, and the median ratio of amounts."""
    ratio = pl.col("amount_after") / pl.col("amount")
    told = (
        rows.lazy()
        .with_columns(price=price(), ratio=ratio)
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
