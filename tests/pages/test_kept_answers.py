"""What is remembered of answers: one budget for all of them, one question at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from patience import until

from pages.network.memory import Answers, size_of


@dataclass(frozen=True, slots=True)
class Pair:
    first: np.ndarray
    second: dict[str, np.ndarray]


def megabytes(count: float) -> np.ndarray:
    return np.zeros(int(count * 1e6), np.uint8)


def test_the_answers_asked_for_longest_ago_make_room_for_new_ones():
    answers = Answers(megabytes=1.0)
    for name in ("a", "b", "c"):
        answers.keep(name, megabytes(0.3))
    assert answers.get("a") is not None  # and so "b" is the oldest
    answers.keep("d", megabytes(0.3))
    assert answers.get("b") is None
    assert all(answers.get(name) is not None for name in ("a", "c", "d"))


@pytest.mark.parametrize("size", [0.001, 0.07, 0.4, 0.99])
def test_the_budget_holds_whatever_is_kept(size):
    answers = Answers(megabytes=1.0)
    for number in range(40):
        answers.keep(number % 30, megabytes(size))
        assert size * 1e6 <= answers.bytes <= 1e6


def test_an_answer_larger_than_the_budget_is_given_and_not_kept():
    answers = Answers(megabytes=1.0)
    answers.keep("small", megabytes(0.5))
    assert answers.ask("large", lambda: megabytes(2.0)).nbytes == 2_000_000
    assert answers.get("large") is None
    assert answers.get("small") is not None


def test_a_newer_answer_takes_the_place_of_the_older():
    answers = Answers(megabytes=1.0)
    answers.keep("a", megabytes(0.9))
    answers.keep("a", megabytes(0.1))
    assert len(answers.get("a")) == 100_000
    assert answers.bytes < 110_000


def test_visitors_with_the_same_question_ask_once():
    answers, asked, may_answer = Answers(1.0), [], threading.Event()

    def look():
        asked.append(threading.current_thread().name)
        may_answer.wait()
        return "answer"

    got = []
    threads = [
        threading.Thread(target=lambda: got.append(answers.ask("question", look))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    until(lambda: asked)
    may_answer.set()
    for thread in threads:
        thread.join()
    assert got == ["answer"] * 5
    assert len(asked) == 1


def test_who_waits_for_a_question_that_fails_asks_again():
    answers = Answers(1.0)
    with pytest.raises(ValueError, match="no answer"):
        answers.ask("question", _fail)
    assert answers.ask("question", lambda: 5) == 5


def _fail() -> None:
    raise ValueError("no answer")


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        (megabytes(0.2), 2e5),
        (megabytes(0.2)[::-1], 2e5),
        ([megabytes(0.2), megabytes(0.1)], 3e5),
        ({"a": (megabytes(0.2),), "b": {"c": megabytes(0.2)}}, 4e5),
        (Pair(megabytes(0.2), {"b": megabytes(0.2)}), 4e5),
        (bytes(200_000), 2e5),
    ],
)
def test_a_size_counts_every_array_of_an_answer(answer, size):
    assert size_of(answer) == pytest.approx(size, rel=0.01)
