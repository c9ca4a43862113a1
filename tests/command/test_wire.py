"""The messages of a rehearsal, against Streamlit's own classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Navigation_pb2 import Navigation

from cnn_core.command import phones, wire


@given(
    some.text(max_size=300), some.text(max_size=40), some.text(max_size=40), some.text(max_size=40)
)
def test_a_request_is_what_streamlit_reads(query: str, page: str, pressed: str, part: str) -> None:
    message = BackMsg.FromString(
        wire.rerun(query, page, pressed=pressed, fragment=part)
    ).rerun_script
    assert (message.query_string, message.page_name) == (query, page)
    assert (message.fragment_id, message.is_auto_rerun) == (part, bool(part))
    widgets = [(each.id, each.trigger_value) for each in message.widget_states.widgets]
    assert widgets == ([(pressed, True)] if pressed else [])


def test_what_the_app_sends_is_read_without_its_classes() -> None:
    message = ForwardMsg()
    message.auto_rerun.interval, message.auto_rerun.fragment_id = 1.5, "part"
    [(kind, body)] = [each for each in wire.fields(message.SerializeToString()) if each[0] > 2]
    assert kind == wire.AUTO_RERUN
    assert dict(wire.fields(body))[2] == b"part"
    message = ForwardMsg()
    message.script_finished = ForwardMsg.FINISHED_EARLY_FOR_RERUN
    assert wire.FINISHED in dict(wire.fields(message.SerializeToString()))
    assert ForwardMsg.DESCRIPTOR.fields_by_name["script_finished"].number == wire.FINISHED


def test_the_name_of_a_page_is_read_and_sent_back() -> None:
    numbers = {name: each.number for name, each in Navigation.DESCRIPTOR.fields_by_name.items()}
    assert numbers["page_script_hash"] == phones.PAGE_HASH
    assert ForwardMsg.DESCRIPTOR.fields_by_name["navigation"].number == wire.NAVIGATION
    message = BackMsg.FromString(wire.rerun("", "room", page_hash="abc")).rerun_script
    assert message.page_script_hash == "abc"


@given(some.binary(max_size=60))
def test_no_message_breaks_the_reader(message: bytes) -> None:
    try:
        list(wire.fields(message))
    except ValueError as error:
        assert str(error) == "The message ends too soon."


def test_a_message_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="too soon"):
        list(wire.fields(wire.rerun("lang=en", "room")[:-1]))
