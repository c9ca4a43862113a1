"""Parts of the page "Loss landscape": the chart."""

from __future__ import annotations

import numpy as np

from cnn_core import runs, texts
from cnn_core.engine.landscape import Question
from cnn_core.figures import charts
from cnn_core.figures import landscape as figures
from cnn_core.figures.landscape import LandscapeWords, Walk, number
from cnn_core.runs import log
from pages.elements.chart import draw_figure
from pages.network.answer_types import Plane
from pages.network.epochs import kept_epoch
from pages.network.names import names_of
from pages.session.doors import colours
from pages.session.words import language, t

__all__ = ["draw", "number"]
HEIGHT = 420


def draw(run: runs.Run, question: Question, plane: Plane, losses: np.ndarray) -> None:
    """The contours and the paths."""
    table = texts.table(language())
    words = LandscapeWords.of(table)
    walkers = [run, runs.open_run(question.other)] if question.other else [run]
    names = names_of(walkers).values()
    walks = [
        _walk(walker, name, path["epochs"], path["points"])
        for walker, name, path in zip(walkers, names, plane["paths"], strict=False)
    ]
    title = t(f"landscape.title_{question.part}", images=f"{question.images:,}")
    axes = [
        t(f"landscape.axis_{plane['kind']}", number=place + 1, share=f"{share:.1%}")
        for place, share in enumerate(plane["share"].tolist())
    ]
    figure = figures.landscape(
        plane["x"], plane["y"], losses, walks,
        title=title, axes=(axes[0], axes[1]), words=words, palette=colours(),
    )  # fmt: skip
    centre = losses[np.abs(plane["y"]).argmin(), np.abs(plane["x"]).argmin()]
    draw_figure(
        figure,
        height=HEIGHT,
        key="landscape_contours",
        config=charts.config("loss-landscape", charts.ControlWords.of(table)),
        alt=figures.alt(title, losses, float(centre), walks, words),
    )


def _walk(run: runs.Run, name: str, epochs: np.ndarray, points: np.ndarray) -> Walk:
    ends = log.history(run).epochs
    losses = {end.epoch: end.val_loss for end in ends}
    return Walk(name, epochs, points, losses, kept_epoch(run))
