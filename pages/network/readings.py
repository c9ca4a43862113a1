"""What a network says to drawings of a room: asked of the look worker in batches, never of a phone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnn_core import runs
from cnn_core.drawing import SIDE
from cnn_core.errors import CnnError
from cnn_core.rooms.state import Picture
from pages.network import answers
from pages.session.doors import engine

log = logging.getLogger(__name__)
Probabilities = npt.NDArray[np.float32]
BATCH = 200  # drawings per call: a fraction of a second
SECONDS_TO_READ = 5.0
MOST = 30_000  # drawings in memory; each takes some hundred bytes


def networks() -> dict[str, runs.Run]:
    """Networks for greyscale images of 28 × 28 that have weights, by id: digits first, then the newest."""
    shipped = sorted(runs.shipped_runs(), key=lambda run: run.train.dataset != "mnist")
    trained = [run for run, _ in zip(runs.newest(), range(50), strict=False)]
    return {run.id: run for run in [*shipped, *trained] if fits(run)}


def read(run: runs.Run, pictures: Sequence[Picture]) -> Mapping[int, Probabilities]:
    """Probabilities (K,) by number of the drawing; none of those that the network has not read yet.

    Args:
        run: The network.
        pictures: Drawings.
    """
    memory = _memory()
    weights_at = runs.weights_at(run)
    keys = dict.fromkeys((run.id, weights_at, picture.pixels) for picture in pictures)
    waiting = [key for key in keys if key not in memory][:BATCH]
    if waiting and engine().ready("look"):
        try:
            images = np.stack([np.frombuffer(pixels, np.uint8) for _, _, pixels in waiting])
            answered = answers.predict(run, images.reshape(-1, SIDE, SIDE, 1), SECONDS_TO_READ)
            memory.update(zip(waiting, answered, strict=True))
            for oldest in list(memory)[: max(0, len(memory) - MOST)]:
                memory.pop(oldest, None)
        except CnnError as error:  # asked again a moment later
            _note_problem(run, error)
        else:
            _problems().pop(run.id, None)
    return remembered(run, pictures)


def problem(run: runs.Run) -> CnnError | None:
    """Why drawings that were sent to the network are still not read; None where nothing is wrong."""
    return engine().lack("look") or _problems().get(run.id)


def _note_problem(run: runs.Run, error: CnnError) -> None:
    """Remember it for the wall; the log has it once, however often the wall asks."""
    before = _problems().get(run.id)
    _problems()[run.id] = error.with_traceback(None)
    if before is None or before.key != error.key:
        log.warning("the drawings of a room cannot be read by run %s: %s", run.id, error)


def remembered(run: runs.Run, pictures: Sequence[Picture]) -> Mapping[int, Probabilities]:
    """As `read`, without asking for anything."""
    memory, weights_at = _memory(), runs.weights_at(run)
    answered = {
        picture.number: memory.get((run.id, weights_at, picture.pixels)) for picture in pictures
    }
    return {number: answer for number, answer in answered.items() if answer is not None}


def fits(run: runs.Run) -> bool:
    """Whether the network takes a drawing of a room as it is, and has weights."""
    return run.model.input_shape == (SIDE, SIDE, 1) and (run.folder / "best.keras").exists()


@st.cache_resource(show_spinner=False)
def _problems() -> dict[str, CnnError]:
    """Why the last question was not answered, by id of the run; no entry where it was."""
    return {}


@st.cache_resource(show_spinner=False)
def _memory() -> dict[tuple[str, int, bytes], Any]:
    """Answers for all visitors, the oldest first; a network that trains on is asked again."""
    return {}
