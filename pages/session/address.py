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
SAID = "address_said"  # session key: the page that wrote the address last, and all that it wrote
MOVED = "address_moved"  # session key: an address without the language can only be a link by now
TAKEN = "address_taken"  # session key: the address that the playground found when it ran last
MOST_WRITTEN = 50  # addresses that a browser may not have heard of


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

    A browser hears of an address after the visitor may have changed something again, and sends what it has:
    any that the page wrote. After going back, all that the address says: other pages may have changed what
    they share with this one.

    The page calls `followed` as soon as all is done that the link asks for.
    """
    link = {name: st.query_params[name] for name in names if name in st.query_params}
    if SAID not in st.session_state and "lang" in st.query_params:
        st.session_state[MOVED] = True  # the window was opened with the language
    if not went_back():
        if not link or (link in _written(page) and not _is_link_within()):
            return {}
        if SAID in st.session_state:
            st.session_state[MOVED] = True
    st.session_state[SAID] = page, ()
    return link


def followed(page: str, link: Mapping[str, str]) -> None:
    """Do what that link asks for no more: from here on it is the visitor who changes things.

    Not before: a run of the page that is cut short earlier has not taken over all of it.
    """
    if not link:
        return
    remember(page, link)
    if _is_link_within():  # the browser has it as the page's own before it has the controls
        _write(link)


def say(page: str, query: Mapping[str, str]) -> None:
    """Put the page's state into the address, and remember that it was the page that said so."""
    remember(page, query)  # first: the run may be cut short as soon as the browser has it
    _write(query)


def remember(page: str, query: Mapping[str, str]) -> None:
    """From now on the browser may send this as an address that the page wrote."""
    if st.session_state.get(SAID, (page,))[0] != page:
        st.session_state[MOVED] = True
    rest = [address for address in _written(page) if address != query]
    st.session_state[SAID] = page, (*rest[1 - MOST_WRITTEN :], dict(query))


def _written(page: str) -> tuple[dict[str, str], ...]:
    writer, addresses = st.session_state.get(SAID, ("", ()))
    return addresses if writer == page else ()


def _is_link_within() -> bool:
    """Whether the address comes from a link within the app: only a page writes the language into it.

    The window may have been opened without the language, too.
    """
    return "lang" not in st.query_params and bool(st.session_state.get(MOVED))


def is_brought() -> bool:
    """Whether a link within the app brought the window to the playground, which has not taken it over yet.

    A link may lead to the page that is open already: the presenter of a room brings everybody there.
    """
    return _is_link_within() and st.query_params.to_dict() != st.session_state.get(TAKEN)


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
    st.session_state[MOVED] = True
    st.session_state[TAKEN] = st.query_params.to_dict()
    _write(query)


def _write(query: Mapping[str, str]) -> None:
    frame = {**membership.in_address(), "lang": language(), **course.parameters()}
    wanted = {**query, **frame, **presenting.parameters()}
    # After going back also what does not change: the browser may have heard of a later address meanwhile.
    if went_back() or st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
