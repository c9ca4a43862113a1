"""Goals inside a network: borders, and independent calculations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import accuracy_score, recall_score

from cnn_core.analysis.evaluation import confusion
from cnn_core.course.goals import GOALS
from cnn_core.course.goals_inside import (
    BlankMap,
    ClassMaps,
    ClearDigits,
    HigherRecall,
    Response,
    SmallTurn,
    Surgery,
    Turn,
)

CLASSES = 4
LABELS = arrays.arrays(np.int64, 40, elements=st.integers(0, CLASSES - 1))


@pytest.mark.parametrize(
    ("peak", "activation", "images", "reached"),
    [
        (0.0, "relu", 2_000, True),
        (1e-6, "relu", 2_000, False),
        (0.0, "relu", 999, None),
        (0.0, "sigmoid", 2_000, None),
        (0.0, "leaky_relu", 2_000, None),
        (math.nan, "relu", 2_000, None),
    ],
)
def test_a_filter_is_dead_if_relu_leaves_nothing_on_enough_images(
    peak: float, activation: str, images: int, reached: bool | None
) -> None:
    attempt = GOALS["dead"].rule.check(Response(peak, images, activation))
    assert (attempt and attempt.reached) is reached


def test_a_weaker_filter_is_the_better_attempt() -> None:
    weak, strong = (GOALS["dead"].rule.check(Response(peak, 2_000, "relu")) for peak in (0.1, 3.0))
    assert weak.beats(strong)
    assert weak.share > strong.share


@given(LABELS, LABELS, LABELS, st.floats(0.01, 0.5), st.floats(0.0, 0.3))
def test_recall_and_accuracy_are_those_of_scikit_learn(
    truth: np.ndarray, before: np.ndarray, after: np.ndarray, gain: float, lost: float
) -> None:
    matrices = (confusion(truth, predicted, CLASSES) for predicted in (before, after))
    attempt = HigherRecall(gain, lost).check(Surgery(*matrices))
    labels = range(CLASSES)
    recalls = [
        recall_score(truth, predicted, average=None, labels=labels, zero_division=0)
        for predicted in (before, after)
    ]
    most = (recalls[1] - recalls[0]).max()
    fall = accuracy_score(truth, before) - accuracy_score(truth, after)
    if most <= 0:
        assert attempt is None
    elif min(abs(most - gain), abs(fall - lost)) > 1e-9:
        assert attempt.reached == (most >= gain and fall <= lost)


def test_no_surgery_and_other_images_are_no_attempt() -> None:
    matrix = np.diag([50, 50])
    rule = GOALS["recall"].rule
    assert rule.check(Surgery(matrix, matrix)) is None
    assert rule.check(Surgery(matrix * 0, matrix * 0)) is None
    assert rule.check(Surgery(matrix, matrix[:1] * 2)) is None


def test_points_are_never_rounded_up() -> None:
    before, after = (np.array([[hits, 10_000 - hits], [0, 10_000]]) for hits in (8_000, 8_299))
    attempt = GOALS["recall"].rule.check(Surgery(before, after))
    assert attempt.numbers == {"gained": "+2.9", "change": "+1.4"}
    assert not attempt.reached


def blank(grad: float, hires: float = 2.0, *, predicted: bool = True, last: bool = True):
    return GOALS["blank"].rule.check(ClassMaps(grad, hires, predicted, last))


def test_grad_cam_is_blank_where_it_is_zero_and_hires_cam_is_not() -> None:
    assert blank(0.0).reached
    assert not blank(1e-9).reached
    assert blank(0.0, 0.05) is None
    assert blank(0.0, predicted=False) is None
    assert blank(0.0, last=False) is None
    assert blank(math.nan) is None
    assert blank(0.1).beats(blank(0.2))
    assert BlankMap(5.0).check(ClassMaps(0.0, 4.9, of_predicted=True, of_last=True)) is None


@given(st.floats(-180, 180), *[st.integers(0, 3)] * 3, st.floats(0.5, 30))
def test_a_turn_counts_if_it_makes_a_right_answer_wrong(
    degrees: float, truth: int, before: int, after: int, most: float
) -> None:
    attempt = SmallTurn(most).check(Turn(degrees, truth, before, after))
    counts = before == truth != after and degrees != 0
    assert (attempt is not None) == counts
    assert bool(attempt and attempt.reached) == (counts and -most <= degrees <= most)


def test_the_smaller_turn_is_the_better_one() -> None:
    rule = GOALS["turn"].rule
    small, large = (rule.check(Turn(degrees, 1, 1, 2)) for degrees in (-8.0, 20.0))
    assert small.beats(large)
    assert small.numbers == {"degrees": "8"}
    assert not small.reached


@given(st.dictionaries(st.integers(0, 9), st.floats(0, 1)), st.integers(1, 10))
def test_a_digit_is_clear_above_the_probability(read: dict[int, float], count: int) -> None:
    attempt = ClearDigits(0.99, count).check(read)
    clear = len([value for value in read.values() if value > 0.99])
    assert (attempt is None) == (not read)
    assert bool(attempt and attempt.reached) == (bool(read) and clear >= count)


def test_nine_digits_are_not_ten() -> None:
    rule = GOALS["digits"].rule
    nine = dict.fromkeys(range(9), 0.999)
    assert not rule.check(nine).reached
    assert not rule.check({**nine, 9: 0.99}).reached
    assert rule.check({**nine, 9: 0.9901}).reached
