"""Where can I see what the lecture taught? Each concept and line of code with its page; slips."""

from __future__ import annotations

import streamlit as st

from cnn_core.course import notes, slips
from cnn_core.course.notes import Part
from pages.elements.head import head
from pages.elements.show import show
from pages.guide import entry
from pages.parts.notes import entries
from pages.session import choices, settings
from pages.session.address import LONGEST_FIND, arrived, followed, say, went_back
from pages.session.html import heading
from pages.session.settings import Setting
from pages.session.words import language, t

SLIPS = "slips"
PARTS = (*(part.name for part in notes.read("en")), SLIPS)
SETTINGS = (Setting("part", "notes_part", PARTS, PARTS[0]),)


def main() -> None:
    """One part at a time, or what a search finds in all of them."""
    st.html(entries.STYLE)
    with head("notes"):
        entry.entry("notes")
    _follow()
    name, words = _controls()
    if words:
        _matches(words)
    else:
        _part(name)
    say("notes", settings.query(SETTINGS) | ({"find": words} if words else {}))
    if st.session_state.pop("notes_turned", False):
        show("notes_controls", key=f"notes_show_{name}")


def _follow() -> None:
    """Open the part, or search for the words, that a link names."""
    link = arrived("notes", ("part", "find"))
    settings.follow(link, SETTINGS)
    if "find" in link or "part" in link or went_back():
        st.session_state["notes_find"] = link.get("find", "")[:LONGEST_FIND]
    followed("notes", link)


def _controls() -> tuple[str, str]:
    """Which part, how far one has come, and what is searched for."""
    parts = {part.name: part.title for part in notes.read(language())} | {SLIPS: t("notes.slips")}
    with st.container(key="notes_controls", gap="small"):
        name = choices.segmented_control(
            t("notes.part"), PARTS, key="notes_part", format_func=parts.__getitem__,
            label_visibility="collapsed", on_change=_leave_search,
        )  # fmt: skip
        left, right = st.columns([0.4, 0.6], gap="medium", vertical_alignment="center")
        words = right.text_input(
            t("glossary.search"), key="notes_find", type="search", live=True,
            icon=":material/search:", placeholder=t("notes.placeholder"),
            label_visibility="collapsed", persist_state="session", max_chars=LONGEST_FIND,
        )  # fmt: skip
        opened: set[str] = st.session_state.setdefault("notes_opened", set())
        if not words:
            opened.add(name)
        progress = {"number": PARTS.index(name) + 1, "parts": len(PARTS), "opened": len(opened)}
        left.progress(len(opened) / len(PARTS), t("notes.progress", **progress))
    return name, words


def _leave_search() -> None:
    st.session_state["notes_find"] = ""


def _part(name: str) -> None:
    """Every entry of a part, and the way to the parts beside it."""
    if name == SLIPS:
        heading(t("notes.slips"))
        st.markdown(t("notes.slips_about"))
        for slip in slips.read(language()):
            entries.slip(slip)
    else:
        part = notes.read(language())[PARTS.index(name)]
        heading(part.title)
        for row in part.rows:
            entries.line(row)
    number = PARTS.index(name)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="notes_turn"):
        _turn("previous", number - 1, ":material/arrow_back:")
        _turn("next", number + 1, ":material/arrow_forward:")


def _turn(way: str, number: int, icon: str) -> None:
    st.button(
        t(f"notes.{way}"), icon=icon, key=f"notes_{way}", on_click=_open, args=(number,),
        disabled=not 0 <= number < len(PARTS),
    )  # fmt: skip


def _open(number: int) -> None:
    st.session_state["notes_part"] = PARTS[number]
    st.session_state["notes_turned"] = True


def _matches(words: str) -> None:
    """Every entry that holds all the words, by parts."""
    count = 0
    others = notes.read(entries.other_language())
    for part, other in zip(notes.read(language()), others, strict=True):
        count += _matches_of(part, other, words)
    pairs = zip(slips.read(language()), slips.read(entries.other_language()), strict=True)
    if matching := [slip for slip, other in pairs if entries.holds(slip, other, words)]:
        heading(t("notes.slips"))
        for slip in matching:
            entries.slip(slip)
    if not count + len(matching):
        st.info(t("notes.nothing"), icon=":material/search_off:")


def _matches_of(part: Part, other: Part, words: str) -> int:
    pairs = zip(part.rows, other.rows, strict=True)
    rows = [row for row, translated in pairs if entries.holds(row, translated, words)]
    if rows:
        heading(part.title)
    for row in rows:
        entries.line(row)
    return len(rows)


main()
