"""The controls of a set-up: widgets in, checked configs out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from cnn_core import config, datasets
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import CnnError
from cnn_core.planning.links import SETUP_PARAMETERS, from_query, to_query
from cnn_core.planning.presets import PRESETS, fit_to_data
from cnn_core.planning.repair import Change
from cnn_core.runs import Run
from pages.elements.lessons import lesson
from pages.network import shown
from pages.session import choices
from pages.session.address import is_brought, went_back
from pages.session.settings import Setting
from pages.session.words import label, say_error, t

Setup = tuple[ModelConfig, TrainConfig]
BLOCK_FIELDS = [field.name for field in fields(ConvBlock)]
TRAIN_FIELDS = [field.name for field in fields(TrainConfig)]
BATCHES = (16, 32, 64, 128, 256, 512)
RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 2e-3, 4e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
TRAIN_SIZES = (200, 500, 1000, 2000, 4000, 8000, 16000, 32000)
ALL = 0
TARGETS = (0.5, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.95, 0.98, 0.99)
NO_TARGET = 0.0
TABS = ("network", "training")
TAB = Setting("tab", "playground_tab", TABS, TABS[0])


def is_drawn() -> bool:
    """Whether the page has drawn the controls before; Streamlit forgets them with the page."""
    return "set_epochs" in st.session_state


def open_link(run: Run | None) -> None:
    """On arriving or going back, take over what the address bar asks for; else the controls decide.

    A link that names only a run opens with the set-up of that run. While the controls are there only a
    link of the app is followed: a change comes with the address from before the last one if it is quick.
    """
    if is_drawn() and not went_back() and not is_brought():
        return
    link = {k: v for k, v in st.query_params.to_dict().items() if k in SETUP_PARAMETERS}
    if link and link != st.session_state.get("published"):
        put(*_from_link(link))
    elif kept := shown.kept_setup():  # back from another page: widgets have forgotten
        put(*kept)
    elif run:
        put(run.model, run.train)
    else:
        put(*_from_link(link))


def query(model: ModelConfig, train: TrainConfig) -> dict[str, str]:
    """What the address bar shall say of this set-up."""
    st.session_state["published"] = to_query(model, train)
    return dict(st.session_state["published"])


def _from_link(link: dict[str, str]) -> Setup:
    """A bad link is told in a sentence and opens the textbook network."""
    try:
        return fit_to_data(*from_query(link))
    except CnnError as error:
        opened = fit_to_data(PRESETS["textbook"].model, PRESETS["textbook"].train)
        st.session_state["bad_link"] = (error.with_traceback(None), opened)
        return opened


def _say_bad_link(setup: Setup) -> None:
    """What is wrong with the link that opened this set-up, until something else is set."""
    error, opened = st.session_state.get("bad_link", (None, None))
    if error is not None and opened == setup:
        st.warning(f"{t('playground.bad_link')} {say_error(error)}", icon=":material/link_off:")
    else:
        st.session_state.pop("bad_link", None)


def put(model: ModelConfig, train: TrainConfig) -> None:
    """Set every control to this set-up; only before the controls are drawn, or in a callback."""
    values: dict[str, Any] = {"blocks": len(model.blocks), "dense_layers": len(model.dense)}
    for index in range(config.MAX_BLOCKS):
        block = model.blocks[min(index, len(model.blocks) - 1)]
        values |= {f"{name}_{index}": getattr(block, name) for name in BLOCK_FIELDS}
    for index in range(config.MAX_DENSE):
        values[f"dense_{index}"] = model.dense[index] if index < len(model.dense) else 100
    values["dropout"] = model.dropout
    values |= {name: getattr(train, name) for name in TRAIN_FIELDS}
    values["train_size"] = train.train_size or ALL
    values["target"] = train.target or NO_TARGET
    controls = {f"set_{name}": value for name, value in values.items()}
    st.session_state.update(controls)
    st.session_state["controls"] = controls
    shown.keep_setup(model, train)
    st.session_state["unusual"] = train


def _remember() -> None:
    """Give back what controls held that were not drawn for a while: Streamlit forgets those."""
    controls = st.session_state["controls"]
    for key, value in controls.items():
        if key in st.session_state:
            controls[key] = st.session_state[key]
        else:
            st.session_state[key] = value


def form(run: Run | None) -> Setup:
    """Draw the controls, and give the set-up they show."""
    open_link(run)
    _remember()
    bad_link, presets = st.container(), st.container()
    tabs = choices.tabs(TABS, key=TAB.key, format_func=lambda name: t(f"playground.{name}"))
    network, training = (place for _, place in tabs)
    with network:
        model = _network()
        lesson(
            "filter", "padding", "stride", "pooling", "more_filters", "activation",
            "activation_functions", "dense", "dropout",
        )  # fmt: skip
    with training:
        train = _training()
        lesson(
            "epoch",
            "gradient",
            "backpropagation",
            "optimizer",
            "learning_rate",
            "schedule",
            "compile",
        )
    setup = fit_to_data(model, train)
    shown.keep_setup(*setup)
    with bad_link:
        _say_bad_link(setup)
    with presets:
        _presets(setup)
    return setup


def _presets(setup: Setup) -> None:
    fitting = {
        name: fit_to_data(p.model, replace(p.train, **_data(setup[1])))
        for name, p in PRESETS.items()
    }
    preset_name = next((name for name, preset in fitting.items() if preset == setup), None)
    st.session_state["set_preset"] = preset_name
    choices.optional_segmented_control(
        t("playground.preset"),
        list(PRESETS),
        key="set_preset",
        format_func=lambda name: label("preset", name),
        help=t("help.preset"),
        on_change=_use_preset,
    )


def _data(train: TrainConfig) -> dict[str, Any]:
    """Which images: a preset leaves that as it is."""
    return {name: getattr(train, name) for name in ("dataset", "size", "train_size", "seed")}


def _use_preset() -> None:
    name = st.session_state["set_preset"]
    kept = shown.kept_setup()
    if name and kept:
        preset = PRESETS[name]
        put(*fit_to_data(preset.model, replace(preset.train, **_data(kept[1]))))


def _network() -> ModelConfig:
    count = choices.segmented_control(
        t("field.blocks"),
        range(1, config.MAX_BLOCKS + 1),
        key="set_blocks",
        help=t("help.blocks"),
    )
    blocks = tuple(_block(index) for index in range(count))
    with st.container(border=True):
        st.markdown(f"**{t('playground.head')}**")
        layers = choices.segmented_control(
            t("field.dense_layers"),
            range(config.MAX_DENSE + 1),
            key="set_dense_layers",
            help=t("help.dense_layers"),
        )
        columns = st.columns(min(2, max(1, layers)), gap="small", wrap=False)
        dense = tuple(_number(columns[i % 2], "dense", 1, 2048, 10, i) for i in range(layers))
        dropout = st.slider(
            t("field.dropout"),
            0.0,
            0.9,
            value=st.session_state["set_dropout"],
            step=0.05,
            key="set_dropout",
            help=t("help.dropout"),
        )
    return ModelConfig(blocks=blocks, dense=dense, dropout=dropout)


def _block(index: int) -> ConvBlock:
    with st.container(border=True, key=f"block_{index}"):
        st.markdown(f"**{t('playground.block', number=index + 1)}**")
        left, right = st.columns(2, gap="small", wrap=False)
        values = {
            "filters": _number(left, "filters", 1, 512, 8, index),
            "kernel": _number(right, "kernel", 1, config.MAX_KERNEL, 1, index),
            "padding": _choice(left, "padding", config.PADDINGS, index),
            "pool": _choice(right, "pool", config.POOLS, index),
        }
        with st.expander(t("playground.more"), key=f"more_{index}"):
            left, right = st.columns(2, gap="small", wrap=False)
            values |= {
                "stride": _number(left, "stride", 1, 4, 1, index),
                "pool_size": _number(right, "pool_size", 2, 4, 1, index),
                "activation": _choice(st, "activation", config.ACTIVATIONS, index),
            }
    return ConvBlock(**values)


def _training() -> TrainConfig:
    train: TrainConfig = st.session_state["unusual"]
    values: dict[str, Any] = {"dataset": _choice(st, "dataset", tuple(datasets.DATASETS))}
    left, right = st.columns(2, gap="small", wrap=False)
    values["size"] = _choice(left, "size", config.SIZES)
    counts = datasets.spec(values["dataset"]).counts[values["size"]]
    values["train_size"] = _train_size(right, counts.train, train.train_size)
    left, right = st.columns(2, gap="small", wrap=False)
    values["epochs"] = _number(left, "epochs", 1, 100, 1)
    values["batch_size"] = _choice(right, "batch_size", with_value(BATCHES, train.batch_size))
    values["optimizer"] = _choice(left, "optimizer", config.OPTIMIZERS)
    values["schedule"] = _choice(right, "schedule", config.SCHEDULES)
    values["learning_rate"] = choices.select_slider(
        t("field.learning_rate"),
        with_value(RATES, train.learning_rate),
        key="set_learning_rate",
        format_func=lambda rate: f"{rate:g}",
        help=t("help.learning_rate"),
    )
    values["augmentation"] = _choice(st, "augmentation", config.AUGMENTATIONS)
    left, right = st.columns(2, gap="small", wrap=False)
    values["patience"] = _number(left, "patience", 0, 100, 1)
    values["target"] = _target(right, train.target)
    values["seed"] = _number(left, "seed", 0, 2**31 - 1, 1)
    values["precision"] = _choice(right, "precision", config.PRECISIONS)
    return TrainConfig(**values)


def _train_size(place: Any, largest: int, unusual: int | None) -> int | None:
    sizes = with_value(TRAIN_SIZES, unusual or TRAIN_SIZES[0])
    options = (ALL, *(size for size in sizes if size < largest))
    size = choices.selectbox(
        t("field.train_size"),
        options,
        place=place,
        key="set_train_size",
        format_func=lambda n: (
            t("choice.train_size.all", count=f"{largest:,}") if n == ALL else f"{n:,}"
        ),
        help=t("help.train_size"),
    )
    return size or None


def _target(place: Any, unusual: float | None) -> float | None:
    target = choices.selectbox(
        t("field.target"),
        (NO_TARGET, *with_value(TARGETS, unusual or TARGETS[0])),
        place=place,
        key="set_target",
        format_func=lambda value: f"{value:.1%}" if value else t("choice.target.none"),
        help=t("help.target"),
    )
    return target or None


def _number(place: Any, name: str, low: int, high: int, step: int, index: int | None = None) -> int:
    key = _key(name, index)
    number: int = place.number_input(
        t(f"field.{name}"), low, high, st.session_state[key], step, key=key, help=t(f"help.{name}")
    )
    return number


def _choice(place: Any, name: str, options: Sequence[Any], index: int | None = None) -> Any:
    return choices.selectbox(
        t(f"field.{name}"),
        options,
        place=place,
        key=_key(name, index),
        format_func=lambda value: label(name, value),
        help=t(f"help.{name}"),
    )


def _key(name: str, index: int | None) -> str:
    return f"set_{name}" if index is None else f"set_{name}_{index}"


def with_value(options: Sequence[Any], value: Any) -> tuple[Any, ...]:
    """The usual options and, in its place, an unusual value: that of a link stays on offer."""
    return tuple(sorted({*options, value}))


def apply(changes: Sequence[Change]) -> None:
    """Set the controls of these changes; for a callback."""
    for change in changes:
        st.session_state[f"set_{change.field}_{change.block}"] = change.new
