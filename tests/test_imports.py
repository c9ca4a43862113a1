"""Holds the house's tables: which rooms and which libraries each room may import.

A room that does not stand in its table fails: write it in, and think of its floor while doing so.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE, PAGES = ROOT / "cnn_core", ROOT / "pages"


@dataclass(frozen=True)
class May:
    """What a room may import; `late` only inside a function or for type checking.

    Attributes:
        packages: Libraries beside Python's own.
        rooms: Rooms of the same tree; its own a room may always import.
        late: Rooms and libraries that must not be loaded when the room is.
    """

    packages: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)


SUMS = {"arithmetic", "config", "errors"}
CORE_TABLE = {
    "__init__": May({"lazy_loader"}, {"interruption"}),
    "interruption": May(),
    "paths": May(),
    "texts": May(rooms={"paths"}),
    "markup": May({"jinja2", "markupsafe"}, {"paths"}),
    "errors": May(rooms={"texts"}),
    "config": May(rooms={"errors"}),
    "drawing": May({"numpy", "PIL"}),
    "arithmetic": May(rooms={"config", "errors"}),
    "convolution": May({"numpy"}, {"arithmetic", "config"}),
    "datasets": May({"numpy"}, {"config", "errors", "paths"}, late={"sklearn", "keras"}),
    "planning": May({"numpy"}, SUMS | {"datasets"}),
    "files": May(),
    "keras_file": May(),
    "version": May(rooms={"paths"}),
    "browser": May(
        {"numpy", "h5py", "markupsafe"},
        {
            "arithmetic",
            "config",
            "drawing",
            "errors",
            "figures",
            "images",
            "markup",
            "paths",
            "runs",
            "texts",
        },
    ),
    "progress": May(rooms={"config", "datasets", "texts"}),
    "images": May({"numpy", "PIL", "scipy"}, {"drawing", "errors"}),
    "analysis": May({"numpy", "sklearn"}, SUMS, late={"scipy"}),
    "labs": May({"numpy"}, SUMS, late={"scipy"}),
    "runs": May(
        {"filelock", "numpy", "psutil"},
        SUMS
        | {"convolution", "datasets", "files", "interruption", "paths", "planning", "progress"}
        | {"texts"},
    ),
    "figures": May(
        {"numpy", "PIL", "markupsafe"},
        {"analysis", "arithmetic", "markup", "progress"},
        late={"plotly"},
    ),
    "lessons": May(rooms={"arithmetic", "config", "datasets", "paths", "texts"}),
    "export": May(
        {"numpy", "jinja2", "markupsafe"},
        {"analysis", "arithmetic", "config", "convolution", "datasets", "figures", "keras_file"}
        | {"markup", "paths", "planning", "progress", "texts"},
        late={"onnx"},
    ),
    "model": May({"numpy", "keras", "tensorflow"}, SUMS | {"files", "keras_file"}),
    "training": May(
        {"numpy", "keras", "tensorflow"},
        SUMS | {"datasets", "files", "model", "planning", "progress"},
    ),
    "inside": May(
        {"numpy", "keras", "tensorflow", "scipy", "sklearn", "threadpoolctl"},
        SUMS | {"analysis", "datasets", "labs", "model"},
    ),
    "engine": May(
        {"numpy", "distributed", "dask", "psutil"},
        {"analysis", "config", "datasets", "errors", "files", "paths", "planning", "progress"}
        | {"runs", "texts", "version"},
        late={"inside", "keras", "model", "tensorflow", "training"},
    ),
    "sweeps": May(
        {"filelock"},
        {"analysis", "config", "datasets", "engine", "errors", "planning", "runs", "texts"},
        late={"optuna"},
    ),
    "projects": May(
        {"numpy"},
        {"arithmetic", "browser", "config", "errors", "planning", "progress", "runs"},
        late={"h5py"},
    ),
    "rooms": May({"psutil"}, {"errors", "planning", "runs"}, late={"segno"}),
    "gallery": May({"numpy"}, {"analysis", "errors", "labs", "planning", "runs"}),
    "course": May(
        {"filelock", "numpy"},
        SUMS
        | {"analysis", "convolution", "export", "files", "labs", "lessons", "paths", "planning"}
        | {"progress", "runs", "texts"},
    ),
    "command": May(
        {"psutil"},
        {"analysis", "config", "engine", "errors", "interruption", "planning", "progress"}
        | {"paths", "rooms", "runs", "sweeps", "texts"},
        late={"rich", "websockets"},
    ),
    "__main__": May(
        rooms={"arithmetic", "command", "config", "datasets", "engine", "errors", "export"}
        | {"files", "interruption", "planning", "progress", "runs", "texts"},
        late={"model", "rich", "training"},
    ),
}
WORKER_SIDE = {"model", "training", "inside"}
LOADED_BY_THE_ENGINE = {"distributed", "dask"}

BELOW = {"session", "elements", "network", "pictures", "guide"}
PAGES_TABLE = {
    "__init__": set(),
    "session": set(),
    "elements": {"session"},
    "network": {"session"},
    "pictures": {"session", "elements", "network"},
    "guide": {"session", "elements", "network"},
}
"""Rooms of pages/ that a room may import; a part may import BELOW, a page BELOW and its own part."""
SCREEN = May(
    {"streamlit", "numpy", "PIL", "markupsafe"}, set(CORE_TABLE) - WORKER_SIDE, late={"httpx"}
)
NEVER_IN_FIGURES = {"os", "pathlib"}


@dataclass(frozen=True)
class Import:
    name: str
    line: int
    late: bool


def imports(source: str, package: str) -> Iterator[Import]:
    """Every import of a module that lies in `package`, wherever it stands, as an absolute name."""

    def visit(node: ast.AST, late: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for name in _named(child, package):
                yield Import(name, child.lineno, late)
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from visit(child, late or inside or _is_for_types(child))

    return visit(ast.parse(source), late=False)


def _named(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            start = ".".join([*base, *filter(None, [node.module])])
            return [_module(start, alias.name) for alias in node.names]
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
            args=[name, *_],
        ):
            words = [name.body, name.orelse] if isinstance(name, ast.IfExp) else [name]
            return [str(word.value) for word in words if isinstance(word, ast.Constant)]
    return []


def _module(start: str, name: str) -> str:
    """`from start import name`: start.name if that is a module of ours, else start."""
    path = ROOT.joinpath(*start.split("."), name)
    return f"{start}.{name}" if path.with_suffix(".py").exists() or path.is_dir() else start


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def problems(may: May, room: str, found: Iterator[Import]) -> list[str]:
    """One line for each import that `may` does not allow; imports between pages are left out."""
    wrong = []
    for one in found:
        top, _, rest = one.name.partition(".")
        if top == "cnn_core":
            name = rest.partition(".")[0] or "__init__"
            allowed = may.rooms | {"__init__", room}
        elif top in sys.stdlib_module_names or (top == "pages" and may is SCREEN):
            continue
        else:
            name, allowed = top, may.packages
        if name not in allowed | (may.late if one.late else set()):
            when = " when it is loaded" if name in may.late else ""
            wrong.append(f"line {one.line}: may not import {name}{when}")
    return wrong


def room_of(path: Path, tree: Path) -> str:
    """Room of a file: the folder or file at the top of its tree; a part is named "parts/explain"."""
    parts = path.relative_to(tree).with_suffix("").parts
    return "/".join(parts[:2]) if parts[0] == "parts" and len(parts) > 2 else parts[0]


def allowed_rooms(room: str) -> set[str]:
    """Rooms of pages/ that a room, a part or a page may import."""
    if room in PAGES_TABLE:
        return PAGES_TABLE[room] | {room}
    if room.startswith("parts/"):
        return BELOW | {room}
    return BELOW | {f"parts/{room}"}


def page_problems(room: str, found: Iterator[Import]) -> list[str]:
    """One line for each import of a page, a part or a room of pages/ that `room` may not import."""
    wrong = []
    for one in found:
        top, *rest = one.name.split(".")
        if top != "pages" or not rest:
            continue
        name = "/".join(rest[:2]) if rest[0] == "parts" else rest[0]
        if name not in allowed_rooms(room):
            wrong.append(f"line {one.line}: may not import {name}")
    return wrong


def package_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(ROOT).parts)


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


MODULES = sorted(CORE.rglob("*.py"))
SCREENS = [ROOT / "app.py", *sorted(PAGES.rglob("*.py"))]


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_core_module_imports_only_what_its_room_may(path: Path) -> None:
    room = room_of(path, CORE)
    assert room in CORE_TABLE, f"{label(path)} does not stand in CORE_TABLE: give it a floor"
    found = imports(path.read_text("utf-8"), package_of(path))
    assert problems(CORE_TABLE[room], room, found) == []


@pytest.mark.parametrize("path", SCREENS, ids=label)
def test_a_screen_imports_only_the_server_side(path: Path) -> None:
    assert problems(SCREEN, "", imports(path.read_text("utf-8"), package_of(path))) == []


@pytest.mark.parametrize("path", SCREENS[1:], ids=label)
def test_a_screen_imports_no_other_page_and_no_part_of_one(path: Path) -> None:
    found = imports(path.read_text("utf-8"), package_of(path))
    assert page_problems(room_of(path, PAGES), found) == []


def test_the_tables_have_one_floor_above_the_other() -> None:
    """No room imports one that, over whatever way, imports it."""
    for table in ({name: may.rooms | may.late for name, may in CORE_TABLE.items()}, PAGES_TABLE):
        floors: dict[str, int] = {}

        def floor(name: str, way: tuple[str, ...], table=table, floors=floors) -> int:
            assert name not in way, f"{' -> '.join([*way, name])} is a circle"
            if name not in floors:
                below = [floor(one, (*way, name)) for one in table[name] & set(table)]
                floors[name] = 1 + max(below, default=-1)
            return floors[name]

        for name in table:
            floor(name, ())


def test_the_tables_name_only_rooms_that_are_there() -> None:
    assert {room_of(path, CORE) for path in MODULES} == set(CORE_TABLE)
    there = {path.name.removesuffix(".py") for path in PAGES.iterdir()}
    assert set(PAGES_TABLE) <= there
    parts = {path.name for path in (PAGES / "parts").iterdir() if path.is_dir()} - {"__pycache__"}
    assert {f"{part}.py" for part in parts} <= {path.name for path in PAGES.glob("*.py")}


@pytest.mark.parametrize("path", sorted(CORE.glob("figures/*.py")), ids=label)
def test_a_figure_knows_no_path(path: Path) -> None:
    found = {one.name.partition(".")[0] for one in imports(path.read_text("utf-8"), "cnn_core")}
    assert not found & NEVER_IN_FIGURES


@pytest.mark.parametrize(
    ("room", "source", "expected"),
    [
        ("runs", "import json\nfrom cnn_core.progress.history import History", []),
        ("runs", "from cnn_core.runs import state", []),
        ("runs", "import keras", ["line 1: may not import keras"]),
        ("runs", "def late():\n    import keras.ops", ["line 2: may not import keras"]),
        ("runs", "from .. import training", ["line 1: may not import training"]),
        ("model", "from .runs import home", ["line 1: may not import runs"]),
        ("model", "import streamlit as st", ["line 1: may not import streamlit"]),
        ("training", "from cnn_core.runs import log", ["line 1: may not import runs"]),
        ("inside", "def f():\n    from cnn_core import runs", ["line 2: may not import runs"]),
        ("inside", "from cnn_core.training import train", ["line 1: may not import training"]),
        ("engine", "def work():\n    from cnn_core import training", []),
        ("engine", "from cnn_core import training", ["line 1: may not import training when it is"]),
        ("engine", "if TYPE_CHECKING:\n    from cnn_core.model import Opened", []),
        (
            "engine",
            "def f():\n  import_module('cnn_core.x' if a == 'b' else 'torch')",
            ["line 2"] * 2,
        ),
        ("export", "import importlib as i\ni.import_module('keras')", ["line 2: may not import k"]),
        ("figures", "from cnn_core.figures import palette", []),
        ("figures", "from cnn_core.engine import Engine", ["line 1: may not import engine"]),
    ],
)
def test_the_check_finds_what_it_should(room: str, source: str, expected: list[str]) -> None:
    package = f"cnn_core.{room}" if (CORE / room).is_dir() else "cnn_core"
    found = problems(CORE_TABLE[room], room, imports(source, package))
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("room", "name", "allowed"),
    [
        ("session", "pages.network.names", False),
        ("elements", "pages.session.words", True),
        ("network", "pages.elements.pad", False),
        ("pictures", "pages.network.choice", True),
        ("parts/explain", "pages.pictures.run_image", True),
        ("parts/explain", "pages.parts.explain.methods", True),
        ("parts/explain", "pages.parts.surgery.state", False),
        ("parts/explain", "pages.explain", False),
        ("explain", "pages.parts.explain", True),
        ("explain", "pages.parts.kernels.filters", False),
        ("explain", "pages.kernels", False),
    ],
)
def test_the_check_of_pages_finds_what_it_should(room: str, name: str, allowed: bool) -> None:
    assert bool(page_problems(room, iter([Import(name, 1, False)]))) is not allowed


def test_the_server_side_loads_neither_keras_nor_streamlit() -> None:
    heavy = {"keras", "tensorflow", "streamlit", "optuna"}
    server_side = set(CORE_TABLE) - WORKER_SIDE - {"__main__"}
    without_engine, with_engine = _loaded_by(server_side - {"engine"}, server_side)
    assert not without_engine & (heavy | LOADED_BY_THE_ENGINE)
    assert not with_engine & heavy


@pytest.mark.slow  # it loads Keras
def test_the_front_door_is_light_and_offers_the_names_of_a_notebook() -> None:
    code = (
        "import sys, cnn_core; heavy = {'keras', 'numpy', 'streamlit'};"
        "assert not heavy & set(sys.modules), 'too much is loaded';"
        "missing = [name for name in cnn_core.__all__ if not hasattr(cnn_core, name)];"
        "print(missing, cnn_core.layer_table(cnn_core.TEXTBOOK)[0].params)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[] 320", done.stderr


def _loaded_by(*steps: set[str]) -> list[set[str]]:
    """Top-level packages that a fresh Python holds after importing these rooms, one step after the other."""
    there = [
        sorted(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for path in MODULES
            if room_of(path, CORE) in rooms and path.name != "download.py"
        )
        for rooms in steps
    ]
    code = (
        f"import sys\nfor names in {there}:\n  for name in names: __import__(name)\n"
        "  print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [{name.partition(".")[0] for name in line.split()} for line in done.stdout.splitlines()]
