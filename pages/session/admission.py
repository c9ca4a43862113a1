"""No more windows than the server can carry: those that are open go on, a new one is told to come back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnn_core.planning import limits
from pages.session.words import t

RETRY_S = 10.0
_admitted: set[str] = set()  # ids of Streamlit's sessions
_lock = threading.Lock()  # of `_admitted`: each window has a thread of its own


def admit(begin: Callable[[], None] = lambda: None) -> None:
    """Let this window in, or say that the server is full, and end the script; tried again by itself.

    Args:
        begin: Draws what is above that sentence.
    """
    context = get_script_run_ctx()
    if context is None or not runtime.exists() or context.session_id in _admitted:
        return
    cap = limits.valid().sessions
    with _lock:
        _admitted.intersection_update(_active())
        if len(_admitted) < cap:
            _admitted.add(context.session_id)
            return
    begin()
    st.title("ConvScope")
    st.warning(t("frame.full", cap=cap), icon=":material/groups:")
    st.fragment(_try_again, run_every=RETRY_S)()
    st.stop()


def _try_again() -> None:
    if len(_active()) < limits.valid().sessions:
        st.rerun()


def _active() -> list[str]:
    return list(filter(runtime.get_instance().is_active_session, list(_admitted)))
