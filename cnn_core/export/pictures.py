"""Curves as SVG files that need no page around them."""

from __future__ import annotations

import re

from cnn_core.figures.curves import CurveWords, Measure
from cnn_core.figures.still_curves import HEIGHT, WIDTH, curve_svg
from cnn_core.paths import ASSETS
from cnn_core.progress.history import History

SCALE = 2  # of its size on a page


def curve_file(history: History, measure: Measure, words: CurveWords) -> str:
    """The curve as the report shows it, on white; arguments as `curve_svg` takes them."""
    style = (ASSETS / "report.css").read_text("utf-8")
    colours = re.findall(r"--[\w-]+: #\w+;", style[: style.index("@media")])
    rules = re.findall(r"^\.curve .*$", style, re.MULTILINE)
    size = f'width="{WIDTH * SCALE}" height="{HEIGHT * SCALE}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" '
    css = f"<style>.curve {{{' '.join(colours)}}} {' '.join(rules)}</style>"
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    head, _, rest = curve_svg(history, measure, words=words).removeprefix("<svg ").partition(">")
    return f"{start}{head}>{css}{ground}{rest}"
