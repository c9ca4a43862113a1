"""Small charts of activation functions: each has its two lines, in a place of its own."""

from __future__ import annotations

import numpy as np

from cnn_core import texts
from cnn_core.figures import activations
from cnn_core.figures.palette import LIGHT

SUMS = np.linspace(-1, 1, 3)
CURVES = {
    "relu": (np.maximum(SUMS, 0), np.sign(SUMS)),
    "tanh": (np.tanh(SUMS), SUMS),
    "elu": (SUMS, SUMS),
}


def test_each_function_has_a_chart_with_its_two_lines() -> None:
    words = activations.ActivationWords.of(texts.table("en"))
    option = activations.activation_curves(CURVES, SUMS, words=words, palette=LIGHT)
    assert [title["text"] for title in option["title"]] == list(CURVES)
    for place, pair in enumerate(CURVES.values()):
        lines = [line for line in option["series"] if line["xAxisIndex"] == place]
        assert [line["name"] for line in lines] == [words.function, words.derivative]
        for line, levels in zip(lines, pair, strict=True):
            np.testing.assert_allclose(line["data"], np.column_stack([SUMS, levels]), atol=1e-4)
    corners = {(grid["left"], grid["top"]) for grid in option["grid"]}
    assert len(corners) == len(CURVES)
    lowest = max(grid["top"] + grid["height"] for grid in option["grid"])
    assert lowest < activations.height(len(CURVES)) - activations.LEGEND_PX
