"""A room: what is written, who may write it, and what is refused in one sentence and not written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from played_room import ANN, BOB, HOST, INK, OTHER, refusal, room

from cnn_core import rooms
from cnn_core.errors import RoomError
from cnn_core.planning.limits import Limits
from cnn_core.rooms import codes, events, store

__all__ = ["room"]  # a fixture


def reopened(room: rooms.Room) -> rooms.Room:
    """The room as another process opens it."""
    return rooms.Room(room.code, room.path)


def test_everything_is_there_after_a_restart(room: rooms.Room) -> None:
    task = room.steer(HOST, rooms.Task(7, "mnist"))
    drawing = room.act(ANN, rooms.Drawing(task, INK))
    question = room.steer(HOST, rooms.Question("More filters?", ("better", "worse")))
    room.act(BOB, rooms.Vote(question, 1))
    room.steer(HOST, rooms.Lead("kernels", (("run", "digits"),)))
    state = reopened(room).state()
    assert state == room.state()
    assert state.pictures[drawing].pixels == INK
    assert (state.pictures[drawing].label, state.pictures[drawing].dataset) == (7, "mnist")
    assert state.counts(question) == [0, 1]
    assert state.lead == rooms.Lead("kernels", (("run", "digits"),))
    assert reopened(room).steers(HOST)


@pytest.mark.parametrize(
    ("event", "other"),
    [
        (rooms.Task(7, "mnist"), rooms.Task(7, "fashion_mnist")),
        (rooms.Challenge("receptive"), rooms.Challenge("small")),
        (rooms.Question("?", ("yes", "no")), rooms.Question("?", ("no", "yes"))),
        (rooms.Network("digits"), rooms.Network("fashion")),
        (rooms.Switch("answers", False), rooms.Switch("answers", True)),
        (rooms.Switch("leaderboard", True), rooms.Switch("leaderboard", False)),
    ],
)
def test_what_the_presenter_does_again_changes_nothing(room: rooms.Room, event, other) -> None:
    number = room.steer(HOST, event)
    assert room.steer(HOST, event) == number
    assert room.state().number == number
    assert room.steer(HOST, other) == number + 1
    assert room.steer(HOST, event) == number + 2


def test_the_same_task_after_a_pause_is_a_new_one(room: rooms.Room) -> None:
    task = room.steer(HOST, rooms.Task(7, "mnist"))
    room.steer(HOST, rooms.Pause())
    assert room.steer(HOST, rooms.Task(7, "mnist")) == task + 2


def test_only_what_is_new_is_read(room: rooms.Room) -> None:
    before = room.state()
    number = room.steer(HOST, rooms.Task(1, "mnist"))
    assert [record.number for record in room.since(before.number)] == [number]
    assert room.since(number) == []
    assert before.task is None, "a state that was handed out does not change"
    assert room.state() is room.state(), "nothing new, nothing copied"


def test_two_processes_see_what_the_other_wrote(room: rooms.Room) -> None:
    other = reopened(room)
    task = other.steer(HOST, rooms.Task(3, "mnist"))
    drawing = room.act(ANN, rooms.Drawing(task, INK))
    assert list(other.state().pictures) == [drawing]


def test_a_phone_takes_back_its_own_drawing_and_vote(room: rooms.Room) -> None:
    task = room.steer(HOST, rooms.Task(3, "mnist"))
    drawing = room.act(ANN, rooms.Drawing(task, INK))
    assert refusal(lambda: room.act(BOB, rooms.TakeBack(drawing))).key == "room.not_your_drawing"
    room.act(ANN, rooms.TakeBack(drawing))
    assert room.state().pictures == {}
    question = room.steer(HOST, rooms.Question("?", ("yes", "no")))
    room.act(ANN, rooms.Vote(question, 0))
    room.act(ANN, rooms.Vote(question, 1))
    assert room.state().counts(question) == [0, 1]
    room.act(ANN, rooms.Vote(question, None))
    assert room.state().counts(question) == [0, 0]


def test_votes_that_are_shown_do_not_change(room: rooms.Room) -> None:
    question = room.steer(HOST, rooms.Question("?", ("yes", "no")))
    room.steer(HOST, rooms.Reveal(question))
    assert refusal(lambda: room.act(ANN, rooms.Vote(question, 0))).key == "room.vote_is_over"
    room.steer(HOST, rooms.Pause())
    assert refusal(lambda: room.act(ANN, rooms.Vote(question, 0))).key == "room.no_question"


def test_a_drawing_for_the_task_before_keeps_its_label(room: rooms.Room) -> None:
    """A phone that sends while the presenter moves on."""
    first = room.steer(HOST, rooms.Task(3, "mnist"))
    room.steer(HOST, rooms.Task(8, "mnist"))
    drawing = room.act(ANN, rooms.Drawing(first, INK))
    assert room.state().pictures[drawing].label == 3


@pytest.mark.parametrize(
    "event",
    [
        rooms.Task(1, "mnist"), rooms.Question("?", ("a", "b")), rooms.Reveal(1), rooms.Pause(),
        rooms.Hide((1,), True), rooms.Switch("answers", False), rooms.Lead(""), rooms.LetGo(),
        rooms.Network("digits"), rooms.Remove(BOB, True),
    ],
)  # fmt: skip
def test_a_phone_does_not_steer(room: rooms.Room, event: rooms.Event) -> None:
    before = room.state().number
    assert refusal(lambda: room.steer(OTHER, event)).key == "room.not_steering"
    assert refusal(lambda: room.steer("", event)).key == "room.not_steering"
    assert refusal(lambda: room.act(ANN, event)).key == "room.not_steering"  # type: ignore[arg-type]
    assert room.state().number == before


def test_a_phone_does_not_close_open_or_hand_on_a_room(room: rooms.Room) -> None:
    for act in (
        lambda: room.close(OTHER, keep=True), lambda: room.close(OTHER, keep=False),
        lambda: room.reopen(OTHER), lambda: room.link_secret(OTHER),
        lambda: room.let_in("guessed", OTHER), lambda: room.let_in(HOST, OTHER),
    ):  # fmt: skip
        assert refusal(act).key in {"room.not_steering", "room.bad_secret"}
    assert not room.closed
    assert not room.steers(OTHER)


def test_the_link_of_the_presenter_works_until_there_is_a_new_one(room: rooms.Room) -> None:
    old = room.link_secret(HOST)
    new = room.link_secret(HOST)
    assert refusal(lambda: room.let_in(old, OTHER)).key == "room.bad_secret"
    room.let_in(new, OTHER)
    room.steer(OTHER, rooms.Task(1, "mnist"))
    assert not room.steers(new), "the secret of the link lets a browser in; it is no key itself"


def test_no_secret_is_written_to_the_file(room: rooms.Room) -> None:
    secret = room.link_secret(HOST)
    content = b"".join(path.read_bytes() for path in room.path.parent.iterdir())
    assert HOST.encode() not in content
    assert secret.encode() not in content


def test_another_room_is_no_business_of_a_phone(room: rooms.Room) -> None:
    other = rooms.create(OTHER)
    task = room.steer(HOST, rooms.Task(1, "mnist"))
    drawing = room.act(ANN, rooms.Drawing(task, INK))
    for event in (
        rooms.Drawing(task, INK),
        rooms.TakeBack(drawing),
        rooms.Vote(task, 0),
    ):
        assert refusal(lambda event=event: other.act(ANN, event)).key == "room.not_joined"
    other.join(ANN)
    for event in (rooms.Drawing(task, INK), rooms.TakeBack(drawing), rooms.Vote(task, 0)):
        refusal(lambda event=event: other.act(ANN, event))
    assert other.state().number == 1
    assert refusal(lambda: other.steer(HOST, rooms.Pause())).key == "room.not_steering"


def test_a_phone_is_stopped_at_its_rate_and_goes_on_later(
    room: rooms.Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    question = room.steer(HOST, rooms.Question("?", ("a", "b")))
    for number in range(room.limits.actions):
        room.act(ANN, rooms.Vote(question, number % 2))
    assert refusal(lambda: room.act(ANN, rooms.Vote(question, 0))).key == "room.too_fast"
    room.act(BOB, rooms.Vote(question, 0))
    now += 10.1
    room.act(ANN, rooms.Vote(question, 0))


def test_caps_of_people_drawings_and_rooms() -> None:
    limits = Limits(people=2, drawings=2, rooms=1)
    room = rooms.create(HOST, limits)
    room.join(ANN)
    room.join(BOB)
    assert refusal(lambda: room.join("c" * 16)).key == "room.full"
    assert not room.join(ANN), "somebody who comes back is no second person"
    task = room.steer(HOST, rooms.Task(1, "mnist"))
    room.act(ANN, rooms.TakeBack(room.act(ANN, rooms.Drawing(task, INK))))
    room.act(ANN, rooms.Drawing(task, INK))
    assert refusal(lambda: room.act(ANN, rooms.Drawing(task, INK))).key == "room.enough_drawings"
    assert refusal(lambda: rooms.create(OTHER, limits)).key == "room.too_many"


def test_names_are_kept_only_where_they_are_wanted(room: rooms.Room) -> None:
    room.join("c" * 16, "Cleo")
    room.steer(HOST, rooms.Switch("nicknames", True))
    room.join("d" * 16, "  Dora ")
    assert room.state().people == {ANN: "", BOB: "", "c" * 16: "", "d" * 16: "Dora"}


def test_a_closed_room_can_be_read_and_opened_again(room: rooms.Room) -> None:
    task = room.steer(HOST, rooms.Task(1, "mnist"))
    room.act(ANN, rooms.Drawing(task, INK))
    room.close(HOST, keep=True)
    assert room.closed
    assert refusal(lambda: room.act(ANN, rooms.Drawing(task, INK))).key == "room.closed"
    assert refusal(lambda: room.join("c" * 16)).key == "room.closed"
    assert refusal(lambda: room.steer(HOST, rooms.Pause())).key == "room.closed"
    assert len(room.state().pictures) == 1
    room.reopen(HOST)
    room.act(ANN, rooms.Drawing(task, INK))


def test_a_wiped_room_leaves_nothing(room: rooms.Room) -> None:
    other = reopened(room)
    room.close(HOST, keep=False)
    assert list(store.folder().iterdir()) == []
    for gone in (room, other):
        assert refusal(gone.state).key == "room.not_found"
        assert refusal(lambda gone=gone: gone.join(ANN)).key == "room.not_found"
    assert refusal(lambda: rooms.open_room(room.code)).key == "room.not_found"


def test_a_new_room_with_the_code_of_a_wiped_one_is_another(
    room: rooms.Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "new_code", lambda: room.code)
    reopened(room).close(HOST, keep=False)
    other = rooms.create(OTHER)
    assert other.code == room.code
    assert rooms.open_room(room.code) is other
    assert other.state().people == {}


def test_an_old_room_is_wiped_and_a_room_in_use_is_not(room: rooms.Room) -> None:
    old = rooms.create(HOST)
    month_ago = time.time() - 31 * store.DAY_S
    for path in old.path.parent.glob(f"{old.path.name}*"):
        os.utime(path, (month_ago, month_ago))
    assert rooms.wipe_old() == [old.code]
    assert [found.code for found in rooms.rooms_of(HOST)] == [room.code]


def test_a_damaged_file_is_one_sentence_and_no_room_of_anybody(room: rooms.Room) -> None:
    damaged = store.folder() / "BBBB.sqlite"
    damaged.write_bytes(b"no database at all" * 100)
    assert refusal(lambda: rooms.open_room("BBBB")).key == "room.damaged"
    (store.folder() / "CCCC.sqlite").touch()
    assert refusal(lambda: rooms.open_room("CCCC")).key == "room.not_found"
    assert [mine.code for mine in rooms.rooms_of(HOST)] == [room.code]


def test_a_damaged_room_that_is_old_leaves_no_file(room: rooms.Room) -> None:
    month_ago = time.time() - 31 * store.DAY_S
    for suffix in ("", "-wal", "-shm"):
        path = store.folder() / f"BBBB.sqlite{suffix}"
        path.write_bytes(b"no database at all" * 100)
        os.utime(path, (month_ago, month_ago))
    assert rooms.wipe_old() == ["BBBB"]
    assert list(store.folder().glob("BBBB*")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_one_sentence(convscope_home: Path) -> None:
    convscope_home.mkdir()
    convscope_home.chmod(0o500)
    assert refusal(lambda: rooms.create(HOST)).key == "room.storage"


# Whatever is typed or sent


@given(some.one_of(some.text(), some.binary(), some.none(), some.integers()))
def test_what_is_no_code_is_one_sentence(text: object) -> None:
    try:
        code = codes.parse_code(text)
    except RoomError as error:
        assert error.key == "room.no_code"
    else:
        assert len(code) == 4
        assert set(code) <= set(codes.LETTERS)


@pytest.mark.parametrize("text", ["bktx", " BK-TX ", "b k t x", "BKTX"])
def test_a_code_may_be_typed_as_one_likes(text: str) -> None:
    assert codes.parse_code(text) == "BKTX"


@pytest.mark.parametrize("text", ["../a", "BKT/", "BKTXX", "B" * 10_000_000, "ＢＫＴＸ", "BKT\0"])
def test_a_code_is_no_path(text: str) -> None:
    assert refusal(lambda: rooms.open_room(text)).key == "room.no_code"


def test_codes_have_no_letter_that_looks_like_another() -> None:
    assert not set(codes.LETTERS) & set("AEIOUYLQ0123456789")
    assert len({codes.new_code() for _ in range(200)}) > 190


ANYTHING = some.one_of(
    some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=40),
    some.binary(max_size=900), some.lists(some.integers(), max_size=5).map(tuple),
)  # fmt: skip
PIXELS = some.one_of(
    ANYTHING,
    some.sampled_from([b"", b"\xff" * 783, b"\xff" * 785, b"\0" * 784, b"\xff" * 10_000_000]),
    some.sampled_from(["x" * 784, [255] * 784, bytearray(784)]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    kind=some.sampled_from([rooms.Drawing, rooms.Vote, rooms.TakeBack]),
    number=ANYTHING,
    value=PIXELS,
)
def test_whatever_a_phone_sends_is_one_sentence_and_not_written(
    room: rooms.Room, kind: type, number: object, value: object
) -> None:
    before = room.state().number
    arguments = (number,) if kind is rooms.TakeBack else (number, value)
    refusal(lambda: room.act(ANN, kind(*arguments)))
    assert room.state().number == before


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: rooms.Question("", ("a", "b")), "bad_question"),
        (lambda: rooms.Question("x" * 201, ("a", "b")), "bad_question"),
        (lambda: rooms.Question("a\nb", ("a", "b")), "bad_question"),
        (lambda: rooms.Question("?", ("a",)), "bad_choices"),
        (lambda: rooms.Question("?", tuple("abcde")), "bad_choices"),
        (lambda: rooms.Question("?", ("a", "a")), "bad_choices"),
        (lambda: rooms.Question("?", ("a", " ")), "bad_choices"),
        (lambda: rooms.Question("?", ("a", "b"), right=2), "no_choice"),
        (lambda: rooms.Task(-1, "mnist"), "no_class"),
        (lambda: rooms.Join("x" * 21), "bad_nickname"),
        (lambda: rooms.Join("a\u202eb"), "bad_nickname"),
        (lambda: rooms.Lead("../etc"), "bad_page"),
        (lambda: rooms.Lead("kernels", (("a", "x" * 3000),)), "bad_page"),
        (lambda: rooms.Switch("secrets", True), "not_steering"),
    ],
)
def test_what_an_event_cannot_be_is_refused_when_it_is_made(make: object, key: str) -> None:
    assert refusal(make).key == f"room.{key}"


def test_every_kind_of_event_comes_back_as_it_was_written() -> None:
    written = [
        rooms.Join("Ann"), rooms.Drawing(1, INK), rooms.TakeBack(2), rooms.Vote(3, None),
        rooms.Task(4, "mnist"), rooms.Question("?", ("a", "b"), 1), rooms.Reveal(5), rooms.Pause(),
        rooms.Hide((1, 2), False), rooms.Switch("answers", True), rooms.LetGo(), rooms.Network("digits"),
        rooms.Remove(BOB, True), rooms.Follow(False), rooms.Challenge("sprint"),
        rooms.Lead("draw", (("run", "digits"), ("lang", "ko"))),
    ]  # fmt: skip
    assert {type(event).__name__ for event in written} == set(events.KINDS)
    assert [events.from_row(*events.to_row(event)) for event in written] == written
