"""The one door to ECharts and Plotly: text that can be read, in the presenter view from afar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.figures.projection import FACTOR, enlarged_figure, enlarged_option
from cnn_core.figures.text_style import readable_option
from pages.session import presenting
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
    if presenting.current():
        styled, height = enlarged_option(styled), round(height * FACTOR)
    clicks = {"on_select": on_select} if on_select else {}
    (place or st).echarts_chart(styled, height=height, key=key, alt=alt, **clicks)


def draw_figure(
    figure: Any, *, key: str, height: int, place: DeltaGenerator | None = None, **settings: Any
) -> None:
    """Show a Plotly figure.

    Args:
        figure: As the figures make it.
        key: Of the chart.
        height: In pixels.
        place: The part of the page that gets it; None is the current one.
        settings: What `st.plotly_chart` takes besides.
    """
    if presenting.current():
        figure, height = enlarged_figure(figure.to_dict()), round(height * FACTOR)
    (place or st).plotly_chart(figure, height=height, key=key, **settings)
