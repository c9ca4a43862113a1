"""The digits on a pad: the browser sorts the ink as Python does, and neither reads what is no digit."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hands import HANDS, PAD, Stroke, on_pad
from lengths import repeats
from node import ask
from scipy import ndimage

from cnn_core import datasets, drawing
from cnn_core.images import marks
from cnn_core.images.marks import LIMITS
from pages.elements import pad

Sheet = list[dict[str, Any]]


def on_sheet(strokes: list[Stroke], width: int = 22) -> Sheet:
    return [
        {"width": width, "points": [float(number) for point in stroke for number in point]}
        for stroke in strokes
    ]


def shaken(dice: random.Random, digit: int | None = None) -> list[Stroke]:
    """A digit of any hand that trembles."""
    hand = HANDS[dice.choice(list(HANDS))]
    strokes = hand[dice.randrange(10) if digit is None else digit]
    return [[(x + dice.gauss(0, 0.03), y + dice.gauss(0, 0.03)) for x, y in s] for s in strokes]


def single(dice: random.Random) -> Sheet:
    """One digit, large enough for the brush."""
    strokes = on_pad(shaken(dice), dice.randint(80, 256), dice.random(), dice.random())
    return on_sheet(strokes, dice.choice([10, 14, 18, 22, 26]))


def row(dice: random.Random, count: int) -> Sheet:
    """Digits side by side with a gap."""
    strokes: list[Stroke] = []
    wide = PAD / count
    for place in range(count):
        digit = on_pad(shaken(dice), wide * 0.9, 0, dice.uniform(0.2, 0.8))
        left = min(x for stroke in digit for x, _ in stroke)
        right = max(x for stroke in digit for x, _ in stroke)
        shift = place * wide + (wide - right + left) / 2 - left
        strokes += [[(x + shift, y) for x, y in stroke] for stroke in digit]
    return on_sheet(strokes, 10)


def pair(dice: random.Random) -> Sheet:
    """Two digits that a stroke joins."""
    strokes = row(dice, 2)
    joint = [(85.0, 140.0), (195.0, 140.0 + dice.uniform(-10, 10))]
    return [*strokes, *on_sheet([joint], 10)]


def dot(dice: random.Random) -> Sheet:
    x, y = dice.uniform(30, 250), dice.uniform(30, 250)
    return on_sheet([[(x, y), (x + dice.uniform(-4, 4), y + 2)]], dice.choice([14, 22, 36]))


def dash(dice: random.Random) -> Sheet:
    y = dice.uniform(60, 220)
    return on_sheet([[(40, y), (dice.uniform(180, 240), y + dice.uniform(-6, 6))]], 14)


def loops(dice: random.Random) -> Sheet:
    """A scribble that goes round and round."""
    turns = np.linspace(0, dice.uniform(6, 14) * np.pi, 200)
    x = 60 + 10 * turns / np.pi + 50 * np.cos(turns)
    y = 140 + 80 * np.sin(turns)
    return on_sheet([list(zip(x.tolist(), y.tolist(), strict=True))], 10)


def scribble(dice: random.Random) -> Sheet:
    spot = lambda: (dice.uniform(0, PAD), dice.uniform(0, PAD))  # noqa: E731
    strokes = [[spot() for _ in range(dice.randint(2, 14))] for _ in range(dice.randint(1, 3))]
    return on_sheet(strokes, dice.randrange(8, 37, 2))


def bars(dice: random.Random) -> Sheet:
    """Strokes above, beside and almost touching one another, as the parts of a digit are."""
    width, overlap, gap = dice.uniform(30, 70), dice.uniform(0, 0.6), dice.uniform(-40, 40)
    left = 60 + (1 - overlap) * width
    down = 110 + gap + 12  # its pen is 12 wide
    strokes = [[(60.0, 40.0), (60 + width, 110.0)], [(left, down), (left + width, down + 70)]]
    if dice.random() < 0.3:
        strokes.append([(dice.uniform(30, 250), 60.0), (dice.uniform(30, 250), 220.0)])
    return on_sheet(strokes, 12)


KINDS = {
    "single": single,
    "two": lambda dice: row(dice, 2),
    "three": lambda dice: row(dice, 3),
    "pair": pair,
    "dot": dot,
    "dash": dash,
    "loops": loops,
    "scribble": scribble,
    "bars": bars,
}


def sorted_marks(sheets: list[Sheet]) -> list[tuple[dict[str, Any], marks.Marks]]:
    """What the browser makes of each sheet, and the marks that Python finds on the canvas it sent."""
    answers = ask([{"strokes": sheet, "limits": asdict(LIMITS)} for sheet in sheets])
    return [(answer, marks.on_pad(_canvas(answer["ink"]))) for answer in answers]


def _canvas(ink: str) -> np.ndarray:
    canvas = drawing.unpack(ink, pad.SIDE)
    assert canvas is not None
    return canvas


def test_the_browser_and_python_sort_every_kind_of_drawing_alike() -> None:
    dice = random.Random(21)
    sheets = [make(dice) for make in [*KINDS.values(), bars] for _ in range(repeats(12, 150))]
    verdicts = Counter()
    for browser, python in sorted_marks([*sheets, []]):
        assert browser["verdict"] == python.verdict
        assert len(browser["canvases"]) == len(python.canvases)
        for ours, theirs in zip(browser["canvases"], python.canvases, strict=True):
            np.testing.assert_array_equal(_canvas(ours), theirs)
        verdicts[python.verdict] += 1
    assert set(verdicts) >= {"one", "several", "touching", "nothing"}, "each is among them"


EXPECTED = {
    "single": ("one", 0.99),
    "two": ("several", 0.95),
    "three": ("several", 0.95),
    "dot": ("nothing", 1.0),
    "dash": ("nothing", 1.0),
    "loops": ("nothing", 0.95),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_what_is_on_the_pad_is_told(kind: str) -> None:
    dice = random.Random(22)
    verdict, least = EXPECTED[kind]
    sheets = [KINDS[kind](dice) for _ in range(repeats(60, 600))]
    verdicts = Counter(python.verdict for _, python in sorted_marks(sheets))
    assert verdicts[verdict] >= least * len(sheets), verdicts


def test_two_digits_that_touch_are_not_read_as_one_without_a_word() -> None:
    dice = random.Random(23)
    sheets = [pair(dice) for _ in range(repeats(60, 600))]
    verdicts = Counter(python.verdict for _, python in sorted_marks(sheets))
    assert verdicts["one"] <= 0.12 * len(sheets), verdicts
    assert verdicts["touching"] >= 0.8 * len(sheets), verdicts


def test_many_random_lines_are_not_read() -> None:
    """Few of them look like a digit; a chance of two or three lines may be a 1, 4 or 7."""
    dice = random.Random(25)
    sheets = [scribble(dice) for _ in range(repeats(120, 600))]
    verdicts = Counter(python.verdict for _, python in sorted_marks(sheets))
    assert verdicts["nothing"] >= 0.46 * len(sheets), verdicts


def test_digits_of_many_hands_are_not_refused() -> None:
    images, _ = datasets.sample_test("mnist")
    verdicts = Counter()
    for image in images[: repeats(400, 2000), ..., 0]:
        canvas = ndimage.zoom(image.astype(float), 5, order=1).clip(0, 255).astype(np.uint8)
        verdicts[marks.on_pad(canvas).verdict] += 1
    assert verdicts["nothing"] <= 0.01 * verdicts.total(), verdicts
    assert verdicts["touching"] <= 0.015 * verdicts.total(), verdicts


def test_more_digits_than_a_pad_can_hold_are_not_read() -> None:
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    for down in range(3):
        for across in range(4):
            canvas[5 + 45 * down : 30 + 45 * down, 10 + 34 * across : 16 + 34 * across] = 255
    assert len(marks.on_pad(canvas[:75]).canvases) == LIMITS.most
    assert marks.on_pad(canvas).verdict == "crowded"


def test_each_digit_has_its_own_ink_alone() -> None:
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    canvas[30:90, 20:30] = canvas[40:100, 80:90] = 255
    canvas[40:100, 79] = 90  # a soft edge
    [left, right] = marks.on_pad(canvas).canvases
    assert left[:, :50].sum() == left.sum() == 600 * 255
    assert right[:, 50:].sum() == right.sum() == 600 * 255 + 60 * 90


def test_a_speck_beside_a_digit_is_left_out() -> None:
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    canvas[30:110, 60:70] = 255
    canvas[120:124, 120:124] = 255
    marked = marks.on_pad(canvas)
    assert (marked.verdict, len(marked.canvases)) == ("one", 1)
    assert marked.canvases[0][115:].max() == 0


def test_a_single_digit_keeps_every_pixel_of_the_pad() -> None:
    for browser, python in sorted_marks([single(random.Random(seed)) for seed in range(20)]):
        if python.verdict == "one":
            np.testing.assert_array_equal(python.canvases[0], _canvas(browser["ink"]))


@pytest.mark.parametrize("name", ["blot", "holes", "row_strokes", "column_strokes"])
def test_each_limit_can_refuse_a_digit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(24)
    [(answer, _)] = sorted_marks([on_sheet(on_pad(shaken(dice, 8), 200, 0.5, 0.5), 18)])
    ink = marks.cropped(_canvas(answer["ink"]) > 127)
    assert marks.can_be_digit(ink)
    monkeypatch.setattr(marks, "LIMITS", replace(LIMITS, **{name: 0.01}))
    assert not marks.can_be_digit(ink)
