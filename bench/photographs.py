"""How many photographs the shipped networks read: `python -m bench.photographs [COUNT]`, by kind.

The photographs are made from test images of the bundled samples that the network reads with a
probability over 0.9, so that what is measured is the preparation. Before: the middle square, inverted
where its border is bright. After: `cnn_core.images.preparation`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np

from bench import photographed
from cnn_core import datasets, model, runs
from cnn_core.images import preparation, uploads
from cnn_core.images.preparation import Kind

SHAPE = (28, 28, 1)
SURE = 0.9
Predict = Callable[[np.ndarray], np.ndarray]
SETS: dict[str, tuple[str, Kind]] = {
    "digits": ("mnist", "handwriting"),
    "fashion": ("fashion_mnist", "item"),
}
"""Network: its data set, and the preparation for it."""


def network(name: str) -> Predict:
    """Images (N, 28, 28, 1) -> probabilities (N, 10) of a shipped network."""
    run = runs.open_run(name)
    predict: Predict = model.predictor(model.restore(run.model, run.folder / "best.keras"))
    return predict


def sure(name: str, predict: Predict) -> tuple[np.ndarray, np.ndarray]:
    """Test images (N, 28, 28) and labels (N,) that a network reads with a probability over 0.9."""
    images, labels = datasets.sample_test(SETS[name][0])
    probabilities = predict(images)
    kept = (probabilities.argmax(axis=1) == labels) & (probabilities.max(axis=1) > SURE)
    return images[kept][..., 0], labels[kept]


def picture(photograph: np.ndarray) -> uploads.Picture:
    """A photograph (H, W, 3) as it is when its file was read."""
    return uploads.Picture(photograph, (photograph.shape[1], photograph.shape[0]), ())


def read(photograph: np.ndarray, kind: Kind, predict: Predict) -> list[int]:
    """The classes that are read in a photograph, from left to right."""
    inputs = preparation.prepare(picture(photograph), kind, SHAPE).inputs
    return predict(np.stack(inputs)).argmax(axis=1).tolist() if inputs else []


def accuracy(name: str, count: int, seed: int) -> dict[str, tuple[float, float]]:
    """Part of `count` photographs that is read before and after, for each kind."""
    predict = network(name)
    images, labels = sure(name, predict)
    kinds = photographed.KINDS if name == "digits" else photographed.PRODUCTS
    accuracies = {}
    for kind, make in kinds.items():
        random = np.random.default_rng([seed, crc32(kind.encode())])
        rows = random.choice(len(images), count, replace=False)
        photographs = [make(images[row], random) for row in rows]
        before = [uploads.prepare(picture(each), SHAPE).model_input for each in photographs]
        right = predict(np.stack(before)).argmax(axis=1) == labels[rows]
        after = [
            read(each, SETS[name][1], predict) == [label]
            for each, label in zip(photographs, labels[rows], strict=True)
        ]
        accuracies[kind] = float(right.mean()), float(np.mean(after))
    return accuracies


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each kind."""
    parser = argparse.ArgumentParser(prog="python -m bench.photographs", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=60, help="photographs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args(arguments)
    for name in SETS:
        accuracies = accuracy(name, settings.count, settings.seed)
        for kind, (before, after) in accuracies.items():
            print(f"{name:8} {kind:12} {before:.2f} -> {after:.2f}", flush=True)
        before, after = np.mean(list(accuracies.values()), axis=0)
        print(f"{name:8} {'all':12} {before:.3f} -> {after:.3f}", flush=True)


if __name__ == "__main__":
    main()
