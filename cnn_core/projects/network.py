"""A network file from outside: its layers are checked without Keras, and nothing in it is run."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from cnn_core.arithmetic import LayerRow, layer_table
from cnn_core.config import ModelConfig
from cnn_core.errors import FileError

NAME = "best.keras"
MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
MOST_CONFIG = 1_000_000  # bytes
CLASSES = {
    "conv": {"Conv2D"},
    "pool": {"MaxPooling2D", "AveragePooling2D"},
    "flatten": {"Flatten"},
    "dense": {"Dense"},
    "dropout": {"Dropout"},
    "output": {"Dense"},
}
PLAIN_CLASSES = {"DTypePolicy", "GlorotUniform", "Zeros"}  # what layers are made of


def check(content: bytes, model: ModelConfig) -> None:
    """Refuse a .keras file that is not the network of these settings, layer by layer.

    Its weights are checked by `browser.best_weights`, which reads them as numbers.

    Raises:
        FileError: If it holds other layers, other files, or weights that lie elsewhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if {info.filename for info in file.infolist()} != MEMBERS or len(file.infolist()) != 3:
                raise FileError("project.weights", name=NAME)
            if file.getinfo("config.json").file_size > MOST_CONFIG:
                raise FileError("project.weights", name=NAME)
            _check_layers(json.loads(file.read("config.json")), layer_table(model))
            params = sum(row.params for row in layer_table(model))
            if file.getinfo("model.weights.h5").file_size > 4 * params + 2**20:
                raise FileError("project.weights", name=NAME)
            _check_places(file.read("model.weights.h5"))
    except FileError:
        raise
    except Exception as error:  # a damaged file can make zipfile, json and HDF5 raise anything
        raise FileError("project.weights", name=NAME) from error


def _check_layers(tree: Any, rows: tuple[LayerRow, ...]) -> None:
    layers = [layer for layer in tree["config"]["layers"] if layer["class_name"] != "InputLayer"]
    names = [(layer["class_name"], layer["config"]["name"]) for layer in layers]
    for (kind, name), row in zip(names, rows, strict=True):
        if kind not in CLASSES[row.kind] or name != row.name:
            raise FileError("project.layer", name=f"{kind}"[:40])
    classes = set().union(*CLASSES.values()) | PLAIN_CLASSES | {"Sequential", "InputLayer"}
    for kind, module, registered in _classes(tree):
        if kind not in classes or not module.startswith("keras") or registered:
            raise FileError("project.layer", name=kind[:40])


def _classes(tree: Any) -> Iterator[tuple[str, str, object]]:
    """Every object that Keras would make: class, module, and the name it is registered under."""
    if isinstance(tree, dict):
        if "class_name" in tree:
            registered = tree.get("registered_name")
            yield str(tree["class_name"]), str(tree.get("module")), registered
        for branch in tree.values():
            yield from _classes(branch)
    elif isinstance(tree, list):
        for branch in tree:
            yield from _classes(branch)


def _check_places(weights: bytes) -> None:
    """All arrays lie in the file itself: HDF5 can also name other files of this machine."""
    import h5py  # takes a while to load

    def walk(group: Any, depth: int = 0) -> None:
        if depth > 10:
            raise FileError("project.weights", name=NAME)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise FileError("project.weights", name=NAME)
            child = group[name]
            if isinstance(child, h5py.Group):
                walk(child, depth + 1)
            elif child.external or child.is_virtual:
                raise FileError("project.weights", name=NAME)

    with h5py.File(io.BytesIO(weights), "r") as file:
        walk(file)
