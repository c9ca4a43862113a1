"""The file of the gallery: who may add and delete, how often, and how much it holds."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnn_core import runs
from cnn_core.errors import GalleryError
from cnn_core.gallery.entry import Entry, from_row, to_row
from cnn_core.planning.limits import Limits

log = logging.getLogger(__name__)
SWITCH = "CONVSCOPE_GALLERY"
FILE = "gallery.sqlite"
BUSY_S = 10.0  # to wait for other processes that write to the file
WINDOW_S = 600.0  # in which images are counted that were added
PER_VISITOR, PER_SERVER = 5, 60  # most in that time
TABLES = """
CREATE TABLE IF NOT EXISTS images (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, owner TEXT NOT NULL,
    dataset TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, body TEXT NOT NULL, pixels BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS added (at REAL NOT NULL, owner TEXT NOT NULL);
"""


def is_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this server has a gallery: not if `CONVSCOPE_GALLERY` is 0."""
    return environment.get(SWITCH, "1") != "0"


def path() -> Path:
    """The file, beside the folder of the runs; it need not exist."""
    return runs.home().parent / FILE


def add(entry: Entry, owner: str, limits: Limits) -> Entry:
    """Write an image; the oldest give way to it where there are too many.

    Args:
        entry: What was judged, without number and owner.
        owner: A secret word of the visitor's browser; only its hash is kept.
        limits: Caps.

    Raises:
        GalleryError: If there is no gallery, the visitor adds too much, the image is there already, or the
            file cannot be written.
    """
    now, word = time.time(), _hash(owner)
    body, pixels = to_row(entry)
    digest = hashlib.sha256(entry.run.encode() + b"\0" + pixels).hexdigest()
    path().parent.mkdir(parents=True, exist_ok=True)
    with _connected() as connection, _writing(connection):
        _refuse(connection, word, limits, now)
        if connection.execute("SELECT 1 FROM images WHERE digest = ?", (digest,)).fetchone():
            raise GalleryError("gallery.twice")
        query = "INSERT INTO images (at, owner, dataset, digest, body, pixels) VALUES (?, ?, ?, ?, ?, ?)"
        row = (now, word, entry.dataset, digest, body, pixels)
        number = int(connection.execute(query, row).lastrowid or 0)
        gone = "DELETE FROM added WHERE at < ? OR at > ?"  # later: the clock was set back
        connection.execute(gone, (now - WINDOW_S, now))
        connection.execute("INSERT INTO added (at, owner) VALUES (?, ?)", (now, word))
        connection.execute(
            "DELETE FROM images WHERE number NOT IN"
            " (SELECT number FROM images ORDER BY number DESC LIMIT ?)",
            (limits.gallery,),
        )
    return replace(entry, number=number, owner=word)


def refuse_if_busy(owner: str, limits: Limits) -> None:
    """Refuse a visitor who adds too much, before their image is looked at.

    Raises:
        GalleryError: As `add`.
    """
    if not is_on():
        raise GalleryError("gallery.off")
    if path().exists():
        with _connected() as connection:
            _refuse(connection, _hash(owner), limits, time.time())


def entries(dataset: str, first: int, most: int) -> list[Entry]:
    """Images of that data set, the newest first, from place `first` on; damaged ones are left out.

    Raises:
        GalleryError: If the file cannot be read.
    """
    query = (
        "SELECT number, owner, body, pixels FROM images WHERE dataset = ?"
        " ORDER BY number DESC LIMIT ? OFFSET ?"
    )
    rows = _rows(query, (dataset, most, first))
    return [entry for row in rows if (entry := _entry(row)) is not None]


def count(dataset: str) -> int:
    """How many images of that data set there are.

    Raises:
        GalleryError: As `entries`.
    """
    rows = _rows("SELECT COUNT(*) FROM images WHERE dataset = ?", (dataset,))
    return int(rows[0][0]) if rows else 0


def is_own(entry: Entry, owner: str) -> bool:
    """Whether the visitor with that secret word added the image."""
    return entry.owner == _hash(owner)


def remove(number: int, owner: str) -> None:
    """Delete an image of one's own.

    Raises:
        GalleryError: If there is no such image of this visitor, or the file cannot be written.
    """
    if not path().exists():
        raise GalleryError("gallery.not_yours")
    with _connected() as connection, _writing(connection):
        query = "DELETE FROM images WHERE number = ? AND owner = ?"
        if not connection.execute(query, (number, _hash(owner))).rowcount:
            raise GalleryError("gallery.not_yours")


def _refuse(connection: sqlite3.Connection, word: str, limits: Limits, now: float) -> None:
    if not is_on():
        raise GalleryError("gallery.off")
    query = "SELECT COUNT(*), COALESCE(SUM(owner = ?), 0) FROM added WHERE at > ? AND at <= ?"
    everybody, own = connection.execute(query, (word, now - WINDOW_S, now)).fetchone()
    if own >= PER_VISITOR or everybody >= PER_SERVER:
        raise GalleryError("gallery.too_fast", minutes=round(WINDOW_S / 60))
    query = "SELECT COUNT(*) FROM images WHERE owner = ?"
    if connection.execute(query, (word,)).fetchone()[0] >= limits.gallery_each:
        raise GalleryError("gallery.enough", cap=limits.gallery_each)


def _rows(query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if not is_on() or not path().exists():
        return []
    with _connected() as connection:
        return connection.execute(query, values).fetchall()


def _entry(row: tuple[Any, ...]) -> Entry | None:
    number, owner, body, pixels = row
    try:
        return from_row(number, owner, body, pixels)
    except (GalleryError, TypeError, ValueError):
        return None


@contextmanager
def _connected() -> Iterator[sqlite3.Connection]:
    """A connection for a moment; a file that cannot be read or written is one sentence."""
    try:
        with closing(sqlite3.connect(path(), timeout=BUSY_S, isolation_level=None)) as connection:
            connection.executescript(TABLES)
            yield connection
    except (sqlite3.Error, OSError) as error:
        log.warning("the gallery cannot be used: %s: %s", path(), error)
        raise GalleryError("gallery.storage") from error


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One writer at a time, of all processes; nothing is written if the block raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _hash(word: str) -> str:
    return hashlib.sha256(f"convscope gallery {word}".encode()).hexdigest()
