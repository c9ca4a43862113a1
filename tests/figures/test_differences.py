from __future__ import annotations

import json

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.figures import differences, evaluation, matrices
from cnn_core.figures.palette import DARK, LIGHT

WORDS = {
    language: differences.DifferenceWords.of(texts.table(language)) for language in texts.LANGUAGES
}
FIRST = np.array([[5, 1], [2, 4]])
SECOND = np.array([[6, 0], [2, 4]])


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_difference_is_the_second_less_the_first(language):
    option = differences.matrix_difference(
        FIRST, SECOND, ["cat", "dog"], words=WORDS[language], palette=LIGHT
    )
    json.dumps(option)
    cells = option["series"][0]["data"]
    assert [cell["value"] for cell in cells] == [[0, 0, 1], [1, 0, -1], [0, 1, 0], [1, 1, 0]]
    assert [cell["label"]["formatter"] for cell in cells if cell["label"]["show"]] == ["+1", "-1"]
    said = differences.matrix_difference_alt(FIRST, SECOND, ["cat", "dog"], words=WORDS[language])
    assert "+1" in said
    assert "cat" in said


def test_equal_matrices_and_many_classes_are_drawn():
    names = [f"class {place}" for place in range(20)]
    same = np.eye(20, dtype=np.int64)
    option = differences.matrix_difference(same, same, names, words=WORDS["en"], palette=LIGHT)
    assert not any(cell["label"]["show"] for cell in option["series"][0]["data"])
    json.dumps(option)
    assert differences.matrix_difference_alt(same, same, names, words=WORDS["en"])


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_each_network_has_a_bar_for_each_class(palette):
    probabilities = {f"run {run}": np.array([0.25, 0.75], np.float32) for run in range(8)}
    option = differences.probability_bars(
        probabilities, ["cat", "dog"], words=WORDS["ko"], palette=palette
    )
    json.dumps(option)
    assert [series["data"] for series in option["series"]] == [[25.0, 75.0]] * 8
    assert len({series["color"] for series in option["series"]}) == 8


@pytest.mark.parametrize("letter", ["n ", "가"])
def test_matrices_side_by_side_begin_at_one_height_and_long_titles_are_whole(letter):
    def titled(title):
        return matrices.frame(title, ["cat", "dog"], true="true", predicted="predicted")

    short, long = titled("short"), titled(letter * 60)
    [usual] = matrices.align([short])
    assert usual["grid"] == short["grid"]
    both = matrices.align([short, long])
    tops = {option["grid"]["top"] for option in both}
    assert len(tops) == 1
    width = (
        0.5 if letter == "n " else 1.0
    ) * matrices.TITLE_SIZE_PX  # of a letter and half a space
    assert tops.pop() >= 60 * width / matrices.TITLE_PX * matrices.TITLE_LINE_PX
    assert [option["title"]["text"] for option in both] == ["short", letter * 60]
    assert {option["title"]["textStyle"]["overflow"] for option in both} == {"break"}


def test_what_a_page_changes_of_a_matrix_is_gone_from_the_next():
    words = evaluation.ConfusionWords.of(texts.table("en"))

    def made():
        return evaluation.confusion_heatmap(
            FIRST, ["cat", "dog"], as_percent=False, marked=None, words=words, palette=LIGHT
        )

    before = json.dumps(made())
    changed = made()
    for part in ("title", "grid", "tooltip", "visualMap", "xAxis", "yAxis"):
        changed[part]["show"] = False
    changed["series"][0]["cursor"] = "default"
    assert json.dumps(made()) == before
