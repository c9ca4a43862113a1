"""The test images that activate a filter most, on the pages "Kernels" and "Explain"."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs
from cnn_core.analysis.kernels import TopImages
from cnn_core.arithmetic import LayerRow, field_of
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import framed, number
from cnn_core.markup import fill
from pages.network import answers
from pages.network.choice import say_missing
from pages.network.epochs import kept_epoch, weights_written
from pages.network.names import class_names
from pages.pictures.place import size_here
from pages.session.html import complain, html
from pages.session.words import language, t

Array = np.ndarray


def survey(run: runs.Run, layer: str) -> TopImages | None:
    """A layer's responses to every test image; None, with a sentence, if the engine cannot be asked."""
    changed = weights_written(run)
    if changed is None:
        say_missing(run, "kernels.filters.no_model")
        return None
    try:
        with st.spinner(t("kernels.filters.asking"), show_time=True):
            survey = answers.survey(run)[layer]
    except CnnError as error:
        complain(error)
        return None
    st.session_state["surveyed"] = (run.id, changed)
    return survey


def kept(run: runs.Run, layer: str) -> TopImages | None:
    """The same if this visitor has asked for it before."""
    key = (run.id, weights_written(run))
    return answers.survey(run)[layer] if st.session_state.get("surveyed") == key else None


def show(run: runs.Run, row: LayerRow, index: int, survey: TopImages | None) -> None:
    """The nine test images that activate a filter most, with the place marked.

    Args:
        run: The run.
        row: The convolution.
        index: The filter.
        found: What `survey` said; None shows the heading alone.
    """
    title = t("kernels.filters.top_images", filter=index)
    html(fill('<div class="inside head"><b>{{ title }}</b></div>', title=title))
    if survey is None:
        return
    if survey.peak[index] <= 0 and row.activation == "relu":
        st.caption(t("kernels.filters.no_top_images"))
        return
    rows = tuple(survey.rows[:, index].tolist())
    try:
        answer = answers.top_images(run, row.name, index, rows)
    except CnnError as error:
        complain(error)
        return
    names = class_names(run)
    link = {"run": run.id, "part": "test", "of": size_here(run), "layer": row.name, "map": index}
    link["lang"] = language()
    cards = [
        _card(image, names[label], value, field_of(row, (y, x), run.model.input_shape), {**link, "index": at})
        for at, image, label, (y, x), value in zip(
            rows, answer["images"], answer["labels"].tolist(), answer["places"].tolist(),
            survey.values[:, index].tolist(), strict=True,
        )
    ]  # fmt: skip
    html(fill('<div class="top-images">{{ cards|join }}</div>', cards=cards))
    side = row.receptive_field
    st.caption(t("kernels.filters.top_images_note", side=side, kept=kept_epoch(run)))


def _card(
    image: Array,
    name: str,
    value: float,
    box: tuple[int, int, int, int],
    link: Mapping[str, object],
) -> Markup:
    """An image with its class and the filter's output, and a way to its feature maps."""
    alt = t("kernels.filters.card_alt", row=link["index"], name=name, value=number(value))
    picture = framed(mosaic.image_png(image), alt, shape=image.shape[:2], box=box)
    return fill(
        '<figure data-row="{{ row }}"><a href="feature_maps?{{ query }}" target="_self"'
        ' title="{{ title }}">{{ picture }}</a>'
        "<figcaption><b>{{ value }}</b><span>{{ name }}</span></figcaption></figure>",
        row=link["index"],
        query=urlencode(link),
        title=t("kernels.filters.open"),
        picture=picture,
        value=number(value),
        name=name,
    )
