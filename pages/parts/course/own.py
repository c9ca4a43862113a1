"""A course of one's own: from a file, or put together by clicking; as a file and as a link."""

from __future__ import annotations

import streamlit as st

from cnn_core.course import steps, store
from cnn_core.course.steps import MAX_BYTES, CourseError
from pages.guide import draft, entry
from pages.pictures.upload import file_box
from pages.session.html import heading
from pages.session.visitor import visitor
from pages.session.words import language, plain, say_error, t

KEPT_ID, FAULTS = "own_course", "own_faults"
"""Session keys: id of the course that was kept last; what is wrong with the file."""


def section() -> None:
    """For teachers: a file, a draft, a link for the class, a course that plays by itself."""
    heading(t("course.own"))
    st.markdown(t("course.own_about"))
    left, right = st.columns(2, gap="medium")
    with left:
        _from_file()
    with right:
        _from_clicks()
    _kept()
    with st.container(horizontal=True, gap="small"):
        if st.button(t("course.kiosk"), icon=":material/smart_display:", key="own_kiosk"):
            entry.start(st.session_state.get(KEPT_ID, steps.TEXTBOOK), 0, kiosk=True)


def _from_file() -> None:
    with st.container(border=True, key="own_file"):
        st.markdown(f"**{t('course.from_file')}**")
        st.download_button(
            t("course.example"), steps.example(), "course.toml", "application/toml",
            icon=":material/download:", key="own_example", on_click="ignore",
        )  # fmt: skip
        st.caption(t("course.file_help", most=MAX_BYTES // 1000))
        file_box(
            t("course.file"), ("toml",), "course", 1, key="own_upload", on_change=_take_file,
            limit=f"{MAX_BYTES // 1000} kB",
        )  # fmt: skip
        for fault in st.session_state.get(FAULTS, ()):
            st.error(say_error(fault), icon=":material/block:")


def _take_file(key: str) -> None:
    """Check a file whole: a sentence for every fault, or the course is kept."""
    file = st.session_state.get(key)
    st.session_state[FAULTS] = []
    if file is None:
        return
    try:
        source = file.getvalue().decode("utf-8")
    except UnicodeDecodeError:
        st.session_state[FAULTS] = [CourseError("course.encoding")]
        return
    course, faults = steps.read(source, language())
    st.session_state[FAULTS] = faults
    if course is not None:
        _keep(source)


def _keep(source: str) -> None:
    """Keep a course for everybody who has its link; for a callback."""
    try:
        st.session_state[KEPT_ID] = store.keep(source, visitor())
    except CourseError as error:
        st.session_state[FAULTS] = [error]


def _from_clicks() -> None:
    """The steps that were added on other pages; each can be moved and left out."""
    with st.container(border=True, key="own_draft"):
        st.markdown(f"**{t('course.from_clicks')}**")
        st.markdown(t("course.clicks_about"))
        st.button(
            t("course.draft_start"), icon=":material/add_circle:", key="own_start",
            on_click=draft.record, kwargs={"on": True}, disabled=draft.records(),
        )  # fmt: skip
        if draft.records():
            st.info(t("course.draft_on"), icon=":material/arrow_upward:")
        for index, row in enumerate(draft.rows()):
            _row(index, row)
        if not draft.rows():
            return
        title = st.text_input(t("course.name"), key="own_name", max_chars=80) or t(
            "course.nameless"
        )
        source = draft.source(title)
        with st.container(horizontal=True, gap="small"):
            st.download_button(
                t("course.download"), source, "course.toml", "application/toml",
                icon=":material/download:", key="own_download", on_click="ignore",
            )  # fmt: skip
            st.button(
                t("course.keep"), icon=":material/link:", key="own_keep", type="primary",
                on_click=_keep, args=(source,),
            )  # fmt: skip


def _row(index: int, row: draft.Row) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"{index + 1}. {plain(row['title'])}")
        for name, icon, call, arguments in (
            ("up", ":material/arrow_upward:", draft.move, (index, -1)),
            ("remove", ":material/delete:", draft.remove, (index,)),
        ):
            label = t(f"course.draft_{name}", title=plain(row["title"]))
            st.button(
                label, icon=icon, key=f"icon_own_{name}_{index}", type="tertiary", help=label,
                on_click=call, args=arguments,
            )  # fmt: skip


def _kept() -> None:
    """The link to the course that was kept, and the way into it."""
    course_id = st.session_state.get(KEPT_ID)
    if course_id is None:
        return
    with st.container(border=True, key="own_kept"):
        st.markdown(t("course.kept"))
        st.code(f"?course={course_id}", language=None)
        if st.button(t("course.open_own"), icon=":material/school:", key="own_open"):
            entry.start(course_id, 0)
