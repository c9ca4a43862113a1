"""Curves of a run as one still picture, for a page without scripts and for paper: history in, SVG out.

Colours are the CSS variables --ink, --quiet, --line, --training, --batches and --validation of the
page around it; in grey, training and validation still differ by their marks and dashes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from cnn_core.figures.curves import (
    CurveWords,
    Measure,
    alt_text,
    cut_note,
    places,
    thin,
)
from cnn_core.figures.ranges import Point, accuracy_range, loss_range
from cnn_core.progress.history import History, epoch_position

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 34, 66  # around the plot, in units of the picture
MOST_TICKS = 10  # labels on the axis of epochs that do not touch each other


def curve_svg(history: History, measure: Measure, *, words: CurveWords) -> str:
    """Training and validation over the epochs; of a run without an epoch, empty axes.

    Args:
        history: The run.
        measure: "loss", or "accuracy" in percent.
        words: In the reader's language.
    """
    scale = 100.0 if measure == "accuracy" else 1.0
    at = places(history)
    batches = [
        (epoch_position(end), _finite(getattr(end, measure), scale)) for end in history.batches
    ]
    training = [(at[end.epoch], _finite(getattr(end, measure), scale)) for end in history.epochs]
    validation = [
        (at[end.epoch], _finite(getattr(end, f"val_{measure}"), scale)) for end in history.epochs
    ]
    epoch_values = [y for _, y in training + validation if y is not None]
    find = accuracy_range if measure == "accuracy" else loss_range
    plot = _Plot(max([1.0, *at.values()]), *find(epoch_values, batches))
    cut = cut_note(history, measure, words=words)
    best = at[history.best.epoch] if history.best else None
    parts = [
        f'<text x="{LEFT}" y="16" class="name">{escape(words.title)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="16" class="tick end">{escape(cut)}</text>' if cut else "",
        *plot.axes(words),
        f'<clipPath id="plot-{measure}"><rect x="{LEFT}" y="{TOP}" width="{plot.wide}"'
        f' height="{plot.tall}"/></clipPath>',
        f'<g clip-path="url(#plot-{measure})">{plot.line(thin(batches), "batches")}',
        f"{plot.line(training, 'training')}{plot.line(validation, 'validation')}</g>",
        *(plot.mark(best, words.best.format(epoch=history.best.epoch)) if history.best else ""),
        *plot.dots(training, "training"),
        *plot.dots(validation, "validation"),
        *_legend(words),
    ]
    alt = escape(alt_text(history, measure, words=words))
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{alt}">'
        f"{''.join(parts)}</svg>"
    )


def _finite(value: float, scale: float) -> float | None:
    return value * scale if math.isfinite(value) else None


class _Plot:
    """From epochs and values to places in the picture."""

    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def __init__(self, epochs: float, low: float, high: float, step: float) -> None:
        self._epochs, self._low, self._high, self._step = epochs, low, high, step

    def x(self, epoch: float) -> float:
        return LEFT + self.wide * epoch / self._epochs

    def y(self, value: float) -> float:
        return TOP + self.tall * (self._high - value) / (self._high - self._low)

    def axes(self, words: CurveWords) -> Iterator[str]:
        """Level lines with their values, epochs below, names of both axes."""
        for number in range(round((self._high - self._low) / self._step) + 1):
            value = self._low + number * self._step
            y = self.y(value)
            yield f'<path d="M{LEFT} {y:.1f}h{self.wide}" class="level"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick end">{value:g}</text>'
        every = max(1, math.ceil(self._epochs / MOST_TICKS))
        for epoch in range(0, math.floor(self._epochs) + 1, every):
            x = self.x(epoch)
            yield f'<text x="{x:.1f}" y="{TOP + self.tall + 16}" class="tick mid">{epoch}</text>'
        x, y = LEFT + self.wide / 2, TOP + self.tall / 2
        below = TOP + self.tall + 34
        yield f'<text x="{x:g}" y="{below}" class="tick mid">{escape(words.x_axis)}</text>'
        turned = f'transform="rotate(-90 14 {y:g})"'
        yield f'<text x="14" y="{y:g}" class="tick mid" {turned}>{escape(words.y_axis)}</text>'

    def line(self, points: Sequence[Point], kind: str) -> str:
        """A line that is broken where there is no number."""
        runs = (
            [f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in group if y is not None]
            for there, group in groupby(points, lambda point: point[1] is not None)
            if there
        )
        path = "".join("M" + "L".join(run) for run in runs)
        return f'<path d="{path}" class="{kind}"/>'

    def dots(self, points: Sequence[Point], kind: str) -> Iterator[str]:
        for x, y in points:
            if y is not None and y <= self._high:
                yield _dot(self.x(x), self.y(y), kind)

    def mark(self, epoch: float | None, label: str) -> Iterator[str]:
        """An upright line at the best epoch, its label on the side that has more room."""
        if epoch is None:
            return
        x = self.x(epoch)
        side, shift = ("end", -5) if epoch > self._epochs / 2 else ("start", 5)
        yield f'<path d="M{x:.1f} {TOP}v{self.tall}" class="best"/>'
        yield f'<text x="{x + shift:.1f}" y="{TOP - 5}" class="tick {side}">{escape(label)}</text>'


def _dot(x: float, y: float, kind: str) -> str:
    """A circle for training, a square for validation."""
    if kind == "training":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" class="dot {kind}"/>'
    return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" class="dot {kind}"/>'


def _legend(words: CurveWords) -> Iterator[str]:
    y, x = HEIGHT - 12, float(LEFT)
    step = (WIDTH - LEFT - RIGHT) / 3
    for kind in ("batches", "training", "validation"):
        yield f'<path d="M{x:.1f} {y - 4}h22" class="{kind}"/>'
        if kind != "batches":
            yield _dot(x + 11, y - 4, kind)
        yield f'<text x="{x + 28:.1f}" y="{y}" class="tick">{escape(getattr(words, kind))}</text>'
        x += step
