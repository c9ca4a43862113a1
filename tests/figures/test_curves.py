"""The options of the live charts: what they hold, and what never changes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnn_core import texts
from cnn_core.figures.curves import (
    MAX_POINTS,
    CurveWords,
    accuracy_curves,
    alt_text,
    loss_curves,
    thin,
)
from cnn_core.figures.palette import DARK, LIGHT, Palette
from cnn_core.figures.ranges import MOST_LOSS, Point, accuracy_range, loss_range
from cnn_core.figures.still_curves import curve_svg
from cnn_core.progress.events import BatchEnd, EpochEnd, LearningRateChanged, RunEnded, RunStarted
from cnn_core.progress.history import History

WORDS = {measure: CurveWords.of(texts.table("en"), measure) for measure in ("loss", "accuracy")}
MAKERS = {"loss": loss_curves, "accuracy": accuracy_curves}
START = RunStarted(333_526, 9_600, 10, "float32")


def some_run(epochs: int = 4, *, cut: bool = False, planned: int = 6, **more: Any) -> History:
    """Falling losses; validation lowest in epoch 3. With `cut`, the last epoch stops at batch 4."""
    batches, ends = [], []
    for epoch in range(1, epochs + 1):
        last = cut and epoch == epochs
        for number in range(1, (4 if last else 10) + 1):
            loss = 2.3 if (epoch, number) == (1, 1) else 0.6 / epoch + 0.01 * number
            batches.append(BatchEnd(epoch, number, 10, loss, 0.8, 1e-3, 1_000.0))
        val = 0.4 + 0.05 * abs(epoch - 3)
        ends.append(EpochEnd(epoch, 0.6 / epoch, 0.8, val, 0.85, 1e-3, 9.0, complete=not last))
    return History(planned, tuple(batches), tuple(ends), started=START, **more)


def option(history: History, measure: str = "loss", colours: Palette = LIGHT) -> dict[str, Any]:
    return MAKERS[measure](history, words=WORDS[measure], palette=colours)


def series(history: History, measure: str = "loss") -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in option(history, measure)["series"]}


def values(data: Sequence[Any]) -> list[list[float]]:
    return [item["value"] if isinstance(item, dict) else list(item) for item in data]


def shape_of(value: Any) -> Any:
    """The keys of an option, its data left out: what has to stay while the run goes on."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items() if key not in {"data", "label"}}
    return [shape_of(item) for item in value] if isinstance(value, list) else type(value).__name__


STAGES = {
    "nothing": History(6),
    "first batches": replace(some_run(1), epochs=()),
    "one epoch": some_run(1),
    "all epochs": some_run(4),
    "stopped": some_run(4, cut=True, ended=RunEnded("stopped", 4, 3, 30.0)),
}


@pytest.mark.parametrize("measure", MAKERS)
@pytest.mark.parametrize("stage", STAGES)
def test_the_chart_has_the_same_series_from_the_first_second_to_the_last(stage: str, measure: str):
    ids = [one["id"] for one in option(STAGES[stage], measure)["series"]]
    assert ids == ["batches", "training", "validation", "learning_rate"]
    drawn, empty = (shape_of(option(h, measure)["series"]) for h in (STAGES[stage], History(6)))
    assert drawn == empty


@pytest.mark.parametrize("measure", MAKERS)
@pytest.mark.parametrize("stage", STAGES)
def test_an_option_is_plain_json_without_functions(stage: str, measure: str):
    text = json.dumps(option(STAGES[stage], measure), allow_nan=False)
    assert "function" not in text
    assert option(STAGES[stage], measure)["animation"] is False


def test_points_stand_at_the_end_of_their_epoch_and_batches_inside():
    drawn = series(some_run(2))
    assert values(drawn["training"]["data"]) == [[1.0, 0.6], [2.0, 0.3]]
    assert values(drawn["validation"]["data"]) == [[1.0, 0.5], [2.0, 0.45]]
    assert values(drawn["batches"]["data"])[:2] == [[0.1, 2.3], [0.2, 0.62]]
    assert values(drawn["batches"]["data"])[-1][0] == 2.0


def test_accuracies_are_percentages():
    drawn = option(some_run(2), "accuracy")
    assert values(drawn["series"][1]["data"]) == [[1.0, 80.0], [2.0, 80.0]]
    assert drawn["yAxis"]["max"] == 100
    assert drawn["tooltip"]["valueFormatter"] == "%.2f%%"


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_training_is_blue_and_validation_is_orange(colours: Palette):
    drawn = {one["id"]: one["color"] for one in option(some_run(), colours=colours)["series"]}
    assert drawn["training"] == colours.training
    assert drawn["batches"] == colours.batches
    assert drawn["validation"] == colours.validation


def test_the_best_epoch_has_a_dashed_line_and_a_point_of_its_own():
    validation = series(some_run(4))["validation"]
    (mark,) = validation["markLine"]["data"]
    assert (mark["xAxis"], mark["label"]["formatter"]) == (3.0, "Best epoch: 3")
    assert validation["markLine"]["lineStyle"]["type"] == "dashed"
    symbols = [isinstance(p, dict) and p.get("symbol") for p in validation["data"]]
    assert symbols == [False, False, "diamond", False]


@pytest.mark.parametrize(("epochs", "side"), [(1, "left"), (4, "right")])
def test_the_label_of_the_best_epoch_points_into_the_chart(epochs: int, side: str):
    (mark,) = series(some_run(epochs))["validation"]["markLine"]["data"]
    assert mark["label"]["align"] == side


def test_an_epoch_stopped_on_its_way_is_hollow_and_stands_where_it_stopped():
    drawn = series(some_run(4, cut=True))
    for name in ("training", "validation"):
        *whole, cut = drawn[name]["data"]
        assert cut["itemStyle"]["color"] == LIGHT.background
        assert cut["value"][0] == pytest.approx(3.4)
        assert all(not isinstance(p, dict) or "itemStyle" not in p for p in whole)


def test_a_changed_learning_rate_is_marked_where_it_begins():
    history = some_run(4, learning_rates=(LearningRateChanged(3, 6, 1e-4),))
    marks = series(history)["learning_rate"]["markLine"]
    (mark,) = marks["data"]
    assert (mark["xAxis"], mark["label"]["formatter"]) == (2.5, "Learning rate 0.0001")
    assert marks["lineStyle"]["color"] == LIGHT.mark


def test_what_is_not_a_number_is_a_gap():
    ends = (*some_run(2).epochs, EpochEnd(3, math.nan, 0.1, math.inf, 0.1, 1e-3, 9.0))
    lost = BatchEnd(3, 1, 10, math.nan, 0.1, 1e-3, 1_000.0)
    history = replace(some_run(2), epochs=ends, batches=(*some_run(2).batches, lost))
    drawn = series(history)
    assert values(drawn["training"]["data"])[-1] == [3.0, None]
    assert values(drawn["validation"]["data"])[-1] == [3.0, None]
    assert values(drawn["batches"]["data"])[-1] == [2.1, None]
    assert not drawn["batches"]["connectNulls"]
    assert option(history)["yAxis"] == option(some_run(2))["yAxis"]


def test_the_axis_of_epochs_is_the_planned_one():
    assert option(some_run(2, planned=20))["xAxis"]["max"] == 20
    assert option(some_run(2, planned=20))["xAxis"]["interval"] == 2
    assert option(some_run(1, planned=1))["xAxis"]["interval"] == 0.25


def test_a_first_loss_of_2_3_does_not_flatten_the_curve():
    assert option(replace(some_run(1), epochs=()))["yAxis"]["max"] >= 2.3
    assert option(some_run(1))["yAxis"]["max"] <= 1
    assert option(History(6))["yAxis"]["max"] >= math.log(10)


def test_the_legend_takes_clicks_only_when_no_update_would_undo_them():
    assert option(some_run(2))["legend"]["selectedMode"] is False
    assert option(STAGES["stopped"])["legend"]["selectedMode"] is True


def test_every_word_of_a_chart_was_passed_in():
    marked = CurveWords(*(f"§{name}" for name in CurveWords.__slots__))
    history = some_run(4, learning_rates=(LearningRateChanged(3, 6, 1e-4),))
    drawn = loss_curves(history, words=marked, palette=LIGHT)
    shown = [drawn["title"]["text"], drawn["xAxis"]["name"], drawn["yAxis"]["name"]]
    shown += [entry["name"] for entry in drawn["legend"]["data"]]
    shown += [
        m["label"]["formatter"]
        for one in drawn["series"]
        for m in one.get("markLine", {}).get("data", [])
    ]
    shown.append(drawn["xAxis"]["axisPointer"]["label"]["formatter"])
    assert all(word.startswith("§") for word in shown)
    assert {entry["name"] for entry in drawn["legend"]["data"]} == {
        one["name"] for one in drawn["series"] if one["name"]
    }


def test_alt_text_tells_the_numbers():
    assert alt_text(some_run(4), "loss", words=WORDS["loss"]) == (
        "Loss after 4 of 6 epochs: training from 0.600 to 0.150, validation from 0.500 to 0.450,"
        " best epoch 3."
    )
    assert "80.0%" in alt_text(some_run(4), "accuracy", words=WORDS["accuracy"])
    assert "0.700" in alt_text(STAGES["first batches"], "loss", words=WORDS["loss"])
    assert "6 epochs" in alt_text(History(6), "loss", words=WORDS["loss"])


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_alt_text_of_what_is_not_a_number(language: str):
    words = CurveWords.of(texts.table(language), "loss")
    lost = History(6, epochs=(EpochEnd(1, math.nan, 0.1, math.nan, 0.1, 1e-3, 9.0),))
    assert "nan" not in alt_text(lost, "loss", words=words)
    assert words.nothing in alt_text(lost, "loss", words=words)


HEIGHTS = st.floats(-1e6, 1e6) | st.none()
POINTS = st.lists(HEIGHTS, max_size=300).map(
    lambda ys: list(zip(map(float, range(len(ys))), ys, strict=True))
)


@given(POINTS, st.integers(10, 60))
def test_thinning_keeps_what_catches_the_eye(points: list[Point], limit: int):
    kept = thin(points, limit)
    assert len(kept) <= limit
    assert kept == sorted(kept, key=lambda point: point[0])
    assert set(kept) <= set(points)
    finite, kept_finite = ([y for _, y in these if y is not None] for these in (points, kept))
    if points:
        assert (kept[0], kept[-1]) == (points[0], points[-1])
    if finite:
        assert (min(kept_finite), max(kept_finite)) == (min(finite), max(finite))
    assert any(y is None for _, y in kept) == any(y is None for _, y in points)


def test_thinning_leaves_the_line_behind_as_it_was():
    points: list[Point] = [(float(x), math.sin(x * 12.9898) * 43_758 % 1) for x in range(1_300)]
    before = thin(points[:1_000])
    assert thin(points)[: len(before) - 3] == before[:-3]


def test_a_short_line_is_not_thinned():
    points: list[Point] = [(float(x), 1.0) for x in range(MAX_POINTS)]
    assert thin(points) == points


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_loss_that_runs_away_is_cut_off_and_this_is_said_in_the_chart_and_in_words(language: str):
    words = CurveWords.of(texts.table(language), "loss")
    losses = [2.1, 1.9, 3.0, 5e4, 2e9]
    ends = tuple(EpochEnd(n, y, 0.3, y, 0.3, 1e-3, 1.0) for n, y in enumerate(losses, 1))
    history = History(8, epochs=ends, started=START)
    option = loss_curves(history, words=words, palette=LIGHT)
    assert option["yAxis"]["max"] < 1.5 * MOST_LOSS
    sentence = option["title"]["subtext"]
    assert "2.00 × 10⁹" in sentence
    assert sentence in alt_text(history, "loss", words=words)
    picture = curve_svg(history, "loss", words=words)
    assert picture.count(sentence) == 2
    assert picture.count("<circle") == 3 + 1, "three epochs in the plot, and the legend's"
    calm = History(8, epochs=ends[:3], started=START)
    assert loss_curves(calm, words=words, palette=LIGHT)["title"]["subtext"] == ""
    assert "2.00 × 10⁹" not in curve_svg(calm, "loss", words=words)


def test_a_loss_that_is_huge_from_the_start_is_shown():
    ends = tuple(EpochEnd(n, 100.0 + n, 0.3, 100.0, 0.3, 1e-3, 1.0) for n in (1, 2))
    option = loss_curves(History(8, epochs=ends, started=START), words=WORDS["loss"], palette=LIGHT)
    assert 102 < option["yAxis"]["max"] < 300
    assert option["title"]["subtext"] == ""


FIGURES = st.floats(0, 1e9)


@given(st.lists(FIGURES, max_size=20), st.lists(FIGURES, max_size=50))
@example([13.0], [0.0] * 27)
def test_no_epoch_leaves_the_picture(epochs: list[float], batches: list[float]):
    points: list[Point] = [(0.02 * number, y) for number, y in enumerate(batches)]
    low, high, step = loss_range(epochs, points)
    assert low == 0
    assert all(y <= high for y in epochs if y <= MOST_LOSS)
    assert not epochs or any(y <= high for y in epochs)
    assert 1 <= round(high / step) <= 10
    shares = [y % 100 for y in epochs]
    low, high, step = accuracy_range(shares, [(x, y % 100) for x, y in points if y is not None])
    assert 0 <= low < high == 100
    assert all(low <= y for y in shares)
    assert step <= 20


@given(
    st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), max_size=8),
    st.lists(st.floats(width=32), max_size=60),
    st.sampled_from(sorted(MAKERS)),
)
def test_no_number_breaks_the_option(
    epochs: list[tuple[float, float]], losses: list[float], measure: str
):
    history = History(
        8,
        tuple(BatchEnd(1, n, 60, y, y, 1e-3, 1.0) for n, y in enumerate(losses, 1)),
        tuple(EpochEnd(n, a, a, b, b, 1e-3, 1.0) for n, (a, b) in enumerate(epochs, 1)),
        started=START,
    )
    drawn = option(history, measure)
    json.dumps(drawn, allow_nan=False)
    assert drawn["yAxis"]["min"] < drawn["yAxis"]["max"]
