"""Run exported programs as a stranger would: without ConvScope, without a network.

`test_exported_programs` starts it. The only argument is a folder that holds jobs.json, a list of
{"program", "data"} and {"network", "images"}. What a program writes goes into a folder of its
own beside it; what a network says of those images, into an .npy file beside it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise OSError("An exported program may not leave this machine.")


def cells(path: Path) -> list[str]:
    """The code of a script, or of a notebook cell by cell."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return [text]
    return [
        "".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"
    ]


def run(path: Path, data: str | None) -> dict[str, Any]:
    """Execute it in a namespace and a folder of its own; the names it has defined."""
    os.environ.pop("DATA_FILE", None)
    if data:
        os.environ["DATA_FILE"] = data
    keras.config.set_dtype_policy("float32")
    folder = path.with_suffix("")
    folder.mkdir()
    os.chdir(folder)
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells(path)):
        exec(compile(cell, f"{path.name}, cell {number}", "exec"), names)
    return names


def open_network(path: Path, images: np.ndarray) -> None:
    """What the network says of images, and what its layers calculate in."""
    model = keras.saving.load_model(path)
    np.save(path.with_suffix(".npy"), model.predict(images, verbose=0))
    path.with_suffix(".txt").write_text(" ".join({layer.compute_dtype for layer in model.layers}))


def main(folder: Path) -> None:
    """Execute every job."""
    socket.socket.connect = refuse  # type: ignore[method-assign]
    first: list[list[np.ndarray]] = []
    fit = keras.Model.fit

    def remembering(model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        first.append(model.get_weights())
        return fit(model, *args, **kwargs)

    keras.Model.fit = remembering
    for job in json.loads((folder / "jobs.json").read_text("utf-8")):
        if "network" in job:
            open_network(folder / job["network"], np.load(folder / job["images"]))
            continue
        path = folder / job["program"]
        names = run(path, job["data"])
        model, history = names["model"], names["history"].history
        layers = [
            [layer.name, type(layer).__name__, layer.count_params()] for layer in model.layers
        ]
        answer = {"history": history, "layers": layers, "kind": type(model).__name__}
        (path.with_suffix("") / "said.json").write_text(json.dumps(answer))
        np.savez(path.with_suffix("") / "first.npz", *first.pop())
        np.savez(path.with_suffix("") / "last.npz", *model.get_weights())
    print("ConvScope" if any(name.startswith("cnn_core") for name in sys.modules) else "plain")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
