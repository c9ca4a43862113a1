"""The visitor's language, and texts in it."""

from __future__ import annotations

import streamlit as st

from cnn_core import texts
from cnn_core.errors import CnnError


def label(name: str, value: object) -> str:
    """What a visitor reads for a value of a setting."""
    key = f"dataset.{value}.label" if name == "dataset" else f"choice.{name}.{value}"
    return t(key) if texts.has(key) else f"{value}"


WATCH_S = 2.0
WORD_JOINER = "\u2060"  # has no width


def language() -> str:
    """The visitor's language: chosen, or from the link, or the browser's own."""
    code = st.session_state.get("language")  # once: a page asks some hundred times
    if code is None:
        code = st.query_params.get("lang") or (st.context.locale or "en").split("-")[0]
        st.session_state["language"] = code = code if code in texts.LANGUAGES else "en"
    return str(code)


def choose_language(code: str) -> None:
    """Read on in another language."""
    st.session_state["language"] = code


def t(key: str, **slots: object) -> str:
    """The text of that key in the visitor's language."""
    return texts.say(language(), key, **slots)


def say_error(error: CnnError) -> str:
    """The error as one sentence in the visitor's language, safe to show as Markdown."""
    return plain(error.sentence(language()))


def plain(text: str) -> str:
    """`text` with Markdown's special characters taken by their letter, and no address made a link."""
    escaped = "".join("\\" + sign if sign in r"\`*_{}[]<>#|~$:" else sign for sign in text)
    return escaped.replace("//", f"/{WORD_JOINER}/").replace("www.", f"www{WORD_JOINER}.")
