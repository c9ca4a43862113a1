"""The report of a run: whole in itself, every figure in it, no visitor's text read as HTML."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from cnn_core import runs, texts
from cnn_core.analysis.evaluation import Predictions
from cnn_core.arithmetic import layer_table
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.export import report
from cnn_core.figures import still_curves
from cnn_core.figures.curves import CurveWords
from cnn_core.progress.events import (
    BatchEnd,
    EpochEnd,
    LearningRateChanged,
    RunEnded,
    RunStarted,
    Score,
)
from cnn_core.progress.history import History

RANDOM = np.random.default_rng(0)
NAMES = [f"class <{number}>" for number in range(10)]
HISTORY = History(
    4,
    batches=tuple(
        BatchEnd(1 + n // 5, 5 + n % 5, 10, 2 - n / 10, n / 12, 1e-3, 99) for n in range(10)
    ),
    epochs=(
        EpochEnd(1, 1.8, 0.4, 1.5, 0.5, 1e-3, 2.0, best=True),
        EpochEnd(2, 1.2, 0.6, 1.1, 0.65, 1e-3, 2.0, best=True),
        EpochEnd(3, 0.9, 0.7, float("nan"), 0.6, 5e-4, 1.0, complete=False),
    ),
    learning_rates=(LearningRateChanged(3, 2, 5e-4),),
    started=RunStarted(333_526, 8000, 250, "bfloat16"),
    ended=RunEnded("stopped", 3, 2, 5.0, {"test": Score(1.05, 0.6489)}),
)
LABELS = RANDOM.integers(0, 10, 400)
SHARES = RANDOM.random((400, 10), np.float32)
KERNELS = {
    name: (RANDOM.normal(size=shape), RANDOM.normal(size=shape))
    for name, shape in (("conv1", (3, 3, 1, 32)), ("conv2", (3, 3, 32, 64)))
}
FACTS = report.Facts(
    title="<script>alert(1)</script> & co",
    made="2026-01-31 14:25",
    story="**Stopped** in epoch 3",
    model=TEXTBOOK,
    train=TrainConfig(),
    history=HISTORY,
    names=NAMES,
    kernels=KERNELS,
    epoch=2,
    predictions=Predictions(SHARES, LABELS, 0, 400, "sample"),
    missing="",
    script='print("<b>")',
)


class Reader(HTMLParser):
    """Tags with their attributes, and the cells of every table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._inside = dict(attrs)["class"] or ""
            self.tables[self._inside] = []
        elif tag == "tr":
            self.tables[self._inside].append([])
        elif tag in {"td", "th"}:
            self.tables[self._inside][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and self.tables[self._inside]:
            self.tables[self._inside][-1][-1] += data


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_nothing_is_fetched_from_anywhere(language: str) -> None:
    text = report.to_html(FACTS, language)
    reader = Reader(text)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    for _, attributes in reader.tags:
        for name in ("src", "href", "xlink:href", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert not re.search(r"@import|url\((?!#)", text)
    assert f'lang="{language}"' in text


def test_every_picture_is_a_whole_png_with_words() -> None:
    pictures = [it for tag, it in Reader(report.to_html(FACTS, "en")).tags if tag == "img"]
    assert len(pictures) == 4
    for picture in pictures:
        png = base64.b64decode(str(picture["src"]).partition("base64,")[2])
        Image.open(io.BytesIO(png)).load()
        assert picture["alt"]


def test_the_tables_hold_the_figures() -> None:
    tables = Reader(report.to_html(FACTS, "en")).tables
    rows = layer_table(TEXTBOOK)
    assert [row[0] for row in tables["layers"][1:]] == [row.name for row in rows]
    assert [row[3] for row in tables["layers"][1:]] == [row.formula for row in rows]
    expected = confusion_matrix(LABELS, SHARES.argmax(1))
    found = [[int(cell.replace("·", "0")) for cell in row[1:]] for row in tables["confusion"][1:]]
    assert np.array_equal(found, expected)
    assert [row[0] for row in tables["confusion"][1:]] == NAMES
    assert tables["epochs"][2][:5] == ["2 ★", "1.2000", "60.00%", "1.1000", "65.00%"]
    assert tables["epochs"][3][0] == "3 …"
    assert [int(row[4]) for row in tables["classes"][1:]] == np.bincount(LABELS).tolist()


def test_words_of_a_visitor_are_words() -> None:
    text = report.to_html(FACTS, "en")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text
    assert "<b>Stopped</b> in epoch 3" in text
    assert unescape(text).count("class <3>") >= 3


HOSTILE = """<img src=x onerror="alert('1')">{{ 7 * 7 }}**<i>**"""


def test_hostile_words_stay_words_wherever_they_stand() -> None:
    """In text and in attributes; what looks like a template is not filled in either."""
    facts = replace(
        FACTS,
        title=HOSTILE,
        made=HOSTILE,
        story=HOSTILE,
        names=[f"{HOSTILE}{number}" for number in range(10)],
        kernels={HOSTILE: KERNELS["conv1"]},
        script=HOSTILE,
        history=replace(HISTORY, started=replace(HISTORY.started, precision=HOSTILE)),
    )
    honest = replace(facts, title="", made="", story="", script="", names=NAMES, kernels=KERNELS)
    for asked in ({}, {"predictions": None, "missing": HOSTILE}):
        text = report.to_html(replace(facts, **asked), "en")
        tags = Reader(text).tags
        assert {tag for tag, _ in tags} <= {
            tag for tag, _ in Reader(report.to_html(honest, "en")).tags
        }
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
        assert all(
            attributes["src"].startswith("data:") for tag, attributes in tags if tag == "img"
        )
        assert unescape(text).count("{{ 7 * 7 }}") >= 6


def test_settings_and_changes_are_told() -> None:
    text = report.to_html(FACTS, "en")
    assert "Fashion-MNIST (clothing)" in text
    assert "Trained on 8,000 images, in bfloat16." in text
    assert "In epoch 3, the learning rate was set to 0.0005 manually." in text
    assert "64.89%" in text


def test_a_network_that_cannot_be_asked_is_a_sentence() -> None:
    text = report.to_html(replace(FACTS, predictions=None, missing="No answer came."), "en")
    assert "did not respond. No answer came." in text
    assert 'class="confusion"' not in text


def test_figures_that_differ_from_those_at_the_top_are_explained() -> None:
    right = int((SHARES.argmax(1) == LABELS).sum())

    def said(accuracy: float, size: str) -> str:
        ended = replace(HISTORY.ended, scores={"test": Score(1.0, accuracy)})
        facts = replace(FACTS, history=replace(HISTORY, ended=ended), train=TrainConfig(size=size))
        return report.to_html(facts, "en")

    assert "measured in bfloat16" in said(right / 400 + 0.01, "sample")
    assert "measured in bfloat16" not in said(right / 400, "sample")
    assert "400 test images of the bundled sample" in said(right / 400, "full")


def test_a_run_that_came_to_nothing_still_has_a_report() -> None:
    empty = replace(FACTS, history=History(4), kernels={}, predictions=None, missing="")
    text = report.to_html(empty, "ko")
    assert text.count('<svg class="curve"') == 2
    assert texts.say("ko", "feature_maps.no_kernel") in text


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_the_curves_stand_where_the_figures_are(measure: str) -> None:
    words = CurveWords.of(texts.table("en"), measure)
    svg = still_curves.curve_svg(HISTORY, measure, words=words)
    tree = ET.fromstring(svg)
    dots = [it for it in tree.iter("circle") if "training" in it.attrib["class"]][:3]
    values = [getattr(end, measure) for end in HISTORY.epochs]
    heights = [float(dot.attrib["cy"]) for dot in dots]
    # Equal steps of the figures are equal steps of the picture.
    slope = (heights[1] - heights[0]) / (values[1] - values[0])
    assert slope < 0
    assert heights[2] - heights[1] == pytest.approx(slope * (values[2] - values[1]), abs=0.2)
    [line] = [
        it.attrib["d"]
        for it in tree.iter("path")
        if it.attrib["class"] == "validation" and it.attrib["d"].count("L")
    ]
    points = 2 if measure == "loss" else 3  # the loss of epoch 3 is not a number
    assert len(re.split("[ML]", line)) == points + 1
    assert "Best epoch: 2" in "".join(tree.itertext())
    assert tree.attrib["aria-label"]


def test_the_figures_of_a_shipped_run_fit_in() -> None:
    from cnn_core.runs import log as run_log

    history = run_log.history(runs.open_run("fashion"))
    for measure in ("loss", "accuracy"):
        words = CurveWords.of(texts.table("ko"), measure)
        tree = ET.fromstring(still_curves.curve_svg(history, measure, words=words))
        for dot in tree.iter("circle"):
            assert still_curves.LEFT <= float(dot.attrib["cx"]) <= still_curves.WIDTH
            assert 0 <= float(dot.attrib["cy"]) <= still_curves.HEIGHT
