"""Words in English and Korean, from `assets/texts/*.toml`. Keys are dotted: `say("ko", "home.title")`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES: dict[str, str] = {"en": "English", "ko": "한국어"}
FOLDER = Path(__file__).parent.parent / "assets" / "texts"


@cache
def table(language: str) -> dict[str, str]:
    """All texts of one language as {dotted key: text}.

    Raises:
        KeyError: If the language is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return dict(_flatten(tomllib.load(file)))


def say(language: str, key: str, /, **slots: object) -> str:
    """The text of `key` in `language`, its `{slots}` filled.

    Raises:
        KeyError: If there is no such key, or a slot of the text was not given.
    """
    return table(language)[key].format(**slots)


def has(key: str) -> bool:
    """Whether there is a text of that key."""
    return key in table("en")


def _flatten(tree: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, str(value)))
    return rows
