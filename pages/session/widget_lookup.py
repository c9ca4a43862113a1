"""Streamlit's number inputs and select boxes look one key up in a copy of the whole session state.

With a hundred widgets on a page, each of these makes the copy again: a fifth of what the playground costs.
`install` gives them a view that looks up what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamlit.runtime.state.safe_session_state import SafeSessionState


class View(Mapping[str, Any]):
    """What `SafeSessionState.filtered_state` holds; only a walk through all of it makes the copy."""

    def __init__(self, state: SafeSessionState) -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        return self._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def __repr__(self) -> str:
        return repr(self.whole())

    def whole(self) -> dict[str, Any]:
        """The copy that Streamlit makes."""
        with self._state._lock:
            return self._state._state.filtered_state


def install() -> None:
    """Give Streamlit's widgets the view in place of the copy."""
    setattr(SafeSessionState, "filtered_state", property(View))  # noqa: B010
