"""The face of a room, its `__init__`: it has every name that others take from it, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import cnn_core

ROOT = Path(__file__).parent.parent
FACES = {
    path.parent.relative_to(ROOT).as_posix().replace("/", "."): path
    for path in sorted((ROOT / "cnn_core").rglob("__init__.py"))
    if path.parent.name != "cnn_core"
}
NOTEBOOK = {"cnn_core.training": {"train", "Result"}, "cnn_core.datasets": {"split"}}
"""Names of a face that are there for a notebook, used by ConvScope itself or not."""
FRONT_DOOR = {
    "TEXTBOOK", "ConvBlock", "ModelConfig", "TrainConfig", "build", "layer_table", "load", "train",
}  # fmt: skip
"""What `import cnn_core` offers a notebook."""


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    folders = ("cnn_core", "pages", "bench", "assets", "tests")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple((path, ast.parse(path.read_text("utf-8"))) for path in [ROOT / "app.py", *paths])


@cache
def face(room: str) -> set[str]:
    """Names that the `__init__` of a room has: imported, made there, or modules beside it."""
    path = FACES[room]
    names = {file.stem for file in path.parent.glob("*.py")} - {"__init__"}
    names |= {folder.name for folder in path.parent.iterdir() if (folder / "__init__.py").exists()}
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign() | ast.AnnAssign():
                names |= {
                    part.id
                    for part in ast.walk(node)
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
                }
    return names


@cache
def all_taken() -> tuple[tuple[Path, str, str], ...]:
    return tuple((path, room, name) for path, tree in trees() for room, name in taken(tree))


def taken(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(room, name) of everything that a module takes from the face of a room."""
    rooms: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0):
                for alias in node.names:
                    if module in FACES:
                        yield module, alias.name
                    if f"{module}.{alias.name}" in FACES:
                        rooms[alias.asname or alias.name] = f"{module}.{alias.name}"
            case ast.Import():
                rooms |= {
                    alias.asname: alias.name
                    for alias in node.names
                    if alias.asname and alias.name in FACES
                }
    for name in local_names(tree) & rooms.keys():
        del rooms[name]
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in rooms:
                yield rooms[name], attribute


def local_names(tree: ast.Module) -> set[str]:
    """Names that a function of the module gives to something of its own."""
    return {
        part.arg if isinstance(part, ast.arg) else part.id
        for part in ast.walk(tree)
        if isinstance(part, ast.arg)
        or (isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    }


def test_a_face_has_every_name_that_others_take_from_it() -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {room}.{name}"
        for path, room, name in all_taken()
        if name not in face(room) and not name.startswith("__")
    }
    assert missing == set()


@pytest.mark.parametrize("room", sorted(FACES))
def test_every_name_of_a_face_is_taken_from_it(room: str) -> None:
    """So that the test above fails for each name that is deleted there."""
    modules = {file.stem for file in FACES[room].parent.iterdir()}
    used = {name for path, of, name in all_taken() if path != FACES[room] and of == room}
    offered = {
        name for name in face(room) - modules if not name.startswith("_") and name != "annotations"
    }
    assert offered - used - NOTEBOOK.get(room, set()) == set()


def test_what_is_there_for_a_notebook_is_there() -> None:
    for room, names in NOTEBOOK.items():
        assert names <= face(room)
    assert set(cnn_core.__all__) == FRONT_DOOR


def test_takes_are_seen_in_every_form() -> None:
    source = (
        "from cnn_core import runs\nfrom cnn_core.engine import Engine\nimport cnn_core.datasets as d\n"
        "runs.newest()\nd.load\nother.name\n"
    )
    assert set(taken(ast.parse(source))) == {
        ("cnn_core.runs", "newest"), ("cnn_core.engine", "Engine"), ("cnn_core.datasets", "load"),
    }  # fmt: skip
