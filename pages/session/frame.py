"""The frame around every page: style and language switch."""

from __future__ import annotations

import streamlit as st

from cnn_core import texts
from cnn_core.browser.bundle import bundle
from cnn_core.markup import fill
from cnn_core.paths import ASSETS
from pages.session import account, admission, choices, files, presenting
from pages.session.address import answered
from pages.session.doors import engine
from pages.session.visitor import remember
from pages.session.words import WATCH_S, choose_language, language, say_error, t

LACKED = "cluster_lacked"  # session key: a part of the cluster was away when the page last looked
STYLE = ASSETS / "style.css"
ICON = str(ASSETS / "icon.png")
_browser = st.components.v2.component("convscope_frame", js=bundle(ASSETS / "frame" / "frame.js"))


def frame() -> None:
    """What is the same on every page: style, language switch, visitor. Starts the engine after the first."""
    language()
    admission.admit(_style_and_languages)
    presenting.follow_link()
    files.keep()
    _style_and_languages()
    with st.container(key="lost"):  # style.css shows it as soon as the browser has lost the server
        st.html(fill('<p role="alert">{{ words }}</p>', words=t("frame.lost")))
    remember()
    account.say_problem()
    data = {
        "language": language(),
        "menu": t("frame.menu"),
        "answered": answered(),
        "theme": st.context.theme.type or "light",
    }
    with st.container(key="frame"):
        _browser(key="frame_browser", data=data, on_theme_change=lambda: None)
    if not engine().ours:
        _watch_cluster()


def _style_and_languages() -> None:
    """How every page looks, and the language switch."""
    st.html(STYLE)
    presenting.style()
    with st.container(key="language", horizontal=True):
        account.button()
        choices.segmented_control(
            t("frame.language"),
            list(texts.LANGUAGES),
            key="language_choice",
            default=language(),
            format_func=lambda code: {"en": "EN", "ko": "한국어"}[code],
            on_change=_choose_language,
            label_visibility="collapsed",
        )


@st.fragment(run_every=WATCH_S)
def _watch_cluster() -> None:
    """Say what an existing cluster lacks, as soon as it does and until it does no more.

    Then the page runs again: what it could not have meanwhile, it asks for now.
    """
    sentences = list(dict.fromkeys(map(say_error, engine().lacks())))
    if not sentences and st.session_state.pop(LACKED, False):
        st.rerun()
    for sentence in sentences:
        st.session_state[LACKED] = True
        st.error(sentence, icon=":material/power_off:")


def _choose_language() -> None:
    choose_language(st.session_state["language_choice"])
