"""The accuracy on changed test images over the strength of one change, of one network or of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from cnn_core import runs, texts
from cnn_core.errors import CnnError
from cnn_core.figures import robustness as figures
from cnn_core.labs.changes import CHANGES
from pages.elements.chart import draw_chart
from pages.network import answers, choice
from pages.network.names import names_of
from pages.parts.robustness import twin
from pages.session import choices
from pages.session.address import went_back
from pages.session.doors import colours
from pages.session.html import complain, heading
from pages.session.settings import Setting
from pages.session.words import language, t

IMAGES = 2000  # test images at most
STEP = 200  # images per look of a small network: about a second
HEIGHT = 360  # of the chart, in pixels
BESIDE = "robustness_beside"
CHANGE = "robustness_change"
SETTINGS = (Setting("change", CHANGE, tuple(CHANGES), None),)


def follow(link: Mapping[str, str], run: runs.Run) -> None:
    """Choose the second network that a link names; one sentence if there is none."""
    if "beside" not in link:
        if went_back():
            st.session_state[BESIDE] = None
    elif link["beside"] in _others(run, link["beside"]):
        st.session_state[BESIDE] = link["beside"]
    else:
        st.warning(t("robustness.curve.no_beside"), icon=":material/link_off:")


def query() -> dict[str, str]:
    """The second network, for the address."""
    beside = st.session_state.get(BESIDE)
    return {"beside": beside} if beside else {}


def controls(run: runs.Run) -> tuple[str | None, list[runs.Run]]:
    """The change, or None before one was chosen, and the networks to measure."""
    heading(t("robustness.curve.title"))
    st.caption(t("robustness.curve.intro", images=f"{IMAGES:,}"))
    change = choices.optional_pills(
        t("robustness.curve.change"), list(CHANGES), key=CHANGE,
        format_func=lambda name: t(f"robustness.change.{name}"),
    )  # fmt: skip
    others = _others(run, st.session_state.get(BESIDE) or "")
    names = names_of([run, *others.values()])
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        beside = choices.optional_selectbox(
            t("robustness.curve.beside"), list(others), key=BESIDE, format_func=names.__getitem__,
            help=t("robustness.curve.beside_help"), placeholder=t("robustness.curve.none"), width=420,
        )  # fmt: skip
        _offer_augmented(run, others)
    twin.say_refusal()
    shipped = runs.augmented(run)
    if shipped is not None and beside == shipped.id:
        st.caption(t("robustness.curve.augmented_how"))
    return change, [run, *([others[beside]] if beside else [])]


def result(change: str, networks: Sequence[runs.Run]) -> None:
    """Measure what is not known yet, with its progress; then the chart."""
    names = names_of(networks)
    curves: dict[str, list[float]] = {}
    images = 0
    try:
        for run in networks:
            curves[names[run.id]], images = _measured(run, change, names[run.id])
    except CnnError as error:
        complain(error)
        return
    unit = [
        t(f"robustness.unit.{change}", value=f"{strength:g}") for strength in CHANGES[change].curve
    ]
    label = t(f"robustness.change.{change}")
    words = figures.RobustnessWords.of(texts.table(language()))
    draw_chart(
        figures.robustness_chart(curves, unit, label, words=words, palette=colours()),
        height=HEIGHT, key="robustness_chart",
        alt=figures.robustness_alt(curves, unit, label, words=words),
    )  # fmt: skip
    st.caption(t("robustness.curve.read", images=f"{images:,}"))


def _offer_augmented(run: runs.Run, others: Mapping[str, runs.Run]) -> None:
    """One click to the same network trained with augmentation, or without; or to its training."""
    other = twin.compared_with(run, others)
    if other is None:
        twin.offer_training(run)
        return
    without = run.train.augmentation != "none"
    st.button(
        t("robustness.twin.compare_without" if without else "robustness.curve.augmented"),
        icon=":material/compare_arrows:", key="robustness_curve_augmented",
        on_click=_take_augmented, args=(other.id,),
        disabled=st.session_state.get(BESIDE) == other.id,
    )  # fmt: skip


def _take_augmented(run_id: str) -> None:
    st.session_state[BESIDE] = run_id
    if st.session_state.get(CHANGE) is None:
        st.session_state[CHANGE] = "rotate"


def _others(run: runs.Run, chosen_id: str) -> dict[str, runs.Run]:
    """Networks that were trained on the same data set."""
    shipped = runs.augmented(run)
    return ({shipped.id: shipped} if shipped is not None else {}) | {
        run_id: other
        for run_id, other in choice.others(run, chosen_id).items()
        if other.train.dataset == run.train.dataset
        and other.model.input_shape == run.model.input_shape
    }


def _measured(run: runs.Run, change: str, name: str) -> tuple[list[float], int]:
    """Accuracies at each strength, and on how many images; pieces that are known are not asked again."""
    correct, images = 0, 0
    bar = st.empty()
    count = answers.per_look(run, STEP, passes=len(CHANGES[change].curve))
    for first in range(0, IMAGES, count):
        done = t("robustness.curve.progress", name=name, done=f"{first:,}", images=f"{IMAGES:,}")
        bar.progress(first / IMAGES, text=done)
        piece = answers.robustness(run, change, first, min(count, IMAGES - first))
        correct, images = correct + piece["correct"], images + int(piece["images"])
        if piece["images"] < count:
            break
    bar.empty()
    return [float(right) / max(1, images) for right in correct], images
