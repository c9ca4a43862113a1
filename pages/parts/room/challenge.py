"""A challenge for the whole room: what it asks for, how far somebody is, and the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnn_core import rooms
from cnn_core.course import room_board
from cnn_core.course.goals_room import ROOM_GOALS, STARTS
from cnn_core.course.progress import Progress
from cnn_core.course.room_board import Standing
from cnn_core.markup import fill
from pages.session import membership, standings
from pages.session.html import html
from pages.session.words import t

LISTED = 10  # people on the leaderboard
ICONS = {
    "stuck": ":material/help:",
    "trains": ":material/play_circle:",
    "waits": ":material/hourglass_top:",
    "idle": ":material/radio_button_unchecked:",
    "reached": ":material/check_circle:",
}


def name_of(state: rooms.State, person: str) -> str:
    """The nickname, or the number of who gave none."""
    nickname = state.people.get(person) or state.removed.get(person)
    return nickname or t("room.phone_number", number=state.arrivals.get(person, 0))


def task(goal: str) -> str:
    """What the goal asks for, with its rules in numbers."""
    return t(f"room.goal_{goal}_task", **ROOM_GOALS[goal].numbers)


def words_of(goal: str, progress: Progress | None) -> str:
    """How far an attempt is, in numbers."""
    if progress is None:
        return t("challenges.not_tried")
    numbers = {**progress.numbers, **ROOM_GOALS[goal].numbers}
    return t(f"room.goal_{goal}_progress", **numbers)


def for_phone(room: rooms.Room, state: rooms.State, person: str) -> None:
    """The task, the own best attempt, and the way to the playground."""
    goal = standings.goal_of(state)
    if goal is None:
        st.info(t("room.wait"), icon=":material/hourglass_empty:")
        return
    listed = standings.standings(room, state)
    own = listed.get(person)
    html(
        fill(
            '<div class="asks" role="heading" aria-level="2">{{ title }}</div>',
            title=t(f"room.goal_{goal}"),
        )
    )
    st.markdown(task(goal))
    progress = own.progress if own else None
    if own is not None and own.state in ("trains", "waits"):
        st.markdown(f"{ICONS[own.state]} {t(f'room.state_{own.state}')}")
    st.progress(progress.share if progress else 0.0, words_of(goal, progress))
    if progress is not None and progress.reached:
        st.success(t("challenges.reached"), icon=":material/check:")
    st.page_link(
        "pages/playground.py", label=t("room.to_playground"), icon=":material/arrow_forward:",
        query_params={**STARTS[goal], **membership.in_address()},
    )  # fmt: skip
    if state.leaderboard:
        leaderboard(state, listed, person)


def leaderboard(state: rooms.State, listed: Mapping[str, Standing], own: str = "") -> None:
    """The best by validation accuracy, and by accuracy for each parameter.

    Args:
        state: Of the room.
        listed: The standing of each person.
        own: The person whose phone shows it.
    """
    tops = {
        "accuracy": [
            (name_of(state, person), f"{figures.accuracy:.1%}", person == own)
            for person, figures in room_board.by_accuracy(listed)
        ],
        "efficiency": [
            (name_of(state, person), f"{figures.per_thousand:.1%}", person == own)
            for person, figures in room_board.by_accuracy_per_parameter(listed)
        ],
    }
    if not tops["accuracy"]:
        st.caption(t("room.board_empty"))
        return
    for column, (kind, rows) in zip(st.columns(2, gap="medium"), tops.items(), strict=True):
        html(
            fill(
                '<div class="board"><div class="matrix-title">{{ title }}</div><ol>'
                '{% for name, figure, mine in rows %}<li{% if mine %} class="mine"{% endif %}>'
                "<span>{{ name }}</span><b>{{ figure }}</b></li>{% endfor %}</ol></div>",
                title=t(f"room.board_{kind}", least=f"{room_board.WORTH:.0%}"), rows=rows[:LISTED],
            ),
            column,
        )  # fmt: skip
        if not rows:
            column.caption(t("room.board_efficiency_empty", least=f"{room_board.WORTH:.0%}"))
