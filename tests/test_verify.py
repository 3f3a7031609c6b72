"""verify: all of it worked out anew from the archive; whatever is broken in a copy of a cache is found and named."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import shutil
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests import plain
from tests.trees import BERKSHIRE, SCION, THREE_STOCKS, filing, imported, put
from thirteenf import Tracker, intake, places, tables, verification
from thirteenf.render import render

AMENDED, REVEALED = "2025-03-31", "0000950123-25-008361"
FEW = ("0001067983", "0001649339", "0001562087"), ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")
SOUND = {"differences": 0, "damaged": 0}
DIFFERENCE, STORE = 9, 8


@pytest.fixture(scope="module")
def filings(edgar):
    """All submissions of the tree, read in the plain way."""
    return [plain.read(path) for path in sorted((edgar / "www.sec.gov").rglob("*.txt"))]


@pytest.fixture(scope="module")
def few(edgar, filings, tmp_path_factory):
    """A cache of three managers for four quarters, with how many filings and rows it has."""
    paths = {path.stem: path for path in (edgar / "www.sec.gov").rglob("*.txt")}
    chosen = [one for one in filings if one.cik in FEW[0] and one.period in FEW[1]]
    cache = tmp_path_factory.mktemp("few") / "cache"
    imported(cache, *(paths[one.accession] for one in chosen))
    return cache, chosen


@pytest.fixture
def copy(few, tmp_path):
    """A copy of it, to break."""
    return shutil.copytree(few[0], tmp_path / "broken")


@pytest.fixture
def verify(run):
    """Run `verify` on a cache: exit code and document, valid by its own schema."""

    def command(cache, *arguments):
        code, out, err = run("--cache", cache, "verify", *arguments, "--json", "--quiet")
        document = json.loads(out)
        schema = json.loads(run("schema", "verify")[1])
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
        assert document["sound"] == (code == 0)
        assert (code == 0) == (err == "")
        assert (code == STORE) == (document["damaged"] > 0)
        kinds = [one["kind"] for one in document["findings"]]
        for name, kind in (
            ("differences", "difference"), ("damaged", "damaged"), ("refusals", "refused"), ("odd", "oddity")
        ):  # fmt: skip
            assert document[name] == kinds.count(kind)
        assert sum(document["totals"].values()) == document["filings"]
        return code, document

    return command


def wrong(document):
    """What differs or is damaged: kind, code and filing."""
    of_these = [one for one in document["findings"] if one["kind"] in ("difference", "damaged")]
    return [(one["kind"], one["code"], one["accession_number"]) for one in of_these]


def partition(cache, table="information_table", period=AMENDED):
    return cache / "tables" / table / f"period={period}" / "rows.parquet"


def changed(path, change):
    """A table on disk with something changed."""
    frame = pl.read_parquet(path, hive_partitioning=False)
    after = change(frame)
    assert not after.equals(frame)
    after.write_parquet(path)


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


# Sound


def test_the_sample_is_sound(run):
    code, out, err = run("verify", "--sample", "--json", "--quiet")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["source"] == "sample"
    assert (document["sound"], document["filings"], document["rows"]) == (True, 23, 4_640)
    assert document["totals"] == {"agree": 23, "rounding": 0, "differ": 0, "not_given": 0}


def test_the_tree_is_sound_and_of_as_many_rows_as_the_plain_way_reads(verify, edgar_cache, filings):
    code, document = verify(edgar_cache)
    assert code == 0
    assert SOUND.items() <= document.items()
    assert document["manager"] is None
    assert document["root"] == str(edgar_cache)
    assert (document["filings"], document["rows"]) == (len(filings), sum(len(one.rows) for one in filings))
    assert {one["kind"] for one in document["findings"]} == {"oddity"}


def test_every_position_of_every_manager_and_period_is_that_of_the_plain_way(edgar_cache, filings):
    held = Tracker(edgar_cache).scan_holdings().collect()
    told = {}
    for one in held.iter_rows(named=True):
        key = (one["cusip"], one["put_call"], one["amount_type"])
        told.setdefault((one["cik"], str(one["period"])), {})[key] = one["amount"], one["value"], one["rows"]
    plainly = {
        of: {key: (one.amount, one.value, len(one.rows)) for key, one in positions.items()}
        for of, counted in plain.in_force(filings).items() if (positions := plain.positions(counted))
    }  # fmt: skip
    assert told == plainly
    assert sum(map(len, plainly.values())) == held.height > 10_000


def test_verifying_changes_nothing(verify, copy):
    before = hashes(copy)
    verify(copy)
    verify(copy, "scion")
    assert hashes(copy) == before


def test_a_cache_that_cannot_be_written_can_be_verified(verify, copy):
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        if os.access(copy, os.W_OK):  # root may write anywhere: then that nothing is written must do
            before = hashes(copy)
        code, _ = verify(copy)
        assert code == 0
        if os.access(copy, os.W_OK):
            assert hashes(copy) == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_rebuilt_cache_is_sound(verify, copy):
    intake.rebuild(places.at(copy))
    assert verify(copy)[0] == 0


def test_documents_that_came_one_by_one_are_read_again_too(verify, edgar, tmp_path):
    """The same filings as folders of documents instead of submissions."""
    for path in sorted((edgar / "www.sec.gov").rglob("*.txt"))[:3]:
        folder = shutil.copytree(path.parent, tmp_path / "in" / path.stem)
        (folder / path.name).unlink()
        imported_one_by_one(tmp_path / "cache", folder, plain.read(path))
    code, document = verify(tmp_path / "cache")
    assert (code, document["filings"]) == (0, 3)


def imported_one_by_one(cache, folder, one):
    from thirteenf import offers

    taken = intake.take(places.at(cache), offers.found([folder], one.accession, date.fromisoformat(one.filed)))
    assert taken["outcome"].to_list() == ["added"]


# Broken tables


def rows_of_berkshire(frame):
    return (frame["cik"] == BERKSHIRE) & (frame["row"] == 2)


CHANGES = {
    "amount": pl.col("amount") + 1,
    "value": pl.col("value") - 1,
    "cusip": pl.lit("000000000").alias("cusip"),
    "put_call": pl.lit("Put").alias("put_call"),
    "issuer": pl.lit("ANOTHER").alias("issuer"),
    "row": pl.col("row") + 1000,
    "cik": pl.lit("0000000001").alias("cik"),
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_cell_that_was_changed_is_found(verify, copy, column):
    def change(frame):
        here = pl.col("accession_number").eq(REVEALED) & pl.col("row").eq(2)
        return frame.with_columns(pl.when(here).then(CHANGES[column]).otherwise(column).alias(column))

    changed(partition(copy), change)
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert ("difference", "information_table", REVEALED) in wrong(document)
    found = next(one for one in document["findings"] if one["code"] == "information_table")
    assert (found["cik"], found["period"]) == (BERKSHIRE, AMENDED)
    assert {one[2] for one in wrong(document) if one[1] == "information_table"} == {REVEALED}


@pytest.mark.parametrize("change", [lambda frame: frame[:-1], lambda frame: pl.concat([frame, frame[-1:]])])
def test_a_row_that_is_gone_or_stands_twice_is_found(verify, copy, change):
    last = pl.read_parquet(partition(copy))["accession_number"][-1]
    changed(partition(copy), change)
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert ("difference", "information_table", last) in wrong(document)


def test_all_rows_of_a_filing_that_are_gone_are_found(verify, copy):
    changed(partition(copy), lambda frame: frame.filter(pl.col("cik") != SCION))
    code, document = verify(copy)
    number = next(one["accession_number"] for one in document["findings"] if one["cik"] == SCION)
    assert code == DIFFERENCE
    assert ("difference", "information_table", number) in wrong(document)


def test_the_report_says_what_is_wrong_and_what_to_do(run, copy):
    changed(partition(copy), lambda frame: frame[:-1])
    code, out, err = run("--cache", copy, "verify", "--text")
    assert code == DIFFERENCE
    assert "DIFFERENCE" in out.splitlines()[0]
    assert "Difference, information_table: not the rows that the archive gives, which come to" in out
    assert err.startswith("Error: ")
    assert "Which side is wrong cannot be told here" in err
    assert err.index("totals") < err.index("refresh") < err.index(f"thirteenf --cache {copy} rebuild")
    intake.rebuild(places.at(copy))
    code, out, err = run("--cache", copy, "verify", "--text")
    assert (code, err) == (0, "")
    assert "all figures are what the archive gives" in out


def archived_file(copy):
    return copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / f"{REVEALED}.txt.gz"


def tampered(copy):
    content = gzip.decompress(archived_file(copy).read_bytes())
    after = content.replace(b"<sshPrnamt>1512371<", b"<sshPrnamt>1512372<")
    assert after != content
    archived_file(copy).write_bytes(gzip.compress(after))


def filings_with(copy, **columns):
    here = pl.col("accession_number") == REVEALED
    after = [pl.when(here).then(to).otherwise(name).alias(name) for name, to in columns.items()]
    changed(copy / "tables" / "filings.parquet", lambda frame: frame.with_columns(after))


HINTS = {
    "rows": (lambda copy: changed(partition(copy), lambda frame: frame[:-1]), False),
    "fields": (lambda copy: filings_with(copy, manager=pl.lit("Somebody")), False),
    "gone": (lambda copy: archived_file(copy).unlink(), False),
    "tampered": (tampered, False),
    "unreadable": (lambda copy: archived_file(copy).write_bytes(gzip.compress(b"<html>Not Found</html>")), False),
    "units": (lambda copy: filings_with(copy, value_unit=pl.lit("thousands")), True),
    "catalogue": (lambda copy: changed(copy / "tables" / "securities" / "lineage.parquet", lambda f: f[1:]), True),
    "untabled": (lambda copy: changed(copy / "tables" / "filings.parquet", lambda f: f.filter(
        pl.col("accession_number") != REVEALED)), True),
}  # fmt: skip


@pytest.mark.parametrize("what", HINTS)
def test_a_rebuild_is_the_first_thing_only_where_the_archive_must_be_right(verify, copy, what):
    """It would take a file that was tampered with into the tables, and drop a filing whose file is gone."""
    spoil, by_rebuild = HINTS[what]
    spoil(copy)
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert document["hint"].startswith(f"Run: thirteenf --cache {copy} rebuild") == by_rebuild
    assert document["hint"].startswith("Which side is wrong cannot be told here") != by_rebuild


def test_a_filing_that_differs_says_whether_the_archives_rows_come_to_its_own_totals(verify, copy):
    content = gzip.decompress(archived_file(copy).read_bytes())
    archived_file(copy).write_bytes(gzip.compress(content.replace(b"<value>", b"<value>9", 1)))
    told = {one["message"] for one in verify(copy)[1]["findings"] if one["code"] == "information_table"}
    assert told == {"not the rows that the archive gives, which do not come to the filing's own totals"}


def test_a_sound_cache_needs_no_hint(verify, copy):
    assert verify(copy)[1]["hint"] is None


def test_fields_that_differ_are_told_plainly(verify, copy):
    filings_with(
        copy, filing_date=pl.lit(date(2024, 2, 15)), is_confidential_omitted=pl.lit(value=True),
        amendment_number=pl.lit(None), manager=pl.lit("Some Body"), value_sum=pl.lit(1),
    )  # fmt: skip
    told = next(one["message"] for one in verify(copy)[1]["findings"] if one["code"] == "filings")
    assert "filing_date: 2024-02-15 in the table, 2025-08-14 in the archive" in told
    assert 'manager: "Some Body" in the table, "Berkshire Hathaway Inc" in the archive' in told
    assert "datetime" not in told
    assert "; and " in told


def test_of_units_that_differ_only_what_differs_is_told(verify, copy):
    filings_with(copy, value_unit_reason=pl.lit("so"))
    told = next(one["message"] for one in verify(copy)[1]["findings"] if one["code"] == "units")
    assert told.startswith('value_unit_reason: so in the table, "')
    assert told.endswith('" anew')
    assert "dollars in the table" not in told


@pytest.mark.parametrize("width", [60, 80])
def test_nothing_of_a_finding_is_cut(copy, width):
    filings_with(copy, filing_date=pl.lit(date(2024, 2, 15)))
    changed(partition(copy), lambda frame: frame.with_columns(
        amount=pl.when(pl.col("accession_number") == REVEALED).then(1).otherwise("amount")))  # fmt: skip
    report = verification.verify(Tracker(copy))
    for form in ("text", "markdown"):
        text = " ".join(render(report, form, **({"width": width} if form == "text" else {})).split())
        assert "…" not in text
        for one in report.rows.iter_rows(named=True):
            line = f"{one['kind'].capitalize()}, {one['code']}: {' '.join(one['message'].split())} ({one['manager']}, "
            assert line.removesuffix(" (None, ") in text
            assert (one["accession_number"] or "") in text
    quiet = render(report, "text", width=width, quiet=True)
    assert quiet.startswith("Difference, filings: ")


def test_made_first_where_there_are_no_tables(verify, copy):
    """As by every command; they are what the archive gives then."""
    shutil.rmtree(copy / "tables")
    assert verify(copy)[0] == 0
    assert (copy / "tables" / "filings.parquet").exists()


def test_whether_the_catalogue_was_checked_is_said(run, verify, copy):
    assert (verify(copy)[1]["catalogue"], verify(copy, "scion")[1]["catalogue"]) == (True, False)
    told = " ".join(run("--cache", copy, "verify", "scion", "--text")[1].split())
    assert "(votes, consensus, lineage): not checked; `thirteenf verify` without a manager does." in told
    assert "(votes, consensus, lineage): made anew too." in " ".join(
        run("--cache", copy, "verify", "--text")[1].split()
    )


FILINGS = {
    "own_unit": (pl.lit("thousands"), "filings"),
    "value_unit": (pl.lit("thousands"), "units"),
    "value_unit_reason": (pl.lit("so"), "units"),
    "value_unit_certainty": (pl.lit("uncertain"), "units"),
    "value_sum": (pl.col("value_sum") + 1, "filings"),
    "row_count": (pl.col("row_count") + 1, "filings"),
    "amendment_type": (pl.lit("RESTATEMENT"), "filings"),
    "filing_date": (pl.lit(date(2025, 8, 15)), "filings"),
    "period": (pl.lit(date(2025, 6, 30)), "filings"),
    "manager": (pl.lit("Somebody"), "filings"),
    "table_document": (pl.lit("other.xml"), "filings"),
    "is_confidential_omitted": (pl.lit(value=True), "filings"),
}


@pytest.mark.parametrize("column", FILINGS)
def test_a_filing_that_was_changed_is_found(verify, copy, column):
    to, code_of = FILINGS[column]

    def change(frame):
        here = pl.col("accession_number") == REVEALED
        return frame.with_columns(pl.when(here).then(to).otherwise(column).alias(column))

    changed(copy / "tables" / "filings.parquet", change)
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert ("difference", code_of, REVEALED) in wrong(document)
    first = document["findings"][0]
    assert column in first["message"] or first["code"] == "units"


def test_an_oddity_that_is_gone_is_found(verify, copy):
    path = next(p for p in sorted(copy.glob("tables/oddities/*/rows.parquet")) if pl.read_parquet(p).height)
    number = pl.read_parquet(path)["accession_number"][0]
    changed(path, lambda frame: frame[1:])
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "oddities", number)]


def test_a_filing_that_is_not_in_the_tables_is_found(verify, copy, few):
    gone = REVEALED
    changed(copy / "tables" / "filings.parquet", lambda frame: frame.filter(pl.col("accession_number") != gone))
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert f"{gone} is in the archive, not in the tables" in [one["message"] for one in document["findings"]]
    assert document["filings"] == len(few[1]) - 1


def test_a_filing_that_is_not_in_the_archive_is_found(verify, copy):
    gone = REVEALED
    (copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / f"{gone}.txt.gz").unlink()
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "filings", gone)]
    assert document["findings"][0]["message"] == f"{gone} is in the tables, not in the archive"


SECURITIES = {
    "lineage.parquet": lambda frame: frame.with_columns(shares=pl.col("shares") + 1),
    "votes/2025-09-30.parquet": lambda frame: frame[1:],
    "consensus/2025-09-30.parquet": lambda frame: frame.with_columns(holders=pl.col("holders") + 1),
    "consensus/2025-12-31.parquet": lambda frame: frame[:-1],
}


@pytest.mark.parametrize("name", SECURITIES)
def test_what_is_known_of_securities_is_worked_out_anew(verify, copy, name):
    changed(copy / "tables" / "securities" / name, SECURITIES[name])
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "securities", None)]
    assert name in document["findings"][0]["message"]


def test_a_table_of_securities_that_is_gone_is_found(verify, copy):
    (copy / "tables" / "securities" / "consensus" / "2025-12-31.parquet").unlink()
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "securities", None)]


def test_a_table_that_cannot_be_read_is_said_to_be_damaged(run, copy):
    partition(copy).write_bytes(b"nothing")
    code, out, err = run("--cache", copy, "verify")
    assert (code, out) == (STORE, "")
    assert "damaged" in err
    assert "rebuild" in err


# A broken archive


def test_a_file_of_the_archive_that_was_cut_is_named(verify, copy, few):
    path = copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / "0000950123-25-008361.txt.gz"
    path.write_bytes(path.read_bytes()[:-20])
    code, document = verify(copy)
    assert code == STORE
    assert wrong(document) == [("damaged", "archive", REVEALED)]
    found = document["findings"][0]
    assert str(path) in found["message"]
    assert (found["cik"], found["period"]) == (BERKSHIRE, AMENDED)
    assert document["filings"] == len(few[1]) - 1


def test_damage_says_more_than_a_difference(verify, copy):
    path = copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / "0000950123-25-008361.txt.gz"
    path.write_bytes(b"")
    changed(partition(copy, period="2025-06-30"), lambda frame: frame[:-1])
    code, document = verify(copy)
    assert code == STORE
    assert {one[0] for one in wrong(document)} == {"damaged", "difference"}


def test_a_filing_of_the_archive_that_is_another_now_is_found(verify, copy):
    path = copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / "0000950123-25-008361.txt.gz"
    content = gzip.decompress(path.read_bytes())
    assert b"<sshPrnamt>1512371<" in content
    path.write_bytes(gzip.compress(content.replace(b"<sshPrnamt>1512371<", b"<sshPrnamt>1512372<")))
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "information_table", REVEALED)]


def test_a_filing_that_can_be_read_no_more_is_a_difference(verify, copy):
    path = copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / "0000950123-25-008361.txt.gz"
    path.write_bytes(gzip.compress(b"<html>Not Found</html>"))
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "filings", REVEALED)]


def test_a_file_of_the_archive_that_is_of_another_filing_is_found(verify, copy):
    """As a careless copy leaves it."""
    folder = copy / "edgar" / "data" / BERKSHIRE.lstrip("0")
    other = next(path for path in sorted(folder.glob("*.gz")) if REVEALED not in path.name)
    shutil.copy(other, folder / f"{REVEALED}.txt.gz")
    code, document = verify(copy)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "filings", REVEALED)]
    assert other.name.removesuffix(".txt.gz") in document["findings"][0]["message"]


# Refusals


def archived(cache, content, cik="9999991"):
    """Lay a submission into an archive as a fetch would."""
    number = content.split(b"<SEC-DOCUMENT>", 1)[1].split(b".txt", 1)[0].decode()
    path = cache / "edgar" / "data" / cik / f"{number}.txt.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, mtime=0))
    return number


def test_a_filing_that_cannot_be_read_is_listed_as_refused(verify, tmp_path):
    cache = tmp_path / "cache"
    archived(cache, filing())
    bad = archived(cache, filing("0009999991-25-000002").replace(b"</informationTable>", b""))
    intake.rebuild(places.at(cache))
    code, document = verify(cache)
    assert (code, document["refusals"], document["filings"]) == (0, 1, 1)
    found = next(one for one in document["findings"] if one["kind"] == "refused")
    assert (found["code"], found["accession_number"], found["cik"]) == ("unreadable", bad, "0009999991")
    assert found["message"]


def test_why_a_filing_cannot_be_read_is_looked_at_too(verify, tmp_path):
    cache = tmp_path / "cache"
    archived(cache, filing())
    bad = archived(cache, filing("0009999991-25-000002").replace(b"</informationTable>", b""))
    intake.rebuild(places.at(cache))
    path = cache / "tables" / "unreadable.parquet"
    changed(path, lambda frame: frame.with_columns(message=pl.lit("another reason")))
    code, document = verify(cache)
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "filings", bad)]
    archived(cache, filing("0009999991-25-000002"))
    code, document = verify(cache)
    assert code == DIFFERENCE
    assert document["findings"][0]["message"] == "it can be read, where the tables say that it cannot"


def test_an_implausible_filing_is_listed_and_its_figures_are_verified_all_the_same(verify, tmp_path):
    many = tuple((issuer, cusip, value * 1000, amount) for issuer, cusip, value, amount in THREE_STOCKS)
    cache = tmp_path / "cache"
    imported(cache, put(
        tmp_path / "in", filing(period=date(2025, 6, 30), filed=date(2025, 8, 14)),
        filing("0009999991-25-000002", many),
    ))  # fmt: skip
    code, document = verify(cache)
    assert (code, document["filings"], document["rows"]) == (0, 2, 6)
    refused = [one for one in document["findings"] if one["kind"] == "refused"]
    assert [(one["code"], one["accession_number"]) for one in refused] == [
        ("total-thousandfold", "0009999991-25-000002")]  # fmt: skip
    told = tuple(refused[0][name] for name in ("cik", "manager", "period"))
    assert told == ("0009999991", "Example Advisors LLC", "2025-09-30")
    changed(partition(cache, period="2025-09-30"), lambda frame: frame.with_columns(amount=pl.col("amount") + 1))
    assert verify(cache)[0] == DIFFERENCE


# Filings' own totals


@pytest.mark.parametrize(
    ("more", "counted"),
    [({}, "agree"), ({"total": 3_725_401}, "rounding"), ({"total": 9_000_000}, "differ"), ({"rows": 4}, "differ"),
     ({"rows": 4, "total": 3_725_401}, "differ")],
)  # fmt: skip
def test_each_filings_totals_are_held_against_its_rows(verify, tmp_path, more, counted):
    cache = tmp_path / "cache"
    imported(cache, put(tmp_path / "in", filing(**more)))
    code, document = verify(cache)
    assert code == 0
    assert document["totals"] == {"agree": 0, "rounding": 0, "differ": 0, "not_given": 0} | {counted: 1}
    odd = [one["code"] for one in document["findings"]]
    assert any("total" in one or "count" in one for one in odd) == (counted != "agree")


def test_a_notice_gives_no_totals(verify, tmp_path):
    notice = filing("0009999991-25-000002", form="13F-NT", report_type="13F NOTICE")
    summary = notice.index(b"<summaryPage>"), notice.index(b"</summaryPage>") + len(b"</summaryPage>")
    imported(tmp_path / "cache", put(tmp_path / "in", notice[: summary[0]] + notice[summary[1] :]))
    code, document = verify(tmp_path / "cache")
    assert (code, document["filings"], document["rows"]) == (0, 1, 0)
    assert document["totals"]["not_given"] == 1


# Oddities


def odd_codes(document):
    return [(one["code"], one["accession_number"], one["row"]) for one in document["findings"]
            if one["kind"] == "oddity"]  # fmt: skip


def test_every_oddity_is_listed_that_the_filings_themselves_tell_of(verify, edgar_cache):
    """What `filings` tells of each, and what the tables hold of single rows."""
    _, document = verify(edgar_cache)
    tracker = Tracker(edgar_cache)
    told = {
        (oddity["code"], filing["accession_number"], oddity["row"])
        for filing in tracker.filings().iter_rows(named=True) for oddity in filing["oddities"]
    }  # fmt: skip
    of_rows = [pl.read_parquet(path) for path in edgar_cache.glob("tables/oddities/*/rows.parquet")]
    told |= set(pl.concat(of_rows).select("code", "accession_number", "row").iter_rows())
    assert set(odd_codes(document)) == told
    assert len(odd_codes(document)) == len(told)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: filing(form="13F-HR/A", amends="SOMETHING ELSE"), "amendment-without-type"),
        (lambda: filing(positions=[("APPLE INC", "037833100", 0, 0), ("COCA COLA CO", "191216100", 0, 0)]),
         "empty-book"),
        (lambda: filing(positions=[("APPLE INC", "037833100", 0, 0)]), "empty-book"),
        (lambda: filing(form="13F-HR/A", amends="NEW HOLDINGS"), None),
    ],
)  # fmt: skip
def test_how_a_single_filing_folds_may_be_odd_too(verify, tmp_path, content, code):
    """What `filings` tells of a manager's only filing, `verify` lists."""
    imported(tmp_path / "cache", put(tmp_path / "in", content()))
    _, document = verify(tmp_path / "cache")
    told = {
        (oddity["code"], filing["accession_number"], oddity["row"])
        for filing in Tracker(tmp_path / "cache").filings().iter_rows(named=True) for oddity in filing["oddities"]
    }  # fmt: skip
    assert told <= set(odd_codes(document))
    if code:
        assert code in {one[0] for one in odd_codes(document)}


def test_an_action_of_the_users_own_that_is_not_used_is_listed(few):
    """All reports tell of it; so does this."""
    unusable = {"kind": "rumour"}
    report = verification.verify(Tracker(few[0], actions=[unusable]))
    assert report.head["sound"]
    told = report.rows.filter(pl.col("code") == "reference-unusable")["message"].to_list()
    assert told
    assert told == list(Tracker(few[0], actions=[unusable]).catalog.faults)


# One manager


def test_of_one_manager_only_its_filings_are_read(verify, copy, few):
    number = next(one.accession for one in few[1] if one.cik == SCION and one.period == "2025-09-30")
    (copy / "edgar" / "data" / BERKSHIRE.lstrip("0") / "0000950123-25-008361.txt.gz").write_bytes(b"")
    changed(partition(copy), lambda frame: frame.filter(pl.col("cik") != BERKSHIRE))
    changed(copy / "tables" / "securities" / "lineage.parquet", lambda frame: frame[1:])
    code, document = verify(copy, "scion")
    mine = [one for one in few[1] if one.cik == SCION]
    assert code == 0
    assert document["manager"] == {"cik": SCION, "name": "Scion Asset Management, LLC"}
    assert (document["filings"], document["rows"]) == (len(mine), sum(len(one.rows) for one in mine))
    assert {one["cik"] for one in document["findings"]} <= {SCION}
    path = partition(copy, period="2025-09-30")
    changed(path, lambda frame: frame.with_columns(
        amount=pl.when(pl.col("cik") == SCION).then(pl.col("amount") + 1).otherwise("amount")))  # fmt: skip
    code, document = verify(copy, "scion")
    assert code == DIFFERENCE
    assert wrong(document) == [("difference", "information_table", number)]


def test_each_manager_of_the_tree_is_sound_and_together_they_are_all(verify, edgar_cache):
    _, whole = verify(edgar_cache)
    parts = [verify(edgar_cache, cik)[1] for cik in Tracker(edgar_cache).managers()]
    assert all(one["sound"] for one in parts)
    for name in ("filings", "rows", "odd"):
        assert sum(one[name] for one in parts) == whole[name]
    found = [tuple(one.items()) for one in whole["findings"]]
    assert sorted(found) == sorted(tuple(one.items()) for part in parts for one in part["findings"])


def test_a_manager_that_is_not_here_is_not_found(run, edgar_cache):
    code, out, err = run("--cache", edgar_cache, "verify", "nobody at all")
    assert (code, out) == (3, "")
    assert err.startswith("Error: ")


# Forms


def test_quiet_text_is_the_findings_alone(run, edgar_cache):
    code, out, err = run("--cache", edgar_cache, "verify", "--text", "--quiet")
    assert (code, err) == (0, "")
    assert out.startswith("Oddity, ")
    code, whole, _ = run("--cache", edgar_cache, "verify", "--text")
    lines = whole.splitlines()
    assert lines[0] == f"Verification of {edgar_cache}: all figures are what the archive gives"
    assert "Read again: 52 filings, 12,703 rows" in lines
    assert "Nothing to show." not in whole


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("manager", [None, "thiel"])
def test_the_text_fits_the_terminal_and_names_the_manager(few, manager, width):
    report = verification.verify(Tracker(few[0]), manager)
    report = replace(report, head=report.head | {"root": "CACHE"})
    text = render(report, "text", width=width)
    assert all(len(line) <= width for line in text.splitlines())
    of = "Thiel Macro LLC (CIK 0001562087)" if manager else "CACHE"
    assert " ".join(text.split()).startswith(f"Verification of {of}: all figures are what the archive gives")
    assert "empty-book" in text


def test_the_findings_as_csv_and_json_lines(run, edgar_cache):
    _, out, _ = run("--cache", edgar_cache, "verify", "--json", "--quiet")
    findings = json.loads(out)["findings"]
    code, out, _ = run("--cache", edgar_cache, "verify", "--csv", "--quiet")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert tuple(rows[0]) == tables.FINDINGS.names
    assert [one["code"] for one in rows] == [one["code"] for one in findings]
    code, out, _ = run("--cache", edgar_cache, "verify", "--ndjson", "--quiet")
    assert code == 0
    assert [json.loads(line)["message"] for line in out.splitlines()] == [one["message"] for one in findings]


def test_an_empty_cache_is_not_found(run, tmp_path):
    code, _, err = run("--cache", tmp_path / "none", "verify")
    assert code == 3
    assert "empty" in err
