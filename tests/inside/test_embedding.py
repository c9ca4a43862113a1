"""The embedding against scikit-learn on what plain Keras computes; odd networks; t-SNE beside other looks."""

from __future__ import annotations

import time
from concurrent.futures import Future

import keras
import numpy as np
import pytest
from patience import until
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from test_features import CONFIGS, opened

from cnn_core import datasets
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.inside import embedding

pytestmark = pytest.mark.slow

DIGITS = TrainConfig(dataset="digits", epochs=1, precision="float32")
SMALL = ModelConfig((ConvBlock(4),), (12,), 0.5, (8, 8, 1))
NO_DENSE = ModelConfig((ConvBlock(4, pool="average", stride=2),), (), 0.5, (8, 8, 1))


def into_output(network, pictures: np.ndarray) -> np.ndarray:
    """What goes into the output layer, by Keras alone."""
    names = [layer.name for layer in network.model.layers]
    last = names[-2] if names[-2] != "dropout" else names[-3]
    probe = keras.Model(network.model.inputs[0], network.model.get_layer(last).output)
    return np.asarray(probe(pictures / np.float32(255)))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_vectors_are_what_goes_into_the_output_layer(config: ModelConfig):
    network = opened(config)
    pictures = np.random.default_rng(0).integers(0, 256, (130, *config.input_shape), np.uint8)
    found = embedding.vectors(network, pictures)
    np.testing.assert_allclose(found, into_output(network, pictures), atol=1e-5)
    kernel, bias = network.model.layers[-1].get_weights()
    shares = np.asarray(keras.activations.softmax(found @ kernel + bias))
    np.testing.assert_allclose(shares, network.predict(pictures), atol=1e-5)


@pytest.mark.parametrize("config", [SMALL, NO_DENSE], ids=["dense", "no dense layer"])
def test_pca_is_that_of_scikit_learn_but_for_the_sign(config: ModelConfig):
    network, data = opened(config), datasets.load("digits")
    found = embedding.pca(network, DIGITS, 300)
    engine = PCA(3).fit(into_output(network, data.x_test[:300]).astype(np.float64))
    expected = engine.transform(into_output(network, data.x_test[:300]).astype(np.float64))
    np.testing.assert_allclose(np.abs(found["points"]), np.abs(expected), atol=1e-3)
    np.testing.assert_allclose(found["explained"], engine.explained_variance_ratio_, atol=1e-5)
    again = embedding.pca(network, DIGITS, 300)
    assert np.array_equal(again["points"], found["points"])


def test_rows_are_the_images_of_the_test_part_in_their_order():
    network, data = opened(SMALL), datasets.load("digits")
    found = embedding.pca(network, DIGITS, 5_000)
    assert found["points"].shape == (len(data.x_test), 3)
    basis = PCA(3).fit(into_output(network, data.x_test).astype(np.float64))
    for row in (0, 17, 359):
        alone = basis.transform(into_output(network, data.x_test[row : row + 1]))
        np.testing.assert_allclose(np.abs(found["points"][row]), np.abs(alone[0]), atol=1e-3)


def test_a_single_unit_and_vectors_that_are_all_alike_have_a_place_too():
    one = opened(ModelConfig((ConvBlock(3),), (1,), 0.0, (8, 8, 1)))
    found = embedding.pca(one, DIGITS, 50)
    assert found["points"].shape == (50, 3)
    assert not found["points"][:, 1:].any()
    np.testing.assert_allclose(found["explained"], [1, 0, 0], atol=1e-6)
    dead = opened(SMALL)
    dead.model.get_layer("dense1").set_weights([np.zeros((64, 12)), -np.ones(12)])
    same = embedding.pca(dead, DIGITS, 50)
    assert not same["points"].any()
    assert not same["explained"].any()
    assert not embedding.neighbours(np.zeros((50, 12), np.float32), 30).any()
    assert np.isfinite(embedding.neighbours(np.eye(40, 1, dtype=np.float32), 30)).all()


def test_tsne_keeps_neighbours_together_and_comes_out_the_same_each_time():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 25)
    vectors = (rng.normal(size=(4, 60)) * 8)[labels] + rng.normal(size=(100, 60))
    found = embedding.neighbours(vectors.astype(np.float32), 15)
    _, near = NearestNeighbors(n_neighbors=6).fit(found).kneighbors(found)
    assert (labels[near] == labels[:, None]).all()
    assert np.array_equal(found, embedding.neighbours(vectors.astype(np.float32), 15))


def test_tsne_is_worked_out_beside_the_looks_and_once():
    network = opened(SMALL)
    began = time.monotonic()
    assert embedding.tsne(network, DIGITS, 200, 20) is None
    asked = time.monotonic() - began
    found = until(
        lambda: [it for it in [embedding.tsne(network, DIGITS, 200, 20)] if it is not None]
    )
    waited = time.monotonic() - began
    assert asked < waited
    assert found[0].shape == (200, 2)
    assert embedding.tsne(network, DIGITS, 200, 20) is found[0]
    data = datasets.load("digits")
    vectors = embedding.vectors(network, data.x_test[:200])
    assert np.array_equal(found[0], embedding.neighbours(vectors, 20))


def test_tsne_that_failed_says_so_once_and_is_tried_again(monkeypatch: pytest.MonkeyPatch):
    network = opened(SMALL)
    monkeypatch.setattr(embedding, "_JOBS", {})
    with monkeypatch.context() as patch:
        patch.setattr(embedding, "neighbours", lambda found, perplexity: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            until(lambda: embedding.tsne(network, DIGITS, 60, 7))
    found = until(lambda: [it for it in [embedding.tsne(network, DIGITS, 60, 7)] if it is not None])
    assert found[0].shape == (60, 2)


def test_tsne_goes_on_when_the_network_is_closed_and_opened_again(monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[np.ndarray, float]] = []

    class Later:
        def submit(self, _: object, found: np.ndarray, perplexity: float) -> Future:
            asked.append((found, perplexity))
            return waiting

    waiting: Future = Future()
    monkeypatch.setattr(embedding, "_thread", Later)
    monkeypatch.setattr(embedding, "_JOBS", {})
    monkeypatch.setattr(embedding, "KEPT", 2)
    network = opened(SMALL)
    assert embedding.tsne(network, DIGITS, 50, 10) is None
    again = opened(SMALL)
    again.model.set_weights(network.model.get_weights())
    waiting.set_result(np.ones((50, 3), np.float32))
    assert embedding.tsne(again, DIGITS, 50, 10) is waiting.result()
    assert len(asked) == 1
    again.model.get_layer("conv1").set_weights(
        [2 * it for it in again.model.get_layer("conv1").get_weights()]
    )
    for perplexity in (10, 20):
        embedding.tsne(again, DIGITS, 50, perplexity)
    assert [perplexity for _, perplexity in asked] == [10, 10, 20]
    embedding.tsne(network, DIGITS, 50, 10)
    assert len(asked) == 4
    assert len(embedding._JOBS) == 2
