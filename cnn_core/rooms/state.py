"""The state of a room: what its events amount to, one after the other. Reads and writes nothing."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace

from cnn_core.rooms.events import (
    OF_PEOPLE,
    Challenge,
    Drawing,
    Event,
    Follow,
    Hide,
    Join,
    Lead,
    LetGo,
    Network,
    Pause,
    Question,
    Record,
    Remove,
    Reveal,
    Switch,
    TakeBack,
    Task,
    Vote,
)

RECENT_S = 10.0  # in which a phone's actions are counted


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing on the wall.

    Attributes:
        number: Of its event.
        person: Who drew it.
        task: Number of the task it is for.
        label: Index of the class that was to be drawn.
        dataset: Whose class it is.
        pixels: 28 × 28 grey levels.
    """

    number: int
    person: str
    task: int
    label: int
    dataset: str
    pixels: bytes = field(repr=False)


@dataclass
class State:
    """What the events of a room amount to.

    Attributes:
        number: Of the last event.
        last_at: When that was, in seconds since 1970.
        people: Nickname by person; empty of those who gave none.
        arrivals: Number of each person, removed or not, in the order in which they joined, from 1.
        owners: Whose runs a person's are, by person.
        joined: When each person joined, in seconds since 1970.
        removed: Nickname by person of those whom the presenter removed.
        free: People who do not follow the presenter.
        pictures: Drawings that nobody took back, by number; of people who were removed, too.
        hidden: Numbers of drawings that the presenter hides.
        tasks: Tasks by number.
        questions: Questions by number.
        votes: For each question the choice of each person.
        revealed: Numbers of questions whose votes are shown.
        challenges: Challenges by number.
        began: When each challenge began, in seconds since 1970.
        activity: Number of the task, question or challenge that is open; None if there is none.
        network: Id of the run whose network looks at the drawings; empty where none was chosen.
        answers: Whether the wall shows what the network says.
        nicknames: Whether who joins is asked for a name.
        leaderboard: Whether everybody sees who is how far with the challenge.
        lead: Where everybody is brought; None if they are free.
        lead_number: Number of the event that said so.
        drawn: How many drawings there were, with those that were taken back.
        handed_in: The same for each person; who handed in none is left out.
        bytes: What all events take, in bytes.
    """

    number: int = 0
    last_at: float = 0.0
    people: dict[str, str] = field(default_factory=dict)
    arrivals: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    joined: dict[str, float] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    pictures: dict[int, Picture] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    tasks: dict[int, Task] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)
    votes: dict[int, dict[str, int]] = field(default_factory=dict)
    revealed: set[int] = field(default_factory=set)
    challenges: dict[int, Challenge] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    activity: int | None = None
    network: str = ""
    answers: bool = True
    nicknames: bool = False
    leaderboard: bool = False
    lead: Lead | None = None
    lead_number: int = 0
    drawn: int = 0
    handed_in: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    _recent: dict[str, deque[float]] = field(default_factory=dict, repr=False)

    @property
    def task(self) -> Task | None:
        """The open task."""
        return self.tasks.get(self.activity or 0)

    @property
    def question(self) -> Question | None:
        """The open question, or the one whose votes are shown."""
        return self.questions.get(self.activity or 0)

    @property
    def challenge(self) -> Challenge | None:
        """The open challenge."""
        return self.challenges.get(self.activity or 0)

    def counts(self, question: int) -> list[int]:
        """How many people chose each choice of a question."""
        votes = self.votes.get(question, {})
        count = Counter(votes[person] for person in votes if person not in self.removed)
        return [count[index] for index in range(len(self.questions[question].choices))]

    def shown_pictures(self) -> list[Picture]:
        """Drawings that the wall shows, oldest first."""
        return [
            picture
            for picture in self.pictures.values()
            if picture.number not in self.hidden and picture.person not in self.removed
        ]

    def changes(self, event: Event) -> bool:
        """Whether what the presenter does changes anything.

        It can be pressed twice, or in two browsers; and a browser that has not heard yet that a control has
        left its page sends what the control showed.
        """
        match event:
            case Task() | Challenge() | Question():
                same = event in (self.task, self.challenge, self.question)
            case Network(run):
                same = self.network == run
            case Switch(setting, on):
                same = getattr(self, setting) is on
            case Pause():
                same = self.activity is None
            case Reveal(question):
                same = question in self.revealed
            case LetGo():
                same = self.lead is None
            case Remove(person, removed):
                same = person not in (self.people if removed else self.removed)
            case _:
                same = False
        return not same

    def of_person(self, person: str, task: int) -> list[Picture]:
        """Somebody's drawings for a task, oldest first."""
        return [
            picture
            for picture in self.pictures.values()
            if (picture.person, picture.task) == (person, task)
        ]

    def recent_actions(self, person: str, now: float) -> int:
        """How many drawings, votes and withdrawals of a person the last ten seconds had."""
        times = self._recent.get(person, deque())
        return sum(now - RECENT_S < at <= now for at in times)

    def copy(self) -> State:
        """Another state with the same content, which later events do not change."""
        return replace(
            self,
            people=dict(self.people),
            arrivals=dict(self.arrivals),
            owners=dict(self.owners),
            joined=dict(self.joined),
            challenges=dict(self.challenges),
            began=dict(self.began),
            removed=dict(self.removed),
            free=set(self.free),
            handed_in=dict(self.handed_in),
            pictures=dict(self.pictures),
            hidden=set(self.hidden),
            tasks=dict(self.tasks),
            questions=dict(self.questions),
            votes={number: dict(votes) for number, votes in self.votes.items()},
            revealed=set(self.revealed),
        )

    def add(self, record: Record, size: int) -> None:
        """Take in the next event, which takes `size` bytes."""
        self.number, self.last_at = record.number, record.at
        self.bytes += size
        if isinstance(record.event, OF_PEOPLE):
            self._count(record)
        match record.event:
            case Join(nickname, owner):
                self.people.setdefault(record.person, nickname)
                self.owners[record.person] = owner
                self.joined[record.person] = record.at
                self.arrivals.setdefault(record.person, len(self.arrivals) + 1)
            case Drawing(task, pixels):
                self.drawn += 1
                self.handed_in[record.person] = self.handed_in.get(record.person, 0) + 1
                asked_for = self.tasks[task]
                self.pictures[record.number] = Picture(
                    record.number, record.person, task, asked_for.label, asked_for.dataset, pixels
                )
            case TakeBack(drawing):
                self.pictures.pop(drawing, None)
            case Vote(question, None):
                self.votes[question].pop(record.person, None)
            case Vote(question, int(choice)):
                self.votes[question][record.person] = choice
            case Follow(on):
                self.free = self.free - {record.person} if on else self.free | {record.person}
            case _:
                self._steer(record)

    def _steer(self, record: Record) -> None:
        match record.event:
            case Task() as task:
                self.tasks[record.number] = task
                self.activity = record.number
            case Network(run):
                self.network = run
            case Question() as question:
                self.questions[record.number] = question
                self.votes[record.number] = {}
                self.activity = record.number
            case Challenge() as challenge:
                self.challenges[record.number] = challenge
                self.began[record.number] = record.at
                self.activity = record.number
            case Reveal(question):
                self.revealed.add(question)
            case Pause():
                self.activity = None
            case Hide(drawings, hidden):
                self.hidden = self.hidden | {*drawings} if hidden else self.hidden - {*drawings}
            case Remove(person, removed):
                self._move(person, removed)
            case Switch(setting, on):
                setattr(self, setting, on)
            case Lead() as lead:
                self.lead, self.lead_number = lead, record.number
            case LetGo():
                self.lead, self.lead_number = None, record.number

    def _move(self, person: str, removed: bool) -> None:
        """Between those who are in the room and those who were removed."""
        leave, enter = (self.people, self.removed) if removed else (self.removed, self.people)
        if person in leave:
            enter[person] = leave.pop(person)

    def _count(self, record: Record) -> None:
        times = self._recent.setdefault(record.person, deque())
        times.append(record.at)
        while times and times[0] < record.at - RECENT_S:
            times.popleft()
