"""Parts of the page "Explain": the numbers of each method, in words."""

from __future__ import annotations

import numpy as np

from cnn_core import arithmetic, runs
from cnn_core.course.goals_inside import ClassMaps
from cnn_core.figures.legend import number, percent
from pages.network.answers import Explanations
from pages.session.words import WORD_JOINER, t

FAINT = 0.01
"""A picture that altogether is less than this share of the span of all class scores says nothing."""
FAINT_SCORE = 0.04
"""Nor does one of less score than this, which moves no probability by more than a hundredth."""


def faint(answer: Explanations, name: str) -> bool:
    """Whether a picture holds next to nothing; divided by its own maximum it would glow like any other."""
    return total(answer, name) < max(FAINT_SCORE, FAINT * float(np.ptp(answer["scores"])))


def total(answer: Explanations, name: str) -> float:
    """All that a picture shows, in score: of an occlusion the largest drop, of others the positive sum."""
    picture = answer[name]
    if name == "occlusion":
        return max(0.0, float(picture["drops"].max()))
    values = picture.get("map", picture["heat"])
    return float(np.maximum(values, 0).sum(dtype=np.float64))


def class_maps(run: runs.Run, layer: str, answer: Explanations) -> ClassMaps:
    """Grad-CAM and HiResCAM of the decision, for the challenges."""
    return ClassMaps(
        grad_cam=total(answer, "grad_cam"),
        hires_cam=total(answer, "hires_cam"),
        of_predicted=int(answer["label"]) == int(np.argmax(answer["scores"])),
        of_last=layer == list(arithmetic.convolutions(run.model))[-1],
    )


def numbers(answer: Explanations, name: str, layer: str, side: int) -> str:
    """The facts below a picture.

    Args:
        answer: What was answered.
        name: The method.
        layer: The convolution of the class activation maps.
        side: Of the square of the occlusion, in pixels.
    """
    picture = answer[name]
    words = ""
    if name == "integrated":
        sums = {"sum": two(picture["sum"]), "difference": two(picture["difference"])}
        words = t("explain.integrated_numbers", **sums)
    if not total(answer, name) > 0:
        empty = t(f"explain.{name}_none", layer=layer, score=two(answer["occlusion"]["score"]))
        return f"{empty} {words}".rstrip()
    if faint(answer, name):
        sizes = {"total": number(total(answer, name)), "most": number(most(answer, name))}
        span = number(float(np.ptp(answer["scores"])))
        return f"{t('explain.faint', span=span, **sizes)} {words}".rstrip()
    if name == "occlusion":
        return _occlusion_numbers(answer, side)
    shape = times(picture.get("map", picture["heat"]).shape)
    return words or t(f"explain.{name}_numbers", most=number(most(answer, name)), map=shape)


def most(answer: Explanations, name: str) -> float:
    """The largest of the numbers of a method; the picture may be an enlargement of fewer numbers."""
    picture = answer[name]
    values = picture["drops"] if name == "occlusion" else picture.get("map", picture["heat"])
    return float(values.max())


def worst(occlusion: Explanations, side: int) -> tuple[int, int, int, int]:
    """The square of an occlusion that hurts most: top, left, and the first row and column outside."""
    row, column = np.unravel_index(int(occlusion["drops"].argmax()), occlusion["drops"].shape)
    top, left = int(occlusion["tops"][row]), int(occlusion["lefts"][column])
    height, width = occlusion["heat"].shape
    return top, left, min(top + side, height), min(left + side, width)


def two(value: float) -> str:
    """Two decimals with a real minus sign; "–" for no number."""
    return "–" if np.isnan(value) else f"{value:z.2f}".replace("-", "−")


def times(shape: tuple[int, ...]) -> str:
    """ "14×14"."""
    return "×".join(map(str, shape))


def _occlusion_numbers(answer: Explanations, side: int) -> str:
    occlusion = answer["occlusion"]
    drops, score = occlusion["drops"], occlusion["score"]
    top, left, bottom, right = worst(occlusion, side)
    deepest = np.unravel_index(int(drops.argmax()), drops.shape)
    return t(
        "explain.occlusion_pixel" if bottom - top == right - left == 1 else "explain.occlusion_numbers",
        score=two(score), lower=two(score - float(drops.max())),
        before=percent(occlusion["probability"]), after=percent(float(occlusion["hidden"][deepest])),
        rows=_span(top, bottom), columns=_span(left, right),
    )  # fmt: skip


def _span(first: int, outside: int) -> str:
    """ "4–7", or "4" alone; never broken between two lines."""
    last = outside - 1
    return str(first) if first == last else f"{first}{WORD_JOINER}–{WORD_JOINER}{last}"
