"""Images as points in three dimensions, near each other where a network finds them alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_core.figures import charts
from cnn_core.figures.embedding import RING, Cloud, Words, extents, point_text, short
from cnn_core.figures.palette import Palette, readable

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Array = npt.NDArray[Any]
Option = dict[str, Any]

SYMBOLS = ("circle", "square", "diamond", "cross", "x")
SIZE, CHOSEN = 3.5, 11  # of a point, in pixels
FADED = 0.7  # opacity of what is right
AXES = ("x", "y", "z")


def scatter(
    cloud: Cloud,
    names: Sequence[str],
    *,
    title: str,
    axes: Sequence[str],
    marked: int | None,
    words: Words,
    palette: Palette,
) -> Figure:
    """Images as points; `customdata` of a point is the row of its image.

    A class has a colour and a shape, and its name is written at its centre; mistakes have a ring. The axes
    hold all images, drawn or not, so that nothing moves when some are left out.

    Args:
        cloud: The images, with places (N, 3).
        names: Class names.
        title: Above the chart.
        axes: Names of the three axes.
        marked: Row of the image to mark; points in three dimensions cannot be clicked.
        words: What is written.
        palette: Of the theme.
    """
    from plotly.graph_objects import Figure

    traces = [
        trace
        for label in range(len(names))
        for trace in _of_class(cloud, label, names, words, palette)
    ]
    layout = charts.layout(title, palette)
    layout["legend"] |= {"x": 0, "y": 0, "yanchor": "top", "itemsizing": "constant"}
    layout["margin"] |= {"l": 0, "r": 0}
    layout["scene"] = _scene(cloud, axes, palette)
    return Figure(data=[*traces, _mark(cloud, marked, palette)], layout=layout)


def _of_class(
    cloud: Cloud, label: int, names: Sequence[str], words: Words, palette: Palette
) -> Iterator[Option]:
    """Right answers, mistakes, and the name at the middle: three traces, one entry of the legend."""
    colour = palette.classes[label % len(palette.classes)]
    common: Option = {"type": "scatter3d", "name": names[label], "legendgroup": str(label)}
    ring = {"color": palette.problem, "width": RING}
    for kind, opacity, line in (("right", FADED, {"width": 0}), ("wrong", 0.95, ring)):
        rows = cloud.rows_of(kind, label)
        yield {
            **common,
            **_places(cloud.points[rows]),
            "meta": f"{kind}_{label}",
            "mode": "markers",
            "showlegend": kind == "right",
            "customdata": rows.tolist(),
            "hovertext": [point_text(cloud, row, names, words) for row in rows.tolist()],
            "hoverinfo": "text",
            "marker": {
                "symbol": SYMBOLS[label % len(SYMBOLS)],
                "size": SIZE,
                "color": colour,
                "opacity": opacity,
                "line": line,
            },
        }
    rows = np.flatnonzero((cloud.labels == label) & cloud.visible)
    yield {
        **common,
        **_places(np.median(cloud.points[rows], axis=0)[None] if len(rows) else cloud.points[:0]),
        "meta": f"name_{label}",
        "mode": "text",
        "text": [names[label]] if len(rows) else [],
        "textfont": {
            "size": charts.TEXT_PX,
            "color": readable(colour, palette.background),
            "weight": "bold",
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _mark(cloud: Cloud, marked: int | None, palette: Palette) -> Option:
    """A large ring around the chosen image."""
    there = marked is not None and bool(cloud.visible[marked])
    ink = "#000000" if palette.background == "#ffffff" else "#ffffff"
    return {
        "type": "scatter3d",
        "meta": "chosen",
        "mode": "markers",
        **_places(cloud.points[marked][None] if there else cloud.points[:0]),
        "marker": {"symbol": "circle-open", "size": CHOSEN, "color": ink, "line": {"width": 3}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _scene(cloud: Cloud, axes: Sequence[str], palette: Palette) -> Option:
    """A cube of quiet lines, seen so that no axis points at the reader."""
    scene: Option = {
        f"{axis}axis": {
            "title": {"text": name, "font": {"size": charts.TEXT_PX, "color": palette.quiet}},
            "tickfont": {"size": charts.TEXT_PX, "color": palette.quiet},
            "range": ends,
            "color": palette.mark,
            "gridcolor": palette.mark,
            "zeroline": False,
            "showbackground": False,
            "nticks": 6,
        }
        for axis, name, ends in zip(AXES, axes, extents(cloud), strict=True)
    }
    camera = {"eye": {"x": 1.35, "y": 1.35, "z": 0.8}}
    return scene | {"aspectmode": "cube", "camera": camera, "dragmode": "orbit"}


def _places(points: Array) -> Option:
    return {
        axis: [short(value) for value in points[:, place].tolist()]
        for place, axis in enumerate(AXES)
    }
