"""What a network and its classes are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import streamlit as st

from cnn_core import datasets, runs, texts
from pages.session.words import label, language, plain, t


def title(run: runs.Run) -> str:
    """Name, data set, network and time of a run in one line of plain text, as a select box shows it."""
    return " · ".join(filter(None, (run.name, _facts(run))))


def markdown(run: runs.Run) -> str:
    """`title` for a text that is read as Markdown, where a name may hold signs that mean something."""
    return " · ".join(filter(None, (plain(run.name), _facts(run))))


def name_of(run: runs.Run) -> str:
    """The title of a run, or what one that came with ConvScope is called; plain text."""
    return t(f"shipped.{run.id}") if run.shipped else title(run)


def names_of(listed: Iterable[runs.Run]) -> dict[str, str]:
    """`name_of` each by id; those that would read the same get the end of their id, too."""
    return _all_different({run.id: name_of(run) for run in listed})


def short_names(listed: Iterable[runs.Run]) -> dict[str, str]:
    """By id, what its owner calls each run, or else its network; plain text, all different."""
    return _all_different(
        {
            run.id: t(f"shipped.{run.id}") if run.shipped else run.name or network(run)
            for run in listed
        }
    )


def _all_different(names: dict[str, str]) -> dict[str, str]:
    count = Counter(names.values())
    return {
        run_id: name if count[name] == 1 else f"{name} · {run_id[-6:]}"
        for run_id, name in names.items()
    }


def network(run: runs.Run) -> str:
    """The convolutions of a run's network: "32@3×3 → 64@3×3"."""
    return " → ".join(
        f"{block.filters}@{block.kernel}×{block.kernel}" for block in run.model.blocks
    )


def local_time(seconds: float, *, short: bool = False) -> str:
    """A point in time, in seconds since 1970, to the second by the visitor's clock.

    Args:
        seconds: The time.
        short: Leave out the date if that is today.
    """
    zone = _zone()
    moment = datetime.fromtimestamp(seconds, zone)
    today = moment.date() == datetime.now(zone).date()
    return moment.strftime("%H:%M:%S" if short and today else "%Y-%m-%d %H:%M:%S")


def _facts(run: runs.Run) -> str:
    parts = [label("dataset", run.train.dataset), network(run)]
    return " · ".join(filter(None, (*parts, local_time(run.created, short=True))))


def _zone() -> tzinfo:
    """The visitor's time zone; that of the server if the browser does not tell it."""
    with suppress(LookupError, ValueError, OSError):  # one that is not known on this machine
        return ZoneInfo(st.context.timezone or "")
    offset = st.context.timezone_offset
    with suppress(ValueError, OverflowError):
        if offset is not None:
            return timezone(-timedelta(minutes=offset))
    return datetime.now(UTC).astimezone().tzinfo or UTC


def class_names(run: runs.Run) -> list[str]:
    """A name in the visitor's language for each class of the run's network; numbers where there is none."""
    names = dataset_classes(run.train.dataset)
    return names + [str(index) for index in range(len(names), run.model.classes)]


def dataset_classes(name: str) -> list[str]:
    """The classes of a data set in the visitor's language; none of one that is not known here."""
    return list(_dataset_classes(name, language()))


@lru_cache(maxsize=64)
def _dataset_classes(name: str, code: str) -> tuple[str, ...]:
    if name not in datasets.DATASETS:
        return ()
    names = datasets.DATASETS[name].class_names
    keys = [f"dataset.{name}.class_{index}" for index in range(len(names))]
    return tuple(
        texts.say(code, key) if texts.has(key) else english
        for key, english in zip(keys, names, strict=True)
    )


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
