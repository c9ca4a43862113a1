"""The drawing of a network, read as what it is: XML."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from cnn_core import texts
from cnn_core.arithmetic import layer_table, table_until_break
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig
from cnn_core.figures.architecture import DiagramWords, architecture_svg, short_count
from cnn_core.figures.palette import KINDS

DIAGRAM = DiagramWords.of(texts.table("en"))
LARGEST = ModelConfig(
    blocks=(
        ConvBlock(8, 5, padding="valid", pool="average"),
        ConvBlock(16, 3, 2),
        ConvBlock(64),
        ConvBlock(512),
    ),
    dense=(2048, 512, 64),
    input_shape=(128, 96, 3),
    classes=100,
)
DOZEN = ModelConfig(blocks=(ConvBlock(512, 7, pool="none"),), dense=(16,), classes=12)
SMALLEST = ModelConfig(
    blocks=(ConvBlock(1, 1, pool="none"),), dense=(), dropout=0.0, input_shape=(1, 1, 1), classes=2
)


def cells(config: ModelConfig, words: DiagramWords = DIAGRAM) -> list[ElementTree.Element]:
    drawing = architecture_svg(layer_table(config), config.input_shape, words=words)
    return list(ElementTree.fromstring(drawing))


def lines(cell: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in cell.iter("text")]


def test_the_textbook_network_as_a_picture():
    assert [lines(cell) for cell in cells(TEXTBOOK)] == [
        ["Input", "28×28×1"],
        ["Convolution", "28×28×32", "3×3 same", "320", "params"],
        ["Max pool", "14×14×32", "2×2"],
        ["Convolution", "14×14×64", "3×3 same", "18.5k", "params"],
        ["Max pool", "7×7×64", "2×2"],
        ["Flatten", "3,136"],
        ["Dense", "100", "313.7k", "params"],
        ["Dropout", "100"],
        ["Output", "10", "1,010", "params"],
    ]


def test_stride_and_padding_are_written_where_they_matter():
    assert lines(cells(LARGEST)[1])[2] == "5×5 valid"
    assert lines(cells(LARGEST)[2])[0] == "Avg pool"
    assert lines(cells(LARGEST)[3])[2] == "3×3 /2 same"


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def outline(shape: ElementTree.Element) -> tuple[list[float], list[float]]:
    """The horizontal and the vertical places a shape reaches."""
    size = {
        name: float(shape.get(name, 0)) for name in ("x", "y", "width", "height", "cx", "cy", "r")
    }
    if shape.tag == "circle":
        return [size["cx"] - size["r"], size["cx"] + size["r"]], [
            size["cy"] - size["r"],
            size["cy"] + size["r"],
        ]
    if shape.tag == "rect":
        return [size["x"], size["x"] + size["width"]], [size["y"], size["y"] + size["height"]]
    return _path(shape.get("d", ""))


def _path(data: str) -> tuple[list[float], list[float]]:
    x = y = 0.0
    xs, ys = [], []
    for command, rest in re.findall(r"([Mmhvlz])([^Mmhvlz]*)", data):
        values = numbers(rest)
        if command == "M":
            x, y = values
        elif command == "h":
            x += values[0]
        elif command == "v":
            y += values[0]
        elif command in "ml":
            x, y = x + values[0], y + values[1]
        xs.append(x)
        ys.append(y)
    return xs, ys


@pytest.mark.parametrize(
    "config", [TEXTBOOK, LARGEST, DOZEN, SMALLEST], ids=["textbook", "largest", "dozen", "smallest"]
)
def test_nothing_is_drawn_outside_its_cell_or_over_its_text(config: ModelConfig):
    for cell in cells(config):
        _, _, width, height = numbers(cell.get("viewBox", ""))
        captions = [float(text.get("y", 0)) for text in cell.iter("text")]
        assert max(captions) < height
        for shape in (s for s in cell.iter() if s.tag in {"rect", "circle", "path"}):
            xs, ys = outline(shape)
            assert 0 <= min(xs) <= max(xs) <= width, shape.attrib
            assert 0 <= min(ys) <= max(ys) <= min(captions) - 9, shape.attrib


def test_more_channels_are_more_sheets_and_a_smaller_map_is_a_smaller_sheet():
    parts = [
        [shape for shape in cell if shape.get("fill-opacity") in {"0.2", "0.35"}]
        for cell in cells(TEXTBOOK)
    ]
    assert [len(sheets) for sheets in parts[:5]] == [1, 6, 6, 7, 7]
    fronts = [float(sheets[-1].get("width", 0)) for sheets in parts[:5]]
    assert fronts[0] == fronts[1] > fronts[2] == fronts[3] > fronts[4]
    assert len(list(cells(DOZEN)[1].iter("path"))) == 8  # seven more sheets, and the arrow


def test_a_network_that_breaks_is_drawn_up_to_the_layer_that_breaks_it():
    valid = ConvBlock(8, 3, padding="valid")
    config = ModelConfig(blocks=(valid,) * 4)
    rows, broken = table_until_break(config)
    assert broken is not None
    drawing = architecture_svg(rows, (28, 28, 1), words=DIAGRAM, broken=broken.layer)
    *whole, last = list(ElementTree.fromstring(drawing))
    assert len(whole) == 1 + len(rows)
    assert lines(last) == [broken.layer, "nothing left"]
    assert KINDS["broken"] in ElementTree.tostring(last, "unicode")
    assert KINDS["broken"] not in "".join(ElementTree.tostring(cell, "unicode") for cell in whole)


def test_the_drawing_has_words_for_those_who_do_not_see_it():
    drawing = ElementTree.fromstring(
        architecture_svg(layer_table(TEXTBOOK), (28, 28, 1), words=DIAGRAM)
    )
    assert drawing.get("role") == "img"
    label = drawing.get("aria-label", "")
    assert label.startswith(
        "Network of 8 layers with 333,526 parameters: Input 28×28×1 → Convolution 28×28×32"
    )
    tips = [cell.findtext("title") for cell in drawing]
    assert tips[1] == "conv1: ⌈28 / 1⌉ = 28; (3×3×1 + 1) × 32 = 320"
    assert tips[7] == "dropout"


def test_words_are_escaped():
    wicked = replace(DIAGRAM, broken="<script>", kinds={**DIAGRAM.kinds, "conv": '"><script>&'})
    drawing = architecture_svg(layer_table(TEXTBOOK), (28, 28, 1), words=wicked, broken="<b>")
    assert "<script" not in drawing
    assert "<b>" not in drawing
    assert ElementTree.fromstring(drawing) is not None


def test_the_drawing_is_one_line_so_that_markdown_leaves_it_alone():
    assert "\n" not in architecture_svg(layer_table(LARGEST), LARGEST.input_shape, words=DIAGRAM)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_kind_of_layer_has_a_name_in_every_language(language: str):
    words = DiagramWords.of(texts.table(language))
    assert set(words.kinds) == {
        *("input", "conv", "pool_max", "pool_average", "flatten", "dense", "dropout", "output")
    }
    assert cells(LARGEST, words)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (320, "320"), (9_999, "9,999"), (18_496, "18.5k"), (313_700, "313.7k"),
     (20_000, "20k"), (999_949, "999.9k"), (999_950, "1M"), (3_200_000, "3.2M")],
)  # fmt: skip
def test_short_count(number: int, text: str):
    assert short_count(number) == text
