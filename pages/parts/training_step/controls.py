"""What a visitor chooses of a training step, and where it is kept: in the session and in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from cnn_core import datasets, runs
from cnn_core.config import OPTIMIZERS, check_learning_rate
from cnn_core.errors import CnnError, ConfigError
from cnn_core.labs import training_step as labs
from cnn_core.labs.training_step import (
    MAX_IMAGES,
    MAX_STEPS,
    STARTS,
    PickedWeight,
    StepSettings,
)
from cnn_core.runs import snapshots
from pages.network.epochs import kept_epoch
from pages.pictures import place as places
from pages.pictures.place import Place
from pages.session import choices, settings
from pages.session.address import follow_layer, went_back, whole
from pages.session.html import complain, icon_button
from pages.session.settings import Setting, flag
from pages.session.words import label, t

PAGE = "training_step"
IMAGES = 4  # at first
TEN = 10
SETTINGS = (
    Setting("count", "training_step_count", range(1, MAX_IMAGES + 1), IMAGES),
    Setting("start", "training_step_start", STARTS, STARTS[0]),
    flag("dropout", "training_step_dropout"),
)
OPTIMIZER = Setting("optimizer", "training_step_optimizer", OPTIMIZERS, OPTIMIZERS[0])
LINK = (
    *("run", "part", "index", "of", "count", "start", "epoch", "dropout", "optimizer"),
    *("rate", "steps", "layer", "weight"),
)


def follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there. Another network begins without steps."""
    state = st.session_state
    if state.get("training_step_run") != run.id:
        state["training_step_run"] = run.id
        state["training_step_optimizer"] = run.train.optimizer
        _choose_rate(run.train.learning_rate)
        _keep_steps(())
        _keep_place(None)
    places.follow(link, run, PAGE)
    settings.follow(link, SETTINGS)
    _follow_epoch(run, link)
    if "optimizer" in link:
        settings.follow(link, [OPTIMIZER])
    follow_layer(link, labs.kernel_shapes(run.model), "training_step_layer")
    try:
        if "steps" in link or went_back():
            _keep_steps(labs.rates_of(link.get("steps", "")))
        if "rate" in link:
            _choose_rate(_nearest(run, float(link["rate"])))
        if {"layer", "weight"} & link.keys() or went_back():
            _keep_place(_place_of(link.get("weight", "")))
    except CnnError as error:
        complain(error)
    except ValueError:
        words = t("inside.bad_choice", name="rate", known=_known_rates(run))
        st.warning(words, icon=":material/link_off:")


def _whole_epochs(run: runs.Run) -> list[int]:
    """Epochs to start from; epoch 0 is "untrained"."""
    return [epoch for epoch in snapshots.whole_epochs(run) if epoch]


def _follow_epoch(run: runs.Run, link: Mapping[str, str]) -> None:
    epochs = _whole_epochs(run)
    if link.get("start") == STARTS[-1] and not epochs:
        st.warning(t("training_step.no_epochs"), icon=":material/link_off:")
        st.session_state["training_step_start"] = STARTS[0]
        return
    epoch = whole(link, "epoch", epochs[-1] + 1 if epochs else 1)
    if epoch in epochs:
        st.session_state["training_step_epoch"] = epoch


def _known_rates(run: runs.Run) -> str:
    stops = labs.stops(run.train.learning_rate)
    return f"{stops[0]:g} – {stops[-1]:g}"


def _nearest(run: runs.Run, rate: float) -> float:
    check_learning_rate(rate)
    return min(labs.stops(run.train.learning_rate), key=lambda stop: abs(stop - rate))


def _place_of(text: str) -> tuple[int, ...] | None:
    parts = text.split("-") if text else []
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise ConfigError("step_place", text, "whole")
    return tuple(map(int, parts)) or None


def _keep_steps(rates: tuple[float, ...]) -> None:
    st.session_state["training_step_rates"] = rates


def _keep_place(place: tuple[int, ...] | None) -> None:
    st.session_state["training_step_place"] = place


def _choose_rate(rate: float) -> None:
    st.session_state["training_step_rate"] = rate


def steps() -> tuple[float, ...]:
    """The learning rates of the steps taken."""
    rates: tuple[float, ...] = st.session_state["training_step_rates"]
    return rates


def batch(run: runs.Run) -> tuple[runs.Run, Place]:
    """The run with its data in the size that the images are from, and the first image of the batch."""
    data, here = run.train.dataset, places.size_here(run)
    place = places.of(data)
    if place is None or place.part != "train" or not datasets.available(data, place.size):
        place = Place(data, here, "train", 0)
    sized = places.with_size(run, place.size)
    last = datasets.training_images(sized.train) - 1
    return sized, replace(place, index=min(place.index, last))


def choose_images(run: runs.Run) -> StepSettings:
    """Images, start, optimizer and dropout: what the steps are taken with."""
    sized, place = batch(run)
    total = datasets.training_images(sized.train)
    st.session_state["training_step_first"] = place.index
    count = choices.select_slider(
        t("training_step.count"), range(1, MAX_IMAGES + 1), key="training_step_count", default=IMAGES,
        help=t("training_step.count_help", batch=run.train.batch_size),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        icon_button(
            t("training_step.images_before"), ":material/chevron_left:", "training_step_before",
            on_click=_go, args=(replace(place, index=max(0, place.index - count)),),
            disabled=place.index == 0,
        )  # fmt: skip
        st.number_input(
            t("training_step.first"), 0, total - 1, key="training_step_first",
            on_change=lambda: _go(replace(place, index=st.session_state["training_step_first"])),
        )  # fmt: skip
        icon_button(
            t("training_step.images_after"), ":material/chevron_right:", "training_step_after",
            on_click=_go, args=(replace(place, index=min(total - 1, place.index + count)),),
            disabled=place.index + count >= total,
        )  # fmt: skip
    start, epoch = _choose_start(run)
    optimizer = choices.selectbox(
        t("training_step.optimizer"), OPTIMIZERS, key="training_step_optimizer",
        format_func=lambda name: label("optimizer", name), help=t("training_step.optimizer_help"),
    )  # fmt: skip
    dropout = run.model.dropout > 0 and choices.toggle(
        t("training_step.dropout", share=f"{run.model.dropout:.0%}"), key="training_step_dropout",
        help=t("training_step.dropout_help"),
    )  # fmt: skip
    rows = tuple(range(place.index, min(total, place.index + count)))
    shapes = labs.kernel_shapes(run.model)
    layer = choices.keep_valid("training_step_layer", list(shapes))
    kept = st.session_state["training_step_place"]
    step = StepSettings(rows, start, optimizer, bool(dropout), steps(), layer, kept, epoch)
    try:
        step.fitting(shapes)
    except (
        ConfigError
    ) as error:  # the control that would choose another weight comes with the answer
        complain(error)
        _keep_place(None)
        return replace(step, place=None)
    return step


def _choose_start(run: runs.Run) -> tuple[str, int]:
    """Where the steps begin, and the epoch if it is one whose weights were kept beside; else 0."""
    epochs = _whole_epochs(run)
    offered = STARTS if epochs else STARTS[:-1]
    start = choices.segmented_control(
        t("training_step.start"), offered, key="training_step_start",
        format_func=lambda name: t(f"training_step.start_{name}", epoch=kept_epoch(run)),
        help=t("training_step.start_help"),
    )  # fmt: skip
    if start != "epoch":
        return start, 0
    epoch = epochs[0]
    if len(epochs) > 1:  # a slider needs two places
        epoch = choices.select_slider(
            t("inside.epoch"), epochs, key="training_step_epoch", default=epochs[-1],
            format_func=str, help=t("training_step.epoch_help"),
        )  # fmt: skip
    st.caption(t("training_step.epoch_precision", epoch=epoch))
    return start, epoch


def choose_rate(run: runs.Run) -> float:
    """The learning rate of the next step."""
    return float(
        choices.select_slider(
            t("training_step.rate"), labs.stops(run.train.learning_rate), key="training_step_rate",
            default=run.train.learning_rate, format_func=lambda rate: f"{rate:g}",
            help=t("training_step.rate_help"),
        )
    )  # fmt: skip


def buttons(rate: float) -> None:
    """The next step, ten steps, and back to the start."""
    taken = steps()
    room = MAX_STEPS - len(taken)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            t("training_step.next"), icon=":material/skip_next:", key="training_step_next",
            type="primary", disabled=room == 0, on_click=_take, args=(1, rate),
        )  # fmt: skip
        st.button(
            t("training_step.ten"), icon=":material/fast_forward:", key="training_step_ten",
            disabled=room == 0, on_click=_take, args=(TEN, rate),
        )  # fmt: skip
        st.button(
            t("training_step.reset"), icon=":material/restart_alt:", key="training_step_reset",
            disabled=not taken, on_click=_keep_steps, args=((),),
        )  # fmt: skip
    key = "training_step.taken" if room else "training_step.taken_all"
    st.caption(t(key, count=len(taken), most=MAX_STEPS))


def _take(count: int, rate: float) -> None:
    """Add steps to those taken by now: a button that is pressed twice shows those of before."""
    _keep_steps((*steps(), *[rate] * count)[:MAX_STEPS])


def choose_weight(run: runs.Run, weight: PickedWeight | None) -> None:
    """The layer, and the place in its kernel; the place of the weight that is looked at is filled in."""
    shapes = labs.kernel_shapes(run.model)
    choices.selectbox(
        t("training_step.layer"), list(shapes), key="training_step_layer",
        on_change=_keep_place, args=(None,),
    )  # fmt: skip
    if weight is None:
        return
    names = ("row", "column", "channel", "filter") if len(weight.place) == 4 else ("input", "unit")
    axes = list(enumerate(zip(names, weight.place, shapes[weight.layer], strict=True)))
    for pair in (axes[:2], axes[2:]):
        columns = st.columns(2, gap="small") if pair else ()
        for column, (number, (name, index, length)) in zip(columns, pair, strict=True):
            key = f"training_step_axis_{number}"
            st.session_state[key] = index
            column.number_input(
                t(f"training_step.axis_{name}", most=length - 1), 0, length - 1, key=key,
                on_change=_take_place, args=(len(names),),
            )  # fmt: skip
    st.button(
        t("training_step.largest"), icon=":material/vertical_align_top:", type="tertiary",
        key="training_step_largest", help=t("training_step.largest_help"),
        on_click=_keep_place, args=(None,),
    )  # fmt: skip


def _take_place(axes: int) -> None:
    _keep_place(tuple(int(st.session_state[f"training_step_axis_{axis}"]) for axis in range(axes)))


def query(run: runs.Run, rate: float) -> dict[str, str]:
    """What is chosen, for the address."""
    state, (_, place) = st.session_state, batch(run)
    words = {"run": run.id, **place.query, **settings.query(SETTINGS)}
    words |= {"optimizer": state["training_step_optimizer"], "rate": repr(rate)}
    words |= {"layer": state["training_step_layer"]}
    if state["training_step_start"] == "epoch" and "training_step_epoch" in state:
        words["epoch"] = str(state["training_step_epoch"])
    if steps():
        words["steps"] = labs.rates_text(steps())
    if (kept := state["training_step_place"]) is not None:
        words["weight"] = "-".join(map(str, kept))
    return words


def _go(place: Place) -> None:
    places.keep(place, PAGE)
