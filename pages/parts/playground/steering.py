"""Pause, step, stop and learning rate of a running run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.progress.history import History
from cnn_core.runs import control as steering
from pages.network.names import span
from pages.parts.playground import setup
from pages.session import choices
from pages.session.doors import engine
from pages.session.visitor import visitor
from pages.session.words import t


def steering_buttons(run: runs.Run, state: str, history: History) -> None:
    """Pause, step, stop and learning rate, for the owner of the run."""
    if run.owner != visitor():
        st.container(key="steering").caption(t("panel.not_yours"))
        return
    control = steering.read_control(run)
    if control.pause_ended:
        st.caption(t("panel.pause_ended"))
    elif control.paused and (left := engine().pause_left(run)) is not None:
        st.caption(t("panel.pause_ends", time=span(left)))
    working = state == "running" and history.started is not None and not history.evaluating
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="steering"):
        if control.paused:
            st.button(
                t("panel.resume"), icon=":material/play_arrow:", on_click=_ask, args=(run,),
                kwargs={"paused": False}, disabled=not working, key="resume",
            )  # fmt: skip
        else:
            st.button(
                t("panel.pause"), icon=":material/pause:", on_click=_ask, args=(run,),
                kwargs={"paused": True}, disabled=not working, help=t("panel.pause_help"),
                key="pause",
            )  # fmt: skip
        st.button(
            t("panel.step"), icon=":material/skip_next:", on_click=_attempt,
            args=(steering.ask_for_step, run), disabled=not working, help=t("panel.step_help"), key="step",
        )  # fmt: skip
        st.button(
            t("panel.stopping") if control.stop else t("panel.stop"), icon=":material/stop:",
            on_click=_attempt, args=(engine().stop, run), disabled=control.stop, help=t("panel.stop_help"),
            key="stop",
        )  # fmt: skip
        rate = run.train.learning_rate if control.learning_rate is None else control.learning_rate
        key = "panel.rate_peak" if run.train.schedule == "one_cycle" else "panel.rate_now"
        st.session_state[f"rate_{run.id}"] = rate  # it may have been changed in another window
        choices.selectbox(
            t("panel.rate"), setup.with_value(setup.RATES, rate), key=f"rate_{run.id}",
            format_func=lambda value: t(key, rate=f"{value:g}"),
            on_change=_ask_rate, args=(run,), disabled=not working,
            label_visibility="collapsed", width=260 if key == "panel.rate_peak" else 230,
        )  # fmt: skip


def _ask(run: runs.Run, **wanted: object) -> None:
    _attempt(partial(steering.ask, **wanted), run)


def _ask_rate(run: runs.Run) -> None:
    _ask(run, learning_rate=st.session_state[f"rate_{run.id}"])


def _attempt(act: Callable[..., object], run: runs.Run) -> None:
    """Do what was asked of a run whose folder may have been deleted in another window; for a callback."""
    try:
        act(run, by=visitor())
    except CnnError as error:
        st.session_state["steering_problem"] = error


def take_problem() -> CnnError | None:
    """What was wrong with the last request to a run, once."""
    problem: CnnError | None = st.session_state.pop("steering_problem", None)
    return problem
