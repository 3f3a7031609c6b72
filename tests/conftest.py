"""What many tests need: the real filings beside the repository, where they are."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.markets import universe
from thirteenf import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterable

settings.register_profile("quick", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


@pytest.fixture(scope="session")
def real() -> Path:
    """Real filings and figures; they are public, but not ours to ship."""
    folder = Path(__file__).parents[1].parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip("../shared/real is not here")
    return folder


@pytest.fixture(scope="session")
def edgar() -> Path:
    """The six managers' filings laid out as EDGAR serves them."""
    folder = Path(__file__).parents[1].parent / "shared" / "edgar"
    if not folder.is_dir():
        pytest.skip("../shared/edgar is not here")
    return folder


@pytest.fixture(scope="session")
def real_market(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    """The two real quarters of some hundred managers."""
    return Tracker(universe(tmp_path_factory.mktemp("universe") / "cache", real / "universe"))


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is made once a session, the sample's tables among it."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shared_folder: Path) -> None:
    """No test reads or writes the user's own data, settings or cache."""
    monkeypatch.delenv("THIRTEENF_CACHE", raising=False)
    for name in ("NO_COLOR", "COLUMNS", "THIRTEENF_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("THIRTEENF_CONFIG", str(tmp_path / "config" / "thirteenf.toml"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg-data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_folder / "xdg-cache"))


@pytest.fixture(scope="session")
def edgar_cache(edgar: Path, shared_folder: Path) -> Path:
    """A cache with all of ../shared/edgar imported; read only."""
    from tests.trees import imported

    cache = shared_folder / "edgar-cache"
    taken = imported(cache, edgar)
    assert taken["outcome"].to_list() == ["added"] * 52
    return cache


@pytest.fixture(params=["sample", "imported"])
def source(request: pytest.FixtureRequest) -> list[str]:
    """Options that name where to answer from: the bundled sample, and the same figures through `import`."""
    return ["--sample"] if request.param == "sample" else ["--cache", str(request.getfixturevalue("edgar_cache"))]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Run a command in this process, on 2026-11-21: exit code, stdout, stderr."""
    from tests.trees import TODAY
    from thirteenf import cli
    from thirteenf.cli.options import Where

    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments], where=Where(today=TODAY))
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def document(run):
    """Run a command with --json and --quiet: the document."""

    def command(*arguments: object) -> dict:
        code, out, err = run(*arguments, "--json", "--quiet")
        assert code == 0, err
        return json.loads(out)

    return command


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Serve submissions, or a tree that is laid out already, as EDGAR would; the program is pointed there."""
    from tests.small_edgar import SmallEdgar, lay_out

    with ExitStack() as stack:

        def start(contents: Path | Iterable[bytes], **more: object) -> SmallEdgar:
            root = contents if isinstance(contents, Path) else lay_out(tmp_path / "tree", contents)
            edgar = stack.enter_context(SmallEdgar(root, **more))
            for name, value in edgar.environment.items():
                monkeypatch.setenv(name, value)
            return edgar

        yield start


@pytest.fixture
def refresh(run, tmp_path: Path):
    """Run `refresh` on the cache of this test, without the SEC's other files: exit code, document, stderr."""

    def command(*arguments: object, cache: Path = tmp_path / "cache") -> tuple[int, dict, str]:
        more = () if "--accept" in arguments or "--references" in arguments else ("--no-references",)
        given = [one for one in arguments if one != "--references"]
        code, out, err = run("--cache", cache, "refresh", *given, *more, "--json", "--quiet")
        return code, json.loads(out), err

    return command


@pytest.fixture
def thirteenf():
    """Run the program as a process of its own."""

    def command(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "thirteenf", *map(str, arguments)]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, **more)

    return command
