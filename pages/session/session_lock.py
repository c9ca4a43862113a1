"""One lock for the state of a session, whichever of its threads asks.

With `runner.fastReruns`, Streamlit starts a new thread for a click while the one before still goes to its
next stop, and each has a lock of its own: a widget that the old one registers meanwhile ends the new one by
"dictionary changed size during iteration", and the click is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

LOCK = "convscope_lock"  # attribute of the query parameters, which live as long as the session


def install() -> None:
    """Let every `SafeSessionState` of a session take the same lock."""
    if getattr(SafeSessionState.__init__, "shares_lock", False):
        return
    begin = SafeSessionState.__init__

    def share(
        self: SafeSessionState, state: SessionState, yield_callback: Callable[[], None]
    ) -> None:
        begin(self, state, yield_callback)
        lock = vars(state.query_params).setdefault(LOCK, threading.RLock())
        object.__setattr__(self, "_lock", lock)

    share.shares_lock = True  # type: ignore[attr-defined]
    SafeSessionState.__init__ = share  # type: ignore[method-assign]
