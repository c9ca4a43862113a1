"""Courses that visitors wrote, kept under the name that their content gives them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cnn_core import runs
from cnn_core.course import steps
from cnn_core.course.steps import Course, CourseError
from cnn_core.files import disk_is_full, replacing
from cnn_core.runs import steady

MOST_KEPT = 500
MOST_OWN = 20
"""Of one visitor; one more takes the place of the one that nobody has opened for the longest time."""
DAY_S = 86_400.0
KEPT_S = 180 * DAY_S  # a course that nobody opened for as long may go when there are too many
ID = re.compile(r"[0-9a-f]{12}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def folder() -> Path:
    """Where they are: beside the runs."""
    return runs.home().parent / "courses"


def keep(source: str, owner: str = "") -> str:
    """Keep a course for everybody who has its id; the same text has the same id.

    Args:
        source: The file of the course.
        owner: Opaque word for the visitor, of small letters and digits; empty for none.

    Raises:
        CourseError: If the file has a fault, this server keeps as many as it may, in all or of this
            visitor within a day, or it cannot be written.
    """
    course, faults = steps.read(source, "en")
    if course is None:
        raise faults[0]
    course_id = hashlib.sha256(source.encode()).hexdigest()[:12]
    path = folder() / f"{course_id}.toml"
    if path.exists():
        return course_id
    try:
        folder().mkdir(parents=True, exist_ok=True)
        if _count() >= MOST_KEPT:
            _remove_unused()
        if _count() >= MOST_KEPT:
            raise CourseError("course.full", most=MOST_KEPT)
        if owner:
            _make_room(owner)
            path.with_suffix(f".{owner}").touch()
        with replacing(path) as temporary:
            temporary.write_text(source, encoding="utf-8")
            steady.stamp(temporary)
    except OSError as error:
        key = "course.disk_full" if disk_is_full(error) else "course.storage"
        raise CourseError(key) from error
    return course_id


def open_course(course_id: str, language: str) -> Course:
    """The course of the app, or one that was kept here.

    Raises:
        CourseError: If there is none of that id.
    """
    if course_id == steps.TEXTBOOK:
        return steps.textbook(language)
    course = _kept(folder(), course_id, language)
    _note_use(folder() / f"{course_id}.toml")
    return course


@lru_cache(maxsize=32)
def _kept(place: Path, course_id: str, language: str) -> Course:
    course, _ = steps.read(_source(place, course_id), language)
    if course is None:
        raise CourseError("course.not_found", id=course_id)
    return course


def _source(place: Path, course_id: str) -> str:
    try:
        if not ID.fullmatch(course_id):
            raise CourseError("course.not_found", id=course_id[:40])
        return (place / f"{course_id}.toml").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise CourseError("course.not_found", id=course_id) from None


def _count() -> int:
    return sum(1 for _ in folder().glob("*.toml"))


def _remove_unused() -> None:
    """Remove the courses that nobody opened for half a year."""
    for path in folder().glob("*.toml"):
        if steady.age(path) > KEPT_S:
            _remove(path)


def _make_room(owner: str) -> None:
    """Let there be fewer courses of a visitor than they may have."""
    own = [mark.with_suffix(".toml") for mark in folder().glob(f"*.{owner}")]
    if len(own) < MOST_OWN:
        return
    oldest = max(own, key=steady.age)
    if steady.age(oldest) < DAY_S:
        raise CourseError("course.full_own", most=MOST_OWN)
    _remove(oldest)


def _remove(path: Path) -> None:
    """Remove a course and the marks that say whose it is."""
    for file in folder().glob(f"{path.stem}.*"):
        with suppress(OSError):
            file.unlink()


def _note_use(path: Path) -> None:
    """Let the time of a file say when its course was opened last, to the day."""
    with suppress(OSError):
        if steady.age(path) > DAY_S:
            steady.stamp(path)


def write(title: str, rows: Iterable[Mapping[str, str]]) -> str:
    """The file of a course whose steps have texts alone: title, place, text and the like."""
    blocks = [f"title = {_quoted(title)}\n"]
    for row in rows:
        lines = [f"{name} = {_quoted(value)}" for name, value in row.items() if value]
        blocks.append("\n".join(["[[step]]", *lines, ""]))
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    """A text as TOML writes it on one line."""
    return json.dumps(_CONTROL.sub(" ", text), ensure_ascii=False)
