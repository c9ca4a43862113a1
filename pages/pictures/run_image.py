"""The image that a page looks at: from the run's data by class and place, uploaded, or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import drawing, runs
from cnn_core.analysis.evaluation import PARTS, Predictions
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import uri
from cnn_core.images import uploads
from cnn_core.markup import fill
from pages.elements import pad, tiles
from pages.network import answers
from pages.network.answers import PIECE
from pages.network.names import class_names
from pages.pictures.upload import upload
from pages.session import address
from pages.session import choices as _choices
from pages.session.html import complain, html, icon_button, waking
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
PREVIEW = 160  # side of the small pictures of an upload, in pixels


@dataclass(frozen=True, eq=False)
class Chosen:
    """An image as the model takes it.

    Attributes:
        pixels: Of the model's input shape; uint8, or float in [0, 1].
        title: What it is, in words.
        truth: Its class, if that is known.
        query: Where it is, for the address; empty for an image of the visitor's own.
    """

    pixels: np.ndarray
    title: str
    truth: int | None
    query: dict[str, str]


def follow(link: Mapping[str, str]) -> None:
    """Choose the image that a link names; one sentence if it names none that can be."""
    if "part" in link and link["part"] not in PARTS:
        st.warning(t("image.bad_part", known=", ".join(PARTS)), icon=":material/link_off:")
        return
    index = address.whole(link, "index", 10_000_000)
    if index is not None:
        st.session_state["image_index"] = st.session_state["image_asked"] = index
    if "part" in link:
        st.session_state["image_part"] = link["part"]
    if index is not None or "part" in link:
        st.session_state["image_source"] = "data"
        st.session_state["image_class"] = None


def begin_with(index: int) -> None:
    """The image of the data to show if this visitor has not chosen one yet."""
    st.session_state.setdefault("image_index", index)


def is_test_image(index: int | None) -> bool:
    """Whether the test image of that place is chosen, and no class beside it."""
    state = st.session_state
    source = state.get("image_source", "data"), state.get("image_part", "test")
    return source == ("data", "test") and (state.get("image_index"), None) == (
        index,
        state.get("image_class"),
    )


def test_image(run: runs.Run, index: int, pixels: np.ndarray, truth: int) -> Chosen:
    """A test image whose pixels and class are known already."""
    name = class_names(run)[truth]
    title = t("image.from_data", part=t("image.test"), index=index, name=name)
    return Chosen(pixels, title, truth, {"part": "test", "index": str(index)})


def choose(run: runs.Run) -> Chosen | None:
    """Controls for the image, and the image they choose; None, with a sentence, while there is none."""
    source = _choices.segmented_control(
        t("image.source"), SOURCES, key="image_source", default="data",
        format_func=lambda name: f"{ICONS[name]} {t(f'image.{name}')}",
        label_visibility="collapsed", width="stretch",
    )  # fmt: skip
    choices = {"data": _from_data, "upload": _uploaded, "draw": _drawn}
    return choices[source](run)


def finish(dataset: str = "") -> None:
    """Show the pad if the image is drawn. The last call of a page: the pad waits for it between strokes."""
    if st.session_state.get("image_source") == "draw":
        pad.pad(PAD, dataset=dataset)


def _from_data(run: runs.Run) -> Chosen | None:
    names = class_names(run)
    with st.container(horizontal=True, gap="small"):
        part = _choices.selectbox(
            t("image.part"), PARTS, default="test", key="image_part",
            format_func=lambda name: t(f"image.{name}"), width=130,
        )  # fmt: skip
        label = _choices.optional_selectbox(
            t("image.class"), range(len(names)), key="image_class",
            format_func=names.__getitem__, placeholder=t("image.any"),
        )  # fmt: skip
    try:
        return _pick(run, part, label, names)
    except CnnError as error:
        complain(error)
        return None


def _pick(run: runs.Run, part: str, label: int | None, names: list[str]) -> Chosen:
    index = int(st.session_state.get("image_index", 0))
    link = st.session_state.pop("image_asked", None)
    with waking():
        piece = answers.piece(run, part, index // PIECE * PIECE)
    if index >= piece.total:
        if index == link:
            words = t("image.too_far", index=index, total=f"{piece.total:,}")
            st.warning(words, icon=":material/link_off:")
        index, piece = 0, answers.piece(run, part, 0)
    members = piece.first + (
        np.arange(len(piece.labels)) if label is None else np.flatnonzero(piece.labels == label)
    )
    if label is not None and piece.labels[index - piece.first] != label and len(members):
        index = int(members[0])  # another class was chosen: begin with its first image
    page = int(np.searchsorted(members, index)) // THUMBS
    visible = members[page * THUMBS : (page + 1) * THUMBS]
    _thumbs(run, part, piece, visible, index, names)
    _steps(index, members, page, piece)
    st.session_state["image_index"] = index
    truth = int(piece.labels[index - piece.first])
    title = t("image.from_data", part=t(f"image.{part}"), index=index, name=names[truth])
    [pixels] = answers.images(run, part, (index,))
    return Chosen(pixels, title, truth, {"part": part, "index": str(index)})


def _thumbs(
    run: runs.Run, part: str, piece: Predictions, visible: np.ndarray, index: int, names: list[str]
) -> None:
    """A page of small images; a click chooses one."""
    places = visible.tolist()
    height, width, _ = run.model.input_shape
    tiles.tiles(
        tiles.Board(
            name="image_thumbs",
            png=_sheet(answers.images(run, part, places)),
            grid=tiles.Grid(
                len(places), COLUMNS, width * ZOOM, height * ZOOM, GAP * ZOOM, THUMBS // COLUMNS
            ),
            alt=t("image.thumbs"),
            tips=[
                t("image.thumb", index=place, name=names[piece.labels[place - piece.first]])
                for place in places
            ],
            on_pick=lambda tile: _go(places[tile]),
            marked=places.index(index) if index in places else None,
            sharp=False,
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


def _steps(index: int, members: np.ndarray, page: int, piece: Predictions) -> None:
    """A page back, the place as a number, a page on."""
    before = int(members[(page - 1) * THUMBS]) if page else piece.first - 1
    after = (page + 1) * THUMBS
    next_ = int(members[after]) if after < len(members) else piece.first + len(piece.labels)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        icon_button(
            t("image.before"), ":material/chevron_left:", "image_before",
            on_click=_go, args=(before,), disabled=before < 0,
        )  # fmt: skip
        st.session_state["image_number"] = index
        st.number_input(
            t("image.index"), 0, piece.total - 1, index, key="image_number", label_visibility="collapsed",
            on_change=lambda: _go(st.session_state["image_number"], any_class=True),
        )  # fmt: skip
        icon_button(
            t("image.after"), ":material/chevron_right:", "image_after",
            on_click=_go, args=(next_,), disabled=next_ >= piece.total,
        )  # fmt: skip


def _go(index: int, *, any_class: bool = False) -> None:
    st.session_state["image_index"] = index
    if any_class:
        st.session_state["image_class"] = None


def _uploaded(run: runs.Run) -> Chosen | None:
    invite = partial(st.info, t("image.no_file"), icon=":material/upload:")
    file = upload("image_file", uploads.read, invite)
    if file is None:
        return None
    picture, shape = file.picture, run.model.input_shape
    if st.session_state.get("image_inverted", (None,))[0] != file.id:
        st.session_state["image_inverted"] = file.id, uploads.prepare(picture, shape).inverted
    st.session_state["image_invert"] = st.session_state["image_inverted"][1]
    invert = st.toggle(
        t("image.invert"), key="image_invert", help=t("image.invert_help"),
        on_change=_keep_inverted, args=(file.id,),
    )  # fmt: skip
    prepared = uploads.prepare(picture, shape, invert)
    html(_way(picture, prepared))
    notes = [t(f"image.note_{note}") for note in picture.notes]
    if notes:
        st.caption(" ".join(notes))
    return Chosen(prepared.model_input, t("image.own_file"), None, {})


def _keep_inverted(file: str) -> None:
    """Streamlit forgets the switch with its page."""
    st.session_state["image_inverted"] = file, bool(st.session_state["image_invert"])


def _way(picture: uploads.Picture, prepared: uploads.Prepared) -> Markup:
    """How the picture became the input, as four small pictures."""
    height, width, channels = prepared.model_input.shape
    last = "inverted" if prepared.inverted else "input"
    figures = [
        _figure("file", picture.pixels, "×".join(map(str, picture.size))),
        _figure("grey" if channels == 1 else "colour", prepared.grey, "0–255"),
        _figure("square", prepared.square, "×".join(map(str, prepared.crop))),
        _figure(last, prepared.model_input, f"{width}×{height}", "small"),
    ]
    return fill('<div class="input-steps">{{ figures|join }}</div>', figures=figures)


def _figure(name: str, pixels: np.ndarray, size: str, kind: str = "") -> Markup:
    step = max(1, max(pixels.shape[:2]) // PREVIEW)
    return fill(
        '<figure class="{{ kind }}"><span class="frame"><img alt="{{ word }}" src="{{ source }}"></span>'
        "<figcaption>{{ word }}<span>{{ size }}</span></figcaption></figure>",
        kind=kind,
        word=t(f"image.step_{name}"),
        source=uri(mosaic.image_png(np.ascontiguousarray(pixels[::step, ::step]))),
        size=size,
    )


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
    return Chosen(steps.model_input, t("image.own_drawing"), None, {})
