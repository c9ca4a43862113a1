"""Choices of a page that stand in its address: set by a link, and by the browser's Back and Forward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.session.address import went_back
from pages.session.words import t

BETWEEN = "~"  # several values
NONE = "none"  # instead of several values
MOST_LISTED = 12  # numbers in a sentence


@dataclass(frozen=True, slots=True)
class Setting:
    """A choice among known values, kept in the session.

    Attributes:
        name: In the address.
        key: In the session.
        values: All that can be chosen.
        default: What is chosen where the address does not name it: one of `values`, or a list if `several`.
        several: Whether any number of them can be chosen.
        former: Its name in links of earlier versions.
    """

    name: str
    key: str
    values: Sequence[object]
    default: object
    several: bool = False
    former: str = ""

    def follow(self, text: str) -> bool:
        """Choose what an address names; False, and nothing is changed, if there is no such value."""
        options = {_text(value): value for value in self.values}
        parts = text.split(BETWEEN) if self.several else [text]
        if self.several and text == NONE:
            parts = []
        if not all(part in options for part in parts):
            return False
        values = [options[part] for part in parts]
        st.session_state[self.key] = values if self.several else values[0]
        return True

    def reset(self) -> None:
        """Choose the default."""
        if self.default is None:
            st.session_state.pop(self.key, None)
        else:
            st.session_state[self.key] = self.default

    @property
    def range(self) -> str:
        """All that can be chosen, in words."""
        first, last = self.values[0], self.values[-1]
        are_numbers = isinstance(first, int | float) and isinstance(last, int | float)
        least = 1 if isinstance(self.values, range) else MOST_LISTED
        if are_numbers and len(self.values) > least:
            return f"{first:g} – {last:g}"
        return ", ".join(map(_text, self.values))

    def text(self) -> str:
        """What is chosen, as the address names it; empty where it is the default."""
        value = st.session_state.get(self.key, self.default)
        if value is None or value == self.default:
            return ""
        if isinstance(value, list):
            return BETWEEN.join(map(_text, value)) or NONE
        return _text(value)


def flag(name: str, key: str) -> Setting:
    """A switch, at first off."""
    return Setting(name, key, (False, True), default=False)


def rename(settings: Iterable[Setting]) -> None:
    """Give the choices in a link of an earlier version the names of today."""
    address = st.query_params
    for setting in settings:
        if address.get(setting.former) in map(_text, setting.values):
            address.setdefault(setting.name, address.pop(setting.former))


def follow(link: Mapping[str, str], settings: Iterable[Setting]) -> None:
    """Choose what a link names; one sentence on what there is not. Back also undoes what it leaves out."""
    for setting in settings:
        if setting.name not in link:
            if went_back():
                setting.reset()
        elif not setting.follow(link[setting.name]):
            words = t("inside.bad_choice", name=setting.name, known=setting.range)
            st.warning(words, icon=":material/link_off:")


def query(settings: Iterable[Setting]) -> dict[str, str]:
    """What is chosen and is not the default, for the address."""
    return {setting.name: text for setting in settings if (text := setting.text())}


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
