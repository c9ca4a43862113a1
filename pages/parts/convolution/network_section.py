"""A trained network's own kernel on its own input, step by step, beside what Keras computes for that unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core import convolution, runs
from cnn_core.arithmetic import LayerRow
from cnn_core.errors import CnnError, EngineError
from cnn_core.runs import snapshots
from pages.elements.stepper import Setup, stepper
from pages.network import answers, unit
from pages.network.choice import choose_run, is_gone
from pages.network.epochs import convolutions, epoch_slider, follow_epoch
from pages.parts.convolution import sections as parts
from pages.pictures import sample_image
from pages.pictures.sample_image import Sample
from pages.session import choices
from pages.session.address import follow_layer, followed, say, whole
from pages.session.doors import engine
from pages.session.html import complain
from pages.session.words import say_error, t

POLL_S = 2.0  # until Keras has answered
BRIEF_S, LOOK_S = 0.4, 5.0  # before the first answer, when it soon asks again, and after it
PAGE = "convolution"


def story(link: Mapping[str, str], place: DeltaGenerator) -> None:
    """Which network; then everything that follows the image, redrawn alone."""
    run = choose_run(link.get("run"), place)
    if run is None:
        say(PAGE, {"section": "network"})
        return
    _follow(run, link)
    followed(PAGE, link)
    waits = _waits()
    st.fragment(_steps, run_every=POLL_S if waits else None)(run, waits, link)


def _waits() -> bool:
    """Whether Keras' answer is still to come."""
    return engine().problem("look") is None and not st.session_state.get("convolution_keras_there")


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    rows = convolutions(run)
    if (newest := unit.take(run, PAGE, rows)) is not None:
        st.session_state["convolution_layer"] = newest.layer
        _keep_filter(newest.filter)
    follow_layer(link, rows, "convolution_layer")
    row = rows[choices.keep_valid("convolution_layer", list(rows))]
    if (index := whole(link, "filter", row.output_shape[2])) is not None:
        _keep_filter(index)
    follow_epoch(run, "convolution", link)


def _keep_filter(index: int) -> None:
    st.session_state["convolution_filter"] = index


def _steps(run: runs.Run, waits: bool, link: Mapping[str, str]) -> None:
    if is_gone(run, PAGE, section="network"):
        return
    rows = convolutions(run)
    left, right = st.columns([0.25, 0.75], gap="medium")
    with left, st.container(key="convolution_controls"):
        choices.segmented_control(
            t("feature_maps.layer"), list(rows), key="convolution_layer", help=t("convolution.layer_help"),
            on_change=lambda: st.session_state.pop("convolution_filter", None),
        )  # fmt: skip
        epoch = epoch_slider(run, "convolution", snapshots.epochs(run))
        sample = _sample(run)
    row = rows[str(st.session_state["convolution_layer"])]
    with right, st.container(key="convolution_result"):
        if sample is not None:
            _show(run, row, epoch, sample)
    query = {"section": "network", "run": run.id, "layer": row.name, "filter": str(_filter(row))}
    unit.keep(PAGE, row.name, _filter(row), link)
    say(PAGE, {**query, "epoch": str(epoch), **(sample.query if sample else {})})
    if waits != _waits():
        st.rerun()  # from now on with, or without, asking every two seconds


def _sample(run: runs.Run) -> Sample | None:
    try:
        return sample_image.of_run(run)
    except CnnError as error:
        complain(error)
        return None


def _filter(row: LayerRow) -> int:
    return int(st.session_state.get("convolution_filter", 0)) % row.output_shape[2]


def _show(run: runs.Run, row: LayerRow, epoch: int, sample: Sample) -> None:
    try:
        held = snapshots.read(run, epoch)
    except CnnError as error:
        complain(error)
        return
    maps = convolution.forward(run.model, held, sample.values)
    if "convolution_filter" not in st.session_state:
        _keep_filter(int(maps[row.name].max(axis=(0, 1)).argmax()))  # one that has something to say
    keras, problem = _keras(run, epoch, held, sample)
    index, first = _filter(row), row.name == "conv1"
    keras_maps = (
        None
        if keras is None
        else (keras[row.name + "/sum"][..., index], keras[row.name][..., index])
    )
    setup = Setup(
        sample.values if first else _before(maps, row),
        kernels=held[f"{row.name}/kernel"],
        bias=held[f"{row.name}/bias"],
        stride=row.stride or 1,
        padding=str(row.padding),
        activation=str(row.activation),
        filter=index,
        colours="image" if first else "maps",
        keras=keras_maps,
        compares=problem is None,
        words={"input": t("stepper.input") if first else t("convolution.input_before")},
    )
    stepper("convolution_network_stepper", setup, on_filter=_keep_filter)
    if problem is not None:
        st.caption(say_error(problem))
    elif keras_maps is None:
        st.caption(t("convolution.keras_waits"))
    else:
        difference = float(np.abs(maps[row.name + "/sum"][..., index] - keras_maps[0]).max())
        largest = f"{difference:.0e}".replace("-", "−") if difference else "0"
        st.caption(t("convolution.keras_there", largest=largest))
    st.caption(parts.padding_words(setup))


def _before(maps: dict[str, np.ndarray], row: LayerRow) -> np.ndarray:
    """What a later convolution is given."""
    names = [name for name in maps if not name.endswith("/sum")]
    return maps[names[names.index(row.name) - 1]]


def _keras(
    run: runs.Run, epoch: int, held: snapshots.Weights, sample: Sample
) -> tuple[dict[str, np.ndarray] | None, EngineError | None]:
    """What Keras computes for the image, and what is wrong with the engine; None while it gets ready."""
    if (problem := engine().problem("look")) is not None:
        return None, problem
    request = (run.id, epoch, sample.pixels.tobytes())
    kept = st.session_state.get("convolution_keras")
    if kept is not None and kept[0] == request:
        return kept[1], None
    answer = _ask(run, held, sample)
    st.session_state["convolution_keras_there"] = answer is not None
    if answer is not None:
        st.session_state["convolution_keras"] = (request, answer)
    return answer, None


def _ask(run: runs.Run, held: snapshots.Weights, sample: Sample) -> dict[str, np.ndarray] | None:
    if not engine().ready("look") or not (run.folder / "best.keras").exists():
        return None
    patience = LOOK_S if st.session_state.get("convolution_keras_there") else BRIEF_S
    try:
        return answers.feature_maps(run, sample.pixels, held, patience)
    except CnnError:
        return None
