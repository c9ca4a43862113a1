"""Sliders that change one image, and what a network says to it in the browser: mounts `assets/robustness`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import runs
from cnn_core.browser.bundle import bundle
from cnn_core.course.goals_inside import Turn
from cnn_core.labs import changes
from cnn_core.labs.changes import CHANGES
from cnn_core.paths import ASSETS
from pages.network import answers, in_browser
from pages.network.names import class_names
from pages.pictures.run_image import Chosen
from pages.session.settings import Setting
from pages.session.words import t

FOLDER = ASSETS / "robustness"
KEY = "robustness_bench"
TURN = "robustness_turn"  # session key: counts how often something else than the sliders set them
LARGEST = 256  # rows and columns that a link can name
SQUARE = ("row", "column")  # the middle of the square that occludes
WORDS = ("loading", "failed", "unchanged", "still", "fooled", "nothing", "after", "bars")
WORDS += ("becomes", "also", "stays", "sliders", "reset", "keys")
SLOTS = ("name", "share", "before", "was", "changes", "shares", "value")

SETTINGS = (
    *(
        Setting(name, f"robustness_slider_{name}", change.values, change.neutral)
        for name, change in CHANGES.items()
    ),
    *(Setting(name, f"robustness_slider_{name}", range(LARGEST), None) for name in SQUARE),
)

_mount = st.components.v2.component(
    "convscope_robustness",
    html=(FOLDER / "robustness.html").read_text("utf-8"),
    css=(FOLDER / "robustness.css").read_text("utf-8"),
    js=bundle(FOLDER / "robustness.js"),
)


def strengths() -> dict[str, float]:
    """The strength of each change, as the sliders were left."""
    return {
        name: st.session_state.get(f"robustness_slider_{name}", change.neutral)
        for name, change in CHANGES.items()
    }


def turn() -> None:
    """Have the sliders shown as the session says from now on, whatever the browser has."""
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def bench(run: runs.Run, image: Chosen) -> None:
    """The image, its changes and the answers. Sliders report once they are let go, to the session.

    Args:
        run: A network that browsers get, as `in_browser.reads` says.
        image: Of the network's input shape.
    """
    names = class_names(run)
    now = strengths()
    data = {
        "key": KEY,
        "turn": st.session_state.get(TURN, 0),
        "changes": [
            {
                "name": name,
                "label": t(f"robustness.change.{name}"),
                "unit": t(f"robustness.unit.{name}", value="{value}"),
                "values": change.values,
                "neutral": change.neutral,
                "now": now[name],
            }
            for name, change in CHANGES.items()
        ],
        "centre": centre(),
        "image": packed(image.pixels),
        "shape": list(image.pixels.shape),
        "title": image.title,
        "network": in_browser.address(run, KEY),
        "classes": list(names),
        "words": {
            name: t(f"robustness.bench.{name}", **{slot: f"{{{slot}}}" for slot in SLOTS})
            for name in WORDS
        },
    }
    _mount(key=KEY, data=data, on_values_change=_keep)


def is_only_turned() -> bool:
    """Whether the sliders rotate the image and do nothing else."""
    moved = {name for name, now in strengths().items() if now != CHANGES[name].neutral}
    return moved == {"rotate"}


def turned(run: runs.Run, image: Chosen) -> Turn:
    """What the network, asked by the server, says to the image before and after the rotation.

    Raises:
        CnnError: If there is no answer.
    """
    degrees = strengths()["rotate"]
    pixels = [changes.apply(image.pixels, {"rotate": angle}) for angle in (0.0, degrees)]
    before, after = answers.predict(run, np.stack(pixels)).argmax(axis=1)
    return Turn(degrees, int(image.truth or 0), int(before), int(after))


def centre() -> tuple[int, int] | None:
    """Row and column of the middle of the square, as the visitor left it; None is the image's middle."""
    row, column = (st.session_state.get(f"robustness_slider_{name}") for name in SQUARE)
    return None if row is None or column is None else (row, column)


def packed(pixels: np.ndarray) -> str:
    """Pixels of any kind as float32 in [0, 1], in base64."""
    numbers = pixels.astype("<f4") / (255 if pixels.dtype == np.uint8 else 1)
    return base64.b64encode(np.ascontiguousarray(numbers, "<f4").tobytes()).decode()


def _keep() -> None:
    """Keep what the browser sent, as far as there is such a strength and such a place."""
    state = st.session_state.get(KEY)
    sent = state.get("values") if isinstance(state, Mapping) else None
    if not isinstance(sent, Mapping):
        return
    for name, change in CHANGES.items():
        if sent.get(name) in change.values:
            place = change.values.index(sent[name])
            st.session_state[f"robustness_slider_{name}"] = change.values[place]
    middle: Any = sent.get("centre")
    valid = (
        isinstance(middle, list)
        and len(middle) == len(SQUARE)
        and all(type(at) is int and 0 <= at < LARGEST for at in middle)
    )
    for name, at in zip(SQUARE, middle if valid else (None, None), strict=True):
        st.session_state[f"robustness_slider_{name}"] = at
