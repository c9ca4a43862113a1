"""The curves of the chosen runs on one chart, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import comparison
from cnn_core.figures import overlay
from cnn_core.runs import log as run_log
from pages.network.names import short_names, span
from pages.network.run_state import state_of
from pages.parts.runs import rows, selection
from pages.session import choices
from pages.session.doors import colours, engine
from pages.session.html import heading
from pages.session.words import language, t

HEIGHT = 620


def chart(chosen: Sequence[runs.Run]) -> None:
    """Loss and accuracy of up to eight runs, by epoch or by seconds."""
    axis = choices.segmented_control(
        t("runs.axis"), ("epochs", "seconds"), key=selection.AXIS, help=t("runs.axis_help"),
        format_func=lambda it: t(f"runs.axis_{it}"),
    )  # fmt: skip
    names = short_names(chosen)
    lines = [overlay.Curves(run.id, names[run.id], run_log.history(run)) for run in chosen]
    words = overlay.OverlayWords.of(texts.table(language()))
    st.echarts_chart(
        overlay.overlay(
            lines, "seconds" if axis == "seconds" else "epochs", words=words, palette=colours()
        ),
        height=HEIGHT,
        key="runs_overlay",
        alt=overlay.overlay_alt(lines, words=words),
    )
    _say_turns(chosen)


def _say_turns(chosen: Sequence[runs.Run]) -> None:
    """That a chosen run waits while others train, and why; or that they train at the same time."""
    states = [state_of(run) for run in chosen]
    waiting, training = states.count("queued"), states.count("running")
    workers = len(engine().workers("train"))
    if waiting and len(chosen) > 1:
        key = "in_turn" if workers < 2 else "in_turn_several"
        st.caption(t(f"runs.{key}", waiting=waiting, workers=workers))
    elif training > 1:
        st.caption(t("runs.same_time", training=training))


def differences(chosen: Sequence[runs.Run]) -> None:
    """A column for each run: its best figures, then the settings that differ, or all of them."""
    head = st.container(horizontal=True, vertical_alignment="center", gap="small")
    heading(t("runs.differences"), head, width="content")
    everything = head.toggle(t("runs.everything"), key="runs_everything")
    tables = [rows.settings_of(run) for run in chosen]
    every = comparison.every_setting if everything else comparison.differing
    found = every(tables)
    names = short_names(chosen)
    lines = {
        **{t(f"runs.column_{name}"): cells for name, cells in _figures(chosen).items()},
        **{
            rows.setting_name(it): [rows.setting_text(it, table) for table in tables]
            for it in found
        },
    }
    columns = {t("field.setting"): list(lines)}
    for place, run in enumerate(chosen):
        columns[names[run.id]] = [cells[place] for cells in lines.values()]
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        key="runs_differences",
        column_config={t("field.setting"): st.column_config.Column(pinned=True)},
        alt=t("runs.differences_alt", settings=", ".join(map(rows.setting_name, found)) or "–"),
    )
    if not found:
        st.caption(t("runs.no_difference"))


def _figures(chosen: Sequence[runs.Run]) -> dict[str, list[str]]:
    """The best epoch of each run, not its last."""
    told = [run_log.history(run) for run in chosen]
    best = [it.best for it in told]
    seconds = [sum(end.seconds for end in it.epochs) for it in told]
    return {
        "accuracy": [f"{it.val_accuracy:.2%}" if it else "–" for it in best],
        "epoch": [str(it.epoch) if it else "–" for it in best],
        "loss": [f"{it.val_loss:.4f}" if it else "–" for it in best],
        "seconds": [span(it) if it else "–" for it in seconds],
    }
