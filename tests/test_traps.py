"""The list of traps is whole, and names what there is; `tools/traps.py` sees its tests fail without their rules."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEAST = 86


def loaded():
    spec = importlib.util.spec_from_file_location("traps", ROOT / "tools" / "traps.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = loaded()
TRAPS = TOOL.read(ROOT)
COVERED = [trap for trap in TRAPS if "tests" in trap]


@cache
def functions_of(name):
    tree = ast.parse((ROOT / name).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_all_are_there_in_order_each_once():
    assert [trap["id"] for trap in TRAPS] == [f"T{number:02}" for number in range(1, 88)]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap["id"])
def test_each_is_covered_or_says_why_not(trap):
    shapes = ({"done", "tests", "without"}, {"out_of_scope"})
    assert set(trap) - {"id", "title"} in shapes
    assert all(trap.values())


@pytest.mark.parametrize("trap", COVERED, ids=lambda trap: trap["id"])
def test_the_tests_named_are_there(trap):
    for test in trap["tests"]:
        name, _, function = test.partition("::")
        assert function in functions_of(name), test


@pytest.mark.parametrize("trap", COVERED, ids=lambda trap: trap["id"])
def test_what_is_taken_out_is_there_once_and_no_more(trap):
    for edit in trap["without"]:
        assert edit["file"].startswith("src/")
        assert edit["find"] != edit["put"]
        assert (ROOT / edit["file"]).read_text("utf-8").count(edit["find"]) == 1, edit


def test_most_are_covered():
    assert len(COVERED) >= LEAST


def test_the_page_is_what_the_list_says():
    page = (ROOT / "docs" / "traps.md").read_text("utf-8")
    assert TOOL.counts(TRAPS) in page
    assert TOOL.table(TRAPS) in page
