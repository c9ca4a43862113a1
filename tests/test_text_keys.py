"""Every key that the code names exists in both languages, and gets its slots and no others."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_texts import EN, KO, ROOT, slots

SOURCES = [
    ROOT / "app.py",
    *sorted(ROOT.glob("pages/**/*.py")),
    *sorted(ROOT.glob("cnn_core/**/*.py")),
]
ERRORS = {"CnnError", "DataError", "RunError", "LimitError", "EngineError"}


@dataclass(frozen=True)
class Named:
    """The keys that one place in the code names: several where a condition chooses, or a part is a slot.

    Attributes:
        place: File and line.
        keys: Patterns of keys.
        given: Slots that are filled, or None if the code does not show them.
        free: Slots that are filled without being named.
    """

    place: str
    keys: tuple[str, ...]
    given: frozenset[str] | None
    free: frozenset[str] = frozenset()


def named_in(source: str, place: str = "") -> Iterator[Named]:
    """Keys of t(key, ...), say(language, key, ...) and of errors in `source`."""
    tree = ast.parse(source)
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    functions = {inner: node for node in parts for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        names = frozenset(word.arg for word in node.keywords if word.arg)
        shown = all(word.arg for word in node.keywords)
        match node.func:
            case ast.Name(id=called) | ast.Attribute(attr=called):
                for prefix, argument, free in _keys(called, node.args):
                    keys = tuple(_patterns(prefix, argument, functions.get(node)))
                    if keys:
                        spot = f"{place}:{node.lineno}"
                        given = names if shown and prefix != "field." else None
                        yield Named(spot, keys, given, free)


def _keys(called: str, args: list[ast.expr]) -> Iterator[tuple[str, ast.expr, frozenset[str]]]:
    """(prefix of the key, the key, slots that are filled for it) of a call."""
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


def _patterns(prefix: str, key: ast.expr, function: ast.FunctionDef | None) -> Iterator[str]:
    """Patterns of the keys that an expression can be; a name is followed to where it is assigned."""
    match key:
        case ast.Constant(value=str(text)):
            yield re.escape(prefix + text)
        case ast.JoinedStr(values=[ast.Constant(), *_]):
            parts = (
                re.escape(part.value) if isinstance(part, ast.Constant) else "[^.]+"
                for part in key.values
            )
            yield re.escape(prefix) + "".join(parts)
        case ast.IfExp():
            yield from _patterns(prefix, key.body, function)
            yield from _patterns(prefix, key.orelse, function)
        case ast.Name() if function is not None:
            yield from _assigned(prefix, key.id, function)


def _assigned(prefix: str, name: str, function: ast.FunctionDef) -> Iterator[str]:
    """Patterns of all that a function assigns to a name, if it is plainly written and no argument."""
    values = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(ast.unparse(to) == name for to in node.targets)
    ]
    patterns = [tuple(_patterns(prefix, value, None)) for value in values]
    if all(patterns):
        yield from (pattern for several in patterns for pattern in several)


def complaints(named: Named, tables: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What does not fit: no such text, a slot that nobody fills, a slot that no text has."""
    lines = []
    for language, table in tables.items():
        used: set[str] = set()
        for pattern in named.keys:
            matching = [key for key in table if re.fullmatch(pattern, key)]
            if not matching:
                return [f"{named.place}: no text {pattern.replace(chr(92), '')}"]
            wanted = [slots(table[key]) for key in matching]
            used |= set().union(*wanted)
            if named.given is not None and (
                missing := min((own - named.given - named.free for own in wanted), key=len)
            ):
                key = pattern.replace(chr(92), "")
                lines.append(f"{named.place}: {key} ({language}) needs {sorted(missing)}")
        if superfluous := (named.given or frozenset()) - used:
            lines.append(f"{named.place}: nothing ({language}) has a slot {sorted(superfluous)}")
    return lines


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_key_in_the_code_exists_and_gets_its_slots_and_no_others(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name} is not written yet")
    named = named_in(path.read_text("utf-8"), os.fspath(path.relative_to(ROOT)))
    assert [line for call in named for line in complaints(call, {"en": EN, "ko": KO})] == []


TABLES = {
    "en": {
        "a.one": "{x}",
        "a.two": "{x} of {y}",
        "a.bare": "-",
        "error.rule.low": "{label} {least}",
    },
    "ko": {"a.one": "{x}", "a.two": "{y}: {x}", "a.bare": "-", "error.rule.low": "{least} {label}"},
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('t("a.one", x=1)', []),
        ('t("a.none")', ["no text a.none"]),
        ('t("a.two", x=1)', ["a.two (en) needs ['y']", "a.two (ko) needs ['y']"]),
        ('t("a.bare", x=1)', ["nothing (en) has a slot ['x']", "nothing (ko) has a slot ['x']"]),
        ('t(f"a.{name}", x=1, y=2)', []),
        ('t(f"a.{name}o", x=1)', ["a.[^.]+o (en) needs ['y']", "a.[^.]+o (ko) needs ['y']"]),
        ('t(f"a.{name}", z=2)', ["nothing (en) has a slot ['z']", "nothing (ko) has a slot ['z']"]),
        ('t(f"none.{name}")', ["no text none.[^.]+"]),
        ('t("a.one" if a else "a.two", x=1, y=2)', []),
        ('t("a.one" if a else "a.none", x=1)', ["no text a.none"]),
        ('def f():\n key = "a.none"\n t(key)', ["no text a.none"]),
        ('def f(b):\n key = "a.one" if b else "a.two"\n t(key, x=1, y=1)', []),
        ("def f(key):\n t(key, anything=1)", []),
        ('texts.say("ko", "a.one")', ["a.one (en) needs ['x']", "a.one (ko) needs ['x']"]),
        ('texts.say("ko", "a.two", **slots)', []),
        ('raise RunError("nothing")', ["no text error.nothing"]),
    ],
)
def test_the_check_finds_what_it_should(source: str, expected: list[str]) -> None:
    lines = [line for call in named_in(source) for line in complaints(call, TABLES)]
    assert [line.split(": ", 1)[1] for line in lines] == expected


# What is never one: images of a part, what is beyond a cap, a product, a ratio, a constant of the app.
MANY = "images total megapixels points params size side asked formula ratio most"
VERBS = "as becomes begins belongs comes does exists gives has holds is its lowers makes raises spans was"
COUNTED = re.compile(r"(?<!of )(?<![×·] )(?<!×)\{(\w+)\} (?:(?!the|on)[a-z]+ )??([a-z]+s)\b(?!/)")


def test_a_number_that_can_be_one_has_both_forms_of_its_noun() -> None:
    """In English; in texts that `say` fills with a slot that the code names."""
    patterns = {
        pattern
        for path in SOURCES
        for call in named_in(path.read_text("utf-8"))
        if call.given
        for pattern in call.keys
    }
    wrong = {
        key: match.group()
        for key in EN.keys() & {pattern.replace("\\", "") for pattern in patterns}
        for match in COUNTED.finditer(EN[key])
        if match[1] not in MANY.split() and match[2] not in VERBS.split()
    }
    assert wrong == {}
