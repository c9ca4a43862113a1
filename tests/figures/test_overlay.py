from __future__ import annotations

import json
import math

import pytest

from cnn_core import texts
from cnn_core.analysis.comparison import Spread
from cnn_core.figures import overlay
from cnn_core.figures.palette import DARK, LIGHT
from cnn_core.progress.events import EpochEnd
from cnn_core.progress.history import History

WORDS = {language: overlay.OverlayWords.of(texts.table(language)) for language in texts.LANGUAGES}
BAND = overlay.BandWords.of(texts.table("en"))


def history(epochs: int, planned: int = 10, loss: float = 2.0) -> History:
    ends = [
        EpochEnd(it, loss / it, 1 - 0.5 / it, 1.1 * loss / it, 1 - 0.6 / it, 1e-3, 4.0)
        for it in range(1, epochs + 1)
    ]
    return History(planned, epochs=tuple(ends))


def chart(*lengths: int, axis: overlay.Axis = "epochs", planned: int = 10) -> dict:
    curves = [
        overlay.Curves(f"id{i}", f"run {i}", history(n, planned)) for i, n in enumerate(lengths)
    ]
    return overlay.overlay(curves, axis, words=WORDS["en"], palette=LIGHT)


def test_every_run_has_a_colour_and_a_marker_of_its_own():
    assert len(set(overlay.MARKERS)) == overlay.MOST == 8
    for palette in (LIGHT, DARK):
        assert len(set(palette.classes[: overlay.MOST])) == overlay.MOST
    series = chart(*[3] * 8)["series"]
    solid = [it for it in series if it["lineStyle"]["type"] == "solid"]
    assert len({(it["symbol"], it["color"]) for it in solid}) == 8
    assert {it["id"].split(".")[1] for it in solid} == {"validation"}
    dashed = [it for it in series if it["lineStyle"]["type"] == "dashed"]
    assert {it["id"].split(".")[1] for it in dashed} == {"training"}
    assert {it["symbol"] for it in dashed} == {"none"}


def test_the_series_stay_the_same_while_the_runs_grow():
    def shape(option: dict) -> list[tuple[str, str]]:
        return [(it["id"], it["color"]) for it in option["series"]]

    assert shape(chart(0, 1)) == shape(chart(7, 10)) == shape(chart(7, 10, axis="seconds"))


def test_by_seconds_a_point_lies_where_its_epoch_ended():
    option = chart(3, axis="seconds")
    assert [point["value"][0] for point in option["series"][0]["data"]] == [4, 8, 12]
    assert option["xAxis"][0]["max"] >= 12
    assert chart(3)["xAxis"][0]["max"] == 10, "as many epochs as were planned"


def test_the_best_epoch_is_marked_also_of_a_long_run():
    data = chart(50, planned=50)["series"][0]["data"]
    sizes = [point.get("symbolSize") for point in data]
    assert sizes[-1] > overlay.SYMBOL_SIZE
    assert set(sizes[:-1]) == {0}


def test_a_loss_that_is_no_number_is_a_gap():
    broken = History(3, epochs=(EpochEnd(1, math.nan, 0.1, math.inf, 0.1, 1e-3, 1.0),))
    curves = [overlay.Curves("a", "a", broken), overlay.Curves("b", "b", history(2))]
    for axis in ("epochs", "seconds"):
        option = overlay.overlay(curves, axis, words=WORDS["ko"], palette=DARK)
        json.dumps(option, allow_nan=False)
        assert option["series"][0]["data"][0]["value"][1] is None


def test_more_than_eight_runs_are_refused():
    with pytest.raises(ValueError, match="At most 8"):
        chart(*[1] * 9)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_alt_text_says_the_best_epoch_of_each_run(language):
    curves = [overlay.Curves("a", "wide", history(4)), overlay.Curves("b", "new", history(0))]
    said = overlay.overlay_alt(curves, words=WORDS[language])
    assert "wide" in said
    assert "0.5500" in said
    assert "85.00%" in said
    assert "new" in said


def test_a_band_reaches_one_deviation_to_either_side():
    spreads = [Spread(0.8, 0.05, 3), Spread(0.9, 0.02, 3)]
    option = overlay.bands({"wide": spreads}, words=BAND, palette=LIGHT)
    low, high, mean = option["series"]
    assert low["data"] == pytest.approx([75, 88])
    assert [a + b for a, b in zip(low["data"], high["data"], strict=True)] == pytest.approx(
        [85, 92]
    )
    assert [point["value"] for point in mean["data"]] == pytest.approx([80, 90])
    assert low["stack"] == high["stack"]
    assert "stack" not in mean
    assert option["yAxis"]["min"] <= 75
    said = overlay.bands_alt({"wide": spreads}, words=BAND)
    assert "90.00% ± 2.00" in said
