"""Names above parallel axes: whole, whatever the settings, and none over another or over the title."""

from __future__ import annotations

import pytest

from cnn_core import texts
from cnn_core.figures import axis_names
from cnn_core.figures.palette import LIGHT
from cnn_core.planning.space import FIELDS, PLACED


def all_names(language: str) -> list[str]:
    """What the settings of a sweep can be called."""
    names = []
    for field in FIELDS:
        name = texts.say(language, f"field.{field}")
        place = "runs.of_dense" if field == "dense" else "runs.of_block"
        both = [texts.say(language, "sweep.of_all", name=name)]
        both.append(texts.say(language, place, place=2, name=name))
        names += both if field in PLACED else [name]
    return names


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [
        ("Dropout", 80, 1),
        ("Activation\n(all)", 80, 2),
        ("Activation function\n(all)", 80, 3),
        ("2번째 블록: 스트라이드\n(보폭)", 70, 4),
        ("밀집층 유닛 수\n(모두)", 108, 2),
    ],
)
def test_lines_of_a_name(name, width, lines):
    assert axis_names.line_count(name, width) == lines


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("count", range(2, 7))
def test_no_name_reaches_into_another_row_or_the_title(count, language):
    names = all_names(language)
    for start in range(len(names)):
        above = [names[(start + number) % len(names)] for number in range(count)]
        titles = axis_names.titles(above, LIGHT)
        rows = sorted({title["top"] for title in titles})
        for title in titles:
            lines = axis_names.line_count(title["text"], title["textStyle"]["width"])
            ceiling = max([axis_names.TOP_PX, *(row for row in rows if row < title["top"])])
            assert title["top"] - lines * axis_names.LINE_PX >= ceiling, title["text"]
        assert rows[-1] < axis_names.bottom(above)
