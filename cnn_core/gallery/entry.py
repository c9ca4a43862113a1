"""One image of the gallery, and its row in the file: what is read is checked like what is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.errors import GalleryError
from cnn_core.labs.changes import CHANGES

SOURCES = ("data", "draw")  # an image of a data set, or a drawing
PARTS, SIZES = ("train", "val", "test"), ("sample", "full")
LARGEST_SIDE, CHANNELS = 256, (1, 3)
LONGEST = 80  # characters of the name of a run or a data set
MOST_CLASSES, MOST_IMAGES = 1_000, 10_000_000

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An image that a network misread.

    Attributes:
        run: Id of the run whose network it was.
        dataset: Name of the data set that the network learned.
        source: One of `SOURCES`.
        place: "part", "of" and "index" of an image of a data set, as a link names it; empty for a drawing.
        strengths: Of the changes, by name; those that changed nothing are left out.
        centre: Row and column of the middle of the occluding square; None is the middle of the image.
        pixels: What the network saw, uint8 of shape (H, W, C).
        truth: The class of the image; of a drawing, what the visitor meant.
        label: The class that the network answered, another one.
        probability: What the network gave it, from 0 to 1.
        number: In the file; 0 before it is written.
        owner: A hash of the visitor's secret word.
    """

    run: str
    dataset: str
    source: str
    place: Mapping[str, str]
    strengths: Mapping[str, float]
    centre: tuple[int, int] | None
    pixels: Pixels
    truth: int
    label: int
    probability: float
    number: int = 0
    owner: str = ""

    def __post_init__(self) -> None:
        if not all(self._checks()):
            raise GalleryError("gallery.bad_image")

    def _checks(self) -> tuple[bool, ...]:
        return (
            all(0 < len(name) <= LONGEST for name in (self.run, self.dataset)),
            self.source in SOURCES,
            are_valid_pixels(self.pixels),
            is_place(self.place) if self.source == "data" else not self.place,
            all(is_strength(name, value) for name, value in self.strengths.items()),
            self.centre is None or all(0 <= at < LARGEST_SIDE for at in self.centre),
            all(0 <= label < MOST_CLASSES for label in (self.truth, self.label)),
            self.truth != self.label,
            0 <= self.probability <= 1,
        )


def are_valid_pixels(pixels: npt.NDArray[Any]) -> bool:
    """Whether these are bytes of a small image (H, W, C) of one channel or three."""
    return (
        pixels.dtype == np.uint8
        and pixels.ndim == 3
        and all(0 < side <= LARGEST_SIDE for side in pixels.shape[:2])
        and pixels.shape[2] in CHANNELS
    )


def is_strength(name: str, value: object) -> bool:
    """Whether a slider of that name has that value."""
    return name in CHANGES and type(value) in (int, float) and value in CHANGES[name].values


def is_place(place: Mapping[str, str]) -> bool:
    """Whether a link names an image like this."""
    return (
        place.keys() == {"part", "of", "index"}
        and place["part"] in PARTS
        and place["of"] in SIZES
        and place["index"].isascii()
        and place["index"].isdigit()
        and int(place["index"]) < MOST_IMAGES
    )


def to_row(entry: Entry) -> tuple[str, bytes]:
    """Everything but number, owner and pixels as JSON; the pixels as bytes."""
    body = {
        "run": entry.run,
        "dataset": entry.dataset,
        "source": entry.source,
        "place": dict(entry.place),
        "strengths": dict(entry.strengths),
        "centre": entry.centre,
        "shape": entry.pixels.shape,
        "truth": entry.truth,
        "label": entry.label,
        "probability": entry.probability,
    }
    return json.dumps(body, separators=(",", ":")), np.ascontiguousarray(entry.pixels).tobytes()


def from_row(number: int, owner: str, body: str, pixels: bytes) -> Entry:
    """The entry of a row.

    Raises:
        GalleryError: If the row holds anything else than `to_row` writes.
    """
    try:
        values = json.loads(body)
        shape = tuple(map(int, values.pop("shape")))
        centre = values.pop("centre")
        return Entry(
            **values,
            centre=None if centre is None else (int(centre[0]), int(centre[1])),
            pixels=np.frombuffer(pixels, np.uint8).reshape(shape),
            number=number,
            owner=owner,
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise GalleryError("gallery.bad_image") from error
