"""Every word in every chart can be read, 14 pixels and 4.5:1; a new figure fails until it is here."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_curves import some_run

from cnn_core import texts
from cnn_core.analysis.comparison import Spread
from cnn_core.analysis.deletion import replaced_shares
from cnn_core.analysis.evaluation import calibration
from cnn_core.analysis.evaluation import per_class as class_scores
from cnn_core.figures import (
    activations,
    charts,
    curves,
    deletion,
    differences,
    embedding,
    embedding_space,
    evaluation,
    kernels,
    landscape,
    layer_curves,
    overlay,
    per_class,
    rate_range,
    robustness,
    surgery,
    sweeps,
    training_step,
)
from cnn_core.figures.palette import DARK, KINDS, LIGHT, READABLE, Palette, contrast, ink, readable
from cnn_core.figures.text_style import readable_option
from cnn_core.progress.events import LearningRateChanged
from cnn_core.progress.learning_rates import RateCurve, Usable

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "cnn_core" / "figures"
PARTS = {"config", "toolbox", "layout", "axis", "frame", "in_a_narrow_chart", "readable_option"}
"""What returns a part of a chart, or a chart that it was given."""
TABLE = texts.table("en")
NAMES = ["bag", "coat", "a shirt"]
MATRIX = np.array([[1700, 3, 0], [2, 40, 9], [0, 1, 5]])
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=(3, 3, 1, 4)).astype(np.float32)
LABELS = RANDOM.integers(0, 3, 30)
CONTROLS = charts.ControlWords.of(TABLE)
RUN = some_run(4, learning_rates=(LearningRateChanged(2, 3, 1e-4),))
AXES = [
    sweeps.Axis("kernel", (3, 5), ("3", "5")),
    sweeps.Axis("units", (8, 16), ("8", "16")),
    sweeps.Axis("rate", low=1e-4, high=1e-1, log=True),
]
POINTS = [sweeps.Point(1, (3, 8, 1e-3), 0.8), sweeps.Point(2, (5, 16, 1e-2), 0.9)]
STEP = training_step.Slice(
    np.array([1e-3, 1e-2]), np.array([2.0, 1.0]), np.array([2.2, 2.1]), 2.25, 1, 5e-3, "Adam"
)
SWEEP = sweeps.SweepWords.of(TABLE)
SURGERY = surgery.Words.of(TABLE)


def cloud(dimensions: int) -> embedding.Cloud:
    points, sure = RANDOM.normal(size=(30, dimensions)), RANDOM.random(30)
    return embedding.Cloud(points, LABELS, LABELS[::-1], sure, np.ones(30, bool))


ECHARTS: dict[str, Callable[[Palette], dict[str, Any]]] = {
    "activations.activation_curves": lambda p: activations.activation_curves(
        {"relu": (np.zeros(2), np.ones(2))}, np.arange(2.0),
        words=activations.ActivationWords.of(TABLE), palette=p
    ),
    "curves.loss_curves": lambda p: curves.loss_curves(
        RUN, words=curves.CurveWords.of(TABLE, "loss"), palette=p
    ),
    "curves.accuracy_curves": lambda p: curves.accuracy_curves(
        RUN, words=curves.CurveWords.of(TABLE, "accuracy"), palette=p
    ),
    "deletion.deletion_chart": lambda p: deletion.deletion_chart(
        {"occlusion": np.linspace(1, 0, len(replaced_shares())), "random": np.zeros(len(replaced_shares()))},
        {"occlusion": "occlusion", "random": "random"}, "deletion", probability="P",
        words=deletion.DeletionWords.of(TABLE), palette=p,
    ),
    "differences.matrix_difference": lambda p: differences.matrix_difference(
        MATRIX, MATRIX.T, NAMES, words=differences.DifferenceWords.of(TABLE), palette=p
    ),
    "differences.probability_bars": lambda p: differences.probability_bars(
        {"a": np.array([0.1, 0.9, 0])}, NAMES, words=differences.DifferenceWords.of(TABLE), palette=p
    ),
    "embedding.scatter": lambda p: embedding.scatter(
        cloud(2), NAMES, title="points", axes=("x", "y"), ticks=True, marked=3,
        words=embedding.Words.of(TABLE), controls=CONTROLS, palette=p,
    ),
    "evaluation.confusion_heatmap": lambda p: evaluation.confusion_heatmap(
        MATRIX, NAMES, as_percent=False, marked=(0, 1),
        words=evaluation.ConfusionWords.of(TABLE), palette=p,
    ),
    "kernels.weight_histogram": lambda p: kernels.weight_histogram(
        WEIGHTS, 2 * WEIGHTS, layer="conv1", epoch=3, limit=0.1, controls=CONTROLS, palette=p,
        extent=kernels.Extent(2, 0.5, 20), words=kernels.HistogramWords.of(TABLE),
    ),
    "layer_curves.layer_curves": lambda p: layer_curves.layer_curves(
        RUN, ["conv1", "output"], "update",
        words=layer_curves.LayerWords.of(TABLE, "update"), palette=p,
    ),
    "overlay.overlay": lambda p: overlay.overlay(
        [overlay.Curves("a", "a", RUN)], "epochs", words=overlay.OverlayWords.of(TABLE), palette=p
    ),
    "overlay.bands": lambda p: overlay.bands(
        {"a": [Spread(0.8, 0.01, 3)]}, words=overlay.BandWords.of(TABLE), palette=p
    ),
    "rate_range.rate_range": lambda p: rate_range.rate_range(
        {0: RateCurve((1e-4, 1e-3), (2.3, 1.0), exploded=False)}, Usable(1e-4, 1e-3, 5e-4),
        words=rate_range.RateWords.of(TABLE), palette=p,
    ),
    "robustness.robustness_chart": lambda p: robustness.robustness_chart(
        {"a": [0.9, 0.5], "b": [0.8, 0.6]}, ["0°", "30°"], "Rotate",
        words=robustness.RobustnessWords.of(TABLE), palette=p,
    ),
    "surgery.difference_heatmap": lambda p: surgery.difference_heatmap(
        MATRIX, MATRIX.T, NAMES, words=SURGERY, palette=p
    ),
    "surgery.kernel_heatmap": lambda p: surgery.kernel_heatmap(
        WEIGHTS[..., 0, 0], WEIGHTS[..., 0, 1], 2.0, (1, 1), words=SURGERY, palette=p
    ),
    "surgery.ranking_bars": lambda p: surgery.ranking_bars(
        surgery.Ranking([3, 0], [1, 2], 80, 100), layer="conv1", words=SURGERY, palette=p
    ),
    "sweeps.history": lambda p: sweeps.history(POINTS, AXES, 8, words=SWEEP, palette=p),
    "sweeps.parallel": lambda p: sweeps.parallel(POINTS, AXES, words=SWEEP, palette=p),
    "sweeps.slice_of": lambda p: sweeps.slice_of(POINTS, AXES, 2, words=SWEEP, palette=p),
    "sweeps.importance": lambda p: sweeps.importance({"rate": 0.8}, words=SWEEP, palette=p),
    "sweeps.heat": lambda p: sweeps.heat(POINTS, AXES, words=SWEEP, palette=p),
    "training_step.slice_chart": lambda p: training_step.slice_chart(
        STEP, words=training_step.SliceWords.of(TABLE), palette=p
    ),
    "training_step.layers_chart": lambda p: training_step.layers_chart(
        ["conv1", "pool1"], [0.1, 0.2], [0.3, None],
        words=training_step.LayerWords.of(TABLE), palette=p,
    ),
    "training_step.history_chart": lambda p: training_step.history_chart(
        [2.0, 1.0], words=training_step.HistoryWords.of(TABLE), palette=p
    ),
}  # fmt: skip
PLOTLY: dict[str, Callable[[Palette], Any]] = {
    "embedding_space.scatter": lambda p: embedding_space.scatter(
        cloud(3), NAMES, title="points", axes=["x", "y", "z"], marked=3,
        words=embedding.Words.of(TABLE), palette=p,
    ),
    "evaluation.calibration_chart": lambda p: evaluation.calibration_chart(
        calibration(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0])),
        colour=p.test, words=evaluation.CalibrationWords.of(TABLE), palette=p,
    ),
    "landscape.landscape": lambda p: landscape.landscape(
        np.arange(3.0), np.arange(3.0), np.arange(1.0, 10).reshape(3, 3),
        [landscape.Walk("run", np.arange(2), np.zeros((2, 2)), {0: 2.0, 1: 1.0}, 1)],
        title="loss", axes=("x", "y"), words=landscape.LandscapeWords.of(TABLE), palette=p,
    ),
    "per_class.chart": lambda p: per_class.chart(
        class_scores(MATRIX), NAMES, colour=p.test, words=per_class.Words.of(TABLE), palette=p
    ),
}  # fmt: skip
THEMES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
TEXT = {"axisLabel", "nameTextStyle", "textStyle", "subtextStyle", "pageTextStyle", "label"}
"""Keys of an ECharts option under which size and colour of a text stand."""
NEEDED = {
    "title": ("textStyle", "subtextStyle"),
    "legend": ("textStyle", "pageTextStyle"),
    "tooltip": ("textStyle",),
    "visualMap": ("textStyle",),
    "xAxis": ("axisLabel", "nameTextStyle"),
    "yAxis": ("axisLabel", "nameTextStyle"),
    "parallelAxis": ("axisLabel", "nameTextStyle"),
    "series": ("label",),
}


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, (*path, key))
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, path)


def figures_of(kind: str) -> set[str]:
    """Public functions of all figure modules that return that kind of chart."""
    return {
        f"{path.stem}.{node.name}"
        for path in FIGURES.glob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.returns is not None
        if ast.unparse(node.returns) == kind and node.name not in PARTS
        if not node.name.startswith("_")
    }


def test_every_figure_has_an_example_here() -> None:
    assert figures_of("Option") == set(ECHARTS)
    assert figures_of("Figure") == set(PLOTLY)


def test_pages_show_echarts_through_one_door_alone() -> None:
    pages = {
        str(p.relative_to(ROOT))
        for p in (ROOT / "pages").rglob("*.py")
        if ".echarts_chart(" in p.read_text("utf-8")
    }
    assert pages == {"pages/elements/chart.py"}


@pytest.mark.parametrize("name", ["overlay.overlay", "rate_range.rate_range"])
def test_words_below_a_title_are_whole_on_a_phone(name: str) -> None:
    option = ECHARTS[name](LIGHT)
    assert option["title"]["subtext"]
    [narrow] = option["media"]
    style = narrow["option"]["title"]["subtextStyle"]
    assert style["overflow"] == "break"
    assert style["width"] <= 320, "of a screen of 390 px"


@THEMES
@pytest.mark.parametrize("name", ECHARTS)
def test_text_of_an_echarts_figure(name: str, palette: Palette) -> None:
    option = readable_option(ECHARTS[name](palette), palette)
    for part, keys in NEEDED.items():
        parts = option.get(part, [])
        for one in parts if isinstance(parts, list) else [parts]:
            for key in keys:
                assert one[key]["fontSize"] >= charts.TEXT_PX, (part, key)
                assert contrast(one[key]["color"], palette.background) >= READABLE, (part, key)
    for path, node in walk(option):
        if path and path[-1] in TEXT and isinstance(node, dict):
            assert node.get("fontSize", charts.TEXT_PX) >= charts.TEXT_PX, path
            colour = node.get("color")
            if colour and "data" in path and "markLine" not in path:
                assert colour in {"#000000", "#ffffff"}, "on a cell: `ink` of what is behind it"
            elif colour:
                assert contrast(colour, palette.background) >= READABLE, path


@THEMES
@pytest.mark.parametrize("name", PLOTLY)
def test_text_of_a_plotly_figure(name: str, palette: Palette) -> None:
    chart = PLOTLY[name](palette).to_plotly_json()
    fonts = {
        (*path, key): (font, node.get("bgcolor", palette.background))
        for path, node in walk(chart)
        if isinstance(node, dict)
        for key, font in node.items()
        if key.endswith("font")
    }
    assert ("layout", "font") in fonts
    for path, (font, background) in fonts.items():
        assert font["size"] >= charts.TEXT_PX, path
        assert contrast(font["color"], background) >= READABLE, path


@THEMES
def test_colours_of_text(palette: Palette) -> None:
    assert contrast(palette.text, palette.background) >= 7
    assert contrast(palette.quiet, palette.background) >= READABLE
    for colour in (*palette.classes, *KINDS.values(), palette.validation):
        shade = readable(colour, palette.background)
        assert contrast(shade, palette.background) >= READABLE
        assert shade == colour or contrast(colour, palette.background) < READABLE


@THEMES
def test_a_number_on_a_weight_can_be_read(palette: Palette) -> None:
    html = kernels.kernel_grid(np.linspace(-1, 1, 49).reshape(7, 7), 1.0, "", palette.diverging)
    cells = re.findall(r"background:rgb\((\d+),(\d+),(\d+)\);color:(#\w+)", html)
    assert len(cells) == 49
    for *channels, colour in cells:
        behind = "#{:02x}{:02x}{:02x}".format(*map(int, channels))
        assert colour == ink(behind)
        assert contrast(colour, behind) >= READABLE


def test_a_title_at_the_top_has_room_for_korean_letters():
    styled = readable_option({"title": {"text": "검증 정확도", "top": 0}}, LIGHT)
    text = styled["title"]["textStyle"]
    assert text["lineHeight"] >= 1.3 * text["fontSize"]
