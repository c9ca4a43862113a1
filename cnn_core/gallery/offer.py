"""An image that a visitor offers to the gallery: changed and judged here, whatever a browser says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cnn_core.analysis.probabilities import percent
from cnn_core.errors import GalleryError
from cnn_core.gallery import store
from cnn_core.gallery.entry import Entry, Pixels, are_valid_pixels, is_strength
from cnn_core.labs.changes import CHANGES, apply
from cnn_core.planning.limits import Limits

LEAST = 0.7  # probability of the wrong answer: less is doubt, not confidence
BLANK = (
    12  # of 255: the brightest and the darkest pixel of an image with anything on it differ more
)

Predict = Callable[[Pixels], npt.NDArray[np.float32]]  # (H, W, C) -> (K,) probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """An image before its changes, and what is done to it.

    Attributes:
        run: Id of the run whose network is to be fooled.
        dataset: Name of its data set.
        input_shape: Of its network (H, W, C).
        source: As in `Entry`.
        place: As in `Entry`.
        image: Of the input shape; uint8, or float in [0, 1].
        truth: Its class; of a drawing, what the visitor meant, None before they say so.
        strengths: By name of the change, neutral ones among them or not.
        centre: As in `Entry`.
    """

    run: str
    dataset: str
    input_shape: tuple[int, int, int]
    source: str
    image: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    truth: int | None
    place: Mapping[str, str] = field(default_factory=dict)
    strengths: Mapping[str, float] = field(default_factory=dict)
    centre: tuple[int, int] | None = None

    @property
    def moved(self) -> dict[str, float]:
        """The changes that change something."""
        return {
            name: value for name, value in self.strengths.items() if value != CHANGES[name].neutral
        }


def submit(offer: Offer, owner: str, predict: Predict, limits: Limits | None = None) -> Entry:
    """Add the changed image to the gallery if its network really misreads it with confidence.

    Args:
        offer: The image and its changes.
        owner: A secret word of the visitor's browser; only its hash is kept.
        predict: Asks the network; it gets exactly the bytes that the gallery will show.
        limits: Caps; those of the environment if not given.

    Raises:
        GalleryError: If the gallery does not take it; nothing was written.
    """
    limits = limits or Limits.from_environment()
    pixels = _changed(offer)
    store.refuse_if_busy(owner, limits)  # before the network is asked
    truth = offer.truth
    if truth is None:
        raise GalleryError("gallery.no_truth")
    probabilities = np.asarray(predict(pixels))
    label = int(probabilities.argmax())
    probability = float(probabilities[label])
    if label == truth:
        raise GalleryError("gallery.read_right")
    if not probability >= LEAST:
        raise GalleryError("gallery.not_sure", least=f"{LEAST:.0%}", share=percent(probability, 0))
    entry = Entry(
        offer.run, offer.dataset, offer.source, offer.place, offer.moved, offer.centre, pixels, truth,
        label, min(1.0, probability),
    )  # fmt: skip
    return store.add(entry, owner, limits)


def _changed(offer: Offer) -> Pixels:
    """The bytes of the changed image, of what can be in the gallery at all."""
    shaped = offer.image.shape == offer.input_shape
    if not shaped or not all(is_strength(*strength) for strength in offer.strengths.items()):
        raise GalleryError("gallery.bad_image")
    if offer.source == "data" and not offer.moved:
        raise GalleryError("gallery.unchanged")
    changed = apply(offer.image, offer.moved, centre=offer.centre)
    pixels: Pixels = np.rint(changed * 255).astype(np.uint8)
    if not are_valid_pixels(pixels):
        raise GalleryError("gallery.bad_image")
    if int(pixels.max()) - int(pixels.min()) < BLANK:
        raise GalleryError("gallery.blank")
    return pixels
