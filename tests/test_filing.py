from __future__ import annotations

import ast
import re
from dataclasses import FrozenInstanceError, fields
from datetime import date
from pathlib import Path

import pytest

from thirteenf import tables
from thirteenf.errors import UsageError
from thirteenf.filing import CODES, Filing, Oddity

SOURCE = Path(__file__).parents[1] / "src" / "thirteenf"


def codes_in_source():
    """Every literal first argument of Oddity(…), of a fold's flag(…) and of the differ's _flagged(…)."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"Oddity": 0, "_plain": 0, "flag": 0, "_flagged": 1}.get(name)
            if name == "flag" and path.name != "amendments.py":
                continue  # another class's method of that name
            if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                yield path.name, node.args[place].value


def test_a_filings_fields_are_the_first_columns_of_its_table_in_order():
    names = tuple(field.name for field in fields(Filing))
    assert tables.FILINGS.names[: len(names)] == names


def test_every_code_in_the_source_is_listed():
    found = list(codes_in_source())
    assert len(found) > 20
    assert [(path, code) for path, code in found if code not in CODES] == []


def test_every_listed_code_occurs_in_the_source():
    rest = "\n".join(p.read_text(encoding="utf-8") for p in SOURCE.rglob("*.py") if p.name != "filing.py")
    assert [code for code in CODES if f'"{code}"' not in rest] == []


def test_codes_are_kebab_case_and_say_what_they_mean():
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) and meaning for code, meaning in CODES.items())


def test_an_oddity_with_another_code_is_refused():
    with pytest.raises(UsageError, match="'made-up'"):
        Oddity("made-up", "message")


def test_an_oddity_is_four_things():
    assert Oddity("zero-row", "no position", "0000950123-25-008361", 4).as_dict() == {
        "code": "zero-row", "message": "no position", "accession_number": "0000950123-25-008361", "row": 4,
    }  # fmt: skip


def test_a_filing_does_not_change():
    filing = Filing("a", "1", "X", "13F-NT", "13F NOTICE", date(2025, 9, 30), date(2025, 11, 14))
    assert filing.is_notice
    with pytest.raises(FrozenInstanceError):
        filing.cik = "2"
