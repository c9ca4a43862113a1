"""Read the convolutions of every epoch from a run's folder. They are written by `training`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_core.arithmetic import layer_table
from cnn_core.config import ModelConfig
from cnn_core.errors import RunError
from cnn_core.runs import record

FILE = re.compile(r"epoch-([0-9]{3,})\.npz")

Weights = Mapping[str, npt.NDArray[np.float32]]
"""Kernels (kh, kw, c_in, c_out) and biases (c_out,) by "conv1/kernel", "conv1/bias" and so on."""


def epochs(run: record.Run) -> tuple[int, ...]:
    """Epochs whose convolutions were kept, ascending; 0 is the network before training."""
    matches = (FILE.fullmatch(path.name) for path in (run.folder / "snapshots").glob("epoch-*.npz"))
    return tuple(sorted(int(match[1]) for match in matches if match))


def read(run: record.Run, epoch: int) -> dict[str, npt.NDArray[np.float32]]:
    """All convolution kernels and biases after that epoch.

    Raises:
        RunError: If that epoch was not kept, or its file is damaged or of another network.
    """
    path = run.folder / "snapshots" / f"epoch-{epoch:03d}.npz"
    if not path.is_file():
        raise RunError("snapshot.missing", epoch=epoch)
    try:
        return _read(path, _shapes(run.model))
    except Exception as error:  # a damaged file can make zipfile and NumPy raise anything
        raise RunError("snapshot.damaged", epoch=epoch) from error


def _read(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, npt.NDArray[np.float32]]:
    # NumPy leaves a file open that it cannot read.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        weights = {
            name: arrays[name].astype(np.float32, casting="same_kind", copy=False)
            for name in shapes
        }
    if any(weights[name].shape != shape for name, shape in shapes.items()):
        raise ValueError(path)
    return weights


def _shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """What a snapshot of that network holds."""
    shapes: dict[str, tuple[int, ...]] = {}
    for row in layer_table(config):
        if row.kind == "conv" and row.kernel is not None:
            channels, filters = row.input_shape[2], row.output_shape[2]
            shapes[f"{row.name}/kernel"] = (row.kernel, row.kernel, channels, filters)
            shapes[f"{row.name}/bias"] = (filters,)
    return shapes
