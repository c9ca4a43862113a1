"""What pages share: words, cached doors to data, runs and engine, the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import streamlit as st

from cnn_core import runs, texts
from cnn_core.errors import CnnError
from cnn_core.figures import palette
from pages import _choices, _visitor
from pages._bundle import bundle
from pages._engine import engine

ASSETS = Path(__file__).parent.parent / "assets"
STYLE = ASSETS / "style.css"
ICON = str(ASSETS / "icon.png")
WATCH_S = 2.0
_browser = st.components.v2.component("convscope_frame", js=bundle(ASSETS / "frame" / "frame.js"))
WORD_JOINER = "\u2060"  # has no width


def language() -> str:
    """The visitor's language: chosen, or from the link, or the browser's own."""
    if "language" not in st.session_state:
        asked = st.query_params.get("lang") or (st.context.locale or "en").split("-")[0]
        st.session_state["language"] = asked if asked in texts.LANGUAGES else "en"
    return str(st.session_state["language"])


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


def frame() -> None:
    """What is the same on every page: style, language switch, visitor. Starts the engine after the first."""
    language()
    st.html(STYLE)
    with st.container(key="language"):
        _choices.segmented_control(
            t("frame.language"),
            list(texts.LANGUAGES),
            key="language_choice",
            default=language(),
            format_func=lambda code: {"en": "EN", "ko": "한국어"}[code],
            on_change=_choose_language,
            label_visibility="collapsed",
        )
    with st.container(key="lost"):  # style.css shows it as soon as the browser has lost the server
        st.html(f'<p role="alert">{escape(t("frame.lost"))}</p>')
    _visitor.remember()
    with st.container(key="frame"):
        _browser(key="frame_browser")
    if not engine().ours:
        _watch_cluster()


@st.fragment(run_every=WATCH_S)
def _watch_cluster() -> None:
    """Say what an existing cluster lacks, as soon as it does and until it does no more."""
    for sentence in dict.fromkeys(map(say_error, engine().lacks())):
        st.error(sentence, icon=":material/power_off:")


def _choose_language() -> None:
    st.session_state["language"] = st.session_state["language_choice"]


def publish(query: Mapping[str, str]) -> None:
    """Put the page's state and the language into the address bar, so that a copied link opens the same."""
    wanted = {**query, "lang": language()}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def colours() -> palette.Palette:
    """The palette of the visitor's theme."""
    return palette.for_theme(st.context.theme.type or "light")


def chosen_run() -> runs.Run | None:
    """The run this window shows; says in a sentence what is wrong with a run that a link named."""
    run_id = st.session_state.get("run")
    if not run_id:
        return None
    try:
        return runs.open_run(run_id)
    except CnnError as error:
        st.session_state["run"] = None
        st.warning(say_error(error), icon=":material/link_off:")
        return None
