"""Charts for the back row: text and what is around it grows, data stays."""

from __future__ import annotations

import pytest

from cnn_core.figures.palette import LIGHT
from cnn_core.figures.projection import FACTOR, enlarged_figure, enlarged_option
from cnn_core.figures.text_style import readable_option

OPTION = {
    "title": {"text": "Loss", "left": 10, "top": "4%"},
    "grid": {"left": 40, "right": "3%"},
    "xAxis": {"type": "value", "nameGap": 20},
    "series": [
        {
            "type": "scatter",
            "symbolSize": [4, 6],
            "data": [[1, 14], {"value": [2, 14], "label": {"fontSize": 14}}],
        }
    ],
    "media": [{"query": {"maxWidth": 400}, "option": {"grid": {"left": 20}}}],
}


def test_everything_in_pixels_grows_and_neither_percentages_nor_data_do() -> None:
    before = repr(OPTION)
    large = enlarged_option(OPTION)
    assert repr(OPTION) == before
    assert large["title"] == {"text": "Loss", "left": 14, "top": "4%"}
    assert large["grid"] == {"left": 56, "right": "3%"}
    assert large["xAxis"] == {"type": "value", "nameGap": 28}
    series = large["series"][0]
    assert series["symbolSize"] == [5.6, 8.4]
    assert series["data"] == [[1, 14], {"value": [2, 14], "label": {"fontSize": 19.6}}]
    assert large["media"] == [{"query": {"maxWidth": 560}, "option": {"grid": {"left": 28}}}]


def test_the_smallest_text_of_a_chart_has_eighteen_pixels() -> None:
    large = enlarged_option(readable_option(OPTION, LIGHT))
    sizes = [large["textStyle"]["fontSize"], large["xAxis"]["axisLabel"]["fontSize"]]
    assert min(sizes) >= 18


def test_fonts_and_margins_of_a_plotly_figure_grow() -> None:
    figure = {
        "data": [{"x": [14, 16], "marker": {"size": 9}, "colorbar": {"tickfont": {"size": 14}}}],
        "layout": {
            "margin": {"l": 10},
            "font": {"size": 14},
            "annotations": [{"font": {"size": 15}}],
        },
    }
    large = enlarged_figure(figure)
    assert large["data"][0]["x"] == [14, 16]
    assert large["data"][0]["marker"] == {"size": 9}
    assert large["data"][0]["colorbar"] == {"tickfont": {"size": pytest.approx(14 * FACTOR)}}
    assert large["layout"]["margin"] == {"l": 14}
    assert large["layout"]["font"] == {"size": 19.6}
    assert large["layout"]["annotations"] == [{"font": {"size": 21}}]
