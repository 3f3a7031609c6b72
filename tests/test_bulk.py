"""Data sets in the tables: the same as the filings themselves, whatever came first, and nothing told twice."""

from __future__ import annotations

import gzip
import itertools
import json
import random
from datetime import date

import polars as pl
import pytest

from tests.data_sets import (
    FIRST,
    FOURTH,
    SECOND,
    THIRD,
    data_set,
    holding,
    ingested,
    listed,
    of_reading,
    packed,
    put,
    rebuilt,
)
from tests.trees import THREE_STOCKS, amendment, filing, fingerprint, imported, quarter, stock, submissions
from tests.trees import put as put_filings
from thirteenf import Tracker, chronicle, datasets, doctor, form13f, intake, places, verification
from thirteenf.store import Store
from thirteenf.tables import FILINGS, POSITIONS

CIKS = tuple(f"000999999{place}" for place in range(1, 6))
DAYS = (date(2025, 6, 30), date(2025, 9, 30))
BY_ITSELF = ("accepted", "schema_version", "cover_cik", "table_document", "document")
"""What a data set has not, or has otherwise."""


def tables(cache):
    """The tables byte for byte, but for the note of what some were made of."""
    return {name: mark for name, mark in fingerprint(cache / "tables").items() if not name.endswith("made.json")}


def read(content):
    return of_reading(form13f.read_submission(content))


def book(place, seed, rows=6):
    chance = random.Random(f"{place} {seed}")  # noqa: S311 - figures, no secrets
    return tuple(stock(number, chance.randrange(1, 90) * 100) for number in range(rows))


@pytest.fixture(scope="module")
def contents():
    """Submissions of five managers for two quarters, with amendments, a notice and one in thousands."""
    found = {}
    for place, cik in enumerate(CIKS, 1):
        for number in (2, 3):
            found[cik, number] = quarter(number, book(place, number), cik=cik)
    found["more", 2] = amendment(2, book(1, "more", 2), cik=CIKS[0], filed=date(2025, 9, 10))
    found["again", 3] = amendment(3, book(2, 3), cik=CIKS[1], amends="RESTATEMENT", nth=1, filed=date(2025, 11, 14))
    return found


@pytest.fixture(scope="module")
def sets(contents, tmp_path_factory):
    """The same as three data sets, by filing date."""
    windows = {SECOND: (date(2025, 6, 1), date(2025, 8, 31)), THIRD: (date(2025, 9, 1), date(2025, 11, 30))}
    every = [read(content) for content in contents.values()]
    filed = {content.filing.accession_number: content.filing.filing_date
             for content in map(form13f.read_submission, contents.values())}  # fmt: skip
    made = {
        name: data_set(*(one for one in every if first <= filed[one.accession] <= last))
        for name, (first, last) in windows.items()
    }
    return put(tmp_path_factory.mktemp("sets"), made)


@pytest.fixture(scope="module")
def whole(sets, tmp_path_factory):
    """A cache with both sets."""
    cache = tmp_path_factory.mktemp("whole") / "cache"
    assert [row["outcome"] for row in ingested(cache, *sets)] == ["added", "added"]
    return cache


# as the filings themselves


def alike(one, other):
    """The tables of two caches, but for what a data set cannot know and where the bytes lie."""
    stores = Store(one / "tables"), Store(other / "tables")
    found = [store.filings() for store in stores]
    names = [name for name in FILINGS.names if name not in BY_ITSELF]
    assert found[0].select(names).equals(found[1].select(names))
    for period in found[0]["period"].unique():
        parts = [frame.filter(pl.col("period") == period) for frame in found]
        rows = [store.rows_as_filed(period, part) for store, part in zip(stores, parts, strict=True)]
        sort = ["cik", "accession_number", "row"]
        assert rows[0].sort(sort).equals(rows[1].sort(sort))
        known = pl.col("code") != "accepted-unknown"
        odd = [store.oddities(period, part).filter(known).sort(*sort, "code")
               for store, part in zip(stores, parts, strict=True)]  # fmt: skip
        assert odd[0].equals(odd[1])
        held = [
            store.collected(store.positions(period, part.select("accession_number", "document"))).sort(POSITIONS.key)
            for store, part in zip(stores, parts, strict=True)
        ]
        assert held[0].select(POSITIONS.names).equals(held[1].select(POSITIONS.names))


def answers(cache):
    """What is held and moved, of every manager and period."""
    tracker = Tracker(cache)
    for cik in tracker.managers():
        for period in tracker.periods(cik):
            yield cik, period, tracker.holdings(cik, period), tracker.moves(cik, period)


def test_a_filing_in_a_data_set_is_the_filing_itself(contents, whole, tmp_path):
    imported(tmp_path / "single", put_filings(tmp_path / "in", *contents.values()))
    alike(tmp_path / "single", whole)
    told = list(zip(answers(tmp_path / "single"), answers(whole), strict=True))
    assert len(told) == 10
    for (cik, period, held, moved), other in told:
        assert (cik, period) == other[:2]
        assert held.equals(other[2])
        assert moved.equals(other[3])


def test_the_six_managers_from_a_data_set_are_those_of_their_own_filings(edgar, edgar_cache, tmp_path):
    every = [form13f.read_submission(path.read_bytes()) for path in submissions(edgar)]
    order = sorted(every, key=lambda one: (one.filing.filing_date, str(one.filing.accepted)))
    (path,) = put(tmp_path / "sets", {THIRD: data_set(*map(of_reading, order))})
    (told,) = ingested(tmp_path / "cache", path)
    assert (told["filings"], told["skipped"]) == (len(every), 0)
    alike(edgar_cache, tmp_path / "cache")
    pairs = zip(answers(edgar_cache), answers(tmp_path / "cache"), strict=True)
    for (cik, period, held, moved), other in pairs:
        assert (cik, period) == other[:2]
        assert held.drop("ticker_source", strict=False).equals(other[2].drop("ticker_source", strict=False))
        assert moved.equals(other[3])


def test_explain_says_that_the_rows_are_from_a_data_set_and_where_they_stand_on_edgar(run, whole):
    from thirteenf import explanation
    from thirteenf.render import render

    text = render(explanation.explain(Tracker(whole), CIKS[0], stock(0, 1)[1], "2025Q3"), "text", width=160)
    assert f"(its rows are from the SEC's data set {THIRD})" in text
    assert "https://www.sec.gov/Archives/edgar/data/9999991/" in text
    _, out, _ = run("--cache", whole, "explain", CIKS[0], stock(0, 1)[1], "--period", "2025Q3", "--json")
    assert {row["document"] for row in json.loads(out)["rows"]} == {f"datasets/{SECOND}", f"datasets/{THIRD}"}


# the order does not matter


def test_taking_a_set_twice_changes_nothing(sets, whole):
    before = fingerprint(whole)
    assert [(row["outcome"], row["skipped"]) for row in ingested(whole, *sets)] == [("unchanged", 5), ("unchanged", 7)]
    assert fingerprint(whole) == before


def test_rebuilding_gives_the_same_bytes(whole, sets, tmp_path):
    cache = tmp_path / "cache"
    ingested(cache, *sets)
    taken = rebuilt(cache)
    assert set(taken["outcome"]) == {"added"}
    assert tables(cache) == tables(whole)


STEPS = ("second", "third", "singles", "others")


@pytest.fixture(scope="module")
def steps(contents, sets, tmp_path_factory):
    """Ways of taking in: each set, some filings that are in them too, and one that is in none."""
    folder = tmp_path_factory.mktemp("singles")
    some = put_filings(folder / "some", contents[CIKS[0], 3], contents[CIKS[1], 2], contents["more", 2])
    others = put_filings(folder / "others", *(contents[cik, 2] for cik in CIKS), quarter(1, book(9, 9), cik=CIKS[0]))
    return {
        "second": lambda cache: ingested(cache, sets[0]), "third": lambda cache: ingested(cache, sets[1]),
        "singles": lambda cache: imported(cache, some), "others": lambda cache: imported(cache, others),
        "rebuild": rebuilt,
    }  # fmt: skip


@pytest.fixture(scope="module")
def reference(steps, tmp_path_factory):
    cache = tmp_path_factory.mktemp("reference") / "cache"
    for name in STEPS:
        steps[name](cache)
    rebuilt(cache)
    return cache


ORDERS = [*itertools.permutations(STEPS)]


@pytest.mark.parametrize("order", ORDERS[::2], ids="-".join)
def test_whatever_comes_first_the_tables_are_the_same(steps, reference, tmp_path, order):
    cache = tmp_path / "cache"
    for name in order:
        steps[name](cache)
    assert tables(cache) == tables(reference)


@pytest.mark.parametrize("order", ORDERS[1::6], ids="-".join)
def test_a_rebuild_between_any_two_makes_no_difference(steps, reference, tmp_path, order):
    cache = tmp_path / "cache"
    for name in order:
        steps[name](cache)
        rebuilt(cache)
    assert tables(cache) == tables(reference)


def test_a_filing_by_itself_takes_the_sets_place_and_its_rows_leave_the_set(steps, tmp_path):
    cache = tmp_path / "cache"
    steps["second"](cache)
    path = cache / "tables" / "information_table" / "period=2025-06-30" / f"{SECOND.removesuffix('.zip')}.parquet"
    assert set(pl.read_parquet(path)["cik"]) == set(CIKS)
    steps["singles"](cache)
    assert set(pl.read_parquet(path)["cik"]) == {*CIKS} - {CIKS[1]}
    held = Store(cache / "tables").filings().filter(pl.col("cik") == CIKS[1])
    assert held["document"].str.starts_with("data/").all()
    steps["others"](cache)
    assert not path.exists()
    (told,) = ingested(cache, cache / "edgar" / "datasets" / SECOND)
    assert (told["outcome"], told["filings"], told["skipped"]) == ("unchanged", 0, 5)
    assert Tracker(cache).holdings(CIKS[2], "2025Q2").height == 6


def test_of_a_filing_in_two_sets_the_later_counts_whatever_comes_first(contents, tmp_path):
    early = read(contents[CIKS[0], 2])
    late = read(quarter(2, book(7, 7), cik=CIKS[0]))
    assert early.accession == late.accession
    both = put(tmp_path / "sets", {SECOND: data_set(early, read(contents[CIKS[1], 2])), THIRD: data_set(late)})
    ingested(tmp_path / "a", *both)
    ingested(tmp_path / "b", *both[::-1])
    assert tables(tmp_path / "a") == tables(tmp_path / "b")
    assert Tracker(tmp_path / "a").filings().height == 2
    (one,) = Store(tmp_path / "a" / "tables").filings().filter(pl.col("cik") == CIKS[0])["document"]
    assert one == f"datasets/{THIRD}"


@pytest.mark.parametrize("order", [*itertools.permutations(["set", "single"])], ids="-".join)
def test_a_filing_that_the_set_lacks_rows_of_is_read_by_itself(tmp_path, order):
    """In the set it cannot be read; fetched on its own it can, before and after."""
    (path,) = put(tmp_path / "sets", {THIRD: data_set(
        listed("0009999991-25-000301", [], cik=CIKS[0], summary={"TABLEENTRYTOTAL": 3}),
        listed("0009999992-25-000301", cik=CIKS[1]),
    )})  # fmt: skip
    single = put_filings(tmp_path / "in", filing("0009999991-25-000301", cik=CIKS[0]))
    cache = tmp_path / "cache"
    for step in order:
        ingested(cache, path) if step == "set" else imported(cache, single)
    assert Store(cache / "tables").unreadable().is_empty()
    assert Tracker(cache).holdings(CIKS[0])["amount"].to_list() == [10000] * 3
    before = tables(cache)
    rebuilt(cache)
    assert tables(cache) == before


EMPTY = listed("0009999991-25-000301", [], cik=CIKS[0], summary={"TABLEENTRYTOTAL": 3})


def take_own(cache):
    """A filing's own document that EDGAR served, is in the archive, and cannot be read."""
    path = cache / "edgar" / "data" / CIKS[0].lstrip("0") / "0009999991-25-000301.txt.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(
        filing("0009999991-25-000301", cik=CIKS[0]).replace(b"<infoTable>", b"<infoTabel>"), mtime=0
    ))  # fmt: skip
    intake.take_up(places.at(cache))


@pytest.mark.parametrize("again", [False, True], ids=["", "rebuilt"])
@pytest.mark.parametrize("order", [*itertools.permutations(["early", "late", "own", "other"])][::6], ids="-".join)
def test_a_copy_that_can_be_read_counts_before_any_that_cannot(tmp_path, order, again):
    readable = listed("0009999991-25-000301", cik=CIKS[0])
    early, late = put(tmp_path / "sets", {
        SECOND: data_set(readable, listed("0009999992-25-000301", cik=CIKS[1])),
        THIRD: data_set(EMPTY, listed("0009999993-25-000301", cik=CIKS[2])),
    })  # fmt: skip
    other = put_filings(tmp_path / "in", filing("0009999994-25-000301", cik=CIKS[3]))
    cache = tmp_path / "cache"
    imported(cache, put_filings(tmp_path / "first", filing("0009999995-25-000301", cik=CIKS[4])))
    for step in order:
        if step == "own":
            take_own(cache)
        elif step == "other":
            assert imported(cache, other)["outcome"].to_list() == ["added"]
        else:
            ingested(cache, early if step == "early" else late)
        if again:
            rebuilt(cache)
    assert Store(cache / "tables").unreadable().is_empty()
    (document,) = Store(cache / "tables").filings().filter(pl.col("cik") == CIKS[0])["document"]
    assert document == f"datasets/{SECOND}"
    assert Tracker(cache).holdings(CIKS[0])["amount"].to_list() == [10000] * 3
    assert verified(cache).head["sound"]
    assert verified(cache, CIKS[0]).head["sound"]
    assert problems(cache) == []
    before = tables(cache)
    rebuilt(cache)
    assert tables(cache) == before


def test_a_set_that_others_supersede_wholly_is_not_read_again(tmp_path, monkeypatch):
    one, more = listed("0009999991-25-000301", cik=CIKS[0]), listed("0009999992-25-000301", cik=CIKS[1])
    paths = put(tmp_path / "sets", {SECOND: data_set(one), THIRD: data_set(one, more)})
    cache = tmp_path / "cache"
    ingested(cache, *paths)
    monkeypatch.setattr(datasets, "read", lambda *_: pytest.fail("it is read again"))
    single = put_filings(tmp_path / "in", filing("0009999993-25-000301", cik=CIKS[2]))
    assert imported(cache, single)["outcome"].to_list() == ["added"]
    told = ingested(cache, *paths)
    assert [(row["outcome"], row["skipped"]) for row in told] == [("unchanged", 1), ("unchanged", 2)]


def test_of_a_window_the_newest_upload_counts_by_its_number(tmp_path):
    """As `windows.listed` has it: the tenth is newer than the ninth."""
    name = "01sep2025-30nov2025_form13f_{}.zip"
    paths = put(tmp_path / "sets", {
        name.format(9): data_set(listed("0009999991-25-000301", cik=CIKS[0])),
        name.format(10): data_set(listed("0009999991-25-000301", THREE_STOCKS[:1], cik=CIKS[0])),
    })  # fmt: skip
    for order in (paths, paths[::-1]):
        cache = tmp_path / f"{order[0].stem}"
        ingested(cache, *order)
        (document,) = Store(cache / "tables").filings()["document"]
        assert document == f"datasets/{name.format(10)}"


def test_a_filing_of_a_set_that_cannot_be_read_is_told_and_no_empty_portfolio(run, tmp_path):
    bad = listed("0009999991-25-000301", [], cik=CIKS[0], summary={"TABLEENTRYTOTAL": 3})
    (path,) = put(tmp_path / "sets", {THIRD: data_set(bad, listed("0009999992-25-000301", cik=CIKS[1]))})
    code, out, err = run("--cache", tmp_path / "cache", "ingest", path, "--json")
    told = json.loads(out)["data_sets"][0]
    assert (code, told["outcome"], told["filings"], told["rows"]) == (7, "added", 1, 3)
    assert "1 of its filings cannot be read" in told["message"]
    assert "1 filing cannot be read; the rest was taken in" in err
    code, _, err = run("--cache", tmp_path / "cache", "holdings", CIKS[0])
    assert code == 5, err
    status = json.loads(run("--cache", tmp_path / "cache", "status", "--json")[1])
    assert [one["code"] for one in status["refused"]] == ["unreadable"]


def test_a_larger_set_that_a_filing_leaves_is_as_if_it_had_never_been_in_it(tmp_path):
    """Row groups, too, lie as a rebuild lays them."""
    chance = random.Random(3)  # noqa: S311 - figures, no secrets
    rows = [holding(f"NAME {n}", stock(n % 99, 1)[1], 100 + chance.randrange(9**6), 1 + n) for n in range(30_000)]
    every = [listed(f"{cik}-25-000301", rows[place:], cik=cik) for place, cik in enumerate(CIKS)]
    (path,) = put(tmp_path / "sets", {THIRD: data_set(*every)})
    ingested(tmp_path / "cache", path)
    imported(tmp_path / "cache", put_filings(tmp_path / "in", filing(f"{CIKS[1]}-25-000301", cik=CIKS[1])))
    before = tables(tmp_path / "cache")
    rebuilt(tmp_path / "cache")
    assert tables(tmp_path / "cache") == before


# what filings of a set come to


def test_an_amendment_alone_is_never_a_portfolio(tmp_path):
    added = listed("0009999991-25-000302", THREE_STOCKS[:1], form="13F-HR/A", amends="NEW HOLDINGS", cik=CIKS[0])
    base = listed("0009999991-25-000201", period=DAYS[0], filed=date(2025, 8, 14), cik=CIKS[0])
    paths = put(tmp_path / "sets", {SECOND: data_set(base), THIRD: data_set(added)})
    ingested(tmp_path / "cache", *paths)
    tracker = Tracker(tmp_path / "cache")
    told = tracker.compare(CIKS[0], "2025Q3")
    assert told.reason == "base-missing"
    assert set(told.moves["change"]) == {"unknown"}
    every = tracker.scan_holdings().collect()
    assert set(every["period"]) == {DAYS[0]}


def test_thousands_before_2023_and_the_odd_filer_after(tmp_path):
    old = [
        listed(f"{cik}-22-000301", [(*stock(n, 1000)[:2], 50, 1000) for n in range(5)], cik=cik,
               period=date(2022, 9, 30), filed=date(2022, 11, 14)) for cik in CIKS
    ]  # fmt: skip
    new = [listed(f"{cik}-25-000301", [stock(n, 1000) for n in range(5)], cik=cik) for cik in CIKS[1:]]
    odd = listed(f"{CIKS[0]}-25-000301", [(*stock(n, 1000)[:2], 50, 1000) for n in range(5)], cik=CIKS[0])
    paths = put(tmp_path / "sets", {"2022q4_form13f.zip": data_set(*old), THIRD: data_set(odd, *new)})
    ingested(tmp_path / "cache", *paths)
    filings = Store(tmp_path / "cache" / "tables").filings()
    units = {
        (cik, str(period)): unit for cik, period, unit in filings.select("cik", "period", "value_unit").iter_rows()
    }
    assert {units[cik, "2022-09-30"] for cik in CIKS} == {"thousands"}
    assert [units[cik, "2025-09-30"] for cik in CIKS] == ["thousands", *["dollars"] * 4]
    tracker = Tracker(tmp_path / "cache")
    assert {tracker.holdings(cik, "2025Q3")["value"].sum() // 1000 for cik in CIKS[:2]} <= set(range(240, 260))


def test_a_notice_of_a_set_has_no_positions_and_no_exits(tmp_path):
    paths = put(tmp_path / "sets", {
        SECOND: data_set(listed("0009999991-25-000201", period=DAYS[0], filed=date(2025, 8, 14), cik=CIKS[0])),
        THIRD: data_set(listed("0009999991-25-000301", [], form="13F-NT", report_type="13F NOTICE", cik=CIKS[0])),
    })  # fmt: skip
    ingested(tmp_path / "cache", *paths)
    assert set(Tracker(tmp_path / "cache").moves(CIKS[0], "2025Q3")["change"]) == {"unknown"}


def test_within_a_day_an_original_of_a_set_counts_first_and_an_amendment_last(tmp_path):
    """The order that docs/method.md states, whatever the numbers: a data set knows no times."""
    base = listed("0009999991-25-000302", cik=CIKS[0])
    last = listed("0009999991-25-000301", THREE_STOCKS[:2], form="13F-HR/A", amends="RESTATEMENT", cik=CIKS[0])
    (path,) = put(tmp_path / "sets", {THIRD: data_set(last, base)})
    ingested(tmp_path / "cache", path)
    assert Tracker(tmp_path / "cache").holdings(CIKS[0]).height == 2
    timed = filing("0009999991-25-000303", THREE_STOCKS[:1], cik=CIKS[0], form="13F-HR/A", amends="RESTATEMENT")
    imported(tmp_path / "cache", put_filings(tmp_path / "in", timed))
    assert Tracker(tmp_path / "cache").holdings(CIKS[0]).height == 2


def test_positions_are_the_rows_added_up(whole):
    store = Store(whole / "tables")
    for (period,), filings in store.filings().partition_by("period", as_dict=True).items():
        plain = {}
        for row in store.rows_as_filed(period, filings).sort("accession_number", "row").iter_rows(named=True):
            key = (row["cusip"], row["put_call"], row["amount_type"], row["accession_number"])
            issuer, title, amount, value, rows = plain.get(key, (row["issuer"], row["title_of_class"], 0, 0, 0))
            plain[key] = issuer, title, amount + row["amount"], value + row["value"], rows + 1
        held = store.collected(store.positions(period, filings.select("accession_number", "document")))
        told = {row[:4]: row[4:] for row in held.select(POSITIONS.names).iter_rows()}
        assert told == plain
        assert len(told) == held.height > 20


def test_duckdb_reads_both_tables_by_its_own_means_and_agrees(whole):
    duckdb = pytest.importorskip("duckdb")
    at = (whole / "tables").as_posix()
    asked = f"""
        select cusip, sum(amount)::bigint,
               sum(p.value * case f.value_unit when 'thousands' then 1000 else 1 end)::bigint
        from read_parquet('{at}/{{}}/*/*.parquet', hive_partitioning = true) p
        join read_parquet('{at}/filings.parquet') f using (accession_number)
        where p.period = '2025-09-30' group by cusip order by cusip
    """  # noqa: S608 - of the test's own
    by_rows, by_positions = (duckdb.sql(asked.format(name)).fetchall() for name in ("information_table", "positions"))
    assert by_rows == by_positions
    store = Store(whole / "tables")
    filings = store.filings().filter(pl.col("period") == DAYS[1])
    rows = store.rows(DAYS[1], filings).group_by("cusip").agg(pl.col("amount", "value").sum()).sort("cusip")
    assert by_rows == rows.rows()


# refused, and nothing kept


@pytest.mark.parametrize("content", [b"nothing", b"<html></html>", b""])
def test_what_is_no_zip_is_refused_and_the_others_go_on(run, sets, tmp_path, content):
    (bad,) = put(tmp_path / "bad", {FOURTH: content})
    code, out, err = run("--cache", tmp_path / "cache", "ingest", bad, sets[0], "--json")
    told = {row["name"]: row["outcome"] for row in json.loads(out)["data_sets"]}
    assert told == {FOURTH: "refused", SECOND: "added"}
    assert code == 7
    assert len([line for line in err.splitlines() if line.startswith("Error: ")]) == 1
    assert [path.name for path in (tmp_path / "cache" / "edgar" / "datasets").iterdir()] == [SECOND]


def test_a_zip_that_is_no_data_set_is_refused_and_not_kept(run, sets, tmp_path):
    (bad,) = put(tmp_path / "bad", {FIRST: packed({}, more={"notes.txt": b"none"})})
    code, out, _ = run("--cache", tmp_path / "cache", "ingest", bad, sets[1], "--json")
    told = {row["name"]: row for row in json.loads(out)["data_sets"]}
    assert code == 7
    assert told[FIRST]["outcome"] == "refused"
    assert "no Form 13F data set" in told[FIRST]["message"]
    assert [path.name for path in (tmp_path / "cache" / "edgar" / "datasets").iterdir()] == [THIRD]
    assert tables(tmp_path / "cache") == tables_of(sets[1], tmp_path / "plain")
    assert verified(tmp_path / "cache").head["sound"]


def tables_of(path, cache):
    ingested(cache, path)
    return tables(cache)


# verify and check


def verified(cache, manager=None):
    return verification.verify(Tracker(cache), manager)


def problems(cache):
    return doctor.check(places.at(cache), cache / "none.toml").rows.rows()


@pytest.fixture
def copy(sets, tmp_path):
    """A cache with both sets and one filing by itself, to break."""
    cache = tmp_path / "copy"
    ingested(cache, *sets)
    return cache


def test_a_cache_of_sets_is_sound(whole, reference):
    told = verified(whole)
    assert (told.head["sound"], told.head["filings"], told.head["rows"]) == (True, 12, 10 * 6 + 2 + 6)
    assert sum(told.head["totals"].values()) == 12
    assert problems(whole) == []
    assert verified(reference).head["sound"]
    assert problems(reference) == []


def test_check_counts_the_filings_of_sets_too(run, sets, tmp_path):
    ingested(tmp_path / "cache", *sets)
    out = run("--cache", tmp_path / "cache", "cache", "check", "--text")[1]
    assert "12 filings in 2 data sets and by themselves; settings in" in out
    imported(tmp_path / "one", put_filings(tmp_path / "in", quarter(1, cik=CIKS[2])))
    assert "\n1 filing; settings in" in run("--cache", tmp_path / "one", "cache", "check", "--text")[1]
    put(tmp_path / "one" / "edgar" / "datasets", {FIRST: packed({}, more={"notes.txt": b"none"})})
    out = run("--cache", tmp_path / "one", "cache", "check", "--text")[1]
    assert ". Remove it" in out
    assert ".." not in out.replace("../", "")


def test_of_one_manager_only_its_filings_of_the_set_are_looked_at(whole, copy):
    told = verified(whole, CIKS[1])
    assert (told.head["sound"], told.head["filings"], told.head["rows"]) == (True, 3, 18)
    path = copy / "tables" / "information_table" / "period=2025-09-30" / f"{THIRD.removesuffix('.zip')}.parquet"
    frame = pl.read_parquet(path, hive_partitioning=False)
    frame.with_columns(amount=pl.col("amount") + (pl.col("cik") == CIKS[3])).write_parquet(path)
    assert verified(copy, CIKS[1]).head["sound"]
    assert verified(copy, CIKS[3]).head["differences"] == 1
    told = verified(copy)
    assert told.rows.filter(pl.col("kind") == "difference").select("code", "cik").rows() == [
        ("information_table", CIKS[3])
    ]


def test_positions_that_are_others_are_found(copy):
    path = copy / "tables" / "positions" / "period=2025-06-30" / f"{SECOND.removesuffix('.zip')}.parquet"
    frame = pl.read_parquet(path, hive_partitioning=False)
    frame.with_columns(value=pl.col("value") + (pl.int_range(pl.len()) == 7)).write_parquet(path)
    told = verified(copy)
    assert set(told.rows.filter(pl.col("kind") == "difference")["code"]) == {"positions", "securities"}
    assert "rebuild" in told.head["hint"]


def test_a_set_that_is_gone_from_the_archive_is_one_difference(copy):
    (copy / "edgar" / "datasets" / SECOND).unlink()
    told = verified(copy)
    (one,) = told.rows.filter(pl.col("kind") == "difference").to_dicts()
    assert f"5 filings in the tables are of {SECOND}, which is not in the archive" in one["message"]
    assert [(what, SECOND in what) for _, what, _ in problems(copy)] == [(problems(copy)[0][1], True)]


def test_a_set_that_is_damaged_is_named_and_so_is_its_mend(copy):
    path = copy / "edgar" / "datasets" / SECOND
    path.write_bytes(path.read_bytes()[:-100])
    told = verified(copy)
    assert told.rows["kind"].to_list().count("damaged") == 1
    assert told.head["differences"] == 0
    ((where, what, mend),) = problems(copy)
    assert (where, "damaged" in what, "ingest" in mend) == (str(path), True, True)


def test_a_set_that_is_not_in_the_tables_is_named_once(copy, contents, tmp_path):
    extra = data_set(read(quarter(1, book(9, 9), cik=CIKS[0])))
    put(copy / "edgar" / "datasets", {FIRST: extra})
    told = verified(copy)
    (one,) = told.rows.filter(pl.col("kind") == "difference").to_dicts()
    assert f"{FIRST} is in the archive, none of it in the tables" in one["message"]
    ((where, what, _),) = problems(copy)
    assert (where.endswith(FIRST), what) == (True, "in the archive, not in the tables")
    imported(copy, put_filings(tmp_path / "in", contents[CIKS[0], 2]))  # any run takes it up
    assert verified(copy).head["sound"]
    assert problems(copy) == []


def test_another_set_under_its_name_is_found(copy, contents):
    changed = [read(contents[cik, 2]) for cik in CIKS[:-1]]
    changed[0].rows[0]["SSHPRNAMT"] += 1
    (copy / "edgar" / "datasets" / SECOND).unlink()
    put(copy / "edgar" / "datasets", {SECOND: data_set(*changed)})
    found = verified(copy).rows.filter(pl.col("kind") == "difference").select("code", "cik").rows()
    assert sorted(found) == [("filings", CIKS[4]), ("information_table", CIKS[0])]


# events


def events(cache):
    return chronicle.events(places.at(cache)).since()


def test_a_set_is_told_as_one_event(whole):
    told = events(whole)
    assert told["kind"].to_list() == ["ingested", "ingested"]
    assert told["message"].to_list() == [f"{SECOND}: 5 filings, 30 rows", f"{THIRD}: 7 filings, 38 rows"]


def test_a_filing_that_a_set_told_of_is_not_told_again_when_it_comes_by_itself(steps, tmp_path):
    steps["second"](tmp_path / "cache")
    steps["others"](tmp_path / "cache")
    told = events(tmp_path / "cache").select("kind", "accession_number").rows()
    assert told == [("ingested", None), ("filed", f"{CIKS[0]}-25-000100")]


def test_filings_that_were_told_are_not_told_with_a_set_and_it_is_told_all_the_same(steps, tmp_path):
    steps["singles"](tmp_path / "cache")
    steps["third"](tmp_path / "cache")
    kinds = events(tmp_path / "cache")["kind"].to_list()
    assert sorted(kinds) == ["amended", "filed", "filed", "ingested"]


def many(period, filed, places_of, **more):
    return [
        listed(f"{place:010}-25-{more.get('nth', 1):06}", [stock(0, 100 + more.get("plus", 0)), stock(1, 200)],
               period=period, filed=filed, cik=f"{place:010}", name=f"Manager {place}",
               **{key: value for key, value in more.items() if key in ("form", "amends")}) for place in places_of
    ]  # fmt: skip


@pytest.mark.parametrize("number", [50, 51])
def test_figures_of_many_managers_that_a_set_revises_are_one_event(tmp_path, number):
    base = many(DAYS[0], date(2025, 8, 14), range(1, 71))
    again = many(DAYS[0], date(2025, 10, 1), range(1, number + 1), nth=2, plus=7, form="13F-HR/A", amends="RESTATEMENT")
    paths = put(tmp_path / "sets", {SECOND: data_set(*base), THIRD: data_set(*again)})
    for path in paths:
        ingested(tmp_path / "cache", path)
    revised = events(tmp_path / "cache").filter(pl.col("kind") == "revised")
    if number == 50:
        assert revised["cik"].null_count() == 0
        assert revised.height == 50
    else:
        assert revised.select("cik", "period", "message").rows() == [
            (None, DAYS[0], "the figures of 51 managers for 2025Q2 are revised")
        ]


def test_only_those_whose_figures_are_others_are_counted(tmp_path):
    base = many(DAYS[0], date(2025, 8, 14), range(1, 71))
    same = many(DAYS[0], date(2025, 10, 1), range(1, 41), nth=2, form="13F-HR/A", amends="RESTATEMENT")
    other = many(DAYS[0], date(2025, 10, 1), range(41, 71), nth=2, plus=7, form="13F-HR/A", amends="RESTATEMENT")
    for path in put(tmp_path / "sets", {SECOND: data_set(*base), THIRD: data_set(*same, *other)}):
        ingested(tmp_path / "cache", path)
    revised = events(tmp_path / "cache").filter(pl.col("kind") == "revised")
    assert revised["message"].to_list() == ["the figures of 30 managers for 2025Q2 are revised"]


def test_refused_filings_of_a_set_are_told_with_it_and_not_again(tmp_path):
    wrong = listed(f"{CIKS[0]}-25-000301", [stock(n, 10**6) for n in range(5)], cik=CIKS[0])
    right = listed(f"{CIKS[0]}-25-000201", [stock(n, 1000) for n in range(5)], cik=CIKS[0], period=DAYS[0],
                   filed=date(2025, 8, 14))  # fmt: skip
    lost = listed(f"{CIKS[1]}-25-000301", [], cik=CIKS[1], summary={"TABLEENTRYTOTAL": 3})
    paths = put(tmp_path / "sets", {SECOND: data_set(right), THIRD: data_set(wrong, lost)})
    ingested(tmp_path / "cache", *paths)
    assert events(tmp_path / "cache")["message"].to_list() == [
        f"{SECOND}: 1 filings, 5 rows", f"{THIRD}: 1 filings, 5 rows, 1 refused until confirmed, 1 cannot be read",
    ]  # fmt: skip
    ingested(tmp_path / "cache", *paths)
    imported(tmp_path / "cache", put_filings(tmp_path / "in", quarter(1, cik=CIKS[2])))
    assert events(tmp_path / "cache")["kind"].to_list() == ["ingested", "ingested", "filed"]


def test_a_notice_tells_of_sets_in_one_message(whole, tmp_path):
    from thirteenf import notices

    tracker = Tracker(whole)
    (told,) = notices.compose(tracker, events(whole))
    assert told.title == "13F: data sets taken in"
    assert told.body.splitlines() == events(whole)["message"].to_list()
    outbox = notices.Outbox(tmp_path)
    notices.gather(tracker, outbox)
    assert len(outbox.waiting) == 1


# what a long-lived reader sees


def test_a_reader_who_looked_before_never_sees_a_filing_without_its_rows(steps, tmp_path):
    """A filing moves from the set's file to its own while somebody holds the list of filings of before."""
    cache = tmp_path / "cache"
    steps["second"](cache)
    tracker = Tracker(cache)
    steps["others"](cache)
    assert tracker.holdings(CIKS[2], "2025Q2").height == 6
    assert tracker.scan_holdings().collect().filter(pl.col("period") == DAYS[0]).height == 5 * 6
    assert tracker.books.everyone(DAYS[0]).collect().height == 5 * 6


def test_a_move_that_was_cut_off_is_finished_by_the_next_run(steps, reference, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    for name in ("second", "third", "others"):
        steps[name](cache)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_tidy", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            steps["singles"](cache)
    steps["singles"](cache)
    assert tables(cache) == tables(reference)


def _interrupted(_):
    raise KeyboardInterrupt


# refresh


def test_a_filing_of_a_set_is_not_fetched_again(serve, run, whole, contents, tmp_path):
    from tests.small_edgar import lay_out

    new = quarter(4, book(1, 4), cik=CIKS[0])
    serve(lay_out(tmp_path / "tree", [*(contents[CIKS[0], number] for number in (2, 3)), contents["more", 2], new]))
    cache = tmp_path / "cache"
    import shutil

    shutil.copytree(whole, cache)
    code, out, err = run("--cache", cache, "refresh", CIKS[0], "--no-references", "--json",
                         "--contact", "A Tester a@example.com")  # fmt: skip
    assert code == 0, err
    told = json.loads(out)
    assert (told["planned"]["held"], told["fetched"]) == (3, 1)
    assert Tracker(cache).filings(CIKS[0]).height == 4
    held = Store(cache / "tables").filings().filter(pl.col("cik") == CIKS[0])["document"]
    assert held.str.starts_with("datasets/").sum() == 3
