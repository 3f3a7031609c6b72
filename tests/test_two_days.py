"""One quarter as it was known on two days: what an amendment changed, and that nobody traded by it."""

from __future__ import annotations

from datetime import date

import pytest

from tests.test_causes import HIDDEN, by_cusip, said, sure, tracked
from tests.trees import THREE_STOCKS, amendment, imported, manager, notice, put, quarter, stock
from thirteenf import Tracker
from thirteenf.errors import UsageError

ME = "0009999991"
FOUR = "526057104", "526057302", "23331A109", "670346105"
A, B, C = THREE_STOCKS
LATE = stock(9, 10_000)
DAYS = "--as-of", "2025-12-31", "--against-as-of", "2025-09-01"
LATER = {"filed": date(2025, 11, 14)}


def between(tracker, then="2025-09-01", now="2025-12-31", period="2025Q2"):
    return tracker.compare(ME, period, as_of=now, against_as_of=then)


def told_of(tmp_path, *contents, **days):
    told = between(tracked(tmp_path, *contents), **days)
    return told, by_cusip(told.moves)


def test_berkshires_amendment_of_the_first_quarter_of_2025_revealed_four_positions(document, source):
    days = ("--as-of", "2025-12-31", "--against-as-of", "2025-06-01")
    told = document("diff", "berkshire", "--period", "2025Q1", *days, *source)
    assert (told["period"], told["against"], told["against_as_of"]) == ("2025-03-31", "2025-03-31", "2025-06-01")
    rows = {row["cusip"]: row for row in told["moves"]}
    assert {number for number, row in rows.items() if row["hidden_days"]} == set(FOUR) == HIDDEN
    for number in FOUR:
        assert (sure(rows[number]), rows[number]["hidden_days"]) == ({"revealed": "confirmed"}, 91)
        assert (rows[number]["trade_effect"], rows[number]["price_effect"]) == (None, None)
        assert "91 days after the report" in str(rows[number]["cause"])
    amounts = {number: (rows[number]["amount_before"], rows[number]["amount"]) for number in FOUR}
    assert amounts == {
        "526057104": (0, 1_929_972), "526057302": (152_572, 152_774), "23331A109": (0, 1_512_371),
        "670346105": (0, 5_756_510),
    }  # fmt: skip
    rest = [row for number, row in rows.items() if number not in FOUR]
    assert {(row["change"], tuple(sure(row).items())) for row in rest} == {("unchanged", (("held", "confirmed"),))}
    assert told["summary"]["shares"]["trade_effect"] is None
    assert told["summary"]["shares"]["value_before"] == 258_701_144_516
    assert told["summary"]["shares"]["value"] == 259_807_694_872


def test_what_was_revealed_is_told_to_people(run):
    days = ("--as-of", "2025-12-31", "--against-as-of", "2025-06-01")
    code, out, _ = run("diff", "berkshire", "--period", "2025Q1", *days, "--sample", "--text")
    told = " ".join(out.split())
    assert code == 0
    assert "2025Q1 against itself as known on 2025-06-01, as known on 2025-12-31" in told
    assert "REVEALED, disclosed on 2025-08-14, 91 days after the report (0000950123-25-008361):" in told
    assert told.count("rows are withheld (confidential treatment)") == 1
    assert "LEN" in told.split("REVEALED")[1]


ASKED = "diff", "berkshire", "--period", "2025Q1", "--as-of", "2025-12-31", "--against-as-of", "2025-06-01", "--sample"


@pytest.mark.parametrize("form", ["--text", "--markdown"])
def test_people_see_what_changed_and_how_much_did_not(run, form):
    out = run(*ASKED, form)[1]
    assert "LEN" in out
    assert "unchanged  " not in out
    assert "KHC" not in out
    assert "35 unchanged positions left out: --change unchanged has them." in out
    by_issuer = run(*ASKED, form, "--by", "issuer")[1]
    assert "unchanged issuers left out" in by_issuer
    for more in (("--change", "unchanged"), ("--security", "KHC"), ("--change", "unchanged", "--by", "issuer")):
        out = run(*ASKED, form, *more)[1]
        assert "KHC" in out
        assert "left out" not in out


@pytest.mark.parametrize("form", ["--json", "--csv", "--ndjson", None])
def test_programs_get_every_row(run, form):
    _, out, err = run(*ASKED, *([form] if form else []))
    assert "KHC" in out
    assert "left out" not in out + err


def test_a_value_that_is_read_otherwise_is_shown_though_its_amount_is_unchanged(tmp_path, run):
    restated = amendment(2, [(*A[:2], A[2] + 1_000, A[3]), B, C], amends="RESTATEMENT", **LATER)
    imported(tmp_path / "cache", put(tmp_path / "in", quarter(2), restated))
    out = run("--cache", tmp_path / "cache", "diff", ME, "--period", "2025Q2", *DAYS, "--text")[1]
    assert A[0] in out
    assert "filer error" in out
    assert "2 unchanged positions left out" in out


def test_how_long_a_position_was_hidden_is_a_column(run):
    days = "--as-of", "2025-12-31"
    table = run(*ASKED, "--text", "--quiet")[1].splitlines()
    assert table[0].endswith("Hidden days")
    assert {line.split()[-1] for line in table if line.startswith(("DHI", "LEN", "NUE"))} == {"91"}
    told = run("moves", "berkshire", "--period", "2025Q1", *days, "--sample", "--text", "--quiet")[1]
    assert "Hidden days" in told
    told = run("diff", "berkshire", "--period", "2025Q3", "--sample", "--text")[1]
    assert "Hidden days" not in told


def test_by_issuer_the_two_classes_are_one(document):
    days = ("--as-of", "2025-12-31", "--against-as-of", "2025-06-01")
    told = document("diff", "berkshire", "--period", "2025Q1", "--by", "issuer", *days, "--sample")
    rows = {row["issuer_number"]: row for row in told["moves"]}
    assert rows["526057"]["cusips"] == ["526057104", "526057302"]
    assert rows["526057"]["value_change"] == 221_522_186 + 16_663_060 - 16_641_028
    assert {row["trade_effect"] for row in rows.values()} == {None}
    changes = {number: row["change"] for number, row in rows.items()}
    assert (changes["526057"], changes["23331A"], changes["670346"]) == ("added", "new", "new")
    assert {change for number, change in changes.items() if number not in ("526057", "23331A", "670346")} == {
        "unchanged"
    }


def test_with_exit_code_a_revealed_position_has_moved_and_a_day_later_nothing_has(run):
    asked = ("diff", "berkshire", "--period", "2025Q1", "--exit-code", "--sample", "--as-of", "2025-12-31")
    assert run(*asked, "--against-as-of", "2025-06-01")[0] == 10
    assert run(*asked, "--against-as-of", "2025-08-14")[0] == 0


def test_python_asks_the_same(tmp_path):
    tracker = tracked(tmp_path, quarter(2), amendment(2, [LATE], **LATER))
    told = tracker.moves(ME, "2025Q2", as_of=date(2025, 12, 31), against_as_of=date(2025, 9, 1))
    assert by_cusip(told)[LATE[1]]["change"] == "new"


# What amendments do.


def test_new_holdings_are_revealed_and_the_rest_is_held(tmp_path):
    told, rows = told_of(tmp_path, quarter(2), amendment(2, [LATE], **LATER))
    assert (told.reason, told.redemption) == (None, None)
    assert {row["change"]: sure(row) for row in rows.values()} == {
        "new": {"revealed": "likely"}, "unchanged": {"held": "confirmed"},
    }  # fmt: skip
    assert rows[LATE[1]]["hidden_days"] == 92


def test_what_was_revealed_before_both_days_is_held(tmp_path):
    first = amendment(2, [stock(8, 20_000)], filed=date(2025, 8, 20))
    _, rows = told_of(tmp_path, quarter(2), first, amendment(2, [LATE], nth=2, **LATER))
    assert (sure(rows[LATE[1]]), rows[LATE[1]]["hidden_days"]) == ({"revealed": "likely"}, 92)
    early = rows[stock(8, 1)[1]]
    assert (early["change"], sure(early), early["hidden_days"]) == ("unchanged", {"held": "confirmed"}, None)


def test_a_restatement_that_changes_an_amount_was_a_slip_and_no_trade(tmp_path):
    restated = amendment(2, [(*A[:2], A[2] // 2, A[3] // 2), B, C], amends="RESTATEMENT", **LATER)
    _, rows = told_of(tmp_path, quarter(2), restated)
    assert (rows[A[1]]["change"], sure(rows[A[1]]), rows[A[1]]["trade_effect"]) == (
        "reduced", {"filer_error": "confirmed"}, None,
    )  # fmt: skip
    assert "RESTATEMENT of 2025-11-14 says otherwise" in str(rows[A[1]]["cause"])
    assert said(rows[A[1]], "filer_error") == ["amendment", "filed", "filed"]
    assert sure(rows[B[1]]) == {"held": "confirmed"}


def test_what_a_restatement_adds_or_leaves_out_was_a_slip_too(tmp_path):
    _, rows = told_of(tmp_path, quarter(2), amendment(2, [A, B, LATE], amends="RESTATEMENT", **LATER))
    assert {row["change"]: sure(row) for row in rows.values()} == {
        "new": {"filer_error": "confirmed"}, "exited": {"filer_error": "confirmed"}, "unchanged": {"held": "confirmed"},
    }  # fmt: skip


@pytest.mark.parametrize(("more", "confidence"), [({"ended": "Denied"}, "confirmed"), ({}, "likely")])
def test_what_a_restatement_adds_to_a_report_that_withheld_rows_was_revealed(tmp_path, more, confidence):
    restated = amendment(2, [*THREE_STOCKS, LATE], amends="RESTATEMENT", **LATER, **more)
    _, rows = told_of(tmp_path, quarter(2, omitted="true"), restated)
    assert (sure(rows[LATE[1]]), rows[LATE[1]]["hidden_days"]) == ({"revealed": confidence}, 92)
    assert sure(rows[A[1]]) == {"held": "confirmed"}


def test_a_value_that_is_read_otherwise_is_told_as_such(tmp_path):
    restated = amendment(2, [(*A[:2], A[2] + 1_000, A[3]), B, C], amends="RESTATEMENT", **LATER)
    _, rows = told_of(tmp_path, quarter(2), restated)
    assert (rows[A[1]]["change"], sure(rows[A[1]])) == ("unchanged", {"filer_error": "confirmed"})
    assert "its value is read otherwise" in str(rows[A[1]]["cause"])


def test_a_book_halved_by_a_restatement_is_no_redemption(tmp_path):
    book = [stock(place, 10_000 + 1_000 * place) for place in range(12)]
    halved = [(*one[:2], one[2] // 2, one[3] // 2) for one in book]
    told, rows = told_of(tmp_path, quarter(2, book), amendment(2, halved, amends="RESTATEMENT", **LATER))
    assert told.redemption is None
    assert {tuple(sure(row)) for row in rows.values()} == {("filer_error",)}


def test_an_amendment_that_empties_the_book_sold_nothing(tmp_path):
    emptied = amendment(2, [("NONE", "000000000", 0, 0)], amends="RESTATEMENT", **LATER)
    told, rows = told_of(tmp_path, quarter(2), emptied)
    assert told.reason == "emptied"
    assert {row["change"] for row in rows.values()} == {"unknown"}


def test_a_notice_after_the_report_sold_nothing(tmp_path):
    told, rows = told_of(tmp_path, quarter(2), notice(2, nth=1, others=[manager("Parent LLC")], **LATER))
    assert told.reason == "notice"
    assert {row["change"] for row in rows.values()} == {"unknown"}


@pytest.mark.parametrize(
    ("amended", "code"),
    [
        (amendment(2, **LATER), "new-holdings-repeats-base"),
        (amendment(2, [A, LATE], **LATER), "new-holdings-repeats-row"),
        (amendment(2, amends="", **LATER), "amendment-without-type"),
        (amendment(2, [C], amends="", **LATER), "amendment-ignored"),
        (quarter(2, nth=1, **LATER), "second-original"),
        (amendment(2, [("NONE", "000000000", 0, 0)], amends="RESTATEMENT", **LATER), "restated-to-empty"),
    ],
)
def test_an_amendment_that_is_mislabelled_or_repeats_is_warned_of(tmp_path, run, document, amended, code):
    imported(tmp_path / "cache", put(tmp_path / "in", quarter(2), amended))
    asked = ("--cache", tmp_path / "cache", "diff", ME, "--period", "2025Q2", *DAYS)
    odd = [one for one in document(*asked)["oddities"] if one["code"] == code]
    assert [one["accession_number"] for one in odd] == [f"{ME}-25-000201"]
    assert f"Odd, {code}:" in run(*asked, "--text")[1]


def test_an_amendment_that_repeats_the_book_changes_nothing(tmp_path):
    _, rows = told_of(tmp_path, quarter(2), amendment(2, **LATER))
    assert {tuple(sure(row).items()) for row in rows.values()} == {(("held", "confirmed"),)}


def test_on_two_days_with_nothing_filed_in_between_all_is_held(tmp_path):
    _, rows = told_of(tmp_path, quarter(2), amendment(2, [LATE], **LATER), now="2025-11-13")
    assert {tuple(sure(row).items()) for row in rows.values()} == {(("held", "confirmed"),)}


def test_without_as_of_it_is_what_is_known_now(tmp_path):
    tracker = tracked(tmp_path, quarter(2), amendment(2, [LATE], **LATER))
    assert LATE[1] in by_cusip(tracker.moves(ME, "2025Q2", against_as_of="2025-09-01"))


# What cannot be asked.


@pytest.mark.parametrize(
    ("days", "code", "message"),
    [
        (("--as-of", "2025-06-01", "--against-as-of", "2025-12-31"), 2, "2025-12-31 is not earlier than 2025-06-01"),
        (("--as-of", "2025-09-01", "--against-as-of", "2025-09-01"), 2, "2025-09-01 is not earlier than 2025-09-01"),
        (("--against-as-of", "2030-01-01"), 2, "2030-01-01 is not earlier than 2026-11-21"),
        (("--against-as-of", "2025-06-01", "--against", "2024Q4"), 2, "Leave --against out"),
        (("--against-as-of", "2025-05-14"), 3, "had filed nothing for 2025Q1 by 2025-05-14. The first filing for it"),
        (("--against-as-of", "next week"), 2, "next week"),
        (("--against-as-of", "2025-05-01", "--as-of", "2025-05-10"), 3, "known on 2025-05-10"),
    ],
)
def test_days_that_cannot_be_compared_are_named(run, days, code, message):
    ended, out, err = run("diff", "berkshire", "--period", "2025Q1", *days, "--sample")
    assert (ended, out) == (code, "")
    assert message in err


def test_python_raises_the_same(tmp_path):
    tracker = tracked(tmp_path, quarter(2))
    with pytest.raises(UsageError, match="compares a quarter with itself on two days"):
        tracker.moves(ME, "2025Q2", against="2025Q1", against_as_of="2025-09-01")
    assert isinstance(tracker, Tracker)
