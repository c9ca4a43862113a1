"""Lessons beside what they explain: quiet buttons that open a text and a question to predict."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core import texts
from cnn_core.config import ACTIVATIONS
from cnn_core.convolution import activate, derivative
from cnn_core.figures import activations
from cnn_core.lessons import reader
from cnn_core.lessons.reader import Lesson
from pages.elements.chart import draw_chart
from pages.session.doors import colours
from pages.session.words import language, t

LETTERS = "ABCD"


@st.fragment
def lesson(*names: str, place: str = "") -> None:
    """A row of small buttons, each of which opens a lesson over the page; nothing beside it moves.

    Args:
        names: Keys of `lessons.LESSONS`.
        place: A word of its own where a page has a lesson in two places.
    """
    with st.container(horizontal=True, gap="small", key=f"lessons_{place}{names[0]}"):
        for name in names:
            content = reader.read(language(), name)
            key = f"lesson_{place}{name}"
            button = st.popover(
                content.title, icon=":material/school:", type="tertiary", key=key, on_change="rerun"
            )
            if button.open:
                with button, st.container(key=f"open_{key}"):
                    st.markdown(f"**{heading(name)}**")
                    st.markdown(f"*{content.definition}*")
                    text(content, place)


def heading(name: str) -> str:
    """The term in the visitor's language; in Korean with its synonym and the English term in brackets."""
    title, english = reader.read(language(), name).title, reader.read("en", name).title
    if language() == "en":
        return title
    term, _, synonym = title.removesuffix(")").partition(" (")
    english = english.partition(" (")[0]
    synonyms = [synonym] if synonym else []
    if english.casefold() != synonym.casefold():
        synonyms.append(english)
    return f"{term} ({', '.join(synonyms)})"


def text(content: Lesson, place: str = "") -> None:
    """The lesson and its question; the answer appears once the visitor has predicted one."""
    st.markdown(content.body)
    if content.name == "activation_functions":
        _activations(f"curves_{place}{content.name}")
    with st.container(border=True, key=f"question_{place}{content.name}"):
        st.markdown(f"**{t('lesson.predict')}** {content.question}")
        predicted = _predictions().get(content.name)
        if predicted is None:
            _choices(content, place)
        else:
            _answer(content, predicted, place)


def _activations(key: str) -> None:
    """All activations with their derivatives."""
    # An even number of sums leaves out zero, where two activations have no derivative.
    sums = np.linspace(-activations.WIDEST_SUM, activations.WIDEST_SUM, 200)
    curves = {name: (activate(sums, name), derivative(sums, name)) for name in ACTIVATIONS}
    words = activations.ActivationWords.of(texts.table(language()))
    option = activations.activation_curves(curves, sums, words=words, palette=colours())
    draw_chart(option, key=key, height=activations.height(len(curves)), alt=words.alt)


def _predictions() -> dict[str, int]:
    """What this visitor predicted, by lesson."""
    predictions: dict[str, int] = st.session_state.setdefault("lesson_predictions", {})
    return predictions


def _choices(content: Lesson, place: str) -> None:
    for index, option in enumerate(content.options):
        st.button(
            f"{LETTERS[index]}. {option}",
            key=f"predict_{place}{content.name}_{index}",
            width="stretch",
            on_click=_predictions().__setitem__,
            args=(content.name, index),
        )


def _answer(content: Lesson, predicted: int, place: str) -> None:
    lines = []
    for index, option in enumerate(content.options):
        icon = "check_circle" if index == content.right else "radio_button_unchecked"
        strong = f"**{option}**" if index == content.right else option
        mine = f" · {t('lesson.yours')}" if index == predicted else ""
        lines.append(f":material/{icon}: {LETTERS[index]}. {strong}{mine}")
    st.markdown("  \n".join(lines))
    if predicted == content.right:
        st.markdown(f":green[**{t('lesson.right')}**] {content.answer}")
    else:
        yours = t("lesson.your_answer", letter=LETTERS[predicted])
        verdict = t("lesson.wrong", letter=LETTERS[content.right])
        st.markdown(f":orange[**{yours}**] {content.reasons[predicted]}")
        st.markdown(f":orange[**{verdict}**] {content.answer}")
    st.button(
        t("lesson.again"),
        icon=":material/replay:",
        type="tertiary",
        key=f"again_{place}{content.name}",
        on_click=_predictions().pop,
        args=(content.name, None),
    )
