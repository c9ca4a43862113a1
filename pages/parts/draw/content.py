"""What is on the pad for a network: each digit and its way into the network, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnn_core import drawing, runs
from cnn_core.browser import desk
from cnn_core.images import marks
from pages.elements import pad
from pages.session.words import t

NOTHING = {"empty": "draw.hint", "nothing": "draw.nothing_drawn", "crowded": "draw.crowded"}


@dataclass(frozen=True, eq=False)
class Content:
    """What is on the pad.

    Attributes:
        verdict: "empty", or as of `marks.Marks`.
        ways: Of each digit into the network, from left to right; of digits that touch first both together.
    """

    verdict: str
    ways: Sequence[drawing.Steps]

    @property
    def sentence(self) -> str:
        """Why it is not read, or that it is more than one digit; empty for one."""
        if self.verdict == "one":
            return ""
        if self.verdict in NOTHING:
            return t(NOTHING[self.verdict], most=marks.LIMITS.most)
        return t(f"draw.{self.verdict}", count=len(self.ways))

    @property
    def inputs(self) -> np.ndarray:
        """Inputs (N + 1, 28, 28, 1) of the network, the last one without the preparation."""
        return np.stack([*(way.model_input for way in self.ways), self.ways[0].naive_input])


def content(run: runs.Run, drawn: pad.Drawing | None) -> Content:
    """What is on the pad for that network: for one of digits each digit, for others the whole drawing."""
    if drawn is None or not drawn.canvas.any():
        return Content("empty", ())
    if not desk.reads_digits(run.train.dataset):
        steps = drawing.steps(drawn.canvas, "bright")
        return Content("one", (steps,)) if steps else Content("empty", ())
    marked = marks.on_pad(drawn.canvas)
    ways = [drawing.steps(canvas, "bright") for canvas in marked.canvases]
    return Content(marked.verdict, [way for way in ways if way is not None])
