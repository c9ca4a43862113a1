"""How a visitor's picture becomes the input of a network: which preparation, its steps, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core.figures import mosaic
from cnn_core.figures.legend import uri
from cnn_core.images import preparation, uploads
from cnn_core.images.preparation import STEPS, Prepared
from cnn_core.markup import fill
from pages.pictures.upload import Upload
from pages.session import choices
from pages.session.html import html
from pages.session.settings import Setting
from pages.session.words import t

KINDS = ("handwriting", "item", "picture")
PREVIEW = 160  # side of the small pictures, in pixels
OVERRIDE = "image_inverted"  # session key: file, preparation, and what the visitor has switched

SETTINGS = tuple(
    Setting(name, f"image_steps_{kind}", STEPS[kind], list(STEPS[kind]), several=True)
    for name, kind in (("digit_steps", "handwriting"), ("item_steps", "item"))
)
"""The steps that are switched on, for the address."""

Pixels = np.ndarray
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a picture becomes.

    Attributes:
        pictures: uint8 of the model's input shape, one for each digit or item; none if there is nothing.
            Where two digits may touch, first both as one.
        verdict: "one", "several", "touching", "nothing" or "crowded".
    """

    pictures: Sequence[Pixels]
    verdict: str


def inputs(file: Upload, shape: Shape, dataset: str) -> Inputs:
    """Controls of the preparation, its steps as pictures and in words, and the inputs.

    Args:
        file: The visitor's.
        shape: Of the model's input.
        dataset: That the network learned from; the preparation begins with the one for it.
    """
    kind = _kind(shape, dataset)
    picture = uploads.opaque(file.picture)
    act = _whole if kind == "picture" else _read
    made = act(file, picture, shape, kind)
    notes = [t(f"image.note_{note}") for note in picture.notes]
    if notes:
        st.caption(" ".join(notes))
    return made


def naive(file: Upload, shape: Shape) -> Pixels:
    """The middle square of the picture, as programs without a preparation take it."""
    return uploads.prepare(uploads.opaque(file.picture), shape).model_input


def settings(dataset: str) -> tuple[Setting, ...]:
    """What can be chosen of the preparation for a network that learned from that data set."""
    default = preparation.KINDS.get(dataset, "picture")
    return (Setting("kind", f"image_kind_{default}", KINDS, default), *SETTINGS)


def _kind(shape: Shape, dataset: str) -> str:
    if shape[2] != 1:
        return "picture"
    default = preparation.KINDS.get(dataset, "picture")
    return choices.selectbox(
        t("image.kind"), KINDS, key=f"image_kind_{default}", default=default,
        format_func=lambda kind: t(f"image.kind_{kind}"), help=t("image.kind_help"),
    )  # fmt: skip


def _whole(file: Upload, picture: uploads.Picture, shape: Shape, kind: str) -> Inputs:
    invert = _invert(file, kind, uploads.prepare(picture, shape).inverted)
    prepared = uploads.prepare(picture, shape, invert)
    html(_way_of_whole(picture, prepared))
    return Inputs([prepared.model_input], "one")


def _read(file: Upload, picture: uploads.Picture, shape: Shape, kind: str) -> Inputs:
    key = f"image_steps_{kind}"
    st.session_state.setdefault(key, list(STEPS[kind]))
    steps = tuple(choices.multi_pills(
        t("image.steps"), STEPS[kind], key=key, help=t("image.steps_help"),
        format_func=lambda step: t(f"image.do_{kind}_{step}"),
    ))  # fmt: skip
    automatic = _prepared(file.id, picture, kind, shape, steps, None)
    invert = _invert(file, kind, automatic.inverted)
    made = automatic
    if invert != automatic.inverted:
        made = _prepared(file.id, picture, kind, shape, steps, invert)
    _say_verdict(made, kind)
    html(_way(picture, made))
    sentences = [t(f"image.did_{name}", **numbers) for name, numbers in made.done]
    st.caption(" ".join(dict.fromkeys(sentences)))  # of several digits once
    return Inputs(made.inputs, made.verdict)


@st.cache_data(show_spinner=False, max_entries=20)
def _prepared(
    file: str,
    _picture: uploads.Picture,
    kind: str,
    shape: Shape,
    steps: tuple[str, ...],
    invert: bool | None,
) -> Prepared:
    return preparation.prepare(_picture, kind, shape, steps, invert)


def _say_verdict(made: Prepared, kind: str) -> None:
    if made.verdict in {"nothing", "crowded"}:
        st.info(t(f"image.{made.verdict}_{kind}"), icon=":material/search_off:")
    elif made.verdict == "touching":
        st.info(t("image.touching"), icon=":material/join:")
    elif made.verdict == "several":
        words = t(f"image.several_{kind}", count=len(made.inputs))
        st.info(words, icon=":material/filter_none:")


def _invert(file: Upload, kind: str, automatic: bool) -> bool:
    """The switch for the brightness: as the preparation decides, until the visitor does."""
    override = st.session_state.get(OVERRIDE)
    value = override[1] if override and override[0] == (file.id, kind) else automatic
    st.session_state["image_invert"] = value
    return st.toggle(
        t("image.invert"), key="image_invert", help=t("image.invert_help"),
        on_change=_keep_inverted, args=(file.id, kind),
    )  # fmt: skip


def _keep_inverted(file: str, kind: str) -> None:
    """Streamlit forgets the switch with its page."""
    st.session_state[OVERRIDE] = (file, kind), bool(st.session_state["image_invert"])


def _way_of_whole(picture: uploads.Picture, prepared: uploads.Prepared) -> Markup:
    """How the whole picture became the input, as four small pictures."""
    height, width, channels = prepared.model_input.shape
    last = "inverted" if prepared.inverted else "input"
    figures = [
        _figure("file", picture.pixels, "×".join(map(str, picture.size))),
        _figure("grey" if channels == 1 else "colour", prepared.grey, "0–255"),
        _figure("square", prepared.square, "×".join(map(str, prepared.crop))),
        _figure(last, prepared.model_input, f"{width}×{height}", "small"),
    ]
    return fill('<div class="input-steps">{{ figures|join }}</div>', figures=figures)


def _way(picture: uploads.Picture, made: Prepared) -> Markup:
    """How ink or an item became the input: the file, the picture after each step, each input."""
    figures = [_figure("file", picture.pixels, "×".join(map(str, picture.size)))]
    for stage in made.stages[1:]:
        height, width, _ = stage.pixels.shape
        figures.append(_figure(stage.step, stage.pixels, f"{width}×{height}"))
    for pixels in made.inputs:
        height, width, _ = pixels.shape
        name = "inverted" if made.inverted else "input"
        figures.append(_figure(name, pixels, f"{width}×{height}", "small"))
    return fill('<div class="input-steps">{{ figures|join }}</div>', figures=figures)


def _figure(name: str, pixels: np.ndarray, size: str, kind: str = "") -> Markup:
    step = max(1, max(pixels.shape[:2]) // PREVIEW)
    return fill(
        '<figure class="{{ kind }}"><span class="frame"><img alt="{{ word }}" src="{{ source }}"></span>'
        "<figcaption>{{ word }}<span>{{ size }}</span></figcaption></figure>",
        kind=kind,
        word=t(f"image.step_{name}"),
        source=uri(mosaic.image_png(np.ascontiguousarray(pixels[::step, ::step]))),
        size=size,
    )
