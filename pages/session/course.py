"""The guided course of this window: which step, what was predicted and done, what pages report to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

Value = str | int | float

STATE, REPORTED, FOLLOWED = "course_state", "course_reported", "course_followed"  # session keys


BETWEEN = "-"  # the id of a course and the number of its step, in the address


@dataclass(slots=True)
class CourseState:
    """Where a visitor is in a course.

    Attributes:
        course_id: Id of the course.
        step: Its step, from 0.
        predictions: What was predicted, by step.
        outcomes: The numbers of the steps that are done, by step.
        kiosk: Whether it plays by itself now.
        unattended: Whether it plays by itself whenever nobody touches the screen.
        restored: Whether the browser has been asked for what it keeps of this course.
        seen: What the browser says of the current step.
        missing: The step that a link asked for and the course does not have; empty if there is none.
    """

    course_id: str
    step: int = 0
    predictions: dict[int, int] = field(default_factory=dict)
    outcomes: dict[int, dict[str, str]] = field(default_factory=dict)
    kiosk: bool = False
    unattended: bool = False
    restored: bool = False
    seen: dict[str, Value] = field(default_factory=dict)
    missing: str = ""


def current() -> CourseState | None:
    """The course that runs; None if there is none."""
    state: CourseState | None = st.session_state.get(STATE)
    return state


def begin(state: CourseState) -> None:
    """Run a course from now on."""
    st.session_state[STATE] = state
    st.session_state[REPORTED] = {}


def leave() -> None:
    """Run none; what was reached stays in the browser."""
    st.session_state.pop(STATE, None)


def parameters() -> dict[str, str]:
    """What the address says of the course; nothing if none runs."""
    state = current()
    if state is None:
        return {}
    words = {"course": f"{state.course_id}{BETWEEN}{state.step + 1}"}
    return words | {"kiosk": "1"} if state.unattended else words


def report(page: str, **values: Value) -> None:
    """Say what a page shows, for the sentence at the end of a step; forgotten where no course runs."""
    if current() is not None:
        st.session_state.setdefault(REPORTED, {})[page] = values


def reported(page: str) -> Mapping[str, Value]:
    """What that page reported last."""
    values: Mapping[str, Value] = st.session_state.get(REPORTED, {}).get(page, {})
    return values


def is_first_look() -> bool:
    """Whether nothing of this window has looked at the address yet; True once."""
    first = FOLLOWED not in st.session_state
    st.session_state[FOLLOWED] = True
    return first
