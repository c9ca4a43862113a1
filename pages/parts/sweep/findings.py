"""What a sweep has results: charts of its trials, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cnn_core import texts
from cnn_core.figures import sweeps as figures
from cnn_core.figures.sweeps import Axis, Point, SweepWords
from cnn_core.planning.space import REAL, Dimension
from cnn_core.sweeps import Sweep
from cnn_core.sweeps.importance import EVALUATORS, importance
from cnn_core.sweeps.outcome import Trial
from pages.elements.chart import draw_chart
from pages.elements.clicks import clicked
from pages.network.names import span
from pages.parts.sweep import state
from pages.parts.sweep.form_link import EVALUATOR, HEAT_COLUMNS, HEAT_ROWS
from pages.parts.sweep.state import setting_name
from pages.session import choices
from pages.session.doors import colours
from pages.session.visitor import visitor
from pages.session.words import label, language, t

CALCULATING, SHARES = "sweep_calculating", "sweep_shares"
HEIGHT, LOW, SMALL, TABLE = 380, 300, 230, 320


def axes(sweep: Sweep) -> list[Axis]:
    """An axis for each setting that varies, named in the visitor's language."""
    return [_axis(dimension) for dimension in sweep.plan.dimensions]


def _axis(dimension: Dimension) -> Axis:
    values = dimension.values or ()
    if not values and dimension.listed and len(dimension.listed) <= 12:
        values = dimension.listed
    return Axis(
        setting_name(dimension),
        values,
        tuple(value_text(dimension, value) for value in values),
        dimension.low,
        dimension.high,
        dimension.log,
    )


def value_text(dimension: Dimension, value: object) -> str:
    """What a visitor reads for a value."""
    if isinstance(value, float):
        return f"{value:.3g}" if dimension.field in REAL else f"{value:g}"
    return label(dimension.field, value)


def points(sweep: Sweep, rows: Sequence[Trial]) -> list[Point]:
    """The complete trials, as the charts want them."""
    names = [dimension.name for dimension in sweep.plan.dimensions]
    return [
        Point(row.place, tuple(row.params.get(name) for name in names), row.accuracy)
        for row in rows
        if row.accuracy is not None
    ]


def is_calculating() -> bool:
    """Whether something that is shown is still being calculated."""
    return bool(st.session_state.get(CALCULATING))


def no_charts() -> None:
    """Of a sweep that is over without a complete trial there is nothing to draw."""
    st.session_state[CALCULATING] = False


def charts(sweep: Sweep, rows: Sequence[Trial]) -> None:
    """History and parallel coordinates, then what each setting did. A click on a trial opens it."""
    st.session_state[CALCULATING] = False
    results, lines = points(sweep, rows), axes(sweep)
    words, palette = SweepWords.of(texts.table(language())), colours()
    left, right = st.columns([0.42, 0.58], gap="small")
    with left:
        draw_chart(
            figures.history(results, lines, sweep.plan.trials, words=words, palette=palette),
            height=HEIGHT, key="sweep_history", on_select=_opener("sweep_history", results),
            alt=figures.alt(words.history, results, lines, words=words),
        )  # fmt: skip
    with right:
        draw_chart(
            figures.parallel(results, lines, words=words, palette=palette),
            height=HEIGHT, key="sweep_parallel", on_select=_opener("sweep_parallel", results),
            alt=figures.alt(words.parallel, results, lines, words=words),
        )  # fmt: skip
    st.caption(t("sweep.brush"))
    _slices(results, lines, words)
    if not results:
        return
    left, right = st.columns(2, gap="small")
    with left:
        _importance(sweep, results, words)
    with right:
        _heat(results, lines, words)


def _opener(key: str, results: Sequence[Point]) -> Any:
    """Opens the trial whose mark was clicked; one that is clicked again is unselected and stays open."""

    def opened() -> None:
        picked = clicked(key)
        if picked and picked[0] < len(results):
            state.choose_trial(results[picked[0]].place)

    return opened


def _slices(results: Sequence[Point], lines: Sequence[Axis], words: SweepWords) -> None:
    st.markdown(f"##### {words.slices}")
    st.caption(t("sweep.darker"))
    for number, column in enumerate(st.columns(len(lines), gap="small")):
        draw_chart(
            figures.slice_of(results, lines, number, words=words, palette=colours()),
            place=column,
            height=SMALL,
            key=f"sweep_slice_{number}",
            alt=figures.alt(f"{words.slices}: {lines[number].name}", results, lines, words=words),
        )


def _importance(sweep: Sweep, results: Sequence[Point], words: SweepWords) -> None:
    evaluator = choices.segmented_control(
        t("sweep.evaluator"), EVALUATORS, key=EVALUATOR.key, help=t("sweep.evaluator_help"),
        format_func=lambda option: t(f"sweep.evaluator_{option}"),
    )  # fmt: skip
    fractions = importance(sweep, evaluator, len(results))
    if fractions is None:
        st.session_state[CALCULATING] = True
        fractions = st.session_state.get(SHARES, {}).get((sweep.id, evaluator), {})
    else:
        st.session_state.setdefault(SHARES, {})[sweep.id, evaluator] = fractions
    names = {dimension.name: setting_name(dimension) for dimension in sweep.plan.dimensions}
    bars = {names[name]: share for name, share in fractions.items()}
    if not bars:
        st.caption(t("sweep.calculating" if is_calculating() else "sweep.too_few"))
        return
    draw_chart(
        figures.importance(bars, words=words, palette=colours()),
        height=LOW,
        key="sweep_importance",
        alt=figures.importance_alt(bars, words=words),
    )


def _heat(results: Sequence[Point], lines: Sequence[Axis], words: SweepWords) -> None:
    """Two settings that are lists, as a heat map; chosen where there are more than two."""
    listed = [number for number, axis in enumerate(lines) if axis.values]
    if len(listed) < 2:
        st.caption(t("sweep.no_heat"))
        return
    rows_axis = choices.selectbox(
        t("sweep.heat_rows"),
        listed,
        key=HEAT_ROWS.key,
        format_func=lambda option: lines[option].name,
    )
    rest = [number for number in listed if number != rows_axis]
    columns_axis = choices.selectbox(
        t("sweep.heat_columns"),
        rest,
        key=HEAT_COLUMNS.key,
        format_func=lambda option: lines[option].name,
    )
    pair = (rows_axis, columns_axis)
    cells = [
        Point(point.place, tuple(point.values[number] for number in pair), point.accuracy)
        for point in results
    ]
    both = [lines[number] for number in pair]
    draw_chart(
        figures.heat(cells, both, words=words, palette=colours()),
        height=LOW,
        key="sweep_heat",
        alt=figures.alt(words.heat, cells, both, words=words),
    )


def table(sweep: Sweep, rows: Sequence[Trial]) -> None:
    """Every trial that was begun, newest first; a row opens its trial."""
    order = sorted(rows, key=lambda row: -row.place)
    columns: dict[str, list[Any]] = {
        t("sweep.trial"): [row.place for row in order],
        t("runs.column_state"): [t(f"sweep.state_{row.state}") for row in order],
        t("runs.column_accuracy"): [_percent(row.accuracy) for row in order],
    }
    for dimension in sweep.plan.dimensions:
        values = [row.params.get(dimension.name) for row in order]
        columns[setting_name(dimension)] = [
            "–" if value is None else value_text(dimension, value) for value in values
        ]
    columns[t("runs.column_epoch")] = [row.best_epoch for row in order]
    columns[t("sweep.epochs_done")] = [row.epochs for row in order]
    columns[t("sweep.time")] = [span(row.seconds) if row.seconds else "–" for row in order]
    key = f"sweep_rows_{sweep.id}_{len(order)}"
    places = [row.place for row in order]
    picked = [places.index(place)] if (place := state.chosen_trial()) in places else []
    number = st.column_config.NumberColumn
    st.dataframe(
        columns,
        column_config={t("runs.column_accuracy"): number(format="%.2f%%")},
        hide_index=True,
        height=TABLE,
        key=key,
        placeholder="–",
        on_select=lambda: _take(key, places),
        selection_mode="single-row",
        selection_default={"selection": {"rows": picked}},
        alt=t("sweep.table_alt", count=len(order)),
    )
    if order and st.button(
        t("sweep.all_runs"), key="sweep_all_runs", icon=":material/table_rows:", type="tertiary"
    ):
        whose = "mine" if sweep.owner == visitor() else "all"
        st.switch_page("pages/runs.py", query_params={"find": sweep.id, "whose": whose})


def _percent(accuracy: float | None) -> float | None:
    return None if accuracy is None else round(100 * accuracy, 2)


def _take(key: str, places: list[int]) -> None:
    picked = st.session_state[key]["selection"]["rows"]
    state.choose_trial(places[picked[0]] if picked and picked[0] < len(places) else None)
