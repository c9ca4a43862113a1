"""A dress rehearsal: phones join a room, draw, vote and follow while a run trains; how many are carried."""

from __future__ import annotations

import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from cnn_core import rooms, runs
from cnn_core.command.phones import SLOW_S, Measured, Window, wall_count
from cnn_core.errors import EngineError, RoomError
from cnn_core.paths import ROOT

PHONES, SECONDS = 60, 120
MOST_PHONES = 200  # that a room takes
ACTION_S, WALL_S, GROWTH = 0.8, 1.5, 0.10
SETTLED_S = 60.0  # until then the server makes what it makes only once
SETTLED_PART = 0.3  # of a short rehearsal
OPEN_S = 90.0
ROUND_S = 6.0
SETUP = "blocks=8.3.1.same.relu.max.2&dense=16&data=digits&epochs=50&batch=8&patience=0"


def add(commands: Any) -> None:
    """Add the command to a parser's commands."""
    parser = commands.add_parser(
        "rehearse",
        help="say how many phones this machine carries in a room",
        description="Starts the app with a room of its own and lets phones without a browser join, draw, "
        "vote and follow while the wall is shown and a run trains; says in words how many phones this "
        "machine carries. The exit code is 1 if it carries fewer than asked for.",
    )
    parser.add_argument(
        "--phones",
        type=int,
        default=PHONES,
        metavar="N",
        help="how many phones join (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=int,
        default=SECONDS,
        metavar="N",
        help="how long they draw and vote (default: %(default)s)",
    )
    parser.set_defaults(folder=None, force=False)


def run(phones: int, seconds: int) -> int:
    """Rehearse and print what was measured.

    Returns:
        Exit code: 1 if this machine carries fewer phones than asked for.

    Raises:
        EngineError: If the app does not start.
    """
    phones, seconds = max(1, min(phones, MOST_PHONES)), max(10, seconds)
    with tempfile.TemporaryDirectory(prefix="convscope-", ignore_cleanup_errors=True) as folder:
        os.environ["CONVSCOPE_HOME"] = folder
        with _serving(Path(folder)) as (url, process):
            print(f"{phones} phones, {seconds} s ...", flush=True)
            report = rehearse(url, process.pid, phones, seconds)
    for line in report.lines():
        print(line)
    return int(not report.good)


@contextmanager
def _serving(home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app on a free port; ended with its workers.

    Raises:
        EngineError: If it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + OPEN_S
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EngineError("engine.no_server")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        _end(process)


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    family = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    _, alive = psutil.wait_procs(family, timeout=10)
    for each in alive:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    if process.poll() is None:
        process.kill()


class Report:
    """What a rehearsal came to.

    Args:
        phones: How many there were.
        joined: How many of them are in the room at the end.
        measured: What their windows measured.
        memory: Of the server in MB, after the beginning and at the end.
    """

    def __init__(
        self, phones: int, joined: int, measured: Measured, memory: tuple[float, float]
    ) -> None:
        self.phones, self.joined, self.measured, self.memory = phones, joined, measured, memory
        self.action = share_within([*measured.actions, *measured.news], 0.95)
        self.wall = share_within(measured.wall, 0.95)
        self.growth = memory[1] / memory[0] - 1

    @property
    def good(self) -> bool:
        """Whether this machine carries them."""
        return (
            self.joined == self.phones
            and not self.measured.errors
            and self.action is not None
            and self.action <= ACTION_S
            and self.wall is not None
            and self.wall <= WALL_S
        )

    @property
    def carries(self) -> int:
        """How many phones it carries: waiting grows at least in proportion to them."""
        ratios = [
            limit / measured
            for limit, measured in ((ACTION_S, self.action), (WALL_S, self.wall))
            if measured
        ]
        return min(self.joined, int(self.phones * min([1.0, *ratios])))

    def lines(self) -> list[str]:
        """The report in words."""
        lines = [
            f"Phones in the room: {self.joined} of {self.phones}.",
            f"95 % of answers within {_seconds(self.action)} (goal: {ACTION_S} s).",
            f"95 % of drawings on the wall within {_seconds(self.wall)} (goal: {WALL_S} s).",
            f"What the presenter does reaches 95 % of phones within "
            f"{_seconds(share_within(self.measured.arrivals, 0.95))}.",
            f"A page that everybody is brought to is whole on 95 % of phones within "
            f"{_seconds(share_within(self.measured.followed, 0.95))}.",
            f"A page opens within {_seconds(share_within(self.measured.opened, 0.95))} (95 %).",
            f"Memory of the server: {self.memory[0]:.0f} MB, at the end {self.growth:+.0%}.",
            f"Errors: {len(self.measured.errors)}.",
        ]
        lines += [f"  {error}" for error in self.measured.errors[:5]]
        if self.good:
            lines.append(f"This machine carries a room of {self.phones} phones.")
        else:
            lines.append(
                f"This machine carries about {self.carries} phones. With more, they wait: close other "
                "programs, connect the charger, or do not train while the room draws."
            )
        return lines


def rehearse(url: str, pid: int, phones: int, seconds: float) -> Report:
    """Let phones use a room of a running app that keeps its files in this process's CONVSCOPE_HOME.

    Args:
        url: Of the app, without a slash at the end.
        pid: Of its process, whose memory is measured.
        phones: How many join.
        seconds: How long they draw and vote after that.
    """
    stage = Stage(url)
    try:
        stage.open(phones)
        return stage.play(pid, phones, seconds)
    finally:
        stage.close()


class Stage:
    """The room, its presenter's window, the phones, and a window that trains."""

    def __init__(self, url: str) -> None:
        self.url, self.key = url, secrets.token_hex(16)
        self.room = rooms.create(self.key)
        self.measured = Measured()
        self.windows: list[Window] = []
        self.drawn: list[tuple[int, float]] = []  # drawings on the wall that are waited for
        self.question = (0, 0.0)  # number of the question, and when it was asked
        self.lead_since: float | None = None  # when everybody was brought to another page
        self.followers: set[Window] = set()

    def open(self, phones: int) -> None:
        """The presenter's window, then the phones, then a training."""
        secret = self.room.link_secret(self.key)
        self._window("room", f"room={self.room.code}&host={secret}", self._saw_wall)
        for _ in range(phones):
            self._window("room", f"room={self.room.code}", self._saw_news)
        trains = self._window("playground", SETUP, lambda window, message: None)
        trains.press("train")

    def _window(self, page: str, query: str, saw: Any) -> Window:
        window = Window(self.url, page, f"{query}&lang=en", self.measured, saw)
        self.windows.append(window)
        window.start()
        time.sleep(0.1)
        return window

    def play(self, pid: int, phones: int, seconds: float) -> Report:
        """Drawings, questions and pages that everybody is brought to, in turn.

        Args:
            pid: Of the app's process.
            phones: How many there are, with those that other windows than this stage's show.
            seconds: How long it takes; a turn that has begun is ended.
        """
        for window in self.windows:
            window.ready.wait(OPEN_S)
        process, begin = psutil.Process(pid), time.monotonic()
        before = 0.0
        while time.monotonic() - begin < seconds:
            self._draw(phones)
            self._ask()
            self._lead()
            if not before and time.monotonic() - begin >= min(SETTLED_S, SETTLED_PART * seconds):
                before = process.memory_info().rss / 1e6
        after = process.memory_info().rss / 1e6
        return Report(
            phones, len(self.room.state().people), self.measured, (before or after, after)
        )

    def _draw(self, phones: int) -> None:
        task = self.room.steer(self.key, rooms.Task(random.randrange(10), "mnist"))
        people = list(self.room.state().people)
        end = time.monotonic() + ROUND_S
        for person in random.sample(people, min(len(people), max(1, phones // 3))):
            pixels = bytes(random.choices((0, 255), (4, 1), k=28 * 28))
            with suppress(RoomError):
                self.room.act(person, rooms.Drawing(task, pixels))
                on_task = sum(each.task == task for each in self.room.state().pictures.values())
                self.drawn.append((on_task, time.monotonic()))
            time.sleep(max(0.0, (end - time.monotonic()) / max(1, phones // 3)))
        time.sleep(2 * WALL_S)
        if self.drawn:
            self.measured.errors.append(f"room: {len(self.drawn)} drawings did not reach the wall")
            self.drawn.clear()

    def _ask(self) -> None:
        number = self.room.steer(self.key, rooms.Question("What happens?", ("more", "less")))
        self.question = number, time.monotonic()
        time.sleep(ROUND_S)
        self.room.steer(self.key, rooms.Reveal(number))
        time.sleep(1.0)
        self.room.steer(self.key, rooms.Pause())

    def _lead(self) -> None:
        """Everybody to the kernels of a network, and back to the room."""
        phones = [window for window in self.windows if window.saw == self._saw_news]
        for page, query in (("kernels", (("run", "digits"),)), ("room", ())):
            self.followers.clear()
            for phone in phones:
                phone.turns = 0
            self.lead_since = begin = time.monotonic()
            self.room.steer(self.key, rooms.Lead(page, query))
            while len(self.followers) < len(phones) and time.monotonic() - begin < SLOW_S:
                time.sleep(0.1)
            self.lead_since = None
            if lost := len(phones) - len(self.followers):
                self.measured.errors.append(f"room: {lost} phones did not follow to {page}")
        self.room.steer(self.key, rooms.LetGo())

    def _saw_wall(self, window: Window, message: bytes) -> None:
        count = wall_count(message)
        if count is not None:
            now = time.monotonic()
            for drawing in [each for each in self.drawn if each[0] <= count]:
                self.drawn.remove(drawing)
                self.measured.wall.append(now - drawing[1])

    def _saw_news(self, window: Window, message: bytes) -> None:
        began = self.lead_since
        if began is not None and window.turns and window not in self.followers:
            self.followers.add(window)
            self.measured.followed.append(time.monotonic() - began)
        number, since = self.question
        key = f"votes_{number}_{random.randrange(2)}"
        if number and key in window.buttons and window.voted != number:
            window.voted = number
            now = time.monotonic()
            self.measured.arrivals.append(now - since)
            window.press(key, now + random.uniform(0.0, 3.0))

    def close(self) -> None:
        """Every window leaves."""
        for window in self.windows:
            window.ended.set()
        for window in self.windows:
            window.join(5)
        for run in runs.newest():
            print(f"Trained meanwhile: {runs.status(run).state}.")


def share_within(durations: Sequence[float], part: float) -> float | None:
    """The time within which that part of them was; None of none."""
    ordered = sorted(durations)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None


def _seconds(duration: float | None) -> str:
    return "–" if duration is None else f"{duration:.2f} s"
