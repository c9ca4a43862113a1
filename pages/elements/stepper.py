"""A window that slides over an image, with every number of a place: mounts `assets/stepper`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
import streamlit as st

from cnn_core.arithmetic import size_formula
from cnn_core.browser.bundle import bundle
from cnn_core.figures import palette
from cnn_core.paths import ASSETS
from pages.session.doors import colours
from pages.session.words import t

FOLDER = ASSETS / "stepper"
LARGEST = 1000.0  # of a typed weight
WORDS = (
    "play", "pause", "back", "next", "speed", "speed_label", "bar", "arrows", "keys", "place", "said",
    "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "input", "input_channel", "output",
    "output_filter", "maps", "channels", "channel", "less", "more", "patch", "kernel", "products",
    "weight", "padding", "unread", "clipped", "total", "all_channels", "bias", "sum", "largest",
    "counted", "mean", "waiting", "refused",
)  # fmt: skip
SLOTS = (
    "speed", "row", "column", "rows", "columns", "sum", "output", "channel", "channels", "filter",
    "filters", "count",
)  # fmt: skip

_mount = st.components.v2.component(
    "convscope_stepper",
    html=(FOLDER / "stepper.html").read_text("utf-8"),
    css=(FOLDER / "stepper.css").read_text("utf-8"),
    js=bundle(FOLDER / "stepper.js"),
)


@dataclass(frozen=True, eq=False)
class Setup:
    """What is stepped through.

    Attributes:
        image: Input of shape (H, W, C).
        kind: "conv", or "max" or "average" for a pooling.
        kernels: Of a convolution, shape (kh, kw, Cin, Cout).
        bias: Of a convolution, shape (Cout,); zeros if None.
        size: Side of a pooling's window, in pixels.
        stride: Step of the window, in pixels.
        padding: "same", "valid", or so many zeros on each side.
        dilation: Distance of neighbouring taps of a kernel, in pixels.
        activation: One of `config.ACTIVATIONS`, after a convolution.
        filter: Which map is shown large.
        colours: "image" shows the input in grey from 0 to 1, "maps" in the colours of activations.
        grey: Whether a result that is an image again is shown in grey, too.
        editable: Whether the only kernel can be typed.
        keras: What Keras has for the chosen filter, sums and outputs of shape (H', W'); None while
            that is not known.
        compares: Whether Keras' number has its place.
        words: In place of the component's own, such as "input" and "output".
    """

    image: np.ndarray
    kind: str = "conv"
    kernels: np.ndarray | None = None
    bias: np.ndarray | None = None
    size: int = 2
    stride: int = 1
    padding: str | int = "valid"
    dilation: int = 1
    activation: str = "linear"
    filter: int = 0
    colours: str = "image"
    grey: bool = True
    editable: bool = False
    keras: tuple[np.ndarray, np.ndarray] | None = None
    compares: bool = False
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the window, in pixels."""
        if self.kernels is None:
            return self.size, self.size
        return self.kernels.shape[0], self.kernels.shape[1]

    @property
    def span(self) -> tuple[int, int]:
        """Height and width that the window covers, with the pixels a dilation leaves out."""
        height, width = self.window
        return (height - 1) * self.dilation + 1, (width - 1) * self.dilation + 1


def stepper(
    key: str,
    setup: Setup,
    *,
    on_kernel: Callable[[np.ndarray], None] | None = None,
    on_filter: Callable[[int], None] | None = None,
) -> None:
    """Show the stepper. It moves in the browser alone and sends only what is typed or chosen.

    Args:
        key: Its name on the page.
        setup: What it steps through.
        on_kernel: Called with a typed kernel of shape (kh, kw) before the next run.
        on_filter: Called with the chosen filter before the next run.
    """
    _mount(
        key=key,
        data=_data(setup),
        on_kernel_change=lambda: _typed(key, setup, on_kernel),
        on_filter_change=lambda: _pass_on_filter(key, setup, on_filter),
    )


def _data(setup: Setup) -> dict[str, Any]:
    data: dict[str, Any] = {
        "kind": setup.kind,
        "image": _floats(setup.image),
        "shape": setup.image.shape,
        "window": setup.window,
        "stride": setup.stride,
        "padding": setup.padding,
        "dilation": setup.dilation,
        "activation": setup.activation,
        "filter": setup.filter,
        "colours": setup.colours,
        "grey": setup.grey,
        "editable": setup.editable,
        "scales": {
            "sequential": _text(palette.SEQUENTIAL),
            "diverging": _text(palette.SCALES[colours().diverging]),
        },
        "keras": None,
        "words": _words(setup),
    }
    if setup.kernels is not None:
        filters = setup.kernels.shape[-1]
        bias = np.zeros(filters) if setup.bias is None else setup.bias
        data |= {"filters": filters, "bias": _floats(bias)}
        if setup.editable:  # as typed, without the rounding to 32 bits
            data["kernel"] = setup.kernels.ravel().tolist()
        else:
            data["kernels"] = _floats(setup.kernels)
    if setup.keras is not None:
        sums, outputs = setup.keras
        data["keras"] = {
            "filter": setup.filter, "sums": _floats(sums), "outputs": _floats(outputs),
        }  # fmt: skip
    return data


def _words(setup: Setup) -> dict[str, str]:
    kept = {slot: f"{{{slot}}}" for slot in SLOTS}  # filled in by the browser
    words = {name: t(f"stepper.{name}", **kept) for name in WORDS}
    formula = size_formula(
        (setup.image.shape[0], setup.image.shape[1]),
        setup.span[0],
        setup.stride,
        setup.padding,
    )
    words |= {"formula": formula, "activation": t(f"choice.activation.{setup.activation}")}
    return {**words, "keras": t("stepper.keras") if setup.compares else "", **setup.words}


def _floats(array: np.ndarray) -> str:
    return _text(np.ascontiguousarray(array, dtype="<f4"))


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _sent(key: str, name: str) -> object:
    state = st.session_state.get(key)
    return state.get(name) if isinstance(state, Mapping) else None


def _typed(key: str, setup: Setup, call: Callable[[np.ndarray], None] | None) -> None:
    """Hand on a kernel that the browser sent, if it is one."""
    kernel = _sent(key, "kernel")
    height, width = setup.window
    if call is None or not isinstance(kernel, Sequence) or len(kernel) != height * width:
        return
    if all(
        isinstance(weight, (int, float)) and isfinite(weight) and abs(weight) <= LARGEST
        for weight in kernel
    ):
        call(np.array(kernel, float).reshape(height, width))


def _pass_on_filter(key: str, setup: Setup, call: Callable[[int], None] | None) -> None:
    """Hand on a filter that the browser sent, if there is one."""
    index = _sent(key, "filter")
    count = setup.image.shape[2] if setup.kernels is None else setup.kernels.shape[-1]
    if call is not None and isinstance(index, int) and 0 <= index < count:
        call(index)
