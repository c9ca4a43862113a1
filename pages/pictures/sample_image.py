"""An image to choose without a worker: of a bundled sample, one bright pixel, a photograph, an upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from PIL import Image

from cnn_core import datasets, runs
from cnn_core.figures import mosaic
from cnn_core.images import photographs, uploads
from pages.elements import tiles
from pages.network.names import class_names, dataset_classes
from pages.pictures import place as places
from pages.pictures.place import UPLOAD, Place
from pages.pictures.upload import upload
from pages.session import address, presenting
from pages.session import choices as _choices
from pages.session.html import icon_button
from pages.session.words import t

SETS = ("fashion_mnist", "mnist")  # scikit-learn's digits would load scikit-learn into the server
PIXEL, PHOTO = "pixel", "photo"
SOURCES = (*SETS, PIXEL, PHOTO)
PAGE = "sample_image"  # its name where pages learn of each other's images
PIXEL_SIDE, PHOTO_SIDE = 9, 64
THUMBS, COLUMNS = 16, 8
SIDE, GAP = 56, 4  # of a small image, and between two, in pixels of the picture


@dataclass(frozen=True, eq=False)
class Sample:
    """A chosen image.

    Attributes:
        pixels: uint8 of shape (H, W, 1).
        title: What it is, in words.
        query: Where it is, for the address.
    """

    pixels: np.ndarray
    title: str
    query: dict[str, str]

    @property
    def values(self) -> np.ndarray:
        """The image as a network takes it: float32 in [0, 1]."""
        return self.pixels.astype(np.float32) / np.float32(255)

    def resized(self, side: int) -> Sample:
        """The same image of that side in pixels: averaged when it shrinks, repeated pixels when it grows.

        A single bright pixel stays one.
        """
        if self.query.get("data") == PIXEL:
            return replace(self, pixels=_bright_pixel(side))
        small = Image.fromarray(self.pixels[..., 0])
        shrinks = side < min(small.size)
        method = Image.Resampling.BOX if shrinks else Image.Resampling.NEAREST
        return replace(self, pixels=np.asarray(small.resize((side, side), method))[..., np.newaxis])


def follow(link: Mapping[str, str]) -> None:
    """Choose the image that a link names; one sentence if there is none."""
    if "data" in link and link["data"] not in SOURCES:
        sources = ", ".join(SOURCES)
        st.warning(t("samples.unknown", known=sources), icon=":material/link_off:")
    elif "data" in link:
        st.session_state["samples_data"] = link["data"]
        places.tell(link["data"], PAGE)
    if link.get("photo") in (*photographs.PHOTOGRAPHS, UPLOAD):
        st.session_state["samples_photo"] = link["photo"]
    if "index" not in link:
        return
    count = len(_test_images(SETS[0])[0])
    if (index := address.whole(link, "index", count)) is not None:
        data = st.session_state.get("samples_data", SETS[0])
        _keep(data if data in SETS else SETS[0], index)


def _keep(data: str, index: int) -> None:
    places.keep(Place(data, "sample", "test", index), PAGE)


def _index(data: str) -> int:
    """The number of the image that other pages show, too, or of the last one of this page."""
    place = places.of(data)
    numbers: dict[str, int] = st.session_state.setdefault("samples_numbers", {})
    if place is not None and (place.size, place.part) == ("sample", "test"):
        numbers[data] = place.index
    return numbers.get(data, 0)


def choose(sets: Sequence[str] = SOURCES) -> Sample:
    """Controls for the image, and the image they choose."""
    _learn(sets)
    data = _choices.keep_valid("samples_data", sets)
    if len(sets) > 1:
        data = _choices.segmented_control(
            t("samples.data"), sets, key="samples_data", width="stretch",
            format_func=lambda name: t(f"samples.{name}"), label_visibility="collapsed",
            on_change=lambda: places.tell(st.session_state["samples_data"], PAGE),
        )  # fmt: skip
    choices = {PIXEL: _pixel, PHOTO: _photo}
    return choices.get(data, _bundled)()


def _learn(sets: Sequence[str]) -> None:
    """Show what was chosen last on another page."""
    newest = places.news(PAGE)
    if newest in sets:
        st.session_state["samples_data"] = newest
    elif newest == UPLOAD and PHOTO in sets:
        st.session_state["samples_data"], st.session_state["samples_photo"] = PHOTO, UPLOAD


def _pixel() -> Sample:
    st.caption(t("samples.pixel_note"))
    return Sample(_bright_pixel(PIXEL_SIDE), t("samples.pixel_title"), {"data": PIXEL})


def _bright_pixel(side: int) -> np.ndarray:
    image = np.zeros((side, side, 1), np.uint8)
    image[side // 2, side // 2] = 255
    return image


def _photo() -> Sample:
    """A photograph that comes with scikit-learn, or one of the visitor's own; small and grey."""
    name = _choices.segmented_control(
        t("samples.photo"), (*photographs.PHOTOGRAPHS, UPLOAD), key="samples_photo",
        format_func=lambda option: t("image.upload" if option == UPLOAD else f"images.photo_{option}"),
        label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    st.caption(t("samples.photo_note", side=PHOTO_SIDE))
    if name != UPLOAD:
        title = t(f"images.photo_{name}")
        return Sample(_photograph(name), title, {"data": PHOTO, "photo": name})
    own = upload(PAGE)
    first = photographs.PHOTOGRAPHS[0]
    pixels = _photograph(first) if own is None else _small(uploads.opaque(own.picture))
    return Sample(pixels, t("image.own_file"), {"data": PHOTO, "photo": UPLOAD})


def _small(picture: uploads.Picture) -> np.ndarray:
    return uploads.prepare(picture, (PHOTO_SIDE, PHOTO_SIDE, 1), invert=False).model_input


@st.cache_data(show_spinner=False)
def _photograph(name: str) -> np.ndarray:
    pixels = photographs.photograph(name)
    return _small(uploads.Picture(pixels, (pixels.shape[1], pixels.shape[0]), ()))


def _bundled() -> Sample:
    name = str(st.session_state["samples_data"])
    (images, labels), names = _test_images(name), dataset_classes(name)
    classes = [names[label] for label in labels]
    index = _index(name) % len(images)
    title = Place(name, "sample", "test", index).words(classes[index])
    return _picked(images, classes, index, title, name)


def of_run(run: runs.Run) -> Sample | None:
    """An image of the data that a run learned from; None, with a sentence, if there is none here."""
    if run.train.dataset in SETS:
        return choose([run.train.dataset])
    kept = runs.examples(run)
    if kept is None:
        st.info(t("samples.none"), icon=":material/hourglass_top:")
        return None
    names = class_names(run)
    classes = [names[label] for label in kept[1]]
    index = _index(run.train.dataset) % len(classes)
    title = Place(run.train.dataset, run.train.size, "test", index).words(classes[index])
    return _picked(kept[0], classes, index, title, run.train.dataset)


def _picked(images: np.ndarray, names: Sequence[str], index: int, title: str, data: str) -> Sample:
    """A page of small images, of which a click chooses one."""
    first = index // THUMBS * THUMBS
    visible = range(first, min(first + THUMBS, len(images)))
    height, width = images.shape[1:3]
    zoom = max(1, SIDE // height)
    gap = GAP // zoom or 1
    tiles.tiles(
        tiles.Board(
            name="samples_thumbs",
            png=mosaic.image_png(_sheet(images[first : first + THUMBS], gap), zoom),
            grid=tiles.Grid(
                len(visible), COLUMNS, width * zoom, height * zoom, gap * zoom, THUMBS // COLUMNS
            ),
            alt=t("image.thumbs"),
            tips=[t("image.thumb", index=place, name=names[place]) for place in visible],
            on_pick=lambda tile: _keep(data, first + tile),
            marked=index - first,
            sharp=False,
        )
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        icon_button(
            t("image.before"), ":material/chevron_left:", "samples_before",
            on_click=_keep, args=(data, first - THUMBS), disabled=first == 0,
        )  # fmt: skip
        icon_button(
            t("image.after"), ":material/chevron_right:", "samples_after",
            on_click=_keep, args=(data, first + THUMBS), disabled=first + THUMBS >= len(images),
        )  # fmt: skip
        if presenting.current():  # its key for the next image presses this
            icon_button(
                t("image.next"), ":material/navigate_next:", "samples_next",
                on_click=_keep, args=(data, (index + 1) % len(images)),
            )  # fmt: skip
        st.caption(title)
    query = {"data": data} if data in SETS else {}
    return Sample(images[index], title, {**query, "index": str(index)})


def _sheet(images: np.ndarray, gap: int) -> np.ndarray:
    """(n, H, W, C) -> one picture of `COLUMNS` columns, black between them and after the last."""
    count, height, width, channels = images.shape
    blank = np.zeros((THUMBS, height + gap, width + gap, channels), np.uint8)
    blank[:count, :height, :width] = images
    grid = blank.reshape(-1, COLUMNS, *blank.shape[1:]).transpose(0, 2, 1, 3, 4)
    whole = grid.reshape(-1, COLUMNS * (width + gap), channels)
    return whole[:-gap, :-gap]


@st.cache_data(show_spinner=False)
def _test_images(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the test part of a bundled sample."""
    return datasets.sample_test(name)
