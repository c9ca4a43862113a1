"""The explanations that the page "Explain" opens with, kept beside a network that came with ConvScope.

So they are on the page before a process that could compute them has loaded TensorFlow.
`assets/models/explained.py` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.errors import RunError
from cnn_core.runs import record

FILE = "explained-{size}.npz"
START = {
    ("fashion", "sample"): 10,
    ("fashion", "full"): 6,
    ("digits", "sample"): 5,
}
"""By network and size of its data, a test image on which every method finds something."""


@dataclass(frozen=True, eq=False)
class Explained:
    """An image and its explanations.

    Attributes:
        index: Its place among the test images.
        image: uint8 of shape (H, W, C).
        truth: Its class.
        answer: As `cnn_core.inside.explain.explanations` says, of the most probable class; and as "curves"
            what `cnn_core.inside.deletion.deletion_curves` says.
    """

    index: int
    image: npt.NDArray[np.uint8]
    truth: int
    answer: dict[str, Any]


def read(run: record.Run, size: str) -> Explained | None:
    """What is kept beside that network; None if there is nothing.

    Raises:
        RunError: If the file is damaged.
    """
    path = run.folder / FILE.format(size=size)
    if not run.shipped or not path.exists():
        return None
    try:
        index, image, truth, kept = _read(path, path.stat().st_mtime_ns)
    except Exception as error:  # a damaged file can make zipfile and NumPy raise anything
        raise RunError("run.unreadable", id=run.id, folder=str(run.folder)) from error
    return Explained(index, image, truth, _nested(kept))


@lru_cache(maxsize=8)
def _read(
    path: Path, changed: int
) -> tuple[int, npt.NDArray[np.uint8], int, dict[str, npt.NDArray[Any]]]:
    """Place, image, class and the explanations of `flat`; nobody can change the arrays, which all share."""
    with np.load(path, allow_pickle=False) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    for array in kept.values():
        array.setflags(write=False)
    return int(kept.pop("index")), kept.pop("image"), int(kept.pop("truth")), kept


def flat(answer: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The explanations as arrays for a file: "grad_cam/map" and so on."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, value in answer.items():
        inner = value if isinstance(value, dict) else {"": value}
        arrays |= {f"{name}/{key}".rstrip("/"): np.asarray(part) for key, part in inner.items()}
    return arrays


def _nested(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for path, array in arrays.items():
        name, _, key = path.partition("/")
        value = array.item() if array.ndim == 0 else array
        if key:
            answer.setdefault(name, {})[key] = value
        else:
            answer[name] = value
    return answer
