"""explain: each figure down to the rows it is made of, held against a second way from raw XML (tests/plain.py)."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from datetime import date

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests import plain
from tests.builders import cover, info_table, row
from tests.test_snapshots import NUMBER_CUT
from tests.trees import BERKSHIRE, TODAY, filing, imported, put
from thirteenf import Tracker, offers, tables
from thirteenf.explanation import explain
from thirteenf.render import render

BLOCKS, OF_A_BLOCK = 10, 100
KEY = ("cusip", "put_call", "amount_type")
REVEALED = "0000950123-25-008361"
WIDTHS = (80, 160)
ORIGINAL, SECOND = "0009999991-25-000001", "0009999991-25-000002"
JUNE, SEPTEMBER = date(2025, 6, 30), date(2025, 9, 30)


@pytest.fixture(scope="module")
def filings(edgar):
    """All submissions of the tree, read in the plain way."""
    found = [plain.read(path) for path in sorted((edgar / "www.sec.gov").rglob("*.txt"))]
    assert len(found) == 52
    return found


@pytest.fixture(scope="module")
def books(filings):
    """By manager and period: positions, made of what is in force."""
    return {of: plain.positions(counted) for of, counted in plain.in_force(filings).items()}


@pytest.fixture(scope="module")
def tracker(edgar_cache):
    return Tracker(edgar_cache, today=TODAY)


@pytest.fixture
def told(run, source):
    """Run `explain` on the sample, and on the same figures imported: the document, valid by its own schema."""

    def command(*arguments):
        code, out, err = run("explain", *arguments, "--json", "--quiet", *source)
        assert code == 0, err
        return valid(run, json.loads(out))

    return command


def valid(run, document):
    schema = json.loads(run("schema", "explain")[1])
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
    return document


def of(frame):
    """Rows of a frame by position key."""
    return {tuple(one[name] for name in KEY): one for one in frame.iter_rows(named=True)}


def words(text):
    """Text as it reads, however it was wrapped."""
    return " ".join(text.split())


def test_the_tree_has_no_odd_unit(filings):
    """What lets the plain way decide on dollars and thousands by the filing date alone."""
    for one in filings:
        prices = [r.value / r.amount for r in one.rows if r.key[1:] == ("", "SH") and r.amount]
        assert not prices or 1 < sorted(prices)[len(prices) // 2] < 1000


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_thousand_random_positions_are_those_of_the_plain_way(tracker, filings, books, block):
    every = sorted((*of_whom, *key) for of_whom, held in books.items() for key in held)
    chosen = sorted(random.Random(13).sample(every, BLOCKS * OF_A_BLOCK))  # noqa: S311 - the same ones each time
    for cik, period, *key in chosen[block * OF_A_BLOCK : (block + 1) * OF_A_BLOCK]:
        report = explain(tracker, cik, key[0], period)
        asked = f"explain {cik} {key} {period}"
        agrees_with_the_plain_way(report, filings, books, asked)
        held, rows = books[cik, period][tuple(key)], report.rows.rows(named=True)
        found = of(report.head["holdings"]["after"])[tuple(key)]
        summed = [one for one in rows if one["counts"] and str(one["period"]) == period and is_of(one, key)]
        assert (found["amount"], found["value"], found["rows"]) == (held.amount, held.value, len(held.rows)), asked
        assert {(one["accession_number"], one["row"]) for one in summed} == held.rows, asked
        assert len(summed) == len(held.rows), asked
        assert sum(one["amount"] for one in summed) == held.amount, asked
        assert sum(one["value_dollars"] for one in summed) == held.value, asked


def is_of(one, key):
    return [one[name] for name in KEY] == list(key)


def agrees_with_the_plain_way(report, filings, books, asked):
    """Whatever an explanation tells of either side, other CUSIPs that belong to it too, is what was filed."""
    cik, meant = report.head["manager"]["cik"], set(report.head["security"]["cusips"])
    sides = {"after": str(report.head["period"]), "before": str(report.head["against"])}
    filed, counted = set(), set()
    for side, period in sides.items():
        plainly = {key: one for key, one in books.get((cik, period), {}).items() if key[0] in meant}
        told = {key: (one["amount"], one["value"]) for key, one in of(report.head["holdings"][side]).items()}
        assert told == {key: (one.amount, one.value) for key, one in plainly.items()}, asked
        counted |= set().union(*(one.rows for one in plainly.values()))
        here = [one for one in filings if (one.cik, one.period) == (cik, period)]
        filed |= {(one.accession, r.number) for one in here for r in one.rows if r.key[0] in meant}
        assert report.head["filings"][side]["accession_number"].to_list() == [
            one.accession for one in sorted(here, key=lambda one: (one.filed, one.accepted, one.accession))
        ], asked
    assert {(one["accession_number"], one["row"]) for one in report.rows.iter_rows(named=True)} == filed, asked
    assert {tuple(one) for one in report.rows.filter("counts").select("accession_number", "row").rows()} == counted
    addresses = {one.accession: address(one) for one in filings}
    assert all(one["url"] == addresses[one["accession_number"]] for one in report.rows.iter_rows(named=True)), asked
    for move in report.head["moves"].iter_rows(named=True):
        key = tuple(move[name] for name in KEY)
        now = books[cik, sides["after"]].get(key)
        assert move["amount"] in (now.amount if now else 0, None), asked
        assert move["amount"] is not None or now is None or not report.head["comparable"], asked
        if (cik, sides["before"]) in books and move["cusip_before"] in (move["cusip"], None):
            then = books[cik, sides["before"]].get(key)
            assert move["amount_before"] == (then.amount if then else 0), asked


def address(one):
    folder = f"{one.cik.lstrip('0')}/{one.accession.replace('-', '')}"
    return f"https://www.sec.gov/Archives/edgar/data/{folder}/{one.table}"


def test_every_position_of_an_amended_period_is_that_of_the_plain_way(tracker, filings, books):
    """The one period of the tree that an amendment adds to: all of it, not a sample."""
    for cusip in sorted({key[0] for key in books[BERKSHIRE, "2025-03-31"]}):
        agrees_with_the_plain_way(explain(tracker, BERKSHIRE, cusip, "2025Q1"), filings, books, cusip)


def test_a_position_of_several_rows_is_their_sum(told):
    """Berkshire's Alphabet stands in two rows of one filing."""
    document = told("berkshire", "GOOGL", "--period", "2025Q3")
    held = document["holdings"]["after"][0]
    assert (held["amount"], held["value"]) == (17_846_142, 4_338_397_121)
    assert [one["counts"] for one in document["rows"]] == [True, True]
    assert sum(one["amount"] for one in document["rows"]) == 17_846_142
    assert sum(one["value_dollars"] for one in document["rows"]) == 4_338_397_121
    assert {one["accession_number"] for one in document["rows"]} == {"0001193125-25-282901"}
    assert document["moves"][0]["change"] == "new"
    assert document["holdings"]["before"] == []


def test_new_holdings_are_named_with_their_own_filing(told):
    document = told("berkshire", "LEN", "--period", "2025Q1")
    assert [(one["accession_number"], one["row"], one["counts"]) for one in document["rows"]] == [(REVEALED, 2, True)]
    assert document["rows"][0]["url"].endswith("/000095012325008361/infotable.xml")
    kinds = [(one["form_type"], one["amendment_type"]) for one in document["filings"]["after"]]
    assert kinds == [("13F-HR", None), ("13F-HR/A", "NEW HOLDINGS")]
    assert "amendments" in [rule["name"] for rule in document["rules_applied"]]
    assert document["moves"][0]["cause"][0]["cause"] == "revealed"
    evidence = document["moves"][0]["cause"][0]["evidence"]
    assert [(one["accession_number"], one["rows"]) for one in evidence] == [(REVEALED, [2])]


def test_before_the_amendment_was_filed_its_rows_were_not_known(told):
    document = told("berkshire", "LEN", "--period", "2025Q1", "--as-of", "2025-08-13")
    assert (document["rows"], document["moves"]) == ([], [])
    assert [one["accession_number"] for one in document["filings"]["after"]] == ["0000950123-25-005701"]
    assert document["as_of"] == "2025-08-13"


def test_an_amendment_adds_a_row_to_rows_that_were_there(told):
    """Nucor stood in the report already: rows of both filings count, each under its own number."""
    document = told("berkshire", "NUE", "--period", "2025Q1")
    filed = {one["accession_number"] for one in document["rows"] if one["period"] == "2025-03-31"}
    assert REVEALED in filed
    held = document["holdings"]["after"][0]
    assert sorted(held["accession_numbers"]) == sorted(filed)
    counted = [one for one in document["rows"] if one["period"] == "2025-03-31" and one["counts"]]
    assert held["rows"] == len(counted)
    assert held["amount"] == sum(one["amount"] for one in counted)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("manager", "security", "period"),
    [("berkshire", "GOOGL", "2025Q3"), ("berkshire", "NUE", "2025Q1"), ("bridgewater", "NFLX", "2025Q4"),
     ("scion", "NVDA", "2025Q3"), ("thiel", "TSLA", "2025Q3")],
)  # fmt: skip
def test_text_goes_backwards_from_the_move_to_the_address(manager, security, period, width):
    report = explain(Tracker(sample=True, today=TODAY), manager, security, period)
    text = render(report, "text", width=width)
    steps = ["Move: ", "because: ", "Holding, ", "Filing, ", "Period  Counts", "https://www.sec.gov/Archives/", "Rule "]
    assert sorted(steps, key=text.index) == steps
    assert not NUMBER_CUT.search(text)
    assert "…" not in "".join(line for line in text.splitlines() if not line.startswith(("2025Q", "2024Q")))
    addresses = report.rows["url"].unique()
    assert all(one in text.split() for one in addresses)
    lines = [set(line.split()) for line in text.splitlines()]
    for one in report.rows.iter_rows(named=True):
        drawn = {one["accession_number"], str(one["row"]), f"{one['amount']:,}", f"{one['value']:,}"}
        assert any(drawn <= line for line in lines), one
    read = words(text)
    for move in report.head["moves"].iter_rows(named=True):
        assert shown(move["amount_before"]) in read
        assert f" to {shown(move['amount'])}" in read
    for side in ("before", "after"):
        for held in report.head["holdings"][side].iter_rows(named=True):
            assert f"{held['amount']:,} shares" in read
            assert f"${held['value']:,}: the sum of" in read


def shown(number):
    return "?" if number is None else f"{number:,}"


def test_causes_stand_below_their_move_with_evidence_below_them():
    report = explain(Tracker(sample=True, today=TODAY), "bridgewater", "NFLX", "2025Q4")
    lines = render(report, "text", width=160).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Move: "))
    assert lines[first + 1] == "  because: split, confirmed"
    assert lines[first + 2].startswith("    action: 10 for 1")
    assert "  because: trade, confirmed" in lines


def test_a_split_shows_what_was_done_and_on_what_evidence(told, run, source):
    document = told("bridgewater", "NFLX", "--period", "2025Q4")
    action = document["actions"][0]
    assert (action["kind"], action["certainty"], action["shares"], action["shares_before"]) == (
        "split", "confirmed", 10, 1)  # fmt: skip
    assert any(said.startswith("table: Netflix") for said in action["evidence"])
    assert "lineage" in [rule["name"] for rule in document["rules_applied"]]
    move = document["moves"][0]
    assert (move["amount_before"], move["amount_before_adjusted"], move["amount"]) == (26_112, 261_120, 18_027)
    assert document["holdings"]["before"][0]["amount"] == 26_112
    _, out, _ = run("explain", "bridgewater", "NFLX", "--period", "2025Q4", "--text", *source)
    assert "26,112 (261,120 in today's shares) to 18,027 (-93.10 %)" in words(out)
    assert "Lineage, split, confirmed: 64110L106, 10 for 1. table: Netflix" in words(out)


def test_an_option_is_a_move_of_its_own(told, run, source):
    document = told("scion", "NVDA", "--period", "2025Q3")
    assert [(move["put_call"], move["amount"]) for move in document["moves"]] == [("Put", 1_000_000)]
    assert {one["put_call"] for one in document["rows"]} == {"Put"}
    assert "options" in [rule["name"] for rule in document["rules_applied"]]
    _, out, _ = run("explain", "scion", "NVDA", "--period", "2025Q3", "--text", *source)
    assert "notional of the underlying" in words(out)
    assert "1,000,000 shares of puts of 67066G104" in words(out)


def test_stock_and_options_of_one_cusip_are_two_moves(run, tmp_path):
    positions = [("NVIDIA CORP", "67066G104", 1_865_800, 10_000), ("NVIDIA CORP", "67066G104", 932_900, 5_000, "Put")]
    document = explained(run, tmp_path, "67066G104", filing(positions=positions))
    assert [(move["put_call"], move["amount"]) for move in document["moves"]] == [(None, 10_000), ("Put", 5_000)]
    assert [(one["put_call"], one["amount"]) for one in document["holdings"]["after"]] == [
        (None, 10_000), ("Put", 5_000)]  # fmt: skip
    assert [one["row"] for one in document["rows"]] == [1, 2]


def explained(run, tmp_path, security, *contents, period="2025Q3", paths=()):
    """The document of `explain` for the one manager of some submissions and folders."""
    imported(tmp_path / "cache", put(tmp_path / "in", *contents), *paths)
    asked = ("explain", "0009999991", security, "--period", period, "--cache", tmp_path / "cache")
    code, out, err = run(*asked, "--json", "--quiet")
    assert code == 0, err
    return valid(run, json.loads(out))


APPLE = "037833100"


def stock(amount):
    return [("APPLE INC", APPLE, amount * 250, amount), ("BANK AMERICA CORP", "060505104", 515_900, 10_000)]


def test_rows_of_a_report_that_was_restated_are_shown_and_do_not_count(run, tmp_path):
    again = filing(SECOND, stock(700), filed=date(2025, 12, 1), form="13F-HR/A", amends="RESTATEMENT")
    document = explained(run, tmp_path, APPLE, filing(ORIGINAL, stock(500)), again)
    told = [
        (one["accession_number"], one["row"], one["amount"], one["counts"], one["state"]) for one in document["rows"]
    ]
    assert told == [(ORIGINAL, 1, 500, False, "restated"), (SECOND, 1, 700, True, "in-force")]
    assert [one["state"] for one in document["filings"]["after"]] == ["restated", "in-force"]
    assert [one["amount"] for one in document["holdings"]["after"]] == [700]
    _, out, _ = run("explain", "0009999991", APPLE, "--cache", tmp_path / "cache", "--text")
    lines = [line.split() for line in out.splitlines() if line.startswith("2025Q3")]
    assert [line[:3] for line in lines] == [["2025Q3", ORIGINAL, "1"], ["2025Q3", "yes", SECOND]]
    assert f"{ORIGINAL}, filed 2025-11-14, restated" in words(out)


def test_before_a_restatement_the_first_report_counts(run, tmp_path):
    again = filing(SECOND, stock(700), filed=date(2025, 12, 1), form="13F-HR/A", amends="RESTATEMENT")
    explained(run, tmp_path, APPLE, filing(ORIGINAL, stock(500)), again)
    asked = ("explain", "0009999991", APPLE, "--as-of", "2025-11-30", "--cache", tmp_path / "cache")
    document = valid(run, json.loads(run(*asked, "--json", "--quiet")[1]))
    assert [(one["accession_number"], one["counts"]) for one in document["rows"]] == [(ORIGINAL, True)]
    assert document["as_of"] == "2025-11-30"


def test_a_row_of_zeros_does_not_count(run, tmp_path):
    positions = [("APPLE INC", APPLE, 0, 0), ("BANK AMERICA CORP", "060505104", 515_900, 10_000)]
    document = explained(run, tmp_path, APPLE, filing(positions=positions))
    assert [(one["row"], one["counts"]) for one in document["rows"]] == [(1, False)]
    assert document["holdings"]["after"] == []
    assert document["moves"] == []


def test_values_in_thousands_are_shown_as_filed_with_unit_and_dollars(run, tmp_path):
    positions = [("APPLE INC", APPLE, 1_299, 10_000), ("BANK AMERICA CORP", "060505104", 331, 10_000),
                 ("COCA COLA CO", "191216100", 636, 10_000)]  # fmt: skip
    then = filing(ORIGINAL, positions, filed=date(2022, 11, 14), period=date(2022, 9, 30))
    document = explained(run, tmp_path, APPLE, then, period="2022Q3")
    one = document["rows"][0]
    assert (one["value"], one["value_unit"], one["value_dollars"]) == (1_299, "thousands", 1_299_000)
    assert document["holdings"]["after"][0]["value"] == 1_299_000
    _, out, _ = run("explain", "0009999991", APPLE, "--cache", tmp_path / "cache", "--text")
    assert "$1,299,000: the sum of 1 row of 1 filing" in words(out)
    assert "values in thousands" in words(out)
    line = next(line for line in out.splitlines() if line.startswith("2022Q3")).split()
    assert "1,299" in line
    code, out, _ = run("explain", "0009999991", APPLE, "--cache", tmp_path / "cache", "--csv", "--quiet")
    cells = next(csv.DictReader(io.StringIO(out)))
    assert (code, cells["value"], cells["value_unit"], cells["value_dollars"]) == (0, "1299", "thousands", "1299000")


def test_of_a_filing_without_rows_no_unit_is_told(run, tmp_path):
    positions = [("APPLE INC", APPLE, 1_273_150, 5_000), ("BANK AMERICA CORP", "060505104", 515_900, 10_000)]
    notice = filing("0009999991-25-000009", (), form="13F-NT", report_type="13F NOTICE", rows=0)
    first = filing(ORIGINAL, positions, filed=date(2025, 8, 14), period=date(2025, 6, 30))
    imported(tmp_path / "cache", put(tmp_path / "in", first, notice))
    code, out, _ = run("explain", "0009999991", APPLE, "--cache", tmp_path / "cache", "--period", "2025Q3", "--text")
    told = words(out)
    assert code == 0
    assert "13F-NT 0009999991-25-000009, filed 2025-11-14, in-force" in told
    assert "no plain-share rows" not in told
    assert told.count("values in dollars") == 1


def test_the_raw_cusip_stands_beside_the_one_it_was_read_as(run, tmp_path):
    positions = [("APPLE INC", " 37833100 ", 1_273_150, 5_000), ("BANK AMERICA CORP", "060505104", 515_900, 10_000)]
    document = explained(run, tmp_path, APPLE, filing(positions=positions))
    one = document["rows"][0]
    assert (one["cusip"], one["cusip_as_filed"].strip()) == (APPLE, "37833100")


def folder_of_documents(folder, table_name):
    """A cover page with its table, each a file of its own."""
    folder.mkdir(parents=True)
    table = info_table([row("APPLE INC", APPLE, 2_500_000, 10_000)])
    page = cover(cik="0009999991", name="Example Advisors LLC", rows=1, total=2_500_000)
    (folder / "primary_doc.xml").write_bytes(page)
    (folder / table_name).write_bytes(table)
    return folder


def test_the_address_ends_with_the_tables_own_name_where_documents_came_one_by_one(run, tmp_path):
    folder = folder_of_documents(tmp_path / "in" / "000999999125000001", "form13f_20250930.xml")
    from thirteenf import intake, places

    taken = intake.take(places.at(tmp_path / "cache"), offers.found([folder], ORIGINAL, date(2025, 11, 14)))
    assert taken["outcome"].to_list() == ["added"]
    document = explained(run, tmp_path, APPLE)
    assert [one["url"] for one in document["rows"]] == [
        "https://www.sec.gov/Archives/edgar/data/9999991/000999999125000001/form13f_20250930.xml"
    ]
    assert document["rows"][0]["document"].endswith("000999999125000001/")


def test_the_address_ends_with_the_tables_own_name_in_a_submission(run, tmp_path):
    content = filing().replace(
        b"<TYPE>INFORMATION TABLE\n<SEQUENCE>1\n", b"<TYPE>INFORMATION TABLE\n<SEQUENCE>2\n<FILENAME>Form13fInfo.xml\n"
    )
    document = explained(run, tmp_path, APPLE, content)
    assert document["rows"][0]["url"].endswith("/9999991/000999999125000001/Form13fInfo.xml")
    assert document["rows"][0]["document"] == f"data/9999991/{ORIGINAL}.txt.gz"


def test_without_a_name_the_address_is_the_filings_folder(run, tmp_path):
    document = explained(run, tmp_path, APPLE, filing())
    assert document["rows"][0]["url"] == "https://www.sec.gov/Archives/edgar/data/9999991/000999999125000001/"


@pytest.mark.parametrize(
    "asked",
    [("nobody at all", "NVDA"), ("scion", "NVDA", "--period", "2025Q4"), ("thiel", "NOSUCH"),
     ("thiel", "999999999"), ("thiel", "NVDA", "--period", "2015Q1"),
     ("thiel", "NVDA", "--period", "2025Q3", "--as-of", "2025-11-01")],
)  # fmt: skip
def test_what_is_not_here_is_not_found(run, source, asked):
    code, out, err = run("explain", *asked, *source)
    assert (code, out) == (3, "")
    assert err.startswith("Error: ")


def test_a_security_in_neither_book_is_said_to_be_in_neither(told, run, source):
    document = told("thiel", "GOOGL", "--period", "2025Q3")
    assert (document["moves"], document["rows"]) == ([], [])
    assert document["holdings"] == {"before": [], "after": []}
    assert len(document["filings"]["after"]) == len(document["filings"]["before"]) == 1
    _, out, _ = run("explain", "thiel", "GOOGL", "--period", "2025Q3", "--text", *source)
    assert "It is in no book that is compared here." in out


def test_an_exit_shows_the_rows_of_the_book_before(told):
    document = told("thiel", "NVDA", "--period", "2025Q3")
    assert [(move["change"], move["amount_before"]) for move in document["moves"]] == [("exited", 537_742)]
    assert [(one["period"], one["amount"]) for one in document["rows"]] == [("2025-06-30", 537_742)]
    assert document["holdings"]["after"] == []


def test_a_first_report_is_explained_without_a_book_before(run):
    _, out, _ = run("explain", "scion", "BABA", "--period", "2025Q1", "--sample", "--json", "--quiet")
    document = valid(run, json.loads(out))
    assert (document["comparable"], document["reason"]) == (False, "first-report")
    assert document["filings"]["before"] == []
    assert {move["change"] for move in document["moves"]} == {"unknown"}
    assert "move" not in [rule["name"] for rule in document["rules_applied"]]
    assert all(one["counts"] for one in document["rows"])


def test_another_earlier_quarter_is_explained_too(told):
    document = told("softbank", "NVDA", "--period", "2025Q4", "--against", "2024Q4")
    assert [(move["change"], move["amount_before"]) for move in document["moves"]] == [("exited", 10_512_320)]
    assert {one["period"] for one in document["rows"]} == {"2024-12-31"}


def test_the_figures_are_those_of_diff_and_holdings(document, source):
    """One truth: explain tells what the other reports tell."""
    for manager, security, period in (("bridgewater", "NFLX", "2025Q4"), ("scion", "NVDA", "2025Q3")):
        asked = (manager, "--period", period, "--security", security, *source)
        explained = document("explain", manager, security, "--period", period, *source)
        assert explained["moves"] == document("diff", *asked)["moves"]
        assert explained["holdings"]["after"] == document("holdings", *asked)["holdings"]


def test_the_rules_are_named_with_their_version(told):
    from thirteenf import RULES

    rules = told("thiel", "TSLA", "--period", "2025Q3")["rules_applied"]
    assert {rule["version"] for rule in rules} == {RULES}
    assert [rule["name"] for rule in rules] == ["position", "unit", "move", "causes"]
    assert all(rule["says"] for rule in rules)


ASKED = ("explain", "berkshire", "GOOGL", "--period", "2025Q3", "--quiet")


def test_the_rows_as_csv(run, source):
    code, out, _ = run(*ASKED, "--csv", *source)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert tuple(rows[0]) == tables.TRACED.names
    assert sum(int(one["amount"]) for one in rows) == 17_846_142


def test_the_rows_as_json_lines(run, source):
    code, out, _ = run(*ASKED, "--ndjson", *source)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert sum(one["value_dollars"] for one in rows) == 4_338_397_121
    assert {one["schema"] for one in rows} == {"thirteenf.explain/1"}


def test_the_steps_as_markdown(run, source):
    code, out, _ = run("explain", "berkshire", "GOOGL", "--period", "2025Q3", "--markdown", *source)
    assert code == 0
    assert "Move: " in out
    assert re.search(r"^\| *2025Q3 *\| *yes *\| *0001193125-25-282901 *\|", out, re.MULTILINE)
    assert "https://www.sec.gov/Archives/edgar/data/1067983/000119312525282901/infotable.xml" in out


def test_the_rows_as_parquet(run, source, tmp_path):
    import polars as pl

    code, _, _ = run(*ASKED, "--parquet", tmp_path / "rows.parquet", *source)
    assert code == 0
    assert pl.read_parquet(tmp_path / "rows.parquet")["amount"].sum() == 17_846_142


def test_columns_may_be_chosen_even_without_the_address(run, source):
    code, out, _ = run(*ASKED, "--columns", "row,amount,value_dollars", "--csv", *source)
    assert code == 0
    assert out.splitlines()[0] == "row,amount,value_dollars"
    code, out, _ = run(
        "explain", "berkshire", "GOOGL", "--period", "2025Q3", "--columns", "row,amount", "--text", *source
    )
    assert code == 0
    assert "Move: " in out


def test_a_notice_is_followed_to_the_rows_that_name_its_manager(run, tmp_path):
    """The parent's rows that name the notice's manager count; its other rows are not even shown."""
    table = info_table([
        row("APPLE INC", APPLE, 2_500_000, 10_000, managers="1"), row("APPLE INC", APPLE, 1_250_000, 5_000),
        row("COCA COLA CO", "191216100", 663_200, 10_000),
    ])  # fmt: skip
    from tests.builders import HEADER, submission

    parent_page = cover(
        cik="0009999992", name="Parent LLC", rows=3, total=4_413_200,
        included="<otherManager2><sequenceNumber>1</sequenceNumber><otherManager><cik>0009999991</cik>"
        "<form13FFileNumber>028-11111</form13FFileNumber><name>Example Advisors LLC</name></otherManager>"
        "</otherManager2>",
    )  # fmt: skip
    notice_page = cover(
        "13F-NT", cik="0009999991", name="Example Advisors LLC", report_type="13F NOTICE",
        others="<otherManager><cik>0009999992</cik><form13FFileNumber>028-22222</form13FFileNumber>"
        "<name>Parent LLC</name></otherManager>",
    )  # fmt: skip

    def header(number, cik):
        return HEADER.replace("0001193125-25-282901", number).replace("0001067983", cik)

    parent = submission(parent_page, table, header=header("0009999992-25-000001", "0009999992"))
    notice = submission(notice_page, header=header(ORIGINAL, "0009999991").replace("13F-HR", "13F-NT"), kind="13F-NT")
    document = explained(run, tmp_path, APPLE, parent, notice)
    assert [(one["accession_number"], one["row"], one["counts"]) for one in document["rows"]] == [
        ("0009999992-25-000001", 1, True)]  # fmt: skip
    assert document["continuity"]["after"]["kind"] == "notice"
    assert [one["amount"] for one in document["holdings"]["after"]] == [10_000]
    assert "continuity" in [rule["name"] for rule in document["rules_applied"]]
    assert document["rows"][0]["url"].startswith("https://www.sec.gov/Archives/edgar/data/9999992/")


def test_a_new_cusip_is_explained_by_either_number(run, tmp_path):
    """Three holders show the same change: old and new rows stand in one explanation, each as filed."""
    from tests.test_lineage_reports import NEW, OLD, of_three

    cache = of_three(tmp_path)
    for asked in (OLD, NEW):
        code, out, _ = run("explain", "0009999993", asked, "--period", "2025Q2", "--cache", cache, "--json", "--quiet")
        document = valid(run, json.loads(out))
        assert code == 0
        assert document["security"]["cusips"] == [OLD, NEW]
        assert [(one["period"], one["cusip"], one["amount"]) for one in document["rows"]] == [
            ("2025-06-30", NEW, 123_450), ("2025-03-31", OLD, 12_345)]  # fmt: skip
        assert [(one["cusip"], one["amount"]) for one in document["holdings"]["before"]] == [(OLD, 12_345)]
        move = document["moves"][0]
        assert (move["cusip_before"], move["cusip"], move["amount_before_adjusted"]) == (OLD, NEW, 123_450)
        assert document["actions"][0]["evidence"]
