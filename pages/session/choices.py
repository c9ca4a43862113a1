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
from typing import Any, Protocol, TypeVar

import streamlit as st

from pages.session.address import went_back

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


class _Choose(Protocol):
    def __call__(
        self,
        label: str,
        options: Iterable[T],
        *,
        key: str,
        place: Any = st,
        default: T | None = None,
        **settings: Any,
    ) -> T:
        """One of the options; at first `default`, or the first of them.

        Args:
            label: What it asks.
            options: All different, at least one.
            key: Where in the session the choice is kept.
            place: The container it is drawn in.
            default: The choice when there is none yet, or one that is no longer an option.
            settings: What Streamlit's widget takes besides, with `on_change` and `args`.
        """


class _ChooseOrNot(Protocol):
    def __call__(
        self, label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
    ) -> T | None:
        """One of the options or none, at first none."""


def _one_of(widget: str, **fixed: Any) -> _Choose:
    def choose(
        label: str,
        options: Iterable[T],
        *,
        key: str,
        place: Any = st,
        default: T | None = None,
        **settings: Any,
    ) -> T:
        settings |= fixed
        choice: T = _single_choice(getattr(place, widget), label, options, key, default, **settings)
        return choice

    return choose


def _one_or_none(widget: str) -> _ChooseOrNot:
    def choose(
        label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
    ) -> T | None:
        settings |= {"optional": True}
        choice: T | None = _single_choice(
            getattr(place, widget), label, options, key, None, **settings
        )
        return choice

    return choose


selectbox = _one_of("selectbox")
segmented_control = _one_of("segmented_control", required=True)
select_slider = _one_of("select_slider")  # over at least two options
optional_selectbox = _one_or_none("selectbox")
optional_segmented_control = _one_or_none("segmented_control")
optional_pills = _one_or_none("pills")


def multi_pills(
    label: str, options: Iterable[T], *, key: str, place: Any = st, **settings: Any
) -> list[T]:
    """Round buttons of which any number is chosen."""
    offered = list(options)
    choice: list[T] = [value for value in st.session_state.get(key) or [] if value in offered]
    settings |= {"selection_mode": "multi"}
    _draw(place.pills, label, offered, key, choice, **settings)
    return choice


def toggle(
    label: str, *, key: str, default: bool = False, place: Any = st, **settings: Any
) -> bool:
    """A switch that is kept where other pages and links can set it."""
    widget_key = f"{key}.toggle"
    st.session_state[widget_key] = bool(st.session_state.get(key, default))
    place.toggle(label, key=widget_key, on_change=_take_value, args=(key, widget_key), **settings)
    return bool(st.session_state[widget_key])


def _take_value(key: str, widget_key: str) -> None:
    st.session_state[key] = st.session_state[widget_key]


def tabs(
    options: Iterable[T], *, key: str, format_func: Callable[[T], str] = str
) -> list[tuple[T, Any]]:
    """Tabs, each with its option; only the `open` one needs to be filled.

    The first is open until another is chosen. Only a choice is kept: where a better first tab comes
    later, it is the one that opens.
    """
    labels = {option: format_func(option) for option in options}
    choice = st.session_state.get(key)
    opened = choice if choice in labels else next(iter(labels))
    label = labels[opened]
    # Their identity is the key (see tab_identity.py): the same in each language, and another one as soon as
    # another tab is open, for a browser may not have heard that Back opened it.
    widget_key = f"{key}.tabs.{opened}"
    st.session_state[widget_key] = label
    places = st.tabs(
        list(labels.values()),
        default=label,
        key=widget_key,
        on_change=_take_tab,
        args=(key, widget_key, labels),
    )
    return list(zip(labels, places, strict=True))


def _take_tab(key: str, widget_key: str, labels: dict[Any, str]) -> None:
    meaning = {label: option for option, label in labels.items()}
    if (label := st.session_state.get(widget_key)) in meaning:
        st.session_state[key] = meaning[label]


def keep_valid(key: str, options: Sequence[T], default: T | None = None) -> T:
    """The choice kept under `key` if it is one of `options`, else `default` or the first from now on.

    For what must know the choice before its widget is drawn.
    """
    offered = list(options)
    fallback: T = default if default in offered and default is not None else offered[0]
    value = st.session_state.get(key)
    choice: T = value if value in offered else fallback
    st.session_state[key] = choice
    return choice


def _single_choice(
    widget: Callable[..., Any],
    label: str,
    options: Iterable[T],
    key: str,
    default: T | None,
    *,
    optional: bool = False,
    **settings: Any,
) -> T | None:
    offered = list(options)
    if not optional:
        choice: T | None = keep_valid(key, offered, default)
    else:
        value = st.session_state.get(key)
        choice = value if value in offered else None
    _draw(widget, label, offered, key, choice, optional=optional, **settings)
    return choice


def _draw(
    widget: Callable[..., Any],
    label: str,
    options: list[T],
    key: str,
    choice: T | list[T] | None,
    *,
    optional: bool = False,
    format_func: Callable[[T], str] = str,
    on_change: Callable[..., object] | None = None,
    args: tuple[Any, ...] = (),
    **settings: Any,
) -> None:
    labels = _labels(options, format_func)
    widget_key = _widget_key(key, labels)
    st.session_state[key] = choice
    # A value that is set is sent once. After going back each run sets it: the one before may have been cut
    # short by a further press of Back, and the browser would still show what the visitor had chosen.
    if went_back() or widget_key not in st.session_state or st.session_state[widget_key] != choice:
        st.session_state[widget_key] = choice
    begin = BEGIN[widget.__name__]
    # A message that sets the choice is lost if the run that sent it is cut short. Then the browser begins
    # with the widget's default and sends it back, so the default is the choice, too.
    start = options.index(choice) if begin == "index" and choice in options else choice
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
    choice = st.session_state.get(widget_key)
    if isinstance(choice, list):
        choice = [value for value in choice if value in options]
    elif choice not in options and not (choice is None and optional):
        return
    st.session_state[key] = choice
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
    labels_by_key: dict[str, tuple[int, dict[Any, str]]] = st.session_state.setdefault(LABELS, {})
    number, before = labels_by_key.get(key, (0, {}))
    meaning = {label: option for option, label in before.items()}
    if any(
        before.get(option, label) != label or meaning.get(label, option) != option
        for option, label in labels.items()
    ):
        number, before = number + 1, {}
    labels_by_key[key] = number, {**before, **labels}
    return f"{key}.{number}"
