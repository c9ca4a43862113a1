"""The kernel that the convolution page lays on an image: a known one, or numbers of the visitor's own."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import streamlit as st

from cnn_core.convolution import KERNELS
from pages.elements.stepper import LARGEST
from pages.session import choices
from pages.session.words import t

SIZES = (1, 2, 3, 4, 5)
DEFAULT = "vertical"
KEY = "convolution_kernel"
DIGITS = 6  # of a weight in the address


def current() -> np.ndarray:
    """The kernel, shape (k, k)."""
    if KEY not in st.session_state:
        st.session_state[KEY] = KERNELS[DEFAULT]
    return np.array(st.session_state[KEY], float)


def put(kernel: np.ndarray) -> None:
    """Choose a kernel of shape (k, k)."""
    st.session_state[KEY] = tuple(map(tuple, kernel.tolist()))


def name_of(kernel: np.ndarray) -> str | None:
    """Key of `KERNELS` that these numbers belong to."""
    for name, weights in KERNELS.items():
        if kernel.shape == np.shape(weights) and np.allclose(kernel, weights, atol=1e-6):
            return name
    return None


def choose() -> np.ndarray:
    """Controls for the kernel, and the kernel they choose, shape (k, k)."""
    kernel = current()
    st.session_state.update(convolution_preset=name_of(kernel), convolution_kernel_size=len(kernel))
    choices.optional_pills(
        t("convolution.preset"), list(KERNELS), key="convolution_preset",
        format_func=lambda name: t(f"convolution.kernel_{name}"), help=t("convolution.preset_help"),
        on_change=_take_preset,
    )  # fmt: skip
    choices.segmented_control(
        t("field.kernel"), SIZES, key="convolution_kernel_size", format_func=lambda side: f"{side}×{side}",
        help=t("help.kernel"), on_change=_take_size, width="stretch",
    )  # fmt: skip
    return kernel


def _take_preset() -> None:
    name = st.session_state["convolution_preset"]
    if name is not None:
        put(np.array(KERNELS[name]))


def _take_size() -> None:
    put(resized(current(), int(st.session_state["convolution_kernel_size"])))


def resized(kernel: np.ndarray, side: int) -> np.ndarray:
    """The kernel with zeros around it, or cut, so that its middle stays where it is."""
    edge = max(side, len(kernel))
    whole = np.zeros((edge, edge))
    start = (edge - 1) // 2 - (len(kernel) - 1) // 2
    whole[start : start + len(kernel), start : start + len(kernel)] = kernel
    start = (edge - 1) // 2 - (side - 1) // 2
    return whole[start : start + side, start : start + side]


def text_of(kernel: np.ndarray) -> str:
    """For the address: a known name, or the numbers row by row."""
    name = name_of(kernel)
    if name is not None:
        return name
    return "~".join("_".join(f"{weight:.{DIGITS}g}" for weight in row) for row in kernel)


def read(text: str) -> np.ndarray | None:
    """The kernel of an address; None if it is none."""
    if text in KERNELS:
        return np.array(KERNELS[text], float)
    try:
        rows = [[float(weight) for weight in row.split("_")] for row in text[:500].split("~")]
    except ValueError:
        return None
    square = len(rows) in SIZES and all(len(row) == len(rows) for row in rows)
    fine = all(math.isfinite(weight) and abs(weight) <= LARGEST for row in rows for weight in row)
    return np.array(rows) if square and fine else None


def follow(link: Mapping[str, str]) -> None:
    """Choose the kernel that a link names; one sentence if it names none."""
    if "kernel" not in link:
        return
    kernel = read(link["kernel"])
    if kernel is None:
        words = t("convolution.bad_kernel", known=", ".join(KERNELS))
        st.warning(words, icon=":material/link_off:")
        return
    put(kernel)
