"""What does a kernel do? Slide it, see products and sum; padding, stride, pooling; two 3×3 against a 5×5."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from cnn_core import convolution
from cnn_core.config import ACTIVATIONS, PADDINGS
from cnn_core.errors import CnnError
from pages.elements.head import head
from pages.elements.stepper import Setup, stepper
from pages.parts.convolution import kernel_choice, network_section
from pages.parts.convolution import sections as parts
from pages.pictures import sample_image
from pages.session import choices
from pages.session.address import arrived, followed, say
from pages.session.html import STYLE, complain
from pages.session.words import t

LINK = (
    "section", "kernel", "stride", "padding", "dilation", "activation", "bias", "turned", "data", "index",
    "photo", "side", "pool", "size", "step", "on", "channels", "run", "layer", "filter", "epoch",
)  # fmt: skip
LESSONS_OF = {
    "slide": ("kernel", "padding", "stride"),
    "network": ("filter", "feature_map"),
    "flip": ("convolution",),
    "pool": ("pooling", "stride"),
    "stack": ("receptive_field", "parameters"),
}
SECTIONS = tuple(LESSONS_OF)
STRIDES = (1, 2, 3, 4)
DILATIONS = (1, 2, 3)
PADDINGS_OR_ZEROS = (*PADDINGS, 1, 2, 3)  # same, valid, or so many zeros on each side
OWN = "own"  # the image as large as it is
SIDES = (OWN, *range(3, 33), 48, 64)  # of the input, in pixels
WAYS = ("correlation", "convolution")
BIAS = 10.0  # largest, either way
Query = dict[str, str]


def main() -> None:
    """Which part of the story; then that part, redrawn alone."""
    st.html(STYLE)
    st.html(parts.STYLE)
    link = arrived("convolution", LINK)
    place = head("convolution", *LESSONS_OF[_section(link)])
    try:
        _follow(link)
    except CnnError as error:
        complain(error)
        return
    section = choices.segmented_control(
        t("convolution.section"), SECTIONS, key=parts.key("section"), default="slide",
        format_func=lambda name: t(f"convolution.section_{name}"),
        label_visibility="collapsed",
    )  # fmt: skip
    st.markdown(t(f"convolution.story_{section}"))
    if section == "network":
        network_section.story(link, place)
    else:
        followed("convolution", link)
        _story(section)


def _section(link: Mapping[str, str]) -> str:
    """The part of the story that is about to be shown."""
    if link.get("section") in SECTIONS:
        return link["section"]
    return choices.keep_valid(parts.key("section"), SECTIONS, default="slide")


def _follow(link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    sample_image.follow(link)
    kernel_choice.follow(link)
    parts.follow_choice(link, "section", SECTIONS)
    parts.follow_choice(link, "stride", STRIDES)
    parts.follow_choice(link, "padding", PADDINGS_OR_ZEROS)
    parts.follow_choice(link, "dilation", DILATIONS)
    parts.follow_choice(link, "side", SIDES, t("convolution.side"))
    parts.follow_choice(link, "activation", ACTIVATIONS)
    parts.follow_choice(link, "turned", WAYS)
    parts.follow_choice(link, "pool", parts.POOLS)
    parts.follow_choice(link, "size", parts.POOL_SIZES, t("field.pool_size"))
    parts.follow_choice(link, "step", parts.POOL_STEPS)
    parts.follow_choice(link, "on", parts.INPUTS)
    parts.follow_choice(link, "channels", parts.CHANNELS)
    parts.follow_number(link, "bias", BIAS)


@st.fragment
def _story(section: str) -> None:
    try:
        say("convolution", {"section": section, **STORIES[section]()})
    except CnnError as error:
        complain(error)


def _slide() -> Query:
    """A kernel of one's own choice on one image."""
    left, right = st.columns([0.29, 0.71], gap="medium")
    with left, st.container(key="convolution_controls"):
        kernel = kernel_choice.choose()
        with st.container(horizontal=True, gap="small"):
            stride = parts.pick("stride", STRIDES, t("field.stride"), t("help.stride"))
            dilation = parts.pick(
                "dilation", DILATIONS, t("convolution.dilation"), t("convolution.dilation_help")
            )
            padding = parts.pick(
                "padding", PADDINGS_OR_ZEROS, t("field.padding"), t("convolution.padding_help")
            )
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            activation = choices.selectbox(
                t("field.activation"), ACTIVATIONS, key=parts.key("activation"),
                default="linear", help=t("help.activation"),
                format_func=lambda name: t(f"choice.activation.{name}"), width=190,
            )  # fmt: skip
            st.session_state.setdefault(parts.key("bias"), 0.0)
            bias = st.number_input(
                t("convolution.bias"), -BIAS, BIAS, st.session_state[parts.key("bias")], 0.1,
                key=parts.key("bias"),
                help=t("convolution.bias_help"), persist_state="session", width=130,
            )  # fmt: skip
        side = _side()
        sample = sample_image.choose()
    if side != OWN:
        sample = sample.resized(int(side))
    with right, st.container(key="convolution_result"):
        setup = Setup(
            sample.values,
            kernels=kernel[:, :, np.newaxis, np.newaxis],
            bias=np.array([bias]),
            stride=int(stride),
            padding=padding if isinstance(padding, int) else str(padding),
            dilation=int(dilation),
            activation=activation,
            editable=True,
        )
        if parts.fits(setup):
            stepper("convolution_stepper", setup, on_kernel=kernel_choice.put)
            st.caption(parts.padding_words(setup))
    query = {
        "kernel": kernel_choice.text_of(kernel),
        "stride": str(stride),
        "padding": str(padding),
        "dilation": str(dilation),
        "side": str(side),
    }
    return {**query, "activation": str(activation), "bias": f"{bias:g}", **sample.query}


def _side() -> int | str:
    """Side of the input in pixels, or `OWN`."""
    return choices.selectbox(
        t("convolution.side"), SIDES, key=parts.key("side"), help=t("convolution.side_help"),
        format_func=lambda side: t("convolution.side_own") if side == OWN else f"{side}×{side}",
    )  # fmt: skip


def _flip() -> Query:
    """The same kernel as it is, and turned by half a turn."""
    left, right = st.columns([0.29, 0.71], gap="medium")
    with left, st.container(key="convolution_controls"):
        kernel = kernel_choice.choose()
        way = parts.pick("turned", WAYS, t("convolution.way"), t("convolution.way_help"))
        sample = sample_image.choose()
    with right, st.container(key="convolution_result"):
        grey = sample.values[..., 0]
        parts.both_ways(grey, kernel)
        drawn = kernel if way == "correlation" else convolution.turned(kernel)
        setup = Setup(
            sample.values,
            kernels=drawn[:, :, np.newaxis, np.newaxis],
            padding="same",
            grey=False,
            words={"kernel": t(f"convolution.kernel_in_{way}")},
        )
        stepper("convolution_flip", setup)
    query = {"kernel": kernel_choice.text_of(kernel), "turned": str(way)}
    return {**query, **sample.query}


def _pool() -> Query:
    """A window that keeps the largest number, or the mean."""
    left, right = st.columns([0.29, 0.71], gap="medium")
    with left, st.container(key="convolution_controls"):
        kind = parts.pick("pool", parts.POOLS, t("field.pool"), t("help.pool"))
        size = parts.pick(
            "size", parts.POOL_SIZES, t("convolution.pool_window"), t("help.pool_size")
        )
        step = parts.pick("step", parts.POOL_STEPS, t("field.stride"), t("convolution.step_help"))
        source = parts.pick("on", parts.INPUTS, t("convolution.on"), t("convolution.on_help"))
        sample = sample_image.choose(sample_image.SETS)
    stride = int(size) if step == "size" else int(step)
    with right, st.container(key="convolution_result"):
        image = sample.values if source == "image" else parts.first_maps(sample.values)
        setup = Setup(
            image,
            kind=str(kind),
            size=int(size),
            stride=stride,
            filter=parts.map_index() % image.shape[2],
            colours="image" if source == "image" else "maps",
            words={"input": t(f"convolution.input_{source}")},
        )
        stepper("convolution_pool_stepper", setup, on_filter=parts.keep_map)
        parts.pool_facts(setup)
    query = {"pool": str(kind), "size": str(size), "step": str(step), "on": str(source)}
    return {**query, **sample.query}


def _stack() -> Query:
    """Two 3×3 layers against one of 5×5, three against one of 7×7."""
    channels = parts.pick(
        "channels", parts.CHANNELS, t("convolution.channels"), t("convolution.channels_help"), 32
    )
    parts.stacks(int(channels))
    return {"channels": str(channels)}


STORIES: dict[str, Callable[[], Query]] = {
    "slide": _slide,
    "flip": _flip,
    "pool": _pool,
    "stack": _stack,
}

main()
