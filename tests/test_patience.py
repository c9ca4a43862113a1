"""Waiting ends as soon as it can, takes what is not there yet for untrue, and never lasts for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from patience import until


def test_the_first_true_answer_is_returned() -> None:
    answers = iter([0, "", None, 7, 8])
    assert until(lambda: next(answers), pause_s=0) == 7


def test_what_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path, looks = tmp_path / "late", iter(range(3))

    def read() -> str:
        if next(looks) == 2:
            path.write_text("here")
        return path.read_text()

    assert until(read, pause_s=0) == "here"


def test_it_does_not_wait_for_ever_and_says_what_was_missing() -> None:
    with pytest.raises(AssertionError, match="not true within 0 seconds"):
        until(lambda: False, 0)
    with pytest.raises(AssertionError) as caught:
        until(lambda: {}["key"], 0)
    assert isinstance(caught.value.__cause__, KeyError)


def test_any_other_error_is_raised_immediately() -> None:
    with pytest.raises(ZeroDivisionError):
        until(lambda: 1 / 0)
