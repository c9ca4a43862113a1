"""What pages of a window share: the run that is shown, the set-up to train, why a request was refused."""

from __future__ import annotations

import streamlit as st

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import CnnError

RUN, REFUSAL, SETUP = "run", "refusal", "setup"  # session keys


def shown_id() -> str | None:
    """Id of the run that this window shows."""
    run_id: str | None = st.session_state.get(RUN)
    return run_id


def is_chosen() -> bool:
    """Whether a page of this window has decided which run to show, or that it is none."""
    return RUN in st.session_state


def show(run_id: str | None) -> None:
    """Show another run from now on, or none."""
    st.session_state[RUN] = run_id


def refuse(error: CnnError) -> None:
    """Say on the next run of the page why a request came to nothing; for a callback."""
    st.session_state[REFUSAL] = error


def take_refusal() -> CnnError | None:
    """What `refuse` was told, once."""
    error: CnnError | None = st.session_state.pop(REFUSAL, None)
    return error


def keep_setup(model: ModelConfig, train: TrainConfig) -> None:
    """Remember the set-up of the playground on other pages."""
    st.session_state[SETUP] = (model, train)


def kept_setup() -> tuple[ModelConfig, TrainConfig] | None:
    """The set-up of the playground; None before its first visit."""
    setup: tuple[ModelConfig, TrainConfig] | None = st.session_state.get(SETUP)
    return setup
