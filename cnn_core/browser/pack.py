"""The best weights of a run -> one file for the browser, without Keras.

The file: the length of the header as uint32, the header as JSON padded by spaces to a multiple of four
bytes, then every array as float32; all of it little-endian. `unpack` in `assets/network/packed.js` reads it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.arithmetic import LayerRow, layer_table
from cnn_core.browser.layers import describe
from cnn_core.errors import CnnError, RunError
from cnn_core.runs import Run

FILE = "best.keras"
WEIGHTS = "model.weights.h5"
OVERHEAD_BYTES = 2**20  # of HDF5, for the names and places of arrays

Weights = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Packed:
    """A network for the browser.

    Attributes:
        name: Follows from `data` alone: the same weights have the same name, others another.
        data: The file.
    """

    name: str
    data: bytes


def pack(run: Run) -> Packed:
    """The best weights of a run with the description of its network.

    Raises:
        RunError: If the run has no best weights, their file is damaged, or holds another network.
    """
    rows = layer_table(run.model)
    header: dict[str, Any] = {
        "input": list(run.model.input_shape),
        "layers": [describe(row) for row in rows],
        "arrays": [],
    }
    parts = []
    for name, array in best_weights(run).items():
        header["arrays"].append({"name": name, "shape": list(array.shape)})
        parts.append(np.ascontiguousarray(array, "<f4").tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    data = b"".join([np.uint32(len(text)).astype("<u4").tobytes(), text, *parts])
    return Packed(hashlib.sha256(data).hexdigest()[:32], data)


def best_weights(run: Run) -> Weights:
    """Kernels and biases of a run's best epoch, "conv1/kernel" and so on.

    Raises:
        RunError: If the run has no best weights, their file is damaged, or holds another network.
    """
    rows = [row for row in layer_table(run.model) if row.params]
    try:
        return _read(run.folder / FILE, rows)
    except CnnError:
        raise
    except Exception as error:  # a damaged file can make zipfile and HDF5 raise anything
        raise RunError("model.unreadable", file=FILE) from error


def _read(path: Path, rows: list[LayerRow]) -> Weights:
    import h5py  # with Keras; loaded when a network is asked for

    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(WEIGHTS).file_size
        if size > 4 * sum(row.params for row in rows) + OVERHEAD_BYTES:
            raise RunError("model.mismatch", file=FILE)
        content = io.BytesIO(archive.read(WEIGHTS))
    weights: Weights = {}
    with h5py.File(content, "r") as file:
        layers = {layer["vars"].attrs["name"]: layer["vars"] for layer in file["layers"].values()}
        if {name for name, kept in layers.items() if len(kept)} != {row.name for row in rows}:
            raise RunError("model.mismatch", file=FILE)
        for row in rows:
            for index, (name, shape) in enumerate(_shapes(row).items()):
                array = layers[row.name][str(index)][()]
                if array.shape != shape:
                    raise RunError("model.mismatch", file=FILE)
                weights[f"{row.name}/{name}"] = array.astype(np.float32)
    return weights


def _shapes(row: LayerRow) -> dict[str, tuple[int, ...]]:
    """Of the arrays of a layer, in Keras' order."""
    ends = (row.input_shape[-1], row.output_shape[-1])
    window = (row.kernel, row.kernel) if row.kernel is not None else ()
    return {"kernel": (*window, *ends), "bias": ends[-1:]}
