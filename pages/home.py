"""What is a convolutional network? One image going through one, three things to try first, and the way on."""

import streamlit as st

from cnn_core import datasets, runs
from cnn_core.errors import DataError
from cnn_core.planning.links import to_query
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import tour
from pages.elements import flow, lessons
from pages.elements.flow import Link
from pages.elements.head import head
from pages.guide import entry
from pages.network.names import class_names
from pages.pictures import place as places
from pages.pictures.place import Place
from pages.session.address import arrived, followed, say, went_back, whole
from pages.session.html import heading
from pages.session.words import t

NETWORK = "fashion"  # the textbook network, trained
FIRST = 9  # of the images: an ankle boot that it recognises
INSIDE = {"run": NETWORK}
# Where each stage leads: pages, the pooling part of one, or terms of the glossary.
STAGES = {
    "input": ("images",),
    "conv1": ("convolution", "kernels", "feature_maps"),
    "pool1": ("pooling", "feature_maps"),
    "conv2": ("convolution", "kernels", "feature_maps"),
    "pool2": ("pooling", "feature_maps"),
    "flatten": ("?flatten", "feature_maps"),
    "dense1": ("?dense", "playground"),
    "dropout": ("?dropout", "playground"),
    "output": ("?softmax", "explain", "evaluation"),
}
WITH_IMAGE = ("explain", "feature_maps")  # pages that open with the image that is shown
TRIES = {"watch": "tiny", "textbook": "textbook", "fast": "fast"}
RACE = {"race": "fast~textbook"}
ROAD = {
    "images": ":material/image:",
    "convolution": ":material/grid_on:",
    "training_step": ":material/footprint:",
    "course": ":material/school:",
    "notes": ":material/menu_book:",
    "challenges": ":material/flag:",
    "glossary": ":material/dictionary:",
    "playground": ":material/tune:",
    "runs": ":material/compare:",
    "sweep": ":material/query_stats:",
    "kernels": ":material/grid_view:",
    "feature_maps": ":material/layers:",
    "evaluation": ":material/fact_check:",
    "explain": ":material/help_center:",
    "robustness": ":material/blur_on:",
    "surgery": ":material/content_cut:",
    "embedding": ":material/scatter_plot:",
    "landscape": ":material/landscape:",
    "draw": ":material/draw:",
    "room": ":material/groups:",
}
COLUMNS = 3


def main() -> None:
    """The picture, then where to go from it."""
    with head("home"):
        entry.entry("home")
        with st.container(key="home_room", width="content"):  # on a phone: style.css
            st.page_link("pages/room.py", label=t("room.join_title"), icon=":material/groups:")
    _picture()
    _tries()
    _road()


@st.cache_resource(show_spinner=False)
def _tour() -> tour.Tour:
    return tour.read(runs.open_run(NETWORK))


def _places() -> tuple[Place, ...]:
    """What the images of the tour are called on other pages; empty if the bundled sample is damaged."""
    try:
        return _places_in_sample()
    except DataError:
        return ()  # the tour needs no sample, and the pages that read it say what is wrong


@st.cache_resource(show_spinner=False)
def _places_in_sample() -> tuple[Place, ...]:
    network_tour = _tour()
    data = network_tour.run.train.dataset
    sample, _ = datasets.sample_test(data)
    same = ((sample == image).all(axis=(1, 2, 3)).argmax() for image in network_tour.images)
    return tuple(Place(data, "sample", "test", int(index)) for index in same)


def _picture() -> None:
    network_tour, state = _tour(), st.session_state
    names = class_names(network_tour.run)
    _follow()
    image = state.setdefault("home_image", FIRST)
    links = {stage: [_link(page, stage) for page in pages] for stage, pages in STAGES.items()}
    target = flow.flow(
        "flow", network_tour, names, links, start=state["home_start"], turn=state["home_turn"],
        addresses=[place.query for place in _places()] or [{}] * len(network_tour.images),
        on_image=_choose,
    )  # fmt: skip
    if target is not None:
        st.switch_page(f"pages/{target.page}.py", query_params=target.query)
    say("home", {} if image == FIRST else {"image": str(image)})


def _choose(image: int) -> None:
    st.session_state["home_image"] = image
    if named := _places():
        places.keep(named[image], "home")


def _follow() -> None:
    """Begin with the image that a link names, that "Back" leads to or that was chosen on another page."""
    state, link = st.session_state, arrived("home", ("image",))
    image = whole(link, "image", len(_tour().images))
    place = places.of(_tour().run.train.dataset)
    if places.news("home") and place in _places() and image is None:
        image = _places().index(place)
    if went_back() and "image" not in link:
        image = FIRST
    if image is not None:
        _choose(image)
    if image is not None or "home_start" not in state:
        state["home_start"] = FIRST if image is None else image
        state["home_turn"] = state.get("home_turn", 0) + 1
    followed("home", link)


def _link(target: str, stage: str) -> Link:
    """Where a stage leads; the pages that look inside open with its layer and the filter pointed at."""
    if target.startswith("?"):
        term = target.removeprefix("?")
        return Link("glossary", t("home.to_glossary", term=lessons.heading(term)), {"term": term})
    layer = {**INSIDE, "layer": "pool2" if stage == "flatten" else stage}
    page, query, channel = {
        "convolution": ("convolution", {"section": "network", **layer}, "filter"),
        "pooling": ("convolution", {"section": "pool"}, ""),
        "kernels": ("kernels", layer, "filter"),
        "feature_maps": ("feature_maps", layer, "map"),
        "explain": ("explain", INSIDE, ""),
        "evaluation": ("evaluation", INSIDE, ""),
    }.get(target, (target, {}, ""))
    return Link(page, t(f"home.to_{target}"), query, channel, image=page in WITH_IMAGE)


def _tries() -> None:
    heading(t("home.try"))
    for column, (name, preset) in zip(st.columns(len(TRIES)), TRIES.items(), strict=True):
        with column, st.container(border=True, height="stretch", key=f"try_{name}"):
            st.markdown(f"**{t(f'home.{name}_title')}**")
            st.markdown(t(f"home.{name}"))
            race = name == "fast"
            setup = to_query(PRESETS[preset].model, PRESETS[preset].train)
            st.page_link(
                f"pages/{'runs' if race else 'playground'}.py",
                label=t("home.open_race" if race else "home.open"),
                icon=":material/arrow_forward:",
                query_params=RACE if race else setup,
            )


def _road() -> None:
    heading(t("home.road"))
    pages = list(ROAD.items())
    for first in range(0, len(pages), COLUMNS):
        for column, (page, icon) in zip(st.columns(COLUMNS), pages[first:], strict=False):
            with column, st.container(gap=None, key=f"road_{page}"):
                st.page_link(f"pages/{page}.py", label=f"**{t(f'{page}.nav')}**", icon=icon)
                st.caption(t(f"home.{page}"))


main()
