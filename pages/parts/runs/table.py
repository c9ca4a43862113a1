"""The filters above the table of runs, and the table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from cnn_core.analysis import comparison
from cnn_core.analysis.comparison import Setting
from cnn_core.figures.axis_names import is_wide
from cnn_core.runs import log as run_log
from pages.network import room_scores, scores
from pages.network.names import local_time
from pages.parts.runs import rows, selection
from pages.parts.runs.rows import Row
from pages.session import choices
from pages.session.address import LONGEST_FIND
from pages.session.words import label, t

HEIGHT = 390
SHOWN_ALREADY = {"dataset", "size", "seed"}  # have columns of their own
MOST_COLUMNS = 12  # of settings
STATE_WIDTH = 96  # pixels: the longest state in English
LEAST_NAME_WIDTH, MOST_NAME_WIDTH = 200, 400  # pixels
CELL_PADDING, NARROW_LETTER, WIDE_LETTER = 18, 7, 14  # pixels; a Korean letter is wide


def filters() -> list[Row]:
    """Whose runs, with which words, star and value of a setting; the rows that pass."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="runs_filters"
    ):
        whose = choices.segmented_control(
            t("runs.whose"), ("mine", "all"), key=selection.WHOSE, help=t("runs.whose_help"),
            format_func=lambda option: t(f"runs.whose_{option}"),
        )  # fmt: skip
        kept = st.session_state.get(selection.TEXT) or ""
        st.session_state["runs_text_field"] = kept
        st.text_input(
            t("runs.find"), key="runs_text_field", width=220, icon=":material/search:",
            placeholder=t("runs.find_hint"), max_chars=LONGEST_FIND, on_change=_keep_text,
        )  # fmt: skip
        candidates = rows.rows(whose)
        names = {
            str(setting): setting
            for setting in comparison.differing([row.settings for row in candidates])
        }
        only = choices.optional_selectbox(
            t("runs.only"), names, key=selection.SETTING, placeholder=t("runs.any_setting"),
            format_func=lambda option: rows.setting_name(names[option]), width=220,
        )  # fmt: skip
        if only is not None:
            values = _values(candidates, names[only])
            choices.selectbox(
                rows.setting_name(names[only]), values, key=selection.VALUE, width=180,
                format_func=values.__getitem__,
            )  # fmt: skip
        _box("starred", selection.STARRED)
        if any(row.run.sweep for row in candidates):
            _box("no_trials", selection.SINGLE)
    return listed(candidates)


def _box(name: str, key: str) -> None:
    """A check box whose value is kept under `key`, where a link may set it."""
    field = f"{key}_box"
    st.session_state[field] = st.session_state.get(key, False)
    st.checkbox(t(f"runs.{name}"), key=field, on_change=_keep, args=(key, field))


def _keep(key: str, field: str) -> None:
    st.session_state[key] = st.session_state[field]


def _keep_text() -> None:
    st.session_state[selection.TEXT] = st.session_state["runs_text_field"].strip()


def _values(candidates: Sequence[Row], setting: Setting) -> dict[str, str]:
    """The values of that setting among the rows, as a link writes them, with what they are called."""
    tables = [row.settings for row in candidates]
    order = sorted(tables, key=lambda table: _order(table.get(setting)))
    return {
        rows.value_key(value, str(setting)): rows.setting_text(setting, value) for value in order
    }


def _order(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, int | float)
    return number, float(value) if number else 0.0, str(value)


def listed(candidates: Sequence[Row] | None = None) -> list[Row]:
    """The rows that pass the filters, those that a link chose first.

    Args:
        candidates: All rows, if somebody has just read them.
    """
    state = st.session_state
    only = state.get(selection.SETTING)
    passing = rows.passing(
        rows.rows(state[selection.WHOSE]) if candidates is None else candidates,
        state.get(selection.TEXT, ""),
        only,
        state.get(selection.VALUE) if only else None,
        starred=state.get(selection.STARRED, False),
        single=state.get(selection.SINGLE, False),
    )
    places = {run_id: place for place, run_id in enumerate(selection.leading())}
    return sorted(passing, key=lambda row: places.get(row.run.id, len(places)))


def table(listed: Sequence[Row]) -> None:
    """The table; its rows can be chosen.

    A browser sends places of rows. So a table that shows other runs has another key: its places are
    always understood by the runs that it showed.
    """
    ids = [row.run.id for row in listed]
    digest = hashlib.sha256("".join(ids).encode()).hexdigest()[:12]
    key = f"runs_table_{selection.version()}_{digest}"
    selected = selection.selected()
    columns, config = _columns(listed)
    st.dataframe(
        columns,
        column_config=config,
        hide_index=True,
        height=HEIGHT if len(listed) > 9 else "content",
        key=key,
        placeholder="–",
        on_select=lambda: _take(key, ids),
        selection_mode="multi-row",
        selection_default={
            "selection": {"rows": [place for place, run_id in enumerate(ids) if run_id in selected]}
        },
        alt=t("runs.table_alt", count=len(listed), chosen=len(selected)),
    )


def _take(key: str, ids: list[str]) -> None:
    places = st.session_state[key]["selection"]["rows"]
    elsewhere = [
        run_id for run_id in selection.selected() if run_id not in ids
    ]  # chosen, but filtered out
    selection.take([*elsewhere, *(ids[place] for place in places if place < len(ids))])


def _columns(listed: Sequence[Row]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Cells by the title of their column, and how each column is written."""
    columns: dict[str, list[Any]] = {}
    config: dict[str, Any] = {}

    def add(name: str, cells: list[Any], kind: Any = None, **settings: Any) -> None:
        title = t(f"runs.column_{name}")
        columns[title] = cells
        config[title] = (kind or st.column_config.TextColumn)(
            help=t(f"runs.help_{name}"), **settings
        )

    number = st.column_config.NumberColumn
    best = [row.summary.best for row in listed]
    names = [_starred(row) for row in listed]
    add("name", names, pinned=True, width=_name_width(names))
    states = _by_value([row.state for row in listed], lambda state: t(f"state.{state}"))
    add("state", states, width=STATE_WIDTH)
    add(
        "accuracy",
        [round(100 * end.val_accuracy, 2) if end else None for end in best],
        number,
        format="%.2f%%",
    )
    add("epoch", [end.epoch if end else None for end in best], number)
    add("loss", [end.val_loss if end else None for end in best], number, format="%.4f")
    if any(scores.uncovered(row.run) for row in listed):
        add("test", [_test_accuracy(row) for row in listed], number, format="%.2f%%")
    pictures = room_scores.drawings()
    in_room = [room_scores.score(row.run, pictures) for row in listed] if pictures else []
    if any(in_room):
        cells = [round(100 * score.accuracy, 2) if score else None for score in in_room]
        add("room", cells, number, format="%.1f%%")
    for setting in _varying(listed):
        tables = [row.settings for row in listed]
        values = [table.get(setting, _MISSING) for table in tables]
        cells = _by_value(values, partial(_cell, setting))
        if len({isinstance(cell, str) for cell in cells if cell is not None}) > 1:
            cells = _by_value(values, partial(_text, setting))
        title = rows.setting_name(setting)
        columns[title] = cells
        config[title] = st.column_config.Column(help=t("runs.varies"))
    if any(row.run.sweep for row in listed):
        add("sweep", [row.run.sweep for row in listed])
    add("data", _by_value([row.run.train.dataset for row in listed], partial(label, "dataset")))
    add("images", [row.summary.images or None for row in listed], number, format="localized")
    add("params", [row.summary.params or None for row in listed], number, format="localized")
    add(
        "seconds",
        [round(row.summary.seconds, 1) or None for row in listed],
        number,
        format="%.0f s",
    )
    add("speed", [row.summary.images_per_s for row in listed], number, format="%.0f")
    add("seed", [row.run.train.seed for row in listed], number, format="%d")
    add("date", ["" if row.run.shipped else local_time(row.run.created) for row in listed])
    if any(row.summary.marks.note for row in listed):
        add("note", [row.summary.marks.note for row in listed])
    return columns, config


_MISSING = object()


def _by_value(values: Sequence[Any], write: Callable[[Any], Any]) -> list[Any]:
    """What `write` makes of each value, asked once for each different one."""
    written: dict[Any, Any] = {}
    for value in values:
        if value not in written:
            written[value] = write(value)
    return [written[value] for value in values]


def _cell(setting: Setting, value: Any) -> Any:
    return rows.setting_cell(setting, {} if value is _MISSING else {setting: value})


def _text(setting: Setting, value: Any) -> str:
    return rows.setting_text(setting, {} if value is _MISSING else {setting: value})


def _varying(listed: Sequence[Row]) -> list[Setting]:
    settings = comparison.differing([row.settings for row in listed])
    return [setting for setting in settings if setting.field not in SHOWN_ALREADY][:MOST_COLUMNS]


def _name_width(names: Sequence[str]) -> int:
    """Pixels in which the longest name is whole, as names often differ at their end alone."""
    return max(LEAST_NAME_WIDTH, min(MOST_NAME_WIDTH, max(map(_text_width, names), default=0)))


def _text_width(name: str) -> int:
    wide = 0 if name.isascii() else sum(map(is_wide, name))
    return CELL_PADDING + WIDE_LETTER * wide + NARROW_LETTER * (len(name) - wide)


def _starred(row: Row) -> str:
    return f"★ {row.name}" if row.summary.marks.starred else row.name


def _test_accuracy(row: Row) -> float | None:
    """Of a run that this visitor has asked it of."""
    if not scores.uncovered(row.run):
        return None
    ended = run_log.history(row.run).ended
    score = ended.scores.get("test") if ended else None
    return 100 * score.accuracy if score else None
