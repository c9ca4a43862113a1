"""Deletion and insertion curves on a toy whose answer is known, and against a loop of single predictions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_features import image, opened
from toy_networks import READS_ONE, SHIPPED, reads_one_pixel, shipped

from cnn_core import datasets, runs
from cnn_core.analysis.deletion import FILLS, ORDERS, STEPS, after_a_tenth, area, replaced_shares
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.inside import deletion
from cnn_core.inside.baselines import baseline
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.deletion import deletion_curves, deletion_sums

pytestmark = pytest.mark.slow

__all__ = ["shipped"]  # a fixture


def test_the_pixel_that_a_toy_reads_goes_first_in_every_order_that_finds_it():
    picture = np.full((8, 8, 1), 0.25, np.float32)
    picture[READS_ONE] = 1
    found = deletion_curves(reads_one_pixel(4), picture, 1)
    sure, none = 1 / (1 + np.exp(-4)), 0.5
    black = FILLS.index("black")
    for order in ("hires_cam", "layer_cam", "integrated_black", "saliency", "smooth", "bright"):
        for kind, first, then in (("deletion", sure, none), ("insertion", none, sure)):
            curve = found[kind][ORDERS.index(order), black]
            assert curve[0] == pytest.approx(first, abs=1e-6)
            assert_allclose(curve[1:], then, atol=1e-6)
    chance = area(found["deletion"][ORDERS.index("random"), black])
    assert none + 0.5 / STEPS * (sure - none) < chance


def test_the_curves_equal_a_loop_of_single_predictions(shipped):
    network, images = shipped
    found = deletion_curves(network, images[0], 3)
    heat = class_maps(network, images[0], 3)["hires_cam"]["heat"].ravel()
    pixels, compared = images[0] / np.float32(255), 0
    for place, fill in enumerate(FILLS):
        other = baseline(pixels[np.newaxis], fill)[0]
        for point, share in enumerate(replaced_shares()):
            count = round(share * 784)
            first = np.argsort(-heat, kind="stable")[:count]
            rest = np.delete(heat, first)
            if rest.size and count and heat[first].min() == rest.max():
                continue  # which of two equal ones goes first is chance
            compared += 1
            chosen = np.zeros(784, bool)
            chosen[first] = True
            chosen = chosen.reshape(28, 28, 1)
            for kind, picture in (
                ("deletion", np.where(chosen, other, pixels)),
                ("insertion", np.where(chosen, pixels, other)),
            ):
                wanted = network.predict(picture[np.newaxis])[0, 3]
                assert found[kind][ORDERS.index("hires_cam"), place, point] == pytest.approx(
                    wanted, abs=2e-3
                )
    assert compared > 15, "the test must have seen something"


def test_all_orders_begin_and_end_alike(shipped):
    network, images = shipped
    found = deletion_curves(network, images[2])
    label = network.predict(images[2:3])[0].argmax()
    for place, fill in enumerate(FILLS):
        pixels = images[2:3] / np.float32(255)
        whole = network.predict(pixels)[0, label]
        gone = network.predict(baseline(pixels, fill))[0, label]
        for kind, ends in (("deletion", (whole, gone)), ("insertion", (gone, whole))):
            for end, value in zip((0, -1), ends, strict=True):
                assert_allclose(found[kind][:, place, end], value, atol=1e-4)


def test_pixels_without_heat_come_at_random_and_not_from_the_top():
    flat = {name: np.zeros((20, 20), np.float32) for name in ORDERS}
    ranks = deletion._ranks(flat, np.zeros((20, 20, 1), np.float32))
    assert ranks.shape == (len(ORDERS) - 1 + deletion.RANDOM, 400)
    for order in ranks:
        assert sorted(order) == list(range(400))
        assert 60 < order[:200][order[:200] < 200].size < 140  # half of the first are of the top


def test_colours_and_any_size_have_curves():
    config = ModelConfig((ConvBlock(3),), (4,), 0.5, (5, 7, 3), 3)
    found = deletion_curves(opened(config), image(config), 2, "conv1", 2, "white")
    for curves in found.values():
        assert curves.shape == (len(ORDERS), len(FILLS), STEPS + 1)
        assert ((curves >= 0) & (curves <= 1)).all()


def test_sums_are_those_of_the_images(shipped):
    run = next(run for run in map(runs.open_run, SHIPPED) if run.model == shipped[0].config)
    network = shipped[0]
    size = run.train.size if datasets.available(run.train.dataset, run.train.size) else "sample"
    images = datasets.load(run.train.dataset, size).x_test
    found = deletion_sums(network, run.train, 1, 2)
    assert found["images"] == 2
    for kind in ("deletion", "insertion"):
        wanted = sum(deletion_curves(network, picture)[kind] for picture in images[1:3])
        assert_allclose(found[kind], wanted, atol=1e-4)
    beyond = deletion_sums(network, run.train, len(images), 5)
    assert beyond["images"] == 0
    assert (after_a_tenth(beyond["deletion"]) == 0).all()
