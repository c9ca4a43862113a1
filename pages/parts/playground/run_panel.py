"""One run on the screen: live while it runs, with its result afterwards."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs, texts
from cnn_core.errors import RunError
from cnn_core.export import pictures
from cnn_core.figures import curves
from cnn_core.progress import notes
from cnn_core.progress.events import RunEnded
from cnn_core.progress.history import History
from cnn_core.runs import log as run_log
from pages.elements import saving
from pages.elements.chart import draw_chart
from pages.network import goals, scores, shown
from pages.network.names import class_names, markdown, span
from pages.network.run_actions import resume
from pages.network.run_state import badge, shown_state, state_of
from pages.network.take_home import story_of, take_home
from pages.parts.playground import examples, fixes, layers, steering
from pages.parts.playground.remarks import remark
from pages.session.doors import colours, engine
from pages.session.html import heading
from pages.session.visitor import visitor
from pages.session.words import language, plain, say_error, t

POLL_S = 1.0
CHART_HEIGHT = 300


def panel(run: runs.Run | None, planned: int) -> None:
    """The chosen run, or an invitation to train one of `planned` epochs."""
    with (
        st.container(key="run_here" if run else "no_run"),
        st.container(border=True, key="run_panel"),
    ):
        _say_what_failed()
        if run is None:
            _invitation(planned)
        elif state_of(run) in runs.ACTIVE:
            _live(run)
            take_home(run)
        else:
            _over(run)


def _say_what_failed() -> None:
    """What came of a button that could not do its work; said once."""
    if problem := steering.take_problem():
        st.error(say_error(problem), icon=":material/block:")


def _invitation(planned: int) -> None:
    heading(t("panel.empty_title"))
    st.caption(t("panel.empty"))
    _charts(History(planned_epochs=planned), "empty")


@st.fragment(run_every=POLL_S)
def _live(run: runs.Run) -> None:
    """Redraws alone while the run is active, then lets the page settle."""
    if not runs.exists(run):
        shown.show(None)
        shown.refuse(RunError("run.deleted", id=run.id))
        st.rerun()
    state = state_of(run)
    if state not in runs.ACTIVE:
        st.rerun()
    _say_what_failed()
    history = run_log.history(run)
    _head(run, shown_state(state, history))
    goals.tell_run(run, history)
    _progress(run, state, history)
    steering.steering_buttons(run, state, history)
    _charts(history, run.id)
    layers.layers(run, history)
    _notes(run, history)


def _over(run: runs.Run) -> None:
    state, history = state_of(run), run_log.history(run)
    goals.tell_run(run, history)
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
        _charts(history, run.id, files=True)
        layers.layers(run, history)
        _notes(run, history)
    if history.ended and history.ended.samples:
        examples.show(run, history.ended, class_names(run))


def _head(run: runs.Run, state: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(state)
        st.caption(markdown(run))


def _progress(run: runs.Run, state: str, history: History) -> None:
    if state == "queued" and (problem := engine().lack("train")):
        text = say_error(problem)
    elif state == "queued" and (status := runs.status(run)).waits_for_disk:
        text = plain(status.sentence(language()))
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
        if not history.paused and history.images_per_s:
            text += " · " + t("panel.speed", speed=f"{history.images_per_s:,.0f}")
        if not history.paused and history.seconds_left is not None:
            text += " · " + t("panel.left", time=span(history.seconds_left))
    st.progress(history.fraction, text=text)


def _megabytes(history: History) -> dict[str, str]:
    done, total = history.download.done, history.download.total
    return {"done": f"{done / 1e6:.0f}", "total": f"{total / 1e6:.0f}" if total else "?"}


def _charts(history: History, key: str, *, files: bool = False) -> None:
    """Both curves, and where they no longer move as files, too."""
    table, palette = texts.table(language()), colours()
    makers = {"loss": curves.loss_curves, "accuracy": curves.accuracy_curves}
    for column, (measure, make) in zip(st.columns(2, gap="small"), makers.items(), strict=True):
        words = curves.CurveWords.of(table, measure)
        draw_chart(
            make(history, words=words, palette=palette),
            place=column,
            height=CHART_HEIGHT,
            key=f"{measure}_{key}",
            alt=curves.alt_text(history, measure, words=words),
        )
        if files:
            with column:
                svg = pictures.curve_file(history, measure, words)
                saving.saving(f"{measure}_files_{key}", svg, measure, words.title)


def _notes(run: runs.Run, history: History) -> None:
    with st.container(key="notes", gap="small"):
        for note in notes.narrate(history, run.train, run.model):
            remark(note)
            fixes.buttons(run, note)


def _result(run: runs.Run, ended: RunEnded) -> None:
    st.markdown(story_of(run, ended))
    if ended.scores:
        scores.row(run, ended.scores)
