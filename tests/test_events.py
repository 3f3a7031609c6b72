"""Events: only ever appended, under ids that are never used again."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import fingerprint
from thirteenf import acceptances
from thirteenf.errors import (
    AbsentError,
    BlockedError,
    EdgarError,
    ImplausibleError,
    MalformedFilingError,
    NotFoundError,
    PartlyDoneError,
    StoreError,
    ThirteenfError,
    severest,
)
from thirteenf.events import Event, Events
from thirteenf.tables import EVENTS

ONE = Event(
    "filed", "Example: 13F-HR for 2025Q3", "0009999991", "Exämple\x85", date(2025, 9, 30), "0009999991-25-000001"
)
OTHER = Event("rebuilt", "made anew\nunder other rules")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "events.ndjson"


def test_before_the_first_there_are_none(file):
    assert Events(file).since().is_empty()
    assert dict(Events(file).since().schema) == dict(EVENTS.schema())
    assert Events(file).append([]) == []
    assert not file.exists()


def test_ids_count_from_one_and_go_on(file):
    assert Events(file).append([ONE, OTHER]) == [1, 2]
    assert Events(file).append([ONE]) == [3]
    told = Events(file).since()
    assert told["id"].to_list() == [1, 2, 3]
    assert told["manager"].to_list() == [ONE.manager, None, ONE.manager]
    assert told["period"].to_list() == [ONE.period, None, ONE.period]
    assert told["message"].to_list() == [ONE.message, OTHER.message, ONE.message]


@pytest.mark.parametrize(("last", "ids"), [(0, [1, 2, 3]), (1, [2, 3]), (3, []), (99, []), (-5, [1, 2, 3])])
def test_each_reader_keeps_its_own_place(file, last, ids):
    Events(file).append([ONE, OTHER, ONE])
    assert Events(file).since(last)["id"].to_list() == ids


@given(cuts=st.lists(st.integers(0, 400), max_size=4))
def test_what_a_killed_run_left_of_a_line_is_no_event_and_in_nobodys_way(tmp_path_factory, cuts):
    """However often a run is killed: whole lines stay as they are, and ids only grow."""
    file = tmp_path_factory.mktemp("events") / "events.ndjson"
    Events(file).append([ONE])
    for cut in cuts:
        before = file.read_bytes()
        Events(file).append([ONE, OTHER])
        whole = file.read_bytes()
        file.write_bytes(whole[: max(len(before), len(whole) - cut)])
        seen = Events(file).since()["id"].to_list()
        assert seen == list(range(1, len(seen) + 1))
        assert Events(file).append([OTHER]) == [len(seen) + 1]
    assert all(json.loads(line) for line in file.read_bytes().splitlines())


def test_a_torn_line_is_not_read_and_not_repaired_by_reading(file):
    Events(file).append([ONE])
    with file.open("ab") as stream:
        stream.write(b'{"id": 2, "at": "2026')
    before = fingerprint(file.parent)
    assert Events(file).since()["id"].to_list() == [1]
    assert fingerprint(file.parent) == before
    assert Events(file).append([OTHER]) == [2]


@pytest.mark.parametrize("line", [b"half\n", b"[]\n", b"{}\n", b'{"id": 1, "period": "never"}\n', b"\xff\n"])
def test_a_damaged_line_is_told(file, line):
    file.parent.mkdir()
    file.write_bytes(line)
    for look in (lambda: Events(file).since(), lambda: Events(file).noted("filed")):
        with pytest.raises(StoreError, match="damaged"):
            look()


@pytest.mark.parametrize("line", [b"half\n", b"[]\n", b"{}\n"])
def test_nothing_is_appended_after_a_damaged_line(file, line):
    file.parent.mkdir()
    file.write_bytes(line)
    with pytest.raises(StoreError, match="damaged"):
        Events(file).append([ONE])
    assert file.read_bytes() == line


def test_what_events_are_about(file):
    Events(file).append([ONE, OTHER, Event("refused", "no", accession_number="0009999991-25-000002")])
    assert Events(file).noted("filed", "amended") == {"0009999991-25-000001"}
    assert Events(file).noted("refused") == {"0009999991-25-000002"}
    assert Events(file).noted("rebuilt") == set()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "state").write_bytes(b"")
    with pytest.raises(StoreError):
        Events(tmp_path / "state" / "events.ndjson").append([ONE])


# What the user has confirmed


def test_what_is_confirmed_is_kept_once(tmp_path):
    assert acceptances.read(tmp_path / "state") == {}
    assert acceptances.add(tmp_path / "state", "0009999991-25-000001") is True
    first = acceptances.read(tmp_path / "state")
    assert acceptances.add(tmp_path / "state", "0009999991-25-000001") is False
    assert acceptances.add(tmp_path / "state", "0009999991-25-000002") is True
    told = acceptances.read(tmp_path / "state")
    assert list(told) == ["0009999991-25-000001", "0009999991-25-000002"]
    assert first.items() <= told.items()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_damaged_confirmations_are_told_and_left(tmp_path, content):
    (tmp_path / "accepted.json").write_bytes(content)
    for act in (lambda: acceptances.read(tmp_path), lambda: acceptances.add(tmp_path, "0009999991-25-000001")):
        with pytest.raises(StoreError, match="damaged"):
            act()
    assert (tmp_path / "accepted.json").read_bytes() == content


# Which error a run ends with


@given(st.permutations([NotFoundError("a"), PartlyDoneError("b"), ImplausibleError("c"), MalformedFilingError("d"),
                        EdgarError("e"), StoreError("f")]))  # fmt: skip
def test_the_most_severe_is_told_whatever_the_order(errors):
    left, told = list(errors), []
    while left:
        worst = severest(left)
        told.append(worst.exit_code)
        left.remove(worst)
    assert told == [8, 4, 5, 6, 7, 3]


def test_no_error_is_none():
    assert severest([]) is None
    assert severest([ThirteenfError("bug"), AbsentError("x")]).exit_code == 4
    assert severest([BlockedError("x", seconds=5)]).seconds == 5
