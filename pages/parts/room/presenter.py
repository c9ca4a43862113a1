"""What the presenter sees of a room: how to join it, and what everybody draws and thinks."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core import rooms
from cnn_core.errors import RoomError
from cnn_core.markup import fill
from cnn_core.rooms import invitation
from pages.parts.room import people, votes, wall
from pages.session import choices, membership, phone_address, settings
from pages.session.address import arrived, followed
from pages.session.html import html
from pages.session.words import t

PARTS = ("wall", "predict", "people")
SETTINGS = (
    settings.Setting("part", "presenter_part", PARTS, PARTS[0]),
    settings.Setting("drawings", wall.SCOPE, wall.SCOPES, wall.SCOPES[0]),
)
SECRET = "presenter_secret"  # session key


def presenter(room: rooms.Room, place: DeltaGenerator) -> dict[str, str]:
    """The invitation left, the wall or the question right; what the address says of that."""
    membership.draw_again()
    link = arrived("room", [setting.name for setting in SETTINGS])
    settings.follow(link, SETTINGS)
    followed("room", link)
    left, right = st.columns([0.24, 0.76], gap="medium")
    with left, st.container(key="room_invitation"):
        _invitation(room)
        _settings(room)
    with right:
        if room.closed:
            st.info(t("room.is_closed"), icon=":material/lock:")
        part = choices.segmented_control(
            t("room.part"), PARTS, key="presenter_part", label_visibility="collapsed", place=place,
            format_func=lambda name: t(f"room.part_{name}"),
        )  # fmt: skip
        if part == "wall":
            wall.wall(room, place)
        elif part == "predict":
            votes.for_presenter(room)
        else:
            people.for_presenter(room)
    membership.show_steering(room)
    return settings.query(SETTINGS)


def _invitation(room: rooms.Room) -> None:
    """QR code, address and code, large enough for the back row."""
    base, link = phone_address.base(), phone_address.link_to(room.code)
    html(
        fill(
            '<div class="invitation"><img alt="{{ alt }}" src="{{ source }}">'
            '<div><span class="where">{{ where }}</span>'
            '<b class="code" aria-label="{{ spelled }}">{{ code }}</b></div></div>',
            alt=t("room.qr_alt", link=link), source=invitation.qr_code(link),
            where=f"{base.partition('://')[2]}/room", code=room.code, spelled=" ".join(room.code),
        )
    )  # fmt: skip


def _settings(room: rooms.Room) -> None:
    state = room.state()
    with st.popover(t("room.address"), icon=":material/wifi:", width="stretch"):
        phone_address.field()
    with st.popover(t("room.settings"), icon=":material/settings:", width="stretch"):
        st.session_state["presenter_nicknames"] = state.nicknames
        st.toggle(
            t("room.nicknames"), key="presenter_nicknames", help=t("room.nicknames_help"),
            on_change=_switch_nicknames, args=(room,), disabled=room.closed,
        )  # fmt: skip
        _second_browser(room)
        _end(room)


def _switch_nicknames(room: rooms.Room) -> None:
    membership.steer(room, rooms.Switch("nicknames", bool(st.session_state["presenter_nicknames"])))


def _second_browser(room: rooms.Room) -> None:
    """A link by which another browser of the presenter steers the room, too."""
    st.button(
        t("room.link"),
        key="presenter_link",
        help=t("room.link_help"),
        on_click=_make_link,
        args=(room,),
    )
    secret = st.session_state.get(SECRET)
    if secret and secret[0] == room.code:
        st.code(f"{phone_address.link_to(room.code)}&{membership.SECRET}={secret[1]}")


def _make_link(room: rooms.Room) -> None:
    try:
        st.session_state[SECRET] = room.code, room.link_secret(membership.host_key())
    except RoomError as error:
        membership.refuse(error)


def _end(room: rooms.Room) -> None:
    st.divider()
    wall.download(room)
    if room.closed:
        st.button(t("room.reopen"), key="presenter_reopen", on_click=_change, args=(room.reopen,))
    else:
        st.button(
            t("room.close"),
            key="presenter_close",
            help=t("room.close_help"),
            on_click=_change,
            args=(room.close,),
            kwargs={"keep": True},
        )
    sure = st.checkbox(t("room.wipe_sure"), key=f"presenter_sure_{room.code}")
    st.button(
        t("room.wipe"),
        key="presenter_wipe",
        icon=":material/delete:",
        disabled=not sure,
        on_click=_change,
        args=(room.close,),
        kwargs={"keep": False},
    )
    st.button(
        t("room.leave"), key="presenter_leave", help=t("room.leave_help"), on_click=membership.leave
    )


def _change(change, **how: bool) -> None:
    """Close, reopen or wipe the room."""
    try:
        change(membership.host_key(), **how)
    except RoomError as error:
        membership.refuse(error)
