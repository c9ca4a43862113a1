"""Controls of the page "Surgery": the filters of a layer as switches, one of its weights under a slider."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs, texts
from cnn_core.analysis import kernels as weights
from cnn_core.analysis.edits import LARGEST
from cnn_core.errors import ConfigError
from cnn_core.figures import feature_maps, kernels
from cnn_core.figures import surgery as figures
from cnn_core.figures.legend import legend, number
from cnn_core.markup import fill
from pages.elements import switches, tiles
from pages.elements.chart import draw_chart
from pages.elements.clicks import clicked_cell
from pages.network.epochs import convolutions
from pages.parts.surgery.state import View, choose, choose_layer, edits, keep, layer, refuse
from pages.session import choices
from pages.session.doors import colours
from pages.session.html import html
from pages.session.settings import Setting
from pages.session.words import language, t

VIEWS = ("kernels", "maps")
KERNEL_HEIGHT = 230
MOST_COLUMNS = 8  # of the mosaic; it is a square, so that another layer takes as much room
MOST_CHANNELS, LARGEST_SIDE = 512, 512  # that a network can have
SETTINGS = (
    Setting("view", "surgery_view", VIEWS, VIEWS[0], former="show"),
    Setting("what", "surgery_what", ("weight", "bias"), "weight"),
    Setting("channel", "surgery_channel", range(MOST_CHANNELS), None),
    Setting("row", "surgery_weight_row", range(LARGEST_SIDE), None),
    Setting("column", "surgery_weight_column", range(LARGEST_SIDE), None),
)
NAMES = tuple(setting.name for setting in SETTINGS)


def filters(view: View, maps: dict[str, np.ndarray]) -> None:
    """Layer, mosaic of switches, and what switches many of them together."""
    rows, run = convolutions(view.run), view.run
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.session_state["surgery_layer_choice"] = view.row.name
        choices.segmented_control(
            t("surgery.layer"), list(rows), key="surgery_layer_choice",
            on_change=lambda: choose_layer(st.session_state["surgery_layer_choice"]),
        )  # fmt: skip
        what = choices.segmented_control(
            t("surgery.view"), VIEWS, key="surgery_view", default="kernels",
            format_func=lambda name: t(f"surgery.view_{name}"), help=t("surgery.view_help"),
        )  # fmt: skip
    _hint(view, maps)
    _mosaic(view, maps if what == "maps" and view.row.name in maps else None)
    count, off = view.row.output_shape[2], set(view.edits.off_in(view.row.name))
    everything = set(range(count))
    ways: dict[str, tuple[str, set[int]]] = {
        "all_off": (":material/toggle_off:", everything),
        "all_on": (":material/toggle_on:", set()),
        "only": (":material/filter_1:", everything - {view.filter}),
        "invert": (":material/invert_colors:", everything - off),
    }
    with st.container(horizontal=True, gap="small", key="surgery_ways"):
        for name, (icon, target) in ways.items():
            st.button(
                t(f"surgery.{name}", filter=view.filter), icon=icon, key=f"surgery_switch_{name}",
                disabled=target == off, on_click=_switch_to(run, view.row.name, target),
            )  # fmt: skip


def _hint(view: View, maps: dict[str, np.ndarray]) -> None:
    """Where to begin: the filter whose map is brightest on this image, and a button that switches it off."""
    if view.row.name not in maps:
        return
    means = maps[view.row.name].mean(axis=(0, 1))
    strongest = int(means.argmax())
    off = set(view.edits.off_in(view.row.name))
    st.button(
        t("surgery.begin", filter=strongest), icon=":material/lightbulb:", type="tertiary",
        key="surgery_begin", help=t("surgery.begin_help"), disabled=strongest in off,
        on_click=_switch_to(view.run, view.row.name, off | {strongest}),
    )  # fmt: skip


def _switch_to(run: runs.Run, name: str, target: set[int]) -> Callable[[], None]:
    return lambda: keep(run, edits(run).with_off(name, target))


def _mosaic(view: View, maps: dict[str, np.ndarray] | None) -> None:
    name, count = view.row.name, view.row.output_shape[2]
    off = view.edits.off_in(name)
    columns = min(math.ceil(math.sqrt(count)), MOST_COLUMNS)
    if maps is None:
        pictures = weights.channel_view(view.array("kernel"), None)
        trained = weights.channel_view(view.trained[f"{name}/kernel"], None)
        reach = kernels.typical(trained) or 1.0
        zoom, gap = kernels.measures(pictures.shape)
        height, width = pictures.shape[1:]
        png = kernels.kernel_mosaic(pictures, reach, columns, colours().diverging)
        ramp = legend(colours().diverging, f"≤ {number(-reach)}", f"≥ {number(reach)}", middle="0")
    else:
        look = feature_maps.colours(maps, name, "layer", colours().diverging)
        zoom, gap = feature_maps.measures(maps[name].shape)
        height, width = maps[name].shape[:2]
        png = feature_maps.maps_png(maps[name], look, columns)
        ramp = legend(look.scale, number(look.low or 0.0), number(look.high or 0.0))
    html(_head(t("surgery.on", on=count - len(off), count=count), t("surgery.click")))
    switches.switches(
        "surgery_switches",
        png,
        tiles.Grid(count, columns, width * zoom, height * zoom, gap),
        name=name,
        alt=t("surgery.alt", layer=name, count=count, off=len(off)),
        tips=[t("surgery.filter", filter=index) for index in range(count)],
        off=off,
        marked=view.filter,
        sharp=maps is None,
        on_turn=lambda of, now_off, tile: _turned(view.run, of, now_off, tile),
    )
    html(ramp)


def _head(title: str, note: str) -> Markup:
    return fill(
        '<div class="inside head"><b>{{ title }}</b> <span class="quiet">{{ note }}</span></div>',
        title=title,
        note=note,
    )


def _turned(run: runs.Run, name: str, off: list[int], tile: int) -> None:
    """Take over what the switches say, if the network has such filters."""
    rows = convolutions(run)
    if name not in rows or not all(
        0 <= index < rows[name].output_shape[2] for index in (*off, tile)
    ):
        return
    keep(run, edits(run).with_off(name, off))
    if name == layer(run):
        choose(tile)


def weight(view: View) -> None:
    """One kernel in numbers, one of its weights or the bias under a slider."""
    row, name = view.row, view.row.name
    channel, place = _place(view)
    kernels_trained = view.trained[f"{name}/kernel"]
    kernel = view.array("kernel")[:, :, channel, view.filter]
    trained = kernels_trained[:, :, channel, view.filter]
    path = f"{name}/{'bias' if len(place) == 1 else 'kernel'}"
    old = float(view.trained[path][place])
    value = view.edits.value(name, place)
    value = old if value is None else value
    reach = kernels.largest(view.trained[path]) or 1.0
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left:
        note = t("surgery.kernel_note", layer=name, side=row.kernel)
        html(_head(t("surgery.kernel", filter=view.filter), note))
        words = figures.Words.of(texts.table(language()))
        draw_chart(
            figures.kernel_heatmap(
                kernel, trained, kernels.largest(kernels_trained) or 1.0,
                None if len(place) == 1 else place[:2], words=words, palette=colours(),
            ),
            height=KERNEL_HEIGHT, key="surgery_kernel", alt=figures.kernel_alt(kernel, words=words),
            on_select=lambda: _choose_cell(int(row.kernel or 1)),
        )  # fmt: skip
    with right:
        _which(view, channel)
        _value(view, place, old, value, reach)


def _place(view: View) -> tuple[int, tuple[int, ...]]:
    """The input channel that is shown, and the weight that is under the slider."""
    side, channels = int(view.row.kernel or 1), view.row.input_shape[2]
    state = st.session_state
    channel = int(state.get("surgery_channel") or 0)
    channel = channel if channel < channels else 0
    middle = side // 2
    places = (state.get(f"surgery_weight_{axis}") for axis in ("row", "column"))
    row, column = (middle if place is None else int(place) for place in places)
    if max(row, column) >= side:
        row = column = middle
    if state.get("surgery_what") == "bias":
        return channel, (view.filter,)
    return channel, (row, column, channel, view.filter)


def _choose_cell(side: int) -> None:
    """Take over the square that was clicked."""
    cell = clicked_cell("surgery_kernel", side)
    if cell is not None:
        row, column = cell
        st.session_state.update(
            surgery_weight_row=row, surgery_weight_column=column, surgery_what="weight"
        )


def _which(view: View, channel: int) -> None:
    """Filter, input channel, and weight or bias by name, for the keyboard."""
    st.session_state.update(surgery_filter_choice=view.filter, surgery_channel_choice=channel)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            t("surgery.which"), 0, view.row.output_shape[2] - 1, view.filter, key="surgery_filter_choice",
            width=120,
            on_change=lambda: choose(st.session_state["surgery_filter_choice"]),
        )  # fmt: skip
        if view.row.input_shape[2] > 1:
            st.number_input(
                t("surgery.channel"), 0, view.row.input_shape[2] - 1, channel, key="surgery_channel_choice",
                width=120, help=t("surgery.channel_help"),
                on_change=lambda: st.session_state.update(
                    surgery_channel=st.session_state["surgery_channel_choice"]
                ),
            )  # fmt: skip
        choices.segmented_control(
            t("surgery.what"), ("weight", "bias"), key="surgery_what",
            format_func=lambda option: t(f"surgery.{option}"),
        )  # fmt: skip


def _value(view: View, place: tuple[int, ...], old: float, value: float, reach: float) -> None:
    """Slider and number for the same weight, and the way back.

    Every weight has a slider of its own: a browser that still holds the value of the weight before,
    because the next click came sooner than the reply to the last, must not set this one to it.
    """
    name = view.row.name
    ends = float(f"{2 * reach:.2g}")
    at = "_".join(map(str, (view.run.id, name, *place)))
    slider, field = f"surgery_slider_{at}", f"surgery_number_{at}"
    st.session_state[slider] = min(ends, max(-ends, value))
    st.session_state[field] = min(LARGEST, max(-LARGEST, value))

    def change(key: str) -> Callable[[], None]:
        return lambda: _set(view.run, name, place, st.session_state[key], old)

    if len(place) == 1:
        title = t("surgery.bias_at", filter=view.filter)
    else:
        title = t("surgery.weight_at", row=place[0], column=place[1], channel=place[2])
    st.slider(
        title, -ends, ends, st.session_state[slider], ends / 100, format="%.3f", key=slider,
        on_change=change(slider),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            t("surgery.value"), -LARGEST, LARGEST, st.session_state[field], ends / 20, format="%.4f",
            key=field,
            on_change=change(field), width=150,
        )  # fmt: skip
        st.button(
            t("surgery.zero"), key="surgery_zero", icon=":material/exposure_zero:",
            on_click=lambda: _set(view.run, name, place, 0.0, old), disabled=value == 0,
        )  # fmt: skip
        st.button(
            t("surgery.back", value=number(old)), key="surgery_back", icon=":material/undo:",
            on_click=lambda: _set(view.run, name, place, old, old),
            disabled=view.edits.value(name, place) is None,
        )  # fmt: skip


def _set(run: runs.Run, name: str, place: tuple[int, ...], value: float, old: float) -> None:
    """Change a weight; the value it was trained to is no change."""
    try:
        if np.float32(value) == np.float32(old):
            keep(run, edits(run).without_weight(name, place))
        else:
            keep(run, edits(run).with_weight(name, place, float(value)))
    except ConfigError as error:
        refuse(error)
