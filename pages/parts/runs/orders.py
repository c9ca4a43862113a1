"""Runs that this page orders: a set-up over several seeds, and a race. The caps of the server hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import CnnError, LimitError
from pages.network import shown
from pages.parts.runs import selection
from pages.session.doors import engine
from pages.session.visitor import visitor
from pages.session.words import say_error, t

WAITING = "runs_to_order"
FULL = {"limit.hours", "limit.queued", "limit.waiting"}  # goes away when a run ends

Order = tuple[ModelConfig, TrainConfig, str]
"""A set-up, and the name of the run."""


def order(orders: Sequence[Order]) -> None:
    """Order these runs, as many as the caps allow; the rest as soon as they do. For a callback."""
    st.session_state[WAITING] = [*waiting(), *orders]
    place()
    st.session_state[selection.CHANGED] = True


def waiting() -> list[Order]:
    """What could not be ordered yet."""
    return list(st.session_state.get(WAITING, []))


def place() -> bool:
    """Order what waits, as far as the caps allow; each new run is chosen, too. Whether there was one."""
    rest = waiting()
    before = len(rest)
    while rest:
        model, train, name = rest[0]
        try:
            run = engine().order(model, train, owner=visitor(), name=name)
        except LimitError as error:
            if error.key in FULL:
                break
            shown.refuse(error)
            rest = []
            break
        except CnnError as error:
            shown.refuse(error)
            rest = []
            break
        rest = rest[1:]
        selection.select([*selection.selected(), run.id])
        st.session_state[selection.CHANGED] = True
    st.session_state[WAITING] = rest
    return len(rest) < before


def say_waiting() -> None:
    """How many runs wait for a place in the queue, and how to give them up."""
    if not (rest := waiting()):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.info(t("runs.waiting", count=len(rest)), icon=":material/hourglass_top:")
        st.button(t("runs.forget_waiting"), key="runs_forget", on_click=_forget)
    if problem := engine().problem("train"):
        st.error(say_error(problem), icon=":material/block:")


def _forget() -> None:
    st.session_state[WAITING] = []


def over_seeds(
    model: ModelConfig, train: TrainConfig, base: str, seeds: set[int], count: int
) -> list[Order]:
    """The orders that are missing so that the set-up has run with `count` seeds.

    Args:
        model: The network.
        train: How it is trained.
        base: What the runs are called, before their seed.
        seeds: Those that it has run with already.
        count: How many it is to have.
    """
    orders: list[Order] = []
    seed = train.seed
    taken = set(seeds)
    while len(taken) < count:
        seed = (seed + 1) % 2**31
        if seed not in taken:
            taken.add(seed)
            name = t("runs.seed_name", name=base, seed=seed)
            orders.append((model, replace(train, seed=seed), name))
    return orders
