"""Widgets that choose among options with labels: the only place where pages draw one.

Streamlit sends and stores such a choice as its label. After the labels have changed (another language,
another data set) it hands back the old label as text, or falls back to the first option. So the choice
itself is kept as a plain value in `st.session_state[key]`, where every page may read it before the
widget is drawn and write it at any time; and the widget below it has a key of its own, which is
another one as soon as a label belongs to another option: what a browser sends is always understood by
the labels that it showed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T", bound=Hashable)

LABELS = (
    "choice_labels"  # session key: for each choice the number of its widget, and labels by option
)

BEGIN = {
    "selectbox": "index",
    "select_slider": "value",
    "segmented_control": "default",
    "pills": "default",
}
"""What each widget calls the choice that it begins with."""


def selectbox(
    label: str,
    options: Iterable[T],
    *,
    key: str,
    place: Any = st,
    default: T | None = None,
    **settings: Any,
) -> T:
    """A select box; begins with `default`, or with the first option.

    Args:
        label: What it asks.
        options: All different, at least one.
        key: Where in the session the choice is kept.
        place: The container it is drawn in.
        default: The choice when there is none yet, or one that is no longer an option.
        settings: What Streamlit's widget takes besides, with `on_change` and `args`.
    """
    chosen: T = _one(place.selectbox, label, options, key, default, **settings)
    return chosen


def optional_selectbox(
    label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
) -> T | None:
    """A select box that may stay empty, and begins empty."""
    settings |= {"optional": True}
    chosen: T | None = _one(place.selectbox, label, options, key, None, **settings)
    return chosen


def segmented_control(
    label: str,
    options: Iterable[T],
    *,
    key: str,
    place: Any = st,
    default: T | None = None,
    **settings: Any,
) -> T:
    """A row of buttons of which one is always chosen, at first `default` or the first."""
    settings |= {"required": True}
    chosen: T = _one(place.segmented_control, label, options, key, default, **settings)
    return chosen


def optional_segmented_control(
    label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
) -> T | None:
    """A row of buttons of which one or none is chosen."""
    settings |= {"optional": True}
    chosen: T | None = _one(place.segmented_control, label, options, key, None, **settings)
    return chosen


def optional_pills(
    label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
) -> T | None:
    """Round buttons of which one or none is chosen."""
    settings |= {"optional": True}
    chosen: T | None = _one(place.pills, label, options, key, None, **settings)
    return chosen


def select_slider(
    label: str,
    options: Iterable[T],
    *,
    key: str,
    place: Any = st,
    default: T | None = None,
    **settings: Any,
) -> T:
    """A slider over options, at least two."""
    chosen: T = _one(place.select_slider, label, options, key, default, **settings)
    return chosen


def multi_pills(
    label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
) -> list[T]:
    """Round buttons of which any number is chosen."""
    known = list(options)
    chosen: list[T] = [value for value in st.session_state.get(key) or [] if value in known]
    settings |= {"selection_mode": "multi"}
    _draw(place.pills, label, known, key, chosen, **settings)
    return chosen


def keep_valid(key: str, options: Sequence[T], default: T | None = None) -> T:
    """The choice kept under `key` if it is one of `options`, else `default` or the first from now on.

    For what must know the choice before its widget is drawn.
    """
    known = list(options)
    fallback: T = default if default in known and default is not None else known[0]
    value = st.session_state.get(key)
    chosen: T = value if value in known else fallback
    st.session_state[key] = chosen
    return chosen


def _one(
    widget: Callable[..., Any],
    label: str,
    options: Iterable[T],
    key: str,
    default: T | None,
    *,
    optional: bool = False,
    **settings: Any,
) -> T | None:
    known = list(options)
    if not optional:
        chosen: T | None = keep_valid(key, known, default)
    else:
        value = st.session_state.get(key)
        chosen = value if value in known else None
    _draw(widget, label, known, key, chosen, optional=optional, **settings)
    return chosen


def _draw(
    widget: Callable[..., Any],
    label: str,
    options: list[T],
    key: str,
    chosen: T | list[T] | None,
    *,
    optional: bool = False,
    format_func: Callable[[T], str] = str,
    on_change: Callable[..., object] | None = None,
    args: tuple[Any, ...] = (),
    **settings: Any,
) -> None:
    labels = _labels(options, format_func)
    widget_key = _widget_key(key, labels)
    st.session_state[key] = chosen
    if widget_key not in st.session_state or st.session_state[widget_key] != chosen:
        st.session_state[widget_key] = chosen
    begin = BEGIN[widget.__name__]
    # A message that sets the choice is lost if the run that sent it is cut short. Then the browser begins
    # with the widget's default and sends it back, so the default is the choice, too.
    start = options.index(chosen) if begin == "index" and chosen in options else chosen
    widget(
        label,
        options,
        key=widget_key,
        **{begin: start},
        format_func=lambda option: labels.get(option, str(option)),
        on_change=_take,
        args=(key, widget_key, options, optional, on_change, args),
        **settings,
    )


def _take(
    key: str,
    widget_key: str,
    options: list[T],
    optional: bool,
    on_change: Callable[..., object] | None,
    args: tuple[Any, ...],
) -> None:
    """Keep what was chosen; a label that is no longer offered by the time it arrives chooses nothing."""
    chosen = st.session_state.get(widget_key)
    if isinstance(chosen, list):
        chosen = [value for value in chosen if value in options]
    elif chosen not in options and not (chosen is None and optional):
        return
    st.session_state[key] = chosen
    if on_change is not None:
        on_change(*args)


def _labels(options: Iterable[T], format_func: Callable[[T], str]) -> dict[T, str]:
    """What each option is called; a name that occurs again gets a number, so that each can be chosen."""
    labels: dict[T, str] = {}
    taken: dict[str, int] = {}
    for option in options:
        label = str(format_func(option))
        count = taken[label] = taken.get(label, 0) + 1
        labels[option] = label if count == 1 else f"{label} ({count})"
    return labels


def _widget_key(key: str, labels: dict[T, str]) -> str:
    """The key of the widget that shows these labels, or showed them with others that were added or left."""
    known: dict[str, tuple[int, dict[Any, str]]] = st.session_state.setdefault(LABELS, {})
    number, before = known.get(key, (0, {}))
    meaning = {label: option for option, label in before.items()}
    if any(
        before.get(option, label) != label or meaning.get(label, option) != option
        for option, label in labels.items()
    ):
        number, before = number + 1, {}
    known[key] = number, {**before, **labels}
    return f"{key}.{number}"
