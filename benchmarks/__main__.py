"""All of them, each in a process of its own: `python -m benchmarks [--quick]`."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import distributions
from os import cpu_count

_SCRIPTS = ("parse", "memory", "diff", "startup", "refresh", "securities", "lineage", "answers", "ingest", "store")
_NAMED = ("thirteenf", "polars", "narwhals", "duckdb", "edgartools", "pandas", "lxml")


def main() -> None:
    versions = {found.name: found.version for found in distributions()}
    told = ", ".join(f"{name} {versions[name]}" for name in _NAMED if name in versions)
    print(f"Python {platform.python_version()}, {cpu_count()} cores, {told}", flush=True)
    for script in _SCRIPTS:
        subprocess.run([sys.executable, "-m", f"benchmarks.{script}", *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
