"""The concepts and code lines of the lecture, each with the place that shows it (assets/lecture.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from cnn_core import texts
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.course.table import check_row
from cnn_core.export import lecture
from cnn_core.lessons import formulas
from cnn_core.paths import ASSETS

FILE = ASSETS / "lecture.toml"
TRAIN = TrainConfig(size="full", precision="float32")
"""The training of the notes; with `TEXTBOOK`, what their program is made of."""

NEEDED = {"title", "shows", "place"}
ALLOWED = NEEDED | {"cell", "from", "code", "terms", "holds", "words"}


@dataclass(frozen=True, slots=True)
class Row:
    """A concept or some lines of code, and the place that shows it.

    Attributes:
        key: Different from that of every other row.
        title: What it is, in one line.
        shows: What the place shows of it, in one or two sentences of Markdown.
        code: The lines, as in the exported lecture; empty for a concept without code.
        page: Name of the page.
        query: Parameters that set the page to the state which shows it.
        terms: Lessons about it.
        holds: Keys of texts that are on the page in this state.
        words: Other words and numbers that are on it.
        cell: The cell of the exported lecture that the code is from; empty if it is from none.
    """

    key: str
    title: str
    shows: str
    code: str
    page: str
    query: Mapping[str, str]
    terms: tuple[str, ...]
    holds: tuple[str, ...]
    words: tuple[str, ...]
    cell: str


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter of the notes."""

    name: str
    title: str
    rows: tuple[Row, ...]


@cache
def read(language: str) -> tuple[Part, ...]:
    """All parts in the order of the notes, in one language.

    Raises:
        KeyError: If there is no such language.
        ValueError: If the table is not built as it should be, or leaves out a line of the lecture.
    """
    if language not in texts.LANGUAGES:
        raise KeyError(language)
    return parse(FILE.read_text("utf-8"), language)


def parse(source: str, language: str) -> tuple[Part, ...]:
    """The parts of a table: `[[part]]` with name and title, each with `[[part.row]]`.

    A title, and what a place shows, are given in every language, with the slots of `lessons.formulas`.
    A row with a `cell` has the code of that cell of the exported lecture: from the line that begins with
    `from`, or the start of the cell, to where the next row of the cell begins.

    Raises:
        ValueError: If it is built in another way, or does not go through the lecture cell by cell.
    """
    tree = tomllib.loads(source)
    code = iter(_code(tree, language))
    parts = []
    for part in tree["part"]:
        rows = [
            _row(f"{part['name']}_{number}", row, next(code), language)
            for number, row in enumerate(part["row"])
        ]
        parts.append(Part(part["name"], part["title"][language], tuple(rows)))
    return tuple(parts)


def _row(key: str, row: dict[str, Any], code: str, language: str) -> Row:
    """One row, checked.

    Raises:
        ValueError: If something is missing, unknown or empty.
    """
    name = f"Row {key} of the lecture"
    check_row(name, row, needed=NEEDED, allowed=ALLOWED, translated=("title", "shows"))
    holds, words = tuple(row.get("holds", ())), tuple(row.get("words", ()))
    if not holds and not words:
        raise ValueError(f"{name} does not say what its place holds.")
    if missing := [text for text in holds if not texts.has(text)]:
        raise ValueError(f"{name}: no text {', '.join(missing)}.")
    page, _, query = row["place"].partition("?")
    return Row(
        key,
        title=formulas.fill(row["title"][language]),
        shows=formulas.fill(row["shows"][language]),
        code=code,
        page=page,
        query=dict(parse_qsl(query, strict_parsing=bool(query))),
        terms=tuple(row.get("terms", ())),
        holds=holds,
        words=tuple(formulas.fill(word) for word in words),
        cell=row.get("cell", ""),
    )


def _code(tree: dict[str, Any], language: str) -> Iterator[str]:
    """The code of each row, in order.

    Raises:
        ValueError: If the rows do not go through the lecture cell by cell, each from its first line.
    """
    cells = lecture.cells(TEXTBOOK, TRAIN, language=language)
    rows = [row for part in tree["part"] for row in part["row"]]
    named = [row["cell"] for row in rows if "cell" in row]
    if list(dict.fromkeys(named)) != list(cells):
        missing = ", ".join(name for name in cells if name not in named)
        raise ValueError(f"The rows do not follow the cells of the lecture; missing: {missing}.")
    pieces = {
        name: iter(
            _pieces(cells[name].code, [row.get("from") for row in rows if row.get("cell") == name])
        )
        for name in cells
    }
    for row in rows:
        yield next(pieces[row["cell"]]) if "cell" in row else formulas.fill(row.get("code", ""))


def _pieces(code: str, starts: list[str | None]) -> list[str]:
    """The lines of a cell, divided where a line begins with one of `starts`; the first is None.

    Raises:
        ValueError: If one is not there, or not in this order.
    """
    lines = code.splitlines()
    if starts[0] is not None or None in starts[1:]:
        raise ValueError("The first row of a cell begins with its first line, others have “from”.")
    places = [0]
    for start in starts[1:]:
        rest = range(places[-1] + 1, len(lines))
        place = next((at for at in rest if lines[at].startswith(str(start))), None)
        if place is None:
            raise ValueError(f"No line of the lecture begins with {start!r} after the one before.")
        while lines[place - 1].startswith("#"):  # its comment
            place -= 1
        places.append(place)
    ends = [*places[1:], len(lines)]
    return [
        "\n".join(lines[first:end]).strip("\n") for first, end in zip(places, ends, strict=True)
    ]
