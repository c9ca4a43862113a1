"""What the server keeps of visitors who left: websocket sessions, dropped, forgotten in their time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from bench.app import BenchError, Server, serving
from bench.report import Figure
from pages.session import collection

PAGES = (
    *(
        "home",
        "images",
        "convolution",
        "notes",
        "glossary",
        "training_step",
        "playground",
        "runs",
        "sweep",
    ),
    *(
        "kernels",
        "feature_maps",
        "evaluation",
        "explain",
        "surgery",
        "embedding",
        "robustness",
        "draw",
    ),
)
VISITORS, OPEN = 204, 12
KEPT_S = 10  # instead of the 15 minutes of .streamlit/config.toml
AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # the page begins again, and is not whole
LARGEST, PATIENCE_S = 2**27, 120.0
LEFT_MB, GROWTH_MB = 60.0, 20.0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Memory after waves of visitors of all pages, each wave after the one before was forgotten."""
    count = 4 * len(PAGES) if quick else VISITORS
    before, left, forgotten = two_waves([PAGES[number % len(PAGES)] for number in range(count)])
    values = {"before": before, "left": left, "forgotten": forgotten, "visitors": count}
    yield Figure(
        f"memory of the server after {count} visitors left, while it keeps their sessions",
        f"{left[0]:+.0f} MB to {before:.0f} MB ({1000 * left[0] / count:.0f} kB a visitor)",
        f"at most {LEFT_MB:.0f} MB more",
        left[0] <= LEFT_MB,
        values,
    )
    growth = forgotten[1] - forgotten[0]
    yield Figure(
        f"memory of the server once {count} and again {count} visitors are forgotten",
        f"{forgotten[0]:+.0f} MB, then {growth:+.0f} MB",
        f"the second time at most {GROWTH_MB:.0f} MB more",
        growth <= GROWTH_MB,
        values,
    )


def two_waves(pages: Sequence[str]) -> tuple[float, list[float], list[float]]:
    """Megabytes of a server before two waves of visitors; how many more after each left and was forgotten.

    Args:
        pages: What the visitors of a wave open, one page each.
    """
    with serving(STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(KEPT_S)) as server:
        visit_and_leave(server, PAGES)  # what all visitors share is kept from now on
        server.wait_until_idle()
        forget(server)
        before = megabytes(server)
        left, forgotten = [], []
        for _ in range(2):
            visit_and_leave(server, pages)
            left.append(megabytes(server) - before)
            forget(server)
            forgotten.append(megabytes(server) - before)
    return before, left, forgotten


def visit_and_leave(server: Server, pages: Sequence[str]) -> None:
    """Open the pages, each by a visitor of its own, a few at a time; then all of these leave."""
    for first in range(0, len(pages), OPEN):
        with ExitStack() as stack:
            lot = pages[first : first + OPEN]
            windows = [stack.enter_context(connect_window(server)) for _ in lot]
            for window, page in zip(windows, lot, strict=True):
                ask(window, page)
            for window in windows:
                wait_until_whole(window)


def connect_window(server: Server) -> AbstractContextManager[ClientConnection]:
    """The window of a new visitor, before it asks for a page."""
    connection: AbstractContextManager[ClientConnection] = connect(
        f"{server.url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=["streamlit"], origin=server.url, max_size=LARGEST, ping_interval=None, max_queue=None,
    )  # fmt: skip
    return connection


def ask(window: ClientConnection, page: str) -> None:
    """Turn to a page, by its name in the address."""
    message = BackMsg()
    message.rerun_script.query_string = "lang=en"
    message.rerun_script.page_name = "" if page == "home" else page
    window.send(message.SerializeToString())


def wait_until_whole(window: ClientConnection) -> list[Delta]:
    """What the server changes on the page until it is whole."""
    deltas: list[Delta] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        message = ForwardMsg.FromString(window.recv(timeout=PATIENCE_S, decode=False))
        kind = message.WhichOneof("type")
        if kind == "delta":
            deltas.append(message.delta)
        if kind == "script_finished" and message.script_finished != AGAIN:
            return deltas
    raise BenchError(f"no page within {PATIENCE_S:.0f} s")


def forget(server: Server) -> None:
    """Wait until the sessions are out of date; the next who leave let the server clear them away."""
    time.sleep(KEPT_S + 1)
    visit_and_leave(server, ["glossary", "glossary"])
    time.sleep(2 * collection.INTERVAL_S)


def megabytes(server: Server) -> float:
    """Memory of the server itself, without its workers."""
    return psutil.Process(server.process.pid).memory_info().rss / 1e6
