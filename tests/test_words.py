"""Words that have no place in texts, documentation, comments and docstrings, each with a better one."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
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


def english() -> Iterator[tuple[str, str]]:
    """(place, line) of everything that is written in English."""
    for key, text in texts.table("en").items():
        yield f"en.toml {key}", text
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        yield from prose(path)
    for path in sorted((ROOT / "assets" / "lessons" / "en").glob("*.md")):
        yield from prose(path)
    for folder in ("cnn_core", "pages", "bench"):
        for path in sorted((ROOT / folder).rglob("*.py")):
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
    source, name = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield f"{name}:{token.start[0]}", token.string
    for node in ast.walk(ast.parse(source)):
        match node:  # a docstring, or a sentence below a constant
            case ast.Expr(value=ast.Constant(value=str(text))):
                for number, line in enumerate(text.splitlines(), node.lineno):
                    yield f"{name}:{number}", line


def complaints(lines: Iterator[tuple[str, str]], banned: dict[str, str]) -> list[str]:
    rules = [
        (re.compile(rf"\b{words}\b", re.IGNORECASE), better) for words, better in banned.items()
    ]
    if banned is BANNED_KOREAN:
        rules = [(re.compile(words), better) for words, better in banned.items()]
    return [
        f"{place}: “{found.group()}” (better: {better}) in: {line.strip()}"
        for place, line in lines
        if not line.endswith(FINE)
        for rule, better in rules
        for found in rule.finditer(line)
        if not any(place.startswith(file) and words in line for file, words in ALLOWED)
    ]


def test_no_quaint_words_in_english() -> None:
    assert complaints(english(), BANNED) == []


def test_no_old_words_in_korean() -> None:
    assert complaints(korean(), BANNED_KOREAN) == []


def test_every_exception_is_needed() -> None:
    lines = list(english())
    for file, words in ALLOWED:
        used = [line for place, line in lines if place.startswith(file) and words in line]
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


def test_strings_that_are_code_are_not_read(tmp_path: Path) -> None:
    path = ROOT / "cnn_core" / "texts.py"
    read = [line for _, line in comments(path)]
    assert any("Texts in English and Korean" in line for line in read)
    assert not any("rieul" in line for line in read)
