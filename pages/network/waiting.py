"""Wait for an answer without keeping the script from what the visitor presses meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

import streamlit as st

GLANCE_S = 0.03  # between looks at what is pressed; two presses are further apart

T = TypeVar("T")


def listening(ask: Callable[[], T]) -> T:
    """The answer of `ask`, which runs on another thread and must not call Streamlit.

    What is pressed meanwhile reruns the script immediately and drops the answer. Without this Streamlit
    keeps what is pressed until the answer is there, and two presses of one button become one. It does not
    help in a fragment: Streamlit never interrupts a run for a fragment's own controls.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # raised again where it is waited for
            answer.set_exception(error)

    Thread(target=run, name="listening", daemon=True).start()
    while not wait([answer], timeout=GLANCE_S).done:
        _ = "pressed" in st.session_state  # a point where Streamlit interrupts a script
    return answer.result()
