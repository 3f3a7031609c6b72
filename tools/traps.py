"""Whether the test of each trap fails once its rule is taken out: `tests/traps.toml` names both.

    python tools/traps.py [T01 T17 …]

Works in a copy of the project, where ../shared is not, so that tests which need that are skipped and do not count. A
trap is seen if each of its tests ran and failed; a rule whose removal leaves code that cannot be imported, or tests
that cannot be set up, proves nothing. Ends with 1 if any was not seen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIST = "tests/traps.toml"
_LEFT = (".git", ".venv", "__pycache__", "build", "dist", "cache", ".hypothesis", ".*_cache", "*.egg-info")
_SECONDS, _SECONDS_FOR_ALL = 120, 900
_TESTS_FAILED = 1
_ROOM = 110
# modules are imported first, so that code which cannot be imported is told from a test that fails
_RUN = """
import importlib, sys
try:
    for name in sys.argv[1].split():
        importlib.import_module(name)
except Exception as error:
    print(f"E   cannot be imported: {error}")
    sys.exit(9)
import pytest
sys.exit(pytest.main(sys.argv[2:]))
"""
Trap = dict[str, Any]


def read(root: Path = ROOT) -> list[Trap]:
    """The traps in their order."""
    found: list[Trap] = tomllib.loads((root / LIST).read_text("utf-8"))["traps"]
    return found


def counts(traps: list[Trap]) -> str:
    """How many are covered, and out of scope."""
    kinds = {"covered": "tests", "out of scope": "out_of_scope"}
    number = {kind: sum(key in trap for trap in traps) for kind, key in kinds.items()}
    return f"{len(traps)} traps: {', '.join(f'{count} {kind}' for kind, count in number.items() if count)}."


def table(traps: list[Trap]) -> str:
    """The traps as a table for people."""
    lines = ["| trap | what is done | test |", "|---|---|---|"]
    lines += [f"| {trap['id']} {trap['title']} | {_done(trap)} | {_tests(trap)} |" for trap in traps]
    return "\n".join(lines)


def main() -> int:
    """Try the traps named, or all; the exit code."""
    asked = sys.argv[1:]
    traps = [trap for trap in read() if "tests" in trap and (not asked or trap["id"] in asked)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT))
        tests = sorted({test for trap in traps for test in trap["tests"]})
        code, out = _pytest(copy, [], tests, _SECONDS_FOR_ALL)
        if code:
            print(out)
            print(f"Not all of the {len(tests)} tests pass as it is: nothing was tried.")
            return 1
        seen = [_try(copy, trap) for trap in traps]
    print(f"{sum(seen)} of {len(seen)} seen to fail.")
    return 0 if all(seen) else 1


def _try(copy: Path, trap: Trap) -> bool:
    """Take a trap's rule out, run its tests, put it back, and tell what was seen."""
    before = {one["file"]: (copy / one["file"]).read_bytes() for one in trap["without"]}
    try:
        for one in trap["without"]:
            text = (copy / one["file"]).read_text("utf-8")
            if one["find"] not in text:
                print(f"{trap['id']} NOT SEEN: {one['file']} has no {one['find']!r}", flush=True)
                return False
            (copy / one["file"]).write_text(text.replace(one["find"], one["put"], 1), "utf-8")
        code, out = _pytest(copy, [_module(name) for name in before], trap["tests"], _SECONDS)
    finally:
        for name, content in before.items():
            (copy / name).write_bytes(content)
    failed = set(re.findall(r"^FAILED ([^\s\[]+)", out, re.MULTILINE))
    passed = [test for test in trap["tests"] if test not in failed]
    is_seen = code == _TESTS_FAILED and not passed
    why = re.search(r"^E  +(\S.*)", out, re.MULTILINE)
    told = why[1][:_ROOM] if is_seen and why else f"exit code {code}, not failed: {', '.join(passed)}; {out[-500:]}"
    print(f"{trap['id']} {'seen to fail' if is_seen else 'NOT SEEN'}: {told}", flush=True)
    return is_seen


def _pytest(copy: Path, modules: list[str], tests: list[str], seconds: int) -> tuple[int, str]:
    """Run some tests in the copy: exit code, and what was printed."""
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly", "--color=no"]
    line = [sys.executable, "-c", _RUN, " ".join(modules), *options, *tests]
    # without files of byte code, which would hide a change made within the same second
    here = {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            line, cwd=copy, env=os.environ | here, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"not done after {seconds} seconds"
    return done.returncode, done.stdout + done.stderr


def _module(name: str) -> str:
    """The module of a file under src, or none for a file of data."""
    path = Path(name)
    parts = path.with_suffix("").parts[1:] if path.suffix == ".py" else ()
    return ".".join(part for part in parts if part != "__init__")


def _done(trap: Trap) -> str:
    return f"Out of scope: {trap['out_of_scope']}" if "out_of_scope" in trap else str(trap["done"])


def _tests(trap: Trap) -> str:
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in trap.get("tests", ())) or "none"


if __name__ == "__main__":
    sys.exit(main())
