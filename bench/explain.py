"""Explanations: how fast they are beside a naive loop of `model.predict`, and which pixels they find.

Runs in a process of its own, because it loads TensorFlow: `python -m bench.explain result.json 30 3` for the
speed, `python -m bench.explain result.json 300` for the fall of the probability when the first tenth of the
pixels goes, in the order of each method.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

from bench.app import ROOT
from bench.report import Figure
from cnn_core import datasets, runs, texts
from cnn_core.analysis import deletion

NETWORK = "fashion"
NAMES = {
    "class_maps": "HiResCAM, Layer-CAM and Grad-CAM of one image",
    "saliency": "saliency with 25 samples (SmoothGrad)",
    "occlusion": "occlusion by {images} squares",
}


def measure(*, quick: bool) -> Iterator[Figure]:
    """Ours and the loop in turns. A loop counts as the number of its calls times their median."""
    ours, loops = (20, 1) if quick else (50, 3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        command = [sys.executable, "-m", "bench.explain", str(path), str(ours), str(loops)]
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, timeout=900, check=True)
        results = json.loads(path.read_text(encoding="utf-8"))
    for name, words in NAMES.items():
        result = results[name]
        mine, loop = median(result["ours_ms"]), result["images"] * median(result["call_ms"])
        yield Figure(
            f"{words.format(images=result['images'] - 1)}, against {result['images']} × `model.predict`",
            f"{mine:.1f} ms, {loop / mine:.0f} times sooner ({loop:,.0f} ms)",
            values={**result, "ratio": loop / mine},
        )


def measure_deletion(*, quick: bool) -> Iterator[Figure]:
    """Mean fall of the probability over test images of each shipped network, all methods in one run."""
    images = 10 if quick else deletion.IMAGES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        command = [sys.executable, "-m", "bench.explain", str(path), str(images)]
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, timeout=3600, check=True)
        results = json.loads(path.read_text(encoding="utf-8"))
    words = texts.table("en")
    for network, result in results.items():
        for order, falls in result["falls"].items():
            yield Figure(
                f"{network}, {words[f'explain.deletion.{order}']}, mean of {result['images']} test images",
                " / ".join(f"{fall:.2f}" for fall in falls),
                values=dict(zip(deletion.FILLS, falls, strict=True)),
            )


def _deletion(path: Path, images: int) -> None:
    from cnn_core import model as models
    from cnn_core.inside.deletion import deletion_sums

    results = {}
    for run in runs.shipped_runs():
        network = models.opened(run.model, run.folder / "best.keras")
        sums = deletion_sums(network, run.train, 0, images)
        falls = -deletion.after_a_tenth(sums["deletion"]) / sums["images"]
        named = dict(zip(deletion.ORDERS, np.asarray(falls).tolist(), strict=True))
        results[run.id] = {"images": sums["images"], "falls": named}
    path.write_text(json.dumps(results), encoding="utf-8")


def _speed(path: Path, ours: int, loops: int) -> None:
    from cnn_core import model as models
    from cnn_core.inside.class_maps import class_maps
    from cnn_core.inside.gradients import SAMPLES, saliency
    from cnn_core.inside.occlusion import occlusion

    run = runs.open_run(NETWORK)
    network = models.opened(run.model, run.folder / "best.keras")
    image = datasets.load(run.train.dataset).x_test[4]
    label = int(network.predict(image[np.newaxis])[0].argmax())
    squares = occlusion(network, image, label)["drops"].size
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "class_maps": (lambda: class_maps(network, image, label), 1),
        "saliency": (lambda: saliency(network, image, label, SAMPLES), SAMPLES),
        "occlusion": (lambda: occlusion(network, image, label), squares + 1),
    }
    pixels = image[np.newaxis] / np.float32(255)
    results = {}
    for name, (explained, images) in ways.items():
        taken: dict[str, list[float]] = {"ours_ms": [], "call_ms": []}
        explained()
        network.model.predict(pixels, verbose=0)
        for _ in range(loops):
            taken["call_ms"] += _times(lambda: network.model.predict(pixels, verbose=0), images)
            taken["ours_ms"] += _times(explained, ours // loops)
        results[name] = {**taken, "images": images}
    path.write_text(json.dumps(results), encoding="utf-8")


def _times(work: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


if __name__ == "__main__":
    target, *numbers = sys.argv[1:]
    work = _speed if len(numbers) > 1 else _deletion
    work(Path(target), *map(int, numbers))
