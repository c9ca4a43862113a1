"""Everybody in the room, as the presenter sees them: a tile each, and by one click what that person does."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core import rooms
from cnn_core.drawing import SIDE
from cnn_core.figures import mosaic
from cnn_core.figures.legend import uri
from cnn_core.markup import fill
from pages.session import membership
from pages.session.html import heading, html
from pages.session.room_bar import say_refusal
from pages.session.words import plain, t

POLL_S = 1.0
OPEN = "people_open"  # session key: person whose work is shown
MOST_DRAWINGS = 12  # of one person


def name_of(state: rooms.State, person: str) -> str:
    """The nickname, or the number of who gave none."""
    nickname = state.people.get(person) or state.removed.get(person)
    return nickname or t("room.phone_number", number=state.arrivals.get(person, 0))


def for_presenter(room: rooms.Room) -> None:
    """The part that asks for news."""
    st.fragment(_board, run_every=POLL_S)(room)


@membership.again_if_gone()
def _board(room: rooms.Room) -> None:
    state = room.state()
    say_refusal()
    html(
        fill(
            '<div class="room-figures"><span>{{ words }}</span></div>',
            words=t("room.people", count=len(state.people)),
        )
    )
    person = st.session_state.get(OPEN)
    if person in state.people:
        _person(room, state, person)
    if not state.people:
        st.info(t("room.nobody"), icon=":material/hourglass_empty:")
    _tiles(state)
    _removed(room, state)


def _tiles(state: rooms.State) -> None:
    with st.container(horizontal=True, gap="small", key="people_tiles"):
        for person in state.people:
            drawings = sum(each.person == person for each in state.pictures.values())
            words = t("room.drawings", count=drawings)
            st.button(
                f"**{plain(name_of(state, person))}** · {words}", key=f"people_{person}",
                type="primary" if person == st.session_state.get(OPEN) else "secondary",
                on_click=_open, args=(person,),
            )  # fmt: skip


def _open(person: str) -> None:
    """Show that person; the one who is shown already no more."""
    st.session_state[OPEN] = None if st.session_state.get(OPEN) == person else person


def _person(room: rooms.Room, state: rooms.State, person: str) -> None:
    """What one person does, and the button that removes them."""
    with st.container(border=True, key="people_one"):
        heading(name_of(state, person))
        drawn = [picture for picture in state.pictures.values() if picture.person == person]
        if drawn:
            tiles = np.stack([_pixels(picture.pixels) for picture in drawn[-MOST_DRAWINGS:]])
            row = tiles.swapaxes(0, 1).reshape(SIDE, -1, 1)
            html(
                fill(
                    '<img class="drawn" alt="{{ alt }}" src="{{ source }}">',
                    alt=t("room.drawn_by", name=name_of(state, person), count=len(tiles)),
                    source=uri(mosaic.image_png(row)),
                )
            )
        st.button(
            t("room.remove"), icon=":material/person_remove:", key="people_remove",
            help=t("room.remove_help"), disabled=room.closed,
            on_click=membership.steer, args=(room, rooms.Remove(person, True)),
        )  # fmt: skip


def _pixels(pixels: bytes) -> np.ndarray:
    return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)


def _removed(room: rooms.Room, state: rooms.State) -> None:
    """Those who were removed, to be let in again."""
    if not state.removed:
        return
    with st.expander(t("room.removed", count=len(state.removed)), key="people_removed"):
        for person in state.removed:
            st.button(
                t("room.let_in", name=plain(name_of(state, person))), icon=":material/person_add:",
                key=f"people_back_{person}", disabled=room.closed,
                on_click=membership.steer, args=(room, rooms.Remove(person, False)),
            )  # fmt: skip
