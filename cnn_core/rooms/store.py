"""The rooms of this server: make one, find one by its code, wipe the old ones."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from cnn_core import runs
from cnn_core.errors import RoomError
from cnn_core.planning.limits import Limits
from cnn_core.rooms.codes import new_code, parse_code
from cnn_core.rooms.file import idle, prepare, remove
from cnn_core.rooms.room import Room

SUFFIX = ".sqlite"
DAY_S = 86_400.0
TRIES = 1_000  # a code that is taken is rare as long as rooms are few

_opened: dict[Path, Room] = {}
_lock = threading.Lock()


def folder() -> Path:
    """The folder of all rooms, beside that of the runs."""
    return runs.home().parent / "rooms"


def create(key: str, limits: Limits | None = None) -> Room:
    """Open a new room that the browser with that key steers; wipes rooms that are too old.

    Args:
        key: A secret word of a browser; the room keeps only its hash.
        limits: Caps; those of the environment if not given.

    Raises:
        RoomError: If there are too many rooms, of this browser or of all, or no file can be written.
    """
    limits = limits or Limits.from_environment()
    wipe_old(limits)
    if len(_paths()) >= limits.rooms:
        raise RoomError("room.too_many", cap=limits.rooms)
    if len(rooms_of(key)) >= limits.own_rooms:
        raise RoomError("room.too_many_own", cap=limits.own_rooms)
    try:
        folder().mkdir(parents=True, exist_ok=True)
        code = _take_code()
        prepare(_path(code), key)
    except (OSError, sqlite3.Error) as error:
        raise RoomError("room.storage", folder=str(folder())) from error
    return open_room(code, limits)


def open_room(code: object, limits: Limits | None = None) -> Room:
    """The room of that code, one object for all visitors of this process.

    Args:
        code: What somebody typed.
        limits: Caps; those of the environment if not given.

    Raises:
        RoomError: If that is no code, or there is no such room.
    """
    code = parse_code(code)
    path = _path(code)
    with _lock:
        room = _opened.get(path)
        if room is not None and room.is_current():
            return room
        _opened.pop(path, None)
        room = _opened[path] = Room(code, path, limits)
        return room


def rooms_of(key: str) -> list[Room]:
    """The rooms that a browser steers, the one with the newest event first."""
    own = []
    for path in _paths():
        with suppress(RoomError):  # wiped in this moment, or damaged
            room = open_room(path.stem)
            if room.steers(key):
                own.append(room)
    return sorted(own, key=lambda room: idle(room.path))


def all_codes() -> list[str]:
    """The codes of all rooms, of every browser."""
    return [path.stem for path in _paths()]


def wipe_old(limits: Limits | None = None) -> list[str]:
    """Wipe every room without an event for as many days as the caps say; their codes."""
    limits = limits or Limits.from_environment()
    wiped = []
    for path in _paths():
        if idle(path) <= limits.room_days * DAY_S:
            continue
        try:
            open_room(path.stem).wipe()
        except RoomError:  # damaged, or never finished: nobody can use it
            with suppress(OSError):
                remove(path)
        wiped.append(path.stem)
    return wiped


def _paths() -> list[Path]:
    return sorted(folder().glob(f"*{SUFFIX}"))


def _path(code: str) -> Path:
    return folder() / f"{code}{SUFFIX}"


def _take_code() -> str:
    """A code that no room has, with an empty file that keeps others from taking it."""
    for _ in range(TRIES):
        code = new_code()
        with suppress(FileExistsError):
            os.close(os.open(_path(code), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return code
    raise RoomError("room.too_many", cap=len(_paths()))
