"""A drawing becomes an MNIST digit: held against MNIST itself, and against strokes of every kind."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hands import HANDS, Stroke, on_pad
from hands import PAD as UNITS
from hypothesis import example, given
from hypothesis import strategies as st

from cnn_core import drawing
from cnn_core.browser import desk
from pages.elements import pad

ROOT = Path(__file__).parent.parent
PAD = pad.SIDE
SMALL = 70  # a quicker canvas, where any will do
MIDDLE = 14.0  # pixel of the centre of mass, counted from 0


def inked(strokes: list[Stroke], brush: float, side: int = PAD) -> np.ndarray:
    """The strokes as a pad sends them: the share of ink in each pixel, 0 to 255."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    distance = np.full((side, side), np.inf)
    for stroke in strokes:
        points = np.array(stroke) * side / UNITS
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[-1]], strict=True):
            dx, dy = x1 - x0, y1 - y0
            along = ((columns - x0) * dx + (rows - y0) * dy) / (dx * dx + dy * dy or 1)
            along = np.clip(along, 0, 1)
            away = np.hypot(columns - x0 - along * dx, rows - y0 - along * dy)
            distance = np.minimum(distance, away)
    radius = brush * side / UNITS / 2
    return np.rint(255 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint8)


def centre_of_mass(picture: np.ndarray) -> np.ndarray:
    """Row and column, counted from 0."""
    picture = picture.reshape(28, 28).astype(float)
    return (
        np.array([(picture.sum(axis=1 - axis) @ np.arange(28)) for axis in (0, 1)]) / picture.sum()
    )


def extent(picture: np.ndarray) -> list[tuple[int, int]]:
    """First and last row with ink, first and last column."""
    places = np.nonzero(picture)
    return [(int(axis.min()), int(axis.max())) for axis in places[:2]]


@pytest.fixture(scope="module")
def mnist() -> np.ndarray:
    with np.load(ROOT / "assets" / "data" / "mnist.npz") as arrays:
        return np.concatenate([arrays[f"x_{part}"][..., 0] for part in ("train", "val", "test")])


def somewhere() -> st.SearchStrategy[list[Stroke]]:
    """One to four strokes with points anywhere on the pad, its edge included."""
    place = st.floats(0, UNITS, allow_subnormal=False)
    stroke = st.lists(st.tuples(place, place), min_size=1, max_size=6)
    return st.lists(stroke, min_size=1, max_size=4)


BRUSHES = st.floats(4, 60)
DOT = [[(140.0, 140.0)]]
ALONG_THE_EDGE = [[(0.0, 0.0), (280.0, 0.0)], [(0.0, 280.0)]]
HEAVY_END = [
    [(20.0, 20.0), (30.0, 30.0), (20.0, 35.0), (30.0, 20.0)],
    [(25.0, 25.0), (25.0, 270.0)],
]


# What MNIST is, so that the target is a measurement


def test_mnist_itself_has_the_measures_that_drawings_are_brought_to(mnist):
    boxes = [extent(picture) for picture in mnist]
    longer = [max(last - first + 1 for first, last in box) for box in boxes]
    centres = np.array([centre_of_mass(picture) for picture in mnist])
    assert np.mean(np.array(longer) == drawing.BOX) > 0.999
    assert max(longer) == drawing.BOX
    assert np.abs(centres.mean(axis=0) - MIDDLE).max() < 0.01
    assert np.abs(centres - MIDDLE).max() < 0.53, "half a pixel, and the rounding of the greys"
    assert mnist.max(axis=(1, 2)).min() >= 254


def test_a_real_digit_drawn_large_anywhere_comes_back_as_it_was(mnist):
    random = np.random.default_rng(0)
    errors = []
    for picture in random.choice(mnist, 200, replace=False):
        zoom = int(random.integers(1, 10))
        large = picture.repeat(zoom, 0).repeat(zoom, 1)
        canvas = np.zeros((300, 320), np.uint8)
        top, left = random.integers(0, 300 - 28 * zoom), random.integers(0, 320 - 28 * zoom)
        canvas[top : top + 28 * zoom, left : left + 28 * zoom] = large
        errors.append(np.abs(drawing.to_model_input(canvas)[..., 0] - picture / 255).mean())
    assert np.median(errors) < 0.0005
    assert max(errors) < 0.002, "one digit that is a pixel off differs by 0.05 and more"


def test_digits_in_the_default_brush_have_as_much_ink_as_those_of_mnist(mnist):
    pictures = [
        drawing.to_model_input(inked(on_pad(strokes, height, 0.4, 0.6), desk.BRUSH))
        for hand in HANDS.values()
        for strokes in hand.values()
        for height in (140, 160, 180)  # somewhat more than half of the pad
    ]
    assert np.mean(pictures) == pytest.approx(mnist.mean() / 255, rel=0.1)


# What holds for every drawing


@given(somewhere(), BRUSHES)
@example(DOT, 4)
@example(ALONG_THE_EDGE, 60)
@example(HEAVY_END, 4)
@example([[(140.0, 140.0)]], 560)
def test_every_drawing_becomes_a_digit_as_mnist_has_them(strokes, brush):
    canvas = inked(strokes, brush, SMALL)
    found = drawing.steps(canvas, "bright")
    picture = drawing.to_model_input(canvas, "bright")

    assert (picture.shape, picture.dtype) == ((28, 28, 1), np.float32)
    assert picture.min() == 0
    assert picture.max() == 1

    (top, bottom), (left, right) = extent(picture)
    height, width = bottom - top + 1, right - left + 1
    assert max(height, width) == 20
    assert (height, width) == found.scaled.shape
    ratio = np.array(found.cropped.shape) / max(found.cropped.shape)
    assert np.abs(np.array([height, width]) - 20 * ratio).max() < 1

    shrunk = (found.cropped.sum(dtype=np.float64) / found.scaled.sum(dtype=np.float64)) ** 0.5
    assert shrunk <= max(found.cropped.shape) / 20 * 1.001, "ink was lost on the way"
    mass = found.scaled.sum(dtype=np.float64)
    assert picture.sum(dtype=np.float64) == pytest.approx(mass), "no ink is lost at the border"
    for axis, (first, length) in enumerate([(top, height), (left, width)]):
        off = abs(centre_of_mass(picture)[axis] - MIDDLE)
        stopped = first in (0, 28 - length)  # by the border of the picture
        assert off <= 0.5 + 1e-4 or stopped
        asked = abs((length - 1) / 2 - (centre_of_mass(picture)[axis] - first))
        assert min(first, 28 - first - length) >= 4 - asked - 1 or stopped


@given(somewhere(), BRUSHES, st.integers(0, 70), st.integers(0, 70))
def test_the_place_on_the_pad_makes_no_difference(strokes, brush, down, right):
    drawn = inked(strokes, brush, SMALL)
    canvas = np.zeros((140, 140), np.uint8)
    canvas[down : down + SMALL, right : right + SMALL] = drawn
    one, other = drawing.to_model_input(drawn, "bright"), drawing.to_model_input(canvas, "bright")
    assert (one == other).all()


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_size_makes_hardly_a_difference(hand, factor):
    for strokes in HANDS[hand].values():
        one = inked(on_pad(strokes, 140, 0.5, 0.5), 22)
        other = inked(on_pad(strokes, 140 * factor, 0.5, 0.5), 22 * factor)
        small, large = drawing.to_model_input(one), drawing.to_model_input(other)
        apart = [  # rounding may set one of them a pixel beside the other
            np.abs(small - np.roll(large, (down, right), (0, 1))).mean()
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        ]
        assert min(apart) < 0.03


@given(somewhere(), BRUSHES, st.floats(0.1, 1))
def test_pale_ink_is_as_good_as_full_ink(strokes, brush, strength):
    full = inked(strokes, brush, SMALL)
    one = drawing.to_model_input(full, "bright")
    other = drawing.to_model_input(full / 255 * strength, "bright")
    assert np.abs(one - other).max() < 1e-4


# Forms of a canvas


def forms(grey: np.ndarray) -> dict[str, np.ndarray]:
    """The same strokes as every kind of canvas that is taken."""
    full, none = np.full_like(grey, 255), np.zeros_like(grey)
    return {
        "grey": grey,
        "grey, with a channel": grey[..., np.newaxis],
        "floats": grey / 255,
        "whole numbers": grey.astype(int),
        "dark on white": 255 - grey,
        "RGB": np.stack([grey] * 3, axis=-1),
        "RGBA, white on black": np.stack([grey, grey, grey, full], axis=-1),
        "RGBA, black on white": np.stack([255 - grey] * 3 + [full], axis=-1),
        "RGBA, black on nothing": np.stack([none, none, none, grey], axis=-1),
        "RGBA, white on nothing": np.stack([full, full, full, grey], axis=-1),
    }


THREE = inked(on_pad(HANDS["plain"][3], 170, 0.1, 0.6), 22)


@pytest.mark.parametrize("form", forms(THREE))
def test_every_form_of_a_canvas_gives_the_same(form):
    expected = drawing.to_model_input(THREE, "bright")
    assert np.abs(drawing.to_model_input(forms(THREE)[form]) - expected).max() < 1e-4


def test_a_red_line_on_green_is_ink_by_its_brightness():
    canvas = np.zeros((50, 50, 3), np.uint8)
    canvas[..., 1] = 200
    canvas[10:40, 20:26] = (200, 0, 0)
    picture = drawing.to_model_input(canvas)[..., 0]
    assert extent(picture)[0] == (4, 23)
    assert (picture[4:24, 12:16] == 1).all()


@pytest.mark.parametrize(
    ("canvas", "ink"),
    [
        (np.zeros((140, 140), np.uint8), "auto"),
        (np.zeros((140, 140), np.uint8), "bright"),
        (np.full((140, 140), 255, np.uint8), "auto"),
        (np.full((140, 140), 255, np.uint8), "dark"),
        (np.full((140, 140), 128, np.uint8), "auto"),
        (np.full((140, 140), 3, np.uint8), "bright"),
        (np.zeros((140, 140, 4), np.uint8), "auto"),
        (np.full((140, 140, 4), 255, np.uint8), "auto"),
        (np.zeros((1, 1)), "auto"),
    ],
)
def test_where_nothing_is_drawn_there_is_no_input(canvas, ink):
    assert drawing.to_model_input(canvas, ink) is None
    assert drawing.steps(canvas, ink) is None


@pytest.mark.parametrize(
    ("canvas", "said"),
    [
        (np.zeros(10), r"shape \(H, W\).*\(10,\)"),
        (np.zeros((9, 9, 2)), r"\(9, 9, 2\)"),
        (np.zeros((0, 5)), r"\(0, 5\)"),
        (np.zeros((2, 5, 5, 1)), r"\(2, 5, 5, 1\)"),
        (np.zeros((5, 5), bool), "bool"),
        (np.full((5, 5), 255.0), r"\[0, 1\].*255"),
        (np.full((5, 5), np.nan), "nan"),
        (np.full((5, 5), -1), "-1"),
        (np.full((5, 5), 256), "256"),
    ],
)
def test_what_is_no_canvas_is_refused(canvas, said):
    with pytest.raises(ValueError, match=said):
        drawing.to_model_input(canvas)


# The steps one by one, with numbers that can be checked on paper


def test_every_step_of_a_rectangle():
    canvas = np.zeros((56, 84), np.uint8)
    canvas[3:43, 50:60] = 255  # 40 high, 10 wide
    found = drawing.steps(canvas)
    assert found.crop == (3, 50, 40, 10)
    assert found.canvas.sum() == 400
    assert found.cropped.shape == (40, 10)
    assert (found.cropped == 1).all()
    assert found.scaled.shape == (20, 5)
    assert (found.scaled == 1).all()
    assert found.corner == (4, 12)
    assert found.centred.sum() == 100
    assert (found.centred[4:24, 12:17] == 1).all()
    assert (found.model_input == found.centred[..., np.newaxis]).all()


def test_without_the_steps_the_whole_canvas_is_squeezed():
    found = drawing.steps(THREE)
    blocks = found.canvas.reshape(28, 5, 28, 5).mean(axis=(1, 3))
    assert np.abs(found.uncentred - blocks).max() < 1e-5
    assert np.abs(found.naive_input[..., 0] - blocks).max() < 1e-5
    assert np.abs(found.uncentred - found.centred).max() > 0.5


def test_a_canvas_that_is_not_square_is_not_stretched():
    wide = np.zeros((70, 140), np.uint8)
    wide[30:40, 65:75] = 255
    naive = drawing.steps(wide).uncentred
    assert np.argwhere(naive).tolist() == [[13, 13], [13, 14], [14, 13], [14, 14]]


def test_mass_decides_and_not_the_middle_of_the_box():
    canvas = np.zeros((40, 40), np.uint8)
    canvas[0:40, 0:10] = 255  # a stem, and a bar to its right
    canvas[14:26, 10:40] = 255
    found = drawing.steps(canvas)
    assert found.corner[1] > 4
    assert abs(centre_of_mass(found.centred)[1] - MIDDLE) <= 0.5


def test_ink_stays_in_the_picture_where_the_middle_would_push_it_out():
    found = drawing.steps(inked(HEAVY_END, 4), "bright")
    heavy = np.zeros((200, 200), np.uint8)
    heavy[:40, :40] = 255
    heavy[40:, 19:20] = 255
    found = drawing.steps(heavy, "bright")
    assert found.corner[0] == 8
    assert found.centred.sum() == pytest.approx(found.scaled.sum())


def test_a_tiny_dot_fills_the_box():
    canvas = np.zeros((140, 140), np.uint8)
    canvas[139, 0] = 255
    picture = drawing.to_model_input(canvas)[..., 0]
    assert extent(picture) == [(4, 23), (4, 23)]
    assert picture.sum() == 400


def test_a_drawing_keeps_no_other_core_busy():
    drawing.steps(THREE)
    spent = []
    for _ in range(10):
        before = time.process_time()
        drawing.steps(THREE)
        time.sleep(0.05)  # long enough to see a thread that waits for more by spinning
        spent.append(time.process_time() - before)
    assert min(spent) < 0.015, "one drawing without anything else this process does meanwhile"


# What a pad sends


def packed(pairs: list[tuple[int, int]]) -> str:
    return base64.b64encode(bytes(number for pair in pairs for number in pair)).decode()


def test_a_packed_canvas_is_read_row_by_row():
    canvas = drawing.unpack(packed([(3, 0), (2, 255), (4, 7)]), side=3)
    assert canvas.tolist() == [[0, 0, 0], [255, 255, 7], [7, 7, 7]]
    assert canvas.dtype == np.uint8


@pytest.mark.parametrize(
    "text",
    ["", "?", "AAA", "ä" * 4, packed([(8, 0)]), packed([(10, 0)]), packed([(9, 0)])[:-4] + "CQ=="],
    ids=["empty", "no base64", "cut", "no ASCII", "too short", "too long", "half a pair"],
)
def test_what_is_no_packed_canvas_is_none(text):
    assert drawing.unpack(text, side=3) is None


@given(st.one_of(st.text(), st.binary().map(lambda some: base64.b64encode(some).decode())))
def test_no_text_breaks_the_reader(text):
    canvas = drawing.unpack(text, side=4)
    assert canvas is None or canvas.shape == (4, 4)


def test_python_and_the_browser_agree_on_the_size_of_a_canvas():
    script = (ROOT / "assets" / "pad" / "ink.js").read_text("utf-8")
    assert re.search(r"const PIXELS = (\d+);", script)[1] == str(pad.SIDE)
    assert re.search(r"const SIDE = (\d+);", script)[1] == str(UNITS)
