"""What the check asks of TensorFlow: whether two devices compute the same network alike."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_a_device_agrees_with_itself_and_not_with_one_that_computes_wrong_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cnn_core.training import probe

    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), np.uint8)
    assert probe.difference(images, "/CPU:0", "/CPU:0") < 1e-6
    right = probe._probabilities(images, "/CPU:0")
    assert right.shape == (2, 4, 10)
    assert np.allclose(right.sum(axis=-1), 1, atol=1e-5)
    assert not np.allclose(right[0], right[1])  # the gradient counts, too
    for wrong, apart in ((np.roll(right, 1, axis=-1), 0.001), (np.full_like(right, np.nan), 1.0)):
        answers = {"/CPU:0": right, "/GPU:0": wrong}
        monkeypatch.setattr(probe, "_probabilities", lambda _, device, of=answers: of[device])
        assert probe.difference(images, "/CPU:0", "/GPU:0") >= apart
