"""A browser sends what its widgets can have; any other client may send anything.

Streamlit hands a widget's part of a message to the widget unread. What the widget cannot have would end the
page in an error of the program, and leave a traceback in the log for each message.
"""

from __future__ import annotations

import logging
from typing import Any

from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import Value, WStates
from streamlit.runtime.uploaded_file_manager import DeletedFile

LOGS = (
    "streamlit.web.server.starlette.starlette_websocket",
    "streamlit.components.v2.bidi_component.serialization",
)
REFUSED = "a client sent what a widget cannot have"
# A field of whole numbers is of the second kind, and a browser sends the first.
NUMBERS = {"int_value", "double_value"}
log = logging.getLogger(__name__)


def install() -> None:
    """Give a widget its default in place of what it cannot have, and log a broken message on one line."""
    if getattr(WStates.__getitem__, "guards", False):
        return
    read = WStates.__getitem__

    def guarded(self: WStates, widget: str) -> Any:
        problem = _problem(self, widget)
        if not problem:
            try:
                value = _without_lost_files(read(self, widget))
                value = _as_fraction(value, self.widget_metadata.get(widget))
                self.states[widget] = Value(value)
                return value
            except KeyError:
                raise
            except Exception as error:  # what a client sends can be wrong in any way
                problem = type(error).__name__
        log.warning("%s: %s", REFUSED, problem)
        default = self.widget_metadata[widget].deserializer(None)
        self.states[widget] = Value(default)
        return default

    guarded.guards = True  # type: ignore[attr-defined]
    WStates.__getitem__ = guarded  # type: ignore[method-assign]
    for name in LOGS:
        logging.getLogger(name).addFilter(_shorten)


def _problem(states: WStates, widget: str) -> str:
    """How the kind of value that was sent differs from the widget's; empty if it does not."""
    state, metadata = states.states.get(widget), states.widget_metadata.get(widget)
    if state is None or metadata is None or isinstance(state, Value):
        return ""
    kind, own = state.value.WhichOneof("value"), metadata.value_type
    if kind is None or kind == own or {kind, own} == NUMBERS:
        return ""
    return f"{kind} for {own}"


def _as_fraction(value: Any, metadata: WidgetMetadata[Any] | None) -> Any:
    """A whole number as a float where the widget has fractions: Streamlit refuses to mix them."""
    if type(value) is int and metadata is not None and metadata.value_type in NUMBERS:
        return float(value) if isinstance(metadata.deserializer(None), float) else value
    return value


def _without_lost_files(value: Any) -> Any:
    """Uploads that the server has; of one that it has not, or no more, Streamlit leaves a mark."""
    if isinstance(value, DeletedFile):
        return None
    if isinstance(value, list) and any(isinstance(part, DeletedFile) for part in value):
        return [part for part in value if not isinstance(part, DeletedFile)]
    return value


def _shorten(record: logging.LogRecord) -> bool:
    """Log filter: a message that cannot be read is one line."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]}"[:300], None
        record.exc_info = None
    return True
