"""Feature maps computed in the visitor's browser: mounts `assets/maps`, and takes what was chosen there."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import markup, runs, texts
from cnn_core.browser.bundle import bundle
from cnn_core.config import ACTIVATIONS
from cnn_core.figures import palette
from cnn_core.paths import ASSETS
from pages.elements import saving
from pages.network import choice, in_browser, run_data, shown
from pages.network.names import class_names, names_of
from pages.parts.feature_maps import maps
from pages.pictures import place as places
from pages.pictures import run_image
from pages.pictures.run_image import Among, Chosen
from pages.session import files
from pages.session.doors import colours
from pages.session.words import language, t

FOLDER = ASSETS / "maps"
KEY, BOARDS = "feature_maps_live", "feature_maps_boards"
OTHERS = 3  # networks that the browser can change to without asking
SERIAL, SESSION = "feature_maps_serial", "feature_maps_session"  # session keys
ASKED = "feature_maps_network"  # session key: another network was chosen in the browser
WORDS = (
    "before", "after", "pool", "layer", "which", "map", "input", "kernel", "kernel_words", "strongest",
    "pooling", "alt", "own_high", "flatten", "dense", "output", "right", "wrong", "through", "network",
    "loading", "failed",
)  # fmt: skip

_mount = st.components.v2.component(
    "convscope_maps",
    html=(FOLDER / "maps.html").read_text("utf-8"),
    css=(FOLDER / "maps.css").read_text("utf-8"),
    js=bundle(FOLDER / "maps.js"),
    isolate_styles=False,  # looks like what the server draws
)
_mount_boards = st.components.v2.component(
    "convscope_map_boards",
    html=markup.fill_file("maps/boards.html.jinja"),
    css=(ASSETS / "tiles" / "tiles.css").read_text("utf-8") + saving.STYLE,
    js=bundle(FOLDER / "boards.js"),
    isolate_styles=False,
)


def close_up(run: runs.Run, image: Chosen, reach: str) -> None:
    """The image, one map close up, and the controls that need no server."""
    networks = _networks(run)
    data = {
        "session": st.session_state.setdefault(SESSION, secrets.token_hex(4)),
        "serial": st.session_state.get(SERIAL, 0),
        "run": run.id,
        "networks": networks,
        "classes": list(class_names(run)),
        "image": _image(image),
        "pack": None if image.among is None else _pack(run, image.among),
        "layer": maps.layer(run),
        "map": maps.map_index(run),
        "reach": reach,
        **_looks(),
    }
    _mount(key=KEY, data=data, on_view_change=lambda: _take(run, image, networks))


def all_layers(run: runs.Run) -> None:
    """A board for each layer, and the dense layers: they follow the close-up."""
    names = [network["name"] for network in _networks(run)]
    _mount_boards(key=BOARDS, data={"networks": names})


def wants_another_network() -> bool:
    """Whether another network was chosen in the browser since this was last asked."""
    return bool(st.session_state.pop(ASKED, False))


def _networks(run: runs.Run) -> list[dict[str, str]]:
    """The run, and a few others that can take the same images, each with its address."""
    like = [
        other
        for other in choice.others(run).values()
        if other.model.input_shape == run.model.input_shape
        and other.train.dataset == run.train.dataset
    ]
    readable = filter(in_browser.reads, like)
    listed = [run, *islice(readable, OTHERS)]
    names = names_of(listed)
    return [
        {
            "run": network.id,
            "label": names[network.id],
            **in_browser.address(network, f"{KEY}_{place}"),
        }
        for place, network in enumerate(listed)
    ]


def _image(image: Chosen) -> dict[str, Any]:
    numbers = image.pixels.astype(np.float32) / (255 if image.pixels.dtype == np.uint8 else 1)
    return {
        "pixels": _base64(np.ascontiguousarray(numbers, "<f4")),
        "shape": list(image.pixels.shape),
        "title": image.title,
        "truth": image.truth,
        "number": image.among.place.index if image.among else None,
    }


def _pack(run: runs.Run, among: Among) -> dict[str, Any]:
    """The images around the chosen one as one file of bytes."""
    sized = places.with_size(run, among.place.size)
    content = run_data.images(sized, among.place.part, among.numbers).tobytes()
    return {
        "name": hashlib.sha256(content).hexdigest()[:32],
        "url": files.address(content, f"{KEY}_images"),
        "numbers": list(among.numbers),
        "labels": list(among.labels),
        "title": among.place.pattern(),
    }


def _looks() -> dict[str, Any]:
    """Colours and words."""
    scales = {"sequential": "sequential", "diverging": colours().diverging}
    table = texts.table(language())
    return {
        "colours": {kind: _base64(palette.SCALES[scale]) for kind, scale in scales.items()},
        "stops": {kind: palette.stops(scale) for kind, scale in scales.items()},
        "theme": scales["diverging"],
        "words": {
            **{name: table[f"feature_maps.{name}"] for name in WORDS},
            "save": table["saving.save"],
        },
        "pools": {pool: t(f"choice.pool.{pool}") for pool in ("max", "average")},
        "activations": {name: t(f"choice.activation.{name}") for name in ACTIVATIONS},
    }


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _take(run: runs.Run, image: Chosen, networks: list[dict[str, str]]) -> None:
    """Keep what the browser sent, as far as there is such an image, layer, map and network."""
    state = st.session_state.get(KEY)
    sent = state.get("view") if isinstance(state, Mapping) else None
    if not isinstance(sent, Mapping):
        return
    match sent.get("serial"):
        case bool():
            return
        case int(serial) if serial > st.session_state.get(SERIAL, 0):
            st.session_state[SERIAL] = serial
        case _:
            return
    wanted, number = sent.get("run"), sent.get("number")
    if wanted != run.id and wanted in [network["run"] for network in networks]:
        shown.show(wanted)
        st.session_state[ASKED] = True
    if image.among is not None and type(number) is int and number != image.among.place.index:
        run_image.go_to(image, number)
    layer, index = sent.get("layer"), sent.get("map")
    if isinstance(layer, str) and type(index) is int and index >= 0:
        maps.show_map(layer, index)
