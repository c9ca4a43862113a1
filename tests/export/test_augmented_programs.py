"""The changes that an exported program makes to training images are those of the app."""

from __future__ import annotations

import itertools
import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import datasets
from cnn_core.config import AUGMENTATIONS, TrainConfig
from cnn_core.export import augmentation as program
from cnn_core.training.augmentation import augmentation_of
from cnn_core.training.batches import image_order

pytestmark = pytest.mark.slow  # it loads Keras

IMAGES, BATCH_SIZE, SEED = 50, 16, 3
BATCHES = math.ceil(IMAGES / BATCH_SIZE)


@pytest.mark.parametrize("kind", [kind for kind in AUGMENTATIONS if kind != "none"])
def test_a_program_changes_the_images_of_two_epochs_as_the_app_does(kind: str) -> None:
    data = datasets.load("digits")
    images = data.x_train[:IMAGES].astype(np.float32) / 255
    names: dict[str, Any] = {
        **{"itertools": itertools, "keras": keras, "np": np},
        **{"SEED": SEED, "BATCH_SIZE": BATCH_SIZE, "BATCHES": BATCHES},
        **{"x_train": images, "y_train": data.y_train[:IMAGES]},
    }
    settings = "\n".join(program.settings(kind, str))
    exec(f"{settings}\n{program.functions(kind, str)}{program.batches(kind, str)}", names)
    theirs = names["batches"]()

    ours = augmentation_of(
        TrainConfig(augmentation=kind, batch_size=BATCH_SIZE, seed=SEED), images.shape
    )
    assert ours is not None
    for epoch in range(2):
        ours.begin_epoch(epoch)
        order = image_order(IMAGES, SEED, epoch)
        for batch in range(BATCHES):
            rows = order[batch * BATCH_SIZE : (batch + 1) * BATCH_SIZE]
            changed, labels = next(theirs)
            expected = ours.changed(tf.constant(images[rows]), tf.constant(batch)).numpy()
            assert_allclose(changed, expected, atol=1e-6)
            assert_array_equal(labels, data.y_train[rows])
            assert np.abs(changed - images[rows]).max() > 0.05
