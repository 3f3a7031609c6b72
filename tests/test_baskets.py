"""Baskets: what the six managers did in them, as their filings tell it; own ones; what is not known is said."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.test_continuity import tracked
from tests.trees import quarter, stock
from thirteenf import Tracker, baskets, reports, schemas, tallies
from thirteenf.baskets import Basket, Outstanding
from thirteenf.errors import NotFoundError, UsageError
from thirteenf.render import render

SIX = ("softbank", "bridgewater", "thiel", "ark", "berkshire", "scion")
BRIDGEWATER, THIEL, ARK, SCION = "0001350694", "0001562087", "0001697748", "0001649339"
CIRCLE = ("moves", *SIX, "--basket", "circular-ai", "--period", "2025Q3")
FIRST, SECOND = "0009999991", "0009999992"
A, B, C = (stock(place, 10_000) for place in range(3))
NEVER_HELD = stock(9, 1)[1]


def own(*numbers, **more):
    return Basket("mine", tuple(number.upper() for number in numbers), "Mine", **more)


def told(tracker, basket, managers=(FIRST, SECOND), period="2025Q2", **more):
    report = reports.moves(tracker, managers, period, basket=basket, **more)
    return report, report.head["basket"]


def summed(basket, label=None, cik=None, book="stock"):
    """One sum of a basket."""
    of = basket["sums"].filter(
        pl.col("label").eq_missing(label) & pl.col("cik").eq_missing(cik) & (pl.col("book") == book)
    )
    return of.row(0, named=True) if of.height else None


# What comes with the program.


def test_the_baskets_that_come_with_the_program():
    assert {name: one.tickers for name, one in baskets.bundled().items()} == {
        "circular-ai": ("NVDA", "ORCL", "CRWV", "NBIS", "APLD"),
        "platforms": ("MSFT", "GOOGL", "GOOG", "AMZN", "META"),
        "custom-silicon": ("AVGO", "MRVL"),
        "memory": ("MU", "SNDK", "WDC", "STX"),
    }
    assert all(one.sentence and one.source and one.title for one in baskets.bundled().values())
    assert not any(one.is_own or one.replaces for one in baskets.bundled().values())


def test_the_six_managers_and_the_circle_of_nvidia(run, source):
    import json

    code, out, _ = run(*CIRCLE, "--json", *source)
    assert code == 7  # SoftBank's report is not here
    document = json.JSONDecoder().raw_decode(out)[0]
    assert [one["manager"] for one in document["missing"]] == ["softbank"]
    rows = {(one["cik"], one["ticker"], one["put_call"]): one for one in document["moves"]}
    assert len(rows) == len(document["moves"]) == 8
    nvidia = rows[BRIDGEWATER, "NVDA", None]
    assert (nvidia["change"], nvidia["amount_before"], nvidia["amount"]) == ("reduced", 7_229_134, 2_509_751)
    assert round(nvidia["amount_change_pct"], 2) == -65.28
    assert round(rows[BRIDGEWATER, "ORCL", None]["amount_change_pct"], 1) == 21.7
    coreweave = rows[BRIDGEWATER, "CRWV", None]
    assert (coreweave["change"], coreweave["amount"]) == ("new", 270_556)
    left = rows[THIEL, "NVDA", None]
    assert (left["change"], left["amount_before"], left["amount"]) == ("exited", 537_742, 0)
    assert round(rows[ARK, "NVDA", None]["amount_change_pct"], 2) == 15.06
    put = rows[SCION, "NVDA", "Put"]
    assert (put["change"], put["amount"], put["value"]) == ("new", 1_000_000, 186_580_000)
    # the sums, by hand off those rows
    basket = document["basket"]
    sums = {(one["label"], one["cik"], one["book"]): one for one in basket["sums"]}
    whole = sums["NVDA", None, "stock"]
    assert (whole["amount_before_adjusted"], whole["amount"]) == (
        7_229_134 + 537_742 + 1_013_054,
        2_509_751 + 1_165_661,
    )
    assert whole["trade_effect"] == -813_078_901 - 84_957_859 + 26_291_894
    nebius = next(one for one in document["moves"] if one["cusip"] == "N97284108")  # its symbol is in no file here
    assert (nebius["change"], nebius["amount"], nebius["ticker"]) == ("new", 55_445, None)
    others = 18_136_533 + 37_025_589 + 19_226_180 + 6_224_810
    assert sums[None, None, "stock"]["trade_effect"] == whole["trade_effect"] + others
    assert sums[None, None, "puts"]["value"] == 186_580_000
    assert (None, SCION, "stock") not in sums
    assert sums[None, THIEL, "stock"]["trade_effect"] == -84_957_859
    assert basket["compared"] == 5
    missing = [one["label"] for one in basket["securities"] if not one["cusips"]]
    assert missing == []


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_reads_well(width):
    report = reports.moves(Tracker(sample=True), SIX, "2025Q3", basket=baskets.bundled()["circular-ai"])
    shown = render(report, "text", width=width)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0] == "Moves of 5 managers in the basket circular-ai"
    flat = " ".join(shown.split())
    for said in ("NBIS NEBIUS GROUP N.V.", "Listed by none of them: APLD.", "Missing: No report of SoftBank",
                 "NVDA NVIDIA CORPORATION: puts (notional", "With none of it in either quarter: Berkshire",
                 "Shares: $1,515,499,613 to $907,310,636 (traded -$791,131,754",
                 "Source: Nvidia's Form 13F"):  # fmt: skip
        assert said in flat
    added = next(line for line in lines if line.startswith("In sum"))
    assert "3,675,412" in added
    assert "-58.14" in added
    assert "1,352" not in flat  # nothing of what is not in the basket
    markdown = render(report, "markdown")
    assert "### NVDA  NVIDIA CORPORATION: puts (notional of the underlying, no money at risk)" in markdown


def test_what_is_filtered_out_stays_in_the_sums(document):
    whole = document("moves", "thiel", "ark", "--basket", "circular-ai", "--period", "2025Q3", "--sample")
    part = document(
        "moves", "thiel", "ark", "--basket", "Circular-AI", "--period", "2025Q3", "--change", "exited", "--sample"
    )
    assert part["basket"] == whole["basket"]
    assert [(one["ticker"], one["cik"]) for one in part["moves"]] == [("NVDA", THIEL)]


def test_a_filtered_table_has_no_sum_of_what_is_not_shown(run):
    asked = ("moves", "bridgewater", "ark", "--basket", "circular-ai", "--period", "2025Q3", "--change", "added")
    code, out, _ = run(*asked, "--text", "--sample")
    assert code == 0
    assert "In sum" not in out
    assert "3 of 6 moves of the basket are shown; the sums are of all." in out


@pytest.mark.parametrize("form", ["--csv", "--ndjson", "--markdown", "--text"])
def test_every_format_has_the_rows(run, form):
    _, out, _ = run("moves", "thiel", "ark", "--basket", "circular-ai", "--period", "2025Q3", form, "--sample")
    assert "1165661" in out.replace(",", "").replace('"', "")


def test_own_columns_make_one_table(run):
    code, out, _ = run("moves", "thiel", "ark", "--basket", "circular-ai", "--period", "2025Q3", "--columns",
                       "cusip,change,put_call", "--text", "--sample")  # fmt: skip
    assert code == 0
    assert "In sum" not in out


# Sums.


def plainly(rows, pick):
    """Trade and price effects of some rows, added up one by one."""
    traded = priced = 0
    for row in rows.iter_rows(named=True):
        if pick(row) and row["change"] != "unknown":
            traded, priced = traded + row["trade_effect"], priced + row["price_effect"]
    return traded, priced


@pytest.mark.parametrize("name", ["circular-ai", "platforms", "memory", "custom-silicon"])
@pytest.mark.parametrize("period", ["2025Q2", "2025Q3", "2025Q4"])
def test_sums_as_added_up_plainly(edgar_cache, name, period):
    report = reports.moves(Tracker(edgar_cache), SIX, period, basket=baskets.bundled()[name])
    basket, rows = report.head["basket"], report.rows
    of = {number: one["label"] for one in basket["securities"] for number in one["cusips"]}
    books = {"stock": "", "puts": "Put", "calls": "Call"}
    for one in basket["sums"].iter_rows(named=True):
        expected = plainly(
            rows,
            lambda row, one=one: (
                row["put_call"] == books[one["book"]]
                and (one["label"] is None or of[row["cusip"]] == one["label"])
                and one["cik"] in (None, row["cik"])
            ),
        )
        if one["trade_effect"] is not None:
            assert (one["trade_effect"], one["price_effect"]) == expected
    assert (basket["sums"].height > 0) == (rows.height > 0)


def test_options_are_in_no_sum_of_stock(tmp_path):
    put, call = (*A, "Put"), (*A, "Call")
    tracker = tracked(tmp_path, quarter(1, [A]), quarter(2, [A, put, call]))
    _, basket = told(tracker, own(A[1]), [FIRST])
    assert {one: summed(basket, book=one)["trade_effect"] for one in ("stock", "puts", "calls")} == {
        "stock": 0, "puts": A[2], "calls": A[2],
    }  # fmt: skip


def test_managers_that_do_not_compare_are_named_and_in_no_sum(tmp_path):
    more = (*A[:2], A[2] * 2, 20_000)
    tracker = tracked(tmp_path, quarter(1, [A]), quarter(2, [more]), quarter(2, [A, B], cik=SECOND))
    report, basket = told(tracker, own(A[1], B[1]))
    assert basket["not_compared"] == [{"cik": SECOND, "name": "Manager 2 LLC", "reason": "first-report"}]
    assert basket["compared"] == 1
    of = summed(basket, A[1])
    assert (of["amount_change"], of["trade_effect"], of["managers"], of["not_summed"]) == (10_000, A[2], 2, [SECOND])
    assert (of["added"], of["unknown"]) == (1, 1)
    only = summed(basket, B[1])
    assert (only["trade_effect"], only["value"], only["unknown"]) == (None, None, 1)
    assert "Not compared, and in no sum: Manager 2 LLC (first-report)." in render(report, "text", width=120)


def test_nothing_is_added_up_over_different_quarters(tmp_path):
    tracker = tracked(
        tmp_path, quarter(1, [A]), quarter(2, [A, B]), quarter(2, [A], cik=SECOND), quarter(3, [A, C], cik=SECOND)
    )
    _, basket = told(tracker, own(A[1], B[1], C[1]), period="latest")
    assert summed(basket)["trade_effect"] is None
    assert summed(basket, A[1])["amount"] is None
    assert summed(basket, cik=FIRST)["trade_effect"] == B[2]
    assert summed(basket, cik=SECOND)["trade_effect"] == C[2]
    assert basket["left_over"] == []


def test_amounts_of_different_securities_are_not_added_up(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A, B]), quarter(2, [A, B]))
    _, basket = told(tracker, own(A[1], B[1]), [FIRST])
    assert summed(basket)["amount"] is None
    assert summed(basket)["value"] == A[2] + B[2]
    assert summed(basket, A[1])["amount"] == 10_000


moved = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from("12"), st.sampled_from(["", "Put", "Call"]), st.integers(-99, 99)),
    max_size=20, unique_by=lambda row: row[:3],
)  # fmt: skip


@given(moved)
def test_sums_by_security_and_by_manager_come_to_the_same(rows):
    frame = pl.DataFrame(
        [{"label": label, "cusip": label, "cik": cik, "manager": cik, "put_call": kind, "amount_type": "SH",
          "change": "added", "trade_effect": size, **dict.fromkeys(
              ("amount_before_adjusted", "amount", "amount_change", "value_before", "value", "value_change",
               "price_effect"), 1)} for label, cik, kind, size in rows],
        schema_overrides={"trade_effect": pl.Int64},
    ) if rows else pl.DataFrame()  # fmt: skip
    sums = tallies.tally(frame)
    for book in ("stock", "calls", "puts"):
        of = sums.filter(pl.col("book") == book)
        whole = of.filter(pl.col("label").is_null() & pl.col("cik").is_null())["trade_effect"].sum()
        assert of.filter(pl.col("label").is_not_null() & pl.col("cik").is_null())["trade_effect"].sum() == whole
        assert of.filter(pl.col("label").is_null() & pl.col("cik").is_not_null())["trade_effect"].sum() == whole
        assert of.filter(pl.col("label").is_not_null() & pl.col("cik").is_not_null())["trade_effect"].sum() == whole


# What names mean.


def test_a_name_is_followed_through_a_new_cusip(edgar_cache):
    # Lam Research: 512807108 became 512807306 with the split of October 2024
    tracker = Tracker(edgar_cache)
    for number in ("512807108", "512807306", "LRCX"):
        found = tracker.basket(own(number), date(2025, 9, 30))
        assert set(found.members[0].cusips) >= {"512807108", "512807306"}


def test_what_a_merger_makes_one_later_is_not_one_yet(tmp_path):
    # B's shares become A's in the third quarter
    action = {"kind": "merger", "date": date(2025, 8, 1), "cusip": A[1], "cusip_before": B[1], "source": "made up"}
    cache = tracked(tmp_path, quarter(1, [A, B]), quarter(2, [A, B]), quarter(3, [(*A[:2], 2 * A[2], 20_000)]))
    tracker = Tracker(cache.places.root, actions=[action], curated=False)
    assert tracker.basket(own(A[1]), date(2025, 6, 30)).members[0].cusips == (A[1],)
    assert set(tracker.basket(own(A[1]), date(2025, 9, 30)).members[0].cusips) == {A[1], B[1]}
    both = tracker.basket(own(B[1], A[1]), date(2025, 9, 30))
    assert both.labels == {A[1]: A[1], B[1]: B[1]}


def test_each_cusip_goes_by_one_name():
    known = {"OLD": ["1"], "NEW": ["2"], "CLASS": ["3", "2"], "ALSO": ["1"]}
    chain = {"1": ["1", "2"], "2": ["1", "2"], "3": ["3"]}
    found = baskets.resolve(
        own("OLD", "NEW", "CLASS", "ALSO"),
        known.__getitem__,
        lambda numbers: [one for n in numbers for one in chain[n]],
    )
    assert [one.cusips for one in found.members] == [("1",), ("2",), ("3",), ()]
    assert found.unknown[0].message == "it is the same security as another one of the basket"


def test_what_is_not_known_is_named_and_what_nobody_lists_too(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A]), quarter(2, [A]))
    report, basket = told(tracker, own("NOSUCH", A[1], "NVDA"), [FIRST])
    assert [(one["label"], bool(one["cusips"]), one["message"]) for one in basket["securities"]] == [
        ("NOSUCH", False, "No security 'NOSUCH' is known here."), (A[1], True, None), ("NVDA", True, None),
    ]  # fmt: skip
    assert "Listed by none of them: NVDA." in render(report, "text")


def test_a_basket_that_nobody_holds_is_told_as_such(tmp_path):
    tracker = tracked(tmp_path, quarter(1, [A]), quarter(2, [A]))
    report, basket = told(tracker, own("NOSUCH"), [FIRST])
    assert report.rows.is_empty()
    assert basket["sums"].is_empty()
    assert "Nothing to show." in render(report, "text")


# Own baskets.


def settings(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    return "--config", path


def test_an_own_basket(document, tmp_path):
    config = settings(tmp_path, '[baskets.My-List]\ntickers = ["nvda", "88160R101", "NVDA"]\nsource = "mine"\n')
    listed = document(*config, "baskets")["baskets"]
    assert [one["name"] for one in listed] == ["circular-ai", "platforms", "custom-silicon", "memory", "my-list"]
    assert listed[-1] == {"name": "my-list", "title": "my-list", "tickers": ["NVDA", "88160R101"], "sentence": None,
                          "source": "mine", "is_own": True, "replaces": False}  # fmt: skip
    moved = document(*config, "--sample", "moves", "thiel", "--period", "2025Q3", "--basket", "my-list")
    assert [(one["ticker"], one["change"]) for one in moved["moves"]] == [("NVDA", "exited"), ("TSLA", "reduced")]


def test_the_list_of_baskets_is_valid_by_its_schema(document):
    Draft202012Validator(schemas.schema("baskets")).validate(document("baskets"))


def test_an_own_basket_takes_the_place_of_the_programs_and_says_so(run, document, tmp_path):
    config = settings(tmp_path, '[baskets.memory]\ntickers = ["MU"]\n')
    listed = {one["name"]: one for one in document(*config, "baskets")["baskets"]}
    assert (listed["memory"]["tickers"], listed["memory"]["replaces"]) == (["MU"], True)
    assert "memory (yours, in place of the program's)" in run(*config, "baskets", "--text")[1]
    out = run(*config, "--sample", "moves", "ark", "--period", "2025Q3", "--basket", "memory", "--text")[1]
    assert "Basket memory, your own in place of the program's: memory" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("baskets = 3", "`baskets` in"),
        ("[baskets]\nmine = 3", "The basket 'mine' in"),
        ("[baskets.mine]\ntitle = 'x'", "no list of symbols"),
        ("[baskets.mine]\ntickers = []", "no list of symbols"),
        ("[baskets.mine]\ntickers = 'NVDA'", "no list of symbols"),
        ("[baskets.mine]\ntickers = ['NVDA', 3]", "no list of symbols"),
        ("[baskets.mine]\ntickers = ['NVDA', ' ']", "no list of symbols"),
        ("[baskets.mine]\ntickers = ['NVDA']\nticker = 'x'", "'ticker', which means nothing"),
        ("[baskets.mine]\ntickers = ['NVDA']\ntitle = 3", "title is no text"),
        ("[baskets.mine]\ntickers = ['NVDA']\n[baskets.MINE]\ntickers = ['NVDA']", "twice"),
        ("[baskets.mine", "no valid TOML"),
    ],
)
def test_a_bad_basket_is_one_clear_error(run, tmp_path, text, said):
    config = settings(tmp_path, text)
    for asked in (("baskets",), ("moves", "thiel", "--basket", "memory", "--sample")):
        code, out, err = run(*config, *asked)
        assert (code, out) == (2, "")
        assert said in err
        assert err.count("\n") == 1


def test_a_basket_that_is_not_there(run):
    code, _, err = run("moves", "thiel", "--basket", "memry", "--sample")
    assert code == 3
    assert "No basket is called 'memry'. Did you mean memory? There are: circular-ai, platforms" in err
    with pytest.raises(NotFoundError):
        baskets.named("", baskets.bundled())


# What is left over.

NVIDIA = '[[shares_outstanding]]\nsecurity = "NVDA"\ndate = {}\nshares = {}\nsource = "made up for this test"\n'


def test_what_is_left_over_where_it_is_known(run, document, tmp_path):
    config = settings(tmp_path, NVIDIA.format("2025-08-22", 10_000_000))
    asked = (*config, "--sample", "moves", "bridgewater", "ark", "thiel", "scion", "--period", "2025Q3", "--basket",
             "circular-ai")  # fmt: skip
    left = document(*asked)["basket"]["left_over"]
    assert left == [{"label": "NVDA", "date": "2025-08-22", "shares": 10_000_000, "source": "made up for this test",
                     "held": 2_509_751 + 1_165_661, "left": 10_000_000 - 3_675_412, "message": None}]  # fmt: skip
    said = "NVDA: 10,000,000 shares outstanding at 2025-08-22 (made up for this test); 3,675,412 listed here, "
    assert f"{said}6,324,588 left over (63.25 %)." in " ".join(run(*asked, "--text")[1].split())
    assert document(*asked[2:])["basket"]["left_over"] == []  # never guessed


@pytest.mark.parametrize(
    ("day", "shares", "as_of", "said"),
    [
        ("2025-03-31", 10_000_000, None, "more than 100 days"),
        ("2025-09-30", 3_675_411, None, "report more than that"),
        ("2025-12-20", 10_000_000, "2025-12-01", "not known yet"),
    ],
)
def test_what_is_left_over_is_never_guessed(document, tmp_path, day, shares, as_of, said):
    config = settings(tmp_path, NVIDIA.format(day, shares))
    more = ("--as-of", as_of) if as_of else ()
    left = document(*config, "--sample", "moves", "bridgewater", "ark", "--period", "2025Q3", "--basket", "circular-ai",
                    *more)["basket"]["left_over"][0]  # fmt: skip
    assert left["left"] is None
    assert said in left["message"]


def test_nothing_is_told_of_what_is_left_over_after_a_split(tmp_path):
    split = {"kind": "split", "date": date(2025, 6, 2), "cusip": A[1], "ratio": "2:1", "source": "made up"}
    cache = tracked(tmp_path, quarter(1, [A]), quarter(2, [(*A[:2], A[2], 20_000)]))
    tracker = Tracker(cache.places.root, actions=[split], curated=False)
    known = [Outstanding(A[1], date(2025, 5, 1), 10**6, "made up")]
    _, basket = told(tracker, own(A[1]), [FIRST], outstanding=known)
    assert "split" in basket["left_over"][0]["message"]
    known = [*known, Outstanding(A[1], date(2025, 6, 30), 10**6, "made up")]  # the nearest day is taken
    _, basket = told(tracker, own(A[1]), [FIRST], outstanding=known)
    assert basket["left_over"][0]["left"] == 10**6 - 20_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shares_outstanding = 3", "no list of tables"),
        ("[shares_outstanding]\nNVDA = 3", "no list of tables"),
        ("[[shares_outstanding]]\nsecurity = 'NVDA'", "Entry 1 of `shares_outstanding`"),
        (NVIDIA.format("'2025'", 3), "date is no day"),
        (NVIDIA.format("2025-01-01T00:00:00", 3), "date is no day"),
        (NVIDIA.format("2025-01-01", 0), "no whole number above 0"),
        (NVIDIA.format("2025-01-01", 1.5), "no whole number above 0"),
        (NVIDIA.format("2025-01-01", "true"), "no whole number above 0"),
        (NVIDIA.format("2025-01-01", 5).replace("made up for this test", " "), "source are texts"),
    ],
)
def test_bad_shares_outstanding_are_one_clear_error(run, tmp_path, text, said):
    code, _, err = run(*settings(tmp_path, text), "moves", "thiel", "--basket", "memory", "--sample")
    assert code == 2
    assert said in err


def test_own_ones_are_read_as_toml_gives_them():
    with pytest.raises(UsageError):
        baskets.every([], "a file")
    assert baskets.every({}, "a file") == baskets.bundled()
    assert baskets.outstanding([], "a file") == []
