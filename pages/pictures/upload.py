"""The one place where a visitor gives a picture file; says why the browser refuses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS
from pages.session.words import t

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

FOLDER = ASSETS / "uploads"
TYPES = ("jpg", "jpeg", "jfif", "png", "webp")

_mount = st.components.v2.component(
    "convscope_refusals",
    html='<p class="refusal" role="alert" hidden></p>',
    css=(FOLDER / "refusals.css").read_text("utf-8"),
    js=bundle(FOLDER / "refusals.js"),
)


def picture_file(key: str) -> UploadedFile | None:
    """An uploader for one picture; None while there is none."""
    file = st.file_uploader(t("image.file"), type=TYPES, key=key, label_visibility="collapsed")
    most = st.get_option("server.maxUploadSize")
    _mount(
        key=f"{key}_refusals",
        data={
            "uploader": f"st-key-{key}",
            "types": TYPES,
            "type": t("image.refused_type", name="{name}"),
            "size": t("image.refused_size", name="{name}", most=most),
        },
    )
    return file
