"""What is the best setting? Try many, each as a run, and see which one mattered."""

from __future__ import annotations

import streamlit as st

from cnn_core import sweeps
from cnn_core.errors import CnnError
from cnn_core.sweeps import Sweep, outcome
from pages.elements import head as page_head
from pages.network import shown
from pages.network.names import local_time
from pages.parts.sweep import best, findings, form, state
from pages.parts.sweep.head import head, trains
from pages.session import choices
from pages.session.html import STYLE
from pages.session.visitor import visitor
from pages.session.words import say_error, t

POLL_S = 1.0
LISTED = 30


def main() -> None:
    """The form of a new sweep, then the one that is shown, live while it works."""
    st.html(STYLE)
    page_head.head("sweep")
    state.follow()
    sweep = _choose_sweep()
    # With a key of its own for each sweep: it would stay open above the one that has begun.
    with (
        st.container(key="sweep_form"),
        st.expander(
            t("sweep.new"), icon=":material/add:", expanded=sweep is None,
            key=f"sweep_new_{sweep.id if sweep else ''}",
        ),
    ):  # fmt: skip
        form.form()
    if sweep is None:
        st.info(t("sweep.none_yet"), icon=":material/query_stats:")
    else:
        with st.container(key="sweep_live"):
            busy = _works(sweep)
            st.fragment(_live, run_every=POLL_S if busy else None)(sweep, busy)
    state.publish()


def _title(sweep: Sweep) -> str:
    return f"{sweep.name or sweep.id} · {local_time(sweep.created, short=True)}"


def _choose_sweep() -> Sweep | None:
    """The sweep to show: the one that a link or the visitor chose, else the visitor's newest."""
    own = sweeps.newest(visitor())[:LISTED]
    sweep = state.shown_sweep()
    if sweep is None and own:
        state.show(own[0].id)
        sweep = own[0]
    if sweep is None:
        return None
    listed = {entry.id: entry for entry in [sweep, *own]}
    if len(listed) > 1:
        st.session_state["sweep_choice"] = sweep.id
        choices.selectbox(
            t("sweep.which"), list(listed), key="sweep_choice", width=420,
            format_func=lambda option: _title(listed[option]),
            on_change=lambda: state.show(st.session_state["sweep_choice"]),
        )  # fmt: skip
    return sweep


def _works(sweep: Sweep) -> bool:
    try:
        rows = outcome.trials(sweep)
    except CnnError:
        return False
    live = sweeps.progress(sweep).state == "running" or trains(rows) or findings.is_calculating()
    return live or _repeats_run(sweep, rows)


def _repeats_run(sweep: Sweep, rows: list[outcome.Trial]) -> bool:
    top = outcome.best(rows)
    return bool(top) and any(
        entry.status.active for entry in outcome.repeats(sweep, top.run if top else "")
    )


def _live(sweep: Sweep, busy: bool) -> None:
    """Redraws alone while trials train, then lets the page settle."""
    if problem := shown.take_refusal():
        st.error(say_error(problem), icon=":material/block:")
    try:
        rows = outcome.trials(sweeps.open_sweep(sweep.id))
    except CnnError as error:
        st.error(say_error(error), icon=":material/error:")
        return
    progress = sweeps.progress(sweep)
    head(sweep, progress, rows)
    with st.container(border=True, key="sweep_best"):
        best.best(sweep, rows)
    best.opened(sweep, rows)
    if progress.active or outcome.best(rows):
        findings.charts(sweep, rows)
    else:
        findings.no_charts()
    if progress.active or rows:
        findings.table(sweep, rows)
    state.publish()
    # Last: a button that was pressed as the work ended is heard only where the page draws it.
    if busy != _works(sweep):
        st.rerun()


main()
