"""What a wheel needs: the packages of requirements.txt, each in the version of constraints.txt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

NAME = re.compile(r"[\w.-]+")


class PinnedRequirements(MetadataHookInterface):
    """Fills in "dependencies" of pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put them into the project's metadata."""
        metadata["dependencies"] = pinned(Path(self.root))


def pinned(root: Path) -> list[str]:
    """One requirement a line, such as `keras==3.15.1; sys_platform == "linux"`."""
    versions = {
        name.lower(): version
        for name, version in (line.split("==") for line in _lines(root / "constraints.txt"))
    }
    pins = []
    for line in _lines(root / "requirements.txt"):
        requirement, _, marker = line.partition(";")
        name = NAME.match(requirement)[0]
        pins.append(f"{name}=={versions[name.lower()]}" + (f"; {marker.strip()}" if marker else ""))
    return pins


def _lines(file: Path) -> list[str]:
    """Without comments, and without options such as -c."""
    lines = [line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("-")]
