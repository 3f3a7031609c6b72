"""The shelf: answers that change, kept as they were served with what they said of their age."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import fingerprint
from thirteenf import files
from thirteenf.errors import StoreError
from thirteenf.shelf import Note, Shelf

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
URL = "https://www.sec.gov/files/a.json"
NAME = "reference/a.json"
FIRST, SECOND = b'{"a": 1}', b'{"a": 2}'


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "listings")


@pytest.fixture
def filled(shelf):
    shelf.put(NAME, FIRST, Note(URL, NOW, etag='"1"', last_modified="Sat, 21 Nov 2026 12:00:00 GMT", mark="m"))
    return shelf


def test_a_shelf_that_is_not_there_is_empty(shelf):
    assert (shelf.note(NAME), shelf.read(NAME), list(shelf.names())) == (None, None, [])
    shelf.touch(NAME, NOW)
    assert not shelf.root.exists()


def test_what_was_put_is_read_with_its_note(filled):
    assert filled.read(NAME) == FIRST
    note = filled.note(NAME)
    assert (note.url, note.asked, note.etag, note.mark) == (URL, NOW, '"1"', "m")
    assert gzip.decompress((filled.root / f"{NAME}.gz").read_bytes()) == FIRST
    assert list(Shelf(filled.root).names()) == [NAME]


@given(body=st.binary(max_size=500))
def test_any_body_comes_back(tmp_path_factory, body):
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.put("a", body, Note(URL, NOW))
    assert shelf.read("a") == body


def test_the_bytes_on_the_disk_do_not_depend_on_the_hour(shelf):
    for name in ("a", "b"):
        shelf.put(name, FIRST, Note(URL, NOW))
    assert (shelf.root / "a.gz").read_bytes() == (shelf.root / "b.gz").read_bytes()


class Killed(BaseException):
    pass


def killed(monkeypatch, after):
    """From now on only so many files are written."""
    write, left = files.write, [after]

    def short(path, content):
        if not left[0]:
            raise Killed
        left[0] -= 1
        write(path, content)

    monkeypatch.setattr(files, "write", short)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_killed_while_the_first_is_put(shelf, monkeypatch, after):
    killed(monkeypatch, after)
    if after < 2:
        with pytest.raises(Killed):
            shelf.put(NAME, FIRST, Note(URL, NOW))
    else:
        shelf.put(NAME, FIRST, Note(URL, NOW))
    assert (shelf.read(NAME), shelf.note(NAME) is not None) == ((FIRST, True) if after == 2 else (None, False))


@pytest.mark.parametrize("after", [0, 1, 2])
def test_killed_while_the_next_is_put(filled, monkeypatch, after):
    """Never the new body under the old note's validators: EDGAR would say that it is the newest."""
    killed(monkeypatch, after)
    later = Note(URL, NOW + timedelta(days=1), etag='"2"')
    if after < 2:
        with pytest.raises(Killed):
            filled.put(NAME, SECOND, later)
    else:
        filled.put(NAME, SECOND, later)
    assert filled.read(NAME) == {0: FIRST, 1: None, 2: SECOND}[after]


def test_after_a_kill_the_next_run_mends_it(filled, monkeypatch):
    with monkeypatch.context() as patched:
        killed(patched, 1)
        with pytest.raises(Killed):
            filled.put(NAME, SECOND, Note(URL, NOW))
    filled.put(NAME, SECOND, Note(URL, NOW))
    assert filled.read(NAME) == SECOND


@pytest.mark.parametrize("damage", ["cut", "emptied", "flipped", "garbage", "other", "removed"])
def test_a_damaged_body_is_none(filled, damage):
    path = filled.root / f"{NAME}.gz"
    whole = path.read_bytes()
    content = {
        "cut": whole[:-5], "emptied": b"", "flipped": whole[:12] + bytes([whole[12] ^ 1]) + whole[13:],
        "garbage": b"no gzip", "other": gzip.compress(SECOND), "removed": None,
    }[damage]  # fmt: skip
    path.unlink() if content is None else path.write_bytes(content)
    assert filled.read(NAME) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b'{"url": "x", "asked": "yesterday"}',
                                     b'{"url": "x", "asked": "2026-11-21T12:00:00+00:00", "more": 1}',
                                     b'{"asked": "2026-11-21T12:00:00+00:00"}', b"\xff"])  # fmt: skip
def test_a_damaged_note_is_none(filled, content):
    (filled.root / f"{NAME}.kept.json").write_bytes(content)
    assert filled.note(NAME) is None
    assert filled.read(NAME) is None


def test_a_note_without_a_zone_is_no_crash(filled):
    path = filled.root / f"{NAME}.kept.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"asked": "2026-11-21T12:00:00"}))
    note = filled.note(NAME)
    assert note is None or note.is_fresh(NOW, timedelta(days=1)) in (True, False)


def test_touching_changes_the_time_alone(filled):
    before = filled.note(NAME)
    filled.touch(NAME, NOW + timedelta(hours=5))
    assert filled.note(NAME) == replace(before, asked=NOW + timedelta(hours=5))
    assert filled.read(NAME) == FIRST


def test_what_is_absent_is_noted_and_leaves_what_was_here(filled):
    filled.put_absent("none", URL, NOW)
    assert (filled.note("none").checksum, filled.read("none")) == (None, None)
    filled.put_absent(NAME, URL, NOW + timedelta(hours=1))
    assert filled.read(NAME) == FIRST
    assert filled.note(NAME).asked == NOW + timedelta(hours=1)


@pytest.mark.parametrize(("asked", "now", "same"), [
    ("2026-11-20T23:30-05:00", "2026-11-21T04:35+00:00", True),  # 23:35 in New York
    ("2026-11-20T23:30-05:00", "2026-11-21T23:25-05:00", False),  # a nightly run, a little early
    ("2026-11-20T00:01-05:00", "2026-11-20T23:59-05:00", True),
    ("2026-11-21T00:01-05:00", "2026-11-20T23:59-05:00", False),
])  # fmt: skip
def test_a_day_is_new_yorks(asked, now, same):
    assert Note(URL, datetime.fromisoformat(asked)).was_asked_on(datetime.fromisoformat(now)) is same


def test_times_of_another_zone_are_the_same_times(shelf):
    from zoneinfo import ZoneInfo

    shelf.put(NAME, FIRST, Note(URL, NOW.astimezone(ZoneInfo("America/New_York"))))
    assert shelf.note(NAME).asked == NOW
    assert "+00:00" in (shelf.root / f"{NAME}.kept.json").read_text()


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_lost(filled):
    before = fingerprint(filled.root)
    (filled.root / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        filled.put("file/below", SECOND, Note(URL, NOW))
    (filled.root / "file").unlink()
    assert fingerprint(filled.root) == before
