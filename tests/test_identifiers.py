"""Names that say what they hold: no "found", "said", "it" and the like; nothing is too long."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

VAGUE = {
    "found", "said", "asked", "chosen", "shown", "known", "told", "it", "one", "shares", "favourites",
}  # fmt: skip
"""Participles and pronouns say that there is something, not what. "left" is missing: it is an edge, too."""

MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_FILE = 400


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module with its tree; of `tests/` what tests share."""
    folders = ("cnn_core", "pages", "bench", "assets", "tests")
    paths = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not path.name.startswith("test_")
    ]
    return tuple(
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in [ROOT / "app.py", *paths]
    )


def names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(name, line) of everything that a module names itself; keywords of a call name what is elsewhere."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno


@cache
def names_of(path: Path) -> set[str]:
    return {name for name, _ in names(ast.parse(path.read_text("utf-8")))}


def vague(file: str, tree: ast.Module) -> list[str]:
    return [f"{file}:{line}: {name}" for name, line in names(tree) if name.lstrip("_") in VAGUE]


def test_no_name_is_vague() -> None:
    assert [place for file, tree in modules() for place in vague(file, tree)] == []


def test_no_file_and_no_function_is_long() -> None:
    files = {ROOT / file for file, _ in modules()} | set((ROOT / "tests").rglob("*.py"))
    long = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if len(path.read_text("utf-8").splitlines()) > MOST_LINES_OF_A_FILE
    }
    for file, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.add(f"{file} {node.name}")
    assert long == set()


def test_no_script_is_long() -> None:
    scripts = sorted((ROOT / "assets").rglob("*.js"))
    assert scripts
    long = [
        path.relative_to(ROOT).as_posix()
        for path in scripts
        if len(path.read_text("utf-8").splitlines()) > MOST_LINES_OF_A_FILE
    ]
    assert long == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("found = 1", 1),
        ("def f(said): ...", 1),
        ("def told(): ...", 1),
        ("[it for it in range(3)]", 1),
        ("class A:\n    shares: int", 1),
        ("class A:\n    def __init__(self, x):\n        self._shown = x", 1),
        ("match x:\n    case [one, *known]: ...", 2),
        ("if (chosen := 1): ...", 1),
        ("error(found=3)", 0),
        ("print(module.found, one_hot)", 0),
    ],
)
def test_the_check_sees_every_way_to_name_something(source: str, count: int) -> None:
    assert len(vague("here", ast.parse(source))) == count


IMPORT = re.compile(r"from (cnn_core[\w.]*) import (\w+)")


def test_programs_in_strings_import_what_there_is() -> None:
    """A rename does not reach a program that is handed to another process as text."""
    imports = [
        (file, *found)
        for file, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for found in IMPORT.findall(node.value)
    ]
    assert imports
    for file, module, name in imports:
        spec = find_spec(module)
        assert spec is not None, (file, module)
        assert spec.origin is not None
        assert name in names_of(Path(spec.origin)), (file, module, name)
