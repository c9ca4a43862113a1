"""Texts in English and Korean, from `assets/texts/*.toml`. Keys are dotted: `say("ko", "home.title")`.

A Korean text that cannot know the word in a slot holds both forms of the particle, as in `{name}은(는)`;
`fill` keeps the one that fits. An English text marks a plural that depends on a slot, as in `{count} run[s]`.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache

from cnn_core.paths import ASSETS

LANGUAGES: dict[str, str] = {"en": "English", "ko": "한국어"}
FOLDER = ASSETS / "texts"

PAIR = re.compile(
    r"은\(는\)|는\(은\)|이\(가\)|가\(이\)|을\(를\)|를\(을\)|과\(와\)|와\(과\)|아\(야\)|야\(아\)"
    r"|\(으\)(?=로)|\(이\)(?=[가-힣])|\[s\]"
)
"""Both forms of a Korean particle after a word that the text does not know; English plural after a number."""

_AFTER_CONSONANT = dict(zip("은는이가을를과와아야", "은은이이을을과과아아", strict=True))
_AFTER_VOWEL = dict(zip("은는이가을를과와아야", "는는가가를를와와야야", strict=True))
_FINAL_RIEUL = 8  # ㄹ among the 28 finals of a Hangul syllable; 0 is none
# Finals of the Korean names of digits and letters, as `final_sound` counts them.
_DIGITS = {"0": 21, "1": _FINAL_RIEUL, "3": 16, "6": 1, "7": _FINAL_RIEUL, "8": _FINAL_RIEUL}
_LETTERS = {"L": _FINAL_RIEUL, "M": 16, "N": 4, "R": _FINAL_RIEUL}
_ENGLISH = re.compile(r"(?P<rieul>l)$|(m|n|ng|ck|out|(?<![aeiou])[aeiou][kpt])$", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"(?<=\w)\s*\([^()]*\)\W*$")
_ONE = re.compile(r"(?<![\d.,])1\**( [A-Za-z-]+){1,2}$")
_UNSPOKEN = re.compile(r"[^\w%]+$|_+$")
_BOLD = re.compile(r"\\.|`[^`]*`|(?P<bold>\*\*)", re.DOTALL)
_JOINER = "\u2060"  # WORD JOINER: no width, and to Markdown neither a space nor a sign


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
    return fill(table(language)[key], **slots)


def fill(text: str, /, **slots: object) -> str:
    """`text` with its `{slots}` filled, and after each the Korean particle or English plural that fits it.

    Raises:
        KeyError: If a slot of the text was not given.
    """
    filled, rest = "", 0
    for pair in PAIR.finditer(text):
        filled += text[rest : pair.start()].format(**slots)
        if pair.group() == "[s]":
            filled += "" if _ONE.search(filled) else "s"
        else:
            filled += _particle(pair.group(), final_sound(filled))
        rest = pair.end()
    return keep_bold(filled + text[rest:].format(**slots))


def keep_bold(text: str) -> str:
    """`text` as Markdown in which all words between `**` are bold, whatever signs they begin and end with.

    In `**run (2)**은`, CommonMark reads the second `**` as two asterisks: after a sign, they close only
    before a space or another sign. A WORD JOINER between bracket and asterisks counts as a letter.
    """
    if "**" not in text:
        return text
    edges = [match.span() for match in _BOLD.finditer(text) if match["bold"]]
    kept, rest = "", 0
    for (begin, inner), (end, outer) in zip(edges[::2], edges[1::2], strict=False):
        words = text[inner:end]
        opens = words and _joins(text[begin - 1 : begin], words[0])
        closes = words and _joins(text[outer : outer + 1], words[-1])
        kept += text[rest:inner] + _JOINER * bool(opens) + words + _JOINER * bool(closes)
        rest = end
    return kept + text[rest:]


def _joins(outside: str, inside: str) -> bool:
    return (outside.isalnum() and not inside.isalnum()) or inside.isspace()


def final_sound(text: str) -> int:
    """The final consonant that a Korean reader pronounces at the end of `text`, as Unicode counts them.

    Quotation marks, asterisks and the like are skipped, and so is a remark in brackets after a word.
    Digits and single Latin letters count by their Korean names, English words roughly by their ending.

    Returns:
        0 for none, 1 to 27 for ㄱ to ㅎ; 8 is ㄹ.
    """
    spoken = _UNSPOKEN.sub("", _IN_BRACKETS.sub("", text))
    last = spoken[-1:]
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28
    if last.isdigit():
        return _DIGITS.get(last, 0)
    word = re.search(r"[A-Za-z]*$", spoken)
    latin = word.group() if word else ""
    if len(latin) < 2 or latin.isupper():
        return _LETTERS.get(last.upper(), 0)
    ending = _ENGLISH.search(latin)
    if ending is None:
        return 0
    return _FINAL_RIEUL if ending["rieul"] else 1


def _particle(pair: str, final: int) -> str:
    if pair == "(으)":
        return "" if final in {0, _FINAL_RIEUL} else "으"
    if pair == "(이)":
        return "이" if final else ""
    return (_AFTER_CONSONANT if final else _AFTER_VOWEL)[pair[0]]


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
