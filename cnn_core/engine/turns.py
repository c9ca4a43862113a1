"""Whose turn it is in a process that both trains and looks: one thread computes with networks at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is handed on in the order of asking; its holder can let the others go first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given = 0  # numbers that were handed out
        self._current = 0  # the number whose turn it is

    @property
    def wanted(self) -> bool:
        """Whether another thread waits for the holder; read without a lock, so it may be a moment old."""
        return self._given > self._current + 1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, and have it inside the block."""
        self._take()
        try:
            yield
        finally:
            self._pass_on()

    def give_way(self) -> None:
        """For the thread that has the turn: let those that wait now go first, and no more than those."""
        if self.wanted:
            with self._changed:
                number = self._draw()
                self._current += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._current == number)

    def _draw(self) -> int:
        self._given += 1
        return self._given - 1

    def _take(self) -> None:
        with self._changed:
            number = self._draw()
            self._changed.wait_for(lambda: self._current == number)

    def _pass_on(self) -> None:
        with self._changed:
            self._current += 1
            self._changed.notify_all()


TURNS = Turns()
"""Of this process."""
