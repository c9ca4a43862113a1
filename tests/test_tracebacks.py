"""No traceback of a test run goes unseen."""

from __future__ import annotations

from pathlib import Path

import pytest
import tracebacks
from streamlit.testing.v1 import AppTest

TRACE = '\x1b[31mTraceback (most recent call last)\x1b[0m:\n  File "{file}", line 3\n{error}\n'
WEB = "site-packages/starlette/websockets.py"
CLOSED = "RuntimeError: Unexpected ASGI message 'websocket.send', after sending 'websocket.close'"


@pytest.mark.parametrize(
    ("file", "error", "count"),
    [
        (f"{tracebacks.ROOT}/pages/draw.py", "KeyError: 3", 1),
        (f"{tracebacks.ROOT}/pages/ │\n│ draw.py", CLOSED, 1),  # a box of 88 columns
        (WEB, "KeyError: 3", 1),
        (WEB, CLOSED, 0),
    ],
)
def test_a_traceback_in_any_log_is_found_but_of_a_window_that_closed(
    file: str, error: str, count: int, tmp_path: Path
) -> None:
    path = tmp_path / "home" / "logs" / "worker-train.txt"
    path.parent.mkdir(parents=True)
    path.write_text("started\n" + TRACE.format(file=file, error=error))
    assert list(tracebacks.in_logs(tmp_path)) == []
    log = path.rename(path.with_suffix(".log"))
    found = list(tracebacks.in_logs(tmp_path))
    log.unlink()
    assert len(found) == count


def test_what_a_page_raises_is_heard_though_nobody_looks(
    raised_by_pages: list[str], frozen: None
) -> None:
    AppTest.from_string("raise KeyError('x')").run()
    assert raised_by_pages == ["KeyError: 'x'"]
    raised_by_pages.clear()
    AppTest.from_string(
        "import streamlit as st\n@st.fragment\ndef part(): raise KeyError('y')\npart()"
    ).run()
    assert raised_by_pages == ["KeyError: 'y'"]
    raised_by_pages.clear()
