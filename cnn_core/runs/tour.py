"""A trained network and a few images on their way through it, with no Keras: what the home page draws.

The maps follow from the kernels (`convolution.forward`); what the dense layers make of them is kept
beside the network by `assets/models/tour.py`, because their weights are ten times as large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_core.arithmetic import LayerRow, layer_table
from cnn_core.errors import RunError
from cnn_core.runs import log as run_log
from cnn_core.runs import record, snapshots

FILE = "tour.npz"


@dataclass(frozen=True, eq=False)
class Tour:
    """Images and what a network says to them.

    Attributes:
        run: The network.
        images: uint8 of shape (n, H, W, C).
        labels: Their classes, shape (n,).
        units: Outputs of the layers after the last maps, (n, units) by "dense1" ... "output".
        weights: Kernels and biases of the convolutions, of the same epoch.
    """

    run: record.Run
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    units: Mapping[str, npt.NDArray[np.float32]]
    weights: snapshots.Weights

    @property
    def guesses(self) -> npt.NDArray[np.int64]:
        """The most probable class of each image, shape (n,)."""
        predicted: npt.NDArray[np.int64] = self.units["output"].argmax(axis=1)
        return predicted

    @property
    def rows(self) -> tuple[LayerRow, ...]:
        """The layers, in order."""
        return layer_table(self.run.model)


def read(run: record.Run) -> Tour:
    """The tour through a network that came with ConvScope.

    Raises:
        RunError: If there is none, or its files are damaged or of another network.
    """
    best = run_log.history(run).best
    weights = snapshots.read(run, best.epoch if best else run.train.epochs)
    names = [row.name for row in layer_table(run.model) if row.kind in {"dense", "output"}]
    try:
        with (run.folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            units = {name: arrays[name] for name in names}
            return Tour(run, arrays["images"], arrays["labels"], units, weights)
    except Exception as error:  # a damaged file can make zipfile and NumPy raise anything
        raise RunError("run.unreadable", id=run.id, folder=str(run.folder)) from error


def choose_images(labels: npt.NDArray[np.integer], guesses: npt.NDArray[np.integer]) -> list[int]:
    """Which images to show: of each class the first that is recognised, then of each the first that is not.

    Args:
        labels: True classes, shape (n,).
        guesses: Answers of the network, shape (n,).

    Returns:
        Places; a class without such an image is left out.
    """
    right = labels == guesses
    wanted = [
        (labels == name) & outcome for outcome in (right, ~right) for name in np.unique(labels)
    ]
    return [int(mask.argmax()) for mask in wanted if mask.any()]
