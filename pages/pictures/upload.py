"""The one place where a visitor gives a picture file: it is read once and stays from page to page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.errors import CnnError
from cnn_core.images import uploads
from cnn_core.images.uploads import Original
from cnn_core.paths import ASSETS
from pages.pictures.place import UPLOAD, tell
from pages.session.html import icon_button
from pages.session.words import plain, say_error, t

FOLDER = ASSETS / "uploads"
KEY, CAMERA, KEPT = "image_file", "image_camera", "image_file_kept"  # session keys
TYPES = ("jpg", "jpeg", "jfif", "png", "webp")

_mount = st.components.v2.component(
    "convscope_uploader",
    html='<p class="refusal" role="alert" hidden></p>',
    css=(FOLDER / "refusals.css").read_text("utf-8"),
    js=bundle(FOLDER / "uploader.js"),
)


@dataclass(frozen=True, eq=False)
class Upload:
    """A picture that this visitor gave; it stays until there is another one or it is removed.

    Attributes:
        id: Another one for each file.
        name: Of the file.
        picture: What was read from it, with the channels of the file.
    """

    id: str
    name: str
    picture: Original


def upload(
    page: str, invite: Callable[[], object] = lambda: None, *, box: bool = True
) -> Upload | None:
    """The uploader for one picture file, which is read once; None, with a sentence, while there is none.

    Its file is the same on every page.

    Args:
        page: Who shows it, for `place.tell`.
        invite: Called while there is no file, to say which are welcome.
        box: Show the box for files; without it only what was given before counts.
    """
    file = None
    if box:
        file = st.file_uploader(
            t("image.file"), type=TYPES, key=KEY, label_visibility="collapsed",
            on_change=_take, args=(page, KEY),
        )  # fmt: skip
        _speak(KEY, TYPES, "image", st.get_option("server.maxUploadSize"))
    kept: Upload | CnnError | None = st.session_state.get(KEPT)
    if kept is None:
        invite()
        return None
    if isinstance(kept, CnnError):
        st.error(say_error(kept), icon=":material/broken_image:")
        return None
    if file is None:  # the uploader is another one on each page, and begins empty
        _say_kept(kept.name)
    return kept


def camera(page: str) -> None:
    """A photograph with the camera of this device, in the place of a file; `upload` then has it."""
    st.camera_input(
        t("image.camera"), key=CAMERA, label_visibility="collapsed",
        on_change=_take, args=(page, CAMERA),
    )  # fmt: skip


def file_box(
    label: str,
    types: Sequence[str],
    words: str,
    most: int,
    *,
    key: str,
    on_change: Callable[[str], None],
    limit: str = "",
) -> None:
    """An uploader for another kind of file, for which `on_change` is called with `key`.

    Args:
        label: For screen readers.
        types: Endings that it takes, without a dot.
        words: Where the texts "refused_type" and "refused_size" are.
        most: Largest file, in MB.
        key: Where the file is in the session.
        on_change: Takes the file over.
        limit: The size that is said, where it is less than a whole MB, such as "64 kB".
    """
    st.file_uploader(
        label, type=list(types), key=key, label_visibility="collapsed", max_upload_size=most,
        on_change=on_change, args=(key,),
    )  # fmt: skip
    _speak(key, types, words, most, limit)


def _speak(key: str, types: Sequence[str], words: str, most: int, limit: str = "") -> None:
    """Let the uploader speak the visitor's language, and say why the browser refused a file."""
    _mount(
        key=f"{key}_refusals",
        data={
            "uploader": f"st-key-{key}",
            "types": types,
            "words": _words(types, words, limit or f"{most} MB"),
        },
    )


def _words(types: Sequence[str], words: str, limit: str) -> dict[str, str]:
    """The uploader's words in the visitor's language; the browser fills in the name of a file."""
    name = "{name}"
    return {
        "choose": t("image.choose"),
        "drop": t("image.drop"),
        "limit": t("image.limit", limit=limit, types=", ".join(types).upper()),
        "remove": t("image.remove", name=name),
        "cancel": t("image.cancel", name=name),
        "type": t(f"{words}.refused_type", name=name),
        "size": t(f"{words}.refused_size", name=name, limit=limit),
        "failed": t("image.refused_failed", name=name),
    }


def _take(page: str, key: str) -> None:
    """Read the file that the uploader or the camera has got, or forget the one that was taken out."""
    file = st.session_state[key]
    if file is None:
        _forget()
        return
    kept: Upload | CnnError
    try:
        kept = Upload(file.file_id, file.name, uploads.read_as_is(file.getvalue()))
    except CnnError as error:
        kept = error.with_traceback(None)
    st.session_state[KEPT] = kept
    tell(UPLOAD, page)


def _forget() -> None:
    st.session_state.pop(KEPT, None)


def _say_kept(name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(t("image.kept", name=plain(name)), width="stretch")
        icon_button(
            t("image.forget"), ":material/close:", "image_file_forget",
            type="tertiary", on_click=_forget,
        )  # fmt: skip
