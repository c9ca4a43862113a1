"""What all Plotly charts share: readable letters, the palette, words on buttons; when Plotly loads."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.analysis.evaluation import calibration, per_class
from cnn_core.figures import charts, embedding, embedding_space, evaluation, landscape
from cnn_core.figures import per_class as class_figures
from cnn_core.figures.palette import DARK, LIGHT, Palette, readable, stops

RANDOM = np.random.default_rng(0)
ROOT = Path(__file__).parent.parent.parent
LABELS = RANDOM.integers(0, 3, 60)


CLOUD = embedding.Cloud(
    RANDOM.normal(size=(60, 3)), LABELS, LABELS[::-1], RANDOM.random(60), np.ones(60, bool)
)


def every_chart(language: str, palette: Palette) -> Iterator[dict[str, Any]]:
    table, names = texts.table(language), ["a", "b", "c"]
    yield embedding_space.scatter(
        CLOUD, names, title="points", axes=["one", "two", "three"], marked=3,
        words=embedding.Words.of(table), palette=palette,
    ).to_plotly_json()  # fmt: skip
    yield evaluation.calibration_chart(
        calibration(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0])),
        colour=palette.test, words=evaluation.CalibrationWords.of(table), palette=palette,
    ).to_plotly_json()  # fmt: skip
    walk = landscape.Walk("a", np.arange(3), RANDOM.normal(size=(3, 2)), {1: 0.5, 2: 0.4}, 2)
    yield landscape.landscape(
        np.arange(-2.0, 3), np.arange(-2.0, 3), RANDOM.random((5, 5)) + 0.1, [walk, walk],
        title="losses", axes=("one", "two"), words=landscape.LandscapeWords.of(table),
        palette=palette,
    ).to_plotly_json()  # fmt: skip
    yield class_figures.chart(
        per_class(np.array([[9, 1, 0], [0, 9, 1], [1, 0, 9]])), names,
        colour=palette.test, words=class_figures.Words.of(table), palette=palette,
    ).to_plotly_json()  # fmt: skip


def walk(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{path}.{key}")
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from walk(value, path)


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_letters_are_large_axes_are_named_and_colours_are_of_the_palette(
    language: str, palette: Palette
) -> None:
    ours = {*palette.classes, "#000000", "#ffffff"} | {
        readable(colour, palette.background) for colour in palette.classes
    }
    ours |= {*stops("sequential", landscape.STEPS)}
    ours |= {value for value in vars_of(palette) if isinstance(value, str)}
    for chart in every_chart(language, palette):
        found = list(walk(chart))
        assert chart["layout"]["title"]["text"]
        for path, value in found:
            if re.search(r"font\.size$", path):
                assert value >= charts.TEXT_PX == 14, path
            if isinstance(value, str) and re.fullmatch("#[0-9a-f]{6}", value):
                assert value in ours, path
        scene = chart["layout"].get("scene", chart["layout"])
        axes = {name: it for name, it in scene.items() if re.fullmatch(r"[xyz]axis\d?", name)}
        unnamed = [name for name, it in axes.items() if not it["title"]["text"]]
        assert unnamed in ([], ["yaxis"]), "only the axis of classes needs no name"
        assert all("tickfont" in it for it in axes.values())


def vars_of(palette: Palette) -> list[object]:
    return [getattr(palette, name) for name in palette.__slots__]


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_there_is_zoom_pan_reset_and_download_and_nothing_else(
    language: str, dimensions: int
) -> None:
    words = charts.ControlWords.of(texts.table(language))
    config = charts.config("name", words, dimensions=dimensions, picture="svg")
    buttons = [name for group in config["modeBarButtons"] for name in group]
    assert {re.sub("2d|3d|Default3d|Scale2d", "", name) for name in buttons} <= {
        "zoom", "pan", "reset", "resetCamera", "orbitRotation", "toImage",
    }  # fmt: skip
    assert config["toImageButtonOptions"]["format"] == "svg"
    dictionary = config["locales"][config["locale"]]["dictionary"]
    assert set(dictionary.values()) == {
        words.zoom,
        words.pan,
        words.rotate,
        words.reset,
        words.save,
    }
    assert not config["displaylogo"]


def test_plotly_is_loaded_when_a_chart_is_drawn_and_not_before() -> None:
    modules = sorted(path.stem for path in (ROOT / "cnn_core" / "figures").glob("[a-z]*.py"))
    loaded = f"import sys\nfor it in {modules}: __import__('cnn_core.figures.' + it)\n"
    code = f"{loaded}print('plotly' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
