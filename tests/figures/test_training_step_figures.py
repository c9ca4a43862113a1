"""The charts of a training step: where the lines and the point are, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.figures import training_step as figures
from cnn_core.figures.palette import LIGHT
from cnn_core.figures.training_step import HistoryWords, LayerWords, Slice, SliceWords, digits

RATES = np.array([1e-3, 1e-2, 1e-1, 1.0])
SLICE = Slice(
    RATES, np.array([2.0, 1.0, 3.0, 1e9]), np.array([2.2, 2.1, 1.5, 4.0]), 2.25, 1, 0.0571, "Adam"
)
LANGUAGES = pytest.mark.parametrize("language", texts.LANGUAGES)


def chart(slice_: Slice, language: str = "en") -> dict:
    option = figures.slice_chart(slice_, words=SliceWords.of(texts.table(language)), palette=LIGHT)
    json.dumps(option, allow_nan=False)
    return option


@LANGUAGES
def test_the_slice_has_the_losses_of_both_lines_and_marks_the_chosen_rate(language: str) -> None:
    step, gradient, here = chart(SLICE, language)["series"]
    assert [point["value"] for point in step["data"]] == [
        [1e-3, 2.0], [1e-2, 1.0], [0.1, 3.0], [1.0, 1e9],
    ]  # fmt: skip
    assert [point["value"][1] for point in gradient["data"]] == [2.2, 2.1, 1.5, 4.0]
    assert here["data"][0]["value"] == [0.01, 1.0]
    assert "Adam" in figures.slice_alt(SLICE, words=SliceWords.of(texts.table(language)))


def test_lines_are_drawn_where_they_are_and_not_rounded_to_two_digits() -> None:
    marks = chart(SLICE)["series"][-1]["markLine"]
    assert [line.get("yAxis", line.get("xAxis")) for line in marks["data"]] == [2.25, 0.0571]
    assert marks["precision"] >= 10


def test_a_loss_beyond_the_chart_is_marked_at_its_upper_edge() -> None:
    option = chart(replace(SLICE, place=3))
    here = option["series"][-1]
    assert option["yAxis"]["max"] == pytest.approx(4.5)
    assert here["data"][0]["value"] == [1.0, option["yAxis"]["max"]]
    assert here["symbol"] == "triangle"


@pytest.mark.parametrize("before", [5.8e-5, 1e-12, 0.0, 700.0])
def test_the_loss_before_is_on_the_chart_however_small(before: float) -> None:
    option = chart(replace(SLICE, before=before, overshoot=None))
    assert 0 <= before <= option["yAxis"]["max"]
    assert len(option["series"][-1]["markLine"]["data"]) == 1


def test_a_step_along_the_gradient_has_one_line_and_no_number_is_left_out_of_json() -> None:
    after = np.array([2.0, 1.0, np.inf, np.nan])
    option = chart(
        replace(SLICE, after=after, along_gradient=np.array([2.0, 1.0, 5.0, 6.0]), place=2)
    )
    assert len(option["series"][0]["data"]) == 2
    plain = chart(replace(SLICE, along_gradient=SLICE.after))
    assert [line["type"] for line in plain["series"]] == ["line", "scatter"]


@LANGUAGES
def test_layers_are_listed_on_the_way_back(language: str) -> None:
    words = LayerWords.of(texts.table(language))
    names, outputs, weights = ["output", "pool1", "conv1"], [0.3, 0.02, 0.0], [1.5, None, 0.4]
    option = figures.layers_chart(names, outputs, weights, words=words, palette=LIGHT)
    json.dumps(option, allow_nan=False)
    first, second = option["series"]
    assert [point["value"] for point in first["data"]] == [
        [0.3, "output"], [0.02, "pool1"], [figures.FLOOR, "conv1"],
    ]  # fmt: skip
    assert [point and point["value"][0] for point in second["data"]] == [1.5, None, 0.4]
    assert option["yAxis"]["data"] == names
    assert option["xAxis"]["min"] <= 0.02
    assert "conv1" in figures.layers_alt(names, outputs, words=words)


def test_a_loss_that_explodes_is_drawn_on_a_log_axis() -> None:
    words = HistoryWords.of(texts.table("en"))
    flat, log = (
        figures.history_chart(losses, words=words, palette=LIGHT)
        for losses in ([2.3, 1.1, 22.0], [2.3, 0.0, 4e6, float("inf")])
    )
    assert (flat["yAxis"]["type"], flat["yAxis"]["name"]) == ("value", words.loss)
    assert (log["yAxis"]["type"], log["yAxis"]["name"]) == ("log", words.loss_log)
    [series] = log["series"]
    assert [point["value"] for point in series["data"]] == [[0, 2.3], [1, figures.FLOOR], [2, 4e6]]
    assert "loss 0" in series["data"][1]["name"]


@LANGUAGES
def test_the_history_has_every_step(language: str) -> None:
    words = HistoryWords.of(texts.table(language))
    option = figures.history_chart([2.3, 1.1, float("inf")], words=words, palette=LIGHT)
    assert [point["value"] for point in option["series"][0]["data"]] == [[0, 2.3], [1, 1.1]]
    assert "2.30" in figures.history_alt([2.3, 1.1], words=words)


@pytest.mark.parametrize(
    ("value", "count", "text"),
    [
        (0.4123, 3, "0.412"), (-0.05, 3, "−0.0500"), (1319.6, 3, "1,320"), (0.0, 3, "0"),
        (-5.8e-5, 2, "−5.8 × 10⁻⁵"), (1.5e9, 2, "1.5 × 10⁹"), (float("inf"), 3, "–"),
        (9.9996, 4, "10.00"), (1e-6, 1, "1 × 10⁻⁶"), (2.316, 6, "2.31600"),
    ],
)  # fmt: skip
def test_numbers_have_as_many_digits_as_are_asked_for(value: float, count: int, text: str) -> None:
    assert digits(value, count) == text
