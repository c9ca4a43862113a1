"""Figures of a classifier against scikit-learn's, and the images they point at."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from cnn_core.analysis.evaluation import (
    Predictions,
    calibration,
    cell_members,
    confusion,
    macro,
    per_class,
    row_shares,
    top_confusions,
    worst_mistakes,
)

LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
SAID = np.array([0, 0, 1, 1, 0, 2, 2, 0, 1])
MATRIX = [[2, 1, 0], [1, 1, 0], [1, 1, 2]]


def predictions(labels: npt.NDArray[np.int64], probabilities: npt.ArrayLike) -> Predictions:
    shares = np.asarray(probabilities, np.float32)
    return Predictions(shares, labels, 0, len(labels), "sample")


@st.composite
def answers(draw: st.DrawFn) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Labels and probabilities of 0 to 60 images of 2 to 12 classes, some of them often empty."""
    classes = draw(st.integers(2, 12))
    images = draw(st.integers(0, 60))
    used = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=classes))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = random.choice(used, images)
    sharpness = draw(st.floats(0.1, 20))
    scores = sharpness * random.random((images, classes))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return labels, shares.astype(np.float32)


def test_a_row_is_a_true_class_and_a_column_a_predicted_one() -> None:
    assert confusion(LABELS, SAID, 3).tolist() == MATRIX


@given(answers())
def test_the_counts_are_those_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, shares = case
    classes = list(range(shares.shape[1]))
    ours = confusion(labels, shares.argmax(axis=1), len(classes))
    assert ours.shape == (len(classes), len(classes))
    if len(labels):  # scikit-learn wants at least one
        theirs = metrics.confusion_matrix(labels, shares.argmax(axis=1), labels=classes)
        assert np.array_equal(ours, theirs)
    else:
        assert not ours.any()


@given(answers())
def test_figures_per_class_are_those_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, shares = case
    predicted, classes = shares.argmax(axis=1), list(range(shares.shape[1]))
    ours = per_class(confusion(labels, predicted, len(classes)))
    if not len(labels):
        assert not np.concatenate(ours).any()
        return
    theirs = metrics.precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0
    )
    for mine, oracle in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, oracle, rtol=0, atol=1e-12)
    averages = metrics.precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0, average="macro"
    )
    np.testing.assert_allclose(macro(ours), averages[:3], rtol=0, atol=1e-12)


@given(answers(), st.integers(1, 20))
def test_the_calibration_curve_is_that_of_scikit_learn(
    case: tuple[np.ndarray, np.ndarray], bins: int
) -> None:
    labels, shares = case
    found = calibration(shares, labels, bins)
    assert found.counts.sum() == len(labels)
    assert len(found.edges) == bins + 1
    filled = found.counts > 0
    assert np.isnan(found.accuracy[~filled]).all()
    assert np.isnan(found.confidence[~filled]).all()
    if not len(labels):
        assert (found.error, found.bias) == (0, 0)
        return
    right = shares.argmax(axis=1) == labels
    confidence = shares.max(axis=1).astype(np.float64)
    accuracy, mean = calibration_curve(right, confidence, n_bins=bins)
    np.testing.assert_allclose(found.accuracy[filled], accuracy, atol=1e-12)
    np.testing.assert_allclose(found.confidence[filled], mean, atol=1e-12)
    distance = np.abs(accuracy - mean) * found.counts[filled] / len(labels)
    assert found.error == pytest.approx(distance.sum(), abs=1e-12)
    assert found.bias == pytest.approx(confidence.mean() - right.mean(), abs=1e-12)


def test_a_network_that_is_always_sure_and_right_half_of_the_time_is_off_by_half() -> None:
    found = calibration(np.array([[1.0, 0.0]] * 4), np.array([0, 1, 0, 1]))
    assert (found.error, found.bias) == (0.5, 0.5)
    assert found.counts.tolist() == [0] * 9 + [4]


def test_a_confidence_on_a_border_belongs_to_the_bin_below() -> None:
    shares = np.array([[0.5, 0.5], [0.6, 0.4], [0.51, 0.49]])
    assert calibration(shares, np.zeros(3, int), bins=2).counts.tolist() == [1, 2]


def test_shares_of_a_row_add_up_to_one_and_an_empty_row_to_nothing() -> None:
    shares = row_shares(np.array([[3, 1], [0, 0]]))
    assert shares.tolist() == [[0.75, 0.25], [0.0, 0.0]]


def test_nothing_is_divided_by_zero() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = per_class(np.array([[0, 2], [0, 0]]))
        calibration(np.zeros((0, 3)), np.zeros(0, int))
    assert [values.tolist() for values in figures] == [[0, 0], [0, 0], [0, 0], [2, 0]]


@pytest.mark.parametrize(
    ("labels", "said"), [([0, 3], [0, 1]), ([0, 1], [0, -1]), ([0, 1], [0]), ([[0]], [[0]])]
)
def test_what_is_no_class_is_refused(labels: list[int], said: list[int]) -> None:
    with pytest.raises(ValueError, match="Received"):
        confusion(np.array(labels), np.array(said), 3)


def test_a_cell_lists_its_images_most_confident_first() -> None:
    found = predictions(
        np.array([0, 0, 0, 1, 0]),
        [[0.3, 0.7], [0.1, 0.9], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7]],
    )
    assert cell_members(found, 0, 1).tolist() == [1, 0, 4]  # of equals the first stays first
    assert cell_members(found, 0, 0).tolist() == [2]
    assert cell_members(found, 1, 0).tolist() == []


@given(answers())
def test_the_cells_hold_every_image_once(case: tuple[np.ndarray, np.ndarray]) -> None:
    found = predictions(*case)
    classes = range(found.probabilities.shape[1])
    matrix = confusion(found.labels, found.predicted, len(classes))
    cells = {
        (row, column): cell_members(found, row, column) for row in classes for column in classes
    }
    assert all(len(rows) == matrix[place] for place, rows in cells.items())
    assert sorted(np.concatenate(list(cells.values()))) == list(range(len(found.labels)))
    for rows in cells.values():
        assert (np.diff(found.confidence[rows]) <= 0).all()


def test_the_worst_mistakes_are_the_most_confident_wrong_ones() -> None:
    found = predictions(np.array([0, 1, 0, 1]), [[0.4, 0.6], [0.9, 0.1], [0.99, 0.01], [0.2, 0.8]])
    assert worst_mistakes(found).tolist() == [1, 0]
    assert worst_mistakes(found, 1).tolist() == [1]
    assert (found.correct, found.confidence[1]) == (2, np.float32(0.9))


def test_the_most_frequent_confusions_leave_out_what_is_right() -> None:
    assert top_confusions(np.array(MATRIX), 2) == [(0, 1, 1), (1, 0, 1)]
    assert top_confusions(np.array([[5, 2, 0], [7, 5, 0], [0, 0, 5]])) == [(1, 0, 7), (0, 1, 2)]
    assert top_confusions(np.eye(3, dtype=np.int64)) == []


def test_pieces_that_follow_each_other_become_one() -> None:
    shares = np.eye(4, dtype=np.float32)
    pieces = [
        Predictions(shares[:3], np.arange(3), 0, 4, "full"),
        Predictions(shares[3:], np.arange(3, 4), 3, 4, "full"),
    ]
    whole = Predictions.joined(pieces)
    assert np.array_equal(whole.probabilities, shares)
    assert whole.labels.tolist() == [0, 1, 2, 3]
    assert (whole.first, whole.total, whole.size) == (0, 4, "full")
    with pytest.raises(ValueError, match="does not follow"):
        Predictions.joined(pieces[::-1])
    with pytest.raises(ValueError, match="nothing"):
        Predictions.joined([])


def test_pieces_of_the_sample_and_of_the_full_set_do_not_mix() -> None:
    shares = np.eye(2, dtype=np.float32)
    full = Predictions(shares[:1], np.arange(1), 0, 2, "full")
    sample = Predictions(shares[1:], np.arange(1, 2), 1, 2, "sample")
    with pytest.raises(ValueError, match="does not follow"):
        Predictions.joined([full, sample])


def test_predictions_travel_between_processes() -> None:
    found = pickle.loads(pickle.dumps(predictions(np.array([1]), [[0.25, 0.75]])))
    assert found.predicted.tolist() == [1]
    assert (found.total, found.size) == (1, "sample")
