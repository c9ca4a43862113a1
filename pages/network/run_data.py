"""Images and labels of a run's data: asked of a worker, or read here where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnn_core import runs
from cnn_core.datasets import parts
from pages.network import answers
from pages.network.answer_types import Array
from pages.session.doors import engine


class Piece(NamedTuple):
    """Labels (n,) of the images from place `first` on, in a part of `total` images."""

    labels: Array
    first: int
    total: int


def images(run: runs.Run, part: str, rows: Sequence[int]) -> Array:
    """Images (n, H, W, C) of a part of the run's data, as bytes.

    Raises:
        CnnError: If there is no answer, as in `piece`.
    """
    if _without_workers():
        return parts.images_of(run.train, part, rows)
    return answers.images(run, part, rows)


def piece(run: runs.Run, part: str, first: int) -> Piece:
    """The labels of `answers.PIECE` images of a part of the run's data, from place `first` on."""
    if _without_workers():
        labels = parts.part_of(parts.data_of(run.train), part)[1]
        return Piece(labels[first : first + answers.PIECE], first, len(labels))
    answer = answers.piece(run, part, first)
    return Piece(np.asarray(answer.labels), answer.first, answer.total)


def _without_workers() -> bool:
    problem = engine().problem("look")
    return problem is not None and problem.key == "engine.off_look"
