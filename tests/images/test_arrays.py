"""Photographs are those of scikit-learn, and what a page says of an array is what NumPy says of it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cnn_core import datasets
from cnn_core.errors import DataError
from cnn_core.images import arrays, photographs
from cnn_core.images.arrays import ArrayFacts

RNG = np.random.default_rng(0)
GREY, COLOUR, CLEAR = (RNG.integers(0, 256, (6, 5, *end), np.uint8) for end in ((), (3,), (4,)))
BATCH = RNG.integers(0, 256, (12, 6, 5), np.uint8)


@pytest.mark.parametrize("name", photographs.PHOTOGRAPHS)
def test_a_photograph_is_the_one_of_scikit_learn(name: str) -> None:
    from sklearn.datasets import load_sample_image

    np.testing.assert_array_equal(photographs.photograph(name), load_sample_image(f"{name}.jpg"))


def test_a_photograph_needs_no_scikit_learn_in_memory() -> None:
    code = (
        "import sys; from cnn_core.images.photographs import photograph; photograph('china')"
        "; print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["nobody", "../china", ""])
def test_another_photograph_is_one_sentence(name: str) -> None:
    with pytest.raises(DataError, match="photograph"):
        photographs.photograph(name)


def test_a_machine_without_scikit_learn_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "find_spec", lambda _: None)
    with pytest.raises(DataError, match="photograph"):
        photographs.photograph("china")


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        (arrays.as_numbers(GREY), {"image": GREY}),
        (arrays.for_keras(GREY), {"image": GREY}),
        (arrays.for_keras(COLOUR), {"image": COLOUR}),
        (arrays.for_keras(CLEAR), {"image": CLEAR}),
        (arrays.batch_steps(BATCH), {"x": BATCH}),
    ],
)
def test_the_code_that_is_shown_gives_what_is_said(
    steps: tuple[ArrayFacts, ...], names: dict
) -> None:
    for told in steps:
        assert told == ArrayFacts.of(told.code, eval(told.code, {"np": np, **names}))


def test_what_is_said_is_what_one_reckons() -> None:
    last = arrays.batch_steps(BATCH)[-1]
    assert (last.shape, last.dtype, last.nbytes) == ((12, 6, 5, 1), "float32", 12 * 6 * 5 * 4)
    assert last.high == np.float32(BATCH.max()) / np.float32(255)
    assert arrays.batch_steps(BATCH)[2].dtype == "float64"
    assert [told.shape for told in arrays.for_keras(GREY)] == [(6, 5), (6, 5, 1), (1, 6, 5, 1)]
    assert [told.shape for told in arrays.for_keras(COLOUR)] == [(6, 5, 3), (1, 6, 5, 3)]
    assert arrays.for_keras(CLEAR)[1:] == (
        ArrayFacts.of("image[..., :3]", CLEAR[..., :3]),
        ArrayFacts.of("image[..., :3][np.newaxis]", CLEAR[None, ..., :3]),
    )


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])
def test_the_test_images_alone_are_those_of_the_sample(name: str) -> None:
    images, labels = datasets.sample_test(name)
    whole = datasets.load(name, size="sample")
    np.testing.assert_array_equal(images, whole.x_test)
    np.testing.assert_array_equal(labels, whole.y_test)


@pytest.mark.parametrize("channels", [None, 3])
def test_the_first_window_lies_around_the_sharpest_edge(channels: int | None) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[:, 20:] = 255
    image[:5] = 100
    picture = image if channels is None else np.repeat(image[..., np.newaxis], channels, axis=-1)
    top, left = arrays.edge(picture, 8)
    window = image[top : top + 8, left : left + 8]
    assert (window.min(), window.max()) == (0, 255)
    assert window.shape == (8, 8)


def test_a_window_stays_inside_the_image() -> None:
    assert arrays.edge(np.zeros((8, 9), np.uint8), 8) == (0, 0)
    corner = np.zeros((12, 12), np.uint8)
    corner[11, 11] = 255
    assert arrays.edge(corner, 8) == (4, 4)
