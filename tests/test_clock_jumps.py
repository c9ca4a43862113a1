"""A clock set by an hour, a day or a year: nothing of a visitor is deleted, refused or ended."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_runs import MODEL, PLENTY, SHORT, state

from cnn_core import gallery, rooms, runs
from cnn_core.course import goals_record, store
from cnn_core.course.progress import Progress
from cnn_core.engine.queue import Queue
from cnn_core.errors import LimitError
from cnn_core.gallery import store as gallery_store
from cnn_core.planning.limits import Limits
from cnn_core.rooms.events import Task
from cnn_core.runs import control, identity, space, steady
from cnn_core.runs.record import read_json, write_json

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
JUMPS = [sign * size for size in (HOUR, DAY, YEAR) for sign in (1, -1)]
ANN = "a" * 16


@dataclass
class Clock:
    """The machine's clock, which `set_by` moves, and the counter that only `wait` moves with it."""

    ahead: float = 0.0
    waited: float = 0.0

    def set_by(self, seconds: float) -> None:
        self.ahead += seconds

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.ahead += seconds

    def write(self, *paths: Path) -> None:
        """Let the time of files that exist be that of this clock, as if they had just been written."""
        for path in paths:
            if path.exists():
                os.utime(path, (time.time(), time.time()))


@pytest.fixture
def clock(convscope_home: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock, wall, counter = Clock(), time.time, steady._counter
    monkeypatch.setattr(time, "time", lambda: wall() + clock.ahead)
    monkeypatch.setattr(steady, "_counter", lambda: counter() + clock.waited)
    monkeypatch.setattr(steady, "_readings", {})
    monkeypatch.setattr(steady, "_settings", [])
    convscope_home.mkdir(exist_ok=True)
    return clock


def restart(monkeypatch: pytest.MonkeyPatch, *, machine: bool = False) -> None:
    """Ask from another process; after another start of the machine, whose counter begins again."""
    monkeypatch.setattr(steady, "_readings", {})
    monkeypatch.setattr(steady, "_settings", [])
    if machine:
        own = identity.own()
        monkeypatch.setattr(identity, "own", lambda: {**own, "boot": "another"})
        monkeypatch.setattr(steady, "_counter", lambda: 5.0)


@pytest.mark.parametrize("jump", JUMPS)
def test_the_time_passes_as_it_did_whatever_the_clock_is_set_to(clock: Clock, jump: float) -> None:
    before = steady.now()
    clock.set_by(jump)
    assert steady.now() == pytest.approx(before, abs=60)
    clock.wait(DAY)
    assert steady.now() == pytest.approx(before + DAY, abs=60)


@pytest.mark.parametrize("jump", JUMPS)
def test_another_process_goes_on_with_the_time_of_the_last(
    clock: Clock, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = steady.now()
    clock.set_by(jump)
    clock.waited += HOUR
    restart(monkeypatch)
    assert steady.now() == pytest.approx(before + HOUR, abs=60)


@pytest.mark.parametrize("jump", JUMPS)
def test_while_the_machine_is_off_the_clock_is_believed_for_a_week(
    clock: Clock, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = steady.now()
    clock.set_by(jump)
    restart(monkeypatch, machine=True)
    passed = min(max(0.0, jump), steady.MOST_OFF_S)
    assert steady.now() == pytest.approx(before + passed, abs=60)


@pytest.mark.parametrize("content", ["", "[]", '{"steady": "x"}', '{"steady": NaN, "counter": 1}'])
def test_a_damaged_file_begins_with_the_time_of_the_machine(
    clock: Clock, convscope_home: Path, content: str
) -> None:
    (convscope_home / steady.FILE).write_text(content, "utf-8")
    assert steady.now() == pytest.approx(time.time(), abs=60)
    assert read_json(convscope_home / steady.FILE)


def test_two_servers_with_different_clocks_share_the_later_time(
    clock: Clock, convscope_home: Path
) -> None:
    before = steady.now()
    tree = read_json(convscope_home / steady.FILE)
    write_json(convscope_home / steady.FILE, {**tree, "steady": before + HOUR})
    clock.wait(120)
    assert steady.now() == pytest.approx(before + HOUR, abs=200)


def test_a_clock_that_was_set_is_seen_for_a_while(clock: Clock) -> None:
    assert not steady.was_set(15)
    clock.wait(DAY)
    assert not steady.was_set(15)
    clock.set_by(-HOUR)
    assert steady.was_set(15)
    clock.wait(10)
    assert steady.was_set(15)
    clock.wait(10)
    assert not steady.was_set(15)


def used_room(clock: Clock) -> rooms.Room:
    room = rooms.create("key")
    room.steer("key", Task(3, "mnist"))
    clock.write(*room.path.parent.glob(f"{room.path.stem}.sqlite*[!d]"))
    return room


@pytest.mark.parametrize("machine", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
def test_no_room_is_wiped(
    clock: Clock, jump: float, machine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = used_room(clock)
    clock.set_by(jump)
    restart(monkeypatch, machine=machine)
    meanwhile = used_room(clock)
    assert rooms.wipe_old() == []
    clock.set_by(-jump)
    assert rooms.wipe_old() == []
    assert {room.code for room in rooms.rooms_of("key")} == {before.code, meanwhile.code}


def test_a_room_is_wiped_once_its_days_have_passed(clock: Clock) -> None:
    room = used_room(clock)
    clock.wait((Limits().room_days - 1) * DAY)
    assert rooms.wipe_old() == []
    clock.wait(2 * DAY)
    assert rooms.wipe_old() == [room.code]
    assert list(room.path.parent.iterdir()) == []


@pytest.mark.parametrize("machine", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
def test_no_run_is_deleted(
    clock: Clock, jump: float, machine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []
    for _ in range(2):
        run = runs.create(MODEL, SHORT, owner=ANN)
        (run.folder / "best.keras").write_bytes(bytes(1000))
        runs.write_status(run, "finished")
        space.note_visit(ANN, orders=True)
        listed.append(run)
        clock.set_by(jump)
        restart(monkeypatch, machine=machine)
    with pytest.raises(LimitError):
        space.make_room(1000)
    assert all(runs.exists(run) for run in listed)


def course(number: int) -> str:
    step = '[[step]]\ntitle = "A"\nplace = "kernels?run=fashion"\ntext = "Look."'
    return f'title = "{number}"\n{step}'


@pytest.mark.parametrize("machine", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
def test_no_course_gives_way(
    clock: Clock, jump: float, machine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_KEPT", 2)
    first = store.keep(course(1), "ann")
    clock.set_by(jump)
    restart(monkeypatch, machine=machine)
    second = store.keep(course(2), "ann")
    clock.set_by(-jump)
    with pytest.raises(store.CourseError):
        store.keep(course(3), "bob")
    assert {path.stem for path in store.folder().glob("*.toml")} == {first, second}


@pytest.mark.parametrize("jump", JUMPS)
def test_no_course_of_today_gives_way_to_another_of_its_visitor(
    clock: Clock, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_OWN", 1)
    store.keep(course(1), "ann")
    clock.set_by(jump)
    with pytest.raises(store.CourseError, match="within a day"):
        store.keep(course(2), "ann")


@pytest.mark.parametrize("machine", [False, True])
@pytest.mark.parametrize("jump", JUMPS)
def test_no_goal_is_forgotten(
    clock: Clock, jump: float, machine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = Progress(True, (1.0,), 1.0, {})
    for visitor in ("ann", "bob", "eve"):
        assert goals_record.keep(visitor, "field", attempt)
        clock.set_by(jump)
        restart(monkeypatch, machine=machine)
    assert all(goals_record.read(visitor) for visitor in ("ann", "bob", "eve"))


@pytest.mark.parametrize("jump", JUMPS)
def test_nobody_waits_for_a_clock_to_come_back_to_add_to_the_gallery(
    clock: Clock, jump: float
) -> None:
    with gallery_store._connected() as connection:
        rows = [(time.time() + jump, gallery_store._hash("me"))] * gallery_store.PER_VISITOR
        connection.executemany("INSERT INTO added (at, owner) VALUES (?, ?)", rows)
    gallery_store.refuse_if_busy("me", Limits())
    assert gallery.count("mnist") == 0


@pytest.mark.parametrize("jump", JUMPS)
def test_a_pause_is_as_long_as_it_was(clock: Clock, jump: float) -> None:
    queue = Queue(lambda run: SimpleNamespace(status="pending"), lambda future: None)
    paused = queue.order(MODEL, SHORT, owner="ann", limits=PLENTY)
    queue.step(1)
    control.ask(paused, by="ann", paused=True)
    queue.vouch(immediately=True)
    queue.order(MODEL, SHORT, owner="bob", limits=PLENTY)
    clock.set_by(jump)
    queue.vouch(immediately=True)
    assert control.read_control(paused).paused
    assert queue.pause_left(paused) > 0


@pytest.mark.parametrize("jump", JUMPS)
def test_no_run_that_waits_counts_as_interrupted(clock: Clock, jump: float) -> None:
    queue = Queue(lambda run: None, lambda future: None)
    run = queue.order(MODEL, SHORT, limits=PLENTY)
    assert state(run) == "queued"
    clock.set_by(jump)
    assert state(run) == "queued"
    clock.wait(20)
    assert state(run) == "interrupted", "nobody vouched for it in 20 seconds"


def test_machines_without_such_a_counter_take_the_next_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        monkeypatch.delattr(time, name, raising=False)
        first = steady._counter()
        assert steady._counter() >= first
