"""What can you make it do? Goals that the app checks by itself, each with a hint and what it taught."""

from __future__ import annotations

import streamlit as st

from cnn_core.course.goals import GOALS, GROUPS
from pages.elements.head import head
from pages.network import goals
from pages.parts.challenges import cards
from pages.session.address import say
from pages.session.html import heading
from pages.session.words import t

POLL_S = 3.0  # while a run of the visitor trains
COLUMNS = 2


def main() -> None:
    """The goals, and how far this visitor is with each of them."""
    st.html(cards.STYLE)
    head("challenges")
    say("challenges", {})
    goals.refresh()
    active = goals.look_through_runs()
    st.fragment(_all, run_every=POLL_S if active else None)(active)


def _all(active: bool) -> None:
    if active and not goals.look_through_runs():
        st.rerun()  # nothing trains any more
    attempts = goals.attempts()
    reached = sum(attempt.reached for attempt in attempts.values())
    count = {"reached": reached, "count": len(GOALS)}
    st.progress(reached / len(GOALS), t("challenges.count", **count))
    for group in GROUPS:
        heading(t(f"challenges.group_{group}"))
        listed = [goal for goal in GOALS.values() if goal.group == group]
        for first in range(0, len(listed), COLUMNS):
            columns = st.columns(COLUMNS, gap="small")
            for column, goal in zip(columns, listed[first:], strict=False):
                with column:
                    cards.card(goal, attempts.get(goal.name))


main()
