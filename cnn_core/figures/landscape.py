"""The loss landscape: contours of the loss on a plane, and the paths of trainings on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.figures import charts
from cnn_core.figures.palette import Palette, contrast, ink, stops
from cnn_core.figures.words import FigureWords

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Array = npt.NDArray[Any]
Option = dict[str, Any]

CONTOURS = 22  # as a wish: Plotly takes round numbers
STEPS = 10  # colours of the scale
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 12, 16)
MOST_TICKS = 8
LEAST_LOSS = 1e-6  # smaller ones have no logarithm worth a colour
SYMBOLS = ("circle", "diamond")
SIZE, KEPT_SIZE = 9, 15  # of an epoch and of the kept one, in pixels
LIFT = 34  # of what is written at an epoch, in pixels
LEGEND = 28  # height of a line of the legend, in pixels
LONGEST = 28  # letters of a name in the legend
LAST = 11  # of them that are its end, where the times of two runs of one network differ
WHITE, BLACK = "#ffffff", "#000000"
PAIRS = ((WHITE, BLACK), (BLACK, WHITE))
"""Colour of a path and of its edge: one of both stands out from every colour of the scale."""


@dataclass(frozen=True, slots=True)
class LandscapeWords(FigureWords):
    """The words of the chart; those with slots are templates for `str.format`.

    Attributes:
        loss: Above the colour scale.
        point: What the pointer shows of a place; slots {loss}.
        epoch: Of an epoch; slots {name} {epoch} {loss}.
        untrained: Of a network before training; slots {name}.
        mark: Written at an epoch; slots {epoch}.
        start: Written at the untrained network.
        kept: Written at the epoch whose weights were kept; slots {epoch}.
        centre: The network itself, where there is no path.
        alt: For screen readers; slots {title} {centre} {lowest} {highest}.
        alt_path: For screen readers, of each path; slots {name} {first} {last} {distance}.
    """

    SECTION: ClassVar[str] = "landscape_chart"

    loss: str
    point: str
    epoch: str
    untrained: str
    mark: str
    start: str
    kept: str
    centre: str
    alt: str
    alt_path: str


@dataclass(frozen=True, slots=True)
class Walk:
    """A training on the plane.

    Attributes:
        name: Of the run.
        epochs: (N,), ascending.
        points: Where each fell (N, 2).
        losses: The validation loss that the run reported, by epoch.
        kept: The epoch whose weights were kept.
    """

    name: str
    epochs: Array
    points: Array
    losses: dict[int, float]
    kept: int


def landscape(
    x: Array,
    y: Array,
    losses: Array,
    walks: Sequence[Walk],
    *,
    title: str,
    axes: tuple[str, str],
    words: LandscapeWords,
    palette: Palette,
) -> Figure:
    """Contours of the loss, coloured by its logarithm; the first walk is white, the second black.

    Args:
        x: Coordinates along the first direction (columns,).
        y: Along the second (rows,).
        losses: (rows, columns); NaN where there is none.
        walks: None, one or two.
        title: Above the chart.
        axes: Names of both axes.
        words: What is written.
        palette: Of the theme.
    """
    from plotly.graph_objects import Figure

    layout = charts.layout(title, palette)
    layout["xaxis"] = charts.axis(axes[0], palette, range=[float(x[0]), float(x[-1])])
    layout["yaxis"] = charts.axis(axes[1], palette, range=[float(y[0]), float(y[-1])])
    # Its lines are white and black: a colour of the map as background shows both in either theme.
    ground = max(
        stops("sequential", STEPS), key=lambda c: min(contrast(c, WHITE), contrast(c, BLACK))
    )
    layout["legend"] |= {"x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": ground}
    layout["legend"]["font"] = {**layout["legend"]["font"], "color": ink(ground)}
    layout["margin"] |= {"t": layout["margin"]["t"] + LEGEND * max(0, len(walks) - 1)}
    layout["annotations"] = [mark for walk in walks for mark in _marks(walk, words, palette)]
    traces = [_contours(x, y, losses, words, palette)]
    for place, walk in enumerate(walks):
        traces += _path(walk, place, words)
    if not walks:
        traces.append(_centre(words))
    return Figure(data=traces, layout=layout)


def alt(
    title: str, losses: Array, centre: float, walks: Sequence[Walk], words: LandscapeWords
) -> str:
    """The range of the losses, and how far each walk went, for screen readers."""
    finite = losses[np.isfinite(losses)]
    lowest, highest = (finite.min(), finite.max()) if finite.size else (np.nan, np.nan)
    sentences = [
        words.alt.format(
            title=title, centre=number(centre), lowest=number(lowest), highest=number(highest)
        )
    ]
    for walk in walks:
        distance = float(np.linalg.norm(walk.points[-1] - walk.points[0]))
        sentences.append(
            words.alt_path.format(
                name=walk.name,
                first=walk.epochs[0],
                last=walk.epochs[-1],
                distance=f"{distance:.1f}",
            )
        )
    return " ".join(sentences)


def number(loss: float) -> str:
    """A loss with three digits."""
    return f"{loss:.3g}"


def _contours(x: Array, y: Array, losses: Array, words: LandscapeWords, palette: Palette) -> Option:
    logs = np.log10(np.maximum(losses, LEAST_LOSS))
    finite = logs[np.isfinite(logs)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    ticks = [tick for tick in TICKS if low <= np.log10(tick) <= high]
    ticks = ticks[:: -(-len(ticks) // MOST_TICKS) or 1] if ticks else [10**low]
    font = {"size": charts.TEXT_PX, "color": palette.quiet}
    colours = stops("sequential", STEPS)
    return {
        "type": "contour",
        "x": x.tolist(),
        "y": y.tolist(),
        "z": [[value if np.isfinite(value) else None for value in row] for row in logs.tolist()],
        "text": [
            [words.point.format(loss=number(loss)) for loss in row] for row in losses.tolist()
        ],
        "hoverinfo": "text",
        "ncontours": CONTOURS,
        "colorscale": [[place / (STEPS - 1), colour] for place, colour in enumerate(colours)],
        "line": {"width": 0.6, "color": WHITE},
        "connectgaps": False,
        "colorbar": {
            "title": {"text": words.loss, "font": font},
            "tickfont": font,
            "tickvals": np.log10(ticks).tolist(),
            "ticktext": [f"{tick:g}" for tick in ticks],
            "thickness": 14,
            "outlinewidth": 0,
        },
    }


def _path(walk: Walk, place: int, words: LandscapeWords) -> list[Option]:
    colour, edge = PAIRS[place]
    line: Option = {
        "type": "scatter", "x": walk.points[:, 0].tolist(), "y": walk.points[:, 1].tolist(),
        "legendgroup": str(place), "name": _short(walk.name),
    }  # fmt: skip
    under = {**line, "mode": "lines", "line": {"color": edge, "width": 5}, "hoverinfo": "skip"}
    sizes = [KEPT_SIZE if epoch == walk.kept else SIZE for epoch in walk.epochs.tolist()]
    over = {
        **line,
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2.5},
        "marker": {
            "symbol": SYMBOLS[place], "size": sizes, "color": colour, "opacity": 1,
            "line": {"color": edge, "width": 1.5},
        },
        "hovertext": [_epoch_text(walk, epoch, words) for epoch in walk.epochs.tolist()],
        "hoverinfo": "text",
    }  # fmt: skip
    return [{**under, "showlegend": False}, {**over, "showlegend": True}]


def _short(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - LAST - 1].rstrip(' ·')}…{name[-LAST:].lstrip(' ·')}"


def _centre(words: LandscapeWords) -> Option:
    """The network itself, where there is no path."""
    return {
        "type": "scatter", "x": [0], "y": [0], "mode": "markers", "name": words.centre,
        "showlegend": True,
        "hoverinfo": "skip",
        "marker": {
            "symbol": SYMBOLS[0], "size": KEPT_SIZE, "color": WHITE,
            "line": {"color": BLACK, "width": 1.5},
        },
    }  # fmt: skip


def _epoch_text(walk: Walk, epoch: int, words: LandscapeWords) -> str:
    if epoch not in walk.losses:
        return words.untrained.format(name=walk.name)
    return words.epoch.format(name=walk.name, epoch=epoch, loss=number(walk.losses[epoch]))


def _marks(walk: Walk, words: LandscapeWords, palette: Palette) -> Iterator[Option]:
    """What is written at the first, the kept and the last epoch."""
    first, last = int(walk.epochs[0]), int(walk.epochs[-1])
    texts = {
        last: words.mark.format(epoch=last),
        walk.kept: words.kept.format(epoch=walk.kept),
        first: words.mark.format(epoch=first) if first else words.start,
    }
    rows = {int(epoch): row for row, epoch in enumerate(walk.epochs)}
    for epoch, text in texts.items():
        if epoch in rows:
            x, y = walk.points[rows[epoch]].tolist()
            opposite = epoch == last != walk.kept
            yield {
                "x": x, "y": y, "text": text, "showarrow": True, "arrowhead": 0, "arrowwidth": 1,
                "arrowcolor": BLACK, "ax": 0, "ay": LIFT * _side(walk, y, opposite=opposite),
                "bgcolor": palette.background, "borderpad": 3,
                "font": {"size": charts.TEXT_PX, "color": palette.text},
            }  # fmt: skip


def _side(walk: Walk, y: float, *, opposite: bool) -> int:
    """-1 to write above a point, 1 below it: on the far side of the path, or opposite to the kept epoch."""
    if opposite and walk.kept in walk.epochs:
        kept = walk.points[list(walk.epochs).index(walk.kept), 1]
        return -_side(walk, float(kept), opposite=False)
    return -1 if y >= walk.points[:, 1].mean() else 1
