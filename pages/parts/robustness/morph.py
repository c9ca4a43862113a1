"""From the image on the page to another one: mounts `assets/robustness/morph.js`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnn_core import runs
from cnn_core.browser.bundle import bundle
from cnn_core.errors import CnnError
from cnn_core.paths import ASSETS
from pages.network import in_browser, run_data
from pages.network.names import class_names
from pages.parts.robustness import bench
from pages.pictures.run_image import Chosen
from pages.session import choices, settings
from pages.session.doors import colours
from pages.session.html import complain, heading, icon_button, waking
from pages.session.settings import Setting
from pages.session.words import t

FOLDER = ASSETS / "robustness"
KEY = "robustness_morph"
INTO = "robustness_morph_into"  # session key: class of the last image, or OWN
NUMBER = "robustness_morph_number"  # session key: which image of that class
MIX = "robustness_morph_mix"  # session key: percent of the way
KEPT = "robustness_morph_kept"  # session key: pixels of an image that the visitor keeps as the last one
BEGIN = "robustness_morph_begin"  # session key: class of the last image where none was chosen
OWN = -1  # among the classes: the image that the visitor kept
MOST_CLASSES, MOST_NUMBERS = 256, 2_500  # that a link can name
WORDS = ("slider", "way", "answer", "becomes", "stays", "chart")
SLOTS = ("name", "share", "before", "at", "turns")
SETTINGS = (
    Setting("into", INTO, range(MOST_CLASSES), None),
    Setting("number", NUMBER, range(MOST_NUMBERS), 0),
    Setting("mix", MIX, range(101), 0),
)

_mount = st.components.v2.component(
    "convscope_morph",
    html=(FOLDER / "morph.html").read_text("utf-8"),
    css=(FOLDER / "morph.css").read_text("utf-8"),
    js=bundle(FOLDER / "morph.js"),
)


@dataclass(frozen=True, eq=False)
class End:
    """The image at the end of the way: pixels as the model takes them, and what it is in words."""

    pixels: np.ndarray
    title: str


def follow(link: Mapping[str, str], run: runs.Run) -> None:
    """Choose what a link names; one sentence on a class that the network does not have."""
    settings.follow(link, SETTINGS)
    if (label := st.session_state.get(INTO)) is not None and label >= run.model.classes:
        st.session_state.pop(INTO)
        last = f"0 – {run.model.classes - 1}"
        if "into" in link:
            words = t("inside.bad_choice", name="into", known=last)
            st.warning(words, icon=":material/link_off:")


def query() -> dict[str, str]:
    """What the address says of it; an image of the visitor's own stands in no address."""
    label = st.session_state.get(INTO)
    if label == OWN:
        return {}
    parts = settings.query(SETTINGS)
    if label == st.session_state.get(BEGIN):
        parts.pop("into", None)
    return parts


def morph(run: runs.Run, image: Chosen) -> None:
    """The controls, the mixture with the answers, and the chart of the whole way.

    Args:
        run: A network that browsers get, as `in_browser.reads` says.
        image: Of the network's input shape: the beginning of the way.
    """
    heading(t("robustness.morph.title"))
    st.caption(t("robustness.morph.intro"))
    label = _controls(run, image)
    try:
        end = _end(run, label)
    except CnnError as error:
        complain(error)
        return
    data = {
        "key": KEY,
        "turn": st.session_state.get(bench.TURN, 0),
        "now": st.session_state.get(MIX, 0),
        "from": bench.packed(image.pixels),
        "to": bench.packed(end.pixels),
        "shape": list(image.pixels.shape),
        "titles": [image.title, end.title],
        "network": in_browser.address(run, KEY),
        "classes": class_names(run),
        "colours": colours().classes,
        "words": {
            **{name: t(f"robustness.bench.{name}") for name in ("loading", "failed")},
            **{
                name: t(f"robustness.morph.{name}", **{slot: f"{{{slot}}}" for slot in SLOTS})
                for name in WORDS
            },
        },
    }
    _mount(key=KEY, data=data, on_mix_change=_keep)


def _controls(run: runs.Run, image: Chosen) -> int:
    """The class of the last image, or `OWN`; buttons for another one of it, and for this one as the last."""
    names = class_names(run)
    kept = _kept(run)
    begin = st.session_state[BEGIN] = ((image.truth or 0) + 1) % run.model.classes
    options = [*range(run.model.classes), *([OWN] if kept is not None else [])]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        label = choices.selectbox(
            t("robustness.morph.into"), options, key=INTO, width=260,
            default=begin,
            format_func=lambda at: t("robustness.morph.kept") if at == OWN else names[at],
            on_change=lambda: st.session_state.pop(NUMBER, None),
        )  # fmt: skip
        icon_button(
            t("robustness.morph.another"), ":material/chevron_right:", "robustness_morph_another",
            on_click=_another, disabled=label == OWN,
        )  # fmt: skip
        st.button(
            t("robustness.morph.keep"), icon=":material/keep:", key="robustness_morph_keep",
            on_click=_keep_image, args=(image.pixels,), help=t("robustness.morph.keep_help"),
        )  # fmt: skip
    return label


def _end(run: runs.Run, label: int) -> End:
    """The image of that class whose turn it is, or the one that was kept."""
    kept = _kept(run)
    if label == OWN and kept is not None:
        return End(kept, t("robustness.morph.kept"))
    with waking():
        piece = run_data.piece(run, "test", 0)
    members = np.flatnonzero(piece.labels == label)
    if not len(members):
        members = np.arange(len(piece.labels))
    index = int(members[st.session_state.get(NUMBER, 0) % len(members)])
    [pixels] = run_data.images(run, "test", (index,))
    name = class_names(run)[int(piece.labels[index])]
    return End(pixels, t("image.thumb", index=index, name=name))


def _kept(run: runs.Run) -> np.ndarray | None:
    kept: np.ndarray | None = st.session_state.get(KEPT)
    return kept if kept is not None and kept.shape == run.model.input_shape else None


def _another() -> None:
    st.session_state[NUMBER] = (st.session_state.get(NUMBER, 0) + 1) % MOST_NUMBERS


def _keep_image(pixels: np.ndarray) -> None:
    st.session_state[KEPT], st.session_state[INTO] = pixels, OWN


def _keep() -> None:
    """Keep what the browser sent, if there is such a place on the way."""
    state = st.session_state.get(KEY)
    at = state.get("mix") if isinstance(state, Mapping) else None
    if type(at) is int and 0 <= at <= 100:
        st.session_state[MIX] = at
