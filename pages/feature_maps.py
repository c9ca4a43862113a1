"""What does each layer see in this image? The maps of every layer, one of them close up, over the epochs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.export import snippets
from cnn_core.figures import feature_maps as figures
from cnn_core.runs import snapshots
from pages.elements.head import head
from pages.network import answers, in_browser, unit
from pages.network.choice import is_gone, trained_network
from pages.network.epochs import epoch_slider, follow_epoch, kept_epoch
from pages.parts.feature_maps import live, start, sums
from pages.parts.feature_maps import maps as parts
from pages.parts.feature_maps.maps import View
from pages.pictures import run_image
from pages.pictures.run_image import Chosen
from pages.session import choices, settings
from pages.session.address import arrived, follow_layer, followed, say, whole
from pages.session.html import STYLE, complain, waking
from pages.session.settings import Setting, flag
from pages.session.words import t

SETTINGS = (
    Setting("reach", "feature_maps_reach", figures.REACHES, "layer"),
    flag("code", "feature_maps_code"),
    flag("sums", sums.KEY),
)
LINK = ("run", *run_image.LINK, "layer", "map", "epoch", "reach", "code", "sums")


def main() -> None:
    """Which network; then everything that follows the image, redrawn alone."""
    st.html(STYLE)
    place = head("feature_maps", "feature_map", "flatten", "softmax", "functional")
    link = arrived("feature_maps", LINK)
    run = trained_network("feature_maps", link, place)
    if run is None:
        return
    _follow(run, link)
    followed("feature_maps", link)
    _story(run, link)


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    run_image.follow(link, run)
    rows = parts.rows(run)
    names = parts.layers(run)
    if (newest := unit.take(run, "feature_maps", names)) is not None:
        parts.show_map(*newest)
    follow_layer(link, names, parts.LAYER)
    if link.get("layer") in names or "map" in link:
        name = parts.layer(run)
        index = whole(link, "map", rows[name.partition("/")[0]].output_shape[-1])
        if index is not None or name not in start.LAYERS:
            parts.choose_map(index or 0)
    follow_epoch(run, "feature_maps", link)
    settings.follow(link, SETTINGS)


@st.fragment
def _story(run: runs.Run, link: Mapping[str, str]) -> None:
    if is_gone(run, "feature_maps"):
        return
    if live.wants_another_network():
        st.rerun()
    left, right = st.columns([0.3, 0.7], gap="medium")
    with left, st.container(key="feature_maps_image"):
        image = run_image.choose(run)
        pad = st.container()
        reach = choices.segmented_control(
            t("feature_maps.reach"), figures.REACHES, key="feature_maps_reach", default="layer",
            format_func=lambda name: t(f"feature_maps.reach_{name}"), help=t("feature_maps.reach_help"),
        )  # fmt: skip
        epoch = epoch_slider(run, "feature_maps", _epochs(run))
    with right, st.container(key="feature_maps_result"):
        if image is not None:
            start.at_strongest(run, image, epoch)
            _result(run, image, epoch, reach)
        else:
            st.caption(t("feature_maps.no_image"))
    query = {"run": run.id, **run_image.query(image), "epoch": str(epoch)}
    query |= {"layer": parts.layer(run), "map": str(parts.map_index(run))}
    query |= settings.query(SETTINGS)
    unit.keep("feature_maps", parts.layer(run), parts.map_index(run), link)
    say("feature_maps", query)
    with pad:
        run_image.finish(run.train.dataset)


def _epochs(run: runs.Run) -> tuple[int, ...]:
    """Every epoch that can be shown: those of the snapshots, and that of the kept weights."""
    return tuple(sorted({*snapshots.epochs(run), kept_epoch(run)}))


def _result(run: runs.Run, image: Chosen, epoch: int, reach: str) -> None:
    try:
        kept = epoch == kept_epoch(run)
        if kept and in_browser.reads(run):
            _in_browser(run, image, reach)
        else:
            _by_server(run, image, epoch, reach, kept=kept)
        st.page_link(
            "pages/explain.py", label=t("feature_maps.explain"), icon=":material/help_center:",
            query_params={"run": run.id, **image.query},
        )  # fmt: skip
        _code(run)
    except CnnError as error:
        complain(error)


def _in_browser(run: runs.Run, image: Chosen, reach: str) -> None:
    """Image, layer and network change without the server."""
    with st.container(border=True, key="close_up"):
        live.close_up(run, image, reach)
    _sums(run, image, kept=True)
    live.all_layers(run)
    st.caption(t("feature_maps.by_browser"))


def _by_server(run: runs.Run, image: Chosen, epoch: int, reach: str, *, kept: bool) -> None:
    """A network that is too large for browsers, or weights that they do not have."""
    weights = None if kept else snapshots.read(run, epoch)
    view = View(run, image, epoch, kept, _ask(run, image.pixels, weights), reach)
    parts.close_up(view)
    _sums(run, image, kept=kept)
    parts.all_layers(view)
    parts.dense_layers(view)
    if in_browser.small(run):
        st.caption(t("feature_maps.by_server_epoch", epoch=kept_epoch(run)))
    else:
        st.caption(t("feature_maps.by_server_large"))


def _code(run: runs.Run) -> None:
    """The lines of Keras that compute the layer close up."""
    name = parts.layer(run)
    code = st.expander(
        t("feature_maps.code"), icon=":material/code:", key="feature_maps_code", on_change="rerun"
    )
    if code.open:  # what colours the lines costs a browser 1.5 MB and a quarter of a second
        with code:
            shape = parts.rows(run)[name.partition("/")[0]].output_shape
            st.code(snippets.feature_map_lines(name, shape), language="python")
            st.caption(t("feature_maps.code_note"))


def _sums(run: runs.Run, image: Chosen, *, kept: bool) -> None:
    """Where a number comes from: the browser fetches the network once this is open."""
    place = st.expander(
        t("sums.title"), icon=":material/calculate:", key=sums.KEY, on_change="rerun"
    )
    if place.open:
        with place:
            sums.sums(run, image, kept=kept)


def _ask(
    run: runs.Run, pixels: np.ndarray, weights: snapshots.Weights | None
) -> dict[str, np.ndarray]:
    """What every layer outputs for the image."""
    with waking():
        return answers.feature_maps(run, pixels, weights)


main()
