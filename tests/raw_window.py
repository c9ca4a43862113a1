"""A visitor's window without a browser: a websocket that sends what it likes, and what comes back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from google.protobuf.json_format import MessageToDict
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

from pages.session.visitor import COOKIE

PATIENCE_S = 300.0
LARGEST = 2**27


class RawWindow:
    """One session of a running app; use `open_window`.

    Attributes:
        widgets: By id the kind of each element on the page that a visitor can change.
        exceptions: What the page showed as an error of the program.
        state: What every later request says of the widgets, by id.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._page = ""
        self._query = ""
        self._hash = ""
        self._partial = False
        self._elements: dict[tuple[int, ...], Any] = {}
        self.widgets: dict[str, str] = {}
        self.exceptions: list[str] = []
        self.state: dict[str, WidgetState] = {}

    def open(self, page: str, query: str = "lang=en") -> RawWindow:
        """Turn to a page, as a link does."""
        self._page, self._query, self._hash = page, query, ""
        self.state.clear()
        return self.ask()

    def ask(self, *states: WidgetState, fragment: str = "") -> RawWindow:
        """Run the page again with what was sent so far and these states; wait until it is whole."""
        self.send(*states, fragment=fragment)
        return self.wait()

    def send(self, *states: WidgetState, fragment: str = "") -> None:
        """As `ask`, without waiting."""
        self._partial = bool(fragment)
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name, rerun.fragment_id = self._query, self._page, fragment
        if self._hash:
            rerun.page_script_hash = self._hash
        rerun.widget_states.widgets.extend([*self.state.values(), *states])
        self._connection.send(message.SerializeToString())

    def send_bytes(self, content: bytes) -> None:
        """Something that need not be a message."""
        self._connection.send(content)

    def send_message(self, message: BackMsg) -> None:
        """Any message that a browser can send."""
        self._connection.send(message.SerializeToString())

    def press(self, key: str) -> RawWindow:
        """Press the button with that key."""
        return self.ask(WidgetState(id=self.id_of(key), trigger_value=True))

    def unfold(self, key: str) -> RawWindow:
        """Open the part of the page with that key, and keep it open."""
        name = self.id_of(key)
        self.state[name] = WidgetState(id=name, bool_value=True)
        return self.ask()

    def id_of(self, key: str) -> str:
        """The id of the widget with that key. Raises LookupError if there is none."""
        for name in self.widgets:
            if name.startswith("$$ID-") and name.split("-", 2)[2] == key:
                return name
        raise LookupError(f"no {key} among {sorted(self.widgets)}")

    def wait(self) -> RawWindow:
        """Until the script has run."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = ForwardMsg.FromString(self._connection.recv(timeout=PATIENCE_S, decode=False))
            if self._take(message):
                return self
        raise AssertionError(f"no page within {PATIENCE_S} s")

    def _take(self, message: ForwardMsg) -> bool:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not self._partial:
            self._elements.clear()
            self.widgets.clear()
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash
        elif kind == "delta" and message.delta.WhichOneof("type") == "add_block":
            if identifier := message.delta.add_block.expandable.id:
                self.widgets[identifier] = "expander"
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self._elements[tuple(message.metadata.delta_path)] = element
            name = element.WhichOneof("type")
            if name == "exception":
                self.exceptions.append(f"{element.exception.type}: {element.exception.message}")
            if identifier := getattr(getattr(element, name or "", None), "id", ""):
                self.widgets[identifier] = str(name)
        return kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        )

    def text(self) -> str:
        """All texts of the page, in any order."""
        return "\n".join(
            text for element in self._elements.values() for text in _texts(MessageToDict(element))
        )


@contextmanager
def open_window(url: str, token: str = "") -> Iterator[RawWindow]:
    """A window of the visitor whose browser keeps that token; of a new one without."""
    with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=["streamlit"],
        origin=url,
        max_size=LARGEST,
        max_queue=None,
        ping_interval=None,
        open_timeout=PATIENCE_S,
        additional_headers={"Cookie": f"{COOKIE}={token or secrets.token_hex(16)}"},
    ) as connection:
        try:
            yield RawWindow(connection)
        finally:
            with suppress(OSError):
                connection.close()


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for part in tree.values():
            yield from _texts(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _texts(part)
