"""What a network answers: compiled, in pieces, from several threads."""

from __future__ import annotations

import numpy as np
import pytest
from model_samples import SMALL, images, in_threads, trained

from cnn_core import model as models
from cnn_core.model import build, opened, predict, predictor, save


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_compiled_inference_answers_as_the_network_does(precision):
    model = build(SMALL, precision, seed=2)
    answer = predictor(model)(images(SMALL))
    assert answer.dtype == np.float32
    assert answer.shape == (5, SMALL.classes)
    tolerance = 1e-6 if precision == "float32" else 1e-2  # 8 bits, rounded in another order
    np.testing.assert_allclose(answer, model(images(SMALL), training=False), atol=tolerance)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


def test_bytes_are_scaled_to_the_unit_interval():
    run = predictor(build(SMALL, seed=2))
    dots = np.random.default_rng(0).integers(0, 256, (5, *SMALL.input_shape), np.uint8)
    np.testing.assert_allclose(run(dots), run(dots / 255.0), atol=1e-6)


def test_images_are_taken_a_chunk_at_a_time(monkeypatch):
    model, many = build(SMALL, seed=2), images(SMALL, 10)
    monkeypatch.setattr(models, "CHUNK_BYTES", 3 * 2 * 4 * 10 * 8 * 3)
    assert models._chunk(model) == 3
    np.testing.assert_allclose(predictor(model)(many), model(many), atol=1e-6)


def test_no_images_give_no_probabilities():
    assert predictor(build(SMALL))(images(SMALL, 0)).shape == (0, SMALL.classes)


@pytest.mark.parametrize(
    "wrong",
    [images(SMALL)[0], images(SMALL)[:, :, :-1], images(SMALL).astype(np.int64)],
    ids=["one image without a batch", "narrow", "integers"],
)
def test_images_of_another_kind_are_refused(wrong):
    with pytest.raises(ValueError, match="Images must"):
        predictor(build(SMALL))(wrong)


def test_inference_follows_the_weights():
    model, other = build(SMALL, seed=1), build(SMALL, seed=2)
    run = predictor(model)
    model.set_weights(other.get_weights())
    np.testing.assert_allclose(run(images(SMALL)), other(images(SMALL)), atol=1e-6)


def test_threads_predict_at_once():
    run = predictor(build(SMALL, seed=1))
    batches = [images(SMALL, 1 + index) for index in range(6)]
    expected = [run(batch) for batch in batches]
    found: dict[int, np.ndarray] = {}
    in_threads(lambda index: found.update({index: run(batches[index])}), len(batches))
    for index, answer in enumerate(expected):
        np.testing.assert_allclose(found[index], answer, atol=1e-6)


def test_an_opened_model_predicts(tmp_path):
    save(trained(precision="bfloat16"), tmp_path / "best.keras")
    model = opened(SMALL, tmp_path / "best.keras")
    assert model.config == SMALL
    answer = predict(model, images(SMALL))
    np.testing.assert_allclose(answer, model.model(images(SMALL)), atol=1e-6)
