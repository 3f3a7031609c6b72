"""What a CUSIP is: its symbol on a day, and the CUSIPs that a symbol or number in a question means (rule R5).

Symbols are joined when a report is made, never stored with a holding, never a key. What is known is a frame of
tables.SECURITIES; what is not known stays blank, and is never guessed from a name. A symbol has one form here:
capitals, a class after a point, as in BRK.B; fails-to-deliver files leave the point out, the SEC's list of companies
has a dash.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from thirteenf import cusip as cusips
from thirteenf.errors import NotFoundError
from thirteenf.filing import CODES
from thirteenf.tables import SECURITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

FAILS, CURATED = "fails-to-deliver", "curated"
DISPUTED = "fails-to-deliver, disputed"
"""The source of a symbol where the files show two under one CUSIP at the same time."""
_TICKER_COLUMNS = ("ticker", "ticker_source", "ticker_asof", "ticker_certainty")
_LAG = timedelta(days=7)
_SURE, _LIKELY = 45, 366
"""Days from when a symbol was seen to when it is asked for: up to so many it is sure, up to so many likely."""
_UNSURE = ("sample", "openfigi", DISPUTED)

CLASSES = (
    "AGM.A", "AKO.A", "AKO.B", "BF.A", "BF.B", "BH.A", "BIO.B", "BRK.A", "BRK.B",
    "CIG.C", "CRD.A", "CRD.B", "CWEN.A", "EBR.B",
    "GEF.B", "GTN.A", "HEI.A", "HUBB.B", "HVT.A", "JW.A", "JW.B", "LEN.B", "LGF.A", "LGF.B", "MKC.V", "MOG.A", "MOG.B",
    "PBR.A", "RDS.A", "RDS.B", "STZ.B", "TAP.A", "UHAL.B", "WSO.B",
)  # fmt: skip
"""Symbols that fails-to-deliver files write without the point before the class; the list of companies adds others."""

OVERRIDES = {
    "084670108": ("BRK.A", "Berkshire Hathaway class A is hardly ever in fails-to-deliver files, for its price"),
}
"""Symbols that no file tells, each with the reason why it stands here."""


def dated(sightings: pl.DataFrame, companies: Iterable[str] = ()) -> pl.DataFrame:
    """Symbols and the days between which each is known, out of fails-to-deliver files.

    A symbol that is followed by another under one CUSIP was changed; two that are seen by turns are an error in the
    files, and told as one.

    Args:
        sightings: tables.SIGHTINGS.
        companies: today's symbols as the SEC writes them, with dashes: they say where a class begins.

    Returns:
        tables.SECURITIES, by CUSIP and first day.
    """
    symbols = (
        sightings.sort("cusip", "first")
        .group_by("cusip", "symbol", maintain_order=True)
        .agg(
            _unless("to-come", "first").min(), _unless("retired", "last").max(), pl.col("issuer").last(),
        )
        .sort("cusip", "first", "symbol")
    )  # fmt: skip
    before, after = pl.col("last").cum_max().shift().over("cusip"), pl.col("first").shift(-1).over("cusip")
    is_disputed = ((pl.col("first") <= before) | (pl.col("last") >= after)).fill_null(value=False)
    # a day or two of both is how a number is changed; weeks are two securities under one symbol
    symbols = symbols.sort("symbol", "first", "last", "cusip").with_columns(
        elsewhere=pl.col("last").cum_max().shift().over("symbol"), later=pl.col("first").shift(-1).over("symbol")
    )
    is_shared = ((pl.col("elsewhere") - pl.col("first") > _LAG) | (pl.col("last") - pl.col("later") > _LAG)).fill_null(
        value=False
    )
    symbols = symbols.sort("cusip", "first", "symbol")
    told = symbols.select(
        "cusip", "issuer", "first", "last", ticker="symbol", title_of_class=pl.lit(""),
        ticker_source=pl.when(is_disputed | is_shared).then(pl.lit(DISPUTED)).otherwise(pl.lit(FAILS)),
        ticker_asof=pl.col("last").cast(pl.String), ticker_certainty=pl.lit(None, pl.String),
    )  # fmt: skip
    return pointed(told.select(SECURITIES.names), companies)


def _unless(mark: str, name: str) -> pl.Expr:
    """Days of sightings without a mark, which says that the symbol is not this CUSIP's yet or any more; else all."""
    plain = (pl.col("mark") != mark).any() & (pl.col("mark") == "").any()
    return pl.col(name).filter((pl.col("mark") != mark) | ~plain)


def pointed(securities: pl.DataFrame, companies: Iterable[str] = ()) -> pl.DataFrame:
    """Securities with their symbols in the one form that there is here: BRK.B for BRKB and BRK-B."""
    listed = set(companies)
    classes = {re.sub(r"[.-]", "", symbol): re.sub("-", ".", symbol) for symbol in (*CLASSES, *sorted(listed))}
    written = {plain: form for plain, form in classes.items() if plain != form and plain not in listed}
    written |= {form.replace(".", "-"): form for form in classes.values() if "." in form}
    return securities.with_columns(pl.col("ticker").replace(written))


def overridden() -> pl.DataFrame:
    """Symbols that no file tells (OVERRIDES), as tables.SECURITIES."""
    rows = [{"cusip": cusip, "ticker": ticker, "issuer": "", "title_of_class": "", "ticker_source": CURATED}
            for cusip, (ticker, _) in OVERRIDES.items()]  # fmt: skip
    return pl.DataFrame(rows, schema=SECURITIES.schema())


def with_tickers(frame: pl.DataFrame, securities: pl.DataFrame, period: date | None = None) -> pl.DataFrame:
    """A frame of positions with the symbol of each CUSIP, its source, day and certainty; null where none is known.

    The symbol seen nearest to the day is taken, what people have set before what files show.

    Args:
        frame: any frame with `cusip`, and with `period` unless one is given.
        securities: tables.SECURITIES.
        period: the day that symbols are wanted for.
    """
    day = pl.lit(period) if period else pl.col("period")
    positions = frame.drop(*_TICKER_COLUMNS, strict=False).with_columns(day.alias("symbol day"))
    # one security a row, each time that it is asked for
    asked = positions.lazy().select("cusip", "symbol day").unique()
    known = (
        securities.lazy().filter(pl.col("ticker").is_not_null()).drop("issuer", "title_of_class", "ticker_certainty")
    )
    off = pl.max_horizontal(
        (pl.col("first") - pl.col("symbol day")).dt.total_days(),
        (pl.col("symbol day") - pl.col("last")).dt.total_days(), pl.lit(0),
    )  # fmt: skip
    certainty = (
        pl.when(pl.col("ticker_source") == CURATED).then(pl.lit("confirmed"))
        .when(pl.col("ticker_source") == DISPUTED).then(pl.lit("possible"))
        .when((pl.col("off") <= _SURE) & ~pl.col("ticker_source").is_in(_UNSURE)).then(pl.lit("confirmed"))
        .when(pl.col("off") <= _LIKELY).then(pl.lit("likely"))
        .otherwise(pl.lit("possible"))
    )  # fmt: skip
    seen = pl.when(pl.col("ticker_source").is_in([FAILS, DISPUTED]) & (pl.col("symbol day") < pl.col("last"))).then(
        pl.max_horizontal("first", "symbol day").cast(pl.String)
    ).otherwise("ticker_asof")  # fmt: skip
    best = (
        asked.join(known, on="cusip")
        .with_columns(off=off)
        .sort(pl.col("ticker_source") != CURATED, "off", "first", "ticker", nulls_last=True)
        .unique(["cusip", "symbol day"], keep="first", maintain_order=True)
        .with_columns(ticker_certainty=certainty, ticker_asof=seen)
        .select("cusip", "symbol day", *_TICKER_COLUMNS)
    )
    joined = (
        positions.lazy()
        .join(best, on=["cusip", "symbol day"], how="left", maintain_order="left")
        .drop("symbol day")
        .collect(engine="in-memory")
    )
    return _with_disputes(joined)


def _with_disputes(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows whose symbol is disputed say so among their oddities, if they have such."""
    is_disputed = (pl.col("ticker_source") == DISPUTED).fill_null(value=False)
    if "oddities" not in frame.columns or not frame.select(is_disputed.any()).item():
        return frame
    oddity = pl.struct(
        code=pl.lit("ticker-disputed"), message=pl.lit(CODES["ticker-disputed"]),
        accession_number=pl.lit(None, pl.String), row=pl.lit(None, pl.Int64),
    )  # fmt: skip
    told = pl.when(is_disputed).then(pl.col("oddities").list.concat(pl.concat_list(oddity))).otherwise("oddities")
    return frame.with_columns(oddities=told)


def meant(query: str, securities: pl.DataFrame, held: Callable[[], pl.DataFrame], day: date | None = None) -> list[str]:
    """The CUSIPs that a ticker or CUSIP means.

    A symbol that another company uses by the day means that one: what used it before is no longer meant.

    Args:
        query: a ticker (BRK.B, BRK-B and BRKB are the same) or a CUSIP, in any case.
        securities: tables.SECURITIES.
        held: gives cusip and issuer of what the cache holds; asked only where the rest does not tell.
        day: the day that the symbol is asked for; None: now.

    Raises:
        NotFoundError: if neither is known; the hint names what comes near, or lists issuers of that name.
    """
    text = query.strip().upper()
    number, symbol = cusips.normal(text), _symbol(text)
    if (securities["cusip"] == number).any():
        return [number]
    symbols = pl.col("ticker").str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    using = securities.filter(symbols == symbol) if symbol else securities.clear()
    if day is not None:
        by_then = using.filter(pl.col("first").is_null() | (pl.col("first") <= day))
        using = by_then if by_then.height else using.filter(pl.col("ticker_source") == "sample")
    listed = _last_users(using)
    if listed:
        return listed
    known = held()
    if (known["cusip"] == number).any():
        return [number]
    named = (
        known.filter(pl.col("issuer").str.to_uppercase().str.contains(text, literal=True))
        .unique("cusip")
        .sort("issuer")
    )
    if named.height:
        some = "; ".join(
            f"{issuer} ({number})" for number, issuer in named.select("cusip", "issuer").head(6).iter_rows()
        )
        raise NotFoundError(f"'{query}' is no ticker known here and no CUSIP.", f"By CUSIP: {some}.")
    import difflib  # noqa: PLC0415 - only who errs needs it

    near = difflib.get_close_matches(symbol, securities["ticker"].drop_nulls().to_list(), n=3, cutoff=0.6)
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    raise NotFoundError(
        f"No security '{query}' is known here.", f"{hint}Name it by its CUSIP, as `thirteenf holdings` shows it."
    )


def company(
    ticker: str | None, names: Iterable[str], companies: Mapping[str, tuple[str, str]]
) -> dict[str, str] | None:
    """The company that has a symbol today, if its name begins as one of some names do: symbols are used again."""
    found = companies.get((ticker or "").replace(".", "-"))
    words = {_word(name) for name in names}
    return {"cik": found[0], "name": found[1]} if found and _word(found[1]) in words - {""} else None


def _word(name: str) -> str:
    words = re.sub(r"[^A-Z0-9& ]", "", name.upper()).removeprefix("THE ").split()
    return words[0] if words else ""


def _last_users(using: pl.DataFrame) -> list[str]:
    """Of the CUSIPs that used a symbol those that nobody followed in using it."""
    users = using.group_by("cusip").agg(pl.col("first").min(), pl.col("last").max())
    newest = users["first"].max()
    last = users.filter(pl.col("last").is_null() | (pl.col("last") >= newest)) if newest is not None else users
    return last["cusip"].sort().to_list()


def _symbol(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text)
