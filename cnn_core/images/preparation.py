"""A picture of handwriting or of an item -> inputs of a network, step by step."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps

from cnn_core import drawing
from cnn_core.images import ink, items, marks, paper
from cnn_core.images.marks import Verdict
from cnn_core.images.paper import Floats, Mask
from cnn_core.images.uploads import Picture, Pixels

Kind = Literal["handwriting", "item"]

STEPS: dict[Kind, tuple[str, ...]] = {
    "handwriting": ("sheet", "ground", "rules", "crop", "pen", "centre"),
    "item": ("ground", "crop"),
}
"""What is done to each kind of picture; each step can be left out."""
KINDS: dict[str, Kind] = {"mnist": "handwriting", "digits": "handwriting", "fashion_mnist": "item"}
"""What the images of a data set show; others have no preparation of their own."""
WORKING_SIDE = 560  # longer side that is worked with, in pixels


@dataclass(frozen=True, eq=False)
class Stage:
    """A picture after one of the steps.

    Attributes:
        step: "grey", "sheet", "ground", "rules" or "crop".
        pixels: uint8 of shape (H, W, 1).
    """

    step: str
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture on its way to the model.

    Attributes:
        stages: The picture after each step that changed it, in order.
        inputs: uint8 of the model's input shape: one for each digit or item, from left to right. Where
            two digits may touch, first both as one.
        verdict: "one", "several", "touching", "nothing" or "crowded": whether it can be read.
        inverted: Whether dark became bright.
        done: What was done, in order: a name and its numbers.
    """

    stages: tuple[Stage, ...]
    inputs: tuple[Pixels, ...]
    verdict: Verdict
    inverted: bool
    done: tuple[tuple[str, dict[str, Any]], ...]


@dataclass
class _Way:
    """What has been done so far."""

    steps: Collection[str]
    stages: list[Stage] = field(default_factory=list)
    done: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def show(self, step: str, picture: Floats) -> None:
        pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        self.stages.append(Stage(step, pixels[..., np.newaxis]))

    def say(self, name: str, **numbers: Any) -> None:
        self.done.append((name, numbers))


def prepare(
    picture: Picture,
    kind: Kind,
    input_shape: tuple[int, int, int],
    steps: Collection[str] | None = None,
    invert: bool | None = None,
) -> Prepared:
    """Turn a picture into inputs of a network.

    Args:
        picture: From `uploads.read`.
        kind: "handwriting" as in MNIST, or an "item" as in Fashion-MNIST.
        input_shape: Shape (H, W, 1) of the model's input.
        steps: Which of `STEPS[kind]` to take; None for all.
        invert: Dark becomes bright; None decides by the picture.
    """
    way = _Way(STEPS[kind] if steps is None else steps)
    image = Image.fromarray(picture.pixels)
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    way.show("grey", _grey(image))
    act = _handwriting if kind == "handwriting" else _item
    return act(image, way, input_shape, invert)


def _grey(image: Image.Image) -> Floats:
    grey: Floats = (np.asarray(image.convert("L")) / np.float32(255)).astype(np.float32)
    return grey


def _handwriting(
    image: Image.Image, way: _Way, shape: tuple[int, int, int], invert: bool | None
) -> Prepared:
    whole = _grey(image)
    sheet = paper.sheet(whole) if "sheet" in way.steps else None
    bright = None if invert is None else not invert
    written = None
    if sheet is not None:
        top, left, height, width = sheet.box
        note = whole[top : top + height, left : left + width]
        trial = _Way(way.steps, list(way.stages))
        trial.show("sheet", note)
        trial.say("sheet")
        written = _ink(note, trial, sheet.mask, bright)
        if written.groups:
            way = trial
    if written is None or not written.groups:
        written = _ink(whole, way, None, bright)
    if "crop" not in way.steps:
        return _whole(written.strength, not written.bright, way, shape)
    verdict, masks = _digits(written)
    alone = len(masks) == 1
    inputs = tuple(_digit(mask, way, shape, alone=alone) for mask in masks)
    if inputs and "centre" in way.steps:
        way.say("centre")
    return Prepared(tuple(way.stages), inputs, verdict, not written.bright, tuple(way.done))


def _digits(written: ink.Ink) -> tuple[Verdict, list[Mask]]:
    """What the ink of a picture is, and the ink of each digit, cropped to it."""
    groups = [marks.cropped(written.group(number)) for number in range(len(written.groups))]
    if len(groups) > marks.LIMITS.most:
        return "crowded", []
    masks = [marks.cropped(mask[:, part]) for mask in groups for part in marks.digits_at(mask)]
    if len(groups) == 1 and len(masks) > 1:
        return "touching", [*groups, *masks]
    verdict = marks.verdict_of(len(masks))
    return verdict, [] if verdict == "crowded" else masks


def _ink(grey: Floats, way: _Way, mask: Mask | None, bright: bool | None) -> ink.Ink:
    if "ground" in way.steps:
        ground = paper.ground(grey, mask)
    else:
        edges = [grey[0], grey[-1], grey[:, 0], grey[:, -1]]
        ground = np.full_like(grey, max(1 / 255, float(np.median(np.concatenate(edges)))))
    strength, bright, least = ink.contrast(grey, ground, mask, bright)
    if "ground" in way.steps:
        way.show("ground", strength)
        way.say("ground")
    way.say("bright" if bright else "dark")
    if "rules" in way.steps:
        cleaned = ink.without_rules(strength)
        if float((strength - cleaned > least).mean()) > ink.RULED:
            strength = cleaned
            way.show("rules", strength)
            way.say("rules")
    return ink.digits_in(strength, bright, least)


def _whole(strength: Floats, inverted: bool, way: _Way, shape: tuple[int, int, int]) -> Prepared:
    """The middle of the picture as it is, where cropping is left out."""
    middle = ImageOps.fit(Image.fromarray(strength), (shape[1], shape[0]), Image.Resampling.BOX)
    pixels = np.rint(np.asarray(middle) * 255).astype(np.uint8)[..., np.newaxis]
    way.say("square")
    return Prepared(tuple(way.stages), (pixels,), "one", inverted, tuple(way.done))


def _digit(mask: Mask, way: _Way, shape: tuple[int, int, int], *, alone: bool) -> Pixels:
    """One digit as an input, and in words what was done to it."""
    drawn, width = ink.drawn(mask, pen="pen" in way.steps)
    if alone:
        way.show("crop", drawn)
        way.say("crop", height=mask.shape[0], width=mask.shape[1])
    if "pen" in way.steps and not ink.PENS[0] <= width <= ink.PENS[1]:
        way.say("thicker" if width < ink.PENS[0] else "thinner", width=f"{width:.1f}")
    steps = drawing.steps(drawn, "bright")
    assert steps is not None, "a group has ink"
    if shape[:2] != (drawing.SIDE, drawing.SIDE):
        return items.fitted(steps.cropped, shape[0])[..., np.newaxis]
    if "centre" in way.steps:
        return np.rint(steps.model_input * 255).astype(np.uint8)
    centred = np.zeros((drawing.SIDE, drawing.SIDE), np.float32)
    height, wide = steps.scaled.shape
    top, left = (drawing.SIDE - height) // 2, (drawing.SIDE - wide) // 2
    centred[top : top + height, left : left + wide] = steps.scaled
    return np.rint(centred * 255).astype(np.uint8)[..., np.newaxis]


def _item(
    image: Image.Image, way: _Way, shape: tuple[int, int, int], invert: bool | None
) -> Prepared:
    rgb: Floats = (np.asarray(image) / np.float32(255)).astype(np.float32)
    scene = items.find(rgb, invert, even="ground" in way.steps)
    if "ground" in way.steps:
        way.show("ground", scene.strength)
        way.say("ground_item")
    way.say("bright_ground" if scene.bright_ground else "dark_ground")
    count = len(scene.boxes)
    if "crop" not in way.steps:
        return _whole(scene.strength, scene.bright_ground, way, shape)
    verdict = marks.verdict_of(count)
    if verdict in {"nothing", "crowded"}:
        return Prepared(tuple(way.stages), (), verdict, scene.bright_ground, tuple(way.done))
    parts = [scene.strength[top:bottom, left:right] for top, left, bottom, right in scene.boxes]
    if count == 1:
        way.show("crop", parts[0])
        way.say("crop_item", height=parts[0].shape[0], width=parts[0].shape[1])
    inputs = tuple(items.fitted(part, shape[0])[..., np.newaxis] for part in parts)
    return Prepared(tuple(way.stages), inputs, verdict, scene.bright_ground, tuple(way.done))
