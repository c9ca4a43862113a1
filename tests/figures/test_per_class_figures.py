"""Precision, recall and F1 of every class: the numbers and their order."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.analysis.evaluation import PerClass, per_class
from cnn_core.figures import per_class as figures
from cnn_core.figures.palette import LIGHT

NAMES = ["cat", "dog", "owl"]
FOUND = per_class(np.array([[90, 10, 0], [1, 98, 1], [0, 0, 0]]))


def chart(found: PerClass = FOUND, language: str = "en") -> dict:
    words = figures.Words.of(texts.table(language))
    return figures.chart(
        found, NAMES, colour="#123456", words=words, palette=LIGHT
    ).to_plotly_json()


def test_each_class_has_its_three_figures_in_its_row() -> None:
    for trace, values in zip(
        chart()["data"], (FOUND.f1, FOUND.precision, FOUND.recall), strict=True
    ):
        np.testing.assert_allclose(trace["x"], values, atol=1e-4)
        assert list(trace["y"]) == [0, 1, 2]
        assert trace["hovertext"][1].startswith(
            "dog: precision 0.907, recall 0.980, F1 0.942, 100 "
        )
    layout = chart()["layout"]["yaxis"]
    assert list(layout["ticktext"]) == NAMES
    assert layout["range"] == [2.5, -0.5], "the first class is at the top"


def test_bars_begin_at_zero() -> None:
    start, end = chart()["layout"]["xaxis"]["range"]
    assert start == 0, "the length of a bar is its number"
    assert end > 1, "a point at 1 is whole"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_screen_reader_hears_the_worst_class_and_the_best(language: str) -> None:
    json.dumps(chart(language=language), allow_nan=False)
    said = figures.alt(FOUND, NAMES, words=figures.Words.of(texts.table(language)))
    assert said.index("owl") < said.index("cat")
    assert "0.942" in said
    assert "{" not in said
