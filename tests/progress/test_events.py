"""Every event comes back from its line, and a line is JSON that every reader accepts."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnn_core.progress.events import (
    FINITE,
    KINDS,
    LARGEST,
    MOST_LAYERS,
    REASONS,
    BatchEnd,
    Control,
    EpochEnd,
    Evaluating,
    Event,
    LayerFigures,
    LayersMeasured,
    LearningRateChanged,
    RunEnded,
    Score,
    from_json,
    to_json,
)

numbers = some.floats(allow_nan=False, allow_infinity=False)
scores = some.dictionaries(
    some.sampled_from(["train", "val", "test"]), some.builds(Score, numbers, numbers)
)
samples = some.integers(1, 3).flatmap(
    lambda classes: some.lists(some.lists(numbers, min_size=classes, max_size=classes), max_size=3)
)
layers = some.dictionaries(
    some.from_regex(r"(conv|dense)[1-9]|output", fullmatch=True),
    some.builds(LayerFigures, numbers, numbers, numbers, numbers),
    max_size=MOST_LAYERS,
)
BY_TYPE: dict[str, Any] = {
    "int": some.integers(1, LARGEST),
    "float": numbers,
    "bool": some.booleans(),
    "str": some.text(),
    "dict[str, Score]": scores,
    "dict[str, LayerFigures]": layers,
    "list[list[float]]": samples,
}


BY_NAME: dict[str, Any] = {
    "reason": some.sampled_from(REASONS),
    **dict.fromkeys(FINITE, some.floats(0, LARGEST)),
}


def event_of(kind: type) -> some.SearchStrategy[Event]:
    return some.builds(
        kind,
        **{it.name: BY_NAME.get(it.name, BY_TYPE[str(it.type)]) for it in fields(kind)},
    )


FIGURES = '{"gradient": 1, "update": 1, "zeros": 0, "silent": 0}'
MEASURED = '{"kind": "LayersMeasured", "epoch": 1, "batch": 1, "seconds": 0, "layers": %s}'
ENDED = '{"kind": "RunEnded", "reason": "stopped", "epochs": 1, "best_epoch": 1, "seconds": 1, %s}'
events = some.one_of([event_of(kind) for kind in KINDS.values()])


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@given(events)
def test_every_event_comes_back_from_its_line(event: Event) -> None:
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event
    assert json.loads(line)["kind"] == type(event).__name__


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_written_as_null_and_read_as_not_a_number(
    bad: float,
) -> None:
    said = [
        BatchEnd(1, 2, 3, loss=bad, accuracy=0.1, learning_rate=0.1, images_per_s=1.0),
        EpochEnd(1, bad, bad, bad, bad, learning_rate=bad, seconds=1.0),
        LayersMeasured(1, 2, 0.1, {"conv1": LayerFigures(bad, bad, 0.0, bad)}),
        LearningRateChanged(1, 2, bad),
        RunEnded("diverged", 1, 0, 3.0, {"val": Score(bad, 0.1)}, [[bad, 0.5]]),
    ]
    for event in said:
        line = to_json(event)
        json.loads(line, parse_constant=refuse_constant)
        back = from_json(line)
        assert to_json(back) == line
    last = from_json(to_json(said[-1]))
    assert isinstance(last, RunEnded)
    assert math.isnan(last.scores["val"].loss)
    assert math.isnan(last.samples[0][0])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        '{"kind": "BatchEnd", "epoch": 1',
        "[]",
        "null",
        "{}",
        '{"kind": "Nothing"}',
        '{"kind": ["BatchEnd"]}',
        '{"kind": "Score", "loss": 1, "accuracy": 1}',
        '{"kind": "Paused"}',
        '{"kind": "Paused", "epoch": 1, "batch": 2, "more": 3}',
        MEASURED % "3",
        MEASURED % "[]",
        MEASURED % '{"conv1": 3}',
        MEASURED % '{"conv1": {"gradient": 1}}',
        MEASURED % f'{{"<b>": {FIGURES}}}',
        MEASURED % f'{{"conv1": {FIGURES.replace("0", "[0]")}}}',
        MEASURED % json.dumps({f"conv{number}": json.loads(FIGURES) for number in range(1, 10)}),
        ENDED % '"scores": 3',
        ENDED % '"scores": {"val": 3}',
        ENDED % '"scores": {"val": {"loss": 1}}',
        ENDED % '"samples": 3',
        ENDED % '"time": null',
        ENDED % '"time": 1e300',
        ENDED.replace("stopped", "converged") % '"time": 0',
        ENDED.replace('"epochs": 1', '"epochs": "1"') % '"time": 0',
        '{"kind": "Paused", "epoch": 0, "batch": 2}',
        '{"kind": "Paused", "epoch": true, "batch": 2}',
        '{"kind": "Paused", "epoch": 1, "batch": 1' + "0" * 400 + "}",
    ],
)
def test_a_line_that_is_no_event_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever of its subclasses
        from_json(line)


@given(some.text())
def test_any_text_is_an_event_or_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(line)


@given(events, some.integers(0, 400))
def test_half_a_line_is_a_value_error(event: Event, length: int) -> None:
    line = to_json(event)
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(line[: min(length, len(line) - 1)])


def test_an_event_without_figures_is_one_word() -> None:
    assert to_json(Evaluating()) == '{"kind": "Evaluating"}'


def test_nothing_is_asked_of_a_run_at_first() -> None:
    assert Control() == Control(stop=False, paused=False, steps=0, learning_rate=None)


def test_scores_of_unknown_parts_and_samples_of_unequal_length_are_left_out() -> None:
    score = '{"loss": 1, "accuracy": 0.5}'
    line = ENDED % f'"scores": {{"val": {score}, "more": {score}}}, "samples": [[0.5, 0.5], [1]]'
    ended = from_json(line)
    assert isinstance(ended, RunEnded)
    assert ended.scores == {"val": Score(1.0, 0.5)}
    assert ended.samples == []
