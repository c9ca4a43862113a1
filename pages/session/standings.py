"""How far the people of a room are, read at most once a second for all windows that show it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from cnn_core import rooms
from cnn_core.config import ModelConfig
from cnn_core.course import room_board
from cnn_core.course.goals_room import ROOM_GOALS
from cnn_core.course.room_board import Standing
from cnn_core.errors import CnnError
from cnn_core.planning.links import from_query
from cnn_core.planning.presets import fit_to_data
from cnn_core.rooms.presence import PLAYGROUND, Place
from cnn_core.runs import summary

EVERY_S = 1.0


def goal_of(state: rooms.State) -> str | None:
    """The goal of the open challenge; None if there is none, or this version does not know it."""
    challenge = state.challenge
    return challenge.goal if challenge is not None and challenge.goal in ROOM_GOALS else None


def standings(room: rooms.Room, state: rooms.State) -> dict[str, Standing]:
    """The standing of each person in the room."""
    return _standings(room.code, state.number, room, state)


@st.cache_resource(ttl=EVERY_S, max_entries=20, show_spinner=False)
def _standings(
    code: str, number: int, _room: rooms.Room, _state: rooms.State
) -> dict[str, Standing]:
    goal, now = goal_of(_state), time.time()
    began = _state.began[_state.activity] if goal and _state.activity is not None else 0.0
    rows = room_board.of_owners(summary.summaries(), filter(None, _state.owners.values()))
    listed = {}
    for person in _state.people:
        place = _room.presence.of(person) or Place()
        since = max(began, _state.joined.get(person, 0.0))
        listed[person] = room_board.standing(
            rows.get(_state.owners.get(person, ""), []), since, now, goal,
            _built(place, since), place.times,
        )  # fmt: skip
    return listed


def network_of(place: Place) -> ModelConfig | None:
    """The network that a window has in the playground; None on other pages."""
    return _network(place.query) if place.page == PLAYGROUND else None


def _built(place: Place, since: float) -> ModelConfig | None:
    """The network that somebody had in the playground last, wherever they are now; None before that time."""
    return _network(place.built) if place.built_at > since else None


def _network(query: Mapping[str, str]) -> ModelConfig | None:
    with suppress(CnnError):
        model, train = from_query(query)
        return fit_to_data(model, train)[0]
    return None


def for_phone(room: rooms.Room, state: rooms.State, person: str) -> tuple[object, ...]:
    """What a phone shows of a challenge: it is drawn again when this changes."""
    if goal_of(state) is None:
        return ()
    listed = standings(room, state)
    own = listed.get(person)
    board = room_board.by_accuracy(listed) if state.leaderboard else []
    progress = own.progress if own else None
    return (own.state if own else "", progress.score if progress else (), tuple(board))
