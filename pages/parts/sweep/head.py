"""The head of a sweep: its state, how far it is, and the buttons of its owner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from cnn_core import sweeps
from cnn_core.errors import CnnError
from cnn_core.sweeps import Progress, Sweep
from cnn_core.sweeps.outcome import Trial
from pages.network import shown
from pages.network.names import span
from pages.parts.sweep import best
from pages.session.doors import engine
from pages.session.visitor import visitor
from pages.session.words import language, plain, say_error, t

BADGES = {
    "running": ("blue", ":material/play_circle:"),
    "paused": ("gray", ":material/pause_circle:"),
    "finished": ("green", ":material/check_circle:"),
    "stopped": ("gray", ":material/stop_circle:"),
    "failed": ("red", ":material/error:"),
}


def trains(rows: Sequence[Trial]) -> bool:
    """Whether a trial of the sweep waits or trains in this server."""
    return any(not row.over and engine().holds(row.run) for row in rows)


def head(sweep: Sweep, progress: Progress, rows: Sequence[Trial]) -> None:
    """State, plan, progress bar and buttons."""
    colour, icon = BADGES[progress.state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sweep_head"):
        st.badge(t(f"sweep.is_{progress.state}"), icon=icon, color=colour)
        st.caption(plain(sweep.name or sweep.id) + " · " + best.plan_sentence(sweep))
    done = sum(row.over for row in rows)
    share = 1.0 if progress.reason == "all" else done / max(1, sweep.plan.trials)
    st.progress(min(1.0, share), text=_progress_text(sweep, progress, rows, done))
    if progress.error:
        st.error(plain(progress.error.get(language(), "")), icon=":material/error:")
    if problem := engine().lack("train"):
        st.error(say_error(problem), icon=":material/block:")
    _buttons(sweep, progress)


def _progress_text(sweep: Sweep, progress: Progress, rows: Sequence[Trial], done: int) -> str:
    count = t("sweep.done", done=done, trials=sweep.plan.trials)
    reason = progress.reason or progress.state
    if reason == "trials":
        return count
    if not progress.active:
        return f"{count} · {t(f'sweep.reason_{reason}')}"
    if progress.state == "paused":
        return f"{count} · {t('sweep.waits_paused' if not trains(rows) else 'sweep.ends_paused')}"
    working = [row for row in rows if row.state == "running"]
    if not working:
        return f"{count} · {t('sweep.waits')}"
    text = f"{count} · {t('sweep.training', count=len(working))}"
    left = _left(sweep, rows, done)
    return f"{text} · {t('panel.left', time=span(left))}" if left else text


def _left(sweep: Sweep, rows: Sequence[Trial], done: int) -> float | None:
    """Seconds that the rest will take, by the trials so far."""
    times = [row.seconds for row in rows if row.over and row.seconds]
    if not times:
        return None
    workers = max(1, len(engine().workers("train")))
    return (sweep.plan.trials - done) * (sum(times) / len(times)) / workers


def _buttons(sweep: Sweep, progress: Progress) -> None:
    if not progress.active:
        return
    if sweep.owner != visitor():
        st.caption(t("sweep.not_yours"))
        return
    with st.container(horizontal=True, gap="small", key="sweep_buttons"):
        if progress.state == "running":
            _button("pause", sweep, sweeps.pause, ":material/pause:")
        else:
            _button("resume", sweep, sweeps.resume, ":material/resume:")
        _button("stop", sweep, sweeps.stop, ":material/stop:")


def _button(name: str, sweep: Sweep, change: Callable[..., None], icon: str) -> None:
    st.button(
        t(f"sweep.{name}"), key=f"sweep_order_{name}", icon=icon, help=t(f"sweep.{name}_help"),
        on_click=partial(_do, change, sweep),
    )  # fmt: skip


def _do(change: Callable[..., None], sweep: Sweep) -> None:
    try:
        change(sweep, by=visitor())
    except CnnError as error:
        shown.refuse(error)
