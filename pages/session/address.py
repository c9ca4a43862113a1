"""The address bar: what a link asks for, and what the page writes there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.session import course, membership, presenting
from pages.session.words import language, t

LONGEST_FIND = 100  # characters of a search, which stands in the address
ANSWERED = "address_answered"  # session key: the last Back or Forward that a page answered
SAID = "address_said"  # session key: the page that wrote the address last, and what it wrote


def went_back() -> bool:
    """Whether the visitor came by the browser's Back or Forward: then the address says what to show.

    Otherwise the address may be from before the last change, if that was quick.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def answered() -> dict[str, str | int]:
    """How often this window was answered after Back or Forward, and for which address the last time.

    Until it hears of the last, the script of the frame refuses addresses that the page writes.
    """
    context = get_script_run_ctx()
    if context is not None and went_back():
        count = st.session_state.get(ANSWERED, {"count": 0})["count"] + 1
        path = urlsplit(st.context.url or "").path
        st.session_state[ANSWERED] = {"count": count, "path": path, "query": context.query_string}
    answer: dict[str, str | int] = st.session_state.get(ANSWERED, {"count": 0})
    return answer


def arrived(page: str, names: Sequence[str]) -> dict[str, str]:
    """What a link asks of a page; nothing if the page wrote it itself and no other page wrote since.

    After going back, all that the address says: other pages may have changed what they share with this one.
    """
    link = {name: st.query_params[name] for name in names if name in st.query_params}
    own = (page, link) == st.session_state.get(SAID)
    return {} if own and not went_back() else link


def say(page: str, query: Mapping[str, str]) -> None:
    """Put the page's state into the address, and remember that it was the page that said so."""
    publish(query)
    st.session_state[SAID] = page, dict(query)


def whole(link: Mapping[str, str], name: str, below: int) -> int | None:
    """The whole number from 0 up that a link names; says so in a sentence if it is not one."""
    if name not in link:
        return None
    text = link[name]
    if text.isdecimal() and len(text) < 10 and int(text) < below:
        return int(text)
    st.warning(t("inside.bad_number", name=name, most=f"{below - 1:,}"), icon=":material/link_off:")
    return None


def follow_layer(
    link: Mapping[str, str], options: Collection[str], key: str, name: str = "layer"
) -> None:
    """Choose the layer that a link names; one sentence if it is none of the `options`."""
    if name in link and link[name] in options:
        st.session_state[key] = link[name]
    elif name in link:
        st.warning(t("inside.bad_layer", known=", ".join(options)), icon=":material/link_off:")


def publish(query: Mapping[str, str]) -> None:
    """Put the page's state and the language into the address bar, so that a copied link opens the same.

    And the room that the window is in: a phone that loads the page again is still there. Where a guided
    course runs, the address says its step, too, and in the presenter view what this leaves out.
    """
    st.session_state.pop(SAID, None)
    frame = {**membership.in_address(), "lang": language(), **course.parameters()}
    wanted = {**query, **frame, **presenting.parameters()}
    # After going back also what does not change: the browser may have heard of a later address meanwhile.
    if went_back() or st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
