"""The image that a page looks at: from the run's data by class and place, uploaded, or drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st

from cnn_core import datasets, drawing, runs
from cnn_core.analysis.evaluation import PARTS
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from pages.elements import pad, tiles
from pages.network import run_data
from pages.network.answers import PIECE
from pages.network.names import class_names
from pages.network.run_data import Piece
from pages.pictures import place as places
from pages.pictures import prepared
from pages.pictures.place import Place
from pages.pictures.upload import upload
from pages.session import choices as _choices
from pages.session.html import complain, icon_button, waking
from pages.session.words import t

SOURCES = ("data", "upload", "draw")
ICONS = {
    "data": ":material/photo_library:",
    "upload": ":material/upload:",
    "draw": ":material/draw:",
}
THUMBS, COLUMNS = 24, 8
ZOOM, GAP = 2, 2  # pixels of the sheet a pixel, pixels between two images
PAD = "image_pad"
PACK_PAGES, PACK_BYTES = 10, 800_000  # most that a browser gets at a time to drag through
LINK = ("source", "part", "index", "of")
PAGE = "run_image"  # its name where pages learn of each other's images


@dataclass(frozen=True, eq=False)
class Among:
    """Images of a data set around the chosen one: those that a browser gets to drag through.

    Attributes:
        place: Of the chosen one.
        numbers: Of all of them, in order.
        labels: Their classes.
    """

    place: Place
    numbers: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Chosen:
    """An image as the model takes it.

    Attributes:
        pixels: Of the model's input shape; uint8, or float in [0, 1].
        title: What it is, in words.
        truth: Its class, if that is known.
        query: Where it is, for the address; of an image of the visitor's own only where it comes from.
        among: The images around it, of one from the run's data.
    """

    pixels: np.ndarray
    title: str
    truth: int | None
    query: dict[str, str]
    among: Among | None = None


def follow(link: Mapping[str, str], run: runs.Run) -> None:
    """Choose the image that a link names; one sentence if it names none that can be."""
    if link.get("source") in SOURCES:
        _take_source(link["source"])
    place = places.follow(link, run, PAGE)
    if place is not None:
        st.session_state["image_asked"] = place.index
        st.session_state["image_class"] = None
        if "source" not in link:
            _take_source("data")


def begin_with(run: runs.Run, index: int) -> None:
    """The image of the run's data to show if this visitor has not chosen one yet."""
    if places.of(run.train.dataset) is None:
        places.begin(Place(run.train.dataset, places.size_here(run), "test", index))


def is_test_image(run: runs.Run, index: int | None) -> bool:
    """Whether the test image of that number is chosen, and no class beside it."""
    _learn()
    state = st.session_state
    if (
        index is None
        or state.get("image_source", "data") != "data"
        or state.get("image_class") is not None
    ):
        return False
    return places.of(run.train.dataset) == Place(
        run.train.dataset, places.size_here(run), "test", index
    )


def test_image(run: runs.Run, index: int, pixels: np.ndarray, truth: int) -> Chosen:
    """A test image whose pixels and class are known already."""
    place = Place(run.train.dataset, places.size_here(run), "test", index)
    return Chosen(pixels, place.words(class_names(run)[truth]), truth, place.query)


def _learn() -> None:
    """Show what was chosen last on another page."""
    if newest := places.news(PAGE):
        st.session_state["image_source"] = newest if newest in SOURCES else "data"
        st.session_state["image_class"] = None


def _take_source(source: str) -> None:
    st.session_state["image_source"] = source
    places.tell(source, PAGE)


def choose(run: runs.Run, on_error: Callable[[CnnError], None] = complain) -> Chosen | None:
    """Controls for the image, and the image they choose; None, with a sentence, while there is none.

    Args:
        run: The network that looks at it.
        on_error: Says why the images of the data set cannot be had.
    """
    _learn()
    source = _choices.segmented_control(
        t("image.source"), SOURCES, key="image_source", default="data",
        format_func=lambda name: f"{ICONS[name]} {t(f'image.{name}')}",
        label_visibility="collapsed", width="stretch",
        on_change=lambda: _take_source(st.session_state["image_source"]),
    )  # fmt: skip
    if source == "data":
        return _from_data(run, on_error)
    return _uploaded(run) if source == "upload" else _drawn(run)


def query(image: Chosen | None) -> dict[str, str]:
    """Where the image is, for the address; where there is none at the moment, where it would come from."""
    source = st.session_state.get("image_source", "data")
    if image is not None:
        return image.query
    return {} if source == "data" else {"source": str(source)}


def finish(dataset: str = "") -> None:
    """Show the pad if the image is drawn. The last call of a page: the pad waits for it between strokes."""
    if st.session_state.get("image_source") == "draw":
        pad.pad(PAD, dataset=dataset)


def _from_data(run: runs.Run, on_error: Callable[[CnnError], None]) -> Chosen | None:
    names = class_names(run)
    data, here = run.train.dataset, places.size_here(run)
    place = places.of(data) or Place(data, here, "test", 0)
    if not datasets.available(data, place.size):
        place = replace(place, size=here)
    st.session_state["image_part"], st.session_state["image_size"] = place.part, place.size
    with st.container(horizontal=True, gap="small"):
        part = _choices.selectbox(
            t("image.part"), PARTS, default="test", key="image_part",
            format_func=lambda name: t(f"image.{name}"), width=130,
            on_change=lambda: _go(replace(place, part=st.session_state["image_part"])),
        )  # fmt: skip
        label = _choices.optional_selectbox(
            t("image.class"), range(len(names)), key="image_class",
            format_func=names.__getitem__, placeholder=t("image.any"),
        )  # fmt: skip
    if here == "full":  # then there are two images of each number
        _choices.segmented_control(
            t("image.size"), places.SIZES, key="image_size",
            format_func=lambda name: t(f"image.of_{name}"), label_visibility="collapsed",
            on_change=lambda: _go(replace(place, size=st.session_state["image_size"])),
        )  # fmt: skip
    try:
        return _pick(places.with_size(run, place.size), replace(place, part=part), label, names)
    except CnnError as error:
        on_error(error)
        return None


def _pick(run: runs.Run, place: Place, label: int | None, names: list[str]) -> Chosen:
    """The image at that place, or the first of its class or part; `run` learned from data of its size."""
    part, index = place.part, place.index
    link = st.session_state.pop("image_asked", None)
    with waking():
        piece = run_data.piece(run, part, index // PIECE * PIECE)
    if index >= piece.total:
        if index == link:
            words = t("image.too_far", index=index, total=f"{piece.total:,}")
            st.warning(words, icon=":material/link_off:")
        index, piece = 0, run_data.piece(run, part, 0)
    members = piece.first + (
        np.arange(len(piece.labels)) if label is None else np.flatnonzero(piece.labels == label)
    )
    if label is not None and piece.labels[index - piece.first] != label and len(members):
        index = int(members[0])  # another class was chosen: begin with its first image
    place = replace(place, index=index)
    page = int(np.searchsorted(members, index)) // THUMBS
    visible = members[page * THUMBS : (page + 1) * THUMBS]
    _thumbs(run, place, piece, visible, names)
    _steps(place, members, page, piece)
    if places.of(place.data) is None:
        places.begin(place)
    places.keep(place, PAGE)
    truth = int(piece.labels[index - piece.first])
    [pixels] = run_data.images(run, part, (index,))
    around = _around(members, page, pixels.nbytes)
    labels = piece.labels[np.asarray(around) - piece.first].tolist()
    among = Among(place, tuple(around), tuple(labels))
    return Chosen(pixels, place.words(names[truth]), truth, place.query, among)


def _around(members: np.ndarray, page: int, size: int) -> list[int]:
    """Numbers of the images on the pages around that page, for images of `size` bytes."""
    pages = max(1, min(PACK_PAGES, PACK_BYTES // (size * THUMBS)))
    first = page // pages * pages * THUMBS
    numbers: list[int] = members[first : first + pages * THUMBS].tolist()
    return numbers


def go_to(image: Chosen, number: int) -> bool:
    """Show another of the images around that one; False if it is none of them."""
    among = image.among
    if among is None or number not in among.numbers:
        return False
    _go(replace(among.place, index=number))
    return True


def _thumbs(
    run: runs.Run, place: Place, piece: Piece, visible: np.ndarray, names: list[str]
) -> None:
    """A page of small images; a click chooses one."""
    numbers = visible.tolist()
    height, width, _ = run.model.input_shape
    tiles.tiles(
        tiles.Board(
            name="image_thumbs",
            png=_sheet(run_data.images(run, place.part, numbers)),
            grid=tiles.Grid(
                len(numbers), COLUMNS, width * ZOOM, height * ZOOM, GAP * ZOOM, THUMBS // COLUMNS
            ),
            alt=t("image.thumbs"),
            tips=[
                t("image.thumb", index=number, name=names[piece.labels[number - piece.first]])
                for number in numbers
            ],
            on_pick=lambda tile: _go(replace(place, index=numbers[tile])),
            marked=numbers.index(place.index) if place.index in numbers else None,
            sharp=False,
            values=numbers,
        )
    )


@st.cache_data(show_spinner=False, max_entries=200)
def _sheet(pictures: np.ndarray) -> bytes:
    """Images (n, H, W, C) as one picture of `COLUMNS` columns, black between and where there are fewer."""
    blank = np.zeros((THUMBS - len(pictures), *pictures.shape[1:]), np.uint8)
    return mosaic.image_png(_side_by_side(np.concatenate([pictures, blank]), GAP), ZOOM)


def _side_by_side(pictures: np.ndarray, gap: int) -> np.ndarray:
    """(n, H, W, C) -> one picture of `COLUMNS` columns."""
    padded = np.pad(pictures, ((0, 0), (0, gap), (0, gap), (0, 0)))
    _, height, width, channels = padded.shape
    grid = padded.reshape(-1, COLUMNS, height, width, channels).transpose(0, 2, 1, 3, 4)
    whole = grid.reshape(-1, COLUMNS * width, channels)
    return whole[: len(whole) - gap, : COLUMNS * width - gap]


def _steps(place: Place, members: np.ndarray, page: int, piece: Piece) -> None:
    """A page back, the place as a number, a page on."""
    before = int(members[(page - 1) * THUMBS]) if page else piece.first - 1
    after = (page + 1) * THUMBS
    next_ = int(members[after]) if after < len(members) else piece.first + len(piece.labels)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        icon_button(
            t("image.before"), ":material/chevron_left:", "image_before",
            on_click=_go, args=(replace(place, index=before),), disabled=before < 0,
        )  # fmt: skip
        st.session_state["image_number"] = place.index
        st.number_input(
            t("image.index"), 0, piece.total - 1, place.index, key="image_number",
            label_visibility="collapsed",
            on_change=lambda: _go(
                replace(place, index=int(st.session_state["image_number"])), any_class=True
            ),
        )  # fmt: skip
        icon_button(
            t("image.after"), ":material/chevron_right:", "image_after",
            on_click=_go, args=(replace(place, index=next_),), disabled=next_ >= piece.total,
        )  # fmt: skip


def _go(place: Place, *, any_class: bool = False) -> None:
    places.keep(place, PAGE)
    if any_class:
        st.session_state["image_class"] = None


def _uploaded(run: runs.Run) -> Chosen | None:
    invite = partial(st.info, t("image.no_file"), icon=":material/upload:")
    file = upload(PAGE, invite)
    if file is None:
        return None
    made = prepared.inputs(file, run.model.input_shape, run.train.dataset)
    if not made.pictures:
        return None
    number = 0
    if len(made.pictures) > 1:
        number = _choices.segmented_control(
            t("image.which"), range(len(made.pictures)), key="image_which",
            format_func=lambda at: str(at + 1),
        )  # fmt: skip
    return Chosen(made.pictures[number], t("image.own_file"), None, {"source": "upload"})


def _drawn(run: runs.Run) -> Chosen | None:
    if run.model.input_shape != (drawing.SIDE, drawing.SIDE, 1):
        st.info(t("image.no_drawing", side=drawing.SIDE), icon=":material/draw:")
        return None
    drawn = pad.drawn(PAD)
    steps = drawing.steps(drawn.canvas, "bright") if drawn else None
    # Also when it is drawn: what comes and goes before the pad would cut a stroke short.
    st.caption(t("image.draw_hint"))
    if steps is None:
        return None
    return Chosen(steps.model_input, t("image.own_drawing"), None, {"source": "draw"})
