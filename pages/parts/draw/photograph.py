"""A photograph read on the draw page: from a file or the camera, by every network that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from cnn_core import drawing, runs
from cnn_core.errors import CnnError
from pages.network import answers as _answers
from pages.parts.draw.answers import answered, each, side_by_side
from pages.pictures import prepared
from pages.pictures.upload import camera, upload
from pages.session import choices
from pages.session.html import STYLE, html, waking
from pages.session.settings import Setting
from pages.session.words import language, t

PAGE = "draw"  # its name where pages learn of each other's images
WAYS = {"file": ":material/upload:", "camera": ":material/photo_camera:"}
SETTING = Setting("from", "photograph_way", tuple(WAYS), "file")
SHAPE = (drawing.SIDE, drawing.SIDE, 1)


def read(selected: Sequence[runs.Run], left: DeltaGenerator, right: DeltaGenerator) -> None:
    """The photograph on the left; on the right what each network reads, and below it the preparation."""
    st.html(STYLE)  # of the pictures of the steps
    with left:
        way = choices.segmented_control(
            t("draw.way"), WAYS, key="photograph_way", label_visibility="collapsed", width="stretch",
            format_func=lambda name: f"{WAYS[name]} {t(f'draw.from_{name}')}",
        )  # fmt: skip
        if way == "camera":
            camera(PAGE)
        file = upload(PAGE, partial(st.caption, t("draw.no_photograph")), box=way == "file")
    with right:
        result = st.container(key="draw_result")
        if file is None:
            made, naive = None, None
        else:
            made = prepared.inputs(file, SHAPE, selected[0].train.dataset)
            naive = prepared.naive(file, SHAPE)
    with result:
        if made is None or naive is None:
            parts = [answered(run, None, t("draw.photograph_hint"), None) for run in selected]
        elif not made.pictures:
            parts = [answered(run, None, t("draw.nothing"), None) for run in selected]
        else:
            parts = [_answer(run, made, naive) for run in selected]
        html(side_by_side("readings", parts))


def _answer(run: runs.Run, made: prepared.Inputs, naive: np.ndarray) -> Markup:
    """What a network says to one picture, or to each of several."""
    pictures = made.pictures
    try:
        with waking():
            probabilities = _answers.predict(run, np.stack([*pictures, naive]))
    except CnnError as error:
        return answered(run, None, error.sentence(language()), None)
    if len(pictures) == 1:
        return answered(run, probabilities, "", None)
    return each(run, pictures, probabilities, touching=made.verdict == "touching")
