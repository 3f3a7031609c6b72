"""The watchlist, the commands that cover it, and who has filed."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from tests.trees import filing, imported, put

SETTINGS = """# mine
contact = "me@example.com"  # for the SEC

# whom I follow
watchlist = [
  "scion",  # Burry
  "thiel",
]

[baskets]
chips = ["NVDA", "AVGO"]  # a basket
"""


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "settings" / "thirteenf.toml"
    path.parent.mkdir()
    path.write_text(SETTINGS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    """A cache of forty managers, two quarters each; the n-th holds Apple, and adds n thousand shares of Nucor."""
    contents = []
    for n in range(1, 41):
        who = {"cik": f"{9_990_000 + n:010}", "name": f"Manager {n:02} Capital LP"}
        apple = ("APPLE INC", "037833100", 2_546_300, 10_000)
        nucor = ("NUCOR CORP", "670346105", 135_350 * 1000, 1_000_000)
        more = ("NUCOR CORP", "670346105", 135_350 * 1000 + 135_350 * n, 1_000_000 + 1000 * n)
        coke = ("COCA COLA CO", "191216100", 663_200, 10_000)
        contents += [
            filing(f"{9_990_000 + n:010}-25-000001", (apple, nucor, coke), period=date(2025, 6, 30),
                   filed=date(2025, 8, 14), **who),
            filing(f"{9_990_000 + n:010}-25-000002", (apple, more, coke), **who),
        ]  # fmt: skip
    folder = tmp_path_factory.mktemp("forty")
    imported(folder / "cache", put(folder / "in", *contents))
    return folder / "cache"


def test_adding_and_removing_keeps_all_else_in_the_file(run, settings):
    asked = ["--sample", "--config", settings, "watchlist"]
    assert run(*asked, "add", "berkshire", "ark")[0] == 0
    told = settings.read_text(encoding="utf-8")
    for kept in ("# mine", 'contact = "me@example.com"  # for the SEC', "# whom I follow", "# a basket"):
        assert kept in told
    assert run(*asked, "remove", "berkshire", "ark")[0] == 0
    told = settings.read_text(encoding="utf-8")
    for kept in ("# mine", 'contact = "me@example.com"  # for the SEC', "# whom I follow", "# a basket"):
        assert kept in told


def test_comments_inside_the_watchlist_are_kept(run, settings):
    assert run("--sample", "--config", settings, "watchlist", "add", "ark")[0] == 0
    assert "# Burry" in settings.read_text(encoding="utf-8")


def test_what_is_added_is_shown_once_and_in_order(document, settings):
    asked = ["--sample", "--config", settings, "watchlist"]
    document(*asked, "add", "BERKSHIRE", "1697748", "thiel", "Bridgewater Associates")
    told = document(*asked, "show")
    assert [(one["entry"], one["cik"]) for one in told["watchlist"]] == [
        ("scion", "0001649339"), ("thiel", "0001562087"), ("berkshire", "0001067983"), ("0001697748", "0001697748"),
        ("0001350694", "0001350694"),
    ]  # fmt: skip
    assert told["config"] == str(settings)


def test_one_manager_under_two_names_is_on_the_watchlist_once(document, settings):
    """`scion` is 0001649339: following it twice would list its moves twice."""
    asked = ["--sample", "--config", settings, "watchlist"]
    document(*asked, "add", "1649339")
    assert [one["cik"] for one in document(*asked, "show")["watchlist"]].count("0001649339") == 1


def test_a_manager_on_it_twice_is_reported_once(document, settings):
    settings.write_text('watchlist = ["scion", "0001649339", "Scion Asset"]\n')
    told = document("--sample", "--config", settings, "moves", "--period", "2025Q3")
    assert len(told["managers"]) == 1
    assert len(told["moves"]) == 22
    assert len(document("--sample", "--config", settings, "status")["status"]) == 1


@pytest.mark.parametrize("name", ["scion", "SCION", "1649339", "0001649339", "Scion Asset Management, LLC"])
def test_removing_by_any_name_it_goes_by(document, settings, name):
    asked = ["--sample", "--config", settings, "watchlist"]
    assert [one["entry"] for one in document(*asked, "remove", name)["watchlist"]] == ["thiel"]


def test_removing_what_is_not_on_it(run, settings):
    before = settings.read_bytes()
    code, _, err = run("--sample", "--config", settings, "watchlist", "remove", "ark")
    assert code == 3
    assert "scion, thiel" in err
    assert settings.read_bytes() == before


def test_adding_a_name_that_nobody_goes_by_writes_nothing(run, settings):
    before = settings.read_bytes()
    assert run("--sample", "--config", settings, "watchlist", "add", "nobody")[0] == 3
    assert settings.read_bytes() == before


def test_a_watchlist_can_be_written_before_there_is_a_cache_or_a_file(run, tmp_path):
    path = tmp_path / "new" / "thirteenf.toml"
    code, _, err = run("--config", path, "--cache", tmp_path / "none", "watchlist", "add", "scion", "1067983")
    assert code == 0, err
    assert tomllib.loads(path.read_text()) == {"watchlist": ["scion", "0001067983"]}
    assert run("--config", path, "watchlist", "remove", "scion", "1067983")[0] == 0
    assert tomllib.loads(path.read_text()) == {"watchlist": []}


def test_moves_without_names_cover_the_watchlist(document, settings):
    told = document("--sample", "--config", settings, "moves", "--period", "2025Q3")
    assert [one["cik"] for one in told["managers"]] == ["0001649339", "0001562087"]
    assert len(told["moves"]) == 22 + 5


def test_moves_without_names_and_without_a_watchlist(run, forty):
    code, _, err = run("--cache", forty, "moves")
    assert code == 2
    assert "thirteenf watchlist add" in err


def test_who_has_no_report_is_listed_and_the_exit_code_says_so(run, settings):
    import json

    settings.write_text('watchlist = ["thiel", "softbank", "0000102909"]\n')
    code, out, err = run("--sample", "--config", settings, "moves", "--period", "2025Q3", "--json")
    told = json.loads(out)
    assert code == 7
    assert [one["manager"] for one in told["missing"]] == ["softbank", "0000102909"]
    assert "2024Q4, 2025Q4" in told["missing"][0]["message"]
    assert "softbank" in err
    assert {move["cik"] for move in told["moves"]} == {"0001562087"}


def test_forty_managers_in_one_command_sorted_by_what_matters(run, document, forty, tmp_path):
    path = tmp_path / "forty.toml"
    ciks = [f"{9_990_000 + n:010}" for n in range(1, 41)]
    assert run("--cache", forty, "--config", path, "watchlist", "add", *ciks)[0] == 0
    told = document("--cache", forty, "--config", path, "moves", "--period", "2025Q3")
    assert len(told["managers"]) == 40
    assert len(told["moves"]) == 120
    first = told["moves"][:40]
    assert [move["amount_change"] for move in first] == [1000 * n for n in range(40, 0, -1)]
    assert {move["change"] for move in first} == {"added"}
    assert [move["trade_effect"] for move in first] == [135_350 * n for n in range(40, 0, -1)]
    assert told["summary"]["shares"]["added"] == 40
    top = document("--cache", forty, "--config", path, "moves", "--period", "2025Q3", "--top", "3")
    assert [move["manager"] for move in top["moves"]] == [
        "Manager 40 Capital LP", "Manager 39 Capital LP", "Manager 38 Capital LP",
    ]  # fmt: skip
    assert len(document("--cache", forty, "--config", path, "status")["status"]) == 40


# Who has filed


@pytest.fixture
def standings(document, forty):
    """Standing by day, of a manager that filed 2025Q3 on 2025-11-14."""

    def on(day):
        told = document("--cache", forty, "status", "--as-of", day)
        assert len({(s["standing"], s["filed"], s["expected_period"], s["due"]) for s in told["status"]}) == 1
        return told["status"][0]

    return on


def test_before_the_deadline_nobody_is_late(standings):
    told = standings("2025-11-13")
    assert (told["expected_period"], told["due"], told["filed"]) == ("2025-09-30", "2025-11-14", False)
    assert told["standing"] == "due"
    assert told["latest_period"] == "2025-06-30"


def test_on_the_day_it_is_filed(standings):
    told = standings("2025-11-14")
    assert (told["standing"], told["filed"], told["latest_period"]) == ("filed", True, "2025-09-30")
    assert (told["latest_filing_date"], told["latest_state"]) == ("2025-11-14", "holdings")


def test_after_the_deadline_what_is_missing_stands_out(standings):
    assert standings("2026-02-17")["standing"] == "due"
    late = standings("2026-02-18")
    assert late["due"] == "2026-02-17"
    assert late["filed"] is False
    assert late["standing"] == "not-held"


def test_status_covers_the_watchlist_and_names_whom_it_cannot_find(document, settings):
    settings.write_text('watchlist = ["thiel", "0000102909"]\n')
    told = document("--sample", "--config", settings, "status")
    assert [one["cik"] for one in told["status"]] == ["0001562087"]
    assert [one["manager"] for one in told["missing"]] == ["0000102909"]


def test_without_a_watchlist_status_is_of_all_managers(document):
    assert len(document("--sample", "status")["status"]) == 6
