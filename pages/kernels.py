"""What did it learn? Kernels and weights of every convolution, untrained against trained, over the epochs."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import kernels
from cnn_core.arithmetic import LayerRow
from cnn_core.errors import CnnError
from cnn_core.figures import kernels as figures
from cnn_core.figures.charts import ControlWords
from cnn_core.figures.legend import legend, number
from cnn_core.markup import fill
from cnn_core.runs import snapshots
from pages.elements import tiles
from pages.elements.chart import draw_chart
from pages.elements.head import head
from pages.network import unit
from pages.network.choice import choose_run, is_gone
from pages.network.epochs import convolutions, epoch_name, epoch_slider, follow_epoch, kept_epoch
from pages.parts.kernels import filters as parts
from pages.parts.kernels.filters import View
from pages.session import choices, settings
from pages.session.address import arrived, follow_layer, followed, say, went_back, whole
from pages.session.doors import colours
from pages.session.html import STYLE, complain, html
from pages.session.settings import Setting
from pages.session.words import language, t

HISTOGRAM_HEIGHT = 320
PHONE_COLUMNS = 8  # kernels in a row; of sixteen each would be 22 pixels wide
POLL_S = 2.0  # while the run trains, for the snapshots to come
MEAN = "mean"
SETTINGS = (Setting("scale", "kernels_reach", parts.REACHES, parts.REACHES[0]),)


def main() -> None:
    """Which run; then everything that follows the sliders, redrawn alone."""
    st.html(STYLE)
    place = head("kernels", "kernel", "convolution", "initialization")
    link = arrived("kernels", ("run", "layer", "channel", "filter", "epoch", "scale"))
    run = choose_run(link.get("run"), place)
    if run is None:
        say("kernels", {})
        return
    _follow(run, link)
    followed("kernels", link)
    active = runs.status(run).active
    st.fragment(_story, run_every=POLL_S if active else None)(run, active, link)


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    rows = convolutions(run)
    if (newest := unit.take(run, "kernels", rows)) is not None:
        st.session_state["kernels_layer"] = newest.layer
        parts.choose(newest.filter)
    follow_layer(link, rows, "kernels_layer")
    row = rows[choices.keep_valid("kernels_layer", list(rows))]
    if (channel := whole(link, "channel", row.input_shape[2])) is not None:
        parts.choose_channel(row, channel)
    if (index := whole(link, "filter", row.output_shape[2])) is not None:
        parts.choose(index)
    if went_back() and channel is None:
        parts.choose_channel(row, None)
    follow_epoch(run, "kernels", link)
    settings.follow(link, SETTINGS)


def _story(run: runs.Run, active: bool, link: Mapping[str, str]) -> None:
    if is_gone(run, "kernels"):
        return
    if active and not runs.status(run).active:
        st.rerun()
    try:
        with st.container(key="kernels_top"):
            with st.container(key="kernels_controls"):
                view = _controls(run)
            with st.container(key="kernels_result"):
                _mosaics(view)
        _weights(view)
        parts.filters(view, active=active)
    except CnnError as error:
        complain(error)
        return
    unit.keep("kernels", view.row.name, view.filter, link)
    query = {"run": run.id, "layer": view.row.name, "filter": view.filter, "epoch": view.epoch}
    if view.channel is not None:
        query["channel"] = view.channel
    address = {name: str(value) for name, value in query.items()}
    say("kernels", address | settings.query(SETTINGS))


def _controls(run: runs.Run) -> View:
    """Layer, input channel and epoch."""
    rows = convolutions(run)
    left, middle, scale, right = st.columns([0.2, 0.2, 0.24, 0.36], gap="medium")
    with left:
        name = choices.segmented_control(
            t("kernels.layer"), list(rows), key="kernels_layer", help=t("kernels.layer_help"),
        )  # fmt: skip
    row = rows[name]
    with middle:
        channel = _channel(row)
    with scale:
        reach = choices.segmented_control(
            t("kernels.reach"), parts.REACHES, key="kernels_reach", help=t("kernels.reach_help"),
            format_func=lambda name: t(f"kernels.reach_{name}"),
        )  # fmt: skip
    with right:
        epochs = snapshots.epochs(run)
        epoch = epoch_slider(run, "kernels", epochs)
    first, current = snapshots.read(run, epochs[0]), snapshots.read(run, epoch)
    return View(run, row, channel, parts.filter_index(row), epoch, first, current, reach)


def _channel(row: LayerRow) -> int | None:
    """One input channel, or None for the mean over them."""
    channels = row.input_shape[2]
    key = parts.channel_key(row)
    options = [0] if channels == 1 else [MEAN, *range(channels)]
    channel = choices.selectbox(
        t("kernels.channel"), options, key=key, disabled=channels == 1,
        help=t("kernels.channel_help"),
        format_func=lambda option: t("kernels.mean") if option == MEAN else t("kernels.one", channel=option),
    )  # fmt: skip
    return None if channel == MEAN else int(channel)


def _mosaics(view: View) -> None:
    """Untrained and trained side by side, on one scale."""
    count = view.row.output_shape[2]
    reach = view.picture_reach
    tips = [t("kernels.filter", filter=index) for index in range(count)]
    marks = parts.marks(view)
    pictures = {"untrained": view.pictures(view.untrained), "shown": view.pictures(view.weights)}
    titles = {
        "untrained": t("kernels.untrained"),
        "shown": t("kernels.after", epoch=epoch_name(view.epoch, kept_epoch(view.run))),
    }
    boards = []
    for name, maps in pictures.items():
        zoom, gap = figures.measures(maps.shape)
        grid = tiles.Grid(count, _columns(count), maps.shape[2] * zoom, maps.shape[1] * zoom, gap)
        boards.append(
            tiles.Board(
                name=f"mosaic_{name}",
                title=titles[name],
                png=figures.kernel_mosaic(maps, reach, grid.columns, colours().diverging),
                grid=grid,
                alt=t("kernels.alt", count=count, layer=view.row.name, what=titles[name]),
                tips=tips,
                narrow=PHONE_COLUMNS,
                on_pick=parts.choose,
                marked=view.filter,
                marks=marks if name == "shown" else (),
            )
        )
    tiles.boards("kernels_mosaics", boards, across=2)
    ends = f"≤ {number(-reach)}", f"≥ {number(reach)}"
    if view.scale == "filter":
        ends = t("kernels.own_low"), t("kernels.own_high")
    html(legend(colours().diverging, *ends, middle="0", title=t("kernels.weight")))


def _columns(count: int) -> int:
    return min(count, 8 if count <= 32 else 16)


def _weights(view: View) -> None:
    """How the weights are spread, as a histogram and in numbers."""
    name, before, after = view.row.name, view.kernel(view.untrained), view.kernel(view.weights)
    glorot = kernels.Glorot.of(before.shape)
    table = texts.table(language())
    words, controls = figures.HistogramWords.of(table), ControlWords.of(table)
    left, right = st.columns([0.52, 0.48], gap="medium")
    with left:
        draw_chart(
            figures.weight_histogram(
                before, after, layer=name, epoch=view.epoch, extent=view.extent,
                limit=glorot.limit, words=words, controls=controls, palette=colours(),
            ),
            height=HISTOGRAM_HEIGHT,
            key="kernels_histogram",
            alt=figures.histogram_alt(before, after, layer=name, epoch=view.epoch, words=words),
        )  # fmt: skip
    with right, st.container(height=HISTOGRAM_HEIGHT, border=False, key="spread"):
        html(parts.spread_table(view, glorot))
        html(fill('<div class="inside">{{ words }}</div>', words=parts.spread_words(view, glorot)))


main()
