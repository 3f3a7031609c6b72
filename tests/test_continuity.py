"""One book under two numbers: notices followed to the rows they leave to others, and a manager under another CIK."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.test_causes import by_cusip, sure, words
from tests.trees import imported, manager, notice, put, quarter, stock
from thirteenf import Tracker
from thirteenf.continuity import likeness

MINE, PARENT, SISTER, OTHER = (f"000999999{number}" for number in (1, 2, 3, 4))
ME, MY_PARENT = manager("Manager 1 LLC", cik=MINE), manager("Manager 2 LLC", cik=PARENT)
BOOK = [stock(place, 10_007 + 1_234 * place) for place in range(20)]


def tracked(tmp_path, *contents):
    assert set(imported(tmp_path / "cache", put(tmp_path / "in", *contents))["outcome"]) == {"added"}
    return Tracker(tmp_path / "cache", curated=False)


def naming(positions, numbers="1"):
    """Rows that name other managers."""
    return [(*one, None, numbers) for one in positions]


def parents(place, mine=BOOK[:10], rest=BOOK[10:], **more):
    """The parent's report: rows of the manager who filed a notice, and rows of its own."""
    return quarter(place, [*naming(mine), *rest], cik=PARENT, **{"included": [ME]} | more)


# A notice.


def test_a_notice_is_followed_to_the_rows_that_name_its_manager(tmp_path):
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), notice(2, others=[MY_PARENT]), parents(2))
    told = tracker.compare(MINE, "2025Q2")
    assert (told.reason, told.after.book.state, told.after.link.kind) == (None, "attributed", "notice")
    assert (told.after.link.cik, told.after.link.confidence) == (PARENT, "confirmed")
    assert set(told.moves["change"]) == {"unchanged"}
    assert [sure(row) for row in told.moves.iter_rows(named=True)] == [{"moved_manager": "confirmed"}] * 10
    named = {one["accession_number"]: one["rows"] for one in told.after.link.evidence}
    assert named[f"{PARENT}-25-000200"] == [*range(1, 11)]
    assert f"{MINE}-25-000200" in named
    held = tracker.holdings(MINE, "2025Q2")
    assert (held.height, set(held["cik"])) == (10, {MINE})
    assert held["accession_numbers"].to_list() == [[f"{PARENT}-25-000200"]] * 10


def test_a_trade_in_rows_of_the_parent_is_a_trade(tmp_path):
    now = [(*BOOK[0][:2], 1_003_400, 20_000), *BOOK[1:9]]
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), notice(2, others=[MY_PARENT]), parents(2, now))
    told = by_cusip(tracker.moves(MINE, "2025Q2"))
    assert (told[BOOK[0][1]]["change"], set(words(told[BOOK[0][1]]))) == ("added", {"moved_manager", "trade"})
    assert told[BOOK[9][1]]["change"] == "exited"
    assert BOOK[10][1] not in told


def test_two_notices_to_one_parent_are_compared_like_two_reports(tmp_path):
    filings = [notice(place, others=[MY_PARENT]) for place in (1, 2)]
    tracker = tracked(tmp_path, *filings, parents(1), parents(2, [*BOOK[:9], (*BOOK[9][:2], 501_700, 10_000)]))
    told = tracker.compare(MINE, "2025Q2")
    assert [side.book.state for side in (told.before, told.after)] == ["attributed"] * 2
    assert {one["change"]: sure(one) for one in told.moves.iter_rows(named=True)} == {
        "unchanged": {"held": "confirmed"}, "reduced": {"trade": "likely", "moved_manager": "possible"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("named", "included", "confidence"),
    [
        (manager("Somebody LLC", file_number="028-22222"), ME, "confirmed"),
        (MY_PARENT, manager("Somebody LLC", file_number="028-11111"), "confirmed"),
        (manager("MANAGER 2 LLC"), manager("MANAGER 1 LLC"), "likely"),
        (manager("MANAGER 2 LLC"), ME, "confirmed"),
    ],
    ids=["parent by file number", "manager by file number", "both by name", "parent by name"],
)
def test_managers_are_told_by_file_number_and_for_want_of_one_by_name(tmp_path, named, included, confidence):
    mine = notice(2, others=[named], file_number="028-11111")
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), mine, parents(2, included=[included], file_number="028-22222"))
    told = tracker.compare(MINE, "2025Q2")
    assert (told.after.book.state, told.after.link.confidence) == ("attributed", confidence)
    assert {tuple(sure(row).items()) for row in told.moves.iter_rows(named=True)} == {(("moved_manager", confidence),)}


def test_a_notice_that_names_nobody_is_followed_to_who_includes_its_manager(tmp_path):
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), notice(2), parents(2))
    assert tracker.compare(MINE, "2025Q2").after.link.cik == PARENT


def test_of_pershing_squares_parent_14_of_15_rows_are_its_own(tmp_path):
    """T57: 2026-06-30, $19,316,172,772 of $19,465,692,772; the other row names nobody."""
    mine = [stock(place, 13_797_266, 100) for place in range(13)]
    last = 19_316_172_772 - sum(value for _, _, value, _ in mine)
    mine.append((*stock(13, 1)[:2], last, 13_797_266))
    other = (*stock(14, 1)[:2], 149_520_000, 1_495_200)
    tracker = tracked(tmp_path, notice(2, others=[MY_PARENT]), parents(2, mine, [other]))
    held = tracker.holdings(MINE, "2025Q2")
    assert (held.height, held["value"].sum()) == (14, 19_316_172_772)
    assert tracker.holdings(PARENT, "2025Q2")["value"].sum() == 19_465_692_772
    said = str(tracker.book(MINE, date(2025, 6, 30)).link.evidence)
    assert "Manager 2 LLC lists it as number 1; 14 of 15 rows name that" in said


@pytest.mark.parametrize(
    "after",
    [
        [notice(2, others=[MY_PARENT])],
        [notice(2, others=[MY_PARENT, manager("Not here LLC", cik=OTHER)]), parents(2)],
        [notice(2, others=[MY_PARENT]), parents(2, included=[manager("Somebody else", cik=SISTER)])],
        [notice(2, others=[MY_PARENT]), parents(2, included=[])],
        [notice(2, others=[MY_PARENT]), notice(2, cik=PARENT, others=[ME])],
        [notice(2, others=[MY_PARENT]), quarter(2, BOOK, cik=PARENT, included=[ME])],
        [notice(2), quarter(2, BOOK, cik=PARENT)],
    ],
    ids=["parent not here", "one of two not here", "another is listed", "none is listed", "a ring of notices",
         "no row names it", "nobody is named"],
)  # fmt: skip
def test_what_cannot_be_followed_to_its_rows_stays_a_notice_and_sold_nothing(tmp_path, after):
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), *after)
    told = tracker.compare(MINE, "2025Q2")
    assert (told.reason, told.after.book.state, told.after.link) == ("notice", "notice", None)
    assert [(row["change"], words(row)) for row in told.moves.iter_rows(named=True)] == [
        ("unknown", ["moved_manager"])
    ] * 10
    assert tracker.holdings(MINE, "2025Q2").is_empty()


def test_rows_that_stand_in_two_parents_reports_are_both_the_managers(tmp_path):
    both = notice(2, others=[MY_PARENT, manager("Manager 3 LLC", cik=SISTER)])
    sisters = quarter(2, naming(BOOK[5:10]), cik=SISTER, included=[ME])
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), both, parents(2, BOOK[:5]), sisters)
    told = tracker.compare(MINE, "2025Q2")
    assert set(told.moves["change"]) == {"unchanged"}
    assert {one for held in tracker.holdings(MINE, "2025Q2")["accession_numbers"].to_list() for one in held} == {
        f"{PARENT}-25-000200", f"{SISTER}-25-000200",
    }  # fmt: skip


def test_a_number_that_the_parent_gave_another_manager_is_not_taken(tmp_path):
    """The number is the parent's own: in its list the second is this manager, and no other row is."""
    rows = [*naming(BOOK[:5], "1"), *naming(BOOK[5:8], "2"), *naming(BOOK[8:10], "1, 2"), *naming(BOOK[10:12], "12")]
    report = quarter(2, rows, cik=PARENT, included=[manager("Manager 3 LLC", cik=SISTER), ME])
    tracker = tracked(tmp_path, notice(2, others=[MY_PARENT]), report)
    assert set(tracker.holdings(MINE, "2025Q2")["cusip"]) == {one[1] for one in BOOK[5:10]}


# Several notices around one report (T58).


def around(place, rows=None):
    """Two managers' notices and their parent's report, of which some rows are both managers'."""
    rows = rows or [*naming(BOOK[:5], "1"), *naming(BOOK[5:10], "1,2"), *naming(BOOK[10:15], "2"), *BOOK[15:]]
    sister = manager("Manager 3 LLC", cik=SISTER)
    return [
        notice(place, others=[MY_PARENT]), notice(place, others=[MY_PARENT], cik=SISTER),
        quarter(place, rows, cik=PARENT, included=[ME, sister]),
    ]  # fmt: skip


def test_holdings_of_each_are_attributed(tmp_path):
    tracker = tracked(tmp_path, *around(1), *around(2))
    held = {cik: set(tracker.holdings(cik, "2025Q2")["cusip"]) for cik in (MINE, SISTER, PARENT)}
    assert held[MINE] == {one[1] for one in BOOK[:10]}
    assert held[SISTER] == {one[1] for one in BOOK[5:15]}
    assert held[PARENT] == {one[1] for one in BOOK}


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        ((MINE, PARENT, SISTER), range(20)), ((PARENT, MINE), range(20)),
        ((SISTER, MINE), range(5, 15)), ((MINE, SISTER), range(10)),  # rows that are both's are the first one's
    ],
)  # fmt: skip
def test_moves_of_several_together_add_nothing_twice(tmp_path, document, asked, counted):
    less = [(*one[:2], one[2] // 2, one[3] // 2) for one in BOOK]
    rows = [*naming(less[:5], "1"), *naming(less[5:10], "1,2"), *naming(less[10:15], "2"), *less[15:]]
    tracked(tmp_path, *around(1), *around(2, rows))
    told = document("--cache", tmp_path / "cache", "moves", *asked, "--period", "2025Q2")
    each = [(one["cusip"], one["put_call"], one["amount_type"]) for one in told["moves"] if one["value"]]
    assert len(each) == len(set(each))
    assert told["summary"]["shares"]["value"] == sum(less[place][2] for place in counted)
    assert told["summary"]["shares"]["value_before"] == sum(BOOK[place][2] for place in counted)


def test_what_one_of_two_parents_reports_is_told_once_beside_it(tmp_path, document):
    both = [notice(place, others=[MY_PARENT, manager("Manager 3 LLC", cik=SISTER)]) for place in (1, 2)]
    of_parents = [parents(place, BOOK[:5]) for place in (1, 2)]
    of_sisters = [quarter(place, naming(BOOK[5:10]), cik=SISTER, included=[ME]) for place in (1, 2)]
    tracked(tmp_path, *both, *of_parents, *of_sisters)
    for asked in ((MINE, PARENT), (MINE, SISTER)):
        told = document("--cache", tmp_path / "cache", "moves", *asked, "--period", "2025Q2")
        each = [one["cusip"] for one in told["moves"] if one["value"]]
        assert len(each) == len(set(each)) > 0


def test_a_security_lists_who_reports_it_and_nobody_twice(tmp_path, document):
    tracked(tmp_path, quarter(1, BOOK[:10]), *around(2))
    told = document("--cache", tmp_path / "cache", "security", BOOK[7][1])
    assert [(one["cik"], one["period"]) for one in told["holders"]] == [(PARENT, "2025-06-30")]


def test_only_the_reporting_managers_table_counts(tmp_path):
    """T61: Whoever is included in a report holds nothing of its own by that."""
    tracker = tracked(tmp_path, *around(1))
    every = tracker.scan_holdings().collect()
    assert (set(every["cik"]), every["value"].sum()) == ({PARENT}, sum(one[2] for one in BOOK))
    assert set(tracker.catalog.consensus(date(2025, 3, 31))["holders"]) == {1}
    assert set(tracker.managers()) == {MINE, PARENT, SISTER}


# Another CIK.

NEW = SISTER
NUMBER = {"file_number": "028-11111"}


def changed(positions, bought=2):
    """A book a quarter later: a tenth of it sold, and some bought."""
    return [*positions[2:], *(stock(50 + place, 20_000) for place in range(bought))]


def taken_over(tmp_path, *contents):
    told = tracked(tmp_path, *contents).compare(NEW, "2025Q2")
    return told, by_cusip(told.moves)


def test_a_first_report_under_a_new_cik_with_the_old_file_number_is_not_all_new(tmp_path):
    told, rows = taken_over(tmp_path, quarter(1, BOOK, **NUMBER), quarter(2, changed(BOOK), cik=NEW, **NUMBER))
    assert (told.reason, told.before.link.kind, told.before.link.cik) == (None, "predecessor", MINE)
    assert told.before.link.confidence == "confirmed"
    assert dict(told.moves["change"].value_counts().iter_rows()) == {"unchanged": 18, "exited": 2, "new": 2}
    assert sure(rows[BOOK[5][1]]) == {"moved_manager": "confirmed"}
    assert "both file under the 13F file number 028-11111" in str(rows[BOOK[5][1]]["cause"])


def test_the_old_ciks_notice_names_the_new_one(tmp_path):
    left = notice(2, others=[manager("Manager 3 LLC", cik=NEW)])
    told, rows = taken_over(tmp_path, quarter(1, BOOK), left, quarter(2, changed(BOOK), cik=NEW))
    assert (told.before.link.cik, told.before.link.confidence) == (MINE, "confirmed")
    assert "its notice leaves the holdings to this manager" in str(rows[BOOK[5][1]]["cause"])


def test_the_new_ciks_report_lists_the_old_one(tmp_path):
    told, _ = taken_over(tmp_path, quarter(1, BOOK), quarter(2, changed(BOOK), cik=NEW, included=[ME]))
    assert (told.before.link.cik, told.before.link.confidence) == (MINE, "confirmed")


def test_two_books_that_are_nearly_the_same_are_likely_one(tmp_path):
    now = [*BOOK[1:], stock(50, 20_000)]
    told, rows = taken_over(tmp_path, quarter(1, BOOK), quarter(2, now, cik=NEW))
    assert (told.before.link.cik, told.before.link.confidence) == (MINE, "likely")
    assert {row["change"]: sure(row) for row in rows.values()} == {
        "unchanged": {"moved_manager": "likely"},
        "exited": {"moved_manager": "likely", "trade": "possible"},
        "new": {"moved_manager": "likely", "trade": "possible"},
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BOOK, BOOK[4:]),  # alike by 0.8
        (BOOK[:9], BOOK[:9]),  # the same, of nine securities
        (BOOK, [(*one[:2], one[2] // 2, one[3] // 2) for one in BOOK]),
    ],
)
def test_a_manager_that_is_merely_not_here_for_the_quarter_and_looks_somewhat_alike_is_not_taken(
    tmp_path, before, after
):
    told, rows = taken_over(tmp_path, quarter(1, before), quarter(2, after, cik=NEW))
    assert (told.reason, told.before) == ("first-report", None)
    assert {tuple(words(row)) for row in rows.values()} == {("unknown",)}


def test_who_reports_on_has_not_been_taken_over(tmp_path):
    told, _ = taken_over(tmp_path, quarter(1, BOOK), quarter(2, BOOK), quarter(2, BOOK, cik=NEW))
    assert told.reason == "first-report"


def test_who_has_reported_before_takes_nobody_over(tmp_path):
    earlier = quarter(1, BOOK, cik=NEW, period=date(2024, 9, 30), filed=date(2024, 11, 14))
    told, _ = taken_over(tmp_path, earlier, quarter(1, BOOK, **NUMBER), quarter(2, BOOK, cik=NEW, **NUMBER))
    assert told.reason == "quarter-missing"


HALVES = BOOK[:10], BOOK[10:]


@pytest.mark.parametrize("cik", [SISTER, OTHER])
@pytest.mark.parametrize("how", ["notice", "included", "file number"])
def test_a_book_that_was_parted_is_followed_as_no_ones(tmp_path, cik, how):
    """Nothing was sold by it, and what either has is not all that the old one had."""
    heirs = [manager(f"Manager {one[-1]} LLC", cik=one) for one in (SISTER, OTHER)]
    more = {"included": {"included": [ME]}, "file number": NUMBER}.get(how, {})
    left = [notice(2, others=heirs)] if how == "notice" else []
    reports = [quarter(2, half, cik=one, **more) for half, one in zip(HALVES, (SISTER, OTHER), strict=True)]
    told = tracked(tmp_path, quarter(1, BOOK, **NUMBER), *left, *reports).compare(cik, "2025Q2")
    assert {"exited", "reduced"}.isdisjoint(told.moves["change"])
    assert told.reason == "first-report"


def test_an_heir_who_has_nearly_all_of_a_parted_book_is_likely_the_one(tmp_path):
    heirs = [manager(f"Manager {one[-1]} LLC", cik=one) for one in (SISTER, OTHER)]
    reports = [quarter(2, BOOK[1:], cik=SISTER), quarter(2, BOOK[:1], cik=OTHER)]
    told, rows = taken_over(tmp_path, quarter(1, BOOK), notice(2, others=heirs), *reports)
    assert told.before.link.confidence == "likely"
    assert sure(rows[BOOK[0][1]]) == {"moved_manager": "likely", "trade": "possible"}


def test_the_likeliest_of_several_is_taken(tmp_path):
    others = [quarter(1, [*BOOK[1:], stock(60, 9_000)]), quarter(1, BOOK, cik=PARENT)]
    told, _ = taken_over(tmp_path, *others, quarter(2, BOOK, cik=NEW))
    assert told.before.link.cik == PARENT


def test_likeness_is_the_part_of_both_books_that_is_in_both():
    def frame(*amounts):
        rows = [(f"{place}", "", "SH", amount, 10 * amount) for place, amount in enumerate(amounts) if amount]
        return pl.DataFrame(rows, ["cusip", "put_call", "amount_type", "amount", "value"], orient="row")

    assert likeness(frame(10, 10), frame(10, 10)) == (1.0, 2)
    assert likeness(frame(10, 10), frame(10, 0, 10)) == (1 / 3, 1)
    assert likeness(frame(10), frame(0, 10)) == (0.0, 0)
    assert likeness(frame(10, 10), frame(5, 10)) == (0.75, 2)


# As of a day.


def test_a_report_that_was_not_filed_yet_is_followed_by_nobody(tmp_path):
    late = parents(2, filed=date(2025, 8, 20))
    tracker = tracked(tmp_path, quarter(1, BOOK[:10]), notice(2, others=[MY_PARENT]), late)
    assert tracker.compare(MINE, "2025Q2", as_of="2025-08-19").reason == "notice"
    assert tracker.holdings(MINE, "2025Q2", as_of="2025-08-19").is_empty()
    assert tracker.compare(MINE, "2025Q2", as_of="2025-08-20").reason is None


def test_a_notice_that_was_not_filed_yet_ties_nobody(tmp_path):
    left = notice(2, others=[manager("Manager 3 LLC", cik=NEW)], filed=date(2025, 8, 20))
    tracker = tracked(tmp_path, quarter(1, BOOK), left, quarter(2, BOOK[6:], cik=NEW))
    assert tracker.compare(NEW, "2025Q2", as_of="2025-08-19").reason == "first-report"
    assert tracker.compare(NEW, "2025Q2", as_of="2025-08-20").before.link.cik == MINE


# What is told.


def test_reports_say_whose_rows_they_are(tmp_path, run, document):
    tracked(tmp_path, quarter(1, BOOK[:10]), notice(2, others=[MY_PARENT]), parents(2))
    where = ("--cache", tmp_path / "cache")
    told = document(*where, "diff", MINE)
    assert told["continuity"]["before"] is None
    assert (told["continuity"]["after"]["kind"], told["continuity"]["after"]["cik"]) == ("notice", PARENT)
    assert document(*where, "holdings", MINE)["state"] == "attributed"
    for command in ("diff", "holdings"):
        code, out, _ = run(*where, command, MINE, "--text")
        assert code == 0
        assert "Manager 2 LLC" in out


def test_history_runs_on_into_the_parents_rows(tmp_path, document):
    tracked(tmp_path, quarter(1, BOOK[:10]), notice(2, others=[MY_PARENT]), parents(2))
    told = document("--cache", tmp_path / "cache", "history", MINE, BOOK[0][1])
    assert [(row["change"], row["amount"]) for row in told["history"]] == [("unknown", 10_007), ("unchanged", 10_007)]


def test_of_two_who_report_first_and_hold_the_same_one_is_named_and_always_the_same(tmp_path):
    odd = [stock(60 + place, 20_001 + place) for place in range(8)]
    heirs = [quarter(2, odd[:5], cik=cik) for cik in (PARENT, SISTER)]
    first = tracked(tmp_path, quarter(1, odd), quarter(2, odd[5:]), *heirs)
    trackers = [first, *(Tracker(tmp_path / "cache", curated=False) for _ in range(5))]
    told = [
        str(tracker.compare(MINE, "2025Q2").moves.filter(change="exited")["cause"].to_list()) for tracker in trackers
    ]
    assert told[0].count("reports for the first time") == 5
    assert len(set(told)) == 1
