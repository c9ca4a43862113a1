"""One room: its file, what its events amount to, and who may do what in it."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnn_core.errors import CnnError, RoomError
from cnn_core.planning.limits import Limits
from cnn_core.rooms.events import (
    ENDINGS,
    OF_PEOPLE,
    Drawing,
    Event,
    Follow,
    Join,
    Record,
    Remove,
    TakeBack,
    Vote,
    from_row,
    to_row,
)
from cnn_core.rooms.file import CLOSED, OPEN, WIPED, connect, hash_of, note_use, remove
from cnn_core.rooms.presence import Presence
from cnn_core.rooms.state import State

ROW_BYTES = 60  # of an event, beside what it says


class Room:
    """A room, shared by all visitors of this process.

    Every method reads first what other processes wrote. What a method refuses is not written.

    Args:
        code: Its code.
        path: Its file, which must exist.
        limits: Caps; those of the environment if not given.

    Raises:
        RoomError: If there is no such room, or its file is damaged.
    """

    def __init__(self, code: str, path: Path, limits: Limits | None = None) -> None:
        self.code = code
        self.path = path
        self.limits = limits or Limits.from_environment()
        self._lock = threading.RLock()
        self._state = State()
        self._published = State()
        self.presence = Presence()
        with self._in_words(), self._lock:
            if not path.exists():
                raise RoomError("room.not_found", code=code)
            self._file = path.stat().st_ino
            self._connection = connect(path)
            try:
                self._read_phase()
            except BaseException:
                self._connection.close()
                raise

    # Reading

    def state(self) -> State:
        """What the room's events amount to by now; not to be changed.

        Raises:
            RoomError: If the room was wiped, or its file cannot be read.
        """
        with self._in_words(), self._lock:
            self._read_phase()
            self._catch_up()
            if self._published.number != self._state.number:
                self._published = self._state.copy()
            return self._published

    def since(self, number: int) -> list[Record]:
        """The events after that number, oldest first.

        Raises:
            RoomError: As `state`.
        """
        with self._in_words(), self._lock:
            self._read_phase()
            return [record for record, _ in self._rows(number)]

    @property
    def closed(self) -> bool:
        """Whether nobody may draw or vote any more."""
        with self._in_words(), self._lock:
            return self._read_phase() == CLOSED

    def is_current(self) -> bool:
        """Whether the room's file is still the one that was opened."""
        try:
            return self.path.stat().st_ino == self._file
        except OSError:
            return False

    # The presenter

    def steers(self, key: str) -> bool:
        """Whether that key opened the room or came by its link."""
        with self._in_words(), self._lock:
            self._read_phase()
            return self._has_key(key)

    def steer(self, key: str, event: Event) -> int:
        """Write what the presenter does; the number of the event.

        `ENDINGS` are written in a full room, too. What changes nothing is not written: then it is the number
        of the open task, question or challenge, or of the last event if there is none.

        Raises:
            RoomError: If the key does not steer the room, or the room is full or closed.
        """
        with self._writing():
            if not self._has_key(key) or isinstance(event, (Join, *OF_PEOPLE)):
                raise RoomError("room.not_steering")
            self._refuse_closed()
            if not self._state.changes(event):
                return self._state.activity or self._state.number
            ends = isinstance(event, ENDINGS) and (not isinstance(event, Remove) or event.removed)
            return self._append("", event, even_full=ends)

    def link_secret(self, key: str) -> str:
        """A new secret that lets another browser steer; the one before is worth nothing from now on.

        Raises:
            RoomError: If the key does not steer the room.
        """
        secret = secrets.token_urlsafe(16)
        with self._writing():
            if not self._has_key(key):
                raise RoomError("room.not_steering")
            self._connection.execute("DELETE FROM steering WHERE kind = 'link'")
            self._add_key(secret, "link")
        return secret

    def let_in(self, secret: str, key: str) -> None:
        """Let the browser with that key steer, too, because it brought the secret of the link.

        Raises:
            RoomError: If that is not the secret.
        """
        with self._writing():
            query = "SELECT 1 FROM steering WHERE kind = 'link' AND hash = ?"
            if not self._connection.execute(query, (hash_of(secret),)).fetchone():
                raise RoomError("room.bad_secret")
            self._add_key(key, "browser")

    def close(self, key: str, *, keep: bool) -> None:
        """End the room: keep what is in it to be looked at, or wipe it.

        Raises:
            RoomError: If the key does not steer the room.
        """
        with self._writing():
            if not self._has_key(key):
                raise RoomError("room.not_steering")
            self._set_phase(CLOSED if keep else WIPED)
        if not keep:
            self.wipe()

    def reopen(self, key: str) -> None:
        """Let people draw and vote again in a room that was closed and kept.

        Raises:
            RoomError: If the key does not steer the room.
        """
        with self._writing():
            if not self._has_key(key):
                raise RoomError("room.not_steering")
            self._set_phase(OPEN)

    def wipe(self) -> None:
        """Delete everything in the room, and its file."""
        with self._in_words(), self._lock:
            for table in ("events", "steering"):
                self._connection.execute(f"DELETE FROM {table}")
            self._set_phase(WIPED)
            self._connection.close()
            remove(self.path)

    # Everybody else

    def join(self, person: str, nickname: str = "", owner: str = "") -> bool:
        """Let somebody in; whether they are new here.

        Args:
            person: An opaque word for a browser.
            nickname: Kept only if the room asks for nicknames.
            owner: Whose runs theirs are, as in `Run.owner`: the server's word for the browser.

        Raises:
            RoomError: If the room is full or closed, they were removed, or the nickname is none.
        """
        event = Join(nickname.strip(), owner)
        with self._writing():
            if person in self._state.people:
                return False
            self._refuse_removed(person)
            self._refuse_closed()
            if len(self._state.people) >= self.limits.people:
                raise RoomError("room.full", cap=self.limits.people)
            self._append(person, event if self._state.nicknames else Join(owner=owner))
            return True

    def act(self, person: str, event: Drawing | TakeBack | Vote | Follow) -> int:
        """Write what somebody in the room does; the number of the event.

        Raises:
            RoomError: If they are not in the room, may not do that, or do too much.
        """
        with self._writing():
            state = self._state
            self._refuse_removed(person)
            if person not in state.people:
                raise RoomError("room.not_joined")
            self._refuse_closed()
            if state.recent_actions(person, time.time()) >= self.limits.actions:
                raise RoomError("room.too_fast")
            match event:
                case Drawing():
                    self._check_drawing(event)
                case TakeBack(drawing):
                    picture = state.pictures.get(drawing)
                    if picture is None or picture.person != person:
                        raise RoomError("room.not_your_drawing")
                case Vote():
                    self._check_vote(event)
                case Follow():
                    pass
                case _:
                    raise RoomError("room.not_steering")
            return self._append(person, event)

    def _refuse_removed(self, person: str) -> None:
        if person in self._state.removed:
            raise RoomError("room.removed")

    def _check_drawing(self, drawing: Drawing) -> None:
        if drawing.task not in self._state.tasks:
            raise RoomError("room.no_task")
        if self._state.drawn >= self.limits.drawings:
            raise RoomError("room.enough_drawings", cap=f"{self.limits.drawings:,}")

    def _check_vote(self, vote: Vote) -> None:
        question = self._state.questions.get(vote.question)
        if question is None or vote.question != self._state.activity:
            raise RoomError("room.no_question")
        if vote.question in self._state.revealed:
            raise RoomError("room.vote_is_over")
        if vote.choice is not None and vote.choice >= len(question.choices):
            raise RoomError("room.no_choice")

    # The file

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, of all processes; nothing is written if the block raises."""
        with self._in_words(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._read_phase()
                self._catch_up()
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """A file that cannot be read or written is one sentence."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise RoomError("room.storage", folder=str(self.path.parent)) from error
        except sqlite3.ProgrammingError as error:  # wiped by another thread
            raise RoomError("room.not_found", code=self.code) from error
        except (sqlite3.DatabaseError, OSError) as error:
            raise RoomError("room.damaged", code=self.code) from error

    def _read_phase(self) -> str:
        try:
            row = self._connection.execute("SELECT value FROM meta WHERE name = 'phase'").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(
                error
            ):  # an empty file: a room that is being made, or was wiped
                raise RoomError("room.not_found", code=self.code) from None
            raise
        if row is None or row[0] == WIPED:
            raise RoomError("room.not_found", code=self.code)
        return str(row[0])

    def _set_phase(self, phase: str) -> None:
        self._connection.execute("UPDATE meta SET value = ? WHERE name = 'phase'", (phase,))

    def _refuse_closed(self) -> None:
        if self._read_phase() != OPEN:
            raise RoomError("room.closed")

    def _catch_up(self) -> None:
        for record, size in self._rows(self._state.number):
            self._state.add(record, size)

    def _rows(self, number: int) -> Iterator[tuple[Record, int]]:
        query = "SELECT number, at, person, kind, body, pixels FROM events WHERE number > ? ORDER BY number"
        for row in self._connection.execute(query, (number,)).fetchall():
            number, at, person, kind, body, pixels = row
            try:
                event = from_row(kind, body, pixels)
            except (CnnError, KeyError, TypeError, ValueError) as error:
                raise RoomError("room.damaged", code=self.code) from error
            yield Record(number, at, person, event), _size(body, pixels)

    def _append(self, person: str, event: Event, *, even_full: bool = False) -> int:
        kind, body, pixels = to_row(event)
        most = self.limits.room_megabytes * 1_000_000
        if not even_full and self._state.bytes + _size(body, pixels) > most:
            raise RoomError("room.too_large", cap=self.limits.room_megabytes)
        note_use(self.path)
        row = (time.time(), person, kind, body, pixels)
        query = "INSERT INTO events (at, person, kind, body, pixels) VALUES (?, ?, ?, ?, ?)"
        return int(self._connection.execute(query, row).lastrowid or 0)

    def _has_key(self, key: str) -> bool:
        query = "SELECT 1 FROM steering WHERE kind = 'browser' AND hash = ?"
        return self._connection.execute(query, (hash_of(key),)).fetchone() is not None

    def _add_key(self, key: str, kind: str) -> None:
        query = "INSERT OR REPLACE INTO steering (hash, kind) VALUES (?, ?)"
        self._connection.execute(query, (hash_of(key), kind))


def _size(body: str, pixels: bytes | None) -> int:
    return ROW_BYTES + len(body) + len(pixels or b"")
