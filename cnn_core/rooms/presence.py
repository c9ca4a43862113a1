"""Where the people of a room are at this moment, in memory alone: a restart of the server forgets it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cnn_core.rooms.events import LONGEST_QUERY

MOST = 1_000  # people in memory
PLAYGROUND = "playground"  # the page on which people build networks


@dataclass(frozen=True, slots=True)
class Place:
    """What a window of a person shows.

    Attributes:
        page: Name of the page in the address; empty for the first one.
        query: Its set-up, as the address has it.
        at: When the window last asked for news, in seconds since 1970.
        trouble: The error that this person meets, a sentence for each language; empty of who meets none.
        times: How often it was met in a row, with another set-up each time.
        built: The set-up that the person had in the playground last; empty of who has not been there.
        built_at: When that was, in seconds since 1970.
    """

    page: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0
    trouble: Mapping[str, str] = field(default_factory=dict)
    times: int = 0
    built: Mapping[str, str] = field(default_factory=dict)
    built_at: float = 0.0


class Presence:
    """Where each person is; safe to use on several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, Place] = {}
        self._met: dict[str, Mapping[str, str]] = {}

    def note(self, person: str, page: str, query: Mapping[str, str]) -> None:
        """A window of that person shows this; a set-up that is too long is left out."""
        fits = sum(len(name) + len(text) for name, text in query.items()) <= LONGEST_QUERY
        with self._lock:
            place = replace(self._of(person), page=page, at=time.time())
            place = replace(place, query=dict(query) if fits else {})
            if page == PLAYGROUND:
                place = replace(place, built=place.query, built_at=place.at)
            self._places[person] = place

    def note_trouble(
        self,
        person: str,
        sentences: Mapping[str, str],
        query: Mapping[str, str],
        *,
        again: bool = False,
    ) -> None:
        """That person met an error with that set-up; or none, if there are no sentences.

        Args:
            person: Who met it.
            sentences: The error in words, for each language.
            query: The set-up, as the address has it.
            again: Whether something was asked for again: otherwise the same error with the same set-up is
                the same page drawn again, and no error with it does not undo that there was one.
        """
        with self._lock:
            place, before = self._of(person), self._met.get(person)
            if not sentences:
                if again or before != query:
                    self._met.pop(person, None)
                    self._places[person] = replace(place, trouble={}, times=0)
            elif again or before != query:
                self._met[person] = dict(query)
                times = place.times + 1 if place.trouble == sentences else 1
                self._places[person] = replace(place, trouble=dict(sentences), times=times)

    def of(self, person: str) -> Place | None:
        """What that person's window shows; None if it has not asked for news since the server started."""
        with self._lock:
            return self._places.get(person)

    def _of(self, person: str) -> Place:
        """The place so far; with room for one more."""
        if person not in self._places and len(self._places) >= MOST:
            oldest = min(self._places, key=lambda each: self._places[each].at)
            self._places.pop(oldest)
            self._met.pop(oldest, None)
        return self._places.get(person, Place())
