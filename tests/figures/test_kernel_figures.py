"""Kernels as pictures, their histogram, and what kernels tell by themselves: data, not pixels."""

from __future__ import annotations

import io
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnn_core import texts
from cnn_core.analysis import kernels as weights
from cnn_core.figures import kernels, legend
from cnn_core.figures.charts import ControlWords
from cnn_core.figures.kernels import Extent, HistogramWords
from cnn_core.figures.palette import DARK, DIVERGING, LIGHT

WORDS = HistogramWords.of(texts.table("en"))
CONTROLS = ControlWords.of(texts.table("en"))


def gaussian(std: float, shape: tuple[int, ...] = (3, 3, 4, 32), seed: int = 0) -> np.ndarray:
    return (std * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def histogram(before: np.ndarray, after: np.ndarray, epoch: int = 3, **settings: object) -> dict:
    extent = Extent.of(lambda: [before, after])
    wanted = {"words": WORDS, "controls": CONTROLS, "palette": LIGHT, "limit": 0.1, **settings}
    return kernels.weight_histogram(
        before, after, layer="conv1", epoch=epoch, extent=extent, **wanted
    )


def test_the_histogram_counts_every_weight_once():
    before, after = gaussian(0.05), gaussian(0.2)
    for series in histogram(before, after)["series"]:
        shares = [y for _, y in series["data"]]
        assert sum(shares) == pytest.approx(100, abs=0.1)
        assert shares[-1] == 0, "the outline comes down again"
    untrained, trained = histogram(before, after)["series"]
    edges = np.array([x for x, _ in trained["data"]])
    inside = (after > edges[15]) & (after <= edges[16])
    assert trained["data"][15][1] == pytest.approx(100 * inside.mean(), abs=0.02)
    assert max(y for _, y in untrained["data"]) > max(y for _, y in trained["data"])


def test_axes_and_series_stay_while_epochs_pass():
    epochs = [gaussian(std, seed=seed) for seed, std in enumerate((0.05, 0.1, 0.2, 0.4))]
    extent = Extent.of(lambda: epochs)
    shown = [
        kernels.weight_histogram(
            epochs[0],
            it,
            layer="conv1",
            epoch=n,
            extent=extent,
            limit=0.1,
            words=WORDS,
            controls=CONTROLS,
            palette=LIGHT,
        )
        for n, it in enumerate(epochs)
    ]
    assert len({json.dumps([it["xAxis"], it["yAxis"], it["grid"]]) for it in shown}) == 1
    assert all([s["id"] for s in it["series"]] == ["before", "after"] for it in shown)
    assert len({json.dumps(it["series"][0]) for it in shown}) == 1
    assert len({json.dumps(it["series"][1]["data"]) for it in shown}) == 4
    top = max(y for it in shown for series in it["series"] for _, y in series["data"])
    assert top <= extent.most < top + 5
    assert max(map(kernels.largest, epochs)) <= extent.reach


def test_training_is_blue_and_untrained_is_neutral_in_both_themes():
    for palette in (LIGHT, DARK):
        before, after = histogram(gaussian(0.1), gaussian(0.2), palette=palette)["series"]
        assert (before["color"], after["color"]) == (palette.mark, palette.training)


def test_the_lines_of_the_limit_are_where_it_is():
    before, _ = histogram(gaussian(0.1), gaussian(0.2), limit=0.142)["series"]
    assert [it["xAxis"] for it in before["markLine"]["data"]] == [-0.142, 0.142]


def test_the_histogram_can_be_enlarged_and_kept_as_a_picture():
    features = histogram(gaussian(0.1), gaussian(0.2))["toolbox"]["feature"]
    assert features["dataZoom"]["title"] == {"zoom": CONTROLS.zoom, "back": CONTROLS.reset}
    assert features["saveAsImage"]["title"] == CONTROLS.save
    assert features["saveAsImage"]["name"] == "weights-conv1"


def test_the_words_name_the_layer_and_the_epoch_in_both_languages():
    for language in texts.LANGUAGES:
        words = HistogramWords.of(texts.table(language))
        option = histogram(gaussian(0.1), gaussian(0.2), epoch=7, words=words)
        assert "conv1" in option["title"]["text"]
        assert "7" in option["series"][1]["name"]
        alt = kernels.histogram_alt(
            gaussian(0.1), gaussian(0.2), layer="conv1", epoch=7, words=words
        )
        assert "0.0978" in alt
        assert "0.196" in alt


@pytest.mark.parametrize("nothing", [np.zeros((3, 3, 1, 2)), np.full((3, 3, 1, 2), np.nan)])
def test_weights_of_nothing_give_a_histogram_all_the_same(nothing: np.ndarray):
    option = histogram(nothing, nothing)
    assert json.dumps(option, allow_nan=False)
    assert option["xAxis"]["max"] > 0


@given(st.floats(1e-6, 1e6))
def test_labels_of_the_axis_are_round_and_meet_zero(reach: float):
    end, step = kernels._axis(reach)
    assert reach <= end * (1 + 1e-5)
    assert end <= 2.01 * reach
    assert end / step == pytest.approx(round(end / step))
    assert 1 <= round(end / step) <= 5
    assert float(f"{step:e}".partition("e")[0]) in {1, 2, 5, 10}


def test_kernels_are_on_one_scale_around_zero():
    maps = np.array([[[0.0, 0.5]], [[-0.5, 0.25]]])
    picture = pixels(kernels.kernel_mosaic(maps, reach=0.5, columns=2))
    zoom, gap = kernels.measures(maps.shape)
    assert picture.shape[1] == 4 * zoom + gap
    at = [picture[0, x, :3].tolist() for x in (0, zoom, 2 * zoom + gap, 3 * zoom + gap)]
    assert at[:3] == [DIVERGING[127].tolist(), DIVERGING[254].tolist(), DIVERGING[0].tolist()]
    faint = pixels(kernels.kernel_mosaic(maps, reach=1.0, columns=2))
    assert faint[0, zoom, :3].tolist() != at[1], "the scale is given, not taken from the picture"


def test_a_kernel_in_numbers_says_each_of_them():
    html = kernels.kernel_grid(np.array([[-0.126, -0.001], [0.5, 9.0]]), 0.5, 'a "kernel"')
    assert re.findall(r">([−\d.]+)</span>", html) == ["−0.13", "0.00", "0.50", "9.00"]
    assert "--side:2" in html
    assert "a &#34;kernel&#34;" in html
    first, *_, last = re.findall(r"rgb\((\d+),(\d+),(\d+)\)", html)
    assert int(first[2]) > int(first[0]), "blue below zero"
    assert [int(it) for it in last] == DIVERGING[254].tolist()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.142222, "0.142"), (-0.81, "−0.810"), (12.0, "12.0"), (123.4, "123"), (12345.6, "12,346"),
        (0.0, "0"), (math.nan, "–"), (-math.inf, "–"), (0.00117, "0.00117"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, text: str):
    assert legend.number(value) == text


def test_a_box_lies_where_it_should():
    html = legend.framed(b"png", "<alt>", shape=(28, 56), box=(7, 14, 14, 28))
    assert "top:25.000%;left:25.000%;height:25.000%;width:25.000%" in html
    assert "--shape:56/28" in html
    assert "&lt;alt&gt;" in html
    assert 'class="box"' not in legend.framed(b"png", "", shape=(28, 28))


def test_a_legend_says_its_ends_and_its_middle():
    html = legend.legend("diverging", "−1", "1", middle="0", title="Weight")
    assert re.findall(r">([^<>]+)<", html) == ["Weight", "−1", "0", "1"]
    assert "#053061" in html


# What kernels tell by themselves


def test_glorot_is_as_published():
    glorot = weights.Glorot.of((3, 3, 1, 32))
    assert (glorot.fan_in, glorot.fan_out) == (9, 288)
    assert glorot.limit == pytest.approx(math.sqrt(6 / 297))
    assert glorot.std == pytest.approx(glorot.limit / math.sqrt(3)), "of an even distribution"


def test_a_channel_or_the_mean_over_all():
    kernel = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert weights.channel_view(kernel, None).shape == (5, 2, 3)
    assert weights.channel_view(kernel, 2)[3, 1, 2] == kernel[1, 2, 2, 3]
    assert weights.channel_view(kernel, None)[3, 1, 2] == kernel[1, 2, :, 3].mean()


def test_twins_are_found_whatever_their_length_and_others_are_not():
    kernel = gaussian(1, (3, 3, 2, 6))
    kernel[..., 4] = 7.5 * kernel[..., 1]
    kernel[..., 5] = -kernel[..., 2]
    kernel[..., 0] = 0
    [twin] = weights.twins(kernel)
    assert (twin.first, twin.second) == (1, 4)
    assert twin.cosine == pytest.approx(1)


@given(st.integers(2, 9), st.floats(-0.9, 0.9))
def test_twins_equal_a_comparison_of_every_pair(count: int, alike: float):
    kernel = gaussian(1, (2, 2, 1, count), seed=count)
    flat = kernel.reshape(4, count)
    expected = {
        (i, j)
        for i in range(count)
        for j in range(i + 1, count)
        if flat[:, i] @ flat[:, j] / np.linalg.norm(flat[:, i]) / np.linalg.norm(flat[:, j])
        >= alike
    }
    found = weights.twins(kernel, alike)
    assert {(it.first, it.second) for it in found} == expected
    assert [it.cosine for it in found] == sorted((it.cosine for it in found), reverse=True)
    best = weights.most_alike(kernel)
    assert best is not None
    assert not found or best.cosine == found[0].cosine


def test_one_filter_has_no_twin():
    kernel = gaussian(1, (3, 3, 2, 1))
    assert weights.twins(kernel) == []
    assert weights.most_alike(kernel) is None


def test_top_images_are_merged_over_the_chunks():
    dice = np.random.default_rng(3)
    peaks = dice.random((50, 4)).astype(np.float32)
    parts = [(peaks[:20], np.full(4, 0.5)), (peaks[20:], np.full(4, 0.0))]
    found = weights.top_images(parts, count=3)
    assert found.images == 50
    for index in range(4):
        assert found.rows[:, index].tolist() == np.argsort(-peaks[:, index])[:3].tolist()
    assert (found.values == np.sort(peaks, axis=0)[::-1][:3]).all()
    np.testing.assert_allclose(found.saturated, 0.2)


def test_of_equal_answers_the_earlier_image_comes_first():
    found = weights.top_images([(np.ones((5, 1)), np.zeros(1)), (np.ones((5, 1)), np.zeros(1))], 3)
    assert found.rows[:, 0].tolist() == [0, 1, 2]


def test_no_image_is_refused():
    with pytest.raises(ValueError, match="No image"):
        weights.top_images([(np.empty((0, 3)), np.zeros(3))])


def test_dead_and_saturated_filters_are_named():
    peaks = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1e-6]])
    found = weights.top_images([(peaks, np.array([0.5, 0.49, 1.0]))])
    assert weights.dead(found) == [0]
    assert weights.saturated(found) == [0, 2]


def test_one_large_weight_does_not_set_the_scale():
    weights = np.full(1000, 0.1)
    weights[3] = -9.0
    assert kernels.typical(weights) == pytest.approx(0.1)
    assert kernels.largest(weights) == 9.0
    assert kernels.typical(np.full(3, np.nan)) == 0.0


def test_each_kernel_may_have_a_scale_of_its_own():
    pictures = np.array([[[0.0, 0.5]], [[0.0, 0.0]], [[-4.0, 2.0]]])
    found = kernels.each_by_its_own(pictures)
    np.testing.assert_allclose(found, [[[0, 1]], [[0, 0]], [[-1, 0.5]]])
