"""Which epoch of a network is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from cnn_core import arithmetic, runs
from cnn_core.arithmetic import LayerRow
from cnn_core.errors import CnnError
from cnn_core.runs import log as run_log
from cnn_core.runs import snapshots
from pages.session import choices
from pages.session.address import whole
from pages.session.words import t


def convolutions(run: runs.Run) -> dict[str, LayerRow]:
    """The convolutions of a run's network by name."""
    return {row.name: row for row in arithmetic.layer_table(run.model) if row.kind == "conv"}


def has_weights(run: runs.Run) -> bool:
    """Whether there is a snapshot to look at."""
    return bool(snapshots.epochs(run))


def kept_epoch(run: runs.Run) -> int:
    """The epoch whose weights best.keras holds."""
    best = run_log.history(run).best
    return best.epoch if best else snapshots.epochs(run)[-1]


def follow_epoch(run: runs.Run, page: str, link: Mapping[str, str]) -> None:
    """Set the slider to the epoch that a link names."""
    epoch = whole(link, "epoch", snapshots.epochs(run)[-1] + 1)
    if epoch is not None:
        st.session_state[_epoch_key(run, page)] = epoch


def epoch_slider(run: runs.Run, page: str, epochs: Sequence[int]) -> int:
    """The epoch to show; begins with the one whose weights were kept."""
    key, kept = _epoch_key(run, page), kept_epoch(run)
    before = st.session_state.get(f"{key}_last", epochs[-1])
    if before != epochs[-1] and st.session_state.get(key) == before:
        st.session_state[key] = epochs[
            -1
        ]  # who looks at the newest epoch of a training stays with it
    st.session_state[f"{key}_last"] = epochs[-1]
    if st.session_state.get(key) not in epochs:
        st.session_state[key] = kept if kept in epochs else epochs[-1]
    if len(epochs) == 1:  # a slider needs two places
        st.caption(epoch_name(epochs[0], kept))
        return epochs[0]
    return int(
        choices.select_slider(
            t("inside.epoch"),
            list(epochs),
            key=key,
            help=t("inside.epoch_help"),
            format_func=lambda epoch: epoch_name(epoch, kept),
        )
    )


def _epoch_key(run: runs.Run, page: str) -> str:
    return f"{page}_epoch_{run.id}"


def epoch_name(epoch: int, kept: int) -> str:
    """ "0 (untrained)", "3", "5 (kept)"."""
    if epoch == 0:
        return t("inside.untrained")
    return t("inside.kept" if epoch == kept else "inside.one_epoch", epoch=epoch)


def weights_written(run: runs.Run) -> int | None:
    """When the kept weights were written, in nanoseconds; None if there are none."""
    try:
        return runs.weights_at(run)
    except CnnError:
        return None
