"""The room that a window is in, and what its browser is there: the presenter or one of the people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import streamlit as st

from cnn_core import rooms, texts
from cnn_core.errors import CnnError, RoomError
from cnn_core.rooms.events import SETTINGS
from pages.session.visitor import private_word

CODE = "membership_code"  # session key: of the room
REFUSAL = "membership_refusal"  # session key: what the room refused last, for the page to say
TOLD = "membership_told"  # session key: since when the page says so, in seconds of a clock
TOLD_S = 8.0  # parts that ask for news draw themselves again every second
LEAD = "membership_lead"  # session key: number of the last event that brought the window elsewhere
SEEN = "membership_seen"  # session key: what the window shows of the room
PARAMETER, SECRET = "room", "host"  # in the address


def arrive() -> None:
    """Enter the room that the address names, as its presenter if it brings the secret for that."""
    code, secret = st.query_params.get(PARAMETER), st.query_params.get(SECRET)
    if secret is not None:
        del st.query_params[SECRET]  # not on the projector, and not in a copied link
    if code is None or (code == st.session_state.get(CODE) and secret is None):
        return
    try:
        room = rooms.open_room(code)
        if secret is not None:
            room.let_in(secret, host_key())
        enter(room)
    except RoomError as error:
        refuse(error)
        if code != st.session_state.get(CODE):
            del st.query_params[PARAMETER]


def enter(room: rooms.Room) -> None:
    """Be in that room from now on."""
    _forget_refusal()
    if st.session_state.get(CODE) != room.code:
        leave()
    st.session_state[CODE] = room.code


def leave() -> None:
    """Be in no room any more."""
    for key in (CODE, LEAD, SEEN):
        st.session_state.pop(key, None)
    st.query_params.pop(PARAMETER, None)


def current() -> rooms.Room | None:
    """The room that this window is in; one that was deleted is left, and the page says so."""
    code = st.session_state.get(CODE)
    if code is None:
        return None
    try:
        room = rooms.open_room(code)
        room.state()
    except RoomError as error:
        leave()
        gone = error.key == "room.not_found"
        refuse(RoomError("room.deleted", code=code) if gone else error)
        return None
    return room


@contextmanager
def again_if_gone() -> Iterator[None]:
    """Begin the page again if the room is wiped while it is drawn: `current` then leaves it and says so."""
    try:
        yield
    except RoomError:
        st.rerun()


def refuse(error: RoomError) -> None:
    """Let the page say that error."""
    _forget_refusal()
    st.session_state[REFUSAL] = error


def refusal() -> RoomError | None:
    """What was refused last: for some seconds, or until something is done that is not refused."""
    error = st.session_state.get(REFUSAL)
    now = time.monotonic()
    if not isinstance(error, RoomError) or now - st.session_state.setdefault(TOLD, now) > TOLD_S:
        _forget_refusal()
        return None
    return error


def _forget_refusal() -> None:
    for key in (REFUSAL, TOLD):
        st.session_state.pop(key, None)


def in_address() -> dict[str, str]:
    """What stands in the address of every page while the window is in a room."""
    code = st.session_state.get(CODE)
    return {PARAMETER: str(code)} if code else {}


def host_key() -> str:
    """What this browser steers its rooms with; only their files know its hash."""
    return private_word("presenter of rooms")


def person(room: rooms.Room) -> str:
    """Who this browser is in that room, and in no other."""
    return private_word(f"person in room {room.code}")[:16]


def is_presenter(room: rooms.Room) -> bool:
    """Whether this browser steers that room."""
    with suppress(RoomError):
        return room.steers(host_key())
    return False


def steer(room: rooms.Room, event: rooms.Event) -> None:
    """Do what only the presenter may; a refusal is said on the page."""
    try:
        room.steer(host_key(), event)
        _forget_refusal()
    except RoomError as error:
        refuse(error)


def act(
    room: rooms.Room, event: rooms.Drawing | rooms.TakeBack | rooms.Vote | rooms.Follow
) -> bool:
    """Do what people in the room may; whether it was done. A refusal is said on the page."""
    try:
        room.act(person(room), event)
    except RoomError as error:
        refuse(error)
        return False
    _forget_refusal()
    return True


def show_state(state: rooms.State, closed: bool, challenge: tuple[object, ...]) -> None:
    """Remember what the window shows of the room, for `has_changed`."""
    st.session_state[SEEN] = (*_appearance(state, closed), challenge)


def draw_again() -> None:
    """The whole page is being drawn: until it says what it shows, nothing of that has changed."""
    st.session_state.pop(SEEN, None)


def has_changed(state: rooms.State, closed: bool, challenge: tuple[object, ...]) -> bool:
    """Whether a phone has to be drawn again."""
    return st.session_state.get(SEEN) not in (None, (*_appearance(state, closed), challenge))


def show_steering(room: rooms.Room) -> None:
    """Remember what the presenter's controls show, for `was_steered`."""
    st.session_state[SEEN] = _controls(room.state(), room.closed)


def was_steered(room: rooms.Room, state: rooms.State) -> bool:
    """Whether another window of the presenter changed what the controls of this one show."""
    return st.session_state.get(SEEN) not in (None, _controls(state, room.closed))


def _controls(state: rooms.State, closed: bool) -> tuple[object, ...]:
    switches = tuple(getattr(state, name) for name in SETTINGS)
    return state.activity, state.network, switches, state.lead is None, closed


def note_trouble(error: CnnError | None, query: Mapping[str, str], *, again: bool = False) -> None:
    """Tell the presenter's board that this window met an error, or none, with that set-up.

    Args:
        error: What the page says.
        query: The set-up, as the address has it.
        again: Whether the visitor asked for something, and the page is not only drawn again.
    """
    room = current()
    if room is not None and not is_presenter(room):
        sentences = {each: error.sentence(each) for each in texts.LANGUAGES} if error else {}
        room.presence.note_trouble(person(room), sentences, query, again=again)


def _appearance(state: rooms.State, closed: bool) -> tuple[object, ...]:
    """What a phone shows, apart from its own drawings and vote."""
    open_now = state.activity
    counts = state.counts(open_now) if open_now in state.revealed and open_now is not None else []
    return open_now, tuple(counts), state.answers, state.nicknames, state.network, closed


def follow(room: rooms.Room, on: bool) -> None:
    """Follow the presenter, or do not: the room keeps it, also for when the page is loaded again."""
    if act(room, rooms.Follow(on)):
        st.session_state.pop(LEAD, None)


def to_follow(state: rooms.State, who: str) -> rooms.Lead | None:
    """Where the presenter brings this window now; each time only once.

    Args:
        state: Of the room.
        who: Person whose window it is.
    """
    seen, st.session_state[LEAD] = st.session_state.get(LEAD), state.lead_number
    return state.lead if who not in state.free and state.lead_number != seen else None
