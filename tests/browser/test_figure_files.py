"""Figures as files: each of their buttons gives a picture that opens."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from conftest import Server
from lengths import at_length
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from screens import COLD

FIGURES = {
    "playground": ("Loss", "convscope-loss", {"text", "path"}),
    "kernels": ("untrained", "convscope-mosaic_untrained", {"text", "image"}),
}
"""Of each page: words of a figure's title, begin of its file's name, and what its SVG holds."""


def get(page: Page, button: Locator, folder: Path) -> Path:
    with page.expect_download(timeout=COLD) as coming:
        button.click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


@pytest.mark.parametrize("name", ["playground", at_length("kernels")])
def test_a_figure_is_saved_as_svg_and_as_png(
    app: Server, window, tmp_path: Path, name: str
) -> None:
    title, begin, kinds = FIGURES[name]
    page = window(f"{app.url}/{name}?run=fashion&lang=en")
    files = {}
    for kind in ("SVG", "PNG"):
        label = page.locator(f'[aria-label^="Save as {kind}:"][aria-label*="{title}" i]').first
        expect(label).to_be_visible(timeout=COLD)
        files[kind] = get(page, label, tmp_path)
        assert files[kind].name.startswith(begin)
    tree = ET.parse(files["SVG"]).getroot()
    assert {element.tag.rpartition("}")[2] for element in tree.iter()} >= kinds
    written = "".join(tree.itertext())
    assert title.lower() in written.lower()
    width, height = float(tree.attrib["width"]), float(tree.attrib["height"])
    with Image.open(files["PNG"]) as picture:
        assert picture.width >= 1200
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.02)
        colours = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)
    assert len(colours) > 20, "the figure itself is in it"
