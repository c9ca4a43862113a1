"""Colours that can be seen, and mosaics: data, not pixels."""

from __future__ import annotations

import io
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnn_core.figures import palette
from cnn_core.figures.mosaic import CLEAR, default_columns, image_png, mosaic_png, value_range
from cnn_core.figures.palette import DARK, DIVERGING, KINDS, LIGHT, SEQUENTIAL, Palette

LINES = ("training", "batches", "validation", "test", "mark", "problem")
# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", 2009: severity 1.0, on linear RGB.
EYES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "full colour": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}
TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]


def linear(colour: str) -> np.ndarray:
    channels = np.array(palette.rgb(colour)) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast, 1 to 21."""
    dark, bright = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def lab(colour: str, eye: str) -> np.ndarray:
    """CIE L*a*b* of what `eye` sees; distances of 10 are plain to see."""
    seen = np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)
    xyz = np.array(TO_XYZ) @ seen / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, eye: str) -> float:
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def test_contrast_agrees_with_the_published_extremes():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_line_stands_out_from_its_background(colours: Palette):
    for name in LINES:
        assert contrast(getattr(colours, name), colours.background) >= 3, name
    for colour in colours.classes:
        assert contrast(colour, colours.background) >= 3, colour


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_curves_differ_for_every_eye(colours: Palette, eye: str):
    assert distance(colours.training, colours.validation, eye) > 60
    for one, other in combinations((colours.training, colours.batches, colours.validation), 2):
        assert distance(one, other, eye) > 15


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_ten_classes_have_ten_colours(colours: Palette, eye: str):
    assert len(colours.classes) == 10
    assert min(distance(*pair, eye) for pair in combinations(colours.classes, 2)) > 15


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_layer_is_seen_in_both_themes(kind: str):
    assert contrast(KINDS[kind], LIGHT.background) >= 3
    assert contrast(KINDS[kind], DARK.background) >= 3


def test_scales():
    assert SEQUENTIAL.shape == DIVERGING.shape == (255, 3)
    brightness = SEQUENTIAL @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) >= -0.5).all()
    blue, zero, red = DIVERGING[0], DIVERGING[127], DIVERGING[-1]
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert np.ptp(zero) == 0
    assert palette.stops("diverging", 3) == ["#053061", "#f0f0f0", "#67001f"]
    assert palette.stops("sequential", 2) == ["#440154", "#fde725"]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_zero_does_not_stand_out_and_what_is_far_from_it_does(theme: Palette):
    ends = palette.stops(theme.diverging, 11)
    away = [contrast(colour, theme.background) for colour in ends]
    assert away[5] < 1.5, "zero glows"
    assert away[:6] == sorted(away[:6], reverse=True)
    assert away[5:] == sorted(away[5:])
    assert min(away[0], away[-1]) > 7


@pytest.mark.parametrize("scale", palette.SCALES)
def test_a_number_is_written_in_the_ink_that_stands_out_more(scale: str):
    for colour in palette.stops(scale, 101):
        other = {"#000000": "#ffffff", "#ffffff": "#000000"}[palette.ink(colour)]
        assert contrast(palette.ink(colour), colour) >= max(4.5, contrast(other, colour))


def test_the_theme_decides_and_light_is_the_default():
    assert palette.for_theme("dark") is DARK
    assert palette.for_theme("light") is palette.for_theme(None) is LIGHT


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(opened(png).convert("RGBA"))


def test_a_mosaic_lays_maps_row_by_row_with_gaps_that_show_the_page():
    maps = np.arange(6, dtype=np.float32).reshape(6, 1, 1) * np.ones((1, 2, 3), np.float32)
    picture = pixels(mosaic_png(maps, columns=4, gap=1))
    assert picture.shape == (2 * 2 + 1, 4 * 3 + 3, 4)
    assert tuple(picture[0, 0]) == (*SEQUENTIAL[0], 255)
    assert tuple(picture[3, 4]) == (*SEQUENTIAL[-1], 255)
    assert (picture[2, :, 3] == 0).all()
    assert (picture[:, 3, 3] == 0).all()
    assert (picture[3:, 8:, 3] == 0).all()


def test_zoom_repeats_pixels_and_leaves_the_gap():
    maps = np.array([[[0.0, 1.0]], [[1.0, 0.0]]])
    picture = pixels(mosaic_png(maps, columns=2, gap=2, zoom=3))
    assert picture.shape == (3, 6 + 2 + 6, 4)
    assert (picture[:, :3] == picture[0, 0]).all()
    assert (picture[:, 3:6] == picture[0, 3]).all()
    assert not (picture[0, 0] == picture[0, 3]).all()


def test_weights_diverge_around_zero():
    maps = np.array([[[-1.0, 0.0, 4.0]]])
    picture = pixels(mosaic_png(maps, scale="diverging"))[0, :, :3]
    assert (picture[1] == DIVERGING[127]).all()
    assert (picture[2] == DIVERGING[-1]).all()
    assert picture[0, 2] > picture[0, 0]
    assert value_range(maps, "diverging") == (-4.0, 4.0)
    assert value_range(maps, "diverging", high=2.0) == (-2.0, 2.0)
    assert value_range(maps, "sequential") == (-1.0, 4.0)
    assert value_range(maps, "sequential", low=0.0) == (0.0, 4.0)


def test_a_map_of_zeros_is_dark_and_a_kernel_of_zeros_is_the_middle():
    nothing = np.zeros((1, 2, 2))
    assert (pixels(mosaic_png(nothing))[..., :3] == SEQUENTIAL[0]).all()
    assert (pixels(mosaic_png(nothing, scale="diverging"))[..., :3] == DIVERGING[127]).all()


def test_values_outside_the_range_take_the_last_colour():
    maps = np.array([[[-5.0, 0.5, 9.0]]])
    picture = pixels(mosaic_png(maps, low=0.0, high=1.0))[0, :, :3]
    assert [tuple(colour) for colour in picture] == [
        tuple(SEQUENTIAL[0]), tuple(SEQUENTIAL[127]), tuple(SEQUENTIAL[-1]),
    ]  # fmt: skip


def test_what_is_not_a_number_is_transparent():
    maps = np.array([[[np.nan, np.inf, 1.0, 0.0]]])
    assert pixels(mosaic_png(maps))[0, :, 3].tolist() == [0, 0, 255, 255]
    assert (pixels(mosaic_png(np.full((2, 2, 2), np.nan)))[..., 3] == 0).all()


def test_no_map_is_one_transparent_pixel():
    assert pixels(mosaic_png(np.zeros((0, 3, 3)))).tolist() == [[[0, 0, 0, 0]]]
    assert CLEAR == 255


@pytest.mark.parametrize(
    ("shape", "columns"), [((64, 28, 28), 8), ((1, 5, 5), 1), ((10, 3, 3), 3), ((4, 1, 100), 1)]
)
def test_columns_make_a_mosaic_about_square(shape: tuple[int, ...], columns: int):
    assert default_columns(shape) == columns


@pytest.mark.parametrize(
    ("shape", "settings"),
    [((3, 3), {}), ((1, 3, 3), {"columns": 0}), ((1, 3, 3), {"zoom": 0}), ((1, 3, 3), {"gap": -1})],
)
def test_a_mosaic_of_wrong_measures_is_refused(shape: tuple[int, ...], settings: dict[str, int]):
    with pytest.raises(ValueError, match=r"maps must|Received"):
        mosaic_png(np.zeros(shape), **settings)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_enlarged_without_smoothing(channels: int):
    image = np.random.default_rng(0).integers(0, 256, (5, 4, channels), dtype=np.uint8)
    picture = np.asarray(opened(image_png(image, 3)).convert("RGB"))
    assert picture.shape == (15, 12, 3)
    assert (picture[1::3, 1::3] == image).all()
    assert (picture == np.repeat(np.repeat(picture[::3, ::3], 3, 0), 3, 1)).all()


@pytest.mark.parametrize(
    "image", [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 1)), np.zeros((5, 5, 4), np.uint8)]
)
def test_what_is_no_image_is_refused(image: np.ndarray):
    with pytest.raises(ValueError, match="Not a uint8 image"):
        image_png(image)


@given(
    st.integers(1, 20), st.integers(1, 7), st.integers(1, 7), st.integers(0, 3), st.integers(1, 3)
)
def test_a_mosaic_has_the_size_its_measures_say(n: int, h: int, w: int, gap: int, zoom: int):
    columns = default_columns((n, h, w))
    rows = math.ceil(n / columns)
    size = opened(mosaic_png(np.zeros((n, h, w)), gap=gap, zoom=zoom)).size
    assert size == (columns * (w * zoom + gap) - gap, rows * (h * zoom + gap) - gap)
