"""Keeping filings: tables depend on the archive alone, never on order, chance, or how often a run was killed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from datetime import date

import pytest

from tests.trees import THREE_STOCKS, filing, fingerprint, imported, parts, put, submissions
from thirteenf import Tracker, intake, places


@pytest.fixture(scope="module")
def some(edgar):
    """Submissions of three managers, amendments among them: enough to tell, few enough to be quick."""
    wanted = ("/1562087/", "/1649339/", "/1067983/")
    return [path for path in submissions(edgar) if any(name in path.as_posix() for name in wanted)]


@pytest.fixture(scope="module")
def undisturbed(some, tmp_path_factory):
    """The cache that an undisturbed import of them gives."""
    cache = tmp_path_factory.mktemp("undisturbed") / "cache"
    assert set(imported(cache, *some)["outcome"]) == {"added"}
    return fingerprint(cache / "tables"), fingerprint(cache / "edgar")


def kept(cache):
    return fingerprint(cache / "tables"), fingerprint(cache / "edgar")


def test_importing_twice_changes_nothing(run, edgar, edgar_cache, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(edgar_cache, cache)
    before = fingerprint(cache)
    stamps = {path: path.stat().st_mtime_ns for path in cache.rglob("*.*") if path.is_file()}
    code, _, err = run("--cache", cache, "import", edgar)
    assert code == 0
    assert "0 added, 52 unchanged, 0 refused" in err
    assert fingerprint(cache) == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_rebuilding_gives_the_same_bytes(run, edgar_cache, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(edgar_cache, cache)
    before = fingerprint(cache)
    code, _, err = run("--cache", cache, "rebuild")
    assert code == 0
    assert "52 added" in err
    assert fingerprint(cache) == before


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_import_does_not_matter(some, undisturbed, tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    shuffled, cut = chance.sample(some, len(some)), chance.randrange(1, len(some))
    for batch in (shuffled[:cut], shuffled[cut:]):
        imported(tmp_path / "cache", *batch)
    assert kept(tmp_path / "cache") == undisturbed


def test_the_size_of_a_batch_does_not_matter(some, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "ROWS_A_BATCH", 1)
    imported(tmp_path / "cache", *some[::-1])
    assert kept(tmp_path / "cache")[0] == undisturbed[0]


@pytest.mark.parametrize("first", ["text", "folder"])
def test_a_filing_that_came_in_two_ways_is_read_one_way(tmp_path, first):
    accession, filed = "0009999991-25-000001", date(2025, 11, 14)
    text = put(tmp_path / "text", filing(accession, filed=filed))
    folder = tmp_path / "folder" / accession / f"filed-{filed}"
    folder.mkdir(parents=True)
    page, table = parts()
    (folder / "primary_doc.xml").write_bytes(page)
    (folder / "infotable.xml").write_bytes(table)
    ways = [text, folder] if first == "text" else [folder, text]
    for way in ways:
        imported(tmp_path / "cache", way)
    reference = tmp_path / "reference"
    imported(reference, text, folder)
    assert fingerprint(tmp_path / "cache") == fingerprint(reference)
    (one,) = Tracker(tmp_path / "cache").filings().to_dicts()
    assert one["accepted"].isoformat() == "2025-11-14T16:05:12-05:00", "the text file knows more, so it is read"
    assert set(imported(tmp_path / "cache", text, folder)["outcome"]) == {"unchanged"}


@pytest.mark.parametrize("ways", [["folder", "text"], ["text", "folder"], ["text", "text"], ["folder", "folder"]])
def test_a_filing_offered_twice_in_one_run_counts_once(tmp_path, ways):
    accession, filed = "0009999991-25-000001", date(2025, 11, 14)
    text = put(tmp_path / "text", filing(accession, filed=filed))
    folder = tmp_path / "folder" / accession / f"filed-{filed}"
    folder.mkdir(parents=True)
    page, table = parts()
    (folder / "primary_doc.xml").write_bytes(page)
    (folder / "infotable.xml").write_bytes(table)
    imported(tmp_path / "cache", *({"text": text, "folder": folder}[way] for way in ways))
    tracker = Tracker(tmp_path / "cache")
    assert tracker.filings().height == 1
    assert tracker.holdings("example")["amount"].to_list() == [10000, 10000, 10000]


def test_a_filing_left_between_archive_and_tables_counts_once(tmp_path):
    """A killed run may leave a filing in the archive only; offered again it is taken up, not counted twice."""
    cache, tree = tmp_path / "cache", put(tmp_path / "in", filing())
    imported(cache, tree)
    shutil.rmtree(cache / "tables")
    with places.at(cache).locked():
        from thirteenf.store import Store

        Store(cache / "tables").write_empty()
    imported(cache, tree)
    assert Tracker(cache).holdings("example")["amount"].to_list() == [10000, 10000, 10000]


def test_an_edgar_folder_with_both_gives_one_filing(edgar, tmp_path):
    folder = edgar / "www.sec.gov/Archives/edgar/data/1649339/000164933925000007"
    taken = imported(tmp_path / "cache", folder)
    assert taken.select("outcome", "accession_number", "rows").rows() == [("added", "0001649339-25-000007", 8)]


def test_all_real_documents_give_what_is_expected(real, tmp_path):
    """Whole filings of ../shared/real/filings through `import`: rows and sums as expected.csv has them, no refusal."""
    import csv

    told = {}
    with (real / "filings" / "expected.csv").open(newline="", encoding="utf-8") as stream:
        for one in csv.DictReader(stream):
            if one["outcome"] in ("holdings report", "combination report") and "+" not in one["document"]:
                told[one["folder"]] = (int(one["rows"]), int(one["sum_as_filed"]), one["unit"])
    assert len(told) >= 7
    for folder, (rows, total, unit) in told.items():
        cache = tmp_path / folder
        (outcome,) = imported(cache, real / "filings" / folder).to_dicts()
        assert (outcome["outcome"], outcome["rows"]) == ("added", rows), folder
        tracker = Tracker(cache)
        (manager,) = tracker.managers()
        assert tracker.filings()["value_unit"].to_list() == [unit], folder
        factor = {"dollars": 1, "thousands": 1000}[unit]
        assert tracker.holdings(manager)["value"].sum() == total * factor, folder


# Killed


DRIVER = """
import os, pathlib, signal, sys
from thirteenf import intake, offers, places
import polars, filelock, thirteenf.form13f, thirteenf.units, thirteenf.checks
root, when, paths = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
seen = 0
def hook(event, args):
    global seen
    if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir") and str(root) in str(args[0]):
        seen += 1
        if seen == when: os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
if paths == ["rebuild"]: intake.rebuild(places.at(root))
else: intake.take(places.at(root), offers.found(map(pathlib.Path, paths)))
print(seen)
"""


def steps(cache, when, *paths):
    """Import in a process of its own that is killed at its n-th step on the cache; how many steps a whole run has."""
    line = [sys.executable, "-c", DRIVER, str(cache), str(when), *map(str, paths)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, -9), done.stderr
    return int(done.stdout) if done.returncode == 0 else None


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Four submissions: two managers, three periods, an amendment."""
    folder = tmp_path_factory.mktemp("few")
    more = (*THREE_STOCKS, ("NUCOR CORP", "670346105", 1353500, 10000))
    return put(
        folder,
        filing("0009999991-25-000001", period=date(2025, 6, 30), filed=date(2025, 8, 14)),
        filing("0009999991-25-000002", more),
        filing("0009999991-25-000003", more[3:], filed=date(2025, 12, 1), form="13F-HR/A", amends="NEW HOLDINGS"),
        filing("0009999992-25-000001", cik="0009999992", name="Other Capital LP"),
    )


def test_an_import_killed_at_any_step_loses_nothing(few, tmp_path):
    whole = tmp_path / "whole"
    count = steps(whole, 0, few)
    sound = kept(whole)
    assert count > 12
    killed = [*sorted(random.Random(13).sample(range(1, count), 11)), count]  # noqa: S311 - moments, no secrets
    for when in killed:
        cache = tmp_path / f"killed-{when}"
        assert steps(cache, when, few) is None
        if not places.at(cache).is_empty and (cache / "tables" / "filings.parquet").exists():
            for cik in (tracker := Tracker(cache)).managers():  # what is there answers, and is whole
                assert tracker.holdings(cik).height >= 3
        imported(cache, few)
        assert kept(cache) == sound, f"killed at step {when} of {count}"
        assert not list(cache.rglob("*.unfinished"))


def test_a_second_import_killed_leaves_what_the_first_kept(few, tmp_path):
    first, second = sorted(few.iterdir())[:2], sorted(few.iterdir())[2:]
    whole, base = tmp_path / "whole", tmp_path / "base"
    imported(base, *first)
    shutil.copytree(base, whole)
    count = steps(whole, 0, *second)
    before = Tracker(base).holdings("example", "2025Q2")
    for when in range(2, count + 1, max(1, count // 6)):
        cache = tmp_path / f"killed-{when}"
        shutil.copytree(base, cache)
        assert steps(cache, when, *second) is None
        assert Tracker(cache).holdings("example", "2025Q2").equals(before)
        amended = Tracker(cache).holdings("example", "2025Q3")["amount"].sum()
        assert amended in (40_000, 50_000), "before the amendment or after it, nothing between"
        imported(cache, *second)
        assert kept(cache) == kept(whole), f"killed at step {when} of {count}"


def test_a_rebuild_killed_at_any_step_loses_nothing(few, tmp_path):
    base = tmp_path / "base"
    imported(base, few)
    sound = kept(base)
    whole = tmp_path / "whole"
    shutil.copytree(base, whole)
    count = steps(whole, 0, "rebuild")
    for when in range(2, count + 1, max(1, count // 6)):
        cache = tmp_path / f"killed-{when}"
        shutil.copytree(base, cache)
        assert steps(cache, when, "rebuild") is None
        assert Tracker(cache).holdings("example", "2025Q3")["amount"].sum() == 50_000
        intake.rebuild(places.at(cache))
        assert kept(cache) == sound
        assert not (cache / "tables.new").exists()
        assert not (cache / "tables.old").exists()


@pytest.mark.parametrize("seed", range(3))
def test_an_import_killed_by_the_clock(some, undisturbed, tmp_path, seed):
    cache = tmp_path / "cache"
    line = [sys.executable, "-m", "thirteenf", "--cache", str(cache), "import", *map(str, some)]
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    for _ in range(2):
        run = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run.wait(chance.uniform(0.25, 0.9))
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
    imported(cache, *some)
    assert kept(cache) == undisturbed


def test_two_imports_at_once(some, undisturbed, tmp_path):
    cache = tmp_path / "cache"
    half = len(some) // 2
    line = [sys.executable, "-m", "thirteenf", "--cache", str(cache), "import", "--wait", "30"]
    runs = [
        subprocess.Popen([*line, *map(str, part)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for part in (some[: half + 3], some[half:])
    ]
    for one in runs:
        _, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
    assert kept(cache) == undisturbed


# The sample


def test_the_sample_answers_only_where_nothing_is_of_ones_own(run, thirteenf, few, tmp_path):
    import json

    asked = ["managers", "--json"]
    code, out, err = run(*asked)
    assert (code, json.loads(out)["source"]) == (0, "sample")
    assert "SAMPLE" in err
    assert thirteenf("import", few).returncode == 0
    told = json.loads(thirteenf(*asked).stdout)
    assert told["source"] == "cache"
    assert [one["cik"] for one in told["managers"]] == ["0009999991", "0009999992"]
    assert json.loads(thirteenf(*asked, "--sample").stdout)["source"] == "sample"
    assert run("--cache", tmp_path / "other", *asked)[0] == 3


def test_the_sample_is_never_imported_into(run, tmp_path):
    package = places.SAMPLE
    before = fingerprint(package)
    bad = tmp_path / "0009999991-25-000003.txt"
    bad.write_bytes(b"nothing")
    assert run("import", bad)[0] == 5
    assert run("--sample", "diff", "thiel")[0] == 0
    assert fingerprint(package) == before


def test_a_first_import_that_failed_does_not_take_the_sample_away(run, tmp_path):
    """Nothing was kept, so the default cache is as empty as before."""
    bad = tmp_path / "0009999991-25-000003.txt"
    bad.write_bytes(b"nothing")
    assert run("import", bad)[0] == 5
    code, _, err = run("diff", "thiel")
    assert code == 0, err
    assert "SAMPLE" in err


@pytest.mark.parametrize("form", [[], ["--text"], ["--markdown"], ["--json"], ["--csv"]])
@pytest.mark.parametrize("asked", ["diff thiel", "holdings ark", "moves", "status", "managers", "security NVDA",
                                   "filings", "history scion NVDA"])  # fmt: skip
def test_the_sample_never_passes_for_data(run, asked, form):
    _, out, err = run(*asked.split(), *form)
    assert "sample" in (out + err).lower()
    if form in ([], ["--csv"], ["--json"]):
        assert "SAMPLE" in err


def test_the_sample_is_sound_before_it_was_ever_asked(run, monkeypatch, tmp_path):
    """Its tables are made on first use: that they are not there yet is no damage."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "fresh"))
    code, _, err = run("--sample", "cache", "check")
    assert code == 0, err
    assert run("--sample", "diff", "thiel")[0] == 0
    assert run("--sample", "cache", "check")[0] == 0


def test_the_sample_that_is_shipped_is_the_one_that_its_builder_writes(real, tmp_path):
    from pathlib import Path

    builder = Path(__file__).parents[1] / "tools" / "build_sample.py"
    line = [sys.executable, builder, real / "seed_figures.csv", real / "sample_tickers.csv", tmp_path]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shipped = {n: h for n, h in fingerprint(places.SAMPLE).items() if n.endswith((".gz", ".csv"))}
    assert fingerprint(tmp_path) == shipped
    assert sum(path.stat().st_size for path in places.SAMPLE.rglob("*.gz")) < 500_000


def test_the_sample_and_the_imported_tree_tell_the_same(edgar_cache):
    ours, theirs = Tracker(sample=True), Tracker(edgar_cache)
    skipped = ["title_of_class"]  # the sample writes COM where the figures have no class
    for cik in ours.managers():
        for period in ours.periods(cik):
            mine, other = (t.holdings(cik, period).drop(skipped) for t in (ours, theirs))
            names = ["cusip", "put_call", "amount_type", "amount", "value", "weight", "rows"]
            assert mine.select(names).equals(other.select(names)), (cik, period)
