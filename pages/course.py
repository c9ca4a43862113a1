"""Where do I begin, and what next? The steps of the guided course; a course of one's own."""

from __future__ import annotations

import streamlit as st

from cnn_core.course import store
from cnn_core.course.steps import TEXTBOOK, Course, CourseError
from pages.elements.head import head
from pages.guide import entry
from pages.parts.course import own
from pages.session.address import publish
from pages.session.course import CourseState
from pages.session.html import heading
from pages.session.words import language, plain, t


def main() -> None:
    """The way into the course, each of its steps, and what teachers need."""
    head("course")
    state = entry.kept()
    course = _course(state)
    entry.entry("course", whole=True)
    publish({})
    _steps(course, state)
    own.section()


def _course(state: CourseState | None) -> Course:
    """The course that the visitor is in, or the one of the app."""
    try:
        return store.open_course(state.course_id if state else TEXTBOOK, language())
    except CourseError:
        return store.open_course(TEXTBOOK, language())


def _steps(course: Course, state: CourseState | None) -> None:
    """Every step with its page and what has been done; any of them can be opened."""
    heading(plain(course.title) if course.own else course.title)
    course_id = state.course_id if state and course.own else TEXTBOOK
    done = state.outcomes if state and state.course_id == course_id else {}
    st.markdown(
        t("course.done", done=len(done), steps=sum(1 for step in course.steps if step.goal))
    )
    for index, step in enumerate(course.steps):
        title = plain(step.title) if course.own else step.title
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key=f"part_{index}"
        ):
            icon = (
                ":material/check_circle:" if index in done else ":material/radio_button_unchecked:"
            )
            if st.button(
                f"{index + 1}. {title}", icon=icon, type="tertiary", key=f"open_step_{index}"
            ):
                entry.start(course_id, index)
            if (page := t(f"{step.page}.nav")) != title:
                st.caption(page)


main()
