"""Training: small real networks on scikit-learn's digits, from the first word to the last."""

from __future__ import annotations

import gc
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score
from small_trainings import FIGURES, PLAIN, SMALL, Said, assert_scores, conv_weights, figures
from tensorflow.python.framework import ops as tensorflow_ops

from cnn_core import datasets, training
from cnn_core import model as models
from cnn_core.config import ConvBlock
from cnn_core.errors import ConfigError, RunError, ShapeError
from cnn_core.progress.events import (
    BatchEnd,
    Control,
    EpochEnd,
    Evaluating,
    LayersMeasured,
    RunEnded,
    RunStarted,
    Saved,
)
from cnn_core.training import checkpoints, loop, meters, train
from cnn_core.training.batches import EVALUATION_BATCH
from cnn_core.training.loop import resolve_precision

pytestmark = pytest.mark.slow


def test_a_named_precision_is_taken_and_auto_is_one_of_them() -> None:
    assert resolve_precision("float32") == "float32"
    assert resolve_precision("bfloat16") == "bfloat16"
    assert resolve_precision("auto") in {"float32", "bfloat16"}


def test_a_run_tells_its_story_in_order(whole: Any, digits: datasets.Dataset) -> None:
    result, said, _ = whole
    assert [type(it) for it in said if not isinstance(it, (BatchEnd, LayersMeasured))] == (
        [RunStarted] + [EpochEnd, Saved] * 4 + [Evaluating, RunEnded]
    )
    # How many there are is a matter of the machine's speed: a short training may have none.
    assert all(
        list(step.layers) == ["conv1", "dense1", "output"] for step in said.of(LayersMeasured)
    )
    began = said.of(RunStarted)[0]
    expected = RunStarted(result.model.count_params(), 1149, 18, "float32", validation=288)
    assert replace(began, time=0) == expected
    assert all(it.seconds > 0 for it in said.of(Saved))
    assert result.epochs == tuple(said.of(EpochEnd))
    assert result.ended == said[-1]
    assert (result.ended.reason, result.ended.epochs) == ("finished", 4)
    assert result.ended.seconds == sum(it.seconds for it in result.epochs)
    for epoch in range(1, 5):
        last = [it for it in said.of(BatchEnd) if it.epoch == epoch][-1]
        assert (last.batch, last.batches) == (18, 18)


def test_training_is_plain_keras_training(whole: Any, digits: datasets.Dataset) -> None:
    result, _, folder = whole
    network = models.build(SMALL, seed=PLAIN.seed)
    network.compile(
        optimizer=keras.optimizers.Adam(PLAIN.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    x_train, x_val = (images.astype("float32") / 255 for images in (digits.x_train, digits.x_val))
    plain = []
    for epoch in range(PLAIN.epochs):
        order = np.random.default_rng((PLAIN.seed, epoch)).permutation(len(x_train))
        history = network.fit(
            x_train[order],
            digits.y_train[order],
            batch_size=PLAIN.batch_size,
            shuffle=False,
            validation_data=(x_val, digits.y_val),
            verbose=0,
        ).history
        plain.append([history[name][0] for name in FIGURES])
        snapshot = conv_weights(folder, epoch + 1)
        kernel, bias = network.get_layer("conv1").get_weights()
        assert_allclose(snapshot["conv1/kernel"], kernel, atol=1e-4)
        assert_allclose(snapshot["conv1/bias"], bias, atol=1e-4)
    assert_allclose(figures(result.epochs), plain, atol=1e-4)


def test_the_reports_of_an_epoch_recombine_to_what_keras_says_of_it(
    digits: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters, "SECONDS_BETWEEN_REPORTS", 0.0)
    said = Said()
    train(SMALL, replace(PLAIN, epochs=1), digits, said.append)
    reports = said.of(BatchEnd)
    assert len(reports) > 1
    assert reports[-1].batch == 18
    weights = np.diff([0, *(min(it.batch * 64, 1149) for it in reports)])
    for name in ("loss", "accuracy"):
        mean = np.average([getattr(it, name) for it in reports], weights=weights)
        assert math.isclose(mean, getattr(said.of(EpochEnd)[0], name), rel_tol=1e-4)


def test_the_first_snapshot_is_the_untrained_network(whole: Any) -> None:
    _, _, folder = whole
    kernel, bias = models.build(SMALL, seed=PLAIN.seed).get_layer("conv1").get_weights()
    first = conv_weights(folder, 0)
    assert sorted(first) == ["conv1/bias", "conv1/kernel"]
    assert_array_equal(first["conv1/kernel"], kernel)
    assert_array_equal(first["conv1/bias"], bias)
    names = sorted(path.name for path in (folder / "snapshots").iterdir())
    assert names == [f"epoch-00{epoch}.npz" for epoch in range(5)]


def test_a_snapshot_holds_the_dense_layers_too_unless_they_are_large(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _, folder = whole
    last = result.epochs[-1].epoch
    with np.load(folder / "snapshots" / f"epoch-{last:03d}.npz") as arrays:
        kept = dict(arrays)
    network = models.load(folder / "last.keras")
    for layer in network.layers:
        for name, array in zip(("kernel", "bias"), layer.get_weights()[:2], strict=False):
            if isinstance(layer, keras.layers.Dense):
                assert kept[f"{layer.name}/{name}"].dtype == np.float16
                assert_allclose(kept[f"{layer.name}/{name}"], array, rtol=1e-3, atol=1e-6)
    monkeypatch.setattr(checkpoints, "MOST_PARAMETERS", 10)
    checkpoints.save_snapshot(network, tmp_path, 0)
    with np.load(tmp_path / "snapshots" / "epoch-000.npz") as arrays:
        assert sorted(arrays) == ["conv1/bias", "conv1/kernel"]


def test_the_scores_are_those_of_the_kept_weights(whole: Any, digits: datasets.Dataset) -> None:
    result, _, folder = whole
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.keras",
        "last.keras",
        "snapshots",
    ]
    assert_scores(result, folder, digits)


def test_nothing_is_written_without_a_folder(
    digits: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = train(SMALL, replace(PLAIN, epochs=1), digits)
    assert list(tmp_path.iterdir()) == []
    assert set(result.ended.scores) == {"train", "val", "test"}


def test_images_of_another_shape_are_refused(digits: datasets.Dataset) -> None:
    with pytest.raises(RunError, match="8×8×1, but the network expects 28×28×1") as caught:
        train(replace(SMALL, input_shape=(28, 28, 1)), PLAIN, digits)
    assert "8×8×1" in caught.value.sentence("ko")


def test_too_few_outputs_are_refused(digits: datasets.Dataset) -> None:
    with pytest.raises(RunError, match="10 classes, but the network has outputs for only 7"):
        train(replace(SMALL, classes=7), PLAIN, digits)


def test_a_network_that_shrinks_to_nothing_is_refused(digits: datasets.Dataset) -> None:
    tall = replace(SMALL, blocks=(ConvBlock(4),) * 4)
    with pytest.raises(ShapeError, match="8 → 4 → 2 → 1 → 0"):
        train(tall, PLAIN, digits)


def test_fewer_images_than_classes_are_refused(digits: datasets.Dataset) -> None:
    few = replace(digits, class_names=tuple(map(str, range(12))))
    with pytest.raises(ConfigError, match="train_size"):
        train(replace(SMALL, classes=12), replace(PLAIN, train_size=10), few)


def test_a_part_of_the_images_is_trained_and_scored(
    digits: datasets.Dataset, tmp_path: Path
) -> None:
    said = Said()
    config = replace(PLAIN, train_size=100, epochs=2)
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    began = said.of(RunStarted)[0]
    assert (began.images, began.batches) == (100, 2)
    part = datasets.subset(digits, 100)
    assert_scores(result, tmp_path, part)


def test_many_trainings_in_one_process_leave_no_graphs_behind(digits: datasets.Dataset) -> None:
    def graphs() -> int:
        with training.release_custom_gradients():
            train(SMALL, replace(PLAIN, epochs=1, train_size=64), digits)
        gc.collect()
        return sum(type(it).__name__ == "FuncGraph" for it in gc.get_objects())

    first = graphs()
    assert graphs() <= first


def test_the_control_is_read_in_each_batch_of_an_evaluation(digits: datasets.Dataset) -> None:
    """Where one worker trains and looks, its looks come in there, too."""
    since: list[int] = []

    def ask() -> Control:
        since[-1:] = [since[-1] + 1] if since else []
        return Control()

    def emit(event: Any) -> None:
        if isinstance(event, Evaluating):
            since.append(0)

    train(SMALL, replace(PLAIN, epochs=1), digits, emit, ask)
    parts = (digits.x_train, digits.x_val, digits.x_test)
    assert since == [sum(-(-len(images) // EVALUATION_BATCH) for images in parts)]


def test_graphs_of_another_thread_that_traced_meanwhile_stay() -> None:
    kept = tensorflow_ops.gradient_registry.list
    before = set(kept())
    with training.release_custom_gradients() as graphs:
        tf.RegisterGradient("CustomGradient-ours")(lambda *_: None)
        with graphs.of_others():
            tf.RegisterGradient("CustomGradient-of-a-look")(lambda *_: None)
    assert set(kept()) - before == {"CustomGradient-of-a-look"}
    del tensorflow_ops.gradient_registry._registry["CustomGradient-of-a-look"]


def test_a_batch_larger_than_the_set_is_one_batch(digits: datasets.Dataset) -> None:
    said = Said()
    train(SMALL, replace(PLAIN, batch_size=4096, epochs=1), digits, said.append)
    assert [(it.batch, it.batches) for it in said.of(BatchEnd)] == [(1, 1)]


def test_early_stopping_keeps_the_best_weights(digits: datasets.Dataset, tmp_path: Path) -> None:
    config = replace(PLAIN, epochs=30, learning_rate=0.05, patience=2, train_size=150)
    said = Said()
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    assert result.ended.reason == "early_stopping"
    assert result.ended.epochs == result.ended.best_epoch + 2 < 30
    assert_scores(result, tmp_path, datasets.subset(digits, 150))
    again = Said()
    train(SMALL, config, digits, again.append, folder=tmp_path, past=said.complete)
    assert again.of(EpochEnd) == []
    assert again.of(RunEnded)[0].reason == "early_stopping"
    assert again.of(RunEnded)[0].best_epoch == result.ended.best_epoch


def test_a_training_ends_at_its_target_and_stays_over(
    digits: datasets.Dataset, tmp_path: Path
) -> None:
    config = replace(PLAIN, epochs=30, target=0.5)
    said = Said()
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    assert result.ended.reason == "target"
    assert result.epochs[-1].val_accuracy >= 0.5 > result.epochs[-2].val_accuracy
    assert_scores(result, tmp_path, digits)
    again = Said()
    train(SMALL, config, digits, again.append, folder=tmp_path, past=said.complete)
    assert again.of(EpochEnd) == []
    assert again.of(RunEnded)[0].reason == "target"


def test_a_stop_in_the_first_epoch_keeps_its_weights(
    digits: datasets.Dataset, tmp_path: Path
) -> None:
    said, asked = Said(), 0

    def control() -> Control:
        nonlocal asked
        asked += 1
        return Control(stop=asked > 4)

    result = train(SMALL, PLAIN, digits, said.append, control, folder=tmp_path)
    assert (result.ended.reason, result.ended.epochs) == ("stopped", 1)
    assert 0 < said.of(BatchEnd)[-1].batch < 18
    assert not result.epochs[0].complete
    assert_scores(result, tmp_path, digits)
    assert not (tmp_path / "last.keras").exists()


def test_an_absurd_learning_rate_ends_as_diverged(digits: datasets.Dataset, tmp_path: Path) -> None:
    wild = replace(SMALL, blocks=(ConvBlock(16, activation="linear"),) * 2, dense=(64, 64, 64))
    config = replace(PLAIN, optimizer="sgd", learning_rate=10.0)
    said = Said()
    result = train(wild, config, digits, said.append, folder=tmp_path)
    assert result.ended.reason == "diverged"
    assert math.isnan(result.epochs[-1].loss)
    assert said[-1] == result.ended
    assert not (tmp_path / "last.keras").exists()
    if result.ended.best_epoch == 0:
        assert result.ended.scores == {}
        assert result.ended.samples == []


def test_a_run_in_bfloat16_learns_and_is_kept_for_float32(
    whole: Any, digits: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Said()
    config = replace(PLAIN, precision="bfloat16")
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    assert said.of(RunStarted)[0].precision == "bfloat16"
    assert result.model.layers[0].compute_dtype == "bfloat16"
    assert_allclose(figures(result.epochs), figures(whole[0].epochs), atol=0.1)
    restored = models.restore(SMALL, tmp_path / "best.keras")
    assert restored.layers[0].compute_dtype == "float32"
    probabilities = models.predictor(restored)(digits.x_test)
    accuracy = accuracy_score(digits.y_test, probabilities.argmax(1))
    assert math.isclose(result.ended.scores["test"].accuracy, accuracy, abs_tol=0.02)
    # A machine without it, where "auto" would be float32, goes on as the run began.
    monkeypatch.setattr(loop, "resolve_precision", lambda precision: "float32")
    again = Said()
    more = replace(config, epochs=5, precision="auto")
    train(SMALL, more, digits, again.append, folder=tmp_path, past=said.complete)
    began = again.of(RunStarted)[0]
    assert (began.precision, began.epochs_done) == ("bfloat16", 4)
