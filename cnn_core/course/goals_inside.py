"""Goals inside a trained network: pure functions over what the pages have calculated of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnn_core.analysis.evaluation import Integers, per_class
from cnn_core.course.progress import Progress, part_of


@dataclass(frozen=True, slots=True)
class Response:
    """A filter and its responses to all images that it was asked about.

    Attributes:
        peak: The largest of its outputs, after the activation.
        images: How many images those were.
        activation: Of its layer.
    """

    peak: float
    images: int
    activation: str


@dataclass(frozen=True, slots=True)
class DeadFilter:
    """A filter after ReLU that responds to none of many images.

    Attributes:
        images: Least images that it was asked about.
    """

    images: int = 1_000

    def check(self, response: Response) -> Progress | None:
        """How far a filter is; None where zero is no sign of death, or too few images were asked."""
        if response.activation != "relu" or response.images < self.images:
            return None
        peak = float(response.peak)
        if not math.isfinite(peak):
            return None
        return Progress(
            reached=peak <= 0,
            score=(-peak,),
            share=1 / (1 + max(0.0, peak)) / 2,
            numbers={"peak": f"{peak:.3g}", "asked": f"{response.images:,}"},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"images": f"{self.images:,}"}


@dataclass(frozen=True, slots=True)
class Surgery:
    """Confusion matrices (K, K) of the validation images before and after a surgery."""

    before: Integers
    after: Integers


@dataclass(frozen=True, slots=True)
class HigherRecall:
    """One class found more often, at little cost to all others.

    Attributes:
        gain: Of the recall of one class, 0 to 1.
        lost: Most that the accuracy over all classes may fall, 0 to 1.
    """

    gain: float = 0.03
    lost: float = 0.02

    def check(self, surgery: Surgery) -> Progress | None:
        """How far a surgery is; None of no or other images, and if no class is found more often."""
        images = int(surgery.before.sum())
        if not images or not np.array_equal(surgery.before.sum(axis=1), surgery.after.sum(axis=1)):
            return None
        gains = per_class(surgery.after).recall - per_class(surgery.before).recall
        gain = float(gains.max())
        if gain <= 0:
            return None
        fall = (int(np.trace(surgery.before)) - int(np.trace(surgery.after))) / images
        valid = fall <= self.lost
        return Progress(
            reached=valid and gain >= self.gain,
            score=(valid, gain if valid else -fall),
            share=part_of(gain, self.gain) if valid else 0.0,
            numbers={"gained": _points(gain), "change": _points(-fall)},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them, in percentage points."""
        return {"gain": f"{100 * self.gain:g}", "lost": f"{100 * self.lost:g}"}


@dataclass(frozen=True, slots=True)
class ClassMaps:
    """Two maps of one decision, of the same layer.

    Attributes:
        grad_cam: Sum of what is positive in Grad-CAM's map, before any scaling.
        hires_cam: The same of HiResCAM's.
        of_predicted: Whether they are of the class that the network predicts.
        of_last: Whether they are of the last convolution.
    """

    grad_cam: float
    hires_cam: float
    of_predicted: bool
    of_last: bool


@dataclass(frozen=True, slots=True)
class BlankMap:
    """Grad-CAM's map of the predicted class is zero everywhere, although HiResCAM's is not.

    Attributes:
        least: What HiResCAM's map has to sum up to, in score.
    """

    least: float = 0.1

    def check(self, maps: ClassMaps) -> Progress | None:
        """How far an image is; None for another class or layer, or where HiResCAM shows nothing."""
        valid = maps.of_predicted and maps.of_last and maps.hires_cam >= self.least
        if not valid or not math.isfinite(maps.grad_cam):
            return None
        ratio = max(0.0, maps.grad_cam) / maps.hires_cam
        return Progress(
            reached=maps.grad_cam <= 0,
            score=(-ratio,),
            share=1 / (1 + 10 * ratio),
            numbers={"grad": f"{maps.grad_cam:.3g}", "hires": f"{maps.hires_cam:.3g}"},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"least": f"{self.least:g}"}


@dataclass(frozen=True, slots=True)
class Turn:
    """An image that was rotated and not changed in any other way.

    Attributes:
        degrees: Of the rotation, either way.
        truth: Its class.
        before: The class that the network predicts for the image itself.
        after: The class that it predicts for the rotated image.
    """

    degrees: float
    truth: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class SmallTurn:
    """A small rotation that turns a correct answer into a wrong one.

    Attributes:
        most: Degrees, either way.
    """

    most: float = 3.0

    def check(self, turn: Turn) -> Progress | None:
        """How far a rotation is; None if the answer was wrong before, or stays."""
        degrees = abs(turn.degrees)
        if turn.before != turn.truth or turn.after == turn.before or not degrees:
            return None
        return Progress(
            reached=degrees <= self.most,
            score=(-degrees,),
            share=part_of(self.most, degrees),
            numbers={"degrees": f"{degrees:g}"},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"most": f"{self.most:g}"}


@dataclass(frozen=True, slots=True)
class ClearDigits:
    """Different digits drawn so that a network is nearly certain of each.

    Attributes:
        least: Probability of the predicted digit, 0 to 1; it has to be larger.
        count: Different digits.
    """

    least: float = 0.99
    count: int = 10

    def check(self, probabilities: Mapping[int, float]) -> Progress | None:
        """How far some drawings are; None if there is none.

        Args:
            probabilities: For each digit that was read, its highest probability.
        """
        if not probabilities:
            return None
        clear = sorted(digit for digit, value in probabilities.items() if value > self.least)
        return Progress(
            reached=len(clear) >= self.count,
            score=(len(clear), sum(probabilities.values())),
            share=part_of(len(clear), self.count),
            numbers={"clear": f"{len(clear)}", "digits": ", ".join(map(str, clear)) or "–"},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"least": f"{self.least:.0%}", "count": f"{self.count}"}


def _points(part: float) -> str:
    """A part as percentage points, rounded down: 2.96 points are not three."""
    points = math.floor(part * 1000 + 1e-9) / 10
    return f"{points:+.1f}".replace("-", "−")
