"""A network asked about a whole part of its data: the right rows, the right images, asked once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from cnn_core import datasets
from cnn_core.analysis.evaluation import PARTS, Predictions
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.datasets import parts
from cnn_core.errors import DataError
from cnn_core.inside import answers
from cnn_core.model import Opened, build, predictor

TINY = ModelConfig(blocks=(ConvBlock(2),), dense=(), input_shape=(8, 8, 1))
DIGITS = TrainConfig(dataset="digits")


@pytest.fixture(scope="module")
def opened() -> Opened:
    model = build(TINY, seed=1)
    return Opened(TINY, model, predictor(model))


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.load("digits")


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    yield
    parts._subset.cache_clear()
    parts.loaded.cache_clear()


@pytest.mark.parametrize("part", PARTS)
def test_every_image_of_a_part_is_answered(
    opened: Opened, digits: datasets.Dataset, part: str
) -> None:
    found = answers.evaluate(opened, DIGITS, part)
    images, labels = getattr(digits, f"x_{part}"), getattr(digits, f"y_{part}")
    assert np.array_equal(found.labels, labels)
    np.testing.assert_allclose(found.probabilities, opened.predict(images), atol=1e-6)
    assert (found.first, found.total, found.size) == (0, len(labels), "sample")


def test_pieces_are_the_whole(opened: Opened) -> None:
    whole = answers.evaluate(opened, DIGITS, "test")
    pieces = [answers.evaluate(opened, DIGITS, "test", first, 100) for first in range(0, 360, 100)]
    assert [len(piece.labels) for piece in pieces] == [100, 100, 100, 60]
    joined = Predictions.joined(pieces)
    assert np.array_equal(joined.labels, whole.labels)
    np.testing.assert_allclose(joined.probabilities, whole.probabilities, atol=1e-6)
    beyond = answers.evaluate(opened, DIGITS, "test", 400, 100)
    assert (len(beyond.labels), beyond.total) == (0, 360)


def test_training_images_are_those_that_were_learned_from(
    opened: Opened, digits: datasets.Dataset
) -> None:
    few = TrainConfig(dataset="digits", train_size=50, seed=7)
    learned = datasets.subset(digits, 50)
    found = answers.evaluate(opened, few, "train")
    assert np.array_equal(found.labels, learned.y_train)
    assert np.array_equal(answers.images(opened, few, "train", [3, 49]), learned.x_train[[3, 49]])
    assert answers.evaluate(opened, few, "val").total == len(digits.y_val)


def test_images_come_in_the_order_asked_for(opened: Opened, digits: datasets.Dataset) -> None:
    images = answers.images(opened, DIGITS, "test", [5, 2, 359])
    assert np.array_equal(images, digits.x_test[[5, 2, 359]])


def test_rows_that_are_not_there_are_left_out(opened: Opened, digits: datasets.Dataset) -> None:
    images = answers.images(opened, DIGITS, "test", [-1, 0, 360])
    assert np.array_equal(images, digits.x_test[:1])
    assert answers.images(opened, DIGITS, "test", []).shape == (0, 8, 8, 1)


def test_one_look_hands_out_a_limited_number_of_images(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MAX_IMAGES", 3)
    assert len(answers.images(opened, DIGITS, "test", range(10))) == 3


def test_a_question_is_answered_from_memory_as_long_as_the_model_is_open() -> None:
    asked = []

    def say(images: np.ndarray) -> np.ndarray:
        asked.append(len(images))
        return np.full((len(images), 10), 0.1, np.float32)

    counting = Opened(TINY, build(TINY, seed=1), say)
    first = answers.evaluate(counting, DIGITS, "test")
    assert answers.evaluate(counting, DIGITS, "test") is first
    assert answers.evaluate(counting, DIGITS, "val").total == 288
    answers.evaluate(counting, TrainConfig(dataset="digits", train_size=20), "train")
    answers.evaluate(counting, TrainConfig(dataset="digits", train_size=30), "train")
    assert asked == [360, 288, 20, 30]
    del say, counting
    assert not any(first in said.values() for said in answers._PREDICTIONS.values())


def test_the_sample_stands_in_for_a_full_set_that_is_not_here(
    opened: Opened, digits: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str, size: str) -> datasets.Dataset:
        if size == "full":
            raise DataError("data.missing", name=name)
        return digits

    monkeypatch.setattr(parts, "load", load)
    full = TrainConfig(dataset="digits", size="full", train_size=5_000)
    found = answers.evaluate(opened, full, "train")
    assert (found.size, found.total) == ("sample", len(digits.y_train))
    assert np.array_equal(answers.images(opened, full, "train", [1]), digits.x_train[[1]])


def test_the_full_set_is_used_as_soon_as_it_is_here(
    opened: Opened, digits: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = False

    def load(name: str, size: str) -> datasets.Dataset:
        if size == "full" and not here:
            raise DataError("data.missing", name=name)
        return replace(digits, size=size)

    monkeypatch.setattr(parts, "load", load)
    full = TrainConfig(dataset="digits", size="full")
    assert answers.evaluate(opened, full, "test").size == "sample"
    here = True
    assert answers.evaluate(opened, full, "test").size == "full"


def test_a_damaged_full_set_is_not_passed_over(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str, size: str) -> datasets.Dataset:
        raise DataError("data.damaged", file=name)

    monkeypatch.setattr(parts, "load", load)
    with pytest.raises(DataError, match="damaged"):
        answers.evaluate(opened, TrainConfig(dataset="digits", size="full"), "test")


def test_a_part_that_does_not_exist_is_refused(opened: Opened) -> None:
    with pytest.raises(ValueError, match="train, val, test"):
        answers.evaluate(opened, DIGITS, "holdout")
    with pytest.raises(ValueError, match="train, val, test"):
        answers.images(opened, DIGITS, "", [0])
