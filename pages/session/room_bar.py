"""The line at the top of every page while its window is in a room; it brings phones where they are led."""

from __future__ import annotations

import streamlit as st

from cnn_core import rooms
from cnn_core.errors import RoomError
from cnn_core.markup import fill
from cnn_core.paths import ROOT
from pages.session import membership, presenting, standings
from pages.session.html import html
from pages.session.words import say_error, t

POLL_S = 1.0
ROOM, HOME = "room", "home"  # pages
NOT_LED = {membership.PARAMETER, membership.SECRET, "lang", "kiosk", *presenting.NAMES}


def say_refusal() -> None:
    """What the room refused, in one sentence."""
    if error := membership.refusal():
        st.warning(say_error(error), icon=":material/block:")


def room_bar(page: str) -> None:
    """Say which room the window is in; bring a phone where the presenter wants it.

    Args:
        page: Name of the page in the address; empty for the first one.
    """
    membership.arrive()
    membership.draw_again()
    room = membership.current()
    if room is None:
        if page != ROOM:
            say_refusal()
        return
    with membership.again_if_gone(), st.container(key="room_bar"):
        if membership.is_presenter(room):
            if page == ROOM:  # which asks for news by itself
                _for_presenter(room, page)
            else:
                st.fragment(_for_presenter, run_every=2 * POLL_S)(room, page)
        elif membership.person(room) in room.state().people:
            _for_phone(room, page)
        elif membership.person(room) in room.state().removed:
            _for_removed(room, page)


@membership.again_if_gone()
def _for_presenter(room: rooms.Room, page: str) -> None:
    state = room.state()
    if page != ROOM:
        say_refusal()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _words(room, "" if page == ROOM else t("room.people", count=len(state.people)))
        if page != ROOM:
            _back(room)
        st.button(
            t("room.bring"), icon=":material/campaign:", help=t("room.bring_help"),
            key="room_bring", on_click=_bring, args=(room, page), disabled=room.closed,
        )  # fmt: skip
        if state.lead:
            st.button(
                t("room.let_go"), icon=":material/link_off:", key="room_let_go",
                on_click=membership.steer, args=(room, rooms.LetGo()),
            )  # fmt: skip


@st.fragment(run_every=POLL_S)
@membership.again_if_gone()
def _for_phone(room: rooms.Room, page: str) -> None:
    state, closed, person = room.state(), room.closed, membership.person(room)
    if person not in state.people:  # the presenter removed them
        st.rerun()
    room.presence.note(person, page, _setup())
    lead = None if closed else membership.to_follow(state, person)
    if lead is not None and not _is_there(lead, page):
        query = {**_without_own(dict(lead.query)), **membership.in_address()}
        st.switch_page(f"pages/{lead.page or HOME}.py", query_params=query)
    if page == ROOM:
        challenge = standings.for_phone(room, state, person)
        if membership.has_changed(state, closed, challenge):
            st.rerun()
    led = state.lead is not None and not closed
    if page == ROOM and not led:
        return
    if page != ROOM:
        say_refusal()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        following = person not in state.free
        words = t("room.following" if following else "room.free") if led else ""
        _words(room, words)
        if page != ROOM:
            _back(room)
        if led:
            st.button(
                t("room.unfollow" if following else "room.follow"), key="room_follow",
                on_click=membership.follow, args=(room, not following),
            )  # fmt: skip


@st.fragment(run_every=2 * POLL_S)
@membership.again_if_gone()
def _for_removed(room: rooms.Room, page: str) -> None:
    """Say that this phone is out, on every page; the page begins again when it is let in again."""
    if membership.person(room) not in room.state().removed:
        st.rerun()
    if page != ROOM:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _words(room, t("room.removed_you"))
            st.button(t("room.leave"), key="room_leave", on_click=membership.leave)


def _is_there(lead: rooms.Lead, page: str) -> bool:
    """Whether the window shows that already, or this version has no such page."""
    if not (ROOT / "pages" / f"{lead.page or HOME}.py").exists():
        return True
    return (lead.page, _without_own(dict(lead.query))) == (page, _setup())


def _setup() -> dict[str, str]:
    """What the address says of the page, without what belongs to this window."""
    return _without_own(st.query_params.to_dict())


def _without_own(address: dict[str, str]) -> dict[str, str]:
    """Without the room, the language, the presenter view and the exhibition: nobody is led into those."""
    return {name: text for name, text in address.items() if name not in NOT_LED}


def _words(room: rooms.Room, words: str) -> None:
    html(
        fill(
            '<span class="room-code">{{ name }} <b>{{ code }}</b></span> <span>{{ words }}</span>',
            name=t("room.name"), code=room.code, words=words,
        )
    )  # fmt: skip


def _back(room: rooms.Room) -> None:
    st.page_link(
        "pages/room.py", label=t("room.back"), icon=":material/groups:",
        query_params={membership.PARAMETER: room.code},
    )  # fmt: skip


def _bring(room: rooms.Room, page: str) -> None:
    """Bring everybody to this page as its address describes it now."""
    try:
        setup = {} if page == ROOM else _setup()  # on that page it is the presenter's own
        membership.steer(room, rooms.Lead(page, tuple(setup.items())))
    except RoomError as error:  # an address that is too long
        membership.refuse(error)
