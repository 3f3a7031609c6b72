"""How many real securities seven half-months of fails-to-deliver files know, and whether they are right."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from thirteenf import fails, read_information_table, sample, securities

# symbols of 2026-08 beside those of the files: the same securities, renamed since
RENAMED = {"ALCC": "OKLO", "AXL": "DCH", "BK": "BNY", "BLDE": "SRTA", "KIND": "NXDR", "PSTG": "P", "SQ": "XYZ"}
UNKNOWN = {  # of Bridgewater's 742: numbers that came into being after the files end
    "49177J102": "KENVUE INC",
    "13646K108": "CANADIAN PACIFIC KANSAS CITY",
    "884903808": "THOMSON REUTERS CORP.",
    "G25508105": "CRH PLC",
    "H11356104": "BUNGE GLOBAL SA",
    "54975P201": "LUFAX HOLDING LTD",
}


@pytest.fixture(scope="module")
def files(real):
    """What each half-month says, by name."""
    paths = sorted((real / "ftd").glob("*.zip"))
    assert len(paths) == 7
    return {path.stem: fails.read(path.read_bytes(), path.name) for path in paths}


@pytest.fixture(scope="module")
def known(files):
    """What the files and the list of overrides know: no bundled map."""
    told = securities.dated(fails.joined(file.sightings for file in files.values()))
    return pl.concat([told, securities.overridden()])


@pytest.fixture(scope="module")
def bridgewater(real, known):
    """Bridgewater's securities of 2023-12-31 with what is known of them, the largest first."""
    figures = pl.read_csv(real / "seed_figures.csv", infer_schema=False)
    rows = figures.filter((pl.col("cik") == "1350694") & (pl.col("period") == "2023-12-31"))
    held = rows.group_by("cusip").agg(pl.col("issuer").first(), pl.col("value").cast(pl.Int64).sum())
    return securities.with_tickers(held, known, date(2023, 12, 31)).sort("value", descending=True)


@pytest.fixture(scope="module")
def named(real, known):
    """Symbols of 2026-08 beside those that the files show, both without separators."""
    listed = pl.read_csv(real / "sample_tickers.csv", infer_schema=False).drop_nulls("ticker")
    found = securities.with_tickers(listed.rename({"ticker": "today"}), known, date(2026, 8, 31))
    return found.with_columns(pl.col("today", "ticker").str.replace_all(r"[.\-/]", ""))


def test_every_line_of_the_files_is_read(files):
    told = {name: (file.lines, file.passed_over, str(file.last)) for name, file in files.items()}
    assert told == {
        "cnsfails202212a": (57_942, 0, "2022-12-14"),
        "cnsfails202212b": (65_131, 0, "2022-12-30"),
        "cnsfails202301a": (51_537, 0, "2023-01-13"),
        "cnsfails202301b": (65_883, 0, "2023-01-31"),
        "cnsfails202302a": (58_148, 0, "2023-02-14"),
        "cnsfails202302b": (51_322, 0, "2023-02-28"),
        "cnsfails202303a": (58_345, 0, "2023-03-14"),
    }
    for file in files.values():
        assert file.sightings["days"].sum() == file.lines
        half = {(day.year, day.month, day.day > 14) for name in ("first", "last") for day in file.sightings[name]}
        assert len(half) == 1


@pytest.mark.parametrize(("filed", "period", "held"), [
    ("2023-02-14", date(2022, 12, 31), 49), ("2023-05-15", date(2023, 3, 31), 48),
])  # fmt: skip
def test_all_of_berkshires_securities_have_a_symbol(real, known, filed, period, held):
    table = read_information_table((real / f"filings/berkshire_filed_{filed}/infotable.xml").read_bytes())
    told = securities.with_tickers(table.rows.select("cusip", "issuer").unique("cusip"), known, period)
    assert told.height == held
    assert told.filter(pl.col("ticker").is_null()).rows() == []
    assert set(told["ticker_source"]) == {securities.FAILS}
    assert set(told["ticker_certainty"]) == {"confirmed"}


def test_bridgewaters_securities_have_a_symbol_or_are_younger_than_the_files(bridgewater):
    unknown = bridgewater.filter(pl.col("ticker").is_null())
    assert (bridgewater.height, bridgewater.height - unknown.height) == (742, 736)
    assert dict(unknown.select("cusip", "issuer").rows()) == UNKNOWN
    assert unknown["value"].sum() <= bridgewater["value"].sum() * 0.003
    seen = bridgewater.drop_nulls("ticker")
    assert set(seen["ticker_certainty"]) == {"likely"}  # nine months after the last file
    assert unknown.select(pl.col("^ticker.*$").null_count()).row(0) == (6, 6, 6, 6)


def test_symbols_agree_with_those_of_today_but_for_the_seven_renamed_since(named):
    assert named.height == 435
    seen = named.drop_nulls("ticker")
    assert seen.height == 363
    assert dict(seen.filter(pl.col("today") != pl.col("ticker")).select("ticker", "today").rows()) == RENAMED
    assert set(seen["ticker_certainty"]) == {"possible"}


def test_none_of_them_is_disputed(known):
    assert known.filter(pl.col("ticker_source") == securities.DISPUTED).rows() == []


def test_renames_between_the_files_are_dated(known):
    renamed = known.filter(pl.len().over("cusip") > 1).sort("cusip", "first")
    assert renamed["cusip"].n_unique() == 147
    before = pl.col("last").shift().over("cusip")
    assert renamed.filter(pl.col("first") <= before).rows() == []
    for day in ("first", "last"):
        asked = renamed.select("cusip", pl.col(day).alias("period"), pl.col("ticker").alias("right"))
        told = securities.with_tickers(asked, known)
        assert told.filter(pl.col("ticker") != pl.col("right")).rows() == []
        assert told["ticker"].null_count() == 0


def test_symbols_of_two_classes_stay_apart(known):
    def symbols(*cusips):
        frame = pl.DataFrame({"cusip": cusips})
        return securities.with_tickers(frame, known, date(2023, 2, 28))["ticker"].to_list()

    assert symbols("02079K305", "02079K107") == ["GOOGL", "GOOG"]
    assert symbols("084670108", "084670702") == ["BRK.A", "BRK.B"]
    assert symbols("526057104", "526057302") == ["LEN", "LEN.B"]


NOTHING = pl.DataFrame(schema={"cusip": pl.String, "issuer": pl.String})


@pytest.mark.parametrize(("ticker", "then", "today"), [
    ("B", "067806109", "06849F108"),  # Barnes, Barrick
    ("BNY", "09248L106", "064058100"),  # a BlackRock fund, Bank of New York Mellon
    ("FIG", "82889N715", "316841105"),  # a Simplify fund, Figma
    ("LRCX", "512807108", "512807306"),  # Lam Research before and after its split
])  # fmt: skip
def test_a_symbol_means_who_used_it_on_the_day(known, ticker, then, today):
    among = pl.concat([known, securities.pointed(sample.securities())])
    assert securities.meant(ticker, among, lambda: NOTHING) == [today]
    assert securities.meant(ticker, among, lambda: NOTHING, date(2023, 5, 1)) == [then]


def test_a_number_that_is_marked_as_retired_gives_its_symbol_up(known):
    assert securities.meant("BAM", known, lambda: NOTHING) == [
        "113004105"
    ]  # the one before has become BN, another company
    assert securities.meant("VXX", known, lambda: NOTHING) == ["06748F324"]


def test_every_symbol_means_the_securities_that_it_stands_for(known):
    for ticker, cusip in {
        "BRK-B": "084670702",
        "BRKA": "084670108",
        "googl": "02079K305",
        "LEN/B": "526057302",
    }.items():
        assert securities.meant(ticker, known, lambda: NOTHING) == [cusip]


def test_only_what_was_posted_by_a_day_is_known_on_it(files):
    every = fails.joined(file.sightings for file in files.values())
    of_each = {name: file.sightings.height for name, file in files.items()}
    for day, names in {
        date(2023, 1, 24): 0, date(2023, 1, 25): 1, date(2023, 2, 11): 2, date(2023, 3, 31): 5, date(2023, 4, 25): 7,
    }.items():  # fmt: skip
        posted = every.filter(pl.col("last") <= fails.known_on(day))
        assert posted.height == sum(list(of_each.values())[:names])
