"""What a careless or hostile import must not do, and what a cut-off one must not hide."""

from __future__ import annotations

import gzip
import json
import os
from datetime import date

import pytest

from tests.trees import THREE_STOCKS, filing, imported, parts, put
from thirteenf import Tracker

ACCESSION = "0009999991-25-000007"
SAID = ["--accession", ACCESSION, "--filed", "2025-11-14"]
Q2, Q3 = date(2025, 6, 30), date(2025, 9, 30)


def folder_of(path, page, table, name="table.xml"):
    path.mkdir(parents=True)
    (path / "primary_doc.xml").write_bytes(page)
    (path / name).write_bytes(table)
    return path


def test_the_same_documents_under_another_name_are_the_same_filing(run, tmp_path):
    cache, (page, table) = tmp_path / "cache", parts()
    for place, name in (("a", "infotable.xml"), ("b", "form13f.xml")):
        code, out, err = run(
            "--cache", cache, "import", folder_of(tmp_path / place, page, table, name), *SAID, "--json"
        )
        assert code == 0, err
    assert json.loads(out)["unchanged"] == 1
    assert run("--cache", cache, "rebuild")[0] == 0
    assert run("--cache", cache, "cache", "check")[0] == 0
    assert Tracker(cache).holdings("example").height == 3


def test_other_documents_under_a_known_number_are_refused_and_leave_nothing(run, tmp_path):
    cache, (page, table) = tmp_path / "cache", parts()
    run("--cache", cache, "import", folder_of(tmp_path / "a", page, table), *SAID)
    before = sorted(cache.rglob("*.gz"))
    other = parts(THREE_STOCKS[:1])
    code, _, err = run("--cache", cache, "import", folder_of(tmp_path / "b", *other, name="other.xml"), *SAID)
    assert code == 5
    assert "remove that folder" in err
    assert sorted(cache.rglob("*.gz")) == before


@pytest.mark.parametrize("number", ["../../../../evil", "hello world", "0000000001-25-1", "/etc/passwd"])
def test_an_accession_number_out_of_shape_writes_nothing_anywhere(run, tmp_path, number):
    bad = filing("0009999991-25-000001").replace(
        b"ACCESSION NUMBER:\t\t0009999991-25-000001", f"ACCESSION NUMBER:\t\t{number}".encode()
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.txt").write_bytes(bad)
    code, _, err = run("--cache", tmp_path / "deep" / "er" / "cache", "import", tmp_path / "in" / "x.txt")
    assert code == 5
    assert "accession number" in err
    assert not list(tmp_path.rglob("*.gz"))


def test_a_filer_without_a_number_is_refused(run, tmp_path):
    tree = put(tmp_path / "in", filing(cik="0000000000"))
    assert run("--cache", tmp_path / "cache", "import", tree)[0] == 5


def test_an_answer_into_a_link_leaves_the_link(run, tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    assert run("--sample", "diff", "thiel", "-o", link)[0] == 0
    assert link.is_symlink()
    assert json.loads(target.read_text())["schema"] == "thirteenf.diff/1"


def test_an_answer_into_a_pipe_goes_into_the_pipe(thirteenf, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert thirteenf("--sample", "managers", "--csv", "-o", pipe).returncode == 0
        assert os.read(reader, 100).startswith(b"cik,manager")
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_an_answer_to_dev_stdout_goes_to_stdout(thirteenf):
    done = thirteenf("--sample", "managers", "--csv", "-o", "/dev/stdout")
    assert done.stdout.startswith("cik,manager")
    assert not os.path.isfile("/dev/stdout") or os.path.islink("/dev/stdout")  # noqa: PTH113, PTH114


def test_a_name_of_no_known_format_is_refused(run, tmp_path):
    code, _, err = run("--sample", "managers", "-o", tmp_path / "x.xlsx")
    assert code == 2
    assert "x.xlsx" in err


def test_new_holdings_that_withhold_nothing_do_not_make_exits_of_what_the_report_withholds(tmp_path):
    """An amendment's flag speaks for the rows it adds; the rest may be withheld still."""
    kept = ("NUCOR CORP", "670346105", 1000, 10)
    tree = put(
        tmp_path / "in",
        filing("0009999991-25-000001", period=Q2, filed=date(2025, 8, 14)),
        filing("0009999991-25-000002", THREE_STOCKS[:1], omitted="true"),
        filing("0009999991-25-000003", (kept,), form="13F-HR/A", amends="NEW HOLDINGS", omitted="false",
               filed=date(2025, 12, 1)),
    )  # fmt: skip
    imported(tmp_path / "cache", tree)
    told = Tracker(tmp_path / "cache").moves("example", "2025Q3")
    assert set(told["change"]) == {"unchanged", "new", "unknown"}
    assert set(told["unknown_reason"].drop_nulls()) == {"withheld"}


def test_what_a_first_combination_report_leaves_out_is_no_exit(tmp_path):
    tree = put(
        tmp_path / "in",
        filing("0009999991-25-000001", period=Q2, filed=date(2025, 8, 14)),
        filing("0009999991-25-000002", THREE_STOCKS[:1], report_type="13F COMBINATION REPORT"),
    )
    imported(tmp_path / "cache", tree)
    told = Tracker(tmp_path / "cache").moves("example", "2025Q3")
    assert dict(zip(told["cusip"], told["change"], strict=True)) == {
        "037833100": "unchanged", "060505104": "unknown", "191216100": "unknown",
    }  # fmt: skip
    assert set(told["unknown_reason"].drop_nulls()) == {"combination"}


def test_moves_of_different_quarters_say_so_and_are_not_added_up(document, run):
    told = document("--sample", "moves", "thiel", "scion")
    assert {one["period"] for one in told["managers"]} == {"2026-06-30", "2025-09-30"}
    assert told["summary"]["shares"]["value"] is None
    assert told["summary"]["shares"]["new"] == 3
    _, out, err = run("--sample", "moves", "thiel", "scion")
    assert out.splitlines()[0].split("\t")[1] == "period"
    assert "quarters differ" in err
    assert err.count("not the newest quarter") == 2


def test_nothing_beside_a_good_file_is_passed_over_in_silence(run, tmp_path):
    tree = put(tmp_path / "in", filing())
    page, table = parts(cik="0009999992", name="Other Advisors LLC")
    (tree / "primary_doc.xml").write_bytes(page)
    (tree / "infotable.xml").write_bytes(table)
    (tree / "block.txt").write_bytes(b"<!DOCTYPE html><html><title>Request Rate Threshold Exceeded</title></html>")
    (tree / "empty.xml").write_bytes(b"")
    code, out, _ = run("--cache", tmp_path / "cache", "import", tree, "--json")
    told = json.loads(out)
    assert (code, told["added"], told["refused"]) == (7, 1, 3)
    assert {one["path"].rpartition("/")[2] for one in told["imported"]} == {
        "0009999991-25-000001.txt", "in", "block.txt", "empty.xml",
    }  # fmt: skip


def test_documents_that_are_parts_of_the_submission_beside_them_are_not_offered_again(run, tmp_path):
    tree = put(tmp_path / "in", filing())
    page, table = parts()
    (tree / "primary_doc.xml").write_bytes(page)
    (tree / "infotable.xml").write_bytes(table)
    code, out, _ = run("--cache", tmp_path / "cache", "import", tree, "--json")
    assert (code, len(json.loads(out)["imported"])) == (0, 1)


def test_what_is_said_of_a_filing_that_says_otherwise_itself_is_refused(run, tmp_path):
    tree = put(tmp_path / "in", filing())
    code, _, err = run("--cache", tmp_path / "cache", "import", tree, "--filed", "2025-11-03")
    assert code == 5
    assert "2025-11-14" in err


def test_one_filing_date_is_not_spread_over_many_filings(run, tmp_path):
    tree = put(tmp_path / "in", filing(), filing("0009999991-25-000002", period=Q2))
    code, _, err = run("--cache", tmp_path / "cache", "import", tree, "--filed", "2025-11-14")
    assert code == 2
    assert "--filed" in err


def test_gzipped_documents_are_unpacked(run, tmp_path):
    page, table = parts()
    folder = folder_of(tmp_path / "a", gzip.compress(page), gzip.compress(table), "table.xml.gz")
    (folder / "primary_doc.xml").rename(folder / "primary_doc.xml.gz")
    assert run("--cache", tmp_path / "cache", "import", folder, *SAID)[0] == 0
    assert Tracker(tmp_path / "cache").holdings("example").height == 3


@pytest.mark.parametrize("name", ["0009999991-25-000001.TXT", "filing", "X.TXT"])
def test_a_named_file_is_read_whatever_its_name(run, tmp_path, name):
    (tmp_path / name).write_bytes(filing())
    assert run("--cache", tmp_path / "cache", "import", tmp_path / name)[0] == 0


def test_a_period_that_is_no_quarters_end_can_be_asked_for_by_its_day(document, run, tmp_path):
    imported(tmp_path / "cache", put(tmp_path / "in", filing(period=date(2025, 9, 29))))
    asked = "--cache", tmp_path / "cache", "holdings", "example"
    assert document(*asked, "--period", "2025-09-29")["summary"]["positions"] == 3
    code, _, err = run(*asked, "--period", "2025Q3")
    assert code == 3
    assert "2025-09-29" in err


def test_a_period_in_the_future_is_not_the_newest(document, tmp_path):
    tree = put(tmp_path / "in", filing(), filing("0009999991-25-000002", period=date(2029, 9, 30)))
    imported(tmp_path / "cache", tree)
    assert document("--cache", tmp_path / "cache", "diff", "example")["period"] == "2025-09-30"


def test_odd_rows_are_counted_where_they_are_not_told(run, tmp_path):
    odd = ("APPLE INC", "037833900", 2546300, 10000)
    imported(tmp_path / "cache", put(tmp_path / "in", filing(positions=(*THREE_STOCKS, odd))))
    asked = "--cache", tmp_path / "cache", "holdings", "example"
    assert "1 oddity of single positions" in run(*asked)[2]
    assert "cusip-option-number" in run(*asked, "--oddities")[2]


def test_a_reader_takes_up_what_a_killed_run_left(tmp_path):
    """The archive has the amendment, the tables do not: an answer without it would be a wrong one."""
    cache = tmp_path / "cache"
    imported(cache, put(tmp_path / "in", filing()))
    late = filing("0009999991-25-000002", (("NUCOR CORP", "670346105", 1000, 10),), form="13F-HR/A",
                  amends="NEW HOLDINGS", filed=date(2025, 12, 1))  # fmt: skip
    (cache / "edgar/data/9999991/0009999991-25-000002.txt.gz").write_bytes(gzip.compress(late))
    (cache / ".taking-in").touch()
    assert Tracker(cache).holdings("example").height == 4
    assert not (cache / ".taking-in").exists()


def test_what_came_in_a_better_way_before_the_kill_is_read_that_way(run, tmp_path):
    """A submission that reached the archive beside its documents counts, whenever the run ended (rule R9)."""
    cache = tmp_path / "cache"
    content = filing(ACCESSION)
    page, table = parts()
    run("--cache", cache, "import", folder_of(tmp_path / "a", page, table), *SAID)
    assert "accepted-unknown" in {o["code"] for o in Tracker(cache).filings()["oddities"][0]}
    (cache / f"edgar/data/9999991/{ACCESSION}.txt.gz").write_bytes(gzip.compress(content))
    (cache / ".taking-in").touch()
    assert Tracker(cache).filings()["oddities"][0].to_list() == []


def test_a_good_copy_mends_a_damaged_one(run, tmp_path):
    cache, tree = tmp_path / "cache", put(tmp_path / "in", filing())
    imported(cache, tree)
    (kept,) = cache.rglob("*.txt.gz")
    kept.write_bytes(kept.read_bytes()[:100])
    assert run("--cache", cache, "cache", "check")[0] == 8
    assert run("--cache", cache, "import", tree)[0] == 0
    assert run("--cache", cache, "cache", "check")[0] == 0


def test_damaged_words_of_what_was_given_are_found(run, tmp_path):
    cache = tmp_path / "cache"
    run("--cache", cache, "import", folder_of(tmp_path / "a", *parts()), *SAID)
    (given,) = cache.rglob("given.json.gz")
    given.write_bytes(gzip.compress(b'{"accession_number": 7}'))
    code, _, err = run("--cache", cache, "cache", "check")
    assert code == 8
    assert "given.json.gz" in err


def test_control_characters_in_a_name_do_not_reach_a_terminal(run, tmp_path):
    name = "EVIL \u009b31m CORP"
    imported(tmp_path / "cache", put(tmp_path / "in", filing(positions=((name, "037833100", 2546300, 10000),))))
    for form in ("--text", "--quiet"):
        _, out, _ = run("--cache", tmp_path / "cache", "holdings", "example", form)
        assert "EVIL 31m CORP" in out


def test_a_damaged_file_beside_documents_is_refused_and_the_rest_is_taken(run, tmp_path):
    page, table = parts(cik="0009999992", name="Other Advisors LLC")
    folder = folder_of(tmp_path / "b" / "0009999992-25-000001_filed_2025-11-14", page, table)
    (folder / "0000000001-26-000003.txt.gz").write_bytes(gzip.compress(b"x" * 1000)[:20])
    put(tmp_path / "b" / "good", filing())
    code, out, _ = run("--cache", tmp_path / "cache", "import", tmp_path / "b", "--json")
    told = json.loads(out)
    assert (code, told["added"], told["refused"]) == (7, 2, 1)


def test_a_table_that_is_part_of_the_submission_beside_it_is_not_offered(run, tmp_path):
    tree = put(tmp_path / "in", filing())
    (tree / "table.xml").write_bytes(parts()[1])
    assert run("--cache", tmp_path / "cache", "import", tree)[0] == 0


@pytest.mark.parametrize("lost", ["damaged", "removed"])
def test_good_copies_mend_a_filing_that_came_document_by_document(run, tmp_path, lost):
    cache, folder = tmp_path / "cache", folder_of(tmp_path / "a", *parts())
    run("--cache", cache, "import", folder, *SAID)
    (page,) = cache.rglob("primary_doc.xml.gz")
    page.write_bytes(b"junk") if lost == "damaged" else page.unlink()
    assert run("--cache", cache, "import", folder, *SAID)[0] == 0
    assert run("--cache", cache, "cache", "check")[0] == 0
    assert run("--cache", cache, "rebuild")[0] == 0


def test_an_accession_number_without_dashes_is_the_same_number(run, tmp_path):
    folder = folder_of(tmp_path / "a", *parts())
    said = ["--accession", ACCESSION.replace("-", ""), "--filed", "2025-11-14"]
    assert run("--cache", tmp_path / "cache", "import", folder, *said)[0] == 0
    assert Tracker(tmp_path / "cache").filings()["accession_number"].to_list() == [ACCESSION]


def test_links_that_lead_in_a_circle_are_an_error_and_no_bug(run, tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.symlink_to(two)
    two.symlink_to(one)
    code, _, err = run("--sample", "managers", "-o", one)
    assert code == 8
    assert "bug" not in err


def test_a_report_held_in_between_is_the_one_named_where_an_older_quarter_is_missing(document, tmp_path):
    """Asked for a quarter before all that is held, a second report is still no first one."""
    tree = put(tmp_path / "in", filing(period=Q2, filed=date(2025, 8, 14)), filing("0009999991-25-000002"))
    imported(tmp_path / "cache", tree)
    told = document("--cache", tmp_path / "cache", "diff", "example", "--against", "2024Q4")
    assert (told["reason"], told["held_before"]) == ("quarter-missing", "2025-06-30")


def test_status_and_holders_pass_over_a_period_in_the_future_too(document, tmp_path):
    tree = put(tmp_path / "in", filing(), filing("0009999991-25-000002", THREE_STOCKS[:1], period=date(2029, 9, 30)))
    imported(tmp_path / "cache", tree)
    (one,) = document("--cache", tmp_path / "cache", "status")["status"]
    assert one["latest_period"] == "2025-09-30"
    (holder,) = document("--cache", tmp_path / "cache", "security", "191216100")["holders"]
    assert holder["period"] == "2025-09-30"


@pytest.mark.parametrize(("filed", "dollars"), [(date(2021, 5, 14), 3_062_200_000), (date(2023, 9, 21), 3_062_200)])
def test_a_late_report_is_in_the_unit_that_was_due_on_the_day_it_was_filed(tmp_path, filed, dollars):
    """Options have no price of their own that could tell; Jefferies restated the first quarter of 2021 in 2023."""
    puts = [("APPLE INC", "037833100", 2546300, 10000, "Put"), ("BANK AMERICA CORP", "060505104", 515900, 10000, "Put")]
    imported(tmp_path / "cache", put(tmp_path / "in", filing(positions=puts, period=date(2021, 3, 31), filed=filed)))
    assert Tracker(tmp_path / "cache").holdings("example", "2021Q1")["value"].sum() == dollars


def test_a_filing_is_of_the_quarter_it_reports_on_not_of_the_one_it_was_filed_in(document, run, tmp_path):
    imported(tmp_path / "cache", put(tmp_path / "in", filing(period=Q3, filed=date(2025, 11, 14))))
    asked = "--cache", tmp_path / "cache", "holdings", "example", "--period"
    assert document(*asked, "2025Q3")["period"] == "2025-09-30"
    code, _, err = run(*asked, "2025Q4")
    assert code == 3
    assert "there are: 2025Q3" in err


def test_new_holdings_whose_report_is_not_here_make_no_exits(document, tmp_path):
    """Berkshire was once shown with four positions: only the amendment lay within the window."""
    added = filing("0009999991-25-000002", THREE_STOCKS[:1], form="13F-HR/A", amends="NEW HOLDINGS")
    tree = put(tmp_path / "in", filing("0009999991-25-000001", period=Q2, filed=date(2025, 8, 14)), added)
    imported(tmp_path / "cache", tree)
    told = document("--cache", tmp_path / "cache", "diff", "example", "--period", "2025Q3")
    assert (told["comparable"], told["reason"]) == (False, "base-missing")
    assert {move["change"] for move in told["moves"]} == {"unknown"}
    scanned = Tracker(tmp_path / "cache").scan_holdings().collect()
    assert scanned["period"].unique().to_list() == [Q2]


def test_a_notice_for_a_later_quarter_sells_nothing_and_the_old_report_is_not_the_newest(document, tmp_path):
    """Vanguard's last report of its own is for 2025Q4; since then others report what it holds."""
    notice = filing("0009999991-25-000002", period=Q3, form="13F-NT", report_type="13F NOTICE", rows=None)
    tree = put(tmp_path / "in", filing("0009999991-25-000001", period=Q2, filed=date(2025, 8, 14)), notice)
    imported(tmp_path / "cache", tree)
    told = document("--cache", tmp_path / "cache", "diff", "example")
    assert (told["period"], told["comparable"], told["reason"]) == ("2025-09-30", False, "notice")
    assert {(move["change"], move["amount_before"]) for move in told["moves"]} == {("unknown", 10_000)}
    held = document("--cache", tmp_path / "cache", "holdings", "example")
    assert (held["period"], held["state"], held["holdings"]) == ("2025-09-30", "notice", [])
