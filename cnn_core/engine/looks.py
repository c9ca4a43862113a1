"""Looks: what a worker answers about a trained network. Each is a function that takes an opened model."""

from __future__ import annotations

import importlib
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_core import runs
from cnn_core.datasets import parts
from cnn_core.engine.turns import TURNS
from cnn_core.errors import CnnError, EngineError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from cnn_core.model import Opened

log = logging.getLogger(__name__)

LOOKS: dict[str, str] = {
    "predict": "cnn_core.model:predict",
    "examples": "cnn_core.engine.looks:examples",
    "litert": "cnn_core.inside.litert:litert",
    "evaluate": "cnn_core.inside.answers:evaluate",
    "images": "cnn_core.inside.answers:images",
    "feature_maps": "cnn_core.inside.features:feature_maps",
    "survey": "cnn_core.inside.features:survey",
    "top_images": "cnn_core.inside.features:top_images",
    "explanations": "cnn_core.inside.explain:explanations",
    "deletion_curves": "cnn_core.inside.deletion:deletion_curves",
    "deletion_sums": "cnn_core.inside.deletion:deletion_sums",
    "adversarial": "cnn_core.inside.adversarial:adversarial",
    "robustness": "cnn_core.inside.robustness:robustness",
    "preferred_pattern": "cnn_core.inside.patterns:preferred_pattern",
    "convolutions": "cnn_core.inside.surgery:kernels",
    "operate": "cnn_core.inside.surgery:operate",
    "verdict": "cnn_core.inside.surgery:verdict",
    "ablation": "cnn_core.inside.surgery:ablation",
    "pca": "cnn_core.inside.embedding:pca",
    "tsne": "cnn_core.inside.embedding:tsne",
    "training_step": "cnn_core.inside.training_step:training_step",
    "plane": "cnn_core.engine.landscape:plane",
    "losses": "cnn_core.engine.landscape:losses",
}
"""What a look may ask for: a function of level L2 that takes an opened model and plain arguments."""


def look(name: str, run_id: str, arguments: tuple[Any, ...]) -> Any:
    """Call a function of `LOOKS` with the best model of a run; the last models stay open.

    The run's folder is found here: the server's path to it may lead nowhere on this machine.

    Raises:
        CnnError: If the run or its model cannot be read, or whatever else goes wrong.
    """
    problem: CnnError
    try:
        module, function = LOOKS[name].split(":")
        path = runs.open_run(run_id).folder / "best.keras"
        with TURNS.held():
            opened = _opened(run_id, path, path.stat().st_mtime_ns if path.exists() else 0)
            return getattr(importlib.import_module(module), function)(opened, *arguments)
    except CnnError as error:
        problem = error
    except Exception as error:
        log.exception("look %s failed", name)
        problem = EngineError("engine.failed", kind=type(error).__name__)
    # Dask sends an error with those it came from; the server would load TensorFlow to read its own.
    problem.__cause__ = problem.__context__ = None
    raise problem


def examples(
    opened: Opened, dataset: str, size: str, count: int, seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Test images drawn at random, so that the server need not load the data set.

    Returns:
        Images (count, H, W, C), labels (count,) and probabilities (count, K).
    """
    data = parts.loaded(dataset, size)
    rows = np.random.default_rng(seed).choice(len(data.x_test), count, replace=False)
    images = data.x_test[rows]
    return images, data.y_test[rows], opened.predict(images)


@lru_cache(maxsize=8)
def _opened(run_id: str, path: Path, modified: int) -> Opened:
    from cnn_core import model

    return model.opened(runs.open_run(run_id).model, path)
