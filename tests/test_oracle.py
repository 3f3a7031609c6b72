"""What issue 2 says the tool must show, on the bundled sample and on the same figures through `import`.

Every figure was read off the filings or taken from several public pipelines that agree on it (domain.md, section 5).
"""

from __future__ import annotations

from datetime import date

import pytest

from thirteenf import Tracker
from thirteenf.errors import NotFoundError

NVDA, TSLA, GOOGL = "67066G104", "88160R101", "02079K305"
BRUKER, BRUKER_PREFERRED = "116794108", "116794207"


@pytest.fixture
def tracker(source):
    return Tracker(sample=True) if source == ["--sample"] else Tracker(source[1])


# manager, period, against, cusip, put/call, change, amount before, amount, value, percent
MOVES = [
    ("thiel", "2025Q3", None, NVDA, None, "exited", 537_742, 0, 0, -100),
    ("thiel", "2025Q3", None, "92840M102", None, "exited", 208_747, 0, 0, -100),
    ("thiel", "2025Q3", None, "594918104", None, "new", 0, 49_000, 25_379_550, None),
    ("thiel", "2025Q3", None, "037833100", None, "new", 0, 79_181, 20_161_858, None),
    ("thiel", "2025Q3", None, TSLA, None, "reduced", 272_613, 65_000, 28_906_800, -76.16),
    ("berkshire", "2025Q3", None, GOOGL, None, "new", 0, 17_846_142, 4_338_397_121, None),
    ("berkshire", "2025Q2", None, "23331A109", None, "reduced", 1_512_371, 1_485_350, 191_491_322, -1.79),
    ("berkshire", "2025Q2", None, "670346105", None, "added", 5_756_510, 6_614_112, 856_792_068, 14.90),
    ("berkshire", "2025Q2", None, "526057104", None, "added", 1_929_972, 7_048_993, 779_689_116, 265.24),
    ("berkshire", "2025Q2", None, "526057302", None, "added", 152_774, 180_930, 19_042_883, 18.43),
    ("scion", "2025Q3", None, "69608A108", "Put", "new", 0, 5_000_000, 912_100_000, None),
    ("scion", "2025Q3", None, NVDA, "Put", "new", 0, 1_000_000, 186_580_000, None),
    ("scion", "2025Q3", None, BRUKER, None, "exited", 250_000, 0, 0, -100),
    ("scion", "2025Q3", None, BRUKER_PREFERRED, None, "new", 0, 48_334, 13_137_181, None),
    ("bridgewater", "2025Q3", None, NVDA, None, "reduced", 7_229_134, 2_509_751, 468_269_342, -65.28),
    ("bridgewater", "2025Q3", None, "21873S108", None, "new", 0, 270_556, 37_025_589, None),
    ("bridgewater", "2025Q3", None, "68389X105", None, "added", 333_714, 406_279, 114_261_906, 21.74),
    ("bridgewater", "2025Q3", None, TSLA, None, "exited", 19_413, 0, 0, -100),
    ("ark", "2025Q3", None, NVDA, None, "added", 1_013_054, 1_165_661, 217_489_074, 15.06),
    ("softbank", "2025Q4", "2024Q4", NVDA, None, "exited", 10_512_320, 0, 0, -100),
]


def side(move):
    return move["change"], move["amount_before"], move["amount"], move["value"]


@pytest.mark.parametrize(
    ("manager", "period", "against", "cusip", "put_call", "change", "before", "amount", "value", "percent"), MOVES
)
def test_moves_are_those_that_were_read_off_the_filings(
    tracker, manager, period, against, cusip, put_call, change, before, amount, value, percent
):
    moves = tracker.moves(manager, period, against=against)
    found = [m for m in moves.to_dicts() if m["cusip"] == cusip and m["put_call"] == (put_call or "")]
    assert [side(move) for move in found] == [(change, before, amount, value)]
    assert found[0]["amount_change"] == amount - before
    assert found[0]["amount_change_pct"] == (None if percent is None else pytest.approx(percent, abs=0.005))
    assert found[0]["trade_effect"] + found[0]["price_effect"] == found[0]["value_change"]


@pytest.mark.parametrize(("manager", "period", "against"), sorted({move[:3] for move in MOVES}, key=str))
def test_the_command_line_tells_the_same_as_json(document, source, manager, period, against):
    told = document("diff", manager, "--period", period, *(["--against", against] if against else []), *source)
    moves = {(move["cusip"], move["put_call"]): move for move in told["moves"]}
    assert told["source"] == ("sample" if source == ["--sample"] else "cache")
    assert told["comparable"] is True
    for *_, cusip, put_call, change, before, amount, value, percent in [m for m in MOVES if m[:3] == (
        manager, period, against)]:  # fmt: skip
        move = moves[cusip, put_call]
        assert side(move) == (change, before, amount, value)
        assert move["amount_change_pct"] == (None if percent is None else pytest.approx(percent, abs=0.005))


def test_the_readable_table_shows_the_exits_with_their_amounts(run, source):
    code, out, _ = run("diff", "thiel", "--period", "2025Q3", "--text", *source)
    lines = {line.split()[0]: line for line in out.splitlines() if line[:5].strip().isupper()}
    assert code == 0
    assert "exited" in lines["NVDA"]
    assert "537,742" in lines["NVDA"]
    assert "exited" in lines["VST"]
    assert "208,747" in lines["VST"]
    assert "new" in lines["MSFT"]
    assert "$25,379,550" in lines["MSFT"]
    assert "new" in lines["AAPL"]
    assert "$20,161,858" in lines["AAPL"]
    assert "-76.16" in lines["TSLA"]
    assert "0001315863-25-000812, filed 2025-11-14" in out


def test_a_figure_is_said_to_be_that_of_a_form_13f(run, source):
    """SoftBank spoke of 32.1 million shares of NVIDIA sold; no Form 13F of its lists so many."""
    code, out, _ = run("diff", "softbank", "--period", "2025Q4", "--against", "2024Q4", "--text", *source)
    assert code == 0
    assert "10,512,320" in out
    named = [line for line in out.splitlines() if line.startswith(("2025Q4:", "2024Q4:"))]
    assert [line.split()[1] for line in named] == ["13F-HR", "13F-HR"]


def test_berkshires_alphabet_stands_in_two_rows_of_one_filing(document, source):
    told = document("holdings", "berkshire", "--period", "2025Q3", "--security", "GOOGL", *source)
    assert [(h["amount"], h["value"], h["rows"]) for h in told["holdings"]] == [(17_846_142, 4_338_397_121, 2)]
    assert told["holdings"][0]["accession_numbers"] == ["0001193125-25-282901"]


@pytest.mark.parametrize(
    ("as_of", "total", "accessions"),
    [
        (None, 259_807_694_872, ["0000950123-25-005701", "0000950123-25-008361"]),
        ("2025-08-14", 259_807_694_872, ["0000950123-25-005701", "0000950123-25-008361"]),
        ("2025-08-13", 258_701_144_516, ["0000950123-25-005701"]),
    ],
)
def test_the_amendment_counts_from_the_day_it_was_filed(document, tracker, source, as_of, total, accessions):
    known = ["--as-of", as_of] if as_of else []
    told = document("holdings", "berkshire", "--period", "2025Q1", *known, *source)
    assert told["summary"]["value_total"] == total
    assert sorted(filing["accession_number"] for filing in told["filings"]) == accessions
    assert tracker.holdings("berkshire", "2025Q1", as_of=as_of)["value"].sum() == total


def test_without_the_amendment_what_was_withheld_is_no_purchase(tracker):
    """Known on 2025-08-13 the second quarter is not there; with it, the reveal is no buy (trap: DHI NEW)."""
    with pytest.raises(NotFoundError):
        tracker.moves("berkshire", "2025Q2", as_of="2025-08-13")
    moves = tracker.moves("berkshire", "2025Q2", as_of="2025-08-14")
    builders = moves.filter(moves["cusip"].is_in(["23331A109", "670346105", "526057104", "526057302"]))
    assert set(builders["change"]) == {"added", "reduced"}


def test_scions_puts_are_a_book_of_their_own(tracker):
    moves = tracker.moves("scion", "2025Q3")
    options = moves.filter(moves["put_call"] != "")
    stock = moves.filter((moves["put_call"] == "") & (moves["amount"] > 0))
    assert options["weight"].null_count() == options["weight_before"].null_count() == options.height
    assert stock["weight"].sum() == pytest.approx(100)
    # Molina over the four share rows as filed: 23,920,000 of 68,138,076 dollars
    assert stock.filter(stock["cusip"] == "60855R100")["weight"].item() == pytest.approx(35.105, abs=0.001)
    assert stock.height == 4
    assert options.filter(options["amount"] > 0).height == 4


def test_summaries_keep_notional_apart_from_stock(document, source):
    told = document("diff", "scion", "--period", "2025Q3", *source)["summary"]
    assert told["shares"]["value"] == 68_138_076
    assert told["options"]["value"] == 1_313_060_000
    assert told["shares"]["value"] + told["options"]["value"] == 1_381_198_076
    assert "notional" in told["value_is"]


def test_common_and_preferred_of_one_issuer_are_two_lines(tracker):
    moves = tracker.moves("scion", "2025Q3")
    bruker = moves.filter(moves["issuer"].str.starts_with("BRUKER"))
    assert sorted(bruker.select("cusip", "change").rows()) == [(BRUKER, "exited"), (BRUKER_PREFERRED, "new")]


def test_the_history_of_scions_put_shows_that_it_was_held_before(document, source):
    told = document("history", "scion", "NVDA", *source)["history"]
    rows = {(move["period"], move["put_call"]): move for move in told}
    assert rows["2025-03-31", "Put"]["amount"] == 900_000
    assert rows["2025-03-31", "Put"]["value"] == 97_542_000
    assert rows["2025-06-30", "Put"]["change"] == "exited"
    assert rows["2025-09-30", "Put"]["amount"] == 1_000_000
    assert rows["2025-09-30", "Put"]["change"] == "new"
    assert rows["2025-09-30", "Put"]["reentered"] is True


def test_a_quarter_that_is_missing_is_never_an_exit(run, source):
    code, out, err = run("diff", "softbank", "--period", "2025Q3", *source)
    assert code == 3
    assert out == ""
    assert "2024Q4" in err
    assert "2025Q4" in err
    assert "thirteenf refresh softbank" in err
    assert "exited" not in err


def test_against_a_quarter_that_is_missing_every_change_is_unknown(document, source):
    told = document("diff", "softbank", "--period", "2025Q4", *source)
    assert told["against"] == "2025-09-30"
    assert told["comparable"] is False
    assert told["reason"] == "quarter-missing"
    assert {move["change"] for move in told["moves"]} == {"unknown"}
    assert {move["unknown_reason"] for move in told["moves"]} == {"quarter-missing"}
    assert len(told["moves"]) == 32
    assert sum(move["value"] for move in told["moves"]) == 15_467_989_200
    assert all(move["amount_before"] is None and move["amount_change"] is None for move in told["moves"])


def test_a_first_report_is_no_purchase_of_everything(document):
    told = document("diff", "scion", "--period", "2025Q1", "--sample")
    assert told["reason"] == "first-report"
    assert {move["change"] for move in told["moves"]} == {"unknown"}


@pytest.mark.parametrize(
    ("manager", "period", "total"),
    [
        ("softbank", "2024Q4", 23_366_426_569), ("softbank", "2025Q4", 15_467_989_200),
        ("bridgewater", "2025Q1", 21_554_169_616), ("bridgewater", "2025Q2", 24_791_713_463),
        ("bridgewater", "2025Q3", 25_527_677_108), ("bridgewater", "2025Q4", 27_421_613_830),
        ("thiel", "2025Q1", 153_037_803), ("thiel", "2025Q2", 212_013_361), ("thiel", "2025Q3", 74_448_208),
        ("thiel", "2025Q4", 0), ("thiel", "2026Q2", 418_666_506),
        ("scion", "2025Q1", 199_225_000), ("scion", "2025Q2", 578_337_040), ("scion", "2025Q3", 1_381_198_076),
        ("berkshire", "2025Q3", 267_334_501_955), ("berkshire", "2025Q4", 274_160_086_701),
    ],
)  # fmt: skip
def test_totals_are_those_of_the_cover_pages(tracker, manager, period, total):
    assert tracker.holdings(manager, period)["value"].sum() == total


def test_a_placeholder_row_is_an_empty_book_and_says_so(document, source):
    told = document("holdings", "thiel", "--period", "2025Q4", *source)
    assert (told["state"], told["holdings"]) == ("empty", [])
    moves = document("diff", "thiel", "--period", "2025Q4", *source)
    assert {move["change"] for move in moves["moves"]} == {"exited"}


def test_old_news_never_passes_for_new(document, source):
    told = document("diff", "scion", *source)
    assert (told["period"], told["expected_period"], told["due"], told["filed"]) == (
        "2025-09-30", "2026-09-30", "2026-11-16", False,
    )  # fmt: skip


def test_every_figure_can_be_traced_to_its_filing(document, source):
    told = document("diff", "berkshire", "--period", "2025Q2", *source)
    before = {filing["accession_number"]: filing for filing in told["filings"]["before"]}
    assert set(before) == {"0000950123-25-005701", "0000950123-25-008361"}
    assert before["0000950123-25-008361"]["amendment_type"] == "NEW HOLDINGS"
    assert before["0000950123-25-008361"]["filing_date"] == "2025-08-14"
    assert before["0000950123-25-008361"]["url"] == (
        "https://www.sec.gov/Archives/edgar/data/1067983/000095012325008361/"
    )


def test_scan_holdings_is_every_book_folded(tracker):
    import polars as pl

    scanned = tracker.scan_holdings().filter(pl.col("cik") == "0001067983", pl.col("period") == date(2025, 3, 31))
    assert scanned.collect()["value"].sum() == 259_807_694_872
    books = tracker.scan_holdings().select("cik", "period").unique().collect()
    for cik, period in books.sort("cik", "period").head(6).rows():
        one = tracker.scan_holdings().filter(pl.col("cik") == cik, pl.col("period") == period).collect()
        held = tracker.holdings(cik, period)
        both = [name for name in one.columns if name in held.columns and name not in ("cik", "period")]
        keys = ("cusip", "put_call")
        assert one.select(both).sort(keys).equals(held.select(both).sort(keys))
