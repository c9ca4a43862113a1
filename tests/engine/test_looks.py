"""What a worker answers about a trained network."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from worker_runs import MODEL, _no_open_models, look, run

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.engine import looks
from cnn_core.errors import CnnError, RunError

__all__ = ["_no_open_models", "run"]  # fixtures


@pytest.fixture
def trained(run: runs.Run) -> runs.Run:
    models.save(models.build(MODEL, seed=1), run.folder / "best.keras")
    return run


def test_every_look_names_a_function() -> None:
    import importlib

    for place in looks.LOOKS.values():
        module, function = place.split(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_a_look_answers_with_the_models_word(trained: runs.Run) -> None:
    images = datasets.load("digits").x_test[:5]
    expected = models.predictor(models.build(MODEL, seed=1))(images)
    assert_allclose(look("predict", trained, images), expected, atol=1e-6)


def test_a_model_stays_open_until_its_file_changes(
    trained: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = models.opened
    monkeypatch.setattr(models, "opened", lambda *args: opened.append(args) or real(*args))
    images = datasets.load("digits").x_test[:5]
    first = look("predict", trained, images)
    look("predict", trained, images)
    assert len(opened) == 1
    models.save(models.build(MODEL, seed=2), trained.folder / "best.keras")
    assert abs(look("predict", trained, images) - first).max() > 1e-3
    assert len(opened) == 2


def test_examples_are_test_images_with_their_labels_and_probabilities(trained: runs.Run) -> None:
    images, labels, probabilities = look("examples", trained, "digits", "sample", 5, 3)
    digits = datasets.load("digits")
    rows = np.random.default_rng(3).choice(len(digits.x_test), 5, replace=False)
    assert_array_equal(images, digits.x_test[rows])
    assert_array_equal(labels, digits.y_test[rows])
    assert_allclose(probabilities, look("predict", trained, images), atol=1e-6)
    again = look("examples", trained, "digits", "sample", 5, 4)
    assert (again[0] != images).any()


@pytest.mark.parametrize("content", [None, b"", b"PK\3\4 nothing"])
def test_a_missing_or_damaged_model_is_a_sentence(trained: runs.Run, content: bytes | None) -> None:
    path = trained.folder / "best.keras"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=r"best\.keras is missing or damaged"):
        look("predict", trained, np.zeros((1, 8, 8, 1), np.uint8))


@pytest.mark.parametrize("ours", [False, True])
def test_an_error_of_tensorflow_does_not_travel(
    ours: bool, trained: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    class Broken:
        def predict(self, images: object) -> None:
            try:
                raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
            except tf.errors.OpError as error:
                if ours:
                    raise RunError("model.unreadable", file="best.keras") from error
                raise

    monkeypatch.setattr(models, "opened", lambda config, path: Broken())
    with pytest.raises(CnnError, match="missing or damaged" if ours else "Exhausted") as caught:
        look("predict", trained, np.zeros((1, 8, 8, 1), np.uint8))
    caught.value.__traceback__ = None
    assert b"tensorflow" not in pickle.dumps(caught.value)


def test_a_wrong_question_is_a_sentence(trained: runs.Run) -> None:
    for arguments in ((), (np.zeros((1, 9, 9, 1), np.uint8),), ("text",)):
        with pytest.raises(CnnError, match="did not respond"):
            look("predict", trained, *arguments)
