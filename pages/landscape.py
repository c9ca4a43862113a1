"""Which way did training go? The loss on a plane through the weights, and the path of the epochs on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import arithmetic, runs
from cnn_core.analysis import landscape
from cnn_core.engine.landscape import Question
from cnn_core.errors import CnnError
from cnn_core.runs import snapshots
from pages.elements.head import head
from pages.network import answers
from pages.network.answer_types import Plane
from pages.network.choice import is_gone, others, trained_network
from pages.network.names import name_of, names_of
from pages.parts.landscape import chart
from pages.session import choices, settings
from pages.session.address import arrived, followed, say, went_back
from pages.session.html import STYLE, complain, waking
from pages.session.settings import Setting
from pages.session.words import plain, t

PASSES = 20_000  # of an image through a small network, per look: about a second
NO_OTHER = ""  # runs have no empty id
SETTINGS = (
    Setting("plane", "landscape_plane", landscape.KINDS, landscape.KINDS[0]),
    Setting("part", "landscape_part", landscape.PARTS, landscape.PARTS[0]),
    Setting("grid", "landscape_grid", landscape.GRIDS, landscape.GRIDS[0]),
    Setting("images", "landscape_images", landscape.IMAGES, landscape.IMAGES[0]),
    Setting("seed", "landscape_seed", landscape.SEEDS, landscape.SEEDS[0]),
)
LINK = ("run", "other", *(setting.name for setting in SETTINGS))


def main() -> None:
    """Which network; then everything that follows the controls."""
    st.html(STYLE)
    place = head("landscape", "loss", "gradient", "learning_rate")
    link = arrived("landscape", LINK)
    run = trained_network("landscape", link, place)
    if run is None:
        return
    if runs.status(run).active:
        st.info(t("landscape.unfinished"), icon=":material/hourglass_top:")
        say("landscape", {"run": run.id})
        return
    settings.follow(link, SETTINGS)
    _follow_other(run, link)
    followed("landscape", link)
    _story(run)


def _follow_other(run: runs.Run, link: Mapping[str, str]) -> None:
    """Compare with the run that a link names; one sentence if it cannot be."""
    if "other" not in link:
        if went_back():
            st.session_state["landscape_other"] = NO_OTHER
        return
    try:
        other = runs.open_run(link["other"])
    except CnnError as error:
        complain(error)
        return
    if other.model != run.model:
        st.warning(t("landscape.other_architecture"), icon=":material/link_off:")
    elif other.id not in _comparable(run, other.id):
        st.warning(t("landscape.other_unfinished"), icon=":material/link_off:")
    else:
        st.session_state["landscape_other"] = other.id


def _comparable(run: runs.Run, chosen_id: str) -> dict[str, runs.Run]:
    """Finished runs of the same architecture by id, and the one that learned from changed images, too."""
    listed = others(run, chosen_id)
    if twin := runs.augmented(run):
        listed.setdefault(twin.id, twin)
    return {
        run_id: other
        for run_id, other in listed.items()
        if other.model == run.model
        and len(snapshots.epochs(other)) >= landscape.LEAST_EPOCHS
        and not runs.status(other).active
    }


def _story(run: runs.Run) -> None:
    """No fragment: what is pressed in one waits for the end of the calculation, "Stop" too."""
    if is_gone(run, "landscape"):
        return
    with st.container(key="landscape_top"):
        controls = st.container(
            horizontal=True, vertical_alignment="bottom", gap="medium", key="landscape_controls"
        )
        stage = st.container(key="landscape_stage")
    with controls:
        question = _question(run)
    query = {"run": run.id, **settings.query(SETTINGS)}
    say("landscape", {**query, "other": question.other} if question.other else query)
    left, right = stage.columns([0.66, 0.34], gap="medium")
    try:
        with left:
            picture = st.container()  # above the progress, which so does not push it down
            with waking():
                plane = answers.plane(run, question)
            losses = _losses(run, question, plane)
            if losses is None:
                return
            with picture:
                chart.draw(run, question, plane, losses)
        with right:
            _facts(run, question, plane, losses)
    except CnnError as error:
        complain(error)
        return
    st.markdown(t(f"landscape.reading_{plane['kind']}"))


def _question(run: runs.Run) -> Question:
    """What the controls ask for."""
    kind = choices.segmented_control(
        t("landscape.plane"), landscape.KINDS, key="landscape_plane",
        format_func=lambda name: t(f"landscape.plane_{name}"), help=t("landscape.plane_help"),
    )  # fmt: skip
    other = seed = None
    if kind == "path":
        other = _other(run)
    else:
        seed = choices.segmented_control(
            t("landscape.seed"), landscape.SEEDS, key="landscape_seed",
            format_func=lambda number: str(number + 1), help=t("landscape.seed_help"),
        )  # fmt: skip
    part = choices.segmented_control(
        t("landscape.part"), landscape.PARTS, key="landscape_part",
        format_func=lambda name: t(f"image.{name}"), help=t("landscape.part_help"),
    )  # fmt: skip
    grid = choices.segmented_control(
        t("landscape.grid"), landscape.GRIDS, key="landscape_grid",
        format_func=lambda count: f"{count}×{count}", help=t("landscape.grid_help"),
    )  # fmt: skip
    images = choices.segmented_control(
        t("landscape.images"), landscape.IMAGES, key="landscape_images",
        format_func=lambda count: f"{count:,}", help=t("landscape.images_help"),
    )  # fmt: skip
    written = tuple(
        max(runs.weights_at(drawn), snapshots.written_at(drawn)) for drawn in (run, other) if drawn
    )
    return Question(
        run.id, other.id if other else NO_OTHER, kind, seed or 0, grid, part, images, written
    )


def _other(run: runs.Run) -> runs.Run | None:
    """The run that is compared, or None."""
    listed = _comparable(run, st.session_state.get("landscape_other", NO_OTHER))
    none = t("landscape.no_other" if listed else "landscape.no_other_fits")
    names = {NO_OTHER: none, **names_of(listed.values())}
    choice = choices.selectbox(
        t("landscape.other"), list(names), key="landscape_other", format_func=names.__getitem__,
        help=t("landscape.other_help"), disabled=not listed, width=260,
    )  # fmt: skip
    return listed.get(choice)


def _losses(run: runs.Run, question: Question, plane: Plane) -> np.ndarray | None:
    """The losses (rows, columns), piece by piece; None once it was stopped. What is done is kept."""
    total = question.grid**2
    count = answers.per_look(run, PASSES // question.images, passes=question.images)
    slot = st.empty()
    if st.session_state.get("landscape_stopped") == question:
        with slot.container():
            st.info(t("landscape.stopped"), icon=":material/pause_circle:")
            st.button(
                t("landscape.resume"), key="landscape_resume",
                on_click=lambda: st.session_state.pop("landscape_stopped", None),
            )  # fmt: skip
        return None
    pieces: list[np.ndarray] = []
    with slot.container():
        bar = st.empty()
        stop = st.empty()
        stop.button(
            t("landscape.stop"), key="landscape_stop", icon=":material/stop_circle:",
            on_click=lambda: st.session_state.update(landscape_stopped=question),
        )  # fmt: skip
        for first in range(0, total, count):
            done = t("landscape.progress", done=first, points=total, images=f"{question.images:,}")
            bar.progress(first / total, text=done)
            pieces.append(answers.losses(run, question, first, count))
    slot.empty()
    return np.concatenate(pieces).reshape(len(plane["y"]), len(plane["x"]))


def _facts(run: runs.Run, question: Question, plane: Plane, losses: np.ndarray) -> None:
    """How little the plane says, in numbers."""
    centre = losses[np.abs(plane["y"]).argmin(), np.abs(plane["x"]).argmin()]
    total = arithmetic.totals(arithmetic.layer_table(run.model)).params
    slots: dict[str, Any] = {
        "parameters": f"{plane['parameters']:,}", "total": f"{total:,}", "rest": f"{total - 2:,}",
    }  # fmt: skip
    first, second = st.columns([0.42, 0.58])
    first.metric(
        t("landscape.centre"),
        chart.number(float(centre)),
        help=t(f"landscape.centre_{question.part}"),
    )
    if plane["kind"] == "path":
        share = float(np.sum(plane["share"]))
        second.metric(t("landscape.share"), f"{share:.1%}", help=t("landscape.share_help"))
        st.markdown(t("landscape.little_path", share=f"{share:.1%}", **slots))
        if plane["parameters"] < total:
            st.caption(t("landscape.only_convolutions", **slots))
        if question.other:
            other = runs.open_run(question.other)
            st.caption(t("landscape.two", name=plain(name_of(run)), other=plain(name_of(other))))
        return
    second.metric(t("landscape.dimensions"), t("landscape.two_of", total=f"{total:,}"))
    st.markdown(t("landscape.little_random", **slots))
    if question.kind == "path":
        epochs = len(snapshots.epochs(run))
        st.info(t("landscape.few", epochs=epochs, least=landscape.LEAST_EPOCHS))


main()
