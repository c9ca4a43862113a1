"""Feature maps in the browser, `assets/maps/`, in Node: pictures and words are those of the server."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from node import ask, packed
from PIL import Image
from random_networks import cases, keras_answers

from cnn_core import arithmetic
from cnn_core.figures import feature_maps, palette
from cnn_core.figures.legend import number

REACHES = feature_maps.REACHES
TABLES = {
    name: base64.b64encode(palette.SCALES[name].tobytes()).decode()
    for name in ("sequential", "diverging")
}
SHAPES = ((28, 28, 8), (14, 14, 20), (7, 5, 40), (1, 1, 3), (60, 30, 2))


def layers() -> dict[str, np.ndarray]:
    """Maps of every size: sums around zero, outputs above it and below it, layers that are all alike."""
    dice = np.random.default_rng(14)
    made = {}
    for place, shape in enumerate(SHAPES):
        sums = dice.normal(size=shape).astype(np.float32) * np.float32(3**place)
        sums[..., 0] = 0
        made[f"conv{place}/sum"] = sums
        made[f"conv{place}"] = np.maximum(sums, 0) if place % 2 else np.tanh(sums)
    made["conv9/sum"] = np.zeros((4, 4, 2), np.float32)
    made["conv9"] = np.zeros((4, 4, 2), np.float32)
    odd = dice.normal(size=(6, 6, 2)).astype(np.float32)
    odd[2, 3, 1], odd[0, 0, 1] = np.nan, np.inf
    made["odd"] = odd
    return made


def picture(answer: dict[str, Any]) -> np.ndarray:
    pixels = np.array(answer["pixels"], "<u4").view(np.uint8)
    return pixels.reshape(answer["height"], answer["width"], 4)


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def columns(count: int) -> int:
    return max(1, min(count, 8 if count > 32 else 6 if count > 16 else 4))


@pytest.mark.parametrize("reach", REACHES)
def test_every_pixel_has_the_colour_that_the_server_gives_it(reach: feature_maps.Reach) -> None:
    maps = layers()
    if reach == "map":
        del maps["odd"]  # what is not a number has no scale of its own
    asked = [
        {
            "name": name,
            "around": name.endswith("/sum"),
            "shape": values.shape,
            "values": packed(values),
        }
        for name, values in maps.items()
    ]
    [answers] = ask([{"pictures": asked, "reach": reach, "tables": TABLES}])
    for (name, values), ours in zip(maps.items(), answers, strict=True):
        look = feature_maps.colours(maps, name, reach)
        assert (ours["look"]["low"], ours["look"]["high"]) == (look.low, look.high), name
        theirs = decoded(feature_maps.maps_png(values, look, columns(values.shape[2])))
        np.testing.assert_array_equal(picture(ours["whole"]), theirs, err_msg=name)
        theirs = decoded(feature_maps.maps_png(values[..., -1:], look))
        np.testing.assert_array_equal(picture(ours["alone"]), theirs, err_msg=name)


def test_numbers_are_written_as_the_server_writes_them() -> None:
    dice = np.random.default_rng(3)
    powers = 10.0 ** dice.uniform(-9, 6, 400) * dice.choice([-1, 1], 400)
    values = np.concatenate(
        [powers, [0, 1, -1, 0.5, 999.4, 999.6, 1e-4, 0.99996e-4, 1000, 1e5]]
    ).astype(np.float32)
    [ours] = ask([{"numbers": packed(values)}])
    assert ours == [number(float(value)) for value in values]


def test_the_bars_of_a_dense_layer_are_those_of_the_server() -> None:
    dice = np.random.default_rng(4)
    layers = [
        dice.normal(size=30).astype(np.float32),
        np.maximum(dice.normal(size=16), 0).astype(np.float32),
        -np.abs(dice.normal(size=5)).astype(np.float32),
        np.zeros(4, np.float32),
    ]
    for values, ours in zip(layers, ask([{"bars": packed(it)} for it in layers]), strict=True):
        theirs = decoded(feature_maps.bars_png(values))
        np.testing.assert_array_equal(picture(ours), theirs)


def test_an_image_of_the_pack_is_that_image() -> None:
    dice = np.random.default_rng(5)
    images = dice.integers(0, 256, (4, 6, 5, 3), np.uint8)
    data = {
        "image": {
            "pixels": packed(images[1] / np.float32(255)),
            "shape": (6, 5, 3),
            "title": "image 7: b",
            "truth": 1,
            "number": 7,
        },
        "pack": {
            "name": "n",
            "numbers": [3, 7, 9, 40],
            "labels": [0, 1, 1, 0],
            "title": "image {index}: {name}",
        },
        "classes": ["a", "b"],
    }
    pack = base64.b64encode(images.tobytes()).decode()
    numbers = [3, 7, 9, 40, 41, None]
    answers = ask([{"pack": pack, "data": data, "number": one} for one in numbers])
    for wanted, answer in zip(numbers, answers, strict=True):
        at = data["pack"]["numbers"].index(wanted) if wanted in (3, 7, 9, 40) else 1
        expected = images[at].astype(np.float32) / np.float32(255)
        np.testing.assert_array_equal(answer["pixels"], expected.ravel())
        name = "ab"[data["pack"]["labels"][at]]
        assert answer["title"] == f"image {data['pack']['numbers'][at]}: {name}"
        assert answer["truth"] == data["pack"]["labels"][at]


@pytest.mark.slow
def test_maps_strongest_places_and_receptive_fields_are_those_of_keras() -> None:
    asked = cases(12, seed=41)
    questions = [
        {
            "described": {name: case.question()[name] for name in ("input", "layers")},
            "weights": case.question()["weights"],
            "image": case.question()["image"],
        }
        for case in asked
    ]
    for case, answer in zip(asked, ask(questions), strict=True):
        values = keras_answers(case)
        rows = {row.name: (row, values[place + 1]) for place, row in enumerate(case.rows)}
        expected = [
            name
            for row in case.rows
            for name in ([f"{row.name}/sum"] if row.kind == "conv" else []) + [row.name]
            if row.kind in {"conv", "pool"}
        ]
        assert [maps["name"] for maps in answer] == expected
        for maps in answer:
            row, theirs = rows[maps["name"].partition("/")[0]]
            assert tuple(maps["shape"]) == row.output_shape
            if maps["name"].endswith("/sum"):
                continue
            scale = max(1.0, float(np.abs(theirs).max()))
            np.testing.assert_allclose(maps["values"], theirs.ravel(), atol=1e-5 * scale)
            last = maps["values"].reshape(row.output_shape)[..., -1]
            assert (maps["peak"]["row"], maps["peak"]["column"]) == feature_maps.strongest(last)
            first = maps["values"].reshape(row.output_shape)[..., 0]
            place = feature_maps.strongest(first)
            top, left, bottom, right = arithmetic.field_of(row, place, case.config.input_shape)
            (above, below), (before, after) = maps["field"]["rows"], maps["field"]["columns"]
            assert top <= above < below <= bottom
            assert left <= before < after <= right
