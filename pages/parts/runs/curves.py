"""The curves of the chosen runs on one chart, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import comparison
from cnn_core.figures import overlay
from cnn_core.runs import log as run_log
from pages.elements.chart import draw_chart
from pages.network.names import short_names, span
from pages.network.run_state import state_of
from pages.parts.runs import rows, selection
from pages.session import choices
from pages.session.doors import colours, engine
from pages.session.html import heading
from pages.session.words import language, plain, t

HEIGHT = 620
SETTING_WIDTH = 180  # pixels: the longest name of a setting


def chart(selected: Sequence[runs.Run]) -> None:
    """Loss and accuracy of up to eight runs, by epoch or by seconds; before them what went wrong."""
    names = short_names(selected)
    _say_problems(selected, names)
    if not any(run_log.history(run).epochs or runs.status(run).active for run in selected):
        st.info(t("runs.no_curves"), icon=":material/show_chart:")
        return
    axis = choices.segmented_control(
        t("runs.axis"), ("epochs", "seconds"), key=selection.AXIS, help=t("runs.axis_help"),
        format_func=lambda option: t(f"runs.axis_{option}"),
    )  # fmt: skip
    lines = [overlay.Curves(run.id, names[run.id], run_log.history(run)) for run in selected]
    words = overlay.OverlayWords.of(texts.table(language()))
    draw_chart(
        overlay.overlay(
            lines, "seconds" if axis == "seconds" else "epochs", words=words, palette=colours()
        ),
        height=HEIGHT,
        key="runs_overlay",
        alt=overlay.overlay_alt(lines, words=words),
    )
    _say_turns(selected)


def _say_problems(selected: Sequence[runs.Run], names: Mapping[str, str]) -> None:
    """Why a chosen run failed."""
    for run in selected:
        if problem := runs.status(run).sentence(language()):
            st.error(f"**{plain(names[run.id])}**: {plain(problem)}", icon=":material/error:")


def _say_turns(selected: Sequence[runs.Run]) -> None:
    """That a chosen run waits while others train, and why; or that they train at the same time."""
    states = [state_of(run) for run in selected]
    waiting, training = states.count("queued"), states.count("running")
    workers = engine().capacity
    if waiting and len(selected) > 1:
        key = "in_turn" if workers < 2 else "in_turn_several"
        st.caption(t(f"runs.{key}", waiting=waiting, workers=workers))
    elif training > 1:
        st.caption(t("runs.same_time", training=training))


def differences(selected: Sequence[runs.Run]) -> None:
    """A column for each run: its best figures, then the settings that differ, or all of them."""
    head = st.container(horizontal=True, vertical_alignment="center", gap="small")
    heading(t("runs.differences"), head, width="content")
    everything = choices.toggle(t("runs.everything"), key=selection.EVERYTHING, place=head)
    tables = [rows.settings_of(run) for run in selected]
    every = comparison.every_setting if everything else comparison.differing
    settings = every(tables)
    names = short_names(selected)
    lines = {
        **{t(f"runs.column_{name}"): cells for name, cells in _figures(selected).items()},
        **{
            rows.setting_name(setting): [rows.setting_text(setting, table) for table in tables]
            for setting in settings
        },
    }
    columns = {t("field.setting"): list(lines)}
    for place, run in enumerate(selected):
        columns[names[run.id]] = [cells[place] for cells in lines.values()]
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        key="runs_differences",
        column_config={
            t("field.setting"): st.column_config.Column(pinned=True, width=SETTING_WIDTH)
        },
        alt=t("runs.differences_alt", settings=", ".join(map(rows.setting_name, settings)) or "–"),
    )
    if not settings:
        st.caption(t("runs.no_difference"))


def _figures(selected: Sequence[runs.Run]) -> dict[str, list[str]]:
    """The best epoch of each run, not its last."""
    histories = [run_log.history(run) for run in selected]
    best = [history.best for history in histories]
    seconds = [sum(end.seconds for end in history.epochs) for history in histories]
    return {
        "accuracy": [f"{end.val_accuracy:.2%}" if end else "–" for end in best],
        "epoch": [str(end.epoch) if end else "–" for end in best],
        "loss": [f"{end.val_loss:.4f}" if end else "–" for end in best],
        "seconds": [span(value) if value else "–" for value in seconds],
    }
