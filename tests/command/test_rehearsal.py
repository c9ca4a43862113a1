"""What a rehearsal says: how many phones this machine carries, in words."""

from __future__ import annotations

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from cnn_core.command import phones
from cnn_core.command.phones import Measured, Window, wall_count
from cnn_core.command.rehearse import Report, share_within


def report(actions: float, wall: float, joined: int = 60, errors: int = 0) -> Report:
    measured = Measured(
        actions=[actions] * 100, wall=[wall] * 20, arrivals=[1.0], opened=[0.5],
        errors=["room: no answer"] * errors,
    )  # fmt: skip
    return Report(60, joined, measured, (200.0, 210.0))


def test_a_machine_that_is_quick_enough_carries_them_all() -> None:
    quick = report(0.2, 0.9)
    assert quick.good
    assert quick.lines()[-1] == "This machine carries a room of 60 phones."
    assert "+5%" in quick.lines()[6]


@pytest.mark.parametrize(
    ("slow", "phones"),
    [
        (report(1.6, 0.9), 30),
        (report(0.2, 3.0), 30),
        (report(0.2, 0.9, joined=50), 50),
        (report(3.2, 3.0), 15),
    ],
)
def test_a_slow_machine_carries_fewer(slow: Report, phones: int) -> None:
    assert not slow.good
    assert slow.carries == phones
    assert f"about {phones} phones" in slow.lines()[-1]


def test_errors_are_listed_and_nothing_measured_is_no_success() -> None:
    faulty = report(0.2, 0.9, errors=7)
    assert not faulty.good
    assert "Errors: 7." in faulty.lines()
    nothing = Report(60, 0, Measured(), (200.0, 200.0))
    assert not nothing.good
    assert nothing.carries == 0
    assert nothing.lines()


def test_the_time_within_which_a_part_was() -> None:
    assert share_within([], 0.95) is None
    assert share_within([0.3, 0.1, 0.2], 0.95) == 0.3
    assert share_within(range(100), 0.95) == 95


def test_the_wall_says_how_many_drawings_it_has() -> None:
    assert (
        wall_count(b'xx <div class="room-figures"><span>3 joined</span><span><b>17</b> drawings')
        == 17
    )
    assert wall_count(b"nothing") is None


def drawn_by_the_app(window: Window, page_hash: str, part: str) -> None:
    """A whole page, with one part that asks for news."""
    page, asks, finished = ForwardMsg(), ForwardMsg(), ForwardMsg()
    page.navigation.page_script_hash = page_hash
    asks.auto_rerun.fragment_id, asks.auto_rerun.interval = part, 1.0
    finished.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
    for message in (page, asks, finished):
        window._take(message.SerializeToString())


def test_a_phone_that_is_brought_to_another_page_asks_for_the_news_of_that_page() -> None:
    window = Window("http://127.0.0.1:1", "room", "", Measured())
    drawn_by_the_app(window, "of the room", "first")
    drawn_by_the_app(window, "of the room", "second")
    assert window.turns == 0
    drawn_by_the_app(window, "of the kernels", "third")
    assert window.turns == 1
    assert set(window._parts) == {"third"}


def finished(window: Window, how: ForwardMsg.ScriptFinishedStatus) -> None:
    message = ForwardMsg()
    message.script_finished = how
    window._take(message.SerializeToString())


def test_an_answer_is_not_whole_while_the_page_begins_again() -> None:
    window = Window("http://127.0.0.1:1", "room", "", Measured())
    window._pending = window.measured.actions, 0.0
    finished(window, ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    assert not window.measured.actions
    finished(window, ForwardMsg.FINISHED_SUCCESSFULLY)
    assert len(window.measured.actions) == 1


def test_a_page_turn_is_whole_after_its_last_rerun_and_counts_as_no_news() -> None:
    window = Window("http://127.0.0.1:1", "room", "", Measured())
    drawn_by_the_app(window, "of the room", "first")
    window._pending = window.measured.news, 0.0
    turn = ForwardMsg()
    turn.navigation.page_script_hash = "of the kernels"
    finished(window, ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    window._take(turn.SerializeToString())
    finished(window, ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    assert window.turns == 0
    window._take(turn.SerializeToString())
    finished(window, ForwardMsg.FINISHED_SUCCESSFULLY)
    assert (window.turns, window.measured.news) == (1, [])


def test_a_page_turn_that_never_ends_is_an_error_and_one_that_ends_makes_the_window_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent:
        def recv(self, **_: object) -> bytes:
            raise TimeoutError

    window = Window("http://127.0.0.1:1", "room", "", Measured())
    turn = ForwardMsg()
    for page_hash in ("of the room", "of the kernels"):
        turn.navigation.page_script_hash = page_hash
        window._take(turn.SerializeToString())
    finished(window, ForwardMsg.FINISHED_SUCCESSFULLY)
    assert window.ready.is_set()
    window._take(turn.SerializeToString())
    turn.navigation.page_script_hash = "of the room"
    window._take(turn.SerializeToString())
    monkeypatch.setattr(phones, "SLOW_S", 0.0)
    window._step(Silent())
    assert len(window.measured.errors) == 1
