"""The loss landscape of a run, asked for piece by piece: its path is read from the run's folder here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_core import runs
from cnn_core.analysis import landscape
from cnn_core.errors import RunError
from cnn_core.planning.cost import cpu_precision
from cnn_core.runs import snapshots

if TYPE_CHECKING:
    from cnn_core.model import Opened

MOST_EPOCHS = 50  # of a path: with more, some are left out
MOST_NUMBERS = 20_000_000  # of all weights of a path: 80 MB, of which a few copies are made
KEPT = 4  # planes in memory, each twice as large as its network
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """Which landscape.

    Attributes:
        run: Id of the run whose kept weights are the centre.
        other: Id of a run of the same architecture whose path is drawn, too; empty for none.
        kind: One of `landscape.KINDS`.
        seed: Of random directions.
        grid: Points each way, one of `landscape.GRIDS`.
        part: "val" or "train".
        images: The first of that part, one of `landscape.IMAGES`.
        written: When the weights of each were written last: after further training the answer is another one.
    """

    run: str
    other: str = ""
    kind: str = "path"
    seed: int = 0
    grid: int = 25
    part: str = "val"
    images: int = 1_000
    written: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plane:
    directions: tuple[landscape.Weights, landscape.Weights]
    facts: dict[str, Any]


def plane(opened: Opened, question: Question) -> dict[str, Any]:
    """The plane of a question, without its losses.

    Returns:
        "kind", which is "random" where a path has too few epochs; "x" and "y", the coordinates of the
        grid; "parameters", how many weights the directions move; "share" (2,) of the variance of the path
        along each; "paths", for each run its "epochs" (N,) and "points" (N, 2); none in a random plane.

    Raises:
        ValueError: If there is no such landscape.
        RunError: If a run is gone, a snapshot damaged, or the other run has another architecture.
    """
    return _plane(opened, question).facts


def losses(opened: Opened, question: Question, first: int, count: int) -> Floats:
    """The losses at some points of the grid, row by row from "y"[0] on.

    Args:
        opened: The network of `question.run`.
        question: Which landscape.
        first: Place of the first point.
        count: How many.

    Returns:
        Losses (count,), fewer at the end of the grid.

    Raises:
        ValueError, RunError: As in `plane`.
        DataError: If the data set cannot be read.
    """
    from cnn_core.inside import answers
    from cnn_core.inside import landscape as inside

    plane = _plane(opened, question)
    columns, rows = np.meshgrid(plane.facts["x"], plane.facts["y"])  # (rows, columns) each
    points = np.stack([columns.ravel(), rows.ravel()], axis=1)[first : first + count]
    data = answers.data_of(runs.open_run(question.run).train)
    images = getattr(data, f"x_{question.part}")[: question.images]
    labels = getattr(data, f"y_{question.part}")[: question.images]
    return inside.losses(opened, images, labels, plane.directions, points, cpu_precision("auto"))


_PLANES: dict[Question, _Plane] = {}


def _plane(opened: Opened, question: Question) -> _Plane:
    landscape.check_question(question.kind, question.images, question.part, question.seed)
    wanted = replace(question, images=landscape.IMAGES[0], part=landscape.PARTS[0])
    if wanted not in _PLANES:
        _PLANES[wanted] = _new_plane(opened, wanted)
        for oldest in list(_PLANES)[:-KEPT]:
            _PLANES.pop(oldest, None)
    return _PLANES[wanted]


def _new_plane(opened: Opened, question: Question) -> _Plane:
    from cnn_core.inside import forward

    kept = {name: tensor.numpy() for name, tensor in forward.weights_of(opened.model).items()}
    run = runs.open_run(question.run)
    compared = [run, runs.open_run(question.other)] if question.other else [run]
    if compared[-1].model != run.model:
        raise RunError("landscape.other_architecture", id=question.other)
    return _of_paths(kept, compared, question) or _random(kept, question)


def _random(kept: landscape.Weights, question: Question) -> _Plane:
    random = np.random.default_rng(question.seed)
    directions = (
        landscape.filter_normalised(kept, random),
        landscape.filter_normalised(kept, random),
    )
    # With its margin the grid reaches from -1 to 1: there every filter has moved by its own length.
    corners = np.array([[-1, -1], [1, 1]], np.float32) / (1 + 2 * landscape.MARGIN)
    x, y = landscape.grid(corners, question.grid)
    moved = sum(array.size for array in kept.values() if array.ndim > 1)
    facts = {"kind": "random", "x": x, "y": y, "paths": [], "share": np.zeros(2, np.float32)}
    return _Plane(directions, {**facts, "parameters": moved})


def _of_paths(
    kept: landscape.Weights, compared: list[runs.Run], question: Question
) -> _Plane | None:
    """The plane of the paths, or None if there are too few epochs, or a random plane is wanted."""
    if question.kind != "path":
        return None
    whole = all(len(snapshots.whole_epochs(run)) >= landscape.LEAST_EPOCHS for run in compared)
    names = sorted(snapshots.names(compared[0].model, whole=whole))
    centre = landscape.flat(kept, names)
    most = min(MOST_EPOCHS, MOST_NUMBERS // (len(centre) * len(compared)))
    most = max(landscape.LEAST_EPOCHS, most)
    pieces = [_path(run, names, most, whole=whole) for run in compared]
    if min(len(epochs) for epochs, _ in pieces) < landscape.LEAST_EPOCHS:
        return None
    try:
        main = landscape.main_directions(np.concatenate([path for _, path in pieces]))
    except ValueError:  # a path that goes nowhere
        return None
    points = [landscape.projected(path, centre, main.axes) for _, path in pieces]
    x, y = landscape.grid(np.concatenate(points), question.grid)
    paths = [
        {"epochs": np.array(epochs), "points": places}
        for (epochs, _), places in zip(pieces, points, strict=True)
    ]
    facts = {"kind": "path", "x": x, "y": y, "paths": paths, "share": main.share}
    first, second = (landscape.unflat(axis, kept, names) for axis in main.axes)
    return _Plane((first, second), {**facts, "parameters": len(centre)})


def _path(
    run: runs.Run, names: Sequence[str], most: int, *, whole: bool
) -> tuple[list[int], Floats]:
    """Epochs of a path and their named weights (N, D), without those that are beyond all numbers.

    Of more than `most` epochs some are left out evenly; the first and the last stay.
    """
    epochs = snapshots.whole_epochs(run) if whole else snapshots.epochs(run)
    if len(epochs) > most:
        epochs = tuple(epochs[place] for place in np.linspace(0, len(epochs) - 1, most).astype(int))
    points = {
        epoch: landscape.flat(snapshots.read(run, epoch, whole=whole), names) for epoch in epochs
    }
    finite = [epoch for epoch, point in points.items() if np.isfinite(point).all()]
    return finite, np.array([points[epoch] for epoch in finite], np.float32)
