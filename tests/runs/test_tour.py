"""The tour of the home page: what it keeps and calculates is what Keras answers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from cnn_core import convolution, datasets, runs
from cnn_core.errors import RunError
from cnn_core.runs import tour

FASHION = runs.open_run("fashion")


@pytest.fixture(scope="module")
def shown() -> tour.Tour:
    return tour.read(FASHION)


@pytest.fixture(scope="module")
def network() -> keras.Sequential:
    loaded: keras.Sequential = keras.models.load_model(FASHION.folder / "best.keras", compile=False)
    return loaded


def test_one_image_of_each_class_is_recognised_and_one_mistaken(shown: tour.Tour) -> None:
    assert shown.images.shape == (20, 28, 28, 1)
    assert shown.images.dtype == np.uint8
    assert shown.labels.tolist() == [*range(10), *range(10)]
    assert (shown.labels == shown.guesses).tolist() == [True] * 10 + [False] * 10


def test_it_names_the_layers_of_the_network_and_keeps_those_behind_the_maps(
    shown: tour.Tour,
) -> None:
    shapes = {row.name: row.output_shape for row in shown.rows}
    assert list(shapes)[:2] == ["conv1", "pool1"]
    assert {name: values.shape[1:] for name, values in shown.units.items()} == {
        name: shapes[name] for name in ("dense1", "output")
    }
    np.testing.assert_allclose(shown.units["output"].sum(axis=1), 1, atol=1e-5)


def test_the_file_is_small() -> None:
    assert (FASHION.folder / tour.FILE).stat().st_size < 20_000


def test_the_first_right_and_the_first_wrong_image_of_each_class_is_chosen() -> None:
    labels = np.array([1, 0, 1, 0, 2, 1])
    guesses = np.array([2, 0, 1, 1, 2, 0])
    assert tour.choose_images(labels, guesses) == [1, 2, 4, 3, 0]


@pytest.mark.parametrize("damage", ["missing", "damaged", "of another network"])
def test_a_tour_that_cannot_be_read_is_an_error_in_words(damage: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FASHION.folder, tmp_path / "fashion"))
    if damage == "missing":
        (folder / tour.FILE).unlink()
    elif damage == "damaged":
        (folder / tour.FILE).write_bytes(b"PK\x03\x04 no more")
    else:
        np.savez(folder / tour.FILE, images=np.zeros((1, 28, 28, 1), np.uint8))
    with pytest.raises(RunError, match="fashion"):
        tour.read(replace(FASHION, folder=folder))


@pytest.mark.slow
def test_every_number_is_what_plain_keras_answers(
    shown: tour.Tour, network: keras.Sequential
) -> None:
    names = [row.name for row in shown.rows]
    every = keras.Model(network.inputs, [network.get_layer(name).output for name in names])
    pixels = shown.images.astype(np.float32) / 255
    answers = dict(zip(names, every.predict_on_batch(pixels), strict=True))
    for name, values in shown.units.items():
        np.testing.assert_allclose(values, answers[name], atol=1e-5, err_msg=name)
    np.testing.assert_array_equal(answers["output"].argmax(axis=1), shown.guesses)
    for number, image in enumerate(pixels):
        maps = convolution.forward(FASHION.model, shown.weights, image)
        for name in ("conv1", "pool1", "conv2", "pool2"):
            np.testing.assert_allclose(maps[name], answers[name][number], atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_its_images_are_those_that_the_rule_takes_from_the_sample(
    shown: tour.Tour, network: keras.Sequential
) -> None:
    sample = datasets.load("fashion_mnist", "sample")
    guesses = network.predict(sample.x_test.astype(np.float32) / 255, verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(
        sample.x_test[tour.choose_images(sample.y_test, guesses)], shown.images
    )
