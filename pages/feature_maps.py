"""What does each layer see in this image? The maps of every layer, one of them close up, over the epochs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from cnn_core import recipes, runs, snapshots
from cnn_core.errors import CnnError
from cnn_core.figures import feature_maps as figures
from pages import _choices, _image_choice, _inside
from pages import _map_parts as parts
from pages._image_choice import Chosen
from pages._lessons import lesson
from pages._map_parts import View
from pages._shared import engine, t

PATIENCE_S = 60.0  # the look worker may still be loading TensorFlow
LINK = ("run", "part", "index", "layer", "map", "epoch")


def main() -> None:
    """Which network; then everything that follows the image, redrawn alone."""
    st.html(_inside.STYLE)
    st.title(t("feature_maps.title"), anchor=False)
    st.caption(t("feature_maps.intro"))
    lesson("feature_map", "flatten", "softmax", "functional")
    asked = _inside.arrived("feature_maps", LINK)
    run = _inside.trained_network("feature_maps", asked)
    if run is None:
        return
    _follow(run, asked)
    _story(run)


def _follow(run: runs.Run, asked: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    _image_choice.follow(asked)
    rows = parts.rows(run)
    names = parts.layers(run)
    _inside.follow_layer(asked, names, "maps_layer")
    if asked.get("layer") in names:
        channels = rows[asked["layer"].partition("/")[0]].output_shape[-1]
        st.session_state["maps_map"] = _inside.whole(asked, "map", channels) or 0
    _inside.follow_epoch(run, "maps", asked)


@st.fragment
def _story(run: runs.Run) -> None:
    if _inside.is_gone(run, "feature_maps"):
        return
    left, right = st.columns([0.3, 0.7], gap="medium")
    with left, st.container(key="maps_image"):
        chosen = _image_choice.choose(run)
        pad = st.container()
        reach = _choices.segmented_control(
            t("feature_maps.reach"), figures.REACHES, key="maps_reach", default="layer",
            format_func=lambda name: t(f"feature_maps.reach_{name}"), help=t("feature_maps.reach_help"),
        )  # fmt: skip
        epoch = _inside.epoch_slider(run, "maps", _epochs(run))
    with right, st.container(key="maps_result"):
        if chosen is not None:
            _result(run, chosen, epoch, reach)
        else:
            st.caption(t("feature_maps.no_image"))
    shown = {"run": run.id, **(chosen.query if chosen else {}), "epoch": str(epoch)}
    shown |= {"layer": parts.layer(run), "map": str(parts.map_index(run))}
    _inside.say("feature_maps", shown)
    with pad:
        _image_choice.finish()


def _epochs(run: runs.Run) -> tuple[int, ...]:
    """Every epoch that can be shown: those of the snapshots, and that of the kept weights."""
    return tuple(sorted({*snapshots.epochs(run), _inside.kept_epoch(run)}))


def _result(run: runs.Run, chosen: Chosen, epoch: int, reach: str) -> None:
    try:
        kept = epoch == _inside.kept_epoch(run)
        weights = None if kept else snapshots.read(run, epoch)
        maps = _ask(run, chosen.pixels, weights)
        view = View(run, chosen, epoch, kept, maps, reach)
        parts.close_up(view)
        parts.all_layers(view)
        parts.dense_layers(view)
        st.page_link(
            "pages/explain.py", label=t("feature_maps.explain"), icon=":material/help_center:",
            query_params={"run": run.id, **chosen.query},
        )  # fmt: skip
        name = parts.layer(run)
        code = st.expander(
            t("feature_maps.code"), icon=":material/code:", key="maps_code", on_change="rerun"
        )
        if code.open:  # what colours the lines costs a browser 1.5 MB and a quarter of a second
            with code:
                st.code(recipes.feature_map_lines(name, view.shape(name)), language="python")
                st.caption(t("feature_maps.code_note"))
    except CnnError as error:
        _inside.complain(error)


def _ask(
    run: runs.Run, pixels: np.ndarray, weights: snapshots.Weights | None
) -> dict[str, np.ndarray]:
    """What every layer outputs for the image."""
    with _inside.waking():
        return engine().look("feature_maps", run, pixels, weights, timeout=PATIENCE_S)


main()
