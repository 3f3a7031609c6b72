"""Where everything lives: archive, tables and state in the cache; the user's own settings in thirteenf.toml.

The cache is what `--cache` names, else THIRTEENF_CACHE, else the platform's data folder for users. The settings are
in what `--config` names, else THIRTEENF_CONFIG, else the platform's configuration folder.
"""

from __future__ import annotations

import os
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from thirteenf import RULES, __version__, files
from thirteenf.errors import BusyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).parent / "sample"
CONFIG_NAME = "thirteenf.toml"
_KEPT = (("data", "*/*"), ("datasets", "*.zip"))
ANSWERS = "openfigi.json"
"""Where OpenFIGI's answers are kept, in a cache's state."""


@dataclass(frozen=True)
class Places:
    """A cache's folders, and whether it is the bundled sample."""

    archive: Path
    tables: Path
    state: Path
    source: str = "cache"

    @property
    def root(self) -> Path:
        """The folder that holds them."""
        return self.tables.parent

    @property
    def is_empty(self) -> bool:
        """Whether no filing is kept here, and no data set of them."""
        with files.explained(self.root):
            kept = (next((self.archive / folder).glob(what), None) for folder, what in _KEPT)
            return all(one is None for one in kept)

    @property
    def listings(self) -> Path:
        """Answers of EDGAR's that are no filings (see shelf), beside these."""
        return self.archive / "listings"

    @property
    def mend(self) -> str:
        """What to do if the tables are damaged."""
        if self.source == "sample":
            return f"Remove {self.root}: it is made anew."
        return f"Run: thirteenf --cache {self.root} rebuild"

    @property
    def mark(self) -> Path:
        """A file that is there while filings are taken in; one that a killed run left says that it was killed."""
        return self.root / ".taking-in"

    @property
    def was_interrupted(self) -> bool:
        """Whether a run is taking filings in, or was killed while it did."""
        return self.mark.exists()

    @contextmanager
    def locked(self, wait: float = 10) -> Iterator[None]:
        """Be the one writer; what killed runs left unfinished is swept away.

        Raises:
            BusyError: if another run is writing and does not end in `wait` seconds.
            StoreError: if the folder is unwritable.
        """
        busy = BusyError(f"Another run is writing to {self.root}.", "Wait for it to end, or give --wait more seconds.")
        with files.locked(self.root / ".lock", wait, busy):
            for folder in (self.archive, self.tables, self.state):
                files.sweep(folder)
            yield


def cache(named: str | Path | None = None, *, sample: bool = False) -> Places:
    """The cache to answer from.

    Args:
        named: the folder that the user named, if any.
        sample: whether the bundled sample is asked for by name.

    Returns:
        The cache; the bundled sample if it is asked for, or if no cache was named and the default one is empty.
    """
    if sample:
        return _sample()
    places = own(named)
    return _sample() if places.is_empty and not (named or os.environ.get("THIRTEENF_CACHE")) else places


def own(named: str | Path | None = None) -> Places:
    """The user's own cache, empty or not: where imports go."""
    chosen = named or os.environ.get("THIRTEENF_CACHE")
    return at(Path(chosen).expanduser() if chosen else default())


def at(root: Path) -> Places:
    """The cache in a folder."""
    return Places(root / "edgar", root / "tables", root / "state")


def default() -> Path:
    """The platform's data folder for users."""
    from platformdirs import user_data_path  # noqa: PLC0415 - not needed where a cache is named

    return user_data_path("thirteenf", appauthor=False)


def config(named: str | Path | None = None) -> Path:
    """Where the user's settings are, whether or not the file is there."""
    chosen = named or os.environ.get("THIRTEENF_CONFIG")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path  # noqa: PLC0415 - not needed where a file is named

    return user_config_path("thirteenf", appauthor=False) / CONFIG_NAME


def watchlist(path: Path) -> list[str]:
    """The managers on the watchlist, as the settings file has them.

    Raises:
        UsageError: if the file is no TOML, or the watchlist no list of names.
    """
    return _watchlist(_settings(path), path)


def contact(path: Path) -> str | None:
    """The contact to give to the SEC, as the settings file has it.

    Raises:
        UsageError: if the file is no TOML, or the contact no text.
    """
    found = _settings(path).get("contact")
    if found is not None and not isinstance(found, str):
        raise UsageError(f"The contact in {path} is no text.", 'Write: contact = "Jane Doe jane@example.com"')
    return found


def actions(path: Path) -> list[object]:
    """The user's own table of corporate actions, as the settings file has it (docs/method.md).

    Raises:
        UsageError: if the file is no TOML, or `actions` no list of tables.
    """
    settings = _settings(path)
    found = settings.get("actions", [])
    if not isinstance(found, list) or "action" in settings:
        raise UsageError(f"`actions` in {path} is no list of tables.", "Begin each with a line: [[actions]]")
    return found


def notify(path: Path) -> list[str]:
    """Whom to tell of news, as addresses that Apprise knows: the settings file's `notify`.

    Raises:
        UsageError: if the file is no TOML, or `notify` no list of texts.
    """
    found = _settings(path).get("notify", [])
    if not _are_texts(found):
        raise UsageError(f"`notify` in {path} is no list of addresses.", 'Write: notify = ["mailto://…"]')
    return found


def change_watchlist(path: Path, entries: list[str]) -> None:
    """Make the watchlist hold these entries, leaving all else in the settings file, comments too, as it was.

    Raises:
        StoreError: if the file cannot be written.
    """
    import tomlkit  # noqa: PLC0415 - only writing needs it

    with files.explained(path):
        document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    listed: Any = document.setdefault("watchlist", tomlkit.array())
    for place in reversed(range(len(listed))):
        if listed[place] not in entries:
            del listed[place]
    for entry in entries:
        if entry not in listed:
            listed.append(entry)
    files.write(path, tomlkit.dumps(document).encode())


def _settings(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    import tomllib  # noqa: PLC0415 - only where there are settings to read

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is no valid TOML: {error}.", "Mend that line, or name another file with --config."
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", "Mend it, or name another file with --config."
        ) from None


def _watchlist(settings: dict[str, Any], path: Path) -> list[str]:
    found = settings.get("watchlist", [])
    if not _are_texts(found):
        raise UsageError(
            f"The watchlist in {path} is no list of names.", 'Write: watchlist = ["berkshire", "0001649339"]'
        )
    return found


def _are_texts(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and all(isinstance(entry, str) for entry in found)


def _sample() -> Places:
    """The bundled sample: its archive in the package, its tables made on first use in the platform's cache folder."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - only the sample needs it

    known = [f"{path.name}:{path.stat().st_size}" for path in sorted(SAMPLE.glob("edgar/data/*/*.gz"))]
    mark = f"{zlib.crc32(chr(10).join([__version__, RULES, *known]).encode()):08x}"
    root = user_cache_path("thirteenf", appauthor=False) / f"sample-{mark}"
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError:
        import tempfile  # noqa: PLC0415 - the last resort

        root = Path(tempfile.gettempdir()) / f"thirteenf-sample-{mark}-{_user()}"
        root.mkdir(parents=True, exist_ok=True)
    return Places(SAMPLE / "edgar", root / "tables", root / "state", source="sample")


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
