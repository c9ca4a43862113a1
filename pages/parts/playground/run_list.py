"""The list of runs."""

from __future__ import annotations

from itertools import islice

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.planning.presets import fit_to_data
from cnn_core.runs import log as run_log
from pages.network import run_actions, shown
from pages.network.names import markdown
from pages.network.run_state import badge, state_of
from pages.parts.playground import setup
from pages.session import choices
from pages.session.settings import Setting
from pages.session.visitor import visitor
from pages.session.words import t

LISTED = 12
MINE = Setting("mine", "runs_mine", (True, False), default=True)


def run_list() -> None:
    """The visitor's newest runs, or everybody's."""
    with st.expander(
        t("runs.list"), icon=":material/history:", key="runs", on_change="rerun"
    ) as list_:
        if not list_.open:
            return
        mine = choices.toggle(t("runs.mine"), key=MINE.key, default=True, help=t("runs.mine_help"))
        listed = list(islice(runs.newest(visitor() if mine else None), LISTED))
        if not listed:
            st.caption(t("runs.none"))
        for run in listed:
            _row(run)


def _row(run: runs.Run) -> None:
    best, state = run_log.best_epoch(run), state_of(run)
    ours = run.owner == visitor()
    with st.container(border=True, gap="small", key=f"row_{run.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            badge(state)
            figure = (
                t("runs.best", accuracy=f"{best.val_accuracy:.1%}") if best else t("runs.no_epoch")
            )
            st.markdown(f"{markdown(run)} · {run.id[-6:]}  \n{figure}", width="stretch")
            with st.container(horizontal=True, gap="small", width="content"):
                _buttons(run, state, ours)
        if ours:
            run_actions.pending_form(run, state)


def _buttons(run: runs.Run, state: str, ours: bool) -> None:
    st.button(t("runs.open"), key=f"open_{run.id}", on_click=open_run, args=(run,))
    if not ours:
        return
    if runs.status(run).resumable and state != "queued":
        st.button(
            t("panel.resume_run"), key=f"go_on_{run.id}", on_click=run_actions.resume, args=(run,)
        )
    run_actions.ask_button(run, "rename", ":material/edit:")
    if state not in runs.ACTIVE:
        run_actions.ask_button(run, "delete", ":material/delete:")


def open_run(run: runs.Run) -> None:
    """Show a run with its set-up; for a callback."""
    shown.show(run.id)
    try:
        setup.put(*fit_to_data(run.model, run.train))
    except CnnError as error:  # a run on images that this version does not know
        shown.refuse(error)
