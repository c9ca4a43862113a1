"""Lessons beside what they explain: quiet buttons that open a text and a question to predict."""

from __future__ import annotations

import streamlit as st

from cnn_core.lessons import reader
from cnn_core.lessons.reader import Lesson
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
            said = reader.read(language(), name)
            key = f"lesson_{place}{name}"
            button = st.popover(
                said.title, icon=":material/school:", type="tertiary", key=key, on_change="rerun"
            )
            if button.open:
                with button, st.container(key=f"open_{key}"):
                    st.markdown(f"**{heading(name)}**")
                    st.markdown(f"*{said.definition}*")
                    text(said, place)


def heading(name: str) -> str:
    """The term in the visitor's language; in Korean with its synonym and the English term in brackets."""
    title, english = reader.read(language(), name).title, reader.read("en", name).title
    if language() == "en":
        return title
    term, _, synonym = title.removesuffix(")").partition(" (")
    english = english.partition(" (")[0]
    known = [synonym] if synonym else []
    if english.casefold() != synonym.casefold():
        known.append(english)
    return f"{term} ({', '.join(known)})"


def text(said: Lesson, place: str = "") -> None:
    """The lesson and its question; the answer appears once the visitor has predicted one."""
    st.markdown(said.body)
    with st.container(border=True, key=f"question_{place}{said.name}"):
        st.markdown(f"**{t('lesson.predict')}** {said.question}")
        predicted = _predictions().get(said.name)
        if predicted is None:
            _choices(said, place)
        else:
            _answer(said, predicted, place)


def _predictions() -> dict[str, int]:
    """What this visitor predicted, by lesson."""
    known: dict[str, int] = st.session_state.setdefault("lesson_predictions", {})
    return known


def _choices(said: Lesson, place: str) -> None:
    for index, option in enumerate(said.options):
        st.button(
            f"{LETTERS[index]}. {option}",
            key=f"predict_{place}{said.name}_{index}",
            width="stretch",
            on_click=_predictions().__setitem__,
            args=(said.name, index),
        )


def _answer(said: Lesson, predicted: int, place: str) -> None:
    lines = []
    for index, option in enumerate(said.options):
        icon = "check_circle" if index == said.right else "radio_button_unchecked"
        strong = f"**{option}**" if index == said.right else option
        mine = f" · {t('lesson.yours')}" if index == predicted else ""
        lines.append(f":material/{icon}: {LETTERS[index]}. {strong}{mine}")
    st.markdown("  \n".join(lines))
    if predicted == said.right:
        st.markdown(f":green[**{t('lesson.right')}**] {said.answer}")
    else:
        yours = t("lesson.your_answer", letter=LETTERS[predicted])
        verdict = t("lesson.wrong", letter=LETTERS[said.right])
        st.markdown(f":orange[**{yours}**] {said.reasons[predicted]}")
        st.markdown(f":orange[**{verdict}**] {said.answer}")
    st.button(
        t("lesson.again"),
        icon=":material/replay:",
        type="tertiary",
        key=f"again_{place}{said.name}",
        on_click=_predictions().pop,
        args=(said.name, None),
    )
