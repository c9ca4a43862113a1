"""Move images of clothes as the sliders of "Fool it" would: the same bytes for a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnn_core.labs.changes import apply

Images = npt.NDArray[np.uint8]

ROTATION = 30.0  # degrees each way
SHIFT = 4.0  # pixels each way
ZOOM = (75.0, 125.0)  # percent
MIRRORED = 0.5  # share of the images whose left is the right


def copies(images: Images, count: int, seed: int) -> Images:
    """The images themselves and `count` moved versions of each, one set after the other.

    Args:
        images: uint8 of shape (N, H, W, C).
        count: Versions of each image, from 0.
        seed: The same seed gives the same versions.

    Returns:
        uint8 of shape ((count + 1) * N, H, W, C).
    """
    random = np.random.default_rng(seed)
    return np.concatenate([images, *(moved(images, random) for _ in range(count))])


def moved(images: Images, random: np.random.Generator) -> Images:
    """One version of each image (N, H, W, C): rotated, shifted, zoomed, half of them mirrored."""
    changed = np.empty_like(images)
    for at, image in enumerate(images):
        strengths = {
            "rotate": random.uniform(-ROTATION, ROTATION),
            "right": random.uniform(-SHIFT, SHIFT),
            "down": random.uniform(-SHIFT, SHIFT),
            "zoom": random.uniform(*ZOOM),
        }
        turned = image[:, ::-1] if random.random() < MIRRORED else image
        changed[at] = np.rint(apply(turned, strengths) * 255).astype(np.uint8)
    return changed
