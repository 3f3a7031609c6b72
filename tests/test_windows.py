"""Which of the SEC's data sets hold what, by their names; the names are the real ones."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirteenf import periods, windows
from thirteenf.errors import NotFoundError

OLD = "/files/structureddata/data/form-13f-data-sets"
NEW = "/files/datastandardsinnovation/data/form-13f-data-sets"
QUARTERLY = [f"{year}q{quarter}_form13f.zip" for year in range(2013, 2024) for quarter in (1, 2, 3, 4)][1:]
BY_DAYS = [
    "01jan2024-29feb2024_form13f.zip", "01mar2024-31may2024_form13f.zip", "01jun2024-31aug2024_form13f.zip",
    "01sep2024-30nov2024_form13f.zip", "01dec2024-28feb2025_form13f.zip", "01mar2025-31may2025_form13f.zip",
    "01jun2025-31aug2025_form13f.zip", "01sep2025-30nov2025_form13f.zip", "01dec2025-28feb2026_form13f.zip",
    "01mar2026-31may2026_form13f.zip",
]  # fmt: skip
LINKS = [
    *(f"{NEW}/{name}" for name in ["01jun2026-31aug2026_form13f.zip"]),
    *(f"{OLD}/{name}" for name in [*BY_DAYS[::-1], *QUARTERLY[::-1]]),
    "/files/form_13f_readme.pdf", "#main-content", f"{OLD}/form13f-metadata.json", "mailto:opendata@sec.gov",
]  # fmt: skip
"""What the page links to in autumn 2026: 54 sets, newest first."""


def names(sets):
    return [one.name for one in sets]


def test_all_54_sets_of_the_page_oldest_first():
    sets = windows.listed(LINKS)
    assert names(sets) == [*QUARTERLY, *BY_DAYS, "01jun2026-31aug2026_form13f.zip"]
    assert len(sets) == 54
    assert sets[-1].link == f"{NEW}/01jun2026-31aug2026_form13f.zip"
    assert sets[0].link == f"{OLD}/2013q2_form13f.zip"


def test_their_windows_follow_each_other_without_a_gap():
    sets = windows.listed(LINKS)
    for earlier, later in pairwise(sets):
        assert later.first - earlier.last == timedelta(days=1), later
    assert (sets[0].first, sets[-1].last) == (date(2013, 4, 1), date(2026, 8, 31))


@pytest.mark.parametrize(("name", "first", "last"), [
    ("2013q2_form13f.zip", "2013-04-01", "2013-06-30"),
    ("2023q4_form13f.zip", "2023-10-01", "2023-12-31"),
    ("2023q4_form13f_0.zip", "2023-10-01", "2023-12-31"),
    ("2023Q4_form13f.ZIP", "2023-10-01", "2023-12-31"),
    ("01jan2024-29feb2024_form13f.zip", "2024-01-01", "2024-02-29"),
    ("01DEC2024-28FEB2025_form13f.zip", "2024-12-01", "2025-02-28"),
    ("01sep2025-30nov2025_form13f (1).zip", "2025-09-01", "2025-11-30"),
])  # fmt: skip
def test_a_window_by_its_name(name, first, last):
    assert windows.window(name) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("name", [
    "2023q5_form13f.zip", "cnsfails202212a.zip", "01foo2024-29feb2024_form13f.zip", "31feb2024-29feb2024_form13f.zip",
    "29feb2024-01jan2024_form13f.zip", "form13f.zip", "2013q2_form13f.txt", "", "2013q2.zip",
])  # fmt: skip
def test_what_is_no_data_set(name):
    assert windows.window(name) is None


@pytest.mark.parametrize(("period", "name"), [
    ("2013Q1", "2013q2_form13f.zip"),
    ("2022Q4", "2023q1_form13f.zip"),
    ("2023Q3", "2023q4_form13f.zip"),
    ("2023Q4", "01jan2024-29feb2024_form13f.zip"),
    ("2024Q1", "01mar2024-31may2024_form13f.zip"),
    ("2024Q4", "01dec2024-28feb2025_form13f.zip"),
    ("2025Q3", "01sep2025-30nov2025_form13f.zip"),
    ("2026Q2", "01jun2026-31aug2026_form13f.zip"),
])  # fmt: skip
def test_the_set_that_a_quarter_is_in(period, name):
    assert names(windows.wanted(windows.listed(LINKS), periods.parse(period))) == [name]


@pytest.mark.parametrize("period", ["2012Q4", "2026Q3", "2030Q1"])
def test_a_quarter_that_is_in_none(period):
    with pytest.raises(NotFoundError, match=period) as told:
        windows.wanted(windows.listed(LINKS), periods.parse(period))
    assert "2013Q1 to 2026Q2" in told.value.hint


def test_no_sets_at_all():
    with pytest.raises(NotFoundError, match="2025Q3"):
        windows.wanted([], periods.parse("2025Q3"))
    assert windows.listed(["/files/13flist2026q2.txt"]) == []
    assert windows.covered_periods([]) == []


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_set_that_was_uploaded_again_the_newest(order):
    links = [f"{OLD}/2023q4_form13f.zip", f"{OLD}/2023q4_form13f_0.zip", f"{NEW}/2023q4_form13f_1.zip"]
    (only,) = windows.listed(links[::order])
    assert only.link == f"{NEW}/2023q4_form13f_1.zip"
    assert only.name == "2023q4_form13f_1.zip"


@pytest.mark.parametrize(("link", "name"), [
    ("https://www.sec.gov/files/elsewhere/01JUN2026-31AUG2026_form13f.zip?v=2", "01jun2026-31aug2026_form13f.zip"),
    ("/files/2013q2_form13f%20%281%29.zip", "2013q2_form13f.zip"),
])  # fmt: skip
def test_links_of_other_shapes(link, name):
    assert names(windows.listed([link])) == [name]
    assert windows.listed([link])[0].link == link


@given(st.text(max_size=40))
def test_a_name_is_safe_on_any_disk(text):
    name = windows.safe(text)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert not name.startswith(".")
    assert windows.safe(name) == name


DAYS = [date(2013, 1, 1) + timedelta(days=n) for n in range(365 * 15)]


@given(st.sampled_from([periods.quarter_end(year, q) for year in range(2013, 2026) for q in (1, 2, 3, 4)]))
def test_every_day_to_the_deadline_is_in_the_sets_that_a_quarter_wants(period):
    """Day by day instead of by intervals."""
    sets = windows.listed(LINKS)
    due = [day for day in DAYS if period < day <= periods.deadline(period)]
    found = windows.wanted(sets, period)
    assert {day for one in found for day in due if one.first <= day <= one.last} == set(due)
    others = [one for one in sets if one not in found]
    assert not [day for one in others for day in due if one.first <= day <= one.last]


@given(st.sets(st.sampled_from([*QUARTERLY, *BY_DAYS]), max_size=8), st.integers(0, 51))
def test_periods_that_some_windows_cover(held, place):
    period = [periods.quarter_end(year, q) for year in range(2013, 2026) for q in (1, 2, 3, 4)][place]
    spans = [windows.window(name) for name in held]
    due = [day for day in DAYS if period < day <= periods.deadline(period)]
    by_day = all(any(first <= day <= last for first, last in spans) for day in due)
    assert windows.cover(spans, period) == by_day == (period in windows.covered_periods(spans))
