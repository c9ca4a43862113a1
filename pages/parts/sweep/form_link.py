"""The form of a new sweep and the choices over its charts, in the address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import streamlit as st

from cnn_core import sweeps
from cnn_core.config import MAX_BLOCKS, MAX_DENSE, TrainConfig
from cnn_core.errors import CnnError
from cnn_core.planning.links import SETUP_PARAMETERS, from_query, parse_int, to_query
from cnn_core.planning.presets import PRESETS, fit_to_data
from cnn_core.planning.space import CHOICES, FIELDS, MOST_DIMENSIONS, PLACED
from cnn_core.sweeps.importance import EVALUATORS
from cnn_core.sweeps.record import MOST_MINUTES
from pages.network import shown
from pages.session import settings
from pages.session.address import went_back
from pages.session.html import complain
from pages.session.settings import Setting
from pages.session.words import t

CURRENT = "current"  # the set-up of the playground
SIZES = (0, 500, 1000, 2000, 4000, 8000)  # training images; 0: all
FIRST = ("kernel", "dropout")
VALUES = {
    "blocks": "1, 2, 3", "filters": "8, 16, 32", "kernel": "3, 5", "stride": "1, 2",
    "pool_size": "2, 3", "dense_layers": "0, 1, 2", "dense": "32, 64, 128", "dropout": "0.0:0.6",
    "learning_rate": "0.0003:0.01:log", "batch_size": "32, 64, 128", "epochs": "2, 4",
    "patience": "0, 3", "train_size": "1000, 4000", "seed": "0:9",
}  # fmt: skip
"""What the fields begin with."""
LONGEST = 200  # characters of such a field
TRIALS = Setting("trials", "sweep_trials", range(1, 1001), 12)
EPOCHS = Setting("epochs", "sweep_epochs", range(1, 101), 3)
MINUTES = Setting("minutes", "sweep_minutes", range(MOST_MINUTES + 1), 30)
BASE = Setting("base", "sweep_base", (CURRENT, *PRESETS), None)
METHOD = Setting("method", "sweep_method", sweeps.METHODS, sweeps.METHODS[0])
PRUNING = Setting("pruning", "sweep_pruning", sweeps.PRUNING, sweeps.PRUNING[0])
EVALUATOR = Setting("evaluator", "sweep_evaluator", EVALUATORS, EVALUATORS[0])
HEAT_ROWS = Setting("rows", "sweep_heat_rows", range(MOST_DIMENSIONS), None)
HEAT_COLUMNS = Setting("columns", "sweep_heat_columns", range(MOST_DIMENSIONS), None)
SETTINGS = (
    *(BASE, EPOCHS, TRIALS, MINUTES),
    *(METHOD, PRUNING, EVALUATOR, HEAT_ROWS, HEAT_COLUMNS),
)
VARIED_KEY, IMAGES_KEY = "sweep_fields", "sweep_images"  # session keys
IMAGES = "images"
NOTHING = "vary"  # says that no setting varies
VARIED = {
    f"vary_{field}.{place}" if place else f"vary_{field}": (field, place)
    for field in FIELDS
    for place in range(
        (MAX_DENSE if field == "dense" else MAX_BLOCKS) + 1 if field in PLACED else 1
    )
}
"""The parameters of the settings that vary: vary_kernel=3,5, and vary_kernel.2=3,5 of the second block."""
NAMES = tuple(
    dict.fromkeys(
        (*SETUP_PARAMETERS, *(setting.name for setting in SETTINGS), IMAGES, NOTHING, *VARIED)
    )
)


def place_key(field: str) -> str:
    """Session key of the block or hidden layer that a setting is about."""
    return f"sweep_where_{field}"


def options_key(field: str) -> str:
    """Session key of the values that are chosen for a setting with names as values."""
    return f"sweep_options_{field}"


def values_key(field: str) -> str:
    """Session key of the values of a number, as they were typed."""
    return f"sweep_values_{field}"


def follow(link: Mapping[str, str]) -> None:
    """Set the form as a link says; one sentence on what there is not."""
    settings.follow(link, SETTINGS)
    _follow_images(link)
    if link.get("base") == CURRENT:
        _follow_setup(link)
    varied = [name for name in VARIED if name in link]
    if not varied and NOTHING not in link:
        if went_back():
            st.session_state[VARIED_KEY] = list(FIRST)
        return
    st.session_state[VARIED_KEY] = list(dict.fromkeys(VARIED[name][0] for name in varied))
    for name in varied:
        _follow_values(*VARIED[name], link[name][:LONGEST])


def _follow_images(link: Mapping[str, str]) -> None:
    if IMAGES not in link:
        return
    try:
        images = parse_int("train_size", link[IMAGES][:10])
        if images:
            TrainConfig(train_size=images)
    except CnnError as error:
        complain(error)
    else:
        st.session_state[IMAGES_KEY] = images


def _follow_setup(link: Mapping[str, str]) -> None:
    """Number of images and epochs are those of the form."""
    form = {IMAGES, EPOCHS.name}
    query = {name: link[name] for name in SETUP_PARAMETERS if name in link and name not in form}
    if not query:
        return
    try:
        shown.keep_setup(*fit_to_data(*from_query(query)))
    except CnnError as error:
        complain(error)


def _follow_values(field: str, place: int, text: str) -> None:
    if field in PLACED:
        st.session_state[place_key(field)] = place
    if field not in CHOICES:
        st.session_state[values_key(field)] = text
        return
    values = [value for value in text.split(",") if value]
    if set(values) <= set(CHOICES[field]):
        st.session_state[options_key(field)] = values
    else:
        words = t("inside.bad_choice", name=f"vary_{field}", known=", ".join(CHOICES[field]))
        st.warning(words, icon=":material/link_off:")


def query() -> dict[str, str]:
    """What the form is set to, for the address."""
    state = st.session_state
    kept = shown.kept_setup()
    setup = to_query(*kept) if kept and state.get(BASE.key) == CURRENT else {}
    for name in (IMAGES, EPOCHS.name):
        setup.pop(name, None)
    images = {IMAGES: str(state[IMAGES_KEY])} if IMAGES_KEY in state else {}
    varied = dict(_varied(state.get(VARIED_KEY, list(FIRST))))
    return {**setup, **settings.query(SETTINGS), **images, **(varied or {NOTHING: "none"})}


def _varied(fields: list[str]) -> Iterator[tuple[str, str]]:
    state = st.session_state
    for field in sorted(fields, key=FIELDS.index):
        place = state.get(place_key(field), 0)
        if field in CHOICES:
            text = ",".join(state.get(options_key(field), CHOICES[field][:3]))
        else:
            text = state.get(values_key(field), VALUES[field])
        yield f"vary_{field}.{place}" if place else f"vary_{field}", text
