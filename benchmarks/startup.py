"""Whole processes, from start to exit: what a user waits for."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Line, in_turns, milliseconds, quick, ratio, show

PYTHON = [sys.executable, "-c"]
TOOL = str(Path(sysconfig.get_path("scripts"), "thirteenf"))
PASS, HELP, POLARS, DIFF = "python -c pass", "thirteenf --help", "python -c 'import polars'", "thirteenf diff --json"
COMMANDS = {
    PASS: [*PYTHON, "pass"],
    HELP: [TOOL, "--help"],
    POLARS: [*PYTHON, "import polars"],
    DIFF: [TOOL, "--sample", "diff", "thiel", "--period", "2025Q3", "--json"],
}
AGAINST = {HELP: (PASS, "at most 5 x"), DIFF: (POLARS, "at most 1.5 x")}


def main() -> None:
    small = quick()
    with TemporaryDirectory() as home:  # nobody's own cache or settings
        settings = {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
        # installed packages have their bytecode; a checkout keeps it only if Python may write it
        left_out = ("THIRTEENF_", "PYTHONDONTWRITEBYTECODE")
        env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)} | settings
        cases = {}
        for name, command in COMMANDS.items():
            if _runs(command, env):
                cases[name] = lambda command=command: _runs(command, env)
            else:
                print(f"does not run, left out: {name}")
        times = in_turns(cases, 5 if small else 31)
    lines = []
    for name, seconds in times.items():
        to, target = AGAINST.get(name, ("", ""))
        lines.append(Line(name, milliseconds(seconds), f"{ratio(times, name, to):.2f} x {to}" if to else "", target))
    show("Whole processes", lines)


def _runs(command: list[str], env: dict[str, str]) -> bool:
    try:
        return subprocess.run(command, env=env, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
