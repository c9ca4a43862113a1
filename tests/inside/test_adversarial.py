"""Adversarial images against an independent computation: Keras' own loss on the whole network."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from toy_networks import READS_ONE, reads_one_pixel, shipped

from cnn_core.inside.adversarial import adversarial
from cnn_core.labs.adversarial import ITERATIONS, METHODS, SIZES

pytestmark = pytest.mark.slow

__all__ = ["shipped"]  # a fixture


def gradient(network: keras.Model, pixels: np.ndarray, label: int) -> np.ndarray:
    """Of Keras' cross-entropy of the network's probabilities, in 64 bits as far as its weights go."""
    inputs = tf.Variable(pixels[np.newaxis])
    with tf.GradientTape() as tape:
        loss = keras.losses.sparse_categorical_crossentropy(
            tf.constant([label]), network(inputs, training=False)
        )
    return np.asarray(tape.gradient(loss, inputs))[0]


@pytest.mark.parametrize("size", [SIZES.index(0.02), SIZES.index(0.1)])
def test_the_steps_are_those_of_an_independent_computation(shipped, size: int) -> None:
    opened, images = shipped
    # The gradient of a sure answer is below what float32 keeps of a probability: take the least sure.
    first = int(opened.predict(images).max(axis=1).argmin())
    pixels = images[first].astype(np.float32) / 255
    found = adversarial(opened, images[first])
    label = int(opened.predict(images[first][np.newaxis])[0].argmax())
    assert found["label"] == label
    most = SIZES[size]
    fast = np.clip(pixels + most * np.sign(gradient(opened.model, pixels, label)), 0, 1)
    iterated = pixels
    for _ in range(ITERATIONS):
        step = most / ITERATIONS * np.sign(gradient(opened.model, iterated, label))
        iterated = np.clip(iterated + step, 0, 1)
    for method, expected in zip(METHODS, (fast, iterated), strict=True):
        changed = found["images"][METHODS.index(method), size]
        # A gradient of about 0 may have either sign.
        assert np.mean(np.abs(changed - expected) > 1e-4) < 0.02, method
        single = opened.predict(changed[np.newaxis])[0]
        shares = found["probabilities"][METHODS.index(method), size]
        np.testing.assert_allclose(shares, single, atol=2e-3)


def test_every_pixel_stays_within_the_size_and_the_range(shipped) -> None:
    opened, images = shipped
    found, pixels = adversarial(opened, images[0]), images[0].astype(np.float32) / 255
    assert found["images"].shape == (len(METHODS), len(SIZES), *pixels.shape)
    for changed in found["images"]:
        np.testing.assert_allclose(changed[0], pixels, atol=1e-7)
        for size, one in zip(SIZES, changed, strict=True):
            assert np.abs(one - pixels).max() <= size + 1e-6
            assert one.min() >= 0
            assert one.max() <= 1


def test_only_the_pixel_that_a_toy_reads_moves() -> None:
    picture = np.full((8, 8, 1), 0.5, np.float32)
    found = adversarial(reads_one_pixel(4), picture)
    moved = found["images"][:, -1, ..., 0] - 0.5
    assert found["label"] == 1
    for change in moved:
        assert change[READS_ONE] == pytest.approx(-0.3, abs=1e-6)
        assert np.count_nonzero(np.abs(change) > 1e-6) == 1
