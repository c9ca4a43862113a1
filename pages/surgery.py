"""What if this filter were not there? Switch filters off, change a weight, and see what happens."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnn_core import runs
from cnn_core.analysis.edits import Edits
from cnn_core.errors import CnnError, ConfigError
from pages.elements.head import head
from pages.network import unit
from pages.network.choice import is_gone, say_if_training, trained_network
from pages.network.epochs import convolutions
from pages.parts.surgery import controls, outcome, state
from pages.parts.surgery.state import View
from pages.pictures import run_image
from pages.session import settings
from pages.session.address import arrived, follow_layer, followed, say, went_back, whole
from pages.session.html import STYLE, complain
from pages.session.words import say_error

LINK = ("run", *run_image.LINK, "layer", "filter", "off", "weights", *controls.NAMES)


def main() -> None:
    """Which network; then everything that follows the surgery, redrawn alone."""
    st.html(STYLE)
    place = head("surgery", "filter", "kernel", "activation", "confusion_matrix")
    settings.rename(controls.SETTINGS)
    link = arrived("surgery", LINK)
    run = trained_network("surgery", link, place)
    if run is None:
        return
    say_if_training(run)
    _follow(run, link)
    followed("surgery", link)
    _story(run, link)


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    run_image.follow(link, run)
    rows = convolutions(run)
    if (newest := unit.take(run, "surgery", rows)) is not None:
        state.choose_layer(newest.layer)
        state.choose(newest.filter)
    follow_layer(link, rows, state.LAYER)
    count = rows[state.layer(run)].output_shape[2]
    if (index := whole(link, "filter", count)) is not None:
        state.choose(index)
    settings.follow(link, controls.SETTINGS)
    if went_back() and not {"off", "weights"} & link.keys():
        state.keep(run, Edits())
    if "off" in link or "weights" in link:
        try:
            state.keep(run, Edits.from_query(link).fitting(run.model))
        except ConfigError as error:
            st.warning(say_error(error), icon=":material/link_off:")


@st.fragment
def _story(run: runs.Run, link: Mapping[str, str]) -> None:
    if is_gone(run, "surgery"):
        return
    with st.container(
        key="surgery_pinned", horizontal=True, vertical_alignment="center", gap="medium"
    ):
        answer, scores, undo = (
            st.container(key="surgery_answer", gap=None),
            st.container(key="surgery_scores"),
            st.container(key="surgery_undo", width="content"),
        )
    left, right = st.columns([0.27, 0.73], gap="medium")
    with left, st.container(key="surgery_image"):
        problems: list[CnnError] = []
        image = run_image.choose(run, problems.append)
        pad = st.container()
        problem_place = st.container()
    with right:
        try:
            view = View.of(run)
            outcome.undo(view, undo)
            columns = st.columns([0.54, 0.46], gap="medium")
            with columns[0], st.container(key="surgery_filters"):
                board = st.container()
            with columns[1], st.container(key="surgery_result"):
                maps = outcome.prediction(view, image, answer)
            with board:
                controls.filters(view, maps)
            with st.container(border=True, key="surgery_weight"):
                controls.weight(view)
        except CnnError as error:
            complain(error)
            problems = [problem for problem in problems if say_error(problem) != say_error(error)]
            view = None
    with problem_place:
        for problem in problems:
            complain(problem)
    query = {"run": run.id, **run_image.query(image), "layer": state.layer(run)}
    query |= {"filter": str(state.filter_index(run)), **state.edits(run).to_query()}
    query |= settings.query(controls.SETTINGS)
    unit.keep("surgery", state.layer(run), state.filter_index(run), link)
    say("surgery", query)
    if view is not None:
        try:
            outcome.verdicts(view, scores)
            outcome.ranking(view)
        except CnnError as error:
            complain(error)
    with pad:
        run_image.finish(run.train.dataset)


main()
