"""Why did it say that? Explanations of one decision, which of them is right, and the pattern of a filter."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core import runs
from cnn_core.analysis.deletion import FILLS
from cnn_core.errors import CnnError
from pages.elements.head import head
from pages.network import goals
from pages.network.choice import say_if_training, trained_network
from pages.network.epochs import convolutions
from pages.network.names import class_names
from pages.parts.explain import averaging, deletion, facts, pattern
from pages.parts.explain import methods as parts
from pages.parts.explain.methods import CAMS, PREDICTED, SHADES, Request
from pages.pictures import run_image
from pages.pictures.place import size_here
from pages.pictures.run_image import Chosen
from pages.session import choices, course, settings
from pages.session.address import arrived, follow_layer, followed, say, went_back, whole
from pages.session.html import STYLE, complain
from pages.session.settings import Setting, flag
from pages.session.words import t

SLIDER = 170  # width, in pixels
OPACITY = 90  # percent, at first
SETTINGS = (
    Setting("method", "explain_method", CAMS, CAMS[0]),
    Setting("from", "explain_from", FILLS, FILLS[0]),
    Setting("shade", "explain_shade", SHADES, SHADES[0]),
    Setting("opacity", "explain_opacity", range(0, 101, 5), OPACITY),
    flag("untrained", "explain_untrained"),
    *deletion.SETTINGS,
)
LINK = (
    *("run", *run_image.LINK, "class", "layer", "side", "pattern", "filter", "start"),
    *(setting.name for setting in SETTINGS),
)


def main() -> None:
    """Which network; then what follows the image and the class, and the pattern, each redrawn alone."""
    st.html(STYLE)
    place = head("explain", "attribution", "feature_map", "softmax", "flatten")
    link = arrived("explain", LINK)
    run = trained_network("explain", link, place)
    if run is None:
        return
    say_if_training(run)
    _follow(run, link)
    followed("explain", link)
    _story(run)
    pattern.story(run, _say)


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    run_image.follow(link, run)
    run_image.begin_with(run, parts.START.get((run.id, size_here(run)), 0))
    follow_layer(link, convolutions(run), "explain_layer")
    label = whole(link, "class", run.model.classes)
    if label is not None:
        st.session_state["explain_class"] = label
    if "side" in link:
        sides = range(1, parts.largest_side(run) + 1)
        settings.follow(link, [Setting("side", "explain_side", sides, 1)])
    if went_back() and label is None:
        st.session_state["explain_class"] = PREDICTED
    settings.follow(link, SETTINGS)
    pattern.follow(run, link)


@st.fragment
def _story(run: runs.Run) -> None:
    left, right = st.columns([0.3, 0.7], gap="medium")
    with left, st.container(key="explain_image"):
        image_place = st.container()
        pad = st.container()
        label = _class(run)
    with right, st.container(key="explain_result"):
        result = st.container()
        with st.container(key="explain_settings", horizontal=True, gap="medium"):
            request, opacity = _controls(run, label)
        below = st.container()
    which = st.container(key="explain_deletion")
    kept = parts.ready_made(run, size_here(run), request)
    view = None
    if kept is not None:  # before the process that could compute it has started
        first = run_image.test_image(run, kept.index, kept.image, kept.truth)
        view = parts.View(run, first, request, kept.answer, opacity)
        _show(view, result, below)
    with image_place:
        image = run_image.choose(run)
    if image is None:
        result.caption(t("explain.no_image"))
    else:
        if kept is None:
            with result:
                view = _result(run, image, request, opacity)
            if view is not None:
                _show(view, result, below)
        with below:
            _onward(run, image)
    query = {"run": run.id, **run_image.query(image)}
    query |= {"layer": request.layer, "side": str(request.side), **settings.query(SETTINGS)}
    query["shade"] = request.shade
    if request.label is not None:
        query["class"] = str(request.label)
    st.session_state["explain_query"] = query
    _say(run)
    with pad:
        run_image.finish(run.train.dataset)
    if view is not None and image is not None:  # after the pad, which would wait for it
        goals.try_goal("blank", lambda: facts.class_maps(run, request.layer, view.answer))
        with which:
            deletion.section(view, _say_curves)


def _say(run: runs.Run) -> None:
    """Both parts of the page have their share in the address."""
    say("explain", {**st.session_state["explain_query"], **pattern.query(run)})


def _say_curves(run: runs.Run) -> None:
    """The curves are redrawn alone; what else the address says stays."""
    others = {setting.name for setting in deletion.SETTINGS}
    query = st.session_state["explain_query"]
    kept = {name: value for name, value in query.items() if name not in others}
    st.session_state["explain_query"] = kept | settings.query(deletion.SETTINGS)
    _say(run)


def _class(run: runs.Run) -> int | None:
    """The class to explain; None for the most probable one."""
    names = class_names(run)
    label = choices.selectbox(
        t("explain.class"), [PREDICTED, *range(run.model.classes)], key="explain_class",
        default=PREDICTED, help=t("explain.class_help"),
        format_func=lambda option: t("explain.predicted") if option == PREDICTED else names[option],
    )  # fmt: skip
    return None if label == PREDICTED else label


def _controls(run: runs.Run, label: int | None) -> tuple[Request, float]:
    """The settings of the methods, and the opacity of the pictures."""
    cam = choices.segmented_control(
        t("explain.method"), CAMS, key="explain_method", help=t("explain.method_help"),
        format_func=lambda option: t(f"explain.deletion.{option}"),
    )  # fmt: skip
    layers = list(convolutions(run))
    layer = choices.segmented_control(
        t("explain.layer"), layers, key="explain_layer", default=layers[-1], help=t("explain.layer_help"),
    )  # fmt: skip
    start = choices.segmented_control(
        t("explain.from"), FILLS, key="explain_from", help=t("explain.from_help"),
        format_func=lambda option: t(f"explain.fill_{option}"),
    )  # fmt: skip
    sides, side = list(range(1, parts.largest_side(run) + 1)), 1
    if len(sides) > 1:  # a slider needs two places
        side = choices.select_slider(
            t("explain.side"), sides, key="explain_side", default=parts.usual_side(run),
            help=t("explain.side_help"), width=SLIDER,
        )  # fmt: skip
    shade = choices.segmented_control(
        t("explain.shade"), SHADES, key="explain_shade", help=t("explain.shade_help"),
        format_func=lambda option: t(f"explain.shade_{option}"),
    )  # fmt: skip
    opacity = st.slider(
        t("explain.opacity"), 0, 100, OPACITY, 5, key="explain_opacity", format="%d%%",
        help=t("explain.opacity_help"), width=SLIDER, persist_state="session",
    )  # fmt: skip
    untrained = st.toggle(
        t("explain.untrained"), key="explain_untrained", help=t("explain.untrained_help"),
        persist_state="session",
    )  # fmt: skip
    return Request(label, cam, layer, start, side, shade, bool(untrained)), opacity / 100


def _result(run: runs.Run, image: Chosen, request: Request, opacity: float) -> parts.View | None:
    try:
        answer = parts.explain(run, image.pixels, request)
    except CnnError as error:
        complain(error)
        return None
    return parts.View(run, image, request, answer, opacity)


def _show(view: parts.View, result: DeltaGenerator, below: DeltaGenerator) -> None:
    probabilities = view.answer["probabilities"]
    best = int(probabilities.argmax())
    course.report(
        "explain", index=view.image.query.get("index", ""), answer=view.names[best],
        probability=float(probabilities[best]),
    )  # fmt: skip
    with result:
        parts.decision(view)
        parts.pictures(view)
    with below:
        if view.request.cam == "grad_cam":
            averaging.show(view)
        parts.how_to_read(view)


def _onward(run: runs.Run, image: Chosen) -> None:
    """An image on which a method fails, and the page that shows the layers."""
    if run.id == "fashion":
        size = size_here(run)
        coat = {"part": "test", "index": str(parts.MISSED[size]), "of": size}
        st.button(
            t("explain.missed"), icon=":material/help:", type="tertiary", key="explain_missed",
            on_click=_show_missed, args=(coat, run),
        )  # fmt: skip
    st.page_link(
        "pages/feature_maps.py", label=t("explain.maps"), icon=":material/layers:",
        query_params={"run": run.id, **image.query},
    )  # fmt: skip


def _show_missed(coat: Mapping[str, str], run: runs.Run) -> None:
    run_image.follow(coat, run)
    st.session_state["explain_method"] = "grad_cam"


main()
