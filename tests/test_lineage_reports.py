"""Splits and new CUSIPs through the whole program: truths read off filings, with and without the table of actions."""

import json
from datetime import date

import polars as pl
import pytest

from tests.refreshing import tables
from tests.securities_files import fail, fails_text, packed
from tests.trees import filing, imported, put
from thirteenf import Tracker

# manager, period, against, CUSIP, CUSIP before, amount before as filed and adjusted, amount, change in percent
OF_THE_SAMPLE = [
    ("bridgewater", "2025Q4", None, "64110L106", "64110L106", 26_112, 261_120, 18_027, -93.10),
    ("bridgewater", "2025Q4", None, "81762P102", "81762P102", 301_993, 1_509_965, 1_338_885, -11.33),
    ("softbank", "2025Q4", "2024Q4", "378973507", "378973408", 4_815_045, 321_003, 321_003, 0.0),
    ("berkshire", "2025Q4", None, "530909308", "531229722", 10_917_661, 10_917_661, 10_917_661, 0.0),
    ("berkshire", "2025Q4", None, "530909100", "531229748", 4_986_588, 4_986_588, 4_986_588, 0.0),
    ("berkshire", "2025Q4", None, "531229755", "531229854", 3_018_555, 3_018_555, 3_018_555, 0.0),
]
OF_EDGAR = [
    *OF_THE_SAMPLE,
    ("bridgewater", "2024Q2", None, "67066G104", "67066G104", 704_599, 7_045_990, 6_556_193, -6.95),
    ("bridgewater", "2024Q3", None, "11135F101", "11135F101", 24_464, 244_640, 955_433, 290.55),
    ("bridgewater", "2024Q4", None, "512807306", "512807108", 276_052, 2_760_520, 2_533_399, -8.23),
    ("bridgewater", "2026Q2", None, "09857L108", "09857L108", 54, 1_350, 42_079, 3016.96),
    # 35,182,219 and 70,002,897 at 0.8375, 132,878,213 at a tenth
    ("berkshire", "2024Q3", None, "829933100", "531229789", 238_063_329, 101_380_354, 105_155_029, 3.72),
]
# who traded so much beside that the books at hand say nothing, or another ratio: the table must
OF_THE_TABLE = [
    ("bridgewater", "2024Q1", None, "216648501", "216648402", 52_607, 210_428, 148_411, -29.47),
    ("ark", "2024Q1", None, "M7S64L123", "M7S64L115", 1_489_697, 124_141, 162_871, 31.20),
    ("bridgewater", "2024Q2", None, "136385101", "136385101", 200_959, 401_918, 127_719, -68.22),
    ("bridgewater", "2024Q3", None, "969904101", "969904101", 36_457, 72_914, 145_527, 99.59),
    ("bridgewater", "2024Q3", None, "243537107", "243537107", 22_784, 136_704, 270_915, 98.18),
    ("ark", "2024Q3", None, "81726A209", "81726A100", 1_585_772, 158_577, 176_666, 11.41),
    ("ark", "2024Q3", None, "57064N201", "57064N102", 18_832_300, 1_883_230, 1_184_083, -37.12),
    ("bridgewater", "2024Q4", None, "040413205", "040413106", 139_688, 558_752, 673_054, 20.46),
    ("bridgewater", "2024Q4", None, "221006109", "221006109", 8_151, 24_453, 3_429, -85.98),
    ("bridgewater", "2025Q2", None, "191098102", "191098102", 386, 3_860, 2_934, -23.99),
    ("ark", "2025Q2", None, "040919102", "040919102", 2_869_473, 8_608_419, 6_622_008, -23.08),
    ("bridgewater", "2026Q2", None, "482480100", "482480100", 108_674, 1_086_740, 328_070, -69.81),
    # given to who held the issuer they were part of
    ("bridgewater", "2024Q2", None, "36828A101", None, 0, 97_082, 73_338, -24.46),
    ("bridgewater", "2024Q3", None, "023939101", None, 0, 127_435, 48_532, -61.92),
    ("ark", "2025Q4", None, "74743L100", None, 0, 460, 447, -2.83),
    ("bridgewater", "2025Q4", None, "74743L100", None, 0, 80_697, 43_803, -45.72),
]
COLUMNS = ("cusip_before", "amount_before", "amount_before_adjusted", "amount")


def moved(tracker, manager, period, against, cusip):
    frame = tracker.moves(manager, period, against=against)
    rows = frame.filter((pl.col("cusip") == cusip) & (pl.col("put_call") == ""))
    assert rows.height == 1
    return frame, rows.row(0, named=True)


def check(tracker, manager, period, against, cusip, before, *rest):
    *amounts, percent = rest
    frame, row = moved(tracker, manager, period, against, cusip)
    told = [row[name] for name in COLUMNS]
    assert told[0] == before
    assert told[1::2] == amounts[0::2]
    assert abs(told[2] - amounts[1]) <= 1  # of three positions each may be a fraction of a share
    assert round(row["amount_change_pct"], 2) == percent
    if cusip != before and before:
        assert frame.filter(pl.col("cusip") == before).is_empty()


@pytest.fixture(scope="module")
def sample():
    return Tracker(sample=True)


def actions_of(move):
    """Its causes that were done to the security, not by the manager."""
    done = ("split", "cusip_change", "merger", "spin_off")
    return [cause for cause in move["cause"] if cause["cause"] in done]


@pytest.mark.parametrize("known", OF_THE_SAMPLE, ids=lambda known: f"{known[0]}-{known[3]}")
def test_amounts_are_compared_in_the_later_periods_shares(sample, known):
    check(sample, *known)


@pytest.mark.parametrize("known", OF_EDGAR + OF_THE_TABLE, ids=lambda known: f"{known[0]}-{known[3]}")
def test_amounts_are_compared_in_the_later_periods_shares_of_all_filings(edgar_cache, known):
    check(Tracker(edgar_cache), *known)


@pytest.mark.parametrize("known", OF_EDGAR, ids=lambda known: f"{known[0]}-{known[3]}")
def test_without_the_table_none_is_a_plain_trade(edgar_cache, known):
    tracker = Tracker(edgar_cache, curated=False)
    manager, period, against, cusip, before, *_ = known
    frame = tracker.moves(manager, period, against=against)
    rows = frame.filter(pl.col("cusip").is_in([cusip, before]) & (pl.col("put_call") == ""))
    sure = [cause["confidence"] for row in rows.iter_rows(named=True) for cause in actions_of(row)]
    if against or cusip == "829933100":
        return  # a year apart, or a merger that one holder alone cannot show: nothing at hand speaks of it
    assert sure
    assert {"table", "own"}.isdisjoint(
        one["kind"] for row in rows.iter_rows(named=True) for cause in row["cause"] for one in cause["evidence"]
    )


def test_berkshires_quarter_of_three_new_cusips(sample):
    told = sample.moves("berkshire", "2025Q4")
    counts = dict(told["change"].value_counts().iter_rows())
    assert counts == {"new": 1, "added": 4, "reduced": 9, "unchanged": 28}
    new = told.filter(pl.col("change") == "new").row(0, named=True)
    assert ("NEW YORK TIMES" in new["issuer"], new["amount"]) == (True, 5_065_744)
    assert told["value"].sum() == 274_160_086_701
    assert told["value_before"].sum() == 267_334_501_955


def test_effects_add_up_and_the_change_is_against_the_adjusted_amount(edgar_cache):
    tracker = Tracker(edgar_cache)
    for manager in ("berkshire", "bridgewater", "ark", "scion"):
        for period in tracker.periods(manager)[1:]:
            told = tracker.moves(manager, period)
            if told["unknown_reason"].is_not_null().any():
                continue
            assert (told["trade_effect"] + told["price_effect"] == told["value_change"]).all()
            assert (told["amount"] - told["amount_before_adjusted"] == told["amount_change"]).all()
            for side, day in (("value", period), ("value_before", told["against"][0])):
                held = tracker.holdings(manager, day)["value"].sum() if told.height else 0
                assert told[side].sum() == held


def test_history_runs_through_a_new_cusip(edgar_cache):
    tracker = Tracker(edgar_cache)
    old, new = (tracker.history("bridgewater", cusip) for cusip in ("512807108", "512807306"))
    assert old.equals(new)
    assert old["change"].to_list()[0] == "unknown"  # the first report
    assert set(old["change"].to_list()[1:]) <= {"added", "reduced"}
    assert not old["reentered"].any()


def quarter(place, positions, *, cik="0009999991", filed=None):
    """One manager's filing for a quarter end of 2025, by number; positions: issuer, CUSIP, value, amount."""
    day = (date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30))[place - 1]
    due = filed or (date(2025, 5, 15), date(2025, 8, 14), date(2025, 11, 14))[place - 1]
    number = f"{cik}-25-{place:06}"
    return filing(number, positions, filed=due, period=day, cik=cik, name=f"Manager {cik[-1]} LLC")


OLD, NEW = "12345A106", "12345A205"
EXAMPLE, EXAMPLE_NEW = ("EXAMPLE CORP", OLD), ("EXAMPLE CORP", NEW)


def three_holders(place, issuer, cusip, amounts, price):
    return [
        quarter(place, [(issuer, cusip, round(amount * price), amount)], cik=f"000999999{holder}")
        for holder, amount in enumerate(amounts, 1)
    ]


def of_three(tmp_path, name="cache", places=(1, 2)):
    """A cache of three managers who hold a stock through a 10:1 split with a new CUSIP; one buys a quarter later."""
    before = three_holders(1, *EXAMPLE, (5_432, 871, 12_345), 800)
    after = three_holders(2, *EXAMPLE_NEW, (54_320, 8_710, 123_450), 81)
    later = three_holders(3, *EXAMPLE_NEW, (54_320, 8_710, 130_000), 90)
    imported(
        tmp_path / name,
        put(tmp_path / f"{name}-in", *[p for place in places for p in (before, after, later)[place - 1]]),
    )
    return tmp_path / name


def test_three_holders_confirm_and_everyone_is_compared_with_that(tmp_path):
    tracker = Tracker(of_three(tmp_path), curated=False)
    told = tracker.moves("0009999993", "2025Q2").row(0, named=True)
    assert (told["cusip"], told["cusip_before"], told["change"]) == (NEW, OLD, "unchanged")
    assert [(cause["cause"], cause["confidence"]) for cause in told["cause"]] == [("cusip_change", "confirmed")]


def test_over_two_quarters_it_is_followed_too(tmp_path):
    tracker = Tracker(of_three(tmp_path, places=(1, 2, 3)), curated=False)
    told = tracker.moves("0009999993", "2025Q3", against="2025Q1").row(0, named=True)
    assert (told["amount_before"], told["amount_before_adjusted"], told["amount"]) == (12_345, 123_450, 130_000)
    assert told["change"] == "added"


def test_what_was_filed_later_is_no_vote_before(tmp_path):
    """A third holder's report of the split comes late: as of the day before it there are two."""
    cache = tmp_path / "cache"
    early = three_holders(1, *EXAMPLE, (5_432, 871, 12_345), 800) + three_holders(2, *EXAMPLE_NEW, (54_320, 8_710), 81)
    late = quarter(2, [(*EXAMPLE_NEW, 9_999_450, 123_450)], cik="0009999993", filed=date(2025, 10, 1))
    imported(cache, put(tmp_path / "in", *early, late))
    only = tmp_path / "only"
    imported(only, put(tmp_path / "only-in", *early))
    tracker = Tracker(cache, curated=False)
    now, then = (tracker.moves("0009999991", "2025Q2", as_of=day) for day in (None, "2025-09-30"))
    assert then.equals(Tracker(only, curated=False).moves("0009999991", "2025Q2"))
    assert now["cause"][0][0]["confidence"] == "confirmed"
    assert then["cause"][0][0]["confidence"] == "likely"


def test_taking_in_the_same_filings_in_another_order_gives_the_same_tables(tmp_path):
    one = of_three(tmp_path, places=(1, 2, 3))
    other = tmp_path / "other"
    for path in sorted((tmp_path / "cache-in").iterdir(), reverse=True):
        imported(other, path)
    assert tables(one) == tables(other)


def test_unrelated_securities_of_equal_amount_stay_an_exit_and_a_new_position(tmp_path):
    cache = tmp_path / "cache"
    imported(cache, put(
        tmp_path / "in",
        quarter(1, [("THERMO FISHER SCIENTIFIC INC", "883556102", 5_000_000, 10_123)]),
        quarter(2, [("BROADCOM INC", "11135F101", 2_700_000, 10_123)]),
    ))  # fmt: skip
    told = Tracker(cache).moves("0009999991", "2025Q2")
    assert sorted(told["change"]) == ["exited", "new"]
    assert {cause["confidence"] for row in told.iter_rows(named=True) for cause in actions_of(row)} <= {"possible"}


def test_stock_puts_and_principal_go_through_a_split_apart(tmp_path):
    before = [("NETFLIX INC", "64110L106", 1_200_000, 1_000), ("NETFLIX INC", "64110L106", 120_000, 100, "Put")]
    after = [("NETFLIX INC", "64110L106", 1_000_000, 10_000), ("NETFLIX INC", "64110L106", 300_000, 3_000, "Put")]
    cache = tmp_path / "cache"
    days = {"period": date(2025, 9, 30)}, {"period": date(2025, 12, 31)}
    imported(cache, put(
        tmp_path / "in", filing("0009999991-25-000001", before, filed=date(2025, 11, 14), **days[0]),
        filing("0009999991-26-000001", after, filed=date(2026, 2, 13), **days[1]),
    ))  # fmt: skip
    told = Tracker(cache).moves("0009999991", "2025Q4")
    rows = {row["put_call"]: row for row in told.iter_rows(named=True)}
    assert (rows[""]["change"], rows[""]["amount_before_adjusted"]) == ("unchanged", 10_000)
    assert (rows["Put"]["change"], rows["Put"]["amount_before_adjusted"], rows["Put"]["amount_change"]) == (
        "added",
        1_000,
        2_000,
    )


def settings(tmp_path, *actions):
    path = tmp_path / "thirteenf.toml"
    path.write_text("\n".join(f"[[actions]]\n{action}" for action in actions), "utf-8")
    return path


RIGHT = f"""kind = "split"
date = 2025-05-02
cusip = "{NEW}"
cusip_before = "{OLD}"
ratio = "10:1"
source = "me"
"""


def two_books(tmp_path):
    cache = tmp_path / "cache"
    imported(
        cache, put(tmp_path / "in", quarter(1, [(*EXAMPLE, 80_000, 100)]), quarter(2, [(*EXAMPLE_NEW, 97_200, 1_200)]))
    )
    return cache


def test_a_users_own_actions_are_followed_and_say_that_they_are(tmp_path, run):
    cache = two_books(tmp_path)
    code, out, _ = run("--cache", cache, "--config", settings(tmp_path, RIGHT), "diff", "0009999991", "--json")
    told = json.loads(out)
    move = told["moves"][0]
    assert (code, move["amount_before"], move["amount_before_adjusted"], move["change"]) == (0, 100, 1_000, "added")
    assert ("own", "me") in [(one["kind"], one["detail"]) for one in move["cause"][0]["evidence"]]
    assert not [one for one in told["oddities"] if one["code"] == "reference-unusable"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (RIGHT.replace('"10:1"', '"ten"'), "ratio"), (RIGHT.replace('"10:1"', '"0:1"'), "ratio"),
        (RIGHT.replace(NEW, "512807307"), "CUSIP"), (RIGHT.replace("2025-05-02", '"May"'), "date"),
        (RIGHT.replace('"split"', '"rumour"'), "kind"), (RIGHT.replace('source = "me"', ""), "source"),
        (RIGHT.replace(NEW, "594918104").replace(OLD, "037833100"), "594918104"),
    ],
)  # fmt: skip
def test_a_users_wrong_action_is_named_and_the_right_ones_stay(tmp_path, run, wrong, named):
    cache = two_books(tmp_path)
    path = settings(tmp_path, wrong, RIGHT)
    code, out, _ = run("--cache", cache, "--config", path, "diff", "0009999991", "--json")
    told = json.loads(out)
    assert (code, told["moves"][0]["amount_before_adjusted"]) == (0, 1_000)
    faults = [one["message"] for one in told["oddities"] if one["code"] == "reference-unusable"]
    assert len(faults) == 1
    assert "action 1" in faults[0]
    assert named in faults[0]


def test_a_security_tells_what_it_was_and_became(run):
    code, out, _ = run("security", "378973507", "--sample", "--json")
    told = json.loads(out)
    assert code == 0
    assert [one["cusip"] for one in told["securities"]] == ["378973408", "378973507"]
    assert [
        (a["cusip_before"], a["cusip"], a["shares_before"], a["shares"], a["certainty"]) for a in told["actions"]
    ] == [("378973408", "378973507", 15, 1, "confirmed")]
    assert told["actions"][0]["evidence"][0].startswith("table: ")


def test_positions_of_one_issuer_are_added_up_only_when_asked(run):
    asked = ("holdings", "ark", "--period", "2025Q3", "--sample", "--json")
    whole, by = (json.loads(run(*asked, *more)[1]) for more in ((), ("--by", "issuer")))
    assert by["schema"] == "thirteenf.holdings-by-issuer/1"
    assert sum(row["value"] for row in by["holdings"]) == sum(row["value"] for row in whole["holdings"])
    assert sorted(c for row in by["holdings"] for c in row["cusips"]) == sorted(
        row["cusip"] for row in whole["holdings"]
    )
    assert all({c[:6] for c in row["cusips"]} == {row["issuer_number"]} for row in by["holdings"])


def test_the_largest_issuers_are_those_of_the_sums(run):
    asked = ("diff", "berkshire", "--period", "2025Q2", "--by", "issuer", "--sample", "--json")
    every, top = (json.loads(run(*asked, *more)[1])["moves"] for more in ((), ("--top", "3")))
    assert top == every[:3]
    lennar = next(row for row in every if row["issuer_number"] == "526057")
    assert (lennar["cusips"], lennar["change"]) == (["526057104", "526057302"], "added")


def test_a_table_that_is_missing_is_an_error_and_not_nothing(tmp_path, run):
    cache = of_three(tmp_path)
    (cache / "tables/securities/lineage.parquet").unlink()
    code, _, err = run("--cache", cache, "diff", "0009999993", "--period", "2025Q2")
    assert code == 8
    assert "lineage.parquet is missing" in err
    assert "rebuild" in err
    assert run("--cache", cache, "rebuild")[0] == 0
    assert Tracker(cache).moves("0009999993", "2025Q2")["change"].to_list() == ["unchanged"]


def test_what_another_version_made_is_made_anew(tmp_path):
    cache = of_three(tmp_path)
    made = cache / "tables/securities/made.json"
    before = made.read_bytes()
    told = json.loads(before)
    made.write_text(json.dumps(told | {"by": ["0.0.9", "1", 0]}))
    (cache / "tables/securities/votes/2025-06-30.parquet").unlink()
    assert Tracker(cache).moves("0009999993", "2025Q2")["change"].to_list() == ["unchanged"]
    assert made.read_bytes() == before


def test_placeholders_take_no_part(tmp_path):
    cache = tmp_path / "cache"
    imported(cache, put(
        tmp_path / "in", quarter(1, [("PRIVATE ONE", "000000000", 501_700, 5_017)]),
        quarter(2, [("PRIVATE ONE", "000000000", 501_700, 10_034)]),
    ))  # fmt: skip
    told = Tracker(cache, curated=False).moves("0009999991", "2025Q2").row(0, named=True)
    assert (told["change"], actions_of(told)) == ("added", [])


def test_a_users_action_that_contradicts_what_is_confirmed_is_named_and_not_followed(tmp_path, run):
    wrong = 'kind = "split"\ndate = 2025-11-17\ncusip = "64110L106"\nratio = "5:1"\nsource = "me"\n'
    path = settings(tmp_path, wrong)
    asked = ("diff", "bridgewater", "--period", "2025Q4", "--security", "NFLX", "--sample", "--json", "--config", path)
    told = json.loads(run(*asked)[1])
    assert told["moves"][0]["amount_before_adjusted"] == 261_120
    assert [one["message"] for one in told["oddities"] if one["code"] == "reference-unusable"] == [
        "action 1: 5 for 1, by 2025-12-31 where it is known as 10 for 1, by 2025-12-31"
    ]


def test_a_change_by_issuer_is_that_of_the_whole_issuer(tmp_path, run):
    both = [("ALPHABET INC", "02079K305", 5_017_000, 50_170), ("ALPHABET INC", "02079K107", 717_000, 7_170)]
    cache = tmp_path / "cache"
    imported(cache, put(tmp_path / "in", quarter(1, both), quarter(2, both[:1])))
    asked = ("--cache", cache, "diff", "0009999991", "--by", "issuer", "--json")
    assert json.loads(run(*asked, "--change", "exited")[1])["moves"] == []
    (row,) = json.loads(run(*asked, "--change", "reduced")[1])["moves"]
    assert (row["cusips"], row["changes"]) == (["02079K107", "02079K305"], ["exited", "unchanged"])


def test_the_secs_files_are_imported_and_damage_is_named(tmp_path, run, valid_fails):
    cache = two_books(tmp_path)
    good, bad = tmp_path / "cnsfails202505a.zip", tmp_path / "cnsfails202505b.zip"
    good.write_bytes(valid_fails)
    bad.write_bytes(valid_fails[:-30])
    code, out, _ = run("--cache", cache, "import", good, bad, "--json")
    told = json.loads(out)
    assert (code, told["added"], told["refused"]) == (7, 1, 1)
    assert json.loads(run("--cache", cache, "import", good, "--json")[1])["unchanged"] == 1
    told = json.loads(run("--cache", cache, "holdings", "0009999991", "--period", "2025Q1", "--json")[1])
    row = told["holdings"][0]
    assert (row["ticker"], row["ticker_source"], row["ticker_certainty"]) == ("XMPL", "fails-to-deliver", "confirmed")
    assert told["unknown_tickers"] == 0


@pytest.fixture
def valid_fails():
    return packed(a__txt=fails_text(fail(OLD, "XMPL", day="20250502", issuer="EXAMPLE CORP")))


@pytest.mark.parametrize("day", ["2024-05-22", "2024-06-12"])
def test_an_own_action_given_on_another_day_than_it_is_known_for_is_followed_once(tmp_path, run, day):
    cache = tmp_path / "cache"
    before, after = (("NVIDIA CORP", "67066G104", *figures) for figures in ((906_000, 1_003), (1_239_000, 10_030)))
    early = filing("0009999991-24-000001", [before], filed=date(2024, 5, 10), period=date(2024, 3, 31))
    late = filing("0009999991-24-000002", [after], filed=date(2024, 8, 9), period=date(2024, 6, 30))
    imported(cache, put(tmp_path / "in", early, late))
    own = f'kind = "split"\ndate = {day}\ncusip = "67066G104"\nratio = "10:1"\nsource = "me"\n'
    told = json.loads(run("--cache", cache, "--config", settings(tmp_path, own), "diff", "0009999991", "--json")[1])
    (move,) = told["moves"]
    assert (move["change"], move["amount_before_adjusted"]) == ("unchanged", 10_030)


def test_a_damaged_file_of_the_secs_stops_no_rebuild_and_is_named(tmp_path, run, valid_fails):
    cache = two_books(tmp_path)
    (tmp_path / "cnsfails202505a.zip").write_bytes(valid_fails)
    run("--cache", cache, "import", tmp_path / "cnsfails202505a.zip")
    kept = cache / "edgar/listings/reference/fails/cnsfails202505a.zip.gz"
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 8
    kept.write_bytes(bytes(content))
    assert run("--cache", cache, "rebuild")[0] == 0
    told = json.loads(run("--cache", cache, "diff", "0009999991", "--json")[1])
    named = [one["message"] for one in told["oddities"] if one["code"] == "reference-unusable"]
    assert named == ["cnsfails202505a.zip is damaged on disk."]


@pytest.mark.parametrize("made", ["[]", "{", '{"by": 1, "references": [], "votes": []}'])
def test_a_note_of_another_shape_is_made_anew(tmp_path, made):
    cache = of_three(tmp_path)
    (cache / "tables/securities/made.json").write_text(made)
    assert Tracker(cache).moves("0009999993", "2025Q2")["change"].to_list() == ["unchanged"]
