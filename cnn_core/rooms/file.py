"""The file of a room: what is in it at first, and what lies beside it."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from cnn_core.runs import steady

BUSY_S = 60.0  # to wait for other processes that write to the same file; a write takes milliseconds
OPEN, CLOSED, WIPED = "open", "closed", "wiped"
TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE steering (hash TEXT PRIMARY KEY, kind TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, person TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, pixels BLOB
);
"""
USED = "-used"  # beside the file: its time says when the room was used last
SECONDS_BETWEEN_STAMPS = 60.0


def connect(path: Path) -> sqlite3.Connection:
    """A connection that threads may share; each statement is its own transaction unless one is begun."""
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path, key: str) -> None:
    """Make an empty file the file of a room that the browser with that key steers."""
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in filter(str.strip, TABLES.split(";")):
        connection.execute(statement)
    meta = {"phase": OPEN, "created": str(time.time())}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.execute("INSERT INTO steering VALUES (?, 'browser')", (hash_of(key),))
    connection.execute("COMMIT")
    connection.close()
    note_use(path)


def note_use(path: Path) -> None:
    """Let a file beside that of a room say when it was used last, by a clock that nobody sets."""
    used = path.with_name(f"{path.name}{USED}")
    with suppress(OSError):
        if steady.age(used) > SECONDS_BETWEEN_STAMPS:
            used.touch()
            steady.stamp(used)


def idle(path: Path) -> float:
    """Seconds since a room was last written to: its newest events may still be in the log beside it."""
    return steady.age(path, *(path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", USED)))


def remove(path: Path) -> None:
    """Delete the file of a room with what lies beside it: a new room may get the same name."""
    for suffix in ("", "-wal", "-shm", USED):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def hash_of(secret: str) -> str:
    """What a room keeps of a secret word."""
    return hashlib.sha256(f"convscope room {secret}".encode()).hexdigest()
