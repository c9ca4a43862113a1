"""Surgery on the textbook network, tested on 10,000 images and filter by filter; t-SNE of 2,000 images.

Each beside what one would write with plain Keras. TensorFlow is loaded in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

from bench.app import ROOT, BenchError
from bench.report import Figure
from cnn_core import runs
from cnn_core.analysis.edits import Edits

IMAGES, RANKED, POINTS = 10_000, 1_000, 2_000
TIMES = 5
FILTERS = 8  # of the ranking; the loop that it is measured against takes long
LAYER, OFF = "conv2", (3, 17, 40)


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Accuracy and ranking against plain Keras in the same process, in turn; and the time of t-SNE."""
    command = [sys.executable, "-m", "bench.surgery", str(1 if quick else TIMES)]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if completed.returncode:
        raise BenchError(completed.stderr.strip().rpartition("\n")[2])
    taken = json.loads(completed.stdout.splitlines()[-1])
    ours, theirs = (median(taken[name]) for name in ("accuracy", "predict"))
    yield Figure(
        f"accuracy after a surgery on {IMAGES:,} images, `model.predict` of an edited copy to ours",
        f"{theirs / ours:.1f} times ({theirs:,.0f} ms to {ours:,.0f} ms)",
        values={"ratio": theirs / ours, "times_ms": taken},
    )
    ours, theirs = (median(taken[name]) for name in ("ranking", "loop"))
    yield Figure(
        f"accuracy without each of {FILTERS} filters on {RANKED:,} images, a loop of `model.predict` to ours",
        f"{theirs / ours:.1f} times ({theirs:,.0f} ms to {ours:,.0f} ms)",
        values={"ratio": theirs / ours},
    )
    seconds = median(taken["tsne"]) / 1000
    yield Figure(
        f"t-SNE of {POINTS:,} images by their {taken['features']} features, on one core",
        f"{seconds:.1f} s",
        values={"seconds": seconds},
    )


def _work(times: int) -> dict[str, Any]:
    """Milliseconds of each way, after one warm-up round that also checks that both agree."""
    import keras

    from cnn_core import model as models
    from cnn_core.inside import answers, embedding, surgery

    run = runs.open_run("fashion")
    opened = models.opened(run.model, run.folder / "best.keras")
    data = answers.data_of(run.train)
    images = np.resize(data.x_test, (IMAGES, *run.model.input_shape))
    labels = np.resize(data.y_test, IMAGES)
    floats = images.astype(np.float32) / np.float32(255)
    edits = Edits().with_off(LAYER, OFF)

    def by_keras(off: tuple[int, ...], count: int) -> int:
        copy = keras.models.clone_model(opened.model)
        copy.set_weights(opened.model.get_weights())
        kernel, bias = copy.get_layer(LAYER).get_weights()
        kernel[..., off], bias[list(off)] = 0, 0
        copy.get_layer(LAYER).set_weights([kernel, bias])
        classes = copy.predict(floats[:count], verbose=0).argmax(1)
        return int((classes == labels[:count]).sum())

    def ranking() -> list[int]:
        counts = surgery.ablation(opened, run.train, Edits(), LAYER, range(FILTERS), RANKED)
        correct: list[int] = (counts["correct"] - counts["lost"] + counts["gained"]).tolist()
        return correct

    ways: dict[str, Callable[[], Any]] = {
        "accuracy": lambda: int((surgery.predicted(opened, images, edits) == labels).sum()),
        "predict": lambda: by_keras(OFF, IMAGES),
        "ranking": ranking,
        "loop": lambda: [by_keras((index,), RANKED) for index in range(FILTERS)],
    }
    results = {name: way() for name, way in ways.items()}
    if abs(results["accuracy"] - results["predict"]) > 2 or results["ranking"] != results["loop"]:
        raise BenchError(f"the two ways do not agree: {results}")
    taken: dict[str, Any] = {name: [] for name in (*ways, "tsne")}
    for _ in range(times):
        for name, way in ways.items():
            taken[name].append(_milliseconds(way))
    vectors = embedding.vectors(opened, data.x_test[:POINTS])
    taken["features"] = vectors.shape[1]
    taken["tsne"] = [
        _milliseconds(lambda: embedding.neighbours(vectors, 30)) for _ in range(min(times, 3))
    ]
    return taken


def _milliseconds(way: Callable[[], Any]) -> float:
    began = time.perf_counter()
    way()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    print(json.dumps(_work(int(sys.argv[1]))))
