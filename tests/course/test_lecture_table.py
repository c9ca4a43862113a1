"""The table of the lecture goes through all its code in order, in both languages; it is checked when read."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest
import visits

from cnn_core import texts
from cnn_core.config import TEXTBOOK
from cnn_core.course import notes
from cnn_core.export import lecture
from cnn_core.lessons import formulas
from cnn_core.lessons.reader import LESSONS

HANGUL = re.compile("[가-힣]")
SCRIPT = Path(__file__).parents[2] / "assets" / "scripts" / "textbook_lecture.py"


def rows(language: str = "en") -> list[notes.Row]:
    return [row for part in notes.read(language) for row in part.rows]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_code_of_the_rows_is_the_lecture_from_its_first_line_to_its_last(language: str) -> None:
    cells = lecture.cells(TEXTBOOK, notes.TRAIN, language=language)
    own = [row for row in rows(language) if row.cell]
    joined = {
        name: [line for row in group for line in row.code.splitlines() if line]
        for name, group in groupby(own, key=lambda row: row.cell)
    }
    assert list(joined) == list(cells)
    for name, lines in joined.items():
        assert lines == [line for line in cells[name].code.splitlines() if line], name
    assert all(row.code for row in own)


def test_every_line_of_the_shipped_lecture_has_a_row() -> None:
    """The same file that a reader of the notes opens."""
    covered = {line for row in rows() for line in row.code.splitlines()}
    _, _, code = SCRIPT.read_text("utf-8").partition('"""\n\n')
    lines = [line for line in code.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 150
    assert [line for line in lines if line not in covered] == []


def test_the_numbers_and_ideas_of_the_notes_are_there() -> None:
    told = "\n".join(f"{row.title} {row.shows} {row.code} {row.words}" for row in rows())
    for word in (
        "320", "18,496", "313,700", "1,010", "333,526", "(3, 3, 1, 32)", "(32,)", "valid", "Stride",
        "test_size=0.2", "type(history)", "history.epoch", "weights[0].shape", "argmax(axis=1)", "dpi=64",
    ):  # fmt: skip
        assert word in told, word
    terms = {term for row in rows() for term in row.terms}
    assert terms >= {
        "padding", "stride", "pooling", "softmax", "loss", "dropout", "early_stopping", "checkpoint",
        "history", "initialization", "functional", "feature_map", "summary", "more_filters", "splitting",
        "evaluate_predict", "confusion_matrix", "parameters",
    }  # fmt: skip


def test_both_languages_lead_to_the_same_places() -> None:
    for english, korean in zip(rows("en"), rows("ko"), strict=True):
        for field in ("key", "page", "query", "terms", "holds", "words", "cell"):
            assert getattr(english, field) == getattr(korean, field), english.key
        assert HANGUL.search(korean.shows), korean.key
        assert not HANGUL.search(english.title + english.shows + english.code), english.key
        assert formulas.SLOT.search(english.code + korean.code) is None, english.key


def test_every_place_is_a_page_and_every_term_a_lesson() -> None:
    for row in rows():
        assert row.page in visits.PAGES, row.key
        assert set(row.terms) <= set(LESSONS), row.key
        assert row.terms or row.code or row.holds, row.key


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_control_that_is_quoted_is_called_that(language: str) -> None:
    labels = set(texts.table(language).values())
    for row in rows(language):
        for quoted in re.findall("“(.+?)”", row.shows):
            assert quoted in labels or row.page == "convolution", (row.key, quoted)


def test_no_number_is_written_where_it_could_be_calculated() -> None:
    source = notes.FILE.read_text("utf-8")
    for line in re.findall(r"^(?:title|shows) = .+$", source, re.MULTILINE):
        plain = formulas.SLOT.sub("", line)
        plain = re.sub(r"`\w+`|[a-z]+\d\b", "", plain)
        assert not re.search(r"\d\d|[2-9]", plain), line


BROKEN = {
    "missing: fit": lambda text: "".join(
        part for part in re.split(r"(?=\n\[\[)", text) if 'cell = "fit"' not in part
    ),
    "missing or unknown shows, shwos": lambda text: text.replace("shows =", "shwos =", 1),
    "missing or unknown place": lambda text: re.sub("\nplace = .+", "", text, count=1),
    "shows is not given in every language": lambda text: re.sub(
        r'(shows = \{en = ".+?"), ko = .+\}', r"\1}", text, count=1
    ),
    "no lesson convolutoin": lambda text: text.replace('["convolution"]', '["convolutoin"]', 1),
    "no text spread.tsd": lambda text: text.replace("spread.std", "spread.tsd", 1),
    "does not say what its place holds": lambda text: re.sub("\nholds = .+", "", text, count=1),
    "No line of the lecture begins with 'SEEDS'": lambda text: text.replace('"SEED"', '"SEEDS"'),
    "the first row of a cell begins": lambda text: text.replace(
        'cell = "fit"\n', 'cell = "fit"\nfrom = "y_train"\n'
    ),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_table_that_is_built_in_another_way_is_refused(reason: str) -> None:
    source = notes.FILE.read_text("utf-8")
    broken = BROKEN[reason](source)
    assert broken != source
    with pytest.raises(ValueError, match=f"(?i){re.escape(reason)}"):
        notes.parse(broken, "en")


def test_there_is_no_table_in_another_language() -> None:
    with pytest.raises(KeyError):
        notes.read("de")
