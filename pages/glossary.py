"""What does that word mean? Every lesson in one list to search, each leading to the page that shows it."""

from __future__ import annotations

from urllib.parse import parse_qsl

import streamlit as st

from cnn_core import texts
from cnn_core.lessons import reader
from cnn_core.lessons.reader import GROUPS, LESSONS
from pages.elements import lessons
from pages.elements.head import head
from pages.elements.show import show
from pages.session import address
from pages.session.html import heading
from pages.session.settings import BETWEEN
from pages.session.words import language, t

SCROLL = "glossary_scroll"  # session key: the term to bring into sight


def main() -> None:
    """The search, then the terms group by group; a link opens the one that it names."""
    head("glossary")
    _follow()
    words = st.text_input(
        t("glossary.search"), key="glossary_search", type="search", live=True,
        icon=":material/search:", placeholder=t("glossary.placeholder"),
        label_visibility="collapsed", persist_state="session", max_chars=address.LONGEST_FIND,
    )  # fmt: skip
    terms = [name for name in LESSONS if _holds(_term(name), words)]
    mentions = [name for name in LESSONS if name not in terms and _holds(_body(name), words)]
    for group, names in GROUPS.items():
        _list(t(f"glossary.group_{group}"), [name for name in names if name in terms])
    _list(t("glossary.mentioned"), mentions)
    if not terms and not mentions:
        st.info(t("glossary.nothing"), icon=":material/search_off:")
    term = st.session_state.get("glossary_term")
    query = {"term": term} if term else {}
    if words:
        query["find"] = words
    if len(opened := [name for name in LESSONS if st.session_state.get(f"entry_{name}")]) > 1:
        query["open"] = BETWEEN.join(opened)
    address.say("glossary", query)
    if wanted := st.session_state.get(SCROLL):
        show(f"term_{wanted}", key="show")
        st.session_state[SCROLL] = None


def _follow() -> None:
    """Open the terms that a link names, and scroll to the one; one sentence if there is none of that name."""
    state, link = st.session_state, address.arrived("glossary", ("term", "open", "find"))
    if address.went_back():
        state["glossary_term"] = link.get("term")
        for name in LESSONS:
            state[f"entry_{name}"] = False
    term, opened = link.get("term"), link.get("open", "").split(BETWEEN)
    if "find" in link or "term" in link or address.went_back():
        state["glossary_search"] = link.get("find", "")[: address.LONGEST_FIND]
    for name in (*opened, term):
        if name in LESSONS:
            state[f"entry_{name}"] = True
    if term is not None and term not in LESSONS:
        st.warning(t("glossary.bad_term"), icon=":material/link_off:")
    elif term is not None:
        state["glossary_term"] = term
        state[SCROLL] = None if address.went_back() else term
    address.followed("glossary", link)


def _list(title: str, names: list[str]) -> None:
    """A heading and the entries below it, if there are any."""
    if not names:
        return
    heading(title)
    with st.container(key=f"terms_{names[0]}"):
        for name in names:
            _entry(name)


def _holds(text: str, words: str) -> bool:
    """Whether every one of the words occurs in the text, in capitals or not."""
    return all(word in text.casefold() for word in words.casefold().split())


def _term(name: str) -> str:
    """What a lesson is called: term and synonyms in both languages, and its definition."""
    parts = [reader.read(language(), name).definition]
    for code in texts.LANGUAGES:
        content = reader.read(code, name)
        parts += [content.title, *content.synonyms]
    return "\n".join(parts)


def _body(name: str) -> str:
    """All that a lesson says, in both languages."""
    parts = [_term(name)]
    for code in texts.LANGUAGES:
        content = reader.read(code, name)
        parts += [content.definition, content.body, content.question, content.answer]
    return "\n".join(parts)


def _entry(name: str) -> None:
    content = reader.read(language(), name)
    other = reader.read("ko" if language() == "en" else "en", name).title
    with st.container(key=f"term_{name}"):
        entry = st.expander(
            f"**{content.title}** · {other} — {content.definition}",
            key=f"entry_{name}",
            on_change=_opened,
            args=(name,),
        )
        if entry.open:
            with entry:
                lessons.text(content, "glossary_")
                page, _, query = LESSONS[name].partition("?")
                st.page_link(
                    f"pages/{page}.py",
                    label=t("glossary.see", page=t(f"{page}.nav")),
                    icon=":material/arrow_forward:",
                    query_params=dict(parse_qsl(query)),
                )


def _opened(name: str) -> None:
    """The address names the term that was opened last."""
    if st.session_state[f"entry_{name}"]:
        st.session_state["glossary_term"] = name
    elif st.session_state.get("glossary_term") == name:
        st.session_state["glossary_term"] = None


main()
