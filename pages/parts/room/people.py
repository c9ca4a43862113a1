"""Everybody in the room, as the presenter sees them: a tile each, and by one click what that person does."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core import arithmetic, rooms, texts
from cnn_core.course.goals_room import ROOM_GOALS
from cnn_core.course.room_board import STATES, Standing
from cnn_core.drawing import SIDE
from cnn_core.figures import architecture, mosaic
from cnn_core.figures.legend import uri
from cnn_core.markup import fill
from cnn_core.rooms.presence import Place
from pages.network.run_state import badge, state_of
from pages.parts.room.challenge import ICONS, leaderboard, name_of, task, words_of
from pages.session import choices, membership, standings
from pages.session.html import heading, html
from pages.session.room_bar import say_refusal
from pages.session.words import language, plain, t

POLL_S = 1.0
GOAL, OPEN = "people_goal", "people_open"  # session keys: goal; person whose work is shown
BOARD = "people_leaderboard"
MOST_DRAWINGS = 12  # of one person


def for_presenter(room: rooms.Room) -> None:
    """The challenge, and below it the part that asks for news."""
    state = room.state()
    st.session_state[GOAL] = standings.goal_of(state)
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="people_tools"
    ):
        choices.optional_pills(
            t("room.challenge"), ROOM_GOALS, key=GOAL, help=t("room.challenge_help"),
            format_func=lambda goal: t(f"room.goal_{goal}"), disabled=room.closed,
            on_change=_set_goal, args=(room,),
        )  # fmt: skip
        st.session_state[BOARD] = state.leaderboard
        st.toggle(
            t("room.leaderboard"), key=BOARD, help=t("room.leaderboard_help"), disabled=room.closed,
            on_change=_switch_leaderboard, args=(room,),
        )  # fmt: skip
    st.fragment(_board, run_every=POLL_S)(room)


def _set_goal(room: rooms.Room) -> None:
    goal = st.session_state[GOAL]
    membership.steer(room, rooms.Challenge(goal) if goal else rooms.Pause())


def _switch_leaderboard(room: rooms.Room) -> None:
    membership.steer(room, rooms.Switch("leaderboard", bool(st.session_state[BOARD])))


@membership.again_if_gone()
def _board(room: rooms.Room) -> None:
    state = room.state()
    if membership.was_steered(room, state):
        st.rerun()
    say_refusal()
    listed, goal = standings.standings(room, state), standings.goal_of(state)
    if goal:
        st.markdown(f"**{t(f'room.goal_{goal}')}**: {task(goal)}")
    _counts(state, listed)
    person = st.session_state.get(OPEN)
    if person in state.people:
        _work(room, state, person, listed.get(person))
    if not state.people:
        st.info(t("room.nobody"), icon=":material/hourglass_empty:")
    if goal and state.leaderboard:  # what the class looks at, above sixty tiles
        leaderboard(state, listed)
    _tiles(state, listed, goal)
    _removed(room, state)


def _counts(state: rooms.State, listed: dict[str, Standing]) -> None:
    """How many there are, and how many of them train, wait, are stuck, or are there."""
    states = [each.state for each in listed.values()]
    counts = [
        t(f"room.count_{name}", count=states.count(name)) for name in STATES if name in states
    ]
    html(
        fill(
            '<div class="room-figures">{% for words in counts %}<span>{{ words }}</span>{% endfor %}</div>',
            counts=[t("room.people", count=len(state.people)), *counts],
        )
    )  # fmt: skip


def _tiles(state: rooms.State, listed: dict[str, Standing], goal: str | None) -> None:
    """Everybody, those first who need help."""
    order = sorted(state.people, key=lambda person: STATES.index(listed[person].state))
    with st.container(horizontal=True, gap="small", key="people_tiles"):
        for person in order:
            standing = listed[person]
            st.button(
                f"**{plain(name_of(state, person))}** · {_short(state, person, standing, goal)}",
                key=f"people_{person}", icon=ICONS[standing.state],
                type="primary" if person == st.session_state.get(OPEN) else "secondary",
                on_click=_open, args=(person,), help=t("room.open_person"),
            )  # fmt: skip


def _short(state: rooms.State, person: str, standing: Standing, goal: str | None) -> str:
    """What a tile says: the state and the best figure; without a challenge how much was drawn."""
    best = standing.latest.best if standing.latest else None
    if goal is None and standing.latest is None:
        count = sum(each.person == person for each in state.pictures.values())
        return t("room.drawings", count=count)
    words = t(f"room.state_{standing.state}")
    return f"{words} · {best.val_accuracy:.1%}" if best else words


def _open(person: str) -> None:
    """Show that person; the one who is shown already no more."""
    st.session_state[OPEN] = None if st.session_state.get(OPEN) == person else person


def _work(room: rooms.Room, state: rooms.State, person: str, standing: Standing | None) -> None:
    """The set-up, run and drawings of one person, and the button that removes them."""
    place = room.presence.of(person) or Place()
    with st.container(border=True, key="people_work"):
        heading(name_of(state, person))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _ways(place, standing)
            st.button(
                t("room.remove"), icon=":material/person_remove:", key="people_remove",
                help=t("room.remove_help"), disabled=room.closed, type="tertiary",
                on_click=membership.steer, args=(room, rooms.Remove(person, True)),
            )  # fmt: skip
        if standing is not None:
            _trouble(place, standing)
            _run(state, place, standing)
        _drawn(state, person)


def _trouble(place: Place, standing: Standing) -> None:
    """Why somebody is stuck, and the error in words."""
    if standing.state != "stuck":
        return
    sentence = standing.sentence.get(language()) or place.trouble.get(language(), "")
    words = [t(f"room.why_{standing.why}"), plain(sentence)]
    st.warning(" ".join(filter(None, words)), icon=":material/help:")


def _run(state: rooms.State, place: Place, standing: Standing) -> None:
    """The network in the person's playground, or else of their newest run; and how that run does."""
    row = standing.latest
    model = standings.network_of(place) or (row.run.model if row else None)
    if row is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            badge(state_of(row.run))
            figure = f"{row.best.val_accuracy:.1%}" if row.best else "–"
            st.markdown(
                t("room.their_run", accuracy=figure, params=f"{row.params:,}", epochs=row.epochs)
            )
    goal = standings.goal_of(state)
    if goal:
        st.progress(
            standing.progress.share if standing.progress else 0.0,
            words_of(goal, standing.progress),
        )
    if model is not None:
        rows, broken = arithmetic.table_until_break(model)
        words = architecture.DiagramWords.of(texts.table(language()))
        html(
            architecture.architecture_svg(
                rows, model.input_shape, words=words, broken=broken.layer if broken else None
            )
        )
    elif row is None:
        st.caption(t("room.no_work"))


def _drawn(state: rooms.State, person: str) -> None:
    """The last drawings of one person in a row."""
    drawn = [picture for picture in state.pictures.values() if picture.person == person]
    if not drawn:
        return
    tiles = np.stack(
        [
            np.frombuffer(picture.pixels, np.uint8).reshape(SIDE, SIDE)
            for picture in drawn[-MOST_DRAWINGS:]
        ]
    )
    html(
        fill(
            '<img class="drawn" alt="{{ alt }}" src="{{ source }}">',
            alt=t("room.drawn_by", name=name_of(state, person), count=len(tiles)),
            source=uri(mosaic.image_png(tiles.swapaxes(0, 1).reshape(SIDE, -1, 1))),
        )
    )


def _ways(place: Place, standing: Standing | None) -> None:
    """The page that the person sees, and their newest run in the playground, to show it to all."""
    if place.at:
        st.page_link(
            f"pages/{place.page or 'home'}.py", label=t("room.see_page"), icon=":material/visibility:",
            query_params={**place.query, **membership.in_address()},
        )  # fmt: skip
    if standing is not None and standing.latest is not None:
        st.page_link(
            "pages/playground.py", label=t("room.see_run"), icon=":material/show_chart:",
            query_params={"run": standing.latest.run.id, **membership.in_address()},
        )  # fmt: skip


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
