"""The page to take away: a pad and a network in one HTML file that needs no server and no internet."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from markupsafe import Markup

from cnn_core import texts
from cnn_core.browser import desk
from cnn_core.browser.bundle import bundle
from cnn_core.browser.pack import Packed
from cnn_core.config import ModelConfig
from cnn_core.drawing import SIDE
from cnn_core.errors import RunError
from cnn_core.markup import fill_file
from cnn_core.paths import ASSETS

TEMPLATE = "take/take.html.jinja"
PAD = "take"  # key of the pad
MEGABYTE = 1e6


@dataclass(frozen=True)
class Reader:
    """Who reads the drawings on the page.

    Attributes:
        packed: The network with its weights.
        model: Its settings.
        title: What it is called.
        classes: Names of its classes, in the reader's language.
        dataset: What it has learned; says what to draw.
    """

    packed: Packed
    model: ModelConfig
    title: str
    classes: Sequence[str]
    dataset: str


def check(model: ModelConfig) -> None:
    """Check that a network reads drawings.

    Raises:
        RunError: If its input is no greyscale image of 28 × 28 pixels.
    """
    if model.input_shape != (SIDE, SIDE, 1):
        size = "×".join(map(str, model.input_shape))
        raise RunError("run.no_drawings", side=SIDE, size=size)


def megabytes(parameters: int) -> str:
    """Size of the page for a network of so many parameters, such as "1.9 MB"."""
    scripts = sum(map(len, (_script(), _style("take/take", "pad/draw"), _style("pad/pad"))))
    return f"{(parameters * 4 * 4 / 3 + scripts) / MEGABYTE:.1f} MB"


def to_page(reader: Reader, language: str) -> str:
    """The page: network, weights, pad and words. Its policy lets a browser run and load nothing else.

    Raises:
        RunError: If the network reads no drawings.
    """
    check(reader.model)
    say = partial(texts.say, language)
    network = desk.network(say, reader.model, reader.title, reader.classes, reader.dataset)
    network |= {"name": reader.packed.name, "url": ""}
    pad = {
        "key": PAD,
        "brush": desk.BRUSH,
        "seen": None,
        "words": desk.pad_words(say, reader.dataset),
    }
    pad |= {"again": 0, "answer": "", "local": True}
    words = {"pad": pad, "reading": desk.reading(say, PAD, [network])}
    weights = base64.b64encode(reader.packed.data).decode()
    style, pad_style = _style("take/take", "pad/draw"), _style("pad/pad")
    return fill_file(
        TEMPLATE,
        language=language,
        title=reader.title,
        say=say,
        size=f"{len(reader.packed.data) / MEGABYTE:.1f} MB",
        policy=_policy([_script()], [style, pad_style]),
        style=Markup(style),
        pad_style=Markup(pad_style),
        pad_parts=_markup("pad/pad.html"),
        reading_parts=_markup("reading/reading.html"),
        words=Markup(json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")),
        weights=Markup(weights),
        script=Markup(_script()),
    )


@cache
def _script() -> str:
    """The modules as one, and their start."""
    text = bundle(ASSETS / "take" / "take.js")
    start = text.rindex("export default ")
    text = text[:start] + text[start:].replace("export default ", "").replace(";", "();")
    if "</" in text:
        raise ValueError("A script that closes a tag cannot stand in a page.")
    return text


@cache
def _style(*names: str) -> str:
    return "\n".join((ASSETS / f"{name}.css").read_text("utf-8") for name in names)


def _markup(name: str) -> Markup:
    return Markup((ASSETS / name).read_text("utf-8"))


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A content security policy that allows those texts alone."""
    directives = {"script-src": scripts, "style-src": styles}
    allowed = [f"{name} {' '.join(map(_hash, parts))}" for name, parts in directives.items()]
    return "; ".join(["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
