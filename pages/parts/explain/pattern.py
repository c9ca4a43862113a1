"""The lower part of the page "Explain": what a filter responds to most, made up and among real images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from cnn_core import arithmetic, runs
from cnn_core.arithmetic import LayerRow
from cnn_core.errors import CnnError
from cnn_core.figures import explanations as figures
from cnn_core.figures import mosaic
from cnn_core.figures.legend import framed, number
from cnn_core.markup import fill
from pages.network import answers, unit
from pages.network.answer_types import Pattern
from pages.pictures import top_images
from pages.session import choices
from pages.session.address import follow_layer, whole
from pages.session.doors import colours
from pages.session.html import complain, heading, html
from pages.session.words import t

MOST_STARTS = 1000
LAYER = "explain_pattern_layer"  # session key: the convolution


def follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Choose the layer, the filter and the starting image that a link names."""
    if (newest := unit.take(run, "explain", _rows(run))) is not None:
        st.session_state[LAYER], st.session_state["explain_pattern_filter"] = newest
    follow_layer(link, _rows(run), LAYER, "pattern")
    index = whole(link, "filter", _row(run).output_shape[2])
    if index is not None:
        st.session_state["explain_pattern_filter"] = index
    start = whole(link, "start", MOST_STARTS)
    if start is not None:
        st.session_state["explain_pattern_start"] = start


def query(run: runs.Run) -> dict[str, str]:
    """What of this part belongs into the address."""
    return {"pattern": _row(run).name, "filter": str(_filter(run)), "start": str(_start())}


@st.fragment
def story(run: runs.Run, say: Callable[[runs.Run], None]) -> None:
    """The filter, its patterns with the way to them, and the images that activate it most."""
    with st.container(key="explain_patterns"):
        heading(t("explain.pattern.title"))
        st.caption(t("explain.pattern.intro"))
        _controls(run)
        row, index = _row(run), _filter(run)
        unit.keep("explain", row.name, index)
        say(run)
        try:
            pattern = answers.preferred_pattern(run, row.name, index, _start())
        except CnnError as error:
            complain(error)
            return
        _patterns(row, index, pattern)
        with st.container(key="explain_pattern_images"):
            active = runs.status(run).active  # its kept weights change: not all images each time
            if active:
                st.info(t("kernels.filters.no_model"), icon=":material/hourglass_top:")
            found_images = None if active else top_images.survey(run, row.name)
            top_images.show(run, row, index, found_images)


def _rows(run: runs.Run) -> dict[str, LayerRow]:
    return {row.name: row for row in arithmetic.layer_table(run.model) if row.kind == "conv"}


def _row(run: runs.Run) -> LayerRow:
    """The convolution; the last one where the network does not have the one chosen before."""
    rows = _rows(run)
    return rows.get(st.session_state.get(LAYER, ""), list(rows.values())[-1])


def _filter(run: runs.Run) -> int:
    """The filter; the first one where the layer does not have as many."""
    index = st.session_state.get("explain_pattern_filter", 0)
    return index if index < _row(run).output_shape[2] else 0


def _start() -> int:
    return int(st.session_state.get("explain_pattern_start", 0))


def _controls(run: runs.Run) -> None:
    row = _row(run)
    st.session_state.update(
        explain_pattern_layer_choice=row.name, explain_pattern_filter_choice=_filter(run)
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        choices.segmented_control(
            t("explain.pattern.layer"), list(_rows(run)), key="explain_pattern_layer_choice",
            on_change=lambda: _set("layer", "explain_pattern_layer_choice"),
        )  # fmt: skip
        st.number_input(
            t("explain.pattern.filter"), 0, row.output_shape[2] - 1, _filter(run),
            key="explain_pattern_filter_choice", width=140,
            on_change=lambda: _set("filter", "explain_pattern_filter_choice"),
        )  # fmt: skip
        st.button(
            t("explain.pattern.again"), icon=":material/casino:", key="explain_pattern_again",
            help=t("explain.pattern.again_help"), on_click=_begin_elsewhere,
        )  # fmt: skip


def _set(name: str, widget: str) -> None:
    st.session_state[f"explain_pattern_{name}"] = st.session_state[widget]


def _begin_elsewhere() -> None:
    st.session_state["explain_pattern_start"] = (_start() + 1) % MOST_STARTS


def _patterns(row: LayerRow, index: int, pattern: Pattern) -> None:
    """The patterns from all starting images, and how high each ascent was after each step."""
    curves, cards = pattern["activations"], []
    lines = colours().classes
    for place, values in enumerate(pattern["patterns"]):
        first, last = (number(float(curves[place, step])) for step in (0, -1))
        words = t("explain.pattern.alt", filter=index, start=place + 1, first=first, last=last)
        pixels = np.rint(values * 255).astype(np.uint8)
        picture = framed(mosaic.image_png(pixels, figures.ZOOM), words, shape=pixels.shape[:2])
        cards.append((picture, lines[place], first, last))
    steps = curves.shape[1] - 1
    alt = t(
        "explain.pattern.curve_alt",
        steps=steps,
        first=number(float(curves[:, 0].mean())),
        last=number(float(curves[:, -1].mean())),
    )
    curve = figures.ascent_svg(curves, lines, steps=t("explain.pattern.steps"), alt=alt)
    html(
        fill(
            '<div class="patterns">{% for picture, colour, first, last in cards %}'
            '<figure>{{ picture }}<figcaption><i style="background:{{ colour }}"></i>'
            "{{ first }} → <b>{{ last }}</b></figcaption></figure>{% endfor %}"
            '<figure class="curve"><figcaption>{{ heading }}</figcaption>{{ curve }}</figure></div>',
            cards=cards,
            heading=t("explain.pattern.curve"),
            curve=curve,
        )
    )
    silent = not curves[:, -1].max() > 0 and row.activation == "relu"
    st.caption(t("explain.pattern.silent" if silent else "explain.pattern.read"))
