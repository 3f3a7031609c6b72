"""An information table, bytes to rows: thirteenf, expat with no handlers (the floor), edgartools, pandas.read_xml."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from xml.parsers import expat

from benchmarks.generate import NAMESPACE, information_table
from benchmarks.measure import Line, in_turns, installed, milliseconds, quick, ratio, show
from thirteenf import read_information_table

if TYPE_CHECKING:
    from collections.abc import Callable

REAL = Path(__file__).parents[2] / "shared/real/filings/wellington_2019-09-30_7561_rows"
OURS, FLOOR = "thirteenf", "expat, no handlers"
PEERS = {
    "edgartools": ("edgartools",),
    "pandas.read_xml": ("pandas", "lxml"),
    "pandas.read_xml, iterparse and etree": ("pandas",),
}
TARGETS = {FLOOR: "at most 4.2 x", "edgartools": "at least 4 x faster", "pandas.read_xml": "at least 6 x faster"}
_STRINGS = ("nameOfIssuer", "titleOfClass", "cusip", "putCall", "investmentDiscretion", "otherManager")
_NESTED = {"shrsOrPrnAmt": ("sshPrnamt", "sshPrnamtType"), "votingAuthority": ("Sole", "Shared", "None")}


def main() -> None:
    small = quick()
    peers = [name for name, packages in PEERS.items() if installed(*packages)]
    lines = _fifty(11 if small else 51)
    for rows in (5_000,) if small else (5_000, 20_000, 50_000):
        for prefix in ("", "ns1"):
            what = f"{rows:,} rows{', prefix ' + prefix if prefix else ''}"
            lines += _table(what, information_table(rows, prefix), peers if not prefix else [], small=small)
    if (table := _real_table()) is not None:
        lines += _table("a real table of 7,561 rows", table, peers, small=small)
    show("Information table, bytes to rows", lines)


def _fifty(rounds: int) -> list[Line]:
    table = information_table(50)
    times = in_turns({FLOOR: lambda: _expat(table), OURS: lambda: read_information_table(table)}, rounds, calls=20)
    floor = f"{ratio(times, OURS, FLOOR):.2f} x {FLOOR}"
    return [Line("50 rows: thirteenf", milliseconds(times[OURS]), floor, "at most 1 ms")]


def _table(what: str, table: bytes, peers: list[str], *, small: bool) -> list[Line]:
    times = in_turns({FLOOR: lambda: _expat(table), OURS: lambda: read_information_table(table)}, 5 if small else 15)
    lines = [
        Line(f"{what}: {FLOOR}", milliseconds(times[FLOOR])),
        Line(f"{what}: thirteenf", milliseconds(times[OURS]), f"{ratio(times, OURS, FLOOR):.2f} x", TARGETS[FLOOR]),
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.xml")
        path.write_bytes(table)
        readers = {name: _peer(name, table, path) for name in peers}
        times = in_turns({OURS: lambda: read_information_table(table), **readers}, 2 if small else 5)
    for name in peers:
        faster = f"thirteenf {ratio(times, name, OURS):.1f} x faster"
        lines.append(Line(f"{what}: {name}", milliseconds(times[name]), faster, TARGETS.get(name, "")))
    return lines


def _expat(table: bytes) -> None:
    expat.ParserCreate().Parse(table, True)


def _peer(name: str, table: bytes, path: Path) -> Callable[[], object]:
    """A peer's reader of the same table, with all that can be done beforehand done."""
    if name == "edgartools":
        from edgar.thirteenf.parsers.infotable_xml import parse_infotable_xml

        text = table.decode()  # it takes text
        return lambda: parse_infotable_xml(text)
    return (lambda: _iterparse(path)) if "iterparse" in name else (lambda: _levels(table))


def _levels(table: bytes) -> object:
    """A reading of each level, since read_xml takes an element's own children only, put side by side."""
    import pandas as pd

    def level(name: str, strings: tuple[str, ...]) -> pd.DataFrame:
        kinds = dict.fromkeys(strings, str)
        return pd.read_xml(BytesIO(table), xpath=f"//n:{name}", namespaces={"n": NAMESPACE}, dtype=kinds)

    rows = level("infoTable", _STRINGS).drop(columns=list(_NESTED))
    return pd.concat([rows, level("shrsOrPrnAmt", ("sshPrnamtType",)), level("votingAuthority", ())], axis=1)


def _iterparse(path: Path) -> object:
    """Its quickest way: named elements at any depth, the standard library's parser; from a file on disk only."""
    import pandas as pd

    elements = [*_STRINGS, "value", *(name for names in _NESTED.values() for name in names)]
    return pd.read_xml(path, iterparse={"infoTable": elements}, parser="etree", dtype=dict.fromkeys(_STRINGS, str))


def _real_table() -> bytes | None:
    """The information table cut out of a real submission, where the checkout has one beside it."""
    if not REAL.is_dir():
        print("no real filings beside the repository, left out")
        return None
    source = next(REAL.glob("*.txt")).read_bytes()
    start = source.rindex(b"<XML>") + len(b"<XML>\n")
    return source[start : source.rindex(b"</XML>")]


if __name__ == "__main__":
    main()
