"""Race: two set-ups start from one button and are watched on one chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from cnn_core import runs
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import CnnError
from cnn_core.planning.presets import PRESETS, fit_to_data
from pages.network import shown
from pages.network.names import short_names, span
from pages.parts.runs import orders, selection
from pages.parts.runs.selection import RACE
from pages.session import choices
from pages.session.address import went_back
from pages.session.doors import engine
from pages.session.words import label, say_error, t

CURRENT = "current"  # what the controls of the playground are set to
LANES = ("runs_race_first", "runs_race_second")

Setup = tuple[ModelConfig, TrainConfig]


def race(selected: Sequence[runs.Run]) -> None:
    """Choose two set-ups; the button orders both, and puts both on the chart."""
    if went_back() and not st.session_state.get(RACE):
        for key in LANES:
            st.session_state.pop(key, None)
    entrants = _entrants(selected)
    lanes = _lanes()
    with st.expander(t("race.title"), icon=":material/flag:", expanded=bool(lanes), key="race"):
        st.caption(t("race.why"))
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            picked = [
                choices.selectbox(
                    t(f"race.lane_{number}"), entrants, key=key, format_func=lambda name: entrants[name][0],
                    default=default, width=240, on_change=_write,
                )
                for number, (key, default) in enumerate(
                    zip(LANES, _defaults(entrants), strict=True), 1
                )
            ]  # fmt: skip
            try:
                setups = _on_the_same_images([entrants[name] for name in picked], picked)
            except CnnError as error:
                st.error(say_error(error), icon=":material/block:")
                return
            st.button(
                t("race.start"), key="race_start", type="primary", icon=":material/flag:",
                on_click=_start, args=(setups,), disabled=picked[0] == picked[1],
            )  # fmt: skip
        seconds = [engine().estimate(model, train) for model, train, _ in setups]
        if all(seconds):
            st.caption(
                t("race.estimate", first=span(seconds[0] or 0), second=span(seconds[1] or 0))
            )
        several = engine().capacity > 1
        st.caption(t("race.same_time" if several else "race.one_by_one"))


def _lanes() -> list[str]:
    """The two set-ups that a link names; they are chosen once."""
    lanes = str(st.session_state.get(RACE) or "").split(selection.BETWEEN)
    if len(lanes) != len(LANES):
        return []
    if st.session_state.get("runs_race_followed") != lanes:
        st.session_state["runs_race_followed"] = lanes
        for key, name in zip(LANES, lanes, strict=True):
            st.session_state[key] = name
    return lanes


def _write() -> None:
    """Put the chosen set-ups into the address."""
    lanes = [str(st.session_state[key]) for key in LANES]
    st.session_state[RACE] = selection.BETWEEN.join(lanes)
    st.session_state["runs_race_followed"] = lanes


def _entrants(selected: Sequence[runs.Run]) -> dict[str, tuple[str, ModelConfig, TrainConfig]]:
    """What can race, by the word that a link has for it: its name and set-up."""
    entrants = {
        name: (label("preset", name), preset.model, preset.train)
        for name, preset in PRESETS.items()
    }
    if setup := shown.kept_setup():
        entrants = {CURRENT: (t("race.current"), *setup), **entrants}
    names = short_names(selected)
    return entrants | {run.id: (names[run.id], run.model, run.train) for run in selected}


def _defaults(entrants: dict[str, tuple[str, ModelConfig, TrainConfig]]) -> tuple[str, str]:
    return (CURRENT if CURRENT in entrants else "fast"), "textbook"


def _on_the_same_images(
    pair: Sequence[tuple[str, ModelConfig, TrainConfig]], words: Sequence[str]
) -> list[orders.Order]:
    """Both set-ups on the images and with the seed of the first that is no preset.

    Raises:
        DataError: If that data set is not known here.
    """
    own = [entrant for entrant, word in zip(pair, words, strict=True) if word not in PRESETS]
    train = (own or list(pair))[0][2]
    data = {name: getattr(train, name) for name in ("dataset", "size", "train_size", "seed")}
    return [
        (*fit_to_data(model, replace(settings, **data)), t("race.run_name", name=name))
        for name, model, settings in pair
    ]


def _start(setups: Sequence[orders.Order]) -> None:
    selection.select([])
    orders.order(setups)
