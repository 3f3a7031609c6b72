from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.lineage.builders import GLOBALSTAR, GLOBALSTAR_NEW, LAM, LAM_NEW, NVIDIA, action, followed, lineage, steps
from thirteenf.lineage import evidence
from thirteenf.tables import LINEAGE, LISTED, SECURITIES

HOLDERS = ["holders: 2 managers held it before and after, amounts times 10.0 at the median"]
FAILS = ["fails: NVDA went from $1,208.88 on 2024-06-07 to $120.91 on 2024-06-10"]
MARK = "mark: 512807108 is marked retired"


def by_votes(certainty="likely", *, exact=1, **more):
    rate = more.get("ratio", (10, 1))
    votes = [f"votes: {exact} show {rate[0]} for {rate[1]} exactly, {exact} about"]
    plain = {"holders": 2, "votes": exact, "price_ratio": rate[0] / rate[1], "evidence": HOLDERS + votes}
    return action(certainty=certainty, **(plain | more))


def by_fails(certainty="possible", *, marked=False, **more):
    more.setdefault("on", date(2024, 6, 10))
    return action(certainty=certainty, evidence=FAILS + [MARK] * marked, **more)


def by_table(name="table", **more):
    more.setdefault("on", date(2024, 6, 10))
    return action(evidence=[f"{name}: NVIDIA, announcement of 2024-05-22"], **more)


def weighed(*rows, listed=None):
    """All evidence together, a part for each row."""
    return evidence.weighed([lineage(row) for row in rows], listed)


def one(told):
    (found,) = told.to_dicts()
    return found


def change(made, ratio=(1, 1), old=LAM, new=LAM_NEW, **more):
    return made(kind="cusip_change", cusip_before=old, cusip=new, ratio=ratio, **more)


def marked(*rows):
    """tables.LISTED, from (quarter, cusip, issuer, status)."""
    full = [(quarter, number, issuer, "COM", False, status) for quarter, number, issuer, status in rows]
    return pl.DataFrame(full, schema=LISTED.schema(), orient="row")


def test_no_evidence_says_nothing():
    for parts in ([], [lineage()]):
        told = evidence.weighed(parts)
        assert told.is_empty()
        assert told.schema == LINEAGE.schema()


@pytest.mark.parametrize("certainty", ["confirmed", "likely", "possible"])
def test_evidence_of_one_kind_stays_as_sure_as_it_is(certainty):
    assert steps(weighed(by_votes(certainty))) == [(NVIDIA, NVIDIA, 1, 10, certainty)]


def test_holders_and_prices_that_agree_confirm_a_split():
    found = one(weighed(by_votes("likely"), by_fails("possible")))
    assert found["certainty"] == "confirmed"
    assert (found["shares_before"], found["shares"]) == (1, 10)
    assert found["date"] == date(2024, 6, 10)
    assert found["votes"] == 1
    assert evidence.kinds(found) == {"holders", "votes", "fails"}


def test_holders_and_symbols_that_agree_confirm_another_cusip():
    assert steps(weighed(change(by_votes), change(by_fails, certainty="likely"))) == [(LAM, LAM_NEW, 1, 1, "confirmed")]


def test_two_kinds_that_disagree_confirm_nothing():
    found = one(weighed(by_votes("likely", ratio=(10, 1)), by_fails("possible", ratio=(1, 4))))
    assert (found["shares"], found["certainty"]) == (10, "likely")
    assert any(line.startswith("against:") for line in found["evidence"])


def test_the_table_beats_votes_and_says_what_they_said():
    found = one(weighed(by_votes("confirmed", exact=3, ratio=(9, 1)), by_table(ratio=(10, 1))))
    assert (found["shares_before"], found["shares"], found["certainty"]) == (1, 10, "confirmed")
    assert found["evidence"][0].startswith("table:")
    (line,) = [line for line in found["evidence"] if line.startswith("against:")]
    assert "9 for 1" in line


def test_an_own_table_beats_the_programs():
    found = one(weighed(by_table(ratio=(10, 1)), by_table("own", ratio=(12, 1)), by_votes("confirmed")))
    assert (found["shares"], found["certainty"]) == (12, "confirmed")
    assert found["evidence"][0].startswith("own:")
    assert sum(line.startswith("against:") for line in found["evidence"]) == 2


def test_a_table_and_votes_that_agree_are_one_row_with_the_evidence_of_both():
    found = one(weighed(by_votes("confirmed", exact=3), by_table()))
    assert evidence.kinds(found) == {"table", "holders", "votes"}
    assert (found["date"], found["holders"], found["votes"]) == (date(2024, 6, 10), 2, 3)


def test_actions_of_other_quarters_and_securities_stay_apart():
    rows = [
        by_votes("likely", period=date(2024, 6, 30)),
        by_votes("likely", period=date(2024, 9, 30)),
        by_votes("likely", cusip=GLOBALSTAR),
    ]
    told = weighed(*rows)
    assert told.height == 3
    assert set(told["certainty"]) == {"likely"}


# One CUSIP, several ways.


def test_one_step_is_followed_for_each_cusip_and_quarter():
    told = weighed(
        change(by_votes, certainty="likely", new=GLOBALSTAR_NEW),
        change(by_votes, certainty="confirmed", exact=3, new=LAM_NEW),
    )
    assert steps(followed(told)) == [(LAM, LAM_NEW, 1, 1, "confirmed")]


def test_a_table_decides_what_became_of_a_cusip():
    told = weighed(
        change(by_votes, certainty="confirmed", exact=9, new=GLOBALSTAR_NEW), change(by_table, ratio=(10, 1))
    )
    assert steps(followed(told)) == [(LAM, LAM_NEW, 1, 10, "confirmed")]


def test_several_may_become_one():
    told = weighed(
        change(by_table, old="531229813", new="829933100", ratio=(67, 80)),
        change(by_table, old="531229789", new="829933100", ratio=(67, 80)),
        change(by_table, old="82968B103", new="829933100", ratio=(1, 10)),
    )
    assert followed(told).height == 3


def test_a_spin_off_stands_beside_what_became_of_its_parent():
    told = weighed(by_table(ratio=(10, 1)), by_table(kind="spin_off", cusip_before=NVIDIA, cusip=LAM, ratio=(1, 4)))
    assert {row[:2] for row in steps(followed(told))} == {(NVIDIA, NVIDIA), (NVIDIA, LAM)}


# The SEC's list.

IN_QUARTER = marked(
    (date(2024, 6, 30), LAM, "LAM RESEARCH CORP", "deleted"), (date(2024, 6, 30), LAM_NEW, "LAM RESEARCH", "added")
)


def test_marks_of_the_list_confirm_what_holders_leave_likely():
    found = one(weighed(change(by_votes), listed=IN_QUARTER))
    assert found["certainty"] == "confirmed"
    assert any(line.startswith("list:") for line in found["evidence"])


@pytest.mark.parametrize(
    "listed",
    [
        marked(),
        marked((date(2024, 6, 30), LAM, "LAM RESEARCH CORP", "deleted")),
        marked((date(2024, 6, 30), LAM, "LAM RESEARCH CORP", ""), (date(2024, 6, 30), LAM_NEW, "LAM RESEARCH", "")),
        marked(
            (date(2024, 6, 30), LAM, "LAM RESEARCH CORP", "added"),
            (date(2024, 6, 30), LAM_NEW, "LAM RESEARCH", "deleted"),
        ),
        marked(
            (date(2024, 3, 31), LAM, "LAM RESEARCH CORP", "deleted"),
            (date(2024, 3, 31), LAM_NEW, "LAM RESEARCH", "added"),
        ),
    ],
)
def test_other_marks_say_nothing(listed):
    told = weighed(change(by_votes), listed=listed)
    assert steps(told) == [(LAM, LAM_NEW, 1, 1, "likely")]


def test_marks_alone_are_no_action():
    assert weighed(listed=IN_QUARTER).is_empty()


# Prices alone.


@pytest.mark.parametrize("ratio", [(2, 1), (1, 2), (9, 4)])
def test_a_small_jump_in_price_alone_is_news(ratio):
    assert weighed(by_fails(ratio=ratio)).is_empty()


@pytest.mark.parametrize("ratio", [(10, 1), (1, 10), (3, 1)])
def test_a_large_jump_in_price_alone_is_possible(ratio):
    assert steps(weighed(by_fails(ratio=ratio))) == [(NVIDIA, NVIDIA, ratio[1], ratio[0], "possible")]


# Laws.


@st.composite
def parts(draw):
    """Up to four kinds of evidence about a few CUSIPs, a frame each as its maker would give it."""
    made = {
        "votes": lambda key: by_votes(
            draw(st.sampled_from(["confirmed", "likely", "possible"])), exact=draw(st.integers(0, 9)), **key
        ),
        "fails": lambda key: by_fails(
            draw(st.sampled_from(["confirmed", "likely", "possible"] if key["cusip"] != key["cusip_before"]
                                 else ["possible"])),
            marked=draw(st.booleans()), **key,
        ),
        "table": lambda key: by_table(**key),
        "own": lambda key: by_table("own", **key),
    }  # fmt: skip
    keys = st.tuples(
        st.sampled_from([date(2024, 6, 30), date(2024, 9, 30)]),
        st.sampled_from([NVIDIA, LAM, GLOBALSTAR]),
        st.sampled_from([NVIDIA, LAM, GLOBALSTAR]),
    )
    frames = []
    for name in draw(st.lists(st.sampled_from(sorted(made)), unique=True)):
        rows = []
        for period, before, after in draw(st.lists(keys, unique=True, max_size=4)):
            ratio = draw(st.sampled_from([(10, 1), (9, 1), (2, 1), (1, 15)] + [(1, 1)] * (before != after)))
            kind = "cusip_change" if before != after else "split" if ratio[0] > 1 else "reverse_split"
            key = {"kind": kind, "cusip_before": before, "cusip": after, "ratio": ratio}
            rows.append(made[name]({**key, "on": None, "period": period}))
        frames.append(lineage(*rows))
    return frames


@given(parts())
def test_what_was_weighed_weighs_the_same_again(frames):
    once = evidence.weighed(frames)
    assert_frame_equal(evidence.weighed([once]), once)


@given(parts(), st.randoms(use_true_random=False))
def test_the_order_of_parts_does_not_matter(frames, random):
    assert_frame_equal(evidence.weighed(random.sample(frames, len(frames))), evidence.weighed(frames))


@given(parts())
def test_there_is_one_row_a_step_and_one_way_for_each_cusip(frames):
    told = evidence.weighed(frames)
    assert told.schema == LINEAGE.schema()
    assert not told.select(LINEAGE.key).is_duplicated().any()
    elsewhere = followed(told).filter(pl.col("cusip") != pl.col("cusip_before"))  # some file the old number on
    assert not elsewhere.select("period", "cusip_before").is_duplicated().any()
    tables = [row for frame in frames for row in frame.to_dicts() if evidence.kinds(row) == {"own"}]
    ratios = {tuple(row[name] for name in LINEAGE.key): row["shares"] / row["shares_before"] for row in tables}
    for row in told.to_dicts():
        key = tuple(row[name] for name in LINEAGE.key)
        assert row["shares"] / row["shares_before"] == ratios.get(key, row["shares"] / row["shares_before"])


JUMP = action(
    "split", NVIDIA, (5, 1), certainty="possible", on=date(2024, 5, 6), evidence=["fails: it went from $100 to $20.10"]
)
AMOUNTS = {"holders": 1, "price_ratio": 4.9, "evidence": ["holders: 1 manager", "votes: 0 show it exactly"]}


def test_a_price_that_jumps_and_amounts_that_changed_confirm_nothing():
    """Both are prices: what a holder's values imply, and what the files say."""
    guess = action("split", NVIDIA, (5, 2), certainty="possible", votes=0, **AMOUNTS)
    told = evidence.weighed([lineage(JUMP), lineage(guess)])
    assert told["certainty"].to_list() == ["possible"]


@pytest.mark.parametrize(
    ("holders", "votes", "certainty"), [(1, 1, "confirmed"), (3, 2, "confirmed"), (5, 1, "possible")]
)
def test_a_price_that_jumps_and_most_holders_confirm_each_other(holders, votes, certainty):
    voted = action("split", NVIDIA, (5, 1), certainty="possible", votes=votes, **AMOUNTS | {"holders": holders})
    told = evidence.weighed([lineage(JUMP), lineage(voted)])
    assert told["certainty"].to_list() == [certainty]


def test_two_splits_of_one_quarter_are_two():
    own = [
        action("split", NVIDIA, ratio, on=day, evidence=["own: me"])
        for ratio, day in (((2, 1), date(2024, 4, 8)), ((3, 1), date(2024, 6, 10)))
    ]
    told = evidence.weighed([lineage(*own)])
    assert told.select("shares", "certainty").rows() == [(2, "confirmed"), (3, "confirmed")]


def test_two_classes_with_symbols_on_the_same_days_are_no_successors():
    """As many shares of GOOG went as of GOOGL came: they are two securities, and their symbols say so."""
    switched = action(
        "cusip_change", "02079K305", (1, 1), cusip_before="02079K107", certainty="likely", evidence=["holders: 1"]
    )
    days = {"first": date(2024, 1, 2), "last": date(2024, 9, 30)}
    known = [{"cusip": "02079K305", "ticker": "GOOGL"} | days, {"cusip": "02079K107", "ticker": "GOOG"} | days]
    told = evidence.unless_two(lineage(switched), pl.DataFrame(known, schema=SECURITIES.schema()))
    assert told["certainty"].to_list() == ["possible"]
    assert "GOOG and GOOGL" in told["evidence"][0][-1]
    other = [known[0], known[1] | {"last": date(2024, 1, 31), "first": date(2023, 1, 2)}]
    other[0] = other[0] | {"first": date(2024, 2, 1)}
    assert (
        evidence.unless_two(lineage(switched), pl.DataFrame(other, schema=SECURITIES.schema()))["certainty"][0]
        == "likely"
    )
