"""What is remembered of answers for all visitors: as much as fits into one budget."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import streamlit as st

BUDGET_MB = 100.0  # of all answers together; those that were not asked for longest go first

Function = TypeVar("Function", bound=Callable[..., Any])


class Answers:
    """Answers by their questions, up to a number of bytes. Any thread may ask."""

    def __init__(self, megabytes: float) -> None:
        self._room = megabytes * 1e6
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()  # the latest last
        self._bytes = 0
        self._pending: set[Hashable] = set()
        self._changed = threading.Condition()

    @property
    def bytes(self) -> int:
        """How many the answers take."""
        return self._bytes

    def get(self, question: Hashable) -> Any:
        """The answer, or None if there is none."""
        with self._changed:
            if question not in self._kept:
                return None
            self._kept.move_to_end(question)
            return self._kept[question][0]

    def keep(self, question: Hashable, answer: object) -> None:
        """Remember an answer; nothing if it alone is larger than the budget."""
        size = size_of(answer)
        with self._changed:
            self._bytes -= self._kept.pop(question, (None, 0))[1]
            if size > self._room:
                return
            self._kept[question] = answer, size
            self._bytes += size
            while self._bytes > self._room:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed

    def ask(self, question: Hashable, ask: Callable[[], Any]) -> Any:
        """The answer; asked once if several visitors want it at a time, and again after an error."""
        with self._changed:
            self._changed.wait_for(lambda: question not in self._pending)
            if (answer := self.get(question)) is not None:
                return answer
            self._pending.add(question)
        try:
            answer = ask()
            self.keep(question, answer)
            return answer
        finally:
            with self._changed:
                self._pending.discard(question)
                self._changed.notify_all()


@st.cache_resource(show_spinner=False)
def kept() -> Answers:
    """The answers of this server."""
    return Answers(BUDGET_MB)


def remembered(function: Function) -> Function:
    """Remember the answers of a look for all visitors. The arguments are the question, but for the run."""

    @functools.wraps(function)
    def ask(state: Hashable, run: object, *arguments: object) -> Any:
        question = function.__qualname__, state, *map(_hashable, arguments)
        return kept().ask(question, lambda: function(state, run, *arguments))

    return ask  # type: ignore[return-value]


def size_of(answer: object) -> int:
    """About how many bytes an answer takes: arrays, texts and what holds them."""
    size = sys.getsizeof(answer)
    if isinstance(answer, np.ndarray):
        return size if answer.base is None else size + answer.nbytes
    if isinstance(answer, dict):
        return size + sum(map(size_of, answer.values()))
    if isinstance(answer, (list, tuple, set)):
        return size + sum(map(size_of, answer))
    if is_dataclass(answer):
        return size + sum(size_of(getattr(answer, field.name)) for field in fields(answer))
    return size


def _hashable(argument: object) -> Hashable:
    """What stands for an argument in a question: an array stands for its numbers."""
    if isinstance(argument, np.ndarray):
        numbers = hashlib.sha256(np.ascontiguousarray(argument)).digest()
        return argument.shape, argument.dtype.str, numbers
    hash(argument)
    return argument  # type: ignore[return-value]
