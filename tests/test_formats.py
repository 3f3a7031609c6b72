"""What other programs read: JSON by its own schema, JSON lines, CSV and Parquet that read back."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.trees import filing, imported, put
from thirteenf import reports, tables
from thirteenf.render import render

QUESTIONS = [
    "diff thiel --period 2025Q3",
    "diff berkshire --period 2025Q2",
    "diff scion --period 2025Q3",
    "diff scion --period 2025Q3 --options only",
    "diff scion --period 2025Q3 --options no --top 3",
    "diff scion --period 2025Q1",
    "diff softbank --period 2025Q4 --against 2024Q4",
    "diff softbank --period 2025Q4",
    "diff berkshire --period 2025Q1 --as-of 2025-08-13",
    "diff bridgewater --period 2025Q3 --change new,exited --min-value 1000000",
    "diff bridgewater --period 2025Q3 --security NVDA",
    "diff bridgewater --period 2025Q3 --security NVDA --change new",
    "diff thiel --period 2025Q3 --columns cusip,change,amount,put_call",
    "diff ark --period 2025Q3 --oddities",
    "holdings thiel --period 2025Q3",
    "holdings thiel --period 2025Q4",
    "holdings berkshire --period 2025Q1 --as-of 2025-08-13",
    "holdings scion --options only --columns put_call,value,accession_numbers",
    "filings",
    "filings berkshire",
    "filings berkshire --columns accession_number,state",
    "history scion NVDA",
    "history berkshire GOOGL --as-of 2025-12-31",
    "managers",
    "managers berk",
    "security NVDA",
    "security 67066G104 --as-of 2025-09-01",
    "moves",
    "moves thiel scion --period 2025Q3",
    "moves thiel scion --period 2025Q3 --top 5 --change exited",
    "moves thiel scion --period 2025Q3 --basket circular-ai",
    "moves ark berkshire --period latest --basket platforms --options no",
    "status",
    "status --as-of 2025-11-10",
    "explain scion NVDA --period 2025Q3",
    "explain berkshire DHI --period 2025Q1",
    "explain bridgewater NFLX --period 2025Q4",
    "verify",
    "verify thiel",
    "diff berkshire --period 2025Q1 --against-as-of 2025-06-01",
    "watchlist show",
    "holders NVDA --period 2025Q3",
    "holders NVDA --period 2025Q3 --options only --change new",
    "holders 67066G104 --as-of 2025-12-01 --columns cik,change,amount",
    "flows --period 2025Q3",
    "flows NVDA --period 2025Q3 --top 1",
    "crowding --period 2025Q3 --top 5",
    "crowding --period 2025Q3 --options only",
    "overlap ark bridgewater thiel --period 2025Q3",
    "moves --all --period 2025Q3",
    "moves --all --period 2025Q3 --top 5 --change exited",
    "moves --all --period 2025Q3 --security NVDA",
]
ROWS = {
    "diff": "moves", "moves": "moves", "holdings": "holdings", "filings": "filings", "history": "history",
    "managers": "managers", "security": "holders", "status": "status", "watchlist": "watchlist", "cache": "problems",
    "diff-by-issuer": "moves", "holdings-by-issuer": "holdings",
    "import": "imported", "rebuild": "imported", "refresh": "managers", "ingest": "data_sets", "events": "events",
    "explain": "rows", "verify": "findings", "baskets": "baskets",
    "holders": "holders", "flows": "flows", "crowding": "crowding", "overlap": "positions", "moves-all": "moves",
}  # fmt: skip


@pytest.fixture
def valid(run):
    """Check a document against the schema that `thirteenf schema` prints for its report."""

    def check(name, told):
        code, out, _ = run("schema", name)
        assert code == 0
        schema = json.loads(out)
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(told)
        assert told["schema"] == f"thirteenf.{name}/1"

    return check


def everything(told):
    """All pairs of key and value, at any depth."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield key, value
            yield from everything(value)
    elif isinstance(told, list):
        for value in told:
            yield from everything(value)


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize("asked", QUESTIONS)
def test_every_report_is_valid_by_its_own_schema(run, valid, asked):
    name = "moves-all" if asked.startswith("moves --all") else asked.split()[0]
    code, out, _ = run(*asked.split(), "--sample", "--json")
    told = json.loads(out, parse_constant=no_constant)
    assert code == 0
    valid(name, told)
    assert isinstance(told[ROWS[name]], list)
    assert told["source"] == ("sample" if name != "watchlist" or told["source"] == "sample" else "cache")
    for key, value in everything(told):
        if key == "cik" and value is not None:
            assert re.fullmatch(r"\d{10}", value)
        if key in ("period", "against", "filing_date", "due", "as_of", "expected_period") and value is not None:
            assert date.fromisoformat(value).isoformat() == value
        if key == "put_call":
            assert value in (None, "Put", "Call")
        if isinstance(value, float):
            assert math.isfinite(value)
        if key in ("amount", "value", "amount_before", "value_change", "trade_effect") and value is not None:
            assert isinstance(value, int)


@pytest.mark.parametrize("asked", [one for one in QUESTIONS if one.startswith(("diff", "moves", "history"))])
def test_the_keys_of_a_move_are_the_columns_in_their_order(document, asked):
    told = document(*asked.split(), "--sample")
    rows = told[ROWS[asked.split()[0]]]
    named = asked.split("--columns ")[1].split(",") if "--columns" in asked else None
    declared = (tables.HISTORY if asked.startswith("history") else tables.MOVES).names
    assert all(list(row) == list(named or declared) for row in rows)


def test_the_columns_that_other_programs_rely_on():
    """As the design lists them, section 4."""
    moves = (
        "cik manager period against issuer title_of_class cusip cusip_before ticker put_call amount_type change "
        "amount_before amount_before_adjusted amount amount_change amount_change_pct value_before value value_change "
        "weight_before weight weight_change trade_effect price_effect cause residual hidden_days oddities"
    )
    holdings = (
        "cik manager period issuer title_of_class cusip ticker put_call amount_type amount value weight rows "
        "accession_numbers oddities"
    )
    filings = (
        "accession_number cik manager form_type report_type period filing_date accepted amendment_number "
        "amendment_type table_entry_total table_value_total is_confidential_omitted value_unit value_unit_reason "
        "value_unit_certainty state url oddities"
    )
    for wanted, table in (
        (moves, tables.MOVES), (holdings, tables.HOLDINGS), (filings, tables.FILINGS_REPORT)
    ):  # fmt: skip
        assert [name for name in table.names if name in wanted.split()] == wanted.split()


def test_the_envelope_of_a_diff_is_that_of_the_design(document):
    told = document("diff", "thiel", "--period", "2025Q3", "--sample")
    wanted = (
        "schema tool_version rules source manager period against as_of expected_period filings comparable summary "
        "moves oddities"
    )
    assert [key for key in told if key in wanted.split()] == wanted.split()
    assert told["manager"] == {"cik": "0001562087", "name": "Thiel Macro LLC"}


def test_filters_never_touch_the_summary(document):
    asked = ["diff", "scion", "--period", "2025Q3", "--sample"]
    whole = document(*asked)
    for filters in (["--top", "1"], ["--change", "new"], ["--options", "no"], ["--security", "PLTR"],
                    ["--min-value", "900000000"]):  # fmt: skip
        part = document(*asked, *filters)
        assert part["summary"] == whole["summary"]
        assert 0 < len(part["moves"]) < len(whole["moves"])
        assert all(move in whole["moves"] for move in part["moves"])


def test_the_least_value_counts_on_either_side(document):
    told = document("diff", "thiel", "--period", "2025Q3", "--sample", "--min-value", "40000000")
    assert [move["ticker"] for move in told["moves"]] == ["NVDA", "TSLA", "VST"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([], 22), (["--options", "only"], 13), (["--options", "no"], 9), (["--top", "3"], 3),
        (["--change", "new"], 7), (["--change", "new,exited"], 21), (["--change", "NEW, exited"], 21),
        (["--security", "lulu"], 2), (["--security", "LULU", "--options", "only"], 1),
    ],
)  # fmt: skip
def test_filters_give_the_same_rows_in_every_format(run, document, filters, count):
    asked = ["diff", "scion", "--period", "2025Q3", "--sample", *filters]
    assert len(document(*asked)["moves"]) == count
    assert len(run(*asked, "--ndjson")[1].splitlines()) == count
    assert len(list(csv.reader(io.StringIO(run(*asked, "--csv")[1])))) == count + 1
    assert len(run(*asked)[1].splitlines()) == count + 1
    moves = run(*asked, "--markdown")[1].partition("### Issuers with options")[0]
    assert sum(line.startswith("| ") for line in moves.splitlines()) in (count + 1, count + 2)


@pytest.mark.parametrize("asked", ["diff scion --period 2025Q3", "moves thiel scion", "holdings thiel", "filings"])
def test_a_line_of_json_is_complete_by_itself(run, document, asked):
    whole = document(*asked.split(), "--sample")
    lines = [json.loads(line) for line in run(*asked.split(), "--sample", "--ndjson")[1].splitlines()]
    rows = whole[ROWS[asked.split()[0]]]
    assert len(lines) == len(rows) > 0
    for line, row in zip(lines, rows, strict=True):
        assert {name: line[name] for name in row} == row
        assert {"schema", "tool_version", "rules", "source", "cik", "period"} <= set(line)
        assert line["source"] == "sample"


@pytest.mark.parametrize("asked", [one for one in QUESTIONS if not one.startswith(("cache", "watchlist"))])
def test_csv_reads_back(run, document, asked):
    rows = document(*asked.split(), "--sample")[ROWS[asked.split()[0]]]
    code, out, _ = run(*asked.split(), "--sample", "--csv")
    read = list(csv.DictReader(io.StringIO(out, newline="")))
    assert code == 0
    assert len(read) == len(rows)
    for text, row in zip(read, rows, strict=True):
        assert list(text) == list(row)
        for name, value in row.items():
            if isinstance(value, list | dict):
                assert json.loads(text[name]) == value
            elif isinstance(value, bool):
                assert text[name] == str(value).lower()
            elif isinstance(value, float):
                assert float(text[name]) == value
            else:
                assert text[name] == ("" if value is None else str(value))


def test_csv_keeps_quotes_commas_and_line_ends(run, tmp_path):
    name = 'O"NEIL, SONS & CO'
    tree = put(tmp_path / "in", filing(positions=((name, "037833100", 2546300, 10000),)))
    imported(tmp_path / "cache", tree)
    _, out, _ = run("--cache", tmp_path / "cache", "holdings", "example", "--csv", "--columns", "issuer,amount")
    assert out == 'issuer,amount\r\n"O""NEIL, SONS & CO",10000\r\n'


def test_csv_is_read_by_polars_without_losing_a_zero(run, tmp_path):
    file = tmp_path / "moves.csv"
    assert run("diff", "thiel", "--period", "2025Q3", "--sample", "--csv", "-o", file)[0] == 0
    read = pl.read_csv(file, schema_overrides={"cusip": pl.String, "cik": pl.String})
    assert read["cusip"].to_list() == ["67066G104", "88160R101", "92840M102", "594918104", "037833100"]
    assert read["amount_before"].sum() == 537_742 + 272_613 + 208_747


@pytest.mark.parametrize("asked", ["diff scion --period 2025Q3", "holdings berkshire", "filings", "moves", "managers"])
def test_parquet_keeps_rows_and_types(run, document, tmp_path, asked):
    file = tmp_path / "told.parquet"
    code, out, _ = run(*asked.split(), "--sample", "--parquet", file)
    name = asked.split()[0]
    rows = document(*asked.split(), "--sample")[ROWS[name]]
    read = pl.read_parquet(file)
    declared = {"filings": tables.FILINGS_REPORT, "diff": tables.MOVES, "moves": tables.MOVES,
                "holdings": tables.HOLDINGS, "managers": tables.MANAGERS}[name]  # fmt: skip
    assert (code, out) == (0, "")
    assert read.schema == declared.schema()
    assert read.height == len(rows)
    if "value" in read.columns:
        assert read["value"].to_list() == [row["value"] for row in rows]
    if "put_call" in read.columns:
        assert read["put_call"].to_list() == [row["put_call"] or "" for row in rows]


@pytest.mark.parametrize(
    ("name", "start"),
    [("x.json", '{\n  "schema"'), ("x.csv", "cik,manager,"), ("x.md", "## Thiel"), ("x.ndjson", '{"schema"'),
     ("x.jsonl", '{"schema"'), ("x.txt", "Thiel Macro LLC"), ("deep/er/x.json", '{\n  "schema"')],
)  # fmt: skip
def test_a_files_name_says_its_format(run, tmp_path, name, start):
    code, out, _ = run("diff", "thiel", "--period", "2025Q3", "--sample", "-o", tmp_path / name)
    assert (code, out) == (0, "")
    assert (tmp_path / name).read_text().startswith(start)
    assert [path.name for path in (tmp_path / name).parent.iterdir() if path.is_file()] == [name.split("/")[-1]]


def test_parquet_by_a_files_name(run, tmp_path):
    assert run("managers", "--sample", "-o", tmp_path / "x.parquet")[0] == 0
    assert pl.read_parquet(tmp_path / "x.parquet").height == 6


def test_what_a_person_should_know_goes_to_stderr_and_quiet_silences_it(run):
    asked = ["diff", "thiel", "--period", "2025Q3", "--sample"]
    for form in ([], ["--json"], ["--csv"], ["--ndjson"]):
        _, out, err = run(*asked, *form)
        assert "SAMPLE" not in out
        assert "SAMPLE" in err
        code, quiet_out, quiet_err = run(*asked, *form, "--quiet")
        assert (code, quiet_out, quiet_err) == (0, out, "")


def test_an_empty_answer_is_still_an_answer(run, document):
    asked = ["diff", "thiel", "--period", "2025Q3", "--sample", "--change", "added"]
    assert document(*asked)["moves"] == []
    assert run(*asked, "--csv")[1].startswith("cik,manager,")
    assert run(*asked, "--ndjson")[:2] == (0, "")
    assert "Nothing to show" in run(*asked, "--text")[1]
    assert "Nothing to show" in run(*asked, "--markdown")[1]


def test_columns_come_in_the_order_asked_for_and_once(run):
    asked = ["diff", "thiel", "--period", "2025Q3", "--sample", "--columns", "change, cusip,change"]
    assert run(*asked, "--csv")[1].splitlines()[0] == "change,cusip"
    assert run(*asked)[1].splitlines()[0] == "change\tcusip"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("diff thiel --period 2025Q3", 10),
        ("diff scion --period 2025Q1", 0),
        ("diff thiel --period 2025Q3 --change added", 0),
        ("moves", 10),
    ],
)
def test_with_exit_code_ten_says_that_something_moved(run, asked, code):
    assert run(*asked.split(), "--sample", "--exit-code")[0] == code
    assert run(*asked.split(), "--sample")[0] == 0


def test_importing_and_rebuilding_tell_valid_documents(run, valid, tmp_path):
    tree = put(tmp_path / "in", filing())
    (tree / "0009999991-25-000003.xml").write_bytes(b"<informationTable/>")
    for command in (["import", tree], ["import", tree], ["rebuild"], ["cache", "check"]):
        _, out, _ = run("--cache", tmp_path / "cache", *command, "--json")
        told = json.loads(out)
        valid(command[0], told)
        assert told["source"] == "cache"


def test_every_report_has_a_schema_and_every_schema_a_report(run):
    names = run("schema")[1].split()
    assert sorted(names) == sorted([*ROWS, "error"])
    for name in names:
        code, out, _ = run("schema", name)
        assert code == 0
        assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_schema_refuses_what_is_wrong(run, document):
    """A schema that lets everything pass would make the other tests worthless."""
    told = document("diff", "thiel", "--period", "2025Q3", "--sample")
    check = Draft202012Validator(json.loads(run("schema", "diff")[1]))
    assert check.is_valid(told)
    for change in (
        lambda d: d.pop("source"), lambda d: d.update(extra=1), lambda d: d["manager"].update(cik="1562087"),
        lambda d: d["moves"][0].update(amount="537742"), lambda d: d["moves"][0].update(change="sold"),
        lambda d: d["moves"][0].update(colour="red"), lambda d: d.update(period="2025Q3"),
        lambda d: d["filings"]["after"][0].update(state="fine"),
    ):  # fmt: skip
        wrong = json.loads(json.dumps(told))
        change(wrong)
        assert not check.is_valid(wrong)


def test_times_of_acceptance_are_new_yorks(document):
    told = document("filings", "berkshire", "--sample")["filings"]
    by_number = {one["accession_number"]: one["accepted"] for one in told}
    assert by_number["0001193125-25-282901"] == "2025-11-14T16:00:00-05:00"
    assert by_number["0000950123-25-008361"] == "2025-08-14T16:00:00-04:00"


def test_unicode_and_narrow_encodings_do_not_stop_an_answer(thirteenf):
    import os

    env = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for form in ("--text", "--json", "--csv", "--markdown"):
        done = thirteenf("--sample", "diff", "scion", "--period", "2025Q3", form, env=env)
        assert done.returncode == 0, done.stderr
        assert "PLTR" in done.stdout


def test_a_name_that_was_escaped_twice_is_shown_plain_and_told_as_filed(run, tmp_path):
    name = "S&amp;P GLOBAL INC"  # in the file: S&amp;amp;P
    imported(tmp_path / "cache", put(tmp_path / "in", filing(positions=((name, "78409V104", 4_867_100, 10_000),))))
    asked = "--cache", tmp_path / "cache", "holdings", "example"
    assert "S&P GLOBAL INC" in run(*asked, "--text")[1]
    assert json.loads(run(*asked, "--json")[1])["holdings"][0]["issuer"] == name


@pytest.mark.parametrize(("number", "told"), [(1, "1 position is in doubt"), (2, "2 positions are in doubt")])
def test_what_is_counted_agrees_with_its_number(tmp_path, number, told):
    from tests.test_causes import tracked
    from tests.trees import THREE_STOCKS, quarter

    report = reports.diff(tracked(tmp_path, quarter(2), quarter(3, THREE_STOCKS)), "0009999991", "2025Q3")
    rows = report.rows.to_dicts()
    for row in rows[:number]:
        row["cause"] = [{"cause": "filer_error", "confidence": "possible", "evidence": []}]
    report = replace(report, rows=pl.DataFrame(rows, schema=report.rows.schema))
    assert f"{told} by what was filed (filer_error)." in render(report, "text")
