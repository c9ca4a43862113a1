"""What is an image to a computer? Numbers under pixels, channels, shapes, bytes and floats, a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import datasets
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import uri
from cnn_core.images import arrays, photographs
from cnn_core.images.arrays import ArrayFacts
from cnn_core.markup import fill
from pages.elements import pixels as _pixels
from pages.elements.head import head
from pages.network.names import dataset_classes
from pages.pictures import place as places
from pages.pictures.place import Place
from pages.pictures.upload import upload
from pages.session import choices as _choices
from pages.session import course, presenting
from pages.session.address import arrived, followed, say, whole
from pages.session.html import STYLE, heading, html
from pages.session.words import say_error, t

SOURCES = {
    "data": ":material/photo_library:",
    "photo": ":material/photo_camera:",
    "upload": ":material/upload:",
}
DATASETS = ("fashion_mnist", "mnist")  # those whose sample is a file of ours
LINK = ("source", "data", "index", "photo", "row", "column", "cells")
CHANNELS = ("red", "green", "blue", "alpha")
BATCH = 1_000
PAGE = "images"  # its name where pages learn of each other's images
CELLS = 8
PREVIEW = 320  # longer side of the picture of a channel, in pixels


@dataclass(frozen=True, eq=False)
class Shown:
    """The image that the page is about.

    Attributes:
        pixels: uint8 of shape (H, W), (H, W, 3) or (H, W, 4).
        name: Another name stands for another image.
        query: Where it is, for the address; an upload cannot be named there.
    """

    pixels: np.ndarray
    name: str
    query: dict[str, str]


def main() -> None:
    """Which image; its numbers; what they are; what Keras wants; the way of a batch."""
    st.html(STYLE)
    head("images")
    link = arrived("images", LINK)
    _follow(link)
    followed("images", link)
    _story()


def _follow(link: Mapping[str, str]) -> None:
    """Choose what a link names; one sentence if it names what there is not."""
    choices = {"source": tuple(SOURCES), "data": DATASETS, "photo": photographs.PHOTOGRAPHS}
    for name, options in choices.items():
        if link.get(name, options[0]) not in options:
            words = t("images.bad_link", name=name, known=", ".join(options))
            st.warning(words, icon=":material/link_off:")
        elif name in link:
            st.session_state[f"images_{name}"] = link[name]
    if (index := whole(link, "index", 1_000_000)) is not None:
        st.session_state["images_asked"] = index
    place = [whole(link, name, 10_000) for name in ("row", "column", "cells")]
    if link:
        st.session_state["images_place"] = (None, *place)


@st.fragment
def _story() -> None:
    picture = _choose()
    if picture is None:
        say("images", {"source": str(st.session_state["images_source"])})
    else:
        first = _first_place(picture)  # not where it is now: the same data are not sent again
        _pixels.pixels("images_pixels", picture.pixels, picture.name, first)
        place = _pixels.placed("images_pixels", picture.name) or first
        _what_it_is(picture.pixels)
        _channels(picture.pixels)
        _for_keras(picture.pixels)
        numbers = dict(zip(("row", "column", "cells"), map(str, place), strict=True))
        say("images", {**picture.query, **numbers} if picture.query else {"source": "upload"})
    _batch()


def _first_place(picture: Shown) -> _pixels.Place:
    """What the link asked for, as long as its image is shown, or where the darkest meets the brightest."""
    name, row, column, cells = st.session_state.get(
        "images_place", (picture.name, None, None, None)
    )
    if name not in {None, picture.name}:
        row = column = cells = None
    st.session_state["images_place"] = (picture.name, row, column, cells)
    height, width = picture.pixels.shape[:2]
    side = cells if cells in _pixels.SIZES else CELLS
    start = arrays.edge(picture.pixels, side)
    place = [start[0] if row is None else row, start[1] if column is None else column]
    limits = (height - side, width - side)
    top, left = (max(0, min(at, most)) for at, most in zip(place, limits, strict=True))
    return top, left, side


def _choose() -> Shown | None:
    """Controls for the image, and the image; None, with a sentence, while there is none."""
    with st.container(
        horizontal=True, gap="medium", vertical_alignment="center", key="images_which"
    ):
        _learn()
        source = _choices.segmented_control(
            t("image.source"), list(SOURCES), key="images_source", default="data",
            format_func=lambda name: f"{SOURCES[name]} {t(f'images.{name}')}",
            label_visibility="collapsed", on_change=_tell,
        )  # fmt: skip
        choices = {"data": _from_data, "photo": _photograph, "upload": _uploaded}
        try:
            return choices[source]()
        except CnnError as error:
            st.error(say_error(error), icon=":material/broken_image:")
            return None


@st.cache_resource(show_spinner=False)
def _images(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The test images of a bundled sample, uint8 of shape (N, H, W), and their labels."""
    images, labels = datasets.sample_test(name)
    return images[..., 0], labels


@st.cache_resource(show_spinner=False)
def _photo(name: str) -> np.ndarray:
    return photographs.photograph(name)


def _from_data() -> Shown:
    name = _choices.selectbox(
        t("image.data"), DATASETS, key="images_data", label_visibility="collapsed",
        width=310 if presenting.current() else 230,
        on_change=_tell,
        format_func=lambda option: t(f"dataset.{option}.label"),
    )  # fmt: skip
    images, labels = _images(name)
    index = _index(name, len(images))
    st.session_state["images_index"] = index
    st.number_input(
        t("image.index"), 0, len(images) - 1, index, key="images_index",
        width=240 if presenting.current() else 150,  # narrower ones have no buttons
        label_visibility="collapsed",
        on_change=lambda: _keep(name, int(st.session_state["images_index"])),
    )  # fmt: skip
    place = Place(name, "sample", "test", index)
    st.markdown(place.words(dataset_classes(name)[int(labels[index])]), width="content")
    query = {"source": "data", "data": name, "index": str(index)}
    return Shown(images[index], f"{name} {index}", query)


def _keep(name: str, index: int) -> None:
    places.keep(Place(name, "sample", "test", index), PAGE)


def _index(name: str, count: int) -> int:
    """The number that a link names, or of the image that other pages show, too, or the last one here."""
    numbers: dict[str, int] = st.session_state.setdefault("images_numbers", {})
    place = places.of(name)
    if place is not None and (place.size, place.part) == ("sample", "test"):
        numbers[name] = place.index
    index: int | None = st.session_state.pop("images_asked", None)
    if index is None:
        return numbers.get(name, 0)
    if index >= count:
        words = t("image.too_far", index=index, total=f"{count:,}")
        st.warning(words, icon=":material/link_off:")
        index = 0
    _keep(name, index)
    numbers[name] = index
    return index


def _learn() -> None:
    """Show what was chosen last on another page."""
    newest = places.news(PAGE)
    if newest in DATASETS:
        st.session_state["images_source"], st.session_state["images_data"] = "data", newest
    elif newest == places.UPLOAD:
        st.session_state["images_source"] = "upload"


def _tell() -> None:
    """Let other pages show what was chosen here."""
    source = st.session_state["images_source"]
    data = st.session_state.get("images_data") or DATASETS[0]
    places.tell(data if source == "data" else source, PAGE)


def _photograph() -> Shown:
    name = _choices.segmented_control(
        t("images.photo"), photographs.PHOTOGRAPHS, key="images_photo",
        format_func=lambda option: t(f"images.photo_{option}"), label_visibility="collapsed",
    )  # fmt: skip
    return Shown(_photo(name), name, {"source": "photo", "photo": name})


def _uploaded() -> Shown | None:
    invite = partial(st.caption, t("images.no_file"))
    file = upload(PAGE, invite)
    if file is None:
        return None
    original = file.picture
    width, height = original.size
    notes = [t("images.in_file", width=f"{width:,}", height=f"{height:,}")]
    notes += [t(f"images.note_{note}") for note in original.notes]
    st.caption(" ".join(notes))
    return Shown(original.pixels, f"upload {file.id}", {})


def _what_it_is(image: np.ndarray) -> None:
    """The image as bytes and as floats."""
    course.report(PAGE, least=int(image.min()), largest=int(image.max()))
    heading(t("images.numbers"))
    st.markdown(t("images.numbers_text"))
    _table(arrays.as_numbers(image), "numbers")


def _channels(image: np.ndarray) -> None:
    """Each channel as a picture of its own."""
    heading(t("images.channels"))
    if image.ndim == 2:
        st.markdown(t("images.channels_grey"))
        return
    st.markdown(t("images.channels_text"))
    figures = [
        _figure(image[..., at], f"image[..., {at}]", t(f"images.{name}"))
        for at, name in enumerate(CHANNELS[: image.shape[2]])
    ]
    html(fill('<div class="input-steps channels">{{ figures|join }}</div>', figures=figures))
    if image.shape[2] == 4:
        st.markdown(t("images.channels_alpha"))


def _figure(channel: np.ndarray, code: str, word: str) -> Markup:
    step = max(1, max(channel.shape) // PREVIEW)
    small = np.ascontiguousarray(channel[::step, ::step])[..., np.newaxis]  # (H, W) -> (H, W, 1)
    return fill(
        '<figure><span class="frame"><img alt="{{ word }}" src="{{ source }}"></span>'
        "<figcaption>{{ word }}<span><code>{{ code }}</code></span></figcaption></figure>",
        word=word,
        source=uri(mosaic.image_png(small)),
        code=code,
    )


def _for_keras(image: np.ndarray) -> None:
    """From this image to what a network takes."""
    heading(t("images.keras"))
    kinds = {2: "grey", 3: "colour", 4: "transparent"}
    kind = kinds[2 if image.ndim == 2 else image.shape[2]]
    st.markdown(t("images.keras_text"))
    st.markdown(t(f"images.keras_{kind}"))
    _table(arrays.for_keras(image), "keras")


def _batch() -> None:
    """What reshape and a division make of many images."""
    name = st.session_state.get("images_data") or DATASETS[0]
    steps = _batch_steps(name)
    heading(t("images.batch"))
    count = steps[0].shape[0]
    st.markdown(t("images.batch_text", count=f"{count:,}", data=t(f"dataset.{name}.label")))
    _table(steps, "batch")
    values = steps[0].nbytes  # a byte each
    side = "×".join(map(str, steps[1].shape[1:]))
    st.markdown(t("images.batch_why", values=f"{values:,}", side=side, count=f"{count:,}"))


@st.cache_data(show_spinner=False)
def _batch_steps(name: str) -> tuple[ArrayFacts, ...]:
    return arrays.batch_steps(_images(name)[0][:BATCH])


def _table(rows: Sequence[ArrayFacts], name: str) -> None:
    columns: dict[str, list[Any]] = {
        t("images.code"): [f"`{row.code}`" for row in rows],
        t("images.shape"): [str(row.shape) for row in rows],
        t("images.dtype"): [row.dtype for row in rows],
        t("images.low"): [f"{row.low:.3g}" for row in rows],
        t("images.high"): [f"{row.high:.3g}" for row in rows],
        t("images.memory"): [_size(row.nbytes) for row in rows],
    }
    with st.container(key=f"told_{name}"):
        st.table(columns, hide_index=True, border="horizontal", alt=t(f"images.{name}"))


def _size(count: int) -> str:
    return f"{count:,} B" if count < 100_000 else f"{count / 1e6:,.2f} MB"


main()
