"""The archive: filings as served, gzipped, one file a document, written once and never changed (rule R1).

    data/{cik}/{accession}.txt.gz              a full submission text file
    data/{cik}/{accession}.nc.gz               the same as disseminated
    data/{cik}/{accession, no dashes}/*.gz     documents that came one by one, with given.json.gz: the accession
                                               number and filing date they came with; it is written last
    data/{cik}/{accession}.listed.json.gz      that EDGAR lists the filing under another manager or period than it says
    datasets/{name}.zip                        one of the SEC's data sets, as served: it is packed already

Where a filing came in several ways the first kind of this list is read, whatever came first (rule R9).
"""

from __future__ import annotations

import filecmp
import gzip
import json
import shutil
import zlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from thirteenf import files, windows
from thirteenf.errors import ConflictError, StoreError
from thirteenf.form13f.xml import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_GIVEN = "given.json.gz"
_LISTED = ".listed.json.gz"
_KINDS = (".txt.gz", ".nc.gz")


@dataclass(frozen=True)
class Item:
    """One filing in the archive: its path from the archive's root, and the accession number it goes by."""

    path: str
    accession_number: str

    @property
    def is_folder(self) -> bool:
        """Whether its documents came one by one."""
        return self.path.endswith("/")


class Archive:
    """Raw filings under a folder; nothing is ever overwritten."""

    def __init__(self, root: Path) -> None:
        """An archive in `root`, which need not exist yet."""
        self.root = root

    def items(self) -> dict[str, Item]:
        """All filings held, by accession number."""
        found: dict[str, Item] = {}
        for folder in sorted((self.root / "data").glob("*")):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                item = self._item(path)
                if item and _rank(item) < _rank(found.get(item.accession_number)):
                    found[item.accession_number] = item
        return found

    def best(self, cik: str, accession_number: str) -> Item:
        """How a filing that is held is read.

        Raises:
            StoreError: if it is not held.
        """
        stem = self._folder(cik) / accession_number
        ways = [stem.with_name(stem.name + kind) for kind in _KINDS]
        for path in (*ways, stem.with_name(accession_number.replace("-", ""))):
            if path.exists() and (item := self._item(path)):
                return item
        raise StoreError(f"{accession_number} is not in {self.root}.", "Import it again.")

    def add_submission(self, cik: str, accession_number: str, content: bytes, suffix: str = ".txt") -> bool:
        """Keep a full submission text file; False if the same bytes are there already.

        Raises:
            ConflictError: if other bytes are there under that number.
            StoreError: if the disk refuses.
        """
        return self._add(self._folder(cik) / f"{accession_number}{suffix}.gz", content)

    def add_documents(self, cik: str, accession_number: str, filed: date, documents: Mapping[str, bytes]) -> bool:
        """Keep documents that came one by one, with what was given beside them; False if all are there already.

        What they are called does not matter: a table of another name with the same bytes is the same table.

        Raises:
            ConflictError: if other documents, or another filing date, are there under that number.
            StoreError: if the disk refuses.
        """
        folder = self._folder(cik) / accession_number.replace("-", "")
        inside = folder.relative_to(self.root).as_posix() + "/"
        if (folder / _GIVEN).exists():
            try:
                held, _, held_filed = self.read_documents(inside)
            except StoreError:
                held, held_filed = {}, filed  # damaged: the good copies take their place
            same_day, kept, offered = held_filed == filed, set(held.values()), set(documents.values())
            if same_day and kept == offered:
                return False
            if not (same_day and kept < offered):
                raise ConflictError(
                    f"{folder} holds this accession number with other documents or filing date; they were kept.",
                    "If those are the wrong ones, remove that folder, run `thirteenf rebuild`, and import it again.",
                )
        for left in folder.glob("*.gz"):  # by a run that was killed before the filing was whole, or damaged since
            left.unlink()
        for name, content in sorted(documents.items()):
            files.write(folder / f"{name}.gz", gzip.compress(content, mtime=0))
        given = {"accession_number": accession_number, "filing_date": filed.isoformat()}
        files.write(folder / _GIVEN, gzip.compress(json.dumps(given).encode(), mtime=0))
        return True

    def data_sets(self) -> list[Path]:
        """The data sets held: oldest window first, those whose name tells none last; of one window by name."""
        found = [path for path in (self.root / "datasets").glob("*.zip") if not path.name.startswith(".")]
        return sorted(found, key=lambda path: (windows.window(path.name) or (date.max, date.max), path.name))

    def data_set(self, name: str) -> Path:
        """Where a data set is, or would be, by its name (`windows.safe`)."""
        return self.root / "datasets" / name

    def add_data_set(self, name: str, source: Path) -> bool:
        """Keep a copy of a data set; False if the same bytes are there already. The caller holds the writer's lock.

        Raises:
            ConflictError: if other bytes are there under that name.
            StoreError: if it cannot be read, or the disk refuses.
        """
        path = self.data_set(name)
        with files.explained(source):
            if path.exists():
                if filecmp.cmp(path, source, shallow=False):
                    return False
                raise ConflictError(
                    f"{path} holds other bytes than {source}; they were kept.",
                    "If those are the wrong ones, remove that file, run `thirteenf rebuild`, and ingest it again.",
                )
        with files.replacing(path) as beside:
            shutil.copyfile(source, beside)
        return True

    def remove_data_set(self, name: str) -> None:
        """Take a data set out again that could not be read, whether it was brought or fetched.

        Raises:
            StoreError: if the disk refuses.
        """
        path = self.data_set(name)
        with files.explained(path):
            path.unlink(missing_ok=True)

    def mark_listing(self, item: Item, listed: Mapping[str, str]) -> bool:
        """Keep what EDGAR's listing says of a filing otherwise than itself, or that it does not; whether that is new.

        Raises:
            StoreError: if the disk refuses.
        """
        if self.listing(item) == listed:
            return False
        path = self._listed(item)
        if listed:
            files.write(path, gzip.compress(json.dumps(dict(listed), sort_keys=True).encode(), mtime=0))
        else:
            with files.explained(path):
                path.unlink()
        return True

    def listing(self, item: Item) -> dict[str, str]:
        """What EDGAR's listing says of a filing otherwise than itself; nothing if it agrees, or was not seen.

        Raises:
            StoreError: if the file is damaged.
        """
        path = self._listed(item)
        if not path.exists():
            return {}
        try:
            return {str(key): str(value) for key, value in json.loads(self._read(path)).items()}
        except (ValueError, AttributeError):
            raise StoreError(f"{path} is damaged.", "Remove it; the next refresh looks again.") from None

    def read(self, path: str) -> bytes:
        """A submission's bytes as served.

        Raises:
            StoreError: if the file is damaged or larger than any filing.
        """
        return self._read(self.root / path)

    def read_documents(self, path: str) -> tuple[dict[str, bytes], str, date]:
        """The documents of a filing that came one by one, its accession number and filing date.

        Raises:
            StoreError: if a file is damaged.
        """
        folder = self.root / path
        names = sorted(file.name for file in folder.glob("*.gz") if file.name != _GIVEN and file.name[0] != ".")
        try:
            given = json.loads(self._read(folder / _GIVEN))
            accession, filed = str(given["accession_number"]), date.fromisoformat(given["filing_date"])
        except (ValueError, KeyError, TypeError):
            raise StoreError(
                f"{folder / _GIVEN} is damaged.", "Remove that folder and import the filing again."
            ) from None
        return {name.removesuffix(".gz"): self._read(folder / name) for name in names}, accession, filed

    def _listed(self, item: Item) -> Path:
        return (self.root / item.path).parent / f"{item.accession_number}{_LISTED}"

    def _folder(self, cik: str) -> Path:
        return self.root / "data" / cik.lstrip("0")

    def _item(self, path: Path) -> Item | None:
        inside = path.relative_to(self.root).as_posix()
        if (path / _GIVEN).is_file():
            digits = path.name
            return Item(inside + "/", f"{digits[:10]}-{digits[10:12]}-{digits[12:]}")
        suffix = next((kind for kind in _KINDS if path.name.endswith(kind) and not path.name.startswith(".")), None)
        return Item(inside, path.name.removesuffix(suffix)) if suffix else None

    def _add(self, path: Path, content: bytes) -> bool:
        if path.exists():
            try:
                held = self._read(path)
            except StoreError:
                held = None  # damaged: the good copy takes its place
            if held == content:
                return False
            if held is not None:
                raise ConflictError(
                    f"{path} holds other bytes for this accession number; they were kept.",
                    "A filing never changes once accepted: see which of the two is EDGAR's.",
                )
        files.write(path, gzip.compress(content, mtime=0))
        return True

    def _read(self, path: Path) -> bytes:
        with files.explained(path):
            try:
                with gzip.open(path) as stream:
                    content = stream.read(MAX_BYTES + 1)
                if not content and not path.stat().st_size:
                    raise EOFError  # noqa: TRY301 - a file of nothing is no gzip file, though it opens as one
            except (gzip.BadGzipFile, EOFError, zlib.error):
                raise StoreError(f"{path} is damaged.", "Remove it and import that filing again.") from None
        if len(content) > MAX_BYTES:
            raise StoreError(f"{path} is larger than {MAX_BYTES >> 20} MiB.", "No Form 13F is: remove it.")
        return content

    def __iter__(self) -> Iterator[Item]:
        """All filings held."""
        return iter(self.items().values())


def cik_of(path: str) -> str:
    """The manager in whose folder a path of the archive's is."""
    return path.split("/")[1].zfill(10)


def _rank(item: Item | None) -> int:
    if item is None:
        return len(_KINDS) + 1
    return next((rank for rank, kind in enumerate(_KINDS) if item.path.endswith(kind)), len(_KINDS))
