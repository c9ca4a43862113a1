"""Where people of a room are: kept in memory, bounded, and errors counted as they are met."""

from __future__ import annotations

from cnn_core.rooms import presence
from cnn_core.rooms.presence import Presence

ERROR, OTHER = (
    {"en": "Too large.", "ko": "너무 큽니다."},
    {"en": "Too many.", "ko": "너무 많습니다."},
)


def test_a_place_is_the_page_and_its_set_up() -> None:
    here = Presence()
    assert here.of("ann") is None
    here.note("ann", "playground", {"blocks": "8"})
    place = here.of("ann")
    assert place is not None
    assert (place.page, place.query) == ("playground", {"blocks": "8"})
    assert place.at > 0
    here.note("ann", "draw", {"x": "y" * 3_000})
    assert here.of("ann").query == {}, "a set-up that is too long"


def test_the_same_error_counts_once_for_each_set_up_and_each_order() -> None:
    here = Presence()
    for _ in range(3):
        here.note_trouble("ann", ERROR, {"epochs": "60"})
    assert here.of("ann").times == 1, "the page is drawn again"
    here.note_trouble("ann", ERROR, {"epochs": "70"})
    here.note_trouble("ann", ERROR, {"epochs": "70"}, again=True)
    assert here.of("ann").times == 3
    here.note("ann", "playground", {"epochs": "70"})
    assert here.of("ann").times == 3, "asking for news does not change that"
    here.note_trouble("ann", {}, {"epochs": "70"})
    assert here.of("ann").times == 3, "an order that was refused: the page itself shows no error"
    here.note_trouble("ann", OTHER, {"epochs": "80"})
    assert here.of("ann").times == 1
    here.note_trouble("ann", {}, {"epochs": "5"})
    assert here.of("ann").times == 0
    here.note_trouble("ann", ERROR, {"epochs": "5"}, again=True)
    here.note_trouble("ann", {}, {}, again=True)
    assert (here.of("ann").times, here.of("ann").trouble) == (0, {})


def test_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(presence, "MOST", 3)
    here = Presence()
    for number in range(5):
        here.note(f"{number}", "draw", {})
    assert [here.of(f"{number}") is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
