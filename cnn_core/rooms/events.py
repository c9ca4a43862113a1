"""What happens in a room, and how it is written; each event refuses what it cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cnn_core.errors import RoomError

SIDE = 28  # of a drawing, in pixels
PIXELS = SIDE * SIDE
LONGEST_NICKNAME = 20  # letters
LONGEST_QUESTION = 200
LONGEST_CHOICE = 80
CHOICES = (2, 4)
SETTINGS = ("answers", "nicknames", "leaderboard")
_GOAL = re.compile(r"[a-z_]{1,30}")
_PAGE = re.compile(r"[a-z_]{0,30}")
LONGEST_QUERY = 2_000  # letters of all names and values
MOST = 2**31


def _refuse_unless(condition: bool, key: str, **slots: object) -> None:
    if not condition:
        raise RoomError(f"room.{key}", **slots)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < MOST


def _is_text(value: object, longest: int, shortest: int = 1) -> bool:
    return (
        isinstance(value, str)
        and shortest <= len(value.strip())
        and len(value) <= longest
        and (value.isprintable())
    )


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody joins.

    Attributes:
        nickname: A name if the room has nicknames; empty without.
        owner: Whose runs theirs are, as in `Run.owner`; empty of who joined an older version.
    """

    nickname: str = ""
    owner: str = ""

    def __post_init__(self) -> None:
        fits = _is_text(self.nickname, LONGEST_NICKNAME, shortest=0)
        _refuse_unless(fits, "bad_nickname", longest=LONGEST_NICKNAME)
        _refuse_unless(_is_text(self.owner, 60, shortest=0), "not_joined")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing for a task: 28 × 28 grey levels, row by row, 255 for full ink."""

    task: int
    pixels: bytes = field(repr=False)

    def __post_init__(self) -> None:
        fits = isinstance(self.pixels, bytes) and len(self.pixels) == PIXELS
        _refuse_unless(fits, "bad_drawing", side=SIDE)
        _refuse_unless(any(self.pixels), "empty_drawing")
        _refuse_unless(_is_number(self.task), "no_task")


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Somebody takes back a drawing of their own."""

    drawing: int

    def __post_init__(self) -> None:
        _refuse_unless(_is_number(self.drawing), "not_your_drawing")


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote; a later one of the same person replaces it, and None takes it back."""

    question: int
    choice: int | None

    def __post_init__(self) -> None:
        _refuse_unless(_is_number(self.question), "no_question")
        _refuse_unless(self.choice is None or _is_number(self.choice), "no_choice")


@dataclass(frozen=True, slots=True)
class Follow:
    """Somebody follows the presenter, or does not any more."""

    on: bool

    def __post_init__(self) -> None:
        _refuse_unless(type(self.on) is bool, "bad_page")


@dataclass(frozen=True, slots=True)
class Task:
    """The presenter asks everybody to draw a class.

    Attributes:
        label: Index of the class.
        dataset: Whose class it is.
    """

    label: int
    dataset: str

    def __post_init__(self) -> None:
        _refuse_unless(_is_number(self.label), "no_class")
        _refuse_unless(_is_text(self.dataset, 60), "no_class")


@dataclass(frozen=True, slots=True)
class Network:
    """The presenter chooses the network that looks at the drawings.

    Attributes:
        run: Id of its run.
    """

    run: str

    def __post_init__(self) -> None:
        _refuse_unless(_is_text(self.run, 60), "no_network")


@dataclass(frozen=True, slots=True)
class Question:
    """The presenter asks what will happen.

    Attributes:
        text: The question.
        choices: Two to four answers, all different.
        right: Index of the correct one, where that is known beforehand.
    """

    text: str
    choices: tuple[str, ...]
    right: int | None = None

    def __post_init__(self) -> None:
        _refuse_unless(
            _is_text(self.text, LONGEST_QUESTION), "bad_question", longest=LONGEST_QUESTION
        )
        least, most = CHOICES
        fits = (
            least <= len(self.choices) <= most
            and all(_is_text(choice, LONGEST_CHOICE) for choice in self.choices)
            and len(set(self.choices)) == len(self.choices)
        )
        _refuse_unless(fits, "bad_choices", least=least, most=most, longest=LONGEST_CHOICE)
        in_range = self.right is None or self.right in range(len(self.choices))
        _refuse_unless(in_range, "no_choice")


@dataclass(frozen=True, slots=True)
class Challenge:
    """The presenter sets a goal that everybody trains for.

    Attributes:
        goal: Name of the goal.
    """

    goal: str

    def __post_init__(self) -> None:
        fits = isinstance(self.goal, str) and _GOAL.fullmatch(self.goal) is not None
        _refuse_unless(fits, "no_goal")


@dataclass(frozen=True, slots=True)
class Reveal:
    """The presenter shows how the room voted, which ends the vote."""

    question: int

    def __post_init__(self) -> None:
        _refuse_unless(_is_number(self.question), "no_question")


@dataclass(frozen=True, slots=True)
class Pause:
    """The presenter ends what everybody draws or votes on."""


@dataclass(frozen=True, slots=True)
class Hide:
    """The presenter hides drawings from the wall, or shows them again."""

    drawings: tuple[int, ...]
    hidden: bool

    def __post_init__(self) -> None:
        _refuse_unless(all(map(_is_number, self.drawings)), "no_drawing")


@dataclass(frozen=True, slots=True)
class Remove:
    """The presenter removes somebody with all they drew and voted, or lets them in again."""

    person: str
    removed: bool

    def __post_init__(self) -> None:
        _refuse_unless(_is_text(self.person, 60) and type(self.removed) is bool, "no_person")


@dataclass(frozen=True, slots=True)
class Switch:
    """The presenter switches one of `SETTINGS` on or off."""

    setting: str
    on: bool

    def __post_init__(self) -> None:
        _refuse_unless(self.setting in SETTINGS, "not_steering")


@dataclass(frozen=True, slots=True)
class Lead:
    """The presenter brings everybody to a page and its set-up.

    Attributes:
        page: Name of the page in the address; empty for the first one.
        query: Parameters of its address, name and value.
    """

    page: str
    query: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        fits = isinstance(self.page, str) and _PAGE.fullmatch(self.page) is not None
        fits = fits and sum(len(name) + len(text) for name, text in self.query) <= LONGEST_QUERY
        _refuse_unless(fits, "bad_page")


@dataclass(frozen=True, slots=True)
class LetGo:
    """The presenter lets everybody go where they like."""


Event = (
    Join
    | Drawing
    | TakeBack
    | Vote
    | Follow
    | Task
    | Network
    | Question
    | Challenge
    | Reveal
    | Pause
    | Hide
    | Remove
    | Switch
    | Lead
    | LetGo
)
KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Join, Drawing, TakeBack, Vote, Follow, Task, Network, Question, Challenge),
        *(Reveal, Pause, Hide, Remove, Switch, Lead, LetGo),
    )
}
OF_PEOPLE = (Drawing, TakeBack, Vote, Follow)
ENDINGS = (Reveal, Pause, LetGo, Remove)
"""What the presenter must be able to do in a room that is full, too."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event as the room keeps it.

    Attributes:
        number: Counts the events of the room from 1, in the order in which they were written.
        at: Seconds since 1970.
        person: Who it is of; empty for the presenter.
        event: What happened.
    """

    number: int
    at: float
    person: str
    event: Event


def to_row(event: Event) -> tuple[str, str, bytes | None]:
    """Kind, fields as JSON, and pixels of an event."""
    tree = asdict(event)
    pixels = tree.pop("pixels", None)
    return type(event).__name__, json.dumps(tree, ensure_ascii=False), pixels


def from_row(kind: str, body: str, pixels: bytes | None) -> Event:
    """The event of a row.

    Raises:
        KeyError, TypeError, ValueError, RoomError: If no version of this program wrote that row.
    """
    tree: Mapping[str, Any] = json.loads(body)
    event = KINDS[kind]
    names = {one_field.name for one_field in fields(event)}
    values = {name: _frozen(value) for name, value in tree.items() if name in names}
    if pixels is not None:
        values["pixels"] = pixels
    made: Event = event(**values)
    return made


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
