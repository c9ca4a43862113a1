"""No dead code: everything that is defined is named a second time, outside of the tests."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("cnn_core", "pages", "assets", "bench")
CALLED_BY_OTHERS = {
    "to_model_input",  # for a notebook
    "on_epoch_begin", "on_train_batch_end", "on_test_begin",  # by Keras
}  # fmt: skip


def sources(suffixes: tuple[str, ...]) -> dict[str, str]:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in [ROOT / "app.py", *paths]
        if path.suffix in suffixes
    }


def defined(tree: ast.Module) -> Iterator[str]:
    """Functions, methods, classes and what a module names itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id


def words(texts: dict[str, str]) -> Counter[str]:
    return Counter(word for text in texts.values() for word in re.findall(r"\w+", text))


def test_python_holds_nothing_that_is_never_used() -> None:
    texts = sources((".py", ".jinja"))
    count = words(texts)
    dead = {
        f"{file}: {name}"
        for file, text in texts.items()
        if file.endswith(".py")
        for name in defined(ast.parse(text))
        if count[name] == 1 and name not in CALLED_BY_OTHERS and not name.startswith("__")
    }
    assert dead == set()


def test_javascript_exports_nothing_that_is_never_imported() -> None:
    texts = sources((".js",))
    count = words(texts)
    exported = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)
    names = {(file, name) for file, text in texts.items() for name in exported.findall(text)}
    assert len(names) > 20
    assert {(file, name) for file, name in names if count[name] == 1} == set()


def test_every_kind_of_definition_is_seen() -> None:
    source = "A = 1\nB: int = 2\nclass C:\n    def d(self): ...\nasync def e():\n    def f(): ...\n"
    assert set(defined(ast.parse(source))) == {"A", "B", "C", "d", "e", "f"}
