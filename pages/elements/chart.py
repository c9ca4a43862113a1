"""The one door to ECharts: every chart of every page has text that can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.figures.text_style import readable_option
from pages.session.doors import colours


def draw_chart(
    option: dict[str, Any],
    *,
    key: str,
    height: int,
    alt: str,
    on_select: Callable[[], None] | None = None,
    place: DeltaGenerator | None = None,
) -> None:
    """Show an ECharts option.

    Args:
        option: As the figures make it.
        key: Under which the chart is updated in place, and its selection kept.
        height: In pixels.
        alt: What it shows, for screen readers.
        on_select: Called when something in it was clicked; None makes it a picture.
        place: The part of the page that gets it; None is the current one.
    """
    styled = readable_option(option, colours())
    clicks = {"on_select": on_select} if on_select else {}
    (place or st).echarts_chart(styled, height=height, key=key, alt=alt, **clicks)
