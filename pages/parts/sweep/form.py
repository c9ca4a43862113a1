"""The form of a new sweep: what varies, over which values, by which method; and what to expect of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

from cnn_core import runs, sweeps
from cnn_core.config import MAX_BLOCKS, MAX_DENSE, ModelConfig, TrainConfig
from cnn_core.errors import CnnError, SweepError
from cnn_core.planning import limits, space
from cnn_core.planning.presets import PRESETS, fit_to_data
from cnn_core.planning.space import CHOICES, FIELDS, MOST_DIMENSIONS, PLACED, Dimension
from cnn_core.sweeps import Plan
from cnn_core.sweeps.outlook import Outlook, outlook
from pages.network import shown
from pages.network.names import span
from pages.parts.sweep import state
from pages.parts.sweep.form_link import (
    BASE,
    CURRENT,
    EPOCHS,
    FIRST,
    IMAGES_KEY,
    LONGEST,
    METHOD,
    MINUTES,
    PRUNING,
    SIZES,
    TRIALS,
    VALUES,
    VARIED_KEY,
    options_key,
    place_key,
    values_key,
)
from pages.session import choices
from pages.session.doors import engine
from pages.session.settings import Setting
from pages.session.visitor import visitor
from pages.session.words import label, plain, say_error, t

EXAMPLES = 3  # of combinations that cannot be trained


def form() -> None:
    """Draw the form, say what the sweep will take, and begin it."""
    base = _base()
    st.session_state.setdefault(VARIED_KEY, list(FIRST))
    fields = choices.multi_pills(
        t("sweep.fields"), FIELDS, key=VARIED_KEY, format_func=lambda option: t(f"field.{option}"),
        help=t("sweep.fields_help", most=MOST_DIMENSIONS),
    )  # fmt: skip
    dimensions, problem = _dimensions(fields, base[0])
    settings = _settings()
    plan: Plan | None = None
    if problem is None:
        try:
            plan = _plan(base, tuple(dimensions), settings)
        except CnnError as error:
            problem = error
    _say(plan, problem)


def _base() -> tuple[ModelConfig, TrainConfig]:
    """The set-up around which the settings vary."""
    setups = {name: fit_to_data(preset.model, preset.train) for name, preset in PRESETS.items()}
    if kept := shown.kept_setup():
        setups = {CURRENT: kept, **setups}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = choices.selectbox(
            t("sweep.base"), setups, key=BASE.key, width=260, help=t("sweep.base_help"),
            format_func=lambda option: t("sweep.current") if option == CURRENT else label("preset", option),
            default=CURRENT if CURRENT in setups else "tiny",
        )  # fmt: skip
        model, train = setups[name]
        sizes = sorted({*SIZES, train.train_size or 0, st.session_state.get(IMAGES_KEY, 0)})
        size = choices.selectbox(
            t("field.train_size"), sizes, key=IMAGES_KEY, default=train.train_size or 0, width=200,
            format_func=lambda size: f"{size:,}" if size else t("runs.all_images"), help=t("help.train_size"),
        )  # fmt: skip
        epochs = _number(t("sweep.epochs"), EPOCHS, t("sweep.epochs_help"))
    return model, replace(train, train_size=size or None, epochs=epochs)


def _dimensions(fields: list[str], model: ModelConfig) -> tuple[list[Dimension], CnnError | None]:
    """The settings with their values, and what is wrong with the first that has a mistake."""
    dimensions: list[Dimension] = []
    problem: CnnError | None = None
    for field in fields[:MOST_DIMENSIONS]:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            try:
                dimensions.append(_dimension(field, model))
            except CnnError as error:
                problem = problem or error
    if len(fields) > MOST_DIMENSIONS:
        problem = SweepError("sweep.dimensions", count=len(fields), most=MOST_DIMENSIONS)
    return dimensions, problem


def _dimension(field: str, model: ModelConfig) -> Dimension:
    place = 0
    if field in PLACED:
        most = MAX_DENSE if field == "dense" else MAX_BLOCKS
        place = choices.selectbox(
            t("sweep.where"), range(most + 1), key=place_key(field), width=170,
            format_func=lambda option: t("sweep.place", place=option) if option else t("sweep.everywhere"),
        )  # fmt: skip
    if field in CHOICES:
        key = options_key(field)
        st.session_state.setdefault(key, list(CHOICES[field][:3]))
        values = choices.multi_pills(
            t(f"field.{field}"), CHOICES[field], key=key,
            format_func=lambda option: label(field, option), help=t(f"help.{field}"),
        )  # fmt: skip
        text = ",".join(values)
    else:
        text = _text(t(f"field.{field}"), values_key(field), VALUES[field])
    return space.parse(f"{field}.{place}" if place else field, text)


def _settings() -> dict[str, Any]:
    """Method, number of trials, early end and time limit."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        method = choices.segmented_control(
            t("sweep.method"), sweeps.METHODS, key=METHOD.key, help=t("sweep.method_help"),
            format_func=lambda option: t(f"sweep.method_{option}"),
        )  # fmt: skip
        pruning = choices.segmented_control(
            t("sweep.pruning"), sweeps.PRUNING, key=PRUNING.key, help=t("sweep.pruning_help"),
            format_func=lambda option: t(f"sweep.pruning_{option}"),
        )  # fmt: skip
        trials = _number(t("sweep.trials"), TRIALS, t("sweep.trials_help"))
        minutes = _number(t("sweep.minutes"), MINUTES, t("sweep.minutes_help"))
    return {"method": method, "pruning": pruning, "trials": trials, "minutes": minutes}


def _plan(
    base: tuple[ModelConfig, TrainConfig],
    dimensions: tuple[Dimension, ...],
    settings: dict[str, Any],
) -> Plan:
    return Plan(*base, dimensions, **settings)


@lru_cache(maxsize=64)
def _outlook(plan: Plan, workers: int, speed: float | None) -> Outlook:
    """Trying thousands of combinations takes a while; it is done again when another speed was measured."""
    return outlook(plan, engine().check, engine().estimate, workers)


def _say(plan: Plan | None, problem: CnnError | None) -> None:
    """What to expect, and the button; or what is wrong."""
    ahead: Outlook | None = None
    begun = plan
    workers = max(1, len(engine().workers("train")))
    if plan is not None:
        try:
            ahead = _outlook(plan, workers, runs.measured_speed())
            begun = replace(plan, trials=ahead.trials)
            sweeps.check_trials(begun, limits.valid())
        except CnnError as error:
            problem = error
    problem = problem or (engine().problem("train") if engine().ours else None)
    refusal = shown.take_refusal()
    with st.container(key="sweep_start"):
        st.button(
            t("sweep.start"), key="sweep_begin", type="primary", icon=":material/play_arrow:",
            on_click=_begin, args=(begun,), disabled=plan is None or problem is not None,
        )  # fmt: skip
        if refusal or problem:
            error = refusal or problem
            assert error is not None
            st.error(say_error(error), icon=":material/block:")
        elif plan is not None and ahead is not None:
            _expect(plan, ahead)


def _expect(plan: Plan, ahead: Outlook) -> None:
    work = t(
        "sweep.work", trials=ahead.trials, epochs=plan.train.epochs, images=f"{ahead.images:,}"
    )
    if ahead.seconds is None:
        st.caption(t("sweep.unmeasured", work=work))
    else:
        times = {"about": ahead.seconds, "low": ahead.low, "high": ahead.high}
        words = {name: span(max(1, seconds)) for name, seconds in times.items()}
        st.caption(t("sweep.estimate", work=work, **words))
        st.caption(t("sweep.others", time=span(max(1, ahead.trial or 0))))
    if ahead.survey.total is not None and plan.trials > ahead.trials:
        st.caption(t("sweep.fewer", count=ahead.trials))
    if broken := ahead.survey.broken:
        with st.expander(
            t("sweep.broken", count=len(broken), total=ahead.survey.looked_at),
            icon=":material/content_cut:",
        ):
            for params, error in broken[:EXAMPLES]:
                values = ", ".join(f"{name} = {value}" for name, value in params.items())
                st.markdown(f"- {plain(values)}: {say_error(error)}")


def _begin(plan: Plan) -> None:
    name = sweeps.free_name(visitor(), lambda number: t("sweep.name", number=number))
    try:
        sweep = sweeps.begin(plan, owner=visitor(), name=name)
    except CnnError as error:
        shown.refuse(error)
    else:
        state.show(sweep.id)


def _text(title: str, key: str, default: str) -> str:
    """A text field whose content is still there after a visit to another page."""
    field = f"{key}_field"
    st.session_state[field] = state.kept(key, default)
    st.text_input(
        title, key=field, max_chars=LONGEST, width=260, help=t("sweep.values_help"),
        on_change=_keep(key, field),
    )  # fmt: skip
    return str(st.session_state[key])


def _number(title: str, setting: Setting, tip: str) -> int:
    field, values = f"{setting.key}_field", setting.values
    st.session_state[field] = state.kept(setting.key, setting.default)
    st.number_input(
        title, values[0], values[-1], key=field, step=1, help=tip, width=150,
        on_change=_keep(setting.key, field),
    )  # fmt: skip
    return int(st.session_state[setting.key])


def _keep(key: str, field: str) -> Callable[[], None]:
    def keep() -> None:
        st.session_state[key] = st.session_state[field]

    return keep
