"""Charts of the layers: one line a layer, the same series from the first second on."""

from __future__ import annotations

import math

import pytest
from test_curves import START, shape_of

from cnn_core import texts
from cnn_core.figures.layer_curves import (
    MEASURES,
    MOST_MARKERS,
    MOST_POINTS,
    LayerWords,
    Measure,
    layer_alt,
    layer_curves,
)
from cnn_core.figures.palette import LIGHT
from cnn_core.progress.events import LayerFigures, LayersMeasured
from cnn_core.progress.history import History

LAYERS = ["conv1", "dense1", "output"]


def step(epoch: int, batch: int, size: float = 0.2) -> LayersMeasured:
    figures = {
        name: LayerFigures(size * 10**place, size / 100, 0.1 * place, 0.0)
        for place, name in enumerate(LAYERS)
    }
    return LayersMeasured(epoch, batch, 0.01, figures)


def run(*steps: LayersMeasured) -> History:
    return History(4, started=START, layers=steps)


def option(history: History, measure: Measure = "gradient") -> dict:
    words = LayerWords.of(texts.table("en"), measure)
    return layer_curves(history, LAYERS, measure, words=words, palette=LIGHT)


def lines(history: History, measure: Measure = "gradient") -> dict[str, list]:
    return {
        line["id"]: [item["value"] for item in line["data"]]
        for line in option(history, measure)["series"]
    }


def test_each_layer_is_a_line_at_the_place_of_the_measured_step() -> None:
    history = run(step(1, 1), step(2, 6, 0.4))
    assert lines(history) == {
        "conv1": [[0.0, 0.2], [1.5, 0.4]],
        "dense1": [[0.0, 2.0], [1.5, 4.0]],
        "output": [[0.0, 20.0], [1.5, 40.0]],
    }
    assert lines(history, "update")["conv1"] == [[0.0, 0.002], [1.5, 0.004]]
    assert lines(history, "zeros")["dense1"] == [[0.0, 10.0], [1.5, 10.0]]
    looks = {(line["color"], line["symbol"]) for line in option(history)["series"]}
    assert len(looks) == len({colour for colour, _ in looks}) == 3
    assert len({symbol for _, symbol in looks}) == 3


@pytest.mark.parametrize("measure", MEASURES)
def test_the_shape_is_the_same_from_the_first_second_on(measure: Measure) -> None:
    empty, full = option(run(), measure), option(run(step(1, 1), step(1, 9)), measure)
    assert shape_of(empty) == shape_of(full)
    assert empty.keys() == full.keys()
    assert [line["id"] for line in empty["series"]] == LAYERS


def test_the_log_axes_reach_over_whole_powers_of_ten() -> None:
    axis = option(run(step(1, 1)))["yAxis"]
    assert (axis["type"], axis["min"], axis["max"]) == ("log", 0.1, 100.0)
    equal = {name: LayerFigures(1.0, 1.0, 0.0, 0.0) for name in LAYERS}
    axis = option(run(LayersMeasured(1, 1, 0.1, equal)))["yAxis"]
    assert (axis["min"], axis["max"]) == (1.0, 10.0)
    axis = option(run(step(1, 1, 0.02)), "update")["yAxis"]
    assert axis["min"] < 1e-3 < axis["max"], "the line of the usual ratio lies inside"
    axis = option(run(step(1, 1, 0.5)), "update")["yAxis"]
    assert axis["min"] < 1e-3 < axis["max"]
    axis = option(run(step(1, 1)), "zeros")["yAxis"]
    assert (axis["type"], axis["min"], axis["max"]) == ("value", 0, 100)


def test_what_a_log_axis_cannot_hold_is_a_gap() -> None:
    figures = {"conv1": LayerFigures(0.0, math.nan, math.nan, 0.0)}
    lost = LayersMeasured(1, 2, 0.1, figures)
    history = run(step(1, 1), lost)
    assert [y for _, y in lines(history)["conv1"]] == [0.2, None]
    assert [y for _, y in lines(history)["dense1"]] == [2.0, None], "a layer that is not in it"
    assert [y for _, y in lines(history, "update")["conv1"]] == [0.002, None]
    assert [y for _, y in lines(history, "zeros")["conv1"]] == [0.0, None]


def test_a_long_run_is_thinned_and_keeps_a_few_markers() -> None:
    history = run(*(step(1 + n // 10, 1 + n % 10, 0.1 + n % 7) for n in range(2_000)))
    for line in option(history)["series"]:
        assert len(line["data"]) <= MOST_POINTS
        assert 5 <= sum(item["symbolSize"] > 0 for item in line["data"]) <= MOST_MARKERS


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("measure", MEASURES)
def test_the_text_for_screen_readers_names_first_and_last_value(
    measure: Measure, language: str
) -> None:
    words = LayerWords.of(texts.table(language), measure)
    assert words.title in layer_alt(run(), LAYERS, measure, words=words)
    text = layer_alt(run(step(1, 1), step(2, 1, 0.4)), LAYERS, measure, words=words)
    values = {"gradient": ("2", "4"), "update": ("0.002", "0.004")}
    first, last = values.get(measure, ("10%", "10%"))
    assert f"dense1 {first} → {last}" in text
    assert "{" not in text
    lost = LayersMeasured(1, 1, 0.1, {})
    assert words.nothing in layer_alt(run(lost), LAYERS, measure, words=words)
