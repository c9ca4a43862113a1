"""Common slips in the code of the lecture, and what Keras says to each (assets/slips.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnn_core import texts
from cnn_core.course.table import check_row
from cnn_core.paths import ASSETS

FILE = ASSETS / "slips.toml"
KINDS = ("error", "warning", "log", "check")
"""What happens: an exception, a Python warning, a line in a log, or nothing that one is told of."""

NEEDED = {"name", "title", "about", "wrong", "right"}
ALLOWED = NEEDED | {*KINDS, "before", "message", "check_right", "terms"}


@dataclass(frozen=True, slots=True)
class Slip:
    """Code that does not do what it was meant to.

    Attributes:
        name: Key of the slip.
        title: What is mixed up.
        about: Why it happens and what to write, in Markdown.
        before: Code that runs first and is not shown.
        wrong: The code with the slip.
        right: The code as it was meant; runs without complaint.
        kind: One of `KINDS`.
        raised: Name of the exception, warning or log; with "check" an expression that is true after `wrong`.
        message: An excerpt of what is said, word for word; empty if nothing is.
        check_right: An expression that is true after `right`; may be empty.
        terms: Lessons about it.
    """

    name: str
    title: str
    about: str
    before: str
    wrong: str
    right: str
    kind: str
    raised: str
    message: str
    check_right: str
    terms: tuple[str, ...]


@cache
def read(language: str) -> tuple[Slip, ...]:
    """All slips in the order of the notes, in one language.

    Raises:
        KeyError: If there is no such language.
        ValueError: If the table is not built as it should be.
    """
    if language not in texts.LANGUAGES:
        raise KeyError(language)
    return parse(FILE.read_text("utf-8"), language)


def parse(source: str, language: str) -> tuple[Slip, ...]:
    """The slips of a table: code that runs `before` every one of them, and `[[slip]]`.

    Raises:
        ValueError: If something is missing, unknown, or not given in every language.
    """
    tree = tomllib.loads(source)
    slips = tuple(_slip(row, tree["before"], language) for row in tree["slip"])
    names = [slip.name for slip in slips]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Slips of the same name: {', '.join(sorted(twice))}.")
    return slips


def _slip(row: dict[str, Any], before: str, language: str) -> Slip:
    name = row.get("name", "")
    check_row(f"Slip {name}", row, needed=NEEDED, allowed=ALLOWED, translated=("title", "about"))
    kinds = [kind for kind in KINDS if kind in row]
    if len(kinds) != 1:
        raise ValueError(f"Slip {name}: exactly one of {', '.join(KINDS)} says what happens.")
    if ("message" in row) == (kinds == ["check"]):
        raise ValueError(f"Slip {name}: a message belongs to what is said, and only to that.")
    return Slip(
        name,
        title=row["title"][language],
        about=row["about"][language],
        before=before + row.get("before", ""),
        wrong=row["wrong"].strip("\n"),
        right=row["right"].strip("\n"),
        kind=kinds[0],
        raised=row[kinds[0]],
        message=row.get("message", ""),
        check_right=row.get("check_right", ""),
        terms=tuple(row.get("terms", ())),
    )
