"""What goes wrong ends in one message that says what and what to do, the exit code of the design, and no traceback."""

from __future__ import annotations

import gzip
import json
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from tests.builders import PROLOG, document, info_table, row
from tests.trees import filing, fingerprint, first_document, imported, parts, put
from thirteenf import Tracker, schemas

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'
    b"<edgarSubmission><headerData>&d;</headerData></edgarSubmission>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    b"<edgarSubmission><headerData>&b;</headerData></edgarSubmission>"
)
HTML = b"<!DOCTYPE html>\n<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head></html>"
ACCESSION = "0009999991-25-000007"


@pytest.fixture
def fails(run):
    """Run a command that must fail with a code: the one line that says what and what to do, twice."""

    def command(code, *arguments):
        got, out, err = run(*arguments)
        assert "Traceback" not in err + out
        assert "A bug" not in err
        assert got == code, err
        lines = err.splitlines()
        said = [place for place, line in enumerate(lines) if line.startswith("Error: ")]
        assert len(said) == 1, err
        told = lines[said[0]].removeprefix("Error: ")
        assert lines[said[0] :] == [lines[-1]], err  # one line, the last
        assert "  " not in told
        return told, told

    return command


@pytest.fixture
def refused(run, tmp_path):
    """Import one thing that is no filing: why it was refused; nothing of it may be in the cache."""

    def offer(*arguments, code=5):
        cache = tmp_path / "cache-of-refusals"
        got, out, err = run("--cache", cache, "import", *arguments, "--json", "--quiet")
        assert "Traceback" not in err
        assert got == code, err
        told = first_document(out)
        assert told["added"] == 0
        assert not list(cache.glob("edgar/**/*.gz"))
        assert {one["outcome"] for one in told["imported"]} == {"refused"}
        return "; ".join(one["message"] for one in told["imported"])

    return offer


QUESTIONS = [
    # exit code, what to run, what the message says, what the hint says
    (3, "diff berksire", "berksire", "Berkshire Hathaway Inc"),
    (3, "diff thile", "thile", "Thiel Macro LLC"),
    (3, "diff nobody", "nobody", "thirteenf managers"),
    (3, "diff 1234567", "0001234567", "Thiel Macro LLC"),
    (3, "diff m", "may be", "0001562087"),
    (3, "diff thiel --period 2025Q3 --security NVDAA", "NVDAA", "NVDA"),
    (3, "history scion NVDAA", "NVDAA", "NVDA"),
    (3, "security BRUKER", "BRUKER", "116794207"),
    (3, "security 999999999", "999999999", "CUSIP"),
    (2, "diff thiel --period 2025Q5", "2025Q5", "2025Q3"),
    (2, "diff thiel --period 2025-09-29", "2025Q3 ended on 2025-09-30", "2025Q3"),
    (2, "diff thiel --period yesterday", "yesterday", "latest"),
    (2, "holdings thiel --period 2025Q5", "2025Q5", "2025Q3"),
    (2, "moves --period 2025Q5", "2025Q5", "2025Q3"),
    (2, "diff thiel --period 2025Q2 --against 2025Q3", "not earlier", "--against"),
    (2, "diff thiel --period 2025Q2 --against 2025Q2", "not earlier", "--against"),
    (2, "diff thiel --against latest", "latest", "2025Q3"),
    (2, "diff thiel --as-of 2025-13-01", "2025-13-01", "2025-11-14"),
    (3, "diff thiel --as-of 1999-01-01", "1999-01-01", "thirteenf"),
    (3, "holdings thiel --period 2024Q4", "2025Q1, 2025Q2, 2025Q3", "thirteenf refresh thiel"),
    (3, "moves softbank --period 2025Q3", "2024Q4, 2025Q4", "thirteenf refresh softbank"),
    (2, "diff thiel --columns cusip,colour", "colour", "cusip"),
    (2, "diff thiel --columns ,", "column", "cusip"),
    (2, "diff thiel --json --csv", "--json and --csv", "one format"),
    (2, "diff thiel --markdown --parquet x.parquet", "--markdown and --parquet", "one format"),
    (2, "diff thiel --change sold", "sold", "exited"),
    (2, "diff thiel --top 0", "top", "--help"),
    (2, "diff thiel --options maybe", "maybe", "--help"),
    (2, "diff thiel --min-value much", "much", "--help"),
    (2, "diff", "MANAGER", "--help"),
    (2, "diff thiel scion", "scion", "--help"),
    (2, "diff thiel --colour", "--colour", "--help"),
    (2, "dif thiel", "dif", "diff"),
    (2, "frobnicate", "frobnicate", "--help"),
    (2, "watchlist ad thiel", "ad", "add"),
    (2, "import", "PATH", "--help"),
    (2, "--sample --cache x diff thiel", "--sample and --cache", "one"),
    (2, "--sample rebuild", "sample", "cache"),
    (2, "--sample import x", "sample", "cache"),
    (3, "schema nonsense", "nonsense", "diff"),
]


@pytest.mark.parametrize(("code", "asked", "what", "hint"), QUESTIONS, ids=[one[1] for one in QUESTIONS])
def test_a_question_that_cannot_be_answered_says_why_and_what_to_do(fails, code, asked, what, hint):
    told, to_do = fails(code, *asked.split())
    assert what in told
    assert hint in to_do


@pytest.mark.parametrize(("code", "asked"), [one[:2] for one in QUESTIONS], ids=[one[1] for one in QUESTIONS])
def test_with_json_a_failure_is_a_document_too(run, code, asked):
    if "--csv" in asked or "--parquet" in asked or asked.startswith("schema"):
        asked = "diff thiel --period 2025Q5"
        code = 2
    got, out, err = run(*asked.split(), "--json")
    told = json.loads(out)
    Draft202012Validator(schemas.schema("error")).validate(told)
    assert got == code
    assert told["message"] in err
    assert told["schema"] == "thirteenf.error/1"
    assert told["code"] == {2: "usage", 3: "not-found"}[code]


def test_an_error_told_as_json_lines_is_one_too(run):
    code, out, _ = run("diff", "nobody", "--ndjson")
    assert code == 3
    assert [json.loads(line)["code"] for line in out.splitlines()] in ([], ["not-found"])


def test_a_manager_is_found_by_cik_alias_and_enough_of_a_name(document):
    for name in ("1562087", "0001562087", "thiel", "THIEL", "Thiel Macro", "macro llc", "Thiel Macro LLC"):
        assert document("holdings", name, "--period", "2025Q3")["manager"]["cik"] == "0001562087"


def test_ambiguous_names_list_all_that_are_meant(fails, tmp_path):
    cache = tmp_path / "cache"
    tree = put(
        tmp_path / "in",
        filing("0000000001-25-000001", cik="0000842322", name="Baupost Group Inc"),
        filing("0000000002-25-000001", cik="0001061768", name="Baupost Group LLC/MA"),
    )
    imported(cache, tree)
    told, hint = fails(3, "--cache", cache, "diff", "baupost")
    assert "2 managers" in told
    assert "Baupost Group Inc (0000842322)" in hint
    assert "Baupost Group LLC/MA (0001061768)" in hint


def test_a_security_with_several_numbers_is_not_cut_down_to_one(document):
    """LEN and LENB are two classes; asking for a symbol gives all CUSIPs that carry it and no other."""
    told = document("security", "LEN")
    assert [one["cusip"] for one in told["securities"]] == ["526057104"]


# Importing


def test_a_path_that_is_not_there(fails, tmp_path):
    told, _ = fails(3, "--cache", tmp_path / "cache", "import", tmp_path / "nowhere.txt")
    assert "is not there" in told


def test_a_folder_without_filings(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no filing" in refused(tmp_path / "empty")


def test_a_block_page_offered_as_a_filing(refused, tmp_path):
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(HTML)
    assert "the SEC turns a request away" in refused(path)


def test_the_html_rendering_offered_as_xml(refused, real):
    path = real / "filings" / "html_rendering_not_xml" / "form.13FHR.xml"
    assert "HTML" in refused(path, "--accession", ACCESSION, "--filed", "2025-11-14")


def test_html_named_as_the_cover_page_in_a_folder(refused, tmp_path):
    folder = tmp_path / ACCESSION
    folder.mkdir()
    (folder / "primary_doc.xml").write_bytes(HTML)
    (folder / "infotable.xml").write_bytes(info_table([row()]))
    assert "primary_doc.xml is a page by which the SEC" in refused(folder, "--filed", "2025-11-14")


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_a_submission_cut_short(refused, tmp_path, kept):
    content = filing(ACCESSION)
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(content[: int(len(content) * kept)])
    assert refused(path)


def test_a_table_cut_short(refused, tmp_path):
    page, table = parts()
    folder = tmp_path / ACCESSION
    folder.mkdir()
    (folder / "primary_doc.xml").write_bytes(page)
    (folder / "infotable.xml").write_bytes(table[:-200])
    assert "information table" in refused(folder, "--filed", "2025-11-14").lower()


@pytest.mark.parametrize("content", [BOMB, OUTSIDE], ids=["bomb", "outside"])
def test_entities_are_never_resolved(refused, tmp_path, content):
    folder = tmp_path / ACCESSION
    folder.mkdir()
    (folder / "primary_doc.xml").write_bytes(content)
    (folder / "infotable.xml").write_bytes(info_table([row()]))
    message = refused(folder, "--filed", "2025-11-14")
    assert "root:" not in message
    assert "entit" in message.lower() or "DOCTYPE" in message or "document type" in message


def test_a_bomb_in_the_table(refused, tmp_path):
    page, _ = parts()
    folder = tmp_path / ACCESSION
    folder.mkdir()
    (folder / "primary_doc.xml").write_bytes(page)
    (folder / "infotable.xml").write_bytes(BOMB.replace(b"edgarSubmission", b"informationTable"))
    message = refused(folder, "--filed", "2025-11-14")
    assert "entit" in message.lower() or "DOCTYPE" in message or "document type" in message


def test_a_text_table_of_before_2013(refused, real):
    message = refused(real / "filings" / "text_era_2012" / "0000909012-12-000274.txt")
    assert "2013" in message


def test_a_lone_information_table(refused, tmp_path):
    path = tmp_path / "infotable.xml"
    path.write_bytes(info_table([row()]))
    assert "no cover page" in refused(path, "--accession", ACCESSION, "--filed", "2025-11-14")


def test_a_lone_cover_page_that_counts_rows(refused, tmp_path):
    page, _ = parts()
    path = tmp_path / "primary_doc.xml"
    path.write_bytes(page)
    assert "counts 3 rows" in refused(path, "--accession", ACCESSION, "--filed", "2025-11-14")


def test_a_table_without_rows_though_the_cover_page_counts_some(refused, tmp_path):
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(filing(ACCESSION, (), rows=3, total=3725500))
    assert "counts 3 rows" in refused(path)


@pytest.fixture
def bare(tmp_path):
    """A folder of two documents, whose path says nothing."""
    page, table = parts()
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "primary_doc.xml").write_bytes(page)
    (folder / "table.xml").write_bytes(table)
    return folder


def test_accession_number_and_filing_date_are_never_invented(refused, bare):
    assert "no accession number" in refused(bare)
    assert "--accession" in refused(bare, "--filed", "2025-11-14")
    assert "--filed" in refused(bare, "--accession", ACCESSION)


def test_they_are_taken_from_options(run, bare, tmp_path):
    cache = tmp_path / "cache"
    code, _, _ = run("--cache", cache, "import", bare, "--accession", ACCESSION, "--filed", "2025-11-14")
    (one,) = Tracker(cache).filings().to_dicts()
    assert code == 0
    assert (one["accession_number"], one["filing_date"]) == (ACCESSION, date(2025, 11, 14))
    assert one["accepted"] is None


@pytest.mark.parametrize("name", [ACCESSION, ACCESSION.replace("-", "")])
def test_they_are_taken_from_the_path(run, bare, tmp_path, name):
    folder = tmp_path / name / "filed-2025-11-14"
    folder.parent.mkdir()
    bare.rename(folder)
    code, _, err = run("--cache", tmp_path / "cache", "import", folder)
    (one,) = Tracker(tmp_path / "cache").filings().to_dicts()
    assert code == 0, err
    assert (one["accession_number"], one["filing_date"]) == (ACCESSION, date(2025, 11, 14))


def test_a_document_named_alone_takes_what_belongs_to_it(run, bare, tmp_path):
    cache = tmp_path / "cache"
    for name in ("primary_doc.xml", "table.xml"):
        code, _, err = run("--cache", cache, "import", bare / name, "--accession", ACCESSION, "--filed", "2025-11-14")
        assert code == 0, err
    assert Tracker(cache).holdings("example")["amount"].sum() == 30000


@pytest.mark.parametrize("number", ["123", "0001234567-25", "../../etc"])
def test_an_accession_number_that_is_none(fails, bare, tmp_path, number):
    told, _ = fails(2, "--cache", tmp_path / "c", "import", bare, "--accession", number, "--filed", "2025-11-14")
    assert number in told


def test_one_accession_number_for_many_filings_is_refused_not_spread(run, bare, tmp_path):
    """--accession names one filing: two folders offered with it cannot both be that filing."""
    page, table = parts((("NUCOR CORP", "670346105", 1000000, 10000),))
    other = tmp_path / "other"
    other.mkdir()
    (other / "primary_doc.xml").write_bytes(page)
    (other / "table.xml").write_bytes(table)
    code, _, err = run(
        "--cache", tmp_path / "cache", "import", bare, other, "--accession", ACCESSION, "--filed", "2025-11-14"
    )
    assert code in (2, 5, 7), err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("0009999991-25-000003.txt", HTML),
        ("0009999991-25-000003.txt", b""),
        ("0009999991-25-000003.txt", filing("0009999991-25-000003")[:2000]),
        ("0009999991-25-000003.txt.gz", gzip.compress(filing("0009999991-25-000003"))[:-50]),
        ("0009999991-25-000003.txt.gz", b"no gzip"),
    ],
    ids=["block-page", "empty", "cut-short", "gzip-cut-short", "no-gzip"],
)
def test_a_bad_file_among_good_ones_is_named_and_the_rest_is_imported(run, tmp_path, name, content):
    tree = put(tmp_path / "in", filing(), filing("0009999991-25-000002", period=date(2025, 6, 30)))
    (tree / name).write_bytes(content)
    code, out, err = run("--cache", tmp_path / "cache", "import", tree, "--json")
    told = json.loads(out)
    assert code == 7, err
    assert (told["added"], told["refused"]) == (2, 1)
    (bad,) = [one for one in told["imported"] if one["outcome"] == "refused"]
    assert bad["path"].endswith(name)
    assert bad["message"]
    assert "1 refused" in err
    assert Tracker(tmp_path / "cache").filings().height == 2


def test_nothing_but_bad_files(run, tmp_path):
    tree = tmp_path / "in"
    tree.mkdir()
    for number in (1, 2):
        (tree / f"0009999991-25-00000{number}.txt").write_bytes(HTML)
    code, _, err = run("--cache", tmp_path / "cache", "import", tree)
    assert code == 5
    assert "2 refused" in err


def test_a_refusal_told_as_json_is_one_document(run, tmp_path):
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(HTML)
    code, out, _ = run("--cache", tmp_path / "cache", "import", path, "--json")
    assert code == 5
    assert json.loads(out)["schema"] in ("thirteenf.import/1", "thirteenf.error/1")


def test_a_bad_file_leaves_a_full_cache_as_it_was(run, tmp_path):
    cache = tmp_path / "cache"
    imported(cache, put(tmp_path / "in", filing()))
    before = fingerprint(cache)
    bad = tmp_path / "0009999991-25-000009.txt"
    bad.write_bytes(HTML)
    assert run("--cache", cache, "import", bad)[0] == 5
    assert fingerprint(cache) == before


def test_other_bytes_under_a_known_accession_number_are_refused(run, tmp_path):
    cache = tmp_path / "cache"
    imported(cache, put(tmp_path / "in", filing()))
    before = fingerprint(cache)
    other = put(tmp_path / "other", filing(positions=(("NUCOR CORP", "670346105", 1000000, 10000),)))
    code, out, _ = run("--cache", cache, "import", other, "--json")
    assert code == 5
    assert "other bytes" in first_document(out)["imported"][0]["message"]
    assert fingerprint(cache) == before


def test_another_form_in_the_tree_is_refused_by_name(refused, tmp_path):
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(
        filing(ACCESSION).replace(b"CONFORMED SUBMISSION TYPE:\t13F-HR", b"CONFORMED SUBMISSION TYPE:\t10-K")
    )
    assert "10-K" in refused(path)


def test_a_submission_without_documents_of_ours(refused, tmp_path):
    head = filing(ACCESSION).split(b"<DOCUMENT>")[0]
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(head + document("LETTER", b"Dear Sirs") + b"</SEC-DOCUMENT>\n")
    assert refused(path)


def test_damaged_gzip_files(refused, tmp_path):
    path = tmp_path / f"{ACCESSION}.txt.gz"
    path.write_bytes(gzip.compress(filing(ACCESSION))[:-50])
    assert "gzip" in refused(path)


def test_gzipped_filings_are_unpacked(run, tmp_path):
    path = tmp_path / f"{ACCESSION}.txt.gz"
    path.write_bytes(gzip.compress(filing(ACCESSION)))
    assert run("--cache", tmp_path / "cache", "import", path)[0] == 0
    assert Tracker(tmp_path / "cache").holdings("example").height == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 100, PROLOG.encode(), b"hello", b"<SEC-DOCUMENT>", filing().split(b"<DOCUMENT>")[0]],
    ids=["empty", "zeros", "prolog", "text", "tag", "header"],
)
def test_what_is_no_filing_at_all(refused, tmp_path, content):
    path = tmp_path / f"{ACCESSION}.txt"
    path.write_bytes(content)
    assert refused(path)


def test_a_file_of_another_kind(refused, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-1.7")
    assert "report.pdf" in refused(path)


# Settings


@pytest.mark.parametrize(
    ("text", "what"),
    [("watchlist = [", "TOML"), ("watchlist = 'thiel'", "list of names"), ("watchlist = [1]", "list of names")],
)
def test_settings_that_cannot_be_read(fails, tmp_path, text, what):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    told, _ = fails(2, "--config", path, "moves")
    assert what in told
    assert str(path) in told


def test_settings_that_cannot_be_read_are_not_overwritten_by_a_change(fails, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("watchlist = [ # my notes\n")
    fails(2, "--config", path, "watchlist", "add", "thiel")
    assert path.read_text() == "watchlist = [ # my notes\n"
