"""Change the images of each training step at random: shift, rotate, zoom, add noise. In the graph."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from cnn_core.config import TrainConfig
from cnn_core.planning.augmentation import MOVING, NOISE, NOISY, epoch_random, random_moves
from cnn_core.training.batches import batches_per_epoch


class Augmentation:
    """The random changes of every training image, other ones in every epoch.

    They follow from the seed, the epoch and the place of the image in it, so that a training that was
    interrupted between two epochs goes on as if it had not been.

    Args:
        config: The training; its augmentation is not "none".
        shape: Of the training images, (N, H, W, C).
    """

    def __init__(self, config: TrainConfig, shape: tuple[int, ...]) -> None:
        self._config, self._shape = config, shape
        self._moving = config.augmentation in MOVING
        self._noisy = config.augmentation in NOISY
        batches = batches_per_epoch(shape[0], config.batch_size)
        moves = np.zeros((shape[0] if self._moving else 0, 8), np.float32)
        self._moves = tf.Variable(moves, trainable=False)
        self._seeds = tf.Variable(np.zeros(batches, np.int32), trainable=False)

    def begin_epoch(self, epoch: int) -> None:
        """The changes of an epoch, counted from 0."""
        random = epoch_random(self._config.seed, epoch)
        count, height, width = self._shape[:3]
        if self._moving:
            self._moves.assign(random_moves(count, height, width, random))
        seeds = random.integers(2**31 - 1, size=self._seeds.shape[0])
        self._seeds.assign(seeds.astype(np.int32))

    def changed(self, images: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
        """The images of a batch, float32 (B, H, W, C) in [0, 1], changed; batches count from 0."""
        if self._moving:
            start = batch * self._config.batch_size
            moves = self._moves[start : start + tf.shape(images)[0]]
            images = keras.ops.image.affine_transform(images, moves)
        if self._noisy:
            seed = tf.stack([self._seeds[batch], 0])  # as keras.random.normal makes it of a number
            noise = tf.random.stateless_normal(tf.shape(images), seed)
            images = tf.clip_by_value(images + NOISE * noise, 0.0, 1.0)
        return images


def augmentation_of(config: TrainConfig, shape: tuple[int, ...]) -> Augmentation | None:
    """The changes that a training makes to images of shape (N, H, W, C); None if it makes none."""
    return None if config.augmentation == "none" else Augmentation(config, shape)
