"""Downloads of a run: its history as CSV, and its network for plain Keras."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cnn_core import keras_file
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.history import History

EPOCH_COLUMNS = (
    *("epoch", "loss", "accuracy", "val_loss", "val_accuracy"),
    *("learning_rate", "seconds", "best", "complete"),
)
BATCH_COLUMNS = ("epoch", "batch", "batches", "loss", "accuracy", "learning_rate", "images_per_s")
UNFIT = re.compile(r"[^\w.-]+")  # for the name of a file, on any system


def file_name(*parts: str) -> str:
    """Parts as one file name without spaces and signs: ("convscope", "my run") -> "convscope-my-run"."""
    return "-".join(filter(None, (UNFIT.sub("-", part).strip("-.") for part in parts)))


def file_stem(model: ModelConfig, train: TrainConfig) -> str:
    """Base name for files of this set-up, such as "convscope-textbook-fashion_mnist"."""
    shape, classes = model.input_shape, model.classes
    preset_names = (
        name
        for name, preset in PRESETS.items()
        if replace(preset.model, input_shape=shape, classes=classes) == model
    )
    sizes = [*(block.filters for block in model.blocks), *model.dense]
    name = next(preset_names, "-".join(map(str, sizes)))
    return f"convscope-{name}-{train.dataset}"


def epochs_csv(history: History) -> str:
    """One line for each epoch, under `EPOCH_COLUMNS`; accuracy from 0 to 1, "best" marks the kept one."""
    best = history.best
    rows = (
        {name: getattr(end, name) for name in EPOCH_COLUMNS} | {"best": end is best}
        for end in history.epochs
    )
    return _csv(EPOCH_COLUMNS, rows)


def batches_csv(history: History) -> str:
    """One line for each report inside an epoch, under `BATCH_COLUMNS`: means since the last report."""
    rows = ({name: getattr(end, name) for name in BATCH_COLUMNS} for end in history.batches)
    return _csv(BATCH_COLUMNS, rows)


def network_file(content: bytes) -> bytes:
    """The .keras file with every layer in float32, for Keras from `keras_file.OLDEST_KERAS` on.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: If it is no .keras file.
    """
    return keras_file.portable(content, float32=True)


def _csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
