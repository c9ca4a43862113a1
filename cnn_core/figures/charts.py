"""What all Plotly charts share: layout, controls and font sizes. Plotly is loaded when one is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]

TEXT_PX, TITLE_PX = 14, 16
CONTROLS = {
    2: [["zoom2d", "pan2d", "resetScale2d"], ["toImage"]],
    3: [["orbitRotation", "zoom3d", "pan3d", "resetCameraDefault3d"], ["toImage"]],
}
"""Buttons above a chart in two or three dimensions, in groups."""


@dataclass(frozen=True, slots=True)
class ControlWords(FigureWords):
    """What the buttons above a chart are called.

    Attributes:
        zoom: Drag a rectangle to enlarge it.
        pan: Drag the chart.
        rotate: Turn a chart in three dimensions.
        reset: Show everything again.
        save: Keep the chart as a picture.
    """

    SECTION: ClassVar[str] = "chart_controls"

    zoom: str
    pan: str
    rotate: str
    reset: str
    save: str


def config(name: str, words: ControlWords, *, dimensions: int = 2, picture: str = "png") -> Option:
    """Plotly's `config`: zoom, pan, reset and download, named in the reader's language.

    Args:
        name: Of the file that is downloaded, without its ending.
        words: What the buttons are called.
        dimensions: 2 or 3.
        picture: "svg" for charts of lines and bars, "png" for clouds of points.
    """
    dictionary = {
        "Zoom": words.zoom,
        "Pan": words.pan,
        "Orbital rotation": words.rotate,
        "Reset axes": words.reset,
        "Reset camera to default": words.reset,
        "Download plot": words.save,
        "Download plot as a PNG": words.save,
    }
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "scrollZoom": False,
        "doubleClick": "reset",
        "modeBarButtons": CONTROLS[dimensions],
        "toImageButtonOptions": {"format": picture, "filename": name, "scale": 2},
        "locale": "words",
        "locales": {"words": {"dictionary": dictionary, "format": {}}},
    }


def toolbox(
    name: str, words: ControlWords, palette: Palette, *, axes: Literal["x", "both"] = "x"
) -> Option:
    """The same buttons for an ECharts option: zoom, reset and download.

    Args:
        name: Of the file that is downloaded, without its ending.
        words: What the buttons are called.
        palette: Of the theme.
        axes: What is zoomed.
    """
    zoomed = {"yAxisIndex": "none"} if axes == "x" else {"filterMode": "none"}
    return {
        "right": 0,
        "top": 0,
        "itemSize": 16,
        "iconStyle": {"borderColor": palette.mark},
        "emphasis": {"iconStyle": {"textPosition": "left"}},
        "feature": {
            "dataZoom": {**zoomed, "title": {"zoom": words.zoom, "back": words.reset}},
            "restore": {"title": words.reset},
            "saveAsImage": {"title": words.save, "name": name, "pixelRatio": 2},
        },
    }


def layout(title: str, palette: Palette) -> Option:
    """Title, margins and font sizes of a chart; the axes come from `axis`."""
    return {
        "template": {},
        "title": {
            "text": title,
            "font": {"size": TITLE_PX, "color": palette.text},
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "pad": {"t": 6},
        },
        "font": {"size": TEXT_PX, "color": palette.quiet},
        "margin": {"l": 8, "r": 12, "t": 66, "b": 8},
        "hoverlabel": {
            "bgcolor": palette.background,
            "font": {"size": TEXT_PX, "color": palette.text},
        },
        "legend": {
            "orientation": "h",
            "font": {"size": TEXT_PX, "color": palette.quiet},
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "modebar": {
            "bgcolor": "rgba(0, 0, 0, 0)",
            "color": palette.mark,
            "activecolor": palette.training,
        },
    }


def axis(name: str, palette: Palette, **settings: Any) -> Option:
    """An axis with its name and unit."""
    font = {"size": TEXT_PX, "color": palette.quiet}
    return {
        "title": {"text": name, "font": font, "standoff": 8},
        "tickfont": font,
        "automargin": True,
        "zeroline": False,
        **settings,
    }
