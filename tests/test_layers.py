"""Imports point one way: a module may import those of lower layers, never its siblings."""

import ast
from pathlib import Path

import thirteenf

SOURCE = Path(thirteenf.__file__).parent
LAYERS = [
    {"", "errors", "vocabulary"},
    {"periods", "cusip"},
    {"tables", "filing"},
    {"files", "report", "baskets"},
    {
        "form13f",
        "checks",
        "units",
        "amendments",
        "moves",
        "securities",
        "schemas",
        "fails",
        "official_list",
        "lineage",
        "issuers",
        "stances",
        "causes",
        "measures",
        "tallies",
        "ties",
        "crowding",
        "overlap",
        "windows",
    },
    {"listings", "plausibility", "datasets", "market", "tabled"},
    {"plan"},
    {"archive", "store", "places", "managers", "sample", "edgar", "shelf", "events", "acceptances", "spark"},
    {"offers", "figi"},
    {"books"},
    {"catalog", "continuity"},
    {"comparisons", "description", "panel", "versions"},
    {"survey"},
    {"chronicle", "finding", "batch"},
    {"bulk"},
    {"intake", "doctor", "references"},
    {"outcome", "ingested"},
    {"refresh", "ingest"},
    {"follow"},
    {"tracker"},
    {"reports", "runs", "explanation", "verification", "basketed"},
    {"surveyed"},
    {"surveys"},
    {"render"},
    {"notices"},
    {"cli"},
    {"__main__"},
]
ALLOWED_ONLY_IN = {
    "click": {"cli"},
    "filelock": {"files", "edgar"},
    "tomlkit": {"places"},
    "requests": {"edgar", "figi"},
    "urllib3": {"edgar"},
    "narwhals": {"market"},
    "pyspark": {"spark"},
}


def home(path: Path) -> str:
    """The module, or package of interchangeable parts, that a file belongs to."""
    name = path.relative_to(SOURCE).with_suffix("").parts[0]
    return "" if name == "__init__" else name


def imported(path: Path) -> set[str]:
    """All names that a file imports, wherever in it, as dotted names; type-checking imports too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def level(module: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if module in layer)


def test_every_module_has_a_layer_and_every_layer_its_modules():
    there = {home(path) for path in SOURCE.rglob("*.py")}
    assert there == set.union(*LAYERS)


def test_imports_point_down_only():
    wrong = []
    for path in SOURCE.rglob("*.py"):
        mine = home(path)
        if mine == "":
            continue  # the facade names them all, lazily
        for name in imported(path):
            parts = name.split(".")
            if parts[0] != "thirteenf" or len(parts) < 2:
                continue
            theirs = parts[1] if (SOURCE / parts[1]).is_dir() or (SOURCE / f"{parts[1]}.py").is_file() else ""
            if theirs != mine and level(theirs) >= level(mine):
                wrong.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert wrong == []


def test_libraries_of_the_edges_stay_at_the_edges():
    wrong = []
    for path in SOURCE.rglob("*.py"):
        for name in imported(path):
            places = ALLOWED_ONLY_IN.get(name.split(".")[0])
            if places and home(path) not in places:
                wrong.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert wrong == []


def test_only_the_command_line_prints_or_exits():
    wrong = []
    for path in SOURCE.rglob("*.py"):
        if home(path) == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "sys.exit", "exit"):
                    wrong.append(f"{path.relative_to(SOURCE)} calls {called}")
    assert wrong == []
