"""The accuracies of a run; that on the test images stays covered until a visitor asks for it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnn_core import runs
from cnn_core.errors import RunError
from cnn_core.progress.events import Score
from cnn_core.runs import holdout
from pages.session.words import t


def row(run: runs.Run, scores: Mapping[str, Score]) -> None:
    """Accuracy and loss of each part of the data, side by side."""
    with st.container(horizontal=True, gap="small", key="scores"):
        for part, score in scores.items():
            if part == "test" and not uncovered(run):
                _cover(run)
            else:
                _metric(part, score)
        if "test" in scores and uncovered(run):
            st.caption(t("score.looks", count=_looks(run)), width="content")


def uncovered(run: runs.Run) -> bool:
    """Whether this visitor has asked for the test accuracy of the run in this window."""
    return run.id in _own_looks()


def uncover(run: runs.Run) -> None:
    """Uncover the test accuracy and count that; for a callback. A second look in a window counts no more."""
    if uncovered(run):
        return
    try:
        holdout.add(run)
        _own_looks()[run.id] = 0
    except RunError:  # a run that nobody can write to: counted for this window alone
        _own_looks()[run.id] = 1


def _own_looks() -> dict[str, int]:
    """By run, the looks of this window that its folder does not count."""
    looks: dict[str, int] = st.session_state.setdefault("test_looks", {})
    return looks


def _looks(run: runs.Run) -> int:
    return holdout.count(run) + _own_looks()[run.id]


def _cover(run: runs.Run) -> None:
    with st.container(key="test_covered", width=215, gap="xsmall"):
        st.caption(t("score.test"))
        st.button(
            t("score.show_test"), icon=":material/visibility:", key="show_test",
            help=t("score.show_test_help"), on_click=uncover, args=(run,),
        )  # fmt: skip


def _metric(part: str, score: Score) -> None:
    st.metric(
        t(f"score.{part}"), f"{score.accuracy:.2%}", t("score.loss", loss=f"{score.loss:.4f}"),
        delta_color="off", delta_arrow="off", help=t(f"score.{part}_help"), width=150,
    )  # fmt: skip
