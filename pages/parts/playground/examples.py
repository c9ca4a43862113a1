"""Test images with what a run's network says to them, as cards: the first few, or others on request."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
from cnn_core.progress.events import RunEnded
from pages.network import answers
from pages.network.answers import Examples
from pages.session.words import say_error, t

COUNT = 5


def show(run: runs.Run, ended: RunEnded, names: Sequence[str]) -> None:
    """Show the cards; `names` are the classes in the visitor's language."""
    key = f"examples_{run.id}"
    drawn = st.session_state.get(key) or _first_examples(run, ended)
    if drawn is None:
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(f"**{t('examples.random' if key in st.session_state else 'examples.first')}**")
        st.button(
            t("examples.more"), icon=":material/casino:", key="examples_more",
            on_click=_draw_examples, args=(run, key),
        )  # fmt: skip
    if problem := st.session_state.pop(f"{key}_problem", None):
        st.warning(say_error(problem), icon=":material/hourglass_top:")
    st.html(_cards(*drawn, names))


def _first_examples(run: runs.Run, ended: RunEnded) -> Examples | None:
    kept = runs.examples(run)
    if kept is None:
        return None
    images, labels = kept
    count = min(COUNT, len(images), len(labels), len(ended.samples))
    return (images[:count], labels[:count], np.array(ended.samples[:count])) if count else None


def _draw_examples(run: runs.Run, key: str) -> None:
    try:
        st.session_state[key] = answers.examples(run, COUNT, time.time_ns())
    except CnnError as error:
        st.session_state[f"{key}_problem"] = error


def _cards(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str]
) -> Markup:
    cards = []
    for image, label, row in zip(images, labels, probabilities, strict=True):
        guess, truth = int(np.argmax(row)), int(label)
        right = guess == truth
        verdict = t("examples.right") if right else t("examples.wrong", truth=names[truth])
        cards.append(
            fill(
                '<figure class="card {{ "right" if right else "wrong" }}">'
                '<img alt="{{ truth }}" src="{{ source }}"><figcaption><b>{{ guess }}</b>'
                '<span class="bar"><i style="width:{{ width }}"></i></span>'
                '<span class="share">{{ share }}</span>'
                '<span class="verdict">{{ "✓" if right else "✗" }} {{ verdict }}</span>'
                "</figcaption></figure>",
                right=right,
                truth=names[truth],
                source=uri(mosaic.image_png(image, zoom=4)),
                guess=names[guess],
                width=f"{row[guess]:.0%}",
                share=percent(row[guess]),
                verdict=verdict,
            )
        )
    return fill('<div class="cards">{{ cards|join }}</div>', cards=cards)
