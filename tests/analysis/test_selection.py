"""The luck of the best: against Harter's table and a simulation."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core.analysis import selection


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, 0.0), (2, 0.56419), (3, 0.84628), (10, 1.53875), (30, 2.04276), (100, 2.50759)],
)
def test_the_expected_maximum_is_that_of_the_table(count: int, expected: float) -> None:
    assert selection.expected_maximum(count) == pytest.approx(expected, abs=2e-5)


def test_the_optimism_is_that_of_a_simulation() -> None:
    random = np.random.default_rng(0)
    seen = random.binomial(2_000, 0.9, (5_000, 12)) / 2_000
    assert selection.optimism(0.9, 2_000, 12) == pytest.approx(seen.max(1).mean() - 0.9, rel=0.03)
    assert selection.standard_error(1.0, 100) == 0.0
