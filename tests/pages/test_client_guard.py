"""What a client sends of a widget is of the widget's kind, or as if it was not sent."""

from __future__ import annotations

import logging

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import Serialized, WStates
from streamlit.runtime.uploaded_file_manager import DeletedFile

from pages.session import client_guard


@pytest.fixture
def states() -> WStates:
    client_guard.install()
    states = WStates()
    states.set_widget_metadata(
        WidgetMetadata(
            id="slider",
            deserializer=lambda sent: 7.0 if sent is None else max(sent[0], 0.0),
            serializer=lambda value: [value],
            value_type="double_array_value",
        )
    )
    return states


def sent(states: WStates, state: WidgetState) -> object:
    states["slider"] = Serialized(state)
    return states["slider"]


def test_what_a_widget_can_have_is_its_value(states: WStates) -> None:
    state = WidgetState(id="slider")
    state.double_array_value.data.append(3.0)
    assert sent(states, state) == 3.0


@pytest.mark.parametrize(("usual", "kind"), [(0.5, float), (8, int), (None, int)])
def test_a_field_of_fractions_never_has_a_whole_number(
    usual: float | None, kind: type, states: WStates
) -> None:
    """Streamlit refuses to draw a field whose value and limits are of two kinds."""
    states.set_widget_metadata(
        WidgetMetadata(
            id="field",
            deserializer=lambda sent: usual if sent is None else sent,
            serializer=lambda value: value,
            value_type="double_value",
        )
    )
    states["field"] = Serialized(WidgetState(id="field", int_value=3))
    assert type(states["field"]) is kind
    assert states["field"] == 3


@pytest.mark.parametrize(("kind", "number"), [("int_value", 16), ("double_value", 0.5)])
def test_a_number_field_has_whole_numbers_too(
    kind: str, number: float, states: WStates, caplog: pytest.LogCaptureFixture
) -> None:
    """Streamlit registers each number field as `double_value`; browsers send whole numbers as `int_value`."""
    states.set_widget_metadata(
        WidgetMetadata(
            id="field",
            deserializer=lambda sent: 8 if sent is None else sent,
            serializer=lambda value: value,
            value_type="double_value",
        )
    )
    state = WidgetState(id="field")
    setattr(state, kind, number)
    states["field"] = Serialized(state)
    assert states["field"] == number
    assert not caplog.text


@pytest.mark.parametrize("kind", ["bool_value", "string_value", "int_value", "json_value"])
def test_another_kind_of_value_is_the_default(
    kind: str, states: WStates, caplog: pytest.LogCaptureFixture
) -> None:
    state = WidgetState(id="slider")
    setattr(state, kind, {"bool_value": True, "int_value": 1}.get(kind, "[" * 5000))
    assert sent(states, state) == 7.0
    assert kind in caplog.text
    assert "Traceback" not in caplog.text


def test_what_the_widget_cannot_read_is_the_default(states: WStates) -> None:
    state = WidgetState(id="slider")
    state.double_array_value.SetInParent()  # no number at all
    assert sent(states, state) == 7.0
    assert states["slider"] == 7.0


def test_a_widget_that_nobody_knows_is_not_there(states: WStates) -> None:
    with pytest.raises(KeyError):
        states["another"]


@pytest.mark.parametrize("name", client_guard.LOGS)
def test_a_message_that_cannot_be_read_is_one_line_of_the_log(
    name: str, states: WStates, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        raise ValueError("no message")
    except ValueError as error:
        logging.getLogger(name).warning("Error", exc_info=error)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("several", [False, True])
def test_an_upload_that_the_server_does_not_have_is_none(several: bool) -> None:
    client_guard.install()
    states, lost = WStates(), DeletedFile("unknown")
    states.set_widget_metadata(
        WidgetMetadata(
            id="upload",
            deserializer=lambda sent: [lost, "kept"] if several else lost,
            serializer=lambda value: value,
            value_type="file_uploader_state_value",
        )
    )
    state = WidgetState(id="upload")
    state.file_uploader_state_value.uploaded_file_info.add(file_id="unknown")
    states["upload"] = Serialized(state)
    assert states["upload"] == (["kept"] if several else None)
