"""Adversarial images: all pixels changed a little, along the gradient of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.labs.adversarial import ITERATIONS, METHODS, SIZES
from cnn_core.markup import fill
from pages.network import answers
from pages.network.names import class_names
from pages.pictures.run_image import Chosen
from pages.session import choices
from pages.session.html import complain, heading, html, waking
from pages.session.settings import Setting
from pages.session.words import t

SIZE = 0.05  # at first
ZOOM = 6  # of the pictures, in screen pixels per pixel
SETTINGS = (
    Setting("method", "robustness_method", METHODS, METHODS[0]),
    Setting("size", "robustness_size", SIZES, SIZE),
)


def controls() -> tuple[str, float]:
    """The method and the size of the change."""
    heading(t("robustness.attack.title"))
    st.caption(t("robustness.attack.intro", steps=ITERATIONS))
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        method = choices.segmented_control(
            t("robustness.attack.method"), METHODS, key="robustness_method",
            format_func=lambda name: t(f"robustness.attack.{name}"),
        )  # fmt: skip
        size = choices.select_slider(
            t("robustness.attack.size"), SIZES, key="robustness_size", default=SIZE, width=420,
            format_func=lambda value: f"{value:.3f}", help=t("robustness.attack.size_help"),
        )  # fmt: skip
    return method, size


def result(run: runs.Run, image: Chosen, method: str, size: float) -> None:
    """Original, difference and result side by side; the smallest size that flips the answer."""
    try:
        with waking():
            attacked = answers.adversarial(run, image.pixels)
    except CnnError as error:
        complain(error)
        return
    row, place = METHODS.index(method), SIZES.index(size)
    html(_pictures(run, attacked, row, place))
    html(
        fill(
            '<p class="attack-flip" role="status">{{ words|bold }}</p>',
            words=_flip(run, attacked, row),
        )
    )


def smallest(attacked: Mapping[str, Any], method: int) -> int | None:
    """Place in SIZES of the smallest size with another answer than at first; None if there is none."""
    others = np.flatnonzero(attacked["probabilities"][method].argmax(axis=1) != attacked["label"])
    return int(others[0]) if len(others) else None


def difference(before: np.ndarray, after: np.ndarray, size: float) -> np.ndarray:
    """The change (H, W, C) as uint8: grey where there is none, white and black at plus and minus `size`."""
    part = (after - before) / size if size else np.zeros_like(before)
    shade: np.ndarray = np.rint(127.5 + 127.5 * np.clip(part, -1, 1)).astype(np.uint8)
    return shade


def _flip(run: runs.Run, attacked: Mapping[str, Any], method: int) -> str:
    names, place = class_names(run), smallest(attacked, method)
    if place is None:
        return t("robustness.attack.holds", name=names[attacked["label"]], most=f"{SIZES[-1]:g}")
    probabilities = attacked["probabilities"][method, place]
    return t(
        "robustness.attack.flips", size=f"{SIZES[place]:.3f}", name=names[int(probabilities.argmax())],
        levels=f"{255 * SIZES[place]:.0f}",
    )  # fmt: skip


def _pictures(run: runs.Run, attacked: Mapping[str, Any], method: int, place: int) -> Markup:
    names, size = class_names(run), SIZES[place]
    first, last = (attacked["probabilities"][method, at] for at in (0, place))
    before, after = (attacked["images"][method, at] for at in (0, place))
    scale = t("robustness.attack.no_scale")
    if size:
        times = f"{0.5 / size:.0f}"
        scale = t("robustness.attack.scale", times=times, size=f"{size:.3f}")
    pictures = [
        (t("robustness.attack.before"), _answer(names, first), _bytes(before)),
        (t("robustness.attack.difference"), scale, difference(before, after, size)),
        (t("robustness.attack.after"), _answer(names, last), _bytes(after)),
    ]
    return fill(
        '<div class="attack">{% for name, words, source in pictures %}<figure>'
        '<img alt="{{ name }}: {{ words }}" src="{{ source }}">'
        "<figcaption><b>{{ name }}</b><span>{{ words }}</span></figcaption></figure>{% endfor %}</div>",
        pictures=[
            (name, words, uri(mosaic.image_png(pixels, ZOOM))) for name, words, pixels in pictures
        ],
    )


def _answer(names: list[str], probabilities: np.ndarray) -> str:
    best = int(probabilities.argmax())
    return f"{names[best]} {percent(float(probabilities[best]))}"


def _bytes(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels * 255).astype(np.uint8)
