"""No more windows than the server can carry: those that are open go on, a new one is told to come back."""

from __future__ import annotations

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnn_core.planning import limits
from pages.session.words import t

RETRY_S = 10.0
_admitted: set[str] = set()  # ids of Streamlit's sessions


def admit() -> None:
    """Let this window in, or say that the server is full, and end the script; tried again by itself."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists() or context.session_id in _admitted:
        return
    server, cap = runtime.get_instance(), limits.valid().sessions
    _admitted.intersection_update(filter(server.is_active_session, list(_admitted)))
    if len(_admitted) < cap:
        _admitted.add(context.session_id)
        return
    st.title("ConvScope")
    st.warning(t("frame.full", cap=cap), icon=":material/groups:")
    st.fragment(_try_again, run_every=RETRY_S)()
    st.stop()


def _try_again() -> None:
    active = filter(runtime.get_instance().is_active_session, list(_admitted))
    if len(list(active)) < limits.valid().sessions:
        st.rerun()
