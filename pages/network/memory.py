"""What is remembered of answers for all visitors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

MEMORY_MB = 50  # for the answers of each kind of look
FINISHED = 32  # answers of several looks in memory, up to 2.5 MB each

Function = TypeVar("Function", bound=Callable[..., Any])


def remembered(megabytes: float) -> Callable[[Function], Function]:
    """Remember the answers of a look, each at most so large, for all visitors.

    Arguments that begin with an underscore are no part of the question.
    """
    entries = int(MEMORY_MB / megabytes)
    remember: Callable[[Function], Function] = st.cache_resource(
        show_spinner=False, max_entries=entries
    )
    return remember


@st.cache_resource(show_spinner=False)
def finished() -> dict[tuple[object, ...], Any]:
    """Answers that took several looks, the oldest first."""
    return {}


def finish(question: tuple[object, ...], answer: object) -> None:
    """Remember an answer that took several looks."""
    answers = finished()
    answers[question] = answer
    for oldest in list(answers)[:-FINISHED]:
        answers.pop(oldest, None)
