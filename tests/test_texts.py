"""Both languages hold the same keys and slots, and every key that the code names exists."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from string import Formatter

import pytest

from cnn_core import texts
from cnn_core.config import ConvBlock, Limits, ModelConfig, TrainConfig

ROOT = Path(__file__).parent.parent
SOURCES = [
    ROOT / "app.py",
    *sorted(ROOT.glob("pages/*.py")),
    *sorted(ROOT.glob("cnn_core/**/*.py")),
]
EN, KO = texts.table("en"), texts.table("ko")

HANGUL = re.compile("[가-힣]")
# Names, units and formulas that read the same in Korean; anything with two plain words does not.
TWO_WORDS = re.compile(r"[a-z]{3,} [a-z]{3,}")
ERRORS = {"CnnError", "DataError", "RunError", "LimitError", "EngineError"}


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def bare(text: str) -> str:
    """What a text says itself: without its slots."""
    return "".join(words for words, _, _, _ in Formatter().parse(text))


def test_both_languages_hold_the_same_keys() -> None:
    assert EN.keys() == KO.keys()


def test_both_languages_fill_the_same_slots() -> None:
    different = {key for key in EN.keys() & KO.keys() if slots(EN[key]) != slots(KO[key])}
    assert different == set()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_text_says_something_and_can_be_filled(language: str) -> None:
    for key, text in texts.table(language).items():
        assert text.strip(), key
        filled = texts.say(language, key, **dict.fromkeys(slots(text), 1))
        assert "{" not in filled, key


def test_korean_texts_are_in_korean() -> None:
    plain = {key: text for key, text in KO.items() if not HANGUL.search(text)}
    assert {key for key, text in plain.items() if TWO_WORDS.search(text)} == set()
    worded = {key: text for key, text in plain.items() if re.search("[A-Za-z]{2}", bare(text))}
    assert {key for key, text in worded.items() if text != EN[key]} == set()


def test_english_texts_hold_no_hangul() -> None:
    assert {key for key, text in EN.items() if HANGUL.search(text)} <= {"frame.language"}


def test_korean_particles_after_a_slot_fit_any_word() -> None:
    """은 or 는, 이 or 가, 을 or 를 depends on the word before, which a slot does not know."""
    after_slot = re.compile(r"\}(은|는|이|가|을|를|와|과|로|으로)(?=[\s,.])")
    assert {key for key, text in KO.items() if after_slot.search(text)} == set()


@pytest.mark.parametrize("kind", [ConvBlock, ModelConfig, TrainConfig])
def test_every_setting_has_a_label_and_a_help(kind: type) -> None:
    for field in fields(kind):
        assert f"field.{field.name}" in EN
        assert f"help.{field.name}" in EN


def test_every_cap_has_a_label() -> None:
    for field in fields(Limits):
        assert f"field.CONVSCOPE_MAX_{field.name.upper()}" in EN


def test_an_unknown_language_or_key_is_refused() -> None:
    with pytest.raises(KeyError):
        texts.table("../en")
    with pytest.raises(KeyError):
        texts.say("en", "no.such.key")
    with pytest.raises(KeyError, match="minimum"):
        texts.say("en", "error.rule.at_least", label="Epochs", field="epochs", value=0)
    assert texts.has("error.shape")
    assert not texts.has("no.such.key")


# Keys that the code names


@dataclass(frozen=True)
class Named:
    """A key in the code. `given` are the slots it fills, or None if the code does not show them."""

    place: str
    key: str
    given: frozenset[str] | None
    whole: bool = True  # False: only the beginning of the key stands in the code


def named_in(source: str, place: str = "") -> Iterator[Named]:
    """Keys of t(key, ...), say(language, key, ...), has(key) and of errors in `source`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        names = frozenset(word.arg for word in node.keywords if word.arg)
        shown = all(word.arg for word in node.keywords)
        match node.func:
            case ast.Name(id=called) | ast.Attribute(attr=called):
                spot = f"{place}:{node.lineno}"
                for prefix, argument, free in _keys(called, node.args):
                    yield from _literal(spot, prefix, argument, names | free if shown else None)


def _keys(called: str, args: list[ast.expr]) -> Iterator[tuple[str, ast.expr, frozenset[str]]]:
    """(what stands before the key, the key, slots that are filled for it) of a call."""
    none: frozenset[str] = frozenset()
    if called == "t":
        yield "", args[0], none
    elif called == "say" and len(args) > 1:
        yield "", args[1], none
    elif called in ERRORS:
        yield "error.", args[0], none
    elif called == "ConfigError" and len(args) > 2:
        yield "error.rule.", args[2], frozenset({"label", "field", "value"})
        yield "field.", args[0], none


def _literal(
    spot: str, prefix: str, key: ast.expr, given: frozenset[str] | None
) -> Iterator[Named]:
    match key:
        case ast.Constant(value=str(text)):
            yield Named(spot, prefix + text, given)
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield Named(spot, prefix + text, None, whole=False)
        case ast.IfExp():
            yield from _literal(spot, prefix, key.body, given)
            yield from _literal(spot, prefix, key.orelse, given)


def complaints(named: Named) -> str | None:
    if not named.whole:
        found = any(key.startswith(named.key) for key in EN)
        return None if found else f"{named.place}: no text begins with {named.key}"
    if named.key not in EN:
        return f"{named.place}: no text {named.key}"
    missing = slots(EN[named.key]) - (
        named.given if named.given is not None else slots(EN[named.key])
    )
    return f"{named.place}: {named.key} needs {sorted(missing)}" if missing else None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_key_in_the_code_exists_and_gets_its_slots(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name} is not written yet")
    named = named_in(path.read_text("utf-8"), os.fspath(path.relative_to(ROOT)))
    assert list(filter(None, map(complaints, named))) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('t("field.epochs")', None),
        ('t("field.nothing")', "no text field.nothing"),
        ('t(f"field.{name}")', None),
        ('t(f"nothing.{name}")', "no text begins with nothing."),
        ('t("field.epochs" if a else "field.nothing")', "no text field.nothing"),
        ('texts.say("ko", "error.shape", layer="conv1")', "error.shape needs ['trail']"),
        ('texts.say("ko", "error.shape", **slots)', None),
        ('raise RunError("nothing")', "no text error.nothing"),
        ('ConfigError("epochs", 0, "at_least")', "error.rule.at_least needs ['minimum']"),
        ('ConfigError("nothing", 0, "whole")', "no text field.nothing"),
    ],
)
def test_the_check_finds_what_it_should(source: str, expected: str | None) -> None:
    found = [complaint for one in named_in(source) if (complaint := complaints(one))]
    assert [line.split(": ", 1)[1] for line in found] == ([expected] if expected else [])


def test_every_field_that_the_checks_of_config_name_has_a_label() -> None:
    checks = {"_whole", "_number", "_one_of", "_several", "_parse_int", "_parse_float"}
    source = (ROOT / "cnn_core" / "config.py").read_text("utf-8")
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    named = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in checks
        if isinstance(call.args[0], ast.Constant)
    }
    assert named >= {"filters", "dense_layers", "dropout"}
    assert {name for name in named if f"field.{name}" not in EN} == set()
