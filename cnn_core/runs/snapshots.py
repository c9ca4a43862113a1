"""Read the weights of every epoch from a run's folder. They are written by `training`.

The convolutions are always there; the dense layers, in float16, since this version and of networks that are
not too large.
"""

from __future__ import annotations

import re
import zipfile
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


def written_at(run: record.Run) -> int:
    """When the last snapshot was written, in nanoseconds; 0 if there is none.

    Later than the kept weights where a training went on without a better epoch.
    """
    try:
        return (run.folder / "snapshots").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def whole_epochs(run: record.Run) -> tuple[int, ...]:
    """Those of `epochs` whose dense layers were kept, too."""
    wanted = {f"{name}.npy" for name in names(run.model, whole=True)}
    return tuple(epoch for epoch in epochs(run) if wanted <= _members(_path(run, epoch)))


def names(config: ModelConfig, *, whole: bool = False) -> tuple[str, ...]:
    """Names of the convolutions' weights, or of all weights of a network."""
    return tuple(_shapes(config, whole=whole))


def read(run: record.Run, epoch: int, *, whole: bool = False) -> dict[str, npt.NDArray[np.float32]]:
    """All convolution kernels and biases after that epoch; with `whole` those of dense layers, too.

    Raises:
        RunError: If that epoch was not kept, or its file is damaged or of another network.
    """
    path = _path(run, epoch)
    if not path.is_file():
        raise RunError("snapshot.missing", epoch=epoch)
    try:
        return _read(path, _shapes(run.model, whole=whole))
    except Exception as error:  # a damaged file can make zipfile and NumPy raise anything
        raise RunError("snapshot.damaged", epoch=epoch) from error


def _path(run: record.Run, epoch: int) -> Path:
    return run.folder / "snapshots" / f"epoch-{epoch:03d}.npz"


def _members(path: Path) -> set[str]:
    """Names in an archive; none if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except Exception:  # a damaged file can make zipfile raise anything
        return set()


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


def _shapes(config: ModelConfig, *, whole: bool = False) -> dict[str, tuple[int, ...]]:
    """What a snapshot of that network holds: its convolutions, or all its weights."""
    shapes: dict[str, tuple[int, ...]] = {}
    for row in layer_table(config):
        units = row.output_shape[-1]
        if row.kind == "conv" and row.kernel is not None:
            shapes[f"{row.name}/kernel"] = (row.kernel, row.kernel, row.input_shape[2], units)
        elif whole and row.kind in {"dense", "output"}:
            shapes[f"{row.name}/kernel"] = (row.input_shape[0], units)
        else:
            continue
        shapes[f"{row.name}/bias"] = (units,)
    return shapes
