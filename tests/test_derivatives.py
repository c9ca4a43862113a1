"""The derivatives of the activation functions against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from cnn_core.config import ACTIVATIONS
from cnn_core.convolution import derivative

SUMS = np.linspace(-5, 5, 200)
CLOSED_FORMS: dict[str, Callable[[Any], Any]] = {
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
    np.testing.assert_allclose(derivative(SUMS, name), CLOSED_FORMS[name](SUMS), atol=1e-6)


def test_at_the_bend_of_relu_it_is_the_mean_of_both_sides() -> None:
    np.testing.assert_allclose(derivative(np.zeros(1), "relu"), [0.5])
