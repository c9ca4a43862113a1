"""A plane through the space of weights: main directions, random directions, and the grid on it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA

from cnn_core.analysis import landscape

RANDOM = np.random.default_rng(3)
PATH = (np.cumsum(RANDOM.normal(size=(7, 40)), axis=0) * np.linspace(3, 0.1, 40)).astype(np.float32)


def test_the_path_on_its_plane_is_what_scikit_learn_says():
    found = landscape.main_directions(PATH)
    pca = PCA(2, svd_solver="full").fit(PATH.astype(np.float64))
    assert_allclose(np.abs(found.axes), np.abs(pca.components_), atol=1e-4)
    assert_allclose(found.share, pca.explained_variance_ratio_, rtol=1e-4)
    signs = np.sign((found.axes * pca.components_).sum(axis=1))
    wanted = (pca.transform(PATH) - pca.transform(PATH[4:5])) * signs
    assert_allclose(landscape.projected(PATH, PATH[4], found.axes), wanted, atol=1e-3)
    assert_allclose(found.axes @ found.axes.T, np.eye(2), atol=1e-5)


def test_the_path_ends_on_the_positive_side_of_both_directions():
    found = landscape.main_directions(PATH)
    first, *_, last = landscape.projected(PATH, PATH[0], found.axes)
    assert (last >= first).all()


@pytest.mark.parametrize(
    "path", [PATH[:2], np.ones((5, 9)), np.outer(np.arange(5.0), np.ones(9)), PATH * np.nan],
    ids=["two points", "stands still", "a line", "no numbers"],
)  # fmt: skip
def test_a_path_without_two_directions_has_no_plane(path):
    with pytest.raises(ValueError, match=r"plane|span"):
        landscape.main_directions(path.astype(np.float32))


def test_every_filter_of_a_random_direction_is_as_long_as_that_of_the_network():
    weights = {
        "conv1/kernel": RANDOM.normal(size=(3, 3, 2, 5)), "conv1/bias": np.ones(5),
        "output/kernel": RANDOM.normal(size=(7, 4)), "output/bias": np.ones(4),
    }  # fmt: skip
    weights["conv1/kernel"][..., 2] = 0
    drawn = landscape.filter_normalised(weights, np.random.default_rng(1))
    for index in range(5):
        kernel, own = drawn["conv1/kernel"][..., index], weights["conv1/kernel"][..., index]
        assert np.linalg.norm(kernel) == pytest.approx(np.linalg.norm(own), rel=1e-5)
    for index in range(4):
        column, own = drawn["output/kernel"][:, index], weights["output/kernel"][:, index]
        assert np.linalg.norm(column) == pytest.approx(np.linalg.norm(own), rel=1e-5)
    assert not drawn["conv1/bias"].any()
    assert not drawn["output/bias"].any()
    other = landscape.filter_normalised(weights, np.random.default_rng(2))
    assert abs(other["output/kernel"] - drawn["output/kernel"]).max() > 0.1


@pytest.mark.parametrize("count", landscape.GRIDS)
def test_the_grid_holds_the_path_and_the_centre_is_one_of_its_points(count):
    points = np.array([[-3, 0.5], [1, 0.2], [0.1, -0.4]], np.float32)
    x, y = landscape.grid(points, count)
    assert len(x) == len(y) == count
    assert 0 in x
    assert 0 in y
    for values, own in ((x, points[:, 0]), (y, points[:, 1])):
        assert values[0] < min(own.min(), 0)
        assert values[-1] > max(own.max(), 0)
        assert_allclose(np.diff(values), np.diff(values).mean(), rtol=1e-3)


def test_a_path_that_stands_still_still_has_a_grid():
    x, y = landscape.grid(np.zeros((3, 2), np.float32), 15)
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) > 0).all()


@pytest.mark.parametrize("count", [0, 1, 24, 1_000])
def test_other_grids_are_refused(count):
    with pytest.raises(ValueError, match="count must be one of"):
        landscape.grid(np.zeros((1, 2), np.float32), count)


@pytest.mark.parametrize(
    "question", [("line", 250, "val", 0), ("path", 10**6, "val", 0), ("path", 250, "test", 0),
                 ("path", 250, "val", 99)],
)  # fmt: skip
def test_other_questions_are_refused(question):
    with pytest.raises(ValueError, match="must be one of"):
        landscape.check_question(*question)


def test_weights_come_back_from_their_vector():
    weights = {"a/kernel": PATH[:2, :3], "a/bias": PATH[0, :3], "b/kernel": PATH[:1, :4]}
    vector = landscape.flat(weights, ["b/kernel", "a/kernel"])
    back = landscape.unflat(vector, weights, ["b/kernel", "a/kernel"])
    assert_allclose(back["a/kernel"], weights["a/kernel"])
    assert_allclose(back["b/kernel"], weights["b/kernel"])
    assert not back["a/bias"].any()
