"""Train the networks that come with ConvScope: `python assets/models/build.py [NAME ...]`, as in `RECIPES`.

Replaces the folder of that name beside itself by a new run; without a name, all. It needs the full
data sets where `cnn_core.datasets.loading` finds them; CONVSCOPE_DATA names a folder of your own.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

import augment
import augment_clothes
import explained
import refine
import tour

from cnn_core import runs
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig, to_dict
from cnn_core.datasets import Dataset, load
from cnn_core.progress.events import BatchEnd, EpochEnd, Event, from_json, to_json
from cnn_core.runs import log as run_log
from cnn_core.runs import record

MOST_BATCH_EVENTS = 50  # an epoch; a training on its own says ten a second, which takes megabytes


@dataclass(frozen=True)
class Recipe:
    """How a network was made.

    Attributes:
        model: The network.
        train: How it was trained.
        copies: Changed versions of each training image that were learned beside it.
        seed: Of the changes.
        change: Images, number of copies, seed -> the images and their changed versions.
        refined: Whether its dense layers were trained further after that, see `refine`.
    """

    model: ModelConfig
    train: TrainConfig
    copies: int = 0
    seed: int = 0
    change: Callable[[np.ndarray, int, int], np.ndarray] = augment.copies
    refined: bool = False


RECIPES = {
    "fashion": Recipe(
        TEXTBOOK,
        TrainConfig(
            dataset="fashion_mnist",
            size="full",
            epochs=10,
            batch_size=128,
            learning_rate=4e-3,
            schedule="one_cycle",
            patience=0,
            seed=0,
            precision="float32",
        ),
    ),
    "digits": Recipe(
        ModelConfig(blocks=(ConvBlock(32), ConvBlock(64), ConvBlock(64))),
        TrainConfig(
            dataset="mnist",
            size="full",
            epochs=8,
            batch_size=128,
            learning_rate=3e-3,
            schedule="one_cycle",
            patience=0,
            seed=0,
            precision="float32",
        ),
        copies=4,
        seed=7,
        refined=True,
    ),
    "fashion_augmented": Recipe(
        TEXTBOOK,
        TrainConfig(
            dataset="fashion_mnist",
            size="full",
            epochs=3,
            batch_size=128,
            learning_rate=4e-3,
            schedule="one_cycle",
            patience=0,
            seed=0,
            precision="float32",
        ),
        copies=2,
        seed=11,
        change=augment_clothes.copies,
    ),
}


def build(name: str, recipe: Recipe, folder: Path) -> None:
    """Train by the recipe, and leave a finished run in `folder`."""
    from cnn_core import training
    from cnn_core.training import loop

    data = load(recipe.train.dataset, recipe.train.size)
    run = runs.Run("", folder, recipe.model, recipe.train, owner="", name="", created=time.time())
    folder.mkdir(parents=True)
    record.write_json(folder / "config.json", _config(name, recipe, run.created))
    first = slice(loop.SAMPLE_IMAGES)
    runs.write_examples(run, data.x_test[first], data.y_test[first])
    past: list[EpochEnd] = []
    with closing(run_log.EventWriter(run)) as write:

        def emit(event: Event) -> None:
            write(event)
            if isinstance(event, EpochEnd):
                past.append(event)
                print(f"{name}: {event}", flush=True)

        train = (recipe.model, recipe.train)
        ended = training.train(*train, _learned(data, recipe), emit, folder=folder).ended
        if recipe.refined:
            refine.refine(recipe.model, folder / "best.keras", data, recipe.seed)
        if recipe.copies:
            # Resumed with no epoch left: the last word is on the images as they are.
            plain = _repeated(data, data.x_train, recipe.copies + 1)
            ended = training.train(*train, plain, emit, folder=folder, past=past).ended
    (folder / "last.keras").unlink()
    _shorten(folder / "events.jsonl")
    for snapshot in (folder / "snapshots").iterdir():
        _keep_convolutions(snapshot)
    record.write_json(folder / "status.json", {"state": "finished", "since": ended.time})
    for part, score in ended.scores.items():
        print(f"{name}: {part} {score}")


def _config(name: str, recipe: Recipe, created: float) -> dict[str, Any]:
    import keras
    import tensorflow as tf

    return {
        "model": to_dict(recipe.model),
        "train": to_dict(recipe.train),
        "owner": "",
        "name": name,
        "created": created,
        "copies": recipe.copies,
        "copies_seed": recipe.seed,
        "refined": recipe.refined,
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


def _shorten(log: Path) -> None:
    """Rewrite the events of a run with fewer about batches."""
    events = [from_json(line) for line in log.read_text("utf-8").splitlines()]
    text = "".join(f"{to_json(event)}\n" for event in joined(events, MOST_BATCH_EVENTS))
    log.write_text(text, encoding="utf-8")


def _keep_convolutions(snapshot: Path) -> None:
    """Rewrite the weights of an epoch without dense layers, which take most of the space."""
    with np.load(snapshot) as arrays:
        kept = {name: arrays[name] for name in arrays.files if name.startswith("conv")}
    np.savez(snapshot, allow_pickle=False, **kept)


def joined(events: Iterable[Event], most: int) -> list[Event]:
    """The same story with at most `most` batch events an epoch, each for all batches since the last."""
    kept: list[Event] = []
    for slot, group in groupby(events, lambda event: _slot(event, most)):
        if slot is None:
            kept += group
            continue
        last = kept[-1] if kept else None
        done = last.batch if isinstance(last, BatchEnd) and last.epoch == slot[0] else 0
        kept.append(_mean([event for event in group if isinstance(event, BatchEnd)], done))
    return kept


def _slot(event: Event, most: int) -> tuple[int, int] | None:
    """Epoch and which of its parts; None for what is not about batches."""
    if not isinstance(event, BatchEnd):
        return None
    return event.epoch, (event.batch - 1) * most // event.batches


def _mean(events: list[BatchEnd], done: int) -> BatchEnd:
    """What these neighbours say together; `done` batches of the epoch came before."""
    counts = np.diff([done, *(event.batch for event in events)])
    loss, accuracy, seconds = (
        float(np.average(values, weights=counts))
        for values in zip(
            *((event.loss, event.accuracy, 1 / event.images_per_s) for event in events), strict=True
        )
    )
    return replace(events[-1], loss=loss, accuracy=accuracy, images_per_s=1 / seconds)


def _learned(data: Dataset, recipe: Recipe) -> Dataset:
    """What is learned from: the training images, then their changed versions."""
    if not recipe.copies:
        return data
    return _repeated(
        data, recipe.change(data.x_train, recipe.copies, recipe.seed), recipe.copies + 1
    )


def _repeated(data: Dataset, images: np.ndarray, times: int) -> Dataset:
    """The data with the training labels so many times, and these images, repeated if they are too few."""
    if len(images) == len(data.x_train):
        images = np.tile(images, (times, 1, 1, 1))
    return replace(data, x_train=images, y_train=np.tile(data.y_train, times))


def main(names: list[str]) -> None:
    """Build the networks of those names; the old folder stays until the new one is whole."""
    unknown = set(names) - set(RECIPES)
    if unknown:
        sys.exit(f"There is no {', '.join(sorted(unknown))}. Known: {', '.join(RECIPES)}.")
    for name in names or RECIPES:
        with tempfile.TemporaryDirectory() as scratch:
            new = Path(scratch) / name
            build(name, RECIPES[name], new)
            if name == tour.NAME:
                tour.write(new, RECIPES[name].model, RECIPES[name].train.dataset)
            explained.write(new, name, RECIPES[name].model, RECIPES[name].train.dataset)
            shutil.rmtree(HERE / name, ignore_errors=True)
            shutil.copytree(new, HERE / name)


if __name__ == "__main__":
    main(sys.argv[1:])
