"""Ways into the guided course: begin it, or go on where this browser has left it."""

from __future__ import annotations

import streamlit as st

from cnn_core.course import store
from cnn_core.course.steps import TEXTBOOK, CourseError
from pages.guide import browser
from pages.guide.panel import open_step
from pages.session import course as session
from pages.session.course import CourseState
from pages.session.words import language, say_error, t

KEPT, WANTED, ARRIVED = "join_kept", "join_wanted", "join_arrived"  # session keys


def kept() -> CourseState | None:
    """What this browser has kept of a course that was left; None if it is not known."""
    state: CourseState | None = session.current() or st.session_state.get(KEPT)
    return state


@st.fragment
def entry(place: str, *, whole: bool = False) -> None:
    """Buttons that begin the course or go on with it.

    Args:
        place: Where they are: a word of its own for each.
        whole: Whether the page shows more of what the browser has kept than these buttons.
    """
    browser.mount(f"join_{place}", {"asks": True}, on_kept_change=lambda: _take(place))
    wanted = st.session_state.pop(WANTED, None)
    if wanted is not None:
        start(*wanted)
    if st.session_state.pop(ARRIVED, False) and whole:
        st.rerun()
    state = kept()
    with st.container(horizontal=True, gap="small", key=f"join_{place}"):
        if state is not None and (course := _course_of(state)) is not None and state.step:
            st.button(
                t("course.resume", number=min(state.step, course - 1) + 1, steps=course),
                icon=":material/school:", type="primary", key=f"join_resume_{place}",
                on_click=_want, args=(state.course_id, state.step),
            )  # fmt: skip
        st.button(
            t("course.start"), icon=":material/school:", key=f"join_start_{place}",
            type="secondary" if state is not None and state.step else "primary",
            on_click=_want, args=(TEXTBOOK, 0),
        )  # fmt: skip


def _course_of(state: CourseState) -> int | None:
    """How many steps its course has; None if it is not here any more."""
    try:
        return len(store.open_course(state.course_id, language()).steps)
    except CourseError:
        return None


def _want(course_id: str, step: int) -> None:
    st.session_state[WANTED] = (course_id, step)


def _take(place: str) -> None:
    st.session_state[KEPT] = browser.restored(browser.sent(f"join_{place}", "kept"))
    st.session_state[ARRIVED] = True


def start(course_id: str, index: int, *, kiosk: bool = False) -> None:
    """Open a step of a course; what was predicted and done in it before stays.

    One sentence says so if the course is not on this server any more.
    """
    try:
        course = store.open_course(course_id, language())
    except CourseError as error:
        st.warning(say_error(error), icon=":material/link_off:")
        return
    state = kept()
    if state is None or state.course_id != course_id:
        state = CourseState(course_id)
    state.step, state.seen, state.missing = min(index, len(course.steps) - 1), {}, ""
    state.kiosk, state.unattended = kiosk, kiosk or state.unattended
    session.begin(state)
    open_step(course.steps[state.step])
