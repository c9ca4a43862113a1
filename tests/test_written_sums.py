"""Numbers written out to the end, in Node: partial maps, contributions and the loss are those of Keras."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest
from node import ask
from random_networks import Case, cases, keras_answers

pytestmark = pytest.mark.slow

COUNT = 40
CLOSE = 1e-5


def asked() -> list[tuple[Case, int, int]]:
    """Networks of every kind, a filter or unit of each of their layers, and a true class."""
    dice = random.Random(3)
    return [
        (case, dice.randrange(100), dice.randrange(case.config.classes))
        for case in cases(COUNT, seed=3)
    ]


@pytest.fixture(scope="module")
def answers() -> list[dict]:
    return ask(
        [{**case.question(), "filter": unit, "truth": label} for case, unit, label in asked()]
    )


def test_the_partial_maps_are_those_of_keras_one_channel_at_a_time(answers: list[dict]) -> None:
    seen = 0
    for (case, unit, _), answer in zip(asked(), answers, strict=True):
        values = keras_answers(case)
        for place, row in enumerate(case.rows):
            if row.kind != "conv":
                continue
            kernel, bias = case.weights[row.name]
            image = values[place].reshape(1, *row.input_shape)
            number = unit % row.output_shape[-1]
            theirs = [
                np.asarray(
                    keras.ops.conv(
                        image[..., channel : channel + 1],
                        kernel[:, :, channel : channel + 1, number : number + 1],
                        row.stride,
                        row.padding,
                    )
                )[0, ..., 0]
                for channel in range(row.input_shape[-1])
            ]
            expected = np.stack(theirs, axis=-1)
            ours = answer["of"][place].reshape(expected.shape)
            within = CLOSE * max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(ours, expected, atol=within)
            whole = np.asarray(keras.ops.conv(image, kernel, row.stride, row.padding)) + bias
            np.testing.assert_allclose(
                ours.sum(axis=-1) + bias[number], whole[0, ..., number], atol=10 * within
            )
            seen += len(theirs) > 1
    assert seen > COUNT // 2, "convolutions of several channels"


def test_the_ten_largest_contributions_and_the_rest_are_the_sum_of_keras(
    answers: list[dict],
) -> None:
    for (case, unit, _), answer in zip(asked(), answers, strict=True):
        values = keras_answers(case)
        for place, row in enumerate(case.rows):
            if row.kind not in {"dense", "output"}:
                continue
            kernel, _ = case.weights[row.name]
            products = values[place].astype(float) * kernel[:, unit % row.output_shape[-1]]
            parts = answer["of"][place]
            within = CLOSE * max(1.0, float(np.abs(products).sum()))
            assert len(parts["largest"]) == min(10, len(products))
            assert parts["others"] == len(products) - len(parts["largest"])
            sizes = np.abs(products)[parts["largest"]]
            np.testing.assert_allclose(sizes, np.sort(np.abs(products))[::-1][:10], atol=within)
            np.testing.assert_allclose(parts["sum"], products[parts["largest"]].sum(), atol=within)
            np.testing.assert_allclose(parts["sum"] + parts["rest"], products.sum(), atol=within)


def test_the_loss_of_an_image_is_that_of_keras(answers: list[dict]) -> None:
    for (case, _, label), answer in zip(asked(), answers, strict=True):
        probabilities = keras_answers(case)[-1]
        if probabilities[label] < keras.config.epsilon():
            continue  # Keras cuts there
        theirs = keras.losses.sparse_categorical_crossentropy(
            np.array([label]), probabilities[np.newaxis]
        )
        np.testing.assert_allclose(answer["loss"], float(theirs[0]), rtol=1e-4, atol=1e-5)
