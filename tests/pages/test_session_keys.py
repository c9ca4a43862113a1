"""Each key of the session is spelled in one file: the one that owns what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
import visits

visit = visits.visit
PAGES = Path(__file__).parents[2] / "pages"
FILES = [Path(__file__).parents[2] / "app.py", *sorted(PAGES.rglob("*.py"))]
NO_STATE = {"container", "form"}
"""Elements whose key is a name for the style sheet and holds nothing."""
REST = "\0"  # what is not known before it runs


def keys_of(tree: ast.Module) -> set[str]:
    """Keys of the session that a module spells; `REST` stands for what it puts into them."""
    names = dict(_constants(tree))
    states = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_state(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    spelled = (_text(node, names) for node in _keys(tree, states))
    return {key for key in spelled if key.strip(REST)}


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Names that the module gives to values, `A = 1` as well as `A, B = 1, 2`."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(
                targets
            ) == len(values):
                yield from (
                    (ast.unparse(it), value) for it, value in zip(targets, values, strict=True)
                )


def _keys(tree: ast.Module, states: set[str]) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=state, slice=key) if _is_state(state, states):
                yield key
            case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[state]) if (
                _is_state(state, states)
            ):
                yield key
            case ast.Call(func=ast.Attribute(value=state), args=[key, *_]) if _is_state(
                state, states
            ) and not isinstance(key, ast.Dict):
                yield key
            case ast.Call(func=ast.Attribute(attr="update", value=state)) if _is_state(
                state, states
            ):
                yield from (ast.Constant(it.arg) for it in node.keywords if it.arg)
                for it in node.args:
                    yield from (key for key in getattr(it, "keys", []) if key)
            case ast.Call(func=ast.Attribute(attr="keep_valid"), args=[key, *_]):
                yield key
            case ast.Call(func=ast.Name(id="follow_layer"), args=[_, _, key, *_]):
                yield key
            case ast.Call(func=ast.Attribute(attr=name)) if name not in NO_STATE:
                yield from (it.value for it in node.keywords if it.arg == "key")
            case ast.Call(func=ast.Name()):
                yield from (it.value for it in node.keywords if it.arg == "key")


def _is_state(node: ast.expr, states: set[str]) -> bool:
    match node:
        case ast.Attribute(attr="session_state"):
            return True
        case ast.Name(id=name):
            return name in states
    return False


def _text(node: ast.expr, names: dict[str, ast.expr]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, names) for part in parts)
        case ast.FormattedValue(value=value):
            return _text(value, names)
        case ast.Name(id=name) if name in names:
            return _text(names[name], {})
    return REST


def same(one: str, other: str) -> bool:
    """Whether two spelled keys can be the same: "a_b" and "a_" with anything after it can."""
    one, other = one.rstrip("."), other.rstrip(".")
    if REST not in one + other:
        return one == other
    if REST in one and REST in other:
        return one.partition(REST)[0] == other.partition(REST)[0] != ""
    whole, open_ = (one, other) if REST in other else (other, one)
    head, _, tail = open_.partition(REST)
    head_fits = bool(head) and whole.startswith(head)
    return head_fits and whole.endswith(tail.rpartition(REST)[2])


def test_no_two_files_spell_the_same_key() -> None:
    keys = {
        path.relative_to(PAGES.parent).as_posix(): keys_of(ast.parse(path.read_text("utf-8")))
        for path in FILES
    }
    assert sum(map(len, keys.values())) > 100
    shared = [
        f"{one} and {other}: {mine.replace(REST, '…')!r} and {theirs.replace(REST, '…')!r}"
        for one, other in combinations(keys, 2)
        for mine in keys[one]
        for theirs in keys[other]
        if same(mine, theirs)
    ]
    assert shared == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('st.session_state["a"] = st.session_state.get("b", 1)', {"a", "b"}),
        ('"c" in st.session_state', {"c"}),
        ("state = st.session_state\nstate.update(a=1, b=2)", {"a", "b"}),
        ('st.session_state.update({"x": 1})', {"x"}),
        ('KEY = "k"\nst.session_state.pop(KEY, None)', {"k"}),
        ('st.session_state[f"run_{run.id}"]', {"run_" + REST}),
        ('st.button("", key="press"); st.container(key="place")', {"press"}),
        ('choices.keep_valid("layer", rows); follow_layer(asked, rows, "other")', {"layer", "other"}),
        ('A, B = "a", "b"\nst.session_state[B]', {"b"}),
        ("st.session_state[key]", set()),
    ],
)  # fmt: skip
def test_keys_are_found_where_they_are_spelled(source: str, expected: set[str]) -> None:
    assert keys_of(ast.parse(source)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("conv_map", "conv_" + REST, True),
        ("conv_map", "conv_" + REST + "_last", False),
        ("conv_" + REST, "conv_" + REST + "_x", True),
        ("conv", REST + "_x", False),
    ],
)
def test_keys_that_can_be_the_same(one: str, other: str, expected: bool) -> None:
    assert same(one, other) is same(other, one) is expected


def test_the_window_of_a_pooling_and_the_side_of_a_kernel_are_two_choices(visit):
    """Both are sizes on the convolution page; one used to overwrite the other."""
    at = visit("convolution", section="pool", size="4")
    for section in ("slide", "pool"):
        at.session_state["convolution_chosen_section"] = section
        at.run()
        assert not at.exception
    assert at.query_params["size"] in ("4", ["4"])


def test_a_link_from_before_the_keys_were_renamed_opens_the_same(visit):
    query = {
        "run": "digits",
        "layer": "conv2",
        "map": "3",
        "epoch": "1",
        "part": "val",
        "index": "7",
    }
    at = visit("feature_maps", **query)
    assert at.session_state["feature_maps_layer"] == "conv2"
    assert at.session_state["feature_maps_map"] == 3
    at = visit("explain", run="digits", pattern="conv1", filter="2", start="5")
    assert [at.session_state[f"explain_pattern_{it}"] for it in ("layer", "filter", "start")] == [
        "conv1", 2, 5,
    ]  # fmt: skip
    at = visit("kernels", run="digits", layer="conv2", channel="1", filter="4")
    assert at.session_state["kernels_channel_conv2"] == 1
    at = visit("convolution", section="network", run="digits", layer="conv2", filter="6")
    assert at.session_state["convolution_layer"] == "conv2"
    assert at.query_params["filter"] in ("6", ["6"])
