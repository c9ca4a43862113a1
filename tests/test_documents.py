"""What the documents name is there: files and folders, words of the Makefile, settings of the environment."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cnn_core.planning.limits import Limits

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
TOP = {path.name for path in ROOT.iterdir()}
NAMES_A_FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.(?:py|md|toml|txt|js|css|jinja|keras|ipynb|png)")
MADE = {"script.py", "notebook.ipynb", "report.html"}
"""Files that the reader makes."""


def named_paths(text: str) -> set[str]:
    """Files and folders that a document names: in code, in links, in a drawing of the tree."""
    code = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    words = [word.strip(",;:") for piece in code for word in piece.split()]
    paths = {
        word for word in words if word.split("/")[0] in TOP and re.fullmatch(r"[\w./-]+", word)
    }
    paths |= {word for word in words if NAMES_A_FILE.fullmatch(word) and word not in MADE}
    return {path.rstrip("/") for path in {*paths, *links, *tree_paths(text)}}


def tree_paths(text: str) -> set[str]:
    """Paths in the drawing of the house: what is indented lies in the folder above it."""
    drawing = re.search(r"```\n(app\.py.*?)```", text, re.DOTALL)
    paths, folder = set(), ""
    for line in drawing[1].splitlines() if drawing else ():
        names = re.match(r" *((?:[\w.*<>-]+(?:/[\w.*<>-]*)*(?:  ?|$))+)", line)
        if not names or "----" in line:
            continue
        for name in re.findall(r"[\w.*<>/-]+", names[1]):
            if not re.search(r"/$|\.\w+$", name):
                continue
            if not line.startswith(" "):
                folder = name.split("/")[0] + "/" if "/" in name else ""
                paths.add(name.split("*")[0])
            else:
                paths.add(folder + name.split("<")[0])
    return paths


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    paths = named_paths((ROOT / document).read_text("utf-8"))
    assert len(paths) > 5
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


def test_the_drawing_of_the_house_names_every_room() -> None:
    drawn = tree_paths((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    rooms = {
        path.relative_to(ROOT).as_posix() + "/"
        for parent in ("cnn_core", "pages")
        for path in (ROOT / parent).iterdir()
        if path.is_dir() and any(path.glob("*.py"))
    }
    assert rooms - {f"{path.rstrip('/')}/" for path in drawn} == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_word_of_make_and_every_setting_that_a_document_names_is_known(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][\w-]*)(?=[`\s]*[`\n,;.])", text)) - targets == set()
    sources = "\n".join(
        path.read_text("utf-8")
        for folder in ("cnn_core", "pages", "bench", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(__file__)
    )
    settings = set(re.findall(r"CONVSCOPE_[A-Z]+(?:_[A-Z]+)*", text)) - {"CONVSCOPE_MAX"}
    caps = {f"CONVSCOPE_MAX_{field.name.upper()}" for field in fields(Limits)}
    assert {name for name in settings - caps if f'"{name}"' not in sources} == set()


def test_paths_are_found_wherever_a_document_names_them() -> None:
    text = (
        "See [changes](CHANGELOG.md), `tests/gone.py` and `cnn_core/engine/`; not `a.b` or https://x.y.\n"
        "```\napp.py   frame\npages/*.py  screens\n  parts/<page>/  parts\ncnn_core/   rest\n"
        "  training/  inside/    two\n  config.py  errors.py   ground\n```\n"
    )
    assert named_paths(text) == {
        "CHANGELOG.md", "tests/gone.py", "cnn_core/engine", "app.py", "pages", "pages/parts",
        "cnn_core", "cnn_core/training", "cnn_core/inside", "cnn_core/config.py", "cnn_core/errors.py",
    }  # fmt: skip
