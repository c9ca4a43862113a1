"""The part of a guided course that is in the browser: assets/guide/guide.js keeps, watches and plays it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.course.steps import MAX_STEPS, OWN_PARAMETERS
from cnn_core.paths import ASSETS
from pages.session.course import CourseState, Value

MOST = 60  # characters of a word that a browser sends
_mount = st.components.v2.component("convscope_guide", js=bundle(ASSETS / "guide" / "guide.js"))


def mount(key: str, data: Mapping[str, Any], **on_change: Callable[[], None]) -> None:
    """Hand data to the browser. It sends back what `on_change` names, such as `on_kept_change`."""
    with st.container(key=f"guide_browser_{key}"):
        _mount(key=f"guide_{key}", data={"own": list(OWN_PARAMETERS), **data}, **on_change)


def sent(key: str, name: str) -> Mapping[str, Any]:
    """What the browser sent under that name; empty if that is nothing sensible."""
    state = st.session_state.get(f"guide_{key}")
    value = state.get(name) if isinstance(state, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def words(tree: object) -> dict[str, Value]:
    """Short texts and numbers by their names, of what a browser sent; all else is left out."""
    if not isinstance(tree, Mapping):
        return {}
    return {
        str(name)[:MOST]: value[:MOST] if isinstance(value, str) else value
        for name, value in list(tree.items())[:20]
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
    }


def progress(state: CourseState) -> dict[str, Any]:
    """What the browser is to keep."""
    return {
        "course": state.course_id,
        "step": state.step,
        "predictions": {str(step): choice for step, choice in state.predictions.items()},
        "outcomes": {str(step): numbers for step, numbers in state.outcomes.items()},
    }


def restored(tree: Mapping[str, Any]) -> CourseState | None:
    """The state that a browser kept; None if that is none. What does not fit is left out."""
    course_id, step = tree.get("course"), tree.get("step")
    if not isinstance(course_id, str) or type(step) is not int or not 0 <= step < MAX_STEPS:
        return None
    predictions = {
        int(name): choice
        for name, choice in words(tree.get("predictions")).items()
        if name.isdecimal() and type(choice) is int and choice >= 0
    }
    kept = tree.get("outcomes")
    outcomes = {
        int(name): {slot: str(value) for slot, value in words(numbers).items()}
        for name, numbers in (kept.items() if isinstance(kept, Mapping) else ())
        if isinstance(name, str) and name.isdecimal() and len(name) < 3
    }
    return CourseState(course_id[:MOST], step, predictions, outcomes)
