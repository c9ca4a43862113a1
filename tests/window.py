"""A browser's part in an `AppTest`: it remembers the state of each widget, and sends what it remembers.

`AppTest` itself builds the states again from the options of the last run, so it never sends the label of
an option that has another label by now. A browser does: it keeps what was chosen as a label until the
server sends another value.
"""

from __future__ import annotations

from collections.abc import Iterator

from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import (
    Button,
    ButtonGroup,
    Element,
    NumberInput,
    Selectbox,
    SelectSlider,
    Slider,
    TextInput,
    Toggle,
    Widget,
    get_widget_state,
)


class Window:
    """One window on a page."""

    def __init__(self, at: AppTest) -> None:
        self.at = at
        self.states: dict[str, WidgetState] = {}
        self._hear()

    def rerun(self, *changes: WidgetState) -> Window:
        """Send all states, with these changes; no page may end in an error."""
        sent = WidgetStates()
        changed = {change.id: change for change in changes}
        sent.widgets.extend({**self.states, **changed}.values())
        self.states |= {
            name: state for name, state in changed.items() if not state.HasField("trigger_value")
        }
        self.at._run(sent)
        assert [error.value for error in self.at.exception] == []
        self._hear()
        return self

    def widgets(self) -> Iterator[Widget]:
        """What can be changed now."""
        for node in self.at._tree:
            if isinstance(node, Widget) and not getattr(node.proto, "disabled", False):
                yield node

    def find(self, key: str) -> Widget:
        """The widget of that key, whatever number the key of a choice has got."""
        [widget] = [
            widget for widget in self.widgets() if (widget.key or "").partition(".")[0] == key
        ]
        return widget

    def press_language(self, name: str) -> Window:
        """Press "EN" or "한국어". `AppTest` does not show what app.py draws before its page."""
        keys = self.at._session_state._state._key_id_mapper
        widget = WidgetState(id=keys.get_id_from_key("language_choice.0"))
        widget.string_array_value.data[:] = [name]
        return self.rerun(widget)

    def choose(self, key: str, option: int) -> Window:
        """Choose the option of that place."""
        return self.rerun(pick(self.find(key), option))

    def _hear(self) -> None:
        """Take over the values that the server sets, and forget what is not on the page any more."""
        drawn = [node for node in self.at._tree if isinstance(node, Widget)]
        for node in drawn:
            if node.id not in self.states or getattr(node.proto, "set_value", False):
                state = get_widget_state(node)
                if state is not None:
                    self.states[node.id] = state
        ids = {node.id for node in drawn}
        self.states = {
            name: state
            for name, state in self.states.items()
            if name in ids or "language_choice" in name
        }


def labels(widget: Element) -> list[str]:
    """The labels of a choice; none for another widget."""
    if isinstance(widget, ButtonGroup):
        return [option.content for option in widget.proto.options]
    if isinstance(widget, (Selectbox, SelectSlider)):
        return list(widget.proto.options)
    return []


def pick(widget: Widget, option: int) -> WidgetState:
    """What a browser sends when the option of that place is chosen."""
    state = WidgetState(id=widget.id)
    label = labels(widget)[option % len(labels(widget))]
    if isinstance(widget, Selectbox):
        state.string_value = label
    else:
        state.string_array_value.data[:] = [label]
    return state


def changes(widget: Widget, now: WidgetState | None) -> list[WidgetState]:
    """States that a visitor could give a widget next: another one, and for a choice its last."""
    if labels(widget):
        return [pick(widget, option) for option in dict.fromkeys((1, -1))]
    state = WidgetState(id=widget.id)
    if isinstance(widget, Button):
        state.trigger_value = True
    elif isinstance(widget, Toggle) and now is not None:
        state.bool_value = not now.bool_value
    elif isinstance(widget, Slider) and now is not None:
        state.double_array_value.data[:] = [widget.proto.min]
    elif isinstance(widget, NumberInput) and now is not None:
        largest = widget.proto.max
        state.double_value = largest if largest < 1e6 else widget.proto.min
    elif isinstance(widget, TextInput):
        state.string_value = f"{widget.value}1" if widget.value else "s"  # nearly all has an s
    else:
        return []
    return [state]
