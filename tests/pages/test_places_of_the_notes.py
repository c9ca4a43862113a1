"""Each place that the table of the lecture names opens in the state it asks for, and holds what it says."""

from __future__ import annotations

import re

import pytest
from google.protobuf import text_format
from lengths import at_length
from streamlit.testing.v1 import AppTest
from test_every_control import visit
from visits import address

from cnn_core import texts
from cnn_core.course import notes
from cnn_core.course.notes import Row
from pages.network import in_browser

__all__ = ["visit"]  # the fixture

ESCAPED = re.compile(r"\\+u([0-9a-f]{4})")  # in JSON

POPOVERS = ("take_setup", "take_fashion")  # their content is made when they are opened

pytestmark = pytest.mark.slow


def places(language: str) -> dict[str, list[Row]]:
    """The rows of the notes by the address of their place."""
    by_place: dict[str, list[Row]] = {}
    for part in notes.read(language):
        for row in part.rows:
            by_place.setdefault(f"{row.page} {dict(row.query)}", []).append(row)
    return by_place


def on_page(at: AppTest) -> str:
    """All that the server sends to the browser, as text."""
    protos = [getattr(node, "proto", None) for node in at._tree]
    sent = [text_format.MessageToString(proto, as_utf8=True) for proto in protos if proto]
    sent += [str(getattr(node, "value", "")) for node in at._tree]
    text = ESCAPED.sub(lambda match: chr(int(match[1], 16)), "\n".join(sent))
    return text.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")


def is_default(visit, row: Row, name: str, state: dict[str, str]) -> bool:
    """Whether a page without this parameter opens in the same state: addresses leave out defaults."""
    query = {key: value for key, value in row.query.items() if key != name}
    return name not in state and address(visit(row.page, state["lang"], **query).at) == state


@pytest.mark.parametrize("language", ["en", at_length("ko")])
def test_every_place_holds_what_the_table_says(language, visit, monkeypatch):
    # What browsers write beside maps that they compute is what the server writes: test_map_pictures.py.
    monkeypatch.setattr(in_browser, "reads", lambda run: False)
    table = texts.table(language)
    missing = []
    for place, rows in places(language).items():
        at = visit(rows[0].page, language, **rows[0].query).at
        for popover in POPOVERS:
            at.session_state[popover] = True
        at.run()
        assert [warning.value for warning in at.warning] == [], place
        page, state = on_page(at), address(at)
        wanted = [table[name] for row in rows for name in row.holds]
        wanted += [word for row in rows for word in row.words]
        missing += [(place, word) for word in wanted if word not in page]
        for name, value in rows[0].query.items():
            if state.get(name) != value and not is_default(visit, rows[0], name, state):
                missing.append((place, f"{name}={value}"))
    assert missing == []
