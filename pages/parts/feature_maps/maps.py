"""Parts of the page "Feature maps": one map close up, all convolutions and poolings, the dense layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import arithmetic, runs
from cnn_core.arithmetic import LayerRow
from cnn_core.config import ModelConfig
from cnn_core.errors import CnnError
from cnn_core.figures import feature_maps as figures
from cnn_core.figures import kernels, mosaic
from cnn_core.figures.feature_maps import Colours
from cnn_core.figures.legend import framed, number, percent, uri
from cnn_core.markup import fill
from cnn_core.runs import snapshots
from pages.elements import tiles
from pages.network.epochs import kept_epoch
from pages.network.names import class_names
from pages.pictures.run_image import Chosen
from pages.session import choices
from pages.session.doors import colours
from pages.session.html import html
from pages.session.words import t

ZOOM = 8  # of the picture in the close-up, so that its pixels stay squares in any browser
SUM = "/sum"
LAYER, MAP = "feature_maps_layer", "feature_maps_map"  # session keys: what is close up


@dataclass(frozen=True, eq=False)
class View:
    """What the page shows at the moment.

    Attributes:
        run: The run.
        chosen: The image.
        epoch: Of which epoch the weights are.
        kept: Whether they are the kept ones, dense layers included.
        maps: The outputs of the layers for the image, by name.
        reach: What shares a colour scale: "layer", "map" or "network".
    """

    run: runs.Run
    image: Chosen
    epoch: int
    kept: bool
    maps: dict[str, np.ndarray]
    reach: str

    def colours(self, name: str) -> Colours:
        """How a layer's numbers become colours."""
        return figures.colours(self.maps, name, self.reach, colours().diverging)

    def row(self, name: str) -> LayerRow:
        """The layer of that name; "conv1/sum" belongs to conv1."""
        return rows(self.run)[name.partition("/")[0]]

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of what the layer answers."""
        return self.row(name).output_shape


def rows(run: runs.Run) -> Mapping[str, LayerRow]:
    """The layers by name."""
    return _rows(run.model)


@lru_cache(maxsize=32)
def _rows(model: ModelConfig) -> Mapping[str, LayerRow]:
    return {row.name: row for row in arithmetic.layer_table(model)}


def layers(run: runs.Run) -> list[str]:
    """Everything that has maps, in order: "conv1/sum", "conv1", "pool1" and so on."""
    names = []
    for row in rows(run).values():
        if row.kind == "conv":
            names.append(row.name + SUM)
        if row.kind in ("conv", "pool"):
            names.append(row.name)
    return names


def layer(run: runs.Run) -> str:
    """The layer that is close up."""
    name = st.session_state.get(LAYER)
    return name if name in layers(run) else "conv1"


def map_index(run: runs.Run) -> int:
    """The map that is close up; the first one where the layer does not have as many."""
    index = st.session_state.get(MAP, 0)
    count = rows(run)[layer(run).partition("/")[0]].output_shape[2]
    return index if index < count else 0


def show_map(name: str, index: int) -> None:
    """Show that map close up."""
    st.session_state[LAYER] = name
    choose_map(index)


def choose_map(index: int) -> None:
    """Show another map of the layer close up."""
    st.session_state[MAP] = index


def name_of(row: LayerRow, name: str) -> str:
    """ "conv1 before ReLU", "conv1 after ReLU", "pool1 (max 2×2)"."""
    if row.kind == "pool":
        return t(
            "feature_maps.pool", layer=row.name, kind=t(f"choice.pool.{row.pool}"), side=row.kernel
        )
    activation = t(f"choice.activation.{row.activation}")
    return t(
        "feature_maps.before" if name.endswith(SUM) else "feature_maps.after",
        layer=row.name,
        activation=activation,
    )


def close_up(view: View) -> None:
    """One map beside the image and its kernel, the strongest place marked on both."""
    name, index = layer(view.run), map_index(view.run)
    row, values = view.row(name), view.maps[name][..., index]
    with st.container(border=True, key="close_up"):
        _choose_map(view, name, index)
        place = figures.strongest(values)
        at = (*place, place[0] + 1, place[1] + 1)
        box = arithmetic.field_of(row, place, view.run.model.input_shape)
        pixels = _as_bytes(view.image.pixels)
        picture = framed(
            mosaic.image_png(pixels, ZOOM), view.image.title, shape=pixels.shape[:2], box=box
        )
        look = view.colours(name)
        enlarged = framed(
            figures.maps_png(values[..., np.newaxis], look),
            t("feature_maps.map", map=index),
            shape=values.shape,
            box=at,
        )
        words = {"row": place[0], "column": place[1], "value": number(float(values[place]))}
        kernel, kernel_words = _kernel(view, row, index)
        panels = [
            _panel(
                picture,
                t("feature_maps.input"),
                _times(pixels.shape),
                view.image.title,
            ),
            _panel(kernel, kernel_words[0], kernel_words[1]),
            _panel(
                enlarged,
                t("feature_maps.map", map=index),
                t("feature_maps.strongest", shape=_times(values.shape), **words),
            ),
        ]
        html(
            fill(
                '<div class="close-up">{% for panel in panels %}{{ panel }}'
                '{% if not loop.last %}<span class="sign">→</span>{% endif %}{% endfor %}</div>',
                panels=panels,
            )
        )


def _choose_map(view: View, name: str, index: int) -> None:
    """The layer and the map by name, for the keyboard."""
    count = view.shape(name)[2]
    st.session_state.update(feature_maps_layer_choice=name, feature_maps_map_choice=index)
    with st.container(horizontal=True, gap="small"):
        choices.selectbox(
            t("feature_maps.layer"), layers(view.run), key="feature_maps_layer_choice",
            help=t("feature_maps.layer_help"),
            format_func=lambda name: name_of(view.row(name), name),
            on_change=lambda: show_map(st.session_state["feature_maps_layer_choice"], index),
        )  # fmt: skip
        st.number_input(
            t("feature_maps.which"), 0, count - 1, index, key="feature_maps_map_choice", width=140,
            on_change=lambda: show_map(name, st.session_state["feature_maps_map_choice"]),
        )  # fmt: skip


def _kernel(view: View, row: LayerRow, index: int) -> tuple[Markup, tuple[str, str]]:
    """What lies between: the kernel as numbers or as squares, or what a pooling does; and its words."""
    if row.kind == "pool":
        words = t("feature_maps.pooling", side=row.kernel)
        return _framed_words(words), (t(f"choice.pool.{row.pool}"), f"{row.kernel}×{row.kernel}")
    try:
        held = snapshots.read(view.run, view.epoch)
    except CnnError:  # of weights kept in the middle of an epoch there is no snapshot
        return _framed_words(t("feature_maps.no_kernel")), ("", "")
    kernel, bias = held[f"{row.name}/kernel"], float(held[f"{row.name}/bias"][index])
    pictures = np.moveaxis(kernel[..., index], -1, 0)  # (kh, kw, c_in, c_out) -> (c_in, kh, kw)
    title = t("feature_maps.kernel", map=index)
    words = t("feature_maps.kernel_words", shape=_times(kernel.shape[:3]), bias=number(bias))
    if len(pictures) == 1:
        reach = kernels.largest(kernel) or 1.0
        return kernels.kernel_grid(pictures[0], reach, title, colours().diverging), (title, words)
    reach = kernels.largest(pictures) or 1.0
    png = kernels.kernel_mosaic(pictures, reach, scale=colours().diverging)
    picture = fill(
        '<div class="frame"><img alt="{{ alt }}" src="{{ source }}"></div>',
        alt=f"{title}, {_times(kernel.shape[:3])}",
        source=uri(png),
    )
    return picture, (title, words)


def _framed_words(words: str) -> Markup:
    return fill('<div class="frame inside">{{ words }}</div>', words=words)


def _panel(picture: Markup, title: str, *lines: str) -> Markup:
    return fill(
        "<figure>{{ picture }}<figcaption><b>{{ title }}</b><span>{% for line in lines %}{{ line }}"
        "{% if not loop.last %}<br>{% endif %}{% endfor %}</span></figcaption></figure>",
        picture=picture,
        title=title,
        lines=lines,
    )


def all_layers(view: View) -> None:
    """A row for each block: sums, outputs, pooled outputs."""
    boards = [_all_maps(view, name) for name in layers(view.run)]
    tiles.boards("feature_maps_layers", boards, across=3)


def _all_maps(view: View, name: str) -> tiles.Board:
    maps, row, look = view.maps[name], view.row(name), view.colours(name)
    zoom, gap = figures.measures(maps.shape)
    count, columns = maps.shape[2], _columns(maps.shape[2])
    shape = _times(maps.shape)
    return tiles.Board(
        name=name,
        title=name_of(row, name),
        note=shape,
        png=figures.maps_png(maps, look, columns),
        grid=tiles.Grid(count, columns, maps.shape[1] * zoom, maps.shape[0] * zoom, gap),
        alt=t("feature_maps.alt", count=count, layer=name_of(row, name), shape=shape),
        tips=[t("feature_maps.map", map=index) for index in range(count)],
        on_pick=lambda index: show_map(name, index),
        marked=map_index(view.run) if layer(view.run) == name else None,
        sharp=False,
        legend=_legend(look),
        first=name.endswith(SUM),
    )


def _legend(look: Colours) -> tiles.Legend:
    middle = "" if look.scale == "sequential" else "0"
    if look.low is None or look.high is None:
        ends = ("0", t("feature_maps.own_high")) if look.scale == "sequential" else ("−", "+")
        return tiles.Legend(look.scale, *ends, middle=middle)
    return tiles.Legend(look.scale, number(look.low), number(look.high), middle=middle)


def _columns(count: int) -> int:
    """Enough for about as many rows as columns, in a picture that a phone can show."""
    return max(1, min(count, 8 if count > 32 else 6 if count > 16 else 4, 16))


def dense_layers(view: View) -> None:
    """Flatten, the dense layers as bars, and the probabilities."""
    table = rows(view.run)
    flatten = next(row for row in table.values() if row.kind == "flatten")
    with st.container(key="dense_layers"):
        parts = [_head("flatten", t("feature_maps.flatten", formula=flatten.formula))]
        if not view.kept:
            html(parts[0])
            st.info(
                t("feature_maps.dense_kept", epoch=kept_epoch(view.run)),
                icon=":material/info:",
            )
            return
        parts += [_bars(view, row) for row in table.values() if row.kind == "dense"]
        html(fill("{{ parts|join }}", parts=[*parts, _probabilities(view)]))


def _head(name: str, words: str) -> Markup:
    return fill(
        '<div class="inside head"><b>{{ name }}</b> <span class="quiet nums">{{ words }}</span></div>',
        name=name,
        words=words,
    )


def _bars(view: View, row: LayerRow) -> Markup:
    values = view.maps[row.name]
    best = int(values.argmax())
    activation = t(f"choice.activation.{row.activation}")
    words = t(
        "feature_maps.dense",
        units=f"{len(values):,}",
        activation=activation,
        active=f"{int((values > 0).sum()):,}",
        best=best,
        value=number(float(values[best])),
    )
    return fill(
        '{{ head }}<div class="inside-bars"><img alt="{{ words }}" src="{{ source }}"></div>',
        head=_head(row.name, words),
        words=words,
        source=uri(figures.bars_png(values)),
    )


def _probabilities(view: View) -> Markup:
    probabilities = view.maps["output"]
    names = class_names(view.run)
    best = int(probabilities.argmax())
    words = t(
        "feature_maps.output",
        units=len(probabilities),
        name=names[best],
        share=percent(probabilities[best]),
    )
    truth = view.image.truth
    if truth is not None:
        right = truth == best
        words += " " + (
            t("feature_maps.right") if right else t("feature_maps.wrong", name=names[truth])
        )
    bars = figures.probabilities_html(probabilities, names, words)
    return fill("{{ head }}{{ bars }}", head=_head("output", words), bars=bars)


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
