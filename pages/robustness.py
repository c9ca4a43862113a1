"""How easily is it fooled? An image that is changed, and how far the answer holds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from pages.elements import pad
from pages.elements.head import head
from pages.network import goals, in_browser
from pages.network.choice import say_if_training, trained_network
from pages.parts.robustness import attack, bench, curves, fooled, morph, twin
from pages.pictures import run_image
from pages.pictures.run_image import Chosen
from pages.session import settings
from pages.session.address import arrived, followed, say, went_back
from pages.session.html import STYLE
from pages.session.words import t

POLL_S = 2.0  # between looks at a run that trains
QUERY = "robustness_query"  # session key: what the address says
SETTINGS = (*bench.SETTINGS, *attack.SETTINGS, *curves.SETTINGS)
LINK = (
    "run",
    "beside",
    *run_image.LINK,
    *(setting.name for setting in (*SETTINGS, *morph.SETTINGS)),
)


def main() -> None:
    """Which network; then what follows the image, redrawn alone."""
    st.html(STYLE)
    place = head("robustness", "softmax", "pooling")
    link = arrived("robustness", LINK)
    run = trained_network("robustness", link, place)
    if run is None:
        return
    say_if_training(run)
    _follow(run, link)
    followed("robustness", link)
    _story(run)
    waits = twin.in_training(run) is not None
    st.fragment(_curves, run_every=POLL_S if waits else None)(run, waits)
    _gallery(run)


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    run_image.follow(link, run)
    settings.follow(link, SETTINGS)
    morph.follow(link, run)
    curves.follow(link, run)
    if link or went_back():
        bench.turn()


@st.fragment
def _story(run: runs.Run) -> None:
    left, right = st.columns([0.27, 0.73], gap="medium")
    with left, st.container(key="robustness_image"):
        image = run_image.choose(run)
        pad_place = st.container()
    st.session_state[QUERY] = {"run": run.id, **run_image.query(image)}
    with right, st.container(key="robustness_result"):
        if image is None:
            st.caption(t("robustness.no_image"))
        elif not in_browser.small(run):
            st.info(t("robustness.too_large"), icon=":material/memory:")
        elif not in_browser.reads(run):
            st.caption(t("robustness.no_server"))
        else:
            _bench(run, image)
    below = st.container()
    _say()
    with pad_place:
        run_image.finish(run.train.dataset)
    if image is not None:  # after the pad, which would wait for it
        with below:
            _attack(run, image)
            if in_browser.reads(run):
                _morph(run, image)


@st.fragment
def _bench(run: runs.Run, image: Chosen) -> None:
    """Redrawn alone when a slider is let go."""
    bench.bench(run, image)
    _say()
    fooled.offer(run, image)
    if bench.is_only_turned() and image.truth is not None:
        with suppress(CnnError):  # the answer itself is computed in the browser
            goals.try_goal("turn", lambda: bench.turned(run, image))


@st.fragment
def _attack(run: runs.Run, image: Chosen) -> None:
    """Redrawn alone when another method or size is chosen."""
    method, size = attack.controls()
    _say()
    if _is_being_drawn(image):  # each attack takes the worker half a second
        st.caption(t("robustness.attack.drawing"))
    else:
        attack.result(run, image, method, size)


@st.fragment
def _morph(run: runs.Run, image: Chosen) -> None:
    """Redrawn alone when another last image is chosen, and when the slider is let go."""
    if _is_being_drawn(image):
        st.caption(t("robustness.attack.drawing"))
    else:
        morph.morph(run, image)
        _say()


def _is_being_drawn(image: Chosen) -> bool:
    """Whether the image is a drawing whose stroke has not ended."""
    drawing = pad.drawn(run_image.PAD)
    is_drawing = image.query.get("source") == "draw"
    return is_drawing and drawing is not None and drawing.live


def _curves(run: runs.Run, waits: bool) -> None:
    """Redrawn alone when another change or network is chosen, and while one to compare with trains."""
    if waits and twin.in_training(run) is None:
        st.rerun()
    change, networks = curves.controls(run)
    _say()
    if change is None:
        st.info(t("robustness.curve.choose"), icon=":material/show_chart:")
    else:
        with st.container(key="robustness_curve"):
            curves.result(change, networks)


@st.fragment
def _gallery(run: runs.Run) -> None:
    """Redrawn alone when an image of it is deleted, or another page of it is chosen."""
    fooled.wall(run)


def _say() -> None:
    """All parts of the page have their share in the address."""
    parts = settings.query(SETTINGS) | morph.query() | curves.query()
    say("robustness", st.session_state[QUERY] | parts)


main()
