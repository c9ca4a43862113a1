"""Holds the house's table: which package and which of our own modules each module may import.

A module that does not stand in the table fails: write it in, and think of its level while doing so.
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
CORE = ROOT / "cnn_core"


@dataclass(frozen=True)
class May:
    """What a module may import; `late` only inside a function or for type checking."""

    packages: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)


L0 = {"errors", "config", "events", "texts", "recipes", "files", "version", "keras_file"}
RESULTS = {"arithmetic", "pace", "convolution", "drawing", "evaluation", "history", "weights"}
RUNS = {
    "runs",
    "estimates",
    "run_log",
    "holdout",
    "steering",
    "limits",
    "repair",
    "snapshots",
    "tour",
}
L1 = (
    RESULTS
    | RUNS
    | {
        *("sources", "datasets", "narrator", "uploads", "program", "export", "takeaway", "report"),
        *("slots", "lessons", "edits", "pictures", "browser"),
    }
)
TRAINING = {"training", "conductor", "meters", "feeding", "optimizers", "checkpoints"}
LOOKS = {"passes", "features", "explain", "patterns", "inspection", "surgery", "embedding"}
L2 = TRAINING | LOOKS | {"model", "download"}
SERVER_SIDE = L0 | L1 | {"figures", "jobs", "sweeps"}

TABLE = {
    "__init__": May(),
    **dict.fromkeys(L0, May(modules=L0)),
    "arithmetic": May(modules=L0),
    "pace": May(modules=L0 | {"arithmetic"}),
    "repair": May(modules=L0 | {"arithmetic"}),
    "slots": May(modules=L0 | {"arithmetic", "sources"}),
    "lessons": May(modules=L0 | {"slots"}),
    "convolution": May({"numpy"}, L0 | {"arithmetic"}),
    "drawing": May({"numpy", "PIL"}, L0),
    "evaluation": May({"numpy", "sklearn"}, L0),
    "weights": May({"numpy"}, L0),
    "uploads": May({"numpy", "PIL"}, L0),
    "pictures": May({"numpy", "PIL"}, L0),
    "history": May(modules=L0),
    "narrator": May(modules=L0 | {"history", "sources"}),
    "sources": May(modules=L0),
    "datasets": May({"numpy"}, L0 | {"sources"}, late={"sklearn"}),
    "runs": May({"numpy"}, L0 | {"pace", "sources"}),
    "run_log": May(modules=L0 | {"history", "runs"}),
    "holdout": May(modules=L0 | {"runs"}),
    "steering": May(modules=L0 | {"runs"}),
    "snapshots": May({"numpy"}, L0 | {"arithmetic", "runs"}),
    "tour": May({"numpy"}, L0 | {"arithmetic", "convolution", "runs", "run_log", "snapshots"}),
    "browser": May({"numpy"}, L0 | {"arithmetic", "browser", "runs"}, late={"h5py"}),
    "estimates": May(modules=L0 | {"datasets", "pace", "run_log", "runs"}),
    "limits": May(modules=L0 | {"arithmetic", "datasets"}),
    "program": May(modules=L0 | {"arithmetic", "pace", "sources"}),
    "export": May(modules=L0 | {"program", "sources"}),
    "edits": May(modules=L0 | {"arithmetic"}),
    "takeaway": May(modules={"history", "keras_file"}),
    "report": May({"numpy"}, L0 | {"arithmetic", "evaluation", "history", "weights", "figures"}),
    "figures": May({"numpy", "plotly", "PIL"}, L0 | RESULTS | {"figures"}),
    **dict.fromkeys(
        L2, May({"numpy", "keras", "tensorflow"}, L0 | RESULTS | {"sources", "datasets"} | L2)
    ),
    "surgery": May({"numpy", "tensorflow"}, L0 | RESULTS | {"edits"} | L2),
    "embedding": May({"numpy", "tensorflow", "sklearn", "threadpoolctl"}, L0 | L2),
    "meters": May({"numpy"}, L0),
    "worker": May({"numpy"}, L0 | L1, late={"distributed", "dask", "keras", "tensorflow"} | L2),
    "cluster": May({"distributed", "dask"}, L0 | {"worker"}),
    "processes": May(modules=L0 | {"runs"}),
    "jobs": May(modules=L0 | L1 | {"worker", "cluster", "processes"}),
    "sweeps": May({"optuna"}, L0 | L1 | {"jobs"}),
    "destination": May(modules=L0 | {"runs"}),
    "__main__": May(modules=L0 | L1 | {"worker", "cluster", "destination"}, late={"rich"} | L2),
}
SCREEN = May({"streamlit", "numpy", "PIL"}, SERVER_SIDE)
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


def problems(may: May, found: Iterator[Import]) -> list[str]:
    """One line for each import that `may` does not allow."""
    wrong = []
    for one in found:
        top, _, rest = one.name.partition(".")
        if top == "cnn_core":
            name, allowed = rest.partition(".")[0] or "__init__", may.modules | {"__init__"}
        elif top == "pages":
            name, allowed = f"the page {rest}", set()
        elif top in sys.stdlib_module_names:
            continue
        else:
            name, allowed = top, may.packages
        if name not in allowed | (may.late if one.late else set()):
            when = " when it is loaded" if name in may.late else ""
            wrong.append(f"line {one.line}: may not import {name}{when}")
    return wrong


def module_name(path: Path) -> str:
    """Row of `TABLE` that a file of cnn_core belongs to; all of figures/ share one."""
    parts = path.relative_to(CORE).with_suffix("").parts
    return parts[0]


def package_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(ROOT).parts)


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


MODULES = sorted(CORE.rglob("*.py"))
SCREENS = [path for path in [ROOT / "app.py", *sorted(ROOT.glob("pages/*.py"))] if path.exists()]


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_core_module_imports_only_what_its_row_of_the_table_allows(path: Path) -> None:
    name = module_name(path)
    assert name in TABLE, f"{label(path)} does not stand in TABLE: give it a level"
    assert problems(TABLE[name], imports(path.read_text("utf-8"), package_of(path))) == []


@pytest.mark.parametrize("path", SCREENS, ids=label)
def test_a_screen_imports_only_the_server_side_and_never_another_page(path: Path) -> None:
    found = imports(path.read_text("utf-8"), package_of(path))
    # pages/_*.py are helpers of the pages, not pages.
    others = (one for one in found if not one.name.startswith("pages._") and one.name != "pages")
    assert problems(SCREEN, others) == []


@pytest.mark.parametrize("path", sorted(CORE.glob("figures/*.py")), ids=label)
def test_a_figure_knows_no_path(path: Path) -> None:
    found = {one.name.partition(".")[0] for one in imports(path.read_text("utf-8"), "cnn_core")}
    assert not found & NEVER_IN_FIGURES


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("run_log", "import json\nfrom cnn_core.history import History", []),
        ("runs", "import keras", ["line 1: may not import keras"]),
        ("runs", "def late():\n    import keras.ops", ["line 2: may not import keras"]),
        ("runs", "from . import datasets", ["line 1: may not import datasets"]),
        ("model", "from .runs import home", ["line 1: may not import runs"]),
        ("model", "import streamlit as st", ["line 1: may not import streamlit"]),
        ("worker", "def work():\n    from cnn_core import training", []),
        ("worker", "from cnn_core import training", ["line 1: may not import training when it is"]),
        ("worker", "if TYPE_CHECKING:\n    from cnn_core.model import Opened", []),
        ("worker", "def f():\n  import_module('cnn_core.x' if a == 'b' else 'keras')", ["line 2"]),
        ("jobs", "import importlib as i\ni.import_module('keras')", ["line 2: may not import k"]),
        ("figures", "from ..config import TEXTBOOK", []),
        ("figures", "from cnn_core.figures import palette", []),
        ("figures", "from cnn_core.jobs import Engine", ["line 1: may not import jobs"]),
    ],
)
def test_the_check_finds_what_it_should(name: str, source: str, expected: list[str]) -> None:
    package = "cnn_core.figures" if name == "figures" else "cnn_core"
    found = problems(TABLE[name], imports(source, package))
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_the_server_side_loads_neither_keras_nor_streamlit() -> None:
    heavy = {"keras", "tensorflow", "streamlit", "optuna"}
    early = _loaded_by(SERVER_SIDE - {"jobs", "sweeps"})
    assert not early & (heavy | {"distributed", "dask"})
    assert not _loaded_by(SERVER_SIDE - {"sweeps"}) & heavy
    assert not _loaded_by(SERVER_SIDE) & (heavy - {"optuna"})


def _loaded_by(names: set[str]) -> set[str]:
    """Top-level packages that a fresh Python holds after importing these modules of cnn_core."""
    there = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if module_name(path) in names
    )
    code = f"import sys\nfor name in {there}: __import__(name)\nprint(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}
