"""Windows of visitors without a browser: they open a page, ask for news as it says, and press buttons."""

from __future__ import annotations

import re
import secrets
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cnn_core.command import wire

COOKIE = "convscope_visitor"
LARGEST = 2**27  # bytes of a message
PAGE_HASH = 4  # in what the app says of its pages
SLOW_S = 20.0  # an answer that takes longer counts as an error
BUTTON = re.compile(rb"\$\$ID-[0-9a-f]+-([a-z0-9_]+)")
FIGURES = re.compile(rb"room-figures.*?<b>(\d+)</b>", re.DOTALL)


@dataclass
class Measured:
    """What all windows measured, in seconds; safe to use on several threads.

    Attributes:
        opened: From asking for the page until it was whole.
        news: From asking for news until the answer was whole.
        actions: From pressing a button until the answer was whole.
        arrivals: From what the presenter did until a phone showed it.
        followed: From bringing everybody to a page until it was whole on a phone.
        wall: From handing in a drawing until the wall counted it.
        errors: What went wrong, in words.
    """

    opened: list[float] = field(default_factory=list)
    news: list[float] = field(default_factory=list)
    actions: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Window(threading.Thread):
    """One visitor of the app over its websocket, with a cookie of its own.

    Args:
        url: Of the app, without a slash at the end.
        page: Name of the page in the address.
        query: Parameters of its address.
        measured: Where it writes what it measures.
        saw: Called with each message after it has come.
    """

    def __init__(
        self, url: str, page: str, query: str, measured: Measured,
        saw: Callable[[Window, bytes], None] = lambda window, message: None,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self.url, self.page, self.query, self.measured, self.saw = url, page, query, measured, saw
        self.buttons: dict[str, str] = {}
        self.voted = 0  # number of the last question that was answered
        self.turns = 0  # how often the app turned the page
        self.ready, self.ended = threading.Event(), threading.Event()
        self.pressing: list[tuple[float, str]] = []
        self._parts: dict[str, tuple[float, float]] = {}  # interval and the next time, by id
        self._page_hash = ""
        self._is_turning = False
        self._pending: tuple[list[float], float] | None = None

    def press(self, key: str, at: float = 0.0) -> None:
        """Press the button with that key of the page, at a time of `time.monotonic` or now."""
        self.pressing.append((at, key))

    def run(self) -> None:
        """Until `ended` is set; an error is written down."""
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect
        from websockets.typing import Origin, Subprotocol

        try:
            with connect(
                f"{self.url.replace('http', 'ws', 1)}/_stcore/stream",
                subprotocols=[Subprotocol("streamlit")],
                origin=Origin(self.url), max_size=LARGEST, max_queue=None, ping_interval=None,
                additional_headers={"Cookie": f"{COOKIE}={secrets.token_hex(16)}"},
                open_timeout=SLOW_S * 3,
            ) as connection:  # fmt: skip
                self._ask(connection, self.measured.opened, wire.rerun(self.query, self.page))
                while not self.ended.is_set():
                    self._step(connection)
        except (OSError, ValueError, WebSocketException, TimeoutError) as error:
            if not self.ended.is_set():
                self.measured.errors.append(f"{self.page}: {type(error).__name__}: {error}")
        self.ready.set()

    def _step(self, connection: Any) -> None:
        with suppress(TimeoutError):
            self._take(connection.recv(timeout=0.05, decode=False))
        now = time.monotonic()
        if self._pending is not None:
            if now - self._pending[1] > SLOW_S:
                self.measured.errors.append(f"{self.page}: no answer within {SLOW_S:.0f} s")
                self._pending = None
            return
        for at, key in self.pressing:
            if at <= now and key in self.buttons:
                self.pressing.remove((at, key))
                pressed = self._request(pressed=self.buttons[key])
                self._ask(connection, self.measured.actions, pressed)
                return
        for part, (interval, due) in self._parts.items():
            if due <= now:
                self._parts[part] = interval, now + interval
                message = self._request(fragment=part)
                self._ask(connection, self.measured.news, message, whole=False)
                return

    def _request(self, **what: str) -> bytes:
        return wire.rerun(self.query, self.page, page_hash=self._page_hash, **what)

    def _ask(
        self, connection: Any, durations: list[float], message: bytes, *, whole: bool = True
    ) -> None:
        if whole:
            self._parts.clear()
        self._pending = durations, time.monotonic()
        connection.send(message)

    def _take(self, message: bytes) -> None:
        for kind, body in wire.fields(message):
            if kind == wire.AUTO_RERUN:
                self._note_part(dict(wire.fields(body)))
            elif kind == wire.NAVIGATION:
                self._turn(dict(wire.fields(body)).get(PAGE_HASH, b"").decode())
            elif kind == wire.FINISHED and body != wire.AGAIN:
                self._finish()
        for match in BUTTON.finditer(message):
            self.buttons[match[1].decode()] = match[0].decode()
        self.saw(self, message)

    def _turn(self, page_hash: str) -> None:
        """The app draws this page now; if it is another one, what was asked of the page before is gone.

        Nobody asked for the turn: the phone waits for it, and it does not count.
        """
        if page_hash != self._page_hash and self._page_hash:
            self._is_turning = True
            self._pending = [], time.monotonic()
            self._parts.clear()
        self._page_hash = page_hash

    def _finish(self) -> None:
        """What was asked for is whole; or the page that the app turned to by itself."""
        if self._is_turning:
            self._is_turning = False
            self.turns += 1
        if self._pending is not None:
            durations, since = self._pending
            durations.append(time.monotonic() - since)
            self._pending = None
            self.ready.set()

    def _note_part(self, parts: dict[int, bytes]) -> None:
        interval = struct.unpack("<f", parts[1])[0] if len(parts.get(1, b"")) == 4 else 1.0
        self._parts[parts.get(2, b"").decode()] = interval, time.monotonic() + interval


def wall_count(message: bytes) -> int | None:
    """How many drawings a message says the wall has; None if it says nothing of it."""
    match = FIGURES.search(message)
    return int(match[1]) if match else None
