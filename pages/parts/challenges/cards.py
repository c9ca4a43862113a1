"""A goal as a card: what it asks for, how far the visitor is, where to go, a hint, what it taught."""

from __future__ import annotations

import streamlit as st

from cnn_core.course.goals import Goal
from cnn_core.course.progress import Progress
from cnn_core.paths import ASSETS
from pages.elements.lessons import lesson
from pages.session.words import t

STYLE = ASSETS / "challenges.css"
ENDINGS = {"": "running", "stopped": "stopped", "diverged": "diverged"}


def card(goal: Goal, attempt: Progress | None) -> None:
    """One goal; what it taught is there once it is reached."""
    reached = attempt is not None and attempt.reached
    title, rules = t(f"goals.{goal.name}.title"), goal.rule.numbers
    with st.container(border=True, height="stretch", key=f"goal_{goal.name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(title, anchor=False, width="stretch")
            if reached:
                st.badge(t("challenges.reached"), icon=":material/check:", color="green")
        st.markdown(t(f"goals.{goal.name}.task", **rules))
        st.progress(attempt.share if attempt else 0.0, _words(goal, attempt))
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.page_link(
                f"pages/{goal.page}.py",
                label=t("challenges.open", page=t(f"{goal.page}.nav")),
                icon=":material/arrow_forward:",
                query_params=dict(goal.query),
            )
            with st.popover(
                t("challenges.hint"), icon=":material/lightbulb:", type="tertiary",
                key=f"hint_{goal.name}",
            ):  # fmt: skip
                st.markdown(f"**{title}**")
                st.markdown(t(f"goals.{goal.name}.hint", **rules))
        if reached:
            with st.expander(
                t("challenges.taught"), icon=":material/school:", key=f"taught_{goal.name}"
            ):
                st.markdown(t(f"goals.{goal.name}.taught", **rules))
                lesson(*goal.lessons, place=f"{goal.name}_")


def _words(goal: Goal, attempt: Progress | None) -> str:
    """How far the visitor is, in numbers."""
    if attempt is None:
        return t("challenges.not_tried")
    try:
        numbers = t(f"goals.{goal.name}.progress", **{**_named(attempt), **goal.rule.numbers})
    except KeyError:  # kept by a version with other numbers
        return t("challenges.reached" if attempt.reached else "challenges.not_tried")
    return t("challenges.done" if attempt.reached else "challenges.best", numbers=numbers)


def _named(attempt: Progress) -> dict[str, str]:
    """The numbers of an attempt, with words for what is kept as a key."""
    numbers = dict(attempt.numbers)
    if "ended" in numbers:
        numbers["ended"] = t(f"state.{ENDINGS.get(numbers['ended'], 'finished')}")
    return numbers
