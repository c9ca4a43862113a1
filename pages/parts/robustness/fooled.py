"""The gallery "fooled it": a button that offers the image with its changes, and what visitors have added."""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import gallery, runs
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
from pages.network import answers
from pages.network.names import class_names, dataset_classes, name_of
from pages.parts.robustness import bench
from pages.pictures.run_image import Chosen
from pages.session import choices
from pages.session.html import complain, heading, html, waking
from pages.session.visitor import private_word
from pages.session.words import language, say_error, t

MEANT = "robustness_fooled_meant"  # session key: what the visitor says their drawing is
ADDED = "robustness_fooled_added"  # session key: whether to say once that an image was added
REMOVED = (
    "robustness_fooled_removed"  # session key: None, or why an image was not deleted, to say once
)
PAGE = "robustness_fooled_page"  # session key: which images are shown
SIZE = 12  # images at a time
ZOOM = 5  # of the pictures, in screen pixels per pixel


def offer(run: runs.Run, image: Chosen) -> None:
    """The button that adds the image as the sliders were left; a refusal in words.

    An uploaded picture cannot be added: it may show what is not for everybody on the server.
    """
    source = image.query.get("source", "data")
    if not gallery.is_on() or source not in gallery.SOURCES:
        return
    truth = image.truth
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        if source == "draw":
            names = class_names(run)
            truth = choices.optional_selectbox(
                t("robustness.gallery.meant"), range(run.model.classes), key=MEANT, width=220,
                format_func=names.__getitem__, placeholder=t("robustness.gallery.meant_none"),
            )  # fmt: skip
        is_wanted = st.button(
            t("robustness.gallery.add"), icon=":material/add_photo_alternate:",
            key="robustness_fooled_add", help=t("robustness.gallery.add_help"),
        )  # fmt: skip
    if is_wanted and _add(run, image, source, truth):
        st.session_state[ADDED], st.session_state[PAGE] = True, 1
        st.session_state.pop(MEANT, None)  # the next drawing may be another class
        st.rerun()
    if st.session_state.pop(ADDED, False):
        st.success(t("robustness.gallery.added"), icon=":material/check:")


def wall(run: runs.Run) -> None:
    """What visitors have added on the data set of that network, the newest first."""
    if not gallery.is_on():
        return
    heading(t("robustness.gallery.title"))
    st.caption(t("robustness.gallery.intro"))
    _say_removed()
    dataset = run.train.dataset
    try:
        pages = -(-gallery.count(dataset) // SIZE)
        page = min(st.session_state.get(PAGE, 1), max(1, pages))
        entries = gallery.entries(dataset, (page - 1) * SIZE, SIZE)
    except CnnError as error:
        complain(error)
        return
    if not entries:
        st.info(t("robustness.gallery.empty"), icon=":material/photo_library:")
    with st.container(horizontal=True, gap="medium", key="robustness_fooled"):
        for entry in entries:
            _card(entry)
    if pages > 1:
        st.session_state[PAGE] = page
        st.pagination(pages, key=PAGE, max_visible_pages=5)


def _add(run: runs.Run, image: Chosen, source: str, truth: int | None) -> bool:
    """Whether the gallery took the image; else a sentence says why not."""
    place = {name: text for name, text in image.query.items() if name != "source"}
    request = gallery.Offer(
        run.id, run.train.dataset, run.model.input_shape, source, image.pixels, truth,
        {} if source == "draw" else place, bench.strengths(), bench.centre(),
    )  # fmt: skip
    try:
        with waking():
            gallery.submit(request, _owner(), lambda pixels: _predict(run, pixels))
    except CnnError as error:
        st.warning(say_error(error), icon=":material/block:")
        return False
    return True


def _predict(run: runs.Run, pixels: np.ndarray) -> np.ndarray:
    [probabilities] = answers.predict(run, pixels[np.newaxis])
    return probabilities


def _card(entry: gallery.Entry) -> None:
    names = dataset_classes(entry.dataset)
    truth, label = (names[at] if at < len(names) else str(at) for at in (entry.truth, entry.label))
    with st.container(width=150, gap="small"):
        html(_figure(entry, truth, label))
        if gallery.is_own(entry, _owner()):
            st.button(
                t("robustness.gallery.remove"), icon=":material/delete:",
                key=f"robustness_fooled_remove_{entry.number}",
                on_click=_remove, args=(entry.number,), help=_sentence(entry, truth, label),
            )  # fmt: skip


def _figure(entry: gallery.Entry, truth: str, label: str) -> Markup:
    is_drawn = entry.source == "draw"
    share = percent(entry.probability)
    network, link = _network(entry)
    picture = fill(
        '<img alt="{{ alt }}" src="{{ source }}">',
        alt=_sentence(entry, truth, label),
        source=uri(mosaic.image_png(entry.pixels, ZOOM)),
    )
    if link:
        picture = fill(
            '<a href="{{ link }}" title="{{ title }}">{{ picture }}</a>',
            link=link, title=t("robustness.gallery.open"), picture=picture,
        )  # fmt: skip
    return fill(
        '<figure class="fooled">{{ picture }}<figcaption><b>{{ label }}</b>'
        "{% for line in lines %}<span>{{ line }}</span>{% endfor %}</figcaption></figure>",
        picture=picture,
        label=t("robustness.gallery.label", label=label, share=share),
        lines=[
            t(f"robustness.gallery.{'meant_as' if is_drawn else 'really'}", truth=truth),
            _changes(entry),
            network,
        ],
    )


def _sentence(entry: gallery.Entry, truth: str, label: str) -> str:
    """What the image is and what it was misread as."""
    share = percent(entry.probability)
    return t("robustness.gallery.card", truth=truth, label=label, share=share)


def _changes(entry: gallery.Entry) -> str:
    """What was done to the image, in words."""
    changes = ", ".join(
        f"{t(f'robustness.change.{name}')} {t(f'robustness.unit.{name}', value=_signed(value))}"
        for name, value in entry.strengths.items()
    )
    if entry.source != "draw":
        return changes
    if not changes:
        return t("robustness.gallery.drawing")
    return t("robustness.gallery.drawing_changed", changes=changes)


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _network(entry: gallery.Entry) -> tuple[str, str]:
    """What the network is called, and a link to it with the image; empty where that is not possible."""
    try:
        run = runs.open_run(entry.run)
    except CnnError:
        return t("robustness.gallery.gone"), ""
    if entry.source == "draw":
        return name_of(run), ""
    moved = {name: f"{value:g}" for name, value in entry.strengths.items()}
    query = {"run": run.id, **entry.place, **moved, "lang": language()}
    if entry.centre is not None:
        query |= dict(zip(bench.SQUARE, map(str, entry.centre), strict=True))
    return name_of(run), f"robustness?{urlencode(query)}"


def _remove(number: int) -> None:
    try:
        gallery.remove(number, _owner())
        st.session_state[REMOVED] = None
    except CnnError as error:
        st.session_state[REMOVED] = error


def _say_removed() -> None:
    if REMOVED not in st.session_state:
        return
    error = st.session_state.pop(REMOVED)
    if error is None:
        st.success(t("robustness.gallery.removed"), icon=":material/check:")
    else:
        st.warning(say_error(error), icon=":material/block:")


def _owner() -> str:
    """What this browser adds and deletes with; the file has only its hash."""
    return private_word("gallery of fooled networks")
