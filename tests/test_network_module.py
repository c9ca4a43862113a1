"""The network in the browser, `assets/network/`, in Node: every number is that of Keras and of NumPy."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from lengths import repeats
from node import ask, packed
from random_networks import Case, assert_equal, cases

from cnn_core import convolution
from cnn_core.config import ACTIVATIONS, PADDINGS, ConvBlock, ModelConfig

NETWORKS = repeats(50, 300)
SLIDES = 60


@pytest.mark.slow
def test_every_number_of_random_networks_is_that_of_keras() -> None:
    asked = cases(NETWORKS, seed=14)
    for case, answer in zip(asked, ask([case.question() for case in asked]), strict=True):
        assert_equal(case, answer)


def test_the_random_networks_are_of_every_kind() -> None:
    blocks = [block for case in cases(NETWORKS, seed=14) for block in case.config.blocks]
    for name, values in {
        "activation": ACTIVATIONS,
        "padding": PADDINGS,
        "pool": ("max", "average", "none"),
        "kernel": range(1, 8),
        "stride": range(1, 5),
    }.items():
        assert {getattr(block, name) for block in blocks} == set(values)


# One layer in 64 bits, as the stepper shows it


def slide(dice: random.Random, kind: str) -> dict[str, Any]:
    """A window on an image, of any size, stride, padding and number of channels."""
    padding = dice.choice(PADDINGS)
    window = [dice.randint(1, 5), dice.randint(1, 5)]
    low = window if padding == "valid" else [1, 1]
    shape = (dice.randint(low[0], 12), dice.randint(low[1], 12), dice.randint(1, 4))
    numbers = np.random.default_rng(dice.randrange(2**30))
    layer = {"window": window, "stride": dice.randint(1, 4), "padding": padding}
    found = {"image": numbers.normal(size=shape).astype(np.float32), "units": []}
    if kind == "conv":
        filters = dice.randint(1, 3)
        found["kernel"] = numbers.normal(size=(*window, shape[2], filters)).astype(np.float32)
        found["bias"] = numbers.normal(size=filters).astype(np.float32)
        layer |= {"kind": "conv", "filters": filters, "activation": dice.choice(ACTIVATIONS)}
    else:
        layer |= {"kind": "pool", "pool": kind}
    place = convolution.layout(
        shape[:2], (window[0], window[1]), stride=layer["stride"], padding=padding
    )
    channels = layer.get("filters", shape[2])
    found["cells"] = [
        (*(dice.randrange(side) for side in place.output), dice.randrange(channels))
        for _ in range(3)
    ]
    found["units"] = [
        int(np.ravel_multi_index(cell, (*place.output, channels))) for cell in found["cells"]
    ]
    return {**found, "layer": layer}


def slid(slides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    arrays = ("image", "kernel", "bias")
    return ask(
        [
            {
                "layer": one["layer"],
                "input": one["image"].shape,
                "units": one["units"],
                **{name: packed(one[name]) for name in arrays if name in one},
            }
            for one in slides
        ]
    )


def test_every_number_of_a_convolution_is_that_of_numpy() -> None:
    dice = random.Random(1)
    slides = [slide(dice, "conv") for _ in range(SLIDES)]
    for one, answer in zip(slides, slid(slides), strict=True):
        layer, image = one["layer"], one["image"].astype(np.float64)
        kernels, bias = one["kernel"].astype(np.float64), one["bias"].astype(np.float64)
        way = {"stride": layer["stride"], "padding": layer["padding"]}
        activate = convolution.ACTIVATE[layer["activation"]]
        sums = convolution.conv2d(image, kernels, bias, **way)
        assert answer["output"] == list(sums.shape)
        np.testing.assert_allclose(answer["values"], activate(sums).ravel(), atol=1e-12)
        for cell, terms in zip(one["cells"], answer["terms"], strict=True):
            step = convolution.step(image, kernels, bias, at=cell[:2], channel=cell[2], **way)
            assert (terms["top"], terms["left"]) == (step.top, step.left)
            for name in ("patch", "products", "partial", "bias"):
                np.testing.assert_allclose(terms[name], np.ravel(getattr(step, name)), atol=1e-12)
            np.testing.assert_allclose(terms["sum"], step.total, atol=1e-12)
            np.testing.assert_allclose(
                terms["output"], activate(np.array([step.total]))[0], atol=1e-12
            )


@pytest.mark.parametrize("kind", ["max", "average"])
def test_every_number_of_a_pooling_is_that_of_numpy(kind: str) -> None:
    dice = random.Random(2)
    slides = [slide(dice, kind) for _ in range(SLIDES)]
    for one, answer in zip(slides, slid(slides), strict=True):
        layer, image = one["layer"], one["image"].astype(np.float64)
        expected = _pooled(image, layer, kind)
        np.testing.assert_allclose(answer["values"], expected.ravel(), atol=1e-12)
        for cell, terms in zip(one["cells"], answer["terms"], strict=True):
            inside = [value for value in terms["patch"] if value is not None]
            assert terms["counted"] == len(inside)
            np.testing.assert_allclose(terms["sum"], sum(inside), atol=1e-12)
            np.testing.assert_allclose(terms["output"], expected[cell], atol=1e-12)
            assert terms["patch"][terms["winner"]] == max(inside)


def _pooled(image: np.ndarray, layer: dict[str, Any], kind: str) -> np.ndarray:
    """Pooling with a window of any form, from its definition."""
    (kh, kw), stride = layer["window"], layer["stride"]
    place = convolution.layout(image.shape[:2], (kh, kw), stride=stride, padding=layer["padding"])
    pooled = np.empty((*place.output, image.shape[2]))
    for row, column in np.ndindex(place.output):
        top, left = row * stride - place.top, column * stride - place.left
        patch = image[max(0, top) : top + kh, max(0, left) : left + kw]
        pooled[row, column] = getattr(patch, {"max": "max", "average": "mean"}[kind])(axis=(0, 1))
    return pooled


def test_the_pixels_that_nothing_reads_are_those_that_change_nothing() -> None:
    dice = random.Random(3)
    slides = [slide(dice, "conv") for _ in range(25)]
    for one, answer in zip(slides, slid(slides), strict=True):
        layer, shape = one["layer"], one["image"].shape[:2]
        way = {"stride": layer["stride"], "padding": layer["padding"]}
        for row, column in np.ndindex(shape):
            spot = np.zeros((*shape, 1))
            spot[row, column] = 1
            read = convolution.conv2d(spot, np.ones((*layer["window"], 1, 1)), **way).any()
            assert answer["unread"][row * shape[1] + column] == (not read)


# Where a number comes from


def _units(case: Case, dice: random.Random) -> list[tuple[int, int]]:
    """A number of every layer."""
    return [
        (place, dice.randrange(int(np.prod(row.output_shape))))
        for place, row in enumerate(case.rows, 1)
    ]


def test_what_a_number_adds_up_to_is_what_the_forward_pass_has() -> None:
    dice = random.Random(4)
    asked = cases(60, seed=4)
    units = [_units(case, dice) for case in asked]
    questions = [case.question(some) for case, some in zip(asked, units, strict=True)]
    for case, some, answer in zip(asked, units, ask(questions), strict=True):
        for (place, index), terms in zip(some, answer["terms"], strict=True):
            most = np.abs(answer["values"][place]).max()
            within = {"rtol": 1e-5, "atol": 1e-6 * most + 1e-30}
            np.testing.assert_allclose(terms["output"], answer["values"][place][index], **within)
            if "bias" not in terms:
                continue
            np.testing.assert_allclose(
                terms["products"].sum() + terms["bias"], terms["sum"], atol=1e-9
            )
            sums = answer["sums"][place]
            np.testing.assert_allclose(
                terms["sum"], sums[index], rtol=1e-5, atol=1e-6 * np.abs(sums).max()
            )
            if case.rows[place - 1].kind == "output":
                np.testing.assert_allclose(terms["logits"], sums, rtol=1e-5, atol=1e-5)
                np.testing.assert_allclose(
                    terms["exponentials"][index] / terms["total"], terms["output"]
                )


def test_the_trace_of_a_number_is_all_that_it_depends_on() -> None:
    """Kernels of ones, and a ramp as the image: a number changes with a pixel if and only if it reads it.

    Where a stride leaves pixels between two windows unread, the box of the trace holds them too,
    so that only its edges are compared.
    """
    padding, pool, size = PADDINGS, ("max", "average", "none"), (2, 3)
    dice = random.Random(5)
    for kinds in itertools.product(padding, pool, size):
        side = dice.randint(9, 14)
        block = ConvBlock(1, dice.randint(1, 4), dice.randint(1, 2), kinds[0], "linear", *kinds[1:])
        config = ModelConfig(
            (block, ConvBlock(1, 2, 1, pool="none")), (), 0.0, (side, side + 2, 1), 2
        )
        _assert_trace(config, dice)


def _assert_trace(config: ModelConfig, dice: random.Random) -> None:
    case = Case.of_ones(config)
    place = next(at for at, row in enumerate(case.rows, 1) if row.name == "conv2")
    rows, columns, _ = case.rows[place - 1].output_shape
    unit = (place, dice.randrange(rows * columns))
    flat = next(at for at, row in enumerate(case.rows, 1) if row.kind == "flatten")
    [answer] = ask([case.question([unit, (flat, unit[1]), (len(case.rows), 0)])])
    box, same, all_of_it = answer["traces"]
    assert same[:place] == box[:place]
    assert all_of_it[-2] == {"channel": None}
    height, width = config.input_shape[:2]
    changed = np.zeros((height, width), bool)
    spots = list(np.ndindex(height, width))
    questions = []
    for row, column in spots:
        # Larger than the rest, so that a maximum sees it wherever it looks.
        image = np.zeros((height, width, 1), np.float32)
        image[row, column] = 1
        questions.append(case.with_image(image).question())
    for (row, column), found in zip(spots, ask(questions), strict=True):
        changed[row, column] = found["values"][place][unit[1]] != 0
    top, bottom = np.flatnonzero(changed.any(axis=1))[[0, -1]]
    left, right = np.flatnonzero(changed.any(axis=0))[[0, -1]]
    assert box[0] == {
        "rows": [top, bottom + 1], "columns": [left, right + 1], "channel": None,
    }  # fmt: skip
