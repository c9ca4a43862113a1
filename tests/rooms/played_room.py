"""A room with two people in it, and the keys of two presenters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnn_core import rooms, texts
from cnn_core.errors import RoomError

HOST, OTHER = "the presenter's key", "another key"
ANN, BOB = "a" * 16, "b" * 16
INK = bytes([0] * 100 + [255] * 100 + [0] * 584)


@pytest.fixture
def room() -> rooms.Room:
    room = rooms.create(HOST)
    for person in (ANN, BOB):
        room.join(person)
    return room


def refusal(act: Callable[[], object]) -> RoomError:
    """The error of a call; both its sentences must be there, with every slot filled."""
    with pytest.raises(RoomError) as caught:
        act()
    for language in texts.LANGUAGES:
        sentence = caught.value.sentence(language)
        assert sentence
        assert "{" not in sentence
        assert "\n" not in sentence
    return caught.value
