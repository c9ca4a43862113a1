"""The pad's modules in Node: the ink of strokes, and the way of a drawing to the model's input."""

from __future__ import annotations

import base64
import random
from typing import Any

import numpy as np
import pytest
from hands import HANDS, PAD, Stroke, on_pad
from node import ask

from cnn_core import drawing
from pages.elements import pad

DRAWINGS = 1000
BYTE = 1 / 255


def drawings(count: int, seed: int) -> list[list[dict[str, Any]]]:
    """Digits of every hand at any size and place, scribbles, lines along the axes and dots."""
    dice = random.Random(seed)
    return [_drawing(dice) for _ in range(count)]


def _drawing(dice: random.Random) -> list[dict[str, Any]]:
    kind = dice.choice(["digit", "digit", "digit", "scribble", "line", "dot"])
    spot = lambda: (dice.randint(-20, PAD + 20), dice.randint(-20, PAD + 20))  # noqa: E731
    strokes: list[Stroke]
    if kind == "digit":
        hand = dice.choice(list(HANDS))
        digit = HANDS[hand][dice.randrange(10)]
        strokes = on_pad(digit, dice.randint(20, 270), dice.random(), dice.random())
    elif kind == "scribble":
        strokes = [[spot() for _ in range(dice.randint(2, 12))] for _ in range(dice.randint(1, 4))]
    elif (
        kind == "line"
    ):  # as symmetric as strokes can be: their centre of mass lies between two pixels
        x, y, length = *spot(), dice.randint(1, 200)
        strokes = [[(x, y), dice.choice([(x + length, y), (x, y + length)])]]
    else:
        strokes = [[spot()] for _ in range(dice.randint(1, 3))]
    width = dice.randrange(8, 37, 2)
    return [
        {"width": width, "points": [float(number) for point in stroke for number in point]}
        for stroke in strokes
    ]


def asked(count: int, seed: int) -> list[tuple[dict[str, Any], drawing.Steps | None]]:
    """The preparation of drawings in Node, and in Python from the canvas that was sent."""
    found = []
    for answer in ask([{"strokes": strokes} for strokes in drawings(count, seed)]):
        canvas = drawing.unpack(answer["ink"], pad.SIDE)
        assert canvas is not None
        found.append((answer, drawing.steps(canvas, "bright")))
    return found


@pytest.mark.slow
def test_a_thousand_drawings_become_the_same_input_as_in_python() -> None:
    empty = 0
    for ours, theirs in asked(DRAWINGS, seed=6):
        if theirs is None:
            empty += 1
            assert "centred" not in ours
            continue
        np.testing.assert_allclose(
            ours["centred"]["pixels"], theirs.centred.ravel(), rtol=0, atol=BYTE
        )
    assert empty < DRAWINGS / 10


def test_every_step_on_the_way_is_that_of_python() -> None:
    for ours, theirs in asked(100, seed=7):
        if theirs is None:
            continue
        assert (tuple(ours["crop"]), tuple(ours["corner"])) == (theirs.crop, theirs.corner)
        for name in ("canvas", "cropped", "scaled", "centred", "uncentred"):
            picture = getattr(theirs, name)
            assert (ours[name]["height"], ours[name]["width"]) == picture.shape
            np.testing.assert_allclose(
                ours[name]["pixels"], picture.ravel(), rtol=0, atol=1e-6, err_msg=name
            )


@pytest.mark.parametrize("ink", [0, 3, 4, 5, 64, 255])
def test_faint_ink_is_ink_or_paper_as_in_python(ink: int) -> None:
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    canvas[20:40, 30:35] = ink
    canvas[50:52, 90] = ink // 64
    [ours] = ask([{"canvas": base64.b64encode(canvas.tobytes()).decode()}])
    theirs = drawing.steps(canvas, "bright")
    assert (ours is None) == (theirs is None)
    if theirs is not None:
        assert tuple(ours["crop"]) == theirs.crop
        np.testing.assert_allclose(ours["centred"]["pixels"], theirs.centred.ravel(), atol=BYTE)
