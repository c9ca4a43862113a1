"""What training does in each layer of a run: a section that stays closed until it is asked for."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs, texts
from cnn_core.arithmetic import layer_table
from cnn_core.figures import layer_curves as figures
from cnn_core.progress.history import History
from cnn_core.progress.layer_notes import FEWEST, narrate_layers
from pages.elements.chart import draw_chart
from pages.elements.lessons import lesson
from pages.network.names import name_of
from pages.parts.playground.remarks import remark
from pages.parts.playground.run_list import open_run
from pages.session.doors import colours
from pages.session.words import language, t

HEIGHT = 300
EXAMPLE = "fashion"  # a run whose layers were measured
WEIGHTED = {"conv", "dense", "output"}  # kinds of layers


def layers(run: runs.Run, history: History) -> None:
    """Gradients, updates and zeros of each layer, and what they say; one sentence if it has none."""
    section = st.expander(
        t("panel.layers"), icon=":material/ssid_chart:", key="layer_curves", on_change="rerun"
    )
    if not section.open:
        return
    with section:
        if history.ended and not history.layers:
            st.caption(t("panel.layers_none"))
            example = next((run for run in runs.shipped_runs() if run.id == EXAMPLE), None)
            if example is not None and st.button(
                t("panel.layers_example", name=name_of(example)), icon=":material/arrow_forward:",
                key="layers_example", on_click=open_run, args=(example,),
            ):  # fmt: skip
                st.rerun()
            return
        st.caption(t("panel.layers_about"))
        left, right = st.columns(2, gap="small")
        below, beside = st.columns(2, gap="small")
        for measure, place in zip(figures.MEASURES, (left, right, below), strict=True):
            with place:
                _chart(run, history, measure)
        with beside, st.container(key="layer_notes", gap="small"):
            notes = narrate_layers(history, run.model)
            for note in notes:
                remark(note)
            if not notes and len(history.layers) < FEWEST:
                st.caption(t("panel.layers_few" if history.ended else "panel.layers_soon"))
        lesson("gradient", "backpropagation", place="layers_")


def _chart(run: runs.Run, history: History, measure: figures.Measure) -> None:
    rows = [row for row in layer_table(run.model) if row.kind in WEIGHTED]
    # The softmax of the output is never 0.
    names = [row.name for row in rows if measure != "zeros" or row.kind != "output"]
    words = figures.LayerWords.of(texts.table(language()), measure)
    draw_chart(
        figures.layer_curves(history, names, measure, words=words, palette=colours()),
        height=HEIGHT,
        key=f"layers_{measure}_{run.id}",
        alt=figures.layer_alt(history, names, measure, words=words),
    )
