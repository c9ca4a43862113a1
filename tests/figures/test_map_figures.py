"""Feature maps as pictures: scales, bars and probabilities; data, not pixels."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from cnn_core.figures import feature_maps as figures
from cnn_core.figures.palette import DIVERGING, SEQUENTIAL

MAPS = {
    "conv1/sum": np.array([[[-4.0, 1.0]]], np.float32),
    "conv1": np.array([[[0.0, 1.0]]], np.float32),
    "pool1": np.array([[[0.5, 3.0]]], np.float32),
    "conv2/sum": np.array([[[-1.0, 2.0]]], np.float32),
    "output": np.array([0.1, 0.9], np.float32),
}


def first_pixels(png: bytes, count: int, step: int) -> list[list[int]]:
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return [picture[0, index * step].tolist() for index in range(count)]


@pytest.mark.parametrize(
    ("name", "reach", "scale", "low", "high"),
    [
        ("conv1", "layer", "sequential", 0.0, 1.0),
        ("pool1", "layer", "sequential", 0.0, 3.0),
        ("conv1", "network", "sequential", 0.0, 3.0),
        ("conv1/sum", "layer", "diverging", -4.0, 4.0),
        ("conv2/sum", "layer", "diverging", -2.0, 2.0),
        ("conv2/sum", "network", "diverging", -4.0, 4.0),
        ("conv1", "map", "sequential", None, None),
        ("conv1/sum", "map", "diverging", None, None),
    ],
)
def test_scales(name: str, reach: figures.Reach, scale: str, low: float | None, high: float | None):
    look = figures.colours(MAPS, name, reach)
    assert (look.scale, look.low, look.high) == (scale, low, high)


def test_outputs_below_zero_begin_the_scale_below_zero():
    look = figures.colours({"conv1": np.array([[[-0.5, 2.0]]], np.float32)}, "conv1", "layer")
    assert (look.low, look.high) == (-0.5, 2.0)


def test_maps_of_a_layer_can_be_compared_and_with_a_scale_each_the_faint_one_is_seen():
    maps = np.array([[[1.0, 0.1]]], np.float32)
    zoom, gap = figures.measures(maps.shape)
    png = figures.maps_png(maps, figures.colours({"conv1": maps}, "conv1", "layer"), columns=2)
    bright, faint = first_pixels(png, 2, zoom + gap)
    assert bright == SEQUENTIAL[254].tolist()
    assert faint == SEQUENTIAL[25].tolist()
    png = figures.maps_png(maps, figures.colours({"conv1": maps}, "conv1", "map"), columns=2)
    assert first_pixels(png, 2, zoom + gap) == [SEQUENTIAL[254].tolist()] * 2


def test_sums_have_zero_in_the_middle_on_every_scale():
    sums = np.array([[[0.0, -0.1]], [[2.0, 0.0]]], np.float32)  # (2, 1, 2)
    for reach in figures.REACHES:
        look = figures.colours({"conv1/sum": sums}, "conv1/sum", reach)
        zoom, gap = figures.measures(sums.shape)
        zero, below = first_pixels(figures.maps_png(sums, look, columns=2), 2, zoom + gap)
        assert zero == DIVERGING[127].tolist()
        assert below[2] > below[0], "blue below zero"


def test_the_picture_has_the_size_that_its_measures_say():
    maps = np.zeros((7, 5, 10), np.float32)
    zoom, gap = figures.measures(maps.shape)
    assert 7 * zoom >= figures.CELL
    png = figures.maps_png(maps, figures.colours({"conv1": maps}, "conv1", "map"), columns=4)
    assert Image.open(io.BytesIO(png)).size == (4 * 5 * zoom + 3 * gap, 3 * 7 * zoom + 2 * gap)


@pytest.mark.parametrize("count", [1, 3, 100])
def test_bars_are_as_high_as_their_values(count: int):
    values = np.linspace(0, 5, count, dtype=np.float32)
    picture = np.asarray(Image.open(io.BytesIO(figures.bars_png(values))))
    step = figures.BAR + figures.BAR_GAP
    heights = [(picture[:, index * step, :3].sum(axis=1) > 0).sum() for index in range(count)]
    expected = np.rint(figures.BARS_HEIGHT * values / max(1e-9, values.max()))
    assert np.abs(np.array(heights) - expected).max() <= 1


def test_bars_of_nothing_are_a_line_and_negative_ones_hang():
    assert (
        np.asarray(Image.open(io.BytesIO(figures.bars_png(np.zeros(5, np.float32)))))[:-1].sum()
        == 0
    )
    picture = np.asarray(
        Image.open(io.BytesIO(figures.bars_png(np.array([1.0, -1.0], np.float32))))
    )
    above, below = (
        picture[:, place, :3].sum(axis=1) > 0 for place in (0, figures.BAR + figures.BAR_GAP)
    )
    assert np.flatnonzero(above).max() < np.flatnonzero(below).min()


def test_probabilities_name_every_class_and_mark_the_first_of_the_highest():
    shares = np.array([0.25, 0.5, 0.25], np.float32)
    html = figures.probabilities_html(shares, ["a", "<b>", "c"], "alt")
    assert re.findall(r'class="share">([^<]+)<', html) == ["25.0%", "50.0%", "25.0%"]
    assert re.findall(r'class="row top"><span class="name">([^<]+)<', html) == ["&lt;b&gt;"]
    assert html.count('class="row') == 3


def test_the_strongest_place_of_equals_is_the_first():
    one = np.array([[0.0, 2.0], [2.0, 1.0]], np.float32)
    assert figures.strongest(one) == (0, 1)
