from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirteenf import periods
from thirteenf.errors import UsageError

days = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize("text", ["2025Q3", "2025q3", "2025-Q3", "2025 Q3", " 2025Q3 ", "2025-09-30"])
def test_a_quarter_is_written_by_number_or_by_its_last_day(text):
    assert periods.parse(text) == date(2025, 9, 30)


@pytest.mark.parametrize(
    ("text", "end"), [("2025Q1", (3, 31)), ("2025Q2", (6, 30)), ("2025Q3", (9, 30)), ("2025Q4", (12, 31))]
)
def test_each_quarter_ends_on_its_own_day(text, end):
    assert periods.parse(text) == date(2025, *end)
    assert periods.label(date(2025, *end)) == text


@pytest.mark.parametrize(
    "text", ["", "2025", "2025Q5", "2025Q0", "25Q3", "Q3", "latest", "0000Q1", "2025-13-31", "2025-06-31", "x"]
)
def test_what_is_no_quarter_is_refused_with_a_way_to_write_one(text):
    with pytest.raises(UsageError) as caught:
        periods.parse(text)
    assert f"'{text}'" in caught.value.message
    assert "2025Q3" in caught.value.hint


def test_a_day_inside_a_quarter_is_refused_and_its_quarters_end_named():
    with pytest.raises(UsageError, match=r"2025Q3 ended on 2025-09-30"):
        periods.parse("2025-09-29")


@pytest.mark.parametrize(
    ("period", "due"),
    [
        (date(2025, 12, 31), date(2026, 2, 17)),
        (date(2026, 3, 31), date(2026, 5, 15)),
        (date(2026, 6, 30), date(2026, 8, 14)),
        (date(2026, 9, 30), date(2026, 11, 16)),
        (date(2026, 12, 31), date(2027, 2, 16)),
        (date(2024, 12, 31), date(2025, 2, 14)),
    ],
)
def test_deadlines_are_those_that_the_sec_gave(period, due):
    assert periods.deadline(period) == due


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2025, 9, 30), date(2025, 6, 30)),
        (date(2025, 7, 1), date(2025, 6, 30)),
        (date(2025, 3, 31), date(2024, 12, 31)),
        (date(2025, 1, 1), date(2024, 12, 31)),
    ],
)
def test_the_quarter_before(day, end):
    assert periods.before(day) == end


def test_on_its_last_day_a_quarter_is_not_over():
    assert periods.last_ended(date(2025, 9, 30)) == date(2025, 6, 30)
    assert periods.last_ended(date(2025, 10, 1)) == date(2025, 9, 30)


def test_the_period_to_compare_with_is_the_quarter_before_unless_named():
    third = date(2025, 9, 30)
    assert periods.earlier(None, third) == date(2025, 6, 30)
    assert periods.earlier(date(2024, 12, 31), third) == date(2024, 12, 31)


@pytest.mark.parametrize("text", ["2025Q3", "2025Q4"])
def test_a_period_is_never_compared_with_itself_or_a_later_one(text):
    with pytest.raises(UsageError, match=f"{text} is not earlier than 2025Q3"):
        periods.earlier(periods.parse(text), date(2025, 9, 30))


@pytest.mark.parametrize("text", ["0001Q1", "9999Q4"])
def test_quarters_at_the_ends_of_the_calendar_end_in_no_traceback(text):
    """A quarter that cannot be compared or dated is a question asked wrong, not a bug."""
    try:
        period = periods.parse(text)
        found = periods.earlier(None, period), periods.deadline(period)
    except UsageError:
        return
    assert found[0] < period < found[1]


def test_a_day_is_written_in_iso_form():
    assert periods.day(" 2025-11-14 ") == date(2025, 11, 14)
    with pytest.raises(UsageError, match=r"'14\.11\.2025' is not a day"):
        periods.day("14.11.2025")


@given(days)
def test_every_day_lies_in_one_quarter(day):
    end = periods.containing(day)
    assert periods.is_quarter_end(end)
    assert periods.before(day) < day <= end
    assert periods.parse(periods.label(day)) == end


@given(days.map(periods.containing))
def test_a_report_is_due_on_a_weekday_within_a_few_days_of_the_forty_fifth(period):
    due = periods.deadline(period)
    assert due.weekday() < 5
    assert 45 <= (due - period).days <= 49
