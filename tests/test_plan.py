"""What to fetch, decided before anything is asked for: laws that hold for any listing."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from thirteenf.listings import FORMS, Listed
from thirteenf.plan import FIRST_XML, plan

NUMBERS = [f"0009999991-25-{place:06}" for place in range(40)]
DAYS = st.dates(date(2010, 1, 1), date(2026, 11, 21))


@st.composite
def filings(draw):
    """Filings as listings have them; some stand in several."""
    numbers = draw(st.lists(st.sampled_from(NUMBERS), unique=True, max_size=30))
    every = [
        Listed(one, "0009999991", draw(st.sampled_from(FORMS)), draw(DAYS), draw(st.none() | DAYS)) for one in numbers
    ]
    twice = draw(st.lists(st.sampled_from(every), max_size=5)) if every else []
    return draw(st.permutations(every + twice))


HELD = st.sets(st.sampled_from(NUMBERS))
BOUNDS = {"since": st.none() | DAYS, "limit": st.none() | st.integers(0, 12)}


def numbers(some):
    return [one.accession_number for one in some]


@given(listed=filings(), held=HELD, **BOUNDS)
def test_what_is_held_is_never_asked_for(listed, held, since, limit):
    found = plan(listed, held, since=since, limit=limit)
    assert not set(numbers(found.wanted)) & held
    assert set(numbers(found.held)) == held & set(numbers(listed))


@given(listed=filings(), held=HELD, **BOUNDS)
def test_each_filing_is_somewhere_once(listed, held, since, limit):
    found = plan(listed, held, since=since, limit=limit)
    told = numbers(found.wanted) + numbers(found.held)
    assert len(told) == len(set(told))
    assert len(told) + found.too_old + found.beyond_limit == len(set(numbers(listed)))
    assert set(told) <= set(numbers(listed))


@given(listed=filings(), held=HELD, data=st.data(), **BOUNDS)
def test_the_order_of_a_listing_does_not_matter(listed, held, data, since, limit):
    other = data.draw(st.permutations(listed))
    assert plan(listed, held, since=since, limit=limit) == plan(other, held, since=since, limit=limit)


@given(listed=filings(), held=HELD, **BOUNDS)
def test_it_is_bounded(listed, held, since, limit):
    found = plan(listed, held, since=since, limit=limit)
    assert limit is None or len(found.wanted) <= limit
    assert all(one.filing_date >= FIRST_XML for one in found.wanted)
    if since:
        assert all((one.period or one.filing_date) >= since for one in found.wanted)
    assert found.requests == len(found.wanted)
    assert found.seconds(8) * 8 == found.requests


@given(listed=filings(), held=HELD, since=BOUNDS["since"], limit=st.integers(0, 12))
def test_a_limit_takes_the_newest_and_fetches_them_oldest_first(listed, held, since, limit):
    whole, bounded = plan(listed, held, since=since).wanted, plan(listed, held, since=since, limit=limit).wanted
    assert list(bounded) == list(whole)[max(0, len(whole) - limit) :]
    dates = [one.filing_date for one in whole]
    assert dates == sorted(dates)


@given(listed=filings(), held=HELD, **BOUNDS)
def test_when_all_of_a_plan_is_done_nothing_is_left_of_it(listed, held, since, limit):
    first = plan(listed, held, since=since, limit=limit)
    after = plan(listed, held | set(numbers(first.wanted)), since=since, limit=limit)
    assert not set(numbers(first.wanted)) & set(numbers(after.wanted))
    if limit is None:
        assert after.wanted == ()


@given(listed=filings(), held=HELD, since=DAYS, days=st.integers(0, 900))
def test_an_earlier_bound_wants_no_less(listed, held, since, days):
    later = set(numbers(plan(listed, held, since=since).wanted))
    assert later <= set(numbers(plan(listed, held, since=since - timedelta(days=days)).wanted))


def test_nothing_listed_is_nothing_wanted():
    assert plan([], {"0009999991-25-000001"}).wanted == ()


def test_text_filings_of_before_are_left_out():
    old = Listed(NUMBERS[0], "0009999991", "13F-HR", date(2013, 4, 30), date(2013, 3, 31))
    first = Listed(NUMBERS[1], "0009999991", "13F-HR", date(2013, 5, 1), date(2013, 3, 31))
    found = plan([old, first], ())
    assert (found.wanted, found.too_old) == ((first,), 1)


def test_since_bounds_the_period_where_a_listing_has_it():
    late = Listed(NUMBERS[0], "0009999991", "13F-HR/A", date(2025, 11, 14), date(2024, 12, 31))
    unknown = Listed(NUMBERS[1], "0009999991", "13F-HR", date(2025, 11, 14))
    assert plan([late, unknown], (), since=date(2025, 9, 30)).wanted == (unknown,)
