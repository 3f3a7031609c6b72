"""What happened since the last run, told once."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.trees import filing, imported, put
from thirteenf import acceptances, chronicle, intake, places
from thirteenf.events import Events
from thirteenf.store import Store

FIRST, SECOND, THIRD = (f"0009999991-25-{place:06}" for place in (1, 2, 3))
JUNE, SEPTEMBER = date(2025, 6, 30), date(2025, 9, 30)
LARGE = (("APPLE INC", "037833100", 2546300, 10000), ("BANK AMERICA CORP", "060505104", 51590, 1000))


class Killed(BaseException):
    """A run that ends where it stands."""


class Cache:
    def __init__(self, folder):
        self.folder, self.places, self.taken = folder, places.at(folder / "cache"), 0

    def take(self, *contents):
        self.taken += 1
        imported(self.folder / "cache", put(self.folder / f"in-{self.taken}", *contents))

    def note(self):
        return chronicle.note(self.places, Store(self.places.tables))

    def told(self):
        return chronicle.events(self.places).since().select("kind", "accession_number").rows()

    def messages(self, kind):
        return chronicle.events(self.places).since().filter(pl.col("kind") == kind)["message"].to_list()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path)


def june(**more):
    return filing(FIRST, period=JUNE, filed=date(2025, 8, 14), **more)


def september(**more):
    return filing(SECOND, **more)


def amended(positions=LARGE, **more):
    return filing(THIRD, positions, period=JUNE, filed=date(2025, 12, 1), form="13F-HR/A", amends="RESTATEMENT", **more)


def wrong():
    """September in thousands of what it was."""
    rows = tuple((issuer, cusip, value * 1000, amount * 1000) for issuer, cusip, value, amount in LARGE)
    return september(positions=rows)


def test_what_is_taken_in_is_told_in_the_order_it_was_filed(cache):
    cache.take(september(), june())
    assert cache.told() == [("filed", FIRST), ("filed", SECOND)]
    assert cache.messages("filed") == [
        "Example Advisors LLC: 13F-HR for 2025Q2, 3 rows", "Example Advisors LLC: 13F-HR for 2025Q3, 3 rows",
    ]  # fmt: skip


def test_what_was_told_is_not_told_again(cache):
    cache.take(june())
    assert cache.note() == []
    cache.take(june())
    cache.take(september())
    assert cache.told() == [("filed", FIRST), ("filed", SECOND)]
    assert chronicle.events(cache.places).since()["id"].to_list() == [1, 2]


def test_an_amendment_is_told_with_what_it_changes(cache):
    cache.take(june())
    cache.take(amended())
    assert cache.told() == [("filed", FIRST), ("amended", THIRD), ("revised", None)]
    (told,) = cache.messages("revised")
    assert "the figures for 2025Q2 are revised: of 3 positions 1 went, 1 changed" in told
    assert told.endswith("total $3,725,400 before, $2,597,890 now")


def test_an_amendment_that_changes_no_figure_revises_nothing(cache):
    cache.take(june())
    cache.take(filing(THIRD, period=JUNE, filed=date(2025, 12, 1), form="13F-HR/A", amends="RESTATEMENT"))
    assert cache.told() == [("filed", FIRST), ("amended", THIRD)]


def test_what_comes_in_together_revises_nothing(cache):
    cache.take(june(), amended())
    assert cache.told() == [("filed", FIRST), ("amended", THIRD)]


def test_what_is_implausible_is_told_as_refused_and_revises_nothing(cache):
    cache.take(june())
    cache.take(wrong())
    assert cache.told() == [("filed", FIRST), ("filed", SECOND), ("refused", SECOND)]
    assert "a thousand times" in cache.messages("refused")[0]


def test_what_is_confirmed_is_not_told_as_refused_again(cache):
    cache.take(june(), wrong())
    acceptances.add(cache.places.state, SECOND)
    cache.note()
    assert cache.note() == []
    assert cache.told()[2:] == [("refused", SECOND), ("accepted", SECOND)]


def test_a_restatement_that_is_refused_and_then_confirmed_revises(cache):
    cache.take(june())
    rows = tuple((issuer, cusip, value * 1000, amount * 1000) for issuer, cusip, value, amount in LARGE)
    cache.take(amended(rows))
    assert [kind for kind, _ in cache.told()] == ["filed", "amended", "refused"]
    acceptances.add(cache.places.state, THIRD)
    cache.note()
    assert cache.told()[3:] == [("accepted", THIRD), ("revised", None)]
    assert cache.note() == []


def test_other_rules_are_told_once(cache, monkeypatch):
    cache.take(june())
    monkeypatch.setattr(chronicle, "RULES", "next")
    assert len(cache.note()) == 1
    assert cache.note() == []
    assert cache.told()[-1] == ("rebuilt", None)


def test_a_rebuild_alone_is_no_news(cache):
    cache.take(june(), amended())
    before = cache.told()
    intake.rebuild(cache.places)
    assert cache.note() == []
    assert cache.told() == before


@pytest.mark.parametrize("where", ["before events", "between events", "after events"])
def test_killed_anywhere_each_is_told_once(cache, monkeypatch, where):
    cache.take(june())
    append = Events.append

    def killed(self, events):
        events = list(events)
        if where != "before events":
            append(self, events[:1] if where == "between events" else events)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Events, "append", killed)
        with pytest.raises(Killed):
            cache.take(amended(), september())
    cache.note()
    assert sorted(cache.told(), key=str) == sorted(
        [("filed", FIRST), ("filed", SECOND), ("amended", THIRD), ("revised", None)], key=str
    )
    assert chronicle.events(cache.places).since()["id"].to_list() == [1, 2, 3, 4]
    assert cache.note() == []


@pytest.mark.parametrize("damage", ["removed", "cut", "garbage"])
def test_a_damaged_memory_tells_nothing_twice(cache, damage):
    cache.take(june())
    path = cache.places.state / "told.parquet"
    whole = path.read_bytes()
    path.unlink() if damage == "removed" else path.write_bytes(whole[:40] if damage == "cut" else b"garbage")
    assert cache.note() == []
    cache.take(september())
    assert cache.told() == [("filed", FIRST), ("filed", SECOND)]


def test_figures_that_change_there_and_back_and_there_are_told_each_time(cache):
    """The same words may be news again: each reader has its own place."""
    cache.take(june())
    cache.take(amended())
    again = filing("0009999991-25-000004", period=JUNE, filed=date(2025, 12, 2), form="13F-HR/A", amends="RESTATEMENT")
    cache.take(again)
    last = filing("0009999991-25-000005", LARGE, period=JUNE, filed=date(2025, 12, 3), form="13F-HR/A",
                  amends="RESTATEMENT")  # fmt: skip
    cache.take(last)
    assert len(cache.messages("revised")) == 3
