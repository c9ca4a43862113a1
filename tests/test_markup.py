"""HTML is filled by templates that escape: the environment itself, and that no page goes past it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

from cnn_core.markup import fill

ROOT = Path(__file__).parent.parent
TAG = re.compile(r"</?[a-z][\w-]*[ >/]|&[a-z]+;")


def test_every_value_is_escaped_and_html_stays() -> None:
    row = fill("<b>{{ name }}</b>", name="<i>&")
    assert row == "<b>&lt;i&gt;&amp;</b>"
    assert fill("<p>{{ rows|join }}</p>", rows=[row, "<u>"]) == f"<p>{row}&lt;u&gt;</p>"
    assert fill('<a title="{{ t }}">', t='" onclick="') == '<a title="&#34; onclick=&#34;">'


def test_bold_is_the_only_markup_of_a_sentence() -> None:
    assert fill("{{ words|bold }}", words="**<i>** and <u>") == "<b>&lt;i&gt;</b> and &lt;u&gt;"


def test_a_slot_that_nothing_was_given_for_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        fill("{{ name }}")


def past_the_templates(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, why) of every place that builds HTML in another way, or shows what is no template's."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    templates = {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _name(call.func) == "fill" and call.args
    }
    of_components = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "html"
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if TAG.search(text):
                if id(node) not in docstrings | templates | of_components:
                    yield node.lineno, "a tag outside of a template"
            case ast.Call(func=function, args=[first, *_]) if _name(function) == "fill":
                if not isinstance(first, ast.Constant):
                    yield node.lineno, "a template that is not written out"
            case ast.Call(func=function) if _name(function) in {"Markup", "escape"}:
                yield node.lineno, "marks or escapes HTML itself"
            case ast.Call(func=function, args=[first, *_]) if _shows_html(node, function):
                if isinstance(first, (ast.JoinedStr, ast.BinOp, ast.Constant)) or (
                    isinstance(first, ast.Call) and _name(first.func) in {"join", "format", "t"}
                ):
                    yield node.lineno, "HTML that is put together from strings"


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _shows_html(call: ast.Call, function: ast.expr) -> bool:
    unsafe = any(keyword.arg == "unsafe_allow_html" for keyword in call.keywords)
    return _name(function) == "html" or unsafe


def test_pages_build_html_by_templates_alone() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{line}: {why}"
        for path in [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
        for line, why in past_the_templates(ast.parse(path.read_text("utf-8")))
    ]
    assert places == []


def test_markdown_with_html_is_shown_in_one_place() -> None:
    """`html` takes `Markup` alone, which the type checker holds every caller to."""
    files = [
        path.relative_to(ROOT).as_posix()
        for path in [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
        if "unsafe_allow_html" in path.read_text("utf-8")
    ]
    assert files == ["pages/session/html.py"]


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('html(f"<b>{name}</b>")', 3),
        ('html("<b>%s</b>" % name)', 2),
        ('html("<b>{}</b>".format(name))', 2),
        ('html("<b>" + name)', 2),
        ('st.html("".join(parts))', 1),
        ("st.markdown(a + b, unsafe_allow_html=True)", 1),
        ('parts = ["<i>"]', 1),
        ("fill(template, name=name)", 1),
        ('fill(f"{name}")', 1),
        ("html(Markup(name))", 1),
        ("html(t(key))", 1),
        ('html(fill("<b>{{ name }}</b>", name=name))', 0),
        ("st.html(STYLE)", 0),
        ('component("name", html="<p></p>")', 0),
        ('st.markdown(f"**{name}**")', 0),
        ('def f():\n    """A <b> here."""', 0),
    ],
)
def test_the_check_sees_every_way_past(source: str, count: int) -> None:
    assert len(list(past_the_templates(ast.parse(source)))) == count


def test_markup_is_what_fill_returns() -> None:
    assert isinstance(fill("x"), Markup)


def test_a_picture_has_its_words_from_the_moment_it_is_a_picture() -> None:
    assets = [path for path in (ROOT / "assets").rglob("*") if path.suffix in {".html", ".js"}]
    nameless = [
        f"{path.name}: {tag}"
        for path in assets
        for tag in re.findall(r"<[a-z][^>]*role=.img[^>]*>", path.read_text("utf-8"))
        if "aria-label" not in tag
    ]
    assert nameless == []
    setting = [
        path.name for path in assets if 'setAttribute("role", "img")' in path.read_text("utf-8")
    ]
    assert setting == ["elements.js"]
