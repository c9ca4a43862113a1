"""One thread at a time computes, in the order of asking, and its holder can let the others go first."""

from __future__ import annotations

import threading

import pytest
from patience import until

from cnn_core import runs
from cnn_core.engine import looks
from cnn_core.engine.turns import TURNS, Turns


def test_who_gives_way_goes_on_after_those_that_waited_and_before_those_that_come_later() -> None:
    turns, order, begun = Turns(), list[str](), threading.Event()

    def look(name: str) -> None:
        with turns.held():
            order.append(name)
            if name == "first":
                begun.set()
                until(lambda: turns._given == 5)  # a later look has asked, after the training

    threads = [threading.Thread(target=look, args=(name,)) for name in ("first", "second", "late")]
    with turns.held():
        assert not turns.wanted
        turns.give_way()
        order.append("training")
        for count, thread in enumerate(threads[:2], 2):
            thread.start()
            until(lambda count=count: turns._given == count)
        assert turns.wanted
        starter = threading.Thread(target=lambda: (begun.wait(), threads[2].start()))
        starter.start()
        turns.give_way()
        order.append("training")
    for thread in (starter, *threads):
        thread.join()
    assert order == ["training", "first", "second", "training", "late"]


def test_a_turn_that_ends_in_an_error_is_passed_on() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="of a look"), turns.held():
        raise ValueError("of a look")
    with turns.held():
        assert not turns.wanted


def test_only_one_thread_computes_at_a_time() -> None:
    turns, inside, most = Turns(), list[int](), list[int]()

    def work() -> None:
        for _ in range(200):
            with turns.held():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 800


def test_a_look_waits_for_its_turn_beside_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, answers = list[str](), list[str]()
    monkeypatch.setattr(looks, "_opened", lambda run_id, *_: opened.append(run_id))
    monkeypatch.setitem(looks.LOOKS, "letters", "string:capwords")
    monkeypatch.setattr("string.capwords", lambda opened, text: text)
    run_id = runs.shipped_runs()[0].id
    thread = threading.Thread(
        target=lambda: answers.append(looks.look("letters", run_id, ("an answer",)))
    )
    with TURNS.held():
        thread.start()
        until(lambda: TURNS.wanted)
        assert not opened
        TURNS.give_way()
        assert opened == [run_id]
        until(lambda: answers == ["an answer"])
    thread.join()
    assert not TURNS.wanted
