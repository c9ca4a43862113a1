"""What the documentation and the comments of scripts name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
    *sorted((ROOT / "assets").rglob("README.md")),
]
SCRIPTS = [
    path
    for folder in ("assets", "tests/javascript")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".js", ".mjs", ".css", ".html", ".jinja"}
]
PATH = re.compile(r"(?<![\w/.-])((?:app|assets|bench|cnn_core|deploy|pages|tests)(?:/[\w.-]+)+/?)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
MOST_BYTES = 1_500_000
"""Of all pictures of the README together: a page that opens quickly."""


def named(path: Path) -> Iterator[tuple[str, Path]]:
    text = path.read_text("utf-8")
    for name in PATH.findall(text):
        yield name, ROOT / name.rstrip(".,")
    if path.suffix == ".md":
        for name in LINK.findall(text):
            yield name, path.parent / name


@pytest.mark.parametrize("path", DOCUMENTS + SCRIPTS, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_path_that_is_named_exists(path: Path) -> None:
    assert [name for name, place in named(path) if not place.exists()] == []


def test_the_check_finds_what_it_should(tmp_path: Path) -> None:
    document = tmp_path / "text.md"
    document.write_text("`pages/home.py`, pages/_flow.py, [a](LICENSE) [b](https://a.b/c) and/or")
    found = [name for name, place in named(document) if not place.exists()]
    assert found == ["pages/_flow.py", "LICENSE"]


def drawn_house() -> dict[str, set[str]]:
    """What the drawing in CONTRIBUTING.md names: at the top, and in each folder that it goes into."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    [drawing] = re.findall(r"## The house\n.*?```\n(.*?)```", text, re.S)
    names: dict[str, set[str]] = {".": set()}
    folder = "."
    for line in drawing.splitlines():
        parts = re.split(r"\s{2,}", line.strip())
        for part in takewhile(re.compile(r"[\w<>*/.]+(/|\.py)").fullmatch, parts):
            if line.startswith(" "):
                names[folder].add(part.partition("/")[0])
            else:
                folder = part.partition("/")[0]
                names["."].add(folder)
                names[folder] = set()
    return names


def test_the_house_is_drawn_as_it_is() -> None:
    house = drawn_house()
    for folder in ("pages", "cnn_core"):
        rooms = {path.parent.name for path in (ROOT / folder).glob("*/*.py")}
        modules = {path.name for path in (ROOT / folder).glob("[!_]*.py")}
        modules = set() if folder == "pages" else modules  # the screens are drawn as one
        assert house[folder] == rooms | modules, folder
    with_code = {path.parts[len(ROOT.parts)] for path in ROOT.glob("[!.]*/*.py")}
    assert house["."] == with_code | {"app.py", "assets", "deploy"}


def test_every_kind_of_binary_file_is_stored_as_a_space_wants_it() -> None:
    text = (ROOT / "deploy" / "README.md").read_text("utf-8")
    [tracked] = re.findall(r"^git lfs track (.*)", text, re.M)
    binary = {
        path.suffix
        for folder in ("assets", "tests")
        for path in (ROOT / folder).rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts and b"\0" in path.read_bytes()
    }
    assert set(re.findall(r'"\*(\.\w+)"', tracked)) == binary


def test_the_readme_shows_moving_pictures_of_modest_size() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    pictures = [ROOT / name for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)]
    assert pictures
    assert sum(path.stat().st_size for path in pictures) < MOST_BYTES
    for path in pictures:
        with Image.open(path) as picture:
            assert getattr(picture, "n_frames", 1) > 20, path.name
