"""The curves of the activation functions against closed forms of their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from cnn_core import texts
from cnn_core.config import ACTIVATIONS
from cnn_core.figures import activations
from cnn_core.figures.palette import LIGHT

SUMS = np.linspace(-5, 5, 200)
SLOPES: dict[str, Callable[[Any], Any]] = {
    "linear": np.ones_like,
    "relu": lambda x: (x > 0).astype(float),
    "leaky_relu": lambda x: np.where(x > 0, 1, 0.2),
    "elu": lambda x: np.where(x > 0, 1, np.exp(x)),
    "gelu": lambda x: norm.cdf(x) + x * norm.pdf(x),
    "tanh": lambda x: 1 / np.cosh(x) ** 2,
    "sigmoid": lambda x: expit(x) * expit(-x),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_derivative_is_that_of_its_function(name: str) -> None:
    np.testing.assert_allclose(activations.derivative(name, SUMS), SLOPES[name](SUMS), atol=1e-6)


def test_each_function_has_a_chart_with_its_two_lines() -> None:
    words = activations.ActivationWords.of(texts.table("en"))
    option = activations.activation_curves(words=words, palette=LIGHT)
    assert [title["text"] for title in option["title"]] == list(ACTIVATIONS)
    for place, name in enumerate(ACTIVATIONS):
        lines = {line["name"]: line for line in option["series"] if line["xAxisIndex"] == place}
        assert set(lines) == {words.function, words.derivative}
        points = np.array(lines[words.derivative]["data"])
        np.testing.assert_allclose(points[:, 1], SLOPES[name](points[:, 0]), atol=2e-4)
