"""Guided courses: their steps, and the checked reading of the file that holds them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cnn_core import texts
from cnn_core.course.conditions import CONDITIONS, Value
from cnn_core.errors import CnnError
from cnn_core.lessons import formulas
from cnn_core.paths import ASSETS

FILE = ASSETS / "course.toml"
TEXTBOOK = "textbook"
"""Id of the course that comes with the app."""

MAX_BYTES = 64_000
MAX_STEPS = 40
MAX_TEXT = 2_000
MAX_OPTIONS = 4
LARGEST = 2**53  # setting of a goal: whole numbers are exact up to here in a browser
PAGES = frozenset(
    {"home", "images", "convolution", "training_step", "notes", "glossary", "playground", "runs"}
    | {"sweep", "kernels", "feature_maps", "evaluation", "explain", "robustness", "surgery"}
    | {"embedding", "landscape", "draw", "course", "challenges", "room"}
)
"""Pages that a step can open."""

OWN_PARAMETERS = ("course", "kiosk", "room", "lang")
"""Parameters of an address that belong to the course, the room or the visitor, not to the page."""

STEP_FIELDS = (
    *("title", "place", "text", "highlight", "question", "options", "right", "why"),
    *("task", "goal", "after"),
)
KEY = re.compile(r"[a-z][a-z0-9_]{0,60}")
SLOT = re.compile(r"\{(\w*)\}")
KINDS: dict[type, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,)}


class CourseError(CnnError):
    """A fault in the file of a course, or a course that is not there."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a step waits for: a key of `conditions.CONDITIONS`, and its settings."""

    name: str
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a course.

    Attributes:
        title: In a few words.
        page: The page that it opens.
        query: Parameters that set the page to the state it begins with.
        text: What it is about.
        highlight: Key of the part of the page that is outlined; may be empty.
        question: What is to be predicted; empty if nothing is.
        options: What can be predicted.
        right: Which of them holds, from 0.
        why: Said after the prediction has been compared.
        task: What to do; empty if there is only something to read.
        goal: When that is done; None if it is not checked.
        after: What happened, with slots for the numbers of the goal.
    """

    title: str
    page: str
    query: Mapping[str, str]
    text: str
    highlight: str = ""
    question: str = ""
    options: tuple[str, ...] = ()
    right: int = 0
    why: str = ""
    task: str = ""
    goal: Goal | None = None
    after: str = ""

    def closing(self, numbers: Mapping[str, str]) -> str:
        """What happened, with the numbers of the goal; Korean particles follow them."""
        return texts.fill(self.after, **numbers) if numbers else self.after


@dataclass(frozen=True, slots=True)
class Course:
    """A title and at least one step; `own` is one that a visitor wrote."""

    title: str
    steps: tuple[Step, ...]
    own: bool = True


@cache
def textbook(language: str) -> Course:
    """The course that comes with the app.

    Raises:
        CourseError: If its file is not built as it should be.
    """
    course, faults = read(FILE.read_text("utf-8"), language, own=False)
    if course is None:
        raise faults[0]
    return course


def read(
    source: str, language: str, *, own: bool = True
) -> tuple[Course | None, list[CourseError]]:
    """The course in a TOML text, in one language where the text has it, and every fault of the file.

    A text is a string, or a table with one string per language. A place is a page and its parameters,
    "convolution?section=slide", or a link to one; whatever machine a link names, the page is one here.

    Args:
        source: The file.
        language: A key of `texts.LANGUAGES`.
        own: Whether a visitor wrote it: then `{{...}}` is no formula.

    Returns:
        The course, None if there is a fault; and the faults.
    """
    if len(source.encode()) > MAX_BYTES:
        return None, [CourseError("course.size", most=MAX_BYTES // 1000)]
    try:
        tree = tomllib.loads(source)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        return None, [CourseError("course.toml", problem=str(error)[:200])]
    reader = _Reader(language, own)
    course = reader.course(tree)
    return (None if reader.faults else course), reader.faults


def example() -> str:
    """The course that comes with the app as a file for teachers: its numbers written out."""
    return formulas.fill(FILE.read_text("utf-8"))


def place_of(text: str) -> tuple[str, dict[str, str]]:
    """Page and parameters of a place or a link.

    Raises:
        CourseError: If it leads to no page of the app.
    """
    parts = urlsplit(text.strip())
    page = parts.path.rstrip("/").rpartition("/")[2] or ("home" if parts.netloc else "")
    if page not in PAGES:
        raise CourseError("course.page", page=page or "–", known=", ".join(sorted(PAGES)))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return page, {name: value for name, value in query.items() if name not in OWN_PARAMETERS}


def _is_usual(value: Value) -> bool:
    """Whether a browser gets a setting as it is: no NaN, no infinity, no number beyond what floats hold."""
    return isinstance(value, str) or -LARGEST <= value <= LARGEST


@dataclass(slots=True)
class _Reader:
    """Reads a tree whole and collects its faults; what is wrong reads as empty."""

    language: str
    own: bool
    faults: list[CourseError] = field(default_factory=list)
    where: str = "–"

    def course(self, tree: Mapping[str, Any]) -> Course:
        self._names(tree, ("title", "step"))
        title = self._text(tree, "title", needed=True)
        rows = tree.get("step", [])
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            self.faults.append(CourseError("course.no_steps"))
            rows = []
        if len(rows) > MAX_STEPS:
            self.faults.append(CourseError("course.many_steps", most=MAX_STEPS, count=len(rows)))
            rows = rows[:MAX_STEPS]
        steps = []
        for number, row in enumerate(rows, 1):
            self.where = str(number)
            steps.append(self._step(row))
        return Course(title, tuple(steps), self.own)

    def _fault(self, key: str, **slots: object) -> None:
        self.faults.append(CourseError(f"course.{key}", step=self.where, **slots))

    def _names(self, row: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        for name in row:
            if name not in allowed:
                self._fault("unknown", field=name[:60], known=", ".join(allowed))

    def _step(self, row: Mapping[str, Any]) -> Step:
        self._names(row, STEP_FIELDS)
        page, query = self._place(row.get("place"))
        goal = self._goal(row.get("goal"), page)
        options = self._options(row)
        right = row.get("right", 0)
        if type(right) is not int or not 0 <= right < max(1, len(options)):
            self._fault("right", count=len(options))
            right = 0
        return Step(
            title=self._text(row, "title", needed=True),
            page=page,
            query=query,
            text=self._text(row, "text", needed=True),
            highlight=self._highlight(row.get("highlight", "")),
            question=self._text(row, "question", needed=bool(options)),
            options=options,
            right=right,
            why=self._text(row, "why"),
            task=self._text(row, "task", needed=goal is not None),
            goal=goal,
            after=self._after(row, goal),
        )

    def _text(self, row: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
        if name not in row:
            if needed:
                self._fault("missing", field=name)
            return ""
        return self._translated(row[name], name)

    def _translated(self, value: object, name: str) -> str:
        """A string, or the one of the language in a table of strings."""
        table = value if isinstance(value, dict) else {self.language: value}
        if not table or not set(table) <= set(texts.LANGUAGES):
            self._fault("language", field=name, known=", ".join(texts.LANGUAGES))
            return ""
        for text in table.values():
            if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
                self._fault("text", field=name, most=f"{MAX_TEXT:,}")
                return ""
        text = str(table.get(self.language) or next(iter(table.values())))
        return text if self.own else formulas.fill(text)

    def _place(self, value: object) -> tuple[str, dict[str, str]]:
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            self._fault("missing", field="place")
            return "", {}
        try:
            return place_of(value)
        except CourseError as error:
            self._fault("page", **error.slots)
        except ValueError:
            self._fault("page", page=value[:60], known=", ".join(sorted(PAGES)))
        return "", {}

    def _highlight(self, value: object) -> str:
        if value == "" or (isinstance(value, str) and KEY.fullmatch(value)):
            return str(value)
        self._fault("highlight")
        return ""

    def _options(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        value = row.get("options", [])
        if not isinstance(value, list) or len(value) not in {0, *range(2, MAX_OPTIONS + 1)}:
            self._fault("options", most=MAX_OPTIONS)
            return ()
        if not value and "question" in row:
            self._fault("options", most=MAX_OPTIONS)
        return tuple(self._translated(option, "options") for option in value)

    def _goal(self, value: object, page: str) -> Goal | None:
        if value is None:
            return None
        name = value.get("kind") if isinstance(value, dict) else None
        condition = CONDITIONS.get(name) if isinstance(name, str) else None
        if not isinstance(value, dict) or not isinstance(name, str) or condition is None:
            self._fault("goal", known=", ".join(CONDITIONS))
            return None
        settings = {key: setting for key, setting in value.items() if key != "kind"}
        wanted = {
            key: kind
            for key, kind in condition.settings.items()
            if key in settings or key in condition.needed
        }
        fits = settings.keys() == wanted.keys() and all(
            type(settings[key]) in KINDS[kind] and _is_usual(settings[key])
            for key, kind in wanted.items()
        )
        if not fits:
            allowed = [f"{key}: {kind.__name__}" for key, kind in condition.settings.items()]
            self._fault("goal_settings", goal=name, known=", ".join(allowed) or "–")
        if condition.page not in {"", page}:
            self._fault("goal_page", goal=name, page=condition.page)
        return Goal(name, settings)

    def _after(self, row: Mapping[str, Any], goal: Goal | None) -> str:
        text = self._text(row, "after", needed=goal is not None)
        values = row.get("after")
        slots = CONDITIONS[goal.name].names if goal else ()
        for part in values.values() if isinstance(values, dict) else [text]:
            rest = str(part) if self.own else formulas.SLOT.sub("", str(part))
            rest = SLOT.sub(lambda match: "" if match[1] in slots else "{", rest)
            if "{" in rest or "}" in rest:
                self._fault("slots", known=", ".join(f"{{{slot}}}" for slot in slots) or "–")
                break
        return text
