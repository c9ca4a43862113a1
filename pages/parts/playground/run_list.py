"""The list of runs."""

from __future__ import annotations

from itertools import islice

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.runs import log as run_log
from cnn_core.runs import record
from pages.network.names import markdown
from pages.parts.playground import run_panel, run_state, setup
from pages.session.visitor import visitor
from pages.session.words import plain, t

LISTED = 12
ASKED = "runs_asked"  # session key: what a row asks, ("rename" or "delete", id of the run)


def run_list() -> None:
    """The visitor's newest runs, or everybody's."""
    with st.expander(
        t("runs.title"), icon=":material/history:", key="runs", on_change="rerun"
    ) as list_:
        if not list_.open:
            return
        mine = st.toggle(t("runs.mine"), value=True, key="runs_mine", help=t("runs.mine_help"))
        found = list(islice(runs.newest(visitor() if mine else None), LISTED))
        if not found:
            st.caption(t("runs.none"))
        for run in found:
            _row(run)


def _row(run: runs.Run) -> None:
    best, state = run_log.best_epoch(run), run_state.state_of(run)
    ours = run.owner == visitor()
    with st.container(border=True, gap="small", key=f"row_{run.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            run_panel.badge(state)
            figure = (
                t("runs.best", accuracy=f"{best.val_accuracy:.1%}") if best else t("runs.no_epoch")
            )
            st.markdown(f"{markdown(run)} · {run.id[-6:]}  \n{figure}", width="stretch")
            with st.container(horizontal=True, gap="small", width="content"):
                _buttons(run, state, ours)
        if ours:
            match st.session_state.get(ASKED):
                case ("rename", run.id):
                    _rename_form(run)
                case ("delete", run.id) if state not in runs.ACTIVE:
                    _delete_question(run)


def _buttons(run: runs.Run, state: str, ours: bool) -> None:
    st.button(t("runs.open"), key=f"open_{run.id}", on_click=_open, args=(run,))
    if not ours:
        return
    if runs.status(run).resumable and state != "queued":
        st.button(
            t("panel.resume_run"), key=f"go_on_{run.id}", on_click=run_panel.resume, args=(run,)
        )
    _ask_button(run, "rename", ":material/edit:")
    if state not in runs.ACTIVE:
        _ask_button(run, "delete", ":material/delete:")


def _ask_button(run: runs.Run, what: str, icon: str) -> None:
    st.button(
        t(f"runs.{what}"), key=f"{what}_{run.id}", on_click=_ask, args=((what, run.id),),
        icon=icon, type="tertiary",
    )  # fmt: skip


def _ask(asked: tuple[str, str] | None = None) -> None:
    st.session_state[ASKED] = asked


def _rename_form(run: runs.Run) -> None:
    key = f"name_{run.id}"
    with st.form(f"form_{run.id}", border=False):
        st.text_input(
            t("runs.name"), value=run.name, max_chars=record.NAME_LENGTH, key=key, help=t("runs.name_help")
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                t("runs.save"), key=f"save_{run.id}", on_click=_rename, args=(run,), type="primary"
            )
            st.form_submit_button(t("runs.cancel"), key=f"cancel_{run.id}", on_click=_ask)


def _delete_question(run: runs.Run) -> None:
    name = plain(run.name) or markdown(run)
    st.warning(t("runs.delete_question", name=name), icon=":material/delete_forever:")
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("runs.delete_yes"), key=f"delete_yes_{run.id}", on_click=_delete, args=(run,), type="primary"
        )  # fmt: skip
        st.button(t("runs.cancel"), key=f"keep_{run.id}", on_click=_ask)


def _open(run: runs.Run) -> None:
    st.session_state["run"] = run.id
    try:
        setup.put(*setup.fit_to_data(run.model, run.train))
    except CnnError as error:  # a run on images that this version does not know
        st.session_state["refusal"] = error


def _rename(run: runs.Run) -> None:
    _ask()
    try:
        runs.rename(run, str(st.session_state[f"name_{run.id}"]), by=visitor())
    except CnnError as error:
        st.session_state["refusal"] = error


def _delete(run: runs.Run) -> None:
    _ask()
    try:
        runs.delete(run, by=visitor())
    except CnnError as error:
        st.session_state["refusal"] = error
    if st.session_state.get("run") == run.id and not run.folder.exists():
        st.session_state["run"] = None
