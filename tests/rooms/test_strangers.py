"""What somebody sends to a room that is not theirs, or for another person: one sentence, nothing written."""

from __future__ import annotations

import time
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from cnn_core import drawing, rooms, texts
from cnn_core.errors import RoomError

HOST, OTHER_HOST = "the presenter's key", "another presenter's key"
ANN, BOB, STRANGER = "a" * 16, "b" * 16, "c" * 16
INK = bytes([0] * 100 + [255] * 100 + [0] * 584)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)


class Pair:
    """Two rooms, each with a task, an open question and a drawing; Ann is in one of them, Bob in both."""

    def __init__(self) -> None:
        self.rooms = rooms.create(HOST), rooms.create(OTHER_HOST)
        self.drawings, self.tasks, self.questions = [], [], []
        for room, key, people in zip(
            self.rooms, (HOST, OTHER_HOST), ((ANN, BOB), (BOB,)), strict=True
        ):
            room.steer(key, rooms.Pause())
            for person in people:
                room.join(person)
            self.tasks.append(room.steer(key, rooms.Task(3, "mnist")))
            self.drawings.append(
                {each: room.act(each, rooms.Drawing(self.tasks[-1], INK)) for each in people}
            )
            self.questions.append(room.steer(key, rooms.Question("?", ("yes", "no"))))

    def numbers(self) -> list[int]:
        """Of the last event of each room."""
        return [room.state().number for room in self.rooms]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    """At a time that goes on by a minute with each look: the rate is another test's matter."""
    now = [time.time()]

    def minute_later() -> float:
        now[0] += 60
        return now[0]

    monkeypatch.setattr(time, "time", minute_later)
    return Pair()


def refused(act: object) -> None:
    with pytest.raises(RoomError) as caught:
        act()  # type: ignore[operator]
    for language in texts.LANGUAGES:
        sentence = caught.value.sentence(language)
        assert sentence
        assert "\n" not in sentence
        assert "{" not in sentence


EVERYBODY = [ANN, BOB, STRANGER, "", HOST]
NUMBERS = range(10)  # of every event of either room, and some that no event has


@pytest.mark.parametrize("place", [0, 1])
def test_what_belongs_to_another_room_or_person_changes_nothing(pair: Pair, place: int) -> None:
    done = 0
    for person, number in product(EVERYBODY, NUMBERS):
        for kind in (rooms.Drawing, rooms.TakeBack):
            done += _attempt(pair, place, person, kind, number, None)
        for choice in (None, 0, 1, 2):
            done += _attempt(pair, place, person, rooms.Vote, number, choice)
    assert done >= (5 if place else 10), "what they may do"


def _attempt(
    pair: Pair, place: int, person: str, kind: type, number: int, choice: int | None
) -> bool:
    """Whether it was done, which must be whether that person may do it in that room."""
    room, before = pair.rooms[place], pair.numbers()
    state = room.state()
    event = {
        rooms.Drawing: lambda: rooms.Drawing(number, INK),
        rooms.TakeBack: lambda: rooms.TakeBack(number),
        rooms.Vote: lambda: rooms.Vote(number, choice),
    }[kind]()
    allowed = (
        person in state.people
        and {
            rooms.Drawing: number in state.tasks,
            rooms.TakeBack: number in state.pictures and state.pictures[number].person == person,
            rooms.Vote: number == pair.questions[place] and (choice is None or choice < 2),
        }[kind]
    )
    if allowed:
        assert room.act(person, event) == before[place] + 1
        before[place] += 1
    else:
        refused(lambda: room.act(person, event))
    assert pair.numbers() == before
    return allowed


STEERING = [
    rooms.Task(1, "mnist"), rooms.Question("?", ("a", "b")), rooms.Reveal(1), rooms.Pause(),
    rooms.Hide((1, 2, 3, 4, 5), True), rooms.Switch("answers", False), rooms.Lead("draw"), rooms.LetGo(),
    rooms.Network("digits"), rooms.Remove(BOB, True), rooms.Challenge("sprint"),
]  # fmt: skip


@SHARED
@given(
    key=some.text(max_size=60) | some.sampled_from([ANN, OTHER_HOST, "a" * 1_000_000]),
    event=some.sampled_from(STEERING),
)
def test_no_other_word_steers_hides_closes_or_hands_on(
    pair: Pair, key: str, event: rooms.Event
) -> None:
    room, before = pair.rooms[0], pair.numbers()
    for act in (
        lambda: room.steer(key, event),
        lambda: room.close(key, keep=True),
        lambda: room.close(key, keep=False),
        lambda: room.reopen(key),
        lambda: room.link_secret(key),
        lambda: room.let_in(key, STRANGER),
    ):
        refused(act)
    assert pair.numbers() == before
    assert not room.closed
    assert not room.steers(STRANGER)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    choices=some.lists(
        some.sampled_from(["draw", "vote", "follow", "take back"]), min_size=40, max_size=60
    )
)
def test_no_mixture_of_actions_exceeds_the_rate(choices: list[str]) -> None:
    room = rooms.create(HOST)
    room.join(ANN)
    task = room.steer(HOST, rooms.Task(3, "mnist"))
    question = room.steer(HOST, rooms.Question("?", ("yes", "no")))
    before, now, drawn = room.state().number, time.time(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now)
        for choice in choices:
            event = {
                "draw": rooms.Drawing(task, INK), "vote": rooms.Vote(question, 1),
                "follow": rooms.Follow(False), "take back": rooms.TakeBack(drawn),
            }[choice]  # fmt: skip
            try:
                number = room.act(ANN, event)
            except RoomError as error:
                assert error.key in {"room.too_fast", "room.not_your_drawing"}
            else:
                drawn = number if choice == "draw" else drawn
    written = room.state().number - before
    assert written <= room.limits.actions
    room.close(HOST, keep=False)


@given(
    some.text() | some.sampled_from(["A" * 10_000_000, "data:image/png;base64,AAAA", "[255, 0]"])
)
def test_what_a_pad_sends_is_a_drawing_of_its_size_or_none(ink: str) -> None:
    canvas = drawing.unpack(ink, 140)
    assert canvas is None or canvas.shape == (140, 140)
