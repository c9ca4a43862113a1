"""Measure the layers in the training of shipped networks: `python assets/models/layers.py [NAME ...]`.

Trains each once more by its recipe in `build.py`, and compares every weight that its folder kept with the new
ones. Only if all are equal to the last bit, the measurements are added to its events.jsonl: they are those of
the same training. Another processor rounds differently: there nothing changes, and the script says so.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import build
import h5py
import numpy as np

from cnn_core.progress.events import BatchEnd, Event, LayersMeasured, from_json, to_json
from cnn_core.training import layer_meter

SHARE_OF_TIME = 0.2
"""Of the training's time that measuring may take: nobody waits for it here."""
MOST_PER_EPOCH = 8

Weights = dict[str, np.ndarray]


def main(names: Sequence[str]) -> None:
    """Add measurements to the logs of these networks; a training that comes out otherwise is an error."""
    layer_meter.SHARE_OF_TIME = SHARE_OF_TIME
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            again = Path(scratch) / name
            build.build(name, build.RECIPES[name], again)
            if differing := different(build.HERE / name, again):
                sys.exit(f"{name}: other weights in {', '.join(differing)}; nothing is changed")
            measured = [event for event in read(again) if isinstance(event, LayersMeasured)]
        log = build.HERE / name / "events.jsonl"
        events = merged(read(log.parent), thinned(measured, MOST_PER_EPOCH))
        log.write_text("".join(f"{to_json(event)}\n" for event in events), encoding="utf-8")
        print(f"{name}: {len(events)} events")


def read(folder: Path) -> list[Event]:
    """The events of the run in that folder."""
    return [from_json(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]


def different(kept: Path, again: Path) -> list[str]:
    """The weight files of a run's folder that hold anything else in another one."""
    files = ["best.keras", *(f"snapshots/{path.name}" for path in (kept / "snapshots").iterdir())]
    return [
        name for name in sorted(files) if not _equal(weights(kept / name), weights(again / name))
    ]


def weights(path: Path) -> Weights:
    """The arrays of a snapshot, or of the layers of a Keras file, by name."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    kept_arrays: Weights = {}

    def take(name: str, part: object) -> None:
        if isinstance(part, h5py.Dataset) and name.startswith("layers/"):
            kept_arrays[name] = part[()]

    with (
        zipfile.ZipFile(path) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(take)
    return kept_arrays


def _equal(kept: Weights, again: Weights) -> bool:
    return kept.keys() == again.keys() and all(
        np.array_equal(array, again[name]) for name, array in kept.items()
    )


def thinned(measured: Iterable[LayersMeasured], most: int) -> list[LayersMeasured]:
    """At most so many of each epoch, evenly spread, the first of each among them."""
    epochs: dict[int, list[LayersMeasured]] = {}
    for event in measured:
        epochs.setdefault(event.epoch, []).append(event)
    return [
        events[place]
        for events in epochs.values()
        for place in np.unique(np.linspace(0, len(events) - 1, most).round().astype(int))
    ]


def merged(events: Sequence[Event], measured: Sequence[LayersMeasured]) -> list[Event]:
    """The events with the measurements in their places; those that were there before are left out.

    A measurement comes before the first report of its batch or of a later one, as in a training.
    """
    left, together = list(measured), list[Event]()
    for event in events:
        if isinstance(event, LayersMeasured):
            continue
        if isinstance(event, BatchEnd):
            while left and (left[0].epoch, left[0].batch) <= (event.epoch, event.batch):
                together.append(left.pop(0))
        together.append(event)
    return together


if __name__ == "__main__":
    main(sys.argv[1:] or list(build.RECIPES))
