"""What a phone in a room shows: the drawing or the question that is open, and nothing else."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core import drawing, rooms, runs
from cnn_core.errors import CnnError, RoomError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
from cnn_core.rooms.events import LONGEST_NICKNAME
from cnn_core.rooms.state import Picture
from pages.elements import pad
from pages.network import readings
from pages.network.names import class_names, dataset_classes
from pages.parts.room import challenge, votes
from pages.session import membership, standings
from pages.session.html import html
from pages.session.room_bar import say_refusal
from pages.session.visitor import visitor
from pages.session.words import t

NICKNAME = "phone_nickname"
PAD = "phone_pad"
HANDED_IN = "phone_count"  # session key: how many drawings in each room; each gets an empty pad
LAST = "phone_last"  # session key: number of the pad's message that was handed in last


def phone(room: rooms.Room) -> None:
    """Join, then draw or vote."""
    state, closed = room.state(), room.closed
    person = membership.person(room)
    membership.show_state(state, closed, standings.for_phone(room, state, person))
    if person in state.removed:
        st.info(t("room.removed_you"), icon=":material/person_off:")
        st.button(t("room.leave"), key="phone_leave", on_click=membership.leave)
        return
    if person not in state.people:
        if state.nicknames and not closed:
            say_refusal()
            _ask_name(room)
            return
        if not _join(room):
            say_refusal()
            st.button(t("room.leave"), key="phone_leave", on_click=membership.leave)
            return
        st.rerun()  # the line at the top watches the room from now on
    with st.container(key="room_phone"):
        if closed:
            st.info(t("room.closed_for_you"), icon=":material/lock:")
        elif state.task is not None:
            st.fragment(_draw)(room, person, int(state.activity or 0))
        elif state.question is not None:
            st.fragment(votes.for_phone)(room, person, int(state.activity or 0))
        elif state.challenge is not None:
            challenge.for_phone(room, state, person)
        else:
            st.info(t("room.wait"), icon=":material/hourglass_empty:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t(
                "room.you_are_in",
                code=room.code,
                name=challenge.name_of(state, person),
            )
        )
        st.button(t("room.leave"), key="phone_leave", type="tertiary", on_click=membership.leave)


def _join(room: rooms.Room, nickname: str = "") -> bool:
    try:
        room.join(membership.person(room), nickname, visitor())
    except RoomError as error:
        membership.refuse(error)
        return False
    return True


def _ask_name(room: rooms.Room) -> None:
    with st.form("phone_name", border=False):
        st.text_input(
            t("room.nickname"),
            key=NICKNAME,
            max_chars=LONGEST_NICKNAME,
            help=t("room.nickname_help"),
        )
        st.form_submit_button(
            t("room.join"),
            type="primary",
            width="stretch",
            on_click=lambda: _join(room, st.session_state[NICKNAME]),
        )


@membership.again_if_gone()
def _draw(room: rooms.Room, person: str, task: int) -> None:
    """The pad, the button that hands a drawing in, and what this phone handed in already."""
    state = room.state()
    if task not in state.tasks:
        return
    say_refusal()
    wanted = state.tasks[task]
    names = dataset_classes(wanted.dataset)
    name = names[wanted.label] if wanted.label < len(names) else str(wanted.label)
    html(
        fill(
            '<div class="wanted" role="heading" aria-level="2">{{ words|bold }}</div>',
            words=t("room.draw_one", name=f"**{name}**"),
        )
    )
    mine = state.of_person(person, task)
    # A session that begins with the pad in use, as after a restart, goes on counting: it keeps the strokes.
    counts = st.session_state.setdefault(HANDED_IN, {})
    count = counts.setdefault(room.code, state.handed_in.get(person, 0))
    pad.pad(PAD, local=True, dataset=wanted.dataset, sheet=f"{room.code} {task} {count}")
    st.button(
        t("room.hand_in"), type="primary", icon=":material/send:", width="stretch", key="phone_hand_in",
        on_click=_hand_in, args=(room, task),
    )  # fmt: skip
    if mine:
        _handed_in(room, state, mine)


def _hand_in(room: rooms.Room, task: int) -> None:
    """Send what is on the pad, prepared as every drawing is before a network sees it."""
    drawn = pad.drawn(PAD)
    if drawn and drawn.number == st.session_state.get(LAST):
        drawn = None  # pressed twice: the browser has not emptied the pad yet
    image = drawing.to_model_input(drawn.canvas, "bright") if drawn else None
    pixels = np.zeros(drawing.SIDE**2) if image is None else np.rint(image * 255)
    try:
        event = rooms.Drawing(task, pixels.astype(np.uint8).tobytes())
    except RoomError as error:
        membership.refuse(error)
        return
    if membership.act(room, event) and drawn:
        counts = st.session_state.get(HANDED_IN, {})
        if room.code in counts:
            counts[room.code] += 1
        st.session_state[LAST] = drawn.number


def _handed_in(room: rooms.Room, state: rooms.State, mine: list[Picture]) -> None:
    """The phone's newest drawing, what the network says to it, and the button that takes it back."""
    newest = mine[-1]
    pixels = np.frombuffer(newest.pixels, np.uint8).reshape(drawing.SIDE, drawing.SIDE, 1)
    words = t("room.handed_in", count=len(mine))
    html(
        fill(
            '<div class="handed-in"><img alt="{{ alt }}" src="{{ source }}">'
            '<span role="status">{{ words }} {{ answer }}</span></div>',
            alt=t("room.your_drawing"), source=uri(mosaic.image_png(pixels)), words=words,
            answer=_answer(state, newest),
        )
    )  # fmt: skip
    st.button(
        t("room.take_back"), icon=":material/undo:", key="phone_take_back", width="stretch",
        on_click=membership.act, args=(room, rooms.TakeBack(newest.number)),
    )  # fmt: skip


def _answer(state: rooms.State, picture: Picture) -> str:
    """What the network of the wall says to a drawing; nothing while the presenter hides the answers."""
    if not state.answers or not state.network:
        return ""
    try:
        run = runs.open_run(state.network)
    except CnnError:  # deleted; the wall says so
        return ""
    if run.train.dataset != picture.dataset:
        return ""
    probabilities = readings.read(run, [picture]).get(picture.number)
    if probabilities is None:
        return ""
    best = int(probabilities.argmax())
    return t(
        "room.network_says", name=class_names(run)[best], share=percent(probabilities[best], 0)
    )
