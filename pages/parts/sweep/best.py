"""The best trial, what it is worth, and what can be done with it; and a trial that was opened."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from cnn_core import export, runs, sweeps, texts
from cnn_core.analysis.comparison import spread
from cnn_core.errors import CnnError
from cnn_core.export import sweep_report
from cnn_core.export.files import file_name
from cnn_core.figures import overlay
from cnn_core.planning.links import to_query
from cnn_core.runs import log as run_log
from cnn_core.runs.summary import Summary
from cnn_core.sweeps import Sweep, outcome
from cnn_core.sweeps.outcome import Trial
from pages.elements.chart import draw_chart
from pages.network import shown
from pages.network.names import local_time
from pages.parts.sweep import findings, state
from pages.session.doors import colours, engine
from pages.session.downloads import telling
from pages.session.visitor import visitor
from pages.session.words import language, plain, t

REPEATS = 3
HEIGHT = 520


def best(sweep: Sweep, rows: Sequence[Trial]) -> None:
    """The best trial so far with its settings, how much of it is luck, and its buttons."""
    top = outcome.best(rows)
    if top is None or top.accuracy is None:
        st.caption(_no_best(sweep, rows))
        return
    settings = _settings(sweep, top)
    st.markdown(
        t("sweep.best", place=top.place, accuracy=f"{top.accuracy:.2%}", settings=plain(settings))
    )
    if sentence := luck(sweep, rows):
        st.caption(sentence)
    repeats = outcome.repeats(sweep, top.run) if top.run else []
    _say_repeats(top, repeats)
    with st.container(horizontal=True, gap="small"):
        _run_buttons(top, repeats)
        _downloads(sweep, rows, top)


def _no_best(sweep: Sweep, rows: Sequence[Trial]) -> str:
    if sweeps.progress(sweep).active:
        return t("sweep.no_best")
    return t("sweep.no_best_of_these" if rows else "sweep.no_best_over")


def _settings(sweep: Sweep, trial: Trial) -> str:
    pairs = zip(findings.axes(sweep), sweep.plan.dimensions, strict=True)
    return ", ".join(
        f"{axis.name} = {findings.value_text(dimension, trial.params[dimension.name])}"
        for axis, dimension in pairs
        if dimension.name in trial.params
    )


def luck(sweep: Sweep, rows: Sequence[Trial]) -> str:
    """That the best of several is too good, with the numbers; empty while there are too few."""
    top, excess = outcome.best(rows), outcome.optimism(sweep, rows)
    if top is None or top.accuracy is None or excess is None:
        return ""
    count = sum(row.accuracy is not None for row in rows)
    return t(
        "sweep.luck",
        count=count,
        images=f"{outcome.validation_images(sweep):,}",
        points=f"{100 * excess:.2f}",
        seen=f"{top.accuracy:.2%}",
        expected=f"{top.accuracy - excess:.2%}",
    )


def _say_repeats(top: Trial, repeats: Sequence[Summary]) -> None:
    """What the best set-up reached with other seeds."""
    done = [
        repeat.best.val_accuracy
        for repeat in repeats
        if repeat.best and repeat.status.state in runs.OVER
    ]
    if len(repeats) > len(done):
        st.caption(t("sweep.repeating", count=len(repeats) - len(done)))
    if len(done) > 1 and top.accuracy is not None:
        seeds_spread = spread(done)
        st.markdown(
            t(
                "sweep.repeated", count=seeds_spread.count, mean=f"{seeds_spread.mean:.2%}",
                std=f"{100 * seeds_spread.std:.2f}", seen=f"{top.accuracy:.2%}",
            )
        )  # fmt: skip


def _run_buttons(top: Trial, repeats: Sequence[Summary]) -> None:
    run = _opened(top)
    if run is None:
        st.caption(t("sweep.no_run"))
        return
    if st.button(t("sweep.use"), key="sweep_use", icon=":material/tune:", type="primary"):
        shown.show(run.id)
        query = {**to_query(run.model, run.train), "run": run.id}
        st.switch_page("pages/playground.py", query_params=query)
    st.button(
        t("sweep.repeat", count=REPEATS), key="sweep_repeat", icon=":material/casino:",
        help=t("sweep.repeat_help"), on_click=_repeat, args=(run, repeats),
    )  # fmt: skip
    if repeats:
        ids = "~".join([run.id, *(repeat.run.id for repeat in repeats[:7])])
        if st.button(t("sweep.compare"), key="sweep_compare", icon=":material/compare:"):
            st.switch_page("pages/runs.py", query_params={"runs": ids})


def _repeat(run: runs.Run, before: Sequence[Summary]) -> None:
    """Order the set-up with the next seeds that it has not run with."""
    taken = {run.train.seed, *(repeat.run.train.seed for repeat in before)}
    following = ((run.train.seed + step) % 2**31 for step in itertools.count(1))
    for seed in itertools.islice((seed for seed in following if seed not in taken), REPEATS):
        train = replace(run.train, seed=seed)
        name = t("runs.seed_name", name=run.name, seed=train.seed)
        try:
            engine().order(run.model, train, owner=visitor(), name=name)
        except CnnError as error:
            shown.refuse(error)
            return


def _opened(trial: Trial) -> runs.Run | None:
    try:
        return runs.open_run(trial.run) if trial.run else None
    except CnnError:
        return None


def _downloads(sweep: Sweep, rows: Sequence[Trial], top: Trial) -> None:
    stem = file_name("convscope", sweep.name or sweep.id)
    st.download_button(
        t("sweep.csv"), telling(partial(outcome.to_csv, sweep, rows)), f"{stem}.csv", "text/csv",
        key="sweep_csv", icon=":material/table:", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        t("sweep.report"), telling(_report(sweep, rows)), f"{stem}.html", "text/html",
        key="sweep_report", icon=":material/description:", on_click="ignore",
    )  # fmt: skip
    setup = sweep.plan.space.setup(top.params)
    st.download_button(
        t("sweep.program"), telling(partial(export.to_script, *setup, language=language())),
        f"{stem}.py", "text/x-python", key="sweep_program", icon=":material/code:", on_click="ignore",
    )  # fmt: skip


def _report(sweep: Sweep, rows: Sequence[Trial]) -> Callable[[], str]:
    """Makes the report. Its texts are taken now: the thread that makes files knows no visitor."""
    top, reader = outcome.best(rows), language()
    lines = findings.axes(sweep)
    cells = [
        [
            str(row.place), t(f"sweep.state_{row.state}"),
            f"{row.accuracy:.2%}" if row.accuracy is not None else "–",
            *(
                findings.value_text(dimension, row.params[dimension.name])
                if dimension.name in row.params
                else "–"
                for dimension in sweep.plan.dimensions
            ),
            str(row.epochs),
        ]
        for row in rows
    ]  # fmt: skip
    facts = sweep_report.Facts(
        title=sweep.name or sweep.id,
        made=local_time(sweep.created),
        plan=plan_sentence(sweep),
        best=t(
            "sweep.best", place=top.place, accuracy=f"{top.accuracy or 0:.2%}",
            settings=_settings(sweep, top),
        ) if top else _no_best(sweep, rows),
        luck=luck(sweep, rows),
        columns=[t("sweep.trial"), t("runs.column_state"), t("runs.column_accuracy"),
                 *(axis.name for axis in lines), t("sweep.epochs_done")],
        rows=cells,
        points=findings.points(sweep, rows),
        trials=sweep.plan.trials,
    )  # fmt: skip

    def make() -> str:
        setup = sweep.plan.space.setup(top.params) if top else None
        script = export.to_script(*setup, language=reader) if setup else ""
        return sweep_report.to_html(replace(facts, script=script), reader)

    return make


def plan_sentence(sweep: Sweep) -> str:
    """What the sweep does, in one sentence."""
    plan = sweep.plan
    return t(
        "sweep.plan", trials=plan.trials, epochs=plan.train.epochs, method=t(f"sweep.method_{plan.method}"),
        settings=", ".join(axis.name for axis in findings.axes(sweep)),
    )  # fmt: skip


def opened(sweep: Sweep, rows: Sequence[Trial]) -> None:
    """The trial that was clicked, its curves beside those of the best."""
    place = state.chosen_trial()
    row = next((row_ for row_ in rows if row_.place == place), None)
    if row is None:
        return
    with st.container(border=True, key="sweep_opened"):
        head = st.container(horizontal=True, vertical_alignment="center", gap="small")
        head.markdown(t("sweep.opened", place=row.place, settings=plain(_settings(sweep, row))))
        run = _opened(row)
        if run is not None and head.button(
            t("sweep.open_run"), key="sweep_open_run", icon=":material/open_in_new:"
        ):
            st.switch_page("pages/runs.py", query_params={"runs": run.id})
        head.button(
            t("sweep.close"), key="sweep_close", icon=":material/close:", type="tertiary",
            on_click=state.choose_trial, args=(None,),
        )  # fmt: skip
        if run is None:
            st.caption(t("sweep.no_run"))
            return
        if (status := runs.status(run)).error:
            st.error(plain(status.sentence(language())), icon=":material/error:")
        _curves(sweep, row, run, outcome.best(rows))


def _curves(sweep: Sweep, row: Trial, run: runs.Run, top: Trial | None) -> None:
    lines = [overlay.Curves(run.id, t("sweep.trial_name", place=row.place), run_log.history(run))]
    other = _opened(top) if top and top.place != row.place else None
    if other is not None and top is not None:
        name = t("sweep.best_name", place=top.place)
        lines.append(overlay.Curves(other.id, name, run_log.history(other)))
    words = overlay.OverlayWords.of(texts.table(language()))
    draw_chart(
        overlay.overlay(lines, "epochs", words=words, palette=colours()),
        height=HEIGHT,
        key="sweep_curves",
        alt=overlay.overlay_alt(lines, words=words),
    )
