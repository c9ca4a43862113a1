"""The confusion matrix (ECharts) and the calibration curve (Plotly): plain, in order, readable."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.analysis.evaluation import calibration
from cnn_core.figures import evaluation as figures
from cnn_core.figures import palette

NAMES = ["cat", "dog", "owl"]
MATRIX = np.array([[90, 10, 0], [1, 98, 1], [0, 0, 0]])
BOTH = pytest.mark.parametrize("language", ["en", "ko"])


def confusion_words(language: str = "en") -> figures.ConfusionWords:
    return figures.ConfusionWords.of(texts.table(language))


def heatmap(as_percent: bool = False, marked: tuple[int, int] | None = None) -> figures.Option:
    return figures.confusion_heatmap(
        MATRIX,
        NAMES,
        as_percent=as_percent,
        marked=marked,
        words=confusion_words(),
        palette=palette.LIGHT,
    )


def cells(option: figures.Option) -> list[figures.Option]:
    return list(option["series"][0]["data"])


def test_a_cell_is_found_by_row_times_classes_plus_column() -> None:
    for index, cell in enumerate(cells(heatmap())):
        row, column = divmod(index, 3)
        assert cell["value"][:2] == [column, row]
        assert cell["name"].startswith(f"{NAMES[row]} → {NAMES[column]}: {MATRIX[row, column]} ")


def test_the_first_true_class_stands_at_the_top() -> None:
    option = heatmap()
    assert option["yAxis"]["inverse"]
    assert option["yAxis"]["data"] == option["xAxis"]["data"] == NAMES


def test_cells_count_or_give_the_share_of_their_row() -> None:
    counts = [cell["label"].get("formatter") for cell in cells(heatmap())]
    assert counts == ["90", "10", "0", "1", "98", "1", "0", "0", "0"]
    shares = [cell["label"].get("formatter") for cell in cells(heatmap(as_percent=True))]
    assert shares == ["90", "10", "0.0", "1.0", "98", "1.0", "0.0", "0.0", "0.0"]


def test_thousands_are_separated_and_a_narrow_chart_shortens_them() -> None:
    matrix = np.array([[1077, 10, 0], [1, 12_345, 1], [0, 0, 999]])
    option = figures.confusion_heatmap(
        matrix, NAMES, as_percent=False, marked=None, words=confusion_words(), palette=palette.LIGHT
    )
    assert [cells(option)[place]["label"]["formatter"] for place in (0, 4, 8)] == [
        "1,077", "12,345", "999",
    ]  # fmt: skip
    (media,) = option["media"]
    narrow = media["option"]["series"][0]["data"]
    assert [narrow[place]["label"]["formatter"] for place in (0, 1, 4, 8)] == [
        "1.1k", "10", "12k", "999",
    ]  # fmt: skip
    assert [cell["name"] for cell in narrow] == [cell["name"] for cell in cells(option)]
    assert "media" not in heatmap()


def test_the_colour_is_the_root_of_the_share_and_nothing_is_grey() -> None:
    found = cells(heatmap())
    assert [cell["value"][2] for cell in found[:2]] == [
        pytest.approx(math.sqrt(0.9), abs=1e-4),
        pytest.approx(math.sqrt(0.1), abs=1e-4),
    ]
    empty = [cell for cell, count in zip(found, MATRIX.ravel(), strict=True) if count == 0]
    assert all(cell["visualMap"] is False for cell in empty)
    assert all(cell["itemStyle"]["color"] == figures.NOTHING for cell in empty)
    assert not any(cell["label"]["show"] for cell in empty)


def test_numbers_stand_out_from_their_cell() -> None:
    scale = palette.stops("sequential", 101)

    def luminance(colour: str) -> float:
        parts = [value / 255 for value in palette.rgb(colour)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for percent in range(1, 101):
        matrix = np.array([[percent, 100 - percent], [0, 100]])
        cell = figures.confusion_heatmap(
            matrix,
            ["a", "b"],
            as_percent=True,
            marked=None,
            words=confusion_words(),
            palette=palette.LIGHT,
        )["series"][0]["data"][0]
        behind = luminance(scale[round(cell["value"][2] * 100)])
        text = luminance(cell["label"]["color"])
        ratio = (max(behind, text) + 0.05) / (min(behind, text) + 0.05)
        assert ratio >= 4.5, (percent, ratio)


def test_only_the_chosen_cell_is_framed_selected_or_not() -> None:
    found = cells(heatmap(marked=(1, 2)))
    framed = [index for index, cell in enumerate(found) if cell["itemStyle"]["borderWidth"] > 1]
    assert framed == [1 * 3 + 2]
    assert found[5]["select"]["itemStyle"] == found[5]["itemStyle"]
    assert heatmap()["series"][0]["select"]["itemStyle"]["borderWidth"] == 1


def test_long_class_names_are_slanted_and_digits_are_not() -> None:
    def slant(names: list[str]) -> int:
        return int(
            figures.confusion_heatmap(
                np.eye(2, dtype=np.int64),
                names,
                as_percent=False,
                marked=None,
                words=confusion_words(),
                palette=palette.DARK,
            )["xAxis"]["axisLabel"]["rotate"]
        )

    assert (slant(["0", "1"]), slant(["T-shirt/top", "Bag"])) == (0, 45)


def test_many_classes_have_no_room_for_numbers() -> None:
    option = figures.confusion_heatmap(
        np.eye(13, dtype=np.int64),
        [str(place) for place in range(13)],
        as_percent=False,
        marked=(12, 12),
        words=confusion_words(),
        palette=palette.LIGHT,
    )
    assert len(cells(option)) == 169
    assert not any("formatter" in cell["label"] for cell in cells(option))


@BOTH
def test_a_screen_reader_hears_the_score_and_the_worst_mistakes(language: str) -> None:
    said = figures.confusion_alt(MATRIX, NAMES, words=confusion_words(language))
    for part in ("188", "200", "3", "dog", "10"):
        assert part in said
    figures.confusion_alt(np.zeros((2, 2), np.int64), ["a", "b"], words=confusion_words(language))


def curve(language: str = "en") -> tuple[dict, str]:
    shares = np.array([[0.95, 0.05], [0.92, 0.08], [0.35, 0.65], [0.55, 0.45]])
    found = calibration(shares, np.array([0, 1, 1, 0]))
    words = figures.CalibrationWords.of(texts.table(language))
    chart = figures.calibration_chart(found, colour="#123456", words=words, palette=palette.LIGHT)
    return chart.to_plotly_json(), figures.calibration_alt(found, words=words)


def test_the_curve_has_a_point_for_each_bin_that_holds_images() -> None:
    chart, said = curve()
    ideal, points, counts = chart["data"]
    assert list(zip(points["x"], points["y"], strict=True)) == [
        (55.0, 100.0),
        (65.0, 100.0),
        (pytest.approx(93.5), 50.0),
    ]
    assert (list(ideal["x"]), list(ideal["y"])) == ([0, 100], [0, 100])
    assert list(counts["y"]) == [0, 0, 0, 0, 0, 1, 1, 0, 0, 2]
    np.testing.assert_allclose(counts["x"], np.arange(5, 100, 10))
    assert points["hovertext"][2] == "Confidence 93.5%: 50.0% correct, 2 images"
    assert counts["hovertext"][0] == "Confidence -: - correct, 0 images"
    assert "93.5%" in said
    assert "50.0%" in said


def test_both_plots_share_the_axis_of_confidence_and_do_not_overlap() -> None:
    layout = curve()[0]["layout"]
    assert layout["yaxis"]["domain"][0] > layout["yaxis2"]["domain"][1]
    assert layout["xaxis"]["range"] == [0, 100]
    assert layout["xaxis"]["anchor"] == "y2"
    assert layout["xaxis"]["title"]["text"] == "Confidence (%)"
    assert layout["yaxis"]["title"]["text"] == "Correct (%)"


@BOTH
def test_options_travel_as_strict_json(language: str) -> None:
    chart, said = curve(language)
    json.dumps(chart, allow_nan=False)
    json.dumps(heatmap(marked=(0, 0)), allow_nan=False)
    assert "{" not in said


def test_no_images_give_an_empty_curve() -> None:
    words = figures.CalibrationWords.of(texts.table("en"))
    found = calibration(np.zeros((0, 10)), np.zeros(0, int))
    chart = figures.calibration_chart(found, colour="#123456", words=words, palette=palette.DARK)
    assert list(chart.data[1].x) == []
    json.dumps(chart.to_plotly_json(), allow_nan=False)
