from __future__ import annotations

import polars as pl
import pytest

from thirteenf import tables


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_every_table_has_a_key_of_its_own_columns_and_no_column_twice(table):
    assert set(table.key) <= set(table.names)
    assert len(table.names) == len(set(table.names))
    assert all(column.meaning for column in table.columns)


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_every_table_can_be_made_as_a_frame(table):
    assert pl.DataFrame(schema=table.schema()).columns == list(table.names)


def test_no_two_tables_have_the_same_name():
    names = [table.name for table in tables.ALL]
    assert len(names) == len(set(names))


def test_a_position_is_a_cusip_a_put_call_and_an_amount_type():
    assert tables.POSITION_KEY == ("cusip", "put_call", "amount_type")


MOVES = (
    "cik manager period against issuer title_of_class cusip cusip_before ticker put_call amount_type change "
    "amount_before amount_before_adjusted amount amount_change amount_change_pct value_before value value_change "
    "weight_before weight weight_change trade_effect price_effect cause oddities ticker_source ticker_asof"
)
HOLDINGS = (
    "cik manager period issuer title_of_class cusip ticker put_call amount_type amount value weight rows "
    "accession_numbers oddities"
)
FILINGS = (
    "accession_number cik manager form_type report_type period filing_date accepted amendment_number amendment_type "
    "table_entry_total table_value_total is_confidential_omitted value_unit value_unit_reason value_unit_certainty "
    "state url oddities"
)


@pytest.mark.parametrize(
    ("table", "promised"),
    [(tables.MOVES, MOVES), (tables.HOLDINGS, HOLDINGS), (tables.FILINGS_REPORT, FILINGS)],
    ids=["moves", "holdings", "filings"],
)
def test_the_columns_that_other_programs_rely_on_are_there_in_order(table, promised):
    assert [name for name in table.names if name in promised.split()] == promised.split()


def test_money_and_amounts_are_whole_numbers_and_weights_are_not():
    schema = tables.MOVES.schema()
    assert {schema[name] for name in ("amount", "value", "trade_effect", "price_effect")} == {pl.Int64()}
    assert schema["weight"] == schema["amount_change_pct"] == pl.Float64()


def test_acceptance_is_in_new_york_time():
    assert tables.FILINGS.schema()["accepted"] == pl.Datetime("us", "America/New_York")


def test_a_schema_of_some_columns_has_those_in_that_order():
    assert list(tables.MOVES.schema(["value", "cusip"])) == ["value", "cusip"]


def test_a_column_that_is_not_there_is_an_error():
    with pytest.raises(StopIteration):
        tables.MOVES.column("price")
