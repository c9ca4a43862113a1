"""A training that was killed at any point goes on as if it had not been, or begins again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lengths import at_length
from numpy.testing import assert_allclose
from small_trainings import (
    PLAIN,
    SMALL,
    Said,
    assert_same_run,
    assert_scores,
    conv_weights,
    report_every_batch,
)

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.progress.events import (
    BatchEnd,
    Control,
    EpochEnd,
    Evaluating,
    Event,
    RunEnded,
    RunStarted,
)
from cnn_core.training import callback, checkpoints, train

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """Stands for the end of the process."""


def interrupt(
    point: str, folder: Path, digits: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> Said:
    """Train until `point` of epoch 3, then die; what was said until then."""
    said = Said()

    def emit(event: Event) -> None:
        if (
            point == "batch"
            and isinstance(event, BatchEnd)
            and (event.epoch, event.batch) == (3, 9)
        ):
            raise Killed
        if point == "before the word" and isinstance(event, EpochEnd) and event.epoch == 3:
            raise Killed
        said.append(event)
        if point == "testing" and isinstance(event, Evaluating):
            raise Killed
        if point == "last word" and isinstance(event, RunEnded):
            raise Killed

    def dying(real: Callable[..., None], *files: str) -> Callable[..., None]:
        def save(model: Any, where: Path, *args: Any, **kwargs: Any) -> None:
            third = len(said.of(EpochEnd)) == 3
            name = where.name if where.suffix else "snapshot"
            if third and point in {f"before {name}", f"in {name}"}:
                if point == f"in {name}":
                    where.with_name(f".{where.stem}.1-1.keras").write_bytes(b"half")
                raise Killed
            real(model, where, *args, **kwargs)

        return save

    with monkeypatch.context() as patch:
        report_every_batch(patch)
        patch.setattr(models, "save", dying(models.save))
        patch.setattr(checkpoints, "save_snapshot", dying(checkpoints.save_snapshot))
        with pytest.raises(Killed):
            train(SMALL, PLAIN, digits, emit, folder=folder)
    return said


@pytest.fixture(scope="module")
def killed(
    digits: datasets.Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[EpochEnd]]:
    """What a training leaves that died in the middle of epoch 3, and what it had said. Only to be read."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        return folder, interrupt("batch", folder, digits, patch).complete


@pytest.fixture
def past(killed: tuple[Path, list[EpochEnd]], tmp_path: Path) -> Sequence[EpochEnd]:
    """The same in the folder of this test."""
    shutil.copytree(killed[0], tmp_path, dirs_exist_ok=True)
    return killed[1]


@pytest.mark.parametrize(
    ("point", "done"),
    [
        at_length("batch", 2),
        at_length("before the word", 2),
        at_length("before snapshot", 2),
        ("in last.keras", 2),
        ("before best.keras", 3),
        at_length("in best.keras", 3),
        ("testing", 4),
        at_length("last word", 4),
    ],
)
def test_an_interrupted_run_that_goes_on_equals_an_uninterrupted_one(
    point: str,
    done: int,
    whole: Any,
    digits: datasets.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = interrupt(point, tmp_path, digits, monkeypatch)
    said = Said()
    result = train(SMALL, PLAIN, digits, said.append, folder=tmp_path, past=before.complete)
    assert said.of(RunStarted)[0].epochs_done == done
    assert [it.epoch for it in said.of(EpochEnd)] == list(range(done + 1, 5))
    assert_same_run(result, whole[0])
    assert_scores(result, tmp_path, digits)
    for epoch in range(5):
        for name, array in conv_weights(whole[2], epoch).items():
            assert_allclose(conv_weights(tmp_path, epoch)[name], array, atol=1e-4)
    left = {path.name for path in tmp_path.rglob("*")}
    assert not any(name.startswith(".") or name.endswith(".tmp") for name in left)


def damage_last(folder: Path) -> None:
    path = folder / "last.keras"
    path.write_bytes(path.read_bytes()[:-200])


def lose_last(folder: Path) -> None:
    (folder / "last.keras").unlink()


def swap_last(folder: Path) -> None:
    other = models.build(replace(SMALL, dense=(17,)))
    other.compile("adam", "sparse_categorical_crossentropy")
    models.save(other, folder / "last.keras", optimizer=True)


def lose_state(folder: Path) -> None:
    models.save(models.load(folder / "last.keras"), folder / "last.keras")


def damage_best(folder: Path) -> None:
    """Only the second epoch is in last.keras; that the first one was better is forged."""
    (folder / "best.keras").write_bytes(b"nothing")


@pytest.mark.parametrize(
    "mischief",
    [damage_last, damage_best, *map(at_length, (lose_last, swap_last, lose_state))],
)
def test_a_run_whose_files_are_damaged_begins_again(
    mischief: Callable[[Path], None],
    whole: Any,
    digits: datasets.Dataset,
    past: Sequence[EpochEnd],
    tmp_path: Path,
) -> None:
    past = [replace(past[0], val_loss=0.0), past[1]] if mischief is damage_best else past
    mischief(tmp_path)
    said = Said()
    result = train(SMALL, PLAIN, digits, said.append, folder=tmp_path, past=past)
    assert said.of(RunStarted)[0].epochs_done == 0
    assert_same_run(result, whole[0])


@pytest.mark.parametrize("known", [slice(0), slice(1, None)], ids=["nothing", "gap"])
def test_a_checkpoint_that_nothing_was_said_of_is_not_gone_on_from(
    known: slice, digits: datasets.Dataset, past: Sequence[EpochEnd], tmp_path: Path
) -> None:
    said = Said()
    few = replace(PLAIN, epochs=1)
    train(SMALL, few, digits, said.append, folder=tmp_path, past=past[known])
    assert said.of(RunStarted)[0].epochs_done == 0
    names = sorted(path.name for path in (tmp_path / "snapshots").iterdir())
    assert names == ["epoch-000.npz", "epoch-001.npz"]


def test_a_run_that_starts_over_leaves_no_old_weights_behind(
    digits: datasets.Dataset, past: Sequence[EpochEnd], tmp_path: Path
) -> None:
    stopped = train(SMALL, PLAIN, digits, control=lambda: Control(stop=True), folder=tmp_path)
    assert (stopped.ended.reason, stopped.ended.best_epoch) == ("stopped", 0)
    assert stopped.ended.scores == {}
    assert [path.name for path in tmp_path.iterdir()] == ["snapshots"]


def test_a_stop_asked_while_nobody_trained_keeps_what_there_is(
    digits: datasets.Dataset, past: Sequence[EpochEnd], tmp_path: Path
) -> None:
    result = train(
        SMALL,
        PLAIN,
        digits,
        control=lambda: Control(stop=True),
        folder=tmp_path,
        past=past,
    )
    assert (result.ended.reason, result.ended.epochs) == ("stopped", 2)
    assert_scores(result, tmp_path, digits)


@pytest.mark.parametrize(
    ("losses", "point", "best"),
    [
        ((2.0, 3.0, 1.0), "evaluation", 1),
        at_length((3.0, 2.0, 1.0), "evaluation", 2),
        ((2.0, 3.0, 1.0), "best.keras", 1),
        at_length((2.0, 1.0, 3.0), "evaluation", 2),
    ],
)
def test_the_best_weights_of_an_epoch_stopped_midway_do_not_outlive_it(
    losses: tuple[float, ...],
    point: str,
    best: int,
    digits: datasets.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stop in epoch 3 that was its best, a kill in the evaluation, and a resume."""
    said, stopped = Said(), False

    def emit(event: Event) -> None:
        nonlocal stopped
        said.append(event)
        stopped = stopped or (isinstance(event, BatchEnd) and event.epoch == 3)

    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    real = callback.ProgressCallback.on_epoch_end
    with monkeypatch.context() as patch:
        patch.setattr(
            callback.ProgressCallback,
            "on_epoch_end",
            lambda self, epoch, logs=None: real(self, epoch, {**logs, "val_loss": losses[epoch]}),
        )
        report_every_batch(patch)
        if point == "evaluation":
            patch.setattr(models, "predictor", kill)
        saves = models.save

        def save(model: Any, path: Path, **options: Any) -> None:
            if point == path.name and len(said.of(EpochEnd)) == 3:
                raise Killed
            saves(model, path, **options)

        patch.setattr(models, "save", save)
        with pytest.raises(Killed):
            train(SMALL, PLAIN, digits, emit, lambda: Control(stop=stopped), folder=tmp_path)
    assert [end.complete for end in said.of(EpochEnd)] == [True, True, False]

    def at_the_start(event: Event) -> None:
        if isinstance(event, RunStarted):
            assert event.epochs_done == 2
            assert_holds(tmp_path, best)

    ended = train(
        SMALL,
        PLAIN,
        digits,
        at_the_start,
        lambda: Control(stop=True),
        folder=tmp_path,
        past=said.complete,
    ).ended
    assert ended.best_epoch == best
    assert_holds(tmp_path, best)
    assert not (tmp_path / checkpoints.BEST_COMPLETE).exists()


def assert_holds(folder: Path, epoch: int) -> None:
    """best.keras holds the weights of that epoch."""
    network = models.load(folder / "best.keras", SMALL)
    for name, array in conv_weights(folder, epoch).items():
        layer, kind = name.split("/")
        kept = network.get_layer(layer).get_weights()[("kernel", "bias").index(kind)]
        assert_allclose(kept, array, atol=1e-6)
