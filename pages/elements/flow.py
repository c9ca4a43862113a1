"""One image going through a trained network: mounts the component of `assets/flow`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import texts
from cnn_core.arithmetic import LayerRow
from cnn_core.browser import describe
from cnn_core.browser.bundle import bundle
from cnn_core.figures.palette import KINDS, SEQUENTIAL
from cnn_core.paths import ASSETS
from cnn_core.runs import tour
from pages.session.words import language, t

FOLDER = ASSETS / "flow"
WIDTH = 1196  # of all stages side by side, in pixels of the page
# How a stage lies, in pixels of the page: tiles in a row and side of one; numbers in a row and side of
# one; for units, length of the longest bar and height of one.
LAYOUT = {
    "input": (1, 104),
    "conv1": (4, 36),
    "pool1": (4, 26),
    "conv2": (8, 24),
    "pool2": (8, 14),
    "flatten": (16, 1.54),
    "dense1": (56, 3),
    "dropout": (56, 3),
    "output": (44, 22),
}

TIMES = "\u00a0×\u00a0"  # holds a shape together

_mount = st.components.v2.component(
    "convscope_flow",
    html=(FOLDER / "flow.html").read_text("utf-8"),
    css=(FOLDER / "flow.css").read_text("utf-8"),
    js=bundle(FOLDER / "flow.js"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a stage leads.

    Attributes:
        page: Name of its file.
        label: Words of the link.
        query: What the page is asked to show.
        channel: Name under which it is also asked for the filter that is pointed at; may be empty.
        image: Whether it is also asked for the image that is shown.
    """

    page: str
    label: str
    query: Mapping[str, str]
    channel: str = ""
    image: bool = False


def flow(
    key: str,
    network_tour: tour.Tour,
    classes: Sequence[str],
    links: Mapping[str, Sequence[Link]],
    *,
    start: int,
    turn: int,
    addresses: Sequence[Mapping[str, str]],
    on_image: Callable[[int], None],
) -> Link | None:
    """Show the tour; another image is drawn in the browser immediately and reported to `on_image`.

    Args:
        key: Its name on the page.
        shown: The network and its images.
        classes: Names of the classes.
        links: Where each stage leads, by its name.
        start: The image to begin with.
        turn: Another number for each time that `start` is to be shown whatever was chosen.
        addresses: What pages that show an image are asked for each of them.
        on_image: Called with the place of another image before the next run.

    Returns:
        The link that was followed in this run.
    """
    stages = [_input(network_tour), *(_layer(network_tour, row) for row in network_tour.rows)]
    for stage in stages:
        stage["links"] = [asdict(link) for link in links[stage["name"]]]
    result = _mount(
        key=key,
        data={
            "key": key,
            "natural": WIDTH,
            "stages": stages,
            "classes": list(classes),
            "labels": network_tour.labels.tolist(),
            "images": _packed(network_tour.images),
            "units": {name: _packed(values) for name, values in network_tour.units.items()},
            "weights": {name: _packed(values) for name, values in network_tour.weights.items()},
            "colours": _packed(SEQUENTIAL),
            "start": start,
            "turn": turn,
            "addresses": [dict(address) for address in addresses],
            "language": language(),
            "words": _words(),
        },
        on_image_change=lambda: _pass_on_image(key, len(network_tour.images), on_image),
        on_go_change=lambda: None,
    )
    return _followed(result.go, links)


def _input(network_tour: tour.Tour) -> dict[str, Any]:
    height, width, channels = network_tour.run.model.input_shape
    return {
        **_stage("input", "input", (height, width, channels), "input"),
        "notes": [f"{height}{TIMES}{width}", t("flow.values")],
        "says": t("flow.says_input"),
        "alt": t("flow.alt_input", height=height, width=width),
    }


def _layer(network_tour: tour.Tour, row: LayerRow) -> dict[str, Any]:
    kind = f"pool_{row.pool}" if row.kind == "pool" else row.kind
    shape = TIMES.join(f"{side:,}" for side in row.output_shape)
    notes = [shape]
    if row.kind in {"conv", "pool"}:
        notes.append(" ".join(filter(None, (f"{row.kernel}{TIMES}{row.kernel}", _padding(row)))))
    if row.kind == "output":
        notes.append(t("flow.softmax"))
    if row.params:
        notes.append(t("flow.params", count=f"{row.params:,}"))
    if row.kind == "dropout":
        notes.append(t("flow.rate", share=f"{network_tour.run.model.dropout:.0%}"))
    slots = {
        "count": f"{row.output_shape[-1]:,}", "inputs": f"{int(np.prod(row.input_shape)):,}",
        "maps": row.input_shape[-1], "side": row.kernel, "field": row.receptive_field,
        "share": f"{network_tour.run.model.dropout:.0%}", "layer": row.name, "shape": shape,
    }  # fmt: skip
    return {
        **_stage(row.name, row.kind, row.output_shape, kind),
        **describe(row),
        "notes": notes,
        "says": t(f"flow.says_{row.name}", **slots),
        "alt": t("flow.alt_maps" if len(row.output_shape) == 3 else "flow.alt_units", **slots),
    }


def _padding(row: LayerRow) -> str:
    return t(f"choice.padding.{row.padding}") if row.kind == "conv" else ""


def _stage(name: str, kind: str, shape: tuple[int, ...], word: str) -> dict[str, Any]:
    columns, side = LAYOUT[name]
    return {
        **{"name": name, "kind": kind, "shape": list(shape), "columns": columns, "side": side},
        **{"title": t(f"diagram.kind.{word}"), "colour": KINDS[kind]},
    }


def _words() -> dict[str, str]:
    """The words that the browser fills itself."""
    table = texts.table(language())
    return {
        key.removeprefix("flow.js."): text
        for key, text in table.items()
        if key.startswith("flow.js.")
    }


def _packed(array: np.ndarray) -> str:
    """The bytes of bytes or float32 numbers, little-endian, in base64."""
    kind = np.uint8 if array.dtype == np.uint8 else np.dtype("<f4")
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def _pass_on_image(key: str, count: int, on_image: Callable[[int], None]) -> None:
    """Hand on what the browser sent, if it is an image."""
    state = st.session_state.get(key)
    image = state.get("image") if isinstance(state, Mapping) else None
    if isinstance(image, int) and 0 <= image < count:
        on_image(image)


def _followed(target: object, links: Mapping[str, Sequence[Link]]) -> Link | None:
    """The link that the browser names, if a stage has one to that page."""
    if not isinstance(target, Mapping) or not isinstance(target.get("query"), Mapping):
        return None
    query = {str(name): str(text) for name, text in target["query"].items()}
    matches = [link for some in links.values() for link in some if link.page == target.get("page")]
    return Link(matches[0].page, matches[0].label, query) if matches else None
