"""Which files a project may hold, by name and size, before anything of them is unpacked."""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
from collections.abc import Mapping
from typing import Any

from cnn_core.errors import FileError
from cnn_core.runs import archive

MOST_RUNS = 50
MOST_MEMBERS = 200  # files of one run: 100 epochs and what else there is
MOST_UNPACKED = 500_000_000  # bytes of the whole project
MOST_RATIO = 200  # of unpacked to packed bytes; logs reach 20
SMALL = 100_000  # bytes that may shrink to nothing
RUN = r"(?:[0-9]{8}-[0-9]{6}-[0-9a-f]{6}|fashion|digits)"
FILE = r"(?:config\.json|events\.jsonl|status\.json|best\.keras|examples\.npz|marks\.json)"
NAME = re.compile(rf"({RUN})/({FILE}|snapshots/epoch-[0-9]{{3}}\.npz)")

Members = Mapping[str, Mapping[str, bytes]]
"""Content of each file by run and name."""


def read(content: bytes) -> Members:
    """All files of a project.

    Raises:
        FileError: If it is no project, one of a newer version, too large, or holds anything else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as project:
            return _read(project)
    except FileError:
        raise
    except Exception as error:  # a damaged archive can make zipfile raise anything
        raise FileError("project.damaged_archive") from error


def _read(project: zipfile.ZipFile) -> Members:
    infos = {info.filename: info for info in project.infolist()}
    if archive.MANIFEST not in infos:
        raise FileError("project.not_one")
    for info in project.infolist():
        _check_name(info)
    if len(infos) != len(project.infolist()):
        raise FileError("project.foreign", name=_doubled(project))
    check_sizes(project)
    _check_manifest(project.read(archive.MANIFEST))
    members: dict[str, dict[str, bytes]] = {}
    for name in infos:
        if match := NAME.fullmatch(name):
            members.setdefault(match[1], {})[match[2]] = project.read(name)
    if not members:
        raise FileError("project.empty")
    if len(members) > MOST_RUNS:
        raise FileError("project.many", count=len(members), most=MOST_RUNS)
    return members


def _check_name(info: zipfile.ZipInfo) -> None:
    """Only files that a run has, as files; never a link, a folder or something encrypted."""
    mode = info.external_attr >> 16
    plain = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
    belongs = info.filename == archive.MANIFEST or NAME.fullmatch(info.filename)
    if not (belongs and plain) or info.flag_bits & 0x1:
        raise FileError("project.foreign", name=printable(info.filename))


def _doubled(project: zipfile.ZipFile) -> str:
    names = [info.filename for info in project.infolist()]
    return printable(next(name for name in names if names.count(name) > 1))


def check_sizes(project: zipfile.ZipFile) -> None:
    """Raise `FileError` if the members of the archive unpack to too much, by what the archive says.

    `zipfile` unpacks no more of a member than the archive says.
    """
    infos = project.infolist()
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > MOST_RUNS * MOST_MEMBERS or unpacked > MOST_UNPACKED:
        raise FileError("project.unpacked", most=f"{MOST_UNPACKED // 1_000_000}")
    for info in infos:
        if info.file_size > SMALL and info.file_size > MOST_RATIO * max(1, info.compress_size):
            raise FileError("project.unpacked", most=f"{MOST_UNPACKED // 1_000_000}")


def _check_manifest(content: bytes) -> None:
    tree = tree_of(content, archive.MANIFEST)
    version = tree.get("version")
    if tree.get("format") != archive.FORMAT or not isinstance(version, int):
        raise FileError("project.not_one")
    if version != archive.VERSION:
        raise FileError("project.version", version=version, known=archive.VERSION)


def tree_of(content: bytes, name: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileError: If there is none.
    """
    try:
        tree = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileError("project.damaged", name=name) from error
    if not isinstance(tree, dict):
        raise FileError("project.damaged", name=name)
    return tree


def printable(name: str) -> str:
    """A name from outside, short and on one line."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:60]
