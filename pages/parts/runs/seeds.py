"""A set-up over several seeds: what differs between them is chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import comparison
from cnn_core.analysis.comparison import Spread
from cnn_core.figures import overlay
from cnn_core.runs import log as run_log
from pages.elements.chart import draw_chart
from pages.network.names import short_names
from pages.parts.runs import orders, rows, selection
from pages.parts.runs.rows import Row
from pages.session.doors import colours
from pages.session.html import heading
from pages.session.words import language, plain, t

COUNTS = (3, 5)
HEIGHT = 380
MOST_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one set-up, each with a seed of its own.

    Attributes:
        name: What the set-up is called.
        runs: The runs.
        over: Those of them that have come to their end.
    """

    name: str
    runs: list[runs.Run]
    over: list[Row]

    @property
    def accuracy(self) -> Spread | None:
        """Spread of the best validation accuracy over the seeds; None before the second run is over."""
        values = [row.summary.best.val_accuracy for row in self.over if row.summary.best]
        return comparison.spread(values) if len(values) > 1 else None


def seeds(selected: Sequence[runs.Run]) -> None:
    """For each set-up among the chosen runs: a button to repeat it, its band, and its mean ± deviation."""
    heading(t("runs.seeds"))
    st.caption(t("runs.seeds_why"))
    groups = _groups(selected)
    for place, group in enumerate(groups[:MOST_GROUPS]):
        _group(group, place)
    orders.say_waiting()
    bands = {group.name: _band(group) for group in groups[:MOST_GROUPS] if len(group.runs) > 1}
    bands = {name: band for name, band in bands.items() if band}
    if bands:
        words = overlay.BandWords.of(texts.table(language()))
        draw_chart(
            overlay.bands(bands, words=words, palette=colours()),
            height=HEIGHT,
            key="runs_bands",
            alt=overlay.bands_alt(bands, words=words),
        )
    measured = [(group.name, group.accuracy) for group in groups if group.accuracy]
    if len(measured) == 2:
        st.markdown(_compare(*measured))


def _groups(selected: Sequence[runs.Run]) -> list[Group]:
    """The set-ups of the chosen runs with all listed runs that differ from them in the seed alone."""
    listed = {row.run.id: row for row in rows.rows(st.session_state.get(selection.WHOSE) or "mine")}
    wanted = {run.id: rows.settings_of(run) for run in selected}
    tables = {**wanted, **{run_id: row.settings for run_id, row in listed.items()}}
    grouped = comparison.same_but_seed(tables)
    groups, taken = [], set()
    for run in selected:
        if run.id in taken:
            continue
        ids = next((ids for ids in grouped if run.id in ids), [run.id])
        taken |= set(ids)
        members = [
            listed[run_id].run if run_id in listed else run
            for run_id in ids
            if run_id in listed or run_id == run.id
        ]
        over = [
            listed[run_id]
            for run_id in ids
            if run_id in listed and listed[run_id].state in runs.OVER
        ]
        groups.append(Group(_base(run), members, over))
    return _named_apart(groups)


def _named_apart(groups: list[Group]) -> list[Group]:
    names = [group.name for group in groups]
    return [
        Group(f"{group.name} · {group.runs[0].id[-6:]}", group.runs, group.over)
        if names.count(group.name) > 1
        else group
        for group in groups
    ]


def _base(run: runs.Run) -> str:
    """The name of the run without its seed."""
    name = next(iter(short_names([run]).values()))
    return name.removesuffix(t("runs.seed_name", name="", seed=run.train.seed)).strip() or name


def _group(group: Group, place: int) -> None:
    first = group.runs[0]
    seeds_of = {run.train.seed for run in group.runs}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        accuracy = group.accuracy
        if accuracy:
            text = t(
                "runs.mean",
                name=plain(group.name),
                mean=f"{accuracy.mean:.2%}",
                std=f"{100 * accuracy.std:.2f}",
                count=accuracy.count,
            )
        else:
            key = "single" if len(seeds_of) == 1 else "unfinished"
            text = t(f"runs.{key}", name=plain(group.name), count=len(seeds_of))
        st.markdown(text, width="content")
        for count in COUNTS:
            if len(seeds_of) < count:
                missing = orders.over_seeds(first.model, first.train, group.name, seeds_of, count)
                st.button(
                    t("runs.repeat", count=count), key=f"runs_repeat_{place}_{count}",
                    icon=":material/casino:", help=t("runs.repeat_help", missing=len(missing)),
                    on_click=orders.order, args=(missing,), disabled=bool(orders.waiting()),
                )  # fmt: skip


def _band(group: Group) -> list[Spread]:
    histories = [run_log.history(run) for run in group.runs]
    curves = [
        [end.val_accuracy for end in history.complete_epochs]
        for history in histories
        if history.complete_epochs
    ]
    return comparison.band(curves) if len(curves) > 1 else []


def _compare(first: tuple[str, Spread | None], second: tuple[str, Spread | None]) -> str:
    """Whether two means differ by more than the seeds do."""
    (name, first_spread), (other, second_spread) = first, second
    assert first_spread is not None
    assert second_spread is not None
    if comparison.overlap(first_spread, second_spread):
        return t("runs.seeds_chance", first=plain(name), second=plain(other))
    ahead, lower = (name, other) if first_spread.mean > second_spread.mean else (other, name)
    return t("runs.seeds_real", ahead=plain(ahead), lower=plain(lower))
