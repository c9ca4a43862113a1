"""Run exported lectures as a student would: without ConvScope, without a network, figure by figure.

`test_lecture` starts it. The only argument is a folder that holds jobs.json, a list of {"program",
"data": {name of a data set: .npz file}, "count"}. What a lecture prints, draws and defines goes into
a .json file beside it.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import keras
import matplotlib.pyplot as plt
import numpy as np

SHAPES = ("x_train", "y_train", "x_val", "y_val", "feature_maps", "conv_weights", "preds")


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise OSError("An exported program may not leave this machine.")


def repeated(array: np.ndarray, count: int) -> np.ndarray:
    """`count` entries of it, again from the start when they run out."""
    return np.concatenate([array] * -(-count // len(array)))[:count]


def published(path: str, count: int) -> Any:
    """The images of a bundled sample as Keras gives a full set: `count` to train on, a sixth to test on."""
    with np.load(path) as data:
        images = np.concatenate([data["x_train"], data["x_val"]])[..., 0]
        labels = np.concatenate([data["y_train"], data["y_val"]])
        test = data["x_test"][..., 0], data["y_test"]
    train = repeated(images, count), repeated(labels, count)
    return train, tuple(repeated(array, count // 6) for array in test)


def drawn() -> list[list[dict[str, Any]]]:
    """What each axis of the open figures holds; closes them."""
    figures = []
    for number in plt.get_fignums():
        axes = []
        for axis in plt.figure(number).axes:
            spans = [float(np.ptp(image.get_array())) for image in axis.images]
            lines = [len(line.get_xdata()) for line in axis.lines]
            bars = sum(bool(patch.get_height() > 0) for patch in axis.patches)
            axes.append({"images": spans, "lines": lines, "bars": bars})
        figures.append(axes)
    plt.close("all")
    return figures


def cells(path: Path) -> list[str]:
    """The code of a script, or of a notebook cell by cell."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return [text]
    return [
        "".join(item["source"]) for item in json.loads(text)["cells"] if item["cell_type"] == "code"
    ]


def run(path: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Execute it in a namespace and a folder of its own; what it printed, drew and defined."""
    for name, file in job["data"].items():
        images = published(file, job["count"])
        getattr(keras.datasets, name).load_data = lambda images=images: images
    keras.config.set_dtype_policy("float32")
    folder = path.with_suffix("")
    folder.mkdir()
    os.chdir(folder)
    figures: list[Any] = []
    plt.show = lambda: figures.extend(drawn())
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with redirect_stdout(printed):
        for number, cell in enumerate(cells(path)):
            exec(compile(cell, f"{path.name}, cell {number}", "exec"), names)
    return {
        "figures": figures,
        "printed": printed.getvalue(),
        "shapes": {name: list(names[name].shape) for name in SHAPES},
        "layers": [[item.name, item.count_params()] for item in names["model"].layers],
        "weights": [list(item.shape) for item in names["conv"].weights],
        "history": names["history"].history,
        "epochs": names["history"].epoch,
        "validation": names["model"].evaluate(names["x_val"], names["y_val"], verbose=0),
        "stratified": [np.bincount(names[f"y_{part}"]).tolist() for part in ("train", "val")],
    }


def main(folder: Path) -> None:
    """Execute every lecture."""
    socket.socket.connect = refuse  # type: ignore[method-assign]
    for job in json.loads((folder / "jobs.json").read_text("utf-8")):
        path = folder / job["program"]
        path.with_suffix(".json").write_text(json.dumps(run(path, job)), encoding="utf-8")
    print("ConvScope" if any(name.startswith("cnn_core") for name in sys.modules) else "plain")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
