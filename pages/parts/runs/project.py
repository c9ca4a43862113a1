"""Open a project file: its runs become the visitor's own, and are chosen."""

from __future__ import annotations

import streamlit as st

from cnn_core import projects
from cnn_core.errors import CnnError
from pages.parts.runs import selection
from pages.pictures.upload import file_box
from pages.session.visitor import visitor
from pages.session.words import plain, say_error, t

TYPES = ("convscope", "zip")
MEGABYTE = 1_000_000
KEY, TURN, OPENED = "runs_project_file", "runs_project_turn", "runs_project_opened"
PROBLEM = "runs_project_problem"


def uploader() -> None:
    """The uploader, folded; after a file was opened it is empty again."""
    if opened := st.session_state.pop(OPENED, None):
        name, count = opened
        st.success(
            t("runs.opened_project", name=plain(name), count=count), icon=":material/inventory_2:"
        )
    problem = st.session_state.pop(PROBLEM, None)
    with st.expander(t("runs.open_project"), icon=":material/folder_open:", key="runs_project_box"):
        st.caption(t("runs.open_project_help"))
        key = f"{KEY}_{st.session_state.get(TURN, 0)}"
        most = projects.MOST_BYTES // MEGABYTE
        file_box(t("runs.open_project"), TYPES, "runs", most, key=key, on_change=_open)
        if problem:
            st.error(say_error(problem), icon=":material/block:")


def _open(key: str) -> None:
    file = st.session_state[key]
    if file is None:
        return
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    try:
        opened = projects.open_project(file.getvalue(), by=visitor())
    except CnnError as error:
        st.session_state[PROBLEM] = error
        return
    selection.select([run.id for run in opened])
    st.session_state[OPENED] = (file.name, len(opened))
