"""Two runs on the same validation images: is the difference real, and where is it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import comparison, evaluation
from cnn_core.analysis.evaluation import Predictions
from cnn_core.course.goals_training import Comparison
from cnn_core.errors import CnnError
from cnn_core.figures import differences, matrices
from cnn_core.figures import evaluation as evaluation_figures
from pages.elements.chart import draw_chart
from pages.network import answers, goals
from pages.network.names import class_names, short_names
from pages.session import choices
from pages.session.doors import colours
from pages.session.html import complain, waking
from pages.session.visitor import visitor
from pages.session.words import language, plain, t

HEIGHT = 430
FIRST, SECOND = "runs_first", "runs_second"


def pair(selected: Sequence[runs.Run]) -> None:
    """Two of the chosen runs: one sentence on chance, then their confusion matrices and the difference."""
    trains = [run for run in selected if runs.status(run).active]
    ready = [run for run in selected if run not in trains and (run.folder / "best.keras").exists()]
    if len(ready) < 2:
        st.info(t("runs.two_trained" if trains else "runs.two_needed"), icon=":material/info:")
        return
    first, second = _choose(ready)
    if first.train.dataset != second.train.dataset:
        st.info(t("runs.other_data"), icon=":material/info:")
        return
    try:
        with waking():
            of_first, of_second = (answers.predictions(run, "val") for run in (first, second))
    except CnnError as error:
        complain(error)
        return
    if not np.array_equal(of_first.labels, of_second.labels):
        st.info(t("runs.other_data"), icon=":material/info:")
        return
    names = short_names([first, second])
    st.markdown(sentence(of_first, of_second, names[first.id], names[second.id]))
    st.caption(t("runs.one_seed_each"))
    if first.owner == second.owner == visitor():
        goals.try_goal("difference", lambda: _comparison(first, second, of_first, of_second))
    _matrices(first, second, of_first, of_second)


def _choose(ready: Sequence[runs.Run]) -> tuple[runs.Run, runs.Run]:
    by_id = {run.id: run for run in ready}
    if len(ready) == 2:
        return ready[0], ready[1]
    names = short_names(ready)
    with st.container(horizontal=True, gap="small"):
        first = choices.selectbox(
            t("runs.first"), by_id, key=FIRST, format_func=names.__getitem__, width=260
        )
        others = [run_id for run_id in by_id if run_id != first]
        second = choices.selectbox(
            t("runs.second"), others, key=SECOND, format_func=names.__getitem__, width=260
        )
    return by_id[first], by_id[second]


def sentence(first: Predictions, second: Predictions, name: str, other: str) -> str:
    """McNemar's test in a sentence; says "better" only of a difference that is more than chance."""
    test = _test(first, second)
    key = (
        "same" if not test.only_first + test.only_second else "chance" if test.by_chance else "real"
    )
    ahead = other if test.only_second > test.only_first else name
    p = f"p = {test.p:.2g}" if test.p >= 0.001 else "p < 0.001"
    return t(
        f"runs.mcnemar_{key}",
        first=plain(name),
        second=plain(other),
        only_first=f"{test.only_first:,}",
        only_second=f"{test.only_second:,}",
        images=f"{len(first.labels):,}",
        ahead=plain(ahead),
        p=p,
    )


def _test(first: Predictions, second: Predictions) -> comparison.McNemar:
    return comparison.mcnemar(first.predicted == first.labels, second.predicted == second.labels)


def _comparison(
    first: runs.Run, second: runs.Run, of_first: Predictions, of_second: Predictions
) -> Comparison:
    tables = [comparison.settings(run.model, run.train) for run in (first, second)]
    return Comparison(tables[0], tables[1], _test(of_first, of_second))


def _matrices(
    first: runs.Run, second: runs.Run, of_first: Predictions, of_second: Predictions
) -> None:
    table, palette, names = texts.table(language()), colours(), class_names(first)
    short = short_names([first, second])
    words = evaluation_figures.ConfusionWords.of(table)
    counts = [
        evaluation.confusion(
            predictions.labels, predictions.predicted, predictions.probabilities.shape[1]
        )
        for predictions in (of_first, of_second)
    ]
    options, heard = [], []
    for run, matrix in zip((first, second), counts, strict=True):
        named = replace(words, title=short[run.id])
        option = evaluation_figures.confusion_heatmap(
            matrix, names, as_percent=False, marked=None, words=named, palette=palette
        )
        option["visualMap"]["show"] = False
        option["series"][0] |= {"cursor": "default", "selectedMode": False}
        options.append(option)
        heard.append(evaluation_figures.confusion_alt(matrix, names, words=named))
    labels = differences.DifferenceWords.of(table)
    labels = replace(
        labels, title=labels.title.format(first=short[first.id], second=short[second.id])
    )
    options.append(differences.matrix_difference(*counts, names, words=labels, palette=palette))
    heard.append(differences.matrix_difference_alt(*counts, names, words=labels))
    keys = (first.id, second.id, "difference")
    columns = st.columns(3, gap="small")
    for column, key, option, alt in zip(columns, keys, matrices.align(options), heard, strict=True):
        draw_chart(option, place=column, height=HEIGHT, key=f"runs_matrix_{key}", alt=alt)
    st.caption(t("runs.difference_reading"))
