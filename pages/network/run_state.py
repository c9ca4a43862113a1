"""The state of a run as the visitor sees it."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs
from cnn_core.progress.history import History
from pages.session.doors import engine
from pages.session.words import t

ICONS = {
    "queued": ":material/hourglass_top:",
    "running": ":material/play_circle:",
    "paused": ":material/pause_circle:",
    "evaluating": ":material/fact_check:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "diverged": ":material/error:",
    "failed": ":material/error:",
    "interrupted": ":material/power_off:",
}
BADGES = {"running": "blue", "finished": "green", "diverged": "red", "failed": "red"}


def state_of(run: runs.Run) -> str:
    """The run's state; between a worker's death and the next one's start it is queued."""
    state = runs.status(run).state
    return "queued" if state == "interrupted" and engine().holds(run.id) else state


def shown_state(state: str, history: History) -> str:
    """The state as a visitor reads it: a running run may be paused or being evaluated."""
    if state == "running" and history.paused:
        return "paused"
    return "evaluating" if state == "running" and history.evaluating else state


def badge(state: str) -> None:
    """A word, a sign and a colour for the state of a run."""
    st.badge(t(f"state.{state}"), icon=ICONS[state], color=BADGES.get(state, "gray"))
