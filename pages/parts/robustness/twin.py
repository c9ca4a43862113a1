"""The same network trained with augmentation, or without: to compare with in one click, or to train first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import streamlit as st

from cnn_core import datasets, runs
from cnn_core.errors import CnnError
from pages.network import choice, shown
from pages.network.names import span
from pages.session.doors import engine
from pages.session.html import complain
from pages.session.visitor import visitor
from pages.session.words import label, t

AUGMENTATION = "geometry"  # of a run that is ordered here
ORDERED = (
    "robustness_twin_ordered"  # session key: a run was ordered, and the page does not watch it yet
)


def compared_with(run: runs.Run, others: Mapping[str, runs.Run]) -> runs.Run | None:
    """The network to compare with: one that came with ConvScope, or the newest that differs in this alone."""
    shipped = runs.augmented(run)
    if shipped is not None:
        return shipped
    finished = (other for other in others.values() if not runs.status(other).active)
    return next(_twins(run, finished), None)


def in_training(run: runs.Run) -> runs.Run | None:
    """The newest run of this visitor that waits or trains and will be comparable."""
    if run.shipped:
        return None
    active = (
        other for other in choice.newest() if other.owner == visitor() and runs.status(other).active
    )
    return next(_twins(run, active), None)


def offer_training(run: runs.Run) -> None:
    """A button that orders the run, or how far it is; only for a run that was trained here."""
    if run.shipped:
        return
    if in_training(run) is not None:
        st.caption(t("robustness.twin.training"))
        return
    without = run.train.augmentation != "none"
    key = "robustness.twin.without" if without else "robustness.twin.with"
    st.button(
        t(key), icon=":material/model_training:", key="robustness_train_twin",
        help=_help(run), on_click=_order, args=(run,),
    )  # fmt: skip


def say_refusal() -> None:
    """Why the run was not ordered; watches the run from now on if it was."""
    if refusal := shown.take_refusal():
        complain(refusal)
    if st.session_state.pop(ORDERED, False):
        st.rerun()


def _twins(run: runs.Run, others: Iterable[runs.Run]) -> Iterable[runs.Run]:
    """Those that differ from the run in having augmentation, or in not having it, and in nothing else."""
    return (
        other
        for other in others
        if not other.shipped
        and other.model == run.model
        and replace(other.train, augmentation=run.train.augmentation) == run.train
        and (other.train.augmentation == "none") != (run.train.augmentation == "none")
    )


def _setup(run: runs.Run) -> runs.Run:
    augmentation = AUGMENTATION if run.train.augmentation == "none" else "none"
    return replace(run, train=replace(run.train, augmentation=augmentation))


def _help(run: runs.Run) -> str:
    """What is trained, and how long it will take if that was measured before."""
    twin = _setup(run)
    text = t(
        "robustness.twin.help",
        augmentation=label("augmentation", twin.train.augmentation),
        images=f"{datasets.training_images(twin.train):,}",
        epochs=twin.train.epochs,
    )
    seconds = engine().estimate(twin.model, twin.train)
    return (
        text
        if seconds is None
        else f"{text} {t('playground.estimate', time=span(max(1, seconds)))}"
    )


def _order(run: runs.Run) -> None:
    if in_training(run) is not None:  # ordered meanwhile: two quick clicks, or another window
        return
    twin = _setup(run)
    base = run.name or label("dataset", run.train.dataset)
    key = (
        "robustness.twin.name_without"
        if twin.train.augmentation == "none"
        else "robustness.twin.name_with"
    )
    try:
        engine().order(twin.model, twin.train, owner=visitor(), name=t(key, name=base))
        st.session_state[ORDERED] = True
    except CnnError as error:
        shown.refuse(error)
