"""Two hundred processes write to one room: nothing is lost, and none is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cnn_core import rooms

ROOT = Path(__file__).parents[2]
WRITERS, EACH = 200, 4
# One process that has loaded everything, and its forks: starting Python two hundred times takes a minute.
# A fork opens the room itself, after all of them have started.
PROGRAM = """
import os, sys
from cnn_core import rooms
code, task, writers, each = sys.argv[1], *map(int, sys.argv[2:])
gate, opened = os.pipe()
children = []
for number in range(writers):
    child = os.fork()
    if child == 0:
        os.close(opened)
        os.read(gate, 1)  # ends when the parent closes its side
        person, failed = f"{number:016x}", 1
        try:
            room = rooms.open_room(code)
            room.join(person)
            for index in range(each):
                pixels = bytes([number, index + 1]) + bytes(782)
                room.act(person, rooms.Drawing(task, pixels))
            failed = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
        os._exit(failed)
    children.append(child)
os.close(opened)
ends = [os.waitpid(child, 0)[1] for child in children]
sys.exit(any(ends))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
def test_two_hundred_writers_lose_nothing() -> None:
    room = rooms.create("host")
    task = room.steer("host", rooms.Task(7, "mnist"))
    numbers = map(str, (task, WRITERS, EACH))
    command = [sys.executable, "-c", PROGRAM, room.code, *numbers]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    state = room.state()
    assert len(state.people) == WRITERS
    drawn = Counter(picture.person for picture in state.pictures.values())
    assert drawn == {f"{number:016x}": EACH for number in range(WRITERS)}
    for picture in state.pictures.values():
        assert picture.pixels[0] == int(picture.person, 16)
    assert sorted(record.number for record in room.since(0)) == list(range(1, 2 + 5 * WRITERS))
