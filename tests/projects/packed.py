"""A project as bytes: unpacked, changed and packed again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from cnn_core import runs, texts
from cnn_core.errors import CnnError
from cnn_core.projects import open_project
from cnn_core.runs import archive

Files = dict[str, bytes]


RUN = "digits"


@cache
def content() -> bytes:
    """A project of a network that came with ConvScope, made smaller: two epochs are enough."""
    files = unpacked(archive.to_zip([runs.open_run(RUN)], by=""))
    epochs = sorted(name for name in files if "snapshots" in name)
    return packed({name: data for name, data in files.items() if name not in epochs[2:]})


def unpacked(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(files: Files) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in files.items():
            file.writestr(name, part)
    return data.getvalue()


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if ".locks" not in path.parts)


def refused(data: bytes) -> CnnError:
    """The error; one sentence in each language, and nothing is left of the file."""
    runs.home().mkdir(parents=True, exist_ok=True)
    before = everything(runs.home().parent)
    with pytest.raises(CnnError) as caught:
        open_project(data, by="us")
    for language in texts.LANGUAGES:
        assert "\n" not in caught.value.sentence(language)
        assert "{" not in caught.value.sentence(language)
    assert everything(runs.home().parent) == before
    return caught.value


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    files = unpacked(content())
    return packed({**files, name: change(files[name])})
