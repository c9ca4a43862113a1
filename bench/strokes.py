"""What people who draw cost the server: its processor time, while 30 and 200 of them draw for a minute."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import ClientConnection

from bench.app import BenchError, Server, serving
from bench.report import Figure, median_and_p95
from bench.visitors import ask, connect_window, wait_until_whole

PHONES = (30, 200)
PACE_S = 4.0  # from the end of a stroke to the end of the next: two strokes, a look at the answer, "Clear"
DURATION_S = 60.0
MOST_PERCENT = 1.0  # of a core, for each phone
SIDE = 140  # of the canvas that the pad sends


def measure(*, quick: bool) -> Iterator[Figure]:
    """Phones on the draw page; their browsers answer, and tell the server of each stroke that has ended."""
    for phones in PHONES[:1] if quick else PHONES:
        with serving() as server:
            yield _figure(server, phones, DURATION_S / 4 if quick else DURATION_S)


def _figure(server: Server, phones: int, duration_s: float) -> Figure:
    with connect_window(server) as first:
        _open_pad(first)
    server.wait_until_idle()
    with ExitStack() as stack, ThreadPoolExecutor(phones) as pool:
        windows = [stack.enter_context(connect_window(server)) for _ in range(phones)]
        opened = [_Phone(*both) for both in zip(windows, pool.map(_open_pad, windows), strict=True)]
        server.wait_until_idle()
        before, began = server.cpu_seconds(), time.monotonic()
        drawn = list(pool.map(lambda each: each[1].draw(each[0], duration_s), enumerate(opened)))
        spent, passed = server.cpu_seconds() - before, time.monotonic() - began
    seconds = [second for each in drawn for second in each]
    percent = 100 * spent / passed / phones
    middle, p95 = median_and_p95(seconds)
    return Figure(
        f"{phones} phones that draw, each a stroke every {PACE_S:.0f} s: processor time of the server",
        f"{percent:.2f} % of a core a phone; {1000 * spent / len(seconds):.0f} ms a stroke,"
        f" which the server has taken in after {middle:.2f} s (95 %: {p95:.2f} s)",
        f"under {MOST_PERCENT:.0f} % of a core a phone",
        percent < MOST_PERCENT,
        {"percent": percent, "strokes": len(seconds), "seconds": seconds},
    )


@dataclass
class _Phone:
    """A window with the pad in it.

    Attributes:
        window: Its connection.
        pad: Ids of the pad, and of the part of the page that a stroke runs again.
    """

    window: ClientConnection
    pad: tuple[str, str]

    def draw(self, place: int, duration_s: float) -> list[float]:
        """Seconds that the server took for each stroke; this phone begins at a moment of its own."""
        seconds: list[float] = []
        end = time.monotonic() + duration_s
        time.sleep(PACE_S * (place * 0.618 % 1))
        while time.monotonic() < end:
            began = time.monotonic()
            self._send(len(seconds) + 1)
            wait_until_whole(self.window)
            seconds.append(time.monotonic() - began)
            time.sleep(max(0.0, PACE_S - seconds[-1]))
        return seconds

    def _send(self, number: int) -> None:
        pad, fragment = self.pad
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name, rerun.fragment_id = "lang=en", "draw", fragment
        drawing = {"number": number, "live": False, "ink": _ink(number)}
        rerun.widget_states.widgets.add(id=pad, json_value=json.dumps({"drawing": drawing}))
        self.window.send(message.SerializeToString())


def _open_pad(window: ClientConnection) -> tuple[str, str]:
    """Turn to the draw page; the ids of its pad and of the part of the page around it."""
    ask(window, "draw")
    pads = [
        (delta.new_element.bidi_component.id, delta.fragment_id)
        for delta in wait_until_whole(window)
        if delta.new_element.bidi_component.component_name.endswith("convscope_pad")
    ]
    if not pads:
        raise BenchError("the draw page has no pad")
    return pads[-1]


def _ink(number: int) -> str:
    """An upright stroke, elsewhere each time, as `assets/pad/ink.js` packs it."""
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    left = 30 + 7 * number % 80
    canvas[20:120, left : left + 9] = 255
    runs = [(grey, len(list(same))) for grey, same in groupby(canvas.ravel().tolist())]
    pairs = bytearray()
    for grey, count in runs:
        for start in range(0, count, 255):
            pairs += bytes((min(255, count - start), grey))
    return base64.b64encode(pairs).decode()
