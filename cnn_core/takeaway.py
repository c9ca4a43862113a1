"""What a run gives away as files: its history as CSV, and its network for plain Keras."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from cnn_core.history import History

EPOCH_COLUMNS = (
    *("epoch", "loss", "accuracy", "val_loss", "val_accuracy"),
    *("learning_rate", "seconds", "best", "complete"),
)
BATCH_COLUMNS = ("epoch", "batch", "batches", "loss", "accuracy", "learning_rate", "images_per_s")
UNFIT = re.compile(r"[^\w.-]+")  # for the name of a file, on any system


def file_name(*parts: str) -> str:
    """Parts as one file name without spaces and signs: ("convscope", "my run") -> "convscope-my-run"."""
    return "-".join(filter(None, (UNFIT.sub("-", part).strip("-.") for part in parts)))


def epochs_csv(history: History) -> str:
    """One line an epoch, under `EPOCH_COLUMNS`; accuracy goes from 0 to 1, "best" tells the kept one."""
    best = history.best
    rows = (
        {name: getattr(end, name) for name in EPOCH_COLUMNS} | {"best": end is best}
        for end in history.epochs
    )
    return _csv(EPOCH_COLUMNS, rows)


def batches_csv(history: History) -> str:
    """One line a report inside an epoch, under `BATCH_COLUMNS`: means over the batches since the last one."""
    rows = ({name: getattr(end, name) for name in BATCH_COLUMNS} for end in history.batches)
    return _csv(BATCH_COLUMNS, rows)


def in_float32(content: bytes) -> bytes:
    """A .keras file that calculates in float32 throughout; one that does already stays as it is.

    In mixed precision the weights are float32 anyway: only what the layers calculate in is changed.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: If it is no .keras file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        config = json.loads(old.read("config.json"))
        if not _release(config):
            return content
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w") as new:
            for member in old.infolist():
                kept = old.read(member)
                changed = member.filename == "config.json"
                new.writestr(member, json.dumps(config) if changed else kept)
    return copy.getvalue()


def _release(tree: Any) -> int:
    """Make every mixed policy in a config float32; how many there were."""
    if isinstance(tree, list):
        return sum(map(_release, tree))
    if not isinstance(tree, dict):
        return 0
    if tree.get("class_name") == "DTypePolicy" and tree["config"]["name"].startswith("mixed_"):
        tree["config"]["name"] = "float32"
        return 1
    return sum(map(_release, tree.values()))


def _csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
