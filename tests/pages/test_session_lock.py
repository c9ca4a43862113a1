"""Two threads of one session change its state one after the other, as Streamlit's fast reruns need it."""

from __future__ import annotations

import threading
from dataclasses import fields, is_dataclass

from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

from pages.session import session_lock


def of(state: SessionState) -> SafeSessionState:
    """What a thread of the session gets."""
    return SafeSessionState(state, lambda: None)


def test_a_thread_waits_until_the_other_one_of_its_session_has_changed_the_state() -> None:
    session_lock.install()
    state = SessionState()
    former, next_one = of(state), of(state)
    entered, left = threading.Event(), []

    def rerun() -> None:
        entered.set()
        next_one["key"] = 1
        left.append(True)

    thread = threading.Thread(target=rerun)
    with former._lock:
        thread.start()
        entered.wait()
        thread.join(timeout=0.2)
        assert not left
    thread.join()
    assert left
    assert former["key"] == 1


def test_other_sessions_do_not_wait() -> None:
    session_lock.install()
    assert of(SessionState())._lock is not of(SessionState())._lock


def test_the_lock_is_no_field_of_what_it_is_kept_at() -> None:
    """Streamlit compares and copies the query parameters field by field."""
    session_lock.install()
    query = SessionState().query_params
    of_field = {field.name for field in fields(query)} if is_dataclass(query) else set()
    assert session_lock.LOCK not in of_field


def test_it_is_installed_once() -> None:
    session_lock.install()
    begin = SafeSessionState.__init__
    session_lock.install()
    assert SafeSessionState.__init__ is begin
