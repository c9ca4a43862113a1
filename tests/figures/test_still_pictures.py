"""Figures that need no page around them: curves and confusion matrices as SVG files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from cnn_core import runs, texts
from cnn_core.export.pictures import curve_file
from cnn_core.figures.curves import CurveWords
from cnn_core.figures.evaluation import ConfusionWords
from cnn_core.figures.still_matrix import confusion_svg
from cnn_core.runs import log

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["<a> & b", "c", "a name that is far too long for its row"]
MATRIX = np.array([[8, 2, 0], [0, 1234, 1], [0, 0, 0]])


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("as_percent", [False, True])
def test_a_confusion_matrix_holds_every_count_and_name(language: str, as_percent: bool) -> None:
    words = ConfusionWords.of(texts.table(language))
    tree = ET.fromstring(confusion_svg(MATRIX, NAMES, as_percent=as_percent, words=words))
    written = [element.text for element in tree.iter(f"{SVG}text")]
    assert written.count("<a> & b") == written.count("c") == 2
    assert words.title in written
    numbers = ["80", "20", "100", "0"] if as_percent else ["8", "2", "1,234", "1"]
    assert written[-4:] == numbers
    cells = [cell for cell in tree.iter(f"{SVG}rect") if "fill-opacity" in cell.attrib]
    assert len(cells) == MATRIX.size
    right = {cell.attrib["fill"] for cell in cells[:: len(NAMES) + 1]}
    assert len(right) == 1
    assert len({cell.attrib["fill"] for cell in cells}) == 2


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_a_curve_brings_its_colours(measure: str) -> None:
    words = CurveWords.of(texts.table("ko"), measure)
    picture = curve_file(log.history(runs.open_run("fashion")), measure, words)
    tree = ET.fromstring(picture)
    assert tree.tag == f"{SVG}svg"
    style = next(tree.iter(f"{SVG}style")).text or ""
    used = set(re.findall(r"var\((--\w+)\)", style))
    assert used <= set(re.findall(r"(--\w+):", style))
    assert {"--training", "--validation"} <= used
    assert any(text.text == words.title for text in tree.iter(f"{SVG}text"))
