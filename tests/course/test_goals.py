"""The goals as data, attempts, and what is kept of them."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from visits import PAGES

from cnn_core import runs, texts
from cnn_core.course import goals_record
from cnn_core.course.goals import GOALS, GROUPS, OF_RUNS, merged, of_run
from cnn_core.course.goals_training import Training
from cnn_core.course.progress import Progress, best
from cnn_core.lessons.reader import LESSONS
from cnn_core.progress.history import History
from cnn_core.runs import log

ATTEMPTS = st.builds(
    Progress,
    st.booleans(),
    st.lists(st.floats(-5, 5), min_size=2, max_size=2).map(tuple),
    st.floats(allow_nan=True),
)


def test_there_are_twelve_goals_of_three_groups_and_each_has_its_place() -> None:
    assert len(GOALS) == 12
    assert {goal.group for goal in GOALS.values()} == set(GROUPS)
    for goal in GOALS.values():
        assert goal.page in PAGES
        assert set(goal.lessons) <= set(LESSONS)
        assert goal.lessons


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("name", GOALS)
def test_the_texts_of_a_goal_need_no_more_than_its_numbers(language: str, name: str) -> None:
    rules = GOALS[name].rule.numbers
    for part in ("title", "task", "hint", "taught"):
        assert texts.say(language, f"goals.{name}.{part}", **rules)


@pytest.mark.parametrize("name", GOALS)
def test_a_rule_is_a_record_that_a_teacher_may_change(name: str) -> None:
    rule = GOALS[name].rule
    numbers = [
        part.name for part in fields(rule) if isinstance(getattr(rule, part.name), float | int)
    ]
    for field in numbers:
        assert getattr(replace(rule, **{field: 7}), field) == 7


@given(st.lists(ATTEMPTS | st.none()))
def test_the_best_attempt_is_one_that_no_other_beats(attempts: list[Progress | None]) -> None:
    top = best(attempts)
    there = [attempt for attempt in attempts if attempt]
    assert (top is None) == (not there)
    assert not any(attempt.beats(top) for attempt in there if top)
    assert all((attempt.share == 1) == attempt.reached for attempt in there)
    assert all(0 <= attempt.share <= 1 for attempt in there)


@pytest.mark.parametrize("network", runs.SHIPPED)
def test_the_networks_that_came_with_it_reach_no_goal_of_runs(network: str) -> None:
    run = runs.open_run(network)
    attempts = of_run(Training(run.model, run.train, log.history(run)))
    assert not any(attempt.reached for attempt in attempts.values())
    assert set(attempts) <= set(OF_RUNS)


def test_a_run_without_a_report_is_no_attempt() -> None:
    run = runs.open_run("fashion")
    assert of_run(Training(run.model, run.train, History(5))) == {}


def reached(*score: float, **numbers: str) -> Progress:
    return Progress(True, score or (1.0,), 1.0, numbers)


def test_what_was_reached_is_kept_for_the_visitor_alone() -> None:
    assert goals_record.read("us") == {}
    assert goals_record.keep("us", "field", reached(1, 14, side="14"))
    assert goals_record.keep("us", "lean", reached(1, -26_000, params="26,000"))
    kept = goals_record.read("us")
    assert kept == {
        "field": reached(1, 14, side="14"), "lean": reached(1, -26_000, params="26,000")
    }  # fmt: skip
    assert goals_record.read("them") == {}
    assert merged(kept, {})["field"].numbers == {"side": "14"}


def test_only_a_better_attempt_replaces_one_that_was_kept() -> None:
    for side in (14, 20, 16):
        goals_record.keep("us", "field", reached(1, side, side=str(side)))
    assert goals_record.read("us")["field"].numbers == {"side": "20"}


def test_an_attempt_that_falls_short_is_never_kept() -> None:
    with pytest.raises(ValueError, match="not reached"):
        goals_record.keep("us", "field", Progress(False, (1, 13)))
    with pytest.raises(KeyError):
        goals_record.keep("us", "../evil", reached())


@pytest.mark.parametrize("owner", ["../../evil", "/etc/passwd", "", "ü" * 500, "a\0b"])
def test_whatever_a_visitor_is_called_the_file_lies_in_its_folder(owner: str) -> None:
    assert goals_record.keep(owner, "field", reached())
    assert goals_record.read(owner)["field"].reached
    folder = runs.home().parent / "goals"
    assert all(len(path.stem) == 32 for path in folder.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "null", '{"field": 3}', '{"field": {"score": "x", "numbers": {}}}',
        '{"field": {"score": [1], "numbers": []}}', '{"field": {"score": [null], "numbers": {}}}',
        '{"other": {"score": [1], "numbers": {}}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_holds_nothing_and_is_replaced(content: str) -> None:
    goals_record.keep("us", "field", reached())
    [path] = (runs.home().parent / "goals").glob("*.json")
    path.write_text(content, "utf-8")
    assert goals_record.read("us") == {}
    assert goals_record.keep("us", "lean", reached())
    assert set(goals_record.read("us")) == {"lean"}


def test_files_that_nobody_wrote_to_for_half_a_year_go() -> None:
    goals_record.keep("us", "field", reached())
    folder = runs.home().parent / "goals"
    old = time.time() - goals_record.KEPT_S - 60
    for path in folder.iterdir():
        os.utime(path, (old, old))
    goals_record.keep("them", "field", reached())
    assert goals_record.read("us") == {}
    assert goals_record.read("them")


def test_more_visitors_than_are_kept_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goals_record, "MOST_KEPT", 2)
    folder = runs.home().parent / "goals"
    for age, visitor in ((300, "first"), (200, "second"), (100, "third")):
        before = {*folder.glob("*")}
        assert goals_record.keep(visitor, "field", reached())
        for path in {*folder.glob("*")} - before:
            os.utime(path, (time.time() - age,) * 2)
    assert goals_record.read("first") == {}
    assert goals_record.read("second")
    assert goals_record.read("third")
    assert len(list(folder.glob("*.json"))) == 2


def test_a_home_that_cannot_be_written_keeps_nothing_and_says_so() -> None:
    runs.home().parent.mkdir(parents=True, exist_ok=True)
    (runs.home().parent / "goals").write_text("in the way", "utf-8")
    assert goals_record.keep("us", "field", reached()) is False
    assert goals_record.read("us") == {}


def test_infinite_scores_survive_the_file() -> None:
    goals_record.keep("us", "overshoot", reached(math.inf))
    assert goals_record.read("us")["overshoot"].score == (math.inf,)
    [path] = (runs.home().parent / "goals").glob("*.json")
    assert json.loads(path.read_text("utf-8"))
