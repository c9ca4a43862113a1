"""The drawings of the room that this window presents, as a labelled test set on which runs are scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError, RoomError, RunError
from cnn_core.rooms.state import Picture
from pages.network import readings
from pages.session import membership
from pages.session.doors import engine

ORDERED = (
    "room_scores_ordered"  # session key: ids of runs that are still to be scored, with the tries
)
MOST_TRIES = 20  # without an answer: the worker is away, or the weights cannot be read


@dataclass(frozen=True, slots=True)
class RoomScore:
    """How a run does on the drawings of the room.

    Attributes:
        right: Drawings that it classifies as the class that was asked for.
        count: All drawings of the classes that it knows.
    """

    right: int
    count: int

    @property
    def accuracy(self) -> float:
        """From 0 to 1."""
        return self.right / self.count


def drawings() -> list[Picture]:
    """What the wall of the room shows; nothing in a window that does not present one."""
    room = membership.current()
    with suppress(RoomError):  # deleted in this moment
        if room is not None and membership.is_presenter(room):
            return room.state().shown_pictures()
    return []


def fitting(run: runs.Run, pictures: Iterable[Picture]) -> list[Picture]:
    """The drawings of classes that the network knows; none if it takes images of another size."""
    if not readings.fits(run):
        return []
    return [picture for picture in pictures if picture.dataset == run.train.dataset]


def score(run: runs.Run, pictures: Iterable[Picture]) -> RoomScore | None:
    """The score on these drawings; None until the network has classified all of them."""
    own = fitting(run, pictures)
    try:
        answers = readings.remembered(run, own)
    except RunError:  # deleted in this moment
        return None
    if not own or len(answers) < len(own):
        return None
    right = sum(int(answers[picture.number].argmax()) == picture.label for picture in own)
    return RoomScore(right, len(own))


def order(run_ids: Sequence[str]) -> None:
    """Score these runs from now on, one after the other; none where no worker will ever come."""
    if never():
        return
    st.session_state[ORDERED] = {**waiting(), **dict.fromkeys(run_ids, 0)}


def never() -> CnnError | None:
    """Why this server scores no run at all."""
    problem = engine().problem("look")
    return problem if problem is not None and problem.key == "engine.off_look" else None


def weights(run: runs.Run) -> int | None:
    """Which weights the run has now; None if it was deleted in this moment."""
    with suppress(RunError):
        return runs.weights_at(run)
    return None


def waiting() -> dict[str, int]:
    """The runs that are still to be scored, with the tries so far."""
    return dict(st.session_state.get(ORDERED, {}))


def advance(pictures: Sequence[Picture]) -> None:
    """Ask the next run for some of its answers, so that others can be asked in between."""
    left = waiting()
    if not left or not engine().ready("look"):
        return
    run_id, tries = next(iter(left.items()))
    del left[run_id]
    with suppress(RunError):  # deleted meanwhile
        run = runs.open_run(run_id)
        own = fitting(run, pictures)
        before = len(readings.remembered(run, own))
        answered = len(readings.read(run, own))
        tries = 0 if answered > before else tries + 1
        if answered < len(own) and tries < MOST_TRIES:
            left[run_id] = tries
    st.session_state[ORDERED] = left
