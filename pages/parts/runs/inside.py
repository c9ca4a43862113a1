"""The chosen runs from inside: kernels of the first layer, and one image through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import kernels
from cnn_core.errors import CnnError
from cnn_core.figures import differences
from cnn_core.figures import kernels as figures
from cnn_core.figures.legend import legend, number, percent, uri
from cnn_core.markup import fill
from cnn_core.runs import snapshots
from pages.elements.chart import draw_chart
from pages.network import answers
from pages.network.epochs import has_weights, kept_epoch
from pages.network.names import class_names, short_names
from pages.pictures import run_image
from pages.session.doors import colours
from pages.session.html import complain, html, waking
from pages.session.words import language, plain, t

ACROSS = 4
BAR_HEIGHT, LEAST_HEIGHT = 9, 300  # pixels for a bar, and for a chart


def first_kernels(selected: Sequence[runs.Run]) -> None:
    """The kernels of the first convolution of each run at its best epoch, all on one scale."""
    pictures: dict[str, np.ndarray] = {}
    for run in filter(has_weights, selected):
        try:
            weights = snapshots.read(run, kept_epoch(run))["conv1/kernel"]
        except CnnError as error:
            complain(error)
            continue
        pictures[run.id] = kernels.channel_view(weights, None if weights.shape[2] > 1 else 0)
    if not pictures:
        st.info(t("runs.no_kernels"), icon=":material/info:")
        return
    names = short_names(selected)
    reach = max(map(figures.largest, pictures.values())) or 1.0
    columns = st.columns(ACROSS, gap="small")
    for place, (run_id, maps) in enumerate(pictures.items()):
        alt = t("runs.kernels_alt", count=len(maps), run=names[run_id])
        source = uri(figures.kernel_mosaic(maps, reach, min(8, len(maps)), colours().diverging))
        with columns[place % ACROSS]:
            html(
                fill(
                    '<figure style="margin:0"><figcaption>{{ name }}</figcaption>'
                    '<img alt="{{ alt }}" src="{{ source }}" '
                    'style="width:100%;image-rendering:pixelated;object-position:left"></figure>',
                    name=names[run_id],
                    alt=alt,
                    source=source,
                )
            )
    html(
        legend(
            colours().diverging,
            number(-reach),
            number(reach),
            middle="0",
            title=t("kernels.weight"),
        )
    )


def with_weights(selected: Sequence[runs.Run]) -> list[runs.Run]:
    """Those of the runs that can be asked."""
    return [run for run in selected if (run.folder / "best.keras").exists()]


def one_image(selected: Sequence[runs.Run]) -> tuple[dict[str, str], Callable[[], None]]:
    """One image through all runs that take it.

    Returns:
        What the address says of the image; and what the page is to call last, which shows the pad if the
        image is drawn. The pad is beside the answers: what comes above it would cut a stroke short.
    """
    ready = with_weights(selected)
    if not ready:
        st.info(t("runs.none_with_weights"), icon=":material/info:")
        return {}, nothing
    takes = [run for run in ready if _kind(run) == _kind(ready[0])]
    if len(takes) < len(selected):
        left_out = [run for run in selected if run not in takes]
        names = ", ".join(map(plain, short_names(left_out).values()))
        st.caption(t("runs.left_out", names=names))
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left:
        image = run_image.choose(takes[0])
        pad = st.container()
    if image is not None:
        with right:
            _probabilities(takes, image)

    def finish() -> None:
        with pad:
            run_image.finish(takes[0].train.dataset)

    return run_image.query(image), finish


def nothing() -> None:
    """Where no image is chosen, nothing is left to do."""


def _kind(run: runs.Run) -> tuple[object, ...]:
    return run.train.dataset, run.model.input_shape, run.model.classes


def _probabilities(takes: Sequence[runs.Run], image: run_image.Chosen) -> None:
    titles, names = short_names(takes), class_names(takes[0])
    by_name: dict[str, np.ndarray] = {}
    try:
        with waking():
            for run in takes:
                by_name[titles[run.id]] = answers.predict(run, image.pixels[np.newaxis])[0]
    except CnnError as error:
        complain(error)
        return
    st.markdown(f"**{plain(image.title)}**")
    lines = []
    for name, values in by_name.items():
        label = int(values.argmax())
        mark = "" if image.truth is None else f" {'✓' if label == image.truth else '✗'}"
        lines.append((name, names[label], percent(values.max()), mark))
    says = [
        t("runs.says", run=f"**{plain(run)}**", answer=plain(answer), probability=probability)
        + mark
        for run, answer, probability, mark in lines
    ]
    st.markdown("\n".join(f"- {line}" for line in says))
    heard = [
        t("runs.says", run=run, answer=answer, probability=probability) + mark
        for run, answer, probability, mark in lines
    ]
    words = differences.DifferenceWords.of(texts.table(language()))
    draw_chart(
        differences.probability_bars(by_name, names, words=words, palette=colours()),
        height=max(LEAST_HEIGHT, BAR_HEIGHT * len(by_name) * len(names) + 80),
        key="runs_probabilities",
        alt=t("runs.bars_alt", lines="; ".join(heard)),
    )
