"""What the threads of many sessions have freed goes back to the system."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pages.session import heaps

ROOT = Path(__file__).parents[2]
FREED = 16 * 1250 * 4000  # bytes
CROWD = """
import ctypes, json, re, tempfile, threading, psutil
from pages.session import heaps

THREADS, BLOCKS, SIZE = 16, 1250, 4000
heaps.limit()
together, kept = threading.Barrier(THREADS), []

def session():
    together.wait()  # each has its turn at a heap while the others have theirs
    blocks = [bytes(SIZE) for _ in range(BLOCKS)]
    together.wait()
    kept.append(blocks[-1])  # what stays holds the end of the heap in its place

crowd = [threading.Thread(target=session) for _ in range(THREADS)]
[thread.start() for thread in crowd]
[thread.join() for thread in crowd]
process = psutil.Process()
before = process.memory_info().rss
heaps.give_back()
after = process.memory_info().rss
library = heaps.C_LIBRARY
library.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
    library.malloc_info(0, stream)
    library.fclose(stream)
    count = len(re.findall(b"<heap nr=", file.read()))
print(json.dumps({"back": before - after, "heaps": count}))
"""

pytestmark = pytest.mark.skipif(heaps.C_LIBRARY is None, reason="not glibc")


def crowd(**variables: str) -> dict[str, float]:
    """What sixteen threads leave: bytes that a collection gives back, and heaps."""
    done = subprocess.run(
        [sys.executable, "-c", CROWD], cwd=ROOT, env=variables, capture_output=True, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def test_threads_share_two_heaps_and_what_they_freed_goes_back():
    measured = crowd()
    assert measured["heaps"] <= heaps.HEAPS
    assert measured["back"] > FREED / 2


def test_the_number_of_heaps_in_the_environment_is_kept():
    assert heaps.HEAPS < crowd(MALLOC_ARENA_MAX="5")["heaps"] <= 5
