"""How much augmentation changes training images; `export.augmentation` writes the same as a program."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SHIFT = 0.1  # of height and width, at most, each way
ROTATION = 20.0  # degrees, at most, each way
ZOOM = 0.2  # larger or smaller by this share, at most
NOISE = 0.1  # standard deviation, where black is 0 and white 1

MOVING = ("geometry", "both")  # the settings that shift, rotate and zoom
NOISY = ("noise", "both")  # the settings that add noise


def random_moves(
    count: int, height: int, width: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """A random shift, rotation and zoom for each image, as `keras.ops.image.affine_transform` takes them.

    Args:
        count: Number of images.
        height: Of an image, in pixels.
        width: Of an image, in pixels.
        random: Where the numbers come from.

    Returns:
        Of shape (count, 8): maps from a pixel of the changed image to where its value is taken from.
    """
    turn, zoom, right, down = random.uniform(-1, 1, (4, count))
    scale, angle = 1 + ZOOM * zoom, np.radians(ROTATION * turn)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    x, y = (width - 1) / 2, (height - 1) / 2
    to_x, to_y = x + SHIFT * width * right, y + SHIFT * height * down
    nothing = np.zeros(count)
    rows = [
        *(cos, sin, x - cos * to_x - sin * to_y),
        *(-sin, cos, y + sin * to_x - cos * to_y),
        *(nothing, nothing),
    ]
    return np.stack(rows, axis=1).astype(np.float32)


def epoch_random(seed: int, epoch: int) -> np.random.Generator:
    """Random numbers of an epoch, counted from 0: independent of those of its image order."""
    return np.random.default_rng((seed, epoch, 1))
