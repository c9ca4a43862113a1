"""Heat over an image as pixels, and the curve of an ascent as lines, read back."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from cnn_core.figures import explanations as figures
from cnn_core.figures.palette import SEQUENTIAL


def pixels(png: bytes) -> np.ndarray:
    """One colour for each pixel of the image."""
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    blocks = picture.reshape(len(picture) // figures.ZOOM, figures.ZOOM, -1, figures.ZOOM, 3)
    assert (blocks == blocks[:, :1, :, :1]).all(), "each pixel is a square of one colour"
    return blocks[:, 0, :, 0]


def test_shares_are_of_the_largest_and_what_is_negative_is_nothing():
    found = figures.normalized(np.array([[-4.0, 0.0], [1.0, 2.0]]))
    np.testing.assert_allclose(found, [[0, 0], [0.5, 1]])


@pytest.mark.parametrize("heat", [[[-1.0, -2.0]], [[0.0, 0.0]]])
def test_where_nothing_is_positive_there_is_nothing_to_show(heat: list[list[float]]):
    assert not figures.normalized(np.array(heat)).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_hotter_a_place_the_more_its_colour_covers_the_image(channels: int):
    image = np.random.default_rng(0).integers(0, 256, (3, 4, channels), dtype=np.uint8)
    heat = np.linspace(0, 1, 12).reshape(3, 4)
    alone = np.repeat(image, 3 // channels, axis=-1)
    assert (pixels(figures.overlay_png(image, heat, 0.0)) == alone).all()
    whole = pixels(figures.overlay_png(image, heat, 1.0))
    assert (whole[0, 0] == alone[0, 0]).all(), "no colour stands for nothing"
    assert (whole[2, 3] == SEQUENTIAL[254]).all()
    half = pixels(figures.overlay_png(image, heat, 0.5))
    colours = SEQUENTIAL[np.rint(heat * 254).astype(int)]
    cover = 0.5 * heat[..., np.newaxis]
    np.testing.assert_allclose(half, (1 - cover) * alone + cover * colours, atol=1)


def test_heat_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(3, 4\)"):
        figures.overlay_png(np.zeros((3, 4, 1), np.uint8), np.zeros((3, 5)), 0.5)


def test_an_ascent_is_a_line_for_each_beginning_from_zero_to_the_highest():
    curves = np.array([[0.0, 1.0, 2.0], [0.0, 3.0, 4.0]])
    svg = figures.ascent_svg(curves, ["#111111", "#222222"], steps="step", alt="<up>")
    lines = re.findall(r'points="([^"]+)" fill="none" stroke="(#\d+)"', svg)
    assert [colour for _, colour in lines] == ["#111111", "#222222"]
    ends = [points.split()[-1].split(",") for points, _ in lines]
    assert [float(x) for x, _ in ends] == [figures.WIDTH] * 2
    middle, top = (float(y) for _, y in ends)
    assert top < middle < figures.HEIGHT
    assert middle == pytest.approx(figures.HEIGHT / 2)
    assert "&lt;up&gt;" in svg
    assert ">4.00<" in svg


def test_an_ascent_of_nothing_lies_on_the_ground():
    svg = figures.ascent_svg(np.zeros((1, 4)), ["#111111"], steps="step", alt="flat")
    heights = {point.split(",")[1] for point in re.search(r'points="([^"]+)"', svg)[1].split()}
    assert heights == {str(figures.HEIGHT - 2.0)}
