"""Parts of the page "Kernels": the numbers of a layer, its conspicuous filters, one filter in detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs
from cnn_core.analysis import kernels
from cnn_core.analysis.kernels import Glorot, Spread, TopImages, Twin
from cnn_core.arithmetic import LayerRow
from cnn_core.course.goals_inside import Response
from cnn_core.figures import kernels as figures
from cnn_core.figures.legend import number
from cnn_core.markup import fill
from cnn_core.runs import snapshots
from pages.elements import tiles
from pages.network import goals
from pages.network.epochs import kept_epoch
from pages.pictures import top_images
from pages.session import choices
from pages.session.doors import colours
from pages.session.html import heading, html
from pages.session.words import t

FLAGS_HEIGHT = 110
REACHES = ("layer", "filter")
SIGNS = {"dead": "∅", "saturated": "‖", "twin": "≈"}

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class View:
    """What the page shows at the moment.

    Attributes:
        run: The run.
        row: The convolution.
        channel: Which input channel of the kernels; None is the mean over all.
        filter: The chosen filter.
        epoch: The epoch of `weights`.
        untrained: Weights of all convolutions before training.
        weights: The same after `epoch`.
        scale: What shares the colours: the kernels of the "layer", or each "filter" alone.
    """

    run: runs.Run
    row: LayerRow
    channel: int | None
    filter: int
    epoch: int
    untrained: snapshots.Weights
    weights: snapshots.Weights
    scale: str = "layer"

    def kernel(self, of: snapshots.Weights) -> Array:
        """Kernels of the layer (kh, kw, c_in, c_out)."""
        return of[f"{self.row.name}/kernel"]

    def bias(self, of: snapshots.Weights) -> Array:
        """Biases of the layer (c_out,)."""
        return of[f"{self.row.name}/bias"]

    def pictures(self, of: snapshots.Weights) -> Array:
        """Kernels as they are shown (c_out, kh, kw); from -1 to 1 if each has a scale of its own."""
        pictures = kernels.channel_view(self.kernel(of), self.channel)
        return figures.each_by_its_own(pictures) if self.scale == "filter" else pictures

    @property
    def picture_reach(self) -> float:
        """The weight of the last colour, the same for all epochs."""
        if self.scale == "filter":
            return 1.0
        return _picture_reach(self.run, self.row.name, self.channel, snapshots.epochs(self.run))

    @property
    def extent(self) -> figures.Extent:
        """The scales of the histogram, the same for all epochs."""
        return _extent(self.run, self.row.name, snapshots.epochs(self.run))


@lru_cache(maxsize=512)
def _picture_reach(
    run: runs.Run, layer: str, channel: int | None, epochs: tuple[int, ...]
) -> float:
    pictures = (
        kernels.channel_view(snapshots.read(run, epoch)[f"{layer}/kernel"], channel)
        for epoch in epochs
    )
    return max(map(figures.typical, pictures)) or 1.0


@lru_cache(maxsize=128)
def _extent(run: runs.Run, layer: str, epochs: tuple[int, ...]) -> figures.Extent:
    return figures.Extent.of(
        lambda: (snapshots.read(run, epoch)[f"{layer}/kernel"] for epoch in epochs)
    )


def spread_table(view: View, glorot: Glorot) -> Markup:
    """Shape, mean and standard deviation of kernels and biases, untrained, expected and trained."""
    dots = {"before": colours().mark, "after": colours().training}
    lines = [
        _line("kernels_before", Spread.of(view.kernel(view.untrained)), dots["before"]),
        _line("kernels_expected", Spread((), 0.0, glorot.std), "", "expected"),
        _line(
            "kernels_after", Spread.of(view.kernel(view.weights)), dots["after"], epoch=view.epoch
        ),
        _line("biases_before", Spread.of(view.bias(view.untrained)), dots["before"]),
        _line("biases_after", Spread.of(view.bias(view.weights)), dots["after"], epoch=view.epoch),
    ]
    return fill(
        '<table class="spread"><thead><tr>'
        '{% for name in heads %}<th scope="col">{{ name }}</th>{% endfor %}'
        "</tr></thead><tbody>{{ lines|join }}</tbody></table>",
        heads=[t(f"spread.{name}") for name in ("what", "shape", "mean", "std")],
        lines=lines,
    )


def _line(key: str, spread: Spread, colour: str, kind: str = "", **slots: object) -> Markup:
    shape = f"({', '.join(map(str, spread.shape))}{',' if len(spread.shape) == 1 else ''})"
    return fill(
        '<tr class="{{ kind }}"><td>'
        '{% if colour %}<i class="dot" style="background:{{ colour }}"></i>{% endif %}{{ name }}</td>'
        "{% for cell in cells %}<td>{{ cell }}</td>{% endfor %}</tr>",
        kind=kind,
        colour=colour,
        name=t(f"spread.{key}", **slots),
        cells=(shape if spread.shape else "", number(spread.mean), number(spread.std)),
    )


def spread_words(view: View, glorot: Glorot) -> str:
    """Why untrained and trained weights differ, with the numbers of this layer."""
    before = Spread.of(view.kernel(view.untrained)).std
    after = Spread.of(view.kernel(view.weights)).std
    start = t(
        "spread.start",
        fan_in=glorot.fan_in,
        fan_out=glorot.fan_out,
        limit=number(glorot.limit),
        expected=number(glorot.std),
        measured=number(before),
    )
    if view.epoch == 0:
        return f"{start} {t('spread.nothing_yet')}"
    ratio = f"{after / before:.2f}" if before else "∞"
    key = "spread.wider" if after > before else "spread.narrower"
    return f"{start} {t(key, epoch=view.epoch, measured=number(after), ratio=ratio)}"


def choose(index: int) -> None:
    """Another filter; for a callback."""
    st.session_state["kernels_filter"] = index


def choose_channel(row: LayerRow, channel: int | None) -> None:
    """Another input channel of that layer, or the mean over them."""
    st.session_state[channel_key(row)] = channel


def filter_index(row: LayerRow) -> int:
    """The chosen filter; the first one where the layer does not have as many."""
    index = st.session_state.get("kernels_filter", 0)
    return index if index < row.output_shape[2] else 0


def marks(view: View) -> list[tuple[int, str]]:
    """Signs for the kernels of the epoch shown; of dead filters once the network was asked."""
    flags = [(index, SIGNS["twin"]) for twin in twins(view) for index in (twin.first, twin.second)]
    survey = top_images.kept(view.run, view.row.name)
    if view.epoch == kept_epoch(view.run) and survey is not None:
        if view.row.activation == "relu":
            flags += [(index, SIGNS["dead"]) for index in kernels.dead(survey)]
        flags += [(index, SIGNS["saturated"]) for index in kernels.saturated(survey)]
    return list(dict(flags).items())


def twins(view: View) -> list[Twin]:
    """Filters of the epoch shown that are nearly the same."""
    return kernels.twins(view.kernel(view.weights))


def filters(view: View, *, active: bool) -> None:
    """Conspicuous filters, then the chosen one with the images that activate it most.

    While the run trains its kept weights change, and all test images are not asked for each time.
    """
    alike = twins(view)
    with st.container(key="kernels_filters"):
        heading(t("kernels.filters.title"))
        with st.container(height=FLAGS_HEIGHT, border=False, key="kernels_flags"):
            flags = st.container()
            survey = None if active else top_images.survey(view.run, view.row.name)
            if active:
                st.info(t("kernels.filters.no_model"), icon=":material/hourglass_top:")
            with flags:
                html(_flag_words(view, survey, alike))
        if survey is not None:
            goals.try_goal("dead", lambda: _response(view, survey))
        left, right = st.columns([0.25, 0.75], gap="medium")
        with left:
            _one_filter(view, survey, alike)
        with right:
            top_images.show(view.run, view.row, view.filter, survey)


def _response(view: View, survey: TopImages) -> Response:
    """What is known of the chosen filter with the weights that were kept."""
    peak = float(survey.peak[view.filter])
    return Response(peak, survey.images, str(view.row.activation))


def _flag_words(view: View, survey: TopImages | None, alike: Sequence[Twin]) -> Markup:
    """A line for each kind of conspicuous filter, with the number that says so."""
    lines = [_twin_line(view, alike)]
    if survey is not None and view.row.activation == "relu":
        lines.append(_dead_line(survey))
    if survey is not None and view.row.activation in ("tanh", "sigmoid"):
        lines.append(_saturated_line(survey))
    return fill(
        '<div class="inside">{% for line in lines %}<p>{{ line }}</p>{% endfor %}</div>',
        lines=lines,
    )


def _twin_line(view: View, alike: Sequence[Twin]) -> str:
    if alike:
        pairs = ", ".join(
            f"{twin.first} {SIGNS['twin']} {twin.second} ({twin.cosine:z.2f})" for twin in alike
        )
        return t("kernels.filters.twins", pairs=pairs, epoch=view.epoch, least=kernels.ALIKE)
    closest = kernels.most_alike(view.kernel(view.weights))
    if closest is None:
        return t("kernels.filters.only_one")
    cosine = f"{closest.cosine:z.2f}".replace("-", "−")
    return t(
        "kernels.filters.no_twins",
        one=closest.first,
        other=closest.second,
        cosine=cosine,
        epoch=view.epoch,
    )


def _dead_line(survey: TopImages) -> str:
    dead = kernels.dead(survey)
    least = dead[0] if dead else int(survey.peak.argmin())
    slots = {"peak": number(float(survey.peak[least])), "images": f"{survey.images:,}"}
    if dead:
        return t("kernels.filters.dead", filters=", ".join(map(str, dead)), **slots)
    return t("kernels.filters.none_dead", least=least, **slots)


def _saturated_line(survey: TopImages) -> str:
    full, images = kernels.saturated(survey), f"{survey.images:,}"
    if full:
        fractions = ", ".join(f"{index} ({survey.saturated[index]:.0%})" for index in full)
        return t("kernels.filters.saturated", filters=fractions, images=images)
    most = int(survey.saturated.argmax())
    share = f"{survey.saturated[most]:.0%}"
    return t("kernels.filters.none_saturated", most=most, share=share, images=images)


def _one_filter(view: View, survey: TopImages | None, alike: Sequence[Twin]) -> None:
    """The kernel in numbers, its bias, and what is conspicuous about it."""
    index, count = view.filter, view.row.output_shape[2]
    st.session_state["kernels_filter_choice"] = index
    choices.selectbox(
        t("kernels.filters.choose"),
        range(count),
        key="kernels_filter_choice",
        format_func=lambda index: t("kernels.filter", filter=index),
        on_change=lambda: choose(st.session_state["kernels_filter_choice"]),
    )
    picture = kernels.channel_view(view.kernel(view.weights), view.channel)[index]
    reach = view.picture_reach if view.scale == "layer" else figures.largest(picture)
    html(
        figures.kernel_grid(
            picture, reach, t("kernels.filters.grid_alt", filter=index), colours().diverging
        )
    )
    lines = [t("kernels.filters.bias", bias=number(float(view.bias(view.weights)[index])))]
    if survey is not None:
        lines.append(t("kernels.filters.peak", peak=number(float(survey.peak[index]))))
    lines += [
        t(
            "kernels.filters.alike",
            other=twin.second if twin.first == index else twin.first,
            cosine=f"{twin.cosine:z.2f}",
        )
        for twin in alike
        if index in (twin.first, twin.second)
    ]
    html(
        fill(
            '<div class="inside nums">'
            "{% for line in lines %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor %}</div>",
            lines=lines,
        )
    )
    if view.row.input_shape[2] > 1:
        _input_channels(view)


def _input_channels(view: View) -> None:
    """The filter's kernel on every input channel; a click shows that channel above."""
    maps = np.moveaxis(view.kernel(view.weights)[..., view.filter], -1, 0)  # (c_in, kh, kw)
    zoom, gap = figures.measures(maps.shape)
    columns = min(len(maps), 8)
    grid = tiles.Grid(len(maps), columns, maps.shape[2] * zoom, maps.shape[1] * zoom, gap)
    tiles.tiles(
        tiles.Board(
            name="kernels_channels",
            note=t("kernels.filters.channels", count=len(maps)),
            png=figures.kernel_mosaic(
                maps, figures.largest(maps) or 1.0, columns, colours().diverging
            ),
            grid=grid,
            alt=t("kernels.filters.channels", count=len(maps)),
            tips=[t("kernels.one", channel=index) for index in range(len(maps))],
            on_pick=lambda index: choose_channel(view.row, index),
            marked=view.channel,
        )
    )


def channel_key(row: LayerRow) -> str:
    """The widget that chooses the input channel of that layer."""
    return f"kernels_channel_{row.name}"
