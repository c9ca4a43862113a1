"""The way into a room: by its code, or by opening one."""

from __future__ import annotations

import streamlit as st

from cnn_core import rooms
from cnn_core.errors import RoomError
from pages.network.names import local_time
from pages.session import membership
from pages.session.html import heading
from pages.session.words import t

CODE = "entrance_code"


def entrance() -> None:
    """For a phone the field for the code; for a presenter the button that opens a room, and earlier rooms."""
    left, right = st.columns(2, gap="large")
    with left, st.container(key="room_enter"):
        heading(t("room.join_title"))
        with st.form("entrance", border=False):
            st.text_input(
                t("room.code"), key=CODE, max_chars=12, placeholder="BKTX", help=t("room.code_help")
            )
            st.form_submit_button(
                t("room.join"),
                type="primary",
                icon=":material/login:",
                on_click=_enter,
                width="stretch",
            )
    with right, st.container(key="room_open"):
        heading(t("room.open_title"))
        st.write(t("room.open_words"))
        st.button(t("room.open"), icon=":material/co_present:", key="entrance_open", on_click=_open)
        _earlier_rooms()


def _earlier_rooms() -> None:
    mine = rooms.rooms_of(membership.host_key())
    if not mine:
        return
    st.caption(t("room.earlier"))
    for room in mine:
        try:
            state = room.state()
        except RoomError:  # damaged, or wiped in this moment
            continue
        words = t(
            "room.earlier_room",
            code=room.code,
            people=len(state.people),
            drawings=len(state.pictures),
            time=local_time(state.last_at, short=True) if state.last_at else "–",
        )
        st.button(words, key=f"entrance_{room.code}", on_click=membership.enter, args=(room,))


def _enter() -> None:
    try:
        membership.enter(rooms.open_room(st.session_state[CODE]))
    except RoomError as error:
        membership.refuse(error)


def _open() -> None:
    try:
        membership.enter(rooms.create(membership.host_key()))
    except RoomError as error:
        membership.refuse(error)
