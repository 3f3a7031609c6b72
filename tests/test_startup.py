"""What starts quickly loads little."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("polars", "rich", "filelock", "tomlkit", "platformdirs", "lxml", "requests")


def loaded(code, *arguments):
    """Heavy libraries that a piece of code has loaded when it ends."""
    tail = f"\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    line = [sys.executable, "-c", code + tail, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


def test_importing_the_package_loads_nothing():
    assert loaded("import thirteenf; thirteenf.__version__") == "[]"


def test_its_names_are_all_there_and_load_what_they_need():
    assert "polars" in loaded("import thirteenf; [getattr(thirteenf, name) for name in thirteenf.__all__]")


@pytest.mark.parametrize("asked", [["--help"], ["--version"], ["diff", "--help"], ["moves", "-h"], ["import", "-h"],
                                   ["schema", "diff"], ["frobnicate"]])  # fmt: skip
def test_help_and_usage_errors_load_nothing(asked):
    assert loaded("from thirteenf import cli; cli.run(__import__('sys').argv[1:])", *asked) == "[]"


def test_json_needs_no_table_drawer():
    told = loaded("from thirteenf import cli; cli.run(__import__('sys').argv[1:])", "--sample", "managers", "--json")
    assert "rich" not in told


def test_an_unknown_name_is_an_attribute_error():
    import thirteenf

    with pytest.raises(AttributeError, match="frobnicate"):
        _ = thirteenf.frobnicate


def test_the_program_and_the_module_are_the_same(thirteenf):
    from pathlib import Path

    program = Path(sys.executable).with_name("thirteenf")
    if not program.exists():
        pytest.skip("the package is not installed with its script")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert done.stdout == thirteenf("--help").stdout
    assert done.stdout.startswith("Usage: thirteenf")
