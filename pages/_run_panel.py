"""One run on the screen: live while it trains, with its result when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import streamlit as st

from cnn_core import datasets, narrator, run_log, runs, steering, texts
from cnn_core.errors import CnnError, RunError
from cnn_core.events import RunEnded
from cnn_core.figures import curves
from cnn_core.history import History
from pages import _choices, _examples, _names, _scores, _setup, _take_home
from pages._shared import colours, engine, language, plain, say_error, t
from pages._visitor import visitor

POLL_S = 1.0
CHART_HEIGHT = 300
ICONS = {
    "queued": ":material/hourglass_top:",
    "running": ":material/play_circle:",
    "paused": ":material/pause_circle:",
    "evaluating": ":material/fact_check:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "diverged": ":material/error:",
    "failed": ":material/error:",
    "interrupted": ":material/power_off:",
}
BADGES = {"running": "blue", "finished": "green", "diverged": "red", "failed": "red"}
LEVELS = {
    "good": (st.success, ":material/trending_up:"),
    "info": (st.info, ":material/lightbulb:"),
    "warning": (st.warning, ":material/warning:"),
    "problem": (st.error, ":material/error:"),
}


def panel(run: runs.Run | None) -> None:
    """The chosen run, or an invitation."""
    with (
        st.container(key="run_here" if run else "no_run"),
        st.container(border=True, key="run_panel"),
    ):
        _say_what_failed()
        if run is None:
            _invitation()
        elif state_of(run) in runs.ACTIVE:
            _live(run)
            take_home(run)
        else:
            _over(run)


def _say_what_failed() -> None:
    """What came of a button that could not do its work; said once."""
    if problem := st.session_state.pop("steering_problem", None):
        st.error(say_error(problem), icon=":material/block:")


def _invitation() -> None:
    st.markdown(f"##### {t('panel.empty_title')}")
    st.caption(t("panel.empty"))
    _charts(History(planned_epochs=5), "empty")


@st.fragment(run_every=POLL_S)
def _live(run: runs.Run) -> None:
    """Redraws alone while the run is active, then lets the page settle."""
    if not runs.exists(run):
        st.session_state["run"] = None
        st.session_state["refusal"] = RunError("run.deleted", id=run.id)
        st.rerun()
    state = state_of(run)
    if state not in runs.ACTIVE:
        st.rerun()
    _say_what_failed()
    history = run_log.history(run)
    _head(run, _shown_state(state, history))
    _progress(run, state, history)
    _steering(run, state, history)
    _charts(history, run.id)
    _notes(run, history)


def _over(run: runs.Run) -> None:
    state, history = state_of(run), run_log.history(run)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _head(run, state)
        take_home(run)
    status = runs.status(run)
    if status.error:
        st.error(plain(status.sentence(language())), icon=":material/error:")
    if status.resumable:
        left, right = st.columns([3, 1], vertical_alignment="center")
        epoch = run_log.resumes_after(run)
        left.markdown(t("panel.interrupted" if epoch else "panel.start_again", epoch=epoch))
        if run.owner == visitor():
            right.button(
                t("panel.resume_run"), on_click=resume, args=(run,), type="primary",
                width="stretch", icon=":material/resume:", key="resume_run",
            )  # fmt: skip
        else:
            left.caption(t("panel.not_yours"))
    if history.ended:
        _result(run, history.ended)
    if history.batches or history.epochs:
        _charts(history, run.id)
        _notes(run, history)
    if history.ended and history.ended.samples:
        _examples.show(run, history.ended, class_names(run))


def state_of(run: runs.Run) -> str:
    """The run's state; between a worker's death and the next one's start it is queued."""
    state = runs.status(run).state
    return "queued" if state == "interrupted" and engine().holds(run.id) else state


def _shown_state(state: str, history: History) -> str:
    if state == "running" and history.paused:
        return "paused"
    return "evaluating" if state == "running" and history.evaluating else state


def _head(run: runs.Run, state: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(state)
        st.caption(_names.markdown(run))


def badge(state: str) -> None:
    """A word, a sign and a colour for the state of a run."""
    st.badge(t(f"state.{state}"), icon=ICONS[state], color=BADGES.get(state, "gray"))


def _progress(run: runs.Run, state: str, history: History) -> None:
    if state == "queued" and (problem := engine().lack("train")):
        text = say_error(problem)
    elif state == "queued":
        place = engine().place(run)
        text = (
            t("panel.warming") if place.position == 0 else t("panel.queued", ahead=place.position)
        )
        if place.seconds:
            text += " " + t("panel.wait", time=span(place.seconds))
    elif history.started is None:
        text = (
            t("panel.downloading", **_megabytes(history))
            if history.download
            else t("panel.loading")
        )
    elif history.evaluating:
        text = t("panel.evaluating")
    else:
        text = t(
            "panel.progress",
            epoch=history.epoch,
            epochs=history.planned_epochs,
            batch=f"{history.batch:,}",
            batches=f"{history.started.batches:,}",
        )
        if history.images_per_s:
            text += " · " + t("panel.speed", speed=f"{history.images_per_s:,.0f}")
        if history.seconds_left is not None:
            text += " · " + t("panel.left", time=span(history.seconds_left))
    st.progress(history.fraction, text=text)


def _megabytes(history: History) -> dict[str, str]:
    done, total = history.download.done, history.download.total
    return {"done": f"{done / 1e6:.0f}", "total": f"{total / 1e6:.0f}" if total else "?"}


def _steering(run: runs.Run, state: str, history: History) -> None:
    if run.owner != visitor():
        st.container(key="steering").caption(t("panel.not_yours"))
        return
    control = steering.read_control(run)
    if control.pause_ended:
        st.caption(t("panel.pause_ended"))
    elif control.paused and (left := engine().pause_left(run)) is not None:
        st.caption(t("panel.pause_ends", time=span(left)))
    working = state == "running" and history.started is not None and not history.evaluating
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="steering"):
        if control.paused:
            st.button(
                t("panel.resume"), icon=":material/play_arrow:", on_click=_ask, args=(run,),
                kwargs={"paused": False}, disabled=not working, key="resume",
            )  # fmt: skip
        else:
            st.button(
                t("panel.pause"), icon=":material/pause:", on_click=_ask, args=(run,),
                kwargs={"paused": True}, disabled=not working, help=t("panel.pause_help"),
                key="pause",
            )  # fmt: skip
        st.button(
            t("panel.step"), icon=":material/skip_next:", on_click=_attempt,
            args=(steering.ask_for_step, run), disabled=not working, help=t("panel.step_help"), key="step",
        )  # fmt: skip
        st.button(
            t("panel.stopping") if control.stop else t("panel.stop"), icon=":material/stop:",
            on_click=_attempt, args=(engine().stop, run), disabled=control.stop, help=t("panel.stop_help"),
            key="stop",
        )  # fmt: skip
        rate = run.train.learning_rate if control.learning_rate is None else control.learning_rate
        said = "panel.rate_peak" if run.train.schedule == "one_cycle" else "panel.rate_now"
        st.session_state[f"rate_{run.id}"] = rate  # it may have been changed in another window
        _choices.selectbox(
            t("panel.rate"), _setup.with_value(_setup.RATES, rate), key=f"rate_{run.id}",
            format_func=lambda value: t(said, rate=f"{value:g}"),
            on_change=_ask_rate, args=(run,), disabled=not working,
            label_visibility="collapsed", width=260 if said == "panel.rate_peak" else 230,
        )  # fmt: skip


def _ask(run: runs.Run, **wanted: object) -> None:
    _attempt(partial(steering.ask, **wanted), run)


def _ask_rate(run: runs.Run) -> None:
    _ask(run, learning_rate=st.session_state[f"rate_{run.id}"])


def _attempt(act: Callable[..., object], run: runs.Run) -> None:
    """Do what was asked of a run whose folder may have been deleted in another window; for a callback."""
    try:
        act(run, by=visitor())
    except CnnError as error:
        st.session_state["steering_problem"] = error


def _charts(history: History, key: str) -> None:
    table, palette = texts.table(language()), colours()
    makers = {"loss": curves.loss_curves, "accuracy": curves.accuracy_curves}
    for column, (measure, make) in zip(st.columns(2, gap="small"), makers.items(), strict=True):
        words = curves.CurveWords.of(table, measure)
        column.echarts_chart(
            make(history, words=words, palette=palette),
            height=CHART_HEIGHT,
            key=f"{measure}_{key}",
            alt=curves.alt_text(history, measure, words=words),
        )


def _notes(run: runs.Run, history: History) -> None:
    with st.container(key="notes", gap="small"):
        for note in narrator.narrate(history, run.train, run.model):
            show, icon = LEVELS[note.level]
            show(plain(note.sentence(language())), icon=icon)


def take_home(run: runs.Run) -> None:
    """All that the run can give away as files."""
    history = run_log.history(run)
    _take_home.of_run(
        run,
        title=_names.name_of(run),
        story=_story(run, history.ended) if history.ended else "",
        names=class_names(run),
    )


def _story(run: runs.Run, ended: RunEnded) -> str:
    """How it ended, in a sentence."""
    return t(
        f"why.{ended.reason}" if ended.best_epoch else f"why.{ended.reason}_none",
        epochs=ended.epochs,
        best=ended.best_epoch,
        time=span(ended.seconds),
        patience=run.train.patience,
    )


def _result(run: runs.Run, ended: RunEnded) -> None:
    st.markdown(_story(run, ended))
    if ended.scores:
        _scores.row(run, ended.scores)


def class_names(run: runs.Run) -> list[str]:
    """The run's classes in the visitor's language; numbers for a data set that is not known here."""
    name = run.train.dataset
    if name not in datasets.DATASETS:
        return [str(index) for index in range(run.model.classes)]
    names = datasets.DATASETS[name].class_names
    keys = [f"dataset.{name}.class_{index}" for index in range(len(names))]
    return [t(key) if texts.has(key) else english for key, english in zip(keys, names, strict=True)]


def resume(run: runs.Run) -> None:
    """Let an interrupted run continue after its last complete epoch, and show it; for a callback."""
    try:
        engine().resume(run, by=visitor())
    except CnnError as error:
        st.session_state["refusal"] = error
    st.session_state["run"] = run.id


def span(seconds: float) -> str:
    """A duration for people: "8 s", "2 min 5 s", "1 h 3 min"."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(whole.seconds, 60)
    hours, minutes = whole.days * 24 + minutes // 60, minutes % 60
    if hours:
        return t("span.hours", hours=hours, minutes=minutes)
    return (
        t("span.minutes", minutes=minutes, seconds=rest)
        if minutes
        else t("span.seconds", seconds=rest)
    )
