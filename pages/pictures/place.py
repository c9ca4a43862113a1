"""Which image a visitor looks at: one name for it on every page, in links and in captions.

An image of a data set is named by data set, size of the set, part and number. What pages take over from one
another is kept here: the last image of each data set, and which page chose last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from cnn_core import datasets, runs, texts
from cnn_core.analysis.evaluation import PARTS
from pages.session import address
from pages.session.words import label, t

SIZES = ("sample", "full")
PLACES, NEWEST, SEEN = "image_places", "image_newest", "image_seen"  # session keys
UPLOAD = "upload"  # in the place of a data set: a picture of the visitor's own


@dataclass(frozen=True, slots=True)
class Place:
    """The name of an image.

    Attributes:
        data: Key of `datasets.DATASETS`.
        size: Of the data set: "sample" or "full", which number their images differently.
        part: "train", "val" or "test".
        index: Number in that part, from 0.
    """

    data: str
    size: str
    part: str
    index: int

    @property
    def query(self) -> dict[str, str]:
        """As the address says it."""
        return {"part": self.part, "index": str(self.index), "of": self.size}

    def words(self, name: str) -> str:
        """As a caption says it; `name` is that of its class."""
        return self.pattern().replace("{index}", str(self.index)).replace("{name}", name)

    def pattern(self) -> str:
        """The caption of any image of that part, with slots {index} and {name}."""
        key = "image.place_full" if self.size == "full" else "image.place_sample"
        part = t(f"image.{self.part}").lower()
        short = f"dataset.{self.data}.short"
        data = t(short) if texts.has(short) else label("dataset", self.data)
        return t(key, data=data, part=part, index="{index}", name="{name}")


def size_here(run: runs.Run) -> str:
    """Size of the data that images of a run are taken from: a sample stands in for a set that is not here."""
    return run.train.size if datasets.available(run.train.dataset, run.train.size) else "sample"


def with_size(run: runs.Run, size: str) -> runs.Run:
    """The run as if it had learned from the data set in that size: for what is link of single images."""
    return run if run.train.size == size else replace(run, train=replace(run.train, size=size))


def of(data: str) -> Place | None:
    """The image of that data set that was looked at last, on whichever page."""
    place: Place | None = st.session_state.get(PLACES, {}).get(data)
    return place


def keep(place: Place, page: str) -> None:
    """Look at that image from now on; other pages learn of it by `news`."""
    if of(place.data) != place:
        begin(place)
        tell(place.data, page)


def begin(place: Place) -> None:
    """Show that image where the visitor has chosen none."""
    st.session_state[PLACES] = {**st.session_state.get(PLACES, {}), place.data: place}


def tell(data: str, page: str) -> None:
    """Let other pages know that an image of that data set, or `UPLOAD`, was chosen last."""
    count = st.session_state.get(NEWEST, (0, ""))[0] + 1
    st.session_state[NEWEST] = (count, data)
    st.session_state[SEEN] = {**st.session_state.get(SEEN, {}), page: count}


def news(page: str) -> str:
    """The data set, or `UPLOAD`, that another page chose last since this one link before; else empty."""
    count, data = st.session_state.get(NEWEST, (0, ""))
    seen = st.session_state.get(SEEN, {})
    st.session_state[SEEN] = {**seen, page: count}
    return str(data) if seen.get(page, 0) < count else ""


def follow(link: Mapping[str, str], run: runs.Run, page: str) -> Place | None:
    """The image of a run's data that a link names; one sentence if it names none that can be.

    A link from before images were named by the size of their set means the data at hand.
    """
    options = {"part": PARTS, "of": SIZES}
    for name, values in options.items():
        if name in link and link[name] not in values:
            key = "image.bad_part" if name == "part" else "image.bad_size"
            words = t(key, known=", ".join(values))
            st.warning(words, icon=":material/link_off:")
            return None
    index = address.whole(link, "index", 10_000_000)
    if index is None and "part" not in link:
        return None
    size = link.get("of", size_here(run))
    if not datasets.available(run.train.dataset, size):
        st.warning(t("image.set_not_here"), icon=":material/link_off:")
        size = "sample"
    place = Place(run.train.dataset, size, link.get("part", "test"), index or 0)
    keep(place, page)
    return place
