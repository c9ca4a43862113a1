"""What a rerun does not pay for: a garbage collection, copies of the session, files that nobody asked for."""

from __future__ import annotations

import gc
import time
import tomllib
import weakref
from pathlib import Path

import pytest
from patience import until
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from visits import visit

from cnn_core import export
from pages.session import collection, widget_lookup

_ = visit  # a fixture
CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"


class Belongings:
    """Stands for what a session leaves in memory; only a collection ends it."""

    def __init__(self) -> None:
        self.me = self


def test_garbage_goes_every_few_seconds_of_work_and_not_after_each_rerun() -> None:
    assert tomllib.loads(CONFIG.read_text("utf-8"))["runner"]["postScriptGC"] is False
    gc.collect()
    gc.disable()
    left = weakref.ref(Belongings())
    end = collection.start(interval=0.01)
    try:
        began = time.process_time()
        while time.process_time() - began <= 2 * collection.BUSY_S:
            pass
        until(lambda: left() is None)
    finally:
        end.set()
        gc.enable()


@pytest.mark.parametrize("ours", [True, False])
def test_widgets_do_not_copy_the_session(ours, visit, monkeypatch) -> None:
    """Without the view they still do: should that end, `widget_lookup` can go."""
    copies = []

    def count(state: SessionState) -> dict[str, object]:
        copies.append(state)
        return copy.fget(state)

    copy = SessionState.filtered_state
    at = visit("playground")
    if not ours:
        plain = property(lambda safe: safe._state.filtered_state)
        monkeypatch.setattr(SafeSessionState, "filtered_state", plain)
    monkeypatch.setattr(SessionState, "filtered_state", property(count))
    at.run()
    assert not at.exception
    assert bool(copies) is not ours


def test_the_view_of_the_session_holds_what_the_copy_holds(visit) -> None:
    widget_lookup.install()  # a second time changes nothing
    state = visit("playground").session_state._state
    assert isinstance(state, SafeSessionState)
    copy, view = state._state.filtered_state, state.filtered_state
    assert len(copy) > 50
    assert dict(view) == copy
    assert repr(view) == repr(copy)
    assert len(view) == len(copy)
    assert "no such key" not in view
    assert view.get("no such key") is None


@pytest.mark.parametrize(
    ("page", "settings"), [("playground", {}), ("playground", {"run": "fashion"})]
)
def test_no_program_is_written_for_a_closed_popover(page, settings, visit, monkeypatch) -> None:
    written = []
    monkeypatch.setattr(export, "to_script", lambda *args, **more: written.append(args) or "")
    assert not visit(page, **settings).exception
    assert written == []
