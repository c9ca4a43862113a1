"""Dilation and padding as a number, in the browser's module and in the page's formulas, as in Keras."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
from node import ask, packed

from cnn_core import convolution
from cnn_core.arithmetic import size_formula
from pages.elements.stepper import Setup

COUNT = 80


def slides() -> list[dict[str, Any]]:
    """Windows of any size, stride, dilation and padding on images that have room for them."""
    dice = random.Random(7)
    made: list[dict[str, Any]] = []
    while len(made) < COUNT:
        window, dilation = [dice.randint(1, 4), dice.randint(1, 4)], dice.randint(1, 3)
        padding = dice.choice(["same", "valid", 0, 1, 2, 3])
        shape = (dice.randint(4, 14), dice.randint(4, 14), dice.randint(1, 3))
        span = [(side - 1) * dilation + 1 for side in window]
        room = 2 * padding if isinstance(padding, int) else 0
        if padding != "same" and min(shape[:2]) + room < max(span):
            continue
        numbers = np.random.default_rng(len(made))
        layer = {
            **{"kind": "conv", "window": window, "stride": dice.randint(1, 3), "padding": padding},
            **{"dilation": dilation, "filters": 2, "activation": "linear"},
        }
        made.append(
            {
                "layer": layer,
                "image": numbers.normal(size=shape).astype(np.float32),
                "kernel": numbers.normal(size=(*window, shape[2], 2)).astype(np.float32),
                "bias": numbers.normal(size=2).astype(np.float32),
                "span": span,
            }
        )
    return made


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    arrays = ("image", "kernel", "bias")
    return ask(
        [
            {
                "layer": slide["layer"],
                "input": slide["image"].shape,
                "units": [0, 1],
                **{name: packed(slide[name]) for name in arrays},
            }
            for slide in slides()
        ]
    )


def place_of(slide: dict[str, Any]) -> convolution.Layout:
    layer, (height, width, _) = slide["layer"], slide["image"].shape
    return convolution.layout(
        (height, width), tuple(slide["span"]), stride=layer["stride"], padding=layer["padding"]
    )


def test_every_number_is_that_of_keras(answers: list[dict[str, Any]]) -> None:
    """Keras has no dilation with a stride: every `stride`th number of its result with stride 1."""
    for slide, answer in zip(slides(), answers, strict=True):
        layer, place = slide["layer"], place_of(slide)
        edges = ((place.top, place.bottom), (place.left, place.right), (0, 0))
        image = np.pad(slide["image"], edges)[np.newaxis]
        whole = keras.ops.conv(image, slide["kernel"], 1, "valid", dilation_rate=layer["dilation"])
        expected = np.asarray(whole)[0, :: layer["stride"], :: layer["stride"]] + slide["bias"]
        assert answer["output"] == list(expected.shape)
        np.testing.assert_allclose(answer["values"], expected.ravel(), atol=1e-4)
        for unit, terms in enumerate(answer["terms"]):
            assert terms["output"] == pytest.approx(answer["values"][unit], abs=1e-9)


def test_same_is_that_of_keras_with_dilation() -> None:
    for slide in slides():
        layer = slide["layer"]
        if layer["padding"] != "same" or layer["stride"] > 1:
            continue
        place = place_of(slide)
        edges = ((place.top, place.bottom), (place.left, place.right), (0, 0))
        rate = {"dilation_rate": layer["dilation"]}
        padded = np.pad(slide["image"], edges)[np.newaxis]
        ours = keras.ops.conv(padded, slide["kernel"], 1, "valid", **rate)
        theirs = keras.ops.conv(slide["image"][np.newaxis], slide["kernel"], 1, "same", **rate)
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=1e-4)


def test_python_and_the_browser_lay_a_window_alike(answers: list[dict[str, Any]]) -> None:
    for slide, answer in zip(slides(), answers, strict=True):
        place = place_of(slide)
        assert [answer["place"][name] for name in ("top", "bottom", "left", "right")] == [
            *(place.top, place.bottom, place.left, place.right),
        ]
        assert answer["output"][:2] == list(place.output)


@pytest.mark.parametrize(
    ("stride", "padding", "formula"),
    [
        (1, 1, "28 + 2 × 1 − 5 + 1 = 26"),
        (2, 3, "⌊(28 + 2 × 3 − 5) / 2⌋ + 1 = 15"),
        (1, "valid", "28 − 5 + 1 = 24"),
    ],
)
def test_the_formula_holds_the_padding_and_the_span(
    stride: int, padding: str | int, formula: str
) -> None:
    setup = Setup(
        np.zeros((28, 28, 1)), kernels=np.zeros((3, 3, 1, 1)), dilation=2, padding=padding
    )
    assert setup.span == (5, 5)
    assert size_formula((28, 28), setup.span[0], stride, padding) == formula


def test_a_padding_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="padding"):
        convolution.layout((5, 5), (3, 3), padding=-1)
