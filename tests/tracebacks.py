"""Tracebacks that a test run leaves: in the logs of every process, and in pages that tests open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streamlit.runtime import fragment
from streamlit.runtime.scriptrunner import exec_code

ROOT = Path(__file__).parent.parent
TRACEBACK = "Traceback (most recent call last)"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
OURS = re.compile(
    "|".join(re.escape(f"{ROOT.name}/{name}") for name in ("app.py", "cnn_core/", "pages/"))
)
# Streamlit sends and receives in two tasks. When a window closes, one may learn of it after the other.
CLOSED = re.compile(
    r"Unexpected ASGI message 'websocket\.(send|close)'"
    r"|Cannot call \"(send|receive)\" once a (close|disconnect) message has been (sent|received)"
    r"|WebSocket text frames are not supported|WebSocket is not connected"
)

# A test asks a worker what it cannot answer: the log of an unexpected error keeps its traceback.
PROVOKED = re.compile(r"AttributeError: 'str' object has no attribute 'shape'")


def in_logs(folder: Path) -> Iterator[str]:
    """Every traceback in a log below the folder, but those of a window that closed."""
    for path in sorted(folder.rglob("*.log")):
        text = COLOUR.sub("", path.read_text("utf-8", "replace"))
        for trace in text.split(TRACEBACK)[1:]:
            if PROVOKED.search(trace):
                continue
            if OURS.search(re.sub(r"\s", "", trace)) or not CLOSED.search(trace):
                yield f"{path}: {trace[:3000]}"


class Pages:
    """What the pages raise that tests open in this process."""

    def __init__(self) -> None:
        self.raised: list[str] = []

    def watch(self, patch: Any) -> None:
        """Hear of every exception that Streamlit catches, looked at afterwards or not."""
        for module in (exec_code, fragment):
            handle = module.handle_user_script_exception
            patch.setattr(module, "handle_user_script_exception", self._heard(handle))

    def _heard(self, handle: Any) -> Any:
        def hear(error: Exception, *rest: Any) -> Any:
            self.raised.append(f"{type(error).__name__}: {error}")
            return handle(error, *rest)

        return hear
