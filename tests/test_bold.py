"""What texts and lessons set in bold is bold to CommonMark, whatever signs a name begins and ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from test_texts import slots

from cnn_core import texts
from pages.session.words import plain

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "assets" / "lessons").rglob("*.md"))
NAMES = [
    "B (2)", "50%", "v1.", "“따옴표”", "'a'", "(a)", "3×3!", "a_b_", "_a", "*", "**", "a**b", "a*", "`",
    "\\", "a\\", "[a]", "<b>", "A+", "→", "😀", "#", "~~", "$x$", ":red[a]", "7", "이름", " a ",
]  # fmt: skip
MARKDOWN = MarkdownIt("commonmark")
BOLD = {
    language: [key for key, text in texts.table(language).items() if "**" in text]
    for language in texts.LANGUAGES
}


def asterisks(text: str) -> list[str]:
    """What a reader sees of `text` that has two asterisks in a row which nobody wrote in a name."""
    shown = [
        child.content
        for token in MARKDOWN.parse(text)
        for child in token.children or []
        if child.type == "text"
    ]
    return [words for words in shown if "**" in words]


def strong(text: str) -> int:
    return sum(
        child.type == "strong_open"
        for token in MARKDOWN.parse(text)
        for child in token.children or []
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_bold_slot_is_bold_whatever_its_name_ends_in(language: str, name: str) -> None:
    for key in BOLD[language]:
        template = texts.table(language)[key]
        filled = texts.say(language, key, **dict.fromkeys(slots(template), plain(name)))
        assert strong(filled) == template.count("**") / 2, filled
        if "**" not in name:
            assert not asterisks(filled), key


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_bold_word_of_a_lesson_is_bold(path: Path) -> None:
    assert not asterisks(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_bold_name_before_a_particle_keeps_its_particle(name: str) -> None:
    bare = texts.fill("{name}은(는)", name=plain(name))
    bold = texts.fill("**{name}**은(는)", name=plain(name))
    assert bold[-1] == bare[-1]


def test_text_without_need_stays_as_it_is() -> None:
    for text in (
        "**a**는 b",
        "(**a.**) b",
        "**끝.** 다음",
        "a ** b",
        "`2**3` **a**",
        r"\**a",
        "**",
    ):
        assert texts.keep_bold(text) == text
