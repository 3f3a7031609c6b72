"""All managers compared at once: what `diff` says of each, on every engine, to the dollar."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from math import floor

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import book
from tests.lineage.builders import LAM, LAM_NEW, NVIDIA, action, lineage
from tests.lineage.test_following import CHILD, NUMBERS, Q1, Q2, Q3, Q4, books, change, lineages
from thirteenf import Tracker, market, moves
from thirteenf.lineage import following, votes
from thirteenf.lineage.steps import steps
from thirteenf.tables import POSITION_KEY

KEY = list(market.KEY)
FIGURES = [name for name in market.MOVES if name not in (*KEY, "change", "amount_change_pct")]
SUMS = ("amount_before", "amount_before_adjusted", "amount", "value_before", "value")


def of(cik, frame):
    """A manager's book as the kernel takes it."""
    rows = pl.col("rows").fill_null(1) if "rows" in frame.columns else pl.lit(1, pl.Int64)
    return frame.select(*POSITION_KEY, "amount", "value", cik=pl.lit(cik), rows=rows).select(market.BOOK)


def compared(before, after, told, against):
    """Moves of one or more managers, with what was done followed, by key."""
    done, given_away = steps(told, against)
    found = market.compared(before.lazy(), after.lazy(), done.lazy(), given_away.lazy()).collect()
    assert tuple(found.columns) == market.MOVES
    by_key = {row[:4]: row for row in found.rows()}
    assert len(by_key) == found.height
    return by_key


def of_each(before, after, told, against):
    """The same one manager after another, as `compare` does it, each row under the newest number it is known by."""
    found = defaultdict(list)
    newest = {row["cusip"]: row for row in steps(told, against)[0].to_dicts()}
    sides = [
        {cik: dressed(rows) for (cik,), rows in side.partition_by("cik", as_dict=True).items()}
        for side in (before, after)
    ]
    for cik in {*sides[0], *sides[1]}:
        then, now = (side.get(cik, dressed(before.clear())) for side in sides)
        now = following.renumbered(then, now, told, against)
        rows = moves.diff(following.follow(then, now, told, against), now)
        for row in rows.with_columns(cik=pl.lit(cik)).select(market.MOVES).rows():
            step = newest.get(row[1], {"became": row[1], "became_principal": row[1]})
            number = step["became" if row[3] == "SH" else "became_principal"]
            found[cik, number, *row[2:4]].append((cik, number, *row[2:]))
    return found


def dressed(rows):
    """A manager's positions with the columns that `diff` wants beside."""
    positions = rows.group_by(POSITION_KEY).agg(pl.col("amount", "value", "rows").sum())
    positions = positions.filter((pl.col("amount") != 0) | (pl.col("value") != 0))
    return positions.with_columns(issuer=pl.lit("X"), title_of_class=pl.lit("COM"), weight=pl.lit(None, pl.Float64))


def agree(found, expected):
    """Every row is the same; what stands in two rows of one manager, under an old and a new number, is their sum."""
    assert found.keys() == expected.keys()
    together = 0
    for key, row in found.items():
        if len(expected[key]) == 1:
            assert row == expected[key][0]
            continue
        together += 1
        for name in (*SUMS, "amount_change", "value_change"):
            place = market.MOVES.index(name)
            assert row[place] == sum(one[place] for one in expected[key])
    return together


# One manager.


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ((100, 1_000), (150, 3_000), "added"),
        ((100, 1_000), (50, 700), "reduced"),
        ((100, 1_000), (100, 3_000), "unchanged"),
        (None, (150, 3_000), "new"),
        ((100, 1_000), None, "exited"),
        ((0, 1_000), (10, 3_000), "added"),
        ((0, 1_000), (0, 500), "unchanged"),
        ((0, 0), (10, 3_000), "new"),
        ((10, 3_000), (0, 0), "exited"),
        ((1, 10**13), (10**16, 1), "added"),  # a trade effect that 64 bits do not hold
        ((2, 1), (3, 2), "added"),  # 0.5833 dollars
        ((1, 1), (2, 0), "added"),  # exactly half a dollar
        ((1, 3), (2, 0), "added"),
        ((2, 0), (1, 3), "reduced"),  # no dollars are no price: the later one alone counts
        ((2, 0), (1, 5), "reduced"),
        ((1, 5), (2, 0), "added"),
    ],
)
def test_a_move_is_told_as_for_one_manager(before, after, word):
    then, now = (of("1", book(*([(NVIDIA, *side)] if side else []))) for side in (before, after))
    found = compared(then, now, lineage(), Q1)
    assert agree(found, of_each(then, now, lineage(), Q1)) == 0
    assert [row[4] for row in found.values()] == [word]


def test_what_is_nothing_on_both_days_is_no_position():
    nothing = of("1", book((NVIDIA, 0, 0)))
    assert compared(nothing, nothing, lineage(), Q1) == {}


def test_rows_of_one_position_are_added_up_and_managers_kept_apart():
    before = pl.concat([of("1", book((NVIDIA, 60, 600))), of("1", book((NVIDIA, 40, 400))), of("2", book())])
    after = pl.concat([of("1", book((NVIDIA, 100, 900))), of("2", book((NVIDIA, 5, 45)))])
    found = compared(before, after, lineage(), Q1)
    assert {key[0]: row[4:8] for key, row in found.items()} == {
        "1": ("unchanged", 100, 100, 100),
        "2": ("new", 0, 0, 5),
    }


def test_a_filing_that_stands_in_two_files_counts_once():
    """As while filings are taken in: its own file has it, and that of a set."""
    listed = [("a", "rows", NVIDIA, "", "SH", 5, 7, 1), ("a", "set", NVIDIA, "", "SH", 5, 7, 1)]
    names = ["accession_number", "part", "cusip", "put_call", "amount_type", "amount", "value", "rows"]
    positions = pl.LazyFrame(listed, names, orient="row")
    in_force = pl.LazyFrame({"accession_number": ["a"], "cik": ["1"], "factor": [1], "part": ["set"]})
    assert market.books(positions, in_force).collect().rows() == [("1", NVIDIA, "", "SH", 5, 7, 1)]


def test_books_are_what_filings_in_force_list_in_dollars():
    schema = {"accession_number": pl.String, "cusip": pl.String, "put_call": pl.String, "amount_type": pl.String,
              "amount": pl.Int64, "value": pl.Int64, "rows": pl.Int64}  # fmt: skip
    listed = [("a", NVIDIA, "", "SH", 5, 7, 1), ("b", NVIDIA, "", "SH", 6, 8, 2), ("c", NVIDIA, "", "SH", 9, 9, 9)]
    positions = pl.LazyFrame(listed, schema, orient="row")
    in_force = pl.LazyFrame({"accession_number": ["a", "b"], "cik": ["1", "2"], "factor": [1, 1000]})
    assert sorted(market.books(positions, in_force).collect().rows()) == [
        ("1", NVIDIA, "", "SH", 5, 7, 1), ("2", NVIDIA, "", "SH", 6, 8_000, 2),
    ]  # fmt: skip


# What was done to securities.


@pytest.mark.parametrize(("before", "after", "word"), [(100, 1_000, "unchanged"), (100, 999, "reduced")])
def test_a_split_is_no_trade(before, after, word):
    then, now = of("1", book((NVIDIA, before, 9_000))), of("1", book((NVIDIA, after, 9_000)))
    (row,) = compared(then, now, lineage(action()), Q1).values()
    assert row[4:9] == (word, before, 1_000, after, after - 1_000)


@pytest.mark.parametrize("files", [LAM, LAM_NEW])
def test_whoever_files_an_old_number_on_stands_under_the_new_one(files):
    then, now = of("1", book((LAM, 5_432, 100))), of("1", book((files, 54_320, 110)))
    (row,) = compared(then, now, lineage(change(ratio=(10, 1))), Q1).values()
    assert row[:2] == ("1", LAM_NEW)
    assert row[4:8] == ("unchanged", 5_432, 54_320, 54_320)


def test_a_row_filed_again_as_it_was_is_no_trade_whatever_was_done():
    then = of("1", book((LAM, 5_432, 100), (LAM_NEW, 10, 5)))
    now = of("1", book((LAM, 5_432, 100), (LAM_NEW, 10, 6)))
    (row,) = compared(then, now, lineage(change(ratio=(10, 1))), Q1).values()
    assert row[4:9] == ("unchanged", 5_442, 5_442, 5_442, 0)


@pytest.mark.parametrize(("rows", "after", "word"), [
    (1, 6, "unchanged"), (1, 7, "unchanged"), (1, 5, "reduced"), (1, 8, "added"), (3, 4, "unchanged"),
    (3, 3, "reduced"),
])  # fmt: skip
def test_a_fraction_paid_out_in_cash_is_no_trade(rows, after, word):
    """A hundred shares at one for fifteen are six and two thirds."""
    then = of("1", book((LAM, 100, 1_000)).with_columns(rows=pl.lit(rows, pl.Int64)))
    told = lineage(change(ratio=(1, 15)))
    (row,) = compared(then, of("1", book((LAM_NEW, after, 900))), told, Q1).values()
    assert row[4] == word


def test_what_was_spun_off_was_not_bought_and_what_was_sold_at_once_has_no_row():
    told = lineage(action("spin_off", CHILD, (1, 4), cusip_before=NVIDIA))
    then = pl.concat([of(cik, book((NVIDIA, 1_000, 100_000))) for cik in "123"])
    now = pl.concat(
        [
            of("1", book((NVIDIA, 1_000, 90_000), (CHILD, 250, 10_000))),
            of("2", book((NVIDIA, 1_000, 90_000))),
            of("3", book((CHILD, 250, 10_000))),
            of("4", book((CHILD, 250, 10_000))),
        ]
    )
    found = compared(then, now, told, Q1)
    assert agree(found, of_each(then, now, told, Q1)) == 0
    of_child = {key[0]: (row[4], row[6], row[8], row[13]) for key, row in found.items() if key[1] == CHILD}
    assert of_child == {"1": ("new", 250, 0, 0), "3": ("new", 250, 0, 0), "4": ("new", 0, 250, 10_000)}


def test_what_was_given_and_sold_in_part_is_valued_at_the_later_price():
    """Fifty of 250 given shares were sold at 40 dollars: 2,000, not half of that."""
    told = lineage(action("spin_off", CHILD, (1, 4), cusip_before=NVIDIA))
    then = of("1", book((NVIDIA, 1_000, 100_000)))
    now = of("1", book((NVIDIA, 1_000, 90_000), (CHILD, 200, 8_000)))
    found = compared(then, now, told, Q1)
    assert agree(found, of_each(then, now, told, Q1)) == 0
    (child,) = [row for key, row in found.items() if key[1] == CHILD]
    assert child[market.MOVES.index("trade_effect")] == -2_000
    assert child[market.MOVES.index("price_effect")] == 10_000


def test_a_principal_amount_under_an_old_number_is_no_exit():
    """Shares went to a new number at two for one; notes stay under theirs, though the book has the new one too."""
    told = lineage(change(ratio=(2, 1)))
    then = of("1", book((LAM, 100, 5_000), (LAM, 70_000, 70_000, "", "PRN")))
    now = of("1", book((LAM_NEW, 200, 5_500), (LAM, 70_000, 69_000, "", "PRN")))
    found = compared(then, now, told, Q1)
    assert agree(found, of_each(then, now, told, Q1)) == 0
    assert {key[1:]: row[4] for key, row in found.items()} == {
        (LAM_NEW, "", "SH"): "unchanged", (LAM, "", "PRN"): "unchanged",
    }  # fmt: skip


def test_what_is_given_and_splits_later_is_followed_on():
    told = lineage(
        action("spin_off", CHILD, (1, 4), cusip_before=NVIDIA, on=date(2024, 5, 1)),
        action("split", CHILD, (2, 1), cusip_before=CHILD, on=date(2024, 6, 3)),
        action(on=date(2024, 4, 10)),
    )
    then, now = of("1", book((NVIDIA, 100, 9_000))), of("1", book((NVIDIA, 1_000, 9_000), (CHILD, 500, 90)))
    found = compared(then, now, told, Q1)
    assert agree(found, of_each(then, now, told, Q1)) == 0
    assert {row[6:9] for row in found.values()} == {(1_000, 1_000, 0), (500, 500, 0)}


def test_steps_are_collapsed_along_their_chains():
    told = lineage(
        action(ratio=(10, 1), period=Q2), change(NVIDIA, LAM, (3, 2), period=Q3), change(LAM, LAM_NEW, period=Q3),
        action(ratio=(7, 1), period=Q1), action(certainty="possible", period=Q3, ratio=(2, 1)),
    )  # fmt: skip
    done, gifts = steps(told, Q1)
    assert sorted(done.rows()) == [
        (LAM, LAM_NEW, LAM_NEW, 1, 1),
        (NVIDIA, LAM_NEW, NVIDIA, 30, 2),  # a principal amount is no number of shares
    ]
    assert gifts.is_empty()


def test_a_number_retired_before_is_followed_one_for_one():
    done, _ = steps(lineage(change(ratio=(10, 1), period=Q2)), Q2)
    assert done.rows() == [(LAM, LAM_NEW, LAM_NEW, 1, 1)]
    done, _ = steps(lineage(action(ratio=(10, 1), period=Q2)), Q2)
    assert done.rows() == []


# Laws.

SINGLE = st.sampled_from([(10, 1), (3, 2), (1, 15), (1, 1)])


@given(books(), books(), SINGLE, st.booleans())
def test_one_action_is_followed_as_for_one_manager(before, after, ratio, is_renamed):
    told = lineage(change(ratio=ratio) if is_renamed else action(ratio=ratio, cusip=LAM))
    then, now = of("1", before), of("1", after)
    agree(compared(then, now, told, Q1), of_each(then, now, told, Q1))


@given(st.lists(st.tuples(books(), books()), min_size=1, max_size=4), lineages(), st.sampled_from([Q4, Q1, Q2, Q3]))
def test_figures_add_up_whatever_was_done(sides, told, against):
    before, after = (pl.concat([of(str(n), pair[i]) for n, pair in enumerate(sides)]) for i in (0, 1))
    found = pl.DataFrame(
        list(compared(before, after, told, against).values()), market.MOVES, orient="row", strict=False
    )
    rows = found.with_columns(pl.col(FIGURES).cast(pl.Int64))
    assert (rows["amount_before_adjusted"] + rows["amount_change"] == rows["amount"]).all()
    assert (rows["trade_effect"] + rows["price_effect"] == rows["value_change"]).all()
    for name, side in (("value", after), ("value_before", before), ("amount", after), ("amount_before", before)):
        assert rows[name].sum() == side[name.removesuffix("_before")].sum()


@given(st.lists(st.tuples(books(), books()), min_size=1, max_size=4), lineages(), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_slices_matter(sides, told, random):
    def shuffled(frame):
        return frame[random.sample(range(frame.height), frame.height)]

    before, after = (pl.concat([of(str(n), pair[i]) for n, pair in enumerate(sides)]) for i in (0, 1))
    done, gifts = steps(told, Q1)
    plain = sorted(compared(before, after, told, Q1).values())
    assert sorted(compared(shuffled(before), shuffled(after), told, Q1).values()) == plain
    cuts = sorted(random.sample(NUMBERS, random.randrange(len(NUMBERS))))
    parts = list(market.in_slices(before.lazy(), after.lazy(), cuts, done, gifts))
    assert len(parts) == len(cuts) + 1 + (not (done.is_empty() and gifts.is_empty()))
    assert sorted(pl.concat(parts).collect().rows()) == plain


@given(st.lists(st.tuples(books(), books()), min_size=1, max_size=4))
def test_moves_and_flows_are_those_of_plain_python(sides):
    before, after = (pl.concat([of(str(n), pair[i]) for n, pair in enumerate(sides)]) for i in (0, 1))
    found = market.moves(before, after)
    plain = by_hand(before, after)
    assert {row[:4]: (row[4], *row[6:8], *row[10:12], *row[13:]) for row in found.rows()} == plain
    flows = {row[:3]: row[3:] for row in market.flows(found).rows()}
    assert flows == flows_by_hand(plain)


def by_hand(before, after):
    """Moves in plain Python: change, both amounts, both values, trade and price effect."""
    sides = []
    for frame in (before, after):
        amounts, values = Counter(), Counter()
        for cik, cusip, put_call, kind, amount, value in frame.select(*KEY, "amount", "value").iter_rows():
            amounts[cik, cusip, put_call, kind] += amount
            values[cik, cusip, put_call, kind] += value
        sides.append({key: (amounts[key], values[key]) for key in amounts if amounts[key] or values[key]})
    then, now = sides
    told = {}
    for key in {*then, *now}:
        (had, was), (has, is_worth) = then.get(key, (0, 0)), now.get(key, (0, 0))
        prices = [was / had] if had and was else []  # no dollars for some shares are no price
        prices += [is_worth / has] if has and is_worth else []
        if key not in then:
            word, traded = "new", is_worth
        elif key not in now:
            word, traded = "exited", -was
        else:
            word = "added" if has > had else "reduced" if has < had else "unchanged"
            traded = round((has - had) * (sum(prices) / len(prices))) if prices else 0
        told[key] = (word, had, has, was, is_worth, traded, is_worth - was - traded)
    return told


def flows_by_hand(told):
    sums = defaultdict(lambda: [0] * 18)
    words = ("new", "added", "unchanged", "reduced", "exited")
    for key, (word, had, has, was, is_worth, traded, priced) in told.items():
        counts = [word != "new", word != "exited", *(word == one for one in words)]
        amounts = [had, has, max(has - had, 0), max(had - has, 0), has - had]
        dollars = [was, is_worth, max(traded, 0), max(-traded, 0), traded, priced]
        for place, figure in enumerate([*counts, *amounts, *dollars]):
            sums[key[1:]][place] += figure
    return {key: tuple(figures) for key, figures in sums.items()}


@given(st.floats(-(2.0**62), 2.0**62) | st.integers(-1_000, 1_000).map(lambda n: n / 2))
def test_halves_are_rounded_to_the_even_dollar(number):
    """As `diff` rounds, and Python."""
    frame = pl.select(x=pl.lit(number)).lazy()
    rounded = market.nw.from_native(frame).select(market._whole(market.nw.col("x"))).to_native().collect().item()
    assert rounded == round(number)
    assert number - floor(number) != 0.5 or rounded % 2 == 0


def test_a_trade_that_cannot_be_is_none_of_the_flows():
    then, now = of("1", book((NVIDIA, 1, 10**13))), of("1", book((NVIDIA, 10**16, 1)))
    (row,) = market.flows(market.moves(then, now)).to_dicts()
    assert (row["bought"], row["sold"], row["trade_effect"], row["price_effect"]) == (0, 0, 0, 1 - 10**13)
    assert row["added"] == row["holders"] == row["holders_before"] == 1


def test_cuts_make_slices_of_about_as_many_rows():
    held = pl.LazyFrame({"cusip": [f"{number // 7:09}" for number in range(20_000)]})
    cuts = market.cuts(held, 5_000)
    sizes = [
        held.filter(pl.col("cusip") >= low, pl.col("cusip") < high).collect().height
        for low, high in zip(["", *cuts], [*cuts, "~"], strict=True)
    ]
    assert sum(sizes) == 20_000
    assert len(sizes) == 4
    assert max(sizes) - min(sizes) < 100
    assert market.cuts(held.head(3)) == []


# Real books.


def test_the_six_managers_move_as_each_is_told_alone(edgar_cache):
    tracker = Tracker(edgar_cache)
    pairs = 0
    for period in sorted(set(tracker.filings()["period"])):
        against = max((day for day in set(tracker.filings()["period"]) if day < period), default=None)
        sides = [
            (cik, tracker.books.side(cik, against), tracker.books.side(cik, period)) for cik in tracker.managers()
        ] if against else []  # fmt: skip
        sides = [one for one in sides if one[1] and one[2] and not (one[1].incomparable or one[2].incomparable)]
        if not sides:
            continue
        before, after = (pl.concat([of(one[0], one[i].holdings) for one in sides]) for i in (1, 2))
        told = tracker.catalog.lineage().filter(pl.col("period") <= period)
        agree(compared(before, after, told, against), of_each(before, after, told, against))
        pairs += len(sides)
    assert pairs > 30


QUARTERS = (date(2025, 12, 31), date(2026, 3, 31))


@pytest.fixture(scope="module")
def two_real_quarters(real):
    """Two real quarters of large managers who filed both, and what holders say was done between them."""
    names = {"sh_prn": "amount_type", "shares": "amount"}
    full = [
        pl.read_parquet(real / "universe" / f"{day}.parquet").rename(names)
        .with_columns(pl.col("put_call").fill_null("").str.strip_chars(), rows=pl.lit(1, pl.Int64))
        for day in QUARTERS
    ]  # fmt: skip
    both = set(full[0]["cik"]) & set(full[1]["cik"])
    books_of = [frame.filter(pl.col("cik").is_in(list(both))) for frame in full]
    stock = [
        frame.filter((pl.col("amount_type") == "SH") & (pl.col("put_call") == ""))
        .group_by("cik", "cusip").agg(pl.col("issuer").first(), pl.col("amount", "value").sum())
        for frame in books_of
    ]  # fmt: skip
    told = votes.cast(*stock).with_columns(against=pl.lit(QUARTERS[0]), period=pl.lit(QUARTERS[1]), date=None)
    told = lineage(*told.select(lineage().columns).to_dicts())
    return (*(frame.select(market.BOOK) for frame in books_of), told)


def test_real_quarters_move_as_each_manager_is_told_alone(two_real_quarters):
    before, after, told = two_real_quarters
    managers = sorted(set(before["cik"]))[::12]
    before, after = (frame.filter(pl.col("cik").is_in(managers)) for frame in (before, after))
    found = compared(before, after, told, QUARTERS[0])
    assert len(found) > 50_000
    assert steps(told, QUARTERS[0])[0].height > 10
    agree(found, of_each(before, after, told, QUARTERS[0]))


def test_real_quarters_move_as_in_plain_python(two_real_quarters):
    before, after, _ = two_real_quarters
    found = market.moves(before.lazy(), after.lazy()).collect()
    plain = by_hand(before, after)
    assert {row[:4]: (row[4], *row[6:8], *row[10:12], *row[13:]) for row in found.rows()} == plain
    assert {row[:3]: row[3:] for row in market.flows(found).rows()} == flows_by_hand(plain)


# Other engines.


@pytest.fixture
def on_disk(two_real_quarters, tmp_path):
    """The two quarters as Parquet."""
    for name, frame in zip(("before", "after"), two_real_quarters, strict=False):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    for name, frame in zip(("steps", "gifts"), steps(two_real_quarters[2], QUARTERS[0]), strict=True):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


_SQL = """
WITH earlier AS (
  SELECT cik, cusip, put_call, amount_type, sum(amount)::BIGINT AS amount, sum(value)::BIGINT AS value
  FROM read_parquet('{0}/before.parquet') GROUP BY ALL HAVING sum(amount) != 0 OR sum(value) != 0
), later AS (
  SELECT cik, cusip, put_call, amount_type, sum(amount)::BIGINT AS amount, sum(value)::BIGINT AS value
  FROM read_parquet('{0}/after.parquet') GROUP BY ALL HAVING sum(amount) != 0 OR sum(value) != 0
)
SELECT cik, cusip, put_call, amount_type,
  CASE WHEN b.amount IS NULL THEN 'new' WHEN a.amount IS NULL THEN 'exited' WHEN a.amount > b.amount THEN 'added'
    WHEN a.amount < b.amount THEN 'reduced' ELSE 'unchanged' END,
  coalesce(b.amount, 0), coalesce(a.amount, 0), coalesce(b.value, 0), coalesce(a.value, 0),
  CASE WHEN b.amount IS NULL THEN a.value WHEN a.amount IS NULL THEN -b.value
    ELSE round_even((a.amount - b.amount) * CASE
      WHEN least(abs(a.amount), abs(a.value), abs(b.amount), abs(b.value)) > 0
        THEN (b.value / b.amount + a.value / a.amount) / 2
      WHEN a.amount != 0 AND a.value != 0 THEN a.value / a.amount
      WHEN b.amount != 0 AND b.value != 0 THEN b.value / b.amount ELSE 0 END, 0) END::BIGINT
FROM earlier AS b FULL JOIN later AS a USING (cik, cusip, put_call, amount_type)
"""


def test_duckdb_says_the_same_in_words_of_its_own(two_real_quarters, on_disk):
    found = market.moves(*(frame.lazy() for frame in two_real_quarters[:2])).collect()
    names = (*KEY, "change", "amount_before", "amount", "value_before", "value", "trade_effect")
    assert sorted(found.select(names).rows()) == sorted(duckdb.sql(_SQL.format(on_disk)).fetchall())


def test_the_kernel_says_the_same_on_duckdb(two_real_quarters, on_disk):
    told = two_real_quarters[2]
    sides = [duckdb.read_parquet(str(on_disk / f"{name}.parquet")) for name in ("before", "after", "steps", "gifts")]
    found = market.compared(*sides)
    assert isinstance(found, duckdb.DuckDBPyRelation)
    plain = list(compared(*two_real_quarters[:2], told, QUARTERS[0]).values())
    assert sorted(found.fetchall(), key=str) == sorted(plain, key=str)
    flows = market.flows(pl.DataFrame(plain, market.MOVES, orient="row", infer_schema_length=None))
    assert sorted(market.flows(found).fetchall()) == sorted(flows.rows())
