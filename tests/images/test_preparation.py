"""Photographs are prepared like drawings: what the networks read in them, and when there is nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bench import photographed, photographs
from cnn_core import drawing
from cnn_core.images import ink, paper, preparation, uploads
from cnn_core.images.preparation import STEPS, Prepared

CASES = Path(__file__).parent / "photographs"
SHAPE = (28, 28, 1)
CLOTHES = {"dress": 3, "sandal": 5, "sneaker": 7}
FEW = {"digits": 2, "fashion": 12}  # of each kind

network = cache(photographs.network)
Kind = preparation.Kind


@cache
def sure(name: str) -> tuple[np.ndarray, np.ndarray]:
    return photographs.sure(name, network(name))


def prepared(photograph: np.ndarray, kind: Kind = "handwriting", **settings: object) -> Prepared:
    picture = photographs.picture(photograph)
    return preparation.prepare(picture, kind, SHAPE, **settings)  # type: ignore[arg-type]


def digit(number: int) -> np.ndarray:
    images, labels = sure("digits")
    return np.asarray(images[np.flatnonzero(labels == number)[3]])


@pytest.mark.parametrize("path", sorted(CASES.glob("*-*-*.jpg")), ids=lambda path: path.stem)
def test_a_picture_that_was_read_wrongly_is_read(path: Path) -> None:
    group, what, right = path.stem.split("-")
    kind: Kind = "item" if group == "cloth" else "handwriting"
    made = preparation.prepare(uploads.read(path.read_bytes()), kind, SHAPE)
    name = "fashion" if group == "cloth" else "digits"
    classes = network(name)(np.stack(made.inputs)).argmax(axis=1).tolist()
    if group == "digits":
        assert made.verdict == "several"
        assert classes == [int(figure) for figure in what]
    else:
        assert made.verdict == "one"
        assert classes == [CLOTHES[what] if group == "cloth" else int(right)]


@pytest.mark.slow
@pytest.mark.parametrize("name", photographs.SETS)
def test_at_least_95_of_100_photographs_are_read_over_all_kinds(name: str) -> None:
    accuracies = photographs.accuracy(name, FEW[name], seed=1)
    before, after = np.mean(list(accuracies.values()), axis=0)
    assert after >= 0.95, accuracies
    assert before < 0.75, "too easy to say anything"


@pytest.mark.parametrize("kind", ["paper", "shadow", "lined", "squared", "board"])
def test_there_is_nothing_to_read_on_an_empty_sheet(kind: str) -> None:
    for seed in range(2):
        made = prepared(photographed.empty(kind, np.random.default_rng(seed)))
        assert (made.verdict, made.inputs) == ("nothing", ())


def test_white_and_black_are_nothing_to_read() -> None:
    content = (CASES / "paper-white-empty.png").read_bytes()
    for kind in ("handwriting", "item"):
        assert preparation.prepare(uploads.read(content), kind, SHAPE).verdict == "nothing"
        for grey in (0, 255):
            flat = np.full((40, 60, 3), grey, np.uint8)
            assert prepared(flat, kind).verdict == "nothing"


@pytest.mark.parametrize("figures", [(4, 2), (7, 1, 5), (1, 1)])
def test_each_of_several_digits_is_read_from_left_to_right(figures: tuple[int, ...]) -> None:
    photograph = photographed.several(
        [digit(figure) for figure in figures], np.random.default_rng(5)
    )
    made = prepared(photograph)
    assert made.verdict == "several"
    assert network("digits")(np.stack(made.inputs)).argmax(axis=1).tolist() == list(figures)


def test_a_picture_full_of_parts_is_not_read() -> None:
    random = np.random.default_rng(0)
    sheet = np.full((400, 600), 230.0)
    for top in range(30, 360, 110):
        for left in range(20, 560, 90):
            sheet[top : top + 70, left : left + 40] = random.uniform(20, 60)
    made = prepared(photographed.taken(sheet, random))
    assert (made.verdict, made.inputs) == ("crowded", ())


def test_each_step_can_be_left_out() -> None:
    photograph = photographed.desk(digit(5), np.random.default_rng(2))
    whole = prepared(photograph)
    assert [stage.step for stage in whole.stages] == ["grey", "sheet", "ground", "crop"]
    for step in STEPS["handwriting"]:
        made = prepared(photograph, steps=[other for other in whole_steps() if other != step])
        assert step not in [stage.step for stage in made.stages]
        assert step not in dict(made.done)
    nothing = prepared(photographed.plain(digit(5), np.random.default_rng(2)), steps=[])
    assert nothing.verdict == "one", "the middle square, as programs without a preparation take it"
    assert dict(nothing.done).keys() == {"dark", "square"}


def whole_steps() -> tuple[str, ...]:
    return STEPS["handwriting"]


def test_without_a_step_the_photograph_it_is_for_is_read_less_well() -> None:
    """The steps do something: without each, fewer of the photographs of its kind are read."""
    images, labels = sure("digits")
    for step, make in (("sheet", photographed.desk), ("ground", photographed.hard_shadow)):
        right = dict.fromkeys((True, False), 0)
        for row in range(4):
            photograph = make(images[row], np.random.default_rng(row))
            for taken in right:
                steps = [each for each in whole_steps() if taken or each != step]
                made = prepared(photograph, steps=steps)
                if made.verdict == "one":
                    guess = network("digits")(np.stack(made.inputs)).argmax()
                    right[taken] += bool(guess == labels[row])
        assert right[True] == 4
        assert right[False] < 4, step


def test_the_brightness_can_be_chosen() -> None:
    board = photographed.chalk(digit(3), np.random.default_rng(0))
    assert not prepared(board).inverted
    assert prepared(board, invert=True).inverted
    assert prepared(photographed.plain(digit(3), np.random.default_rng(0))).inverted


def test_a_sheet_is_found_on_a_desk_and_not_where_the_paper_fills_the_picture() -> None:
    grey = np.full((240, 320), 0.3, np.float32)
    grey[60:180, 100:260] = 0.9
    sheet = paper.sheet(grey)
    assert sheet is not None
    top, left, height, width = sheet.box
    assert 60 <= top <= 75
    assert 100 <= left <= 115
    assert 165 <= top + height <= 180
    assert 245 <= left + width <= 260
    assert paper.sheet(np.full((240, 320), 0.9, np.float32)) is None


def test_the_ground_follows_the_light_and_not_the_ink() -> None:
    light = np.tile(np.linspace(0.4, 0.9, 320, dtype=np.float32), (240, 1))
    written = light.copy()
    written[100:140, 150:170] = 0.05
    ground = paper.ground(written)
    assert np.abs(ground - light)[:, 50:-50].max() < 0.05


@pytest.mark.parametrize(("width", "expected"), [(4, "thicker"), (60, "thinner"), (24, None)])
def test_a_pen_becomes_one_of_mnist(width: int, expected: str | None) -> None:
    photograph = np.full((400, 400, 3), 230, np.uint8)
    photograph[100:300, 200 : 200 + width] = 30
    made = prepared(photograph)
    changes = {"thicker", "thinner"} & dict(made.done).keys()
    assert changes == ({expected} if expected else set())


def test_a_drawn_mask_keeps_its_shape_and_gets_the_pen_it_says() -> None:
    mask = np.ones((100, 8), bool)  # 1.6 of 20 pixels
    _, width = ink.drawn(mask, pen=False)
    assert width == pytest.approx(1.6, abs=0.2)
    picture, _ = ink.drawn(mask, pen=True)
    steps = drawing.steps(picture, "bright")
    assert steps is not None
    assert steps.scaled.sum(axis=1).max() == pytest.approx(ink.PENS[0], abs=0.4)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1)])
@pytest.mark.parametrize("kind", ["handwriting", "item"])
@pytest.mark.parametrize("size", [(1, 1), (5, 90), (90, 5), (64, 64)])
def test_any_picture_is_an_input_or_a_verdict(
    size: tuple[int, int], kind: Kind, shape: tuple[int, int, int]
) -> None:
    random = np.random.default_rng(3)
    for pixels in (
        random.integers(0, 256, (*size, 3), np.uint8),
        np.full((*size, 3), 127, np.uint8),
    ):
        for steps in (None, ()):
            picture = photographs.picture(pixels)
            made = preparation.prepare(picture, kind, shape, steps)
            assert all(each.shape == shape for each in made.inputs)
            assert (len(made.inputs) > 0) == (made.verdict in {"one", "several"})
