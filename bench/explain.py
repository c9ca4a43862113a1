"""Grad-CAM, saliency with 25 samples and occlusion of one image, beside a naive loop of `model.predict`.

Runs in a process of its own, because it loads TensorFlow: `python -m bench.explain result.json 30 3`.
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
from cnn_core import datasets, runs

NETWORK = "fashion"
NAMES = {
    "grad_cam": "Grad-CAM of one image",
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


def _main() -> None:
    from cnn_core import model as models
    from cnn_core.inside import explain

    path, ours, loops = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    run = runs.open_run(NETWORK)
    network = models.opened(run.model, run.folder / "best.keras")
    image = datasets.load(run.train.dataset).x_test[4]
    label = int(network.predict(image[np.newaxis])[0].argmax())
    squares = explain.occlusion(network, image, label)["drops"].size
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "grad_cam": (lambda: explain.grad_cam(network, image, label), 1),
        "saliency": (lambda: explain.saliency(network, image, label, 25), 25),
        "occlusion": (lambda: explain.occlusion(network, image, label), squares + 1),
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
    _main()
