"""What the bench takes for a whole page, told by a websocket that plays the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from bench.visitors import wait_until_whole


@contextmanager
def telling(messages: Sequence[ForwardMsg]) -> Iterator[Any]:
    """A window whose server says that, and no more until it is closed."""

    def tell(connection: ServerConnection) -> None:
        for message in messages:
            connection.send(message.SerializeToString())
        for _ in connection:
            pass

    with serve(tell, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.socket.getsockname()[1]
            with connect(f"ws://127.0.0.1:{port}", ping_interval=None) as window:
                yield window
        finally:
            server.shutdown()
            thread.join()


def finished(how: ForwardMsg.ScriptFinishedStatus) -> ForwardMsg:
    message = ForwardMsg()
    message.script_finished = how
    return message


def heading(text: str) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.heading.body = text
    return message


def test_a_page_that_begins_again_is_not_whole() -> None:
    messages = [
        heading("half"), finished(ForwardMsg.FINISHED_EARLY_FOR_RERUN),
        heading("whole"), finished(ForwardMsg.FINISHED_SUCCESSFULLY),
    ]  # fmt: skip
    with telling(messages) as window:
        deltas = wait_until_whole(window)
    assert [delta.new_element.heading.body for delta in deltas] == ["half", "whole"]


def test_a_part_that_was_drawn_again_is_whole() -> None:
    with telling([finished(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)]) as window:
        assert wait_until_whole(window) == []
