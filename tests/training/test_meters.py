"""Means since the last report fit the means of the epoch."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from cnn_core.training.meters import BatchMeter


@given(
    some.integers(1, 30),
    some.integers(1, 500),
    some.lists(some.booleans(), min_size=500, max_size=500),
    some.integers(0, 2**32 - 1),
)
def test_window_means_recombine_to_the_epoch_mean(
    batch_size: int, images: int, reads: list[bool], seed: int
) -> None:
    values = np.random.default_rng(seed).uniform(0, 5, images)
    meter = BatchMeter(images, batch_size)
    meter.begin(3.0)
    parts = []
    batches = math.ceil(images / batch_size)
    for batch in range(1, batches + 1):
        seen = values[: batch * batch_size]
        meter.count(batch, {"loss": seen.mean(), "accuracy": (seen > 2).mean()})
        if reads[batch % len(reads)] or batch == batches:
            parts.append((len(seen), meter.read(3.0 + batch)))
            assert meter.read(4.0 + batch) is None
    weights = np.diff([0, *(count for count, _ in parts)])
    for name, whole in (("loss", values.mean()), ("accuracy", (values > 2).mean())):
        assert math.isclose(
            np.average([part[name] for _, part in parts if part], weights=weights),
            whole,
            rel_tol=1e-9,
            abs_tol=1e-9,
        )
    assert all(0 <= part["accuracy"] <= 1 for _, part in parts if part)


def test_a_rounding_error_of_keras_makes_no_impossible_figure() -> None:
    meter = BatchMeter(16, 8)
    meter.count(1, {"loss": 1e-8, "accuracy": 1.0})
    meter.read(1.0)
    meter.count(2, {"loss": 0.0, "accuracy": 1.0000001})
    assert meter.read(2.0) == {"loss": 0.0, "accuracy": 1.0, "images_per_s": 8.0}
