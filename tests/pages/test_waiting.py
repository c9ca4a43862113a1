"""While a page waits for its worker it hears what is pressed: no two presses become one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest

from pages.network import waiting
from pages.network.waiting import listening

PRESSES = 4


def page() -> None:
    import streamlit as st

    from pages.network import waiting

    st.session_state.setdefault("steps", 0)

    def step() -> None:
        st.session_state["steps"] += 1

    st.button("Next", key="next", on_click=step)
    st.text(f"{st.session_state['steps']}: {waiting.listening(st.session_state['ask'])}")


def press(at: AppTest) -> None:
    """Ask the script that runs to rerun, as the browser does when the button is pressed."""
    context = get_script_run_ctx()
    assert context is not None
    assert context.script_requests is not None
    button = WidgetState(id=at.button[0].proto.id, trigger_value=True)
    context.script_requests.request_rerun(RerunData(widget_states=WidgetStates(widgets=[button])))


def test_every_press_while_the_worker_is_busy_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    at = AppTest.from_function(page, default_timeout=60)
    at.session_state["ask"] = lambda: "done"
    at.run()
    assert [text.value for text in at.text] == ["0: done"]
    pressed = 0
    released = threading.Event()

    def wait_and_press(futures: Any, timeout: float) -> Any:
        """A wait in which the visitor presses, until it was often enough."""
        nonlocal pressed
        if pressed == PRESSES:
            released.set()
        else:
            pressed += 1
            press(at)
        return wait(futures, timeout)

    wait = waiting.wait
    monkeypatch.setattr(waiting, "wait", wait_and_press)
    at.session_state["ask"] = lambda: released.wait(60)
    at.run()
    assert not at.exception
    assert [text.value for text in at.text] == [f"{PRESSES}: True"]


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("late")])
def test_an_answer_that_fails_fails_where_it_is_waited_for(error: Exception) -> None:
    def ask() -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        listening(ask)


def test_an_answer_comes_from_another_thread() -> None:
    ask: Callable[[], threading.Thread] = threading.current_thread
    assert listening(ask) is not threading.current_thread()
