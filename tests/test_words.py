"""Words that have no place in texts, documentation, comments and docstrings, each with a better one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from math import inf
from pathlib import Path

import pytest

from cnn_core import texts

ROOT = Path(__file__).parent.parent
FINE = "# words: fine"

# Pattern: what to write instead.
BANNED = {
    r"reckon\w*": "calculate, estimate",
    r"mend(s|ed|ing)?": "fix",
    r"whoever": "anybody who, those who",
    r"put(s|ting)? out": "output",
    r"taken? for an?": "classify as",
    r"taken for": "classified as",
    r"excit(e|es|ed|ing)": "activate",
    r"sp(eaks?|oke) for": "support",
    r"answer(s|ed|ing)? to": "respond to",
    r"at once": "immediately; together",
    r"by hand": "manually",
    r"by heart": "memorize",
    r"at work": "running",
    r"(broke|breaks?) off": "end",
    r"stands? (?!in\b|for\b|out\b)\w+": "is",
    r"where \w+ stands?": "state",
    r"behind": "after",
    r"slopes?": "gradient",
    r"grey pictures?": "greyscale image",
    r"(a|one) row of numbers": "vector",
    r"(batches|seconds|steps|images|filters|labels|frames|times?|once|twice|ms|s|bytes) an? "
    r"(epoch|look|batch|step|pixel|weight|run|rerun|image|layer)": "per",
    r"(him|her)self": "themselves",
    r"anew": "again",
    r"becomes? of": "happens to",
    r"makes? of (it|an?|the)": "outputs, says",
    r"lay(s|ing)? down": "set",
    r"favourites?": "top images",
}
"""Of English, whatever their case."""

BANNED_KOREAN = {
    r"십시오": "세요",
    r"(?<!과대)(?<!\()과적합": "과대적합",
    r"파라메터|패러미터": "파라미터",
    r"수용장(?!\))": "수용 영역",
    r"찍는": "무작위로 예측하는",
}

_BLOCK = r"/\*.*?\*/"
_LINE = r"(?<![:\w\"'`])//[^\n]*"  # not the // of an address
COMMENT_MARKS = {
    ".js": re.compile(f"{_BLOCK}|{_LINE}", re.DOTALL),
    ".mjs": re.compile(f"{_BLOCK}|{_LINE}", re.DOTALL),
    ".css": re.compile(_BLOCK, re.DOTALL),
    ".html": re.compile(r"<!--.*?-->", re.DOTALL),
    ".jinja": re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL),
}
"""Suffix of a file: what a comment is there."""

ALLOWED = {
    ("cnn_core/figures/architecture.py", "hides behind a scroll bar"),
    ("cnn_core/figures/architecture.py", "Feature maps behind one another"),
    ("cnn_core/figures/architecture.py", "the sheet behind the one at"),
    ("cnn_core/figures/curves.py", "so that the line behind does not"),
    ("cnn_core/figures/palette.py", "a thin line behind the epochs"),
    ("cnn_core/files.py", "leaves it behind"),
    ("cnn_core/model.py", "leaves behind"),
}
"""(file, words around it) where such a word is right after all."""


@cache
def english() -> tuple[tuple[str, str], ...]:
    """(place, line) of everything that is written in English."""
    return tuple(_english())


def _english() -> Iterator[tuple[str, str]]:
    for key, text in texts.table("en").items():
        yield f"en.toml {key}", text
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("requirements*.txt")]:
        yield from prose(path)
    for path in sorted((ROOT / "assets").rglob("*.md")):
        if path.parent.name != "ko":
            yield from prose(path)
    for folder in ("cnn_core", "pages", "bench", "assets", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in COMMENT_MARKS:
                yield from marked_comments(path)
            elif path.suffix == ".py" and path != Path(__file__):
                yield from comments(path)
    yield from comments(ROOT / "app.py")


def korean() -> Iterator[tuple[str, str]]:
    """(place, line) of everything that is written in Korean."""
    for key, text in texts.table("ko").items():
        yield f"ko.toml {key}", text
    for path in sorted((ROOT / "assets" / "lessons" / "ko").glob("*.md")):
        for place, line in prose(path):
            if not line.startswith("<!-- also:"):
                yield place, line


def prose(path: Path) -> Iterator[tuple[str, str]]:
    name = path.relative_to(ROOT).as_posix()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        yield f"{name}:{number}", line


def comments(path: Path) -> Iterator[tuple[str, str]]:
    """Comments and docstrings of a module, line by line; other strings are texts or code."""
    source, name = path.read_bytes(), path.relative_to(ROOT).as_posix()
    strings: dict[int, list[tuple[float, float]]] = defaultdict(list)  # line: from and to, in bytes
    for node in ast.walk(ast.parse(source)):
        match node:  # a docstring, or a sentence below a constant
            case ast.Expr(value=ast.Constant(value=str(text))):
                for number, line in enumerate(text.splitlines(), node.lineno):
                    yield f"{name}:{number}", line
            case ast.JoinedStr() | ast.Constant(value=str()):
                last = node.end_lineno or node.lineno
                for number in range(node.lineno, last + 1):
                    start = node.col_offset if number == node.lineno else 0
                    end = node.end_col_offset if number == last else None
                    strings[number].append((start, inf if end is None else end))
    for number, line_bytes in enumerate(source.split(b"\n"), 1):
        for mark in re.finditer(b"#", line_bytes):
            if not any(start <= mark.start() < end for start, end in strings[number]):
                yield f"{name}:{number}", line_bytes[mark.start() :].decode("utf-8")
                break


def marked_comments(path: Path) -> Iterator[tuple[str, str]]:
    """Comments of a script for the browser, a style sheet or a template, line by line."""
    source, name = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
    for found in COMMENT_MARKS[path.suffix].finditer(source):
        first = source.count("\n", 0, found.start()) + 1
        for number, line in enumerate(found.group().splitlines(), first):
            yield f"{name}:{number}", line


def complaints(lines: Iterable[tuple[str, str]], banned: dict[str, str]) -> list[str]:
    bound = r"\b" if banned is BANNED else ""  # Korean endings and particles follow a word directly
    rules = [
        (re.compile(f"{bound}(?:{words}){bound}", re.IGNORECASE), better)
        for words, better in banned.items()
    ]
    any_rule = re.compile(f"{bound}(?:{'|'.join(banned)}){bound}", re.IGNORECASE)
    return [
        f"{place}: “{found.group()}” (better: {better}) in: {line.strip()}"
        for place, line in lines
        if any_rule.search(line) and not line.endswith(FINE)
        for rule, better in rules
        for found in rule.finditer(line)
        if not any(place.startswith(file) and words in line for file, words in ALLOWED)
    ]


def test_no_quaint_words_in_english() -> None:
    assert complaints(english(), BANNED) == []


def test_no_old_words_in_korean() -> None:
    assert complaints(korean(), BANNED_KOREAN) == []


def test_every_exception_is_needed() -> None:
    for file, words in ALLOWED:
        used = [line for place, line in english() if place.startswith(file) and words in line]
        assert used, (file, words)
        assert any(re.search(rf"\b{rule}\b", line, re.I) for rule in BANNED for line in used)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("It is reckoned at once.", 2),
        ("Whoever mends it", 2),
        ("the layer puts out maps", 1),
        ("a bag taken for a shirt", 2),
        ("20 batches an epoch", 1),
        ("a rope of its own, recommended", 0),
        ("It stands in for another.", 0),
        (f"once at once  {FINE}", 0),
    ],
)
def test_the_check_finds_what_it_should(line: str, found: int) -> None:
    assert len(complaints(iter([("here", line)]), BANNED)) == found


def test_comments_of_scripts_and_style_sheets_are_read(tmp_path: Path) -> None:
    read = dict(english())
    for suffix in (".js:", ".css:", ".mjs:", ".py:", ".jinja:"):
        assert any(suffix in place for place in read), suffix
    assert not any("https" in line for place, line in read.items() if ".js:" in place)
    script = ROOT / "assets" / "stepper" / "paint.js"
    lines = script.read_text("utf-8").splitlines()
    for place, comment in marked_comments(script):
        assert comment in lines[int(place.rpartition(":")[2]) - 1]


def test_strings_that_are_code_are_not_read(tmp_path: Path) -> None:
    path = ROOT / "cnn_core" / "texts.py"
    read = [line for _, line in comments(path)]
    assert any("Texts in English and Korean" in line for line in read)
    assert not any("rieul" in line for line in read)
